package builtin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"webmon/shm"
	"webmon/shm/model/inbox"
	"webmon/shm/sourcetest"
)

// small is a simulation that costs nothing, with pictures at a rate.
func small(rate float64) Options {
	tracers := 5
	return Options{
		Params: shm.ModelParams{Nx: 16, Ny: 24, Steps: 2, Tracers: &tracers}, Rate: rate,
		cooling: 2, workers: 1,
	}
}

const anyModel = "becvortices"

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Process {
		src, err := Open(anyModel, small(300))
		if err != nil {
			t.Fatal(err)
		}
		return sourcetest.Process{
			Source: src, State: shm.ArrayTopic(shm.ArrayDensity), Free: true, Answers: true,
			Command: shm.Command{ID: "1", Name: "cooling", Args: map[string]shm.Value{"cooling": 0.02}},
		}
	})
}

func TestModels(t *testing.T) {
	models := Models()
	if len(models) == 0 {
		t.Fatal("there are none")
	}
	for _, m := range models {
		t.Run(m.Key, func(t *testing.T) {
			if m.Title == "" || m.About == "" || m.Origin == "" || m.Kind != shm.KindModel || strings.ToLower(m.Key) != m.Key {
				t.Errorf("%+v", m)
			}
			const most = 20 << 10
			if p, err := png.Decode(bytes.NewReader(m.Picture)); err != nil || len(m.Picture) > most || p.Bounds().Dx() < 100 {
				t.Errorf("its picture of %d bytes: %v", len(m.Picture), err)
			}
			// Every one of them runs, with what it has by itself.
			o := small(1000)
			o.Params.Tracers = nil
			w := start(t, open(t, m.Key, o))
			w.pictures(3)
			if s := w.state(); s.Phase != shm.ModelRunning || s.Steps == 0 || len(s.Observables) == 0 || !(s.Time > 0) {
				t.Errorf("it runs as %+v", s)
			}
		})
	}
	if _, err := Open("no such model", Options{}); err == nil {
		t.Error("a model that is none was opened")
	}
}

func open(t *testing.T, key string, o Options) *Source {
	t.Helper()
	src, err := Open(key, o)
	if err != nil {
		t.Fatal(err)
	}
	return src.(*Source)
}

// hooked is a simulation into which a test reaches. Its hooks are called by the
// goroutine of the run.
type hooked struct {
	sim
	step   func(n int)                    // before a step
	set    func(name string, v shm.Value) // before a value is set
	fail   func() error                   // in the place of Err
	phases func()                         // before the phase is computed
	finger func(x, y float64)             // where it is at the beginning of a step
}

func (h *hooked) Step(n int) {
	if h.finger != nil {
		f := h.Finger()
		h.finger(f.X, f.Y)
	}
	if h.step != nil {
		h.step(n)
	}
	h.sim.Step(n)
}

func (h *hooked) Set(name string, v shm.Value) error {
	if h.set != nil {
		h.set(name, v)
	}
	return h.sim.Set(name, v)
}

func (h *hooked) Err() error {
	if h.fail != nil {
		if err := h.fail(); err != nil {
			return err
		}
	}
	return h.sim.Err()
}

func (h *hooked) Phase(dst []float32) []float32 {
	if h.phases != nil {
		h.phases()
	}
	return h.sim.Phase(dst)
}

// hook opens a model with hooks, the same for every time that it is made.
func hook(t *testing.T, h hooked) *Source {
	t.Helper()
	src := open(t, anyModel, small(500))
	begin := src.make
	src.make = func() (sim, error) {
		s, err := begin()
		own := h
		own.sim = s
		return &own, err
	}
	return src
}

// watched is a run and what came of it.
type watched struct {
	*Source
	t      *testing.T
	sink   *sourcetest.Sink
	cancel func()
	result chan error
}

// start runs a source until the test ends, after which no goroutine may be left.
func start(t *testing.T, src *Source) *watched {
	t.Helper()
	sink := sourcetest.NewSink()
	return startTo(t, src, sink, sink)
}

// startTo runs a source into a sink that hands everything to another.
func startTo(t *testing.T, src *Source, to shm.Sink, sink *sourcetest.Sink) *watched {
	t.Helper()
	already := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watched{Source: src, t: t, sink: sink, cancel: cancel, result: make(chan error, 1)}
	go func() { w.result <- src.Run(ctx, to) }()
	t.Cleanup(func() {
		cancel()
		if err := <-w.result; err != nil {
			t.Errorf("Run returned %v", err)
		}
		if err := goleak.Find(already); err != nil {
			t.Errorf("goroutines are left over: %v", err)
		}
	})
	return w
}

