package maps

import (
	"fmt"
	"math"
	"slices"
)

// Measure says which length of a dendrite a density is by.
type Measure string

// The lengths of a dendrite.
const (
	Length3D Measure = "3d"     // along the points as they are, z in whole slices
	Length2D Measure = "2d"     // along x and y
	Smooth3D Measure = "smooth" // with z averaged over SmoothPoints points
)

// Measures lists the lengths that a density can be by.
var Measures = []Measure{Length3D, Length2D, Smooth3D}

// of returns the length of a segment.
func (w Measure) of(s Segment) float64 {
	switch w {
	case Length2D:
		return s.Length2D
	case Smooth3D:
		return s.Smooth3D
	}
	return s.Length3D
}

// Report says of which objects a report is.
type Report struct {
	Type Type // "": the map's own
	Bad  bool // bad objects too
	// Filtered says that an object whose partner is left out counts as added or
	// subtracted; see Query.
	Filtered bool
	Measure  Measure // "": Length3D
	// Whole puts all segments of a session into one row.
	Whole bool
}

// DynamicsRow is a line of the report on dynamics: the objects of one map segment in
// one session. Counts but Total and Bad are of the objects that the report is of.
type DynamicsRow struct {
	Session, Segment int // Segment None: objects without, or of all segments
	Total, Bad, Good int // of all objects
	Count            int // of the objects that the report is of
	// Added are not in the session before, Subtracted not in the next; Transient are
	// both, and are among both, as in the original report.
	Added, Subtracted, Transient, Persistent int
	// PercentAdded and PercentSubtracted are of Count in the session before.
	PercentAdded, PercentSubtracted float64
	Length2D, Length3D, Smooth3D    float64 // micrometres; NaN: not traced
	// GoodLength is between the outermost good objects, and like the densities by the
	// report's measure.
	GoodLength                                            float64
	Density, GoodDensity, AddedDensity, SubtractedDensity float64 // a micrometre
	// Turnover is (gained + lost) / (count before + count now) since the session before.
	Turnover float64
}

// scope is what the objects of a report are put together by.
type scope struct {
	m     *Map
	runs  *Runs
	o     Report
	shown [][]bool // by session and run
	seg   [][]int  // by session and run: the group
	n     int      // map segments; the last group is of those without
}

func (m *Map) scope(o Report) *scope {
	s := &scope{m: m, o: o, runs: m.Runs(o.Type), n: m.SegmentRuns().Len()}
	if o.Whole {
		s.n = 0
	}
	q := Query{Bad: o.Bad, Segment: All}
	for j := range m.Sessions {
		shown, seg := make([]bool, s.runs.Len()), make([]int, s.runs.Len())
		for run := range shown {
			seg[run] = s.n
			if row := s.runs.Row(run, j); row != None {
				shown[run] = m.shows(&q, s.runs, run, j)
				if g := m.MapSegment(j, row); g != None && !o.Whole {
					seg[run] = g
				}
			}
		}
		s.shown, s.seg = append(s.shown, shown), append(s.seg, seg)
	}
	return s
}

// there reports whether a run counts as present in a session.
func (s *scope) there(run, session int) bool {
	if session < 0 || session >= len(s.shown) || s.runs.Row(run, session) == None {
		return false
	}
	return !s.o.Filtered || s.shown[session][run]
}

// Dynamics reports for each session and map segment how many objects came and went.
// Objects of no map segment have rows of their own, if there are any.
func (m *Map) Dynamics(o Report) []DynamicsRow {
	s := m.scope(o)
	n := len(m.Sessions)
	var rows []DynamicsRow
	before := make([]DynamicsRow, s.n+1)
	for j := range m.Sessions {
		group := make([]DynamicsRow, s.n+1)
		gained, lost := make([]int, s.n+1), make([]int, s.n+1)
		for g := range group {
			group[g].Session, group[g].Segment = j, g
			if g == s.n {
				group[g].Segment = None
			}
		}
		for run := range s.runs.Len() {
			if j > 0 && s.shown[j-1][run] && !s.there(run, j) {
				lost[s.seg[j-1][run]]++
			}
			row := s.runs.Row(run, j)
			if row == None {
				continue
			}
			g := &group[s.seg[j][run]]
			if g.Total++; m.Sessions[j].Bad(row) {
				g.Bad++
			}
			if !s.shown[j][run] {
				continue
			}
			g.Count++
			if j > 0 && !s.there(run, j-1) {
				gained[s.seg[j][run]]++
			}
			switch dynamicsOf(j, n, s.there(run, j-1), s.there(run, j+1)) {
			case Added:
				g.Added++
			case Subtracted:
				g.Subtracted++
			case Transient:
				g.Added++
				g.Subtracted++
				g.Transient++
			case Persistent:
				g.Persistent++
			}
		}
		for g := range group {
			r := &group[g]
			r.Good = r.Total - r.Bad
			if g == s.n && r.Total == 0 && before[g].Total == 0 && s.n > 0 {
				continue
			}
			length := m.lengths(j, r.Segment, o.Whole)
			r.Length2D, r.Length3D, r.Smooth3D = length.Length2D, length.Length3D, length.Smooth3D
			along := o.Measure.of(length)
			r.GoodLength = math.NaN()
			if !o.Whole && r.Segment != None {
				r.GoodLength = m.goodLength(s, j, r.Segment)
			}
			r.Density, r.AddedDensity, r.SubtractedDensity = ratio(r.Count, along), ratio(r.Added, along), ratio(r.Subtracted, along)
			r.GoodDensity = ratio(r.Good, r.GoodLength)
			r.PercentAdded, r.PercentSubtracted, r.Turnover = math.NaN(), math.NaN(), math.NaN()
			if j > 0 {
				was := before[g].Count
				r.PercentAdded, r.PercentSubtracted = 100*ratio(gained[g], float64(was)), 100*ratio(lost[g], float64(was))
				r.Turnover = ratio(gained[g]+lost[g], float64(was+r.Count))
			}
			rows = append(rows, *r)
		}
		before = group
	}
	return rows
}

