package pickle

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"time"

	"webmon/natural"
)

// Encoder writes pickles. The zero value writes protocol 4 for NumPy 1, which
// every Python since 3.4 and every NumPy up to now reads.
type Encoder struct {
	Protocol int // 2 to 5; 0: 4
	NumPy    int // 1: numpy.core, 2: numpy._core; 0: 1
	MaxBytes int // bounds the length of the result, because shared values multiply; 0: 256 MiB
	// PlainOnly refuses classes, functions and instances, which could come to
	// life in the process that loads the result.
	PlainOnly bool
}

// Encode returns the pickle of v at protocol 4.
func Encode(v Value) ([]byte, error) { return Encoder{}.Append(nil, v) }

// Append appends the pickle of v to dst. v is anything that Decode returns, and also
// int, int32, uint8, uint32, uint64, float32, []any, []string, []int64 and []float64
// (lists), and map[string]any (a dict in order of its keys). Nothing is shared in
// the result: a value that v holds twice is written twice. A value that holds itself
// gives an error that wraps ErrLimit.
func (e Encoder) Append(dst []byte, v Value) ([]byte, error) {
	w, err := e.writer(dst)
	if err != nil {
		return dst, err
	}
	if err := w.value(v, 0); err != nil {
		return dst, fmt.Errorf("encode: %w", err)
	}
	return append(w.b, opStop), nil
}

// AppendRequest appends the pickle of the tuple (ident, method, args, {}), the
// request that managers expect. It spares the caller a Tuple. An ident of "" is
// written as None.
func (e Encoder) AppendRequest(dst []byte, ident, method string, args []Value) ([]byte, error) {
	w, err := e.writer(dst)
	if err != nil {
		return dst, err
	}
	w.op(opMark)
	if ident == "" {
		w.op(opNone)
	} else {
		w.text(ident)
	}
	w.text(method)
	if err := w.tuple(args, 0); err != nil {
		return dst, fmt.Errorf("encode: %w", err)
	}
	w.b = append(w.b, opEmptyDict, opTuple, opStop)
	return w.b, nil
}

// AppendReply appends the pickle of the tuple (kind, v), the answer of managers.
func (e Encoder) AppendReply(dst []byte, kind string, v Value) ([]byte, error) {
	w, err := e.writer(dst)
	if err != nil {
		return dst, err
	}
	w.text(kind)
	if err := w.value(v, 0); err != nil {
		return dst, fmt.Errorf("encode: %w", err)
	}
	return append(w.b, opTuple2, opStop), nil
}

// maxEncodeDepth is the nesting at which a value is taken to hold itself. It is below
// the recursion limit of the Python that unpickles the result.
const maxEncodeDepth = 200

// writer is one pickle being written. It uses no memo and no frames: both are
// optional, and without them values can be copied into one another.
type writer struct {
	b     []byte
	proto int
	numpy string // "numpy.core" or "numpy._core"
	end   int    // len(b) must not pass it
	plain bool   // no classes and instances
}

func (e Encoder) writer(dst []byte) (*writer, error) {
	w := &writer{b: dst, proto: e.Protocol, numpy: "numpy.core", plain: e.PlainOnly}
	if w.proto == 0 {
		w.proto = 4
	}
	if w.proto < 2 || w.proto > highestProtocol {
		return nil, fmt.Errorf("encode: protocol %d: %w", e.Protocol, ErrInvalid)
	}
	switch e.NumPy {
	case 0, 1:
	case 2:
		w.numpy = "numpy._core"
	default:
		return nil, fmt.Errorf("encode: NumPy %d: %w", e.NumPy, ErrInvalid)
	}
	limit := e.MaxBytes
	if limit <= 0 {
		limit = 256 << 20
	}
	w.end = len(dst) + limit
	w.b = append(w.b, opProto, byte(w.proto))
	return w, nil
}

func (w *writer) op(op byte) { w.b = append(w.b, op) }

