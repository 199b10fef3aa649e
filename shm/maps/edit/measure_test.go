package edit

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"webmon/shm/maps"
	"webmon/shm/maps/library"
	"webmon/shm/maps/made"
	"webmon/shm/stack"
)

// pictured is a library whose maps have images.
type pictured struct {
	*library.Library
	drawn     *maps.Map
	closed    atomic.Bool // nobody gets an image, and whoever asks waits
	asked     chan struct{}
	stretched bool
}

func (p *pictured) Channels(string, int) []int { return []int{1, 2} }

func (p *pictured) Image(ctx context.Context, _ string, session, channel int) (library.Image, error) {
	if p.closed.Load() {
		select {
		case p.asked <- struct{}{}:
		default:
		}
		<-ctx.Done()
		return library.Image{}, ctx.Err()
	}
	im, err := made.Images(p.drawn, session, channel)
	if err != nil {
		return library.Image{}, err
	}
	return library.Image{Image: flat{im, p.stretched}, Release: func() {}}, nil
}

// flat may be stretched.
type flat struct {
	stack.Image
	stretched bool
}

func (f flat) Info() *stack.Info {
	i := *f.Image.Info()
	i.Stretched = f.stretched
	return &i
}

// picturedFolder writes a map that was made up into a folder, and returns that and the map.
func picturedFolder(t testing.TB) (string, *maps.Map) {
	t.Helper()
	all := made.Make(made.Plan{Name: "rr30a", Seed: 3, Sessions: 2, Segments: 2, Spines: 8})
	dir := t.TempDir()
	for _, f := range all.Files {
		path := filepath.Join(dir, "rr30a", filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m, err := maps.Open(filepath.Join(dir, "rr30a"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, m
}

func openPictured(t testing.TB, dir string, drawn *maps.Map) (*Desk, *pictured) {
	t.Helper()
	d := NewDesk(Options{Now: func() time.Time { return noon }, Failed: func(err error) { t.Error(err) }})
	p := &pictured{Library: library.New(library.Options{Dirs: []string{dir}, Loaded: d.Loaded}), drawn: drawn, asked: make(chan struct{}, 1)}
	d.Use(p)
	p.Look()
	t.Cleanup(d.Close)
	return d, p
}

// inner is a spine that lies well within its segment and the image, with values.
func inner(t testing.TB, m *maps.Map) (row int, x, y, z float64) {
	t.Helper()
	s := m.Sessions[0]
	for row, kind := range s.Types() {
		if kind != maps.Spine {
			continue
		}
		g := s.Segments()[s.Segment(row)]
		k := int(s.Table.Value(row, "cPnt"))
		x, y, z := s.Table.Value(row, "x"), s.Table.Value(row, "y"), s.Table.Value(row, "z")
		if k > g.Start+40 && k < g.Stop-40 && x > 15 && y > 15 && x < 100 && y < 100 && z > 4 && s.Int[0].Value(row, "sSum") > 0 {
			return row, x, y, z
		}
	}
	t.Fatal("the map has no such spine")
	return 0, 0, 0, 0
}

func settled(t testing.TB, d *Desk) {
	t.Helper()
	d.settle(t.Context(), "rr30a", time.Minute)
	if st, _, err := d.State(t.Context(), "rr30a", ada, 10); err != nil || st.Measuring != 0 {
		t.Fatalf("it is not settled: %+v, %v", st, err)
	}
}

func TestWhatWasMovedIsMeasuredAgain(t *testing.T) {
	dir, original := picturedFolder(t)
	d, l := openPictured(t, dir, original)
	row, x, y, z := inner(t, original)
	x += 0.05
	done := must(t, d, ada, edition(t, l.Library), Edit{Do: Move, Row: row, X: &x, Y: &y, Z: &z})
	if done.Unsaved != 1 {
		t.Fatalf("an edit makes %d unsaved", done.Unsaved)
	}
	settled(t, d)
	o := current(t, l.Library)
	s := o.Sessions[0]
	for c, i := range s.Int {
		if i.Value(row, "isDirty") != 0 || i.Cell(row, "sSum") == original.Sessions[0].Int[c].Cell(row, "sSum") || i.Value(row, "ubssSum") != i.Value(row, "sSum")-i.Value(row, "sbSum") {
			t.Errorf("channel %d of the moved object: %s", c+1, i.Line(row))
		}
		for other := range i.Len() {
			if other != row && string(i.Line(other)) != string(original.Sessions[0].Int[c].Line(other)) {
				t.Errorf("channel %d of row %d has changed", c+1, other)
			}
		}
	}
	if s.Table.Value(row, "isDirty") != 0 || o.Unsaved != 1 {
		t.Errorf("isDirty is %q, and %d edits are not saved", s.Table.Cell(row, "isDirty"), o.Unsaved)
	}
	measured := string(s.Int[0].Line(row))

	// What was measured is no conflict to anybody, and goes with the edit.
	must(t, d, bob, done.Edition, Edit{Do: Note, Row: row, Note: ptr("seen")})
	if _, err := d.Undo(t.Context(), "rr30a", bob); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Undo(t.Context(), "rr30a", ada); err != nil {
		t.Fatal(err)
	}
	settled(t, d)
	same(t, "after undo", current(t, l.Library).Map, original)
	if _, err := d.Redo(t.Context(), "rr30a", ada); err != nil {
		t.Fatal(err)
	}
	settled(t, d)
	if got := string(current(t, l.Library).Sessions[0].Int[0].Line(row)); got != measured {
		t.Errorf("measured again it is\n%s\nand was\n%s", got, measured)
	}

	// A save waits for what has to be measured, and writes it.
	must(t, d, ada, edition(t, l.Library), Edit{Do: Measure, Session: 0, Row: row})
	if _, err := d.Save(t.Context(), "rr30a", false); err != nil {
		t.Fatal(err)
	}
	m, err := maps.Open(filepath.Join(dir, "rr30a"))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(m.Sessions[0].Int[0].Line(row)); got != measured {
		t.Errorf("the file has\n%s\nand it was measured as\n%s", got, measured)
	}
}

// An edit is answered while nothing can be measured; what is left is measured after a restart.
func TestMeasuringDoesNotHoldUpEditsAndGoesOn(t *testing.T) {
	dir, original := picturedFolder(t)
	d, l := openPictured(t, dir, original)
	l.closed.Store(true)
	row, x, y, z := inner(t, original)
	x += 0.05
	must(t, d, ada, edition(t, l.Library), Edit{Do: Move, Row: row, X: &x, Y: &y, Z: &z})
	<-l.asked // it is being measured
	must(t, d, ada, edition(t, l.Library), Edit{Do: Add, X: &x, Y: &y, Z: &z})
	must(t, d, bob, edition(t, l.Library), Edit{Do: Delete, Row: 0 + row - 1})
	if st, records, err := d.State(t.Context(), "rr30a", ada, 10); err != nil || st.Measuring != 2 || len(records) != 3 {
		t.Fatalf("%+v, %d records, %v", st, len(records), err)
	}
	d.Close()

	d, l = openPictured(t, dir, original)
	o := current(t, l.Library)
	if o.Unsaved != 3 {
		t.Fatalf("%d edits are not saved", o.Unsaved)
	}
	settled(t, d)
	s := current(t, l.Library).Sessions[0]
	for _, r := range []int{row - 1, s.Len() - 1} {
		if s.Int[1].Value(r, "isDirty") != 0 || !(s.Int[1].Value(r, "sSum") > 0) {
			t.Errorf("row %d: %s", r, s.Int[1].Line(r))
		}
	}
	if added, by := s.Int[0].Value(s.Len()-1, "spineWidth"), s.Int[0].Value(row-1, "spineWidth"); added != by || !(by > 0) {
		t.Errorf("a new object is measured %v wide, and its neighbour is %v wide", added, by)
	}
	// A third start has nothing to do.
	d.Close()
	d, l = openPictured(t, dir, original)
	l.closed.Store(true)
	current(t, l.Library)
	if st, _, err := d.State(t.Context(), "rr30a", ada, 10); err != nil || st.Measuring != 0 {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestStretchedImagesAreNotMeasured(t *testing.T) {
	dir, original := picturedFolder(t)
	d, l := openPictured(t, dir, original)
	l.stretched = true
	row, x, y, z := inner(t, original)
	x += 0.05
	must(t, d, ada, edition(t, l.Library), Edit{Do: Move, Row: row, X: &x, Y: &y, Z: &z})
	settled(t, d)
	s := current(t, l.Library).Sessions[0]
	if s.Table.Cell(row, "warning") != stretchedWords || s.Int[0].Value(row, "isDirty") != 1 || s.Int[0].Cell(row, "sSum") != original.Sessions[0].Int[0].Cell(row, "sSum") {
		t.Errorf("warning %q, %s", s.Table.Cell(row, "warning"), s.Int[0].Line(row))
	}
	if _, err := d.Undo(t.Context(), "rr30a", ada); err != nil {
		t.Fatal(err)
	}
	same(t, "after undo", current(t, l.Library).Map, original)
}

func TestOnlySpinesAreMeasured(t *testing.T) {
	m := rr30a(t)
	for row, kind := range m.Sessions[0].Types() {
		if kind != maps.Spine {
			if _, err := (&Edit{Do: Measure, Row: row}).Ops(m, "ada", noon); err == nil {
				t.Fatalf("a %s would be measured", kind)
			}
		}
	}
}
