package process

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"syscall"
	"time"

	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

const (
	shutdownWait = 10 * time.Second
	keepEvery    = time.Second

	// giveUp is how long a manager may refuse connections before it counts as gone. Anything
	// may reset one connection.
	giveUp     = 5 * time.Second
	outlives   = 100 * time.Millisecond // napari was seen to take 300 ms
	retryEvery = time.Second

	// old is how much older than the attaching a message may be. A napari that nobody has
	// read for an hour has an hour of messages.
	old = 5 * time.Second
)

// run is the state of one call of Run.
type run struct {
	*Source
	sink shm.Sink

	demand  chan struct{} // capacity one: tell the process what is wanted
	pace    *pace
	seat    seat
	drain   drain
	fetcher fetcher
	arrays  arrays
	asked   asked
}

// Run implements [shm.Source].
func (s *Source) Run(ctx context.Context, sink shm.Sink) error {
	r := &run{
		Source: s, sink: sink,
		demand: make(chan struct{}, 1),
		pace:   newPace(sink, s.lull),
	}
	r.pace.asked = func() bool { return s.out.unanswered() || r.asked.waits() }
	r.seat = seat{
		clientData: s.res.clientData, id: s.opt.ID, url: s.opt.URL, sink: sink, setReader: s.setReader,
		turn: make(chan struct{}, 1),
	}
	r.drain = drain{queue: s.res.messages, sink: sink, pace: r.pace, seat: &r.seat, to: r}
	r.fetcher = fetcher{client: s.client, data: s.res.data, sink: sink, topics: &r.pace.topics, from: r}
	r.fetcher.init()
	r.arrays.init(sink, func(name string) { r.pace.topics.add(name, 0) })
	r.asked.init(func() {
		shm.Signal(r.demand)
		shm.Signal(r.pace.hurry)
	})
	s.run.Store(r)
	defer s.run.Store(nil)
	if loopbackAddress(s.opt.Address) {
		r.drain.since = float64(time.Now().Add(-old).UnixMicro()) / 1e6 // same clock
	}
	if w := s.watch; w.manager.pid != 0 && w.owner.pid == 0 && !s.saidHello() {
		sink.Notice("owner", "The manager has no Python program as its parent: if nothing comes in, the program that started it is gone")
	}
	following, enough := context.WithCancel(ctx)
	var arrays sync.WaitGroup
	fault.Go(&arrays, func() { r.arrays.run(following) }, func(err error) { sink.Fault("What follows the arrays", err) })
	err := r.sessions(ctx)
	enough()
	arrays.Wait()
	s.volumes.close()
	s.streams.close()
	switch {
	case ctx.Err() != nil:
		err = nil
		s.out.close("webmon stopped watching the process")
	case errors.Is(err, shm.ErrEnded):
		s.out.close("the process ended")
	default:
		s.out.close("the process is gone")
	}
	r.leave(ctx)
	s.opt.Logger.Debug("left the manager", "address", s.opt.Address, "error", err)
	return err
}

// sessions keeps connections up until ctx is done or the process is gone. It says how the
// process has ended.
func (r *run) sessions(ctx context.Context) error {
	for faults := 0; ; {
		began := time.Now()
		err := r.session(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, shm.ErrEnded), errors.Is(err, shm.ErrOwner), errors.Is(err, shm.ErrGone):
			return err // it is webmon's own, and not the connection's
		}
		r.opt.Logger.Debug("connection broken", "address", r.opt.Address, "error", err)
		if errors.Is(err, pickle.ErrLimit) {
			r.sink.Notice("large", fmt.Sprintf("A message was larger than webmon takes (%s) and was left out", mebibytes(r.client.MaxReply())))
		}
		if timedOut(err) && !r.watch.gone() {
			r.hangs()
		}
		if err := r.again(ctx, err); err != nil || ctx.Err() != nil {
			return err
		}
		// What breaks every connection must not make a busy loop.
		pause := retryEvery - time.Since(began)
		var f *fault.Error
		if errors.As(err, &f) {
			faults++
			pause = fault.Pause(faults)
		}
		if !sleep(ctx, pause) {
			return nil
		}
	}
}

// mebibytes writes a number of bytes for people.
func mebibytes(n int) string {
	return strconv.FormatFloat(float64(n)/(1<<20), 'f', -1, 64) + " MiB"
}

func (r *run) hangs() {
	r.sink.Notice("hang", "The manager does not answer: it hangs, or the machine is very busy")
}

