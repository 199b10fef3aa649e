package pickle

import (
	"fmt"
	"math"
	"strconv"

	"webmon/natural"
)

// ParseDescr reads a dtype as NumPy's dtype.descr has it, out of a pickle or out of
// JSON. v is a name as ParseDType takes it, or a list of fields. Each field is
// (name, descr) or (name, descr, shape). A name may be (title, name), and a shape may
// be a number. NumPy fills gaps with voids that have no name: these become gaps.
// Lists may be *List, Tuple or []any. Numbers may be int64 or float64.
func ParseDescr(v Value) (*DType, error) {
	p := descrParser{}
	t, err := p.parse(v, 0)
	if err != nil {
		return nil, err
	}
	t.sealed = true
	return t, nil
}

type descrParser struct{ fields int }

func (p *descrParser) parse(v Value, depth int) (*DType, error) {
	if s, ok := v.(string); ok {
		return ParseDType(s)
	}
	list, ok := items(v)
	switch {
	case !ok:
		return nil, fmt.Errorf("a dtype that is %s: %w", typeName(v), ErrInvalid)
	case len(list) == 0:
		return nil, fmt.Errorf("a dtype without fields: %w", ErrInvalid)
	case depth >= maxDTypeDepth:
		return nil, fmt.Errorf("a dtype nested more than %d deep: %w", maxDTypeDepth, ErrLimit)
	}
	if p.fields += len(list); p.fields > maxDTypeFields {
		return nil, fmt.Errorf("a dtype of more than %d fields: %w", maxDTypeFields, ErrLimit)
	}
	t := &DType{Kind: 'V', Fields: make([]Field, 0, len(list))}
	names := make(map[string]bool, len(list))
	for i, v := range list {
		f, err := p.field(v, i, depth)
		if err != nil {
			return nil, err
		}
		f.Offset = t.Size
		if f.Type.Size > maxItemSize-t.Size {
			return nil, fmt.Errorf("a dtype of more than %d bytes: %w", int64(maxItemSize), ErrLimit)
		}
		t.Size += f.Type.Size
		if f.Name == "" { // a gap
			continue
		}
		if names[f.Name] {
			return nil, fmt.Errorf("a dtype with two fields %q: %w", natural.Clip(f.Name, maxShown), ErrInvalid)
		}
		names[f.Name] = true
		t.depth = max(t.depth, f.Type.depth+1)
		t.leaves += 1 + f.Type.leaves
		t.Fields = append(t.Fields, f)
	}
	return t, nil
}

func (p *descrParser) field(v Value, i, depth int) (Field, error) {
	bad := func() (Field, error) {
		return Field{}, fmt.Errorf("the field %s of a dtype: %w", describe(v), ErrInvalid)
	}
	parts, ok := items(v)
	if !ok || len(parts) < 2 || len(parts) > 3 {
		return bad()
	}
	var f Field
	if f.Name, ok = parts[0].(string); !ok {
		both, _ := items(parts[0])
		if len(both) != 2 {
			return bad()
		}
		var named bool
		f.Title, ok = both[0].(string)
		if f.Name, named = both[1].(string); !ok || !named {
			return bad()
		}
	}
	var err error
	if f.Type, err = p.parse(parts[1], depth+1); err != nil {
		return f, err
	}
	if len(parts) == 3 {
		shape, ok := descrShape(parts[2])
		if !ok {
			return bad()
		}
		n, err := arrayBytes(f.Type, shape)
		if err != nil {
			return f, err
		}
		if n > maxItemSize {
			return f, fmt.Errorf("a field of %d bytes: %w", n, ErrLimit)
		}
		f.Type = &DType{Kind: 'V', Size: n, Base: f.Type, Shape: shape, depth: f.Type.depth + 1, leaves: f.Type.leaves}
	}
	if f.Name == "" && (f.Type.Kind != 'V' || len(f.Type.Fields) > 0) {
		f.Name = "f" + strconv.Itoa(i) // as NumPy calls it
	}
	return f, nil
}

func descrShape(v Value) ([]int, bool) {
	list, ok := items(v)
	if !ok {
		list = []Value{v}
	}
	const maxDims = 64
	if len(list) > maxDims {
		return nil, false
	}
	shape := make([]int, len(list))
	for i, v := range list {
		switch n := v.(type) {
		case int64:
			if n < 0 || n > maxItemSize {
				return nil, false
			}
			shape[i] = int(n)
		case float64:
			if !(n >= 0 && n <= maxItemSize) || n != math.Trunc(n) {
				return nil, false
			}
			shape[i] = int(n)
		default:
			return nil, false
		}
	}
	return shape, true
}

func items(v Value) ([]Value, bool) {
	switch v := v.(type) {
	case *List:
		return v.Items, true
	case Tuple:
		return v, true
	case []any:
		return v, true
	}
	return nil, false
}

// Item returns the value of one item of the dtype, as Decode would return the scalar.
// b holds at least Size bytes. The value keeps no part of b.
func (t *DType) Item(b []byte) Value { return t.scalar(b, 0) }
