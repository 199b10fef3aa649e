package sections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"webmon/dashboard/budget"
	"webmon/dashboard/record"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/dashboard/volumes/volumestest"
	"webmon/shm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	end := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(end) {
			t.Fatalf("it never came to pass that %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func list(x ...float64) []shm.Value {
	out := make([]shm.Value, len(x))
	for i := range x {
		out[i] = x[i]
	}
	return out
}

// The stack of the tests: channels, z, y, x of 0.5, 2, 1 and 1 micrometres. napari's coordinates are those of the middles of voxels, and
// the volumes begin half a voxel before.
var (
	shape = []int{2, 5, 6, 7}
	scale = []float64{1, 2, 1, 1}
	shift = []float64{0.5, 1, 0.5, 0.5}
)

// voxel is the value of a voxel of the stack.
func voxel(c, z, y, x int) byte { return byte(100*c + 17*z + 5*y + x) }

func stack(f func(c, z, y, x int) byte) []byte {
	var out []byte
	for c := range shape[0] {
		for z := range shape[1] {
			for y := range shape[2] {
				for x := range shape[3] {
					out = append(out, f(c, z, y, x))
				}
			}
		}
	}
	return out
}

// dimsOf is the state dims with the sliders at a place of the axes c, z, y, x, in napari's coordinates.
func dimsOf(point []float64, displayed ...float64) map[string]shm.Value {
	if displayed == nil {
		displayed = []float64{2, 3}
	}
	var ranges []shm.Value
	var steps []float64
	for i, n := range shape {
		ranges = append(ranges, list(0, float64(n-1)*scale[i], scale[i]))
		steps = append(steps, float64(n))
	}
	return map[string]shm.Value{
		"axes": []shm.Value{"c", "z", "y", "x"}, "units": []shm.Value{"pixel", "micrometer", "micrometer", "micrometer"}, "shift": list(shift...),
		"point": list(point...), "nsteps": list(steps...), "displayed": list(displayed...), "order": list(0, 1, 2, 3), "range": ranges,
	}
}

// look is a layer as napari tells of it.
func look(id, kind string, more ...any) shm.Value {
	m := map[string]shm.Value{
		"id": id, "kind": kind, "name": "layer " + id, "visible": true, "opacity": 1.0, "blending": "translucent", "colormap": "gray",
		"contrast_limits": list(0, 255), "gamma": 1.0,
	}
	for i := 0; i < len(more); i += 2 {
		m[more[i].(string)] = more[i+1]
	}
	return m
}

func image(id string) shm.VolumeInfo {
	return shm.VolumeInfo{
		Name: "layer." + id, Layer: id, Kind: shm.VolumeImage, Descr: "|u1", Shape: shape, Axes: []string{"c", "z", "y", "x"}, Channels: -1,
		Scale: scale, Corner: []float64{0, 0, 0, 0},
	}
}

type napari struct {
	*volumestest.Process
	t   *testing.T
	src *source.Source
	s   *Sections
}

