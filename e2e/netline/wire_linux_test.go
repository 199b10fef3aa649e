package netline

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// Bounds of time are wide, since the machine may be busy: what is counted is exact.

func TestLinesCarryWhatTheySay(t *testing.T) {
	for _, line := range Lines {
		t.Run(line.Name, func(t *testing.T) {
			w := Lay(t, line)
			t.Logf("by %s, TCP with %s", w.How, w.Near.Congestion())
			if took := roundTrip(t, w); took < line.RoundTrip() || took > line.RoundTrip()+200*time.Millisecond {
				t.Errorf("the quickest answer came after %v, the round trip is %v", took, line.RoundTrip())
			} else {
				t.Logf("the quickest answer came after %v", took)
			}
			rate := throughput(t, w, time.Second)
			t.Logf("%.1f Mbit/s of %.0f", rate/mbit, line.Rate/mbit)
			// What waits in the queue when the time begins comes within it.
			if rate > 1.1*line.Rate {
				t.Errorf("it carried %.0f bytes a second of %.0f", rate, line.Rate)
			}
			if line.Loss == 0 && line.Rate < Gigabit.Rate && rate < line.Rate/4 {
				t.Errorf("it carried %.0f bytes a second of %.0f", rate, line.Rate)
			}
			out, in, err := w.Counts()
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("out %+v, in %+v", out, in)
			if gone := out.Lost + out.Dropped; line.Loss > 0 && gone == 0 {
				t.Errorf("of %d packets none was lost", out.Came)
			}
			if out.Lost > out.Came/20 {
				t.Errorf("%d of %d packets were lost", out.Lost, out.Came)
			}
		})
	}
}

