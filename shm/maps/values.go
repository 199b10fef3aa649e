package maps

import (
	"fmt"
	"math"
	"slices"
)

// All stands for every session, every map segment, in a Query.
const All = -1

// Query says which objects are asked for, and which of their statistics.
type Query struct {
	Stats   []string // names of Stats
	Type    Type     // "": the map's own
	Session int      // All: every session
	Segment int      // map segment; All: every one, and objects without
	Bad     bool     // bad objects too
	// UserTypes leaves out objects of other user types; nil: none is left out.
	UserTypes []int
	Mask      Mask // leaves out whole runs
	// Transform is what becomes of the statistics in Transformed; nil: of all but those
	// of time and place in the map.
	Transform   Transform
	Transformed []string
	// Zero is the session whose days and hours are 0.
	Zero int
	// Filtered says that dynamics are those of the objects asked for: with bad ones
	// left out, their neighbours count as added or subtracted, as in the original
	// program. Otherwise they are those of all objects.
	Filtered bool
}

// Mask says which runs are shown: those with one object, of those asked for, that was
// added, subtracted, transient; or those that are in every session.
type Mask string

// The masks. NoMask shows every run.
const (
	NoMask         Mask = ""
	MaskAdded      Mask = "added"
	MaskSubtracted Mask = "subtracted"
	MaskTransient  Mask = "transient"
	MaskAlways     Mask = "always"
)

// Masks lists the masks.
var Masks = []Mask{NoMask, MaskAdded, MaskSubtracted, MaskTransient, MaskAlways}

// Values are the statistics of objects, an entry of each slice for each object, in
// the order of runs, then of sessions.
type Values struct {
	Runs, Sessions, Rows []int32
	Dynamics             []Dynamics
	Segments             []int32 // map segment, None
	Bad                  []bool
	Columns              []Column
}

// Column is one statistic of the objects of Values.
type Column struct {
	Stat   Stat
	Values []float64 // NaN: missing; for words, which of Words
	Words  []string  // nil for numbers
}

// Len returns the number of objects.
func (v *Values) Len() int { return len(v.Runs) }

// shows reports which cells of the runs a query asks for.
func (m *Map) shows(q *Query, runs *Runs, run, session int) bool {
	row := runs.Row(run, session)
	if row == None || !q.Bad && m.Sessions[session].Bad(row) {
		return false
	}
	if q.UserTypes != nil {
		t := m.Sessions[session].Table.Value(row, "userType")
		if t != math.Trunc(t) || !slices.Contains(q.UserTypes, int(t)) {
			return false
		}
	}
	return q.Segment < 0 || m.MapSegment(session, row) == q.Segment
}

// check says why a query cannot be answered.
func (m *Map) checkQuery(q *Query) error {
	if q.Session >= len(m.Sessions) || q.Session < All {
		return fmt.Errorf("there is no session %d; the map has %d, counted from 0", q.Session, len(m.Sessions))
	}
	if !slices.Contains(Masks, q.Mask) {
		return fmt.Errorf("there is no mask %q; there are added, subtracted, transient, always", q.Mask)
	}
	if q.Zero < 0 || q.Zero >= len(m.Sessions) {
		return fmt.Errorf("there is no session %d to count days from; the map has %d", q.Zero, len(m.Sessions))
	}
	if n := m.SegmentRuns().Len(); q.Segment >= n || q.Segment < All {
		if n == 0 {
			return fmt.Errorf("the map has no segments, so none can be chosen")
		}
		return fmt.Errorf("there is no map segment %d; the map has %d, counted from 0", q.Segment, n)
	}
	return nil
}

