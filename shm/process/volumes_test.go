package process

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"webmon/shm"
	"webmon/shm/pickle"
)

func list(items ...pickle.Value) *pickle.List { return pickle.NewList(items...) }

// volume is a declaration that makes sense, but for what is given.
func volume(given ...any) *pickle.Dict {
	d := pickle.NewDict("kind", "image", "generation", "0123456789abcdef", "dtype", "<u2", "shape", list(int64(8), int64(6), int64(4)),
		"axes", list("z", "y", "x"), "channels", int64(-1))
	for i := 0; i < len(given); i += 2 {
		d.Set(given[i], given[i+1])
	}
	return d
}

func TestDecodeVolumes(t *testing.T) {
	good := volume("levels", list(list(int64(4), int64(3), int64(2)), list(int64(2), int64(2), int64(1))), "scale", list(2.0, 0.5, int64(1)),
		"corner", list(-1.0, 0.0, 3.0), "matrix", list(list(1.0, 0.0, 0.0, 5.0), list(0.0, 1.0, 0.0, 0.0), list(0.0, 0.5, 1.0, 0.0)),
		"limits", list(1.0, 2.0), "opacity", 0.25, "meshes", true,
		"client", pickle.NewDict("viewer", "v", "token", "t", "voxel_offset", list(int64(-3), int64(0), int64(9)), "downsampling", "2d",
			"max_downsampling", int64(64), "encoding", "raw", "chunk_layout", "flat", "mesh_error", 1e300, "mesh_angle", int64(5), "mesh_fixed", true,
			"coordinates", list(nil, list(list(int64(7), int64(-9)), list("a", "b")), nil)))
	volumes, notes := decodeVolumes(pickle.NewDict("good", good, "a", volume("kind", "points", "dtype", nil, "shm", "")))
	if len(volumes) != 2 || len(notes) != 0 {
		t.Fatalf("%+v, %v", volumes, notes)
	}
	v := volumes.Get("good")
	if fmt.Sprint(v.Levels, v.Scale, v.Corner, v.Matrix, *v.Limits, *v.Opacity, v.Meshes) !=
		"[{[4 3 2]} {[2 2 1]}] [2 0.5 1] [-1 0 3] [[1 0 0 5] [0 1 0 0] [0 0.5 1 0]] [1 2] 0.25 true" {
		t.Errorf("%+v", v)
	}
	if c := v.Client; c == nil || fmt.Sprint([]any{c.Viewer, c.Token, c.VoxelOffset, c.Downsampling, *c.MaxDownsampling, c.Encoding, c.ChunkLayout}) != "[v t [-3 0 9] 2d 64 raw flat]" {
		t.Errorf("%+v", c)
	} else if fmt.Sprint(*c.MeshError, *c.MeshAngle, c.MeshFixed, c.Coordinates[0], *c.Coordinates[1]) != "1.048576e+06 5 true <nil> {[7 -9] [a b]}" {
		t.Errorf("%+v %+v", c, c.Coordinates)
	}
	long := strings.Repeat("x", maxCoordinates)
	for _, names := range []pickle.Value{
		int64(1), list(nil), list(nil, int64(1), nil), list(nil, list(list(int64(1))), nil), list(nil, list(list(int64(1)), list()), nil),
		list(nil, list(list(0.5), list("a")), nil), list(nil, list(list(int64(1)), list(int64(2))), nil), list(nil, list(list(int64(1), int64(2)), list("a", long)), nil),
	} {
		c := volumeClient(pickle.NewDict("coordinates", names, "mesh_error", math.NaN(), "mesh_angle", "x", "mesh_fixed", "yes"), 3)
		if c.Coordinates != nil || c.MeshError != nil || c.MeshAngle != nil || c.MeshFixed {
			t.Errorf("%v: %+v", names, c)
		}
	}
	for what, wrong := range map[string]*pickle.Dict{
		"its kind is":                       volume("kind", "movie"),
		"its generation":                    volume("generation", "12"),
		"no name of a segment":              volume("shm", "../x"),
		"its shape is":                      volume("shape", list()),
		"its shape has":                     volume("shape", list(int64(-1), int64(2))),
		"its dtype is not understood":       volume("dtype", "?!"),
		"no numbers that can be shown":      volume("dtype", "<U4"),
		"no whole numbers":                  volume("kind", "labels", "dtype", "<f4"),
		"its scale is":                      volume("scale", list(1.0, 0.0, 1.0)),
		"its corner is":                     volume("corner", list(1.0, 2.0)),
		"its matrix is":                     volume("matrix", list(list(1.0))),
		"a row of its matrix is":            volume("matrix", list(list(1.0), list(1.0), list(1.0))),
		"which is no coarser level of":      volume("levels", list(list(int64(9), int64(3), int64(2)))),
		"has 2 axes, and it has 3":          volume("levels", list(list(int64(4), int64(3)))),
		"it has a segment, and points are":  volume("kind", "points", "shm", "webmon-1-x"),
		"no machine holds a volume of [109": volume("shm", "webmon-1-x", "shape", list(int64(1<<40-1), int64(1<<40-1), int64(3))),
	} {
		volumes, notes := decodeVolumes(pickle.NewDict("bad", wrong, "good", good))
		bad := volumes.Get("bad")
		if len(volumes) != 2 || volumes.Get("good").Problem != "" || bad == nil || !strings.Contains(bad.Problem, what) || len(notes) != 1 {
			t.Errorf("%s: %+v, %v", what, bad, notes)
		}
	}
}

