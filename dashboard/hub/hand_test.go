package hub_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// watched notes what the hub tells of its browsers. It calls them 1, 2, ... in the
// order in which the hub hears of them first, which need not be that in which they
// connected or spoke: where several speak at once they are told apart by who they are.
type watched struct {
	mu   sync.Mutex // guards all below
	said []string
	ids  map[any]int
	whos map[any]string // the last that was not ""
	gone []string       // who they were, in order
}

func (w *watched) watching(browser any, who string, topics []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ids == nil {
		w.ids, w.whos = map[any]int{}, map[any]string{}
	}
	if w.ids[browser] == 0 {
		w.ids[browser] = len(w.ids) + 1
	}
	w.said = append(w.said, fmt.Sprint(w.ids[browser], " ", who, " ", topics))
	if who != "" {
		w.whos[browser] = who
	}
	if topics == nil {
		w.gone = append(w.gone, w.whos[browser])
	}
}

func (w *watched) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.said)
}

func (w *watched) left() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.gone)
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
