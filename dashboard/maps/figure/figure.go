// Package figure draws charts of a few values: means with their errors by session or
// condition, curves, and single values behind them. The drawing is part of a page, where it
// has the page's colours, or a file of its own for a paper, SVG or PNG.
//
//	f := figure.Figure{Y: "Spines", Categories: []string{"q", "a1"}, Series: []figure.Series{{Name: "0", Points: points}}}
//	f.WriteSVG(w, figure.File)
//	f.WritePNG(w)
package figure

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Figure is a chart.
type Figure struct {
	Title, X, Y string
	// Categories are what stands along the x axis at 0, 1, ...; nil: x is a number.
	Categories []string
	Series     []Series
	Zero       bool // the y axis begins at 0
}

// Series is what has one colour.
type Series struct {
	Name   string
	Color  int  // of the page's series, from 1
	Joined bool // a line joins the points
	Bars   bool // a bar stands for each point
	Points []Point
	Dots   []Point // single values behind the points, with their addresses
	Path   []Point // a thin line behind all, broken where a value is NaN
	Quiet  bool    // it is not in the legend
}

// Point is a value, NaN for none. Error is drawn to either side of it unless it is 0 or NaN.
type Point struct {
	X, Y, Error float64
	Title       string // on hover
	Href        string // what a click leads to
}

const (
	width, height           = 640, 320
	left, right, top, below = 104, 16, 14, 52 // at the left, nine digits and a title of two lines
	legendLine              = 18
	// maxDots is how many single values a figure draws.
	maxDots = 5000
)

// canvas is what a figure is drawn on: a page, a file, a picture. Places and sizes are in the
// figure's pixels, with y down.
type canvas interface {
	// group has what is drawn until end in the colour of a series from 1, of text (0) or of
	// lines (-1), and so opaque. Groups lie within each other; the innermost colour counts.
	group(color int, opacity float64)
	end()
	// about says what the shapes until aboutEnd stand for.
	about(p *Point)
	aboutEnd(p *Point)
	// A stroke of 0 fills a shape.
	lines(pieces [][]vertex, stroke float64)
	polygon(corners []vertex, stroke float64)
	circle(x, y, radius, stroke float64)
	rect(x, y, wide, high, stroke float64)
	text(x, y float64, at anchor, text string)
	// upright writes text that is read from below, its middle at x, y.
	upright(x, y float64, text string)
}

type vertex struct{ x, y float64 }

// anchor is which part of a text stands at its place.
type anchor int

const (
	atStart anchor = iota
	atMiddle
	atEnd
)

// Colors of a canvas that are of no series.
const (
	ofText  = 0
	ofLines = -1
)

type drawing struct {
	canvas
	x0, x1, y0, y1 float64 // what is drawn, in the units of the axes
	step           float64 // between the ticks of y
}

func (d *drawing) px(x float64) float64 {
	return left + (x-d.x0)/(d.x1-d.x0)*(width-left-right)
}

func (d *drawing) py(y float64) float64 {
	return height - below - (y-d.y0)/(d.y1-d.y0)*(height-below-top)
}

// finite reports whether a number can be drawn.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Empty reports whether there is nothing to draw.
func (f *Figure) Empty() bool {
	for _, s := range f.Series {
		for _, p := range slices.Concat(s.Points, s.Dots) {
			if finite(p.X) && finite(p.Y) {
				return false
			}
		}
	}
	return true
}

// legendColumns is how many names stand beside each other.
const legendColumns = 4

// high is the height of the figure, which grows with its legend.
func (f *Figure) high() float64 {
	n := len(f.named())
	if n < 2 {
		return height
	}
	return height + 8 + float64((n+legendColumns-1)/legendColumns)*legendLine
}

// draw draws the figure on a canvas.
func (f *Figure) draw(c canvas) {
	d := &drawing{canvas: c}
	f.bounds(d)
	f.axes(d)
	dots := 0
	for i := range f.Series {
		dots += len(f.Series[i].Dots)
	}
	every := dots/maxDots + 1
	for i := range f.Series {
		f.Series[i].draw(d, i, len(f.Series), every)
	}
	f.legend(d)
}

