//go:build linux

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestE2EMapEdits: two people at one map. What one edits, by keys alone, the other sees in
// place, without a reload and with what is selected still selected; who is slower is told
// what the other has made, and chooses.
func TestE2EMapEdits(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	first, second := startBrowser(t), startBrowser(t)
	w := startProgram(t, t.TempDir(), "--demo", "--port", "0")
	a, b := first.open(t, wide), second.open(t, wideLight)
	const of = `document.querySelector("[data-map]").map`
	const takeBack = `document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "z", ctrlKey: true, bubbles: true, cancelable: true}));0`
	words := func(p *page, text string) { p.t.Helper(); p.says("[data-object=words]", text) }
	// known waits for what the server says of the selected object.
	known := func(p *page) {
		p.t.Helper()
		p.wait("the object is known", `document.querySelector("[data-object=facts]").childElementCount > 0`)
	}
	choose := func(p *page, run, session int) {
		p.t.Helper()
		p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`%s.select(%d, %d); document.querySelector(".map-plot-box").focus({preventScroll: true});0`, of, run, session)))
		words(p, fmt.Sprintf("Run %d, session %d", run, session))
		known(p)
	}
	typed := func(p *page, text string) {
		p.t.Helper()
		p.wait("the note has the focus", `document.activeElement.dataset.object === "note"`)
		p.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.select();0`))
		p.do(chromedp.KeyEvent(text))
		p.key(kb.Enter)
	}
	for _, p := range []*page{a, b} {
		p.visit(w.url)
		p.visit(w.home + "/maps/rr30a?show=3,4,5")
		p.wait("the plot is drawn", `document.querySelector(".map-plot-box")?.dataset.drawn > 1000`)
		p.wait("the images are there", of+`.panes().panes.filter(p => p.drawn).length >= 2`)
		// A reload would lose it.
		p.do(chromedp.Evaluate[chromedp.Void](`window.never = "reloaded";0`))
		choose(p, 3, 4)
		words(p, "row 41")
	}

	a.key("n")
	typed(a, "look again *")
	words(b, "note: look again *")
	a.wait("the focus is where it was", `document.activeElement.matches(".map-plot-box")`)
	a.key("u")
	a.key("3")
	b.wait("the other sees the user type", `document.querySelector("[data-object=userType]").value === "3"`)
	a.key("b")
	words(b, "bad")
	b.wait("the button is down", `document.querySelector("[data-object-do=bad]").getAttribute("aria-pressed") === "true"`)

	t.Run("what is deleted before it changes its row, not that it is selected", func(t *testing.T) {
		a.t, b.t = t, t
		view := ask[string](a, `JSON.stringify(`+of+`.panes().panes.map(p => p.view))`)
		choose(b, 0, 4)
		words(b, "row 40")
		b.key(kb.Delete)
		words(a, "row 40")
		words(a, "note: look again *")
		words(b, "Nothing is selected")
		b.do(chromedp.Evaluate[chromedp.Void](takeBack))
		words(a, "row 41")
		words(b, "row 40") // what is taken back is selected
		if now := ask[string](a, `JSON.stringify(`+of+`.panes().panes.map(p => p.view))`); now != view {
			t.Errorf("the images have moved from %s to %s", view, now)
		}
	})
	t.Run("who is slower chooses", func(t *testing.T) {
		a.t, b.t = t, t
		choose(b, 3, 4)
		// What a sends waits until b has been faster.
		a.do(chromedp.Evaluate[chromedp.Void](`
window.send = window.fetch;
window.held = new Promise(go => (window.go = go));
window.fetch = async (address, options) => {
  if (options?.method === "POST") await window.held;
  return window.send(address, options);
};0`))
		a.key("n")
		typed(a, "mine")
		b.key("n")
		typed(b, "theirs")
		words(b, "note: theirs")
		a.do(chromedp.Evaluate[chromedp.Void](`window.go();0`))
		a.says("[data-object=told]", "has changed its note meanwhile. Its note is now: theirs")
		words(a, "note: theirs")
		if got := ask[string](a, `document.querySelector("[data-object=note]").value`); got != "mine" {
			t.Errorf("what was typed has become %q", got)
		}
		a.shot("map-edits-conflict")
		a.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-object-mine]").focus();0`))
		a.key(kb.Enter)
		words(b, "note: mine")
	})
	t.Run("it is moved, added and joined by keys alone", func(t *testing.T) {
		a.t, b.t = t, t
		choose(a, 3, 4)
		a.key("m")
		a.says("[data-object=ask]", "Move it to x 53.17, y 27.89, slice 30")
		a.wait("its image has the focus", `document.activeElement.closest("[data-map-pane]")?.dataset.session === "4"`)
		for _, key := range []string{kb.ArrowRight, kb.ArrowRight, kb.ArrowDown, "."} {
			a.key(key)
		}
		a.says("[data-object=ask]", "x 53.41, y 28.01, slice 31")
		a.shot("map-edits-move")
		a.key(kb.Enter)
		b.wait("the other has it there", of+`.panes().panes.find(p => p.session === 4).place.x === 53.41`)
		a.key("m")
		a.key(kb.ArrowLeft)
		a.key(kb.Escape)
		a.wait("nothing is asked any more", `document.querySelector("[data-object=ask]").hidden`)
		a.key("e")
		a.says("[data-object=ask]", "the nearest: 0")
		a.key(kb.Enter)
		words(a, "row 277")
		a.says("#map-sessions [data-row='4']", "278")
		b.says("#map-sessions [data-row='4']", "278")
		a.key("a")
		a.says("[data-object=told]", "joined with none of the session before")
		// The one that is selected, and the one before it.
		choose(a, 3, 4)
		a.wait("a partner is proposed", `/row 83 of session 5/.test(document.querySelector("[data-object-do=link]").textContent)`)
		a.key("p")
		a.wait("it is joined", `!document.querySelector("[data-object-do=subtracted]").disabled`)
		a.key("s")
		a.wait("it is cut", `/row 83 of session 5/.test(document.querySelector("[data-object-do=link]").textContent)`)
	})
	t.Run("proposed pairs", func(t *testing.T) {
		a.t, b.t = t, t
		a.visit(w.home + "/maps/rr30a/find?what=pairs&session=4")
		a.wait("the list can be walked", `document.querySelector("[data-map-find][data-live-mounted] .map-row")`)
		a.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".map-row[tabindex='0']").focus();0`))
		a.key("p")
		a.says(".map-row[data-pair=joined]", "Joined with row 83 of session 5.")
		a.key(kb.Delete)
		a.says(".map-row[data-pair=removed]", "Removed.")
		a.shot("map-edits-pairs")
		for range 2 {
			a.do(chromedp.Evaluate[chromedp.Void](takeBack))
		}
		a.wait("both are taken back", `!document.querySelector(".map-row[data-pair]") && /Taken back/.test(document.querySelector("#find-table").textContent)`)
	})
	a.t, b.t = t, t
	if ask[string](b, `window.never ?? ""`) != "reloaded" {
		t.Error("the page was loaded again")
	}
	b.look(narrow)
	if over := ask[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		t.Errorf("the page is %d px wider than a window of %v", over, narrow)
	}
	b.shot("map-edits-" + strings.ReplaceAll(narrow.String(), "/", "-"))
	a.calm("409")
	b.calm("409")
	a.close()
	b.close()
}
