//go:build linux

package e2e

import (
	"fmt"
	"image"
	"testing"
)

// TestE2EDemoLayers: the layers of the demo are drawn, and what people change of them from a page is
// seen in all views.
func TestE2EDemoLayers(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	w := startProgram(t, t.TempDir(), "--demo", "--port", "0")
	p := b.open(t, wide)
	p.visit(w.url)
	layers := func(id string) {
		t.Helper()
		p.visit(w.home + "/layers?source=demo&layer=" + id)
		p.live()
		ask[any](p, `void document.querySelectorAll("details.control-section").forEach(d => { d.open = true })`)
	}
	set := func(control, value, want string) {
		t.Helper()
		p.give(control, value)
		p.holds(control, want)
		p.says(`form[data-control="`+control+`"] .control-life`, "Applied")
	}
	// At rest over the first region, where everything is.
	layers("1")
	set("camera.tour", "", "false")
	set("camera.zoom", "2", "2")
	set("camera.center.0", "6100", "6100")
	set("camera.center.1", "8300", "8300")
	p.wait("all layers have thumbnails", `document.querySelectorAll("#live-layers img[src^='data:image/png']").length === 6`)
	p.wait("the nuclei have a histogram", `document.querySelector("figure.histogram svg")`)

	// shows waits until the middle of a view is a picture, and as it should be.
	shows := func(view, what string, as func(c tally) bool) {
		t.Helper()
		p.visit(w.home + "/viewer?source=demo&layer=1&view=" + view)
		p.live()
		until(t, what+", in the view "+view, func() string {
			c := count(p.picture("demo-layers-"+view), image.Rect(300, 300, 800, 600))
			if c.colours < 200 {
				return fmt.Sprintf("it is flat: it has %d colours", c.colours)
			}
			if !as(c) {
				return fmt.Sprintf("it shows %+v", c)
			}
			return ""
		})
	}
	for _, view := range []string{"canvas", "layer", "tiles"} {
		shows(view, "the nuclei are cyan", func(c tally) bool { return c.blue > c.red })
	}
	layers("1")
	set("layer.1.colormap", "red", "red")
	for _, view := range []string{"layer", "tiles"} {
		shows(view, "the nuclei are red", func(c tally) bool { return c.red > 2*c.blue })
	}
	layers("2")
	p.click(`form[data-control="layer.2.visible"] button[type=submit]`)
	p.wait("the membranes are hidden", `document.querySelector('form[data-control="layer.2.visible"] button').getAttribute("aria-checked") !== "true"`)
	shows("canvas", "the nuclei are red and the membranes hidden", func(c tally) bool { return c.red > 1.4*c.green && c.red > 1.4*c.blue }) // the cells have outlines of all colours
	layers("3")
	set("layer.3.contour", "0", "0")
	layers("6")
	set("layer.6.current_symbol", "star", "star")
	p.give("layer.6.canvas_size_min", "20000")
	p.says(`form[data-control="layer.6.canvas_size_min"] .control-life`, "must be at most the greatest")
	layers("1")
	set("dims.0", "3", "3")
	set("layer.1.name", "DAPI", "DAPI")
	p.says("#live-layers", "DAPI")
	p.calm()
	p.close()
}

// tally is what a part of a picture is like: how many colours it has, and how bright each is on
// average.
type tally struct {
	colours          int
	red, green, blue float64
}

func count(m image.Image, of image.Rectangle) tally {
	var c tally
	seen := map[[3]uint32]bool{}
	for y := of.Min.Y; y < of.Max.Y; y++ {
		for x := of.Min.X; x < of.Max.X; x++ {
			r, g, b, _ := m.At(x, y).RGBA()
			seen[[3]uint32{r >> 8, g >> 8, b >> 8}] = true
			c.red, c.green, c.blue = c.red+float64(r>>8), c.green+float64(g>>8), c.blue+float64(b>>8)
		}
	}
	n := float64(of.Dx() * of.Dy())
	c.colours, c.red, c.green, c.blue = len(seen), c.red/n, c.green/n, c.blue/n
	return c
}
