// Package points makes of many points what Neuroglancer's client loads bit by bit: the files of a precomputed
// collection of annotations. The client first draws a few thousand points from all over, and the others as
// somebody comes closer. Nothing is written: a sorted copy of the points is kept, and each file is a piece of it.
//
//	set, err := points.New(geometry, points.Space{Axes: axes})
//	data, ok := set.File("s0/0_0_0")
//
// The package knows neither HTTP nor sources.
package points

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"webmon/shm"
)

// Bounds of a collection.
const (
	// perCell is how many points a cell of a level has, about.
	perCell       = 4096
	maxLevels     = 20 // the last one has all that is left
	maxGrid       = 1 << 20
	maxProperties = 24
	maxSteps      = 4096 // of time, each of which has cells of its own
)

// Axis is an axis of the space in which the points lie, in the order in which they go out.
type Axis struct {
	Name  string
	Scale float64 // of a voxel, in Unit
	Unit  string  // that the client knows, or ""
	From  int     // which axis of the geometry it is
	// Steps says that points are seen at one place of the axis at a time, as with time.
	Steps bool
}

// Space is the space in which the points lie.
type Space struct {
	Axes []Axis
	// Matrix leads from the geometry's positions, in the order of Axes, to where the points lie: a row for each
	// axis, with a number for each axis and one to add. nil: they lie where they are.
	Matrix [][]float64
}

// Set is a collection of points. It does not change, and is safe for concurrent use.
type Set struct {
	Count   int // points
	LeftOut int // points that lie nowhere, because a coordinate is not finite

	info    []byte
	stride  int      // bytes of a point
	records []byte   // of all points, level by level and cell by cell, in the cells at random
	ids     []uint32 // of the points in that order
	places  []uint32 // where each id is; none stands for a point that was left out
	levels  []level
}

const none = math.MaxUint32

type level struct {
	grid  []int
	cells []cell // by their keys
}

type cell struct {
	key         uint64 // its number, the first axis being the slowest
	first, last uint32 // points, last not included
}

// property is a value of each point.
type property struct {
	id, kind string
	size     int
	align    int
	data     []byte
	step     int // bytes from one vertex to the next
}

// New makes a collection of the vertices of a geometry. Its attributes become properties.
func New(g *shm.Geometry, space Space) (*Set, error) {
	rank := len(space.Axes)
	if g == nil || g.Rank < 1 || rank < 1 || len(g.Positions)%g.Rank != 0 || len(g.Positions)/g.Rank >= none {
		return nil, errors.New("these are no points")
	}
	for _, a := range space.Axes {
		if a.From < 0 || a.From >= g.Rank {
			return nil, fmt.Errorf("the points have no axis %d", a.From)
		}
	}
	count := len(g.Positions) / g.Rank
	properties := propertiesOf(g.Attributes, count)
	s := &Set{places: make([]uint32, count)}
	at := make([]float32, 0, count*rank)
	var ids []uint32
	lower, upper := make([]float64, rank), make([]float64, rank)
	for i := range rank {
		lower[i], upper[i] = math.Inf(1), math.Inf(-1)
	}
	point := make([]float64, rank)
	for k := range count {
		s.places[k] = none
		finite := true
		for i := range point {
			point[i] = space.place(g.Positions[k*g.Rank:], i)
			finite = finite && math.Abs(point[i]) < 1e30 // and is a number
		}
		if !finite {
			s.LeftOut++
			continue
		}
		ids = append(ids, uint32(k))
		for i, x := range point {
			f := float32(x)
			at = append(at, f)
			lower[i], upper[i] = min(lower[i], float64(f)), max(upper[i], float64(f))
		}
	}
	s.Count = len(ids)
	for i := range rank {
		if s.Count == 0 {
			lower[i], upper[i] = 0, 1
		}
		// The bounds hold all points, also the last one, and are no thinner than a voxel.
		lower[i] = math.Floor(lower[i])
		upper[i] = max(math.Floor(upper[i])+1, lower[i]+1)
	}
	order := s.sort(at, ids, lower, upper, space.Axes)
	s.encode(order, at, ids, rank, properties)
	return s, s.describe(lower, upper, space.Axes, properties)
}

// place is where a vertex lies on an axis.
func (s *Space) place(vertex []float32, i int) float64 {
	if s.Matrix == nil {
		return float64(vertex[s.Axes[i].From])
	}
	row := s.Matrix[i]
	x := row[len(s.Axes)]
	for j, a := range s.Axes {
		x += row[j] * float64(vertex[a.From])
	}
	return x
}

