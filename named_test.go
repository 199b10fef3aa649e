package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"webmon/dashboard/door"
)

// TestNamedFlags sees that what cannot work is said before anything starts, by the name
// of the flag.
func TestNamedFlags(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "secret")
	empty := filepath.Join(dir, "empty")
	for path, text := range map[string]string{secret: "s3cret\n", empty: "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	oidc := []string{"--oidc-issuer", "https://login.example.org", "--oidc-client-id", "webmon", "--oidc-role", "steer=group:lab"}
	proxy := []string{"--proxy-user", "Remote-User", "--proxy-from", "10.0.0.1"}
	for _, test := range []struct {
		args []string
		want string // "" for none
	}{
		{nil, ""},
		{[]string{"--people", "people"}, ""},
		{oidc, ""},
		{append(oidc, "--oidc-client-secret-file", secret, "--oidc-name", "preferred_username"), ""},
		{proxy, ""},
		{append(proxy, "--proxy-role", "manage", "--proxy-from", "10.1.0.0/16,::1"), ""},
		{append(proxy, "--proxy-role", "Remote-Groups"), ""},
		{append(append([]string{"--people", "people"}, oidc...), proxy...), ""},
		{[]string{"--people", "people", "--no-token"}, "--no-token"},
		{append(proxy, "--no-token"), "--no-token"},
		{[]string{"--oidc-client-id", "webmon"}, "--oidc-issuer"},
		{[]string{"--oidc-name", "name"}, "--oidc-issuer"},
		{oidc[:2], "--oidc-client-id"},
		{oidc[:4], "--oidc-role"},
		{append(oidc, "--oidc-role", "admin=group:lab"), "--oidc-role"},
		{append(oidc, "--oidc-client-secret-file", secret+"x"), "--oidc-client-secret-file"},
		{append(oidc, "--oidc-client-secret-file", empty), "--oidc-client-secret-file"},
		{[]string{"--oidc-issuer", "http://login.example.org", "--oidc-client-id", "webmon", "--oidc-role", "look=*"}, "--oidc-issuer"},
		{proxy[:2], "--proxy-from"},
		{proxy[2:], "--proxy-user"},
		{[]string{"--proxy-role", "look"}, "--proxy-user"},
		{[]string{"--proxy-user", "Remote-User", "--proxy-from", "0.0.0.0/0"}, "--proxy-from"},
		{[]string{"--proxy-user", "Remote User", "--proxy-from", "10.0.0.1"}, "--proxy-user"},
		{append(proxy, "--proxy-role", "steer, look"), "--proxy-role"},
	} {
		_, err := parse(test.args, environment{}.get, io.Discard)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want a word about %q", test.args, err, test.want)
		}
	}
}

func TestRulesInOneFlag(t *testing.T) {
	for s, want := range map[string]string{
		"steer=group:lab":                                  "steer=group:lab",
		"steer=group:lab,manage=email:a@b":                 "steer=group:lab|manage=email:a@b",
		"steer=group:lab, manage=email:a@b":                "steer=group:lab|manage=email:a@b",
		"steer=groups:CN=lab,OU=people,DC=lab,look=*":      "steer=groups:CN=lab,OU=people,DC=lab|look=*",
		"look=groups:a,b,manage=groups:CN=x,steer=group:y": "look=groups:a,b|manage=groups:CN=x|steer=group:y",
	} {
		var l ruleList
		l.Set(s)
		if got := strings.Join(l, "|"); got != want {
			t.Errorf("%q is %q, want %q", s, got, want)
		}
	}
}

// webmonPeople runs the subcommand and returns its status, and what it has written.
func webmonPeople(t *testing.T, env environment, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), append([]string{"people"}, args...), env.get, &out, &errs)
	return status, strings.TrimSpace(out.String()), strings.TrimSpace(errs.String())
}

// TestPeople: somebody is invited, comes, and is taken out, while webmon runs.
func TestPeople(t *testing.T) {
	env := newEnvironment(t)
	// Before there is a file, and before webmon runs.
	status, out, errs := webmonPeople(t, env, "add", "Ada Lovelace", "--role", "steer")
	file := filepath.Join(os.Getenv("XDG_STATE_HOME"), "webmon", "people")
	if status != 0 || !strings.Contains(out, "--people "+file) {
		t.Fatalf("%d, %q, %q; want how webmon is started", status, out, errs)
	}
	ada := regexp.MustCompile(`[0-9a-f]{40}`).FindString(out)
	p := launch(t, env, "--port", "0", "--demo", "--people", file)
	if got := p.as(ada); got != 200 {
		t.Errorf("ada gets %d", got)
	}
	// While it runs the address is complete, and good at once.
	status, bob, errs := webmonPeople(t, env, "add", "--until", "2999-01-01", "bob")
	u, err := url.Parse(bob)
	if own, _ := url.Parse(p.url); status != 0 || err != nil || u.Host != own.Host || u.Path != own.Path {
		t.Fatalf("%d, %q, %q, %v; want an address like %s", status, bob, errs, err, p.url)
	}
	// A webmon that is started for other people only leads to the one that runs, and says so.
	var told, log bytes.Buffer
	if status := run(t.Context(), []string{"--people", file, "--allow-host", "lab"}, env.get, &told, &log); status != 0 ||
		strings.TrimSpace(told.String()) != p.url || !strings.Contains(log.String(), `options="--allow-host --people"`) {
		t.Errorf("a second webmon ends with %d, says %q and logs %q", status, &told, &log)
	}
	log.Reset()
	if run(t.Context(), nil, env.get, io.Discard, &log); strings.Contains(log.String(), "keeps its own options") {
		t.Errorf("a second webmon that asks for nothing logs %q", &log)
	}
	token := u.Query().Get("token")
	if got := p.as(token); got != 200 {
		t.Errorf("bob gets %d", got)
	}
	if got := p.as(token + "0"); got != 401 {
		t.Errorf("somebody else gets %d", got)
	}
	if status, out, errs = webmonPeople(t, env, "list"); status != 0 ||
		!regexp.MustCompile(`(?s)NAME +ROLE +UNTIL\nAda Lovelace +steer +never\nbob +look +2999-01-01$`).MatchString(out) {
		t.Errorf("the list is %d, %q, %q", status, out, errs)
	}
	if strings.Contains(out, ada) || strings.Contains(out, token) {
		t.Error("the list shows a token")
	}
	if status, out, errs = webmonPeople(t, env, "remove", "bob"); status != 0 || out != "" || errs != "" {
		t.Errorf("bob is removed with %d, %q, %q", status, out, errs)
	}
	if got := p.as(token); got != 401 {
		t.Errorf("once bob is taken out he gets %d", got)
	}
	if got := p.as(ada); got != 200 {
		t.Errorf("ada gets %d", got)
	}
}

