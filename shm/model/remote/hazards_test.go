package remote_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/model/remote"
	"webmon/shm/model/remote/remotetest"
	"webmon/shm/model/remote/zmtp"
)

func survived(t *testing.T, s *remotetest.Server) {
	t.Helper()
	if err := s.Err(); err != nil {
		t.Errorf("the server has %v", err)
	}
}

// A client that leaves after the first half of an exchange leaves the server waiting for
// the second: whoever comes next has to bring it.
func TestAServerLeftHalfWay(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"get", "set"} {
		t.Run(word, func(t *testing.T) {
			s := start(t, remotetest.Options{})
			c, err := zmtp.Dial(t.Context(), s.Addr(), zmtp.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Send([]byte(word)); err != nil {
				t.Fatal(err)
			}
			if frames, err := c.Recv(t.Context(), zmtp.Wait{For: 10 * time.Second}, nil); err != nil || string(frames[0]) != "ok" {
				t.Fatal(frames, err)
			}
			c.Close()
			r := run(t, client(s.URL()))
			r.phase(t, shm.ModelRunning)
			r.stop()
			survived(t, s)
		})
	}
}

// Whatever it is doing when nobody looks any more: it is done to the end.
func TestLeavingInTheMiddle(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	c := client(s.URL())
	for i := range 12 {
		r := run(t, c)
		r.phase(t, shm.ModelRunning)
		for j := range 20 {
			for name := range 3 {
				name := []string{"finger_x", "bump_h", "finger_y"}[name]
				r.src.Command(shm.Command{ID: fmt.Sprint(j), Name: name, Args: map[string]shm.Value{name: 0.3}}, nil)
			}
		}
		r.command(shm.ActionPause, nil)
		r.command(shm.ActionStart, nil)
		n := s.Count("set")
		r.sink.Wait(t, "a set to be under way", func() bool { return s.Count("set") > n || i%2 == 0 })
		r.stop()
	}
	survived(t, s)
}

// A server that answers nothing for longer than is waited for gets the other half of what
// was begun over the next connection.
func TestASilentServer(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	c := client(s.URL())
	c.Hasty(10*time.Millisecond, time.Second, 60)
	r := run(t, c)
	r.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
	r.phase(t, shm.ModelRunning)
	r.sink.Wait(t, "pictures", func() bool { return r.sink.Frames() > 3 })
	picture, _ := r.sink.Latest(shm.ArrayTopic(shm.ArrayDensity))
	thaw := s.Freeze()
	defer thaw()
	set := r.command("bump_h", map[string]shm.Value{"bump_h": 0.33})
	r.phase(t, shm.ModelFailed)
	if p := r.state().Problem; !strings.HasPrefix(p, "The server at "+s.URL()+" does not answer: it has said nothing for 1s.") {
		t.Errorf("problem %q", p)
	}
	if c.Info().Problem == "" || c.Info().Title != "BECVortices at "+s.Addr() {
		t.Errorf("%+v", c.Info())
	}
	set.wait(t, shm.Refused)
	l := r.command(shm.ActionPause, nil)
	l.wait(t, shm.Refused)
	if !strings.Contains(l.text, "does not answer") {
		t.Errorf("refused with %q", l.text)
	}
	if v := r.value("bump_h"); v != 0.1 {
		t.Errorf("a value that did not come to the server is told as %v", v)
	}
	if again, _ := r.sink.Latest(shm.ArrayTopic(shm.ArrayDensity)); again == nil || picture == nil {
		t.Error("there is no picture")
	}
	thaw()
	// A machine with much to do may let a second pass again and again.
	r.sink.Wait(t, "a value to be taken", func() bool {
		l := r.command("bump_h", map[string]shm.Value{"bump_h": 0.2})
		return <-l.status == shm.Applied
	})
	r.phase(t, shm.ModelRunning)
	r.stop()
	survived(t, s)
}

// Who wants a new connection to a silent server need not wait for the old one.
func TestConnectingAnewToASilentServer(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	c := client(s.URL())
	c.Hasty(time.Hour, time.Hour, 60)
	r := run(t, c)
	r.phase(t, shm.ModelRunning)
	thaw := s.Freeze()
	defer thaw()
	r.sink.Wait(t, "people to be told", func() bool { return strings.Contains(r.state().Problem, "has said nothing for 200ms") })
	r.do(t, shm.ActionRestart)
	r.phase(t, shm.ModelStarting)
	thaw()
	r.phase(t, shm.ModelRunning)
	if p := r.state().Problem; p != "" {
		t.Errorf("problem %q", p)
	}
	r.stop()
	survived(t, s)
}

