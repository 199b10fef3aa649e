package components

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"webmon/components/ui"
)

// ViewerState says what there is to show.
type ViewerState int

// The states of the viewer.
const (
	ViewerLive    ViewerState = iota // tiles
	ViewerLoading                    // the process has sent nothing yet
	ViewerSilent                     // napari has drawn no frame yet, because its camera has not moved
	ViewerNoTiled                    // napari draws the layer without tiles, for example in 3D
	ViewerNoLayer                    // napari draws frames, but no layer with tiles is open
	ViewerNoTiles                    // napari draws frames, but cannot share its tiles
	ViewerNone                       // there is no source at all
	ViewerForeign                    // the process is not napari
	ViewerModel                      // the process is a simulation
)

// View is one of the pictures that the page can show. Its value stands in the page's address.
type View string

// The views.
const (
	ViewCanvas View = "canvas" // what napari draws, as napari draws it
	ViewLayer  View = "layer"  // one layer, upright
	ViewTiles  View = "tiles"  // the same with the tiles over it
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

	State ViewerState
	Link  ui.State // state of the source

	// View is what the page shows; "" is ViewTiles. Views are the three to choose from, none
	// without a source. Says is one sentence that says which one is shown and why.
	View  View
	Views []ui.Option
	Says  string
	// SaysAll is the sentence while the page shows all layers in ViewLayer; "" for the same.
	SaysAll string
	// Better is the URL of this page where another view has become the one that suits, and nobody
	// has chosen this one; "" otherwise.
	Better string
	// Canvas is what the page knows of napari's canvas; nil unless View is ViewCanvas.
	Canvas *ViewerCanvas

	Napari string // its version, "" if not known

	TilesTopic string // hub topic of the picture's frames; "" while no layer is known
	LiveTopic  string // hub topic that renders ViewerFrame
	// Picture is the beginning of the hub topics of the layer's pixels, which are
	// drawn under the tiles; "" if the process shares none.
	Picture string
	// AttachCode is how to attach napari, for a page without a source.
	AttachCode string

	// Frame is the first frame of the picture, as public/js/viewer/feed.js describes
	// it, before the socket brings more; nil for none.
	Frame any

	Layers []ViewerLayer
	Tiles  *ViewerTiles // nil unless State is ViewerLive
	// Note is one sentence that says why napari does not draw the layer in tiles, or
	// why it draws nothing of it; "" for none.
	Note string
	// NoPicture is one sentence that says why the process shares no pixels of the
	// layer. Part is one that says which of its pixels are shared, if not all are.
	NoPicture, Part string

	// The rest is known only of a napari with the package.

	Ours   bool         // it is a napari with the package
	Kinds  []string     // of its layers, as people read it, such as "2 points"
	Volume *ViewerWhole // the layer if it is drawn without tiles; nil if nothing is known of it
	// Grid is the control of napari's own grid, nil if it has none. GridTopic is the
	// hub topic of the control, ValuesTopic that of its value.
	Grid                   *ui.ControlProps
	GridTopic, ValuesTopic string
}

// ViewerWhole is what is known of a layer that is drawn without tiles.
type ViewerWhole struct {
	Axes   string    // names, such as "z, y, x"; "" if nobody has named them
	Level  int       // the level that napari draws
	Levels [][]int64 // shape of every level in pixels, the finest first
	Planes string    // URL of the page that shows its planes one by one; "" for none
}

// ViewerLayer is one multiscale layer that people can choose.
type ViewerLayer struct {
	ID      string // as napari has it
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
	// Corners are the top left and bottom right of the view, in pixels of level 0.
	Corners    [2][2]float64
	HasCorners bool
	// Rows and Cols name the tiles drawn, at most MaxTileRows of them.
	Rows, Cols []int64

	// The rest is known only of a napari with the package.

	Ideal     int64      // the level whose pixels fit those of the screen; -1: unknown
	Excess    float64    // pixels of this level divided by those of the ideal level
	Levels    [][2]int64 // shape of every level in pixels; none: unknown
	TileShape [2]int64   // shape of a tile in pixels; zeros: TileSize along both sides
	Stated    bool       // the size of a tile was stated, and is not that of the data's chunks
	Loading   int        // tiles that napari is loading
	Reloaded  int        // tiles that were recently loaded again without need
	Reloads   int64      // chunks loaded again without need, since the process began
}

// ours reports whether the tiles come from a napari with the package.
func (t *ViewerTiles) ours() bool { return t != nil && len(t.Levels) > 0 }

// wrongLevel says what is wrong with the level, "" if nothing is. The script of the
// picture writes the same text (public/js/viewer/page.js).
func (t *ViewerTiles) wrongLevel() string {
	if t == nil || t.Ideal < 0 || t.Ideal == t.Level || t.Excess <= 0 {
		return ""
	}
	factor, word := t.Excess, "more"
	if factor < 1 {
		factor, word = 1/factor, "fewer"
	}
	return "the screen would need " + strconv.FormatInt(t.Ideal, 10) + ": " +
		ui.Fixed(max(math.Round(factor), 2), 0) + "x " + word + " pixels than needed"
}

