package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"webmon/natural"
)

// DType is NumPy's description of one item of an array.
type DType struct {
	Kind   byte   // 'b' bool, 'i' int, 'u' uint, 'f' float, 'c' complex, 'S' bytes, 'U' text, 'V' void or record, 'M' datetime64, 'm' timedelta64
	Size   int    // bytes of one item; may be 0 for 'S', 'U' and 'V'
	Big    bool   // most significant byte first
	Unit   string // of 'M' and 'm', such as "ns"; "generic": no unit
	Count  int    // how many Unit make one step of 'M' and 'm', usually 1
	Fields []Field
	Base   *DType // of a field that is itself a small array; nil otherwise
	Shape  []int  // of that small array
	Record bool   // items are numpy.record, as in recarrays

	sealed bool // decoding only: used by an array, so that it must not change any more
	depth  int  // decoding only: levels of dtypes inside
	leaves int  // decoding only: fields in all, those of records inside included
}

// Field is one field of a structured dtype.
type Field struct {
	Name   string
	Title  string // "": none
	Offset int    // bytes from the start of the item
	Type   *DType
}

// Descr returns NumPy's short name of the dtype, such as "<f8", "|b1", "<U5"
// or "<M8[ns]". A structured dtype is written as the list of its fields, as in
// the header of an .npy file.
func (t *DType) Descr() string { return string(t.appendDescr(nil, 0)) }

func (t *DType) appendDescr(b []byte, depth int) []byte {
	const deep = 16
	if len(t.Fields) > 0 && depth < deep {
		b = append(b, '[')
		for i, f := range t.Fields {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = fmt.Appendf(b, "('%s', ", f.Name)
			if f.Type.Base != nil {
				b = f.Type.Base.appendDescr(b, depth+1)
				b = append(append(b, ", "...), shapeString(f.Type.Shape)...)
			} else {
				b = f.Type.appendDescr(b, depth+1)
			}
			b = append(b, ')')
		}
		return append(b, ']')
	}
	quote := depth > 0
	if quote {
		b = append(b, '\'')
	}
	b = append(b, t.order(), t.Kind)
	n := t.Size
	if t.Kind == 'U' {
		n /= 4
	}
	b = strconv.AppendInt(b, int64(n), 10)
	if t.Unit != "" && t.Unit != "generic" {
		b = append(b, '[')
		if t.Count != 1 {
			b = strconv.AppendInt(b, int64(t.Count), 10)
		}
		b = append(append(b, t.Unit...), ']')
	}
	if quote {
		b = append(b, '\'')
	}
	return b
}

func (t *DType) order() byte {
	switch {
	case t.Kind == 'S', t.Kind == 'V', t.Size == 1 && t.Kind != 'U':
		return '|'
	case t.Big:
		return '>'
	}
	return '<'
}

func shapeString(shape []int) string {
	var b strings.Builder
	b.WriteByte('(')
	for i, n := range shape {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(n))
	}
	if len(shape) == 1 {
		b.WriteByte(',')
	}
	b.WriteByte(')')
	return b.String()
}

// ParseDType reads a short dtype name such as "<f8", "|u1", "i4", ">c16",
// "<U5" or "<M8[ms]". Structured and object dtypes are refused.
func ParseDType(s string) (*DType, error) {
	bad := func() (*DType, error) { return nil, fmt.Errorf("dtype %q: %w", natural.Clip(s, maxShown), ErrInvalid) }
	r := s
	t := &DType{Count: 0}
	if r != "" && strings.IndexByte("<>|=", r[0]) >= 0 {
		t.Big = r[0] == '>'
		r = r[1:]
	}
	if r == "" {
		return bad()
	}
	t.Kind, r = r[0], r[1:]
	unit := ""
	if t.Kind == 'M' || t.Kind == 'm' {
		if i := strings.IndexByte(r, '['); i >= 0 && r[len(r)-1] == ']' {
			r, unit = r[:i], r[i+1:len(r)-1]
		}
	}
	n, err := strconv.ParseUint(r, 10, 31)
	if err != nil || len(r) > 9 {
		return bad()
	}
	t.Size = int(n)
	if t.Kind == 'U' {
		if n > 1<<28 {
			return bad()
		}
		t.Size *= 4
	}
	if !t.validSize() {
		if t.Kind == 'O' {
			return nil, fmt.Errorf("dtype object: %w", ErrRefused)
		}
		return bad()
	}
	if t.Kind == 'M' || t.Kind == 'm' {
		t.Unit, t.Count = "generic", 1
		if unit != "" {
			digits := strings.TrimLeft(unit, "0123456789")
			if n := len(unit) - len(digits); n > 0 {
				if t.Count, err = strconv.Atoi(unit[:n]); err != nil || t.Count <= 0 || t.Count > math.MaxInt32 {
					return bad()
				}
			}
			t.Unit = digits
		}
		if !validUnit(t.Unit) {
			return bad()
		}
	}
	if t.order() == '|' {
		t.Big = false
	}
	return t, nil
}

