package volumes

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// wire is how the voxels of a dtype go to the client, which knows eight little-endian types.
type wire struct {
	Type string // the client's name, such as "uint16"
	Size int    // bytes of a voxel on the wire
	From int    // bytes of a voxel of the process
	Note string // what is lost on the way, a sentence; "" for nothing
	// convert writes n voxels; nil: they are the same bytes.
	convert func(dst, src []byte, n int)
}

// dtype is a NumPy dtype of numbers.
type dtype struct {
	kind  byte // b, u, i, f, c
	size  int  // bytes
	order binary.ByteOrder
}

func parseDType(descr string) (d dtype, ok bool) {
	if len(descr) < 3 || len(descr) > 4 || !strings.ContainsRune("<>|=", rune(descr[0])) {
		return d, false
	}
	d.kind = descr[1]
	d.order = binary.LittleEndian
	if descr[0] == '>' {
		d.order = binary.BigEndian
	}
	n, err := strconv.Atoi(descr[2:])
	d.size = n
	switch {
	case err != nil:
		return d, false
	case d.kind == 'b':
		return d, n == 1
	case d.kind == 'u', d.kind == 'i':
		return d, n == 1 || n == 2 || n == 4 || n == 8
	case d.kind == 'f':
		return d, n == 2 || n == 4 || n == 8
	case d.kind == 'c':
		return d, n == 8 || n == 16
	}
	return d, false
}

// wireOf is how voxels of a dtype go to the client. limits are the least and the greatest value,
// nil where they are not known.
func wireOf(descr string, labels bool, limits *[2]float64) (w wire, ok bool) {
	d, ok := parseDType(descr)
	if !ok || labels && d.kind != 'u' && d.kind != 'i' && d.kind != 'b' {
		return w, false
	}
	w = wire{From: d.size, Size: d.size}
	bits := strconv.Itoa(8 * d.size)
	swapped := d.order == binary.BigEndian && d.size > 1
	switch d.kind {
	case 'b':
		w.Type, w.Note = "uint8", "bool is shown as uint8: 0 and 1."
		w.convert = func(dst, src []byte, n int) {
			for i := range n {
				dst[i] = min(src[i], 1)
			}
		}
		return w, true
	case 'u', 'i':
		w.Type = map[byte]string{'u': "uint", 'i': "int"}[d.kind] + bits
		switch {
		case d.size < 8 || labels && d.kind == 'u':
		case labels:
			w.Type, w.Note = "uint64", "int64 is shown as uint64."
		case limits != nil && limits[0] >= math.MinInt32 && limits[1] <= math.MaxInt32:
			w.Type, w.Size, w.Note = "int32", 4, d.name()+" is shown as int32: what lies beyond is cut off."
			w.convert = func(dst, src []byte, n int) {
				for i := range n {
					v := int64(d.order.Uint64(src[8*i:]))
					if d.kind == 'u' && v < 0 {
						v = math.MaxInt32
					}
					binary.LittleEndian.PutUint32(dst[4*i:], uint32(int32(min(max(v, math.MinInt32), math.MaxInt32))))
				}
			}
			return w, true
		default:
			w.Type, w.Size, w.Note = "float32", 4, d.name()+" is shown as float32, with about seven digits."
			w.convert = func(dst, src []byte, n int) {
				for i := range n {
					v := d.order.Uint64(src[8*i:])
					f := float32(v)
					if d.kind == 'i' {
						f = float32(int64(v))
					}
					binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(f))
				}
			}
			return w, true
		}
		if swapped {
			w.Note = strings.TrimSpace(w.Note + " Its bytes are swapped on the way.")
			w.convert = swap(d.size)
		}
		return w, true
	}
	w.Type, w.Size = "float32", 4
	switch {
	case d.kind == 'f' && d.size == 4 && !swapped:
	case d.kind == 'f' && d.size == 4:
		w.Note, w.convert = "Its bytes are swapped on the way.", swap(4)
	default:
		w.Note = d.name() + " is shown as float32" + map[bool]string{true: ", with about seven digits."}[d.size >= 8]
		if d.kind == 'c' {
			w.Note = d.name() + " is shown by its absolute value, as float32."
		}
		w.Note = strings.TrimSuffix(w.Note, ".") + "."
		w.convert = func(dst, src []byte, n int) {
			for i := range n {
				binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(float32(d.float(src[i*d.size:]))))
			}
		}
	}
	return w, true
}

// name is what NumPy calls the dtype.
func (d dtype) name() string {
	word := map[byte]string{'b': "bool", 'u': "uint", 'i': "int", 'f': "float", 'c': "complex"}[d.kind]
	if d.kind == 'b' {
		return word
	}
	return word + strconv.Itoa(8*d.size)
}

// dtypeName is what NumPy calls the dtype of a descr.
func dtypeName(descr string) string {
	if d, ok := parseDType(descr); ok {
		return d.name()
	}
	return descr
}

func swap(size int) func(dst, src []byte, n int) {
	return func(dst, src []byte, n int) {
		for i := 0; i < n*size; i += size {
			for j := range size {
				dst[i+j] = src[i+size-1-j]
			}
		}
	}
}

// float is the value of a voxel, the absolute one of a complex number.
func (d dtype) float(b []byte) float64 {
	switch d.kind {
	case 'b':
		return float64(min(b[0], 1))
	case 'u', 'i':
		var v uint64
		switch d.size {
		case 1:
			v = uint64(b[0])
		case 2:
			v = uint64(d.order.Uint16(b))
		case 4:
			v = uint64(d.order.Uint32(b))
		default:
			v = d.order.Uint64(b)
		}
		if d.kind == 'i' {
			shift := 64 - 8*d.size
			return float64(int64(v<<shift) >> shift)
		}
		return float64(v)
	case 'f':
		switch d.size {
		case 2:
			return half(d.order.Uint16(b))
		case 4:
			return float64(math.Float32frombits(d.order.Uint32(b)))
		}
		return math.Float64frombits(d.order.Uint64(b))
	}
	if d.size == 8 {
		return math.Hypot(float64(math.Float32frombits(d.order.Uint32(b))), float64(math.Float32frombits(d.order.Uint32(b[4:]))))
	}
	return math.Hypot(math.Float64frombits(d.order.Uint64(b)), math.Float64frombits(d.order.Uint64(b[8:])))
}

// half is the value of a float16.
func half(h uint16) float64 {
	sign, exponent, fraction := 1.0, int(h>>10&0x1f), float64(h&0x3ff)
	if h>>15 != 0 {
		sign = -1
	}
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}
