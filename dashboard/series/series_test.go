package series_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"webmon/dashboard/series"
)

// epoch is a time that no bucket boundary depends on.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 123_457_000, time.UTC)

type point struct {
	at time.Time
	v  float64
}

// walk appends n points with uneven steps, now and then late, now and then a
// gap, and returns them as the series should have taken them.
func walk(s *series.Series, n int, seed uint64) []point {
	r := rand.New(rand.NewPCG(seed, 1))
	newest := epoch
	points := make([]point, 0, n)
	for range n {
		at := newest.Add(time.Duration(r.ExpFloat64() * 16e6).Truncate(time.Microsecond))
		if r.IntN(40) == 0 {
			at = at.Add(-100 * time.Millisecond)
		}
		v := math.Exp(r.NormFloat64())
		switch r.IntN(50) {
		case 0:
			v = math.NaN()
		case 1:
			v = math.Inf(1)
		case 2:
			v = 1 // equal ones
		}
		s.Append(at, v)
		if at.Before(newest) {
			at = newest
		}
		newest = at
		if math.IsInf(v, 0) {
			v = math.NaN()
		}
		points = append(points, point{at, v})
	}
	return points
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func close6(a, b float64) bool {
	return same(a, b) || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b))
}

func TestRangeGivesWhatWasAppended(t *testing.T) {
	s := series.New(series.Options{})
	want := walk(s, 3000, 7)
	from := want[1234].at
	var got []point
	for at, v := range s.Range(from) {
		got = append(got, point{at, v})
	}
	first := slices.IndexFunc(want, func(p point) bool { return !p.at.Before(from) })
	want = want[first:]
	if len(got) != len(want) {
		t.Fatalf("got %d points, want %d", len(got), len(want))
	}
	for i := range got {
		if !got[i].at.Equal(want[i].at) || !same(got[i].v, want[i].v) {
			t.Fatalf("point %d: got %v, want %v", i, got[i], want[i])
		}
	}
	for range s.Range(from) {
		break // must be allowed to stop
	}
}

func TestBounds(t *testing.T) {
	const most = 2000
	s := series.New(series.Options{MaxPoints: most})
	want := walk(s, 20_000, 3)
	n := 0
	for at, v := range s.Range(time.Time{}) {
		if n == 0 {
			want = want[slices.IndexFunc(want, func(p point) bool { return p.at.Equal(at) && same(p.v, v) }):]
		}
		n++
	}
	if n != len(want) {
		t.Errorf("kept %d points, not the last %d without a hole", n, len(want))
	}
	if n < most || n > most+1023 {
		t.Errorf("kept %d points, want %d and at most 1023 more", n, most)
	}
	if got := s.Total(); got != 20_000 {
		t.Errorf("total %d, want 20000", got)
	}

	old := series.New(series.Options{Window: time.Minute})
	for i := range 20_000 {
		old.Append(epoch.Add(time.Duration(i)*100*time.Millisecond), 1)
	}
	n = 0
	for range old.Range(time.Time{}) {
		n++
	}
	if n < 600 || n > 600+1024 {
		t.Errorf("a window of a minute at 10 Hz keeps %d points, want 600 and at most two chunks more", n)
	}
}

func TestLateAndSetBack(t *testing.T) {
	s := series.New(series.Options{})
	s.Append(epoch, 1)
	s.Append(epoch.Add(-time.Second), 2)
	for at, v := range s.Range(time.Time{}) {
		if !at.Equal(epoch) {
			t.Errorf("point %v at %v, want the time of the one before, %v", v, at, epoch)
		}
	}
	if _, late, _ := s.Counts(); late != 1 {
		t.Errorf("late points: got %d, want 1", late)
	}

	back := epoch.Add(-time.Hour)
	s.Append(back, 3)
	var got []point
	for at, v := range s.Range(time.Time{}) {
		got = append(got, point{at, v})
	}
	if len(got) != 1 || got[0].v != 3 || !got[0].at.Equal(back) {
		t.Errorf("after the clock was set back: got %v, want the new point alone", got)
	}
	if b := s.Buckets(nil, time.Minute, math.MinInt64); len(b) != 1 || b[0].Count != 1 {
		t.Errorf("after the clock was set back: got buckets %v, want one of one point", b)
	}
}

// naiveBuckets is Buckets, the slow and obvious way.
func naiveBuckets(points []point, width time.Duration) []series.Bucket {
	var all []series.Bucket
	for _, p := range points {
		start := p.at.UnixMicro() - p.at.UnixMicro()%width.Microseconds()
		index := start / width.Microseconds()
		if len(all) == 0 || all[len(all)-1].Index != index {
			all = append(all, series.Bucket{Index: index})
		}
		b := &all[len(all)-1]
		if math.IsNaN(p.v) {
			b.Gaps++
			continue
		}
		at := uint32(p.at.UnixMicro() - start)
		if b.Count == 0 || p.v < b.Min {
			b.Min, b.MinAt = p.v, at
		}
		if b.Count == 0 || p.v > b.Max {
			b.Max, b.MaxAt = p.v, at
		}
		b.Count++
		b.Sum += p.v
	}
	return all
}

