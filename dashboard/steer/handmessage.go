package steer

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode"
	"unicode/utf8"

	"webmon/natural"
	"webmon/shm"
)

// Limits of what a page may say about hands.
const (
	maxHandBytes = 8 << 10
	maxEvents    = 64   // in one message
	maxPlace     = 16   // of a place, and how far one event leads, either way: a drag may leave the canvas
	maxFactor    = 1024 // of one zoom, either way: two fingers may come from one place
	maxNotches   = 64   // of one turn of a wheel, either way
	maxKeyBytes  = 32   // of the name of a key
	maxCount     = 1e15 // of the number of a message
)

// HandsMessage is what hands have done on a page, from its socket:
//
//	{"type": "canvas-hand", "source": id, "page": 8 hex digits, "n": rising from 1, "events": [
//	  {"do": "pan", "dx", "dy"}, {"do": "zoom", "x", "y", "by"}, {"do": "rotate", "dx", "dy"}, {"do": "reset"},
//	  {"do": "point", "x", "y"}, {"do": "leave"},
//	  {"do": "press"|"move"|"release"|"double", "x", "y", "button": "left"|"middle"|"right", "mods": ["Shift", ...]},
//	  {"do": "wheel", "x", "y", "dx", "dy", "mods"}, {"do": "key", "key", "down", "mods"}]}
//
// [shm.Hand] says what they mean. A page gives itself a random name when it is loaded, and
// numbers its messages.
type HandsMessage struct {
	Source string
	Page   string
	N      uint64
	Events []shm.Hand
}

// handMessage is a HandsMessage as JSON. A pointer is nil if the field is missing.
type handMessage struct {
	Source string      `json:"source"`
	Page   string      `json:"page"`
	N      *float64    `json:"n"`
	Events []handEvent `json:"events"`
}

type handEvent struct {
	Do     string   `json:"do"`
	X      *float64 `json:"x"`
	Y      *float64 `json:"y"`
	DX     *float64 `json:"dx"`
	DY     *float64 `json:"dy"`
	By     *float64 `json:"by"`
	Button *string  `json:"button"`
	Mods   []string `json:"mods"`
	Key    *string  `json:"key"`
	Down   *bool    `json:"down"`
}

// ReadHands reads a HandsMessage. One event that makes no sense makes none of all: the page
// has a fault.
func ReadHands(message []byte) (HandsMessage, error) {
	var in handMessage
	if len(message) > maxHandBytes {
		return HandsMessage{}, fmt.Errorf("a message of hands has %d bytes; %d are allowed", len(message), maxHandBytes)
	}
	if err := json.Unmarshal(message, &in); err != nil {
		return HandsMessage{}, err
	}
	m := HandsMessage{Source: in.Source, Page: in.Page}
	switch {
	case !IsPage(in.Page):
		return m, fmt.Errorf("%.20q is no name of a page: 8 hex digits are", in.Page)
	case in.N == nil || !(*in.N >= 1 && *in.N <= maxCount) || *in.N != math.Trunc(*in.N):
		return m, errors.New("a message of hands needs its number n, from 1")
	case len(in.Events) > maxEvents:
		return m, fmt.Errorf("a message of hands has %d events; %d are allowed", len(in.Events), maxEvents)
	}
	m.N = uint64(*in.N)
	for i := range in.Events {
		h, err := in.Events[i].hand()
		if err != nil {
			return m, fmt.Errorf("event %d of a message of hands: %w", i+1, err)
		}
		m.Events = append(m.Events, h)
	}
	return m, nil
}

// IsPage reports whether a page may give itself that name: 8 hex digits.
func IsPage(name string) bool {
	if len(name) != 8 {
		return false
	}
	for _, c := range []byte(name) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
	}
	return true
}

