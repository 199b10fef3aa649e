package maps

// Runs are the objects of one type, each followed through the sessions.
type Runs struct {
	Type     Type
	Sessions int
	rows     []int32   // runs x sessions, None where the run is absent
	runs     [][]int32 // by session and row, None where the row is of another type
	from     []int32   // the session in which each run begins
	to       []int32   // the last session of each run
}

// Len returns the number of runs.
func (r *Runs) Len() int { return len(r.from) }

// Row returns the row that a run has in a session, None where it is absent.
func (r *Runs) Row(run, session int) int {
	if run < 0 || run >= len(r.from) || session < 0 || session >= r.Sessions {
		return None
	}
	return int(r.rows[run*r.Sessions+session])
}

// Rows returns a run's row in each session, None where it is absent. It must not be
// changed.
func (r *Runs) Rows(run int) []int32 { return r.rows[run*r.Sessions : (run+1)*r.Sessions] }

// Run returns the run of a row of a session, None if the row is of another type.
func (r *Runs) Run(session, row int) int {
	if session < 0 || session >= len(r.runs) || row < 0 || row >= len(r.runs[session]) {
		return None
	}
	return int(r.runs[session][row])
}

// First and Last return the sessions in which a run begins and ends; there are no gaps
// between.
func (r *Runs) First(run int) int { return int(r.from[run]) }

// Last returns the last session that a run is in.
func (r *Runs) Last(run int) int { return int(r.to[run]) }

// follow makes the runs of things that links connect. counts are the rows of each
// session, and is says which of them count. Runs are in the order of the session in
// which they begin, then of the row there. A link counts if both ends say so, to a
// row of the next session that counts.
func follow(links *Links, counts []int, is func(session, row int) bool) *Runs {
	r := &Runs{Sessions: len(counts), runs: make([][]int32, len(counts))}
	for j, n := range counts {
		r.runs[j] = make([]int32, n)
		for i := range r.runs[j] {
			r.runs[j][i] = None
		}
	}
	for j := range counts {
		for i := range counts[j] {
			if r.runs[j][i] != None || !is(j, i) {
				continue
			}
			run := int32(len(r.from))
			at := len(r.rows)
			for range counts {
				r.rows = append(r.rows, None)
			}
			session, row := j, i
			for {
				r.rows[at+session] = int32(row)
				r.runs[session][row] = run
				next := links.sound(session, row, counts)
				if next == None || !is(session+1, next) || r.runs[session+1][next] != None {
					break
				}
				session, row = session+1, next
			}
			r.from, r.to = append(r.from, int32(j)), append(r.to, int32(session))
		}
	}
	return r
}

// sound returns the row of the next session that a row is linked to, if both ends say
// so.
func (l *Links) sound(session, row int, counts []int) int {
	if l == nil || session+1 >= len(counts) {
		return None
	}
	next := l.Next(session, row)
	if next == None || next >= counts[session+1] || l.Prev(session+1, next) != row {
		return None
	}
	return next
}

// Runs returns the runs of the objects of a type; of the map's own type for "".
func (m *Map) Runs(t Type) *Runs {
	if t == "" {
		t = m.DefaultType
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[t]; r != nil {
		return r
	}
	counts := make([]int, len(m.Sessions))
	for j, s := range m.Sessions {
		counts[j] = s.Len()
	}
	links := m.Objects
	if t == Slab || t == Control || t == GlobalPivot {
		links = nil
	}
	r := follow(links, counts, func(session, row int) bool { return m.Sessions[session].Types()[row] == t })
	r.Type = t
	// People can ask for types that no map has.
	if m.runs == nil || len(m.runs) > len(types) {
		m.runs = map[Type]*Runs{}
	}
	m.runs[t] = r
	return r
}

// SegmentRuns returns the map segments: traced segments, each followed through the
// sessions. It is empty for a map without a segment map.
func (m *Map) SegmentRuns() *Runs {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.segments != nil {
		return m.segments
	}
	counts := make([]int, len(m.Sessions))
	if m.Segments != nil {
		for j, s := range m.Sessions {
			if counts[j] = len(s.Segments()); s.Tracing == nil {
				counts[j] = m.Segments.count(j)
			}
		}
	}
	m.segments = follow(m.Segments, counts, func(int, int) bool { return true })
	return m.segments
}

// count returns how many rows of a session the block idx has.
func (l *Links) count(session int) int {
	idx := l.grid("idx")
	for i := l.Rows - 1; i >= 0; i-- {
		if session < l.Cols && idx[i*l.Cols+session] != None {
			return i + 1
		}
	}
	return 0
}

// MapSegment returns the map segment of an object, None if it has none.
func (m *Map) MapSegment(session, row int) int {
	return m.SegmentRuns().Run(session, m.Sessions[session].Segment(row))
}

// Dynamics says what became of a run around one session.
type Dynamics uint8

// The dynamics of a run in a session, numbered as in the files.
const (
	NoDynamics Dynamics = iota // absent, or the map has one session
	Added
	Subtracted
	Transient
	Persistent
)

var dynamicsNames = [...]string{"", "added", "subtracted", "transient", "persistent"}

func (d Dynamics) String() string {
	if int(d) < len(dynamicsNames) {
		return dynamicsNames[d]
	}
	return ""
}

// dynamicsOf tells from whether the run is there before and after. In the first
// session nobody knows what was before, so a run there is as if it had been; likewise
// in the last.
func dynamicsOf(session, sessions int, before, after bool) Dynamics {
	if sessions < 2 {
		return NoDynamics
	}
	switch {
	case session == 0:
		before = true
	case session == sessions-1:
		after = true
	}
	switch {
	case before && after:
		return Persistent
	case before:
		return Subtracted
	case after:
		return Added
	}
	return Transient
}
