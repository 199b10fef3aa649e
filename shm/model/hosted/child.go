package hosted

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"webmon/fault"
	"webmon/shm/python"
	"webmon/shm/segment"
)

//go:embed boot.py
var boot string

// program is what the list of processes shows of the Python. Everything else reaches it by its input.
const program = "import sys; exec(sys.stdin.buffer.readline())"

const (
	maxLine = 4 << 20 // bytes of one message
	// linger is how long the children of a process may take to end after it. Its resource
	// tracker is one of them, and has to clear up.
	linger = 500 * time.Millisecond
)

// message is a line from the process; one of the fields is set.
type message struct {
	Python     string `json:"python"` // it runs: its version
	Executable string `json:"executable"`
	Old        string `json:"old"`
	NumPy      *struct {
		Why     string `json:"why"`
		Missing bool   `json:"missing"`
	} `json:"numpy"`

	Models []foundModel `json:"models"`
	Left   []struct {
		Class string `json:"class"`
		Why   string `json:"why"`
	} `json:"left"`
	Files []string `json:"files"`

	Failed  *failure `json:"failed"`
	Ready   *ready   `json:"ready"`
	State   *state   `json:"state"`
	Physics physics  `json:"physics"`
	Time    float64  `json:"time"` // of physics
	Slow    *slow    `json:"slow"`
	GoesOn  string   `json:"goes_on"` // the phase of the model, now that what took long has ended
	Alive   bool     `json:"alive"`
	Notice  *struct {
		Key  string `json:"key"`
		Text string `json:"text"`
	} `json:"notice"`

	from string // the Python's path
}

type physics map[string]*float64

type failure struct {
	Problem string `json:"problem"`
	Detail  string `json:"detail"`
}

// slow is what the process says once of something that takes long.
type slow struct {
	What    string  `json:"what"` // such as "step has not returned"
	Seconds float64 `json:"seconds"`
	Detail  string  `json:"detail"` // where it is
}

// ready is what the process says once the model is made and can be reached.
type ready struct {
	Address     string       `json:"address"`
	Key         string       `json:"key"`
	Title       string       `json:"title"`
	PID         int          `json:"pid"`
	TimeUnit    string       `json:"time_unit"`
	Observables []observable `json:"observables"`
}

type observable struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Unit  string `json:"unit"`
	Help  string `json:"help"`
}

// state is what the process says with every picture. null stands for NaN.
type state struct {
	Phase   string         `json:"phase"`
	Problem string         `json:"problem"`
	Detail  string         `json:"detail"`
	Frame   uint64         `json:"frame"`
	Steps   uint64         `json:"steps"`
	Time    *float64       `json:"t"`
	StepMS  *float64       `json:"step_ms"`
	Took    float64        `json:"took"` // s that the last picture has taken
	Rate    *float64       `json:"rate"`
	Stamp   float64        `json:"stamp"`
	Finger  []*float64     `json:"finger"` // x, y and where the potential is
	Values  map[string]any `json:"values"` // of all parameters, if any has changed
}

// launch says what a Python is to do.
type launch struct {
	python, file string
	do           string // "list" or "run"
	class        string
	options      map[string]any
	patience     time.Duration
	logger       *slog.Logger
	faults       *fault.Ledger
}

// child is one Python process.
type child struct {
	messages chan message  // closed when there will be no more
	exited   chan struct{} // closed when the process has ended
	err      error         // how; read after exited is closed
	printed  *tail

	python string
	pid    int
	input  *os.File // closed: the process is to end
	faults *fault.Ledger
	stops  sync.Once
	cut    sync.Once
	quit   chan struct{} // nobody takes messages any more
	gone   chan struct{} // everything has ended that belongs to it
}

// start starts a Python.
func start(l launch) (*child, error) {
	token := rand.Text()
	request, err := json.Marshal(map[string]any{
		"do": l.do, "file": l.file, "class": l.class, "options": l.options,
		"patience": l.patience.Seconds(), "sources": python.Sources(),
	})
	if err != nil {
		return nil, err
	}
	code, err := json.Marshal(boot) // a string of JSON is a string of Python too
	if err != nil {
		return nil, err
	}
	var pipes [3][2]*os.File
	for i := range pipes {
		if pipes[i][0], pipes[i][1], err = os.Pipe(); err != nil {
			for _, p := range pipes[:i] {
				p[0].Close()
				p[1].Close()
			}
			return nil, err
		}
	}
	theirs := [3]*os.File{pipes[0][0], pipes[1][1], pipes[2][1]}
	input, output, printed := pipes[0][1], pipes[1][0], pipes[2][0]

	cmd := exec.Command(l.python, "-u", "-c", program, l.file, l.class)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs[0], theirs[1], theirs[2]
	cmd.Env = os.Environ()
	if os.Getenv("PYTHONIOENCODING") == "" {
		cmd.Env = append(cmd.Env, "PYTHONIOENCODING=utf-8") // a model must not end because it prints a letter that cannot be encoded
	}
	ownGroup(cmd)

	c := &child{
		messages: make(chan message, 64),
		exited:   make(chan struct{}),
		quit:     make(chan struct{}),
		gone:     make(chan struct{}),
		printed:  newTail(l.logger, l.class),
		python:   l.python,
		faults:   l.faults,
		input:    input,
	}
	failed := func(err error) { l.faults.Note("model", l.class, err) }
	started := make(chan error)
	var reading sync.WaitGroup
	fault.Go(nil, func() {
		// On Linux the process dies with the thread that has started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		for _, f := range theirs {
			f.Close()
		}
		if err != nil {
			started <- err
			return
		}
		c.pid = cmd.Process.Pid
		fault.Go(&reading, func() { c.read(output, token) }, failed)
		fault.Go(&reading, func() { c.printed.read(printed) }, failed)
		started <- nil
		c.err = cmd.Wait()
		close(c.exited)
		endGroup(c.pid, linger)
		segment.Forget(c.pid) // pictures stay in memory for as long as somebody looks at them
		// A process that has left the group may hold the pipes for ever.
		done := make(chan struct{})
		fault.Go(nil, func() { reading.Wait(); close(done) }, failed)
		select {
		case <-done:
		case <-time.After(linger):
		}
		output.Close()
		printed.Close()
		<-done
		close(c.gone)
	}, failed)
	if err := <-started; err != nil {
		for _, f := range []*os.File{input, output, printed} {
			f.Close()
		}
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err // the caller knows the path
		}
		return nil, err
	}
	fault.Go(nil, func() {
		// This is more than a pipe holds, and the process may never read it.
		_, _ = fmt.Fprintf(input, "exec(%s)\n%s\n%s\n", code, token, request)
	}, failed)
	return c, nil
}

