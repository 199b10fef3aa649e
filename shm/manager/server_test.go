package manager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"webmon/shm/pickle"
)

// five is a server with napari's resources.
type five struct {
	*Server
	addr                 string
	data, clientData     *Dict
	messages, clientMsgs *Queue
	shutdown             *Event
	end                  func()
}

func serve(t testing.TB, o ServerOptions) *five {
	t.Helper()
	f := &five{data: NewDict(), clientData: NewDict(), messages: NewQueue(0), clientMsgs: NewQueue(0), shutdown: NewEvent()}
	o.Authkey = []byte(testKey)
	o.Resources = map[string]Resource{"napari_data": f.data, "client_data": f.clientData, "napari_messages": f.messages,
		"client_messages": f.clientMsgs, "napari_shutdown": f.shutdown}
	var err error
	if f.Server, err = NewServer(o); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Serve(ctx, l) }()
	f.end = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(f.end)
	return f
}

// Real Python clients use the Go server as they use napari's, in both styles
// of authentication and all protocols.
func TestPythonClient(t *testing.T) {
	for _, py := range pythons(t) {
		t.Run(py.String(), func(t *testing.T) {
			t.Parallel()
			var client *process // one for all servers: a Python takes longer to start than to test
			for _, o := range []ServerOptions{{}, {Style: OldStyle}, {Protocol: 5}, {Style: OldStyle, Protocol: 2}} {
				if strings.HasPrefix(py.numpy, "2.") && o.Protocol == 5 {
					o.NumPy = 2 // names that NumPy 1 does not know
				}
				f := serve(t, o)
				_, port, _ := net.SplitHostPort(f.addr)
				if client == nil {
					client = script(t, py, "client.py", port, testKey)
				} else {
					client.run("connect(%s)", port)
				}
				// A client that may be in the middle of an answer is of no more use.
				if !t.Run(fmt.Sprintf("style %d protocol %d", o.Style, o.Protocol), func(t *testing.T) { testPython(t, f, client.inside(t)) }) {
					return
				}
			}
			f := serve(t, ServerOptions{})
			_, port, _ := net.SplitHostPort(f.addr)
			refused := client.run(`raises(Manager(("127.0.0.1", %s), authkey=b"wrong").connect)[0]`, port)
			equal(t, "a wrong key", refused, "multiprocessing.context.AuthenticationError")
		})
	}
}

