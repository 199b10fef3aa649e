package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"sync"
	"time"

	"webmon/fault"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

// Options configure a demo. The zero value is a demo like any other.
type Options struct {
	// Seed decides where the camera goes and how long loads take. The same
	// seed gives the same session. Default 0, which is a seed as well.
	Seed uint64
	// Authkey is the key of the demo's manager. Default: 32 random bytes.
	Authkey []byte
	// Logger gets what goes wrong. Default: none.
	Logger *slog.Logger
}

// maxUnread is how many messages are kept that nobody fetches. napari keeps all of
// them for ever, which a demo need not.
const maxUnread = 10_000

// sayGoodbye is how long the shutdown event may take to arrive.
const sayGoodbye = 20 * time.Millisecond

// Demo is a running synthetic napari.
type Demo struct {
	address string
	key     []byte
	cancel  context.CancelFunc
	done    sync.WaitGroup

	data     *manager.Dict
	messages *manager.Queue
	commands *manager.Queue
	shutdown *manager.Event
}

// Start serves a synthetic napari on a free port of 127.0.0.1 until ctx ends
// or Close is called.
func Start(ctx context.Context, o Options) (*Demo, error) {
	if o.Authkey == nil {
		o.Authkey = make([]byte, 32)
		_, _ = rand.Read(o.Authkey) // never fails
	}
	d := &Demo{
		key:      o.Authkey,
		data:     manager.NewDict(),
		messages: manager.NewQueue(maxUnread),
		commands: manager.NewQueue(1000),
		shutdown: manager.NewEvent(),
	}
	server, err := manager.NewServer(manager.ServerOptions{
		Authkey: o.Authkey,
		Resources: map[string]manager.Resource{
			"napari_data":     d.data,
			"napari_messages": d.messages,
			"napari_shutdown": d.shutdown,
			"client_data":     manager.NewDict(),
			"client_messages": d.commands,
		},
		Logger: o.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("start the demo: %w", err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the demo: %w", err)
	}
	d.address = listener.Addr().String()
	ctx, d.cancel = context.WithCancel(ctx)
	faults := fault.NewLedger(o.Logger)
	failed := func(err error) {
		faults.Note("demo", d.address, err)
		d.cancel() // it ends, and begins again as any process does
	}
	fault.Go(&d.done, func() {
		if err := server.Serve(ctx, listener); err != nil && o.Logger != nil {
			o.Logger.Error("demo server ended", "error", err)
		}
	}, failed)
	fault.Go(&d.done, func() { d.live(ctx, newModel(o.Seed)) }, failed)
	return d, nil
}

// Address returns host:port of the demo's manager.
func (d *Demo) Address() string { return d.address }

// Authkey returns the key of the demo's manager.
func (d *Demo) Authkey() []byte { return d.key }

// Close ends the demo as napari ends: the demo says that it ends first. Close waits
// until everything has stopped, and returns nil. It may be called more than once.
func (d *Demo) Close() error {
	d.shutdown.Set()
	time.Sleep(sayGoodbye)
	d.cancel()
	d.done.Wait()
	return nil
}

// live plays the model in real time and says what napari would say.
func (d *Demo) live(ctx context.Context, m *model) {
	p := publisher{Demo: d, model: m}
	timer := time.NewTimer(0)
	defer timer.Stop()
	due := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		p.frame(time.Now())
		// Slow frames are part of the show, but the errors of the sleeps must not add
		// up. After the machine was suspended, no time is made up for.
		due = due.Add(time.Duration(p.model.nextSeconds() * float64(time.Second)))
		if now := time.Now(); now.Sub(due) > 100*time.Millisecond {
			due = now
		}
		timer.Reset(time.Until(due))
	}
}

// publisher turns the model's frames into napari's values.
type publisher struct {
	*Demo
	model  *model
	last   time.Time // of the last frame
	layers []layerView
	second int
}

// frame is one tick of napari's timer: the poll, the messages, one for the
// frame, then the commands that have come.
func (p *publisher) frame(now time.Time) {
	f := p.model.step()
	if p.layers == nil || !equalLayers(p.layers, f.layers) {
		p.data.Set("poll", pollValue(f.layers))
		p.layers = f.layers
	}
	stamp := float64(now.UnixMicro()) / 1e6
	for _, c := range f.landed {
		// Loads end between the frames.
		at := stamp - max(p.model.now-c.finished, 0)
		p.put("load_chunk", "time", at, "num_bytes", c.bytes, "load_ms", c.loadMS)
	}
	if f.stage != nil {
		p.put("stage", "time", stamp, "x", f.stage.x, "y", f.stage.y, "z", f.stage.z)
	}
	if f.light != nil {
		p.put("exposure", "time", stamp, "ms", *f.light)
	}
	if now := int(p.model.now); now != p.second || p.last.IsZero() {
		p.second = now
		p.data.Set("microscope", p.model.microscope())
	}
	var delta pickle.Value = int64(0) // as napari's first one is
	if !p.last.IsZero() {
		delta = float64(now.Sub(p.last)) / float64(time.Millisecond)
	}
	p.last = now
	p.put("frame_time", "time", stamp, "delta_ms", delta)
	p.obey()
}

// obey takes the commands that have come. As napari does, it passes over commands that
// it does not know.
func (p *publisher) obey() {
	for {
		v, err := p.commands.TryGet()
		if err != nil {
			return // empty
		}
		d, ok := v.(*pickle.Dict)
		if !ok {
			continue
		}
		for _, e := range d.Entries {
			on, isBool := e.Value.(bool)
			if e.Key != "show_grid" || !isBool {
				continue
			}
			p.model.showGrid = on
			p.put("demo", "time", float64(time.Now().UnixMicro())/1e6, "show_grid", on)
		}
	}
}

func (p *publisher) put(topic string, fields ...pickle.Value) {
	message := pickle.NewDict(topic, pickle.NewDict(fields...))
	for {
		err := p.messages.Put(message)
		if !errors.Is(err, manager.ErrFull) {
			return
		}
		if _, err := p.messages.TryGet(); err != nil {
			return
		}
	}
}

func equalLayers(a, b []layerView) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].equal(&b[i]) {
			return false
		}
	}
	return true
}

