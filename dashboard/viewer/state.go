package viewer

import (
	"fmt"
	"math"
	"time"

	"webmon/components/ui"
	"webmon/dashboard/frame"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// stateEvery is the least time between two frames of the state: the words under the
// picture follow the pointer.
const stateEvery = 33 * time.Millisecond

// maxListed is how many names of layers a page reads aloud.
const maxListed = 20

// canvasState writes the frames of what a napari says of its canvas. A frame is JSON:
//
//	{"topic", "ts": ms since the epoch, "size": [rows, cols] of the canvas in px or null, "ndisplay": 2 | 3, "grid": bool,
//	 "mode": of the active layer or null, "layer": its name or null, "why": why there is no picture or null,
//	 "status": napari's words for the place under the pointer, "center": of the camera in world units, "zoom",
//	 "layers": names of the visible layers, the topmost first, at most 20, "count": how many there are,
//	 "draws": what napari draws in words}
//
// There is no frame if nothing has changed.
type canvasState struct{ src *source.Source }

// stateTopics are those of which it is made.
var stateTopics = []string{shm.TopicCanvas, topicCursor, shm.TopicCamera, shm.TopicLayers, shm.TopicDims}

func newStateFeed(at tab.Place) (tab.Feed, error) {
	if at.Detail != "" {
		return tab.Feed{}, fmt.Errorf("the state of the canvas has no part %q", at.Detail)
	}
	says := &canvasState{at.Source}
	return tab.Feed{Wants: stateTopics, Every: stateEvery, Light: true, Frames: &told{src: at.Source, topic: at.Topic, of: stateTopics, write: says.write}}, nil
}

// write writes the members of a frame after topic and ts.
func (f *canvasState) write(w *frame.Writer) bool {
	canvas, cursor, camera := mapOf(f.src, shm.TopicCanvas), mapOf(f.src, topicCursor), mapOf(f.src, shm.TopicCamera)
	d := drawnBy(f.src)
	w.Key("size")
	if size := floats(canvas["size"]); len(size) == 2 {
		w.Array()
		w.Float(size[0])
		w.Float(size[1])
		w.EndArray()
	} else {
		w.Null()
	}
	ndisplay := int64(2)
	if d.solid {
		ndisplay = 3
	}
	w.Key("ndisplay").Int(ndisplay)
	w.Key("grid").Bool(d.grid)
	word := func(key string, v shm.Value) {
		w.Key(key)
		if s, ok := v.(string); ok && s != "" {
			w.String(s)
		} else {
			w.Null()
		}
	}
	word("mode", canvas["mode"])
	id, _ := canvas["layer"].(string)
	if l := f.src.Layers().Get(id); l != nil {
		word("layer", ui.Name(l.Name))
	} else {
		word("layer", nil)
	}
	word("why", canvas["why"])
	status, _ := cursor["status"].(string)
	w.Key("status").String(status)
	w.Key("center").Array()
	for _, x := range floats(camera["center"]) {
		w.Digits(x, 6)
	}
	w.EndArray()
	w.Key("zoom")
	if zoom := floats([]shm.Value{camera["zoom"]}); len(zoom) == 1 {
		w.Digits(zoom[0], 6)
	} else {
		w.Null()
	}
	w.Key("layers").Array()
	for i := len(d.visible) - 1; i >= max(0, len(d.visible)-maxListed); i-- {
		w.String(ui.Name(d.visible[i].Name))
	}
	w.EndArray()
	w.Key("count").Int(int64(len(d.visible)))
	w.Key("draws").String(d.words())
	return true
}

// floats returns a list of finite numbers, nil for anything else.
func floats(v shm.Value) []float64 {
	list, _ := v.([]shm.Value)
	var out []float64
	for _, x := range list {
		n, ok := shm.Number(x)
		if !ok || math.IsNaN(n) || math.IsInf(n, 0) {
			return nil
		}
		out = append(out, n)
	}
	return out
}
