package maps

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
)

const objectsText = "stack=a;numObjects=3;\rIdx,roiType,x,note,userType,\r" +
	"0,spineROI,1.5,plain,2,\r4,spineROI,,with, two, commas,NaN,\r5,pivotPnt,1e3\r"

func TestTable(t *testing.T) {
	w := newTable(newText([]byte(objectsText)), 1, 5)
	if w.Len() != 3 || !slices.Equal(w.Names(), []string{"Idx", "roiType", "x", "note", "userType"}) {
		t.Fatalf("got %d rows of %q", w.Len(), w.Names())
	}
	if got := w.Cell(1, "note"); got != "with, two, commas" {
		t.Errorf("got the note %q", got)
	}
	if x := w.Column("x"); x[0] != 1.5 || !math.IsNaN(x[1]) || x[2] != 1000 {
		t.Errorf("got x %v", x)
	}
	if u := w.Column("userType"); u[0] != 2 || !math.IsNaN(u[1]) || !math.IsNaN(u[2]) {
		t.Errorf("got userType %v", u)
	}
	if w.Column("no") != nil || w.Cell(1, "no") != "" || w.Cell(9, "x") != "" || w.Numeric("note") || !w.Numeric("x") || w.Numeric("no") {
		t.Error("what is not there is found")
	}
	if w.Head()["numObjects"] != "3" {
		t.Errorf("got the head %v", w.Head())
	}
}

func TestTableChanges(t *testing.T) {
	w := newTable(newText([]byte(objectsText)), 1, 5)
	for _, c := range []struct {
		name string
		do   func() (*Table, error)
		want string // a line of the file after it
		gone string
	}{
		{"a cell", func() (*Table, error) { return w.Set(0, map[string]string{"x": "2.25", "userType": "7"}) }, "0,spineROI,2.25,plain,7,", "0,spineROI,1.5,plain,2,"},
		{"a note", func() (*Table, error) { return w.Set(1, map[string]string{"note": "a, b"}) }, "4,spineROI,,a, b,NaN,", "4,spineROI,,with, two, commas,NaN,"},
		{"a short row", func() (*Table, error) { return w.Set(2, map[string]string{"userType": "1"}) }, "5,pivotPnt,1e3,,1", "5,pivotPnt,1e3"},
		{"a new row", func() (*Table, error) {
			return w.Append(map[string]string{"Idx": "9", "roiType": "spineROI", "note": "x,y"}, "")
		}, "9,spineROI,,x,y,,", ""},
		{"a row less", func() (*Table, error) { return w.Remove(1) }, "", "4,spineROI,,with, two, commas,NaN,"},
		{"the head", func() (*Table, error) { return w.SetHead("numObjects", "12"), nil }, "stack=a;numObjects=12;", "stack=a;numObjects=3;"},
	} {
		got, err := c.do()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		lines := strings.Split(string(got.Bytes()), "\r")
		was := strings.Split(objectsText, "\r")
		if c.want != "" && !slices.Contains(lines, c.want) || c.gone != "" && slices.Contains(lines, c.gone) {
			t.Errorf("%s: got %q", c.name, lines)
		}
		for _, l := range was {
			if l != c.gone && !slices.Contains(lines, l) {
				t.Errorf("%s: the line %q is lost", c.name, l)
			}
		}
	}
	if string(w.Bytes()) != objectsText {
		t.Error("a change has changed what it was made from")
	}
	for _, cells := range []map[string]string{{"x": "1,5"}, {"note": "a\rb"}, {"no": "1"}} {
		if _, err := w.Set(0, cells); err == nil {
			t.Errorf("%v was taken", cells)
		}
	}
}

func TestLettersStayAsTheyWere(t *testing.T) {
	for _, c := range []struct{ row, note, want string }{
		{"1,caf\xe9,\xb5m\n", "na\u00efve", "1,na\xefve,\xb5m\n"}, // Latin-1 stays so
		{"1,caf\xe9,\xb5m\n", "\u2192", "1,\u2192,\u00b5m\n"},     // until that cannot be
		{"1,caf\u00e9,\u00b5m\n", "na\u00efve", "1,na\u00efve,\u00b5m\n"},
		{"1,plain,um\n", "\u00b5", "1,\u00b5,um\n"},
	} {
		w := newTable(newText([]byte("a,note,b\n"+c.row)), 0, 2)
		got, err := w.Set(0, map[string]string{"note": c.note})
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.SplitAfter(got.Bytes(), []byte("\n")); string(lines[1]) != c.want {
			t.Errorf("got %q, want %q", lines[1], c.want)
		}
	}
}