// validSize reports whether NumPy has such a kind in such a size.
func (t *DType) validSize() bool {
	switch t.Kind {
	case 'b':
		return t.Size == 1
	case 'i', 'u':
		return t.Size == 1 || t.Size == 2 || t.Size == 4 || t.Size == 8
	case 'f':
		return t.Size == 2 || t.Size == 4 || t.Size == 8 || t.Size == 12 || t.Size == 16
	case 'c':
		return t.Size == 8 || t.Size == 16 || t.Size == 24 || t.Size == 32
	case 'M', 'm':
		return t.Size == 8
	case 'S', 'V':
		return t.Size >= 0
	case 'U':
		return t.Size >= 0 && t.Size%4 == 0
	}
	return false
}

func validUnit(u string) bool {
	switch u {
	case "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "μs", "ns", "ps", "fs", "as", "generic":
		return true
	}
	return false
}

// Array is a NumPy array.
type Array struct {
	Type    *DType
	Shape   []int  // in array order; empty for a 0-d array
	Strides []int  // bytes to the next item along each axis, as long as Shape
	Fortran bool   // the first axis varies fastest in Data
	Data    []byte // the items; in a decoded array an alias of the pickle
}

// NewArray returns an array over data, which is not copied. The items are in C order,
// or with fortran in Fortran order (first axis fastest). The length of data must fit.
func NewArray(t *DType, shape []int, fortran bool, data []byte) (*Array, error) {
	n, err := arrayBytes(t, shape)
	if err != nil {
		return nil, err
	}
	if n != len(data) {
		return nil, fmt.Errorf("array of %s %s needs %d bytes and has %d: %w",
			natural.Clip(t.Descr(), maxShown), shapeString(shape), n, len(data), ErrInvalid)
	}
	a := &Array{Type: t, Data: data, Fortran: fortran}
	dims := make([]int, 2*len(shape)) // one allocation for both
	a.Shape, a.Strides = dims[:len(shape):len(shape)], dims[len(shape):]
	copy(a.Shape, shape)
	step := t.Size
	for i := range shape {
		axis := len(shape) - 1 - i
		if fortran {
			axis = i
		}
		a.Strides[axis] = step
		step *= shape[axis]
	}
	return a, nil
}

// arrayBytes multiplies out a shape, without overflow.
func arrayBytes(t *DType, shape []int) (int, error) {
	n := max(t.Size, 1) // the number of items without bytes must be bounded too
	zero := t.Size == 0
	for _, dim := range shape {
		if dim < 0 {
			return 0, fmt.Errorf("array of shape %s: %w", shapeString(shape[:min(len(shape), 64)]), ErrInvalid)
		}
		if dim == 0 {
			zero = true
			continue
		}
		if dim > maxArrayBytes/n {
			return 0, fmt.Errorf("array of shape %s: %w", shapeString(shape[:min(len(shape), 64)]), ErrLimit)
		}
		n *= dim
	}
	if zero {
		return 0, nil
	}
	return n, nil
}

// maxArrayBytes bounds shapes so that no product of them overflows.
const maxArrayBytes = 1 << 41

// transpose returns the array with its axes in another order, over the same
// data.
func (a *Array) transpose(axes []int) (*Array, error) {
	n := len(a.Shape)
	dims := make([]int, 2*n)
	b := &Array{Type: a.Type, Data: a.Data, Shape: dims[:n:n], Strides: dims[n:]}
	if len(axes) != n {
		return nil, fmt.Errorf("%d axes for %s: %w", len(axes), a, ErrInvalid)
	}
	seen := make([]bool, n)
	for i, k := range axes {
		if k >= n || seen[k] {
			return nil, fmt.Errorf("axes %s for %s: %w", shapeString(axes), a, ErrInvalid)
		}
		seen[k] = true
		b.Shape[i], b.Strides[i] = a.Shape[k], a.Strides[k]
	}
	return b, nil
}

