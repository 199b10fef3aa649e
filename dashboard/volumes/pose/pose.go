// Package pose leads from where napari looks to where a view of Neuroglancer's client looks, and back. It
// knows numbers alone: neither processes nor the client's states.
//
//	n, err := pose.Parse(dims, camera)
//	moves := pose.Follow(n, v)      // what the view has to become
//	settings := pose.Lead(n, v)     // what the controls of napari have to become
//
// napari's coordinates are those of the middles of pixels, in the units of its world; a view's position counts
// voxels of its dimensions from their corners. Axes are the same if they have the same name. Of an axis whose unit differs from
// the dimension's nothing is known, and it is left alone.
//
// On both sides three directions say how it is turned: right, down, and into the screen. napari can show the
// world as in a mirror, and by default does so in 3-D, which no rotation can. The view then has what is right and what is down
// as napari has it, and looks from behind.
package pose

import (
	"errors"
	"fmt"
	"math"

	"webmon/shm"
)

// Bounds of what a process says.
const (
	maxAxes  = 32
	maxText  = 200
	farthest = 1e30 // as far as napari goes
)

// ErrOld says that the process does not tell how its axes lie.
var ErrOld = errors.New("the package webmon in that process is too old to tell where napari looks: update it")

// Axis is an axis of napari's world.
type Axis struct {
	Name  string  // as volumes have it
	Scale float64 // of one of the world's units, in Unit
	Unit  string  // "m", "s", "Hz", "rad/s" or "", as dimensions have it
	Shift float64 // from napari's coordinates to those of volumes, in the world's units
	Point float64 // where the slider is
	Start float64 // of the slider
	Step  float64 // between two of its places
	Steps int     // how many places it has
}

// Napari is where a napari looks.
type Napari struct {
	Axes   []Axis
	Units  []string // of the axes, as napari writes them; nil: it has none
	Shown  []int    // the axes on the screen: two or three of them
	Center []float64
	Right  []float64 // of length 1, along Shown
	Down   []float64
	Zoom   float64 // pixels of the canvas to one of the world's units
	Rows   float64 // pixels of the canvas from top to bottom
}

// Dim is a dimension of a view.
type Dim struct {
	Name  string
	Scale float64 // of a voxel, in Unit
	Unit  string
}

// View is where a view of the client looks.
type View struct {
	Dims     []Dim
	Display  []int     // the dimensions in its pictures: up to three; nil: the first three
	Position []float64 // of the dimensions, in voxels; it may be shorter
	// Of the smallest voxels: to a pixel of a cross section, and from the top of the projection to its bottom. 0: unknown.
	CrossScale, ProjectionScale float64
}

// Moves are what a view has to become. What is 0 or nil stays as it is.
type Moves struct {
	Position                    map[string]float64 // by dimension, in voxels
	CrossScale, ProjectionScale float64
	// Quaternions x, y, z, w: the first has w at 0 or above.
	CrossOrientation, ProjectionOrientation *[4]float64
}

// Setting is a value for a control of napari.
type Setting struct {
	Control string
	Value   float64
}

