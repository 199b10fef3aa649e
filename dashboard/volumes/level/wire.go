package level

import (
	"math"
	"strings"
)

// Wire says how the voxels of a dtype go to Neuroglancer's client, which knows eight types, all of them
// little-endian.
type Wire struct {
	Type  string // the client's name: "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64" or "float32"
	Descr string // the same as NumPy has it, such as "<f4"
	Size  int    // bytes of a voxel on the wire
	DType DType  // as the process has the voxels
	Note  string // what becomes of the values on the way, a sentence; "" for nothing

	labels bool
}

// WireOf is how voxels of a dtype go out, false if they cannot be shown. labels says that they are labels,
// which are whole numbers or bool: their values stay as they are, but that int64 goes out as uint64.
// limits are the least and the greatest value of an image, nil where they are not known. They count for
// whole numbers of 64 bits alone: these are shown as 32 bits if they fit, and otherwise as float32.
func WireOf(descr string, labels bool, limits *[2]float64) (Wire, bool) {
	t, ok := ParseDType(descr)
	if !ok || labels && !t.whole() {
		return Wire{}, false
	}
	w := Wire{DType: t, labels: labels, Size: 4, Type: "float32", Descr: "<f4"}
	as := func(descr string) {
		to, _ := ParseDType(descr)
		w.Type, w.Descr, w.Size = to.Name(), descr, to.Size
	}
	fits := func(least, most float64) bool { return limits != nil && limits[0] >= least && limits[1] <= most }
	wide := t.Size == 8 && !labels
	switch {
	case t.Kind == 'b':
		as("|u1")
		w.Note = "bool is shown as uint8: 0 and 1."
	case t.Kind == 'i' && t.Size == 8 && labels:
		as("<u8")
		w.Note = "int64 is shown as uint64."
	case t.Kind == 'i' && wide && fits(math.MinInt32, math.MaxInt32):
		as("<i4")
		w.Note = "int64 is shown as int32: what lies beyond is cut off."
	case t.Kind == 'u' && wide && fits(0, math.MaxUint32):
		as("<u4")
		w.Note = "uint64 is shown as uint32: what lies beyond is cut off."
	case t.Kind == 'u' || t.Kind == 'i':
		if wide {
			w.Note = t.Name() + " is shown as float32, with about seven digits."
			break
		}
		order := "<"
		if t.Size == 1 {
			order = "|"
		}
		as(order + descr[1:])
	case t.Kind == 'c':
		w.Note = t.Name() + " is shown by its absolute value, as float32."
	case t.Size > 4:
		w.Note = t.Name() + " is shown as float32, with about seven digits."
	case t.Size < 4:
		w.Note = t.Name() + " is shown as float32."
	}
	if t.Big {
		w.Note = strings.TrimSpace(w.Note + " Its bytes are swapped on the way.")
	}
	return w, true
}

// Same reports whether voxels of full resolution go out as the bytes that the process has.
func (w *Wire) Same() bool { return w.DType.isNative() && w.then() == nil }

// Append appends voxels to dst as the client gets them. src has those of an array with the shape, as the
// process has them; where factors are above 1 they are made coarser, by the [Mode] of labels and otherwise
// by the [Mean], which is rounded once. An error says that src, shape and factors do not go together.
func (w *Wire) Append(dst, src []byte, shape, factors []int) ([]byte, error) {
	return reduce(dst, src, w.DType, shape, factors, w.labels, w.then(), w.Size)
}

// then makes native voxels those of the wire; nil: they are.
func (w *Wire) then() convert {
	switch t := w.DType.Native(); {
	case w.labels || t.Size < 8:
		return nil
	case t.Kind == 'f':
		return cast[float64, float32]
	case t.Kind == 'i' && w.Type == "int32":
		return clampInts
	case t.Kind == 'i':
		return cast[int64, float32]
	case w.Type == "uint32":
		return clampUints
	}
	return cast[uint64, float32]
}

func cast[S, T int64 | uint64 | float64 | float32](dst, src []byte) {
	to := as[T](dst)
	for i, v := range as[S](src)[:len(to)] {
		to[i] = T(v)
	}
}

func clampInts(dst, src []byte) {
	to := as[int32](dst)
	for i, v := range as[int64](src)[:len(to)] {
		to[i] = int32(min(max(v, math.MinInt32), math.MaxInt32))
	}
}

func clampUints(dst, src []byte) {
	to := as[uint32](dst)
	for i, v := range as[uint64](src)[:len(to)] {
		to[i] = uint32(min(v, math.MaxUint32))
	}
}
