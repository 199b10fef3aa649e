// Package omezarr describes a volume as OME-Zarr, for programs that read nothing else: the files of
// metadata, in Zarr's formats 2 (OME 0.4) and 3 (OME 0.5) side by side, and which voxels a chunk has. Nothing is
// written: each file is made when it is asked for.
//
//	image, err := omezarr.New(omezarr.Volume{Title: "brain", Descr: "<u2", Axes: axes, Levels: levels})
//	file, ok := image.Find("0/c/0/1/2")
//	voxels := read(file.Level, file.From, file.To)
//	data, err := image.Chunk(file, voxels)
//
// The package knows neither HTTP nor sources.
package omezarr

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A chunk is 64 voxels long on each axis of space, longer where a volume is flat, and one voxel long on
// all other axes. It has at most as many voxels as a cube: 4 MiB of the largest ones.
const (
	chunkSide   = 64
	chunkVoxels = chunkSide * chunkSide * chunkSide
)

// Volume is what is described. What is given for each axis is in the volume's own order.
type Volume struct {
	Title string
	// Descr is the dtype in NumPy's notation, little-endian: "|b1", whole numbers of up to 8 bytes, floats of
	// 2, 4 and 8, complex numbers of 8 and 16.
	Descr  string
	Labels bool // the voxels are labels
	Axes   []Axis
	// Levels are from fine to coarse; the first one has all voxels.
	Levels []Level
	// RGB says that the axis of channels has colours.
	RGB bool
	// Window is between which values lie, and Range what is shown of them to begin with. nil where that is
	// not known.
	Window, Range *[2]float64
	// Affine is where the centre of voxel (i, j, ...) of the first level lies if OME cannot say it: a row for each
	// axis, with a last column that is added. nil where scales and origins say all.
	Affine [][]float64
}

// Kind says what an axis is.
type Kind string

// The kinds of axes.
const (
	Space    Kind = "space"
	Time     Kind = "time"
	Channels Kind = "channel"
	Other    Kind = ""
)

// Axis is an axis of a volume.
type Axis struct {
	Name string // unique
	Kind Kind
	Unit string // a name that OME knows, such as "micrometer"; "" for none
}

// Level is a resolution of a volume. Voxel (i, j, ...) has its centre at Origin + Scale*(i, j, ...), in the
// units of the axes.
type Level struct {
	Shape         []int
	Scale, Origin []float64
}

// Image is a volume as OME-Zarr. It does not change, and is safe for concurrent use.
type Image struct {
	v      Volume
	dtype  dtype
	order  []int   // of the volume's axes, as they go out
	shapes [][]int // of the levels, and below of their chunks, in that order
	chunks [][]int
}

// dtype is what Zarr calls a dtype.
type dtype struct {
	v3    string // as in zarr.json
	v2    string // as in .zarray
	size  int
	fill2 any // the fill values, which no chunk needs
	fill3 any
}

func dtypeOf(descr string) (d dtype, ok bool) {
	if len(descr) != 3 {
		return d, false
	}
	n := int(descr[2] - '0')
	d = dtype{v2: descr, size: n, fill2: 0, fill3: 0}
	switch bits := strconv.Itoa(8 * n); {
	case descr == "|b1":
		d.v3, d.fill2, d.fill3 = "bool", false, false
	case (descr[1] == 'u' || descr[1] == 'i') && (n == 1 && descr[0] == '|' || descr[0] == '<' && (n == 2 || n == 4 || n == 8)):
		d.v3 = map[byte]string{'u': "uint", 'i': "int"}[descr[1]] + bits
	case descr[:2] == "<f" && (n == 2 || n == 4 || n == 8):
		d.v3 = "float" + bits
	case descr[:2] == "<c" && n == 8:
		d.v3, d.fill2, d.fill3 = "complex64", nil, []int{0, 0}
	default:
		return d, false
	}
	return d, true
}

// New describes a volume. Its error is a sentence that says why it cannot be had as OME-Zarr.
func New(v Volume) (*Image, error) {
	m := &Image{v: v}
	var ok bool
	switch {
	case v.Descr == "<c16":
		m.dtype = dtype{v3: "complex128", v2: v.Descr, size: 16, fill3: []int{0, 0}}
	default:
		if m.dtype, ok = dtypeOf(v.Descr); !ok {
			return nil, fmt.Errorf("voxels of the dtype %s are none that Zarr has", v.Descr)
		}
	}
	var err error
	if m.order, err = order(v.Axes); err != nil {
		return nil, err
	}
	if len(v.Levels) == 0 {
		return nil, errors.New("the volume has no level")
	}
	for _, l := range v.Levels {
		if len(l.Shape) != len(v.Axes) || len(l.Scale) != len(v.Axes) || len(l.Origin) != len(v.Axes) {
			return nil, errors.New("a level of the volume is not for its axes")
		}
		shape := pick(l.Shape, m.order)
		m.shapes = append(m.shapes, shape)
		m.chunks = append(m.chunks, m.chunkOf(shape))
	}
	return m, nil
}

// order is in which order axes go out: OME wants time first, then one axis of channels or of anything else,
// then two or three of space.
func order(axes []Axis) ([]int, error) {
	of := map[Kind][]int{}
	for i, a := range axes {
		of[a.Kind] = append(of[a.Kind], i)
	}
	name := func(i int) string { return strconv.Quote(axes[i].Name) }
	names := func(list []int) string {
		var out []string
		for _, i := range list {
			out = append(out, name(i))
		}
		return strings.Join(out, " and ")
	}
	between := slices.Concat(of[Channels], of[Other])
	switch {
	case len(of[Space]) < 2 || len(of[Space]) > 3:
		return nil, fmt.Errorf("OME-Zarr is for images with two or three axes of space, and this volume has %d", len(of[Space]))
	case len(of[Time]) > 1:
		return nil, fmt.Errorf("OME-Zarr has one axis of time, and %s are both of time", names(of[Time]))
	case len(between) > 1:
		return nil, fmt.Errorf("OME-Zarr has room for one axis besides time and space, and this volume has %s", names(between))
	}
	return slices.Concat(of[Time], between, of[Space]), nil
}

