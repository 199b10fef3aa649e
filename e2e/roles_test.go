//go:build linux

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// shots takes a picture of a page in every kind of window.
func (p *page) shots(name string) {
	p.t.Helper()
	for _, v := range []view{wide, wideLight, narrow, narrowLight} {
		p.look(v)
		p.do() // the window has its size
		p.shot(name + "-" + v.String())
	}
	p.look(small)
}

// invite makes a link on Status, by the form, and returns its address.
func (p *page) invite(base, note, role string) string {
	p.t.Helper()
	p.visit(base + "/status")
	p.live()
	ask[bool](p, fmt.Sprintf(`(() => {
		document.getElementById("link-note").value = %q;
		document.getElementById("link-role").value = %q;
		document.getElementById("link-for").value = "1h";
		return true;
	})()`, note, role))
	p.click(".share button[type=submit]")
	p.says("h1", "A link for "+note)
	return strings.TrimSpace(ask[string](p, `document.getElementById("new-link-address").textContent`))
}

// usable counts the elements of the page's forms that could change something for
// others, and those of them that are not disabled.
const usable = `(() => {
	const all = [...document.querySelectorAll("main form[method=post] :is(button, input:not([type=hidden]), select)")];
	return [all.length, all.filter(e => !e.disabled).length];
})()`

