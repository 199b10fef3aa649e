package viewer

import (
	"fmt"

	"webmon/dashboard/frame"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// firstLayer is the detail of the feed that shows the first layer, whatever its id:
// ids change each time napari starts.
const firstLayer = "first"

// feed writes the frames of one layer's tiles. A frame is JSON:
//
//	{"topic", "ts": ms since the epoch, "layer": id,
//	 "level", "tile_size": px, "base_shape", "image_shape": [rows, cols] in px,
//	 "grid": [rows, cols] in tiles, "corners": [[row, col], [row, col]] in px of level 0,
//	 "tiles": [row, col, rows, cols, ...] rectangles of drawn tiles, "count": tiles drawn}
//
// What napari has not sent is null. A napari with the package adds:
//
//	{"tile_shape": [rows, cols] in px, "ideal_level": the level whose pixels fit the screen's,
//	 "excess": pixels of this level divided by those of the ideal level,
//	 "loading", "reloaded": rectangles of tiles that are being loaded, and that were loaded again without need,
//	 "picture": {"topic": base of the hub topics of the layer's pixels, "index", "shape", "kind",
//	 "colormap", "limits", "gamma", "opacity", "visible"},
//	 "camera": {"center": [down, right], "zoom": napari's px a unit, "size": [rows, cols] in napari's px}, of 2D}
//
// There is no frame if nothing has changed.
type feed struct {
	src    *source.Source
	layer  string
	merger merger

	rows, cols []int64 // of marked tiles, to use again
}

func newFeed(at tab.Place) (tab.Feed, error) {
	if at.Detail != firstLayer && !shm.IsLayerID(at.Detail) {
		return tab.Feed{}, fmt.Errorf("%q is no layer", at.Detail)
	}
	// No Every: the feed is as fast as napari's own frames.
	says := &feed{src: at.Source, layer: at.Detail}
	return tab.Feed{Wants: topics, Frames: &told{src: at.Source, topic: at.Topic, of: topics, write: says.now}}, nil
}

// now writes the tiles of now; false as long as napari has said nothing of them.
func (f *feed) now(w *frame.Writer) bool {
	layer := choose(f.src.Poll(), f.layer)
	if layer == nil {
		return false
	}
	f.write(w, layer)
	return true
}

// choose returns the layer that a page asks for. If it asks for none, it is the first
// layer that is drawn, otherwise the first of which there is anything to show.
func choose(poll *shm.TilePoll, id string) *shm.TileLayer {
	if poll == nil || len(poll.Layers) == 0 {
		return nil
	}
	if l := poll.Layer(id); l != nil {
		return l
	}
	for _, drawn := range []bool{true, false} {
		for i := range poll.Layers {
			if l := &poll.Layers[i]; l.Config != nil && (l.State != nil || !drawn) {
				return l
			}
		}
	}
	return &poll.Layers[0]
}

// write writes the members of a frame after topic and ts.
func (f *feed) write(w *frame.Writer, l *shm.TileLayer) {
	w.Key("layer").String(l.ID)
	if c := l.Config; c != nil {
		w.Key("level").Int(c.LevelIndex)
		w.Key("tile_size").Int(c.TileSize)
		writePair(w.Key("base_shape"), c.BaseShape)
		writePair(w.Key("image_shape"), c.ImageShape)
		writePair(w.Key("grid"), c.ShapeInTiles)
		if c.TileShape[0] > 0 && c.TileShape[1] > 0 {
			writePair(w.Key("tile_shape"), c.TileShape)
		}
		if ideal, excess := idealLevel(c); ideal >= 0 {
			w.Key("ideal_level").Int(ideal)
			w.Key("excess").Digits(excess, 4)
		}
	} else {
		for _, key := range []string{"level", "tile_size", "base_shape", "image_shape", "grid"} {
			w.Key(key).Null()
		}
	}
	if p := pictureOf(f.src, l.ID); p != nil {
		w.Key("picture").Raw(p)
	}
	if c := cameraOf(f.src); c != nil {
		w.Key("camera").Object()
		w.Key("center").Array()
		w.Float(c.center[0])
		w.Float(c.center[1])
		w.EndArray()
		w.Key("zoom").Float(c.zoom)
		writePair(w.Key("size"), c.size)
		w.EndObject()
	}
	if l.State == nil {
		w.Key("corners").Null()
		writeRects(w.Key("tiles"), nil)
		w.Key("count").Int(0)
		return
	}
	for _, list := range []struct {
		key   string
		tiles [][2]int64
	}{{"loading", l.State.Loading}, {"reloaded", l.State.Reloaded}} {
		if len(list.tiles) == 0 {
			continue
		}
		f.rows, f.cols = f.rows[:0], f.cols[:0]
		for _, t := range list.tiles {
			f.rows, f.cols = append(f.rows, t[0]), append(f.cols, t[1])
		}
		rects, _ := f.merger.rectangles(f.rows, f.cols)
		writeRects(w.Key(list.key), rects)
	}
	w.Key("corners")
	if l.State.HasCorners {
		w.Array()
		for _, c := range l.State.Corners {
			w.Array()
			w.Float(c[0])
			w.Float(c[1])
			w.EndArray()
		}
		w.EndArray()
	} else {
		w.Null()
	}
	rects, count := f.merger.rectangles(l.State.Rows, l.State.Cols)
	writeRects(w.Key("tiles"), rects)
	w.Key("count").Int(int64(count))
}

func writeRects(w *frame.Writer, rects []rect) {
	w.Array()
	for _, r := range rects {
		w.Int(r.row)
		w.Int(r.col)
		w.Int(r.rows)
		w.Int(r.cols)
	}
	w.EndArray()
}

func writePair(w *frame.Writer, p [2]int64) {
	w.Array()
	w.Int(p[0])
	w.Int(p[1])
	w.EndArray()
}
