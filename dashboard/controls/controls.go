// Package controls is the tab of all controls and commands of a process. A control
// or a command that a Python process declares appears here without any change in
// webmon, as a form that suits its type, its limits and its unit.
package controls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/shm"
)

const slug = "controls"

// logLength is how many of the last commands the page lists.
const logLength = 20

// layerGroup is the beginning of the groups of controls of napari's layers, which
// have a tab of their own.
const layerGroup = "layer."

// viewsGroup is the group of what restores the views that are saved: people go to one by
// its name, on the page of the layers.
const viewsGroup = "views"

// Tab returns the tab.
func Tab(desk *steer.Desk) tab.Tab {
	p := page{desk}
	return tab.Tab{
		Slug: slug, Title: "Controls",
		Help:   "Everything that can be changed in the process, and every command that can be sent to it.",
		Topics: []string{shm.TopicControls, shm.TopicActions},
		Page: func(v tab.View) templ.Component {
			return components.ControlsPage(signed(p.model(v.Moment), v.CSRF))
		},
		List:  func(m tab.Moment) tab.List { return list(p.model(m)) },
		Feeds: desk.Feeds(),
	}
}

// page makes the tab.
type page struct{ desk *steer.Desk }

// model is the content of the page at a moment.
func (p page) model(m tab.Moment) components.Controls {
	src := m.Source
	st := src.Status(m.Now)
	out := components.Controls{
		Source: src.ID(), Name: st.Name, Link: tab.StateOf(src, st),
		LiveTopic: m.LiveTopic(slug), ValuesTopic: steer.ValuesTopic(src),
	}
	if src.ID() == source.Nobody {
		out.Source, out.ValuesTopic = "", ""
		return out
	}
	declared := slices.DeleteFunc(slices.Clone(src.Controls()), func(c shm.Control) bool { return strings.HasPrefix(c.Group, layerGroup) })
	actions := slices.DeleteFunc(slices.Clone(src.Actions()), func(a shm.Action) bool { return a.Group == viewsGroup })
	out.Groups = p.desk.Groups(src, declared, actions, m.Now)
	out.Log = p.desk.Log(src, logLength)
	return out
}

// signed is model with the page's CSRF token in its forms.
func signed(c components.Controls, csrf string) components.Controls {
	steer.Sign(c.Groups, csrf)
	return c
}

// list is the page as a list with one part for each control: of many controls only a
// few change at a time.
func list(c components.Controls) tab.List {
	l := tab.List{Whole: components.ControlsFrame(c)}
	if len(c.Groups) == 0 {
		l.Version = string(c.Link) + " " + c.Name // the text that says why there are no controls
		if len(c.Log) == 0 {
			return l
		}
	}
	l.Add(steer.Parts(c.Groups))
	l.Parts = append(l.Parts, tab.Part{
		ID: components.CommandLogID, Version: fmt.Sprint(c.Log), Frame: components.CommandLogFrame(c.Log),
	})
	return l
}