// Int64Array returns an array of dtype <i8. values are in row-major order. With
// fortran the array holds them column by column.
func Int64Array(values []int64, fortran bool, shape ...int) (*Array, error) {
	data := make([]byte, 8*len(values))
	a, err := NewArray(&DType{Kind: 'i', Size: 8}, shape, fortran, data)
	if err != nil {
		return nil, err
	}
	i := 0
	a.each(func(off int) {
		binary.LittleEndian.PutUint64(data[off:], uint64(values[i]))
		i++
	})
	return a, nil
}

// Float64Array returns an array of dtype <f8, like Int64Array.
func Float64Array(values []float64, fortran bool, shape ...int) (*Array, error) {
	data := make([]byte, 8*len(values))
	a, err := NewArray(&DType{Kind: 'f', Size: 8}, shape, fortran, data)
	if err != nil {
		return nil, err
	}
	i := 0
	a.each(func(off int) {
		binary.LittleEndian.PutUint64(data[off:], math.Float64bits(values[i]))
		i++
	})
	return a, nil
}

// Len returns the number of items.
func (a *Array) Len() int {
	n := 1
	for _, dim := range a.Shape {
		n *= dim
	}
	return n
}

// String describes the array in one line, such as "array <f8 (1024, 1024)".
func (a *Array) String() string {
	return "array " + natural.Clip(a.Type.Descr(), maxShown) + " " + shapeString(a.Shape)
}

// each calls f with the offset of every item, in row-major order.
func (a *Array) each(f func(off int)) {
	n := a.Len()
	if n == 0 {
		return
	}
	if !a.Fortran && a.contiguous() {
		for i, off := 0, 0; i < n; i, off = i+1, off+a.Type.Size {
			f(off)
		}
		return
	}
	var few [8]int
	idx := few[:]
	if len(a.Shape) > len(few) {
		idx = make([]int, len(a.Shape))
	}
	off := 0
	for range n {
		f(off)
		for k := len(a.Shape) - 1; k >= 0; k-- {
			idx[k]++
			off += a.Strides[k]
			if idx[k] < a.Shape[k] {
				break
			}
			off -= idx[k] * a.Strides[k]
			idx[k] = 0
		}
	}
}

// contiguous reports whether the items stand in row-major order.
func (a *Array) contiguous() bool {
	step := a.Type.Size
	for k := len(a.Shape) - 1; k >= 0; k-- {
		if a.Shape[k] > 1 && a.Strides[k] != step {
			return false
		}
		step *= a.Shape[k]
	}
	return true
}

// offset returns where the item at idx starts, or -1.
func (a *Array) offset(idx []int) int {
	if len(idx) != len(a.Shape) {
		return -1
	}
	off := 0
	for k, i := range idx {
		if i < 0 || i >= a.Shape[k] {
			return -1
		}
		off += i * a.Strides[k]
	}
	return off
}

// At returns one item as Decode would return the scalar, or nil and false if the
// index is out of range.
func (a *Array) At(idx ...int) (Value, bool) {
	off := a.offset(idx)
	if off < 0 {
		return nil, false
	}
	return a.Type.scalar(a.Data[off:off+a.Type.Size], 0), true
}

// Int64 returns one item of an integer or bool array.
func (a *Array) Int64(idx ...int) (int64, bool) {
	off := a.offset(idx)
	if off < 0 || !a.Type.isInt() {
		return 0, false
	}
	return a.Type.int64(a.Data[off:]), true
}

// Float64 returns one item of an array of numbers.
func (a *Array) Float64(idx ...int) (float64, bool) {
	off := a.offset(idx)
	if off < 0 || !a.Type.isNumber() {
		return 0, false
	}
	return a.Type.float64(a.Data[off:]), true
}

// AppendInt64s appends all items of an integer or bool array to dst, in
// row-major order of the shape. A uint64 beyond 2^63 wraps.
func (a *Array) AppendInt64s(dst []int64) ([]int64, error) {
	if !a.Type.isInt() {
		return dst, fmt.Errorf("%s does not hold integers: %w", a, ErrInvalid)
	}
	dst = slices.Grow(dst, a.Len())
	a.each(func(off int) { dst = append(dst, a.Type.int64(a.Data[off:])) })
	return dst, nil
}