func pick[T any](list []T, order []int) []T {
	out := make([]T, len(order))
	for i, k := range order {
		out[i] = list[k]
	}
	return out
}

// chunkOf is the shape of the chunks of a level, in the order of the image.
func (m *Image) chunkOf(shape []int) []int {
	chunk := make([]int, len(shape))
	voxels := 1
	for i, n := range shape {
		chunk[i] = 1
		if m.v.Axes[m.order[i]].Kind == Space {
			chunk[i] = max(1, min(n, chunkSide))
			voxels *= chunk[i]
		}
	}
	// Where an axis is short the others make up for it, the fastest first.
	for i := len(shape) - 1; i >= 0; i-- {
		for chunk[i] < shape[i] && m.v.Axes[m.order[i]].Kind == Space {
			longer := min(2*chunk[i], shape[i])
			if voxels/chunk[i]*longer > chunkVoxels {
				break
			}
			voxels = voxels / chunk[i] * longer
			chunk[i] = longer
		}
	}
	return chunk
}

// Order is which axis of the volume each axis of the image is.
func (m *Image) Order() []int { return slices.Clone(m.order) }

// File is a file of an image: metadata, or the voxels of a chunk.
type File struct {
	// Metadata is a JSON text; nil for a chunk.
	Metadata []byte
	Level    int
	// From and To are the box of the level that a chunk has of it, in the volume's order.
	From, To []int
}

// Find returns the file of a path below the image's address. It reports false if there is none.
func (m *Image) Find(path string) (f File, ok bool) {
	switch path {
	case "zarr.json":
		return metadata(m.group3()), true
	case ".zgroup":
		return metadata(object{"zarr_format": 2}), true
	case ".zattrs":
		return metadata(m.group2()), true
	}
	first, rest, ok := strings.Cut(path, "/")
	level, fine := whole(first)
	if !ok || !fine || level >= len(m.shapes) {
		return f, false
	}
	switch rest {
	case "zarr.json":
		return metadata(m.array3(level)), true
	case ".zarray":
		return metadata(m.array2(level)), true
	case ".zattrs":
		return metadata(object{"_ARRAY_DIMENSIONS": m.names()}), true
	}
	rest = strings.TrimPrefix(rest, "c/") // of format 3
	parts := strings.Split(rest, "/")
	if len(parts) != len(m.order) {
		return f, false
	}
	f = File{Level: level, From: make([]int, len(parts)), To: make([]int, len(parts))}
	for i, part := range parts {
		at, ok := whole(part)
		n, side := m.shapes[level][i], m.chunks[level][i]
		if !ok || at > (n-1)/side {
			return File{}, false
		}
		f.From[m.order[i]] = at * side
		f.To[m.order[i]] = min(at*side+side, n)
	}
	return f, true
}

// whole reads a number as it is written in a path: without a sign, and without zeros before it.
func whole(text string) (int, bool) {
	if text == "" || len(text) > 9 || len(text) > 1 && text[0] == '0' {
		return 0, false
	}
	n := 0
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// Size is how many bytes each chunk of a level has.
func (m *Image) Size(level int) int {
	n := m.dtype.size
	for _, side := range m.chunks[level] {
		n *= side
	}
	return n
}

// Chunk is the content of a chunk. voxels has its box in C order, with the axes in the volume's order. What
// lies beyond the volume is 0. voxels may be what is returned.
func (m *Image) Chunk(f File, voxels []byte) ([]byte, error) {
	rank := len(m.order)
	have := make([]int, rank) // of the box, in the volume's order
	want := m.dtype.size
	for i := range have {
		have[i] = f.To[i] - f.From[i]
		want *= have[i]
	}
	if len(voxels) != want {
		return nil, fmt.Errorf("a box of %d bytes came with %d", want, len(voxels))
	}
	chunk := m.chunks[f.Level]
	if slices.Equal(pick(have, m.order), chunk) && slices.IsSorted(m.order) {
		return voxels, nil
	}
	// How far apart voxels that follow each other on an axis of the image are, in the box and in the chunk.
	in, out := make([]int, rank), make([]int, rank)
	step := m.dtype.size
	for i := rank - 1; i >= 0; i-- {
		in[slices.Index(m.order, i)] = step
		step *= have[i]
	}
	step = m.dtype.size
	for i := rank - 1; i >= 0; i-- {
		out[i] = step
		step *= chunk[i]
	}
	data := make([]byte, step)
	sides := pick(have, m.order)
	last := rank - 1
	size := m.dtype.size
	index := make([]int, rank)
	for {
		from, to := 0, 0
		for i, k := range index[:last] {
			from += k * in[i]
			to += k * out[i]
		}
		if in[last] == size {
			copy(data[to:to+sides[last]*size], voxels[from:])
		} else {
			for range sides[last] {
				copy(data[to:to+size], voxels[from:from+size])
				from += in[last]
				to += size
			}
		}
		i := last - 1
		for ; i >= 0; i-- {
			if index[i]++; index[i] < sides[i] {
				break
			}
			index[i] = 0
		}
		if i < 0 {
			return data, nil
		}
	}
}

// finite are limits that JSON has numbers for, and that lie apart.
func finite(limits *[2]float64) bool {
	return limits != nil && limits[0] < limits[1] && !math.IsInf(limits[1]-limits[0], 0)
}
