package inbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"webmon/natural"
	"webmon/shm"
)

// Command is one that waits, or was taken.
type Command struct {
	Name   string
	Action bool
	Value  shm.Value // that its control has let through; nil of an action

	id     string // "": a value on the way to another
	at     time.Time
	args   map[string]shm.Value
	report func(shm.Status, string)
}

// Awaited reports whether somebody waits for what becomes of it.
func (c *Command) Awaited() bool { return c.id != "" }

// Report tells who waits for it, if anybody does, how far it has come.
func (c *Command) Report(s shm.Status, text string) {
	if c.id != "" && c.report != nil {
		c.report(s, text)
	}
}

// Done ends its life: it was applied, or refused because of err.
func (c *Command) Done(err error) {
	if err != nil {
		c.Report(shm.Refused, natural.Sentence(err.Error()))
	} else {
		c.Report(shm.Applied, "")
	}
}

// Index returns the place of the first command of the name, -1 for none.
func Index(waiting []Command, name string) int {
	return slices.IndexFunc(waiting, func(c Command) bool { return c.Name == name })
}

// Half returns when the last command came if that is the first half of a place that
// people point to: the other is sent right after it. Else it is zero.
func Half(waiting []Command) (since time.Time) {
	if n := len(waiting); n > 0 && waiting[n-1].Name == shm.ControlFingerX && !waiting[n-1].Awaited() {
		since = waiting[n-1].at
	}
	return since
}

// with returns controls with the values of commands.
func with(controls shm.Controls, commands ...Command) shm.Controls {
	out := slices.Clone(controls)
	for _, c := range commands {
		for i := range out {
			if out[i].Name == c.Name && !c.Action {
				out[i].Value = c.Value
			}
		}
	}
	return out
}

func list(args map[string]shm.Value) string {
	if len(args) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(args)), ", ")
}

// understand looks whether something can come of a command; the error says why not.
func (c *Command) understand(subject string, actions []shm.Action, controls shm.Controls) (err error) {
	c.Action = slices.ContainsFunc(actions, func(a shm.Action) bool { return a.Name == c.Name })
	switch {
	case c.Action && len(c.args) > 0:
		return fmt.Errorf("%s takes no values", c.Name)
	case c.Action, controls == nil: // which is then looked at when they are there
		return nil
	}
	control, ok := controls.Get(c.Name)
	if !ok {
		return fmt.Errorf("the %s has neither an action nor a parameter %q", subject, c.Name)
	}
	value, ok := c.args[c.Name]
	if !ok || len(c.args) != 1 {
		return fmt.Errorf("%s takes one value, under its own name, and got %s", c.Name, list(c.args))
	}
	c.Value, err = control.Accept(value)
	return err
}
