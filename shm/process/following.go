package process

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
	"webmon/shm/pickle"
	"webmon/shm/segment"
)

// statsEvery is how often what is known of the arrays is told while somebody looks.
const statsEvery = time.Second

// arrays is what a process with the package shares: what the process declares about its
// arrays, and their frames while somebody wants them.
type arrays struct {
	sink     shm.Sink
	announce func(topic string) // tells the process whether somebody wants the topic

	wake chan struct{}      // capacity one: list or demand has changed, or a follower has ended
	asks chan chan struct{} // each is closed once everything known was handed over

	mu   sync.Mutex // guards all below
	list shm.Arrays // as the process declares them; nil: the process has declared none
	news bool       // run has not taken the list yet
	// followers are those that hand frames over now, by the names of the arrays.
	followers map[string]*segment.Follower
}

func (a *arrays) init(sink shm.Sink, announce func(topic string)) {
	a.sink, a.announce = sink, announce
	a.wake = make(chan struct{}, 1)
	a.asks = make(chan chan struct{})
	a.followers = map[string]*segment.Follower{}
}

// declared takes the value of napari_data["arrays"], nil if there is none.
func (a *arrays) declared(v pickle.Value) {
	list, notes := decodeArrays(v)
	for _, n := range notes {
		a.sink.Notice(n.key, n.text)
	}
	for i := range list {
		a.announce(shm.ArrayTopic(list[i].Name))
	}
	a.mu.Lock()
	if a.list != nil || len(list) > 0 {
		a.list, a.news = list, true
	}
	a.mu.Unlock()
	shm.Signal(a.wake)
}

// demandChanged is called whenever somebody may want other topics than before.
func (a *arrays) demandChanged() { shm.Signal(a.wake) }

// has reports whether the process declares an array of the name.
func (a *arrays) has(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.list.Get(name) != nil
}

// expect says that a frame of an array may come at any moment.
func (a *arrays) expect(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.followers[name]; f != nil {
		f.Expect()
	}
}

// follows notes what hands over the frames of an array now; nil: nothing does.
func (a *arrays) follows(name string, f *segment.Follower) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f != nil {
		a.followers[name] = f
	} else {
		delete(a.followers, name)
	}
}

// sync returns once the last list that the process declared was handed over, with what is
// known about the arrays now.
func (a *arrays) sync(ctx context.Context) {
	done := make(chan struct{})
	select {
	case a.asks <- done:
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// taken returns the list. ok says whether the process has declared one since the last call.
func (a *arrays) taken() (list shm.Arrays, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ok, a.news = a.news, false
	return a.list, ok
}

// run follows the arrays until ctx is done. It does not depend on connections, because the
// frames do not come over them.
func (a *arrays) run(ctx context.Context) {
	for times := 1; ; times++ {
		err := fault.Do(func() { a.follow(ctx) })
		if err == nil {
			return
		}
		a.sink.Fault("What follows the arrays", err)
		a.again()
		if !sleep(ctx, fault.Pause(times)) {
			return
		}
	}
}

// again makes the list one that has not been taken yet.
func (a *arrays) again() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.news = a.list != nil
	shm.Signal(a.wake)
}

// follow is run until something panics.
func (a *arrays) follow(ctx context.Context) {
	all := followed{a: a, ctx: ctx}
	defer all.end()
	timer := time.NewTimer(statsEvery)
	defer timer.Stop()
	for {
		var asked chan struct{}
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case asked = <-a.asks:
		case <-timer.C:
		}
		list, changed := a.taken()
		if changed {
			all.replace(list)
		}
		watched := all.look(time.Now()) && len(all.arrays) > 0
		now := time.Now()
		if changed || list != nil && asked != nil || watched && (all.news || now.Sub(all.told) >= statsEvery-statsEvery/16) {
			all.told, all.news = now, false
			a.sink.State(shm.TopicArrays, all.stats(now))
		}
		if asked != nil {
			close(asked)
		}
		if watched || changed {
			timer.Reset(statsEvery)
		} else {
			timer.Stop() // nobody watches, or there are no arrays; a change of either wakes run
		}
	}
}

// followed is all arrays. The goroutine of run owns it.
type followed struct {
	a      *arrays
	ctx    context.Context
	arrays []*following // in the order of their names
	told   time.Time    // when their state was handed over last
	news   bool         // something has changed that should not wait for that
}

// following is one array.
type following struct {
	info    shm.ArrayInfo
	reader  *segment.Reader // nil: not open
	problem string          // why it is not open
	retry   time.Time       // it is not opened before

	// These are set while somebody wants the frames.
	follower *segment.Follower
	stop     func()     // ends the goroutine that takes the frames, and waits for its end
	failed   chan error // capacity one: why that goroutine has ended by itself

	past  shm.ArrayStats // counts of earlier readers and followers
	rates []published    // readings of the last seconds
}

// published is a reading of how many frames there had been.
type published struct {
	at time.Time
	n  uint64
}

// ratesOver is how many readings, a second apart, the rate is taken over.
const ratesOver = 4

// noMemory is the problem of an array without a segment.
const noMemory = "The process could not get any shared memory for it"

// faultEvery is how long an array is left alone after webmon has panicked over it.
const faultEvery = 10 * time.Second

// toldEvery is how old the count of frames may be while a process publishes.
const toldEvery = 2500 * time.Millisecond

