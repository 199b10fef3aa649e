package viewer

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"webmon/dashboard/frame"
	"webmon/shm"
)

// Whatever a process calls its layer, the frame is JSON.
func TestFramesAreJSON(t *testing.T) {
	src, p := attach(t, nil)
	for _, id := range []string{"3", "a\x01b", `"\`, "\u2028é", "a\xffb", "\a\v", `x","topic":"reload`} {
		poll := ours()
		poll.Layers[0].ID = id
		p.sink.State(shm.TopicPoll, poll)
		f := &told{src: src, topic: "napari/tiles/\a" + id, of: topics, write: (&feed{src: src, layer: id}).now}
		var got struct{ Topic, Layer string }
		if b := f.Snapshot(time.Now()); json.Unmarshal(b, &got) != nil || got.Layer == "" || got.Topic != strings.ToValidUTF8(f.topic, "\ufffd") {
			t.Errorf("of the layer %q: topic %q: %s", id, got.Topic, b)
		}
	}
}

// BenchmarkFeed is what the members of a frame of a thousand tiles cost.
func BenchmarkFeed(b *testing.B) {
	f, layer := manyTiles(b)
	var w frame.Writer
	b.ReportAllocs()
	for b.Loop() {
		w.Buf = w.Buf[:0]
		f.write(&w, layer)
	}
}

// manyTiles is a feed and a layer of a thousand tiles that lie apart.
func manyTiles(tb testing.TB) (*feed, *shm.TileLayer) {
	src, _ := attach(tb, nil)
	layer := &ours().Layers[0]
	layer.State.Rows, layer.State.Cols = nil, nil
	for i := range int64(2000) {
		if i%2 == 0 {
			layer.State.Rows, layer.State.Cols = append(layer.State.Rows, i/40), append(layer.State.Cols, i%40+i/40%2)
		}
	}
	return &feed{src: src, layer: "3"}, layer
}