// One may steer, one may only look: two browsers with profiles of their own, at one
// webmon, over https.
func TestE2ERoles(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	w := startProgram(t, t.TempDir(), "--port", "0", "--demo", "--tls", "--Nx", "64", "--Ny", "64")
	cert, client := trusted(t, w)
	first, second := startBrowser(t, trusting(cert)), startBrowser(t, trusting(cert))

	owner := first.open(t, small)
	owner.visit(w.url)
	owner.live()
	steers, looks := owner.invite(w.base, "ada", "steer"), owner.invite(w.base, "the screen on the wall", "look")
	for _, address := range []string{steers, looks} {
		if !strings.HasPrefix(address, w.base+"/?link=") {
			t.Fatalf("the address of a link is %q", address)
		}
	}

	look := second.open(t, small)
	look.visit(looks)
	look.live()
	look.visit(w.base + "/models/becvortices")
	look.live()
	look.says("#locked", "You may only look")
	look.says("main", "It starts when somebody opens it who may steer.")
	look.shots("roles-look-not-running")

	steer := first.open(t, small)
	steer.visit(steers)
	steer.live()
	steer.visit(w.base + "/models/becvortices")
	steer.live()
	steer.wait("the model runs", `document.querySelector("[data-phase=running]")`)
	// The page of who looks comes to it by itself.
	look.wait("the model is there for who looks", `document.querySelector("[data-model]")?.model?.stats().density.shape`)
	steer.wait("the model is there for who steers", `document.querySelector("[data-model]")?.model?.stats().density.shape`)

	// Everything is there, and nothing can be used but one's own view.
	check := func(p *page, locked bool) {
		t.Helper()
		n := ask[[]int](p, usable)
		if n[0] == 0 || locked && n[1] != 0 || !locked && n[1] == 0 {
			t.Errorf("of %d elements %d can be used, locked: %v", n[0], n[1], locked)
		}
	}
	check(look, true)
	check(steer, false)
	for _, element := range []string{"#model-lut", "[data-viewer-action=fit]", "[data-model-action=full]", "[data-action=pause]"} {
		if ask[bool](look, fmt.Sprintf(`document.querySelector(%q)?.disabled ?? false`, element)) {
			t.Errorf("who may only look cannot change their own view by %s", element)
		}
	}
	finger := func() float64 {
		return ask[float64](steer, `fetch("/api/v1/sources/becvortices/state").then(r => r.json()).then(({controls}) => controls.finger_x.value)`)
	}
	before := finger()
	ask[bool](look, `(document.querySelector("[data-viewer-canvas]").scrollIntoView({block: "center"}), true)`)
	box := ask[[]float64](look, `(r => [r.left + r.width / 4, r.top + r.height / 4])(document.querySelector("[data-viewer-canvas]").getBoundingClientRect())`)
	look.mouse(chromedp.MousePressed, box[0], box[1])
	look.mouse(chromedp.MouseMoved, box[0]+40, box[1]+20)
	look.mouse(chromedp.MouseReleased, box[0]+40, box[1]+20)
	look.key("g")
	// Nor by what the page would not send.
	refused := ask[int](look, `fetch(document.querySelector("form[data-control=cooling]").action, {
		method: "POST", headers: {"X-CSRF-Token": document.body.dataset.csrf, "Content-Type": "application/x-www-form-urlencoded"}, body: "cooling=1",
	}).then(r => r.status)`)
	if refused != http.StatusForbidden {
		t.Errorf("what a page posts for who may only look is answered with %d", refused)
	}
	ask[bool](look, `new Promise((done, failed) => {
		const socket = new WebSocket("wss://" + location.host + "/ws");
		socket.onopen = () => {
			socket.send(JSON.stringify({type: "watch", topics: ["becvortices/people"], who: "somebody-else"}));
			socket.send(JSON.stringify({type: "hand", source: "becvortices", x: 0.1, y: 0.1, down: true}));
			socket.send(JSON.stringify({type: "set", source: "becvortices", name: "cooling", value: 1, hand: "abcdefgh", n: 1}));
			socket.send(JSON.stringify({type: "watch", topics: ["becvortices/values"], who: "somebody-else"}));
		};
		socket.onmessage = ({data}) => typeof data === "string" && data.includes("becvortices/values") && (socket.close(), done(true));
		socket.onerror = failed;
	})`)

	// What who steers does reaches who looks.
	ask[bool](steer, `(() => {
		const form = document.querySelector("form[data-control=cooling]");
		form.querySelector("input[type=number]").value = "0.05";
		form.requestSubmit(form.querySelector(".control-set"));
		return true;
	})()`)
	look.wait("who looks sees what who steers has set", `document.querySelector("form[data-control=cooling] input[type=number]").value === "0.05"`)
	if got := finger(); got != before {
		t.Errorf("who may only look has moved the finger from %v to %v", before, got)
	}
	look.shots("roles-look-model")
	steer.shots("roles-steer-model")

	// A tab of the demo, and Status, as each sees them.
	look.tab("viewer")
	look.says("#locked", "You may only look")
	look.visit(w.base + "/controls")
	look.live()
	check(look, true)
	look.shots("roles-look-controls")
	look.visit(w.base + "/status")
	look.live()
	look.says("#locked", "Only people who may manage")
	look.says("#status-changes", "ada")
	check(look, true)
	look.shots("roles-look-status")
	if text := look.text("main"); strings.Contains(text, "127.0.0.1") && strings.Contains(text, "Chrome") {
		t.Errorf("who may only look sees who is here: %s", text)
	}

	owner.visit(w.base + "/status")
	owner.live()
	check(owner, false)
	owner.says("#status-sessions", "the screen on the wall")
	owner.says("#status-links", "ada")
	owner.says("#status-changes", "cooling")
	owner.says("#status-changes", "0.05")
	owner.shots("roles-manage-status")
	owner.look(wide)
	ask[bool](owner, `(document.getElementById("status-sessions").scrollIntoView(), true)`)
	owner.shot("roles-manage-status-sessions")

	// The page of a session that ends says so at once.
	ask[bool](owner, `[...document.querySelectorAll("#status-links tbody tr")].find(r => r.textContent.includes("the screen on the wall")).querySelector("button").click() ?? true`)
	look.says("main", "The link that you came by was revoked.")
	look.shot("roles-look-revoked")
	owner.says("#status-changes", "revoke a link")
	if resp, err := client.Get(looks); err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a link that was revoked opens something: %v", err)
	}
	owner.look(narrow)
	owner.click(".person > summary")
	owner.says(".person-menu", "the owner")
	owner.shot("roles-person-menu")
	owner.click(".person-menu button")
	owner.says("h1", "Logged out")
	owner.calm()
	steer.calm()
	look.calm("403", "401", "WebSocket")
}
