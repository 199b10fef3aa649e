package edit

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"webmon/shm/maps"
	"webmon/shm/maps/made"
)

func rr30a(t testing.TB) *maps.Map {
	t.Helper()
	m, err := maps.Read(made.RR30a(), "rr30a")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func ptr[T any](v T) *T { return &v }

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// do makes an edit that must be possible.
func do(t testing.TB, m *maps.Map, e Edit) (*maps.Map, []Op) {
	t.Helper()
	ops, err := e.Ops(m, "Ada Lovelace", noon)
	if err != nil {
		t.Fatalf("%+v: %v", e, err)
	}
	out, back, err := Apply(m, ops)
	if err != nil {
		t.Fatalf("%+v: %v", e, err)
	}
	return out, back
}

// same fails where two maps do not have the same files.
func same(t testing.TB, what string, got, want *maps.Map) {
	t.Helper()
	g, w := got.Files(), want.Files()
	if len(g) != len(w) {
		t.Fatalf("%s: %d files, want %d", what, len(g), len(w))
	}
	for i := range g {
		if g[i].Path != w[i].Path || !bytes.Equal(g[i].Data, w[i].Data) {
			t.Fatalf("%s: %s differs", what, g[i].Path)
		}
	}
}

// objectID names an object by what no edit of these tests changes.
func objectID(m *maps.Map, session, row int) string {
	s := m.Sessions[session]
	return fmt.Sprint(session, s.Table.Cell(row, "Idx"), s.Table.Cell(row, "cSeconds"))
}

// linked lists the links of a map by the names of the objects.
func linked(m *maps.Map) map[string]string {
	all := map[string]string{}
	for j := range len(m.Sessions) - 1 {
		for i := range m.Sessions[j].Len() {
			if k := m.Objects.Next(j, i); k != maps.None {
				all[objectID(m, j, i)] = objectID(m, j+1, k)
			}
		}
	}
	return all
}

func TestDeletingRenumbersRowsAndKeepsLinks(t *testing.T) {
	m := rr30a(t)
	was := linked(m)
	gone := objectID(m, 3, 200)
	next := m.Sessions[3].Table.Cell(201, "mSeconds")
	measured := m.Sessions[3].Int[0].Line(201)
	out, back := do(t, m, Edit{Do: Delete, Session: 3, Row: 200})
	if got := out.Sessions[3].Table.Cell(200, "mSeconds"); got != next {
		t.Errorf("row 200 is %s, want what was row 201, %s", got, next)
	}
	if got := out.Sessions[3].Int[0].Line(200); !bytes.Equal(got, measured) {
		t.Errorf("the intensities of row 200 are not those of what was row 201")
	}
	want := map[string]string{}
	for a, b := range was {
		if a != gone && b != gone {
			want[a] = b
		}
	}
	got := linked(out)
	if len(got) != len(want) || len(want) == len(was) {
		t.Fatalf("%d links, want %d of %d", len(got), len(want), len(was))
	}
	for a, b := range want {
		if got[a] != b {
			t.Errorf("%s is linked to %s, want %s", a, got[a], b)
		}
	}
	for i := range out.Sessions[3].Len() {
		if idx := out.Objects.Cell("idx", 3, i); idx != fmt.Sprint(i) {
			t.Fatalf("idx of row %d is %q", i, idx)
		}
	}
	if n := out.Objects.Cell("idx", 3, out.Sessions[3].Len()); n != "" {
		t.Errorf("a row behind the last has idx %q", n)
	}
	if head := out.Sessions[3].Table.Head(); head["numObjects"] != "306" || out.Sheet.Cell("numObj", 0) != "2466" || out.Sheet.Cell("numSpine", 0) != "1226" {
		t.Errorf("the files say %s objects, %s and %s in all", head["numObjects"], out.Sheet.Cell("numObj", 0), out.Sheet.Cell("numSpine", 0))
	}
	again, _, err := Apply(out, back)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "undone", again, m)
}

