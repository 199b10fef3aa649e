package hosted

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"webmon/fault"
	"webmon/shm"
	"webmon/shm/process"
)

// session is one process of a source. The goroutine of run owns the fields.
type session struct {
	*source
	sink  shm.Sink
	child *child

	made     bool // the model is made
	again    bool // people have asked for another process
	busy     busy
	was      shm.ModelPhase // the phase apart from what takes long
	heard    time.Time
	pictured time.Time     // when the last picture was made
	took     time.Duration // how long that picture has taken
	changed  bool          // people were told that the file has changed
	remarks  []remark
	ready    *ready
	attached chan attached      // nil: no connection is being made
	patience time.Duration      // how long the connection may take
	leave    context.CancelFunc // gives the connection up
	stop     func()             // ends the adapter's run and waits for its end; nil: the adapter does not run
	ended    chan error
}

// busy is something that takes long. In its zero value nothing does.
type busy struct {
	what   string // such as "Step has not returned"
	since  time.Time
	detail string
	silent bool // the process says nothing at all
	next   bool // it is the picture after one that took long
}

// remark is a sentence about a model. Its key can take it back.
type remark struct{ key, text string }

// maxObservables bounds the numbers of which each has a chart.
const maxObservables = 64

// maxRemarks bounds the remarks that are kept.
const maxRemarks = 100

type attached struct {
	src *process.Source
	err error
}

// run follows the process until it ends or is to end. It returns why the process is of
// no more use, if the process has said why.
func (l *session) run(ctx context.Context) (problem, detail string) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	file := func(yield func(string) bool) { yield(l.file.opt.File) }
	before := stampsOf(file)
	for {
		select {
		case <-ctx.Done():
			return "", ""
		case <-l.source.again:
			l.again = true
			return "", ""
		case m, ok := <-l.child.messages:
			if !ok {
				return l.deaf(), ""
			}
			l.heard = time.Now()
			if l.busy.silent {
				l.goesOn(l.was)
			}
			switch {
			case m.Failed != nil: // the process ends by itself, unless the model has threads
				return m.Failed.Problem, m.Failed.Detail
			case m.trouble() != "":
				return m.trouble(), ""
			}
			if err := fault.Do(func() { l.take(ctx, m) }); err != nil {
				l.sink.Fault("What "+l.Info().Name+" says of itself", err)
			}
		case a := <-l.attached:
			l.attached = nil
			if a.err != nil {
				// A model that keeps Python's lock while it computes answers between two steps.
				l.remark("attach", fmt.Sprintf("%s runs, but cannot be reached so far: %v.", l.Info().Name, a.err))
				l.patience = min(2*l.patience, attachMost)
				l.attach(ctx)
				continue
			}
			l.remark("attach", "")
			l.join(ctx, a.src)
		case err := <-l.ended:
			// The process is about to end, or its manager has ended. One is of no use without
			// the other. What the process has said is still read.
			if l.drain() {
				return "", ""
			}
			return fmt.Sprintf("The connection to %s broke off: %v.", l.Info().Name, err), ""
		case now := <-tick.C:
			l.sink.Cost(l.costs())
			l.sink.Alive() // the process lives; below people are told that it says nothing
			l.lookForSlow(now)
			if !l.changed && !maps.Equal(before, stampsOf(file)) {
				l.changed = true
				l.sink.Notice("changed", fmt.Sprintf("%s has changed since %s began: restart runs it as it is now", l.file.base(), l.Info().Name))
			}
		}
	}
}

// drain reads what an ending process still says, and reports whether the process ends.
func (l *session) drain() bool {
	timer := time.NewTimer(restartsIn)
	defer timer.Stop()
	for {
		select {
		case _, ok := <-l.child.messages:
			if !ok {
				return true
			}
		case <-timer.C:
			return false
		}
	}
}

// deaf says why a process that has not ended cannot be heard, "" if it has ended.
func (l *session) deaf() string {
	timer := time.NewTimer(restartsIn)
	defer timer.Stop()
	select {
	case <-l.child.exited:
		return ""
	case <-timer.C:
		return fmt.Sprintf("The process of %s has closed what connects it to webmon: a model must leave open files alone that are not its own.", l.Info().Name)
	}
}

