package hosted

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
)

const (
	// patience is after how long without progress a model counts as one that hangs.
	patience = 10 * time.Second
	// importPatience is how much processor time the import of a file may take, and how long
	// the import may make no progress. Large libraries take their time, and much more of it
	// on a busy machine.
	importPatience = 30 * time.Second
	importMost     = 10 // times importPatience is what an import may take in all
	// forget is how long a fault is believed that is not the file's own.
	forget = 10 * time.Second
)

// given lists what people have asked for, by the names that models know.
func given(p shm.ModelParams) map[string]any {
	out := map[string]any{}
	for name, n := range map[string]int{"Nx": p.Nx, "Ny": p.Ny, "steps": p.Steps} {
		if n > 0 {
			out[name] = n
		}
	}
	for name, x := range map[string]float64{"healing_length": p.HealingLength, "dt_t_scale": p.DtTScale} {
		if x > 0 {
			out[name] = x
		}
	}
	if p.Tracers != nil {
		out["tracer_particles"] = max(*p.Tracers, 0)
	}
	return out
}

// Options say which models, and what runs them. Only File is required.
type Options struct {
	// File is the path of a Python file.
	File string
	// Python is a path, or a name on the PATH, of the Python that runs it, or the
	// folder of a virtual environment. Default: that of $VIRTUAL_ENV, otherwise python3.
	Python string
	// Params are the parameters for every model of the file.
	Params shm.ModelParams
	// Imports is a channel that several Files share. Its capacity bounds how many of
	// them import their files at a time to list the models. nil: no limit.
	Imports chan struct{}
	// Logger gets what the models print, and what is of use for finding faults.
	// Default: nothing.
	Logger *slog.Logger
	// Faults is told of what panics. Default: the log.
	Faults *fault.Ledger

	// Tests set these; 0 stands for the constants of these names.
	patience, importPatience time.Duration
}

// File is a Python file with models. Its methods are safe for concurrent use.
type File struct {
	opt  Options
	turn chan struct{} // capacity one; whoever looks into the file holds it

	// Guarded by turn.
	known  []known
	stamps map[string]stamp // of all files that known came from; nil: nobody has looked yet
	until  time.Time        // known is good until then; zero: until a file changes
}

// known is what is known of one class, or of a file that has none.
type known struct {
	shm.ModelInfo
	class string // "" for the file itself
}

