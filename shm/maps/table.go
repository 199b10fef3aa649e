package maps

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// Table is a table of one file: lines of fields between commas, without quoting,
// below a line of names. It is immutable; Set, Append and Remove make new ones.
type Table struct {
	text  *text
	head  int // the line of the names
	names []string
	index map[string]int
	spill int     // the column that takes surplus fields, -1: none
	rows  []int32 // the line of each row

	once   sync.Once
	starts []uint32 // rows x (names + 1): where each field begins in its line
	values []atomic.Pointer[[]float64]
	number []atomic.Uint32 // 0 not known, 1 every cell is a number or blank, 2 not
}

// newTable reads the table below the names in line head, up to before line end.
func newTable(t *text, head, end int) *Table {
	w := &Table{text: t, head: head, spill: -1, index: map[string]int{}}
	if head < len(t.lines) {
		for name := range strings.SplitSeq(decode(t.line(head)), ",") {
			if len(w.names) == maxColumns {
				break // what is behind them stays in the rows
			}
			w.names = append(w.names, strings.TrimSpace(name))
		}
	}
	for len(w.names) > 0 && w.names[len(w.names)-1] == "" {
		w.names = w.names[:len(w.names)-1]
	}
	for i, name := range w.names {
		if _, twice := w.index[name]; !twice {
			w.index[name] = i
		}
	}
	if i, ok := w.index["note"]; ok {
		w.spill = i
	}
	w.rows = make([]int32, 0, max(end-head-1, 0))
	for i := head + 1; i < end; i++ {
		if len(bytes.TrimSpace(t.line(i))) > 0 {
			w.rows = append(w.rows, int32(i))
		}
	}
	w.values = make([]atomic.Pointer[[]float64], len(w.names))
	w.number = make([]atomic.Uint32, len(w.names))
	return w
}

// Len returns the number of rows.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return len(t.rows)
}

// Names lists the columns in the order of the file. It must not be changed.
func (t *Table) Names() []string {
	if t == nil {
		return nil
	}
	return t.names
}

// Has reports whether there is such a column.
func (t *Table) Has(name string) bool {
	if t == nil {
		return false
	}
	_, ok := t.index[name]
	return ok
}

// fields finds the fields of all rows.
func (t *Table) fields() []uint32 {
	t.once.Do(func() {
		n := len(t.names)
		// The last name is followed by a comma, and so is the last field.
		surplus := bytes.Count(t.text.line(t.head), []byte{','}) + 1
		starts := make([]uint32, len(t.rows)*(n+1))
		for r, line := range t.rows {
			row := t.text.line(int(line))
			at := starts[r*(n+1) : (r+1)*(n+1)]
			spilled := 0
			if t.spill >= 0 {
				spilled = bytes.Count(row, []byte{','}) + 1 - surplus
			}
			field := 0
			if spilled <= 0 {
				for i, c := range row {
					if c == ',' {
						if field++; field == len(at) {
							break
						}
						at[field] = uint32(i + 1)
					}
				}
			} else {
				for i, c := range row {
					if c != ',' {
						continue
					}
					if spilled > 0 && field == t.spill {
						spilled--
						continue
					}
					if field++; field > n {
						break
					}
					at[field] = uint32(i + 1)
				}
			}
			// What a short row lacks begins, empty, behind its end.
			for field++; field <= n; field++ {
				at[field] = uint32(len(row) + 1)
			}
		}
		t.starts = starts
	})
	return t.starts
}

// raw returns a field as it is in the file.
func (t *Table) raw(row, col int) []byte {
	n := len(t.names) + 1
	at := t.fields()[row*n+col:]
	line := t.text.line(int(t.rows[row]))
	from, to := min(int(at[0]), len(line)), min(max(int(at[1])-1, 0), len(line))
	return line[from:max(from, to)]
}

// Cell returns what a row has in a column, "" where there is no such column.
func (t *Table) Cell(row int, name string) string {
	if t == nil || row < 0 || row >= len(t.rows) {
		return ""
	}
	col, ok := t.index[name]
	if !ok {
		return ""
	}
	return decode(t.raw(row, col))
}

// Column returns a column as numbers, a number for each row, NaN where the cell is
// blank or no number. It is nil if there is no such column, and must not be changed.
func (t *Table) Column(name string) []float64 {
	if t == nil {
		return nil
	}
	col, ok := t.index[name]
	if !ok {
		return nil
	}
	if v := t.values[col].Load(); v != nil {
		return *v
	}
	n := len(t.names) + 1
	starts := t.fields()
	values := make([]float64, len(t.rows))
	numeric := uint32(1)
	for r, line := range t.rows {
		// A field that ends with a comma needs no look at the end of its line.
		row := t.text.lines[line]
		at := starts[r*n+col:]
		from, to := int(at[0]), int(at[1])-1
		if to >= len(row) || row[max(to, 0)] != ',' {
			row = trimEnd(row)
			from, to = min(from, len(row)), min(max(to, 0), len(row))
		}
		var ok bool
		if values[r], ok = number(row[from:max(from, to)]); !ok {
			numeric = 2
		}
	}
	t.number[col].Store(numeric)
	t.values[col].Store(&values)
	return values
}

