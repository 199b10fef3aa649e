// Package models is the tab of the simulations. It has their list, and for each a
// page with its field live, its parameters, and charts of the numbers that it reports.
// The package also starts a simulation when somebody opens its page. A simulation
// ends by itself when nobody looks at it any more.
//
// The package computes nothing: simulations come from Options.List, and are sources
// like any other.
package models

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"webmon/dashboard/prefix"
	"webmon/dashboard/record"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
)

const (
	slug = "models"

	// scheme is the beginning of the address of a target that is a model.
	scheme = "model:"

	// openFor is how long a page waits for its model to start.
	openFor = 3 * time.Second
	// againAfter is the least time between two starts of a model without a person
	// having asked for it.
	againAfter = 2 * time.Second
)

// ErrUnknown says that there is no model with a key.
var ErrUnknown = errors.New("there is no such model")

// Options are what the tab needs of the dashboard.
type Options struct {
	// List returns all simulations. It must return at once.
	List func() []shm.ModelInfo
	// Attach starts a simulation; see [source.Registry.Attach].
	Attach func(context.Context, source.Target) (*source.Source, error)
	// Of returns the source that an adapter belongs to, nil if there is none.
	Of func(shm.Source) *source.Source
	// People returns how many people look at a simulation.
	People func(*source.Source) int
	// Desk is where the simulations are steered from.
	Desk *steer.Desk
	// Changes is the record to which starts go; nil: to none.
	Changes *record.Log
	// Starter returns who looks at a source and may start it; ok is false if nobody
	// who looks may.
	Starter func(*source.Source) (by record.Author, ok bool)
	Prefix  *prefix.Prefix // of every link; nil: none
	Logger  *slog.Logger
	Faults  *fault.Ledger // told of what panics; may be nil
}

// Models are the simulations, and the sources of those that run or have run. Its
// methods are safe for concurrent use.
type Models struct {
	opts Options
	ctx  context.Context // ends with Close: the life of the goroutines that start runs
	stop context.CancelFunc
	wg   sync.WaitGroup

	pictures pictures
	abouts   abouts

	mu     sync.Mutex // guards all below
	closed bool
	runs   map[string]*run
}

// run is what is known of the runs of one model.
type run struct {
	adapter shm.Source // of the present or last one; nil before any
	problem error      // why the last run could not start
	opening chan struct{}
	tried   time.Time
}

// New returns the Models for the options. Close must be called.
func New(opts Options) *Models {
	m := &Models{opts: opts, runs: map[string]*run{}}
	m.ctx, m.stop = context.WithCancel(context.Background())
	return m
}

// Close ends the goroutines that start runs. The runs themselves belong to the
// registry.
func (m *Models) Close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.stop()
	m.wg.Wait()
}

// Opened must be called for every adapter that was made for a simulation.
func (m *Models) Opened(t source.Target, adapter shm.Source) {
	key, ok := strings.CutPrefix(t.Address, scheme)
	if !ok || adapter == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.run(key).adapter = adapter
}

// run returns what is known of the runs of a model; mu is held.
func (m *Models) run(key string) *run {
	r := m.runs[key]
	if r == nil {
		r = &run{}
		m.runs[key] = r
	}
	return r
}

// info returns the model of the key.
func (m *Models) info(key string) (shm.ModelInfo, bool) {
	for _, info := range m.opts.List() {
		if info.Key == key {
			return info, true
		}
	}
	return shm.ModelInfo{}, false
}

// Source returns the source of a model, nil if the model has not run yet, or if the
// source was forgotten.
func (m *Models) Source(key string) *source.Source {
	m.mu.Lock()
	var adapter shm.Source
	if r := m.runs[key]; r != nil {
		adapter = r.adapter
	}
	m.mu.Unlock()
	if adapter == nil {
		return nil
	}
	return m.opts.Of(adapter)
}

// KeyOf returns the key of the model that a source belongs to, "" for none.
func (m *Models) KeyOf(src *source.Source) string {
	if src == nil || !src.IsModel() {
		return ""
	}
	m.mu.Lock()
	adapters := make(map[string]shm.Source, len(m.runs))
	for key, r := range m.runs {
		if r.adapter != nil {
			adapters[key] = r.adapter
		}
	}
	m.mu.Unlock()
	for key, adapter := range adapters {
		if m.opts.Of(adapter) == src {
			return key
		}
	}
	return ""
}

// problem returns why the last run of a model could not start, nil if it could.
func (m *Models) problem(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[key]; r != nil {
		return r.problem
	}
	return nil
}

// Visit starts a model unless it runs, and returns its source. The error is
// ErrUnknown, that of ctx, or one sentence that says why the model cannot run. by is
// who starts it.
func (m *Models) Visit(ctx context.Context, by record.Author, key string) (*source.Source, error) {
	info, ok := m.info(key)
	if !ok {
		return nil, ErrUnknown
	}
	if src := m.Source(key); src != nil && src.Running() {
		return src, nil
	}
	opened := m.open(by, info)
	select {
	case <-opened:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return m.Source(key), m.problem(key)
}

// Seen says that somebody looks at a source. It starts a model that has ended
// meanwhile, if one of those who look may start it. It returns at once.
func (m *Models) Seen(src *source.Source) {
	if !src.IsModel() || src.Running() {
		return
	}
	by, may := m.opts.Starter(src)
	if !may {
		return
	}
	key := m.KeyOf(src)
	if key == "" {
		return
	}
	m.mu.Lock()
	early := time.Since(m.run(key).tried) < againAfter
	m.mu.Unlock()
	if info, ok := m.info(key); ok && !early {
		m.open(by, info)
	}
}

// open starts a run in a goroutine of its own, unless a start is under way. The
// channel that it returns is closed when the run has started, or could not.
func (m *Models) open(by record.Author, info shm.ModelInfo) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.run(info.Key)
	if r.opening != nil {
		return r.opening
	}
	done := make(chan struct{})
	if m.closed {
		close(done)
		return done
	}
	r.opening, r.tried = done, time.Now()
	change := m.opts.Changes.Add(record.Entry{Author: by, Source: info.Key, Name: "start", Status: record.Queued})
	opened := func(err error) {
		if err != nil {
			m.opts.Logger.Info("model not begun", "model", info.Key, "error", err)
			change.Became(record.Refused, natural.Sentence(err.Error()))
		} else {
			change.Became(record.Applied, "")
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		r.problem, r.opening = err, nil
		close(done)
	}
	fault.Go(&m.wg, func() {
		_, err := m.opts.Attach(m.ctx, source.Target{Name: info.Key, Kind: info.Kind, Address: scheme + info.Key})
		opened(err)
	}, func(err error) {
		m.opts.Faults.Note("attaching", info.Key, err)
		opened(err)
	})
	return done
}

// Tab returns the tab. Its feeds are
//
//	<source>/model  what a simulation is doing, as JSON
func (m *Models) Tab() tab.Tab {
	return tab.Tab{
		Slug: slug, Title: "Models",
		Help: "Simulations that run while somebody looks at them, and that people steer together.",
		Page: m.listPage,
		List: m.list,
		Items: &tab.Items{
			Open:   m.openItem,
			Starts: m.starts,
			Of:     m.KeyOf,
			Topics: []string{
				shm.TopicModel, shm.TopicControls, shm.TopicActions, shm.TopicArrays,
			},
			Page: m.page,
			List: m.live,
		},
		Feeds: map[string]tab.NewFeed{"model": m.newState},
	}
}
