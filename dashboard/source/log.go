package source

import (
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"webmon/natural"
	"webmon/shm"
)

// Bounds of one topic's log.
const (
	maxRows   = 1 << 18 // of numbers: 15 minutes at 290 a second
	maxValues = 2000    // of anything else
	maxFields = 32      // numbers in one message that is kept as a row
	rowChunk  = 4096    // rows allocated at a time
)

// Log is the history of one event topic. Most messages are a flat set of numbers.
// They are kept as rows of float64, at eight bytes a number. Other messages are
// kept whole, and fewer of them. Its methods are safe for concurrent use.
type Log struct {
	mu     sync.Mutex // guards all below
	fields []string   // of the rows, sorted; fixed by the first message
	chunks [][]row    // oldest first; each of rowChunk rows but the last
	rows   int
	values []Message // the other messages, oldest first
	spare  []row     // an expired chunk, to use again
}

// row is one message of numbers; the values belong to Log.fields.
type row struct {
	at     int64   // when webmon received it, ns since the epoch
	stamp  float64 // when the process sent it, by its own clock, s since the epoch; 0: unknown
	values [4]float64
	more   []float64 // beyond the first four
}

// add appends a message.
func (l *Log) add(at time.Time, stamp float64, v shm.Value) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(at)
	fields, ok := v.(map[string]shm.Value)
	if ok && l.fields == nil && len(fields) > 0 && len(fields) <= maxFields && allNumbers(fields) {
		l.fields = slices.Sorted(maps.Keys(fields))
	}
	if !ok || len(fields) != len(l.fields) || !l.addRow(at, stamp, fields) {
		if len(l.values) == maxValues {
			l.values = slices.Delete(l.values, 0, maxValues/10)
		}
		l.values = append(l.values, Message{Time: at, Value: v})
	}
}

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
	if n == 0 || len(l.chunks[n-1]) == rowChunk {
		c := l.spare
		if l.spare = nil; c == nil {
			c = make([]row, 0, rowChunk)
		}
		l.chunks = append(l.chunks, c)
		n++
	}
	l.chunks[n-1] = append(l.chunks[n-1], r)
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
		if len(c) < rowChunk || l.rows <= maxRows && c[len(c)-1].at >= old.UnixNano() {
			break
		}
		l.rows -= len(c)
		clear(c)
		l.spare = c[:0]
		l.chunks = slices.Delete(l.chunks, 0, 1)
	}
	n := 0
	for n < len(l.values) && l.values[n].Time.Before(old) {
		n++
	}
	l.values = slices.Delete(l.values, 0, n)
}

// entry is one message as it is exported.
type entry struct {
	time  float64 // s since the epoch: when the process sent it if it said so, otherwise when webmon received it
	at    int64   // when webmon received it, ns since the epoch
	value shm.Value
}

// since returns the messages received at from or later, oldest first.
func (l *Log) since(from time.Time) []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []entry
	for _, c := range l.chunks {
		for i := range c {
			r := &c[i]
			if r.at < from.UnixNano() {
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
			out = append(out, entry{t, r.at, fields})
		}
	}
	for _, m := range l.values {
		if !m.Time.Before(from) {
			out = append(out, entry{float64(m.Time.UnixNano()) / 1e9, m.Time.UnixNano(), m.Value})
		}
	}
	slices.SortStableFunc(out, func(a, b entry) int { return int(min(1, max(-1, a.at-b.at))) })
	return out
}

// AppendJSON appends the messages received at from or later, as a JSON array of
// objects with "time" in seconds since the epoch. A message that is not an object
// becomes one with the key "value".
func (l *Log) AppendJSON(b []byte, from time.Time) ([]byte, error) {
	b = append(b, '[')
	for i, e := range l.since(from) {
		if i > 0 {
			b = append(b, ',')
		}
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
			return b, err
		}
	}
	return append(b, ']'), nil
}

// WriteCSV writes the messages received at from or later as CSV with a header
// line: the time in seconds since the epoch, then the fields in the order of
// their names. See [Cell] for how values are written.
func (l *Log) WriteCSV(w io.Writer, from time.Time) error {
	entries := l.since(from)
	names := map[string]bool{}
	for _, e := range entries {
		if fields, ok := e.value.(map[string]shm.Value); ok {
			for name := range fields {
				names[name] = true
			}
		} else {
			names["value"] = true
		}
	}
	delete(names, "time")
	header := append([]string{"time"}, slices.SortedFunc(maps.Keys(names), natural.Compare)...)
	out := csv.NewWriter(w)
	record := make([]string, len(header))
	for i, name := range header {
		record[i] = Cell(name)
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for _, e := range entries {
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
		if err := out.Write(record); err != nil {
			return err
		}
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
		// A spreadsheet runs a cell that begins like a formula. Some also skip white
		// space before it.
		if v != "" && strings.IndexByte("=+-@\t\r\n", v[0]) >= 0 {
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
