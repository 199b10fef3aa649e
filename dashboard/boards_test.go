package dashboard_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"webmon/dashboard"
	"webmon/dashboard/board"
	"webmon/dashboard/board/file"
	"webmon/shm"
)

const boardFile = `{"webmon":"board","version":1,"title":"Night run","cards":[
	{"kind":"chart","source":"napari","name":"frame_time"},{"kind":"control","source":"napari","name":"exposure"},
	{"kind":"number","source":"other","name":"stage.x"}]}`

// Who may look sees boards, who may steer changes them, and nobody loses what somebody else has
// done.
func TestBoards(t *testing.T) {
	shipped, err := file.Decode([]byte(boardFile), file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, dashboard.Options{Token: token, Boards: t.TempDir() + "/boards", Given: []board.Given{{Name: "shipped", File: "shipped.json", Board: shipped}}})
	s.sink.State(shm.TopicBoards, shm.Boards{
		{Name: "overview", Text: `{"webmon":"board","version":1,"cards":[{"kind":"chart","name":"frame_time"}]}`},
		{Name: "wrong", Text: `{"webmon":"board","version":1,"cards":[{"kind":"graph","name":"x"}]}`},
	})
	_, secret := s.newLink(`{"role": "look"}`)
	look := s.signIn("link", secret)
	js := []string{"Content-Type", "application/json"}
	for _, c := range []struct {
		method, path, body string
		header             []string
		want               int
		says               string
	}{
		{"PUT", "/api/v1/boards/night", boardFile, nil, 201, `"name":"night"`},
		{"PUT", "/api/v1/boards/night", boardFile, nil, 412, "omebody else has changed"},
		{"PUT", "/api/v1/boards/night", boardFile, []string{"If-Match", `"0123"`}, 412, "read it again"},
		{"PUT", "/api/v1/boards/night", boardFile, []string{"If-Match", `0123`}, 400, "in quotes"},
		{"PUT", "/api/v1/boards/other", boardFile, []string{"If-Match", `"0123"`}, 412, "deleted"},
		{"PUT", "/api/v1/boards/night", boardFile, []string{"If-Match", "*"}, 200, `"generation"`},
		{"PUT", "/api/v1/boards/night", `{"webmon":"board","version":1,"title":"a","cards":[{"kind":"graph"}]}`, []string{"If-Match", "*"}, 422, `"field":"cards[0].source"`},
		{"PUT", "/api/v1/boards/night", strings.Repeat(" ", file.MaxBytes+1), []string{"If-Match", "*"}, 422, "at most 49152"},
		{"PUT", "/api/v1/boards/@shipped", boardFile, nil, 409, "Make a copy"},
		{"PUT", "/api/v1/boards/napari:overview", boardFile, nil, 409, "Make a copy"},
		{"PUT", "/api/v1/boards/Night", boardFile, nil, 404, "no board"},
		{"GET", "/api/v1/boards/none", "", nil, 404, "no board"},
		{"GET", "/api/v1/boards/napari:none", "", nil, 404, "no board"},
		{"GET", "/api/v1/boards/napari:wrong", "", nil, 409, "cards[0].kind"},
		{"GET", "/api/v1/boards/gone:overview", "", nil, 409, "not there"},
		{"GET", "/api/v1/boards/napari:overview", "", nil, 200, `"source": "napari"`},
		{"GET", "/board/@shipped", "", nil, 200, "To change it, make a copy"},
		{"GET", "/board/napari:overview", "", nil, 200, "that the process napari brings"},
		{"GET", "/board/night", "", nil, 200, "The source other is not there."},
		{"GET", "/board/night?source=ended", "", nil, 200, "Night run"},
		{"GET", "/board/none", "", nil, 404, "no board"},
		{"GET", "/board", "", nil, 200, "Night run"},
		{"GET", "/board/-/pin?kind=chart&source=napari&name=frame_time", "", nil, 200, "The chart frame_time of napari."},
		{"GET", "/board/-/pin?kind=graph&source=napari&name=frame_time", "", nil, 422, "a card is a chart"},
	} {
		if status, body := s.ask(c.method, c.path, c.body, append(js, c.header...)...); status != c.want || !strings.Contains(body, c.says) {
			t.Errorf("%s %s: %d, want %d and %q: %.300s", c.method, c.path, status, c.want, c.says, body)
		}
	}
	for _, c := range []struct {
		path, body string
		want       int
		says       string
	}{
		{"/board/night/cards", `{"do":"move","kind":"number","source":"other","name":"stage.x","at":0}`, 200, `"generation"`},
		{"/board/night/cards", `{"do":"wider","kind":"number","source":"other","name":"stage.x"}`, 200, `"generation"`},
		{"/board/night/cards", `{"do":"turn","kind":"number","source":"other","name":"stage.x"}`, 422, `"field":"do"`},
		{"/board/night/cards", `{"do":"wider","kind":"number","source":"other","name":"gone"}`, 422, "not on the board any more"},
		{"/board/none/cards", `{"do":"wider","kind":"number","source":"other","name":"stage.x"}`, 404, "no board"},
		{"/board/@shipped/cards", `{"do":"wider","kind":"number","source":"other","name":"stage.x"}`, 409, "Make a copy"},
		{"/board/@shipped/copy", `{}`, 201, `"night-run"`},
		{"/board/napari:overview/copy", `{}`, 201, `"overview"`},
		{"/board/night/title", `{"title":" The night "}`, 200, `"night"`},
		{"/board/night/title", `{"title":""}`, 422, `"field":"title"`},
		{"/board/-/new", `{"title":"Mine"}`, 201, `"mine"`},
		{"/board/-/pin", `{"kind":"array","source":"napari","name":"camera","view":"z=3","board":"mine"}`, 200, `"was":false`},
		{"/board/-/pin", `{"kind":"array","source":"napari","name":"camera","view":"z=4","board":"mine"}`, 200, `"was":true`},
		{"/board/-/pin", `{"kind":"array","source":"napari","name":"camera","board":""}`, 200, `"name":"board"`},
		{"/board/-/pin", `{"kind":"array","source":"napari","name":"camera","board":"none"}`, 404, "no board"},
		{"/board/overview/delete", `{}`, 200, `"overview"`},
	} {
		if status, body := s.ask("POST", c.path, c.body, js...); status != c.want || !strings.Contains(body, c.says) {
			t.Errorf("POST %s %s: %d, want %d and %q: %.300s", c.path, c.body, status, c.want, c.says, body)
		}
		if status, _ := s.as(look, "POST", c.path, c.body, js...); status != 403 {
			t.Errorf("who may only look posts to %s: %d", c.path, status)
		}
	}
	for _, method := range []string{"PUT", "DELETE"} {
		if status, _ := s.as(look, method, "/api/v1/boards/night", boardFile, "If-Match", "*"); status != 403 {
			t.Errorf("who may only look asks for %s: %d", method, status)
		}
	}
	_, body := s.as(look, "GET", "/api/v1/boards/night", "")
	if b, err := file.Decode([]byte(body), file.Options{}); err != nil || b.Title != "The night" || len(b.Cards) != 3 || b.Cards[0].Name != "stage.x" || b.Cards[0].Width != 2 {
		t.Errorf("%v: %s", err, body)
	}
	_, page := s.as(look, "GET", "/board/night", "")
	if strings.Contains(page, "data-board-grip") || strings.Contains(page, "/board/-/new") || !strings.Contains(page, "You may only look") {
		t.Error("who may only look has what changes a board")
	}
	if _, body = s.ask("GET", "/api/v1/boards/mine", ""); !strings.Contains(body, `"view": "z=4"`) {
		t.Error(body)
	}
	var list []board.Entry
	if _, body = s.ask("GET", "/api/v1/boards", ""); json.Unmarshal([]byte(body), &list) != nil || len(list) != 7 {
		t.Error(body)
	}
	_, changes := s.ask("GET", "/api/v1/changes", "")
	for _, want := range []string{"replace the board night", "move a card on the board night", "copy the board @shipped", "delete the board overview", "pin to the board mine"} {
		if !strings.Contains(changes, fmt.Sprintf("%q", want)) {
			t.Errorf("the record has no %q", want)
		}
	}
}

