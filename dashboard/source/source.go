// Package source keeps what each watched process has sent: the latest state,
// the history of its events, and what happened to it. A source outlives its
// process: a process that starts again under the same name continues the history
// of the last one, so that pages and their addresses stay valid.
//
// The package is the only writer of that history and knows nothing of pages.
// Feeds and tabs read it:
//
//	reg, err := source.NewRegistry(source.Options{Attach: attach})
//	src, err := reg.Attach(ctx, source.Target{Name: "napari", Address: "127.0.0.1:40123"})
//	value, at := src.State(shm.TopicPoll)
package source

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"webmon/dashboard/budget"
	"webmon/dashboard/series"
	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
)

// Bounds of what is kept of one source.
const (
	// Window is how far back the history of events goes.
	Window = 15 * time.Minute
	// StaleAfter is how long a source that has sent frames may send none
	// before it counts as not connected.
	StaleAfter = 5 * time.Second
	// ReadCounts is how long a read of the API counts as somebody watching.
	ReadCounts = 5 * time.Second

	maxTopics  = 256 // topics of one source
	maxSeries  = 64  // numbers that become a series
	maxHappens = 200 // entries of the timeline
	maxNotices = 32  // kinds of notice
	maxText    = 500 // bytes of a notice, and of what happened
	maxName    = 256 // bytes of the name of a series
	recent     = 50  // messages kept of each topic, for the pages

	// idleAfter is how long nothing must have come of a topic, a series or a notice for it
	// to make place for a new one once there are as many as there may be.
	idleAfter = 30 * time.Second
)

// All is the topic that stands for every topic of a source in Want and Demand.
const All = "*"

// Source is one name under which processes have been watched. Its methods are
// safe for concurrent use.
type Source struct {
	id      string
	faults  *fault.Ledger
	changed chan struct{}   // capacity one: something was sent, for the pump
	demand  chan struct{}   // capacity one: Demand may have changed, for the adapter
	account *budget.Account // of states and histories
	relieve func()          // lets go of what all sources together keep too much

	mu        sync.Mutex // guards all below
	adapter   shm.Source // of the present or last process; nil before any
	info      shm.Info   // of the present or last process
	running   bool
	problem   string // why the process cannot be reached or has ended, one sentence
	rests     bool   // it is a simulation that ended because nobody looked
	began     time.Time
	ended     time.Time // zero while running
	starts    int
	lastFrame time.Time
	frameThen time.Time // the frame before that
	lastHeard time.Time
	answered  time.Time // when the process last answered a request
	stale     bool
	frames    counter
	states    map[string]*state
	topics    map[string]*topic
	series    map[string]*series.Series
	latency   *series.Series // ms from the process's stamp to webmon
	happened  []Happening
	marks     series.Marks
	notices   map[string]*Notice
	wants     map[string]int      // feeds that want each topic
	sizes     map[string][][2]int // rows and columns of those feeds that need no more of it
	read      time.Time           // last read of the API
	waiting   []chan struct{}     // reads that wait for the next state or frame
	cost      shm.Cost
	costThen  shm.Cost // a while ago, for rates
	costAt    time.Time
	costRate  CostRate

	seriesBytes int64 // of all series, as they are in the account
	uncounted   int   // events since the series were counted
	replacing   time.Time
	replaced    int // topics that have made place for others since replacing
	dropped     int // messages that were let go because there was no room for them
}

type state struct {
	value shm.Value
	at    time.Time
	count counter
	size  int64 // bytes, as it is in the account
}

// topic is what is kept of one event topic.
type topic struct {
	count  counter
	log    *Log
	recent []Message // the last ones, oldest first
	sizes  []int64   // of each of them, bytes
	latest time.Time // time of the last message in the series
	heard  time.Time // when the last message came
}

// Message is one event as the pages show it.
type Message struct {
	Time  time.Time // when webmon received it
	Value shm.Value
}

// Happening is an entry in a source's timeline.
type Happening struct {
	Time time.Time
	Kind string // "start", "end", "stop", "stale", "resume", "error"
	Text string
}

// Notice is something that went wrong, and how often.
type Notice struct {
	Key, Text   string
	Count       int
	First, Last time.Time
}

// CostRate is what reading costs the watched process each second.
type CostRate struct {
	CallsPerSec float64
	BytesPerSec float64
	// Manager is the fraction of one core that the manager process uses, including
	// what it does for napari itself; negative: unknown.
	Manager float64
	// Waiting is the fraction of the time in which a request was under way.
	Waiting float64
}

// newSource returns a source whose states and histories are counted in the account.
func newSource(id string, account *budget.Account, faults *fault.Ledger) *Source {
	return &Source{
		id:      id,
		faults:  faults,
		account: account,
		relieve: func() {},
		changed: make(chan struct{}, 1),
		demand:  make(chan struct{}, 1),
		states:  map[string]*state{},
		topics:  map[string]*topic{},
		series:  map[string]*series.Series{},
		latency: newSeries(),
		notices: map[string]*Notice{},
		wants:   map[string]int{},
		sizes:   map[string][][2]int{},
	}
}

