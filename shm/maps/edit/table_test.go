package edit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"webmon/shm/maps"
	"webmon/shm/maps/library"
	"webmon/shm/stack/stacktest"
)

// aTable has what tables have: a comment, quotes, a comma in a note, columns that nobody knows, a short row, and ends of lines of Windows.
const aTable = "# of a tool\r\nid,\"day\",x,y, z,branch,comment,accept,volume,extra\r\n" +
	"a,10,10.50,20,5,apical,\"one, two\",True,0.50,\"q\"\"q\"\r\n" +
	"b,10,30,20,6,basal,,False,0.7,\r\n" +
	"# between\r\n" +
	"a,9,11,21,5,apical,,True,0.4,e\r\n" +
	"c,9,50,50,7,basal,,True\r\n" +
	"\r\n" +
	"a,11,12,22,5,apical,  spaced ,True,0.6,zz"

const itsColumns = `{"x":"x","y":"y","z":"z","session":"day","id":"id","segment":"branch","note":"comment","accept":"accept","pixels":true,"fromOne":true,"dx":0.5,"dy":0.5,"dz":2}`

func openTable(t testing.TB, dir string) (*Desk, *library.Library) {
	t.Helper()
	d, l := openSmall(dir)
	t.Cleanup(d.Close)
	return d, l
}

