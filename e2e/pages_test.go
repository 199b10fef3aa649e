//go:build linux

package e2e

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"webmon/shm/manager"
	"webmon/shm/pickle"
)

// TestE2EPages holds pages to what they do while a process comes and goes and
// says what the test has it say: a napari on the real wire, without the pictures.
func TestE2EPages(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	n := startSpeaker(t)
	w := startProgram(t, t.TempDir(), "--port", quietPort(t), "--connect", n.address)
	b := startBrowser(t)
	p := b.open(t, wide)

	// What was in the queue when webmon came is not new: so until it is heard.
	p.visit(w.url)
	p.live()
	until(t, "webmon hears the process", func() string {
		n.say("hello", pickle.NewDict("note", "here"))
		list := w.sources()
		if len(list) == 1 && list[0].Connected && slices.Contains(list[0].Topics, "hello") {
			return ""
		}
		return fmt.Sprint(list)
	})

	t.Run("messages", func(t *testing.T) { messagesPage(t, p, w, n) })
	t.Run("a zoomed chart", func(t *testing.T) { zoomedChart(t, p, w, n) })
	t.Run("show grid", func(t *testing.T) { gridSwitch(t, p, w, n) })
	p.calm()
	p.stayedHome(w.hosts()...)
}

// zoomedChart zooms into a long window, whose buckets are a second wide, until
// the values themselves are seen.
func zoomedChart(t *testing.T, p *page, w *webmon, n *speaker) {
	p.t = t
	const count = 60
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for i := range count { // apart, so that each is a value of its own
		<-ticker.C
		n.say("wave", pickle.NewDict("x", 100+float64(i)))
	}
	until(t, "webmon has all values", func() string {
		if got := w.count("napari", "wave", 900); got != count {
			return fmt.Sprintf("it has %d of %d", got, count)
		}
		return ""
	})
	p.visit(w.home + "/individual/wave.x?window=900")
	p.live()
	p.wait("the chart shows them", fmt.Sprintf(`document.querySelector("[data-chart]").dataset.values === "%d"`, count))
	if got := ask[string](p, `document.querySelector("[data-chart]").dataset.width`); got != "1000" {
		t.Errorf("a quarter of an hour is drawn in buckets of %s ms, want 1000", got)
	}
	ask[bool](p, `(document.querySelector("[data-chart-picture]").focus(), true)`)
	p.key(kb.End)
	for range 12 { // to some seven seconds
		p.key("+")
	}
	p.wait("the values themselves have come", `document.querySelector("[data-chart]").dataset.width < 10`)
	p.wait("all of them are drawn", fmt.Sprintf(`document.querySelector("[data-chart]").dataset.values === "%d"`, count))
	p.says("[data-chart-state]", "zoomed to")
	p.shot("chart-zoomed")
	// The reading line reads single values now, to the millisecond.
	until(t, "the reading line comes to a value", func() string {
		p.key(kb.ArrowLeft)
		if got := p.text("[data-chart-readout]"); !regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{2,} 1[0-5]\d$`).MatchString(got) {
			return fmt.Sprintf("it reads %q", got)
		}
		return ""
	})
	p.click("[data-chart-legend] button")
	p.wait("the legend hides the line", `document.querySelector("[data-chart]").dataset.values === "0"`)
	p.click("[data-chart-legend] button")
	p.wait("and shows it", fmt.Sprintf(`document.querySelector("[data-chart]").dataset.values === "%d"`, count))
	p.click("[data-action=pause]")
	p.says("[data-chart-state]", "paused")
	p.click("[data-action=pause]")
	p.click("[data-chart-live]")
	p.wait("the live window is back", `document.querySelector("[data-chart]").dataset.width === "1000" && document.querySelector("[data-chart]").dataset.state === "live"`)
}

// gridSwitch watches the switch on a page that stays open while the process
// goes and comes back.
func gridSwitch(t *testing.T, p *page, w *webmon, n *speaker) {
	p.t = t
	p.visit(w.home + "/viewer")
	p.live()
	ask[bool](p, `(window.stays = true)`)
	p.wait("the switch can be used", `!document.querySelector("#command-show_grid button").disabled`)
	n.stop()
	p.wait("the switch cannot be used", `document.querySelector("#command-show_grid button").disabled`)
	p.wait("the switch says why", `document.querySelector("#command-show_grid").title === "napari is gone."`)
	p.key("g") // does nothing, and complains about nothing
	p.shot("grid-gone")

	again := startSpeakerAt(t, n.address)
	p.wait("the switch can be used again", `!document.querySelector("#command-show_grid button").disabled`)
	if got := ask[string](p, `document.querySelector("#command-show_grid").title`); got != "" {
		t.Errorf("a switch that can be used says %q", got)
	}
	// It is still a form that sends, with the token that forms need.
	p.click("#command-show_grid button")
	p.wait("the switch has changed", `document.querySelector("#command-show_grid button").getAttribute("aria-checked") === "false"`)
	until(t, "the process is told", func() string {
		if v, err := again.commands.TryGet(); err != nil {
			return err.Error()
		} else if got := fmt.Sprint(v); !strings.Contains(got, "show_grid") {
			return got
		}
		return ""
	})
	p.says("#command-show_grid .control-life", "Taken")

	// Somebody else's command shows here too.
	if status, err := w.try("POST", "/sources/napari/commands/show_grid", `{"show_grid": true}`, nil); err != nil || status != 202 {
		t.Fatalf("POST show_grid: status %d: %v", status, err)
	}
	p.wait("the switch shows what somebody else sent", `document.querySelector("#command-show_grid button").getAttribute("aria-checked") === "true"`)
	if !ask[bool](p, `window.stays`) {
		t.Error("the page was loaded again")
	}
}

// messagesPage looks at a page of many topics of which few change.
func messagesPage(t *testing.T, p *page, w *webmon, n *speaker) {
	p.t = t
	for i := range 30 {
		n.say(fmt.Sprintf("still_%02d", i), pickle.NewDict("inner", pickle.NewDict("deep", pickle.NewDict("leaf", "quiet"))))
	}
	for i := range 5 { // a number that comes again becomes a chart
		n.say("stage", pickle.NewDict("x", 1.5+float64(i), "y", 2.5))
	}
	p.visit(w.home + "/messages")
	p.live()
	p.wait("all topics are listed", `document.querySelectorAll("[data-message-topic]").length === 32`)
	p.wait("the numbers have charts", `document.querySelectorAll("[data-chart]").length === 2`)

	// What people have opened, closed and focused stays, whatever changes.
	ask[bool](p, `(() => {
		const still = document.querySelector('[data-message-topic="still_03"] details.topic');
		still.open = false;
		window.kept = still.parentElement;
		window.stage = document.querySelector('[data-message-topic="stage"]');
		stage.querySelector("details.disclosure").open = true;
		stage.querySelector("details.disclosure summary").focus();
		window.changes = [];
		new MutationObserver(list => {
			for (const change of list) {
				const item = (change.target.closest ? change.target : change.target.parentElement)?.closest("[data-message-topic]");
				// Ages tick everywhere.
				if (item && !(change.target.closest ? change.target : change.target.parentElement).closest("[data-age]")) changes.push(item.dataset.messageTopic);
			}
		}).observe(document.getElementById("live-messages"), {subtree: true, childList: true, characterData: true, attributes: true});
		return true;
	})()`)
	n.say("stage", pickle.NewDict("x", 77.25, "y", 2.5))
	p.says(`[data-message-topic="stage"] .tree`, "77.25")
	if got := ask[string](p, `[
		kept === document.querySelector('[data-message-topic="still_03"]'), kept.querySelector("details.topic").open,
		stage.querySelector("details.disclosure").open, document.activeElement === stage.querySelector("details.disclosure summary"),
	].join()`); got != "true,false,true,true" {
		t.Errorf("element kept, topic open, recent open, focus kept: %s, want true,false,true,true", got)
	}

	// A new topic stands in its place in the list, and disturbs nobody.
	n.say("still_03_b", pickle.NewDict("note", "new"))
	p.wait("the new topic is listed", `document.querySelector('[data-message-topic="still_03_b"]')?.previousElementSibling === kept`)
	if got := ask[string](p, `[kept.querySelector("details.topic").open, document.activeElement === stage.querySelector("details.disclosure summary")].join()`); got != "false,true" {
		t.Errorf("after a new topic: topic open, focus kept: %s, want false,true", got)
	}

	// Nothing of a topic that has not changed is touched, once the others'
	// rates have come to rest.
	x := 100.25
	until(t, "one message to stage changes stage alone", func() string {
		x++
		ask[bool](p, `(changes.length = 0, true)`)
		n.say("stage", pickle.NewDict("x", x, "y", 2.5))
		p.says(`[data-message-topic="stage"] .tree`, fmt.Sprint(x))
		if got := ask[string](p, `[...new Set(changes)].join()`); got != "stage" {
			return "it changes " + got
		}
		return ""
	})

	// The search goes over topics and charts.
	ask[bool](p, `(() => {
		const field = document.getElementById("messages-search");
		window.search = text => { field.value = text; field.dispatchEvent(new Event("input", {bubbles: true})); };
		window.shown = selector => [...document.querySelectorAll(selector)].filter(e => e.checkVisibility()).map(e => e.dataset.messageTopic ?? e.dataset.chart).join();
		search("stage.x");
		return true;
	})()`)
	if got := ask[string](p, `shown("[data-chart]") + " " + shown("[data-message-topic]")`); got != "stage.x " {
		t.Errorf("a search for a chart alone shows %q, want the chart stage.x and no topic", got)
	}
	if ask[bool](p, `document.querySelector("[data-filter-none]").checkVisibility()`) {
		t.Error("a search that finds a chart says that there is nothing")
	}
	ask[bool](p, `(search("leaf"), true)`)
	if got := ask[string](p, `shown("[data-chart]") + " " + document.querySelectorAll("[data-message-topic]:not([hidden])").length`); got != " 30" {
		t.Errorf("a search for what 30 topics hold shows %q, want no chart and 30", got)
	}
	ask[bool](p, `(search("quiet"), true)`)
	n.say("still_05_a", pickle.NewDict("other", "word"))
	p.wait("the search holds for what comes later", `document.querySelector('[data-message-topic="still_05_a"]')?.hidden`)
	ask[bool](p, `(search("xyzzy"), true)`)
	p.says("[data-filter-none]", "No topic")
	ask[bool](p, `(search(""), true)`)
	if got := ask[string](p, `shown("[data-chart]")`); got != "stage.x,stage.y" {
		t.Errorf("without a search the charts %q stand, want both", got)
	}

	// Paused the page stands still; then it is brought up to date at once.
	p.key(" ")
	p.says("#paused", "Paused")
	n.say("stage", pickle.NewDict("x", 90.25, "y", 2.5))
	n.say("still_05_b", pickle.NewDict("note", "came in the pause"))
	w.source("napari", "one with the new topic", func(source watched) bool { return slices.Contains(source.Topics, "still_05_b") })
	n.say("stage", pickle.NewDict("x", 91.25, "y", 2.5))
	if got := p.text("#live-messages"); strings.Contains(got, "90.25") || strings.Contains(got, "still_05_b") {
		t.Error("the page changes while it is paused")
	}
	p.key(" ")
	p.says(`[data-message-topic="stage"] .tree`, "91.25")
	p.says("#live-messages", "still_05_b")
	if ask[bool](p, `kept.querySelector("details.topic").open`) {
		t.Error("after a pause a topic that was closed is open")
	}
	p.shot("messages-many-topics")
}

// speaker is a watched process that says what a test has it say.
type speaker struct {
	t        *testing.T
	address  string
	data     *manager.Dict
	messages *manager.Queue
	commands *manager.Queue
	stop     func() // ends the process
}

func startSpeaker(t *testing.T) *speaker {
	t.Helper()
	return startSpeakerAt(t, "127.0.0.1:0")
}

func startSpeakerAt(t *testing.T, address string) *speaker {
	t.Helper()
	s := &speaker{t: t, data: manager.NewDict(), messages: manager.NewQueue(0), commands: manager.NewQueue(0)}
	server, err := manager.NewServer(manager.ServerOptions{
		Authkey: []byte("napari"),
		Resources: map[string]manager.Resource{
			"napari_data": s.data, "napari_messages": s.messages, "napari_shutdown": manager.NewEvent(),
			"client_data": manager.NewDict(), "client_messages": s.commands,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := server.Serve(ctx, l); err != nil {
			t.Errorf("the process's manager: %v", err)
		}
	})
	s.stop = func() {
		cancel()
		done.Wait()
	}
	t.Cleanup(s.stop)
	return s
}

func (s *speaker) say(topic string, v pickle.Value) {
	s.t.Helper()
	if err := s.messages.Put(pickle.NewDict(topic, v)); err != nil {
		s.t.Fatal(err)
	}
}
