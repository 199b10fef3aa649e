package sourcetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"webmon/shm"
)

// Timeout is how long a Sink waits for what must come. It is long because a test
// machine may be busy. No wait takes longer than it must.
const Timeout = time.Minute

// Sink is a [shm.Sink] that keeps what it is given and lets a test wait for it
// and want topics.
type Sink struct {
	changed chan struct{}
	demand  chan struct{}

	mu      sync.Mutex // guards all below
	wants   map[string]float64
	sizes   map[string][2]int
	states  map[string]shm.Value
	sets    map[string]int
	events  map[string][]shm.Event
	stamps  []float64
	cost    shm.Cost
	costs   int
	notices map[string]string
	onFrame func(float64)
	onState func(topic string, v shm.Value)
	calls   int
	alive   int
}

var _ shm.Sink = (*Sink)(nil)

// NewSink returns a sink that wants nothing.
func NewSink() *Sink {
	return &Sink{
		changed: make(chan struct{}, 1),
		demand:  make(chan struct{}, 1),
		wants:   map[string]float64{},
		sizes:   map[string][2]int{},
		states:  map[string]shm.Value{},
		sets:    map[string]int{},
		events:  map[string][]shm.Event{},
		notices: map[string]string{},
	}
}

func (s *Sink) record(f func()) {
	defer shm.Signal(s.changed)
	s.mu.Lock()
	defer s.mu.Unlock() // also where a test has it panic
	f()
	s.calls++
}

// State implements [shm.Sink].
func (s *Sink) State(topic string, v shm.Value) {
	s.record(func() {
		s.states[topic] = v
		s.sets[topic]++
		if s.onState != nil {
			s.onState(topic, v)
		}
	})
}

// Event implements [shm.Sink].
func (s *Sink) Event(e shm.Event) {
	s.record(func() { s.events[e.Topic] = append(s.events[e.Topic], e) })
}

// Frame implements [shm.Sink].
func (s *Sink) Frame(stamp float64) {
	s.record(func() {
		s.stamps = append(s.stamps, stamp)
		if s.onFrame != nil {
			s.onFrame(stamp)
		}
	})
}

// Alive implements [shm.Sink].
func (s *Sink) Alive() { s.record(func() { s.alive++ }) }

// Lives returns how often the process has said that it is well.
func (s *Sink) Lives() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alive
}

// Cost implements [shm.Sink].
func (s *Sink) Cost(c shm.Cost) { s.record(func() { s.cost = c; s.costs++ }) }

// Notice implements [shm.Sink].
func (s *Sink) Notice(key, text string) { s.record(func() { s.notices[key] = text }) }

// Fault implements [shm.Sink]: it is a notice with the key "fault".
func (s *Sink) Fault(what string, err error) {
	s.record(func() { s.notices["fault"] = what + ": " + err.Error() })
}

// Demand implements [shm.Sink].
func (s *Sink) Demand(topic string) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wants[topic]
}

// DemandChanged implements [shm.Sink].
func (s *Sink) DemandChanged() <-chan struct{} { return s.demand }

// Size implements [shm.Sizer].
func (s *Sink) Size(topic string) (rows, cols int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sizes[topic][0], s.sizes[topic][1]
}

// Resize sets how many rows and columns of the frames of a topic are enough; 0, 0: all.
func (s *Sink) Resize(topic string, rows, cols int) {
	s.mu.Lock()
	s.sizes[topic] = [2]int{rows, cols}
	s.mu.Unlock()
	shm.Signal(s.demand)
}

// Want sets how often a second the topic is wanted, 0 for not at all.
func (s *Sink) Want(topic string, hz float64) {
	s.mu.Lock()
	s.wants[topic] = hz
	s.mu.Unlock()
	shm.Signal(s.demand)
}

// OnFrame sets a function that Frame calls at once.
func (s *Sink) OnFrame(f func(stamp float64)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onFrame = f
}

// OnState sets a function that State calls at once.
func (s *Sink) OnState(f func(topic string, v shm.Value)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onState = f
}

// Latest returns the value of a state topic and how often it was set.
func (s *Sink) Latest(topic string) (shm.Value, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states[topic], s.sets[topic]
}

// Events returns the events of a topic so far.
func (s *Sink) Events(topic string) []shm.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]shm.Event(nil), s.events[topic]...)
}

// Count returns how many events of a topic have come so far. It is for Wait: Events
// would copy them every time.
func (s *Sink) Count(topic string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events[topic])
}

// Frames returns how many frames have come so far.
func (s *Sink) Frames() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.stamps)
}

// Stamps returns those of all frames so far.
func (s *Sink) Stamps() []float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]float64(nil), s.stamps...)
}

// LastCost returns the cost that was reported last.
func (s *Sink) LastCost() shm.Cost {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cost
}

// Costs returns how often the cost was reported.
func (s *Sink) Costs() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.costs
}

// Noticed returns the text of a notice, "" if there was none of that key.
func (s *Sink) Noticed(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.notices[key]
}

// Calls returns how often the methods that hand something over were called.
func (s *Sink) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// Wait waits until ok returns true. It calls ok whenever something has come in. If that
// takes longer than Timeout, it fails the test; what says what was waited for.
func (s *Sink) Wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(Timeout)
	defer deadline.Stop()
	look := time.NewTicker(20 * time.Millisecond) // for what does not come this way
	defer look.Stop()
	for !ok() {
		select {
		case <-s.changed:
		case <-look.C:
		case <-deadline.C:
			t.Fatalf("waited %v for %s; so far: %s", Timeout, what, s)
		}
	}
}

// String says in one line what has come so far.
func (s *Sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[string]int{}
	for topic, e := range s.events {
		n[topic] = len(e)
	}
	return fmt.Sprintf("%d frames, states set %v, events %v, notices %v", len(s.stamps), s.sets, n, s.notices)
}
