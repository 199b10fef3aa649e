package volumes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"webmon/dashboard/volumes/level"
	"webmon/shm"
)

// Bounds of a chunk.
const (
	maxChunkBytes = 64 << 20  // of the answer
	maxReadBytes  = 4 << 20   // that a process is asked for at once; more only if one voxel is made of more
	maxMapped     = 256 << 10 // the same of what lies in memory: so much is still in the processor's cache when means are made
	maxBlock      = 1 << 24   // voxels that become one
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
	ends := level.Shape(v.Shape, c.factors)
	for i, n := range v.Shape {
		f := c.factors[i]
		if c.from[i] >= c.to[i] || c.to[i] > ends[i] {
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

// room is how many bytes it takes to make the chunk: those of the answer, and what is read at once, which is most or
// one voxel's block.
func (c chunk) room(shape []int, w level.Wire, most int) int64 {
	voxels, block := 1, 1
	for i, n := range c.shape() {
		f := min(c.factors[i], shape[i])
		voxels *= n
		block *= f
	}
	out := int64(voxels) * int64(w.Size)
	if c.fine() && w.Same() {
		return out
	}
	size := int64(w.DType.Size)
	return out + min(int64(voxels)*int64(block)*size, max(int64(most), int64(block)*size))
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
	wire level.Wire
	// read reads a box of a level as the process has it.
	read func(ctx context.Context, box shm.Box, dst []byte) ([]byte, error)
	raw  []byte // what was read last
	// view calls a function with all voxels of the full resolution where they lie, and is false if they lie
	// in no memory. It may be nil.
	view func(ctx context.Context, f func(voxels []byte) error) (bool, error)
}

// mapped reports whether the full resolution is read in memory, and no process is asked for it.
func (v *volume) mapped() bool { return v.Array != nil || v.Shm != "" }

// most is how many bytes of a level are read at once to be made into something else.
func (v *volume) most(level int) int {
	if level == 0 && v.mapped() {
		return maxMapped
	}
	return maxReadBytes
}

// source is the coarsest level of the process that the chunk can be made of, with the factors that are
// left.
func (r *reader) source(c chunk) (from int, left []int) {
	for k := len(r.v.Levels); k > 0; k-- {
		left = make([]int, len(c.factors))
		fits := true
		for i, n := range r.v.Levels[k-1].Shape {
			by := level.Factor(r.v.Shape[i], n)
			left[i] = c.factors[i] / by
			fits = fits && c.factors[i]%by == 0
		}
		if fits {
			return k, left
		}
	}
	return 0, c.factors
}

// chunk reads a chunk, in C order, into dst if that is large enough.
func (r *reader) chunk(ctx context.Context, c chunk, dst []byte) ([]byte, error) {
	from, left := r.source(c)
	shape := r.v.Shape
	if from > 0 {
		shape = r.v.Levels[from-1].Shape
	}
	out := dst[:0]
	if n := product(c.shape()) * r.wire.Size; cap(out) < n {
		out = make([]byte, n)
	} else {
		out = out[:n]
	}
	// A level of the process may be a voxel shorter than it would be here: its last voxel then
	// stands for what is missing.
	have := chunk{factors: left, from: c.from, to: make([]int, len(c.to))}
	whole := true
	ends := level.Shape(shape, left)
	for i := range have.to {
		have.to[i] = min(c.to[i], ends[i])
		if have.to[i] <= c.from[i] {
			have.from = append([]int{}, have.from...)
			have.from[i] = have.to[i] - 1
		}
		whole = whole && have.to[i] == c.to[i]
	}
	if whole {
		return out, r.fill(ctx, out, from, shape, have)
	}
	part := make([]byte, product(have.shape())*r.wire.Size)
	if err := r.fill(ctx, part, from, shape, have); err != nil {
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
func (r *reader) fill(ctx context.Context, out []byte, from int, shape []int, c chunk) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	box, err := level.Finer(c.from, c.to, c.factors, shape)
	if err != nil {
		return err
	}
	box.Level = from
	sides := chunk{from: box.From, to: box.To}.shape()
	most := r.v.most(from)
	plain := c.fine() && r.wire.Same()
	straight := from == 0 && r.view != nil && !c.fine() && r.wire.Straight(sides, c.factors)
	if plain || straight {
		most = maxReadBytes
	}
	if product(sides)*r.wire.DType.Size > most {
		for i := range shape {
			n := c.to[i] - c.from[i]
			if n < 2 {
				continue
			}
			half := chunk{c.factors, append([]int{}, c.from...), append([]int{}, c.to...)}
			middle := c.from[i] + n/2
			half.to[i] = middle
			cut := product(half.shape()) * r.wire.Size
			if err := r.fill(ctx, out[:cut], from, shape, half); err != nil {
				return err
			}
			half.from[i], half.to[i] = middle, c.to[i]
			return r.fill(ctx, out[cut:], from, shape, half)
		}
	}
	if plain {
		got, err := r.read(ctx, box, out[:0:len(out)])
		if err != nil {
			return err
		}
		if len(got) != len(out) {
			return fmt.Errorf("a box of %d bytes came with %d", len(out), len(got))
		}
		copy(out, got) // which it is already, unless the reader has taken room of its own
		return nil
	}
	if straight {
		ok, err := r.view(ctx, func(voxels []byte) error {
			_, err := r.wire.AppendBox(out[:0:len(out)], voxels, shape, box.From, box.To, c.factors)
			return err
		})
		if ok || err != nil {
			return err
		}
	}
	if r.raw, err = r.read(ctx, box, r.raw[:0]); err != nil {
		return err
	}
	if want := product(sides) * r.wire.DType.Size; len(r.raw) != want {
		return fmt.Errorf("a box of %d bytes came with %d", want, len(r.raw))
	}
	_, err = r.wire.Append(out[:0:len(out)], r.raw, sides, c.factors)
	return err
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
