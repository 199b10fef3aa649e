package maps

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"

	"webmon/dashboard/answer"
	"webmon/shm/maps"
)

// What scripts get are columns: the length of a head in bytes (u4), the head as JSON
// {"n": rows, "columns": [{"name", "title", "unit", "type": "f8"|"i4"|"u1", "words"}]}
// with spaces behind it, so that what follows begins at a multiple of eight bytes, and
// then each column, little-endian, with zeros up to the next multiple of eight. NaN, and -1
// in whole numbers, stand for nothing.

// binaryType is the media type of columns and of pixels.
const binaryType = "application/octet-stream"

// column is a column of such an answer: one of the three.
type column struct {
	Name  string   `json:"name"`
	Title string   `json:"title,omitempty"`
	Unit  string   `json:"unit,omitempty"`
	Type  string   `json:"type"`
	Words []string `json:"words,omitempty"` // of which the values are indices

	floats []float64
	whole  []int32
	bytes  []uint8
}

func floats(name string, v []float64) column { return column{Name: name, Type: "f8", floats: v} }

func whole(name string, v []int32) column { return column{Name: name, Type: "i4", whole: v} }

func small(name string, v []uint8) column { return column{Name: name, Type: "u1", bytes: v} }

// statColumn is a statistic as a column.
func statColumn(c *maps.Column) column {
	out := floats(c.Stat.Name, c.Values)
	out.Title, out.Unit, out.Words = c.Stat.Title, c.Stat.Unit, c.Words
	return out
}

// writeColumns writes n rows of columns.
func writeColumns(b *answer.Body, n int, columns []column) error {
	head, err := json.Marshal(struct {
		N       int      `json:"n"`
		Columns []column `json:"columns"`
	}{n, columns})
	if err != nil {
		return err
	}
	for (4+len(head))%8 != 0 {
		head = append(head, ' ')
	}
	buf := binary.LittleEndian.AppendUint32(make([]byte, 0, 4<<10), uint32(len(head)))
	if _, err := b.Write(append(buf, head...)); err != nil {
		return err
	}
	for i := range columns {
		c := &columns[i]
		size := 0
		// The values of a page at a time.
		const page = 512
		for from := 0; from < n; from += page {
			to := min(from+page, n)
			buf = buf[:0]
			switch c.Type {
			case "f8":
				for _, v := range c.floats[from:to] {
					buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(v))
				}
			case "i4":
				for _, v := range c.whole[from:to] {
					buf = binary.LittleEndian.AppendUint32(buf, uint32(v))
				}
			default:
				buf = append(buf, c.bytes[from:to]...)
			}
			size += len(buf)
			if to == n {
				for ; size%8 != 0; size++ {
					buf = append(buf, 0)
				}
			}
			if _, err := b.Write(buf); err != nil {
				return err
			}
		}
	}
	return nil
}

// editionHeader is the header that says of which edition of the map the rows are.
const editionHeader = "Webmon-Edition"

// getColumns answers GET /maps/<map>/columns?stat=...: the objects that the parameters
// ask for, as the values of the API do, with run, session, row, segment (of the map), dynamics and
// bad before the statistics.
func (m *Maps) getColumns(w http.ResponseWriter, r *http.Request) error {
	o, err := m.open(r.Context(), r.PathValue("map"))
	if err != nil {
		return err
	}
	q, err := ask(r).query(o.Map)
	if err != nil {
		return err
	}
	w.Header().Set(editionHeader, o.Edition)
	if fresh(w, r, askAgain, r.URL.Path, r.URL.RawQuery, o.Version) {
		return nil
	}
	v, err := values(o.Map, q)
	if err != nil {
		return err
	}
	n := v.Len()
	dynamics, bad := make([]uint8, n), make([]uint8, n)
	for i := range n {
		dynamics[i] = uint8(v.Dynamics[i])
		if v.Bad[i] {
			bad[i] = 1
		}
	}
	columns := []column{
		whole("run", v.Runs), whole("session", v.Sessions), whole("row", v.Rows), whole("segment", v.Segments),
		small("dynamics", dynamics), small("bad", bad),
	}
	for i := range v.Columns {
		columns = append(columns, statColumn(&v.Columns[i]))
	}
	guess := int64(n)*int64(18+8*len(v.Columns)) + 16<<10
	return m.send(w, r, m.texts, binaryType, guess, func(b *answer.Body) error { return writeColumns(b, n, columns) })
}

// traced are points of tracings.
type traced struct {
	session, segment, mapSegment []int32
	columns                      [6][]float64 // x, y, z, sDist, pDist, radius
}

// tracedOf returns the points of a session and a map segment, or of all.
func tracedOf(m *maps.Map, session, segment int) *traced {
	t := &traced{}
	for j := range m.Sessions {
		if session != maps.All && j != session {
			continue
		}
		of, err := m.Trace(j, segment)
		if err != nil {
			continue // there is no such segment, which has been checked
		}
		n := len(of.X)
		t.segment, t.mapSegment = append(t.segment, of.Segment...), append(t.mapSegment, of.MapSegment...)
		for range n {
			t.session = append(t.session, int32(j))
		}
		for i, v := range [...][]float64{of.X, of.Y, of.Z, of.SDist, of.PDist, of.Radius} {
			if v == nil {
				for range n {
					t.columns[i] = append(t.columns[i], math.NaN())
				}
			}
			t.columns[i] = append(t.columns[i], v...)
		}
	}
	return t
}

// getTracings answers GET /maps/<map>/tracings?session=: the points of the traced segments.
func (m *Maps) getTracings(w http.ResponseWriter, r *http.Request) error {
	o, err := m.open(r.Context(), r.PathValue("map"))
	if err != nil {
		return err
	}
	session, err := ask(r).number("session", "session", len(o.Sessions))
	if err != nil {
		return err
	}
	if fresh(w, r, askAgain, r.URL.Path, r.URL.RawQuery, o.Version) {
		return nil
	}
	t := tracedOf(o.Map, session, maps.All)
	columns := []column{whole("session", t.session), whole("segment", t.segment), whole("mapSegment", t.mapSegment)}
	for i, name := range [...]string{"x", "y", "z", "sDist", "pDist", "radius"} {
		columns = append(columns, floats(name, t.columns[i]))
	}
	n := len(t.session)
	return m.send(w, r, m.texts, binaryType, int64(n)*60+16<<10, func(b *answer.Body) error { return writeColumns(b, n, columns) })
}
