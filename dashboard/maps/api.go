package maps

import (
	"io"
	"net/http"
	"strings"

	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

// getList answers GET /api/v1/maps.
func (m *Maps) getList(w http.ResponseWriter, r *http.Request) error {
	list := m.opts.Library.List()
	s := &sheet{
		names: []string{"map", "name", "sessions", "objects", "segments", "runs", "condition", "unsaved", "problem"},
		rows:  len(list),
		cell: func(row, col int) cell {
			e := &list[row]
			var facts [4]cell
			if f := e.Facts; f != nil {
				facts = [4]cell{index(f.Sessions), index(f.Objects), index(f.Segments), index(f.Runs)}
			}
			switch col {
			case 0:
				return words(e.Key)
			case 1:
				return words(e.Name)
			case 6:
				return words(strings.Join(e.Condition, ";"))
			case 7:
				return index(e.Unsaved)
			case 8:
				return words(e.Problem)
			}
			return facts[col-2]
		},
	}
	return m.answerSheet(w, r, strings.HasSuffix(r.URL.Path, ".csv"), "maps", s, s.writeObjects)
}

// named returns the map that a request names, and whether a CSV is asked for, or a zip.
// A map may be called so itself.
func (m *Maps) named(r *http.Request) (key string, suffix string) {
	key = r.PathValue("map")
	if _, ok := m.entry(key); ok {
		return key, ""
	}
	for _, suffix := range []string{".csv", ".zip"} {
		if stem, ok := strings.CutSuffix(key, suffix); ok {
			return stem, suffix
		}
	}
	return key, ""
}

// getMap answers GET /api/v1/maps/<map>, <map>.csv and <map>.zip.
func (m *Maps) getMap(w http.ResponseWriter, r *http.Request) error {
	key, suffix := m.named(r)
	if suffix == ".zip" {
		return m.getZip(w, r, key)
	}
	o, err := m.open(r.Context(), key)
	if err != nil {
		return err
	}
	if fresh(w, r, askAgain, r.URL.Path, o.Version) {
		return nil
	}
	s := sessionSheet(o.Map)
	return m.answerSheet(w, r, suffix == ".csv", key, s, func(w io.Writer) error {
		var b []byte
		for _, f := range []struct {
			name string
			cell cell
		}{
			{"map", words(key)}, {"edition", words(o.Edition)}, {"name", words(o.Name)}, {"condition", words(o.ConditionText())},
			{"type", words(string(o.DefaultType))}, {"segments", index(o.SegmentRuns().Len())}, {"runs", index(o.Runs("").Len())},
			{"unsaved", index(o.Unsaved)}, {"problems", index(len(o.Problems))}, {"source", words(m.SourceID(key))},
		} {
			b = append(b, `,"`...)
			b = append(b, f.name...)
			b = f.cell.appendJSON(append(b, `":`...))
		}
		b[0] = '{'
		if _, err := w.Write(append(b, `,"sessions":`...)); err != nil {
			return err
		}
		if err := s.writeObjects(w); err != nil {
			return err
		}
		_, err := io.WriteString(w, "}")
		return err
	})
}

// sessionSheet is the sessions of a map. "spines" are the objects that the map is about.
func sessionSheet(m *maps.Map) *sheet {
	return &sheet{
		names: []string{"index", "stack", "condition", "date", "time", "days", "slices", "px", "py", "dx", "dy", "dz", "channels", "objects", "spines", "bad", "segments"},
		rows:  len(m.Sessions),
		cell: func(row, col int) cell {
			s := m.Sessions[row]
			switch col {
			case 0:
				return index(s.Index)
			case 1:
				return words(s.Stack)
			case 2:
				return words(s.Condition)
			case 3:
				return words(s.Date)
			case 4:
				return words(s.Time)
			case 5:
				return num(s.Days)
			case 6:
				return known(float64(s.PZ))
			case 7:
				return known(float64(s.PX))
			case 8:
				return known(float64(s.PY))
			case 9:
				return known(s.DX)
			case 10:
				return known(s.DY)
			case 11:
				return known(s.DZ)
			case 12:
				return known(float64(s.Channels))
			case 13:
				return index(s.Len())
			case 16:
				return index(len(s.Segments()))
			}
			all, bad := s.Count(m.DefaultType)
			if col == 14 {
				return index(all)
			}
			return index(bad)
		},
	}
}

// parts are what there is to ask of a map, GET /api/v1/maps/<map>/<part>.
var parts = map[string]func(m *Maps, o library.Opened, q asked) (s *sheet, write func(io.Writer) error, err error){
	"runs":     (*Maps).runs,
	"values":   (*Maps).values,
	"tracing":  (*Maps).tracing,
	"where":    (*Maps).where,
	"dynamics": (*Maps).dynamics,
	"segments": (*Maps).segments,
	"survival": (*Maps).survival,
	"new":      (*Maps).newPersistent,
	"find":     (*Maps).find,
	"pairs":    (*Maps).pairs,
	"problems": (*Maps).problems,
	"stats":    (*Maps).stats,
}

// getPart answers GET /api/v1/maps/<map>/<part> and <part>.csv.
func (m *Maps) getPart(w http.ResponseWriter, r *http.Request) error {
	what, asCSV := strings.CutSuffix(r.PathValue("what"), ".csv")
	part, ok := parts[what]
	if !ok {
		return missing("There is nothing called %.60q of a map.", what)
	}
	key := r.PathValue("map")
	o, err := m.open(r.Context(), key)
	if err != nil {
		return err
	}
	s, write, err := part(m, o, ask(r))
	if err != nil {
		return err
	}
	if fresh(w, r, askAgain, r.URL.Path, r.URL.RawQuery, o.Version) {
		return nil
	}
	return m.answerSheet(w, r, asCSV, key+"-"+what, s, write)
}

// between writes JSON around what write writes.
func between(before string, write func(io.Writer) error, after string) func(io.Writer) error {
	return func(w io.Writer) error {
		if _, err := io.WriteString(w, before); err != nil {
			return err
		}
		if err := write(w); err != nil {
			return err
		}
		_, err := io.WriteString(w, after)
		return err
	}
}

// columnsAndRows writes a table as {"columns": [...], "rows": [[...]]}.
func (s *sheet) columnsAndRows(w io.Writer) error {
	b := []byte(`{"columns":[`)
	for i, name := range s.names {
		if i > 0 {
			b = append(b, ',')
		}
		b = words(name).appendJSON(b)
	}
	return between(string(b)+`],"rows":`, s.writeRows, "}")(w)
}

// runs answers .../runs.
func (m *Maps) runs(o library.Opened, q asked) (*sheet, func(io.Writer) error, error) {
	t, err := q.objectType("type")
	if err != nil {
		return nil, nil, err
	}
	runs := o.Runs(t)
	s := &sheet{rows: runs.Len(), cell: func(row, col int) cell { return index(runs.Row(row, col)) }}
	for _, session := range o.Sessions {
		s.names = append(s.names, "session "+string(appendNumber(nil, float64(session.Index))))
	}
	return s, between(`{"type":`+string(words(string(runs.Type)).appendJSON(nil))+`,"runs":`, s.writeRows, "}"), nil
}

// values answers .../values.
func (m *Maps) values(o library.Opened, q asked) (*sheet, func(io.Writer) error, error) {
	query, err := q.query(o.Map)
	if err != nil {
		return nil, nil, err
	}
	v, err := values(o.Map, query)
	if err != nil {
		return nil, nil, err
	}
	s := &sheet{
		names: append([]string{"run", "session", "row"}, query.Stats...),
		rows:  v.Len(),
		cell: func(row, col int) cell {
			switch col {
			case 0:
				return index(v.Runs[row])
			case 1:
				return index(v.Sessions[row])
			case 2:
				return index(v.Rows[row])
			}
			c := &v.Columns[col-3]
			if c.Words != nil {
				return words(c.Words[int(c.Values[row])])
			}
			return num(c.Values[row])
		},
	}
	return s, s.columnsAndRows, nil
}

// tracing answers .../tracing.
func (m *Maps) tracing(o library.Opened, q asked) (*sheet, func(io.Writer) error, error) {
	session, err := q.number("session", "session", len(o.Sessions))
	if err != nil {
		return nil, nil, err
	}
	segment, err := q.number("segment", "map segment", o.SegmentRuns().Len())
	if err != nil {
		return nil, nil, err
	}
	t := tracedOf(o.Map, session, segment)
	s := &sheet{
		names: []string{"session", "segment", "map_segment", "x", "y", "z", "sDist", "pDist", "radius"},
		rows:  len(t.session),
		cell: func(row, col int) cell {
			switch col {
			case 0:
				return index(t.session[row])
			case 1:
				return index(t.segment[row])
			case 2:
				return index(t.mapSegment[row])
			}
			return num(t.columns[col-3][row])
		},
	}
	return s, s.columnsAndRows, nil
}

// problems answers .../problems: what was found in the files.
func (m *Maps) problems(o library.Opened, _ asked) (*sheet, func(io.Writer) error, error) {
	s := &sheet{
		names: []string{"file", "session", "row", "text"},
		rows:  len(o.Problems),
		cell: func(row, col int) cell {
			p := &o.Problems[row]
			switch col {
			case 0:
				return words(p.File)
			case 1:
				return index(p.Session)
			case 2:
				return index(p.Row)
			}
			return words(p.Text)
		},
	}
	return s, s.writeObjects, nil
}

// stats answers .../stats: what can be plotted.
func (m *Maps) stats(o library.Opened, _ asked) (*sheet, func(io.Writer) error, error) {
	list := o.Stats()
	s := &sheet{
		names: []string{"name", "title", "unit", "group", "words"},
		rows:  len(list),
		cell: func(row, col int) cell {
			st := &list[row]
			if col == 4 {
				return truth(st.Words)
			}
			return words([...]string{st.Name, st.Title, st.Unit, st.Group}[col])
		},
	}
	return s, s.writeObjects, nil
}
