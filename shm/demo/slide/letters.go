package slide

import (
	"math"
	"strconv"
)

// letters are those of a scale bar, 5 wide and 7 high: each row's bits, the left one highest.
var letters = map[rune][7]uint8{
	'0': {14, 17, 19, 21, 25, 17, 14}, '1': {4, 12, 4, 4, 4, 4, 14}, '2': {14, 17, 1, 2, 4, 8, 31}, '3': {31, 2, 4, 2, 1, 17, 14},
	'4': {2, 6, 10, 18, 31, 2, 2}, '5': {31, 16, 30, 1, 1, 17, 14}, '6': {6, 8, 16, 30, 17, 17, 14}, '7': {31, 1, 2, 4, 8, 8, 8},
	'8': {14, 17, 17, 14, 17, 17, 14}, '9': {14, 17, 17, 15, 1, 2, 12}, 'm': {0, 0, 26, 21, 21, 21, 21}, 'µ': {0, 0, 17, 17, 19, 29, 16},
	'.': {0, 0, 0, 0, 0, 12, 12},
}

const letterWidth = 6

// scaleBar draws how long a round length is, at the lower right.
func (c *canvas) scaleBar() {
	length := niceLength(140 / c.camera.zoom)
	text := strconv.FormatFloat(length, 'g', -1, 64) + " µm"
	if length >= 1000 {
		text = strconv.FormatFloat(length/1000, 'g', -1, 64) + " mm"
	}
	l := &look{opacity: 1, blending: "translucent"}
	const white = rgba(0xffffffff)
	right, y := float64(c.cols)-16, float64(c.rows)-16
	left := right - length*c.camera.zoom
	c.segment(l, left, y, right, y, 1, white)
	c.segment(l, left, y-4, left, y+4, 1, white)
	c.segment(l, right, y-4, right, y+4, 1, white)
	const size = 2
	runes := []rune(text)
	x0 := int((left+right)/2) - len(runes)*letterWidth*size/2
	for i, r := range runes {
		for row, bits := range letters[r] {
			for col := range 5 {
				if bits>>(4-col)&1 == 0 {
					continue
				}
				for k := range size * size {
					x, y := x0+(i*letterWidth+col)*size+k%size, c.rows-16-10-(7-row)*size+k/size
					if x >= 0 && x < c.cols && y >= 0 && y < c.rows {
						c.put(l, x, y, white, 1)
					}
				}
			}
		}
	}
}

// niceLength is the longest of 1, 2, 5, 10, ... that is not longer than a length.
func niceLength(most float64) float64 {
	ten := math.Pow(10, math.Floor(math.Log10(most)))
	for _, n := range []float64{5, 2} {
		if n*ten <= most {
			return n * ten
		}
	}
	return ten
}
