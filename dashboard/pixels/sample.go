package pixels

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"

	"webmon/shm"
)

// samplesOf calls f with each of n samples of so many bytes, as get reads them.
func samplesOf[T any](b []byte, n, size int, get func([]byte) T, f func(i int, v T)) {
	for i := range n {
		f(i, get(b[i*size:]))
	}
}

func float32At(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
func float64At(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }
func int32At(b []byte) int32     { return int32(binary.LittleEndian.Uint32(b)) }
func int64At(b []byte) int64     { return int64(binary.LittleEndian.Uint64(b)) }
func uint8At(b []byte) uint8     { return b[0] }

// each calls f with how far every sample is from the origin of the picture.
func each(px shm.Pixels, from origin, f func(i int, v float64)) {
	n, b := px.Rows*px.Cols*px.Samples, px.Data
	switch px.Type {
	case shm.U8:
		samplesOf(b, n, 1, uint8At, func(i int, v uint8) { f(i, float64(v)) })
	case shm.U16:
		samplesOf(b, n, 2, binary.LittleEndian.Uint16, func(i int, v uint16) { f(i, float64(v)) })
	case shm.U32:
		samplesOf(b, n, 4, binary.LittleEndian.Uint32, func(i int, v uint32) { f(i, float64(v)) })
	case shm.I32:
		samplesOf(b, n, 4, int32At, func(i int, v int32) { f(i, float64(v)) })
	case shm.U64, shm.I64:
		samplesOf(b, n, 8, binary.LittleEndian.Uint64, func(i int, v uint64) { f(i, from.to(v)) })
	case shm.F64:
		samplesOf(b, n, 8, float64At, f)
	default:
		samplesOf(b, n, 4, float32At, func(i int, v float32) { f(i, float64(v)) })
	}
}

// origin is a value near those of a picture, from which they are counted: what
// is taken off before precision is. Only whole numbers of 64 bits need one, as
// float64 has all others.
type origin struct {
	signed bool
	at     uint64 // bits
}

// originOf is the origin of a picture.
func originOf(px shm.Pixels) origin {
	o := origin{signed: px.Type == shm.I64}
	if (o.signed || px.Type == shm.U64) && len(px.Data) >= 8 {
		o.at = binary.LittleEndian.Uint64(px.Data)
	}
	return o
}

// to is how far a whole number is from the origin.
func (o origin) to(v uint64) float64 {
	if o.signed && int64(v) < int64(o.at) || !o.signed && v < o.at {
		return -float64(o.at - v)
	}
	return float64(v - o.at)
}

// off is how far a number is from the origin.
func (o origin) off(v float64) float64 {
	if o.at == 0 {
		return v
	}
	const most = 1 << 63
	switch {
	case o.signed && v >= -most && v < most && v == math.Trunc(v):
		return o.to(uint64(int64(v)))
	case o.signed:
		return v - float64(int64(o.at))
	case v >= 0 && v < 2*most && v == math.Trunc(v):
		return o.to(uint64(v))
	}
	return v - float64(o.at)
}

// limits is how far limits are from the origin.
func (o origin) limits(l [2]float64) [2]float64 { return [2]float64{o.off(l[0]), o.off(l[1])} }

// labels calls f with every sample as a label: the 64 bits of a signed whole number.
// NaN is the background, 0, and floats are cut to whole numbers.
func labels(px shm.Pixels, f func(i int, label uint64)) {
	n, b := px.Rows*px.Cols*px.Samples, px.Data
	switch px.Type {
	case shm.U32:
		samplesOf(b, n, 4, binary.LittleEndian.Uint32, func(i int, v uint32) { f(i, uint64(v)) })
	case shm.I32:
		samplesOf(b, n, 4, int32At, func(i int, v int32) { f(i, uint64(int64(v))) })
	case shm.U64, shm.I64:
		samplesOf(b, n, 8, binary.LittleEndian.Uint64, f)
	default:
		each(px, origin{}, func(i int, v float64) {
			if v = math.Trunc(v); !(v >= -1<<63 && v < 1<<63) {
				v = 0
			}
			f(i, uint64(int64(v)))
		})
	}
}

// sample is a sample of a picture with all of its digits: an int64, a float64, or a
// *big.Int for a whole number that int64 cannot hold.
func sample(px shm.Pixels, i int) shm.Value {
	b := px.Data[i*px.Type.Size():]
	switch px.Type {
	case shm.U8:
		return int64(b[0])
	case shm.U16:
		return int64(binary.LittleEndian.Uint16(b))
	case shm.U32:
		return int64(binary.LittleEndian.Uint32(b))
	case shm.I32:
		return int64(int32At(b))
	case shm.I64:
		return int64At(b)
	case shm.U64:
		return unsigned(binary.LittleEndian.Uint64(b))
	case shm.F64:
		return float64At(b)
	}
	return float64(float32At(b))
}

// unsigned is a whole number: an int64, a *big.Int beyond.
func unsigned(v uint64) shm.Value {
	if v > math.MaxInt64 {
		return new(big.Int).SetUint64(v)
	}
	return int64(v)
}

// Digits writes a whole number in full if float64, and therefore a browser, cannot hold
// it exactly; "" for anything else.
func Digits(v shm.Value) string {
	switch v := v.(type) {
	case int64:
		if v > 1<<53 || v < -1<<53 {
			return strconv.FormatInt(v, 10)
		}
	case *big.Int:
		return v.String()
	}
	return ""
}