// sort puts points into levels and cells, and returns their order. at and ids are those of the points.
func (s *Set) sort(at []float32, ids []uint32, lower, upper []float64, axes []Axis) []uint32 {
	rank := len(axes)
	random := rand.New(rand.NewPCG(0x706f696e7473, uint64(len(ids)))) // the same points, the same collection
	left := make([]uint32, len(ids))
	for i := range left {
		left[i] = uint32(i)
	}
	random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
	grid := make([]int, rank)
	for i, a := range axes {
		grid[i] = 1
		if n := upper[i] - lower[i]; a.Steps && n <= maxSteps {
			grid[i] = int(n)
		}
	}
	order := make([]uint32, 0, len(left))
	keys := make([]uint64, len(left))
	for {
		counts := map[uint64]int{}
		most := 0
		for i, p := range left {
			key := uint64(0)
			for k, n := range grid {
				c := int((float64(at[int(p)*rank+k]) - lower[k]) / (upper[k] - lower[k]) * float64(n))
				key = key*uint64(n) + uint64(min(max(c, 0), n-1))
			}
			keys[i] = key
			counts[key]++
			most = max(most, counts[key])
		}
		finer := halved(grid, lower, upper, axes)
		last := most <= perCell || len(s.levels) == maxLevels-1 || finer == nil
		part := perCell / float64(max(most, 1))
		type chosen struct {
			key   uint64
			point uint32
		}
		var now []chosen
		kept := left[:0]
		for i, p := range left {
			if last || random.Float64() < part {
				now = append(now, chosen{keys[i], p})
			} else {
				kept = append(kept, p)
			}
		}
		left = kept
		slices.SortStableFunc(now, func(a, b chosen) int {
			switch {
			case a.key < b.key:
				return -1
			case a.key > b.key:
				return 1
			}
			return 0
		})
		l := level{grid: slices.Clone(grid)}
		for _, c := range now {
			n := uint32(len(order))
			if len(l.cells) == 0 || l.cells[len(l.cells)-1].key != c.key {
				l.cells = append(l.cells, cell{c.key, n, n})
			}
			l.cells[len(l.cells)-1].last++
			order = append(order, c.point)
		}
		s.levels = append(s.levels, l)
		if last {
			return order
		}
		grid = finer
	}
}

// halved is the grid of the next level: cells are halved on the axes on which they are long, so that they come
// to be as wide as they are long. nil: they cannot be halved any more.
func halved(grid []int, lower, upper []float64, axes []Axis) []int {
	long := 0.0
	size := func(i int) float64 { return (upper[i] - lower[i]) / float64(grid[i]) * axes[i].Scale }
	can := func(i int) bool { return grid[i] < maxGrid && !(axes[i].Steps && upper[i]-lower[i] <= maxSteps) }
	total := 1.0
	for i := range grid {
		total *= float64(grid[i])
		if can(i) {
			long = max(long, size(i))
		}
	}
	out := slices.Clone(grid)
	changed := false
	for i := range grid {
		if total < 1<<60 && can(i) && size(i) > long/math.Sqrt2-1e-9*long {
			out[i] *= 2
			total *= 2
			changed = true
		}
	}
	if !changed || total >= 1<<62 {
		return nil
	}
	return out
}

var types = map[string]struct {
	kind  string
	align int
}{
	"|u1": {"uint8", 1}, "|i1": {"int8", 1}, "<u2": {"uint16", 2}, "<i2": {"int16", 2}, "<u4": {"uint32", 4}, "<i4": {"int32", 4}, "<f4": {"float32", 4},
}

