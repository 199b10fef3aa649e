package steer

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/source"
	"webmon/natural"
	"webmon/shm"
)

// settles is how long after a step of a command's life pages are told it once more.
// The answer to a form says how far the command had come when it was written. Where it
// reaches the page after the frame that says more, the page would go on showing it.
const settles = time.Second

// How long the outcome of a command stays beside its control.
const (
	showApplied = 4 * time.Second
	showRefused = 20 * time.Second
)

// ActionGrid is napari's command that shows the grid of its tiles, which a key
// of the page sends.
const ActionGrid = "show_grid"

// unusable says why no command can be sent to a source, "" if one can.
func unusable(st source.Status) string {
	if st.Running {
		return ""
	}
	return gone(st) + "."
}

// Control is a control as pages show it, with what has become of the last command
// to it.
func (d *Desk) Control(src *source.Source, c shm.Control, now time.Time) ui.ControlProps {
	st := src.Status(now)
	p := ui.ControlProps{
		Field: field(ui.ID("value", c.Name), c, c.Value), Source: src.ID(),
		Action: d.Path(src, c.Name, AsControl), Why: unusable(st), Section: c.Section,
		Pin: ui.PinHref(d.prefix.String(), "control", src.ID(), c.Name),
	}
	if c.Default != nil && c.Type != shm.Bool {
		p.Default = fieldValue(c.Default)
	}
	if last, ok := d.last(src.ID(), c.Name); ok {
		p.Life = life(last, st, now)
	}
	if c.Name == ActionGrid {
		p.Key = "g"
	}
	return p
}

// Switch is an action that turns something on and off, as a control; ok is false
// for any other action. The process does not report whether it is on, so the
// control shows what was sent to the process last.
func (d *Desk) Switch(src *source.Source, action shm.Action, now time.Time) (p ui.ControlProps, ok bool) {
	if !isSwitch(action) {
		return ui.ControlProps{}, false
	}
	return d.untold(src, action, now), true
}

// untold is an action of one argument as a control. The process does not report its
// value.
func (d *Desk) untold(src *source.Source, action shm.Action, now time.Time) ui.ControlProps {
	c := action.Args[0]
	c.Title, c.Help, c.Value = action.Title, action.Help, c.Default
	if c.Value == nil {
		c.Value = true
	}
	st := src.Status(now)
	// A process that has started again does not know what was sent to the last one.
	if last, ok := d.last(src.ID(), action.Name); ok && (!st.Running || !last.Sent.Before(st.Began)) &&
		last.Status != shm.Refused && last.Status != shm.Gone {
		c.Value = last.Args[c.Name]
	}
	p := d.Control(src, c, now)
	p.Untold = true
	return p
}

// Action is an action as a form.
func (d *Desk) Action(src *source.Source, a shm.Action, now time.Time) ui.ActionProps {
	st := src.Status(now)
	p := ui.ActionProps{
		ID: ui.ID("action", a.Name), Label: label(a.Title, a.Name), Help: a.Help,
		Action: d.Path(src, a.Name, AsForm), Why: unusable(st),
		Pin: ui.PinHref(d.prefix.String(), "command", src.ID(), a.Name),
	}
	for _, arg := range a.Args {
		value := arg.Value
		if value == nil {
			value = arg.Default
		}
		p.Fields = append(p.Fields, field(ui.ID("value", a.Name, arg.Name), arg, value))
	}
	if last, ok := d.last(src.ID(), a.Name); ok {
		p.Life = life(last, st, now)
	}
	return p
}

// Button is an action as a button, with arguments that the page knows.
func (d *Desk) Button(src *source.Source, a shm.Action, args []ui.Pair, now time.Time) ui.ActionProps {
	p := d.Action(src, a, now)
	p.Action, p.Fields, p.Hidden, p.Pin = d.Path(src, a.Name, AsButton), nil, args, ""
	return p
}

// scope begins the ids of the parts of a source on a page with those of several.
func scope(src *source.Source) string { return ui.ID("of", src.ID()) }

// CardControl is [Desk.ControlOf] on a page with parts of several sources.
func (d *Desk) CardControl(src *source.Source, action shm.Action, now time.Time) (p ui.ControlProps, ok bool) {
	if p, ok = d.ControlOf(src, action, now); ok {
		p = p.Scoped(scope(src))
		p.Action, p.Pin = d.Path(src, action.Name, AsCardControl), ""
	}
	return p, ok
}

