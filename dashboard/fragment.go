package dashboard

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/layout"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
)

// htmlFeed opens the feed of a live region: the header's, or a tab's.
func (s *Server) htmlFeed(src *source.Source, slug string) (tab.Feed, error) {
	if slug == headerSlug {
		return tab.NewFragment(nil, func(now time.Time) templ.Component { return s.headerFrame(src, now) }), nil
	}
	for i := range s.tabs {
		t := &s.tabs[i]
		if t.Slug == slug && t.Items != nil {
			if item := t.Items.Of(src); item != "" {
				return tab.NewList(t.Items.Topics, func(now time.Time) tab.List {
					return t.Items.List(tab.Moment{Source: src, Now: now, Prefix: s.opts.Prefix}, item)
				}), nil
			}
		}
		if t.Slug == slug && t.List != nil {
			return tab.NewList(t.Topics, func(now time.Time) tab.List {
				return t.List(tab.Moment{Source: src, Now: now, Prefix: s.opts.Prefix})
			}), nil
		}
		if t.Slug == slug && (t.Live != nil || t.Frame != nil) {
			return tab.NewFragment(t.Topics, func(now time.Time) templ.Component {
				return s.tabFrame(t, src, now)
			}), nil
		}
	}
	return nil, fmt.Errorf("no tab %q has a live region", slug)
}

// tabFrame renders the live regions of a tab as they go over the socket.
func (s *Server) tabFrame(t *tab.Tab, src *source.Source, now time.Time) templ.Component {
	if t.Frame != nil {
		return t.Frame(tab.Moment{Source: src, Now: now, Prefix: s.opts.Prefix})
	}
	return within(layout.Fragment(liveID(t)), t.Live(s.tabData(t, src, now)))
}

// tabContent is a tab as it is when it is opened.
func (s *Server) tabContent(t *tab.Tab, v tab.View) templ.Component {
	if t.Page != nil {
		return t.Page(v)
	}
	return within(layout.Region(liveID(t), tab.LiveTopic(v.Source, t.Slug)), t.Live(s.tabData(t, v.Source, v.Now)))
}

// liveID is the id of a plain tab's live region.
func liveID(t *tab.Tab) string { return "live-" + t.Slug }

// within renders the children inside the parent.
func within(parent, children templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return parent.Render(templ.WithChildren(ctx, children), w)
	})
}

// tabData collects what a plain tab is rendered from.
func (s *Server) tabData(t *tab.Tab, src *source.Source, now time.Time) components.TabData {
	st := src.Status(now)
	d := components.TabData{
		Prefix: s.opts.Prefix, Source: src.ID(), Name: st.Name, Connected: st.Connected, Age: st.Age,
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
