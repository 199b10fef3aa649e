package hub_test

import (
	"errors"
	"strings"
	"testing"

	"webmon/dashboard/hub"
)

// A message of a kind that somebody has asked for reaches them as it came, in
// order; what nobody takes, and what makes no sense to them, costs no connection.
func TestKinds(t *testing.T) {
	got := make(chan string, 16)
	take := func(browser any, message []byte) error {
		if browser == nil {
			t.Error("a message came from no browser")
		}
		got <- string(message)
		return errors.New("it makes no sense")
	}
	long := `{"type":"set","value":"` + strings.Repeat("a", 16_000) + `"}`
	for _, opts := range []hub.Options{{}, {Kinds: map[string]func(any, []byte) error{"set": take}}} {
		b := start(t, opts)
		p := b.page()
		p.say(`{"type":"set","name":"exposure","value":12.5}`)
		p.say(`{"type":"other","name":"exposure"}`)
		p.say(`{"type":"set"`)
		p.say(`{"type":7}`)
		p.say(long)
		p.say(`{ "value": [1, null], "type": "set" }`)
		p.watch("a/tiles")
		b.topic("a/tiles")
	}
	for _, want := range []string{`{"type":"set","name":"exposure","value":12.5}`, long, `{ "value": [1, null], "type": "set" }`} {
		if g := <-got; g != want {
			t.Errorf("got %q, want %q", g, want)
		}
	}
	if len(got) > 0 {
		t.Errorf("got %q too", <-got)
	}
}