func TestChanges(t *testing.T) {
	dict := func(version, since int64, changes ...pickle.Value) *pickle.Dict {
		return pickle.NewDict("generation", "0123456789abcdef", "version", version, "since", since, "changes", list(changes...))
	}
	at := func(version int64, from, to pickle.Value) *pickle.List { return list(version, from, to) }
	box := func(a, b int64) *pickle.List { return list(a, b) }
	last := &shm.VolumeVersion{Generation: "0123456789abcdef", Version: 4}
	for name, test := range map[string]struct {
		value pickle.Value
		last  *shm.VolumeVersion
		want  string
	}{
		"first":             {dict(6, 0, at(6, box(0, 0), box(1, 1))), nil, "6 [] []"},
		"one":               {dict(5, 3, at(4, box(0, 0), box(9, 9)), at(5, box(1, 2), box(3, 4))), last, "5 [1 2] [3 4]"},
		"two":               {dict(9, 3, at(5, box(1, 2), box(3, 4)), at(9, box(0, 3), box(2, 8))), last, "9 [0 2] [3 8]"},
		"anywhere":          {dict(9, 3, at(5, box(1, 2), box(3, 4)), at(9, nil, nil)), last, "9 [] []"},
		"forgotten":         {dict(9, 5, at(9, box(1, 2), box(3, 4))), last, "9 [] []"},
		"not all":           {dict(9, 3, at(8, box(1, 2), box(3, 4))), last, "9 [] []"},
		"begun again":       {dict(3, 0, at(3, box(1, 2), box(3, 4))), last, "3 [] []"},
		"another":           {dict(5, 3, at(5, box(1, 2), box(3, 4))), &shm.VolumeVersion{Generation: "x", Version: 4}, "5 [] []"},
		"another rank":      {dict(6, 3, at(5, box(1, 2), box(3, 4)), at(6, list(int64(1)), list(int64(2)))), last, "6 [] []"},
		"no sense":          {dict(5, 3, at(5, box(-1, 2), box(3, 4))), last, "5 [] []"},
		"no sense, as text": {dict(5, 3, "x"), last, "5 [] []"},
	} {
		c, ok := decodeChanges(test.value)
		if got := c.after(test.last); !ok || fmt.Sprint(got.Version, got.From, got.To) != test.want {
			t.Errorf("%s: %+v, want %s", name, got, test.want)
		}
	}
	for _, v := range []pickle.Value{nil, "x", pickle.NewDict("version", int64(1)), pickle.NewDict("generation", "0123456789abcdef", "version", int64(-1))} {
		if _, ok := decodeChanges(v); ok {
			t.Errorf("%v was taken for changes", v)
		}
	}
}

// Whatever a process declares, what comes of it is bounded and can be read safely.
func FuzzVolumes(f *testing.F) {
	for _, v := range []pickle.Value{
		pickle.NewDict("a", volume("levels", list(list(int64(4), int64(3), int64(2))), "scale", list(1.0, 2.0, 3.0), "rgb", true, "channels", int64(2))),
		pickle.NewDict("a", volume("kind", "labels", "matrix", list(list(1.0, 0.0, 0.0, 5.0), list(0.0, 1.0, 0.0, 0.0), list(0.0, 0.5, 1.0, 0.0)))),
		pickle.NewDict("generation", "0123456789abcdef", "version", int64(4), "since", int64(0), "changes", list(list(int64(4), list(int64(0)), list(int64(2))))),
	} {
		b, err := pickle.Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := pickle.Decode(b, pickle.Limits{MaxNodes: 100_000})
		if err != nil {
			return
		}
		volumes, _ := decodeVolumes(v)
		for i := range volumes {
			v := &volumes[i]
			if !wireName.MatchString(v.Name) || !slices.Contains(kinds, v.Kind) || !generation.MatchString(v.Generation) ||
				len(v.Axes) != len(v.Shape) || v.Channels >= len(v.Shape) || len(v.Levels) > maxLevels {
				t.Errorf("%+v", v)
			}
			if shm.SizeOf(volumes) > 64*maxDeclared {
				t.Errorf("%d bytes", shm.SizeOf(volumes))
			}
		}
		if c, ok := decodeChanges(v); ok {
			c.after(&shm.VolumeVersion{Generation: c.generation})
		}
	})
}
