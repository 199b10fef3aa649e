package viewer

import (
	"cmp"
	"slices"
)

// rect is a block of tiles of one level: where it begins and how far it goes.
type rect struct{ row, col, rows, cols int64 }

type tile struct{ row, col int64 }

// merger turns lists of tiles into rectangles. napari draws a block of tiles, of
// which single ones are missing while they load. So a few rectangles stand for
// thousands of tiles. A merger uses its memory again in the next call.
type merger struct {
	tiles []tile
	rects []rect
	open  []int // rects that end in the row above, by column
	next  []int
}

// rectangles returns disjoint rectangles that cover exactly the given tiles, and
// how many different tiles these are. Tiles with a negative row or column are left
// out. The result is valid until the next call.
func (m *merger) rectangles(rows, cols []int64) (rects []rect, count int) {
	m.tiles = m.tiles[:0]
	sorted := true
	for i := range min(len(rows), len(cols)) {
		t := tile{rows[i], cols[i]}
		if t.row < 0 || t.col < 0 {
			continue
		}
		if n := len(m.tiles); sorted && n > 0 && compare(m.tiles[n-1], t) > 0 {
			sorted = false
		}
		m.tiles = append(m.tiles, t)
	}
	if !sorted {
		slices.SortFunc(m.tiles, compare)
	}
	tiles := slices.Compact(m.tiles)

	m.rects, m.open = m.rects[:0], m.open[:0]
	lastRow := int64(-2)
	for i := 0; i < len(tiles); {
		row := tiles[i].row
		if row != lastRow+1 {
			m.open = m.open[:0]
		}
		lastRow = row
		m.next = m.next[:0]
		above := 0
		for i < len(tiles) && tiles[i].row == row {
			run := rect{row, tiles[i].col, 1, 1}
			for i++; i < len(tiles) && tiles[i] == (tile{row, run.col + run.cols}); i++ {
				run.cols++
			}
			for above < len(m.open) && m.rects[m.open[above]].col < run.col {
				above++
			}
			if above < len(m.open) {
				if r := &m.rects[m.open[above]]; r.col == run.col && r.cols == run.cols {
					r.rows++
					m.next = append(m.next, m.open[above])
					continue
				}
			}
			m.next = append(m.next, len(m.rects))
			m.rects = append(m.rects, run)
		}
		m.open, m.next = m.next, m.open
	}
	return m.rects, len(tiles)
}

func compare(a, b tile) int {
	if c := cmp.Compare(a.row, b.row); c != 0 {
		return c
	}
	return cmp.Compare(a.col, b.col)
}
