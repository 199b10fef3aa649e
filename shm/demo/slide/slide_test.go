package slide

import (
	"encoding/base64"
	"fmt"
	"image/png"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"webmon/shm"
	"webmon/shm/demo/wire"
	"webmon/shm/pickle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a viewer on a process that nobody else reaches.
type rig struct {
	t *testing.T
	p *wire.Process
	v *Viewer
	n int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	v := New(1, nil)
	p := wire.New(wire.Options{Name: "demo", Hands: v.Hands})
	v.Declare(p)
	t.Cleanup(func() {
		v.Close()
		p.Release()
	})
	return &rig{t: t, p: p, v: v}
}

// do sends a command and returns why it was refused, nil if it was applied.
func (r *rig) do(name string, args ...pickle.Value) error {
	r.t.Helper()
	r.n++
	id := fmt.Sprint(r.n)
	commands := r.p.Resources()["client_messages"].(interface{ Put(pickle.Value) error })
	if err := commands.Put(pickle.NewDict("webmon", pickle.NewDict("id", id, "name", name, "args", pickle.NewDict(args...)))); err != nil {
		r.t.Fatal(err)
	}
	answered := func() bool { return len(r.v.fitting)+len(r.v.shooting) == 0 }
	r.p.Round(func() { r.v.share() })
	for !answered() { // the painter has it
		r.p.Round(func() { r.v.share() })
		time.Sleep(time.Millisecond)
	}
	messages := r.p.Resources()["napari_messages"].(interface{ TryGet() (pickle.Value, error) })
	for {
		m, err := messages.TryGet()
		if err != nil {
			r.t.Fatalf("%s was not answered", name)
		}
		d, _ := m.(*pickle.Dict)
		answer := d.Dict("command")
		if got, _ := answer.Get("id"); got != id {
			continue
		}
		if status, _ := answer.Get("status"); status == "applied" {
			return nil
		}
		reason, _ := answer.Get("reason")
		return fmt.Errorf("%v", reason)
	}
}

func (r *rig) set(name string, value pickle.Value) error {
	r.t.Helper()
	return r.do(name, name, value)
}

// still puts the camera over a region, and waits until all is there.
func (r *rig) still(c camera) {
	r.t.Helper()
	r.v.look(c)
	for range 10_000 {
		r.v.step(0.016)
		if r.v.settled() {
			return
		}
	}
	r.t.Fatal("the chunks in view never came")
}

var closeUp = camera{float64(regions[0].y), float64(regions[0].x), 1.4}

// paint draws what the canvas shows.
func (r *rig) paint(p *painter) []byte {
	o := &order{scene: r.v.scene(), z: r.v.z, canvas: true, shown: map[string]window{}}
	for _, l := range r.v.layers {
		if l.isPicture() && !l.shown.empty() {
			o.shown[l.id] = l.shown
		}
	}
	return slices.Clone(p.make(o).canvas)
}

func TestSpecimenIsTheSameEachTime(t *testing.T) {
	var a, b tiles
	for _, w := range []window{whole(9, 8), {level: 6, z: 3, row0: 256, row1: 512, col0: 512, col1: 768}, {level: 2, z: 8, row0: 5900, row1: 6200, col0: 8000, col1: 8300}, {level: 0, z: 9, row0: 24_300, row1: 24_600, col0: 33_000, col1: 33_300}} {
		for p := nuclei; p <= cells; p++ {
			var x, y pixels
			a.read(&x, p, w)
			b = tiles{}
			b.read(&y, p, w)
			if !slices.Equal(x.bytes(), y.bytes()) {
				t.Errorf("plane %d of %+v differs the second time", p, w)
			}
		}
	}
}

// What a tile's memory held before is not in it.
func TestMemoryIsUsedAgain(t *testing.T) {
	var sc scratch
	for _, at := range [][3]int{{0, 0, 0}, {2, 24, 32}, {8, 0, 0}} {
		a, b := make([]uint32, Tile*Tile), make([]uint32, Tile*Tile)
		for i := range b {
			b[i] = 77
		}
		newField(&sc, at[0], at[1], at[2]).segment(middlePlane, a)
		newField(&sc, at[0], at[1], at[2]).segment(middlePlane, b)
		if !slices.Equal(a, b) {
			t.Errorf("the tile at %v holds what was there before", at)
		}
	}
}

// A level looks like the one above it: its mean brightness is about the same in the tissue.
func TestLevelsFitTogether(t *testing.T) {
	var ts tiles
	mean := func(p plane, level int) float64 {
		var px pixels
		// The same 1 x 1 mm of the first region.
		at := func(um float64) int { return int(um / micrometre / float64(int(1)<<level)) }
		ts.read(&px, p, window{level: level, z: middlePlane, row0: at(5600), row1: at(6600), col0: at(7800), col1: at(8800)})
		sum := 0.0
		for i := range px.rows() * px.cols() {
			if p == nuclei {
				sum += float64(px.u16[i])
			} else {
				sum += float64(px.u8[i])
			}
		}
		return sum / float64(px.rows()*px.cols())
	}
	for _, p := range []plane{nuclei, membranes} {
		first := mean(p, 1)
		for level := 2; level < 7; level++ {
			if m := mean(p, level); m < first/1.6 || m > first*1.6 {
				t.Errorf("plane %d has a mean of %.0f at level %d and of %.0f at level 1", p, m, level, first)
			}
		}
	}
}

// Tiles of one level have no seams: a window over four tiles is what each of them has.
func TestWindowsOverTiles(t *testing.T) {
	var ts tiles
	w := window{level: 3, z: 8, row0: 2900, row1: 3100, col0: 4000, col1: 4200}
	for p := nuclei; p <= cells; p++ {
		var all pixels
		ts.read(&all, p, w)
		for _, at := range [][2]int{{2900, 4000}, {3071, 4095}, {3072, 4096}, {3099, 4199}} {
			var one pixels
			ts.read(&one, p, window{level: 3, z: 8, row0: at[0], row1: at[0] + 1, col0: at[1], col1: at[1] + 1})
			want, _ := one.value(float64(at[0]<<3), float64(at[1]<<3))
			if got, ok := all.value(float64(at[0]<<3), float64(at[1]<<3)); !ok || got != want {
				t.Errorf("plane %d has %d at %v, alone %d", p, got, at, want)
			}
		}
	}
}

func TestSessionIsAFunctionOfItsSeed(t *testing.T) {
	a, b, other := New(3, nil), New(3, nil), New(4, nil)
	for range 3000 {
		for _, v := range []*Viewer{a, b, other} {
			s := v.frameTime()
			v.seconds = 0
			v.step(s)
		}
		if a.cam != b.cam || a.now != b.now || a.layers[1].loads != b.layers[1].loads {
			t.Fatalf("the same seed gives other sessions: %v at %v, and %v at %v", a.cam, a.now, b.cam, b.now)
		}
	}
	if a.cam == other.cam {
		t.Error("another seed gives the same session")
	}
	for _, v := range []*Viewer{a, b, other} {
		v.Close()
	}
}

// The nuclei keep their chunks, and are drawn at the level that fits. The membranes keep none, and
// their level is too fine; that of the cells is too coarse.
func TestLevelsChosenWellAndBadly(t *testing.T) {
	r := newRig(t)
	r.still(closeUp)
	aside := closeUp
	aside.x += 90
	for range 4 {
		r.still(aside)
		r.still(closeUp)
	}
	fit := ideal(closeUp.zoom)
	for i, want := range []struct {
		level int
		again bool
	}{{fit, false}, {fit - 1, true}, {fit + 1, false}} {
		l := r.v.layers[i]
		if got := r.v.level(&l.look); got != want.level {
			t.Errorf("%s is drawn at level %d, want %d; level %d fits", l.name, got, want.level, fit)
		}
		if (l.again > 0) != want.again {
			t.Errorf("%s has loaded %d of %d chunks again", l.name, l.again, l.loads)
		}
	}
}

func TestIdealLevel(t *testing.T) {
	for _, c := range []struct {
		zoom float64
		want int
	}{{8, 0}, {4, 0}, {2.1, 0}, {2, 1}, {1, 2}, {0.5, 3}, {0.01, 8}} {
		if got := ideal(c.zoom); got != c.want {
			t.Errorf("at a zoom of %g level %d fits, want %d", c.zoom, got, c.want)
		}
	}
}

// other returns a value that a control takes and does not have.
func otherValue(c shm.Control) shm.Value {
	switch c.Type {
	case shm.Bool:
		return c.Value != true
	case shm.Text:
		return "another one"
	case shm.Color:
		return "#12f08a"
	case shm.Choice:
		for _, choice := range slices.Backward(c.Choices) {
			if choice != c.Value {
				return choice
			}
		}
		return nil
	}
	at, _ := shm.Number(c.Value)
	x := *c.Min + 0.4*(min(*c.Max, *c.Min+1000)-*c.Min)
	if c.Type == shm.Int {
		if n := int64(x); n != int64(at) {
			return n
		}
		return int64(at) + 1
	}
	return x
}

// Each control of each layer has the value that it was given, says so in its state, and changes
// what the canvas shows if it is about that.
func TestEveryControlOfEveryLayer(t *testing.T) {
	var paint painter
	unseen := []string{"name", "selected", "mode", "selected_label", "canvas_size_max"}
	for i, kind := range []string{kindImage, kindImage, kindLabels, kindShapes, kindVectors, kindPoints} {
		prefix := fmt.Sprintf("layer.%d.", i+1)
		t.Run(kind+prefix, func(t *testing.T) {
			r := newRig(t)
			var names []string
			for name := range r.v.declared {
				if strings.HasPrefix(name, prefix) {
					names = append(names, name)
				}
			}
			slices.Sort(names)
			if len(names) < 8 {
				t.Fatalf("it has the controls %v", names)
			}
			for _, name := range names {
				// Each begins with the same picture, of which this layer is the only one.
				r := newRig(t)
				for _, l := range r.v.layers {
					l.visible = "layer."+l.id+"." == prefix || strings.HasSuffix(name, ".index")
				}
				r.still(closeUp)
				before := r.paint(&paint)
				l := r.v.layers[i]
				version := l.version
				value := otherValue(r.v.declared[name])
				if strings.HasSuffix(name, ".blending") {
					value = "opaque"
					l.opacity, before = 0.5, nil
				}
				if strings.HasSuffix(name, ".level") {
					value = "3"
				}
				if err := r.set(name, value); err != nil {
					t.Errorf("%s = %v: %v", name, value, err)
					continue
				}
				if got := r.v.declared[name].Value; got != value {
					t.Errorf("%s was set to %v and is %v", name, value, got)
				}
				if l.version == version {
					t.Errorf("%s = %v: nobody is told", name, value)
				}
				for range 100 {
					r.v.step(0.016)
				}
				if short := strings.TrimPrefix(name, prefix); before != nil && !slices.Contains(unseen, short) && short != "index" {
					if slices.Equal(before, r.paint(&paint)) {
						t.Errorf("%s = %v changes nothing on the canvas", name, value)
					}
				}
			}
		})
	}
}

// What is drawn last is on top.
func TestOrderOfLayers(t *testing.T) {
	r := newRig(t)
	r.still(closeUp)
	var paint painter
	if err := r.set("layer.1.blending", "opaque"); err != nil {
		t.Fatal(err)
	}
	below := r.paint(&paint)
	if err := r.set("layer.1.index", int64(5)); err != nil {
		t.Fatal(err)
	}
	if got := r.v.layers[5].name; got != "Nuclei" {
		t.Errorf("%s is on top", got)
	}
	if slices.Equal(below, r.paint(&paint)) {
		t.Error("an opaque layer on top shows nothing else than below")
	}
}

func TestSlidersAndCamera(t *testing.T) {
	r := newRig(t)
	r.still(closeUp)
	var paint painter
	before := r.paint(&paint)
	if err := r.set("dims.0", int64(2)); err != nil {
		t.Fatal(err)
	}
	r.still(closeUp)
	other := r.paint(&paint)
	if slices.Equal(before, other) {
		t.Error("another plane looks the same")
	}
	if err := r.set("dims.0.play", true); err != nil {
		t.Fatal(err)
	}
	for range 600 {
		r.v.step(0.016)
	}
	if r.v.z == 2 {
		t.Error("the slider does not play")
	}
	if err := r.set("camera.zoom", 3.0); err != nil || r.v.cam.zoom != 3 {
		t.Errorf("the zoom is %g: %v", r.v.cam.zoom, err)
	}
	if err := r.set("camera.center.1", 9000.0); err != nil || r.v.cam.x != 9000 {
		t.Errorf("the centre is %g: %v", r.v.cam.x, err)
	}
	for range 100 {
		r.v.step(0.016)
	}
	if r.v.cam.x != 9000 {
		t.Error("the tour goes on although somebody has moved the camera")
	}
	for range 4000 {
		r.v.step(0.016)
	}
	if r.v.cam.x == 9000 {
		t.Error("the tour does not go on")
	}
	if err := r.do("reset_view"); err != nil || r.v.cam != overview() {
		t.Errorf("reset: %v, %v", r.v.cam, err)
	}
	if err := r.do("look_at", "row", 1000.5, "column", 2000.5, "layer", "1"); err != nil || r.v.cam.y != 250 || r.v.cam.x != 500 {
		t.Errorf("look at: %v, %v", r.v.cam, err)
	}
}

func TestRefusals(t *testing.T) {
	r := newRig(t)
	r.still(closeUp)
	for _, c := range []struct {
		name  string
		value pickle.Value
		want  string
	}{
		{"layer.1.contrast_low", 3000.0, "below the upper limit, which is 3000"},
		{"layer.1.contrast_high", 200.0, "above the lower limit, which is 200"},
		{"layer.1.contrast_high", 1e31, "from -1e+30 to 1e+30"},
		{"layer.1.opacity", 1.5, "at most 1"},
		{"layer.1.gamma", 9.0, "at most 2"},
		{"layer.1.colormap", "none such", "must be one of gray"},
		{"layer.1.name", "  ", "a layer needs a name"},
		{"layer.1.index", int64(6), "at most 5"},
		{"layer.1.level", "10", "must be one of auto"},
		{"layer.3.contour", int64(-1), "at least 0"},
		{"layer.6.current_size", -2.0, "the size must be from 0 to 1e+06"},
		{"layer.6.current_face_color", "reddish", "must be a colour"},
		{"layer.6.current_border_width", 3.0, "the width must be from 0 to 1"},
		{"layer.6.canvas_size_min", 50_000.0, "the least size on the canvas must be at most the greatest"},
		{"layer.4.current_edge_width", 1e9, "the width must be from 0 to 1e+06"},
		{"layer.5.length", 0.0, "the length must be from 0.1"},
		{"dims.0", int64(17), "at most 16"},
		{"camera.zoom", 0.0, "at least 0.01"},
		{"camera.center.0", -5.0, "the centre must be from 0"},
		{"layer.99.visible", true, `no command or control "layer.99.visible"`},
	} {
		before := r.p.Now()
		err := r.set(c.name, c.value)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %v: %v, want %q (%v)", c.name, c.value, err, c.want, before)
		}
	}
	if l := &r.v.layers[0].look; l.low != 200 || l.high != 3000 || l.opacity != 1 {
		t.Errorf("what was refused was done: %+v", l)
	}
	// Seen as a whole, a fine level has more chunks than can be loaded.
	r.still(overview())
	if err := r.set("layer.1.level", "0"); err == nil || !strings.Contains(err.Error(), "chunks in view") {
		t.Errorf("level 0 of all of it: %v", err)
	}
	for range maxLayers - len(r.v.layers) {
		if err := r.do("duplicate_layer", "layer", "6"); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.do("duplicate_layer", "layer", "6"); err == nil || !strings.Contains(err.Error(), "remove one first") {
		t.Errorf("one more layer: %v", err)
	}
}

func TestLayersComeAndGo(t *testing.T) {
	r := newRig(t)
	if err := r.do("duplicate_layer", "layer", "1"); err != nil {
		t.Fatal(err)
	}
	l := r.v.layers[1]
	if l.name != "Nuclei copy" || l.id != "7" || r.v.declared["layer.7.opacity"].Value != 1.0 || l.array.array == nil {
		t.Errorf("the copy is %q with the id %s", l.name, l.id)
	}
	if err := r.set("layer.7.colormap", "magma"); err != nil || r.v.layers[0].colormap == "magma" {
		t.Errorf("the colormap of the copy: %v; the first one has %s", err, r.v.layers[0].colormap)
	}
	if err := r.do("remove_layer", "layer", "7"); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.v.declared["layer.7.opacity"]; ok || len(r.v.layers) != 6 {
		t.Error("the copy is still there")
	}
	for range 6 {
		if err := r.do("remove_layer", "layer", r.v.layers[0].id); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := r.v.actions["remove_layer"]; ok {
		t.Error("a layer can be removed although there is none")
	}
	if err := r.do("add_points_layer"); err != nil {
		t.Fatal(err)
	}
	r.v.Hands(4, []any{map[string]any{"do": "press", "x": 0.25, "y": 0.5, "button": "left", "mods": []any{}}})
	p := r.v.layers[0].points
	if len(p) != 1 {
		t.Fatalf("a press adds %d points", len(p))
	}
	if x := (p[0].x - micrometre/2 - r.v.cam.x) * r.v.cam.zoom; math.Abs(x+canvasCols/4) > 1e-6 {
		t.Errorf("the point lies %g px beside the middle, want %d", x, -canvasCols/4)
	}
}

// Points that are not selected keep their size.
func TestOnlyTheChosenChange(t *testing.T) {
	r := newRig(t)
	if err := r.do("select_all", "layer", "6", "all", false); err != nil {
		t.Fatal(err)
	}
	if err := r.set("layer.6.current_size", 33.0); err != nil {
		t.Fatal(err)
	}
	if got := r.v.layers[5].points[0].size; got == 33 {
		t.Error("a point that is not selected has another size")
	}
	if err := r.do("select_all", "layer", "6"); err != nil {
		t.Fatal(err)
	}
	if err := r.set("layer.6.current_size", 34.0); err != nil {
		t.Fatal(err)
	}
	if got := r.v.layers[5].points[0].size; got != 34 {
		t.Errorf("a selected point has the size %g", got)
	}
}

func TestHands(t *testing.T) {
	r := newRig(t)
	r.v.look(closeUp)
	place := r.v.placeOf(0.8, 0.3)
	r.v.Hands(7, []any{map[string]any{"do": "zoom", "x": 0.8, "y": 0.3, "by": 2.0}})
	if now := r.v.placeOf(0.8, 0.3); math.Abs(now[0]-place[0]) > 1e-6 || math.Abs(now[1]-place[1]) > 1e-6 || r.v.cam.zoom != 2*closeUp.zoom {
		t.Errorf("the place under the hand went from %v to %v", place, now)
	}
	before := r.v.placeOf(0.5, 0.5)
	r.v.Hands(8, []any{map[string]any{"do": "pan", "dx": 0.25, "dy": -0.1}})
	if now := r.v.placeOf(0.75, 0.4); math.Abs(now[0]-before[0]) > 1e-6 || math.Abs(now[1]-before[1]) > 1e-6 {
		t.Errorf("what was in the middle is not where it was dragged: %v, %v", before, now)
	}
	if r.v.hands != 8 {
		t.Errorf("the last hands were %d", r.v.hands)
	}
	r.v.Hands(9, []any{nil, map[string]any{"do": "press"}, map[string]any{"do": "key", "key": "x"}, map[string]any{"do": "reset"}})
	if r.v.cam != overview() {
		t.Error("no reset")
	}
}

// A press in the mode "pick" selects the label under it.
func TestPick(t *testing.T) {
	r := newRig(t)
	r.still(camera{closeUp.y, closeUp.x, 4})
	for _, l := range r.v.layers {
		l.selected = l.kind == kindLabels
	}
	if err := r.set("layer.3.mode", "pick"); err != nil {
		t.Fatal(err)
	}
	l := r.v.layers[2]
	for x := 0.05; x < 1 && l.label == 1; x += 0.01 {
		r.v.Hands(1, []any{map[string]any{"do": "press", "x": x, "y": 0.5, "button": "left"}})
	}
	var ts tiles
	var px pixels
	ts.read(&px, cells, inView(r.v.cam, 0, r.v.z))
	if l.label == 1 || !slices.Contains(px.u32, l.label) {
		t.Errorf("label %d is selected, which is not in view", l.label)
	}
	if r.v.declared["layer.3.selected_label"].Value != int64(l.label) {
		t.Error("the control does not say so")
	}
}

func TestAutoContrast(t *testing.T) {
	r := newRig(t)
	r.still(closeUp)
	if err := r.do("auto_contrast", "layer", "2"); err != nil {
		t.Fatal(err)
	}
	l := r.v.layers[1]
	var ts tiles
	var px pixels
	ts.read(&px, membranes, l.shown)
	if l.low != float64(slices.Min(px.u8)) || l.high != float64(slices.Max(px.u8)) || r.v.declared["layer.2.contrast_high"].Value != l.high {
		t.Errorf("the limits are %g to %g", l.low, l.high)
	}
	if err := r.set("layer.2.visible", false); err != nil {
		t.Fatal(err)
	}
	if err := r.do("auto_contrast", "layer", "2"); err == nil || !strings.Contains(err.Error(), "hidden") {
		t.Errorf("of a hidden layer: %v", err)
	}
}

func TestScreenshot(t *testing.T) {
	r := newRig(t)
	r.still(closeUp)
	if err := r.do("screenshot"); err != nil || r.v.shot == nil {
		t.Errorf("no screenshot: %v", err)
	}
}

func TestRestore(t *testing.T) {
	r := newRig(t)
	part := `[{"ndisplay": 2, "point": [3, 0, 0], "center": [0, 5000, 6000], "zoom": 2}, {"layer": "Nuclei", "kind": "image", "visible": false, "opacity": 0.5,
		"blending": "opaque", "gamma": 0.5, "colormap": "viridis", "contrast_limits": [5, 10]}]`
	if err := r.do("set_view", "part", part); err != nil {
		t.Fatal(err)
	}
	l := r.v.layers[0]
	if r.v.cam != (camera{5000, 6000, 2}) || r.v.z != 3 || l.visible || l.opacity != 0.5 || l.blending != "opaque" || l.gamma != 0.5 || l.colormap != "viridis" || l.low != 5 || l.high != 10 {
		t.Errorf("restored are %v, %d and %+v", r.v.cam, r.v.z, l.look)
	}
	for part, want := range map[string]string{
		`{`:                               "JSON",
		`{"zoom": -1}`:                    "the zoom of the view",
		`{"center": [1e9, 0]}`:            "beside the specimen",
		`{"layer": "Nothing"}`:            `no layer "Nothing" any more`,
		`{"ndisplay": 3}`:                 "2D alone",
		`{"layer": "Nuclei", "gamma": 0}`: "gamma: it must be from 0.2 to 2",
		`{"layer": "Nuclei", "contrast_limits": [4, 4]}`: "lower limit is not below",
	} {
		if err := r.do("set_view", "part", part); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", part, err, want)
		}
	}
}

// What the viewer says of its layers is what the pages understand.
func TestStatesAreUnderstood(t *testing.T) {
	r := newRig(t)
	r.still(closeUp)
	plain := func(v pickle.Value) shm.Value {
		b, err := pickle.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		if v, err = pickle.Decode(b, pickle.Limits{}); err != nil {
			t.Fatal(err)
		}
		p, err := pickle.Plain(v, pickle.PlainOptions{MaxNodes: 1 << 20, MaxDepth: 32})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	layers := shm.LayersOf(plain(pickle.NewDict("l", &pickle.List{Items: r.v.details()})).(map[string]shm.Value)["l"])
	if len(layers.List) != 6 {
		t.Fatalf("%d layers", len(layers.List))
	}
	l := layers.Get("1")
	if l.Name != "Nuclei" || l.Drawn == nil || l.Drawn.Matrix == nil || l.Drawn.Limits == nil || l.IdealLevel != l.Level || len(l.Levels) != Levels || !l.Multiscale {
		t.Errorf("the nuclei are %+v", l)
	}
	if c := layers.Get("3").Drawn; c.Contour != 1 || c.Selection != "" {
		t.Errorf("the cells are drawn as %+v", c)
	}
	all := pickle.NewDict()
	for _, d := range describe() {
		_ = all.Set(d.name, d.value)
	}
	colors := shm.ColorsOf(plain(all))
	for _, id := range []string{"1", "2", "3"} {
		if name := layers.Get(id).Drawn.Colors; colors.Get(name) == nil {
			t.Errorf("layer %s is drawn in the colours %q, which make no sense", id, name)
		}
	}
	var paint painter
	o := &order{scene: r.v.scene(), z: r.v.z, shown: map[string]window{"1": r.v.layers[0].shown}, counts: []string{"1"}}
	for _, l := range r.v.layers {
		o.thumbs = append(o.thumbs, l.id)
	}
	d := paint.make(o)
	h := shm.HistogramsOf(plain(pickle.NewDict("1", d.counts["1"]))).Get("1")
	if h == nil || !h.Exact || !h.Whole || h.Greatest <= h.Least {
		t.Errorf("the histogram is %+v", h)
	}
	thumbs := pickle.NewDict()
	seen := map[string]bool{}
	for id, text := range d.thumbs {
		_ = thumbs.Set(id, text)
		seen[text] = true
		img, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
		if err != nil || img.Bounds().Dx() != thumbCols {
			t.Errorf("the thumbnail of layer %s: %v", id, err)
		}
	}
	if told := shm.ThumbnailsOf(plain(thumbs)); told.Get("6") == "" || len(seen) != 6 {
		t.Errorf("%d of 6 thumbnails differ", len(seen))
	}
}

// The tiles that are drawn and those that load are all that is in view.
func TestPoll(t *testing.T) {
	r := newRig(t)
	r.v.look(closeUp)
	r.v.step(0.016)
	count := func(key string) int {
		layer := r.v.poll().Dict("layers").Dict("1")
		a, _ := layer.Dict("tile_state").Get(key)
		return a.(*pickle.Array).Shape[0]
	}
	l := r.v.layers[0]
	n := 0
	l.tilesOf(l.target, func(int, int) { n++ })
	if count("seen") != 0 || count("loading") != n || n == 0 {
		t.Errorf("%d tiles are drawn and %d load, of %d", count("seen"), count("loading"), n)
	}
	r.still(closeUp)
	if count("seen") != n || count("loading") != 0 {
		t.Errorf("%d tiles are drawn and %d load, of %d", count("seen"), count("loading"), n)
	}
}

func TestBlend(t *testing.T) {
	for _, blending := range blendings {
		for _, c := range []rgba{0xff0000ff, 0x80406020, 0x00000000, 0xffffffff, 0x40ff8001} {
			below := rgba(0xff405060)
			line := []rgba{faded(c|0xff000000, float64(c>>24)/255)}
			dst := []rgba{below}
			blend(dst, line, blending)
			if want := over(below, c, blending); blending != "minimum" && c>>24 > 0 && !nearly(dst[0], want) {
				t.Errorf("%s: %08x over %08x is %08x, want %08x", blending, c, below, dst[0], want)
			}
		}
	}
}

func nearly(a, b rgba) bool {
	for shift := uint(0); shift < 32; shift += 8 {
		if d := int(a>>shift&255) - int(b>>shift&255); d < -2 || d > 2 {
			return false
		}
	}
	return true
}

func TestNiceLength(t *testing.T) {
	for most, want := range map[float64]float64{1: 1, 1.9: 1, 2: 2, 4.9: 2, 5: 5, 99: 50, 0.3: 0.2} {
		if got := niceLength(most); math.Abs(got-want) > 1e-9 {
			t.Errorf("%g: %g, want %g", most, got, want)
		}
	}
}

// What is kept for pictures is bounded, and dropped when nobody looks.
func TestKept(t *testing.T) {
	var ts tiles
	var px pixels
	for row := range 40 {
		ts.read(&px, cells, window{level: 4, z: 8, row0: row * 64, row1: row*64 + 64, col0: 0, col1: 6144})
		if ts.bytes > maxTiles {
			t.Fatalf("%d bytes are kept", ts.bytes)
		}
	}
	p := painter{tiles: ts}
	p.make(&order{forget: true})
	if !reflect.DeepEqual(p, painter{}) {
		t.Error("something is kept for nobody")
	}
}

func BenchmarkTile(b *testing.B) {
	for _, level := range []int{0, 2, 4, 6, 8} {
		for p, name := range []string{"nuclei", "membranes", "cells"} {
			b.Run(fmt.Sprintf("%s/level=%d", name, level), func(b *testing.B) {
				var sc scratch
				size := micrometre * float64(int(1)<<level) * Tile
				row, col := int(float64(regions[0].y)/size), int(float64(regions[0].x)/size)
				u8, u16, u32 := make([]uint8, Tile*Tile), make([]uint16, Tile*Tile), make([]uint32, Tile*Tile)
				b.ReportAllocs()
				for b.Loop() {
					f := newField(&sc, level, row, col)
					switch plane(p) {
					case nuclei:
						f.nuclei(middlePlane, u16)
					case membranes:
						f.membranes(middlePlane, u8)
					default:
						f.segment(middlePlane, u32)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/Tile/Tile, "ns/px")
			})
		}
	}
}

func BenchmarkCanvas(b *testing.B) {
	for _, c := range []camera{overview(), {float64(regions[0].y), float64(regions[0].x), 0.6}, {float64(regions[0].y), float64(regions[0].x), 3}} {
		b.Run(fmt.Sprintf("zoom=%.2f", c.zoom), func(b *testing.B) {
			v := New(0, nil)
			defer v.Close()
			v.look(c)
			var p painter
			o := &order{scene: v.scene(), z: v.z, canvas: true, shown: map[string]window{}}
			for _, l := range v.layers {
				if l.isPicture() {
					o.shown[l.id] = inView(c, v.level(&l.look), v.z)
				}
			}
			p.make(o)
			b.ReportAllocs()
			for b.Loop() {
				p.make(o)
			}
		})
	}
}

func BenchmarkStep(b *testing.B) {
	v := New(0, nil)
	defer v.Close()
	b.ReportAllocs()
	for b.Loop() {
		v.step(0.0165)
	}
}