func TestBucketsAgainstNaive(t *testing.T) {
	for seed := range uint64(5) {
		s := series.New(series.Options{})
		points := walk(s, 9000, seed) // some 144 s: the short rings have gone round
		newest := points[len(points)-1].at
		for _, window := range series.Windows() {
			width := series.Width(window)
			from := newest.Add(-window).UnixMicro() / width.Microseconds()
			got := s.Buckets(nil, window, from)
			want := naiveBuckets(points, width)
			for len(want) > 0 && want[0].Index < from {
				want = want[1:]
			}
			if len(got) != len(want) {
				t.Fatalf("seed %d, window %v: got %d buckets, want %d", seed, window, len(got), len(want))
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("seed %d, window %v, bucket %d:\n got %+v\nwant %+v", seed, window, i, got[i], want[i])
				}
			}
		}
	}
}

// A spike of a single frame must be in the buckets of every window, however
// wide they are.
func TestSpikeSurvives(t *testing.T) {
	s := series.New(series.Options{})
	for i := range 15 * 60 * 60 {
		v := 16.7
		if i == 30_000 {
			v = 250
		}
		s.Append(epoch.Add(time.Duration(i)*time.Second/60), v)
	}
	spike := epoch.Add(30_000 * time.Second / 60).UnixMicro()
	const window = 15 * time.Minute
	width := series.Width(window).Microseconds()
	found := false
	for _, b := range s.Buckets(nil, window, 0) {
		if b.Max == 250 {
			found = true
			if got := b.Index*width + int64(b.MaxAt); got != spike {
				t.Errorf("the spike is at %d µs, want %d", got, spike)
			}
			if b.Min != 16.7 {
				t.Errorf("the lowest beside it is %v, want 16.7", b.Min)
			}
		}
	}
	if !found {
		t.Error("the spike is gone")
	}
}

func naiveQuantile(sorted []float64, q float64) float64 {
	rank := q * float64(len(sorted)-1)
	k := int(rank)
	v := sorted[k]
	if frac := rank - float64(k); frac > 0 {
		v += frac * (sorted[k+1] - v)
	}
	return v
}

func TestStatsAgainstNaive(t *testing.T) {
	for seed := range uint64(5) {
		s := series.New(series.Options{})
		points := walk(s, 9000, seed)
		now := points[len(points)-1].at.Add(37 * time.Millisecond)
		for _, window := range append(series.Windows(), time.Millisecond, 3*time.Second) {
			got := s.Stats(window, now)
			var in []float64
			gaps, sum, last := 0, 0.0, math.NaN()
			for _, p := range points {
				if !math.IsNaN(p.v) {
					last = p.v
				}
				switch {
				case p.at.Before(now.Add(-window)):
				case math.IsNaN(p.v):
					gaps++
				default:
					in = append(in, p.v)
					sum += p.v
				}
			}
			slices.Sort(in)
			if got.Count != len(in) || got.Gaps != gaps || got.Last != last {
				t.Fatalf("window %v: got count %d, gaps %d, last %v; want %d, %d, %v",
					window, got.Count, got.Gaps, got.Last, len(in), gaps, last)
			}
			if len(in) == 0 {
				if !math.IsNaN(got.Median) || !math.IsNaN(got.Min) || got.RatePerSec != 0 {
					t.Errorf("window %v: got %+v, want NaN and no rate", window, got)
				}
				continue
			}
			span := min(window, now.Sub(points[0].at))
			for _, c := range []struct {
				name      string
				got, want float64
			}{
				{"median", got.Median, naiveQuantile(in, 0.5)},
				{"99th percentile", got.P99, naiveQuantile(in, 0.99)},
				{"min", got.Min, in[0]},
				{"max", got.Max, in[len(in)-1]},
				{"mean", got.Mean, sum / float64(len(in))},
				{"rate", got.RatePerSec, float64(len(in)) / max(1, span.Seconds())},
				{"sum", got.SumPerSec, sum / max(1, span.Seconds())},
				{"span", got.Span.Seconds(), span.Seconds()},
			} {
				if !close6(c.got, c.want) {
					t.Errorf("seed %d, window %v: %s: got %v, want %v", seed, window, c.name, c.got, c.want)
				}
			}
		}
	}
}

