package segment

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"webmon/shm"
	"webmon/shm/pickle"
)

// kinds are the stores that can be tried on this system.
func kinds(t *testing.T, try func(t *testing.T, s store)) {
	for name, make := range tried {
		t.Run(name, func(t *testing.T) { try(t, make(t)) })
	}
}

// share creates a ring in a store of the test's own, where the system has such.
func share(t testing.TB, s Spec) *Writer {
	t.Helper()
	if s.store == nil && s.Dir == "" {
		s.store = tried[usual](t)
	}
	if s.Name == "" {
		s.Name = "test"
	}
	w, err := Create(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func mustOpen(t testing.TB, w *Writer) *Reader {
	t.Helper()
	r, err := Open(w.Info(), whereIs(w))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func publish(t testing.TB, w *Writer, data []byte, f Frame) {
	t.Helper()
	if err := w.Publish(data, f); err != nil {
		t.Fatal(err)
	}
}

func mustFrame(t testing.TB, r *Reader) *shm.ArrayFrame {
	t.Helper()
	f, err := r.Frame()
	if err != nil || f == nil {
		t.Fatalf("frame %v, %v", f, err)
	}
	return f
}

func TestFrame(t *testing.T) { kinds(t, frame) }

func frame(t *testing.T, s store) {
	w := share(t, Spec{store: s, DType: "<u2", Shape: []int{3, 4}, Axes: []string{"y", "x"}, Units: []string{"um", "um"}})
	r := mustOpen(t, w)
	if f, err := r.Frame(); f != nil || err != nil {
		t.Errorf("before the first frame: %v, %v", f, err)
	}
	stamp := time.Unix(1_700_000_000, 500_000_000)
	publish(t, w, []byte{1, 0, 2, 0, 3, 0, 4, 0}, Frame{
		Shape: []int{2, 2}, Offset: [2]float64{10.5, 20}, Step: [2]float64{2, 4}, Level: 1, User: 1 << 63, Stamp: stamp,
	})
	f := mustFrame(t, r)
	if f.Seq != 1 || f.Stamp != 1_700_000_000.5 || !slices.Equal(f.Shape, []int{2, 2}) ||
		f.Offset != [2]float64{10.5, 20} || f.Step != [2]float64{2, 4} || f.Level != 1 || f.User != 1<<63 || f.Info.Name != "test" {
		t.Errorf("frame %+v", f)
	}
	all, err := f.Reader.ReadAll(f, nil)
	if err != nil || !slices.Equal(all, []byte{1, 0, 2, 0, 3, 0, 4, 0}) {
		t.Errorf("all of it: %v, %v", all, err)
	}
	// What does not fit is refused before anything is touched.
	for _, bad := range []struct {
		data  []byte
		shape []int
	}{{make([]byte, 2), nil}, {make([]byte, 32), []int{4, 4}}, {make([]byte, 6), []int{3}}} {
		if err := w.Publish(bad.data, Frame{Shape: bad.shape}); err == nil {
			t.Errorf("%d bytes of %v were published", len(bad.data), bad.shape)
		}
	}
	w.Offer()
	if n := r.Published(); n != 2 {
		t.Errorf("%d published, want 2", n)
	}
	info := w.Info()
	info.Title = "A camera"
	if !r.SetInfo(info) || mustFrame(t, r).Info.Title != "A camera" || f.Info.Title != "" {
		t.Error("a new title is not told by new frames alone")
	}
	info.Shape = []int{5}
	if r.SetInfo(info) {
		t.Error("another shape was taken")
	}
}

// numbersOf are random items of a dtype, and what they are as numbers.
func numbersOf(rng *rand.Rand, dtype string, n int) ([]byte, []float64) {
	t, err := pickle.ParseDType(dtype)
	if err != nil {
		panic(err)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if t.Big {
		order = binary.BigEndian
	}
	data, want := make([]byte, n*t.Size), make([]float64, n)
	put := func(b []byte, v uint64) {
		switch len(b) {
		case 1:
			b[0] = byte(v)
		case 2:
			order.PutUint16(b, uint16(v))
		case 4:
			order.PutUint32(b, uint32(v))
		default:
			order.PutUint64(b, v)
		}
	}
	putFloat := func(b []byte, x float64) float64 {
		switch len(b) {
		case 2: // quarters up to 15.75: exact
			e := 0
			for m := math.Abs(x); m >= 2; m /= 2 {
				e++
			}
			h := uint64(0)
			if x != 0 {
				m := math.Abs(x)
				for m < 1 {
					m *= 2
					e--
				}
				h = uint64(e+15)<<10 | uint64(math.Round((math.Abs(x)/math.Ldexp(1, e)-1)*1024))
				if x < 0 {
					h |= 1 << 15
				}
			}
			put(b, h)
		case 4:
			put(b, uint64(math.Float32bits(float32(x))))
		default:
			put(b, math.Float64bits(x))
		}
		return x
	}
	for i := range n {
		b := data[i*t.Size:][:t.Size]
		v := rng.Uint64()
		switch t.Kind {
		case 'b':
			put(b, v&1)
			want[i] = float64(v & 1)
		case 'u':
			put(b, v)
			want[i] = float64(v << (64 - 8*t.Size) >> (64 - 8*t.Size))
		case 'i':
			put(b, v)
			want[i] = float64(int64(v<<(64-8*t.Size)) >> (64 - 8*t.Size))
		case 'f':
			want[i] = putFloat(b, float64(int(v%127)-63)/4)
		case 'c':
			re, im := float64(int(v%127)-63)/4, float64(int(v>>8%127)-63)/4
			putFloat(b[:t.Size/2], re)
			putFloat(b[t.Size/2:], im)
			want[i] = math.Hypot(re, im)
		case 'M', 'm':
			put(b, v>>40)
			want[i] = float64(v>>40) * seconds(t)
		}
	}
	return data, want
}

// lose makes some items into what is no finite number, single ones and many in a
// row; false where a dtype has no such ones.
func lose(rng *rand.Rand, dtype string, data []byte, values []float64) bool {
	t, err := pickle.ParseDType(dtype)
	if err != nil {
		panic(err)
	}
	var bits []byte // of a NaN, an infinity or NaT, big-endian
	put := func(i int, x float64) {
		switch {
		case t.Kind == 'M' || t.Kind == 'm':
			bits = binary.BigEndian.AppendUint64(nil, 1<<63)
		case t.Size == 2:
			half := uint16(0x7c00)
			if math.IsNaN(x) {
				half = 0x7e00
			} else if x < 0 {
				half = 0xfc00
			}
			bits = binary.BigEndian.AppendUint16(nil, half)
		case t.Size == 4 || t.Kind == 'c' && t.Size == 8:
			bits = binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(x)))
		default:
			bits = binary.BigEndian.AppendUint64(nil, math.Float64bits(x))
		}
		if !t.Big {
			slices.Reverse(bits)
		}
		item := data[i*t.Size:][:t.Size]
		for len(item) > 0 { // a complex one has two
			item = item[copy(item, bits):]
		}
		values[i] = x
	}
	ends := []float64{math.NaN(), math.Inf(1), math.Inf(-1)}
	switch t.Kind {
	case 'M', 'm':
		ends = ends[:1]
	case 'c':
		ends = ends[:2]
	case 'f':
	default:
		return false
	}
	for i := 0; i < len(values); i += 1 + rng.IntN(60) {
		put(i, ends[rng.IntN(len(ends))])
		if rng.IntN(8) == 0 {
			x := ends[rng.IntN(len(ends))]
			for end := min(len(values), i+1+rng.IntN(80)); i < end; i++ {
				put(i, x)
			}
		}
	}
	return true
}

// reference reads a plane the plain way.
func reference(kind shm.PixelType, shape []int, values []float64, sel shm.Selection) (rows, cols int, out []float64) {
	strides := make([]int, len(shape))
	step := 1
	for k := len(shape) - 1; k >= 0; k-- {
		strides[k] = step
		step *= shape[k]
	}
	at := func(y, x, c int) float64 {
		i := 0
		for k := range shape {
			switch k {
			case sel.Y:
				i += y * strides[k]
			case sel.X:
				i += x * strides[k]
			case sel.C:
				i += c * strides[k]
			default:
				i += sel.Index[k] * strides[k]
			}
		}
		return values[i]
	}
	height, samples := 1, 1
	if sel.Y >= 0 {
		height = shape[sel.Y]
	}
	if sel.C >= 0 {
		samples = shape[sel.C]
	}
	y0, y1 := max(sel.Row, 0), min(sel.Row+sel.Rows, height)
	x0, x1 := max(sel.Col, 0), min(sel.Col+sel.Cols, shape[sel.X])
	for y := y0; y < y1; y += sel.Step {
		rows++
		cols = 0
		for x := x0; x < x1; x += sel.Step {
			cols++
			for c := range samples {
				if sel.Nearest || sel.Step == 1 {
					out = append(out, at(min(y+sel.Step/2, y1-1), min(x+sel.Step/2, x1-1), c))
					continue
				}
				sum, n, end := 0.0, 0.0, math.NaN()
				for v := y; v < min(y+sel.Step, y1); v++ {
					for u := x; u < min(x+sel.Step, x1); u++ {
						switch x := at(v, u, c); {
						case !math.IsNaN(x) && !math.IsInf(x, 0):
							sum += x
							n++
						case !math.IsNaN(x) && !(end > x):
							end = x
						}
					}
				}
				switch sum /= n; {
				case n == 0:
					sum = end
				case kind != shm.F32 && kind != shm.F64:
					sum = math.Floor(sum + 0.5)
				}
				out = append(out, sum)
			}
		}
	}
	if x0 >= x1 {
		cols = 0
	}
	return rows, cols, out
}

func samplesOf(p shm.Pixels) []float64 {
	out := make([]float64, 0, len(p.Data)/p.Type.Size())
	for b := p.Data; len(b) > 0; b = b[p.Type.Size():] {
		switch p.Type {
		case shm.U8:
			out = append(out, float64(b[0]))
		case shm.U16:
			out = append(out, float64(binary.LittleEndian.Uint16(b)))
		case shm.U32:
			out = append(out, float64(binary.LittleEndian.Uint32(b)))
		case shm.I32:
			out = append(out, float64(int32(binary.LittleEndian.Uint32(b))))
		case shm.U64:
			out = append(out, float64(binary.LittleEndian.Uint64(b)))
		case shm.I64:
			out = append(out, float64(int64(binary.LittleEndian.Uint64(b))))
		case shm.F64:
			out = append(out, math.Float64frombits(binary.LittleEndian.Uint64(b)))
		default:
			out = append(out, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
		}
	}
	return out
}

// near returns the first place where a and b differ by more than float32 does
// among numbers as large as most; -1 if there is none.
func near(a, b []float64, most float64) int {
	if len(a) != len(b) {
		return 0
	}
	for i := range a {
		same := a[i] == b[i] || math.IsNaN(a[i]) && math.IsNaN(b[i]) // the infinities too
		if d := math.Abs(a[i] - b[i]); !same && !(d <= 1e-6*most) {
			return i
		}
	}
	return -1
}

var numberTypes = []string{
	"|b1", "|u1", "|i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4", "<u8", ">u8", "<i8", ">i8",
	"<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<c8", ">c8", "<c16", ">c16", "<M8[ms]", ">m8[s]", "<m8[h]",
}

// Planes of every dtype, along all axes and with all steps, are what a plain loop
// makes of them.
func TestReadPlane(t *testing.T) {
	shapes := [][]int{{37}, {23, 61}, {5, 19, 33}, {4, 17, 40}, {21, 34, 3}, {3, 18, 27}, {2, 3, 11, 20, 4}, {131, 136}}
	for seed, dtype := range numberTypes {
		t.Run(dtype, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, uint64(seed)))
			for i, shape := range slices.Concat(shapes, shapes) {
				n := 1
				for _, side := range shape {
					n *= side
				}
				data, values := numbersOf(rng, dtype, n)
				most := max(slices.Max(values), -slices.Min(values), 1)
				if i >= len(shapes) && !lose(rng, dtype, data, values) {
					break
				}
				w := share(t, Spec{DType: dtype, Shape: shape})
				r := mustOpen(t, w)
				publish(t, w, data, Frame{})
				f := mustFrame(t, r)
				var dst []byte
				for range 40 {
					sel := randomSelection(rng, shape)
					got, err := r.ReadPlane(f, sel, dst)
					if err != nil {
						t.Fatalf("%v, %+v: %v", shape, sel, err)
					}
					dst = got.Data
					rows, cols, want := reference(got.Type, shape, values, sel)
					if len(want) == 0 && len(got.Data) == 0 {
						continue
					}
					if got.Rows != rows || got.Cols != cols {
						t.Fatalf("%v, %+v: %d x %d pixels, want %d x %d", shape, sel, got.Rows, got.Cols, rows, cols)
					}
					have := samplesOf(got)
					if i := near(have, want, most); i >= 0 {
						t.Fatalf("%v, %+v: of %d samples number %d is %v, want %v", shape, sel, len(want), i, have[i:min(i+3, len(have))], want[i:min(i+3, len(want))])
					}
				}
				w.Close()
			}
		})
	}
}

