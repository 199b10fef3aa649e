package components

import (
	"strconv"
	"time"

	"webmon/components/ui"
)

// Messages is the page of everything a process sends.
type Messages struct {
	Source    string // id
	Name      string
	Link      ui.State // state of the source
	LiveTopic string   // hub topic of MessagesFrame, and of frames of the parts that change
	Topics    []MessageTopic
	Notices   []MessageNotice
	// Charts are the charts of numbers that are sent repeatedly.
	Charts      []ChartProps
	ChartsTopic string // hub topic that renders MessagesChartsFrame
}

// MessageTopic is one topic of the process.
type MessageTopic struct {
	Name  string
	State bool          // a state topic: only the latest value counts
	Known bool          // webmon has a tab for it
	Count uint64        // messages that webmon has received
	Lost  uint64        // messages that webmon never received
	Rate  float64       // a second
	At    time.Time     // of the last message, by webmon's clock
	Age   time.Duration // from At to the rendering
	Last  any           // nil, bool, int64, float64, string, []any, map[string]any or a json.Marshaler
	// Recent are the latest messages, newest first.
	Recent []Message
	// Pin returns the URL that puts a number of the topic on a board (ui.PinHref), by the name of
	// the topic and the keys that lead to the number; nil: there are none.
	Pin func(name string) string
}

// Message is one message.
type Message struct {
	Time  time.Time
	Value any
}

// MessageNotice is something that could not be read.
type MessageNotice struct {
	Key   string
	Text  string // one sentence
	Count int
}

// Bounds of what the page lists.
const (
	maxMessageTopics = 60
	maxRecent        = 20
	lineLength       = 160
)

// Shown returns the topics that the page lists.
func (m Messages) Shown() []MessageTopic { return m.Topics[:min(len(m.Topics), maxMessageTopics)] }

// Left returns how many topics the page does not list.
func (m Messages) Left() int { return max(0, len(m.Topics)-maxMessageTopics) }

func (t MessageTopic) recent() []Message { return t.Recent[:min(len(t.Recent), maxRecent)] }

// ID is the id of the topic's element. A state and an event may have the same
// name.
func (t MessageTopic) ID() string { return ui.ID("topic", t.kind(), t.Name) }

// at is when the last message came, in ms since the epoch. The page's script counts
// the age on from it, because what is rendered may reach a page much later.
func (t MessageTopic) at() string {
	if t.At.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.At.UnixMilli(), 10)
}

func (t MessageTopic) kind() string {
	if t.State {
		return "state"
	}
	return "event"
}

func (n MessageNotice) times() string {
	if n.Count <= 1 {
		return ""
	}
	return ui.Count(n.Count) + " times"
}

func (m Messages) empty() ui.EmptyProps {
	switch {
	case m.Source == "":
		return ui.EmptyProps{
			Title: "No process is attached.",
			Text:  "The messages of a process appear here as soon as it is attached.",
		}
	case m.Link == ui.Gone:
		return ui.EmptyProps{
			Title: m.Name + " has ended.",
			Text:  "It sent no messages.",
		}
	default:
		return ui.EmptyProps{
			Title: "Nothing yet.",
			Text:  "Every message that " + m.Name + " sends appears here, even if webmon does not know its topic. A number that is sent repeatedly gets a chart.",
			Steps: []string{`In napari: from napari.components.experimental.monitor import monitor; monitor.send_message({"stage": {"x": 1.5}})`},
		}
	}
}