// again returns nil once the manager takes connections again. Otherwise it says how the
// process has ended.
func (r *run) again(ctx context.Context, broken error) error {
	began := time.Now()
	refused := 0
	for {
		if now := r.watch.look(); now.orphaned && now.lives {
			return r.orphan(ctx)
		}
		same, err := r.probe(ctx)
		switch {
		case ctx.Err() != nil || err == nil && same:
			return nil
		case err == nil:
			return fmt.Errorf("another manager answers at %s: %w", r.opt.Address, shm.ErrGone)
		}
		if timedOut(err) && !r.watch.gone() {
			// The kernel takes connections for a process that is stopped. The process is not
			// gone, and everybody sees that no frames come.
			r.hangs()
			began, refused = time.Now(), 0
		} else if r.watch.gone() || refused > 1 || time.Since(began) > giveUp {
			// An owner that outlives its manager has shut the manager down itself. An owner
			// that was killed with it takes a moment to die.
			if r.watch.owner.pid != 0 && sleep(ctx, outlives) && r.watch.owner.alive() {
				return fmt.Errorf("the manager at %s was shut down: %w", r.opt.Address, shm.ErrEnded)
			}
			return fmt.Errorf("%w: %w", shm.ErrGone, broken)
		}
		pause := retryEvery
		if loopbackAddress(r.opt.Address) && errors.Is(err, syscall.ECONNREFUSED) {
			// On this machine the error means that nobody listens any more.
			refused++
			pause = outlives
		}
		if !sleep(ctx, pause) {
			return nil
		}
	}
}

// probe reports whether the manager that answers is the one that Attach found.
func (r *run) probe(ctx context.Context) (same bool, err error) {
	conn, err := r.client.Open(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	instance, err := r.instance(ctx, conn)
	if r.saidHello() && err == nil {
		// A process that says hello names its instance itself.
		var hello pickle.Value
		if hello, err = conn.Call(ctx, r.res.data, "get", topicHello); err == nil {
			d, _ := hello.(*pickle.Dict)
			name, named := text(entry(d, "instance"))
			if !named || name == "" {
				return d != nil, nil
			}
			instance = natural.Clip(name, 80)
		}
	}
	var remote *manager.RemoteError
	if errors.As(err, &remote) {
		return false, nil // the manager does not know the objects
	}
	return r.Info().Instance == instance, err
}

// orphan says how a process has ended whose owner is dead. A manager that was killed with
// its owner takes a moment to die.
func (r *run) orphan(ctx context.Context) error {
	if r.watch.manager.pid != 0 && sleep(ctx, outlives) && !r.watch.manager.alive() {
		return fmt.Errorf("the process and its manager were killed: %w", shm.ErrGone)
	}
	return fmt.Errorf("the manager at %s still answers: %w", r.opt.Address, shm.ErrOwner)
}

// session opens the connections, and runs what uses them until one of them fails.
func (r *run) session(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var conns [3]*manager.Conn
	for i := range conns {
		c, err := r.client.Open(ctx)
		if err != nil {
			for _, c := range conns[:i] {
				c.Close()
			}
			return err
		}
		conns[i] = c
	}
	// The claim comes before the first message is taken, because another webmon may be reading.
	err := r.seat.claim(ctx, conns[1], false)
	var all sync.WaitGroup
	if err == nil {
		for _, part := range []func() error{
			func() error { return r.drain.run(ctx, conns[0]) },
			func() error { return r.fetcher.run(ctx) },
			func() error { return r.keep(ctx, conns[1]) },
			func() error {
				return r.out.run(ctx, conns[1], r.res.clientMessages, func() { shm.Signal(r.pace.hurry) }) // for the answer
			},
			func() error { return r.awaitShutdown(ctx, conns[2]) },
		} {
			fault.Go(&all, func() {
				if err := part(); err != nil {
					cancel(err)
				}
			}, func(err error) {
				r.sink.Fault("The connection to "+r.Info().Name, err)
				cancel(err)
			})
		}
		all.Wait()
		err = context.Cause(ctx)
	}
	for _, c := range conns {
		c.Close()
	}
	return err
}

// frame implements told.
func (r *run) frame(stamp float64) {
	r.fetcher.pass(stamp)
	r.out.tick()
}

// changed implements told.
func (r *run) changed(names []string) {
	r.fetcher.changed(names)
	r.out.tick() // a command may have changed it
}

// missed implements told.
func (r *run) missed() { r.fetcher.missed() }

// current implements told.
func (r *run) current(ask int64) { r.asked.answered(ask) }

// answered implements told.
func (r *run) answered(id string, status shm.Status, reason string) {
	r.out.answered(id, status, reason)
}

// awaitShutdown ends the session when the process says that it ends.
func (r *run) awaitShutdown(ctx context.Context, conn *manager.Conn) error {
	for ctx.Err() == nil {
		v, err := conn.CallWait(ctx, shutdownWait, r.res.shutdown, "wait", shutdownWait.Seconds())
		switch {
		case lost(ctx, err):
			return err
		case err != nil:
			if !sleep(ctx, shutdownWait) { // there is no such event, so the end of the connection will tell
				return nil
			}
		case v == true:
			return shm.ErrEnded
		}
	}
	return nil
}

// leave removes webmon's keys from the process, if the process still answers.
func (r *run) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	if conn, err := r.client.Open(ctx); err == nil {
		r.seat.leave(ctx, conn)
		if r.saidHello() {
			_, _ = conn.Call(ctx, r.res.clientData, "pop", keyWant+r.opt.ID, nil)
			_, _ = conn.Call(ctx, r.res.clientData, "pop", keyWatchers+r.opt.ID, nil)
		}
		conn.Close()
	}
	if err := r.client.Close(ctx); err != nil {
		r.opt.Logger.Debug("references not given back", "address", r.opt.Address, "error", err)
	}
}