func randomSelection(rng *rand.Rand, shape []int) shm.Selection {
	sel := shm.Selection{Index: make([]int, len(shape)), Y: -1, C: -1, Step: 1, Nearest: rng.IntN(3) == 0, Compact: rng.IntN(2) == 0}
	for k, n := range shape {
		sel.Index[k] = rng.IntN(n)
	}
	axes := rng.Perm(len(shape))
	if len(shape) > 2 && rng.IntN(2) == 0 {
		for i, k := range axes {
			if shape[k] == 3 || shape[k] == 4 {
				sel.C = k
				axes = slices.Delete(axes, i, i+1)
				break
			}
		}
	}
	if rng.IntN(2) == 0 {
		slices.Sort(axes) // the way pictures usually lie
		slices.Reverse(axes)
	}
	sel.X = axes[0]
	height := 1
	if len(axes) > 1 {
		sel.Y = axes[1]
		height = shape[sel.Y]
	}
	if rng.IntN(3) > 0 {
		sel.Step = []int{2, 4, 8, 3, 5, 7, 16, 64, 100}[rng.IntN(9)]
	}
	if rng.IntN(2) == 0 {
		sel.Rows, sel.Cols = height, shape[sel.X]
		return sel
	}
	sel.Row, sel.Col = rng.IntN(height+2)-1, rng.IntN(shape[sel.X]+2)-1
	sel.Rows, sel.Cols = rng.IntN(height+2), rng.IntN(shape[sel.X]+2)
	return sel
}