// Parse reads the states "dims" and "camera" of a process. Scales are 1, and units "": the caller knows them. Its error says what of
// it makes no sense, or is ErrOld.
func Parse(dims, camera shm.Value) (*Napari, error) {
	d, okDims := dims.(map[string]shm.Value)
	c, okCamera := camera.(map[string]shm.Value)
	if !okDims || !okCamera {
		return nil, errors.New("the process has not told where napari looks")
	}
	if d["shift"] == nil || d["axes"] == nil || c["right"] == nil {
		return nil, ErrOld
	}
	n := &Napari{}
	names, err := texts(d, "axes")
	if err != nil {
		return nil, err
	}
	rank := len(names)
	var lists [4][]float64
	for i, key := range []string{"shift", "point", "nsteps", "displayed"} {
		if lists[i], err = numbers(key, d[key]); err != nil {
			return nil, err
		}
		if key != "displayed" && len(lists[i]) != rank {
			return nil, fmt.Errorf("napari's %s has %d numbers for %d axes", key, len(lists[i]), rank)
		}
	}
	ranges, ok := d["range"].([]shm.Value)
	if !ok || len(ranges) != rank {
		return nil, fmt.Errorf("napari's range is not for its %d axes", rank)
	}
	for i, name := range names {
		limits, err := numbers("range", ranges[i])
		if err != nil {
			return nil, err
		}
		if len(limits) != 3 {
			return nil, errors.New("a range of napari's has not three numbers")
		}
		steps := max(0, min(lists[2][i], 1<<31))
		n.Axes = append(n.Axes, Axis{
			Name: name, Scale: 1, Shift: lists[0][i], Point: lists[1][i], Start: limits[0], Step: limits[2], Steps: int(steps),
		})
	}
	if d["units"] != nil {
		if n.Units, err = texts(d, "units"); err != nil {
			return nil, err
		}
		if len(n.Units) != rank {
			return nil, fmt.Errorf("napari has %d units for %d axes", len(n.Units), rank)
		}
	}
	seen := map[int]bool{}
	for _, x := range lists[3] {
		i := int(x)
		if float64(i) != x || i < 0 || i >= rank || seen[i] {
			return nil, fmt.Errorf("napari displays an axis %g that it does not have", x)
		}
		seen[i] = true
		n.Shown = append(n.Shown, i)
	}
	shown := len(n.Shown)
	if shown != 2 && shown != 3 {
		return nil, fmt.Errorf("napari displays %d axes", shown)
	}
	if n.Center, err = numbers("center", c["center"]); err != nil {
		return nil, err
	}
	if len(n.Center) < shown {
		return nil, errors.New("napari's camera has no centre")
	}
	n.Center = n.Center[len(n.Center)-shown:]
	for key, into := range map[string]*[]float64{"right": &n.Right, "down": &n.Down} {
		v, err := numbers(key, c[key])
		if err != nil {
			return nil, err
		}
		if len(v) != shown {
			// The camera is told before the dims, or after them.
			return nil, fmt.Errorf("what is %s on napari's canvas is not for the %d axes there", key, shown)
		}
		*into = v
	}
	canvas, err := numbers("canvas", c["canvas"])
	if err != nil {
		return nil, err
	}
	if len(canvas) == 2 {
		n.Rows = canvas[0]
	}
	if n.Zoom, ok = number(c["zoom"]); !ok || n.Zoom <= 0 {
		return nil, errors.New("napari's zoom is no number above 0")
	}
	return n, nil
}

func texts(m map[string]shm.Value, key string) ([]string, error) {
	list, ok := m[key].([]shm.Value)
	if !ok || len(list) > maxAxes {
		return nil, fmt.Errorf("napari's %s are no list of up to %d texts", key, maxAxes)
	}
	out := make([]string, len(list))
	for i, v := range list {
		if out[i], ok = v.(string); !ok || len(out[i]) > maxText {
			return nil, fmt.Errorf("napari's %s are no list of texts", key)
		}
	}
	return out, nil
}

func number(v shm.Value) (float64, bool) {
	x, ok := shm.Number(v)
	return x, ok && math.Abs(x) <= farthest // and not NaN
}

func numbers(key string, v shm.Value) ([]float64, error) {
	list, ok := v.([]shm.Value)
	if !ok || len(list) > maxAxes {
		return nil, fmt.Errorf("napari's %s is no list of up to %d numbers", key, maxAxes)
	}
	out := make([]float64, len(list))
	for i, v := range list {
		if out[i], ok = number(v); !ok {
			return nil, fmt.Errorf("napari's %s is no list of finite numbers", key)
		}
	}
	return out, nil
}

// dim finds the dimension of a view that is an axis of napari's, -1 if none is.
func (v *View) dim(a *Axis) int {
	for i, d := range v.Dims {
		if d.Name == a.Name && d.Unit == a.Unit && d.Scale > 0 && a.Scale > 0 {
			return i
		}
	}
	return -1
}

