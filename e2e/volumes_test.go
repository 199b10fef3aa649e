//go:build linux

package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"webmon/shm/process/naparitest"
)

// volumesScript is a process with a volume whose voxel (z, y, x) is 40 z + 8 y + x, and labels.
const volumesScript = `
process = webmon.Process("lab", launch=False)
z, y, x = np.mgrid[:5, :5, :8]
ramp = process.volume("ramp", (5, 5, 8), "uint16", axes="zyx", scale=(1, 0.5, 0.5), units="um")
ramp.data[:] = 40 * z + 8 * y + x
ramp.changed()
cells = process.volume("cells", (16, 16, 16), "uint32", axes="zyx", kind="labels")
cells.data[4:12, 4:12, 4:12] = 700
cells.changed()
`

// under moves the pointer over the upper left picture of the client, and returns the place and the value
// that the page says are there.
func (p *page) under(dx, dy float64) (place [3]int, value string) {
	p.t.Helper()
	box := ask[[4]float64](p, `(() => { const b = document.querySelector("[data-volume-frame]").getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; })()`)
	x, y := box[0]+box[2]/4+dx, box[1]+30+(box[3]-30)/4+dy
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x-3, y), chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
	var lines []string
	until(p.t, "the page says what is under the pointer", func() string {
		lines = ask[[]string](p, `[...document.querySelectorAll("[data-volume-readout] dd")].map(e => e.textContent)`)
		if len(lines) < 2 {
			return strings.Join(lines, "; ")
		}
		return ""
	})
	for i, text := range strings.Split(lines[0], ", ") {
		place[i], _ = strconv.Atoi(text)
	}
	return place, lines[1]
}

// ofNeuroglancer is what Chromium says of a view on which nothing is wrong: it draws in software, and
// a change that came later than another is answered with 412, after which the client makes it again.
var ofNeuroglancer = []string{"READ-usage buffer", "performance warning", "412 (Precondition Failed)"}

const volumeReady = `document.querySelector("[data-volume]")?.dataset.state === "ready"`

// TestE2EVolumes: the volumes of a Python process in Neuroglancer's client: values are where they belong, a change
// comes by itself, two windows share a view, and a label has a mesh.
func TestE2EVolumes(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	python := naparitest.StartPackage(t, "numpy2", home)
	python.Run(volumesScript, nil)
	w := startProgram(t, home, "--port", "0", "--prefix", "/lab")
	w.source("lab", "connected", connected)
	p := b.open(t, view{1000, 700, "dark"})
	p.visit(w.url)
	p.visit(w.home + "/volumes/lab/ramp")
	p.wait("all is loaded", volumeReady)

	right := func(add int) func() string {
		return func() string {
			place, value := p.under(20, 20)
			if want := strconv.Itoa(40*place[2] + 8*place[1] + place[0] + add); value != want {
				return fmt.Sprintf("%v is %s, want %s", place, value, want)
			}
			return ""
		}
	}
	until(t, "the voxel under the pointer has its value", right(0))
	until(t, "y goes down", func() string { // the read-out comes after the pointer
		middle, _ := p.under(0, 0)
		if below, _ := p.under(0, 60); below[1] <= middle[1] || below[0] != middle[0] || below[2] != middle[2] {
			return fmt.Sprintf("%v is below %v", below, middle)
		}
		return ""
	})
	python.Run("ramp.data[:] += 1000; ramp.changed()", nil)
	until(t, "a change is shown by itself", right(1000))

	// What one window does the other shows, and its panel tells.
	other := b.open(t, view{900, 700, "light"})
	other.visit(w.url)
	other.visit(w.home + "/volumes/lab/ramp")
	other.wait("all is loaded", volumeReady)
	ask[bool](other, `(() => { const v = document.querySelector("[data-volume-frame]").contentWindow.viewer; v.position.value = Float32Array.of(1.5, 2.5, 3.5); return true; })()`)
	p.wait("the other window follows", `document.querySelector("[data-volume-frame]").contentWindow.viewer.position.value.join() === "1.5,2.5,3.5"`)
	p.says(`[data-value="position-z"]`, "3")
	p.says("#volume-layers", "2 browsers look")
	p.do(chromedp.Click(`[data-volume-layer="ramp"] button[name=visible]`))
	other.wait("the layer is hidden for both", `document.querySelector("[data-volume-frame]").contentWindow.viewer.layerManager.managedLayers[0].visible === false`)
	other.close()

	p.visit(w.home + "/volumes/lab/cells")
	p.wait("all is loaded", volumeReady)
	ask[bool](p, `(() => {
  const {state} = document.querySelector("[data-volume-frame]").contentWindow.viewer, s = state.toJSON();
  s.layers[0].segments = ["700"];
  state.restoreState(s);
  return true;
})()`)
	p.says("#volume-layers", "512 voxels")
	p.wait("its mesh is loaded", volumeReady)
	p.calm(ofNeuroglancer...)
	p.stayedHome(w.hosts()...)
}