// counting is a sink that tells of calls as they are made.
type counting struct {
	*sourcetest.Sink
	state func(name string)
	frame func()
}

func (c *counting) State(name string, v shm.Value) { c.state(name); c.Sink.State(name, v) }
func (c *counting) Frame(stamp float64)            { c.frame(); c.Sink.Frame(stamp) }

func (w *watched) state() shm.ModelState {
	v, _ := w.sink.Latest(shm.TopicModel)
	if s, ok := v.(*shm.ModelState); ok {
		return *s
	}
	return shm.ModelState{}
}

func (w *watched) value(name string) shm.Value {
	v, _ := w.sink.Latest(shm.TopicControls)
	list, _ := v.(shm.Controls)
	c, _ := list.Get(name)
	return c.Value
}

func (w *watched) frame(name string) *shm.ArrayFrame {
	v, _ := w.sink.Latest(shm.ArrayTopic(name))
	f, _ := v.(*shm.ArrayFrame)
	return f
}

func (w *watched) pictures(n int) {
	w.t.Helper()
	from := w.sink.Frames()
	w.sink.Wait(w.t, "pictures", func() bool { return w.sink.Frames() >= from+n })
}

func (w *watched) phase(p shm.ModelPhase) {
	w.t.Helper()
	w.sink.Wait(w.t, "the phase "+string(p), func() bool { return w.state().Phase == p })
}

// answer is what became of a command.
type answer struct {
	status shm.Status
	text   string
}

// send sends a command and returns where its end will be.
func (w *watched) send(name string, values ...shm.Value) chan answer {
	cmd := shm.Command{ID: "1", Name: name}
	if len(values) > 0 {
		cmd.Args = map[string]shm.Value{name: values[0]}
	}
	done := make(chan answer, 1)
	w.Command(cmd, func(s shm.Status, text string) { done <- answer{s, text} })
	return done
}

// drag sends a value on its way.
func (w *watched) drag(name string, v shm.Value) {
	w.Command(shm.Command{Name: name, Args: map[string]shm.Value{name: v}}, nil)
}

func (w *watched) applied(name string, values ...shm.Value) {
	w.t.Helper()
	if a := <-w.send(name, values...); a.status != shm.Applied {
		w.t.Fatalf("%s %v: %+v", name, values, a)
	}
}

func (w *watched) refused(word, name string, values ...shm.Value) {
	w.t.Helper()
	if a := <-w.send(name, values...); a.status != shm.Refused || !strings.Contains(a.text, word) {
		w.t.Errorf("%s %v: %+v, want a refusal with %q", name, values, a, word)
	}
}

