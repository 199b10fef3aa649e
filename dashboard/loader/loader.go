// Package loader is the Loader tab: frame times, load times and sizes of
// chunks over a window of time, as charts and as numbers. The charts
// themselves, also those of numbers that webmon has never heard of, come from
// package chart; this one puts them on pages.
//
//	tabs := []tab.Tab{loader.Tab()}
package loader

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/dashboard/chart"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// Tab returns the Loader tab.
func Tab() tab.Tab {
	return tab.Tab{
		Slug:   "loader",
		Title:  "Loader",
		Help:   "How fast frames and chunks go, over ten seconds to a quarter of an hour.",
		Topics: []string{shm.TopicFrameTime, shm.TopicLoadChunk},
		Page:   page,
		Frame:  frame,
		Feeds:  map[string]tab.NewFeed{"chart": Feed},
	}
}

// Feed opens the feed of a chart; detail is "<chart>/<window in seconds>". Any
// name is a chart's: that of a series which has not come yet stays empty.
func Feed(src *source.Source, topic, detail string) (tab.Feed, error) {
	name, window, err := chart.ParseDetail(detail)
	if err != nil {
		return nil, err
	}
	return chart.NewFeed(chart.Options{
		Topic:  topic,
		Spec:   chart.SpecFor(name),
		Window: window,
		Series: src.Series,
		Marks:  src.Marks,
		Ended:  src.Ended,
	})
}

func page(v tab.View) templ.Component {
	charts := View(v)
	props := components.LoaderProps{
		Windows: chart.Windows(v.Prefix+"/loader", v.Request.URL.Query(), charts.Window),
		Notice:  notice(v.Moment),
	}
	if v.Source != nil {
		props.Live = tab.LiveTopic(v.Source, "loader")
	}
	for _, spec := range chart.Known() {
		props.Charts = append(props.Charts, charts.Card(spec, v.Now))
	}
	return components.Loader(props)
}

func frame(m tab.Moment) templ.Component { return components.LoaderFrame(notice(m)) }

// View returns the view that charts on the page v have.
func View(v tab.View) chart.View {
	view := chart.View{
		Prefix: v.Prefix,
		Window: chart.ParseWindow(v.Request.URL.Query().Get("window")),
	}
	if src := v.Source; src != nil {
		view.Source = src.ID()
		view.Series = src.Series
		view.Ended = src.Ended
		view.IsTopic = func(name string) bool { return src.History(name) != nil }
	}
	return view
}

// SpecFor returns the chart of that name of a source. A simulation says itself
// what the numbers of shm.TopicPhysics are.
func SpecFor(src *source.Source, name string) chart.Spec {
	spec := chart.SpecFor(name)
	if o, i, ok := observable(src, name); ok {
		return chart.Observed(spec, o, i)
	}
	return spec
}

// observable returns the number that a simulation says it reports under the name
// of a series, and its place among them.
func observable(src *source.Source, name string) (o shm.Observable, i int, ok bool) {
	number, ok := strings.CutPrefix(name, shm.TopicPhysics+".")
	if !ok || src == nil {
		return o, 0, false
	}
	value, _, _ := src.State(shm.TopicModel)
	st, _ := value.(*shm.ModelState)
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

// Alone returns the page of one chart, by the name of the chart or of a
// series, and its title. It is an error if the source has neither.
func Alone(v tab.View, name string) (title string, page templ.Component, err error) {
	spec := SpecFor(v.Source, name)
	known := slices.ContainsFunc(chart.Known(), func(s chart.Spec) bool { return s.Name == spec.Name })
	if _, _, ok := observable(v.Source, name); ok {
		known = true // it may not have come yet
	}
	if !known && (v.Source == nil || v.Source.Series(name) == nil) {
		return "", nil, fmt.Errorf("there is no chart named %.60q; the Loader and Messages tabs list those there are", name)
	}
	view := View(v)
	view.Alone = true
	windows := chart.Windows(v.Prefix+"/individual/"+url.PathEscape(name), v.Request.URL.Query(), view.Window)
	return spec.Title, components.ChartAlone(windows, view.Card(spec, v.Now)), nil
}

// notice says what the source does not send, and what to do; "" if all is there.
func notice(m tab.Moment) string {
	if m.Source == nil {
		return ""
	}
	status := m.Source.Status(m.Now)
	switch {
	case !status.Running:
		return ""
	case m.Source.IsModel():
		return status.Name + " is a simulation and sends no times of frames and chunks. Its own numbers are charted on its page, under Models."
	case status.Kind == shm.KindPython && m.Source.Series("frame_time.delta_ms") == nil:
		return status.Name + " sends no frame times. They are charted here if it calls webmon.send(\"frame_time\", {\"delta_ms\": ...}); " +
			"other numbers that it sends have their charts under Messages."
	case status.Kind != shm.KindNapari:
		return ""
	case status.Silent:
		return status.Name + " is attached and has not drawn a frame yet. It sends its numbers with each frame: move its camera once."
	case m.Source.Series("load_chunk.load_ms") == nil && withoutOctree(status.Napari) && status.Package == "":
		return "napari " + status.Napari + " reports no chunk loads of itself: from 0.5 on it has no octree. The plugin napari-webmon adds them. Frame times come all the same."
	}
	return ""
}

// withoutOctree reports whether a version of napari is known to have none.
func withoutOctree(version string) bool {
	return version != "" && !strings.HasPrefix(version, "0.4.")
}
