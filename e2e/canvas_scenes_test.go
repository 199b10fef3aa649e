//go:build linux

package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// alike is how far the picture of a canvas may be from napari's own screenshot of it: mean absolute difference of red, green
// and blue, each 0 to 255.
const alike = 1.0

// TestE2ECanvasScenes: the canvas as webmon has it is what napari draws, for every kind of layer and every way of drawing it: the
// array, and what Chromium shows of it, read back from its page.
func TestE2ECanvasScenes(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	w := startProgram(t, home, "--port", "0")
	n := startPlugin(t, home)
	w.source("napari", "attached", connected)
	s := scenesOf(t, n)
	p := b.open(t, wide)
	p.visit(w.home + "/viewer?source=napari&view=canvas&token=" + w.token)
	p.live()

	for _, name := range s.names {
		t.Run(name, func(t *testing.T) {
			p.t = t
			s.show(t, name)
			until(t, "webmon has napari's canvas", func() string {
				want := s.shot(t)
				file, err := w.text("/api/v1/sources/napari/arrays/canvas.png")
				if err != nil {
					return err.Error()
				}
				if why := unlike(t, []byte(file), want); why != "" {
					return "the array canvas: " + why
				}
				if why := unlike(t, p.surface(want.Bounds().Size()), want); why != "" {
					return "the browser: " + why
				}
				return ""
			})
		})
	}
	p.t = t
	p.calm()
}

// surface is what the page shows of napari's canvas, as a PNG. It is made as large as the canvas is, so that each of its pixels is one of
// napari's.
func (p *page) surface(size image.Point) []byte {
	p.t.Helper()
	text := ask[string](p, fmt.Sprintf(`(() => {
		const surface = document.querySelector("[data-canvas-surface]");
		if (!surface) return "";
		surface.style.cssText = "position:fixed;left:0;top:0;z-index:99;width:%dpx;height:%dpx";
		return surface.toDataURL("image/png");
	})()`, size.X, size.Y))
	_, encoded, _ := strings.Cut(text, ",")
	file, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		p.t.Fatalf("the page's picture is %.100q: %v", text, err)
	}
	return file
}

// scenes are those of shm/process/testdata/scenes.py in a napari.
type scenes struct {
	*plugin
	names []string
	path  string // of napari's screenshots
}

func scenesOf(t *testing.T, n *plugin) *scenes {
	t.Helper()
	s := &scenes{plugin: n, path: filepath.Join(t.TempDir(), "shot.png")}
	var all struct{ Names []string }
	n.MustDo("scenes", map[string]any{}, &all)
	if s.names = all.Names; len(s.names) < 20 {
		t.Fatalf("there are %d scenes: %v", len(s.names), s.names)
	}
	return s
}

// show makes a scene the only thing on napari's canvas.
func (s *scenes) show(t testing.TB, name string) {
	t.Helper()
	s.MustDo("scene", map[string]any{"name": name}, nil)
}

// shot is napari's own picture of its canvas at this moment.
func (s *scenes) shot(t testing.TB) image.Image {
	t.Helper()
	s.MustDo("shot", map[string]any{"path": s.path}, nil)
	f, err := os.Open(s.path)
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

// unlike says by how much a PNG differs from a picture if that is too much, or "".
func unlike(t testing.TB, file []byte, want image.Image) string {
	got, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		return fmt.Sprintf("%v: %.300q", err, file)
	}
	if got.Bounds().Size() != want.Bounds().Size() {
		return fmt.Sprintf("it has %v pixels, napari's has %v", got.Bounds().Size(), want.Bounds().Size())
	}
	d := distance(got, want)
	if d >= alike {
		return fmt.Sprintf("the mean difference is %.2f", d)
	}
	t.Logf("the mean difference is %.3f", d)
	return ""
}

// distance is the mean absolute difference of red, green and blue of two pictures of one size, of 0 to 255.
func distance(a, b image.Image) float64 {
	x, y := opaque(a), opaque(b)
	sum, n := 0, 0
	for i := range x.Pix {
		if i%4 < 3 {
			d := int(x.Pix[i]) - int(y.Pix[i])
			sum, n = sum+max(d, -d), n+1
		}
	}
	return float64(sum) / float64(max(n, 1))
}

// opaque is a picture without its alpha, its colours as they are: what was drawn translucent leaves one on napari's canvas.
func opaque(p image.Image) *image.NRGBA {
	out := image.NewNRGBA(image.Rectangle{Max: p.Bounds().Size()})
	if own, ok := p.(*image.NRGBA); ok {
		for y := range out.Rect.Dy() {
			copy(out.Pix[y*out.Stride:(y+1)*out.Stride], own.Pix[y*own.Stride:])
		}
	} else {
		draw.Draw(out, out.Rect, p, p.Bounds().Min, draw.Src)
	}
	for i := 3; i < len(out.Pix); i += 4 {
		out.Pix[i] = 255
	}
	return out
}
