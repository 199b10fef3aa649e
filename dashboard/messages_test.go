package dashboard_test

import (
	"fmt"
	"strings"
	"testing"

	"webmon/dashboard"
	"webmon/shm"
)

// Of many topics those alone are rendered and sent that have changed.
func TestMessagesSendsTopicsThatChanged(t *testing.T) {
	const topics = 60
	s := open(t, dashboard.Options{Token: token})
	say := func(name string, n int) {
		s.sink.Event(shm.Event{Topic: name, Value: map[string]shm.Value{"note": fmt.Sprintf("value-%d", n)}})
	}
	for i := range topics {
		say(fmt.Sprintf("topic_%02d", i), i)
	}
	socket := s.socket("napari/html/messages")
	whole := socket.until(`hx-target="#live-messages"`)
	if n := strings.Count(whole, "data-message-topic="); n != topics {
		t.Fatalf("the page begins with %d topics, want %d", n, topics)
	}

	// Rates go on changing for seconds after a message, each for itself; none
	// of it may bring a topic along that has not changed.
	say("topic_07", 1007)
	frame := socket.until("value-1007")
	if strings.Contains(frame, `hx-target="#live-messages"`) || strings.Contains(frame, "data-message-topic=") {
		t.Errorf("for one topic all are sent: %d bytes, of %d for the whole list", len(frame), len(whole))
	}
	if !strings.Contains(frame, `hx-target="#topic-event-topic_07"`) {
		t.Errorf("the changed topic has no frame of its own: %.200s", frame)
	}

	say("topic_30_b", 2)
	whole = socket.until("topic_30_b")
	before, after, ok := strings.Cut(whole, `data-message-topic="topic_30_b"`)
	if !ok || !strings.Contains(before, `data-message-topic="topic_30"`) || !strings.Contains(after, `data-message-topic="topic_31"`) {
		t.Error("a new topic does not stand in its place in the list")
	}

	// Whoever comes later gets everything, be it in one frame or in several.
	late := s.socket("napari/html/messages")
	late.until(`hx-target="#live-messages"`)
	say("topic_07", 1008)
	late.until("value-1008")
	late = s.socket("napari/html/messages")
	if got := late.until("topic_30_b"); !strings.Contains(got, "value-1007") {
		t.Error("a page opened later does not learn what came before")
	}
}