func TestReadPlaneEdges(t *testing.T) {
	w := share(t, Spec{DType: "<f4", Shape: []int{4, 4}})
	r := mustOpen(t, w)
	b := make([]byte, 64)
	for i := range 16 {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(float32(i)))
	}
	binary.LittleEndian.PutUint32(b, math.Float32bits(float32(math.NaN())))
	publish(t, w, b, Frame{})
	f := mustFrame(t, r)
	whole := shm.Selection{Y: 0, X: 1, C: -1, Rows: 4, Cols: 4, Step: 2}
	p, err := r.ReadPlane(f, whole, nil)
	if got := samplesOf(p); err != nil || got[0] != float64(float32(10)/3) || got[1] != 4.5 || got[2] != 10.5 {
		t.Errorf("means with a NaN: %v, %v", got, err)
	}
	for name, bad := range map[string]func(s *shm.Selection){
		"no columns":       func(s *shm.Selection) { s.X = -1 },
		"no rows":          func(s *shm.Selection) { s.Y = -1 },
		"the same twice":   func(s *shm.Selection) { s.Y = 1 },
		"colour is x":      func(s *shm.Selection) { s.C = 1 },
		"an axis too many": func(s *shm.Selection) { s.X = 2 },
		"no step":          func(s *shm.Selection) { s.Step = 0 },
		"a huge step":      func(s *shm.Selection) { s.Step = math.MaxInt },
		"a short position": func(s *shm.Selection) { s.Index = []int{1} },
	} {
		s := whole
		bad(&s)
		if _, err := r.ReadPlane(f, s, nil); err == nil || errors.Is(err, shm.ErrNoArray) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []shm.Selection{
		{Y: 0, X: 1, C: -1, Row: math.MaxInt, Rows: math.MaxInt, Cols: 4, Step: 1},
		{Y: 0, X: 1, C: -1, Row: math.MinInt, Rows: math.MaxInt, Cols: 4, Step: 1},
		{Y: 0, X: 1, C: -1, Row: -5, Rows: 5, Cols: 4, Step: 3},
		{Y: 0, X: 1, C: -1, Rows: -1, Cols: math.MinInt, Step: 1},
	} {
		if p, err := r.ReadPlane(f, s, nil); err != nil || len(p.Data) != 0 {
			t.Errorf("%+v: %d bytes, %v", s, len(p.Data), err)
		}
	}
	if p, err := r.ReadPlane(f, shm.Selection{Y: 0, X: 1, C: -1, Row: -1, Col: 2, Rows: math.MaxInt, Cols: math.MaxInt, Step: 1}, nil); err != nil || p.Row != 0 || p.Col != 2 || p.Rows != 4 || p.Cols != 2 {
		t.Errorf("what is cut off: %+v, %v", p, err)
	}
}

func TestShapesOfNothing(t *testing.T) {
	for _, tt := range []struct {
		shape []int
		sel   shm.Selection
		bytes int
	}{
		{[]int{0}, shm.Selection{Y: -1, X: 0, C: -1, Rows: 1, Cols: 9, Step: 1}, 0},
		{[]int{3, 0}, shm.Selection{Y: 0, X: 1, C: -1, Rows: 9, Cols: 9, Step: 2}, 0},
		{[]int{0, 2, 3}, shm.Selection{Index: []int{0, 0, 0}, Y: 1, X: 2, C: -1, Rows: 9, Cols: 9, Step: 1}, 0},
		{[]int{}, shm.Selection{Y: -1, X: -1, C: -1, Rows: 1, Cols: 1, Step: 1}, 2},
	} {
		w := share(t, Spec{DType: "<u2", Shape: tt.shape})
		r := mustOpen(t, w)
		publish(t, w, make([]byte, tt.bytes), Frame{})
		f := mustFrame(t, r)
		p, err := r.ReadPlane(f, tt.sel, nil)
		if err != nil || len(p.Data) != tt.bytes {
			t.Errorf("%v: %d bytes, %v", tt.shape, len(p.Data), err)
		}
		if b, err := r.ReadAll(f, nil); err != nil || len(b) != tt.bytes {
			t.Errorf("%v: all are %d bytes, %v", tt.shape, len(b), err)
		}
	}
}

