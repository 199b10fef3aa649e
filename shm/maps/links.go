package maps

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// None stands for no row, no run, no segment.
const None = -1

// Links say which row of a session is the same thing as which row of the next: the
// objMap of a map, or its segMap. They are blocks of lines, a line for each row with
// a cell for each session. Links are immutable; Set makes new ones.
type Links struct {
	text   *text
	Rows   int // lines of a block
	Cols   int // sessions
	n      int // blocks, named or not
	blocks map[string]int
	order  []string
	// next, prev, nextSession, prevSession are Rows x Cols, None where a cell is empty
	// or no whole number.
	next, prev, nextSession, prevSession []int32
}

// maxCells bounds Rows x Cols of links.
const maxCells = 1 << 24

func newLinks(t *text) (*Links, error) {
	if len(t.lines) == 0 {
		return nil, fmt.Errorf("it is empty")
	}
	head := pairs(t.line(0))
	size := func(key string) (int, error) {
		n, err := strconv.Atoi(head[key])
		if err != nil || n < 0 {
			return 0, fmt.Errorf("line 1 says %s=%q, which is no count", key, head[key])
		}
		return n, nil
	}
	l := &Links{text: t, blocks: map[string]int{}}
	var err error
	for _, want := range []struct {
		key string
		to  *int
	}{{"rows", &l.Rows}, {"cols", &l.Cols}, {"blocks", &l.n}} {
		if *want.to, err = size(want.key); err != nil {
			return nil, err
		}
	}
	if have := len(t.lines) - 1; l.Rows > 0 && (l.n > 64 || l.Rows > have || l.n*l.Rows > have) {
		return nil, fmt.Errorf("line 1 announces %d blocks of %d rows, and %d lines follow", l.n, l.Rows, have)
	}
	if l.Cols > maxSessions || l.Rows*l.Cols > maxCells {
		return nil, fmt.Errorf("line 1 announces %d rows of %d sessions, which is more than a map can have", l.Rows, l.Cols)
	}
	for i, name := range strings.Split(strings.Trim(head["blockNames"], " ,"), ",") {
		if name = strings.TrimSpace(name); name != "" && i < l.n {
			l.blocks[name] = i
			l.order = append(l.order, name)
		}
	}
	l.next, l.prev = l.grid("next"), l.grid("prev")
	l.nextSession, l.prevSession = l.grid("nextTP"), l.grid("prevTP")
	return l, nil
}

// grid reads a block as whole numbers.
func (l *Links) grid(block string) []int32 {
	cells := make([]int32, l.Rows*l.Cols)
	for i := range cells {
		cells[i] = None
	}
	b, ok := l.blocks[block]
	if !ok {
		return cells
	}
	for i := range l.Rows {
		line := l.text.line(1 + b*l.Rows + i)
		for j := 0; j < l.Cols && line != nil; j++ {
			var cell []byte
			cell, line, ok = bytes.Cut(line, []byte{'\t'})
			if !ok {
				line = nil
			}
			if v, ok := number(cell); ok && v == math.Trunc(v) && v >= 0 && v < math.MaxInt32 {
				cells[i*l.Cols+j] = int32(v)
			}
		}
	}
	return cells
}

// Blocks lists the names of the blocks in the order of the file.
func (l *Links) Blocks() []string {
	if l == nil {
		return nil
	}
	return l.order
}

// Next returns the row in the next session that a row is linked to, None if there is
// none. Nothing is checked: [Map.Runs] follows sound links only.
func (l *Links) Next(session, row int) int { return l.at(l.next, session, row) }

// Prev returns the row in the session before that a row is linked to.
func (l *Links) Prev(session, row int) int { return l.at(l.prev, session, row) }

func (l *Links) at(grid []int32, session, row int) int {
	if session < 0 || row < 0 || session >= l.Cols || row >= l.Rows {
		return None
	}
	return int(grid[row*l.Cols+session])
}

// Cell returns a cell of a block as it is in the file, "" for NAN and where there is
// none.
func (l *Links) Cell(block string, session, row int) string {
	if l == nil {
		return ""
	}
	b, ok := l.blocks[block]
	if !ok || row < 0 || row >= l.Rows || session < 0 || session >= l.Cols {
		return ""
	}
	cells := strings.Split(decode(l.text.line(1+b*l.Rows+row)), "\t")
	if session >= len(cells) || strings.EqualFold(cells[session], "nan") {
		return ""
	}
	return cells[session]
}

// Link is a cell of links to be set: the block, its session and row, and the number,
// None for no number.
type Link struct {
	Block        string
	Session, Row int
	Value        int
}

// Set returns links with cells replaced. Rows are added where a cell lies below the
// last. Blocks that are not there are left out.
func (l *Links) Set(changes ...Link) (*Links, error) {
	rows := l.Rows
	for _, c := range changes {
		if c.Session < 0 || c.Session >= l.Cols || c.Row < 0 || (c.Row+1)*max(l.Cols, 1) > maxCells {
			return nil, fmt.Errorf("row %d of session %d is outside of the links, which are of %d sessions", c.Row, c.Session, l.Cols)
		}
		rows = max(rows, c.Row+1)
	}
	t := &text{eol: l.text.eol, lines: append([][]byte(nil), l.text.lines...)}
	if rows > l.Rows {
		t = l.grown(rows)
	}
	for _, c := range changes {
		b, ok := l.blocks[c.Block]
		if !ok {
			continue
		}
		i := 1 + b*rows + c.Row
		line := t.line(i)
		cells := bytes.Split(line, []byte{'\t'})
		for len(cells) <= c.Session {
			cells = append(cells, []byte("NAN"))
		}
		cells[c.Session] = []byte("NAN")
		if c.Value != None {
			cells[c.Session] = strconv.AppendInt(nil, int64(c.Value), 10)
		}
		t.lines[i] = append(bytes.Join(cells, []byte{'\t'}), t.lines[i][len(line):]...)
	}
	return newLinks(t)
}

// grown returns the text with more rows in each block.
func (l *Links) grown(rows int) *text {
	empty := []byte(strings.TrimSuffix(strings.Repeat("NAN\t", l.Cols), "\t") + l.text.eol)
	end := l.text.lines[0][len(l.text.line(0)):]
	if len(end) == 0 {
		end = []byte(l.text.eol)
	}
	head := setPair(l.text.line(0), "rows", strconv.Itoa(rows))
	t := &text{eol: l.text.eol, lines: [][]byte{append(head[:len(head):len(head)], end...)}}
	for b := range l.n {
		for i := range l.Rows {
			line := l.text.lines[1+b*l.Rows+i]
			if len(trimEnd(line)) == len(line) {
				line = append(line[:len(line):len(line)], l.text.eol...)
			}
			t.lines = append(t.lines, line)
		}
		for range rows - l.Rows {
			t.lines = append(t.lines, empty)
		}
	}
	t.lines = append(t.lines, l.text.lines[1+l.n*l.Rows:]...)
	return t
}

// Bytes returns the file.
func (l *Links) Bytes() []byte { return l.text.bytes() }
