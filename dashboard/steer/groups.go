package steer

import (
	"fmt"
	"strings"
	"time"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/natural"
	"webmon/shm"
)

// Groups sorts controls and actions into the groups that the process names, in the
// order in which it declares them. Pages that show them watch the topic of
// [ValuesTopic].
func (d *Desk) Groups(src *source.Source, declared shm.Controls, actions []shm.Action, now time.Time) []components.ControlGroup {
	var out []components.ControlGroup
	groups := map[string]int{}
	group := func(name string) *components.ControlGroup {
		i, ok := groups[name]
		if !ok {
			i = len(out)
			groups[name] = i
			out = append(out, components.ControlGroup{Name: name, Title: title(name)})
		}
		return &out[i]
	}
	for _, c := range declared {
		g := group(c.Group)
		g.Controls = append(g.Controls, d.Control(src, c, now))
	}
	for _, a := range actions {
		g := group(a.Group)
		if p, ok := d.Switch(src, a, now); ok {
			if _, both := declared.Get(a.Name); !both {
				g.Controls = append(g.Controls, p)
			}
			continue
		}
		g.Actions = append(g.Actions, d.Action(src, a, now))
	}
	return out
}

// title is the heading of a group.
func title(name string) string {
	if name == "" {
		return "General"
	}
	return natural.Capital(strings.ReplaceAll(name, "_", " "))
}

// Sign writes the CSRF token of a page into all forms of the groups.
func Sign(groups []components.ControlGroup, csrf string) {
	for _, g := range groups {
		for i := range g.Controls {
			g.Controls[i].CSRF = csrf
		}
		for i := range g.Actions {
			g.Actions[i].CSRF = csrf
		}
	}
}

// Parts returns groups as parts of a [tab.List], and what they add to its version.
func Parts(groups []components.ControlGroup) (version string, parts []tab.Part) {
	for _, g := range groups {
		version += g.Title + "\n"
		for _, p := range g.Controls {
			version += p.Section + "\t"
			parts = append(parts, Part(p))
		}
		for _, p := range g.Actions {
			parts = append(parts, ActionPart(p))
		}
	}
	return version, parts
}

// Part is a control as a part of a [tab.List]. If the process reports the value of
// the control, the version does not contain it: a feed of its own brings values, and
// pages put them into the controls that nobody is changing.
func Part(p ui.ControlProps) tab.Part {
	f := p.Field
	version := fmt.Sprint(f.Label, "\x00", f.Help, "\x00", f.Unit, "\x00", f.Type, f.Default, "\x00", number(f.Min), number(f.Max), f.Step, f.Log, f.Soft, choices(f), "\x00",
		f.Error, "\x00", p.Why, "\x00", p.Life)
	if p.Untold {
		version += p.Value
	}
	return tab.Part{ID: ui.PartID(p.Name), Version: version, Frame: components.ControlFrame(p)}
}

// ActionPart is the form of an action as a part of a [tab.List].
func ActionPart(p ui.ActionProps) tab.Part {
	version := fmt.Sprint(p.Label, "\x00", p.Help, "\x00", p.Why, "\x00", p.Life, p.Hidden)
	for _, f := range p.Fields {
		version += fmt.Sprint("\x00", f.Name, "\x00", f.Label, "\x00", f.Help, "\x00", f.Unit, "\x00", f.Type, f.Value, "\x00", number(f.Min), number(f.Max), f.Step, f.Log, f.Soft, choices(f))
	}
	return tab.Part{ID: components.ActionPartID(p), Version: version, Frame: components.ActionFrame(p)}
}

// choices writes what a choice may be, and what people see of it.
func choices(f ui.Field) string { return fmt.Sprintf("%q%q", f.Choices, f.Labels) }

func number(x *float64) string {
	if x == nil {
		return "-;"
	}
	return fmt.Sprint(*x, ";")
}
