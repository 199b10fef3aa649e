package viewer

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRectangles(t *testing.T) {
	block := func(row, col, rows, cols int64) (r, c []int64) {
		for i := range rows {
			for j := range cols {
				r, c = append(r, row+i), append(c, col+j)
			}
		}
		return r, c
	}
	for _, test := range []struct {
		name       string
		rows, cols []int64
		want       []rect
		count      int
	}{
		{name: "none"},
		{name: "one", rows: []int64{3}, cols: []int64{4}, want: []rect{{3, 4, 1, 1}}, count: 1},
		{name: "twice", rows: []int64{3, 3}, cols: []int64{4, 4}, want: []rect{{3, 4, 1, 1}}, count: 1},
		{name: "row", rows: []int64{0, 0, 0}, cols: []int64{2, 1, 0}, want: []rect{{0, 0, 1, 3}}, count: 3},
		{name: "column", rows: []int64{2, 1, 0}, cols: []int64{5, 5, 5}, want: []rect{{0, 5, 3, 1}}, count: 3},
		{name: "two columns with a gap", rows: []int64{0, 1, 0, 1}, cols: []int64{0, 0, 2, 2},
			want: []rect{{0, 0, 2, 1}, {0, 2, 2, 1}}, count: 4},
		{name: "a row missing", rows: []int64{0, 2}, cols: []int64{0, 0}, want: []rect{{0, 0, 1, 1}, {2, 0, 1, 1}}, count: 2},
		{name: "off the grid", rows: []int64{-1, 0}, cols: []int64{0, -1}},
		{name: "lists of unequal length", rows: []int64{0, 1}, cols: []int64{0}, want: []rect{{0, 0, 1, 1}}, count: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, count := new(merger).rectangles(test.rows, test.cols)
			if !slices.Equal(got, test.want) || count != test.count {
				t.Errorf("got %v, %d tiles, want %v, %d", got, count, test.want, test.count)
			}
		})
	}
	t.Run("a block of ten thousand is one rectangle", func(t *testing.T) {
		rows, cols := block(7, 9, 100, 100)
		got, count := new(merger).rectangles(rows, cols)
		if want := []rect{{7, 9, 100, 100}}; !slices.Equal(got, want) || count != 10000 {
			t.Errorf("got %v, %d, want %v", got, count, want)
		}
	})
}

// Any set of tiles comes back as rectangles that hold each of them once.
func TestRectanglesHoldJustTheTiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	m := new(merger)
	for range 500 {
		size := 1 + r.Int64N(12)
		want := map[tile]bool{}
		var rows, cols []int64
		for range r.IntN(100) {
			tl := tile{r.Int64N(size), r.Int64N(size)}
			want[tl] = true
			rows, cols = append(rows, tl.row), append(cols, tl.col)
		}
		rects, count := m.rectangles(rows, cols)
		got := map[tile]bool{}
		for _, re := range rects {
			for i := range re.rows {
				for j := range re.cols {
					tl := tile{re.row + i, re.col + j}
					if got[tl] {
						t.Fatalf("%v stands in two rectangles of %v", tl, rects)
					}
					got[tl] = true
				}
			}
		}
		if len(got) != len(want) || count != len(want) {
			t.Fatalf("%d tiles became %d, count %d", len(want), len(got), count)
		}
		for tl := range want {
			if !got[tl] {
				t.Fatalf("%v is missing in %v", tl, rects)
			}
		}
	}
}

func BenchmarkRectangles(b *testing.B) {
	var rows, cols []int64
	for i := range int64(100) {
		for j := range int64(100) {
			rows, cols = append(rows, i), append(cols, j)
		}
	}
	m := new(merger)
	b.ReportAllocs()
	for b.Loop() {
		m.rectangles(rows, cols)
	}
}
