package dashboard_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"webmon/components/storybook"
	"webmon/dashboard"
	"webmon/dashboard/instance"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token = "0123456789abcdef0123456789abcdef01234567"

	// patience is how long what must happen may take on a busy machine.
	patience = time.Minute
)

// eventually waits for what must become true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// process is a source whose every word the test says.
type process struct {
	info     shm.Info
	sink     chan shm.Sink
	end      chan error
	commands chan sentCommand
	full     atomic.Bool // commands are refused at once
	hands    chan handed // what hands have done; those for which there is no room are refused
}

// handed is a message of hands.
type handed struct {
	n      uint64
	events []shm.Hand
}

type sentCommand struct {
	shm.Command
	report func(shm.Status, string)
}

func newProcess() *process {
	return &process{
		info: shm.Info{Name: "napari", Kind: shm.KindNapari, Instance: "i1", PID: 4242, Python: "3.9", Napari: "0.4.11"},
		sink: make(chan shm.Sink, 1), end: make(chan error, 1), commands: make(chan sentCommand, 16),
		hands: make(chan handed, 64),
	}
}

func (p *process) Info() shm.Info { return p.info }
func (p *process) Actions() []shm.Action {
	least, most := 0.1, 500.0
	return []shm.Action{
		{Name: "show_grid", Title: "Show grid", Args: []shm.Control{{Name: "show_grid", Type: shm.Bool, Default: true}}},
		{Name: "expose", Args: []shm.Control{
			{Name: "ms", Type: shm.Float, Min: &least, Max: &most, Unit: "ms"},
			{Name: "frames", Type: shm.Int},
		}},
	}
}
func (p *process) Run(ctx context.Context, sink shm.Sink) error {
	p.sink <- sink
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.end:
		if _, ok := err.(panicking); ok {
			panic("the adapter has lost its mind")
		}
		return err
	}
}
func (p *process) Hands(n uint64, events []shm.Hand) bool {
	select {
	case p.hands <- handed{n, events}:
		return true
	default:
		return false
	}
}
func (p *process) Command(c shm.Command, report func(shm.Status, string)) {
	if p.full.Load() {
		report(shm.Refused, "the queue is full")
		return
	}
	p.commands <- sentCommand{c, report}
}

// site is a dashboard that serves, and one process behind it.
type site struct {
	t       *testing.T
	server  *dashboard.Server
	process *process
	sink    shm.Sink
	base    string // URL without a slash at its end
}

// asked is a process that is asked for what it has.
type asked struct {
	*process
	refresh func(topics []string)
}

func (p *asked) Refresh(_ context.Context, topics []string) { p.refresh(topics) }

func open(t *testing.T, opts dashboard.Options) *site {
	t.Helper()
	return openAsked(t, opts, nil)
}

// openAsked opens a dashboard whose process has refresh called when it is asked.
func openAsked(t *testing.T, opts dashboard.Options, refresh func(topics []string)) *site {
	t.Helper()
	return openProcess(t, opts, newProcess(), refresh)
}

// openProcess opens a dashboard on a process.
func openProcess(t *testing.T, opts dashboard.Options, p *process, refresh func(topics []string)) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	opts.Listener, opts.Logger = l, slog.New(slog.DiscardHandler)
	ofMaps := opts.Attach
	opts.Attach = func(ctx context.Context, t source.Target, self dashboard.Self) (shm.Source, error) {
		if t.Map() != "" {
			return ofMaps(ctx, t, self)
		}
		if t.Address != "here" {
			return nil, fmt.Errorf("nothing listens on %s: start the process first", t.Address)
		}
		if refresh != nil {
			return &asked{p, refresh}, nil
		}
		return p, nil
	}
	s, err := dashboard.New(opts)
	if err != nil {
		l.Close()
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serving ended with %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	if _, err := s.Attach(t.Context(), source.Target{Name: "napari", Kind: shm.KindNapari, Address: "here"}); err != nil {
		t.Fatal(err)
	}
	return &site{t: t, server: s, process: p, sink: <-p.sink, base: "http://" + l.Addr().String() + opts.Prefix}
}

