package maps

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// PoolQuery asks for a statistic of the runs of several maps, by the condition of their
// sessions.
type PoolQuery struct {
	Stat string
	// Groups are session conditions, in the order of the figure; "a*" has every condition
	// that begins with a. A run has one value in each: its mean over the group's sessions.
	Groups []string
	// Strict makes that value missing if the run is not in every session of the group, as
	// the original did. Otherwise it is the mean over those it is in.
	Strict bool
	// Transform holds the value against the run's mean in the group Baseline, by the same
	// rule.
	Transform TransformKind
	Baseline  string
	// Across, unless it is "", is a condition of sessions, as a group is: a run's value
	// there, without the transform, stands beside each of its others. Runs that have none
	// are left out.
	Across string

	Type      Type
	Segment   int // map segment; All: every one
	Bad       bool
	UserTypes []int
	Mask      Mask
	Filtered  bool
}

// PoolValue is the value of one run of a map in one group.
type PoolValue struct {
	Map      int // in the order in which the maps were asked
	Run      int
	Segment  int // map segment, None
	Group    int // of Groups
	Value    float64
	X        float64 // in Across; NaN without it
	Sessions []int32 // that the value is the mean of; the first leads to an object of the run
}

// check says why no map can answer the query.
func (q *PoolQuery) check() error {
	switch {
	case !slices.Contains(TransformKinds, q.Transform):
		return fmt.Errorf("there is no transform %q", q.Transform)
	case q.Transform.needsReference() && q.Baseline == "":
		return fmt.Errorf("the transform %q needs a baseline, a condition of sessions", q.Transform)
	case len(q.Groups) > maxSessions:
		return fmt.Errorf("there are %d groups; a pool may have %d", len(q.Groups), maxSessions)
	}
	return nil
}

// Pool returns the values of the map's runs in each group, those that are missing left
// out. The number of the map in them is n. A map that lacks a group, or the baseline, has
// no values there.
func (m *Map) Pool(q PoolQuery, n int) ([]PoolValue, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	stat, ok := m.Stat(q.Stat)
	if !ok {
		return nil, fmt.Errorf("the map %s has no statistic %q", m.Name, q.Stat)
	}
	if stat.Words {
		return nil, fmt.Errorf("%s is words, which have no mean", q.Stat)
	}
	shown := Query{Type: q.Type, Session: All, Segment: q.Segment, Bad: q.Bad, UserTypes: q.UserTypes, Mask: q.Mask, Filtered: q.Filtered}
	if q.Segment != All && q.Segment >= m.SegmentRuns().Len() {
		return nil, nil // other maps of the pool may have it
	}
	v, err := m.Values(shown)
	if err != nil {
		return nil, err
	}
	shown.Mask = NoMask // it has left out whole runs
	groups := make([][]int, len(q.Groups))
	for g, group := range q.Groups {
		groups[g] = m.SessionsOf(group)
	}
	base, across := m.SessionsOf(q.Baseline), m.SessionsOf(q.Across)
	runs := m.Runs(q.Type)
	var values []PoolValue
	for i, run := range v.Runs {
		if i > 0 && v.Runs[i-1] == run {
			continue
		}
		reference := math.NaN()
		if q.Transform.needsReference() {
			reference = m.mean(&shown, stat, runs, int(run), base, q.Strict)
		} else if q.Transform == OfMean {
			all := make([]int, len(m.Sessions))
			for j := range all {
				all[j] = j
			}
			reference = m.mean(&shown, stat, runs, int(run), all, false)
		}
		x := math.NaN()
		if q.Across != "" {
			if x = m.mean(&shown, stat, runs, int(run), across, q.Strict); math.IsNaN(x) {
				continue
			}
		}
		for g, sessions := range groups {
			y := q.Transform.apply(m.mean(&shown, stat, runs, int(run), sessions, q.Strict), reference)
			if math.IsNaN(y) {
				continue
			}
			p := PoolValue{Map: n, Run: int(run), Segment: int(v.Segments[i]), Group: g, Value: y, X: x}
			for _, j := range sessions {
				if m.shows(&shown, runs, int(run), j) {
					p.Sessions = append(p.Sessions, int32(j))
				}
			}
			values = append(values, p)
		}
	}
	return values, nil
}

