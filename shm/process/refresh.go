package process

import (
	"context"
	"slices"
	"sync"
	"time"

	"webmon/shm"
	"webmon/shm/pickle"
)

const (
	// answerWait is how long a process may take to bring what it shares up to date,
	// before what it has is taken as it is: one that is busy does not hold people up.
	answerWait = 700 * time.Millisecond
	maxAsks    = 64 // readers that wait for a fetch
)

var _ shm.Refresher = (*Source)(nil)

// Refresh implements [shm.Refresher].
func (s *Source) Refresh(ctx context.Context, topics []string) {
	r := s.run.Load()
	if r == nil {
		return
	}
	// It works out some states only while somebody wants them.
	r.asked.wait(ctx, r)
	if topics != nil && len(topics) == 0 {
		return
	}
	if a := r.fetcher.ask(ctx, topics); a != nil {
		signal(r.fetcher.wake)
		select {
		case <-a.done:
		case <-ctx.Done():
			return
		}
	}
	if topics == nil || slices.Contains(topics, shm.TopicArrays) {
		r.arrays.sync(ctx)
	}
}

// asked is how often the process was asked to bring what is wanted up to date, and
// how often it has said that it has. Its word comes with the messages, so that all
// that it sent before has come as well.
type asked struct {
	mu     sync.Mutex // guards all below
	able   bool       // the process answers
	last   int64      // number of the last ask, from 1
	told   int64      // the last that was answered
	asking int        // so many wait
	news   chan struct{}
}

func (a *asked) init() { a.news = make(chan struct{}) }

// number is that of the last ask, 0 for none.
func (a *asked) number() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last
}

// waits reports whether somebody waits for an answer.
func (a *asked) waits() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asking > 0
}

// wait asks the process, and waits until it has answered or is too slow.
func (a *asked) wait(ctx context.Context, r *run) {
	if !r.tells() {
		return // it does not know the question, or answers somebody else
	}
	a.mu.Lock()
	if !a.able {
		a.mu.Unlock()
		return
	}
	a.last++
	a.asking++
	number := a.last
	a.mu.Unlock()
	signal(r.demand)
	signal(r.pace.hurry)
	late := time.NewTimer(answerWait)
	defer late.Stop()
	for waits := true; waits; {
		a.mu.Lock()
		news := a.news
		waits = a.told < number
		a.mu.Unlock()
		if waits {
			select {
			case <-news:
			case <-late.C:
				waits = false
			case <-ctx.Done():
				waits = false
			}
		}
	}
	a.mu.Lock()
	a.asking--
	a.mu.Unlock()
}

// answered takes the process's word that what was wanted with an ask is up to date.
func (a *asked) answered(number int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if number > a.told && number <= a.last {
		a.told = number
		close(a.news)
		a.news = make(chan struct{})
	}
}

// ableTo takes what the process says in its hello.
func (a *asked) ableTo(hello pickle.Value) {
	d, _ := hello.(*pickle.Dict)
	able, _ := scalar(entry(d, "asks")).(bool)
	a.mu.Lock()
	a.able = able
	a.mu.Unlock()
}

// ask is a reader that waits until everything it asks for was fetched, later than it
// has asked.
type ask struct {
	ctx    context.Context
	topics []string        // nil: all, those that nobody has heard of included
	left   map[*state]bool // not there yet
	done   chan struct{}
}

// ask has topics fetched; nil: nobody more can wait.
func (f *fetcher) ask(ctx context.Context, topics []string) *ask {
	a := &ask{ctx: ctx, topics: topics, left: map[*state]bool{}, done: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.pending) >= maxAsks {
		return nil
	}
	f.pending = append(f.pending, a)
	return a
}

// beginAsks lets the asks that have come meanwhile have their turn: nothing is under way.
// f is the caller's, and mu is held.
func (f *fetcher) beginAsks(now time.Time) {
	f.asks = slices.DeleteFunc(f.asks, func(a *ask) bool { return a.ctx.Err() != nil })
	pending := f.pending
	f.pending = nil
	for _, a := range pending {
		if a.topics == nil {
			f.keysLast = time.Time{}
			a.left[&f.keysAsked] = true
			f.want(a, &f.poll, now)
		}
		for _, s := range f.others {
			if a.topics == nil && s.name != topicHello || slices.Contains(a.topics, s.name) {
				f.want(a, s, now)
			}
		}
		f.asks = append(f.asks, a)
	}
	f.endAsks()
}

// want has a topic fetched for an ask, unless it is left alone for long.
func (f *fetcher) want(a *ask, s *state, now time.Time) {
	if s.free.Sub(now) < tooLarge/2 {
		s.asked, a.left[s] = true, true
	}
}

// served notes that a topic was fetched, or cannot be.
func (f *fetcher) served(s *state) {
	s.asked = false
	for _, a := range f.asks {
		delete(a.left, s)
	}
	f.endAsks()
}

// endAsks ends those that have everything.
func (f *fetcher) endAsks() {
	f.asks = slices.DeleteFunc(f.asks, func(a *ask) bool {
		if len(a.left) == 0 {
			close(a.done)
		}
		return len(a.left) == 0
	})
}

// sync returns once the last list that the process declared has been handed over,
// with what is known of its arrays now.
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