func TestLinksChange(t *testing.T) {
	head := "rows=2;cols=3;blocks=3;blockNames=idx,next,later;\n"
	l, err := newLinks(newText([]byte(head + "0\t0\t0\nNAN\t1\tNAN\n" + "0\tNAN\tNAN\nNAN\tNAN\tNAN\n" + "a\tb\tc\nd\te\tf")))
	if err != nil {
		t.Fatal(err)
	}
	if l.Next(0, 0) != 0 || l.Next(1, 1) != None || l.Next(7, 7) != None || l.Cell("later", 2, 1) != "f" {
		t.Errorf("got %d, %d, %q", l.Next(0, 0), l.Next(1, 1), l.Cell("later", 2, 1))
	}
	got, err := l.Set(Link{"next", 1, 1, 3}, Link{"next", 0, 0, None})
	if err != nil {
		t.Fatal(err)
	}
	want := head + "0\t0\t0\nNAN\t1\tNAN\n" + "NAN\tNAN\tNAN\nNAN\t3\tNAN\n" + "a\tb\tc\nd\te\tf"
	if string(got.Bytes()) != want {
		t.Errorf("got %q, want %q", got.Bytes(), want)
	}
	grown, err := l.Set(Link{"idx", 0, 3, 3})
	if err != nil {
		t.Fatal(err)
	}
	want = "rows=4;cols=3;blocks=3;blockNames=idx,next,later;\n" +
		"0\t0\t0\nNAN\t1\tNAN\nNAN\tNAN\tNAN\n3\tNAN\tNAN\n" +
		"0\tNAN\tNAN\nNAN\tNAN\tNAN\nNAN\tNAN\tNAN\nNAN\tNAN\tNAN\n" +
		"a\tb\tc\nd\te\tf\nNAN\tNAN\tNAN\nNAN\tNAN\tNAN\n"
	if string(grown.Bytes()) != want || grown.Rows != 4 {
		t.Errorf("got %q, want %q", grown.Bytes(), want)
	}
	if _, err := l.Set(Link{"next", 5, 0, 0}); err == nil {
		t.Error("a link of a session that is not there was taken")
	}
}

