package dashboard_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
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
		{"GET", "/api/v1/browsers", "", 403, 403, 200},
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

// A name that is misspelt is not taken for one that was left out: a link for an hour
// would be one for a day.
func TestBodiesWithUnknownNames(t *testing.T) {
	s, c := openModels(t, dashboard.Options{Token: token})
	s.ask("GET", "/models/waves", "")
	run := c.sims["waves"].run(t, 1)
	for _, test := range []struct{ name, path, body, want string }{
		{"a link for some hours", "/api/v1/links", `{"role": "look", "hours": 1}`, `A link takes no \"hours\", only role, note, seconds and until.`},
		{"a link with two ends", "/api/v1/links", `{"seconds": 60, "until": "2031-05-17T12:00:00Z"}`, "give one of them"},
		{"a parameter", "/models/waves/parameters", `{"wind": 0.5, "wnd": 1}`, `takes no \"wnd\", only `},
		{"a control", "/sources/waves/commands/wind", `{"wind": 0.5, "speed": 1}`, `takes no \"speed\", only wind.`},
		{"a control by another name", "/sources/waves/commands/wind", `{"value": 0.5}`, `takes no \"value\", only wind.`},
	} {
		for _, kind := range []string{"application/json", "application/x-www-form-urlencoded"} {
			body := test.body
			if kind != "application/json" {
				var fields map[string]any
				if err := json.Unmarshal([]byte(body), &fields); err != nil {
					t.Fatal(err)
				}
				form := url.Values{}
				for name, v := range fields {
					form.Set(name, fmt.Sprint(v))
				}
				body = form.Encode()
			}
			if status, text := s.ask("POST", test.path, body, "Content-Type", kind); status != 422 || !strings.Contains(text, test.want) {
				t.Errorf("%s as %s: %d, want 422 with %s: %s", test.name, kind, status, test.want, text)
			}
		}
	}
	if _, links := s.ask("GET", "/api/v1/links", ""); strings.TrimSpace(links) != "[]" {
		t.Errorf("a link was made: %s", links)
	}
	if got := run.commands(); len(got) != 0 {
		t.Errorf("the model was told %q", got)
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
	if status, body := s.as(cookie, "GET", "/viewer", "", "Accept", "text/html"); status != 401 || !strings.Contains(body, "Signed out") {
		s.t.Errorf("%s: a page with the session that has ended: %d, and it does not say why", name, status)
	}
	// A browser that was too slow for that word tells the two apart by the answer.
	for text, unknown := range map[string]bool{cookie: false, cookie + "x": true} {
		if status, body := s.as(text, "GET", "/api/v1/sources", ""); status != 401 || strings.Contains(body, `"session":"unknown"`) != unknown {
			s.t.Errorf("%s: asked with its session, unknown %t: %d %s", name, unknown, status, body)
		}
	}
}

// elsewhere are the headers of requests that a browser sends for pages of others.
var elsewhere = map[string][]string{
	"another site":                {"Sec-Fetch-Site", "cross-site", "Origin", "http://evil.example"},
	"another port":                {"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"},
	"another port, older browser": {"Origin", "http://127.0.0.1:1"},
	"a sandbox":                   {"Sec-Fetch-Site", "cross-site", "Origin", "null"},
	"a sandbox, older browser":    {"Origin", "null"},
}

// A page of another port can set a cookie for this one, and so knows the token of a
// form.
func TestAnotherPortChangesNothing(t *testing.T) {
	for _, secret := range []string{token, ""} {
		s := open(t, dashboard.Options{Token: secret})
		port := s.base[strings.LastIndexByte(s.base, ':')+1:]
		cookie := "webmon_csrf_" + port + "=mine"
		if secret != "" {
			cookie += "; " + s.signIn("token", token)
		}
		for name, header := range elsewhere {
			for path, body := range map[string]string{
				"/sources/napari/commands/show_grid": "show_grid=true&csrf=mine",
				"/sources/napari/dismiss":            "csrf=mine",
				"/stop":                              "csrf=mine",
				"/logout":                            "csrf=mine",
				"/api/v1/links":                      "csrf=mine&role=steer",
			} {
				status, text := s.ask("POST", path, body, append([]string{
					"Authorization", "", "Cookie", cookie, "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded",
				}, header...)...)
				if status != 403 || !strings.Contains(text, "another port") {
					t.Errorf("token %q: a page of %s posts to %s: %d", secret, name, path, status)
				}
			}
			h := http.Header{"Cookie": {cookie}}
			for i := 0; i < len(header); i += 2 {
				h.Set(header[i], header[i+1])
			}
			conn, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/ws", h)
			if err == nil {
				conn.Close()
				t.Errorf("token %q: a page of %s opens a socket", secret, name)
			} else if resp == nil || resp.StatusCode != 403 {
				t.Errorf("token %q: the socket of a page of %s: %v %v", secret, name, resp, err)
			}
		}
		select {
		case got := <-s.process.commands:
			t.Errorf("the process was told %v", got)
		default:
		}
	}
}

// Where the Host is not the one that the browser knows, since a proxy has changed it,
// the browser's word that the page is ours is enough.
func TestBehindAProxyThatChangesTheHost(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	cookie := s.signIn("token", token)
	status, text := s.ask("POST", "/sources/napari/commands/show_grid", "show_grid=true", "Authorization", "", "Cookie", cookie,
		"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", "Origin", "https://lab.example")
	if status != 202 {
		t.Errorf("a post: %d %s", status, text)
	}
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/ws",
		http.Header{"Cookie": {cookie}, "Origin": {"https://lab.example"}, "Sec-Fetch-Site": {"same-origin"}})
	if err != nil {
		t.Fatalf("a socket: %v", err)
	}
	conn.Close()
}

