//go:build linux

package e2e

import (
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

// TestE2ECanvasScenes: the canvas as webmon has it is what napari draws, for every kind of layer and every way of drawing it.
func TestE2ECanvasScenes(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	home := t.TempDir()
	w := startProgram(t, home, "--port", "0")
	n := startPlugin(t, home)
	w.source("napari", "attached", connected)
	s := scenesOf(t, n)

	for _, name := range s.names {
		t.Run(name, func(t *testing.T) {
			s.show(t, name)
			until(t, "the array canvas is napari's screenshot", func() string {
				file, err := w.text("/api/v1/sources/napari/arrays/canvas.png")
				if err != nil {
					return err.Error()
				}
				got, err := png.Decode(strings.NewReader(file))
				if err != nil {
					return fmt.Sprintf("%v: %.300s", err, file)
				}
				return unlike(got, s.shot(t))
			})
		})
	}
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

// unlike says by how much two pictures differ if that is too much, or "".
func unlike(got, want image.Image) string {
	if got.Bounds().Size() != want.Bounds().Size() {
		return fmt.Sprintf("it has %v pixels, napari's has %v", got.Bounds().Size(), want.Bounds().Size())
	}
	if d := distance(got, want); d >= alike {
		return fmt.Sprintf("the mean difference is %.2f", d)
	}
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
