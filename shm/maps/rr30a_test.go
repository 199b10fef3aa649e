package maps

import (
	"archive/zip"
	"io/fs"
	"math"
	"slices"
	"testing"
)

// rr30a opens the real map of the tests: mapmanager/PyMapManager-Data, MIT licence.
func rr30a(t testing.TB) *Map {
	t.Helper()
	z, err := zip.OpenReader("made/rr30a.zip")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	dir, err := fs.Sub(z, "rr30a")
	if err != nil {
		t.Fatal(err)
	}
	m, err := Read(dir, "rr30a")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFiguresOfRR30a(t *testing.T) {
	m := rr30a(t)
	if m.Name != "rr30a" || !slices.Equal(m.Condition, []string{"mc1"}) || m.DefaultType != Spine {
		t.Errorf("got %q, %q, %q", m.Name, m.Condition, m.DefaultType)
	}
	want := struct{ objects, control, tracing, moved, unmeasured, slices []int }{
		objects:    []int{287, 275, 223, 307, 277, 282, 263, 270, 283},
		control:    []int{142, 136, 106, 145, 129, 141, 128, 129, 130},
		tracing:    []int{2121, 2118, 2055, 2101, 2069, 2072, 2090, 2107, 2081},
		moved:      []int{39, 46, 64, 189, 59, 53, 40, 41, 104},
		unmeasured: []int{2, 1, 1, 0, 0, 2, 0, 0, 1},
		slices:     []int{70, 65, 70, 70, 70, 80, 70, 80, 70},
	}
	var conditions []string
	spines := 0
	for j, s := range m.Sessions {
		conditions = append(conditions, s.Condition)
		control, _ := s.Count(Control)
		pivots, _ := s.Count(Pivot)
		global, _ := s.Count(GlobalPivot)
		n, _ := s.Count(Spine)
		spines += n
		moved, unmeasured := 0, 0
		for i, idx := range s.Table.Column("Idx") {
			if idx != float64(i) {
				moved++
			}
			if s.Types()[i] == Spine && math.IsNaN(s.Int[0].Column("ubssSum")[i]) {
				unmeasured++
			}
		}
		got := [...]int{s.Len(), control, s.Tracing.Points.Len(), moved, unmeasured, s.PZ, pivots, global, len(s.Segments())}
		if got != [...]int{want.objects[j], want.control[j], want.tracing[j], want.moved[j], want.unmeasured[j], want.slices[j], 5, 1, 5} {
			t.Errorf("session %d: got %v", j, got)
		}
		if s.PX != 1024 || s.PY != 1024 || s.DX != 0.12 || s.DZ != 1 || s.Channels != 2 || s.Channel != 2 {
			t.Errorf("session %d: got %d x %d, %g, %g, channels %d, %d", j, s.PX, s.PY, s.DX, s.DZ, s.Channels, s.Channel)
		}
	}
	if !slices.Equal(conditions, []string{"q", "a1", "a2", "b1", "b2", "b", "u", "d1", "d2"}) || m.Sessions[8].Days != 19.961 {
		t.Errorf("got %q, %g days", conditions, m.Sessions[8].Days)
	}
	if spines != 1227 { // numSpine of the session table
		t.Errorf("got %d spines", spines)
	}
	for i, want := range []struct {
		n  int
		um float64
	}{{695, 85.3}, {429, 57}, {558, 72.6}, {190, 23.7}, {249, 32}} {
		s := m.Sessions[0].Segments()[i]
		if s.Stop-s.Start != want.n || math.Abs(s.Length2D-want.um) > 0.06 {
			t.Errorf("segment %d: got %d points, %g micrometres", i, s.Stop-s.Start, s.Length2D)
		}
	}
	if got := m.Sessions[0].Segments()[0].Length3D; math.Abs(got-94.655) > 0.001 {
		t.Errorf("got %g micrometres in three dimensions", got)
	}
	for i, want := range []struct {
		mean float64
		n    int
	}{{1.874, 50}, {1.507, 22}, {1.984, 39}, {2.109, 8}, {1.738, 14}} {
		v, err := m.Values(Query{Stats: []string{"sLen3d_int1"}, Session: 1, Segment: i, Bad: true})
		if err != nil {
			t.Fatal(err)
		}
		sum, n := 0.0, 0
		for _, x := range v.Columns[0].Values {
			if !math.IsNaN(x) {
				sum, n = sum+x, n+1
			}
		}
		if n != want.n || math.Abs(sum/float64(n)-want.mean) > 0.0006 {
			t.Errorf("segment %d: got %g of %d, want %g of %d", i, sum/float64(n), n, want.mean, want.n)
		}
	}
	if n := m.SegmentRuns().Len(); n != 5 {
		t.Errorf("got %d map segments", n)
	}
	t.Log(len(m.Stats()), "statistics;", m.Runs("").Len(), "runs;", m.Size(), "bytes;", m.Problems)
}

func TestRR30aIsWrittenAsItWas(t *testing.T) {
	z, err := zip.OpenReader("made/rr30a.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := rr30a(t).Files()
	if len(files) != 3+9*4 {
		t.Errorf("got %d files", len(files))
	}
	for _, f := range files {
		was, err := fs.ReadFile(z, "rr30a/"+f.Path)
		if err != nil || !slices.Equal(was, f.Data) {
			t.Errorf("%s is not what it was (%v)", f.Path, err)
		}
	}
}
