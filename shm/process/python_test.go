//go:build linux

package process_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/discover"
	"webmon/shm/process"
	"webmon/shm/process/naparitest"
	"webmon/shm/sourcetest"
)

// announced waits for what a process says of itself to be found.
func announced(t *testing.T, home, name string) discover.Announcement {
	t.Helper()
	dir := naparitest.Runtime(home) + "/" + discover.Folder
	for end := time.Now().Add(sourcetest.Timeout); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, a := range discover.Scan(dir, nil) {
			if a.Name == name {
				return a
			}
		}
	}
	t.Fatalf("%s does not announce itself in %s", name, dir)
	return discover.Announcement{}
}

// scope runs a process with the package and attaches to it.
func scope(t *testing.T) (*naparitest.Process, *running, string) {
	t.Helper()
	home := t.TempDir()
	p := naparitest.StartScope(t, naparitest.ScopeOptions{Home: home})
	a := announced(t, home, "scope")
	if a.Address != p.Address() || a.PID != p.PID {
		t.Errorf("announced %+v, is process %d at %s", a, p.PID, p.Address())
	}
	r := run(t, attach(t, process.Options{Address: a.Address, Authkey: a.Authkey, Kind: a.Kind, Name: a.Name, ID: "w", Watchers: func() int { return 2 }}))
	info := r.Info()
	want := shm.Info{Name: "scope", Kind: shm.KindPython, Instance: a.Instance, PID: p.PID, Python: p.Python, Address: a.Address, Package: info.Package, Protocol: shm.Protocol}
	if info != want || info.Package == "" {
		t.Errorf("Info = %+v, want %+v", info, want)
	}
	return p, r, home
}

// done asks the process what it has done.
func done(p *naparitest.Process) (ticks int, commands string) {
	var state struct {
		Ticks    int
		Commands [][]any
	}
	p.MustDo("ticks", nil, &state)
	return state.Ticks, fmt.Sprint(state.Commands)
}

// TestThePackage holds what webmon knows of a Python process against what that
// knows of itself.
func TestThePackage(t *testing.T) {
	t.Parallel()
	p, r, _ := scope(t)
	r.sink.Wait(t, "events and controls", func() bool { return r.sink.Count("temperature") > 10 && controlsOf(r) != nil })
	if _, n := r.sink.Latest("stage"); n > 1 {
		t.Errorf("a state that nobody wants was fetched %d times", n)
	}
	r.sink.Want("stage", 60)
	r.sink.Want(shm.TopicControls, 60)
	first, _ := r.sink.Latest("stage")
	r.sink.Wait(t, "the state moves", func() bool {
		now, n := r.sink.Latest("stage")
		return n > 5 && fmt.Sprint(now) != fmt.Sprint(first)
	})
	// It stands still at what it is.
	p.MustDo("pause", map[string]any{"on": true}, nil)
	ticks, _ := done(p)
	r.sink.Wait(t, "the last state", func() bool { return stageOf(r) == fmt.Sprintf(`{"x":%d,"y":2}`, ticks) })

	var l lives
	r.Command(shm.Command{ID: "1", Name: "exposure", Args: map[string]shm.Value{"exposure": 42.5}}, l.report("1"))
	r.Command(shm.Command{ID: "2", Name: "shoot", Args: map[string]shm.Value{"n": 13.0}}, l.report("2"))
	r.Command(shm.Command{ID: "3", Name: "shoot"}, l.report("3"))
	r.Command(shm.Command{ID: "4", Name: "shoot", Args: map[string]shm.Value{"n": 1001.0}}, l.report("4"))
	r.sink.Wait(t, "the answers", func() bool {
		return l.ends("1") == "applied" && strings.HasPrefix(l.ends("2"), "refused ") && l.ends("3") == "applied"
	})
	if got := l.ends("2"); !strings.Contains(got, "not that many") {
		t.Errorf("refused for %q, want the exception's text", got)
	}
	if got := l.of("4"); !strings.HasPrefix(got, "refused ") {
		t.Errorf("beyond the limits: %q", got)
	}
	if _, commands := done(p); commands != "[[exposure 42.5] [shoot 3]]" {
		t.Errorf("the process did %s", commands)
	}
	r.sink.Wait(t, "the control's new value", func() bool { c, _ := controlsOf(r).Get("exposure"); return c.Value == 42.5 })
	for i := range 200 {
		r.Command(shm.Command{Name: "exposure", Args: map[string]shm.Value{"exposure": float64(i + 1)}}, nil)
	}
	r.sink.Wait(t, "the end of the drag", func() bool { c, _ := controlsOf(r).Get("exposure"); return c.Value == 200.0 })

	p.Quit()
	if err := r.wait(t); !errors.Is(err, shm.ErrEnded) {
		t.Errorf("Run = %v after an orderly end, want ErrEnded", err)
	}
}

