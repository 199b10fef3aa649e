package pixels

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"webmon/dashboard/pixels/pixelstest"
	"webmon/dashboard/refusal"
	"webmon/shm"
)

// bytesOf are numbers as an array of the dtype has them, little-endian.
func bytesOf[T any](values ...T) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		panic(err)
	}
	return b
}

func ramp[T any](n int, f func(i int) T) []byte {
	values := make([]T, n)
	for i := range values {
		values[i] = f(i)
	}
	return bytesOf(values...)
}

var plane = Index{Down, Right}

// Labels that follow each other have colours of their own, whatever their size, and
// the same whatever their dtype.
func TestLabelsKeepTheirDigits(t *testing.T) {
	for name, a := range map[string]struct {
		descr string
		data  []byte
	}{
		"uint32":                 {"<u4", bytesOf[uint32](1<<24, 1<<24+1, 1<<31+1, 1<<31+3)},
		"int32":                  {"<i4", bytesOf[int32](-2, -1, math.MaxInt32-1, math.MaxInt32)},
		"int64":                  {"<i8", bytesOf[int64](864691135441234567, 864691135441234568, -1, -2)},
		"uint64":                 {"<u8", bytesOf[uint64](1<<63, 1<<63+1, math.MaxUint64-1, math.MaxUint64)},
		"where 32 bits end":      {"<i8", bytesOf[int64](1<<32-1, 1<<32, 1<<32+1, 1<<32+2)},
		"whole numbers in float": {"<f8", bytesOf[float64](1<<40, 1<<40+1, -3, -2)},
	} {
		frame := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: a.descr, Role: "labels", Shape: []int{1, 4}}, 2).Publish(a.data)
		at := drawn(t, frame, Look{Index: plane})
		for col := range 4 {
			if at(0, col).A != 255 || col > 0 && at(0, col) == at(0, col-1) {
				t.Errorf("%s: column %d is %v beside %v", name, col, at(0, col), at(0, max(col-1, 0)))
			}
		}
	}
	few := [][]byte{bytesOf[uint8](0, 7), bytesOf[uint16](0, 7), bytesOf[uint32](0, 7), bytesOf[int32](0, 7), bytesOf[int64](0, 7), bytesOf[uint64](0, 7), bytesOf[float64](math.NaN(), 7.9)}
	var first color.NRGBA
	for i, descr := range []string{"|u1", "<u2", "<u4", "<i4", "<i8", "<u8", "<f8"} {
		at := drawn(t, pixelstest.New(shm.ArrayInfo{Name: "a", Descr: descr, Role: "labels", Shape: []int{1, 2}}, 2).Publish(few[i]), Look{Index: plane})
		if i == 0 {
			first = at(0, 1)
		}
		if at(0, 0).A != 0 || at(0, 1) != first {
			t.Errorf("%s: 0 and 7 are %v and %v, want nothing and %v", descr, at(0, 0), at(0, 1), first)
		}
	}
}

// The page spreads labels the same way, by the same factors.
func TestLabelsAreThePages(t *testing.T) {
	js, err := os.ReadFile(filepath.Join("..", "..", "public", "js", "viewer", "lut.js"))
	if err != nil {
		t.Fatal(err)
	}
	for _, factor := range []string{"LABEL_MULTIPLIER = 2654435761;", "LABEL_CARRY = 2246822519;"} {
		if !strings.Contains(string(js), factor) {
			t.Errorf("the page has no %s", factor)
		}
	}
	for label, want := range map[uint64]uint8{0: 0, 1: 214, 1 << 24: 178, 1<<32 - 1: 43, 1 << 32: 72, 864691135441234567: 116, 1<<64 - 1: 228} {
		if got := labelEntry(label); got != want {
			t.Errorf("label %d has the entry %d, want %d as on the page (lut.test.js)", label, got, want)
		}
	}
}