func TestStates(t *testing.T) {
	var phases atomic.Int64
	w := start(t, hook(t, hooked{phases: func() { phases.Add(1) }}))
	w.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
	w.sink.Want(shm.ArrayTopic(shm.ArrayTracers), 60)
	w.sink.Wait(t, "arrays", func() bool { return w.frame(shm.ArrayDensity) != nil && w.frame(shm.ArrayTracers) != nil })
	w.pictures(5)
	if n := phases.Load(); n != 0 {
		t.Errorf("the phase was computed %d times although nobody wants it", n)
	}
	w.sink.Want(shm.ArrayTopic(shm.ArrayPhase), 60)
	w.sink.Wait(t, "the phase", func() bool { return w.frame(shm.ArrayPhase) != nil })
	for name, shape := range map[string]string{
		shm.ArrayDensity: "<f8 [16 24] [x y]", shm.ArrayPhase: "<f4 [16 24] [x y]", shm.ArrayTracers: "<f4 [2 5] [xy particle]",
	} {
		f := w.frame(name)
		if got := fmt.Sprint(f.Info.Descr, " ", f.Shape, " ", f.Info.Axes); got != shape || f.Info.Name != name || f.Stamp == 0 {
			t.Errorf("%s is %s %+v, want %s", name, got, f.Info, shape)
		}
	}
	v, _ := w.sink.Latest(shm.TopicArrays)
	if list, _ := v.(shm.Arrays); len(list) != 3 || list.Get(shm.ArrayDensity) == nil {
		t.Errorf("arrays %v", v)
	}
	v, _ = w.sink.Latest(shm.TopicActions)
	if list, _ := v.(shm.Actions); len(list) != len(w.Actions()) || len(list) != 6 {
		t.Errorf("actions %v", v)
	}
	w.sink.Wait(t, "rate and time of a step", func() bool { s := w.state(); return s.Rate > 0 && s.StepMS > 0 })
	s := w.state()
	if s.Finger == nil || s.Finger.X != 0.5 || math.IsNaN(s.Finger.PX) || s.TimeUnit == "" || s.Frame == 0 || s.Steps == 0 || s.Steps%2 != 0 {
		t.Errorf("state %+v, finger %+v", s, s.Finger)
	}
	w.sink.Wait(t, "numbers", func() bool { return w.sink.Count(shm.TopicPhysics) >= 2 })
	e := w.sink.Events(shm.TopicPhysics)[0]
	for _, o := range s.Observables {
		if _, ok := e.Value.(map[string]shm.Value)[o.Name].(float64); !ok {
			t.Errorf("no number %s in %v", o.Name, e.Value)
		}
	}
	if e.Stamp == 0 {
		t.Error("the numbers have no time")
	}
	none := 0
	if w := start(t, open(t, anyModel, Options{Params: shm.ModelParams{Nx: 16, Ny: 16, Tracers: &none}, cooling: -1})); len(w.Actions()) != 5 {
		t.Errorf("without tracers it can do %v", w.Actions())
	}
}

// A picture comes when all of it is there: its density and its state.
func TestPictureIsWhole(t *testing.T) {
	src := hook(t, hooked{})
	topic := shm.ArrayTopic(shm.ArrayDensity)
	sink := sourcetest.NewSink()
	sink.Want(topic, 60)
	var pictures, densities, states atomic.Int64
	w := startTo(t, src, &counting{Sink: sink, state: func(name string) {
		switch name {
		case topic:
			densities.Add(1)
		case shm.TopicModel:
			states.Store(int64(densities.Load()))
		}
	}, frame: func() {
		n := pictures.Add(1)
		if d, s := densities.Load(), states.Load(); d != n || s != n {
			t.Errorf("with picture %d there were %d densities, and the last state came after %d", n, d, s)
		}
	}}, sink)
	w.pictures(20)
	w.applied(shm.ActionPause)
	f := w.frame(shm.ArrayDensity)
	p, err := f.Reader.ReadPlane(f, shm.Selection{Y: 1, X: 0, C: -1, Rows: 24, Cols: 16, Step: 1}, nil)
	// Which float it is depends on the range of the field when it was paused.
	if err != nil || p.Rows != 24 || p.Cols != 16 || p.Type != shm.F32 && p.Type != shm.F64 {
		t.Errorf("plane of %d x %d %s, %v", p.Rows, p.Cols, p.Type, err)
	}
	// A paused model draws nothing, whatever wakes it.
	before := w.sink.Frames()
	for i := range 50 {
		w.sink.Want(topic, float64(i%2))
		w.applied("cooling", float64(i+1)/100)
	}
	if got := w.sink.Frames(); got != before {
		t.Errorf("%d pictures while it is paused", got-before)
	}
}

// stopper lets a test stop a simulation in the middle of its steps.
type stopper struct {
	entered, leave chan struct{}
	on             atomic.Bool
}

func newStopper() *stopper {
	return &stopper{entered: make(chan struct{}), leave: make(chan struct{})}
}

func (s *stopper) step(int) {
	if s.on.Load() {
		s.entered <- struct{}{}
		<-s.leave
	}
}

// stop returns once the simulation is in a step, and what lets it go on.
func (s *stopper) stop() (goOn func()) {
	s.on.Store(true)
	<-s.entered
	s.on.Store(false)
	return func() { s.leave <- struct{}{} }
}

