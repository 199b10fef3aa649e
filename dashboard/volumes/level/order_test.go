package level_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"webmon/dashboard/volumes/level"
)

func TestTurned(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, size := range []int{1, 2, 4, 8} {
		for i := range 120 {
			shape, _ := someShape(r, i%7)
			src := make([]byte, product(shape)*size)
			for k := range src {
				src[k] = byte(r.Uint32())
			}
			turned := slices.Clone(shape)
			slices.Reverse(turned)
			want := make([]byte, len(src))
			o := 0
			walk(shape, func(at []int) {
				k := 0
				for axis := len(at) - 1; axis >= 0; axis-- {
					k = k*shape[axis] + at[axis]
				}
				copy(want[k*size:], src[o:o+size])
				o += size
			})
			got, err := level.AppendTurned([]byte{5}, src, shape, size)
			if err != nil || got[0] != 5 || !bytes.Equal(got[1:], want) {
				t.Fatalf("%v of %d bytes: %v", shape, size, err)
			}
			again, err := level.AppendTurned(nil, got[1:], turned, size)
			if err != nil || !bytes.Equal(again, src) {
				t.Fatalf("%v of %d bytes, turned twice: %v", shape, size, err)
			}
		}
	}
	for _, c := range []struct {
		bytes int
		shape []int
		size  int
	}{{6, []int{2, 3}, 3}, {5, []int{2, 3}, 1}, {0, []int{0, 3}, 1}, {0, []int{1 << 40, 1 << 40}, 1}, {1, []int{-1, -1}, 1}} {
		if got, err := level.AppendTurned(nil, make([]byte, c.bytes), c.shape, c.size); err == nil {
			t.Errorf("%v of %d bytes: %v", c.shape, c.size, got)
		}
	}
}
