package netline

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"webmon/lacking"
)

// Wire is two network namespaces and the line between them.
type Wire struct {
	Near, Far Side   // the sides are alike; a server is usually near
	How       string // what carries the packets: "netem" or "TUN"

	mu      sync.Mutex // guards what follows
	line    Line
	carrier carrier
}

// carrier is what does to packets what a line says.
type carrier interface {
	set(Line) error
	counts() (there, back Counts, err error)
	close() error
}

// Side is a network namespace at one end of a wire. Its loopback device is up.
type Side struct {
	Address string   // IPv4 of its end of the wire
	space   *os.File // the namespace
}

// device is the name of the wire's end in each namespace, and prefix the length of its network.
const device, prefix = "line0", 30

// Lay makes the namespaces and the line, which are there until the test ends. It skips the test, and under CI fails it,
// where the machine cannot. What is lost is the same in each run as far as the packets are.
func Lay(t testing.TB, line Line) *Wire {
	t.Helper()
	if err := line.check(); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		lacking.Skip(t, "network namespaces need the rights of root")
	}
	for _, tool := range []string{"ip", "tc", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			lacking.Skip(t, "%s is not installed: .ci/system.sh says what to install", tool)
		}
	}
	w := &Wire{Near: Side{Address: "10.213.0.1"}, Far: Side{Address: "10.213.0.2"}}
	for _, s := range []*Side{&w.Near, &w.Far} {
		space, err := newSpace()
		if err != nil {
			lacking.Skip(t, "a network namespace cannot be made: %v", err)
		}
		t.Cleanup(func() { space.Close() })
		s.space = space
	}
	var err error
	if w.carrier, err = layNetem(w, line); err == nil {
		w.How = "netem"
	} else if w.carrier, err = layTUN(w, line); err == nil {
		w.How = "TUN"
	} else {
		lacking.Skip(t, "neither netem nor TUN devices can be used: %v", err)
	}
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if err := w.carrier.close(); err != nil {
			t.Errorf("netline: %v", err)
		}
	})
	for _, s := range []Side{w.Near, w.Far} {
		if err := s.raise(line); err != nil {
			t.Fatalf("netline: %v", err)
		}
	}
	w.line = line
	return w
}

// Line is the line as it is now.
func (w *Wire) Line() Line {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.line
}

// Set changes the line. Connections go on.
func (w *Wire) Set(line Line) error {
	if err := line.check(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.carrier.set(line); err != nil {
		return err
	}
	for _, s := range []Side{w.Near, w.Far} {
		if err := s.ip("link", "set", device, "mtu", strconv.Itoa(line.mtu())); err != nil {
			return err
		}
	}
	w.line = line
	return nil
}

// Counts are what the line did to packets from Near to Far, and from Far to Near. Under netem they are as the kernel
// counts, which calls all that do not pass dropped.
func (w *Wire) Counts() (out, in Counts, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.carrier.counts()
}

// Path is a file by which other programs find the namespace while this process lives: nsenter --net=PATH.
func (s Side) Path() string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.space.Fd())
}

// Enter makes a command that has not been started run in the namespace, and returns it. It stays the same process.
func (s Side) Enter(cmd *exec.Cmd) *exec.Cmd {
	path, err := exec.LookPath("nsenter")
	if err != nil {
		cmd.Err = err
		return cmd
	}
	cmd.Args = append([]string{"nsenter", "--net=" + s.Path(), "--", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = path
	return cmd
}

// Do calls f in the namespace: what it opens and starts is there, as long as f does so in this goroutine.
func (s Side) Do(f func() error) error { return inSpace(s.space, f) }

// Dial connects from the namespace. The address is of numbers, such as 10.213.0.1:80.
func (s Side) Dial(network, address string) (conn net.Conn, err error) {
	err = s.Do(func() error {
		conn, err = net.DialTimeout(network, address, 30*time.Second)
		return err
	})
	return conn, err
}

// Listen listens in the namespace for connections.
func (s Side) Listen(network, address string) (l net.Listener, err error) {
	err = s.Do(func() error {
		l, err = net.Listen(network, address)
		return err
	})
	return l, err
}

// congestion says how TCP finds out how much a line carries.
const congestion = "/proc/sys/net/ipv4/tcp_congestion_control"

// Congestion is how TCP finds out here how much a line carries: cubic, which Linux has if nobody says otherwise, or what
// the system has where it does not allow cubic in namespaces (net.ipv4.tcp_allowed_congestion_control).
func (s Side) Congestion() string {
	name := ""
	_ = s.Do(func() error {
		text, err := os.ReadFile(congestion)
		name = string(bytes.TrimSpace(text))
		return err
	})
	return name
}

// raise gives the devices of a namespace their addresses. Connections are made for the largest packets of any line, so
// that a line can be changed for one with larger ones.
func (s Side) raise(line Line) error {
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"link", "set", device, "mtu", strconv.Itoa(line.mtu()), "txqueuelen", "10000", "up"},
		{"address", "add", s.Address + "/" + strconv.Itoa(prefix), "dev", device},
		{"route", "replace", "10.213.0.0/" + strconv.Itoa(prefix), "dev", device, "src", s.Address, "advmss", strconv.Itoa(maxMTU - 40)},
	} {
		if err := s.ip(args...); err != nil {
			return err
		}
	}
	// Refused where the system has another one and does not allow this one beside it.
	return s.Do(func() error {
		_ = os.WriteFile(congestion, []byte("cubic"), 0)
		return nil
	})
}