// hand checks an event. It has only the fields that its kind has.
func (e *handEvent) hand() (shm.Hand, error) {
	h := shm.Hand{Do: shm.HandDo(e.Do)}
	r := handReader{}
	switch h.Do {
	case shm.HandPan, shm.HandRotate:
		h.DX, h.DY = r.within("dx", e.DX, maxPlace), r.within("dy", e.DY, maxPlace)
	case shm.HandZoom:
		h.X, h.Y = r.within("x", e.X, maxPlace), r.within("y", e.Y, maxPlace)
		if h.By = r.within("by", e.By, maxFactor); r.err == nil && h.By < 1.0/maxFactor {
			r.err = fmt.Errorf("by is %v: a factor from 1/%d to %d is needed", h.By, maxFactor, maxFactor)
		}
	case shm.HandReset, shm.HandLeave:
	case shm.HandPoint:
		h.X, h.Y = r.within("x", e.X, maxPlace), r.within("y", e.Y, maxPlace)
	case shm.HandPress, shm.HandMove, shm.HandRelease, shm.HandDouble:
		h.X, h.Y = r.within("x", e.X, maxPlace), r.within("y", e.Y, maxPlace)
		if e.Button != nil {
			h.Button = *e.Button
		}
		if !slices.Contains(shm.HandButtons[:], h.Button) && !(h.Do == shm.HandMove && h.Button == "") {
			r.failed(fmt.Errorf("%.20q is no button: left, middle and right are", h.Button))
		}
		h.Mods = r.mods(e.Mods)
	case shm.HandWheel:
		h.X, h.Y = r.within("x", e.X, maxPlace), r.within("y", e.Y, maxPlace)
		h.DX, h.DY = r.within("dx", e.DX, maxNotches), r.within("dy", e.DY, maxNotches)
		h.Mods = r.mods(e.Mods)
	case shm.HandKey:
		if e.Key == nil || !isKey(*e.Key) {
			r.failed(errors.New("a key needs its name, as KeyboardEvent.key has it"))
		} else {
			h.Key = *e.Key
		}
		if e.Down == nil {
			r.failed(errors.New("a key is down or up"))
		} else {
			h.Down = *e.Down
		}
		h.Mods = r.mods(e.Mods)
	default:
		r.failed(fmt.Errorf("nothing is called %q", natural.Clip(e.Do, 20)))
	}
	return h, r.err
}

// isKey reports whether a key may be called that.
func isKey(name string) bool {
	if name == "" || len(name) > maxKeyBytes || !utf8.ValidString(name) {
		return false
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// handReader reads the fields of an event, and keeps the first mistake.
type handReader struct{ err error }

func (r *handReader) failed(err error) {
	if r.err == nil {
		r.err = err
	}
}

// within returns a number from -most to most.
func (r *handReader) within(name string, v *float64, most float64) float64 {
	switch {
	case v == nil:
		r.failed(fmt.Errorf("it has no %s", name))
	case !(*v >= -most && *v <= most):
		r.failed(fmt.Errorf("%s is %v, which is not from %v to %v", name, *v, -most, most))
	default:
		return *v
	}
	return 0
}

func (r *handReader) mods(names []string) (mods shm.HandMods) {
	for _, name := range names {
		i := slices.Index(shm.HandModNames[:], name)
		if i < 0 {
			r.failed(fmt.Errorf("%.20q is no key that is held: Shift, Control, Alt and Meta are", name))
			return 0
		}
		mods |= 1 << i
	}
	return mods
}

// ReadDraw reads whether somebody wants to draw at the canvas of a source:
//
//	{"type": "canvas-draw", "source": id, "on": bool, "page": the name of the page, or missing}
func ReadDraw(message []byte) (src, page string, on bool, err error) {
	var m struct {
		Source string `json:"source"`
		Page   string `json:"page"`
		On     *bool  `json:"on"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return "", "", false, err
	}
	if m.On == nil {
		return "", "", false, errors.New("a message of the kind canvas-draw does not say whether it is on")
	}
	if !IsPage(m.Page) {
		m.Page = ""
	}
	return m.Source, m.Page, *m.On, nil
}