func TestAServerThatIsGone(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	c := client(s.URL())
	c.Hasty(time.Hour, 10*time.Second, 60) // it does not come back by itself
	r := run(t, c)
	r.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
	r.phase(t, shm.ModelRunning)
	r.sink.Wait(t, "a picture", func() bool { v, _ := r.sink.Latest(shm.ArrayTopic(shm.ArrayDensity)); return v != nil })
	v, _ := r.sink.Latest(shm.ArrayTopic(shm.ArrayDensity))
	s.Close()
	r.phase(t, shm.ModelFailed)
	if p := r.state().Problem; !strings.HasPrefix(p, "The server at "+s.URL()+" does not answer: ") || r.state().Detail == "" {
		t.Errorf("problem %q, detail %q", p, r.state().Detail)
	}
	frame := v.(*shm.ArrayFrame)
	if _, err := frame.Reader.ReadAll(frame, nil); err != nil {
		t.Errorf("the last picture cannot be read: %v", err)
	}
	n := r.sink.Costs()
	r.sink.Wait(t, "the source to be alive", func() bool { return r.sink.Costs() > n+1 })
	// Another server at its place, with another grid.
	s, err := remotetest.Start(remotetest.Options{Address: s.Addr(), Nx: 24, Ny: 40, FPS: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	r.do(t, shm.ActionRestart)
	r.phase(t, shm.ModelRunning)
	r.sink.Wait(t, "a picture of the other shape", func() bool {
		v, _ := r.sink.Latest(shm.ArrayTopic(shm.ArrayDensity))
		return v.(*shm.ArrayFrame).Shape[1] == 40
	})
	arrays, _ := r.sink.Latest(shm.TopicArrays)
	if info := arrays.(shm.Arrays).Get(shm.ArrayDensity); info.Generation == frame.Info.Generation || info.Shape[0] != 24 {
		t.Errorf("%+v", info)
	}
	// Connecting again where nothing is wrong does no harm.
	r.do(t, shm.ActionRestart)
	r.sink.Wait(t, "pictures again", func() bool { return r.state().Phase == shm.ModelRunning })
	r.set(t, "finger_x", 0.1)
	r.stop()
	survived(t, s)
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	r := run(t, client("tcp://"+l.Addr().String()))
	r.phase(t, shm.ModelFailed)
	if p := r.state().Problem; !strings.Contains(p, "does not answer") {
		t.Errorf("problem %q", p)
	}
}

func TestNoSuperHydro(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		serve func(c net.Conn)
		want  string
	}{
		"a web server": {func(c net.Conn) { fmt.Fprint(c, "HTTP/1.0 400 Bad Request\r\n\r\n") }, "is no super_hydro server"},
		"another ZeroMQ": {func(c net.Conn) {
			conn, err := zmtp.Accept(context.Background(), c, zmtp.Options{})
			if err == nil {
				if _, err = conn.Recv(context.Background(), zmtp.Wait{For: 10 * time.Second}, nil); err == nil {
					_ = conn.Send([]byte("hello"))
				}
			}
		}, `does not answer as super_hydro does: its answer to a word that it cannot know is "hello"`},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					tt.serve(c)
					// What it says is to arrive: the other side closes first.
					_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
					_, _ = io.Copy(io.Discard, c)
					c.Close()
				}
			}()
			r := run(t, client("tcp://"+l.Addr().String()))
			r.phase(t, shm.ModelFailed)
			if p := r.state().Problem; !strings.Contains(p, tt.want) {
				t.Errorf("problem %q lacks %q", p, tt.want)
			}
		})
	}
}

func TestNonsense(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	r := run(t, client(s.URL()))
	r.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
	r.phase(t, shm.ModelRunning)
	s.Break()
	r.phase(t, shm.ModelFailed)
	if p := r.state().Problem; !strings.Contains(p, "1 of its 2048 points") {
		t.Errorf("problem %q", p)
	}
	v, _ := r.sink.Latest(shm.ArrayTopic(shm.ArrayDensity))
	frame := v.(*shm.ArrayFrame)
	b, err := frame.Reader.ReadAll(frame, nil)
	if err != nil || math.IsNaN(math.Float64frombits(binary.LittleEndian.Uint64(b[8*1024:]))) {
		t.Errorf("the picture is not the last good one: %v", err)
	}
	r.do(t, shm.ActionReset)
	r.phase(t, shm.ModelRunning)
	s.Break()
	r.phase(t, shm.ModelFailed)
	r.do(t, shm.ActionRestart)
	r.phase(t, shm.ModelRunning)
	r.stop()
	survived(t, s)
}

