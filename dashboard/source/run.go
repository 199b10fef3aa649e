package source

import (
	"errors"
	"fmt"
	"math"
	"time"

	"webmon/dashboard/series"
	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
)

// run is the sink of one process. It writes to its source only while that
// process is the one attached.
type run struct {
	src  *Source
	from shm.Source // the process that says it all
}

var (
	_ shm.Sink  = (*run)(nil)
	_ shm.Sizer = (*run)(nil)
)

// Size implements [shm.Sizer].
func (r *run) Size(topic string) (rows, cols int) { return r.src.Size(topic) }

// Demand implements [shm.Sink].
func (r *run) Demand(name string) float64 { return r.src.Demand(name) }

// DemandChanged implements [shm.Sink].
func (r *run) DemandChanged() <-chan struct{} { return r.src.DemandChanged() }

// begin makes adapter the source's process.
func (s *Source) begin(adapter shm.Source, now time.Time) *run {
	info := adapter.Info()
	s.mu.Lock()
	defer s.mu.Unlock()
	word := "attached"
	mark := ""
	if s.starts > 0 {
		word, mark = "started again", "started again"
	}
	s.adapter, s.info, s.running, s.problem, s.rests = adapter, info, true, "", false
	s.began, s.ended, s.stale = now, time.Time{}, false
	s.cost, s.costThen, s.costAt, s.costRate = shm.Cost{}, shm.Cost{}, now, CostRate{Manager: -1}
	s.starts++
	// States of the last process say nothing of this one. Its events are kept as history.
	for name := range s.states {
		s.forgetState(name)
	}
	text := info.Name + " " + word
	if info.PID != 0 {
		text += fmt.Sprintf(" (process %d)", info.PID)
	}
	s.happen(now, "start", text, mark)
	shm.Signal(s.changed)
	return &run{src: s, from: adapter}
}

// end says that the run's process is gone, and why.
func (r *run) end(err error, now time.Time) {
	info := r.from.Info()
	r.src.mu.Lock()
	defer r.src.mu.Unlock()
	if r.src.adapter != r.from {
		return
	}
	r.src.info = info
	r.src.running, r.src.ended = false, now
	kind, mark := "end", "ended"
	switch {
	case errors.Is(err, shm.ErrEnded) && r.src.isModel():
		r.src.rests, kind, mark = true, "stop", "stopped"
		r.src.problem = r.src.info.Name + " has stopped, because nobody was looking."
	case r.src.info.Kind == shm.KindMap && errors.Is(err, shm.ErrEnded):
		r.src.problem = "The images of " + r.src.info.Name + " were put away, because nobody was looking."
	case r.src.info.Kind == shm.KindMap && errors.Is(err, shm.ErrGone):
		r.src.problem = "There is no map " + r.src.info.Name + " any more: its folder is gone."
	case errors.Is(err, shm.ErrEnded):
		r.src.problem = r.src.info.Name + " ended."
	case errors.Is(err, shm.ErrOwner), errors.Is(err, shm.ErrGone):
		r.src.problem = r.src.info.Name + " broke off: it crashed, or was killed."
	case isFault(err):
		r.src.problem = fmt.Sprintf("The connection to %s was lost, because webmon has a fault there (%v). The log says more.", r.src.info.Name, err)
	case err == nil:
		r.src.problem = "webmon stopped watching " + r.src.info.Name + "."
	default:
		r.src.problem = natural.Sentence(err.Error())
	}
	r.src.happen(now, kind, r.src.problem, mark)
	shm.Signal(r.src.changed)
}

// fail says that no process could be attached.
func (s *Source) fail(name string, kind shm.Kind, address string, err error, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.info.Name == "" {
		s.info = shm.Info{Name: name, Kind: kind, Address: address}
	}
	text := natural.Sentence(err.Error())
	if s.starts > 0 {
		return // the problem already says how the last process ended, which says more
	}
	if s.problem != text {
		s.problem = text
		s.happen(now, "error", text, "")
	}
	if s.ended.IsZero() {
		s.ended = now
	}
	shm.Signal(s.changed)
}

// current reports whether the run's process is the one attached; mu is held.
func (r *run) current() bool { return r.src.running && r.src.adapter == r.from }

// State implements [shm.Sink].
func (r *run) State(name string, value shm.Value) {
	defer r.rescue("The value of ", name)
	if r.state(name, value, shm.SizeOf(value)) {
		r.src.relieve()
	}
}

