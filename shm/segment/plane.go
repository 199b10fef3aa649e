package segment

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/pickle"
)

const (
	// maxStep bounds sums of pixels: 2^16 rows of 2^16-1 fit 32 bits.
	maxStep = 1 << 16
	// maxPlane bounds what one read returns. Larger pictures must be read with less
	// resolution, or in parts.
	maxPlane = 1 << 30 // bytes
)

// atOnce is how many rows a mean is made of at a time: as many as a fast way takes.
const atOnce = 64

// plane is where the pixels of a selection lie.
type plane struct {
	base                             int // byte of the first sample
	row, col                         int // in the frame
	rows, cols, samples              int // what is read
	rowStride, colStride, sampStride int // bytes
	step                             int
	nearest, compact                 bool
	limits                           *[2]float64 // that the array declares, nil for none
	outRows, outCols                 int

	sampled [samplesAlong]float64 // room for float32Does

	// What was read.
	kind shm.PixelType
	out  []byte
}

// ReadPlane implements [shm.ArrayReader]. Of an array of one axis, whose Y is -1, the
// picture has one row; of one without axes, whose X is -1 too, one pixel. The mean of
// floats leaves out NaN and the infinities. It is NaN or infinite only if there are no
// other values. At the right and the lower edge the mean is that of the pixels that
// exist. Times become seconds, see ReadRecords.
//
// A crc covers the whole frame, so the first read of a frame that has one reads all of
// the frame, see verify.
func (r *frames) ReadPlane(f *shm.ArrayFrame, sel shm.Selection, dst []byte) (shm.Pixels, error) {
	if f == nil || len(f.Shape) != len(r.shape) {
		return shm.Pixels{}, errors.New("this is no frame of the array")
	}
	p, err := readable(r.dtype, f.Shape, sel)
	if err != nil {
		return shm.Pixels{}, err
	}
	if f.Info != nil {
		p.limits = f.Info.Limits
	}
	p.out = dst
	err = r.read(f, func(data []byte) error {
		p.kind, p.out = p.read(r.dtype, data, p.out)
		return nil
	})
	if err != nil {
		return shm.Pixels{}, err
	}
	return p.pixels(), nil
}

// PlaneOf is ReadPlane for an array that is in memory anyway: data holds all of it, in C order
// and the dtype of descr, which is in NumPy's notation.
func PlaneOf(descr string, shape []int, data []byte, sel shm.Selection, dst []byte) (shm.Pixels, error) {
	t, err := pickle.ParseDescr(descr)
	if err != nil {
		return shm.Pixels{}, err
	}
	if n, ok := frameBytes(t, shape); !ok || n != len(data) {
		return shm.Pixels{}, fmt.Errorf("%d bytes are no array of %v items of %s", len(data), shape, natural.Clip(descr, maxShown))
	}
	p, err := readable(t, shape, sel)
	if err != nil {
		return shm.Pixels{}, err
	}
	p.kind, p.out = p.read(t, data, dst)
	return p.pixels(), nil
}

// pixels are what was read of the plane.
func (p *plane) pixels() shm.Pixels {
	return shm.Pixels{
		Type: p.kind, Row: p.row, Col: p.col,
		Rows: p.outRows, Cols: p.outCols, Samples: p.samples, Data: p.out,
	}
}

// readable checks that a selection of an array can be read at once, and says where its pixels
// lie.
func readable(t *pickle.DType, shape []int, sel shm.Selection) (*plane, error) {
	kind := pixelType(t)
	if kind == "" {
		return nil, fmt.Errorf("its items are %s, which are no numbers to make a picture of", natural.Clip(t.Descr(), maxShown))
	}
	p, err := planeOf(shape, t.Size, sel)
	if err != nil {
		return nil, err
	}
	size := kind.Size()
	if size == 4 {
		size = 8 // as means are
	}
	if p.outRows > 0 && p.outCols > maxPlane/size/p.samples/p.outRows {
		return nil, fmt.Errorf("%d x %d pixels are more than are read at once: take a larger step, or a part", p.outRows, p.outCols)
	}
	// A mean is made of whole rows, and a segment may be said to be larger than any memory.
	if p.step > 1 && !p.nearest && p.cols > maxPlane/8/p.samples/min(p.step, max(p.rows, 1), atOnce) {
		return nil, fmt.Errorf("rows of %d pixels are more than are read at once: take the nearest pixels, or a part", p.cols)
	}
	p.compact = sel.Compact
	return &p, nil
}