func TestAnOldServer(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{Old: true, DType: "float32", Layout: `HBox(children=(Dropdown(options=(('slow', 1), ('fast', 2.5)), value=1, name='bump_N'), ` +
		`ColorPicker(value='red', name='tint'), FloatSlider(name='Nx'), FloatSlider(name='nobody_knows'), Checkbox(value=True, name='cylinder')))`})
	r := run(t, client(s.URL()))
	r.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
	r.phase(t, shm.ModelRunning)
	r.sink.Wait(t, "pictures", func() bool { return r.sink.Frames() > 3 })
	r.set(t, "bump_N", "fast")
	r.sink.Wait(t, "the value of the choice", func() bool { return s.Param("bump_N") == 2.5 })
	r.sink.Wait(t, "notices", func() bool { return r.sink.Noticed("widgets") != "" })
	for _, name := range []string{"Nx", "nobody_knows", "tint"} {
		r.command(name, map[string]shm.Value{name: 3.0}).wait(t, shm.Refused)
	}
	r.command("quit", nil).wait(t, shm.Refused)
	r.command("cylinder", map[string]shm.Value{"cylinder": []shm.Value{}}).wait(t, shm.Refused)
	r.sink.Wait(t, "the choice to stay", func() bool { return r.value("bump_N") == "fast" })
	r.stop()
	survived(t, s)
}

// Two runs never speak at once.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	c := client(s.URL())
	a := run(t, c)
	a.phase(t, shm.ModelRunning)
	b := run(t, c)
	b.sink.Wait(t, "the second to wait", func() bool { return b.sink.Costs() > 0 })
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
	a.stop()
	b.phase(t, shm.ModelRunning)
	b.stop()
	survived(t, s)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "127.0.0.1:9000", "tcp://127.0.0.1", "udp://127.0.0.1:1"} {
		if _, err := remote.New(remote.Options{Address: address}).Open(t.Context()); err == nil {
			t.Errorf("%q is taken for an address", address)
		}
	}
}

// A server that answers with what it knew before a value was set does not set it back.
func TestAnswersOfBefore(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{NoVpos: true})
	r := run(t, client(s.URL()))
	r.phase(t, shm.ModelRunning)
	r.set(t, "bump_h", 0.33)
	_, told := r.sink.Latest(shm.TopicControls)
	gets := s.Count("get")
	r.sink.Wait(t, "it to be asked again and again", func() bool { return s.Count("get") >= gets+5 })
	if _, n := r.sink.Latest(shm.TopicControls); n != told || r.value("bump_h") != 0.33 {
		t.Errorf("controls were told %d times more, the value is %v", n-told, r.value("bump_h"))
	}
	r.stop()
	survived(t, s)
}

// However much is dragged, pictures come, and what others have changed.
func TestTurns(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{FPS: 200, Tracers: 10})
	r := run(t, client(s.URL()))
	r.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
	r.sink.Want(shm.ArrayTopic(shm.ArrayTracers), 60)
	r.phase(t, shm.ModelRunning)
	words := []string{"density", "set", "get", "tracers"}
	count := func() (n [4]int) {
		for i, w := range words {
			n[i] = s.Count(w)
		}
		return n
	}
	before, x, last := count(), 0, time.Time{}
	r.sink.Wait(t, "everything to have had its turn", func() bool {
		if time.Since(last) < time.Millisecond {
			return false
		}
		last = time.Now()
		x++
		r.src.Command(shm.Command{Name: "finger_x", Args: map[string]shm.Value{"finger_x": float64(x%100) / 100}}, nil)
		now := count()
		return now[1]-before[1] >= 20 && now[2]-before[2] >= 3 && now[3]-before[3] >= 3
	})
	now := count()
	others := now[1] + now[2] + now[3] - before[1] - before[2] - before[3]
	// On a fast server there are 60 densities a second and up to 70 others.
	if n := now[0] - before[0]; 2*n < others {
		t.Errorf("%d densities beside %d others: %v, %v", n, others, before, now)
	}
	r.stop()
	survived(t, s)
}

// Whoever comes to a simulation that stands still sees it.
func TestPausedWhenItIsFound(t *testing.T) {
	t.Parallel()
	s := start(t, remotetest.Options{})
	s.SetPaused(true)
	r := run(t, client(s.URL()))
	r.phase(t, shm.ModelPaused)
	r.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
	r.sink.Wait(t, "its picture", func() bool { v, _ := r.sink.Latest(shm.ArrayTopic(shm.ArrayDensity)); return v != nil })
	r.set(t, "finger_x", 0.75)
	r.sink.Wait(t, "the finger", func() bool { f := r.state().Finger; return f != nil && f.X == 0.75 })
	if p := r.state().Phase; p != shm.ModelPaused {
		t.Errorf("the phase is %s", p)
	}
	r.stop()
	survived(t, s)
}
