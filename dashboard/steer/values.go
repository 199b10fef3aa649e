package steer

import (
	"fmt"
	"time"

	"webmon/dashboard/frame"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// valuesEvery is the least time between two frames of the values of controls.
const valuesEvery = time.Second / 60

// ValuesTopic is the hub topic of the values of a source's controls.
func ValuesTopic(src *source.Source) string { return src.ID() + "/" + valuesFeed }

// valuesFeed is the name of the feed of the values.
const valuesFeed = "values"

// Feeds are the feeds that pages with controls need.
func (d *Desk) Feeds() map[string]tab.NewFeed { return map[string]tab.NewFeed{valuesFeed: newValues} }

// values makes the frames of the feed "<source>/values": the values of the controls
// of a source, so that pages follow while somebody drags one. A frame is JSON,
//
//	{"topic", "ts": ms since the epoch, "values": {name: value}}
//
// with the values that have changed. A snapshot has all of them.
type values struct {
	src   *source.Source
	topic string
	at    time.Time            // when the controls came that were last looked at
	known map[string]shm.Value // the last values that were sent
}

func newValues(p tab.Place) (tab.Feed, error) {
	if p.Detail != "" {
		return tab.Feed{}, fmt.Errorf("the values of %s are not told apart by %q", p.Source.ID(), p.Detail)
	}
	return tab.Feed{
		Wants: []string{shm.TopicControls}, Every: valuesEvery, Ordered: true,
		Fresh:  true, // a slider must not jump back to an older value
		Light:  true, // what one browser does to a control reaches the others at once
		Frames: &values{src: p.Source, topic: p.Topic, known: map[string]shm.Value{}},
	}, nil
}

// Snapshot returns all values. It leaves known alone, because other browsers have
// still to be sent what has changed.
func (f *values) Snapshot(now time.Time) []byte {
	controls := f.src.Controls()
	if len(controls) == 0 {
		return nil
	}
	return f.frame(controls, now)
}

func (f *values) Next(now time.Time) []byte {
	_, at, _ := f.src.State(shm.TopicControls)
	controls := f.src.Controls()
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

func (f *values) frame(controls shm.Controls, now time.Time) []byte {
	w := frame.Begin(make([]byte, 0, 64+48*len(controls)), f.topic, now)
	w.Key("values").Object()
	for _, c := range controls {
		if isScalar(c.Value) {
			w.Key(c.Name)
			w.Buf, _ = shm.AppendJSON(w.Buf, c.Value) // scalars cannot fail
		}
	}
	w.EndObject()
	return w.End()
}

// isScalar reports whether a value is one that a control can have, and can be
// compared.
func isScalar(v shm.Value) bool {
	switch v.(type) {
	case bool, int64, float64, string:
		return true
	}
	return false
}