func testPython(t *testing.T, f *five, s *process) {
	ctx := t.Context()

	// Dict.
	f.data.Set("poll", map[string]any{"n": 3, "t": pickle.Tuple{1.5, nil}, "b": []byte("\x00\xff"), "s": "ä😀"})
	equal(t, "get", s.run(`d = napari_data.get("poll"); [d["n"], d["t"] == (1.5, None), d["b"] == bytes([0, 255]), d["s"]]`), []any{3., true, true, "ä😀"})
	s.run(`napari_data.update({"mine": {"a": (1, [2.5, True], {"x"}), 7: b"bytes", "big": 2**100, "when": 1j}}, kw=1)`)
	v, ok := f.data.Get("mine")
	if !ok {
		t.Fatal("Python's update did not arrive")
	}
	equal(t, "update", plain(t, v), map[string]any{"a": []any{int64(1), []any{2.5, true}, []any{"x"}}, "7": "bytes", "big": new(big.Int).Lsh(big.NewInt(1), 100), "when": []any{0.0, 1.0}})
	equal(t, "round trip", s.run(`napari_data.get("mine") == {"a": (1, [2.5, True], {"x"}), 7: b"bytes", "big": 2**100, "when": 1j}`), true)
	for _, tt := range []struct {
		line string
		want any
	}{
		{`napari_data.keys()`, []any{"poll", "mine", "kw"}},
		{`[len(napari_data.items()), type(napari_data.items()[0]).__name__, len(napari_data.values())]`, []any{3., "tuple", 3.}},
		{`napari_data.get("no", 5)`, 5.},
		{`napari_data.setdefault("kw", 9)`, 1.},
		{`napari_data.setdefault("new", 9)`, 9.},
		{`napari_data.pop("new")`, 9.},
		{`napari_data.pop("new", "gone")`, "gone"},
		{`list(napari_data.popitem())`, []any{"kw", 1.}},
		{`sorted(napari_data.copy())`, []any{"mine", "poll"}},
		{`sorted(napari_data._getvalue())`, []any{"mine", "poll"}},
		{`napari_data.fromkeys(["a", "b"], 0)`, map[string]any{"a": 0., "b": 0.}},
		{`raises(napari_data.pop, "no")`, []any{"builtins.KeyError", "'no'"}},
		{`raises(napari_data.get)[0]`, "builtins.TypeError"},
		{`raises(napari_data.get, 1, 2, 3)[0]`, "builtins.TypeError"},
		{`raises(napari_data.setdefault, [], 1)[0]`, "builtins.TypeError"},
		{`raises(napari_data.update, [1])[0]`, "builtins.ValueError"},
		{`napari_data.update([("p", 1), ["q", 2]]); napari_data.get("q")`, 2.},
		{`napari_data.clear(); napari_data.keys()`, []any{}},
		{`raises(napari_data.popitem)[0]`, "builtins.KeyError"},
		{`[str(napari_data), repr(napari_data).split()[0]]`, []any{"{}", "<AutoProxy[napari_data]"}},
		// What could run code in the next client is not stored.
		{`raises(napari_data.update, {"x": len})[0]`, "builtins.TypeError"},
		{`raises(napari_data.update, {"x": ValueError("x")})[0]`, "builtins.TypeError"},
		{`napari_data.get("x")`, nil},

		// Queue.
		{`raises(napari_messages.get_nowait)[0]`, "_queue.Empty"},
		{`raises(napari_messages.get, True, 0.01)[0]`, "_queue.Empty"},
		{`raises(napari_messages.get, block=False)[0]`, "_queue.Empty"},
		{`raises(napari_messages.get, timeout=-1)[0]`, "builtins.ValueError"},
		{`[napari_messages.empty(), napari_messages.full(), napari_messages.qsize()]`, []any{true, false, 0.}},
		{`raises(napari_messages.task_done)[0]`, "builtins.ValueError"},
		{`client_messages.put({"show_grid": True}); client_messages.put_nowait(2); client_messages.put(3, timeout=1); client_messages.qsize()`, 3.},
		{`napari_messages.join()`, nil},

		// Event.
		{`[napari_shutdown.is_set(), napari_shutdown.wait(0.01), napari_shutdown.wait(timeout=0)]`, []any{false, false, false}},
		{`napari_shutdown.set(); [napari_shutdown.is_set(), napari_shutdown.wait(5), napari_shutdown.wait()]`, []any{true, true, true}},
		{`napari_shutdown.clear(); napari_shutdown.is_set()`, false},

		// Errors of the manager.
		{`raises(napari_data._callmethod, "__getitem__", ("x",))[0]`, "multiprocessing.managers.RemoteError"},
		{`"AttributeError" in raises(napari_data._callmethod, "nothing")[1]`, true},
		{`"unrecognized" in raises(multiprocessing.managers.dispatch, m._Client(m._address, authkey=b"napari"), None, "nothing")[1]`, true},
		{`"KeyError" in raises(m._create, "nothing")[1]`, true},
		{`"PermissionError" in raises(multiprocessing.managers.dispatch, m._Client(m._address, authkey=b"napari"), None, "shutdown")[1]`, true},
		{`multiprocessing.managers.dispatch(m._Client(m._address, authkey=b"napari"), None, "number_of_objects")`, 5.},

		// Proxies travel as tokens and find their way back.
		{`p = pickle.loads(pickle.dumps(napari_data)); p.update({"token": 1}); [type(p).__name__, napari_data.get("token")]`, []any{"AutoProxy[napari_data]", 1.}},
		{`sorted(multiprocessing.managers.dispatch(m._Client(m._address, authkey=b"napari"), None, "get_methods", (napari_shutdown._token,)))`, []any{"clear", "isSet", "is_set", "set", "wait"}},
	} {
		equal(t, tt.line, s.run("import multiprocessing.managers; %s", tt.line), tt.want)
	}
	var got []any
	for range 3 {
		v, err := f.clientMsgs.TryGet()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, plain(t, v))
	}
	equal(t, "Python's messages", got, []any{map[string]any{"show_grid": true}, int64(2), int64(3)})

	// Waiting on either side.
	s.start(`napari_messages.get(True, 20)`)
	if err := f.messages.Put(map[string]any{"frame_time": map[string]any{"time": 1.5}}); err != nil {
		t.Fatal(err)
	}
	equal(t, "waiting get", s.answer(), map[string]any{"frame_time": map[string]any{"time": 1.5}})
	s.start(`time.sleep(0.05); client_messages.put("late")`)
	if v, err := f.clientMsgs.Get(ctx); err != nil || v != "late" {
		t.Errorf("waiting Get: %v %v", v, err)
	}
	s.answer()
	s.start(`napari_shutdown.wait()`)
	f.shutdown.Set()
	equal(t, "waiting wait", s.answer(), true)

	// References are counted as Python counts them.
	equal(t, "references", []int{f.References("napari_data"), f.References("napari_shutdown")}, []int{2, 1})
	s.run(`del p; import gc; gc.collect(); None`)
	equal(t, "after del", f.References("napari_data"), 1)
	s.run(`[raises(f) for f in ()]; x = m.napari_data(); None`)
	equal(t, "after create", f.References("napari_data"), 2)

	// Large values, and arrays where NumPy is at hand.
	equal(t, "large", s.run(`napari_data.update({"l": b"x" * 3000000}); len(napari_data.get("l"))`), 3e6)
	if s.NumPy != "" {
		a, _ := pickle.Int64Array([]int64{0, 1, 2, 3, 4, 5}, true, 3, 2)
		f.data.Set("seen", a)
		rec := &pickle.DType{Kind: 'V', Size: 12, Fields: []pickle.Field{{Name: "x", Type: &pickle.DType{Kind: 'i', Size: 4}}, {Name: "y", Offset: 4, Type: &pickle.DType{Kind: 'f', Size: 8, Big: true}}}}
		r, _ := pickle.NewArray(rec, []int{1}, false, []byte("\x05\x00\x00\x00\x3f\xe0\x00\x00\x00\x00\x00\x00"))
		f.data.Set("rec", r)
		equal(t, "array", s.run(`a = napari_data.get("seen"); [a.tolist(), str(a.dtype), a.flags.f_contiguous, a.flags.writeable or True]`),
			[]any{[]any{[]any{0., 1.}, []any{2., 3.}, []any{4., 5.}}, "int64", true, true})
		equal(t, "records", s.run(`a = napari_data.get("rec"); [a.tolist(), a.dtype.descr]`), []any{[]any{[]any{5., 0.5}}, []any{[]any{"x", "<i4"}, []any{"y", ">f8"}}})
		s.run(`napari_data.update({"back": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "when": np.array(["2024-01-02"], "M8[D]"), "u": np.array(["ab"]), "f": np.float32(2.5)})`)
		for key, want := range map[string]any{"back": []any{[]any{0., 1., 2.}, []any{3., 4., 5.}}, "when": []any{"2024-01-02T00:00:00Z"}, "u": []any{"ab"}, "f": 2.5} {
			v, _ := f.data.Get(key)
			equal(t, key, plain(t, v), want)
		}
		equal(t, "there and back", s.run(`a = napari_data.get("back"); [a.tolist(), a.flags.f_contiguous, str(napari_data.get("when").dtype), str(napari_data.get("u")[0])]`),
			[]any{[]any{[]any{0., 1., 2.}, []any{3., 4., 5.}}, true, "datetime64[D]", "ab"})
	}

	// The server goes away.
	f.end()
	if got := s.run(`raises(napari_data.get, "x")[0]`); !slices.Contains([]any{"builtins.EOFError", "builtins.ConnectionResetError", "builtins.BrokenPipeError"}, got) {
		t.Errorf("server gone: %v", got)
	}
}

