package manager

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"webmon/shm/pickle"
)

// replay is a connection that says what it is told to and takes everything.
type replay struct{ in []byte }

func (r *replay) Read(b []byte) (int, error) {
	if len(r.in) == 0 {
		return 0, io.EOF
	}
	// In pieces, as a network does.
	n := copy(b, r.in[:min(len(r.in), 1000)])
	r.in = r.in[n:]
	return n, nil
}

func (*replay) Write(b []byte) (int, error)      { return len(b), nil }
func (*replay) Close() error                     { return nil }
func (*replay) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*replay) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*replay) SetDeadline(time.Time) error      { return nil }
func (*replay) SetReadDeadline(time.Time) error  { return nil }
func (*replay) SetWriteDeadline(time.Time) error { return nil }

// conversation is one line of testdata/captured.jsonl: the bytes each side of
// a connection sent, recorded between a Python client and a Python manager.
type conversation struct {
	Python string `json:"python"`
	Client []byte `json:"client"` // what the client sent, handshake included
	Server []byte `json:"server"`
}

func conversations(t testing.TB) []conversation {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "captured.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []conversation
	for s := bufio.NewScanner(f); s.Scan(); {
		var c conversation
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		t.Fatal("no conversations")
	}
	return all
}

// frames splits what one side sent.
func frames(t testing.TB, b []byte) [][]byte {
	t.Helper()
	f := newFramer(&replay{b})
	var all [][]byte
	for {
		frame, err := f.readFrame(1 << 20)
		if err != nil {
			return all
		}
		all = append(all, append([]byte(nil), frame...))
	}
}

func framed(payload ...[]byte) []byte {
	var f framer
	for _, p := range payload {
		f.appendFrame(p)
	}
	return f.out
}

func fuzzLimits() pickle.Limits { return pickle.Limits{MaxBytes: 1 << 20, MaxNodes: 50_000} }

// A client meets a manager that says anything at all.
func FuzzReply(f *testing.F) {
	for _, c := range conversations(f) {
		if all := frames(f, c.Server); len(all) > 3 {
			f.Add(framed(all[3:]...))
		}
	}
	f.Add([]byte("\xff\xff\xff\xff\x00\x00\x00\x00\x7f\xff\xff\xff"))
	f.Add([]byte("\x00\x0f\xff\xffshort"))
	p := &Proxy{TypeID: "x", ident: "1"}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, reuse := range []bool{false, true} {
			c := &Client{opt: Options{Limits: fuzzLimits(), ReuseBuffers: reuse}.withDefaults(), proxies: map[string]*Proxy{}}
			conn := newConn(c, &replay{data})
			ctx := context.Background()
			for range 3 {
				if _, err := conn.Call(ctx, p, "get"); err != nil && err.Error() == "" {
					t.Fatal("an error without words")
				}
			}
			n, err := conn.Drain(ctx, p, 100, func(pickle.Value, error) error { return nil })
			if n > 100 {
				t.Fatalf("drained %d", n)
			}
			if err == nil {
				_ = conn.Pipeline(ctx, []Request{{Proxy: p, Method: "a"}, {Proxy: p, Method: "b"}}, func(int, pickle.Value, error) error { return nil })
			}
			if _, err := conn.Call(ctx, p, "get"); conn.dead != nil && !errors.Is(err, ErrGone) {
				t.Fatalf("dead, and yet: %v", err)
			}
			conn.Close()
		}
	})
}

// Either side meets anything at all before the key was checked.
func FuzzHandshake(f *testing.F) {
	for _, c := range conversations(f) {
		f.Add(c.Server)
		f.Add(c.Client)
	}
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	s, err := NewServer(ServerOptions{Authkey: []byte("secret")})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		conn := newConn(&Client{opt: Options{Authkey: []byte("secret")}.withDefaults()}, &replay{data})
		err := conn.handshake(context.Background(), time.Time{})
		if !errors.Is(err, ErrAuth) && !errors.Is(err, ErrNotManager) {
			t.Fatalf("client: %v", err)
		}
		conn.Close()
		p := &peer{s: s, framer: newFramer(&replay{data}), dec: pickle.NewDecoder(fuzzLimits())}
		if err := p.serve(context.Background()); err == nil {
			t.Fatal("server: let in without the key")
		}
	})
}

// A server meets a client that knows the key and asks for anything at all.
func FuzzRequest(f *testing.F) {
	for _, c := range conversations(f) {
		if all := frames(f, c.Client); len(all) > 3 {
			f.Add(framed(all[3:]...))
		}
	}
	for _, method := range []string{"get", "put", "update", "wait", "join", "pop", "keys", "copy", "task_done", "fromkeys"} {
		for ident := range 3 {
			b, _ := pickle.Encoder{}.AppendRequest(nil, string(rune('0'+ident)), method, []any{"x", 0.001})
			f.Add(framed(b))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		resources := []Resource{NewDict(), NewQueue(3), NewEvent()}
		s := &Server{opt: ServerOptions{Limits: fuzzLimits(), Timeout: time.Second, Resources: map[string]Resource{}},
			idents: map[string]string{}, names: map[string]string{}, expose: map[string]pickle.Tuple{}, refs: map[string]int{}}
		for i, r := range resources {
			name := string(rune('0' + i))
			s.opt.Resources[name], s.idents[name], s.names[name], s.refs[name] = r, name, name, 1
			for _, m := range r.Exposed() {
				s.expose[name] = append(s.expose[name], m)
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		for _, calls := range []bool{false, true} {
			p := &peer{s: s, framer: newFramer(&replay{data}), dec: pickle.NewDecoder(s.opt.Limits), calls: calls}
			for {
				kind, v, err := p.request(ctx)
				if err != nil {
					break
				}
				if err := p.reply(kind, v); err != nil {
					t.Fatalf("reply %s %v: %v", kind, v, err)
				}
			}
		}
		if ctx.Err() != nil {
			t.Fatal("a request that never ends")
		}
	})
}
