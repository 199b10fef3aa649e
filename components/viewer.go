package components

import (
	"math"
	"strconv"

	"webmon/components/ui"
)

// ViewerState is what the viewer has to show.
type ViewerState int

// The states of the viewer.
const (
	ViewerLive    ViewerState = iota // tiles
	ViewerLoading                    // attached just now, nothing heard yet
	ViewerSilent                     // attached, and napari has drawn no frame: its camera has not moved
	ViewerNoLayer                    // frames come, and no multiscale layer is open
	ViewerNoTiles                    // frames come, and this napari cannot share tiles
	ViewerNone                       // there is no source at all
)

// MaxTileRows is how many tiles the viewer's table lists.
const MaxTileRows = 200

// Viewer is the tile viewer's page: what napari draws of one multiscale layer.
// Pairs are (row, column), as napari has them.
type Viewer struct {
	Prefix string // of every link, "" or like "/lab"
	Source string // id of the source
	Name   string // of the source
	CSRF   string

	State  ViewerState
	Link   ui.State // what the source is like
	Napari string   // its version, "" if not known

	TilesTopic string // hub topic of the picture's frames; "" while no layer is known
	LiveTopic  string // hub topic that renders ViewerFrame
	// AttachCode is how to attach a napari, for the page that has no source.
	AttachCode string

	// Frame is what the picture begins with, before the socket brings more: a
	// frame as public/js/viewer/feed.js describes it; nil for none.
	Frame any

	Layers []ViewerLayer
	Tiles  *ViewerTiles // nil unless State is ViewerLive
	Grid   ui.SwitchProps
}

// ViewerLayer is one multiscale layer to choose.
type ViewerLayer struct {
	ID      string // napari's
	Label   string
	Href    string // of this page with the layer chosen
	Current bool
}

// ViewerTiles is what napari draws, in numbers.
type ViewerTiles struct {
	Level      int64    // 0 is the full resolution
	TileSize   int64    // pixels along a side
	BaseShape  [2]int64 // pixels of level 0
	ImageShape [2]int64 // pixels of this level
	Grid       [2]int64 // tiles of this level
	Seen       int      // tiles drawn
	// Corners are the view's, top left and bottom right, in pixels of level 0.
	Corners    [2][2]float64
	HasCorners bool
	// Rows and Cols name the tiles drawn, at most MaxTileRows of them.
	Rows, Cols []int64
}

func (v Viewer) pairs() []ui.Pair {
	t := v.Tiles
	if t == nil {
		return nil
	}
	total := t.Grid[0] * t.Grid[1]
	pairs := []ui.Pair{
		{Name: "level", Value: strconv.FormatInt(t.Level, 10), Key: "level", Note: levelNote(t)},
		{Name: "tiles drawn", Value: ui.Count(t.Seen), Key: "seen", Note: "of " + ui.Count(total)},
		{Name: "tile", Value: ui.Shape(t.TileSize, t.TileSize), Unit: "px", Key: "tile_size"},
		{Name: "grid", Value: ui.Shape(t.Grid[:]...), Unit: "tiles", Key: "grid"},
		{Name: "level shape", Value: ui.Shape(t.ImageShape[:]...), Unit: "px", Key: "image_shape"},
		{Name: "base shape", Value: ui.Shape(t.BaseShape[:]...), Unit: "px", Key: "base_shape"},
	}
	if !t.HasCorners {
		return append(pairs, ui.Pair{Name: "view", Key: "corners"})
	}
	return append(pairs,
		ui.Pair{Name: "top left", Value: corner(t.Corners[0]), Unit: "px", Key: "top_left"},
		ui.Pair{Name: "bottom right", Value: corner(t.Corners[1]), Unit: "px", Key: "bottom_right"},
		ui.Pair{Name: "view", Value: viewSize(t.Corners), Unit: "px", Key: "view"},
	)
}

func levelNote(t *ViewerTiles) string {
	if t.Level == 0 {
		return "full resolution"
	}
	if t.ImageShape[0] > 0 && t.BaseShape[0] > 0 {
		return "1 : " + ui.Fixed(float64(t.BaseShape[0])/float64(t.ImageShape[0]), 0)
	}
	return ""
}

