package hosted

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
	"webmon/shm/process"
)

const (
	// attachTimeout is how long the connection to a model may take. After that it is tried
	// again, with twice the time.
	attachTimeout, attachMost = 10 * time.Second, 5 * time.Minute
	// endsIn is how long a model may take for its last step before it is killed. It has
	// less time where people wait for its restart.
	endsIn, restartsIn = 2 * time.Second, 500 * time.Millisecond
	maxWaiting         = 64 // commands for a model that is being made, and wishes that it be made again
	lookEvery          = time.Second
)

// actions are those of every model. They hold before the model declares its own.
var actions = shm.Actions{
	{Name: shm.ActionStart, Title: "Start", Args: []shm.Control{}, Help: "Lets the simulation run."},
	{Name: shm.ActionPause, Title: "Pause", Args: []shm.Control{}, Help: "Holds the simulation; it can still be changed."},
	{Name: shm.ActionStep, Title: "Step", Args: []shm.Control{}, Help: "Computes one picture further and pauses."},
	{Name: shm.ActionReset, Title: "Reset", Args: []shm.Control{}, Help: "Goes back to the start, with all parameters at their defaults."},
}

var restart = shm.Action{
	Name: shm.ActionRestart, Title: "Restart", Args: []shm.Control{},
	Help: "Ends the model's process, whatever has become of it, and begins again with the file as it is now.",
}

// source is one run of one model. It implements [shm.Source].
type source struct {
	file  *File
	class string // "" where the file has no class

	telling sync.Mutex // held while controls are handed over; before mu

	mu       sync.Mutex // guards all below
	info     shm.Info
	actions  shm.Actions
	state    shm.ModelState
	sink     shm.Sink        // nil: not running
	adapter  *process.Source // nil: the model cannot be reached
	making   bool            // the model is being made, and commands wait
	over     bool            // Run has ended
	waiting  []command       // commands that wait for the model to be made
	restarts []report        // of those who have asked for a restart

	controls shm.Controls // as the process declares them
	values   map[string]any
	arrays   shm.Arrays
	cost     shm.Cost

	again chan struct{} // capacity one: restarts has grown
}

type report = func(shm.Status, string)

type command struct {
	shm.Command
	report report
}

func newSource(f *File, k known) *source {
	s := &source{
		file: f, class: k.class,
		actions: append(slices.Clone(actions), restart),
		making:  true,
		again:   make(chan struct{}, 1),
	}
	s.info = shm.Info{Name: k.Title, Kind: shm.KindModel, Instance: rand.Text()}
	s.state = shm.ModelState{Phase: shm.ModelStarting, Time: math.NaN()}
	return s
}

// Info implements [shm.Source].
func (s *source) Info() shm.Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

// Actions implements [shm.Source].
func (s *source) Actions() []shm.Action {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.actions)
}

// Command implements [shm.Source].
func (s *source) Command(cmd shm.Command, report func(shm.Status, string)) {
	if cmd.ID == "" || report == nil {
		report = func(shm.Status, string) {}
	}
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		report(shm.Gone, "the model has ended")
		return
	}
	if cmd.Name == shm.ActionRestart && len(s.restarts) >= maxWaiting {
		s.mu.Unlock()
		report(shm.Refused, "the model is about to be started again")
		return
	}
	if cmd.Name == shm.ActionRestart {
		s.restarts = append(s.restarts, report)
		s.mu.Unlock()
		report(shm.Queued, "")
		shm.Signal(s.again)
		return
	}
	if s.making && len(s.waiting) >= maxWaiting {
		s.mu.Unlock()
		report(shm.Refused, "the model is still being made: try again in a moment")
		return
	}
	if s.making {
		if cmd.ID == "" { // a drag value, and a later one is here now
			s.waiting = slices.DeleteFunc(s.waiting, func(c command) bool { return c.ID == "" && c.Name == cmd.Name })
		}
		s.waiting = append(s.waiting, command{cmd, report})
		s.mu.Unlock()
		return
	}
	adapter, name := s.adapter, s.info.Name
	s.mu.Unlock()
	if adapter == nil {
		report(shm.Refused, name+" does not run: restart it first")
		return
	}
	adapter.Command(cmd, report)
}

var _ shm.Refresher = (*source)(nil)

