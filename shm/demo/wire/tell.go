package wire

import (
	"errors"
	"maps"
	"slices"
	"time"

	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

// state is a topic whose latest value counts.
type state struct {
	changed bool      // since it was told
	told    time.Time // when that was
}

// State sets a state. Whoever wants it is told, as often as it is wanted. The value must not be
// changed after that.
func (p *Process) State(name string, v pickle.Value) {
	p.data.Set(name, v)
	s := p.states[name]
	if s == nil {
		s = &state{}
		p.states[name] = s
	}
	s.changed = true
}

// Forget takes a state back.
func (p *Process) Forget(name string) {
	p.data.Delete(name)
	if s := p.states[name]; s != nil {
		s.changed = true
	}
}

// events are those of one round, in the order in which their topics came.
type events struct {
	topics []string
	lists  map[string]*pickle.List
	n      int
}

// Event sends an event. The value is a dict with a "time", in seconds since the epoch, as all
// that webmon charts. It must not be changed after that.
func (p *Process) Event(topic string, v pickle.Value) {
	if p.events.n >= maxEvents {
		p.lose(topic, 1)
		return
	}
	if p.events.lists == nil {
		p.events.lists = map[string]*pickle.List{}
	}
	list := p.events.lists[topic]
	if list == nil {
		list = &pickle.List{}
		p.events.lists[topic] = list
		p.events.topics = append(p.events.topics, topic)
	}
	list.Items = append(list.Items, v)
	p.events.n++
}

func (p *Process) lose(topic string, n int) {
	p.lost[topic] += uint64(n)
	p.total += uint64(n)
	p.untold = true
}

// tell tells what has changed in a round.
func (p *Process) tell() {
	asks := p.notes.asks()
	var changed []string
	for _, key := range slices.Sorted(maps.Keys(p.dirty)) {
		p.data.Set(key, p.declaration(key))
		changed = append(changed, key)
	}
	clear(p.dirty)
	for _, name := range slices.Sorted(maps.Keys(p.states)) {
		s := p.states[name]
		hz := p.demand.topics[name]
		period := rate(hz)
		if !s.changed || !(hz > 0) || asks == nil && p.now.Sub(s.told) < period-period/4 {
			continue
		}
		s.changed, s.told = false, p.now
		changed = append(changed, name)
	}
	if p.untold && p.now.Sub(p.lostTold) >= time.Second { // what tells it takes the place of more
		p.untold, p.lostTold = false, p.now
		topics := pickle.NewDict()
		for _, name := range slices.Sorted(maps.Keys(p.lost)) {
			_ = topics.Set(name, int64(p.lost[name]))
		}
		p.data.Set(shm.TopicLost, pickle.NewDict("total", int64(p.total), "topics", topics))
		changed = append(changed, shm.TopicLost)
	}
	if len(changed) > 0 {
		p.say(pickle.NewDict("webmon", pickle.NewDict("changed", changed)))
	}
	if p.events.n > 0 {
		message := pickle.NewDict()
		for _, name := range p.events.topics {
			_ = message.Set(name, p.events.lists[name])
		}
		p.events = events{}
		p.put(message)
	}
	if asks != nil {
		current := pickle.NewDict()
		for _, id := range slices.Sorted(maps.Keys(asks)) {
			_ = current.Set(id, asks[id])
		}
		p.notes.answer(asks)
		p.put(pickle.NewDict("webmon", pickle.NewDict("current", current)))
	}
}

// declaration returns the value of a key that says what the process has.
func (p *Process) declaration(key string) pickle.Value {
	d := pickle.NewDict()
	switch key {
	case "topics":
		for i := range p.topics {
			_ = d.Set(p.topics[i].name, pickleTopic(&p.topics[i].v))
		}
	case shm.TopicControls:
		for i := range p.controls {
			_ = d.Set(p.controls[i].name, pickleControl(&p.controls[i].v.Control))
		}
	case shm.TopicActions:
		for i := range p.actions {
			_ = d.Set(p.actions[i].name, pickleAction(&p.actions[i].v.Action))
		}
	case shm.TopicArrays:
		for i := range p.arrays {
			_ = d.Set(p.arrays[i].name, p.arrays[i].v.pickle())
		}
	case shm.TopicBoards:
		for i := range p.boards {
			_ = d.Set(p.boards[i].name, p.boards[i].v)
		}
	}
	return d
}

// say puts what the process says of itself, which goes before all events.
func (p *Process) say(message pickle.Value) {
	for errors.Is(p.messages.PutFirst(message), manager.ErrFull) {
		if !p.forget() {
			// Nobody has taken anything for long. Whoever comes reads what is declared.
			if _, err := p.messages.TryGet(); err != nil {
				return
			}
		}
	}
}

// put puts a message in its order. The oldest events make room for it.
func (p *Process) put(message pickle.Value) {
	for errors.Is(p.messages.Put(message), manager.ErrFull) {
		if !p.forget() {
			return
		}
	}
}

// forget drops the oldest message that is not about the process itself, and counts its events.
// It reports whether there was one.
func (p *Process) forget() bool {
	v, err := p.messages.Forget()
	if err != nil {
		return false
	}
	d, _ := v.(*pickle.Dict)
	for i := range d.Len() {
		topic, _ := d.Entries[i].Key.(string)
		if list, ok := d.Entries[i].Value.(*pickle.List); ok && len(list.Items) > 0 {
			p.lose(topic, len(list.Items))
		}
	}
	return true
}