func newSeries() *series.Series { return series.New(series.Options{Window: Window}) }

// ID is the source's name in URLs.
func (s *Source) ID() string { return s.id }

// Status describes a source at one moment.
type Status struct {
	shm.Info
	ID        string
	Connected bool   // a process is attached, and is not Stale
	Running   bool   // a process is attached, even if it is silent
	Problem   string // why none is attached, one sentence
	Rests     bool   // the source is a simulation that ended because nobody looked
	Began     time.Time
	Ended     time.Time
	Starts    int           // processes seen under this name
	Frames    uint64        // of the present process and those before
	FrameRate float64       // Hz, over the last seconds
	Age       time.Duration // since webmon last heard anything; 0 if it never has
	Heard     bool          // webmon has heard something
	Framed    bool          // the process sends frames, as napari does
	Silent    bool          // Framed and Running, but there has been no frame yet
	Stale     bool          // frames have stopped, or the process does not answer
	Topics    []string
	Lost      uint64 // events that the process dropped before webmon took them
	Cost      shm.Cost
	CostRate  CostRate
	Latency   series.Stats // ms, from the process's stamp to webmon, over a minute
	Notices   []Notice
	Kept      budget.Use // of states and histories
}

// Running reports whether a process is attached, if perhaps silent: Status.Running,
// without the rest of it.
func (s *Source) Running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

// Connected reports whether the process is there and sends: Status.Connected, without
// the rest of it.
func (s *Source) Connected(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connected(now)
}

// Status describes the source as it is now. It sorts a minute of latencies: who
// wants to know one thing alone asks Running or Connected.
func (s *Source) Status(now time.Time) Status {
	adapter, running := s.process()
	var info shm.Info
	if running {
		info = adapter.Info() // it changes; adapters are never called under mu
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if running {
		s.info = info
	}
	st := Status{
		Info: s.info, ID: s.id, Running: s.running, Problem: s.problem, Rests: s.rests,
		Connected: s.connected(now), Began: s.began, Ended: s.ended, Starts: s.starts,
		Frames: s.frames.total, FrameRate: s.frames.rate(now),
		Heard: !s.lastHeard.IsZero(), Framed: s.framed(),
		Silent: s.running && s.framed() && s.lastFrame.Before(s.began),
		Lost:   s.lost().Total,
		Cost:   s.cost, CostRate: s.costRate,
		Latency: s.latency.Stats(time.Minute, now),
		Kept:    s.account.Use(),
	}
	st.Stale = s.running && !st.Connected
	if st.Heard {
		st.Age = max(0, now.Sub(s.lastHeard))
	}
	for name := range s.states {
		if name != shm.TopicLost { // it is for webmon itself
			st.Topics = append(st.Topics, name)
		}
	}
	for name := range s.topics {
		if _, twice := s.states[name]; !twice {
			st.Topics = append(st.Topics, name)
		}
	}
	slices.SortFunc(st.Topics, natural.Compare)
	for _, key := range slices.Sorted(maps.Keys(s.notices)) {
		st.Notices = append(st.Notices, *s.notices[key])
	}
	return st
}

// connected reports whether the process is attached and not stale; mu is held.
func (s *Source) connected(now time.Time) bool {
	last := s.lastFrame
	if !s.framed() {
		last = s.answered
	}
	return s.running && (last.Before(s.began) || now.Sub(last) < StaleAfter)
}

// framed reports whether the process sends frames. A process that sends none is
// connected as long as it answers. mu is held.
func (s *Source) framed() bool {
	return s.info.Kind == shm.KindNapari || s.info.Kind == shm.KindDemo
}

// IsModel reports whether the source is a simulation, which runs while somebody
// looks at it.
func (s *Source) IsModel() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isModel()
}

// IsMap reports whether the source is the images of a map, which are there while somebody uses
// the map.
func (s *Source) IsMap() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info.Kind == shm.KindMap
}

// isModel is IsModel; mu is held.
func (s *Source) isModel() bool {
	return s.info.Kind.IsModel()
}

// State returns the latest value of a state topic, when it came, and how many
// values have come so far. at is the zero time if there is none. The value must
// not be changed.
func (s *Source) State(name string) (v shm.Value, at time.Time, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.states[name]; st != nil {
		return st.value, st.at, st.count.total
	}
	return nil, time.Time{}, 0
}

// StateRate returns how many values of a state topic came a second, over the last
// seconds.
func (s *Source) StateRate(name string, now time.Time) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.states[name]; st != nil {
		return st.count.rate(now)
	}
	return 0
}

