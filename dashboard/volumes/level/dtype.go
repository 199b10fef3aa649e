package level

import (
	"math"
	"math/bits"
	"runtime"
	"strconv"
	"strings"
)

// DType is a NumPy dtype of numbers.
type DType struct {
	Kind byte // 'b', 'u', 'i', 'f' or 'c', as numpy.dtype.kind
	Size int  // bytes
	Big  bool // the highest byte comes first
}

// ParseDType reads a descr such as "<u2". It takes bool, whole numbers of 1 to 8 bytes, floats of 2 to 16
// and complex numbers of 8 to 32.
func ParseDType(descr string) (DType, bool) {
	if len(descr) < 3 || len(descr) > 4 || !strings.ContainsRune("<>|=", rune(descr[0])) {
		return DType{}, false
	}
	n, err := strconv.Atoi(descr[2:])
	t := DType{descr[1], n, descr[0] == '>' && n > 1}
	return t, err == nil && t.valid()
}

func (t DType) valid() bool {
	switch t.Kind {
	case 'b':
		return t.Size == 1
	case 'u', 'i':
		return t.Size == 1 || t.Size == 2 || t.Size == 4 || t.Size == 8
	case 'f':
		return t.Size == 2 || t.Size == 4 || t.Size == 8 || t.Size == 12 || t.Size == 16
	case 'c':
		return t.Size == 8 || t.Size == 16 || t.Size == 24 || t.Size == 32
	}
	return false
}

// whole reports whether the values are whole numbers, or bool.
func (t DType) whole() bool { return t.Kind == 'u' || t.Kind == 'i' || t.Kind == 'b' }

// Name is what NumPy calls the dtype, whatever its byte order.
func (t DType) Name() string {
	word := map[byte]string{'b': "bool", 'u': "uint", 'i': "int", 'f': "float", 'c': "complex"}[t.Kind]
	switch {
	case word == "":
		return "of the kind " + strconv.QuoteRune(rune(t.Kind))
	case t.Kind == 'b':
		return word
	case t.Kind == 'f' && t.Size > 8, t.Kind == 'c' && t.Size > 16:
		return map[byte]string{'f': "longdouble", 'c': "clongdouble"}[t.Kind]
	}
	return word + strconv.Itoa(8*t.Size)
}

// Native is the dtype in which values are reckoned with, and come out: little-endian; float32 for float16,
// float64 for longdouble, and for complex numbers the float that a magnitude is.
func (t DType) Native() DType {
	t.Big = false
	switch {
	case t.Kind == 'f' && t.Size == 2, t.Kind == 'c' && t.Size == 8:
		return DType{Kind: 'f', Size: 4}
	case t.Kind == 'f' && t.Size > 8, t.Kind == 'c':
		return DType{Kind: 'f', Size: 8}
	}
	return t
}

// Float is the value at the begin of b, the magnitude of a complex number.
func (t DType) Float(b []byte) float64 {
	if t.isNative() {
		return t.float(b)
	}
	var room [8]byte
	native := t.Native()
	t.load(room[:native.Size], b[:t.Size])
	return native.float(room[:])
}

// float is a value of a native dtype.
func (t DType) float(b []byte) float64 {
	var v uint64
	for i := range t.Size {
		v |= uint64(b[i]) << (8 * i)
	}
	switch {
	case t.Kind == 'f' && t.Size == 4:
		return float64(math.Float32frombits(uint32(v)))
	case t.Kind == 'f':
		return math.Float64frombits(v)
	case t.Kind == 'i':
		unused := 64 - 8*t.Size
		return float64(int64(v<<unused) >> unused)
	}
	return float64(v)
}

// isNative reports whether values are native as they are.
func (t DType) isNative() bool { return t == t.Native() && t.Kind != 'b' }

// load writes values as native ones. dst has room for all of src.
func (t DType) load(dst, src []byte) {
	switch {
	case t.isNative():
		copy(dst, src)
	case t.Kind == 'b':
		truths(dst, src)
	case t.Kind == 'f' && t.Size == 2:
		halves(dst, src, t.Big)
	case t.Kind == 'f' && t.Size > 8:
		t.longs(dst, src)
	case t.Kind == 'c' && t.Size == 8:
		magnitudes32(dst, src, t.Big)
	case t.Kind == 'c' && t.Size == 16:
		magnitudes64(dst, src, t.Big)
	case t.Kind == 'c':
		t.magnitudesLong(dst, src)
	case t.Size == 2:
		swap16(dst, src)
	case t.Size == 4:
		swap32(dst, src)
	default:
		swap64(dst, src)
	}
}

func swap16(dst, src []byte) {
	to := as[uint16](dst)
	for i, v := range as[uint16](src)[:len(to)] {
		to[i] = bits.ReverseBytes16(v)
	}
}