func (w *writer) value(v Value, depth int) error {
	if len(w.b) > w.end {
		return fmt.Errorf("more than the allowed number of bytes: %w", ErrLimit)
	}
	if depth > maxEncodeDepth {
		return fmt.Errorf("more than %d levels deep, or inside itself: %w", maxEncodeDepth, ErrLimit)
	}
	switch v := v.(type) {
	case nil:
		w.op(opNone)
	case bool:
		if v {
			w.op(opNewTrue)
		} else {
			w.op(opNewFalse)
		}
	case int64:
		w.int(v)
	case int:
		w.int(int64(v))
	case int32:
		w.int(int64(v))
	case uint8:
		w.int(int64(v))
	case uint32:
		w.int(int64(v))
	case uint64:
		if v <= math.MaxInt64 {
			w.int(int64(v))
		} else {
			w.big(new(big.Int).SetUint64(v))
		}
	case *big.Int:
		w.big(v)
	case float64:
		w.float(v)
	case float32:
		w.float(float64(v))
	case complex128:
		w.global(w.builtins(), "complex")
		w.float(real(v))
		w.float(imag(v))
		w.b = append(w.b, opTuple2, opReduce)
	case string:
		w.text(v)
	case []byte:
		w.bytes(v)
	case Tuple:
		return w.tuple(v, depth)
	case *List:
		return w.list(v.Items, depth)
	case []any:
		return w.list(v, depth)
	case []string:
		return appendList(w, v, func(s string) { w.text(s) })
	case []int64:
		return appendList(w, v, w.int)
	case []float64:
		return appendList(w, v, w.float)
	case *Dict:
		return w.dict(v, depth)
	case map[string]any:
		w.b = append(w.b, opEmptyDict, opMark)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			w.text(k)
			if err := w.value(v[k], depth+1); err != nil {
				return fmt.Errorf("[%q]: %w", natural.Clip(k, maxShown), err)
			}
		}
		w.op(opSetItems)
	case *Set:
		return w.set(v, depth)
	case *Array:
		return w.array(v)
	case *DType:
		return w.dtype(v)
	case *Global:
		return w.class(v)
	case *Object:
		return w.object(v, depth)
	case time.Time:
		return w.datetime(v)
	case time.Duration:
		w.timedelta(v)
	default:
		return fmt.Errorf("%s cannot be pickled: %w", typeName(v), ErrInvalid)
	}
	return nil
}

func (w *writer) int(v int64) {
	switch {
	case v >= 0 && v <= math.MaxUint8:
		w.b = append(w.b, opBinInt1, byte(v))
	case v >= 0 && v <= math.MaxUint16:
		w.b = binary.LittleEndian.AppendUint16(append(w.b, opBinInt2), uint16(v))
	case v >= math.MinInt32 && v <= math.MaxInt32:
		w.b = binary.LittleEndian.AppendUint32(append(w.b, opBinInt), uint32(int32(v)))
	default:
		w.b = binary.LittleEndian.AppendUint64(append(w.b, opLong1, 8), uint64(v))
	}
}

func (w *writer) big(v *big.Int) {
	if v.IsInt64() {
		w.int(v.Int64())
		return
	}
	// Two's complement, with room for the sign.
	n := v.BitLen()/8 + 1
	u := v
	if v.Sign() < 0 {
		u = new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), uint(8*n)))
	}
	be := u.FillBytes(make([]byte, n))
	slices.Reverse(be)
	if n < 256 {
		w.b = append(w.b, opLong1, byte(n))
	} else {
		w.b = binary.LittleEndian.AppendUint32(append(w.b, opLong4), uint32(n))
	}
	w.b = append(w.b, be...)
}

func (w *writer) float(v float64) {
	w.b = binary.BigEndian.AppendUint64(append(w.b, opBinFloat), math.Float64bits(v))
}

func (w *writer) text(s string) {
	switch {
	case w.proto >= 4 && len(s) <= math.MaxUint8:
		w.b = append(w.b, opShortBinUnicode, byte(len(s)))
	case len(s) <= math.MaxUint32:
		w.b = binary.LittleEndian.AppendUint32(append(w.b, opBinUnicode), uint32(len(s)))
	default:
		w.b = binary.LittleEndian.AppendUint64(append(w.b, opBinUnicode8), uint64(len(s)))
	}
	w.b = append(w.b, s...)
}

