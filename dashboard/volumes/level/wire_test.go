package level_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"webmon/dashboard/volumes/level"
)

func TestWireOf(t *testing.T) {
	small, unsigned, large := &[2]float64{-5, math.MaxInt32}, &[2]float64{0, math.MaxUint32}, &[2]float64{-5, 1e12}
	for _, c := range []struct {
		descr  string
		labels bool
		limits *[2]float64
		want   string // type, descr and note; "" if it cannot be shown
	}{
		{"|u1", false, nil, "uint8 |u1 "},
		{"|i1", true, nil, "int8 |i1 "},
		{"<u2", false, nil, "uint16 <u2 "},
		{"=i2", false, nil, "int16 <i2 "},
		{"<u4", true, nil, "uint32 <u4 "},
		{">i4", false, nil, "int32 <i4 Its bytes are swapped on the way."},
		{"<u8", true, nil, "uint64 <u8 "},
		{">u8", true, nil, "uint64 <u8 Its bytes are swapped on the way."},
		{"<u8", false, nil, "float32 <f4 uint64 is shown as float32, with about seven digits."},
		{"<u8", false, unsigned, "uint32 <u4 uint64 is shown as uint32: what lies beyond is cut off."},
		{"<u8", false, large, "float32 <f4 uint64 is shown as float32, with about seven digits."},
		{"<i8", true, small, "uint64 <u8 int64 is shown as uint64."},
		{"<i8", false, small, "int32 <i4 int64 is shown as int32: what lies beyond is cut off."},
		{">i8", false, large, "float32 <f4 int64 is shown as float32, with about seven digits. Its bytes are swapped on the way."},
		{"<i8", false, nil, "float32 <f4 int64 is shown as float32, with about seven digits."},
		{"|b1", false, nil, "uint8 |u1 bool is shown as uint8: 0 and 1."},
		{"|b1", true, nil, "uint8 |u1 bool is shown as uint8: 0 and 1."},
		{"<f2", false, nil, "float32 <f4 float16 is shown as float32."},
		{"<f4", false, large, "float32 <f4 "},
		{">f4", false, nil, "float32 <f4 Its bytes are swapped on the way."},
		{"<f8", false, nil, "float32 <f4 float64 is shown as float32, with about seven digits."},
		{"<f16", false, nil, "float32 <f4 longdouble is shown as float32, with about seven digits."},
		{"<c8", false, nil, "float32 <f4 complex64 is shown by its absolute value, as float32."},
		{"<c16", false, nil, "float32 <f4 complex128 is shown by its absolute value, as float32."},
		{"<c32", false, nil, "float32 <f4 clongdouble is shown by its absolute value, as float32."},
		{"<f4", true, nil, ""},
		{"|b1x", false, nil, ""},
		{"|S4", false, nil, ""},
		{"<M8", false, nil, ""},
		{"<i3", false, nil, ""},
		{"u1", false, nil, ""},
		{"", false, nil, ""},
	} {
		w, ok := level.WireOf(c.descr, c.labels, c.limits)
		got := w.Type + " " + w.Descr + " " + w.Note
		if !ok {
			got = ""
		}
		if got != c.want {
			t.Errorf("%s, labels %v, limits %v: %q, want %q", c.descr, c.labels, c.limits, got, c.want)
		}
		d, _ := level.ParseDType(w.Descr)
		if d.Size != w.Size {
			t.Errorf("%s: %d bytes", c.descr, w.Size)
		}
		if same := ok && w.DType == d || c.descr == "<i8" && c.labels; w.Same() != same && ok {
			t.Errorf("%s, labels %v: the same bytes: %v", c.descr, c.labels, w.Same())
		}
	}
}