// ip runs ip in the namespace.
func (s Side) ip(args ...string) error { return s.tool("ip", args...) }

func (s Side) tool(name string, args ...string) error {
	_, err := s.output(name, args...)
	return err
}

func (s Side) output(name string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := s.Do(cmd.Run); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", cmd, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}

// newSpace makes a network namespace that is there as long as its file is open or something is in it.
func newSpace() (space *os.File, err error) {
	err = inSpace(nil, func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		space, err = os.Open(threadSpace())
		if err != nil {
			return err
		}
		// Without IPv6 nobody looks for neighbours by it.
		_ = os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
		return nil
	})
	return space, err
}

func threadSpace() string {
	return filepath.Join("/proc/self/task", strconv.Itoa(unix.Gettid()), "ns/net")
}

// inSpace calls f by a thread that is in a namespace, nil for the one that it is in.
func inSpace(space *os.File, f func() error) (err error) {
	runtime.LockOSThread()
	own, err := os.Open(threadSpace())
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer own.Close()
	defer func() {
		if back := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); back != nil {
			err = errors.Join(err, fmt.Errorf("back from a network namespace: %w", back))
			return // the thread stays locked, so that it ends with the goroutine
		}
		runtime.UnlockOSThread()
	}()
	if space != nil {
		if err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("into a network namespace: %w", err)
		}
	}
	return f()
}

// tun is a line between two TUN devices.
type tun struct {
	cmd    *exec.Cmd
	orders io.WriteCloser
	said   *bufio.Reader
	stderr bytes.Buffer
}

func layTUN(w *Wire, line Line) (_ carrier, err error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r := &tun{cmd: exec.Command(binary)}
	for _, s := range []Side{w.Near, w.Far} {
		file, err := openTUN(s)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		r.cmd.ExtraFiles = append(r.cmd.ExtraFiles, file)
	}
	r.cmd.Env = append(os.Environ(), relayEnv+"=1", "GOMAXPROCS=1")
	r.cmd.Stderr = &r.stderr
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	if r.orders, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.said = bufio.NewReader(out)
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("the relay: %w", err)
	}
	if _, err := r.tell(order{Line: line, Seed: 1}); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// openTUN makes the device of a side.
func openTUN(s Side) (*os.File, error) {
	var fd int
	err := s.Do(func() (err error) {
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return fmt.Errorf("/dev/net/tun: %w", err)
		}
		ask, err := unix.NewIfreq(device)
		if err == nil {
			ask.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ask)
		}
		if err != nil {
			unix.Close(fd)
			return fmt.Errorf("a TUN device: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "tun"), nil
}

// tell gives the relay an order and returns what it answers.
func (r *tun) tell(o order) (a answer, err error) {
	text, err := json.Marshal(o)
	if err == nil {
		_, err = r.orders.Write(append(text, '\n'))
	}
	if err == nil {
		text, err = r.said.ReadBytes('\n')
	}
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	switch {
	case err != nil:
		return a, fmt.Errorf("the relay: %w", err)
	case a.Error != "":
		return a, fmt.Errorf("the relay: %s", a.Error)
	}
	return a, nil
}

func (r *tun) set(line Line) error {
	_, err := r.tell(order{Line: line})
	return err
}

func (r *tun) counts() (there, back Counts, err error) {
	a, err := r.tell(order{Ask: true})
	return a.There, a.Back, err
}

// close ends the relay.
func (r *tun) close() error {
	r.orders.Close()
	ended := make(chan error, 1)
	go func() { ended <- r.cmd.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-time.After(10 * time.Second):
		_ = r.cmd.Process.Signal(syscall.SIGKILL)
		err = errors.Join(errors.New("it did not end"), <-ended)
	}
	if err != nil {
		return fmt.Errorf("the relay: %w: %s", err, bytes.TrimSpace(r.stderr.Bytes()))
	}
	return nil
}
