package viewer

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"webmon/dashboard/hub"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// firstLayer is the detail of the feed that shows the first layer there is,
// whatever its id: ids change each time napari starts.
const firstLayer = "first"

var layerID = regexp.MustCompile(`^-?[0-9]{1,20}$`)

// feed makes the frames of one layer's tiles. A frame is JSON:
//
//	{"topic", "ts": ms since the epoch, "layer": id,
//	 "level", "tile_size": px, "base_shape", "image_shape": [rows, cols] in px,
//	 "grid": [rows, cols] in tiles, "corners": [[row, col], [row, col]] in px of level 0,
//	 "tiles": [row, col, rows, cols, ...] rectangles of drawn tiles, "count": tiles drawn}
//
// What napari has not sent is null. A napari with the package says more:
//
//	{"tile_shape": [rows, cols] in px, "ideal_level": the level whose pixels fit the screen's,
//	 "excess": how many times as many pixels this level has,
//	 "loading", "reloaded": rectangles of tiles asked for, and loaded again without need,
//	 "picture": {"topic": base of the hub topics of the layer's pixels, "index", "shape", "kind",
//	 "colormap", "limits", "gamma", "opacity", "visible"}}
//
// Nothing new makes no frame.
type feed struct {
	src    *source.Source
	topic  string
	layer  string
	seq    [3]uint64 // of the poll, the layers and the arrays of which it was made
	body   []byte    // of the last frame: all but its head
	frame  []byte
	merger merger

	rows, cols []int64 // of marked tiles, to use again
}

func newFeed(at tab.Place) (tab.Feed, error) {
	if at.Detail != firstLayer && !layerID.MatchString(at.Detail) {
		return tab.Feed{}, fmt.Errorf("%q is no layer", at.Detail)
	}
	// napari's own frames set the pace.
	return tab.Feed{Wants: topics, Frames: &feed{src: at.Source, topic: at.Topic, layer: at.Detail}}, nil
}

func (f *feed) Snapshot(now time.Time) []byte {
	if f.frame == nil {
		f.Next(now)
	}
	return f.frame
}

func (f *feed) Next(now time.Time) []byte {
	value, _, seq := f.src.State(shm.TopicPoll)
	_, _, layers := f.src.State(topicLayers)
	_, _, arrays := f.src.State(shm.TopicArrays)
	poll, ok := value.(*shm.TilePoll)
	seqs := [3]uint64{seq, layers, arrays}
	if !ok || seqs == f.seq && f.frame != nil {
		return nil
	}
	f.seq = seqs
	layer := choose(poll, f.layer)
	if layer == nil {
		return nil
	}
	body := f.appendBody(make([]byte, 0, len(f.body)+64), layer)
	if bytes.Equal(body, f.body) {
		return nil
	}
	f.body = body
	frame := append(make([]byte, 0, len(body)+128), `{"topic":`...)
	frame = strconv.AppendQuote(frame, f.topic)
	frame = append(frame, `,"ts":`...)
	frame = hub.AppendStamp(frame, now)
	f.frame = append(frame, body...)
	return f.frame
}

// choose returns the layer a page asks for, else the first that is drawn, else
// the first of which there is anything to show.
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

func (f *feed) appendBody(b []byte, l *shm.TileLayer) []byte {
	b = append(b, `,"layer":"`...)
	b = append(b, l.ID...)
	b = append(b, '"')
	if c := l.Config; c != nil {
		b = strconv.AppendInt(append(b, `,"level":`...), c.LevelIndex, 10)
		b = strconv.AppendInt(append(b, `,"tile_size":`...), c.TileSize, 10)
		b = appendPair(append(b, `,"base_shape":`...), c.BaseShape)
		b = appendPair(append(b, `,"image_shape":`...), c.ImageShape)
		b = appendPair(append(b, `,"grid":`...), c.ShapeInTiles)
		if c.TileShape[0] > 0 && c.TileShape[1] > 0 {
			b = appendPair(append(b, `,"tile_shape":`...), c.TileShape)
		}
		if ideal, excess := idealLevel(c); ideal >= 0 {
			b = strconv.AppendInt(append(b, `,"ideal_level":`...), ideal, 10)
			b = strconv.AppendFloat(append(b, `,"excess":`...), excess, 'g', 4, 64)
		}
	} else {
		b = append(b, `,"level":null,"tile_size":null,"base_shape":null,"image_shape":null,"grid":null`...)
	}
	if p := pictureOf(f.src, l.ID); p != nil {
		b = append(append(b, `,"picture":`...), p...)
	}
	if l.State == nil {
		return append(b, `,"corners":null,"tiles":[],"count":0}`...)
	}
	for _, list := range []struct {
		key   string
		tiles [][2]int64
	}{{`,"loading":`, l.State.Loading}, {`,"reloaded":`, l.State.Reloaded}} {
		if len(list.tiles) == 0 {
			continue
		}
		f.rows, f.cols = f.rows[:0], f.cols[:0]
		for _, t := range list.tiles {
			f.rows, f.cols = append(f.rows, t[0]), append(f.cols, t[1])
		}
		rects, _ := f.merger.rectangles(f.rows, f.cols)
		b = appendRects(append(b, list.key...), rects)
	}
	b = append(b, `,"corners":`...)
	if l.State.HasCorners {
		c := l.State.Corners
		b, _ = shm.AppendJSON(b, []any{[]any{c[0][0], c[0][1]}, []any{c[1][0], c[1][1]}}) // numbers: cannot fail
	} else {
		b = append(b, "null"...)
	}
	rects, count := f.merger.rectangles(l.State.Rows, l.State.Cols)
	b = appendRects(append(b, `,"tiles":`...), rects)
	b = strconv.AppendInt(append(b, `,"count":`...), int64(count), 10)
	return append(b, '}')
}

func appendRects(b []byte, rects []rect) []byte {
	b = append(b, '[')
	for i, r := range rects {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, r.row, 10)
		b = strconv.AppendInt(append(b, ','), r.col, 10)
		b = strconv.AppendInt(append(b, ','), r.rows, 10)
		b = strconv.AppendInt(append(b, ','), r.cols, 10)
	}
	return append(b, ']')
}

func appendPair(b []byte, p [2]int64) []byte {
	b = strconv.AppendInt(append(b, '['), p[0], 10)
	b = strconv.AppendInt(append(b, ','), p[1], 10)
	return append(b, ']')
}
