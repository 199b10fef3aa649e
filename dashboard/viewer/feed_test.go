package viewer

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"webmon/components"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// process is a napari with the package: it says what it is told to.
type process struct {
	napari string // its version
	states map[string]shm.Value
	said   chan struct{}
	sink   shm.Sink
}

func (p *process) Info() shm.Info                                    { return shm.Info{Kind: shm.KindNapari, Napari: p.napari} }
func (p *process) Actions() []shm.Action                             { return nil }
func (p *process) Command(_ shm.Command, r func(shm.Status, string)) { r(shm.Taken, "") }
func (p *process) Run(ctx context.Context, sink shm.Sink) error {
	for topic, value := range p.states {
		sink.State(topic, value)
	}
	p.sink = sink
	close(p.said)
	<-ctx.Done()
	return nil
}

func attach(t testing.TB, states map[string]shm.Value) (*source.Source, *process) {
	t.Helper()
	return attachAs(t, "0.9.2", states)
}

// attachAs attaches a napari of a version.
func attachAs(t testing.TB, napari string, states map[string]shm.Value) (*source.Source, *process) {
	t.Helper()
	p := &process{napari: napari, states: states, said: make(chan struct{})}
	registry, err := source.NewRegistry(source.Options{
		Attach: func(context.Context, source.Target) (shm.Source, error) { return p, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	src, err := registry.Attach(t.Context(), source.Target{Name: "napari", Kind: shm.KindNapari})
	if err != nil {
		t.Fatal(err)
	}
	<-p.said
	return src, p
}

// ours is what a napari with the package says of one layer.
func ours() *shm.TilePoll {
	return &shm.TilePoll{Layers: []shm.TileLayer{{
		ID: "3", Name: "tissue",
		Config: &shm.TileConfig{
			BaseShape: [2]int64{8000, 6000}, ImageShape: [2]int64{4000, 3000}, ShapeInTiles: [2]int64{16, 24}, TileSize: 256, LevelIndex: 1,
			TileShape: [2]int64{256, 128}, IdealLevel: 3, Levels: [][2]int64{{8000, 6000}, {4000, 3000}, {2000, 1500}, {1000, 750}}, Reloads: 7,
		},
		State: &shm.TileState{
			Rows: []int64{0, 0}, Cols: []int64{1, 2}, Corners: [2][2]float64{{0, 10}, {20, 30}}, HasCorners: true,
			Loading: [][2]int64{{1, 1}, {1, 2}, {2, 1}, {2, 2}}, Reloaded: [][2]int64{{5, 5}},
		},
	}}}
}

func TestFrameOfANapariWithThePackage(t *testing.T) {
	src, p := attach(t, map[string]shm.Value{
		shm.TopicPoll: ours(),
		shm.TopicLayers: shm.LayersOf([]shm.Value{
			map[string]shm.Value{"id": "1", "colormap": "gray"},
			map[string]shm.Value{"id": "3", "colormap": "bop blue", "contrast_limits": []shm.Value{int64(10), 900.5}, "gamma": 0.5, "opacity": 0.7, "visible": true},
		}),
		shm.TopicArrays: shm.Arrays{{Name: "layer.3", Descr: "<u2", Shape: []int{900, 1200}, Axes: []string{"y", "x"}, Layer: "3"}},
	})
	feed, err := newFeed(tab.Place{Source: src, Topic: "napari/tiles/3", Detail: "3"})
	if err != nil {
		t.Fatal(err)
	}
	read := func(b []byte) map[string]any {
		t.Helper()
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		return m
	}
	got := read(feed.Frames.Snapshot(time.Now()))
	for key, want := range map[string]any{
		"tile_shape": []any{256.0, 128.0}, "ideal_level": 3.0, "excess": 16.0, "level": 1.0,
		"loading": []any{1.0, 1.0, 2.0, 2.0}, "reloaded": []any{5.0, 5.0, 1.0, 1.0}, "tiles": []any{0.0, 1.0, 1.0, 2.0},
		"picture": map[string]any{
			"topic": "napari/array/layer.3", "index": "y,x", "shape": []any{900.0, 1200.0}, "kind": "image", "colormap": "bop blue",
			"limits": []any{10.0, 900.5}, "gamma": 0.5, "opacity": 0.7, "visible": true,
		},
	} {
		if !reflect.DeepEqual(got[key], want) {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	if again := feed.Frames.Next(time.Now()); again != nil {
		t.Errorf("a frame without anything new: %s", again)
	}
	// Another look of the layer is news, with the same tiles.
	p.sink.State(shm.TopicLayers, shm.LayersOf([]shm.Value{map[string]shm.Value{"id": "3", "visible": false}}))
	next := feed.Frames.Next(time.Now())
	if next == nil {
		t.Fatal("no frame though the layer looks otherwise")
	}
	if picture := read(next)["picture"].(map[string]any); picture["visible"] != false || picture["limits"] != nil {
		t.Errorf("picture %v", picture)
	}
}

func TestPictureOfColoursAndStacks(t *testing.T) {
	src, _ := attach(t, map[string]shm.Value{shm.TopicArrays: shm.Arrays{
		{Name: "layer.1", Descr: "|u1", Shape: []int{900, 1200, 3}, Role: "rgb"},
		{Name: "layer.2", Descr: "<i4", Shape: []int{5, 900, 1200}, Role: "labels"},
		{Name: "layer.3", Descr: "<i4", Shape: []int{900, 1200}, Role: "labels"},
		{Name: "layer.4", Descr: "<f4", Shape: []int{900}},
		{Name: "layer.6", Descr: "|u1", Shape: []int{7, 900, 1200, 3}, Role: "rgb"},
		{Name: "layer.7", Descr: "<f4", Shape: []int{90, 90}, Note: "The layer is hidden in napari."},
		{Name: "layer.8", Descr: "<f4", Shape: []int{90, 90}, Note: "A part of it.", Shm: "webmon-1-8"},
	}})
	// A volume, and what is withheld, are no pictures.
	for layer, want := range map[string]struct{ index, kind string }{
		"1": {"y,x,c", "image"}, "2": {}, "3": {"y,x", "labels"}, "4": {}, "5": {}, "6": {}, "7": {}, "8": {"y,x", "image"},
	} {
		b := pictureOf(src, layer)
		if want.index == "" {
			if b != nil {
				t.Errorf("layer %s has a picture: %s", layer, b)
			}
			continue
		}
		var l look
		if err := json.Unmarshal(b, &l); err != nil || l.Index != want.index || l.Kind != want.kind {
			t.Errorf("layer %s: %s (%v), want %v", layer, b, err, want)
		}
	}
}

// layerSaid is an entry of the state "layers".
func layerSaid(id, kind string, more ...any) map[string]shm.Value {
	m := map[string]shm.Value{"id": id, "kind": kind}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i].(string)] = more[i+1]
	}
	return m
}

func sizes(n ...int64) []shm.Value {
	var out []shm.Value
	for _, n := range n {
		out = append(out, n)
	}
	return out
}

// What napari shows without tiles, or not at all, is said, and what is known is shown.
func TestLayersWithoutTiles(t *testing.T) {
	const in3D = "napari shows its layers in 3D, where nothing is drawn in tiles."
	stack := layerSaid("3", "image", "level", int64(1), "axes", []shm.Value{"z", "y", "x"}, "levels", []shm.Value{sizes(60, 2048, 2048), sizes(30, 1024, 1024)})
	beside := ours()
	beside.Layers[0].Note = "The slider stands outside."
	beside.Layers[0].State.Rows, beside.Layers[0].State.Cols = nil, nil
	hidden := ours()
	hidden.Layers = append([]shm.TileLayer{{ID: "9", Name: "hidden", Config: hidden.Layers[0].Config, Note: "The layer is hidden in napari."}}, hidden.Layers...)
	for _, test := range []struct {
		name   string
		napari string
		states map[string]shm.Value
		layer  string
		state  components.ViewerState
		want   []string // on the page
		not    []string
	}{
		{"a stack in 3D", "0.9.2", map[string]shm.Value{
			shm.TopicPoll:   &shm.TilePoll{Layers: []shm.TileLayer{{ID: "3", Name: "stack", Note: in3D}}},
			shm.TopicLayers: shm.LayersOf([]shm.Value{stack}),
			shm.TopicArrays: shm.Arrays{{Name: "layer.3", Descr: "<u2", Shape: []int{30, 1024, 1024}, Shm: "webmon-1-3"}},
		}, "", components.ViewerNoTiled,
			[]string{"stack is not drawn in tiles.", in3D, "60 × 2048 × 2048", "30 × 1024 × 1024", "z, y, x", "/lab/arrays?source=napari&amp;array=layer.3"}, []string{"first word"}},
		{"a volume that is too large", "0.9.2", map[string]shm.Value{
			shm.TopicPoll:   &shm.TilePoll{Layers: []shm.TileLayer{{ID: "3", Name: "stack", Note: in3D}}},
			shm.TopicLayers: shm.LayersOf([]shm.Value{stack}),
			shm.TopicArrays: shm.Arrays{{Name: "layer.3", Descr: "<u2", Shape: []int{30, 1024, 1024}, Note: "The volume is too large.",
				Stats: shm.ArrayStats{Problem: "The volume is too large."}}},
		}, "", components.ViewerNoTiled, []string{in3D + " The volume is too large."}, []string{"/lab/arrays?"}},
		{"beside the slider", "0.9.2", map[string]shm.Value{
			shm.TopicPoll: beside, shm.TopicLayers: shm.LayersOf([]shm.Value{layerSaid("3", "image")}),
			shm.TopicArrays: shm.Arrays{{Name: "layer.3", Descr: "<u2", Shape: []int{9, 9}, Note: "The slider stands outside."}},
		}, "", components.ViewerLive, []string{`<p class="viewer-over">The slider stands outside.</p>`, "None. The slider stands outside."}, nil},
		{"a hidden layer below", "0.9.2", map[string]shm.Value{shm.TopicPoll: hidden, shm.TopicLayers: shm.LayersOf([]shm.Value{})}, "", components.ViewerLive, []string{"tissue"}, []string{"viewer-over"}},
		{"the hidden layer itself", "0.9.2", map[string]shm.Value{shm.TopicPoll: hidden, shm.TopicLayers: shm.LayersOf([]shm.Value{})}, "9", components.ViewerLive, []string{"The layer is hidden in napari."}, nil},
		{"no shared memory", "0.9.2", map[string]shm.Value{
			shm.TopicPoll: ours(), shm.TopicLayers: shm.LayersOf([]shm.Value{layerSaid("3", "image")}),
			shm.TopicArrays: shm.Arrays{{Name: "layer.3", Descr: "<u2", Shape: []int{9, 9}, Stats: shm.ArrayStats{Problem: "There is no shared memory."}}},
		}, "", components.ViewerLive, []string{`<p class="viewer-over">There is no shared memory.</p>`}, nil},
		{"a part of the picture", "0.9.2", map[string]shm.Value{
			shm.TopicPoll: ours(), shm.TopicLayers: shm.LayersOf([]shm.Value{layerSaid("3", "image")}),
			shm.TopicArrays: shm.Arrays{{Name: "layer.3", Descr: "<u2", Shape: []int{9, 9}, Note: "It is shared in part.", Shm: "webmon-1-3"}},
		}, "", components.ViewerLive, []string{"It is shared in part."}, []string{"viewer-over"}},
		{"an empty viewer", "0.9.2", map[string]shm.Value{shm.TopicPoll: &shm.TilePoll{}, shm.TopicLayers: shm.LayersOf([]shm.Value{})}, "", components.ViewerNoLayer,
			[]string{"No layer is open in napari.", "add_image"}, []string{"OCTREE", "multiscale"}},
		{"points and shapes", "0.5.6", map[string]shm.Value{shm.TopicPoll: &shm.TilePoll{}, shm.TopicLayers: shm.LayersOf([]shm.Value{
			layerSaid("1", "points"), layerSaid("2", "shapes"), layerSaid("3", "points"),
		})}, "", components.ViewerNoLayer, []string{"None of napari&#39;s layers is an image.", "2 points, 1 shapes"}, []string{"OCTREE", "multiscale"}},
		{"a plain old napari", "0.4.11", map[string]shm.Value{shm.TopicPoll: &shm.TilePoll{}}, "", components.ViewerNoLayer,
			[]string{"No multiscale image is open.", "NAPARI_EXPERIMENTAL_OCTREE=1"}, []string{"plugin"}},
		{"one whose octree fails", "0.4.19", map[string]shm.Value{shm.TopicPoll: &shm.TilePoll{}}, "", components.ViewerNoTiles,
			[]string{"napari 0.4.19 does not share its tiles.", "0.4.17 or earlier"}, []string{"From 0.5 on"}},
		{"a plain new one", "0.9.2", map[string]shm.Value{shm.TopicPoll: &shm.TilePoll{}}, "", components.ViewerNoTiles, []string{components.InstallPlugin, components.InstallPluginWhere}, []string{"OCTREE"}},
		{"one of an unknown version", "", map[string]shm.Value{shm.TopicPoll: &shm.TilePoll{}}, "", components.ViewerNoLayer, []string{"0.4.17 and earlier", "0.5 and later"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			src, _ := attachAs(t, test.napari, test.states)
			layer := test.layer
			if layer == "" {
				layer = firstLayer
			}
			m := page{steer.New(nil, nil)}.model(tab.Moment{Source: src, Now: time.Now(), Prefix: "/lab"}, layer, choice{view: components.ViewTiles})
			if m.State != test.state {
				t.Fatalf("state %v, want %v", m.State, test.state)
			}
			var b strings.Builder
			if err := components.ViewerFrame(m).Render(t.Context(), &b); err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("the page lacks %q:\n%s", want, b.String())
				}
			}
			for _, not := range test.not {
				if strings.Contains(b.String(), not) {
					t.Errorf("the page has %q", not)
				}
			}
		})
	}
}