// state takes the value of a state topic, which has so many bytes. It reports whether all
// sources together keep too much now.
func (r *run) state(name string, value shm.Value, size int64) (over bool) {
	now := time.Now()
	r.src.mu.Lock()
	defer r.src.mu.Unlock()
	if !r.current() {
		return false
	}
	if r.src.lastFrame.Before(r.src.began) || !r.src.framed() {
		// Once frames come, they alone show that the process is there. A state is no
		// sign of it: webmon asks for states, and the manager process answers even
		// while the watched process hangs.
		r.src.lastHeard = now
	}
	if value != nil && r.src.tooLarge(name, size, now) {
		value = nil
	}
	if value == nil {
		r.src.forgetState(name)
		r.came()
		shm.Signal(r.src.changed)
		return false
	}
	st := r.src.states[name]
	if st == nil {
		if len(r.src.states) >= maxTopics {
			r.src.notice("topics", fmt.Sprintf("More than %d state topics: the rest is not kept.", maxTopics), now)
			return false
		}
		st = &state{}
		r.src.states[name] = st
	}
	r.src.account.Add(size - st.size)
	st.value, st.at, st.size = value, now, size
	st.count.add(now)
	over = r.src.fit(now)
	r.came()
	shm.Signal(r.src.changed)
	return over
}

// came wakes the reads that wait, so that they check again; mu is held.
func (r *run) came() {
	for _, came := range r.src.waiting {
		close(came)
	}
	r.src.waiting = nil
}

// Event implements [shm.Sink].
func (r *run) Event(e shm.Event) {
	defer r.rescue("A message of ", e.Topic)
	now := time.Now()
	at, received := when(e.Stamp, now), now
	if e.Past {
		at = time.UnixMicro(int64(e.Stamp * 1e6))
		if now.Sub(at) > Window || at.After(now) {
			return
		}
		received = at // as if webmon had received it then
	}
	if r.event(e, at, received, shm.SizeOf(e.Value)) {
		r.src.relieve()
	}
}

// event takes an event whose value has so many bytes. It reports whether all sources
// together keep too much now.
func (r *run) event(e shm.Event, at, received time.Time, size int64) (over bool) {
	now := time.Now()
	r.src.mu.Lock()
	defer r.src.mu.Unlock()
	if !r.current() {
		return false
	}
	r.src.lastHeard = now
	if r.src.tooLarge(e.Topic, size, now) {
		return false
	}
	t := r.src.topic(e.Topic, now)
	if t == nil {
		return false
	}
	if e.Past && t.latest.After(at) {
		return false // newer events are here already: this one comes twice, or out of order
	}
	t.latest, t.heard = at, now
	t.count.add(received)
	r.src.account.Add(t.log.add(received, e.Stamp, e.Value, size) + t.remember(Message{received, e.Value}, size))
	r.numbers(e.Topic, e.Value, at, 0)
	if r.src.uncounted++; r.src.uncounted >= countEvery {
		r.src.countSeries()
	}
	over = r.src.fit(now)
	shm.Signal(r.src.changed)
	return over
}

// when is the time of an event: the process's own stamp if its clock agrees with
// webmon's, otherwise now.
func when(stamp float64, now time.Time) time.Time {
	if stamp > 0 && !math.IsInf(stamp, 0) {
		t := time.UnixMicro(int64(stamp * 1e6))
		if d := now.Sub(t); d > -time.Second && d < StaleAfter {
			return t
		}
	}
	return now
}

// numbers appends every number inside v to its series; mu is held.
func (r *run) numbers(name string, v shm.Value, at time.Time, depth int) {
	if m, ok := v.(map[string]shm.Value); ok {
		if depth < 3 {
			for key, v := range m {
				if key != "time" && len(name)+len(key) < maxName { // the stamp of the other values
					r.numbers(name+"."+key, v, at, depth+1)
				}
			}
		}
		return
	}
	x, ok := shm.Number(v)
	if !ok {
		return
	}
	s := r.src.series[name]
	if s == nil {
		if len(r.src.series) >= mostSeries(r.src.account.Limit()) && !r.src.endIdleSeries(at) {
			r.src.notice("series", fmt.Sprintf("More than %d numbers come in: the rest has no chart.", mostSeries(r.src.account.Limit())), at)
			return
		}
		s = newSeries()
		r.src.series[name] = s
	}
	s.Append(at, x)
}