// Common reports whether the two have an axis in common.
func Common(n *Napari, v *View) bool {
	for i := range n.Axes {
		if v.dim(&n.Axes[i]) >= 0 {
			return true
		}
	}
	return false
}

func (v *View) display() []int {
	if len(v.Display) > 0 {
		return v.Display[:min(3, len(v.Display))]
	}
	var out []int
	for i := range min(3, len(v.Dims)) {
		out = append(out, i)
	}
	return out
}

// voxel is the size of the smallest voxels of a view, by which its scales count.
func (v *View) voxel() float64 {
	least := math.Inf(1)
	for _, i := range v.display() {
		least = min(least, v.Dims[i].Scale)
	}
	return least
}

// unit is the size of one of the world's units in those of the view: of the axis that goes furthest to the right of the list of those on the
// screen, which napari's zoom is about. 0 if the view has none of them.
func (n *Napari) unit(v *View) float64 {
	for i := len(n.Shown) - 1; i >= 0; i-- {
		if a := &n.Axes[n.Shown[i]]; v.dim(a) >= 0 {
			return a.Scale
		}
	}
	return 0
}

// at is where napari looks on an axis, in its coordinates.
func (n *Napari) at(axis int) float64 {
	for place, shown := range n.Shown {
		if shown == axis {
			return n.Center[place]
		}
	}
	return n.Axes[axis].Point
}

// Follow returns what a view has to become to look where napari does.
func Follow(n *Napari, v *View) Moves {
	m := Moves{Position: map[string]float64{}}
	for i := range n.Axes {
		a := &n.Axes[i]
		k := v.dim(a)
		if k < 0 {
			continue
		}
		if x := (n.at(i) + a.Shift) * a.Scale / v.Dims[k].Scale; finite(x) {
			m.Position[a.Name] = x
		}
	}
	voxel, unit := v.voxel(), n.unit(v)
	turned := n.turned(v)
	if len(n.Shown) == 3 {
		m.ProjectionOrientation = turned
		if x := n.Rows / n.Zoom * unit / voxel; x > 0 && finite(x) {
			m.ProjectionScale = x
		}
		return m
	}
	m.CrossOrientation = turned
	if x := unit / n.Zoom / voxel; x > 0 && finite(x) {
		m.CrossScale = x
	}
	return m
}

// turned is how the pictures of a view have to be turned, nil if not all axes on napari's screen are in them.
func (n *Napari) turned(v *View) *[4]float64 {
	display := v.display()
	var right, down [3]float64
	for place, axis := range n.Shown {
		k := -1
		for j, dim := range display {
			if dim == v.dim(&n.Axes[axis]) {
				k = j
			}
		}
		if k < 0 {
			return nil
		}
		right[k], down[k] = n.Right[place], n.Down[place]
	}
	q, ok := quaternion(right, down)
	if !ok {
		return nil
	}
	return &q
}

// quaternion is the rotation that leads from the view's right and down to two directions of the world.
func quaternion(right, down [3]float64) (q [4]float64, ok bool) {
	// Exactly at a right angle, and of length 1.
	lr := math.Sqrt(dot(right, right))
	if !(lr > 1e-6) {
		return q, false
	}
	for i := range right {
		right[i] /= lr
	}
	along := dot(right, down)
	for i := range down {
		down[i] -= along * right[i]
	}
	ld := math.Sqrt(dot(down, down))
	if !(ld > 1e-6) {
		return q, false
	}
	for i := range down {
		down[i] /= ld
	}
	into := cross(right, down)
	// The columns of a matrix; the largest of the four is found first, so that nothing is divided by almost 0.
	xx, yy, zz := right[0], down[1], into[2]
	four := [4]float64{1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz, 1 + xx + yy + zz}
	most := 3
	for i, x := range four {
		if x > four[most]+1e-9 {
			most = i
		}
	}
	yx, xy := right[1], down[0]
	zx, xz := right[2], into[0]
	zy, yz := down[2], into[1]
	switch most {
	case 0:
		q = [4]float64{four[0], yx + xy, zx + xz, zy - yz}
	case 1:
		q = [4]float64{yx + xy, four[1], zy + yz, xz - zx}
	case 2:
		q = [4]float64{zx + xz, zy + yz, four[2], yx - xy}
	default:
		q = [4]float64{zy - yz, xz - zx, yx - xy, four[3]}
	}
	by := 2 * math.Sqrt(four[most])
	if q[3] < 0 {
		by = -by
	}
	for i := range q {
		if q[i] = q[i] / by; q[i] == 0 {
			q[i] = 0 // and not -0
		}
	}
	return q, true
}

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

