package source

import (
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"webmon/natural"
	"webmon/shm"
)

// Bounds of one topic's log.
const (
	maxRows   = 1 << 18 // of numbers: 15 minutes at 290 a second
	maxValues = 2000    // of anything else
	maxFields = 32      // numbers in one message that is kept as a row
	rowLeast  = 64      // rows allocated at first: most topics that a process can name have few
	rowChunk  = 4096    // rows allocated at a time once there are as many
)

// What the parts of a log take, in bytes.
const (
	rowBytes     = int64(unsafe.Sizeof(row{}))
	messageBytes = int64(unsafe.Sizeof(Message{}))
)

// Log is the history of one event topic. Most messages are a flat set of numbers.
// They are kept as rows of float64, at eight bytes a number. Other messages are
// kept whole, and fewer of them. What it keeps is bounded in number and in time by
// itself, and in bytes by its source. Its methods are safe for concurrent use.
type Log struct {
	mu     sync.Mutex // guards all below
	fields []string   // of the rows, sorted; fixed by the first message
	chunks [][]row    // oldest first, none empty; all full but the last
	rows   int
	values []entryOf // the other messages, oldest first
	spare  []row     // an expired chunk, to use again
	bytes  int64     // of all that

	goneRows, goneValues uint64 // how many are not kept any more
}

// entryOf is a message and how many bytes it takes.
type entryOf struct {
	Message
	size int64
}

// row is one message of numbers; the values belong to Log.fields.
type row struct {
	at     int64   // when webmon received it, ns since the epoch
	stamp  float64 // when the process sent it, by its own clock, s since the epoch; 0: unknown
	values [4]float64
	more   []float64 // beyond the first four
}

// add appends a message of so many bytes. It returns by how many bytes the log has grown.
func (l *Log) add(at time.Time, stamp float64, v shm.Value, size int64) (grown int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.bytes
	defer func() { grown = l.bytes - before }()
	l.expire(at)
	fields, ok := v.(map[string]shm.Value)
	if ok && l.fields == nil && len(fields) > 0 && len(fields) <= maxFields && allNumbers(fields) {
		l.fields = slices.Sorted(maps.Keys(fields))
		for _, name := range l.fields {
			l.bytes += 16 + int64(len(name))
		}
	}
	if !ok || len(fields) != len(l.fields) || !l.addRow(at, stamp, fields) {
		if len(l.values) == maxValues {
			l.forget(maxValues / 10)
		}
		l.values = append(l.values, entryOf{Message{Time: at, Value: v}, size + messageBytes})
		l.bytes += size + messageBytes
	}
	return 0
}

// forget drops the oldest n values, and returns how many bytes they took.
func (l *Log) forget(n int) (bytes int64) {
	for i := range n {
		bytes += l.values[i].size
	}
	l.values = slices.Delete(l.values, 0, n)
	l.goneValues += uint64(n)
	l.bytes -= bytes
	return bytes
}

// oldest is when the oldest message that drop would drop came, in ns since the epoch;
// ok is false if there is none.
func (l *Log) oldest() (at int64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first()
}

func (l *Log) first() (at int64, ok bool) {
	if len(l.values) > 0 {
		at, ok = l.values[0].Time.UnixNano(), true
	}
	if len(l.chunks) > 0 {
		// A chunk goes as a whole, so its last row says how old it is.
		c := l.chunks[0]
		if last := c[len(c)-1].at; !ok || last < at {
			at, ok = last, true
		}
	}
	return at, ok
}

// drop drops the oldest value, or the oldest chunk of rows. It returns how many messages
// those were, and their bytes.
func (l *Log) drop() (messages int, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.first()
	switch {
	case !ok:
		return 0, 0
	case len(l.values) > 0 && l.values[0].Time.UnixNano() == at:
		return 1, l.forget(1)
	}
	before := l.bytes
	messages = l.dropRows(false)
	return messages, before - l.bytes
}

// dropRows drops the oldest chunk and returns how many rows it had. With spare it is kept
// to be used again.
func (l *Log) dropRows(spare bool) (rows int) {
	c := l.chunks[0]
	rows = len(c)
	l.rows -= rows
	l.goneRows += uint64(rows)
	l.chunks = slices.Delete(l.chunks, 0, 1)
	l.bytes -= l.chunkBytes(c)
	if l.spare != nil {
		l.bytes -= rowBytes * int64(cap(l.spare))
		l.spare = nil
	}
	if spare {
		clear(c)
		l.spare = c[:0]
		l.bytes += rowBytes * int64(cap(c))
	}
	return rows
}

