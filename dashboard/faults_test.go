package dashboard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/a-h/templ"

	"webmon/dashboard"
	"webmon/dashboard/hub"
	"webmon/dashboard/tab"
	"webmon/fault"
	"webmon/shm"
)

// record is a log that tests read.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

// parts are the frames of a feed, as functions.
type parts struct{ snapshot, next func(now time.Time) []byte }

func (p parts) Snapshot(now time.Time) []byte { return p.snapshot(now) }
func (p parts) Next(now time.Time) []byte     { return p.next(now) }

// fragile is a tab all of whose parts panic while the process says "bad" of them, except
// for the feed "sound".
func fragile() tab.Tab {
	says := func(at tab.Place, part string) bool {
		v, _, _ := at.Source.State(part)
		return v == "bad"
	}
	text := func(at tab.Place, seq *int) []byte {
		*seq++
		return fmt.Appendf(nil, `{"topic":%q,"kind":"well","seq":%d}`, at.Topic, *seq)
	}
	feed := func(snapshot, next string) tab.NewFeed {
		return func(at tab.Place) (tab.Feed, error) {
			if says(at, "opening "+next) {
				panic("a feed that cannot be opened")
			}
			seq := 0
			return tab.Feed{Wants: []string{"*"}, Ordered: true, Frames: parts{
				func(time.Time) []byte {
					if says(at, snapshot) {
						panic("a snapshot that makes no sense")
					}
					return text(at, &seq)
				},
				func(time.Time) []byte {
					if says(at, next) {
						panic(fmt.Errorf("a frame that makes no sense: %w", io.ErrUnexpectedEOF))
					}
					return text(at, &seq)
				},
			}}, nil
		}
	}
	return tab.Tab{
		Slug: "fragile", Title: "Fragile",
		Page: func(v tab.View) templ.Component {
			if says(tab.Place{Source: v.Source}, "page") {
				panic("a page that cannot be drawn")
			}
			return templ.Raw("well")
		},
		Feeds: map[string]tab.NewFeed{"sound": feed("-", "-"), "nexts": feed("-", "next"), "snaps": feed("snapshot", "-")},
		Pictures: map[string]tab.NewPictures{"painted": func(at tab.Place) (tab.Pictures, error) {
			return tab.Pictures{Wants: []string{"*"}, Next: tab.AsIs(func(time.Time) *hub.Message {
				if says(at, "picture") {
					panic("a picture that cannot be drawn")
				}
				return hub.Text(fmt.Appendf(nil, `{"topic":%q,"kind":"well"}`, at.Topic))
			})}, nil
		}, "waited": func(at tab.Place) (tab.Pictures, error) {
			var ready atomic.Bool
			look := make(chan struct{}, 1)
			return tab.Pictures{Wants: []string{"*"}, Next: tab.AsIs(func(time.Time) *hub.Message {
				shm.Signal(look)
				if !ready.Swap(false) {
					return nil
				}
				return hub.Text(fmt.Appendf(nil, `{"topic":%q,"kind":"well"}`, at.Topic))
			}), Run: func(ctx context.Context, wake func()) {
				for {
					select {
					case <-ctx.Done():
						return
					case <-look:
					}
					if says(at, "waiting") {
						panic("what is waited for makes no sense")
					}
					ready.Store(true)
					wake()
				}
			}}, nil
		}},
	}
}