// replace takes what the process declares now.
func (all *followed) replace(list shm.Arrays) {
	old := map[string]*following{}
	for _, f := range all.arrays {
		old[f.info.Name] = f
	}
	all.arrays = all.arrays[:0:0]
	for _, info := range list {
		f := old[info.Name]
		delete(old, info.Name)
		if f == nil {
			f = &following{}
		}
		if f.reader != nil && !f.reader.SetInfo(info) {
			f.close()
		}
		f.info = info
		f.problem, f.retry = "", time.Time{}
		switch {
		case info.Shm == "" && info.Stats.Problem != "":
			f.problem = noMemory + ": " + info.Stats.Problem
		case info.Withheld():
			f.problem = info.Note
		case info.Shm == "":
			f.problem = noMemory
		}
		all.arrays = append(all.arrays, f)
	}
	for name, f := range old {
		f.close()
		all.a.sink.State(shm.ArrayTopic(name), nil) // its last frame would keep the memory mapped
	}
}

// look opens, follows and leaves arrays as people want them. It reports whether people want
// any array at all.
func (all *followed) look(now time.Time) bool {
	sink := all.a.sink
	wants := make([]bool, len(all.arrays))
	watched := sink.Demand(shm.TopicArrays) > 0
	for i, f := range all.arrays {
		wants[i] = sink.Demand(shm.ArrayTopic(f.info.Name)) > 0
		watched = watched || wants[i]
	}
	for i, f := range all.arrays {
		if !watched {
			f.close()
			continue
		}
		before := f.problem
		if err := fault.Do(func() { f.open(now) }); err != nil {
			sink.Fault(fmt.Sprintf("Reading the array %q", f.info.Name), err)
			f.problem, f.retry = natural.Sentence(err.Error()), now.Add(faultEvery)
			f.close()
		}
		if wants[i] {
			f.follow(all.ctx, all.a)
		} else {
			f.leave()
		}
		all.news = all.news || f.problem != before
	}
	return watched
}

func (all *followed) end() {
	for _, f := range all.arrays {
		f.close()
	}
}

func (all *followed) stats(now time.Time) shm.Arrays {
	list := make(shm.Arrays, len(all.arrays))
	for i, f := range all.arrays {
		list[i] = f.info
		list[i].Stats = f.stats(now)
	}
	return list
}

// open opens the array unless it is open. It closes an array of which no more frames can come.
func (f *following) open(now time.Time) {
	var err error
	if f.reader != nil {
		select {
		case err = <-f.failed:
		default:
			err = f.reader.Ended()
		}
		if err == nil {
			return
		}
		f.close()
	} else {
		if f.info.Shm == "" || now.Before(f.retry) {
			return
		}
		if f.reader, err = segment.Open(f.info, segment.Options{}); err == nil {
			f.problem, f.rates = "", nil
			return
		}
	}
	f.problem, f.retry = natural.Sentence(err.Error()), now.Add(statsEvery)
}

// follow begins to hand the frames over, unless it has begun before.
func (f *following) follow(ctx context.Context, a *arrays) {
	if f.reader == nil || f.stop != nil {
		return
	}
	follower := segment.NewFollower(f.reader)
	failed := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	topic := shm.ArrayTopic(f.info.Name)
	ended := func(err error) {
		if ctx.Err() == nil {
			failed <- err
			shm.Signal(a.wake)
		}
	}
	name := f.info.Name
	fault.Go(nil, func() {
		defer close(done)
		for {
			frame, err := follower.Next(ctx)
			if err != nil {
				ended(err)
				return
			}
			a.sink.State(topic, frame)
		}
	}, func(err error) {
		a.sink.Fault(fmt.Sprintf("Reading the array %q", name), err)
		ended(err)
	})
	f.follower, f.failed = follower, failed
	a.follows(name, follower)
	f.stop = func() { a.follows(name, nil); cancel(); <-done }
}

// leave ends handing the frames over.
func (f *following) leave() {
	if f.stop == nil {
		return
	}
	f.stop()
	f.follower.Count(&f.past)
	f.follower, f.stop, f.failed = nil, nil, nil
}

func (f *following) close() {
	f.leave()
	if f.reader == nil {
		return
	}
	f.past.Published = f.reader.Published()
	f.past.Torn += f.reader.Torn()
	f.reader.Close() // an error says nothing: the file was only read
	f.reader, f.rates = nil, nil
}

func (f *following) stats(now time.Time) shm.ArrayStats {
	s := f.past
	s.Problem = f.problem
	if f.follower != nil {
		f.follower.Count(&s)
	}
	if f.reader == nil {
		return s
	}
	s.Published = f.reader.Published()
	s.Torn += f.reader.Torn()
	if n := len(f.rates); n > 0 && s.Published < f.rates[n-1].n {
		f.rates = nil
	}
	// While nobody wants the frames the process tells the count once a second, so it may be that old.
	if told := f.reader.Told(); now.Sub(told) < toldEvery && told.Before(now) {
		now = told
	}
	f.rates = append(f.rates, published{now, s.Published})
	if extra := len(f.rates) - 1 - ratesOver; extra > 0 {
		f.rates = slices.Delete(f.rates, 0, extra)
	}
	if d := now.Sub(f.rates[0].at).Seconds(); d > 0 {
		s.Rate = float64(s.Published-f.rates[0].n) / d
	}
	return s
}
