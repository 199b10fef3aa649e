package chart

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// Open opens the feed of a chart; the detail is "<chart>/<window in seconds>". Every
// name is allowed: the chart of a series that does not exist stays empty until it does.
func Open(at tab.Place) (tab.Feed, error) {
	src := at.Source
	name, window, err := ParseDetail(at.Detail)
	if err != nil {
		return tab.Feed{}, err
	}
	f, err := NewFeed(Options{
		Topic:  at.Topic,
		Spec:   SpecFor(name),
		Window: window,
		Series: src.Series,
		Marks:  src.Marks,
		Ended:  src.Ended,
	})
	if err != nil {
		return tab.Feed{}, err
	}
	// Frames are deltas.
	return tab.Feed{Wants: f.opts.Spec.Topics(), Every: f.every, Ordered: true, Frames: f}, nil
}

// ViewOf returns the view of charts of a source over a window of time.
func ViewOf(m tab.Moment, window time.Duration) View {
	view := View{Prefix: m.Prefix, Window: window}
	if src := m.Source; src != nil {
		view.Source = src.ID()
		view.Series = src.Series
		view.Ended = src.Ended
		view.IsTopic = func(name string) bool { return src.History(name) != nil }
	}
	return view
}

// WindowOf is the window of time that the query of a page names.
func WindowOf(v tab.View) time.Duration { return ParseWindow(v.Request.URL.Query().Get("window")) }

// SpecOf returns the chart of a source with a name. A simulation describes its
// numbers in [shm.TopicPhysics] itself.
func SpecOf(src *source.Source, name string) Spec {
	spec := SpecFor(name)
	if o, i, ok := observable(src, name); ok {
		return Observed(spec, o, i)
	}
	return spec
}

// observable returns how a simulation describes the number of a series, and the
// index of the number among those of the simulation.
func observable(src *source.Source, name string) (o shm.Observable, i int, ok bool) {
	number, ok := strings.CutPrefix(name, shm.TopicPhysics+".")
	if !ok || src == nil {
		return o, 0, false
	}
	st := src.Model()
	if st == nil {
		return o, 0, false
	}
	for i, o := range st.Observables {
		if o.Name == number {
			return o, i, true
		}
	}
	return o, 0, false
}

// declared reports whether a series is one of a topic that the process has said it has.
func declared(src *source.Source, name string) bool {
	if src == nil {
		return false
	}
	value, _, _ := src.State("topics")
	topics, _ := value.(map[string]shm.Value)
	for topic := range topics {
		if rest, ok := strings.CutPrefix(name, topic); ok && (rest == "" || rest[0] == '.') {
			return true
		}
	}
	return false
}

// Alone returns the page of one chart and its title. name is that of a chart or of
// a series. It is an error if the source has neither.
func Alone(v tab.View, name string) (title string, page templ.Component, err error) {
	spec := SpecOf(v.Source, name)
	known := slices.ContainsFunc(Known(), func(s Spec) bool { return s.Name == spec.Name })
	if _, _, ok := observable(v.Source, name); ok || declared(v.Source, name) {
		known = true // it may not have come yet
	}
	if !known && (v.Source == nil || v.Source.Series(name) == nil) {
		return "", nil, fmt.Errorf("there is no chart named %.60q; the Loader and Messages tabs list those there are", name)
	}
	view := ViewOf(v.Moment, WindowOf(v))
	view.Alone = true
	windows := Windows(v.Prefix+"/individual/"+url.PathEscape(name), v.Request.URL.Query(), view.Window)
	return spec.Title, components.ChartAlone(windows, view.Card(spec, v.Now)), nil
}
