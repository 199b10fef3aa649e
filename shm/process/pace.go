package process

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"webmon/beat"
	"webmon/shm"
)

// defaultLull is how long messages may gather while nobody watches. A second is a multiple of
// it, so that every second has its share of messages and rates come out right.
const defaultLull = 250 * time.Millisecond

// pace decides how soon messages are taken. While somebody watches, each is taken when it
// comes. While nobody watches, messages are taken together, a few times a second, which costs
// a fraction of the calls. In either case the first message after a pause is taken at once.
type pace struct {
	sink   shm.Sink
	lull   time.Duration
	hurry  chan struct{} // capacity one; signalled when somebody may want something now
	topics topics
	asked  func() bool // reports whether somebody waits for an answer; nil: nobody does
}

func newPace(sink shm.Sink, lull time.Duration) *pace {
	p := &pace{sink: sink, lull: lull, hurry: make(chan struct{}, 1)}
	p.topics.names = map[string]float64{shm.TopicPoll: 0}
	return p
}

// heard notes a topic. Messages are taken at once for the sake of noted topics.
func (p *pace) heard(topic string) { p.topics.add(topic, 0) }

func (p *pace) watched() bool {
	return p.asked != nil && p.asked() || p.sink.Demand(wantMessages) > 0 || p.topics.anyWanted(p.sink)
}

// rest lets messages gather until the lull is over or somebody watches. It reports whether it
// has let them gather.
func (p *pace) rest(ctx context.Context) bool {
	if p.watched() {
		return false
	}
	timer := time.NewTimer(beat.Next(p.lull))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return true
		case <-timer.C:
			return true
		case <-p.hurry:
			if p.watched() {
				return true
			}
		}
	}
}

// topics is the topics that webmon has heard of from the process.
type topics struct {
	mu    sync.Mutex         // guards all below
	names map[string]float64 // how often a second the topic is of use at most; 0: as often as it comes
	fresh map[string]bool    // arrays or volumes named since renew began; nil: it has not
}

// add adds a topic. It reports whether it was not there before.
func (t *topics) add(name string, most float64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	isShared := isArray(name) || isVolume(name)
	if isShared && t.fresh != nil {
		t.fresh[name] = true
	}
	old, there := t.names[name]
	switch {
	case there && (old > 0 || most == 0):
		return false
	case !there && len(t.names) >= 2*maxStates && !isShared, !there && len(t.names) >= 2*maxStates+maxArrays+maxVolumes:
		return false
	}
	t.names[name] = most
	return !there
}

// renew calls add, and forgets the topics of a kind, such as [isArray], that add does not name. A
// process may share many arrays over its life, each under another name.
func (t *topics) renew(kind func(topic string) bool, add func()) {
	t.mu.Lock()
	t.fresh = map[string]bool{}
	t.mu.Unlock()
	add()
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range t.names {
		if kind(name) && !t.fresh[name] {
			delete(t.names, name)
		}
	}
	t.fresh = nil
}

func isArray(topic string) bool { _, ok := shm.ArrayOfTopic(topic); return ok }

func isVolume(topic string) bool { _, ok := shm.VolumeOfTopic(topic); return ok }

func (t *topics) anyWanted(sink shm.Sink) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range t.names {
		if sink.Demand(name) > 0 {
			return true
		}
	}
	return false
}

// wanted calls f with each topic that somebody wants, in the order of names.
func (t *topics) wanted(sink shm.Sink, f func(name string, hz float64)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(t.names)) {
		hz := sink.Demand(name)
		if most := t.names[name]; most > 0 {
			hz = min(hz, most)
		}
		if hz > 0 {
			f(name, hz)
		}
	}
}
