package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"webmon/beat"
	"webmon/dashboard/budget"
	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
)

// Target is a process to watch.
type Target struct {
	Name    string // what to call the process until it gives its own name
	Kind    shm.Kind
	Address string // host:port of its manager; "" for the demo
	Authkey []byte
	PID     int // of the process; 0: unknown
	// Again keeps trying to attach. It is for an address that people gave, where a
	// process may start later or start again. It is no use for a napari that has
	// launched webmon, which gets a new address each time.
	Again bool
	// Yields is for the demo that nobody has asked for. It goes, with its source, as soon as
	// another process is attached, and never comes back.
	Yields bool
}

// mapScheme begins the address of a target that is a map.
const mapScheme = "map:"

// MapTarget is the target of the images of the map with the key, which appear as id.
func MapTarget(id, key string) Target {
	return Target{Name: id, Kind: shm.KindMap, Address: mapScheme + key}
}

// Map returns the key of the map whose images the target is, "" for any other target.
func (t *Target) Map() string {
	if t.Kind != shm.KindMap {
		return ""
	}
	return strings.TrimPrefix(t.Address, mapScheme)
}

// Options configure a Registry.
type Options struct {
	// Attach makes the adapter for a target. Its error is one sentence that
	// says what was wrong and what to do.
	Attach func(context.Context, Target) (shm.Source, error)
	// Forget is how long a source stays after its process is gone: 10 minutes.
	Forget time.Duration
	// Retry is the time between two attempts for Target.Again: 2 s.
	Retry time.Duration
	// Added and Removed are called once for each source. They must return at once.
	Added, Removed func(*Source)
	Budget         *budget.Budget // nil: one of 1 GiB
	Logger         *slog.Logger   // nil: slog.Default()
	Faults         *fault.Ledger  // told of what panics; may be nil
}

// Registry is the set of sources.
type Registry struct {
	opts Options
	ctx  context.Context // ends with Close: the life of everything attached
	stop context.CancelFunc
	done sync.WaitGroup

	nobody *Source // stands in where there is no source; never running

	relieving sync.Mutex // held while it is looked for what all sources keep too much

	mu      sync.Mutex          // guards all below
	sources []*Source           // in the order in which they appeared
	targets map[*Source]*Target // what each source reads, or waits for
	cancels map[*Source]context.CancelFunc
	yielded map[*Source]bool // forgotten as soon as nothing is attached to it
	former  map[string]bool  // the ids of those that have yielded
	closed  bool
	idle    time.Time // since when nothing is attached; zero while something is
	// attaching holds the addresses for which a first attempt is under way, so that
	// a process that is named twice at the same time is attached once. The channel
	// is closed when the attempt is over.
	attaching map[string]chan struct{}
}

// NewRegistry returns a registry without sources. Close must be called.
func NewRegistry(opts Options) (*Registry, error) {
	if opts.Attach == nil {
		return nil, fmt.Errorf("source: Options.Attach is missing")
	}
	if opts.Forget <= 0 {
		opts.Forget = 10 * time.Minute
	}
	if opts.Retry <= 0 {
		opts.Retry = 2 * time.Second
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Budget == nil {
		opts.Budget = budget.New(1 << 30)
	}
	for _, f := range []*func(*Source){&opts.Added, &opts.Removed} {
		if *f == nil {
			*f = func(*Source) {}
		}
	}
	r := &Registry{
		opts:    opts,
		nobody:  newSource(Nobody, opts.Budget.Source(Nobody), opts.Faults),
		targets: map[*Source]*Target{},
		cancels: map[*Source]context.CancelFunc{},
		yielded: map[*Source]bool{},
		former:  map[string]bool{},
		idle:    time.Now(),

		attaching: map[string]chan struct{}{},
	}
	r.ctx, r.stop = context.WithCancel(context.Background())
	r.opts.Added(r.nobody)
	fault.Go(&r.done, r.watch, opts.Faults.Noted("clock", ""))
	return r, nil
}

// Close detaches from every process and waits until all goroutines have ended.
func (r *Registry) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.done.Wait()
}

// goes runs f in a goroutine that Close waits for. It reports false, and does not
// run f, once Close has been called. failed is called if f panics.
func (r *Registry) goes(f func(), failed func(error)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		fault.Go(&r.done, f, failed)
	}
	return !r.closed
}

// List returns the sources in the order in which they appeared.
func (r *Registry) List() []*Source {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.sources)
}

// Nobody is the id of the source that stands in where there is none, so that a
// page has something to show and to wait for. List does not contain it.
const Nobody = "-"

