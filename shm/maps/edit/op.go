package edit

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	webmaps "webmon/shm/maps"
)

// Op is a change to the files of a map.
type Op struct {
	// Do is "line" (a row of a table is replaced), "cells" (of the object map), "insert" and
	// "remove" (of a row in all tables of its session and in the object map), or "objMap" (one
	// is made).
	Do      string             `json:"do"`
	Session int                `json:"session"`
	Row     int                `json:"row"`
	File    string             `json:"file,omitempty"`  // of a line: db2, Int1, ..., user
	Line    Line               `json:"line,omitempty"`  // its row
	Lines   map[string]Line    `json:"lines,omitempty"` // of an inserted row, by file
	Own     []string           `json:"own,omitempty"`   // its cells of the object map, by block
	Cells   []webmaps.LinkCell `json:"cells,omitempty"` // of an inserted row: those that lead to it
	// Derived says that the change follows from one to something else: whoever changes the
	// same object meanwhile is not told of it.
	Derived bool `json:"derived,omitempty"`
}

// Line is a row of a file as it is there. In JSON it is text, or {"raw": base64} where the
// bytes are no UTF-8.
type Line []byte

type rawLine struct {
	Raw []byte `json:"raw"`
}

// MarshalJSON implements json.Marshaler.
func (l Line) MarshalJSON() ([]byte, error) {
	if utf8.Valid(l) {
		return json.Marshal(string(l))
	}
	return json.Marshal(rawLine{l})
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *Line) UnmarshalJSON(data []byte) error {
	var words string
	if json.Unmarshal(data, &words) == nil {
		*l = Line(words)
		return nil
	}
	var raw rawLine
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*l = raw.Raw
	return nil
}

// The kinds of Op.
const (
	opLine   = "line"
	opCells  = "cells"
	opInsert = "insert"
	opRemove = "remove"
	opObjMap = "objMap"
)

// Apply applies operations in their order, and returns the map that they make and the
// operations that make the old one of it. The map is not changed if there is an error,
// which says in a sentence what cannot be.
func Apply(m *webmaps.Map, ops []Op) (*webmaps.Map, []Op, error) {
	before := m
	var inverse [][]Op
	for i := 0; i < len(ops); {
		n := 1
		if ops[i].Do == opLine {
			for i+n < len(ops) && ops[i+n].Do == opLine && ops[i+n].Session == ops[i].Session && ops[i+n].File == ops[i].File {
				n++
			}
		}
		next, back, err := apply(m, ops[i:i+n])
		if err != nil {
			return nil, nil, err
		}
		m = next
		inverse = append(inverse, back)
		i += n
	}
	slices.Reverse(inverse)
	return m.Checked(before), slices.Concat(inverse...), nil
}

func apply(m *webmaps.Map, ops []Op) (*webmaps.Map, []Op, error) {
	o := ops[0]
	if o.Session < 0 || o.Session >= len(m.Sessions) {
		return nil, nil, fmt.Errorf("there is no session %d; the map has %d", o.Session, len(m.Sessions))
	}
	switch o.Do {
	case opLine:
		return replaceLines(m, ops)
	case opCells:
		if m.Objects == nil {
			return nil, nil, errors.New("the map has no object map")
		}
		links, was, err := m.Objects.SetCells(o.Cells)
		if err != nil {
			return nil, nil, err
		}
		back := Op{Do: opCells, Session: o.Session, Row: o.Row, Cells: was, Derived: o.Derived}
		return m.With(func(m *webmaps.Map) { m.Objects = links }), []Op{back}, nil
	case opInsert:
		return insertRow(m, o)
	case opRemove:
		return removeRow(m, o)
	case opObjMap:
		if m.Objects != nil {
			return m, nil, nil
		}
		rows := 0
		for _, s := range m.Sessions {
			rows = max(rows, s.Len())
		}
		links, err := webmaps.NewLinks(rows+1, len(m.Sessions))
		if err != nil {
			return nil, nil, err
		}
		return m.With(func(m *webmaps.Map) { m.Objects = links }), nil, nil
	}
	return nil, nil, fmt.Errorf("%.40q is no operation", o.Do)
}