func TestAppend(t *testing.T) {
	words := func(values ...int64) (b []byte) {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
		return b
	}
	floats := func(values ...float32) (b []byte) {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		return b
	}
	ints := func(values ...int32) (b []byte) {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
		return b
	}
	doubles := func(values ...float64) (b []byte) {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
		return b
	}
	inf := math.Inf(1)
	fits := &[2]float64{0, 100}
	for _, c := range []struct {
		name   string
		descr  string
		labels bool
		limits *[2]float64
		src    []byte
		by     int
		want   []byte
	}{
		{"as it is", "|u1", false, nil, []byte{1, 2, 3}, 1, []byte{1, 2, 3}},
		{"bool", "|b1", false, nil, []byte{0, 1, 2, 255, 0, 0, 128, 0, 1}, 1, []byte{0, 1, 1, 1, 0, 0, 1, 0, 1}},
		{"swapped", ">u2", false, nil, []byte{1, 2, 3, 4}, 1, []byte{2, 1, 4, 3}},
		{"int64 cut off", "<i8", false, fits, words(7, math.MaxInt64, math.MinInt64), 1, ints(7, math.MaxInt32, math.MinInt32)},
		{"uint64 cut off", "<u8", false, fits, words(7, -1), 1, ints(7, -1)},
		{"int64", "<i8", false, nil, words(-7, 1<<40), 1, floats(-7, 1<<40)},
		{"uint64", "<u8", false, nil, words(-1), 1, floats(1 << 64)},
		{"labels of int64", "<i8", true, fits, words(-1, 1<<40), 1, words(-1, 1<<40)},
		{"the mode of labels of int64", "<i8", true, fits, words(-1, 1, 5, 5), 2, words(-1, 5)},
		{"the mean of int64", "<i8", false, nil, words(1<<62, 1<<62+2), 2, floats(1 << 62)},
		{"the mean of int64 that fits", "<i8", false, fits, words(-1, -2), 2, ints(-2)},
		{"float64", "<f8", false, nil, doubles(0.1, 1e300, -inf), 1, floats(0.1, float32(inf), float32(-inf))},
		{"the mean of float64", "<f8", false, nil, doubles(1, 2), 2, floats(1.5)},
		{"float16", "<f2", false, nil, []byte{0, 0x3c, 1, 0, 0, 0xfc, 0, 0x80}, 1, floats(1, 1.0/(1<<24), float32(-inf), float32(math.Copysign(0, -1)))},
		{"the mean of float16", ">f2", false, nil, []byte{0x7b, 0xff, 0x7b, 0xff}, 2, floats(65504)},
		{"complex64", "<c8", false, nil, floats(3, -4, float32(inf), float32(math.NaN()), 3e38, 0), 1, floats(5, float32(inf), 3e38)},
		{"complex128", "<c16", false, nil, doubles(3, -4), 1, floats(5)},
		{"a longdouble of x87", "<f12", false, nil, []byte{0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0xc0, 1, 1}, 1, floats(-3)},
	} {
		w, ok := level.WireOf(c.descr, c.labels, c.limits)
		got, err := w.Append(nil, c.src, []int{len(c.src) / w.DType.Size}, []int{c.by})
		if !ok || err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %x, %v; want %x", c.name, got, err, c.want)
		}
	}
}

// A long row is converted in pieces.
func TestPiecesOfARow(t *testing.T) {
	w, _ := level.WireOf(">f8", false, nil)
	var src, want []byte
	for i := range 5000 {
		src = binary.BigEndian.AppendUint64(src, math.Float64bits(float64(i)))
		want = binary.LittleEndian.AppendUint32(want, math.Float32bits(float32(i)))
	}
	if got, err := w.Append(nil, src, []int{50, 100}, []int{1, 1}); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, and %d bytes", err, len(got))
	}
}

func TestFloat(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, descr := range dtypes {
		d, _ := level.ParseDType(descr)
		src := noise(r, d, 50)
		for ; len(src) > 0; src = src[d.Size:] {
			got := d.Float(src)
			whole, want := voxel(d, src)
			if whole != nil {
				want, _ = whole.Float64()
			}
			if got != want && (got == got || want == want) {
				t.Errorf("%s: %v, want %v", descr, got, want)
			}
		}
	}
}
