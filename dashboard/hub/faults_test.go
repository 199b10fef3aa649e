package hub_test

import (
	"log/slog"
	"sync"
	"testing"

	"webmon/dashboard/hub"
	"webmon/fault"
)

// Whatever of the hub's owner panics, the call is lost and the connections go on.
func TestCallsThatPanic(t *testing.T) {
	faults := fault.NewLedger(slog.New(slog.DiscardHandler))
	var mu sync.Mutex
	bad := true // the functions of the options panic
	check := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		if bad {
			panic(what)
		}
	}
	b := start(t, hub.Options{
		Faults:   faults,
		Watching: func(any, string, []string) { check("cannot be counted") },
		Kinds:    map[string]func(any, []byte) error{"bad": func(any, []byte) error { check("cannot be done"); return nil }},
	}, check)
	page := b.page()
	page.watch("a", "deltas/b")
	page.say(`{"type":"bad"}`)
	b.await("the faults", func() bool { return len(faults.Counts()) == 3 }) // opening, watching, and the message
	mu.Lock()
	bad = false
	mu.Unlock()
	page.watch("a", "deltas/b")
	a := b.topic("a")
	a.Publish(text("first"))
	if got := page.next(); got != "first" {
		t.Errorf("the page gets %q", got)
	}
	mu.Lock()
	bad = true
	mu.Unlock()
	page.watch("a") // what is left cannot be closed
	page.ack()
	a.Publish(text("second"))
	for page.next() != "second" {
	}
	counts := map[string]uint64{}
	b.await("all faults", func() bool {
		for _, c := range faults.Counts() {
			counts[c.Part] = c.Times
		}
		return counts["topic"] >= 3 && counts["watching"] == 2
	})
	if counts["message"] != 1 || len(counts) != 3 {
		t.Errorf("counts %v", counts)
	}
}
