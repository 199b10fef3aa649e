package hub_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard/hub"
)

// Where somebody points reaches whoever takes it, in order; what is no place
// does not, and the connection goes on.
func TestHand(t *testing.T) {
	got := make(chan string, 16)
	take := func(browser any, source string, x, y float64, down bool) {
		if browser == nil {
			t.Error("a hand came from no browser")
		}
		got <- fmt.Sprint(source, " ", x, " ", y, " ", down)
	}
	for _, opts := range []hub.Options{{}, {Hand: take}} {
		b := start(t, opts)
		p := b.page()
		for _, text := range []string{
			`{"type":"hand","source":"model","x":0.25,"y":0.5,"down":true}`,
			`{"type":"hand","source":"model","x":"0.25","y":0.5,"down":true}`,
			`{"type":"hand","source":"model","x":NaN,"y":0.5,"down":true}`,
			`{"type":"hand","source":"model","x":1e999,"y":0.5,"down":true}`,
			`{"type":"hand","source":"model","x":[1],"y":{},"down":true}`,
			`{"type":"hand","source":"model","x":0.25,"down":true}`,
			`{"type":"hand","source":"model","x":null,"y":0.5,"down":true}`,
			`{"type":"hand","source":"model","x":0.1,"y":0.5,"down":"yes"}`,
			`{"type":"hand","source":["model"],"x":0.1,"y":0.5,"down":true}`,
			`{"type":"hand"}`,
			`{"type":"hand","source":"model","x":-1e300,"y":7,"down":false}`,
		} {
			p.say(text)
		}
		p.watch("a/tiles")
		b.topic("a/tiles")
	}
	for _, want := range []string{"model 0.25 0.5 true", "model -1e+300 7 false"} {
		if g := <-got; g != want {
			t.Errorf("got %q, want %q", g, want)
		}
	}
	if len(got) > 0 {
		t.Errorf("got %q too", <-got)
	}
}

// watched notes what the hub tells of its browsers.
type watched struct {
	mu   sync.Mutex // guards all below
	said []string
	ids  map[any]int
}

func (w *watched) watching(browser any, who string, topics []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ids == nil {
		w.ids = map[any]int{}
	}
	if w.ids[browser] == 0 {
		w.ids[browser] = len(w.ids) + 1
	}
	w.said = append(w.said, fmt.Sprint(w.ids[browser], " ", who, " ", topics))
}

func (w *watched) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.said)
}

func TestWatching(t *testing.T) {
	var w watched
	b := start(t, hub.Options{Watching: w.watching})
	p, other := b.page(), b.page()
	told := func(want ...string) {
		t.Helper()
		b.await(strings.Join(want, ", "), func() bool { return len(w.all()) >= len(want) })
		if got := w.all(); !slices.Equal(got, want) {
			t.Fatalf("the hub told\n%q, want\n%q", got, want)
		}
	}
	p.say(`{"type":"watch","topics":["m/people","no/such","m/model","m/people"],"who":"abcDEF-_012"}`)
	want := []string{"1 abcDEF-_012 [m/people m/model]"}
	told(want...)
	for i, who := range []string{`"short"`, `"has spaces in it"`, `"<script>alert(1)"`, `""`, `"` + strings.Repeat("a", 65) + `"`, `"ümläut-12"`, `null`} {
		other.say(fmt.Sprintf(`{"type":"watch","topics":["m/%d"],"who":%s}`, i, who))
		want = append(want, fmt.Sprintf("2  [m/%d]", i))
		told(want...)
	}
	other.say(`{"type":"watch","topics":["m/people"],"who":{"a":1}}`) // makes no sense
	other.say(`{"type":"watch","topics":["m/people"]}`)
	want = append(want, "2  [m/people]")
	told(want...)
	p.conn.Close()
	want = append(want, "1  []")
	told(want...)
	b.stop()
	told(append(want, "2  []")...)
}

// Whoever watches is told of before any frame is asked for.
func TestWatchingComesBeforeTheSnapshot(t *testing.T) {
	var told atomic.Bool
	b := start(t, hub.Options{Watching: func(any, string, []string) {
		time.Sleep(20 * time.Millisecond) // for a frame that would not wait
		told.Store(true)
	}})
	p := b.page()
	p.watch("deltas/1")
	b.await("a snapshot is asked for", func() bool { return b.refresh["deltas/1"] == 1 })
	if !told.Load() {
		t.Error("a snapshot was asked for before the owner knew who watches")
	}
}

// cable is a way to a server that can be cut without either end being told, as
// when the lid of a laptop is closed.
type cable struct {
	l   net.Listener
	cut chan struct{}
}

func newCable(t *testing.T, to string) *cable {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{l: l, cut: make(chan struct{})}
	var pipes sync.WaitGroup
	var mu sync.Mutex // guards ends
	var ends []net.Conn
	pipes.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				return
			}
			mu.Lock()
			ends = append(ends, near, far)
			mu.Unlock()
			for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
				pipes.Go(func() {
					buf := make([]byte, 4096)
					for {
						n, err := way[0].Read(buf)
						if err != nil {
							return
						}
						select {
						case <-c.cut:
							continue // lost on the way
						default:
						}
						if _, err := way[1].Write(buf[:n]); err != nil {
							return
						}
					}
				})
			}
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, end := range ends {
			end.Close()
		}
		mu.Unlock()
		pipes.Wait()
	})
	return c
}

// A browser that vanishes without a word is gone after a while; one that only
// reads, and answers pings, is not.
func TestVanishedBrowserIsGone(t *testing.T) {
	var w watched
	b := start(t, hub.Options{Watching: w.watching, PingEvery: 500 * time.Millisecond})
	quiet := b.page()
	quiet.watch("m/people")
	var reading sync.WaitGroup
	defer reading.Wait()
	defer quiet.conn.Close()
	reading.Go(func() { io.Copy(io.Discard, reader{quiet.conn}) })

	c := newCable(t, strings.TrimPrefix(b.server.URL, "http://"))
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+c.l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lost := &page{b: b, conn: conn}
	lost.watch("m/people")
	b.await("both watch", func() bool { return len(w.all()) == 2 })
	close(c.cut)
	b.await("one is gone", func() bool { return len(w.all()) == 3 })
	if last := w.all()[2]; last != "2  []" {
		t.Errorf("gone is %q, want the one that vanished", last)
	}
}

// reader reads messages as one stream.
type reader struct{ conn *websocket.Conn }

func (r reader) Read(b []byte) (int, error) {
	_, data, err := r.conn.ReadMessage()
	return copy(b, data), err
}
