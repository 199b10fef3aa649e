//go:build linux

package hosted

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/process/naparitest"
	"webmon/shm/segment"
	"webmon/shm/sourcetest"
)

// TestFailures has a model do everything that it should not, one after the other,
// and begin again after each.
func TestFailures(t *testing.T) {
	t.Parallel()
	r := run(t, Options{File: "testdata/wrong.py"}, "wrong")
	r.phase(shm.ModelRunning)
	for _, c := range []struct {
		deed, problem, detail string
		ends                  bool // the process
	}{
		{"raise", "step raised RuntimeError in line ", "the vacuum decayed", false},
		{"exit", "step called sys.exit in line ", "sys.exit(4)", false},
		{"shape", "get_density gave an array of shape (5, 5) after ", "", false},
		{"dims", "get_density gave an array of shape (5,) after ", "", false},
		{"complex", "get_density gave complex numbers after ", "", false},
		{"text", "get_density gave str 'not an array' after ", "", false},
		{"None", "get_density returned None", "", false},
		{"density", "get_density raised KeyError in line ", "raise KeyError", false},
		{"os._exit", "The process of Wrong ended by itself, with exit code 3.", "", true},
		{"segfault", "The process of Wrong crashed in compiled code (segmentation fault).", "wrong.py", true},
		{"kill", "The process of Wrong was killed, by somebody or because the machine had no memory left.", "", true},
		{"close", "The process of Wrong has closed what connects it to webmon", "", true},
	} {
		t.Run(c.deed, func(t *testing.T) {
			r.t = t
			before := r.src.Info()
			r.wait("a picture", func() bool { return r.frame(shm.ArrayDensity) != nil })
			r.src.Command(shm.Command{Name: "deed", Args: map[string]shm.Value{"deed": c.deed}}, nil)
			s := r.phase(shm.ModelFailed)
			if !strings.Contains(s.Problem, c.problem) || !strings.Contains(s.Detail, c.detail) || strings.Contains(s.Detail, "<webmon>") {
				t.Errorf("%q\n%s", s.Problem, s.Detail)
			}
			// The last good picture stays.
			r.wait("the last picture", func() bool {
				f := r.frame(shm.ArrayDensity)
				px, err := f.Reader.ReadAll(f, nil)
				return err == nil && len(px) == 24*16*8
			})
			if status, text := r.do(shm.ActionStart); status != shm.Refused || !strings.Contains(text, "restart it") {
				t.Errorf("start: %s %q", status, text)
			}
			again := shm.ActionReset // will do where the process is well
			if c.ends {
				again = shm.ActionRestart
			}
			r.must(again)
			r.phase(shm.ModelRunning)
			if s := r.state(); s.Problem != "" || s.Detail != "" {
				t.Errorf("%+v", s)
			}
			r.pictures(1)
			after := r.src.Info()
			if (after.PID != before.PID) != c.ends || after.Instance != before.Instance {
				t.Errorf("%+v became %+v", before, after)
			}
			if c.ends {
				checkGone(t, before.PID)
			}
		})
		r.t = t
	}
	// A restart does also where nothing is wrong.
	before := r.src.Info()
	r.must(shm.ActionRestart)
	r.pictures(2)
	if r.src.Info().PID == before.PID {
		t.Error("it is the same process after a restart")
	}
	// What it prints without end harms nobody.
	r.must("deed", "print")
	r.pictures(3)
	r.must("deed", "raise")
	if s := r.phase(shm.ModelFailed); !strings.Contains(s.Detail, "of a great many") || len(s.Detail) > 200_000 {
		t.Errorf("%d bytes of detail: %.300s", len(s.Detail), s.Detail)
	}
}

func TestConstructor(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"constructor": "The constructor of Constructor raised OSError in line ",
		"wants":       "Wants cannot be constructed: its __init__ needs lattice, which webmon does not know.",
		"incomplete":  "Incomplete is not a complete model",
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			r := run(t, Options{File: "testdata/wrong.py"}, key)
			if s := r.phase(shm.ModelFailed); !strings.Contains(s.Problem, want) {
				t.Errorf("%q", s.Problem)
			}
			if status, text := r.do(shm.ActionRestart); status != shm.Refused || !strings.Contains(text, want) {
				t.Errorf("restart: %s %q", status, text)
			}
		})
	}
}

