package demo

import (
	"time"

	"webmon/shm"
	"webmon/shm/demo/wire"
	"webmon/shm/pickle"
)

// viewer is the part of the demo that seems to look through two huge images: its tiles, its
// frames, and the chunks that it loads.
type viewer struct {
	model  *model
	due    time.Time // of the next frame
	last   time.Time // of the last one
	layers []layerView
	told   []layerView // the layers as the poll has them
}

func newViewer(seed uint64) *viewer { return &viewer{model: newModel(seed)} }

// most is how many frames are made up for after a pause.
const most = 32

// Declare implements part.
func (v *viewer) Declare(p *wire.Process) {
	p.Topic(wire.Topic{Name: shm.TopicPoll, Title: "Tiles"})
	p.Topic(wire.Topic{Name: shm.TopicFrameTime, Event: true, Title: "Frame time", Fields: []wire.Field{{Path: "delta_ms", Title: "Frame time", Unit: "ms"}}})
	p.Topic(wire.Topic{Name: shm.TopicLoadChunk, Event: true, Title: "Chunks loaded", Fields: []wire.Field{
		{Path: "num_bytes", Title: "Size", Unit: "B"}, {Path: "load_ms", Title: "Load time", Unit: "ms"},
	}})
}

// Turn implements part.
func (v *viewer) Turn(p *wire.Process) {
	now := p.Now()
	if now.Sub(v.due) > time.Second {
		v.due = now // the machine was suspended, or has much else to do
	}
	for range most {
		if v.due.After(now) {
			break
		}
		v.frame(p, v.due)
		v.due = v.due.Add(time.Duration(v.model.nextSeconds() * float64(time.Second)))
	}
	if v.layers != nil && p.Wanted(shm.TopicPoll) > 0 && !equalLayers(v.told, v.layers) || v.told == nil {
		p.State(shm.TopicPoll, pollValue(v.layers))
		v.told = v.layers
	}
}

// frame is one tick of napari's timer.
func (v *viewer) frame(p *wire.Process, at time.Time) {
	f := v.model.step()
	v.layers = f.layers
	stamp := float64(at.UnixMicro()) / 1e6
	for _, c := range f.landed {
		// Loads end between the frames.
		p.Event(shm.TopicLoadChunk, pickle.NewDict("time", stamp-max(v.model.now-c.finished, 0), "num_bytes", c.bytes, "load_ms", c.loadMS))
	}
	var delta pickle.Value = int64(0) // as napari's first one is
	if !v.last.IsZero() {
		delta = float64(at.Sub(v.last)) / float64(time.Millisecond)
	}
	v.last = at
	p.Event(shm.TopicFrameTime, pickle.NewDict("time", stamp, "delta_ms", delta))
}