// propertiesOf are the properties that attributes become. Colours are three or four bytes; of other attributes with
// several numbers each becomes a property.
func propertiesOf(list []shm.Attribute, count int) (out []property) {
	used := map[string]bool{}
	for _, a := range list {
		t, ok := types[a.Descr]
		if !ok || a.Components < 1 || len(a.Data) != count*a.Components*t.align {
			continue
		}
		id := Identifier(a.Name)
		step := a.Components * t.align
		if a.Descr == "|u1" && (a.Components == 3 || a.Components == 4) {
			t.kind = map[int]string{3: "rgb", 4: "rgba"}[a.Components]
			if !used[id] && len(out) < maxProperties {
				used[id] = true
				out = append(out, property{id, t.kind, a.Components, 1, a.Data, step})
			}
			continue
		}
		for i := range a.Components {
			name := id
			if a.Components > 1 {
				name += "_" + strconv.Itoa(i)
			}
			if used[name] || len(out) == maxProperties {
				continue
			}
			used[name] = true
			out = append(out, property{name, t.kind, t.align, t.align, a.Data[min(i*t.align, len(a.Data)):], step})
		}
	}
	return out
}

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9_]+`)

// Identifier is a name as the client takes it for a property.
func Identifier(name string) string {
	name = notInNames.ReplaceAllString(name, "_")
	name = strings.TrimLeft(name, "_0123456789")
	if name == "" {
		return "value"
	}
	name = strings.ToLower(name[:1]) + name[1:]
	return name[:min(len(name), 40)]
}

// encode writes the points in their order.
func (s *Set) encode(order []uint32, at []float32, ids []uint32, rank int, properties []property) {
	sorted := slices.Clone(properties)
	slices.SortStableFunc(sorted, func(a, b property) int { return b.align - a.align })
	s.stride = 4 * rank
	for _, p := range sorted {
		s.stride += p.size
	}
	s.stride = (s.stride + 3) / 4 * 4
	s.records = make([]byte, len(order)*s.stride)
	s.ids = make([]uint32, len(order))
	for i, p := range order {
		r := s.records[i*s.stride:]
		for k := range rank {
			binary.LittleEndian.PutUint32(r[4*k:], math.Float32bits(at[int(p)*rank+k]))
		}
		o := 4 * rank
		id := ids[p]
		for _, q := range sorted {
			copy(r[o:o+q.size], q.data[int(id)*q.step:])
			o += q.size
		}
		s.ids[i] = id
		s.places[id] = uint32(i)
	}
}

// describe writes what the collection is.
func (s *Set) describe(lower, upper []float64, axes []Axis, properties []property) error {
	type spec struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	type spatial struct {
		Key   string    `json:"key"`
		Grid  []int     `json:"grid_shape"`
		Chunk []float64 `json:"chunk_size"`
		Limit int       `json:"limit"`
	}
	specs := []spec{}
	for _, p := range properties {
		specs = append(specs, spec{p.id, p.kind})
	}
	var levels []spatial
	for i, l := range s.levels {
		chunk := make([]float64, len(axes))
		for k, n := range l.grid {
			chunk[k] = (upper[k] - lower[k]) / float64(n)
		}
		// By the limit the client knows how dense the points are, and so how many of a cell to draw. It draws none of a
		// few that are said to be many.
		most := uint32(1)
		for _, c := range l.cells {
			most = max(most, c.last-c.first)
		}
		levels = append(levels, spatial{"s" + strconv.Itoa(i), l.grid, chunk, int(most)})
	}
	var dimensions strings.Builder // whose order counts
	for i, a := range axes {
		b, err := json.Marshal([]any{a.Scale, a.Unit})
		if err != nil {
			return err
		}
		name, _ := json.Marshal(a.Name)
		if i > 0 {
			dimensions.WriteByte(',')
		}
		dimensions.Write(name)
		dimensions.WriteByte(':')
		dimensions.Write(b)
	}
	b, err := json.Marshal(struct {
		Type          string          `json:"@type"`
		Dimensions    json.RawMessage `json:"dimensions"`
		Lower         []float64       `json:"lower_bound"`
		Upper         []float64       `json:"upper_bound"`
		Kind          string          `json:"annotation_type"`
		Properties    []spec          `json:"properties"`
		Relationships []spec          `json:"relationships"`
		ByID          struct {
			Key string `json:"key"`
		} `json:"by_id"`
		Spatial []spatial `json:"spatial"`
	}{
		Type: "neuroglancer_annotations_v1", Dimensions: []byte("{" + dimensions.String() + "}"), Lower: lower, Upper: upper, Kind: "point",
		Properties: specs, Relationships: []spec{}, ByID: struct {
			Key string `json:"key"`
		}{"id"}, Spatial: levels,
	})
	s.info = b
	return err
}

// Bytes is how much memory the collection takes.
func (s *Set) Bytes() int64 {
	n := int64(len(s.info) + len(s.records) + 4*len(s.ids) + 4*len(s.places) + 256)
	for _, l := range s.levels {
		n += int64(len(l.cells))*16 + 64
	}
	return n
}

// File returns a file of the collection by its path: "info", "s<level>/<cell>", where the cell is its place on
// each axis with _ between, or "id/<number of a vertex>". It reports false if there is none. A cell of the grid
// without a point is a list of none.
func (s *Set) File(path string) ([]byte, bool) {
	if path == "info" {
		return s.info, true
	}
	dir, name, ok := strings.Cut(path, "/")
	if !ok {
		return nil, false
	}
	if dir == "id" {
		id, ok := number(name)
		if !ok || id >= len(s.places) || s.places[id] == none {
			return nil, false
		}
		o := int(s.places[id]) * s.stride
		return s.records[o : o+s.stride], true
	}
	digits, ok := strings.CutPrefix(dir, "s")
	n, fine := number(digits)
	if !ok || !fine || n >= len(s.levels) {
		return nil, false
	}
	l := s.levels[n]
	parts := strings.Split(name, "_")
	if len(parts) != len(l.grid) {
		return nil, false
	}
	key := uint64(0)
	for i, part := range parts {
		c, ok := number(part)
		if !ok || c >= l.grid[i] {
			return nil, false
		}
		key = key*uint64(l.grid[i]) + uint64(c)
	}
	i, found := slices.BinarySearchFunc(l.cells, key, func(c cell, key uint64) int {
		switch {
		case c.key < key:
			return -1
		case c.key > key:
			return 1
		}
		return 0
	})
	if !found {
		return make([]byte, 8), true
	}
	c := l.cells[i]
	count := int(c.last - c.first)
	out := make([]byte, 0, 8+count*(s.stride+8))
	out = binary.LittleEndian.AppendUint64(out, uint64(count))
	out = append(out, s.records[int(c.first)*s.stride:int(c.last)*s.stride]...)
	for _, id := range s.ids[c.first:c.last] {
		out = binary.LittleEndian.AppendUint64(out, uint64(id))
	}
	return out, true
}

// number reads a number as it is written in a path.
func number(text string) (int, bool) {
	if text == "" || len(text) > 10 || len(text) > 1 && text[0] == '0' {
		return 0, false
	}
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
