package sections

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/dashboard/volumes/level"
	"webmon/natural"
	"webmon/shm"
)

const (
	maxPlane  = 16 << 20 // bytes that are read of one layer at once
	maxListed = 32       // layers of which the head of a picture tells
	maxDrawn  = 64       // layers that are drawn
)

// The planes: one lies below the canvas and has its axis to the right, the other lies right of it and has its axis down. Both
// cut the axis that the canvas has no room for.
const (
	below = "below"
	right = "right"
)

// slider is napari's control of an axis.
func slider(axis int) string { return "dims." + strconv.Itoa(axis) }

// scene is what a section shows, and of what it is made.
type scene struct {
	d       *dims
	u, v    int        // the axes to the right and down
	cut     int        // the axis that it goes across, where the crosshair is
	through []int      // axes that sections can go into; one of them is u or v
	u01     [2]float64 // from the left edge to the right one, in napari's coordinates
	v01     [2]float64
	rows    int
	cols    int
	layers  []layer
	canvas  [3]byte  // the colour on which napari draws
	left    []string // why something is not drawn: sentences
}

// layer is one of a scene, and the plane that is read of it.
type layer struct {
	id, name string
	info     shm.VolumeInfo
	labels   bool
	limits   *[2]float64
	colormap string
	gamma    float64
	opacity  float64
	blending string
	colors   string // names the table, "" for none
	table    *shm.ColorTable
	selected string // of labels: the only one that is drawn

	box     shm.Box
	size    int // bytes of the box
	key     string
	stride  []int // bytes, by axis of the volume
	samples int
	of      int   // stride of a sample
	across  []int // for each column of the section the byte in its row, -1 for none
	down    []int // for each row of the section the byte at which it begins, -1 for none
	at      []int // the voxel of level 0 under the crosshair, nil outside of the layer
	under   int   // the byte of that voxel in the box
	problem string
}

// sceneOf says what a plane of a source is made of, in at most most rows and columns. into is the name of the axis that the canvas
// has no room for; "" chooses one.
func sceneOf(src *source.Source, s *Sections, plane string, most int, into string) (*scene, error) {
	layers := src.Layers()
	if layers == nil {
		return nil, errors.New("cross sections need a napari that webmon.attach(viewer) has attached")
	}
	state, _, _ := src.State(shm.TopicDims)
	d, err := readDims(state)
	if err != nil {
		return nil, err
	}
	s.place(src, d)
	sc := &scene{d: d, through: d.through(), canvas: canvasOf(src)}
	if len(sc.through) == 0 {
		return nil, errors.New("napari's layers have two dimensions alone, so nothing lies behind the picture")
	}
	deep := sc.through[0]
	if i := d.named(into); i >= 0 && slices.Contains(sc.through, i) {
		deep = i
	}
	y, x := d.shown[len(d.shown)-2], d.shown[len(d.shown)-1]
	if plane == below {
		sc.u, sc.v, sc.cut = x, deep, y
	} else {
		sc.u, sc.v, sc.cut = deep, y, x
	}
	var placed []placed
	volumes := src.Volumes()
	colors := src.Colors()
	for _, l := range layers.List {
		if l.Kind != "image" && l.Kind != "labels" || !l.Visible {
			continue
		}
		i := slices.IndexFunc(volumes, func(v shm.VolumeInfo) bool { return v.Layer == l.ID && v.Kind.IsVoxels() })
		if i < 0 {
			continue
		}
		if len(placed) == maxDrawn {
			sc.left = append(sc.left, fmt.Sprintf("Only the lowest %d layers are drawn.", maxDrawn))
			break
		}
		p, why := placedOf(d, &volumes[i])
		if why != "" {
			sc.left = append(sc.left, natural.Clip(cmp.Or(l.Name, "Layer "+l.ID), 80)+": "+why)
			continue
		}
		p.layer = layer{
			id: l.ID, name: cmp.Or(l.Name, "Layer "+l.ID), info: volumes[i], labels: l.Kind == "labels", limits: l.Limits, colormap: l.Colormap,
			gamma: l.Gamma, opacity: l.Opacity, blending: l.Blending,
		}
		if d := l.Drawn; d != nil {
			p.limits, p.gamma, p.colors, p.selected = d.Limits, d.Gamma, d.Colors, d.Selection
			p.table = colors.Get(d.Colors)
		}
		placed = append(placed, p)
	}
	if len(placed) == 0 {
		if len(sc.left) > 0 {
			return nil, errors.New(sc.left[0])
		}
		return nil, errors.New("no visible layer is an image or labels")
	}
	if sc.u01, sc.cols = sc.extent(placed, sc.u, most); sc.cols == 0 {
		return nil, fmt.Errorf("no visible layer has the axis %s", d.axes[sc.u].name)
	}
	if sc.v01, sc.rows = sc.extent(placed, sc.v, most); sc.rows == 0 {
		return nil, fmt.Errorf("no visible layer has the axis %s", d.axes[sc.v].name)
	}
	for _, p := range placed {
		if l, ok := sc.draw(src, p); ok {
			sc.layers = append(sc.layers, l)
		}
	}
	return sc, nil
}

