package made

import (
	"math"
	"slices"
	"strings"
	"testing"

	"webmon/shm/maps"
)

// plans are maps with every irregularity that real ones have.
var plans = map[string]Plan{
	"usual":                    {},
	"one session":              {Sessions: 1},
	"empty first session":      {EmptyFirst: true},
	"stacks out of order":      {Sessions: 9, Shuffled: true},
	"no segment map":           {NoSegMap: true},
	"segment map switched off": {SegMapOff: true},
	"others without segments":  {Segments: -1, Type: maps.Other, Spines: 40, NoSegMap: true},
	"others, empty first":      {Segments: -1, Type: maps.Other, Spines: 40, NoSegMap: true, EmptyFirst: true},
	"vascular":                 {Type: maps.Node},
	"commas in notes":          {Commas: true, Spines: 40},
	"Latin-1":                  {Latin: true, Commas: true, Spines: 40},
	"LF":                       {End: "\n"},
	"CR":                       {End: "\r"},
	"CRLF":                     {End: "\r\n", Commas: true},
	"no end of line":           {Cut: true},
	"three channels":           {Channels: 3},
	"one channel":              {Channels: 1},
	"links that are not sound": {Broken: true, Spines: 30, Sessions: 7},
	"blank cells":              {Blank: true, Conditions: []string{"a", "", "b"}},
	"a later program":          {Unknown: true, User: true, Commas: true},
	"nothing of session 1":     {Missing: []string{"Int1", "Int2", "l", "db2"}},
	"no tracing of session 1":  {Missing: []string{"l"}},
	"no Int1 of session 1":     {Missing: []string{"Int1"}},
}

func TestWhatIsMadeUpIsRead(t *testing.T) {
	for name, plan := range plans {
		t.Run(name, func(t *testing.T) {
			plan.Seed = 7
			made := Make(plan)
			m, err := made.Open()
			if err != nil {
				t.Fatal(err)
			}
			truth := &made.Truth
			if len(m.Sessions) != made.Plan.Sessions || m.DefaultType != made.Plan.Type {
				t.Fatalf("got %d sessions, %s", len(m.Sessions), m.DefaultType)
			}
			runs := m.Runs("")
			if runs.Len() != len(truth.Runs) {
				t.Fatalf("got %d runs, want %d", runs.Len(), len(truth.Runs))
			}
			for i, want := range truth.Runs {
				for j, row := range want {
					if runs.Row(i, j) != row {
						t.Fatalf("run %d: got %v, want %v", i, runs.Rows(i), want)
					}
					if row != maps.None && runs.Run(j, row) != i {
						t.Errorf("session %d row %d: got run %d, want %d", j, row, runs.Run(j, row), i)
					}
				}
			}
			missing := func(j int, kind string) bool { return j == 1 && slices.Contains(plan.Missing, kind) }
			for j, s := range m.Sessions {
				if missing(j, "db2") {
					if s.Len() != 0 {
						t.Errorf("session %d has %d objects", j, s.Len())
					}
					continue
				}
				if !slices.Equal(s.Types(), truth.Kinds[j]) {
					t.Errorf("session %d: got types %v, want %v", j, s.Types(), truth.Kinds[j])
				}
				signal := make([]float64, s.Len())
				for i := range signal {
					if signal[i] = math.NaN(); len(s.Int) > 0 && s.Int[0] != nil {
						signal[i] = s.Int[0].Value(i, "ubssSum")
					}
					if got := s.Table.Cell(i, "note"); got != truth.Notes[j][i] {
						t.Errorf("session %d row %d: got the note %q, want %q", j, i, got, truth.Notes[j][i])
					}
					if s.Bad(i) != truth.Bad[j][i] || s.Table.Cell(i, "warning") != "" {
						t.Errorf("session %d row %d: bad %t, warning %q", j, i, s.Bad(i), s.Table.Cell(i, "warning"))
					}
					if got := [3]float64{s.Table.Value(i, "x"), s.Table.Value(i, "y"), s.Table.Value(i, "z")}; got != truth.Places[j][i] {
						t.Errorf("session %d row %d: got %v, want %v", j, i, got, truth.Places[j][i])
					}
				}
				if !slices.EqualFunc(signal, truth.Signal[j], func(a, b float64) bool { return a == b || a != a && b != b }) {
					t.Errorf("session %d: got %v, want %v", j, signal, truth.Signal[j])
				}
				want := max(plan.Segments, 0)
				if plan.Segments == 0 {
					want = 3
				}
				if missing(j, "l") || j == 0 && plan.EmptyFirst {
					want = 0
				}
				if got := len(s.Segments()); got != want {
					t.Errorf("session %d: got %d segments, want %d", j, got, want)
				}
			}
			wantSegments := made.Plan.Segments
			if plan.NoSegMap || plan.SegMapOff || plan.Type == maps.Node {
				wantSegments = 0
			}
			if got := m.SegmentRuns().Len(); got != wantSegments && len(plan.Missing) == 0 {
				t.Errorf("got %d map segments, want %d", got, wantSegments)
			}
			if plan.SegMapOff != m.SegmentsOff {
				t.Errorf("the segment map is switched off: %t", m.SegmentsOff)
			}
			if (len(m.Problems) > 0) != (plan.Broken || slices.Contains(plan.Missing, "db2")) {
				t.Errorf("got the problems %v", m.Problems)
			}
			for _, f := range m.Files() {
				i := slices.IndexFunc(made.Files, func(w maps.File) bool { return w.Path == f.Path })
				if i < 0 || !slices.Equal(made.Files[i].Data, f.Data) {
					t.Errorf("%s is not written as it was read", f.Path)
				}
			}
			if got, want := len(m.Files()), len(made.Files); got != want {
				t.Errorf("got %d files, want %d", got, want)
			}
		})
	}
}

func TestBrokenLinksAreTold(t *testing.T) {
	m, err := Make(Plan{Broken: true, Spines: 30, Sessions: 7, Seed: 7}).Open()
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, p := range m.Problems {
		all.WriteString(p.String() + "\n")
	}
	for _, want := range []string{"which is not linked back", "which has ", "which is not linked to it"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("nothing says %q in:\n%s", want, &all)
		}
	}
}

func TestTheSamePlanMakesTheSameMap(t *testing.T) {
	p := Plan{Seed: 3, Sessions: 6}
	a, b := Make(p), Make(p)
	p.Seed++
	c := Make(p)
	for i, f := range a.Files {
		if !slices.Equal(f.Data, b.Files[i].Data) {
			t.Errorf("%s differs", f.Path)
		}
	}
	if slices.EqualFunc(a.Files, c.Files, func(x, y maps.File) bool { return slices.Equal(x.Data, y.Data) }) {
		t.Error("another seed makes the same map")
	}
}
