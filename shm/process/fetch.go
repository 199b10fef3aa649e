package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"webmon/fault"
	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

const (
	// frameHz is the rate from which on every frame counts as wanted.
	frameHz = 60
	// maxStateHz bounds the rate of topics that webmon does not know. Pages show them as
	// text, and they may have any size.
	maxStateHz = 20
	maxStates  = 256 // topics of napari_data that are followed

	keysEvery  = time.Second     // while somebody looks for new topics
	keysRarely = 5 * time.Second // while nobody does

	// rest is how long a topic is left alone after a fetch, in multiples of the time that
	// the fetch took. So a huge topic cannot keep the manager busy.
	rest = 3
	// tooLarge is how long a topic beyond all limits is left alone.
	tooLarge = 30 * time.Second

	// silence is how long frames have to be missing until topics are fetched by the clock.
	silence = 250 * time.Millisecond

	// settle is how long after somebody began to want a topic it is fetched once more, if
	// the process tells what changes. The topic may have changed before the process knew
	// that somebody wants it.
	settle = time.Second
	// assure is how often a topic is fetched that is not said to change. A process drops
	// what it had to say when nobody takes it.
	assure = 30 * time.Second
)

// wantMessages is the topic that somebody demands who looks at every message.
const wantMessages = "messages"

// state is one key of napari_data.
type state struct {
	name   string
	wanted bool      // somebody has wanted it ever since the last fetch
	last   time.Time // of the last fetch
	free   time.Time // it is not fetched before
	once   bool      // it is new, so it is fetched although nobody wants it
	get    []any     // the arguments that ask for it
	asked  bool      // a reader waits for it, so it is fetched whoever wants it

	// These are for a process with the package alone, which tells what changes.
	declares bool // it is about the process itself, so it is fetched also while nobody wants it
	changed  bool // it has changed since the last fetch
	there    bool // it has ever been there
	settled  bool // it was fetched again after the process knew that somebody wants it

	told *shm.VolumeVersion // of a volume: the version that was handed over last
}

// fetcher fetches the state topics that somebody watches, in step with the frames.
//
// If there is nothing to fetch for a frame, the goroutine that has read the frame passes it
// on. To wake another goroutine sixty times a second would cost more than everything else.
// That is why there is a lock.
type fetcher struct {
	client *manager.Client
	data   *manager.Proxy // napari_data
	sink   shm.Sink
	topics *topics // gets every topic that is followed
	from   fetched

	wake chan struct{} // capacity one: there is a frame to take

	mu    sync.Mutex      // guards the fields up to all, and every field below while busy is false
	stamp float64         // of the latest frame, if frame
	frame bool            // a frame waits
	busy  bool            // a fetch is under way, and owns all below
	news  map[string]bool // the topics that have changed meanwhile
	all   bool            // every topic may have changed meanwhile

	pending []*ask // asks that have come while busy was set, or later; guarded by mu
	asks    []*ask // whose topics are being fetched

	keysAsked state // stands for the names of topics, where an ask waits for them
	poll      state
	others    []*state
	names     map[string]*state
	keysLast  time.Time
	lastFrame atomic.Int64 // ns since the epoch
	reqs      []manager.Request
	batch     []*state // as reqs; nil stands for the keys
}

// fetched is what a fetcher knows of the process, and who takes what it fetches.
type fetched interface {
	saidHello() bool
	reads() bool // the messages come to this webmon, and not to another one
	tells() bool // the messages tell what has changed
	// received takes the value of a topic, or the error that says why there is none.
	received(s *state, v pickle.Value, err error)
	// demandChanged is called when somebody may want other topics than before.
	demandChanged()
	// heardOf is called when there is a new topic.
	heardOf()
}

func (f *fetcher) init() {
	f.wake = make(chan struct{}, 1)
	f.poll = state{name: shm.TopicPoll}
	f.names = map[string]*state{shm.TopicPoll: &f.poll}
	f.news = map[string]bool{}
}