// What is derived from the tracing is compared with what the original has computed, for every
// fifth spine at its own place and its own point of the tracing.
func TestMoveDerivesWhatTheOriginalDoes(t *testing.T) {
	m := rr30a(t)
	n, sides, far, deep := 0, 0, 0, 0
	for j, s := range m.Sessions {
		for row, kind := range s.Types() {
			if kind != maps.Spine || row%5 != 0 {
				continue
			}
			v := func(s *maps.Session, name string) float64 { return s.Table.Value(row, name) }
			e := Edit{Do: Move, Session: j, Row: row, X: ptr(v(s, "x")), Y: ptr(v(s, "y")), Z: ptr(v(s, "z")), Point: ptr(int(v(s, "cPnt")))}
			out, _ := do(t, m, e)
			o := out.Sessions[j]
			n++
			if o.Table.Cell(row, "cLine") != s.Table.Cell(row, "cLine") || o.Table.Cell(row, "cLineNum") != s.Table.Cell(row, "cLineNum") {
				sides++
			}
			if math.Abs(v(o, "cz")-v(s, "cz")) > 1 {
				deep++
			}
			if math.Hypot(v(o, "cx")-v(s, "cx"), v(o, "cy")-v(s, "cy")) > 0.2 {
				far++
			}
			for _, name := range []string{"sDist", "pDist"} {
				if d := math.Abs(v(o, name) - v(s, name)); d > 0.011 {
					t.Fatalf("session %d row %d: %s is %g, want %g", j, row, name, v(o, name), v(s, name))
				}
			}
			for _, name := range []string{"parentID", "cPnt", "x", "y", "z"} {
				if o.Table.Cell(row, name) != s.Table.Cell(row, name) {
					t.Fatalf("session %d row %d: %s is %s, want %s", j, row, name, o.Table.Cell(row, name), s.Table.Cell(row, name))
				}
			}
		}
	}
	if n < 200 || sides > 0 || far > n/100 || deep > n/100 {
		t.Errorf("of %d spines %d are on the other side, and %d meet the dendrite elsewhere, %d on another slice", n, sides, far, deep)
	}
}

