// Package level makes coarser levels of volumes, and voxels as Neuroglancer's client knows
// them. A coarser voxel stands for a block of finer ones, as many on each axis as its factor
// says, and fewer at the far end of an axis: it is made of those that exist. An image's is
// their mean, a label's the value that most of them have.
//
//	w, err := level.WireOf("<f8", false, nil)
//	fine, err := level.Finer(from, to, factors, shape) // what to read
//	data, err = w.Append(data[:0], voxels, sides, factors)
//
// Voxels come and go as bytes in C order, the last axis fastest. What a call needs besides is
// kept for the next one. The package knows neither HTTP nor sources. It is written for machines
// on which numbers begin with their lowest byte, as all are that webmon is built for.
package level

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"unsafe"

	"webmon/shm"
)

const (
	maxRank = 64
	// maxBlock is how many voxels one may be made of: sums of so many fit.
	maxBlock = 1<<31 - 1
)

// Shape is the shape of the level that factors make of one with the shape: each side divided by
// its factor, rounded up. Factors are at least 1.
func Shape(shape, factors []int) []int {
	out := make([]int, len(shape))
	for i, n := range shape {
		out[i] = ceil(n, factors[i])
	}
	return out
}

// ceil is n / by, rounded up.
func ceil(n, by int) int {
	out := n / by
	if n%by > 0 {
		out++
	}
	return out
}

// Finer is the box that is read to make a box of a coarser level: from is included, to is not.
// shape is that of the finer level, and factors say how many of its voxels become one. The box
// that is returned lies inside of the shape, and its Level is 0. An error wraps [shm.ErrBox].
func Finer(from, to, factors, shape []int) (shm.Box, error) {
	if len(from) != len(shape) || len(to) != len(shape) || len(factors) != len(shape) {
		return shm.Box{}, fmt.Errorf("a box of %d to %d numbers with %d factors, of %d axes: %w", len(from), len(to), len(factors), len(shape), shm.ErrBox)
	}
	box := shm.Box{From: make([]int, len(shape)), To: make([]int, len(shape))}
	for i, n := range shape {
		if factors[i] < 1 {
			return shm.Box{}, fmt.Errorf("the factor %d on axis %d is below 1: %w", factors[i], i, shm.ErrBox)
		}
		end := ceil(n, factors[i])
		if from[i] < 0 || from[i] >= to[i] || to[i] > end {
			return shm.Box{}, fmt.Errorf("from %d to %d on axis %d, which has %d: %w", from[i], to[i], i, end, shm.ErrBox)
		}
		box.From[i], box.To[i] = from[i]*factors[i], n
		if to[i] < end {
			box.To[i] = to[i] * factors[i] // it might overflow at the end
		}
	}
	return box, nil
}

// Mean appends the means of blocks of voxels to dst. src has the voxels of an array with the shape,
// whose first voxel begins a block; it must not overlap dst. The means have the dtype t.Mean().
//
// Means of whole numbers are rounded to the nearest one, a half away from zero; no sum overflows.
// The mean of bool is the value that more voxels have, True of as many. NaN is left out: only the
// mean of nothing else is NaN. An infinity makes the mean infinite, and infinities of both signs make
// it NaN, as with numpy.nanmean. Of complex numbers the magnitudes are taken.
//
// An error says that the dtype has no mean, or that shape, factors and src do not go together.
func Mean(dst, src []byte, t DType, shape, factors []int) ([]byte, error) {
	return reduce(dst, src, t, shape, factors, false, nil, 0)
}

// Mode appends to dst the value that most voxels of each block have, the lowest of several. The dtype
// is one of whole numbers, or bool, and 0 is a value as any other. The values have the dtype t.Native().
// All else is as with [Mean].
func Mode(dst, src []byte, t DType, shape, factors []int) ([]byte, error) {
	return reduce(dst, src, t, shape, factors, true, nil, 0)
}

// convert writes voxels of another type. dst has room for all of src.
type convert func(dst, src []byte)

