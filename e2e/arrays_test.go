//go:build linux

package e2e

import (
	"fmt"
	"image/color"
	"image/png"
	"math"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"webmon/shm/process/naparitest"
)

// TestE2EArrays: arrays of all kinds, published by Python, have the same colours in
// the picture of the page as in the file, and the same digits under the pointer as in
// the process.
func TestE2EArrays(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	python := naparitest.StartPackage(t, "numpy2", home)
	python.Run(`
import threading
ramp = np.arange(256).reshape(16, 16)
process = webmon.Process("lab", launch=False)
shared = []
def share(name, a, **about):
    a = np.ascontiguousarray(a)
    shared.append((process.share(name, a.shape, a.dtype, **about), a))
ids = np.array([[2**24, 2**24 + 1, 2**31 + 1, 2**31 + 3, 0]], "u4")
share("labels.u4", ids, role="labels")
share("labels.i8", np.array([[864691135441234567, 864691135441234568, -1, -2, 0]]), role="labels")
share("far.f8", 1e9 + ramp / 256)
share("far.u4", (3_000_000_000 + ramp).astype("u4"))
share("far.u8", np.uint64(2**63) + ramp.astype("u8"))
share("small.f8", 1e-300 * ramp)
share("mask.f8", np.where(ramp % 2, 0, 1e9 + ramp / 255), limits=(1e9, 1e9 + 1))
colour = np.stack([ramp, 255 - ramp, ramp // 2, 255 - ramp // 3], -1)
share("rgb.i8", colour, role="rgb")
share("rgb.u2", (colour * 257).astype("u2")[..., :3], role="rgb")
table = np.zeros(3, [("width", "f8"), ("hits", "i4")])
table["width"], table["hits"] = [0.5, 0.25, 0.125], [7, 8, 9]
share("table", table)
holes = (colour / 255).astype("f4")
holes[3, 4, 1] = np.nan
share("rgb.f4", holes, role="rgb")
def publish():
    while not ended.wait(0.1):
        for array, frame in shared:
            array.publish(frame)
ended = threading.Event()
threading.Thread(target=publish, daemon=True).start()
`, nil)
	w := startProgram(t, home, "--port", "0")
	w.source("lab", "connected", connected)
	p := b.open(t, view{700, 600, "dark"}) // drawn in software: the smaller the sooner
	p.visit(w.url)

	// open shows an array and returns the colour of the page at the middle of each of
	// its pixels, row by row, over the canvas, once the whole of it has been drawn.
	type seen struct {
		Rows, Cols int
		Canvas     [3]float64
		Pixels     [][3]float64
	}
	at := func(name string) string {
		return "/arrays?source=lab&array=" + url.QueryEscape(name)
	}
	const look = `(async () => {
  const root = document.querySelector("[data-array]");
  if (!(root?.dataset.pictures > 0)) return null;
  const {shape} = root.array.stats();
  const {size} = root.viewer.stats();
  const ratio = devicePixelRatio;
  const all = await root.viewer.readPixels(0, 0, size.width, size.height);
  const pixel = (x, y) => {
    const [sx, sy] = root.viewer.toScreen(x, y);
    const i = (Math.floor(sy * ratio) * size.width + Math.floor(sx * ratio)) * 4;
    return [...all.slice(i, i + 3)];
  };
  const [rows, cols] = shape;
  const pixels = [];
  for (let row = 0; row < rows; row++) for (let col = 0; col < cols; col++) pixels.push(pixel(col + 0.5, row + 0.5));
  return {rows, cols, canvas: [...all.slice(0, 3)], pixels};
})()`
	for _, test := range []struct {
		name    string
		colours int // so many there are at least
		value   string
	}{
		{"labels.u4", 5, "16777216"}, {"labels.i8", 5, "864691135441234567"},
		{"far.f8", 256, "1000000000"}, {"far.u4", 256, "3000000000"},
		{"far.u8", 256, "9223372036854775808"}, {"small.f8", 256, "0"}, {"mask.f8", 120, "1000000000"},
		{"rgb.i8", 200, "0, 255, 0, 255"}, {"rgb.u2", 256, "0, 65535, 0"}, {"rgb.f4", 200, "0, 1, 0, 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.t = t
			file, err := w.text("/api/v1/sources/lab/arrays/" + test.name + ".png")
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(strings.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			p.visit(w.home + at(test.name))
			p.live()
			until(t, "the page shows the colours of the file", func() string {
				got, err := evaluate[*seen](p, look)
				switch {
				case err != nil:
					return err.Error()
				case got == nil:
					return "nothing is drawn"
				case got.Cols != img.Bounds().Dx() || got.Rows != img.Bounds().Dy():
					return fmt.Sprintf("%d x %d pixels, and %v in the file", got.Rows, got.Cols, img.Bounds())
				}
				distinct := map[[3]float64]bool{}
				for i, pixel := range got.Pixels {
					distinct[pixel] = true
					c := color.NRGBAModel.Convert(img.At(i%got.Cols, i/got.Cols)).(color.NRGBA)
					alpha := float64(c.A) / 255
					for k, v := range []uint8{c.R, c.G, c.B} {
						if want := float64(v)*alpha + got.Canvas[k]*(1-alpha); math.Abs(pixel[k]-want) > 1.01 {
							return fmt.Sprintf("pixel %d is %v on the page and %v in the file", i, pixel, c)
						}
					}
				}
				if len(distinct) < test.colours {
					return fmt.Sprintf("%d colours, want %d", len(distinct), test.colours)
				}
				return ""
			})
			x := ask[[2]float64](p, `(() => {
  const root = document.querySelector("[data-array]");
  const box = root.getBoundingClientRect();
  const [x, y] = root.viewer.toScreen(0.5, 0.5);
  return [x + box.left, y + box.top];
})()`)
			p.do(chromedp.MouseEvent(chromedp.MouseMoved, x[0], x[1]))
			until(t, "the value is under the pointer", func() string {
				text := ask[string](p, `document.querySelector("[data-array-readout]").textContent`)
				if _, value, _ := strings.Cut(text, "\n"); value != test.value {
					return text
				}
				return ""
			})
			p.shot("arrays-" + test.name)
		})
	}
	p.t = t
	t.Run("what a chart says beside the pointer", func(t *testing.T) {
		p.t = t
		p.visit(w.home + at("table"))
		p.live()
		p.wait("both columns are drawn", `document.querySelectorAll("[data-array-columns] canvas").length === 2`)
		for i, want := range []string{"1 width 0.25", "1 hits 8"} {
			// The row in the middle.
			middle := ask[[2]float64](p, fmt.Sprintf(`(() => {
  const canvas = document.querySelectorAll("[data-array-columns] canvas")[%d];
  canvas.scrollIntoView({block: "center"});
  const box = canvas.getBoundingClientRect();
  return [box.left + (56 + box.width - 12) / 2, box.top + box.height / 2];
})()`, i))
			until(t, "the value is beside the pointer", func() string {
				p.do(chromedp.MouseEvent(chromedp.MouseMoved, middle[0]+1, middle[1]), chromedp.MouseEvent(chromedp.MouseMoved, middle[0], middle[1]))
				got := ask[string](p, fmt.Sprintf(`[...document.querySelectorAll("[data-array-columns] .arrays-plot")[%d].querySelectorAll(".arrays-tip > :not(:empty)")].map(e => e.textContent).join(" ")`, i))
				if got != want {
					return fmt.Sprintf("it says %q, want %q", got, want)
				}
				return ""
			})
			p.shot(fmt.Sprintf("arrays-tip-%d", i))
		}
	})
	p.t = t
	p.calm()
}
