package remote_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/model/remote/remotetest"
)

// offered are the actions of a run as people see them: name, title.
func (r *running) offered() string {
	var out []string
	for _, a := range r.src.Actions() {
		out = append(out, fmt.Sprintf("%s: %s", a.Name, a.Title))
	}
	return strings.Join(out, ", ")
}

// A step of a server that knows none is a picture or a few, says so, and ends in a pause that
// no picture follows.
func TestRunsForAMoment(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	r := run(t, client(s.URL()))
	r.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
	r.phase(t, shm.ModelRunning)
	if got, want := r.offered(), "start: Start, pause: Pause, step: Run a moment, reset: Reset, restart: Connect again"; got != want {
		t.Errorf("it offers %s, want %s", got, want)
	}
	r.do(t, shm.ActionPause)
	r.phase(t, shm.ModelPaused)
	r.sink.Wait(t, "the pause", s.Paused)
	for i := range 3 {
		before, frames, densities := s.Pictures(), r.state().Frame, s.Count("density")
		r.do(t, shm.ActionStep)
		if n := s.Count("density") - densities; n > 2 { // one to know, and one that was due
			t.Errorf("%d densities were asked for before the pause", n)
		}
		r.sink.Wait(t, "the pause after a moment", s.Paused)
		made := s.Pictures()
		if made == before {
			t.Errorf("time %d it made no picture", i)
		}
		r.sink.Wait(t, "its last picture", func() bool { return r.state().Frame > frames && r.state().Phase == shm.ModelPaused })
		again := s.Count("density") + 1
		r.sink.Wait(t, "further looks at it", func() bool { return s.Count("density") >= again })
		if n := s.Pictures(); n != made {
			t.Errorf("%d pictures were made after the pause", n-made)
		}
	}
	// Of one that runs it is a pause after the next picture.
	r.do(t, shm.ActionStart)
	r.do(t, shm.ActionStep)
	r.sink.Wait(t, "the pause of what ran", s.Paused)
	r.stop()
	survived(t, s)
}

// What a button says is what it does, and what would do nothing is not there.
func TestButtonsSayWhatTheyDo(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{Tracers: 10})
	c := client(s.URL())
	c.Hasty(10*time.Millisecond, time.Second, 60)
	r := run(t, c)
	r.phase(t, shm.ModelRunning)
	all := "start: Start, pause: Pause, step: Run a moment, reset: Reset, reset_tracers: Reset tracers, restart: "
	offers := func(restart string) {
		t.Helper()
		r.sink.Wait(t, restart, func() bool { return r.offered() == all+restart })
	}
	offers("Connect again")
	// To begin again with what is no density any more is to reset it.
	s.Break()
	r.phase(t, shm.ModelFailed)
	offers("Reset")
	resets := s.Count("reset")
	r.do(t, shm.ActionRestart)
	r.phase(t, shm.ModelRunning)
	if s.Count("reset") != resets+1 {
		t.Error("it was not reset")
	}
	offers("Connect again")
	// The same where somebody else resets it.
	s.Break()
	offers("Reset")
	r.do(t, shm.ActionReset)
	offers("Connect again")
	resets = s.Count("reset")
	r.do(t, shm.ActionRestart)
	r.phase(t, shm.ModelRunning)
	// A connection that is lost while the density is none is to be made again.
	s.Break()
	offers("Reset")
	thaw := s.Freeze()
	defer thaw()
	offers("Connect again")
	if s.Count("reset") != resets {
		t.Error("it was reset by connecting again")
	}
	thaw()
	r.stop()
	survived(t, s)
}

// No name is asked for that the server has not declared, over any number of connections.
func TestUndeclaredNames(t *testing.T) {
	t.Parallel()
	for _, time := range []bool{false, true} {
		s := start(t, remotetest.Options{Tracers: 10, Time: time})
		c := client(s.URL())
		r := run(t, c)
		r.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
		r.phase(t, shm.ModelRunning)
		r.set(t, "cooling", 2.0)
		r.do(t, shm.ActionReset)
		r.do(t, shm.ActionRestart)
		r.phase(t, shm.ModelRunning)
		gets := s.Count("get")
		r.sink.Wait(t, "gets", func() bool { return s.Count("get") > gets+5 })
		if n := s.Count("undeclared"); n != 0 {
			t.Errorf("%d times a name was asked for that is declared nowhere", n)
		}
		if at := r.state().Time; math.IsNaN(at) == time {
			t.Errorf("the time is told as %v", at)
		}
		if about := c.Info().About; !strings.Contains(about, "mu = 0.5, n0 = 0.5, c_s = 0.7071, hbar = 1, m = 1,") {
			t.Errorf("it says of itself %q", about)
		}
		r.stop()
		survived(t, s)
	}
}
