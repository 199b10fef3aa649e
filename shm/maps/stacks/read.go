package stacks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"webmon/shm"
	"webmon/shm/maps/library"
	"webmon/shm/segment"
	"webmon/shm/stack"
	"webmon/shm/stack/pack"
)

const (
	// maxBox is the most bytes of one read.
	maxBox = 1 << 30
	// bandBytes is how many bytes of a plane are in memory at a time, beside the picture that is
	// made of them.
	bandBytes = 8 << 20
	// maxBand is the most bytes of rows that become one row of a picture.
	maxBand = 256 << 20
)

var _ shm.ArrayReader = (*array)(nil)

// part is what of the array is read.
type part struct{ from, to []int }

// ReadBox implements [shm.ArrayReader].
func (a *array) ReadBox(f *shm.ArrayFrame, from, to []int, dst []byte) ([]byte, error) {
	shape := a.info.Shape
	ok := f != nil && len(f.Shape) == len(shape) && len(from) == len(shape) && len(to) == len(shape)
	for i := 0; ok && i < len(shape); i++ {
		ok = 0 <= from[i] && from[i] <= to[i] && to[i] <= shape[i]
	}
	if !ok {
		return nil, fmt.Errorf("%w: %v to %v of %v", shm.ErrBox, from, to, shape)
	}
	return a.read(part{from, to}, dst)
}

// ReadAll implements [shm.ArrayReader].
func (a *array) ReadAll(f *shm.ArrayFrame, dst []byte) ([]byte, error) {
	return a.ReadBox(f, make([]int, len(a.info.Shape)), a.info.Shape, dst)
}

// ReadRecords implements [shm.ArrayReader]: there are none.
func (a *array) ReadRecords(*shm.ArrayFrame, int, int) ([][]shm.Value, error) {
	return nil, errors.New("its items are numbers, not records")
}

// ReadItem returns the bytes of one item of a frame, in the dtype of the array. position has a
// number for each axis.
func (a *array) ReadItem(f *shm.ArrayFrame, position []int) ([]byte, error) {
	to := slices.Clone(position)
	for i := range to {
		to[i]++
	}
	return a.ReadBox(f, position, to, nil)
}

