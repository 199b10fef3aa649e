package napari

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"sync"
	"time"

	"webmon/shm"
	"webmon/shm/pickle"
)

const (
	maxArrays     = 256
	maxArrayDims  = 8
	maxFields     = 256
	maxArrayWord  = 40      // bytes of an axis' name, a unit, a layer's id
	maxArrayTitle = 200     // bytes
	maxSide       = 1 << 40 // items along an axis
	statsEvery    = time.Second
)

// wireName is what topics, controls, actions and arrays may be called.
var wireName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,79}$`)

// arrays are those that a process of ours shares: what it declares of them, and
// their frames while somebody wants them.
type arrays struct {
	r    *run
	wake chan struct{} // capacity one: list or demand has changed

	mu   sync.Mutex // guards list
	list shm.Arrays // as the process declares them
}

func (a *arrays) init(r *run) {
	a.r = r
	a.wake = make(chan struct{}, 1)
}

// declared takes the value of napari_data["arrays"], nil if there is none.
func (a *arrays) declared(v pickle.Value) {
	list, notes := decodeArrays(v)
	for _, n := range notes {
		a.r.sink.Notice(n.key, n.text)
	}
	for i := range list {
		a.r.announce(shm.ArrayTopic(list[i].Name))
	}
	a.mu.Lock()
	a.list = list
	a.mu.Unlock()
	signal(a.wake)
}

// demandChanged is called whenever somebody may want other topics than before.
func (a *arrays) demandChanged() { signal(a.wake) }

// run follows the arrays until ctx is done, whatever becomes of connections.
func (a *arrays) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		}
		a.mu.Lock()
		list := slices.Clone(a.list)
		a.mu.Unlock()
		a.r.sink.State(shm.TopicArrays, list)
	}
}

// decodeArrays turns what a process declares of its arrays into Arrays, in the
// order of their names. What makes no sense is left out, with a note.
func decodeArrays(v pickle.Value) (shm.Arrays, []note) {
	list := shm.Arrays{}
	if v == nil {
		return list, nil
	}
	d, ok := v.(*pickle.Dict)
	if !ok {
		return list, []note{{"arrays", fmt.Sprintf("The process sent %s instead of a dict for its arrays; none are shown", kindOf(v))}}
	}
	var notes []note
	for _, e := range d.Entries {
		name, ok := e.Key.(string)
		if !ok || !wireName.MatchString(name) {
			notes = append(notes, note{"arrays", fmt.Sprintf("The process shares an array under %s, which is no name: letters, digits and _ . : - will do; it is left out", kindOf(e.Key))})
			continue
		}
		if len(list) == maxArrays {
			notes = append(notes, note{"arrays.many", fmt.Sprintf("The process shares %d arrays; the first %d are shown", d.Len(), maxArrays)})
			break
		}
		info, err := decodeArray(name, e.Value)
		if err != nil {
			notes = append(notes, note{"arrays." + name, fmt.Sprintf("The array %q is left out: %v", name, err)})
			continue
		}
		list = append(list, info)
	}
	shm.SortArrays(list)
	return list, notes
}

var (
	segmentName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	generation  = regexp.MustCompile(`^[0-9a-f]{16}$`)
)

// decodeArray decodes what is declared of one array. An error says which of what
// cannot be done without is wrong; of the rest what makes no sense is ignored.
func decodeArray(name string, v pickle.Value) (info shm.ArrayInfo, err error) {
	d, ok := v.(*pickle.Dict)
	if !ok {
		return info, fmt.Errorf("it is described by %s instead of a dict", kindOf(v))
	}
	get := func(key string) pickle.Value { v, _ := d.Get(key); return v }
	text := func(key string, most int) string { s, _ := get(key).(string); return clip(s, most) }

	info = shm.ArrayInfo{Name: name}
	if info.Shm, ok = get("shm").(string); !ok || !segmentName.MatchString(info.Shm) {
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
		return info, fmt.Errorf("its records have %d fields, %d are allowed", len(t.Fields), maxFields)
	}
	if t.Kind == 'V' {
		for _, f := range t.Fields {
			field := shm.ArrayField{Name: clip(f.Name, maxArrayTitle)}
			if f.Type.Base != nil {
				field.Descr, field.Shape = f.Type.Base.Descr(), f.Type.Shape
			} else {
				field.Descr = f.Type.Descr()
			}
			info.Fields = append(info.Fields, field)
		}
	}
	if len(info.Fields) == 0 {
		info.Descr = t.Descr()
	}
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
	info.Title = text("title", maxArrayTitle)
	switch role := text("role", maxArrayWord); role {
	case "rgb":
		// The viewer takes colour for colour only where it can be that.
		if ndim > 0 && (info.Shape[ndim-1] == 3 || info.Shape[ndim-1] == 4) {
			info.Role = role
		}
	case "labels", "table":
		info.Role = role
	}
	info.Colormap = text("colormap", maxArrayTitle)
	if lim := numbers(get("limits"), 2); lim != nil && lim[0] <= lim[1] {
		info.Limits = &[2]float64{lim[0], lim[1]}
	}
	info.Unit = text("unit", maxArrayWord)
	info.Layer = text("layer", maxArrayWord)
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

// words returns n texts, nil if v is anything else. None is "".
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
		out[i] = clip(s, maxArrayWord)
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
