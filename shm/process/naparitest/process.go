//go:build linux

package naparitest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// mark is the environment variable by which everything a test started is found
// again, also what has left the session.
const mark = "NAPARITEST_MARK"

const (
	startTimeout = 90 * time.Second // a cold napari on a busy machine
	doTimeout    = 60 * time.Second // one command, unless the caller's context is shorter
)

// Ready is what a process says of itself once it serves.
type Ready struct {
	Napari      string `json:"napari"` // version; empty for a monitor script
	Python      string `json:"python"` // version, such as "3.9.18"
	NumPy       string `json:"numpy"`  // version; only from a monitor script
	Method      string `json:"method"` // start method; only from a monitor script
	PID         int    `json:"pid"`
	ManagerPID  int    `json:"manager_pid"`
	ManagerPort int    `json:"manager_port"`
}

// Process is a running napari, or a running monitor script. Its methods may be
// called from several goroutines.
type Process struct {
	Ready
	Home string // the HOME it runs with

	t       testing.TB
	cmd     *exec.Cmd
	marker  string // mark=..., in the environment of it and all it started
	stdout  Buffer
	stderr  Buffer
	exited  chan struct{}
	exit    error // how it ended; read after exited is closed
	answers chan []byte

	mu   sync.Mutex // held while one command is under way; guards in and next
	in   io.WriteCloser
	next int
}

// spawn starts argv with the line protocol on two extra descriptors and waits
// until it says that it is ready.
func spawn(t testing.TB, argv, env []string, home string) *Process {
	t.Helper()
	p := &Process{
		Home:    home,
		t:       t,
		marker:  mark + "=" + rand.Text(),
		exited:  make(chan struct{}),
		answers: make(chan []byte, 16),
	}
	commandsOut, commandsIn, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	answersOut, answersIn, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in = commandsIn

	argv = append(argv, "--fds", "3", "4")
	p.cmd = exec.Command(argv[0], argv[1:]...)
	p.cmd.Env = append(env, p.marker)
	p.cmd.Dir = home
	// Pipes of our own: those of exec.Cmd would be closed a while after the end
	// of napari, under the hands of the clients that live on.
	stdoutOut, stdoutIn, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderrOut, stderrIn, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = stdoutIn, stderrIn
	p.cmd.ExtraFiles = []*os.File{commandsOut, answersIn}
	// A session of its own, as a terminal gives it, so that a test can tell
	// whether a client has left it and can send what Ctrl-C sends.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = p.cmd.Start()
	commandsOut.Close()
	answersIn.Close()
	stdoutIn.Close()
	stderrIn.Close()
	if err != nil {
		for _, f := range []*os.File{commandsIn, answersOut, stdoutOut, stderrOut} {
			f.Close()
		}
		t.Fatalf("start %s: %v", argv[0], err)
	}

	go func() {
		p.exit = p.cmd.Wait()
		close(p.exited)
	}()
	var reading sync.WaitGroup
	reading.Go(func() {
		defer answersOut.Close()
		defer close(p.answers)
		lines := bufio.NewReader(answersOut)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			p.answers <- line
		}
	})
	for from, to := range map[*os.File]*Buffer{stdoutOut: &p.stdout, stderrOut: &p.stderr} {
		reading.Go(func() {
			defer from.Close()
			_, _ = io.Copy(to, from) // ends when the last holder of the pipe does
		})
	}
	t.Cleanup(func() {
		p.cleanup()
		for range p.answers { // let the reader end
		}
		reading.Wait()
		if t.Failed() {
			t.Logf("stdout of pid %d:\n%s", p.cmd.Process.Pid, p.Stdout())
			t.Logf("stderr of pid %d:\n%s", p.cmd.Process.Pid, p.Stderr())
		}
	})

	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	select {
	case line, ok := <-p.answers:
		if !ok {
			<-p.exited
			t.Fatalf("%s ended before it was ready: %v\n%s%s", argv[0], p.exit, p.Stdout(), p.Stderr())
		}
		if err := json.Unmarshal(line, &p.Ready); err != nil {
			t.Fatalf("first line of %s: %v: %q", argv[0], err, line)
		}
	case <-p.exited:
		t.Fatalf("%s ended before it was ready: %v\n%s%s", argv[0], p.exit, p.Stdout(), p.Stderr())
	case <-ctx.Done():
		t.Fatalf("%s was not ready after %v\n%s%s", argv[0], startTimeout, p.Stdout(), p.Stderr())
	}
	return p
}

// Address returns host:port of the manager.
func (p *Process) Address() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.ManagerPort))
}

// ErrExited is wrapped by Do when the process is no more.
var ErrExited = errors.New("the process has ended")