// ask sends a request with the token and returns status and body.
func (s *site) ask(method, path, body string, header ...string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			req.Header.Del(header[i])
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// askFor sends a request with the token and returns where it leads, too.
func (s *site) askFor(method, path string) (status int, body, location string) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.base+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header.Get("Location")
}

// signIn opens a page with a secret in its address, as a browser does, and returns the
// header Cookie with the session.
func (s *site) signIn(field, secret string) string {
	s.t.Helper()
	req, err := http.NewRequest("GET", s.base+"/viewer?"+field+"="+secret, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	for _, c := range resp.Cookies() {
		if strings.HasPrefix(c.Name, "webmon_") && !strings.HasPrefix(c.Name, "webmon_csrf") && c.HttpOnly && c.SameSite == http.SameSiteStrictMode {
			return c.Name + "=" + c.Value
		}
	}
	s.t.Fatalf("no session begins with %s: %d, %v", field, resp.StatusCode, resp.Header)
	return ""
}

func (s *site) tiles() {
	s.sink.Event(shm.Event{Topic: "frame_time", Stamp: 1.7e9, Value: map[string]shm.Value{"time": 1.7e9, "delta_ms": 16.5}})
	s.sink.State(shm.TopicPoll, &shm.TilePoll{Layers: []shm.TileLayer{{
		ID:     "140234567890123456",
		State:  &shm.TileState{Rows: []int64{1, 1, 2}, Cols: []int64{4, 5, 4}, Corners: [2][2]float64{{-10, 3}, {99.5, 200}}, HasCorners: true},
		Config: &shm.TileConfig{BaseShape: [2]int64{4096, 8192}, ImageShape: [2]int64{1024, 2048}, ShapeInTiles: [2]int64{4, 8}, TileSize: 256, LevelIndex: 2},
	}}})
	s.sink.Frame(0)
}

func TestOnlyTheTokenOpens(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	for _, path := range []string{"/", "/viewer", "/ws", "/metrics", "/api/v1/sources", "/storybook", "/individual/frame_time"} {
		if status, _ := s.ask("GET", path, "", "Authorization", ""); status != 401 {
			t.Errorf("GET %s without the token: %d, want 401", path, status)
		}
		if status, _ := s.ask("GET", path, "", "Authorization", "Bearer wrong"); status != 401 {
			t.Errorf("GET %s with a wrong token: %d, want 401", path, status)
		}
	}
	for _, path := range []string{"/stop", "/sources/napari/commands/show_grid", "/sources/napari/dismiss", "/api/v1/handover"} {
		if status, _ := s.ask("POST", path, "show_grid=true", "Authorization", ""); status != 401 {
			t.Errorf("POST %s without the token: %d, want 401", path, status)
		}
	}
	if status, _, location := s.askFor("GET", "/favicon.ico"); status != 302 || !strings.Contains(location, "/assets/icon") {
		t.Errorf("/favicon.ico: %d to %q, want the icon", status, location)
	} else if status, body := s.ask("GET", location, "", "Authorization", ""); status != 200 || !strings.Contains(body, "<svg") {
		t.Errorf("%s: %d %.100q, want the icon without a token", location, status, body)
	}
	if status, body := s.ask("GET", "/health", "", "Authorization", ""); status != 200 || strings.TrimSpace(body) != "ok" {
		t.Errorf("/health: %d %q, want ok without a token", status, body)
	}
	if status, body := s.ask("GET", "/viewer", "", "Authorization", "", "Accept", "text/html"); status != 401 || !strings.Contains(body, `name="token"`) {
		t.Errorf("a browser without the token gets %d and no form for it", status)
	}
	_, login := s.ask("GET", "/viewer", "", "Authorization", "", "Accept", "text/html")
	css := regexp.MustCompile(`/assets/app-[^"]+\.css`).FindString(login)
	if status, _ := s.ask("GET", css, "", "Authorization", ""); status != 200 {
		t.Errorf("the style sheet %q of the page that asks for the token: %d", css, status)
	}
	if status, _ := s.ask("POST", "/api/v1/handover", "{}"); status != 401 {
		t.Errorf("the browsers' token hands over a process: %d, want 401", status)
	}
}

func TestTokenInTheAddressBecomesACookie(t *testing.T) {
	s := open(t, dashboard.Options{Token: token, Prefix: "/lab"})
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar}
	defer client.CloseIdleConnections()
	get := func(u string) *http.Response {
		req, _ := http.NewRequest("GET", u, nil)
		req.Header.Set("Accept", "text/html")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	resp := get(s.server.URL())
	if resp.StatusCode != 200 || resp.Request.URL.Path != "/lab/viewer" || resp.Request.URL.Query().Has("token") {
		t.Errorf("the printed address led to %d %s", resp.StatusCode, resp.Request.URL)
	}
	if resp := get(s.base + "/loader"); resp.StatusCode != 200 {
		t.Errorf("with the cookie: %d", resp.StatusCode)
	}
	u, _ := url.Parse(s.base + "/")
	cookies := jar.Cookies(u)
	if !slices.ContainsFunc(cookies, func(c *http.Cookie) bool { return c.Name == "webmon_"+u.Port() && len(c.Value) == 40 }) {
		t.Errorf("cookies %v, want one named after the port", cookies)
	}
	if slices.ContainsFunc(cookies, func(c *http.Cookie) bool { return strings.Contains(c.Value, token) }) {
		t.Errorf("the token lies in a cookie: %v", cookies)
	}
}

func TestForeignHostsAndOriginsAreRefused(t *testing.T) {
	s := open(t, dashboard.Options{Token: token, AllowHosts: []string{"scope.lab"}})
	for host, want := range map[string]int{
		"localhost:5050": 200, "127.0.0.1": 200, "[::1]:80": 200, "192.168.1.9:5050": 200, "scope.lab": 200, "SCOPE.LAB:1": 200,
		"evil.example": 403, "scope.lab.evil.example": 403, "localhost.evil.example": 403,
	} {
		if status, _ := s.ask("GET", "/api/v1/sources", "", "Host", host); status != want {
			t.Errorf("Host %s: %d, want %d", host, status, want)
		}
	}
	dial := func(origin string) error {
		h := http.Header{"Authorization": {"Bearer " + token}}
		if origin != "" {
			h.Set("Origin", origin)
		}
		conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/ws", h)
		if err == nil {
			conn.Close()
		}
		return err
	}
	if err := dial(s.base); err != nil {
		t.Errorf("a page of our own: %v", err)
	}
	for _, origin := range []string{"http://evil.example", "null", "https://127.0.0.1:1"} {
		if dial(origin) == nil {
			t.Errorf("a page of %s opened the socket", origin)
		}
	}
}

func TestFormsNeedTheirToken(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	cookie := s.signIn("token", token)
	post := func(header ...string) int {
		status, _ := s.ask("POST", "/sources/napari/commands/show_grid", "show_grid=true",
			append([]string{"Authorization", "", "Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded"}, header...)...)
		return status
	}
	if got := post(); got != 403 {
		t.Errorf("a bare post with the cookie: %d, want 403", got)
	}
	if got := post("Sec-Fetch-Site", "cross-site"); got != 403 {
		t.Errorf("a post from another site: %d, want 403", got)
	}
	if got := post("Sec-Fetch-Site", "same-origin"); got != 202 {
		t.Errorf("a post of our own page, as new browsers mark it: %d, want 202", got)
	}
	if got := post("Origin", s.base); got != 403 {
		t.Errorf("a post with an origin, a cookie and no form's token: %d, want 403", got)
	}
	for origin, want := range map[string]int{"": 202, "http://evil.example": 403, "null": 403} {
		// A program gives the token in the address and is no browser.
		status, _ := s.ask("POST", "/sources/napari/commands/show_grid?token="+token, "show_grid=true",
			"Authorization", "", "Content-Type", "application/x-www-form-urlencoded", "Origin", origin)
		if status != want {
			t.Errorf("a program with origin %q: %d, want %d", origin, status, want)
		}
	}
	// As browsers do it where the page came without encryption.
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar}
	defer client.CloseIdleConnections()
	resp, err := client.Get(s.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	m := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindSubmatch(page)
	if m == nil {
		t.Fatal("the page's forms hold no token")
	}
	resp, err = client.PostForm(s.base+"/sources/napari/commands/show_grid", url.Values{"csrf": {string(m[1])}, "show_grid": {"false"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 202 {
		t.Errorf("the page's own form: %d, want 202", resp.StatusCode)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	for _, path := range []string{"/viewer", "/nowhere", "/api/v1/sources", "/health"} {
		req, _ := http.NewRequest("GET", s.base+path, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		csp := resp.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: sniffing is allowed", path)
		}
	}
}

func TestPagesHoldNothingThatThePolicyForbids(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.tiles()
	inline := regexp.MustCompile(`<script>|<script [^>]*type="text/javascript"[^>]*>[^<]|\son[a-z]+="|<style|\sstyle="|(src|href)="https?:`)
	for _, path := range []string{"/viewer", "/loader", "/messages", "/status", "/individual/frame_time", "/storybook", "/viewer?embed=1"} {
		status, body := s.ask("GET", path, "", "Accept", "text/html")
		if status != 200 {
			t.Errorf("%s: %d", path, status)
		}
		if found := inline.FindString(body); found != "" {
			t.Errorf("%s holds %q", path, found)
		}
	}
}

func TestCommandsAreCheckedInOrder(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	form, js := "application/x-www-form-urlencoded", "application/json"
	for _, test := range []struct {
		name, path, kind, body string
		want                   int
		says                   string
	}{
		{"unknown source first", "/sources/x/commands/y", js, "{", 404, `no source`},
		{"then unknown command", "/sources/napari/commands/eval", js, "{", 404, `no command`},
		{"then the body", "/sources/napari/commands/show_grid", js, "{", 400, "JSON object"},
		{"JSON of another kind", "/sources/napari/commands/show_grid", js, "[1]", 400, "JSON object"},
		{"null", "/sources/napari/commands/show_grid", js, "null", 400, "JSON object"},
		{"a broken form", "/sources/napari/commands/show_grid", form, "%zz", 400, "encoded"},
		{"another type", "/sources/napari/commands/show_grid", "text/plain", "x", 400, "form"},
		{"too large", "/sources/napari/commands/show_grid", form, "show_grid=" + strings.Repeat("x", 100_000), 413, "larger"},
		{"value", "/sources/napari/commands/show_grid", js, `{"show_grid": "maybe"}`, 422, `"field":"show_grid"`},
		{"missing", "/sources/napari/commands/show_grid", form, "", 422, "missing"},
		{"unknown argument", "/sources/napari/commands/show_grid", js, `{"show_grid": true, "x": 1}`, 422, `"field":"x"`},
		{"limits", "/sources/napari/commands/expose", js, `{"ms": 501, "frames": 1}`, 422, "at most 500 ms"},
		{"whole numbers", "/sources/napari/commands/expose", js, `{"ms": 5, "frames": 1.5}`, 422, "whole number"},
		{"form", "/sources/napari/commands/show_grid", form, "show_grid=true", 202, `"status":"queued"`},
		{"JSON", "/sources/napari/commands/show_grid", js, `{"show_grid": false}`, 202, `"id":`},
		{"several arguments", "/sources/napari/commands/expose", form, "ms=0.5&frames=3", 202, `"id":`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.t = t
			status, body := s.ask("POST", test.path, test.body, "Content-Type", test.kind)
			if status != test.want || !strings.Contains(body, test.says) {
				t.Errorf("got %d %s, want %d with %q", status, body, test.want, test.says)
			}
		})
	}
	s.t = t
	for _, want := range []map[string]any{{"show_grid": true}, {"show_grid": false}, {"ms": 0.5, "frames": int64(3)}} {
		got := <-s.process.commands
		if fmt.Sprint(got.Args) != fmt.Sprint(want) {
			t.Errorf("the process got %v, want %v", got.Args, want)
		}
	}
	s.process.end <- shm.ErrGone
	eventually(t, "after the end of the process a command is refused with 503", func() bool {
		status, body := s.ask("POST", "/sources/napari/commands/show_grid", "show_grid=true", "Content-Type", form)
		return status == 503 && strings.Contains(body, "gone")
	})
	if status, _ := s.ask("POST", "/sources/napari/commands/show_grid", "show_grid=what", "Content-Type", form); status != 422 {
		t.Errorf("a wrong value to a process that is gone: %d, want 422 first", status)
	}
}

func TestLifeOfACommand(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	_, body := s.ask("POST", "/sources/napari/commands/show_grid", "show_grid=true", "Content-Type", "application/x-www-form-urlencoded")
	var reply struct{ ID, Status string }
	if err := json.Unmarshal([]byte(body), &reply); err != nil {
		t.Fatal(err)
	}
	status := func() string {
		_, body := s.ask("GET", "/api/v1/commands/"+reply.ID, "")
		var c struct{ Status, Reason string }
		if err := json.Unmarshal([]byte(body), &c); err != nil {
			t.Fatal(err)
		}
		return c.Status + " " + c.Reason
	}
	if got := status(); got != "queued " {
		t.Errorf("at first %q", got)
	}
	sent := <-s.process.commands
	sent.report(shm.Taken, "")
	if got := status(); got != "taken " {
		t.Errorf("then %q", got)
	}
	sent.report(shm.Refused, "no layer is selected")
	if got := status(); got != "refused no layer is selected" {
		t.Errorf("at last %q", got)
	}
	if code, _ := s.ask("GET", "/api/v1/commands/nonsense", ""); code != 404 {
		t.Errorf("an unknown command: %d", code)
	}
	if code, _ := s.ask("POST", "/sources/napari/commands/show_grid", "show_grid=true",
		"Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html", "Referer", s.base+"/loader?x=1"); code != 303 {
		t.Errorf("a plain form: %d, want 303", code)
	}
}

func TestAPI(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.tiles()
	_, body := s.ask("GET", "/api/v1/sources", "")
	var sources []map[string]any
	if err := json.Unmarshal([]byte(body), &sources); err != nil || len(sources) != 1 {
		t.Fatalf("%v in %s", err, body)
	}
	src := sources[0]
	for key, want := range map[string]any{"id": "napari", "name": "napari", "kind": "napari", "instance": "i1", "connected": true} {
		if src[key] != want {
			t.Errorf("%s is %v, want %v", key, src[key], want)
		}
	}
	if fmt.Sprint(src["topics"]) != "[frame_time poll]" {
		t.Errorf("topics %v", src["topics"])
	}
	if age, ok := src["age_ms"].(float64); !ok || age < 0 || age > 60_000 {
		t.Errorf("age_ms %v", src["age_ms"])
	}

	// The first read fetches: the process is asked, and its answer returned.
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		for s.sink.Demand(shm.TopicPoll) == 0 {
			select {
			case <-s.sink.DemandChanged():
			case <-time.After(patience):
				t.Error("the first read of the state did not ask the process")
				return
			}
		}
		s.tiles()
	}()
	_, body = s.ask("GET", "/api/v1/sources/napari/state", "")
	<-answered // a read does not wait for ever
	want := `{"poll":{"layers":{"140234567890123456":{"tile_state":{"seen":[[1,4],[1,5],[2,4]],"corners":[[-10,3],[99.5,200]]},` +
		`"tile_config":{"base_shape":[4096,8192],"image_shape":[1024,2048],"shape_in_tiles":[4,8],"tile_size":256,"level_index":2}}}}}`
	if strings.TrimSpace(body) != want {
		t.Errorf("state\n%s\nwant\n%s", body, want)
	}

	_, body = s.ask("GET", "/api/v1/sources/napari/events/frame_time?seconds=60", "")
	if got := strings.TrimSpace(body); got != `[{"delta_ms":16.5,"time":1700000000},{"delta_ms":16.5,"time":1700000000}]` {
		t.Errorf("events %s", got)
	}
	_, body = s.ask("GET", "/api/v1/sources/napari/events/frame_time?format=csv", "")
	if !strings.HasPrefix(body, "time,delta_ms\n1700000000,16.5\n") {
		t.Errorf("csv %q", body)
	}
	for path, want := range map[string]int{
		"/api/v1/sources/x/state": 404, "/api/v1/sources/napari/events/load_chunk": 200, "/api/v1/sources/napari/events/x": 404,
		"/api/v1/sources/napari/events/frame_time?seconds=0": 400, "/api/v1/sources/napari/events/frame_time?seconds=nan": 400,
		"/api/v1/sources/napari/events/frame_time?seconds=1e9": 400, "/api/v1/sources/napari/events/frame_time?format=xml": 400,
		"/viewer?source=x": 404, "/individual/nonsense": 404, "/assets/x.js": 404, "/api/v1/nonsense": 404,
	} {
		if status, body := s.ask("GET", path, ""); status != want {
			t.Errorf("GET %s: %d %s, want %d", path, status, body, want)
		}
	}
	if status, _ := s.ask("DELETE", "/viewer", ""); status != 405 {
		t.Errorf("DELETE: %d", status)
	}
	_, body = s.ask("GET", "/metrics", "")
	for _, name := range []string{`webmon_source_connected{source="napari"} 1`, `webmon_source_events_total{source="napari",topic="frame_time"} 2`, "webmon_browsers 0", "webmon_memory_bytes"} {
		if !strings.Contains(body, name) {
			t.Errorf("/metrics lacks %s", name)
		}
	}
}

// socket is a page's end of the socket.
type socket struct {
	t    *testing.T
	conn *websocket.Conn
	n    int
}

func (s *site) socket(topics ...string) *socket {
	s.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/ws",
		http.Header{"Authorization": {"Bearer " + token}, "Origin": {"http://" + strings.Split(s.base, "/")[2]}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	b, _ := json.Marshal(map[string]any{"type": "watch", "topics": topics})
	if err := conn.WriteMessage(websocket.TextMessage, b); err != nil {
		s.t.Fatal(err)
	}
	return &socket{t: s.t, conn: conn}
}

// until returns the first message that contains the text.
func (s *socket) until(text string) string {
	s.t.Helper()
	s.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		_, b, err := s.conn.ReadMessage()
		if err != nil {
			s.t.Fatalf("no message with %q came: %v", text, err)
		}
		s.n++
		s.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"ack","n":%d}`, s.n))
		if bytes.Contains(b, []byte(text)) {
			return string(b)
		}
	}
}

func TestTilesReachThePage(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	page := s.socket("napari/tiles/first", "napari/viewer/first/tiles", "napari/html/header")
	page.until(`"topic":"hello"`)
	s.tiles()
	frame := page.until(`"topic":"napari/tiles/first"`)
	var got struct {
		Layer   string
		Level   int
		Grid    []int
		Corners [][]float64
		Tiles   []int
		Count   int
		TS      float64
	}
	if err := json.Unmarshal([]byte(frame), &got); err != nil {
		t.Fatal(err)
	}
	if got.Layer != "140234567890123456" || got.Level != 2 || fmt.Sprint(got.Grid) != "[4 8]" ||
		fmt.Sprint(got.Tiles) != "[1 4 1 2 2 4 1 1]" || got.Count != 3 || fmt.Sprint(got.Corners) != "[[-10 3] [99.5 200]]" {
		t.Errorf("frame %s", frame)
	}
	if d := time.Since(time.UnixMicro(int64(got.TS * 1000))); d < 0 || d > time.Minute {
		t.Errorf("stamped %v ago", d)
	}
	if html := page.until(`live-viewer-panel`); !strings.Contains(html, "<hx-partial") {
		t.Errorf("fragment %s", html)
	}
	// A later page starts with the picture as it is, without waiting for news.
	late := s.socket("napari/tiles/first")
	late.until(`"tiles":[1,4,1,2,2,4,1,1]`)

	s.process.end <- shm.ErrOwner
	page.until("killed")
}

func TestASilentProcessIsExplained(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	eventually(t, "the page of a silent napari says what to do", func() bool {
		_, body := s.ask("GET", "/viewer", "", "Accept", "text/html")
		return strings.Contains(body, "Move the camera")
	})
	s.sink.State(shm.TopicPoll, &shm.TilePoll{})
	s.sink.Frame(0)
	if _, body := s.ask("GET", "/viewer", "", "Accept", "text/html"); !strings.Contains(body, "multiscale") {
		t.Error("the page of a napari without tiles does not explain itself")
	}
	s.process.info.Napari = "0.9.2"
	if _, body := s.ask("GET", "/viewer", "", "Accept", "text/html"); !strings.Contains(body, "napari 0.9.2 does not share its tiles") {
		t.Error("the page of a napari 0.9.2 does not say that it shares no tiles")
	}
}

func TestPrefix(t *testing.T) {
	s := open(t, dashboard.Options{Token: token, Prefix: "/lab/webmon"})
	for _, path := range []string{"/viewer", "/loader", "/messages", "/status"} {
		status, body := s.ask("GET", path, "", "Accept", "text/html")
		if status != 200 {
			t.Errorf("%s: %d", path, status)
		}
		for _, m := range regexp.MustCompile(`(?:href|src|action|hx-get|hx-post|data-socket)="(/[^"]*)"`).FindAllStringSubmatch(body, -1) {
			if !strings.HasPrefix(m[1], "/lab/webmon/") {
				t.Errorf("%s: %s leaves the prefix", path, m[0])
			}
		}
	}
	// A proxy may take the prefix off.
	bare := *s
	bare.base = strings.TrimSuffix(s.base, "/lab/webmon")
	if status, _ := bare.ask("GET", "/viewer", ""); status != 200 {
		t.Errorf("without the prefix: %d", status)
	}
	if status, _ := bare.ask("GET", "/lab/webmonx/viewer", ""); status != 404 {
		t.Errorf("another prefix: %d, want 404", status)
	}
}

