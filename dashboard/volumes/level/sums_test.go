package level_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"webmon/dashboard/volumes/level"
)

// Means of long rows are the same however many bytes the processor adds at a time, also of the least and
// the greatest numbers alone.
func TestWideLanes(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	for try := range 600 {
		descr := []string{"|u1", "|i1", "<u2", "<i2"}[try%4]
		dtype, _ := level.ParseDType(descr)
		shape := []int{1 + rng.IntN(9), 1 + rng.IntN(9), 1 + rng.IntN(600)}
		factors := []int{1 << rng.IntN(4), 1 << rng.IntN(4), 2 << rng.IntN(7)}
		src := make([]byte, shape[0]*shape[1]*shape[2]*dtype.Size)
		for i := range src {
			src[i] = [3]byte{0xff, byte(rng.Uint32()), 0x80}[try/4%3]
		}
		got, err := level.Mean(nil, src, dtype, shape, factors)
		if err != nil {
			t.Fatal(err)
		}
		if try%37 == 0 { // big integers are slow
			compare(t, descr, src, shape, factors, false)
		}
		var want []byte
		level.WithoutWideLanes(func() { want, err = level.Mean(nil, src, dtype, shape, factors) })
		if err != nil || !bytes.Equal(got, want) {
			t.Fatal(fmt.Sprint(dtype.Name(), shape, factors), err)
		}
	}
}

// A box that is made coarser where it lies is as one that was copied out before.
func TestBoxWhereItLies(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 2))
	straight := 0
	for try := range 1000 {
		descr := []string{"|u1", "|i1", "<u2", "<i2"}[try%4]
		w, ok := level.WireOf(descr, false, nil)
		if !ok {
			t.Fatal(descr)
		}
		rank := 1 + rng.IntN(4)
		var shape, from, to, factors, sides []int
		for i := range rank {
			n, f := 1+rng.IntN(7), 1+rng.IntN(5)
			if i == rank-1 {
				n, f = 64+rng.IntN(600), 1<<rng.IntN(4)
			}
			a := rng.IntN(n)
			b := a + 1 + rng.IntN(n-a)
			shape, from, to, factors, sides = append(shape, n), append(from, a), append(to, b), append(factors, f), append(sides, b-a)
		}
		size := w.DType.Size
		voxels := size
		for _, n := range shape {
			voxels *= n
		}
		src := make([]byte, voxels)
		for i := range src {
			src[i] = byte(rng.Uint32())
		}
		if !w.Straight(sides, factors) {
			continue
		}
		straight++
		var box []byte
		var walk func(axis, item int)
		walk = func(axis, item int) {
			if axis == rank {
				box = append(box, src[item*size:][:size]...)
				return
			}
			for k := from[axis]; k < to[axis]; k++ {
				walk(axis+1, item*shape[axis]+k)
			}
		}
		walk(0, 0)
		want, err := w.Append(nil, box, sides, factors)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.AppendBox([]byte{1}, src, shape, from, to, factors)
		if err != nil || !bytes.Equal(got[1:], want) {
			t.Fatal(descr, shape, from, to, factors, err)
		}
	}
	if straight < 500 {
		t.Errorf("only %d boxes were made where they lie", straight)
	}
	w, _ := level.WireOf("|u1", false, nil)
	for _, bad := range [][4][]int{
		{{2, 100}, {0, 0}, {3, 100}, {1, 2}},
		{{2, 100}, {-1, 0}, {2, 100}, {1, 2}},
		{{2, 100}, {0, 100}, {2, 100}, {1, 2}},
		{{2, 100}, {0, 0}, {2, 100}, {1, 0}},
		{{2, 101}, {0, 0}, {2, 100}, {1, 2}},
		{{2, 100}, {0}, {2, 100}, {1, 2}},
		{{}, {}, {}, {}},
	} {
		if _, err := w.AppendBox(nil, make([]byte, 200), bad[0], bad[1], bad[2], bad[3]); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}
