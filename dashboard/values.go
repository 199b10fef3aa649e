package dashboard

import (
	"fmt"
	"strconv"
	"time"

	"webmon/dashboard/hub"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// valuesEvery is the least time between two frames of the values of controls.
const valuesEvery = time.Second / 60

// valuesFeed is the feed "<source>/values": what the controls of a source are
// set to, so that pages follow while somebody drags. A frame is JSON,
//
//	{"topic", "ts": ms since the epoch, "values": {name: value}}
//
// with the values that have changed, or in a snapshot all.
type valuesFeed struct {
	src   *source.Source
	topic string
	at    time.Time // when the controls that were last looked at came
	known map[string]shm.Value
}

func newValuesFeed(src *source.Source, topic, detail string) (tab.Feed, error) {
	if detail != "" {
		return nil, fmt.Errorf("the values of %s are not told apart by %q", src.ID(), detail)
	}
	return &valuesFeed{src: src, topic: topic, known: map[string]shm.Value{}}, nil
}

func (f *valuesFeed) Wants() []string      { return []string{shm.TopicControls} }
func (f *valuesFeed) Every() time.Duration { return valuesEvery }
func (f *valuesFeed) Ordered() bool        { return true }

// Fresh implements [tab.Fresh]: a slider must not go back to where it was.
func (f *valuesFeed) Fresh() {}

// Light implements [tab.Light]: what one hand does to a control is on its way to
// all others at once.
func (f *valuesFeed) Light() {}

// Snapshot tells all values. Others have still to be told what has changed.
func (f *valuesFeed) Snapshot(now time.Time) []byte {
	controls := controlsOf(f.src)
	if len(controls) == 0 {
		return nil
	}
	return f.frame(controls, now)
}

func (f *valuesFeed) Next(now time.Time) []byte {
	value, at, _ := f.src.State(shm.TopicControls)
	controls, _ := value.(shm.Controls)
	if at.Equal(f.at) || len(controls) == 0 {
		return nil
	}
	f.at = at
	var changed shm.Controls
	for _, c := range controls {
		known, ok := f.known[c.Name]
		if !isScalar(c.Value) || ok && known == c.Value {
			continue
		}
		f.known[c.Name] = c.Value
		changed = append(changed, c)
	}
	if len(changed) == 0 {
		return nil
	}
	return f.frame(changed, now)
}

func (f *valuesFeed) frame(controls shm.Controls, now time.Time) []byte {
	b := append(make([]byte, 0, 64+48*len(controls)), `{"topic":`...)
	b = strconv.AppendQuote(b, f.topic)
	b = append(b, `,"ts":`...)
	b = hub.AppendStamp(b, now)
	b = append(b, `,"values":{`...)
	first := true
	for _, c := range controls {
		if !isScalar(c.Value) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b, _ = shm.AppendJSON(b, c.Name) // scalars cannot fail
		b = append(b, ':')
		b, _ = shm.AppendJSON(b, c.Value)
	}
	return append(b, "}}"...)
}

// isScalar reports whether a value can be that of a control, and be compared.
func isScalar(v shm.Value) bool {
	switch v.(type) {
	case bool, int64, float64, string:
		return true
	}
	return false
}
