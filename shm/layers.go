package shm

import (
	"encoding/base64"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// What a napari with the package says of its layers, beside the tiles of TopicPoll.
const (
	// TopicLayers is the state topic of the layers; its value is a *Layers.
	TopicLayers = "layers"
	// TopicHistograms is the state topic of the histograms of their visible slices;
	// its value is a *Histograms.
	TopicHistograms = "histograms"
	// TopicColors is the state topic of the colours in which it draws its images and
	// labels; its value is a *Colors.
	TopicColors = "colors"
	// TopicCamera and TopicDims are the state topics of where it looks; their values are maps.
	TopicCamera = "camera"
	TopicDims   = "dims"
)

// Bounds of what is taken of a layer. What lies beyond is left out.
const (
	maxLayers   = 1024
	maxAxes     = 64
	maxLevels   = 64      // of a pyramid: halving that often leaves a pixel of any image
	maxBins     = 1024    // of a histogram
	maxCount    = 1 << 52 // values of a bin
	maxWords    = 4096    // bytes of a text
	maxQuantity = 1 << 62
	maxContour  = 1 << 10 // pixels
	maxTable    = 1 << 17 // bytes of a table of colours as base64
)

// Layers are the layers of a napari, bottom first.
type Layers struct {
	List []Layer
	sent Value
}

// Layer is one of them. A text is "", a list nil and a number -1 where the layer has
// none, or none that makes sense, unless it says otherwise.
type Layer struct {
	ID         string // "7"; a layer keeps it for life
	Kind, Name string // Kind is napari's word, such as "image"
	Visible    bool   // true where it does not say
	Selected   bool

	Shape     []int64 // of its data, in pixels, colours left out
	DType     string  // as NumPy writes it, such as "<u2"
	RGB       bool
	Axes      []string  // a name for each; napari's own for those without are "-2", "-1"
	Units     []string  // of each axis, or one for all of them
	Scale     []float64 // size of a pixel on each axis, in Units; finite
	Translate []float64 // where it begins on each axis, in Units; finite

	Multiscale  bool
	Levels      [][]int64 // the shape of each level, the finest first
	Level       int       // the level that napari draws
	IdealLevel  int       // the level whose pixels fit the screen's
	LockedLevel int       // the level that people have chosen
	Chunk       []int64   // shape of a chunk of the data
	ChunkStated bool      // the data has no chunks: the size is a stated one

	Bytes      int64  // of its data
	Loading    bool   // it does not show yet what it is to show
	Loads      int64  // so far
	LoadBytes  int64  // that those have read
	LoadsHow   string // what a load is: "chunk", "share" or "slice"
	LoadsSince int64  // when they were counted from, s since the epoch
	Reloads    int64  // loads of what the layer had just had
	Path       string // of the file, or the address, that its data is from

	Linked []string // ids of the layers that it shares something with, such as its contrast

	Colormap string
	Limits   *[2]float64 // of the contrast, finite, the lower first
	Gamma    float64     // more than 0; 1 where it does not say
	Opacity  float64     // from 0 to 1; 1 where it does not say
	Blending string      // napari's word, such as "additive"
	Drawn    *LayerDrawn // of images and labels
}

// LayerDrawn is how napari draws an image or labels.
type LayerDrawn struct {
	// Matrix leads from (row, column) in pixels of level 0, counted from the outer corner of the
	// first pixel of the axes on the screen, to (down, right) on napari's canvas, in units of its
	// world: down is row*m[0][0] + column*m[0][1] + m[0][2]. nil in 3D.
	Matrix        *[2][3]float64
	Colors        string      // names one of Colors, "" for none
	Limits        *[2]float64 // of the contrast, also of colours; nil for labels
	Gamma         float64     // more than 0
	Interpolation string      // napari's word, such as "nearest"
	Contour       int         // of labels: as wide are their contours inside, in pixels; 0: they are filled
	Selection     string      // of labels: the only one that is drawn; "" for all
}

// LayersOf takes what a process has sent under TopicLayers. What in it makes no sense
// is left out, so there may be no layer at all; of what is written as JSON nothing is.
func LayersOf(sent Value) *Layers {
	out := &Layers{sent: sent}
	list, _ := sent.([]Value)
	for _, v := range list {
		if m, ok := v.(map[string]Value); ok && len(out.List) < maxLayers {
			out.List = append(out.List, layerOf(m))
		}
	}
	return out
}

// Get returns the layer of an id, nil if there is none. It may be called of nil.
func (l *Layers) Get(id string) *Layer {
	if l == nil {
		return nil
	}
	for i := range l.List {
		if l.List[i].ID == id {
			return &l.List[i]
		}
	}
	return nil
}

// Sent returns what the process has sent, as it is.
func (l *Layers) Sent() Value { return l.sent }

// MarshalJSON writes what the process has sent, as it is.
func (l *Layers) MarshalJSON() ([]byte, error) { return AppendJSON(nil, l.sent) }

func (l *Layers) appendJSON(b []byte) []byte { return appendSent(b, l.sent) }

func layerOf(m map[string]Value) Layer {
	l := Layer{
		ID: textOf(m["id"]), Kind: textOf(m["kind"]), Name: textOf(m["name"]),
		Visible: m["visible"] != false, Selected: m["selected"] == true,
		Shape: sizesOf(m["shape"]), DType: textOf(m["dtype"]), RGB: m["rgb"] == true,
		Axes: textsOf(m["axes"]), Units: unitsOf(m["units"]),
		Scale: finitesOf(m["scale"]), Translate: finitesOf(m["translate"]),
		Multiscale: m["multiscale"] == true,
		Level:      levelOf(m["level"]), IdealLevel: levelOf(m["ideal_level"]), LockedLevel: levelOf(m["locked_level"]),
		Chunk: sizesOf(m["chunk"]), ChunkStated: m["chunk_stated"] == true,
		Bytes: quantityOf(m["nbytes"]), Loading: m["loaded"] == false,
		Loads: quantityOf(m["loads"]), LoadBytes: quantityOf(m["load_bytes"]),
		LoadsHow: textOf(m["loads_how"]), LoadsSince: quantityOf(m["loads_since"]),
		Reloads: quantityOf(m["reloads"]), Path: textOf(m["path"]),
		Linked: textsOf(m["linked"]), Colormap: textOf(m["colormap"]), Gamma: 1, Opacity: 1,
	}
	levels, _ := m["levels"].([]Value)
	for _, v := range levels[:min(len(levels), maxLevels)] {
		l.Levels = append(l.Levels, sizesOf(v))
	}
	l.Blending = textOf(m["blending"])
	if p, ok := m["picture"].(map[string]Value); ok {
		l.Drawn = drawnOf(p)
	}
	if lim := finitesOf(m["contrast_limits"]); len(lim) == 2 && lim[0] <= lim[1] {
		l.Limits = &[2]float64{lim[0], lim[1]}
	}
	if x, ok := finiteOf(m["gamma"]); ok && x > 0 {
		l.Gamma = x
	}
	if x, ok := finiteOf(m["opacity"]); ok {
		l.Opacity = min(max(x, 0), 1)
	}
	return l
}

func drawnOf(m map[string]Value) *LayerDrawn {
	d := &LayerDrawn{
		Colors: textOf(m["colors"]), Gamma: 1, Interpolation: textOf(m["interpolation"]),
		Contour: int(min(max(quantityOf(m["contour"]), 0), maxContour)), Selection: labelOf(m["selection"]),
	}
	if rows, ok := m["matrix"].([]Value); ok && len(rows) == 2 {
		down, right := finitesOf(rows[0]), finitesOf(rows[1])
		if len(down) == 3 && len(right) == 3 {
			d.Matrix = &[2][3]float64{[3]float64(down), [3]float64(right)}
		}
	}
	if lim := finitesOf(m["limits"]); len(lim) == 2 && lim[0] <= lim[1] {
		d.Limits = &[2]float64{lim[0], lim[1]}
	}
	if x, ok := finiteOf(m["gamma"]); ok && x > 0 {
		d.Gamma = x
	}
	return d
}

// labelOf is a label as digits, however large it is; "" if it is none.
func labelOf(v Value) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		if n, ok := new(big.Int).SetString(v, 10); ok && n.BitLen() <= 64 {
			return n.String()
		}
	}
	return ""
}