func TestMoveMarksIntensitiesAndWhoDidIt(t *testing.T) {
	m := rr30a(t)
	out, back := do(t, m, Edit{Do: Move, Session: 1, Row: 200, X: ptr(33.3), Y: ptr(40.0), Z: ptr(20.0)})
	s := out.Sessions[1]
	for name, want := range map[string]string{
		"x": "33.3", "y": "40", "z": "20", "isDirty": "1", "mDate": "2026-11-28", "mTime": "12:00:00", "mSeconds": "3878712000.000000", "userName": "Ada Lovelace",
		"cDate": m.Sessions[1].Table.Cell(200, "cDate"), "note": m.Sessions[1].Table.Cell(200, "note"),
	} {
		if got := s.Table.Cell(200, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for c, w := range s.Int {
		if got := w.Cell(200, "isDirty"); got != "1" {
			t.Errorf("channel %d: isDirty is %q", c+1, got)
		}
		if got, want := w.Cell(200, "ubssSum"), m.Sessions[1].Int[c].Cell(200, "ubssSum"); got != want {
			t.Errorf("channel %d: ubssSum is %q, want %q", c+1, got, want)
		}
	}
	if out.Sessions[0] != m.Sessions[0] || out.Objects != m.Objects {
		t.Error("what has not changed is not shared")
	}
	undone, _, err := Apply(out, back)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "undone", undone, m)
}

func TestPivotMovesPositionsOfItsSegment(t *testing.T) {
	m := rr30a(t)
	s := m.Sessions[0]
	pivot := -1
	for row, kind := range s.Types() {
		if kind == maps.Pivot && s.Segment(row) == 2 {
			pivot = row
		}
	}
	seg := s.Segments()[2]
	k := (seg.Start + seg.Stop) / 2
	x, y, z := s.Tracing.Points.Value(k, "x"), s.Tracing.Points.Value(k, "y"), s.Tracing.Points.Value(k, "z")
	out, _ := do(t, m, Edit{Do: Pivot, Session: 0, Row: pivot, X: &x, Y: &y, Z: &z})
	d := s.Tracing.Points.Value(k, "sDist")
	for row := range s.Types() {
		got, want := out.Sessions[0].Table.Value(row, "pDist"), s.Table.Value(row, "pDist")
		if s.Segment(row) == 2 {
			want = s.Table.Value(row, "sDist") - d
			if row == pivot {
				want = 0
			}
		}
		if math.Abs(got-want) > 0.01 {
			t.Fatalf("row %d: pDist is %g, want %g", row, got, want)
		}
	}
}

// random is an edit that may be possible.
func random(r *rand.Rand, m *maps.Map) Edit {
	j := r.IntN(len(m.Sessions))
	n := max(m.Sessions[j].Len(), 1)
	e := Edit{Session: j, Row: r.IntN(n), X: ptr(r.Float64() * 120), Y: ptr(r.Float64() * 120), Z: ptr(float64(r.IntN(60)))}
	e.Do = []string{Add, Move, Delete, Link, Unlink, Bad, Note, UserType, Pivot, Link}[r.IntN(10)]
	switch e.Do {
	case Bad:
		e.Bad = ptr(r.IntN(2) == 0)
	case Note:
		e.Note = ptr(fmt.Sprintf("again, %d; é", r.IntN(1000)))
	case UserType:
		e.UserType = ptr(r.IntN(12) - 1)
	case Link:
		e.To = ptr(r.IntN(n))
		if j+1 < len(m.Sessions) && r.IntN(2) == 0 {
			// One that can be linked: mostly spines at the end.
			e.Row, e.To = n-1-r.IntN(min(n, 5)), ptr(max(0, m.Sessions[j+1].Len()-1-r.IntN(5)))
		}
	case Move:
		if r.IntN(3) == 0 {
			e.Segment = ptr(r.IntN(6) - 1)
		}
	case Pivot:
		e.Row = r.IntN(min(7, n))
	}
	return e
}

func TestEveryEditCanBeTakenBack(t *testing.T) {
	m := rr30a(t)
	first := m
	r := rand.New(rand.NewPCG(1, 2))
	var all []*maps.Map
	var backs [][]Op
	done := map[string]int{}
	for len(backs) < 120 {
		e := random(r, m)
		ops, err := e.Ops(m, "Ada, the first", noon)
		if refused := (*Refused)(nil); errors.As(err, &refused) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		out, back, err := Apply(m, ops)
		if err != nil {
			t.Fatalf("%+v: %v", e, err)
		}
		all, backs = append(all, m), append(backs, back)
		m = out
		done[e.Do]++
	}
	for _, kind := range []string{Add, Move, Delete, Link, Unlink, Bad, Note, UserType, Pivot} {
		if done[kind] == 0 {
			t.Errorf("no edit %s was made", kind)
		}
	}
	// What is written can be read, and says the same.
	read, err := maps.FromFiles(m.Name, m.Files())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "written and read", read, m)
	if got, want := read.Runs("").Len(), m.Runs("").Len(); got != want {
		t.Errorf("%d runs when read again, want %d", got, want)
	}
	for _, p := range read.Problems {
		if strings.Contains(p.Text, "linked") {
			t.Errorf("a link is broken: %s", p)
		}
	}
	spines, _ := m.Sessions[4].Count(maps.Spine)
	if head := m.Sessions[4].Table.Head(); head["numObjects"] != fmt.Sprint(m.Sessions[4].Len()) || head["numSpines"] != fmt.Sprint(spines) {
		t.Errorf("the head says %s objects, %s spines; there are %d, %d", head["numObjects"], head["numSpines"], m.Sessions[4].Len(), spines)
	}
	for i := len(backs) - 1; i >= 0; i-- {
		out, _, err := Apply(m, backs[i])
		if err != nil {
			t.Fatalf("undoing %d: %v", i, err)
		}
		m = out
		for j := range m.Sessions {
			if got, want := m.Sessions[j].Table.Bytes(), all[i].Sessions[j].Table.Bytes(); !bytes.Equal(got, want) {
				t.Fatalf("undoing %d: the objects of session %d differ", i, j)
			}
		}
	}
	if m.Objects.Rows == first.Objects.Rows {
		same(t, "all undone", m, first)
	}
	same(t, "links undone", m.With(func(m *maps.Map) { m.Objects = nil }), first.With(func(m *maps.Map) { m.Objects = nil }))
	if got, want := fmt.Sprint(linked(m)), fmt.Sprint(linked(first)); got != want {
		t.Error("the links are not what they were")
	}
}

