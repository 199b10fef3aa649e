package level

import (
	"fmt"
	"math"
	"slices"
)

// AppendTurned appends the voxels of an array to dst with its first axis running fastest and its last one
// slowest: what NumPy calls Fortran order. src has the array in C order, in voxels of size bytes: 1, 2, 4 or
// 8. It must not overlap dst. An error says that shape and src do not go together.
func AppendTurned(dst, src []byte, shape []int, size int) ([]byte, error) {
	if size != 1 && size != 2 && size != 4 && size != 8 {
		return dst, fmt.Errorf("voxels of %d bytes cannot be turned", size)
	}
	voxels := 1
	for i, n := range shape {
		if n < 1 {
			return dst, fmt.Errorf("axis %d has %d voxels", i, n)
		}
		if n > math.MaxInt/8/voxels {
			return dst, fmt.Errorf("the shape %v is too large", shape)
		}
		voxels *= n
	}
	if len(src) != voxels*size {
		return dst, fmt.Errorf("%d bytes for an array of the shape %v and %d bytes a voxel", len(src), shape, size)
	}
	begin := len(dst)
	dst = slices.Grow(dst, len(src))[:begin+len(src)]
	out := dst[begin:]
	// Axes of one voxel change nothing.
	first, last := 0, len(shape)-1
	for first < last && shape[first] == 1 {
		first++
	}
	for last > first && shape[last] == 1 {
		last--
	}
	if first >= last {
		copy(out, src)
		return dst, nil
	}
	switch size {
	case 1:
		turn(as[uint8](out), as[uint8](src), shape[first:last+1], turn8)
	case 2:
		turn(as[uint16](out), as[uint16](src), shape[first:last+1], turn16)
	case 4:
		turn(as[uint32](out), as[uint32](src), shape[first:last+1], turnTile[uint32])
	default:
		turn(as[uint64](out), as[uint64](src), shape[first:last+1], turnTile[uint64])
	}
	return dst, nil
}

// side is that of a tile, which is turned at a time: the rows of the tiles of both arrays stay in the cache.
const side = 8

// turn turns an array with two axes or more. For each place on the axes between the first and the last one
// these two are turned tile by tile: tile turns one of side by side voxels, whose rows are so many apart.
func turn[T uint8 | uint16 | uint32 | uint64](dst, src []T, shape []int, tile func(dst, src []T, to, from int)) {
	rank := len(shape)
	rows, cols := shape[0], shape[rank-1]
	between := len(src) / rows / cols
	from, to := between*cols, between*rows // from one row to the next of src, and of dst
	for y := 0; y < rows; y += side {
		high := min(side, rows-y)
		for x := 0; x < cols; x += side {
			wide := min(side, cols-x)
			for k := range between {
				// k counts the places between as dst has them.
				s, d := src[y*from+place(k, shape)*cols+x:], dst[x*to+k*rows+y:]
				if high == side && wide == side {
					tile(d, s, to, from)
					continue
				}
				for i := range wide {
					for j := range high {
						d[i*to+j] = s[j*from+i]
					}
				}
			}
		}
	}
}

// place is where the k-th place on the axes between the first and the last one is, counted with the first of
// them running fastest, if it is counted with the last of them running fastest.
func place(k int, shape []int) int {
	if len(shape) < 4 {
		return k
	}
	between := shape[1 : len(shape)-1]
	step := 1
	for _, n := range between {
		step *= n
	}
	at := 0
	for _, n := range between {
		step /= n
		at += k % n * step
		k /= n
	}
	return at
}

// turnTile turns a tile.
func turnTile[T uint8 | uint16 | uint32 | uint64](dst, src []T, to, from int) {
	for j := range side {
		r := src[j*from:][:side]
		dst[j] = r[0]
		dst[to+j] = r[1]
		dst[2*to+j] = r[2]
		dst[3*to+j] = r[3]
		dst[4*to+j] = r[4]
		dst[5*to+j] = r[5]
		dst[6*to+j] = r[6]
		dst[7*to+j] = r[7]
	}
}

// turn8 turns a tile of bytes as eight words: it exchanges the blocks of four by four, in them those of two
// by two, and in them single bytes.
func turn8(dst, src []uint8, to, from int) {
	var w [side]uint64
	for j := range w {
		w[j] = as[uint64](src[j*from:][:side])[0]
	}
	for j := range 4 {
		w[j], w[j+4] = exchanged(w[j], w[j+4], math.MaxUint32, 32)
	}
	for _, j := range [4]int{0, 1, 4, 5} {
		w[j], w[j+2] = exchanged(w[j], w[j+2], pairs4, 16)
	}
	for j := 0; j < side; j += 2 {
		w[j], w[j+1] = exchanged(w[j], w[j+1], bytes2, 8)
	}
	for j := range w {
		as[uint64](dst[j*to:][:side])[0] = w[j]
	}
}

// exchanged exchanges the upper halves of the lanes of a with the lower halves of those of b. mask has the
// lower halves.
func exchanged(a, b, mask uint64, shift uint) (uint64, uint64) {
	return a&mask | b&mask<<shift, a>>shift&mask | b&^mask
}

// turn16 turns a tile of numbers of two bytes as four of four by four.
func turn16(dst, src []uint16, to, from int) {
	for y := 0; y < side; y += 4 {
		for x := 0; x < side; x += 4 {
			at := func(j int) uint64 { return as4(src[(y+j)*from+x:])[0] }
			a, b, c, d := at(0), at(1), at(2), at(3)
			a, c = exchanged(a, c, math.MaxUint32, 32)
			b, d = exchanged(b, d, math.MaxUint32, 32)
			a, b = exchanged(a, b, pairs4, 16)
			c, d = exchanged(c, d, pairs4, 16)
			out := dst[x*to+y:]
			as4(out)[0] = a
			as4(out[to:])[0] = b
			as4(out[2*to:])[0] = c
			as4(out[3*to:])[0] = d
		}
	}
}

// as4 are the first four numbers of two bytes as a word.
func as4(s []uint16) []uint64 { return as[uint64](bytesOf(s[:4])) }
