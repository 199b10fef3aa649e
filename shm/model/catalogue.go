// Package model is the catalogue of simulations: those that are part of webmon
// (package builtin), those of people's own Python files (package hosted) and
// those of servers elsewhere (package remote). All of them become sources of
// the same kind, as shm/model.go describes.
//
//	models := model.New(model.Options{Logger: logger})
//	defer models.Close()
//	err := models.Add(model.Spec{Model: "waves.py"})
//	...
//	src, err := models.Open(ctx, "waves", watchers) // a run, until nobody looks
//
// A model is run for those who look at it: its source ends by itself, with
// [shm.ErrEnded], when nobody has for a while.
package model

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"webmon/fault"
	"webmon/shm"
)

// grace is how long a run outlives its last visitor: a page that is loaded
// again takes a second or two, a browser that has lost its network somewhat
// longer.
const grace = 10 * time.Second

// maxSpecs bounds the files and servers of one catalogue.
const maxSpecs = 64

// importsAtOnce is how many files are imported at a time for the list of their
// models: a file that imports large libraries needs a processor for itself, and
// has only so long.
const importsAtOnce = 2

// serverScheme begins the address of a server.
const serverScheme = "tcp://"

// Options configure a Catalogue.
type Options struct {
	// Params are those of the models that are part of webmon.
	Params shm.ModelParams
	// Grace is how long a run outlives its last visitor: 10 s.
	Grace  time.Duration
	Logger *slog.Logger  // nil: slog.Default()
	Faults *fault.Ledger // told of what panics; may be nil
}

// Spec is a file of models, or a server, that people name.
type Spec struct {
	Model  string          `json:"model"`            // path of a Python file, or tcp://host:port
	Python string          `json:"python,omitempty"` // that runs the file; "" for what is found
	Params shm.ModelParams `json:"params"`
}

// Check finds what cannot work, and makes the path of a file absolute, so that
// it means the same to another process. The error is one sentence that says what
// to do.
func (s *Spec) Check() error {
	if addr, ok := strings.CutPrefix(s.Model, serverScheme); ok {
		host, port, err := net.SplitHostPort(addr)
		if n, perr := strconv.Atoi(port); err != nil || host == "" || perr != nil || n < 1 || n > 65535 {
			return fmt.Errorf("%q is not tcp://host:port, such as tcp://127.0.0.1:9000", s.Model)
		}
		return nil
	}
	if strings.Contains(s.Model, "://") {
		return fmt.Errorf("%q is neither a Python file nor tcp://host:port", s.Model)
	}
	path, err := filepath.Abs(s.Model)
	if err != nil {
		return err
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("there is no file %s", s.Model)
	case err != nil:
		return err
	case info.IsDir() || filepath.Ext(path) != ".py":
		return fmt.Errorf("%s is not a Python file: models are classes in a file that ends with .py", s.Model)
	}
	s.Model = path
	return nil
}

// Catalogue is the set of models. Its methods are safe for concurrent use.
type Catalogue struct {
	opts    Options
	imports chan struct{} // held by who imports a file

	builtin family

	mu     sync.Mutex // guards all below
	named  []named    // in the order in which people have named them
	closed bool
}

// named is what one Spec stands for.
type named struct {
	spec Spec
	family
}

// family is where models come from.
type family interface {
	// list returns what there is now, at once. The keys tell them apart within
	// the family.
	list() []shm.ModelInfo
	// open returns a run of the model of the key, which begins with its Run.
	open(ctx context.Context, key string) (shm.Source, error)
	// ready returns once list has been able to find out what there is, or ctx is
	// done.
	ready(ctx context.Context)
	close()
}

// New returns a catalogue of the models that are part of webmon.
func New(opts Options) *Catalogue {
	if opts.Grace <= 0 {
		opts.Grace = grace
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return &Catalogue{opts: opts, imports: make(chan struct{}, importsAtOnce), builtin: newBuiltins(opts)}
}

// Close stops looking for the models of files and servers. Runs end with their
// contexts.
func (c *Catalogue) Close() {
	c.mu.Lock()
	named := c.named
	c.named, c.closed = nil, true
	c.mu.Unlock()
	for _, n := range named {
		n.close()
	}
	c.builtin.close()
}

// Add puts the models of a file or a server into the catalogue, before those that are
// part of webmon. A file or server that is in the catalogue already is put in again,
// with the new Spec. The error is that of Spec.Check.
func (c *Catalogue) Add(s Spec) error {
	if err := s.Check(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errors.New("webmon is about to stop")
	}
	i := slices.IndexFunc(c.named, func(n named) bool { return n.spec.Model == s.Model })
	if i < 0 && len(c.named) >= maxSpecs {
		return fmt.Errorf("there are %d files and servers already, which is the most", maxSpecs)
	}
	f := c.family(s)
	if i >= 0 {
		old := c.named[i]
		c.named[i] = named{s, f}
		fault.Go(nil, old.close, c.opts.Faults.Noted("model", s.Model)) // a run of it goes on to its end
	} else {
		c.named = append(c.named, named{s, f})
	}
	return nil
}

func (c *Catalogue) family(s Spec) family {
	if strings.HasPrefix(s.Model, serverScheme) {
		return newServer(s, c.opts)
	}
	return newFile(s, c.opts, c.imports)
}

// List returns the models: those that people have named first. It returns at
// once, with what is known.
func (c *Catalogue) List() []shm.ModelInfo {
	entries := c.entries()
	out := make([]shm.ModelInfo, len(entries))
	for i, e := range entries {
		out[i] = e.ModelInfo
	}
	return out
}

// Ready returns when it is known what every file has, or ctx is done.
func (c *Catalogue) Ready(ctx context.Context) {
	c.mu.Lock()
	all := slices.Clone(c.named)
	c.mu.Unlock()
	for _, n := range all {
		n.ready(ctx)
	}
}

// entry is a model of the catalogue.
type entry struct {
	shm.ModelInfo
	family family
	own    string // its key in the family
}

// entries gives every model a key of its own: what is part of webmon keeps its
// key, whatever people name, so that its address lasts.
func (c *Catalogue) entries() []entry {
	c.mu.Lock()
	all := slices.Clone(c.named)
	c.mu.Unlock()
	taken := map[string]bool{}
	builtin := entriesOf(c.builtin, taken)
	var out []entry
	for _, n := range all {
		out = append(out, entriesOf(n.family, taken)...)
	}
	return append(out, builtin...)
}

func entriesOf(f family, taken map[string]bool) []entry {
	var out []entry
	for _, info := range f.list() {
		e := entry{ModelInfo: info, family: f, own: info.Key}
		for n := 2; taken[e.Key]; n++ {
			e.Key = fmt.Sprintf("%s-%d", info.Key, n)
		}
		taken[e.Key] = true
		out = append(out, e)
	}
	return out
}

// Open returns a run of the model with the key. The run begins with Run, and ends with
// shm.ErrEnded when nobody has looked at it for a while. Somebody looks while a topic is
// in demand, or while watchers, which counts browsers, is above 0. watchers may be nil.
func (c *Catalogue) Open(ctx context.Context, key string, watchers func() int) (shm.Source, error) {
	for _, e := range c.entries() {
		if e.Key != key {
			continue
		}
		src, err := e.family.open(ctx, e.own)
		if err != nil {
			return nil, err
		}
		return &visited{Source: src, watchers: watchers, grace: c.opts.Grace}, nil
	}
	return nil, fmt.Errorf("there is no model %q", key)
}
