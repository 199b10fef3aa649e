package manager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"webmon/shm/pickle"
)

const testKey = "napari"

// testOptions gives a busy machine more time than people would wait.
func testOptions() Options {
	return Options{Authkey: []byte(testKey), DialTimeout: patience, CallTimeout: patience}
}

// patience is how long a test waits for what has to come.
const patience = 30 * time.Second

// until waits until something is so, which is asked again and again.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// attach dials, opens one connection, and undoes both in order at the end.
func attach(t testing.TB, addr string, o Options) (*Client, *Conn) {
	t.Helper()
	ctx := t.Context()
	c, err := Dial(ctx, addr, o)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := c.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c, conn
}

func create(t testing.TB, c *Client, name string) *Proxy {
	t.Helper()
	p, err := c.Create(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func call(t testing.TB, conn *Conn, p *Proxy, method string, args ...any) any {
	t.Helper()
	v, err := conn.Call(t.Context(), p, method, args...)
	if err != nil {
		t.Fatal(err)
	}
	return plain(t, v)
}

func plain(t testing.TB, v pickle.Value) any {
	t.Helper()
	x, err := pickle.Plain(v, pickle.PlainOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}

var starts = []string{"fork", "spawn", "forkserver", "thread"}

// The whole protocol, against every Python and every way to start a manager.
func TestPythonManager(t *testing.T) {
	for _, py := range pythons(t) {
		for _, start := range starts {
			t.Run(py.String()+"/"+start, func(t *testing.T) {
				t.Parallel()
				s := script(t, py, "server.py", start, testKey, "napari")
				testManager(t, s)
			})
		}
	}
}

// Python 3.14 pickles with protocol 5 and starts managers by forkserver.
func TestPython314(t *testing.T) {
	for _, py := range pythons(t) {
		t.Run(py.String(), func(t *testing.T) {
			t.Parallel()
			s := script(t, py, "server.py", "forkserver", testKey, "napari", "5")
			testManager(t, s)
		})
	}
}

func testManager(t *testing.T, s *process) {
	ctx := t.Context()
	before := s.run("m._number_of_objects()")
	c, conn := attach(t, s.addr(), testOptions())
	data, messages := create(t, c, "napari_data"), create(t, c, "napari_messages")
	event, commands, awkward := create(t, c, "napari_shutdown"), create(t, c, "client_messages"), create(t, c, "awkward")

	// Proxies.
	if again := create(t, c, "napari_data"); again != data {
		t.Error("created twice")
	}
	for _, method := range []string{"clear", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"} {
		if !data.Exposes(method) {
			t.Errorf("dict does not expose %s: %v", method, data.Exposed)
		}
	}
	if data.Exposes("__getitem__") {
		t.Error("dict exposes __getitem__")
	}
	after := s.run("m._number_of_objects()")
	equal(t, "objects", after, before) // ours are references to theirs

	// Dict.
	s.run(`napari_data.update({"poll": {"n": 3}, "pi": 3.5, "none": None})`)
	equal(t, "get", call(t, conn, data, "get", "poll"), map[string]any{"n": int64(3)})
	equal(t, "get nothing", call(t, conn, data, "get", "nothing"), nil)
	equal(t, "get default", call(t, conn, data, "get", "nothing", "default"), "default")
	equal(t, "whole", call(t, conn, data, "#GETVALUE"), map[string]any{"poll": map[string]any{"n": int64(3)}, "pi": 3.5, "none": nil})
	equal(t, "keys", call(t, conn, data, "keys"), []any{"poll", "pi", "none"})
	equal(t, "setdefault", call(t, conn, data, "setdefault", "mine", map[string]any{"a": []any{1, "x"}}), map[string]any{"a": []any{int64(1), "x"}})
	equal(t, "seen by Python", s.run(`napari_data.get("mine")`), map[string]any{"a": []any{1.0, "x"}})
	call(t, conn, data, "update", map[string]any{"deep": pickle.Tuple{int64(1), nil}, "blob": []byte("b")})
	equal(t, "types in Python", s.run(`[type(napari_data.get(k)).__name__ for k in ("deep", "blob")]`), []any{"tuple", "bytes"})

	// Queue.
	if _, err := conn.Call(ctx, messages, "get_nowait"); !errors.Is(err, ErrEmpty) {
		t.Errorf("empty queue: %v", err)
	}
	start := time.Now()
	if _, err := conn.CallWait(ctx, 100*time.Millisecond, messages, "get", true, 0.1); !errors.Is(err, ErrEmpty) || time.Since(start) < 90*time.Millisecond {
		t.Errorf("get with a timeout: %v after %v", err, time.Since(start))
	}
	s.run(`for i in range(500): napari_messages.put({"frame_time": {"time": i, "delta_ms": i / 2}})`)
	var got []int64
	n, err := conn.Drain(ctx, messages, 450, func(v pickle.Value, err error) error {
		if err != nil {
			return err
		}
		x, _ := v.(*pickle.Dict).Dict("frame_time").Get("time")
		got = append(got, x.(int64))
		return nil
	})
	if err != nil || n != 450 || len(got) != 450 || !slices.IsSorted(got) || got[449] != 449 {
		t.Errorf("drained %d, %v, %d in order: %v", n, err, len(got), slices.IsSorted(got))
	}
	equal(t, "left", call(t, conn, messages, "qsize"), int64(50))
	call(t, conn, commands, "put", map[string]any{"show_grid": true})
	equal(t, "command", s.run(`client_messages.get_nowait()`), map[string]any{"show_grid": true})

	// Event.
	equal(t, "is_set", call(t, conn, event, "is_set"), false)
	equal(t, "wait", call(t, conn, event, "wait", 0.01), false)
	s.run("napari_shutdown.set()")
	equal(t, "wait", call(t, conn, event, "wait", 5), true)

	// What goes wrong on the other side stays there, with its story.
	_, err = conn.Call(ctx, awkward, "fail", "because")
	var remote *RemoteError
	if !errors.As(err, &remote) || remote.Type != "builtins.ValueError" || !strings.Contains(remote.Message, "because") || !strings.Contains(err.Error(), "ValueError") {
		t.Errorf("exception: %#v", err)
	}
	_, err = conn.Call(ctx, awkward, "lambda_")
	if !errors.As(err, &remote) || !remote.Unserializable || !strings.Contains(remote.Traceback, "Traceback") {
		t.Errorf("unserializable: %v", err)
	}
	_, err = conn.Call(ctx, data, "__getitem__", "x")
	if !errors.As(err, &remote) || remote.Type != "AttributeError" && remote.Type != "KeyError" || !strings.Contains(remote.Traceback, "Traceback") {
		t.Errorf("method that is not exposed: %v", err)
	}
	equal(t, "and on it goes", call(t, conn, awkward, "echo", 1, "a"), []any{[]any{int64(1), "a"}, map[string]any{}})

	// Sizes across the limit where CPython splits header and body, and ours.
	for _, n := range []int{0, 1, 16380, 16384, 16385, 65536, 100_000, 3_000_000} {
		v, err := conn.Call(ctx, awkward, "blob", n)
		if b, ok := v.([]byte); err != nil || !ok || len(b) != n || strings.Trim(string(b), "x") != "" {
			t.Errorf("blob of %d: %v", n, err)
		}
	}
	equal(t, "large request", call(t, conn, awkward, "echo", strings.Repeat("y", 200_000)).([]any)[0].([]any)[0], strings.Repeat("y", 200_000))

	// Several connections at a time.
	other, err := c.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	equal(t, "second connection", call(t, other, data, "get", "pi"), 3.5)

	// The manager itself.
	if v, err := c.Do(ctx, "get_methods", pickle.NewList("x")); err == nil {
		t.Errorf("methods of no object: %v", v)
	}
	if v, err := c.Do(ctx, "debug_info"); err != nil || !strings.Contains(fmt.Sprint(v), data.ident) {
		t.Errorf("debug info: %v %v", v, err)
	}
	refs := func() any {
		return s.run(`sum(int(x.split()[0]) for x in m._debug_info().split("refcount=")[1:])`)
	}
	with := refs()
	other.Close()
	if err := c.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := c.Close(ctx); err != nil {
		t.Errorf("close again: %v", err)
	}
	equal(t, "references given back", refs(), with.(float64)-5)
	equal(t, "objects left", s.run("m._number_of_objects()"), before)
	equal(t, "still there", s.run(`napari_data.get("pi")`), 3.5)
}

// NumPy's arrays over the live wire, where a Python here has NumPy.
func TestPythonNumPy(t *testing.T) {
	for _, py := range withNumPy(t) {
		testNumPy(t, py)
	}
}

func testNumPy(t *testing.T, py interpreter) {
	for _, protocol := range []string{"2", "3", "4", "5"} {
		t.Run(py.String()+"/protocol "+protocol, func(t *testing.T) {
			t.Parallel()
			s := script(t, py, "server.py", "fork", testKey, "napari", protocol)
			c, conn := attach(t, s.addr(), testOptions())
			data := create(t, c, "napari_data")
			s.run(`napari_data.update({"seen": np.asfortranarray(np.arange(6).reshape(3, 2)), "corners": np.array([[0.5, 1], [2, 3]])})`)
			v, err := conn.Call(t.Context(), data, "get", "seen")
			if err != nil {
				t.Fatal(err)
			}
			a := v.(*pickle.Array)
			if rows, err := a.AppendColumn(nil, 0); err != nil || !slices.Equal(rows, []int64{0, 2, 4}) || !a.Fortran {
				t.Errorf("rows %v fortran %v %v", rows, a.Fortran, err)
			}
			// A result is valid for ever.
			for range 10 {
				call(t, conn, data, "get", "corners")
			}
			equal(t, "afterwards", plain(t, a), []any{[]any{int64(0), int64(1)}, []any{int64(2), int64(3)}, []any{int64(4), int64(5)}})
			// And arrays made here arrive there.
			f, _ := pickle.Float64Array([]float64{1, 2, 3, 4, 5, 6}, true, 2, 3)
			call(t, conn, data, "update", map[string]any{"mine": f})
			equal(t, "in Python", s.run(`a = napari_data.get("mine"); [a.tolist(), str(a.dtype), a.flags.f_contiguous]`),
				[]any{[]any{[]any{1., 2., 3.}, []any{4., 5., 6.}}, "float64", true})
		})
	}
}

func TestPythonRefuses(t *testing.T) {
	for _, py := range pythons(t) {
		t.Run(py.String(), func(t *testing.T) {
			t.Parallel()
			s := script(t, py, "server.py", "fork", testKey, "other")
			if _, err := Dial(t.Context(), s.addr(), Options{Authkey: []byte("wrong")}); !errors.Is(err, ErrAuth) || !strings.Contains(err.Error(), "key") {
				t.Errorf("wrong key: %v", err)
			}
			if _, err := Dial(t.Context(), s.addr(), Options{}); !errors.Is(err, ErrAuth) {
				t.Errorf("no key: %v", err)
			}
			c, conn := attach(t, s.addr(), testOptions())
			if _, err := c.Create(t.Context(), "napari_data"); !errors.Is(err, ErrNoResource) || !strings.Contains(err.Error(), "does not offer napari_data") {
				t.Errorf("no such resource: %v", err)
			}
			if _, err := conn.Call(t.Context(), create(t, c, "something_else"), "echo"); err != nil {
				t.Error(err)
			}
		})
	}
}

// Every way a manager can go away while it owes us an answer.
func TestPythonDies(t *testing.T) {
	py := newest(t)
	for _, how := range []string{"exit", "kill", "stop"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := script(t, py, "server.py", "fork", testKey, "napari")
			c, err := Dial(t.Context(), s.addr(), testOptions())
			if err != nil {
				t.Fatal(err)
			}
			conn, err := c.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			awkward := create(t, c, "awkward")
			switch how {
			case "exit":
				_, err = conn.Call(t.Context(), awkward, "die")
			case "kill":
				other, oerr := c.Open(t.Context())
				if oerr != nil {
					t.Fatal(oerr)
				}
				defer other.Close()
				called := make(chan error, 1)
				go func() {
					_, err := conn.CallWait(t.Context(), time.Minute, awkward, "sleep", 60)
					called <- err
				}()
				until(t, "the call to be under way", func() bool { return call(t, other, awkward, "sleeping") == int64(1) })
				_ = kill(s.Manager)
				err = <-called
			case "stop":
				defer pause(s.Manager)()
				until(t, "the manager to stop", func() bool { return stopped(t, s.Manager) })
				c.opt.CallTimeout = 300 * time.Millisecond // only now: until here somebody has to answer
				_, err = conn.Call(t.Context(), awkward, "echo")
				if !errors.Is(err, ErrTimeout) {
					t.Errorf("no timeout: %v", err)
				}
				if _, err := Dial(t.Context(), s.addr(), Options{Authkey: []byte(testKey), DialTimeout: time.Second}); !errors.Is(err, ErrNotManager) {
					t.Errorf("dial a manager that hangs: %v", err)
				}
			}
			if !errors.Is(err, ErrGone) {
				t.Errorf("call: %v", err)
			}
			if _, err := conn.Call(t.Context(), awkward, "echo"); !errors.Is(err, ErrGone) {
				t.Errorf("call on the dead connection: %v", err)
			}
			if how != "stop" {
				if err := c.Close(t.Context()); err != nil {
					t.Errorf("close: nobody is left to tell: %v", err)
				}
			}
		})
	}
}

// stopped reports whether a process has obeyed SIGSTOP.
func stopped(t testing.TB, pid int) bool {
	t.Helper()
	out, err := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(pid)).Output()
	if err != nil {
		t.Fatalf("ps: %v", err)
	}
	return strings.HasPrefix(string(out), "T")
}

