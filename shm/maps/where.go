package maps

import (
	"errors"
	"math"
	"slices"
	"sort"
)

// Rule says how a place was found where a run is absent.
type Rule string

// The rules, the best first. Their median errors along the dendrite, for spines of rr30a
// that are known in two sessions that follow each other, are in where_test.go.
const (
	ByNeighbours Rule = "neighbours" // between the nearest runs on either side that both sessions have
	ByPivot      Rule = "pivot"      // the same distance from the segment's pivot
	ByStart      Rule = "start"      // the same distance from the segment's start
	ByOffset     Rule = "offset"     // moved as the pivots are, or as other runs are
)

// Place is where a run that is absent in a session would be.
type Place struct {
	X, Y    float64 // micrometres
	Z       float64 // slice
	SDist   float64 // micrometres from the segment's start; NaN without segments
	Segment int     // map segment, None
	From    int     // the session it is taken from
	Rule    Rule
}

// Where returns where an absent run would be in a session. The place is taken from the
// nearest session that has the run. ok is false if there is nothing to tell it from,
// or the run is there.
func (m *Map) Where(runs *Runs, run, session int) (Place, bool) {
	if run < 0 || run >= runs.Len() || session < 0 || session >= len(m.Sessions) || runs.Row(run, session) != None {
		return Place{}, false
	}
	from := runs.First(run)
	if session > from {
		from = runs.Last(run)
	}
	return m.placed(runs, run, from, session, None)
}

// placed returns where the run of session from would be in session to, without regard
// to the run but, if it is not None, in session to.
func (m *Map) placed(runs *Runs, run, from, to, but int) (Place, bool) {
	row := runs.Row(run, from)
	a, b := m.Sessions[from], m.Sessions[to]
	segment := m.MapSegment(from, row)
	i, j := m.SegmentRuns().Row(segment, from), m.SegmentRuns().Row(segment, to)
	if segment != None && i != None && j != None {
		if s, rule := m.sDist(runs, run, from, to, but); !math.IsNaN(s) {
			if p, ok := m.onTracing(a, b, row, j, s); ok {
				p.Segment, p.From, p.Rule = segment, from, rule
				return p, true
			}
		}
	}
	x, y, z := a.Table.Value(row, "x"), a.Table.Value(row, "y"), a.Table.Value(row, "z")
	dx, dy, dz, ok := m.offset(runs, from, to, i, j, but)
	if !ok || math.IsNaN(x+y+z) {
		return Place{}, false
	}
	return Place{X: x + dx, Y: y + dy, Z: math.Round(z + dz), SDist: math.NaN(), Segment: segment, From: from, Rule: ByOffset}, true
}

// sDist returns how far along its segment a run of session from would be in session to.
func (m *Map) sDist(runs *Runs, run, from, to, but int) (float64, Rule) {
	row := runs.Row(run, from)
	a, b := m.Sessions[from], m.Sessions[to]
	sa, sb := a.Table.Column("sDist"), b.Table.Column("sDist")
	if sa == nil || sb == nil || math.IsNaN(sa[row]) {
		return math.NaN(), ""
	}
	s := sa[row]
	segment := a.Segment(row)
	j := m.SegmentRuns().Row(m.MapSegment(from, row), to)
	// The nearest runs on either side that both sessions have.
	left, right := math.Inf(-1), math.Inf(1)
	var leftTo, rightTo float64
	for other, r := range runs.runs[from] {
		if r == None || int(r) == run || int(r) == but || a.Segment(other) != segment {
			continue
		}
		next := runs.Row(int(r), to)
		if next == None || b.Segment(next) != j || math.IsNaN(sa[other]) || math.IsNaN(sb[next]) {
			continue
		}
		if d := sa[other]; d <= s && d > left {
			left, leftTo = d, sb[next]
		} else if d > s && d < right {
			right, rightTo = d, sb[next]
		}
	}
	if !math.IsInf(left, 0) && !math.IsInf(right, 0) {
		return leftTo + (s-left)/(right-left)*(rightTo-leftTo), ByNeighbours
	}
	if p, q := a.pivotAt(segment), b.pivotAt(j); !math.IsNaN(p) && !math.IsNaN(q) {
		return s + p - q, ByPivot
	}
	return s, ByStart
}