// ratio returns n / of, NaN where there is nothing to divide by.
func ratio(n int, of float64) float64 {
	if !(of > 0) {
		return math.NaN()
	}
	return float64(n) / of
}

// lengths returns the lengths of a map segment in a session, or of all segments.
func (m *Map) lengths(session, segment int, whole bool) Segment {
	s := m.Sessions[session]
	if whole {
		sum := Segment{}
		for _, g := range s.Segments() {
			sum.Length2D, sum.Length3D, sum.Smooth3D = sum.Length2D+g.Length2D, sum.Length3D+g.Length3D, sum.Smooth3D+g.Smooth3D
		}
		if sum.Length2D > 0 {
			return sum
		}
	} else if i := m.SegmentRuns().Row(segment, session); i != None && i < len(s.Segments()) {
		return s.Segments()[i]
	}
	return Segment{Length2D: math.NaN(), Length3D: math.NaN(), Smooth3D: math.NaN()}
}

// goodLength returns the length of the tracing between the outermost good objects of a
// map segment.
func (m *Map) goodLength(s *scope, session, segment int) float64 {
	at := m.Sessions[session]
	points := at.Table.Column("cPnt")
	from, to := math.Inf(1), math.Inf(-1)
	for run := range s.runs.Len() {
		row := s.runs.Row(run, session)
		if row == None || s.seg[session][run] != segment || at.Bad(row) || points == nil || math.IsNaN(points[row]) {
			continue
		}
		from, to = min(from, points[row]), max(to, points[row])
	}
	if at.Tracing == nil || !(from >= 0) || !(to > from) || to >= float64(at.Tracing.Points.Len()) {
		return math.NaN()
	}
	return at.along(int(from), int(to), s.o.Measure)
}

// along returns the length of the tracing from a point to another.
func (s *Session) along(from, to int, measure Measure) float64 {
	p := s.Tracing.Points
	x, y, z := p.Column("x"), p.Column("y"), p.Column("z")
	if x == nil || y == nil {
		return math.NaN()
	}
	z = part(z, from, to+1)
	if measure == Smooth3D && z != nil {
		z = smooth(z)
	}
	flat, deep := length(x[from:to+1], y[from:to+1], z, s.DZ)
	if measure == Length2D {
		return flat
	}
	return deep
}

// SegmentRow is a line of the report on segments: one segment in one session.
type SegmentRow struct {
	Session, Segment             int // Segment: the map segment, None if it is in no segment map
	Index                        int // the segment of the session's tracing
	Spines, Good, Bad            int
	Points                       int // of the tracing
	Length2D, Length3D, Smooth3D float64
	GoodLength                   float64 // by the report's measure
	Density, GoodDensity         float64 // by the report's measure
	Radius                       float64
	ZMin, ZMax                   float64
	Tortuosity                   float64     // Length3D / the straight line between the ends
	UserTypes                    map[int]int // good and bad objects by user type
}

// SegmentReport reports on each traced segment of each session. It also works without
// a segment map.
func (m *Map) SegmentReport(o Report) []SegmentRow {
	var rows []SegmentRow
	runs := m.SegmentRuns()
	t := m.Runs(o.Type).Type
	for j, s := range m.Sessions {
		segments := s.Segments()
		report := make([]SegmentRow, len(segments))
		low, high := make([]float64, len(segments)), make([]float64, len(segments))
		for i, g := range segments {
			report[i] = SegmentRow{
				Session: j, Segment: runs.Run(j, i), Index: i, Points: g.Stop - g.Start, Radius: g.Radius,
				Length2D: g.Length2D, Length3D: g.Length3D, Smooth3D: g.Smooth3D, UserTypes: map[int]int{},
				ZMin: math.NaN(), ZMax: math.NaN(), Tortuosity: math.NaN(), GoodLength: math.NaN(),
			}
			low[i], high[i] = math.Inf(1), math.Inf(-1)
			s.shape(&report[i], g)
		}
		kind, points := s.Table.Column("userType"), s.Table.Column("cPnt")
		for row, of := range s.Types() {
			i := s.Segment(row)
			if of != t || i == None || i >= len(segments) {
				continue
			}
			r := &report[i]
			if r.Spines++; s.Bad(row) {
				r.Bad++
			} else if points != nil && !math.IsNaN(points[row]) {
				low[i], high[i] = min(low[i], points[row]), max(high[i], points[row])
			}
			if kind != nil && !math.IsNaN(kind[row]) {
				r.UserTypes[int(kind[row])]++
			} else {
				r.UserTypes[None]++
			}
		}
		for i := range report {
			r := &report[i]
			r.Good = r.Spines - r.Bad
			if low[i] >= 0 && high[i] > low[i] && high[i] < float64(s.Tracing.Points.Len()) {
				r.GoodLength = s.along(int(low[i]), int(high[i]), o.Measure)
			}
			r.Density, r.GoodDensity = ratio(r.Spines, o.Measure.of(segments[i])), ratio(r.Good, r.GoodLength)
		}
		rows = append(rows, report...)
	}
	return rows
}