// Numeric reports whether every cell of a column is a number or blank.
func (t *Table) Numeric(name string) bool {
	if t.Column(name) == nil && !t.Has(name) {
		return false
	}
	return t.number[t.index[name]].Load() == 1
}

// Value returns a number of a row, NaN where there is none.
func (t *Table) Value(row int, name string) float64 {
	c := t.Column(name)
	if row < 0 || row >= len(c) {
		return math.NaN()
	}
	return c[row]
}

// Head returns the values of the file's first line.
func (t *Table) Head() map[string]string {
	if t == nil || t.head < 1 {
		return map[string]string{}
	}
	return pairs(t.text.line(0))
}

// SetHead returns a table with a value of the file's first line replaced, or added.
// A table whose file has no such line is returned as it is.
func (t *Table) SetHead(key, value string) *Table {
	if t.head < 1 || strings.ContainsAny(value, ";\r\n") {
		return t
	}
	return t.again(t.text.with(0, setPair(t.text.line(0), key, value)))
}

// again reads the same table in a text of as many lines.
func (t *Table) again(changed *text) *Table {
	return newTable(changed, t.head, len(changed.lines))
}

// checkCell says why words cannot be a cell. Fields are not quoted, so that only the
// column of notes can hold a comma.
func (t *Table) checkCell(name, words string) error {
	col, ok := t.index[name]
	switch {
	case !ok:
		return fmt.Errorf("there is no column %q", name)
	case strings.ContainsAny(words, "\r\n"):
		return fmt.Errorf("%s cannot have more than one line", name)
	case strings.Contains(words, ",") && col != t.spill:
		return fmt.Errorf("%s cannot have a comma", name)
	case strings.ContainsRune(words, 0):
		return fmt.Errorf("%s has a character that is no text", name)
	}
	return nil
}

// Set returns a table with some cells of a row changed. The error says which cell
// cannot be.
func (t *Table) Set(row int, cells map[string]string) (*Table, error) {
	if row < 0 || row >= len(t.rows) {
		return nil, fmt.Errorf("there is no row %d; the table has %d", row, len(t.rows))
	}
	line := t.text.line(int(t.rows[row]))
	n := len(t.names)
	fields := make([][]byte, n)
	for col := range fields {
		fields[col] = t.raw(row, col)
	}
	tail := line[min(max(int(t.fields()[row*(n+1)+n])-1, 0), len(line)):]
	words := make(map[int]string, len(cells))
	for name, w := range cells {
		if err := t.checkCell(name, w); err != nil {
			return nil, err
		}
		words[t.index[name]] = w
	}
	// A row that is not UTF-8 stays Latin-1 while what is new can be written so.
	latin := !utf8.Valid(line)
	if latin && slices.ContainsFunc(slices.Collect(maps.Values(words)), func(w string) bool { return !isLatin(w) }) {
		for col := range fields {
			fields[col] = []byte(decodeLatin(fields[col]))
		}
		tail, latin = []byte(decodeLatin(tail)), false
	}
	for col, w := range words {
		fields[col] = []byte(w)
		if latin {
			fields[col] = encodeLatin(w)
		}
	}
	return t.again(t.text.with(int(t.rows[row]), append(bytes.Join(fields, []byte{','}), tail...))), nil
}

// Append returns a table with one more row, whose other cells are blank, or are fill
// if it is not "".
func (t *Table) Append(cells map[string]string, fill string) (*Table, error) {
	fields := make([]string, len(t.names))
	for i := range fields {
		fields[i] = fill
	}
	for name, words := range cells {
		if err := t.checkCell(name, words); err != nil {
			return nil, err
		}
		fields[t.index[name]] = words
	}
	line := strings.Join(fields, ",")
	if bytes.HasSuffix(t.text.line(t.head), []byte{','}) {
		line += ","
	}
	at := t.head + 1
	if len(t.rows) > 0 {
		at = int(t.rows[len(t.rows)-1]) + 1
	}
	return t.again(t.text.insert(at, []byte(line))), nil
}

// Remove returns a table without a row.
func (t *Table) Remove(row int) (*Table, error) {
	if row < 0 || row >= len(t.rows) {
		return nil, fmt.Errorf("there is no row %d; the table has %d", row, len(t.rows))
	}
	return t.again(t.text.without(int(t.rows[row]))), nil
}

// Bytes returns the file that the table is of.
func (t *Table) Bytes() []byte { return t.text.bytes() }
