//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"webmon/shm/process/naparitest"
)

// voxelsScript is a process with volumes of every kind, in one space of micrometres. What each voxel is follows
// from its index, as the functions of cross say.
const voxelsScript = `
process = webmon.Process("lab", launch=False)
z, y, x = np.mgrid[:16, :16, :16]
um = {"units": "um"}
process.volume("rgb", data=np.stack([16 * x, 16 * y, 16 * z], -1).astype("u1"), axes="zyxc", rgb=True, scale=1, **um)
process.volume("stains", data=np.stack([400 * (x % 4 < 2), 300 * (y % 4 < 2), 600 * (z % 4 < 2)]).astype("u2"), axes="czyx", limits=(0, 1000), scale=1, **um)
def noise(z, y, x): return ((37 * x + 91 * y + 53 * z + 7 * x * y) % 256).astype("u1")
process.volume("bricks", data=noise(*np.mgrid[:6, :16, :20]), axes="zyx", limits=(0, 255), scale=(2, 1, 0.5), corner=(4, -3, 1), **um)
process.volume("shifted", data=noise(*np.mgrid[:6, :16, :20]), axes="zyx", limits=(0, 255), scale=(2, 1, 0.5), corner=(3.5, -2.25, 1.25), **um)
process.volume("turned", data=noise(*np.mgrid[:16, :8, :10]), axes="zyx", limits=(0, 255), matrix=[[1, 0, 0.25, 0.5], [0, 0, 1, 2], [0, -1.5, 0, 14]], **um)
labels = (x // 4 + y // 5 + z // 3) % 4
cells = process.volume("cells", data=np.array([0, 7, 2**40 + 1, 2**63 + 5], "u8")[labels], axes="zyx", kind="labels", scale=1,
    skeletons={7: ([[15.8, 15.8, 2], [15.8, 15.8, 14]], [[0, 1]])}, properties={7: "soma", 2**40 + 1: "axon"}, mesh={7: ([[4, 4, 4], [12, 4, 4], [4, 12, 4], [4, 4, 12]],
    [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])}, **um)
cube = np.array([[a, b, c] for a in (4, 12) for b in (4, 12) for c in (4, 12)], "f4")
faces = [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
process.volume("skin", surface=(cube, faces), axes="zyx", scale=1, **um)
process.volume("spots", points=[[8.6, 4.5, 12.5], [8.6, 12.5, 3.5]], axes="zyx", scale=1, **um)
process.volume("fibres", lines=[[[8.6, 2, 3], [8.6, 2, 14]], [[8.6, 14, 3], [8.6, 14, 14]]], axes="zyx", scale=1, **um)
`

// cross is what a voxel of a layer looks like: a function of the place in micrometres. false is where nothing is
// drawn, or the place is so near the face of a voxel that rounding decides.
type cross func(x, y, z float64) (color.RGBA, bool)

// inside is the index of a coordinate in voxels, false outside and near a face.
func inside(at float64, n int) (int, bool) {
	i := math.Floor(at)
	return int(i), i >= 0 && int(i) < n && at-i > 0.05 && at-i < 0.95
}

func noise(z, y, x int) color.RGBA {
	v := uint8((37*x + 91*y + 53*z + 7*x*y) % 256)
	return color.RGBA{v, v, v, 255}
}

// noisy is a volume of noise whose voxels are where the function says.
func noisy(nz, ny, nx int, voxel func(x, y, z float64) (vz, vy, vx float64)) cross {
	return func(x, y, z float64) (color.RGBA, bool) {
		vz, vy, vx := voxel(x, y, z)
		k, okz := inside(vz, nz)
		j, oky := inside(vy, ny)
		i, okx := inside(vx, nx)
		return noise(k, j, i), okz && oky && okx
	}
}