// shape measures how a segment runs.
func (s *Session) shape(r *SegmentRow, g Segment) {
	p := s.Tracing.Points
	x, y, z := p.Column("x"), p.Column("y"), p.Column("z")
	if g.Stop-g.Start < 2 || x == nil || y == nil {
		return
	}
	a, b := g.Start, g.Stop-1
	h := 0.0
	if z != nil {
		h = (z[b] - z[a]) * s.DZ
		r.ZMin, r.ZMax = slices.Min(z[a:b+1]), slices.Max(z[a:b+1])
	}
	if d := math.Sqrt((x[b]-x[a])*(x[b]-x[a]) + (y[b]-y[a])*(y[b]-y[a]) + h*h); d > 0 {
		r.Tortuosity = g.Length3D / d
	}
}

// SurvivalRow tells of the objects of one session how many of them are still there in
// a later one.
type SurvivalRow struct {
	From, To int
	UserType int // of the objects in session From; None: of every type, or none
	Of, N    int // objects in From, and those of them that are in To
	Fraction float64
}

// Survival reports for every two sessions the fraction of the objects of the first that
// are in the second. byType adds a row for each user type.
func (m *Map) Survival(o Report, segment int, byType bool) []SurvivalRow {
	s := m.scope(o)
	var rows []SurvivalRow
	for k, from := range m.Sessions {
		kind := from.Table.Column("userType")
		var members [12][]int // by user type + 1; the first is of all
		for run := range s.runs.Len() {
			if !s.shown[k][run] || segment >= 0 && s.seg[k][run] != segment {
				continue
			}
			members[0] = append(members[0], run)
			if row := s.runs.Row(run, k); byType && kind != nil && kind[row] >= 0 && kind[row] <= 10 {
				t := int(kind[row]) + 1
				members[t] = append(members[t], run)
			}
		}
		for t, runs := range members {
			if t > 0 && len(runs) == 0 {
				continue
			}
			for l := k; l < len(m.Sessions); l++ {
				r := SurvivalRow{From: k, To: l, UserType: t - 1, Of: len(runs)}
				if t == 0 {
					r.UserType = None
				}
				for _, run := range runs {
					if s.there(run, l) {
						r.N++
					}
				}
				r.Fraction = ratio(r.N, float64(r.Of))
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// NewRow tells of the objects that are new in a session how many of them stay.
type NewRow struct {
	Session     int
	Added       int     // not in the session before
	Persistent  int     // of these, in this and the following sessions, as many as asked for
	Fraction    float64 // Persistent / Added
	OfThePast   float64 // Persistent / the objects of the session before
	Unknown     bool    // too few sessions follow to say
	Before, Now int     // objects of the session before, and of this one
}

// NewPersistent reports for each session but the first how many of its new objects are
// in that session and the ones after it, for as many sessions as asked for.
func (m *Map) NewPersistent(o Report, segment, sessions int) ([]NewRow, error) {
	if sessions < 1 {
		return nil, fmt.Errorf("an object is persistent after one session or more, not %d", sessions)
	}
	s := m.scope(o)
	var rows []NewRow
	for j := 1; j < len(m.Sessions); j++ {
		r := NewRow{Session: j, Unknown: j+sessions > len(m.Sessions)}
		for run := range s.runs.Len() {
			in := func(k int) bool {
				return k >= 0 && s.shown[k][run] && (segment < 0 || s.seg[k][run] == segment)
			}
			if in(j - 1) {
				r.Before++
			}
			if !in(j) {
				continue
			}
			r.Now++
			if s.there(run, j-1) {
				continue
			}
			r.Added++
			stays := true
			for k := j; k < j+sessions && k < len(m.Sessions); k++ {
				stays = stays && s.there(run, k)
			}
			if stays {
				r.Persistent++
			}
		}
		r.Fraction, r.OfThePast = ratio(r.Persistent, float64(r.Added)), ratio(r.Persistent, float64(r.Before))
		if r.Unknown {
			r.Persistent, r.Fraction, r.OfThePast = 0, math.NaN(), math.NaN()
		}
		rows = append(rows, r)
	}
	return rows, nil
}
