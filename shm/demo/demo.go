package demo

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"webmon/beat"
	"webmon/fault"
	"webmon/shm"
	"webmon/shm/demo/scope"
	"webmon/shm/demo/wire"
	"webmon/shm/pickle"
)

// Options configure a demo. The zero value is a demo like any other.
type Options struct {
	// Seed decides what the specimen is like, where the viewer goes and how long loads
	// take. The same seed gives the same session. Default 0, which is a seed as well.
	Seed uint64
	// Authkey is the key of the demo's manager. Default: random.
	Authkey []byte
	// Logger gets what goes wrong. Default: none.
	Logger *slog.Logger
}

// part is one part of the made-up microscope, such as its camera or its viewer.
type part interface {
	// Declare says what the part has, before the process is started.
	Declare(p *wire.Process)
	// Turn is called in each round: at 60 Hz while somebody looks, and four times a
	// second otherwise. It does what is due by p.Now(). A part with goroutines of its own
	// has a method Close too, which waits for them.
	Turn(p *wire.Process)
}

// Demo is a running made-up microscope.
type Demo struct {
	*wire.Process
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// Start serves a made-up microscope on a free port of 127.0.0.1 until ctx ends or Close
// is called.
func Start(ctx context.Context, o Options) (*Demo, error) {
	p, parts := assemble(o)
	d := &Demo{Process: p}
	ctx, d.cancel = context.WithCancel(ctx)
	if err := d.Process.Start(ctx); err != nil {
		d.cancel()
		d.Release()
		return nil, fmt.Errorf("start the demo: %w", err)
	}
	fault.Go(&d.done, func() {
		defer d.Release()
		defer closeAll(parts)
		live(ctx, d.Process, parts)
	}, func(err error) {
		fault.NewLedger(o.Logger).Note("demo", d.Address(), err)
		d.Process.Stop() // it begins again as any process does
	})
	return d, nil
}

// assemble returns the demo's process with all that it declares, and its parts.
func assemble(o Options) (*wire.Process, []part) {
	p := wire.New(wire.Options{Name: "demo", Kind: shm.KindNapari, Authkey: o.Authkey, Logger: o.Logger})
	parts := []part{newViewer(o.Seed), scope.New(o.Seed)}
	for _, part := range parts {
		part.Declare(p)
	}
	return p, parts
}

// closeAll waits until nothing of the parts is at work any more.
func closeAll(parts []part) {
	for _, part := range parts {
		if c, ok := part.(interface{ Close() }); ok {
			c.Close()
		}
	}
}

// Close ends the demo as a program ends: the demo says that it ends first. Close waits
// until everything has stopped, and returns nil. It may be called more than once.
func (d *Demo) Close() error {
	d.Process.Close()
	d.cancel()
	d.done.Wait()
	return nil
}

const (
	frameEvery = time.Second / 60
	// restsFor is how long a round lasts while nobody looks: as long as messages gather
	// in the adapter then.
	restsFor = 250 * time.Millisecond
)

// live is the loop of the demo: a round for every frame, or for a few of them while nobody
// looks.
func live(ctx context.Context, p *wire.Process, parts []part) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	due := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.Wake():
		case <-timer.C:
		}
		p.Round(func() {
			for _, part := range parts {
				part.Turn(p)
			}
		})
		if !p.Watched() {
			timer.Reset(beat.Next(restsFor))
			due = time.Now()
			continue
		}
		// The errors of the sleeps must not add up. After the machine was suspended, or had
		// much else to do, no time is made up for.
		now := time.Now()
		for !due.After(now) {
			due = due.Add(frameEvery)
		}
		timer.Reset(due.Sub(now))
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
