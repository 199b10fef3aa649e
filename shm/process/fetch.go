package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

const (
	// frameHz is from where on every frame counts as wanted.
	frameHz = 60
	// maxStateHz bounds topics that webmon does not know: they are text, and
	// may be of any size.
	maxStateHz = 20
	maxStates  = 256 // topics of napari_data that are followed

	keysEvery  = time.Second     // while somebody looks for new topics
	keysRarely = 5 * time.Second // while nobody does

	// rest is how many times longer than it took a topic is left alone after it
	// was fetched, so that a huge one cannot keep the manager busy.
	rest = 3
	// tooLarge is how long a topic is left alone that is beyond all limits.
	tooLarge = 30 * time.Second

	// silence is how long without frames until topics are fetched by the clock.
	silence = 250 * time.Millisecond

	// settle is how long after somebody began to want a topic it is fetched once
	// more, of a process that tells what changes: it may have changed before the
	// process knew that somebody wants to know.
	settle = time.Second
	// assure is how often a topic is fetched of whose changes nothing is heard:
	// a process drops what it had to say when nobody takes it.
	assure = 30 * time.Second
)

// wantMessages is what is demanded where somebody looks for whatever comes.
const wantMessages = "messages"

// state is one key of napari_data.
type state struct {
	name   string
	wanted bool      // somebody has wanted it ever since it was fetched last
	last   time.Time // of the last fetch
	free   time.Time // not before
	once   bool      // fetch it although nobody wants it: it is new
	get    []any     // the arguments that ask for it
	asked  bool      // fetch it, whoever wants it: a reader waits for it

	// Of a process of ours, which tells what changes.
	declares bool // it is about the process itself: fetched also while nobody wants it
	changed  bool // since it was fetched last
	there    bool // it has ever been there
	settled  bool // fetched again since the process knows that somebody wants it
}

// fetcher fetches state topics: those that somebody watches, with the frames.
//
// A frame for which there is nothing to fetch is passed on by who has read it,
// because waking another goroutine sixty times a second costs more than all the
// rest. Hence the lock.
type fetcher struct {
	wake chan struct{} // capacity one: there is a frame to take

	mu    sync.Mutex      // guards those up to news, and all below while not busy
	stamp float64         // of the latest frame, if frame
	frame bool            // a frame waits
	busy  bool            // fetch is at work, and owns all below
	news  map[string]bool // what has changed meanwhile
	all   bool            // everything may have

	pending []*ask // that have come while busy, or since; guarded by mu
	asks    []*ask // whose topics are being fetched

	keysAsked state // stands for the names of topics in what an ask waits for
	poll      state
	others    []*state
	names     map[string]*state
	keysLast  time.Time
	lastFrame atomic.Int64 // ns since the epoch
	reqs      []manager.Request
	batch     []*state // as reqs; nil stands for the keys
}

func (f *fetcher) init() {
	f.wake = make(chan struct{}, 1)
	f.poll = state{name: shm.TopicPoll}
	f.names = map[string]*state{shm.TopicPoll: &f.poll}
	f.news = map[string]bool{}
}

// begin makes a new connection one that knows nothing of what came before it.
func (r *run) begin() {
	f := &r.fetcher
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.saidHello() {
		for _, name := range declarations {
			r.follow(name)
		}
	}
	f.poll.wanted = false
	for _, s := range f.others {
		s.wanted = false
		s.once = s.once || s.declares
	}
}

// follow makes a key of napari_data a topic. Each is fetched once, so that
// people see that it exists.
func (r *run) follow(name string) *state {
	f := &r.fetcher
	if s := f.names[name]; s != nil {
		return s
	}
	s := &state{name: name, once: true, declares: slices.Contains(declarations, name)}
	f.names[name] = s
	f.others = append(f.others, s)
	if name != topicHello { // it is said once
		r.pace.topics.add(name, maxStateHz)
	}
	return s
}

