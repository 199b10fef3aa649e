// Package loader is the Loader tab: frame times, load times and sizes of
// chunks over a window of time, as charts and as numbers. The charts
// themselves come from package chart.
//
//	tabs := []tab.Tab{loader.Tab()}
package loader

import (
	"strings"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/dashboard/chart"
	"webmon/dashboard/door"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// Tab returns the Loader tab.
func Tab() tab.Tab {
	return tab.Tab{
		Slug:   "loader",
		Title:  "Loader",
		Help:   "How fast frames are drawn and chunks are loaded, over ten seconds to fifteen minutes.",
		Needs:  door.Look,
		Topics: []string{shm.TopicFrameTime, shm.TopicLoadChunk},
		Page:   page,
		Frame:  frame,
		Feeds:  map[string]tab.NewFeed{"chart": chart.Open},
	}
}

func page(v tab.View) templ.Component {
	charts := chart.ViewOf(v.Moment, chart.WindowOf(v))
	props := components.LoaderProps{
		Windows: chart.Windows(v.Prefix+"/loader", v.Request.URL.Query(), charts.Window),
		Notice:  notice(v.Moment),
	}
	if v.Source != nil {
		props.Live = v.LiveTopic("loader")
	}
	for _, spec := range chart.Known() {
		props.Charts = append(props.Charts, charts.Card(spec, v.Now))
	}
	return components.Loader(props)
}

func frame(m tab.Moment) templ.Component { return components.LoaderFrame(notice(m)) }

// notice says what the source does not send, and what to do about it; "" if it sends
// everything.
func notice(m tab.Moment) string {
	if m.Source == nil {
		return ""
	}
	status := m.Source.Status(m.Now)
	switch {
	case !status.Running:
		return ""
	case m.Source.IsModel():
		return status.Name + " is a simulation and sends no times of frames and chunks. The charts of its own numbers are on its page, under Models."
	case status.Kind == shm.KindPython && m.Source.Series("frame_time.delta_ms") == nil:
		return status.Name + " sends no frame times. Their chart appears here if it calls webmon.send(\"frame_time\", {\"delta_ms\": ...}). " +
			"The charts of other numbers that it sends are under Messages."
	case status.Kind != shm.KindNapari:
		return ""
	case status.Silent:
		return status.Name + " is attached, but has not drawn a frame yet. It sends its numbers with each frame. Move its camera once."
	case m.Source.Series("load_chunk.load_ms") == nil && withoutOctree(status.Napari) && status.Package == "":
		return "napari " + status.Napari + " reports no chunk loads by itself, because napari has no octree from 0.5 on. The plugin napari-webmon adds them. Frame times are shown without it."
	}
	return ""
}

// withoutOctree reports whether a version of napari is known to have none.
func withoutOctree(version string) bool {
	return version != "" && !strings.HasPrefix(version, "0.4.")
}