// Colors are the tables of colours of images and labels, by the names that layers
// call them by.
type Colors struct {
	of   map[string]*ColorTable
	sent Value
}

// ColorTable is one of them.
type ColorTable struct {
	Kind  string `json:"kind"`            // "scale", "cyclic" or "direct"
	RGBA  []byte `json:"table"`           // four bytes a colour, at least one colour; in JSON as base64
	Steps bool   `json:"steps,omitempty"` // of a scale: colours are not blended
	Over  []int  `json:"over,omitempty"`  // of a scale: RGBA of values from the upper limit on; nil: the last colour
	Under []int  `json:"under,omitempty"` // down from the lower limit; nil: the first colour
	NaN   []int  `json:"nan,omitempty"`   // of what is no number; nil: transparent
	// Labels are those of a direct table as digits, one for each of its colours but the first,
	// which is that of all others.
	Labels     []string `json:"labels,omitempty"`
	Background string   `json:"background,omitempty"` // the label that is transparent
}

// ColorsOf takes what a process has sent under TopicColors. A table that makes no
// sense is left out; of what is written as JSON nothing is.
func ColorsOf(sent Value) *Colors {
	out := &Colors{of: map[string]*ColorTable{}, sent: sent}
	all, _ := sent.(map[string]Value)
	for name, v := range all {
		if len(out.of) == maxLayers {
			break
		}
		if m, ok := v.(map[string]Value); ok {
			if t := tableOf(m); t != nil {
				out.of[name] = t
			}
		}
	}
	return out
}

