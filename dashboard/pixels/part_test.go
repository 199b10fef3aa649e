package pixels

import (
	"slices"
	"strings"
	"testing"

	"webmon/shm"
)

func TestParsePart(t *testing.T) {
	for detail, want := range map[string]Part{
		"camera/y,x/0,0,2048,2048/2":        {Name: "camera", Index: Index{Down, Right}, Rows: 2048, Cols: 2048, Step: 2},
		"layer.3/y,x,c/0,0,512,512/1":       {Name: "layer.3", Index: Index{Down, Right, Samples}, Rows: 512, Cols: 512, Step: 1},
		"stack/7,0,x,y/16,32,64,128/4/n":    {Name: "stack", Index: Index{7, 0, Right, Down}, Row: 16, Col: 32, Rows: 64, Cols: 128, Step: 4, Nearest: true},
		"trace/x/0,0,1,100000/1":            {Name: "trace", Index: Index{Right}, Rows: 1, Cols: 100000, Step: 1},
		"a:b-c._/1,2,3,4,5,6,y,x/0,0,1,1/1": {Name: "a:b-c._", Index: Index{1, 2, 3, 4, 5, 6, Down, Right}, Rows: 1, Cols: 1, Step: 1},
		"camera/y,x/0,0,1,1/1/e":            {Name: "camera", Index: Index{Down, Right}, Rows: 1, Cols: 1, Step: 1, Exact: true},
		"camera/y,x/0,0,1,1/2/n/e":          {Name: "camera", Index: Index{Down, Right}, Rows: 1, Cols: 1, Step: 2, Nearest: true, Exact: true},
	} {
		got, err := ParsePart(detail)
		if err != nil || got.Exact != want.Exact || got.Name != want.Name || !slices.Equal(got.Index, want.Index) || got.Nearest != want.Nearest ||
			[5]int{got.Row, got.Col, got.Rows, got.Cols, got.Step} != [5]int{want.Row, want.Col, want.Rows, want.Cols, want.Step} {
			t.Errorf("%s is read as %+v, %v, want %+v", detail, got, err, want)
		}
	}
	for _, detail := range []string{
		"", "camera", "camera/y,x", "camera/y,x/0,0,1,1", "/y,x/0,0,1,1/1", "camera//0,0,1,1/1", ".camera/y,x/0,0,1,1/1",
		"camera/y,x/0,0,1,1/0", "camera/y,x/0,0,1,1/65537", "camera/y,x/0,0,1,1/1/m", "camera/y,x/0,0,1,1/1/n/n", "camera/y,x/0,0,1,1/1/e/n", "camera/y,x/0,0,1,1/1/e/e", "camera/y,x/0,0,1,1/e", "camera/y,x/0,0,1/1",
		"camera/y,x/0,0,0,1/1", "camera/y,x/0,0,1,0/1", "camera/y,x/-1,0,1,1/1", "camera/y,x/00,0,1,1/1", "camera/y,x/0,0,1,1/01",
		"camera/y,x/0,0,1,+1/1", "camera/y,x/0,0,1, 1/1", "camera/y,x/0,0,1,99999999999999999999/1", "camera/y,x/0,0,1,1e3/1",
		"camera/y,y/0,0,1,1/1", "camera/x,x/0,0,1,1/1", "camera/y/0,0,1,1/1", "camera/0,0/0,0,1,1/1", "camera/0,x/0,0,1,1/1",
		"camera/y,x,c,c/0,0,1,1/1", "camera/1,2,3,4,5,6,7,y,x/0,0,1,1/1", "camera/y,x,/0,0,1,1/1", "camera/Y,X/0,0,1,1/1",
		"cam\"era/y,x/0,0,1,1/1", "camera/y,x/0,0,1,1/1\n", strings.Repeat("a", 81) + "/y,x/0,0,1,1/1",
	} {
		if got, err := ParsePart(detail); err == nil {
			t.Errorf("%q is taken for %+v", detail, got)
		}
	}
}