// begin forgets what was under way on the connection before.
func (f *fetcher) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.from.saidHello() {
		for _, name := range declarations {
			f.follow(name)
		}
	}
	f.poll.wanted = false
	for _, s := range f.others {
		s.wanted = false
		s.once = s.once || s.declares
	}
}

// follow makes a key of napari_data a topic. Each topic is fetched once, so that people
// see that it exists.
func (f *fetcher) follow(name string) *state {
	if s := f.names[name]; s != nil {
		return s
	}
	s := &state{name: name, once: true, declares: slices.Contains(declarations, name)}
	f.names[name] = s
	f.others = append(f.others, s)
	if name != topicHello { // the hello is fetched only where it may have changed
		f.topics.add(name, maxStateHz)
	}
	return s
}

// followVolume makes the version of a volume a topic.
func (f *fetcher) followVolume(name string) {
	topic := shm.VolumeTopic(name)
	if f.names[topic] == nil && len(f.others) < maxStates+maxVolumes {
		f.follow(topic)
	}
	f.topics.add(topic, maxStateHz)
}

// run fetches until ctx is done or its connection is lost.
func (f *fetcher) run(ctx context.Context) error {
	conn, err := f.client.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { conn.Close() }()
	f.begin()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.wake:
		case <-f.sink.DemandChanged():
			f.from.demandChanged()
		case <-timer.C:
		}
		stamp, framed := f.take()
		f.due(time.Now(), framed)
		for len(f.batch) > 0 {
			done, err := f.fetchBatch(ctx, conn)
			if err == nil {
				break
			}
			if !errors.Is(err, pickle.ErrLimit) || f.batch[done] == nil {
				return err
			}
			// The rest of the reply would follow, so the connection is of no use.
			again, err := f.client.Open(ctx)
			if err != nil {
				return err
			}
			conn.Close()
			conn = again
			s := f.batch[done]
			s.free = time.Now().Add(tooLarge)
			f.served(s)
			f.sink.Notice("large."+s.name, fmt.Sprintf("%q is larger than webmon takes (%s); it is asked for again every %.0f s",
				s.name, mebibytes(f.client.MaxReply()), tooLarge.Seconds()))
			f.batch = f.batch[done+1:]
		}
		if framed {
			f.sink.Frame(stamp)
		}
		next := f.nextDue(time.Now())
		if f.release() {
			next = 0
		}
		timer.Reset(next)
	}
}

// take takes the frame that waits, if one does, and makes the caller the owner of f.
func (f *fetcher) take() (stamp float64, framed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy = true
	stamp, framed, f.frame = f.stamp, f.frame, false
	f.beginAsks(time.Now())
	return stamp, framed
}

// release gives f up. It reports whether something has come meanwhile.
func (f *fetcher) release() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy = false
	news := f.frame || f.all || len(f.news) > 0 || len(f.pending) > 0
	for name := range f.news {
		f.mark(name)
	}
	clear(f.news)
	if f.all {
		f.markAll()
	}
	return news
}

// mark notes that a key has changed. The caller owns f.
func (f *fetcher) mark(name string) {
	if s := f.names[name]; s != nil {
		s.changed = true
		return
	}
	if time.Since(f.keysLast) > silence { // otherwise the keys would be asked for again and again
		f.keysLast = time.Time{} // the key is new
	}
}

func (f *fetcher) markAll() {
	f.all = false
	f.poll.changed = true
	for _, s := range f.others {
		s.changed = true
	}
}

// changed notes the topics that the process says have changed.
func (f *fetcher) changed(names []string) {
	if f.marked(names) {
		shm.Signal(f.wake)
	}
}

// marked notes that keys have changed. It reports whether somebody wants one of them:
// otherwise there is no hurry, and no reason to wake.
func (f *fetcher) marked(names []string) (wanted bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range names {
		if f.busy {
			if len(f.news) < 2*maxStates {
				f.news[name] = true
			}
		} else {
			f.mark(name)
		}
		wanted = wanted || f.sink.Demand(name) > 0
	}
	return wanted
}

