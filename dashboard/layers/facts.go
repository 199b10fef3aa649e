package layers

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"webmon/components"
	"webmon/components/ui"
	"webmon/shm"
)

var unnamed = regexp.MustCompile(`^-[0-9]+$`)

// loadsHow says what counts as a load, by how the process notices loads.
var loadsHow = map[string]string{
	"chunk": "single chunks",
	"share": "chunks, each timed with its share of the slice",
	"slice": "whole slices: single chunks are not noticed",
}

// facts are the properties of a layer that cannot be changed, and its levels.
func facts(layer *shm.Layer) ([]ui.Pair, []components.LayerLevel) {
	var out []ui.Pair
	add := func(p ui.Pair) {
		if p.Value != "" {
			out = append(out, p)
		}
	}
	add(ui.Pair{Name: "shape", Value: ui.Shape(layer.Shape...), Key: "shape", Note: axes(layer)})
	add(ui.Pair{Name: "type", Value: dtype(layer.DType), Key: "dtype"})
	add(ui.Pair{Name: "scale", Value: perAxis(layer.Scale, layer.Units), Key: "scale"})
	add(ui.Pair{Name: "shift", Value: shift(layer), Key: "translate"})
	add(level(layer))
	if n := layer.LockedLevel; n >= 0 {
		add(ui.Pair{Name: "locked", Value: fmt.Sprintf("to level %d", n), Key: "locked"})
	}
	chunk := ui.Pair{Name: "chunks", Value: ui.Shape(layer.Chunk...), Key: "chunk"}
	if layer.ChunkStated {
		chunk.Note = "as stated: the data has no chunks of its own"
	}
	add(chunk)
	if n := layer.Bytes; n >= 0 {
		value, unit := ui.Bytes(float64(n))
		add(ui.Pair{Name: "size", Value: value, Unit: unit, Key: "nbytes"})
	}
	if n := layer.Loads; n >= 0 {
		p := ui.Pair{Name: "loads", Value: ui.Count(n), Key: "loads"}
		if layer.LoadBytes > 0 {
			p.Note = "of " + ui.BytesText(float64(layer.LoadBytes))
		}
		switch {
		case n > 0:
			if how := loadsHow[layer.LoadsHow]; how != "" {
				p.Note += "; " + how
			}
		case layer.LoadsSince > 0:
			p.Note = "since webmon was attached"
		}
		add(p)
	}
	if n := layer.Reloads; n >= 0 {
		p := ui.Pair{Name: "reloads", Value: ui.Count(n), Key: "reloads"}
		if n > 0 {
			p.Note = "of chunks that it had just loaded"
		}
		add(p)
	}
	if layer.Loading {
		add(ui.Pair{Name: "now", Value: "loading", Key: "loaded"})
	}
	add(ui.Pair{Name: "path", Value: layer.Path, Key: "path"})

	var table []components.LayerLevel
	if len(layer.Levels) > 1 {
		for i, shape := range layer.Levels {
			table = append(table, components.LayerLevel{
				N: i, Shape: ui.Shape(shape...), Used: i == layer.Level, Ideal: i == layer.IdealLevel,
			})
		}
	}
	return out, table
}

// level is the level that napari draws, with a note about the one that would fit the
// screen.
func level(layer *shm.Layer) ui.Pair {
	used, ideal := layer.Level, layer.IdealLevel
	if used < 0 || !layer.Multiscale {
		return ui.Pair{}
	}
	p := ui.Pair{Name: "level", Value: strconv.Itoa(used), Key: "level"}
	if n := len(layer.Levels); n > 0 {
		p.Note = fmt.Sprintf("of %d", n)
	}
	switch {
	case ideal < 0:
	case ideal < used:
		p.Note += fmt.Sprintf("; level %d would fit the screen, so the picture is coarser than it could be", ideal)
	case ideal > used:
		p.Note += fmt.Sprintf("; level %d would fit the screen, so more is loaded than can be seen", ideal)
	default:
		p.Note += ", the one that fits the screen"
	}
	return p
}

// dtype writes a dtype by its NumPy name: "uint16" for "<u2".
func dtype(descr string) string {
	kinds := map[byte]string{'u': "uint", 'i': "int", 'f': "float", 'c': "complex"}
	if len(descr) < 3 || !strings.ContainsRune("<>|=", rune(descr[0])) {
		return descr
	}
	size, err := strconv.Atoi(descr[2:])
	kind := kinds[descr[1]]
	switch {
	case descr == "|b1":
		return "bool"
	case err != nil || kind == "":
		return descr
	}
	name := kind + strconv.Itoa(8*size)
	if descr[0] == '>' {
		name += ", big-endian"
	}
	return name
}

// axes writes the names of the axes. napari calls axes without a name -3, -2, -1.
func axes(layer *shm.Layer) string {
	names := layer.Axes
	if !slices.ContainsFunc(names, func(name string) bool { return !unnamed.MatchString(name) }) {
		names = nil
	}
	note := strings.Join(names, ", ")
	if layer.RGB {
		if note != "" {
			note += "; "
		}
		note += "colours"
	}
	return note
}

// shift is the position at which the layer begins on each axis, "" at the origin.
func shift(layer *shm.Layer) string {
	if !slices.ContainsFunc(layer.Translate, func(x float64) bool { return x != 0 }) {
		return ""
	}
	return perAxis(layer.Translate, layer.Units)
}

// perAxis writes a number with its unit for each axis, or only once if all are the
// same.
func perAxis(list []float64, units []string) string {
	same := len(units) > 0
	for _, u := range units {
		same = same && u == units[0]
	}
	parts := make([]string, len(list))
	for i, n := range list {
		parts[i] = ui.FieldNumber(n)
		if !same && i < len(units) && units[i] != "" {
			parts[i] += " " + units[i]
		}
	}
	out := strings.Join(parts, " × ")
	if same && out != "" && units[0] != "" {
		out += " " + units[0]
	}
	return out
}
