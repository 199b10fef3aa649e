package viewer

import (
	"cmp"
	"encoding/json"
	"math"
	"regexp"

	"webmon/dashboard/source"
	"webmon/shm"
)

// topics are those of a source that the tab shows.
var topics = []string{shm.TopicPoll, shm.TopicLayers, shm.TopicArrays, shm.TopicCamera}

// arrayOf is the array with the part of a layer that napari shows, even if it holds
// no picture; nil if there is none.
func arrayOf(src *source.Source, layer string) *shm.ArrayInfo { return src.Array("layer." + layer) }

// layerArray is that array if it is a picture: not a volume, and not withheld.
func layerArray(src *source.Source, layer string) *shm.ArrayInfo {
	info := arrayOf(src, layer)
	if info == nil || len(info.Fields) > 0 || info.Withheld() || planeAxes(info) != 2 {
		return nil
	}
	return info
}

// planeAxes is how many axes an array has besides that of its colours.
func planeAxes(info *shm.ArrayInfo) int {
	if info.Role == "rgb" {
		return len(info.Shape) - 1
	}
	return len(info.Shape)
}

// pictureTopic is the beginning of the hub topics of a layer's pixels; "" if the
// process shares none.
func pictureTopic(src *source.Source, layer string) string {
	if info := layerArray(src, layer); info != nil {
		return src.ID() + "/" + shm.ArrayTopic(info.Name)
	}
	return ""
}

// look is how napari draws a layer, and where its pixels come from.
type look struct {
	Topic    string      `json:"topic"`
	Index    string      `json:"index"` // of the plane
	Shape    []int       `json:"shape"` // the most that a frame has
	Kind     string      `json:"kind"`  // "image" or "labels"
	Colormap string      `json:"colormap"`
	Limits   *[2]float64 `json:"limits"`
	Gamma    float64     `json:"gamma"`
	Opacity  float64     `json:"opacity"`
	Visible  bool        `json:"visible"`
}

// pictureOf is the look of a layer as JSON, nil if its pixels are not shared.
func pictureOf(src *source.Source, layer string) []byte {
	info := layerArray(src, layer)
	if info == nil {
		return nil
	}
	l := look{
		Topic: pictureTopic(src, layer), Index: "y,x", Shape: info.Shape, Kind: "image",
		Colormap: info.Colormap, Limits: info.Limits, Gamma: 1, Opacity: 1, Visible: true,
	}
	if info.Role == "rgb" {
		l.Index = "y,x,c"
	}
	if info.Role == "labels" {
		l.Kind = "labels"
	}
	if m := src.Layers().Get(layer); m != nil {
		l.Colormap = cmp.Or(m.Colormap, l.Colormap)
		if m.Limits != nil {
			l.Limits = m.Limits
		}
		l.Gamma, l.Opacity, l.Visible = m.Gamma, m.Opacity, m.Visible
	}
	b, err := json.Marshal(l)
	if err != nil {
		return nil // NaN and the infinities: JSON cannot write them
	}
	return b
}

// placed is a picture as napari draws it on its canvas, for the feed of pictures.
type placed struct {
	ID            string         `json:"id"`
	Topic         string         `json:"topic"`
	Index         string         `json:"index"` // of the plane
	Shape         []int          `json:"shape"` // the most that a frame has
	Kind          string         `json:"kind"`  // "image", "rgb" or "labels"
	DType         string         `json:"dtype"` // as NumPy writes it
	Matrix        *[2][3]float64 `json:"matrix"`
	Base          *[2]int64      `json:"base,omitempty"`   // rows and columns of level 0
	Colors        string         `json:"colors,omitempty"` // names a table of the feed of colours
	Colormap      string         `json:"colormap,omitempty"`
	Limits        *[2]float64    `json:"limits"`
	Gamma         float64        `json:"gamma"`
	Opacity       float64        `json:"opacity"`
	Visible       bool           `json:"visible"`
	Blending      string         `json:"blending"`
	Interpolation string         `json:"interpolation,omitempty"`
	Contour       int            `json:"contour,omitempty"`
	Selection     string         `json:"selection,omitempty"` // of labels: the only one that is drawn
	Overview      *overview      `json:"overview,omitempty"`  // of a multiscale picture: all of it, coarsely
}