// rest is how many bytes a log takes of which drop has dropped everything.
func (l *Log) rest() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes
}

// chunkBytes is how many bytes a chunk takes with what its rows hold beside.
func (l *Log) chunkBytes(c []row) int64 {
	return rowBytes*int64(cap(c)) + int64(len(c))*l.moreBytes()
}

// moreBytes is how many bytes a row takes beside its place in a chunk.
func (l *Log) moreBytes() int64 { return 8 * int64(max(0, len(l.fields)-len(row{}.values))) }

func allNumbers(m map[string]shm.Value) bool {
	for _, v := range m {
		if _, ok := exact(v); !ok {
			return false
		}
	}
	return true
}

// exact returns v as a float64 if it is a number that float64 holds exactly.
func exact(v shm.Value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		const most = 1 << 53
		return float64(v), v <= most && v >= -most
	}
	return 0, false
}

// addRow appends fields as a row if they are numbers with the names in l.fields.
func (l *Log) addRow(at time.Time, stamp float64, fields map[string]shm.Value) bool {
	r := row{at: at.UnixNano(), stamp: stamp}
	if extra := len(l.fields) - len(r.values); extra > 0 {
		r.more = make([]float64, extra)
	}
	for i, name := range l.fields {
		x, ok := exact(fields[name])
		if !ok {
			return false
		}
		*r.value(i) = x
	}
	n := len(l.chunks)
	if n == 0 || len(l.chunks[n-1]) == cap(l.chunks[n-1]) {
		c := l.spare
		if l.spare = nil; c == nil {
			c = make([]row, 0, min(rowChunk, max(rowLeast, l.rows)))
			l.bytes += rowBytes * int64(cap(c))
		}
		l.chunks = append(l.chunks, c)
		n++
	}
	l.chunks[n-1] = append(l.chunks[n-1], r)
	l.bytes += l.moreBytes()
	l.rows++
	return true
}

func (r *row) value(i int) *float64 {
	if i < len(r.values) {
		return &r.values[i]
	}
	return &r.more[i-len(r.values)]
}

// expire drops whole chunks that are too old or too many.
func (l *Log) expire(now time.Time) {
	old := now.Add(-Window)
	for len(l.chunks) > 0 {
		c := l.chunks[0]
		if len(c) < cap(c) || l.rows <= maxRows && c[len(c)-1].at >= old.UnixNano() {
			break
		}
		l.dropRows(true)
	}
	n := 0
	for n < len(l.values) && l.values[n].Time.Before(old) {
		n++
	}
	l.forget(n)
}

// entry is one message as it is exported.
type entry struct {
	time  float64 // s since the epoch: when the process sent it if it said so, otherwise when webmon received it
	at    int64   // when webmon received it, ns since the epoch
	value shm.Value
}

// How many messages are copied at a time for an export.
const (
	exportRows   = 4096
	exportValues = 16 // each may be large
)

// each calls f with the messages received at from or later, oldest first, a few at a
// time: an export takes memory for those alone. The log is locked only while they are
// copied. What is dropped meanwhile is left out, and what comes meanwhile is too.
func (l *Log) each(from time.Time, f func(e entry) error) error {
	l.mu.Lock()
	row, rowEnd := l.goneRows, l.goneRows+uint64(l.rows)
	value, valueEnd := l.goneValues, l.goneValues+uint64(len(l.values))
	l.mu.Unlock()
	var rows, values []entry
	for {
		if len(rows) == 0 {
			rows, row = l.rowsFrom(rows, from.UnixNano(), row, rowEnd)
		}
		if len(values) == 0 {
			values, value = l.valuesFrom(values, from, value, valueEnd)
		}
		next := &rows
		if len(rows) == 0 || len(values) > 0 && values[0].at < rows[0].at {
			next = &values
		}
		if len(*next) == 0 {
			return nil
		}
		e := (*next)[0]
		(*next)[0] = entry{}
		*next = (*next)[1:]
		if err := f(e); err != nil {
			return err
		}
	}
}

// rowsFrom appends to out up to exportRows of the rows numbered next to end, without it,
// and returns the number of the row after them. The numbers count all rows there ever were.
func (l *Log) rowsFrom(out []entry, from int64, next, end uint64) ([]entry, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	number := l.goneRows
	for _, c := range l.chunks {
		if number+uint64(len(c)) <= next {
			number += uint64(len(c))
			continue
		}
		for i := range c {
			if number++; number <= next || number > end {
				continue
			}
			r := &c[i]
			if r.at < from {
				continue
			}
			fields := make(map[string]shm.Value, len(l.fields))
			for j, name := range l.fields {
				fields[name] = *r.value(j)
			}
			t := r.stamp
			if t == 0 {
				t = float64(r.at) / 1e9
			}
			if out = append(out, entry{t, r.at, fields}); len(out) == exportRows {
				return out, number
			}
		}
	}
	return out, end
}