func TestLongDouble(t *testing.T) {
	for _, tt := range []struct {
		fraction uint64
		head     uint16
		want     float64
	}{
		{1 << 63, 16383, 1}, {0xc000_0000_0000_0000, 0x8000 | 16384, -3}, {0, 0, 0},
		{1 << 63, 0x7fff, math.Inf(1)}, {1 << 63, 0xffff, math.Inf(-1)}, {3 << 62, 0x7fff, math.NaN()},
		{1 << 63, 16383 + 2000, math.Inf(1)},
	} {
		if got := extended(tt.fraction, tt.head); got != tt.want && !(math.IsNaN(got) && math.IsNaN(tt.want)) {
			t.Errorf("extended %x %x: %v, want %v", tt.head, tt.fraction, got, tt.want)
		}
	}
	for _, tt := range []struct {
		low, high uint64
		want      float64
	}{
		{0, 16383 << 48, 1}, {0, 1<<63 | 16384<<48 | 1<<47, -3}, {0, 0, 0}, {1 << 63, 16383<<48 | 1, 1 + 1.5*0x1p-48},
		{0, 0x7fff << 48, math.Inf(1)}, {1, 0x7fff << 48, math.NaN()},
	} {
		if got := quad(tt.low, tt.high); got != tt.want && !(math.IsNaN(got) && math.IsNaN(tt.want)) {
			t.Errorf("quad %x %x: %v, want %v", tt.high, tt.low, got, tt.want)
		}
	}
}

func TestRecords(t *testing.T) {
	w := share(t, Spec{
		Shape: []int{3},
		DType: []any{
			[]any{"x", ">f4"}, []any{"n", "<u2", []int{2, 2}}, []any{"", "|V3"}, []any{"name", "<U2"}, []any{"raw", "|S3"},
			[]any{"when", "<M8[ms]"}, []any{"in", []any{[]any{"a", "|i1"}, []any{"b", "|b1"}}}, []any{"z", "<c8"}, []any{"h", "<f2"},
		},
	})
	record := func(i byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, math.Float32bits(1.5*float32(i)))
		b = append(b, i, 0, 2, 0, 3, 0, 4, 0, 9, 9, 9, 'h', 0, 0, 0, 0xe9, 0, 0, 0, 'a', 'b', 0)
		b = binary.LittleEndian.AppendUint64(b, 1500)
		b = append(b, 255, 1)
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(3))
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(-4))
		return append(b, 0, 0x3c)
	}
	publish(t, w, slices.Concat(record(0), record(1)), Frame{Shape: []int{2}})
	r := mustOpen(t, w)
	f := mustFrame(t, r)
	var names []string
	for _, field := range f.Info.Fields {
		names = append(names, field.Name)
	}
	if want := []string{"x", "n", "name", "raw", "when", "in", "z", "h"}; !slices.Equal(names, want) {
		t.Errorf("fields %q, want %q", names, want)
	}
	got, err := r.ReadRecords(f, -5, 99)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	want := []shm.Value{
		1.5, []shm.Value{[]shm.Value{int64(1), int64(2)}, []shm.Value{int64(3), int64(4)}}, "hé", "ab", "1970-01-01T00:00:01.500",
		map[string]shm.Value{"a": int64(-1), "b": true}, []any{3.0, -4.0}, 1.0,
	}
	if !reflect.DeepEqual(got[1], want) {
		t.Errorf("record %#v\nwant   %#v", got[1], want)
	}
	if got, err := r.ReadRecords(f, 1, 2); err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("the second alone: %v, %v", got, err)
	}
	if got, err := r.ReadRecords(f, 2, 1); err != nil || len(got) != 0 {
		t.Errorf("none: %v, %v", got, err)
	}
	if _, err := r.ReadPlane(f, shm.Selection{Y: -1, X: 0, C: -1, Cols: 2, Rows: 1, Step: 1}, nil); err == nil {
		t.Error("records were made a picture of")
	}
	flat := share(t, Spec{DType: "<f8", Shape: []int{2}})
	publish(t, flat, make([]byte, 16), Frame{})
	if _, err := mustOpen(t, flat).ReadRecords(mustFrame(t, mustOpen(t, flat)), 0, 1); err == nil {
		t.Error("numbers were read as records")
	}
}

// A number that a dtype or a shape declares, and for which there is no byte, makes nothing
// and nobody wait: neither fields without bytes, whichever of their sides is 0, nor records
// without, nor rows that are longer than any memory.
func TestNothingIsMadeOfNoBytes(t *testing.T) {
	for _, field := range []any{
		[]any{"none", "|S0", []int{1 << 30}},
		[]any{"none", "<f8", []int{1 << 28, 0}},
		[]any{"none", "<f8", []int{0, 1 << 28}},
		[]any{"none", "|u1", []int{3, 1 << 20, 0, 1 << 10}},
		[]any{"none", []any{[]any{"a", "<f8", []int{1 << 20, 0}}, []any{"b", "|V0"}}, []int{1 << 18}},
	} {
		w := share(t, Spec{DType: []any{field, []any{"x", "|u1"}}, Shape: []int{4}})
		publish(t, w, []byte{1, 2, 3, 4}, Frame{})
		r := mustOpen(t, w)
		f := mustFrame(t, r)
		var got [][]shm.Value
		var err error
		if n := allocated(func() { got, err = r.ReadRecords(f, 0, 4) }); n > 1<<20 {
			t.Errorf("%v: %d bytes were allocated", field, n)
		}
		if err != nil || len(got) != 4 || got[3][1] != int64(4) || !reflect.DeepEqual(got[3][0], []shm.Value{}) {
			t.Errorf("%v: %v, %v", field, got, err)
		}
	}
	none := share(t, Spec{DType: []any{[]any{"a", "<f8", []int{1 << 20, 0}}}, Shape: []int{1 << 40}})
	publish(t, none, nil, Frame{})
	if got, err := mustOpen(t, none).ReadRecords(mustFrame(t, mustOpen(t, none)), 0, 1<<40); err != nil || got != nil {
		t.Errorf("of records without bytes %d were read, %v", len(got), err)
	}
	// The file of a segment may be as long as it says without having a page.
	for _, descr := range []string{">f4", "<f4", "|u1", "<i8"} {
		dtype, _ := pickle.ParseDType(descr)
		r := &frames{dtype: dtype, shape: []int{64, 1 << 33}, backing: noMemory{}}
		f := &shm.ArrayFrame{Seq: 1, Shape: r.shape}
		if _, err := r.ReadPlane(f, shm.Selection{Index: []int{0, 0}, Y: 0, X: 1, C: -1, Rows: 64, Cols: 1 << 33, Step: maxStep}, nil); err == nil {
			t.Errorf("%s: means of rows of 2^33 pixels were read", descr)
		}
	}
}

