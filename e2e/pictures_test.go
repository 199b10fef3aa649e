//go:build linux && pictures

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"webmon/e2e/webmontest"
)

// A model is to have its pace in its picture.
func init() { webmonBinary = webmontest.Binary }

// TestPictures makes the README's pictures, all of the demo, and in artifacts/ one of each of its
// pages, wide and narrow, dark and light. It is built only when asked for:
//
//	make pictures
//	go test -tags pictures -run TestPictures/model ./e2e
func TestPictures(t *testing.T) {
	b := startBrowser(t)
	keep := func(p *page, name string) {
		t.Helper()
		p.t = t
		picture := paletted(p.picture(name))
		var file bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, picture); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(webmontest.Root(), "public", "img", name+".png"), file.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s.png has %d KB", name, file.Len()>>10)
	}
	demo := startProgram(t, t.TempDir(), "--demo", "--port", "0")
	began := time.Now()
	set := func(control string, value any) {
		t.Helper()
		body, err := json.Marshal(map[string]any{control: value})
		if err != nil {
			t.Fatal(err)
		}
		if status, err := demo.try("POST", "/sources/demo/commands/"+url.PathEscape(control), string(body), nil); err != nil || status != 202 {
			t.Fatalf("setting %s: %d, %v", control, status, err)
		}
	}
	// The camera of the demo's napari rests at a place.
	look := func(y, x, zoom float64) {
		t.Helper()
		set("camera.tour", false)
		set("camera.zoom", zoom)
		set("camera.center.0", y)
		set("camera.center.1", x)
	}
	// exact has pictures sent as they are, however busy the machine is.
	exact := func(path string) string {
		if strings.Contains(path, "?") {
			return demo.home + path + "&pictures=exact"
		}
		return demo.home + path + "?pictures=exact"
	}
	open := func(path string, v view) *page {
		t.Helper()
		p := b.open(t, v)
		p.visit(demo.url)
		p.visit(exact(path))
		p.live()
		return p
	}
	window := view{1400, 760, "dark"}

	t.Run("loader", func(t *testing.T) {
		p := open("/loader?source=demo", window)
		draws(t, p, "frame_time")
		time.Sleep(time.Until(began.Add(70 * time.Second))) // until the window of a minute is full
		keep(p, "loader")
		p.close()
	})
	t.Run("viewer", func(t *testing.T) {
		look(6060, 8230, 1.9)
		p := open("/viewer?source=demo&view=canvas", window)
		p.wait("the canvas is drawn", canvasIsDrawn)
		time.Sleep(5 * time.Second) // until all chunks are there
		keep(p, "canvas")

		p.visit(exact("/viewer?source=demo&view=tiles&layer=2"))
		p.wait("a picture", `document.querySelector("[data-viewer]").dataset.pictures > 0`)
		time.Sleep(5 * time.Second)
		for i := range 6 { // a hand drags: chunks of the membranes are loaded again
			look(6060+10*float64(i), 8230+15*float64(i), 1.9)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(900 * time.Millisecond) // until they have come, and are marked
		keep(p, "viewer")
		p.close()
	})
	t.Run("layers", func(t *testing.T) {
		look(6060, 8230, 1.9)
		p := open("/layers?source=demo&layer=1", window)
		p.wait("a histogram", `document.querySelector("figure.histogram svg")`)
		time.Sleep(8 * time.Second) // until what was done is old news
		keep(p, "layers")
		p.close()
	})
	t.Run("arrays", func(t *testing.T) {
		p := open("/arrays?source=demo&array=camera", window)
		p.wait("a picture", `document.querySelector("[data-array] canvas")`)
		time.Sleep(5 * time.Second)
		keep(p, "arrays")
		p.close()
	})
	t.Run("model", func(t *testing.T) {
		p := open("/models/becvortices", view{1400, 1000, "dark"})
		p.draws()
		stir := func(phase float64) (x, y float64) {
			return p.canvas(0.5+0.28*math.Cos(phase), 0.5+0.28*math.Sin(phase))
		}
		x, y := stir(0)
		p.mouse(chromedp.MousePressed, x, y)
		for begin := time.Now(); time.Since(begin) < 20*time.Second; {
			x, y = stir(time.Since(begin).Seconds() / 2)
			p.mouse(chromedp.MouseMoved, x, y)
			time.Sleep(20 * time.Millisecond) // as a hand moves
		}
		keep(p, "model")
		p.close()
	})
	t.Run("pages", func(t *testing.T) {
		look(6060, 8230, 1.9)
		paths := []string{"/viewer?source=demo&view=canvas", "/viewer?source=demo&view=layer", "/viewer?source=demo&view=tiles", "/arrays?source=demo&array=camera"}
		p := open("/status?source=demo", wide)
		for _, href := range ask[[]string](p, `[...document.querySelectorAll("#tabs a")].map(a => a.getAttribute("href"))`) {
			if path, _, _ := strings.Cut(href, "?"); path != "/viewer" {
				paths = append(paths, path+"?source=demo")
			}
		}
		p.close()
		for _, v := range []view{wide, wideLight, narrow, narrowLight} {
			p := b.open(t, v)
			p.visit(demo.url)
			for _, path := range paths {
				p.visit(exact(path))
				p.live()
				time.Sleep(3 * time.Second)
				u, _ := url.Parse(path)
				p.shot(fmt.Sprintf("page-%s%s%s-%s", strings.TrimPrefix(u.Path, "/"), u.Query().Get("view"), u.Query().Get("array"), v))
			}
			p.close()
		}
	})
}