// liveScript is a process that writes a volume thirty times a second for half a minute: each time all of it
// is the number of the time.
const liveScript = `
import threading, time
process = webmon.Process("lab", launch=False)
wave = process.volume("wave", (32, 32, 32), "uint16", axes="zyx", limits=(0, 1000))
def write():
    for n in range(1, 901):
        wave.data[:] = n
        wave.changed()
        time.sleep(1 / 30)
writer = threading.Thread(target=write, daemon=True)
`

// TestE2ELiveVolume: a view of what changes thirty times a second goes forward alone, is not told more often than twice a
// second, and ends with what was written last.
func TestE2ELiveVolume(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	python := naparitest.StartPackage(t, "numpy2", home)
	python.Run(liveScript, nil)
	w := startProgram(t, home, "--port", "0")
	w.source("lab", "connected", connected)
	p := b.open(t, view{800, 500, "dark"})
	p.visit(w.url)
	p.visit(w.home + "/volumes/lab/wave")
	p.wait("all is loaded", volumeReady)
	// What the client has in its middle, whenever it is something else.
	ask[bool](p, `(() => {
  const {viewer} = document.querySelector("[data-volume-frame]").contentWindow;
  window.seen = [];
  setInterval(() => {
    const at = viewer.position.value;
    for (const layer of viewer.layerManager.managedLayers[0].layer.renderLayers) {
      const value = layer.getValueAt?.(at);
      if (typeof value === "number" && value !== seen.at(-1)) seen.push(value);
    }
  }, 20);
  return true;
})()`)
	p.wait("the client has what is there", `seen.at(-1) === 0`)
	refreshes := func() float64 {
		text, err := w.text("/metrics")
		m := regexp.MustCompile(`(?m)^webmon_volume_refreshes_total (\S+)$`).FindStringSubmatch(text)
		if err != nil || m == nil {
			t.Fatalf("no count of refreshes: %v", err)
		}
		n, _ := strconv.ParseFloat(m[1], 64) // as matched
		return n
	}
	before := refreshes()
	var took float64
	python.Run("began = time.monotonic(); writer.start(); writer.join(); out = time.monotonic() - began", &took)
	p.wait("what was written last is shown", `seen.at(-1) === 900`)
	seen := ask[[]int](p, "seen")
	if !slices.IsSorted(seen) {
		t.Errorf("what is shown goes back: %v", seen)
	}
	if len(seen) < 8 {
		t.Errorf("of 900 contents %d were shown: %v", len(seen), seen)
	}
	// One each half second, one that begins with the first, and the last.
	if n := refreshes() - before; n > 2*took+2 {
		t.Errorf("in %.1f s the view was told %.0f times", took, n)
	}
	if note := p.text("[data-volume-note]"); note != "" {
		t.Errorf("the page says %q", note)
	}
	p.calm(ofNeuroglancer...)
}

