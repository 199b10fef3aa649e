package pixels

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"webmon/shm"
)

// NPY is a frame, or a plane of it, as a .npy file holds it.
type NPY struct {
	Header []byte
	Data   []byte
}

// ReadNPY reads a frame in the array's own dtype: all of it, or with an index one
// plane of it. It ends with the error of ctx when that is done.
func ReadNPY(ctx context.Context, frame *shm.ArrayFrame, plane Index) (*NPY, error) {
	info := frame.Info
	shape := frame.Shape
	if plane != nil {
		if len(info.Fields) > 0 {
			return nil, refuse("plane", errors.New("records have no planes"))
		}
		if err := plane.Fits(shape); err != nil {
			return nil, refuse("plane", err)
		}
		shape = plane.kept(shape)
	}
	item, known := ItemBytes(info)
	size := int64(item) * int64(Count(shape))
	if item > 0 && Count(shape) > MaxNPY/item {
		size = MaxNPY + 1
	}
	switch {
	case size > MaxNPY && plane != nil:
		return nil, fmt.Errorf("%w: a plane of %s is larger than 1 GiB; take a part of it through the picture", ErrTooLarge, info.Name)
	case size > MaxNPY:
		return nil, fmt.Errorf("%w: a frame of %s is larger than 1 GiB; take plane after plane with ?plane=, or a part of one through the picture", ErrTooLarge, info.Name)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var data []byte
	var err error
	if plane != nil && Count(shape) > 0 {
		data, err = frame.Reader.ReadBox(frame, plane.box(frame.Shape, 0), plane.box(frame.Shape, 1), nil)
	} else if plane == nil {
		data, err = frame.Reader.ReadAll(frame, nil)
	}
	if err != nil {
		return nil, err
	}
	if !known || len(data) != item*Count(shape) {
		return nil, refuse("", errors.New("its records have gaps between their fields, or fields of a kind that a .npy cannot be made of; use .csv"))
	}
	return &NPY{Header: npyHeader(info, shape), Data: data}, nil
}

// kept is the shape of the axes that are no single position. They keep their order.
func (ix Index) kept(shape []int) []int {
	out := []int{}
	for i, a := range ix {
		if a < 0 {
			out = append(out, shape[i])
		}
	}
	return out
}

// box is where the plane begins on each axis, or, at 1, where it ends.
func (ix Index) box(shape []int, end int) []int {
	out := make([]int, len(ix))
	for i, a := range ix {
		switch {
		case a >= 0:
			out[i] = int(a) + end
		case end > 0:
			out[i] = shape[i]
		}
	}
	return out
}

// checkEvery is after how many items it is looked whether anybody still waits for them.
const checkEvery = 1 << 16

// npyHeader is the header of a .npy file of version 1.0, or of 2.0 if the dtype needs
// more room.
func npyHeader(info *shm.ArrayInfo, shape []int) []byte {
	dict := "{'descr': " + npyDescr(info) + ", 'fortran_order': False, 'shape': " + tuple(shape) + ", }"
	// A header that is not ASCII needs version 3.0.
	b := append([]byte("\x93NUMPY"), 1, 0)
	utf8 := strings.ContainsFunc(dict, func(r rune) bool { return r > 126 })
	head := len(b) + 2
	if utf8 || len(dict) > 65000 {
		b[6] = 2
		if utf8 {
			b[6] = 3
		}
		head = len(b) + 4
	}
	// The data begin at a multiple of 64 bytes.
	pad := 63 - (head+len(dict))%64
	n := len(dict) + pad + 1
	if b[6] == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	b = append(b, dict...)
	b = append(b, strings.Repeat(" ", pad)...)
	return append(b, '\n')
}

// npyDescr is the dtype as Python writes it.
func npyDescr(info *shm.ArrayInfo) string {
	if len(info.Fields) == 0 {
		return pythonText(info.Descr)
	}
	fields := make([]string, len(info.Fields))
	for i, f := range info.Fields {
		fields[i] = "(" + pythonText(f.Name) + ", " + pythonText(f.Descr)
		if len(f.Shape) > 0 {
			fields[i] += ", ("
			for _, n := range f.Shape {
				fields[i] += strconv.Itoa(n) + ", "
			}
			fields[i] += ")"
		}
		fields[i] += ")"
	}
	return "[" + strings.Join(fields, ", ") + "]"
}

// pythonText writes a text as a Python string literal.
func pythonText(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 127:
			fmt.Fprintf(&b, "\\x%02x", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// maxElementFrame is the largest size in bytes of a frame that is read as a whole to
// get one of its elements.
const maxElementFrame = 256 << 20

// itemReader is a reader that can read a single item. Others read the whole
// frame where its pixel would not be exact.
type itemReader interface {
	ReadItem(f *shm.ArrayFrame, position []int) ([]byte, error)
}

// ReadElement reads one element of a frame, exactly as it is.
func ReadElement(frame *shm.ArrayFrame, place Index) (shm.Value, error) {
	info := frame.Info
	if err := place.Fits(frame.Shape); err != nil {
		return nil, refuse("index", err)
	}
	position := make([]int, len(place))
	for i, at := range place {
		if at < 0 {
			return nil, refuse("index", fmt.Errorf("%q must be whole numbers, one for each axis", place))
		}
		position[i] = int(at)
	}
	if len(info.Fields) > 0 {
		return readRecord(frame, position)
	}
	d, ok := ParseDType(info.Descr)
	if !ok || !d.pictured() {
		return nil, refuse("", fmt.Errorf("its values are no numbers: %s", TypeName(info)))
	}
	if r, ok := frame.Reader.(itemReader); ok && d.read() {
		b, err := r.ReadItem(frame, position)
		if err != nil {
			return nil, err
		}
		if len(b) != d.size {
			return nil, fmt.Errorf("%w: an item has %d bytes", shm.ErrNoArray, len(b))
		}
		return d.value(b), nil
	}
	exact := d.numeric() && d.kind != 'c' // a pixel of those is their absolute value
	if n := Count(frame.Shape); len(position) > 0 && (exact || n > maxElementFrame/d.size) || !d.read() {
		return readPixel(frame, d, position)
	}
	data, err := frame.Reader.ReadAll(frame, nil)
	if err != nil {
		return nil, err
	}
	at := 0
	for i, p := range position {
		at = at*frame.Shape[i] + p
	}
	if (at+1)*d.size > len(data) {
		return nil, fmt.Errorf("%w: the frame has %d bytes", shm.ErrNoArray, len(data))
	}
	return d.value(data[at*d.size:]), nil
}

func readPixel(frame *shm.ArrayFrame, d DType, position []int) (shm.Value, error) {
	last := len(position) - 1
	sel := shm.Selection{Index: append([]int(nil), position...), Y: max(last-1, -1), X: last, C: -1, Rows: 1, Cols: 1, Step: 1, Nearest: true}
	if last >= 0 {
		sel.Col = position[last]
	}
	if last > 0 {
		sel.Row = position[last-1]
	}
	px, err := frame.Reader.ReadPlane(frame, sel, nil)
	if err != nil {
		return nil, err
	}
	if px.Rows*px.Cols*px.Samples != 1 {
		return nil, fmt.Errorf("%w: one element came as %d", shm.ErrNoArray, px.Rows*px.Cols*px.Samples)
	}
	v := sample(px, 0)
	switch d.kind {
	case 'b':
		return v != int64(0), nil
	case 'i':
		if x, ok := v.(float64); ok { // of 16 bits and fewer
			return int64(x), nil
		}
	}
	return v, nil
}

func readRecord(frame *shm.ArrayFrame, position []int) (shm.Value, error) {
	if len(position) != 1 {
		return nil, refuse("index", errors.New("of records along more than one axis single ones cannot be had; use .npy"))
	}
	records, err := frame.Reader.ReadRecords(frame, position[0], position[0]+1)
	if err != nil {
		return nil, err
	}
	if len(records) != 1 || len(records[0]) != len(frame.Info.Fields) {
		return nil, fmt.Errorf("%w: one record came as %d", shm.ErrNoArray, len(records))
	}
	out := make(map[string]shm.Value, len(records[0]))
	for i, f := range frame.Info.Fields {
		out[f.Name] = records[0][i]
	}
	return out, nil
}