// noMemory is the memory of frames that must not be read at all.
type noMemory struct{}

func (noMemory) data(*shm.ArrayFrame, int, func([]byte) error) error { return nil }

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestOvertaken(t *testing.T) { kinds(t, overtaken) }

func overtaken(t *testing.T, s store) {
	w := share(t, Spec{store: s, DType: "|u1", Shape: []int{8}})
	r := mustOpen(t, w)
	data := make([]byte, 8)
	publish(t, w, data, Frame{})
	f := mustFrame(t, r)
	publish(t, w, data, Frame{})
	publish(t, w, data, Frame{})
	if _, err := r.ReadAll(f, nil); err != nil {
		t.Errorf("with two newer ones: %v", err)
	}
	publish(t, w, data, Frame{})
	if _, err := r.ReadAll(f, nil); !errors.Is(err, shm.ErrOvertaken) {
		t.Errorf("with three newer ones: %v", err)
	}
	// A process that dies in mid-frame leaves begin and end different.
	f = mustFrame(t, r)
	w.put(r.m.slot(5)+slotBegin, 5)
	if g := mustFrame(t, r); g.Seq != f.Seq {
		t.Errorf("frame %d, want %d", g.Seq, f.Seq)
	}
	w.put(r.m.slot(f.Seq)+slotBegin, f.Seq+3)
	if g, err := r.Frame(); !errors.Is(err, shm.ErrOvertaken) {
		t.Errorf("half a frame: %v, %v", g, err)
	}
	if n := r.Torn(); n != 1 {
		t.Errorf("%d torn, want 1", n)
	}
}

// A frame that is written while it is read is never taken for a good one.
func TestTornFramesAreNeverTaken(t *testing.T) { kinds(t, tornFramesAreNeverTaken) }

