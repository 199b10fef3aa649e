//go:build linux

package e2e

import (
	"fmt"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"webmon/shm/process/naparitest"
)

// TestE2EPicturesOfASlowLine: what moves comes with loss over a line that carries less, the page says so, and the value under the
// pointer is exact all the same; what stands still becomes exact; who asks for exact pictures gets no others.
func TestE2EPicturesOfASlowLine(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	python := naparitest.StartPackage(t, "numpy2", home)
	python.Run(`
import threading
rng = np.random.default_rng(1)
y, x = np.mgrid[:128, :128]
process = webmon.Process("lab", launch=False)
camera = process.share("camera", (128, 128), "uint16", axes="yx")
moving, ended = threading.Event(), threading.Event()
moving.set()
def publish():
    n = 0
    while not ended.wait(0.05):
        if not moving.is_set():
            continue
        n += 1
        frame = 1000 + 800 * np.sin((x + 3 * n) / 20) * np.cos(y / 31) + rng.normal(0, 25, (128, 128))
        frame = frame.clip(0, 4000).astype("u2")
        frame[50:80, 20:60] = 3217
        camera.publish(frame)
threading.Thread(target=publish, daemon=True).start()
`, nil)
	w := startProgram(t, home, "--port", "0")
	w.source("lab", "connected", connected)
	p := b.open(t, view{900, 700, "dark"})
	p.visit(w.url)
	const words = `document.querySelector("[data-quality-words]")?.textContent ?? ""`
	says := func(what string, holds func(string, string) bool, want string) {
		t.Helper()
		until(t, what, func() string {
			if text := ask[string](p, words); !holds(text, want) {
				return fmt.Sprintf("it says %q", text)
			}
			return ""
		})
	}

	p.visit(w.home + "/arrays?source=lab&array=camera&rate=1")
	p.live()
	says("what moves is lossy", strings.Contains, "lossy, 1 : ")
	p.shot("slow-line-moving")
	at := ask[[2]float64](p, `(() => {
  const root = document.querySelector("[data-array]");
  const box = root.getBoundingClientRect();
  const [x, y] = root.viewer.toScreen(40.5, 65.5);
  return [x + box.left, y + box.top];
})()`)
	p.do(chromedp.MouseEvent(chromedp.MouseMoved, at[0], at[1]))
	until(t, "the exact value is under the pointer", func() string {
		if text := ask[string](p, `document.querySelector("[data-array-readout]").textContent`); !strings.HasSuffix(text, "\n3217") {
			return text
		}
		return ""
	})
	says("it is lossy still", strings.Contains, "lossy, 1 : ")

	python.Run("moving.clear()", nil)
	says("what stands still is exact", strings.HasPrefix, "exact")
	file, err := w.text("/api/v1/sources/lab/arrays/camera.png?low=0&high=4000")
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	got := ask[[]float64](p, `(async () => {
  const root = document.querySelector("[data-array]");
  root.array.change(view => Object.assign(view, {mode: "manual", limits: [0, 4000]}));
  const {size} = root.viewer.stats();
  const all = await root.viewer.readPixels(0, 0, size.width, size.height);
  const gray = [];
  for (let row = 0; row < 128; row++) {
    for (let col = 0; col < 128; col++) {
      const [x, y] = root.viewer.toScreen(col + 0.5, row + 0.5);
      gray.push(all[(Math.floor(y * devicePixelRatio) * size.width + Math.floor(x * devicePixelRatio)) * 4]);
    }
  }
  return gray;
})()`)
	for i, gray := range got {
		if want := color.GrayModel.Convert(img.At(i%128, i/128)).(color.Gray).Y; math.Abs(gray-float64(want)) > 1.01 {
			t.Fatalf("pixel %d, %d is %v on the page and %d in the file", i/128, i%128, gray, want)
		}
	}
	p.shot("slow-line-still")

	// The choice of the address comes before all others, and is never overruled.
	python.Run("moving.set()", nil)
	p.visit(w.home + "/arrays?source=lab&array=camera&rate=1&pictures=exact")
	p.live()
	p.wait("pictures come", `document.querySelector("[data-array]")?.dataset.pictures > 0`)
	ask[bool](p, `(() => {
  window.said = new Set();
  const words = document.querySelector("[data-quality-words]");
  new MutationObserver(() => window.said.add(words.textContent)).observe(words, {childList: true, characterData: true, subtree: true});
  window.said.add(words.textContent);
  return true;
})()`)
	before := ask[int](p, `Number(document.querySelector("[data-array]").dataset.pictures)`)
	p.wait("more come", fmt.Sprintf(`Number(document.querySelector("[data-array]").dataset.pictures) >= %d`, before+3))
	for _, text := range ask[[]string](p, `[...window.said]`) {
		if !strings.HasPrefix(text, "exact") {
			t.Errorf("the page says %q where exact pictures were asked for", text)
		}
	}
	p.calm()
	python.Run("ended.set()", nil)
}