// canvasOf is the colour on which napari draws, black where it does not say.
func canvasOf(src *source.Source) (c [3]byte) {
	state, _, _ := src.State(shm.TopicCamera)
	m, _ := state.(map[string]shm.Value)
	if text, _ := m["background"].(string); len(text) == 7 && text[0] == '#' {
		if b, err := hex.DecodeString(text[1:]); err == nil {
			return [3]byte(b)
		}
	}
	return c
}

// line is how an axis of a volume lies along one of the world's: voxel i goes from corner + scale*i on.
type line struct {
	axis          int // of the world; -1 for the axis of colours
	corner, scale float64
}

// placed is a layer whose axes lie along those of the world.
type placed struct {
	layer
	lines []line // by axis of the volume
}

// placedOf says how the axes of a volume lie, or why they cannot be drawn: a sentence.
func placedOf(d *dims, v *shm.VolumeInfo) (p placed, why string) {
	rank := len(v.Shape)
	switch {
	case v.Problem != "":
		return p, v.Problem
	case rank == 0 || len(v.Axes) != rank || rank > maxAxes || v.Scale != nil && len(v.Scale) != rank || v.Corner != nil && len(v.Corner) != rank || v.Matrix != nil && len(v.Matrix) != rank:
		return p, "What the process says of its axes makes no sense."
	}
	for i, n := range v.Shape {
		if n < 1 || pixels.Count(v.Shape) >= 1<<62 {
			return p, "It has no voxels."
		}
		for _, c := range v.Levels {
			if len(c.Shape) != rank || c.Shape[i] < 1 || c.Shape[i] > n {
				return p, "A level of it makes no sense."
			}
		}
	}
	p.lines = make([]line, rank)
	found := make([]bool, rank)
	for i, name := range v.Axes {
		at := line{axis: d.named(name), scale: 1}
		from := i // the axis of the volume that runs along this one of the world
		if v.Matrix != nil {
			row := v.Matrix[i]
			if len(row) != rank+1 {
				return p, "What the process says of its axes makes no sense."
			}
			from = -1
			for j, x := range row[:rank] {
				if x == 0 {
					continue
				}
				if from >= 0 {
					return p, "It is turned or sheared, so a plane of it is none of its voxels."
				}
				from, at.scale = j, x
			}
			if from < 0 || found[from] {
				return p, "It is turned or sheared, so a plane of it is none of its voxels."
			}
			at.corner = row[rank]
		} else {
			if v.Scale != nil {
				at.scale = v.Scale[i]
			}
			if v.Corner != nil {
				at.corner = v.Corner[i]
			}
		}
		if !(math.Abs(at.scale) > 0 && math.Abs(at.scale) < farthest && math.Abs(at.corner) < farthest) {
			return p, "What the process says of its place makes no sense."
		}
		if v.RGB && i == v.Channels {
			at.axis = -1
		} else if at.axis < 0 {
			return p, "It has the axis " + natural.Clip(name, 40) + ", and napari has not."
		}
		p.lines[from], found[from] = at, true
	}
	return p, ""
}

// along is the axis of the volume that lies along one of the world, -1 for none.
func (p *placed) along(axis int) int {
	return slices.IndexFunc(p.lines, func(l line) bool { return l.axis == axis })
}

// extent is from where to where layers reach along an axis, in napari's coordinates, and how many rows or columns that is: as many
// as there are voxels of the finest layer, and not more than most.
func (sc *scene) extent(all []placed, axis, most int) (ends [2]float64, n int) {
	shift := sc.d.axes[axis].shift
	low, high, least := math.Inf(1), math.Inf(-1), math.Inf(1)
	for i := range all {
		j := all[i].along(axis)
		if j < 0 {
			continue
		}
		l := all[i].lines[j]
		far := l.corner + l.scale*float64(all[i].info.Shape[j])
		low, high = min(low, l.corner-shift, far-shift), max(high, l.corner-shift, far-shift)
		least = min(least, math.Abs(l.scale))
	}
	if !(high > low) {
		return ends, 0
	}
	return [2]float64{low, high}, int(min(max(math.Round((high-low)/least), 1), float64(most)))
}

