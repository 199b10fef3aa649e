package plane

import (
	"encoding/binary"

	"webmon/shm"
)

// Mean makes one pixel of step by step of src: their mean, rounded; at the edges, of as many as there are. src has rows of
// cols pixels of the type (shm.U8, or shm.U16 little-endian). The result is written over dst, which is used again where it is
// large enough, and may be src itself.
func Mean(dst, src []byte, t shm.PixelType, rows, cols, step int) []byte {
	size := t.Size()
	outCols := (cols + step - 1) / step
	dst = Grow(dst, (rows+step-1)/step*outCols*size)
	sums := make([]uint32, outCols)
	for row := 0; row < rows; row += step {
		high := min(step, rows-row)
		out := dst[row/step*outCols*size:][:outCols*size]
		lines := src[row*cols*size:][:high*cols*size]
		from := 0 // the first pixel that is not made yet
		if step == 2 && high == 2 && t == shm.U16 {
			from = halve(out, lines[:2*cols], lines[2*cols:])
		}
		if from == outCols {
			continue
		}
		clear(sums)
		for len(lines) > 0 {
			line := lines[:cols*size]
			lines = lines[cols*size:]
			if t == shm.U8 {
				add8(sums, line, from, step)
			} else {
				add16(sums, line, from, step)
			}
		}
		for i := from; i < outCols; i++ {
			n := uint32(high * min(step, cols-i*step))
			v := (sums[i] + n/2) / n
			if t == shm.U8 {
				out[i] = uint8(v)
			} else {
				binary.LittleEndian.PutUint16(out[2*i:], uint16(v))
			}
		}
	}
	return dst
}

// add8 and add16 add the pixels of a line to the sums to which they belong, from the sum from on.
func add8(sums []uint32, line []byte, from, step int) {
	line = line[from*step:]
	for i := from; i < len(sums); i++ {
		n := min(step, len(line))
		sum := uint32(0)
		for _, v := range line[:n] {
			sum += uint32(v)
		}
		sums[i] += sum
		line = line[n:]
	}
}

func add16(sums []uint32, line []byte, from, step int) {
	line = line[2*from*step:]
	for i := from; i < len(sums); i++ {
		n := min(2*step, len(line))
		sum := uint32(0)
		for b := line[:n]; len(b) >= 2; b = b[2:] {
			sum += uint32(binary.LittleEndian.Uint16(b))
		}
		sums[i] += sum
		line = line[n:]
	}
}

// halve makes pixels of 16 bits of two by two, two at a time, and returns how many. A pixel of out lies where both lines have
// been read already, so that out may be their beginning.
func halve(out, a, b []byte) int {
	const low = 0x0000_ffff_0000_ffff
	n := 0
	for len(a) >= 8 && len(b) >= 8 && len(out) >= 4 {
		x, y := binary.LittleEndian.Uint64(a), binary.LittleEndian.Uint64(b)
		// Two sums of four, each in 32 bits.
		sum := x&low + x>>16&low + y&low + y>>16&low
		mean := (sum + 0x0000_0002_0000_0002) >> 2 & low
		binary.LittleEndian.PutUint32(out, uint32(mean)|uint32(mean>>16))
		a, b, out = a[8:], b[8:], out[4:]
		n += 2
	}
	return n
}

// Light makes pixels of 16 bits to those of 8 that a table has for each value: 65,536 entries. The result is written over dst,
// which is used again where it is large enough, and may be src itself.
func Light(dst, src []byte, table *[1 << 16]uint8) []byte {
	n := len(src) / 2
	dst = Grow(dst, n)
	src = src[:2*n]
	for i := range dst {
		dst[i] = table[binary.LittleEndian.Uint16(src[2*i:])]
	}
	return dst
}
