package maps

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Type says what an object is. The names are those of the files.
type Type string

// The types of object. Spines, others and nodes can be followed through sessions;
// slabs never are.
const (
	Spine       Type = "spineROI"
	Other       Type = "otherROI"
	Node        Type = "nodeROI"
	Slab        Type = "slabROI"
	Control     Type = "controlPnt"  // a click from which a tracing was computed
	Pivot       Type = "pivotPnt"    // the landmark of a segment
	GlobalPivot Type = "globalPIvot" // the landmark of a session; spelled so in every file
)

// types are the known types, for one string of each.
var types = []Type{Spine, Other, Node, Slab, Control, Pivot, GlobalPivot}

func typeOf(cell string) Type {
	for _, t := range types {
		if strings.EqualFold(string(t), cell) {
			return t
		}
	}
	return Type(cell)
}

// Map is an opened map. It is immutable.
type Map struct {
	Name        string
	Condition   []string // of the whole map: the words of mapCond
	DefaultType Type     // of the objects that the map is about
	Sessions    []*Session
	Sheet       *Sheet // nil for what is no map folder
	Objects     *Links // nil: nothing is linked
	Segments    *Links // nil: no segment map
	// SegmentsOff says that there is a segment map which a "!" in its name switches off.
	SegmentsOff bool
	Problems    []Problem
	// Edition names what has been made of the files by edits; rows are those of an edition. It
	// is "" for a map as it was read, until somebody who keeps edits names it.
	Edition string

	// Origin is the table of points that the map was made of; nil for what has files of its own.
	Origin *Origin

	have map[string]string // the paths of the files, by their lower case
	rest []File            // files that are written back as they were read
	read []Problem         // what was found in the files when they were read, whatever edits make of them

	mu       sync.Mutex
	runs     map[Type]*Runs
	segments *Runs
}

// Session is one imaging session: its table of objects and what belongs to it.
// Tables that are not there are nil, which every method of Table allows.
type Session struct {
	Index     int
	Cell      int    // its cell in the session table
	Stack     string // the name of its stack, such as "rr30a_s0"; the suffix is not the index
	Imported  string // the name of the file that the stack came from
	Date      string // yyyymmdd
	Time      string // hh:mm:ss
	Condition string // condStr
	Days      float64
	Hours     float64

	PX, PY, PZ int     // columns, rows, slices; 0: not known
	DX, DY, DZ float64 // micrometres a pixel and a slice
	Channels   int
	Channel    int // the default one, counted from 1

	Table   *Table   // the objects, from db2
	Int     []*Table // by channel, from Int1, Int2, Int3; a channel's may be nil
	User    *Table   // people's own values
	Tracing *Tracing // nil: nothing traced

	dir, lines string // the folders of its tables and its tracing: "", or ending with "/"

	once   sync.Once
	kinds  []Type
	bad    []bool
	pivots []float64 // pDist - sDist of each segment
}

// Problem is something in the files that is not as it should be, and what was made of
// it.
type Problem struct {
	File    string // path below the map's folder; "" where it is of no one file
	Session int    // None: of no one session
	Row     int    // None: of no one row
	Text    string // a sentence
}

func (p Problem) String() string {
	where := p.File
	if p.Session != None {
		where += ", session " + strconv.Itoa(p.Session)
	}
	if p.Row != None {
		where += ", row " + strconv.Itoa(p.Row)
	}
	if where = strings.TrimPrefix(where, ", "); where == "" {
		return p.Text
	}
	return where + ": " + p.Text
}

// Len returns the number of objects of every type.
func (s *Session) Len() int { return s.Table.Len() }

func (s *Session) read() {
	s.once.Do(func() {
		n := s.Len()
		s.kinds, s.bad = make([]Type, n), make([]bool, n)
		isBad := s.Table.Column("isBad")
		col, ok := -1, false
		if s.Table != nil {
			col, ok = s.Table.index["roiType"]
		}
		for i := range n {
			if ok {
				s.kinds[i] = typeOf(decode(s.Table.raw(i, col)))
			}
			s.bad[i] = isBad != nil && isBad[i] > 0
		}
		s.findPivots()
	})
}

