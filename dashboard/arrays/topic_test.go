package arrays

import (
	"slices"
	"strings"
	"testing"

	"webmon/shm"
)

func TestParsePart(t *testing.T) {
	for detail, want := range map[string]part{
		"camera/y,x/0,0,2048,2048/2":        {name: "camera", index: Index{Down, Right}, rows: 2048, cols: 2048, step: 2},
		"layer.3/y,x,c/0,0,512,512/1":       {name: "layer.3", index: Index{Down, Right, Samples}, rows: 512, cols: 512, step: 1},
		"stack/7,0,x,y/16,32,64,128/4/n":    {name: "stack", index: Index{7, 0, Right, Down}, row: 16, col: 32, rows: 64, cols: 128, step: 4, nearest: true},
		"trace/x/0,0,1,100000/1":            {name: "trace", index: Index{Right}, rows: 1, cols: 100000, step: 1},
		"a:b-c._/1,2,3,4,5,6,y,x/0,0,1,1/1": {name: "a:b-c._", index: Index{1, 2, 3, 4, 5, 6, Down, Right}, rows: 1, cols: 1, step: 1},
		"camera/y,x/0,0,1,1/1/e":            {name: "camera", index: Index{Down, Right}, rows: 1, cols: 1, step: 1, exact: true},
		"camera/y,x/0,0,1,1/2/n/e":          {name: "camera", index: Index{Down, Right}, rows: 1, cols: 1, step: 2, nearest: true, exact: true},
	} {
		got, err := parsePart(detail)
		if err != nil || got.exact != want.exact || got.name != want.name || !slices.Equal(got.index, want.index) || got.nearest != want.nearest ||
			[5]int{got.row, got.col, got.rows, got.cols, got.step} != [5]int{want.row, want.col, want.rows, want.cols, want.step} {
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
		if got, err := parsePart(detail); err == nil {
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
		p, err := parsePart(detail)
		if err != nil {
			return
		}
		head, _, _ := strings.Cut(detail, "/")
		if again := head + "/" + p.index.String() + "/"; !strings.HasPrefix(detail, again) {
			t.Fatalf("%q has another name: %s", detail, again)
		}
		for dims := range 5 {
			shape := []int{int(a), int(b), int(c), int(d)}[:dims]
			sel, bytes, err := p.selection(shape, 4)
			if err != nil {
				continue
			}
			if bytes > maxPicture {
				t.Fatalf("%q of %v takes %d bytes", detail, shape, bytes)
			}
			height := 1
			if sel.Y >= 0 {
				height = shape[sel.Y]
			}
			if sel.Row < 0 || sel.Rows < 0 || sel.Row+sel.Rows > height ||
				sel.Col < 0 || sel.Cols < 0 || sel.Col+sel.Cols > shape[sel.X] || sel.Step < p.step {
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
		p, err := parsePart("a/" + text + "/0,0,9,9/1")
		if err != nil {
			t.Fatal(err)
		}
		sel, _, err := p.selection(shape, 1)
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