func tornFramesAreNeverTaken(t *testing.T, s store) {
	const size = 64 << 10
	w := share(t, Spec{store: s, DType: "|u1", Shape: []int{256, 256}, Slots: 2})
	r := mustOpen(t, w)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		data := make([]byte, size)
		for i := 1; ; i++ {
			for k := range data {
				data[k] = byte(i)
			}
			if err := w.Publish(data, Frame{}); err != nil {
				t.Error(err)
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	good, bad := 0, 0
	var dst []byte
	const enough = 100
	for end := time.Now().Add(time.Minute); good < enough && time.Now().Before(end); {
		f, err := r.Frame()
		if f == nil || err != nil {
			continue
		}
		if good%2 == 0 {
			dst, err = r.ReadAll(f, dst)
		} else {
			var p shm.Pixels
			p, err = r.ReadPlane(f, shm.Selection{Y: 0, X: 1, C: -1, Rows: 256, Cols: 256, Step: 4}, dst)
			if err == nil {
				dst = p.Data
			}
		}
		if errors.Is(err, shm.ErrOvertaken) {
			bad++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range dst {
			if v != byte(f.Seq) {
				t.Fatalf("frame %d has %d at %d", f.Seq, v, i)
			}
		}
		good++
	}
	close(stop)
	writing.Wait()
	if good < enough {
		t.Errorf("%d good frames and %d torn ones in a minute", good, bad)
	}
}

func TestChecksum(t *testing.T) { kinds(t, checksum) }

func checksum(t *testing.T, s store) {
	w := share(t, Spec{store: s, DType: "|u1", Shape: []int{4, 4}, CRC: true})
	r := mustOpen(t, w)
	data := []byte("abcdefghijklmnop")
	publish(t, w, data, Frame{})
	f := mustFrame(t, r)
	at := r.m.slot(f.Seq)
	w.b[at+slotData+15] ^= 1
	corner := shm.Selection{Y: 0, X: 1, C: -1, Rows: 1, Cols: 1, Step: 1}
	if _, err := r.ReadPlane(f, corner, nil); !errors.Is(err, shm.ErrOvertaken) {
		t.Errorf("a part of a frame with a wrong checksum: %v", err)
	}
	if r.Torn() == 0 {
		t.Error("it was not counted")
	}
	w.b[at+slotData+15] ^= 1
	if p, err := r.ReadPlane(f, corner, nil); err != nil || p.Data[0] != 'a' {
		t.Errorf("with the right one: %v, %v", p, err)
	}
	if b, err := r.ReadAll(f, nil); err != nil || string(b) != string(data) {
		t.Errorf("all of it: %q, %v", b, err)
	}
}

// Whatever stands in a header, opening says what is wrong, or reading works
// within the segment.
func TestHostileHeaders(t *testing.T) { kinds(t, hostileHeaders) }

func hostileHeaders(t *testing.T, s store) {
	put32 := func(at int, v uint32) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint32(b[at:], v) }
	}
	put64 := func(at int, v uint64) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint64(b[at:], v) }
	}
	json := func(text string) func([]byte) {
		return func(b []byte) { copy(b[jsonAt:], text); put32(atJSONLen, uint32(len(text)))(b) }
	}
	for name, damage := range map[string]func([]byte){
		"magic":              func(b []byte) { b[0] = 'X' },
		"version":            put32(8, 2),
		"header size":        put32(12, 64),
		"generation":         put64(atGeneration, 5),
		"more than there is": put64(atTotal, 1<<20),
		"endless":            put64(atTotal, math.MaxUint64),
		"no slots":           put32(atSlots, 0),
		"many slots":         put32(atSlots, math.MaxUint32),
		"too many slots":     put32(atSlots, 64),
		"no stride":          put64(atStride, 0),
		"stride":             put64(atStride, 4097),
		"huge stride":        put64(atStride, 1<<63),
		"huge data":          put64(atDataBytes, math.MaxUint64),
		"more data":          put64(atDataBytes, 1<<20),
		"less data":          put64(atDataBytes, 7),
		"no description":     put32(atJSONLen, 0),
		"long description":   put32(atJSONLen, math.MaxUint32),
		"not JSON":           json("{]"),
		"another dtype":      json(`{"dtype": "<f8", "shape": [2, 4]}`),
		"objects":            json(`{"dtype": "|O8", "shape": [2, 4]}`),
		"another shape":      json(`{"dtype": "<u2", "shape": [4, 2]}`),
		"negative":           json(`{"dtype": "<u2", "shape": [-2, 4]}`),
		"huge shape":         json(`{"dtype": "<u2", "shape": [4611686018427387904, 4]}`),
		"overflow":           json(`{"dtype": "<u2", "shape": [4194304, 4194304, 4194304]}`),
		"dimensions":         json(`{"dtype": "<u2", "shape": [1,1,1,1,1,1,1,2,4]}`),
	} {
		t.Run(name, func(t *testing.T) {
			w := share(t, Spec{store: s, DType: "<u2", Shape: []int{2, 4}})
			damage(w.b[:headerBytes])
			r, err := Open(w.Info(), whereIs(w))
			if !errors.Is(err, shm.ErrNoArray) {
				t.Fatalf("%v, %v", r, err)
			}
			t.Log(err)
		})
	}
	for name, damage := range map[string]func([]byte){
		"dimensions":   put32(slotDims, 9),
		"fewer":        put32(slotDims, 1),
		"shape":        put64(slotShape, 3),
		"huge shape":   put64(slotShape+8, math.MaxUint64),
		"bytes":        put64(slotBytes, 17),
		"endless data": put64(slotBytes, math.MaxUint64),
	} {
		t.Run("slot/"+name, func(t *testing.T) {
			w := share(t, Spec{store: s, DType: "<u2", Shape: []int{2, 4}})
			r := mustOpen(t, w)
			publish(t, w, make([]byte, 16), Frame{})
			damage(w.b[r.m.slot(1):])
			f, err := r.Frame()
			if !errors.Is(err, shm.ErrNoArray) {
				t.Fatalf("%+v, %v", f, err)
			}
			t.Log(err)
		})
	}
	t.Run("slot/place", func(t *testing.T) {
		w := share(t, Spec{store: s, DType: "<u2", Shape: []int{2, 4}})
		r := mustOpen(t, w)
		publish(t, w, make([]byte, 16), Frame{})
		put32(slotLevel, math.MaxUint32)(w.b[r.m.slot(1):])
		for _, x := range []float64{math.NaN(), math.Inf(-1), 1e300, -1e19} {
			put64(slotOffset, math.Float64bits(x))(w.b[r.m.slot(1):])
			if f := mustFrame(t, r); f.Offset != [2]float64{} || f.Step != [2]float64{1, 1} || f.Level != 0 {
				t.Errorf("at %g: %+v", x, f)
			}
		}
		put64(slotOffset, 0)(w.b[r.m.slot(1):])
		for _, x := range []float64{math.NaN(), math.Inf(1), 0, -1, 5e-324, 1e300} {
			put64(slotStep, math.Float64bits(x))(w.b[r.m.slot(1):])
			if f := mustFrame(t, r); f.Step != [2]float64{1, 1} {
				t.Errorf("by %g: %+v", x, f)
			}
		}
	})
	t.Run("latest", func(t *testing.T) {
		w := share(t, Spec{store: s, DType: "<u2", Shape: []int{2, 4}})
		r := mustOpen(t, w)
		put64(atLatest, math.MaxUint64)(w.b)
		if f, err := r.Frame(); f != nil || !errors.Is(err, shm.ErrOvertaken) {
			t.Errorf("%v, %v", f, err)
		}
	})
}

// What is not there, or is something else than was declared, is not opened.
func TestOpenRefuses(t *testing.T) { kinds(t, openRefuses) }

func openRefuses(t *testing.T, s store) {
	w := share(t, Spec{DType: "|u1", Shape: []int{4}, store: s})
	info := w.Info()
	with := func(f func(*shm.ArrayInfo)) shm.ArrayInfo { i := info; f(&i); return i }
	for _, name := range []string{"", ".", "..", "../x", "webmon-1-../x", "webmon-1-a/b", "psm_1234", "webmon--x", "webmon-1-" + strings.Repeat("x", 60), "webmon-1-a\x00"} {
		refuses(t, w, fmt.Sprintf("the name %q", name), with(func(i *shm.ArrayInfo) { i.Shm = name }))
	}
	refuses(t, w, "one that is not there", with(func(i *shm.ArrayInfo) { i.Shm = "webmon-1-none" }))
	refuses(t, w, "another generation", with(func(i *shm.ArrayInfo) { i.Generation = "0123456789abcdef" }))
	refuses(t, w, "another dtype", with(func(i *shm.ArrayInfo) { i.Descr = "|i1" }))
	refuses(t, w, "records", with(func(i *shm.ArrayInfo) { i.Descr, i.Fields = "", []shm.ArrayField{{Name: "a", Descr: "|u1"}} }))
	refuses(t, w, "another shape", with(func(i *shm.ArrayInfo) { i.Shape = []int{5} }))
}

// refuses fails if anything is opened where a ring is.
func refuses(t *testing.T, w *Writer, what string, info shm.ArrayInfo) {
	t.Helper()
	_, err := Open(info, whereIs(w))
	if !errors.Is(err, shm.ErrNoArray) {
		t.Errorf("%s: %v", what, err)
	}
	t.Logf("%s: %v", what, err)
}

