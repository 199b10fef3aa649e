package layers

import (
	"encoding/json"
	"errors"
	"fmt"

	"webmon/dashboard/source"
	"webmon/dashboard/views"
	"webmon/shm"
)

// Seen are the topics of which a view is made.
var Seen = []string{shm.TopicCamera, shm.TopicDims, shm.TopicLayers}

// What a view has of the camera and of the dims, by napari's names.
var (
	ofCamera = []string{"center", "zoom", "angles", "perspective"}
	ofDims   = []string{"ndisplay", "order", "point"}
)

// Capture returns what a napari shows now as the parts of a view, and a few words on it.
// What is in a part is what the process's command set_view takes.
func Capture(src *source.Source) (parts []json.RawMessage, about string, err error) {
	camera, _ := valueOf(src, shm.TopicCamera)
	dims, _ := valueOf(src, shm.TopicDims)
	layers := src.Layers()
	if camera == nil || dims == nil || layers == nil {
		return nil, "", errors.New("napari has not told yet what it shows: try again in a moment")
	}
	scene := map[string]any{}
	for _, name := range ofDims {
		if v, ok := dims[name]; ok {
			scene[name] = v
		}
	}
	for _, name := range ofCamera {
		if v, ok := camera[name]; ok {
			scene[name] = v
		}
	}
	if parts, err = add(parts, scene); err != nil {
		return nil, "", err
	}
	shown := 0
	for i := range layers.List {
		l := &layers.List[i]
		if l.Visible {
			shown++
		}
		part := map[string]any{"layer": l.Name, "kind": l.Kind, "visible": l.Visible, "opacity": l.Opacity}
		if l.Blending != "" {
			part["blending"] = l.Blending
		}
		if l.Colormap != "" {
			part["colormap"] = l.Colormap
		}
		if l.Limits != nil {
			part["gamma"], part["contrast_limits"] = l.Gamma, l.Limits
		}
		if parts, err = add(parts, part); err != nil {
			return nil, "", err
		}
	}
	axes := "2-D"
	if n, _ := shm.Number(dims["ndisplay"]); n == 3 {
		axes = "3-D"
	}
	return parts, fmt.Sprintf("%s, %d of %d layers", axes, shown, len(layers.List)), nil
}

func add(parts []json.RawMessage, part map[string]any) ([]json.RawMessage, error) {
	b, err := json.Marshal(part)
	if err != nil || len(b) > views.MaxPart || len(parts) == views.MaxParts {
		return nil, errors.New("what napari shows is more than a view can hold")
	}
	return append(parts, b), nil
}

func valueOf(src *source.Source, topic string) (map[string]shm.Value, bool) {
	value, _, _ := src.State(topic)
	m, ok := value.(map[string]shm.Value)
	return m, ok
}
