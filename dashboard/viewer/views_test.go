package viewer

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// layersOf are layers as a napari with the package sends them: "image nuclei", "points spots hidden".
func layersOf(words ...string) *shm.Layers {
	var list []shm.Value
	for i, w := range words {
		f := strings.Fields(w)
		list = append(list, map[string]shm.Value{
			"id": string(rune('1' + i)), "kind": f[0], "name": f[1], "visible": len(f) < 3, "shape": []shm.Value{int64(64), int64(64)},
		})
	}
	return shm.LayersOf(list)
}

// lying is one image with the matrix [[a, b], [c, d]] from its rows and columns to napari's canvas.
func lying(a, b, c, d float64) *shm.Layers {
	return shm.LayersOf([]shm.Value{map[string]shm.Value{
		"id": "1", "kind": "image", "name": "nuclei", "visible": true, "shape": []shm.Value{int64(64), int64(64)},
		"picture": map[string]shm.Value{"matrix": []shm.Value{[]shm.Value{a, b, 0.0}, []shm.Value{c, d, 0.0}}},
	}})
}

func canvasArray(withheld string) shm.Arrays {
	return shm.Arrays{{Name: shm.ArrayCanvas, Descr: "|u1", Shape: []int{600, 800, 4}, Role: "rgb", Note: withheld}}
}

// tiled are the tiles of layer 1; stated says that its data has no chunks.
func tiled(stated bool) *shm.TilePoll {
	return &shm.TilePoll{Layers: []shm.TileLayer{{ID: "1", Name: "nuclei", Config: &shm.TileConfig{
		TileSize: 256, BaseShape: [2]int64{1024, 1024}, ImageShape: [2]int64{1024, 1024}, ShapeInTiles: [2]int64{4, 4},
		Levels: [][2]int64{{1024, 1024}, {512, 512}}, TileShape: [2]int64{256, 256}, Stated: stated,
	}}}}
}