// TestE2ESevenVolumes: with more views open in one browser than it makes connections to a server, all of
// them load, and so does everything else.
func TestE2ESevenVolumes(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	python := naparitest.StartPackage(t, "numpy2", home)
	python.Run(volumesScript, nil)
	w := startProgram(t, home, "--port", "0")
	w.source("lab", "connected", connected)
	p := b.open(t, view{800, 600, "dark"})
	p.visit(w.url)
	p.visit(w.home + "/volumes/lab/ramp")
	p.wait("all is loaded", volumeReady)
	ask[bool](p, `(() => {
  const one = document.querySelector("[data-volume-frame]");
  for (let i = 0; i < 6; i++) {
    const frame = document.createElement("iframe");
    frame.src = one.src;
    frame.width = frame.height = "120";
    document.querySelector("main").prepend(frame);
  }
  return true;
})()`)
	p.wait("all seven are loaded", `[...document.querySelectorAll("iframe")].filter(f => f.contentWindow.viewer?.isReady()).length === 7`)
	if status := ask[int](p, `fetch("/health").then(r => r.status)`); status != 200 {
		t.Errorf("the page is answered with %d", status)
	}
	python.Run("ramp.data[:] += 7; ramp.changed()", nil)
	p.wait("all seven hear of a change", `[...document.querySelectorAll("iframe")].every(f => f.contentWindow.viewer.isReady())`)
}

// TestE2EVolumesOfNapari: the layers of a napari of today are volumes without a word, in the right place and with
// their values; a view goes where napari looks, and napari where a view does.
func TestE2EVolumesOfNapari(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	w := startProgram(t, home, "--port", "0")
	n := startPlugin(t, home, "--size", "512")
	n.MustDo("clear", map[string]any{}, nil)
	n.MustDo("add_layer", map[string]any{"kind": "volume", "name": "ramp"}, nil)
	n.MustDo("add_layer", map[string]any{"kind": "cells", "name": "cells"}, nil)
	var layers struct{ IDs map[string]string }
	n.MustDo("layers", map[string]any{}, &layers)
	w.source("napari", "connected", connected)
	p := b.open(t, view{1000, 700, "dark"})
	p.visit(w.url)
	p.visit(w.home + "/volumes/napari/layer." + layers.IDs["ramp"])
	p.wait("all is loaded", volumeReady)
	until(t, "what is under the pointer has the values that napari has", func() string {
		for _, at := range [][2]float64{{20, 20}, {-30, 0}, {0, -60}, {60, 0}} {
			place, value := p.under(at[0], at[1])
			if want := strconv.Itoa(480*place[2] + 24*place[1] + place[0]); value != want {
				return fmt.Sprintf("%v is %s, want %s", place, value, want)
			}
			label := ask[string](p, `[...document.querySelectorAll("[data-volume-readout] dd")].map(e => e.textContent)[2] ?? ""`)
			inside := place[2] >= 2 && place[2] < 8 && place[1] >= 4 && place[1] < 12 && place[0] >= 4 && place[0] < 16
			if (label == "70") != inside {
				return fmt.Sprintf("%v is of the label %q", place, label)
			}
		}
		return ""
	})

	// z is of two units a voxel in napari's world. A slice of the view is the one that napari draws.
	z := `Math.floor(document.querySelector("[data-volume-frame]").contentWindow.viewer.position.value[2])`
	p.do(chromedp.Click(`#volume-company [value=napari]`))
	p.says(`#volume-company [aria-pressed=true]`, "napari leads")
	for _, step := range []int{3, 9} {
		n.MustDo("step", map[string]any{"axis": 0, "step": step}, nil)
		p.wait("the view is where napari looks", fmt.Sprintf("%s === %d", z, step))
	}
	p.wait("the layer is still there, with all that it shows", volumeReady)
	p.do(chromedp.Click(`#volume-company [value=view]`))
	p.says(`#volume-company [aria-pressed=true]`, "This view leads")
	ask[bool](p, `(() => { document.querySelector("[data-volume-frame]").contentWindow.viewer.position.value = Float32Array.of(4.5, 5.5, 5.5); return true; })()`)
	n.has(t, "dims", "current_step", "[5, 9, 11]")
	p.shot("volumes-napari-leads")
	p.calm(ofNeuroglancer...)
	p.stayedHome(w.hosts()...)
}