func TestCreateRefuses(t *testing.T) {
	for name, s := range map[string]Spec{
		"objects":       {DType: "|O8", Shape: []int{4}},
		"too many axes": {DType: "|u1", Shape: make([]int, 9)},
		"negative":      {DType: "|u1", Shape: []int{-1}},
		"too large":     {DType: "|u1", Shape: []int{1 << 40, 1 << 20}},
		"one slot":      {DType: "|u1", Shape: []int{1}, Slots: 1},
		"many slots":    {DType: "|u1", Shape: []int{1}, Slots: 65},
		"axes":          {DType: "|u1", Shape: []int{1}, Axes: []string{"y", "x"}},
		"a long title":  {DType: "|u1", Shape: []int{1}, Units: []string{strings.Repeat("x", 4000)}},
	} {
		s.store = refusing{t}
		if w, err := Create(s); err == nil {
			w.Close()
			t.Errorf("%s was taken", name)
		}
	}
	// What no machine has memory for is refused too, and leaves nothing.
	kinds(t, func(t *testing.T, s store) {
		if w, err := Create(Spec{DType: "|u1", Shape: []int{1 << 40}, store: s}); err == nil {
			w.Close()
			t.Error("three TB were shared")
		} else if !strings.Contains(err.Error(), "room") {
			t.Error(err)
		}
		if left := names(s); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// refusing is a store in which nothing may be made.
type refusing struct{ t *testing.T }

func (s refusing) open(string) (held, error) { return nil, errors.ErrUnsupported }
func (s refusing) create(name string, n int) (held, error) {
	s.t.Errorf("%s was about to be made, of %d bytes", name, n)
	return nil, errors.ErrUnsupported
}
func (refusing) sweep()     {}
func (refusing) forget(int) {}

func TestFollower(t *testing.T) {
	w := share(t, Spec{DType: "<u8", Shape: []int{1}})
	r := mustOpen(t, w)
	f := NewFollower(r)
	var b [8]byte
	publish(t, w, b[:], Frame{})
	publish(t, w, b[:], Frame{})
	frame, err := f.Next(t.Context())
	if err != nil || frame.Seq != 2 {
		t.Fatalf("the first: %v, %v", frame, err)
	}
	// Frames that come while nobody looks are missed.
	for range 3 {
		publish(t, w, b[:], Frame{})
	}
	if frame, err = f.Next(t.Context()); err != nil || frame.Seq != 5 {
		t.Fatalf("after three more: %v, %v", frame, err)
	}
	var s shm.ArrayStats
	f.Count(&s)
	if s.Seen != 2 || s.Missed != 2 {
		t.Errorf("seen %d and missed %d, want 2 and 2", s.Seen, s.Missed)
	}
	// One that is waited for comes.
	go func() {
		time.Sleep(30 * time.Millisecond)
		_ = w.Publish(b[:], Frame{})
	}()
	if frame, err = f.Next(t.Context()); err != nil || frame.Seq != 6 {
		t.Fatalf("one waited for: %v, %v", frame, err)
	}
	go w.Close()
	if frame, err = f.Next(t.Context()); !errors.Is(err, shm.ErrNoArray) {
		t.Errorf("after the end: %v, %v", frame, err)
	}
}

// One that is expected is looked for at once, though none has come for long: the follower would
// have slept for lookRarely.
func TestFollowerExpects(t *testing.T) {
	w := share(t, Spec{DType: "<u8", Shape: []int{1}})
	f := NewFollower(mustOpen(t, w))
	now := time.Now()
	f.handed, f.came = now.Add(-time.Hour), now.Add(-time.Hour)
	if got := f.wait(now); got != lookRarely {
		t.Errorf("after an hour it looks every %v", got)
	}
	f.Expect()
	if got := f.wait(now); got != lookExpected {
		t.Errorf("when a frame is expected it looks every %v", got)
	}
	if got := f.wait(now.Add(2 * expectFor)); got != lookRarely {
		t.Errorf("when none has come it looks every %v", got)
	}
	// A sleep ends when a frame is expected.
	timer := time.NewTimer(0)
	defer timer.Stop()
	if err := f.pause(t.Context(), timer, time.Hour, f.hurry); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.pause(ctx, timer, time.Hour, f.hurry); !errors.Is(err, context.Canceled) {
		t.Errorf("a sleep ends by %v", err)
	}
}

// Of frames that come regularly the follower learns when they are there: it sleeps until then, by
// a sleep and a nap, looks once or a few times more, and has them soon.
func TestFollowerComesToRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const (
			frames  = 600
			learns  = 200
			period  = time.Second / 60
			copying = 1400 * time.Microsecond // and up to 200 µs longer
		)
		w := share(t, Spec{DType: "<u8", Shape: []int{1}, Slots: 8})
		f := NewFollower(mustOpen(t, w))
		naps := 0
		f.nap = func(d time.Duration) {
			naps++
			time.Sleep(d)
		}
		// One in twenty is late by itself, and the next one comes at its own time.
		delay := func(n int) time.Duration {
			if n%20 == 0 {
				return 4 * time.Millisecond
			}
			return 0
		}
		var there [frames + 1]atomic.Int64
		go func() {
			var b [8]byte
			began := time.Now()
			for n := 1; n <= frames; n++ {
				time.Sleep(time.Until(began.Add(time.Duration(n)*period + delay(n))))
				called := time.Now()
				time.Sleep(copying + time.Duration(n*7%5)*50*time.Microsecond)
				there[n].Store(time.Now().UnixNano())
				_ = w.Publish(b[:], Frame{})
				w.put(atHeartbeat, uint64(called.UnixNano())) // as the package has it
			}
		}()
		var late, latest time.Duration
		for {
			frame, err := f.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if frame.Seq == learns {
				late, latest, naps = 0, 0, 0
			}
			by := time.Duration(time.Now().UnixNano() - there[frame.Seq].Load())
			late, latest = late+by, max(latest, by)
			if frame.Seq == frames {
				break
			}
		}
		var s shm.ArrayStats
		f.Count(&s)
		if s.Seen != frames || s.Missed != 0 {
			t.Errorf("seen %d and missed %d of %d", s.Seen, s.Missed, frames)
		}
		if mean := late / (frames - learns); mean > 150*time.Microsecond {
			t.Errorf("frames are known %v after they came, in the mean", mean)
		}
		if latest > time.Millisecond {
			t.Errorf("one is known %v after it came", latest)
		}
		if naps > 5*(frames-learns) {
			t.Errorf("%d naps for %d frames", naps, frames-learns)
		}
		t.Logf("known %v after they came, in the mean, %v at most; %.1f naps a frame", late/(frames-learns), latest, float64(naps)/(frames-learns))
		synctest.Wait() // the process has nothing more to say
		w.Close()
	})
}