func TestViewThatSuits(t *testing.T) {
	type states = map[string]shm.Value
	solid := map[string]shm.Value{"ndisplay": int64(3)}
	for _, test := range []struct {
		name   string
		napari string
		states states
		query  string
		want   components.View
		says   string
		why    string // the canvas cannot be chosen
	}{
		{"several layers", "0.9.2", states{shm.TopicLayers: layersOf("image a", "labels b"), shm.TopicArrays: canvasArray("")}, "", components.ViewCanvas, "napari's canvas: 2 layers.", ""},
		{"in 3-D", "0.9.2", states{shm.TopicLayers: layersOf("image a"), shm.TopicDims: solid, shm.TopicArrays: canvasArray("")}, "", components.ViewCanvas, "napari's canvas: one layer, image, 3-D.", ""},
		{"in a grid", "0.9.2", states{shm.TopicLayers: layersOf("image a"), shm.TopicCanvas: map[string]shm.Value{"grid": true}, shm.TopicArrays: canvasArray("")}, "", components.ViewCanvas, "in a grid", ""},
		{"points", "0.9.2", states{shm.TopicLayers: layersOf("points a"), shm.TopicArrays: canvasArray("")}, "", components.ViewCanvas, "one layer, points", ""},
		{"one that is turned", "0.9.2", states{shm.TopicLayers: lying(0.8, 0.6, -0.6, 0.8), shm.TopicArrays: canvasArray("")}, "", components.ViewCanvas, "one layer, image, turned", ""},
		{"one that is mirrored", "0.9.2", states{shm.TopicLayers: lying(2, 0, 0, -2), shm.TopicArrays: canvasArray("")}, "", components.ViewCanvas, "one layer, image, turned", ""},
		{"one that is scaled", "0.9.2", states{shm.TopicLayers: lying(2, 1e-17, 0, 3), shm.TopicArrays: canvasArray("")}, "", components.ViewLayer, "", ""},
		{"one image", "0.9.2", states{shm.TopicLayers: layersOf("image nuclei", "points b hidden"), shm.TopicArrays: canvasArray("")}, "", components.ViewLayer, "", ""},
		{"one image in real tiles", "0.9.2", states{shm.TopicLayers: layersOf("image nuclei"), shm.TopicArrays: canvasArray(""), shm.TopicPoll: tiled(false)}, "", components.ViewTiles, "The tiles of nuclei: 2 levels in chunks.", ""},
		{"a canvas that cannot be seen", "0.9.2", states{shm.TopicLayers: layersOf("image a", "labels b"), shm.TopicArrays: canvasArray("The window is minimised.")}, "", components.ViewLayer, "", ""},
		{"tiles of one that is turned", "0.9.2", states{shm.TopicLayers: lying(0.8, 0.6, -0.6, 0.8), shm.TopicPoll: tiled(false)}, "view=tiles", components.ViewTiles,
			"2 levels in chunks, in the layer's own pixels: napari shows it turned.", "This napari shares no canvas"},
		{"in a grid, chosen", "0.9.2", states{shm.TopicLayers: layersOf("image a", "image b"), shm.TopicCanvas: map[string]shm.Value{"grid": true}, shm.TopicArrays: canvasArray("")},
			"view=layer", components.ViewLayer, "in a grid: here it lies where it does without one.", ""},
		{"as was chosen", "0.9.2", states{shm.TopicLayers: layersOf("image a", "labels b"), shm.TopicArrays: canvasArray("")}, "view=layer", components.ViewLayer, "of 2 that napari draws", ""},
		{"as nobody can choose", "0.9.2", states{shm.TopicLayers: layersOf("image a", "labels b"), shm.TopicArrays: canvasArray("")}, "view=none", components.ViewCanvas, "", ""},
		{"no canvas", "0.9.2", states{shm.TopicLayers: layersOf("image a", "labels b")}, "", components.ViewLayer, "This napari shares no canvas", "This napari shares no canvas"},
		{"without the package", "0.4.11", states{shm.TopicPoll: tiled(false)}, "", components.ViewTiles, "Without the package webmon", "Without the package webmon"},
		{"chosen all the same", "0.4.11", states{shm.TopicPoll: tiled(false)}, "view=canvas", components.ViewCanvas, "", "Without the package webmon"},
	} {
		t.Run(test.name, func(t *testing.T) {
			src, _ := attachAs(t, test.napari, test.states)
			query, err := url.ParseQuery(test.query)
			if err != nil {
				t.Fatal(err)
			}
			m := page{steer.New(nil, nil)}.model(tab.Moment{Source: src, Now: time.Now(), Prefix: "/lab"}, firstLayer, chosenView(query))
			if m.View != test.want {
				t.Fatalf("the view is %q, want %q", m.View, test.want)
			}
			if !strings.Contains(m.Says, test.says) || m.Says == "" {
				t.Errorf("it says %q, want %q", m.Says, test.says)
			}
			if got := m.Views[0].Why; !strings.HasPrefix(got, test.why) || (got == "") != (test.why == "") {
				t.Errorf("no canvas because %q, want %q", got, test.why)
			}
			if (m.Canvas != nil) != (m.View == components.ViewCanvas) {
				t.Errorf("the canvas is %v in the view %q", m.Canvas, m.View)
			}
			for _, o := range m.Views {
				if o.Current != (o.Value == string(m.View)) || !strings.HasPrefix(o.Href, "/lab/viewer?source=napari&view=") {
					t.Errorf("the view %+v on a page of %q", o, m.View)
				}
			}
			if m.Better != "" {
				t.Errorf("%q is better than what was just chosen", m.Better)
			}
			var b strings.Builder
			if err := components.ViewerPage(m).Render(ui.Lock(t.Context(), "You may only look."), &b); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestHowAPictureLies(t *testing.T) {
	for _, test := range []struct {
		a, b, c, d float64
		want       string
	}{
		{2, 1e-17, 0, 2, ""},
		{1, 0, 0, 1, ""},
		{0.8, 0.6, -0.6, 0.8, "turned"},
		{-1, 0, 0, -1, "turned"},
		{0, 1, 1, 0, "turned and mirrored"},
		{-1, 0, 0, 1, "mirrored"},
		{1, 0, 0, -3, "mirrored and stretched"},
		{2, 0, 0, 1, "stretched"},
		{1, 0.5, 0, 1, "sheared"},
		{0, 0, 0, 1, ""},
	} {
		if got := lies(lying(test.a, test.b, test.c, test.d).Get("1")); got != test.want {
			t.Errorf("%v: %q", test, got)
		}
	}
	if got := lies(nil); got != "" {
		t.Errorf("a layer that is none is %q", got)
	}
}

// TestWhatAllLayersAre: the sentence while all layers are shown, and not one alone.
func TestWhatAllLayersAre(t *testing.T) {
	said := func(grid bool, kinds ...string) string {
		var layers []shm.Value
		var arrays shm.Arrays
		for i, kind := range kinds {
			id := strconv.Itoa(i + 1)
			layer := layerSaid(id, kind, "visible", true)
			if kind == "image" {
				layer["picture"] = map[string]shm.Value{"matrix": []shm.Value{[]shm.Value{1.0, 0.0, 0.0}, []shm.Value{0.0, 1.0, 0.0}}}
				arrays = append(arrays, shm.ArrayInfo{Name: "layer." + id, Descr: "|u1", Shape: []int{9, 9}, Layer: id})
			}
			layers = append(layers, layer)
		}
		src, _ := attach(t, map[string]shm.Value{
			shm.TopicLayers: shm.LayersOf(layers), shm.TopicArrays: append(arrays, canvasArray("")...), shm.TopicCanvas: map[string]shm.Value{"grid": grid},
		})
		return page{steer.New(nil, nil)}.model(tab.Moment{Source: src, Now: time.Now()}, firstLayer, choice{view: components.ViewLayer}).SaysAll
	}
	for want, got := range map[string]string{
		"":                                  said(false, "points"),
		"The only layer that napari draws.": said(true, "image"),
		"All 2 layers that napari draws.":   said(false, "image", "image"),
		"All 2 layers that napari draws. napari shows them in a grid: here they lie over each other.": said(true, "image", "image"),
		"Of 3 layers that napari draws the images and labels, 2.":                                     said(false, "image", "points", "image"),
		"The uppermost 32 of 33 images and labels that napari draws.":                                 said(false, slices.Repeat([]string{"image"}, 33)...),
	} {
		if got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
}

// A page of which nobody has chosen the view goes to the canvas once that suits, and
// stays there.
func TestViewThatSuitsBetter(t *testing.T) {
	src, p := attach(t, map[string]shm.Value{shm.TopicLayers: layersOf("image a"), shm.TopicArrays: canvasArray("")})
	at := func(c choice) components.Viewer {
		return page{steer.New(nil, nil)}.model(tab.Moment{Source: src, Now: time.Now()}, firstLayer, c)
	}
	open := choice{view: components.ViewLayer, auto: true}
	if m := at(open); m.Better != "" || m.LiveTopic != "napari/viewer/first/layer/auto" {
		t.Errorf("%q is better, on %q", m.Better, m.LiveTopic)
	}
	p.sink.State(shm.TopicLayers, layersOf("image a", "image b"))
	if m := at(open); m.Better != "/viewer?source=napari" || m.View != components.ViewLayer {
		t.Errorf("%q is better than %q, want the page as it is opened", m.Better, m.View)
	}
	if m := at(choice{view: components.ViewLayer}); m.Better != "" {
		t.Errorf("%q is better than what somebody has chosen", m.Better)
	}
	p.sink.State(shm.TopicLayers, layersOf("image a"))
	if m := at(choice{view: components.ViewCanvas, auto: true}); m.Better != "" || m.View != components.ViewCanvas {
		t.Errorf("%q is better than the canvas, which shows all there is", m.Better)
	}
}

func TestDetail(t *testing.T) {
	for _, d := range []string{"first/canvas", "first/tiles/auto", "7/layer"} {
		layer, c, err := readDetail(d)
		if err != nil || c.detail(layer) != d {
			t.Errorf("%q was read as %q (%v)", d, c.detail(layer), err)
		}
	}
	for _, d := range []string{"", "first", "first/", "first/all", "x/canvas", "first/canvas/auto/auto", "first/canvas/a"} {
		if _, _, err := readDetail(d); err == nil {
			t.Errorf("%q was read", d)
		}
	}
}

func TestStateOfCanvas(t *testing.T) {
	two, three := []shm.Value{int64(600), int64(800)}, []shm.Value{1.5, 2.0, 3.25}
	src, p := attach(t, map[string]shm.Value{
		shm.TopicLayers: layersOf("image nuclei", "points spots", "image off hidden"),
		shm.TopicCanvas: map[string]shm.Value{"size": two, "ndisplay": int64(3), "grid": false, "layer": "2", "mode": "add"},
		topicCursor:     map[string]shm.Value{"status": "spots [1 2]: <3>"},
		shm.TopicCamera: map[string]shm.Value{"center": three, "zoom": 2.5},
	})
	feed, err := newStateFeed(tab.Place{Source: src, Topic: "napari/canvas-state"})
	if err != nil {
		t.Fatal(err)
	}
	frame := feed.Frames.Next(time.Now())
	var got map[string]any
	if err := json.Unmarshal(frame, &got); err != nil {
		t.Fatalf("%s: %v", frame, err)
	}
	delete(got, "ts")
	text, _ := json.Marshal(got)
	want := `{"center":[1.5,2,3.25],"count":2,"draws":"2 layers, 3-D","grid":false,"layer":"spots","layers":["spots","nuclei"],"mode":"add","ndisplay":3,"size":[600,800],` +
		`"status":"spots [1 2]: \u003c3\u003e","topic":"napari/canvas-state","why":null,"zoom":2.5}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if again := feed.Frames.Next(time.Now()); again != nil {
		t.Errorf("%s was sent again", again)
	}
	p.sink.State(topicCursor, map[string]shm.Value{"status": "elsewhere"})
	if frame := string(feed.Frames.Next(time.Now())); !strings.Contains(frame, `"status":"elsewhere"`) {
		t.Errorf("the status is not in %s", frame)
	}
	// A process that says nothing of its canvas, or nonsense, is a state as well.
	odd, _ := attach(t, map[string]shm.Value{shm.TopicCanvas: []shm.Value{}, topicCursor: "x", shm.TopicCamera: map[string]shm.Value{"center": []shm.Value{"a"}, "zoom": nil}})
	feed, _ = newStateFeed(tab.Place{Source: odd, Topic: "napari/canvas-state"})
	if frame := feed.Frames.Snapshot(time.Now()); !json.Valid(frame) {
		t.Errorf("%s is no JSON", frame)
	}
}
