// Package status is the tab about webmon itself: the processes that it watches, the
// latency, what watching costs the processes, and what webmon uses.
package status

import (
	"slices"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
)

const slug = "status"

// Options are what the tab needs of the dashboard.
type Options struct {
	Sources func() []*source.Source
	// Server describes webmon itself.
	Server func(now time.Time) components.StatusServer
}

// Tab returns the tab.
func Tab(opts Options) tab.Tab {
	return tab.Tab{
		Slug: slug, Title: "Status",
		Help: "The processes that webmon watches, what happened to them, and what watching costs.",
		Page: func(v tab.View) templ.Component {
			m := opts.model(v.Moment)
			m.CSRF = v.CSRF
			return components.StatusPage(m)
		},
		Frame: func(m tab.Moment) templ.Component {
			return components.StatusFrame(opts.model(m))
		},
	}
}

// model is the content of the page at a moment.
func (o Options) model(m tab.Moment) components.Status {
	out := components.Status{
		Prefix: m.Prefix, LiveTopic: tab.LiveTopic(m.Source, slug), AttachCode: components.HowToAttach,
		Server: o.Server(m.Now),
	}
	for _, src := range o.Sources() {
		st := src.Status(m.Now)
		s := components.StatusSource{
			ID: st.ID, Name: st.ID, Kind: string(st.Kind), State: tab.StateOf(src, st), Problem: st.Problem,
			Python: st.Python, Napari: st.Napari, Package: st.Package, PID: st.PID, Address: st.Address,
			Starts: st.Starts, Frames: st.Frames, Rate: st.FrameRate, Lost: st.Lost, Heard: st.Heard, Age: st.Age,
			LatencyMedian: -1, LatencyP99: -1,
			Calls: st.CostRate.CallsPerSec, Bytes: st.CostRate.BytesPerSec,
			ManagerCPU: st.CostRate.Manager, Waiting: st.CostRate.Waiting,
			ReaderURL: st.Reader,
		}
		if st.Latency.Count > 0 {
			s.LatencyMedian, s.LatencyP99 = millis(st.Latency.Median), millis(st.Latency.P99)
		}
		if !st.Running && !st.Ended.IsZero() {
			s.Dismiss = m.Prefix + "/sources/" + st.ID + "/dismiss"
		}
		out.Sources = append(out.Sources, s)
		for _, h := range src.Happened() {
			out.Happened = append(out.Happened, components.StatusEvent{
				Time: h.Time, Source: st.ID, Kind: h.Kind, Text: h.Text,
			})
		}
	}
	slices.SortStableFunc(out.Happened, func(a, b components.StatusEvent) int { return b.Time.Compare(a.Time) })
	return out
}

func millis(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
