package inbox

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"webmon/shm"
)

// Max bounds the commands that wait. They wait for a time step or a request at most, or
// for the simulation to be there.
const Max = 1000

// Box is what people ask of one simulation. Its methods are safe for concurrent use.
type Box struct {
	subject, gone string
	wake          chan struct{} // capacity one

	mu      sync.Mutex // guards all below
	sink    shm.Sink   // nil before Begin and after End
	ended   bool
	problem string // why nothing can be asked, "" while it can
	actions []shm.Action
	known   shm.Controls // as the simulation had them last; nil: that is not known yet
	told    shm.Controls // the same with values that it may not have yet; never written to
	waiting []Command    // in order
}

// New returns the box of a simulation that can be told actions. In sentences for people
// subject is what it is, "model" or "server"; gone is the one that ends the life of
// commands that come too late.
func New(subject, gone string, actions []shm.Action) *Box {
	return &Box{subject: subject, gone: gone, actions: actions, wake: make(chan struct{}, 1)}
}

// Begin has everybody told from now on, through sink, what can be asked and which
// values there are.
func (b *Box) Begin(sink shm.Sink) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sink = sink
	sink.State(shm.TopicActions, shm.Actions(slices.Clone(b.actions)))
}

// Actions is that of [shm.Source].
func (b *Box) Actions() []shm.Action {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.actions)
}

// SetActions replaces the actions that the simulation can be told.
func (b *Box) SetActions(actions []shm.Action) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.actions = actions
	if b.sink != nil {
		b.sink.State(shm.TopicActions, shm.Actions(slices.Clone(actions)))
	}
}

// Command is that of [shm.Source]. A value that its control lets through is told to the
// sink before it returns.
func (b *Box) Command(cmd shm.Command, report func(shm.Status, string)) {
	c := Command{Name: cmd.Name, id: cmd.ID, at: time.Now(), args: maps.Clone(cmd.Args), report: report}
	b.mu.Lock()
	if b.ended {
		b.mu.Unlock()
		c.Report(shm.Gone, b.gone)
		return
	}
	err := b.admit(&c)
	b.mu.Unlock()
	if err != nil {
		c.Done(err)
		return
	}
	shm.Signal(b.wake)
}

// admit puts a command behind the others, in the place of a value on its way that it is
// newer than, or says why not; mu is held.
func (b *Box) admit(c *Command) error {
	switch {
	case b.problem != "" && c.Name != shm.ActionRestart && Index(b.waiting, shm.ActionRestart) < 0:
		return errors.New(b.problem)
	case len(b.waiting) >= Max:
		return fmt.Errorf("the %s has more to do than it can: wait a moment", b.subject)
	}
	if err := c.understand(b.subject, b.actions, b.known); err != nil {
		return err
	}
	b.waiting = slices.DeleteFunc(b.waiting, func(w Command) bool { return !w.Awaited() && w.Name == c.Name })
	b.waiting = append(b.waiting, *c)
	if b.told != nil {
		b.tell(with(b.told, *c))
	}
	return nil
}

// tell hands over the controls if they are other ones; mu is held.
func (b *Box) tell(controls shm.Controls) {
	if b.sink == nil || b.told != nil && reflect.DeepEqual(b.told, controls) {
		return
	}
	b.told = controls
	b.sink.State(shm.TopicControls, controls)
}

// Wake returns a channel that gets a signal when there is something new to take.
func (b *Box) Wake() <-chan struct{} { return b.wake }

// Take takes the first commands out of the box, as many as choose says. It is shown all
// that wait, in order, must not keep them, and must not use the box. Their lives are for
// the caller to end.
func (b *Box) Take(choose func(waiting []Command) int) []Command {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.take(choose(b.waiting))
}

// take is Take of n; mu is held.
func (b *Box) take(n int) []Command {
	taken := slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	return taken
}

// Waits reports whether a command with the name is in the box.
func (b *Box) Waits(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Index(b.waiting, name) >= 0
}

// Settle says what there is to be set, with the values that the simulation has now, so
// with those of all commands that were taken. Of what waits it refuses what that does
// not allow (or no longer), and tells the controls with the values of what is left.
func (b *Box) Settle(controls shm.Controls) {
	b.mu.Lock()
	b.known = controls
	var refused []func()
	kept := make([]Command, 0, len(b.waiting))
	for _, c := range b.waiting {
		if err := c.understand(b.subject, b.actions, controls); err != nil {
			refused = append(refused, func() { c.Done(err) })
		} else {
			kept = append(kept, c)
		}
	}
	b.waiting = kept
	b.tell(with(controls, kept...))
	b.mu.Unlock()
	for _, refuse := range refused {
		refuse()
	}
}

// Told returns the controls as everybody was told them last, not to be written to; nil
// before the first Settle.
func (b *Box) Told() shm.Controls {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.told
}

// Fail refuses every command that waits and every later one, because of problem, a
// sentence. It does not refuse ActionRestart, nor the commands after an ActionRestart
// that waits, which are for the simulation that is made again. The values become those
// that the simulation had last.
func (b *Box) Fail(problem string) {
	b.mu.Lock()
	b.problem = problem
	n := Index(b.waiting, shm.ActionRestart)
	if n < 0 {
		n = len(b.waiting)
	}
	refused := b.take(n)
	if b.known != nil {
		b.tell(with(b.known, b.waiting...))
	}
	b.mu.Unlock()
	for _, c := range refused {
		c.Report(shm.Refused, problem)
	}
}

// Revive undoes Fail: all commands are accepted again.
func (b *Box) Revive() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problem = ""
}

// End ends the life of every command that waits, and of every later one.
func (b *Box) End() {
	b.mu.Lock()
	left := b.take(len(b.waiting))
	b.sink, b.ended = nil, true
	b.mu.Unlock()
	for _, c := range left {
		c.Report(shm.Gone, b.gone)
	}
}