// pivotAt returns pDist - sDist of a segment of the session: one number for a segment,
// whatever the file of lines says. NaN: no object has both.
func (s *Session) pivotAt(segment int) float64 {
	s.read()
	if segment < 0 || segment >= len(s.pivots) {
		return math.NaN()
	}
	return s.pivots[segment]
}

// findPivots takes pDist - sDist of every segment from its objects.
func (s *Session) findPivots() {
	p, d := s.Table.Column("pDist"), s.Table.Column("sDist")
	if p == nil || d == nil {
		return
	}
	found := map[int][]float64{}
	top := 0
	for row := range p {
		if v := p[row] - d[row]; !math.IsNaN(v) {
			if i := s.Segment(row); i != None && i < maxCells {
				found[i] = append(found[i], v)
				top = max(top, i+1)
			}
		}
	}
	if top > maxPivots {
		return
	}
	s.pivots = make([]float64, top)
	for i := range s.pivots {
		s.pivots[i] = median(found[i])
	}
}

// maxPivots bounds the segments of a session that objects name.
const maxPivots = 1 << 16

// median returns the middle of numbers, which it sorts; NaN of none.
func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// onTracing returns the place at a distance along a segment of session b, as far from
// the dendrite as the object of session a is from it.
func (m *Map) onTracing(a, b *Session, row, segment int, s float64) (Place, bool) {
	k := b.point(segment, s)
	x, y, z := a.Table.Value(row, "x"), a.Table.Value(row, "y"), a.Table.Value(row, "z")
	own := a.point(a.Segment(row), a.Table.Value(row, "sDist"))
	if k == None || own == None || math.IsNaN(x+y) {
		return Place{}, false
	}
	at := func(s *Session, k int) (x, y, z float64) {
		p := s.Tracing.Points
		return p.Value(k, "x"), p.Value(k, "y"), p.Value(k, "z")
	}
	ax, ay, az := at(a, own)
	bx, by, bz := at(b, k)
	p := Place{X: bx + x - ax, Y: by + y - ay, Z: math.Round(bz + z - az), SDist: s}
	if math.IsNaN(p.Z) {
		p.Z = math.Round(bz)
	}
	return p, !math.IsNaN(p.X + p.Y + p.Z)
}

// point returns the point of a segment that is nearest to a distance along it.
func (s *Session) point(segment int, distance float64) int {
	segments := s.Segments()
	if segment < 0 || segment >= len(segments) || math.IsNaN(distance) {
		return None
	}
	g := segments[segment]
	along := s.Tracing.distances()
	if along == nil || g.Stop <= g.Start {
		return None
	}
	d := along[g.Start:g.Stop]
	k := sort.SearchFloat64s(d, distance)
	if k == len(d) || k > 0 && distance-d[k-1] < d[k]-distance {
		k--
	}
	return g.Start + k
}

// offset returns by how much things of session to lie elsewhere than in session from:
// by the pivot of the segment, by the pivot of the map, by what most runs that both
// have did.
func (m *Map) offset(runs *Runs, from, to, i, j, but int) (dx, dy, dz float64, ok bool) {
	a, b := m.Sessions[from], m.Sessions[to]
	// A pivot without a place says nothing.
	by := func(p, q int) bool {
		if p == None || q == None {
			return false
		}
		dx, dy, dz = b.Table.Value(q, "x")-a.Table.Value(p, "x"), b.Table.Value(q, "y")-a.Table.Value(p, "y"), b.Table.Value(q, "z")-a.Table.Value(p, "z")
		return !math.IsNaN(dx + dy + dz)
	}
	if i != None && j != None && by(a.landmark(Pivot, i), b.landmark(Pivot, j)) {
		return dx, dy, dz, true
	}
	p, q := a.landmark(GlobalPivot, None), b.landmark(GlobalPivot, None)
	if by(p, q) && (a.set(p) || b.set(q)) {
		return dx, dy, dz, true
	}
	var moved [3][]float64
	for row, r := range runs.runs[from] {
		if r == None || int(r) == but {
			continue
		}
		next := runs.Row(int(r), to)
		if next == None {
			continue
		}
		for c, name := range []string{"x", "y", "z"} {
			if v := b.Table.Value(next, name) - a.Table.Value(row, name); !math.IsNaN(v) {
				moved[c] = append(moved[c], v)
			}
		}
	}
	if len(moved[0]) > 0 && len(moved[1]) > 0 && len(moved[2]) > 0 {
		return median(moved[0]), median(moved[1]), median(moved[2]), true
	}
	return 0, 0, 0, b.Len() > 0
}

