package maps

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Transform holds the values of a run against its value in a session, or its mean over
// the sessions of a condition.
type Transform struct {
	Kind      TransformKind
	Session   int    // the session held against, unless Condition is set
	Condition string // a condition of sessions, "a*" for all that begin with a
}

// TransformKind is what becomes of a value y whose run has the reference r.
type TransformKind string

// The kinds of transform. A value is NaN where the run has no reference.
const (
	Raw     TransformKind = ""
	Change  TransformKind = "change"  // y - r
	Divided TransformKind = "divided" // y / r
	Percent TransformKind = "percent" // 100 (y - r) / r
	Index   TransformKind = "index"   // (y - r) / (y + r)
	OfMean  TransformKind = "mean"    // y / the mean of the run over all of its sessions; needs no reference
)

// TransformKinds lists the kinds of transform.
var TransformKinds = []TransformKind{Raw, Change, Divided, Percent, Index, OfMean}

// apply returns what becomes of a value.
func (k TransformKind) apply(y, r float64) float64 {
	v := y
	switch k {
	case Change:
		v = y - r
	case Divided, OfMean:
		v = y / r
	case Percent:
		v = 100 * (y - r) / r
	case Index:
		v = (y - r) / (y + r)
	}
	if math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// needsReference reports whether a session or a condition has to be named.
func (k TransformKind) needsReference() bool { return k != Raw && k != OfMean }

func (m *Map) checkTransform(t Transform) error {
	switch {
	case !slices.Contains(TransformKinds, t.Kind):
		return fmt.Errorf("there is no transform %q", t.Kind)
	case !t.Kind.needsReference():
		return nil
	case t.Condition != "" && len(m.SessionsOf(t.Condition)) == 0:
		return fmt.Errorf("no session has the condition %q", t.Condition)
	case t.Condition == "" && (t.Session < 0 || t.Session >= len(m.Sessions)):
		return fmt.Errorf("there is no session %d to hold values against; the map has %d", t.Session, len(m.Sessions))
	}
	return nil
}

// Matches reports whether a condition is in a group: "a*" has every condition that
// begins with a, "?" stands for one letter.
func Matches(group, condition string) bool {
	star, mark := -1, 0
	g, c := 0, 0
	for c < len(condition) {
		switch {
		case g < len(group) && group[g] == '*':
			star, mark = g, c
			g++
		case g < len(group) && (group[g] == condition[c] || group[g] == '?'):
			g, c = g+1, c+1
		case star >= 0:
			mark++
			g, c = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(group[g:], "*") == ""
}

// SessionsOf lists the sessions whose condition is in a group.
func (m *Map) SessionsOf(group string) []int {
	var found []int
	for j, s := range m.Sessions {
		if s.Condition != "" && Matches(group, s.Condition) {
			found = append(found, j)
		}
	}
	return found
}

// transforms reports whether a statistic of a query is transformed.
func (q *Query) transforms(name string, stat Stat) bool {
	if q.Transform.Kind == Raw || stat.Words {
		return false
	}
	if q.Transformed != nil {
		return slices.Contains(q.Transformed, name)
	}
	return stat.table != nil
}

// transform replaces the values of a column.
func (m *Map) transform(q Query, c Column, v *Values, runs *Runs) {
	sessions := []int{q.Transform.Session}
	if q.Transform.Kind == OfMean {
		sessions = sessions[:0]
		for j := range m.Sessions {
			sessions = append(sessions, j)
		}
	} else if q.Transform.Condition != "" {
		sessions = m.SessionsOf(q.Transform.Condition)
	}
	q.Session = All
	reference := math.NaN()
	for i := range c.Values {
		if i == 0 || v.Runs[i] != v.Runs[i-1] {
			reference = m.mean(&q, c.Stat, runs, int(v.Runs[i]), sessions, false)
		}
		c.Values[i] = q.Transform.Kind.apply(c.Values[i], reference)
	}
}

// mean returns the mean of a statistic of a run over sessions, of the objects that a
// query asks for; NaN if there is none or, if strict, if one is missing.
func (m *Map) mean(q *Query, stat Stat, runs *Runs, run int, sessions []int, strict bool) float64 {
	sum, n := 0.0, 0
	for _, j := range sessions {
		y := math.NaN()
		if m.shows(q, runs, run, j) {
			row := runs.Row(run, j)
			if stat.table != nil {
				y = stat.table(m.Sessions[j]).Value(row, stat.column)
			} else {
				one := &Values{Runs: []int32{int32(run)}, Sessions: []int32{int32(j)}, Rows: []int32{int32(row)}, Segments: []int32{int32(m.MapSegment(j, row))},
					Dynamics: []Dynamics{dynamicsOf(j, runs.Sessions, runs.Row(run, j-1) != None, runs.Row(run, j+1) != None)}}
				y = m.computed(stat.Name, one, 0, runs, func(string) float64 { return math.NaN() })
			}
		}
		if !math.IsNaN(y) {
			sum, n = sum+y, n+1
		} else if strict {
			return math.NaN()
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}