// Refresh implements [shm.Refresher].
func (s *source) Refresh(ctx context.Context, topics []string) {
	s.mu.Lock()
	adapter := s.adapter
	s.mu.Unlock()
	if adapter != nil {
		adapter.Refresh(ctx, topics)
	}
}

// Run implements [shm.Source].
func (s *source) Run(ctx context.Context, sink shm.Sink) error {
	s.mu.Lock()
	s.sink = sink
	list := s.actions
	s.mu.Unlock()
	sink.State(shm.TopicActions, slices.Clone(list))
	for ctx.Err() == nil {
		s.begin()
		s.life(ctx, sink)
		s.idle(ctx, sink)
	}
	s.mu.Lock()
	s.over, s.making = true, false
	left := s.restarts
	for _, c := range s.waiting {
		left = append(left, c.report)
	}
	s.restarts, s.waiting = nil, nil
	s.mu.Unlock()
	for _, r := range left {
		r(shm.Gone, "webmon has ended the model")
	}
	return nil
}

// begin notes that the model is about to be made.
func (s *source) begin() {
	s.mu.Lock()
	s.making = true
	s.values, s.controls = nil, nil
	old := s.state
	s.state = shm.ModelState{Phase: shm.ModelStarting, Time: math.NaN(), Observables: old.Observables, TimeUnit: old.TimeUnit}
	s.mu.Unlock()
	s.tell()
}

// idle waits, without a model, until people ask for a restart.
func (s *source) idle(ctx context.Context, sink shm.Sink) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.again:
			return
		case <-tick.C:
			sink.Cost(s.costs())
		}
	}
}

func (s *source) costs() shm.Cost {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cost
}

// tell hands the state over.
func (s *source) tell() {
	s.mu.Lock()
	state, sink := s.state, s.sink
	s.mu.Unlock()
	sink.State(shm.TopicModel, &state)
}

// fail ends the life of a model. It says why, with what helps to mend it.
func (s *source) fail(problem, detail string) {
	s.mu.Lock()
	s.state.Phase, s.state.Problem, s.state.Detail, s.state.Rate = shm.ModelFailed, problem, detail, 0
	s.adapter, s.making = nil, false
	restarts, waiting := s.restarts, s.waiting
	s.restarts, s.waiting = nil, nil
	arrays := slices.Clone(s.arrays)
	for i := range arrays {
		arrays[i].Stats.Rate = 0
	}
	sink := s.sink
	s.mu.Unlock()
	s.tell()
	if arrays != nil {
		sink.State(shm.TopicArrays, arrays)
	}
	for _, r := range restarts {
		r(shm.Refused, problem)
	}
	for _, c := range waiting {
		c.report(shm.Refused, problem)
	}
}

// life runs one process to its end. It says how the process ended, unless ctx is done or
// people have asked for another process.
func (s *source) life(ctx context.Context, sink shm.Sink) {
	python, problem := findPython(s.file.opt.Python, s.file.base())
	if problem != "" {
		s.fail(problem, "")
		return
	}
	select {
	case <-s.again: // this process is the one that was asked for
	default:
	}
	c, err := start(launch{
		python: python, file: s.file.opt.File, do: "run", class: s.class,
		options: given(s.file.opt.Params), patience: s.file.opt.patience, logger: s.file.opt.Logger, faults: s.file.opt.Faults,
	})
	if err != nil {
		s.fail(notStarted(python, err), "")
		return
	}
	l := &session{source: s, sink: sink, child: c, heard: time.Now()}
	var detail string
	if err := fault.Do(func() { problem, detail = l.run(ctx) }); err != nil { // and its process goes on
		sink.Fault("What follows "+s.Info().Name, err)
		problem = natural.Sentence(err.Error())
	}
	grace := endsIn
	if ctx.Err() == nil {
		grace = restartsIn
	}
	var ending sync.WaitGroup
	fault.Go(&ending, func() { c.stop(grace) }, func(err error) { sink.Fault("Ending "+s.Info().Name, err) })
	l.detach()
	ending.Wait()
	if ctx.Err() != nil || l.again {
		s.mu.Lock()
		s.adapter = nil
		s.mu.Unlock()
		if l.again {
			shm.Signal(s.again) // which idle waits for
		}
		return
	}
	if problem == "" {
		what := "The process of " + s.Info().Name
		if !l.made {
			what = "The process that was to make " + s.Info().Name
		}
		problem = fmt.Sprintf("%s %s.", what, c.ending())
	}
	s.fail(problem, c.detail(detail))
}
