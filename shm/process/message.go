package process

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/pickle"
)

// TopicMessage is the topic of messages that are no dict, and so name no topic.
const TopicMessage = "message"

const (
	maxTopicName = 128    // bytes
	maxNodes     = 20_000 // values of one message, since a page shows no more
	maxDepth     = 32
	maxItems     = 1024 // of an array whose values are passed on
)

// plain converts what a process sent into a [shm.Value]. Arrays keep their dtype and shape,
// and their values if they are few.
func plain(v pickle.Value) (shm.Value, error) {
	return pickle.Plain(v, pickle.PlainOptions{MaxNodes: maxNodes, MaxDepth: maxDepth, Array: array})
}

func array(a *pickle.Array) (any, bool) {
	out := &shm.Array{Descr: natural.Clip(a.Type.Descr(), 200), Shape: append([]int{}, a.Shape...)}
	if n := a.Len(); n == 0 || n > maxItems {
		return out, true
	}
	values, err := pickle.Plain(a, pickle.PlainOptions{MaxNodes: maxNodes, MaxDepth: maxDepth})
	if err != nil {
		return out, true // the array is described instead of written out
	}
	if list, ok := values.([]any); ok && len(a.Shape) > 0 {
		out.Values = list
	} else {
		out.Values = []shm.Value{values}
	}
	return out, true
}

// events turns one message into the events that it stands for. Each key of a dict is a topic,
// unless own takes it; own may be nil. With many a list stands for one event after the other
// of its topic. events leaves out what cannot be passed on, with a note.
func events(v pickle.Value, own func(key string, v pickle.Value) bool, many bool, emit func(shm.Event)) []note {
	d, ok := v.(*pickle.Dict)
	if !ok {
		value, err := plain(v)
		if err != nil {
			return []note{tooMuch("message", TopicMessage, err)}
		}
		emit(shm.Event{Topic: TopicMessage, Value: value})
		return nil
	}
	var notes []note
	for _, e := range d.Entries {
		if key, ok := e.Key.(string); ok && own != nil && own(key, e.Value) {
			continue
		}
		topic := topicName(e.Key)
		each := []pickle.Value{e.Value}
		if list, ok := e.Value.(*pickle.List); ok && many {
			each = list.Items
		}
		for _, v := range each {
			value, err := plain(v)
			if err != nil {
				notes = append(notes, tooMuch("message", topic, err))
				continue
			}
			emit(shm.Event{Topic: topic, Stamp: stampOf(value), Value: value})
		}
	}
	return notes
}

func tooMuch(key, topic string, err error) note {
	if errors.Is(err, pickle.ErrLimit) {
		return note{key + "." + topic, fmt.Sprintf("What came under %q is too large or too deep to show, and was left out", topic)}
	}
	return note{key + "." + topic, fmt.Sprintf("What came under %q cannot be shown and was left out: %v", topic, err)}
}

// stampOf returns the time that the process gave a message, 0 if it gave none.
func stampOf(v shm.Value) float64 {
	if m, ok := v.(map[string]shm.Value); ok {
		if t, ok := shm.Number(m["time"]); ok && t > 0 && t < 1e11 {
			return t
		}
	}
	return 0
}

// topicName turns a key of any type into a topic.
func topicName(key pickle.Value) string {
	s, ok := key.(string)
	if !ok {
		v, err := plain(key)
		if err != nil {
			return TopicMessage
		}
		s = fmt.Sprint(v)
	}
	s = natural.Clip(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s), maxTopicName)
	if strings.TrimSpace(s) == "" {
		return TopicMessage
	}
	return s
}