// Get returns the table of a name, nil if there is none. It may be called of nil.
func (c *Colors) Get(name string) *ColorTable {
	if c == nil {
		return nil
	}
	return c.of[name]
}

// Sent returns what the process has sent, as it is.
func (c *Colors) Sent() Value { return c.sent }

// MarshalJSON writes what the process has sent, as it is.
func (c *Colors) MarshalJSON() ([]byte, error) { return AppendJSON(nil, c.sent) }

func (c *Colors) appendJSON(b []byte) []byte { return appendSent(b, c.sent) }

func tableOf(m map[string]Value) *ColorTable {
	text, _ := m["table"].(string)
	if len(text) > maxTable {
		return nil
	}
	rgba, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(rgba) == 0 || len(rgba)%4 != 0 {
		return nil
	}
	t := &ColorTable{
		Kind: textOf(m["kind"]), RGBA: rgba, Steps: m["steps"] == true,
		Over: colourOf(m["over"]), Under: colourOf(m["under"]), NaN: colourOf(m["nan"]), Background: labelOf(m["background"]),
	}
	switch t.Kind {
	case "scale":
		if len(rgba) != 4*256 {
			return nil
		}
	case "cyclic":
		if len(rgba) < 8 { // nothing beside the background
			return nil
		}
	case "direct":
		labels, _ := m["labels"].([]Value)
		if len(labels) != len(rgba)/4-1 {
			return nil
		}
		for _, v := range labels {
			t.Labels = append(t.Labels, labelOf(v))
		}
	default:
		return nil
	}
	return t
}

// colourOf is RGBA of 0 to 255, nil if v is none.
func colourOf(v Value) []int {
	list, _ := v.([]Value)
	if len(list) != 4 {
		return nil
	}
	out := make([]int, 4)
	for i, e := range list {
		n, ok := e.(int64)
		if !ok || n < 0 || n > 255 {
			return nil
		}
		out[i] = int(n)
	}
	return out
}

// Histograms are those of layers, of their visible slices.
type Histograms struct {
	of   map[string]*Histogram
	sent Value
}

// Histogram counts values in bins of the same width from Low to High.
type Histogram struct {
	// Low and High are finite and a finite way apart, Low less than High, so that the
	// width of a bin is a number greater than 0.
	Low, High float64
	Counts    []int64 // at least one bin, none less than 0, and their sum no more than an int64 holds
	// Exact says that Least and Greatest are the least and the greatest of all values.
	Exact           bool
	Least, Greatest float64 // finite
	Whole           bool    // the values are whole numbers
}