// Get returns the source with the id, nil if there is none.
func (r *Registry) Get(id string) *Source {
	if id == Nobody {
		return r.nobody
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.get(id)
}

func (r *Registry) get(id string) *Source {
	for _, s := range r.sources {
		if s.id == id {
			return s
		}
	}
	return nil
}

// Default returns the source that a page shows if its address names none. It is
// the first of these that exists:
//
//   - the source whose process started last, of those that run
//   - the source whose process started last, of those whose process is gone
//   - the simulation that started last, of those that run; a page that shows an
//     ended one starts it again
//   - the source Nobody
//
// A map is shown to who asks for it.
func (r *Registry) Default() *Source {
	r.mu.Lock()
	defer r.mu.Unlock()
	best, bestRank, bestAt := r.nobody, 0, time.Time{}
	for _, s := range r.sources {
		s.mu.Lock()
		running, model, isMap, at := s.running, s.isModel(), s.info.Kind == shm.KindMap, s.began
		s.mu.Unlock()
		rank := 2
		switch {
		case isMap:
			continue
		case model && running:
			rank = 1
		case model:
			rank = 0
		case running:
			rank = 3
		}
		if rank > bestRank || rank == bestRank && rank > 0 && at.After(bestAt) {
			best, bestRank, bestAt = s, rank, at
		}
	}
	return best
}

// HasProcess reports whether there is a source that is neither a simulation nor a map. Pages
// that wait for a source wait for one of these: the others are there only for people who
// open them.
func (r *Registry) HasProcess() bool {
	for _, s := range r.List() {
		if !s.IsModel() && !s.IsMap() {
			return true
		}
	}
	return false
}

// Idle returns since when no process has been attached; zero while one is.
func (r *Registry) Idle() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.idle
}

// Attach begins to watch the target. It returns the source under which the target
// appears once the first attempt has succeeded or failed. A target that is watched
// already is not watched twice. With Target.Again further attempts follow, and an
// error only says why the first one failed.
func (r *Registry) Attach(ctx context.Context, t Target) (*Source, error) {
	other, release, err := r.reserve(ctx, t.Address)
	if other != nil || err != nil {
		return other, err
	}
	defer release()

	type result struct {
		src *Source
		err error
	}
	first := make(chan result, 1)
	told := func(src *Source, err error) {
		select {
		case first <- result{src, err}:
		default:
		}
	}
	r.goes(func() {
		var src *Source
		defer func() { r.release(src, &t) }()
		for faults := 0; ; {
			var err error
			start := time.Now()
			src, err = r.once(r.ctx, &t, src, told)
			pause := r.opts.Retry
			switch {
			case isFault(err) && src != nil && !t.Kind.IsVisited(): // otherwise it begins with the next visit
				// It was webmon that failed, and the process may well be there.
				if time.Since(start) > longEnough {
					faults = 0
				}
				faults++
				pause = max(pause, fault.Pause(faults))
			case !t.Again:
				return
			}
			if !r.wait(r.ctx, src, &t, pause) {
				return
			}
		}
	}, func(err error) {
		r.opts.Faults.Note("attaching", t.Name, err)
		told(nil, err)
	})
	select {
	case res := <-first:
		return res.src, res.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.ctx.Done():
		return nil, r.ctx.Err()
	}
}

// Follow watches the process of the target while ctx is not done, which says that
// the process lives. A process that does not answer yet is shown, and tried again.
// A process that was lost is attached again, unless it has said itself that it
// ends. When ctx is done, a process that still seems to be attached is given up.
// begun is called after the first attempt.
//
// Follow returns when ctx is done and nothing is attached any more, or when the
// registry is closed.
func (r *Registry) Follow(ctx context.Context, t Target, begun func()) {
	t.Again = true // its source is kept, and another process may take it while it is not attached
	begun = sync.OnceFunc(begun)
	defer begun()
	done := make(chan struct{})
	if r.goes(func() {
		defer close(done)
		r.follow(ctx, &t, begun)
	}, r.opts.Faults.Noted("attaching", t.Name)) {
		<-done
	}
}

func (r *Registry) follow(ctx context.Context, t *Target, begun func()) {
	life, give := context.WithCancelCause(r.ctx)
	defer give(nil)
	defer context.AfterFunc(ctx, fault.Func(func() {
		// There may be messages left to read, such as that it ended well.
		timer := time.NewTimer(lastWords)
		defer timer.Stop()
		select {
		case <-life.Done():
		case <-timer.C:
			give(shm.ErrGone)
		}
	}, r.opts.Faults.Noted("attaching", t.Name)))()
	alive, stop := context.WithCancel(r.ctx) // ends with ctx too
	defer stop()
	defer context.AfterFunc(ctx, stop)()

	var src *Source
	defer func() { r.release(src, t) }()
	pause := r.opts.Retry
	for alive.Err() == nil {
		if src != nil && !r.holds(src, t) {
			src = nil // another process has taken the source, or it was dismissed
		}
		release := func() {}
		if src == nil {
			other, free, err := r.reserve(alive, t.Address)
			if err != nil {
				return
			}
			if other != nil { // somebody else watches it; try again, because they may stop
				begun()
				r.wait(alive, nil, t, r.opts.Retry)
				continue
			}
			release = sync.OnceFunc(free)
		}
		start := time.Now()
		var err error
		src, err = r.once(life, t, src, func(*Source, error) { begun(); release() })
		if errors.Is(err, shm.ErrEnded) {
			r.release(src, t)
			<-alive.Done()
			return
		}
		if time.Since(start) > longEnough {
			pause = r.opts.Retry
		}
		r.wait(alive, src, t, pause)
		pause = min(2*pause, maxPause)
	}
}