// Our client against our server, without Python.
func TestClientServer(t *testing.T) {
	for _, o := range []ServerOptions{{}, {Style: OldStyle}, {Protocol: 2}, {Protocol: 5}} {
		t.Run(fmt.Sprintf("style %d protocol %d", o.Style, o.Protocol), func(t *testing.T) {
			f := serve(t, o)
			ctx := t.Context()
			c, conn := attach(t, f.addr, testOptions())
			data, messages, event := create(t, c, "napari_data"), create(t, c, "napari_messages"), create(t, c, "napari_shutdown")
			equal(t, "references", f.References("napari_data"), 1)

			a, _ := pickle.Int64Array([]int64{1, 2, 3, 4}, true, 2, 2)
			f.data.Set("seen", a)
			v, err := conn.Call(ctx, data, "get", "seen")
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "array", plain(t, v), []any{[]any{int64(1), int64(2)}, []any{int64(3), int64(4)}})
			call(t, conn, data, "update", map[string]any{"seen": v})
			equal(t, "array", call(t, conn, data, "get", "seen"), []any{[]any{int64(1), int64(2)}, []any{int64(3), int64(4)}})

			if o.Protocol == 5 {
				conn.burst = 1 // as where there is no TCP_QUICKACK
			}
			for i := range 1000 {
				if err := f.messages.Put(i); err != nil {
					t.Fatal(err)
				}
			}
			next := int64(0)
			n, err := conn.Drain(ctx, messages, 5000, func(v pickle.Value, err error) error {
				if err != nil || v != next {
					t.Errorf("got %v %v, want %d", v, err, next)
				}
				next++
				return nil
			})
			if n != 1000 || err != nil {
				t.Errorf("drained %d %v", n, err)
			}
			if n, err := conn.Drain(ctx, messages, 10, nil); n != 0 || err != nil {
				t.Errorf("drained an empty queue: %d %v", n, err)
			}

			reqs := []Request{{data, "get", []any{"x", 1}}, {messages, "get_nowait", nil}, {data, "nothing", nil}, {data, "get", []any{"x", 2}}}
			var got []string
			mine := errors.New("mine")
			err = conn.Pipeline(ctx, reqs, func(i int, v pickle.Value, err error) error {
				var remote *RemoteError
				got = append(got, fmt.Sprint(i, v, errors.Is(err, ErrEmpty), errors.As(err, &remote)))
				return mine
			})
			equal(t, "pipeline", got, []string{"0 1 false false", "1 <nil> true false", "2 <nil> false true", "3 2 false false"})
			if err != mine {
				t.Errorf("pipeline: %v", err)
			}
			err = conn.Pipeline(ctx, []Request{{data, "get", []any{struct{}{}}}}, nil)
			if !errors.Is(err, pickle.ErrInvalid) {
				t.Errorf("an argument that cannot be pickled: %v", err)
			}
			equal(t, "goes on", call(t, conn, data, "get", "x", 3), int64(3))

			if _, err := conn.Call(ctx, data, "pop", "x"); err == nil || err.Error() != "napari_data.pop: Python raised KeyError: x" {
				t.Errorf("KeyError: %v", err)
			}
			if _, err := conn.CallWait(ctx, time.Second, event, "wait", 0.01); err != nil {
				t.Error(err)
			}
			stats := c.Stats()
			if stats.Calls < 1000 || stats.Bytes < 10_000 || stats.Waiting <= 0 {
				t.Errorf("stats %+v", stats)
			}
			if _, err := c.Do(ctx, "shutdown"); err == nil {
				t.Error("shut down by a client")
			}
			equal(t, "debug", func() any { v, _ := c.Do(ctx, "number_of_objects"); return v }(), any(int64(3)))
			conn.Close()
			if err := c.Close(ctx); err != nil {
				t.Error(err)
			}
			equal(t, "references", f.References("napari_data"), 0)
			if _, err := c.Create(ctx, "napari_data"); !errors.Is(err, net.ErrClosed) {
				t.Errorf("create after close: %v", err)
			}
			if _, err := conn.Call(ctx, data, "get", "x"); !errors.Is(err, ErrGone) {
				t.Errorf("call after close: %v", err)
			}
			// Without references nothing is to be had.
			c2, conn2 := attach(t, f.addr, testOptions())
			_ = c2
			if _, err := conn2.Call(ctx, data, "get", "x"); err == nil {
				t.Error("an object nobody refers to")
			}
			if _, err := c2.Do(ctx, "decref", data.ident); err == nil {
				t.Error("a reference given back twice")
			}
		})
	}
}

