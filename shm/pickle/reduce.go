package pickle

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"webmon/natural"
)

// reduce returns what f(*args) would give in Python, for the few f that stand for
// plain values. Any other call becomes an inert Object.
func (d *Decoder) reduce(f, args Value) (Value, error) {
	g, ok := f.(*Global)
	if !ok {
		return nil, fmt.Errorf("a call of %s: %w", typeName(f), ErrRefused)
	}
	t, ok := args.(Tuple)
	if !ok {
		return nil, fmt.Errorf("%s called with %s: %w", natural.Clip(g.String(), maxShown), typeName(args), ErrInvalid)
	}
	var v Value
	var err error
	switch g.Module {
	case "numpy.core.multiarray", "numpy._core.multiarray", "numpy",
		"numpy.core.numeric", "numpy._core.numeric":
		v, err = d.reduceNumPy(g, t)
	case "builtins", "_codecs":
		v, err = d.reduceBuiltin(g, t)
	case "collections", "datetime", "copyreg":
		v, err = d.reduceLibrary(g, t)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", natural.Clip(g.String(), maxShown), err)
	}
	if v == isNone {
		v = nil
	} else if v == nil {
		v = &Object{Class: g, Args: t}
	}
	return v, nil
}

// The reducers return nil for arguments that they do not know. They return isNone for
// a value that is None, such as NaT.
type none struct{}

var isNone Value = none{}

func badArgs(t Tuple) error { return fmt.Errorf("unexpected arguments %s: %w", t, ErrInvalid) }

func (d *Decoder) reduceBuiltin(g *Global, t Tuple) (Value, error) {
	items := func() ([]Value, error) {
		var in []Value
		switch {
		case len(t) == 0:
			return nil, nil
		case len(t) > 1:
			return nil, badArgs(t)
		}
		switch v := t[0].(type) {
		case *List:
			in = v.Items
		case Tuple:
			in = v
		case *Set:
			in = v.Items
		default:
			return nil, badArgs(t)
		}
		if err := d.charge(len(in)); err != nil {
			return nil, err
		}
		return append([]Value(nil), in...), nil
	}
	switch g.Name {
	case "list":
		in, err := items()
		return &List{Items: in}, err
	case "tuple":
		in, err := items()
		return Tuple(in), err
	case "set", "frozenset":
		in, err := items()
		return &Set{Items: in, Frozen: g.Name == "frozenset"}, err
	case "dict":
		return d.dictOf(t)
	case "complex":
		if len(t) != 2 {
			return nil, badArgs(t)
		}
		re, ok1 := t[0].(float64)
		im, ok2 := t[1].(float64)
		if !ok1 || !ok2 {
			return nil, badArgs(t)
		}
		return complex(re, im), nil
	case "bytes", "bytearray":
		switch {
		case len(t) == 0:
			return []byte{}, nil
		case len(t) == 1:
			if b, ok := t[0].([]byte); ok {
				return b, nil
			}
		case len(t) == 2:
			return d.latin1(t)
		}
		return nil, badArgs(t)
	case "encode":
		if g.Module == "_codecs" {
			return d.latin1(t)
		}
	}
	return nil, nil
}

// latin1 is how protocols below 3 write bytes: as text, to be encoded again.
func (d *Decoder) latin1(t Tuple) (Value, error) {
	if len(t) != 2 {
		return nil, badArgs(t)
	}
	s, ok1 := t[0].(string)
	enc, ok2 := t[1].(string)
	if !ok1 || !ok2 || enc != "latin1" && enc != "latin-1" {
		return nil, badArgs(t)
	}
	if err := d.chargeBytes(len(s)); err != nil {
		return nil, err
	}
	b := make([]byte, 0, utf8.RuneCountInString(s))
	for _, r := range s {
		if r > 0xff {
			return nil, fmt.Errorf("bytes with the character %q: %w", r, ErrInvalid)
		}
		b = append(b, byte(r))
	}
	return b, nil
}

