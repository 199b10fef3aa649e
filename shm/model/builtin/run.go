package builtin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"time"

	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
	"webmon/shm/model/builtin/gpe"
	"webmon/shm/model/inbox"
	"webmon/shm/model/outbox"
	"webmon/shm/segment"
)

const (
	// atOnce is how long time steps may take until commands are looked at again, and
	// whether to stop. Shorter pieces would cost: each begins with half a step more.
	atOnce = 100 * time.Millisecond
	// tellEvery is how often to say what changes slowly, and that all is well.
	tellEvery = time.Second
	// observeEvery is how often to observe, and observeShare the part of the time that
	// it may take.
	observeEvery = 100 * time.Millisecond
	observeShare = 20
	// pair is how long the second number of a place may come after the first: time steps
	// wait for it.
	pair = 200 * time.Microsecond
)

// run is what the goroutine of a simulation has to itself.
type run struct {
	*Source
	ctx  context.Context
	sink shm.Sink
	sim  sim // nil: it could not be made

	state   shm.ModelState // as told last
	period  time.Duration  // from picture to picture
	due     time.Time      // of the next one
	perPic  int            // time steps a picture
	took    time.Duration  // a time step, of late; 0: unknown
	rate    outbox.Rate    // while it runs
	observe time.Time      // not before
	told    time.Time      // what changes slowly

	arrays  []*outbox.Array
	shape   [2]int // of density and phase
	tracers int
	// version counts the states of the simulation that can be told from each other.
	version   uint64
	published uint64 // the one that the newest picture shows
}

// Run implements [shm.Source].
func (s *Source) Run(ctx context.Context, sink shm.Sink) error {
	r := &run{Source: s, ctx: ctx, sink: sink, period: time.Duration(float64(time.Second) / s.opts.Rate)}
	s.inbox.Begin(sink)
	defer s.inbox.End()
	defer r.close()
	r.begin()
	sink.Cost(shm.Cost{}) // watching costs a model nothing
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		r.obey()
		now := time.Now()
		switch {
		case r.state.Phase != shm.ModelRunning:
			r.show()
		case !now.Before(r.due):
			r.picture()
			// What is late is not made up for, but for what a sleep was too long.
			if r.due = r.due.Add(r.period); time.Since(r.due) > r.period {
				r.due = time.Now()
			}
		}
		if now := time.Now(); now.Sub(r.told) >= tellEvery {
			r.tellArrays(now)
			sink.Cost(shm.Cost{}) // which also says that all is well
		}
		r.sleep(timer)
	}
	return nil
}

// sleep waits for what comes next.
func (r *run) sleep(timer *time.Timer) {
	until := r.told.Add(tellEvery)
	if r.state.Phase == shm.ModelRunning && r.due.Before(until) {
		until = r.due
	}
	timer.Reset(time.Until(until))
	select {
	case <-r.ctx.Done():
	case <-r.inbox.Wake():
	case <-r.sink.DemandChanged():
	case <-timer.C:
	}
}

func (r *run) close() {
	if r.sim == nil {
		return
	}
	// One that has panicked may do so again.
	defer func() {
		if p := recover(); p != nil {
			r.opts.Logger.Warn("a model cannot be closed", "model", r.info.Name, "panic", p)
		}
	}()
	s := r.sim
	r.sim = nil
	s.Close()
}

// begin makes the simulation again, and shows its start.
func (r *run) begin() {
	defer r.rescue()
	r.close()
	r.state = shm.ModelState{Phase: shm.ModelStarting, Time: math.NaN(), TimeUnit: gpe.TimeUnit, Observables: r.state.Observables}
	r.took, r.observe = 0, time.Time{}
	r.rate.Stop()
	r.tellState()
	r.inbox.Revive()
	s, err := r.make()
	if err != nil {
		r.fail(natural.Sentence(err.Error()), "")
		return
	}
	r.sim = s
	r.state.Observables = s.Observables()
	r.refresh()
	r.state.Phase = shm.ModelRunning
	r.startOver()
	r.due = time.Now().Add(r.period)
}

// fail says that the model has.
func (r *run) fail(problem, detail string) {
	r.state.Phase, r.state.Problem, r.state.Detail, r.state.Rate = shm.ModelFailed, problem, detail, 0
	r.opts.Logger.Warn("a model has failed", "model", r.info.Name, "problem", problem)
	r.tellState()
	r.inbox.Fail("The model has failed and has to be restarted first.")
}

// rescue is deferred wherever the simulation is called: whatever it does, only the model
// fails.
func (r *run) rescue() {
	if p := recover(); p != nil {
		r.panicked(p)
	}
}