const (
	// lastWords is how long a process that is dead may still seem to be attached.
	lastWords = 2 * time.Second
	// longEnough is how long a process must have been attached for the pauses
	// between attempts to begin short again. A loss sooner than that is likely to
	// happen again at once.
	longEnough = 10 * time.Second
	maxPause   = 30 * time.Second
)

// reserve makes the caller the only one who attaches to the address until release
// is called. If the address is watched already, it returns its source instead.
func (r *Registry) reserve(ctx context.Context, address string) (other *Source, release func(), err error) {
	if address == "" {
		return nil, func() {}, nil
	}
	for {
		r.mu.Lock()
		for s, t := range r.targets {
			if t.Address == address {
				r.mu.Unlock()
				return s, nil, nil
			}
		}
		busy := r.attaching[address]
		if busy == nil {
			mine := make(chan struct{})
			r.attaching[address] = mine
			r.mu.Unlock()
			return nil, func() {
				r.mu.Lock()
				delete(r.attaching, address)
				r.mu.Unlock()
				close(mine)
			}, nil
		}
		r.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-r.ctx.Done():
			return nil, nil, r.ctx.Err()
		}
	}
}

// once attaches to the target and watches it to its end. It does so as src or, if
// that is nil, under the name that the process gives itself. told is called after
// the attempt. The error says why the attempt failed or how the process ended.
func (r *Registry) once(ctx context.Context, t *Target, src *Source, told func(*Source, error)) (*Source, error) {
	if t.Yields && r.anyRuns() {
		told(nil, nil) // somebody was faster
		return nil, nil
	}
	adapter, err := r.attach(ctx, *t)
	if src == nil && (err == nil || t.Again) {
		name := t.Name
		// The target of a simulation keeps its key as its name, which is its address
		// too, and that of a map likewise. The name that it gives itself is a title for people.
		if err == nil && adapter.Info().Name != "" && !t.Kind.IsVisited() {
			name = adapter.Info().Name
		}
		src = r.place(name, t)
	}
	if err != nil {
		r.opts.Logger.Info("source not attached", "name", t.Name, "address", t.Address, "error", err)
		if src != nil {
			src.fail(t.Name, t.Kind, t.Address, err, time.Now())
		}
		told(src, err)
		return src, err
	}
	return src, r.run(ctx, src, adapter, func() {
		if t.Yields && r.anyRuns() || !t.Yields && !t.Kind.IsVisited() && t.Kind != shm.KindDemo {
			r.yield()
		}
		told(src, nil)
	})
}

// anyRuns reports whether a process is attached that what yields would be in the way of.
func (r *Registry) anyRuns() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.cancels {
		if t := r.targets[s]; t == nil || !t.Yields && !t.Kind.IsVisited() && t.Kind != shm.KindDemo {
			return true
		}
	}
	return false
}

// Yielded reports whether there was a source of the id that has yielded to another process. Who
// asks for it is shown what there is instead.
func (r *Registry) Yielded(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.former[id] && r.get(id) == nil
}

// yield ends and forgets the sources whose targets yield to another process.
func (r *Registry) yield() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s, t := range r.targets {
		if !t.Yields {
			continue
		}
		r.opts.Logger.Info("source yields to another", "source", s.id)
		r.former[s.id] = true
		if cancel := r.cancels[s]; cancel != nil {
			r.yielded[s] = true
			cancel()
		} else {
			r.remove(s)
		}
	}
}

// attach makes the adapter for a target.
func (r *Registry) attach(ctx context.Context, t Target) (adapter shm.Source, err error) {
	if err = fault.Catch(func() error {
		adapter, err = r.opts.Attach(ctx, t)
		return err
	}); err != nil {
		r.opts.Faults.Note("attaching", t.Name, err)
		return nil, err
	}
	return adapter, nil
}

// isFault reports whether something ended because webmon itself has a fault.
func isFault(err error) bool {
	var f *fault.Error
	return errors.As(err, &f)
}

// holds reports whether src belongs to the target.
func (r *Registry) holds(src *Source, t *Target) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.targets[src] == t
}

// release says that the target does not need src any more.
func (r *Registry) release(src *Source, t *Target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if src != nil && r.targets[src] == t {
		delete(r.targets, src)
	}
}

