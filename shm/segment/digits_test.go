package segment

import (
	"math"
	"slices"
	"testing"

	"webmon/shm"
)

// digitsOf is a frame of an array of the dtype, with its reader.
func digitsOf[T number](t *testing.T, dtype string, shape []int, values []T, limits *[2]float64) (*Local, *shm.ArrayFrame) {
	t.Helper()
	l, err := NewLocal(Spec{Name: "digits", DType: dtype, Shape: shape})
	if err != nil {
		t.Fatal(err)
	}
	info := l.Info()
	info.Limits = limits
	l.SetInfo(info)
	f, err := l.Publish(Bytes(values), Frame{})
	if err != nil {
		t.Fatal(err)
	}
	return l, f
}

func plainly(shape []int) shm.Selection {
	return shm.Selection{Y: 0, X: 1, C: -1, Rows: shape[0], Cols: shape[1], Step: 1}
}

func read(t *testing.T, l *Local, f *shm.ArrayFrame, sel shm.Selection) shm.Pixels {
	t.Helper()
	px, err := l.ReadPlane(f, sel, nil)
	if err != nil {
		t.Fatal(err)
	}
	return px
}

// Whole numbers come with all their digits, in 32 bits where all fit.
func TestWholeNumbersKeepTheirDigits(t *testing.T) {
	shape := []int{1, 4}
	nearest := plainly(shape)
	compact := nearest
	compact.Compact = true

	l, f := digitsOf(t, "<u4", shape, []uint32{1 << 24, 1<<24 + 1, 1<<31 + 1, math.MaxUint32}, nil)
	px := read(t, l, f, nearest)
	if got := Items[uint32](px.Data); px.Type != shm.U32 || !slices.Equal(got, []uint32{1 << 24, 1<<24 + 1, 1<<31 + 1, math.MaxUint32}) {
		t.Errorf("uint32 came as %s %v", px.Type, got)
	}
	ids := []int64{864691135441234567, 864691135441234568, -1, 0}
	l, f = digitsOf(t, "<i8", shape, ids, nil)
	for _, sel := range []shm.Selection{nearest, compact} {
		px = read(t, l, f, sel)
		if got := Items[int64](px.Data); px.Type != shm.I64 || !slices.Equal(got, ids) {
			t.Errorf("int64 came as %s %v", px.Type, got)
		}
	}
	big := []uint64{1<<63 + 1, 1<<63 + 2, 0, math.MaxUint64}
	l, f = digitsOf(t, "<u8", shape, big, nil)
	if px = read(t, l, f, compact); px.Type != shm.U64 || !slices.Equal(Items[uint64](px.Data), big) {
		t.Errorf("uint64 came as %s %v", px.Type, Items[uint64](px.Data))
	}
	// The same big-endian.
	l, f = digitsOf(t, ">i8", shape, []int64{0x0100000000000000, 0x0200000000000000, 0, 0x0000000000000080}, nil)
	if px = read(t, l, f, nearest); !slices.Equal(Items[int64](px.Data), []int64{1, 2, 0, math.MinInt64}) {
		t.Errorf("big-endian int64 came as %v", Items[int64](px.Data))
	}
	if px = read(t, l, f, compact); px.Type != shm.I64 {
		t.Errorf("big-endian int64 that do not fit in 32 bits came as %s", px.Type)
	}

	for name, v := range map[string]struct {
		values []int64
		want   shm.PixelType
	}{
		"small":               {[]int64{1, -2, math.MaxInt32, math.MinInt32}, shm.I32},
		"without a sign":      {[]int64{1, 2, math.MaxInt32 + 1, math.MaxUint32}, shm.U32},
		"the last is too far": {[]int64{1, 2, 3, math.MaxUint32 + 1}, shm.I64},
		"both ends":           {[]int64{-1, 2, 3, math.MaxUint32}, shm.I64},
	} {
		l, f = digitsOf(t, "<i8", shape, v.values, nil)
		px = read(t, l, f, compact)
		var got []int64
		switch px.Type {
		case shm.I32:
			for _, n := range Items[int32](px.Data) {
				got = append(got, int64(n))
			}
		case shm.U32:
			for _, n := range Items[uint32](px.Data) {
				got = append(got, int64(n))
			}
		default:
			got = Items[int64](px.Data)
		}
		if px.Type != v.want || !slices.Equal(got, v.values) {
			t.Errorf("%s: came as %s %v, want %s %v", name, px.Type, got, v.want, v.values)
		}
	}
}

