// Package steer is how people steer a process. It holds the controls and the
// actions that the process declares, as pages show them; the commands that are
// sent to the process, and what becomes of each; and the values of controls while
// somebody drags them. It knows neither HTTP nor the pages that show its parts.
//
//	desk := steer.New(prefix.Of("/lab"), changes)
//	action, ok := desk.Find(src, "exposure")
//	outcome := desk.Ask(by, src, action, map[string]any{"exposure": "12.5"}, steer.Number{})
//	part := steer.Part(desk.Control(src, control, now))
package steer

import (
	"sync"

	"webmon/dashboard/prefix"
	"webmon/dashboard/record"
	"webmon/dashboard/source"
	"webmon/fault"
	"webmon/shm"
)

// Desk is the one place from which processes are steered. Its methods are safe
// for concurrent use.
type Desk struct {
	Faults *fault.Ledger // told of what panics while somebody drags; set before use, or nil

	prefix  *prefix.Prefix // of every URL
	changes *record.Log

	mu       sync.Mutex // guards all below but sets
	byID     map[string]*Command
	list     []*Command     // oldest first
	bytes    int            // that they take, all together
	ofSource map[string]int // that those of a source take
	ofName   map[what]int   // that those of a source and a name take

	sets  *sets  // decides which of several values of a control counts
	hands *hands // passes on what people do at canvases
}

// New returns a desk whose forms are posted to paths below a prefix; nil: none.
// What people change goes to the record; nil: to none.
func New(below *prefix.Prefix, changes *record.Log) *Desk {
	d := &Desk{prefix: below, changes: changes, byID: map[string]*Command{}, ofSource: map[string]int{}, ofName: map[what]int{}, sets: newSets(), hands: newHands()}
	d.sets.failed = func(err error) { d.Faults.Note("dragging", "", err) }
	d.hands.failed = d.sets.failed
	return d
}

// Find returns the action of a source with a name. A control counts as an action of
// its name with one argument, its value. ok is false if there is neither.
func (d *Desk) Find(src *source.Source, name string) (shm.Action, bool) {
	for _, a := range src.Actions() {
		if a.Name == name {
			return a, true
		}
	}
	if c, ok := src.Controls().Get(name); ok {
		return actionOf(c), true
	}
	return shm.Action{}, false
}

// actionOf is the action that sets a control.
func actionOf(c shm.Control) shm.Action {
	return shm.Action{Name: c.Name, Title: c.Title, Args: []shm.Control{c}, Help: c.Help, Group: c.Group}
}

// isSwitch reports whether an action turns something on and off: its one
// argument has the name of the action.
func isSwitch(action shm.Action) bool {
	return len(action.Args) == 1 && action.Args[0].Type == shm.Bool && action.Args[0].Name == action.Name
}

// As says how the form of a command is answered.
type As string

// The answers to a form. The URL of the form names one in its query, as "as".
const (
	AsControl As = "control" // the control, rendered again
	AsForm    As = "form"    // the form of the action, rendered again
	AsButton  As = "button"  // the same, with the arguments as they were sent
	AsNone    As = ""        // nothing: another part of the page shows the outcome
	// The same on a page with parts of several processes, whose ids have that of the source.
	AsCardControl As = "card-control"
	AsCardForm    As = "card-form"
)

// Path is the path to which commands with a name are posted.
func (d *Desk) Path(src *source.Source, name string, as As) string {
	path := d.prefix.String() + "/sources/" + src.ID() + "/commands/" + name
	if as != AsNone {
		path += "?as=" + string(as)
	}
	return path
}