// fetch runs until ctx is done or its connection is lost.
func (r *run) fetch(ctx context.Context) error {
	f := &r.fetcher
	conn, err := r.client.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { conn.Close() }()
	r.begin()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.wake:
		case <-r.sink.DemandChanged():
			signal(r.demand)
			signal(r.pace.hurry)
			r.arrays.demandChanged()
		case <-timer.C:
		}
		stamp, framed := f.take()
		r.due(time.Now(), framed)
		for len(f.batch) > 0 {
			done, err := r.fetchBatch(ctx, conn)
			if err == nil {
				break
			}
			if !errors.Is(err, pickle.ErrLimit) || f.batch[done] == nil {
				return err
			}
			// The rest of the reply would follow: the connection is of no use.
			again, err := r.client.Open(ctx)
			if err != nil {
				return err
			}
			conn.Close()
			conn = again
			s := f.batch[done]
			s.free = time.Now().Add(tooLarge)
			f.served(s)
			r.sink.Notice("large."+s.name, fmt.Sprintf("%q is larger than webmon takes (64 MiB); it is asked for again every %.0f s", s.name, tooLarge.Seconds()))
			f.batch = f.batch[done+1:]
		}
		if framed {
			r.sink.Frame(stamp)
		}
		next := r.nextDue(time.Now())
		if f.release() {
			next = 0
		}
		timer.Reset(next)
	}
}

// take takes the frame that waits, if one does, and all of f.
func (f *fetcher) take() (stamp float64, framed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy = true
	stamp, framed, f.frame = f.stamp, f.frame, false
	f.beginAsks(time.Now())
	return stamp, framed
}

// release gives f free and reports whether something has come meanwhile.
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

// mark notes that a key has changed; f is the caller's.
func (f *fetcher) mark(name string) {
	if s := f.names[name]; s != nil {
		s.changed = true
		return
	}
	if time.Since(f.keysLast) > silence { // or it would be asked for again and again
		f.keysLast = time.Time{} // one that was not there before
	}
}

func (f *fetcher) markAll() {
	f.all = false
	f.poll.changed = true
	for _, s := range f.others {
		s.changed = true
	}
}

// changed takes the process's word for what has changed.
func (r *run) changed(names []string) {
	f := &r.fetcher
	wake := false
	f.mu.Lock()
	for _, name := range names {
		if f.busy {
			if len(f.news) < 2*maxStates {
				f.news[name] = true
			}
		} else {
			f.mark(name)
		}
		// While nobody wants it there is no hurry, and nothing to wake for.
		wake = wake || r.sink.Demand(name) > 0
	}
	f.mu.Unlock()
	if wake {
		signal(f.wake)
	}
}

// missed fetches again what somebody wants, after a while in which the process
// may have dropped what it had to say.
func (r *run) missed() {
	f := &r.fetcher
	f.mu.Lock()
	if f.all = true; !f.busy {
		f.markAll()
	}
	f.mu.Unlock()
	signal(f.wake)
}

// tells reports whether the process tells us what changes.
func (r *run) tells() bool { return r.saidHello() && r.reading.Load() }

// frame passes a frame on, at once if there is nothing to fetch for it. Frames
// keep their order: one that waits is overtaken by none, only replaced. Unstamped
// frames have no order: they are all forwarded, so that the frame rate stays right.
func (r *run) frame(stamp float64) {
	f := &r.fetcher
	f.mu.Lock()
	now := time.Now()
	f.lastFrame.Store(now.UnixNano())
	direct := !f.busy && !f.frame && !r.anyDue(now) || f.frame && stamp == 0
	if !direct {
		f.stamp, f.frame = stamp, true
	}
	f.mu.Unlock()
	if direct {
		r.sink.Frame(stamp)
	} else {
		signal(f.wake)
	}
	r.out.tick()
}

// anyDue reports whether a frame now has something to fetch.
func (r *run) anyDue(now time.Time) bool {
	f := &r.fetcher
	if r.stateDue(&f.poll, now, true) {
		return true
	}
	for _, s := range f.others {
		if r.stateDue(s, now, true) {
			return true
		}
	}
	return false
}

// due collects in batch what is to be fetched now.
func (r *run) due(now time.Time, framed bool) {
	f := &r.fetcher
	f.batch = f.batch[:0]
	if r.stateDue(&f.poll, now, framed) {
		f.batch = append(f.batch, &f.poll)
	}
	for _, s := range f.others {
		if r.stateDue(s, now, framed) {
			f.batch = append(f.batch, s)
		}
	}
	if now.Sub(f.keysLast) >= r.keysPeriod() {
		f.keysLast = now
		f.batch = append(f.batch, nil)
	}
}

