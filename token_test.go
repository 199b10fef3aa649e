package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"webmon/dashboard/instance"
)

// answers is the status of a request to a webmon with a token.
func (p *program) answers(method, path, token, body string) (int, string) {
	p.t.Helper()
	base, _, _ := strings.Cut(p.url, "/?token=")
	req, err := http.NewRequest(method, base+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// ended waits for the end of a webmon and returns what it said.
func (p *program) ended() string {
	p.stop()
	status := <-p.status
	p.status <- status
	return p.stderr.String()
}

func tokenOf(t *testing.T, url string) string {
	t.Helper()
	_, token, ok := strings.Cut(strings.TrimSpace(url), "/?token=")
	if !ok || len(token) != 40 {
		t.Fatalf("%q is no address with a token", url)
	}
	return token
}

func keptIn(t *testing.T) string {
	t.Helper()
	dir, err := instance.StateDir()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, tokenFile))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func TestTokenRotate(t *testing.T) {
	env := newEnvironment(t)
	p := launch(t, env, "--port", "0")
	old := tokenOf(t, p.url)
	_, made := p.answers("POST", "/api/v1/links", old, `{"role": "look"}`)
	var link struct{ Address string }
	if err := json.Unmarshal([]byte(made), &link); err != nil {
		t.Fatal(err)
	}
	_, secret, _ := strings.Cut(link.Address, "?link=")
	if status, _ := p.answers("GET", "/api/v1/sources", secret, ""); status != 200 {
		t.Fatalf("a link opens with %d", status)
	}
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"token", "rotate"}, env.get, &stdout, &stderr); status != 0 {
		t.Fatalf("ended with %d: %s", status, &stderr)
	}
	next := tokenOf(t, stdout.String())
	if next == old || strings.Count(stdout.String(), "\n") != 1 || !strings.Contains(stderr.String(), "All sessions and links have ended") {
		t.Errorf("says %q and %q", stdout.String(), stderr.String())
	}
	for token, want := range map[string]int{old: 401, secret: 401, next: 200} {
		if status, _ := p.answers("GET", "/api/v1/sources", token, ""); status != want {
			t.Errorf("afterwards %s is answered with %d, want %d", token, status, want)
		}
	}
	if got := keptIn(t); got != next {
		t.Errorf("%q is kept, want %q", got, next)
	}
	// A second webmon tells the new address.
	stdout.Reset()
	if status := run(t.Context(), nil, env.get, &stdout, &stderr); status != 0 || tokenOf(t, stdout.String()) != next {
		t.Errorf("a later webmon ended with %d and prints %q", status, stdout.String())
	}
	// While none runs.
	p.ended()
	stdout.Reset()
	if status := run(t.Context(), []string{"token", "rotate"}, env.get, &stdout, &stderr); status != 0 || !strings.Contains(stdout.String(), "replaced") {
		t.Errorf("while no webmon runs it ended with %d: %s", status, &stderr)
	}
	last := keptIn(t)
	if last == next || last == old || strings.Contains(stdout.String(), last) {
		t.Errorf("%q is kept after %q", last, next)
	}
	if again := launch(t, env, "--port", "0"); tokenOf(t, again.url) != last {
		t.Errorf("the next webmon prints %s, want the token %s", again.url, last)
	}
}

// Links outlive a webmon, unless the token is replaced while none runs.
func TestTokenRotateForgetsLinks(t *testing.T) {
	env := newEnvironment(t)
	secret := ""
	for round, want := range []int{200, 401} {
		p := launch(t, env, "--port", "0")
		if round == 0 {
			_, made := p.answers("POST", "/api/v1/links", tokenOf(t, p.url), `{"role": "steer", "note": "Ada"}`)
			_, secret, _ = strings.Cut(strings.Trim(regexp.MustCompile(`"address":"[^"]+"`).FindString(made), `"`), "?link=")
			p.ended()
			p = launch(t, env, "--port", "0")
		}
		if status, _ := p.answers("GET", "/api/v1/sources", secret, ""); status != want {
			t.Errorf("round %d: the link %q is answered with %d, want %d", round, secret, status, want)
		}
		p.ended()
		if status := run(t.Context(), []string{"token", "rotate"}, env.get, io.Discard, io.Discard); status != 0 {
			t.Fatalf("ended with %d", status)
		}
	}
}