// Adding a tab takes one component and one line in the table.
func TestAddingATab(t *testing.T) {
	s := open(t, dashboard.Options{Token: token, Tabs: []tab.Tab{
		{Slug: "stage", Title: "Stage", Topics: []string{"stage"}, Live: storybook.Stage},
	}})
	_, body := s.ask("GET", "/viewer", "", "Accept", "text/html")
	if !strings.Contains(body, `href="/stage"`) || !strings.Contains(body, ">Stage</a>") {
		t.Error("the tab is not in the navigation")
	}
	page := s.socket("napari/html/stage")
	page.until("hello")
	if got := s.sink.Demand("stage"); got != 0 {
		for s.sink.Demand("stage") == 0 {
			<-s.sink.DemandChanged()
		}
	}
	s.sink.Event(shm.Event{Topic: "stage", Value: map[string]shm.Value{"x": 1.5, "y": -2.0}})
	s.sink.Frame(0)
	page.until("1.5")
	_, body = s.ask("GET", "/stage", "", "Accept", "text/html")
	if !strings.Contains(body, "1.5") || !strings.Contains(body, `data-topic="napari/html/stage"`) {
		t.Errorf("the tab's page lacks its content: %s", body)
	}
	s.sink.Event(shm.Event{Topic: "stage", Value: map[string]shm.Value{"x": 7.25, "y": -2.0}})
	s.sink.Frame(0)
	page.until("7.25")
}

