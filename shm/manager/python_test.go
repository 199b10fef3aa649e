package manager

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"webmon/lacking"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// interpreter is one Python found on this machine.
type interpreter struct {
	path    string
	version [2]int // 3, 11
	numpy   string // version, "" where it cannot be imported
}

func (p interpreter) String() string { return fmt.Sprintf("%d.%d", p.version[0], p.version[1]) }

// findPythons looks for interpreters from 3.9 on: in $WEBMON_PYTHONS (paths,
// separated as in PATH, which may be the only ones wanted), as python3.X on the
// PATH, among pyenv's, and in the environments with NumPy that the Makefile sets
// up. Of each version the first that runs is taken, one with NumPy before others.
var findPythons = sync.OnceValue(func() []interpreter {
	var candidates []string
	if list := os.Getenv("WEBMON_PYTHONS"); list != "" {
		candidates = filepath.SplitList(list)
	} else {
		for minor := 9; minor <= 19; minor++ {
			if p, err := exec.LookPath(fmt.Sprintf("python3.%d", minor)); err == nil {
				candidates = append(candidates, p)
			}
		}
		if p, err := exec.LookPath("python3"); err == nil {
			candidates = append(candidates, p)
		}
		root := os.Getenv("PYENV_ROOT")
		if home, err := os.UserHomeDir(); root == "" && err == nil {
			root = filepath.Join(home, ".pyenv")
		}
		more, _ := filepath.Glob(filepath.Join(root, "versions", "3.*", "bin", "python3"))
		candidates = append(candidates, more...)
		withNumPy, _ := filepath.Glob(filepath.Join("..", "..", ".venv", "numpy*", "bin", "python"))
		for _, path := range withNumPy {
			if abs, err := filepath.Abs(path); err == nil {
				candidates = append(candidates, abs)
			}
		}
	}
	const ask = `import sys
try:
    import numpy; n = numpy.__version__
except Exception: n = ""
print(sys.version_info[0], sys.version_info[1], sys.executable, n, sep="\n")`
	found := map[[2]int]interpreter{}
	for _, path := range candidates {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		out, err := exec.CommandContext(ctx, path, "-c", ask).Output()
		cancel()
		f := strings.Split(string(out), "\n")
		if err != nil || len(f) < 4 { // a shim for a version that is not there
			continue
		}
		major, _ := strconv.Atoi(f[0])
		minor, _ := strconv.Atoi(f[1])
		p := interpreter{path: f[2], version: [2]int{major, minor}, numpy: f[3]}
		if major != 3 || minor < 9 {
			continue
		}
		if old, ok := found[p.version]; !ok || old.numpy == "" && p.numpy != "" {
			found[p.version] = p
		}
	}
	var all []interpreter
	for _, p := range found {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b interpreter) int { return a.version[1] - b.version[1] })
	return all
})

// pythons returns the interpreters; without any the test fails under CI and is
// skipped elsewhere.
func pythons(t testing.TB) []interpreter {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: Go alone")
	}
	all := findPythons()
	if len(all) == 0 {
		lacking.Skip(t, "no Python from 3.9 on was found: put python3.X on the PATH or name some in WEBMON_PYTHONS")
	}
	return all
}

// newest returns the newest interpreter.
func newest(t testing.TB) interpreter {
	t.Helper()
	all := pythons(t)
	return all[len(all)-1]
}

// withNumPy returns the interpreters that have NumPy; without any the test
// fails under CI and is skipped elsewhere, where what NumPy 1 and 2 pickle is
// covered by bytes captured from them, in package pickle.
func withNumPy(t testing.TB) []interpreter {
	t.Helper()
	var some []interpreter
	for _, p := range pythons(t) {
		if p.numpy != "" {
			some = append(some, p)
		}
	}
	if len(some) == 0 {
		lacking.Skip(t, "no Python found here has NumPy: make setup brings two that have")
	}
	return some
}

// process is a Python script under test: testdata/server.py or client.py.
type process struct {
	t    testing.TB // the test that talks to the script
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	errs *tail

	Port    int    `json:"port"`
	Python  []int  `json:"python"`
	NumPy   string `json:"numpy"`
	Manager int    `json:"manager"` // pid of the manager's process
}

// tail keeps the end of what was written to it.
type tail struct {
	mu sync.Mutex // guards b
	b  []byte
}

func (w *tail) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.b = append(w.b, p...)
	if n := len(w.b) - 8192; n > 0 {
		w.b = w.b[n:]
	}
	return len(p), nil
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.b)
}

// script starts a script and reads the line it greets with.
func script(t testing.TB, p interpreter, name string, args ...string) *process {
	t.Helper()
	s := &process{t: t, errs: &tail{}}
	s.cmd = exec.Command(p.path, append([]string{filepath.Join("testdata", name)}, args...)...)
	s.cmd.Stderr = s.errs
	s.cmd.WaitDelay = 5 * time.Second
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	s.read(s)
	return s
}

// inside is the script as a part of its test talks to it.
func (s *process) inside(t testing.TB) *process {
	part := *s
	part.t = t
	return &part
}

// stop ends the script in its own good time, or by force.
func (s *process) stop() {
	s.in.Close()
	kill := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	_ = s.cmd.Wait() // its own exit status says nothing: tests kill managers
	if s.t.Failed() {
		s.t.Logf("%s wrote: %s", s.cmd, s.errs)
	}
}

func (s *process) read(into any) {
	s.t.Helper()
	type line struct {
		b   []byte
		err error
	}
	c := make(chan line, 1)
	go func() {
		b, err := s.out.ReadBytes('\n')
		c <- line{b, err}
	}()
	select {
	case l := <-c:
		if l.err == nil {
			l.err = json.Unmarshal(l.b, into)
		}
		if l.err != nil {
			s.t.Fatalf("%s: %v: %q\n%s", s.cmd, l.err, l.b, s.errs)
		}
	case <-time.After(60 * time.Second):
		_ = s.cmd.Process.Kill() // ends the reader as well
		<-c
		s.t.Fatalf("%s: no answer in a minute\n%s", s.cmd, s.errs)
	}
}

// start sends a line of Python without waiting for its value.
func (s *process) start(format string, args ...any) {
	s.t.Helper()
	if _, err := fmt.Fprintf(s.in, format+"\n", args...); err != nil {
		s.t.Fatalf("%s: %v\n%s", s.cmd, err, s.errs)
	}
}

// answer is the value of the line sent last, as JSON gives it.
func (s *process) answer() any {
	s.t.Helper()
	var a struct {
		Value any    `json:"value"`
		Error string `json:"error"`
	}
	s.read(&a)
	if a.Error != "" {
		s.t.Fatalf("%s raised:\n%s", s.cmd, a.Error)
	}
	return a.Value
}

// run runs a line of Python and returns its value.
func (s *process) run(format string, args ...any) any {
	s.t.Helper()
	s.start(format, args...)
	return s.answer()
}

func (s *process) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.Port) }
