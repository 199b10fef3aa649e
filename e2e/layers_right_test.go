//go:build linux

package e2e

import (
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// likeNapari is the mean absolute difference that a picture may have from napari's own, of 0
// to 255.
const likeNapari = 3

// TestE2ELayersRight: without the tiles the viewer shows images and labels as napari
// draws them: where its transforms put them, in its colours, and blended as it blends them.
func TestE2ELayersRight(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	n := startPlugin(t, home)
	w := startProgram(t, home, "--port", "0")
	w.source("napari", "attached", connected)
	p := b.open(t, wide)
	p.visit(w.home + "/viewer?source=napari&view=layer&token=" + w.token)
	p.live()
	p.showsLayers()

	for _, scene := range []string{
		"image", "image_and_labels", "labels_direct", "labels_contour", "additive", "minimum", "opaque_under_translucent", "rotated", "sheared", "mirrored",
		"colormap_of_ones_own", "colormap_steps", "rgb_uint8", "rgb_uint16", "rgb_float", "smooth", "multiscale", "series", "thick",
	} {
		t.Run(scene, func(t *testing.T) {
			p.t = t
			// In a turn of its own: Mesa ends napari when layers go and come in the same one.
			n.MustDo("clear", map[string]any{}, nil)
			n.MustDo("scene", map[string]any{"name": scene}, nil)
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the page asks for %s", ask[string](p, `[...document.querySelectorAll("[data-viewer] [data-topic]")].map(e => e.dataset.topic).join(" ")`))
					t.Logf("the page looks from %s", ask[string](p, `JSON.stringify(document.querySelector("[data-viewer]").viewer.stats())`))
				}
			})
			shot := n.shot(t)
			view := n.looks(t)
			until(t, "the layers look as in napari", func() string {
				got, err := p.layersAt(view, shot.Bounds())
				if err != nil {
					return err.Error()
				}
				mean, worst := apartBy(shot, got)
				if mean < likeNapari {
					t.Logf("mean difference %.3f, the largest %d", mean, worst)
					return ""
				}
				keepPicture(t, "layers-right-"+scene+"-page", got)
				keepPicture(t, "layers-right-"+scene+"-napari", shot)
				return fmt.Sprintf("they differ by %.2f of 255 on average", mean)
			})
		})
	}
	t.Run("overview", func(t *testing.T) {
		p.t = t
		n.MustDo("clear", map[string]any{}, nil)
		n.MustDo("scene", map[string]any{"name": "multiscale"}, nil)
		n.Zoom(6)
		n.Center(300, 400)
		// Far from what napari shows, on the image: black is the canvas alone.
		until(t, "beyond what napari has there is the overview", func() string {
			return ask[string](p, `(async () => {
				const {viewer} = document.querySelector("[data-viewer]");
				viewer.setCamera({x: 3000, y: 2000, scale: 0.5});
				const {size} = viewer.stats();
				const pixels = await viewer.readPixels(Math.floor(size.width / 2) - 50, Math.floor(size.height / 2) - 50, 100, 100);
				let dark = 0;
				for (let i = 0; i < pixels.length; i += 4) if (pixels[i] < 3) dark++;
				return dark < 500 ? "" : dark + " of 10000 pixels are black";
			})()`)
		})
		p.shot("layers-right-overview")
		// Followed, the page shows what napari shows.
		ask[any](p, `void document.querySelector("[data-viewer]").viewer.setFollow(true)`)
		until(t, "the page looks where napari looks", func() string {
			at := ask[[]float64](p, `(() => { const {x, y} = document.querySelector("[data-viewer]").viewer.stats().camera; return [x, y]; })()`)
			// "Fit" keeps clear of the buttons, so that the middle is not quite napari's.
			if math.Abs(at[0]-400) > 20 || math.Abs(at[1]-300) > 20 {
				return fmt.Sprintf("its middle is %v", at)
			}
			return ""
		})
		p.shot("layers-right-followed")
	})
	p.t = t
	p.shot("layers-right")
	p.calm()
}

