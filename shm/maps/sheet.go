package maps

import (
	"bytes"
	"fmt"
	"strings"
)

// Sheet is the session table of a map: lines of a label and a cell for each session,
// between tabs. It is immutable; Set makes a new one.
type Sheet struct {
	text   *text
	labels map[string]int // line of each label
}

func newSheet(t *text) *Sheet {
	s := &Sheet{text: t, labels: make(map[string]int, len(t.lines))}
	for i := range t.lines {
		label, _, _ := bytes.Cut(t.line(i), []byte{'\t'})
		name := strings.TrimSpace(decode(label))
		if _, twice := s.labels[name]; name != "" && !twice {
			s.labels[name] = i
		}
	}
	return s
}

// Has reports whether the table has a line of that label.
func (s *Sheet) Has(label string) bool {
	if s == nil {
		return false
	}
	_, ok := s.labels[label]
	return ok
}

// Cells returns the cells behind a label, blank ones included.
func (s *Sheet) Cells(label string) []string {
	if s == nil {
		return nil
	}
	i, ok := s.labels[label]
	if !ok {
		return nil
	}
	cells := strings.Split(decode(s.text.line(i)), "\t")[1:]
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// Cell returns a cell behind a label, "" where there is none.
func (s *Sheet) Cell(label string, i int) string {
	if c := s.Cells(label); i >= 0 && i < len(c) {
		return c[i]
	}
	return ""
}

// Set returns a table with a cell replaced; a label that is not there is added.
func (s *Sheet) Set(label string, i int, words string) (*Sheet, error) {
	if strings.ContainsAny(label+words, "\t\r\n") || label == "" || i < 0 || i > maxSessions {
		return nil, fmt.Errorf("%q cannot be cell %d of %q", words, i, label)
	}
	at, ok := s.labels[label]
	if !ok {
		line := label + strings.Repeat("\t", i+1) + words
		end := len(s.text.lines)
		return newSheet(s.text.insert(end, []byte(line))), nil
	}
	line := s.text.line(at)
	from := bytes.IndexByte(line, '\t') + 1
	if from == 0 {
		line = append(append([]byte(nil), line...), '\t')
		from = len(line)
	}
	for range i {
		next := bytes.IndexByte(line[from:], '\t')
		if next < 0 {
			line = append(append([]byte(nil), line...), '\t')
			next = len(line) - 1 - from
		}
		from += next + 1
	}
	to := len(line)
	if n := bytes.IndexByte(line[from:], '\t'); n >= 0 {
		to = from + n
	}
	return newSheet(s.text.with(at, encodeCell(line, from, to, words))), nil
}

// Bytes returns the file.
func (s *Sheet) Bytes() []byte { return s.text.bytes() }