// tableOf returns a table of a session by the name of its file, and how to put another in
// its place.
func tableOf(s *webmaps.Session, file string) (*webmaps.Table, func(*webmaps.Session, *webmaps.Table)) {
	switch file {
	case "db2":
		return s.Table, func(s *webmaps.Session, t *webmaps.Table) { s.Table = t }
	case "user":
		return s.User, func(s *webmaps.Session, t *webmaps.Table) { s.User = t }
	}
	if n, ok := strings.CutPrefix(file, "Int"); ok {
		if c, err := strconv.Atoi(n); err == nil && c >= 1 && c <= len(s.Int) {
			return s.Int[c-1], func(s *webmaps.Session, t *webmaps.Table) { s.Int[c-1] = t }
		}
	}
	return nil, nil
}

// files lists the tables of a session that have a row.
func files(s *webmaps.Session) []string {
	all := []string{"db2"}
	for c, t := range s.Int {
		if t != nil {
			all = append(all, "Int"+strconv.Itoa(c+1))
		}
	}
	if s.User != nil {
		all = append(all, "user")
	}
	return all
}

func withSession(m *webmaps.Map, i int, change func(*webmaps.Session)) *webmaps.Map {
	return m.With(func(m *webmaps.Map) { m.Sessions[i] = m.Sessions[i].With(change) })
}

func replaceLines(m *webmaps.Map, ops []Op) (*webmaps.Map, []Op, error) {
	at, file := ops[0].Session, ops[0].File
	s := m.Sessions[at]
	t, put := tableOf(s, file)
	if t == nil {
		return nil, nil, fmt.Errorf("session %d has no table %.20q", at, file)
	}
	lines, was := map[int][]byte{}, []Op{}
	for _, o := range ops {
		if o.Row < 0 || o.Row >= t.Len() {
			return nil, nil, fmt.Errorf("there is no row %d in session %d; it has %d", o.Row, at, t.Len())
		}
		if _, twice := lines[o.Row]; !twice {
			was = append(was, Op{Do: opLine, Session: at, Row: o.Row, File: file, Line: slices.Clone(t.Line(o.Row)), Derived: o.Derived})
		}
		lines[o.Row] = o.Line
	}
	changed, err := t.WithLines(lines)
	if err != nil {
		return nil, nil, err
	}
	out := withSession(m, at, func(s *webmaps.Session) { put(s, changed) })
	if file == "db2" {
		// A spine that has moved to another segment counts there.
		for row := range lines {
			if from, to := s.Segment(row), out.Sessions[at].Segment(row); from != to && s.Types()[row] == webmaps.Spine {
				out = countSegment(out, at, from, -1)
				out = countSegment(out, at, to, 1)
			}
		}
	}
	return out, was, nil
}

func insertRow(m *webmaps.Map, o Op) (*webmaps.Map, []Op, error) {
	s := m.Sessions[o.Session]
	if s.Table == nil {
		return nil, nil, fmt.Errorf("session %d has no table of objects", o.Session)
	}
	if o.Row < 0 || o.Row > s.Len() {
		return nil, nil, fmt.Errorf("there is no row %d in session %d; it has %d", o.Row, o.Session, s.Len())
	}
	if (s.Len()+1)*len(m.Sessions) > maxObjects {
		return nil, nil, errors.New("the session has as many objects as it can have")
	}
	out := m
	for _, file := range files(s) {
		line, ok := o.Lines[file]
		t, put := tableOf(s, file)
		if !ok {
			if file == "db2" {
				return nil, nil, errors.New("an inserted row has no line of the table of objects")
			}
			if o.Row < t.Len() {
				return nil, nil, fmt.Errorf("an inserted row has no line of %s", file)
			}
			continue
		}
		// Rows are matched by position: a table that is too short cannot take one further
		// down.
		if o.Row > t.Len() {
			continue
		}
		changed, err := t.Insert(o.Row, line)
		if err != nil {
			return nil, nil, err
		}
		out = withSession(out, o.Session, func(s *webmaps.Session) { put(s, changed) })
	}
	if m.Objects != nil && o.Session < m.Objects.Cols {
		links, err := m.Objects.InsertRow(o.Session, o.Row, o.Own, o.Cells)
		if err != nil {
			return nil, nil, err
		}
		out = out.With(func(m *webmaps.Map) { m.Objects = links })
	}
	out = count(out, o.Session, out.Sessions[o.Session].Types()[o.Row], out.Sessions[o.Session].Segment(o.Row), o.Row, 1)
	return out, []Op{{Do: opRemove, Session: o.Session, Row: o.Row}}, nil
}

