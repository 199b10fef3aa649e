package dashboard_test

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard"
	"webmon/dashboard/door"
	"webmon/dashboard/door/oidc"
	"webmon/dashboard/door/roster"
)

// known is a page of somebody who has a token of their own.
func (s *site) known(who, token string) *socket {
	s.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/ws", http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	page := &socket{t: s.t, conn: conn}
	page.say(`{"type":"watch","who":%q,"topics":["napari/people"]}`, who)
	return page
}

// TestNamedPeople: who has a name is called by it, on pages and in the record of
// changes, may do what their role says, and is out when they are taken out.
func TestNamedPeople(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "people")
	add := func(name string, role door.Role) string {
		t.Helper()
		token, err := roster.Add(path, name, role, "never", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	ada, bob := add("Ada Lovelace", door.Steer), add("bob", door.Look)
	people, err := roster.Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, dashboard.Options{Token: token, Keepers: []door.Keeper{people}})
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		people.Run(ctx)
	}()
	defer func() {
		cancel()
		<-over
	}()

	page := s.known("ada-ada-ada", ada)
	page.until(`[{"id":"ada-ada-ada","name":"Ada Lovelace","colour":0,"hand":null}]`)
	looks := s.known("bob-bob-bob", bob)
	page.until(`{"id":"bob-bob-bob","name":"bob","colour":1,"hand":null}]`)
	s.looker("own-own-own", "napari/people")
	page.until(`{"id":"own-own-own","colour":2,"hand":null}]`)
	looks.hand(0.5, 0.5, true) // which bob may not do
	page.hand(0.25, 0.5, true)
	if said := looks.until(`"hand":[`); strings.Contains(said, `"name":"bob","colour":1,"hand":[`) {
		t.Errorf("the hand of bob, who may only look, is shown: %s", said)
	}

	grid := func(token string) int {
		status, _ := s.ask("POST", "/sources/napari/commands/show_grid", "show_grid=true",
			"Authorization", "Bearer "+token, "Content-Type", "application/x-www-form-urlencoded")
		return status
	}
	if a, b := grid(ada), grid(bob); a != 202 || b != 403 {
		t.Errorf("a command of ada is answered with %d and one of bob with %d, want 202 and 403", a, b)
	}
	if _, record := s.ask("GET", "/api/v1/changes", ""); !strings.Contains(record, `"who":"Ada Lovelace"`) {
		t.Errorf("the record of changes does not name ada: %s", record)
	}

	// A browser exchanges the token for a session, which ends with the person.
	cookie := s.signIn("token", bob)
	if status, _ := s.as(cookie, "GET", "/viewer", ""); status != 200 {
		t.Errorf("bob's browser gets %d", status)
	}
	if err := roster.Remove(path, "bob"); err != nil {
		t.Fatal(err)
	}
	if status, _ := s.ask("GET", "/api/v1/sources", "", "Authorization", "Bearer "+bob); status != 401 {
		t.Errorf("bob's program gets %d", status)
	}
	looks.until("signed-out")
	eventually(t, "bob's session ends", func() bool {
		status, _ := s.as(cookie, "GET", "/viewer", "")
		return status == 401
	})
	if status, body := s.as(cookie, "GET", "/viewer", "", "Accept", "text/html"); status != 401 || !strings.Contains(body, "not among the people") {
		t.Errorf("bob is told %d %s", status, body)
	}
	if status, _ := s.ask("GET", "/api/v1/sources", "", "Authorization", "Bearer "+ada); status != 200 {
		t.Errorf("ada gets %d", status)
	}
}

// TestSignInAtAProviderThatIsDown: webmon serves all the same, and says so to whoever
// wants to sign in.
func TestSignInAtAProviderThatIsDown(t *testing.T) {
	provider, err := oidc.New(oidc.Options{
		Issuer: "http://127.0.0.1:1", ClientID: "webmon", Rules: []oidc.Rule{{Role: door.Look}},
		Prefix: "/lab", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, dashboard.Options{Token: token, Prefix: "/lab", Keepers: []door.Keeper{provider}})
	status, body := s.ask("GET", "/layers?source=napari", "", "Authorization", "", "Accept", "text/html")
	if status != 401 || !strings.Contains(body, `href="/lab/login/oidc?next=%2Flayers%3Fsource%3Dnapari"`) || !strings.Contains(body, "Sign in with 127.0.0.1:1") {
		t.Errorf("the page that asks for the token has no way to sign in: %d %s", status, body)
	}
	status, body = s.ask("GET", "/login/oidc?next=/layers", "", "Authorization", "", "Accept", "text/html")
	if status != 503 || !strings.Contains(body, "does not answer") || !strings.Contains(body, `href="/lab/"`) {
		t.Errorf("the sign-in says %d %s", status, body)
	}
	if status, body = s.ask("GET", "/login/oidc", "", "Authorization", ""); status != 503 || !strings.HasPrefix(body, `{"error":"The identity provider`) {
		t.Errorf("to a program it says %d %s", status, body)
	}
	if status, body = s.ask("GET", "/login/oidc/callback?code=x&state=y", "", "Authorization", "", "Accept", "text/html"); status != 400 || !strings.Contains(body, "Sign in again") {
		t.Errorf("what nobody has begun ends with %d %s", status, body)
	}
	if status, _ = s.ask("GET", "/api/v1/sources", ""); status != 200 {
		t.Errorf("with the token it serves with %d", status)
	}
}
