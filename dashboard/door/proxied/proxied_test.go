package proxied_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"webmon/dashboard/door"
	"webmon/dashboard/door/proxied"
	"webmon/lacking"
)

// says is what a Proxied makes of a request, in words.
func says(p *proxied.Proxied, r *http.Request) string {
	person, known, err := p.Know(r)
	switch {
	case err != nil:
		return "refused: " + err.Error()
	case !known:
		return "unknown"
	}
	return fmt.Sprint(person.Name, ", ", person.Role)
}

func from(t *testing.T, list ...string) []netip.Prefix {
	t.Helper()
	prefixes, err := proxied.ParseFrom(list)
	if err != nil {
		t.Fatal(err)
	}
	return prefixes
}

func build(t *testing.T, opts proxied.Options) *proxied.Proxied {
	t.Helper()
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	p, err := proxied.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhoIsBelieved(t *testing.T) {
	for _, test := range []struct {
		name, from, remote string
		header             http.Header
		want               string
	}{
		{"the proxy", "10.0.0.1", "10.0.0.1:4000", http.Header{"Remote-User": {"ada"}}, "ada, steer"},
		{"of a network", "10.0.0.0/24", "10.0.0.77:4000", http.Header{"Remote-User": {"Ada Lovelace"}}, "Ada Lovelace, steer"},
		{"over IPv6", "fd00::/8", "[fd00::2]:4000", http.Header{"Remote-User": {"ada"}}, "ada, steer"},
		{"an IPv4 address as IPv6", "10.0.0.1", "[::ffff:10.0.0.1]:4000", http.Header{"Remote-User": {"ada"}}, "ada, steer"},
		{"given as IPv6", "::ffff:10.0.0.1", "10.0.0.1:4000", http.Header{"Remote-User": {"ada"}}, "ada, steer"},
		{"with a zone", "fe80::1", "[fe80::1%eth0]:4000", http.Header{"Remote-User": {"ada"}}, "ada, steer"},
		{"nobody is signed in", "10.0.0.1", "10.0.0.1:4000", http.Header{"Remote-User": {""}}, "unknown"},
		{"no header", "10.0.0.1", "10.0.0.1:4000", nil, "unknown"},
		{"somebody else", "10.0.0.1", "10.0.0.2:4000", http.Header{"Remote-User": {"ada"}}, "unknown"},
		{"who claims to come from the proxy", "10.0.0.1", "10.0.0.2:4000", http.Header{
			"Remote-User": {"ada"}, "X-Forwarded-For": {"10.0.0.1"}, "X-Real-Ip": {"10.0.0.1"}, "Forwarded": {"for=10.0.0.1"},
		}, "unknown"},
		{"no address", "10.0.0.1", "@", http.Header{"Remote-User": {"ada"}}, "unknown"},
		{"another header of the kind", "10.0.0.1", "10.0.0.1:4000", http.Header{"Remote_User": {"ada"}, "X-Remote-User": {"ada"}}, "unknown"},
		{"two people", "10.0.0.1", "10.0.0.1:4000", http.Header{"Remote-User": {"eve", "ada"}}, "refused: The proxy names more than one person"},
		{"no text", "10.0.0.1", "10.0.0.1:4000", http.Header{"Remote-User": {"\xff\xfe"}}, "refused: The proxy's header Remote-User holds no name"},
		{"another's name", "10.0.0.1", "10.0.0.1:4000", http.Header{"Remote-User": {"the owner"}}, "refused: The proxy's header Remote-User holds no name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := build(t, proxied.Options{User: "remote-user", From: from(t, test.from), Role: door.Steer})
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = test.remote
			for name, values := range test.header {
				r.Header[name] = values
			}
			if got := says(p, r); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestRoles(t *testing.T) {
	p := build(t, proxied.Options{User: "Remote-User", From: from(t, "10.0.0.1"), RoleHeader: "Remote-Groups"})
	for _, test := range []struct {
		values []string
		want   string
	}{
		{[]string{"look"}, "ada, look"},
		{[]string{" manage "}, "ada, manage"},
		{[]string{"staff,webmon-look,webmon-steer"}, "ada, steer"},
		{[]string{"webmon-manage; staff"}, "ada, manage"},
		{[]string{"staff, manage"}, "refused: You are signed in as ada, who may not"}, // the name of a group
		{[]string{"webmon-"}, "refused: You are signed in as ada, who may not"},
		{[]string{"webmon-nobody"}, "refused: You are signed in as ada, who may not"},
		{[]string{"admin"}, "refused: You are signed in as ada, who may not"},
		{[]string{""}, "refused: You are signed in as ada, who may not"},
		{nil, "refused: You are signed in as ada, who may not"},
		{[]string{"look", "manage"}, "refused: You are signed in as ada, who may not"}, // one of them is somebody's own
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:4000"
		r.Header.Set("Remote-User", "ada")
		if test.values != nil {
			r.Header["Remote-Groups"] = test.values
		}
		if got := says(p, r); !strings.HasPrefix(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.values, got, test.want)
		}
	}
}

func TestItIsSaidOnce(t *testing.T) {
	var log bytes.Buffer
	p := build(t, proxied.Options{
		User: "Remote-User", From: from(t, "10.0.0.1"), Role: door.Look, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	for range 3 {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Remote-User", "ada")
		p.Know(r)
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("it was said %d times, want once: %s", n, &log)
	}
}

// TestAProxy has a reverse proxy in front that signs everybody in as ada, the way
// nginx does: it replaces the header that it was sent.
func TestAProxy(t *testing.T) {
	// The proxy connects from an address of its own, as one on another machine does.
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	if l, err := net.Listen("tcp", "127.0.0.2:0"); err != nil {
		lacking.Skip(t, "this system has one loopback address only: %v", err)
	} else {
		l.Close()
	}
	p := build(t, proxied.Options{User: "Remote-User", From: from(t, "127.0.0.2"), Role: door.Steer})
	webmon := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, says(p, r)) }))
	defer webmon.Close()
	to, err := url.Parse(webmon.URL)
	if err != nil {
		t.Fatal(err)
	}
	signedIn := "ada"
	transport := &http.Transport{DialContext: dialer.DialContext}
	defer transport.CloseIdleConnections()
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.SetXForwarded()
			r.Out.Header.Del("Remote-User")
			if signedIn != "" {
				r.Out.Header.Set("Remote-User", signedIn)
			}
		},
	})
	defer proxy.Close()
	ask := func(url string, header ...string) string {
		t.Helper()
		r, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	defer http.DefaultClient.CloseIdleConnections()

	if got := ask(proxy.URL); got != "ada, steer" {
		t.Errorf("through the proxy: %s", got)
	}
	if got := ask(proxy.URL, "Remote-User", "eve"); got != "ada, steer" {
		t.Errorf("through the proxy with a header of one's own: %s", got)
	}
	if got := ask(webmon.URL, "Remote-User", "ada"); got != "unknown" {
		t.Errorf("past the proxy: %s", got)
	}
	if got := ask(webmon.URL, "Remote-User", "ada", "X-Forwarded-For", "127.0.0.2"); got != "unknown" {
		t.Errorf("past the proxy, which it claims to be: %s", got)
	}
	// A browser can ask a proxy to take a header out: it is nobody then.
	if got := ask(proxy.URL, "Connection", "Remote-User"); got != "ada, steer" && got != "unknown" {
		t.Errorf("with the header as one of the connection: %s", got)
	}
	signedIn = ""
	if got := ask(proxy.URL, "Remote-User", "eve"); got != "unknown" {
		t.Errorf("through the proxy while nobody is signed in: %s", got)
	}
}

