package steer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"webmon/dashboard/record"
	"webmon/dashboard/refusal"
	"webmon/dashboard/source"
	"webmon/natural"
	"webmon/shm"
)

// finger is the name in the record of what sets the two controls of the finger
// together.
const finger = "finger"

// entry is a command as the record has it.
func entry(by record.Author, src *source.Source, action shm.Action, args map[string]any) record.Entry {
	e := record.Entry{Author: by, Source: src.ID(), Name: action.Name, To: inShort(action, args), Status: record.Queued}
	if c, ok := src.Controls().Get(action.Name); ok {
		e.From = withUnit(c, c.Value)
	}
	return e
}

// dragged notes a value that somebody gives a control while dragging it.
func (d *Desk) dragged(by record.Author, src *source.Source, c shm.Control, value shm.Value) {
	d.changes.Add(record.Entry{
		Author: by, Source: src.ID(), Name: c.Name, From: withUnit(c, c.Value), To: withUnit(c, value), Status: record.Sent,
	})
}

// pointed notes where somebody points.
func (d *Desk) pointed(by record.Author, src *source.Source, controls shm.Controls, x, y shm.Value) {
	at := func(x, y shm.Value) string { return fieldValue(x) + ", " + fieldValue(y) }
	cx, _ := controls.Get(shm.ControlFingerX)
	cy, _ := controls.Get(shm.ControlFingerY)
	d.changes.Add(record.Entry{
		Author: by, Source: src.ID(), Name: finger, From: at(cx.Value, cy.Value), To: at(x, y), Status: record.Sent,
	})
}

// refused notes what was asked for and not sent.
func (d *Desk) refused(by record.Author, src *source.Source, name, to string, no *refusal.Error) {
	d.changes.Add(record.Entry{Author: by, Source: src.ID(), Name: name, To: to, Status: record.Refused, Reason: no.Text})
}

// inShort writes the arguments of an action for people: the value alone where the
// argument has the name of the action.
func inShort(action shm.Action, args map[string]any) string {
	var parts []string
	for _, arg := range action.Args {
		text := withUnit(arg, args[arg.Name])
		if arg.Name != action.Name {
			text = arg.Name + " " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// withUnit writes a value of a control for people.
func withUnit(c shm.Control, v shm.Value) string {
	text := natural.Short(shown(c, v), maxLogged)
	if c.Unit != "" && text != "" {
		text += " " + c.Unit
	}
	return text
}

// givenShort writes arguments that were given and may be no arguments of the action.
func givenShort(given map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		parts = append(parts, natural.Short(name, maxLogged)+" "+natural.Short(fmt.Sprint(given[name]), maxLogged))
	}
	return strings.Join(parts, ", ")
}
