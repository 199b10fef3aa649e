package demo

import "math"

// image is a multiscale image: level 0 is the full resolution, each further
// level has half as many pixels a side, the last one fits into one tile.
type image struct {
	id         int64 // stands for Python's id() of the layer: above 2^46
	rows, cols int64 // pixels of level 0
	tile       int64 // pixels along a tile's side, at every level
	scale      float64
	levels     int
}

func newImage(id, rows, cols, tile int64, scale float64) image {
	im := image{id: id, rows: rows, cols: cols, tile: tile, scale: scale, levels: 1}
	for r, c := rows, cols; r > tile || c > tile; im.levels++ {
		r, c = (r+1)/2, (c+1)/2
	}
	return im
}

// shape returns the rows and columns of a level, in pixels.
func (im image) shape(level int) (rows, cols int64) {
	step := int64(1) << level
	return (im.rows + step - 1) / step, (im.cols + step - 1) / step
}

// shapeInTiles returns the rows and columns of a level, in tiles.
func (im image) shapeInTiles(level int) (rows, cols int64) {
	r, c := im.shape(level)
	return (r + im.tile - 1) / im.tile, (c + im.tile - 1) / im.tile
}

// corners turns corners in pixels of the large layer into pixels of this one.
func (im image) corners(world [2][2]float64) [2][2]float64 {
	for i := range world {
		for k := range world[i] {
			world[i][k] /= im.scale
		}
	}
	return world
}

// level is the one napari's octree would show: the one whose pixels are about
// as large as those of the screen, and not larger.
func (im image) level(corners [2][2]float64) int {
	ratio := (corners[1][1] - corners[0][1]) / canvasCols
	if ratio <= 1 {
		return 0
	}
	return min(int(math.Log2(ratio)), im.levels-1)
}

// window is a rectangle of tiles of one level: rows row0 <= r < row1.
type window struct {
	level                  int
	row0, row1, col0, col1 int64
}

func (w window) tiles() int64 { return max(w.row1-w.row0, 0) * max(w.col1-w.col0, 0) }

// window returns the tiles of a level that the view touches.
func (im image) window(corners [2][2]float64, level int) window {
	side := float64(im.tile << level)
	nrows, ncols := im.shapeInTiles(level)
	index := func(x float64, n int64) int64 { return int64(min(max(x, 0), float64(n))) }
	return window{
		level: level,
		row0:  index(math.Floor(corners[0][0]/side), nrows),
		row1:  index(math.Ceil(corners[1][0]/side), nrows),
		col0:  index(math.Floor(corners[0][1]/side), ncols),
		col1:  index(math.Ceil(corners[1][1]/side), ncols),
	}
}

// chunkBytes is the size of a tile of 8-bit pixels; those at the lower and
// right edges are smaller.
func (im image) chunkBytes(level int, row, col int64) int64 {
	rows, cols := im.shape(level)
	return min(im.tile, rows-row*im.tile) * min(im.tile, cols-col*im.tile)
}
