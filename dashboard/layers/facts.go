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

// maxLevels bounds the table of levels: more of them no image has.
const maxLevels = 32

// loadsHow says what a load is, by how the process saw it.
var loadsHow = map[string]string{
	"chunk": "single chunks",
	"share": "chunks, each timed with its share of the slice",
	"slice": "whole slices: no single chunks are seen",
}

// facts are what is known of a layer and cannot be changed, and its levels.
func facts(layer map[string]shm.Value) ([]ui.Pair, []components.LayerLevel) {
	var out []ui.Pair
	add := func(p ui.Pair) {
		if p.Value != "" {
			out = append(out, p)
		}
	}
	add(ui.Pair{Name: "shape", Value: shape(layer["shape"]), Key: "shape", Note: axes(layer)})
	add(ui.Pair{Name: "type", Value: dtype(text(layer, "dtype")), Key: "dtype"})
	add(ui.Pair{Name: "scale", Value: scale(layer), Key: "scale"})
	add(ui.Pair{Name: "shift", Value: shift(layer), Key: "translate"})

	levels := levelsOf(layer)
	used, hasUsed := number(layer, "level")
	ideal, hasIdeal := number(layer, "ideal_level")
	if hasUsed && flag(layer, "multiscale") {
		p := ui.Pair{Name: "level", Value: strconv.Itoa(int(used)), Key: "level"}
		if len(levels) > 0 {
			p.Note = fmt.Sprintf("of %d", len(levels))
		}
		switch {
		case hasIdeal && ideal < used:
			p.Note += fmt.Sprintf("; level %d would fit the screen, so the picture is coarser than it could be", int(ideal))
		case hasIdeal && ideal > used:
			p.Note += fmt.Sprintf("; level %d would fit the screen, so more is loaded than is seen", int(ideal))
		case hasIdeal:
			p.Note += ", the one that fits the screen"
		}
		add(p)
	}
	if n, ok := number(layer, "locked_level"); ok {
		add(ui.Pair{Name: "locked", Value: fmt.Sprintf("to level %d", int(n)), Key: "locked"})
	}
	chunk := ui.Pair{Name: "chunks", Value: shape(layer["chunk"]), Key: "chunk"}
	if chunk.Value != "" && flag(layer, "chunk_stated") {
		chunk.Note = "as stated: the data has none of its own"
	}
	add(chunk)
	if n, ok := number(layer, "nbytes"); ok {
		value, unit := ui.Bytes(n)
		add(ui.Pair{Name: "size", Value: value, Unit: unit, Key: "nbytes"})
	}
	if n, ok := number(layer, "loads"); ok {
		p := ui.Pair{Name: "loads", Value: ui.Count(int64(n)), Key: "loads"}
		if bytes, ok := number(layer, "load_bytes"); ok && bytes > 0 {
			p.Note = "of " + ui.BytesText(bytes)
		}
		switch since, counted := number(layer, "loads_since"); {
		case n > 0:
			if how := loadsHow[text(layer, "loads_how")]; how != "" {
				p.Note += "; " + how
			}
		case counted && since > 0:
			p.Note = "since webmon looks on"
		}
		add(p)
	}
	if n, ok := number(layer, "reloads"); ok {
		p := ui.Pair{Name: "reloads", Value: ui.Count(int64(n)), Key: "reloads"}
		if n > 0 {
			p.Note = "of what it had just had"
		}
		add(p)
	}
	if v, ok := layer["loaded"].(bool); ok && !v {
		add(ui.Pair{Name: "now", Value: "loading", Key: "loaded"})
	}
	add(ui.Pair{Name: "path", Value: text(layer, "path"), Key: "path"})

	var table []components.LayerLevel
	if len(levels) > 1 {
		for i, s := range levels {
			table = append(table, components.LayerLevel{
				N: i, Shape: s, Used: hasUsed && int(used) == i, Ideal: hasIdeal && int(ideal) == i,
			})
		}
	}
	return out, table
}

func levelsOf(layer map[string]shm.Value) []string {
	list, _ := layer["levels"].([]shm.Value)
	var out []string
	for _, v := range list[:min(len(list), maxLevels)] {
		out = append(out, shape(v))
	}
	return out
}

// shape writes a list of whole numbers.
func shape(v shm.Value) string {
	list, _ := v.([]shm.Value)
	out := make([]int64, 0, len(list))
	for _, e := range list {
		n, ok := shm.Number(e)
		if !ok {
			return ""
		}
		out = append(out, int64(n))
	}
	return ui.Shape(out...)
}

// dtype writes a dtype as NumPy users say it: "uint16" for "<u2".
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

// axes names the axes. napari calls those that nobody has named -3, -2, -1.
func axes(layer map[string]shm.Value) string {
	names := texts(layer["axes"])
	if !slices.ContainsFunc(names, func(name string) bool { return !unnamed.MatchString(name) }) {
		names = nil
	}
	note := strings.Join(names, ", ")
	if flag(layer, "rgb") {
		if note != "" {
			note += "; "
		}
		note += "colours"
	}
	return note
}

// scale is how large a pixel is on each axis.
func scale(layer map[string]shm.Value) string { return perAxis(layer, "scale") }

// shift is where the layer begins on each axis, "" at the origin.
func shift(layer map[string]shm.Value) string {
	list, _ := layer["translate"].([]shm.Value)
	for _, v := range list {
		if n, _ := shm.Number(v); n != 0 {
			return perAxis(layer, "translate")
		}
	}
	return ""
}

func perAxis(layer map[string]shm.Value, name string) string {
	list, _ := layer[name].([]shm.Value)
	units := texts(layer["units"])
	if unit, ok := layer["units"].(string); ok {
		units = []string{unit}
	}
	same := len(units) > 0
	for _, u := range units {
		same = same && u == units[0]
	}
	parts := make([]string, len(list))
	for i, v := range list {
		n, _ := shm.Number(v)
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

func texts(v shm.Value) []string {
	list, _ := v.([]shm.Value)
	var out []string
	for _, e := range list {
		s, _ := e.(string)
		out = append(out, s)
	}
	return out
}

func text(layer map[string]shm.Value, name string) string {
	switch v := layer[name].(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

func flag(layer map[string]shm.Value, name string) bool {
	on, _ := layer[name].(bool)
	return on
}

func number(layer map[string]shm.Value, name string) (float64, bool) { return shm.Number(layer[name]) }
