package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"webmon/dashboard"
	"webmon/dashboard/budget"
	"webmon/dashboard/source"
	"webmon/fault"
	"webmon/shm"
	"webmon/shm/demo"
	"webmon/shm/discover"
	"webmon/shm/maps/library"
	"webmon/shm/maps/stacks"
	"webmon/shm/model"
	"webmon/shm/process"
)

// targets lists what cfg asks to watch beside the processes that are found. The
// demo runs for a person who has nothing else to look at, until there is something; a demo
// that was asked for stays.
func (cfg *config) targets(found bool) []source.Target {
	var out []source.Target
	if cfg.napariPort != 0 {
		out = append(out, source.Target{
			Name: "napari", Kind: shm.KindNapari, PID: cfg.napariPID, Authkey: []byte(defaultAuthkey),
			Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.napariPort)),
		})
	}
	for _, addr := range cfg.connect {
		out = append(out, source.Target{
			Name: "napari", Kind: shm.KindNapari, Address: addr, Authkey: cfg.authkey, Again: true,
		})
	}
	if cfg.demo || len(out) == 0 && !found && !cfg.launched && len(cfg.models) == 0 {
		out = append(out, source.Target{Name: "demo", Kind: shm.KindDemo, Yields: !cfg.demo})
	}
	return out
}

// attachFirst is how long serving waits for the processes named at the start.
const attachFirst = time.Second

// attach begins to watch the targets, and every process that announces itself,
// until ctx is done; wait returns when it has let go of all. A page that is opened
// at once, or has waited for this address, finds its source, since attach waits a
// moment for the targets, for as many as have announced themselves, and for the
// models. A process that is slow to answer keeps nobody waiting.
func attach(ctx context.Context, dirs []string, server *dashboard.Server, models *model.Catalogue,
	targets []source.Target, announced int, faults *fault.Ledger, said *notes) (wait func()) {
	var attaching sync.WaitGroup
	attached := make(chan struct{}, 2+announced)
	failed := faults.Noted("attaching", "")
	fault.Go(&attaching, func() {
		models.Ready(ctx) // the address of a file's model is good at once
		attached <- struct{}{}
	}, failed)
	fault.Go(&attaching, func() {
		for _, t := range targets {
			// What goes wrong is said on the pages, and webmon goes on.
			if _, err := server.Attach(ctx, t); err != nil && ctx.Err() == nil {
				said.mention(err.Error())
			}
		}
		attached <- struct{}{}
	}, failed)
	for _, dir := range dirs {
		fault.Go(&attaching, func() {
			follow(ctx, dir, said.logger, faults, func(ctx context.Context, t source.Target) {
				server.Follow(ctx, t, func() { shm.Signal(attached) })
			})
		}, failed)
	}
	enough := time.NewTimer(attachFirst)
	defer enough.Stop()
	for range cap(attached) {
		select {
		case <-attached:
			continue
		case <-enough.C:
		}
		break
	}
	return attaching.Wait
}

// follow watches every process that announces itself, for as long as it does and
// ctx is not done. watch returns when its context is done and the process is not
// attached any more.
func follow(ctx context.Context, dir string, logger *slog.Logger, faults *fault.Ledger, watch func(context.Context, source.Target)) {
	type life struct {
		end  context.CancelFunc
		over chan struct{} // closed once it is not attached any more
	}
	var all sync.WaitGroup
	defer all.Wait()
	living := map[string]life{} // by the path of the announcement
	ending := map[string]life{} // of those that have died, the last of each name
	discover.Watch(ctx, discover.Options{
		Dir:    filepath.Join(dir, discover.Folder),
		Logger: logger,
		Faults: faults,
		Found: func(a discover.Announcement) {
			before := ending[a.Name].over
			delete(ending, a.Name)
			ctx, cancel := context.WithCancel(ctx)
			l := life{cancel, make(chan struct{})}
			living[a.Path] = l
			fault.Go(&all, func() {
				defer close(l.over)
				defer cancel()
				if before != nil {
					// So that one that starts again takes its old place.
					select {
					case <-before:
					case <-time.After(endsWithin):
					case <-ctx.Done():
					}
				}
				watch(ctx, source.Target{
					Name: a.Name, Kind: a.Kind, Address: a.Address, Authkey: a.Authkey, PID: a.PID,
				})
			}, faults.Noted("attaching", a.Name))
		},
		Lost: func(a discover.Announcement) {
			l := living[a.Path]
			l.end()
			delete(living, a.Path)
			maps.DeleteFunc(ending, func(_ string, l life) bool {
				select {
				case <-l.over:
					return true
				default:
					return false
				}
			})
			ending[a.Name] = l
		},
	})
}

// endsWithin is how long a process that starts again waits for its old place.
const endsWithin = 5 * time.Second

// attacher makes the adapter for each kind of target.
func attacher(models *model.Catalogue, shelf *library.Library, kept *budget.Budget, logger *slog.Logger) func(context.Context, source.Target, dashboard.Self) (shm.Source, error) {
	return func(ctx context.Context, t source.Target, self dashboard.Self) (shm.Source, error) {
		if t.Kind.IsModel() {
			return models.Open(ctx, t.Name, self.Watchers)
		}
		if key := t.Map(); key != "" {
			return stacks.Open(key, stacks.Options{Library: shelf, Watchers: self.Watchers})
		}
		opts := process.Options{
			Address: t.Address, Authkey: t.Authkey, PID: t.PID, Kind: t.Kind, Name: t.Name,
			ID: self.ID, URL: self.URL, Version: dashboard.Version(), Watchers: self.Watchers, Room: kept.Work, Logger: logger,
		}
		if t.Kind != shm.KindDemo {
			return process.Attach(ctx, opts)
		}
		d, err := demo.Start(ctx, demo.Options{})
		if err != nil {
			return nil, fmt.Errorf("starting the demo: %w", err)
		}
		opts.Address, opts.Authkey = d.Address(), d.Authkey()
		src, err := process.Attach(ctx, opts)
		if err != nil {
			return nil, errors.Join(err, d.Close())
		}
		return demoSource{src, d, demo.NewSample(0)}, nil
	}
}

// demoSource is the demo, attached to like any other process, which ends when
// nobody reads it any more.
type demoSource struct {
	shm.Source
	demo *demo.Demo
	*demo.Sample
}

var _ shm.VolumeSource = demoSource{}

func (d demoSource) Run(ctx context.Context, sink shm.Sink) error {
	defer d.demo.Close()
	sink.State(shm.TopicVolumes, d.Volumes())
	return d.Source.Run(ctx, sink)
}