// maxObjects bounds the objects of a session times the sessions.
const maxObjects = 1 << 24

func removeRow(m *webmaps.Map, o Op) (*webmaps.Map, []Op, error) {
	s := m.Sessions[o.Session]
	if o.Row < 0 || o.Row >= s.Len() {
		return nil, nil, fmt.Errorf("there is no row %d in session %d; it has %d", o.Row, o.Session, s.Len())
	}
	kind, segment := s.Types()[o.Row], s.Segment(o.Row)
	back := Op{Do: opInsert, Session: o.Session, Row: o.Row, Lines: map[string]Line{}}
	out := m
	for _, file := range files(s) {
		t, put := tableOf(s, file)
		if o.Row >= t.Len() {
			continue
		}
		back.Lines[file] = slices.Clone(t.Line(o.Row))
		changed, err := t.Remove(o.Row)
		if err != nil {
			return nil, nil, err
		}
		out = withSession(out, o.Session, func(s *webmaps.Session) { put(s, changed) })
	}
	if m.Objects != nil {
		links, own, pointing, err := m.Objects.RemoveRow(o.Session, o.Row)
		if err != nil {
			return nil, nil, err
		}
		back.Own, back.Cells = own, pointing
		out = out.With(func(m *webmaps.Map) { m.Objects = links })
	}
	return count(out, o.Session, kind, segment, o.Row, -1), []Op{back}, nil
}

// count changes what the files say of the number of objects. What is no whole number
// there is left as it is.
func count(m *webmaps.Map, session int, kind webmaps.Type, segment, row, by int) *webmaps.Map {
	t := m.Sessions[session].Table
	head := t.Head()
	keys := map[string]string{"numObjects": "numObj"}
	if kind == webmaps.Spine {
		keys["numSpines"] = "numSpine"
		m = countSegment(m, session, segment, by)
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if words, ok := added(head[key], by); ok {
			t = t.SetHead(key, words)
		}
		m = setSheet(m, keys[key], 0, by, nil)
	}
	m = withSession(m, session, func(s *webmaps.Session) { s.Table = t })
	// The session table names the row of a landmark.
	return setSheet(m, "fiducPnt", m.Sessions[session].Cell, by, func(v int) bool {
		return v > row || by > 0 && v == row
	})
}

func setSheet(m *webmaps.Map, label string, cell, by int, if_ func(int) bool) *webmaps.Map {
	was := m.Sheet.Cell(label, cell)
	words, ok := added(was, by)
	if !ok {
		return m
	}
	if v, _ := strconv.Atoi(was); if_ != nil && !if_(v) {
		return m
	}
	sheet, err := m.Sheet.Set(label, cell, words)
	if err != nil {
		return m
	}
	return m.With(func(m *webmaps.Map) { m.Sheet = sheet })
}

func added(words string, by int) (string, bool) {
	v, err := strconv.Atoi(words)
	if err != nil || strconv.Itoa(v) != words || v > math.MaxInt32 {
		return "", false
	}
	return strconv.Itoa(v + by), true
}

// countSegment changes how many spines the file of lines says are on a segment.
func countSegment(m *webmaps.Map, session, segment, by int) *webmaps.Map {
	t := m.Sessions[session].Tracing
	if t == nil || segment < 0 || segment >= t.Segments.Len() {
		return m
	}
	words, ok := added(t.Segments.Cell(segment, "nObj"), by)
	if !ok {
		return m
	}
	changed, err := t.SetSegment(segment, map[string]string{"nObj": words})
	if err != nil {
		return m
	}
	return withSession(m, session, func(s *webmaps.Session) { s.Tracing = changed })
}
