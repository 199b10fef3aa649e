package level

import (
	"math"
	"testing"
)

// A longdouble of other machines, which this one may not have.
func TestQuad(t *testing.T) {
	for _, c := range []struct {
		high, low uint64
		want      float64
	}{
		{0x3fff_0000_0000_0000, 0, 1},
		{0xc000_4000_0000_0000, 0, -2.5},
		{0x4000_921f_b544_42d1, 0x8469_898c_c517_01b8, math.Pi},
		{0x3fff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 2},
		{0x3fff_0000_0000_0000, 0x0800_0000_0000_0000, 1},           // a half of the last place, to even
		{0x3fff_0000_0000_0000, 0x0800_0000_0000_0001, 1 + 0x1p-52}, // and more than that
		{0x7ffe_ffff_ffff_ffff, 0, math.Inf(1)},                     // too large
		{0x7fff_0000_0000_0000, 0, math.Inf(1)},
		{0xffff_0000_0000_0000, 0, math.Inf(-1)},
		{0x7fff_8000_0000_0000, 0, math.NaN()},
		{0x8000_0000_0000_0000, 0, math.Copysign(0, -1)},
		{0x0000_0000_0000_0001, 0, 0}, // below what a float64 has
	} {
		if got := quad(c.low, c.high); math.Float64bits(got) != math.Float64bits(c.want) && (got == got || c.want == c.want) {
			t.Errorf("%016x%016x: %v, want %v", c.high, c.low, got, c.want)
		}
	}
}
