package process

import (
	"errors"
	"fmt"
	"slices"

	"webmon/shm"
	"webmon/shm/pickle"
)

// These are the keys of napari_data by which a process with the package says what it is.
const (
	topicHello  = "hello"
	topicTopics = "topics"
)

// declarations are the keys by which a process says what it has. They are fetched also while
// nobody watches, but rarely. Commands are checked against them.
var declarations = []string{topicHello, topicTopics, shm.TopicControls, shm.TopicActions, shm.TopicArrays, shm.TopicVolumes, shm.TopicBoards, shm.TopicLost}

// tells reports whether the process tells this webmon what changes.
func (r *run) tells() bool { return r.saidHello() && r.seat.taken.Load() }

func (r *run) reads() bool { return r.seat.taken.Load() }

// demandChanged tells every part that somebody may want other topics than before.
func (r *run) demandChanged() {
	shm.Signal(r.demand)
	shm.Signal(r.pace.hurry)
	r.arrays.demandChanged()
}

// heardOf has the process told whether somebody wants a new topic.
func (r *run) heardOf() { shm.Signal(r.demand) }

// received hands over the value of a state topic.
func (r *run) received(s *state, v pickle.Value, err error) {
	if err != nil {
		r.sink.Notice("state."+s.name, fmt.Sprintf("%q could not be read; the last value is kept: %v", s.name, err))
		return
	}
	switch {
	case s.name == shm.TopicPoll:
		poll, notes, err := decodePoll(v)
		for _, n := range notes {
			r.sink.Notice(n.key, n.text)
		}
		switch {
		case err == nil:
			s.there = true
			r.sink.State(shm.TopicPoll, poll)
		case errors.Is(err, errNoPoll):
			r.gone(s)
		default:
			r.sink.Notice("poll", "The poll cannot be understood, the last good one is kept: "+err.Error())
		}
	case s.name == topicHello:
		if !r.setHello(v) {
			return // the key belongs to another program
		}
		r.asked.ableTo(v)
		for _, name := range declarations {
			r.fetcher.follow(name)
		}
		shm.Signal(r.demand)
	case s.declares && r.saidHello():
		r.declared(s, v)
	case v == nil:
		if s.there {
			// The process has removed it, or it is None. The keys tell which.
			s.there = false
			r.fetcher.lookForKeys()
		}
	case isVolume(s.name):
		r.versioned(s, v)
	default:
		s.there = true
		value, err := plain(v)
		if err != nil {
			n := tooMuch("state", s.name, err)
			r.sink.Notice(n.key, n.text)
			return
		}
		switch s.name {
		case shm.TopicLayers:
			value = shm.LayersOf(value)
		case shm.TopicHistograms:
			value = shm.HistogramsOf(value)
		case shm.TopicColors:
			value = shm.ColorsOf(value)
		case shm.TopicThumbnails:
			value = shm.ThumbnailsOf(value)
		}
		r.sink.State(s.name, value)
	}
}

// declared hands over what a process with the package says about itself.
func (r *run) declared(s *state, v pickle.Value) {
	if v == nil && !s.there {
		return // the process has none, and never had one
	}
	s.there = true
	notice := func(notes []note) {
		for _, n := range notes {
			r.sink.Notice(n.key, n.text)
		}
	}
	switch s.name {
	case shm.TopicControls:
		list, notes := r.setControls(v)
		notice(notes)
		r.sink.State(s.name, list)
	case shm.TopicActions:
		list, notes := r.setActions(v)
		notice(notes)
		r.sink.State(s.name, list)
	case shm.TopicArrays:
		r.pace.topics.renew(isArray, func() { r.arrays.declared(v) })
		shm.Signal(r.demand) // the process is told each topic by its name
	case shm.TopicVolumes:
		list, notes := decodeVolumes(v)
		notice(notes)
		r.volumes.set(list)
		r.sink.State(s.name, slices.Clone(list))
		r.pace.topics.renew(isVolume, func() {
			for i := range list {
				r.fetcher.followVolume(list[i].Name)
			}
		})
		shm.Signal(r.demand)
	case shm.TopicBoards:
		list, notes := decodeBoards(v)
		notice(notes)
		r.sink.State(s.name, list)
	case shm.TopicLost:
		if lost, ok := decodeLost(v); ok {
			r.sink.State(s.name, lost)
		}
	case topicTopics:
		value, list, notes := decodeTopics(v)
		notice(notes)
		for _, t := range list {
			if t.state {
				r.pace.topics.add(t.name, maxStateHz)
			} else {
				r.pace.topics.add(t.name, 0)
			}
		}
		r.sink.State(s.name, value)
		shm.Signal(r.demand)
	}
}

// versioned hands over which version the content of a volume has, unless that was said before.
func (r *run) versioned(s *state, v pickle.Value) {
	c, ok := decodeChanges(v)
	if !ok {
		r.sink.Notice("volumes.version", fmt.Sprintf("%q is %s instead of a version; changes of that volume are not seen", s.name, kindOf(v)))
		return
	}
	s.there = true
	if s.told != nil && s.told.Generation == c.generation && s.told.Version == c.version {
		return
	}
	s.told = c.after(s.told)
	told := *s.told
	r.sink.State(s.name, &told)
}

// gone tells the sink that the process has no such state any more.
func (r *run) gone(s *state) {
	if s.there {
		s.there = false
		r.sink.State(s.name, nil)
	}
}
