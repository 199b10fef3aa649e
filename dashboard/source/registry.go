package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"webmon/shm"
)

// Target is a process to watch.
type Target struct {
	Name    string // what to call it until it says so itself
	Kind    shm.Kind
	Address string // host:port of its manager; "" for the demo
	Authkey []byte
	PID     int // of the process; 0: unknown
	// Again keeps trying: for an address that people named, where a process
	// may start later or again. A napari that launched webmon gets a new
	// address each time, so there is no point in it.
	Again bool
}

// Options configure a Registry.
type Options struct {
	// Attach makes the adapter for a target. Its error is one sentence that
	// says what was wrong and what to do.
	Attach func(context.Context, Target) (shm.Source, error)
	// Forget is how long a source that is gone stays: 10 minutes.
	Forget time.Duration
	// Retry is the time between two attempts for Target.Again: 2 s.
	Retry time.Duration
	// Added and Removed are told of each source once. They must return at once.
	Added, Removed func(*Source)
	Logger         *slog.Logger // nil: slog.Default()
}

// Registry is the set of sources.
type Registry struct {
	opts Options
	ctx  context.Context // ends with Close: the life of everything attached
	stop context.CancelFunc
	done sync.WaitGroup

	nobody *Source // stands in where there is no source; never running

	mu      sync.Mutex          // guards all below
	sources []*Source           // in the order in which they appeared
	targets map[*Source]*Target // what each source is, or waits for
	cancels map[*Source]context.CancelFunc
	closed  bool
	idle    time.Time // since when nothing is attached; zero while something is
	// attaching are the addresses for which a first attempt is under way, until
	// the channel is closed: a process that is named twice at once is attached
	// once.
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
	for _, f := range []*func(*Source){&opts.Added, &opts.Removed} {
		if *f == nil {
			*f = func(*Source) {}
		}
	}
	r := &Registry{
		opts:    opts,
		nobody:  newSource(Nobody),
		targets: map[*Source]*Target{},
		cancels: map[*Source]context.CancelFunc{},
		idle:    time.Now(),

		attaching: map[string]chan struct{}{},
	}
	r.ctx, r.stop = context.WithCancel(context.Background())
	r.opts.Added(r.nobody)
	r.done.Go(r.watch)
	return r, nil
}

// Close lets go of every source and waits until all is quiet.
func (r *Registry) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.done.Wait()
}