// However long a step takes: a value that was set is told at once, and the newest of
// those on their way is the only one that is set.
func TestValuesAreToldAtOnce(t *testing.T) {
	s := newStopper()
	var mu sync.Mutex
	var sets []string
	var fingers [][2]float64
	w := start(t, hook(t, hooked{
		step: s.step,
		set: func(name string, v shm.Value) {
			mu.Lock()
			sets = append(sets, fmt.Sprint(name, "=", v))
			mu.Unlock()
		},
		finger: func(x, y float64) {
			mu.Lock()
			fingers = append(fingers, [2]float64{x, y})
			mu.Unlock()
		},
	}))
	w.pictures(1)
	goOn := s.stop()
	for i := range 100 {
		w.drag("cooling", float64(i+1)/100)
		w.drag("cooling", "nonsense")
		if got := w.value("cooling"); got != float64(i+1)/100 {
			t.Fatalf("after %d values cooling is told as %v", i+1, got)
		}
	}
	w.drag(shm.ControlFingerX, 0.25)
	w.drag(shm.ControlFingerY, 0.75)
	done := w.send("cooling", "0.5") // as forms send
	w.drag("finger_r0", 2.0)
	if got := w.value("cooling"); got != 0.5 {
		t.Errorf("cooling is told as %v, want 0.5", got)
	}
	select {
	case a := <-done:
		t.Errorf("in mid-step the end of a command is told: %+v", a)
	default:
	}
	mu.Lock()
	steps := len(fingers)
	mu.Unlock()
	goOn()
	if a := <-done; a.status != shm.Applied {
		t.Errorf("the end of a command is %+v", a)
	}
	w.pictures(2)
	mu.Lock()
	defer mu.Unlock()
	if got, want := strings.Join(sets, " "), "finger_x=0.25 finger_y=0.75 cooling=0.5 finger_r0=2"; got != want {
		t.Errorf("set was %s, want %s", got, want)
	}
	if got := fingers[steps]; got != [2]float64{0.25, 0.75} {
		t.Errorf("the next step is done with the finger at %v", got)
	}
	if f := w.state().Finger; f.X != 0.25 || f.Y != 0.75 {
		t.Errorf("the picture has the finger at %+v", f)
	}
}

func TestRefusals(t *testing.T) {
	s := newStopper()
	w := start(t, hook(t, hooked{step: s.step}))
	w.pictures(1)
	for range 2 {
		before := w.value("cooling")
		w.refused("at most", "cooling", 2.0)
		w.refused("number", "cooling", "much")
		w.refused("one value", "cooling")
		w.refused("\"nothing\"", "nothing", 1.0)
		w.refused("no values", shm.ActionPause, true)
		w.refused("one of", "grid", "3 x 3")
		if got := w.value("cooling"); got != before {
			t.Errorf("cooling has become %v", got)
		}
	}
	// No more wait than can be done.
	goOn := s.stop()
	var refused int
	var all []chan answer
	for range inbox.Max + 5 {
		all = append(all, w.send("cooling", 0.1))
	}
	goOn()
	for _, done := range all {
		if a := <-done; a.status == shm.Refused {
			refused++
		}
	}
	if refused != 5 {
		t.Errorf("%d of %d were refused, want 5", refused, len(all))
	}
}

func TestPauseStepReset(t *testing.T) {
	w := start(t, hook(t, hooked{}))
	w.pictures(2)
	begin := w.state()
	w.applied(shm.ActionPause)
	w.phase(shm.ModelPaused)
	at := w.state()
	// A value that is set is told, the finger is where people point, nothing moves.
	w.applied(shm.ControlFingerX, 0.125)
	if f := w.state(); f.Finger.X != 0.125 || f.Frame != at.Frame || w.value(shm.ControlFingerX) != 0.125 || f.Time != at.Time {
		t.Errorf("paused at %+v with the finger at %+v", f, f.Finger)
	}
	// Who comes now sees the present state.
	w.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
	w.sink.Want(shm.ArrayTopic(shm.ArrayPhase), 60)
	w.sink.Wait(t, "density and phase", func() bool { return w.frame(shm.ArrayDensity) != nil && w.frame(shm.ArrayPhase) != nil })
	shown := w.frame(shm.ArrayDensity)
	if got := w.state(); got.Frame != at.Frame {
		t.Errorf("it has become picture %d", got.Frame)
	}

	w.applied(shm.ActionStep)
	after := w.state()
	if after.Frame != at.Frame+1 || after.Steps != at.Steps+2 || after.Phase != shm.ModelPaused || !(after.Time > at.Time) || w.frame(shm.ArrayDensity) == shown {
		t.Errorf("a step further %+v, before %+v", after, at)
	}
	w.applied(shm.ActionResetTracers)
	if got := w.state(); got.Frame != after.Frame+1 || got.Steps != after.Steps {
		t.Errorf("with new tracers %+v, before %+v", got, after)
	}
	w.applied("steps", 3)
	w.applied(shm.ActionStep)
	if got := w.state(); got.Steps != after.Steps+3 {
		t.Errorf("with 3 steps a picture %d steps, before %d", got.Steps, after.Steps)
	}
	w.applied("cooling", 0.25)
	w.applied(shm.ActionReset)
	if got := w.state(); got.Time != 0 || got.Steps != 0 || got.Phase != shm.ModelPaused || got.Finger.X != begin.Finger.X {
		t.Errorf("after the reset %+v", got)
	}
	if w.value("cooling") == 0.25 || w.value("steps") != int64(2) || w.value(shm.ControlFingerX) != begin.Finger.X {
		t.Errorf("after the reset cooling is %v and steps %v", w.value("cooling"), w.value("steps"))
	}
	w.applied(shm.ActionStart)
	w.phase(shm.ModelRunning)
	w.pictures(2)
	w.applied(shm.ActionStep)
	w.phase(shm.ModelPaused)
	w.applied("cooling", 0.25)
	w.applied(shm.ActionRestart)
	w.phase(shm.ModelRunning)
	if w.value("cooling") == 0.25 {
		t.Error("a model made again has an old value")
	}
}

