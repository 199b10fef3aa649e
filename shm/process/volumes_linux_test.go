package process_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"webmon/shm"
	"webmon/shm/process"
	"webmon/shm/process/naparitest"
	"webmon/shm/sourcetest"
)

// volumesOf is a source with volumes that runs until the test ends.
type volumesOf struct {
	*process.Source
	sink *sourcetest.Sink
}

func attachVolumes(t *testing.T, p *naparitest.Process, code string) volumesOf {
	t.Helper()
	var at struct{ Address, Authkey string }
	p.Run("import webmon\np = webmon.Process('scope', launch=False)\n"+code+"\nout = offered()", &at)
	src, err := process.Attach(t.Context(), process.Options{Address: at.Address, Authkey: []byte(at.Authkey)})
	if err != nil {
		t.Fatal(err)
	}
	v := volumesOf{src, sourcetest.NewSink()}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		_ = src.Run(ctx, v.sink)
	}()
	t.Cleanup(func() { cancel(); <-ran })
	return v
}

// get returns what is declared of a volume, nil if nothing is.
func (v volumesOf) get(name string) *shm.VolumeInfo {
	state, _ := v.sink.Latest(shm.TopicVolumes)
	list, _ := state.(shm.Volumes)
	return list.Get(name)
}

func (v volumesOf) wait(t *testing.T, name string, is func(*shm.VolumeInfo) bool) *shm.VolumeInfo {
	t.Helper()
	v.sink.Wait(t, "the volume "+name, func() bool { info := v.get(name); return info != nil && (is == nil || is(info)) })
	return v.get(name)
}

func (v volumesOf) version(name string) *shm.VolumeVersion {
	state, _ := v.sink.Latest(shm.VolumeTopic(name))
	version, _ := state.(*shm.VolumeVersion)
	return version
}