// TestThePackageIsTakenBack: the process lives on, and its offer does not.
func TestThePackageIsTakenBack(t *testing.T) {
	t.Parallel()
	p, r, home := scope(t)
	p.MustDo("close", nil, nil)
	if err := r.wait(t); !errors.Is(err, shm.ErrEnded) {
		t.Errorf("Run = %v, want ErrEnded", err)
	}
	if left := discover.Scan(naparitest.Runtime(home)+"/"+discover.Folder, nil); len(left) != 0 {
		t.Errorf("still announced: %+v", left)
	}
}

// TestKilledUnderLoad kills a process with everything under way, once with a
// child that inherits its connections and its listening socket.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	for _, forked := range []bool{false, true} {
		t.Run(fmt.Sprintf("forked %v", forked), func(t *testing.T) {
			p, r, home := scope(t)
			r.sink.Want("stage", 60)
			r.sink.Want(shm.TopicControls, 60)
			r.sink.Wait(t, "states", func() bool { _, n := r.sink.Latest("stage"); return n > 3 })
			if forked {
				p.MustDo("fork", nil, nil)
			}
			// It is stopped, so that a command is under way when it dies.
			p.Signal(syscall.SIGSTOP)
			var l lives
			r.Command(shm.Command{ID: "1", Name: "shoot"}, l.report("1"))
			p.Kill()
			if err := r.wait(t); !errors.Is(err, shm.ErrGone) {
				t.Errorf("Run = %v, want ErrGone", err)
			}
			if got := l.ends("1"); !strings.HasPrefix(got, "gone") {
				t.Errorf("the command ends with %q", got)
			}
			if forked {
				return // the child has to let go of the file, which is the package's business
			}
			if left := discover.Scan(naparitest.Runtime(home)+"/"+discover.Folder, nil); len(left) != 0 {
				t.Errorf("still announced: %+v", left)
			}
			if files, err := os.ReadDir(naparitest.Runtime(home) + "/" + discover.Folder); err != nil || len(files) != 0 {
				t.Errorf("left behind: %v, %v", files, err)
			}
		})
	}
}

// TestStopped: a process that hangs is not gone, and goes on where it was.
func TestStopped(t *testing.T) {
	t.Parallel()
	p, r, home := scope(t)
	r.sink.Want("stage", 60)
	r.sink.Wait(t, "states", func() bool { _, n := r.sink.Latest("stage"); return n > 3 })
	p.Signal(syscall.SIGSTOP)
	r.sink.Wait(t, "word that it hangs", func() bool { return r.sink.Noticed("hang") != "" })
	if got := discover.Scan(naparitest.Runtime(home)+"/"+discover.Folder, nil); len(got) != 1 {
		t.Errorf("a process that is stopped lives, found %+v", got)
	}
	var l lives
	r.Command(shm.Command{ID: "1", Name: "exposure", Args: map[string]shm.Value{"exposure": 77.0}}, l.report("1"))
	_, before := r.sink.Latest("stage")
	p.Signal(syscall.SIGCONT)
	r.sink.Wait(t, "states again", func() bool { _, n := r.sink.Latest("stage"); return n > before+3 })
	r.sink.Wait(t, "the command", func() bool { return l.ends("1") == "applied" })
}

// TestEveryPythonOfOurs attaches to the package in every Python that has NumPy.
func TestEveryPythonOfOurs(t *testing.T) {
	t.Parallel()
	for _, python := range []string{"numpy1", "numpy2"} {
		home := t.TempDir()
		p := naparitest.StartScope(t, naparitest.ScopeOptions{Python: python, Name: python, Home: home})
		a := announced(t, home, python)
		r := run(t, attach(t, process.Options{Address: a.Address, Authkey: a.Authkey}))
		r.sink.Want("stage", 60)
		r.sink.Wait(t, "states", func() bool { _, n := r.sink.Latest("stage"); return n > 3 })
		if got := r.Info().Python; got != p.Python {
			t.Errorf("Python %q, want %q", got, p.Python)
		}
		if err := r.stop(t); err != nil {
			t.Error(err)
		}
	}
}
