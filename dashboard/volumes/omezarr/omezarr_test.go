package omezarr_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"webmon/dashboard/volumes/omezarr"
)

// axes are axes by the letters t, c, w, z, y and x, of which w is none that OME knows.
func axes(letters string) (out []omezarr.Axis) {
	for _, r := range letters {
		a := omezarr.Axis{Name: string(r), Kind: omezarr.Space, Unit: "micrometer"}
		switch r {
		case 't':
			a.Kind, a.Unit = omezarr.Time, "second"
		case 'c':
			a.Kind, a.Unit = omezarr.Channels, ""
		case 'w':
			a.Kind, a.Unit = omezarr.Other, ""
		}
		out = append(out, a)
	}
	return out
}

func level(shape ...int) omezarr.Level {
	l := omezarr.Level{Shape: shape, Scale: make([]float64, len(shape)), Origin: make([]float64, len(shape))}
	for i := range shape {
		l.Scale[i], l.Origin[i] = float64(i+1), float64(i+1)/2
	}
	return l
}

// array is what a program makes of the metadata of a level, in either format.
type array struct {
	Shape  []int `json:"shape"`
	Chunks []int `json:"chunks"`
	Grid   struct {
		Configuration struct {
			Shape []int `json:"chunk_shape"`
		} `json:"configuration"`
	} `json:"chunk_grid"`
	DType    string `json:"dtype"`
	DataType string `json:"data_type"`
	Order    string `json:"order"`
	Names    []string
}

// decode reads a whole level as a program would: by the chunks that the metadata promise.
func decode(t *testing.T, m *omezarr.Image, k, size int, v3 bool, read func(omezarr.File) []byte) (shape []int, data []byte) {
	t.Helper()
	name, prefix := ".zarray", ""
	if v3 {
		name, prefix = "zarr.json", "c/"
	}
	f, ok := m.Find(fmt.Sprintf("%d/%s", k, name))
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	var a array
	if err := json.Unmarshal(f.Metadata, &a); err != nil {
		t.Fatal(err)
	}
	chunk := a.Chunks
	if v3 {
		chunk = a.Grid.Configuration.Shape
	}
	total, perChunk := size, size
	for i, n := range a.Shape {
		total *= n
		perChunk *= chunk[i]
	}
	if perChunk > 4<<20 {
		t.Errorf("a chunk has %d bytes", perChunk)
	}
	data = bytes.Repeat([]byte{0xee}, total)
	at := make([]int, len(a.Shape))
	for {
		var parts []string
		for _, n := range at {
			parts = append(parts, fmt.Sprint(n))
		}
		path := fmt.Sprintf("%d/%s%s", k, prefix, strings.Join(parts, "/"))
		f, ok := m.Find(path)
		if !ok {
			t.Fatalf("there is no chunk %s of the shape %v", path, a.Shape)
		}
		got, err := m.Chunk(f, read(f))
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != perChunk || m.Size(k) != perChunk {
			t.Fatalf("the chunk %s has %d bytes and is said to have %d, want %d", path, len(got), m.Size(k), perChunk)
		}
		index := make([]int, len(chunk))
		for o := 0; o < len(got); o += size {
			to, inside := 0, true
			for i := range chunk {
				j := at[i]*chunk[i] + index[i]
				inside = inside && j < a.Shape[i]
				to = to*a.Shape[i] + j
			}
			if inside {
				copy(data[to*size:], got[o:o+size])
			} else if !bytes.Equal(got[o:o+size], make([]byte, size)) {
				t.Fatalf("what lies beyond the volume is not 0 in %s", path)
			}
			for i := len(index) - 1; i >= 0; i-- {
				if index[i]++; index[i] < chunk[i] {
					break
				}
				index[i] = 0
			}
		}
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i]*chunk[i] < a.Shape[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return a.Shape, data
		}
	}
}

// cut is a box of an array in C order.
func cut(data []byte, size int, shape, from, to []int) (out []byte) {
	var walk func(axis, at int)
	walk = func(axis, at int) {
		for i := from[axis]; i < to[axis]; i++ {
			next := at*shape[axis] + i
			if axis == len(shape)-1 {
				out = append(out, data[next*size:(next+1)*size]...)
				continue
			}
			walk(axis+1, next)
		}
	}
	walk(0, 0)
	return out
}

