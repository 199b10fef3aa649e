package segment

import (
	"encoding/binary"
	"math"
	"math/bits"
	"runtime"
	"unsafe"

	"webmon/shm"
	"webmon/shm/pickle"
)

// pixel is the type of one sample that ReadPlane returns.
type pixel interface {
	uint8 | uint16 | uint32 | uint64 | int32 | int64 | float32 | float64
}

// pixelType returns the type that holds the numbers of a dtype, "" for a dtype without
// numbers.
func pixelType(t *pickle.DType) shm.PixelType {
	if t.Base != nil || len(t.Fields) > 0 {
		return ""
	}
	switch {
	case t.Kind == 'b', t.Kind == 'u' && t.Size == 1:
		return shm.U8
	case t.Kind == 'u' && t.Size == 2:
		return shm.U16
	case t.Kind == 'u' && t.Size == 4:
		return shm.U32
	case t.Kind == 'u':
		return shm.U64
	case t.Kind == 'i' && t.Size == 4:
		return shm.I32
	case t.Kind == 'i' && t.Size == 8:
		return shm.I64
	case t.Kind == 'i', t.Kind == 'f' && t.Size <= 4:
		return shm.F32
	case t.Kind == 'f', t.Kind == 'c', t.Kind == 'M', t.Kind == 'm':
		return shm.F64
	}
	return ""
}

// asIs reports whether the items of a dtype lie in memory as pixels of its
// pixelType do.
func asIs(t *pickle.DType) bool {
	switch t.Kind {
	case 'i':
		return !t.Big && t.Size >= 4
	case 'f':
		return !t.Big && (t.Size == 4 || t.Size == 8)
	}
	return !t.Big && (t.Kind == 'u' || t.Kind == 'b')
}

// gather reads n items that lie step bytes apart, and writes them dstStep apart.
type gather[T pixel] func(dst []T, dstStep int, src unsafe.Pointer, step, n int)

// item is a number as Go has it.
type item interface {
	uint8 | uint16 | uint32 | uint64 | int8 | int16 | int32 | int64 | float32 | float64
}

// cast converts what Go converts by itself, without a call for each item.
func cast[S item, T pixel](dst []T, dstStep int, src unsafe.Pointer, step, n int) {
	for i := range n {
		dst[i*dstStep] = T(*(*S)(unsafe.Add(src, i*step)))
	}
}

func gather8(*pickle.DType) gather[uint8] { return cast[uint8, uint8] }

func gather16(t *pickle.DType) gather[uint16] {
	if t.Big {
		return swap16
	}
	return cast[uint16, uint16]
}

func swap16(dst []uint16, dstStep int, src unsafe.Pointer, step, n int) {
	for i := range n {
		dst[i*dstStep] = bits.ReverseBytes16(*(*uint16)(unsafe.Add(src, i*step)))
	}
}

// gatherWhole reads whole numbers of T's own size.
func gatherWhole[T int32 | uint32 | int64 | uint64](t *pickle.DType) gather[T] {
	if !t.Big {
		return cast[T, T]
	}
	load := wholeOf(t)
	return func(dst []T, dstStep int, src unsafe.Pointer, step, n int) {
		for i := range n {
			dst[i*dstStep] = T(load(unsafe.Add(src, i*step)))
		}
	}
}

// narrowed reads whole numbers of 64 bits as numbers of 32 bits. After the first number
// that does not fit it sets wide and does nothing more.
func narrowed[S int64 | uint64, T int32 | uint32](t *pickle.DType, wide *bool) gather[T] {
	load := gatherWhole[S](t)
	var room [256]S
	return func(dst []T, dstStep int, src unsafe.Pointer, step, n int) {
		for from := 0; from < n && !*wide; from += len(room) {
			part := room[:min(len(room), n-from)]
			load(part, 1, unsafe.Add(src, from*step), step, len(part))
			var lost S
			for i, v := range part {
				to := T(v)
				lost |= S(to) ^ v
				dst[(from+i)*dstStep] = to
			}
			*wide = lost != 0
		}
	}
}

// wholeOf returns a function that reads one whole number, widened to 64 bits with its
// sign.
func wholeOf(t *pickle.DType) func(unsafe.Pointer) uint64 {
	size, big := t.Size, t.Big
	unused := 64 - 8*size
	signed := t.Kind == 'i'
	return func(p unsafe.Pointer) uint64 {
		var v uint64
		b := unsafe.Slice((*byte)(p), size)
		for i := range b {
			if big {
				v = v<<8 | uint64(b[i])
			} else {
				v = v<<8 | uint64(b[size-1-i])
			}
		}
		if signed {
			return uint64(int64(v<<unused) >> unused)
		}
		return v
	}
}

