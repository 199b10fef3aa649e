package hub

import (
	"slices"
	"sync"
	"time"
)

// latencies are the last samples of the time from a frame's stamp to its paint.
type latencies struct {
	mu      sync.Mutex // guards all below
	samples [512]time.Duration
	n       int // samples ever taken
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	l.samples[l.n%len(l.samples)] = d
	l.n++
	l.mu.Unlock()
}

// quantiles returns the median and the 99th percentile, zero without samples.
func (l *latencies) quantiles() (median, p99 time.Duration) {
	l.mu.Lock()
	s := slices.Clone(l.samples[:min(l.n, len(l.samples))])
	l.mu.Unlock()
	if len(s) == 0 {
		return 0, 0
	}
	slices.Sort(s)
	return s[len(s)/2], s[min(len(s)-1, len(s)*99/100)]
}