// Types returns the type of each row. It must not be changed.
func (s *Session) Types() []Type {
	s.read()
	return s.kinds
}

// Bad reports whether a person judged the object unusable.
func (s *Session) Bad(row int) bool {
	s.read()
	return row >= 0 && row < len(s.bad) && s.bad[row]
}

// Count returns how many objects of a type there are, and how many of them are bad.
func (s *Session) Count(t Type) (all, bad int) {
	for i, k := range s.Types() {
		if k == t {
			all++
			if s.bad[i] {
				bad++
			}
		}
	}
	return all, bad
}

// Segments returns the traced segments of the session.
func (s *Session) Segments() []Segment { return s.Tracing.measure(s.DZ) }

// Segment returns the segment of this session's tracing that an object belongs to,
// None if it belongs to none.
func (s *Session) Segment(row int) int {
	v := s.Table.Value(row, "parentID")
	if math.IsNaN(v) || v < 0 || v > math.MaxInt32 {
		return None
	}
	return int(v)
}

// With returns a map in which change has replaced what it wants of a copy: the sheet,
// the links, a session by way of [Session.With]. What it does not replace is shared.
func (m *Map) With(change func(*Map)) *Map {
	c := &Map{
		Name: m.Name, Condition: m.Condition, DefaultType: m.DefaultType, Sessions: slices.Clone(m.Sessions),
		Sheet: m.Sheet, Objects: m.Objects, Segments: m.Segments, SegmentsOff: m.SegmentsOff,
		Problems: m.Problems, Edition: m.Edition, Origin: m.Origin, have: m.have, rest: m.rest, read: m.read,
	}
	change(c)
	return c
}

// With returns a session in which change has replaced what it wants of a copy.
func (s *Session) With(change func(*Session)) *Session {
	c := &Session{
		dir: s.dir, lines: s.lines,
		Index: s.Index, Cell: s.Cell, Stack: s.Stack, Imported: s.Imported, Date: s.Date, Time: s.Time,
		Condition: s.Condition, Days: s.Days, Hours: s.Hours, PX: s.PX, PY: s.PY, PZ: s.PZ, DX: s.DX, DY: s.DY, DZ: s.DZ,
		Channels: s.Channels, Channel: s.Channel, Table: s.Table, Int: slices.Clone(s.Int), User: s.User, Tracing: s.Tracing,
	}
	change(c)
	return c
}

// Size returns about how many bytes of memory the map takes.
func (m *Map) Size() int64 {
	var n int64
	for _, s := range m.Sessions {
		n += s.Table.memory() + s.User.memory()
		for _, t := range s.Int {
			n += t.memory()
		}
		if s.Tracing != nil {
			n += s.Tracing.Segments.memory() + s.Tracing.Points.memory()
		}
	}
	for _, l := range []*Links{m.Objects, m.Segments} {
		if l != nil {
			n += int64(l.text.size() + 16*l.Rows*l.Cols)
		}
	}
	if m.Origin != nil {
		n += 4 * int64(len(m.Origin.Data))
	}
	return n + 64<<10
}

// Told returns the map with something more that is to be told of its files.
func (m *Map) Told(p Problem) *Map {
	return m.With(func(m *Map) {
		m.read = append(slices.Clone(m.read), p)
		m.Problems = m.problems()
	})
}

// memory counts a table as if all of its columns had been asked for.
func (t *Table) memory() int64 {
	if t == nil {
		return 0
	}
	n := int64(0)
	for _, r := range t.rows {
		n += int64(len(t.text.lines[r])) + 28
	}
	return n + int64(len(t.rows))*int64(len(t.names))*12
}
