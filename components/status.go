package components

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"webmon/components/ui"
)

// Status is the page about webmon itself and the processes it watches.
type Status struct {
	Prefix    string
	CSRF      string
	LiveTopic string // hub topic that renders StatusFrame
	// AttachCode is how to attach a process, as commands to copy; "" for none.
	AttachCode string

	Sources  []StatusSource
	Server   StatusServer
	Happened []StatusEvent // newest first
	Changes  Changes
	Access   *Access // nil for those who may not manage webmon
}

// StatusSource is one watched process.
type StatusSource struct {
	ID, Name, Kind string
	State          ui.State
	Problem        string // why the source is not live, one sentence
	Python, Napari string // versions; "" if not known
	Package        string // version of the webmon package inside it
	PID            int
	Address        string
	Starts         int // processes seen under this name
	Frames         uint64
	Rate           float64 // frames a second
	Lost           uint64  // messages that the process dropped before webmon read them
	Heard          bool
	Age            time.Duration
	// Latency is the time from the process's stamp of a frame to webmon, over the
	// last minute; negative if not known.
	LatencyMedian, LatencyP99 time.Duration

	// What watching costs the process.
	Calls      float64 // requests a second
	Bytes      float64 // bytes read a second
	ManagerCPU float64 // fraction of one core, for all work of the manager; negative if not known
	Waiting    float64 // fraction of the time in which a request is under way

	Kept StatusKept // its states and histories

	ReaderURL string // URL of another webmon that reads the process; "" for none
	Dismiss   string // URL to post to, to forget a process that is gone; "" for none
}

// StatusServer is webmon itself.
type StatusServer struct {
	Version  string
	PID      int
	Uptime   time.Duration
	Browsers int
	Topics   int     // topics that browsers watch now
	Sent     float64 // messages a second, to all browsers
	SentRate float64 // bytes a second
	Dropped  uint64  // frames that were not sent to a browser because a newer one was available
	// Paint is the time from sending a frame to its paint, over all browsers and the
	// last minute; negative if not known.
	PaintMedian, PaintP99 time.Duration
	MemoryBytes           uint64
	CPU                   float64      // fraction of one core
	Trust                 string       // address of the page about the own authority; "" where there is none
	Budget                uint64       // bytes of what webmon keeps, at most
	Kept                  []StatusKept // states and histories of all sources first
	Volumes               StatusVolumes
	Maps                  StatusMaps
}

// StatusMaps is what there is of maps.
type StatusMaps struct {
	Maps, Problems  int    // that were found, and that cannot be read
	Loaded          int    // in memory
	Bytes           uint64 // of these
	Edited, Unsaved int    // maps with edits that are not saved, and these edits
	Stacks          int    // image stacks that are open
	Pictures        uint64 // bytes of projections and other pictures that were made of stacks
	Sources         int    // maps whose images are a source now
}

func (m StatusMaps) note() string {
	return ui.Count(m.Maps) + " " + ui.Plural(m.Maps, "map", "maps")
}

func (m StatusMaps) pairs() []ui.Pair {
	out := []ui.Pair{
		{Name: "in memory", Value: ui.Count(m.Loaded), Unit: ui.Plural(m.Loaded, "map", "maps"), Key: "loaded", Note: ui.BytesText(float64(m.Bytes))},
		{Name: "edits not saved", Value: ui.Count(m.Unsaved), Key: "unsaved"},
		{Name: "image stacks open", Value: ui.Count(m.Stacks), Key: "stacks"},
		{Name: "pictures kept", Value: ui.BytesText(float64(m.Pictures)), Key: "pictures", Note: "maxima of slices and what contrasts are taken from"},
		{Name: "in the viewer", Value: ui.Count(m.Sources), Unit: ui.Plural(m.Sources, "map", "maps"), Key: "sources"},
	}
	if m.Edited > 0 {
		out[1].Note = "of " + ui.Count(m.Edited) + " " + ui.Plural(m.Edited, "map", "maps")
	}
	if m.Problems > 0 {
		out = append(out, ui.Pair{Name: "cannot be read", Value: ui.Count(m.Problems), Unit: ui.Plural(m.Problems, "map", "maps"), Key: "problems", Note: "the tab Maps says why"})
	}
	return out
}

