package edit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

var (
	ada = By{Who: "ada", Key: "1"}
	bob = By{Who: "bob", Key: "2"}
)

// folder writes rr30a into a folder of maps, and returns that.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range rr30a(t).Files() {
		path := filepath.Join(dir, "rr30a", filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// open opens the maps of a folder, as a webmon that has just been started.
func open(t testing.TB, dir string) (*Desk, *library.Library) {
	t.Helper()
	d := NewDesk(Options{Now: func() time.Time { return noon }})
	l := library.New(library.Options{Dirs: []string{dir}, Loaded: d.Loaded})
	d.Use(l)
	l.Look()
	t.Cleanup(d.Close)
	return d, l
}

func edition(t testing.TB, l *library.Library) string {
	t.Helper()
	return current(t, l).Edition
}

func current(t testing.TB, l *library.Library) library.Opened {
	t.Helper()
	o, err := l.Open(context.Background(), "rr30a")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func must(t testing.TB, d *Desk, by By, edition string, e Edit) Done {
	t.Helper()
	done, err := d.Do(context.Background(), "rr30a", by, edition, e)
	if err != nil {
		t.Fatalf("%+v: %v", e, err)
	}
	return done
}

func TestAnEditIsThereAfterARestart(t *testing.T) {
	dir := folder(t)
	d, l := open(t, dir)
	first := edition(t, l)
	must(t, d, ada, first, Edit{Do: Note, Row: 280, Note: ptr("look again, *")})
	done := must(t, d, ada, first, Edit{Do: Delete, Session: 2, Row: 150})
	if got := current(t, l); got.Unsaved != 2 || got.Edition != done.Edition || got.Sessions[0].Table.Cell(280, "note") != "look again, *" {
		t.Fatalf("the library has %d unsaved edits, edition %s, want %s", got.Unsaved, got.Edition, done.Edition)
	}
	d.Close()

	d, l = open(t, dir)
	o := current(t, l)
	if o.Unsaved != 2 || o.Edition != done.Edition || o.Sessions[0].Table.Cell(280, "note") != "look again, *" || o.Sessions[2].Len() != 222 {
		t.Fatalf("after a restart: %d unsaved edits, edition %s, want %s", o.Unsaved, o.Edition, done.Edition)
	}
	// Editions of pages that were open before, and undo, go on.
	must(t, d, ada, first, Edit{Do: Bad, Session: 2, Row: 160, Bad: ptr(true)})
	if got := current(t, l).Sessions[2].Table.Cell(159, "isBad"); got != "1" {
		t.Errorf("isBad of what was row 160 before the deletion is %q", got)
	}
	for range 3 {
		if _, err := d.Undo(context.Background(), "rr30a", ada); err != nil {
			t.Fatal(err)
		}
	}
	o = current(t, l)
	same(t, "all undone", o.Map, rr30a(t))
	if o.Unsaved != 0 {
		t.Errorf("%d unsaved edits when all are undone", o.Unsaved)
	}
}

func TestTwoPeopleOnOneObject(t *testing.T) {
	d, l := open(t, folder(t))
	ctx := context.Background()
	seen := edition(t, l)
	must(t, d, ada, seen, Edit{Do: Note, Row: 280, Note: ptr("ada was here")})
	_, err := d.Do(ctx, "rr30a", bob, seen, Edit{Do: Bad, Row: 280, Bad: ptr(true)})
	var c *Conflict
	if !errors.As(err, &c) || c.By != "ada" || c.Did != Note || c.Value == nil || c.Value.Note != "ada was here" || c.Value.Row != 280 {
		t.Fatalf("bob is told %v, value %+v", err, c)
	}
	// Ada goes on from the same page, and others objects are no matter.
	must(t, d, ada, seen, Edit{Do: UserType, Row: 280, UserType: ptr(3)})
	must(t, d, bob, seen, Edit{Do: UserType, Row: 281, UserType: ptr(4)})
	now := edition(t, l)
	must(t, d, bob, now, Edit{Do: Bad, Row: 280, Bad: ptr(true)})
	if _, err = d.Undo(ctx, "rr30a", ada); !errors.As(err, &c) || c.By != "bob" {
		t.Fatalf("ada takes back what bob has changed since: %v", err)
	}
	// Deleting moves rows up: bob's row is found, and what is gone is said.
	must(t, d, ada, edition(t, l), Edit{Do: Delete, Row: 200})
	must(t, d, bob, now, Edit{Do: Note, Row: 285, Note: ptr("mine")})
	if got := current(t, l).Sessions[0].Table.Cell(284, "note"); got != "mine" {
		t.Errorf("the note is %q", got)
	}
	if _, err = d.Do(ctx, "rr30a", bob, now, Edit{Do: Bad, Row: 200, Bad: ptr(true)}); !errors.As(err, &c) || c.By != "ada" || c.Did != Delete || c.Value != nil {
		t.Errorf("bob judges what ada has deleted: %v", err)
	}
	// It comes back under its row, with its links, and bob's old page knows it again.
	was := linked(rr30a(t))
	if _, err := d.Undo(ctx, "rr30a", ada); err != nil {
		t.Fatal(err)
	}
	if got := linked(current(t, l).Map); fmt.Sprint(got) != fmt.Sprint(was) {
		t.Error("the links of a deleted object that came back are not what they were")
	}
	if _, err := d.Redo(ctx, "rr30a", bob); err == nil {
		t.Error("bob makes again what he has not taken back")
	}
	if _, err := d.Redo(ctx, "rr30a", ada); err != nil {
		t.Fatal(err)
	}
	if n := current(t, l).Sessions[0].Len(); n != 286 {
		t.Errorf("%d objects after it was deleted again", n)
	}
	// An edition of another time is refused.
	if _, err = d.Do(ctx, "rr30a", bob, "abc-1", Edit{Do: Bad, Row: 201, Bad: ptr(true)}); !errors.As(err, &c) || c.Value == nil {
		t.Errorf("an edition of another map: %v", err)
	}
}

func TestUndoOfALinkFollowsRows(t *testing.T) {
	d, l := open(t, folder(t))
	ctx := context.Background()
	m := current(t, l).Map
	row := -1
	for i, k := range m.Sessions[0].Types() {
		if k == maps.Spine && m.Objects.Next(0, i) > 200 && i > 200 {
			row = i
		}
	}
	to := m.Objects.Next(0, row)
	must(t, d, ada, m.Edition, Edit{Do: Unlink, Row: row})
	must(t, d, bob, edition(t, l), Edit{Do: Delete, Session: 0, Row: 180})
	must(t, d, bob, edition(t, l), Edit{Do: Delete, Session: 1, Row: 170})
	must(t, d, bob, edition(t, l), Edit{Do: Delete, Session: 1, Row: 170})
	if _, err := d.Undo(ctx, "rr30a", ada); err != nil {
		t.Fatal(err)
	}
	now := current(t, l)
	if a, b := now.Objects.Next(0, row-1), now.Objects.Prev(1, to-2); a != to-2 || b != row-1 {
		t.Errorf("it is linked to %d and back to %d, want %d and %d", a, b, to-2, row-1)
	}
}

func TestSave(t *testing.T) {
	dir := folder(t)
	d, l := open(t, dir)
	ctx := context.Background()
	if files, err := d.Save(ctx, "rr30a", false); err != nil || len(files) != 0 {
		t.Fatalf("saving without edits writes %v, %v", files, err)
	}
	read := func() *maps.Map {
		m, err := maps.Open(filepath.Join(dir, "rr30a"))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	same(t, "saved without edits", read(), rr30a(t))
	seen := edition(t, l)
	must(t, d, ada, seen, Edit{Do: Delete, Session: 2, Row: 150})
	files, err := d.Save(ctx, "rr30a", false)
	if err != nil || len(files) != 6 {
		t.Fatalf("wrote %v, %v", files, err)
	}
	o := current(t, l)
	same(t, "saved", read(), o.Map)
	if o.Unsaved != 0 {
		t.Errorf("%d unsaved edits", o.Unsaved)
	}
	before, _ := filepath.Glob(filepath.Join(dir, "rr30a", ".webmon", "rr30a", "before-*", "stackdb", "rr30a_s2_db2.txt"))
	if len(before) != 1 {
		t.Fatalf("kept before: %v", before)
	}
	// The page from before goes on, and so does undo.
	must(t, d, bob, seen, Edit{Do: Bad, Session: 2, Row: 151, Bad: ptr(true)})
	if _, err := d.Undo(ctx, "rr30a", bob); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Undo(ctx, "rr30a", ada); err != nil {
		t.Fatal(err)
	}
	same(t, "undone after a save", current(t, l).Map, rr30a(t))
	if n := current(t, l).Unsaved; n != 1 {
		t.Errorf("%d unsaved edits, want 1: that of the save was taken back", n)
	}
	d.Close()
	d, l = open(t, dir)
	same(t, "after a restart", current(t, l).Map, rr30a(t))
	if n := current(t, l).Unsaved; n != 1 {
		t.Errorf("%d unsaved edits after a restart, want 1", n)
	}
	if _, err := d.Save(ctx, "rr30a", false); err != nil {
		t.Fatal(err)
	}
	same(t, "saved again", read(), rr30a(t))
}

func TestAnotherProgramHasChangedTheFiles(t *testing.T) {
	for _, restart := range []bool{false, true} {
		for _, keep := range []bool{false, true} {
			t.Run(fmt.Sprintf("restart=%v keep=%v", restart, keep), func(t *testing.T) {
				dir := folder(t)
				d, l := open(t, dir)
				ctx := context.Background()
				must(t, d, ada, edition(t, l), Edit{Do: Note, Session: 2, Row: 150, Note: ptr("mine")})
				path := filepath.Join(dir, "rr30a", "stackdb", "rr30a_s1_db2.txt")
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				theirs := strings.Replace(string(data), "Nancy Luo", "Somebody", 1)
				if err := os.WriteFile(path, []byte(theirs), 0o644); err != nil {
					t.Fatal(err)
				}
				if restart {
					d.Close()
					d, l = open(t, dir)
				}
				var changed *Changed
				if _, err := d.Save(ctx, "rr30a", false); !errors.As(err, &changed) || len(changed.Files) != 1 || !strings.Contains(err.Error(), "rr30a_s1_db2.txt") {
					t.Fatalf("saving over what another program has written: %v", err)
				}
				if state, _, err := d.State(ctx, "rr30a", ada, 10); err != nil || !state.Foreign || state.Unsaved != 1 {
					t.Errorf("the state is %+v, %v", state, err)
				}
				if keep {
					if _, err := d.Save(ctx, "rr30a", true); err != nil {
						t.Fatal(err)
					}
				} else if err := d.Reload(ctx, "rr30a"); err != nil {
					t.Fatal(err)
				}
				now, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				note := current(t, l).Sessions[2].Table.Cell(150, "note")
				if keep && (string(now) != string(data) || note != "mine") || !keep && (string(now) != theirs || note == "mine") {
					t.Errorf("the note is %q, theirs is there: %v", note, string(now) == theirs)
				}
				if n := current(t, l).Unsaved; n != 0 {
					t.Errorf("%d unsaved edits", n)
				}
			})
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	dir := folder(t)
	d, l := open(t, dir)
	seen := edition(t, l)
	var all sync.WaitGroup
	for p := range 4 {
		all.Go(func() {
			by := By{Who: fmt.Sprint("person ", p)}
			for i := range 15 {
				if _, err := d.Do(context.Background(), "rr30a", by, seen, Edit{Do: Note, Session: p, Row: 180 + i, Note: ptr(fmt.Sprint(p, i))}); err != nil {
					t.Error(err)
				}
				if i%5 == 4 {
					if _, err := d.Save(context.Background(), "rr30a", false); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	m := current(t, l).Map
	for p := range 4 {
		for i := range 15 {
			if got := m.Sessions[p].Table.Cell(180+i, "note"); got != fmt.Sprint(p, i) {
				t.Errorf("session %d, row %d: %q", p, 180+i, got)
			}
		}
	}
}

func TestOneWebmonEditsAtATime(t *testing.T) {
	dir := folder(t)
	d, l := open(t, dir)
	must(t, d, ada, edition(t, l), Edit{Do: Bad, Row: 200, Bad: ptr(true)})
	d2, l2 := open(t, dir)
	ctx := context.Background()
	_, err := d2.Do(ctx, "rr30a", bob, edition(t, l2), Edit{Do: Bad, Row: 201, Bad: ptr(true)})
	if err == nil || !strings.Contains(err.Error(), "nother webmon") {
		t.Fatalf("two webmons edit one map: %v", err)
	}
	if err := d2.Reload(ctx, "rr30a"); err == nil {
		t.Fatal("one webmon drops the edits of another")
	}
	d.Close()
	if _, err := d2.Do(ctx, "rr30a", bob, edition(t, l2), Edit{Do: Bad, Row: 201, Bad: ptr(true)}); err != nil {
		var c *Conflict
		if !errors.As(err, &c) { // the page has not seen what the other has made
			t.Fatal(err)
		}
	}
	if got := current(t, l2).Sessions[0].Table.Cell(200, "isBad"); got != "1" {
		t.Errorf("what the other webmon has made is not there: %q", got)
	}
}
