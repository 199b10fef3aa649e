package hub_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"webmon/dashboard/hub"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long what must happen may take on a busy machine.
const patience = time.Minute

// bench is a hub behind a server, and the topics that it has open.
type bench struct {
	t      testing.TB
	hub    *hub.Hub
	server *httptest.Server
	stop   context.CancelFunc
	served sync.WaitGroup

	mu      sync.Mutex // guards all below
	open    map[string]*hub.Topic
	refresh map[string]int
	changed chan struct{}
}

// start serves a hub. Each call of one of its functions is checked first, which may
// panic.
func start(t testing.TB, opts hub.Options, checks ...func(what string)) *bench {
	check := func(what string) {
		for _, f := range checks {
			f(what)
		}
	}
	b := &bench{t: t, open: map[string]*hub.Topic{}, refresh: map[string]int{}, changed: make(chan struct{}, 1)}
	opts.Open = func(topic *hub.Topic) error {
		check("cannot be opened")
		if strings.HasPrefix(topic.Name(), "no/") {
			return fmt.Errorf("no such topic")
		}
		if strings.HasPrefix(topic.Name(), "deltas/") {
			topic.Keep(8)
		}
		if strings.HasPrefix(topic.Name(), "pictures/") {
			topic.Pictures()
		}
		if strings.HasSuffix(topic.Name(), "/fresh") {
			topic.Fresh()
		}
		b.note(func() { b.open[topic.Name()] = topic })
		return nil
	}
	opts.Close = func(topic *hub.Topic) {
		check("cannot be closed")
		b.note(func() { delete(b.open, topic.Name()) })
	}
	opts.Refresh = func(topic *hub.Topic) {
		check("cannot be asked")
		b.note(func() { b.refresh[topic.Name()]++ })
	}
	b.hub = hub.New(opts)
	ctx, cancel := context.WithCancel(context.Background())
	b.stop = cancel
	up := websocket.Upgrader{}
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := up.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		b.served.Add(1)
		defer b.served.Done()
		b.hub.Serve(ctx, conn)
	}))
	t.Cleanup(func() {
		cancel()
		b.served.Wait()
		b.server.Close()
	})
	return b
}

func (b *bench) note(f func()) {
	b.mu.Lock()
	f()
	b.mu.Unlock()
	select {
	case b.changed <- struct{}{}:
	default: // whoever waits has enough to look at
	}
}

// await returns when ok does, or fails.
func (b *bench) await(what string, ok func() bool) {
	b.t.Helper()
	limit := time.After(patience)
	for {
		b.mu.Lock()
		done := ok()
		b.mu.Unlock()
		if done {
			return
		}
		select {
		case <-b.changed:
		case <-time.After(5 * time.Millisecond):
		case <-limit:
			b.t.Fatalf("never happened: %s", what)
		}
	}
}

func (b *bench) topic(name string) *hub.Topic {
	b.t.Helper()
	var topic *hub.Topic
	b.await("topic "+name+" opens", func() bool { topic = b.open[name]; return topic != nil })
	return topic
}

// page is a browser.
type page struct {
	b    *bench
	conn *websocket.Conn
	n    int // messages received
}

func (b *bench) page() *page {
	b.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(b.server.URL, "http"), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { conn.Close() })
	return &page{b: b, conn: conn}
}

func (p *page) say(text string) {
	p.b.t.Helper()
	if err := p.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		p.b.t.Fatal(err)
	}
}

func (p *page) watch(topics ...string) {
	p.say(`{"type":"watch","topics":["` + strings.Join(topics, `","`) + `"]}`)
}

func (p *page) ack() {
	p.say(`{"type":"ack","n":` + strconv.Itoa(p.n) + `,"ts":` + strconv.FormatFloat(float64(time.Now().UnixMicro())/1e3, 'f', 3, 64) + `}`)
}

// next returns the next message but the statistics, and acknowledges it.
func (p *page) next() string {
	p.b.t.Helper()
	got, ok := p.peek()
	if !ok {
		p.b.t.Fatal("no message came")
	}
	p.ack()
	return got
}