// valuesFrom does for the other messages what rowsFrom does for rows.
func (l *Log) valuesFrom(out []entry, from time.Time, next, end uint64) ([]entry, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for number := max(next, l.goneValues); number < min(end, l.goneValues+uint64(len(l.values))); number++ {
		m := &l.values[number-l.goneValues]
		if m.Time.Before(from) {
			continue
		}
		at := m.Time.UnixNano()
		if out = append(out, entry{float64(at) / 1e9, at, m.Value}); len(out) == exportValues {
			return out, number + 1
		}
	}
	return out, end
}

// flushAt is from how many bytes on an export writes what it has.
const flushAt = 32 << 10

// WriteJSON writes the messages received at from or later, as a JSON array of objects
// with "time" in seconds since the epoch. A message that is not an object becomes one
// with the key "value".
func (l *Log) WriteJSON(w io.Writer, from time.Time) error {
	b := []byte{'['}
	first := true
	err := l.each(from, func(e entry) error {
		if !first {
			b = append(b, ',')
		}
		first = false
		fields, ok := e.value.(map[string]shm.Value)
		if !ok {
			fields = map[string]shm.Value{"value": e.value}
		}
		if _, ok := fields["time"]; !ok {
			fields = maps.Clone(fields)
			fields["time"] = e.time
		}
		var err error
		if b, err = shm.AppendJSON(b, fields); err != nil {
			return err
		}
		if len(b) >= flushAt {
			_, err = w.Write(b)
			b = b[:0]
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, ']'))
	return err
}

// names are the fields of the messages received at from or later, sorted, without "time".
func (l *Log) names(from time.Time) []string {
	names := map[string]bool{}
	l.mu.Lock()
	if n := len(l.chunks); n > 0 {
		if last := l.chunks[n-1]; last[len(last)-1].at >= from.UnixNano() {
			for _, name := range l.fields {
				names[name] = true
			}
		}
	}
	for i := range l.values {
		if l.values[i].Time.Before(from) {
			continue
		}
		if fields, ok := l.values[i].Value.(map[string]shm.Value); ok {
			for name := range fields {
				names[name] = true
			}
		} else {
			names["value"] = true
		}
	}
	l.mu.Unlock()
	delete(names, "time")
	return slices.SortedFunc(maps.Keys(names), natural.Compare)
}

// WriteCSV writes the messages received at from or later as CSV with a header
// line: the time in seconds since the epoch, then the fields in the order of
// their names. See [Cell] for how values are written.
func (l *Log) WriteCSV(w io.Writer, from time.Time) error {
	header := append([]string{"time"}, l.names(from)...)
	out := csv.NewWriter(w)
	record := make([]string, len(header))
	for i, name := range header {
		record[i] = Cell(name)
	}
	if err := out.Write(record); err != nil {
		return err
	}
	err := l.each(from, func(e entry) error {
		fields, ok := e.value.(map[string]shm.Value)
		if !ok {
			fields = map[string]shm.Value{"value": e.value}
		}
		if x, ok := shm.Number(fields["time"]); ok {
			record[0] = Cell(x)
		} else {
			record[0] = Cell(e.time)
		}
		for i, name := range header[1:] {
			record[i+1] = Cell(fields[name])
		}
		return out.Write(record)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// Cell returns a value as a cell of a CSV. Numbers keep all of their digits. Text is
// written so that no spreadsheet takes it for a formula. Anything else is JSON.
func Cell(v shm.Value) string {
	if text, ok := shm.NumberText(v); ok {
		return text
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if likeFormula(v) {
			return "'" + v
		}
		return v
	}
	b, err := shm.AppendJSON(nil, v)
	if err != nil {
		return ""
	}
	return string(b)
}

// likeFormula reports whether a spreadsheet may run a cell with this text. Some skip white
// space before a formula, and some take the wide signs of East Asian writing for the
// narrow ones.
func likeFormula(text string) bool {
	if text != "" && strings.IndexByte("\t\r\n", text[0]) >= 0 {
		return true
	}
	r, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\ufeff' }))
	return strings.ContainsRune("=+-@\uff1d\uff0b\uff0d\uff20", r)
}
