package napari

import (
	"context"
	"time"

	"webmon/shm"
)

// defaultLull is how long messages may gather while nobody watches. It divides
// a second, so that every second has its share of them and rates come out right.
const defaultLull = 250 * time.Millisecond

// pace decides how soon messages are taken. Somebody who watches gets each when
// it comes; while nobody does they are taken together, a few times a second,
// which costs a fraction of the calls. The first after a pause comes at once in
// either case.
type pace struct {
	sink   shm.Sink
	lull   time.Duration
	hurry  chan struct{}   // capacity one: somebody may want something now
	topics map[string]bool // that the process has been heard of; owned by drain
}

func newPace(sink shm.Sink, lull time.Duration) pace {
	return pace{sink: sink, lull: lull, hurry: make(chan struct{}, 1), topics: map[string]bool{
		shm.TopicPoll: true, wantMessages: true,
	}}
}

// heard makes a topic one for whose sake messages are taken at once.
func (p *pace) heard(topic string) {
	if !p.topics[topic] && len(p.topics) < 2*maxStates {
		p.topics[topic] = true
	}
}

func (p *pace) watched() bool {
	for topic := range p.topics {
		if p.sink.Demand(topic) > 0 {
			return true
		}
	}
	return false
}

// rest lets messages gather until the lull is over or somebody watches. It
// reports whether it did.
func (p *pace) rest(ctx context.Context) bool {
	if p.watched() {
		return false
	}
	now := time.Now()
	timer := time.NewTimer(now.Truncate(p.lull).Add(p.lull).Sub(now))
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
