package maps

import (
	"fmt"
	"time"

	"webmon/components"
	"webmon/dashboard/frame"
	"webmon/dashboard/maps/together"
	"webmon/dashboard/tab"
)

// newTogether opens the room of a map: who looks at it together.
func (m *Maps) newTogether(at tab.Place) (tab.Feed, error) {
	if m.opts.Together == nil || !isName(at.Detail) || at.Topic != together.Topic(at.Detail) {
		return tab.Feed{}, fmt.Errorf("nobody looks at a map %.40q together", at.Detail)
	}
	if _, ok := m.entry(at.Detail); !ok {
		return tab.Feed{}, fmt.Errorf("there is no map %.40q", at.Detail)
	}
	feed, err := m.opts.Together(at)
	if err != nil {
		return feed, err
	}
	feed.Frames = &room{Frames: feed.Frames, topic: at.Topic, there: func() bool { _, ok := m.entry(at.Detail); return ok }}
	return feed, nil
}

// together is the part of a map's page for those who look at it together; nil if nobody can.
func (m *Maps) together(mo tab.Moment, key string) *components.MapTogether {
	if m.opts.Together == nil {
		return nil
	}
	return &components.MapTogether{Room: together.Topic(key), Follows: mo.Locked}
}

// room are the frames of a room, with a frame {"gone": true} once its map is there no more.
type room struct {
	tab.Frames
	topic string
	there func() bool
	gone  bool
}

func (r *room) Snapshot(now time.Time) []byte {
	if r.gone {
		return r.isGone(now)
	}
	return r.Frames.Snapshot(now)
}

func (r *room) Next(now time.Time) []byte {
	switch there := r.there(); {
	case !there && !r.gone:
		r.gone = true
		return r.isGone(now)
	case !there:
		return nil
	case r.gone:
		r.gone = false
		return r.Frames.Snapshot(now)
	}
	return r.Frames.Next(now)
}

func (r *room) isGone(now time.Time) []byte {
	w := frame.Begin(nil, r.topic, now)
	w.Key("people").Array()
	w.EndArray()
	w.Key("gone").Bool(true)
	return w.End()
}
