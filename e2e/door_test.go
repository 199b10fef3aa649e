//go:build linux

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// neighbour is another server at another port of the same address, which notes what
// it is sent.
type neighbour struct {
	*httptest.Server
	mu      sync.Mutex
	cookies []string
}

func startNeighbour(t *testing.T) *neighbour {
	t.Helper()
	n := &neighbour{}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		n.cookies = append(n.cookies, r.Header.Values("Cookie")...)
		n.mu.Unlock()
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if name := r.URL.Query().Get("csrf"); name != "" {
			http.SetCookie(w, &http.Cookie{Name: name, Value: "mine", Path: "/"})
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><title>neighbour</title><link rel="icon" href="data:,"><h1>Another program</h1><form method="post"></form>`)
	}))
	t.Cleanup(n.Close)
	return n
}

func (n *neighbour) got() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.cookies, "; ")
}

// fetched is the status with which the page's own server answers.
func fetched(p *page, method, path, body string) int {
	p.t.Helper()
	return ask[int](p, fmt.Sprintf(`fetch(%q, {method: %q, headers: {"X-CSRF-Token": document.body.dataset.csrf || "", "Content-Type": "application/x-www-form-urlencoded"}, body: %s}).then(r => r.status)`,
		path, method, map[bool]string{true: "undefined", false: fmt.Sprintf("%q", body)}[body == ""]))
}

// submit makes the page post a form, with a token of the form that it has made up.
func submit(p *page, address string) {
	p.t.Helper()
	ask[bool](p, fmt.Sprintf(`(() => {
		const form = document.querySelector("form");
		form.action = %q;
		form.innerHTML = '<input name="csrf" value="mine">';
		form.submit();
		return true;
	})()`, address))
}

func TestE2EDoor(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	home := t.TempDir()
	w := startProgram(t, home, "--demo", "--port", "0")
	b := startBrowser(t)
	other := startNeighbour(t)

	t.Run("a browser is led to a host of its own", func(t *testing.T) {
		p := b.open(t, wide)
		p.visit(w.url)
		p.live()
		if got := ask[string](p, "location.origin"); got != w.home {
			t.Errorf("the page is at %s, want %s", got, w.home)
		}
		if got := ask[string](p, "location.search"); strings.Contains(got, "token") || strings.Contains(got, "ticket") {
			t.Errorf("a secret is left in the address: %s", got)
		}
		p.visit(w.home + "/loader")
		p.live()
		// The bookmark works again, and the session is the same.
		p.visit(w.url)
		p.live()
		if n := len(w.sessions(t)); n != 1 {
			t.Errorf("there are %d sessions, want 1", n)
		}
		// Nothing of it goes to another port of the address that was printed.
		p.visit(other.URL + "/?csrf=webmon_csrf_" + port(t, w.base))
		if got := other.got(); strings.Contains(got, "webmon_"+port(t, w.base)+"=") || strings.Contains(got, w.token) {
			t.Errorf("a server at another port was sent %q", got)
		}
		// Nor may its page change anything.
		submit(p, w.home+"/stop")
		p.says("main", "another port")
		p.visit(other.URL)
		submit(p, w.base+"/stop")
		p.says("main", "another port")
		p.visit(w.home + "/status")
		p.live()
		p.close()
	})
	t.Run("a link on another page", func(t *testing.T) {
		p := b.open(t, wide)
		p.visit(other.URL)
		if _, err := evaluate[bool](p, fmt.Sprintf(`(location.assign(%q), true)`, w.url)); err != nil {
			t.Fatal(err)
		}
		p.live()
		if got := ask[string](p, "location.origin"); got != w.home {
			t.Errorf("the page is at %s, want %s", got, w.home)
		}
		p.close()
	})
	t.Run("the form for the token", func(t *testing.T) {
		p := b.open(t, wide)
		p.visit(w.base + "/loader")
		p.says("main", "webmon needs its token")
		if _, err := evaluate[bool](p, fmt.Sprintf(`(document.getElementById("token").value = %q, document.querySelector("form").submit(), true)`, w.token)); err != nil {
			t.Fatal(err)
		}
		p.live()
		if got := ask[string](p, "location.href"); got != w.home+"/loader" {
			t.Errorf("the page is %s, want %s", got, w.home+"/loader")
		}
		p.close()
	})
	t.Run("a page of another port leads to a simulation", func(t *testing.T) {
		open := startProgram(t, t.TempDir(), "--demo", "--port", "0", "--no-token", "--Nx", "32", "--Ny", "32")
		const key = "becvortices"
		p := b.open(t, wide)
		p.visit(other.URL)
		if _, err := evaluate[bool](p, fmt.Sprintf(`Promise.all([
			new Promise(done => { const i = new Image(); i.onload = i.onerror = done; i.src = %[1]q + "/picture.png"; }),
			fetch(%[1]q, {mode: "no-cors", credentials: "include"}).catch(() => 0),
			new Promise(done => { const s = new WebSocket(%[2]q); s.onopen = s.onerror = done; }),
		]).then(() => (location.assign(%[1]q), true))`, open.base+"/models/"+key, "ws"+strings.TrimPrefix(open.base, "http")+"/ws")); err != nil {
			t.Fatal(err)
		}
		p.says("main", "A page of another site, or of another program on this machine, has led here.")
		p.shots("door-ask")
		if m := open.model(key); m.Phase != "stopped" {
			t.Errorf("a page of another port has started it: %+v", m)
		}
		p.click("main a.btn")
		p.live()
		until(t, "the button starts it", func() string {
			if m := open.model(key); m.Phase != "running" {
				return fmt.Sprintf("%+v", m)
			}
			return ""
		})
		p.close()
	})
	t.Run("log out", func(t *testing.T) {
		p := b.open(t, wide)
		p.visit(w.url)
		p.live()
		if status := fetched(p, "POST", "/logout", "x=y"); status != 204 {
			t.Errorf("logging out: %d", status)
		}
		p.says("main", "webmon needs its token") // the page that is open too
		p.shot("door-logged-out")
		p.visit(w.home + "/loader")
		p.says("main", "webmon needs its token")
		p.close()
	})
	t.Run("log out, and the last word is lost", func(t *testing.T) {
		p := b.open(t, wide)
		p.visit(w.url)
		p.live()
		ask[bool](p, `(addEventListener("htmx:ws:before:message:incoming", event => {
			if (!String(event.detail.message.data).includes("signed-out")) return;
			event.preventDefault();
			event.stopImmediatePropagation();
			window.lost = true;
		}, true), true)`)
		if status := fetched(p, "POST", "/logout", "x=y"); status != 204 {
			t.Errorf("logging out: %d", status)
		}
		p.says("main", "webmon needs its token")
		p.close()
	})
	t.Run("a link that can only look", func(t *testing.T) {
		owner, guest := b.open(t, wide), b.open(t, narrow)
		owner.visit(w.url)
		owner.live()
		made := ask[struct{ ID, Address string }](owner, `fetch("/api/v1/links", {method: "POST", headers: {"Content-Type": "application/json"},
			body: JSON.stringify({role: "look", note: "the wall", seconds: 3600})}).then(r => r.json())`)
		if !strings.HasPrefix(made.Address, w.base+"/?link=") {
			t.Fatalf("the address of the link is %s", made.Address)
		}
		guest.visit(made.Address)
		guest.live()
		if got := ask[string](guest, "location.href"); !strings.HasPrefix(got, w.home) || strings.Contains(got, "link=") {
			t.Errorf("the guest is at %s", got)
		}
		guest.wait("the canvas is drawn", `document.querySelector("[data-canvas]")?.canvas?.stats().frames > 0`)
		for path, want := range map[string]int{
			"/sources/demo/commands/show_grid": 403, "/stop": 403, "/api/v1/links": 403, "/sources/demo/dismiss": 403,
		} {
			if status := fetched(guest, "POST", path, "show_grid=true"); status != want {
				t.Errorf("the guest posts to %s: %d, want %d", path, status, want)
			}
		}
		guest.shot("door-guest")
		if status := fetched(owner, "DELETE", "/api/v1/links/"+made.ID, ""); status != 204 {
			t.Errorf("revoking the link: %d", status)
		}
		guest.says("main", "The link that you came by was revoked.")
		guest.shots("door-revoked")
		guest.visit(made.Address)
		guest.says("main", "This link opens nothing any more")
		owner.close()
		guest.close()
	})
	t.Run("a session is revoked", func(t *testing.T) {
		owner, second := b.open(t, wide), b.open(t, wide)
		second.visit(w.url)
		second.live()
		id := w.sessions(t)[0].ID
		owner.visit(w.url)
		owner.live()
		if status := fetched(owner, "DELETE", "/api/v1/sessions/"+id, ""); status != 204 {
			t.Errorf("revoking: %d", status)
		}
		second.says("main", "Your session was ended by somebody who may manage this webmon.")
		owner.visit(w.home + "/viewer")
		owner.live()
		owner.close()
		second.close()
	})
	t.Run("a new token", func(t *testing.T) {
		p := b.open(t, wide)
		p.visit(w.url)
		p.live()
		printed, status := runProgram(t, home, "token", "rotate")
		if status != 0 || printed == w.url+"\n" {
			t.Fatalf("ended with %d and printed %q", status, printed)
		}
		p.says("main", "The token of this webmon was changed")
		p.visit(w.url)
		p.says("main", "That is not this webmon's token.")
		next := readAddress(t, printed, false)
		p.visit(next.url)
		p.live()
		if got := ask[string](p, "location.origin"); got != next.home || got == w.home {
			t.Errorf("the page is at %s, want %s", got, next.home)
		}
		p.close()
	})
}

// sessions lists the sessions, the last one that was used first.
func (w *webmon) sessions(t *testing.T) (all []struct{ ID, Role, Agent string }) {
	t.Helper()
	if status, err := w.try("GET", "/api/v1/sessions", "", &all); err != nil || status != 200 {
		t.Fatalf("the list of sessions: %d, %v", status, err)
	}
	return all
}

func port(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}