func TestChunksAreTheVolume(t *testing.T) {
	for _, test := range []struct {
		axes  string
		shape []int
		descr string
		size  int
		out   string // the order of the axes
	}{
		{"zyx", []int{70, 65, 130}, "<u2", 2, "zyx"},
		{"zyx", []int{1, 300, 700}, "|u1", 1, "zyx"},
		{"zyx", []int{3, 4, 5}, "<f8", 8, "zyx"},
		{"zyxc", []int{20, 30, 40, 3}, "|u1", 1, "czyx"},
		{"zctyx", []int{5, 2, 3, 6, 7}, "<i4", 4, "tczyx"},
		{"wzyx", []int{3, 5, 6, 7}, "<f4", 4, "wzyx"},
		{"yx", []int{90, 2000}, "|b1", 1, "yx"},
		{"zyx", []int{65, 66, 67}, "<c16", 16, "zyx"},
		{"xtyz", []int{4, 3, 2, 5}, "<u8", 8, "txyz"},
	} {
		t.Run(test.axes+" "+test.descr, func(t *testing.T) {
			m, err := omezarr.New(omezarr.Volume{Title: "a", Descr: test.descr, Axes: axes(test.axes), Levels: []omezarr.Level{level(test.shape...)}})
			if err != nil {
				t.Fatal(err)
			}
			n := test.size
			for _, side := range test.shape {
				n *= side
			}
			data := make([]byte, n)
			random := rand.New(rand.NewPCG(1, 2))
			for i := range data {
				data[i] = byte(random.Uint32())
			}
			for _, v3 := range []bool{false, true} {
				shape, got := decode(t, m, 0, test.size, v3, func(f omezarr.File) []byte { return cut(data, test.size, test.shape, f.From, f.To) })
				// The same axes, in the order in which they go out.
				var want []int
				for _, r := range test.out {
					want = append(want, test.shape[strings.IndexRune(test.axes, r)])
				}
				if !slices.Equal(shape, want) {
					t.Fatalf("the shape is %v, want %v", shape, want)
				}
				index := make([]int, len(shape))
				for o := 0; o < len(got); o += test.size {
					from := 0
					for i, r := range test.axes {
						from = from*test.shape[i] + index[strings.IndexRune(test.out, r)]
					}
					if !bytes.Equal(got[o:o+test.size], data[from*test.size:(from+1)*test.size]) {
						t.Fatalf("voxel %v differs", index)
					}
					for i := len(index) - 1; i >= 0; i-- {
						if index[i]++; index[i] < shape[i] {
							break
						}
						index[i] = 0
					}
				}
			}
		})
	}
}

func TestWhatHasNoPlaceInOMEZarr(t *testing.T) {
	for _, test := range []struct {
		axes, descr, want string
	}{
		{"x", "|u1", "two or three axes of space, and this volume has 1"},
		{"ct", "|u1", "two or three axes of space, and this volume has 0"},
		{"cwzyx", "|u1", `one axis besides time and space, and this volume has "c" and "w"`},
		{"zyx", ">u2", "the dtype >u2"},
		{"zyx", "<f2x", "the dtype <f2x"},
		{"zyx", "<U4", "the dtype <U4"},
		{"zyx", "", "the dtype  are"},
	} {
		shape := make([]int, len(test.axes))
		for i := range shape {
			shape[i] = 2
		}
		_, err := omezarr.New(omezarr.Volume{Descr: test.descr, Axes: axes(test.axes), Levels: []omezarr.Level{level(shape...)}})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: %v, want %q in it", test.axes, test.descr, err, test.want)
		}
	}
	if _, err := omezarr.New(omezarr.Volume{Descr: "|u1", Axes: axes("zyx")}); err == nil {
		t.Error("a volume without a level is described")
	}
}