// A volume of a real Python that is written in place.
func TestVolumeInPlace(t *testing.T) {
	t.Parallel()
	for _, python := range []string{"numpy1", "numpy2"} {
		t.Run(python, func(t *testing.T) {
			t.Parallel()
			p := naparitest.StartPackage(t, python, "")
			v := attachVolumes(t, p, `
brain = p.volume("brain", (4, 5, 6), "uint16", "zyx", scale=(2, 0.5, 0.5), units="um", corner=(1, 0, -3), limits=(0, 100),
    colormap="viridis", blending="additive", opacity=0.5, title="A brain")
brain.data[:] = np.arange(120).reshape(4, 5, 6)
cells = p.volume("cells", (4, 5, 6), ">u4", kind="labels", hidden=True)
`)
			info := v.wait(t, "brain", nil)
			if info.Kind != shm.VolumeImage || info.Descr != "<u2" || fmt.Sprint(info.Shape, info.Axes, info.Units, info.Scale, info.Corner, *info.Limits) !=
				"[4 5 6] [z y x] [um um um] [2 0.5 0.5] [1 0 -3] [0 100]" || info.Colormap != "viridis" || info.Blending != "additive" ||
				*info.Opacity != 0.5 || info.Title != "A brain" || info.Channels != -1 || info.Shm == "" || info.Problem != "" {
				t.Errorf("%+v", info)
			}
			if cells := v.get("cells"); cells.Kind != shm.VolumeLabels || cells.Descr != ">u4" || !cells.Hidden {
				t.Errorf("%+v", cells)
			}
			box, err := v.ReadBox(t.Context(), info, shm.Box{From: []int{1, 2, 3}, To: []int{2, 3, 5}}, nil)
			if err != nil || !slices.Equal(box, []byte{45, 0, 46, 0}) {
				t.Errorf("%v, %v", box, err)
			}
			for _, bad := range []shm.Box{{From: []int{0, 0, 0}, To: []int{4, 5, 7}}, {Level: 1, From: []int{0, 0, 0}, To: []int{1, 1, 1}}, {Level: -1}} {
				if _, err := v.ReadBox(t.Context(), info, bad, nil); !errors.Is(err, shm.ErrBox) {
					t.Errorf("%+v: %v", bad, err)
				}
			}

			if ok, err := v.ViewVolume(t.Context(), info, func(voxels []byte) error {
				if len(voxels) != 4*5*6*2 || voxels[2*45] != 45 {
					t.Errorf("where they lie: %v", voxels)
				}
				return nil
			}); !ok || err != nil {
				t.Errorf("where they lie: %v, %v", ok, err)
			}

			// Nobody is told of changes that nobody wants to hear of.
			p.Run("brain.changed()", nil)
			v.sink.Want(shm.VolumeTopic("brain"), 20)
			v.sink.Wait(t, "the version", func() bool { now := v.version("brain"); return now != nil && now.Version == 1 })
			for i := range 5 {
				p.Run(fmt.Sprintf("brain.data[1, 2, 3] = %d; brain.changed(np.s_[1, 2, 3:4])", i), nil)
			}
			v.sink.Wait(t, "the last version", func() bool { return v.version("brain").Version == 6 })
			if now := v.version("brain"); fmt.Sprint(now.From, now.To) != "[1 2 3] [2 3 4]" || now.Generation != info.Generation {
				t.Errorf("%+v", now)
			}
			if box, err = v.ReadBox(t.Context(), info, shm.Box{From: []int{1, 2, 3}, To: []int{2, 3, 4}}, box); err != nil || box[0] != 4 {
				t.Errorf("%v, %v", box, err)
			}

			// Another shape is another volume.
			p.Run(`brain = p.volume("brain", (2, 2, 2), "uint8"); brain.data[:] = 7`, nil)
			again := v.wait(t, "brain", func(now *shm.VolumeInfo) bool { return now.Generation != info.Generation })
			if _, err := v.ReadBox(t.Context(), info, shm.Box{From: []int{0, 0, 0}, To: []int{1, 1, 1}}, nil); !errors.Is(err, shm.ErrNoVolume) {
				t.Errorf("of the volume before: %v", err)
			}
			if _, err := v.ViewVolume(t.Context(), info, func([]byte) error { t.Error("another volume is seen"); return nil }); !errors.Is(err, shm.ErrNoVolume) {
				t.Errorf("the volume before, where it lies: %v", err)
			}
			if box, err := v.ReadBox(t.Context(), again, shm.Box{From: []int{0, 0, 0}, To: []int{2, 2, 2}}, nil); err != nil || len(box) != 8 || box[7] != 7 {
				t.Errorf("%v, %v", box, err)
			}
			p.Run("brain.close()", nil)
			v.sink.Wait(t, "the end of the volume", func() bool { return v.get("brain") == nil })
			if _, err := v.ReadBox(t.Context(), again, shm.Box{From: []int{0, 0, 0}, To: []int{2, 2, 2}}, nil); !errors.Is(err, shm.ErrNoVolume) {
				t.Errorf("of a volume that was closed: %v", err)
			}
			v.sink.Wait(t, "the end of its versions", func() bool { state, _ := v.sink.Latest(shm.VolumeTopic("brain")); return state == nil })
		})
	}
}

// lazy is Python code of data that are read on demand.
const lazy = `
import threading, time
class Lazy:
    """Sliceable, and counts what is read of it."""
    def __init__(self, shape, dtype="u2", first=0, fail=None):
        self.shape, self.dtype, self.first, self.fail, self.reads, self.busy, self.most = shape, np.dtype(dtype), first, fail, 0, 0, 0
        self.lock, self.go, self.threads = threading.Lock(), threading.Event(), set()
        self.go.set()
    def __getitem__(self, key):
        with self.lock:
            self.reads += 1; self.busy += 1; self.most = max(self.most, self.busy); self.threads.add(threading.current_thread().name)
        try:
            self.go.wait(60)
            if self.fail: raise self.fail
            n = 1
            for side in self.shape: n *= side
            return (self.first + np.arange(n)).astype(self.dtype).reshape(self.shape)[key]
        finally:
            with self.lock: self.busy -= 1
`