// States returns the latest value of every state topic.
func (s *Source) States() map[string]shm.Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]shm.Value, len(s.states))
	for name, st := range s.states {
		out[name] = st.value
	}
	return out
}

// Lost counts the events that the process dropped before webmon took them.
func (s *Source) Lost() shm.Lost {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost()
}

// lost is Lost; mu is held.
func (s *Source) lost() shm.Lost {
	if st := s.states[shm.TopicLost]; st != nil {
		lost, _ := st.value.(shm.Lost)
		return lost
	}
	return shm.Lost{}
}

// TopicInfo is what is known of an event topic.
type TopicInfo struct {
	Name   string
	Count  uint64
	Rate   float64   // per second, over the last seconds
	Recent []Message // the last ones, oldest first; not to be changed
}

// Events returns the event topics by name, with their latest messages.
func (s *Source) Events(now time.Time) []TopicInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]TopicInfo, 0, len(s.topics))
	for _, name := range slices.SortedFunc(maps.Keys(s.topics), natural.Compare) {
		out = append(out, s.topicInfo(name, now))
	}
	return out
}

// Event returns one event topic.
func (s *Source) Event(name string, now time.Time) (TopicInfo, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.topics[name] == nil {
		return TopicInfo{}, false
	}
	return s.topicInfo(name, now), true
}

// topicInfo describes a topic that exists; mu is held.
func (s *Source) topicInfo(name string, now time.Time) TopicInfo {
	t := s.topics[name]
	return TopicInfo{Name: name, Count: t.count.total, Rate: t.count.rate(now), Recent: slices.Clone(t.recent)}
}

// History returns the log of an event topic, nil if there is none.
func (s *Source) History(name string) *Log {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.topics[name]; t != nil {
		return t.log
	}
	return nil
}

// Series returns the history of one number, nil if the number has not come yet.
// Its name is "<topic>.<path>", such as "frame_time.delta_ms".
func (s *Source) Series(name string) *series.Series {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.series[name]
}

// SeriesNames lists the numbers that have a series.
func (s *Source) SeriesNames() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Keys(s.series), natural.Compare)
}

// Marks returns the moments that every chart marks, oldest first.
func (s *Source) Marks() []series.Mark {
	return s.marks.List()
}

// Ended returns when the last process ended; zero while a process is attached.
func (s *Source) Ended() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// Happened returns the timeline, oldest first.
func (s *Source) Happened() []Happening {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.happened)
}

// Actions lists the actions that the present or last process offers.
func (s *Source) Actions() []shm.Action {
	adapter, _ := s.process()
	if adapter == nil {
		return nil
	}
	return adapter.Actions()
}

// process returns the present or last process, nil before any.
func (s *Source) process() (adapter shm.Source, running bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.adapter, s.running
}

// Command sends cmd to the process. report is called whenever its status changes,
// with [shm.Gone] if no process runs.
func (s *Source) Command(cmd shm.Command, report func(shm.Status, string)) {
	adapter, running := s.process()
	if !running {
		report(shm.Gone, "the process is not running")
		return
	}
	adapter.Command(cmd, func(status shm.Status, reason string) {
		// Whose goroutine it is has other things to do than what becomes of this command.
		if err := fault.Do(func() { report(status, reason) }); err != nil {
			s.Fault("command", s.id+"/"+cmd.Name, "What is told of the command "+cmd.Name, err)
		}
		shm.Signal(s.changed)
	})
}

// Fault says that something of the source has panicked and was left out, in the log, in
// the metrics and on the pages of the source. part is the kind of thing, about which of
// them it was, and what the beginning of a sentence for people. Fault does nothing if err
// is no fault. No lock of the source may be held.
func (s *Source) Fault(part, about, what string, err error) {
	if !s.faults.Note(part, about, err) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notice("fault."+part, what+" has failed because of a fault in webmon. Everything else goes on, and this is tried again where it can be. The log says what it was.", time.Now())
	shm.Signal(s.changed)
}

// Changed is signalled (capacity one) after the process has sent something. Only
// the source's pump reads it.
func (s *Source) Changed() <-chan struct{} { return s.changed }

// Want makes webmon ask the process for topics until release is called.
func (s *Source) Want(topics ...string) (release func()) {
	s.want(topics, 1, [2]int{})
	return sync.OnceFunc(func() { s.want(topics, -1, [2]int{}) })
}

// want counts who wants topics. upTo is how many rows and columns of their frames they need; 0,
// 0: all.
func (s *Source) want(topics []string, by int, upTo [2]int) {
	s.mu.Lock()
	for _, t := range topics {
		if s.wants[t] += by; s.wants[t] <= 0 {
			delete(s.wants, t)
		}
		if upTo == [2]int{} {
			continue
		}
		if by > 0 {
			s.sizes[t] = append(s.sizes[t], upTo)
		} else if i := slices.Index(s.sizes[t], upTo); i >= 0 {
			s.sizes[t] = slices.Delete(s.sizes[t], i, i+1)
		}
		if len(s.sizes[t]) == 0 {
			delete(s.sizes, t)
		}
	}
	s.mu.Unlock()
	shm.Signal(s.demand)
}

