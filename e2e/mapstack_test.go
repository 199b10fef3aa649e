//go:build linux

package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"webmon/shm/maps/made"
	"webmon/shm/stack/stacktest"
)

// TestE2EMapStack: from the page of a map to a session's stack in the viewer of arrays and back. The
// slice moves, the contrast is set, a profile is drawn, and the .npy has the pixels of the file.
func TestE2EMapStack(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	dir := t.TempDir()
	if err := made.Make(made.Plan{Name: "stacked", Sessions: 2, Spines: 5}).Write(dir); err != nil {
		t.Fatal(err)
	}
	raw := filepath.Join(dir, "stacked", "raw")
	if err := os.MkdirAll(raw, 0o755); err != nil {
		t.Fatal(err)
	}
	const slices, rows, cols = 9, 120, 160
	var planes [2][][]byte
	for c, compression := range []int{1, 5} {
		planes[c] = stacktest.Noise(uint64(c+1), slices, rows, cols, 16)
		data := stacktest.TIFF{Rows: rows, Cols: cols, Bits: 16, Compression: compression, StripRows: 16}.Write(planes[c])
		if err := os.WriteFile(filepath.Join(raw, fmt.Sprintf("stacked_s1_ch%d.tif", c+1)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := startBrowser(t)
	w := startProgram(t, t.TempDir(), "--maps", dir, "--port", "0")
	p := b.open(t, wide)
	p.visit(w.url)
	p.visit(w.home + "/maps/stacked")
	p.wait("the images are there", `document.querySelector("[data-map]")?.map?.panes()?.panes.length > 0 && document.querySelector("[data-map-toggles]").textContent === "hide"`)
	p.wait("the page leads to the stack", `document.querySelector('a[href$="/maps/stacked/stacks/1"]')?.textContent === "Open in the viewer"`)
	p.click(`a[href$="/maps/stacked/stacks/1"]`)
	p.wait("the stack is open in the middle", `location.pathname.endsWith("/arrays") && new URLSearchParams(location.search).get("i") === "k,4,y,x"`)
	p.live()
	p.wait("the picture is there", `document.querySelector("[data-array]")?.dataset.pictures > 0`)
	// sum is what is on the canvas, as a number.
	const sum = `(async () => {
  const {viewer} = document.querySelector("[data-array]");
  const {size} = viewer.stats();
  return (await viewer.readPixels(0, 0, size.width, size.height)).reduce((sum, v) => (sum * 31 + v) % 1000003, 0);
})()`
	changed := func(what, script string) {
		t.Helper()
		before := ask[int](p, sum)
		p.do(chromedp.Evaluate[chromedp.Void](script))
		p.wait(what, fmt.Sprintf("%s.then(now => now !== %d)", sum, before))
	}
	p.wait("its place is named", `document.querySelector('[data-array-origin]')?.textContent.trim() === "Map stacked"`)
	p.shots("map-stack")

	changed("the picture of another slice", `(() => {
  const z = [...document.querySelectorAll("[data-array-controls] input[type=range]")].find(i => i.max === "8");
  z.value = "7";
  z.dispatchEvent(new Event("input", {bubbles: true}));
  z.dispatchEvent(new Event("change", {bubbles: true}));
})()`)
	p.wait("the address has the slice", `new URLSearchParams(location.search).get("i") === "k,7,y,x"`)
	changed("the picture with another contrast", `[...document.querySelectorAll("[data-array-controls] button")].find(b => b.textContent.trim() === "Percentiles").click()`)
	p.click(`[data-array-action="profile"]`)
	p.wait("the profile is on", `document.querySelector('[data-array-action="profile"]').getAttribute("aria-pressed") === "true"`)

	// The plane and the whole, as the page links to them.
	npy := func(selector string) (head string, data []byte) {
		// A link is kept to what is shown as it is used.
		href := ask[string](p, fmt.Sprintf(`(() => {
  const link = document.querySelector(%q);
  link.dispatchEvent(new Event("contextmenu", {bubbles: true}));
  return link.pathname + link.search;
})()`, selector))
		text, err := w.text(href)
		if err != nil || !strings.HasPrefix(text, "\x93NUMPY") {
			t.Fatalf("%s: %v %.80q", href, err, text)
		}
		n := 10 + int(binary.LittleEndian.Uint16([]byte(text[8:])))
		return text[10:n], []byte(text[n:])
	}
	head, data := npy(`#array-numbers a[href$=".npy"]`)
	if want := append(bytes.Join(planes[0], nil), bytes.Join(planes[1], nil)...); !strings.Contains(head, "(2, 9, 120, 160)") || !bytes.Equal(data, want) {
		t.Errorf("the whole is %s, its pixels are those of the files: %v", head, bytes.Equal(data, want))
	}
	if _, data = npy(`[data-array-plane]`); !bytes.Equal(data, planes[0][7]) {
		t.Errorf("the plane of slice 7 has %d bytes, which are not those of the file", len(data))
	}
	// And back.
	p.click(`[data-array-origin]`)
	p.wait("the map is open", `location.pathname.endsWith("/maps/stacked") && document.querySelector("[data-map]")`)
	p.calm()
}
