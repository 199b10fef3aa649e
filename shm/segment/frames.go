package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/pickle"
)

// frames reads parts of frames, wherever in memory those lie. It implements
// [shm.ArrayReader] for everything that has such memory.
type frames struct {
	dtype *pickle.DType
	shape []int // frames may be smaller
	backing
}

// backing is the memory in which frames lie.
type backing interface {
	// data runs copyOut, which copies out of the n bytes of a frame, and makes sure
	// that they were the frame's from the first to the last.
	data(f *shm.ArrayFrame, n int, copyOut func(data []byte) error) error
}

// read runs copyOut, which copies out of the data of a frame, and makes sure
// that this was the frame's data from the first to the last byte.
func (r *frames) read(f *shm.ArrayFrame, copyOut func(data []byte) error) error {
	if f == nil || f.Seq == 0 || len(f.Shape) != len(r.shape) {
		return errors.New("this is no frame of the array")
	}
	n, ok := frameBytes(r.dtype, f.Shape)
	if whole, _ := frameBytes(r.dtype, r.shape); !ok || n > whole {
		return errors.New("this is no frame of the array")
	}
	return r.data(f, n, copyOut)
}

// grow returns a slice of n bytes: dst itself if it is large enough.
func grow(dst []byte, n int) []byte {
	if cap(dst) >= n {
		return dst[:n]
	}
	return make([]byte, n)
}

// ReadAll implements [shm.ArrayReader].
func (r *frames) ReadAll(f *shm.ArrayFrame, dst []byte) ([]byte, error) {
	err := r.read(f, func(data []byte) error {
		dst = grow(dst, len(data))
		copy(dst, data)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return dst, nil
}

// These bound the records of one call. People read a few hundred records. A program
// that wants all of them calls ReadAll.
const (
	maxRecords = 16 << 20 // bytes
	maxValues  = 1 << 20  // with those in fields that are arrays
)

// ReadRecords implements [shm.ArrayReader]. What lies outside the frame is left
// out. A field that is an array is a list of lists, one that is a record a map;
// datetime64 is as [shm.Moment] has it and timedelta64 as [shm.Span], NaT is nil.
func (r *frames) ReadRecords(f *shm.ArrayFrame, from, to int) ([][]shm.Value, error) {
	t := r.dtype
	switch {
	case len(t.Fields) == 0:
		return nil, fmt.Errorf("its items are %s, not records", natural.Clip(t.Descr(), maxShown))
	case f == nil || len(f.Shape) != 1:
		return nil, errors.New("its records do not lie along one axis")
	case t.Size == 0: // however many there are said to be, there is nothing of them
		return nil, nil
	}
	from, to = max(from, 0), min(to, f.Shape[0])
	if from >= to {
		return nil, nil
	}
	if to-from > maxRecords/max(t.Size, 1) || to-from > maxValues/max(valuesOf(t), 1) {
		return nil, fmt.Errorf("%d records of %d bytes are more than are read at once", to-from, t.Size)
	}
	b := make([]byte, (to-from)*t.Size)
	err := r.read(f, func(data []byte) error {
		copy(b, data[from*t.Size:])
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([][]shm.Value, to-from)
	values := make([]shm.Value, len(out)*len(t.Fields))
	for i := range out {
		out[i], values = values[:len(t.Fields):len(t.Fields)], values[len(t.Fields):]
		for k, field := range t.Fields {
			out[i][k] = itemValue(field.Type, b[field.Offset:])
		}
		b = b[t.Size:]
	}
	return out, nil
}

// valuesOf returns how many values an item of the dtype has, the lists included that hold
// them.
func valuesOf(t *pickle.DType) int {
	n := 1
	if t.Base != nil && t.Size > 0 {
		n = valuesOf(t.Base)
		for _, side := range t.Shape {
			n = 1 + min(n, maxValues+1)*min(side, maxValues+1)
		}
	}
	for _, f := range t.Fields {
		n += valuesOf(f.Type)
	}
	return n
}

// itemValue is the value of one item of a dtype.
func itemValue(t *pickle.DType, b []byte) shm.Value {
	switch {
	case t.Base != nil && t.Size == 0:
		// A shape such as (2^28, 0) says of how many lists, and has no byte for any.
		return []shm.Value{}
	case t.Base != nil:
		v, _ := listOf(t.Base, t.Shape, b)
		return v
	case len(t.Fields) > 0:
		out := make(map[string]shm.Value, len(t.Fields))
		for _, f := range t.Fields {
			out[f.Name] = itemValue(f.Type, b[f.Offset:])
		}
		return out
	}
	switch t.Kind {
	case 'M':
		return shm.Moment(timeOf(t, b), t.Unit, t.Count)
	case 'm':
		return shm.Span(timeOf(t, b), t.Unit, t.Count)
	}
	item := t.Item(b)
	if _, raw := item.([]byte); raw {
		if t.Kind == 'f' || t.Kind == 'c' { // longer than Go's
			if load := float64Of(t); load != nil {
				return load(unsafe.Pointer(unsafe.SliceData(b)))
			}
		}
	}
	v, err := pickle.Plain(item, pickle.PlainOptions{})
	if err != nil { // more text than a page shows
		return natural.Clip(fmt.Sprint(item), maxShown)
	}
	return v
}

// timeOf returns the number that stands for a time in memory.
func timeOf(t *pickle.DType, b []byte) int64 {
	if t.Big {
		return int64(binary.BigEndian.Uint64(b))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

// listOf returns a field that is an array as nested lists, and the number of its
// bytes.
func listOf(t *pickle.DType, shape []int, b []byte) (shm.Value, int) {
	if len(shape) == 0 {
		return itemValue(t, b), t.Size
	}
	out, used := make([]shm.Value, shape[0]), 0
	for i := range out {
		var n int
		out[i], n = listOf(t, shape[1:], b[used:])
		used += n
	}
	return out, used
}