// In a webmon without a token whatever a browser loads is everybody's.
func TestNothingStartsFromElsewhere(t *testing.T) {
	s, c := openModels(t, dashboard.Options{Token: noToken})
	navigate := []string{"Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	get := func(path string, header ...string) (int, string) {
		return s.ask("GET", path, "", append([]string{"Authorization", ""}, header...)...)
	}
	asks := func(path string) {
		t.Helper()
		for _, site := range []string{"cross-site", "same-site"} {
			status, body := get(path, append(navigate, "Sec-Fetch-Site", site)...)
			if status != 200 || strings.Count(body, `class="btn btn-primary"`) != 1 || !strings.Contains(body, `href="`+path+`"`) || strings.Contains(body, "data-socket") {
				t.Errorf("%s from %s: %d, and it does not ask: %s", path, site, status, body)
			}
		}
		if status, body := get(path, "Accept", "text/html", "Referer", "http://evil.example/"); status != 200 || !strings.Contains(body, "Open the page") {
			t.Errorf("%s from a page of another site, by an older browser: %d", path, status)
		}
	}
	for name, header := range map[string][]string{
		"an image":  {"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image", "Sec-Fetch-Site", "cross-site"},
		"a frame":   {"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Sec-Fetch-Site", "same-site"},
		"a script":  {"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"},
		"an object": {"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "object", "Sec-Fetch-Site", "cross-site"},
	} {
		for _, path := range []string{"/models/waves", "/models/waves/picture.png", "/api/v1/models", "/api/v1/sources", "/viewer", "/metrics"} {
			if status, _ := get(path, header...); status != 403 {
				t.Errorf("%s on another page is %s: %d, want 403", name, path, status)
			}
		}
	}
	asks("/models/waves")
	if status, _ := get("/models", append(navigate, "Sec-Fetch-Site", "cross-site")...); status != 200 {
		t.Errorf("the list of models, which starts none: %d", status)
	}
	if n := c.sims["waves"].count(); n != 0 {
		t.Fatalf("%d runs were started from elsewhere", n)
	}
	for _, site := range []string{"none", "same-origin"} { // typed, and the button of that page
		if status, body := get("/models/waves", append(navigate, "Sec-Fetch-Site", site)...); status != 200 || strings.Contains(body, "Open the page") {
			t.Errorf("the page by a navigation of %q: %d", site, status)
		}
	}
	run := c.sims["waves"].run(t, 1)
	if status, body := get("/models/waves", append(navigate, "Sec-Fetch-Site", "cross-site")...); status != 200 || strings.Contains(body, "Open the page") {
		t.Errorf("a model that runs already: %d, and it asks", status)
	}
	// Any page of a model that has ended starts it again, by its socket.
	run.end <- nil
	eventually(t, "the run ends", func() bool {
		_, body := get("/api/v1/models")
		return strings.Contains(body, `"stopped"`) && !strings.Contains(body, `"running"`)
	})
	asks("/models/waves")
	asks("/viewer?source=waves")
	asks("/individual/frame_time?source=waves")
	if n := c.sims["waves"].count(); n != 1 {
		t.Errorf("%d runs were started from elsewhere", n-1)
	}
}

// To start a simulation is a change for everybody.
func TestWhoMayOnlyLookStartsNothing(t *testing.T) {
	s, c := openModels(t, dashboard.Options{})
	_, secret := s.newLink(`{"role": "look"}`)
	look := s.signIn("link", secret)
	if status, _ := s.as(look, "GET", "/models/waves", ""); status != 200 {
		t.Errorf("the page of a model at rest: %d", status)
	}
	if n := c.sims["waves"].count(); n != 0 {
		t.Fatalf("who may only look has started %d runs", n)
	}
	s.ask("GET", "/models/waves", "")
	run := c.sims["waves"].run(t, 1)
	run.end <- nil
	eventually(t, "the run ends", func() bool {
		_, body := s.ask("GET", "/api/v1/models", "")
		return !strings.Contains(body, `"running"`)
	})
	conn := &socket{t: t, conn: s.socketOf(look)}
	conn.say(`{"type":"watch","topics":["waves/html/models","waves/html/header"]}`)
	conn.until("live-header")
	// What it asks for does not count, and the connection goes on.
	conn.say(`{"type":"set","source":"waves","name":"wind","value":0.5}`)
	conn.say(`{"type":"hand","source":"waves","x":0.5,"y":0.5,"down":true}`)
	conn.say(`{"type":"watch","topics":["-/html/models"]}`)
	conn.until("Drops")
	if n := c.sims["waves"].count(); n != 1 {
		t.Errorf("the socket of who may only look has started %d runs", n-1)
	}
	s.ask("GET", "/models/waves", "")
	again := c.sims["waves"].run(t, 2)
	conn.say(`{"type":"set","source":"waves","name":"wind","value":0.75}`)
	conn.say(`{"type":"watch","topics":["waves/html/header"]}`)
	conn.until("live-header")
	if got := append(run.commands(), again.commands()...); len(got) != 0 {
		t.Errorf("the model was told %q by who may only look", got)
	}
}

// A redirect, a form and a Referer stay on this server, whatever they hold.
func TestRedirectsStayHere(t *testing.T) {
	for _, prefix := range []string{"", "/lab"} {
		s := open(t, dashboard.Options{Token: token, Prefix: prefix})
		origin := strings.TrimSuffix(s.base, prefix)
		for path, want := range map[string]string{
			"//elsewhere/?token=" + token:          "/elsewhere/",
			"//elsewhere/%2f..?a=1&token=" + token: "/elsewhere/%2F..?a=1",
			"///elsewhere?token=" + token:          "/elsewhere",
			"/%2Felsewhere/?token=" + token:        "/elsewhere/",
			"/%5Celsewhere/?token=" + token:        "/elsewhere/",
			"/viewer?source=a&token=" + token:      "/viewer?source=a",
			"/?token=" + token:                     "/",
		} {
			for _, before := range []string{"", prefix} {
				req, err := http.NewRequest("GET", origin, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.URL.Opaque = before + path // as it is, with two slashes
				if strings.HasPrefix(req.URL.Opaque, "//") {
					req.URL.Opaque = "http:" + "//" + req.URL.Host + req.URL.Opaque
				}
				req.Header.Set("Accept", "text/html")
				resp, err := http.DefaultTransport.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if got := resp.Header.Get("Location"); resp.StatusCode != 303 || got != prefix+want {
					t.Errorf("%s leads to %d %q, want %q", before+path, resp.StatusCode, got, prefix+want)
				}
			}
		}
		_, page := s.ask("GET", "//elsewhere/?a=1", "", "Authorization", "", "Accept", "text/html")
		if !strings.Contains(page, `action="`+prefix+`/elsewhere/"`) {
			t.Errorf("the form that asks for the token leads elsewhere: %s", page)
		}
		for _, referer := range []string{"//evil.example/loader", "http://evil.example//loader", "javascript:alert(1)", s.base + "/loader"} {
			req, _ := http.NewRequest("POST", s.base+"/sources/napari/commands/show_grid", strings.NewReader("show_grid=true"))
			req.Header = http.Header{"Authorization": {"Bearer " + token}, "Accept": {"text/html"}, "Referer": {referer}, "Content-Type": {"application/x-www-form-urlencoded"}}
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := resp.Header.Get("Location"); resp.StatusCode != 303 || !strings.HasPrefix(got, prefix+"/") || strings.Contains(got, "//") || strings.Contains(got, "evil") {
				t.Errorf("a form with the Referer %s leads to %d %q", referer, resp.StatusCode, got)
			}
		}
	}
}