// landmark returns the row of a pivot: of a segment, or the map-wide one.
func (s *Session) landmark(t Type, segment int) int {
	for row, k := range s.Types() {
		if k == t && (segment == None || s.Segment(row) == segment) {
			return row
		}
	}
	return None
}

// set reports whether a map-wide pivot was put somewhere; left alone it is at 0, 0, 0.
func (s *Session) set(row int) bool {
	return s.Table.Value(row, "x") != 0 || s.Table.Value(row, "y") != 0
}

// Trace is the tracing of a session, or of one of its segments.
type Trace struct {
	X, Y         []float64 // micrometres
	Z            []float64 // slices
	SDist, PDist []float64 // micrometres along the segment; PDist NaN without pivot
	Radius       []float64 // micrometres; nil: not known
	Segment      []int32   // of the session
	MapSegment   []int32   // None: in no segment map
}

// Trace returns the tracing of one session; of one map segment unless that is All.
func (m *Map) Trace(session, segment int) (*Trace, error) {
	if session == All {
		return nil, errors.New("the session of a tracing has to be said")
	}
	if err := m.checkQuery(&Query{Session: session, Segment: segment}); err != nil {
		return nil, err
	}
	t := &Trace{}
	s := m.Sessions[session]
	if s.Tracing == nil {
		return t, nil
	}
	p := s.Tracing.Points
	segments := s.Segments()
	x, y, z, d := p.Column("x"), p.Column("y"), p.Column("z"), s.Tracing.distances()
	radius := p.Column("radius")
	if x == nil || y == nil || d == nil {
		return t, nil
	}
	for i, g := range segments {
		of := m.SegmentRuns().Run(session, i)
		if segment != All && of != segment {
			continue
		}
		pivot := s.pivotAt(i)
		for k := g.Start; k < g.Stop; k++ {
			t.X, t.Y = append(t.X, x[k]), append(t.Y, y[k])
			if z == nil {
				t.Z = append(t.Z, 0)
			} else {
				t.Z = append(t.Z, z[k])
			}
			t.SDist, t.PDist = append(t.SDist, d[k]), append(t.PDist, d[k]+pivot)
			if radius != nil {
				t.Radius = append(t.Radius, radius[k])
			}
			t.Segment, t.MapSegment = append(t.Segment, int32(i)), append(t.MapSegment, int32(of))
		}
	}
	return t, nil
}

// distances returns for each point how far along x and y it is from the start of its
// segment: sDist of the file, or measured where the file lacks it.
func (t *Tracing) distances() []float64 {
	t.far.Do(func() {
		if c := t.Points.Column("sDist"); len(c) > 0 && !math.IsNaN(c[0]) && slices.IndexFunc(c, math.IsNaN) < 0 {
			t.along = c
			return
		}
		x, y := t.Points.Column("x"), t.Points.Column("y")
		if x == nil || y == nil {
			return
		}
		t.along = make([]float64, len(x))
		for _, g := range t.segments {
			for k := g.Start + 1; k < g.Stop; k++ {
				if t.along[k] = t.along[k-1] + math.Hypot(x[k]-x[k-1], y[k]-y[k-1]); math.IsNaN(t.along[k]) {
					t.along[k] = t.along[k-1]
				}
			}
		}
	})
	return t.along
}
