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
	Link      ui.State // what the source is like
	LiveTopic string   // hub topic that renders MessagesFrame, and what has changed of it alone
	Topics    []MessageTopic
	Notices   []MessageNotice
	// Charts are of the numbers that come again and again.
	Charts      []ChartProps
	ChartsTopic string // hub topic that renders MessagesChartsFrame
}

// MessageTopic is one topic of the process.
type MessageTopic struct {
	Name  string
	State bool          // the latest value counts, not each message
	Known bool          // webmon has a tab for it
	Count uint64        // messages so far
	Lost  uint64        // and those that never came
	Rate  float64       // a second
	At    time.Time     // of the last message, by webmon's clock
	Age   time.Duration // since then, when rendered
	Last  any           // nil, bool, int64, float64, string, []any, map[string]any or a json.Marshaler
	// Recent are the latest messages, newest first.
	Recent []Message
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

// Shown are the topics that the page lists.
func (m Messages) Shown() []MessageTopic { return m.Topics[:min(len(m.Topics), maxMessageTopics)] }

// Left is how many topics the page does not list.
func (m Messages) Left() int { return max(0, len(m.Topics)-maxMessageTopics) }

func (t MessageTopic) recent() []Message { return t.Recent[:min(len(t.Recent), maxRecent)] }

// ID is the id of the topic's element. A state and an event may have the same
// name.
func (t MessageTopic) ID() string { return ui.ID("topic", t.kind(), t.Name) }

// at is when the last message came, for the script that lets its age tick on:
// what is rendered may reach a page long after.
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
			Text:  "What one sends appears here as soon as it is.",
		}
	case m.Link == ui.Gone:
		return ui.EmptyProps{
			Title: m.Name + " has ended.",
			Text:  "It had sent nothing.",
		}
	default:
		return ui.EmptyProps{
			Title: "Nothing yet.",
			Text:  "Every message that " + m.Name + " sends appears here, known to webmon or not. A number that comes again and again becomes a chart by itself.",
			Steps: []string{`In napari: from napari.components.experimental.monitor import monitor; monitor.send_message({"stage": {"x": 1.5}})`},
		}
	}
}