// mostColours is how many a picture of the README has, so that its file is small.
const mostColours = 256

// paletted is a picture in the colours that stand for its own best: boxes of colours are cut in two
// where they are longest, until there are enough.
func paletted(m image.Image) image.Image {
	of := m.Bounds()
	counts := map[[3]uint8]int{}
	at := func(x, y int) [3]uint8 {
		r, g, b, _ := m.At(x, y).RGBA()
		return [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
	}
	for y := of.Min.Y; y < of.Max.Y; y++ {
		for x := of.Min.X; x < of.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	type box struct {
		colours [][3]uint8
		axis    int
		weight  float64 // how much is gained by a cut
	}
	measure := func(colours [][3]uint8) box {
		b := box{colours: colours}
		for axis := range 3 {
			sum, squares, n := 0.0, 0.0, 0.0
			for _, c := range colours {
				w, x := math.Sqrt(float64(counts[c])), float64(c[axis])
				sum, squares, n = sum+w*x, squares+w*x*x, n+w
			}
			if spread := squares - sum*sum/n; spread > b.weight {
				b.axis, b.weight = axis, spread
			}
		}
		return b
	}
	var all [][3]uint8
	for c := range counts {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b [3]uint8) int { return bytes.Compare(a[:], b[:]) })
	boxes := []box{measure(all)}
	for len(boxes) < mostColours {
		i := 0
		for k := range boxes {
			if boxes[k].weight > boxes[i].weight {
				i = k
			}
		}
		one := boxes[i]
		if one.weight == 0 {
			break // it has no more colours
		}
		sum, n := 0.0, 0.0
		for _, c := range one.colours {
			w := math.Sqrt(float64(counts[c]))
			sum, n = sum+w*float64(c[one.axis]), n+w
		}
		var low, high [][3]uint8
		for _, c := range one.colours {
			if float64(c[one.axis]) <= sum/n {
				low = append(low, c)
			} else {
				high = append(high, c)
			}
		}
		boxes[i] = measure(low)
		boxes = append(boxes, measure(high))
	}
	palette := make(color.Palette, len(boxes))
	index := map[[3]uint8]uint8{}
	for i, one := range boxes {
		var sum [3]float64
		n, often := 0.0, one.colours[0]
		for _, c := range one.colours {
			w := float64(counts[c])
			for axis := range sum {
				sum[axis] += w * float64(c[axis])
			}
			n += w
			if counts[c] > counts[often] {
				often = c
			}
			index[c] = uint8(i)
		}
		// A colour of a plain ground stays as it is.
		c := color.RGBA{often[0], often[1], often[2], 255}
		if float64(counts[often]) < n/2 {
			c = color.RGBA{uint8(sum[0]/n + 0.5), uint8(sum[1]/n + 0.5), uint8(sum[2]/n + 0.5), 255}
		}
		palette[i] = c
	}
	out := image.NewPaletted(of, palette)
	for y := of.Min.Y; y < of.Max.Y; y++ {
		for x := of.Min.X; x < of.Max.X; x++ {
			out.SetColorIndex(x, y, index[at(x, y)])
		}
	}
	return out
}