// take takes one message.
func (l *session) take(ctx context.Context, m message) {
	s := l.source
	switch {
	case m.Python != "":
		s.mu.Lock()
		s.info.Python, s.info.PID = m.Python, l.child.pid
		s.mu.Unlock()
	case m.Ready != nil:
		l.made = true
		s.mu.Lock()
		s.info.Name, s.info.Address = cmp.Or(m.Ready.Title, s.info.Name), m.Ready.Address
		s.state.TimeUnit, s.state.Observables = m.Ready.TimeUnit, nil
		for _, o := range m.Ready.Observables[:min(len(m.Ready.Observables), maxObservables)] {
			s.state.Observables = append(s.state.Observables, shm.Observable(o))
		}
		s.mu.Unlock()
		l.ready, l.patience = m.Ready, attachTimeout
		l.attach(ctx)
	case m.State != nil:
		l.setState(m.State)
	case m.Physics != nil:
		values := make(map[string]shm.Value, len(m.Physics))
		for name, x := range m.Physics {
			values[name] = number(x)
		}
		l.sink.Event(shm.Event{Topic: shm.TopicPhysics, Stamp: m.Time, Value: values})
	case m.Notice != nil:
		l.remark(m.Notice.Key, m.Notice.Text)
	case m.Slow != nil:
		since := time.Now().Add(-seconds(m.Slow.Seconds))
		b := busy{what: m.Slow.What, since: since, detail: l.child.detail(m.Slow.Detail)}
		if l.busy.next {
			b.what, b.since, b.next = l.busy.what, l.busy.since, true
		}
		l.takesLong(b)
	case m.GoesOn != "" && l.busy.what != "":
		l.goesOn(shm.ModelPhase(m.GoesOn))
	case m.Alive:
		l.sink.Alive()
	}
}

// lookForSlow tells people that something takes long, and from then on for how many seconds.
func (l *session) lookForSlow(now time.Time) {
	switch patience := l.file.opt.patience; {
	case l.busy.what != "":
		l.takesLong(l.busy)
	case now.Sub(l.heard) > patience*6/5:
		l.takesLong(busy{what: l.Info().Name + " has not answered", since: l.heard, silent: true})
	}
}

// takesLong says that the model is slow. Slowness is no failure: the model goes on.
func (l *session) takesLong(b busy) {
	s := l.source
	s.mu.Lock()
	if l.busy.what == "" {
		l.was = s.state.Phase
	}
	l.busy = b
	s.state.Phase, s.state.Problem, s.state.Detail = shm.ModelSlow, b.sentence(time.Now()), b.detail
	s.mu.Unlock()
	s.tell()
}

func (b busy) sentence(now time.Time) string {
	why := "."
	if b.silent {
		why = ": it computes in compiled code that lets nothing else of Python run, or it is stopped."
	}
	return fmt.Sprintf("%s for %.0f s so far%s It goes on when that ends; Restart ends it.", b.what, now.Sub(b.since).Seconds(), why)
}

// goesOn says that the model goes on after something that took long.
func (l *session) goesOn(phase shm.ModelPhase) {
	l.busy = busy{}
	s := l.source
	s.mu.Lock()
	s.state.Phase, s.state.Problem, s.state.Detail = phase, "", ""
	l.stillSlow()
	s.mu.Unlock()
	s.tell()
}

// stillSlow keeps a model slow whose last picture has taken long, because the next one
// will take long too. s.mu is held.
func (l *session) stillSlow() {
	if l.took <= l.file.opt.patience || l.state.Phase != shm.ModelRunning {
		return
	}
	l.was = l.state.Phase
	l.busy = busy{what: fmt.Sprintf("The last picture has taken %.0f s; the next one is under way", l.took.Seconds()), since: l.pictured, next: true}
	l.state.Phase, l.state.Problem = shm.ModelSlow, l.busy.sentence(time.Now())
}

// remark keeps a sentence about the model, or takes back the sentence of that key.
func (l *session) remark(key, text string) {
	l.remarks = slices.DeleteFunc(l.remarks, func(r remark) bool { return r.key == key })
	if text != "" && len(l.remarks) < maxRemarks {
		l.remarks = append(l.remarks, remark{key, text})
	}
	var list []string
	for _, r := range l.remarks {
		list = append(list, r.text)
	}
	s := l.source
	s.mu.Lock()
	s.state.Remarks = list
	s.mu.Unlock()
	s.tell()
}

