package viewer

import (
	"encoding/json"
	"math"

	"webmon/dashboard/source"
	"webmon/shm"
)

// topicLayers is the state topic in which a napari with the package says what
// its layers are like.
const topicLayers = "layers"

// topics are those of a source that the tab shows.
var topics = []string{shm.TopicPoll, topicLayers, shm.TopicArrays}

// arrayOf is the array with the part of a layer that napari shows, whether or not
// there is a picture in it; nil if there is none.
func arrayOf(src *source.Source, layer string) *shm.ArrayInfo { return src.Array("layer." + layer) }

// layerArray is that array if it is a picture: not a volume, and not withheld.
func layerArray(src *source.Source, layer string) *shm.ArrayInfo {
	info := arrayOf(src, layer)
	if info == nil || len(info.Fields) > 0 || info.Withheld() || planeAxes(info) != 2 {
		return nil
	}
	return info
}

// planeAxes is how many axes an array has besides its colours.
func planeAxes(info *shm.ArrayInfo) int {
	if info.Role == "rgb" {
		return len(info.Shape) - 1
	}
	return len(info.Shape)
}

// pictureTopic begins the hub topics of a layer's pixels; "" if it shares none.
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
	m := layerState(src, layer)
	if s, ok := m["colormap"].(string); ok {
		l.Colormap = s
	}
	if list, ok := m["contrast_limits"].([]shm.Value); ok && len(list) == 2 {
		low, lok := number(list[0])
		high, hok := number(list[1])
		if lok && hok {
			l.Limits = &[2]float64{low, high}
		}
	}
	if x, ok := number(m["gamma"]); ok && x > 0 {
		l.Gamma = x
	}
	if x, ok := number(m["opacity"]); ok {
		l.Opacity = min(max(x, 0), 1)
	}
	if on, ok := m["visible"].(bool); ok {
		l.Visible = on
	}
	b, err := json.Marshal(l)
	if err != nil {
		return nil // numbers that JSON has no words for
	}
	return b
}

// layerState is what the process says of a layer, nil if nothing.
func layerState(src *source.Source, layer string) map[string]shm.Value {
	value, _, _ := src.State(topicLayers)
	list, _ := value.([]shm.Value)
	for _, v := range list {
		if m, ok := v.(map[string]shm.Value); ok && m["id"] == layer {
			return m
		}
	}
	return nil
}

func number(v shm.Value) (float64, bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, !math.IsNaN(x) && !math.IsInf(x, 0)
	}
	return 0, false
}

// idealLevel is the level whose pixels fit the screen's, and how many times as
// many pixels the level in use has; -1 if it is not known.
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