// dictOf makes a dict of nothing, a dict, or a list of pairs.
func (d *Decoder) dictOf(t Tuple) (Value, error) {
	out := &Dict{}
	switch len(t) {
	case 0:
		return out, nil
	case 1:
	default:
		return nil, badArgs(t)
	}
	switch v := t[0].(type) {
	case nil:
	case *Dict:
		if err := d.charge(2 * v.Len()); err != nil {
			return nil, err
		}
		for _, e := range v.Entries {
			if err := d.setItems(out, []Value{e.Key, e.Value}); err != nil {
				return nil, err
			}
		}
	case *List:
		if err := d.charge(2 * len(v.Items)); err != nil {
			return nil, err
		}
		for _, p := range v.Items {
			var pair []Value
			switch p := p.(type) {
			case Tuple:
				pair = p
			case *List:
				pair = p.Items
			}
			if len(pair) != 2 {
				return nil, badArgs(t)
			}
			if err := d.setItems(out, pair); err != nil {
				return nil, err
			}
		}
	default:
		return nil, badArgs(t)
	}
	return out, nil
}

func (d *Decoder) reduceLibrary(g *Global, t Tuple) (Value, error) {
	switch g.Module + "." + g.Name {
	case "collections.OrderedDict", "collections.Counter":
		return d.dictOf(t)
	case "collections.defaultdict":
		if len(t) > 1 {
			return nil, badArgs(t)
		}
		return &Dict{}, nil // the default is code; the entries follow
	case "collections.deque":
		if len(t) == 0 {
			return &List{}, nil
		}
		l, ok := t[0].(*List)
		if t0, isTuple := t[0].(Tuple); isTuple {
			l, ok = &List{Items: t0}, true
		}
		if !ok || len(t) > 2 {
			return nil, badArgs(t)
		}
		if err := d.charge(len(l.Items)); err != nil {
			return nil, err
		}
		return &List{Items: append([]Value(nil), l.Items...)}, nil
	case "copyreg._reconstructor":
		if len(t) == 3 {
			if class, ok := t[0].(*Global); ok {
				o := &Object{Class: class, Args: Tuple{}}
				if t[2] != nil {
					o.Args = Tuple{t[2]}
				}
				return o, nil
			}
		}
		return nil, badArgs(t)
	case "copyreg.__newobj__":
		if len(t) >= 1 {
			if class, ok := t[0].(*Global); ok {
				return &Object{Class: class, Args: t[1:]}, nil
			}
		}
		return nil, badArgs(t)
	case "datetime.timedelta":
		return timedelta(t), nil
	case "datetime.date":
		if len(t) == 1 {
			if b, ok := t[0].([]byte); ok && len(b) == 4 {
				return time.Date(int(b[0])<<8|int(b[1]), time.Month(b[2]), int(b[3]), 0, 0, 0, 0, time.UTC), nil
			}
		}
	case "datetime.datetime":
		return datetime(t), nil
	}
	return nil, nil
}

// timedelta returns nil for arguments that Python's timedelta never has.
func timedelta(t Tuple) Value {
	var n [3]int64 // days, seconds, microseconds
	if len(t) > 3 {
		return nil
	}
	for i := range t {
		v, ok := t[i].(int64)
		if !ok || v > 1e9 || v < -1e9 {
			return nil
		}
		n[i] = v
	}
	sec := n[0]*86400 + n[1]
	if sec > math.MaxInt64/int64(2*time.Second) || sec < math.MinInt64/int64(2*time.Second) {
		return float64(sec) + float64(n[2])/1e6
	}
	return time.Duration(sec)*time.Second + time.Duration(n[2])*time.Microsecond
}

