// Package components holds what people see: templ components, one file for each
// tab. Below it are the packages layout (the shell of a page) and ui (cards, tables,
// form controls). A component formats what it is given. It fetches nothing, computes
// nothing and does not know the time. It imports neither shm nor dashboard.
//
//	templ Stage(d components.TabData) {
//		<p>{ d.Text("stage", "x") } µm</p>
//	}
package components

import (
	"strconv"
	"time"
)

// TabData is what a plain tab is rendered from: the present values of one source.
// It is made again for each rendering, and shared by all browsers.
type TabData struct {
	Prefix    string // of every link, "" or like "/lab"
	Source    string // id of the source, as in URLs
	Name      string // of the source, as people know it
	Connected bool
	Age       time.Duration // since the source last sent anything
	// States holds the latest value of each of the tab's topics that the
	// source has sent: nil, bool, int64, float64, string, []any or
	// map[string]any.
	States map[string]any
	// Events holds the latest events of each of the tab's event topics, oldest
	// first.
	Events map[string][]TabEvent
}

// TabEvent is one event of a topic.
type TabEvent struct {
	Time  time.Time // when webmon received it
	Value any
}

// Has reports whether the source has sent the topic at all.
func (d TabData) Has(topic string) bool {
	_, state := d.States[topic]
	return state || len(d.Events[topic]) > 0
}

// Get returns the value at the path of keys inside a state topic, or inside the
// last event of an event topic; nil if there is none.
func (d TabData) Get(topic string, path ...string) any {
	v, ok := d.States[topic]
	if !ok {
		events := d.Events[topic]
		if len(events) == 0 {
			return nil
		}
		v = events[len(events)-1].Value
	}
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// Text returns the value at the path as text, "–" if there is none.
func (d TabData) Text(topic string, path ...string) string {
	switch v := d.Get(topic, path...).(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', 6, 64)
	default:
		return "–"
	}
}

// Number returns the number at the path, and whether there is one.
func (d TabData) Number(topic string, path ...string) (float64, bool) {
	switch v := d.Get(topic, path...).(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
