// Package figure draws charts of a few values as SVG: means with their errors by
// session or condition, curves, and single values behind them. The drawing is part of a page,
// where it has the page's colours, or a file of its own for a paper.
//
//	f := figure.Figure{Y: "Spines", Categories: []string{"q", "a1"}, Series: []figure.Series{{Name: "0", Points: points}}}
//	f.WriteSVG(w, figure.File)
package figure

import (
	"cmp"
	"fmt"
	"html"
	"io"
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

// Place is where a figure is shown.
type Place int

// The places of a figure.
const (
	Page Place = iota // within a page
	File              // alone
)

// Colors are the colours of the series in a file: those of Okabe and Ito, told apart by
// the colour-blind.
var Colors = [...]string{"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A7A00"}

const (
	width, height           = 640, 320
	left, right, top, below = 92, 16, 14, 52 // at the left, nine digits and the title
	legendLine              = 18
	// maxDots is how many single values a figure draws.
	maxDots = 5000
)

type drawing struct {
	strings.Builder
	place          Place
	x0, x1, y0, y1 float64 // what is drawn, in the units of the axes
	step           float64 // between the ticks of y
	high           float64 // of the drawing
}

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(&d.Builder, format, args...) }

func (d *drawing) px(x float64) float64 {
	return left + (x-d.x0)/(d.x1-d.x0)*(width-left-right)
}

func (d *drawing) py(y float64) float64 {
	return height - below - (y-d.y0)/(d.y1-d.y0)*(height-below-top)
}

// ink is the attributes of what has the colour of a series, as color; 0: of text, -1: of lines.
func (d *drawing) ink(color int) string {
	n := len(Colors)
	if d.place == File {
		switch {
		case color > 0:
			return ` color="` + Colors[(color-1)%n] + `"`
		case color == 0:
			return ` color="#000000"`
		}
		return ` color="#CCCCCC"`
	}
	switch {
	case color > 0:
		return ` class="figure-` + strconv.Itoa((color-1)%n+1) + `"`
	case color == 0:
		return ` class="figure-text"`
	}
	return ` class="figure-line"`
}

func coordinate(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }

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

// WriteSVG draws the figure.
func (f *Figure) WriteSVG(w io.Writer, place Place) error {
	d := &drawing{place: place}
	f.bounds(d)
	columns := 4
	named := f.named()
	lines := 0
	if len(named) > 1 {
		lines = (len(named) + columns - 1) / columns
	}
	d.high = float64(height + lines*legendLine)
	if lines > 0 {
		d.high += 8
	}
	head := ` role="img" aria-label="` + html.EscapeString(cmp.Or(f.Title, f.Y+" by "+f.X)) + `"`
	if place == File {
		head = ` xmlns="http://www.w3.org/2000/svg" font-family="Helvetica, Arial, sans-serif"`
	}
	d.add(`<svg%s viewBox="0 0 %d %s" width="%d" height="%s" font-size="12">`, head, width, coordinate(d.high), width, coordinate(d.high))
	if f.Title != "" {
		d.add(`<title>%s</title>`, html.EscapeString(f.Title))
	}
	if place == File {
		d.add(`<rect width="100%%" height="100%%" fill="#FFFFFF"/>`)
	}
	f.axes(d)
	dots := 0
	for i := range f.Series {
		dots += len(f.Series[i].Dots)
	}
	every := dots/maxDots + 1
	for i := range f.Series {
		f.Series[i].draw(d, i, len(f.Series), every)
	}
	if len(named) > 1 {
		f.legend(d, columns)
	}
	d.WriteString("</svg>")
	_, err := io.WriteString(w, d.String())
	return err
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
	d.add(`<g%s stroke="currentColor" stroke-width="1">`, d.ink(-1))
	ticks := ticksOf(d.y0, d.y1, d.step)
	for _, y := range ticks {
		at := coordinate(d.py(y))
		d.add(`<line x1="%d" x2="%d" y1="%s" y2="%s"/>`, left, width-right, at, at)
	}
	d.WriteString(`</g>`)
	d.add(`<g%s fill="currentColor">`, d.ink(0))
	for _, y := range ticks {
		d.add(`<text x="%d" y="%s" text-anchor="end">%s</text>`, left-8, coordinate(d.py(y)+4), Tick(y, d.step))
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
				d.add(`<text x="%s" y="%d" text-anchor="middle">%s</text>`, coordinate(d.px(float64(i))), bottom+18, html.EscapeString(clip(c, 14)))
			}
		}
	} else {
		step := Step(d.x1-d.x0, 8)
		for _, x := range ticksOf(math.Ceil(d.x0/step)*step, d.x1, step) {
			d.add(`<text x="%s" y="%d" text-anchor="middle">%s</text>`, coordinate(d.px(x)), bottom+18, Tick(x, step))
		}
	}
	d.add(`<text x="%d" y="%d" text-anchor="middle">%s</text>`, left+(width-left-right)/2, bottom+40, html.EscapeString(f.X))
	d.add(`<text transform="translate(14 %d) rotate(-90)" text-anchor="middle">%s</text>`, top+(height-below-top)/2, html.EscapeString(f.Y))
	d.WriteString(`</g>`)
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// mark draws a shape for each series, since colours alone are not told apart by everybody.
func (d *drawing) mark(i int, x, y, size float64, filled bool) {
	fill := `fill="none" stroke="currentColor" stroke-width="1.5"`
	if filled {
		fill = `fill="currentColor"`
	}
	s := size
	switch i % 4 {
	case 0:
		d.add(`<circle cx="%s" cy="%s" r="%s" %s/>`, coordinate(x), coordinate(y), coordinate(s), fill)
	case 1:
		d.add(`<rect x="%s" y="%s" width="%s" height="%s" %s/>`, coordinate(x-s), coordinate(y-s), coordinate(2*s), coordinate(2*s), fill)
	case 2:
		d.add(`<path d="M%s %sL%s %sL%s %sZ" %s/>`, coordinate(x), coordinate(y-1.2*s), coordinate(x+1.2*s), coordinate(y+s), coordinate(x-1.2*s), coordinate(y+s), fill)
	default:
		d.add(`<path d="M%s %sL%s %sL%s %sL%s %sZ" %s/>`, coordinate(x), coordinate(y-1.3*s), coordinate(x+1.3*s), coordinate(y), coordinate(x), coordinate(y+1.3*s), coordinate(x-1.3*s), coordinate(y), fill)
	}
}