// read reads the pixels of a plane into dst, which it grows, and returns their type.
func (p *plane) read(t *pickle.DType, data, dst []byte) (shm.PixelType, []byte) {
	kind := pixelType(t)
	if p.outRows*p.outCols == 0 {
		return kind, dst[:0]
	}
	mean := p.step > 1 && !p.nearest
	native := asIs(t)
	src := unsafe.Pointer(unsafe.SliceData(data))
	switch kind {
	case shm.U8:
		return kind, fill(p, data, dst, gather8(t), native)
	case shm.U16:
		return kind, fill(p, data, dst, gather16(t), native)
	case shm.F32:
		return kind, fill(p, data, dst, gather32(t), native)
	case shm.I32, shm.U32:
		switch {
		case mean:
			return p.floats(t, data, dst)
		case kind == shm.I32:
			return kind, fill(p, data, dst, gatherWhole[int32](t), native)
		}
		return kind, fill(p, data, dst, gatherWhole[uint32](t), native)
	case shm.I64, shm.U64:
		signed := kind == shm.I64
		if mean {
			from := wholeOf(t)(unsafe.Add(src, p.base))
			if size := int64(from); from <= 1<<53 || signed && size < 0 && size >= -1<<53 {
				return p.floats(t, data, dst)
			}
			dst = fill(p, data, dst, distances(t, from), false)
			wholeAt(pixelsOf[float64](dst), from, signed)
			return kind, dst
		}
		if p.compact {
			if small, out, ok := p.narrow(t, data, dst); ok {
				return small, out
			}
		}
		if signed {
			return kind, fill(p, data, dst, gatherWhole[int64](t), native)
		}
		return kind, fill(p, data, dst, gatherWhole[uint64](t), native)
	}
	return p.floats(t, data, dst)
}

// floats reads a plane as floats of 64 bits, or of 32 bits if they suffice.
func (p *plane) floats(t *pickle.DType, data, dst []byte) (shm.PixelType, []byte) {
	if p.compact && float32Does(p, unsafe.Pointer(unsafe.SliceData(data)), t, p.limits) {
		return shm.F32, fill(p, data, dst, gather32(t), false)
	}
	return shm.F64, fill(p, data, dst, gather64(t), t.Kind == 'f' && asIs(t))
}

// narrow reads whole numbers of 64 bits as ones of 32 if all fit.
func (p *plane) narrow(t *pickle.DType, data, dst []byte) (shm.PixelType, []byte, bool) {
	wide := false
	if t.Kind == 'i' {
		if dst = fill(p, data, dst, narrowed[int64, int32](t, &wide), false); !wide {
			return shm.I32, dst, true
		}
		wide = false
		dst = fill(p, data, dst, narrowed[int64, uint32](t, &wide), false)
	} else {
		dst = fill(p, data, dst, narrowed[uint64, uint32](t, &wide), false)
	}
	return shm.U32, dst, !wide
}

// fill reads the pixels of a plane as those of T into dst, which it grows.
func fill[T pixel](p *plane, data, dst []byte, load gather[T], native bool) []byte {
	var zero T
	dst = grow(dst, p.outRows*p.outCols*p.samples*int(unsafe.Sizeof(zero)))
	readPlane(p, data, pixelsOf[T](dst), load, native)
	return dst
}

