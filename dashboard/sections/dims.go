package sections

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"webmon/dashboard/pixels"
	"webmon/shm"
)

const (
	maxAxes  = 32
	farthest = 1e30 // as far as napari goes
)

// axis is an axis of napari's world.
type axis struct {
	name        string  // as volumes have it
	unit        string  // as napari writes it, "" for none
	shift       float64 // from napari's coordinates to those of volumes
	point       float64 // where the slider is, in napari's coordinates
	start, step float64 // of the slider
	steps       int     // how many places it has
	shown       bool    // the axis is on the canvas, so its slider is not
}

// dims is where a napari stands.
type dims struct {
	axes []axis
	// shown are the axes on the canvas: down and right come last.
	shown []int
	order []int
}

// readDims reads the state "dims" of a process. Its error is a sentence for people.
func readDims(v shm.Value) (*dims, error) {
	m, ok := v.(map[string]shm.Value)
	if !ok {
		return nil, errors.New("the process has not told where napari's sliders are")
	}
	if m["shift"] == nil || m["axes"] == nil {
		return nil, errors.New("the package webmon in that process is too old to tell how napari's axes lie: update it")
	}
	names, _ := m["axes"].([]shm.Value)
	rank := len(names)
	if rank < 2 || rank > maxAxes {
		return nil, fmt.Errorf("napari has %d axes, and sections need 2 to %d", rank, maxAxes)
	}
	units, _ := m["units"].([]shm.Value)
	ranges, _ := m["range"].([]shm.Value)
	shift, point, steps := numbers(m["shift"]), numbers(m["point"]), numbers(m["nsteps"])
	if len(shift) != rank || len(point) != rank || len(steps) != rank || len(ranges) != rank {
		return nil, fmt.Errorf("what napari says of its sliders is not for its %d axes", rank)
	}
	d := &dims{}
	for i := range rank {
		limits := numbers(ranges[i])
		if len(limits) != 3 {
			return nil, errors.New("a range of napari's has not three numbers")
		}
		a := axis{shift: shift[i], point: point[i], start: limits[0], step: limits[2], steps: int(min(max(steps[i], 0), 1<<31))}
		a.name, _ = names[i].(string)
		if i < len(units) {
			a.unit, _ = units[i].(string)
		}
		if a.unit == "pixel" || a.unit == "dimensionless" {
			a.unit = ""
		}
		d.axes = append(d.axes, a)
	}
	if d.shown = indices(m["displayed"], rank); len(d.shown) < 2 || len(d.shown) > 3 {
		return nil, errors.New("napari does not say which axes it shows")
	}
	if d.order = indices(m["order"], rank); len(d.order) != rank {
		return nil, errors.New("napari does not say in which order its axes are")
	}
	for _, i := range d.shown {
		d.axes[i].shown = true
	}
	return d, nil
}

// numbers is a list of finite numbers, nil if v is anything else.
func numbers(v shm.Value) []float64 {
	list, _ := v.([]shm.Value)
	if len(list) > maxAxes {
		return nil
	}
	var out []float64
	for _, e := range list {
		x, ok := shm.Number(e)
		if !ok || math.IsNaN(x) || math.Abs(x) > farthest {
			return nil
		}
		out = append(out, x)
	}
	return out
}

// indices is a list of different axes, nil if v is anything else.
func indices(v shm.Value, rank int) []int {
	var out []int
	for _, x := range numbers(v) {
		i := int(min(max(x, -1), maxAxes))
		if float64(i) != x || i < 0 || i >= rank || slices.Contains(out, i) {
			return nil
		}
		out = append(out, i)
	}
	return out
}

// through are the axes that sections can go into beside the two of the canvas, the best one first: those of space before time and
// channels, and of these the last.
func (d *dims) through() []int {
	if len(d.shown) == 3 {
		return d.shown[:1]
	}
	var space, other []int
	for _, i := range slices.Backward(d.order) {
		switch a := d.axes[i]; {
		case a.shown || a.steps < 2:
		case pixels.IsTime(a.name) || a.name == "c" || a.name == "C" || a.name == "channel" || a.name == "channels":
			other = append(other, i)
		default:
			space = append(space, i)
		}
	}
	return append(space, other...)
}

// named is the axis with a name, -1 for none.
func (d *dims) named(name string) int {
	return slices.IndexFunc(d.axes, func(a axis) bool { return a.name == name })
}

// place reads from the state "camera" where in the world a place of the canvas is: x and y are shares of its width and
// height, from its top left. It is false in 3-D, and where nothing is known of the camera.
func (d *dims) place(camera shm.Value, x, y float64) (at map[string]float64, ok bool) {
	m, _ := camera.(map[string]shm.Value)
	center, right, down, canvas := numbers(m["center"]), numbers(m["right"]), numbers(m["down"]), numbers(m["canvas"])
	zoom, _ := shm.Number(m["zoom"])
	if len(d.shown) != 2 || len(center) < 2 || len(right) != 2 || len(down) != 2 || len(canvas) != 2 || !(zoom > 0) {
		return nil, false
	}
	center = center[len(center)-2:]
	at = map[string]float64{}
	for k, i := range d.shown {
		v := center[k] + ((x-0.5)*canvas[1]*right[k]+(y-0.5)*canvas[0]*down[k])/zoom
		if math.IsNaN(v) || math.Abs(v) > farthest {
			return nil, false
		}
		at[d.axes[i].name] = v
	}
	return at, true
}