// crosses are the columns of the page.
var crosses = []struct {
	layer string
	look  cross
}{
	{"rgb", func(x, y, z float64) (color.RGBA, bool) {
		i, okx := inside(x, 16)
		j, oky := inside(y, 16)
		k, okz := inside(z, 16)
		return color.RGBA{uint8(16 * i), uint8(16 * j), uint8(16 * k), 255}, okx && oky && okz
	}},
	{"stains", func(x, y, z float64) (color.RGBA, bool) {
		i, okx := inside(x, 16)
		j, oky := inside(y, 16)
		k, okz := inside(z, 16)
		stain := func(n, value int) float64 {
			if n%4 < 2 {
				return float64(value) / 1000
			}
			return 0
		}
		magenta, green, cyan := stain(i, 400), stain(j, 300), stain(k, 600)
		part := func(x float64) uint8 { return uint8(math.Round(255 * min(1, x))) }
		return color.RGBA{part(magenta), part(green + cyan), part(magenta + cyan), 255}, okx && oky && okz
	}},
	{"bricks", noisy(6, 16, 20, func(x, y, z float64) (float64, float64, float64) { return (z - 4) / 2, y + 3, (x - 1) / 0.5 })},
	{"shifted", noisy(6, 16, 20, func(x, y, z float64) (float64, float64, float64) { return (z - 3.5) / 2, y + 2.25, (x - 1.25) / 0.5 })},
	{"turned", noisy(16, 8, 10, func(x, y, z float64) (float64, float64, float64) {
		vx, vy := y-2, (14-x)/1.5
		return z - 0.25*vx - 0.5, vy, vx
	})},
	{"cells", func(x, y, z float64) (color.RGBA, bool) {
		i, okx := inside(x, 16)
		j, oky := inside(y, 16)
		k, okz := inside(z, 16)
		return labelColours[(i/4+j/5+k/3)%4], okx && oky && okz
	}},
}

// rawOf is the state of the page of a volume, as somebody finds it who opens it.
func rawOf(t *testing.T, w *webmon, name string) (state struct {
	Layers []map[string]any `json:"layers"`
}) {
	t.Helper()
	token := regexp.MustCompile(`/volumes/lab/v/([0-9A-Za-z_-]+)/`)
	var found []string
	until(t, name+" has a page", func() string {
		page, err := w.text("/volumes/lab/" + name)
		if found = token.FindStringSubmatch(page); found == nil {
			return fmt.Sprint(err, len(page))
		}
		return ""
	})
	var view struct{ State struct{ S json.RawMessage } }
	if status, err := w.try("PUT", "/volumes/lab/views/"+found[1], "{}", &view); err != nil || status != http.StatusOK {
		t.Fatalf("the view of %s: status %d, %v", name, status, err)
	}
	if err := json.Unmarshal(view.State.S, &state); err != nil || len(state.Layers) != 1 {
		t.Fatalf("the state of %s is %s (%v)", name, view.State.S, err)
	}
	return state
}