// Requests and replies that would not fit into any socket buffer at once do
// not wait for each other.
func TestPipelineLarge(t *testing.T) {
	f := serve(t, ServerOptions{})
	c, conn := attach(t, f.addr, testOptions())
	data := create(t, c, "napari_data")
	text := strings.Repeat("x", 1<<20)
	var reqs []Request
	for range 40 {
		reqs = append(reqs, Request{data, "get", []any{"no", text}})
	}
	n := 0
	err := conn.Pipeline(t.Context(), reqs, func(i int, v pickle.Value, err error) error {
		if v != text {
			t.Errorf("reply %d: %v", i, err)
		}
		n++
		return err
	})
	if n != len(reqs) || err != nil {
		t.Errorf("%d replies, %v", n, err)
	}
}

func TestServerShutdown(t *testing.T) {
	f := serve(t, ServerOptions{AllowShutdown: true})
	c, conn := attach(t, f.addr, testOptions())
	if _, err := c.Do(t.Context(), "shutdown"); err != nil {
		t.Fatal(err)
	}
	f.end()
	if _, err := conn.Call(t.Context(), &Proxy{ident: "x"}, "get"); !errors.Is(err, ErrGone) {
		t.Errorf("after shutdown: %v", err)
	}
}

func TestReuseBuffers(t *testing.T) {
	f := serve(t, ServerOptions{})
	for i := range 4 {
		a, _ := pickle.Int64Array(slices.Repeat([]int64{int64(i)}, 5000), false, 5000)
		f.data.Set(fmt.Sprint(i), a)
	}
	for _, reuse := range []bool{false, true} {
		o := testOptions()
		o.ReuseBuffers = reuse
		c, conn := attach(t, f.addr, o)
		data := create(t, c, "napari_data")
		var held []*pickle.Array
		for round := range 8 {
			v, err := conn.Call(t.Context(), data, "get", fmt.Sprint(round%4))
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, v.(*pickle.Array))
		}
		changed := 0
		for round, a := range held {
			if x, _ := a.Int64(2500); x != int64(round%4) {
				changed++
			}
		}
		if !reuse && changed > 0 || reuse && changed == 0 {
			t.Errorf("reuse %v: %d of 8 results changed", reuse, changed)
		}
	}
}

