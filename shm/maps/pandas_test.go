package maps

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"webmon/lacking"
)

// pandas returns a Python that has pandas.
func pandas(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Python; skipped with -short")
	}
	python := filepath.Join("..", "..", ".venv", "napari-latest", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		lacking.Skip(t, "the environment .venv/napari-latest is not there: run .ci/venvs.sh napari-latest")
	}
	return python
}

// truth is what testdata/truth.py prints.
type truth struct {
	Runs    [][]int
	Values  [][]any
	Reports map[string][][]*float64
	// from, to, of, n
	Survival [][4]int
	Pool     [][]any
}

// written writes the files of a map into a folder of its name.
func written(t testing.TB, m *Map) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), m.Name)
	for _, f := range m.Files() {
		to := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// same reports whether two numbers are the same but for rounding; nil is NaN.
func same(got float64, want any) bool {
	switch w := want.(type) {
	case nil:
		return math.IsNaN(got)
	case *float64:
		if w == nil {
			return math.IsNaN(got)
		}
		return math.Abs(got-*w) <= 1e-9*max(1, math.Abs(*w))
	case float64:
		return math.Abs(got-w) <= 1e-9*max(1, math.Abs(w))
	}
	return false
}

func TestPandasComputesTheSame(t *testing.T) {
	python := pandas(t)
	m := rr30a(t)
	cmd := exec.Command(python, "testdata/truth.py", written(t, m))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want truth
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}

	runs := m.Runs("")
	if runs.Len() != len(want.Runs) {
		t.Fatalf("got %d runs, pandas %d", runs.Len(), len(want.Runs))
	}
	for i, rows := range want.Runs {
		if got := fmt.Sprint(runs.Rows(i)); got != fmt.Sprint(rows) {
			t.Errorf("run %d: got %s, pandas %v", i, got, rows)
		}
	}

	q := Query{Stats: []string{"ubssSum_int1", "pDist", "runIdx", "mapSession"}, Session: All, Segment: All, Bad: true}
	v, err := m.Values(q)
	if err != nil {
		t.Fatal(err)
	}
	q.Transform = Transform{Kind: Percent, Session: 0}
	percent, err := m.Values(q)
	if err != nil {
		t.Fatal(err)
	}
	q.Transform, q.Bad, q.Filtered = Transform{}, false, true
	good, err := m.Values(q)
	if err != nil {
		t.Fatal(err)
	}
	after := map[[2]int32]Dynamics{}
	for i := range good.Len() {
		after[[2]int32{good.Runs[i], good.Sessions[i]}] = good.Dynamics[i]
	}
	if v.Len() != len(want.Values) {
		t.Fatalf("got %d values, pandas %d", v.Len(), len(want.Values))
	}
	for i, w := range want.Values {
		got := []float64{
			float64(v.Runs[i]), float64(v.Sessions[i]), float64(v.Rows[i]), v.Columns[0].Values[i], v.Columns[1].Values[i],
			float64(v.Dynamics[i]), float64(after[[2]int32{v.Runs[i], v.Sessions[i]}]), float64(v.Segments[i]), number01(v.Bad[i]), percent.Columns[0].Values[i],
		}
		if w[6] == nil {
			w[6] = 0.0
		}
		w[8] = number01(w[8].(bool))
		for k := range got {
			if !same(got[k], w[k]) {
				t.Errorf("object %d, value %d: got %v, pandas %v", i, k, got, w)
				break
			}
		}
	}

	for _, bad := range []bool{false, true} {
		for _, filtered := range []bool{false, true} {
			key := fmt.Sprintf("%d%d", int(number01(bad)), int(number01(filtered)))
			got := m.Dynamics(Report{Bad: bad, Filtered: filtered})
			if len(got) != len(want.Reports[key]) {
				t.Fatalf("report %s: got %d rows, pandas %d", key, len(got), len(want.Reports[key]))
			}
			for i, r := range got {
				w := want.Reports[key][i]
				have := []float64{
					float64(r.Session), float64(r.Segment), float64(r.Total), float64(r.Bad), float64(r.Count), float64(r.Added), float64(r.Subtracted), float64(r.Transient),
					float64(r.Persistent), r.Length2D, r.Length3D, r.Smooth3D, r.Density, r.Turnover,
				}
				for k := range have {
					if !same(have[k], w[k]) {
						t.Errorf("report %s, session %d, segment %d, value %d: got %v, pandas %v", key, r.Session, r.Segment, k, have[k], *w[k])
					}
				}
			}
		}
	}

	survival := m.Survival(Report{}, All, false)
	if len(survival) != len(want.Survival) {
		t.Fatalf("got %d rows of survival, pandas %d", len(survival), len(want.Survival))
	}
	for i, r := range survival {
		if w := want.Survival[i]; [4]int{r.From, r.To, r.Of, r.N} != w {
			t.Errorf("survival: got %v, pandas %v", r, w)
		}
	}

	pool, err := m.Pool(PoolQuery{Stat: "ubssSum_int1", Groups: []string{"a*", "d*"}, Transform: Percent, Baseline: "b*", Segment: All}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range Summarise(pool, 2, func(PoolValue) string { return "" }) {
		w := want.Pool[i]
		if !same(float64(r.Objects.N), w[1]) || !same(r.Objects.Mean, w[2]) || !same(r.Objects.SD, w[3]) || !same(r.Objects.SE, w[4]) || r.Maps.N != 1 {
			t.Errorf("pool: got %v, pandas %v", r, w)
		}
	}
}
