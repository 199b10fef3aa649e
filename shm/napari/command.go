package napari

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

// actions is the fixed list of what is ever sent to a plain napari: napari
// looks the name up among its own methods, so it must never come from outside.
var actions = []shm.Action{{
	Name:  "show_grid",
	Title: "Show grid",
	Args: []shm.Control{{
		Name: "show_grid", Type: shm.Bool, Default: true,
		Help: "Draw the borders of the tiles",
	}},
	Help: "Draws the borders of the tiles over the selected multiscale layers",
}}

// Actions implements [shm.Source]. A napari that is known to have lost the
// command has none.
func (s *Source) Actions() []shm.Action {
	if lostGrid(s.Info().Napari) {
		return nil
	}
	return append([]shm.Action(nil), actions...)
}

// lostGrid reports whether a napari of this version only writes into its log
// that it has no show_grid: those after 0.4.11. Of an unknown version it is
// worth a try.
func lostGrid(version string) bool {
	var major, minor, patch int
	if n, _ := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); n < 2 {
		return false
	}
	return major > 0 || minor > 4 || minor == 4 && patch > 11
}

const (
	maxPending = 64 // commands that napari has not taken yet

	// How often to ask whether commands were taken: at once after a frame,
	// because napari takes them then, and more and more rarely without one.
	askFirst  = 20 * time.Millisecond
	askRarely = time.Second
)

// pending is a command on its way.
type pending struct {
	cmd    shm.Command
	value  pickle.Value // its one argument
	report func(shm.Status, string)
}

// outbox keeps commands until the process has taken them. It outlives a
// connection that breaks.
type outbox struct {
	wake  chan struct{} // capacity one: there is something to send
	waits atomic.Bool   // something is sent and not yet taken

	mu     sync.Mutex // guards all below
	queued []pending  // not yet sent
	sent   []pending  // in the process's queue, oldest first
	closed string     // why nothing is taken any more; "" while it is
}

func (o *outbox) init() { o.wake = make(chan struct{}, 1) }

// Command implements [shm.Source].
func (s *Source) Command(cmd shm.Command, report func(shm.Status, string)) {
	p := pending{cmd: cmd, report: report}
	var err error
	if p.value, err = argument(cmd, s.Actions()); err != nil {
		report(shm.Refused, err.Error())
		return
	}
	s.out.add(p)
}

// argument checks a command against the list and returns what to send.
func argument(cmd shm.Command, actions []shm.Action) (pickle.Value, error) {
	for _, a := range actions {
		if a.Name != cmd.Name {
			continue
		}
		control := a.Args[0]
		v, ok := cmd.Args[control.Name]
		if !ok || len(cmd.Args) != 1 {
			return nil, fmt.Errorf("%s takes one value, named %s", a.Name, control.Name)
		}
		return control.Accept(v)
	}
	return nil, fmt.Errorf("napari has no command %q that may be sent", clip(cmd.Name, 40))
}

func (o *outbox) add(p pending) {
	o.mu.Lock()
	closed, full := o.closed, len(o.queued)+len(o.sent) >= maxPending
	if closed == "" && !full {
		o.queued = append(o.queued, p)
	}
	o.mu.Unlock()
	switch {
	case closed != "":
		p.report(shm.Gone, closed)
	case full:
		p.report(shm.Refused, fmt.Sprintf("napari has not taken the last %d commands yet", maxPending))
	default:
		signal(o.wake)
	}
}

// close ends the life of every command, and of those that come later.
func (o *outbox) close(reason string) {
	o.mu.Lock()
	left := append(o.sent, o.queued...)
	o.sent, o.queued, o.closed = nil, nil, reason
	o.mu.Unlock()
	for _, p := range left {
		p.report(shm.Gone, reason)
	}
}

// next returns the oldest command not yet sent.
func (o *outbox) next() (pending, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queued) == 0 {
		return pending{}, false
	}
	return o.queued[0], true
}

// settle takes the oldest command out of queued, into sent if it was.
func (o *outbox) settle(sent bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queued) == 0 {
		return
	}
	if sent {
		o.sent = append(o.sent, o.queued[0])
		o.waits.Store(true)
	}
	o.queued = o.queued[1:]
}

// taken removes what cannot be in the process's queue of that length any more.
// The queue is first in, first out, so the rest is ours at most.
func (o *outbox) taken(inQueue int) []pending {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := max(len(o.sent)-max(inQueue, 0), 0)
	out := o.sent[:n:n]
	o.sent = o.sent[n:]
	o.waits.Store(len(o.sent) > 0)
	return out
}

// commands sends what is queued and watches it being taken.
func (r *run) commands(ctx context.Context, conn *manager.Conn) error {
	out := &r.out
	signal(out.wake) // what was queued before
	timer := time.NewTimer(0)
	defer timer.Stop()
	pause := askFirst
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-out.wake:
			pause = askFirst
		case <-r.ticked: // napari takes them after it has sent the frame
			if !out.waits.Load() {
				continue
			}
			pause = askFirst / 4
			timer.Reset(pause)
			continue
		case <-timer.C:
		}
		for {
			p, ok := out.next()
			if !ok {
				break
			}
			_, err := conn.Call(ctx, r.res.clientMessages, "put", pickle.NewDict(p.cmd.Name, p.value))
			if lost(ctx, err) {
				return err // it stays first in the queue
			}
			out.settle(err == nil)
			if err != nil {
				p.report(shm.Refused, "the command could not be sent: "+err.Error())
				continue
			}
			p.report(shm.Queued, "")
		}
		if !out.waits.Load() {
			continue
		}
		v, err := conn.Call(ctx, r.res.clientMessages, "qsize")
		if lost(ctx, err) {
			return err
		}
		if n, ok := v.(int64); ok && err == nil {
			for _, p := range out.taken(int(min(n, maxPending))) {
				p.report(shm.Taken, "")
			}
		}
		if out.waits.Load() {
			timer.Reset(pause)
			pause = min(pause*3/2, askRarely)
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
