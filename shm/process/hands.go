package process

import (
	"webmon/shm"
	"webmon/shm/pickle"
)

// maxHandsIn is how many messages of hands may lie in the process's queue. Two or three lie
// there while somebody drags, because webmon learns a little later that one was taken. What
// comes beyond that waits here, where it is joined: a process that is busy for a second finds a
// few messages then, and not sixty.
const maxHandsIn = 3

// maxHandEvents is how many events a message of hands has at most.
const maxHandEvents = 64

var _ shm.Handler = (*Source)(nil)

// Hands implements [shm.Handler]. Only a process that shares its canvas is given any.
func (s *Source) Hands(n uint64, events []shm.Hand) bool {
	r := s.run.Load()
	if r == nil || !s.saidHello() || !r.arrays.has(shm.ArrayCanvas) {
		return false
	}
	r.arrays.expect(shm.ArrayCanvas)
	return s.out.addHands(n, events)
}

// addHands has hands sent. It reports whether all of them will be.
func (o *outbox) addHands(n uint64, events []shm.Hand) bool {
	o.mu.Lock()
	open := o.closed == ""
	all := open && o.hands.Add(events...)
	if open {
		o.handsN = n
	}
	o.mu.Unlock()
	if open {
		shm.Signal(o.wake)
	}
	return all
}

// newHands is the message of hands.
func newHands(n uint64, events []shm.Hand) *pending {
	list := make([]pickle.Value, len(events))
	for i := range events {
		list[i] = handValue(&events[i])
	}
	return &pending{
		hands:  events,
		value:  pickle.NewDict(messageWebmon, pickle.NewDict("hands", pickle.NewDict("n", int64(n), "events", list))),
		report: func(shm.Status, string) {},
	}
}

// handValue is one event, with what its kind has.
func handValue(h *shm.Hand) pickle.Value {
	d := pickle.NewDict("do", string(h.Do))
	set := func(pairs ...any) {
		for i := 0; i < len(pairs); i += 2 {
			_ = d.Set(pairs[i], pairs[i+1]) // a string is hashable
		}
	}
	mods := func() {
		names := []pickle.Value{}
		for _, name := range h.Mods.Names() {
			names = append(names, name)
		}
		set("mods", names)
	}
	switch h.Do {
	case shm.HandPan, shm.HandRotate:
		set("dx", h.DX, "dy", h.DY)
	case shm.HandZoom:
		set("x", h.X, "y", h.Y, "by", h.By)
	case shm.HandPoint:
		set("x", h.X, "y", h.Y)
	case shm.HandPress, shm.HandMove, shm.HandRelease, shm.HandDouble:
		set("x", h.X, "y", h.Y)
		if h.Button != "" { // otherwise the pointer moves with no button down
			set("button", h.Button)
		}
		mods()
	case shm.HandWheel:
		set("x", h.X, "y", h.Y, "dx", h.DX, "dy", h.DY)
		mods()
	case shm.HandKey:
		set("key", h.Key, "down", h.Down)
		mods()
	}
	return d
}
