package plane

import (
	"context"
	"encoding/binary"
	"fmt"

	"webmon/shm"
	"webmon/shm/stack/pack"
)

// Max raises every pixel of dst to that of src where that is larger. Both have pixels of the
// type (shm.U8, or shm.U16 little-endian) and the same length; what one has more is
// left alone.
func Max(dst, src []byte, t shm.PixelType) {
	n := min(len(dst), len(src))
	dst, src = dst[:n], src[:n]
	// Eight bytes at a time, each lane compared without touching the next: the top bit of a
	// lane is set before the subtraction, so that nothing is borrowed from above.
	top, width := uint64(0x8000_8000_8000_8000), 15
	if t == shm.U8 {
		top, width = 0x8080_8080_8080_8080, 7
	}
	for len(dst) >= 8 && len(src) >= 8 {
		a, b := binary.LittleEndian.Uint64(dst), binary.LittleEndian.Uint64(src)
		// The top bit of a lane of least says that the lane of a is at least that of b: its lower bits
		// are, and the top bits are the same, or the top bit of a is the larger.
		low := (a | top) - (b &^ top)
		least := (a&^b | ^(a^b)&low) & top
		// All bits of such a lane.
		keep := least | (least - least>>width)
		binary.LittleEndian.PutUint64(dst, a&keep|b&^keep)
		dst, src = dst[8:], src[8:]
	}
	if t == shm.U8 {
		for i := range dst {
			dst[i] = max(dst[i], src[i])
		}
		return
	}
	for ; len(dst) >= 2; dst, src = dst[2:], src[2:] {
		binary.LittleEndian.PutUint16(dst, max(binary.LittleEndian.Uint16(dst), binary.LittleEndian.Uint16(src)))
	}
}

// ReadMax is ReadPlane for the maximum of the slices from to to, both included, cut off at the
// ends of the stack: a sliding maximum, or the maximum of all. The slices are read one after the
// other, so that two planes are in memory at most.
func ReadMax(ctx context.Context, im Image, t, c, from, to int, r Rect, dst []byte) ([]byte, error) {
	info := im.Info()
	if from > to || to < 0 || from >= info.Slices {
		return nil, fmt.Errorf("slices %d to %d (from 0) of %d: %w", from, to, info.Slices, ErrRange)
	}
	from, to = max(from, 0), min(to, info.Slices-1)
	if from == to {
		return im.ReadPlane(ctx, t, c, from, r, dst)
	}
	if err := info.Check(t, c, from, r); err != nil {
		return nil, err
	}
	dst = Grow(dst, info.Bytes(r))
	// What is not packed is read in bands that stay in the processor's cache; a packed one would be unpacked again for
	// each.
	rows := r.Rows
	if !info.Packed {
		rows = min(rows, max(1, band/max(info.Bytes(Rect{Rows: 1, Cols: r.Cols}), 1)))
	}
	buffer := pack.Take(info.Bytes(Rect{Rows: rows, Cols: r.Cols}))
	defer pack.GiveBack(buffer)
	for row := 0; row < r.Rows; row += rows {
		part := Rect{Row: r.Row + row, Col: r.Col, Rows: min(rows, r.Rows-row), Cols: r.Cols}
		at := info.Bytes(Rect{Rows: row, Cols: r.Cols})
		out := dst[at : at+info.Bytes(part)]
		for z := from; z <= to; z++ {
			if z == from {
				read, err := im.ReadPlane(ctx, t, c, z, part, out)
				if err != nil {
					return nil, err
				}
				if &read[0] != &out[0] {
					copy(out, read)
				}
				continue
			}
			var err error
			if *buffer, err = im.ReadPlane(ctx, t, c, z, part, *buffer); err != nil {
				return nil, err
			}
			Max(out, *buffer, info.Type)
		}
	}
	return dst, nil
}

// band is how many bytes of a slice ReadMax reads at a time.
const band = 128 << 10