// missed has everything fetched again that somebody wants. The process may have dropped what
// it had to say.
func (f *fetcher) missed() {
	f.mu.Lock()
	if f.all = true; !f.busy {
		f.markAll()
	}
	f.mu.Unlock()
	shm.Signal(f.wake)
}

// pass passes a frame on, at once if there is nothing to fetch for it. Frames keep their
// order: no frame overtakes one that waits, but a later one may replace it. Unstamped frames
// have no order. They are all forwarded, so that the frame rate stays right.
func (f *fetcher) pass(stamp float64) {
	f.mu.Lock()
	now := time.Now()
	f.lastFrame.Store(now.UnixNano())
	direct := !f.busy && !f.frame && !f.anyDue(now) || f.frame && stamp == 0
	if !direct {
		f.stamp, f.frame = stamp, true
	}
	f.mu.Unlock()
	if direct {
		f.sink.Frame(stamp)
	} else {
		shm.Signal(f.wake)
	}
}

// anyDue reports whether there is something to fetch for a frame that comes now.
func (f *fetcher) anyDue(now time.Time) bool {
	if f.stateDue(&f.poll, now, true) {
		return true
	}
	for _, s := range f.others {
		if f.stateDue(s, now, true) {
			return true
		}
	}
	return false
}

// due collects in batch what is to be fetched now.
func (f *fetcher) due(now time.Time, framed bool) {
	f.batch = f.batch[:0]
	if f.stateDue(&f.poll, now, framed) {
		f.batch = append(f.batch, &f.poll)
	}
	for _, s := range f.others {
		if f.stateDue(s, now, framed) {
			f.batch = append(f.batch, s)
		}
	}
	if now.Sub(f.keysLast) >= f.keysPeriod() {
		f.keysLast = now
		f.batch = append(f.batch, nil)
	}
}

func (f *fetcher) keysPeriod() time.Duration {
	if f.sink.Demand(wantMessages) > 0 {
		return keysEvery
	}
	return keysRarely
}

// period returns the time between two fetches of a topic, 0 for every frame, and whether
// somebody wants the topic at all.
func (f *fetcher) period(s *state) (time.Duration, bool) {
	hz := f.sink.Demand(s.name)
	switch {
	case !(hz > 0):
		return 0, false
	case s != &f.poll:
		hz = min(hz, maxStateHz)
	case hz >= frameHz:
		return 0, true
	}
	return time.Duration(float64(time.Second) / max(hz, 0.01)), true
}

func (f *fetcher) stateDue(s *state, now time.Time, framed bool) bool {
	period, wanted := f.period(s)
	if !wanted {
		s.wanted, s.settled = false, s.declares
	}
	first := wanted && !s.wanted // nobody wanted it at the last fetch
	switch {
	case now.Before(s.free):
		return false
	case s.once || s.asked || first:
		return true
	case f.from.tells():
		wait, due := s.tellsDue(period, wanted)
		return due && now.Sub(s.last) >= wait
	case !wanted:
		return false
	}
	since := now.Sub(s.last)
	early := earlier(period)
	if framed {
		return since >= period-early
	}
	return !f.framesFlow(now) && since >= f.clockPeriod(s, period)
}

// earlier is how early a topic may be fetched. So a rate close to that of the frames keeps
// step with them.
func earlier(period time.Duration) time.Duration { return min(period/4, 8*time.Millisecond) }

// tellsDue returns how long after its last fetch a topic is to be fetched again, if at all.
// The process tells what changes.
func (s *state) tellsDue(period time.Duration, wanted bool) (time.Duration, bool) {
	switch {
	case !wanted:
		return keysRarely, s.declares && s.changed
	case s.changed:
		return period - earlier(period), true
	case !s.settled:
		return settle, true
	}
	return assure, true
}

// clockPeriod is the period while no frames set the pace.
func (f *fetcher) clockPeriod(s *state, period time.Duration) time.Duration {
	if s == &f.poll && f.from.reads() {
		// The poll changes with a frame only. This rate is for a napari that ticks, but
		// whose frames are lost on the way.
		return max(period, time.Second)
	}
	return max(period, time.Second/maxStateHz)
}

