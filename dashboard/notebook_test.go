package dashboard_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"webmon/dashboard"
	"webmon/dashboard/door"
	"webmon/shm"
)

// A webmon without a prefix takes that of the first proxy that asks, and goes on answering without it.
func TestTakingAPrefix(t *testing.T) {
	moved := 0
	s := open(t, dashboard.Options{Token: token, OwnHost: true, Moved: func() error {
		moved++
		return nil
	}})
	const prefix = "/user/ada/webmon"
	before := s.signIn("token", token)
	page := s.socket("napari/html/controls")
	page.until("live-controls")
	take := func(body string, header ...string) (int, string) {
		return s.ask("POST", "/api/v1/prefix", body, append(header, "Content-Type", "application/json")...)
	}
	for body, field := range map[string]string{
		`{"prefix": "lab"}`: "prefix", `{}`: "prefix", `{"prefix": "/a/../b"}`: "prefix", `{"prefix": "/a", "more": 1}`: "more",
		`{"prefix": "/a", "hosts": "hub"}`: "hosts", `{"prefix": "/a", "hosts": ["a b"]}`: "hosts", `{"prefix": "/a", "hosts": [1]}`: "hosts",
	} {
		if status, answer := take(body); status != 422 || !strings.Contains(answer, `"field":"`+field+`"`) {
			t.Errorf("%s: %d %s, want 422 for %s", body, status, answer, field)
		}
	}
	if status, _ := s.ask("GET", "/viewer", "", "Host", "hub.lab.org"); status != 403 {
		t.Errorf("a host that nobody has named: %d", status)
	}
	if status, answer := take(`{"prefix": "`+prefix+`", "hosts": ["Hub.Lab.org"]}`, "Authorization", ""); status != 401 {
		t.Errorf("without the token: %d %s", status, answer)
	}
	for range 2 {
		if status, answer := take(`{"prefix": "` + prefix + `", "hosts": ["Hub.Lab.org"]}`); status != 200 || strings.TrimSpace(answer) != `{"prefix":"`+prefix+`"}` {
			t.Fatalf("%d %s", status, answer)
		}
	}
	if moved != 2 || !strings.Contains(s.server.Record().URL, prefix+"/?token=") || !strings.Contains(s.server.Record().Handover, prefix+"/api") {
		t.Errorf("it was told %d times, and the record is %+v", moved, s.server.Record())
	}
	if status, answer := take(`{"prefix": "/other"}`); status != 409 || !strings.Contains(answer, prefix) {
		t.Errorf("another prefix: %d %s, want 409 with the one that there is", status, answer)
	}

	for _, path := range []string{"/viewer", prefix + "/viewer"} {
		status, page := s.ask("GET", path, "", "Host", "hub.lab.org", "Accept", "text/html")
		if status != 200 {
			t.Fatalf("%s: %d", path, status)
		}
		for _, link := range []string{`href="` + prefix + `/loader?`, `src="` + prefix + `/assets/app-`, `data-socket="` + prefix + `/ws"`, `data-prefix="` + prefix + `"`} {
			if strings.Contains(link, "?") {
				link = strings.TrimSuffix(link, "?")
			}
			if !strings.Contains(page, link) {
				t.Errorf("the page at %s has no %s", path, link)
			}
		}
	}
	// Who was in stays in, at the old addresses and at the new ones.
	for _, path := range []string{"/status", prefix + "/status"} {
		if status, page := s.ask("GET", path, "", "Authorization", "", "Cookie", before, "Accept", "text/html"); status != 200 || !strings.Contains(page, `action="`+prefix+"/stop") {
			t.Errorf("%s with the session of before: %d, and forms lead to below the prefix: %t", path, status, strings.Contains(page, `action="`+prefix+"/stop"))
		}
	}
	// Live regions have it as well, in pages that were open before.
	s.sink.State(shm.TopicControls, scope(12.5))
	page.until(`action="` + prefix + `/sources/napari/commands/`)
}

// The page of another person of this machine's proxy is not led to a host of webmon's own: it would leave the proxy.
func TestBehindAProxyThatDoesNotSayThatItIsOne(t *testing.T) {
	s := open(t, dashboard.Options{Token: token, OwnHost: true})
	s.ask("POST", "/api/v1/prefix", `{"prefix": "/webmon"}`, "Content-Type", "application/json")
	own, _ := url.Parse(s.base)
	chrome := []string{"Accept", "text/html", "Authorization", "", "User-Agent", "Mozilla/5.0 (X11) Chrome/140.0", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "none"}
	for host, led := range map[string]bool{"localhost:8888": false, "127.0.0.1": false, own.Host: true} {
		req, _ := http.NewRequest("GET", s.base+"/webmon/viewer?token="+token, nil)
		for i := 0; i < len(chrome); i += 2 {
			req.Header.Set(chrome[i], chrome[i+1])
		}
		req.Host = host
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		to, _ := url.Parse(resp.Header.Get("Location"))
		if resp.StatusCode != 303 || to.Path != "/webmon/viewer" || (to.Host != "") != led {
			t.Errorf("%s is led to %s: %d", host, to, resp.StatusCode)
		}
		if !led && !slices.ContainsFunc(resp.Cookies(), func(c *http.Cookie) bool { return c.Path == "/webmon/" && c.HttpOnly }) {
			t.Errorf("%s gets %v", host, resp.Cookies())
		}
	}
}