// WantUpTo is Want for who needs no more than so many rows and columns of the frames of
// arrays; 0, 0: all of them.
func (s *Source) WantUpTo(rows, cols int, topics ...string) (release func()) {
	size := [2]int{rows, cols}
	s.want(topics, 1, size)
	return sync.OnceFunc(func() { s.want(topics, -1, size) })
}

// Size returns the rows and columns beyond which nobody needs more of the frames of a topic:
// those of whoever needs most. 0, 0: somebody needs all of them, or nobody wants any.
func (s *Source) Size(topic string) (rows, cols int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sizes := s.sizes[topic]
	if s.wants[topic] > len(sizes) {
		return 0, 0
	}
	for _, size := range sizes {
		rows, cols = max(rows, size[0]), max(cols, size[1])
	}
	return rows, cols
}

// Hands gives the process what hands do at its canvas; see [shm.Handler]. It reports false if
// it will not be done, or not all of it.
func (s *Source) Hands(n uint64, events []shm.Hand) bool {
	adapter, running := s.process()
	to, ok := adapter.(shm.Handler)
	return running && ok && to.Hands(n, events)
}

// Starts is how many processes there have been under this name.
func (s *Source) Starts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.starts
}

// Read counts as watching every topic for ReadCounts. It reports whether every
// topic was watched before the call, so that the values at hand are fresh.
func (s *Source) Read(now time.Time) (fresh bool) {
	s.mu.Lock()
	fresh = s.wants[All] > 0 || now.Sub(s.read) < ReadCounts
	s.read = now
	s.mu.Unlock()
	if !fresh {
		shm.Signal(s.demand)
	}
	return fresh
}

// Refresh asks the process for topics, nil for all, and returns when its answers have
// come or ctx is done. It reports whether its adapter can ask at all.
func (s *Source) Refresh(ctx context.Context, topics []string) bool {
	s.mu.Lock()
	adapter, connected := s.adapter, s.connected(time.Now())
	s.mu.Unlock()
	asked, ok := adapter.(shm.Refresher)
	if ok && connected {
		asked.Refresh(ctx, topics)
	}
	return ok
}

// Await returns when values have come that were asked for at since or later, or
// when ctx is done.
func (s *Source) Await(ctx context.Context, since time.Time) {
	for {
		s.mu.Lock()
		if s.isThere(since) {
			s.mu.Unlock()
			return
		}
		came := make(chan struct{})
		s.waiting = append(s.waiting, came)
		s.mu.Unlock()
		select {
		case <-came:
		case <-ctx.Done():
			return
		}
	}
}

// isThere reports whether values have come that were asked for at since or later:
//
//   - A process that sends frames has them when its tiles (shm.TopicPoll) have come
//     since then. Otherwise any other state must have come since then, and two frames:
//     one answer may have been under way before, but not past a second frame.
//   - A process that sends no frames has them when every state but the arrays has come
//     since then.
//
// mu is held.
func (s *Source) isThere(since time.Time) bool {
	if !s.framed() {
		for name, st := range s.states {
			if name != shm.TopicArrays && !st.at.After(since) {
				if _, array := shm.ArrayOfTopic(name); !array {
					return false
				}
			}
		}
		return true
	}
	if poll := s.states[shm.TopicPoll]; poll != nil && poll.at.After(since) {
		return true
	}
	if !s.frameThen.After(since) {
		return false
	}
	for _, st := range s.states {
		if st.at.After(since) {
			return true
		}
	}
	return false
}

// Demand returns how often a second the topic is wanted: 60 while it is watched, 10
// after a read of the API, otherwise 0.
func (s *Source) Demand(name string) float64 {
	// The frames of an array may have megabytes each, so All does not include them.
	_, array := shm.ArrayOfTopic(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.wants[name] > 0 || s.wants[All] > 0 && !array:
		return 60
	case time.Since(s.read) < ReadCounts && !array:
		return 10
	}
	return 0
}

// DemandChanged is signalled (capacity one) when Demand may have changed.
func (s *Source) DemandChanged() <-chan struct{} { return s.demand }

// happen adds to the timeline; mu is held. mark is what the charts call the moment,
// "" for no mark.
func (s *Source) happen(at time.Time, kind, text, mark string) {
	if len(s.happened) == maxHappens {
		s.happened = slices.Delete(s.happened, 0, 1)
	}
	s.happened = append(s.happened, Happening{at, kind, natural.Clip(text, maxText)})
	if mark != "" {
		s.marks.Add(at, mark)
	}
}