func TestTokenRotateRefuses(t *testing.T) {
	env := newEnvironment(t)
	given := strings.Repeat("f0", 20)
	p := launch(t, env, "--port", "0", "--token", given)
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"token", "rotate"}, env.get, &stdout, &stderr); status != 1 || !strings.Contains(stderr.String(), "--token") || stdout.Len() > 0 {
		t.Errorf("a token that was given: %d %q %q", status, stdout.String(), stderr.String())
	}
	if status, _ := p.answers("GET", "/api/v1/sources", given, ""); status != 200 {
		t.Errorf("the token that was given is answered with %d", status)
	}
	p.ended()
	open := launch(t, env, "--port", "0", "--no-token")
	stderr.Reset()
	if status := run(t.Context(), []string{"token", "rotate"}, env.get, &stdout, &stderr); status != 1 || !strings.Contains(stderr.String(), "no token") {
		t.Errorf("without a token: %d %q", status, stderr.String())
	}
	open.ended()
	stderr.Reset()
	if status := run(t.Context(), []string{"token", "rotate"}, environment{"WEBMON_TOKEN": given}.get, &stdout, &stderr); status != 1 || !strings.Contains(stderr.String(), "WEBMON_TOKEN") {
		t.Errorf("with a token of the environment: %d %q", status, stderr.String())
	}
	for _, args := range [][]string{{"token"}, {"token", "show"}, {"token", "rotate", "now"}} {
		stderr.Reset()
		if status := run(t.Context(), args, env.get, &stdout, &stderr); status != 2 || !strings.Contains(stderr.String(), "webmon token rotate") {
			t.Errorf("%q: %d %q", args, status, stderr.String())
		}
	}
}

// Whoever has the usual port is sent the kept token by everybody who opens the bookmark.
func TestThePortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(defaultPort))
	if err == nil {
		defer l.Close()
	}
	env := newEnvironment(t)
	first := launch(t, env, "--port", "0")
	kept := tokenOf(t, first.url)
	first.ended()
	p := launch(t, env)
	own := tokenOf(t, p.url)
	if own == kept {
		t.Fatalf("at another port it serves with the kept token: %s", p.url)
	}
	if status, _ := p.answers("GET", "/api/v1/sources", kept, ""); status != 401 {
		t.Errorf("the kept token is answered with %d", status)
	}
	if _, page := p.answers("GET", "/viewer", own, ""); !strings.Contains(page, "is taken by another program") {
		t.Error("no page says that the port is taken")
	}
	// A new token is one for the bookmark, and another one for this run.
	var stdout bytes.Buffer
	if status := run(t.Context(), []string{"token", "rotate"}, env.get, &stdout, io.Discard); status != 0 {
		t.Errorf("a new token: %d", status)
	}
	if next, now := tokenOf(t, stdout.String()), keptIn(t); next == own || now == kept || now == next {
		t.Errorf("this run has the token %s, and %s is kept", next, now)
	}
	if said := p.ended(); !strings.Contains(said, "Port "+strconv.Itoa(defaultPort)+" is taken") || strings.Contains(said, kept) {
		t.Errorf("says %q", said)
	}
}

// The other loopback address is of the same webmon, or browsers are not led to a name
// that leads there too.
func TestTheOtherLoopbackAddress(t *testing.T) {
	six, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6: ", err)
	}
	defer six.Close()
	four, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(six.Addr().(*net.TCPAddr).Port))
	if err != nil {
		t.Skip("the port is taken: ", err)
	}
	if got, alone := beside(four); alone || got != four {
		t.Error("somebody else serves at ::1, and it counts as ours")
	}
	six.Close()
	both, alone := beside(four)
	if !alone {
		t.Fatal("the port at ::1 is free, and is not taken")
	}
	served := make(chan error, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host) })}
	go func() { served <- server.Serve(both) }()
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		address := host + ":" + strconv.Itoa(four.Addr().(*net.TCPAddr).Port)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Get("http://" + address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if b, _ := io.ReadAll(resp.Body); string(b) != address {
			t.Errorf("%s answers %q", address, b)
		}
		resp.Body.Close()
	}
	server.Close()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("serving ended with %v", err)
	}
	if _, err := both.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after its end Accept returns %v", err)
	}
}
