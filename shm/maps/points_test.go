package maps

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestColumnsAreGuessed(t *testing.T) {
	for text, want := range map[string]Columns{
		"spineID,t,x (um),y (um),z,volume\n1,0,1,2,3,4\n":    {ID: "spineID", Session: "t", X: "x (um)", Y: "y (um)", Z: "z"},
		"index;axis-0;axis-1;axis-2\n0;1,5;2;3\n":            {ID: "index", Z: "axis-0", Y: "axis-1", X: "axis-2", Pixels: true},
		"Label\tX\tY\tSlice\tNote\n1\t2\t3\t4\thello, you\n": {ID: "Label", X: "X", Y: "Y", Z: "Slice", Note: "Note"},
		"track_id,frame,x_px,y_px\n1,2,3,4\n":                {ID: "track_id", Session: "frame", X: "x_px", Y: "y_px", Pixels: true},
		"a,b\n1,2\n":                                         {},
		"x,y,class\nleft,1,2\n":                              {Y: "y", UserType: "class"}, // places are numbers
	} {
		p, err := ReadPoints([]byte(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := p.Guess(); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}

const someCSV = "# of a tool\n\"id\",day,x,y,z,branch,comment,accept,volume\n" +
	"a,10,10,20,5,apical,\"one, two\",1,0.5\n" +
	"b,10,30,20,6,basal,,0,0.7\n" +
	"a,9,11,21,5,apical,,1,0.4\n" +
	"c,9,50,50,7,basal,,1,\n" +
	"a,11,12,22,5,apical,,1,0.6\n"

func TestPointsBecomeAMap(t *testing.T) {
	p, err := ReadPoints([]byte(someCSV))
	if err != nil {
		t.Fatal(err)
	}
	c := p.Guess()
	c.Pixels, c.DX, c.DY, c.DZ, c.FromOne = true, 0.5, 0.5, 2, true
	m, err := PointsMap("points", p, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Sessions) != 3 || len(m.Problems) > 0 {
		t.Fatalf("got %d sessions, %v", len(m.Sessions), m.Problems)
	}
	var days []float64
	for _, s := range m.Sessions {
		days = append(days, s.Days)
	}
	if !slices.Equal(days, []float64{9, 10, 11}) {
		t.Errorf("got the days %v", days)
	}
	runs := m.Runs("")
	var got []string
	for i := range runs.Len() {
		got = append(got, fmt.Sprint(runs.Rows(i)))
	}
	if want := []string{"[0 0 0]", "[1 -1 -1]", "[-1 1 -1]"}; !slices.Equal(got, want) {
		t.Errorf("got the runs %v, want %v", got, want)
	}
	s := m.Sessions[1]
	if x, z := s.Table.Value(0, "x"), s.Table.Value(0, "z"); x != 4.5 || z != 4 {
		t.Errorf("got x %g, z %g", x, z)
	}
	if s.Table.Cell(0, "note") != "one, two" || s.Bad(0) || !s.Bad(1) || s.Segment(0) != 0 || s.Segment(1) != 1 {
		t.Errorf("got the note %q, bad %t and %t, segments %d and %d", s.Table.Cell(0, "note"), s.Bad(0), s.Bad(1), s.Segment(0), s.Segment(1))
	}
	v, err := m.Values(Query{Stats: []string{"volume_user"}, Session: All, Segment: All, Bad: true})
	if err != nil || !slices.Equal(v.Columns[0].Values[:3], []float64{0.4, 0.5, 0.6}) || !math.IsNaN(v.Columns[0].Values[3]) {
		t.Errorf("got %v, %v", v, err)
	}
	// It is a map like any other: its files are read again.
	again, err := FromFiles("points", m.Files())
	if err != nil || again.Runs("").Len() != 3 || len(again.Files()) != 2+1+3*2 {
		t.Errorf("got %v, %d files, %v", again, len(again.Files()), err)
	}
	if err := (Columns{X: "x", Y: "x"}).Check(p); err == nil || !strings.Contains(err.Error(), "both") {
		t.Errorf("got %v", err)
	}
	if err := (Columns{X: "x", Y: "nose"}).Check(p); err == nil || !strings.Contains(err.Error(), `"nose"`) {
		t.Errorf("got %v", err)
	}
}

const someSWC = "# a fork\n1 1 0 0 0 1 -1\n2 3 1 0 0 0.5 1\n3 3 2 0 2 0.5 2\n4 3 3 1 2 0.4 3\n5 3 4 2 2 0.4 4\n6 3 3 -1 2 0.4 3\n"

func TestSWCIsCutWhereItBranches(t *testing.T) {
	tr, err := ReadSWC([]byte(someSWC), 2)
	if err != nil {
		t.Fatal(err)
	}
	var n []int
	for _, s := range tr.Segments {
		n = append(n, len(s))
	}
	if !slices.Equal(n, []int{3, 3, 2}) {
		t.Errorf("got segments of %v points", n)
	}
	m, err := PointsMap("fork", &Points{Names: []string{"x", "y"}}, Columns{X: "x", Y: "y", DZ: 2}, map[string]*Tracks{"": tr})
	if err != nil || len(m.Problems) > 0 {
		t.Fatal(err, m.Problems)
	}
	s := m.Sessions[0].Segments()
	if len(s) != 3 || s[0].Length2D != 2 || math.Abs(s[0].Length3D-1-math.Sqrt(5)) > 1e-9 || s[0].Radius != 1 {
		t.Errorf("got %+v", s)
	}
	trace, err := m.Trace(0, All)
	if err != nil || len(trace.X) != 8 || trace.Z[2] != 1 || trace.SDist[2] != 2 {
		t.Errorf("got %+v, %v", trace, err)
	}
	p, _ := ReadPoints([]byte("x,y,z\n2.1,0.2,1\n3.9,2.2,1\n"))
	m, err = PointsMap("both", p, Columns{X: "x", Y: "y", Z: "z", DZ: 2}, map[string]*Tracks{"": tr})
	if err != nil {
		t.Fatal(err)
	}
	if o := m.Sessions[0]; o.Segment(0) != 0 || o.Table.Value(0, "sDist") != 2 || o.Segment(1) != 1 {
		t.Errorf("the objects are on segments %d and %d", o.Segment(0), o.Segment(1))
	}
}

func TestTracingsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "no points",
		"1 1 0 0 0\n":                    "line 1",
		"1 1 0 0 x 1 -1\n":               "no number",
		"1 1 0 0 0 1 -1\n1 1 0 0 0 1 1":  "two points 1",
		"1 1 0 0 0 1 2\n2 1 0 0 0 1 1\n": "ancestors",
		"1 1 0 0 0 1 -1\n":               "connected",
		"1e300 1 0 0 0 1 -1\n":           "no number of a point",
	} {
		if _, err := ReadSWC([]byte(text), 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func FuzzPoints(f *testing.F) {
	f.Add([]byte(someCSV), []byte(someSWC))
	f.Add([]byte("x;y;t;id\n1,5;2;a;1\n2;3;b;1\n"), []byte(""))
	f.Fuzz(func(t *testing.T, data, swc []byte) {
		p, err := ReadPoints(data)
		if err != nil {
			return
		}
		c := p.Guess()
		var tracks map[string]*Tracks
		if tr, err := ReadSWC(swc, 1); err == nil {
			tracks = map[string]*Tracks{"": tr}
			if _, err := PointsMap("t", &Points{Names: []string{"x", "y"}}, Columns{X: "x", Y: "y"}, tracks); err != nil {
				t.Fatal(err)
			}
		}
		if c.X == "" || c.Y == "" {
			return
		}
		m, err := PointsMap("points", p, c, tracks)
		if err != nil {
			return
		}
		n := 0
		for _, s := range m.Sessions {
			n += s.Len()
		}
		if n != len(p.Rows) {
			t.Fatalf("got %d objects of %d points", n, len(p.Rows))
		}
		if _, err := m.Values(Query{Session: All, Segment: All, Bad: true}); err != nil {
			t.Fatal(err)
		}
	})
}
