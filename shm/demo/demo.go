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
	"webmon/shm/demo/slide"
	"webmon/shm/demo/wire"
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

// closer is a part that has begun something which ends after the last round.
type closer interface{ Close() }

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
	viewer := slide.New(o.Seed, o.Logger)
	p := wire.New(wire.Options{Name: "demo", Kind: shm.KindNapari, Authkey: o.Authkey, Hands: viewer.Hands, Logger: o.Logger})
	parts := []part{scope.New(o.Seed), viewer} // in the order in which the page has their controls
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
	defer func() {
		for _, part := range parts {
			if c, ok := part.(closer); ok {
				c.Close()
			}
		}
	}()
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
