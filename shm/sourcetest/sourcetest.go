// Package sourcetest is the one suite that every adapter of package shm passes,
// and a sink for their tests.
//
//	func TestConformance(t *testing.T) {
//		sourcetest.Run(t, func(t *testing.T) sourcetest.Process {
//			p := start(t)
//			return sourcetest.Process{Source: attach(t, p), Quit: p.Close, State: "poll"}
//		})
//	}
//
// The suite checks what the contract promises to the dashboard, for any process that
// sends frames by itself, and for what lies still, as files do. What the values mean is for
// the adapter's own tests.
package sourcetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"webmon/shm"
)

// Process is a running process that sends frames, and a Source that has just attached
// to it.
type Process struct {
	Source shm.Source
	// Quit ends the process in an orderly way. nil: the process runs for as long as
	// it is watched.
	Quit func()
	// Kill kills the process. nil: the process cannot be killed.
	Kill func()
	// State is a state topic whose value changes while the process runs.
	State string
	// Command is a command that the process takes: an action or a control that needs
	// a value. Zero: the process takes no commands.
	Command shm.Command
	// Free says that watching costs the process nothing, and that the Source reports
	// a cost of nothing.
	Free bool
	// Answers says that the process tells what became of a command.
	Answers bool
	// Still says that nothing changes by itself: the process says that it is well, and sends
	// neither frames nor events.
	Still bool
}

// Run runs the suite. It calls start for each part. start cleans up after itself
// through t. The parts run beside each other, because they mostly wait. The
// test that calls Run must not run beside others, because Run looks for goroutines
// that are left over.
func Run(t *testing.T, start func(t *testing.T) Process) {
	parts := []struct {
		name string
		run  func(*testing.T, *running)
	}{
		{"says what it is", testInfo},
		{"offers well-formed actions", testActions},
		{"hands over frames and events in order", testOrder},
		{"reads what is wanted and nothing else", testDemand},
		{"reports what it costs", testCost},
		{"stops when told to", testStop},
		{"notices an orderly end", testQuit},
		{"notices a disorderly end", testKill},
		{"takes commands", testCommand},
		{"tells nothing of values on the way", testOnTheWay},
		{"refuses what it does not know", testRefuse},
		{"ends the life of commands", testGone},
	}
	// A test's Cleanup runs when all its parts have ended and cleaned up.
	already := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		if err := goleak.Find(already, goleak.IgnoreAnyFunction("testing.(*T).Run")); err != nil {
			t.Errorf("goroutines are left over: %v", err)
		}
	})
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			r := &running{Process: start(t), sink: NewSink(), result: make(chan error, 1)}
			ctx, cancel := context.WithCancel(context.Background())
			r.cancel = cancel
			go func() { r.result <- r.Source.Run(ctx, r.sink) }()
			defer func() {
				cancel()
				r.end(t)
			}()
			part.run(t, r)
		})
	}
}

type running struct {
	Process
	sink   *Sink
	cancel func()
	result chan error
	err    error
	ended  bool
}

// end waits for Run's end and returns what it returned.
func (r *running) end(t *testing.T) error {
	t.Helper()
	if r.ended {
		return r.err
	}
	select {
	case r.err = <-r.result:
		r.ended = true
	case <-time.After(Timeout):
		t.Fatalf("Run has not returned after %v; %s", Timeout, r.sink)
	}
	calls := r.sink.Calls()
	time.Sleep(30 * time.Millisecond) // two frames
	if n := r.sink.Calls() - calls; n != 0 {
		t.Errorf("%d calls of the sink after Run had returned", n)
	}
	return r.err
}

func (r *running) waitFrames(t *testing.T, n int) {
	t.Helper()
	if r.Still {
		start := r.sink.Lives()
		r.sink.Wait(t, "the process to be well", func() bool { return r.sink.Lives() > start })
		return
	}
	start := r.sink.Frames()
	r.sink.Wait(t, "frames", func() bool { return r.sink.Frames() >= start+n })
}

func testInfo(t *testing.T, r *running) {
	r.waitFrames(t, 1)
	info := r.Source.Info()
	if info.Name == "" || info.Kind == "" || info.Instance == "" {
		t.Errorf("Info() = %+v: Name, Kind and Instance must not be empty", info)
	}
	if again := r.Source.Info(); again.Instance != info.Instance {
		t.Errorf("Instance changed from %q to %q", info.Instance, again.Instance)
	}
}

