//go:build linux

package e2e

import (
	"bytes"
	"io"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"webmon/e2e/webmontest"
	"webmon/shm/process/naparitest"
)

// slowLine is a line of few bits and a long round trip between a browser and a webmon, as far as the bytes of
// connections go: what is sent waits for what was sent before it by anybody, and then travels. A connection takes a
// round trip to be opened, and begins with ten segments under way and twice as many after each round trip, as TCP does.
//
// It counts in round trips, by the messages and not by a clock: a request is one later than all that its browser has
// had by then. So the count of a page is the same on a machine that is busy.
type slowLine struct {
	address string // to dial
	target  string
	rate    float64 // bytes a second, each way
	delay   time.Duration

	up, down lane

	mu          sync.Mutex // guards all below
	rounds      int        // that the browser has waited for so far
	before      int        // rounds when begin was called
	received    int        // bytes, by the browser
	connections int
	requests    []string // "GET /path", in the order in which they came
	first       *opening // when the browser said that it shows something
}

// opening is what it took until a page showed its first data.
type opening struct{ rounds, bytes, connections, requests int }

// seconds is how long that takes at least on a line of that rate in bytes a second and that round trip.
func (o opening) seconds(rate float64, trip time.Duration) float64 {
	return float64(o.rounds)*trip.Seconds() + float64(o.bytes)/rate
}

// lane is one direction of a line: one message after the other.
type lane struct {
	mu   sync.Mutex
	free time.Time // when the last one has been sent
}

// sent returns when n bytes that are to be sent now have left.
func (l *lane) sent(n int, rate float64) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(n) / rate * float64(time.Second)))
	return l.free
}

const (
	segment     = 1448         // bytes
	firstWindow = 10 * segment // that TCP sends before anything is acknowledged
	mostWindow  = 1 << 20
	// shows is what a page asks for when it shows its first data (firstData).
	shows = "/health?shows"
)

// startSlowLine lays a line to the webmon, behind a proxy that says for whom it asks, until the test ends.
func startSlowLine(t *testing.T, to address, rate float64, trip time.Duration) *slowLine {
	t.Helper()
	behind, err := url.Parse(to.base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		FlushInterval: -1,
	})
	t.Cleanup(proxy.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &slowLine{address: "http://" + listener.Addr().String(), target: proxy.Listener.Addr().String(), rate: rate, delay: trip / 2}
	var open sync.WaitGroup
	t.Cleanup(open.Wait)
	t.Cleanup(func() { listener.Close() })
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { l.carry(conn) })
		}
	})
	return l
}

// begin forgets what was counted: a page is opened next.
func (l *slowLine) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before, l.received, l.connections, l.requests, l.first = l.rounds, 0, 0, nil, nil
}

// counted returns what it took until the page showed something, nil if it does not yet.
func (l *slowLine) counted() (*opening, []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first, l.requests
}

// carry carries one connection.
func (l *slowLine) carry(browser net.Conn) {
	defer browser.Close()
	server, err := net.Dial("tcp", l.target)
	if err != nil {
		return
	}
	defer server.Close()
	l.mu.Lock()
	l.connections++
	round := l.rounds + 1 // of the handshake
	l.mu.Unlock()

	var both sync.WaitGroup
	var mu sync.Mutex // guards round, which is that of the newest request, and said
	said := false
	opened := time.Now().Add(2 * l.delay)
	both.Go(func() {
		defer server.Close()
		l.pipe(server, browser, &l.up, opened, func(b []byte) {
			l.mu.Lock()
			defer l.mu.Unlock()
			mu.Lock()
			defer mu.Unlock()
			line, _, head := bytes.Cut(b, []byte(" HTTP/1.1\r\n"))
			if !head {
				if !said { // the topics, on a socket; what follows are acknowledgements, for which nothing waits
					said, round = true, max(round, l.rounds)+1
				}
				return
			}
			round = max(round, l.rounds) + 1
			if bytes.HasSuffix(line, []byte(shows)) {
				if l.first == nil {
					l.first = &opening{rounds: l.rounds - l.before, bytes: l.received, connections: l.connections, requests: len(l.requests)}
				}
				return
			}
			l.requests = append(l.requests, string(line))
		}, nil)
	})
	both.Go(func() {
		defer browser.Close()
		l.pipe(browser, server, &l.down, time.Time{}, nil, func(n int) {
			l.mu.Lock()
			defer l.mu.Unlock()
			mu.Lock()
			defer mu.Unlock()
			l.rounds, l.received = max(l.rounds, round), l.received+n
		})
	})
	both.Wait()
}

// pipe carries one direction of a connection. leaves is told of what begins to travel, and arrives of how many bytes
// have.
func (l *slowLine) pipe(to io.Writer, from io.Reader, by *lane, opened time.Time, leaves func([]byte), arrives func(int)) {
	type parcel struct {
		bytes []byte
		due   time.Time
	}
	travelling := make(chan parcel, mostWindow/segment)
	var window struct {
		sync.Mutex
		most, under int
		room        *sync.Cond
		broken      bool
	}
	window.most = firstWindow
	window.room = sync.NewCond(&window.Mutex)
	var arriving sync.WaitGroup
	arriving.Go(func() {
		for p := range travelling {
			time.Sleep(time.Until(p.due))
			if arrives != nil {
				arrives(len(p.bytes))
			}
			_, err := to.Write(p.bytes)
			// The sender hears of it later.
			time.AfterFunc(l.delay, func() {
				window.Lock()
				defer window.Unlock()
				window.under -= len(p.bytes)
				window.most = min(window.most+len(p.bytes), mostWindow)
				window.room.Signal()
			})
			if err != nil {
				window.Lock()
				window.broken = true
				window.room.Signal()
				window.Unlock()
			}
		}
	})
	for {
		b := make([]byte, segment)
		n, err := from.Read(b)
		if n > 0 {
			if leaves != nil {
				leaves(b[:n])
			}
			window.Lock()
			for window.under+n > window.most && !window.broken {
				window.room.Wait()
			}
			window.under += n
			broken := window.broken
			window.Unlock()
			if broken {
				break
			}
			due := by.sent(n, l.rate)
			if due.Before(opened) {
				due = opened
			}
			travelling <- parcel{b[:n], due.Add(l.delay)}
		}
		if err != nil {
			break
		}
	}
	close(travelling)
	arriving.Wait()
}

