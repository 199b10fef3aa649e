package figure

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"strconv"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// pngScale is how many pixels of a PNG are one of the figure: 1920 are as wide as a page of
// a journal at 300 a inch.
const pngScale = 3

// PNGBytes is about how many bytes drawing a PNG takes.
const PNGBytes = width * height * 2 * pngScale * pngScale * 4

// regular is the typeface of pictures. It is part of the program.
var regular = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(goregular.TTF) })

// bitmap is a canvas of pixels.
type bitmap struct {
	picture *image.RGBA
	face    font.Face
	colors  []color.NRGBA // of the groups that are open
	raster  vector.Rasterizer
}

// WritePNG draws the figure as a PNG of three pixels for each of the figure's, on white.
func (f *Figure) WritePNG(w io.Writer) error {
	typeface, err := regular()
	if err != nil {
		return err
	}
	face, err := opentype.NewFace(typeface, &opentype.FaceOptions{Size: 12 * pngScale, DPI: 72})
	if err != nil {
		return err
	}
	defer face.Close()
	b := &bitmap{picture: image.NewRGBA(image.Rect(0, 0, width*pngScale, int(math.Ceil(f.high()*pngScale)))), face: face}
	draw.Draw(b.picture, b.picture.Bounds(), image.White, image.Point{}, draw.Src)
	f.draw(b)
	return png.Encode(w, b.picture)
}

func (b *bitmap) group(of int, opacity float64) {
	rgb, _ := strconv.ParseUint(fileColor(of)[1:], 16, 32)
	alpha := opacity
	if n := len(b.colors); n > 0 {
		alpha *= float64(b.colors[n-1].A) / 255
	}
	b.colors = append(b.colors, color.NRGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), uint8(math.Round(alpha * 255))})
}

func (b *bitmap) end() { b.colors = b.colors[:len(b.colors)-1] }

func (b *bitmap) ink() *image.Uniform { return image.NewUniform(b.colors[len(b.colors)-1]) }

func (b *bitmap) about(*Point)    {}
func (b *bitmap) aboutEnd(*Point) {}

// fill paints the inside of outlines. All that add to it go round the same way; the other
// way round they are holes.
func (b *bitmap) fill(outlines ...[]vertex) {
	low, high := vertex{math.Inf(1), math.Inf(1)}, vertex{math.Inf(-1), math.Inf(-1)}
	for _, o := range outlines {
		for _, p := range o {
			low = vertex{min(low.x, p.x*pngScale), min(low.y, p.y*pngScale)}
			high = vertex{max(high.x, p.x*pngScale), max(high.y, p.y*pngScale)}
		}
	}
	// The margin is clipped before it is an image.Rectangle: far numbers are no pixels.
	size := b.picture.Bounds().Size()
	within := func(v float64, n int) int { return int(min(max(v, -1), float64(n)+1)) }
	box := image.Rect(within(math.Floor(low.x), size.X), within(math.Floor(low.y), size.Y), within(math.Ceil(high.x), size.X), within(math.Ceil(high.y), size.Y))
	box = box.Intersect(b.picture.Bounds())
	if box.Empty() {
		return
	}
	b.raster.Reset(box.Dx(), box.Dy())
	for _, o := range outlines {
		for i, p := range o {
			x, y := float32(p.x*pngScale-float64(box.Min.X)), float32(p.y*pngScale-float64(box.Min.Y))
			if i == 0 {
				b.raster.MoveTo(x, y)
			} else {
				b.raster.LineTo(x, y)
			}
		}
		b.raster.ClosePath()
	}
	b.raster.Draw(b.picture, box, b.ink(), image.Point{})
}

// round is the outline of a circle, clockwise.
func round(x, y, radius float64) []vertex {
	n := max(12, int(radius*pngScale*3))
	out := make([]vertex, n)
	for i := range out {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		out[i] = vertex{x + radius*cos, y + radius*sin}
	}
	return out
}

// segment is the outline of a line from a to c, clockwise like round.
func segment(a, c vertex, stroke float64) []vertex {
	length := max(math.Hypot(c.x-a.x, c.y-a.y), 1e-9)
	nx, ny := -(c.y-a.y)/length*stroke/2, (c.x-a.x)/length*stroke/2
	return []vertex{{a.x - nx, a.y - ny}, {c.x - nx, c.y - ny}, {c.x + nx, c.y + ny}, {a.x + nx, a.y + ny}}
}

func (b *bitmap) lines(pieces [][]vertex, stroke float64) {
	for _, points := range pieces {
		var outlines [][]vertex
		for i := range points {
			if i > 0 {
				outlines = append(outlines, segment(points[i-1], points[i], stroke))
			}
			if i > 0 && i < len(points)-1 {
				outlines = append(outlines, round(points[i].x, points[i].y, stroke/2))
			}
		}
		b.fill(outlines...)
	}
}

func (b *bitmap) polygon(corners []vertex, stroke float64) {
	if stroke == 0 {
		b.fill(corners)
		return
	}
	var outlines [][]vertex
	for i, p := range corners {
		outlines = append(outlines, segment(p, corners[(i+1)%len(corners)], stroke), round(p.x, p.y, stroke/2))
	}
	b.fill(outlines...)
}

func (b *bitmap) circle(x, y, radius, stroke float64) {
	if stroke == 0 {
		b.fill(round(x, y, radius))
		return
	}
	b.polygon(round(x, y, radius), stroke)
}

func (b *bitmap) rect(x, y, wide, high, stroke float64) {
	b.polygon([]vertex{{x, y}, {x + wide, y}, {x + wide, y + high}, {x, y + high}}, stroke)
}

func (b *bitmap) text(x, y float64, at anchor, text string) {
	d := font.Drawer{Dst: b.picture, Src: b.ink(), Face: b.face}
	shift := float64(d.MeasureString(text)) / 64 * [...]float64{atStart: 0, atMiddle: 0.5, atEnd: 1}[at]
	d.Dot = fixed.Point26_6{X: fixed.Int26_6((x*pngScale - shift) * 64), Y: fixed.Int26_6(y * pngScale * 64)}
	d.DrawString(text)
}

func (b *bitmap) upright(x, y float64, text string) {
	d := font.Drawer{Src: image.Opaque, Face: b.face}
	m := b.face.Metrics()
	long, high := min(d.MeasureString(text).Ceil(), b.picture.Bounds().Dy()), (m.Ascent + m.Descent).Ceil()
	lying := image.NewAlpha(image.Rect(0, 0, long, high))
	d.Dst, d.Dot = lying, fixed.Point26_6{Y: m.Ascent}
	d.DrawString(text)
	standing := image.NewAlpha(image.Rect(0, 0, high, long))
	for v := range high {
		for u := range long {
			standing.SetAlpha(v, long-1-u, lying.AlphaAt(u, v))
		}
	}
	at := image.Pt(int(x*pngScale)-m.Ascent.Ceil(), int(y*pngScale)-long/2)
	draw.DrawMask(b.picture, standing.Bounds().Add(at), b.ink(), image.Point{}, standing, image.Point{}, draw.Over)
}
