package pixels

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"webmon/dashboard/source"
	"webmon/shm"
)

const (
	// maxColumns is how many columns a plain array may have as a table.
	maxColumns = 64
	// maxCells is the most values of a table that is written as CSV.
	maxCells = 8 << 20
	// maxLines is how many columns are charted.
	maxLines = 32
	// maxAtOnce is how many bytes of records are asked for at once.
	maxAtOnce = 1 << 20
	// unknownAtOnce is how many records are asked for at once whose size is not known.
	unknownAtOnce = 16
	// maxSlow is the most values that are read one by one for a chart.
	maxSlow = 1 << 19
	// maxPlainTable is the most bytes of a plain array that is a table.
	maxPlainTable = 64 << 20
)

// Column is one column of a table.
type Column struct {
	Name, Unit string
	Number     bool // a chart shows its values
	Short      bool // of floats of 32 bits and fewer, which need fewer digits
}

// Table is a part of a frame as records.
type Table struct {
	Columns []Column
	Rows    [][]shm.Value // from the first that was asked for
	Total   int           // of the frame
}

// Columns are the columns of an array that is a table.
func Columns(info *shm.ArrayInfo, shape []int) ([]Column, error) {
	if len(info.Fields) > 0 {
		if len(shape) != 1 {
			return nil, fmt.Errorf("its records lie along %d axes, and only those along one are listed; use .npy", len(shape))
		}
		columns := make([]Column, len(info.Fields))
		for i, f := range info.Fields {
			d, ok := ParseDType(f.Descr)
			columns[i] = Column{f.Name, f.Unit, ok && d.charted() && len(f.Shape) == 0, d.short()}
		}
		return columns, nil
	}
	d, ok := ParseDType(info.Descr)
	if !ok || !d.read() {
		return nil, fmt.Errorf("its values are no numbers: %s", TypeName(info))
	}
	number, short := d.charted(), d.short()
	switch len(shape) {
	case 1:
		return []Column{{"value", info.Unit, number, short}}, nil
	case 2:
		if shape[1] > maxColumns {
			return nil, fmt.Errorf("it has %d columns, and at most %d are listed; use .npy", shape[1], maxColumns)
		}
		columns := make([]Column, shape[1])
		for i := range columns {
			columns[i] = Column{strconv.Itoa(i), info.Unit, number, short}
		}
		return columns, nil
	}
	return nil, fmt.Errorf("it has %d axes, and a table has 1 or 2; use .npy", len(shape))
}

