package made

import (
	"math"
	"slices"
	"strings"
	"testing"

	"webmon/shm/maps"
)

func open(t *testing.T, p Plan) (*Made, *maps.Map) {
	t.Helper()
	made := Make(p)
	m, err := made.Open()
	if err != nil {
		t.Fatal(err)
	}
	return made, m
}

// cells are session and row of what was found.
func cells(found []maps.Found) [][2]int {
	var c [][2]int
	for _, f := range found {
		c = append(c, [2]int{f.Session, f.Row})
	}
	return c
}

// each calls do with every object of the truth, in the order of sessions and rows.
func (truth *Truth) each(t maps.Type, do func(session, row int)) {
	for j, kinds := range truth.Kinds {
		for i, k := range kinds {
			if k == t {
				do(j, i)
			}
		}
	}
}

// run returns the run of an object.
func (truth *Truth) run(session, row int) int {
	return slices.IndexFunc(truth.Runs, func(r []int) bool { return r[session] == row })
}

func TestSearches(t *testing.T) {
	made, m := open(t, Plan{Sessions: 7, Spines: 40, Commas: true, Seed: 11})
	truth := &made.Truth
	there := func(run, session int) bool {
		return session >= 0 && session < 7 && truth.Runs[run][session] != maps.None
	}
	for _, c := range []struct {
		search maps.Search
		is     func(j, i int) bool
	}{
		{maps.Search{Kind: maps.FindBad}, func(j, i int) bool { return truth.Bad[j][i] }},
		{maps.Search{Kind: maps.FindNotes, Bad: true}, func(j, i int) bool { return truth.Notes[j][i] != "" }},
		{maps.Search{Kind: maps.FindNotes, Bad: true, Words: "NECK"}, func(j, i int) bool { return strings.Contains(truth.Notes[j][i], "neck") }},
		{maps.Search{Kind: maps.FindAdded, Bad: true}, func(j, i int) bool {
			r := truth.run(j, i)
			return j > 0 && !there(r, j-1) && (j == 6 || there(r, j+1))
		}},
		{maps.Search{Kind: maps.FindSubtracted, Bad: true}, func(j, i int) bool {
			r := truth.run(j, i)
			return j < 6 && !there(r, j+1) && (j == 0 || there(r, j-1))
		}},
		{maps.Search{Kind: maps.FindTransient, Bad: true}, func(j, i int) bool {
			r := truth.run(j, i)
			return j > 0 && j < 6 && !there(r, j+1) && !there(r, j-1)
		}},
		{maps.Search{Kind: maps.FindStat, Stat: "ubssSum_int1", Op: ">", Value: 1500, Bad: true}, func(j, i int) bool { return truth.Signal[j][i] > 1500 }},
	} {
		c.search.Session, c.search.Segment = maps.All, maps.All
		found, err := m.Find(c.search)
		if err != nil {
			t.Fatal(err)
		}
		var want [][2]int
		truth.each(maps.Spine, func(j, i int) {
			if c.is(j, i) {
				want = append(want, [2]int{j, i})
			}
		})
		if got := cells(found); !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("%s %s: got %v, want %v", c.search.Kind, c.search.Words, got, want)
		}
	}
	if _, err := m.Find(maps.Search{Kind: "luck", Session: maps.All, Segment: maps.All}); err == nil {
		t.Error("a search that there is not was made")
	}
}