// A mean of large whole numbers is one of their digits, and of small ones it is not
// rounded.
func TestMeansOfWholeNumbers(t *testing.T) {
	shape := []int{2, 4}
	half := plainly(shape)
	half.Step = 2
	base := uint64(1<<63 + 1<<20)
	l, f := digitsOf(t, "<u8", shape, []uint64{base, base + 2, base + 100, base + 102, base + 4, base + 6, base + 104, base + 106}, nil)
	px := read(t, l, f, half)
	if got := Items[uint64](px.Data); px.Type != shm.U64 || !slices.Equal(got, []uint64{base + 3, base + 103}) {
		t.Errorf("means near 2^63 came as %s %v, want %v", px.Type, got, []uint64{base + 3, base + 103})
	}
	l, f = digitsOf(t, "<i8", shape, []int64{math.MinInt64, math.MinInt64, math.MaxInt64, math.MaxInt64, math.MinInt64, math.MinInt64 + 3, math.MaxInt64, math.MaxInt64}, nil)
	px = read(t, l, f, half)
	if got := Items[int64](px.Data); px.Type != shm.I64 || got[0] != math.MinInt64+1 || got[1] != math.MaxInt64 {
		t.Errorf("means at the ends of int64 came as %s %v", px.Type, got)
	}
	l, f = digitsOf(t, "<i8", shape, []int64{0, 0, 5, 6, 1, 0, 5, 5}, nil)
	if px = read(t, l, f, half); px.Type != shm.F64 || !slices.Equal(Items[float64](px.Data), []float64{0.25, 5.25}) {
		t.Errorf("means of small numbers came as %s %v", px.Type, Items[float64](px.Data))
	}
	l, f = digitsOf(t, "<u4", shape, []uint32{3e9, 3e9 + 1, 7, 7, 3e9 + 2, 3e9 + 3, 7, 8}, nil)
	if px = read(t, l, f, half); px.Type != shm.F64 || !slices.Equal(Items[float64](px.Data), []float64{3e9 + 1.5, 7.25}) {
		t.Errorf("means of uint32 came as %s %v", px.Type, Items[float64](px.Data))
	}
}

// For what is only looked at float32 is taken where it tells the values apart, and
// nowhere else.
func TestCompactFloats(t *testing.T) {
	shape := []int{16, 16}
	ramp := func(f func(i float64) float64) []float64 {
		v := make([]float64, 256)
		for i := range v {
			v[i] = f(float64(i))
		}
		return v
	}
	sel := plainly(shape)
	sel.Compact = true
	for name, v := range map[string]struct {
		values []float64
		limits *[2]float64
		want   shm.PixelType
	}{
		"0 to 1":            {ramp(func(i float64) float64 { return i / 255 }), nil, shm.F32},
		"zeros":             {make([]float64, 256), nil, shm.F32},
		"no numbers":        {ramp(func(float64) float64 { return math.NaN() }), nil, shm.F32},
		"far from zero":     {ramp(func(i float64) float64 { return 1e9 + i/256 }), nil, shm.F64},
		"far below zero":    {ramp(func(i float64) float64 { return -1e9 - i/256 }), nil, shm.F64},
		"very small":        {ramp(func(i float64) float64 { return 1e-300 * i }), nil, shm.F64},
		"very large":        {ramp(func(i float64) float64 { return 1e300 * i }), nil, shm.F64},
		"with NaN":          {ramp(func(i float64) float64 { return [2]float64{1e9 + i/256, math.NaN()}[int(i)%2] }), nil, shm.F64},
		"narrow limits":     {ramp(func(i float64) float64 { return 1e9 * float64(int(i)%2) }), &[2]float64{1e9, 1e9 + 1}, shm.F64},
		"limits of the lot": {ramp(func(i float64) float64 { return i }), &[2]float64{0, 255}, shm.F32},
	} {
		l, f := digitsOf(t, "<f8", shape, v.values, v.limits)
		px := read(t, l, f, sel)
		if px.Type != v.want {
			t.Errorf("%s: came as %s, want %s", name, px.Type, v.want)
		}
		if px.Type == shm.F64 && !slices.EqualFunc(Items[float64](px.Data), v.values, func(a, b float64) bool { return a == b || a != a && b != b }) {
			t.Errorf("%s: other values came", name)
		}
		exact := sel
		exact.Compact = false
		if px = read(t, l, f, exact); px.Type != shm.F64 {
			t.Errorf("%s: came as %s where all digits were asked for", name, px.Type)
		}
	}
}
