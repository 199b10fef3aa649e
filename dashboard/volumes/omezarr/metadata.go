package omezarr

import (
	"encoding/json"
	"slices"
	"strconv"
)

// object is a JSON object.
type object map[string]any

func metadata(o object) File {
	b, err := json.Marshal(o)
	if err != nil { // of numbers that are not finite, and those were left out
		b = []byte("{}")
	}
	return File{Metadata: b}
}

// names are those of the axes.
func (m *Image) names() []string {
	var out []string
	for _, a := range pick(m.v.Axes, m.order) {
		out = append(out, a.Name)
	}
	return out
}

// multiscales says where the levels are and how they lie.
func (m *Image) multiscales() object {
	var axes []object
	for _, a := range pick(m.v.Axes, m.order) {
		axis := object{"name": a.Name}
		if a.Kind != Other {
			axis["type"] = a.Kind
		}
		if a.Unit != "" {
			axis["unit"] = a.Unit
		}
		axes = append(axes, axis)
	}
	var datasets []object
	for i, l := range m.v.Levels {
		datasets = append(datasets, object{
			"path": strconv.Itoa(i),
			"coordinateTransformations": []object{
				{"type": "scale", "scale": pick(l.Scale, m.order)},
				{"type": "translation", "translation": pick(l.Origin, m.order)},
			},
		})
	}
	out := object{"name": m.v.Title, "axes": axes, "datasets": datasets}
	if len(m.v.Levels) > 1 {
		out["type"] = "mean"
		if m.v.Labels {
			out["type"] = "mode"
		}
	}
	return out
}

// colours of channels that are shown at once.
var colours = []string{"FF00FF", "00FF00", "00FFFF", "FFFF00", "FF4040", "4080FF"}

// omero says how the image is shown to begin with, nil if nothing is known of it.
func (m *Image) omero() object {
	if m.v.Labels {
		return nil
	}
	window, limits := m.v.Window, m.v.Range
	if !finite(limits) {
		limits = window
	}
	if !finite(limits) {
		return nil
	}
	if !finite(window) {
		window = limits
	}
	count := 1
	for i, k := range m.order {
		if m.v.Axes[k].Kind == Channels {
			count = m.shapes[0][i]
		}
	}
	var list []object
	for i := range count {
		colour, label := "FFFFFF", m.v.Title
		switch {
		case m.v.RGB && i < 3:
			colour, label = []string{"FF0000", "00FF00", "0000FF"}[i], []string{"red", "green", "blue"}[i]
		case count > 1:
			colour, label = colours[i%len(colours)], m.v.Title+" "+strconv.Itoa(i)
		}
		list = append(list, object{
			"active": i < len(colours), "coefficient": 1, "color": colour, "family": "linear", "inverted": false, "label": label,
			"window": object{
				"min": min(window[0], limits[0]), "max": max(window[1], limits[1]), "start": limits[0], "end": limits[1],
			},
		})
	}
	model := "color"
	if count == 1 {
		model = "greyscale"
	}
	return object{"channels": list, "rdefs": object{"defaultT": 0, "defaultZ": m.middle(), "model": model}}
}

// middle is the plane in the middle of the first of three axes of space.
func (m *Image) middle() int {
	shape := m.shapes[0]
	if at := len(shape) - 3; at >= 0 && m.v.Axes[m.order[at]].Kind == Space {
		return shape[at] / 2
	}
	return 0
}

// group adds what both versions of OME have in common.
func (m *Image) group(to object, version string, scales object) object {
	to["multiscales"] = []object{scales}
	if o := m.omero(); o != nil {
		to["omero"] = o
	}
	if m.v.Labels {
		to["image-label"] = object{"version": version}
	}
	return to
}

// own is what webmon says of an image beside OME, nil for nothing.
func (m *Image) own() object {
	if m.v.Affine == nil {
		return nil
	}
	var rows [][]float64
	for _, row := range pick(m.v.Affine, m.order) {
		rows = append(rows, append(pick(row, m.order), row[len(m.order)]))
	}
	return object{
		"affine": rows, "axes": m.names(),
		"note": "The image is turned, sheared or mirrored in space, which OME-Zarr cannot say: its scales and translations are those of an image that lies straight. " +
			"affine is where the centre of a voxel of level 0 lies, by its index: a row for each axis, in its unit, with a last column that is added.",
	}
}

func (m *Image) group2() object {
	scales := m.multiscales()
	scales["version"] = "0.4"
	out := m.group(object{}, "0.4", scales)
	if own := m.own(); own != nil {
		out["webmon"] = own
	}
	return out
}

func (m *Image) group3() object {
	attributes := object{"ome": m.group(object{"version": "0.5"}, "0.5", m.multiscales())}
	if own := m.own(); own != nil {
		attributes["webmon"] = own
	}
	return object{"zarr_format": 3, "node_type": "group", "attributes": attributes}
}

func (m *Image) array2(level int) object {
	return object{
		"zarr_format": 2, "shape": m.shapes[level], "chunks": m.chunks[level], "dtype": m.dtype.v2, "fill_value": m.dtype.fill2,
		"order": "C", "compressor": nil, "filters": nil, "dimension_separator": "/",
	}
}

func (m *Image) array3(level int) object {
	bytes := object{"name": "bytes"}
	if m.dtype.size > 1 {
		bytes["configuration"] = object{"endian": "little"}
	}
	return object{
		"zarr_format": 3, "node_type": "array", "shape": m.shapes[level], "data_type": m.dtype.v3, "fill_value": m.dtype.fill3,
		"chunk_grid":         object{"name": "regular", "configuration": object{"chunk_shape": m.chunks[level]}},
		"chunk_key_encoding": object{"name": "default", "configuration": object{"separator": "/"}},
		"codecs":             []object{bytes}, "attributes": object{}, "dimension_names": slices.Clone(m.names()),
	}
}