// Frame implements [shm.Sink].
func (r *run) Frame(stamp float64) {
	now := time.Now()
	r.src.mu.Lock()
	defer r.src.mu.Unlock()
	if !r.current() {
		return
	}
	r.src.lastHeard, r.src.lastFrame, r.src.frameThen = now, now, r.src.lastFrame
	r.came()
	r.src.frames.add(now)
	if at := when(stamp, now); at != now {
		r.src.latency.Append(now, max(0, float64(now.Sub(at))/1e6))
	}
	r.goOn(now)
	shm.Signal(r.src.changed)
}

// Alive implements [shm.Sink].
func (r *run) Alive() {
	now := time.Now()
	r.src.mu.Lock()
	defer r.src.mu.Unlock()
	if !r.current() {
		return
	}
	r.src.lastHeard, r.src.lastFrame = now, now
	r.goOn(now)
	shm.Signal(r.src.changed)
}

// goOn ends staleness; mu is held.
func (r *run) goOn(now time.Time) {
	if r.src.stale {
		r.src.stale = false
		if r.src.framed() {
			r.src.happen(now, "resume", r.src.info.Name+" sends frames again.", "frames again")
		} else {
			r.src.happen(now, "resume", r.src.info.Name+" answers again.", "answers again")
		}
	}
}

// Cost implements [shm.Sink].
func (r *run) Cost(c shm.Cost) {
	now := time.Now()
	r.src.mu.Lock()
	defer r.src.mu.Unlock()
	if !r.current() {
		return
	}
	r.src.cost = c
	if r.src.answered = now; !r.src.framed() {
		r.src.lastHeard = now
		r.goOn(now)
	}
	if d := now.Sub(r.src.costAt).Seconds(); d >= 2 {
		then := r.src.costThen
		r.src.costRate = CostRate{
			CallsPerSec: float64(c.Calls-then.Calls) / d,
			BytesPerSec: float64(c.Bytes-then.Bytes) / d,
			Waiting:     (c.Waiting - then.Waiting).Seconds() / d,
			Manager:     -1,
		}
		if c.Manager > 0 && then.Manager > 0 {
			r.src.costRate.Manager = (c.Manager - then.Manager).Seconds() / d
		}
		r.src.costThen, r.src.costAt = c, now
	}
}

// Notice implements [shm.Sink].
func (r *run) Notice(key, text string) {
	now := time.Now()
	r.src.mu.Lock()
	defer r.src.mu.Unlock()
	if r.current() {
		r.src.notice(key, text, now)
	}
}

// Fault implements [shm.Sink].
func (r *run) Fault(what string, err error) { r.src.Fault("adapter", r.src.id, what, err) }

// rescue is deferred where what a process has sent is kept. Of what panics only that is
// left out.
func (r *run) rescue(what, topic string) {
	if p := recover(); p != nil {
		r.src.Fault("sink", r.src.id+"/"+topic, what+topic, fault.Of(p))
	}
}

// notice counts a notice; mu is held.
func (s *Source) notice(key, text string, now time.Time) {
	key = natural.Clip(key, maxName)
	n := s.notices[key]
	if n == nil {
		if len(s.notices) >= maxNotices {
			// The one that has not been given for longest, if that is long enough.
			var oldest *Notice
			for _, o := range s.notices {
				if oldest == nil || o.Last.Before(oldest.Last) {
					oldest = o
				}
			}
			if now.Sub(oldest.Last) < idleAfter {
				return
			}
			delete(s.notices, oldest.Key)
		}
		n = &Notice{Key: key, First: now}
		s.notices[key] = n
	}
	n.Text, n.Last = natural.Clip(text, maxText), now
	n.Count++
}

// tick notices what happens because time passes, such as staleness. It reports
// whether the process has been gone for so long that the source can be forgotten.
func (s *Source) tick(now time.Time, forget time.Duration) (gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running && !s.stale && !s.connected(now) {
		s.stale = true
		if s.framed() {
			s.happen(now, "stale", fmt.Sprintf("%s has sent no frame for %.0f s.", s.info.Name, StaleAfter.Seconds()), "no frames")
		} else {
			s.happen(now, "stale", fmt.Sprintf("%s has not answered for %.0f s.", s.info.Name, StaleAfter.Seconds()), "no answer")
		}
		shm.Signal(s.changed)
	}
	if !s.read.IsZero() && now.Sub(s.read) >= ReadCounts {
		s.read = time.Time{}
		shm.Signal(s.demand)
	}
	s.countSeries()
	s.fit(now)
	return !s.running && !s.ended.IsZero() && now.Sub(s.ended) > forget
}

var _ interface {
	Series(string) *series.Series
	Marks() []series.Mark
} = (*Source)(nil)
