package natural

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestNamesInTheOrderOfPeople(t *testing.T) {
	want := []string{
		"", "0", "00", "01", "1", "2", "10", "18446744073709551616", "a", "a1b2", "a1b10", "a10b1", "camera", "layer",
		"layer.2", "layer.2.level.9", "layer.2.level.10", "layer.10", "layer.92", "layer.100", "layer.x", "é9", "é10",
	}
	for range 20 {
		got := slices.Clone(want)
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, Compare)
		if !slices.Equal(got, want) {
			t.Fatalf("got %q", got)
		}
	}
}

// It must be an order, whatever the names are.
func FuzzCompare(f *testing.F) {
	f.Add("layer.2", "layer.10", "layer.02")
	f.Add("0", "00", "")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if ab := Compare(a, b); ab != -Compare(b, a) || (ab == 0) != (a == b) {
			t.Fatalf("%q and %q", a, b)
		}
		list := []string{a, b, c}
		slices.SortFunc(list, Compare)
		if Compare(list[0], list[2]) > 0 {
			t.Fatalf("%q", strings.Join(list, "|"))
		}
	})
}
