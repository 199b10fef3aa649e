// Package controls is the tab of everything that people can change in a
// process, and of everything they can ask it to do. A control or a command that
// any Python process declares shows here by itself, as the form that its type,
// limits and unit call for.
package controls

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

const slug = "controls"

// logLength is how many of the last commands the page lists.
const logLength = 20

// layerGroup begins the groups of the controls of napari's layers, which have a
// tab of their own.
const layerGroup = "layer."

// Options are what the tab needs of the dashboard.
type Options struct {
	// Control is a control as people see it.
	Control func(*source.Source, shm.Control, time.Time) ui.ControlProps
	// Switch is an action that turns something on and off, ok, as a control.
	Switch func(*source.Source, shm.Action, time.Time) (p ui.ControlProps, ok bool)
	// Action is an action as a form.
	Action func(*source.Source, shm.Action, time.Time) ui.ActionProps
	// Log lists the last commands to a source, newest first.
	Log func(src *source.Source, n int) []components.CommandEntry
	// Values is the feed of the controls' values.
	Values tab.NewFeed
	// Link says what a source is like, in a word.
	Link func(*source.Source, source.Status) ui.State
}

// Tab returns the tab.
func Tab(opts Options) tab.Tab {
	return tab.Tab{
		Slug: slug, Title: "Controls",
		Help:   "Everything that can be changed in the process, and everything it can be asked to do.",
		Topics: []string{shm.TopicControls, shm.TopicActions},
		Page: func(v tab.View) templ.Component {
			return components.ControlsPage(signed(opts.model(v.Moment), v.CSRF))
		},
		List:  func(m tab.Moment) tab.List { return list(opts.model(m)) },
		Feeds: map[string]tab.NewFeed{"values": opts.Values},
	}
}

// ValuesTopic is the hub topic of the values of a source's controls.
func ValuesTopic(src *source.Source) string { return src.ID() + "/values" }

// model is the page as it is at a moment.
func (o Options) model(m tab.Moment) components.Controls {
	src := m.Source
	st := src.Status(m.Now)
	out := components.Controls{
		Source: src.ID(), Name: st.Name, Link: o.Link(src, st),
		LiveTopic: tab.LiveTopic(src, slug), ValuesTopic: ValuesTopic(src),
	}
	if src.ID() == source.Nobody {
		out.Source, out.ValuesTopic = "", ""
		return out
	}
	value, _, _ := src.State(shm.TopicControls)
	declared, _ := value.(shm.Controls)
	declared = slices.DeleteFunc(slices.Clone(declared), func(c shm.Control) bool { return strings.HasPrefix(c.Group, layerGroup) })
	out.Groups = o.Groups(src, declared, src.Actions(), m.Now)
	out.Log = o.Log(src, logLength)
	return out
}

// Groups are controls and actions in the groups that the process says, each in
// the order in which it has them. Pages that show them have the feed of Values.
func (o Options) Groups(src *source.Source, declared shm.Controls, actions []shm.Action, now time.Time) []components.ControlGroup {
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
		g.Controls = append(g.Controls, o.Control(src, c, now))
	}
	for _, a := range actions {
		g := group(a.Group)
		if p, ok := o.Switch(src, a, now); ok {
			if _, both := declared.Get(a.Name); !both {
				g.Controls = append(g.Controls, p)
			}
			continue
		}
		g.Actions = append(g.Actions, o.Action(src, a, now))
	}
	return out
}

// title is the heading of a group.
func title(name string) string {
	if name == "" {
		return "General"
	}
	name = strings.ReplaceAll(name, "_", " ")
	first, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[n:]
}

// signed puts the page's token into its forms.
func signed(c components.Controls, csrf string) components.Controls {
	Sign(c.Groups, csrf)
	return c
}

// Sign puts the token of a page into the forms of groups.
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

// list is the page in parts, one a control: of many controls few change at a
// time.
func list(c components.Controls) tab.List {
	l := tab.List{Whole: components.ControlsFrame(c)}
	if len(c.Groups) == 0 {
		l.Version = string(c.Link) + " " + c.Name // why there are none
		if len(c.Log) == 0 {
			return l
		}
	}
	l.Add(Parts(c.Groups))
	l.Parts = append(l.Parts, tab.Part{
		ID: components.CommandLogID, Version: fmt.Sprint(c.Log), Frame: components.CommandLogFrame(c.Log),
	})
	return l
}

// Parts are groups as parts of a list, and the version of the list that they
// make.
func Parts(groups []components.ControlGroup) (version string, parts []tab.Part) {
	for _, g := range groups {
		version += g.Title + "\n"
		for _, p := range g.Controls {
			parts = append(parts, Part(p))
		}
		for _, p := range g.Actions {
			parts = append(parts, ActionPart(p))
		}
	}
	return version, parts
}

// Part is a control as a part of a list. Its value is not what makes it another
// one, if the process tells it: values have a feed of their own, and pages put
// them into the controls that nobody holds.
func Part(p ui.ControlProps) tab.Part {
	f := p.Field
	version := fmt.Sprint(f.Label, "\x00", f.Help, "\x00", f.Unit, "\x00", f.Type, f.Default, "\x00", number(f.Min), number(f.Max), f.Step, f.Log, f.Choices, "\x00",
		f.Error, "\x00", p.Why, "\x00", p.Life)
	if p.Untold {
		version += p.Value
	}
	return tab.Part{ID: ui.PartID(p.Name), Version: version, Frame: components.ControlFrame(p)}
}

// ActionPart is the form of an action as a part of a list.
func ActionPart(p ui.ActionProps) tab.Part {
	version := fmt.Sprint(p.Label, "\x00", p.Help, "\x00", p.Why, "\x00", p.Life, p.Hidden)
	for _, f := range p.Fields {
		version += fmt.Sprint("\x00", f.Name, "\x00", f.Label, "\x00", f.Help, "\x00", f.Unit, "\x00", f.Type, f.Value, "\x00", number(f.Min), number(f.Max), f.Step, f.Log, f.Choices)
	}
	return tab.Part{ID: components.ActionPartID(p), Version: version, Frame: components.ActionFrame(p)}
}

func number(x *float64) string {
	if x == nil {
		return "-;"
	}
	return fmt.Sprint(*x, ";")
}
