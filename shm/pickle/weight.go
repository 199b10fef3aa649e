package pickle

import (
	"fmt"
	"math/big"
	"unsafe"
)

// WeightOptions bounds what Weight accepts.
type WeightOptions struct {
	Most     int64 // bytes; default 64 MiB
	MaxDepth int   // nesting; default 256
	// Array, if it is not nil, returns what an array weighs to whoever takes the value over.
	// Default: its data.
	Array func(*Array) int64
}

// Weight is about how many bytes a value takes once it is written out: a list that is in
// a hundred places counts a hundred times, although it is in memory once. Whatever copies
// a value or makes something of it has to know this first, because a pickle of some
// kilobytes can hold gigabytes so. A value that is heavier or deeper than allowed, or that
// holds itself, gives an error that wraps ErrLimit.
//
// The time it takes grows with the size of the pickle, and not with the weight.
func Weight(v Value, o WeightOptions) (int64, error) {
	if o.Most <= 0 {
		o.Most = 64 << 20
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = 256
	}
	w := weigher{opt: o, left: fewEnough}
	got, err := w.value(v, 0)
	return got.bytes, err
}

// fewEnough is how many containers are weighed without remembering them: nearly all
// values have fewer, and remembering costs more than weighing.
const fewEnough = 256

// weighed is what is known of a value.
type weighed struct {
	bytes int64
	depth int // levels below it
}

type weigher struct {
	opt   WeightOptions
	left  int              // containers until known is used
	known map[any]weighed  // by pointer
	open  map[any]struct{} // those that are being weighed
}

// place tells slices apart.
type place struct {
	first *Value
	n     int
}

const (
	weightOfValue = 16 // of the place of a value in a list
	weightOfEntry = 48 // of the places of a key and its value in a dict
)

func (w *weigher) value(v Value, depth int) (weighed, error) {
	switch v := v.(type) {
	case nil, bool:
		return weighed{}, nil
	case string:
		return weighed{bytes: int64(len(v))}, nil
	case []byte:
		return weighed{bytes: int64(len(v))}, nil
	case *big.Int:
		return weighed{bytes: int64(v.BitLen()/8) + 24}, nil
	case *Array:
		if w.opt.Array != nil {
			return weighed{bytes: w.opt.Array(v)}, nil
		}
		return weighed{bytes: int64(len(v.Data)) + 64}, nil
	case *Global:
		return weighed{bytes: int64(len(v.Module) + len(v.Name))}, nil
	case Tuple:
		if len(v) == 0 {
			return weighed{}, nil
		}
		return w.container(place{unsafe.SliceData(v), len(v)}, depth, func(add func(int64, Value) error) error { return weighItems(v, add) })
	case *List:
		return w.container(v, depth, func(add func(int64, Value) error) error { return weighItems(v.Items, add) })
	case *Set:
		return w.container(v, depth, func(add func(int64, Value) error) error { return weighItems(v.Items, add) })
	case *Dict:
		return w.container(v, depth, func(add func(int64, Value) error) error { return weighEntries(v, add) })
	case *Object:
		return w.container(v, depth, func(add func(int64, Value) error) error {
			if err := weighItems(v.Args, add); err != nil {
				return err
			}
			if err := weighEntries(v.Kwds, add); err != nil {
				return err
			}
			if err := add(weightOfValue, v.State); err != nil {
				return err
			}
			if v.Items != nil {
				if err := weighItems(v.Items.Items, add); err != nil {
					return err
				}
			}
			return weighEntries(v.Dict, add)
		})
	}
	return weighed{bytes: 8}, nil
}

func weighItems(list []Value, add func(int64, Value) error) error {
	for _, e := range list {
		if err := add(weightOfValue, e); err != nil {
			return err
		}
	}
	return nil
}

func weighEntries(d *Dict, add func(int64, Value) error) error {
	if d == nil {
		return nil
	}
	for i := range d.Entries {
		if err := add(weightOfEntry, d.Entries[i].Key); err != nil {
			return err
		}
		if err := add(0, d.Entries[i].Value); err != nil {
			return err
		}
	}
	return nil
}

// container weighs what may be in several places. id tells it apart; each calls add with
// every value in it.
func (w *weigher) container(id any, depth int, each func(add func(int64, Value) error) error) (weighed, error) {
	if w.left--; w.left < 0 {
		if w.known == nil {
			w.known, w.open = map[any]weighed{}, map[any]struct{}{}
		}
		if got, ok := w.known[id]; ok {
			if depth+got.depth > w.opt.MaxDepth {
				return got, w.tooDeep()
			}
			return got, nil
		}
		if _, ok := w.open[id]; ok {
			return weighed{}, w.tooDeep()
		}
		w.open[id] = struct{}{}
		defer delete(w.open, id)
	}
	if depth >= w.opt.MaxDepth {
		return weighed{}, w.tooDeep()
	}
	sum := weighed{bytes: weightOfValue}
	err := each(func(own int64, v Value) error {
		got, err := w.value(v, depth+1)
		if err != nil {
			return err
		}
		sum.bytes += own + got.bytes
		sum.depth = max(sum.depth, got.depth+1)
		if sum.bytes > w.opt.Most {
			return fmt.Errorf("written out it takes more than %d bytes: %w", w.opt.Most, ErrLimit)
		}
		return nil
	})
	if err == nil && w.known != nil {
		w.known[id] = sum
	}
	return sum, err
}

func (w *weigher) tooDeep() error {
	return fmt.Errorf("more than %d levels deep, or inside itself: %w", w.opt.MaxDepth, ErrLimit)
}
