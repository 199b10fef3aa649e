package dashboard_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard"
)

// newLink makes a link by the API and returns its id and its secret.
func (s *site) newLink(fields string) (id, secret string) {
	s.t.Helper()
	status, body := s.ask("POST", "/api/v1/links", fields, "Content-Type", "application/json")
	var made struct{ ID, Address string }
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != 201 {
		s.t.Fatalf("making a link with %s: %d %s", fields, status, body)
	}
	_, secret, ok := strings.Cut(made.Address, "/?link=")
	if !ok || len(secret) != 40 || !strings.HasPrefix(made.Address, s.base) {
		s.t.Fatalf("the address of a link is %q", made.Address)
	}
	return made.ID, secret
}

// as asks with the session of a browser.
func (s *site) as(cookie, method, path, body string, header ...string) (int, string) {
	s.t.Helper()
	return s.ask(method, path, body, append([]string{
		"Authorization", "", "Cookie", cookie, "Sec-Fetch-Site", "same-origin", "Content-Type", "application/x-www-form-urlencoded",
	}, header...)...)
}

func TestRolesAreEnforced(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	_, look := s.newLink(`{"role": "look", "note": "the screen on the wall"}`)
	_, steer := s.newLink(`{"role": "steer", "seconds": 3600}`)
	sessions := map[string]string{"manage": s.signIn("token", token), "look": s.signIn("link", look), "steer": s.signIn("link", steer)}
	for _, test := range []struct {
		method, path, body   string
		look, steer, manager int
	}{
		{"GET", "/viewer", "", 200, 200, 200},
		{"GET", "/api/v1/sources", "", 200, 200, 200},
		{"GET", "/nothing", "", 404, 404, 404},
		{"POST", "/sources/napari/commands/show_grid", "show_grid=true", 403, 202, 202},
		{"POST", "/sources/napari/commands/none", "", 403, 404, 404},
		{"POST", "/sources/napari/dismiss", "", 403, 403, 409},
		{"GET", "/api/v1/links", "", 403, 403, 200},
		{"POST", "/api/v1/links", "role=look", 403, 403, 201},
		{"DELETE", "/api/v1/links/x", "", 403, 403, 404},
		{"GET", "/api/v1/sessions", "", 403, 403, 200},
		{"DELETE", "/api/v1/sessions/x", "", 403, 403, 404},
	} {
		for who, want := range map[string]int{"look": test.look, "steer": test.steer, "manage": test.manager} {
			status, body := s.as(sessions[who], test.method, test.path, test.body)
			if status != want {
				t.Errorf("%s %s as %s: %d, want %d: %s", test.method, test.path, who, status, want, body)
			}
			if status == 403 && !strings.Contains(body, "You may "+who+" here, and this needs somebody who may ") {
				t.Errorf("%s %s as %s is refused with %s", test.method, test.path, who, body)
			}
		}
	}
	// A program sends the secret of a link as it would send the token.
	if status, _ := s.ask("GET", "/api/v1/sources", "", "Authorization", "Bearer "+look); status != 200 {
		t.Errorf("a program with a link: %d", status)
	}
	if status, _ := s.ask("POST", "/sources/napari/commands/show_grid", "show_grid=true", "Authorization", "Bearer "+look,
		"Content-Type", "application/x-www-form-urlencoded"); status != 403 {
		t.Errorf("a program with a link that can only look sets a value: %d", status)
	}
}

// socketOf opens a socket with a session.
func (s *site) socketOf(cookie string) *websocket.Conn {
	s.t.Helper()
	conn, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/ws",
		http.Header{"Cookie": {cookie}, "Origin": {s.base}})
	if err != nil {
		s.t.Fatalf("opening a socket: %v (%v)", err, resp)
	}
	s.t.Cleanup(func() { conn.Close() })
	return conn
}

// A session that ends takes its sockets with it, whatever ends it.
func TestTheSocketsOfASessionEndWithIt(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	link, secret := s.newLink(`{"role": "look"}`)
	own := s.signIn("token", token)
	for name, end := range map[string]func(cookie string){
		"log out": func(cookie string) {
			if status, _ := s.as(cookie, "POST", "/logout", ""); status != 204 {
				t.Errorf("logging out: %d", status)
			}
		},
		"revoked": func(cookie string) {
			_, body := s.as(cookie, "GET", "/api/v1/sessions", "")
			var all []struct {
				ID, Role, Agent, From string
				Own                   bool
				Open                  int
			}
			if err := json.Unmarshal([]byte(body), &all); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			for _, one := range all {
				if one.Own {
					if one.Open != 1 || one.From != "127.0.0.1" || one.Role != "manage" {
						t.Errorf("the session is told as %+v", one)
					}
					if status, _ := s.as(own, "DELETE", "/api/v1/sessions/"+one.ID, ""); status != 204 {
						t.Errorf("revoking: %d", status)
					}
				}
			}
		},
		"the token is replaced": func(string) {
			if err := s.server.Rotate(strings.Repeat("9", 40)); err != nil {
				t.Error(err)
			}
		},
	} {
		if name != "the token is replaced" {
			s.ends(name, s.signIn("token", token), end)
		} else {
			defer s.ends(name, s.signIn("token", token), end)
		}
	}
	s.ends("the link is revoked", s.signIn("link", secret), func(string) {
		if status, _ := s.as(own, "DELETE", "/api/v1/links/"+link, ""); status != 204 {
			t.Errorf("revoking a link: %d", status)
		}
	})
	if status, body := s.ask("GET", "/viewer?link="+secret, "", "Authorization", "", "Accept", "text/html"); status != 401 || !strings.Contains(body, "revoked") {
		t.Errorf("the revoked link: %d %s", status, body)
	}
}

// ends opens a socket and expects that it is closed for good when the session ends.
func (s *site) ends(name, cookie string, end func(cookie string)) {
	s.t.Helper()
	conn := s.socketOf(cookie)
	if _, _, err := conn.ReadMessage(); err != nil { // it is served
		s.t.Fatalf("%s: %v", name, err)
	}
	end(cookie)
	conn.SetReadDeadline(time.Now().Add(patience))
	said := false
	for {
		_, message, err := conn.ReadMessage()
		if err != nil {
			if !websocket.IsCloseError(err, websocket.ClosePolicyViolation) || !said {
				s.t.Errorf("%s: the socket ends with %v, told: %v", name, err, said)
			}
			break
		}
		said = said || strings.Contains(string(message), `"signed-out"`)
	}
	if status, body := s.as(cookie, "GET", "/viewer", "", "Accept", "text/html"); status != 401 || !strings.Contains(body, `role="status"`) {
		s.t.Errorf("%s: a page with the session that has ended: %d, and it does not say why", name, status)
	}
}
