package viewer

import (
	"cmp"
	"encoding/json"

	"webmon/dashboard/source"
	"webmon/shm"
)

// topics are those of a source that the tab shows.
var topics = []string{shm.TopicPoll, shm.TopicLayers, shm.TopicArrays}

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