// datetime returns nil for a time that it cannot place, such as one with a named time
// zone.
func datetime(t Tuple) Value {
	if len(t) < 1 || len(t) > 2 {
		return nil
	}
	b, ok := t[0].([]byte)
	if !ok || len(b) != 10 {
		return nil
	}
	zone := time.UTC
	if len(t) == 2 {
		// datetime.timezone(offset[, name]) came before, as an inert object.
		tz, ok := t[1].(*Object)
		if !ok || !tz.Class.Is("datetime", "timezone") || len(tz.Args) == 0 {
			return nil
		}
		offset, ok := tz.Args[0].(time.Duration)
		if !ok || offset <= -24*time.Hour || offset >= 24*time.Hour {
			return nil
		}
		if offset != 0 {
			zone = time.FixedZone("", int(offset/time.Second))
		}
	}
	const fold = 0x80 // the second of two equal hours in autumn
	return time.Date(int(b[0])<<8|int(b[1]), time.Month(b[2]&^fold), int(b[3]),
		int(b[4]), int(b[5]), int(b[6]),
		1000*(int(b[7])<<16|int(b[8])<<8|int(b[9])), zone)
}

func (d *Decoder) reduceNumPy(g *Global, t Tuple) (Value, error) {
	switch g.Name {
	case "dtype":
		if g.Module == "numpy" {
			return newDType(t)
		}
	case "_reconstruct":
		if len(t) != 3 {
			return nil, badArgs(t)
		}
		class, ok := t[0].(*Global)
		if !ok {
			return nil, badArgs(t)
		}
		if !isArrayClass(class) {
			return nil, nil
		}
		// An empty array until BUILD fills it in.
		return &Array{Type: unbuilt, Shape: []int{0}, Strides: []int{1}}, nil
	case "scalar":
		if len(t) != 2 {
			return nil, badArgs(t)
		}
		dt, ok1 := t[0].(*DType)
		b, ok2 := t[1].([]byte)
		if !ok1 || !ok2 {
			return nil, badArgs(t)
		}
		if dt.Size != len(b) {
			return nil, fmt.Errorf("a scalar of %d bytes for %s: %w", len(b), natural.Clip(dt.Descr(), maxShown), ErrInvalid)
		}
		dt.sealed = true
		if err := d.charge(len(b)/16 + dt.leaves); err != nil {
			return nil, err
		}
		if v := dt.scalar(b, 0); v != nil {
			return v, nil
		}
		return isNone, nil
	case "_frombuffer":
		if strings.HasSuffix(g.Module, ".numeric") {
			return d.frombuffer(t)
		}
	}
	return nil, nil
}

// unbuilt is the type of an array that is still to get its state.
var unbuilt = &DType{Kind: 'u', Size: 1}

func isArrayClass(g *Global) bool {
	switch g.String() {
	case "numpy.ndarray", "numpy.recarray", "numpy.matrix", "numpy.memmap",
		"numpy.rec.recarray", "numpy.core.records.recarray", "numpy._core.records.recarray",
		"numpy.core.memmap.memmap", "numpy._core.memmap.memmap", "numpy.matrixlib.defmatrix.matrix":
		return true
	}
	return false
}

// newDType is numpy.dtype(name, align, copy); BUILD follows.
func newDType(t Tuple) (Value, error) {
	if len(t) < 1 || len(t) > 3 {
		return nil, badArgs(t)
	}
	switch v := t[0].(type) {
	case string:
		return ParseDType(v)
	case *Global:
		if v.Is("numpy", "record") || v.Is("numpy.rec", "record") {
			return &DType{Kind: 'V', Record: true}, nil
		}
	}
	return nil, fmt.Errorf("a dtype of unknown kind: %w", ErrRefused)
}

func (d *Decoder) frombuffer(t Tuple) (Value, error) {
	if len(t) != 4 && len(t) != 5 {
		return nil, badArgs(t)
	}
	data, ok1 := t[0].([]byte)
	dt, ok2 := t[1].(*DType)
	order, ok3 := t[3].(string)
	if !ok1 || !ok2 || !ok3 {
		return nil, badArgs(t)
	}
	shape, err := d.shape(t[2])
	if err != nil {
		return nil, err
	}
	dt.sealed = true
	var axes Value
	if len(t) == 5 {
		axes = t[4]
	}
	switch {
	case axes == nil && (order == "C" || order == "F"):
		return NewArray(dt, shape, order == "F", data)
	case order == "K" && axes != nil:
		// Newer NumPy: laid out row-major in this shape, then its axes swapped.
		perm, err := d.shape(axes)
		if err != nil {
			return nil, err
		}
		a, err := NewArray(dt, shape, false, data)
		if err != nil {
			return nil, err
		}
		return a.transpose(perm)
	}
	return nil, badArgs(t)
}

