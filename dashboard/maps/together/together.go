// Package together is what people say to each other who look at a map together: where each
// of them points, in an image or in the plot, and what the last of them has selected. Who is
// there, and telling all of it to everybody, is the business of dashboard/people, in the room
// [Topic] of the map.
//
// A page sends, as JSON over its socket,
//
//	{"type": "map-hand", "map": key, "hand": {"session", "x", "y", "z"}}   // in an image: micrometres, and the slice from 0; without z: in the maximum of all
//	{"type": "map-hand", "map": key, "hand": {"plot", "x", "y"}}           // in the plot: values on its axes, and which axes
//	{"type": "map-hand", "map": key, "hand": null}                         // nowhere
//	{"type": "map-select", "map": key, "what": {"key", "run", "session", "edition", "x", "y", "z"}}
//	{"type": "map-select", "map": key, "what": {"key"}}                    // nothing is selected
//
// and gets the same objects back in the frames of the room. plot is a number that pages make
// of the axes, so that who shows others draws nothing at the wrong place. key is a number of the
// page that says it, by which it knows its own word again. Runs are numbered in an edition; who
// shows another one finds the object by its place in the session.
package together

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"webmon/dashboard/frame"
	"webmon/dashboard/source"
)

// Feed is the name of the feed of a room.
const Feed = "map-together"

// Rooms is what the topics of all rooms begin with. They belong to no source: people look at
// the same map beside whatever process.
const Rooms = source.Nobody + "/" + Feed + "/"

// Limits of what a page may say.
const (
	maxNumber  = 1e12 // of a place, either way
	maxIndex   = 1 << 30
	maxEdition = 128 // bytes
	digits     = 7   // of micrometres that go to the others
)

// Topic is the hub topic of the room of a map.
func Topic(key string) string { return Rooms + key }

// place is what all hands and selections have. A pointer is nil if the field is missing.
type place struct {
	Session *float64 `json:"session"`
	Plot    *float64 `json:"plot"`
	X       *float64 `json:"x"`
	Y       *float64 `json:"y"`
	Z       *float64 `json:"z"`
	Key     *float64 `json:"key"`
	Run     *float64 `json:"run"`
	Edition string   `json:"edition"`
}

// ReadHand reads where somebody points on a map, as JSON for everybody; nil: nowhere.
func ReadHand(message []byte) (key string, hand []byte, err error) {
	var m struct {
		Map  string `json:"map"`
		Hand *place `json:"hand"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return "", nil, err
	}
	if m.Hand == nil {
		return m.Map, nil, nil
	}
	var w frame.Writer
	w.Object()
	r := reader{w: &w}
	if m.Hand.Plot != nil {
		r.index("plot", m.Hand.Plot, math.MaxUint32)
		r.number("x", m.Hand.X, -1)
		r.number("y", m.Hand.Y, -1)
	} else {
		r.index("session", m.Hand.Session, maxIndex)
		r.number("x", m.Hand.X, digits)
		r.number("y", m.Hand.Y, digits)
		if m.Hand.Z != nil {
			r.index("z", m.Hand.Z, maxIndex)
		}
	}
	w.EndObject()
	return m.Map, w.Buf, r.err
}

// ReadSelection reads what somebody has selected on a map, as JSON for everybody.
func ReadSelection(message []byte) (key string, what []byte, err error) {
	var m struct {
		Map  string `json:"map"`
		What *place `json:"what"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return "", nil, err
	}
	if m.What == nil {
		return "", nil, errors.New("a message of the kind map-select has no what")
	}
	var w frame.Writer
	w.Object()
	r := reader{w: &w}
	r.index("key", m.What.Key, math.MaxUint32)
	if m.What.Run != nil {
		if !isEdition(m.What.Edition) {
			return "", nil, fmt.Errorf("%.40q is no edition of a map", m.What.Edition)
		}
		r.index("run", m.What.Run, maxIndex)
		r.index("session", m.What.Session, maxIndex)
		w.Key("edition").String(m.What.Edition)
		// An object without a place is still one.
		for _, at := range []struct {
			name string
			v    *float64
		}{{"x", m.What.X}, {"y", m.What.Y}, {"z", m.What.Z}} {
			if at.v != nil {
				r.number(at.name, at.v, digits)
			}
		}
	}
	w.EndObject()
	return m.Map, w.Buf, r.err
}

// isEdition reports whether a text may be the name of an edition, none of whose letters takes
// more than a byte in JSON.
func isEdition(text string) bool {
	if len(text) > maxEdition {
		return false
	}
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// reader writes numbers that a page sends, and keeps what is wrong with the first that is.
type reader struct {
	w   *frame.Writer
	err error
}

func (r *reader) number(name string, v *float64, digits int) {
	switch {
	case r.err != nil:
	case v == nil:
		r.err = fmt.Errorf("a message of a map has no %s", name)
	case !(math.Abs(*v) <= maxNumber):
		r.err = fmt.Errorf("%s is %g, which is no place on a map", name, *v)
	default:
		r.w.Key(name).Digits(*v, digits)
	}
}

func (r *reader) index(name string, v *float64, most float64) {
	switch {
	case r.err != nil:
	case v == nil:
		r.err = fmt.Errorf("a message of a map has no %s", name)
	case !(*v >= 0 && *v <= most) || *v != math.Trunc(*v):
		r.err = fmt.Errorf("%s is %g, and must be a whole number from 0 to %.0f", name, *v, most)
	default:
		r.w.Key(name).Uint(uint64(*v))
	}
}
