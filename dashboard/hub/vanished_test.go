package hub_test

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard/hub"
)

// pipes is a hub in virtual time, with browsers at the ends of pipes in memory.
type pipes struct {
	t    *testing.T
	hub  *hub.Hub
	ctx  context.Context
	done sync.WaitGroup
}

// inPipes runs f in virtual time, and ends the hub and its browsers after it.
func inPipes(t *testing.T, opts hub.Options, f func(p *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := &pipes{t: t, hub: hub.New(opts), ctx: ctx}
		defer p.done.Wait()
		defer cancel()
		f(p)
	})
}

// dial connects a browser that watches: watch are the fields of what it says
// first. The test reads what comes, and closes the connection.
func (p *pipes) dial(watch string) *websocket.Conn {
	p.t.Helper()
	near, far := net.Pipe()
	p.done.Go(func() {
		r := bufio.NewReader(far)
		req, err := http.ReadRequest(r)
		if err != nil {
			p.t.Error(err)
			return
		}
		up := websocket.Upgrader{}
		conn, err := up.Upgrade(hijacked{far, r}, req, nil)
		if err != nil {
			p.t.Error(err)
			return
		}
		p.hub.Serve(p.ctx, conn)
	})
	dialer := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) { return near, nil }}
	conn, _, err := dialer.Dial("ws://hub/", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	err = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"watch",`+watch+`}`))
	if err != nil {
		p.t.Fatal(err)
	}
	return conn
}

// browser connects one that is called who, watches m/people and answers every nth
// ping; 0: none of them, as when the lid of a laptop is closed.
func (p *pipes) browser(who string, nth int) {
	p.t.Helper()
	conn := p.dial(`"topics":["m/people"],"who":"` + who + `"`)
	pings := 0
	conn.SetPingHandler(func(data string) error {
		if pings++; nth == 0 || pings%nth != 0 {
			return nil
		}
		return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
	})
	p.done.Go(func() {
		defer conn.Close()
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	})
}

// hijacked is a connection as a handler of requests gets it.
type hijacked struct {
	conn net.Conn
	r    *bufio.Reader
}

func (h hijacked) Header() http.Header         { return http.Header{} }
func (h hijacked) Write(b []byte) (int, error) { return h.conn.Write(b) }
func (h hijacked) WriteHeader(int)             {}
func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(h.r, bufio.NewWriter(h.conn)), nil
}

// A browser that vanishes without a word is gone after four pings. One that only
// reads and answers pings is not, also if it is busy and answers few of them.
func TestVanishedBrowserIsGone(t *testing.T) {
	var w watched
	inPipes(t, hub.Options{Watching: w.watching, PingEvery: 5 * time.Second}, func(p *pipes) {
		p.browser("quiet-one", 1)
		p.browser("vanished-one", 0)
		p.browser("busy-one", 3)
		p.browser("nearly-vanished", 6) // too few
		synctest.Wait()
		if n := len(w.all()); n != 4 {
			t.Fatalf("%d browsers watch, want 4", n)
		}
		for _, at := range []struct {
			after time.Duration
			gone  []string
		}{
			{19 * time.Second, nil},
			{2 * time.Second, []string{"nearly-vanished", "vanished-one"}},
			{time.Minute, []string{"nearly-vanished", "vanished-one"}},
		} {
			time.Sleep(at.after)
			synctest.Wait()
			gone := w.left()
			slices.Sort(gone)
			if !slices.Equal(gone, at.gone) {
				t.Errorf("gone are %q, want %q", gone, at.gone)
			}
			if n := p.hub.Stats().Browsers; n != 4-len(at.gone) {
				t.Errorf("the hub has %d browsers, want %d", n, 4-len(at.gone))
			}
		}
	})
}

// silent is a page whose messages are read as they come, and which says nothing by itself.
type silent struct {
	conn *websocket.Conn

	mu  sync.Mutex // guards all below
	n   int        // messages received
	got []came
}

// came is a message that was received.
type came struct {
	binary bool
	data   []byte
}

// page connects a page that watches; see dial.
func (p *pipes) page(watch string) *silent {
	s := &silent{conn: p.dial(watch)}
	s.conn.SetReadLimit(1 << 30)
	p.done.Go(func() {
		defer s.conn.Close()
		for {
			kind, data, err := s.conn.ReadMessage()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.n++
			s.got = append(s.got, came{kind == websocket.BinaryMessage, data})
			s.mu.Unlock()
		}
	})
	synctest.Wait()
	return s
}

// take returns what has come since it was last called, without the statistics.
func (s *silent) take() []came {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.DeleteFunc(s.got, func(m came) bool { return bytes.HasPrefix(m.data, []byte(`{"topic":"stats"`)) })
	s.got = nil
	return out
}

// texts is take of texts.
func (s *silent) texts() []string {
	var out []string
	for _, m := range s.take() {
		if !m.binary {
			out = append(out, string(m.data))
		}
	}
	return out
}

// say sends a message.
func (s *silent) say(text string) {
	_ = s.conn.WriteMessage(websocket.TextMessage, []byte(text)) // an error: the hub has gone
	synctest.Wait()
}

// ack acknowledges all that has come.
func (s *silent) ack() {
	s.mu.Lock()
	n := s.n
	s.mu.Unlock()
	s.say(`{"type":"ack","n":` + strconv.Itoa(n) + `}`)
}
