package series

import (
	"testing"
	"time"
)

func TestPart(t *testing.T) {
	start := time.UnixMilli(1_700_000_000_000)
	s := New(Options{})
	for i := range 1000 {
		s.Append(start.Add(time.Duration(i)*16*time.Millisecond), float64(i))
	}
	if kept := s.Kept(); !kept.IsZero() {
		t.Errorf("all points are kept, and Kept says from %v on", kept)
	}
	// As narrow as here each point has a bucket of its own.
	from, to := start.Add(1600*time.Millisecond), start.Add(1760*time.Millisecond)
	got := s.Part(nil, time.Millisecond, from, to)
	if len(got) != 11 {
		t.Fatalf("%d buckets, want 11: those of the points 100 to 110", len(got))
	}
	for i, b := range got {
		at := start.Add(time.Duration(100+i) * 16 * time.Millisecond)
		if b.Index != at.UnixMilli() || b.Count != 1 || b.Min != float64(100+i) || b.Max != b.Min {
			t.Errorf("bucket %d is %+v, want the point %d alone at %d", i, b, 100+i, at.UnixMilli())
		}
	}
	wide := s.Part(nil, 80*time.Millisecond, from, from.Add(79*time.Millisecond))
	if len(wide) != 1 || wide[0].Count != 5 || wide[0].Min != 100 || wide[0].Max != 104 {
		t.Errorf("one bucket of 80 ms is %+v, want the points 100 to 104", wide)
	}
	if got := s.Part(nil, time.Millisecond, start.Add(time.Hour), start.Add(2*time.Hour)); len(got) != 0 {
		t.Errorf("%d buckets of a time in which nothing came", len(got))
	}

	// A fast series keeps its points for a shorter time, and says so.
	fast := New(Options{MaxPoints: 2 * chunkPoints})
	for i := range 10 * chunkPoints {
		fast.Append(start.Add(time.Duration(i)*time.Millisecond), 1)
	}
	kept := fast.Kept()
	if !kept.After(start) {
		t.Fatalf("Kept is %v, want later than the first point: most are dropped", kept)
	}
	all := fast.Part(nil, time.Millisecond, start, start.Add(time.Hour))
	if len(all) < 2*chunkPoints || all[0].Index != kept.UnixMilli() {
		t.Errorf("%d points from %d on, want all from %d on", len(all), all[0].Index, kept.UnixMilli())
	}
}
