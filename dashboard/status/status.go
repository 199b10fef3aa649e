// Package status is the tab about webmon itself: the processes that it watches, the
// latency, what watching costs the processes, and what webmon uses.
package status

import (
	"slices"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/dashboard/budget"
	"webmon/dashboard/door"
	"webmon/dashboard/record"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
)

const slug = "status"

// Options are what the tab needs of the dashboard.
type Options struct {
	Sources func() []*source.Source
	// Server describes webmon itself.
	Server func(now time.Time) components.StatusServer
	// Changes is the record of what people have changed.
	Changes *record.Log
	// Access says who is in webmon, and how people come in.
	Access func() *components.Access
}

// Tab returns the tab.
func Tab(opts Options) tab.Tab {
	return tab.Tab{
		Slug: slug, Title: "Status",
		Help: "The processes that webmon watches, what happened to them, who is here, and what watching costs.", Needs: door.Manage,
		Page: func(v tab.View) templ.Component {
			m := opts.model(v.Moment)
			m.CSRF = v.CSRF
			if m.Access != nil {
				m.Access.CSRF = v.CSRF
			}
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
		Prefix: m.Prefix, LiveTopic: m.LiveTopic(slug), AttachCode: components.HowToAttach,
		Server: o.Server(m.Now), Changes: o.changes(m),
	}
	if !m.Locked {
		out.Access = o.Access()
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
			ReaderURL: st.Reader, Kept: Kept("", st.Kept),
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

// listed is how many changes the page shows.
const listed = 50

// changes are the last changes, the newest first.
func (o Options) changes(m tab.Moment) components.Changes {
	out := components.Changes{
		CSV: m.Prefix + "/api/v1/changes?format=csv", Addresses: !m.Locked, Problem: o.Changes.Problem(), Now: m.Now,
	}
	for _, e := range slices.Backward(o.Changes.List(record.Query{Limit: listed})) {
		entry := components.ChangeEntry{
			ID: e.ID, Time: e.Time.Local(), Who: e.Who, Source: e.Source, Name: e.Name,
			From: e.From, To: e.To, Count: e.Count, Status: e.Status, Reason: e.Reason,
		}
		if !m.Locked {
			entry.Address = e.Address
		}
		out.List = append(out.List, entry)
	}
	return out
}

// Kept describes what is kept by an account.
func Kept(title string, use budget.Use) components.StatusKept {
	return components.StatusKept{
		Title: title, Limit: uint64(use.Limit), Used: uint64(max(use.Used, 0)), Most: uint64(use.Most),
		Dropped: use.Dropped, DroppedBytes: use.DroppedBytes, Refused: use.Refused,
	}
}

func millis(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