// reduce appends means or modes, converted to voxels of size bytes if then is not nil.
func reduce(dst, src []byte, t DType, shape, factors []int, mode bool, then convert, size int) ([]byte, error) {
	if !t.valid() || mode && !t.whole() {
		what := "mean"
		if mode {
			what = "mode"
		}
		return dst, fmt.Errorf("voxels of the dtype %s have no %s", t.Name(), what)
	}
	m := makers.Get().(*maker)
	defer m.keep()
	if err := m.begin(src, t, shape, factors); err != nil {
		return dst, err
	}
	native := t.Native()
	n := ceil(m.cols, m.step) * m.samples // of a row
	if then == nil {
		size = native.Size
	}
	total := n * size
	for i, side := range m.sides {
		total *= ceil(side, m.steps[i])
	}
	at := len(dst)
	dst = slices.Grow(dst, total)[:at+total]
	out := dst[at:]
	if m.step == 1 && len(m.sides) == 0 {
		m.copy(out, size, then)
		return dst, nil
	}
	for len(out) > 0 {
		data := m.next()
		row := out[:n*size]
		out = out[n*size:]
		made := row
		if then != nil {
			m.made = sized(m.made, n*native.Size)
			made = m.made
		}
		if mode {
			modeRow(m, native, made, data)
		} else {
			meanRow(m, native, made, data)
		}
		if then != nil {
			then(row, made)
		}
	}
	return dst, nil
}

// maker makes the blocks of an array coarser, one row of blocks after the other.
//
// Axes that lie in memory as one are made one: neighbours on which nothing happens, and one of which all
// becomes one with the axis before it. What is left is rows of columns, of which step become one, with some
// samples each that stay by themselves, such as colours.
type maker struct {
	src          []byte
	dtype        DType
	size, native int // bytes of a voxel in src, and of one that is loaded

	// Axes without that of the columns.
	sides, steps []int
	strides      []int // bytes in src
	at           []int // the block that is next

	cols, step, samples int

	// rows says where each row of the voxels begins of which the row of blocks is made, in bytes.
	rows []int
	// ahead is how far behind these those lie that are soon read, in bytes; 0 if it does not matter.
	ahead int

	loaded []byte // the rows, native
	made   []byte // the row of blocks, before it is converted
	words  []uint64
	floats []float64
	lost   []uint32 // NaN of each column
	block  []byte   // the voxels of a block, sorted
	list   tally    // of a block
}

var makers = sync.Pool{New: func() any { return new(maker) }}

// keep keeps the maker for another call, but nothing that is large.
func (m *maker) keep() {
	const most = 1 << 20
	m.src, m.ahead = nil, 0
	if cap(m.loaded)+cap(m.made)+8*cap(m.words)+8*cap(m.floats)+4*cap(m.lost)+cap(m.block)+8*cap(m.rows) <= most {
		makers.Put(m)
	}
}

