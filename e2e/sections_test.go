//go:build linux

package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// sectionsScript has napari show one stack, of c, z, y and x, in which every voxel says where it is.
const sectionsScript = `
import napari
viewer.layers.clear()
c, z, y, x = np.mgrid[:2, :12, :40, :60]
data = ((c * 90 + z * 11 + y * 3 + x) % 251).astype(np.uint8)
layer = viewer.add_image(data, name="stack", contrast_limits=(0, 255), scale=(1, 2, 1, 1), axis_labels=("c", "z", "y", "x"))
viewer.dims.set_current_step(0, 1)
viewer.dims.set_current_step(1, 4)
viewer.reset_view()
`

// coloursScript colours the stack, puts labels over it, and says what the section below is then, as napari's colormaps have it.
const coloursScript = `
layer = viewer.layers[0]
layer.colormap = "viridis"
labels = viewer.add_labels(np.indices(layer.data.shape)[3] // 10, opacity=0.5, scale=layer.scale, axis_labels=("c", "z", "y", "x"))
c, y = int(viewer.dims.current_step[0]), %d
under = layer.colormap.map(layer.data[c, :, y].ravel() / 255).reshape(12, 60, 4)[..., :3]
over = labels.colormap.map(labels.data[c, :, y].ravel()).reshape(12, 60, 4)
alpha = over[..., 3:] * 0.5
out = np.rint(255 * (over[..., :3] * alpha + under * (1 - alpha))).astype(int).tolist()
`

// stackVoxel is a voxel of that stack.
func stackVoxel(c, z, y, x int) int { return (c*90 + z*11 + y*3 + x) % 251 }

// sectionPixels are the red samples of a section as it is on the page, row by row, and how many columns it has; an error where they
// are not gray.
func sectionPixels(p *page, plane string) (rows [][]int, err error) {
	return evaluate[[][]int](p, fmt.Sprintf(`(() => {
		const canvas = document.querySelector("[data-section=%s] canvas");
		const {data, width, height} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
		return Array.from({length: height}, (_, y) => Array.from({length: width}, (_, x) => {
			const at = 4 * (y * width + x);
			return data[at] === data[at + 1] && data[at] === data[at + 2] ? data[at] : -1;
		}));
	})()`, plane))
}

// section waits until a section on the page is as it is meant.
func (p *page) section(what, plane string, rows, cols int, at func(row, col int) int) {
	p.t.Helper()
	until(p.t, what, func() string {
		got, err := sectionPixels(p, plane)
		switch {
		case err != nil:
			return err.Error()
		case len(got) != rows || len(got[0]) != cols:
			return fmt.Sprintf("%s has %d x %d pixels, want %d x %d", plane, len(got), len(got[0]), rows, cols)
		}
		for row := range rows {
			for col := range cols {
				if want := at(row, col); got[row][col] != want {
					return fmt.Sprintf("%s at row %d, column %d is %d, want %d", plane, row, col, got[row][col], want)
				}
			}
		}
		return ""
	})
}

// voxelAt is where on the page a pixel of a section is.
func (p *page) voxelAt(plane string, row, col float64) (x, y float64) {
	p.t.Helper()
	box := ask[[4]float64](p, fmt.Sprintf(`(() => {
		const canvas = document.querySelector("[data-section=%s] canvas");
		canvas.scrollIntoView({block: "center"});
		const b = canvas.getBoundingClientRect();
		return [b.left, b.top, b.width / canvas.width, b.height / canvas.height];
	})()`, plane))
	return box[0] + (col+0.5)*box[2], box[1] + (row+0.5)*box[3]
}

