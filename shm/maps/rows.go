package maps

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Line returns a row as it is in the file, without its end. It must not be changed.
func (t *Table) Line(row int) []byte { return t.text.line(int(t.rows[row])) }

// checkLine says why a line cannot be a row of a table.
func checkLine(line []byte) error {
	if bytes.ContainsAny(line, "\r\n\x00") || len(bytes.TrimSpace(line)) == 0 {
		return errors.New("a row has one line, which is not empty")
	}
	return nil
}

// WithLines returns a table in which rows are replaced as a whole.
func (t *Table) WithLines(lines map[int][]byte) (*Table, error) {
	changed := &text{eol: t.text.eol, lines: append([][]byte(nil), t.text.lines...)}
	for row, line := range lines {
		if row < 0 || row >= t.Len() {
			return nil, fmt.Errorf("there is no row %d; the table has %d", row, t.Len())
		}
		if err := checkLine(line); err != nil {
			return nil, err
		}
		at := t.rows[row]
		end := t.text.lines[at][len(t.text.line(int(at))):]
		changed.lines[at] = append(append(make([]byte, 0, len(line)+len(end)), line...), end...)
	}
	return t.again(changed), nil
}

// Insert returns a table with a line before a row, or behind the last one.
func (t *Table) Insert(row int, line []byte) (*Table, error) {
	if row < 0 || row > t.Len() {
		return nil, fmt.Errorf("there is no row %d; the table has %d", row, t.Len())
	}
	if err := checkLine(line); err != nil {
		return nil, err
	}
	at := t.head + 1
	switch {
	case row < len(t.rows):
		at = int(t.rows[row])
	case row > 0:
		at = int(t.rows[row-1]) + 1
	}
	return t.again(t.text.insert(at, line)), nil
}

// SetSegment returns a tracing with some cells of a segment changed.
func (t *Tracing) SetSegment(segment int, cells map[string]string) (*Tracing, error) {
	w, err := t.Segments.Set(segment, cells)
	if err != nil {
		return nil, err
	}
	return newTracing(w.text), nil
}

// PivotOffset returns what is added to the distance of an object from the start of a segment
// for that from the segment's pivot, in micrometres; NaN where nothing tells.
func (s *Session) PivotOffset(segment int) float64 { return s.pivotAt(segment) }

// LinkCell is a cell of links as it is in the file.
type LinkCell struct {
	Block   string `json:"block"`
	Session int    `json:"session"`
	Row     int    `json:"row"`
	Text    string `json:"text"`
}

// NewLinks returns links of so many rows and sessions in which nothing is linked.
func NewLinks(rows, sessions int) (*Links, error) {
	names := []string{"idx", "next", "nextTP", "prev", "prevTP", "blank", "runIdx", "dynType", "forced", "nodeType", "segmentID", "splitIdx"}
	if rows < 0 || sessions < 1 || rows*sessions*len(names) > maxCells {
		return nil, fmt.Errorf("%d rows of %d sessions are more than a map can have", rows, sessions)
	}
	empty := strings.TrimSuffix(strings.Repeat("NAN\t", sessions), "\t") + "\n"
	data := fmt.Sprintf("rows=%d;cols=%d;blocks=%d;blockNames=%s;\n", rows, sessions, len(names), strings.Join(names, ",")) + strings.Repeat(empty, rows*len(names))
	return newLinks(newText([]byte(data)))
}

// linkEdit changes cells of links; each line is divided and put together once.
type linkEdit struct {
	l     *Links
	t     *text
	rows  int
	lines map[int][][]byte
}

func (l *Links) edit() *linkEdit {
	return &linkEdit{l: l, t: &text{eol: l.text.eol, lines: append([][]byte(nil), l.text.lines...)}, rows: l.Rows, lines: map[int][][]byte{}}
}

func (e *linkEdit) cells(block, row int) [][]byte {
	i := 1 + block*e.rows + row
	c, ok := e.lines[i]
	if !ok {
		c = bytes.Split(e.t.line(i), []byte{'\t'})
		e.lines[i] = c
	}
	return c
}

func (e *linkEdit) get(block, session, row int) string {
	if c := e.cells(block, row); session < len(c) {
		return string(c[session])
	}
	return "NAN"
}

func (e *linkEdit) set(block, session, row int, words string) {
	c := e.cells(block, row)
	if session >= len(c) && words == "NAN" || session < len(c) && string(c[session]) == words {
		return
	}
	for len(c) <= session {
		c = append(c, []byte("NAN"))
	}
	c[session] = []byte(words)
	e.lines[1+block*e.rows+row] = c
}

func (e *linkEdit) done() (*Links, error) {
	for i, c := range e.lines {
		end := e.t.lines[i][len(e.t.line(i)):]
		e.t.lines[i] = append(bytes.Join(c, []byte{'\t'}), end...)
	}
	return newLinks(e.t)
}

// linkNumber reads a cell as a row; None if it is none.
func linkNumber(words string) int {
	if v, ok := number([]byte(words)); ok && v >= 0 && v == math.Trunc(v) && v < math.MaxInt32 {
		return int(v)
	}
	return None
}

