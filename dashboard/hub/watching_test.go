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