// TestAtTheDoor: the proxy says who somebody is with each request, so that they get no
// session, which would outlast what the proxy says.
func TestAtTheDoor(t *testing.T) {
	p := build(t, proxied.Options{User: "Remote-User", From: from(t, "10.0.0.1"), RoleHeader: "Remote-Role"})
	d, err := door.New(door.Options{Token: "the-token-of-webmon", Keepers: []door.Keeper{p}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, test := range []struct{ name, url, authorization, role, want string }{
		{"a page", "/viewer", "", "steer", "ada, steer"},
		{"another role from now on", "/viewer", "", "look", "ada, look"},
		{"none any more", "/viewer", "", "", "You are signed in as ada, who may not open this webmon."},
		{"a token of the proxy's own", "/viewer", "Bearer ey.J.x", "steer", "ada, steer"},
		{"other credentials", "/viewer", "Basic eA==", "steer", "ada, steer"},
		{"webmon's own token", "/viewer", "Bearer the-token-of-webmon", "steer", ", manage"},
		{"a wrong token in the address", "/viewer?token=x", "", "steer", "That is not this webmon's token."},
		{"a wrong link", "/viewer?link=x", "", "steer", "This link opens nothing any more"},
	} {
		r := httptest.NewRequest("GET", test.url, nil)
		r.RemoteAddr = "10.0.0.1:4000"
		for name, value := range map[string]string{
			"Remote-User": "ada", "Remote-Role": test.role, "Authorization": test.authorization,
			"Accept": "text/html", "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate",
		} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		person, answered, err := d.Admit(w, r)
		got := fmt.Sprint(person.Name, ", ", person.Role)
		if err != nil {
			got = err.Error()
		}
		if answered || !strings.HasPrefix(got, test.want) || len(w.Result().Cookies()) > 0 || len(d.Sessions()) > 0 {
			t.Errorf("%s: %q, answered %v, with the cookies %v; want %q and none", test.name, got, answered, w.Result().Cookies(), test.want)
		}
	}
}

func TestOptions(t *testing.T) {
	here := from(t, "10.0.0.1")
	for _, opts := range []proxied.Options{
		{From: here, Role: door.Look},
		{User: "Remote User", From: here, Role: door.Look},
		{User: "Remote-User", Role: door.Look},
		{User: "Remote-User", From: here},
		{User: "Remote-User", From: here, RoleHeader: "a:b"},
		{User: "Remote-User", From: here, Role: door.Look, RoleHeader: "Remote-Groups"},
	} {
		if _, err := proxied.New(opts); err == nil {
			t.Errorf("%+v is accepted", opts)
		}
	}
	for _, s := range []string{"", "proxy.lab", "10.0.0.1:80", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.0.0"} {
		if got, err := proxied.ParseFrom([]string{s}); err == nil {
			t.Errorf("%q is read as %v", s, got)
		}
	}
}
