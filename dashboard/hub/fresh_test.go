package hub_test

import (
	"testing"

	"webmon/dashboard/hub"
)

// A page that shows more than before goes on with what it was told of the rest:
// an older snapshot, and all that has come since, would be seen.
func TestWatchingMoreGoesOn(t *testing.T) {
	b := start(t, hub.Options{})
	p := b.page()
	p.watch("deltas/1")
	topic := b.topic("deltas/1")
	b.await("a snapshot is asked for", func() bool { return b.refresh["deltas/1"] == 1 })
	topic.Snapshot(text("snap"))
	topic.Publish(text("one"))
	for p.next() != "one" {
	}
	p.say(`{"type":"watch","topics":["deltas/1","a/picture"],"keep":true}`)
	b.topic("a/picture").Publish(text("picture"))
	if got := p.next(); got != "picture" {
		t.Fatalf("got %q, want what is new alone", got)
	}
	// A frame that stands for itself is sent again: what shows it may be new.
	p.say(`{"type":"watch","topics":["deltas/1","a/picture","a/other"],"keep":true}`)
	if got := p.next(); got != "picture" {
		t.Fatalf("got %q, want the picture again", got)
	}
	topic.Publish(text("two"))
	if got := p.next(); got != "two" {
		t.Fatalf("got %q, want the next delta", got)
	}
	p.watch("deltas/1") // drawn again
	for i, want := range []string{"snap", "one", "two"} {
		if got := p.next(); got != want {
			t.Errorf("frame %d is %q, want %q", i, got, want)
		}
	}
}

// Of a topic that is to be fresh a newcomer sees nothing that was so before.
func TestNewcomerToAFreshTopic(t *testing.T) {
	b := start(t, hub.Options{})
	first := b.page()
	first.watch("deltas/fresh")
	topic := b.topic("deltas/fresh")
	b.await("a snapshot is asked for", func() bool { return b.refresh["deltas/fresh"] == 1 })
	topic.Snapshot(text("snap0"))
	topic.Publish(text("one"))
	for first.next() != "one" {
	}
	second := b.page()
	second.watch("deltas/fresh")
	b.await("a snapshot is asked for again", func() bool { return b.refresh["deltas/fresh"] == 2 })
	topic.Publish(text("two")) // comes before it, and is in it
	topic.Snapshot(text("snap2"))
	if got := second.next(); got != "snap2" {
		t.Errorf("a newcomer got %q, want the new snapshot", got)
	}
	topic.Publish(text("three"))
	for _, p := range []*page{first, second} {
		got := p.next()
		if p == first && got == "two" {
			got = p.next()
		}
		if got != "three" {
			t.Errorf("got %q, want the next delta", got)
		}
	}
}