// bounds finds what the axes have to span.
func (f *Figure) bounds(d *drawing) {
	d.x0, d.x1, d.y0, d.y1 = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, s := range f.Series {
		for _, p := range slices.Concat(s.Points, s.Dots) {
			if !finite(p.X) || !finite(p.Y) {
				continue
			}
			e := p.Error
			if !finite(e) {
				e = 0
			}
			d.x0, d.x1 = min(d.x0, p.X), max(d.x1, p.X)
			d.y0, d.y1 = min(d.y0, p.Y-e), max(d.y1, p.Y+e)
		}
		if s.Bars {
			d.y0, d.y1 = min(d.y0, 0), max(d.y1, 0)
		}
	}
	if !(d.y1 >= d.y0) {
		d.x0, d.x1, d.y0, d.y1 = 0, 1, 0, 1
	}
	if f.Zero {
		d.y0, d.y1 = min(d.y0, 0), max(d.y1, 0)
	}
	if d.y0 == d.y1 {
		d.y0, d.y1 = d.y0-max(math.Abs(d.y0)*0.1, 0.5), d.y1+max(math.Abs(d.y1)*0.1, 0.5)
	}
	d.step = Step(d.y1-d.y0, 5)
	d.y0, d.y1 = math.Floor(d.y0/d.step+1e-9)*d.step, math.Ceil(d.y1/d.step-1e-9)*d.step
	if f.Categories != nil {
		d.x0, d.x1 = -0.5, max(float64(len(f.Categories))-0.5, 0.5)
		return
	}
	if d.x0 == d.x1 {
		d.x0, d.x1 = d.x0-0.5, d.x1+0.5
	}
	room := (d.x1 - d.x0) * 0.03
	d.x0, d.x1 = d.x0-room, d.x1+room
}