// HistogramsOf takes what a process has sent under TopicHistograms. A histogram that
// makes no sense is left out; of what is written as JSON nothing is.
func HistogramsOf(sent Value) *Histograms {
	out := &Histograms{of: map[string]*Histogram{}, sent: sent}
	all, _ := sent.(map[string]Value)
	for id, v := range all {
		if len(out.of) == maxLayers {
			break
		}
		if m, ok := v.(map[string]Value); ok {
			if h := histogramOf(m); h != nil {
				out.of[id] = h
			}
		}
	}
	return out
}

// Get returns the histogram of a layer, nil if there is none. It may be called of nil.
func (h *Histograms) Get(layer string) *Histogram {
	if h == nil {
		return nil
	}
	return h.of[layer]
}

// Sent returns what the process has sent, as it is.
func (h *Histograms) Sent() Value { return h.sent }

// MarshalJSON writes what the process has sent, as it is.
func (h *Histograms) MarshalJSON() ([]byte, error) { return AppendJSON(nil, h.sent) }

func (h *Histograms) appendJSON(b []byte) []byte { return appendSent(b, h.sent) }

func histogramOf(m map[string]Value) *Histogram {
	h := &Histogram{Whole: m["whole"] == true}
	var lok, hok bool
	h.Low, lok = finiteOf(m["low"])
	h.High, hok = finiteOf(m["high"])
	counts, _ := m["counts"].([]Value)
	counts = counts[:min(len(counts), maxBins)]
	if !lok || !hok || math.IsInf(h.High-h.Low, 0) || !((h.High-h.Low)/float64(len(counts)) > 0) || len(counts) == 0 {
		return nil
	}
	for _, v := range counts {
		h.Counts = append(h.Counts, min(max(quantityOf(v), 0), maxCount))
	}
	least, lok := finiteOf(m["least"])
	greatest, hok := finiteOf(m["greatest"])
	if lok && hok && least <= greatest {
		h.Exact, h.Least, h.Greatest = true, least, greatest
	}
	return h
}

// appendSent writes what an adapter has made safe to write.
func appendSent(b []byte, sent Value) []byte {
	n := len(b)
	out, err := AppendJSON(b, sent)
	if err != nil { // it is none of the values that may be sent
		return append(b[:n], "null"...)
	}
	return out
}

func textOf(v Value) string {
	switch v := v.(type) {
	case string:
		return strings.ToValidUTF8(v[:min(len(v), maxWords)], "")
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// unitsOf returns a list of units, or the one that is meant for all axes.
func unitsOf(v Value) []string {
	if s, ok := v.(string); ok {
		return []string{textOf(s)}
	}
	return textsOf(v)
}

func textsOf(v Value) []string {
	list, _ := v.([]Value)
	var out []string
	for _, e := range list[:min(len(list), maxAxes)] {
		s, _ := e.(string)
		out = append(out, textOf(s))
	}
	return out
}

func finiteOf(v Value) (float64, bool) {
	x, ok := Number(v)
	return x, ok && !math.IsNaN(x) && !math.IsInf(x, 0)
}

// finitesOf returns a list of finite numbers, nil if v is anything else.
func finitesOf(v Value) []float64 {
	list, _ := v.([]Value)
	var out []float64
	for _, e := range list[:min(len(list), maxAxes)] {
		x, ok := finiteOf(e)
		if !ok {
			return nil
		}
		out = append(out, x)
	}
	return out
}

// quantityOf returns a whole number of at least 0, -1 if v is anything else.
func quantityOf(v Value) int64 {
	x, ok := finiteOf(v)
	if !ok || x < 0 || x >= maxQuantity {
		return -1
	}
	if n, ok := v.(int64); ok {
		return n // a float has not all its digits
	}
	return int64(x)
}

// sizesOf returns a shape, nil if v is none.
func sizesOf(v Value) []int64 {
	list, _ := v.([]Value)
	var out []int64
	for _, e := range list[:min(len(list), maxAxes)] {
		n := quantityOf(e)
		if n < 0 {
			return nil
		}
		out = append(out, n)
	}
	return out
}

func levelOf(v Value) int {
	if n := quantityOf(v); n < 1<<31 {
		return int(n)
	}
	return -1
}