// Frames that come regularly are all seen, whatever their rate.
func TestFollowerKeepsUp(t *testing.T) {
	for _, hz := range []int{20, 60, 120} {
		t.Run(fmt.Sprint(hz), func(t *testing.T) {
			t.Parallel()
			w := share(t, Spec{DType: "<u8", Shape: []int{1}, Slots: 8})
			f := NewFollower(mustOpen(t, w))
			n := hz * 3 / 2
			go func() {
				var b [8]byte
				tick := time.NewTicker(time.Second / time.Duration(hz))
				defer tick.Stop()
				for range n {
					<-tick.C
					_ = w.Publish(b[:], Frame{})
				}
			}()
			var first, last uint64
			for last < uint64(n) {
				frame, err := f.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if frame.Seq <= last {
					t.Fatalf("frame %d after %d", frame.Seq, last)
				}
				if last = frame.Seq; first == 0 {
					first = last
				}
			}
			var s shm.ArrayStats
			f.Count(&s)
			if s.Seen+s.Missed != uint64(n)-first+1 || s.Seen < 2 {
				t.Errorf("seen %d and missed %d of %d, the first of them %d", s.Seen, s.Missed, n, first)
			}
			t.Logf("seen %d, missed %d; period %v, jitter %v, takes %v", s.Seen, s.Missed, f.period, f.jitter, f.takes)
		})
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte(`{"dtype": "<u2", "shape": [2, 4], "axes": ["y", "x"], "units": null}`), int64(16384), uint64(16384), uint64(4096), uint64(16), uint32(3), uint32(68))
	f.Add([]byte(`{"dtype": [["a", "<f4", [2]], ["", "|V4"], ["b", "<U3"]], "shape": [0]}`), int64(1<<40), uint64(math.MaxUint64), uint64(1<<63), uint64(0), uint32(64), uint32(72))
	f.Fuzz(func(t *testing.T, json []byte, size int64, total, stride, data uint64, slots, n uint32) {
		b := make([]byte, headerBytes)
		copy(b, magic)
		binary.LittleEndian.PutUint32(b[8:], version)
		binary.LittleEndian.PutUint32(b[12:], headerBytes)
		binary.LittleEndian.PutUint64(b[atTotal:], total)
		binary.LittleEndian.PutUint64(b[atStride:], stride)
		binary.LittleEndian.PutUint64(b[atDataBytes:], data)
		binary.LittleEndian.PutUint32(b[atSlots:], slots)
		binary.LittleEndian.PutUint32(b[atJSONLen:], n)
		copy(b[jsonAt:], json)
		h, err := parseHeader(b, size)
		if err != nil {
			return
		}
		if h.total > int(size) || headerBytes+int(h.slots)*h.stride > h.total || slotData+h.dataBytes > h.stride {
			t.Errorf("slots outside the segment: %+v", h)
		}
		if n, ok := frameBytes(h.dtype, h.shape); !ok || n > h.dataBytes {
			t.Errorf("a frame outside its slot: %+v", h)
		}
		descr, fields := Describe(h.dtype)
		info := shm.ArrayInfo{Generation: generationText(h.generation), Descr: descr, Fields: fields, Shape: h.shape}
		if err := h.matches(&info); err != nil {
			t.Errorf("it is not what it is: %v", err)
		}
	})
}

// FuzzSlot reads frames of which anything may be claimed.
func FuzzSlot(f *testing.F) {
	f.Add(make([]byte, slotData), 0, 0, 2, 4, 1, 0, 1, -1, false)
	f.Add(make([]byte, slotData), -1, 1, 9, 9, 3, 1, 0, 2, true)
	f.Fuzz(func(t *testing.T, slot []byte, row, col, rows, cols, step, y, x, c int, nearest bool) {
		w := share(t, Spec{DType: "<u2", Shape: []int{2, 4, 3}})
		defer w.Close()
		r := mustOpen(t, w)
		defer r.Close()
		_ = w.held.remove() // the end of fuzzing may come at any moment
		w.held = nameless{w.held}
		publish(t, w, make([]byte, 48), Frame{})
		at := r.m.slot(1)
		copy(w.b[at+slotTime:at+slotData], slot)
		frame, err := r.Frame()
		if err != nil || frame == nil {
			publish(t, w, make([]byte, 48), Frame{})
			frame = mustFrame(t, r)
		}
		p, err := r.ReadPlane(frame, shm.Selection{
			Index: make([]int, 3), Y: y, X: x, C: c, Row: row, Col: col, Rows: rows, Cols: cols, Step: step, Nearest: nearest,
		}, nil)
		if err == nil && len(p.Data) != p.Rows*p.Cols*p.Samples*2 {
			t.Errorf("%d bytes for %+v", len(p.Data), p)
		}
		if _, err := r.ReadAll(frame, nil); err != nil {
			t.Error(err)
		}
	})
}

// nameless is a segment that needs no name.
type nameless struct{ held }

func (nameless) still(int) error { return nil }

func TestPixelsOfAnyAddress(t *testing.T) {
	b := make([]byte, 9)
	p := pixelsOf[uint16](b[1:])
	p[3] = 0x0201
	if len(p) != 4 || b[7] != 1 || b[8] != 2 || unsafe.SliceData(b[1:]) != (*byte)(unsafe.Pointer(&p[0])) {
		t.Errorf("%v", b)
	}
}
