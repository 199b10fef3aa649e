package steer

import (
	"slices"
	"sync"
	"time"

	"webmon/dashboard/source"
	"webmon/shm"
)

const (
	// setEvery is the least time between two values of one control that go on to
	// the process for one browser: as often as screens paint.
	setEvery = time.Second / 60
	// maxSets bounds the controls that are being dragged at the same moment.
	maxSets = 1024
)

// sets tells processes what hands make of their controls, so that the last hand at
// one has the last word.
//
// A value comes over a socket, where a slider is dragged and again where it is let
// go, and once more by the form that is posted then. Of the two ways neither is
// always the faster, and what comes late must not undo what somebody else has done
// meanwhile. So a page numbers what its hand does, a form has the number of the
// value that it repeats, and what counts is when something was heard of first.
//
// Of values on the way only the newest of each control and browser goes on, and no
// more often than setEvery.
type sets struct {
	mu sync.Mutex // guards of
	of map[string]*steering
}

func newSets() *sets { return &sets{of: map[string]*steering{}} }

// steering is what hands do to one source. mu is held while the process is told
// something, so that it hears things in the order in which they are counted, and of
// values that make sense only together never those of two hands.
type steering struct {
	mu     sync.Mutex // guards all below
	count  uint64     // of what was heard
	turns  map[string]*turn
	swept  time.Time
	moving map[setKey]*moving
}

// turn is one control, as long as hands are at it.
type turn struct {
	last  uint64 // what was heard of it last, by count
	at    time.Time
	hands map[string]heard
}

// heard is the last of what a hand has done to a control.
type heard struct{ n, count uint64 }

// Number is the place of a value among those of a page. Hand is what the page calls
// itself since it was loaded, and N counts what it has said as that. A form may say
// the same again under the same number. The zero value is none: it does not count.
type Number struct {
	Hand string
	N    uint64
}

const (
	// keepTurns is how long a number is remembered, to know a post that comes late.
	keepTurns = time.Minute
	// maxHands bounds the hands that are remembered of a control.
	maxHands = 64
)

// setKey is what a browser is setting: a control by its name, or the finger.
type setKey struct {
	browser any
	name    string
}

// fingerKey stands for the two controls of the finger. No control has a slash.
const fingerKey = "/finger"

// moving is a control, or several, that a browser has just sent values for.
type moving struct {
	src    steered
	values []setValue // that came since the last ones were told; empty: none
}

type setValue struct {
	name  string
	value shm.Value
	Number
	count uint64 // when it was heard of
}

// steered is what can be told something: a [source.Source].
type steered interface {
	ID() string
	Command(cmd shm.Command, report func(shm.Status, string))
}

func (s *sets) steering(id string) *steering {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.of[id]
	if st == nil {
		st = &steering{turns: map[string]*turn{}, moving: map[setKey]*moving{}}
		s.of[id] = st
	}
	return st
}

// hear counts something that is done to a control. It returns 0 for what is late:
// somebody has done something else since it was heard of, or the hand itself.
// A form is heard after its twin; the other way round there is nothing left to do.
// mu is held.
func (s *steering) hear(name string, by Number, form bool, now time.Time) (count uint64) {
	t := s.turns[name]
	if t == nil {
		s.sweep(now)
		t = &turn{hands: map[string]heard{}}
		s.turns[name] = t
	}
	if by.Hand != "" {
		h, known := t.hands[by.Hand]
		twin := known && by.N == h.n
		if known && by.N < h.n || twin && !(form && h.count == t.last) {
			return 0
		}
		if !known && len(t.hands) >= maxHands {
			var oldest string
			for hand, o := range t.hands {
				if oldest == "" || o.count < t.hands[oldest].count {
					oldest = hand
				}
			}
			delete(t.hands, oldest)
		}
		t.hands[by.Hand] = heard{by.N, s.count + 1}
	}
	s.count++
	t.last, t.at = s.count, now
	return s.count
}

// sweep forgets the controls that nobody is at.
func (s *steering) sweep(now time.Time) {
	if now.Sub(s.swept) < keepTurns {
		return
	}
	s.swept = now
	for name, t := range s.turns {
		if now.Sub(t.at) >= keepTurns {
			delete(s.turns, name)
		}
	}
}

// Drag takes a value that a hand is dragging through. Values that the control
// does not allow are left out: whoever drags sees the limits, and the form that
// follows is answered with the reason.
//
// browser tells connections apart. value is what JSON knows.
func (d *Desk) Drag(browser any, src *source.Source, name string, value any, by Number) {
	control, ok := src.Controls().Get(name)
	if !ok {
		return
	}
	accepted, err := control.Accept(value)
	if err != nil {
		return
	}
	d.sets.move(setKey{browser, name}, src, setValue{name: name, value: accepted, Number: by})
}

// Point moves the finger of a model to where somebody points. x and y are parts
// of the picture's width and height, y upwards. A source without a finger takes
// no notice.
func (d *Desk) Point(browser any, src *source.Source, x, y float64) {
	controls := src.Controls()
	fx, okX := fingerAt(controls, shm.ControlFingerX, x)
	fy, okY := fingerAt(controls, shm.ControlFingerY, y)
	if okX && okY {
		d.sets.move(setKey{browser, fingerKey}, src, fx, fy)
	}
}

// fingerAt is the value of one of the finger's controls that is nearest to where
// somebody points.
func fingerAt(controls shm.Controls, name string, at float64) (setValue, bool) {
	c, ok := controls.Get(name)
	if !ok {
		return setValue{}, false
	}
	if c.Min != nil {
		at = max(*c.Min, at)
	}
	if c.Max != nil {
		at = min(*c.Max, at)
	}
	v, err := c.Accept(at)
	return setValue{name: name, value: v}, err == nil
}

// move takes values on the way.
func (s *sets) move(key setKey, src steered, values ...setValue) {
	st := s.steering(src.ID())
	st.mu.Lock()
	defer st.mu.Unlock()
	now := time.Now()
	for i := range values {
		values[i].count = st.hear(values[i].name, values[i].Number, false, now)
	}
	values = slices.DeleteFunc(values, func(v setValue) bool { return v.count == 0 })
	if len(values) == 0 {
		return
	}
	if m := st.moving[key]; m != nil {
		m.src, m.values = src, values
		return
	}
	// Of fingers there are no more than of browsers, and the place where one is
	// let go must arrive.
	if len(st.moving) >= maxSets && key.name != fingerKey {
		return
	}
	st.moving[key] = &moving{src: src, values: values}
	st.tell(key)
}

// tell passes on what has come of a control, unless something newer has come of it
// by another way, and forgets one that rests. mu is held.
func (s *steering) tell(key setKey) {
	m := s.moving[key]
	if len(m.values) == 0 {
		delete(s.moving, key)
		return
	}
	for _, v := range m.values {
		if t := s.turns[v.name]; t != nil && t.last != v.count {
			continue
		}
		// Nobody waits for it, and a process that is gone has no use for it.
		m.src.Command(shm.Command{Name: v.name, Args: map[string]shm.Value{v.name: v.value}}, func(shm.Status, string) {})
	}
	m.values = nil
	time.AfterFunc(setEvery, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tell(key)
	})
}

// post calls send, which tells the process what a form says, unless that is late. It
// reports whether it has.
func (s *sets) post(src steered, name string, by Number, send func()) bool {
	st := s.steering(src.ID())
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.hear(name, by, true, time.Now()) == 0 {
		return false
	}
	send()
	return true
}
