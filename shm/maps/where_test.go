package maps

import (
	"math"
	"slices"
	"testing"
)

// A spine that two sessions have is predicted in each from the other, as if it were
// absent there. The errors are micrometres along the dendrite.
func TestWhereAnAbsentRunWouldBe(t *testing.T) {
	m := rr30a(t)
	runs := m.Runs("")
	errors := map[Rule][]float64{}
	var places []float64
	for run := range runs.Len() {
		for j := range len(m.Sessions) - 1 {
			for _, way := range [][2]int{{j, j + 1}, {j + 1, j}} {
				from, to := way[0], way[1]
				a, b := runs.Row(run, from), runs.Row(run, to)
				if a == None || b == None {
					continue
				}
				sa, sb := m.Sessions[from].Table.Column("sDist"), m.Sessions[to].Table.Column("sDist")
				pa := m.Sessions[from].pivotAt(m.Sessions[from].Segment(a))
				pb := m.Sessions[to].pivotAt(m.Sessions[to].Segment(b))
				errors[ByStart] = append(errors[ByStart], math.Abs(sa[a]-sb[b]))
				errors[ByPivot] = append(errors[ByPivot], math.Abs(sa[a]+pa-pb-sb[b]))
				got, rule := m.sDist(runs, run, from, to, run)
				if rule == ByNeighbours {
					errors[rule] = append(errors[rule], math.Abs(got-sb[b]))
				}
				p, ok := m.placed(runs, run, from, to, run)
				if !ok || p.Rule != rule {
					t.Fatalf("run %d in session %d: %v by %s, %t", run, to, p, rule, ok)
				}
				s := m.Sessions[to]
				places = append(places, math.Hypot(p.X-s.Table.Value(b, "x"), p.Y-s.Table.Value(b, "y")))
			}
		}
	}
	quantile := func(v []float64, q float64) float64 {
		slices.Sort(v)
		return v[int(q*float64(len(v)))]
	}
	for _, want := range []struct {
		rule       Rule
		median, of float64 // of: what nine of ten are below
	}{{ByStart, 0.66, 2.14}, {ByPivot, 0.59, 1.49}, {ByNeighbours, 0.42, 1.11}} {
		got := [2]float64{quantile(errors[want.rule], 0.5), quantile(errors[want.rule], 0.9)}
		if math.Abs(got[0]-want.median) > 0.005 || math.Abs(got[1]-want.of) > 0.005 {
			t.Errorf("%s: got %.3f and %.3f, want %g and %g", want.rule, got[0], got[1], want.median, want.of)
		}
	}
	// The heads of spines move too.
	if got := quantile(places, 0.5); got > 0.6 {
		t.Errorf("the median error of a place is %g micrometres", got)
	}
}

func TestLineOf(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		x, y                []float64
		n                   int
		slope, intercept, r float64
	}{
		{[]float64{1, 2, 3, nan}, []float64{5, 3, 1, 9}, 3, -2, 7, -1},
		{[]float64{1e9, 1e9 + 1, 1e9 + 2}, []float64{0, 1, 2}, 3, 1, -1e9, 1},
		{[]float64{0, 1, 2, 3}, []float64{0, 0, 4, 0}, 4, 0.4, 0.4, 0.2581988897471611},
		{[]float64{1, 1}, []float64{1, 2}, 2, nan, nan, nan},
		{[]float64{1, 2}, []float64{3, 3}, 2, 0, 3, nan},
		{nil, nil, 0, nan, nan, nan},
	} {
		got := LineOf(tt.x, tt.y)
		same := func(a, b float64) bool {
			return math.Abs(a-b) < 1e-9*max(1, math.Abs(b)) || math.IsNaN(a) && math.IsNaN(b)
		}
		if got.N != tt.n || !same(got.Slope, tt.slope) || !same(got.Intercept, tt.intercept) || !same(got.R, tt.r) {
			t.Errorf("%v, %v: %+v", tt.x, tt.y, got)
		}
	}
}
