//go:build linux

package e2e

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestE2ECanvasPage: people move and draw in the real napari from the Viewer's picture, and another one sees it.
func TestE2ECanvasPage(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	w := startProgram(t, home, "--port", "0")
	n := startPlugin(t, home)
	w.source("napari", "attached", connected)
	p := b.open(t, wide)
	p.visit(w.url)
	p.live()
	look := b.open(t, narrowLight)
	look.visit(p.invite(w.home, "the wall", "look"))
	look.live()
	n.Zoom(1)
	n.Center(256, 256)
	center := func() []float64 { return n.numbers(t, "camera", "center") }
	// at is a place of the canvas on the page, in shares.
	at := func(p *page, x, y float64) (float64, float64) {
		place := ask[[]float64](p, fmt.Sprintf(`(() => {
			const {rect, size} = document.querySelector("[data-canvas]").canvas.stats();
			const box = document.querySelector("[data-canvas-surface]").getBoundingClientRect();
			return [box.left + (rect.x + %g * rect.width) / size.ratio, box.top + (rect.y + %g * rect.height) / size.ratio];
		})()`, x, y))
		return place[0], place[1]
	}
	// still waits until the picture has all that was done.
	still := func(p *page) {
		p.t.Helper()
		p.wait("napari's picture has come", `(({move}) => move.scale === 1 && move.x === 0 && move.y === 0)(document.querySelector("[data-canvas]").canvas.stats())`)
	}
	const pictures = `Number(document.querySelector("[data-canvas]")?.dataset.frames) > 0`

	t.Run("the canvas is shown where there are several layers, and the page says why", func(t *testing.T) {
		p.t, look.t = t, t
		for _, one := range []*page{p, look} {
			one.visit(ask[string](one, `location.origin`) + "/viewer?source=napari")
			one.live()
			one.wait("pictures come", pictures)
			one.says(".viewer-bar", "napari's canvas: 3 layers.")
			one.wait("the canvas is chosen", `document.querySelector(".viewer-bar a[aria-current]").textContent === "Canvas"`)
		}
		p.shot("canvas-page")
	})

	t.Run("a drag moves napari by as much", func(t *testing.T) {
		p.t = t
		before, size := center(), ask[[]float64](p, `document.querySelector("[data-canvas]").canvas.stats().state.size`)
		x0, y0 := at(p, 0.5, 0.5)
		x1, y1 := at(p, 0.6, 0.4)
		p.mouse(chromedp.MouseMoved, x0, y0)
		p.mouse(chromedp.MousePressed, x0, y0)
		for i := 1; i <= 8; i++ {
			p.mouse(chromedp.MouseMoved, x0+(x1-x0)*float64(i)/8, y0+(y1-y0)*float64(i)/8)
		}
		p.mouse(chromedp.MouseReleased, x1, y1)
		still(p)
		after := center()
		i := len(after) - 2
		zoom := n.number(t, "camera", "zoom")
		if dy, dx := (after[i]-before[i])*zoom/size[0], (after[i+1]-before[i+1])*zoom/size[1]; math.Abs(dy-0.1) > 0.005 || math.Abs(dx+0.1) > 0.005 {
			t.Errorf("the centre moved by %.3f of the height and %.3f of the width, want 0.1 and -0.1", dy, dx)
		}
		p.wait("the lag is shown", `/^[0-9]+, [0-9]+$/.test(document.querySelector("[data-canvas-stat=lag]").textContent)`)
	})

	t.Run("the pointer reads what napari's status bar says", func(t *testing.T) {
		p.t = t
		x, y := at(p, 0.5, 0.5)
		p.mouse(chromedp.MouseReleased, x, y) // no button is down
		until(t, "napari says what is under the pointer", func() string {
			if says := p.text("[data-canvas-status]"); !strings.Contains(says, "[") {
				return fmt.Sprintf("it says %q", says)
			}
			return ""
		})
		p.wait("the picture in words", `document.querySelector("[data-canvas-text]").textContent.includes("points, labels")`)
	})

	t.Run("who draws adds a point, and others see who it is", func(t *testing.T) {
		p.t, look.t = t, t
		p.click(`[data-canvas-layer="layer.` + n.ids["points"] + `.selected"]`)
		p.wait("the points are chosen", `document.querySelector('[data-canvas-layer="layer.`+n.ids["points"]+`.selected"]').ariaPressed === "true"`)
		n.set("layer:points", "mode", "add")
		p.click("[data-canvas-action=draw]")
		p.says("[data-canvas-drawer]", "You draw on points: add")
		look.says("[data-canvas-drawer]", "Somebody else draws")
		x, y := at(p, 0.4, 0.3)
		p.mouse(chromedp.MousePressed, x, y)
		p.mouse(chromedp.MouseReleased, x, y)
		until(t, "there is a point more", func() string {
			if got := n.get("layer:points", "data"); strings.Count(got, "[") != 22 {
				return "there are " + fmt.Sprint(strings.Count(got, "[")-1)
			}
			return ""
		})
		p.shot("canvas-drawing")
		look.shot("canvas-looker")
		p.click("[data-canvas-action=draw]")
		look.wait("nobody draws", `document.querySelector("[data-canvas-drawer]").hidden`)
		if off := ask[bool](look, `document.querySelector("[data-canvas-action=draw]").disabled && document.querySelector("[data-canvas]").dataset.locked !== undefined`); !off {
			t.Error("who may only look can draw")
		}
	})

	t.Run("in 3-D the sentence says so, and the sliders are those of the axes that are left", func(t *testing.T) {
		p.t = t
		n.set("dims", "ndisplay", 3)
		p.says(".viewer-bar", "3 layers, 3-D.")
		p.wait("no slider is left", `!document.querySelector(".canvas-axis")`)
		n.set("dims", "ndisplay", 2)
		p.wait("a slider is there again", `document.querySelector(".canvas-axis [type=range]")`)
	})

	t.Run("the other views stay where they are chosen", func(t *testing.T) {
		p.t = t
		p.click(".viewer-bar a:nth-child(2)")
		p.wait("the layer alone", `location.search.includes("view=layer") && document.querySelector("[data-viewer]").dataset.pictures > 0`)
		p.click(".viewer-bar a:nth-child(1)")
		p.wait("the canvas again", pictures)
	})
	p.t, look.t = t, t
	p.calm()
	look.calm()
}