// open and close stand around what has a title or leads somewhere.
func (d *drawing) open(p *Point) {
	if p.Href != "" && d.place == Page {
		d.add(`<a href="%s">`, html.EscapeString(p.Href))
	} else {
		d.WriteString(`<g>`)
	}
	if p.Title != "" {
		d.add(`<title>%s</title>`, html.EscapeString(p.Title))
	}
}

func (d *drawing) close(p *Point) {
	if p.Href != "" && d.place == Page {
		d.WriteString(`</a>`)
	} else {
		d.WriteString(`</g>`)
	}
}

// line joins points, but for those that have no value.
func (d *drawing) line(points []Point, width string) {
	d.add(`<path fill="none" stroke="currentColor" stroke-width="%s" d="`, width)
	move := true
	for _, p := range points {
		if !finite(p.X) || !finite(p.Y) {
			move = true
			continue
		}
		c := byte('L')
		if move {
			c = 'M'
		}
		move = false
		d.add("%c%s %s", c, coordinate(d.px(p.X)), coordinate(d.py(p.Y)))
	}
	d.WriteString(`"/>`)
}

func (s *Series) draw(d *drawing, i, of, every int) {
	d.add(`<g%s>`, d.ink(cmp.Or(s.Color, i+1)))
	if len(s.Path) > 0 {
		d.WriteString(`<g opacity="0.35">`)
		d.line(s.Path, "1")
		d.WriteString(`</g>`)
	}
	if len(s.Dots) > 0 {
		d.WriteString(`<g opacity="0.5">`)
		for k := 0; k < len(s.Dots); k += every {
			p := &s.Dots[k]
			if finite(p.X) && finite(p.Y) {
				d.open(p)
				d.mark(i, d.px(p.X), d.py(p.Y), 2, false)
				d.close(p)
			}
		}
		d.WriteString(`</g>`)
	}
	if s.Joined {
		d.line(s.Points, "1.5")
	}
	wide := (width - left - right) / (d.x1 - d.x0) * 0.7 / float64(of)
	for k := range s.Points {
		p := &s.Points[k]
		if !finite(p.X) || !finite(p.Y) {
			continue
		}
		x, y := d.px(p.X), d.py(p.Y)
		d.open(p)
		if s.Bars {
			x += (float64(i) - float64(of-1)/2) * wide
			zero := d.py(0)
			d.add(`<rect x="%s" y="%s" width="%s" height="%s" fill="currentColor"/>`, coordinate(x-wide*0.45), coordinate(min(y, zero)), coordinate(wide*0.9), coordinate(math.Abs(y-zero)))
		}
		if finite(p.Error) && p.Error != 0 {
			a, b := coordinate(d.py(p.Y-p.Error)), coordinate(d.py(p.Y+p.Error))
			d.add(`<path stroke="currentColor" stroke-width="1.5" fill="none" d="M%s %sV%sM%s %sh8M%s %sh8"/>`, coordinate(x), a, b, coordinate(x-4), a, coordinate(x-4), b)
		}
		if !s.Bars {
			d.mark(i, x, y, 4, true)
		}
		d.close(p)
	}
	d.WriteString(`</g>`)
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

func (f *Figure) legend(d *drawing, columns int) {
	wide := float64(width-left-right) / float64(columns)
	for k, i := range f.named() {
		s := &f.Series[i]
		x, y := left+float64(k%columns)*wide, float64(height+8+(k/columns)*legendLine)
		d.add(`<g%s>`, d.ink(cmp.Or(s.Color, i+1)))
		if s.Bars {
			d.add(`<rect x="%s" y="%s" width="8" height="8" fill="currentColor"/>`, coordinate(x), coordinate(y-4))
		} else {
			d.mark(i, x+4, y, 4, true)
		}
		d.WriteString(`</g>`)
		d.add(`<g%s fill="currentColor"><text x="%s" y="%s">%s</text></g>`, d.ink(0), coordinate(x+14), coordinate(y+4), html.EscapeString(clip(s.Name, 20)))
	}
}