// as is the status that a program with the token gets.
func (p *program) as(token string) int {
	p.t.Helper()
	u, err := url.Parse(p.url)
	if err != nil {
		p.t.Fatal(err)
	}
	u.RawQuery = ""
	r, err := http.NewRequest("GET", u.JoinPath("api/v1/sources").String(), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	return resp.StatusCode
}

func TestPeopleRefuses(t *testing.T) {
	env := newEnvironment(t)
	if status, _, errs := webmonPeople(t, env, "add", "ada"); status != 0 {
		t.Fatal(errs)
	}
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"add"}, 2, "one name"},
		{[]string{"add", "Ada", "Lovelace"}, 2, "quotes"},
		{[]string{"add", "bob", "--role", "admin"}, 2, "look, steer or manage"},
		{[]string{"add", "bob", "--until", "soon"}, 1, "neither a day"},
		{[]string{"add", "ADA"}, 1, "already"},
		{[]string{"add", "bob", "--colour", "red"}, 2, "colour"},
		{[]string{"remove", "bob"}, 1, "webmon people list"},
		{[]string{"remove", "ada", "--role", "look"}, 2, "add only"},
		{[]string{"invite", "bob"}, 2, "nothing that webmon people does"},
		{[]string{"list", "ada"}, 2, "nothing that webmon people does"},
		{[]string{"list", "--people", filepath.Join(t.TempDir(), "none")}, 1, "no such file"},
	} {
		status, out, errs := webmonPeople(t, env, test.args...)
		if status != test.status || !strings.Contains(errs, test.want) || out != "" || strings.Contains(errs, "\n") {
			t.Errorf("%q: %d, %q, %q; want %d and a line about %q", test.args, status, out, errs, test.status, test.want)
		}
	}
	for _, args := range [][]string{nil, {"--help"}, {"add", "-h"}} {
		if status, _, errs := webmonPeople(t, env, args...); status != 0 || !strings.Contains(errs, "webmon people add NAME") || !strings.Contains(errs, "-until") {
			t.Errorf("%q: %d, %q", args, status, errs)
		}
	}
	// A line that lets nobody in is named, and the others are listed.
	file := filepath.Join(os.Getenv("XDG_STATE_HOME"), "webmon", "people")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append([]byte("steer bob\n"), b...), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out, errs := webmonPeople(t, env, "list"); status != 1 || !strings.Contains(out, "ada") || !strings.Contains(errs, "line 1: ") {
		t.Errorf("%d, %q, %q", status, out, errs)
	}
}

// A file that cannot be believed keeps webmon from starting, with the reason.
func TestAFileOfPeopleThatIsNotBelieved(t *testing.T) {
	env := newEnvironment(t)
	webmonPeople(t, env, "add", "ada")
	file := filepath.Join(os.Getenv("XDG_STATE_HOME"), "webmon", "people")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	if status := run(t.Context(), []string{"--port", "0", "--people", file}, env.get, io.Discard, &errs); status != 2 || !strings.Contains(errs.String(), "--people: ") {
		t.Errorf("%d, %q", status, &errs)
	}
}

// TestKeepers sees that what flags ask for is what the door gets.
func TestKeepers(t *testing.T) {
	env := newEnvironment(t)
	webmonPeople(t, env, "add", "ada")
	cfg, err := parse([]string{
		"--people", filepath.Join(os.Getenv("XDG_STATE_HOME"), "webmon", "people"), "--prefix", "/lab",
		"--oidc-issuer", "http://127.0.0.1:1", "--oidc-client-id", "webmon", "--oidc-role", "look=*",
		"--proxy-user", "Remote-User", "--proxy-from", "127.0.0.1",
	}, env.get, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	keepers, follow, err := cfg.named.open(cfg.prefix, slog.New(slog.NewTextHandler(&log, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "every user of this machine") {
		t.Errorf("nothing is said of a proxy on this machine: %s", &log)
	}
	var ways []string
	for _, k := range keepers {
		if e, is := k.(door.Entrance); is {
			for _, way := range e.Ways() {
				ways = append(ways, way.Title)
			}
		}
	}
	if len(keepers) != 3 || fmt.Sprint(ways) != "[Sign in with 127.0.0.1:1]" {
		t.Errorf("%d keepers, with the ways %v", len(keepers), ways)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	follow(ctx)() // ends with its context
}