// TestE2EVoxels: known voxels of volumes of every kind are where they belong in all three cross sections, in the
// layers that webmon makes of them; meshes, skeletons, surfaces, points and lines are drawn; labels are listed by
// name; and a label without a mesh is said, while all else is ready.
func TestE2EVoxels(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	python := naparitest.StartPackage(t, "numpy2", home)
	python.Run(voxelsScript, nil)
	w := startProgram(t, home, "--port", "0")
	w.source("lab", "connected", connected)

	colours := map[string]string{}
	for i, id := range ids["u64"] {
		if c := labelColours[i]; i > 0 {
			colours[fmt.Sprint(id)] = fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
		}
	}
	var layers []map[string]any
	for _, name := range []string{"rgb", "stains", "bricks", "shifted", "turned", "cells", "skin", "spots", "fibres"} {
		l := rawOf(t, w, name).Layers[0]
		switch name {
		case "cells":
			l["segmentColors"], l["selectedAlpha"], l["notSelectedAlpha"] = colours, 1, 1
			l["segments"], l["tab"] = []string{"7"}, "segments"
			l["skeletonRendering"] = map[string]any{"mode2d": "lines", "lineWidth2d": 1, "mode3d": "lines", "lineWidth3d": 12}
		case "skin":
			l["segmentColors"] = map[string]string{"1": "#00ff00"}
		case "fibres":
			l["segmentColors"] = map[string]string{"1": "#00ffff"}
		}
		layers = append(layers, l)
	}
	type cell struct{ layer, layout string }
	var cells []cell
	var rows []any
	row := func(list []cell) {
		var children []any
		for _, c := range list {
			cells = append(cells, c)
			children = append(children, map[string]any{"type": "viewer", "layout": c.layout, "layers": []string{c.layer}})
		}
		rows = append(rows, map[string]any{"type": "row", "children": children})
	}
	for _, layout := range []string{"xy", "xz", "yz"} {
		var list []cell
		for _, c := range crosses {
			list = append(list, cell{c.layer, layout})
		}
		row(list)
	}
	row([]cell{{"cells", "3d"}, {"skin", "3d"}, {"spots", "xy"}, {"fibres", "xy"}, {"spots", "3d"}, {"fibres", "3d"}})
	const scale = 8 // pixels a micrometre
	at := [3]float64{8.3, 6.4, 8.6}
	state, err := json.Marshal(map[string]any{
		"dimensions": map[string]any{"x": []any{1e-6, "m"}, "y": []any{1e-6, "m"}, "z": []any{1e-6, "m"}},
		"position":   at, "crossSectionScale": 1. / scale, "projectionScale": 24, "crossSectionBackgroundColor": "#000000",
		"showAxisLines": false, "showScaleBar": false, "showDefaultAnnotations": false, "showSlices": false,
		"layers": layers, "layout": map[string]any{"type": "column", "children": rows},
		"selectedLayer": map[string]any{"layer": "cells", "visible": true, "size": 200},
	})
	if err != nil {
		t.Fatal(err)
	}
	// The panels are small, and what is in their corners would hide much of them.
	body := fmt.Sprintf(`{"title":"all kinds","state":%s,"config":{"showUIControls":true,"showPanelBorders":false,"showLayerPanel":false,"showTopBar":false}}`, state)
	if status, err := w.try("PUT", "/volumes/lab/views/all", body, nil); err != nil || status != http.StatusCreated {
		t.Fatalf("making a view: status %d, %v", status, err)
	}
	p := b.open(t, view{1700, 900, "dark"})
	p.visit(w.url)
	p.visit(w.home + "/volumes/lab/view/all")
	p.wait("all is loaded", volumeReady)
	if note := p.text("[data-volume-note]"); note != "" {
		t.Errorf("all is there, and the page says %q", note)
	}

	type rect struct{ X, Y, Width, Height float64 }
	var panels []rect
	// place is where the page shows a place of a cross section.
	place := func(c int, x, y, z float64) image.Point {
		dx, dy := x-at[0], y-at[1]
		switch cells[c].layout {
		case "xz":
			dy = z - at[2]
		case "yz":
			dx = at[2] - z // it runs to the left
		}
		return image.Pt(int(panels[c].X+panels[c].Width/2+dx*scale), int(panels[c].Y+panels[c].Height/2+dy*scale))
	}
	wrong := func(picture image.Image) string {
		looked := map[cell]int{}
		for c, which := range cells[:3*len(crosses)] {
			look := crosses[c%len(crosses)].look
			for u := -6.25; u < 7; u += 0.5 {
				for v := -6.25; v < 7; v += 0.5 {
					x, y, z := at[0]+u, at[1]+v, at[2]
					switch which.layout {
					case "xz":
						y, z = at[1], at[2]+v
					case "yz":
						x, z = at[0], at[2]-u
					}
					pixel := place(c, x, y, z)
					// The middle of that pixel, in micrometres.
					u0 := (float64(pixel.X) + 0.5 - panels[c].X - panels[c].Width/2) / scale
					v0 := (float64(pixel.Y) + 0.5 - panels[c].Y - panels[c].Height/2) / scale
					switch which.layout {
					case "xy":
						x, y = at[0]+u0, at[1]+v0
					case "xz":
						x, z = at[0]+u0, at[2]+v0
					case "yz":
						z, y = at[2]-u0, at[1]+v0
					}
					want, there := look(x, y, z)
					if !there {
						continue
					}
					looked[which]++
					if got := picture.At(pixel.X, pixel.Y); !closeTo(got, want) {
						return fmt.Sprintf("%s in %s is %v at %.2f, %.2f, %.2f, want %v", which.layer, which.layout, got, x, y, z, want)
					}
				}
			}
			if looked[which] < 40 {
				return fmt.Sprintf("only %d places of %v can be seen", looked[which], which)
			}
		}
		for _, spot := range []struct {
			layer string
			x, y  float64
			want  color.RGBA
		}{
			{"spots", 12.5, 4.5, color.RGBA{255, 255, 0, 255}}, {"spots", 3.5, 12.5, color.RGBA{255, 255, 0, 255}}, {"spots", 8, 8, color.RGBA{A: 255}},
			{"fibres", 8.1, 2, color.RGBA{0, 255, 255, 255}}, {"fibres", 8.1, 14, color.RGBA{0, 255, 255, 255}}, {"fibres", 8.1, 8, color.RGBA{A: 255}},
		} {
			pixel := place(slices.Index(cells, cell{spot.layer, "xy"}), spot.x, spot.y, at[2])
			if got := picture.At(pixel.X, pixel.Y); !closeTo(got, spot.want) {
				return fmt.Sprintf("%s in xy is %v at %g, %g, want %v", spot.layer, got, spot.x, spot.y, spot.want)
			}
		}
		// Of what is seen in perspective, and lit, it is enough that it is there, in its colour.
		for layer, is := range map[string]func(r, g, b uint32) bool{
			"cells": func(r, g, b uint32) bool { return r > 60 && g+b < 20 }, "skin": func(r, g, b uint32) bool { return g > 60 && r+b < 20 },
			"spots": func(r, g, b uint32) bool { return r > 200 && g > 200 && b < 60 }, "fibres": func(r, g, b uint32) bool { return r < 60 && g > 100 && b > 100 },
		} {
			panel, n := panels[slices.Index(cells, cell{layer, "3d"})], 0
			skeleton := 0
			for y := int(panel.Y); y < int(panel.Y+panel.Height); y++ {
				for x := int(panel.X + 30); x < int(panel.X+panel.Width); x++ {
					r, g, b, _ := picture.At(x, y).RGBA()
					if is(r>>8, g>>8, b>>8) {
						n++
						if float64(y) > panel.Y+0.75*panel.Height {
							skeleton++
						}
					}
				}
			}
			if n < 40 {
				return fmt.Sprintf("%d pixels of the 3-D picture of %s are of its colour", n, layer)
			}
			if layer == "cells" && skeleton < 40 {
				return fmt.Sprintf("%d pixels of the skeleton are seen below the mesh", skeleton)
			}
		}
		return ""
	}
	until(t, "the pixels are right", func() string {
		panels = ask[[]rect](p, `(frame => {
			const at = frame.getBoundingClientRect();
			return [...frame.contentDocument.querySelectorAll(".neuroglancer-rendered-data-panel")].map(e => {
				const {x, y, width, height} = e.getBoundingClientRect();
				return {X: at.x + x, Y: at.y + y, Width: width, Height: height};
			});
		})(document.querySelector("[data-volume-frame]"))`)
		if len(panels) != len(cells) {
			return fmt.Sprintf("there are %d panels", len(panels))
		}
		return wrong(p.picture("voxels"))
	})

	// What is known of the labels is in the client's own list.
	const viewer = `document.querySelector("[data-volume-frame]").contentWindow.viewer`
	p.wait("the labels are listed by their names", `(list => list.includes("soma") && list.includes("axon"))(document.querySelector("[data-volume-frame]").contentDocument.body.textContent)`)

	// A label that nobody has is missing, which is said; all else is there.
	chosen := func(labels string) {
		ask[bool](p, fmt.Sprintf(`(({state}) => {
			const s = state.toJSON();
			s.layers[5].segments = %s;
			state.restoreState(s);
			return true;
		})(%s)`, labels, viewer))
	}
	chosen(`["7", "999"]`)
	p.says("[data-volume-note]", "2 parts of this view could not be loaded.")
	p.says("#volume-wrong", "cells, mesh of 999: ")
	p.says("#volume-wrong", "cells, skeleton of 999: ")
	p.wait("all else is there", volumeReady)
	chosen(`["7"]`)
	p.wait("nothing is missing any more", volumeReady+` && document.querySelector("[data-volume-note]").hidden && !document.getElementById("volume-wrong")`)

	p.calm(slices.Concat(ofNeuroglancer, []string{"404"})...)
	p.stayedHome(w.hosts()...)
}
