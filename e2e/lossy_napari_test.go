//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// movingScript has napari show one stack, of c, z, y and x, with structure and noise, and go through its c for as long as
// moving is true.
const movingScript = `
import napari
from qtpy import QtCore
viewer.layers.clear()
rng = np.random.default_rng(1)
z, y, x = np.ogrid[:48, :256, :320]
cells = 90 + 60 * np.sin(x / 13) * np.cos(y / 17) + 40 * np.sin(z / 5 + x / 40)
data = np.stack([cells + 9 * c * np.sin(x / 7) + rng.normal(0, 6, cells.shape) for c in range(6)]).clip(0, 255).astype(np.uint8)
data[..., 100:104, 40:200] = 255
layer = viewer.add_image(data, name="stack", contrast_limits=(0, 255), axis_labels=("c", "z", "y", "x"))
viewer.dims.set_current_step(1, 20)
viewer.reset_view()
viewer.window.moves = moves = QtCore.QTimer()
moves.timeout.connect(lambda: viewer.dims.set_current_step(0, (viewer.dims.current_step[0] + 1) % 6))
`

// TestE2ENapariOverASlowLine: what napari draws comes with losses over a line that carries less, as its canvas, as a layer and as cross
// sections, while hands go on working; as soon as napari rests every pixel is its own.
func TestE2ENapariOverASlowLine(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	home := t.TempDir()
	n := startPlugin(t, home)
	n.MustDo("run", map[string]any{"code": movingScript}, nil)
	w := startProgram(t, home, "--port", "0")
	w.source("napari", "attached", connected)
	p := startBrowser(t).open(t, wide)
	p.visit(w.url)

	move := func(on bool) {
		t.Helper()
		code := "viewer.window.moves.stop()"
		if on {
			code = "viewer.window.moves.start(60)"
		}
		n.MustDo("run", map[string]any{"code": code}, nil)
	}
	says := func(what, selector string, holds func(string, string) bool, want string) {
		t.Helper()
		until(t, what, func() string {
			if text := ask[string](p, fmt.Sprintf(`document.querySelector(%q)?.textContent ?? ""`, selector)); !holds(text, want) {
				return fmt.Sprintf("it says %q", text)
			}
			return ""
		})
	}
	const words = "[data-quality-words]"

	// The canvas.
	move(true)
	p.visit(w.home + "/viewer?source=napari&view=canvas&rate=2")
	p.live()
	says("what moves is lossy", words, strings.Contains, "lossy, 1 : ")
	says("the server says why", "[data-quality-why]", strings.HasPrefix, "The rate was bounded by hand. ")
	p.shot("slow-line-canvas-moving")
	from := ask[[4]float64](p, `(() => {
		const {rect, size} = document.querySelector("[data-canvas]").canvas.stats();
		const box = document.querySelector("[data-canvas-surface]").getBoundingClientRect();
		return [box.left + (rect.x + rect.width / 2) / size.ratio, box.top + (rect.y + rect.height / 2) / size.ratio, rect.width / size.ratio, rect.height / size.ratio];
	})()`)
	center := n.numbers(t, "camera", "center")
	p.mouse(chromedp.MouseMoved, from[0], from[1])
	p.mouse(chromedp.MousePressed, from[0], from[1])
	for i := 1; i <= 4; i++ {
		p.mouse(chromedp.MouseMoved, from[0]+from[2]/40*float64(i), from[1])
	}
	p.mouse(chromedp.MouseReleased, from[0]+from[2]/10, from[1])
	p.wait("napari's picture has the drag", `(({move}) => move.scale === 1 && move.x === 0 && move.y === 0)(document.querySelector("[data-canvas]").canvas.stats())`)
	size := ask[[2]float64](p, `document.querySelector("[data-canvas]").canvas.stats().state.size`)
	after, zoom := n.numbers(t, "camera", "center"), n.number(t, "camera", "zoom")
	if by := (center[len(center)-1] - after[len(after)-1]) * zoom / size[1]; math.Abs(by-0.1) > 0.005 {
		t.Errorf("napari moved by %.3f of its width, the hand by 0.1", by)
	}
	says("it is lossy still", words, strings.Contains, "lossy, 1 : ")
	move(false)
	says("what rests is exact", words, strings.HasPrefix, "exact")
	p.shot("slow-line-canvas-still")
	until(t, "the page has the pixels of the array", func() string {
		file, err := w.text("/api/v1/sources/napari/arrays/canvas.png")
		if err != nil {
			return err.Error()
		}
		want, err := png.Decode(strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		got, err := png.Decode(bytes.NewReader(p.surface(want.Bounds().Size())))
		switch {
		case err != nil:
			return err.Error()
		case got.Bounds().Size() != want.Bounds().Size():
			return fmt.Sprintf("it has %v pixels, the array has %v", got.Bounds().Size(), want.Bounds().Size())
		}
		if d := distance(got, want); d > 0 {
			return fmt.Sprintf("they differ by %.3f of 255", d)
		}
		return ""
	})

	// The layer alone, and the cross sections beside it.
	move(true)
	p.visit(w.home + "/viewer?source=napari&view=layer&rate=2")
	p.live()
	p.wait("the sections can be switched on", `document.querySelector("[data-sections]").dataset.liveMounted !== undefined`)
	p.click("[data-sections-switch]")
	says("the moving layer is lossy", words, strings.Contains, "lossy, 1 : ")
	says("the moving sections are lossy", "[data-sections-quality]", strings.Contains, "lossy, 1 : ")
	p.shot("slow-line-layer-moving")
	move(false)
	says("the resting layer is exact", words, strings.HasPrefix, "exact")
	says("the resting sections are exact", "[data-sections-quality]", func(text, _ string) bool { return text == "" || strings.HasPrefix(text, "exact") }, "")
	var stack struct {
		Out struct {
			Below, Right [][]int
		}
	}
	n.MustDo("run", map[string]any{"code": `
c, z, y, x = viewer.dims.current_step
data = viewer.layers[0].data
out = {"below": data[c, :, y].tolist(), "right": data[c, :, :, x].T.tolist()}
`}, &stack)
	p.section("the section below", "below", 48, 320, func(row, col int) int { return stack.Out.Below[row][col] })
	p.section("the section to the right", "right", 256, 48, func(row, col int) int { return stack.Out.Right[row][col] })

	// The menu covers what is below it, and nothing else of the picture.
	closed := p.picture("slow-line-layer-still")
	p.click("details[data-quality] summary")
	menu := ask[[4]int](p, `(() => {
		const [menu, stage] = [".quality-menu", ".viewer-picture"].map(css => document.querySelector(css).getBoundingClientRect());
		return [menu.left, stage.top + stage.bottom - menu.bottom, menu.right, stage.top + stage.bottom - menu.top].map(Math.round);
	})()`)
	opened := p.picture("slow-line-layer-menu")
	p.click("details[data-quality] summary")
	for y := menu[1]; y < menu[3]; y++ {
		for x := menu[0]; x < menu[2]; x++ {
			one, other := color.NRGBAModel.Convert(closed.At(x, y)), color.NRGBAModel.Convert(opened.At(x, y))
			if one != other {
				t.Fatalf("with its menu open the picture is %v at %d, %d, and %v without", other, x, y, one)
			}
		}
	}

	shot, at := n.shot(t), n.looks(t)
	until(t, "the layer looks as in napari", func() string {
		got, err := p.layersAt(at, shot.Bounds())
		if err != nil {
			return err.Error()
		}
		if mean, _ := apartBy(shot, got); mean >= likeNapari {
			return fmt.Sprintf("they differ by %.2f of 255 on average", mean)
		}
		return ""
	})
	p.calm()
}
