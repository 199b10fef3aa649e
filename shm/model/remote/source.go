package remote

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"webmon/shm"
)

// maxQueue bounds the commands that somebody waits for.
const maxQueue = 1000

// source is a run of a simulation on a server. It implements [shm.Source].
type source struct {
	server *Server
	info   shm.Info
	wake   chan struct{} // capacity one: there is something in queue

	mu       sync.Mutex // guards all below
	sink     shm.Sink   // nil before and after Run
	ended    bool
	problem  string // why nothing can be asked of the server, "" while it answers
	actions  []shm.Action
	controls shm.Controls // with the values of what is in queue; nil before the server has told; never written to
	queue    []command    // what the server has not been told yet, in order
}

var _ shm.Source = (*source)(nil)

// command is one that is understood, as far as the server has told what there is.
type command struct {
	id     string // "": a value on the way to another
	name   string
	value  shm.Value // of a control
	action bool
	taken  bool // value has been let through by its control, and told to everybody
	at     time.Time
	report func(shm.Status, string)
}

func (c *command) end(s shm.Status, text string) {
	if c.id != "" && c.report != nil {
		c.report(s, text)
	}
}

func (c *command) done(err error) {
	if err != nil {
		c.end(shm.Refused, sentence(err))
	} else {
		c.end(shm.Applied, "")
	}
}

var restart = shm.Action{Name: shm.ActionRestart, Title: "Connect again", Help: "Connect to the server anew."}

func newSource(s *Server) *source {
	return &source{
		server: s,
		info:   shm.Info{Name: s.Info().Title, Kind: shm.KindRemote, Instance: rand.Text(), Address: s.addr},
		wake:   make(chan struct{}, 1), actions: []shm.Action{restart},
	}
}

// Info implements [shm.Source].
func (s *source) Info() shm.Info { return s.info }

// Actions implements [shm.Source].
func (s *source) Actions() []shm.Action {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.actions)
}

// Command implements [shm.Source]. A value that its control lets through is told to
// the sink before Command returns, however far away the server is.
func (s *source) Command(cmd shm.Command, report func(shm.Status, string)) {
	c := command{id: cmd.ID, name: cmd.Name, at: time.Now(), report: report}
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		c.end(shm.Gone, gone)
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

const gone = "Nobody was looking any more: webmon has left the server."

// understand checks what can be checked at once; mu is held.
func (s *source) understand(c *command, args map[string]shm.Value) error {
	c.action = slices.ContainsFunc(s.actions, func(a shm.Action) bool { return a.Name == c.name })
	if s.problem != "" && c.name != shm.ActionRestart {
		return errors.New(s.problem)
	}
	if len(s.queue) >= maxQueue {
		return errors.New("the server has more to do than it can: wait a moment")
	}
	if c.action {
		if len(args) > 0 {
			return fmt.Errorf("%s takes no values", c.name)
		}
		return nil
	}
	if s.controls == nil { // looked at when they are there
		c.value = maps.Clone(args)
		return nil
	}
	return s.check(c, args)
}

// check looks whether a command is a value that its control lets through; mu is
// held.
func (s *source) check(c *command, args map[string]shm.Value) (err error) {
	control, ok := s.controls.Get(c.name)
	if !ok {
		return fmt.Errorf("the server has neither an action nor a parameter %q", c.name)
	}
	value, ok := args[c.name]
	if !ok || len(args) != 1 {
		return fmt.Errorf("%s takes one value, under its own name, and got %s", c.name, list(args))
	}
	if c.value, err = control.Accept(value); err != nil {
		return err
	}
	c.taken = true
	return nil
}

func list(args map[string]shm.Value) string {
	if len(args) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(args)), ", ")
}

// enqueue puts a command behind the others, in the place of a value on its way that it
// is newer than, and tells its value; mu is held.
func (s *source) enqueue(c command) {
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
func (s *source) tell(controls shm.Controls) {
	if s.sink == nil || s.controls != nil && slices.EqualFunc(s.controls, controls, alike) {
		return
	}
	s.controls = controls
	s.sink.State(shm.TopicControls, controls)
}

// alike compares two controls. Limits of another connection count as other ones; values
// are what Accept makes, and can be compared.
func alike(a, b shm.Control) bool {
	return a.Name == b.Name && a.Type == b.Type && a.Value == b.Value && a.Min == b.Min && a.Max == b.Max
}

// learned replaces what the server has. Commands that came before are looked at now.
func (s *source) learned(actions []shm.Action, controls shm.Controls) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.actions, s.problem = actions, ""
	s.tell(controls)
	s.sink.State(shm.TopicActions, shm.Actions(slices.Clone(actions)))
	kept := s.queue[:0]
	for _, c := range s.queue {
		c.action = slices.ContainsFunc(actions, func(a shm.Action) bool { return a.Name == c.name })
		args, unchecked := c.value.(map[string]shm.Value)
		var err error
		switch {
		case c.action && len(args) > 0:
			err = fmt.Errorf("%s takes no values", c.name)
		case c.action:
		case unchecked:
			err = s.check(&c, args)
		default: // of a server that had other parameters, perhaps
			err = s.check(&c, map[string]shm.Value{c.name: c.value})
		}
		if err != nil {
			c.done(err)
			continue
		}
		kept = append(kept, c)
		if c.taken {
			s.tell(withValue(s.controls, c.name, c.value))
		}
	}
	s.queue = kept
}