func (t *ViewerTiles) levels() ui.TableProps {
	p := ui.TableProps{
		Caption: "Levels",
		Columns: []ui.Column{{Title: "level", Numeric: true}, {Title: "shape", Unit: "px", Numeric: true}, {Title: "state"}},
	}
	for i, l := range t.Levels {
		state := " "
		switch n := int64(i); {
		case n == t.Level && n == t.Ideal:
			state = "in use, fits the screen"
		case n == t.Level:
			state = "in use"
		case n == t.Ideal:
			state = "would fit the screen"
		}
		p.Rows = append(p.Rows, ui.Row{Key: strconv.Itoa(i), Cells: ui.Text(strconv.Itoa(i), ui.Shape(l[:]...), state)})
	}
	return p
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
		t.tilePair(),
		{Name: "grid", Value: ui.Shape(t.Grid[:]...), Unit: "tiles", Key: "grid"},
		{Name: "level shape", Value: ui.Shape(t.ImageShape[:]...), Unit: "px", Key: "image_shape"},
		{Name: "base shape", Value: ui.Shape(t.BaseShape[:]...), Unit: "px", Key: "base_shape"},
	}
	if t.ours() {
		// The ideal level stands below the level.
		ideal := ui.Pair{Name: "ideal level", Key: "ideal_level"}
		if t.Ideal >= 0 {
			ideal.Value = strconv.FormatInt(t.Ideal, 10)
		}
		if t.Ideal == t.Level {
			ideal.Note = "in use"
		}
		pairs = slices.Insert(pairs, 1, ideal)
		pairs = append(pairs,
			ui.Pair{Name: "loading", Value: ui.Count(t.Loading), Unit: ui.Plural(t.Loading, "tile", "tiles"), Key: "loading"},
			ui.Pair{Name: "reloads", Value: ui.Count(t.Reloads), Note: reloadNote(t.Reloaded), Key: "reloads"},
		)
	}
	if v.View == ViewLayer {
		pairs = slices.DeleteFunc(pairs, func(p ui.Pair) bool { return slices.Contains(ofTiles, p.Key) })
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

// numbers is the card of what is shown in numbers.
func (v Viewer) numbers() ui.CardProps {
	if v.View == ViewLayer {
		return ui.CardProps{ID: "viewer-numbers", Title: "Layer", Help: "The part of one layer that napari shows, and where napari's view is."}
	}
	return ui.CardProps{
		ID: "viewer-numbers", Title: "Tiles",
		Help: "The level that napari draws now, and its tiles. Drawn tiles are red. Where the view has no drawn tile, the tile has not been loaded yet.",
	}
}

func (v Viewer) noNumbers() string {
	if v.View == ViewLayer {
		return "Nothing is known of a layer."
	}
	return "No tiles to list."
}

// ofTiles are the keys of the numbers that are those of tiles.
var ofTiles = []string{"seen", "tile_size", "grid", "loading", "reloads"}

func (t *ViewerTiles) tilePair() ui.Pair {
	shape := t.TileShape
	if shape[0] <= 0 || shape[1] <= 0 {
		shape = [2]int64{t.TileSize, t.TileSize}
	}
	p := ui.Pair{Name: "tile", Value: ui.Shape(shape[:]...), Unit: "px", Key: "tile_size"}
	if t.ours() {
		p.Note = "chunks of the data"
		if t.Stated {
			p.Note = "stated: the data has no chunks"
		}
	}
	return p
}

func reloadNote(now int) string {
	if now == 0 {
		return "without need"
	}
	return "without need, " + ui.Count(now) + " recently"
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

// corner writes a position to a tenth of a pixel. In a very large image it writes
// whole pixels, because the line would break otherwise.
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
	if v.Note != "" {
		props.Empty = "None. " + v.Note
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

// empty is what the page shows instead of the picture.
func (v Viewer) empty() (ui.EmptyProps, bool) {
	switch v.State {
	case ViewerNone:
		return ui.EmptyProps{
			Title: "No napari is attached.",
			Text:  "webmon is running, but has nothing to show yet.",
			Steps: []string{"Start napari as shown below. It then appears here by itself."},
		}, true
	case ViewerForeign:
		return ui.EmptyProps{
			Title: v.Name + " draws no tiles.",
			Text:  "It is not napari. What it shares is under Arrays, Controls and Messages.",
		}, true
	case ViewerModel:
		return ui.EmptyProps{
			Title: v.Name + " draws no tiles.",
			Text:  "It is a simulation. Its picture is on its page, under Models.",
		}, true
	case ViewerLoading:
		return ui.EmptyProps{
			Title: "Attached to " + v.Name + ".",
			Text:  "Waiting for its first message.",
		}, true
	case ViewerSilent:
		return ui.EmptyProps{
			Title: "Move the camera in napari.",
			Text:  "webmon is attached. napari reports what it draws only after its camera has moved for the first time.",
			Steps: []string{"Pan or zoom the image in napari once."},
		}, true
	case ViewerNoTiled:
		if v.View == ViewLayer && v.Picture != "" {
			return ui.EmptyProps{}, false
		}
		text := v.Note
		if v.NoPicture != "" && v.NoPicture != v.Note {
			text += " " + v.NoPicture
		}
		return ui.EmptyProps{Title: v.layer() + " is not drawn in tiles.", Text: text}, true
	case ViewerNoLayer:
		return v.noLayer(), true
	case ViewerNoTiles:
		if strings.HasPrefix(v.Napari, "0.4.") {
			return ui.EmptyProps{
				Title: v.napari() + " does not share its tiles.",
				Text:  "The octree, which draws an image in tiles, does not work in this version. Frame times are shown all the same: see the Loader tab.",
				Steps: []string{
					"Use napari 0.5 or later with the plugin, which needs no octree: " + InstallPlugin + ", " + InstallPluginWhere + ";",
					"or napari 0.4.17 or earlier, started with NAPARI_EXPERIMENTAL_OCTREE=1 in its environment.",
				},
			}, true
		}
		return ui.EmptyProps{
			Title: v.napari() + " does not share its tiles.",
			Text: "Without a plugin, napari 0.5 and later report only their frame times: see the Loader tab. " +
				"The plugin napari-webmon shares the rest: tiles, levels and loads, the layers and the picture itself.",
			Steps: []string{
				"Install it: " + InstallPlugin + ", " + InstallPluginWhere + ".",
				"In napari choose Plugins, webmon, and press Start. It appears here by itself.",
			},
		}, true
	}
	return ui.EmptyProps{}, false
}

// noLayer says why there is no layer to choose, and what to do about it in this
// version of napari.
func (v Viewer) noLayer() ui.EmptyProps {
	switch {
	case v.Ours && len(v.Kinds) == 0:
		return ui.EmptyProps{
			Title: "No layer is open in napari.",
			Text:  "napari is attached, but has nothing to show yet.",
			Steps: []string{"Open an image in napari, from its File menu or with viewer.add_image(data). It appears here by itself."},
		}
	case v.Ours:
		return ui.EmptyProps{
			Title: "None of napari's layers is an image.",
			Text:  "Open: " + strings.Join(v.Kinds, ", ") + ". Only images and labels have pixels to show here. The Layers tab lists the others.",
			Steps: []string{"Open an image or labels in napari, from its File menu or with viewer.add_image(data)."},
		}
	}
	p := ui.EmptyProps{
		Title: "No multiscale image is open.",
		Text:  "Frames arrive from " + v.napari() + ", but none of its layers is drawn in tiles.",
		Steps: []string{
			"Open a multiscale image in napari, such as an OME-Zarr or a list of arrays, each half the size of the one before.",
			"If one is open, start napari again with NAPARI_EXPERIMENTAL_OCTREE=1 in its environment.",
		},
	}
	if v.Napari == "" {
		p.Steps[1] = "If one is open, what to do depends on the version of napari, which webmon does not know. 0.4.17 and earlier: start it with " +
			"NAPARI_EXPERIMENTAL_OCTREE=1 in its environment. 0.5 and later: install the plugin, " + InstallPlugin + ", " + InstallPluginWhere + "."
	}
	return p
}

// layer is the name of the chosen layer.
func (v Viewer) layer() string {
	for _, l := range v.Layers {
		if l.Current {
			return l.Label
		}
	}
	return "The layer"
}

func (w *ViewerWhole) levels() ui.TableProps {
	p := ui.TableProps{
		Caption: "Levels",
		Columns: []ui.Column{{Title: "level", Numeric: true}, {Title: "shape", Unit: "px", Numeric: true}, {Title: "state"}},
	}
	for i, l := range w.Levels {
		state := " "
		if i == w.Level {
			state = "in use"
		}
		p.Rows = append(p.Rows, ui.Row{Key: strconv.Itoa(i), Cells: ui.Text(strconv.Itoa(i), ui.Shape(l...), state)})
	}
	return p
}

// whole describes a layer that is drawn without tiles.
func (v Viewer) whole() []ui.Pair {
	w := v.Volume
	var pairs []ui.Pair
	if w.Level >= 0 && w.Level < len(w.Levels) {
		pairs = append(pairs,
			ui.Pair{Name: "level", Value: strconv.Itoa(w.Level), Note: "of " + ui.Count(len(w.Levels)), Key: "level"},
			ui.Pair{Name: "level shape", Value: ui.Shape(w.Levels[w.Level]...), Unit: "px", Note: w.Axes, Key: "image_shape"},
			ui.Pair{Name: "base shape", Value: ui.Shape(w.Levels[0]...), Unit: "px", Key: "base_shape"},
		)
	}
	return pairs
}

func (v Viewer) napari() string {
	if v.Napari == "" {
		return "This napari"
	}
	return "napari " + v.Napari
}

// over is the sentence across a picture that is out of date, "" for none.
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
	if v.Note != "" {
		return v.Note
	}
	return v.NoPicture
}

func (v Viewer) layers() []ui.Option {
	options := make([]ui.Option, len(v.Layers))
	for i, l := range v.Layers {
		options[i] = ui.Option{Value: l.ID, Label: l.Label, Href: l.Href, Current: l.Current}
	}
	return options
}