func TestMistakesInTheTableOfTabs(t *testing.T) {
	for _, bad := range []tab.Tab{
		{Slug: "Bad Slug", Title: "x", Live: storybook.Stage},
		{Slug: "viewer", Title: "x", Live: storybook.Stage},
		{Slug: "api", Title: "x", Live: storybook.Stage},
		{Slug: "empty", Title: "x"},
		{Slug: "untitled", Live: storybook.Stage},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, err = dashboard.New(dashboard.Options{
			Listener: l, Tabs: []tab.Tab{bad},
			Attach: func(context.Context, source.Target, dashboard.Self) (shm.Source, error) { return nil, io.EOF },
		})
		if err == nil {
			t.Errorf("the tab %+v was taken", bad.Slug)
		}
	}
}

func TestHandover(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	folder := filepath.Join(t.TempDir(), "webmon")
	in, err := instance.Acquire(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Release()
	if err := in.Announce(s.server.Record()); err != nil {
		t.Fatal(err)
	}
	src := instance.Source{Kind: "napari", Name: "napari", Address: "nowhere"}
	var refused *instance.RefusedError
	if _, err := instance.HandOver(t.Context(), folder, src); !errors.As(err, &refused) || !strings.Contains(err.Error(), "start the process first") {
		t.Errorf("a process that cannot be attached: %v", err)
	}
	src.Address = "here"
	if address, err := instance.HandOver(t.Context(), folder, src); err != nil || address != s.server.URL() {
		t.Errorf("a process that is attached already: %q, %v", address, err)
	}
	// Neither the secret itself nor what was sealed with another opens it.
	sealed, err := instance.Posted("another secret", src)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{`{"kind":"napari","name":"napari","address":"here"}`, string(sealed), ""} {
		if status, _ := s.ask("POST", "/api/v1/handover", body, "Authorization", "Bearer "+s.server.Record().Secret); status != 401 {
			t.Errorf("%.20q: %d, want 401", body, status)
		}
	}
	if _, err := instance.HandOver(t.Context(), folder, instance.Source{Kind: "model", Name: "waves.py"}); !errors.As(err, &refused) {
		t.Errorf("a model, where there are none: %v", err)
	}
	var got []string
	for _, c := range (visitor{s, s.signIn("token", token)}).changes("") {
		got = append(got, c.String())
	}
	for _, want := range []string{
		"the owner: napari attach >nowhere x1 refused Nothing listens on nowhere: start the process first.",
		"the owner: napari attach >here x1 applied", "the owner: add a model >waves.py x1 refused This webmon runs no models.",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("the record has no %q: %q", want, got)
		}
	}
}