// distances reads whole numbers of 64 bits as their distances from one of them. Small
// distances have all their digits in a float64, however large the numbers are.
func distances(t *pickle.DType, from uint64) gather[float64] {
	load := wholeOf(t)
	signed := t.Kind == 'i'
	return func(dst []float64, dstStep int, src unsafe.Pointer, step, n int) {
		for i := range n {
			v := load(unsafe.Add(src, i*step))
			if below := v < from; signed && int64(v) < int64(from) || !signed && below {
				dst[i*dstStep] = -float64(from - v)
			} else {
				dst[i*dstStep] = float64(v - from)
			}
		}
	}
}

// wholeAt turns distances into whole numbers again, in place, rounded to the
// nearest.
func wholeAt(px []float64, from uint64, signed bool) {
	up, down := math.MaxUint64-from, from
	if signed {
		up, down = uint64(math.MaxInt64-int64(from)), uint64(int64(from)-math.MinInt64)
	}
	out := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(px))), len(px))
	far := func(d float64, most uint64) uint64 {
		switch d = math.Round(d); {
		case d < 1<<63:
			return min(uint64(d), most)
		case d < 1<<64:
			return min(1<<63+uint64(d-1<<63), most)
		}
		return most
	}
	for i, d := range px {
		if d < 0 {
			out[i] = from - far(-d, down)
		} else {
			out[i] = from + far(d, up)
		}
	}
}

func swapFloat32(dst []float32, dstStep int, src unsafe.Pointer, step, n int) {
	for i := range n {
		dst[i*dstStep] = math.Float32frombits(bits.ReverseBytes32(*(*uint32)(unsafe.Add(src, i*step))))
	}
}

func swapFloat64(dst []float32, dstStep int, src unsafe.Pointer, step, n int) {
	for i := range n {
		dst[i*dstStep] = float32(math.Float64frombits(bits.ReverseBytes64(*(*uint64)(unsafe.Add(src, i*step)))))
	}
}

func half(dst []float32, dstStep int, src unsafe.Pointer, step, n int) {
	for i := range n {
		dst[i*dstStep] = pickle.Half(*(*uint16)(unsafe.Add(src, i*step)))
	}
}

func gather32(t *pickle.DType) gather[float32] {
	if !t.Big {
		switch {
		case t.Kind == 'f' && t.Size == 2:
			return half
		case t.Kind == 'f' && t.Size == 4:
			return cast[float32, float32]
		case t.Kind == 'f' && t.Size == 8:
			return cast[float64, float32]
		case t.Kind == 'i' && t.Size == 1:
			return cast[int8, float32]
		case t.Kind == 'i' && t.Size == 2:
			return cast[int16, float32]
		case t.Kind == 'i' && t.Size == 4:
			return cast[int32, float32]
		case t.Kind == 'i' && t.Size == 8:
			return cast[int64, float32]
		case t.Kind == 'u' && t.Size == 4:
			return cast[uint32, float32]
		case t.Kind == 'u' && t.Size == 8:
			return cast[uint64, float32]
		}
	}
	switch {
	case t.Big && t.Kind == 'f' && t.Size == 4:
		return swapFloat32
	case t.Big && t.Kind == 'f' && t.Size == 8:
		return swapFloat64
	}
	return one[float32](t)
}

// one reads items of any dtype, one by one.
func one[T float32 | float64](t *pickle.DType) gather[T] {
	load := float64Of(t)
	return func(dst []T, dstStep int, src unsafe.Pointer, step, n int) {
		for i := range n {
			dst[i*dstStep] = T(load(unsafe.Add(src, i*step)))
		}
	}
}

func gather64(t *pickle.DType) gather[float64] {
	if !t.Big {
		switch {
		case t.Kind == 'f' && t.Size == 8:
			return cast[float64, float64]
		case t.Kind == 'i' && t.Size == 4:
			return cast[int32, float64]
		case t.Kind == 'i' && t.Size == 8:
			return cast[int64, float64]
		case t.Kind == 'u' && t.Size == 4:
			return cast[uint32, float64]
		case t.Kind == 'u' && t.Size == 8:
			return cast[uint64, float64]
		}
	}
	return one[float64](t)
}

const (
	// samplesAlong is the number of rows, and of columns, in which values are sampled.
	samplesAlong = 32
	// fineRange is the least range, as a part of the values' size, in which
	// float32 tells more steps apart than a screen has.
	fineRange = 1.0 / (1 << 10)
	// fineMost and fineLeast bound the size of values that float32, and the
	// graphics card's arithmetic with it, have room for.
	fineMost, fineLeast = 1 << 100, 1.0 / (1 << 100)
)

// float32Does reports whether float32 tells the values of a plane apart as well as
// anybody could see. It does not if they differ by little compared with their size,
// as 1e9 and 1e9 + 0.25 do, or if it cannot hold them. limits are further values
// between which colours must lie, nil for none.
func float32Does(p *plane, src unsafe.Pointer, t *pickle.DType, limits *[2]float64) bool {
	load := gather64(t)
	low, high := math.Inf(1), math.Inf(-1)
	down, right := (p.rows-1)/samplesAlong+1, (p.cols-1)/samplesAlong+1
	row := p.sampled[:(p.cols-1)/right+1]
	for y := 0; y < p.rows; y += down {
		for s := range p.samples {
			load(row, 1, unsafe.Add(src, p.base+y*p.rowStride+s*p.sampStride), right*p.colStride, len(row))
			for _, v := range row {
				if v-v == 0 { // finite
					low, high = min(low, v), max(high, v)
				}
			}
		}
	}
	return fine(low, high) && (limits == nil || fine(limits[0], limits[1]))
}

