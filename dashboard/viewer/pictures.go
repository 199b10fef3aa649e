package viewer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"webmon/dashboard/frame"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// pictures makes the frames that say how napari draws its images and labels on its
// canvas, bottom first. A frame is JSON:
//
//	{"topic", "ts": ms since the epoch, "canvas": "#rrggbb" that napari draws on, or null, "layers": [placed, ...]}
//
// In 3D, and of a napari without the package, there are none. There is no frame if nothing has changed.
type pictures struct {
	src   *source.Source
	topic string
	body  []byte
	frame []byte
}

func newPictures(at tab.Place) (tab.Feed, error) {
	if at.Detail != "" {
		return tab.Feed{}, fmt.Errorf("there are no pictures of %q: they are those of all layers", at.Detail)
	}
	return tab.Feed{Wants: topics, Frames: &pictures{src: at.Source, topic: at.Topic}}, nil
}

func (f *pictures) Snapshot(now time.Time) []byte {
	if f.frame == nil {
		f.Next(now)
	}
	return f.frame
}

func (f *pictures) Next(now time.Time) []byte {
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
	if err != nil || bytes.Equal(text, f.body) {
		return nil
	}
	f.body = text
	f.frame = headed(f.topic, now, text)
	return f.frame
}

// colors makes the frames with the tables of colours:
//
//	{"topic", "ts": ms since the epoch, "tables": {name: shm.ColorTable, ...}}
//
// There is no frame if nothing has changed.
type colors struct {
	src   *source.Source
	topic string
	seq   [2]uint64
	body  []byte
	frame []byte
}

func newColors(at tab.Place) (tab.Feed, error) {
	if at.Detail != "" {
		return tab.Feed{}, fmt.Errorf("there are no colours of %q: they are those of all layers", at.Detail)
	}
	return tab.Feed{Wants: []string{shm.TopicColors, shm.TopicLayers}, Frames: &colors{src: at.Source, topic: at.Topic}}, nil
}

func (f *colors) Snapshot(now time.Time) []byte {
	if f.frame == nil {
		f.Next(now)
	}
	return f.frame
}

func (f *colors) Next(now time.Time) []byte {
	_, _, seq := f.src.State(shm.TopicColors)
	_, _, layers := f.src.State(shm.TopicLayers)
	if seqs := [2]uint64{seq, layers}; seqs == f.seq && f.frame != nil {
		return nil
	} else {
		f.seq = seqs
	}
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
	if err != nil || bytes.Equal(text, f.body) {
		return nil
	}
	f.body = text
	f.frame = headed(f.topic, now, text)
	return f.frame
}

// headed is a frame with the members of an object that was written as JSON.
func headed(topic string, now time.Time, object []byte) []byte {
	w := frame.Begin(make([]byte, 0, len(object)+128), topic, now)
	w.Buf = append(append(w.Buf, ','), object[1:]...)
	return w.Buf
}
