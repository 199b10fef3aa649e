//go:build linux

package e2e

import (
	"reflect"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"webmon/shm/process/naparitest"
)

// facadeScript is what a script of Neuroglancer's own Python package says, but for the import: an image whose
// only voxel is 255, a segmentation with a mesh of the script's, and a key.
const facadeScript = `
import threading
import numpy as np
import webmon.neuroglancer as neuroglancer

class Cells(neuroglancer.LocalVolume):
    def get_object_mesh(self, object_id):
        corners = np.array([[0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 9]], "<f4") * 1e-9
        faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], "<u4")
        return np.uint32(4).tobytes() + corners.tobytes() + faces.tobytes()

viewer = neuroglancer.Viewer(token="mine")
space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[1, 1, 1])
data = np.array([[[255]]], np.uint8)
image = neuroglancer.LocalVolume(data, space)
cells = Cells(np.full((1, 1, 1), 2**63 + 5, np.uint64), space)
with viewer.txn() as s:
    s.dimensions = space
    s.layers.append(name="image", layer=neuroglancer.ImageLayer(source=image, shader="void main() { emitRGB(vec3(toNormalized(getDataValue()), 0.0, 0.0)); }"))
    s.layers.append(name="cells", layer=neuroglancer.SegmentationLayer(source=cells, segments=[2**63 + 5], segment_colors={2**63 + 5: "#0000ff"}), visible=False)
    s.layout = "xy"
    s.cross_section_scale = 1e-6
    s.show_axis_lines = False
    s.position = [0.5, 0.5, 0.5]
pressed = threading.Event()
seen = []
def press(state):
    seen.append(state.viewer_state.layers[0].name)
    pressed.set()
viewer.actions.add("press", press)
with viewer.config_state.txn() as c:
    c.input_event_bindings.viewer["keyt"] = "press"

def colours(**how):
    picture = viewer.screenshot(size=(10, 10), timeout=100, **how).screenshot
    return sorted({tuple(int(n) for n in pixel) for row in picture.image_pixels for pixel in row})

out = viewer.get_viewer_url()
`

// TestE2EFacade: a script for Neuroglancer's Python package runs on webmon, with the package of PyPI and a real
// browser: its data, pictures, keys, meshes and what it reads back.
func TestE2EFacade(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	home := t.TempDir()
	python := naparitest.StartPackage(t, "neuroglancer", home)
	b := startBrowser(t)
	w := startProgram(t, home, "--port", "0")
	var address string
	python.Run(facadeScript, &address)
	if !strings.HasPrefix(address, strings.Split(w.url, "?")[0]) || !strings.Contains(address, "/v/mine/?token=") {
		t.Fatalf("the viewer is at %q, and webmon at %s", address, w.url)
	}
	p := b.open(t, view{800, 600, "dark"})
	p.visit(address)
	colours := func(what, code string, want ...[4]int) {
		t.Helper()
		var got [][4]int
		python.Run(code, &got)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the picture has the colours %v, want %v", what, got, want)
		}
	}
	colours("the data", "out = colours()", [4]int{255, 0, 0, 255})
	colours("other data", `
data[:] = 0
image.invalidate()
for _ in range(100):
    out = colours()
    if out == [(0, 0, 0, 255)]:
        break
`, [4]int{0, 0, 0, 255})

	// A screenshot gives the client its size back after it has returned. Until the client has laid itself out
	// again, its panels are elsewhere and lose the focus.
	p.wait("the client has the size of the window again", `new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn(
  viewer.display.container.style.width === "" && document.elementFromPoint(400, 300)?.closest(".neuroglancer-rendered-data-panel") &&
  remoteActionHandler.actionSet.value.has("press")))))`)
	p.do(chromedp.MouseClickXY(400, 300))
	p.wait("keys go to the picture", `document.activeElement.closest(".neuroglancer-rendered-data-panel")`)
	p.key("t")
	var seen []string
	python.Run("pressed.wait(60); out = seen", &seen)
	if !reflect.DeepEqual(seen, []string{"image"}) {
		t.Errorf("the key has come with the layers %v", seen)
	}
	var back [][][]int
	python.Run("out = viewer.volume('image').result(100).read().result(100).tolist()", &back)
	if !reflect.DeepEqual(back, [][][]int{{{0}}}) {
		t.Errorf("what is read back is %v, want 0", back)
	}
	colours("the script's own mesh", `
with viewer.txn() as s:
    s.layers["cells"].visible = True
    s.layers["image"].visible = False
    s.layout = "3d"
    s.show_slices = False
    s.position = [2, 2, 2]
    s.projection_scale = 12
out = colours()
out = [(0, 0, 255, 255)] if any(c[2] > 40 and not c[0] and not c[1] for c in out) else out
`, [4]int{0, 0, 255, 255})

	// What somebody does in the browser reaches the script.
	p.do(chromedp.Evaluate[chromedp.Void](`viewer.title.value = "theirs"`))
	var title string
	python.Run(`
import time
end = time.time() + 100
while viewer.state.title != "theirs" and time.time() < end:
    time.sleep(0.02)
out = viewer.state.title
`, &title)
	if title != "theirs" {
		t.Errorf("the script's title is %q", title)
	}
	python.Kill()
	p.wait("the page says that the script has ended", `document.body.textContent.includes("The script that made this view has ended")`)
	p.obeyed(t)
}
