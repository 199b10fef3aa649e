package steer

import (
	"slices"
	"sync"
	"time"

	"webmon/dashboard/record"
	"webmon/dashboard/source"
	"webmon/fault"
	"webmon/shm"
)

const (
	// setEvery is the least time between two values of one control that one browser
	// sends on to the process: as often as screens paint.
	setEvery = time.Second / 60
	// maxSets bounds how many controls of a source are dragged at the same time.
	maxSets = 1024
)

// sets passes the values that people give controls on to the processes, so that
// the person who has set a control last has the last word.
//
// A value arrives in two ways. While somebody drags a slider, and when they let it
// go, the page sends the value over its socket. Then it also posts a form with the
// last value. Either way may be the faster one, and a value that arrives late must
// not undo what somebody else has set meanwhile. Therefore a page numbers its
// values, the form repeats the number of its value, and a value counts from the
// moment at which it arrived first.
//
// While a control is dragged, only the newest value of each browser is passed on,
// at most once every setEvery.
type sets struct {
	failed func(error) // told of a panic; constant

	mu sync.Mutex // guards of
	of map[string]*steering
}

func newSets() *sets { return &sets{of: map[string]*steering{}} }

// steering is what people do to the controls of one source. mu is held while the
// process is sent something, so that commands arrive in the order in which they are
// counted. Values that belong together, such as the two of the finger, are then
// never mixed with those of another browser.
type steering struct {
	failed func(error)

	mu     sync.Mutex // guards all below
	count  uint64     // number of values heard so far
	turns  map[string]*turn
	swept  time.Time
	moving map[setKey]*moving
}

// turn is one control that somebody has set lately.
type turn struct {
	last  uint64 // count of the last value that was heard for it
	at    time.Time
	hands map[string]heard
}

// heard is the last value of one page for a control: its number, and its count.
type heard struct{ n, count uint64 }

// Number is the number of a value among those of a page. Hand is a random name that
// the page has given itself when it was loaded, and N numbers the values that it has
// sent under that name. The form that is posted afterwards repeats the last value with
// the same number. The zero value stands for a value without number.
type Number struct {
	Hand string
	N    uint64
}

const (
	// keepTurns is how long numbers are remembered, to recognise a late form.
	keepTurns = time.Minute
	// maxHands bounds the pages whose numbers are remembered for a control.
	maxHands = 64
)

// setKey is what a browser is setting: a control by its name, or the finger.
type setKey struct {
	browser any
	name    string
}

// fingerKey stands for the two controls of the finger. No control has a slash in
// its name.
const fingerKey = "/finger"

// moving is a control that a browser is dragging, or the two of the finger.
type moving struct {
	src    steered
	values []setValue // that came since the last were passed on; empty: none
}

type setValue struct {
	name  string
	value shm.Value
	Number
	count uint64 // from hear
}

// steered is what commands can be sent to: a [source.Source].
type steered interface {
	ID() string
	Command(cmd shm.Command, report func(shm.Status, string))
}

func (s *sets) steering(id string) *steering {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.of[id]
	if st == nil {
		st = &steering{failed: s.failed, turns: map[string]*turn{}, moving: map[setKey]*moving{}}
		s.of[id] = st
	}
	return st
}

// hear counts a value of a control. It returns 0 if the value is late and must be
// dropped:
//
//   - The page has sent a later value.
//   - It is a form, its value has come over the socket already, and somebody has set
//     the control since.
//   - It came over the socket, and the form with the same number was there first.
//
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

// sweep forgets the controls that nobody has set for a while.
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

// Drag sets a control of a source while somebody drags it. Values that the control
// does not allow are ignored: the page shows the limits, and the form that follows
// is answered with the reason.
//
// browser tells connections apart. value is as encoding/json decodes it.
func (d *Desk) Drag(by record.Author, browser any, src *source.Source, name string, value any, number Number) {
	control, ok := src.Controls().Get(name)
	if !ok {
		return
	}
	accepted, err := control.Accept(value)
	if err != nil {
		return
	}
	if d.sets.move(setKey{browser, name}, src, setValue{name: name, value: accepted, Number: number}) {
		d.dragged(by, src, control, accepted)
	}
}

// Point moves the finger of a simulation to where somebody presses: x from 0 (left)
// to 1 (right) of the picture, y from 0 (bottom) to 1 (top). It does nothing if the
// source has no finger.
func (d *Desk) Point(by record.Author, browser any, src *source.Source, x, y float64) {
	controls := src.Controls()
	fx, okX := fingerAt(controls, shm.ControlFingerX, x)
	fy, okY := fingerAt(controls, shm.ControlFingerY, y)
	if okX && okY && d.sets.move(setKey{browser, fingerKey}, src, fx, fy) {
		d.pointed(by, src, controls, fx.value, fy.value)
	}
}

// fingerAt is the value of one of the finger's controls for a position, within the
// limits of the control.
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

// move takes the values of controls while they are dragged. It reports whether some
// of them count.
func (s *sets) move(key setKey, src steered, values ...setValue) bool {
	st := s.steering(src.ID())
	st.mu.Lock()
	defer st.mu.Unlock()
	now := time.Now()
	for i := range values {
		values[i].count = st.hear(values[i].name, values[i].Number, false, now)
	}
	values = slices.DeleteFunc(values, func(v setValue) bool { return v.count == 0 })
	if len(values) == 0 {
		return false
	}
	if m := st.moving[key]; m != nil {
		m.src, m.values = src, values
		return true
	}
	// Fingers are exempt: there is at most one a browser, and the position at which
	// somebody lets go must arrive.
	if len(st.moving) >= maxSets && key.name != fingerKey {
		return false
	}
	st.moving[key] = &moving{src: src, values: values}
	st.tell(key)
	return true
}

// tell passes on the newest values of key, unless somebody has set the control in
// another way since. If none have come it forgets key. mu is held.
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
		// Nobody waits for the outcome of a value in the middle of a drag.
		m.src.Command(shm.Command{Name: v.name, Args: map[string]shm.Value{v.name: v.value}}, func(shm.Status, string) {})
	}
	m.values = nil
	time.AfterFunc(setEvery, fault.Func(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tell(key)
	}, s.failed))
}

// post calls send, which sends the value of a form to the process, unless the value
// is late. It reports whether it has called send.
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