func finite(x float64) bool { return math.Abs(x) <= farthest }

// Lead returns what napari's controls have to become for it to look where a view does: the centre along the axes on its screen, the
// sliders of the others, and the zoom, that of the cross sections in 2-D and that of the projection in 3-D.
func Lead(n *Napari, v *View) []Setting {
	var out []Setting
	place := map[int]int{}
	for p, axis := range n.Shown {
		place[axis] = p
	}
	for i := range n.Axes {
		a := &n.Axes[i]
		k := v.dim(a)
		if k < 0 || k >= len(v.Position) {
			continue
		}
		x := v.Position[k]*v.Dims[k].Scale/a.Scale - a.Shift
		if !finite(x) {
			continue
		}
		if p, ok := place[i]; ok {
			out = append(out, Setting{fmt.Sprintf("camera.center.%d", p), x})
			continue
		}
		if a.Steps > 1 && a.Step > 0 {
			out = append(out, Setting{fmt.Sprintf("dims.%d", i), min(max(0, math.Round((x-a.Start)/a.Step)), float64(a.Steps-1))})
		}
	}
	voxel, unit := v.voxel(), n.unit(v)
	zoom := unit / (v.CrossScale * voxel)
	if len(n.Shown) == 3 {
		zoom = n.Rows * unit / (v.ProjectionScale * voxel)
	}
	if zoom > 0 && finite(zoom) {
		out = append(out, Setting{"camera.zoom", zoom})
	}
	return out
}

// Since returns what of the moves differs from earlier ones; the rest stays as people have made it since.
func (m Moves) Since(then Moves) Moves {
	out := Moves{Position: map[string]float64{}}
	for name, x := range m.Position {
		if before, ok := then.Position[name]; !ok || before != x {
			out.Position[name] = x
		}
	}
	if m.CrossScale != then.CrossScale {
		out.CrossScale = m.CrossScale
	}
	if m.ProjectionScale != then.ProjectionScale {
		out.ProjectionScale = m.ProjectionScale
	}
	turned := func(now, before *[4]float64) *[4]float64 {
		if now == nil || before != nil && *now == *before {
			return nil
		}
		return now
	}
	out.CrossOrientation = turned(m.CrossOrientation, then.CrossOrientation)
	out.ProjectionOrientation = turned(m.ProjectionOrientation, then.ProjectionOrientation)
	return out
}

// None reports whether nothing moves.
func (m Moves) None() bool {
	return len(m.Position) == 0 && m.CrossScale == 0 && m.ProjectionScale == 0 && m.CrossOrientation == nil && m.ProjectionOrientation == nil
}

// And returns the moves with later ones added.
func (m Moves) And(later Moves) Moves {
	out := Moves{Position: map[string]float64{}, CrossScale: m.CrossScale, ProjectionScale: m.ProjectionScale,
		CrossOrientation: m.CrossOrientation, ProjectionOrientation: m.ProjectionOrientation}
	for _, position := range []map[string]float64{m.Position, later.Position} {
		for name, x := range position {
			out.Position[name] = x
		}
	}
	if later.CrossScale > 0 {
		out.CrossScale = later.CrossScale
	}
	if later.ProjectionScale > 0 {
		out.ProjectionScale = later.ProjectionScale
	}
	if later.CrossOrientation != nil {
		out.CrossOrientation = later.CrossOrientation
	}
	if later.ProjectionOrientation != nil {
		out.ProjectionOrientation = later.ProjectionOrientation
	}
	return out
}