// Values returns the statistics of the objects that a query asks for.
func (m *Map) Values(q Query) (*Values, error) {
	if err := m.checkQuery(&q); err != nil {
		return nil, err
	}
	stats := make([]Stat, len(q.Stats))
	for i, name := range q.Stats {
		var ok bool
		if stats[i], ok = m.Stat(name); !ok {
			return nil, fmt.Errorf("there is no statistic %q", name)
		}
	}
	if err := m.checkTransform(q.Transform); err != nil {
		return nil, err
	}
	v := &Values{}
	runs := m.Runs(q.Type)
	n := runs.Sessions
	shown, dynamics := make([]bool, n), make([]Dynamics, n)
	for run := range runs.Len() {
		first, last := runs.First(run), runs.Last(run)
		for j := first; j <= last; j++ {
			shown[j] = m.shows(&q, runs, run, j)
		}
		passes, always := q.Mask == NoMask, last-first+1 == n
		for j := first; j <= last; j++ {
			always = always && shown[j]
			if !shown[j] {
				continue
			}
			before, after := j > first, j < last
			if q.Filtered {
				before, after = before && shown[j-1], after && shown[j+1]
			}
			dynamics[j] = dynamicsOf(j, n, before, after)
			passes = passes || dynamics[j].String() == string(q.Mask)
		}
		if !passes && !(q.Mask == MaskAlways && always) {
			continue
		}
		for j := first; j <= last; j++ {
			if !shown[j] || q.Session != All && j != q.Session {
				continue
			}
			row := runs.Row(run, j)
			v.Runs, v.Sessions, v.Rows = append(v.Runs, int32(run)), append(v.Sessions, int32(j)), append(v.Rows, int32(row))
			v.Dynamics = append(v.Dynamics, dynamics[j])
			v.Segments = append(v.Segments, int32(m.MapSegment(j, row)))
			v.Bad = append(v.Bad, m.Sessions[j].Bad(row))
		}
	}
	for i, stat := range stats {
		c := m.column(stat, v, runs)
		if (stat.Name == "days" || stat.Name == "hours") && q.Zero > 0 {
			zero := m.Sessions[q.Zero].Days
			if stat.Name == "hours" {
				zero = m.Sessions[q.Zero].Hours
			}
			for k := range c.Values {
				c.Values[k] -= zero
			}
		}
		if q.transforms(q.Stats[i], stat) {
			m.transform(q, c, v, runs)
		}
		v.Columns = append(v.Columns, c)
	}
	return v, nil
}

// column returns one statistic of the objects of v.
func (m *Map) column(stat Stat, v *Values, runs *Runs) Column {
	c := Column{Stat: stat, Values: make([]float64, v.Len())}
	if stat.table != nil {
		of := m.numbers(stat)
		for i, row := range v.Rows {
			c.Values[i] = math.NaN()
			if col := of[v.Sessions[i]]; int(row) < len(col) {
				c.Values[i] = col[row]
			}
		}
		return c
	}
	word := func(w string) float64 {
		i := slices.Index(c.Words, w)
		if i < 0 {
			i = len(c.Words)
			c.Words = append(c.Words, w)
		}
		return float64(i)
	}
	for i := range c.Values {
		c.Values[i] = m.computed(stat.Name, v, i, runs, word)
	}
	return c
}

// numbers returns the column of a statistic of a table, by session.
func (m *Map) numbers(stat Stat) [][]float64 {
	of := make([][]float64, len(m.Sessions))
	for j, s := range m.Sessions {
		of[j] = stat.table(s).Column(stat.column)
	}
	return of
}

func number01(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func known(v int) float64 {
	if v == None {
		return math.NaN()
	}
	return float64(v)
}

// computed returns a statistic that is not in a table.
func (m *Map) computed(name string, v *Values, i int, runs *Runs, word func(string) float64) float64 {
	run, j := int(v.Runs[i]), int(v.Sessions[i])
	s := m.Sessions[j]
	switch name {
	case "mapName":
		return word(m.Name)
	case "mapCond":
		return word(m.ConditionText())
	case "sessCond":
		return word(s.Condition)
	case "mapSession":
		return float64(j)
	case "runIdx":
		return float64(run)
	case "days":
		return s.Days
	case "hours":
		return s.Hours
	case "mapSegment":
		return known(int(v.Segments[i]))
	case "dynamics":
		return float64(v.Dynamics[i])
	case "next":
		return known(runs.Row(run, j+1))
	case "prev":
		return known(runs.Row(run, j-1))
	case "nexttp":
		if runs.Row(run, j+1) != None {
			return float64(j + 1)
		}
		return math.NaN()
	case "prevtp":
		if runs.Row(run, j-1) != None {
			return float64(j - 1)
		}
		return math.NaN()
	case "isAdd":
		return number01(v.Dynamics[i] == Added || v.Dynamics[i] == Transient)
	case "isSub":
		return number01(v.Dynamics[i] == Subtracted || v.Dynamics[i] == Transient)
	case "isTransient":
		return number01(v.Dynamics[i] == Transient)
	}
	return math.NaN()
}