// draw says which plane is read of a layer, and where its voxels are in the section. It is false if nothing of the layer lies there.
func (sc *scene) draw(src *source.Source, p placed) (layer, bool) {
	l := p.layer
	v := &l.info
	rank := len(v.Shape)
	cell := func(ends [2]float64, n int) float64 { return (ends[1] - ends[0]) / float64(n) }
	wide := map[int]float64{sc.u: cell(sc.u01, sc.cols), sc.v: cell(sc.v01, sc.rows)}
	// The coarsest level whose voxels are no larger than a pixel.
	shape := v.Shape
	for k := len(v.Levels); k > 0 && l.box.Level == 0; k-- {
		fits := true
		for j, at := range p.lines {
			w, in := wide[at.axis]
			fits = fits && (!in || math.Abs(at.scale)*float64(level.Factor(v.Shape[j], v.Levels[k-1].Shape[j])) <= w*(1+1e-6))
		}
		if fits {
			l.box.Level, shape = k, v.Levels[k-1].Shape
		}
	}
	l.box.From, l.box.To = make([]int, rank), make([]int, rank)
	fine := make([]int, rank) // the voxel of level 0 under the crosshair
	inside := true
	for j, at := range p.lines {
		l.box.To[j] = shape[j]
		if at.axis < 0 {
			continue
		}
		a := sc.d.axes[at.axis]
		i := math.Floor((a.point + a.shift - at.corner) / at.scale)
		if _, in := wide[at.axis]; in {
			inside = inside && i >= 0 && i < float64(v.Shape[j])
			fine[j] = int(min(max(i, 0), float64(v.Shape[j]-1)))
			continue
		}
		if !(i >= 0 && i < float64(v.Shape[j])) {
			return l, false // a slider stands outside of the layer
		}
		fine[j] = int(i)
		k := min(fine[j]/level.Factor(v.Shape[j], shape[j]), shape[j]-1)
		l.box.From[j], l.box.To[j] = k, k+1
	}
	l.samples = 1
	if v.RGB && v.Channels >= 0 && v.Channels < rank {
		l.samples = shape[v.Channels]
	}
	item, known := pixels.ItemBytes(&shm.ArrayInfo{Descr: v.Descr})
	sides := make([]int, rank)
	for j := range sides {
		sides[j] = l.box.To[j] - l.box.From[j]
	}
	if n := pixels.Count(sides); !known || item < 1 || n > maxPlane/item {
		l.problem = fmt.Sprintf("A plane of it has more than %d MiB at its coarsest level that fits the screen.", maxPlane>>20)
		return l, true
	}
	l.stride = make([]int, rank)
	l.size = item
	for j := rank - 1; j >= 0; j-- {
		l.stride[j] = l.size
		l.size *= sides[j]
	}
	if l.samples > 1 {
		l.of = l.stride[v.Channels]
	}
	bytes := func(axis int, ends [2]float64, n int) []int {
		out := make([]int, n)
		j := p.along(axis)
		if j < 0 {
			return out // the layer is the same all along the axis
		}
		at, a := p.lines[j], sc.d.axes[axis]
		by := level.Factor(v.Shape[j], shape[j])
		for k := range out {
			x := ends[0] + (float64(k)+0.5)*(ends[1]-ends[0])/float64(n)
			if i := math.Floor((x + a.shift - at.corner) / at.scale); i >= 0 && i < float64(v.Shape[j]) {
				out[k] = min(int(i)/by, shape[j]-1) * l.stride[j]
			} else {
				out[k] = -1
			}
		}
		return out
	}
	l.across, l.down = bytes(sc.u, sc.u01, sc.cols), bytes(sc.v, sc.v01, sc.rows)
	if inside {
		l.at = fine
		for j, at := range p.lines {
			if _, in := wide[at.axis]; in {
				l.under += min(fine[j]/level.Factor(v.Shape[j], shape[j]), shape[j]-1) * l.stride[j]
			}
		}
	}
	version := uint64(0)
	state, _, _ := src.State(shm.VolumeTopic(v.Name))
	if told, ok := state.(*shm.VolumeVersion); ok && told.Generation == v.Generation {
		version = told.Version + 1
	}
	l.key = fmt.Sprintf("%s %s %s %d %d %v %v", src.ID(), v.Name, v.Generation, version, l.box.Level, l.box.From, l.box.To)
	return l, true
}

// ofPixel is where in the world a pixel of a layer is, along the axes of the canvas.
func ofPixel(src *source.Source, d *dims, id string, pixel [2]float64) map[string]float64 {
	for _, v := range src.Volumes() {
		if v.Layer != id || !v.Kind.IsVoxels() {
			continue
		}
		p, why := placedOf(d, &v)
		if why != "" {
			return nil
		}
		at := map[string]float64{}
		for k, i := range d.shown[len(d.shown)-2:] {
			if j := p.along(i); j >= 0 {
				x := p.lines[j].corner + p.lines[j].scale*pixel[k] - d.axes[i].shift
				if math.Abs(x) < farthest {
					at[d.axes[i].name] = x
				}
			}
		}
		return at
	}
	return nil
}

// looks names everything that a picture of the scene depends on.
func (sc *scene) looks() string {
	var b strings.Builder
	fmt.Fprint(&b, sc.u, sc.v, sc.cut, sc.through, sc.u01, sc.v01, sc.rows, sc.cols, sc.left, sc.canvas)
	for _, a := range sc.d.axes {
		fmt.Fprint(&b, a, ";")
	}
	for i := range sc.layers {
		l := &sc.layers[i]
		fmt.Fprint(&b, l.id, l.name, l.key, l.labels, l.colormap, l.gamma, l.opacity, l.blending, l.colors, l.table != nil, l.selected, l.at, l.problem)
		if l.limits != nil {
			fmt.Fprint(&b, *l.limits)
		}
	}
	return b.String()
}