// fine reports whether float32 has enough steps between two values.
func fine(low, high float64) bool {
	size := max(math.Abs(low), math.Abs(high))
	switch {
	case !(low <= high), size == 0:
		return true
	case size > fineMost, size < fineLeast:
		return false
	}
	return high-low >= size*fineRange
}

// float64Of returns a function that reads one number of any size and byte order. It
// reads the absolute value of a complex number. It reads a time in seconds, or in
// steps for years, months and times without a unit. NaT is NaN.
func float64Of(t *pickle.DType) func(unsafe.Pointer) float64 {
	var order binary.ByteOrder = binary.LittleEndian
	if t.Big {
		order = binary.BigEndian
	}
	bytes := func(p unsafe.Pointer) []byte { return unsafe.Slice((*byte)(p), t.Size) }
	word := func(b []byte) uint64 {
		switch len(b) {
		case 1:
			return uint64(b[0])
		case 2:
			return uint64(order.Uint16(b))
		case 4:
			return uint64(order.Uint32(b))
		}
		return order.Uint64(b)
	}
	switch t.Kind {
	case 'u', 'b':
		return func(p unsafe.Pointer) float64 { return float64(word(bytes(p))) }
	case 'i':
		shift := 64 - 8*t.Size
		return func(p unsafe.Pointer) float64 { return float64(int64(word(bytes(p))<<shift) >> shift) }
	case 'f':
		return func(p unsafe.Pointer) float64 { return float(bytes(p), word, t.Big) }
	case 'c':
		half := t.Size / 2
		return func(p unsafe.Pointer) float64 {
			b := bytes(p)
			return math.Hypot(float(b[:half], word, t.Big), float(b[half:], word, t.Big))
		}
	case 'M', 'm':
		const notATime = math.MinInt64
		step := seconds(t)
		return func(p unsafe.Pointer) float64 {
			if n := int64(word(bytes(p))); n != notATime {
				return float64(n) * step
			}
			return math.NaN()
		}
	}
	return nil
}

// seconds returns how long one step of a time is.
func seconds(t *pickle.DType) float64 {
	s := float64(max(t.Count, 1))
	switch t.Unit {
	case "W":
		s *= 7 * 86400
	case "D":
		s *= 86400
	case "h":
		s *= 3600
	case "m":
		s *= 60
	case "ms":
		s *= 1e-3
	case "us", "μs":
		s *= 1e-6
	case "ns":
		s *= 1e-9
	case "ps":
		s *= 1e-12
	case "fs":
		s *= 1e-15
	case "as":
		s *= 1e-18
	}
	return s
}

// float reads a float of 2, 4, 8, 12 or 16 bytes.
func float(b []byte, word func([]byte) uint64, big bool) float64 {
	switch len(b) {
	case 2:
		return float64(pickle.Half(uint16(word(b))))
	case 4:
		return float64(math.Float32frombits(uint32(word(b))))
	case 8:
		return math.Float64frombits(word(b))
	}
	// NumPy's longdouble is that of C, in the layout of this machine.
	var c [16]byte
	copy(c[:], b)
	if big {
		for i := range b {
			c[i] = b[len(b)-1-i]
		}
	}
	low, high := binary.LittleEndian.Uint64(c[:]), binary.LittleEndian.Uint64(c[8:])
	switch runtime.GOARCH {
	case "amd64", "386":
		return extended(low, uint16(high))
	}
	return quad(low, high)
}

// extended widens x87's 80 bits: sign, 15 of exponent, 64 of fraction with its
// leading one.
func extended(fraction uint64, head uint16) float64 {
	exp := int(head & 0x7fff)
	x := math.Ldexp(float64(fraction), exp-16383-63)
	if exp == 0x7fff {
		x = math.Inf(1)
		if fraction<<1 != 0 {
			x = math.NaN()
		}
	}
	if head>>15 != 0 {
		x = -x
	}
	return x
}

// quad narrows IEEE 754's binary128: sign, 15 of exponent, 112 of fraction.
func quad(low, high uint64) float64 {
	exp := int(high >> 48 & 0x7fff)
	top := high & (1<<48 - 1)
	var x float64
	switch {
	case exp == 0x7fff && top|low == 0:
		x = math.Inf(1)
	case exp == 0x7fff:
		x = math.NaN()
	case exp != 0: // smaller numbers are zero as a float64
		x = math.Ldexp(float64(1<<48|top)+math.Ldexp(float64(low), -64), exp-16383-48)
	}
	if high>>63 != 0 {
		x = -x
	}
	return x
}
