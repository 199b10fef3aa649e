package remote_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"webmon/shm"
	"webmon/shm/model/remote"
	"webmon/shm/model/remote/remotetest"
	"webmon/shm/sourcetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start begins a server that is quick, and closes it.
func start(t testing.TB, o remotetest.Options) *remotetest.Server {
	t.Helper()
	if o.FPS == 0 {
		o.FPS = 400
	}
	if o.Steps == 0 {
		o.Steps = 1
	}
	if o.PauseTimeout == 0 {
		o.PauseTimeout = time.Millisecond
	}
	s, err := remotetest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func client(address string) *remote.Server {
	c := remote.New(remote.Options{Address: address, Logger: slog.New(slog.DiscardHandler)})
	c.Hasty(10*time.Millisecond, 10*time.Second, 60)
	return c
}

// running is a run of a model on a server.
type running struct {
	src  shm.Source
	sink *sourcetest.Sink
	stop func()
}

// run begins a run, and ends it.
func run(t testing.TB, c *remote.Server) *running {
	t.Helper()
	src, err := c.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	r := &running{src: src, sink: sourcetest.NewSink()}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- src.Run(ctx, r.sink) }()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run returned %v", err)
			}
		case <-time.After(sourcetest.Timeout):
			t.Error("Run does not end")
		}
	}
	t.Cleanup(r.stop)
	return r
}

func (r *running) state() *shm.ModelState {
	v, _ := r.sink.Latest(shm.TopicModel)
	s, _ := v.(*shm.ModelState)
	if s == nil {
		return &shm.ModelState{}
	}
	return s
}

func (r *running) phase(t testing.TB, p shm.ModelPhase) {
	t.Helper()
	r.sink.Wait(t, "the phase "+string(p), func() bool { return r.state().Phase == p })
}

func (r *running) value(name string) shm.Value {
	v, _ := r.sink.Latest(shm.TopicControls)
	controls, _ := v.(shm.Controls)
	c, _ := controls.Get(name)
	return c.Value
}

// life is what is told of a command.
type life struct {
	status chan shm.Status
	text   string
}

func (r *running) command(name string, args map[string]shm.Value) *life {
	l := &life{status: make(chan shm.Status, 8)}
	r.src.Command(shm.Command{ID: "1", Name: name, Args: args}, func(s shm.Status, text string) {
		if s == shm.Applied || s == shm.Refused || s == shm.Gone {
			l.text = text
			l.status <- s
		}
	})
	return l
}

func (l *life) wait(t testing.TB, want shm.Status) {
	t.Helper()
	select {
	case s := <-l.status:
		if s != want {
			t.Fatalf("it ended with %s (%s), want %s", s, l.text, want)
		}
	case <-time.After(sourcetest.Timeout):
		t.Fatalf("nothing was told of a command, want %s", want)
	}
}

func (r *running) do(t testing.TB, action string) {
	t.Helper()
	r.command(action, nil).wait(t, shm.Applied)
}

func (r *running) set(t testing.TB, name string, v shm.Value) {
	t.Helper()
	r.command(name, map[string]shm.Value{name: v}).wait(t, shm.Applied)
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Process {
		s := start(t, remotetest.Options{})
		t.Cleanup(func() {
			if err := s.Err(); err != nil {
				t.Errorf("the server has %v", err)
			}
		})
		src, err := client(s.URL()).Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return sourcetest.Process{
			Source: src, State: shm.ArrayTopic(shm.ArrayDensity), Answers: true,
			Command: shm.Command{ID: "set", Name: "finger_x", Args: map[string]shm.Value{"finger_x": 0.25}},
		}
	})
}

// TestStarts puts a server back to a start that lies beyond its slider, and that its
// layout does not tell.
func TestStarts(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	s.SetParam("finger_V0_mu", 5.0)
	s.SetParam("N_vortex", 12.0)
	c := client(s.URL())
	defaults := func(r *running) (finger, vortices shm.Control) {
		r.phase(t, shm.ModelRunning)
		r.sink.Wait(t, "the controls", func() bool { return r.value("finger_V0_mu") != nil })
		v, _ := r.sink.Latest(shm.TopicControls)
		finger, _ = v.(shm.Controls).Get("finger_V0_mu")
		vortices, _ = v.(shm.Controls).Get("N_vortex")
		return finger, vortices
	}
	r := run(t, c)
	if finger, vortices := defaults(r); finger.Value != 5.0 || finger.Default != 5.0 || *finger.Max != 2 || vortices.Default != 12.0 {
		t.Errorf("%+v, %+v", finger, vortices)
	}
	r.set(t, "finger_V0_mu", 1.5)
	r.command("finger_V0_mu", map[string]shm.Value{"finger_V0_mu": 4.0}).wait(t, shm.Refused)
	r.stop()
	r = run(t, c) // the next to look finds the start, not what was left
	if finger, _ := defaults(r); finger.Default != 5.0 {
		t.Errorf("%+v", finger)
	}
	r.set(t, "finger_V0_mu", "5")
	r.sink.Wait(t, "the start to come to the server", func() bool { return s.Param("finger_V0_mu") == 5.0 })
}