// TestWaits sends commands to a model that is not made yet.
func TestWaits(t *testing.T) {
	t.Parallel()
	r := run(t, Options{File: "testdata/wrong.py", patience: 600 * time.Millisecond}, "slow")
	r.slow("Slow has not been constructed for ")
	if s := r.state(); !strings.Contains(s.Detail, "time.sleep(2.5)") {
		t.Errorf("%s", s.Detail)
	}
	r.must(shm.ActionPause)
	r.phase(shm.ModelPaused)
}

func TestHangs(t *testing.T) {
	t.Parallel()
	r := run(t, Options{File: "testdata/wrong.py", patience: 1500 * time.Millisecond}, "wrong")
	r.phase(shm.ModelRunning)

	// It goes on by itself.
	r.must("deed", "sleep")
	r.slow("The model has not finished a step for ")
	if s := r.state(); !strings.Contains(s.Detail, "time.sleep(3)") || !strings.Contains(s.Problem, " s so far. It goes on when that ends; Restart ends it.") {
		t.Errorf("%+v", s)
	}
	if status, text := r.do("value", 0.25); status != shm.Applied { // it waits for the step
		t.Errorf("%s %q", status, text)
	}
	if s := r.phase(shm.ModelRunning); s.Problem != "" || s.Detail != "" {
		t.Errorf("%+v", s)
	}
	r.pictures(2)

	// In compiled code, which lets nothing of Python run.
	r.src.Command(shm.Command{Name: "deed", Args: map[string]shm.Value{"deed": "stick"}}, nil) // who sticks does not answer
	r.slow("Wrong has not answered for ")
	pid := r.src.Info().PID
	r.must(shm.ActionRestart)
	r.phase(shm.ModelRunning)
	r.pictures(2)
	checkGone(t, pid)

	// Nor does it keep webmon from ending it, with what it has started.
	r.must("deed", "children")
	r.wait("a child", func() bool { return len(group(r.src.Info().PID)) > 1 })
	r.src.Command(shm.Command{Name: "deed", Args: map[string]shm.Value{"deed": "stick"}}, nil) // who sticks does not answer
	r.end()
	checkGone(t, r.src.Info().PID)
}

// TestSlow runs models whose every picture takes longer than the patience: with and
// without Python's lock.
func TestSlow(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"sluggish", "stuck"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			r := run(t, Options{File: "testdata/wrong.py", patience: 300 * time.Millisecond}, key)
			r.slow("The last picture has taken ")
			// From then on it is neither well in between, nor has it failed.
			var other []shm.ModelState
			r.sink.OnState(func(_ string, v shm.Value) {
				if s, ok := v.(*shm.ModelState); ok && (s.Phase != shm.ModelSlow || !strings.Contains(s.Problem, " s so far")) {
					other = append(other, *s)
				}
			})
			r.pictures(2)
			r.sink.OnState(nil)
			if len(other) > 0 {
				t.Errorf("in between it was %+v", other)
			}
			r.src.Command(shm.Command{Name: shm.ActionPause}, nil)
			r.phase(shm.ModelPaused)
		})
	}
}

func TestEndless(t *testing.T) {
	t.Parallel()
	r := run(t, Options{File: "testdata/wrong.py"}, "endless")
	r.phase(shm.ModelRunning)
	r.end()
}

// TestOrphan kills the program that runs models, and looks whether they go with it.
func TestOrphan(t *testing.T) {
	t.Parallel()
	if os.Getenv("HOSTED_TEST_PARENT") != "" {
		src := open(t, Options{File: "testdata/wrong.py"}, "good")
		sink := sourcetest.NewSink()
		go func() { _ = src.Run(context.Background(), sink) }()
		sink.Wait(t, "a picture", func() bool { return sink.Frames() > 0 })
		fmt.Println("model", src.Info().PID)
		select {}
	}
	_ = naparitest.Python(t, "numpy2")
	cmd := exec.Command(os.Args[0], "-test.run=^TestOrphan$")
	cmd.Env = append(os.Environ(), "HOSTED_TEST_PARENT=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	pid := 0
	for lines := bufio.NewScanner(out); pid == 0 && lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "model "); ok {
			pid, _ = strconv.Atoi(text)
		}
	}
	if pid == 0 {
		t.Fatal("the program has run no model")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(sourcetest.Timeout); len(group(pid)) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%v live on", group(pid))
		}
	}
	segment.Forget(pid) // the next process that offers arrays would do it
}