// roundTrip is the quickest of some answers to a byte.
func roundTrip(t *testing.T, w *Wire) time.Duration {
	t.Helper()
	near, far := connected(t, w)
	go io.Copy(near, near)
	best := time.Hour
	b := make([]byte, 1)
	for range 5 {
		start := time.Now()
		if _, err := far.Write(b); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(far, b); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	return best
}

// throughput is how many bytes a second come from the near side to the far one.
func throughput(t *testing.T, w *Wire, d time.Duration) float64 {
	t.Helper()
	near, far := connected(t, w)
	go func() {
		b := make([]byte, 64<<10)
		for {
			if _, err := near.Write(b); err != nil {
				return
			}
		}
	}()
	b := make([]byte, 64<<10)
	read := 0
	var start time.Time
	for begun := time.Now(); time.Since(begun) < 3*d/2; {
		n, err := far.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		if start.IsZero() && time.Since(begun) > d/2 { // TCP has begun
			start = time.Now()
		} else if !start.IsZero() {
			read += n
		}
	}
	return float64(read) / time.Since(start).Seconds()
}

// connected are both ends of a connection over the line.
func connected(t *testing.T, w *Wire) (near, far net.Conn) {
	t.Helper()
	l, err := w.Near.Listen("tcp4", net.JoinHostPort(w.Near.Address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	came := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		came <- c
	}()
	if far, err = w.Far.Dial("tcp4", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	near = <-came
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// Each datagram comes, or is counted as lost.
func TestEachPacketIsCounted(t *testing.T) {
	w := Lay(t, Line{Rate: 1e6, Delay: time.Millisecond, Loss: 0.05})
	var from, to net.PacketConn
	for _, end := range []struct {
		side Side
		conn *net.PacketConn
	}{{w.Near, &from}, {w.Far, &to}} {
		if err := end.side.Do(func() (err error) {
			*end.conn, err = net.ListenPacket("udp4", net.JoinHostPort(end.side.Address, "0"))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		defer (*end.conn).Close()
	}
	before, _, err := w.Counts()
	if err != nil {
		t.Fatal(err)
	}
	const n = 200 // fewer than the queues and buffers hold
	b := make([]byte, 100)
	for i := range n {
		binary.BigEndian.PutUint32(b, uint32(i))
		if _, err := from.WriteTo(b, to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	var after Counts
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if after, _, err = w.Counts(); err != nil {
			t.Fatal(err)
		}
		if after.Passed+after.Lost+after.Dropped-before.Passed-before.Lost-before.Dropped >= n {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("of %d packets only these are accounted for: before %+v, after %+v", n, before, after)
		}
	}
	var got []uint32
	for {
		_ = to.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		if _, _, err := to.ReadFrom(b); err != nil {
			break
		}
		got = append(got, binary.BigEndian.Uint32(b))
	}
	if want := after.Passed - before.Passed; int64(len(got)) != want {
		t.Errorf("%d datagrams came, %d packets passed", len(got), want)
	}
	if len(got) == n || len(got) < n/2 {
		t.Errorf("%d of %d datagrams came over a line that loses one of twenty", len(got), n)
	}
	if !slices.IsSorted(got) {
		t.Error("they came in another order")
	}
}

func TestLineChangesUnderAConnection(t *testing.T) {
	w := Lay(t, Slow)
	near, far := connected(t, w)
	go io.Copy(near, near)
	for _, line := range []Line{Gigabit, Lossy, Slow, Office} {
		if err := w.Set(line); err != nil {
			t.Fatal(err)
		}
		if got := w.Line(); got.Name != line.Name {
			t.Errorf("the line is %s, not %s", got.Name, line.Name)
		}
		text := make([]byte, 50000)
		go far.Write(text)
		_ = far.SetReadDeadline(time.Now().Add(time.Minute))
		if n, err := io.ReadFull(far, make([]byte, len(text))); err != nil {
			t.Fatalf("%s: %d bytes came back: %v", line.Name, n, err)
		}
	}
	if err := w.Set(Line{}); err == nil {
		t.Error("a line that carries nothing was laid")
	}
}

func TestCommandsRunInTheirNamespace(t *testing.T) {
	w := Lay(t, Office)
	for _, side := range []Side{w.Near, w.Far} {
		if side.Congestion() == "" {
			t.Errorf("it is not known how TCP of %s finds out what the line carries", side.Address)
		}
		out, err := side.Enter(exec.Command("ip", "-4", "-o", "address", "show", "dev", device)).CombinedOutput()
		if err != nil || !strings.Contains(string(out), side.Address+"/") {
			t.Errorf("in the namespace of %s: %v: %s", side.Address, err, out)
		}
	}
	if out, err := exec.Command("ip", "-o", "link", "show", "dev", device).CombinedOutput(); err == nil {
		t.Errorf("the device is seen outside: %s", out)
	}
}

func TestNetemIsToldTheLine(t *testing.T) {
	got := strings.Join(netemArgs(Lossy), " ")
	if want := "qdisc replace dev line0 root netem rate 20000000bit delay 20000us loss random 1% limit 1034"; got != want {
		t.Errorf("tc is told\n%s, want\n%s", got, want)
	}
	c, err := readNetem([]byte(`[{"kind":"netem","handle":"8001:","root":true,"options":{"limit":1000},"bytes":1234,"packets":10,"drops":2,"overlimits":0}]`))
	if want := (Counts{Came: 12, Passed: 10, Bytes: 1234, Dropped: 2}); err != nil || !reflect.DeepEqual(c, want) {
		t.Errorf("it counts %+v, want %+v (%v)", c, want, err)
	}
	for _, text := range []string{"", "[]", "{", `[{"kind":"pfifo"}]`} {
		if _, err := readNetem([]byte(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

// TestByHand lays a line for a person to try things over; see CONTRIBUTING.md.
func TestByHand(t *testing.T) {
	name := os.Getenv("WEBMON_LINE")
	if name == "" {
		t.Skip("set WEBMON_LINE to the beginning of a line's name, such as 5, to have it laid until Ctrl-C")
	}
	i := slices.IndexFunc(Lines, func(l Line) bool { return strings.HasPrefix(l.Name, name) })
	if i < 0 {
		t.Fatalf("no line's name begins with %q", name)
	}
	w := Lay(t, Lines[i])
	os.Stderr.WriteString(w.Line().Name + ", by " + w.How + "\n" +
		"server:  nsenter --net=" + w.Near.Path() + " ./webmon --host " + w.Near.Address + "\n" +
		"browser: nsenter --net=" + w.Far.Path() + " chromium --no-sandbox\n" +
		"It is there until Ctrl-C.\n")
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	defer stop()
	<-ctx.Done()
}