// AppendFloat64s appends all items of an array of numbers to dst, in row-major
// order of the shape. Integers beyond 2^53 lose digits.
func (a *Array) AppendFloat64s(dst []float64) ([]float64, error) {
	if !a.Type.isNumber() {
		return dst, fmt.Errorf("%s does not hold numbers: %w", a, ErrInvalid)
	}
	dst = slices.Grow(dst, a.Len())
	a.each(func(off int) { dst = append(dst, a.Type.float64(a.Data[off:])) })
	return dst, nil
}

// AppendColumn appends column col of a two-dimensional integer array to dst.
func (a *Array) AppendColumn(dst []int64, col int) ([]int64, error) {
	if !a.Type.isInt() || len(a.Shape) != 2 || col < 0 || col >= a.Shape[1] {
		return dst, fmt.Errorf("%s has no integer column %d: %w", a, col, ErrInvalid)
	}
	dst = slices.Grow(dst, a.Shape[0])
	off, step := col*a.Strides[1], a.Strides[0]
	if a.Type.Kind == 'i' && a.Type.Size == 8 && !a.Type.Big { // NumPy's default, and the tiles of a poll
		for range a.Shape[0] {
			dst = append(dst, int64(binary.LittleEndian.Uint64(a.Data[off:])))
			off += step
		}
		return dst, nil
	}
	for range a.Shape[0] {
		dst = append(dst, a.Type.int64(a.Data[off:]))
		off += step
	}
	return dst, nil
}

// Field returns one field of a structured array as an array over the same
// data.
func (a *Array) Field(name string) (*Array, bool) {
	for _, f := range a.Type.Fields {
		if f.Name != name && (f.Title == "" || f.Title != name) {
			continue
		}
		t := f.Type
		sub := &Array{Type: t, Shape: a.Shape, Strides: a.Strides}
		if t.Base != nil {
			sub.Type = t.Base
			sub.Shape = slices.Concat(a.Shape, t.Shape)
			inner := make([]int, len(t.Shape))
			step := t.Base.Size
			for k := len(inner) - 1; k >= 0; k-- {
				inner[k] = step
				step *= t.Shape[k]
			}
			sub.Strides = slices.Concat(a.Strides, inner)
		}
		if len(a.Data) > 0 {
			sub.Data = a.Data[f.Offset:]
		}
		return sub, true
	}
	return nil, false
}

func (t *DType) isInt() bool {
	return (t.Kind == 'i' || t.Kind == 'u' || t.Kind == 'b') && t.Base == nil
}

func (t *DType) isNumber() bool {
	return t.isInt() || t.Kind == 'f' && t.Size <= 8
}

