package zmtp

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair is both ends of a connection.
func pair(t testing.TB, o Options) (req, rep *Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan *Conn, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			rep, _ := Accept(context.Background(), c, o)
			accepted <- rep
		}
	}()
	req, err = Dial(t.Context(), l.Addr().String(), o)
	if err != nil {
		t.Fatal(err)
	}
	if rep = <-accepted; rep == nil {
		t.Fatal("it was not accepted")
	}
	t.Cleanup(func() { req.Close(); rep.Close() })
	return req, rep
}

var long = Wait{For: 10 * time.Second}

func TestMessages(t *testing.T) {
	req, rep := pair(t, Options{Message: 4 << 20})
	var last [][]byte
	for _, frames := range [][][]byte{{{}}, {[]byte("get")}, {[]byte(`{"a":1}`), bytes.Repeat([]byte{7}, 3<<20)}, {[]byte("x"), nil, make([]byte, 255), make([]byte, 256)}} {
		sent := make(chan error, 1)
		go func() { sent <- req.Send(frames...) }()
		got, err := rep.Recv(t.Context(), long, last)
		if err != nil {
			t.Fatal(err)
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		if len(got) != len(frames) {
			t.Fatalf("%d frames of %d", len(got), len(frames))
		}
		for i := range got {
			if !bytes.Equal(got[i], frames[i]) {
				t.Errorf("frame %d has %d bytes, want %d", i, len(got[i]), len(frames[i]))
			}
		}
		last = got
	}
	go func() { _ = req.Send(make([]byte, 5<<20)) }()
	if _, err := rep.Recv(t.Context(), long, nil); !errors.Is(err, ErrProtocol) {
		t.Errorf("a message that is too long: %v", err)
	}
}

func TestWaits(t *testing.T) {
	req, _ := pair(t, Options{})
	told := 0
	_, err := req.Recv(t.Context(), Wait{For: 250 * time.Millisecond, Waiting: func(time.Duration) bool { told++; return true }}, nil)
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() || told == 0 {
		t.Errorf("nothing comes: %v, told %d times", err, told)
	}
	if _, err := req.Recv(t.Context(), Wait{For: time.Hour, Waiting: func(time.Duration) bool { return false }}, nil); !errors.As(err, &timeout) {
		t.Errorf("not waited for: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := req.Recv(ctx, Wait{For: time.Hour}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	// An answer that comes within the grace time is taken.
	req, rep := pair(t, Options{})
	time.AfterFunc(150*time.Millisecond, func() { _ = rep.Send([]byte("late")) })
	if got, err := req.Recv(ctx, Wait{For: time.Hour, After: 10 * time.Second}, nil); err != nil || string(got[0]) != "late" {
		t.Errorf("%q, %v", got, err)
	}
	rep.Close()
	if _, err := req.Recv(t.Context(), long, nil); err == nil {
		t.Error("a connection that is closed gives a message")
	}
}

func TestPing(t *testing.T) {
	req, rep := pair(t, Options{})
	if err := rep.write(flagCommand, append([]byte{4}, "PING\x00\x10abc"...)); err != nil {
		t.Fatal(err)
	}
	if err := rep.Send([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if got, err := req.Recv(t.Context(), long, nil); err != nil || string(got[0]) != "x" {
		t.Fatal(got, err)
	}
	flags, n, err := rep.head()
	if err != nil || flags != flagCommand {
		t.Fatal(flags, err)
	}
	if body, err := rep.body(nil, n); err != nil || string(body) != "\x04PONGabc" {
		t.Errorf("%q, %v", body, err)
	}
	if err := rep.write(flagCommand, append([]byte{5}, "ERROR\x04busy"...)); err != nil {
		t.Fatal(err)
	}
	if _, err := req.Recv(t.Context(), long, nil); err == nil || !strings.Contains(err.Error(), "it gives up: busy") {
		t.Error(err)
	}
}

// A peer that does not shake hands holds nobody up, and leaves nothing behind.
func TestSilentPeer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Dial(t.Context(), l.Addr().String(), Options{Handshake: 50 * time.Millisecond}); err == nil {
		t.Error("a peer that says nothing is taken for one")
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := Dial(ctx, l.Addr().String(), Options{Handshake: time.Hour}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestStrangers(t *testing.T) {
	old := greeting()
	old[10] = 1
	curve := greeting()
	copy(curve[12:], "CURVE")
	for name, tt := range map[string]struct{ says, want string }{
		"a web server": {"HTTP/1.1 400 Bad Request\r\n", "the greeting is another one"},
		"an old one":   {string(old), "it speaks version 1 of ZMTP"},
		"a safe one":   {string(curve), `it wants the security mechanism "CURVE"`},
		"a publisher":  {string(greeting()) + command(ready("PUB")), `its socket is of the type "PUB", not REP`},
		"a refusal":    {string(greeting()) + command(append([]byte{5}, "ERROR\x03no!"...)), "it refuses: no!"},
		"no handshake": {string(greeting()) + "\x00\x00", "the handshake has no READY"},
		"cut off":      {string(greeting()) + command([]byte("\x05READY\x04name\xff\xff\xff\xff")), "a property of the handshake is cut off"},
	} {
		c := &fake{r: strings.NewReader(tt.says)}
		_, err := open(t.Context(), c, Options{Handshake: time.Second, Message: 1}, "REQ", "REP")
		if !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if !c.closed {
			t.Errorf("%s: the connection is left open", name)
		}
	}
}

func command(body []byte) string {
	return string(append([]byte{flagCommand, byte(len(body))}, body...))
}

// A length alone takes no memory.
func TestClaims(t *testing.T) {
	var before, after runtime.MemStats
	says := binary.BigEndian.AppendUint64([]byte{1, 0, flagLong}, 1<<30)
	runtime.ReadMemStats(&before)
	c := newFake(append(says, "little"...), 1<<31-1)
	if _, err := c.message(nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 16<<20 {
		t.Errorf("a claim of 1 GiB took %d bytes", after.TotalAlloc-before.TotalAlloc)
	}
	for name, says := range map[string]string{
		"no empty frame":      "\x00\x01a",
		"only an empty frame": "\x00\x00",
		"flags":               "\x08\x00",
		"commands for ever":   strings.Repeat("\x04\x02\x01x", maxCommands+1),
		"frames for ever":     strings.Repeat("\x01\x00", maxFrames+3),
		"a nameless command":  "\x04\x00",
	} {
		if _, err := newFake([]byte(says), 100).message(nil); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// fake is a peer that says what it has to say, and ends.
type fake struct {
	net.Conn
	r      io.Reader
	closed bool
}

func (f *fake) Read(b []byte) (int, error)       { return f.r.Read(b) }
func (f *fake) Write(b []byte) (int, error)      { return len(b), nil }
func (f *fake) Close() error                     { f.closed = true; return nil }
func (f *fake) SetDeadline(time.Time) error      { return nil }
func (f *fake) SetReadDeadline(time.Time) error  { return nil }
func (f *fake) SetWriteDeadline(time.Time) error { return nil }

func newFake(says []byte, most int) *Conn {
	c, err := open(context.Background(), &fake{r: io.MultiReader(strings.NewReader(string(greeting())+command(ready("REP"))), bytes.NewReader(says))},
		Options{Message: most, Handshake: time.Second}, "REQ", "REP")
	if err != nil {
		panic(err)
	}
	return c
}

func FuzzHandshake(f *testing.F) {
	f.Add([]byte(string(greeting()) + command(ready("REP"))))
	f.Add([]byte(string(greeting()) + command([]byte("\x05ERROR\x02no"))))
	f.Fuzz(func(t *testing.T, says []byte) {
		c := &fake{r: bytes.NewReader(says)}
		if _, err := open(context.Background(), c, Options{Handshake: time.Minute, Message: 1 << 16}, "REQ", "REP"); err != nil && !c.closed {
			t.Error("the connection is left open")
		}
	})
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x02ok"))
	f.Add([]byte("\x01\x00\x01\x01{\x02\x00\x00\x00\x00\x00\x00\x00\x02ab\x04\x06\x04PING\x00"))
	f.Fuzz(func(t *testing.T, says []byte) {
		c := newFake(says, 1<<16)
		var last [][]byte
		for {
			frames, err := c.message(last)
			if err != nil {
				return
			}
			size := 0
			for _, frame := range frames {
				size += len(frame)
			}
			if len(frames) == 0 || len(frames) > maxFrames || size > 1<<16 || size > len(says) {
				t.Errorf("%d frames of %d bytes", len(frames), size)
			}
			last = frames
		}
	})
}
