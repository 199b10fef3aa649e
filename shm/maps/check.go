package maps

import (
	"slices"
	"strconv"
	"strings"
)

// problems are what was found when the files were read and what is not as it should be now, in the order of the files.
func (m *Map) problems() []Problem {
	r := &reader{problems: slices.Clone(m.read)}
	r.check(m)
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		if a.Session != b.Session {
			return a.Session - b.Session
		}
		return a.Row - b.Row
	})
	return r.problems
}

// Checked returns the map with its problems as they are now, after was became it. What follows from files in which nothing has
// changed that they are about is not looked at again: then the map is returned as it is.
func (m *Map) Checked(was *Map) *Map {
	same := m.Objects == was.Objects && m.Segments == was.Segments && len(m.Sessions) == len(was.Sessions)
	for j := range m.Sessions {
		if !same {
			break
		}
		same = m.Sessions[j] == was.Sessions[j] || m.Sessions[j].Len() == was.Sessions[j].Len()
	}
	if same {
		return m
	}
	return m.With(func(m *Map) { m.Problems = m.problems() })
}

// check looks for what is not as it should be in links. Nothing is repaired: what is
// not sound is not followed.
func (r *reader) check(m *Map) {
	n := len(m.Sessions)
	if l := m.Objects; l == nil {
		if n > 1 {
			r.problem(m.Name+"_objMap.txt", None, None, "It is missing, so no object is followed from one session to the next.")
		}
	} else {
		counts := make([]int, n)
		for j, s := range m.Sessions {
			counts[j] = s.Len()
		}
		r.links(m.Name+"_objMap.txt", l, counts, func(j, i int) Type { return m.Sessions[j].Types()[i] })
	}
	if l := m.Segments; l != nil {
		counts := make([]int, n)
		for j, s := range m.Sessions {
			if counts[j] = len(s.Segments()); s.Tracing == nil {
				counts[j] = l.count(j)
			}
		}
		r.links(m.Name+"_segMap.txt", l, counts, func(int, int) Type { return "" })
	}
	for _, s := range m.Sessions {
		for c, t := range s.Int {
			if t != nil && t.Len() != s.Len() {
				r.problem(s.file("Int"+strconv.Itoa(c+1)), s.Index, None, "It has %d rows and the table of objects has %d; rows are matched by position.", t.Len(), s.Len())
			}
		}
		s.Segments()
		if s.Tracing != nil {
			for _, p := range s.Tracing.problems {
				r.problem(s.file("l"), s.Index, None, "The %s.", p)
			}
		}
	}
}

// links checks every link of a file.
func (r *reader) links(file string, l *Links, counts []int, kind func(session, row int) Type) {
	if l.Cols != len(counts) {
		r.problem(file, None, None, "It has %d sessions and the session table has %d.", l.Cols, len(counts))
	}
	for j := range min(l.Cols, len(counts)) {
		if l.Rows < counts[j] {
			r.problem(file, j, None, "It has %d rows and the session has %d, so the last are not followed.", l.Rows, counts[j])
		}
		for i := range min(l.Rows, counts[j]) {
			next, prev := l.Next(j, i), l.Prev(j, i)
			switch {
			case next == None:
			case j+1 >= len(counts):
				r.problem(file, j, i, "It is linked to a row of a session behind the last.")
			case next >= counts[j+1]:
				r.problem(file, j, i, "It is linked to row %d of session %d, which has %d rows.", next, j+1, counts[j+1])
			case l.Prev(j+1, next) != i:
				r.problem(file, j, i, "It is linked to row %d of session %d, which is not linked back, so the link is not followed.", next, j+1)
			case kind(j, i) != kind(j+1, next):
				r.problem(file, j, i, "It is a %s linked to a %s, so the link is not followed.", kind(j, i), kind(j+1, next))
			case l.at(l.nextSession, j, i) != j+1:
				r.problem(file, j, i, "nextTP is not the next session; the link is followed to the next one.")
			}
			switch {
			case prev == None:
			case j == 0:
				r.problem(file, j, i, "It is linked to a row of a session before the first.")
			case prev >= counts[j-1]:
				r.problem(file, j, i, "It is linked to row %d of session %d, which has %d rows.", prev, j-1, counts[j-1])
			case l.Next(j-1, prev) != i:
				r.problem(file, j, i, "It is linked back to row %d of session %d, which is not linked to it, so the link is not followed.", prev, j-1)
			}
		}
	}
}
