//go:build linux

package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestE2ECanvasTouch: fingers on a telephone move napari and zoom it, while somebody else sees it on a wide screen. It leaves
// pictures of several scenes in both.
func TestE2ECanvasTouch(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	w := startProgram(t, home, "--port", "0")
	n := startPlugin(t, home)
	w.source("napari", "attached", connected)
	s := scenesOf(t, n)

	at := func(v view) *page {
		p := b.open(t, v)
		p.visit(w.home + "/viewer?source=napari&view=canvas&token=" + w.token)
		p.live()
		return p
	}
	desk, phone := at(wide), at(narrowLight)
	if _, err := chromedp.Call(phone.ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 5}); err != nil {
		t.Fatal(err)
	}

	for _, name := range []string{"image_and_labels", "shapes", "grid", "surface_3d"} {
		t.Run(name, func(t *testing.T) {
			desk.t, phone.t = t, t
			s.show(t, name)
			size := s.shot(t).Bounds().Size()
			for _, p := range []*page{desk, phone} {
				before := ask[float64](p, `Number(document.querySelector("[data-canvas]").dataset.frames)`)
				n.MustDo("center", map[string]any{"center": []float64{120, 160}}, nil) // so that a picture comes
				n.MustDo("center", map[string]any{"center": []float64{121, 160}}, nil)
				p.wait("the scene's picture has come", fmt.Sprintf(`(c => Number(c.dataset.frames) > %v && Math.abs(c.canvas.stats().picture.cols / c.canvas.stats().picture.rows - %v) < 0.02)(document.querySelector("[data-canvas]"))`,
					before, float64(size.X)/float64(size.Y)))
			}
			desk.shot("canvas-" + name)
			phone.shot("canvas-" + name + "-narrow")
		})
	}

	t.Run("fingers", func(t *testing.T) {
		desk.t, phone.t = t, t
		s.show(t, "image_and_labels")
		n.Zoom(2)
		n.Center(120, 160)
		phone.wait("the canvas is in view", `document.querySelector("[data-canvas]").canvas.stats().state?.ndisplay === 2`)
		place := ask[[]float64](phone, `(() => {
			document.querySelector("[data-canvas-surface]").scrollIntoView({block: "center"});
			const {rect, size} = document.querySelector("[data-canvas]").canvas.stats();
			const box = document.querySelector("[data-canvas-surface]").getBoundingClientRect();
			return [box.left + (rect.x + rect.width / 2) / size.ratio, box.top + (rect.y + rect.height / 2) / size.ratio];
		})()`)
		x, y := place[0], place[1]
		phone.touch([][2]float64{{x, y}}, [][2]float64{{x - 60, y - 40}})
		until(t, "a finger has moved napari", func() string {
			if c := n.numbers(t, "camera", "center"); c[len(c)-2] < 125 || c[len(c)-1] < 165 {
				return fmt.Sprintf("its centre is %v", c)
			}
			return ""
		})
		phone.touch([][2]float64{{x - 20, y}, {x + 20, y}}, [][2]float64{{x - 80, y}, {x + 80, y}})
		until(t, "two fingers have zoomed it by four", func() string {
			if zoom := n.number(t, "camera", "zoom"); zoom < 7 || zoom > 9 {
				return fmt.Sprintf("it is at %v", zoom)
			}
			return ""
		})
		// A picture that comes after all that has it in it.
		frames := ask[float64](desk, `Number(document.querySelector("[data-canvas]").dataset.frames)`)
		c := n.numbers(t, "camera", "center")
		n.Center(c[len(c)-2]+1, c[len(c)-1])
		desk.wait("who sits at the desk sees it", fmt.Sprintf(`Number(document.querySelector("[data-canvas]").dataset.frames) > %v`, frames))
		desk.shot("canvas-touched")
		phone.shot("canvas-touched-narrow")
	})
	desk.t, phone.t = t, t
	desk.calm()
	phone.calm()
}