func testActions(t *testing.T, r *running) {
	names := map[string]bool{}
	for _, a := range r.Source.Actions() {
		if a.Name == "" || names[a.Name] {
			t.Errorf("action %q is nameless or there twice", a.Name)
		}
		names[a.Name] = true
		args := map[string]bool{}
		for _, c := range a.Args {
			if args[c.Name] {
				t.Errorf("action %q has two arguments %q", a.Name, c.Name)
			}
			args[c.Name] = true
			if c.Name == "" || !slices.Contains([]shm.ControlType{shm.Float, shm.Int, shm.Bool, shm.Choice, shm.Text, shm.Color}, c.Type) {
				t.Errorf("action %q has the argument %q of type %q", a.Name, c.Name, c.Type)
			}
			if c.Default != nil {
				if _, err := c.Accept(c.Default); err != nil {
					t.Errorf("action %q does not accept its own default: %v", a.Name, err)
				}
			}
		}
	}
	c := r.Command
	if c.Name == "" || names[c.Name] {
		return
	}
	r.sink.Wait(t, "the controls", func() bool { _, n := r.sink.Latest(shm.TopicControls); return n > 0 })
	value, _ := r.sink.Latest(shm.TopicControls)
	controls, _ := value.(shm.Controls)
	if _, ok := controls.Get(c.Name); !ok {
		t.Errorf("command %q is neither among the actions %v nor among the controls %v", c.Name, names, controls)
	}
}

func testOrder(t *testing.T, r *running) {
	r.sink.Want(r.State, 60)
	r.waitFrames(t, 30)
	stamps := slices.DeleteFunc(r.sink.Stamps(), func(stamp float64) bool { return stamp == 0 }) // unknown
	if !slices.IsSorted(stamps) {
		t.Errorf("frames do not come in order: %v", stamps)
	}
	r.sink.mu.Lock()
	defer r.sink.mu.Unlock()
	if len(r.sink.events) == 0 && !r.Still {
		t.Error("no events came with 30 frames")
	}
	if n := len(r.sink.events) + len(r.sink.stamps); n > 0 && r.Still {
		t.Errorf("%d frames and topics of events came of what lies still", n)
	}
	for topic, events := range r.sink.events {
		for _, e := range events {
			if e.Topic == "" {
				t.Error("an event without a topic")
			}
			if _, err := shm.AppendJSON(nil, e.Value); err != nil {
				t.Errorf("event of %q cannot be written: %v", topic, err)
			}
		}
	}
	for topic, v := range r.sink.states {
		if _, err := shm.AppendJSON(nil, v); err != nil {
			t.Errorf("state %q cannot be written: %v", topic, err)
		}
	}
	// Values belong to the sink: had the source written to one of them since,
	// the race detector would say so here.
}

func testDemand(t *testing.T, r *running) {
	r.waitFrames(t, 5)
	if _, n := r.sink.Latest(r.State); n > 1 {
		t.Errorf("state %q was read %d times although nobody wanted it", r.State, n)
	}
	r.sink.Want(r.State, 60)
	r.sink.Wait(t, "the state wanted", func() bool { _, n := r.sink.Latest(r.State); return n >= 10 || n > 0 && r.Still })
	if r.Still {
		r.waitFrames(t, 1)
		if _, n := r.sink.Latest(r.State); n > 1 {
			t.Errorf("state %q was told %d times although it lies still", r.State, n)
		}
		return
	}
	r.sink.Want(r.State, 0)
	r.waitFrames(t, 20) // what was on its way
	_, before := r.sink.Latest(r.State)
	r.waitFrames(t, 10)
	if _, n := r.sink.Latest(r.State); n != before {
		t.Errorf("state %q was read %d times after nobody wanted it any more", r.State, n-before)
	}
	// A first read is answered at once, whatever the rate.
	r.sink.Want(r.State, 0.01)
	r.sink.Wait(t, "the state wanted rarely", func() bool { _, n := r.sink.Latest(r.State); return n > before })
}

func testCost(t *testing.T, r *running) {
	if r.Free {
		r.sink.Wait(t, "the cost, twice", func() bool { return r.sink.Costs() >= 2 })
		if cost := r.sink.LastCost(); cost != (shm.Cost{}) {
			t.Errorf("it costs %+v, although it is free", cost)
		}
		return
	}
	r.sink.Wait(t, "the cost", func() bool { return r.sink.LastCost() != shm.Cost{} })
	first := r.sink.LastCost()
	r.sink.Wait(t, "more cost", func() bool { return r.sink.LastCost().Calls > first.Calls })
	last := r.sink.LastCost()
	if last.Bytes < first.Bytes || last.Waiting < first.Waiting || last.Manager < first.Manager {
		t.Errorf("the cost went down from %+v to %+v", first, last)
	}
}

func testStop(t *testing.T, r *running) {
	r.sink.Want(r.State, 60)
	r.waitFrames(t, 3)
	r.cancel()
	if err := r.end(t); err != nil {
		t.Errorf("Run returned %v after ctx was done, want nil", err)
	}
}

