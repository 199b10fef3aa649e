package dashboard_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"webmon/dashboard"
	"webmon/shm"
)

func TestPartOfAChart(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	began := time.Now()
	for i := range 5 {
		s.sink.Event(shm.Event{Topic: "frame_time", Value: map[string]shm.Value{"delta_ms": float64(10 + i)}})
		s.sink.Event(shm.Event{Topic: "stage", Value: map[string]shm.Value{"x": float64(i)}})
	}
	ms := func(t time.Time) string { return fmt.Sprint(t.UnixMilli()) }
	from, to := ms(began.Add(-time.Second)), ms(time.Now().Add(time.Second))

	for _, chart := range []string{"frame_time", "stage.x", "frame_rate"} {
		status, body := s.ask("GET", "/api/v1/sources/napari/charts/"+chart+"?from="+from+"&to="+to, "")
		var frame struct {
			Kind  string
			Width float64
			Since float64
			Lines [][]float64
		}
		if err := json.Unmarshal([]byte(body), &frame); status != 200 || err != nil {
			t.Fatalf("%s: status %d, %v: %.200s", chart, status, err, body)
		}
		if frame.Kind != "part" || len(frame.Lines) != 1 {
			t.Errorf("%s: a %q of %d lines, want a part of one", chart, frame.Kind, len(frame.Lines))
		}
		if chart == "frame_rate" {
			if frame.Width != 1000 {
				t.Errorf("what is counted by the second comes in buckets of %v ms", frame.Width)
			}
			continue
		}
		if frame.Width > 2 {
			t.Errorf("%s: two seconds come in buckets of %v ms, want the points as they are", chart, frame.Width)
		}
		count := 0.
		for at := 1; at+7 <= len(frame.Lines[0]); at += 7 {
			count += frame.Lines[0][at+1]
		}
		if count != 5 {
			t.Errorf("%s: %v values, want 5", chart, count)
		}
	}

	for _, test := range []struct {
		name, path, query string
		status            int
		field             string
	}{
		{"no from", "stage.x", "to=" + to, 422, "from"},
		{"no to", "stage.x", "from=" + from, 422, "to"},
		{"no number", "stage.x", "from=yesterday&to=" + to, 422, "from"},
		{"not a number", "stage.x", "from=NaN&to=" + to, 422, "from"},
		{"infinite", "stage.x", "from=" + from + "&to=" + url.QueryEscape("+Inf"), 422, "to"},
		{"before 1970", "stage.x", "from=-1&to=" + to, 422, "from"},
		{"huge", "stage.x", "from=" + from + "&to=1e300", 422, "to"},
		{"backwards", "stage.x", "from=" + to + "&to=" + from, 422, "to"},
		{"empty", "stage.x", "from=" + from + "&to=" + from, 422, "to"},
		{"too long", "stage.x", "from=" + ms(began.Add(-time.Hour)) + "&to=" + to, 422, "from"},
		{"no such chart", "stage.z", "from=" + from + "&to=" + to, 404, ""},
	} {
		status, body := s.ask("GET", "/api/v1/sources/napari/charts/"+test.path+"?"+test.query, "")
		var answer struct{ Error, Field string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != test.status || answer.Field != test.field || answer.Error == "" {
			t.Errorf("%s: status %d, field %q, %q (%v), want %d and %q", test.name, status, answer.Field, answer.Error, err, test.status, test.field)
		}
	}
	if status, _ := s.ask("GET", "/api/v1/sources/nobody/charts/stage.x?from="+from+"&to="+to, ""); status != 404 {
		t.Errorf("a chart of a source that does not exist: %d, want 404", status)
	}
}
