package dashboard_test

import (
	"fmt"
	"strings"
	"testing"

	"webmon/components/ui"
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

// What a process has not kept is on the pages and in the metrics.
func TestLostMessagesAreSaid(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.sink.Event(shm.Event{Topic: "b", Value: map[string]shm.Value{"k": int64(1)}})
	messages, status := s.socket("napari/html/messages"), s.socket("napari/html/status")
	if whole := messages.until(`data-message-topic="b"`); strings.Contains(whole, "lost") {
		t.Errorf("something is lost already: %s", whole)
	}
	s.sink.State(shm.TopicLost, shm.Lost{Total: 11_810, Topics: map[string]uint64{"b": 11_807}})
	messages.until(ui.Count(11_807) + " lost")
	if whole := s.socket("napari/html/messages").until(`data-message-topic="b"`); !strings.Contains(whole, ui.Count(11_810)+" messages were lost") {
		t.Errorf("the page does not say what was lost: %s", whole)
	}
	status.until(ui.Count(11_810))
	s.sink.State(shm.TopicLost, shm.Lost{Total: 11_811, Topics: map[string]uint64{"b": 11_808}})
	messages.until(ui.Count(11_808) + " lost") // also where nothing else of the topic has changed
	_, body := s.ask("GET", "/metrics", "")
	for _, want := range []string{`webmon_source_events_lost_total{source="napari",topic="b"} 11808`, `webmon_source_events_lost_total{source="napari",topic=""} 3`} {
		if !strings.Contains(body, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	_, body = s.ask("GET", "/api/v1/sources/napari/state", "")
	if !strings.Contains(body, `"webmon.lost":{"total":11811,"topics":{"b":11808}}`) {
		t.Errorf("the state is %s", body)
	}
}
