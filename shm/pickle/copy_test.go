package pickle

import (
	"fmt"
	"slices"
	"unsafe"
)

// maxCopyDepth bounds the stack that walking hostile nesting may take.
const maxCopyDepth = 10_000

// deepCopy returns a deep copy of v that shares no memory with the bytes v was
// decoded from. Shared and cyclic parts stay shared and cyclic. It fails, with
// an error that wraps ErrLimit, only on nesting beyond 10,000 levels.
func deepCopy(v Value) (Value, error) {
	return (&copier{seen: make(map[any]Value)}).value(v, 0)
}

type copier struct{ seen map[any]Value }

// tupleID tells tuples apart, which are slices: a tuple that is there twice
// must not be copied twice, or sharing would be exponential.
type tupleID struct {
	first *Value
	n     int
}

func (c *copier) value(v Value, depth int) (Value, error) {
	if depth > maxCopyDepth {
		return nil, fmt.Errorf("more than %d levels deep: %w", maxCopyDepth, ErrLimit)
	}
	switch v := v.(type) {
	case []byte:
		return slices.Clone(v), nil
	case Tuple:
		if len(v) == 0 {
			return v, nil
		}
		id := tupleID{unsafe.SliceData(v), len(v)}
		if w, ok := c.seen[id]; ok {
			return w, nil
		}
		w := make(Tuple, len(v))
		c.seen[id] = w
		return w, c.all(w, v, depth)
	case *List:
		if w, ok := c.seen[v]; ok {
			return w, nil
		}
		w := &List{Items: make([]Value, len(v.Items))}
		c.seen[v] = w
		return w, c.all(w.Items, v.Items, depth)
	case *Set:
		if w, ok := c.seen[v]; ok {
			return w, nil
		}
		w := &Set{Items: make([]Value, len(v.Items)), Frozen: v.Frozen}
		c.seen[v] = w
		return w, c.all(w.Items, v.Items, depth)
	case *Dict:
		return c.dict(v, depth)
	case *Array:
		if w, ok := c.seen[v]; ok {
			return w, nil
		}
		w := *v
		w.Data = slices.Clone(v.Data)
		c.seen[v] = &w
		return &w, nil
	case *Object:
		return c.object(v, depth)
	}
	return v, nil // immutable, and no alias
}

func (c *copier) all(dst, src []Value, depth int) error {
	for i := range src {
		var err error
		if dst[i], err = c.value(src[i], depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) dict(v *Dict, depth int) (Value, error) {
	if v == nil {
		return v, nil
	}
	if w, ok := c.seen[v]; ok {
		return w, nil
	}
	w := &Dict{Entries: make([]Entry, len(v.Entries))}
	c.seen[v] = w
	for i, e := range v.Entries {
		var err error
		if w.Entries[i].Key, err = c.value(e.Key, depth+1); err != nil {
			return nil, err
		}
		if w.Entries[i].Value, err = c.value(e.Value, depth+1); err != nil {
			return nil, err
		}
	}
	if v.index != nil {
		w.reindex()
	}
	return w, nil
}

func (c *copier) object(v *Object, depth int) (Value, error) {
	if w, ok := c.seen[v]; ok {
		return w, nil
	}
	w := &Object{Class: v.Class}
	c.seen[v] = w
	for _, part := range []struct {
		src Value
		has bool
		set func(Value)
	}{
		{v.Args, v.Args != nil, func(x Value) { w.Args = x.(Tuple) }},
		{v.Kwds, v.Kwds != nil, func(x Value) { w.Kwds = x.(*Dict) }},
		{v.State, v.State != nil, func(x Value) { w.State = x }},
		{v.Items, v.Items != nil, func(x Value) { w.Items = x.(*List) }},
		{v.Dict, v.Dict != nil, func(x Value) { w.Dict = x.(*Dict) }},
	} {
		if !part.has {
			continue
		}
		x, err := c.value(part.src, depth+1)
		if err != nil {
			return nil, err
		}
		part.set(x)
	}
	return w, nil
}
