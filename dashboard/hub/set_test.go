package hub_test

import (
	"fmt"
	"testing"

	"webmon/dashboard/hub"
)

// What a hand drags through reaches whoever takes it, in order; where nobody
// does, the connection goes on.
func TestSet(t *testing.T) {
	got := make(chan string, 8)
	take := func(browser any, source, name string, value any) {
		if browser == nil {
			t.Error("a value came from no browser")
		}
		got <- fmt.Sprint(source, " ", name, " ", value)
	}
	for _, opts := range []hub.Options{{}, {Set: take}} {
		b := start(t, opts)
		p := b.page()
		p.say(`{"type":"set","source":"scope","name":"exposure","value":12.5}`)
		p.say(`{"type":"set","source":"scope","name":"mode","value":"fast"}`)
		p.say(`{"type":"set","source":7}`)
		p.say(`{"type":"set","source":"scope","name":"on","value":true}`)
		p.watch("a/tiles")
		b.topic("a/tiles")
	}
	for _, want := range []string{"scope exposure 12.5", "scope mode fast", "scope on true"} {
		if g := <-got; g != want {
			t.Errorf("got %q, want %q", g, want)
		}
	}
}