func (f *fetcher) framesFlow(now time.Time) bool {
	return now.UnixNano()-f.lastFrame.Load() < int64(silence)
}

// nextDue returns how long it takes until something is due by the clock.
func (f *fetcher) nextDue(now time.Time) time.Duration {
	next := f.keysPeriod() - now.Sub(f.keysLast)
	look := func(s *state) {
		if s.once || s.asked {
			next = min(next, s.free.Sub(now))
			return
		}
		period, wanted := f.period(s)
		if f.from.tells() {
			if wait, due := s.tellsDue(period, wanted); due {
				next = min(next, max(wait-now.Sub(s.last), s.free.Sub(now)))
			}
			return
		}
		if !wanted {
			return
		}
		wait := f.clockPeriod(s, period) - now.Sub(s.last)
		if f.framesFlow(now) {
			wait = max(wait, silence)
		}
		next = min(next, max(wait, s.free.Sub(now)))
	}
	look(&f.poll)
	for _, s := range f.others {
		look(s)
	}
	return max(next, time.Millisecond)
}

// fetchBatch asks for everything in batch at once. If a reply breaks the connection, it says
// which.
func (f *fetcher) fetchBatch(ctx context.Context, conn *manager.Conn) (done int, err error) {
	f.reqs = f.reqs[:0]
	for _, s := range f.batch {
		req := manager.Request{Proxy: f.data, Method: "keys"}
		if s != nil {
			req.Method, req.Args = "get", s.args()
		}
		f.reqs = append(f.reqs, req)
	}
	began := time.Now()
	err = conn.Pipeline(ctx, f.reqs, func(i int, v pickle.Value, err error) error {
		now := time.Now()
		took := now.Sub(began)
		began = now
		done = i + 1
		s := f.batch[i]
		if s == nil {
			f.keys(v, err)
			f.served(&f.keysAsked)
			return nil
		}
		// The first fetch after somebody began to want it is not enough.
		s.settled, s.changed = s.wanted || s.declares, false
		_, s.wanted = f.period(s) // the topic may be one that nobody wants
		s.once, s.last, s.free = false, now, now.Add(rest*took)
		if broken := fault.Do(func() { f.from.received(s, v, err) }); broken != nil {
			f.sink.Fault(fmt.Sprintf("Reading the value %q", s.name), broken)
		}
		f.served(s)
		return nil
	})
	return done, err
}

// args returns the arguments of napari_data.get, which are made once.
func (s *state) args() []any {
	if s.get == nil {
		s.get = []any{s.name}
	}
	return s.get
}

// lookForKeys has the names of topics asked for soon. The receiver of what was fetched calls it.
func (f *fetcher) lookForKeys() { f.keysLast = time.Time{} }

// keys looks for new topics of napari_data. Each of them is fetched once, so that people see
// that it exists.
func (f *fetcher) keys(v pickle.Value, err error) {
	list, ok := sequence(v)
	if err != nil || !ok {
		f.sink.Notice("keys", "The names of what the process shares could not be read")
		return
	}
	// Of millions of names only those that are followed are remembered.
	names := make(map[string]bool, len(f.others))
	for _, k := range list {
		if name, ok := k.(string); ok && f.names[name] != nil {
			names[name] = true
		}
	}
	f.others = slices.DeleteFunc(f.others, func(s *state) bool {
		if names[s.name] || s.declares || s.once {
			return false
		}
		delete(f.names, s.name)
		f.sink.State(s.name, nil)
		return true
	})
	for _, k := range list {
		name, ok := k.(string)
		if !ok || f.names[name] != nil || name == "" || len(name) > maxTopicName {
			continue
		}
		if isArray(name) {
			continue // the value of such a topic is a frame, which comes through shared memory
		}
		if len(f.others) >= maxStates {
			f.sink.Notice("states", fmt.Sprintf("The process shares more than %d values; the rest is left out", maxStates))
			return
		}
		s := f.follow(name)
		for _, a := range f.asks {
			if a.topics == nil {
				f.want(a, s, time.Now())
			}
		}
		f.from.heardOf()
	}
}