// CardAction is [Desk.Action] on a page with parts of several sources.
func (d *Desk) CardAction(src *source.Source, a shm.Action, now time.Time) ui.ActionProps {
	p := d.Action(src, a, now).Scoped(scope(src))
	p.Action, p.Pin = d.Path(src, a.Name, AsCardForm), ""
	return p
}

// Failed is the life of the last command with one of the names to a source, if that
// command has failed lately; otherwise the zero value.
func (d *Desk) Failed(src *source.Source, names []string, now time.Time) ui.CommandLife {
	st := src.Status(now)
	if cmd, ok := d.last(src.ID(), names...); ok {
		if l := life(cmd, st, now); l.Status == ui.Refused || l.Status == ui.Ended {
			return l
		}
	}
	return ui.CommandLife{}
}

// life is the life of a command as pages show it, the zero value once it is out of
// date.
func life(cmd Command, st source.Status, now time.Time) ui.CommandLife {
	// A process that has started again does not know what was sent to the last one.
	if st.Running && cmd.Sent.Before(st.Began) {
		return ui.CommandLife{}
	}
	over := now.Sub(cmd.changed())
	switch cmd.Status {
	case shm.Applied:
		if over > showApplied {
			return ui.CommandLife{}
		}
	case shm.Refused, shm.Gone:
		if over > showRefused {
			return ui.CommandLife{}
		}
	}
	return ui.CommandLife{Status: ui.CommandStatus(cmd.Status), Reason: cmd.Reason, Settled: over > settles}
}

// field is a control as a field of a form that holds value.
func field(id string, c shm.Control, value shm.Value) ui.Field {
	return ui.Field{
		ID: id, Name: c.Name, Label: label(c.Title, c.Name), Help: c.Help, Unit: c.Unit,
		Type: ui.FieldType(c.Type), Value: fieldValue(value),
		Min: c.Min, Max: c.Max, Step: c.Step, Log: c.Scale == "log", Soft: c.Soft, Choices: c.Choices, Labels: labels(c),
	}
}

// labels are what people see of the choices of a control: names as pages show
// them. Those that look the same are told apart by the choice itself.
func labels(c shm.Control) []string {
	if len(c.Labels) != len(c.Choices) {
		return nil
	}
	out := make([]string, len(c.Labels))
	alike := map[string]int{}
	for i, name := range c.Labels {
		out[i] = ui.Name(name)
		alike[out[i]]++
	}
	for i, name := range out {
		if alike[name] > 1 {
			out[i] += " (" + ui.Name(c.Choices[i]) + ")"
		}
	}
	return out
}

// shown writes a value of a control as people see it.
func shown(c shm.Control, v shm.Value) string {
	text := fieldValue(v)
	if i := slices.Index(c.Choices, text); c.Type == shm.Choice && i >= 0 && len(c.Labels) == len(c.Choices) {
		return labels(c)[i]
	}
	return text
}

// fieldValue writes a control's value as the field of a form holds it.
func fieldValue(v shm.Value) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case int:
		return strconv.Itoa(v)
	case float64:
		return ui.FieldNumber(v)
	}
	return ""
}

// label is the title. If there is none, it is made of the name.
func label(title, name string) string {
	if title == "" {
		title = strings.TrimSpace(strings.ReplaceAll(name, "_", " "))
	}
	if utf8.RuneCountInString(title) == 1 {
		return title // the name of an axis
	}
	return natural.Capital(title)
}

// Log lists the last commands to a source, newest first.
func (d *Desk) Log(src *source.Source, n int) []components.CommandEntry {
	var out []components.CommandEntry
	for _, cmd := range d.latest(src.ID(), n) {
		e := components.CommandEntry{
			ID: cmd.ID, Time: cmd.Sent, Name: cmd.Name, Status: ui.CommandStatus(cmd.Status), Reason: cmd.Reason,
		}
		action, _ := d.Find(src, cmd.Name)
		e.Args = inShort(action, cmd.Args)
		out = append(out, e)
	}
	return out
}

// maxLogged is how many letters of a value the list of commands shows.
const maxLogged = 60
