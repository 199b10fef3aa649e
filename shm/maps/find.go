package maps

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Search says what to look for among objects.
type Search struct {
	Kind     SearchKind
	Type     Type    // "": the map's own
	Session  int     // All: every session
	Segment  int     // map segment; All: every one
	Bad      bool    // bad objects too
	Distance float64 // micrometres, for Close, Again, Ends; 0: the usual
	Words    string  // for Notes: what they have; "" any; "*" those to look at again
	Stat     string  // for Compare
	Op       string  // <, <=, =, !=, >=, >
	Value    float64
}

// SearchKind is what a search looks for.
type SearchKind string

// The kinds of search.
const (
	FindBad        SearchKind = "bad"
	FindNotes      SearchKind = "notes"
	FindClose      SearchKind = "close" // to another of its session
	FindAdded      SearchKind = "added"
	FindSubtracted SearchKind = "subtracted"
	FindTransient  SearchKind = "transient"
	FindAgain      SearchKind = "again" // added near where another was lost
	FindType       SearchKind = "type"  // the user type changes within the run
	FindEnds       SearchKind = "ends"  // near an end of its segment
	FindStat       SearchKind = "stat"  // a statistic is below, above, ...
)

// SearchKinds lists the kinds of search.
var SearchKinds = []SearchKind{FindBad, FindNotes, FindClose, FindAdded, FindSubtracted, FindTransient, FindAgain, FindType, FindEnds, FindStat}

// NeedsSegments reports whether a search finds nothing in a map without segments.
func (k SearchKind) NeedsSegments() bool { return k == FindEnds }

// Usual returns the distance, in micrometres, that a search takes unless told.
func (k SearchKind) Usual() float64 {
	switch k {
	case FindClose:
		return 0.5
	case FindAgain:
		return 1
	case FindEnds:
		return 2
	}
	return 0
}

// Found is one object that a search has found.
type Found struct {
	Run, Session, Row, Segment int
	// Other is an object that it was found with, None where there is none.
	OtherRun, OtherSession, OtherRow int
	Value                            float64 // a distance in micrometres, the statistic, or NaN
	Text                             string  // for people
}