func (t *DType) word(b []byte, size int) uint64 {
	if t.Big {
		switch size {
		case 1:
			return uint64(b[0])
		case 2:
			return uint64(binary.BigEndian.Uint16(b))
		case 4:
			return uint64(binary.BigEndian.Uint32(b))
		}
		return binary.BigEndian.Uint64(b)
	}
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

func (t *DType) int64(b []byte) int64 {
	w := t.word(b, t.Size)
	if t.Kind == 'i' {
		shift := 64 - 8*t.Size
		return int64(w<<shift) >> shift
	}
	return int64(w)
}

func (t *DType) float64(b []byte) float64 {
	switch t.Kind {
	case 'f':
		return t.float(b, t.Size)
	case 'u':
		return float64(t.word(b, t.Size))
	}
	return float64(t.int64(b))
}

func (t *DType) float(b []byte, size int) float64 {
	switch size {
	case 2:
		return float64(Half(uint16(t.word(b, 2))))
	case 4:
		return float64(math.Float32frombits(uint32(t.word(b, 4))))
	}
	return math.Float64frombits(t.word(b, 8))
}

// Half widens an IEEE 754 binary16.
func Half(h uint16) float32 {
	sign, rest := uint32(h&0x8000)<<16, uint32(h&0x7fff)
	switch {
	case rest >= 0x7c00: // infinities and NaN
		return math.Float32frombits(sign | 0x7f800000 | rest&0x3ff<<13)
	case rest >= 0x400:
		return math.Float32frombits(sign | rest<<13 + (127-15)<<23)
	}
	x := float32(rest) * (1.0 / (1 << 24)) // subnormal, or zero
	return math.Float32frombits(sign | math.Float32bits(x))
}

// scalar turns the bytes of one item into a Value. Items that Go has no type
// for (float128, void) are copied bytes.
func (t *DType) scalar(b []byte, depth int) Value {
	b = b[:t.Size]
	switch t.Kind {
	case 'b':
		return b[0] != 0
	case 'i':
		return t.int64(b)
	case 'u':
		w := t.word(b, t.Size)
		if w > math.MaxInt64 {
			return new(big.Int).SetUint64(w)
		}
		return int64(w)
	case 'f':
		if t.Size <= 8 {
			return t.float(b, t.Size)
		}
	case 'c':
		if t.Size <= 16 {
			h := t.Size / 2
			return complex(t.float(b, h), t.float(b[h:], h))
		}
	case 'U':
		return t.text(b)
	case 'S':
		for len(b) > 0 && b[len(b)-1] == 0 { // NumPy pads with zeros
			b = b[:len(b)-1]
		}
	case 'M', 'm':
		return t.time(int64(t.word(b, 8)))
	case 'V':
		if depth > 16 {
			break
		}
		if t.Base != nil {
			a, err := NewArray(t.Base, t.Shape, false, b)
			if err != nil {
				break
			}
			return a
		}
		if len(t.Fields) > 0 {
			d := &Dict{Entries: make([]Entry, 0, len(t.Fields))}
			for _, f := range t.Fields {
				_ = d.Set(f.Name, f.Type.scalar(b[f.Offset:], depth+1)) // a string is hashable
			}
			return d
		}
	}
	return slices.Clone(b)
}

// text decodes UTF-32, zero padded.
func (t *DType) text(b []byte) string {
	for len(b) >= 4 && b[len(b)-4]|b[len(b)-3]|b[len(b)-2]|b[len(b)-1] == 0 {
		b = b[:len(b)-4]
	}
	out := make([]byte, 0, len(b)/4)
	for ; len(b) >= 4; b = b[4:] {
		out = utf8.AppendRune(out, rune(int32(t.word(b, 4))))
	}
	return string(out)
}

// notATime is NumPy's NaT.
const notATime = math.MinInt64

// time turns a datetime64 into a time.Time and a timedelta64 into a time.Duration.
// NaT is nil. A time that does not fit stays a number of seconds. A time without a
// known unit stays a number of steps.
func (t *DType) time(n int64) Value {
	if n == notATime {
		return nil
	}
	count := int64(max(t.Count, 1))
	if n > math.MaxInt64/count || n < math.MinInt64/count {
		return float64(n) * float64(count)
	}
	n *= count
	if t.Unit == "Y" || t.Unit == "M" {
		if t.Kind == 'm' || n > 1e9 || n < -1e9 {
			return n
		}
		if t.Unit == "Y" {
			return time.Date(1970+int(n), 1, 1, 0, 0, 0, 0, time.UTC)
		}
		return time.Date(1970, 1+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	}
	var unit, perSecond int64 = 1, 1 // one of the two is 1
	switch t.Unit {
	case "W":
		unit = 7 * 86400
	case "D":
		unit = 86400
	case "h":
		unit = 3600
	case "m":
		unit = 60
	case "s":
	case "ms":
		perSecond = 1e3
	case "us", "μs":
		perSecond = 1e6
	case "ns":
		perSecond = 1e9
	case "ps":
		perSecond = 1e12
	case "fs":
		perSecond = 1e15
	case "as":
		perSecond = 1e18
	default:
		return n
	}
	const farSeconds = 1 << 40 // 35,000 years: time.Time formats them still
	sec, rest := n/perSecond, n%perSecond
	if sec > farSeconds/unit || sec < -farSeconds/unit {
		return float64(n) * float64(unit) / float64(perSecond)
	}
	sec *= unit
	var nsec int64
	if perSecond > 1e9 {
		nsec = rest / (perSecond / 1e9)
	} else {
		nsec = rest * (1e9 / perSecond)
	}
	if t.Kind == 'M' {
		return time.Unix(sec, nsec).UTC()
	}
	const farDuration = math.MaxInt64 / int64(time.Second)
	if sec >= farDuration || sec <= -farDuration {
		return float64(n) * float64(unit) / float64(perSecond)
	}
	return time.Duration(sec)*time.Second + time.Duration(nsec)
}
