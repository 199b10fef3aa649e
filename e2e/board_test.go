//go:build linux

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"webmon/shm/process/naparitest"
)

// pin pins what a selector finds, on a board of a name, "" for a new one, as people do.
func (p *page) pin(selector, board string) {
	p.t.Helper()
	p.wait("there is "+selector, fmt.Sprintf(`document.querySelector(%q) !== null`, selector))
	boards := ask[int](p, `fetch("/api/v1/boards").then(r => r.json()).then(all => all.filter(b => b.from === "own").length)`)
	ask[bool](p, fmt.Sprintf(`(document.getElementById("board-said")?.remove(), document.querySelector(%q).click(), true)`, selector))
	if boards > 0 {
		choice := fmt.Sprintf(`dialog [data-board-choice=%q]`, board)
		p.wait("the boards are offered", fmt.Sprintf(`document.querySelector(%q) !== null`, choice))
		p.click(choice)
	}
	p.says("#board-said", "now")
}

// cardsOf are the names of the cards of a page, in their order.
const cardsOf = `[...document.querySelectorAll("[data-board-card]")].map(c => c.dataset.kind + " " + c.dataset.source + " " + c.dataset.name + " " + c.dataset.w + "x" + c.dataset.h).join(", ")`

// cards waits until a page has these cards.
func (p *page) cards(what, want string) {
	p.t.Helper()
	until(p.t, what, func() string {
		got, err := evaluate[string](p, cardsOf)
		if err != nil {
			return err.Error()
		}
		if got != want {
			return "the cards are " + got
		}
		return ""
	})
}

// grip sets the focus on the handle of a card.
func (p *page) grip(name string) {
	p.t.Helper()
	selector := fmt.Sprintf(`[data-board-card][data-name=%q] [data-board-grip]`, name)
	ask[bool](p, fmt.Sprintf(`(document.querySelector(%q).focus(), true)`, selector))
}

