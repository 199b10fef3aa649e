package process

import (
	"context"
	"slices"
	"sync"
	"time"

	"webmon/shm"
	"webmon/shm/pickle"
)

// answerWait is how long a process may take to bring what it shares up to date. After that
// webmon takes what there is, so that a busy process does not hold people up.
const answerWait = 700 * time.Millisecond

var _ shm.Refresher = (*Source)(nil)

// Refresh implements [shm.Refresher].
func (s *Source) Refresh(ctx context.Context, topics []string) {
	r := s.run.Load()
	if r == nil {
		return
	}
	// The process works out some states only while somebody wants them.
	if r.tells() { // otherwise the process does not know the question, or answers another webmon
		r.asked.wait(ctx)
	}
	if topics != nil && len(topics) == 0 {
		return
	}
	if a := r.fetcher.ask(ctx, topics); a != nil {
		shm.Signal(r.fetcher.wake)
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

// asked counts how often the process was asked to bring what is wanted up to date, and how
// often it has answered. An answer comes with the messages, so everything that the process
// sent before is here too.
type asked struct {
	urge func() // has the question sent at once, and the answer taken at once

	mu     sync.Mutex // guards all below
	able   bool       // the process answers
	last   int64      // number of the last ask, from 1
	told   int64      // number of the last ask that was answered
	asking int        // how many wait
	news   chan struct{}
}

func (a *asked) init(urge func()) { a.urge, a.news = urge, make(chan struct{}) }

// number returns the number of the last ask, 0 for none.
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

// wait asks the process, and waits until the process has answered or is too slow.
func (a *asked) wait(ctx context.Context) {
	a.mu.Lock()
	if !a.able {
		a.mu.Unlock()
		return
	}
	a.last++
	a.asking++
	number := a.last
	a.mu.Unlock()
	a.urge()
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

// answered notes that the process has brought up to date what was wanted with an ask.
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
