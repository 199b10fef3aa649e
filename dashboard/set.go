package dashboard

import (
	"math"
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

// sets sends on what hands drag through, the newest value of each control and
// browser and no more often than setEvery.
type sets struct {
	// together is held while several values are sent that make sense only
	// together: two hands at one finger would else leave it at the x of the one
	// and the y of the other.
	together sync.Mutex

	mu sync.Mutex // guards all below
	on map[setKey]*set
}

// setKey is what a browser is setting: a control by its name, or the finger.
type setKey struct {
	browser      any
	source, name string
}

// fingerKey stands for the two controls of the finger. No control has a slash.
const fingerKey = "/finger"

// set is a control, or several, that a browser has just sent values for.
type set struct {
	src     *source.Source
	waiting bool // values came since the last ones were sent on
	values  []setValue
}

type setValue struct {
	name  string
	value shm.Value
}

// set takes a value that a hand is dragging through. Values that the control
// does not allow are left out: whoever drags sees the limits, and the form that
// follows is answered with the reason.
func (s *Server) set(browser any, id, name string, value any) {
	src := s.registry.Get(id)
	if src == nil {
		return
	}
	control, ok := controlsOf(src).Get(name)
	if !ok {
		return
	}
	v, err := control.Accept(value)
	if err != nil {
		return
	}
	s.commands.dragged.take(setKey{browser, id, name}, src, setValue{name, v})
}

// hand takes a place where somebody points. All who look at the source see it,
// and a model's finger goes there.
func (s *Server) hand(browser any, id string, x, y float64, down bool) {
	x, y = clip(x, 0, 1), clip(y, 0, 1)
	if !s.people.Hand(browser, id, x, y, down) {
		return
	}
	src := s.registry.Get(id)
	if src == nil {
		return
	}
	controls := controlsOf(src)
	fx, okX := fingerAt(controls, shm.ControlFingerX, x)
	fy, okY := fingerAt(controls, shm.ControlFingerY, y)
	if okX && okY {
		s.commands.dragged.take(setKey{browser, id, fingerKey}, src, fx, fy)
	}
}

// fingerAt is the value of one of the finger's controls that is nearest to where
// somebody points.
func fingerAt(controls shm.Controls, name string, at float64) (setValue, bool) {
	c, ok := controls.Get(name)
	if !ok {
		return setValue{}, false
	}
	low, high := math.Inf(-1), math.Inf(1)
	if c.Min != nil {
		low = *c.Min
	}
	if c.Max != nil {
		high = *c.Max
	}
	v, err := c.Accept(clip(at, low, high))
	return setValue{name, v}, err == nil
}

func clip(x, low, high float64) float64 { return max(low, min(high, x)) }

func (s *sets) take(key setKey, src *source.Source, values ...setValue) {
	s.mu.Lock()
	if on := s.on[key]; on != nil {
		on.src, on.values, on.waiting = src, values, true
		s.mu.Unlock()
		return
	}
	// Of fingers there are no more than of browsers, and the place where one is
	// let go must arrive.
	if len(s.on) >= maxSets && key.name != fingerKey {
		s.mu.Unlock()
		return
	}
	s.on[key] = &set{src: src}
	s.mu.Unlock()
	s.send(src, values)
	time.AfterFunc(setEvery, func() { s.due(key) })
}

// due sends on what has come since, and forgets a control that rests.
func (s *sets) due(key setKey) {
	s.mu.Lock()
	on := s.on[key]
	if !on.waiting {
		delete(s.on, key)
		s.mu.Unlock()
		return
	}
	src, values := on.src, on.values
	on.waiting = false
	s.mu.Unlock()
	s.send(src, values)
	time.AfterFunc(setEvery, func() { s.due(key) })
}

// send gives values on the way to a process. Nobody waits for them, and one that
// is gone has no use for them.
func (s *sets) send(src *source.Source, values []setValue) {
	if len(values) > 1 {
		s.together.Lock()
		defer s.together.Unlock()
	}
	for _, v := range values {
		src.Command(shm.Command{Name: v.name, Args: map[string]shm.Value{v.name: v.value}}, func(shm.Status, string) {})
	}
}
