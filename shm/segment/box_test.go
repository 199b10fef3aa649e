package segment

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"webmon/shm"
	"webmon/shm/pickle"
)

// naiveBox is a box by the definition, one item after the other.
func naiveBox(data []byte, size int, shape, from, to []int) []byte {
	var out []byte
	var walk func(axis, item int)
	walk = func(axis, item int) {
		if axis == len(shape) {
			out = append(out, data[item*size:][:size]...)
			return
		}
		for k := from[axis]; k < to[axis]; k++ {
			walk(axis+1, item*shape[axis]+k)
		}
	}
	walk(0, 0)
	return out
}

// randomBox is a box within a shape; it is often whole, or one item thin, along an axis.
func randomBox(rng *rand.Rand, shape []int) (from, to []int) {
	for _, n := range shape {
		a, b := 0, n
		switch rng.IntN(3) {
		case 0:
			a = rng.IntN(n + 1)
			b = a + rng.IntN(n-a+1)
		case 1:
			a = rng.IntN(n)
			b = a + 1
		}
		from, to = append(from, a), append(to, b)
	}
	return from, to
}

func TestReadBox(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	dtypes := []any{"|u1", "|b1", "<i2", ">u2", "<f4", ">u4", "<f8", "<i8", "<c16", "<f2", []any{[]any{"a", "|u1"}, []any{"b", "<f4"}}}
	for try := range 400 {
		dtype := dtypes[try%len(dtypes)]
		parsed, err := pickle.ParseDescr(dtype)
		if err != nil {
			t.Fatal(err)
		}
		rank := 1 + try%8
		shape, items := make([]int, rank), 1
		for i := range shape {
			shape[i] = 1 + rng.IntN([]int{1000, 40, 12, 8, 6, 5, 4, 4}[rank-1])
			items *= shape[i]
		}
		data := make([]byte, items*parsed.Size)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		l := local(t, Spec{Name: "box", DType: dtype, Shape: shape})
		f, err := l.Publish(data, Frame{})
		if err != nil {
			t.Fatal(err)
		}
		var dst []byte
		for range 8 {
			from, to := randomBox(rng, shape)
			want := naiveBox(data, parsed.Size, shape, from, to)
			if dst, err = f.Reader.ReadBox(f, from, to, dst); err != nil || !slices.Equal(dst, want) {
				t.Fatalf("%v of %v: %v to %v gave %d bytes, %v; want %d", dtype, shape, from, to, len(dst), err, len(want))
			}
		}
	}
}

func TestReadBoxOfSmallerFrame(t *testing.T) {
	l := local(t, Spec{Name: "box", DType: "|u1", Shape: []int{4, 4, 4}})
	f, err := l.Publish([]byte{0, 1, 2, 3, 4, 5, 6, 7}, Frame{Shape: []int{2, 2, 2}})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := l.ReadBox(f, []int{0, 0, 1}, []int{2, 2, 2}, nil); err != nil || !slices.Equal(b, []byte{1, 3, 5, 7}) {
		t.Errorf("%v, %v", b, err)
	}
	for _, bad := range []struct{ from, to []int }{
		{[]int{0, 0, 0}, []int{2, 2, 3}}, // within the array, outside of the frame
		{[]int{0, 0, -1}, []int{2, 2, 2}},
		{[]int{0, 2, 0}, []int{2, 1, 2}},
		{[]int{0, 0}, []int{2, 2}},
		{[]int{0, 0, 0, 0}, []int{2, 2, 2, 1}},
		{nil, nil},
	} {
		if _, err := l.ReadBox(f, bad.from, bad.to, nil); !errors.Is(err, shm.ErrBox) {
			t.Errorf("%v to %v: %v", bad.from, bad.to, err)
		}
	}
	if _, err := l.ReadBox(nil, nil, nil, nil); err == nil {
		t.Error("a box of no frame was read")
	}
}

// The file of a segment may be as long as it says without having a page.
func TestReadBoxTooLarge(t *testing.T) {
	dtype, _ := pickle.ParseDType("<f8")
	r := &frames{dtype: dtype, shape: []int{64, 1 << 33}, backing: noData{}}
	f := &shm.ArrayFrame{Seq: 1, Shape: r.shape}
	if _, err := r.ReadBox(f, []int{0, 0}, []int{64, 1 << 33}, nil); err == nil || errors.Is(err, shm.ErrBox) {
		t.Errorf("2^39 items: %v", err)
	}
	if b, err := r.ReadBox(f, []int{0, 5}, []int{64, 5}, nil); err != nil || len(b) != 0 {
		t.Errorf("no items: %v, %v", b, err)
	}
}

// noData is the memory of frames of which nothing is read.
type noData struct{}

func (noData) data(*shm.ArrayFrame, int, func([]byte) error) error { return nil }

func BenchmarkReadBox(b *testing.B) {
	const n = 512
	l := local(b, Spec{Name: "box", DType: "|u1", Shape: []int{n, n, n}})
	f, err := l.Fill(Frame{}, func([]byte) {})
	if err != nil {
		b.Fatal(err)
	}
	for _, sides := range [][]int{{64, 64, 64}, {1, 512, 512}, {512, 1, 512}, {512, 512, 1}} {
		b.Run(fmt.Sprint(sides), func(b *testing.B) {
			var dst []byte
			for i := 0; b.Loop(); i++ {
				from, to := make([]int, 3), make([]int, 3)
				for k, side := range sides {
					from[k] = (i * 64) % (n - side + 1)
					to[k] = from[k] + side
				}
				if dst, err = l.ReadBox(f, from, to, dst); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(dst)))
		})
	}
}
