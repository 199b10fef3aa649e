package volumes

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"webmon/shm"
)

// Bounds of a chunk.
const (
	maxChunkBytes = 64 << 20 // of the answer
	maxReadVoxels = 1 << 21  // that are read at once to make coarser ones
	maxBlock      = 1 << 24  // voxels that become one
)

// chunk is a box of a coarser level, on the axes of the volume in its own order. A voxel of it is made of
// as many voxels as factors says, or of fewer at the end of an axis.
type chunk struct {
	factors, from, to []int
}

// Failure is an answer that is not what was asked for: a status, and a sentence.
type Failure struct {
	Status int
	Text   string
}

// Error implements error.
func (f *Failure) Error() string { return f.Text }

func bad(format string, args ...any) error {
	return &Failure{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// parseChunk reads the three parts of a chunk's address, each in the wire's order.
func (v *volume) parseChunk(factors, from, to string) (c chunk, err error) {
	axes := v.space()
	for _, part := range []struct {
		what, text string
		least      int
		to         *[]int
	}{{"factors", factors, 1, &c.factors}, {"start", from, 0, &c.from}, {"end", to, 1, &c.to}} {
		texts := strings.Split(part.text, ",")
		if len(texts) != len(axes) {
			return c, bad("The %s of a chunk must be %d numbers, one for each axis.", part.what, len(axes))
		}
		*part.to = make([]int, len(axes))
		for i, text := range texts {
			n, err := strconv.Atoi(text)
			if err != nil || n < part.least || n > math.MaxInt32 {
				return c, bad("The %s of a chunk must be whole numbers from %d, and %.40q is none.", part.what, part.least, text)
			}
			(*part.to)[axes[i].From] = n
		}
	}
	block, bytes := 1, maxChunkBytes
	for i, n := range v.Shape {
		f := c.factors[i]
		if c.from[i] >= c.to[i] || c.to[i] > (n+f-1)/f {
			return c, bad("The chunk from %d to %d lies outside of the axis %s, which has %d voxels by factors of %d.", c.from[i], c.to[i], v.Axes[i], n, f)
		}
		if block *= min(f, n); block > maxBlock {
			return c, bad("One voxel of so coarse a level stands for more than %d voxels: ask for a finer one.", maxBlock)
		}
		if bytes /= c.to[i] - c.from[i]; bytes < 8 {
			return c, bad("The chunk has more than %d MiB: ask for a smaller one.", maxChunkBytes>>20)
		}
	}
	return c, nil
}

// shape is that of the chunk, in its own voxels.
func (c chunk) shape() []int {
	out := make([]int, len(c.from))
	for i := range out {
		out[i] = c.to[i] - c.from[i]
	}
	return out
}

// fine reports whether the chunk has the full resolution.
func (c chunk) fine() bool {
	for _, f := range c.factors {
		if f != 1 {
			return false
		}
	}
	return true
}

func product(list []int) int {
	n := 1
	for _, e := range list {
		n *= e
	}
	return n
}

// reader reads boxes of a volume in the client's dtype.
type reader struct {
	v    *volume
	wire wire
	// read reads a box of a level as the process has it.
	read func(ctx context.Context, box shm.Box, dst []byte) ([]byte, error)
}

// level is the coarsest level of the process that the chunk can be made of, with the factors that are
// left.
func (r *reader) level(c chunk) (level int, left []int) {
	for k := len(r.v.Levels); k > 0; k-- {
		left = make([]int, len(c.factors))
		fits := true
		for i, n := range r.v.Levels[k-1].Shape {
			by := levelFactor(r.v.Shape[i], n)
			left[i] = c.factors[i] / by
			fits = fits && c.factors[i]%by == 0
		}
		if fits {
			return k, left
		}
	}
	return 0, c.factors
}

// levelFactor is how many voxels of an axis of so many become one where n are left, rounded either way: a
// power of two if one fits.
func levelFactor(whole, n int) int {
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

// chunk reads a chunk, in C order.
func (r *reader) chunk(ctx context.Context, c chunk) ([]byte, error) {
	level, left := r.level(c)
	shape := r.v.Shape
	if level > 0 {
		shape = r.v.Levels[level-1].Shape
	}
	out := make([]byte, product(c.shape())*r.wire.Size)
	// A level of the process may be a voxel shorter than it would be here: its last voxel then
	// stands for what is missing.
	have := chunk{factors: left, from: c.from, to: make([]int, len(c.to))}
	whole := true
	for i := range have.to {
		have.to[i] = min(c.to[i], (shape[i]+left[i]-1)/left[i])
		if have.to[i] <= c.from[i] {
			have.from = append([]int{}, have.from...)
			have.from[i] = have.to[i] - 1
		}
		whole = whole && have.to[i] == c.to[i]
	}
	if whole {
		return out, r.fill(ctx, out, level, shape, have)
	}
	part := make([]byte, product(have.shape())*r.wire.Size)
	if err := r.fill(ctx, part, level, shape, have); err != nil {
		return nil, err
	}
	stretch(out, part, c, have, r.wire.Size)
	return out, nil
}

// stretch writes a chunk of which only a part is there: what is missing is as the nearest voxel.
func stretch(out, part []byte, c, have chunk, size int) {
	rank := len(c.from)
	shape, got := c.shape(), have.shape()
	index := make([]int, rank)
	for at := 0; at < len(out); at += size {
		from := 0
		for i := range rank {
			from = from*got[i] + min(max(c.from[i]+index[i]-have.from[i], 0), got[i]-1)
		}
		copy(out[at:at+size], part[from*size:])
		for i := rank - 1; i >= 0; i-- {
			if index[i]++; index[i] < shape[i] {
				break
			}
			index[i] = 0
		}
	}
}

// fill makes a chunk of a level with the shape. What would take too many voxels at once is made in
// parts along the first axis that has more than one: these lie one after the other.
func (r *reader) fill(ctx context.Context, out []byte, level int, shape []int, c chunk) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	box := shm.Box{Level: level, From: make([]int, len(shape)), To: make([]int, len(shape))}
	voxels := 1
	for i, n := range shape {
		box.From[i], box.To[i] = c.from[i]*c.factors[i], min(c.to[i]*c.factors[i], n)
		voxels *= box.To[i] - box.From[i]
	}
	if voxels > maxReadVoxels {
		for i := range shape {
			n := c.to[i] - c.from[i]
			if n < 2 {
				continue
			}
			half := chunk{c.factors, append([]int{}, c.from...), append([]int{}, c.to...)}
			middle := c.from[i] + n/2
			half.to[i] = middle
			cut := product(half.shape()) * r.wire.Size
			if err := r.fill(ctx, out[:cut], level, shape, half); err != nil {
				return err
			}
			half.from[i], half.to[i] = middle, c.to[i]
			return r.fill(ctx, out[cut:], level, shape, half)
		}
	}
	raw, err := r.read(ctx, box, nil)
	if err != nil {
		return err
	}
	if len(raw) != voxels*r.wire.From {
		return fmt.Errorf("a box of %d bytes came with %d", voxels*r.wire.From, len(raw))
	}
	fine := c.fine()
	data := raw
	if r.wire.convert != nil {
		if data = out; !fine {
			data = make([]byte, voxels*r.wire.Size)
		}
		r.wire.convert(data, raw, voxels)
	}
	if fine {
		if r.wire.convert == nil {
			copy(out, raw)
		}
		return nil
	}
	return downsample(out, data, r.wire.Type, r.v.Kind == shm.VolumeLabels, box, c.factors)
}

// downsample makes coarser voxels of a box that begins where one of them begins: the mean of images,
// rounded and without NaN, and of labels the one that most voxels have, the lowest of several.
func downsample(dst, src []byte, kind string, labels bool, box shm.Box, factors []int) error {
	size := len(src)
	shape := make([]int, len(factors))
	for i := range shape {
		shape[i] = box.To[i] - box.From[i]
	}
	if n := product(shape); n > 0 {
		size = len(src) / n
	}
	out := make([]int, len(shape))
	for i := range shape {
		out[i] = (shape[i] + factors[i] - 1) / factors[i]
	}
	at := make([]int, len(shape))
	var block []uint64
	for o := 0; o < len(dst); o += size {
		block = block[:0]
		collect(&block, src, size, shape, factors, at, 0, 0)
		put(dst[o:], size, reduce(block, kind, labels))
		for i := len(at) - 1; i >= 0; i-- {
			if at[i]++; at[i] < out[i] {
				break
			}
			at[i] = 0
		}
	}
	return nil
}

// collect appends the voxels of a block, as bits.
func collect(block *[]uint64, src []byte, size int, shape, factors, at []int, axis, offset int) {
	from := at[axis] * factors[axis]
	for i := from; i < min(from+factors[axis], shape[axis]); i++ {
		next := offset*shape[axis] + i
		if axis == len(shape)-1 {
			*block = append(*block, get(src[next*size:], size))
			continue
		}
		collect(block, src, size, shape, factors, at, axis+1, next)
	}
}

func get(b []byte, size int) uint64 {
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

func put(b []byte, size int, v uint64) {
	switch size {
	case 1:
		b[0] = byte(v)
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(v))
	default:
		binary.LittleEndian.PutUint64(b, v)
	}
}

// reduce makes one voxel of a block.
func reduce(block []uint64, kind string, labels bool) uint64 {
	bits := map[string]int{"int8": 56, "int16": 48, "int32": 32}[kind]
	switch {
	case labels:
		counts := make(map[uint64]int, 8)
		best, most := uint64(0), 0
		for _, v := range block {
			counts[v]++
		}
		for v, n := range counts {
			less := v < best
			if bits > 0 {
				less = int64(v<<bits) < int64(best<<bits)
			}
			if n > most || n == most && less {
				best, most = v, n
			}
		}
		return best
	case kind == "float32":
		sum, n := 0.0, 0
		for _, v := range block {
			if f := math.Float32frombits(uint32(v)); f == f {
				sum += float64(f)
				n++
			}
		}
		return uint64(math.Float32bits(float32(sum / float64(n))))
	}
	var sum int64
	for _, v := range block {
		sum += int64(v<<bits) >> bits
	}
	return uint64(int64(math.RoundToEven(float64(sum) / float64(len(block)))))
}

// why is a sentence about why a chunk could not be read, with the status of its answer.
func why(err error) *Failure {
	var f *Failure
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, shm.ErrNoVolume), errors.Is(err, shm.ErrNoArray):
		return &Failure{http.StatusNotFound, sentence(err)}
	case errors.Is(err, shm.ErrBox):
		return &Failure{http.StatusBadRequest, sentence(err)}
	case errors.Is(err, shm.ErrNoLabel):
		return &Failure{http.StatusNotFound, sentence(err)}
	case errors.Is(err, context.DeadlineExceeded):
		return &Failure{http.StatusGatewayTimeout, "The process did not answer in time."}
	}
	return &Failure{http.StatusInternalServerError, sentence(err)}
}