// number returns NaN for null.
func number(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// orZero returns 0 for null.
func orZero(x *float64) float64 {
	if x == nil {
		return 0
	}
	return *x
}

// setState takes what the process says of itself with each picture.
func (l *session) setState(m *state) {
	l.busy = busy{}
	s := l.source
	failed, pictured := l.keep(m)
	if failed {
		detail := l.child.detail(m.Detail)
		s.mu.Lock()
		s.state.Detail = detail
		s.mu.Unlock()
	}
	if m.Values != nil {
		s.tellControls(l.sink, func() { s.values = m.Values })
	}
	s.tell()
	if pictured {
		l.sink.Frame(m.Stamp)
	}
}

// keep makes what the process says the state. It reports whether the model has failed, and
// whether there is a new picture.
func (l *session) keep(m *state) (failed, pictured bool) {
	s := l.source
	s.mu.Lock()
	defer s.mu.Unlock()
	pictured = m.Frame > s.state.Frame
	if pictured {
		l.pictured, l.took = time.Now(), seconds(m.Took)
	}
	s.state.Phase, s.state.Problem, s.state.Detail = shm.ModelPhase(m.Phase), m.Problem, m.Detail
	s.state.Frame, s.state.Steps, s.state.Time = m.Frame, m.Steps, number(m.Time)
	s.state.StepMS, s.state.Rate = orZero(m.StepMS), orZero(m.Rate)
	s.state.Finger = nil
	if len(m.Finger) == 4 {
		s.state.Finger = &shm.ModelFinger{X: number(m.Finger[0]), Y: number(m.Finger[1]), PX: number(m.Finger[2]), PY: number(m.Finger[3])}
	}
	l.stillSlow()
	return s.state.Phase == shm.ModelFailed, pictured
}

// seconds is a time that a process has given, at most a day: it says how long something
// has taken.
func seconds(s float64) time.Duration {
	return time.Duration(min(max(s, 0), 86400) * float64(time.Second))
}

// tellControls hands the controls over after a change of their declaration or their values.
func (s *source) tellControls(sink shm.Sink, change func()) {
	// Otherwise an older state could be handed over after a newer one.
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	change()
	list := s.present()
	s.mu.Unlock()
	if list != nil {
		sink.State(shm.TopicControls, list)
	}
}

// present returns the controls with the values that came with the pictures. Those come at
// once. The declaration has to be fetched, so its values may be older. present returns nil
// if nothing is declared yet. mu is held.
func (s *source) present() shm.Controls {
	if s.controls == nil {
		return nil
	}
	out := slices.Clone(s.controls)
	for i := range out {
		v, ok := s.values[out[i].Name]
		if !ok {
			continue
		}
		switch x := v.(type) {
		case float64:
			switch out[i].Type {
			case shm.Int:
				if x == math.Trunc(x) && math.Abs(x) < 1<<62 {
					out[i].Value = int64(x)
				}
			case shm.Float:
				out[i].Value = x
			}
		case bool:
			if out[i].Type == shm.Bool {
				out[i].Value = x
			}
		case string:
			if out[i].Type == shm.Choice || out[i].Type == shm.Text {
				out[i].Value = x
			}
		}
	}
	return out
}

// attach connects to the process as to every other process with the package.
func (l *session) attach(ctx context.Context) {
	into, r := make(chan attached, 1), l.ready
	l.attached = into
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	l.leave = cancel
	fault.Go(nil, func() {
		defer cancel()
		src, err := process.Attach(ctx, process.Options{
			Address: r.Address, Authkey: []byte(r.Key), PID: r.PID,
			Kind: shm.KindModel, Name: r.Title, Logger: l.file.opt.Logger,
		})
		into <- attached{src, err}
	}, func(err error) {
		l.sink.Fault("Connecting to "+l.Info().Name, err)
		into <- attached{nil, err}
	})
}

// join starts the adapter, and hands it the commands that have waited.
func (l *session) join(ctx context.Context, src *process.Source) {
	s := l.source
	list := append(shm.Actions(src.Actions()), restart)
	s.mu.Lock()
	s.actions = list
	s.mu.Unlock()
	l.sink.State(shm.TopicActions, slices.Clone(list))
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	var running sync.WaitGroup
	fault.Go(&running, func() { ended <- src.Run(ctx, &link{Sink: l.sink, s: s}) }, func(err error) {
		l.sink.Fault("The connection to "+l.Info().Name, err)
		ended <- err
	})
	l.ended = ended
	l.stop = func() { cancel(); running.Wait() }
	for {
		s.mu.Lock()
		waiting, restarts := s.waiting, s.restarts
		s.waiting, s.restarts = nil, nil
		if len(waiting) == 0 && len(restarts) == 0 {
			s.adapter, s.making = src, false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		for _, r := range restarts {
			r(shm.Applied, "")
		}
		for _, c := range waiting {
			src.Command(c.Command, c.report)
		}
	}
}

// detach stops the adapter.
func (l *session) detach() {
	if l.stop != nil {
		l.stop()
		l.stop = nil
	}
	if l.attached != nil {
		l.leave()
		if a := <-l.attached; a.src != nil {
			_ = a.src.Close()
		}
		l.attached = nil
	}
}

// link is the sink of the adapter. It passes on what the process does not say by its pipe.
type link struct {
	shm.Sink
	s *source
}

// State implements [shm.Sink].
func (l *link) State(topic string, v shm.Value) {
	s := l.s
	switch topic {
	case shm.TopicControls:
		list, ok := v.(shm.Controls)
		if !ok {
			return
		}
		s.tellControls(l.Sink, func() { s.controls = list })
		return
	case shm.TopicActions:
		list, ok := v.(shm.Actions)
		if !ok {
			return
		}
		list = append(slices.Clone(list), restart)
		s.mu.Lock()
		s.actions = list
		s.mu.Unlock()
		v = slices.Clone(list)
	case shm.TopicArrays:
		if list, ok := v.(shm.Arrays); ok {
			s.mu.Lock()
			s.arrays = slices.Clone(list)
			s.mu.Unlock()
		}
	}
	l.Sink.State(topic, v)
}

// Cost implements [shm.Sink]. The adapter calls it once a second, also while nothing can be
// read.
func (l *link) Cost(c shm.Cost) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.s.cost = c
}

// Frame implements [shm.Sink]. The process itself tells of pictures by its pipe.
func (l *link) Frame(float64) {}

// Notice implements [shm.Sink].
func (l *link) Notice(key, text string) {
	if key != "hang" { // a model that hangs has a phase for it
		l.Sink.Notice(key, text)
	}
}