// TestE2EBoard: things of two real processes are pinned where they stand, arranged, shared, and
// outlive reloads, the processes and webmon.
func TestE2EBoard(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	home := t.TempDir()
	start := func(name string) *naparitest.Process {
		return naparitest.StartScope(t, naparitest.ScopeOptions{Name: name, Home: home})
	}
	cam := start("cam")
	start("scope")
	w := startProgram(t, home, "--port", "0")
	w.source("scope", "connected", connected)
	w.source("cam", "connected", connected)

	b := startBrowser(t)
	p := b.open(t, wide)
	p.visit(w.url)
	p.live()
	base := ask[string](p, "location.origin")
	p.visit(base + "/messages?source=scope")
	p.live()
	p.pin(`a[data-pin="temperature.celsius"]`, "")
	p.pin(`a[data-pin="temperature.celsius as a number"]`, "board")
	p.pin(`a[data-pin="stage.x"]`, "board")
	p.visit(base + "/messages?source=cam")
	p.live()
	p.pin(`a[data-pin="temperature.celsius"]`, "board")
	for _, id := range []string{"scope", "cam"} {
		p.visit(base + "/controls?source=" + id)
		p.live()
		p.pin(`form[data-control=exposure] a[data-pin]`, "board")
	}
	p.pin(`form.action a[data-pin]`, "board")

	p.visit(base + "/board/board")
	p.live()
	all := []string{
		"chart scope temperature.celsius 3x3", "number scope temperature.celsius 1x1", "number scope stage.x 1x1", "chart cam temperature.celsius 3x3",
		"control scope exposure 2x1", "control cam exposure 2x1", "command cam shoot 2x1",
	}
	p.cards("all that was pinned is there", strings.Join(all, ", "))
	draw := `[...document.querySelectorAll("[data-chart]")].length === 2 && [...document.querySelectorAll("[data-chart]")].every(c => c.dataset.state === "live" && Number(c.dataset.values) > 3)`
	p.wait("both charts draw", draw)
	p.shots("board")

	// Keys move a card, for all who look; the focus stays on its handle.
	p.look(wide)
	other := b.open(t, narrow)
	other.visit(w.url)
	other.live()
	other.visit(base + "/board/board")
	other.live()
	other.cards("another browser shows the same", strings.Join(all, ", "))
	p.wait("the board can be changed", `document.querySelector("[data-board-own]").dataset.liveMounted !== undefined`)
	ask[bool](p, `(window.before = document.querySelector("[data-chart] canvas"), true)`)
	p.grip("temperature.celsius")
	p.key(kb.ArrowRight)
	p.key(kb.End)
	moved := strings.Join(slices.Concat(all[1:], all[:1]), ", ")
	p.cards("the card is the last", moved)
	other.cards("it is so everywhere", moved)
	p.says("#announce", "temperature.celsius: 7 of 7")
	if got := ask[string](p, `document.activeElement.closest("[data-board-card]")?.dataset.kind ?? "nothing"`); got != "chart" {
		t.Errorf("%s has the focus", got)
	}
	if !ask[bool](p, `window.before.isConnected`) {
		t.Error("the chart was drawn again only because it moved")
	}
	p.key(kb.Delete)
	rest := strings.Join(all[1:], ", ")
	other.cards("the card is gone everywhere", rest)
	p.click("[data-board-undo-do]")
	p.cards("it is back", moved)
	other.cards("it is back everywhere", moved)
	p.wait("and draws", draw)

	// A slider moves the control of its own process.
	ask[bool](p, `(() => {
		const field = document.querySelector("form[data-source=cam] input[name=exposure]");
		field.focus();
		field.value = "50";
		field.dispatchEvent(new Event("input", {bubbles: true}));
		field.dispatchEvent(new Event("change", {bubbles: true}));
		return true;
	})()`)
	other.wait("everybody sees it", `document.querySelector("form[data-source=cam] input[name=exposure]").value === "50"`)
	if got := ask[string](other, `document.querySelector("form[data-source=scope] input[name=exposure]").value`); got != "10" {
		t.Errorf("the exposure of scope is %s", got)
	}

	// Who may only look sees it, and cannot change it.
	var link struct{ Address string }
	if status, err := w.try("POST", "/api/v1/links", `{"role": "look"}`, &link); status != 201 || err != nil {
		t.Fatal(status, err)
	}
	look := b.open(t, wide)
	look.visit(link.Address)
	look.live()
	look.visit(ask[string](look, "location.origin") + "/board/board")
	look.live()
	look.cards("who may only look sees the cards", moved)
	if n := ask[int](look, `document.querySelectorAll("[data-board-grip], .board-form, [data-board-moves] button").length`); n != 0 {
		t.Errorf("who may only look has %d ways to change the board", n)
	}
	look.close()

	// The file of a board is imported as another one.
	p.visit(base + "/board/board")
	p.live()
	ask[bool](p, `fetch("/api/v1/boards/board").then(r => r.text()).then(text => {
		const files = new DataTransfer();
		files.items.add(new File([text], "mine.json", {type: "application/json"}));
		document.getElementById("board-import").files = files.files;
		document.getElementById("board-import").form.requestSubmit();
		return true;
	})`)
	p.wait("the file is a board of its own", `location.pathname === "/board/board-2"`)
	p.live()
	p.cards("with the same cards", moved)

	// What a process brings is among the boards, as it is.
	p.visit(base + "/board/scope:overview")
	p.live()
	p.says("#board-fixed", "that the process scope brings")
	p.cards("its own cards are there", "chart scope temperature.celsius 3x3, number scope stage.x 1x1, control scope exposure 3x1")

	// A process goes, and comes back.
	p.visit(base + "/board/board?source=scope")
	p.live()
	p.wait("both charts draw", draw)
	cam.Kill()
	p.wait("the cards of the process say so", `document.querySelectorAll("[data-board-card][data-source=cam] .board-source [data-state=gone]").length === 3`)
	start("cam")
	p.wait("they come to life again", `document.querySelectorAll("[data-board-card][data-source=cam] .board-source [data-state=live]").length === 3 && `+draw)
	p.calm()
}