// StatusVolumes is what was asked for of volumes.
type StatusVolumes struct {
	Exports int // volumes that are offered to other programs now
	Traffic []StatusTraffic
}

// StatusTraffic is what was asked for of one kind since webmon began.
type StatusTraffic struct {
	Title                    string
	Requests, Bytes, Refused uint64
}

// StatusKept is one share of what webmon keeps.
type StatusKept struct {
	Title             string
	Limit, Used, Most uint64 // bytes; Most is the most it ever was
	Dropped           uint64 // things that were let go because there was no room for them
	DroppedBytes      uint64
	Refused           uint64 // things that were not begun because there was no room for them
}

// StatusEvent is one thing that happened.
type StatusEvent struct {
	Time   time.Time
	Source string // name; "" for webmon itself
	Kind   string // "start", "end", "stop", "stale", "resume", "error"
	Text   string // one sentence
}

const maxStatusEvents = 100

func (s Status) events() []StatusEvent { return s.Happened[:min(len(s.Happened), maxStatusEvents)] }

func (e StatusEvent) mark() string {
	switch e.Kind {
	case "start", "resume":
		return "dot dot-live"
	case "stop":
		return "dot dot-waiting"
	case "stale":
		return "dot dot-stale"
	default:
		return "dot dot-gone"
	}
}

func (s Status) sources() ui.TableProps {
	props := ui.TableProps{
		Caption: "Table of the sources",
		Columns: []ui.Column{
			{Title: "source"}, {Title: "state"}, {Title: "kind"},
			{Title: "age", Numeric: true},
			{Title: "rate", Unit: "Hz", Numeric: true},
			{Title: "frames", Numeric: true},
			{Title: "lost", Unit: "messages", Numeric: true},
			{Title: "latency p50", Unit: "ms", Numeric: true},
			{Title: "p99", Unit: "ms", Numeric: true},
			{Title: "napari"}, {Title: "Python"}, {Title: "pid", Numeric: true}, {Title: "starts", Numeric: true},
		},
		Empty: "No process is attached.",
	}
	for _, src := range s.Sources {
		age := ui.None
		if src.Heard {
			age = ui.Age(src.Age)
		}
		props.Rows = append(props.Rows, ui.Row{
			Key: src.ID,
			Dim: src.State == ui.Gone,
			Cells: []ui.Cell{
				{Text: src.Name}, {Content: ui.StateMark(src.State)}, {Text: src.Kind},
				{Text: age}, {Text: ui.Rate(src.Rate)}, {Text: ui.Count(src.Frames)}, {Text: ui.Count(src.Lost)},
				{Text: millis(src.LatencyMedian)}, {Text: millis(src.LatencyP99)},
				{Text: src.Napari}, {Text: src.Python}, {Text: number(src.PID)}, {Text: number(src.Starts)},
			},
		})
	}
	return props
}

func (s Status) kept() ui.TableProps {
	props := ui.TableProps{
		Caption: "Table of what webmon keeps",
		Columns: []ui.Column{
			{Title: "kept"},
			{Title: "now", Numeric: true}, {Title: "most so far", Numeric: true}, {Title: "at most", Numeric: true},
			{Title: "let go", Numeric: true}, {Title: "of", Numeric: true}, {Title: "refused", Numeric: true},
		},
	}
	rows := slices.Clone(s.Server.Kept)
	for i, src := range s.Sources {
		kept := src.Kept
		kept.Title = "of which " + src.Name
		rows = slices.Insert(rows, min(1+i, len(rows)), kept)
	}
	for _, k := range rows {
		props.Rows = append(props.Rows, ui.Row{Key: k.Title, Cells: ui.Text(k.Title,
			ui.BytesText(float64(k.Used)), ui.BytesText(float64(k.Most)), ui.BytesText(float64(k.Limit)),
			ui.Count(k.Dropped), ui.BytesText(float64(k.DroppedBytes)), ui.Count(k.Refused))})
	}
	return props
}

