package volumes

import (
	"math"
	"testing"
	"time"
)

// A refresh begins when the last one is over: after a pause, or, while somebody moves without one, when as much
// was sent as the last one took.
func TestWhenARefreshIsOver(t *testing.T) {
	begin := time.Unix(1000, 0)
	// what happens until a time after the last refresh, and whether another one may begin then
	for _, c := range []struct {
		name            string
		took            int
		every, answered int // ms between two answers, and how many come at the most
		ms              int
		want            bool
	}{
		{"nobody asks", 0, 0, 0, 499, false},
		{"nobody asks, later", 0, 0, 0, 500, true},
		{"a pause", 60, 2, 60, 500, true},
		{"not yet a pause", 60, 9, 60, 600, false},
		{"moving", 60, 10, 1000, 699, false},
		{"moving, later", 60, 10, 1000, 700, true},
		{"moving over a slow line", 60, 50, 1000, 2900, false},
		{"moving over a slow line, later", 60, 50, 1000, 3000, true},
		{"moving over a line that is faster than that", 60, 20, 1000, 1200, true},
		{"moving from the beginning", math.MaxInt, 10, 1000, 2900, false},
		{"moving from the beginning, later", math.MaxInt, 10, 1000, 3000, true},
	} {
		s := &shown{raised: begin, last: begin, took: c.took}
		for at, n := c.every, 0; c.every > 0 && at <= c.ms && n < c.answered; at, n = at+c.every, n+1 {
			s.answered++
			s.last = begin.Add(time.Duration(at) * time.Millisecond)
		}
		now := begin.Add(time.Duration(c.ms) * time.Millisecond)
		if got := s.refreshed(now); got != c.want {
			t.Errorf("%s: %v after %d ms", c.name, got, c.ms)
		}
	}
	s := &shown{raised: begin, last: begin.Add(100 * time.Millisecond), answered: 42, took: math.MaxInt}
	s.rest(begin.Add(110 * time.Millisecond))
	if s.paused {
		t.Error("10 ms are no pause")
	}
	s.rest(begin.Add(200 * time.Millisecond))
	s.answered = 50
	s.rest(begin.Add(400 * time.Millisecond))
	if !s.paused || s.took != 42 {
		t.Errorf("the refresh took %d answers", s.took)
	}
	s = &shown{raised: begin, last: begin.Add(2 * time.Second), answered: 500, took: 40}
	if s.rest(begin.Add(3 * time.Second)); s.took != 51 {
		t.Errorf("after a late pause a refresh takes %d answers", s.took)
	}
	s.last, s.under = begin.Add(400*time.Millisecond), 1
	if s.refreshed(begin.Add(650*time.Millisecond)) || s.quiet(begin.Add(650*time.Millisecond)) {
		t.Error("something is being answered")
	}
}
