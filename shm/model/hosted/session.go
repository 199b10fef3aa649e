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

	"webmon/shm"
	"webmon/shm/process"
)

// session is one process and what it is to its source. Its fields are run's.
type session struct {
	*source
	sink  shm.Sink
	child *child

	made     bool // the model is
	again    bool // people have asked for another
	busy     busy
	was      shm.ModelPhase // without what takes long
	heard    time.Time
	pictured time.Time     // when the last picture was made
	took     time.Duration // that it has taken
	changed  bool          // it was said that the file has changed
	remarks  []remark
	ready    *ready
	attached chan attached      // nil: it is not being connected to
	patience time.Duration      // with that
	leave    context.CancelFunc // gives that up
	stop     func()             // ends the adapter's run, and waits for that; nil: there is none
	ended    chan error
}

// busy is what takes long; the zero value is nothing.
type busy struct {
	what   string // such as "Step has not returned"
	since  time.Time
	detail string
	silent bool // nothing is heard of the process at all
	next   bool // the picture after one that took long
}

// remark is a sentence about a model, under the key by which it can be taken back.
type remark struct{ key, text string }

// maxRemarks bounds those that are kept.
const maxRemarks = 100

type attached struct {
	src *process.Source
	err error
}

// run follows the process until it ends, or is to be ended. It returns why it is
// of no more use where that was said.
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
			case m.Failed != nil: // it ends by itself, unless the model has threads
				return m.Failed.Problem, m.Failed.Detail
			case m.trouble() != "":
				return m.trouble(), ""
			}
			l.take(ctx, m)
		case a := <-l.attached:
			l.attached = nil
			if a.err != nil {
				// One that computes without letting others run answers between two steps.
				l.remark("attach", fmt.Sprintf("%s runs, but cannot be reached so far: %v.", l.Info().Name, a.err))
				l.patience = min(2*l.patience, attachMost)
				l.attach(ctx)
				continue
			}
			l.remark("attach", "")
			l.join(ctx, a.src)
		case err := <-l.ended:
			// The process is about to end, or its manager has: one without the other is of
			// no use. What it has said is waited for.
			if l.drain() {
				return "", ""
			}
			return fmt.Sprintf("The connection to %s broke off: %v.", l.Info().Name, err), ""
		case now := <-tick.C:
			l.sink.Cost(l.costs())
			l.sink.Alive() // the process lives; that nothing is heard of it is told here
			l.lookForSlow(now)
			if !l.changed && !maps.Equal(before, stampsOf(file)) {
				l.changed = true
				l.sink.Notice("changed", fmt.Sprintf("%s has changed since %s began: restart runs it as it is now", l.file.base(), l.Info().Name))
			}
		}
	}
}

// drain takes what a process that ends still says, and reports whether it ends.
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

// deaf says why nothing can be heard of a process that has not ended, "" if it has.
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
		for _, o := range m.Ready.Observables {
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
		since := time.Now().Add(-time.Duration(m.Slow.Seconds * float64(time.Second)))
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

// lookForSlow tells that something takes long, and from then on the seconds so far.
func (l *session) lookForSlow(now time.Time) {
	switch patience := l.file.opt.patience; {
	case l.busy.what != "":
		l.takesLong(l.busy)
	case now.Sub(l.heard) > patience*6/5:
		l.takesLong(busy{what: l.Info().Name + " has not answered", since: l.heard, silent: true})
	}
}

// takesLong says that the model is slow. That is no failure: it goes on.
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

// goesOn says that what took long has ended.
func (l *session) goesOn(phase shm.ModelPhase) {
	l.busy = busy{}
	s := l.source
	s.mu.Lock()
	s.state.Phase, s.state.Problem, s.state.Detail = phase, "", ""
	l.stillSlow()
	s.mu.Unlock()
	s.tell()
}

// stillSlow keeps a model slow whose last picture has taken long, since the next one
// will; s.mu is held.
func (l *session) stillSlow() {
	if l.took <= l.file.opt.patience || l.state.Phase != shm.ModelRunning {
		return
	}
	l.was = l.state.Phase
	l.busy = busy{what: fmt.Sprintf("The last picture has taken %.0f s; the next one is under way", l.took.Seconds()), since: l.pictured, next: true}
	l.state.Phase, l.state.Problem = shm.ModelSlow, l.busy.sentence(time.Now())
}

// remark keeps a sentence about the model, or takes back the one of that key.
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

// number returns what null stands for, too.
func number(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// orZero is number where there must be one.
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
	s.mu.Lock()
	pictured := m.Frame > s.state.Frame
	if pictured {
		l.pictured, l.took = time.Now(), time.Duration(m.Took*float64(time.Second))
	}
	s.state.Phase, s.state.Problem, s.state.Detail = shm.ModelPhase(m.Phase), m.Problem, m.Detail
	s.state.Frame, s.state.Steps, s.state.Time = m.Frame, m.Steps, number(m.Time)
	s.state.StepMS, s.state.Rate = orZero(m.StepMS), orZero(m.Rate)
	s.state.Finger = nil
	if len(m.Finger) == 4 {
		s.state.Finger = &shm.ModelFinger{X: number(m.Finger[0]), Y: number(m.Finger[1]), PX: number(m.Finger[2]), PY: number(m.Finger[3])}
	}
	failed := s.state.Phase == shm.ModelFailed
	l.stillSlow()
	s.mu.Unlock()
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

// tellControls hands the controls over after a change of what they are made of.
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

// present returns the controls with the values that the process has told with its
// pictures: those come at once, while what it declares is asked for, and may have
// been overtaken. It is nil where nothing is declared yet; mu is held.
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

// attach connects to the process as to every other that declares itself.
func (l *session) attach(ctx context.Context) {
	into, r := make(chan attached, 1), l.ready
	l.attached = into
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	l.leave = cancel
	go func() {
		defer cancel()
		src, err := process.Attach(ctx, process.Options{
			Address: r.Address, Authkey: []byte(r.Key), PID: r.PID,
			Kind: shm.KindModel, Name: r.Title, Logger: l.file.opt.Logger,
		})
		into <- attached{src, err}
	}()
}

// join lets the adapter run, and hands it what has waited for it.
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
	running.Go(func() { ended <- src.Run(ctx, &link{Sink: l.sink, s: s}) })
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

// detach ends what the adapter does.
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

// link is the sink of the adapter: it passes on what is not told another way.
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

// Cost implements [shm.Sink]: it is told once a second, also while nothing can be
// read.
func (l *link) Cost(c shm.Cost) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.s.cost = c
}

// Frame implements [shm.Sink]: pictures are told by the process itself.
func (l *link) Frame(float64) {}

// Notice implements [shm.Sink].
func (l *link) Notice(key, text string) {
	if key != "hang" { // which is a phase of the model
		l.Sink.Notice(key, text)
	}
}