// pollValue is what napari 0.4.11 says, down to which of the pairs are lists
// and which are tuples.
func pollValue(layers []layerView) *pickle.Dict {
	byID := pickle.NewDict()
	for i := range layers {
		v := &layers[i]
		im, level := v.image, v.window.level
		rows, cols := im.shape(level)
		tileRows, tileCols := im.shapeInTiles(level)
		// Fortran order: NumPy got there by transposing.
		seen, err := pickle.Int64Array(v.seen, true, len(v.seen)/2, 2)
		if err != nil {
			continue // cannot be: the shape is made from the length
		}
		c := v.corners
		corners, err := pickle.Float64Array([]float64{c[0][0], c[0][1], c[1][0], c[1][1]}, false, 2, 2)
		if err != nil {
			continue
		}
		_ = byID.Set(im.id, pickle.NewDict( // an int is hashable
			"tile_state", pickle.NewDict("seen", seen, "corners", corners),
			"tile_config", pickle.NewDict(
				"base_shape", pickle.NewList(im.rows, im.cols),
				"image_shape", pickle.Tuple{rows, cols},
				"shape_in_tiles", pickle.NewList(tileRows, tileCols),
				"tile_size", im.tile,
				"level_index", int64(level),
			),
		))
	}
	return pickle.NewDict("layers", byID)
}

// microscope is what a control script might share beside napari.
func (m *model) microscope() *pickle.Dict {
	objective, na := "4x", 0.13
	switch level := m.images[0].level(m.cam.corners()); {
	case level <= 1:
		objective, na = "40x", 0.95
	case level <= 4:
		objective, na = "20x", 0.75
	case level <= 7:
		objective, na = "10x", 0.3
	}
	return pickle.NewDict(
		"objective", objective,
		"numerical_aperture", na,
		"channel", []string{"brightfield", "DAPI", "GFP"}[int(m.now/20)%3],
		"temperature_c", math.Round((37+0.08*math.Sin(m.now/9))*1000)/1000,
		"show_grid", m.showGrid,
	)
}