func put(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func text(t testing.TB, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func at(t testing.TB, l *library.Library, key string) library.Opened {
	t.Helper()
	o, err := l.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func edited(t testing.TB, d *Desk, l *library.Library, key string, e Edit) Done {
	t.Helper()
	done, err := d.Do(t.Context(), key, ada, at(t, l, key).Edition, e)
	if err != nil {
		t.Fatalf("%+v: %v", e, err)
	}
	return done
}

// What was edited is written into the table, and everything else of it stays as it is.
func TestATableKeepsWhatNobodyEdited(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "p.csv", aTable)
	put(t, dir, "p.csv.columns.json", itsColumns)
	d, l := openTable(t, dir)
	// Sessions are the days 9, 10, 11; places are pixels from 1 of half a micrometre.
	edited(t, d, l, "p", Edit{Do: Note, Session: 1, Row: 1, Note: ptr(`dim, "maybe"`)})
	edited(t, d, l, "p", Edit{Do: Bad, Session: 0, Row: 0, Bad: ptr(true)})
	edited(t, d, l, "p", Edit{Do: Move, Session: 0, Row: 1, X: ptr(30.0), Y: ptr(24.5), Z: ptr(6.0)})
	edited(t, d, l, "p", Edit{Do: Unlink, Session: 1, Row: 0}) // a of day 10 and of day 11
	edited(t, d, l, "p", Edit{Do: Link, Session: 0, Row: 1, To: ptr(1)})
	edited(t, d, l, "p", Edit{Do: Add, Session: 2, X: ptr(1.0), Y: ptr(2.0), Z: ptr(3.0), Segment: ptr(1)})
	if st, _, err := d.State(t.Context(), "p", ada, 10); err != nil || !st.CanSave || st.Unsaved != 6 {
		t.Fatalf("%+v, %v", st, err)
	}
	before := at(t, l, "p")
	written, err := d.Save(t.Context(), "p", false)
	if err != nil || len(written) != 1 || written[0] != "p.csv" {
		t.Fatalf("%v, %v", written, err)
	}
	want := "# of a tool\r\nid,\"day\",x,y, z,branch,comment,accept,volume,extra\r\n" +
		"a,10,10.50,20,5,apical,\"one, two\",True,0.50,\"q\"\"q\"\r\n" +
		"c,10,30,20,6,basal,\"dim, \"\"maybe\"\"\",False,0.7,\r\n" +
		"# between\r\n" +
		"a,9,11,21,5,apical,,False,0.4,e\r\n" +
		"c,9,61,50,7,basal,,True\r\n" +
		"\r\n" +
		"n1,11,12,22,5,apical,  spaced ,True,0.6,zz\r\n" +
		"n2,11,3,5,4,basal,,True,,\r\n"
	if got := text(t, dir, "p.csv"); got != want {
		t.Errorf("the table is\n%q\nand should be\n%q", got, want)
	}
	after := at(t, l, "p")
	if after.Unsaved != 0 || after.Edition != before.Edition || after.Sessions[2].Len() != 2 {
		t.Errorf("%d unsaved, edition %s and before %s", after.Unsaved, after.Edition, before.Edition)
	}
	// Edits go on from the page that was open, and a save of nothing writes nothing.
	if _, err := d.Do(t.Context(), "p", bob, before.Edition, Edit{Do: Delete, Session: 2, Row: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Undo(t.Context(), "p", bob); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Save(t.Context(), "p", false); err != nil {
		t.Fatal(err)
	}
	if got := text(t, dir, "p.csv"); got != want {
		t.Errorf("after an edit that was taken back the table is\n%q", got)
	}
	if entries, _ := os.ReadDir(filepath.Join(dir, folderName)); len(entries) != 1 {
		t.Errorf("beside it are %v", entries)
	}
}

// What the table cannot keep is said before it is made.
func TestATableSaysWhatItCannotKeep(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "p.csv", "x,y,when\n1,2,a\n3,4,b\n")
	put(t, dir, "p.csv.columns.json", `{"x":"x","y":"y","session":"when"}`)
	d, l := openTable(t, dir)
	for _, c := range []struct {
		edit Edit
		want string
	}{
		{Edit{Do: Note, Note: ptr("x")}, "no column for notes"},
		{Edit{Do: Bad, Bad: ptr(true)}, "no column for whether an object is bad"},
		{Edit{Do: UserType, UserType: ptr(1)}, "no column for user types"},
		{Edit{Do: Link, To: ptr(0)}, "(an ID)"},
		{Edit{Do: Move, X: ptr(1.0), Y: ptr(1.0), Z: ptr(2.0)}, "no column for z"},
		{Edit{Do: Add, X: ptr(1.0), Y: ptr(1.0), Z: ptr(0.0), Type: maps.Pivot}, "all of one type"},
		{Edit{Do: Delete}, "the only object of session 0"},
	} {
		_, err := d.Do(t.Context(), "p", ada, at(t, l, "p").Edition, c.edit)
		var refused *Refused
		if !errors.As(err, &refused) || !strings.Contains(refused.Text, c.want) {
			t.Errorf("%+v: %v", c.edit, err)
		}
	}
	if st, _, err := d.State(t.Context(), "p", ada, 10); err != nil || st.Unsaved != 0 || st.Lacks[Note] == "" || st.Lacks[Move] != "" {
		t.Errorf("%+v, %v", st, err)
	}
}

// An image without a table gets one.
func TestAnImageGetsATable(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "im.tif", string(stacktest.TIFF{Rows: 40, Cols: 50, Bits: 16}.Write(stacktest.Noise(1, 6, 40, 50, 16))))
	put(t, dir, "im.swc", "1 0 1 20 3 0.5 -1\n2 0 30 20 3 0.5 1\n")
	d, l := openTable(t, dir)
	edited(t, d, l, "im", Edit{Do: Add, X: ptr(10.0), Y: ptr(22.0), Z: ptr(3.0)})
	done := edited(t, d, l, "im", Edit{Do: Add, X: ptr(20.25), Y: ptr(18.0), Z: ptr(3.0)})
	edited(t, d, l, "im", Edit{Do: UserType, Row: done.Row, UserType: ptr(4)})
	written, err := d.Save(t.Context(), "im", false)
	if err != nil || len(written) != 2 {
		t.Fatalf("%v, %v", written, err)
	}
	if got, want := text(t, dir, "im.csv"), "id,x,y,z,segment,note,bad,userType\n1,10,22,3,0,,,\n2,20.25,18,3,0,,,4\n"; got != want {
		t.Errorf("the table is\n%q\nand should be\n%q", got, want)
	}
	l.Look()
	if list := l.List(); len(list) != 1 || list[0].Key != "im" || list[0].Columns {
		t.Errorf("%+v", list)
	}
	if o := at(t, l, "im"); o.Sessions[0].Len() != 2 || o.Sessions[0].PZ != 6 {
		t.Errorf("%d objects", o.Sessions[0].Len())
	}
}

// Whatever is edited, the table is read back as the map was, also after a restart.
func TestTablesAreReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for turn := range 12 {
		dir := t.TempDir()
		sep, point := ",", "."
		if turn%3 == 1 {
			sep, point = ";", ","
		}
		var b strings.Builder
		fmt.Fprintln(&b, strings.Join([]string{"id", "t", "x", "y", "z", "seg", "note", "bad", "kind", "v"}, sep))
		for s := range 3 {
			for i := range 8 {
				if r.IntN(5) > 0 || i == 0 {
					fmt.Fprintln(&b, strings.Join([]string{fmt.Sprint(i), fmt.Sprint(s), fmt.Sprintf("%d%s5", 10+3*i, point), fmt.Sprint(20 + i), "4", fmt.Sprint(i % 2), "", "", "", "u"}, sep))
				}
			}
		}
		original := b.String()
		if turn%4 == 3 {
			original = "\xef\xbb\xbf" + strings.ReplaceAll(original, "\n", "\r\n")
		}
		put(t, dir, "p.csv", original)
		put(t, dir, "p.csv.columns.json", `{"x":"x","y":"y","z":"z","session":"t","id":"id","segment":"seg","note":"note","bad":"bad","userType":"kind","dx":0.1,"dy":0.1,"dz":1}`)
		d, l := openTable(t, dir)
		for range 40 {
			o := at(t, l, "p")
			e := random(r, o.Map)
			if _, err := d.Do(context.Background(), "p", ada, o.Edition, e); err != nil {
				continue
			}
			if r.IntN(15) == 0 {
				if _, err := d.Save(t.Context(), "p", false); err != nil {
					t.Fatalf("turn %d: %v", turn, err)
				}
			}
			if r.IntN(15) == 0 {
				d.Close()
				d, l = openTable(t, dir)
			}
		}
		edits := at(t, l, "p").Map
		if _, err := d.Save(t.Context(), "p", false); err != nil {
			t.Fatalf("turn %d: %v", turn, err)
		}
		d.Close()
		_, l = openTable(t, dir)
		o := at(t, l, "p")
		if o.Unsaved != 0 {
			t.Errorf("turn %d: %d edits are left", turn, o.Unsaved)
		}
		for j, s := range edits.Sessions {
			for row := range s.Len() {
				a, b := ObjectOf(edits, j, row), ObjectOf(o.Map, j, row)
				if b == nil || a.Note != b.Note || a.Bad != b.Bad || fmt.Sprint(deref(a.UserType), deref(a.Next), deref(a.Prev), deref(a.Segment)) != fmt.Sprint(deref(b.UserType), deref(b.Next), deref(b.Prev), deref(b.Segment)) {
					t.Fatalf("turn %d: row %d of session %d is read as %+v, and was %+v", turn, row, j, b, a)
				}
			}
		}
		if !strings.HasPrefix(text(t, dir, "p.csv"), original[:20]) {
			t.Errorf("turn %d: the head is another", turn)
		}
	}
}

func deref(v *int) int {
	if v == nil {
		return -1
	}
	return *v
}

// A save of a table that stops at any step is completed, or has not begun.
func TestASaveOfATableStopsAtEveryStep(t *testing.T) {
	defer func() { step = func(string) {} }()
	for stop := 0; ; stop++ {
		dir := t.TempDir()
		put(t, dir, "p.csv", aTable)
		put(t, dir, "p.csv.columns.json", itsColumns)
		d, l := openSmall(dir) // it is not closed, as one that was killed
		edited(t, d, l, "p", Edit{Do: Note, Session: 1, Row: 1, Note: ptr("new")})
		n := 0
		step = func(string) {
			if n++; n > stop {
				panic("stop")
			}
		}
		stopped := func() (stopped bool) {
			defer func() { stopped = recover() != nil }()
			_, err := d.Save(t.Context(), "p", false)
			return err != nil
		}()
		step = func(string) {}
		if !stopped {
			break
		}
		for _, e := range d.all {
			e.lock.Close()
		}
		_, l2 := openTable(t, dir)
		o := at(t, l2, "p")
		if got := o.Sessions[1].Table.Cell(1, "note"); got != "new" {
			t.Fatalf("stopped at step %d, the note is %q", stop, got)
		}
		if got := text(t, dir, "p.csv"); got != aTable && o.Unsaved > 0 {
			t.Fatalf("stopped at step %d, %d edits are unsaved, and the table has them", stop, o.Unsaved)
		}
		if stop > 20 {
			t.Fatal("it never ends")
		}
	}
}

func TestATableThatAnotherProgramChanged(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "p.csv", aTable)
	put(t, dir, "p.csv.columns.json", itsColumns)
	d, l := openTable(t, dir)
	edited(t, d, l, "p", Edit{Do: Note, Session: 1, Row: 1, Note: ptr("new")})
	other := strings.Replace(aTable, "0.7", "0.8", 1)
	put(t, dir, "p.csv", other)
	var changed *Changed
	if _, err := d.Save(t.Context(), "p", false); !errors.As(err, &changed) || changed.Files[0] != "p.csv" {
		t.Fatalf("%v", err)
	}
	if got := text(t, dir, "p.csv"); got != other {
		t.Error("it was written over")
	}
	if _, err := d.Save(t.Context(), "p", true); err != nil {
		t.Fatal(err)
	}
	if got := text(t, dir, "p.csv"); !strings.Contains(got, "new") || strings.Contains(got, "0.8") {
		t.Errorf("kept edits give %q", got)
	}
}
