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
	"webmon/shm/napari"
)

// session is one process and what it is to its source. Its fields are run's.
type session struct {
	*source
	sink  shm.Sink
	child *child

	made     bool // the model is
	again    bool // people have asked for another
	hung     hang
	was      shm.ModelPhase // before it hung
	heard    time.Time
	changed  bool // it was said that the file has changed
	attached chan attached
	stop     func() // ends the adapter's run, and waits for that; nil: there is none
	ended    chan error
}

// hang is how a process hangs.
type hang int

const (
	hangsNot      hang = iota
	hangsSaying        // the model does, and the process tells where
	hangsSilently      // nothing is heard of the process at all
)

type attached struct {
	src *napari.Source
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
			l.speaks()
			switch {
			case m.Failed != nil: // it ends by itself, unless the model has threads
				return m.Failed.Problem, m.Failed.Detail
			case m.trouble() != "":
				return m.trouble(), ""
			}
			l.take(ctx, m)
		case a := <-l.attached:
			if a.err != nil {
				return fmt.Sprintf("%s runs, but cannot be reached: %v.", l.Info().Name, a.err), ""
			}
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
			if silent := now.Sub(l.heard); silent > l.file.opt.patience*6/5 && l.hung == hangsNot {
				l.hangs(hangsSilently, fmt.Sprintf("The process of %s does not answer, for %.0f s now: it is stuck in compiled code, or stopped. It goes on if it does; restart ends it.", l.Info().Name, silent.Seconds()), "")
			}
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
		l.attach(ctx, m.Ready)
	case m.State != nil:
		l.setState(m.State)
	case m.Physics != nil:
		values := make(map[string]shm.Value, len(m.Physics))
		for name, x := range m.Physics {
			values[name] = number(x)
		}
		l.sink.Event(shm.Event{Topic: shm.TopicPhysics, Stamp: m.Time, Value: values})
	case m.Notice != nil:
		l.sink.Notice(m.Notice.Key, m.Notice.Text)
	case m.Hangs != nil:
		l.hangs(hangsSaying, m.Hangs.Problem, l.child.detail(m.Hangs.Detail))
	case m.GoesOn != "" && l.hung == hangsSaying:
		l.goesOn(shm.ModelPhase(m.GoesOn))
	case m.Alive:
		l.sink.Alive()
	}
}

// hangs makes the model one that has failed, as far as can be seen; it may recover.
func (l *session) hangs(how hang, problem, detail string) {
	s := l.source
	s.mu.Lock()
	if l.hung == hangsNot {
		l.was = s.state.Phase
	}
	l.hung = how
	s.state.Phase, s.state.Problem, s.state.Detail, s.state.Rate = shm.ModelFailed, problem, detail, 0
	s.mu.Unlock()
	s.tell()
}

// speaks ends the silence of a process.
func (l *session) speaks() {
	if l.hung == hangsSilently {
		l.goesOn(l.was)
	}
}

func (l *session) goesOn(phase shm.ModelPhase) {
	l.hung = hangsNot
	s := l.source
	s.mu.Lock()
	s.state.Phase, s.state.Problem, s.state.Detail = phase, "", ""
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
	l.hung = hangsNot
	s := l.source
	s.mu.Lock()
	pictured := m.Frame > s.state.Frame
	s.state.Phase, s.state.Problem, s.state.Detail = shm.ModelPhase(m.Phase), m.Problem, m.Detail
	s.state.Frame, s.state.Steps, s.state.Time = m.Frame, m.Steps, number(m.Time)
	s.state.StepMS, s.state.Rate = orZero(m.StepMS), orZero(m.Rate)
	s.state.Finger = nil
	if len(m.Finger) == 4 {
		s.state.Finger = &shm.ModelFinger{X: number(m.Finger[0]), Y: number(m.Finger[1]), PX: number(m.Finger[2]), PY: number(m.Finger[3])}
	}
	failed := s.state.Phase == shm.ModelFailed
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
	// Or an older state could be handed over after a newer one.
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
func (l *session) attach(ctx context.Context, r *ready) {
	into := make(chan attached, 1)
	l.attached = into
	ctx, cancel := context.WithTimeout(ctx, attachTimeout)
	go func() {
		defer cancel()
		src, err := napari.Attach(ctx, napari.Options{
			Address: r.Address, Authkey: []byte(r.Key), PID: r.PID,
			Kind: shm.KindModel, Name: r.Title, Logger: l.file.opt.Logger,
		})
		into <- attached{src, err}
	}()
}

// join lets the adapter run, and hands it what has waited for it.
func (l *session) join(ctx context.Context, src *napari.Source) {
	l.attached = nil
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
