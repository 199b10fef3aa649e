package remote_test

import (
	"net"
	"strings"
	"testing"

	"webmon/shm"
	"webmon/shm/model/remote/remotetest"
)

const taken = "Another program, such as somebody else's webmon, is connected to the server at "

// Of two webmons that are given the same server the second sends nothing, says why, and
// comes once the first has left.
func TestTwoPrograms(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	a := run(t, client(s.URL()))
	a.phase(t, shm.ModelRunning)
	b := run(t, client(s.URL()))
	b.phase(t, shm.ModelFailed)
	if p := b.state().Problem; !strings.HasPrefix(p, taken+s.URL()) {
		t.Errorf("the problem is %q", p)
	}
	if got := b.offered(); got != "restart: Connect all the same" {
		t.Errorf("it offers %s", got)
	}
	b.command(shm.ActionPause, nil).wait(t, shm.Refused)
	frames := a.state().Frame
	a.sink.Wait(t, "the first to go on", func() bool { return a.state().Frame > frames+20 })
	if n, m := s.Count("knock"), s.Connections(); n != 1 || m != 1 {
		t.Errorf("%d clients have spoken to the server, over %d connections", n, m)
	}
	a.stop()
	b.phase(t, shm.ModelRunning)
	b.stop()
	survived(t, s)
}

// Of those that come in the same moment one has the server, and then the next.
func TestManyProgramsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	waiting := []*running{}
	for range 3 {
		waiting = append(waiting, run(t, client(s.URL())))
	}
	for len(waiting) > 0 {
		var speaks int
		waiting[0].sink.Wait(t, "one to have it", func() bool {
			for i, r := range waiting {
				if r.state().Phase == shm.ModelRunning {
					speaks = i
					return true
				}
			}
			return false
		})
		waiting[speaks].stop()
		waiting = append(waiting[:speaks], waiting[speaks+1:]...)
	}
	survived(t, s)
}

// Any program counts, whatever it has said. Whoever knows better has the last word.
func TestAnotherClient(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := run(t, client(s.URL()))
	r.phase(t, shm.ModelFailed)
	if p := r.state().Problem; !strings.HasPrefix(p, taken) {
		t.Errorf("the problem is %q", p)
	}
	if s.Count("knock") != 0 {
		t.Error("it was spoken to all the same")
	}
	r.do(t, shm.ActionRestart)
	r.phase(t, shm.ModelRunning)
	if got := r.offered(); !strings.HasSuffix(got, "restart: Connect again") {
		t.Errorf("it offers %s", got)
	}
	r.stop()
	survived(t, s)
}

// A name of the same machine is the same server.
func TestAnotherNameOfTheServer(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	a := run(t, client(s.URL()))
	a.phase(t, shm.ModelRunning)
	_, port, _ := net.SplitHostPort(s.Addr())
	b := run(t, client("tcp://localhost:"+port))
	b.phase(t, shm.ModelFailed)
	if p := b.state().Problem; !strings.HasPrefix(p, taken) {
		t.Errorf("the problem is %q", p)
	}
	b.stop()
	a.stop()
	survived(t, s)
}