// A caller that gives up in the middle kills the connection, not the next
// call's answer.
func TestCancel(t *testing.T) {
	py := newest(t)
	s := script(t, py, "server.py", "fork", testKey, "napari")
	c, conn := attach(t, s.addr(), testOptions())
	awkward := create(t, c, "awkward")
	ctx, cancel := context.WithCancel(t.Context())
	equal(t, "before", call(t, conn, awkward, "echo"), []any{[]any{}, map[string]any{}})
	done := make(chan error, 1)
	go func() {
		_, err := conn.CallWait(ctx, time.Minute, awkward, "sleep", 30)
		done <- err
	}()
	other, err := c.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	until(t, "the call to be under way", func() bool { return call(t, other, awkward, "sleeping") == int64(1) })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || !errors.Is(err, ErrGone) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := conn.Call(t.Context(), awkward, "echo"); !errors.Is(err, ErrGone) {
		t.Errorf("used on: %v", err)
	}
	// One that had ended before nothing was sent does no harm.
	conn2, err := c.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn2.Close()
	for range 100 {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := conn2.Call(ended, awkward, "echo"); !errors.Is(err, context.Canceled) {
			t.Fatalf("ended: %v", err)
		}
		if _, err := conn2.Call(t.Context(), awkward, "echo"); err != nil {
			t.Fatalf("next: %v", err)
		}
	}
	deadline, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := conn2.Call(deadline, awkward, "sleep", 30); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ErrTimeout) {
		t.Errorf("deadline: %v", err)
	}
}