func start(t *testing.T, p *volumestest.Process, layers ...shm.Value) *napari {
	t.Helper()
	p.Say(shm.TopicLayers, shm.LayersOf(layers))
	p.Say(shm.TopicDims, dimsOf([]float64{1, 4, 2, 3}))
	reg, err := source.NewRegistry(source.Options{
		Attach: func(context.Context, source.Target) (shm.Source, error) { return p, nil }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reg.Close)
	n := &napari{Process: p, t: t, s: New(Options{Desk: steer.New(nil, nil), Budget: budget.New(256 << 20).Volumes})}
	if n.src, err = reg.Attach(t.Context(), source.Target{Name: p.Name, Kind: shm.KindPython}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.src.Want(shm.TopicVolumes, shm.TopicLayers, shm.TopicDims, shm.TopicCamera, shm.TopicControls))
	eventually(t, "the process is there", func() bool {
		dims, _, _ := n.src.State(shm.TopicDims)
		return n.src.Running() && n.src.Volumes() != nil && n.src.Layers() != nil && dims != nil
	})
	return n
}

// say says a state, and waits until it has come.
func (n *napari) say(topic string, value shm.Value) {
	n.t.Helper()
	_, _, before := n.src.State(topic)
	n.Say(topic, value)
	eventually(n.t, topic+" has come", func() bool {
		_, _, now := n.src.State(topic)
		return now > before
	})
}

// draw is a section as it is sent: 3 bytes a pixel.
func (n *napari) draw(plane string, most int, into string) (*drawn, []byte) {
	n.t.Helper()
	d := &drawn{}
	var err error
	if d.scene, err = sceneOf(n.src, n.s, plane, most, into); err != nil {
		n.t.Fatal(err)
	}
	if d.planes, err = n.s.read(n.t.Context(), n.src, d.scene); err != nil {
		n.t.Fatal(err)
	}
	out := make([]byte, 3*d.scene.rows*d.scene.cols)
	d.paint(out)
	return d, out
}

func (n *napari) want(plane string, most int, rows, cols int, at func(row, col int) [3]byte) {
	n.t.Helper()
	d, got := n.draw(plane, most, "")
	if d.scene.rows != rows || d.scene.cols != cols {
		n.t.Fatalf("%s has %d x %d pixels, want %d x %d", plane, d.scene.rows, d.scene.cols, rows, cols)
	}
	for row := range rows {
		for col := range cols {
			want := at(row, col)
			if p := got[3*(row*cols+col):]; [3]byte(p[:3]) != want {
				n.t.Fatalf("%s at row %d, column %d is %v, want %v", plane, row, col, p[:3], want)
			}
		}
	}
}

func gray(v byte) [3]byte { return [3]byte{v, v, v} }

func TestSectionsAreThePlanesOfTheData(t *testing.T) {
	p := volumestest.New("viewer")
	p.Add(image("1"), stack(voxel))
	n := start(t, p, look("1", "image"))
	// c is 1, z 2 (4 micrometres), y 2, x 3.
	n.want(below, 64, 5, 7, func(z, x int) [3]byte { return gray(voxel(1, z, 2, x)) })
	n.want(right, 64, 6, 5, func(y, z int) [3]byte { return gray(voxel(1, z, y, 3)) })

	n.s.move(n.src, map[string]float64{"y": 4.4, "x": 0, "z": 0})
	n.want(below, 64, 5, 7, func(z, x int) [3]byte { return gray(voxel(1, z, 4, x)) })
	n.want(right, 64, 6, 5, func(y, z int) [3]byte { return gray(voxel(1, z, y, 0)) })

	n.say(shm.TopicDims, dimsOf([]float64{0, 4, 2, 3}))
	n.want(below, 64, 5, 7, func(z, x int) [3]byte { return gray(voxel(0, z, 4, x)) })

	// In 3-D the first of the three axes is the one behind the other two.
	n.say(shm.TopicDims, dimsOf([]float64{0, 4, 2, 3}, 1, 2, 3))
	n.want(right, 64, 6, 5, func(y, z int) [3]byte { return gray(voxel(0, z, y, 0)) })

	d, _ := n.draw(below, 64, "")
	f := &feed{plane: below}
	head, err := json.Marshal(f.head(d))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"axes":["z","x","y"]`, `"right":[-0.5,6.5]`, `"down":[-1,9]`, `"at":[0,0,4.4]`, `"voxel":[0,0,4,0]`, fmt.Sprintf(`"value":%d`, voxel(0, 0, 4, 0)),
	} {
		if !strings.Contains(string(head), want) {
			t.Errorf("the head lacks %s: %s", want, head)
		}
	}
}

func TestOnlyOnePlaneIsRead(t *testing.T) {
	p := volumestest.New("viewer")
	p.Add(image("1"), stack(voxel))
	n := start(t, p, look("1", "image"))
	n.draw(below, 64, "")
	n.draw(right, 64, "")
	n.draw(right, 64, "")
	want := []shm.Box{{From: []int{1, 0, 2, 0}, To: []int{2, 5, 3, 7}}, {From: []int{1, 0, 0, 3}, To: []int{2, 5, 6, 4}}}
	if got := n.Boxes(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("read were %v, want %v: what was read stays", got, want)
	}
}

func TestBlendedLayersAndLabels(t *testing.T) {
	p := volumestest.New("viewer")
	p.Add(image("1"), stack(func(c, z, y, x int) byte { return 100 }))
	p.Add(image("2"), stack(func(c, z, y, x int) byte { return byte(51 * z) }))
	labels := image("3")
	labels.Kind = shm.VolumeLabels
	p.Add(labels, stack(func(c, z, y, x int) byte {
		if x == 6 {
			return 1
		}
		return 0
	}))
	n := start(t, p, look("1", "image"), look("2", "image", "blending", "additive", "colormap", "red", "opacity", 0.5), look("3", "labels", "visible", false))
	n.want(below, 64, 5, 7, func(z, x int) [3]byte { return [3]byte{byte(min(100+51*float64(z)/2, 255) + 0.5), 100, 100} })
	n.say(shm.TopicLayers, shm.LayersOf([]shm.Value{look("1", "image"), look("2", "image", "visible", false), look("3", "labels")}))
	_, got := n.draw(below, 64, "")
	if c := [3]byte(got[:3]); c != gray(100) {
		t.Errorf("where there is no label the image is %v, want it as it is", c)
	}
	if c := [3]byte(got[18:21]); c == gray(100) || c == gray(0) {
		t.Errorf("a label is drawn as %v", c)
	}
	n.say(shm.TopicLayers, shm.LayersOf([]shm.Value{look("1", "image"), look("2", "image", "blending", "minimum")}))
	n.want(below, 64, 5, 7, func(z, x int) [3]byte { return gray(min(100, byte(51*z))) })
}

func TestALayerLiesWhereItsTransformPutsIt(t *testing.T) {
	p := volumestest.New("viewer")
	mirrored := image("1") // along x, and one with z and y exchanged
	mirrored.Scale, mirrored.Corner = nil, nil
	mirrored.Matrix = [][]float64{{1, 0, 0, 0, 0}, {0, 2, 0, 0, 0}, {0, 0, 1, 0, 0}, {0, 0, 0, -1, 7}}
	p.Add(mirrored, stack(voxel))
	n := start(t, p, look("1", "image"))
	n.want(below, 64, 5, 7, func(z, x int) [3]byte { return gray(voxel(1, z, 2, 6-x)) })

	sheared := image("1")
	sheared.Matrix = [][]float64{{1, 0, 0, 0, 0}, {0, 2, 0, 0, 0}, {0, 0, 1, 0.5, 0}, {0, 0, 0, 1, 0}}
	sheared.Generation = "00000000000000ff"
	p.Add(sheared, stack(voxel))
	eventually(t, "the volume is another one", func() bool { return n.src.Volumes().Get("layer.1").Generation == sheared.Generation })
	if _, err := sceneOf(n.src, n.s, below, 64, ""); err == nil || !strings.Contains(err.Error(), "sheared") {
		t.Errorf("a sheared layer alone: %v", err)
	}
}

func TestTheLevelFitsTheScreen(t *testing.T) {
	p := volumestest.New("viewer")
	v := image("1")
	v.Shape = []int{1, 4, 256, 256}
	v.Levels = []shm.VolumeLevel{{Shape: []int{1, 4, 128, 128}}, {Shape: []int{1, 4, 64, 64}}}
	fill := func(n int, value byte) []byte { return []byte(strings.Repeat(string([]byte{value}), n)) }
	p.Add(v, fill(4*256*256, 10), fill(4*128*128, 20), fill(4*64*64, 30))
	n := start(t, p, look("1", "image"))
	n.say(shm.TopicDims, dimsOf([]float64{0, 4, 2, 3}))
	for _, test := range []struct {
		most int
		want byte
	}{{64, 30}, {128, 20}, {192, 10}, {256, 10}, {1024, 10}} {
		d, got := n.draw(below, test.most, "")
		if got[0] != test.want || d.scene.rows != 4 || d.scene.cols != min(test.most, 256) {
			t.Errorf("at most %d pixels: drawn of level %d, %d x %d", test.most, d.scene.layers[0].box.Level, d.scene.rows, d.scene.cols)
		}
	}
	v.Shape, v.Levels, v.Generation = []int{1, 1 << 13, 1 << 13, 1 << 13}, nil, "00000000000000ff"
	p.Add(v)
	eventually(t, "the volume is another one", func() bool { return n.src.Volumes().Get("layer.1").Generation == v.Generation })
	if d, _ := n.draw(below, 64, ""); !strings.Contains(d.scene.layers[0].problem, "MiB") {
		t.Errorf("a plane of 64 MiB: %q", d.scene.layers[0].problem)
	}
}

func TestWhereSomebodyPoints(t *testing.T) {
	p := volumestest.New("viewer")
	p.Add(image("1"), stack(voxel))
	n := start(t, p, look("1", "image"))
	zero, last := 0.0, 4.0
	n.say(shm.TopicControls, shm.Controls{{Name: "dims.1", Type: shm.Int, Value: int64(2), Min: &zero, Max: &last}})
	n.say(shm.TopicCamera, map[string]shm.Value{"center": list(0, 3, 2), "zoom": 10.0, "canvas": list(100, 200), "right": list(0, 1), "down": list(1, 0)})
	point := func(message string) {
		t.Helper()
		m, err := ReadHand([]byte(message))
		if err != nil {
			t.Fatal(err)
		}
		n.s.Hand(record.Author{}, t, n.src, m)
	}
	at := func() map[string]float64 {
		n.s.mu.Lock()
		defer n.s.mu.Unlock()
		return n.s.of(n.src).at
	}
	point(`{"source": "viewer", "at": {"z": 7.1, "x": 2.25, "elsewhere": 3}, "hand": "abcdefgh", "n": 1}`)
	if got := at(); len(got) != 1 || got["x"] != 2.25 {
		t.Errorf("the crosshair is at %v", got)
	}
	eventually(t, "the slider has moved", func() bool { return len(n.Commands()) > 0 })
	if c := n.Commands()[0]; c.Name != "dims.1" || fmt.Sprint(c.Args["dims.1"]) != "4" {
		t.Errorf("the process was told %v", c)
	}
	point(`{"source": "viewer", "canvas": [0.75, 0]}`) // 5 right of the middle, and 5 above it
	if got := at(); got["x"] != 7 || got["y"] != -2 {
		t.Errorf("a place of the canvas is %v", got)
	}
	point(`{"source": "viewer", "layer": "1", "pixel": [4.5, 0.5]}`)
	if got := at(); got["x"] != 0 || got["y"] != 4 {
		t.Errorf("a pixel of the layer is %v", got)
	}
	n.s.Forget(n.src)
	if got := at(); len(got) != 0 {
		t.Errorf("of a source that is forgotten there is %v", got)
	}
}

// A feed reads when something has changed, and not otherwise; what nobody waits for is given up.
func TestAFeedFollows(t *testing.T) {
	p := volumestest.New("viewer")
	p.Add(image("1"), stack(voxel))
	n := start(t, p, look("1", "image"))
	pictures, err := n.s.open(tab.Place{Source: n.src, Topic: "viewer/sections/below/64", Detail: "below/64"})
	if err != nil {
		t.Fatal(err)
	}
	if pictures.Run == nil {
		t.Fatal("a feed that reads has nothing to wait in")
	}
	f := &feed{s: n.s, src: n.src, plane: below, most: 64, look: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		f.run(ctx, func() {})
	}()
	next := func(what string) *drawn {
		t.Helper()
		var d *drawn
		eventually(t, what, func() bool {
			shm.Signal(f.look)
			f.mu.Lock()
			defer f.mu.Unlock()
			d, f.done = f.done, nil
			return d != nil
		})
		return d
	}
	if d := next("the first picture is there"); d.err != nil || d.planes[0] == nil {
		t.Fatalf("the first picture: %v", d.err)
	}
	p.Change("layer.1", stack(func(c, z, y, x int) byte { return 9 }))
	for d := next("new data make a picture"); d.planes[0][0] != 9; d = next("new data make a picture") {
	}
	n.say(shm.TopicDims, dimsOf([]float64{1, 4, 2, 6}))
	if d := next("a slider makes a picture"); d.scene.d.axes[3].point != 6 {
		t.Errorf("the crosshair is at %v", d.scene.d.axes[3].point)
	}
	n.say(shm.TopicLayers, shm.LayersOf([]shm.Value{look("1", "image", "visible", false)}))
	if d := next("a hidden layer is told"); d.err == nil || !strings.Contains(d.err.Error(), "visible") {
		t.Errorf("with nothing to see: %v", d.err)
	}
	// A read that does not end.
	reading := make(chan struct{})
	p.Reading = func(ctx context.Context, _ *shm.VolumeInfo, _ shm.Box) error {
		close(reading)
		<-ctx.Done()
		return ctx.Err()
	}
	n.s.move(n.src, map[string]float64{"y": 5})
	n.say(shm.TopicLayers, shm.LayersOf([]shm.Value{look("1", "image")}))
	eventually(t, "it is read", func() bool {
		shm.Signal(f.look)
		select {
		case <-reading:
			return true
		default:
			return false
		}
	})
	cancel()
	<-over
}

func TestWhatCannotBeRead(t *testing.T) {
	p := volumestest.New("viewer")
	p.Add(image("1"), stack(voxel))
	p.Reading = func(context.Context, *shm.VolumeInfo, shm.Box) error { return errors.New("the disk is gone") }
	n := start(t, p, look("1", "image"))
	if d, _ := n.draw(below, 64, ""); d.scene.layers[0].problem != "The disk is gone." {
		t.Errorf("a read that fails: %q", d.scene.layers[0].problem)
	}
	// A slider outside of the layer leaves the section black.
	n.say(shm.TopicDims, dimsOf([]float64{7, 4, 2, 3}))
	if d, out := n.draw(below, 64, ""); len(d.scene.layers) != 0 || slices.Max(out) != 0 {
		t.Errorf("a slider outside of the layer: %d layers are drawn", len(d.scene.layers))
	}
	for _, detail := range []string{"", "below", "above/64", "below/65", "below/0064", "below/2048", "below/64/" + strings.Repeat("x", 65), "below/64/a/b"} {
		if _, err := n.s.open(tab.Place{Source: n.src, Detail: detail}); err == nil {
			t.Errorf("there is a feed %q", detail)
		}
	}
}

func FuzzReadDims(f *testing.F) {
	for _, v := range []shm.Value{dimsOf([]float64{1, 4, 2, 3}), map[string]shm.Value{"axes": []shm.Value{"y", "x"}}} {
		b, err := shm.AppendJSON(nil, v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, 0.5)
	}
	f.Fuzz(func(t *testing.T, b []byte, x float64) {
		var v any
		if json.Unmarshal(b, &v) != nil {
			return
		}
		d, err := readDims(valueOf(v))
		if err != nil {
			return
		}
		for _, i := range append(d.through(), d.shown...) {
			if i < 0 || i >= len(d.axes) {
				t.Fatalf("axis %d of %d", i, len(d.axes))
			}
		}
		at, _ := d.place(valueOf(v), x, x)
		for _, x := range at {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Fatalf("a place at %v", x)
			}
		}
	})
}

// valueOf is what encoding/json decodes as a process sends it.
func valueOf(v any) shm.Value {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]shm.Value{}
		for key, e := range v {
			out[key] = valueOf(e)
		}
		return out
	case []any:
		out := []shm.Value{}
		for _, e := range v {
			out = append(out, valueOf(e))
		}
		return out
	}
	return v
}

func FuzzReadHand(f *testing.F) {
	f.Add([]byte(`{"source": "viewer", "at": {"z": 7.1}, "canvas": [0, 1], "layer": "1", "pixel": [1, 2], "n": 1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ReadHand(b)
		if err == nil && m.At == nil && m.Canvas == nil && m.Pixel == nil {
			t.Fatal("a place that is none")
		}
	})
}

