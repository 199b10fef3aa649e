package ui

import (
	"context"
	"io"
	"strconv"
	"testing"
)

// BenchmarkTable renders a table of 166 rows of four cells, as the largest of
// the pages' tables are.
func BenchmarkTable(b *testing.B) {
	props := TableProps{
		Caption: "Tiles in view",
		Columns: []Column{{Title: "Tile"}, {Title: "Row", Numeric: true}, {Title: "Column", Numeric: true}, {Title: "Side", Unit: "px", Numeric: true}},
	}
	for i := range 166 {
		props.Rows = append(props.Rows, Row{Cells: Text("tile "+strconv.Itoa(i), strconv.Itoa(i/13), strconv.Itoa(i%13), "256")})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := Table(props).Render(context.Background(), io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
