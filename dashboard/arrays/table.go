package arrays

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/hub"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

const (
	// maxListed is how many records the page lists.
	maxListed = 200
	// maxColumns is how many columns a plain array may have as a table.
	maxColumns = 64
	// maxCells is the most values of a table that is written as CSV.
	maxCells = 8 << 20
	// maxCharted is how many points of a column are charted.
	maxCharted = 4096
	// maxLines is how many columns are charted.
	maxLines = 32
	// tableEvery is the least time between two tables.
	tableEvery = 250 * time.Millisecond
	// maxAtOnce is how many bytes of records are asked for at once.
	maxAtOnce = 1 << 20
	// maxSlow is the most values that are read one by one for a chart.
	maxSlow = 1 << 19
	// maxPlainTable is the most bytes of a plain array that is a table.
	maxPlainTable = 64 << 20
)

// column is one column of a table.
type column struct {
	name, unit string
	number     bool
	short      bool // of floats of 32 bits and fewer, which need fewer digits
}

// table is a part of a frame as records.
type table struct {
	columns []column
	rows    [][]shm.Value // from the first that was asked for
	total   int           // of the frame
}

// columnsOf are the columns of an array that is a table.
func columnsOf(info *shm.ArrayInfo, shape []int) ([]column, error) {
	if len(info.Fields) > 0 {
		if len(shape) != 1 {
			return nil, fmt.Errorf("its records lie along %d axes, and only those along one are listed; use .npy", len(shape))
		}
		columns := make([]column, len(info.Fields))
		for i, f := range info.Fields {
			d, ok := parseDType(f.Descr)
			columns[i] = column{f.Name, f.Unit, ok && d.charted() && len(f.Shape) == 0, d.short()}
		}
		return columns, nil
	}
	d, ok := parseDType(info.Descr)
	if !ok || !d.read() {
		return nil, fmt.Errorf("its values are no numbers: %s", typeName(info))
	}
	number, short := d.charted(), d.short()
	switch len(shape) {
	case 1:
		return []column{{"value", info.Unit, number, short}}, nil
	case 2:
		if shape[1] > maxColumns {
			return nil, fmt.Errorf("it has %d columns, and at most %d are listed; use .npy", shape[1], maxColumns)
		}
		columns := make([]column, shape[1])
		for i := range columns {
			columns[i] = column{strconv.Itoa(i), info.Unit, number, short}
		}
		return columns, nil
	}
	return nil, fmt.Errorf("it has %d axes, and a table has 1 or 2; use .npy", len(shape))
}

// readTable reads the first records of a frame, at most so many; with n < 0 all.
func readTable(frame *shm.ArrayFrame, n int) (*table, error) {
	info := frame.Info
	columns, err := columnsOf(info, frame.Shape)
	if err != nil {
		return nil, &FieldError{"", err}
	}
	t := &table{columns: columns, total: frame.Shape[0]}
	if n < 0 {
		n = t.total
	}
	n = min(n, t.total)
	if len(info.Fields) > 0 {
		// A reader gives only so many at once.
		item, _ := itemBytes(info)
		each := max(1, maxAtOnce/max(1, item))
		for from := 0; from < n; from += each {
			rows, err := frame.Reader.ReadRecords(frame, from, min(from+each, n))
			if err != nil {
				return nil, err
			}
			t.rows = append(t.rows, rows...)
		}
		return t, nil
	}
	d, _ := parseDType(info.Descr)
	if size := count(frame.Shape); size > maxPlainTable/d.size {
		return nil, fmt.Errorf("%w: a table has at most %d MiB; use .npy", ErrTooLarge, maxPlainTable>>20)
	}
	data, err := frame.Reader.ReadAll(frame, nil)
	if err != nil {
		return nil, err
	}
	if len(data) != count(frame.Shape)*d.size {
		return nil, fmt.Errorf("%w: the frame has %d bytes", shm.ErrNoArray, len(data))
	}
	t.rows = make([][]shm.Value, n)
	for i := range t.rows {
		row := make([]shm.Value, len(columns))
		for j := range row {
			row[j] = d.value(data[(i*len(columns)+j)*d.size:])
		}
		t.rows[i] = row
	}
	return t, nil
}

// WriteCSV writes the records of a frame, with a line of names first.
func WriteCSV(frame *shm.ArrayFrame) (func(io.Writer) error, error) {
	if !IsTable(frame.Info) {
		return nil, &FieldError{"", errors.New("it is no table; use .npy or .png")}
	}
	columns, err := columnsOf(frame.Info, frame.Shape)
	if err != nil {
		return nil, &FieldError{"", err}
	}
	if n := frame.Shape[0]; len(columns) > 0 && n > maxCells/len(columns) {
		return nil, fmt.Errorf("%w: a CSV has at most %d values, and this would have %d; use .npy", ErrTooLarge, maxCells, n*len(columns))
	}
	t, err := readTable(frame, -1)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer) error {
		out := csv.NewWriter(w)
		cells := make([]string, len(t.columns))
		for i, c := range t.columns {
			cells[i] = source.Cell(c.name)
		}
		if err := out.Write(cells); err != nil {
			return err
		}
		for _, row := range t.rows {
			for i, v := range row {
				cells[i] = source.Cell(v)
			}
			if err := out.Write(cells); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	}, nil
}