func TestGrid(t *testing.T) {
	for _, paused := range []bool{false, true} {
		w := start(t, hook(t, hooked{}))
		w.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
		w.pictures(2)
		if paused {
			w.applied(shm.ActionPause)
		}
		old := w.frame(shm.ArrayDensity)
		w.applied("grid", "64 x 32")
		w.sink.Wait(t, "the other grid", func() bool { return w.frame(shm.ArrayDensity).Shape[0] == 64 })
		f := w.frame(shm.ArrayDensity)
		if f.Info.Generation == old.Info.Generation || fmt.Sprint(f.Info.Shape) != "[64 32]" {
			t.Errorf("the array is %+v, was %+v", f.Info, old.Info)
		}
		v, _ := w.sink.Latest(shm.TopicArrays)
		if a := v.(shm.Arrays).Get(shm.ArrayDensity); a == nil || a.Generation != f.Info.Generation {
			t.Errorf("declared is %+v", a)
		}
		if b, err := old.Reader.ReadAll(old, nil); err != nil || len(b) != 8*16*24 {
			t.Errorf("the old frame has %d bytes, %v", len(b), err)
		}
		if b, err := f.Reader.ReadAll(f, nil); err != nil && !errors.Is(err, shm.ErrOvertaken) || err == nil && len(b) != 8*64*32 {
			t.Errorf("the new frame has %d bytes, %v", len(b), err)
		}
		if s := w.state(); paused != (s.Phase == shm.ModelPaused) {
			t.Errorf("it is %s", s.Phase)
		}
		w.applied(shm.ActionReset)
		w.sink.Wait(t, "the grid it began with", func() bool { return w.frame(shm.ArrayDensity).Shape[0] == 16 })
	}
}

// failing checks what is so of every model that has failed, and that it can be made again.
func (w *watched) failing(problem, detail string, mend func()) {
	w.t.Helper()
	w.phase(shm.ModelFailed)
	s := w.state()
	if !strings.Contains(s.Problem, problem) || !strings.HasSuffix(s.Problem, ".") || !strings.Contains(s.Detail, detail) {
		w.t.Errorf("problem %q, detail %q", s.Problem, s.Detail)
	}
	frames := w.sink.Frames()
	w.refused("restarted", "cooling", 0.5)
	w.refused("restarted", shm.ActionStart)
	w.refused("restarted", shm.ActionReset)
	w.drag("cooling", 0.5)
	if n := w.sink.Frames() - frames; n != 0 {
		w.t.Errorf("%d pictures after it had failed", n)
	}
	mend()
	restarted, then := w.send(shm.ActionRestart), w.send("cooling", 0.25)
	if a := <-restarted; a.status != shm.Applied {
		w.t.Errorf("restart: %+v", a)
	}
	if a := <-then; a.status != shm.Applied || w.value("cooling") != 0.25 {
		w.t.Errorf("a value after the restart: %+v, told as %v", a, w.value("cooling"))
	}
	w.phase(shm.ModelRunning)
	w.pictures(2)
	if s := w.state(); s.Problem != "" || s.Detail != "" {
		w.t.Errorf("it goes on with %+v", s)
	}
}