// peek returns the next message but the statistics, without acknowledging it.
func (p *page) peek() (string, bool) {
	p.b.t.Helper()
	p.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		_, data, err := p.conn.ReadMessage()
		if err != nil {
			return "", false
		}
		p.n++
		if !strings.HasPrefix(string(data), `{"topic":"stats"`) {
			return string(data), true
		}
	}
}

func text(s string) *hub.Message { return hub.Text([]byte(s)) }

// A page that acknowledges nothing gets no more text once what it has is old, and the newest frame when it comes back.
func TestLatestFrameWins(t *testing.T) {
	var topic *hub.Topic
	inPipes(t, hub.Options{Open: func(opened *hub.Topic) error { topic = opened; return nil }}, func(p *pipes) {
		page := p.page(`"topics":["a/tiles"]`)
		for i := 1; i <= 3; i++ {
			topic.Publish(text(strconv.Itoa(i)))
			if got := page.texts(); !slices.Equal(got, []string{strconv.Itoa(i)}) {
				t.Fatalf("got %q, want %d: what was sent just now is young", got, i)
			}
		}
		time.Sleep(time.Second)
		page.texts() // the statistics
		for i := 4; i <= 100; i++ {
			topic.Publish(text(strconv.Itoa(i)))
		}
		if got := page.texts(); len(got) > 0 {
			t.Fatalf("a page that acknowledges nothing got %q", got)
		}
		page.ack()
		if got := page.texts(); !slices.Equal(got, []string{"100"}) {
			t.Errorf("after the gap got %q, want 100", got)
		}
		if n := p.hub.Stats().Skipped; n != 96 {
			t.Errorf("%d skipped frames are counted, want 96", n)
		}
	})
}

func TestNewcomerGetsTheLastFrame(t *testing.T) {
	b := start(t, hub.Options{})
	first := b.page()
	first.watch("a/tiles")
	topic := b.topic("a/tiles")
	topic.Publish(text("old"))
	topic.Publish(text("now"))
	for first.next() != "now" {
	}
	second := b.page()
	second.watch("a/tiles")
	if got := second.next(); got != "now" {
		t.Errorf("newcomer got %q, want the last frame", got)
	}
}

func TestDeltasComeInOrderAndAfterASnapshot(t *testing.T) {
	b := start(t, hub.Options{})
	p := b.page()
	p.watch("deltas/1")
	topic := b.topic("deltas/1")
	b.await("a snapshot is asked for", func() bool { return b.refresh["deltas/1"] == 1 })
	topic.Snapshot(text("snap0"))
	if got := p.next(); got != "snap0" {
		t.Fatalf("got %q, want the snapshot", got)
	}
	for i := range 5 {
		topic.Publish(text(strconv.Itoa(i)))
	}
	for i := range 5 {
		if got := p.next(); got != strconv.Itoa(i) {
			t.Fatalf("delta %d: got %q", i, got)
		}
	}
}

func TestDeltasTooFarBehindBecomeASnapshot(t *testing.T) {
	var topic *hub.Topic
	asked := 0
	inPipes(t, hub.Options{
		Open:    func(opened *hub.Topic) error { topic = opened; topic.Keep(8); return nil },
		Refresh: func(*hub.Topic) { asked++ },
	}, func(p *pipes) {
		page := p.page(`"topics":["deltas/1"]`)
		if asked != 1 {
			t.Fatalf("a snapshot was asked for %d times", asked)
		}
		topic.Snapshot(text("snap0"))
		time.Sleep(time.Second) // what the page has is old now
		for i := range 20 {     // only the last 8 are kept
			topic.Publish(text(strconv.Itoa(i)))
		}
		if got := page.texts(); !slices.Equal(got, []string{"snap0"}) {
			t.Fatalf("got %q, want the snapshot", got)
		}
		page.ack()
		if asked != 2 {
			t.Fatalf("a snapshot was asked for %d times, want one more", asked)
		}
		topic.Snapshot(text("snap20"))
		topic.Publish(text("20"))
		if got := page.texts(); !slices.Equal(got, []string{"snap20", "20"}) {
			t.Errorf("got %q, want the new snapshot and the delta after it", got)
		}
	})
}