// planeOf checks a selection of a frame and says where its pixels lie.
func planeOf(shape []int, size int, sel shm.Selection) (p plane, err error) {
	ndim := len(shape)
	axis := func(name string, k int) error {
		if k < -1 || k >= ndim {
			return fmt.Errorf("the array of %d axes has no axis %d for %s", ndim, k, name)
		}
		return nil
	}
	for _, err := range []error{axis("rows", sel.Y), axis("columns", sel.X), axis("colours", sel.C)} {
		if err != nil {
			return p, err
		}
	}
	switch {
	case sel.X < 0 && ndim > 0, sel.X < 0 && sel.Y >= 0:
		return p, errors.New("a picture needs an axis for its columns")
	case sel.Y < 0 && ndim > 1 && !(ndim == 2 && sel.C >= 0):
		// A profile through a frame is a rectangle one row high.
		return p, errors.New("a picture of more than one axis needs one for its rows")
	case sel.X >= 0 && (sel.X == sel.Y || sel.X == sel.C), sel.Y >= 0 && sel.Y == sel.C:
		return p, errors.New("an axis cannot be two things at once")
	case sel.Step < 1 || sel.Step > maxStep:
		return p, fmt.Errorf("the step %d is none from 1 to %d", sel.Step, maxStep)
	case len(sel.Index) != ndim && !(sel.Index == nil && ndim <= 2):
		return p, fmt.Errorf("the position has %d axes, the array %d", len(sel.Index), ndim)
	}
	p.step, p.nearest = sel.Step, sel.Nearest
	p.rows, p.cols, p.samples = 1, 1, 1
	empty := false
	stride := size
	for k := ndim - 1; k >= 0; k-- {
		n := shape[k]
		switch k {
		case sel.X:
			p.col, p.cols = cut(sel.Col, sel.Cols, n)
			p.colStride = stride
			p.base += p.col * stride
		case sel.Y:
			p.row, p.rows = cut(sel.Row, sel.Rows, n)
			p.rowStride = stride
			p.base += p.row * stride
		case sel.C:
			if n != 3 && n != 4 {
				return p, fmt.Errorf("axis %d has %d colours instead of 3 or 4", k, n)
			}
			p.samples, p.sampStride = n, stride
		default:
			i := sel.Index[k]
			if n == 0 {
				empty = true
			} else if i < 0 || i >= n {
				return p, fmt.Errorf("the position %d on axis %d is none of %d", i, k, n)
			}
			p.base += i * stride
		}
		stride *= max(n, 1)
	}
	if sel.Y < 0 {
		_, p.rows = cut(sel.Row, sel.Rows, 1)
	}
	if p.samples == 1 {
		p.sampStride = size
	}
	if empty {
		p.rows, p.cols = 0, 0
	}
	p.outRows, p.outCols = parts(p.rows, p.step), parts(p.cols, p.step)
	return p, nil
}

// cut returns what of [from, from+n) lies in [0, size).
func cut(from, n, size int) (int, int) {
	if n <= 0 || from >= size {
		return min(max(from, 0), size), 0
	}
	if from < 0 {
		if n += from; n <= 0 { // from + n, where both cannot overflow
			return 0, 0
		}
		from = 0
	}
	return from, min(n, size-from)
}

// parts is how many steps it takes to go n far.
func parts(n, step int) int {
	if n <= 0 {
		return 0
	}
	return (n-1)/step + 1
}

// pixelsOf is a picture's bytes as pixels. All systems webmon runs on take them at
// any address.
func pixelsOf[T pixel](b []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

// readPlane reads the pixels of a plane into dst. Items that lie in memory as pixels
// do, one beside the other, are read where they lie; others row by row into a
// buffer, from where it goes on the same way.
func readPlane[T pixel](p *plane, data []byte, dst []T, load gather[T], native bool) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	src := unsafe.Pointer(unsafe.SliceData(data))
	lined := native && p.sampStride == size && (p.colStride == p.samples*size || p.cols == 1)
	width := p.outCols * p.samples
	if p.step > 1 && p.nearest {
		readNearest(p, src, dst, load)
		return
	}
	if p.step == 1 {
		switch {
		case lined && (p.rowStride == p.cols*p.samples*size || p.rows == 1):
			copy(dst, unsafe.Slice((*T)(unsafe.Add(src, p.base)), len(dst)))
		case lined:
			for y := range p.rows {
				copy(dst[y*width:(y+1)*width], unsafe.Slice((*T)(unsafe.Add(src, p.base+y*p.rowStride)), width))
			}
		default:
			loadRows(p, src, 0, p.rows, dst, load)
		}
		return
	}

	m := newMeans[T](p)
	var buffer []T
	var from, to int // the rows in buffer
	w := p.cols * p.samples
	rows := min(p.step, p.rows, atOnce)
	if p.turned() {
		rows = min(p.rows, max(rows, turnRows/rows*rows))
	}
	if !lined {
		buffer = make([]T, rows*w)
	}
	// rowsAt returns where row y lies, how far the next one is, and how many of n
	// can be read there.
	rowsAt := func(y, n int) (unsafe.Pointer, int, int) {
		if lined {
			return unsafe.Add(src, p.base+y*p.rowStride), p.rowStride, n
		}
		n = min(n, atOnce)
		if y+n > to {
			from, to = y, y+min(rows, p.rows-y)
			loadRows(p, src, from, to-from, buffer, load)
		}
		return unsafe.Pointer(unsafe.SliceData(buffer[(y-from)*w:])), w * size, n
	}
	for y := range p.outRows {
		out := dst[y*width : (y+1)*width]
		first := y * p.step
		m.begin(min(p.step, p.rows-first))
		for left := m.rows; left > 0; {
			at, stride, n := rowsAt(first+m.rows-left, left)
			m.add(out, at, stride, n)
			left -= n
		}
		m.end(out)
	}
}