func TestRefused(t *testing.T) {
	m := rr30a(t)
	spine, control := 280, 20
	for _, c := range []struct {
		name, field, says string
		e                 Edit
	}{
		{"no kind", "do", "is no edit", Edit{Do: "paint", Row: spine}},
		{"no session", "session", "no session 9", Edit{Do: Bad, Session: 9, Row: 1, Bad: ptr(true)}},
		{"no row", "row", "no row 287", Edit{Do: Bad, Row: 287, Bad: ptr(true)}},
		{"negative row", "row", "no row -1", Edit{Do: Delete, Row: -1}},
		{"nothing said", "bad", "Say whether", Edit{Do: Bad, Row: spine}},
		{"lines in a note", "note", "one line", Edit{Do: Note, Row: spine, Note: ptr("a\nb")}},
		{"CR in a note", "note", "one line", Edit{Do: Note, Row: spine, Note: ptr("a\rb")}},
		{"nul in a note", "note", "no text", Edit{Do: Note, Row: spine, Note: ptr("a\x00b")}},
		{"long note", "note", "bytes", Edit{Do: Note, Row: spine, Note: ptr(strings.Repeat("x", 5000))}},
		{"user type", "userType", "from 0 to 10", Edit{Do: UserType, Row: spine, UserType: ptr(11)}},
		{"NaN", "x", "no number", Edit{Do: Move, Row: spine, X: ptr(math.NaN()), Y: ptr(1.0), Z: ptr(1.0)}},
		{"infinite", "y", "no number", Edit{Do: Move, Row: spine, X: ptr(1.0), Y: ptr(math.Inf(1)), Z: ptr(1.0)}},
		{"outside", "x", "outside of the stack, which has 1024 columns", Edit{Do: Move, Row: spine, X: ptr(500.0), Y: ptr(1.0), Z: ptr(1.0)}},
		{"slice", "z", "70 slices", Edit{Do: Move, Row: spine, X: ptr(5.0), Y: ptr(1.0), Z: ptr(70.0)}},
		{"no place", "z", "is missing", Edit{Do: Add, X: ptr(5.0), Y: ptr(1.0)}},
		{"segment", "segment", "no segment 5", Edit{Do: Add, X: ptr(5.0), Y: ptr(1.0), Z: ptr(1.0), Segment: ptr(5)}},
		{"point", "point", "not one of segment 4", Edit{Do: Move, Row: 286, X: ptr(5.0), Y: ptr(1.0), Z: ptr(1.0), Point: ptr(3)}},
		{"control", "row", "control point", Edit{Do: Move, Row: control, X: ptr(5.0), Y: ptr(1.0), Z: ptr(1.0)}},
		{"landmark", "row", "cannot be deleted", Edit{Do: Delete, Row: 0}},
		{"no landmark", "row", "a landmark is", Edit{Do: Pivot, Row: spine, X: ptr(5.0), Y: ptr(1.0), Z: ptr(1.0)}},
		{"a second landmark", "segment", "already", Edit{Do: Add, Type: maps.Pivot, Segment: ptr(1), X: ptr(5.0), Y: ptr(1.0), Z: ptr(1.0)}},
		{"type", "type", "no type", Edit{Do: Add, Type: "tree", X: ptr(5.0), Y: ptr(1.0), Z: ptr(1.0)}},
		{"link of types", "to", "only objects of one type", Edit{Do: Link, Row: spine, To: ptr(1)}},
		{"link of controls", "row", "not followed", Edit{Do: Link, Row: control, To: ptr(20)}},
		{"link behind the last", "session", "is the last", Edit{Do: Link, Session: 8, Row: 280, To: ptr(200)}},
		{"link to nothing", "to", "has 275", Edit{Do: Link, Row: spine, To: ptr(275)}},
		{"unlink of nothing", "row", "linked to nothing", Edit{Do: Unlink, Session: 8, Row: 280}},
	} {
		_, err := c.e.Ops(m, "Ada", noon)
		refused := (*Refused)(nil)
		if !errors.As(err, &refused) || refused.Field != c.field || !strings.Contains(refused.Text, c.says) {
			t.Errorf("%s: got %v, want %s: ...%s...", c.name, err, c.field, c.says)
		}
	}
}

