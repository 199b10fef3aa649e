package edit

import (
	"math"
	"strings"

	"webmon/shm/maps"
)

// Object is an object as it is: the value that whoever was refused is told.
type Object struct {
	Session  int       `json:"session"`
	Row      int       `json:"row"`
	Type     maps.Type `json:"type"`
	X        *float64  `json:"x"`
	Y        *float64  `json:"y"`
	Z        *float64  `json:"z"`
	Segment  *int      `json:"segment"`
	PDist    *float64  `json:"pDist"`
	Bad      bool      `json:"bad"`
	Note     string    `json:"note"`
	UserType *int      `json:"userType"`
	Next     *int      `json:"next"` // its row in the next session
	Prev     *int      `json:"prev"`
	Modified string    `json:"modified"` // date and time, as in the file
	By       string    `json:"by"`
	// Unmeasured is why its intensities could not be measured, in the words of the file's
	// columns error and warning.
	Unmeasured string `json:"unmeasured"`
}

// ObjectOf returns an object; nil if there is none.
func ObjectOf(m *maps.Map, session, row int) *Object {
	if session < 0 || session >= len(m.Sessions) || row < 0 || row >= m.Sessions[session].Len() {
		return nil
	}
	s := m.Sessions[session]
	t := s.Table
	number := func(name string) *float64 {
		if v := t.Value(row, name); !math.IsNaN(v) {
			return &v
		}
		return nil
	}
	whole := func(v int) *int {
		if v == maps.None {
			return nil
		}
		return &v
	}
	o := &Object{
		Session: session, Row: row, Type: s.Types()[row], X: number("x"), Y: number("y"), Z: number("z"), PDist: number("pDist"),
		Segment: whole(s.Segment(row)), Bad: s.Bad(row), Note: t.Cell(row, "note"), By: t.Cell(row, "userName"),
	}
	o.Unmeasured = strings.TrimSpace(t.Cell(row, "error") + " " + t.Cell(row, "warning"))
	if date := t.Cell(row, "mDate"); date != "" {
		o.Modified = date + " " + t.Cell(row, "mTime")
	}
	if v := t.Value(row, "userType"); v >= 0 && v < 1e6 {
		o.UserType = whole(int(v))
	}
	if l := m.Objects; l != nil {
		o.Next, o.Prev = whole(l.Next(session, row)), whole(l.Prev(session, row))
	}
	return o
}