// TestE2EUnderRight: under the tiles the picture has the colours that napari draws it in, and what is
// shown is said.
func TestE2EUnderRight(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	n := startPlugin(t, home)
	w := startProgram(t, home, "--port", "0")
	w.source("napari", "attached", connected)
	p := b.open(t, wide)
	p.visit(w.home + "/viewer?source=napari&view=tiles&token=" + w.token)
	p.live()
	show := func(scene string) {
		n.MustDo("clear", map[string]any{}, nil)
		n.MustDo("scene", map[string]any{"name": scene}, nil)
	}
	for _, scene := range []string{
		"image", "image_and_labels", "labels_direct", "labels_contour", "colormap_of_ones_own", "colormap_steps", "rgb_uint8", "rgb_uint16", "rgb_float",
	} {
		t.Run(scene, func(t *testing.T) {
			p.t = t
			show(scene)
			// The uppermost alone: the page shows one layer under its tiles. Its pixels fill napari's canvas.
			n.run("for layer in list(viewer.layers)[:-1]:\n    layer.visible = False")
			n.Zoom(4)
			n.Center(120, 160)
			shot := n.shot(t)
			view := n.looks(t)
			// napari counts from the middle of the first pixel, the tiles from its corner.
			view.x, view.y = view.x+0.5, view.y+0.5
			until(t, "the picture looks as in napari", func() string {
				got, err := p.layersAt(view, shot.Bounds())
				if err != nil {
					return err.Error()
				}
				// Its edges are those of napari's view, which the page draws.
				inner := shot.Bounds().Inset(8)
				mean, worst := apartBy(shot.(interface {
					SubImage(image.Rectangle) image.Image
				}).SubImage(inner), got)
				if mean < likeNapari {
					t.Logf("mean difference %.3f, the largest %d", mean, worst)
					return ""
				}
				keepPicture(t, "under-right-"+scene+"-page", got)
				keepPicture(t, "under-right-"+scene+"-napari", shot)
				return fmt.Sprintf("they differ by %.2f of 255 on average", mean)
			})
		})
	}
	p.t = t
	show("rotated")
	p.wait("that it is turned in napari is said", `document.querySelector(".viewer-says").innerText.includes("in the layer's own pixels: napari shows it turned")`)
	p.shot("under-right-rotated")
	p.visit(w.home + "/viewer?source=napari&view=layer")
	show("additive")
	p.wait("one of three layers is spoken of", `document.querySelector(".viewer-says").innerText.includes("alone, of 3 that napari draws.")`)
	p.showsLayers()
	p.wait("all are spoken of", `document.querySelector(".viewer-says").innerText.trim() === "All 3 layers that napari draws."`)
	n.run("viewer.grid.enabled = True")
	p.wait("what is not as in napari is said", `document.querySelector(".viewer-says").innerText.includes("napari shows them in a grid: here they lie over each other.")`)
	p.shot("under-right-grid")
	p.calm()
}

// showsLayers has a page of the viewer show all layers as napari draws them, and not the tiles.
func (p *page) showsLayers() {
	p.t.Helper()
	p.wait("napari's layers are offered", `document.querySelector("[data-viewer-show=layers]:not([hidden])")`)
	p.click("[data-viewer-show=layers]")
	p.wait("the layers are shown", `document.querySelector("[data-viewer]").dataset.view === "layers"`)
}

// canvasView is where napari looks in 2D.
type canvasView struct {
	x, y, zoom float64 // the middle, right and down in its world, and its pixels a unit
}

// looks is where napari looks now.
func (n *plugin) looks(t *testing.T) canvasView {
	t.Helper()
	var state struct {
		Camera struct {
			Center []float64
			Zoom   float64
		}
	}
	n.MustDo("state", map[string]any{}, &state)
	c := state.Camera
	if len(c.Center) < 2 {
		t.Fatalf("napari looks at %v", c.Center)
	}
	return canvasView{c.Center[len(c.Center)-1], c.Center[len(c.Center)-2], c.Zoom}
}

// shot is napari's own screenshot of its canvas.
func (n *plugin) shot(t *testing.T) image.Image {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shot.png")
	n.MustDo("shot", map[string]any{"path": path}, nil)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// layersAt is what the viewer draws where napari looks, a pixel for each of napari's.
func (p *page) layersAt(view canvasView, size image.Rectangle) (image.Image, error) {
	wide, high := size.Dx(), size.Dy()
	text, err := evaluate[string](p, fmt.Sprintf(`(async () => {
		const [x, y, zoom, wide, high] = [%v, %v, %v, %d, %d];
		const {viewer} = document.querySelector("[data-viewer]");
		const {size, viewport} = viewer.stats();
		const [left, top] = [Math.floor((size.width - wide) / 2), Math.floor((size.height - high) / 2)];
		if (left < 0 || top < 0) throw new Error("the page's picture of " + size.width + " x " + size.height + " pixels is smaller than napari's");
		// Pixel on pixel: the middles of both lie at halves or both do not.
		const ratio = size.width / viewport.width;
		const camera = {x: x + (size.width / 2 - wide / 2 - left) / zoom, y: y + (size.height / 2 - high / 2 - top) / zoom, scale: zoom / ratio};
		const before = viewer.stats().camera;
		if (Object.keys(camera).some(key => camera[key] !== before[key])) viewer.setCamera(camera);
		const pixels = await viewer.readPixels(left, top, wide, high);
		let text = "";
		for (let i = 0; i < pixels.length; i += 32768) text += String.fromCharCode(...pixels.subarray(i, i + 32768));
		return btoa(text);
	})()`, view.x, view.y, view.zoom, wide, high))
	if err != nil {
		return nil, err
	}
	pixels, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	return &image.NRGBA{Pix: pixels, Stride: 4 * wide, Rect: image.Rect(0, 0, wide, high)}, nil
}

// apartBy is how much two pictures of one size differ in red, green and blue, of 0 to
// 255: on average, and at most. Alpha does not count.
func apartBy(a, b image.Image) (mean float64, worst int) {
	sum, count := 0, 0
	size := a.Bounds()
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			one := color.NRGBAModel.Convert(a.At(x, y)).(color.NRGBA)
			other := color.NRGBAModel.Convert(b.At(x, y)).(color.NRGBA)
			for _, pair := range [][2]uint8{{one.R, other.R}, {one.G, other.G}, {one.B, other.B}} {
				by := int(pair[0]) - int(pair[1])
				by = max(by, -by)
				sum += by
				count++
				worst = max(worst, by)
			}
		}
	}
	return float64(sum) / float64(max(count, 1)), worst
}

// keepPicture keeps a picture in artifacts/.
func keepPicture(t *testing.T, name string, picture image.Image) {
	t.Helper()
	f, err := os.Create(filepath.Join(artifacts, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, picture); err != nil {
		t.Fatal(err)
	}
}
