// Package steer is what people ask of a process: the controls and the actions
// that it declares, as people see them; the commands that are sent to it, and
// what becomes of each; and the values that a hand drags through. It knows
// neither HTTP nor the pages on which its parts stand.
//
//	desk := steer.New("/lab")
//	action, ok := desk.Find(src, "exposure")
//	outcome := desk.Ask(src, action, map[string]any{"exposure": "12.5"}, steer.Number{})
//	part := steer.Part(desk.Control(src, control, now))
package steer

import (
	"sync"

	"webmon/dashboard/source"
	"webmon/shm"
)

// Desk is the one place from which processes are steered. Its methods are safe
// for concurrent use.
type Desk struct {
	prefix string // of every address, "" or like "/lab"

	mu   sync.Mutex // guards byID and list
	byID map[string]*Command
	list []*Command // oldest first

	sets *sets // who has the last word
}

// New returns a desk whose forms are posted below prefix, "" or like "/lab".
func New(prefix string) *Desk {
	return &Desk{prefix: prefix, byID: map[string]*Command{}, sets: newSets()}
}

// Find returns what a source offers under a name: an action, otherwise a
// control, which is commanded by its own name with its value as the one
// argument.
func (d *Desk) Find(src *source.Source, name string) (shm.Action, bool) {
	for _, a := range src.Actions() {
		if a.Name == name {
			return a, true
		}
	}
	if c, ok := src.Controls().Get(name); ok {
		return shm.Action{Name: c.Name, Title: c.Title, Args: []shm.Control{c}, Help: c.Help, Group: c.Group}, true
	}
	return shm.Action{}, false
}

// isSwitch reports whether an action turns something on and off: its one
// argument has the name of the action.
func isSwitch(action shm.Action) bool {
	return len(action.Args) == 1 && action.Args[0].Type == shm.Bool && action.Args[0].Name == action.Name
}

// As says what the form of a command is answered with.
type As string

// The answers to a form. The address of the form holds one as its query "as".
const (
	AsControl As = "control" // the control, rendered again
	AsForm    As = "form"    // the form of the action, rendered again
	AsButton  As = "button"  // the same, with all arguments kept as they were sent
	AsNone    As = ""        // nothing: what stands around the form shows it
)

// Path is where commands of a name are posted to.
func (d *Desk) Path(src *source.Source, name string, as As) string {
	path := d.prefix + "/sources/" + src.ID() + "/commands/" + name
	if as != AsNone {
		path += "?as=" + string(as)
	}
	return path
}
