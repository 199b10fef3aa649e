package slide

import "math"

// The canvas of the demo's napari, in pixels.
const (
	canvasRows = 512
	canvasCols = 800
)

// fits is how much larger than a pixel of the canvas a pixel of a level may be and still fit.
const fits = 1.01

// ideal is the coarsest level whose pixels are no larger than one of the canvas.
func ideal(zoom float64) int {
	perPixel := 1 / (zoom * micrometre)
	return min(max(int(math.Floor(math.Log2(perPixel*fits))), 0), Levels-1)
}

// corners returns the top left and bottom right of what the canvas shows, in pixels of level 0.
func (c camera) corners() [2][2]float64 {
	h, w := canvasRows/c.zoom/2, canvasCols/c.zoom/2
	return [2][2]float64{{pixelOf(c.y - h), pixelOf(c.x - w)}, {pixelOf(c.y + h), pixelOf(c.x + w)}}
}

// inView is the part of a level that is in view, in whole tiles.
func inView(c camera, level, z int) window {
	rows, cols := LevelShape(level)
	corners := c.corners()
	size := float64(int(Tile) << level)
	cut := func(x float64, n int) int { return min(max(int(x)*Tile, 0), n) }
	return window{
		level: level, z: z,
		row0: cut(math.Floor(corners[0][0]/size), rows), row1: cut(math.Ceil(corners[1][0]/size), rows),
		col0: cut(math.Floor(corners[0][1]/size), cols), col1: cut(math.Ceil(corners[1][1]/size), cols),
	}
}