func (r *run) panicked(p any) {
	f := fault.Of(p)
	r.sink.Fault("The model "+r.info.Name, f)
	what, _, _ := strings.Cut(fmt.Sprint(f.Value), "\n")
	r.fail(fmt.Sprintf("The model has come to an error in its own code after %d time steps: %s.", r.state.Steps, what),
		strings.TrimSpace(string(f.Stack)))
}

// broken looks whether the simulation has failed by itself.
func (r *run) broken() bool {
	if r.state.Phase == shm.ModelFailed {
		return true
	}
	err := r.sim.Err()
	if err == nil {
		return false
	}
	var values strings.Builder
	for _, c := range r.sim.Controls() {
		fmt.Fprintf(&values, "%s = %v\n", c.Name, c.Value)
	}
	r.fail(natural.Sentence(err.Error()), values.String())
	return true
}

// refresh takes from the simulation what commands may have changed.
func (r *run) refresh() {
	controls := r.sim.Controls()
	r.perPic = 1
	if c, ok := controls.Get("steps"); ok {
		if n, ok := c.Value.(int64); ok {
			r.perPic = max(int(n), 1)
		}
	}
	r.inbox.Settle(controls)
}

// startOver shows the beginning of a run, whose grid may differ from the one before.
func (r *run) startOver() {
	r.state.Steps = 0
	r.observe = time.Time{}
	r.version++
	if r.broken() {
		return
	}
	r.declare()
	r.publish()
}

// declare makes the arrays, unless they are there.
func (r *run) declare() {
	nx, ny := r.sim.Shape()
	n := len(r.sim.Tracers(nil)) / 2
	if r.arrays != nil && r.shape == [2]int{nx, ny} && r.tracers == n {
		return
	}
	var arrays []*outbox.Array
	add := func(s segment.Spec, about shm.ArrayInfo, fill func(b []byte)) {
		a, err := outbox.NewArray(s, about, fill)
		if err != nil {
			panic(err) // a shape that no machine has
		}
		arrays = append(arrays, a)
	}
	add(segment.Spec{Name: shm.ArrayDensity, DType: "<f8", Shape: []int{nx, ny}, Axes: []string{"x", "y"}},
		shm.ArrayInfo{Title: "Density", Colormap: "viridis"},
		func(b []byte) { r.sim.Density(segment.Items[float64](b)) })
	add(segment.Spec{Name: shm.ArrayPhase, DType: "<f4", Shape: []int{nx, ny}, Axes: []string{"x", "y"}},
		shm.ArrayInfo{Title: "Phase", Colormap: "twilight", Limits: &[2]float64{-math.Pi, math.Pi}, Unit: "rad"},
		func(b []byte) { r.sim.Phase(segment.Items[float32](b)) })
	if n > 0 {
		add(segment.Spec{Name: shm.ArrayTracers, DType: "<f4", Shape: []int{2, n}, Axes: []string{"xy", "particle"}},
			shm.ArrayInfo{Title: "Tracers", Unit: "px"},
			func(b []byte) { r.sim.Tracers(segment.Items[float32](b)) })
	}
	r.arrays, r.shape, r.tracers = arrays, [2]int{nx, ny}, n
	r.tellArrays(time.Now())
}

func (r *run) tellArrays(now time.Time) {
	r.told = now
	outbox.Tell(r.sink, now, r.arrays...)
}

// tellState hands over a copy of the state.
func (r *run) tellState() {
	state := r.state
	r.sink.State(shm.TopicModel, &state)
}

// picture computes the time steps of one picture and publishes it. What people ask for
// meanwhile may cut it short: they see what has become of it at once.
func (r *run) picture() {
	for left := r.perPic; left > 0 && r.ctx.Err() == nil; {
		n := left
		if r.took > 0 {
			n = int(min(int64(left), max(int64(atOnce/r.took), 1)))
		}
		r.step(n)
		left -= n
		if left > 0 && r.ctx.Err() == nil {
			was := r.version
			r.obey()
			if r.version != was || r.state.Phase != shm.ModelRunning {
				break
			}
		}
	}
	if r.state.Phase != shm.ModelFailed && r.published != r.version {
		r.publish()
	}
}

// step computes n time steps.
func (r *run) step(n int) {
	defer r.rescue()
	before := time.Now()
	r.sim.Step(n)
	each := time.Since(before) / time.Duration(n)
	if r.took == 0 {
		r.took = each
	}
	r.took += (each - r.took) / 8
	r.state.StepMS = float64(r.took) / 1e6
	r.version++
	if !r.broken() {
		r.state.Steps += uint64(n)
	}
}

