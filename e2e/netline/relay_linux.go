package netline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// The relay carries packets between two TUN devices. It is a process of its own, so that it is on time however busy the
// test is: the very binary of the test, started with relayEnv. Descriptors 3 and 4 are the devices. Each line of its
// input is an order, and it answers each with a line of its output. It ends when its input does.

// relayEnv is set, to anything, for a process that is the relay.
const relayEnv = "WEBMONTEST_NETLINE_RELAY"

// order is what the relay is told, answer what it says.
type order struct {
	Line Line   // from now on
	Seed uint64 // of the loss; read with the first order
	Ask  bool   // only the counts are wanted
}

type answer struct {
	There, Back Counts // from the first device to the second, and the other way
	Error       string `json:",omitempty"`
}

func init() {
	if os.Getenv(relayEnv) == "" {
		return
	}
	runtime.LockOSThread()
	if err := (&relay{devices: [2]int{3, 4}, in: 0, out: 1}).run(); err != nil {
		fmt.Fprintln(os.Stderr, "netline: the relay:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

type relay struct {
	devices [2]int
	in, out int
	ways    [2]*way // from devices[i] to the other
	told    []byte  // of an order that has not come whole
	start   time.Time
}

func (r *relay) now() time.Duration { return time.Since(r.start) }

// run carries packets until its input ends.
func (r *relay) run() error {
	r.start = time.Now()
	for _, fd := range []int{r.devices[0], r.devices[1], r.in} {
		if err := unix.SetNonblock(fd, true); err != nil {
			return fmt.Errorf("descriptor %d: %w", fd, err)
		}
	}
	// Timers of a thread may otherwise be 50 microseconds late. The relay takes little, and is to be first.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, -15)
	all := []unix.PollFd{
		{Fd: int32(r.in), Events: unix.POLLIN},
		{Fd: int32(r.devices[0]), Events: unix.POLLIN},
		{Fd: int32(r.devices[1]), Events: unix.POLLIN},
	}
	for {
		wait, waiting := r.carry()
		polled := all
		if pause := r.pause(); waiting && pause > 0 {
			// While packets are under way it is enough to look for others now and then: a wake-up for each costs more than
			// the packet.
			polled, wait = all[:1], max(wait, pause)
		}
		var timeout *unix.Timespec
		if waiting {
			t := unix.NsecToTimespec(int64(max(wait, 0)))
			timeout = &t
		}
		if _, err := unix.Ppoll(polled, timeout, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("poll: %w", err)
		}
		if all[0].Revents != 0 {
			ended, err := r.obey()
			if ended || err != nil {
				return err
			}
		}
	}
}

// pause is how long packets may wait to be looked at: little beside the delay of the line, nothing on the fastest.
func (r *relay) pause() time.Duration {
	if r.ways[0] == nil || r.ways[0].line.Delay < time.Millisecond {
		return 0
	}
	return min(r.ways[0].line.Delay/10, 500*time.Microsecond)
}

// carry takes what has come and hands over what is due. It returns for how long there is nothing to do; false: until
// something comes.
func (r *relay) carry() (time.Duration, bool) {
	const atOnce = 256 // packets from one side, before the other has its turn
	for i, w := range r.ways {
		if w == nil {
			return 0, false
		}
		for range atOnce {
			b := w.buffer()
			n, err := unix.Read(r.devices[i], b)
			if err != nil || n <= 0 {
				w.release(b)
				break
			}
			w.come(r.now(), b[:n])
		}
	}
	var first time.Duration
	waiting := false
	for i, w := range r.ways {
		for b := w.next(r.now()); b != nil; b = w.next(r.now()) {
			_, _ = unix.Write(r.devices[1-i], b) // a device that is going takes none
			w.release(b)
		}
		if at, ok := w.due(); ok && (!waiting || at < first) {
			first, waiting = at, true
		}
	}
	return first - r.now(), waiting
}

// obey reads orders and answers them; true when there will be no more.
func (r *relay) obey() (ended bool, err error) {
	b := make([]byte, 4096)
	n, err := unix.Read(r.in, b)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("orders: %w", err)
	case n == 0:
		return true, nil
	}
	r.told = append(r.told, b[:n]...)
	for {
		text, rest, whole := bytes.Cut(r.told, []byte("\n"))
		if !whole {
			return false, nil
		}
		r.told = rest
		said, err := json.Marshal(r.do(text))
		if err != nil {
			return false, err
		}
		if _, err := unix.Write(r.out, append(said, '\n')); err != nil {
			return false, fmt.Errorf("answer: %w", err)
		}
	}
}

func (r *relay) do(text []byte) (a answer) {
	var o order
	if err := json.Unmarshal(text, &o); err != nil {
		return answer{Error: err.Error()}
	}
	switch {
	case o.Ask && r.ways[0] == nil:
		return answer{Error: "no line has been told yet"}
	case o.Ask:
	case r.ways[0] == nil:
		for i := range r.ways {
			r.ways[i] = newWay(o.Line, o.Seed+uint64(i))
		}
	default:
		for _, w := range r.ways {
			w.set(r.now(), o.Line)
		}
	}
	return answer{There: r.ways[0].counts, Back: r.ways[1].counts}
}