// goes runs f in a goroutine that Close waits for, and reports whether it does:
// not once Close has begun to.
func (r *Registry) goes(f func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.done.Go(f)
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
// page has something to show and to wait for. It is in no list.
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

// Default returns the source a page shows that names none: the process that
// started last, else the last to go. Simulations count only while there is no
// other source, and while they run: whoever shows one that has ended has it run.
// Else it is Nobody's.
func (r *Registry) Default() *Source {
	r.mu.Lock()
	defer r.mu.Unlock()
	best, bestRank, bestAt := r.nobody, 0, time.Time{}
	for _, s := range r.sources {
		s.mu.Lock()
		running, model, at := s.running, s.isModel(), s.began
		s.mu.Unlock()
		rank := 2
		switch {
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

// Waited reports whether there is a source that pages which wait for one should
// show: any but a simulation, which runs for those who ask for it.
func (r *Registry) Waited() bool {
	for _, s := range r.List() {
		if !s.IsModel() {
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

// Attach begins to watch the target and returns the source under which it
// appears, once the first attempt has succeeded or failed. A target that is
// watched already is not watched twice. With Target.Again an error only says
// how the first attempt went.
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
	r.goes(func() {
		var src *Source
		for {
			src, _ = r.once(r.ctx, &t, src, func(src *Source, err error) {
				select {
				case first <- result{src, err}:
				default:
				}
			})
			if !t.Again || !r.wait(r.ctx, src, &t, r.opts.Retry) {
				break
			}
		}
		r.release(src, &t)
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

// Follow watches the process of the target for as long as ctx says that it
// lives: one that does not answer yet is shown and tried again, and one that was
// lost is attached again, unless it has said itself that it ends. When ctx is
// done a process that still seems to be attached is given up. begun is called
// after the first attempt.
//
// Follow returns when nothing is attached any more and ctx is done, or the
// registry is closed.
func (r *Registry) Follow(ctx context.Context, t Target, begun func()) {
	t.Again = true // its place is kept, and is free to take while it is not attached
	begun = sync.OnceFunc(begun)
	defer begun()
	done := make(chan struct{})
	if r.goes(func() {
		defer close(done)
		r.follow(ctx, &t, begun)
	}) {
		<-done
	}
}

func (r *Registry) follow(ctx context.Context, t *Target, begun func()) {
	life, give := context.WithCancelCause(r.ctx)
	defer give(nil)
	defer context.AfterFunc(ctx, func() {
		// It may have words left to say, such as that it ended well.
		timer := time.NewTimer(lastWords)
		defer timer.Stop()
		select {
		case <-life.Done():
		case <-timer.C:
			give(shm.ErrGone)
		}
	})()
	alive, stop := context.WithCancel(r.ctx) // ends with ctx too
	defer stop()
	defer context.AfterFunc(ctx, stop)()

	var src *Source
	defer func() { r.release(src, t) }()
	pause := r.opts.Retry
	for alive.Err() == nil {
		if src != nil && !r.holds(src, t) {
			src = nil // its place has gone to another process, or it was dismissed
		}
		release := func() {}
		if src == nil {
			other, free, err := r.reserve(alive, t.Address)
			if err != nil {
				return
			}
			if other != nil { // watched already, if perhaps not for ever
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
	// lastWords is how long a process that is dead may seem to be attached.
	lastWords = 2 * time.Second
	// longEnough is how long a process must have been attached for its loss to
	// be no sign of something that will happen again at once.
	longEnough = 10 * time.Second
	maxPause   = 30 * time.Second
)

// reserve makes the caller the one who attaches to the address until release is
// called, or returns the source under which it is watched.
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

// once attaches to the target and watches it to its end, as src or, if that is
// nil, under the name it gives itself. told is called after the attempt. The
// error says why it came to nothing or how the process ended.
func (r *Registry) once(ctx context.Context, t *Target, src *Source, told func(*Source, error)) (*Source, error) {
	adapter, err := r.opts.Attach(ctx, *t)
	if src == nil && (err == nil || t.Again) {
		name := t.Name
		// A simulation's target is called by its key, which is its address too; its
		// own name is a title for people.
		if err == nil && adapter.Info().Name != "" && !t.Kind.IsModel() {
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
	return src, r.run(ctx, src, adapter, func() { told(src, nil) })
}

// holds reports whether src is the target's.
func (r *Registry) holds(src *Source, t *Target) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.targets[src] == t
}

// release says that the target has no need of src any more.
func (r *Registry) release(src *Source, t *Target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if src != nil && r.targets[src] == t {
		delete(r.targets, src)
	}
}

// wait lets the time between two attempts pass. It reports false when the
// source was dismissed, or has gone to another process.
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

// place finds the source for a process of this name: one of that name whose
// process is gone, else a new one.
func (r *Registry) place(name string, t *Target) *Source {
	r.mu.Lock()
	defer r.mu.Unlock()
	base := Slug(name)
	for n := 1; ; n++ {
		id := base
		if n > 1 {
			id = fmt.Sprintf("%s-%d", base, n)
		}
		s := r.get(id)
		if s == nil {
			s = newSource(id)
			r.sources = append(r.sources, s)
			r.targets[s] = t
			r.opts.Added(s)
			return s
		}
		if old := r.targets[s]; old == nil || old.Again && r.cancels[s] == nil {
			r.targets[s] = t
			return s
		}
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

	sink := src.begin(adapter, time.Now())
	begun()
	r.opts.Logger.Info("source attached", "source", src.id, "address", adapter.Info().Address)
	err := adapter.Run(ctx, sink)
	if err == nil && errors.Is(context.Cause(ctx), shm.ErrGone) {
		err = shm.ErrGone // we know it from elsewhere
	}
	sink.end(err, time.Now())
	r.opts.Logger.Info("source ended", "source", src.id, "error", err)

	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.cancels, src)
	if len(r.cancels) == 0 {
		r.idle = time.Now()
	}
	return err
}

// Of returns the source whose present or last process the adapter reads, nil if
// there is none.
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
}

// watch does what only time brings, once a second.
func (r *Registry) watch() {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case now := <-second.C:
			for _, s := range r.List() {
				if !s.tick(now, r.opts.Forget) {
					continue
				}
				r.mu.Lock()
				if r.targets[s] == nil { // else it is waited for
					r.remove(s)
				}
				r.mu.Unlock()
			}
		}
	}
}

// Slug makes a source's name fit for a URL: lower-case letters, digits and
// single hyphens, at most 40 of them.
func Slug(name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			b.WriteRune(c)
		} else if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
			b.WriteByte('-')
		}
		if b.Len() >= 40 {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "source"
}
