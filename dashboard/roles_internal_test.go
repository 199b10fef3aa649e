package dashboard

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/certs"
	"webmon/dashboard/door"
	"webmon/dashboard/maps"
	"webmon/shm"
)

type noModels struct{}

func (noModels) List() []shm.ModelInfo { return nil }

type noMaps struct{ maps.Library }

// Whoever adds a route or a kind of message says who may use it.
func TestEveryRouteHasARole(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	own, err := certs.New(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{
		Listener: l, Certs: own, Models: noModels{}, Maps: noMaps{}, Logger: slog.New(slog.DiscardHandler),
		AddModel: func(json.RawMessage) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	known := map[string]bool{}
	for what := range roles {
		known[what] = true
	}
	for i := range s.tabs {
		known["GET /"+s.tabs[i].Slug] = true
		known["GET /"+s.tabs[i].Slug+"/:item"] = true
	}
	var open []string
	for _, r := range s.echo.Routes() {
		what := r.Method + " " + r.Path
		if r.Method == echo.RouteNotFound {
			continue
		}
		if !known[what] {
			t.Errorf("nothing says who may use %s: it belongs into the table in roles.go", what)
		}
		if s.roles[what] == door.Nobody {
			open = append(open, what)
		}
		if r.Method != "GET" && s.roles[what] < door.Steer && !slices.Contains([]string{
			"POST /logout", "POST " + handoverPath, "HEAD " + zarrPath, "OPTIONS " + zarrPath,
			// Of a view of one's own, which the handlers check.
			"POST /volumes/:source/layer/:token", "POST /volumes/:source/company/:token", "POST /volumes/:source/state/:token", "POST /volumes/:source/action/:token",
			"POST /volumes/:source/volume_response/:token/:id/:part", "POST /volumes/:source/credentials/:token",
		}, what) {
			t.Errorf("whoever may look may use %s", what)
		}
	}
	slices.Sort(open)
	if want := []string{
		"GET /assets/*", "GET /favicon.ico", "GET /health", "GET /webmon-ca", "GET /webmon-ca.crt", "GET " + zarrPath, "HEAD " + zarrPath, "OPTIONS " + zarrPath, "POST /api/v1/handover",
	}; !slices.Equal(open, want) {
		t.Errorf("anybody may use %q, want %q", open, want)
	}
	for kind := range s.kinds() {
		if role, ok := roles["socket "+kind]; !ok || role < door.Steer {
			t.Errorf("the message %q of the socket needs the role %v", kind, role)
		}
	}
	// What nobody has thought of is not open to everybody.
	s.echo.GET("/forgotten", func(echo.Context) error { return nil })
	if got := s.rolesOf(s.echo)["GET /forgotten"]; got != door.Manage {
		t.Errorf("a route that is in no table needs %v, want manage", got)
	}
}

// Whoever adds a route that changes something need not think of where requests come from.
func TestEveryRouteRefusesOtherOrigins(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := New(Options{
		Listener: l, Models: noModels{}, Maps: noMaps{}, Logger: slog.New(slog.DiscardHandler),
		AddModel: func(json.RawMessage) error { return nil },
		Stop:     func() { t.Error("a page of another origin has stopped webmon") },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	here := "http://" + l.Addr().String()
	ask := func(method, path string, header ...string) (int, string) {
		r := httptest.NewRequest(method, here+path, strings.NewReader("csrf=mine"))
		_, port, _ := net.SplitHostPort(l.Addr().String())
		r.Header.Set("Cookie", "webmon_csrf_"+port+"=mine") // a page of another port can set it
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer := httptest.NewRecorder()
		s.echo.ServeHTTP(answer, r)
		return answer.Code, answer.Body.String()
	}
	n := 0
	for _, r := range s.echo.Routes() {
		if r.Method == "GET" && r.Path != "/ws" || r.Method == echo.RouteNotFound {
			continue
		}
		if r.Path == zarrPath { // which changes nothing, and is for pages of other sites
			continue
		}
		n++
		path := regexp.MustCompile(`:[a-z]+`).ReplaceAllString(r.Path, "x")
		for name, header := range map[string][]string{
			"another site":         {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Origin", "http://evil.example"},
			"another port":         {"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"},
			"an older browser":     {"Origin", "http://127.0.0.1:1"},
			"a sandbox":            {"Origin", "null"},
			"no origin, but where": {"Sec-Fetch-Site", "same-site"},
		} {
			if status, text := ask(r.Method, path, header...); status != 403 || !strings.Contains(text, "another port") {
				t.Errorf("%s %s from %s: %d %s", r.Method, r.Path, name, status, text)
			}
		}
		if r.Path == "/stop" {
			continue
		}
		if status, text := ask(r.Method, path, "Origin", here, "X-CSRF-Token", "mine"); status == 403 && !strings.Contains(text, "gives no credentials") {
			t.Errorf("%s %s from here: %d %s", r.Method, r.Path, status, text)
		}
	}
	if n < 12 {
		t.Errorf("only %d routes were asked", n)
	}
}