func TestStatsOfUnkindOrders(t *testing.T) {
	const n = 50_000
	for name, value := range map[string]func(i int) float64{
		"all equal":  func(int) float64 { return 5 },
		"rising":     func(i int) float64 { return float64(i) },
		"falling":    func(i int) float64 { return float64(n - i) },
		"organ pipe": func(i int) float64 { return float64(min(i, n-i)) },
		"two values": func(i int) float64 { return float64(i % 2) },
	} {
		s := series.New(series.Options{})
		all := make([]float64, n)
		for i := range all {
			all[i] = value(i)
			s.Append(epoch.Add(time.Duration(i)*time.Millisecond), all[i])
		}
		slices.Sort(all)
		got := s.Stats(15*time.Minute, epoch.Add(n*time.Millisecond))
		if want := naiveQuantile(all, 0.5); got.Median != want {
			t.Errorf("%s: median %v, want %v", name, got.Median, want)
		}
		if want := naiveQuantile(all, 0.99); got.P99 != want {
			t.Errorf("%s: 99th percentile %v, want %v", name, got.P99, want)
		}
	}
}

func TestEmpty(t *testing.T) {
	s := series.New(series.Options{})
	st := s.Stats(time.Minute, epoch)
	if !math.IsNaN(st.Last) || !st.LastAt.IsZero() || st.Count != 0 || st.Span != 0 {
		t.Errorf("got %+v, want nothing", st)
	}
	if _, _, ok := s.Last(); ok {
		t.Error("an empty series has a last value")
	}
	if b := s.Buckets(nil, time.Minute, 0); len(b) != 0 {
		t.Errorf("got buckets %v, want none", b)
	}
	s.Append(epoch, math.NaN())
	if st := s.Stats(time.Minute, epoch); st.Count != 0 || st.Gaps != 1 || !math.IsNaN(st.Median) {
		t.Errorf("after a gap: got %+v", st)
	}
	if b := s.Buckets(nil, time.Minute, 0); len(b) != 1 || b[0].Gaps != 1 || b[0].Count != 0 {
		t.Errorf("after a gap: got buckets %v, want one of one gap", b)
	}
}

func TestOneWriterManyReaders(t *testing.T) {
	s := series.New(series.Options{MaxPoints: 1500})
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				newest := time.Time{}
				for at := range s.Range(time.Time{}) {
					if at.Before(newest) {
						t.Error("points out of order")
						return
					}
					newest = at
				}
				s.Stats(time.Minute, epoch.Add(time.Hour))
				s.Buckets(nil, 10*time.Second, 0)
				s.Last()
			}
		})
	}
	for i := range 30_000 {
		s.Append(epoch.Add(time.Duration(i)*16*time.Millisecond), float64(i))
	}
	close(stop)
	readers.Wait()
}

func TestMarks(t *testing.T) {
	var m series.Marks
	if got := m.List(); len(got) != 0 {
		t.Fatalf("got %v, want none", got)
	}
	for i := range 100 {
		held := m.List()
		m.Add(epoch.Add(time.Duration(i)*time.Second), "napari ended")
		if len(held) > 0 && !held[0].Time.Equal(epoch.Add(time.Duration(max(0, i-64))*time.Second)) {
			t.Fatalf("a list handed out has changed: %v", held[0])
		}
	}
	got := m.List()
	if len(got) != 64 || !got[63].Time.Equal(epoch.Add(99*time.Second)) || !got[0].Time.Equal(epoch.Add(36*time.Second)) {
		t.Errorf("got %d marks from %v to %v, want the last 64", len(got), got[0], got[len(got)-1])
	}
}

// FuzzQuantile checks the quantiles against sorting, with orders that a
// process may choose.
func FuzzQuantile(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200, 5})
	f.Add([]byte("the order of these bytes is the order of the values"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		s := series.New(series.Options{})
		all := make([]float64, len(data))
		for i, b := range data {
			all[i] = float64(b)
			s.Append(epoch.Add(time.Duration(i)*time.Millisecond), all[i])
		}
		slices.Sort(all)
		st := s.Stats(15*time.Minute, epoch.Add(time.Duration(len(data))*time.Millisecond))
		if st.Median != naiveQuantile(all, 0.5) || st.P99 != naiveQuantile(all, 0.99) {
			t.Errorf("got median %v and p99 %v", st.Median, st.P99)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	s := series.New(series.Options{})
	i := 0
	for ; i < 70_000; i++ { // the steady state: every chunk is one used before
		s.Append(epoch.Add(time.Duration(i)*time.Second/60), float64(i))
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Append(epoch.Add(time.Duration(i)*time.Second/60), float64(i))
		i++
	}
}

func BenchmarkStats(b *testing.B) {
	s := series.New(series.Options{})
	walk(s, 60_000, 1)
	at, _, _ := s.Last()
	for _, window := range series.Windows() {
		b.Run(window.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Stats(window, at)
			}
		})
	}
}

func BenchmarkBuckets(b *testing.B) {
	s := series.New(series.Options{})
	walk(s, 60_000, 1)
	at, _, _ := s.Last()
	width := series.Width(time.Minute)
	newest := at.UnixMicro() / width.Microseconds()
	var dst []series.Bucket
	b.Run("all", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = s.Buckets(dst[:0], time.Minute, newest-600)
		}
	})
	b.Run("newest", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = s.Buckets(dst[:0], time.Minute, newest-1)
		}
	})
}