func FuzzApply(f *testing.F) {
	small := rr30a(f)
	f.Add([]byte(`[{"do":"remove","session":1,"row":3}]`))
	f.Add([]byte(`[{"do":"line","session":1,"row":3,"file":"db2","line":"1,2,3"}]`))
	f.Add([]byte(`[{"do":"insert","session":0,"row":3,"lines":{"db2":"a","Int1":"b","Int2":"c"},"own":["1","2"],"cells":[{"block":"next","session":0,"row":999,"text":"1"}]}]`))
	f.Add([]byte(`[{"do":"cells","session":1,"row":3,"cells":[{"block":"next","session":1,"row":3,"text":"7"}]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, records, _, _, err := decodeJournal(append([]byte(`{"journal":1,"id":"a","from":0}`+"\n"+`{"n":1,"ops":`), append(data, "}\n"...)...))
		if err != nil || len(records) == 0 {
			return
		}
		out, back, err := Apply(small, records[0].Ops)
		if err != nil {
			return
		}
		for _, o := range records[0].Ops {
			if o.Do == opInsert && o.Cells != nil || o.Do == opCells || o.Do == opObjMap {
				return // rows may have been added to the links
			}
		}
		undone, _, err := Apply(out, back)
		if err != nil {
			t.Fatalf("what was done cannot be undone: %v", err)
		}
		for j, s := range undone.Sessions {
			if !bytes.Equal(s.Table.Bytes(), small.Sessions[j].Table.Bytes()) {
				t.Fatalf("session %d is not what it was", j)
			}
		}
	})
}

// What is told of a map that was edited is what is told of its files, and an unlinked row is no problem any more.
func TestProblemsAreThoseOfTheFiles(t *testing.T) {
	m, err := made.Make(made.Plan{Name: "a", Seed: 5, Sessions: 4, Broken: true}).Open()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Problems) == 0 {
		t.Fatal("the map has no problems to begin with")
	}
	first := len(m.Problems)
	again := func(what string) {
		t.Helper()
		read, err := maps.FromFiles("a", m.Files())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(m.Problems), fmt.Sprint(read.Problems); got != want {
			t.Fatalf("after %s the problems are\n%s\nand those of the files\n%s", what, got, want)
		}
	}
	again("nothing")
	for i := len(m.Problems) - 1; i >= 0; i-- {
		p := m.Problems[i]
		if p.Row == maps.None || p.Session+1 >= len(m.Sessions) || m.Objects.Next(p.Session, p.Row) == maps.None {
			continue
		}
		m, _ = do(t, m, Edit{Do: Unlink, Session: p.Session, Row: p.Row})
		again("an unlink")
		break
	}
	if len(m.Problems) >= first {
		t.Errorf("there were %d problems, and after an unlink %d", first, len(m.Problems))
	}
	r := rand.New(rand.NewPCG(8, 9))
	for range 60 {
		e := random(r, m)
		ops, err := e.Ops(m, "ada", noon)
		if err != nil {
			continue
		}
		if m, _, err = Apply(m, ops); err != nil {
			t.Fatal(err)
		}
		again(e.Do)
	}
}
