package process

import (
	"context"
	"slices"
	"time"
)

// maxAsks is how many readers may wait for a fetch.
const maxAsks = 64

// ask is a reader that waits until everything it asks for was fetched. Only a fetch that
// begins after the question counts.
type ask struct {
	ctx    context.Context
	topics []string        // nil: all, also those that webmon has not heard of yet
	left   map[*state]bool // states that are not fetched yet
	done   chan struct{}
}

// ask has topics fetched. It returns nil if too many readers wait already.
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

// beginAsks begins with the asks that have come meanwhile. No fetch is under way. The caller
// owns f, and mu is held.
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

// want has a topic fetched for an ask, unless the topic must be left alone for long.
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

// endAsks ends the asks that have everything.
func (f *fetcher) endAsks() {
	f.asks = slices.DeleteFunc(f.asks, func(a *ask) bool {
		if len(a.left) == 0 {
			close(a.done)
		}
		return len(a.left) == 0
	})
}