// A volume that is read on demand, by threads that are not the watched one.
func TestVolumeOnDemand(t *testing.T) {
	t.Parallel()
	for _, python := range []string{"numpy1", "numpy2"} {
		t.Run(python, func(t *testing.T) {
			t.Parallel()
			p := naparitest.StartPackage(t, python, "")
			v := attachVolumes(t, p, lazy+`
fine, half = Lazy((6, 5, 4), ">u2"), Lazy((3, 3, 2), "u2", 1000)
p.volume("em", data=[fine, half], axes="zyx", scale=8, units="nm")
bad = Lazy((4, 4), "f4", fail=OSError(5, "the disk is on fire"))
p.volume("bad", data=bad)
p.volume("array", data=np.arange(24).reshape(2, 3, 4).astype("i4").T)
p.volume("masked", data=np.ma.array([[1.5, 2.5]], mask=[[False, True]], dtype="f8"))
`)
			em := v.wait(t, "em", nil)
			if em.Descr != "<u2" || fmt.Sprint(em.Levels) != "[{[3 3 2]}]" || em.Shm != "" || em.Problem != "" {
				t.Errorf("%+v", em)
			}
			box, err := v.ReadBox(t.Context(), em, shm.Box{From: []int{1, 2, 1}, To: []int{3, 3, 3}}, nil)
			if err != nil || !slices.Equal(box, []byte{29, 0, 30, 0, 49, 0, 50, 0}) {
				t.Errorf("%v, %v", box, err)
			}
			if ok, err := v.ViewVolume(t.Context(), em, func([]byte) error { t.Error("it lies in memory"); return nil }); ok || err != nil {
				t.Errorf("of what the process is asked for: %v, %v", ok, err)
			}
			if box, err = v.ReadBox(t.Context(), em, shm.Box{Level: 1, From: []int{2, 2, 0}, To: []int{3, 3, 2}}, box); err != nil || !slices.Equal(box, []byte{248, 3, 249, 3}) {
				t.Errorf("of the coarser level: %v, %v", box, err)
			}
			if box, err := v.ReadBox(t.Context(), em, shm.Box{From: []int{1, 2, 1}, To: []int{3, 2, 3}}, nil); err != nil || len(box) != 0 {
				t.Errorf("of no voxels: %v, %v", box, err)
			}
			if box, err := v.ReadBox(t.Context(), v.get("array"), shm.Box{From: []int{0, 0, 0}, To: []int{1, 3, 2}}, nil); err != nil ||
				!slices.Equal(box, []byte{0, 0, 0, 0, 12, 0, 0, 0, 4, 0, 0, 0, 16, 0, 0, 0, 8, 0, 0, 0, 20, 0, 0, 0}) {
				t.Errorf("of a transposed array: %v, %v", box, err)
			}
			if box, err := v.ReadBox(t.Context(), v.get("masked"), shm.Box{From: []int{0, 0}, To: []int{1, 2}}, nil); err != nil || len(box) != 16 || box[14] != 0xf8 {
				t.Errorf("what is masked is no NaN: %v, %v", box, err)
			}
			// What goes wrong is said, and does not keep anything from being read afterwards.
			for range 6 {
				_, err = v.ReadBox(t.Context(), v.get("bad"), shm.Box{From: []int{0, 0}, To: []int{1, 1}}, nil)
				if err == nil || !strings.Contains(err.Error(), "the disk is on fire") || strings.Contains(err.Error(), "Traceback") {
					t.Errorf("%v", err)
				}
			}
			if _, err := v.ReadBox(t.Context(), em, shm.Box{From: []int{0, 0, 0}, To: []int{6, 5, 4}}, nil); err != nil {
				t.Error(err)
			}

			// Four at a time, in threads of the package's own; whoever gives up does not wait.
			p.Run("fine.go.clear(); fine.most = 0", nil)
			ctx, leave := context.WithCancel(t.Context())
			errs := make(chan error, 12)
			for range cap(errs) {
				go func() {
					_, err := v.ReadBox(ctx, em, shm.Box{From: []int{0, 0, 0}, To: []int{1, 1, 1}}, nil)
					errs <- err
				}()
			}
			var busy int
			v.sink.Wait(t, "four reads", func() bool { p.Run("out = fine.busy", &busy); return busy == 4 })
			leave()
			for range cap(errs) {
				if err := <-errs; !errors.Is(err, context.Canceled) {
					t.Errorf("who has left got %v", err)
				}
			}
			var most struct {
				Most    int
				Threads []string
			}
			p.Run("fine.go.set(); out = {'most': fine.most, 'threads': sorted(fine.threads)}", &most)
			if most.Most != 4 || slices.ContainsFunc(most.Threads, func(name string) bool { return name != "webmon volumes" }) {
				t.Errorf("%+v", most)
			}
			if box, err := v.ReadBox(t.Context(), em, shm.Box{From: []int{0, 0, 1}, To: []int{1, 1, 2}}, nil); err != nil || box[0] != 1 {
				t.Errorf("afterwards: %v, %v", box, err)
			}

			// An array that has grown is another volume.
			p.Run("array = p.volume('grows', data=(growing := Lazy((2, 2))))", nil)
			grows := v.wait(t, "grows", nil)
			p.Run("growing.shape = (3, 2); array.changed()", nil)
			after := v.wait(t, "grows", func(now *shm.VolumeInfo) bool { return now.Generation != grows.Generation })
			if fmt.Sprint(after.Shape) != "[3 2]" {
				t.Errorf("%+v", after)
			}
			if _, err := v.ReadBox(t.Context(), grows, shm.Box{From: []int{0, 0}, To: []int{1, 1}}, nil); !errors.Is(err, shm.ErrNoVolume) {
				t.Errorf("of the one before: %v", err)
			}
		})
	}
}