func TestWhatLiesTooClose(t *testing.T) {
	made, m := open(t, Plan{Segments: 1, Spines: 150, Seed: 4})
	const limit = 0.5
	var want [][2]int
	truth := &made.Truth
	truth.each(maps.Spine, func(j, i int) {
		truth.each(maps.Spine, func(k, l int) {
			a, b := truth.Places[j][i], truth.Places[k][l]
			if j == k && i != l && math.Sqrt(math.Pow(a[0]-b[0], 2)+math.Pow(a[1]-b[1], 2)+math.Pow(a[2]-b[2], 2)) <= limit {
				want = append(want, [2]int{j, i})
			}
		})
	})
	found, err := m.Find(maps.Search{Kind: maps.FindClose, Distance: limit, Session: maps.All, Segment: maps.All, Bad: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := cells(found); !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhatCameAgainIsFound(t *testing.T) {
	made, m := open(t, Plan{Sessions: 9, Spines: 30, Segments: 6, Gain: 0.3, Loss: 0.3, Seed: 5})
	found, err := m.Find(maps.Search{Kind: maps.FindAgain, Session: maps.All, Segment: maps.All, Bad: true})
	if err != nil {
		t.Fatal(err)
	}
	missed := 0
	for _, pair := range made.Truth.Again {
		if !slices.ContainsFunc(found, func(f maps.Found) bool { return made.Truth.Thing[f.Run] == pair[1] }) {
			missed++
		}
	}
	if n := len(made.Truth.Again); n < 20 || missed > n/20 {
		t.Errorf("%d of %d that came again were not found", missed, n)
	}
}

// Pairs are proposed for objects whose links were cut.
func TestPairsAreThoseThatWere(t *testing.T) {
	made, m := open(t, Plan{Sessions: 2, Spines: 25, Gain: 0.01, Loss: 0.01, Seed: 5})
	var cut []maps.Link
	runs := m.Runs("")
	n := 0
	for run := range runs.Len() {
		if a, b := runs.Row(run, 0), runs.Row(run, 1); a != maps.None && b != maps.None {
			cut = append(cut, maps.Link{Block: "next", Session: 0, Row: a, Value: maps.None}, maps.Link{Block: "prev", Session: 1, Row: b, Value: maps.None})
			n++
		}
	}
	links, err := m.Objects.Set(cut...)
	if err != nil {
		t.Fatal(err)
	}
	m = m.With(func(m *maps.Map) { m.Objects = links })
	if got := m.Runs("").Len(); got < 2*n {
		t.Fatalf("got %d runs after all links were cut", got)
	}
	pairs, err := m.Pairs("", 0, maps.All, 2, true)
	if err != nil {
		t.Fatal(err)
	}
	right, taken := 0, map[int]bool{}
	for _, p := range pairs {
		if p.Partner == maps.None {
			continue
		}
		if taken[p.Partner] {
			t.Errorf("row %d is proposed twice", p.Partner)
		}
		taken[p.Partner] = true
		if made.Truth.run(0, p.Row) == made.Truth.run(1, p.Partner) {
			right++
		}
	}
	if right < n*9/10 {
		t.Errorf("%d of %d pairs are right", right, n)
	}
}

func TestWithoutSegmentsThingsMoveAsThePivotDoes(t *testing.T) {
	made, m := open(t, Plan{Segments: -1, Type: maps.Other, Spines: 60, NoSegMap: true, Seed: 9})
	runs := m.Runs("")
	n := 0
	for run, rows := range made.Truth.Runs {
		last := runs.Last(run)
		if last+1 >= len(rows) {
			continue
		}
		p, ok := m.Where(runs, run, last+1)
		if !ok || p.Rule != maps.ByOffset {
			t.Fatalf("run %d: got %v, %t", run, p, ok)
		}
		// Both pivots are where everything is moved from and to.
		a, b := made.Truth.Places[last], made.Truth.Places[last+1]
		at := a[rows[last]]
		want := [3]float64{at[0] + b[0][0] - a[0][0], at[1] + b[0][1] - a[0][1], at[2] + b[0][2] - a[0][2]}
		if math.Hypot(p.X-want[0], p.Y-want[1]) > 1e-9 || p.Z != want[2] {
			t.Errorf("run %d: got %v, want %v", run, p, want)
		}
		n++
	}
	if n == 0 {
		t.Error("no run has ended")
	}
	if r := m.Dynamics(maps.Report{Bad: true}); len(r) != 5 || r[0].Segment != maps.None || !math.IsNaN(r[0].Density) || r[0].Count != 60 {
		t.Errorf("got the report %v", r)
	}
	if _, err := m.Values(maps.Query{Session: maps.All, Segment: 0}); err == nil || !strings.Contains(err.Error(), "no segments") {
		t.Errorf("got %v for a segment", err)
	}
}

func TestMasks(t *testing.T) {
	made, m := open(t, Plan{Sessions: 6, Spines: 40, Seed: 2})
	for mask, is := range map[maps.Mask]func(run []int) bool{
		maps.MaskAlways: func(run []int) bool { return !slices.Contains(run, maps.None) },
		maps.MaskAdded: func(run []int) bool {
			first := slices.IndexFunc(run, func(r int) bool { return r >= 0 })
			return first > 0 && (first == 5 || run[first+1] >= 0)
		},
	} {
		v, err := m.Values(maps.Query{Session: maps.All, Segment: maps.All, Bad: true, Mask: mask})
		if err != nil {
			t.Fatal(err)
		}
		for run, rows := range made.Truth.Runs {
			if got := slices.Contains(v.Runs, int32(run)); got != is(rows) {
				t.Errorf("%s: run %v is shown: %t", mask, rows, got)
			}
		}
	}
}

// A hundred maps, half of them with an effect in the sessions a1 and a2: it is found
// there, and nowhere else.
func TestAPlantedEffectIsFound(t *testing.T) {
	conditions := []string{"b1", "b2", "a1", "a2", "c1"}
	var values []maps.PoolValue
	var of []string
	for n := range 100 {
		p := Plan{Name: "map", Seed: uint64(n), Conditions: conditions, Condition: "control", Segments: 2, Spines: 10}
		if n%2 == 0 {
			p.Condition, p.Effect = "trained", map[string]float64{"a1": 1.3, "a2": 1.3}
		}
		_, m := open(t, p)
		v, err := m.Pool(maps.PoolQuery{Stat: "ubssSum_int1", Groups: []string{"a*", "c*"}, Transform: maps.Divided, Baseline: "b*", Segment: maps.All}, n)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, v...)
		of = append(of, m.ConditionText())
	}
	rows := maps.Summarise(values, 2, func(v maps.PoolValue) string { return of[v.Map] })
	if len(rows) != 4 {
		t.Fatalf("got %v", rows)
	}
	for _, r := range rows {
		want := 1.0
		if r.Key == "trained" && r.Group == 0 {
			want = 1.3
		}
		if r.Maps.N != 50 || math.Abs(r.Objects.Mean-want) > 0.03 || math.Abs(r.Maps.Mean-want) > 4*r.Maps.SE+0.01 || r.Objects.N < 500 {
			t.Errorf("%s, group %d: got %+v, want %g", r.Key, r.Group, r, want)
		}
	}
}

func TestGroupsAndBaselines(t *testing.T) {
	_, m := open(t, Plan{Sessions: 4, Conditions: []string{"b1", "b2", "a1", ""}, Seed: 3})
	if got := m.SessionsOf("b*"); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("b* has the sessions %v", got)
	}
	loose, _ := m.Pool(maps.PoolQuery{Stat: "days", Groups: []string{"b*"}, Segment: maps.All, Bad: true}, 0)
	strict, _ := m.Pool(maps.PoolQuery{Stat: "days", Groups: []string{"b*"}, Segment: maps.All, Bad: true, Strict: true}, 0)
	if len(strict) == 0 || len(loose) <= len(strict) {
		t.Errorf("got %d values, %d strictly", len(loose), len(strict))
	}
	for _, v := range strict {
		if v.Value != 0.5 || !slices.Equal(v.Sessions, []int32{0, 1}) {
			t.Errorf("got %v", v)
		}
	}
	if _, err := m.Pool(maps.PoolQuery{Stat: "days", Groups: []string{"b*"}, Transform: maps.Percent}, 0); err == nil {
		t.Error("percent of nothing was taken")
	}
	for group, want := range map[string]bool{"a*": true, "a1": true, "*": true, "a?": true, "b*": false, "a": false, "a1*": true, "a1?": false, "*1": true} {
		if maps.Matches(group, "a1") != want {
			t.Errorf("%s has a1: %t", group, !want)
		}
	}
}

func TestSurvivalAndNewOnes(t *testing.T) {
	made, m := open(t, Plan{Sessions: 6, Spines: 60, Gain: 0.3, Seed: 8})
	rows, err := m.NewPersistent(maps.Report{Bad: true}, maps.All, 3)
	if err != nil || len(rows) != 5 {
		t.Fatalf("got %v, %v", rows, err)
	}
	for _, r := range rows {
		added, stayed := 0, 0
		for _, run := range made.Truth.Runs {
			if run[r.Session] >= 0 && run[r.Session-1] < 0 {
				added++
				if r.Session+2 < 6 && run[r.Session+1] >= 0 && run[r.Session+2] >= 0 {
					stayed++
				}
			}
		}
		if r.Added != added || r.Persistent != stayed || r.Unknown != (r.Session > 3) {
			t.Errorf("got %+v, want %d of %d", r, stayed, added)
		}
	}
	of := map[int]int{}
	for _, r := range m.Survival(maps.Report{Bad: true}, maps.All, true) {
		if r.From == 0 && r.To == 3 {
			of[r.UserType] = r.N
		}
	}
	if of[maps.None] == 0 || of[maps.None] != of[0]+of[1]+of[2]+of[3] {
		t.Errorf("survivors by user type: %v", of)
	}
}

// The maps of the demo show what their pool is for.
func TestTheDemoHasAnEffect(t *testing.T) {
	var values []maps.PoolValue
	var of []string
	for n, p := range Demo() {
		_, m := open(t, p)
		v, err := m.Pool(maps.PoolQuery{Stat: "ubssSum_int1", Groups: []string{"b*", "t*"}, Transform: maps.Percent, Baseline: "b*", Segment: maps.All}, n)
		if err != nil {
			t.Fatal(err)
		}
		values, of = append(values, v...), append(of, m.ConditionText())
	}
	for _, r := range maps.Summarise(values, 2, func(v maps.PoolValue) string { return of[v.Map] }) {
		want := 0.0
		if r.Key == "trained" && r.Group == 1 {
			want = 30
		}
		if r.Maps.N != 4 || math.Abs(r.Maps.Mean-want) > 8 {
			t.Errorf("%s, group %d: got %+v", r.Key, r.Group, r)
		}
	}
}