// canned listens and hands each connection to f.
func canned(t testing.TB, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			_ = nc.SetDeadline(time.Now().Add(2 * patience))
			f(nc)
			nc.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// What else may listen on the port.
func TestNotManager(t *testing.T) {
	frame := func(s string) string { return string([]byte{0, 0, 0, byte(len(s))}) + s }
	for _, tt := range []struct{ name, says string }{
		{"web server", "HTTP/1.1 400 Bad Request\r\n\r\n"},
		{"ssh", "SSH-2.0-OpenSSH_9.6\r\n"},
		{"closes", ""},
		{"huge frame", "\x7f\xff\xff\xff"},
		{"huge long frame", "\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff"},
		{"impossible frame", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"},
		{"negative frame", "\x80\x00\x00\x00"},
		{"frame cut off", "\x00\x00\x00\x20#CHALLENGE#abc"},
		{"other frame", frame("hello there")},
		{"empty challenge", frame("#CHALLENGE#")},
		{"challenge of 21 bytes", frame("#CHALLENGE#123456789012345678901")},
		{"challenge of 16 bytes", frame("#CHALLENGE#1234567890123456")},
		{"unknown digest", frame("#CHALLENGE#{sha1}1234567890123456789012345678901234567890")},
		{"no random bytes", frame("#CHALLENGE#{sha256}")},
		{"then nonsense", frame("#CHALLENGE#{sha256}1234567890123456789012345678901234567890") + frame("#HELLO#")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := canned(t, func(nc net.Conn) {
				_, _ = nc.Write([]byte(tt.says))
				if tt.name == "then nonsense" {
					_, _ = io.CopyN(io.Discard, nc, 4+8+32)
				} else if tt.says != "" {
					_ = nc.(*net.TCPConn).CloseWrite()
					_, _ = io.Copy(io.Discard, nc)
				}
			})
			_, err := Dial(t.Context(), addr, testOptions())
			if !errors.Is(err, ErrNotManager) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("silent", func(t *testing.T) {
		addr := canned(t, func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) })
		_, err := Dial(t.Context(), addr, Options{DialTimeout: time.Second})
		if !errors.Is(err, ErrNotManager) || !strings.Contains(err.Error(), "says nothing") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("nobody", func(t *testing.T) {
		l, _ := net.Listen("tcp", "127.0.0.1:0")
		l.Close()
		_, err := Dial(t.Context(), l.Addr().String(), testOptions())
		if !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), "nothing answers") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("does not know the key", func(t *testing.T) {
		// Takes any answer, but cannot answer ours.
		addr := canned(t, func(nc net.Conn) {
			_, _ = io.WriteString(nc, frame("#CHALLENGE#"+strings.Repeat("x", 20)))
			_, _ = io.CopyN(io.Discard, nc, 4+16)
			_, _ = io.WriteString(nc, frame("#WELCOME#"))
			_, _ = io.CopyN(io.Discard, nc, 4+11+20)
			_, _ = io.WriteString(nc, frame(strings.Repeat("y", 16)))
			_, _ = io.Copy(io.Discard, nc)
		})
		if _, err := Dial(t.Context(), addr, testOptions()); !errors.Is(err, ErrAuth) {
			t.Errorf("got %v", err)
		}
	})
}

// The challenges of both styles; that Python takes our answers is shown by the
// tests against Python.
func TestRespond(t *testing.T) {
	key := []byte("napari")
	for _, tt := range []struct {
		challenge, want string
		style           Style
	}{
		{"01234567890123456789", "old", OldStyle},
		{"{md5}0123456789012345678901234567890123456789", "{md5}", NewStyle},
		{"{sha256}0123456789012345678901234567890123456789", "{sha256}", NewStyle},
		{"{sha384}0123456789012345678901234567890123456789", "{sha384}", NewStyle},
		{"{sha3_256}0123456789012345678901234567890123456789", "{sha3_256}", NewStyle},
		{"{sha3_384}0123456789012345678901234567890123456789", "{sha3_384}", NewStyle},
	} {
		style, got, err := respond(key, []byte(tt.challenge))
		if err != nil || style != tt.style {
			t.Fatalf("%s: %v %v", tt.challenge, style, err)
		}
		if tt.style == NewStyle && !bytes.HasPrefix(got, []byte(tt.want)) {
			t.Errorf("%s: answered %q", tt.challenge, got)
		}
		if !verify(key, []byte(tt.challenge), got) {
			t.Errorf("%s: our own answer is not accepted", tt.challenge)
		}
		if verify([]byte("other"), []byte(tt.challenge), got) {
			t.Errorf("%s: accepted under another key", tt.challenge)
		}
		got[len(got)-1] ^= 1
		if verify(key, []byte(tt.challenge), got) {
			t.Errorf("%s: accepted though changed", tt.challenge)
		}
	}
	for _, s := range []string{"", "{", "{sha256", "{sha512}" + strings.Repeat("x", 64), strings.Repeat("x", 17), "{sha256}short"} {
		if verify(key, []byte("01234567890123456789"), []byte(s)) {
			t.Errorf("accepted %q", s)
		}
	}
}