// Step is a round distance of which about n fit into a span.
func Step(span float64, n int) float64 {
	raw := span / float64(n)
	if !(raw > 0) || math.IsInf(raw, 0) {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, k := range []float64{1, 2, 5} {
		if raw <= k*unit*1.0000001 {
			return k * unit
		}
	}
	return 10 * unit
}

// ticksOf are the values from one on that are step apart. There are not many of them, also where
// a step is too small to change a value.
func ticksOf(from, to, step float64) []float64 {
	var out []float64
	for k := range 20 {
		v := from + float64(k)*step
		if !(v <= to+step/1e3) {
			break
		}
		out = append(out, v)
	}
	return out
}

// Tick writes a value as an axis has it whose ticks are step apart.
func Tick(v, step float64) string {
	if math.Abs(v) < step/1e6 {
		return "0"
	}
	if a := math.Abs(v); a >= 1e6 || a < 1e-4 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	digits := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	return strings.Replace(strconv.FormatFloat(v, 'f', digits, 64), "-", "−", 1)
}

func (f *Figure) axes(d *drawing) {
	const bottom = height - below
	d.group(ofLines, 1)
	ticks := ticksOf(d.y0, d.y1, d.step)
	grid := make([][]vertex, len(ticks))
	for i, y := range ticks {
		grid[i] = []vertex{{left, d.py(y)}, {width - right, d.py(y)}}
	}
	d.lines(grid, 1)
	d.end()
	d.group(ofText, 1)
	for _, y := range ticks {
		d.text(left-8, d.py(y)+4, atEnd, Tick(y, d.step))
	}
	if f.Categories != nil {
		// As many as there is room for.
		longest := 1
		for _, c := range f.Categories {
			longest = max(longest, len([]rune(c)))
		}
		every := max(1, int(math.Ceil(float64(len(f.Categories))*float64(min(longest, 14)*7+8)/(width-left-right))))
		for i, c := range f.Categories {
			if i%every == 0 {
				d.text(d.px(float64(i)), bottom+18, atMiddle, clip(c, 14))
			}
		}
	} else {
		step := Step(d.x1-d.x0, 8)
		for _, x := range ticksOf(math.Ceil(d.x0/step)*step, d.x1, step) {
			d.text(d.px(x), bottom+18, atMiddle, Tick(x, step))
		}
	}
	d.text(left+(width-left-right)/2, bottom+40, atMiddle, f.X)
	for i, line := range twoLines(f.Y, 36) {
		d.upright(float64(14+15*i), top+(height-below-top)/2, line)
	}
	d.end()
}

// twoLines breaks a text that is longer than n at the space next to its middle.
func twoLines(s string, n int) []string {
	r := []rune(s)
	if len(r) <= n {
		return []string{s}
	}
	at := -1
	for i, c := range r {
		if c == ' ' && (at < 0 || abs(i-len(r)/2) < abs(at-len(r)/2)) {
			at = i
		}
	}
	if at < 0 {
		return []string{clip(s, n)}
	}
	return []string{clip(string(r[:at]), n+8), clip(string(r[at+1:]), n+8)}
}

func abs(v int) int { return max(v, -v) }

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// mark draws a shape for each series, since colours alone are not told apart by everybody.
func (d *drawing) mark(i int, x, y, s float64, filled bool) {
	stroke := 1.5
	if filled {
		stroke = 0
	}
	switch i % 4 {
	case 0:
		d.circle(x, y, s, stroke)
	case 1:
		d.rect(x-s, y-s, 2*s, 2*s, stroke)
	case 2:
		d.polygon([]vertex{{x, y - 1.2*s}, {x + 1.2*s, y + s}, {x - 1.2*s, y + s}}, stroke)
	default:
		d.polygon([]vertex{{x, y - 1.3*s}, {x + 1.3*s, y}, {x, y + 1.3*s}, {x - 1.3*s, y}}, stroke)
	}
}

// line joins points, but for those that have no value.
func (d *drawing) line(points []Point, stroke float64) {
	var pieces [][]vertex
	broken := true
	for _, p := range points {
		if !finite(p.X) || !finite(p.Y) {
			broken = true
			continue
		}
		if broken {
			pieces = append(pieces, nil)
			broken = false
		}
		last := len(pieces) - 1
		pieces[last] = append(pieces[last], vertex{d.px(p.X), d.py(p.Y)})
	}
	if len(pieces) > 0 {
		d.lines(pieces, stroke)
	}
}

func (s *Series) draw(d *drawing, i, of, every int) {
	d.group(cmp.Or(s.Color, i+1), 1)
	defer d.end()
	if len(s.Path) > 0 {
		d.group(cmp.Or(s.Color, i+1), 0.35)
		d.line(s.Path, 1)
		d.end()
	}
	if len(s.Dots) > 0 {
		d.group(cmp.Or(s.Color, i+1), 0.5)
		for k := 0; k < len(s.Dots); k += every {
			p := &s.Dots[k]
			if finite(p.X) && finite(p.Y) {
				d.about(p)
				d.mark(i, d.px(p.X), d.py(p.Y), 2, false)
				d.aboutEnd(p)
			}
		}
		d.end()
	}
	if s.Joined {
		d.line(s.Points, 1.5)
	}
	wide := (width - left - right) / (d.x1 - d.x0) * 0.7 / float64(of)
	for k := range s.Points {
		p := &s.Points[k]
		if !finite(p.X) || !finite(p.Y) {
			continue
		}
		x, y := d.px(p.X), d.py(p.Y)
		d.about(p)
		if s.Bars {
			x += (float64(i) - float64(of-1)/2) * wide
			zero := d.py(0)
			d.rect(x-wide*0.45, min(y, zero), wide*0.9, math.Abs(y-zero), 0)
		}
		if finite(p.Error) && p.Error != 0 {
			a, b := d.py(p.Y-p.Error), d.py(p.Y+p.Error)
			d.lines([][]vertex{{{x, a}, {x, b}}, {{x - 4, a}, {x + 4, a}}, {{x - 4, b}, {x + 4, b}}}, 1.5)
		}
		if !s.Bars {
			d.mark(i, x, y, 4, true)
		}
		d.aboutEnd(p)
	}
}

// named are the series in the legend.
func (f *Figure) named() []int {
	var out []int
	for i := range f.Series {
		if !f.Series[i].Quiet {
			out = append(out, i)
		}
	}
	return out
}

func (f *Figure) legend(d *drawing) {
	named := f.named()
	if len(named) < 2 {
		return
	}
	wide := float64(width-left-right) / legendColumns
	for k, i := range named {
		s := &f.Series[i]
		x, y := left+float64(k%legendColumns)*wide, float64(height+8+(k/legendColumns)*legendLine)
		d.group(cmp.Or(s.Color, i+1), 1)
		if s.Bars {
			d.rect(x, y-4, 8, 8, 0)
		} else {
			d.mark(i, x+4, y, 4, true)
		}
		d.end()
		d.group(ofText, 1)
		d.text(x+14, y+4, atStart, clip(s.Name, 20))
		d.end()
	}
}
