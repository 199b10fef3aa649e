package components

import (
	"strings"
	"testing"
)

func TestHistogramInWords(t *testing.T) {
	bins := func(at ...int) []int64 {
		counts := make([]int64, 256)
		for _, i := range at {
			counts[i] += 100
		}
		return counts
	}
	plain := func(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }
	for _, tt := range []struct {
		name string
		h    Histogram
		want string
	}{
		{"all 0", Histogram{High: 1, Counts: bins(0), Exact: true, Whole: true}, "All values are 0."},
		{"all 0, floats", Histogram{High: 1, Counts: bins(0), Exact: true}, "All values are 0."},
		{"all the greatest", Histogram{High: 255, Counts: bins(255), Exact: true, Whole: true, Least: 255, Greatest: 255}, "All values are 255."},
		{"all -1.5", Histogram{Low: -1.5, High: -0.5, Counts: bins(0), Exact: true, Least: -1.5, Greatest: -1.5}, "All values are -1.5."},
		{"false and true", Histogram{High: 1, Counts: bins(0, 0, 255), Exact: true, Whole: true, Greatest: 1},
			"Values from 0 to 1: half of them at most 0, 1 % at most 0, 1 % at least 1."},
		{"bytes", Histogram{High: 256, Counts: bins(3, 3, 7), Exact: true, Whole: true, Least: 3, Greatest: 7},
			"Values from 3 to 7: half of them at most 3, 1 % at most 3, 1 % at least 7."},
		{"bytes of a camera", Histogram{High: 255, Counts: bins(3, 3, 255), Exact: true, Whole: true, Least: 3, Greatest: 255},
			"Values from 3 to 255: half of them at most 3, 1 % at most 3, 1 % at least 255."},
		{"of an older package", Histogram{High: 256, Counts: bins(3, 3, 7)}, "Values from 0 to 256: half of them at most 3.5, 1 % at most 3.5, 1 % at least 7.5."},
		{"none", Histogram{}, "No values in the visible slice."},
	} {
		if got := plain(tt.h.text()); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