// corner writes a position to the tenth of a pixel, in an image so large that
// the line would break to the pixel.
func corner(c [2]float64) string {
	digits := 1
	if max(math.Abs(c[0]), math.Abs(c[1])) >= 1e5 {
		digits = 0
	}
	return ui.Fixed(c[0], digits) + ", " + ui.Fixed(c[1], digits)
}

func viewSize(c [2][2]float64) string {
	return ui.Fixed(c[1][0]-c[0][0], 0) + " × " + ui.Fixed(c[1][1]-c[0][1], 0)
}

func (v Viewer) table() ui.TableProps {
	t := v.Tiles
	props := ui.TableProps{
		Caption: "Tiles drawn",
		Columns: []ui.Column{{Title: "row", Numeric: true}, {Title: "column", Numeric: true}},
		Empty:   "None: the view lies outside the image.",
	}
	if t == nil {
		return props
	}
	for i := range min(len(t.Rows), len(t.Cols), MaxTileRows) {
		row, col := strconv.FormatInt(t.Rows[i], 10), strconv.FormatInt(t.Cols[i], 10)
		props.Rows = append(props.Rows, ui.Row{Key: row + "," + col, Cells: ui.Text(row, col)})
	}
	if left := t.Seen - len(props.Rows); left > 0 {
		props.More = ui.Count(left) + " more are not listed."
	}
	return props
}

// empty is what stands in the place of the picture.
func (v Viewer) empty() (ui.EmptyProps, bool) {
	switch v.State {
	case ViewerNone:
		return ui.EmptyProps{
			Title: "No napari is attached.",
			Text:  "webmon is running and has nothing to show yet.",
			Steps: []string{"Start napari with its monitor on, as below; it appears here by itself."},
		}, true
	case ViewerLoading:
		return ui.EmptyProps{
			Title: "Attached to " + v.Name + ".",
			Text:  "Waiting for the first word from it.",
		}, true
	case ViewerSilent:
		return ui.EmptyProps{
			Title: "Move the camera in napari.",
			Text:  "webmon is attached. napari tells what it draws only after its camera has moved for the first time.",
			Steps: []string{"Pan or zoom the image in napari once."},
		}, true
	case ViewerNoLayer:
		return ui.EmptyProps{
			Title: "No multiscale image is open.",
			Text:  "Frames arrive from napari, and none of its layers is drawn in tiles.",
			Steps: []string{
				"Open a multiscale image in napari, such as an OME-Zarr or a list of arrays, each half the size of the one before.",
				"If one is open, see whether napari was started with NAPARI_EXPERIMENTAL_OCTREE=1 in its environment.",
			},
		}, true
	case ViewerNoTiles:
		return ui.EmptyProps{
			Title: v.napari() + " does not share its tiles.",
			Text: "Only napari 0.4 with the experimental octree says which tiles it draws; " +
				"from 0.5 on that part is gone. Frame times arrive all the same: see the Loader tab.",
			Steps: []string{
				"To see tiles, use napari 0.4.11 on Python 3.9 and start it with NAPARI_EXPERIMENTAL_OCTREE=1 in its environment.",
			},
		}, true
	}
	return ui.EmptyProps{}, false
}

func (v Viewer) napari() string {
	if v.Napari == "" {
		return "This napari"
	}
	return "napari " + v.Napari
}

// over is the sentence across a picture that is no longer true.
func (v Viewer) over() string {
	if v.State != ViewerLive {
		return ""
	}
	switch v.Link {
	case ui.Stale:
		return "napari has gone quiet. This is what it drew last."
	case ui.Gone:
		return "napari has ended. This is what it drew last."
	}
	return ""
}

func (v Viewer) layers() []ui.Option {
	options := make([]ui.Option, len(v.Layers))
	for i, l := range v.Layers {
		options[i] = ui.Option{Value: l.ID, Label: l.Label, Href: l.Href, Current: l.Current}
	}
	return options
}