// Conditions lists the conditions of the sessions, each once, in their order.
func (m *Map) Conditions() []string {
	var found []string
	for _, s := range m.Sessions {
		if s.Condition != "" && !slices.Contains(found, s.Condition) {
			found = append(found, s.Condition)
		}
	}
	return found
}

// HasCondition reports whether a map is of a condition: one of the words of its mapCond.
// "" is of every map.
func (m *Map) HasCondition(word string) bool {
	return word == "" || slices.ContainsFunc(m.Condition, func(c string) bool { return Matches(word, c) })
}

// Spread is the mean of some values and how they spread.
type Spread struct {
	N    int
	Mean float64
	SD   float64 // with N - 1; NaN of fewer than two
	SE   float64 // SD / sqrt(N)
}

// SpreadOf returns the spread of values, of which NaN are left out.
func SpreadOf(values []float64) Spread {
	s := Spread{Mean: math.NaN(), SD: math.NaN(), SE: math.NaN()}
	sum := 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum += v
			s.N++
		}
	}
	if s.N == 0 {
		return s
	}
	s.Mean = sum / float64(s.N)
	if s.N < 2 {
		return s
	}
	sum = 0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum += (v - s.Mean) * (v - s.Mean)
		}
	}
	s.SD = math.Sqrt(sum / float64(s.N-1))
	s.SE = s.SD / math.Sqrt(float64(s.N))
	return s
}

// Line is the straight line of least squares through points.
type Line struct {
	N                int
	Slope, Intercept float64 // NaN of fewer than two points, or if all have one x
	R                float64 // Pearson's correlation; NaN also if all have one y
}

// LineOf returns the line through the points x[i], y[i], of which those with a NaN are left
// out.
func LineOf(x, y []float64) Line {
	out := Line{Slope: math.NaN(), Intercept: math.NaN(), R: math.NaN()}
	var mx, my float64
	for i := range x {
		if !math.IsNaN(x[i]) && !math.IsNaN(y[i]) {
			out.N++
			mx += (x[i] - mx) / float64(out.N)
			my += (y[i] - my) / float64(out.N)
		}
	}
	var xx, xy, yy float64
	for i := range x {
		if dx, dy := x[i]-mx, y[i]-my; !math.IsNaN(dx) && !math.IsNaN(dy) {
			xx, xy, yy = xx+dx*dx, xy+dx*dy, yy+dy*dy
		}
	}
	if out.N < 2 || xx == 0 {
		return out
	}
	out.Slope = xy / xx
	out.Intercept = my - out.Slope*mx
	if yy > 0 {
		out.R = xy / math.Sqrt(xx*yy)
	}
	return out
}

// PoolRow is a line of the table of a pool.
type PoolRow struct {
	Group   int
	Key     string // what the line is of, besides the group
	Objects Spread // over runs, whatever their map
	Across  Line   // through the runs' values and those they have in PoolQuery.Across
	Maps    Spread // over the means of the maps: n is the number of maps
}

// Summarise puts values together by group and by a key of each: the condition of its map,
// the map, the map and segment. Keys are in the order in which they come.
func Summarise(values []PoolValue, groups int, key func(PoolValue) string) []PoolRow {
	type of struct {
		group int
		key   string
	}
	var keys []string
	type found struct{ x, y []float64 }
	all := map[of]map[int]*found{} // by map
	for _, v := range values {
		k := key(v)
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
		o := of{v.Group, k}
		if all[o] == nil {
			all[o] = map[int]*found{}
		}
		if all[o][v.Map] == nil {
			all[o][v.Map] = &found{}
		}
		at := all[o][v.Map]
		at.x, at.y = append(at.x, v.X), append(at.y, v.Value)
	}
	var rows []PoolRow
	for _, k := range keys {
		for g := range groups {
			byMap := all[of{g, k}]
			if byMap == nil {
				continue
			}
			var every, x, means []float64
			for _, n := range slices.Sorted(maps.Keys(byMap)) {
				of := byMap[n]
				every, x = append(every, of.y...), append(x, of.x...)
				means = append(means, SpreadOf(of.y).Mean)
			}
			rows = append(rows, PoolRow{Group: g, Key: k, Objects: SpreadOf(every), Across: LineOf(x, every), Maps: SpreadOf(means)})
		}
	}
	return rows
}

// ConditionText is the condition of the map as it is written: its words with ";"
// between.
func (m *Map) ConditionText() string { return strings.Join(m.Condition, ";") }