func TestLevelThatTheScreenWouldNeed(t *testing.T) {
	src, _ := attach(t, map[string]shm.Value{shm.TopicPoll: ours()})
	m := page{steer.New(nil, nil)}.model(tab.Moment{Source: src, Now: time.Now()}, firstLayer, choice{view: components.ViewTiles})
	if m.State != components.ViewerLive || m.Layers[0].Label != "tissue" {
		t.Fatalf("state %v, layers %v", m.State, m.Layers)
	}
	if tiles := m.Tiles; tiles.Ideal != 3 || tiles.Excess != 16 || tiles.Loading != 4 || tiles.Reloaded != 1 || tiles.Reloads != 7 {
		t.Errorf("tiles %+v", tiles)
	}
	for _, test := range []struct {
		name   string
		change func(*shm.TileConfig)
		want   int64
	}{
		{"the one in use", func(c *shm.TileConfig) { c.IdealLevel = 1 }, 1},
		{"unknown", func(c *shm.TileConfig) { c.IdealLevel = -1 }, -1},
		{"a plain napari", func(c *shm.TileConfig) { c.IdealLevel, c.Levels = 0, nil }, -1},
		{"beyond the last", func(c *shm.TileConfig) { c.IdealLevel = 9 }, -1},
		{"an empty level", func(c *shm.TileConfig) { c.Levels[3] = [2]int64{} }, -1},
	} {
		c := ours().Layers[0].Config
		test.change(c)
		if got, _ := idealLevel(c); got != test.want {
			t.Errorf("%s: level %d, want %d", test.name, got, test.want)
		}
	}
}
