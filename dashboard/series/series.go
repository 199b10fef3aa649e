package series

import (
	"iter"
	"math"
	"sync"
	"time"
	"unsafe"
)

const (
	chunkPoints = 512 // points a chunk holds: 6 KB, 8.5 s at 60 Hz

	// backwards is how far before the last point a point may lie and still count
	// as late. A point further back means that the clock was set back.
	backwards = 10 * time.Second
)

// Options configure a Series. The zero value of each has the default named.
type Options struct {
	// Window is how far back points are kept, in time: 15 minutes.
	Window time.Duration
	// MaxPoints is how many of the last points are kept within the window, at
	// 12 bytes each: 65536, which is 15 minutes at 72 Hz. Up to 1023 more may
	// lie in memory. A faster series keeps its points for a shorter time; its
	// buckets still reach back over the whole window.
	MaxPoints int
}

// Series is the recent past of one number.
type Series struct {
	window    int64 // µs
	maxPoints int

	mu      sync.RWMutex // guards all below
	chunks  []*chunk     // oldest first, none empty
	free    *chunk       // one dropped chunk, to be used again
	kept    int          // points in chunks
	dropped uint64       // points that are no longer in chunks
	clamped uint64       // points that came late
	gaps    uint64       // points that were not numbers
	newest  int64        // time of the last point, µs since the epoch
	last    float64      // the last point that was a number
	lastAt  int64        // its time; 0: there was none
	levels  [len(widths)]level
}

// chunk holds up to chunkPoints points in order of time.
type chunk struct {
	base int64     // time of the first, µs since the epoch
	dt   []uint32  // time since base, µs
	v    []float64 // NaN: a gap
}

func (c *chunk) at(i int) int64 { return c.base + int64(c.dt[i]) }

// New returns an empty series.
func New(opts Options) *Series {
	if opts.Window <= 0 {
		opts.Window = 15 * time.Minute
	}
	if opts.MaxPoints <= 0 {
		opts.MaxPoints = 1 << 16
	}
	s := &Series{window: opts.Window.Microseconds(), maxPoints: opts.MaxPoints}
	for i, w := range widths {
		s.levels[i] = level{width: w.width.Microseconds(), limit: int(w.window/w.width) + 2}
	}
	return s
}

// Append adds the value v at the time t, by webmon's clock, to the microsecond. If
// t is before the last point, the value gets the time of the last point. If t is
// more than 10 s before it, the clock was set back, and the series begins again.
// NaN and the infinities are kept as gaps.
func (s *Series) Append(t time.Time, v float64) {
	us := t.UnixMicro()
	s.mu.Lock()
	defer s.mu.Unlock()
	if us < s.newest && s.kept > 0 {
		if s.newest-us > backwards.Microseconds() {
			s.reset()
		} else {
			us = s.newest
			s.clamped++
		}
	}
	s.newest = us
	if math.IsInf(v, 0) {
		v = math.NaN()
	}
	if math.IsNaN(v) {
		s.gaps++
	} else {
		s.last, s.lastAt = v, us
	}
	s.push(us, v)
	for i := range s.levels {
		s.levels[i].add(us, v)
	}
}

// push adds a point to the chunks and drops those that are too old or too many.
func (s *Series) push(us int64, v float64) {
	var c *chunk
	if n := len(s.chunks); n > 0 {
		c = s.chunks[n-1]
	}
	if c == nil || len(c.v) == chunkPoints || us-c.base > math.MaxUint32 {
		drop := 0
		for drop < len(s.chunks) {
			old := s.chunks[drop]
			if old.at(len(old.v)-1) >= us-s.window && s.kept-len(old.v) < s.maxPoints {
				break
			}
			s.kept -= len(old.v)
			s.dropped += uint64(len(old.v))
			s.free = old
			drop++
		}
		if drop > 0 {
			n := copy(s.chunks, s.chunks[drop:])
			clear(s.chunks[n:])
			s.chunks = s.chunks[:n]
		}
		if c, s.free = s.free, nil; c == nil {
			c = new(chunk) // its slices grow with what they hold
		}
		c.base, c.dt, c.v = us, c.dt[:0], c.v[:0]
		s.chunks = append(s.chunks, c)
	}
	c.dt = append(c.dt, uint32(us-c.base))
	c.v = append(c.v, v)
	s.kept++
}

