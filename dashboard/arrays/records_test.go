package arrays

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"webmon/shm"
)

// Cells have the digits that tell values apart.
func TestCells(t *testing.T) {
	for _, test := range []struct {
		value shm.Value
		short bool
		want  string
	}{
		{1767320000.5, false, "1767320000.5"}, {float64(float32(0.1)), true, "0.1"}, {float64(float32(0.1)), false, "0.10000000149011612"},
		{int64(1<<53 + 1), false, "9007199254740993"}, {new(big.Int).SetUint64(math.MaxUint64), false, "18446744073709551615"}, {1e300, false, "1e+300"},
		{math.NaN(), false, "NaN"}, {math.Inf(-1), true, "-Inf"}, {0.0, true, "0"}, {nil, false, ""}, {"=a", false, "=a"}, {true, false, "true"},
		{shm.Decimal("1.0000000000000000001"), false, "1.0000000000000000001"}, {[]shm.Value{int64(1), "x"}, false, `[1,"x"]`},
	} {
		if got := text(test.value, test.short); got != test.want {
			t.Errorf("%v (short: %v) is %q, want %q", test.value, test.short, got, test.want)
		}
	}
}

func TestThinKeepsTheExtremes(t *testing.T) {
	values := make([]float64, 10)
	for i := range values {
		values[i] = float64(i)
	}
	values[3], values[8], values[9] = -5, math.NaN(), math.NaN()
	if got := fmt.Sprint(thin(values, 2)); got != "[2 -5 4 7 NaN NaN]" {
		t.Errorf("of two by two the extremes are %s", got)
	}
	if got := thin(values, 1); len(got) != 10 || got[3] != -5.0 {
		t.Errorf("one by one: %v", got)
	}
}
