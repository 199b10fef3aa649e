package maps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Origin is a table of points that a map was made of, as it was read, so that what was edited can be written back: its rows, columns,
// comments, order, quotes and ends of lines stay what they are where nothing was changed.
type Origin struct {
	File    string // the name of the table; "" if it is of no file
	Data    []byte // nil: there is no table, and the first save makes one
	Columns Columns

	name     string
	tracks   map[string]*Tracks
	times    []string       // of the sessions, as the table has them
	segments map[string]int // numbers of the segments by their names
}

// FromTable makes a map of a table of points, as PointsMap does, whose edits can be written back. file is the name of the table; data is nil
// if there is none, which is a map without points whose columns are those of c.
func FromTable(name, file string, data []byte, c Columns, tracings map[string]*Tracks) (*Map, error) {
	return (&Origin{File: file, Data: data, Columns: c, name: name, tracks: tracings}).Read(data)
}

// names are the columns of a table that is made.
func (c *Columns) names() []string {
	var names []string
	for _, name := range []string{c.ID, c.Session, c.X, c.Y, c.Z, c.Segment, c.Note, c.Bad, c.Accept, c.UserType} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Read makes a map of another text of the table.
func (o *Origin) Read(data []byte) (*Map, error) {
	p := &Points{Names: o.Columns.names()}
	if data != nil {
		var err error
		if p, err = ReadPoints(data); err != nil {
			return nil, err
		}
	}
	m, err := PointsMap(o.name, p, o.Columns, o.tracks)
	if err != nil {
		return nil, err
	}
	m.Origin.File, m.Origin.Data = o.File, data
	return m, nil
}

// Saved returns the text of the table with what a map was edited to, and the map as it is read from that. The error says in a sentence what of
// it the table cannot keep.
func (o *Origin) Saved(m *Map) ([]byte, *Map, error) {
	w := &tableWriter{o: o, m: m}
	data, err := w.write()
	if err != nil {
		return nil, nil, err
	}
	read, err := o.Read(data)
	if err != nil {
		return nil, nil, err
	}
	return data, read, o.same(m, read)
}

// same says what of a map is other than in one that was read from the table.
func (o *Origin) same(m, read *Map) error {
	if len(m.Sessions) != len(read.Sessions) {
		return fmt.Errorf("the table would be read as %d sessions, and there are %d: each needs an object", len(read.Sessions), len(m.Sessions))
	}
	for j, s := range m.Sessions {
		r := read.Sessions[j]
		if s.Len() != r.Len() {
			return fmt.Errorf("session %d would be read with %d objects, and there are %d", j, r.Len(), s.Len())
		}
		for row := range s.Len() {
			for _, name := range []string{"x", "y", "z", "userType", "parentID"} {
				if name == "parentID" && o.Columns.Segment == "" {
					continue // it follows from the tracing
				}
				a, b := s.Table.Value(row, name), r.Table.Value(row, name)
				if math.IsNaN(a) != math.IsNaN(b) || math.Abs(a-b) > 2e-5*max(math.Abs(a), 1) {
					return fmt.Errorf("%s of row %d of session %d would be read as %v, and is %v", name, row, j, b, a)
				}
			}
			if a, b := strings.TrimSpace(s.Table.Cell(row, "note")), r.Table.Cell(row, "note"); a != b {
				return fmt.Errorf("the note of row %d of session %d would be read as %q", row, j, b)
			}
			if s.Bad(row) != r.Bad(row) {
				return fmt.Errorf("whether row %d of session %d is bad would not be kept", row, j)
			}
			if m.linked(j, row) != read.linked(j, row) {
				return fmt.Errorf("row %d of session %d would be linked to row %d of the next session, and is to row %d", row, j, read.linked(j, row), m.linked(j, row))
			}
		}
	}
	return nil
}

// linked is the row of the next session that an object is linked to, both ways.
func (m *Map) linked(j, row int) int {
	if m.Objects == nil || j+1 >= len(m.Sessions) {
		return None
	}
	if to := m.Objects.Next(j, row); to != None && m.Objects.Prev(j+1, to) == row {
		return to
	}
	return None
}

// tableWriter writes a table anew.
type tableWriter struct {
	o    *Origin
	m    *Map
	base *Map

	text    []byte
	comma   rune
	names   []string
	records []record
	places  map[int][2]int // session and row of each row of the table, before
	ids     [][]string     // by session and row
}

// record is a row of the table in its text.
type record struct {
	from, to int // with the end of the line
	end      int // without
	fields   []int
	values   []string
}

func (w *tableWriter) write() ([]byte, error) {
	o := w.o
	source := o.Data
	if source == nil {
		source = []byte(strings.Join(o.Columns.names(), ",") + "\n")
	}
	text, as := plainText(source)
	w.text = text
	if err := w.split(); err != nil {
		return nil, err
	}
	base, err := o.Read(o.Data)
	if err != nil {
		return nil, err
	}
	w.base = base
	w.places = map[int][2]int{}
	for j, s := range base.Sessions {
		for row := range s.Len() {
			w.places[int(s.Table.Value(row, "madeFrom"))] = [2]int{j, row}
		}
	}
	if len(w.places) != len(w.records) {
		return nil, errors.New("the table has rows that cannot be found again")
	}
	w.number()
	changes, there := map[int]map[int]string{}, map[int]bool{}
	var added []string
	for j, s := range w.m.Sessions {
		for row := range s.Len() {
			if k, ok := w.from(j, row); ok {
				there[k] = true
				if cells := w.changed(j, row, k); len(cells) > 0 {
					changes[k] = cells
				}
			} else {
				added = append(added, w.added(j, row))
			}
		}
	}
	var out bytes.Buffer
	at := 0
	for k, r := range w.records {
		out.Write(w.text[at:r.from])
		if there[k] {
			w.put(&out, r, changes[k])
		}
		at = r.to
	}
	rest := w.text[at:]
	eol := "\n"
	if bytes.Contains(w.text, []byte("\r\n")) {
		eol = "\r\n"
	}
	if len(added) > 0 && out.Len() > 0 && !bytes.HasSuffix(out.Bytes(), []byte("\n")) && len(rest) == 0 {
		out.WriteString(eol)
	}
	var tail bytes.Buffer
	for _, line := range added {
		tail.WriteString(line + eol)
	}
	// What is behind the last row, such as a comment, stays behind it.
	if len(w.records) == 0 {
		out.Write(rest)
		if b := out.Bytes(); len(added) > 0 && len(b) > 0 && b[len(b)-1] != '\n' {
			out.WriteString(eol)
		}
		rest = nil
	}
	out.Write(tail.Bytes())
	out.Write(rest)
	return as.back(out.Bytes()), nil
}

// back returns a text as it was written before.
func (f form) back(text []byte) []byte {
	if f.cr {
		text = bytes.ReplaceAll(text, []byte{'\n'}, []byte{'\r'})
	}
	if f.latin && utf8.Valid(text) && isLatin(string(text)) {
		text = encodeLatin(string(text))
	}
	if f.bom {
		text = append([]byte("\xef\xbb\xbf"), text...)
	}
	return text
}

// split finds where in the text each row and field is.
func (w *tableWriter) split() error {
	starts := []int{0}
	for i, c := range w.text {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	r, comma := pointReader(w.text)
	w.comma = comma
	for {
		values, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if w.names == nil {
			p := &Points{Names: values}
			for i := range p.Names {
				if p.Names[i] = strings.TrimSpace(p.Names[i]); p.Names[i] == "" {
					p.Names[i] = "column " + strconv.Itoa(i+1)
				}
			}
			w.names = p.Names
			continue
		}
		e := record{to: int(r.InputOffset()), values: values}
		for i := range values {
			line, col := r.FieldPos(i)
			if line < 1 || line > len(starts) {
				return errors.New("a row of the table cannot be found again")
			}
			e.fields = append(e.fields, starts[line-1]+col-1)
			if i == 0 {
				e.from = starts[line-1]
			}
		}
		e.end = e.to
		for e.end > e.from && (w.text[e.end-1] == '\n' || w.text[e.end-1] == '\r') {
			e.end--
		}
		w.records = append(w.records, e)
	}
}

// col returns where a column is, -1 for none.
func (w *tableWriter) col(name string) int {
	if name == "" {
		return -1
	}
	return slices.Index(w.names, name)
}

// from returns which row of the table an object was made from.
func (w *tableWriter) from(j, row int) (int, bool) {
	v := w.m.Sessions[j].Table.Value(row, "madeFrom")
	if math.IsNaN(v) {
		return 0, false
	}
	_, ok := w.places[int(v)]
	return int(v), ok
}

// value returns what a column of the table has for an object.
func (w *tableWriter) value(j, row int, of string) string {
	c, t := &w.o.Columns, w.m.Sessions[j].Table
	from := 0.0
	if c.FromOne {
		from = 1
	}
	length := func(v, d float64) string {
		if math.IsNaN(v) {
			return ""
		}
		if c.Pixels {
			v = v/or1(d) + from
		}
		return short(v)
	}
	switch of {
	case "x":
		return length(t.Value(row, "x"), c.DX)
	case "y":
		return length(t.Value(row, "y"), c.DY)
	case "z":
		z := t.Value(row, "z")
		switch {
		case math.IsNaN(z):
			return ""
		case c.ZMicrometres:
			return short(z * or1(c.DZ))
		}
		return short(z + from)
	case "note":
		return t.Cell(row, "note")
	case "userType":
		return FormatNumber(t.Value(row, "userType"))
	case "segment":
		segment := w.m.Sessions[j].Segment(row)
		if segment == None {
			return ""
		}
		for _, name := range slices.Sorted(keysOf(w.base.Origin.segments)) {
			if w.base.Origin.segments[name] == segment {
				return name
			}
		}
		return strconv.Itoa(segment)
	}
	return ""
}

func keysOf(m map[string]int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// short writes a number with as many digits as say where something is.
func short(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 8, 64), 64)
	if err != nil {
		return FormatNumber(v)
	}
	return FormatNumber(rounded)
}

// changed returns the cells of a row of the table that are others than before, by column.
func (w *tableWriter) changed(j, row, k int) map[int]string {
	c := &w.o.Columns
	was := w.places[k]
	s, b := w.m.Sessions[j], w.base.Sessions[was[0]]
	cells := map[int]string{}
	for _, of := range []struct{ column, cell, what string }{{c.X, "x", "x"}, {c.Y, "y", "y"}, {c.Z, "z", "z"}, {c.Note, "note", "note"}, {c.UserType, "userType", "userType"}, {c.Segment, "parentID", "segment"}} {
		if at := w.col(of.column); at >= 0 && s.Table.Cell(row, of.cell) != b.Table.Cell(was[1], of.cell) {
			cells[at] = w.decimal(at, w.value(j, row, of.what))
		}
	}
	if bad := s.Bad(row); bad != b.Bad(was[1]) {
		w.judge(cells, bad, func(at int) string { return cell(w.records[k].values, at) })
	}
	if at := w.col(c.ID); at >= 0 && w.ids[j][row] != strings.TrimSpace(cell(w.records[k].values, at)) {
		cells[at] = w.ids[j][row]
	}
	return cells
}

// judge writes whether an object is bad in the columns that say it.
func (w *tableWriter) judge(cells map[int]string, bad bool, now func(at int) string) {
	said := func(at int) bool { return isTrue(strings.TrimSpace(now(at))) }
	isBad, accept := w.col(w.o.Columns.Bad), w.col(w.o.Columns.Accept)
	switch {
	case bad && isBad >= 0:
		if !said(isBad) {
			cells[isBad] = w.yes(isBad, true)
		}
	case bad && accept >= 0:
		cells[accept] = w.yes(accept, false)
	default:
		if isBad >= 0 && said(isBad) {
			cells[isBad] = w.yes(isBad, false)
		}
		if accept >= 0 && !said(accept) {
			cells[accept] = w.yes(accept, true)
		}
	}
}

// yes writes yes or no as the column has it.
func (w *tableWriter) yes(at int, yes bool) string {
	for _, r := range w.records {
		v := strings.TrimSpace(cell(r.values, at))
		for _, words := range [][2]string{{"true", "false"}, {"True", "False"}, {"TRUE", "FALSE"}, {"yes", "no"}, {"Yes", "No"}, {"y", "n"}, {"t", "f"}} {
			if v == words[0] || v == words[1] {
				if yes {
					return words[0]
				}
				return words[1]
			}
		}
	}
	if yes {
		return "1"
	}
	return "0"
}

// decimal writes a number with the comma that the column has.
func (w *tableWriter) decimal(at int, words string) string {
	if w.comma == ';' && isNumber(words) && strings.Contains(words, ".") {
		for _, r := range w.records {
			if v := cell(r.values, at); strings.Count(v, ",") == 1 && isNumber(strings.Replace(v, ",", ".", 1)) {
				return strings.Replace(words, ".", ",", 1)
			}
		}
	}
	return words
}

// added is a row for an object that the table does not have.
func (w *tableWriter) added(j, row int) string {
	c := &w.o.Columns
	fields := make([]string, len(w.names))
	put := func(column, words string) {
		if at := w.col(column); at >= 0 {
			fields[at] = words
		}
	}
	for _, of := range []struct{ column, what string }{{c.X, "x"}, {c.Y, "y"}, {c.Z, "z"}, {c.Note, "note"}, {c.UserType, "userType"}, {c.Segment, "segment"}} {
		if at := w.col(of.column); at >= 0 {
			fields[at] = w.decimal(at, w.value(j, row, of.what))
		}
	}
	put(c.Session, w.base.Origin.times[j])
	if len(w.ids) > 0 {
		put(c.ID, w.ids[j][row])
	}
	judged := map[int]string{}
	w.judge(judged, w.m.Sessions[j].Bad(row), func(int) string { return "" })
	for at, words := range judged {
		fields[at] = words
	}
	for i := range fields {
		fields[i] = w.quoted(fields[i], false)
	}
	return strings.Join(fields, string(w.comma))
}

// quoted writes a field.
func (w *tableWriter) quoted(words string, always bool) string {
	if always || strings.ContainsRune(words, w.comma) || strings.ContainsAny(words, "\"\r\n") || words != strings.TrimSpace(words) || strings.HasPrefix(words, "#") {
		return `"` + strings.ReplaceAll(words, `"`, `""`) + `"`
	}
	return words
}

// put writes a row with some of its fields changed.
func (w *tableWriter) put(out *bytes.Buffer, r record, cells map[int]string) {
	if len(cells) == 0 {
		out.Write(w.text[r.from:r.to])
		return
	}
	at := r.from
	for i, from := range r.fields {
		end := r.end
		if i+1 < len(r.fields) {
			end = r.fields[i+1]
			end = r.fields[i] + bytes.LastIndexByte(w.text[from:end], byte(w.comma))
		}
		words, ok := cells[i]
		if !ok {
			continue
		}
		out.Write(w.text[at:from])
		out.WriteString(w.quoted(words, from < len(w.text) && w.text[from] == '"'))
		at = max(end, from)
	}
	out.Write(w.text[at:r.end])
	// A row that is short gets the fields up to the last one that is needed.
	last := -1
	for i := range cells {
		last = max(last, i)
	}
	for i := len(r.fields); i <= last; i++ {
		out.WriteString(string(w.comma) + w.quoted(cells[i], false))
	}
	out.Write(w.text[r.end:r.to])
}

// number gives objects their IDs: those that are linked have one, and no others beside them in time.
func (w *tableWriter) number() {
	at := w.col(w.o.Columns.ID)
	if at < 0 {
		return
	}
	w.ids = make([][]string, len(w.m.Sessions))
	own := func(j, row int) string {
		if k, ok := w.from(j, row); ok {
			return strings.TrimSpace(cell(w.records[k].values, at))
		}
		return ""
	}
	most, whole, taken := 0, true, map[string]bool{}
	for _, r := range w.records {
		if id := strings.TrimSpace(cell(r.values, at)); id != "" {
			v, err := strconv.Atoi(id)
			whole = whole && err == nil
			most, taken[id] = max(most, v), true
		}
	}
	fresh := func() string {
		for n := most + 1; ; n++ {
			id := strconv.Itoa(n)
			if !whole {
				id = "n" + id
			}
			if !taken[id] {
				taken[id] = true
				return id
			}
		}
	}
	used := map[string]map[int]bool{} // the sessions of an ID
	give := func(chain [][2]int, id func(i int) string) {
		for i, p := range chain {
			w.ids[p[0]][p[1]] = id(i)
			if used[id(i)] == nil {
				used[id(i)] = map[int]bool{}
			}
			used[id(i)][p[0]] = true
		}
	}
	var changed [][][2]int
	for j, s := range w.m.Sessions {
		w.ids[j] = make([]string, s.Len())
	}
	for j, s := range w.m.Sessions {
		for row := range s.Len() {
			if j > 0 && w.m.Objects != nil {
				if p := w.m.Objects.Prev(j, row); p != None && w.m.linked(j-1, p) == row {
					continue // of a chain that began before
				}
			}
			chain := [][2]int{{j, row}}
			for a, r := j, row; ; a++ {
				if r = w.m.linked(a, r); r == None {
					break
				}
				chain = append(chain, [2]int{a + 1, r})
			}
			if w.unchanged(chain) {
				give(chain, func(i int) string { return own(chain[i][0], chain[i][1]) })
			} else {
				changed = append(changed, chain)
			}
		}
	}
	for _, chain := range changed {
		id := ""
		for _, p := range chain {
			if id == "" {
				id = own(p[0], p[1])
			}
		}
		for _, p := range chain {
			if s := used[id]; id == "" || s[p[0]-1] || s[p[0]] || s[p[0]+1] {
				id = fresh()
				break
			}
		}
		give(chain, func(int) string { return id })
	}
}

// unchanged reports whether objects were linked as they are before.
func (w *tableWriter) unchanged(chain [][2]int) bool {
	var was [2]int
	for i, p := range chain {
		k, ok := w.from(p[0], p[1])
		if !ok {
			return false
		}
		at := w.places[k]
		if i > 0 && (was[0]+1 != at[0] || w.base.linked(was[0], was[1]) != at[1]) {
			return false
		}
		if i == 0 && at[0] > 0 && w.base.Objects != nil && w.base.Objects.Prev(at[0], at[1]) != None {
			return false
		}
		was = at
	}
	return w.base.linked(was[0], was[1]) == None
}
