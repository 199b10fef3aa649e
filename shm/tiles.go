package shm

import (
	"regexp"
	"strconv"
)

// TopicPoll is napari's state topic: the tiles of every multiscale layer.
const TopicPoll = "poll"

// The event topics of napari's own monitor.
const (
	TopicFrameTime = "frame_time" // {"time": s, "delta_ms": ms} once a frame
	TopicLoadChunk = "load_chunk" // {"time": s, "num_bytes": n, "load_ms": ms} once a chunk
)

// TilePoll is the decoded value of the topic "poll".
// Its JSON is napari's own layout: {"layers": {id: {"tile_state", "tile_config"}}}.
type TilePoll struct {
	Layers []TileLayer // in the order napari sent them
}

// TileLayer is one multiscale layer of a napari with octree, or one image or
// labels layer of a napari with the package.
type TileLayer struct {
	// ID is napari's id of the layer object, an int above 2^46, as a string:
	// JavaScript's numbers cannot hold every such int.
	ID     string
	Name   string      // as napari shows it; "": not known
	State  *TileState  // nil until napari has drawn the layer
	Config *TileConfig // nil until napari has drawn the layer
	// Note is what people should know about how napari draws the layer, for example
	// why it draws nothing. "" for nothing. Only a process with the package has notes.
	Note string
}

// TileState is what napari draws of a layer in this frame.
type TileState struct {
	// Rows and Cols name the tiles that are drawn, of the level in use, counted from
	// the top left. Both have the same length. A tile may be named more than once.
	Rows, Cols []int64
	// Corners are the view's corners, top left and bottom right, each (row,
	// col) in pixels of level 0. napari enlarges the view by 1.1, and a view
	// may lie outside the image.
	Corners [2][2]float64
	// HasCorners is false where napari sent none.
	HasCorners bool

	// Loading and Reloaded name tiles by (row, col), as Rows and Cols do. Loading are
	// the tiles that napari has asked for and that have not come. Reloaded are the
	// tiles that were recently loaded again although napari had just had them. Only a
	// process with the package tells them.
	Loading, Reloaded [][2]int64
}

// TileConfig is the shape of the level in use.
type TileConfig struct {
	BaseShape    [2]int64 // pixels of level 0: rows, cols
	ImageShape   [2]int64 // pixels of this level: rows, cols
	ShapeInTiles [2]int64 // tiles of this level: rows, cols
	TileSize     int64    // pixels along a tile's side
	LevelIndex   int64    // 0 is the full resolution

	// What only a process with the package tells.

	TileShape  [2]int64   // pixels of a tile: rows, cols; zeros: TileSize along both sides
	IdealLevel int64      // the level whose pixels fit the screen's; -1: not known
	Levels     [][2]int64 // pixels of every level: rows, cols
	Stated     bool       // the grid has a stated size, not the size of the data's chunks
	Reloads    int64      // chunks loaded again without need, since the process began
}

// Layer returns the layer with the given id, or nil.
func (p *TilePoll) Layer(id string) *TileLayer {
	if p == nil {
		return nil
	}
	for i := range p.Layers {
		if p.Layers[i].ID == id {
			return &p.Layers[i]
		}
	}
	return nil
}

// MarshalJSON writes napari's own layout, with "seen" as a list of [row, col]. What
// only a process with the package tells is added where there is any.
func (p *TilePoll) MarshalJSON() ([]byte, error) { return p.appendJSON(nil), nil }

func (p *TilePoll) appendJSON(b []byte) []byte {
	b = append(b, `{"layers":{`...)
	for i := range p.Layers {
		l := &p.Layers[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, l.ID), ':', '{')
		if l.State != nil {
			b = append(l.State.appendJSON(append(b, `"tile_state":`...)), ',')
		}
		if l.Config != nil {
			b = append(l.Config.appendJSON(append(b, `"tile_config":`...), l.Name), ',')
		}
		if l.Note != "" {
			b = append(appendString(append(b, `"note":`...), l.Note), ',')
		}
		if b[len(b)-1] == ',' {
			b = b[:len(b)-1]
		}
		b = append(b, '}')
	}
	return append(b, `}}`...)
}

func (s *TileState) appendJSON(b []byte) []byte {
	b = append(b, `{"seen":[`...)
	for i := range s.Rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendPair(b, s.Rows[i], s.Cols[i])
	}
	b = append(b, `],"corners":`...)
	if s.HasCorners {
		b, _ = AppendJSON(b, []Value{ // numbers only: cannot fail
			[]Value{s.Corners[0][0], s.Corners[0][1]},
			[]Value{s.Corners[1][0], s.Corners[1][1]},
		})
	} else {
		b = append(b, `null`...)
	}
	if len(s.Loading) > 0 {
		b = appendPairs(append(b, `,"loading":`...), s.Loading)
	}
	if len(s.Reloaded) > 0 {
		b = appendPairs(append(b, `,"reloaded":`...), s.Reloaded)
	}
	return append(b, '}')
}

func (c *TileConfig) appendJSON(b []byte, name string) []byte {
	b = appendPair(append(b, `{"base_shape":`...), c.BaseShape[0], c.BaseShape[1])
	b = appendPair(append(b, `,"image_shape":`...), c.ImageShape[0], c.ImageShape[1])
	b = appendPair(append(b, `,"shape_in_tiles":`...), c.ShapeInTiles[0], c.ShapeInTiles[1])
	b = strconv.AppendInt(append(b, `,"tile_size":`...), c.TileSize, 10)
	b = strconv.AppendInt(append(b, `,"level_index":`...), c.LevelIndex, 10)
	if name != "" {
		b = appendString(append(b, `,"name":`...), name)
	}
	if c.TileShape != [2]int64{} {
		b = appendPair(append(b, `,"tile_shape":`...), c.TileShape[0], c.TileShape[1])
	}
	if c.Levels != nil { // otherwise IdealLevel means nothing
		b = strconv.AppendInt(append(b, `,"ideal_level":`...), c.IdealLevel, 10)
		b = appendPairs(append(b, `,"levels":`...), c.Levels)
		b = strconv.AppendBool(append(b, `,"stated":`...), c.Stated)
		b = strconv.AppendInt(append(b, `,"reloads":`...), c.Reloads, 10)
	}
	return append(b, '}')
}

func appendPairs(b []byte, pairs [][2]int64) []byte {
	b = append(b, '[')
	for i, p := range pairs {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendPair(b, p[0], p[1])
	}
	return append(b, ']')
}

func appendPair(b []byte, x, y int64) []byte {
	b = strconv.AppendInt(append(b, '['), x, 10)
	b = strconv.AppendInt(append(b, ','), y, 10)
	return append(b, ']')
}

// layerID is what napari's ids of layers look like.
var layerID = regexp.MustCompile(`^-?[0-9]{1,20}$`)

// IsLayerID reports whether a layer of napari may have the id: a whole number of at
// most 20 digits.
func IsLayerID(id string) bool { return layerID.MatchString(id) }