// renumber changes what other sessions say of the rows of a session.
func (e *linkEdit) renumber(session int, change func(block, tp string, j, k, to int)) {
	for _, of := range []struct {
		block, tp string
		j         int
	}{{"next", "nextTP", session - 1}, {"prev", "prevTP", session + 1}} {
		b, ok := e.l.blocks[of.block]
		if !ok || of.j < 0 || of.j >= e.l.Cols {
			continue
		}
		for k := range e.rows {
			if to := linkNumber(e.get(b, of.j, k)); to != None {
				change(of.block, of.tp, of.j, k, to)
			}
		}
	}
}

// RemoveRow returns links without a row of a session: the rows behind it move up, and what
// is linked to them still is. own are the row's cells by block, and pointing are the cells
// of the sessions beside it that led to the row, which are empty now.
func (l *Links) RemoveRow(session, row int) (out *Links, own []string, pointing []LinkCell, err error) {
	if session < 0 || row < 0 || session >= l.Cols || row >= l.Rows {
		return l, nil, nil, nil
	}
	e := l.edit()
	idx, numbered := l.blocks["idx"]
	for b := range l.n {
		own = append(own, e.get(b, session, row))
		for k := row; k < l.Rows-1; k++ {
			words := e.get(b, session, k+1)
			if numbered && b == idx && linkNumber(words) == k+1 {
				words = strconv.Itoa(k)
			}
			e.set(b, session, k, words)
		}
		e.set(b, session, l.Rows-1, "NAN")
	}
	e.renumber(session, func(block, tp string, j, k, to int) {
		b := l.blocks[block]
		switch {
		case to == row:
			pointing = append(pointing, LinkCell{block, j, k, e.get(b, j, k)})
			e.set(b, j, k, "NAN")
			if t, ok := l.blocks[tp]; ok {
				pointing = append(pointing, LinkCell{tp, j, k, e.get(t, j, k)})
				e.set(t, j, k, "NAN")
			}
		case to > row:
			e.set(b, j, k, strconv.Itoa(to-1))
		}
	})
	out, err = e.done()
	return out, own, pointing, err
}

// InsertRow returns links with a row put into a session before another; it is the inverse of
// RemoveRow. own and pointing may be nil: then the row is linked to nothing.
func (l *Links) InsertRow(session, row int, own []string, pointing []LinkCell) (*Links, error) {
	if session < 0 || row < 0 || session >= l.Cols || (max(row, l.Rows)+1)*l.Cols > maxCells {
		return nil, fmt.Errorf("row %d of session %d is outside of the links, which are of %d sessions", row, session, l.Cols)
	}
	full := row >= l.Rows
	for b, last := 0, l.edit(); b < l.n && !full; b++ {
		full = linkNumber(last.get(b, session, l.Rows-1)) != None
	}
	if full {
		grown, err := newLinks(l.grown(max(row, l.Rows) + 1))
		if err != nil {
			return nil, err
		}
		l = grown
	}
	e := l.edit()
	idx, numbered := l.blocks["idx"]
	for b := range l.n {
		for k := l.Rows - 1; k > row; k-- {
			words := e.get(b, session, k-1)
			if numbered && b == idx && linkNumber(words) == k-1 {
				words = strconv.Itoa(k)
			}
			e.set(b, session, k, words)
		}
		words := "NAN"
		if b < len(own) {
			words = own[b]
			if numbered && b == idx && linkNumber(words) != None {
				words = strconv.Itoa(row)
			}
		}
		if strings.ContainsAny(words, "\t\r\n") {
			return nil, fmt.Errorf("%q cannot be a cell of links", words)
		}
		e.set(b, session, row, words)
	}
	e.renumber(session, func(block, _ string, j, k, to int) {
		if to >= row {
			e.set(l.blocks[block], j, k, strconv.Itoa(to+1))
		}
	})
	out, err := e.done()
	if err != nil || len(pointing) == 0 {
		return out, err
	}
	out, _, err = out.SetCells(pointing)
	return out, err
}

// SetCells returns links with cells replaced as they are in the file, and what they were.
// Rows are added where a cell lies below the last. Blocks that are not there are left out.
func (l *Links) SetCells(cells []LinkCell) (*Links, []LinkCell, error) {
	rows := l.Rows
	for _, c := range cells {
		if c.Session < 0 || c.Session >= l.Cols || c.Row < 0 || (c.Row+1)*max(l.Cols, 1) > maxCells {
			return nil, nil, fmt.Errorf("row %d of session %d is outside of the links, which are of %d sessions", c.Row, c.Session, l.Cols)
		}
		if strings.ContainsAny(c.Text, "\t\r\n") || len(c.Text) > 64 {
			return nil, nil, fmt.Errorf("%.70q cannot be a cell of links", c.Text)
		}
		rows = max(rows, c.Row+1)
	}
	if rows > l.Rows {
		grown, err := newLinks(l.grown(rows))
		if err != nil {
			return nil, nil, err
		}
		l = grown
	}
	e := l.edit()
	was := make([]LinkCell, 0, len(cells))
	for _, c := range cells {
		if b, ok := l.blocks[c.Block]; ok {
			was = append(was, LinkCell{c.Block, c.Session, c.Row, e.get(b, c.Session, c.Row)})
			e.set(b, c.Session, c.Row, c.Text)
		}
	}
	out, err := e.done()
	return out, was, err
}