func (s *Series) reset() {
	s.dropped += uint64(s.kept)
	s.chunks, s.kept = nil, 0
	for i := range s.levels {
		s.levels[i].size = 0
	}
}

// Newest returns the time of the last point, the zero time before any.
func (s *Series) Newest() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.newest == 0 {
		return time.Time{}
	}
	return time.UnixMicro(s.newest)
}

// MostBuckets is how many bytes of memory the buckets of a series take once numbers have come
// fast enough for long enough.
func MostBuckets() (bytes int64) {
	for _, w := range widths {
		bytes += int64(w.window/w.width+2) * int64(unsafe.Sizeof(Bucket{}))
	}
	return bytes
}

// Bytes is how many bytes of memory the series takes.
func (s *Series) Bytes() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := int64(unsafe.Sizeof(*s))
	for _, c := range s.chunks {
		n += c.bytes()
	}
	if s.free != nil {
		n += s.free.bytes()
	}
	for i := range s.levels {
		n += int64(len(s.levels[i].ring)) * int64(unsafe.Sizeof(Bucket{}))
	}
	return n
}

func (c *chunk) bytes() int64 {
	return int64(unsafe.Sizeof(*c)) + 4*int64(cap(c.dt)) + 8*int64(cap(c.v))
}

// Oldest returns the time of the last of the points that Drop drops; ok is false if it
// drops none.
func (s *Series) Oldest() (at time.Time, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.chunks) < 2 {
		return time.Time{}, false
	}
	c := s.chunks[0]
	return time.UnixMicro(c.at(len(c.v) - 1)), true
}

// Drop drops the oldest points, some hundreds, unless there are no others. It returns how
// many bytes that gives back. The buckets stay.
func (s *Series) Drop() (bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free != nil {
		bytes, s.free = s.free.bytes(), nil
	}
	if len(s.chunks) < 2 {
		return bytes
	}
	c := s.chunks[0]
	s.kept -= len(c.v)
	s.dropped += uint64(len(c.v))
	s.chunks = append(s.chunks[:0], s.chunks[1:]...)
	s.chunks[:len(s.chunks)+1][len(s.chunks)] = nil
	return bytes + c.bytes()
}

// Total is the number of points ever appended.
func (s *Series) Total() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.dropped + uint64(s.kept)
}

// Last returns the last number and its time, false if there was none yet.
func (s *Series) Last() (time.Time, float64, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return time.UnixMicro(s.lastAt), s.last, s.lastAt != 0
}

// Counts returns how many points came in all, how many came late and got the time
// of the point before, and how many were not numbers.
func (s *Series) Counts() (total, late, gaps uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.dropped + uint64(s.kept), s.clamped, s.gaps
}

// Range iterates over the points from the given time on, oldest first. A gap is
// NaN. The series is locked only while a chunk is copied, so the loop may take
// long. Points that are dropped meanwhile are skipped.
func (s *Series) Range(from time.Time) iter.Seq2[time.Time, float64] {
	return func(yield func(time.Time, float64) bool) {
		var (
			next  uint64 // number of the next point, counted since the series began
			start = from.UnixMicro()
			at    [chunkPoints]int64
			v     [chunkPoints]float64
		)
		for {
			n := s.copyFrom(&next, start, &at, &v)
			if n == 0 {
				return
			}
			for i := range n {
				if !yield(time.UnixMicro(at[i]), v[i]) {
					return
				}
			}
		}
	}
}

// copyFrom copies the rest of the chunk that holds point *next, or of the
// first one after it that has points at or after start, and moves *next on.
func (s *Series) copyFrom(next *uint64, start int64, at *[chunkPoints]int64, v *[chunkPoints]float64) (n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	number := s.dropped
	for _, c := range s.chunks {
		end := number + uint64(len(c.v))
		if end > *next && c.at(len(c.v)-1) >= start {
			i := int(max(*next, number) - number)
			for ; i < len(c.v); i++ {
				if t := c.at(i); t >= start {
					at[n], v[n] = t, c.v[i]
					n++
				}
			}
			*next = end
			return n
		}
		number = end
	}
	return 0
}