// read reads a box that lies within the array.
func (a *array) read(p part, dst []byte) ([]byte, error) {
	size := a.stack.Type.Size()
	n := size
	for i := range p.from {
		side := p.to[i] - p.from[i]
		if side == 0 {
			return dst[:0], nil
		}
		if side > maxBox/n {
			return nil, fmt.Errorf("a box of more than %d MiB is not read at once: take smaller ones", maxBox>>20)
		}
		n *= side
	}
	if cap(dst) < n {
		dst = make([]byte, n)
	}
	dst = dst[:n]
	// The axes t and c come first where the array has them.
	times, channels := [2]int{0, 1}, [2]int{0, 1}
	k := 0
	if a.info.Axes[k] == "t" {
		times = [2]int{p.from[k], p.to[k]}
		k++
	}
	if a.info.Axes[k] == "c" {
		channels = [2]int{p.from[k], p.to[k]}
		k++
	}
	rect := stack.Rect{Row: p.from[k+1], Rows: p.to[k+1] - p.from[k+1], Col: p.from[k+2], Cols: p.to[k+2] - p.from[k+2]}
	plane := a.stack.Bytes(rect)
	depth := p.to[k] - p.from[k]
	for c := channels[0]; c < channels[1]; c++ {
		err := a.with(c, func(im library.Image) error {
			for t := times[0]; t < times[1]; t++ {
				at := ((t-times[0])*(channels[1]-channels[0]) + c - channels[0]) * depth * plane
				for z := p.from[k]; z < p.to[k]; z++ {
					into := dst[at : at+plane : at+plane]
					got, err := im.ReadPlane(a.s.life, t, im.Channel, z, rect, into)
					if err != nil {
						return err
					}
					if &got[0] != &into[0] {
						copy(into, got)
					}
					at += plane
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	a.signed(dst)
	return dst, nil
}

// signed makes the values of a file with signed numbers of its pixels, which begin at 0.
func (a *array) signed(data []byte) {
	base := a.stack.Base
	if base == 0 {
		return
	}
	if a.stack.Type == shm.U8 {
		for i := range data {
			data[i] += byte(base)
		}
		return
	}
	for ; len(data) >= 2; data = data[2:] {
		binary.LittleEndian.PutUint16(data, binary.LittleEndian.Uint16(data)+uint16(base))
	}
}

// with calls f with the images of a channel of the array. Errors are those of
// [shm.ArrayReader].
func (a *array) with(c int, f func(library.Image) error) error {
	if a.s.life.Err() != nil {
		return fmt.Errorf("%w: the map is not open any more. Its page opens it again", shm.ErrNoArray)
	}
	im, err := a.s.opts.Library.Image(a.s.life, a.s.key, a.session, a.numbers[c])
	if err == nil {
		defer im.Release()
		if im.Tag != a.tags[c] {
			shm.Signal(a.s.again)
			return fmt.Errorf("the file has changed: %w", shm.ErrOvertaken)
		}
		err = f(im)
	}
	if err != nil {
		shm.Signal(a.s.again)
		return fmt.Errorf("%w: %w", shm.ErrNoArray, err)
	}
	return nil
}

// ReadPlane implements [shm.ArrayReader]. A picture with less resolution is made band by band, so
// that a plane is never in memory as a whole.
func (a *array) ReadPlane(f *shm.ArrayFrame, sel shm.Selection, dst []byte) (shm.Pixels, error) {
	shape := a.info.Shape
	if f == nil || len(f.Shape) != len(shape) {
		return shm.Pixels{}, errors.New("this is no frame of the array")
	}
	last := len(shape) - 1
	inside := func(axis int) bool { return axis >= 0 && axis <= last }
	switch {
	case !inside(sel.X), !inside(sel.Y), sel.X == sel.Y, sel.C >= 0 && (!inside(sel.C) || sel.C == sel.X || sel.C == sel.Y):
		return shm.Pixels{}, errors.New("a picture needs an axis for its rows and another for its columns")
	case len(sel.Index) != len(shape):
		return shm.Pixels{}, fmt.Errorf("the position has %d axes, the array %d", len(sel.Index), len(shape))
	case sel.Step < 1 || sel.Step > 1<<16:
		return shm.Pixels{}, fmt.Errorf("the step %d is none from 1 to %d", sel.Step, 1<<16)
	}
	box := part{make([]int, len(shape)), make([]int, len(shape))}
	samples := 1
	for k, n := range shape {
		switch k {
		case sel.X:
			box.from[k], box.to[k] = cut(sel.Col, sel.Cols, n)
		case sel.Y:
			box.from[k], box.to[k] = cut(sel.Row, sel.Rows, n)
		case sel.C:
			box.to[k], samples = n, n
		default:
			if sel.Index[k] < 0 || sel.Index[k] >= n {
				return shm.Pixels{}, fmt.Errorf("the position %d on axis %d is none of %d", sel.Index[k], k, n)
			}
			box.from[k], box.to[k] = sel.Index[k], sel.Index[k]+1
		}
	}
	row, col := box.from[sel.Y], box.from[sel.X]
	rows, cols := box.to[sel.Y]-row, box.to[sel.X]-col
	size := a.stack.Type.Size()
	if sel.Step == 1 && a.stack.Base == 0 && sel.C < 0 && sel.X == last && sel.Y == last-1 {
		// The pixels are as they lie in the file.
		data, err := a.read(box, dst)
		return shm.Pixels{Type: a.stack.Type, Row: row, Col: col, Rows: rows, Cols: cols, Samples: 1, Data: data}, err
	}
	line := max(cols*samples*size, 1)
	if sel.Step > maxBand/line {
		return shm.Pixels{}, fmt.Errorf("%d rows of %d pixels are more than are read at once: take a smaller step, or a part", sel.Step, cols)
	}
	band := max(bandBytes/line/sel.Step, 1) * sel.Step
	inner := sel
	inner.Index, inner.Row, inner.Col, inner.Cols = make([]int, len(shape)), 0, 0, cols
	sides := make([]int, len(shape))
	out := shm.Pixels{Row: row, Col: col}
	for at := 0; at == 0 || at < rows; at += band {
		high := min(band, rows-at)
		box.from[sel.Y], box.to[sel.Y] = row+at, row+at+high
		n := size
		for k := range sides {
			sides[k] = box.to[k] - box.from[k]
			n *= sides[k]
		}
		px, err := a.band(box, n, sides, inner, high, dst, len(out.Data))
		if err != nil {
			return shm.Pixels{}, err
		}
		if at == 0 {
			out.Type, out.Cols, out.Samples = px.Type, px.Cols, px.Samples
			total := (rows + sel.Step - 1) / sel.Step * px.Cols * px.Samples * px.Type.Size()
			if total > maxBox {
				return shm.Pixels{}, fmt.Errorf("%d x %d pixels are more than are read at once: take a larger step, or a part", rows, cols)
			}
			if cap(dst) < total {
				dst = append(make([]byte, 0, total), px.Data...)
			}
			out.Data = dst[:0]
		}
		if have := len(out.Data); len(px.Data) > 0 && &dst[:have+1][have] != &px.Data[0] {
			copy(dst[have:have+len(px.Data)], px.Data)
		}
		out.Data, out.Rows = dst[:len(out.Data)+len(px.Data)], out.Rows+px.Rows
	}
	return out, nil
}

// band reads a band of a picture, n bytes of the file, behind the first have bytes of dst where they
// have room there.
func (a *array) band(box part, n int, sides []int, sel shm.Selection, high int, dst []byte, have int) (shm.Pixels, error) {
	buffer := pack.Take(n)
	defer pack.GiveBack(buffer)
	data, err := a.read(box, *buffer)
	if err != nil {
		return shm.Pixels{}, err
	}
	sel.Rows = high
	return segment.PlaneOf(a.info.Descr, sides, data, sel, dst[have:have])
}

// cut returns what of n from from on lies in size, as its beginning and its end.
func cut(from, n, size int) (int, int) {
	begin := min(max(from, 0), size)
	if n <= 0 || from >= size || n < -from {
		return begin, begin
	}
	if from < 0 {
		n += from
	}
	return begin, begin + min(n, size-begin)
}
