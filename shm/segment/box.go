package segment

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"webmon/natural"
	"webmon/shm"
)

// ReadBox implements [shm.ArrayReader]. Records are read as they lie in memory.
//
// A crc covers the whole frame, so the first read of a frame that has one reads all of
// the frame, see verify.
func (r *frames) ReadBox(f *shm.ArrayFrame, from, to []int, dst []byte) ([]byte, error) {
	var shape []int
	if f != nil {
		shape = f.Shape // read checks it
	}
	n, err := boxBytes(r.dtype.Size, shape, from, to)
	if err != nil {
		return nil, err
	}
	err = r.read(f, func(data []byte) error {
		dst = grow(dst, n)
		copyBox(dst, data, r.dtype.Size, shape, from, to)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return dst, nil
}

// boxBytes returns the size of a box in bytes. An error wraps [shm.ErrBox].
func boxBytes(size int, shape, from, to []int) (int, error) {
	n := max(size, 1)
	ok := len(from) == len(shape) && len(to) == len(shape)
	for i := 0; ok && i < len(shape); i++ {
		ok = 0 <= from[i] && from[i] <= to[i] && to[i] <= shape[i]
	}
	if !ok {
		return 0, fmt.Errorf("%w: %s to %s of %v", shm.ErrBox,
			natural.Clip(fmt.Sprint(from), maxShown), natural.Clip(fmt.Sprint(to), maxShown), shape)
	}
	for i := range shape {
		if side := to[i] - from[i]; side == 0 {
			return 0, nil
		}
	}
	for i := range shape {
		side := to[i] - from[i]
		if side > maxPlane/n {
			return 0, fmt.Errorf("a box of %d MB or more is more than is read at once: take smaller ones", maxPlane>>20)
		}
		n *= side
	}
	if size == 0 {
		n = 0
	}
	return n, nil
}

// copyBox copies the box [from, to) out of an array in C order, whose items have size
// bytes. dst has as many bytes as the box. The box lies within the shape.
func copyBox(dst, src []byte, size int, shape, from, to []int) {
	if len(dst) == 0 {
		return
	}
	// Axes that are read from end to end are one with the axis before them.
	run, at, stride := size, 0, size
	var sides, strides [maxDims]int // of what is left, from the fastest axis on
	axes := 0
	for i := len(shape) - 1; i >= 0; i-- {
		side := to[i] - from[i]
		at += from[i] * stride
		switch {
		case axes == 0 && run == stride:
			run *= side
		case side > 1:
			sides[axes], strides[axes] = side, stride
			axes++
		}
		stride *= shape[i]
	}
	if axes == 0 {
		copy(dst, src[at:at+run])
		return
	}
	var place [maxDims]int
	rows, step := sides[0], strides[0]
	for len(dst) > 0 {
		out, from := dst[:rows*run], at
		dst = dst[rows*run:]
		for k := 1; k < axes; k++ {
			at += strides[k]
			if place[k]++; place[k] < sides[k] {
				break
			}
			at -= sides[k] * strides[k]
			place[k] = 0
		}
		if run >= leastRun && run <= mostRun {
			copyAhead(out, src, from, at, run, rows, step)
		} else {
			copyRows(out, src[from:], run, rows, step)
		}
	}
}

// Rows that are fetched ahead. The processor does so itself within a page of memory, but rows of a
// box lie on one page after the other, and each wait for the first of a row is as long as copying
// several.
const (
	leastRun = 64   // bytes: of shorter rows a line of the cache has mostly others
	mostRun  = 4096 // a page
	// ahead is how many rows, few enough to stay in the first of the caches.
	ahead = 16
)

// copyAhead copies rows of run bytes each, which lie step bytes apart from at on, and has those
// fetched that lie a few rows ahead. next is where the rows lie that come after these.
func copyAhead(dst, src []byte, at, next, run, rows, step int) {
	last := min(ahead, rows)
	first := rows - last
	_, _ = dst[rows*run-1], src[at+(rows-1)*step+run-1]
	p := func(b []byte, at int) unsafe.Pointer { return unsafe.Pointer(&b[at]) }
	if first > 0 {
		copyRuns(p(dst, 0), p(src, at), p(src, at+last*step), run, first, step)
	}
	copyRuns(p(dst, first*run), p(src, at+first*step), p(src, next), run, last, step)
}

// copyRows copies rows of run bytes each, which lie step bytes apart. Rows of one item
// are the usual thing where a picture goes across an array, and a call for each of them
// would take longer than the copying.
func copyRows(dst, src []byte, run, rows, step int) {
	switch run {
	case 1:
		for i, at := 0, 0; i < rows; i, at = i+1, at+step {
			dst[i] = src[at]
		}
	case 2:
		for i, at := 0, 0; i < rows; i, at = i+1, at+step {
			binary.NativeEndian.PutUint16(dst[2*i:], binary.NativeEndian.Uint16(src[at:]))
		}
	case 4:
		for i, at := 0, 0; i < rows; i, at = i+1, at+step {
			binary.NativeEndian.PutUint32(dst[4*i:], binary.NativeEndian.Uint32(src[at:]))
		}
	case 8:
		for i, at := 0, 0; i < rows; i, at = i+1, at+step {
			binary.NativeEndian.PutUint64(dst[8*i:], binary.NativeEndian.Uint64(src[at:]))
		}
	default:
		for i, at := 0, 0; i < rows; i, at = i+1, at+step {
			copy(dst[i*run:(i+1)*run], src[at:at+run])
		}
	}
}
