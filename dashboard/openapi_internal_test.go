package dashboard

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"webmon/dashboard/api/spec"
	"webmon/dashboard/door"
)

// notDescribed are the routes of these places that are for no program, with the reason.
var notDescribed = map[string]string{
	"POST " + handoverPath:          "between webmons, sealed",
	"POST /sources/:source/dismiss": "a form of a page",
}

// Whoever adds a route for programs describes it, and whoever takes one away takes its
// description away.
func TestEveryRouteOfTheAPIIsDescribed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := New(Options{
		Listener: l, Prefix: "/lab", Models: noModels{}, Maps: noMaps{}, Logger: slog.New(slog.DiscardHandler),
		AddModel: func(json.RawMessage) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	described := map[string]string{} // by method and path as registered: the role
	for _, r := range spec.Routes {
		at := r.Method + " " + r.Registered()
		if role, ok := described[at]; ok && role != r.Role {
			t.Errorf("%s needs the roles %q and %q", at, role, r.Role)
		}
		described[at] = r.Role
	}
	there := map[string]bool{}
	for _, r := range s.echo.Routes() {
		what := r.Method + " " + r.Path
		there[what] = true
		of := strings.HasPrefix(r.Path, "/api/") || strings.HasPrefix(r.Path, "/sources/") || r.Path == "/health" || r.Path == "/metrics"
		role, ok := described[what]
		if table, is := strings.CutSuffix(what, ".csv"); is && !ok {
			role, ok = described[table]
		}
		switch _, left := notDescribed[what]; {
		case !of || left:
		case !ok:
			t.Errorf("nothing describes %s: it belongs into the table in api/spec/table.go", what)
		case role != map[door.Role]string{door.Nobody: "", door.Look: spec.Look, door.Steer: spec.Steer, door.Manage: spec.Manage}[s.roles[what]]:
			t.Errorf("%s is described as for the role %q, and needs %v", what, role, s.roles[what])
		}
	}
	for what := range described {
		if !there[what] {
			t.Errorf("%s is described, and is not there", what)
		}
	}
	for what := range notDescribed {
		if !there[what] {
			t.Errorf("%s is left out of the description, and is not there", what)
		}
	}

	answer := httptest.NewRecorder()
	s.echo.ServeHTTP(answer, httptest.NewRequest("GET", "http://"+l.Addr().String()+"/lab/api/openapi.json", nil))
	var doc struct{ Servers []struct{ URL string } }
	if err := json.Unmarshal(answer.Body.Bytes(), &doc); err != nil || answer.Code != 200 || len(doc.Servers) != 1 || doc.Servers[0].URL != "/lab" {
		t.Errorf("/api/openapi.json: %d %v %v", answer.Code, doc, err)
	}
}