// Do sends one command of the line protocol, with args beside its name, and
// decodes the answer into out unless that is nil. The commands are described
// in testdata/driver.py and testdata/monitor.py. After an error other than a
// refusal by the driver the protocol is out of step, and the process is fit
// only to be killed.
func (p *Process) Do(ctx context.Context, command string, args map[string]any, out any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, doTimeout)
	defer cancel()

	p.next++
	request := map[string]any{"id": p.next, "do": command}
	for k, v := range args {
		request[k] = v
	}
	line, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("%s: encode: %w", command, err)
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%s: write: %w: %w", command, ErrExited, err)
	}
	select {
	case line, ok := <-p.answers:
		if !ok {
			return fmt.Errorf("%s: %w", command, ErrExited)
		}
		var head struct {
			ID    int    `json:"id"`
			OK    bool   `json:"ok"`
			Error string `json:"error"`
		}
		if err := json.Unmarshal(line, &head); err != nil {
			return fmt.Errorf("%s: decode %q: %w", command, line, err)
		}
		if head.ID != p.next {
			return fmt.Errorf("%s: answer %d to request %d", command, head.ID, p.next)
		}
		if !head.OK {
			return fmt.Errorf("%s: refused: %s", command, head.Error)
		}
		if out == nil {
			return nil
		}
		if err := json.Unmarshal(line, out); err != nil {
			return fmt.Errorf("%s: decode answer: %w", command, err)
		}
		return nil
	case <-p.exited:
		// The pipe does not tell: a forked manager holds its other end.
		return fmt.Errorf("%s: %w", command, ErrExited)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", command, ctx.Err())
	}
}

// MustDo is Do that fails the test.
func (p *Process) MustDo(command string, args map[string]any, out any) {
	p.t.Helper()
	if err := p.Do(context.Background(), command, args, out); err != nil {
		p.t.Fatal(err)
	}
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.exited }

// Wait waits for the end and returns how it ended, as exec.Cmd.Wait does.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.exited:
		return p.exit
	case <-ctx.Done():
		return fmt.Errorf("wait for pid %d: %w", p.cmd.Process.Pid, ctx.Err())
	}
}

// Quit closes the window, as a user does, and waits for the end.
func (p *Process) Quit() {
	p.t.Helper()
	p.MustDo("quit", nil, nil)
	p.waitOrFail()
}

// Kill kills the process alone, by SIGKILL, and waits for its end. Its manager
// and its clients live on, as in real life, until the test ends.
func (p *Process) Kill() {
	p.t.Helper()
	p.Signal(syscall.SIGKILL)
	p.waitOrFail()
}

func (p *Process) waitOrFail() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), doTimeout)
	defer cancel()
	err := p.Wait(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		p.t.Fatal(err)
	}
}

// Signal sends a signal to the process alone: SIGSTOP and SIGCONT make it hang
// and go on.
func (p *Process) Signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatalf("send %v to pid %d: %v", s, p.cmd.Process.Pid, err)
	}
}

// SignalGroup sends a signal to the whole process group, as a terminal does
// with SIGINT at Ctrl-C and with SIGHUP when it is closed.
func (p *Process) SignalGroup(s syscall.Signal) {
	p.t.Helper()
	if err := syscall.Kill(-p.cmd.Process.Pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		p.t.Fatalf("send %v to group %d: %v", s, p.cmd.Process.Pid, err)
	}
}

// Stdout returns what napari and the clients it started wrote to stdout so
// far. Where a client prints its URL a test finds it here.
func (p *Process) Stdout() string { return p.stdout.String() }

// Stderr returns what napari and the clients it started wrote to stderr so far.
func (p *Process) Stderr() string { return p.stderr.String() }

// WaitStdout waits until match finds something in Stdout and returns it.
func (p *Process) WaitStdout(ctx context.Context, match func(stdout string) (string, bool)) (string, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if found, ok := match(p.Stdout()); ok {
			return found, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", fmt.Errorf("wait for output of pid %d: %w; so far %q", p.cmd.Process.Pid, ctx.Err(), p.Stdout())
		}
	}
}

// Children returns the pids of everything that the process started and that
// still runs, its manager and its clients among them, zombies not counted.
func (p *Process) Children() []int {
	var pids []int
	for _, pid := range marked(p.marker) {
		if pid != p.cmd.Process.Pid {
			pids = append(pids, pid)
		}
	}
	return pids
}

// cleanup ends everything that was started, politely first: webmon may have
// files of its own to put away.
func (p *Process) cleanup() {
	p.in.Close() // a driver ends by itself at the end of its input
	_ = syscall.Kill(p.cmd.Process.Pid, syscall.SIGCONT)
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{
		{syscall.SIGTERM, 3 * time.Second},
		{syscall.SIGKILL, time.Minute},
	} {
		for _, pid := range marked(p.marker) {
			_ = syscall.Kill(pid, step.signal)
		}
		for end := time.Now().Add(step.wait); time.Now().Before(end); {
			if len(marked(p.marker)) == 0 {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	if left := marked(p.marker); len(left) > 0 {
		p.t.Errorf("processes %v outlived SIGKILL", left)
	}
	<-p.exited
}

// marked returns the processes that run with the marker in their environment.
// A process that was forked and one that was exec'ed both carry it.
func marked(marker string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		environ, err := os.ReadFile("/proc/" + entry.Name() + "/environ")
		if err != nil {
			continue // gone, or another user's
		}
		// A zombie's environment reads as empty, so those never match.
		for _, variable := range bytes.Split(environ, []byte{0}) {
			if string(variable) == marker {
				pids = append(pids, pid)
				break
			}
		}
	}
	return pids
}

// Buffer keeps output that is read while it is written. The zero value is ready.
type Buffer struct {
	mu sync.Mutex // guards b
	b  strings.Builder
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