// Whatever a page asks for, a frame of any shape is read within its bounds and
// within the limit of a message; and what is the same has one name.
func FuzzParsePart(f *testing.F) {
	for _, seed := range []string{
		"camera/y,x/0,0,2048,2048/2", "layer.3/y,x,c/0,0,512,512/1", "stack/7,0,x,y/16,32,64,128/4/n", "trace/x/0,0,1,9/1",
		"a/x,3,y,c/9999,0,2147483648,2147483648/65536", "a/y,x/0,0,1,1/1/n/n", "a/y,x/0,0,1,1/1/n/e", "//,,,//", "a/1099511627776,y,x/0,0,1,1/1",
	} {
		f.Add(seed, uint16(64), uint16(64), uint16(3), uint16(4))
		f.Add(seed, uint16(40000), uint16(65535), uint16(65535), uint16(4))
	}
	f.Fuzz(func(t *testing.T, detail string, a, b, c, d uint16) {
		p, err := ParsePart(detail)
		if err != nil {
			return
		}
		head, _, _ := strings.Cut(detail, "/")
		if again := head + "/" + p.Index.String() + "/"; !strings.HasPrefix(detail, again) {
			t.Fatalf("%q has another Name: %s", detail, again)
		}
		for dims := range 5 {
			shape := []int{int(a), int(b), int(c), int(d)}[:dims]
			sel, bytes, err := p.Selection(shape, 4, MaxPicture)
			if err != nil {
				continue
			}
			if bytes > MaxPicture {
				t.Fatalf("%q of %v takes %d bytes", detail, shape, bytes)
			}
			height := 1
			if sel.Y >= 0 {
				height = shape[sel.Y]
			}
			if sel.Row < 0 || sel.Rows < 0 || sel.Row+sel.Rows > height ||
				sel.Col < 0 || sel.Cols < 0 || sel.Col+sel.Cols > shape[sel.X] || sel.Step < p.Step {
				t.Fatalf("%q of %v selects %+v", detail, shape, sel)
			}
			for axis, at := range sel.Index {
				if at < 0 || at >= shape[axis] {
					t.Fatalf("%q of %v is at %v", detail, shape, sel.Index)
				}
			}
		}
	})
}

func TestDefaultIndex(t *testing.T) {
	for _, test := range []struct {
		shape []int
		role  string
		want  string
	}{
		{[]int{9}, "", "x"},
		{[]int{9, 9}, "", "y,x"},
		{[]int{5, 9, 9}, "", "0,y,x"},
		{[]int{9, 9, 3}, "rgb", "y,x,c"},
		{[]int{2, 9, 9, 4}, "rgb", "0,y,x,c"},
		{[]int{9, 3}, "rgb", "y,x"},
	} {
		ix := DefaultIndex(&shm.ArrayInfo{Shape: test.shape, Role: test.role})
		if ix.String() != test.want {
			t.Errorf("of %v %s the plane %s is shown, want %s", test.shape, test.role, ix, test.want)
		}
		if _, err := ParseIndex(ix.String()); err != nil {
			t.Errorf("%s: %v", ix, err)
		}
		if _, err := ix.Plane(test.shape); err != nil {
			t.Errorf("%s of %v: %v", ix, test.shape, err)
		}
	}
}

// What is beyond the end of an axis is no plane. A page alone goes on to show the last
// one, of a frame that is smaller than the one before.
func TestPlanesBeyondTheEnd(t *testing.T) {
	for text, fits := range map[string]bool{
		"0,y,x": true, "4,y,x": true, "5,y,x": false, "9,y,x": false, "y,2,x": true, "y,3,x": false, "x,y,3": true, "y,x": false,
	} {
		ix, err := ParseIndex(text)
		if err != nil {
			t.Fatal(err)
		}
		shape := []int{5, 3, 4}
		if _, err := ix.Plane(shape); (err == nil) != fits {
			t.Errorf("%s of %v: %v", text, shape, err)
		}
		p, err := ParsePart("a/" + text + "/0,0,9,9/1")
		if err != nil {
			t.Fatal(err)
		}
		sel, _, err := p.Selection(shape, 1, MaxPicture)
		if (err == nil) != (len(ix) == len(shape)) {
			t.Errorf("the page's %s of %v: %v", text, shape, err)
		}
		for axis, at := range sel.Index {
			if at >= shape[axis] {
				t.Errorf("the page's %s of %v is at %v", text, shape, sel.Index)
			}
		}
	}
}

func TestParsePosition(t *testing.T) {
	for text, want := range map[string]Index{"": {}, "5": {5}, "1,2,3": {1, 2, 3}} {
		got, err := ParsePosition(text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q is %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"y", "1,x", "-1", "1,", " 1", "1.5", "a", "1,2,3,4,5,6,7,8,9"} {
		if got, err := ParsePosition(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}
