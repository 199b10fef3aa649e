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
		dtype, _ := level.ParseDType([]string{"|u1", "|i1", "<u2", "<i2"}[try%4])
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
		var want []byte
		if !level.WithoutWideLanes(func() { want, err = level.Mean(nil, src, dtype, shape, factors) }) {
			t.Skip("this processor adds eight bytes at a time")
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Fatal(fmt.Sprint(dtype.Name(), shape, factors), err)
		}
	}
}