// overview is where the coarsest level of a picture is.
type overview struct {
	Topic string `json:"topic"`
	Shape []int  `json:"shape"` // the most that a frame has
}

// placedOf is how napari draws a layer on its canvas, nil if that is not known or if it
// shares no pixels.
func placedOf(src *source.Source, m *shm.Layer) *placed {
	d := m.Drawn
	info := layerArray(src, m.ID)
	if d == nil || d.Matrix == nil || info == nil {
		return nil
	}
	out := &placed{
		ID: m.ID, Topic: pictureTopic(src, m.ID), Index: "y,x", Shape: info.Shape, Kind: "image", DType: info.Descr, Matrix: d.Matrix,
		Colors: d.Colors, Colormap: m.Colormap, Limits: d.Limits, Gamma: d.Gamma, Opacity: m.Opacity, Visible: m.Visible,
		Blending: m.Blending, Interpolation: d.Interpolation, Contour: d.Contour, Selection: d.Selection,
	}
	if o := src.Array("overview." + m.ID); o != nil && !o.Withheld() && len(o.Fields) == 0 && planeAxes(o) == 2 && o.Role == info.Role {
		out.Overview = &overview{src.ID() + "/" + shm.ArrayTopic(o.Name), o.Shape}
	}
	if t := src.Poll().Layer(m.ID); t != nil && t.Config != nil {
		out.Base = &t.Config.BaseShape
	}
	switch info.Role {
	case "rgb":
		out.Index, out.Kind = "y,x,c", "rgb"
	case "labels":
		out.Kind = "labels"
	}
	return out
}

// camera is what napari's canvas shows in 2D.
type camera struct {
	center [2]float64 // down, right, in units of the world
	zoom   float64    // napari's pixels a unit
	size   [2]int64   // rows, columns of its canvas, in napari's pixels
}

// cameraOf is where napari looks, nil in 3D and if it is not known.
func cameraOf(src *source.Source) *camera {
	state, _, _ := src.State(shm.TopicCamera)
	m, _ := state.(map[string]shm.Value)
	numbers := func(key string) []float64 {
		list, _ := m[key].([]shm.Value)
		out := make([]float64, 0, 3)
		for _, v := range list {
			if x, ok := shm.Number(v); ok && !math.IsNaN(x) && !math.IsInf(x, 0) && len(out) < cap(out) {
				out = append(out, x)
			}
		}
		return out
	}
	center, right, down, canvas := numbers("center"), numbers("right"), numbers("down"), numbers("canvas")
	zoom, ok := shm.Number(m["zoom"])
	if len(center) < 2 || len(right) != 2 || len(down) != 2 || len(canvas) != 2 || !ok || !(zoom > 0) || math.IsInf(zoom, 0) {
		return nil
	}
	center = center[len(center)-2:]
	along := func(way []float64) float64 { return way[0]*center[0] + way[1]*center[1] }
	return &camera{[2]float64{along(down), along(right)}, zoom, [2]int64{int64(canvas[0]), int64(canvas[1])}}
}

// background is the colour on which napari draws, "#rrggbb"; "" if it is not known.
func background(src *source.Source) string {
	state, _, _ := src.State(shm.TopicCamera)
	m, _ := state.(map[string]shm.Value)
	if text, _ := m["background"].(string); isColour.MatchString(text) {
		return text
	}
	return ""
}

var isColour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// idealLevel is the level whose pixels fit those of the screen, -1 if it is not
// known, and the pixels of the level in use divided by those of the ideal one.
func idealLevel(c *shm.TileConfig) (level int64, excess float64) {
	n := int64(len(c.Levels))
	if c.IdealLevel < 0 || c.IdealLevel >= n || c.LevelIndex < 0 || c.LevelIndex >= n {
		return -1, 1
	}
	now, ideal := c.Levels[c.LevelIndex], c.Levels[c.IdealLevel]
	if ideal[0] <= 0 || ideal[1] <= 0 || now[0] <= 0 || now[1] <= 0 {
		return -1, 1
	}
	return c.IdealLevel, float64(now[0]) / float64(ideal[0]) * (float64(now[1]) / float64(ideal[1]))
}
