package series

import (
	"math"
	"math/bits"
	"slices"
	"sync"
	"time"
)

// Stats describe the points of a window. All numbers but the counts and rates
// are NaN where the window holds no point.
type Stats struct {
	Last   float64   // the last number, even if it is older than the window
	LastAt time.Time // its time; zero if there was none

	Median, P99    float64 // interpolated between two points as numpy.percentile does
	Min, Max, Mean float64
	Count          int // points in the window that were numbers
	Gaps           int // points in the window that were not

	// Span is the part of the window that the series covers. It is less than the
	// window while the series is younger, or if it keeps too few points.
	Span       time.Duration
	RatePerSec float64 // Count over Span, at least a second
	SumPerSec  float64 // sum of the numbers over Span, at least a second
}

// scratch holds the copies that quantiles are picked from.
var scratch = sync.Pool{New: func() any { return new([]float64) }}

// Stats returns the statistics of the window that ends now. It looks at every
// point of the window: 54,000 points take about a millisecond, 3,600 some 30 µs.
// So call it once for all browsers. Append waits only while the points are copied.
func (s *Series) Stats(window time.Duration, now time.Time) Stats {
	buf := scratch.Get().(*[]float64)
	defer scratch.Put(buf)
	end := now.UnixMicro()
	start := end - window.Microseconds()
	st := Stats{Last: math.NaN()}

	s.mu.RLock()
	values := (*buf)[:0]
	oldest := end
	for i := len(s.chunks) - 1; i >= 0; i-- {
		c := s.chunks[i]
		if c.at(len(c.v)-1) < start {
			oldest = start
			break
		}
		oldest = c.base
		lo, hi := 0, len(c.v)
		if c.base < start {
			lo, _ = slices.BinarySearchFunc(c.dt, start-c.base, func(dt uint32, d int64) int {
				return int(min(1, max(-1, int64(dt)-d)))
			})
		}
		if c.at(hi-1) > end {
			hi, _ = slices.BinarySearchFunc(c.dt, end-c.base+1, func(dt uint32, d int64) int {
				return int(min(1, max(-1, int64(dt)-d)))
			})
		}
		if lo < hi {
			values = append(values, c.v[lo:hi]...)
		}
		if c.base < start {
			break
		}
	}
	if s.lastAt != 0 {
		st.Last, st.LastAt = s.last, time.UnixMicro(s.lastAt)
	}
	s.mu.RUnlock()
	*buf = values[:0]

	st.Span = time.Duration(max(0, end-max(start, oldest))) * time.Microsecond
	summarize(values, &st)
	if seconds := max(1, st.Span.Seconds()); st.Count > 0 {
		st.RatePerSec = float64(st.Count) / seconds
		st.SumPerSec = st.Mean * float64(st.Count) / seconds
	}
	return st
}

// Describe returns the statistics of values, without times and rates. It reorders
// the values.
func Describe(values []float64) Stats {
	st := Stats{Last: math.NaN()}
	summarize(values, &st)
	return st
}

// summarize fills in the statistics of values. It reorders them.
func summarize(values []float64, st *Stats) {
	n, sum := 0, 0.0
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v != v { // NaN: a gap
			continue
		}
		values[n] = v
		n++
		sum += v
		lo, hi = min(lo, v), max(hi, v)
	}
	st.Count, st.Gaps = n, len(values)-n
	if n == 0 {
		nan := math.NaN()
		st.Median, st.P99, st.Min, st.Max, st.Mean = nan, nan, nan, nan, nan
		return
	}
	values = values[:n]
	st.Min, st.Max, st.Mean = lo, hi, sum/float64(n)
	st.Median = quantile(values, 0.5)
	st.P99 = quantile(values, 0.99)
}

// quantile returns the q-quantile of values, interpolated between the two
// nearest as NumPy does. It reorders values.
func quantile(values []float64, q float64) float64 {
	rank := q * float64(len(values)-1)
	k := int(rank)
	nth(values, k)
	v := values[k]
	if frac := rank - float64(k); frac > 0 {
		v += frac * (slices.Min(values[k+1:]) - v)
	}
	return v
}

// nth reorders values so that values[k] is what it would be if all were
// sorted, with nothing greater before it and nothing less behind it. There
// must be no NaN among them.
func nth(values []float64, k int) {
	lo, hi := 0, len(values)-1
	// A process could send numbers in an order that makes every pivot a bad one.
	// After that many rounds the rest is sorted instead.
	rounds := 3 * bits.Len(uint(len(values)))
	for ; hi-lo > 16 && rounds > 0; rounds-- {
		p := pivot(values[lo], values[lo+(hi-lo)/2], values[hi])
		i, j := lo, hi
		for i <= j {
			for values[i] < p {
				i++
			}
			for values[j] > p {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return // between the two: equal to the pivot
		}
	}
	slices.Sort(values[lo : hi+1])
}

// pivot is the middle one of three.
func pivot(a, b, c float64) float64 {
	return max(min(a, b), min(max(a, b), c))
}