// A page that was opened while there was no process shows the first one that
// comes.
func TestWaitingForAProcess(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	page := s.socket(source.Nobody + "/html/header")
	page.until(`{"topic":"reload","source":`)
}

// A webmon that nobody needs may end: that is without processes and browsers.
func TestIdle(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	if !s.server.Idle().IsZero() {
		t.Error("idle with a process")
	}
	page := s.socket("napari/html/header")
	page.until("hello")
	s.process.end <- shm.ErrEnded
	page.until("ended")
	there := time.Now()
	if !s.server.Idle().IsZero() {
		t.Error("idle with a browser")
	}
	page.conn.Close()
	var since time.Time
	eventually(t, "idle without a browser", func() bool {
		since = s.server.Idle()
		return !since.IsZero()
	})
	// By the clock alone, as Idle tells it.
	if there = there.Round(0); since.Before(there) || since.After(time.Now()) {
		t.Errorf("idle since %v, want since the browser left, after %v", since, there)
	}
}

func TestStop(t *testing.T) {
	stopped := make(chan struct{}, 1)
	s := open(t, dashboard.Options{Token: token, Stop: func() { stopped <- struct{}{} }})
	if status, _ := s.ask("GET", "/stop", ""); status != 405 {
		t.Errorf("GET /stop: %d, want 405", status)
	}
	if status, body := s.ask("POST", "/stop", ""); status != 200 || !strings.Contains(body, "webmon has stopped") {
		t.Errorf("%d %s", status, body)
	}
	<-stopped
}