// A panic in a feed, in a picture or in a page ends that, and nothing else: other feeds of
// the source go on, of the same browser and of others, and it comes back once its cause is
// gone. It is told on the page, in the log once with its stack, and in the metrics.
func TestAPanicIsKeptToItsPart(t *testing.T) {
	var log record
	s := open(t, dashboard.Options{Token: token, Tabs: []tab.Tab{fragile()}, Faults: fault.NewLedger(slog.New(slog.NewTextHandler(&log, nil)))})
	tick := func() { s.sink.State("tick", time.Now().String()) }
	other := s.socket("napari/sound")
	for _, test := range []struct{ part, topic, words string }{
		{"next", "napari/nexts", "a frame that makes no sense"},
		{"snapshot", "napari/snaps", "a snapshot that makes no sense"},
		{"opening next", "napari/nexts/new", "a feed that cannot be opened"},
		{"picture", "napari/painted", "a picture that cannot be drawn"},
		{"waiting", "napari/waited", "what is waited for makes no sense"},
		{"page", "", "a page that cannot be drawn"},
	} {
		before := strings.Count(log.String(), "stack=")
		s.sink.State(test.part, "bad")
		page := s.socket(test.topic, "napari/sound", "napari/html/header")
		if test.part == "page" {
			if status, body := s.ask("GET", "/fragile", "", "Accept", "text/html"); status != 500 || !strings.Contains(body, "its log says what") {
				t.Errorf("page: %d %s", status, body)
			}
		}
		eventually(t, test.part+" has panicked", func() bool {
			tick()
			return strings.Contains(log.String(), test.words)
		})
		for range 3 {
			tick()
			page.until(`"topic":"napari/sound"`)
			other.until(`"topic":"napari/sound"`)
		}
		switch test.part {
		case "next", "snapshot", "picture", "waiting":
			if html := page.until("has failed because of a fault in webmon"); !strings.Contains(html, "Everything else goes on") {
				t.Errorf("%s: the page says %s", test.part, html)
			}
		}
		s.sink.State(test.part, "good")
		switch test.part {
		case "page":
			if status, body := s.ask("GET", "/fragile", "", "Accept", "text/html"); status != 200 {
				t.Errorf("page: %d %s", status, body)
			}
		case "opening next": // it was refused to this browser; the next one gets it
			s.socket(test.topic).until(`"kind":"well"`)
		default:
			for strings.Contains(page.until(`"topic":"`+test.topic+`"`), `"kind":"bad"`) {
			}
		}
		if n := strings.Count(log.String(), "stack=") - before; n != 1 {
			t.Errorf("%s: %d stacks are in the log, want one: %s", test.part, n, log.String())
		}
	}
	_, metrics := s.ask("GET", "/metrics", "")
	for _, want := range []string{`webmon_faults_total{part="feed"}`, `webmon_faults_total{part="topic"} 1`, `webmon_faults_total{part="request"} 1`, `kind="fault.feed"`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

// A command's outcome, a message of a page, and what a process sends.
func TestPanicsOfOthers(t *testing.T) {
	var log record
	s := open(t, dashboard.Options{Token: token, Faults: fault.NewLedger(slog.New(slog.NewTextHandler(&log, nil)))})
	s.sink.Fault("Reading the value stage", fault.Do(func() { panic("no such stage") }))
	page := s.socket("napari/html/header")
	page.until("Reading the value stage has failed because of a fault in webmon")
	s.sink.Fault("What is none", errors.New("an error like any other"))
	if text := log.String(); strings.Count(text, "stack=") != 1 || !strings.Contains(text, "no such stage") {
		t.Errorf("the log has %s", text)
	}
}

// An adapter that panics is a connection that was lost. It is tried again, and other
// sources go on.
func TestAPanicOfAnAdapter(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	page := s.socket("napari/html/header")
	page.until("live-header")
	s.process.end <- panicking{}
	page.until("because webmon has a fault there (a fault in webmon: the adapter has lost its mind)")
	// It is the same process, and attached again.
	select {
	case s.sink = <-s.process.sink:
	case <-time.After(patience):
		t.Fatal("the process was not attached again")
	}
	eventually(t, "the page is live again", func() bool {
		s.sink.Frame(0)
		_, body := s.ask("GET", "/api/v1/sources", "")
		return strings.Contains(body, `"connected":true`)
	})
	if _, metrics := s.ask("GET", "/metrics", ""); !strings.Contains(metrics, `webmon_faults_total{part="adapter"} 1`) {
		t.Error("the metrics do not count it")
	}
}

// panicking makes the Run of a process panic.
type panicking struct{}

func (panicking) Error() string { return "panic" }

// A process may call its topics what is no UTF-8, and what Prometheus allows no label to
// be. Two that look the same then are still no reason to tell nothing.
func TestMetricsOfStrangeNames(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	for _, topic := range []string{"a\xff", "a\xfe", "lone \xed\xa0\x80"} {
		s.sink.Event(shm.Event{Topic: topic, Value: int64(1)})
		s.sink.Notice(topic, "a notice")
	}
	s.sink.State(shm.TopicLost, shm.Lost{Total: 3, Topics: map[string]uint64{"b\xff": 3}})
	status, metrics := s.ask("GET", "/metrics", "")
	if status != 200 || !strings.Contains(metrics, "webmon_browsers 0") || !strings.Contains(metrics, `topic="a`+"\ufffd") {
		t.Errorf("%d %s", status, metrics)
	}
	if strings.Contains(metrics, "webmon_faults_total") {
		t.Error("something panicked")
	}
}
