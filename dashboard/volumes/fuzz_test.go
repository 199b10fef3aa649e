package volumes

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"webmon/dashboard/volumes/level"
	"webmon/shm"
)

// FuzzDeclaration checks that whatever a process declares is refused in words or can be shown, and that any
// address of a chunk is refused or gives as many bytes as it should.
func FuzzDeclaration(f *testing.F) {
	for _, info := range []string{
		`{"name":"a","kind":"image","dtype":"<u2","shape":[2,3,4],"axes":["z","y","x"],"channels":-1,"scale":[1,2,3],"units":["um","um","s"],"corner":[0.5,1,2]}`,
		`{"name":"b","kind":"labels","dtype":">i8","shape":[5,4],"axes":["0","1"],"channels":-1,"levels":[{"shape":[2,2]}]}`,
		`{"name":"c","kind":"image","dtype":"|u1","shape":[2,3,4,3],"axes":["z","y","x","c"],"channels":3,"rgb":true,"matrix":[[1,0,0,0,0],[0,1,0,0,0],[0,0,1,0,0],[0,0,0,1,0]]}`,
		`{"name":"d","kind":"image","dtype":"<f4","shape":[4,4],"axes":["x","y"],"channels":-1,"client":{"viewer":"v","token":"t","voxel_offset":[1,2],"max_voxels_per_chunk_log2":99}}`,
		`{"kind":"lines","shape":[0,0,0],"axes":["z","y","x"],"channels":7}`,
		`{"kind":"image","dtype":"<c16","shape":[4611686018427387904,4,4],"axes":["z","y","x"],"channels":-1}`,
	} {
		f.Add(info, "1,1,1", "0,0,0", "4,3,2")
		f.Add(info, "2,2", "0,0", "2,3")
	}
	f.Fuzz(func(t *testing.T, text, factors, from, to string) {
		var info shm.VolumeInfo
		if json.Unmarshal([]byte(text), &info) != nil {
			return
		}
		v := declared(info)
		v.title()
		if v.Problem != "" {
			return
		}
		axes := v.space()
		v.solid()
		v.voxel()
		if out, err := state("t", []*volume{&v}, []*histogram{nil}); err != nil || !json.Valid(out) {
			t.Fatalf("the state of %s: %s %v", text, out, err)
		}
		if !v.Kind.IsVoxels() {
			return
		}
		out, err := v.info(1, nil)
		if b, wrong := json.Marshal(out); err != nil || wrong != nil || !json.Valid(b) {
			t.Fatalf("the info of %s: %v %v", text, err, wrong)
		}
		names := map[string]bool{}
		for _, a := range axes {
			if names[a.Name] || a.Name == "" && v.Client == nil {
				t.Fatalf("the axes of %s are %v", text, axes)
			}
			names[a.Name] = true
		}
		c, err := v.parseChunk(factors, from, to)
		if err != nil {
			var no *Failure
			if !errors.As(err, &no) || no.Status != 400 {
				t.Fatalf("%v", err)
			}
			return
		}
		w, ok := level.WireOf(v.Descr, v.Kind == shm.VolumeLabels, nil)
		read := 0
		r := &reader{v: &v, wire: w, read: func(_ context.Context, box shm.Box, dst []byte) ([]byte, error) {
			shape, n := v.Shape, w.DType.Size
			if box.Level > 0 {
				shape = v.Levels[box.Level-1].Shape
			}
			for i, side := range shape {
				if box.From[i] < 0 || box.From[i] >= box.To[i] || box.To[i] > side {
					t.Fatalf("the box %v of %v is read", box, shape)
				}
				n *= box.To[i] - box.From[i]
			}
			if read += n; read > 64<<20 {
				return nil, errors.New("enough")
			}
			return make([]byte, n), nil
		}}
		if whole := product(v.Shape) * w.DType.Size; ok && whole > 0 && whole <= 1<<20 && len(factors)%2 == 0 {
			voxels := make([]byte, whole)
			r.view = func(_ context.Context, f func([]byte) error) (bool, error) { return true, f(voxels) }
		}
		data, err := r.chunk(context.Background(), c, nil)
		if ok && err == nil && len(data) != product(c.shape())*w.Size {
			t.Fatalf("%d bytes for %v of %s", len(data), c, text)
		}
	})
}

// FuzzState checks that a state which somebody has written by hand can be shown on the panel.
func FuzzState(f *testing.F) {
	for _, text := range []string{
		`{"layers":[{"type":"image","name":"a","source":"python://volume/a.b","shaderControls":{"normalized":{"range":[0,"x"]}},"opacity":"1"}],"position":[1,2],"dimensions":{"x":[1e-6,"m"],"y":7}}`,
		`{"layers":{"a":1},"dimensions":[]}`, `{"layers":[null,1,{"segments":[1]},{"type":"segmentation","segments":["!7","x"]}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s viewState
		if json.Unmarshal(text, &s) != nil {
			return
		}
		position(s)
		for _, raw := range s.Layers {
			var layer layerState
			_ = json.Unmarshal(raw, &layer)
			keysOfLayer(&layer)
		}
	})
}

func TestWhatAProcessDeclaresMakesSense(t *testing.T) {
	good := func() shm.VolumeInfo {
		return shm.VolumeInfo{Name: "a", Kind: shm.VolumeImage, Descr: "<u2", Shape: []int{2, 3, 4}, Axes: []string{"z", "y", "x"}, Channels: -1}
	}
	for what, change := range map[string]func(*shm.VolumeInfo){
		"no axes":             func(v *shm.VolumeInfo) { v.Shape, v.Axes = nil, nil },
		"an axis too few":     func(v *shm.VolumeInfo) { v.Axes = v.Axes[:2] },
		"an axis twice":       func(v *shm.VolumeInfo) { v.Axes = []string{"x", "y", "x"} },
		"an empty axis":       func(v *shm.VolumeInfo) { v.Shape[1] = 0 },
		"no channels there":   func(v *shm.VolumeInfo) { v.Channels = 3 },
		"a scale of 0":        func(v *shm.VolumeInfo) { v.Scale = []float64{1, 0, 1} },
		"a scale of NaN":      func(v *shm.VolumeInfo) { v.Scale = []float64{1, math.NaN(), 1} },
		"a corner of NaN":     func(v *shm.VolumeInfo) { v.Corner = []float64{1, math.NaN(), 1} },
		"a matrix of Inf":     func(v *shm.VolumeInfo) { v.Matrix = [][]float64{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, math.Inf(1), 0}} },
		"a row too short":     func(v *shm.VolumeInfo) { v.Matrix = [][]float64{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0}} },
		"a larger level":      func(v *shm.VolumeInfo) { v.Levels = []shm.VolumeLevel{{Shape: []int{1, 1, 5}}} },
		"a flat level":        func(v *shm.VolumeInfo) { v.Levels = []shm.VolumeLevel{{Shape: []int{1, 1}}} },
		"texts":               func(v *shm.VolumeInfo) { v.Descr = "<U4" },
		"labels that are not": func(v *shm.VolumeInfo) { v.Kind, v.Descr = shm.VolumeLabels, "<f4" },
		"an odd token":        func(v *shm.VolumeInfo) { v.Client = &shm.VolumeClient{Viewer: "a/b", Token: "c"} },
		"limits of NaN":       func(v *shm.VolumeInfo) { v.Limits = &[2]float64{0, math.NaN()} },
	} {
		info := good()
		if change(&info); unfit(&info) == "" {
			t.Errorf("nothing is said of %s", what)
		}
	}
	info := good()
	if problem := unfit(&info); problem != "" {
		t.Error(problem)
	}
}
