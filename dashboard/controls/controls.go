// Package controls is the tab of everything that people can change in a
// process, and of everything they can ask it to do. A control or a command that
// any Python process declares shows here by itself, as the form that its type,
// limits and unit call for.
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

// layerGroup begins the groups of the controls of napari's layers, which have a
// tab of their own.
const layerGroup = "layer."

// Tab returns the tab.
func Tab(desk *steer.Desk) tab.Tab {
	p := page{desk}
	return tab.Tab{
		Slug: slug, Title: "Controls",
		Help:   "Everything that can be changed in the process, and everything it can be asked to do.",
		Topics: []string{shm.TopicControls, shm.TopicActions},
		Page: func(v tab.View) templ.Component {
			return components.ControlsPage(signed(p.model(v.Moment), v.CSRF))
		},
		List:  func(m tab.Moment) tab.List { return list(p.model(m)) },
		Feeds: desk.Feeds(),
	}
}

// page is what the tab is made of.
type page struct{ desk *steer.Desk }

// model is the page as it is at a moment.
func (p page) model(m tab.Moment) components.Controls {
	src := m.Source
	st := src.Status(m.Now)
	out := components.Controls{
		Source: src.ID(), Name: st.Name, Link: tab.StateOf(src, st),
		LiveTopic: tab.LiveTopic(src, slug), ValuesTopic: steer.ValuesTopic(src),
	}
	if src.ID() == source.Nobody {
		out.Source, out.ValuesTopic = "", ""
		return out
	}
	declared := slices.DeleteFunc(slices.Clone(src.Controls()), func(c shm.Control) bool { return strings.HasPrefix(c.Group, layerGroup) })
	out.Groups = p.desk.Groups(src, declared, src.Actions(), m.Now)
	out.Log = p.desk.Log(src, logLength)
	return out
}

// signed puts the page's token into its forms.
func signed(c components.Controls, csrf string) components.Controls {
	steer.Sign(c.Groups, csrf)
	return c
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
	l.Add(steer.Parts(c.Groups))
	l.Parts = append(l.Parts, tab.Part{
		ID: components.CommandLogID, Version: fmt.Sprint(c.Log), Frame: components.CommandLogFrame(c.Log),
	})
	return l
}