// publish hands over a picture.
func (r *run) publish() {
	defer r.rescue()
	now := time.Now()
	for _, a := range r.arrays {
		r.offer(a, now)
	}
	r.published = r.version
	if r.state.Phase == shm.ModelRunning {
		r.state.Rate = r.rate.Count(now)
	}
	r.state.Frame++
	r.state.Time, r.state.Finger = r.sim.Time(), r.sim.Finger()
	r.tellState()
	stamp := float64(now.UnixMicro()) / 1e6
	if !now.Before(r.observe) {
		r.physics(stamp)
		r.observe = now.Add(max(observeEvery-r.period/2, observeShare*time.Since(now)))
	}
	r.sink.Frame(stamp)
}

func (r *run) offer(a *outbox.Array, now time.Time) {
	if err := a.Offer(r.sink, r.version, now); err != nil {
		panic(err) // frames have the shape of their array
	}
}

// physics hands over the numbers that a physicist watches.
func (r *run) physics(stamp float64) {
	numbers := r.sim.Observe()
	value := make(map[string]shm.Value, len(numbers))
	for name, x := range numbers {
		value[name] = x
	}
	r.sink.Event(shm.Event{Topic: shm.TopicPhysics, Stamp: stamp, Value: value})
}

// show hands over what somebody has begun to want of a simulation that stands still.
func (r *run) show() {
	if r.state.Phase != shm.ModelPaused {
		return
	}
	defer r.rescue()
	for _, a := range r.arrays {
		if a.Behind(r.sink, r.version) {
			r.offer(a, time.Now())
		}
	}
}

// obey does what people have asked for. They are answered when everybody has been told
// what has become of it.
func (r *run) obey() {
	var answers []func()
	for r.ctx.Err() == nil {
		c, ok := r.next()
		if !ok {
			break
		}
		err := r.do(c)
		answers = append(answers, func() { c.Done(err) })
	}
	if answers == nil {
		return
	}
	if r.state.Phase != shm.ModelFailed {
		r.settled()
	}
	for _, answer := range answers {
		answer()
	}
}

// next takes the first command out of the inbox. Of a place that has just begun to come
// the other half is waited for.
func (r *run) next() (c inbox.Command, ok bool) {
	for {
		half := false
		taken := r.inbox.Take(func(waiting []inbox.Command) int {
			if half = time.Since(inbox.Half(waiting)) < pair; half {
				return 0
			}
			return min(len(waiting), 1)
		})
		switch {
		case len(taken) > 0:
			return taken[0], true
		case !half:
			return c, false
		}
		runtime.Gosched()
	}
}

// settled says what has become of commands.
func (r *run) settled() {
	defer r.rescue()
	r.refresh()
	r.state.Finger = r.sim.Finger()
	r.tellState()
}

// do does what one command says. The error says why not.
func (r *run) do(c inbox.Command) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.panicked(p)
			err = errors.New(strings.TrimSuffix(r.state.Problem, "."))
		}
	}()
	if !c.Action {
		return r.set(c.Name, c.Value)
	}
	switch c.Name {
	case shm.ActionRestart:
		r.begin()
		return nil // what has become of it is for its state to say
	case shm.ActionStart:
		r.phase(shm.ModelRunning)
		r.due = time.Now()
	case shm.ActionPause:
		r.phase(shm.ModelPaused)
	case shm.ActionStep:
		r.phase(shm.ModelPaused)
		for left := r.perPic; left > 0 && r.ctx.Err() == nil && r.state.Phase == shm.ModelPaused; {
			n := min(left, max(int(atOnce/max(r.took, 1)), 1))
			r.step(n)
			left -= n
		}
		if r.state.Phase == shm.ModelPaused {
			r.publish()
		}
	case shm.ActionReset:
		r.sim.Reset()
		r.startOver()
	case shm.ActionResetTracers:
		r.sim.ResetTracers()
		r.version++
		r.publish()
	}
	if r.state.Phase == shm.ModelFailed {
		return errors.New(strings.TrimSuffix(r.state.Problem, "."))
	}
	return nil
}

// phase goes on or stands still.
func (r *run) phase(p shm.ModelPhase) {
	if r.state.Phase == p {
		return
	}
	r.state.Phase, r.state.Rate = p, 0
	r.rate.Stop()
	r.tellState()
}

// set gives a parameter a value.
func (r *run) set(name string, v shm.Value) error {
	before := r.sim.Time()
	if err := r.sim.Set(name, v); err != nil {
		return err
	}
	finger := name == shm.ControlFingerX || name == shm.ControlFingerY
	nx, ny := r.sim.Shape()
	switch after := r.sim.Time(); {
	case finger:
	case after != before, after == 0, r.shape != [2]int{nx, ny}:
		r.startOver() // some parameters say how a run begins
	case r.state.Phase == shm.ModelPaused:
		r.version++ // some are seen in a field that stands still
	}
	if r.broken() {
		return errors.New(strings.TrimSuffix(r.state.Problem, "."))
	}
	return nil
}