// shape reads a tuple of small non-negative ints.
func (d *Decoder) shape(v Value) ([]int, error) {
	if n, ok := v.(int64); ok {
		v = Tuple{n}
	}
	t, ok := v.(Tuple)
	if !ok {
		return nil, fmt.Errorf("a shape that is %s: %w", typeName(v), ErrInvalid)
	}
	if len(t) > d.limits.MaxDims {
		return nil, fmt.Errorf("%d dimensions, %d are allowed: %w", len(t), d.limits.MaxDims, ErrLimit)
	}
	if err := d.charge(2 * len(t)); err != nil {
		return nil, err
	}
	out := make([]int, len(t))
	for i := range t {
		n, ok := t[i].(int64)
		if !ok || n < 0 || n > math.MaxInt32*1024 {
			return nil, fmt.Errorf("a shape with %s in it: %w", describe(t[i]), ErrInvalid)
		}
		out[i] = int(n)
	}
	return out, nil
}

// build does what BUILD does: v.__setstate__(state). It sets the state of values that
// this package makes, and remembers the state of all others.
func (d *Decoder) build(v, state Value) error {
	switch v := v.(type) {
	case *Array:
		return d.buildArray(v, state)
	case *DType:
		return d.buildDType(v, state)
	case *Object:
		v.State = state
		return nil
	case *Dict, *List, *Set:
		return nil // attributes of a subclass, or of OrderedDict: not data
	}
	return fmt.Errorf("state for %s: %w", typeName(v), ErrInvalid)
}

func (d *Decoder) buildArray(a *Array, state Value) error {
	t, ok := state.(Tuple)
	if !ok || len(t) != 5 && len(t) != 4 || a.Type != unbuilt {
		return fmt.Errorf("array state %s: %w", describe(state), ErrInvalid)
	}
	if len(t) == 5 {
		if version, ok := t[0].(int64); !ok || version != 1 {
			return fmt.Errorf("array state of version %s: %w", describe(t[0]), ErrInvalid)
		}
		t = t[1:]
	}
	shape, err := d.shape(t[0])
	if err != nil {
		return err
	}
	dt, ok := t[1].(*DType)
	if !ok {
		return fmt.Errorf("array of %s: %w", typeName(t[1]), ErrInvalid)
	}
	var fortran bool
	switch f := t[2].(type) {
	case bool:
		fortran = f
	case int64:
		fortran = f != 0
	default:
		return fmt.Errorf("array state %s: %w", t, ErrInvalid)
	}
	data, ok := t[3].([]byte)
	if !ok {
		return fmt.Errorf("array data in %s: %w", typeName(t[3]), ErrRefused)
	}
	dt.sealed = true
	b, err := NewArray(dt, shape, fortran, data)
	if err != nil {
		return err
	}
	*a = *b
	return nil
}

const maxItemSize = 1 << 31 // bytes of one item, as NumPy