func testQuit(t *testing.T, r *running) {
	if r.Quit == nil {
		t.Skip("the process does not end by itself")
	}
	r.waitFrames(t, 3)
	r.Quit()
	if err := r.end(t); !errors.Is(err, shm.ErrEnded) && !errors.Is(err, shm.ErrGone) {
		t.Errorf("Run returned %v, want ErrEnded or ErrGone", err)
	}
}

func testKill(t *testing.T, r *running) {
	if r.Kill == nil {
		t.Skip("the process cannot be killed")
	}
	r.waitFrames(t, 3)
	r.Kill()
	if err := r.end(t); !errors.Is(err, shm.ErrOwner) && !errors.Is(err, shm.ErrGone) {
		t.Errorf("Run returned %v, want ErrGone or ErrOwner", err)
	}
}

// life records what is reported of a command.
type life struct {
	mu    sync.Mutex // guards all below
	steps []shm.Status
	text  string
}

func (l *life) report(s shm.Status, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps, l.text = append(l.steps, s), text
}

func (l *life) last() shm.Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.steps) == 0 {
		return ""
	}
	return l.steps[len(l.steps)-1]
}

// ordered reports whether the steps are those of one life.
func (l *life) ordered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	rank := map[shm.Status]int{shm.Queued: 1, shm.Taken: 2, shm.Applied: 3, shm.Refused: 3, shm.Gone: 3}
	return slices.IsSortedFunc(l.steps, func(a, b shm.Status) int { return rank[a] - rank[b] })
}

func testCommand(t *testing.T, r *running) {
	if r.Command.Name == "" {
		t.Skip("the process takes no commands")
	}
	r.waitFrames(t, 3)
	lives := make([]life, 3)
	for i := range lives {
		r.Source.Command(r.Command, lives[i].report)
	}
	for i := range lives {
		l := &lives[i]
		r.sink.Wait(t, "commands to be taken", func() bool { return l.last() == r.lastStep() })
		if !l.ordered() {
			t.Errorf("the life of command %d is %v", i, l.steps)
		}
	}
}

// lastStep is the last step in the life of a command that the process accepts.
func (r *running) lastStep() shm.Status {
	if r.Answers {
		return shm.Applied
	}
	return shm.Taken
}

func testOnTheWay(t *testing.T, r *running) {
	if r.Command.Name == "" {
		t.Skip("the process takes no commands")
	}
	r.waitFrames(t, 3)
	var none, last life
	for i := range 100 {
		cmd := r.Command
		cmd.ID = ""
		if i%2 == 0 {
			cmd.Args = map[string]shm.Value{cmd.Name: []shm.Value{}} // cannot be taken
		}
		r.Source.Command(cmd, none.report)
		cmd.ID = ""
		r.Source.Command(cmd, nil)
	}
	// However many values were on the way, the command that counts comes through.
	r.Source.Command(r.Command, last.report)
	r.sink.Wait(t, "the last command", func() bool { return last.last() == r.lastStep() })
	if step := none.last(); step != "" {
		t.Errorf("of a value on the way %q was told", step)
	}
}

func testRefuse(t *testing.T, r *running) {
	r.waitFrames(t, 1)
	bad := []shm.Command{{Name: "no such command"}, {Name: ""}, {Name: "__class__", Args: map[string]shm.Value{"__class__": true}}}
	if c := r.Command; c.Name != "" {
		bad = append(bad,
			shm.Command{Name: c.Name},
			shm.Command{Name: c.Name, Args: map[string]shm.Value{c.Name: []shm.Value{}}},
			shm.Command{Name: c.Name, Args: map[string]shm.Value{"no such argument": true}})
	}
	for _, c := range bad {
		var l life
		c.ID = "refused"
		r.Source.Command(c, l.report)
		r.sink.Wait(t, "a refusal", func() bool { return l.last() == shm.Refused })
		if l.text == "" || len(l.steps) != 1 {
			t.Errorf("command %+v: life %v, reason %q; want one step with a reason", c, l.steps, l.text)
		}
	}
}

func testGone(t *testing.T, r *running) {
	if r.Command.Name == "" {
		t.Skip("the process takes no commands")
	}
	r.waitFrames(t, 1)
	if r.Quit != nil {
		r.Quit()
	} else {
		r.cancel()
	}
	var during, after life
	r.Source.Command(r.Command, during.report)
	_ = r.end(t)
	r.sink.Wait(t, "the end of a command sent meanwhile", func() bool { s := during.last(); return s == shm.Gone || s == shm.Taken || s == shm.Applied })
	r.Source.Command(r.Command, after.report)
	r.sink.Wait(t, "the end of a command sent later", func() bool { return after.last() == shm.Gone })
	if after.text == "" {
		t.Error("no reason is given for the end of a command")
	}
}