// New returns the models of a file. Nothing is run yet.
func New(o Options) *File {
	if path, err := filepath.Abs(o.File); err == nil {
		o.File = path
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Faults == nil {
		o.Faults = fault.NewLedger(o.Logger)
	}
	o.patience = cmp.Or(o.patience, patience)
	o.importPatience = cmp.Or(o.importPatience, importPatience)
	return &File{opt: o, turn: make(chan struct{}, 1)}
}

// List returns the models of the file, in the order of the file. It runs a Python that
// imports the file, unless nothing has changed since the last import. A file that
// cannot be imported, or has no models, gives one entry, whose Problem says why.
func (f *File) List(ctx context.Context) []shm.ModelInfo {
	list := f.look(ctx, false)
	out := make([]shm.ModelInfo, len(list))
	for i := range list {
		out[i] = list[i].ModelInfo
	}
	return out
}

// Pending returns an entry that stands for the models of the file until List has found
// them.
func (f *File) Pending() shm.ModelInfo {
	return shm.ModelInfo{
		Key: f.key(), Title: f.base(), Origin: f.opt.File, Kind: shm.KindModel,
		About: "It is being imported, to see what models it has.",
	}
}

// key is the key of the file itself.
func (f *File) key() string { return slug(strings.TrimSuffix(f.base(), filepath.Ext(f.base()))) }

// Open returns a run of the model with the key. Run starts the model's process. A model
// whose class or file has a Problem can be opened too: its run tells the problem again,
// or works if the problem has gone. The error says that there is no such model.
func (f *File) Open(ctx context.Context, key string) (shm.Source, error) {
	for _, again := range []bool{false, true} {
		for _, k := range f.look(ctx, again) {
			if k.Key == key {
				return newSource(f, k), nil
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("there is no model %q in %s", key, f.base())
}

func (f *File) base() string { return filepath.Base(f.opt.File) }

// look returns what is known about the file. It looks into the file first if the file
// has changed since the last look, or if again is set.
func (f *File) look(ctx context.Context, again bool) []known {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return nil
	}
	if f.stamps != nil && !again && (f.until.IsZero() || time.Now().Before(f.until)) && maps.Equal(f.stamps, stampsOf(maps.Keys(f.stamps))) {
		return f.known
	}
	before := stampsOf(func(yield func(string) bool) { yield(f.opt.File) })
	found := f.find(ctx)
	if ctx.Err() != nil {
		return f.known
	}
	f.known = f.describe(found)
	f.stamps = stampsOf(func(yield func(string) bool) {
		for _, path := range found.files {
			if !yield(path) {
				return
			}
		}
	})
	maps.Copy(f.stamps, before) // the file may have been saved meanwhile
	f.until = time.Time{}
	if found.passing {
		f.until = time.Now().Add(forget)
	}
	return f.known
}

// describe turns what was found into what people see.
func (f *File) describe(found findings) []known {
	info := func(key, title string) shm.ModelInfo {
		return shm.ModelInfo{Key: key, Title: title, Origin: f.opt.File, Kind: shm.KindModel}
	}
	if found.problem != "" {
		k := known{ModelInfo: info(f.key(), f.base())}
		k.Problem, k.Detail = found.problem, found.detail
		return []known{k}
	}
	taken := map[string]bool{}
	var out []known
	for _, m := range found.models {
		key := slug(m.Class)
		for n := 2; taken[key]; n++ {
			key = fmt.Sprintf("%s-%d", slug(m.Class), n)
		}
		taken[key] = true
		k := known{ModelInfo: info(key, cmp.Or(m.Title, m.Class)), class: m.Class}
		k.About, k.Problem = m.About, m.Problem
		out = append(out, k)
	}
	return out
}

// stamp tells one content of a file from another.
type stamp struct {
	modified int64 // ns since the epoch
	size     int64
}

func stampsOf(paths func(func(string) bool)) map[string]stamp {
	out := map[string]stamp{}
	for path := range paths {
		var s stamp
		if info, err := os.Stat(path); err == nil {
			s = stamp{info.ModTime().UnixNano(), info.Size()}
		}
		out[path] = s
	}
	return out
}

// findings are what a Python has found in a file.
type findings struct {
	models          []foundModel
	files           []string // that they come from
	problem, detail string   // why there are none
	passing         bool     // the fault is not the file's
}

// foundModel is one class.
type foundModel struct {
	Class   string `json:"class"`
	Title   string `json:"title"`
	About   string `json:"about"`
	Problem string `json:"problem"`
}

// find has a Python import the file and say what models it has.
func (f *File) find(ctx context.Context) findings {
	python, problem := findPython(f.opt.Python, f.base())
	if problem != "" {
		return findings{problem: problem, passing: true}
	}
	if f.opt.Imports != nil {
		select {
		case f.opt.Imports <- struct{}{}:
			defer func() { <-f.opt.Imports }()
		case <-ctx.Done():
			return findings{passing: true}
		}
	}
	// The time counts from here, because a file that waits for others has not begun.
	// The process itself gives up after so many seconds without progress.
	ctx, cancel := context.WithTimeout(ctx, importMost*f.opt.importPatience+5*time.Second)
	defer cancel()
	began := time.Now()
	c, err := start(launch{
		python: python, file: f.opt.File, do: "list", patience: f.opt.importPatience, logger: f.opt.Logger, faults: f.opt.Faults,
	})
	if err != nil {
		return findings{problem: notStarted(python, err), passing: true}
	}
	defer c.stop(0)
	var out findings
	done := false
	for open := true; open; {
		var m message
		select {
		case m, open = <-c.messages:
		case <-ctx.Done():
			open = false
		}
		switch {
		case m.Failed != nil:
			out.problem, out.detail, out.files, done = m.Failed.Problem, m.Failed.Detail, m.Files, true
		case m.Models != nil:
			out.models, out.files, done = m.Models, m.Files, true
			for _, l := range m.Left {
				f.opt.Logger.Debug("a class is no model to be run", "file", f.opt.File, "class", l.Class, "why", l.Why)
			}
		case m.trouble() != "":
			out.problem, out.passing, done = m.trouble(), true, true
		}
	}
	c.stop(0)
	switch {
	case done:
	case time.Since(began) >= f.opt.importPatience:
		out.problem = fmt.Sprintf("%s has not been imported after %.0f s.", f.base(), time.Since(began).Seconds())
	default:
		out.problem, out.passing = fmt.Sprintf("%s cannot be imported: the process %s.", f.base(), c.ending()), true
	}
	if out.problem != "" {
		out.detail = c.detail(out.detail)
	}
	return out
}

// slug turns a name into a key.
func slug(name string) string { return cmp.Or(natural.Slug(name), "model") }