// TestE2ESections: the cross sections beside a picture of a real napari are the planes of its data; whoever may steer moves napari's
// sliders in them, and who may only look does not.
func TestE2ESections(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	home := t.TempDir()
	n := startPlugin(t, home)
	n.MustDo("run", map[string]any{"code": sectionsScript}, nil)
	w := startProgram(t, home, "--port", "0")
	w.source("napari", "attached", connected)
	p := startBrowser(t).open(t, view{1400, 900, "dark"})
	p.visit(w.url)
	looks := p.invite(w.home, "the screen on the wall", "look")
	p.visit(w.home + "/viewer?source=napari&view=layer")
	p.live()
	p.wait("the sections are off at first", `document.querySelector("[data-sections-switch][aria-checked=false]")`)
	p.wait("the sections can be switched on", `document.querySelector("[data-sections]").dataset.liveMounted !== undefined`)
	p.click("[data-sections-switch]")
	// c is 1 and z 4 by the sliders; y and x are where napari's own are, which show nothing while the axes are on its canvas.
	var point struct{ Out []int }
	n.MustDo("run", map[string]any{"code": "out = [int(n) for n in viewer.dims.current_step]"}, &point)
	c, z, y, x := point.Out[0], point.Out[1], point.Out[2], point.Out[3]
	if c != 1 || z != 4 {
		t.Fatalf("the sliders are at %v", point.Out)
	}
	add := 0
	both := func(p *page, what string) {
		t.Helper()
		p.section(what+": below", "below", 12, 60, func(row, col int) int { return (stackVoxel(c, row, y, col) + add) % 251 })
		p.section(what+": right", "right", 40, 12, func(row, col int) int { return (stackVoxel(c, col, row, x) + add) % 251 })
	}
	both(p, "the planes of the data")
	p.says("[data-sections-place]", fmt.Sprintf("x %d, y %d, z %d; stack %d", x, y, 2*z, stackVoxel(c, z, y, x)))
	p.shots("sections")
	p.look(view{1400, 900, "dark"})

	press := func(p *page, plane string, row, col float64) {
		t.Helper()
		px, py := p.voxelAt(plane, row, col)
		p.mouse(chromedp.MousePressed, px, py)
		p.mouse(chromedp.MouseReleased, px, py)
	}
	stands := func(what string) {
		t.Helper()
		until(t, what, func() string {
			n.MustDo("run", map[string]any{"code": "out = [int(n) for n in viewer.dims.current_step]"}, &point)
			if point.Out[0] != c || point.Out[1] != z {
				return fmt.Sprintf("napari's sliders are at %v, want c %d and z %d", point.Out, c, z)
			}
			return ""
		})
	}
	press(p, "below", 9, 17)
	z, x = 9, 17
	stands("a click moves napari's slider")
	both(p, "both go through where the click was")

	ask[bool](p, `(document.querySelector("[data-section=right] canvas").focus(), true)`)
	p.key(kb.ArrowRight)
	z++
	stands("a key moves napari's slider")
	both(p, "a key")

	n.MustDo("run", map[string]any{"code": "viewer.dims.set_current_step(0, 0); viewer.dims.set_current_step(1, 2)"}, nil)
	c, z = 0, 2
	both(p, "napari's own sliders")
	n.MustDo("run", map[string]any{"code": "viewer.layers[0].data = ((viewer.layers[0].data.astype(int) + 7) % 251).astype(np.uint8)"}, nil)
	add = 7
	both(p, "new data")

	// With napari's own colours, and labels over them.
	var want struct{ Out [][][3]int }
	n.MustDo("run", map[string]any{"code": fmt.Sprintf(coloursScript, y)}, &want)
	until(t, "napari's colours, blended", func() string {
		got, err := evaluate[[][][3]int](p, `(() => {
			const canvas = document.querySelector("[data-section=below] canvas");
			const {data, width, height} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
			return Array.from({length: height}, (_, y) => Array.from({length: width}, (_, x) => [...data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)]));
		})()`)
		if err != nil || len(got) != len(want.Out) || len(got[0]) != len(want.Out[0]) {
			return fmt.Sprint(len(got), " rows, ", err)
		}
		for row := range got {
			for col := range got[row] {
				for i, v := range got[row][col] {
					if d := v - want.Out[row][col][i]; d > 1 || d < -1 {
						return fmt.Sprintf("at row %d, column %d is %v, want %v", row, col, got[row][col], want.Out[row][col])
					}
				}
			}
		}
		return ""
	})
	n.MustDo("run", map[string]any{"code": "del viewer.layers[1]; viewer.layers[0].colormap = 'gray'"}, nil)
	both(p, "gray again")

	// A click in the picture beside moves the crosshair, here that of napari's whole canvas.
	p.visit(w.home + "/viewer?source=napari&view=canvas")
	p.live()
	p.wait("the canvas has a picture", `document.querySelector("[data-canvas]")?.dataset.frames > 0`)
	p.wait("the sections can be switched on", `document.querySelector("[data-sections]").dataset.liveMounted !== undefined`)
	p.click("[data-sections-switch]")
	both(p, "beside the canvas")
	middle := ask[[2]float64](p, `(b => [b.left + b.width / 2, b.top + b.height / 2])(document.querySelector("[data-canvas-surface]").getBoundingClientRect())`)
	p.mouse(chromedp.MousePressed, middle[0], middle[1])
	p.mouse(chromedp.MouseReleased, middle[0], middle[1])
	p.says("[data-sections-place]", "x 29.") // napari looks at the middle, 29.5, as the stack is 60 wide
	p.says("[data-sections-place]", "y 19.")

	look := startBrowser(t).open(t, view{1400, 900, "light"})
	look.visit(looks)
	look.visit(w.home + "/viewer?source=napari&view=layer")
	look.live()
	look.wait("the sections can be switched on", `document.querySelector("[data-sections]").dataset.liveMounted !== undefined`)
	look.click("[data-sections-switch]")
	press(p, "below", 2, 20)
	press(p, "right", 8, 2)
	z, x, y = 2, 20, 8
	both(p, "a click in each")
	both(look, "who may only look sees the same")
	press(look, "below", 1, 50)
	// Nor by what the page would not send.
	ask[bool](look, `new Promise((done, failed) => {
		const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws");
		socket.onopen = () => {
			socket.send(JSON.stringify({type: "section-hand", source: "napari", at: {z: 20, x: 3}, hand: "abcdefgh", n: 1}));
			socket.send(JSON.stringify({type: "watch", topics: ["napari/people"], who: "somebody-else"}));
		};
		socket.onmessage = ({data}) => typeof data === "string" && data.includes("napari/people") && (socket.close(), done(true));
		socket.onerror = failed;
	})`)
	press(p, "right", 31, 2) // what comes after it is carried out
	y = 31
	both(p, "nothing has moved but what who steers has")
	stands("nothing has moved")
	both(look, "who may only look follows")

	// While they are off nothing is asked for.
	p.click("[data-sections-switch]")
	look.click("[data-sections-switch]")
	p.wait("nothing is asked for", `![...document.querySelectorAll("[data-sections] [data-topic]")].length`)
	look.calm("Close received after close") // of the socket of the test itself
	p.calm()
}