func (d *Decoder) buildDType(dt *DType, state Value) error {
	bad := func() error { return fmt.Errorf("dtype state %s: %w", describe(state), ErrInvalid) }
	t, ok := state.(Tuple)
	if !ok || len(t) < 8 || len(t) > 9 || dt.sealed {
		return bad()
	}
	version, ok := t[0].(int64)
	if !ok || version < 3 || version > 4 {
		return bad()
	}
	order, ok := t[1].(string)
	if !ok || len(order) != 1 || !strings.Contains("<>|=", order) {
		return bad()
	}
	if flags, ok := t[7].(int64); !ok || flags&1 != 0 {
		return fmt.Errorf("a dtype that holds Python objects: %w", ErrRefused)
	}
	size, ok := t[5].(int64)
	if !ok || size > maxItemSize {
		return bad()
	}
	if size >= 0 { // -1: the size its name says
		switch dt.Kind {
		case 'S', 'U', 'V':
			dt.Size = int(size)
		default:
			if int(size) != dt.Size {
				return bad()
			}
		}
	}
	dt.Big = order == ">" && dt.order() != '|'
	if len(t) == 9 && (dt.Kind == 'M' || dt.Kind == 'm') {
		if err := dt.setUnit(t[8]); err != nil {
			return err
		}
	}
	if t[2] != nil {
		sub, ok := t[2].(Tuple)
		if !ok || len(sub) != 2 || dt.Kind != 'V' {
			return bad()
		}
		base, ok := sub[0].(*DType)
		if !ok || base == dt {
			return bad()
		}
		shape, err := d.shape(sub[1])
		if err != nil {
			return err
		}
		if n, err := arrayBytes(base, shape); err != nil || n != dt.Size {
			return bad()
		}
		base.sealed = true
		dt.Base, dt.Shape, dt.depth = base, shape, base.depth+1
	}
	if t[3] != nil {
		if err := d.buildFields(dt, t[3], t[4]); err != nil {
			return err
		}
	}
	if dt.depth > maxDTypeDepth {
		return fmt.Errorf("a dtype nested more than %d deep: %w", maxDTypeDepth, ErrLimit)
	}
	if !dt.validSize() {
		return bad()
	}
	dt.sealed = true
	return nil
}

// maxDTypeDepth bounds how deep records in records may go: far deeper than people
// write them, and little enough to walk recursively.
const maxDTypeDepth = 16

// maxDTypeFields bounds all fields of a record and of the records in it. Fields may
// overlap and be shared, so the bytes do not bound them.
const maxDTypeFields = 1 << 16

func (d *Decoder) buildFields(dt *DType, names, fields Value) error {
	bad := func() error { return fmt.Errorf("dtype fields %s: %w", describe(fields), ErrInvalid) }
	order, ok1 := names.(Tuple)
	table, ok2 := fields.(*Dict)
	if !ok1 || !ok2 || dt.Kind != 'V' || dt.Base != nil {
		return bad()
	}
	if err := d.charge(len(order) * 4); err != nil {
		return err
	}
	dt.Fields = make([]Field, 0, len(order))
	for _, n := range order {
		name, ok := n.(string)
		if !ok {
			return bad()
		}
		v, _ := table.Get(name)
		t, ok := v.(Tuple)
		if !ok || len(t) < 2 || len(t) > 3 {
			return bad()
		}
		ft, ok1 := t[0].(*DType)
		offset, ok2 := t[1].(int64)
		if !ok1 || !ok2 || ft == dt || offset < 0 || offset > int64(dt.Size-ft.Size) {
			return bad()
		}
		ft.sealed = true
		dt.depth = max(dt.depth, ft.depth+1)
		if dt.leaves += 1 + ft.leaves; dt.leaves > maxDTypeFields {
			return fmt.Errorf("a dtype of more than %d fields: %w", maxDTypeFields, ErrLimit)
		}
		f := Field{Name: name, Offset: int(offset), Type: ft}
		if len(t) == 3 {
			f.Title, _ = t[2].(string)
		}
		dt.Fields = append(dt.Fields, f)
	}
	return nil
}

// setUnit reads the metadata of datetime64: ({}, (b"ns", count, 1, 1)).
func (t *DType) setUnit(v Value) error {
	bad := func() error { return fmt.Errorf("datetime unit %s: %w", describe(v), ErrInvalid) }
	if outer, ok := v.(Tuple); ok && len(outer) == 2 {
		v = outer[1]
	}
	meta, ok := v.(Tuple)
	if !ok || len(meta) < 2 {
		return bad()
	}
	switch u := meta[0].(type) {
	case []byte:
		t.Unit = string(u)
	case string:
		t.Unit = u
	default:
		return bad()
	}
	n, ok := meta[1].(int64)
	if !ok || n < 1 || n > math.MaxInt32 || !validUnit(t.Unit) {
		return bad()
	}
	t.Count = int(n)
	return nil
}
