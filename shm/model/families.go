package model

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"webmon/fault"
	"webmon/shm"
	"webmon/shm/model/builtin"
	"webmon/shm/model/hosted"
	"webmon/shm/model/remote"
)

// builtins are the models that are part of webmon.
type builtins struct{ opts builtin.Options }

func newBuiltins(o Options) family {
	return builtins{builtin.Options{Params: o.Params, Logger: o.Logger}}
}

func (b builtins) list() []shm.ModelInfo { return builtin.Models() }
func (b builtins) open(_ context.Context, key string) (shm.Source, error) {
	return builtin.Open(key, b.opts)
}
func (b builtins) ready(context.Context) {}
func (b builtins) close()                {}

// lookAgain is the least time between two looks at a file: nothing is run unless
// it has changed.
const lookAgain = time.Second

// file is the models of a Python file.
type file struct {
	name   string
	from   *hosted.File
	faults *fault.Ledger

	ctx    context.Context // of the looks
	cancel context.CancelFunc
	looks  sync.WaitGroup
	first  chan struct{} // closed after the first look

	mu     sync.Mutex // guards all below
	infos  []shm.ModelInfo
	busy   bool
	looked time.Time
}

func newFile(s Spec, o Options, imports chan struct{}) family {
	f := &file{
		name: filepath.Base(s.Model), faults: o.Faults,
		from: hosted.New(hosted.Options{
			File: s.Model, Python: s.Python, Logger: o.Logger, Faults: o.Faults, Imports: imports,
			Params: s.Params,
		}),
		first: make(chan struct{}),
	}
	f.infos = []shm.ModelInfo{f.from.Pending()}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.list()
	return f
}

// list returns what the last look has found, and has somebody look again: a
// Python that imports a file may take seconds.
func (f *file) list() []shm.ModelInfo {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.busy && time.Since(f.looked) >= lookAgain && f.ctx.Err() == nil {
		f.busy = true
		fault.Go(&f.looks, f.look, func(err error) {
			f.faults.Note("model", f.name, err)
			f.found(nil) // it is looked at again
		})
	}
	return f.infos
}

func (f *file) look() {
	f.found(f.from.List(f.ctx))
}

// found ends a look, nil for one that has found out nothing.
func (f *file) found(infos []shm.ModelInfo) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if infos != nil {
		f.infos = infos
	}
	f.busy, f.looked = false, time.Now()
	select {
	case <-f.first:
	default:
		close(f.first)
	}
}

func (f *file) open(ctx context.Context, key string) (shm.Source, error) {
	return f.from.Open(ctx, key)
}

func (f *file) ready(ctx context.Context) {
	select {
	case <-f.first:
	case <-ctx.Done():
	}
}

func (f *file) close() {
	f.mu.Lock()
	f.cancel()
	f.mu.Unlock()
	f.looks.Wait()
}

// server is the model of a server elsewhere.
type server struct{ to *remote.Server }

func newServer(s Spec, o Options) family {
	return server{remote.New(remote.Options{Address: s.Model, Logger: o.Logger})}
}

func (s server) list() []shm.ModelInfo { return []shm.ModelInfo{s.to.Info()} }
func (s server) open(ctx context.Context, _ string) (shm.Source, error) {
	return s.to.Open(ctx)
}
func (s server) ready(context.Context) {}
func (s server) close()                {}