// pair is how long the second number of a place may come after the first.
const pair = time.Millisecond

// batch takes what comes next out of the queue: one action, or all values that
// come before one. Without a value that somebody waits for they wait for when, the time
// for the next values on their way. later is when to ask again; zero: the queue is empty.
func (s *source) batch(now, when time.Time) (out []command, later time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil, time.Time{}
	}
	n := slices.IndexFunc(s.queue, func(c command) bool { return c.action })
	switch {
	case n == 0:
		n = 1
	case n < 0:
		n = len(s.queue)
		if !slices.ContainsFunc(s.queue, func(c command) bool { return c.id != "" }) {
			// Both numbers of where somebody points are sent one right after the other.
			if c := s.queue[0]; n == 1 && (c.name == shm.ControlFingerX || c.name == shm.ControlFingerY) && c.at.Add(pair).After(when) {
				when = c.at.Add(pair)
			}
			if when.After(now) {
				return nil, when
			}
		}
	}
	out = slices.Clone(s.queue[:n])
	s.queue = slices.Delete(s.queue, 0, n)
	return out, now
}

// waits reports whether a command of the name is in the queue.
func (s *source) waits(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.queue, func(c command) bool { return c.name == name })
}

// wants reports whether a command of the name waits, and takes it and all before it
// out of the queue: they are answered with why.
func (s *source) wants(name string, why error) bool {
	s.mu.Lock()
	i := slices.IndexFunc(s.queue, func(c command) bool { return c.name == name })
	if i < 0 {
		s.mu.Unlock()
		return false
	}
	before := slices.Clone(s.queue[:i])
	found := s.queue[i]
	s.queue = slices.Delete(s.queue, 0, i+1)
	s.mu.Unlock()
	for _, c := range before {
		c.done(why)
	}
	found.done(nil)
	return true
}

// fail refuses what is in the queue, and from now on everything but to connect again.
// The values of the controls become those that the server had last.
func (s *source) fail(problem string, values map[string]shm.Value) {
	s.mu.Lock()
	s.problem = problem
	var left []command
	s.queue = slices.DeleteFunc(s.queue, func(c command) bool {
		if c.name == shm.ActionRestart {
			return false
		}
		left = append(left, c)
		return true
	})
	if s.controls != nil {
		s.tell(withValues(s.controls, values, nil))
	}
	s.mu.Unlock()
	for _, c := range left {
		c.end(shm.Refused, problem)
	}
}

// withValues returns controls with those of the values that are not left out.
func withValues(controls shm.Controls, values map[string]shm.Value, without func(name string) bool) shm.Controls {
	out := slices.Clone(controls)
	for i := range out {
		if v, ok := values[out[i].Name]; ok && v != nil && (without == nil || !without(out[i].Name)) {
			out[i].Value = v
		}
	}
	return out
}

// settle makes the values those of the server, but for those that are on their way to
// it.
func (s *source) settle(values map[string]shm.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.controls == nil {
		return
	}
	s.tell(withValues(s.controls, values, func(name string) bool {
		return slices.ContainsFunc(s.queue, func(c command) bool { return c.name == name })
	}))
}

// place is where people point; NaN: there is no finger.
func (s *source) place() (x, y float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.number(shm.ControlFingerX), s.number(shm.ControlFingerY)
}

func (s *source) number(name string) float64 {
	c, _ := s.controls.Get(name)
	if x, ok := shm.Number(c.Value); ok {
		return x
	}
	return math.NaN()
}

// end ends the life of the commands that the server has not been told.
func (s *source) end() {
	s.mu.Lock()
	left := s.queue
	s.sink, s.queue, s.ended = nil, nil, true
	s.mu.Unlock()
	for _, c := range left {
		c.end(shm.Gone, gone)
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