// Values that differ by little compared with their size have a grey each, in the
// picture as in the profile.
func TestNumbersFarFromZeroHaveTheirGreys(t *testing.T) {
	for name, a := range map[string]struct {
		descr       string
		data        []byte
		limits      *[2]float64
		first, last string
	}{
		"float64":               {"<f8", ramp(256, func(i int) float64 { return 1e9 + float64(i)/256 }), nil, "1e+09", "1.00000000099609375e+09"},
		"float64 with limits":   {"<f8", ramp(256, func(i int) float64 { return 1e9 + float64(i)/255 }), &[2]float64{1e9, 1e9 + 1}, "1e+09", "1.000000001e+09"},
		"very small":            {"<f8", ramp(256, func(i int) float64 { return 1e-300 * float64(i) }), nil, "0", "2.55e-298"},
		"very large":            {"<f8", ramp(256, func(i int) float64 { return 1e300 * float64(i) }), nil, "0", "2.55e+302"},
		"below zero":            {"<f8", ramp(256, func(i int) float64 { return -1e9 + float64(i)/256 }), nil, "-1e+09", "-9.9999999900390625e+08"},
		"uint32":                {"<u4", ramp(256, func(i int) uint32 { return 3e9 + uint32(i) }), nil, "3000000000", "3000000255"},
		"uint32 with limits":    {"<u4", ramp(256, func(i int) uint32 { return 3e9 + uint32(i) }), &[2]float64{3e9, 3e9 + 255}, "3000000000", "3000000255"},
		"the end of int32":      {"<i4", ramp(256, func(i int) int32 { return math.MinInt32 + int32(i) }), nil, "-2147483648", "-2147483393"},
		"the end of int64":      {"<i8", ramp(256, func(i int) int64 { return math.MinInt64 + int64(i) }), nil, "-9223372036854775808", "-9223372036854775553"},
		"int64 beyond 2^53":     {"<i8", ramp(256, func(i int) int64 { return 864691135441234567 + int64(i) }), nil, "864691135441234567", "864691135441234822"},
		"the end of uint64":     {"<u8", ramp(256, func(i int) uint64 { return math.MaxUint64 - 255 + uint64(i) }), nil, "18446744073709551360", "18446744073709551615"},
		"int64 around 2^62":     {"<i8", ramp(256, func(i int) int64 { return 1<<62 + int64(i)<<32 }), &[2]float64{1 << 62, 1<<62 + 255<<32}, "4611686018427387904", "4611687113644048384"},
		"float64 limits beyond": {"<f8", ramp(256, func(i int) float64 { return (float64(i)/255*2 - 1) * 1.7e308 }), &[2]float64{-1.7e308, 1.7e308}, "-1.7e+308", "1.7e+308"},
	} {
		frame := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: a.descr, Shape: []int{1, 256}}, 2).Publish(a.data)
		at := drawn(t, frame, Look{Index: plane, Limits: a.limits})
		greys := map[color.NRGBA]bool{}
		for col := range 256 {
			greys[at(0, col)] = true
		}
		// Limits that are chosen leave a thousandth out at either end.
		if len(greys) < 255 || at(0, 0) != gray(0) || at(0, 255) != gray(255) {
			t.Errorf("%s: %d greys from %v to %v", name, len(greys), at(0, 0), at(0, 255))
		}
		p, err := ReadProfile(t.Context(), frame, plane, [2]float64{0, 0}, [2]float64{0, 255})
		if err != nil {
			t.Fatal(err)
		}
		text := func(v shm.Value) string {
			if s, ok := v.(string); ok {
				return s
			}
			b, err := shm.AppendJSON(nil, v)
			if err != nil {
				return err.Error()
			}
			return string(b)
		}
		same := func(got, want string) bool {
			g, err1 := strconv.ParseFloat(got, 64)
			w, err2 := strconv.ParseFloat(want, 64)
			return got == want || strings.ContainsAny(want, "e.") && err1 == nil && err2 == nil && g == w
		}
		if first, last := text(p.Value[0]), text(p.Value[255]); len(p.Value) != 256 || !same(first, a.first) || !same(last, a.last) {
			t.Errorf("%s: the profile goes from %s to %s, want %s to %s", name, first, last, a.first, a.last)
		}
	}
}