// Find returns what a search finds, in the order of sessions, then of rows.
func (m *Map) Find(s Search) ([]Found, error) {
	q := Query{Type: s.Type, Session: s.Session, Segment: s.Segment, Bad: s.Bad || s.Kind == FindBad}
	if s.Kind == FindStat {
		q.Stats = []string{s.Stat}
	}
	v, err := m.Values(q)
	if err != nil {
		return nil, err
	}
	if s.Distance == 0 {
		s.Distance = s.Kind.Usual()
	}
	if !(s.Distance >= 0) {
		return nil, fmt.Errorf("the distance is %g; it has to be 0 or more", s.Distance)
	}
	f := &finder{m: m, s: s, v: v, runs: m.Runs(s.Type)}
	if err := f.find(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(f.found, func(a, b Found) int {
		if a.Session != b.Session {
			return a.Session - b.Session
		}
		return a.Row - b.Row
	})
	return f.found, nil
}

type finder struct {
	m     *Map
	s     Search
	v     *Values
	runs  *Runs
	found []Found
}

// add notes object i of the values.
func (f *finder) add(i int, value float64, format string, args ...any) *Found {
	f.found = append(f.found, Found{
		Run: int(f.v.Runs[i]), Session: int(f.v.Sessions[i]), Row: int(f.v.Rows[i]), Segment: int(f.v.Segments[i]),
		OtherRun: None, OtherSession: None, OtherRow: None, Value: value, Text: fmt.Sprintf(format, args...),
	})
	return &f.found[len(f.found)-1]
}

func (f *finder) find() error {
	switch f.s.Kind {
	case FindBad:
		f.each(func(i int) {
			if f.v.Bad[i] {
				f.add(i, math.NaN(), "bad")
			}
		})
	case FindNotes:
		f.notes()
	case FindAdded, FindSubtracted, FindTransient:
		f.each(func(i int) {
			if f.v.Dynamics[i].String() == string(f.s.Kind) {
				f.add(i, math.NaN(), "%s", f.s.Kind)
			}
		})
	case FindClose:
		f.close()
	case FindAgain:
		f.again()
	case FindType:
		f.changes()
	case FindEnds:
		f.ends()
	case FindStat:
		return f.compare()
	default:
		return fmt.Errorf("there is no search %q", f.s.Kind)
	}
	return nil
}

func (f *finder) each(do func(i int)) {
	for i := range f.v.Len() {
		do(i)
	}
}

func (f *finder) notes() {
	words := strings.ToLower(f.s.Words)
	f.each(func(i int) {
		note := strings.TrimSpace(f.m.Sessions[f.v.Sessions[i]].Table.Cell(int(f.v.Rows[i]), "note"))
		if note != "" && strings.Contains(strings.ToLower(note), words) {
			f.add(i, math.NaN(), "%s", note)
		}
	})
}

// place returns where an object is, in micrometres in three dimensions.
func (m *Map) place(session, row int) [3]float64 {
	s := m.Sessions[session]
	z := s.Table.Value(row, "z") * s.DZ
	if math.IsNaN(z) {
		z = 0
	}
	return [3]float64{s.Table.Value(row, "x"), s.Table.Value(row, "y"), z}
}

func distance(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

// close finds objects whose heads are nearer to each other than the distance. Those of
// one session are sorted by x, so that each is held against few.
func (f *finder) close() {
	by := map[int32][]int{}
	for i, j := range f.v.Sessions {
		by[j] = append(by[j], i)
	}
	for j := range int32(len(f.m.Sessions)) {
		of := by[j]
		at := make(map[int][3]float64, len(of))
		of = slices.DeleteFunc(of, func(i int) bool {
			at[i] = f.m.place(int(j), int(f.v.Rows[i]))
			return math.IsNaN(at[i][0] + at[i][1])
		})
		slices.SortFunc(of, func(a, b int) int { return cmp.Compare(at[a][0], at[b][0]) })
		for n, i := range of {
			for _, k := range of[n+1:] {
				if at[k][0]-at[i][0] > f.s.Distance || len(f.found) >= maxFound {
					break
				}
				if d := distance(at[i], at[k]); d <= f.s.Distance {
					for _, pair := range [][2]int{{i, k}, {k, i}} {
						o := f.add(pair[0], d, "%.2f µm from run %d", d, f.v.Runs[pair[1]])
						o.OtherRun, o.OtherSession, o.OtherRow = int(f.v.Runs[pair[1]]), int(j), int(f.v.Rows[pair[1]])
					}
				}
			}
		}
	}
}

// maxFound bounds what a search finds where everything lies in one place.
const maxFound = 100_000

// again finds objects that are added near where another run had ended before. The one
// that was lost is placed into the session of the one that came.
func (f *finder) again() {
	type end struct {
		run, last, segment int
	}
	ended := map[int][]end{} // by map segment
	for run := range f.runs.Len() {
		if last := f.runs.Last(run); last < len(f.m.Sessions)-1 {
			g := f.m.MapSegment(last, f.runs.Row(run, last))
			ended[g] = append(ended[g], end{run, last, g})
		}
	}
	f.each(func(i int) {
		run, j, row := int(f.v.Runs[i]), int(f.v.Sessions[i]), int(f.v.Rows[i])
		if j == 0 || f.runs.First(run) != j {
			return
		}
		best, nearest := end{run: None}, math.Inf(1)
		for _, e := range ended[int(f.v.Segments[i])] {
			if e.last >= j {
				continue
			}
			if d := f.apart(e.run, run, j, row); d <= f.s.Distance && d < nearest {
				best, nearest = e, d
			}
		}
		if best.run != None {
			o := f.add(i, nearest, "%.2f µm from where run %d was lost after session %d", nearest, best.run, best.last)
			o.OtherRun, o.OtherSession, o.OtherRow = best.run, best.last, f.runs.Row(best.run, best.last)
		}
	})
}

// apart returns how far the place where a lost run would be is from an object: along
// the dendrite on the same side, else in space.
func (f *finder) apart(lost, run, session, row int) float64 {
	last := f.runs.Last(lost)
	was := f.runs.Row(lost, last)
	a, b := f.m.Sessions[last], f.m.Sessions[session]
	// Most are far away: their distance from the pivot says so at once.
	pa, pb := a.Table.Value(was, "pDist"), b.Table.Value(row, "pDist")
	if math.Abs(pa-pb) > f.s.Distance+20 {
		return math.Inf(1)
	}
	p, ok := f.m.placed(f.runs, lost, last, session, run)
	if !ok {
		return math.Inf(1)
	}
	if s := b.Table.Value(row, "sDist"); !math.IsNaN(p.SDist) && !math.IsNaN(s) {
		if one, two := a.Table.Cell(was, "cLine"), b.Table.Cell(row, "cLine"); one != two && one != "" && two != "" {
			return math.Inf(1)
		}
		return math.Abs(p.SDist - s)
	}
	return distance([3]float64{p.X, p.Y, p.Z * b.DZ}, f.m.place(session, row))
}

func (f *finder) changes() {
	f.each(func(i int) {
		run, j := int(f.v.Runs[i]), int(f.v.Sessions[i])
		before := f.runs.Row(run, j-1)
		if before == None {
			return
		}
		a, b := f.m.Sessions[j-1].Table.Value(before, "userType"), f.m.Sessions[j].Table.Value(int(f.v.Rows[i]), "userType")
		if a == b || math.IsNaN(a) && math.IsNaN(b) {
			return
		}
		name := func(v float64) string {
			if math.IsNaN(v) {
				return "none"
			}
			return FormatNumber(v)
		}
		o := f.add(i, b, "user type %s, was %s", name(b), name(a))
		o.OtherRun, o.OtherSession, o.OtherRow = run, j-1, before
	})
}

func (f *finder) ends() {
	f.each(func(i int) {
		s := f.m.Sessions[f.v.Sessions[i]]
		g := s.Segment(int(f.v.Rows[i]))
		d := s.Table.Value(int(f.v.Rows[i]), "sDist")
		if segments := s.Segments(); g == None || g >= len(segments) || math.IsNaN(d) {
			return
		} else if to := segments[g].Length2D - d; d <= f.s.Distance {
			f.add(i, d, "%.2f µm from the start of the segment", d)
		} else if to <= f.s.Distance {
			f.add(i, to, "%.2f µm from the end of the segment", to)
		}
	})
}

func (f *finder) compare() error {
	c := f.v.Columns[0]
	if c.Stat.Words {
		return fmt.Errorf("%s is words, and cannot be compared with a number", f.s.Stat)
	}
	want := f.s.Value
	ops := map[string]func(v float64) bool{
		"<": func(v float64) bool { return v < want }, "<=": func(v float64) bool { return v <= want },
		"=": func(v float64) bool { return v == want }, "!=": func(v float64) bool { return v == v && v != want },
		">=": func(v float64) bool { return v >= want }, ">": func(v float64) bool { return v > want },
	}
	is, ok := ops[f.s.Op]
	if !ok {
		return fmt.Errorf("there is no comparison %q; there are <, <=, =, !=, >=, >", f.s.Op)
	}
	f.each(func(i int) {
		if v := c.Values[i]; is(v) {
			f.add(i, v, "%s is %s", f.s.Stat, FormatNumber(v))
		}
	})
	return nil
}

// Pair is an object of one session and the one of the next that it may be.
type Pair struct {
	Session, Row, Segment int     // Segment: of the map
	PDist                 float64 // NaN in a map without segments
	Partner               int     // row in the next session, None: none is near enough
	PartnerPDist          float64
	Distance              float64 // micrometres; NaN without a partner
	SameSide              bool
}

// Pairs proposes partners in the next session for the objects of a session that have
// none: of the same map segment, nearest by the distance from the pivot, and nearer than
// the limit in micrometres; in a map without segments nearest in space after its pivot
// was moved. Each partner is proposed once, for whom it is nearest.
func (m *Map) Pairs(t Type, session, segment int, limit float64, sameSide bool) ([]Pair, error) {
	if session < 0 || session+1 >= len(m.Sessions) {
		return nil, fmt.Errorf("session %d has no session after it; the map has %d", session, len(m.Sessions))
	}
	if err := m.checkQuery(&Query{Session: session, Segment: segment}); err != nil {
		return nil, err
	}
	if !(limit > 0) {
		return nil, fmt.Errorf("the distance is %g; it has to be above 0", limit)
	}
	runs := m.Runs(t)
	a, b := m.Sessions[session], m.Sessions[session+1]
	dx, dy, dz, _ := m.offset(runs, session, session+1, None, None, None)
	var pairs []Pair
	var free []int // rows of the next session without a partner
	for row, run := range runs.runs[session+1] {
		if run != None && runs.First(int(run)) == session+1 {
			free = append(free, row)
		}
	}
	type offer struct {
		pair, row int
		d         float64
		same      bool
	}
	var offers []offer
	for row, run := range runs.runs[session] {
		g := m.MapSegment(session, row)
		if run == None || runs.Last(int(run)) != session || segment != All && g != segment {
			continue
		}
		p := Pair{Session: session, Row: row, Segment: g, PDist: a.Table.Value(row, "pDist"), Partner: None, PartnerPDist: math.NaN(), Distance: math.NaN()}
		near := make([]offer, 0, 8)
		for _, other := range free {
			if m.MapSegment(session+1, other) != g {
				continue
			}
			d := math.Abs(p.PDist - b.Table.Value(other, "pDist"))
			if g == None {
				at := m.place(session, row)
				d = distance([3]float64{at[0] + dx, at[1] + dy, at[2] + dz*b.DZ}, m.place(session+1, other))
			}
			same := a.Table.Cell(row, "cLine") == b.Table.Cell(other, "cLine")
			if d < limit && (same || !sameSide) {
				near = append(near, offer{len(pairs), other, d, same})
			}
		}
		slices.SortFunc(near, func(x, y offer) int { return cmp.Compare(x.d, y.d) })
		offers = append(offers, near[:min(len(near), 16)]...)
		pairs = append(pairs, p)
	}
	slices.SortStableFunc(offers, func(x, y offer) int { return cmp.Compare(x.d, y.d) })
	taken := map[int]bool{}
	for _, o := range offers {
		if p := &pairs[o.pair]; p.Partner == None && !taken[o.row] {
			taken[o.row] = true
			p.Partner, p.PartnerPDist, p.Distance, p.SameSide = o.row, b.Table.Value(o.row, "pDist"), o.d, o.same
		}
	}
	return pairs, nil
}
