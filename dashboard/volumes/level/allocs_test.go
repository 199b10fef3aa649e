//go:build !race

// A pool forgets some of what it is given under the race detector.

package level_test

import (
	"math/rand/v2"
	"testing"

	"webmon/dashboard/volumes/level"
)

// A collection of garbage may empty the pool, but not for each chunk.
func TestNothingIsAllocatedForAChunk(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	shape, factors := []int{20, 21, 40}, []int{2, 2, 2}
	for _, descr := range dtypes {
		for _, labels := range []bool{false, true} {
			w, ok := level.WireOf(descr, labels, nil)
			if !ok {
				continue
			}
			src := noise(r, w.DType, product(shape))
			var dst []byte
			if n := testing.AllocsPerRun(40, func() {
				var err error
				if dst, err = w.Append(dst[:0], src, shape, factors); err != nil {
					t.Fatal(err)
				}
			}); n > 0 {
				t.Errorf("%s: %v allocations", descr, n)
			}
		}
	}
}