// Colours are what the one rule says, whatever the dtype.
func TestColoursByOneRule(t *testing.T) {
	for name, a := range map[string]struct {
		descr   string
		samples int
		data    []byte
		want    color.NRGBA
	}{
		"uint8":              {"|u1", 3, bytesOf[uint8](200, 100, 50), color.NRGBA{200, 100, 50, 255}},
		"uint16":             {"<u2", 3, bytesOf[uint16](32768, 32768, 32768), gray(128)},
		"uint16 alpha":       {"<u2", 4, bytesOf[uint16](65535, 0, 257, 32768), color.NRGBA{255, 0, 1, 128}},
		"float32":            {"<f4", 3, bytesOf[float32](0.5, 0.5, 0.5), gray(128)},
		"float32 of its own": {"<f4", 3, bytesOf[float32](0.25, 0.5, 0.75), color.NRGBA{64, 128, 191, 255}},
		"float64 alpha":      {"<f8", 4, bytesOf[float64](0, 1, 2, 0.5), color.NRGBA{0, 255, 255, 128}},
		"int64":              {"<i8", 4, bytesOf[int64](200, 100, 50, 128), color.NRGBA{200, 100, 50, 128}},
		"uint64":             {"<u8", 3, bytesOf[uint64](200, 100, math.MaxUint64), color.NRGBA{200, 100, 255, 255}},
		"int64 cut off":      {"<i8", 3, bytesOf[int64](math.MinInt64, -1, 300), color.NRGBA{0, 0, 255, 255}},
		"int32":              {"<i4", 4, bytesOf[int32](200, 100, 50, 64), color.NRGBA{200, 100, 50, 64}},
		"uint32":             {"<u4", 3, bytesOf[uint32](200, 100, 50), color.NRGBA{200, 100, 50, 255}},
		"int16":              {"<i2", 3, bytesOf[int16](200, 100, -50), color.NRGBA{200, 100, 0, 255}},
		"bool":               {"|b1", 3, bytesOf(true, false, true), color.NRGBA{255, 0, 255, 255}},
		"a sample missing":   {"<f4", 3, bytesOf(0.5, float32(math.NaN()), 0.5), color.NRGBA{}},
		"alpha missing":      {"<f4", 4, bytesOf(0.5, 0.5, 0.5, float32(math.NaN())), color.NRGBA{}},
	} {
		frame := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: a.descr, Role: "rgb", Shape: []int{1, 1, a.samples}}, 2).Publish(a.data)
		if got := drawn(t, frame, Look{Index: Index{Down, Right, Samples}})(0, 0); got != a.want {
			t.Errorf("%s is %v, want %v", name, got, a.want)
		}
	}
}

func TestWhatIsNoColourIsRefused(t *testing.T) {
	for _, shape := range [][]int{{3, 64, 64}, {64, 64, 2}, {64, 3}, {64, 64, 5}, {64, 64, 0}} {
		info := &shm.ArrayInfo{Name: "a", Descr: "|u1", Role: "rgb", Shape: shape}
		var field *refusal.Error
		_, err := ReadPicture(t.Context(), &shm.ArrayFrame{Info: info, Seq: 1, Shape: shape}, Look{Index: DefaultIndex(info)})
		if !errors.As(err, &field) || !strings.Contains(fmt.Sprint(err), tuple(shape)) || !strings.Contains(fmt.Sprint(err), "np.moveaxis") {
			t.Errorf("%v: %v", shape, err)
		}
	}
	for _, shape := range [][]int{{64, 64, 3}, {5, 64, 64, 4}} {
		if why := Unfit(&shm.ArrayInfo{Name: "a", Descr: "|u1", Role: "rgb", Shape: shape}); why != "" {
			t.Errorf("%v: %s", shape, why)
		}
	}
}

func TestDigits(t *testing.T) {
	for v, want := range map[shm.Value]string{
		int64(864691135441234567): "864691135441234567", int64(math.MinInt64): "-9223372036854775808", unsigned(1<<63 + 1): "9223372036854775809",
		int64(1 << 53): "", int64(-7): "", 1e300: "", true: "",
	} {
		if got := Digits(v); got != want {
			t.Errorf("%v has the digits %q, want %q", v, got, want)
		}
	}
}
