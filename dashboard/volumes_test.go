package dashboard_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard"
	"webmon/dashboard/pixels/pixelstest"
	"webmon/shm"
)

// stack shares an array with three axes.
func stack(t *testing.T, s *site) *pixelstest.Array {
	t.Helper()
	a := pixelstest.New(shm.ArrayInfo{Name: "stack", Descr: "|u1", Shape: []int{2, 2, 2}, Axes: []string{"z", "y", "x"}}, 3)
	sink := s.sink
	sink.State(shm.TopicArrays, shm.Arrays{*a.Info()})
	sink.State(shm.ArrayTopic("stack"), a.Publish([]byte{0, 1, 2, 3, 4, 5, 6, 7}))
	return a
}

var viewOf = regexp.MustCompile(`/volumes/[\w-]+/v/([0-9a-f]+)/`)

// TestTheClientMayConnectElsewhere checks that --allow-connect changes the policy of the client's own
// files and of nothing else.
func TestTheClientMayConnectElsewhere(t *testing.T) {
	for _, origin := range []string{"http://localhost:*", "https://data.lab.org", "http://[::1]:8000"} {
		if err := dashboard.CheckOrigin(origin); err != nil {
			t.Error(err)
		}
	}
	for _, origin := range []string{"", "*", "https:", "https://*", "http://a b", "http://a;x", "http://a/path", "'self'", "http://a,b", "ftp://a"} {
		if dashboard.CheckOrigin(origin) == nil {
			t.Errorf("%q is taken for an origin", origin)
		}
	}
	for _, allowed := range [][]string{nil, {"http://localhost:*", "https://data.lab.org"}} {
		s := open(t, dashboard.Options{AllowConnect: allowed})
		stack(t, s)
		_, page := s.ask("GET", "/volumes/napari/stack", "", "Accept", "text/html")
		token := viewOf.FindStringSubmatch(page)[1]
		policy := func(path string) string {
			resp, err := http.Get(s.base + path)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			return resp.Header.Get("Content-Security-Policy")
		}
		usual := policy("/volumes/napari/stack")
		want := usual
		if allowed != nil {
			want = strings.Replace(strings.Replace(usual, "connect-src 'self';", "connect-src 'self' http://localhost:* https://data.lab.org;", 1),
				"script-src 'self';", "script-src 'self' 'wasm-unsafe-eval';", 1)
		}
		if got := policy("/volumes/napari/v/" + token + "/"); got != want || strings.Contains(usual, "localhost") {
			t.Errorf("the client's policy with %q is %q, want %q", allowed, got, want)
		}
	}
}

func TestThePageOfAVolume(t *testing.T) {
	s := open(t, dashboard.Options{Prefix: "/lab"})
	stack(t, s)
	const id = "napari"
	status, list := s.ask("GET", "/volumes?source="+id, "", "Accept", "text/html")
	if status != 200 || !strings.Contains(list, `href="/lab/volumes/`+id+`/stack"`) {
		t.Fatalf("the list is %d %.2000s", status, list)
	}
	status, page := s.ask("GET", "/volumes/"+id+"/stack", "", "Accept", "text/html")
	if status != 200 || !strings.Contains(page, `src="/lab/volumes/`+id+`/v/`) {
		t.Fatalf("the page is %d %.2000s", status, page)
	}
	token := viewOf.FindStringSubmatch(page)[1]
	status, client := s.ask("GET", "/volumes/"+id+"/v/"+token+"/", "", "Accept", "text/html")
	events := strings.Index(client, `<script src="/lab/assets/events-`)
	if main := strings.Index(client, `<script src="main-`); status != 200 || events < 0 || main < events {
		t.Errorf("the client's page is %d %s", status, client)
	}
	if status, _ := s.ask("GET", "/volumes/"+id+"/none", "", "Accept", "text/html"); status != 404 {
		t.Errorf("a volume that is not there has the status %d", status)
	}
	if status, _ := s.ask("GET", "/volumes/nobody/stack", "", "Accept", "text/html"); status != 404 {
		t.Errorf("a source that is not there has the status %d", status)
	}

	// The events of a view come over a socket, and what somebody changes is on the panel.
	panel := s.socket(id + "/volume/" + token)
	conn, answer, err := websocket.DefaultDialer.Dial(strings.Replace(s.base, "http", "ws", 1)+"/volumes/"+id+"/events/"+token+"?c=aa&gc=&gs=", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(patience))
	var event struct {
		K, G string
		S    json.RawMessage
	}
	// state waits for the next state: configurations may come between.
	state := func() {
		t.Helper()
		for event.K = ""; event.K != "s"; {
			if err := conn.ReadJSON(&event); err != nil {
				t.Fatal(err)
			}
		}
	}
	state()
	status, text := s.ask("POST", "/volumes/"+id+"/state/"+token, `{"s":{"position":[1,1,1],"dimensions":{"x":[1,""],"y":[1,""],"z":[1,""]},"layers":[{"type":"image","name":"mine"}]},"g":1,"pg":"`+event.G+`","c":"bb"}`,
		"Sec-Fetch-Site", "same-origin")
	if status != 200 || !strings.Contains(text, "bb/1") {
		t.Errorf("a change of the state is answered with %d %s", status, text)
	}
	if state(); event.G != "bb/1" {
		t.Errorf("the others hear of %s %s", event.G, event.S)
	}
	panel.until(`data-volume-layer="mine"`)
	if status, text := s.ask("POST", "/volumes/"+id+"/layer/"+token, "layer=mine&opacity=0.25&low=3&high=9&colormap=magma&visible=false",
		"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", "HX-Request", "true"); status != 204 {
		t.Errorf("a form of the panel is answered with %d %s", status, text)
	}
	state()
	for _, want := range []string{`"opacity":0.25`, `"range":[3,9]`, `"visible":false`, `vec3 colors`} {
		if !strings.Contains(string(event.S), want) {
			t.Errorf("after the form there is no %s in %s", want, event.S)
		}
	}
	for form, want := range map[string]int{"layer=other&visible=true": 404, "layer=mine&opacity=7": 400, "layer=mine&colormap=none": 400, "layer=mine&low=x&high=1": 400} {
		if status, text := s.ask("POST", "/volumes/"+id+"/layer/"+token, form, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin"); status != want {
			t.Errorf("%s is answered with %d %s, want %d", form, status, text, want)
		}
	}
	if status, _ := s.ask("POST", "/volumes/"+id+"/state/"+token, `{}`, "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		t.Errorf("a page of another site may change a view: %d", status)
	}
	_, answer, err = websocket.DefaultDialer.Dial(strings.Replace(s.base, "http", "ws", 1)+"/volumes/"+id+"/events/"+token, http.Header{"Origin": {"http://elsewhere.example"}})
	if err == nil || answer == nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another site may listen to a view: %v", err)
	}
}