// records is the table of an array as the page shows it.
func records(src *source.Source, info *shm.ArrayInfo) components.ArrayRecords {
	r := components.ArrayRecords{Topic: src.ID() + "/records/" + info.Name}
	var t *table
	_, err := current(src, info.Name, func(frame *shm.ArrayFrame) (err error) {
		t, err = readTable(frame, maxListed)
		return err
	})
	if t == nil || err != nil {
		if columns, err := columnsOf(info, info.Shape); err == nil {
			r.Columns = uiColumns(columns)
		}
		if newest(src, info.Name) == nil {
			r.More = WhyNone(src, info.Name)
		} else if !errors.Is(err, shm.ErrOvertaken) {
			r.More = source.Sentence(err)
		}
		return r
	}
	r.Columns, r.Total = uiColumns(t.columns), t.total
	for i, row := range t.rows {
		texts := make([]string, 1, len(row)+1)
		texts[0] = strconv.Itoa(i)
		for _, v := range row {
			texts = append(texts, text(v, t.columns[len(texts)-1].short))
		}
		r.Rows = append(r.Rows, ui.Row{Key: texts[0], Cells: ui.Text(texts...)})
	}
	if left := t.total - len(t.rows); left > 0 {
		r.More = ui.Count(left) + " more " + ui.Plural(left, "is", "are") + " not listed."
	}
	return r
}

// uiColumns are the columns of a table, the records' numbers before them.
func uiColumns(columns []column) []ui.Column {
	out := []ui.Column{{Title: "#", Numeric: true}}
	for _, c := range columns {
		out = append(out, ui.Column{Title: c.name, Unit: c.unit, Numeric: c.number})
	}
	return out
}

// charted reports whether its values are numbers that a chart shows.
func (d dtype) charted() bool { return d.numeric() && d.kind != 'b' && d.kind != 'c' }

// short reports whether its values are floats of 32 bits or fewer.
func (d dtype) short() bool { return d.kind == 'f' && d.size <= 4 }

// text is a value in a cell, of at most a line: numbers with as many digits as it
// takes to tell them apart, those that are short among floats of 32 bits.
func text(v shm.Value, short bool) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return clip(v)
	case bool:
		return strconv.FormatBool(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
		if abs := math.Abs(v); short && (abs >= 1e-6 && abs < 1e21 || abs == 0) {
			return strconv.FormatFloat(v, 'f', -1, 32)
		}
	}
	if text, ok := shm.NumberText(v); ok {
		return text
	}
	b, err := shm.AppendJSON(nil, v)
	if err != nil {
		return ""
	}
	return clip(string(b))
}

func clip(s string) string {
	const most = 80 // characters
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}

// tableName checks the detail of a topic of a table.
func tableName(detail string) (string, error) {
	if !wireName.MatchString(detail) {
		return "", fmt.Errorf("%q is no name of an array", detail)
	}
	return detail, nil
}

// newRecords opens the feed that renders the records of a table.
func newRecords(at tab.Place) (tab.Feed, error) {
	src, detail := at.Source, at.Detail
	name, err := tableName(detail)
	if err != nil {
		return tab.Feed{}, err
	}
	var last components.ArrayRecords
	return tab.NewFragment([]string{shm.ArrayTopic(name)}, func(time.Time) templ.Component {
		info := Info(src, name)
		if info == nil || !IsTable(info) {
			return templ.NopComponent
		}
		next := records(src, info)
		if next.Rows == nil && next.More == "" && len(last.Rows) > 0 {
			next = last // overwritten while it was read: the last one stays
		}
		last = next
		return components.ArrayRecordsFrame(next)
	}), nil
}

// columns is the feed of the numbers in a table's columns, for charts over the
// number of the record. Its frames are JSON:
//
//	{"topic", "ts": ms since the epoch, "seq", "stamp": the process's ms or null,
//	 "total": records, "step": records a point stands for,
//	 "names": [...], "units": [...], "columns": {name: [number or null, ...]}}
//
// Of more records than a chart has points, each two neighbouring points are the
// least and the greatest of 2 * step records, in the order in which they came.
// It is made like a picture, since a table may have millions of records.
type columns struct {
	src         *source.Source
	topic, name string
	seq         uint64
	generation  string
}

func newColumns(at tab.Place) (tab.Pictures, error) {
	name, err := tableName(at.Detail)
	if err != nil {
		return tab.Pictures{}, err
	}
	f := &columns{src: at.Source, topic: at.Topic, name: name}
	return tab.Pictures{Wants: []string{shm.ArrayTopic(name)}, Every: tableEvery, Next: f.next}, nil
}

