package figure

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"
)

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

// svg is a canvas that writes SVG.
type svg struct {
	strings.Builder
	place Place
}

// WriteSVG draws the figure as SVG.
func (f *Figure) WriteSVG(w io.Writer, place Place) error {
	c := &svg{place: place}
	high := coordinate(f.high())
	head := ` role="img" aria-label="` + html.EscapeString(cmp.Or(f.Title, f.Y+" by "+f.X)) + `"`
	if place == File {
		head = ` xmlns="http://www.w3.org/2000/svg" font-family="Helvetica, Arial, sans-serif"`
	}
	c.add(`<svg%s viewBox="0 0 %d %s" width="%d" height="%s" font-size="12">`, head, width, high, width, high)
	if f.Title != "" {
		c.add(`<title>%s</title>`, html.EscapeString(f.Title))
	}
	if place == File {
		c.add(`<rect width="100%%" height="100%%" fill="#FFFFFF"/>`)
	}
	f.draw(c)
	c.add("</svg>")
	_, err := io.WriteString(w, c.String())
	return err
}

func (c *svg) add(format string, args ...any) { fmt.Fprintf(&c.Builder, format, args...) }

func coordinate(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }

func (c *svg) group(color int, opacity float64) {
	ink := ""
	switch n := len(Colors); {
	case c.place == File:
		ink = ` color="` + fileColor(color) + `"`
	case color > 0:
		ink = ` class="figure-` + strconv.Itoa((color-1)%n+1) + `"`
	case color == ofText:
		ink = ` class="figure-text"`
	default:
		ink = ` class="figure-line"`
	}
	if opacity != 1 {
		ink += ` opacity="` + coordinate(opacity) + `"`
	}
	c.add(`<g%s>`, ink)
}

// fileColor is the colour of a group in a file, on white.
func fileColor(color int) string {
	switch {
	case color > 0:
		return Colors[(color-1)%len(Colors)]
	case color == ofText:
		return "#000000"
	}
	return "#CCCCCC"
}

func (c *svg) end() { c.add(`</g>`) }

func (c *svg) about(p *Point) {
	if p.Href != "" && c.place == Page {
		c.add(`<a href="%s">`, html.EscapeString(p.Href))
	} else {
		c.add(`<g>`)
	}
	if p.Title != "" {
		c.add(`<title>%s</title>`, html.EscapeString(p.Title))
	}
}

func (c *svg) aboutEnd(p *Point) {
	if p.Href != "" && c.place == Page {
		c.add(`</a>`)
	} else {
		c.add(`</g>`)
	}
}

// paint is the attributes of a shape that is filled, or has a stroke so wide.
func paint(stroke float64) string {
	if stroke == 0 {
		return `fill="currentColor"`
	}
	return `fill="none" stroke="currentColor" stroke-width="` + coordinate(stroke) + `"`
}

// moves are the points of a path.
func (c *svg) moves(points []vertex) {
	for i, p := range points {
		letter := byte('L')
		if i == 0 {
			letter = 'M'
		}
		c.add("%c%s %s", letter, coordinate(p.x), coordinate(p.y))
	}
}

func (c *svg) lines(pieces [][]vertex, stroke float64) {
	c.add(`<path %s d="`, paint(stroke))
	for _, points := range pieces {
		c.moves(points)
	}
	c.add(`"/>`)
}

func (c *svg) polygon(corners []vertex, stroke float64) {
	c.add(`<path %s d="`, paint(stroke))
	c.moves(corners)
	c.add(`Z"/>`)
}

func (c *svg) circle(x, y, radius, stroke float64) {
	c.add(`<circle cx="%s" cy="%s" r="%s" %s/>`, coordinate(x), coordinate(y), coordinate(radius), paint(stroke))
}

func (c *svg) rect(x, y, wide, high, stroke float64) {
	c.add(`<rect x="%s" y="%s" width="%s" height="%s" %s/>`, coordinate(x), coordinate(y), coordinate(wide), coordinate(high), paint(stroke))
}

func (c *svg) text(x, y float64, at anchor, text string) {
	c.add(`<text x="%s" y="%s"%s fill="currentColor">%s</text>`, coordinate(x), coordinate(y),
		[...]string{atStart: "", atMiddle: ` text-anchor="middle"`, atEnd: ` text-anchor="end"`}[at], html.EscapeString(text))
}

func (c *svg) upright(x, y float64, text string) {
	c.add(`<text transform="translate(%s %s) rotate(-90)" text-anchor="middle" fill="currentColor">%s</text>`, coordinate(x), coordinate(y), html.EscapeString(text))
}