// firstData tells the line when the page shows its first data: when what the page calls webmonShows is true.
const firstData = `addEventListener("DOMContentLoaded", () => {
  const look = () => {
    const shows = {
      chart: () => [...document.querySelectorAll("[data-chart]")].some(e => e.dataset.state === "live" && e.dataset.values > 0),
      tiles: () => document.querySelector("[data-viewer]")?.dataset.ready === "true",
      picture: () => document.querySelector("[data-array], [data-model]")?.dataset.pictures > 0,
      live: () => document.getElementById("socket-state")?.textContent.trim() === "live" && document.getElementById("latency")?.textContent !== "",
    };
    const kind = document.querySelector("[data-chart]") ? "chart" : document.querySelector("[data-array], [data-model]") ? "picture"
      : document.querySelector("[data-viewer]") ? "tiles" : "live";
    if (shows[kind]()) {
      window.webmonShown = performance.now();
      fetch("/health?shows");
    } else setTimeout(look, 5);
  };
  look();
});`

// TestE2ESlowLine opens each page over 5 Mbit/s with a round trip of 100 ms, in a browser that has loaded nothing before, and
// in one that has been here. What a page needs is held to, in round trips and bytes, not the time that a busy machine takes for it.
func TestE2ESlowLine(t *testing.T) {
	endToEnd(t)
	home := t.TempDir()
	python := naparitest.StartPackage(t, "numpy2", home)
	python.Run(`
import threading
process = webmon.Process("lab", launch=False)
camera = process.share("camera", (1024, 1024), "u2")
y, x = np.mgrid[:1024, :1024]
frame = (2000 + 1500 * np.sin(x / 40) * np.cos(y / 60) + np.random.default_rng(1).normal(0, 30, (1024, 1024))).astype("u2")
def publish():
    while not ended.wait(0.05):
        camera.publish(frame)
ended = threading.Event()
threading.Thread(target=publish, daemon=True).start()
`, nil)
	w := startBinary(t, webmontest.Binary(t), home, nil, "--demo", "--port", "0", "--no-token")
	w.source("lab", "connected", connected)
	const (
		rate = 5e6 / 8
		trip = 100 * time.Millisecond
	)
	l := startSlowLine(t, w.address, rate, trip)
	b := startBrowser(t)
	for _, test := range []struct {
		path   string
		rounds int // cold: connection, page, connections and files, socket (meanwhile), topics
	}{
		{"/loader?source=demo", 7}, {"/viewer?source=demo", 7}, {"/layers?source=demo", 6}, {"/controls?source=demo", 6},
		{"/arrays?source=lab&array=camera", 8}, {"/messages?source=demo", 7}, {"/status?source=demo", 6}, {"/individual/frame_time?source=demo", 7},
	} {
		t.Run(strings.Trim(test.path, "/"), func(t *testing.T) {
			p := b.open(t, wide)
			if _, err := chromedp.Call(p.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: firstData}); err != nil {
				t.Fatal(err)
			}
			for _, again := range []bool{false, true} {
				l.begin()
				p.visit(l.address + test.path)
				p.wait("the page shows its first data", "window.webmonShown > 0")
				var o *opening
				until(t, "the line has heard of it", func() string {
					if o, _ = l.counted(); o == nil {
						return "not yet"
					}
					return ""
				})
				_, requests := l.counted()
				t.Logf("again %v: shown after %d ms: %d round trips, %d bytes, %d connections, %d requests", again,
					ask[int](p, "Math.round(window.webmonShown)"), o.rounds, o.bytes, o.connections, o.requests)
				const resources = `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].map(e =>
					[e.name.split("/").pop(), "asked", Math.round(e.startTime), "begun", Math.round(e.responseStart), "had", Math.round(e.responseEnd), "bytes", e.encodedBodySize].join(" ")).join("\n")`
				t.Log(ask[string](p, resources))
				if o.rounds > test.rounds {
					t.Errorf("again %v: the page takes %d round trips, want %d at most: %q", again, o.rounds, test.rounds, requests)
				}
				if o.seconds(rate, trip) > 2 {
					t.Errorf("again %v: the page takes %.1f s at least, want 2 at most", again, o.seconds(rate, trip))
				}
				for _, r := range requests {
					if again && strings.Contains(r, "/assets/") {
						t.Errorf("a browser that has been here asks for %s", r)
					}
				}
				if again {
					continue
				}
				// Everything that was loaded was asked for at once.
				late := ask[string](p, `(() => {
					const named = new Set(document.querySelectorAll("img, link[rel=icon]").values().map(e => e.src ?? e.href));
					const all = performance.getEntriesByType("resource").filter(e => e.startTime < webmonShown && e.name.includes("/assets/") && !named.has(e.name));
					const had = e => all.some(other => other.name === e.name && other.startTime < e.startTime);
					const chain = all.filter(e => !had(e) && e.startTime > Math.min(...all.map(e => e.responseEnd)));
					return chain.map(e => e.name + " " + e.initiatorType).join(" ");
				})()`)
				if late != "" {
					t.Errorf("found out about late: %s", late)
				}
			}
			p.calm()
			p.close()
		})
	}
}