// next is [tab.Pictures.Next].
func (f *columns) next(now time.Time) *hub.Message {
	var charted []charted
	frame, err := current(f.src, f.name, func(frame *shm.ArrayFrame) (err error) {
		if frame.Seq == f.seq && frame.Info.Generation == f.generation {
			return errSame
		}
		if !IsTable(frame.Info) {
			return errors.New("it is no table")
		}
		charted, err = readColumns(frame)
		return err
	})
	if err != nil {
		return nil
	}
	f.seq, f.generation = frame.Seq, frame.Info.Generation
	return hub.Text(f.encode(frame, charted, now))
}

func (f *columns) encode(frame *shm.ArrayFrame, list []charted, now time.Time) []byte {
	total := frame.Shape[0]
	step := max(1, over(total, maxCharted))
	b := append([]byte(`{"topic":`), strconv.Quote(f.topic)...)
	b = hub.AppendStamp(append(b, `,"ts":`...), now)
	b = strconv.AppendUint(append(b, `,"seq":`...), frame.Seq, 10)
	if frame.Stamp > 0 && frame.Stamp < 1e12 {
		b = strconv.AppendFloat(append(b, `,"stamp":`...), frame.Stamp*1e3, 'f', 3, 64)
	} else {
		b = append(b, `,"stamp":null`...)
	}
	b = strconv.AppendInt(append(b, `,"total":`...), int64(total), 10)
	b = strconv.AppendInt(append(b, `,"step":`...), int64(step), 10)
	names, units, values := []shm.Value{}, []shm.Value{}, map[string]shm.Value{}
	for _, c := range list {
		names, units = append(names, c.name), append(units, c.unit)
		values[c.name] = thin(c.values, step)
	}
	for _, part := range []struct {
		key   string
		value shm.Value
	}{{"names", names}, {"units", units}, {"columns", values}} {
		b = append(append(append(b, `,"`...), part.key...), `":`...)
		b, _ = shm.AppendJSON(b, part.value) // texts and numbers: cannot fail
	}
	return append(b, '}')
}

// charted is a column in numbers, NaN where there is none.
type charted struct {
	column
	values []float64
}

// readColumns reads the columns of numbers of a frame.
func readColumns(frame *shm.ArrayFrame) ([]charted, error) {
	info := frame.Info
	all, err := columnsOf(info, frame.Shape)
	if err != nil {
		return nil, err
	}
	var list []charted
	type place struct {
		dtype
		at int // bytes from the beginning of the record
	}
	var places []place
	at, seen := 0, map[string]bool{}
	for i, c := range all {
		d, size := dtype{}, 0
		if len(info.Fields) > 0 {
			d, _ = parseDType(info.Fields[i].Descr)
			size = d.size * count(info.Fields[i].Shape)
		} else {
			d, _ = parseDType(info.Descr)
			size = d.size
		}
		if c.number && len(list) < maxLines && !seen[c.name] {
			seen[c.name] = true
			list = append(list, charted{c, make([]float64, frame.Shape[0])})
			places = append(places, place{d, at})
		}
		at += size
	}
	if frame.Shape[0] == 0 || len(list) == 0 {
		return list, nil
	}
	if item, known := itemBytes(info); known && count(frame.Shape) <= maxElementFrame/max(1, item) {
		data, err := frame.Reader.ReadAll(frame, nil)
		if err != nil {
			return nil, err
		}
		if len(data) == at*frame.Shape[0] {
			for i, c := range list {
				for r := range c.values {
					c.values[r] = number(places[i].value(data[r*at+places[i].at:]))
				}
			}
			return list, nil
		}
	}
	// Records with gaps between their fields, or too many of them: the first.
	t, err := readTable(frame, maxSlow/len(all))
	if err != nil {
		return nil, err
	}
	for i := range list {
		j := 0
		for all[j] != list[i].column {
			j++
		}
		list[i].values = list[i].values[:len(t.rows)]
		for r, row := range t.rows {
			list[i].values[r] = number(row[j])
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

// thin are the values for a chart, fewer where step is more than one.
func thin(values []float64, step int) []shm.Value {
	out := make([]shm.Value, 0, len(values)/step+2)
	if step == 1 {
		for _, x := range values {
			out = append(out, x)
		}
		return out
	}
	for part := range slices.Chunk(values, 2*step) {
		low, high := -1, -1
		for i, x := range part {
			if math.IsNaN(x) {
				continue
			}
			if low < 0 || x < part[low] {
				low = i
			}
			if high < 0 || x > part[high] {
				high = i
			}
		}
		if low < 0 {
			out = append(out, nil, nil)
			continue
		}
		out = append(out, part[min(low, high)], part[max(low, high)])
	}
	return out
}
