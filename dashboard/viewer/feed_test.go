package viewer

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// process is a napari with the package: it says what it is told to.
type process struct {
	states map[string]shm.Value
	said   chan struct{}
	sink   shm.Sink
}

func (p *process) Info() shm.Info                                    { return shm.Info{Kind: shm.KindNapari, Napari: "0.9.2"} }
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

func attach(t *testing.T, states map[string]shm.Value) (*source.Source, *process) {
	t.Helper()
	p := &process{states: states, said: make(chan struct{})}
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
		topicLayers: []shm.Value{
			map[string]shm.Value{"id": "1", "colormap": "gray"},
			map[string]shm.Value{"id": "3", "colormap": "bop blue", "contrast_limits": []shm.Value{int64(10), 900.5}, "gamma": 0.5, "opacity": 0.7, "visible": true},
		},
		shm.TopicArrays: shm.Arrays{{Name: "layer.3", Descr: "<u2", Shape: []int{900, 1200}, Axes: []string{"y", "x"}, Layer: "3"}},
	})
	feed, err := newFeed(src, "napari/tiles/3", "3")
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
	got := read(feed.Snapshot(time.Now()))
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
	if again := feed.Next(time.Now()); again != nil {
		t.Errorf("a frame without anything new: %s", again)
	}
	// Another look of the layer is news, with the same tiles.
	p.sink.State(topicLayers, []shm.Value{map[string]shm.Value{"id": "3", "visible": false}})
	next := feed.Next(time.Now())
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
		{Name: "layer.4", Descr: "<f4", Shape: []int{900}},
	}})
	for layer, want := range map[string]struct{ index, kind string }{"1": {"y,x,c", "image"}, "2": {"0,y,x", "labels"}, "4": {}, "5": {}} {
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

func TestLevelThatTheScreenWouldNeed(t *testing.T) {
	src, _ := attach(t, map[string]shm.Value{shm.TopicPoll: ours()})
	m := Options{Link: func(*source.Source, source.Status) ui.State { return ui.Live }}.model(tab.Moment{Source: src, Now: time.Now()}, firstLayer)
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