// read takes the messages.
func (c *child) read(from io.Reader, token string) {
	defer close(c.messages)
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	prefix := []byte(token + " ")
	executable := c.python
	for lines.Scan() {
		text, ours := bytes.CutPrefix(lines.Bytes(), prefix)
		if !ours {
			c.printed.line(lines.Bytes()) // printed before boot.py took over the output
			continue
		}
		var m message
		if err := json.Unmarshal(text, &m); err != nil {
			c.printed.line(text)
			continue
		}
		if m.Executable != "" {
			executable = m.Executable
		}
		m.from = executable
		select {
		case c.messages <- m:
		case <-c.quit:
		}
	}
	_, _ = io.Copy(io.Discard, from) // after a line that was too long
}

// stop ends the process, by force after the grace time, and returns when it and
// what it has started are gone.
func (c *child) stop(grace time.Duration) {
	c.cut.Do(func() { close(c.quit) })
	c.stops.Do(func() {
		// Closing waits until the request is written, which may wait for the process. So it has a
		// goroutine of its own.
		fault.Go(nil, func() { c.input.Close() }, c.faults.Noted("model", c.printed.class))
		if grace > 0 {
			timer := time.NewTimer(grace)
			defer timer.Stop()
			select {
			case <-c.exited:
			case <-timer.C:
			}
		}
		select {
		case <-c.exited:
		default:
			killGroup(c.pid)
		}
	})
	<-c.gone
}

// ending says how the process ended, as the end of a sentence.
func (c *child) ending() string {
	select {
	case <-c.exited:
	default:
		return "has not ended"
	}
	var exit *exec.ExitError
	switch {
	case c.err == nil:
		return "ended by itself"
	case errors.As(c.err, &exit):
		return endedBy(exit.ProcessState)
	}
	return "ended: " + c.err.Error()
}

// detail adds to a traceback what was printed last.
func (c *child) detail(trace string) string {
	printed := c.printed.String()
	switch trace = strings.TrimRight(trace, "\n"); {
	case printed == "":
		return trace
	case trace == "":
		return "It printed:\n" + printed
	}
	return trace + "\n\nIt printed:\n" + printed
}

const (
	keepLines = 200
	keepWidth = 500 // bytes of a line
	// printRate is how many bytes a second are read of what a model prints. A model that
	// prints without end has to wait, because webmon has other things to do.
	printRate = 1 << 20
	logLines  = 20 // a second, in webmon's log
)

// tail keeps the last lines that a process has printed.
type tail struct {
	logger *slog.Logger
	class  string

	mu     sync.Mutex // guards all below
	lines  []string
	logged int
	second time.Time
}

func newTail(logger *slog.Logger, class string) *tail { return &tail{logger: logger, class: class} }

func (t *tail) read(from io.Reader) {
	r := bufio.NewReaderSize(from, 64<<10)
	began, n := time.Now(), 0
	var line []byte
	for {
		part, prefix, err := r.ReadLine()
		if err != nil {
			if len(line) > 0 {
				t.line(line)
			}
			return
		}
		if len(line) < keepWidth {
			line = append(line, part...)
		}
		if !prefix {
			t.line(line)
			line = line[:0]
		}
		if n += len(part) + 1; n > printRate/10 {
			time.Sleep(time.Second/10 - time.Since(began))
			began, n = time.Now(), 0
		} else if time.Since(began) > time.Second/10 {
			began, n = time.Now(), 0
		}
	}
}

func (t *tail) line(line []byte) {
	text := strings.ToValidUTF8(string(line[:min(len(line), keepWidth)]), "?")
	text = strings.TrimRight(text, "\r")
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == keepLines {
		copy(t.lines, t.lines[1:])
		t.lines = t.lines[:keepLines-1]
	}
	t.lines = append(t.lines, text)
	if now := time.Now(); now.Sub(t.second) > time.Second {
		t.second, t.logged = now, 0
	}
	if t.logged++; t.logged <= logLines && t.logger.Enabled(context.Background(), slog.LevelDebug) {
		t.logger.Debug("a model prints", "model", t.class, "line", text)
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	// Python itself tells where it crashed. The lines about the code that runs the models are left out.
	lines := slices.DeleteFunc(slices.Clone(t.lines), func(line string) bool {
		return strings.HasPrefix(line, `  File "<webmon>/`) || strings.HasPrefix(line, `  File "<string>"`)
	})
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
