package dashboard

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/layout"
	"webmon/dashboard/tab"
)

// htmlFeed opens the feed of a live region: the header's, or a tab's.
func (s *Server) htmlFeed(at tab.Place) (tab.Feed, error) {
	if at.Detail == headerSlug {
		return tab.NewFragment(nil, func(now time.Time) templ.Component { return layout.HeaderFrame(s.header(at.At(now))) }), nil
	}
	for i := range s.tabs {
		t := &s.tabs[i]
		if t.Slug != at.Detail {
			continue
		}
		item := ""
		if t.Items != nil {
			item = t.Items.Of(at.Source)
		}
		switch {
		case item != "":
			return tab.NewList(t.Items.Topics, func(now time.Time) tab.List { return t.Items.List(at.At(now), item) }), nil
		case t.List != nil:
			return tab.NewList(t.Topics, func(now time.Time) tab.List { return t.List(at.At(now)) }), nil
		case t.Live != nil || t.Frame != nil:
			return tab.NewFragment(t.Topics, func(now time.Time) templ.Component { return s.tabFrame(t, at.At(now)) }), nil
		}
	}
	return tab.Feed{}, fmt.Errorf("no tab %q has a live region", at.Detail)
}

// tabFrame renders the live regions of a tab as they go over the socket.
func (s *Server) tabFrame(t *tab.Tab, m tab.Moment) templ.Component {
	if t.Frame != nil {
		return t.Frame(m)
	}
	return within(layout.Fragment(liveID(t)), t.Live(tabData(t, m)))
}

// tabContent is the content of a tab when it is opened.
func (s *Server) tabContent(t *tab.Tab, v tab.View) templ.Component {
	if t.Page != nil {
		return t.Page(v)
	}
	return within(layout.Region(liveID(t), v.LiveTopic(t.Slug)), t.Live(tabData(t, v.Moment)))
}

// liveID is the id of a plain tab's live region.
func liveID(t *tab.Tab) string { return "live-" + t.Slug }

// within renders parent with the children in it.
func within(parent, children templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return parent.Render(templ.WithChildren(ctx, children), w)
	})
}

// tabData collects what a plain tab is rendered from.
func tabData(t *tab.Tab, m tab.Moment) components.TabData {
	src, now := m.Source, m.Now
	st := src.Status(now)
	d := components.TabData{
		Prefix: m.Prefix, Source: src.ID(), Name: st.Name, Connected: st.Connected, Age: st.Age,
		States: map[string]any{}, Events: map[string][]components.TabEvent{},
	}
	for _, topic := range t.Topics {
		if v, at, _ := src.State(topic); !at.IsZero() {
			d.States[topic] = v
		}
		if info, ok := src.Event(topic, now); ok {
			for _, m := range info.Recent {
				d.Events[topic] = append(d.Events[topic], components.TabEvent{Time: m.Time, Value: m.Value})
			}
		}
	}
	return d
}