func TestLinksRefused(t *testing.T) {
	for _, text := range []string{
		"", "rows=1000000000;cols=9;blocks=12;blockNames=idx;\n0\n",
		"rows=1;cols=1000000000;blocks=1;blockNames=idx;\n0\n", "rows=-1;cols=1;blocks=1;\n", "rows=x;cols=1;blocks=1;\n",
		"rows=2;cols=2;blocks=4611686018427387904;blockNames=idx;\n0\n0\n",
	} {
		if _, err := newLinks(newText([]byte(text))); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestSheetChanges(t *testing.T) {
	text := "\t\t\nhsStack\ta_s0_ch1\ta_s1_ch1\t\nunknown\tx\t\ty\nmapCond\n"
	s := newSheet(newText([]byte(text)))
	if s.Cell("unknown", 2) != "y" || s.Cell("unknown", 1) != "" || s.Cell("no", 0) != "" || s.Has("no") {
		t.Error("cells are elsewhere")
	}
	for _, c := range []struct {
		label string
		cell  int
		words string
		want  string
	}{
		{"hsStack", 1, "b", "\t\t\nhsStack\ta_s0_ch1\tb\t\nunknown\tx\t\ty\nmapCond\n"},
		{"unknown", 1, "m", "\t\t\nhsStack\ta_s0_ch1\ta_s1_ch1\t\nunknown\tx\tm\ty\nmapCond\n"},
		{"unknown", 4, "m", "\t\t\nhsStack\ta_s0_ch1\ta_s1_ch1\t\nunknown\tx\t\ty\t\tm\nmapCond\n"},
		{"mapCond", 0, "c", "\t\t\nhsStack\ta_s0_ch1\ta_s1_ch1\t\nunknown\tx\t\ty\nmapCond\tc\n"},
		{"new", 1, "c", text + "new\t\tc\n"},
	} {
		got, err := s.Set(c.label, c.cell, c.words)
		if err != nil || string(got.Bytes()) != c.want {
			t.Errorf("%s %d: got %q, want %q (%v)", c.label, c.cell, got.Bytes(), c.want, err)
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]float64{
		"0": 0, "12": 12, "-1.5": -1.5, " 3.25 ": 3.25, "3583947938.800000": 3583947938.8, "1e3": 1000, "0.12": 0.12,
		"42.599998": 42.599998, "123456789012345678901": 123456789012345678901, "9007199254740993": 9007199254740993, "+2": 2, ".5": 0.5, "5.": 5,
		"0.1234567890123456789": 0.1234567890123456789,
	} {
		if got, ok := number([]byte(text)); !ok || got != want {
			t.Errorf("%q: got %v, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", " ", "NaN", "NAN", "nan", "inf", "-Infinity"} {
		if got, ok := number([]byte(text)); !ok || !math.IsNaN(got) {
			t.Errorf("%q: got %v, %t", text, got, ok)
		}
	}
	for _, text := range []string{"x", "0x10", "1_000", "-", ".", "1.2.3", "center"} {
		if got, ok := number([]byte(text)); ok || !math.IsNaN(got) {
			t.Errorf("%q: got %v, %t", text, got, ok)
		}
	}
}

// Whatever a table is, it is read without a panic, written as it was, and a cell that
// is set is read again while all others stay.
func FuzzTable(f *testing.F) {
	f.Add([]byte(objectsText), "new")
	f.Add([]byte("h\r\na,note,b\r\n1,2,3,4\r\n\r\n,\xff"), "\u2192, x")
	f.Add([]byte("\n\n\n"), "")
	f.Fuzz(func(t *testing.T, data []byte, words string) {
		text := newText(data)
		if !bytes.Equal(text.bytes(), data) {
			t.Fatal("the text is not what it was")
		}
		w := newTable(text, 1, len(text.lines))
		for _, name := range w.Names() {
			w.Column(name)
			for i := range w.Len() {
				w.Cell(i, name)
			}
		}
		if w.Len() == 0 || len(w.Names()) == 0 {
			return
		}
		name := w.Names()[len(words)%len(w.Names())]
		row := len(words) % w.Len()
		c, err := w.Set(row, map[string]string{name: words})
		if err != nil || !isText(words) {
			return
		}
		if strings.TrimSpace(words) == "" {
			return // a row of blanks is no row
		}
		if c.Len() != w.Len() {
			t.Fatalf("got %d rows, had %d", c.Len(), w.Len())
		}
		if got := c.Cell(row, name); got != words && w.index[name] != w.spill {
			t.Fatalf("got %q, want %q", got, words)
		}
	})
}

// isText reports whether words read the same whatever is read with them.
func isText(words string) bool {
	return !strings.ContainsFunc(words, func(r rune) bool { return r > 126 || r < 32 })
}

func FuzzLinks(f *testing.F) {
	f.Add([]byte("rows=2;cols=3;blocks=2;blockNames=idx,next;\n0\t0\t0\nNAN\t1\tNAN\n0\tNAN\tNAN\nNAN\tNAN\tNAN\n"), uint16(1), uint16(3))
	f.Fuzz(func(t *testing.T, data []byte, session, row uint16) {
		l, err := newLinks(newText(data))
		if err != nil {
			return
		}
		if !bytes.Equal(l.Bytes(), data) {
			t.Fatal("the links are not what they were")
		}
		l.Next(int(session), int(row))
		l.Cell("next", int(session), int(row))
		if c, err := l.Set(Link{"next", int(session), int(row), 5}); err == nil && len(l.blocks) > 0 {
			if _, ok := l.blocks["next"]; ok && c.Next(int(session), int(row)) != 5 {
				t.Fatalf("got %d", c.Next(int(session), int(row)))
			}
		}
	})
}

func FuzzTracing(f *testing.F) {
	f.Add([]byte("numHeaderRow=1;\nOn,Idx,start,stop,r,\n,0,0,1,0.3,\nx,y,z,ID,\n0,0,0,0,\n1,1,1,0,\n"))
	f.Add([]byte("numHeaderRow=1000000000;\nOn\nx"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tr := newTracing(newText(data))
		if !bytes.Equal(tr.Bytes(), data) {
			t.Fatal("the tracing is not what it was")
		}
		for _, s := range tr.measure(1) {
			if s.Stop > tr.Points.Len() || s.Start > s.Stop {
				t.Fatalf("segment %d is from %d to %d of %d", s.Index, s.Start, s.Stop, tr.Points.Len())
			}
		}
	})
}

func FuzzSheet(f *testing.F) {
	f.Add([]byte("\t\nhsStack\ta\t\tb\n"), "hsStack", uint8(1), "c")
	f.Fuzz(func(t *testing.T, data []byte, label string, cell uint8, words string) {
		s := newSheet(newText(data))
		if !bytes.Equal(s.Bytes(), data) {
			t.Fatal("the sheet is not what it was")
		}
		c, err := s.Set(label, int(cell), words)
		if err != nil || !isText(words) || !isText(label) || strings.TrimSpace(label) != label {
			return
		}
		if got := c.Cell(label, int(cell)); got != strings.TrimSpace(words) {
			t.Fatalf("got %q, want %q", got, words)
		}
	})
}
