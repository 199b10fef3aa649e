package viewer

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"webmon/dashboard/tab"
	"webmon/shm"
)

// onCanvas is what a napari with the package says of an image and labels on its canvas.
func onCanvas(background string) map[string]shm.Value {
	row := func(a, b, c float64) []shm.Value { return []shm.Value{a, b, c} }
	return map[string]shm.Value{
		shm.TopicCamera: map[string]shm.Value{
			"center": []shm.Value{int64(0), 50.0, 70.5}, "zoom": 2.0, "canvas": []shm.Value{int64(400), int64(600)},
			"right": []shm.Value{int64(0), int64(-1)}, "down": []shm.Value{1.0, 0.0}, "background": background,
		},
		shm.TopicLayers: shm.LayersOf([]shm.Value{
			map[string]shm.Value{
				"id": "3", "kind": "image", "colormap": "mine", "opacity": 0.5, "blending": "additive",
				"picture": map[string]shm.Value{
					"matrix": []shm.Value{row(1, 0.5, 4), row(0, -2, 6)}, "colors": "ab12", "limits": []shm.Value{int64(0), 9.0}, "gamma": 0.7, "interpolation": "linear",
				},
			},
			map[string]shm.Value{
				"id": "4", "kind": "labels", "visible": false,
				"picture": map[string]shm.Value{"matrix": []shm.Value{row(1, 0, 0), row(0, 1, 0)}, "colors": "cd34", "contour": int64(2), "selection": "9223372036854775817"},
			},
			map[string]shm.Value{"id": "5", "kind": "image", "picture": map[string]shm.Value{"matrix": nil}},
		}),
		shm.TopicColors: shm.ColorsOf(map[string]shm.Value{
			"cd34": map[string]shm.Value{"kind": "cyclic", "table": "AAAAAP8AAP8=", "background": int64(0)},
			"gone": map[string]shm.Value{"kind": "cyclic", "table": "AAAAAP8AAP8=", "background": int64(0)},
		}),
		shm.TopicArrays: shm.Arrays{
			{Name: "layer.3", Descr: "<u2", Shape: []int{900, 1200}, Axes: []string{"y", "x"}, Layer: "3"},
			{Name: "overview.3", Descr: "<u2", Shape: []int{90, 120}, Axes: []string{"y", "x"}, Layer: "3"},
			{Name: "layer.4", Descr: "<i4", Shape: []int{900, 1200}, Axes: []string{"y", "x"}, Layer: "4", Role: "labels"},
			{Name: "layer.5", Descr: "<u2", Shape: []int{9, 900, 1200}, Axes: []string{"z", "y", "x"}, Layer: "5"},
		},
	}
}

func TestPicturesAsNapariDrawsThem(t *testing.T) {
	src, p := attach(t, onCanvas("#1a2b3c"))
	feed, err := newPictures(tab.Place{Source: src, Topic: "napari/pictures"})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Topic  string
		Canvas string
		Layers []map[string]any
	}
	b := feed.Frames.Snapshot(time.Now())
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	if got.Topic != "napari/pictures" || got.Canvas != "#1a2b3c" || len(got.Layers) != 2 {
		t.Fatalf("the frame is %s", b)
	}
	want := map[string]any{
		"id": "3", "topic": "napari/array/layer.3", "index": "y,x", "shape": []any{900.0, 1200.0}, "kind": "image", "dtype": "<u2",
		"matrix": []any{[]any{1.0, 0.5, 4.0}, []any{0.0, -2.0, 6.0}}, "colors": "ab12", "colormap": "mine", "limits": []any{0.0, 9.0}, "gamma": 0.7,
		"opacity": 0.5, "visible": true, "blending": "additive", "interpolation": "linear",
		"overview": map[string]any{"topic": "napari/array/overview.3", "shape": []any{90.0, 120.0}},
	}
	if !reflect.DeepEqual(got.Layers[0], want) {
		t.Errorf("the image is %v\nwant %v", got.Layers[0], want)
	}
	if l := got.Layers[1]; l["kind"] != "labels" || l["contour"] != 2.0 || l["selection"] != "9223372036854775817" || l["visible"] != false || l["limits"] != nil {
		t.Errorf("the labels are %v", l)
	}
	if again := feed.Frames.Next(time.Now()); again != nil {
		t.Errorf("a frame although nothing has changed: %s", again)
	}
	p.sink.State(shm.TopicCamera, map[string]shm.Value{"background": "red"})
	if b := feed.Frames.Next(time.Now()); !strings.Contains(string(b), `"canvas":null`) {
		t.Errorf("of a colour that is none comes %s", b)
	}
	if _, err := newPictures(tab.Place{Source: src, Topic: "napari/pictures/3", Detail: "3"}); err == nil {
		t.Error("there are pictures of one layer")
	}
}

func TestColorsThatLayersUse(t *testing.T) {
	src, _ := attach(t, onCanvas(""))
	feed, err := newColors(tab.Place{Source: src, Topic: "napari/colors"})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tables map[string]map[string]any
	}
	b := feed.Frames.Snapshot(time.Now())
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	want := map[string]map[string]any{"cd34": {"kind": "cyclic", "table": "AAAAAP8AAP8=", "background": "0"}}
	if !reflect.DeepEqual(got.Tables, want) {
		t.Errorf("the tables are %v, want %v", got.Tables, want)
	}
	if again := feed.Frames.Next(time.Now()); again != nil {
		t.Errorf("a frame although nothing has changed: %s", again)
	}
	if _, err := newColors(tab.Place{Source: src, Topic: "napari/colors/3", Detail: "3"}); err == nil {
		t.Error("there are colours of one layer")
	}
}

// TestCameraOnTheCanvas: the camera is in the directions of the canvas, whichever way napari's axes go.
func TestCameraOnTheCanvas(t *testing.T) {
	src, p := attach(t, onCanvas(""))
	want := camera{[2]float64{50, -70.5}, 2, [2]int64{400, 600}}
	if got := cameraOf(src); got == nil || *got != want {
		t.Errorf("the camera is %v, want %v", got, want)
	}
	for name, state := range map[string]map[string]shm.Value{
		"3D":      {"center": []shm.Value{1.0, 2.0, 3.0}, "zoom": 2.0, "canvas": []shm.Value{int64(4), int64(5)}, "right": []shm.Value{0.0, 0.0, 1.0}, "down": []shm.Value{0.0, 1.0, 0.0}},
		"nothing": {},
		"no zoom": {"center": []shm.Value{2.0, 3.0}, "zoom": 0.0, "canvas": []shm.Value{int64(4), int64(5)}, "right": []shm.Value{0.0, 1.0}, "down": []shm.Value{1.0, 0.0}},
	} {
		p.sink.State(shm.TopicCamera, state)
		if got := cameraOf(src); got != nil {
			t.Errorf("%s: the camera is %v", name, got)
		}
	}
}
