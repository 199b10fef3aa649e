// Package pixelstest is an array in ordinary memory, for tests: a ring of frames
// that behaves as one in shared memory does, on every system, and that can be
// told when to overwrite a frame.
//
//	a := pixelstest.New(shm.ArrayInfo{Name: "camera", Descr: "<u2", Shape: []int{64, 64}}, 3)
//	sink.State(shm.TopicArrays, shm.Arrays{*a.Info()})
//	sink.State(shm.ArrayTopic("camera"), a.Publish(data))
//
// It reads one pixel after the other by the definition, and so is slow.
package pixelstest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"

	"webmon/shm"
)

// Array is an array and the reader of its frames.
type Array struct {
	info shm.ArrayInfo

	mu     sync.Mutex // guards all below
	seq    uint64
	ring   map[uint64][]byte // the last frames by number
	slots  uint64
	during func()
	reads  int
}

var _ shm.ArrayReader = (*Array)(nil)

// New returns an array that keeps the last frames, so many of them. What is
// missing in info is filled in: generation, segment and axes.
func New(info shm.ArrayInfo, slots int) *Array {
	if info.Generation == "" {
		info.Generation = "0123456789abcdef"
	}
	if info.Shm == "" {
		info.Shm = "webmon-1-" + info.Name
	}
	if info.Axes == nil {
		for i := range info.Shape {
			info.Axes = append(info.Axes, []string{"x", "y", "z", "t", "v", "w", "u", "s"}[len(info.Shape)-1-i])
		}
	}
	return &Array{info: info, ring: map[uint64][]byte{}, slots: uint64(slots)}
}

// Info is what the process declares of the array.
func (a *Array) Info() *shm.ArrayInfo { return &a.info }

// Publish puts a frame of the array's shape into the ring, in which the oldest
// one is overwritten.
func (a *Array) Publish(data []byte) *shm.ArrayFrame { return a.PublishAs(data, a.info.Shape) }

// PublishAs publishes a frame of another shape.
func (a *Array) PublishAs(data []byte, shape []int) *shm.ArrayFrame {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seq++
	a.ring[a.seq] = data
	delete(a.ring, a.seq-a.slots)
	return &shm.ArrayFrame{
		Info: &a.info, Seq: a.seq, Stamp: 1.7e9 + float64(a.seq)/60, Shape: shape,
		Step: [2]float64{1, 1}, Reader: a,
	}
}

// During has f called once in the middle of the next read, as if the process
// did something then.
func (a *Array) During(f func()) {
	a.mu.Lock()
	a.during = f
	a.mu.Unlock()
}

// Reads is how often something was read.
func (a *Array) Reads() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.reads
}

func (a *Array) read(f *shm.ArrayFrame) ([]byte, error) {
	a.mu.Lock()
	data, ok := a.ring[f.Seq]
	during := a.during
	a.during = nil
	a.reads++
	a.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("frame %d: %w", f.Seq, shm.ErrOvertaken)
	}
	if during != nil {
		during()
		return a.read(f)
	}
	return data, nil
}

// ReadPlane implements [shm.ArrayReader].
func (a *Array) ReadPlane(f *shm.ArrayFrame, sel shm.Selection, dst []byte) (shm.Pixels, error) {
	data, err := a.read(f)
	if err != nil {
		return shm.Pixels{}, err
	}
	kind, size, err := split(a.info.Descr)
	if err != nil {
		return shm.Pixels{}, err
	}
	side := func(axis int) int {
		if axis < 0 {
			return 1
		}
		return f.Shape[axis]
	}
	clip := func(from, n, size int) (int, int) {
		from = min(from, size)
		return from, min(n, size-from)
	}
	px := shm.Pixels{Type: pixels(kind, size, sel), Samples: side(sel.C)}
	var rows, cols int
	px.Row, rows = clip(sel.Row, sel.Rows, side(sel.Y))
	px.Col, cols = clip(sel.Col, sel.Cols, side(sel.X))
	px.Rows, px.Cols = (rows+sel.Step-1)/sel.Step, (cols+sel.Step-1)/sel.Step
	at := func(row, col, sample int) []byte {
		i := 0
		for axis, n := range f.Shape {
			k := sel.Index[axis]
			switch axis {
			case sel.Y:
				k = row
			case sel.X:
				k = col
			case sel.C:
				k = sample
			}
			i = i*n + k
		}
		return data[i*size:][:size]
	}
	dst = dst[:0]
	for r := range px.Rows {
		for c := range px.Cols {
			for s := range px.Samples {
				sum, n, end := 0.0, 0.0, math.NaN()
				for row := px.Row + r*sel.Step; row < min(px.Row+(r+1)*sel.Step, px.Row+rows); row++ {
					for col := px.Col + c*sel.Step; col < min(px.Col+(c+1)*sel.Step, px.Col+cols); col++ {
						switch v := value(kind, size, at(row, col, s)); {
						case v-v == 0: // what is no finite number is left out
							sum += v
							n++
						case v == v && !(end > v):
							end = v
						}
					}
				}
				v := sum / n
				if n == 0 {
					v = end
				}
				if sel.Nearest || sel.Step == 1 {
					one := at(min(px.Row+r*sel.Step+sel.Step/2, px.Row+rows-1), min(px.Col+c*sel.Step+sel.Step/2, px.Col+cols-1), s)
					if px.Type != shm.F32 { // as it is
						dst = append(dst, one...)
						continue
					}
					v = value(kind, size, one)
				}
				switch px.Type {
				case shm.U8:
					dst = append(dst, uint8(v+0.5))
				case shm.U16:
					dst = binary.LittleEndian.AppendUint16(dst, uint16(v+0.5))
				case shm.F64:
					dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
				default:
					dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(v)))
				}
			}
		}
	}
	px.Data = dst
	return px, nil
}

