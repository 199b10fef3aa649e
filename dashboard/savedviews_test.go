package dashboard_test

import (
	"fmt"
	"strings"
	"testing"

	"webmon/dashboard"
	"webmon/shm"
)

// Who may look sees the views, and who may steer saves, deletes and goes to them. An address
// that is opened sends nothing.
func TestSavedViews(t *testing.T) {
	s := open(t, dashboard.Options{Token: token, Views: t.TempDir() + "/views"})
	_, secret := s.newLink(`{"role": "look"}`)
	look := s.signIn("link", secret)
	js := []string{"Content-Type", "application/json"}
	if status, body := s.ask("POST", "/sources/napari/views", `{"name":"a"}`, js...); status != 409 || !strings.Contains(body, "has not told yet") {
		t.Errorf("a view of nothing: %d %s", status, body)
	}
	s.sink.State(shm.TopicCamera, map[string]shm.Value{"zoom": 2.0})
	s.sink.State(shm.TopicDims, map[string]shm.Value{"ndisplay": int64(2)})
	s.sink.State(shm.TopicLayers, shm.LayersOf([]shm.Value{map[string]shm.Value{"id": "1", "kind": "image", "name": "cells"}}))
	for _, test := range []struct {
		body string
		want int
		says string
	}{
		{`{"name":" the nucleus "}`, 201, `"the nucleus"`},
		{`{"name":""}`, 400, "needs a name"},
		{`{"name":"` + strings.Repeat("x", 81) + `"}`, 400, "at most 80 letters"},
		{`{"name":3}`, 400, "needs a name"},
	} {
		if status, body := s.ask("POST", "/sources/napari/views", test.body, js...); status != test.want || !strings.Contains(body, test.says) {
			t.Errorf("%s: %d %s", test.body, status, body)
		}
	}
	for _, path := range []string{"/sources/napari/views", "/sources/napari/views/go", "/sources/napari/views/delete"} {
		if status, _ := s.as(look, "POST", path, `{"name":"the nucleus"}`, js...); status != 403 {
			t.Errorf("who may only look posts to %s: %d", path, status)
		}
	}
	if status, body := s.as(look, "GET", "/api/v1/sources/napari/views", ""); status != 200 || !strings.Contains(body, `"about":"2-D, 1 of 1 layers"`) {
		t.Errorf("the views: %d %s", status, body)
	}
	if status, body := s.ask("POST", "/sources/napari/views/go", `{"name":"other"}`, js...); status != 404 || !strings.Contains(body, `no view called`) {
		t.Errorf("another view: %d %s", status, body)
	}
	// This process has no command for it.
	if status, body := s.ask("POST", "/sources/napari/views/go", `{"name":"the nucleus"}`, js...); status < 400 || !strings.Contains(body, "no command that restores views") {
		t.Errorf("a process without the command: %d %s", status, body)
	}
	if status, _ := s.ask("GET", "/layers?source=napari&view=the+nucleus", ""); status != 200 {
		t.Errorf("the address of a view: %d", status)
	}
	select {
	case c := <-s.process.commands:
		t.Errorf("the process got %v", c)
	default:
	}
	if status, _ := s.ask("POST", "/sources/napari/views/delete", `{"name":"the nucleus"}`, js...); status != 200 {
		t.Errorf("deleting it: %d", status)
	}
	if _, body := s.ask("GET", "/api/v1/sources/napari/views", ""); strings.TrimSpace(body) != "[]" {
		t.Error(body)
	}
	_, changes := s.ask("GET", "/api/v1/changes", "")
	for _, want := range []string{"save a view", "delete a view", "go to a view"} {
		if !strings.Contains(changes, fmt.Sprintf("%q", want)) {
			t.Errorf("the record has no %q", want)
		}
	}
}
