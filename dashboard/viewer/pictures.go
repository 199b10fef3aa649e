package viewer

import (
	"encoding/json"
	"fmt"

	"webmon/dashboard/frame"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// pictures writes the frames that say how napari draws its images and labels on its
// canvas, bottom first. A frame is JSON:
//
//	{"topic", "ts": ms since the epoch, "canvas": "#rrggbb" that napari draws on, or null, "layers": [placed, ...]}
//
// In 3D, and of a napari without the package, there are none. There is no frame if nothing has changed.
type pictures struct{ src *source.Source }

func newPictures(at tab.Place) (tab.Feed, error) {
	if at.Detail != "" {
		return tab.Feed{}, fmt.Errorf("there are no pictures of %q: they are those of all layers", at.Detail)
	}
	says := &pictures{at.Source}
	return tab.Feed{Wants: topics, Frames: &told{src: at.Source, topic: at.Topic, of: topics, write: says.write}}, nil
}

func (f *pictures) write(w *frame.Writer) bool {
	body := struct {
		Canvas *string   `json:"canvas"`
		Layers []*placed `json:"layers"`
	}{Layers: []*placed{}}
	if on := background(f.src); on != "" {
		body.Canvas = &on
	}
	if layers := f.src.Layers(); layers != nil {
		for i := range layers.List {
			if d := placedOf(f.src, &layers.List[i]); d != nil {
				body.Layers = append(body.Layers, d)
			}
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return false // NaN and the infinities: JSON cannot write them
	}
	rawMembers(w, text)
	return true
}

// colors writes the frames with the tables of colours:
//
//	{"topic", "ts": ms since the epoch, "tables": {name: shm.ColorTable, ...}}
//
// There is no frame if nothing has changed.
type colors struct{ src *source.Source }

// colorTopics are those of which it is made.
var colorTopics = []string{shm.TopicColors, shm.TopicLayers}

func newColors(at tab.Place) (tab.Feed, error) {
	if at.Detail != "" {
		return tab.Feed{}, fmt.Errorf("there are no colours of %q: they are those of all layers", at.Detail)
	}
	says := &colors{at.Source}
	return tab.Feed{Wants: colorTopics, Frames: &told{src: at.Source, topic: at.Topic, of: colorTopics, write: says.write}}, nil
}

func (f *colors) write(w *frame.Writer) bool {
	body := struct {
		Tables map[string]*shm.ColorTable `json:"tables"`
	}{map[string]*shm.ColorTable{}}
	if all := f.src.Layers(); all != nil {
		for _, l := range all.List {
			if l.Drawn == nil {
				continue
			}
			if t := f.src.Colors().Get(l.Drawn.Colors); t != nil {
				body.Tables[l.Drawn.Colors] = t
			}
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return false // NaN and the infinities: JSON cannot write them
	}
	rawMembers(w, text)
	return true
}