func TestMetadataOfBothVersions(t *testing.T) {
	m, err := omezarr.New(omezarr.Volume{
		Title: "Brain", Descr: "<u2", Axes: axes("zyxc"), RGB: true, Levels: []omezarr.Level{level(64, 64, 64, 3), level(32, 32, 32, 3)},
		Window: &[2]float64{0, 4000}, Range: &[2]float64{10, 400},
	})
	if err != nil {
		t.Fatal(err)
	}
	type scale struct {
		Path  string
		Moves []struct {
			Type               string
			Scale, Translation []float64
		} `json:"coordinateTransformations"`
	}
	type ome struct {
		Version     string
		Multiscales []struct {
			Version, Name string
			Axes          []struct{ Name, Type, Unit string }
			Datasets      []scale
		}
		Omero struct {
			Channels []struct {
				Color  string
				Window struct{ Min, Max, Start, End float64 }
			}
		}
		Label any `json:"image-label"`
	}
	var v3 struct {
		Format     int    `json:"zarr_format"`
		Node       string `json:"node_type"`
		Attributes struct{ OME ome }
	}
	var v2 ome
	for path, into := range map[string]any{"zarr.json": &v3, ".zattrs": &v2} {
		f, ok := m.Find(path)
		if !ok {
			t.Fatalf("there is no %s", path)
		}
		if err := json.Unmarshal(f.Metadata, into); err != nil {
			t.Fatal(err)
		}
	}
	if v3.Format != 3 || v3.Node != "group" || v3.Attributes.OME.Version != "0.5" || v2.Multiscales[0].Version != "0.4" {
		t.Errorf("the versions are %d %q %q and %q", v3.Format, v3.Node, v3.Attributes.OME.Version, v2.Multiscales[0].Version)
	}
	for _, o := range []ome{v2, v3.Attributes.OME} {
		s := o.Multiscales[0]
		if got := fmt.Sprint(s.Axes); got != "[{c channel } {z space micrometer} {y space micrometer} {x space micrometer}]" || s.Name != "Brain" {
			t.Errorf("the axes of %q are %v", s.Name, got)
		}
		if len(s.Datasets) != 2 || s.Datasets[1].Path != "1" {
			t.Fatalf("the levels are %v", s.Datasets)
		}
		if got := fmt.Sprint(s.Datasets[0].Moves); got != "[{scale [4 1 2 3] []} {translation [] [2 0.5 1 1.5]}]" {
			t.Errorf("level 0 lies at %v", got)
		}
		if c := o.Omero.Channels; len(c) != 3 || c[1].Color != "00FF00" || c[0].Window.End != 400 || c[0].Window.Max != 4000 {
			t.Errorf("the channels are %v", c)
		}
		if o.Label != nil {
			t.Error("an image is marked as labels")
		}
	}
	labels, err := omezarr.New(omezarr.Volume{Descr: "<u4", Labels: true, Axes: axes("zyx"), Levels: []omezarr.Level{level(2, 3, 4)}, Range: &[2]float64{0, math.Inf(1)}})
	if err != nil {
		t.Fatal(err)
	}
	if f, _ := labels.Find(".zattrs"); !strings.Contains(string(f.Metadata), `"image-label":{"version":"0.4"}`) || strings.Contains(string(f.Metadata), "omero") {
		t.Errorf("labels are described as %s", f.Metadata)
	}
}

func TestPathsThatAreNone(t *testing.T) {
	m, err := omezarr.New(omezarr.Volume{Descr: "|u1", Axes: axes("zyx"), Levels: []omezarr.Level{level(65, 65, 65)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"", "/", "0", "0/", "0/c", "0/c/", "1/zarr.json", "00/zarr.json", "0/c/0/0", "0/c/0/0/0/0", "0/c/2/0/0", "0/0/0/9999999999", "0/0/0/-1",
		"0/0/0/01", "0/0/0/1 ", "0/c/c/0/0/0", "0/..", "zarr.json/", ".zarray", "-0/zarr.json", "0/0/0/+1", "0//0/0",
	} {
		if _, ok := m.Find(path); ok {
			t.Errorf("there is something at %q", path)
		}
	}
	for _, path := range []string{"0/0/0/0", "0/c/0/0/0", "0/c/1/1/1", "0/.zattrs"} {
		if _, ok := m.Find(path); !ok {
			t.Errorf("there is nothing at %q", path)
		}
	}
	f, _ := m.Find("0/0/0/0")
	if _, err := m.Chunk(f, make([]byte, 5)); err == nil {
		t.Error("a chunk is made of too few voxels")
	}
}

func FuzzFind(f *testing.F) {
	m, err := omezarr.New(omezarr.Volume{Descr: "<u2", Axes: axes("tzyx"), Levels: []omezarr.Level{level(3, 65, 65, 65), level(3, 33, 33, 33)}})
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range []string{"zarr.json", "0/.zarray", "1/c/2/0/0/0", "0/2/1/1/1", "1/zarr.json", "0/c/0/0/0/999999999"} {
		f.Add(path)
	}
	shapes := [][]int{{3, 65, 65, 65}, {3, 33, 33, 33}}
	f.Fuzz(func(t *testing.T, path string) {
		file, ok := m.Find(path)
		if !ok || file.Metadata != nil {
			if ok && !json.Valid(file.Metadata) {
				t.Errorf("%q is no JSON", path)
			}
			return
		}
		shape := shapes[file.Level]
		for i := range shape {
			if file.From[i] < 0 || file.From[i] >= file.To[i] || file.To[i] > shape[i] {
				t.Fatalf("%q is the box from %v to %v of %v", path, file.From, file.To, shape)
			}
		}
	})
}
