//go:build linux

package naparitest

// State is what a napari knows of itself, by the driver's "state". Coordinates
// are row, column.
type State struct {
	Camera struct {
		Center [2]float64 `json:"center"` // pixels of level 0
		Zoom   float64    `json:"zoom"`   // screen pixels per pixel of level 0
	} `json:"camera"`
	Canvas [2]int  `json:"canvas"` // height, width in screen pixels
	Layers []Layer `json:"layers"` // bottom to top
	Ticks  int     `json:"ticks"`  // frames sent to the monitor so far
	Time   float64 `json:"time"`   // seconds since 1970, when it was asked
}

// Layer is one multiscale layer of a State.
type Layer struct {
	Name        string  `json:"name"`
	ID          string  `json:"id"` // as in the monitor's poll
	Selected    bool    `json:"selected"`
	Visible     bool    `json:"visible"`
	DataLevel   int     `json:"data_level"`
	LevelShapes [][]int `json:"level_shapes"` // level 0 first

	// Of napari 0.4.11 with octree; nil before its first tick.
	ShowGrid   bool        `json:"show_grid"`
	TileState  *TileState  `json:"tile_state"`
	TileConfig *TileConfig `json:"tile_config"`
	Loads      int         `json:"loads"` // chunks loaded so far
	Bytes      int64       `json:"bytes"` // in those chunks

	// Of a napari without octree.
	CornerPixels [][]int `json:"corner_pixels"` // 2 x 2, pixels of DataLevel
	Loaded       bool    `json:"loaded"`
}

// TileState is which tiles of the level napari wants to draw.
type TileState struct {
	Seen    [][2]int      `json:"seen"`    // row, column in tiles of the level
	Corners [2][2]float64 `json:"corners"` // of the view, pixels of level 0
}

// TileConfig is the grid of the level in view.
type TileConfig struct {
	BaseShape    [2]int `json:"base_shape"`     // level 0, pixels
	ImageShape   [2]int `json:"image_shape"`    // this level, pixels
	ShapeInTiles [2]int `json:"shape_in_tiles"` // this level, tiles
	TileSize     int    `json:"tile_size"`      // pixels of this level
	LevelIndex   int    `json:"level_index"`
}

// State asks a napari for everything it knows.
func (p *Process) State() State {
	p.t.Helper()
	var s State
	p.MustDo("state", nil, &s)
	return s
}

// Wake moves the camera until the monitor ticks: napari sends nothing before
// its camera has moved for the first time.
func (p *Process) Wake() {
	p.t.Helper()
	p.MustDo("wake", nil, nil)
}

// Zoom sets screen pixels per pixel of level 0.
func (p *Process) Zoom(zoom float64) {
	p.t.Helper()
	p.MustDo("zoom", map[string]any{"zoom": zoom}, nil)
}

// Center moves the middle of the view to a row and column of level 0.
func (p *Process) Center(y, x float64) {
	p.t.Helper()
	p.MustDo("center", map[string]any{"center": []float64{y, x}}, nil)
}

// Screenshot writes napari's canvas to a PNG file.
func (p *Process) Screenshot(path string) {
	p.t.Helper()
	p.MustDo("screenshot", map[string]any{"path": path}, nil)
}