// A ticket lets one browser in, once.
func TestTickets(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	status, answer := s.ask("POST", "/api/v1/tickets", "{}", "Content-Type", "application/json")
	var made struct {
		Ticket  string
		Seconds float64
	}
	if err := json.Unmarshal([]byte(answer), &made); err != nil || status != 201 || len(made.Ticket) != 40 || made.Seconds != door.TicketLasts.Seconds() {
		t.Fatalf("%d %s", status, answer)
	}
	if strings.Contains(answer, token) {
		t.Error("the ticket is the token")
	}
	page := "/arrays?embed=1&ticket=" + made.Ticket
	cookie := s.signIn("ticket", made.Ticket)
	if status, _ := s.ask("GET", page, "", "Authorization", "", "Accept", "text/html"); status != 401 {
		t.Errorf("a second browser with it: %d, want 401", status)
	}
	// The notebook is opened again, in the browser that had it: the frame's address has the ticket still.
	status, _ = s.ask("GET", page, "", "Authorization", "", "Accept", "text/html", "Cookie", cookie)
	if status != 303 {
		t.Errorf("the browser that is in, with the ticket that it had: %d, want 303 to the address without it", status)
	}
	if status, _ := s.ask("GET", "/api/v1/sources?ticket="+made.Ticket, "", "Authorization", "", "Cookie", cookie); status != 200 {
		t.Errorf("its requests: %d", status)
	}
	if status, _ := s.ask("POST", "/api/v1/tickets", "{}", "Content-Type", "application/json", "Authorization", ""); status != 401 {
		t.Errorf("a ticket for nobody: %d", status)
	}
	_, link := s.newLink(`{"role": "look"}`)
	if status, _ := s.ask("POST", "/api/v1/tickets", "{}", "Content-Type", "application/json", "Authorization", "Bearer "+link); status != 403 {
		t.Errorf("a ticket for who may only look: %d, want 403", status)
	}
}

// A page in another one has no header, says what is wrong, and leads to the whole one.
func TestEmbeddedPages(t *testing.T) {
	s := open(t, dashboard.Options{Token: token, Prefix: "/lab"})
	for _, path := range []string{"/arrays?source=napari&array=camera", "/individual/frame_time?source=napari", "/controls?source=napari", "/viewer"} {
		joint := "?"
		if strings.Contains(path, "?") {
			joint = "&"
		}
		status, page := s.ask("GET", path+joint+"embed=1&theme=light", "", "Accept", "text/html")
		if status != 200 || strings.Contains(page, `class="head"`) || !strings.Contains(page, `class="foot"`) || !strings.Contains(page, `data-theme-given="light"`) {
			t.Errorf("%s: %d, header %t, foot %t", path, status, strings.Contains(page, `class="head"`), strings.Contains(page, `class="foot"`))
		}
		to, query, _ := strings.Cut(path, "?")
		values, _ := url.ParseQuery(query)
		want := `href="/lab` + to
		if len(values) > 0 {
			want += "?" + strings.ReplaceAll(values.Encode(), "&", "&amp;")
		}
		if !strings.Contains(page, want+`" target="_blank"`) {
			t.Errorf("%s has no %s", path, want)
		}
	}
	if _, page := s.ask("GET", "/viewer?theme=purple", "", "Accept", "text/html"); strings.Contains(page, "data-theme") || !strings.Contains(page, `class="head"`) {
		t.Error("a theme that there is none of counts, or a page that is none in another has no header")
	}
	// What the cell of a notebook says that shows nothing any more.
	for what, test := range map[string]struct {
		path   string
		header []string
		status int
	}{
		"the source is gone":     {"/arrays?source=gone&embed=1", nil, 404},
		"nobody knows it":        {"/arrays?source=napari&embed=1", []string{"Authorization", ""}, 401},
		"an old ticket":          {"/arrays?source=napari&embed=1&ticket=" + strings.Repeat("0", 40), []string{"Authorization", ""}, 401},
		"there is no such chart": {"/individual/none?source=napari&embed=1", nil, 404},
	} {
		status, page := s.ask("GET", test.path, "", append([]string{"Accept", "text/html"}, test.header...)...)
		if status != test.status || !strings.Contains(page, "Run the cell of the notebook again.") || strings.Contains(page, `name="token"`) || !strings.Contains(page, `target="_blank"`) {
			t.Errorf("%s: %d\n%s", what, status, page)
		}
	}
}

// A proxy whose compressed messages cannot be unpacked, such as jupyter-server-proxy, gets a socket without compression the next time.
func TestAProxyThatCompressesInAnotherWay(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	dial := func(host string) (*websocket.Conn, bool) {
		t.Helper()
		dialer := websocket.Dialer{EnableCompression: true}
		conn, resp, err := dialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/ws", http.Header{"Authorization": {"Bearer " + token}, "Host": {host}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn, resp.Header.Get("Sec-WebSocket-Extensions") != ""
	}
	conn, compressed := dial("localhost:8888")
	if !compressed {
		t.Fatal("the socket offers no compression")
	}
	// A message that builds on one before it.
	if _, err := conn.NetConn().Write([]byte{0xc1, 0x84, 0, 0, 0, 0, 0x02, 0x13, 0x00, 0x00}); err != nil {
		t.Fatal(err)
	}
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			break
		}
	}
	eventually(t, "the next socket of the host has no compression", func() bool {
		_, compressed := dial("localhost:8888")
		return !compressed
	})
	if _, compressed := dial("localhost:9999"); !compressed {
		t.Error("another host has none either")
	}
}
