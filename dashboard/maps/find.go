package maps

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"

	"webmon/dashboard/answer"
	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

// search reads what is looked for.
func (q asked) search(m *maps.Map) (maps.Search, error) {
	var known []string
	for _, k := range maps.SearchKinds {
		known = append(known, string(k))
	}
	kind, err := q.one("kind", known...)
	if err != nil {
		return maps.Search{}, err
	}
	s := maps.Search{Kind: maps.SearchKind(kind), Words: q.Get("words"), Stat: q.Get("stat")}
	if s.Op, err = q.one("op", "", "<", "<=", "=", "!=", ">=", ">"); err != nil {
		return s, err
	}
	if s.Type, err = q.objectType("type"); err != nil {
		return s, err
	}
	if s.Session, err = q.number("session", "session", len(m.Sessions)); err != nil {
		return s, err
	}
	if s.Segment, err = q.number("segment", "map segment", m.SegmentRuns().Len()); err != nil {
		return s, err
	}
	if s.Bad, err = q.truth("bad", true); err != nil {
		return s, err
	}
	if s.Distance, err = q.float("distance", 0, 0, 1e6); err != nil {
		return s, err
	}
	if s.Kind == maps.FindStat {
		if s.Op == "" {
			s.Op = ">"
		}
		if s.Stat == "" {
			s.Stat = "pDist"
		}
		if _, ok := m.Stat(s.Stat); !ok {
			return s, refuse("stat", "there is no statistic %.60q in this map", s.Stat)
		}
	}
	s.Value, err = q.float("value", 0, -math.MaxFloat64, math.MaxFloat64)
	return s, err
}

var foundFields = []field[maps.Found]{
	{"run", func(r *maps.Found) cell { return index(r.Run) }},
	{"session", func(r *maps.Found) cell { return index(r.Session) }},
	{"row", func(r *maps.Found) cell { return index(r.Row) }},
	{"segment", func(r *maps.Found) cell { return index(r.Segment) }},
	{"other_run", func(r *maps.Found) cell { return index(r.OtherRun) }},
	{"other_session", func(r *maps.Found) cell { return index(r.OtherSession) }},
	{"other_row", func(r *maps.Found) cell { return index(r.OtherRow) }},
	{"value", func(r *maps.Found) cell { return num(r.Value) }},
	{"text", func(r *maps.Found) cell { return words(r.Text) }},
}

// find answers .../find?kind=.
func (m *Maps) find(o library.Opened, q asked) (*sheet, func(io.Writer) error, error) {
	search, err := q.search(o.Map)
	if err != nil {
		return nil, nil, err
	}
	found, err := o.Find(search)
	if err != nil {
		return nil, nil, refuse("kind", "%s", err.Error())
	}
	s := table(found, foundFields)
	return s, s.writeObjects, nil
}

var pairFields = []field[maps.Pair]{
	{"session", func(r *maps.Pair) cell { return index(r.Session) }},
	{"row", func(r *maps.Pair) cell { return index(r.Row) }},
	{"segment", func(r *maps.Pair) cell { return index(r.Segment) }},
	{"pDist", func(r *maps.Pair) cell { return num(r.PDist) }},
	{"partner", func(r *maps.Pair) cell { return index(r.Partner) }},
	{"partner_pDist", func(r *maps.Pair) cell { return num(r.PartnerPDist) }},
	{"distance", func(r *maps.Pair) cell { return num(r.Distance) }},
	{"same_side", func(r *maps.Pair) cell { return truth(r.SameSide) }},
}

// nearEnough is how far apart, in micrometres, a proposed pair may be unless the request says so.
const nearEnough = 2

// pairing reads which pairs are asked for.
func (m *Maps) pairing(o *maps.Map, q asked) ([]maps.Pair, int, error) {
	t, err := q.objectType("type")
	if err != nil {
		return nil, 0, err
	}
	session, err := q.number("session", "session", len(o.Sessions))
	if err != nil {
		return nil, 0, err
	}
	session = max(session, 0)
	segment, err := q.number("segment", "map segment", o.SegmentRuns().Len())
	if err != nil {
		return nil, 0, err
	}
	limit, err := q.float("distance", nearEnough, 0, 1e6)
	if err != nil {
		return nil, 0, err
	}
	side, err := q.truth("side", false)
	if err != nil {
		return nil, 0, err
	}
	pairs, err := o.Pairs(t, session, segment, limit, side)
	if err != nil {
		return nil, session, refuse("session", "%s", err.Error())
	}
	return pairs, session, nil
}

// pairs answers .../pairs?session=: proposed partners in the next session.
func (m *Maps) pairs(o library.Opened, q asked) (*sheet, func(io.Writer) error, error) {
	pairs, _, err := m.pairing(o.Map, q)
	if err != nil {
		return nil, nil, err
	}
	s := table(pairs, pairFields)
	return s, s.writeObjects, nil
}

// place is where a run is in a session, or would be.
type place struct {
	session, row int
	x, y, z      float64
	rule         string // "" where the run is; how it was found where it is absent
	known        bool
}

// places returns where a run is in every session, or would be.
func places(m *maps.Map, runs *maps.Runs, run int) []place {
	out := make([]place, len(m.Sessions))
	for j, s := range m.Sessions {
		p := place{session: j, row: runs.Row(run, j), x: math.NaN(), y: math.NaN(), z: math.NaN()}
		if p.row != maps.None {
			p.x, p.y, p.z = s.Table.Value(p.row, "x"), s.Table.Value(p.row, "y"), s.Table.Value(p.row, "z")
			p.known = true
		} else if at, ok := m.Where(runs, run, j); ok {
			p.x, p.y, p.z, p.rule, p.known = at.X, at.Y, at.Z, string(at.Rule), true
		}
		out[j] = p
	}
	return out
}

// where answers .../where?run=: where a run is in every session, or would be.
func (m *Maps) where(o library.Opened, q asked) (*sheet, func(io.Writer) error, error) {
	t, err := q.objectType("type")
	if err != nil {
		return nil, nil, err
	}
	runs := o.Runs(t)
	run, err := q.number("run", "run", runs.Len())
	if err != nil {
		return nil, nil, err
	}
	if run < 0 {
		return nil, nil, refuse("run", "run must be named")
	}
	list := places(o.Map, runs, run)
	s := &sheet{
		names: []string{"session", "row", "x", "y", "z", "rule"},
		rows:  len(list),
		cell: func(row, col int) cell {
			p := &list[row]
			switch col {
			case 0:
				return index(p.session)
			case 1:
				return index(p.row)
			case 5:
				return words(p.rule)
			}
			return num([...]float64{p.x, p.y, p.z}[col-2])
		},
	}
	return s, s.writeObjects, nil
}

// getZip answers GET /api/v1/maps/<map>.zip.
func (m *Maps) getZip(w http.ResponseWriter, r *http.Request, key string) error {
	if _, err := m.open(r.Context(), key); err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", attachment(key+".zip"))
	err := m.send(w, r, m.files, "application/zip", 0, func(b *answer.Body) error { return m.opts.Library.Zip(r.Context(), key, b) })
	if err != nil {
		w.Header().Del("Content-Disposition")
		return fmt.Errorf("packing the map %s: %w", key, err)
	}
	return nil
}

// isName reports whether a text can be the key of a new map: what can be a folder's name everywhere.
func isName(text string) bool {
	return text != "" && len(text) <= 100 && !strings.HasPrefix(text, ".") && !strings.ContainsFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._- ", r))
	})
}