func TestWatchReplacesAndResends(t *testing.T) {
	b := start(t, hub.Options{})
	p := b.page()
	p.watch("a/one", "a/two", "no/such")
	one, two := b.topic("a/one"), b.topic("a/two")
	one.Publish(text("one"))
	if got := p.next(); got != "one" {
		t.Fatalf("got %q, want one", got)
	}
	p.watch("a/one") // drawn again: the same frame is needed again
	if got := p.next(); got != "one" {
		t.Errorf("after watching again got %q, want one", got)
	}
	b.await("the other topic closes", func() bool { return b.open["a/two"] == nil })
	two.Publish(text("two")) // to nobody
	one.Publish(text("one again"))
	if got := p.next(); got != "one again" {
		t.Errorf("got %q, want one again", got)
	}
	p.conn.Close()
	b.await("all topics close with the last browser", func() bool { return len(b.open) == 0 })
	b.await("the browser is forgotten", func() bool { return b.hub.Stats().Browsers == 0 })
}

func TestNonsenseFromAPageCostsNobodyAnything(t *testing.T) {
	b := start(t, hub.Options{})
	p := b.page()
	p.watch("a/one")
	topic := b.topic("a/one")
	for _, nonsense := range []string{
		``, `{`, `[]`, `null`, `"watch"`, `{"type":"watch"`, `{"type":"ack","n":-1}`, `{"type":"ack","n":1e99}`,
		`{"type":"ack","n":99999999999999999999999}`, `{"type":"boo"}`, `{"type":"ack","n":`, "\x00\xff",
	} {
		p.say(nonsense)
	}
	topic.Publish(text("still here"))
	if got := p.next(); got != "still here" {
		t.Errorf("got %q", got)
	}
}

func TestTooLongMessageEndsOnlyThatBrowser(t *testing.T) {
	b := start(t, hub.Options{})
	bad, good := b.page(), b.page()
	good.watch("a/one")
	topic := b.topic("a/one")
	bad.conn.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("x", 1<<20))) // may be cut off while it writes
	b.await("the browser is dropped", func() bool { return b.hub.Stats().Browsers == 1 })
	topic.Publish(text("fine"))
	if got := good.next(); got != "fine" {
		t.Errorf("got %q", got)
	}
}

func TestGreetingAndGoodbye(t *testing.T) {
	b := start(t, hub.Options{Greeting: func() []byte { return []byte(`{"topic":"hello"}`) }})
	p := b.page()
	if got := p.next(); got != `{"topic":"hello"}` {
		t.Errorf("first message is %q, want the greeting", got)
	}
	b.hub.Farewell(text("bye"))
	b.stop()
	last := ""
	p.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		_, data, err := p.conn.ReadMessage()
		if err == nil {
			last = string(data)
			continue
		}
		if last != "bye" {
			t.Errorf("last message %q, want the farewell", last)
		}
		if !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
			t.Errorf("closed with %v, want 1012 so that pages come back", err)
		}
		return
	}
}

func TestManyBrowsersUnderRace(t *testing.T) {
	b := start(t, hub.Options{})
	var pages sync.WaitGroup
	const last = "300"
	keeper := b.page()
	keeper.watch("a/one", "deltas/1")
	topic := b.topic("a/one")
	for range 20 {
		p := b.page()
		pages.Go(func() {
			p.watch("a/one")
			for {
				got, ok := p.peek()
				if !ok {
					t.Error("a browser got no more frames")
					return
				}
				if got == last {
					return
				}
				p.conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"ack","n":`+strconv.Itoa(p.n)+`}`))
			}
		})
	}
	for i := range 301 {
		topic.Publish(text(strconv.Itoa(i)))
		time.Sleep(time.Millisecond / 4)
	}
	pages.Wait()
}