func TestFails(t *testing.T) {
	var bad atomic.Bool
	w := start(t, hook(t, hooked{fail: func() error {
		if bad.Load() {
			return errors.New("the density is no longer a number after 7 time steps")
		}
		return nil
	}}))
	w.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
	w.pictures(2)
	bad.Store(true)
	w.phase(shm.ModelFailed)
	last, n := w.sink.Latest(shm.ArrayTopic(shm.ArrayDensity))
	f := last.(*shm.ArrayFrame)
	if b, err := f.Reader.ReadAll(f, nil); err != nil || len(b) != 8*16*24 || n == 0 {
		t.Errorf("the last good picture: %d bytes, %v", len(b), err)
	}
	w.failing("The density is no longer a number after 7 time steps.", "cooling = ", func() { bad.Store(false) })
}

func TestPanics(t *testing.T) {
	var bad atomic.Bool
	boom := func() {
		if bad.Load() {
			panic("out of order")
		}
	}
	t.Run("in a step", func(t *testing.T) {
		w := start(t, hook(t, hooked{step: func(int) { boom() }}))
		w.pictures(1)
		bad.Store(true)
		w.failing("out of order", "builtin_test.go", func() { bad.Store(false) })
	})
	t.Run("with a value", func(t *testing.T) {
		w := start(t, hook(t, hooked{set: func(string, shm.Value) { boom() }}))
		w.pictures(1)
		bad.Store(true)
		w.refused("out of order", "cooling", 0.5)
		w.failing("out of order", "builtin_test.go", func() { bad.Store(false) })
	})
	t.Run("with a picture", func(t *testing.T) {
		w := start(t, hook(t, hooked{phases: boom}))
		w.pictures(1)
		bad.Store(true)
		w.sink.Want(shm.ArrayTopic(shm.ArrayPhase), 60)
		w.failing("out of order", "builtin_test.go", func() { bad.Store(false) })
	})
	t.Run("when it is made", func(t *testing.T) {
		src := hook(t, hooked{})
		begin := src.make
		src.make = func() (sim, error) { boom(); return begin() }
		bad.Store(true)
		w := start(t, src)
		w.failing("out of order", "builtin_test.go", func() { bad.Store(false) })
	})
}

// One that cannot be made says why.
func TestCannotBeMade(t *testing.T) {
	w := start(t, open(t, anyModel, Options{Params: shm.ModelParams{Nx: 1}}))
	w.phase(shm.ModelFailed)
	if s := w.state(); !strings.Contains(s.Problem, "grid of 1") {
		t.Errorf("problem %q", s.Problem)
	}
	<-w.send(shm.ActionRestart)
	w.phase(shm.ModelFailed)
	w.sink.Wait(t, "a sign of life", func() bool { return w.sink.Costs() > 0 })
}

func TestEnds(t *testing.T) {
	s := newStopper()
	src := hook(t, hooked{step: s.step})
	w := &watched{Source: src, t: t, sink: sourcetest.NewSink(), result: make(chan error, 1)}
	early := w.send("cooling", 0.125) // before it runs
	wrong := w.send("nothing", 1.0)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { w.result <- src.Run(ctx, w.sink) }()
	if a := <-early; a.status != shm.Applied || w.value("cooling") != 0.125 {
		t.Errorf("a command before the run: %+v, %v", a, w.value("cooling"))
	}
	if a := <-wrong; a.status != shm.Refused {
		t.Errorf("a wrong one: %+v", a)
	}
	goOn := s.stop()
	during := w.send("cooling", 0.25)
	cancel()
	goOn()
	if a := <-during; a.status != shm.Gone || a.text == "" {
		t.Errorf("a command in the last step: %+v", a)
	}
	if err := <-w.result; err != nil {
		t.Errorf("Run returned %v", err)
	}
	if a := <-w.send("cooling", 0.25); a.status != shm.Gone || a.text == "" {
		t.Errorf("a command after the end: %+v", a)
	}
	w.drag("cooling", 0.5)
	if err := goleak.Find(goleak.IgnoreTopFunction("testing.(*T).Run")); err != nil {
		t.Error(err)
	}
}
