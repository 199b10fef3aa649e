package builtin

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"webmon/shm"
)

// Source is a run of a simulation. It implements [shm.Source].
type Source struct {
	info    shm.Info
	actions []shm.Action
	opts    Options
	make    func() (sim, error)
	wake    chan struct{} // capacity one: there is something in queue

	mu       sync.Mutex // guards all below
	sink     shm.Sink   // nil before and after Run
	ended    bool
	problem  string       // why the model has failed, "" while it works
	controls shm.Controls // with the values of what is in queue; never written to
	queue    []command    // what the simulation has not been told yet, in order
}

var _ shm.Source = (*Source)(nil)

// maxQueue bounds the commands that somebody waits for. They wait for a time step at
// most, or for the model to be made.
const maxQueue = 1000

// command is one that is understood.
type command struct {
	id     string // "": a value on the way to another
	name   string
	value  shm.Value // of a control
	action bool
	taken  bool // value has been let through by its control, and told to everybody
	at     time.Time
	report func(shm.Status, string)
}

func (c *command) done(err error) {
	switch {
	case c.id == "" || c.report == nil:
	case err != nil:
		c.report(shm.Refused, sentence(err))
	default:
		c.report(shm.Applied, "")
	}
}

// Info implements [shm.Source].
func (s *Source) Info() shm.Info { return s.info }

// Actions implements [shm.Source].
func (s *Source) Actions() []shm.Action { return slices.Clone(s.actions) }

// Command implements [shm.Source]. A value that its control lets through is told to
// the sink before Command returns, however long a time step takes.
func (s *Source) Command(cmd shm.Command, report func(shm.Status, string)) {
	c := command{id: cmd.ID, name: cmd.Name, at: time.Now(), report: report}
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		if c.id != "" && report != nil {
			report(shm.Gone, "The model has stopped.")
		}
		return
	}
	err := s.understand(&c, cmd.Args)
	if err == nil {
		s.enqueue(c)
	}
	s.mu.Unlock()
	if err != nil {
		c.done(err)
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// understand checks what can be checked at once; mu is held.
func (s *Source) understand(c *command, args map[string]shm.Value) error {
	c.action = slices.ContainsFunc(s.actions, func(a shm.Action) bool { return a.Name == c.name })
	restarts := slices.ContainsFunc(s.queue, func(q command) bool { return q.name == shm.ActionRestart })
	if s.problem != "" && c.name != shm.ActionRestart && !restarts {
		return errors.New("the model has failed and has to be restarted first")
	}
	if len(s.queue) >= maxQueue {
		return errors.New("the model has more to do than it can: wait a moment")
	}
	if c.action {
		if len(args) > 0 {
			return fmt.Errorf("%s takes no values", c.name)
		}
		return nil
	}
	var control shm.Control
	if s.controls != nil { // else it is looked at when they are there
		var ok bool
		if control, ok = s.controls.Get(c.name); !ok {
			return fmt.Errorf("the model has neither an action nor a parameter %q", c.name)
		}
	}
	value, ok := args[c.name]
	if !ok || len(args) != 1 {
		return fmt.Errorf("%s takes one value, under its own name, and got %s", c.name, list(args))
	}
	if c.value = value; s.controls == nil {
		return nil
	}
	var err error
	c.value, err = control.Accept(value)
	c.taken = true
	return err
}

func list(args map[string]shm.Value) string {
	if len(args) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(args)), ", ")
}

// enqueue puts a command behind the others, in the place of a value on its way that it
// is newer than, and tells its value; mu is held.
func (s *Source) enqueue(c command) {
	s.queue = slices.DeleteFunc(s.queue, func(q command) bool { return q.id == "" && q.name == c.name })
	s.queue = append(s.queue, c)
	if c.taken {
		s.tell(withValue(s.controls, c.name, c.value))
	}
}

// withValue returns controls, one of which has another value.
func withValue(controls shm.Controls, name string, v shm.Value) shm.Controls {
	out := slices.Clone(controls)
	for i := range out {
		if out[i].Name == name {
			out[i].Value = v
		}
	}
	return out
}

// tell hands over the controls if they are other ones; mu is held.
func (s *Source) tell(controls shm.Controls) {
	if s.sink == nil || s.controls != nil && reflect.DeepEqual(s.controls, controls) {
		return
	}
	s.controls = controls
	s.sink.State(shm.TopicControls, controls)
}

// pair is how long the second number of a place may come after the first.
const pair = 200 * time.Microsecond

// next takes the first command out of the queue. Both numbers of where somebody
// points are sent one right after the other: of a place that has just begun to come the
// other half is waited for.
func (s *Source) next() (c command, ok bool) {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 {
			s.mu.Unlock()
			return c, false
		}
		if c = s.queue[0]; c.name == shm.ControlFingerX && len(s.queue) == 1 && c.id == "" && time.Since(c.at) < pair {
			s.mu.Unlock()
			runtime.Gosched()
			continue
		}
		s.queue = slices.Delete(s.queue, 0, 1)
		s.mu.Unlock()
		return c, true
	}
}

// settle makes the controls those of the simulation, unless values are on their way to
// it.
func (s *Source) settle(controls shm.Controls) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		s.tell(controls)
	}
}

// sentence makes an error one that people read.
func sentence(err error) string {
	text := strings.TrimSpace(err.Error())
	first, n := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[n:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