func TestARun(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{Nx: 48, Ny: 32, Tracers: 100, FPS: 200, Time: true})
	c := client(s.URL())
	if info := c.Info(); info.Title != "super_hydro at "+s.Addr() || info.Origin != s.URL() || info.Kind != shm.KindRemote || !strings.HasPrefix(info.Key, "hydro-127-0-0-1-") {
		t.Errorf("before it was reached: %+v", info)
	}
	r := run(t, c)
	r.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
	r.sink.Want(shm.ArrayTopic(shm.ArrayTracers), 60)
	r.phase(t, shm.ModelRunning)
	r.sink.Wait(t, "tracers", func() bool { v, _ := r.sink.Latest(shm.ArrayTopic(shm.ArrayTracers)); return v != nil })
	r.sink.Wait(t, "frames", func() bool { return r.sink.Frames() > 10 })
	v, _ := r.sink.Latest(shm.ArrayTopic(shm.ArrayDensity))
	frame := v.(*shm.ArrayFrame)
	if frame.Shape[0] != 48 || frame.Shape[1] != 32 || frame.Info.Axes[0] != "x" {
		t.Errorf("a frame of %v", frame)
	}
	info := c.Info()
	if info.Title != "BECVortices at "+s.Addr() || info.Problem != "" || !strings.Contains(info.About, "48 × 32") || !strings.Contains(info.About, "mu = 0.5") {
		t.Errorf("%+v", info)
	}
	controls, _ := r.sink.Latest(shm.TopicControls)
	var names []string
	for _, c := range controls.(shm.Controls) {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "bump_h N_vortex bump_N cylinder cooling finger_V0_mu finger_x finger_y" {
		t.Errorf("controls %s", got)
	}
	names = nil
	for _, a := range r.src.Actions() {
		names = append(names, a.Name)
	}
	if got := strings.Join(names, " "); got != "start pause step reset reset_tracers restart" {
		t.Errorf("actions %s", got)
	}
	r.sink.Wait(t, "the time", func() bool { return r.state().Time > 0 && r.state().Steps > 0 })
	r.sink.Wait(t, "physics", func() bool { return r.sink.Count(shm.TopicPhysics) > 1 })
	for _, e := range r.sink.Events(shm.TopicPhysics) {
		m := e.Value.(map[string]shm.Value)
		for _, o := range r.state().Observables {
			if _, ok := m[o.Name].(float64); !ok {
				t.Errorf("physics %v lack %s", m, o.Name)
			}
		}
		if sum := m["sum"].(float64); sum < 48*32-1e-6 || sum > 48*32+1e-6 {
			t.Errorf("the density adds up to %v", sum)
		}
	}
	// Values of ours, dragged and set.
	for i := range 500 {
		r.src.Command(shm.Command{Name: "finger_x", Args: map[string]shm.Value{"finger_x": float64(i%50) / 100}}, nil)
		r.src.Command(shm.Command{Name: "finger_y", Args: map[string]shm.Value{"finger_y": 0.9}}, nil)
	}
	if x := r.value("finger_x"); x != 0.49 {
		t.Errorf("a dragged value is told as %v", x)
	}
	r.set(t, "bump_N", int64(7))
	r.set(t, "cylinder", false)
	r.sink.Wait(t, "the values to come to the server", func() bool {
		return s.Param("finger_x") == 0.49 && s.Param("finger_y") == 0.9 && s.Param("bump_N") == 7.0 && s.Param("cylinder") == false
	})
	for _, set := range s.Sets() {
		if _, x := set["finger_x"]; x && set["finger_y"] == nil {
			t.Errorf("half a place was set: %v", set)
		}
	}
	if n := len(s.Sets()); n > 100 {
		t.Errorf("1000 dragged values became %d sets", n)
	}
	// Of others.
	s.SetParam("cooling", 1.5)
	r.sink.Wait(t, "a value that another client has set", func() bool { return r.value("cooling") == 1.5 })
	if r.value("finger_x") != 0.49 || r.value("bump_N") != int64(7) {
		t.Errorf("values have gone: %v, %v", r.value("finger_x"), r.value("bump_N"))
	}
	// The potential comes after the finger.
	r.sink.Wait(t, "the potential", func() bool {
		f := r.state().Finger
		return f != nil && f.X == 0.49 && f.PX != 0.5 && f.PY > 0.6
	})
	r.do(t, shm.ActionPause)
	r.phase(t, shm.ModelPaused)
	if !s.Paused() {
		r.sink.Wait(t, "the pause", s.Paused)
	}
	s.SetPaused(false)
	r.phase(t, shm.ModelRunning)
	s.SetPaused(true)
	r.phase(t, shm.ModelPaused)
	r.do(t, shm.ActionStart)
	r.phase(t, shm.ModelRunning)
	r.do(t, shm.ActionResetTracers)
	r.do(t, shm.ActionReset)
	r.sink.Wait(t, "the values of the reset", func() bool {
		return r.value("finger_x") == 0.5 && r.value("bump_N") == int64(3) && r.value("cylinder") == true && r.value("cooling") == 0.01
	})
	if n := s.Connections(); n != 1 {
		t.Errorf("there are %d connections", n)
	}
	r.stop()
	if err := s.Err(); err != nil {
		t.Errorf("the server has %v", err)
	}
	if s.Count("quit") != 0 {
		t.Error("the server was told to quit")
	}
	r.command(shm.ActionStart, nil).wait(t, shm.Gone)
}