// BenchmarkPaint draws a section of 1024 x 1024 pixels of one image of 16 bits, and of that with labels over it.
func BenchmarkPaint(b *testing.B) {
	const side = 1024
	one := func(descr string, labels bool, opacity float64, size int) (layer, []byte) {
		l := layer{info: shm.VolumeInfo{Descr: descr}, labels: labels, samples: 1, gamma: 1, opacity: opacity, limits: &[2]float64{0, 65535}, colormap: "viridis"}
		for i := range side {
			l.across, l.down = append(l.across, i*size), append(l.down, i*size*side)
		}
		return l, make([]byte, size*side*side)
	}
	image, voxels := one("<u2", false, 1, 2)
	labels, numbers := one("<i4", true, 0.7, 4)
	for i := range numbers {
		voxels[i/2], numbers[i] = byte(i*7), byte(i>>12&3)
	}
	for name, d := range map[string]*drawn{
		"image":      {scene: &scene{rows: side, cols: side, layers: []layer{image}}, planes: [][]byte{voxels}},
		"and labels": {scene: &scene{rows: side, cols: side, layers: []layer{image, labels}}, planes: [][]byte{voxels, numbers}},
	} {
		b.Run(name, func(b *testing.B) {
			out := make([]byte, 3*side*side)
			for b.Loop() {
				d.paint(out)
			}
		})
	}
}