// ReadTable reads the first n records of a frame; with n < 0 all of them. It ends with the error of ctx when that
// is done. Of records that have no bytes there are none, however many the shape says:
// (2^40, 0), for example.
func ReadTable(ctx context.Context, frame *shm.ArrayFrame, n int) (*Table, error) {
	columns, err := Columns(frame.Info, frame.Shape)
	if err != nil {
		return nil, refuse("", err)
	}
	t := &Table{Columns: columns, Total: frame.Shape[0]}
	if n < 0 {
		n = t.Total
	}
	err = eachRecord(ctx, frame, columns, min(n, t.Total), func(row []shm.Value) error {
		t.Rows = append(t.Rows, slices.Clone(row))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// eachRecord calls f with each of the first n records of a frame of those columns. The
// record is f's until it returns.
func eachRecord(ctx context.Context, frame *shm.ArrayFrame, columns []Column, n int, f func([]shm.Value) error) error {
	info := frame.Info
	item, known := ItemBytes(info)
	if Count(frame.Shape) == 0 || known && item == 0 {
		return nil
	}
	if len(info.Fields) > 0 {
		// A reader gives only so many at once.
		each := max(1, maxAtOnce/max(1, item))
		if !known {
			each = unknownAtOnce
		}
		for from := 0; from < n; from += each {
			if err := ctx.Err(); err != nil {
				return err
			}
			rows, err := frame.Reader.ReadRecords(frame, from, min(from+each, n))
			if err != nil {
				return err
			}
			for _, row := range rows {
				if err := f(row); err != nil {
					return err
				}
			}
		}
		return nil
	}
	d, _ := ParseDType(info.Descr)
	if size := Count(frame.Shape); size > maxPlainTable/d.size {
		return fmt.Errorf("%w: a table has at most %d MiB; use .npy", ErrTooLarge, maxPlainTable>>20)
	}
	data, err := frame.Reader.ReadAll(frame, nil)
	if err != nil {
		return err
	}
	if len(data) != Count(frame.Shape)*d.size {
		return fmt.Errorf("%w: the frame has %d bytes", shm.ErrNoArray, len(data))
	}
	row := make([]shm.Value, len(columns))
	for i := range n {
		if i%checkEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		for j := range row {
			row[j] = d.value(data[(i*len(columns)+j)*d.size:])
		}
		if err := f(row); err != nil {
			return err
		}
	}
	return nil
}

// WriteCSV writes the records of a frame, with a line of names first. It ends with the
// error of ctx when that is done. It keeps a part of the records at a time, besides the
// frame itself if that is a plain array. The error may come after some of them were written.
func WriteCSV(ctx context.Context, w io.Writer, frame *shm.ArrayFrame) error {
	if !IsTable(frame.Info) {
		return refuse("", errors.New("it is no table; use .npy or .png"))
	}
	columns, err := Columns(frame.Info, frame.Shape)
	if err != nil {
		return refuse("", err)
	}
	if n := frame.Shape[0]; Count(frame.Shape) > 0 && n > maxCells/valuesIn(frame.Info, columns) {
		return fmt.Errorf("%w: a CSV has at most %d values, and this would have %d rows of %d; use .npy", ErrTooLarge, maxCells, n, valuesIn(frame.Info, columns))
	}
	out := csv.NewWriter(w)
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = source.Cell(c.Name)
	}
	if err := out.Write(cells); err != nil {
		return err
	}
	err = eachRecord(ctx, frame, columns, frame.Shape[0], func(row []shm.Value) error {
		for i, v := range row {
			cells[i] = source.Cell(v)
		}
		return out.Write(cells)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// valuesIn is how many values a row has, at least 1: those in fields that are arrays are
// each one, and of what a field holds otherwise every byte may be.
func valuesIn(info *shm.ArrayInfo, columns []Column) int {
	n := len(columns)
	for _, f := range info.Fields {
		d, known := ParseDType(f.Descr)
		each := 1
		if !known || d.kind == 'V' {
			each = max(d.size, 1)
		}
		if count := Count(f.Shape); count < maxCells && each < maxCells {
			n = min(n+count*each, maxCells)
		} else {
			n = maxCells
		}
	}
	return max(n, 1)
}

// charted reports whether its values are numbers that a chart shows.
func (d DType) charted() bool { return d.numeric() && d.kind != 'b' && d.kind != 'c' }

// short reports whether its values are floats of 32 bits or fewer.
func (d DType) short() bool { return d.kind == 'f' && d.size <= 4 }

// Charted is a column as numbers. NaN stands for a value that is not a number.
type Charted struct {
	Column
	Values []float64
}

// ReadColumns reads the columns of numbers of a frame, of their first rows where there are
// too many.
func ReadColumns(frame *shm.ArrayFrame) ([]Charted, error) {
	info := frame.Info
	all, err := Columns(info, frame.Shape)
	if err != nil {
		return nil, err
	}
	var list []Charted
	type place struct {
		DType
		at int // bytes from the beginning of the record
	}
	var places []place
	at, seen := 0, map[string]bool{}
	for i, c := range all {
		d, size := DType{}, 0
		if len(info.Fields) > 0 {
			d, _ = ParseDType(info.Fields[i].Descr)
			size = d.size * Count(info.Fields[i].Shape)
		} else {
			d, _ = ParseDType(info.Descr)
			size = d.size
		}
		if c.Number && len(list) < maxLines && !seen[c.Name] {
			seen[c.Name] = true
			list = append(list, Charted{Column: c})
			places = append(places, place{d, at})
		}
		at += size
	}
	if frame.Shape[0] == 0 || len(list) == 0 {
		return list, nil
	}
	if item, known := ItemBytes(info); known && Count(frame.Shape) <= maxElementFrame/max(1, item) {
		data, err := frame.Reader.ReadAll(frame, nil)
		if err != nil {
			return nil, err
		}
		if rows := frame.Shape[0]; len(data) == at*rows {
			for i := range list {
				values := make([]float64, rows)
				for r := range values {
					values[r] = number(places[i].value(data[r*at+places[i].at:]))
				}
				list[i].Values = values
			}
			return list, nil
		}
	}
	// Records with gaps between their fields, or too many of them: the first.
	t, err := ReadTable(context.Background(), frame, maxSlow/len(all))
	if err != nil {
		return nil, err
	}
	for i := range list {
		j := 0
		for all[j] != list[i].Column {
			j++
		}
		list[i].Values = make([]float64, len(t.Rows))
		for r, row := range t.Rows {
			list[i].Values[r] = number(row[j])
		}
	}
	return list, nil
}

// number is a value as a number, NaN if it is none.
func number(v shm.Value) float64 {
	x, ok := shm.Number(v)
	if !ok {
		return math.NaN()
	}
	return x
}
