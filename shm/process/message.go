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
	maxItems     = 1024          // of an array whose values are passed on
	maxAllItems  = 64 * maxItems // of all such arrays in a value
)

// plain converts what a process sent into a [shm.Value]. Arrays keep their
// dtype and shape, and their values where they are few.
func plain(v pickle.Value) (shm.Value, error) {
	left := maxAllItems
	return pickle.Plain(v, pickle.PlainOptions{MaxNodes: maxNodes, MaxDepth: maxDepth, Array: func(a *pickle.Array) (any, bool) {
		return array(a, &left), true
	}})
}

// array describes an array, and writes out its values if they are few and no more than
// are left of all that may be written out.
func array(a *pickle.Array, left *int) *shm.Array {
	out := &shm.Array{Descr: natural.Clip(a.Type.Descr(), 200), Shape: append([]int{}, a.Shape...)}
	n := a.Len()
	if n == 0 || n > min(maxItems, *left) {
		return out
	}
	*left -= n
	values, err := pickle.Plain(a, pickle.PlainOptions{MaxNodes: maxNodes, MaxDepth: maxDepth})
	if err != nil {
		return out // described instead of written out
	}
	if list, ok := values.([]any); ok && len(a.Shape) > 0 {
		out.Values = list
	} else {
		out.Values = []shm.Value{values}
	}
	return out
}

// events turns one message into the events it stands for: each key of a dict
// is a topic, unless own, if any, takes it. With many a list is one event after
// the other of its topic. What cannot be passed on is left out, with a note.
func events(v pickle.Value, own func(key string, v pickle.Value) bool, many bool, emit func(shm.Event)) []note {
	var wrong notes
	left := int64(maxSent) // bytes, written out; arrays have a bound of their own, see plain
	tries := maxWrong
	take := func(topic string, v pickle.Value) {
		if tries == 0 {
			return
		}
		weight, err := pickle.Weight(v, pickle.WeightOptions{Most: left, Array: func(*pickle.Array) int64 { return 0 }})
		var value shm.Value
		if err == nil {
			left -= weight
			value, err = plain(v)
		}
		if err != nil {
			n := tooMuch("message", topic, err)
			wrong.add(n.key, "%s", n.text)
			if tries--; tries == 0 {
				wrong.last("message", fmt.Sprintf("A message has more than %d values that cannot be shown; the rest of it was left out", maxWrong))
			}
			return
		}
		emit(shm.Event{Topic: topic, Stamp: stampOf(value), Value: value})
	}
	d, ok := v.(*pickle.Dict)
	if !ok {
		take(TopicMessage, v)
		return wrong.list
	}
	keys := 0
	for _, e := range d.Entries {
		if key, ok := e.Key.(string); ok && own != nil && own(key, e.Value) {
			continue
		}
		if keys++; keys > maxKeys {
			wrong.add("message.keys", "A message has %d topics; the first %d were taken", d.Len(), maxKeys)
			break
		}
		topic := topicName(e.Key)
		each := []pickle.Value{e.Value}
		if list, ok := e.Value.(*pickle.List); ok && many {
			each = list.Items
		}
		for _, v := range each {
			take(topic, v)
		}
	}
	return wrong.list
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
