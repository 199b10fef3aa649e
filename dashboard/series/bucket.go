package series

import (
	"math"
	"sort"
	"time"
)

// widths are the windows that charts show and the width of their buckets. There is
// about one bucket for each pixel or two, so that the lowest and the highest value
// of every bucket look the same as the points themselves.
var widths = [...]struct{ window, width time.Duration }{
	{10 * time.Second, 20 * time.Millisecond},
	{30 * time.Second, 50 * time.Millisecond},
	{time.Minute, 100 * time.Millisecond},
	{2 * time.Minute, 200 * time.Millisecond},
	{5 * time.Minute, 500 * time.Millisecond},
	{15 * time.Minute, time.Second},
}

// Windows returns the windows that buckets are kept for, shortest first.
func Windows() []time.Duration {
	all := make([]time.Duration, len(widths))
	for i, w := range widths {
		all[i] = w.window
	}
	return all
}

// Width returns the width of the buckets of a window, 0 if the window is not one
// of Windows.
func Width(window time.Duration) time.Duration {
	for _, w := range widths {
		if w.window == window {
			return w.width
		}
	}
	return 0
}

// Bucket sums up the points of one stretch of time: those from Index*width up
// to, not including, (Index+1)*width since the Unix epoch. The boundaries
// depend on the width alone, so that all readers agree on the place of a bucket.
type Bucket struct {
	Index int64
	Count uint32  // points that were numbers; 0: only gaps
	Gaps  uint32  // points that were not numbers
	MinAt uint32  // when Min was, µs after the bucket's start
	MaxAt uint32  // when Max was, µs after the bucket's start
	Min   float64 // lowest number, the first of several equal ones
	Max   float64 // highest number, the first of several equal ones
	Sum   float64 // of all numbers
}

// Buckets appends to dst the buckets of a window's width that hold points and
// whose index is at least from, oldest first. They reach back a little further
// than the window. A window that is not one of Windows has no buckets.
func (s *Series) Buckets(dst []Bucket, window time.Duration, from int64) []Bucket {
	for i, w := range widths {
		if w.window == window {
			s.mu.RLock()
			defer s.mu.RUnlock()
			return s.levels[i].appendFrom(dst, from)
		}
	}
	return dst
}

// level is a ring of the last buckets of one width. It grows with what it
// holds, up to limit.
type level struct {
	width int64 // µs
	limit int   // buckets
	ring  []Bucket
	start int // of the oldest
	size  int
}

func (l *level) at(i int) *Bucket {
	if i += l.start; i >= len(l.ring) {
		i -= len(l.ring)
	}
	return &l.ring[i]
}

func (l *level) add(us int64, v float64) {
	index := us / l.width
	if us < 0 && us%l.width != 0 {
		index--
	}
	var b *Bucket
	if l.size > 0 {
		b = l.at(l.size - 1)
	}
	if b == nil || b.Index != index {
		b = l.push(index)
	}
	if math.IsNaN(v) {
		b.Gaps++
		return
	}
	at := uint32(us - index*l.width)
	if b.Count == 0 || v < b.Min {
		b.Min, b.MinAt = v, at
	}
	if b.Count == 0 || v > b.Max {
		b.Max, b.MaxAt = v, at
	}
	b.Count++
	b.Sum += v
}

// push appends an empty bucket with the index.
func (l *level) push(index int64) *Bucket {
	for l.size > 0 && l.at(0).Index <= index-int64(l.limit) {
		l.pop()
	}
	if l.size == l.limit { // only if times ran backwards: the limit spans its window
		l.pop()
	}
	if l.size == len(l.ring) {
		ring := make([]Bucket, min(l.limit, max(16, 2*len(l.ring))))
		for i := range l.size {
			ring[i] = *l.at(i)
		}
		l.ring, l.start = ring, 0
	}
	l.size++
	b := l.at(l.size - 1)
	*b = Bucket{Index: index}
	return b
}

func (l *level) pop() {
	l.size--
	if l.start++; l.start == len(l.ring) {
		l.start = 0
	}
}

func (l *level) appendFrom(dst []Bucket, from int64) []Bucket {
	i := sort.Search(l.size, func(i int) bool { return l.at(i).Index >= from })
	for ; i < l.size; i++ {
		dst = append(dst, *l.at(i))
	}
	return dst
}