func TestDismiss(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	if status, _ := s.ask("POST", "/sources/napari/dismiss", ""); status != 409 {
		t.Errorf("dismissing a process that runs: %d, want 409", status)
	}
	page := s.socket("napari/html/header")
	page.until("hello")
	s.process.end <- shm.ErrEnded
	page.until("ended")
	if status, _ := s.ask("POST", "/sources/napari/dismiss", ""); status != 303 {
		t.Errorf("dismissing: %d", status)
	}
	page.until(`"topic":"reload"`)
	if _, body := s.ask("GET", "/api/v1/sources", ""); strings.TrimSpace(body) != "[]" {
		t.Errorf("sources %s", body)
	}
	if status, body := s.ask("GET", "/viewer", "", "Accept", "text/html"); status != 200 || !strings.Contains(body, "NAPARI_MON") {
		t.Errorf("without a source the viewer is %d and does not say how to attach", status)
	}
}

// A process may call the fields of its events what it likes: the links of their charts, and
// what is asked of them, lead there all the same.
func TestChartsOfAnyName(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	for _, field := range []string{"m/s", "a b", "100%", "%2F", "../x", `"<b>`, "=1", "é/?#"} {
		s.sink.Event(shm.Event{Topic: "stage", Value: map[string]shm.Value{field: 1.5}})
		path := url.PathEscape("stage." + field)
		if status, page := s.ask("GET", "/individual/"+path+"?source=napari", "", "Accept", "text/html"); status != 200 || !strings.Contains(page, "data-chart") {
			t.Errorf("%q: %d", field, status)
		}
		now := time.Now().UnixMilli()
		if status, body := s.ask("GET", fmt.Sprintf("/api/v1/sources/napari/charts/%s?from=%d&to=%d", path, now-5000, now+5000), ""); status != 200 || !strings.Contains(body, "1.5") {
			t.Errorf("%q: %d %s", field, status, body)
		}
	}
}
