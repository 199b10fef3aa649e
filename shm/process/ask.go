package process

import (
	"context"
	"slices"
	"time"
)

// maxAsks is how many readers may wait for a fetch.
const maxAsks = 64

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
