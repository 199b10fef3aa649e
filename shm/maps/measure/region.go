package measure

import (
	"math"

	"webmon/shm/stack"
)

// nothing is a length that is none, micrometres: below it numbers differ by rounding only.
const nothing = 1e-9

// tube is a line of a width with flat ends, micrometres.
type tube struct {
	points [][2]float64 // at least two, no two behind each other at one place
	radius float64
}

// box is where the tube is: left, top, right, bottom.
func (t *tube) box() [4]float64 {
	b := [4]float64{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, p := range t.points {
		b[0], b[1] = min(b[0], p[0]-t.radius), min(b[1], p[1]-t.radius)
		b[2], b[3] = max(b[2], p[0]+t.radius), max(b[3], p[1]+t.radius)
	}
	return b
}

// has reports whether a place is in the tube: the nearest place of the line is within the radius, and is no end that the place
// lies beyond.
func (t *tube) has(x, y float64) bool {
	best, beyond := math.Inf(1), false
	last := len(t.points) - 2
	for i := range t.points[:last+1] {
		a, b := t.points[i], t.points[i+1]
		ux, uy := b[0]-a[0], b[1]-a[1]
		s := ((x-a[0])*ux + (y-a[1])*uy) / (ux*ux + uy*uy)
		on := min(max(s, 0), 1)
		if d := math.Hypot(x-a[0]-on*ux, y-a[1]-on*uy); d < best-nothing {
			best, beyond = d, i == 0 && s < -nothing || i == last && s > 1+nothing
		}
	}
	return best <= t.radius+nothing && !beyond
}

// bar is the rectangle around a spine, micrometres.
type bar struct{ cx, cy, x, y, width, head, tail float64 }

func (b *bar) box() [4]float64 {
	reach := b.width/2 + b.head + b.tail
	return [4]float64{min(b.cx, b.x) - reach, min(b.cy, b.y) - reach, max(b.cx, b.x) + reach, max(b.cy, b.y) + reach}
}

func (b *bar) has(x, y float64) bool {
	n := math.Hypot(b.x-b.cx, b.y-b.cy)
	ux, uy := (b.x-b.cx)/n, (b.y-b.cy)/n
	along, across := (x-b.cx)*ux+(y-b.cy)*uy, (x-b.cx)*uy-(y-b.cy)*ux
	return along >= -b.tail-nothing && along <= n+b.head+nothing && math.Abs(across) <= b.width/2+nothing
}

// mask is a set of pixels.
type mask struct {
	row, col int // of the first in in, which may lie beyond the image
	in       [][]bool
	dx, dy   float64
	number   int
	edges    stack.Rect
}

// newMask returns the pixels in a box, micrometres, whose middles a region has. ok is false if the box is too large.
func newMask(box [4]float64, dx, dy float64, has func(x, y float64) bool) (*mask, bool) {
	left, top, right, bottom := math.Floor(box[0]/dx), math.Floor(box[1]/dy), math.Ceil(box[2]/dx), math.Ceil(box[3]/dy)
	if !(right-left < mostSide && bottom-top < mostSide && math.Abs(left) < 1e8 && math.Abs(top) < 1e8) {
		return nil, false
	}
	m := &mask{row: int(top), col: int(left), dx: dx, dy: dy, in: make([][]bool, int(bottom-top)+1)}
	for r := range m.in {
		m.in[r] = make([]bool, int(right-left)+1)
		for c := range m.in[r] {
			m.in[r][c] = has(float64(m.col+c)*dx, float64(m.row+r)*dy)
		}
	}
	m.count()
	return m, true
}

// count finds how many there are, and the box of them.
func (m *mask) count() {
	m.number = 0
	top, left, bottom, right := math.MaxInt, math.MaxInt, math.MinInt, math.MinInt
	for r, line := range m.in {
		for c, in := range line {
			if in {
				m.number++
				top, left, bottom, right = min(top, r), min(left, c), max(bottom, r), max(right, c)
			}
		}
	}
	m.edges = stack.Rect{}
	if m.number > 0 {
		m.edges = stack.Rect{Row: m.row + top, Col: m.col + left, Rows: bottom - top + 1, Cols: right - left + 1}
	}
}

// n is how many pixels it has.
func (m *mask) n() int { return m.number }

// box is the smallest rectangle that has all pixels.
func (m *mask) box() stack.Rect { return m.edges }

// without returns the pixels that another region does not have.
func (m *mask) without(has func(x, y float64) bool) *mask {
	out := &mask{row: m.row, col: m.col, dx: m.dx, dy: m.dy, in: make([][]bool, len(m.in))}
	for r, line := range m.in {
		out.in[r] = make([]bool, len(line))
		for c, in := range line {
			out.in[r][c] = in && !has(float64(m.col+c)*m.dx, float64(m.row+r)*m.dy)
		}
	}
	out.count()
	return out
}

// around returns the pixels that are connected with one, a row and a column, over edges; none if it is not in.
func (m *mask) around(at [2]int) *mask {
	out := &mask{row: m.row, col: m.col, dx: m.dx, dy: m.dy, in: make([][]bool, len(m.in))}
	for r, line := range m.in {
		out.in[r] = make([]bool, len(line))
	}
	next := [][2]int{{at[0] - m.row, at[1] - m.col}}
	for len(next) > 0 {
		p := next[len(next)-1]
		next = next[:len(next)-1]
		if p[0] < 0 || p[0] >= len(m.in) || p[1] < 0 || p[1] >= len(m.in[p[0]]) || !m.in[p[0]][p[1]] || out.in[p[0]][p[1]] {
			continue
		}
		out.in[p[0]][p[1]] = true
		next = append(next, [2]int{p[0] - 1, p[1]}, [2]int{p[0] + 1, p[1]}, [2]int{p[0], p[1] - 1}, [2]int{p[0], p[1] + 1})
	}
	out.count()
	return out
}

// moved returns the same pixels further down and to the right.
func (m *mask) moved(by [2]int) *mask {
	out := *m
	out.row, out.col = m.row+by[0], m.col+by[1]
	out.edges.Row, out.edges.Col = m.edges.Row+by[0], m.edges.Col+by[1]
	return &out
}

// within reports whether a rectangle lies in an image.
func within(r, size stack.Rect) bool {
	return r.Row >= 0 && r.Col >= 0 && r.Row+r.Rows <= size.Rows && r.Col+r.Cols <= size.Cols
}
