package dashboard

import (
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
	mu sync.Mutex // guards all below
	on map[setKey]*set
}

type setKey struct {
	browser      any
	source, name string
}

// set is a control that a browser has just sent a value for.
type set struct {
	src     *source.Source
	waiting bool // value came since the last one was sent on
	value   shm.Value
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
	if !ok || !src.Status(time.Now()).Running {
		return
	}
	v, err := control.Accept(value)
	if err != nil {
		return
	}
	s.commands.dragged.take(setKey{browser, id, name}, src, v)
}

func (s *sets) take(key setKey, src *source.Source, value shm.Value) {
	s.mu.Lock()
	if on := s.on[key]; on != nil {
		on.src, on.value, on.waiting = src, value, true
		s.mu.Unlock()
		return
	}
	if len(s.on) >= maxSets {
		s.mu.Unlock()
		return
	}
	s.on[key] = &set{src: src}
	s.mu.Unlock()
	send(src, key.name, value)
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
	src, value := on.src, on.value
	on.waiting = false
	s.mu.Unlock()
	send(src, key.name, value)
	time.AfterFunc(setEvery, func() { s.due(key) })
}

// send gives a value on the way to a process. Nobody waits for it.
func send(src *source.Source, name string, value shm.Value) {
	src.Command(shm.Command{Name: name, Args: map[string]shm.Value{name: value}}, func(shm.Status, string) {})
}