// A board tells all who have it open what somebody has changed, and a card what its source sends.
// The topics of its cards are those of the things' own pages.
func TestABoardIsLive(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	js := []string{"Content-Type", "application/json"}
	if status, body := s.ask("PUT", "/api/v1/boards/night", boardFile, js...); status != 201 {
		t.Fatal(status, body)
	}
	s.sink.State(shm.TopicControls, shm.Controls{{Name: "exposure", Type: shm.Float, Value: 5.0}})
	_, page := s.ask("GET", "/board/night", "")
	_, loader := s.ask("GET", "/loader", "")
	_, controls := s.ask("GET", "/controls", "")
	for _, topic := range []string{`data-topic="napari/chart/frame_time/60"`, `data-topic="napari/values"`, `data-topic="-/board/night"`, `data-topic="napari/card/control/exposure"`} {
		if !strings.Contains(page, topic) {
			t.Errorf("the board asks for no %s", topic)
		}
	}
	if !strings.Contains(loader, `data-topic="napari/chart/frame_time/60"`) || !strings.Contains(controls, `data-topic="napari/values"`) {
		t.Error("the pages of the things ask for other topics than their cards")
	}
	if strings.Contains(page, `data-topic="other/`) {
		t.Error("a card of a source that is not there asks for a topic of it")
	}
	watch := s.socket("-/board/night")
	watch.until("card-number-other-stage-2e-x")
	if status, body := s.ask("POST", "/board/night/cards", `{"do":"remove","kind":"number","source":"other","name":"stage.x"}`, js...); status != 200 {
		t.Fatal(status, body)
	}
	for frame := watch.until("hx-partial"); strings.Contains(frame, "card-number-other"); {
		frame = watch.until("hx-partial")
	}
	card := s.socket("napari/card/control/exposure")
	card.until(`data-control="exposure"`)
	s.sink.State(shm.TopicControls, shm.Controls{{Name: "exposure", Title: "Exposure time", Type: shm.Float, Value: 5.0}})
	card.until("Exposure time")
	// What the form of a card is answered has the ids of the card.
	status, form := s.ask("POST", "/sources/napari/commands/exposure?as=card-control", url.Values{"exposure": {"7"}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "HX-Request", "true")
	if status != 200 || !strings.Contains(form, `id="of-napari-command-exposure"`) || !strings.Contains(form, `id="of-napari-value-exposure"`) {
		t.Errorf("%d: %s", status, form)
	}
}