// A client that leaves while it waits takes nothing with it.
func TestServerClientLeaves(t *testing.T) {
	f := serve(t, ServerOptions{})
	c, conn := attach(t, f.addr, testOptions())
	messages := create(t, c, "napari_messages")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := conn.CallWait(ctx, time.Hour, messages, "get")
		done <- err
	}()
	until(t, "the get to wait", func() bool {
		f.messages.mu.Lock()
		defer f.messages.mu.Unlock()
		return f.messages.changed != nil
	})
	cancel()
	<-done
	until(t, "the server to notice", func() bool { return f.Clients() == 0 })
	_ = f.messages.Put("kept")
	if v, err := f.messages.TryGet(); err != nil || v != "kept" {
		t.Errorf("message %v %v", v, err)
	}
}

func TestServerLimits(t *testing.T) {
	f := serve(t, ServerOptions{MaxConns: 2, Timeout: time.Hour})
	dial := func() net.Conn {
		nc, err := net.Dial("tcp", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		_ = nc.SetDeadline(time.Now().Add(patience))
		return nc
	}
	// More connections than allowed are closed. The first two stay meanwhile,
	// however long that takes: nothing ends them here.
	dial()
	dial()
	until(t, "two connections", func() bool { return f.Clients() == 2 })
	if n, err := dial().Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("a third connection is served: %d bytes, %v", n, err)
	}
	// Silent ones are closed after a while.
	f = serve(t, ServerOptions{Timeout: 200 * time.Millisecond})
	for range 2 {
		if _, err := io.Copy(io.Discard, dial()); err != nil {
			t.Errorf("silent connection: %v", err)
		}
	}
	// A request beyond the limit ends its connection. This server has the usual
	// time-out: a busy machine may need more than the short one to authenticate.
	f = serve(t, ServerOptions{Limits: pickle.Limits{MaxBytes: 10_000}})
	c, conn := attach(t, f.addr, testOptions())
	data := create(t, c, "napari_data")
	if _, err := conn.Call(t.Context(), data, "get", strings.Repeat("x", 20_000)); !errors.Is(err, ErrGone) {
		t.Errorf("large request: %v", err)
	}
}

