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
	take := func(browser any, v hub.Value) {
		if browser == nil {
			t.Error("a value came from no browser")
		}
		got <- fmt.Sprint(v.Source, " ", v.Name, " ", v.Value, " ", v.Hand, " ", v.N)
	}
	for _, opts := range []hub.Options{{}, {Set: take}} {
		b := start(t, opts)
		p := b.page()
		p.say(`{"type":"set","source":"scope","name":"exposure","value":12.5}`)
		p.say(`{"type":"set","source":"scope","name":"mode","value":"fast","hand":"a-page-of-somebody","n":7}`)
		p.say(`{"type":"set","source":7}`)
		p.say(`{"type":"set","source":"scope","name":"on","value":true,"hand":"<script>","n":8}`)
		p.watch("a/tiles")
		b.topic("a/tiles")
	}
	for _, want := range []string{"scope exposure 12.5  0", "scope mode fast a-page-of-somebody 7", "scope on true  8"} {
		if g := <-got; g != want {
			t.Errorf("got %q, want %q", g, want)
		}
	}
}
