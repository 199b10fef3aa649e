package maps

import (
	"math"
	"strconv"
	"sync"
)

// Tracing is the traced dendrites of one session, from its file of lines.
type Tracing struct {
	text     *text
	Segments *Table // a row for each segment, with its columns start, stop, um, r, ...
	Points   *Table // a row for each point, with its columns x, y, z, ID, sDist, ...

	once     sync.Once
	segments []Segment
	far      sync.Once
	along    []float64
	problems []string
}

// Segment is one traced dendrite of a session.
type Segment struct {
	Index       int
	Start, Stop int     // its points, Stop excluded
	Length2D    float64 // micrometres along x and y
	Length3D    float64 // micrometres along the points with z in steps of whole slices
	Smooth3D    float64 // the same after z was smoothed over SmoothPoints points
	Radius      float64 // micrometres; NaN: not known
}

// SmoothPoints is the number of points over which z is averaged for Segment.Smooth3D.
const SmoothPoints = 11

func newTracing(t *text) *Tracing {
	tr := &Tracing{text: t}
	n, _ := strconv.Atoi(pairs(t.first())["numHeaderRow"])
	n = max(0, min(n, len(t.lines)-3))
	if n == 0 && len(t.lines) < 3 {
		tr.Segments, tr.Points = newTable(t, 1, 0), newTable(t, 2, 0)
		return tr
	}
	tr.Segments = newTable(t, 1, 2+n)
	tr.Points = newTable(t, 2+n, len(t.lines))
	return tr
}

// first returns the first line, empty where there is none.
func (t *text) first() []byte {
	if len(t.lines) == 0 {
		return nil
	}
	return t.line(0)
}

// ids returns the segment of each point.
func (t *Tracing) ids() []float64 {
	if c := t.Points.Column("ID"); c != nil {
		return c
	}
	return t.Points.Column("segmentID")
}

// measure finds where each segment begins and ends, and its lengths. dz is in
// micrometres a slice.
func (t *Tracing) measure(dz float64) []Segment {
	if t == nil {
		return nil
	}
	t.once.Do(func() {
		x, y, z, id := t.Points.Column("x"), t.Points.Column("y"), t.Points.Column("z"), t.ids()
		radius := t.Segments.Column("r")
		start, stop := t.Segments.Column("start"), t.Segments.Column("stop")
		n := t.Segments.Len()
		from, to := spans(id, n)
		for i := range n {
			s := Segment{Index: i, Radius: math.NaN()}
			if radius != nil {
				s.Radius = radius[i]
			}
			if start != nil && stop != nil && start[i] >= 0 && stop[i] >= start[i] && stop[i] < float64(t.Points.Len()) {
				s.Start, s.Stop = int(start[i]), int(stop[i])+1
			} else if s.Start, s.Stop = from[i], to[i]; s.Stop == 0 {
				t.problems = append(t.problems, "segment "+strconv.Itoa(i)+" has no points")
			}
			if len(x) > 0 && len(y) > 0 && s.Stop > s.Start {
				s.Length2D, s.Length3D = length(x[s.Start:s.Stop], y[s.Start:s.Stop], part(z, s.Start, s.Stop), dz)
				_, s.Smooth3D = length(x[s.Start:s.Stop], y[s.Start:s.Stop], smooth(part(z, s.Start, s.Stop)), dz)
			}
			t.segments = append(t.segments, s)
		}
	})
	return t.segments
}

func part(v []float64, from, to int) []float64 {
	if v == nil {
		return nil
	}
	return v[from:to]
}

// spans finds the points of each of n segments; those of one lie together.
func spans(id []float64, n int) (from, to []int) {
	from, to = make([]int, n), make([]int, n)
	for k, v := range id {
		if i := whole(v); v == float64(i) && i < n {
			if to[i] == 0 {
				from[i] = k
			}
			to[i] = k + 1
		}
	}
	return from, to
}

// length sums the steps between points in micrometres; steps to a point whose place is
// not known are left out.
func length(x, y, z []float64, dz float64) (flat, deep float64) {
	for k := 1; k < len(x); k++ {
		dx, dy, h := x[k]-x[k-1], y[k]-y[k-1], 0.0
		if z != nil {
			h = (z[k] - z[k-1]) * dz
		}
		if d := math.Hypot(dx, dy); !math.IsNaN(d) {
			flat += d
			if e := math.Sqrt(dx*dx + dy*dy + h*h); !math.IsNaN(e) {
				deep += e
			} else {
				deep += d
			}
		}
	}
	return flat, deep
}

// smooth averages z over SmoothPoints points, fewer at the ends, which stay where
// they are.
func smooth(z []float64) []float64 {
	if len(z) < 3 {
		return z
	}
	out := make([]float64, len(z))
	for i := range z {
		half := min(SmoothPoints/2, i, len(z)-1-i)
		sum := 0.0
		for _, v := range z[i-half : i+half+1] {
			sum += v
		}
		out[i] = sum / float64(2*half+1)
	}
	return out
}

// Bytes returns the file.
func (t *Tracing) Bytes() []byte { return t.text.bytes() }
