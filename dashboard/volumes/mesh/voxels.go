package mesh

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"webmon/dashboard/volumes/level"
)

// Volume is a volume of labels with three axes, or a coarser level of one. All positions, shapes and
// boxes of this package are in the order of its axes, which is that of NumPy: the last axis runs
// fastest.
type Volume struct {
	Descr string // the dtype in NumPy's notation: a whole number of 1, 2, 4 or 8 bytes, or bool
	Shape [3]int // voxels
	// Read reads the voxels from from, included, to to, not included, into dst, which it may
	// replace by a larger one. It is called by one goroutine at a time.
	Read func(ctx context.Context, from, to [3]int, dst []byte) ([]byte, error)
	// AtOnce is how many bytes Read is asked for at once, or one plane; 0 stands for 8 MiB, which are the most.
	AtOnce int
}

// ErrNoLabel says that a label has no voxel where it was looked for.
var ErrNoLabel = errors.New("there is no such label")

// slabBytes is how many bytes are read at once, unless a plane has more.
const slabBytes = 8 << 20

// maxLength is how long an axis may be: positions are float32, which count voxels no further.
const maxLength = 1 << 24

// item is the dtype of labels.
type item struct {
	size   int  // bytes
	big    bool // the first byte is the highest
	signed bool
	bool   bool
}

func parse(descr string) (item, error) {
	t, ok := level.ParseDType(descr)
	if !ok || t.Kind != 'b' && t.Kind != 'i' && t.Kind != 'u' {
		return item{}, fmt.Errorf("the dtype %.20q is none of labels: they are whole numbers of 1, 2, 4 or 8 bytes, or bool", descr)
	}
	return item{size: t.Size, big: t.Big, signed: t.Kind == 'i', bool: t.Kind == 'b'}, nil
}

// check returns the dtype of a volume that can be read.
func (v *Volume) check() (item, error) {
	for _, n := range v.Shape {
		if n < 1 || n > maxLength {
			return item{}, fmt.Errorf("a volume of %d x %d x %d voxels cannot be meshed: every axis has from 1 to %d", v.Shape[0], v.Shape[1], v.Shape[2], maxLength)
		}
	}
	return parse(v.Descr)
}

// load is the item at the head of b with its bytes as a little-endian number, whatever their order is.
func (it item) load(b []byte) uint64 {
	switch it.size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

// label is the label of an item that was loaded. One below 0 is that of 64 bits: -1 is 2^64-1.
func (it item) label(raw uint64) uint64 {
	if it.bool {
		return min(raw, 1)
	}
	if it.big {
		raw = bits.ReverseBytes64(raw) >> (64 - 8*it.size)
	}
	if it.signed {
		shift := 64 - 8*it.size
		return uint64(int64(raw<<shift) >> shift)
	}
	return raw
}

// run is how many bytes at the head of b hold items like the first, which was loaded as raw.
func (it item) run(b []byte, raw uint64) int {
	all := raw
	switch it.size {
	case 1:
		all *= 0x0101010101010101
	case 2:
		all *= 0x0001000100010001
	case 4:
		all |= all << 32
	}
	n := 0
	for ; len(b)-n >= 32; n += 32 {
		c := b[n : n+32 : n+32]
		if (binary.LittleEndian.Uint64(c)^all)|(binary.LittleEndian.Uint64(c[8:])^all)|
			(binary.LittleEndian.Uint64(c[16:])^all)|(binary.LittleEndian.Uint64(c[24:])^all) != 0 {
			break
		}
	}
	for ; len(b)-n >= 8; n += 8 {
		if d := binary.LittleEndian.Uint64(b[n:]) ^ all; d != 0 {
			return n + bits.TrailingZeros64(d)/8/it.size*it.size
		}
	}
	for ; n < len(b) && it.load(b[n:]) == raw; n += it.size {
	}
	return n
}

// slabs calls f with each slab of a box, in the order of the first axis, then the second, then the
// third: as many whole planes as fit into slabBytes, or into least if that is less and a plane fits, or parts of a
// plane where not even one does.
func (it item) slabs(from, to [3]int, least int, whole bool, f func(from, to [3]int) error) error {
	row := (to[2] - from[2]) * it.size
	plane := (to[1] - from[1]) * row
	step := [3]int{1, to[1] - from[1], to[2] - from[2]}
	switch {
	case plane <= slabBytes || whole:
		if least <= 0 {
			least = slabBytes
		}
		step[0] = max(1, min(least, slabBytes)/max(plane, 1))
	case row <= slabBytes:
		step[1] = slabBytes / row
	default:
		step[1], step[2] = 1, slabBytes/it.size
	}
	for z := from[0]; z < to[0]; z += step[0] {
		for y := from[1]; y < to[1]; y += step[1] {
			for x := from[2]; x < to[2]; x += step[2] {
				if err := f([3]int{z, y, x}, [3]int{min(z+step[0], to[0]), min(y+step[1], to[1]), min(x+step[2], to[2])}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// read reads a box and checks that all of it came.
func (v *Volume) read(ctx context.Context, it item, from, to [3]int, dst []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return dst, err
	}
	got, err := v.Read(ctx, from, to, dst[:0])
	if err != nil {
		return dst, err
	}
	if want := (to[0] - from[0]) * (to[1] - from[1]) * (to[2] - from[2]) * it.size; len(got) != want {
		return got, fmt.Errorf("the box from %v to %v came with %d bytes instead of %d", from, to, len(got), want)
	}
	return got, nil
}

// inside reports whether a box lies in the shape and has voxels.
func inside(shape, from, to [3]int) bool {
	for a := range 3 {
		if from[a] < 0 || from[a] >= to[a] || to[a] > shape[a] {
			return false
		}
	}
	return true
}
