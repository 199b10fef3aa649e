package process

import (
	"fmt"
	"math"
	"regexp"
	"slices"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/pickle"
	"webmon/shm/segment"
)

const (
	maxArrays    = 256
	maxArrayDims = 8
	maxFields    = 256 // of a record
	noGeneration = "0000000000000000"
	maxArrayWord = 40      // bytes of an axis' name, a unit, a layer's id
	maxNote      = 400     // bytes of a sentence of the process
	maxSide      = 1 << 40 // items along an axis
)

// wireName is the form of the names of topics, controls, actions and arrays.
var wireName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,79}$`)

// decodeArrays turns what a process declares about its arrays into Arrays, in the order
// of their names. An array that makes no sense has no frames: its Note says why, and there is
// a note. Of an array whose name makes no sense only the note remains.
func decodeArrays(v pickle.Value) (shm.Arrays, []note) {
	list := shm.Arrays{}
	if v == nil {
		return list, nil
	}
	d, ok := v.(*pickle.Dict)
	if !ok {
		return list, []note{{"arrays", fmt.Sprintf("The process sent %s instead of a dict for its arrays; none are shown", kindOf(v))}}
	}
	if why := heavy(v, maxDeclared, 16); why != "" {
		return list, []note{{"arrays", "The arrays that the process declares are left out: " + why}}
	}
	var wrong notes
	for _, e := range d.Entries {
		name, ok := e.Key.(string)
		if !ok || !wireName.MatchString(name) {
			wrong.add("arrays", "The process shares an array under %s, which is no name: letters, digits and _ . : - will do; it is left out", kindOf(e.Key))
			continue
		}
		if len(list) == maxArrays {
			wrong.add("arrays.many", "The process shares %d arrays; the first %d are shown", d.Len(), maxArrays)
			break
		}
		info, err := decodeArray(name, e.Value)
		if err != nil {
			wrong.add("arrays."+name, "The array %q is left out: %v", name, err)
			// People look for it in the list, and programs by its name.
			info = shm.ArrayInfo{
				Name: name, Generation: noGeneration, Shape: []int{}, Axes: []string{},
				Note: natural.Clip(fmt.Sprintf("It is left out: %v.", err), maxNote),
			}
		}
		list = append(list, info)
	}
	shm.SortArrays(list)
	return list, wrong.list
}

var generation = regexp.MustCompile(`^[0-9a-f]{16}$`)

// decodeArray decodes what is declared about one array. An error says which of the required
// parts is wrong. Other parts that make no sense are ignored.
func decodeArray(name string, v pickle.Value) (info shm.ArrayInfo, err error) {
	d, ok := v.(*pickle.Dict)
	if !ok {
		return info, fmt.Errorf("it is described by %s instead of a dict", kindOf(v))
	}
	get := func(key string) pickle.Value { v, _ := d.Get(key); return v }
	text := func(key string, most int) string { s, _ := get(key).(string); return natural.Clip(s, most) }

	info = shm.ArrayInfo{Name: name}
	// An empty name stands for no shared memory, which people should see.
	if info.Shm, ok = get("shm").(string); !ok || info.Shm != "" && !segment.ValidName(info.Shm) {
		return info, fmt.Errorf("its segment is called %s, which is no name of a segment", kindOf(get("shm")))
	}
	if info.Generation, ok = get("generation").(string); !ok || !generation.MatchString(info.Generation) {
		return info, fmt.Errorf("its generation is %s instead of 16 hex digits", kindOf(get("generation")))
	}
	t, err := pickle.ParseDescr(get("dtype"))
	if err != nil {
		return info, fmt.Errorf("its dtype is not understood: %w", err)
	}
	if len(t.Fields) > maxFields {
		return info, fmt.Errorf("its records have %d fields, and at most %d are shown: share them as several arrays", len(t.Fields), maxFields)
	}
	info.Descr, info.Fields = segment.Describe(t)
	shape, ok := sequence(get("shape"))
	if !ok || len(shape) > maxArrayDims {
		return info, fmt.Errorf("its shape is %s instead of at most %d whole numbers", kindOf(get("shape")), maxArrayDims)
	}
	info.Shape = make([]int, len(shape))
	for i, v := range shape {
		n, ok := v.(int64)
		if !ok || n < 0 || n > maxSide {
			return info, fmt.Errorf("its shape has %s on axis %d instead of a whole number", kindOf(v), i)
		}
		info.Shape[i] = int(n)
	}
	if !segment.ValidShape(t, info.Shape) {
		return info, fmt.Errorf("no machine holds frames of %v", info.Shape)
	}

	ndim := len(shape)
	info.Axes = words(get("axes"), ndim)
	if info.Axes == nil || slices.Contains(info.Axes, "") || repeats(info.Axes) {
		info.Axes = defaultAxes(ndim)
	}
	info.Units = words(get("units"), ndim)
	info.Scale = numbers(get("scale"), ndim)
	if slices.ContainsFunc(info.Scale, func(x float64) bool { return x == 0 }) {
		info.Scale = nil
	}
	info.Title = text("title", maxTitle)
	switch role := text("role", maxArrayWord); role {
	case "rgb":
		// The last axis can be colour only if it has three or four items.
		if ndim > 0 && (info.Shape[ndim-1] == 3 || info.Shape[ndim-1] == 4) {
			info.Role = role
		}
	case "labels", "table":
		info.Role = role
	}
	info.Colormap = text("colormap", maxTitle)
	if lim := numbers(get("limits"), 2); lim != nil && lim[0] <= lim[1] {
		info.Limits = &[2]float64{lim[0], lim[1]}
	}
	info.Unit = text("unit", maxArrayWord)
	info.Layer = text("layer", maxArrayWord)
	info.Note = text("note", maxNote)
	info.Stats.Problem = text("problem", maxHelp)
	return info, nil
}

// defaultAxes are names for the axes of an array that has none.
func defaultAxes(ndim int) []string {
	axes := make([]string, ndim)
	for i := range axes {
		switch ndim - i {
		case 1:
			axes[i] = "x"
		case 2:
			axes[i] = "y"
		default:
			axes[i] = fmt.Sprintf("axis %d", i)
		}
	}
	return axes
}

// words returns n texts, nil if v is anything else. Python's None becomes "".
func words(v pickle.Value, n int) []string {
	list, ok := sequence(v)
	if !ok || len(list) != n {
		return nil
	}
	out := make([]string, n)
	for i, v := range list {
		s, ok := v.(string)
		if !ok && v != nil {
			return nil
		}
		out[i] = natural.Clip(s, maxArrayWord)
	}
	return out
}

func repeats(list []string) bool {
	sorted := slices.Sorted(slices.Values(list))
	return len(slices.Compact(sorted)) < len(list)
}

// numbers returns n finite numbers, nil if v is anything else.
func numbers(v pickle.Value, n int) []float64 {
	list, ok := sequence(v)
	if !ok || len(list) != n {
		return nil
	}
	out := make([]float64, n)
	for i, v := range list {
		if out[i], ok = number(v); !ok || math.IsNaN(out[i]) || math.IsInf(out[i], 0) {
			return nil
		}
	}
	return out
}
