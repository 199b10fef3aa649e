package level_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"webmon/dashboard/volumes/level"
	"webmon/shm"
)

func TestShape(t *testing.T) {
	for _, c := range []struct{ shape, factors, want []int }{
		{[]int{8, 9, 1}, []int{2, 2, 2}, []int{4, 5, 1}},
		{[]int{5}, []int{1}, []int{5}},
		{[]int{5, 5}, []int{7, 5}, []int{1, 1}},
		{[]int{0}, []int{3}, []int{0}},
		{nil, nil, []int{}},
		{[]int{math.MaxInt}, []int{2}, []int{1 << 62}},
	} {
		if got := level.Shape(c.shape, c.factors); !slices.Equal(got, c.want) {
			t.Errorf("Shape(%v, %v) = %v, want %v", c.shape, c.factors, got, c.want)
		}
	}
}

func TestFiner(t *testing.T) {
	for _, c := range []struct {
		name                     string
		from, to, factors, shape []int
		want                     string
	}{
		{"inside", []int{1, 0}, []int{2, 3}, []int{4, 2}, []int{100, 100}, "[4 0] [8 6]"},
		{"an odd edge", []int{2}, []int{3}, []int{2}, []int{5}, "[4] [5]"},
		{"a factor beyond the axis", []int{0}, []int{1}, []int{math.MaxInt}, []int{5}, "[0] [5]"},
		{"numbers that would overflow", []int{0}, []int{2}, []int{math.MaxInt - 1}, []int{math.MaxInt}, fmt.Sprintf("[0] [%d]", math.MaxInt)},
		{"beyond the end", []int{2}, []int{4}, []int{2}, []int{5}, "from 2 to 4 on axis 0, which has 3: the box lies outside of the volume"},
		{"nothing", []int{2}, []int{2}, []int{2}, []int{5}, "from 2 to 2 on axis 0"},
		{"below 0", []int{-1}, []int{2}, []int{2}, []int{5}, "from -1 to 2 on axis 0"},
		{"a factor of 0", []int{0}, []int{1}, []int{0}, []int{5}, "the factor 0 on axis 0 is below 1"},
		{"an axis too few", []int{0}, []int{1}, []int{1}, []int{5, 5}, "of 2 axes"},
	} {
		box, err := level.Finer(c.from, c.to, c.factors, c.shape)
		got := fmt.Sprint(box.From, " ", box.To)
		if err != nil {
			got = err.Error()
			if !errors.Is(err, shm.ErrBox) {
				t.Errorf("%s: %v is no ErrBox", c.name, err)
			}
		}
		if !strings.HasPrefix(strings.ReplaceAll(got, "  ", " "), c.want) && !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// dtypes are all dtypes of whole numbers, floats up to float64, and complex numbers.
var dtypes = []string{
	"|b1", "|u1", "|i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4", "<u8", ">u8", "<i8", ">i8",
	"<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<c8", ">c8", "<c16", ">c16",
}

// voxel is one value of a dtype, as slowly and as plainly as can be read. whole is nil for floats.
func voxel(d level.DType, b []byte) (whole *big.Int, float float64) {
	b = slices.Clone(b[:d.Size])
	part := d.Size
	if d.Kind == 'c' {
		part /= 2
	}
	if d.Big {
		for i := 0; i < d.Size; i += part {
			slices.Reverse(b[i : i+part])
		}
	}
	real := func(b []byte) float64 {
		switch part {
		case 2:
			h := binary.LittleEndian.Uint16(b)
			v := math.Ldexp(float64(h&0x3ff), -24)
			switch e := int(h >> 10 & 31); {
			case e == 31 && h&0x3ff != 0:
				return math.NaN()
			case e == 31:
				v = math.Inf(1)
			case e > 0:
				v = math.Ldexp(float64(h&0x3ff|0x400), e-25)
			}
			if h>>15 != 0 {
				v = -v
			}
			return v
		case 4:
			return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	switch d.Kind {
	case 'f':
		return nil, real(b)
	case 'c':
		v := math.Hypot(real(b), real(b[part:]))
		if part == 4 {
			v = float64(float32(v)) // as NumPy's abs has it, which may be infinite
		}
		return nil, v
	case 'b':
		return big.NewInt(int64(min(b[0], 1))), 0
	}
	slices.Reverse(b)
	whole = new(big.Int).SetBytes(b)
	if d.Kind == 'i' && b[0]&0x80 != 0 {
		whole.Sub(whole, new(big.Int).Lsh(big.NewInt(1), uint(8*d.Size)))
	}
	return whole, 0
}

// walk calls f with all indices of a shape, the last axis fastest.
func walk(shape []int, f func(at []int)) {
	at := make([]int, len(shape))
	for {
		f(at)
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < shape[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// blocks calls f with the offsets of the voxels of each block, in the order of the coarser level.
func blocks(shape, factors []int, f func(offsets []int)) {
	walk(level.Shape(shape, factors), func(at []int) {
		size := make([]int, len(shape))
		for i := range size {
			size[i] = min(factors[i], shape[i]-at[i]*factors[i])
		}
		var offsets []int
		walk(size, func(in []int) {
			o := 0
			for i := range in {
				o = o*shape[i] + at[i]*factors[i] + in[i]
			}
			offsets = append(offsets, o)
		})
		f(offsets)
	})
}

// naiveMode is the mode of a block.
func naiveMode(d level.DType, src []byte, offsets []int) *big.Int {
	counts := map[string]int{}
	var best *big.Int
	for _, o := range offsets {
		v, _ := voxel(d, src[o*d.Size:])
		counts[v.String()]++
	}
	for _, o := range offsets {
		v, _ := voxel(d, src[o*d.Size:])
		if best == nil || counts[v.String()] > counts[best.String()] || counts[v.String()] == counts[best.String()] && v.Cmp(best) < 0 {
			best = v
		}
	}
	return best
}

// naiveMean is the mean of a block: a whole number, or a float with how far from it another may be.
func naiveMean(d level.DType, src []byte, offsets []int) (whole *big.Int, mean, off float64) {
	if d.Kind != 'f' && d.Kind != 'c' {
		sum := new(big.Int)
		for _, o := range offsets {
			v, _ := voxel(d, src[o*d.Size:])
			sum.Add(sum, v)
		}
		// A half away from zero: of twice the sum and one more, as far from zero.
		n := int64(len(offsets))
		sum.Lsh(sum, 1)
		if sum.Sign() < 0 {
			sum.Sub(sum, big.NewInt(n))
		} else {
			sum.Add(sum, big.NewInt(n))
		}
		return sum.Quo(sum, big.NewInt(2*n)), 0, 0
	}
	sum, all, n := new(big.Float).SetPrec(2200), 0.0, 0
	ends := map[float64]bool{}
	for _, o := range offsets {
		_, v := voxel(d, src[o*d.Size:])
		switch {
		case v != v:
			continue
		case math.IsInf(v, 0):
			ends[v] = true
		default:
			sum.Add(sum, new(big.Float).SetFloat64(v))
			all = max(all, math.Abs(v))
		}
		n++
	}
	switch {
	case n == 0, len(ends) == 2:
		return nil, math.NaN(), 0
	case ends[math.Inf(1)]:
		return nil, math.Inf(1), 0
	case ends[math.Inf(-1)]:
		return nil, math.Inf(-1), 0
	}
	mean, _ = sum.Quo(sum, big.NewFloat(float64(n))).Float64()
	off = all * 1e-14
	if d.Size < 8 || d.Kind == 'c' && d.Size == 8 {
		off = all * 6.1e-8 // half a unit in the last place of a float32
		if d.Kind == 'c' {
			off *= 2 // of magnitudes that are rounded themselves
		}
		off = max(off, math.SmallestNonzeroFloat32)
	}
	return nil, mean, off
}

// compare compares means or modes with the naive ones.
func compare(t *testing.T, descr string, src []byte, shape, factors []int, mode bool) {
	t.Helper()
	d, ok := level.ParseDType(descr)
	if !ok {
		t.Fatal(descr)
	}
	dst := []byte{1, 2, 3}
	make := level.Mean
	if mode {
		make = level.Mode
	}
	got, err := make(dst, src, d, shape, factors)
	if err != nil {
		t.Fatalf("%s %v by %v: %v", descr, shape, factors, err)
	}
	if !bytes.Equal(got[:3], dst) {
		t.Fatalf("%s: what was in dst is %v", descr, got[:3])
	}
	got = got[3:]
	native := d.Native()
	i := 0
	blocks(shape, factors, func(offsets []int) {
		if t.Failed() {
			return
		}
		if len(got) < (i+1)*native.Size {
			t.Fatalf("%s %v by %v: %d bytes", descr, shape, factors, len(got))
		}
		whole, float := voxel(native, got[i*native.Size:])
		if mode {
			if want := naiveMode(d, src, offsets); whole.Cmp(want) != 0 {
				t.Errorf("mode of %s %v by %v: %v at %d, want %v", descr, shape, factors, whole, i, want)
			}
		} else if want, mean, off := naiveMean(d, src, offsets); want != nil {
			if whole.Cmp(want) != 0 {
				t.Errorf("mean of %s %v by %v: %v at %d, want %v", descr, shape, factors, whole, i, want)
			}
		} else if (float != mean && !(math.Abs(float-mean) <= off)) && (float == float || mean == mean) {
			t.Errorf("mean of %s %v by %v: %v at %d, want %v", descr, shape, factors, float, i, mean)
		}
		i++
	})
	if !t.Failed() && len(got) != i*native.Size {
		t.Errorf("%s %v by %v: %d bytes, want %d", descr, shape, factors, len(got), i*native.Size)
	}
}

// noise are voxels of a dtype: any bits, small numbers of which many are equal, the ends of the dtype, or
// floats among which are some that are not finite.
func noise(r *rand.Rand, d level.DType, n int) []byte {
	b := make([]byte, n*d.Size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	style := r.IntN(4)
	for i := range n {
		v := b[i*d.Size:][:d.Size]
		if d.Kind == 'f' || d.Kind == 'c' {
			part := d.Size
			if d.Kind == 'c' {
				part /= 2
			}
			for ; len(v) > 0; v = v[part:] {
				bits := uint64(0)
				switch x := r.NormFloat64() * 100; {
				case style == 0:
					continue
				case style == 1 && r.IntN(3) == 0:
					bits = []uint64{0x7e00, 0x7c00, 0xfc00}[r.IntN(3)] << (8*part - 16) // of float16
					switch part {
					case 4:
						bits = uint64(math.Float32bits(float32([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}[r.IntN(3)])))
					case 8:
						bits = math.Float64bits([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}[r.IntN(3)])
					}
				case part == 2:
					bits = uint64(r.IntN(0x7c00)) | uint64(r.IntN(2))<<15
				case part == 4:
					bits = uint64(math.Float32bits(float32(x)))
				case style == 2:
					bits = math.Float64bits(math.Copysign(math.MaxFloat64*r.Float64(), x))
				default:
					bits = math.Float64bits(x)
				}
				for k := range part {
					at := k
					if d.Big {
						at = part - 1 - k
					}
					v[at] = byte(bits >> (8 * k))
				}
			}
			continue
		}
		last := d.Size - 1 // the lowest byte
		if !d.Big {
			last = 0
		}
		switch style {
		case 1: // few values
			low := byte(r.IntN(3))
			clear(v)
			v[last] = low
		case 2: // the greatest and the least
			for k := range v {
				v[k] = 0xff * byte(i/3%2)
			}
		case 3: // near an end
			for k := range v {
				v[k] = 0xff
			}
			v[d.Size-1-last] = []byte{0xff, 0x7f, 0x80}[r.IntN(3)]
			v[last] ^= byte(r.IntN(2))
		}
	}
	return b
}

// someShape is a shape of a few thousand voxels, with factors.
func someShape(r *rand.Rand, rank int) (shape, factors []int) {
	for left := 2000; rank > 0; rank-- {
		n := 1 + r.IntN(max(1, min(left, []int{1, 3, 9, 40, 150}[r.IntN(5)])))
		left /= n
		shape = append(shape, n)
		factors = append(factors, []int{1, 2, 2, 4, 4, 3, 8, 1 + r.IntN(2*n), 64}[r.IntN(9)])
	}
	r.Shuffle(len(shape), func(i, j int) { shape[i], shape[j] = shape[j], shape[i] })
	return shape, factors
}

func TestMeansAndModesAsTheyAreDefined(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	for _, descr := range dtypes {
		d, _ := level.ParseDType(descr)
		for i := range rounds * 6 {
			shape, factors := someShape(r, 1+i%6)
			src := noise(r, d, product(shape))
			compare(t, descr, src, shape, factors, false)
			if d.Kind != 'f' && d.Kind != 'c' {
				compare(t, descr, src, shape, factors, true)
			}
			if t.Failed() {
				return
			}
		}
	}
}

// The ways that are fast are all taken: any number of rows and columns, with and without an odd end.
func TestFastWays(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, descr := range []string{"|b1", "|u1", "|i1", "<u2", ">i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8"} {
		d, _ := level.ParseDType(descr)
		for _, shape := range [][]int{{4, 4, 32}, {5, 3, 41}, {9, 2, 130}, {4, 3, 9, 3}, {2, 65, 12}} {
			for _, by := range []int{1, 2, 3, 4, 8, 64} {
				factors := slices.Repeat([]int{by}, len(shape))
				for axis := range len(shape) + 1 {
					if axis < len(shape) {
						factors[len(shape)-1-axis] = 1 + axis
					}
					src := noise(r, d, product(shape))
					compare(t, descr, src, shape, factors, false)
					if d.Kind != 'f' {
						compare(t, descr, src, shape, factors, true)
					}
					if t.Failed() {
						return
					}
				}
			}
		}
	}
}

// The sums of many rows do not fit into the lanes of few.
func TestBlocksOfManyRows(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, descr := range []string{"|u1", "|i1", "<u2", "<i2"} {
		d, _ := level.ParseDType(descr)
		shape := []int{16, 16, 16}
		for _, factors := range [][]int{{8, 8, 2}, {16, 8, 2}, {16, 16, 2}, {16, 16, 4}, {16, 16, 8}} {
			for _, top := range []byte{0xff, 0x7f, 0x80} {
				src := noise(r, d, product(shape))
				for i := range src {
					src[i] = top
				}
				compare(t, descr, src, shape, factors, false)
			}
		}
	}
}

func product(shape []int) int {
	n := 1
	for _, side := range shape {
		n *= side
	}
	return n
}

func TestMean(t *testing.T) {
	f64 := func(values ...float64) string {
		var b []byte
		for _, v := range values {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
		return string(b)
	}
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name, descr, src string
		shape, factors   []int
		want             string
	}{
		{"a half away from zero", "|u1", "\x00\x01\x01\x02", []int{4}, []int{2}, "\x01\x02"},
		{"a half below zero", "|i1", "\x00\xff\xff\xfe", []int{4}, []int{2}, "\xff\xfe"},
		{"three columns of two", "|u1", "\x01\x02\x09", []int{3}, []int{2}, "\x02\x09"},
		{"the greatest of uint64", "<u8", strings.Repeat("\xff", 32), []int{4}, []int{4}, strings.Repeat("\xff", 8)},
		{"the least of int64", "<i8", strings.Repeat("\x00\x00\x00\x00\x00\x00\x00\x80", 4), []int{4}, []int{4}, "\x00\x00\x00\x00\x00\x00\x00\x80"},
		{"bool, as many", "|b1", "\x00\x01\x00\x00", []int{4}, []int{2}, "\x01\x00"},
		{"bool that is no 1", "|b1", "\xff\x00\x00", []int{3}, []int{3}, "\x00"},
		{"NaN is left out", "<f8", f64(nan, 3, nan, nan, 1, 2), []int{6}, []int{2}, f64(3, nan, 1.5)},
		{"infinities", "<f8", f64(inf, 3, inf, -inf, -inf, nan), []int{6}, []int{2}, f64(inf, nan, -inf)},
		{"floats that are too large for a sum", "<f8", f64(math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64, -math.MaxFloat64), []int{4}, []int{2}, f64(math.MaxFloat64, -math.MaxFloat64)},
		{"sums that are too large both ways", "<f8", f64(math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64, -math.MaxFloat64), []int{2, 2}, []int{2, 2}, f64(0)},
		{"a magnitude", "<c16", f64(3, 4, 0, -1), []int{2}, []int{2}, f64(3)},
		{"no axis", "|u1", "\x07", nil, nil, "\x07"},
	} {
		d, ok := level.ParseDType(c.descr)
		got, err := level.Mean(nil, []byte(c.src), d, c.shape, c.factors)
		if !ok || err != nil || string(got) != c.want && !(strings.HasPrefix(c.name, "NaN") || strings.HasPrefix(c.name, "inf")) {
			t.Errorf("%s: %x, %v; want %x", c.name, got, err, c.want)
			continue
		}
		// NaN may have any bits.
		if d.Kind == 'f' {
			for i := 0; i < len(got); i += 8 {
				_, v := voxel(d, got[i:])
				_, want := voxel(d, []byte(c.want)[i:])
				if v != want && (v == v || want == want) {
					t.Errorf("%s: %v, want %v", c.name, v, want)
				}
			}
		}
	}
}

func TestMode(t *testing.T) {
	for _, c := range []struct {
		name, descr, src string
		shape, factors   []int
		want             string
	}{
		{"the most frequent", "|u1", "\x05\x02\x05", []int{3}, []int{3}, "\x05"},
		{"ties to the lowest", "|u1", "\x05\x02\x05\x02", []int{4}, []int{4}, "\x02"},
		{"of numbers with a sign", "|i1", "\x05\xff\x05\xff", []int{4}, []int{4}, "\xff"},
		{"0 is a value", "<u2", "\x00\x00\x00\x00\x01\x00", []int{3}, []int{3}, "\x00\x00"},
		{"over the whole block", "|u1", "\x01\x02\x01\x03\x02\x02\x04\x02", []int{2, 2, 2}, []int{2, 2, 2}, "\x02"},
		{"an odd end", "|u1", "\x01\x01\x09", []int{3}, []int{2}, "\x01\x09"},
		{"above 2^63", "<u8", "\x01\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x80", []int{2}, []int{2}, "\x00\x00\x00\x00\x00\x00\x00\x80"},
		{"bool", "|b1", "\x01\x02\x00", []int{3}, []int{3}, "\x01"},
	} {
		d, _ := level.ParseDType(c.descr)
		got, err := level.Mode(nil, []byte(c.src), d, c.shape, c.factors)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %x, %v; want %x", c.name, got, err, c.want)
		}
	}
}

func TestWhatDoesNotGoTogether(t *testing.T) {
	u1, _ := level.ParseDType("|u1")
	f4, _ := level.ParseDType("<f4")
	for _, c := range []struct {
		name           string
		d              level.DType
		bytes          int
		shape, factors []int
		mode           bool
		want           string
	}{
		{"too few bytes", u1, 3, []int{2, 2}, []int{1, 1}, false, "3 bytes for an array of the shape [2 2] and 1 bytes a voxel"},
		{"too many", u1, 5, []int{2, 2}, []int{2, 2}, true, "5 bytes"},
		{"a side of 0", u1, 0, []int{0}, []int{2}, false, "axis 0 has 0 voxels"},
		{"a factor of 0", u1, 2, []int{2}, []int{0}, false, "the factor 0 on axis 0 is below 1"},
		{"a factor too few", u1, 4, []int{2, 2}, []int{2}, false, "1 factors for 2 axes"},
		{"a shape that overflows", f4, 0, []int{1 << 40, 1 << 40}, []int{1, 1}, false, "is too large"},
		{"blocks that overflow", u1, 0, []int{1 << 20, 1 << 20}, []int{1 << 20, 1 << 20}, false, "one voxel would be made of more than"},
		{"labels of floats", f4, 4, []int{1}, []int{1}, true, "voxels of the dtype float32 have no mode"},
		{"no dtype", level.DType{}, 4, []int{1}, []int{1}, false, "have no mean"},
		{"too many axes", u1, 1, slices.Repeat([]int{1}, 65), slices.Repeat([]int{1}, 65), false, "an array of 65 axes"},
	} {
		make := level.Mean
		if c.mode {
			make = level.Mode
		}
		dst := []byte{7}
		got, err := make(dst, make1(c.bytes), c.d, c.shape, c.factors)
		if err == nil || !strings.Contains(err.Error(), c.want) || !bytes.Equal(got, dst) {
			t.Errorf("%s: %v, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func make1(n int) []byte { return make([]byte, n) }