// What is put first goes before all else, in its own order, and is not forgotten.
func TestQueuePutFirst(t *testing.T) {
	q := NewQueue(4)
	for i, put := range []func(pickle.Value) error{q.Put, q.PutFirst, q.Put, q.PutFirst} {
		if err := put(int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.PutFirst("more"); !errors.Is(err, ErrFull) {
		t.Errorf("one too many: %v, want ErrFull", err)
	}
	if v, err := q.Forget(); v != int64(0) || err != nil {
		t.Errorf("forgot %v, %v, want the oldest that came by Put", v, err)
	}
	if err := q.PutFirst("last"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []pickle.Value{int64(1), int64(3), "last"} {
		if v, err := q.TryGet(); v != want || err != nil {
			t.Errorf("got %v, %v, want %v", v, err, want)
		}
	}
	if v, err := q.Forget(); v != int64(2) || err != nil {
		t.Errorf("forgot %v, %v, want 2", v, err)
	}
	if _, err := q.Forget(); !errors.Is(err, ErrEmpty) {
		t.Errorf("forgot of an empty queue: %v, want ErrEmpty", err)
	}
	_ = q.PutFirst("only")
	if _, err := q.Forget(); !errors.Is(err, ErrEmpty) {
		t.Errorf("forgot what was put first: %v", err)
	}
}

func TestQueueBounds(t *testing.T) {
	q := NewQueue(2)
	_, _ = q.Put(1), q.Put(2)
	if err := q.Put(3); !errors.Is(err, ErrFull) {
		t.Errorf("put: %v", err)
	}
	if _, err := q.Call(t.Context(), Call{Method: "put_nowait", Args: pickle.Tuple{3}}); !errors.Is(err, ErrFull) {
		t.Errorf("put_nowait: %v", err)
	}
	q = NewQueue(0)
	big := Call{Method: "put_nowait", Args: pickle.Tuple{"x"}, Size: maxStoredBytes/2 + 1}
	if _, err := q.Call(t.Context(), big); err != nil {
		t.Error(err)
	}
	if _, err := q.Call(t.Context(), big); !errors.Is(err, ErrFull) {
		t.Errorf("bytes: %v", err)
	}
	d := NewDict()
	set := func(k string) error {
		_, err := d.Call(t.Context(), Call{Method: "setdefault", Args: pickle.Tuple{k, 1}, Size: maxStoredBytes/2 + 1})
		return err
	}
	if err := set("a"); err != nil {
		t.Error(err)
	}
	var e *Exception
	if err := set("b"); !errors.As(err, &e) || e.Class.Name != "MemoryError" {
		t.Errorf("dict: %v", err)
	}
	d.Delete("a")
	if err := set("b"); err != nil {
		t.Errorf("after delete: %v", err)
	}
}

func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, e := NewQueue(1), NewEvent()
		start := time.Now()
		if _, err := q.Call(t.Context(), Call{Method: "get", Args: pickle.Tuple{true, 2.5}}); !errors.Is(err, ErrEmpty) {
			t.Errorf("get: %v", err)
		}
		if v, err := e.Call(t.Context(), Call{Method: "wait", Args: pickle.Tuple{int64(3)}}); v != false || err != nil {
			t.Errorf("wait: %v %v", v, err)
		}
		equal(t, "waited", time.Since(start), 5500*time.Millisecond)

		_ = q.Put("a")
		go func() { time.Sleep(time.Second); _, _ = q.TryGet() }()
		if _, err := q.Call(t.Context(), Call{Method: "put", Args: pickle.Tuple{"b", true, 10.0}}); err != nil {
			t.Errorf("put: %v", err)
		}
		equal(t, "waited", time.Since(start), 6500*time.Millisecond)

		joined := make(chan error)
		go func() {
			_, err := q.Call(t.Context(), Call{Method: "join"})
			joined <- err
		}()
		synctest.Wait()
		for range 2 {
			if _, err := q.Call(t.Context(), Call{Method: "task_done"}); err != nil {
				t.Error(err)
			}
		}
		if err := <-joined; err != nil {
			t.Error(err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if e.Wait(ctx) {
			t.Error("an event that nobody set")
		}
		go e.Set()
		if !e.Wait(t.Context()) {
			t.Error("not set")
		}
		if v, err := q.Get(t.Context()); v != "b" || err != nil {
			t.Errorf("get: %v %v", v, err)
		}
		if _, err := q.Get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("get: %v", err)
		}
	})
}

func TestExceptionText(t *testing.T) {
	for want, e := range map[string]error{
		"KeyError: 'x'": builtin("KeyError", "x"), "TypeError: bad": typeError("bad"), "_queue.Empty": empty(), "queue.Full": full(),
		"ValueError: (1, 2)": builtin("ValueError", int64(1), int64(2)),
	} {
		equal(t, "text", e.Error(), want)
	}
	for _, tt := range []struct {
		text, typ, message string
	}{
		{"Traceback (most recent call last):\n  File \"x\", line 1\nKeyError: 'napari_data'\n", "KeyError", "'napari_data'"},
		{"Traceback (most recent call last):\n  File \"x\"\n    x()\nfoo.Bar: one\ntwo: three\n", "foo.Bar", "one two: three"},
		{"Traceback (most recent call last):\n  File \"x\"\nEOFError\n", "EOFError", ""},
		{"", "an exception", ""},
	} {
		e := remoteTraceback(tt.text, false)
		equal(t, "type", e.Type, tt.typ)
		equal(t, "message", e.Message, tt.message)
	}
}