func (r *run) keysPeriod() time.Duration {
	if r.sink.Demand(wantMessages) > 0 {
		return keysEvery
	}
	return keysRarely
}

// period is the time between two fetches of a topic, 0 for every frame, and
// whether somebody wants it at all.
func (r *run) period(s *state) (time.Duration, bool) {
	hz := r.sink.Demand(s.name)
	switch {
	case !(hz > 0):
		return 0, false
	case s != &r.fetcher.poll:
		hz = min(hz, maxStateHz)
	case hz >= frameHz:
		return 0, true
	}
	return time.Duration(float64(time.Second) / max(hz, 0.01)), true
}

func (r *run) stateDue(s *state, now time.Time, framed bool) bool {
	period, wanted := r.period(s)
	if !wanted {
		s.wanted, s.settled = false, s.declares
	}
	first := wanted && !s.wanted // since it was fetched last
	switch {
	case now.Before(s.free):
		return false
	case s.once || s.asked || first:
		return true
	case r.tells():
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
	return !r.framesFlow(now) && since >= r.clockPeriod(s, period)
}

// earlier is by how much a topic may be early, so that a rate close to the
// frames' keeps step with them.
func earlier(period time.Duration) time.Duration { return min(period/4, 8*time.Millisecond) }

// tellsDue is how long after the last fetch of it a topic of a process that
// tells what changes is to be fetched again, if at all.
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

// clockPeriod is the period where no frames set the pace.
func (r *run) clockPeriod(s *state, period time.Duration) time.Duration {
	if s == &r.fetcher.poll && r.reading.Load() {
		// It changes with a frame only. This is for a napari that ticks and
		// whose frames are lost on the way.
		return max(period, time.Second)
	}
	return max(period, time.Second/maxStateHz)
}

func (r *run) framesFlow(now time.Time) bool {
	return now.UnixNano()-r.fetcher.lastFrame.Load() < int64(silence)
}

// nextDue is how long from now the clock has something to do.
func (r *run) nextDue(now time.Time) time.Duration {
	f := &r.fetcher
	next := r.keysPeriod() - now.Sub(f.keysLast)
	look := func(s *state) {
		if s.once || s.asked {
			next = min(next, s.free.Sub(now))
			return
		}
		period, wanted := r.period(s)
		if r.tells() {
			if wait, due := s.tellsDue(period, wanted); due {
				next = min(next, max(wait-now.Sub(s.last), s.free.Sub(now)))
			}
			return
		}
		if !wanted {
			return
		}
		wait := r.clockPeriod(s, period) - now.Sub(s.last)
		if r.framesFlow(now) {
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

// fetchBatch asks for everything in batch at once. Where a reply breaks the
// connection it says which.
func (r *run) fetchBatch(ctx context.Context, conn *manager.Conn) (done int, err error) {
	f := &r.fetcher
	f.reqs = f.reqs[:0]
	for _, s := range f.batch {
		req := manager.Request{Proxy: r.res.data, Method: "keys"}
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
			r.keys(v, err)
			f.served(&f.keysAsked)
			return nil
		}
		// The first fetch since somebody wants it is not enough.
		s.settled, s.changed = s.wanted || s.declares, false
		_, s.wanted = r.period(s) // it may be one that nobody wants
		s.once, s.last, s.free = false, now, now.Add(rest*took)
		r.received(s, v, err)
		f.served(s)
		return nil
	})
	return done, err
}

// args are those of napari_data.get, made once.
func (s *state) args() []any {
	if s.get == nil {
		s.get = []any{s.name}
	}
	return s.get
}

// received hands over the value of a state topic.
func (r *run) received(s *state, v pickle.Value, err error) {
	if err != nil {
		r.sink.Notice("state."+s.name, fmt.Sprintf("%q could not be read; the last value is kept: %v", s.name, err))
		return
	}
	switch {
	case s == &r.fetcher.poll:
		poll, notes, err := decodePoll(v)
		for _, n := range notes {
			r.sink.Notice(n.key, n.text)
		}
		switch {
		case err == nil:
			s.there = true
			r.sink.State(shm.TopicPoll, poll)
		case errors.Is(err, errNoPoll):
			r.gone(s)
		default:
			r.sink.Notice("poll", "The poll cannot be understood, the last good one is kept: "+err.Error())
		}
	case s.name == topicHello:
		if !r.setHello(v) {
			return // somebody else's key
		}
		r.asked.ableTo(v)
		for _, name := range declarations {
			r.follow(name)
		}
		signal(r.demand)
	case s.declares && r.saidHello():
		r.declared(s, v)
	case v == nil:
		if s.there {
			// Taken back, or None, of which the keys tell.
			r.fetcher.keysLast, s.there = time.Time{}, false
		}
	default:
		s.there = true
		value, err := plain(v)
		if err != nil {
			n := tooMuch("state", s.name, err)
			r.sink.Notice(n.key, n.text)
			return
		}
		switch s.name {
		case shm.TopicLayers:
			value = shm.LayersOf(value)
		case shm.TopicHistograms:
			value = shm.HistogramsOf(value)
		}
		r.sink.State(s.name, value)
	}
}

// declared hands over what a process of ours says of itself.
func (r *run) declared(s *state, v pickle.Value) {
	if v == nil && !s.there {
		return // it has none, and never had
	}
	s.there = true
	notice := func(notes []note) {
		for _, n := range notes {
			r.sink.Notice(n.key, n.text)
		}
	}
	switch s.name {
	case shm.TopicControls:
		list, notes := r.setControls(v)
		notice(notes)
		r.sink.State(s.name, list)
	case shm.TopicActions:
		list, notes := r.setActions(v)
		notice(notes)
		r.sink.State(s.name, list)
	case shm.TopicArrays:
		r.pace.topics.renew(func() { r.arrays.declared(v) })
		signal(r.demand) // they are told by name
	case shm.TopicLost:
		if lost, ok := decodeLost(v); ok {
			r.sink.State(s.name, lost)
		}
	case topicTopics:
		value, list, notes := decodeTopics(v)
		notice(notes)
		for _, t := range list {
			if t.state {
				r.pace.topics.add(t.name, maxStateHz)
			} else {
				r.announce(t.name)
			}
		}
		r.sink.State(s.name, value)
		signal(r.demand)
	}
}

// keys looks for topics of napari_data that were not there before. Each is
// fetched once, so that people see that it exists.
func (r *run) keys(v pickle.Value, err error) {
	f := &r.fetcher
	list, ok := sequence(v)
	if err != nil || !ok {
		r.sink.Notice("keys", "The names of what the process shares could not be read")
		return
	}
	names := make(map[string]bool, len(list))
	for _, k := range list {
		if name, ok := k.(string); ok {
			names[name] = true
		}
	}
	f.others = slices.DeleteFunc(f.others, func(s *state) bool {
		if names[s.name] || s.declares || s.once {
			return false
		}
		delete(f.names, s.name)
		r.sink.State(s.name, nil)
		return true
	})
	for _, k := range list {
		name, ok := k.(string)
		if !ok || f.names[name] != nil || name == "" || len(name) > maxTopicName {
			continue
		}
		if _, isArray := shm.ArrayOfTopic(name); isArray {
			continue // the value of such a topic is a frame, and comes another way
		}
		if len(f.others) >= maxStates {
			r.sink.Notice("states", fmt.Sprintf("The process shares more than %d values; the rest is left out", maxStates))
			return
		}
		s := r.follow(name)
		for _, a := range f.asks {
			if a.topics == nil {
				f.want(a, s, time.Now())
			}
		}
		signal(r.demand)
	}
}

// Keys of napari_data by which a process of ours says what it is.
const (
	topicHello  = "hello"
	topicTopics = "topics"
)

// declarations are the keys by which it says what it has. They are fetched also
// while nobody watches, if rarely: commands are checked against them.
var declarations = []string{topicHello, topicTopics, shm.TopicControls, shm.TopicActions, shm.TopicArrays, shm.TopicLost}

// gone says that the process has no such state any more.
func (r *run) gone(s *state) {
	if s.there {
		s.there = false
		r.sink.State(s.name, nil)
	}
}

// announce adds a topic to those whose demand the process is told.
func (r *run) announce(name string) { r.pace.topics.add(name, 0) }