func swap32(dst, src []byte) {
	to := as[uint32](dst)
	for i, v := range as[uint32](src)[:len(to)] {
		to[i] = bits.ReverseBytes32(v)
	}
}

func swap64(dst, src []byte) {
	to := as[uint64](dst)
	for i, v := range as[uint64](src)[:len(to)] {
		to[i] = bits.ReverseBytes64(v)
	}
}

// truths makes 1 of all that is not 0, eight bytes at a time.
func truths(dst, src []byte) {
	const low = 0x7f7f_7f7f_7f7f_7f7f
	n := len(src) / 8
	to := as[uint64](dst[:8*n])
	for i, v := range as[uint64](src[:8*n]) {
		to[i] = (v&low + low | v) >> 7 & 0x0101_0101_0101_0101
	}
	for i, v := range src[8*n:] {
		dst[8*n+i] = min(v, 1)
	}
}

// halves makes float32 of float16.
func halves(dst, src []byte, big bool) {
	to := as[float32](dst)
	for i, h := range as[uint16](src)[:len(to)] {
		if big {
			h = bits.ReverseBytes16(h)
		}
		// An exponent counts from 15, and that of a float32 from 127.
		v := uint32(h&0x7fff)<<13 + (127-15)<<23
		switch h & 0x7c00 {
		case 0x7c00:
			v = 0x7f80_0000 | uint32(h&0x3ff)<<13
		case 0: // subnormal, or zero
			v = math.Float32bits(float32(h&0x3ff) * (1.0 / (1 << 24)))
		}
		to[i] = math.Float32frombits(v | uint32(h&0x8000)<<16)
	}
}

// long reads the longdouble at the begin of b.
func (t DType) long(b []byte, size int) float64 {
	var low uint64
	var high uint64
	at := func(i int) byte {
		if i >= size {
			return 0
		}
		if t.Big {
			i = size - 1 - i
		}
		return b[i]
	}
	for i := range 8 {
		low |= uint64(at(i)) << (8 * i)
		high |= uint64(at(8+i)) << (8 * i)
	}
	if size == 16 && runtime.GOARCH != "amd64" && runtime.GOARCH != "386" {
		return quad(low, high)
	}
	return extended(low, high)
}

// extended is a number of 80 bits, as x87 has it: 64 bits of a fraction, then 15 of an exponent and the sign.
func extended(fraction, head uint64) float64 {
	exponent := int(head & 0x7fff)
	v := 0.0
	switch {
	case exponent == 0x7fff && fraction<<1 == 0:
		v = math.Inf(1)
	case exponent == 0x7fff:
		v = math.NaN()
	default:
		v = math.Ldexp(float64(fraction), max(exponent, 1)-16383-63)
	}
	if head&0x8000 != 0 {
		v = -v
	}
	return v
}

// quad is a number of 128 bits: 112 of a fraction, 15 of an exponent, and the sign.
func quad(low, high uint64) float64 {
	exponent := int(high >> 48 & 0x7fff)
	// The upper 61 bits of the fraction, and whether there is anything below.
	fraction := high<<16>>3 | low>>51
	if low<<13 != 0 {
		fraction |= 1
	}
	v := 0.0
	switch {
	case exponent == 0x7fff && fraction == 0:
		v = math.Inf(1)
	case exponent == 0x7fff:
		v = math.NaN()
	case exponent > 0:
		v = math.Ldexp(float64(fraction|1<<61), exponent-16383-61)
	}
	if high>>63 != 0 {
		v = -v
	}
	return v
}

// longs makes float64 of longdouble.
func (t DType) longs(dst, src []byte) {
	to := as[float64](dst)
	for i := range to {
		to[i] = t.long(src[i*t.Size:], t.Size)
	}
}

func magnitudes32(dst, src []byte, big bool) {
	to, from := as[float32](dst), as[uint32](src)
	for i := range to {
		a, b := from[2*i], from[2*i+1]
		if big {
			a, b = bits.ReverseBytes32(a), bits.ReverseBytes32(b)
		}
		x, y := float64(math.Float32frombits(a)), float64(math.Float32frombits(b))
		v := math.Sqrt(x*x + y*y) // which does not overflow
		if v != v {
			v = math.Hypot(x, y) // an infinity counts more than NaN
		}
		to[i] = float32(v)
	}
}

func magnitudes64(dst, src []byte, big bool) {
	to, from := as[float64](dst), as[uint64](src)
	for i := range to {
		a, b := from[2*i], from[2*i+1]
		if big {
			a, b = bits.ReverseBytes64(a), bits.ReverseBytes64(b)
		}
		to[i] = math.Hypot(math.Float64frombits(a), math.Float64frombits(b))
	}
}

func (t DType) magnitudesLong(dst, src []byte) {
	to := as[float64](dst)
	half := t.Size / 2
	for i := range to {
		b := src[i*t.Size:]
		to[i] = math.Hypot(t.long(b, half), t.long(b[half:], half))
	}
}