// sized is a slice of the length, whatever is in it.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// begin takes an array.
func (m *maker) begin(src []byte, t DType, shape, factors []int) error {
	if len(shape) > maxRank {
		return fmt.Errorf("an array of %d axes, more than %d", len(shape), maxRank)
	}
	if len(factors) != len(shape) {
		return fmt.Errorf("%d factors for %d axes", len(factors), len(shape))
	}
	m.src, m.dtype, m.size, m.native = src, t, t.Size, t.Native().Size
	m.sides, m.steps = m.sides[:0], m.steps[:0]
	voxels, block := 1, 1
	for i, n := range shape {
		f := factors[i]
		switch {
		case n < 1:
			return fmt.Errorf("axis %d has %d voxels", i, n)
		case f < 1:
			return fmt.Errorf("the factor %d on axis %d is below 1", f, i)
		case n > math.MaxInt/t.Size/voxels:
			return fmt.Errorf("the shape %v is too large", shape)
		}
		f = min(f, n)
		voxels *= n
		if block *= f; block > maxBlock {
			return fmt.Errorf("one voxel would be made of more than %d", maxBlock)
		}
		if n == 1 {
			continue
		}
		if k := len(m.sides) - 1; k >= 0 && (f == n || f == 1 && m.steps[k] == 1) {
			m.sides[k] *= n
			m.steps[k] *= f
			continue
		}
		m.sides, m.steps = append(m.sides, n), append(m.steps, f)
	}
	if len(src) != voxels*t.Size {
		return fmt.Errorf("%d bytes for an array of the shape %v and %d bytes a voxel", len(src), shape, t.Size)
	}
	m.cols, m.step, m.samples = 1, 1, 1
	if k := len(m.sides) - 1; k >= 0 {
		m.cols, m.step = m.sides[k], m.steps[k]
		m.sides, m.steps = m.sides[:k], m.steps[:k]
	}
	// Few samples would be short rows; many are a row.
	const few = 16
	if k := len(m.sides) - 1; k >= 0 && m.step == 1 && m.cols < few {
		m.samples = m.cols
		m.cols, m.step = m.sides[k], m.steps[k]
		m.sides, m.steps = m.sides[:k], m.steps[:k]
	}
	stride := m.cols * m.samples * m.size
	m.at, m.strides = sized(m.at, len(m.sides)), sized(m.strides, len(m.sides))
	clear(m.at)
	for k := len(m.sides) - 1; k >= 0; k-- {
		m.strides[k] = stride
		stride *= m.sides[k]
	}
	return nil
}

// copy writes the voxels as they are, of size bytes.
func (m *maker) copy(out []byte, size int, then convert) {
	switch {
	case then == nil:
		m.dtype.load(out, m.src)
		return
	case m.dtype.isNative():
		then(out, m.src)
		return
	}
	const piece = 1024 // so that they are still in the cache
	m.loaded = sized(m.loaded, piece*m.native)
	for at := 0; at < m.cols; at += piece {
		n := min(piece, m.cols-at)
		part := m.loaded[:n*m.native]
		m.dtype.load(part, m.src[at*m.size:][:n*m.size])
		then(out[at*size:][:n*size], part)
	}
}

// next sets the rows of the next row of blocks and returns the bytes in which they lie.
func (m *maker) next() []byte {
	base := 0
	for k, i := range m.at {
		base += i * m.steps[k] * m.strides[k]
	}
	m.rows = append(m.rows[:0], base)
	for k := len(m.sides) - 1; k >= 0; k-- {
		n := len(m.rows)
		for i := range min(m.steps[k], m.sides[k]-m.at[k]*m.steps[k]) {
			if i == 0 {
				continue
			}
			for _, row := range m.rows[:n] {
				m.rows = append(m.rows, row+i*m.strides[k])
			}
		}
	}
	for k := len(m.at) - 1; k >= 0; k-- {
		if m.at[k]++; m.at[k]*m.steps[k] < m.sides[k] {
			break
		}
		m.at[k] = 0
	}
	if m.dtype.isNative() {
		return m.src
	}
	n := m.cols * m.samples
	size := n * m.native
	m.loaded = sized(m.loaded, len(m.rows)*size)
	for i, row := range m.rows {
		m.dtype.load(m.loaded[i*size:][:size], m.src[row:][:n*m.size])
		m.rows[i] = i * size
	}
	return m.loaded
}