// Points and the like, people's own meshes and skeletons, and what is known of labels.
func TestGeometries(t *testing.T) {
	t.Parallel()
	p := naparitest.StartPackage(t, "numpy2", "")
	v := attachVolumes(t, p, `
p.volume("spots", points=[[1.5, 2, 3], [np.nan, 0, 0], [4, 5.25, 6]], axes="zyx", attributes={"bright": [1, 2, 3], "colour": np.ones((3, 4), "u1")})
p.volume("lines", lines=[np.zeros((2, 3)), np.ones((3, 3))], axes="zyx")
p.volume("paths", tracks=[[7, 1, 5, 5], [3, 0, 1, 1], [7, 0, 4, 4]], axes="tyx")
p.volume("skin", surface=(np.eye(3), [[0, 1, 2]], [5.5, 6, 7]))
p.volume("later", points=lambda: np.full((2, 2), 3), axes="yx")
def mesh(label):
    if label == 2**64 - 1: return np.eye(3), [[0, 1, 2]]
    if label == 5: raise RuntimeError("no mesher")
    if label == 6: return np.eye(3), [[0, 1, 3]]
p.volume("cells", data=np.zeros((2, 3, 4), "u8"), kind="labels", mesh=mesh, skeletons={4: (np.eye(3), [[0, 1]], {"radius": [1, 2, 3]})},
    properties={7: {"name": "Purkinje", "size": 12}, 2**63: {"size": np.float32(1.5), "tags": ["big", "left side"]}})
p.volume("table", data=np.zeros((2, 3), "u1"), kind="labels", properties={"label": np.array([3, 4]), "area": np.array([1.0, 2.0])})
`)
	v.wait(t, "table", nil)
	read := func(name string, part shm.Part, label uint64) *shm.Geometry {
		t.Helper()
		g, err := v.ReadGeometry(t.Context(), v.get(name), part, label)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return g
	}
	spots := read("spots", shm.PartWhole, 0)
	if fmt.Sprint(spots.Rank, spots.Positions, len(spots.Attributes)) != "3 [1.5 2 3 4 5.25 6] 2" || fmt.Sprint(v.get("spots").Shape) != "[4 6 6]" || v.get("spots").Kind != shm.VolumePoints {
		t.Errorf("%+v, %+v", spots, v.get("spots"))
	}
	if a := spots.Attributes[0]; fmt.Sprint(a) != "{bright <u4 1 [1 0 0 0 3 0 0 0]}" {
		t.Errorf("%+v", a)
	}
	if a := spots.Attributes[1]; a.Descr != "|u1" || a.Components != 4 || len(a.Data) != 8 {
		t.Errorf("%+v", a)
	}
	if g := read("lines", shm.PartWhole, 0); len(g.Positions) != 15 || fmt.Sprint(g.Edges) != "[0 1 2 3 3 4]" {
		t.Errorf("%+v", g)
	}
	if g := read("paths", shm.PartWhole, 0); fmt.Sprint(g.Positions, g.Edges, g.Attributes) != "[0 1 1 0 4 4 1 5 5] [1 2] [{id <u4 1 [3 0 0 0 7 0 0 0 7 0 0 0]}]" {
		t.Errorf("%+v", g)
	}
	if g := read("skin", shm.PartWhole, 0); fmt.Sprint(g.Faces) != "[0 1 2]" || g.Attributes[0].Name != "value" || g.Attributes[0].Descr != "<f4" {
		t.Errorf("%+v", g)
	}
	if g := read("later", shm.PartWhole, 0); fmt.Sprint(g.Positions) != "[3 3 3 3]" {
		t.Errorf("%+v", g)
	}
	if g := read("cells", shm.PartMesh, 1<<64-1); fmt.Sprint(g.Faces) != "[0 1 2]" {
		t.Errorf("%+v", g)
	}
	if g := read("cells", shm.PartSkeleton, 4); fmt.Sprint(g.Edges) != "[0 1]" || g.Attributes[0].Name != "radius" {
		t.Errorf("%+v", g)
	}
	for _, test := range []struct {
		name  string
		part  shm.Part
		label uint64
		is    error
		says  string
	}{
		{"cells", shm.PartMesh, 3, shm.ErrNoLabel, ""},
		{"cells", shm.PartSkeleton, 3, shm.ErrNoLabel, ""},
		{"table", shm.PartMesh, 3, shm.ErrNoLabel, ""},
		{"cells", shm.PartMesh, 5, nil, "RuntimeError: no mesher"},
		{"cells", shm.PartMesh, 6, nil, "the faces name vertex 3"},
		{"cells", shm.PartWhole, 0, nil, "made of voxels"},
	} {
		_, err := v.ReadGeometry(t.Context(), v.get(test.name), test.part, test.label)
		if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%+v: %v", test, err)
		}
	}
	table, err := v.ReadLabels(t.Context(), v.get("cells"))
	if err != nil || fmt.Sprint(table.IDs) != "[7 9223372036854775808]" || len(table.Columns) != 3 ||
		fmt.Sprint(table.Columns[0]) != "{name label  [Purkinje ] []}" || fmt.Sprint(table.Columns[1]) != "{size number  [] [12 1.5]}" ||
		fmt.Sprint(table.Columns[2]) != "{tags tags  [ big left_side] []}" {
		t.Errorf("%+v, %v", table, err)
	}
	if table, err = v.ReadLabels(t.Context(), v.get("table")); err != nil || fmt.Sprint(table.IDs, table.Columns) != "[3 4] [{area number  [] [1 2]}]" {
		t.Errorf("%+v, %v", table, err)
	}
}