// ReadAll implements [shm.ArrayReader].
func (a *Array) ReadAll(f *shm.ArrayFrame, dst []byte) ([]byte, error) {
	data, err := a.read(f)
	return append(dst[:0], data...), err
}

// ReadBox implements [shm.ArrayReader].
func (a *Array) ReadBox(f *shm.ArrayFrame, from, to []int, dst []byte) ([]byte, error) {
	data, err := a.read(f)
	if err != nil {
		return nil, err
	}
	items := 1
	for i, n := range f.Shape {
		if len(from) != len(f.Shape) || len(to) != len(f.Shape) || from[i] < 0 || to[i] > n || from[i] > to[i] {
			return nil, fmt.Errorf("%v to %v: %w", from, to, shm.ErrBox)
		}
		items *= n
	}
	dst = dst[:0]
	for item := range items {
		inside, rest := true, item
		for axis := len(f.Shape) - 1; axis >= 0; axis-- {
			k := rest % f.Shape[axis]
			rest /= f.Shape[axis]
			inside = inside && from[axis] <= k && k < to[axis]
		}
		if inside {
			dst = append(dst, data[item*len(data)/items:][:len(data)/items]...)
		}
	}
	return dst, nil
}

// ReadRecords implements [shm.ArrayReader], for fields of single numbers and
// texts of bytes.
func (a *Array) ReadRecords(f *shm.ArrayFrame, from, to int) ([][]shm.Value, error) {
	data, err := a.read(f)
	if err != nil {
		return nil, err
	}
	if len(a.info.Fields) == 0 {
		return nil, errors.New("there are no records")
	}
	var out [][]shm.Value
	item := len(data) / f.Shape[0]
	for i := from; i < min(to, f.Shape[0]); i++ {
		record := data[i*item:]
		row := make([]shm.Value, 0, len(a.info.Fields))
		for _, field := range a.info.Fields {
			kind, size, err := split(field.Descr)
			if err != nil {
				return nil, err
			}
			switch kind {
			case 'S':
				row = append(row, string(record[:size]))
			case 'f':
				row = append(row, value(kind, size, record))
			default:
				row = append(row, int64(value(kind, size, record)))
			}
			record = record[size:]
		}
		out = append(out, row)
	}
	return out, nil
}

// pixels is the type of the pixels of a selection, see [shm.PixelType]. Of means,
// and of floats, it is F32 where the selection is compact.
func pixels(kind byte, size int, sel shm.Selection) shm.PixelType {
	whole := map[string]shm.PixelType{"u4": shm.U32, "u8": shm.U64, "i4": shm.I32, "i8": shm.I64}[string(kind)+strconv.Itoa(size)]
	switch {
	case kind == 'b', kind == 'u' && size == 1:
		return shm.U8
	case kind == 'u' && size == 2:
		return shm.U16
	case whole != "" && (sel.Nearest || sel.Step == 1):
		return whole
	case kind == 'f' && size == 4, size < 4, sel.Compact:
		return shm.F32
	}
	return shm.F64
}

func split(descr string) (kind byte, size int, err error) {
	if len(descr) < 3 || descr[0] == '>' {
		return 0, 0, fmt.Errorf("the dtype %q is not for tests", descr)
	}
	size, err = strconv.Atoi(descr[2:])
	return descr[1], size, err
}

func value(kind byte, size int, b []byte) float64 {
	switch {
	case kind == 'f' && size == 4:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case kind == 'f':
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	case size == 1 && kind == 'i':
		return float64(int8(b[0]))
	case size == 1:
		return float64(b[0])
	case size == 2 && kind == 'i':
		return float64(int16(binary.LittleEndian.Uint16(b)))
	case size == 2:
		return float64(binary.LittleEndian.Uint16(b))
	case size == 4 && kind == 'u':
		return float64(binary.LittleEndian.Uint32(b))
	case size == 4:
		return float64(int32(binary.LittleEndian.Uint32(b)))
	case kind == 'u':
		return float64(binary.LittleEndian.Uint64(b))
	}
	return float64(int64(binary.LittleEndian.Uint64(b)))
}