// wait waits between two attempts. It reports false if ctx is done, if the source
// was dismissed, or if another process has taken it.
func (r *Registry) wait(ctx context.Context, src *Source, t *Target, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return r.holds(src, t)
	}
}

// place returns the source for a process of this name: one of that name whose
// process is gone, otherwise a new one.
func (r *Registry) place(name string, t *Target) *Source {
	r.mu.Lock()
	defer r.mu.Unlock()
	base := cmp.Or(natural.Slug(name), "source")
	for n := 1; ; n++ {
		id := base
		if n > 1 {
			id = fmt.Sprintf("%s-%d", base, n)
		}
		s := r.get(id)
		if s == nil {
			r.makePlace()
			s = newSource(id, r.opts.Budget.Source(id), r.opts.Faults)
			s.relieve = r.relieve
			r.sources = append(r.sources, s)
			r.targets[s] = t
			r.opts.Added(s)
			return s
		}
		if old := r.targets[s]; s.IsMap() == (t.Kind == shm.KindMap) && (old == nil || old.Again && r.cancels[s] == nil) {
			r.targets[s] = t
			return s
		}
	}
}

// maxSources is how many sources there may be at a time with those whose process is gone.
const maxSources = 512

// makePlace forgets the sources whose processes have been gone for longest, if there are
// as many as there may be: a process that starts again and again under other names must
// not fill the pages. mu is held.
func (r *Registry) makePlace() {
	for len(r.sources) >= maxSources {
		var oldest *Source
		var at time.Time
		for _, s := range r.sources {
			if r.targets[s] != nil {
				continue
			}
			if ended := s.Ended(); !ended.IsZero() && (oldest == nil || ended.Before(at)) {
				oldest, at = s, ended
			}
		}
		if oldest == nil {
			return
		}
		r.remove(oldest)
	}
}

// run watches one process until it is gone, or ctx is done, and returns how it
// ended. It calls begun once the source counts as running.
func (r *Registry) run(ctx context.Context, src *Source, adapter shm.Source, begun func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.mu.Lock()
	r.cancels[src] = cancel
	r.idle = time.Time{}
	r.mu.Unlock()
	defer r.detached(src)

	sink := src.begin(adapter, time.Now())
	begun()
	r.opts.Logger.Info("source attached", "source", src.id, "address", adapter.Info().Address)
	err := fault.Catch(func() error { return adapter.Run(ctx, sink) })
	r.opts.Faults.Note("adapter", src.id, err)
	if err == nil && errors.Is(context.Cause(ctx), shm.ErrGone) {
		err = shm.ErrGone // whoever follows the process knows that it is gone
	}
	sink.end(err, time.Now())
	r.opts.Logger.Info("source ended", "source", src.id, "error", err)
	return err
}

// detached notes that nothing is attached to a source any more.
func (r *Registry) detached(src *Source) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.cancels, src)
	if r.yielded[src] {
		delete(r.yielded, src)
		r.remove(src)
	}
	if len(r.cancels) == 0 {
		r.idle = time.Now()
	}
}

// Of returns the source that reads its present or last process through the
// adapter, nil if there is none.
func (r *Registry) Of(adapter shm.Source) *Source {
	for _, s := range r.List() {
		if a, _ := s.process(); a == adapter {
			return s
		}
	}
	return nil
}

// Dismiss forgets a source whose process is gone.
func (r *Registry) Dismiss(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.get(id)
	if s == nil {
		return fmt.Errorf("there is no source %q", id)
	}
	s.mu.Lock()
	running := s.running
	s.mu.Unlock()
	if running {
		return fmt.Errorf("%s is still running", id)
	}
	r.remove(s)
	return nil
}

// remove forgets s; mu is held.
func (r *Registry) remove(s *Source) {
	r.sources = slices.DeleteFunc(r.sources, func(o *Source) bool { return o == s })
	delete(r.targets, s)
	r.opts.Removed(s)
	s.empty()
}

// watch calls tick of every source once a second, and forgets those that are due.
func (r *Registry) watch() {
	second := time.NewTimer(beat.Next(time.Second))
	defer second.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case now := <-second.C:
			second.Reset(beat.Next(time.Second))
			for _, s := range r.List() {
				if err := fault.Do(func() { r.tick(s, now) }); err != nil {
					s.Fault("clock", s.id, "What notices that "+s.id+" is silent", err)
				}
			}
			r.relieve()
		}
	}
}

// tick looks what time has done to a source, and forgets it if it is due.
func (r *Registry) tick(s *Source, now time.Time) {
	forget := r.opts.Forget
	if s.IsMap() {
		forget = 0 // nothing of it would be lost, and the next visit brings it back
	}
	if !s.tick(now, forget) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.targets[s] == nil { // otherwise somebody waits for its process
		r.remove(s)
	}
}