// as are bytes as numbers.
func as[T any](b []byte) []T {
	var zero T
	n := len(b) / int(unsafe.Sizeof(zero))
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// row are n numbers that lie behind a number of bytes.
func row[T any](b []byte, at, n int) []T {
	var zero T
	return as[T](b[at:][:n*int(unsafe.Sizeof(zero))])
}

// Straight reports whether AppendBox makes a box with the sides coarser: means of whole numbers of one or
// two bytes, of which none is looked at twice, in rows that are long enough.
func (w *Wire) Straight(sides, factors []int) bool {
	const least = 64 // bytes
	t, rank := w.DType, len(sides)
	return (t.Kind == 'u' || t.Kind == 'i') && t.Size <= 2 && t.isNative() && !w.labels && rank > 0 && len(factors) == rank && sides[rank-1] >= least/t.Size
}

// AppendBox appends voxels to dst as the client gets them: those of a box of src, from from, included, to to,
// not included, made coarser as by Append. src has the voxels of an array with the shape; another
// process may be writing them. Straight must be true of the box. An error says that
// the arguments do not go together.
func (w *Wire) AppendBox(dst, src []byte, shape, from, to, factors []int) ([]byte, error) {
	m := makers.Get().(*maker)
	defer m.keep()
	base, err := m.beginBox(src, w.DType, shape, from, to, factors)
	if err != nil {
		return dst, err
	}
	n := ceil(m.cols, m.step) * w.DType.Size
	total := n
	for i, side := range m.sides {
		total *= ceil(side, m.steps[i])
	}
	at := len(dst)
	dst = slices.Grow(dst, total)[:at+total]
	for out := dst[at:]; len(out) > 0; out = out[n:] {
		m.next()
		m.ahead = m.soon(m.cols*m.size) - m.rows[0]
		meanRow(m, w.DType, out[:n], src[base:])
	}
	return dst, nil
}

// beginBox takes a box of an array, and returns where it begins in bytes.
func (m *maker) beginBox(src []byte, t DType, shape, from, to, factors []int) (base int, err error) {
	rank := len(shape)
	if rank == 0 || rank > maxRank || len(from) != rank || len(to) != rank || len(factors) != rank {
		return 0, fmt.Errorf("a box from %v to %v of the shape %v by %v", from, to, shape, factors)
	}
	m.src, m.dtype, m.size, m.native = src, t, t.Size, t.Size
	m.sides, m.steps, m.at, m.strides = m.sides[:0], m.steps[:0], m.at[:0], sized(m.strides, rank-1)
	stride, block := t.Size, 1
	for i := rank - 1; i >= 0; i-- {
		n := to[i] - from[i]
		if from[i] < 0 || n < 1 || to[i] > shape[i] || factors[i] < 1 || shape[i] > math.MaxInt/stride {
			return 0, fmt.Errorf("a box from %v to %v of the shape %v by %v", from, to, shape, factors)
		}
		if block *= min(factors[i], n); block > maxBlock {
			return 0, fmt.Errorf("one voxel would be made of more than %d", maxBlock)
		}
		base += from[i] * stride
		if i < rank-1 {
			m.strides[i] = stride
		}
		stride *= shape[i]
	}
	if stride != len(src) {
		return 0, fmt.Errorf("%d bytes for an array of the shape %v and %d bytes a voxel", len(src), shape, t.Size)
	}
	for i := range rank - 1 {
		m.sides, m.steps = append(m.sides, to[i]-from[i]), append(m.steps, min(factors[i], to[i]-from[i]))
		m.at = append(m.at, 0)
	}
	m.cols, m.step, m.samples = to[rank-1]-from[rank-1], min(factors[rank-1], to[rank-1]-from[rank-1]), 1
	return base, nil
}

// soon is where the row of blocks begins that comes a few after the one that next returned last: as many as
// it takes for the memory to be fetched until then. run is the length of a row in bytes.
func (m *maker) soon(run int) int {
	const bytes = 4096
	// at is already one further than what was returned.
	further := max(1, bytes/(run*len(m.rows))) - 1
	base, left := 0, further
	for k := len(m.at) - 1; k >= 0; k-- {
		count := ceil(m.sides[k], m.steps[k])
		i := m.at[k] + left
		left = 0
		for i >= count {
			i -= count
			left++
		}
		base += i * m.steps[k] * m.strides[k]
	}
	return base
}

// Factor is how many voxels of an axis of so many become one where n are left, rounded either way: a
// power of two if one fits.
func Factor(whole, n int) int {
	fits := func(by int) bool { return by > 0 && (whole/by == n || (whole+by-1)/by == n) }
	ratio := float64(whole) / float64(n)
	power := int(math.Exp2(math.Round(math.Log2(ratio))))
	for _, by := range []int{power, power / 2, 2 * power, int(math.Round(ratio))} {
		if fits(by) {
			return by
		}
	}
	return max(1, int(math.Round(ratio)))
}
