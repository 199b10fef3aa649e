package hub_test

import (
	"testing"
	"time"

	"webmon/dashboard/hub"
)

// A browser that watches several topics of a source looks at it once.
func TestWatchers(t *testing.T) {
	b := start(t, hub.Options{})
	one, two, three := b.page(), b.page(), b.page()
	one.watch("scope/tiles", "scope/html/header")
	two.watch("scope/tiles")
	three.watch("scope-2/tiles")
	for _, want := range []struct {
		prefix string
		n      int
	}{{"scope/", 2}, {"scope-2/", 1}, {"cam/", 0}} {
		deadline := time.Now().Add(time.Minute)
		for b.hub.Watchers(want.prefix) != want.n {
			if time.Now().After(deadline) {
				t.Fatalf("%d browsers look at %s, want %d", b.hub.Watchers(want.prefix), want.prefix, want.n)
			}
			time.Sleep(time.Millisecond)
		}
	}
}