// asked reports whether anything of a volume was ever asked for, or is offered.
func (v StatusVolumes) asked() bool {
	return v.Exports > 0 || slices.ContainsFunc(v.Traffic, func(t StatusTraffic) bool { return t.Requests > 0 })
}

func (v StatusVolumes) note() string {
	return ui.Count(v.Exports) + " " + ui.Plural(v.Exports, "volume is", "volumes are") + " offered to other programs"
}

func (v StatusVolumes) table() ui.TableProps {
	props := ui.TableProps{
		Caption: "Table of what is read of volumes",
		Columns: []ui.Column{{Title: "what"}, {Title: "requests", Numeric: true}, {Title: "sent", Numeric: true}, {Title: "refused", Numeric: true}},
	}
	for _, t := range v.Traffic {
		props.Rows = append(props.Rows, ui.Row{Key: t.Title, Cells: ui.Text(t.Title, ui.Count(t.Requests), ui.BytesText(float64(t.Bytes)), ui.Count(t.Refused))})
	}
	return props
}

func (s Status) costs() ui.TableProps {
	props := ui.TableProps{
		Caption: "Table of what watching costs",
		Columns: []ui.Column{
			{Title: "source"},
			{Title: "requests", Unit: "per s", Numeric: true},
			{Title: "read", Unit: "per s", Numeric: true},
			{Title: "busy", Unit: "%", Numeric: true},
			{Title: "manager CPU", Unit: "% of a core", Numeric: true},
		},
		Empty: "No process is attached.",
	}
	for _, src := range s.Sources {
		manager := ui.None
		if src.ManagerCPU >= 0 {
			manager = ui.Percent(src.ManagerCPU)
		}
		props.Rows = append(props.Rows, ui.Row{
			Key: src.ID, Dim: src.State == ui.Gone,
			Cells: ui.Text(src.Name, ui.Rate(src.Calls), ui.BytesText(src.Bytes), ui.Percent(src.Waiting), manager),
		})
	}
	return props
}

func (s StatusServer) stats() []ui.StatProps {
	memory, memoryUnit := ui.Bytes(float64(s.MemoryBytes))
	rate, rateUnit := ui.Bytes(s.SentRate)
	return []ui.StatProps{
		{Label: "browsers", Value: ui.Count(s.Browsers), Key: "browsers"},
		{Label: "topics watched", Value: ui.Count(s.Topics), Key: "topics"},
		{Label: "messages out", Value: ui.Rate(s.Sent), Unit: "per s", Key: "sent"},
		{Label: "data out", Value: rate, Unit: rateUnit + "/s", Key: "sent_bytes"},
		{Label: "frames dropped", Value: ui.Count(s.Dropped), Key: "dropped",
			Title: "Frames that were not sent to a browser because a newer one was available"},
		{Label: "paint p50", Value: millis(s.PaintMedian), Unit: "ms", Key: "paint_p50",
			Title: "Time from sending a frame to its paint in the browser, over the last minute"},
		{Label: "paint p99", Value: millis(s.PaintP99), Unit: "ms", Key: "paint_p99"},
		{Label: "memory", Value: memory, Unit: memoryUnit, Key: "memory"},
		{Label: "CPU", Value: ui.Percent(s.CPU), Unit: "%", Key: "cpu", Title: "Of one core"},
		{Label: "up for", Value: ui.Age(s.Uptime), Key: "uptime"},
	}
}

func millis(d time.Duration) string {
	if d < 0 {
		return ui.None
	}
	return ui.Millis(d)
}

func number(n int) string {
	if n == 0 {
		return ui.None
	}
	return strconv.Itoa(n)
}

// about is one line that says which webmon this is.
func (s StatusServer) about() string {
	parts := []string{"webmon"}
	if s.Version != "" {
		parts = append(parts, s.Version)
	}
	if s.PID != 0 {
		parts = append(parts, "pid "+strconv.Itoa(s.PID))
	}
	return strings.Join(parts, " · ")
}