func (w *writer) bytes(v []byte) {
	switch {
	case w.proto < 3: // there bytes are written as text that is to be encoded
		if len(v) == 0 {
			w.global(w.builtins(), "bytes")
			w.b = append(w.b, opEmptyTuple, opReduce)
			return
		}
		w.global("_codecs", "encode")
		s := make([]byte, 0, len(v)+len(v)/4)
		for _, c := range v {
			if c < 0x80 {
				s = append(s, c)
			} else {
				s = append(s, 0xc0|c>>6, 0x80|c&0x3f)
			}
		}
		w.text(string(s))
		w.text("latin1")
		w.b = append(w.b, opTuple2, opReduce)
		return
	case len(v) <= math.MaxUint8:
		w.b = append(w.b, opShortBinBytes, byte(len(v)))
	case len(v) <= math.MaxUint32:
		w.b = binary.LittleEndian.AppendUint32(append(w.b, opBinBytes), uint32(len(v)))
	default:
		w.b = binary.LittleEndian.AppendUint64(append(w.b, opBinBytes8), uint64(len(v)))
	}
	w.b = append(w.b, v...)
}

func (w *writer) tuple(t []Value, depth int) error {
	if len(t) == 0 {
		w.op(opEmptyTuple)
		return nil
	}
	if len(t) > 3 {
		w.op(opMark)
	}
	for i, v := range t {
		if err := w.value(v, depth+1); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	switch len(t) {
	case 1:
		w.op(opTuple1)
	case 2:
		w.op(opTuple2)
	case 3:
		w.op(opTuple3)
	default:
		w.op(opTuple)
	}
	return nil
}

func (w *writer) list(items []Value, depth int) error {
	w.op(opEmptyList)
	return w.appends(items, depth)
}

func (w *writer) appends(items []Value, depth int) error {
	if len(items) == 0 {
		return nil
	}
	w.op(opMark)
	for i, v := range items {
		if err := w.value(v, depth+1); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	w.op(opAppends)
	return nil
}

func appendList[T any](w *writer, items []T, one func(T)) error {
	w.b = append(w.b, opEmptyList, opMark)
	for _, v := range items {
		one(v)
	}
	w.op(opAppends)
	return nil
}

func (w *writer) dict(d *Dict, depth int) error {
	w.op(opEmptyDict)
	return w.items(d, depth)
}

func (w *writer) items(d *Dict, depth int) error {
	if d.Len() == 0 {
		return nil
	}
	w.op(opMark)
	for _, e := range d.Entries {
		if err := w.value(e.Key, depth+1); err != nil {
			return err
		}
		if err := w.value(e.Value, depth+1); err != nil {
			return fmt.Errorf("[%s]: %w", describe(e.Key), err)
		}
	}
	w.op(opSetItems)
	return nil
}

func (w *writer) set(s *Set, depth int) error {
	if w.proto < 4 {
		name := "set"
		if s.Frozen {
			name = "frozenset"
		}
		w.global(w.builtins(), name)
		if err := w.list(s.Items, depth); err != nil {
			return err
		}
		w.b = append(w.b, opTuple1, opReduce)
		return nil
	}
	if !s.Frozen {
		w.op(opEmptySet)
	}
	w.op(opMark)
	for i, v := range s.Items {
		if err := w.value(v, depth+1); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	if s.Frozen {
		w.op(opFrozenSet)
	} else {
		w.op(opAddItems)
	}
	return nil
}

// builtins is the module's name in the Python the protocol was made for.
func (w *writer) builtins() string {
	if w.proto < 3 {
		return "__builtin__"
	}
	return "builtins"
}

func (w *writer) global(module, name string) {
	if w.proto < 4 {
		w.op(opGlobal)
		w.b = append(append(w.b, module...), '\n')
		w.b = append(append(w.b, name...), '\n')
		return
	}
	w.text(module)
	w.text(name)
	w.op(opStackGlobal)
}

func (w *writer) class(g *Global) error {
	if g == nil {
		return fmt.Errorf("an object without a class: %w", ErrInvalid)
	}
	if w.plain {
		return fmt.Errorf("%s: %w", describe(g), ErrRefused)
	}
	for _, s := range []string{g.Module, g.Name} {
		for i := range len(s) {
			if s[i] == '\n' {
				return fmt.Errorf("class name %q: %w", natural.Clip(s, maxShown), ErrInvalid)
			}
		}
	}
	w.global(g.Module, g.Name)
	return nil
}

func (w *writer) object(o *Object, depth int) error {
	if err := w.class(o.Class); err != nil {
		return err
	}
	if err := w.tuple(o.Args, depth); err != nil {
		return err
	}
	switch {
	case o.Kwds.Len() > 0 && w.proto < 4:
		return fmt.Errorf("keyword arguments need protocol 4: %w", ErrInvalid)
	case o.Kwds.Len() > 0:
		if err := w.dict(o.Kwds, depth); err != nil {
			return err
		}
		w.op(opNewObjEx)
	default:
		w.op(opReduce)
	}
	if o.Items != nil {
		if err := w.appends(o.Items.Items, depth); err != nil {
			return err
		}
	}
	if o.Dict != nil {
		if err := w.items(o.Dict, depth); err != nil {
			return err
		}
	}
	if o.State != nil {
		if err := w.value(o.State, depth+1); err != nil {
			return err
		}
		w.op(opBuild)
	}
	return nil
}

// datetime writes a time in UTC without a zone, any other with its offset.
func (w *writer) datetime(t time.Time) error {
	y := t.Year()
	if y < 1 || y > 9999 {
		return fmt.Errorf("year %d, which Python does not have: %w", y, ErrInvalid)
	}
	us := t.Nanosecond() / 1000
	w.global("datetime", "datetime")
	w.bytes([]byte{
		byte(y >> 8), byte(y), byte(t.Month()), byte(t.Day()), byte(t.Hour()), byte(t.Minute()), byte(t.Second()),
		byte(us >> 16), byte(us >> 8), byte(us),
	})
	if t.Location() == time.UTC {
		w.b = append(w.b, opTuple1, opReduce)
		return nil
	}
	_, offset := t.Zone()
	w.global("datetime", "timezone")
	w.timedelta(time.Duration(offset) * time.Second)
	w.b = append(w.b, opTuple1, opReduce, opTuple2, opReduce)
	return nil
}

func (w *writer) timedelta(d time.Duration) {
	const day = 24 * time.Hour
	days, rest := d/day, d%day
	if rest < 0 {
		days, rest = days-1, rest+day
	}
	w.global("datetime", "timedelta")
	w.int(int64(days))
	w.int(int64(rest / time.Second))
	w.int(int64(rest % time.Second / time.Microsecond))
	w.b = append(w.b, opTuple3, opReduce)
}

// array writes an array as NumPy would: up to protocol 4 by _reconstruct and
// BUILD, from 5 on by _frombuffer.
func (w *writer) array(a *Array) error {
	if a.Type == nil {
		return fmt.Errorf("an array without a dtype: %w", ErrInvalid)
	}
	if n, err := arrayBytes(a.Type, a.Shape); err != nil {
		return err
	} else if n > w.end-len(w.b) {
		return fmt.Errorf("%s: more than the allowed number of bytes: %w", a, ErrLimit)
	}
	data, fortran := a.packed()
	if w.proto >= 5 && len(a.Type.Fields) == 0 {
		w.global(w.numpy+".numeric", "_frombuffer")
		w.op(opMark)
		w.b = binary.LittleEndian.AppendUint64(append(w.b, opByteArray8), uint64(len(data)))
		w.b = append(w.b, data...)
		if err := w.dtype(a.Type); err != nil {
			return err
		}
		w.shape(a.Shape)
		if fortran {
			w.text("F")
		} else {
			w.text("C")
		}
		w.b = append(w.b, opTuple, opReduce)
		return nil
	}
	w.global(w.numpy+".multiarray", "_reconstruct")
	w.global("numpy", "ndarray")
	w.b = append(w.b, opBinInt1, 0, opTuple1)
	w.bytes([]byte("b"))
	w.b = append(w.b, opTuple3, opReduce, opMark, opBinInt1, 1)
	w.shape(a.Shape)
	if err := w.dtype(a.Type); err != nil {
		return err
	}
	if fortran {
		w.op(opNewTrue)
	} else {
		w.op(opNewFalse)
	}
	w.bytes(data)
	w.b = append(w.b, opTuple, opBuild)
	return nil
}

func (w *writer) shape(shape []int) {
	w.op(opMark)
	for _, n := range shape {
		w.int(int64(n))
	}
	w.op(opTuple)
}

// packed returns the items without gaps, copied only where they are not so
// already.
func (a *Array) packed() (data []byte, fortran bool) {
	n := a.Len() * a.Type.Size
	if a.contiguous() {
		return a.Data[:n], false
	}
	step, f := a.Type.Size, true
	for k, dim := range a.Shape {
		f = f && (dim <= 1 || a.Strides[k] == step)
		step *= dim
	}
	if f {
		return a.Data[:n], true
	}
	data = make([]byte, 0, n)
	a.each(func(off int) { data = append(data, a.Data[off:off+a.Type.Size]...) })
	return data, false
}

// dtype writes numpy.dtype(name, False, True) and its state.
func (w *writer) dtype(t *DType) error {
	if t.Base != nil {
		return w.subarray(t)
	}
	w.global("numpy", "dtype")
	name := string(t.Kind)
	order, size := string(t.order()), int64(-1)
	align, flags := int64(-1), int64(0)
	switch t.Kind {
	case 'U':
		name += fmt.Sprint(t.Size / 4)
		size, align, flags = int64(t.Size), 4, 8
	case 'S', 'V':
		name += fmt.Sprint(t.Size)
		size, align = int64(t.Size), 1
		if t.Kind == 'V' {
			flags = 16
		}
	default:
		name += fmt.Sprint(t.Size)
	}
	if t.Record {
		w.global("numpy", "record")
	} else {
		w.text(name)
	}
	w.b = append(w.b, opNewFalse, opNewTrue, opTuple3, opReduce, opMark)
	version := int64(3)
	if t.Unit != "" {
		version = 4
	}
	w.int(version)
	w.text(order)
	w.op(opNone)
	if len(t.Fields) == 0 {
		w.b = append(w.b, opNone, opNone)
	} else {
		w.op(opMark)
		for _, f := range t.Fields {
			w.text(f.Name)
		}
		w.b = append(w.b, opTuple, opEmptyDict, opMark)
		for _, f := range t.Fields {
			w.text(f.Name)
			if f.Title != "" {
				w.op(opMark)
			}
			if err := w.dtype(f.Type); err != nil {
				return err
			}
			w.int(int64(f.Offset))
			if f.Title != "" {
				w.text(f.Title)
				w.op(opTuple)
			} else {
				w.op(opTuple2)
			}
		}
		w.op(opSetItems)
	}
	w.int(size)
	w.int(align)
	w.int(flags)
	if t.Unit != "" {
		w.op(opEmptyDict)
		w.op(opMark)
		w.bytes([]byte(t.Unit))
		w.int(int64(max(t.Count, 1)))
		w.b = append(w.b, opBinInt1, 1, opBinInt1, 1, opTuple, opTuple2)
	}
	w.b = append(w.b, opTuple, opBuild)
	return nil
}

// subarray writes the dtype of a field that is itself a small array.
func (w *writer) subarray(t *DType) error {
	w.global("numpy", "dtype")
	w.text(fmt.Sprintf("V%d", t.Size))
	w.b = append(w.b, opNewFalse, opNewTrue, opTuple3, opReduce, opMark)
	w.int(3)
	w.text("|")
	if err := w.dtype(t.Base); err != nil {
		return err
	}
	w.shape(t.Shape)
	w.b = append(w.b, opTuple2, opNone, opNone)
	w.int(int64(t.Size))
	w.int(1)
	w.int(0)
	w.b = append(w.b, opTuple, opBuild)
	return nil
}
