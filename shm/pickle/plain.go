package pickle

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// PlainOptions bounds the conversion to plain Go values.
type PlainOptions struct {
	MaxNodes int // values in the result, with the items of arrays; 16 bytes of text count as one; default 1,000,000
	MaxDepth int // nesting; default 64
	// Array, if it is not nil, returns what to put in place of an array. If it
	// returns false, the array is written out as nested lists.
	Array func(*Array) (any, bool)
}

// Plain converts v to what JSON can say: nil, bool, int64 (*big.Int beyond it),
// float64, string, []any and map[string]any.
//
//	NaN and the infinities    float64, as they are
//	tuples and sets           lists
//	bytes                     a string, see BytesText
//	arrays                    nested lists in row-major order of their shape
//	records                   maps by field
//	datetimes                 RFC 3339 strings
//	timedeltas                seconds
//	complex numbers           [re, im]
//	objects                   a map with "class", "args" and so on
//
// Keys become strings, as in Python's json module. If two keys become the same
// string, the later one wins. A value that holds itself, or that is larger or deeper
// than allowed, gives an error that wraps ErrLimit.
func Plain(v Value, o PlainOptions) (any, error) {
	if o.MaxNodes <= 0 {
		o.MaxNodes = 1_000_000
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = 64
	}
	p := plainer{opt: o, left: o.MaxNodes}
	return p.value(v, 0)
}

type plainer struct {
	opt  PlainOptions
	left int
}

func (p *plainer) charge(n int) error {
	if p.left -= n; p.left < 0 {
		return fmt.Errorf("more than %d values: %w", p.opt.MaxNodes, ErrLimit)
	}
	return nil
}

func (p *plainer) value(v Value, depth int) (any, error) {
	if depth > p.opt.MaxDepth {
		return nil, fmt.Errorf("more than %d levels deep, or inside itself: %w", p.opt.MaxDepth, ErrLimit)
	}
	if err := p.charge(1); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil, bool, float64, int64:
		return v, nil
	case int:
		return p.value(int64(v), depth)
	case string:
		return v, p.charge(len(v) / 16)
	case *big.Int:
		return v, p.charge(v.BitLen() / 32)
	case complex128:
		return []any{real(v), imag(v)}, p.charge(2)
	case []byte:
		return p.bytes(v)
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	case time.Duration:
		return v.Seconds(), nil
	case Tuple:
		return p.list(v, depth)
	case []any:
		return p.list(v, depth)
	case *List:
		return p.list(v.Items, depth)
	case *Set:
		return p.list(v.Items, depth)
	case *Dict:
		return p.dict(v, depth)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			x, err := p.value(e, depth+1)
			if err != nil {
				return nil, err
			}
			out[k] = x
		}
		return out, nil
	case *Array:
		return p.array(v, depth)
	case *DType:
		return v.Descr(), p.charge(1 + v.leaves)
	case *Global:
		return v.String(), p.charge((len(v.Module) + len(v.Name)) / 16)
	case *Object:
		return p.object(v, depth)
	}
	return nil, fmt.Errorf("%s has no plain form: %w", typeName(v), ErrInvalid)
}

func (p *plainer) bytes(b []byte) (any, error) {
	if err := p.charge(len(b) / 16); err != nil {
		return nil, err
	}
	s := BytesText(b)
	return s, p.charge((len(s) - len(b)) / 16)
}

// BytesText writes bytes as text, by one rule for all bytes: as UTF-8, with \\ for a
// backslash, and with \xNN for a byte that is not UTF-8 and for a control character
// other than a tab or the end of a line. Different bytes give different texts.
func BytesText(b []byte) string {
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1, r < 0x20 && r != '\n' && r != '\t' && r != '\r', r == 0x7f:
			fmt.Fprintf(&out, `\x%02x`, b[0])
		case r == '\\':
			out.WriteString(`\\`)
		default:
			out.Write(b[:n])
		}
		b = b[n:]
	}
	return out.String()
}

func (p *plainer) list(items []Value, depth int) (any, error) {
	if len(items) > p.left { // before allocating
		return nil, p.charge(len(items))
	}
	out := make([]any, len(items))
	for i, v := range items {
		x, err := p.value(v, depth+1)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

func (p *plainer) dict(d *Dict, depth int) (any, error) {
	if d.Len() > p.left {
		return nil, p.charge(d.Len())
	}
	out := make(map[string]any, d.Len())
	if d == nil {
		return out, nil
	}
	for _, e := range d.Entries {
		k := keyString(e.Key)
		if err := p.charge(len(k) / 16); err != nil {
			return nil, err
		}
		x, err := p.value(e.Value, depth+1)
		if err != nil {
			return nil, err
		}
		out[k] = x
	}
	return out, nil
}

// keyString writes a key as Python's json module does, and a key that json does not
// take as repr does.
func keyString(k Value) string {
	switch k := k.(type) {
	case string:
		return k
	case int64:
		return strconv.FormatInt(k, 10)
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(k)
	case float64:
		return strconv.FormatFloat(k, 'g', -1, 64)
	case []byte:
		return BytesText(k)
	case time.Time:
		return k.Format(time.RFC3339Nano)
	}
	return describe(k)
}

func (p *plainer) object(o *Object, depth int) (any, error) {
	out := map[string]any{"class": o.Class.String()}
	for _, part := range []struct {
		name string
		v    Value
		has  bool
	}{
		{"args", o.Args, len(o.Args) > 0},
		{"kwds", o.Kwds, o.Kwds.Len() > 0},
		{"state", o.State, o.State != nil},
		{"items", o.Items, o.Items != nil},
		{"dict", o.Dict, o.Dict != nil},
	} {
		if !part.has {
			continue
		}
		x, err := p.value(part.v, depth+1)
		if err != nil {
			return nil, err
		}
		out[part.name] = x
	}
	return out, nil
}

func (p *plainer) array(a *Array, depth int) (any, error) {
	if p.opt.Array != nil {
		if x, ok := p.opt.Array(a); ok {
			return x, nil
		}
	}
	if depth+len(a.Shape) > p.opt.MaxDepth {
		return nil, fmt.Errorf("an array of %d dimensions, more than %d levels deep: %w", len(a.Shape), p.opt.MaxDepth, ErrLimit)
	}
	// Lists of lists of nothing count as well: (10**6, 0) is a million lists.
	n := 1
	for _, dim := range a.Shape {
		if n *= dim; n > p.left {
			return nil, p.charge(n)
		}
		if err := p.charge(n); err != nil {
			return nil, err
		}
	}
	return p.axis(a, 0, 0, depth)
}

func (p *plainer) axis(a *Array, k, off, depth int) (any, error) {
	if k == len(a.Shape) {
		t := a.Type
		return p.value(t.scalar(a.Data[off:off+t.Size], 0), depth+1)
	}
	out := make([]any, a.Shape[k])
	for i := range out {
		x, err := p.axis(a, k+1, off+i*a.Strides[k], depth+1)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}