// turned reports whether rows and columns of the plane change places: items that lie
// side by side in memory become pixels below each other.
func (p *plane) turned() bool { return p.rowStride < p.colStride && p.cols > 1 }

// A part of a picture that is turned at a time: as many columns as a line of the cache
// has float32 pixels, and rows for some lines of the cache in each.
const (
	turnCols = 16
	turnRows = 64
)

var turnRoom = sync.Pool{New: func() any { return new([turnCols * turnRows]float64) }}

// loadRows reads n rows of a plane from row y on into dst, all samples of all their
// pixels.
func loadRows[T pixel](p *plane, src unsafe.Pointer, y, n int, dst []T, load gather[T]) {
	src = unsafe.Add(src, p.base+y*p.rowStride)
	width := p.cols * p.samples
	if !p.turned() || p.samples > 1 || n < turnRows/16 {
		for i := range n {
			for s := range p.samples {
				load(dst[i*width+s:], p.samples, unsafe.Add(src, i*p.rowStride+s*p.sampStride), p.colStride, p.cols)
			}
		}
		return
	}
	// Row by row, each item would come from another line of the cache. With sides of a
	// power of two these lines would push each other out of the cache. So columns are
	// read as they lie, into a part of the picture that is small enough to stay there.
	room := turnRoom.Get().(*[turnCols * turnRows]float64)
	defer turnRoom.Put(room)
	part := unsafe.Slice((*T)(unsafe.Pointer(room)), len(room)) // T is no larger
	for x := 0; x < p.cols; x += turnCols {
		cols := min(turnCols, p.cols-x)
		for i := 0; i < n; i += turnRows {
			rows := min(turnRows, n-i)
			for k := range cols {
				load(part[k:], turnCols, unsafe.Add(src, i*p.rowStride+(x+k)*p.colStride), p.rowStride, rows)
			}
			for r := range rows {
				copy(dst[(i+r)*width+x:][:cols], part[r*turnCols:])
			}
		}
	}
}

// readNearest takes the one in the middle of the pixels that become one.
func readNearest[T pixel](p *plane, src unsafe.Pointer, dst []T, load gather[T]) {
	middle := p.step / 2
	whole := p.cols / p.step // pixels of all of a step; at most one more follows
	if middle < p.cols-whole*p.step {
		whole++
	}
	width := p.outCols * p.samples
	for y := range p.outRows {
		row := p.base + min(y*p.step+middle, p.rows-1)*p.rowStride
		out := dst[y*width : (y+1)*width]
		for s := range p.samples {
			at := row + s*p.sampStride
			if whole > 0 {
				load(out[s:], p.samples, unsafe.Add(src, at+middle*p.colStride), p.step*p.colStride, whole)
			}
			if whole < p.outCols {
				load(out[whole*p.samples+s:], p.samples, unsafe.Add(src, at+(p.cols-1)*p.colStride), 0, 1)
			}
		}
	}
}
