// Package messages is the tab of everything that a process sends, above all of
// topics that webmon does not know: a new topic appears here without any change in
// webmon.
package messages

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/chart"
	"webmon/dashboard/door"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/natural"
	"webmon/shm"
)

const slug = "messages"

// steady is how many numbers a series must hold to get a chart.
const steady = 3

// known are the topics that have a tab of their own.
var known = map[string]bool{
	shm.TopicPoll: true, shm.TopicFrameTime: true, shm.TopicLoadChunk: true,
	shm.TopicControls: true, shm.TopicActions: true, shm.TopicArrays: true, shm.TopicBoards: true,
	shm.TopicLayers: true, shm.TopicHistograms: true, shm.TopicColors: true,
	"topics": true, // as the package names it
}

// Tab returns the tab.
func Tab() tab.Tab {
	return tab.Tab{
		Slug: slug, Title: "Messages",
		Help:   "Everything that the process sends, live, with a chart for every number that it sends repeatedly.",
		Needs:  door.Look,
		Topics: []string{source.All},
		Page: func(v tab.View) templ.Component {
			m := page(v.Moment)
			m.ChartsTopic = v.Source.ID() + "/message-charts"
			m.Charts = charts(v.Moment, charted(v.Source))
			return components.MessagesPage(m)
		},
		List:  func(m tab.Moment) tab.List { return list(page(m)) },
		Feeds: map[string]tab.NewFeed{"message-charts": chartsFeed},
	}
}

// list is the page as a list with one part for each topic: of many topics only a few
// change at a time.
func list(m components.Messages) tab.List {
	l := tab.List{
		Whole:   components.MessagesFrame(m),
		Version: strconv.Itoa(m.Left()),
		Parts:   []tab.Part{{ID: components.MessagesNoticesID, Version: fmt.Sprint(m.Notices), Frame: components.MessagesNoticesFrame(m.Notices)}},
	}
	if len(m.Topics) == 0 {
		l.Version = string(m.Link) + " " + m.Name // the text that says why there are no topics
	}
	for _, t := range m.Shown() {
		l.Parts = append(l.Parts, tab.Part{
			ID:      t.ID(),
			Version: fmt.Sprint(t.Count, t.Lost, t.At.UnixNano(), ui.Rate(t.Rate)),
			Frame:   components.MessageTopicFrame(t),
		})
	}
	return l
}

// chartsFeed renders the list of charts again when a number has come often enough
// to get one. Each chart is kept live by a feed of its own, so that a card that was
// rendered once is not rendered again.
func chartsFeed(at tab.Place) (tab.Feed, error) {
	var cards []components.ChartProps
	var names []string
	return tab.NewFragment([]string{source.All}, func(now time.Time) templ.Component {
		if next := charted(at.Source); !slices.Equal(next, names) {
			names = next
			cards = charts(at.At(now), names)
		}
		return components.MessagesChartsFrame(cards)
	}), nil
}

// charts are the cards of the numbers with the names at a moment.
func charts(m tab.Moment, names []string) []components.ChartProps {
	view := chart.ViewOf(m, time.Minute)
	out := make([]components.ChartProps, len(names))
	for i, name := range names {
		out[i] = view.Card(chart.SpecFor(name), m.Now)
	}
	return out
}

// page is the content of the page at a moment.
func page(m tab.Moment) components.Messages {
	src := m.Source
	st := src.Status(m.Now)
	out := components.Messages{
		Source: src.ID(), Name: st.Name, Link: tab.StateOf(src, st), LiveTopic: m.LiveTopic(slug),
	}
	if src.ID() == source.Nobody {
		out.Source = ""
	}
	lost := src.Lost()
	if lost.Total > 0 {
		out.Notices = append(out.Notices, components.MessageNotice{Key: shm.TopicLost, Text: lostText(lost), Count: 1})
	}
	for _, e := range src.Events(m.Now) {
		t := components.MessageTopic{Name: e.Name, Known: known[e.Name], Count: e.Count, Rate: e.Rate, Lost: lost.Topics[e.Name]}
		for _, msg := range slices.Backward(e.Recent) {
			t.Recent = append(t.Recent, components.Message{Time: msg.Time, Value: msg.Value})
		}
		if len(t.Recent) > 0 {
			t.Last, t.At, t.Age = t.Recent[0].Value, t.Recent[0].Time, max(0, m.Now.Sub(t.Recent[0].Time))
		}
		out.Topics = append(out.Topics, t)
	}
	for name := range src.States() {
		if _, ok := shm.ArrayOfTopic(name); ok || name == shm.TopicLost {
			continue // frames are not messages, and each topic shows what it has lost
		}
		value, at, seq := src.State(name)
		out.Topics = append(out.Topics, components.MessageTopic{
			Name: name, State: true, Known: known[name], Count: seq, Rate: src.StateRate(name, m.Now),
			At: at, Age: max(0, m.Now.Sub(at)).Round(time.Millisecond), Last: summary(value),
		})
	}
	if src.ID() != source.Nobody {
		pin := func(name string) string {
			if strings.HasSuffix(name, ".time") {
				return "" // when the message came
			}
			return ui.PinHref(m.Prefix, "number", src.ID(), name)
		}
		for i := range out.Topics {
			if t := &out.Topics[i]; !t.State || !t.Known { // of other states the page has a summary
				t.Pin = pin
			}
		}
	}
	// Topics that webmon does not know come first: no other page shows them.
	slices.SortFunc(out.Topics, func(a, b components.MessageTopic) int {
		if a.Known != b.Known {
			if a.Known {
				return 1
			}
			return -1
		}
		return natural.Compare(a.Name, b.Name)
	})
	for _, n := range st.Notices {
		out.Notices = append(out.Notices, components.MessageNotice{Key: n.Key, Text: n.Text, Count: n.Count})
	}
	return out
}

// lostText says how many messages the process has dropped.
func lostText(lost shm.Lost) string {
	return fmt.Sprintf("%s lost: the process sent them faster than webmon read them, or before webmon was attached, and keeps only the last ones.",
		ui.Count(lost.Total)+" "+ui.Plural(int(lost.Total), "message was", "messages were"))
}

// summary is what the page shows of a state: everything that the process has sent
// but the thousands of tiles, which the Viewer tab shows.
func summary(v shm.Value) shm.Value {
	switch v := v.(type) {
	case *shm.TilePoll:
		return tiles(v)
	case *shm.Layers:
		return v.Sent()
	case *shm.Histograms:
		return v.Sent()
	}
	return v
}

// tiles counts the tiles of each layer.
func tiles(poll *shm.TilePoll) shm.Value {
	layers := map[string]shm.Value{}
	for _, l := range poll.Layers {
		fields := map[string]shm.Value{}
		if l.State != nil {
			fields["tiles drawn"] = int64(len(l.State.Rows))
		}
		if l.Config != nil {
			fields["level"] = l.Config.LevelIndex
		}
		layers[l.ID] = fields
	}
	return map[string]shm.Value{"layers": layers}
}

// charted lists the numbers of unknown topics that have come often enough for
// a chart.
func charted(src *source.Source) []string {
	var out []string
	for _, name := range src.SeriesNames() {
		topic, _, _ := strings.Cut(name, ".")
		if !known[topic] && src.Series(name).Total() >= steady {
			out = append(out, name)
		}
	}
	return out
}
