package edit

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"webmon/shm/maps"
)

// The kinds of edit.
const (
	Add      = "add"      // an object at X, Y, Z; of Segment and Type if they are given
	Move     = "move"     // an object to X, Y, Z; onto Segment and the tracing's Point if they are given
	Delete   = "delete"   // an object
	Link     = "link"     // an object to row To of the next session
	Unlink   = "unlink"   // an object from that of the next session
	Bad      = "bad"      // an object is unusable, or is not
	Note     = "note"     // the note of an object
	UserType = "userType" // the class of an object, 0 to 10; None for none
	Pivot    = "pivot"    // the landmark Row of a segment, or of the session, to X, Y, Z
	Measure  = "measure"  // the intensities of a spine are measured again
)

// Edit is a change that somebody asks for. X and Y are micrometres, Z is a slice counted
// from 0; sessions, rows, segments and points are counted from 0.
type Edit struct {
	Do       string    `json:"do"`
	Session  int       `json:"session"`
	Row      int       `json:"row"` // of the object; not of Add
	X        *float64  `json:"x,omitempty"`
	Y        *float64  `json:"y,omitempty"`
	Z        *float64  `json:"z,omitempty"`
	Segment  *int      `json:"segment,omitempty"` // of this session's tracing; None for none
	Point    *int      `json:"point,omitempty"`   // row of the tracing; nil: the nearest
	Type     maps.Type `json:"type,omitempty"`    // "": the one that the map is about
	Bad      *bool     `json:"bad,omitempty"`
	Note     *string   `json:"note,omitempty"`
	UserType *int      `json:"userType,omitempty"`
	To       *int      `json:"to,omitempty"`
}

// Refused says in a sentence why an edit cannot be made; Field is the value that is to
// blame.
type Refused struct{ Field, Text string }

// Error implements error.
func (e *Refused) Error() string { return e.Text }

func refuse(field, format string, args ...any) error {
	return &Refused{field, fmt.Sprintf(format, args...)}
}

// maxNote bounds a note, in bytes.
const maxNote = 4000

// Ops returns what an edit by somebody at a time does to a map. The error is a [Refused].
func (e *Edit) Ops(m *maps.Map, who string, at time.Time) ([]Op, error) {
	if e.Session < 0 || e.Session >= len(m.Sessions) {
		return nil, refuse("session", "There is no session %d; the map has %d, counted from 0.", e.Session, len(m.Sessions))
	}
	c := &compile{m: m, s: m.Sessions[e.Session], Edit: e, who: who, at: at}
	if c.s.Table == nil {
		return nil, refuse("session", "Session %d has no table of objects.", e.Session)
	}
	if e.Do != Add && (e.Row < 0 || e.Row >= c.s.Len()) {
		return nil, refuse("row", "There is no row %d in session %d; it has %d, counted from 0.", e.Row, e.Session, c.s.Len())
	}
	if err := c.kept(); err != nil {
		return nil, err
	}
	do, ok := map[string]func() ([]Op, error){
		Add: c.add, Move: c.move, Delete: c.remove, Link: c.link, Unlink: c.unlink, Bad: c.bad, Note: c.note, UserType: c.userType, Pivot: c.pivot,
		Measure: c.measure,
	}[e.Do]
	if !ok {
		return nil, refuse("do", "%.40q is no edit: it is one of add, move, delete, link, unlink, bad, note, userType, pivot, measure.", e.Do)
	}
	return do()
}

// Refusals says why an object of a map cannot be edited: by kind of edit a sentence. What can be
// done is not in it; links, landmarks and new objects are asked for with Ops alone.
func Refusals(m *maps.Map, session, row int) map[string]string {
	o := ObjectOf(m, session, row)
	if o == nil {
		return nil
	}
	no, nothing, none := false, "", maps.None
	out := map[string]string{}
	for _, e := range []Edit{
		{Do: Bad, Bad: &no}, {Do: Note, Note: &nothing}, {Do: UserType, UserType: &none}, {Do: Delete}, {Do: Measure}, {Do: Move, X: orZero(o.X), Y: orZero(o.Y), Z: orZero(o.Z)},
	} {
		e.Session, e.Row = session, row
		if _, err := e.Ops(m, "", time.Time{}); err != nil {
			out[e.Do] = err.Error()
		}
	}
	return out
}

// orZero is a place that an object without one may be moved to.
func orZero(v *float64) *float64 {
	if v == nil {
		v = new(float64)
	}
	return v
}

type compile struct {
	m *maps.Map
	s *maps.Session
	*Edit
	who string
	at  time.Time
}

// kind is the type of the object.
func (c *compile) kind() maps.Type { return c.s.Types()[c.Row] }

// set makes the operation that changes cells of the object's row. Columns that the table
// does not have are left out.
func (c *compile) set(file string, row int, cells map[string]string, derived bool) ([]Op, error) {
	t, _ := tableOf(c.s, file)
	if row >= t.Len() {
		return nil, nil
	}
	has := map[string]string{}
	for name, words := range cells {
		if t.Has(name) {
			has[name] = words
		}
	}
	if len(has) == 0 {
		return nil, nil
	}
	changed, err := t.Set(row, has)
	if err != nil {
		return nil, refuse("", "%s", sentence(err))
	}
	return []Op{{Do: opLine, Session: c.Session, Row: row, File: file, Line: changed.Line(row), Derived: derived}}, nil
}

func sentence(err error) string {
	words := err.Error()
	if words == "" {
		return words
	}
	return strings.ToUpper(words[:1]) + words[1:] + "."
}

// judged changes a column of the object, which must be there.
func (c *compile) judged(column, words string) ([]Op, error) {
	if !c.s.Table.Has(column) {
		return nil, refuse("", "The table of session %d has no column %s.", c.Session, column)
	}
	cells := c.stamp()
	cells[column] = words
	return c.set("db2", c.Row, cells, false)
}

// epoch is 1904-01-01, from which the files count seconds of local time.
var epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)

// seconds returns a time as the files have it.
func seconds(at time.Time) string {
	_, zone := at.Zone()
	return strconv.FormatFloat(float64(at.UnixMilli()+int64(zone)*1000-epoch.UnixMilli())/1000, 'f', 6, 64)
}

// stamp is who has changed an object, and when.
func (c *compile) stamp() map[string]string {
	return map[string]string{"mDate": c.at.Format("2006-01-02"), "mTime": c.at.Format("15:04:05"), "mSeconds": seconds(c.at), "userName": c.author()}
}

// author is a name that a cell can have.
func (c *compile) author() string {
	name := strings.Map(func(r rune) rune {
		if r == ',' || r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, c.who)
	return strings.TrimSpace(name)
}

func (c *compile) bad() ([]Op, error) {
	if c.Bad == nil {
		return nil, refuse("bad", "Say whether the object is bad: \"bad\": true or false.")
	}
	if *c.Bad {
		return c.judged("isBad", "1")
	}
	return c.judged("isBad", "0")
}

func (c *compile) note() ([]Op, error) {
	switch {
	case c.Note == nil:
		return nil, refuse("note", "Say what the note is.")
	case strings.ContainsAny(*c.Note, "\r\n"):
		return nil, refuse("note", "A note is one line: the file of the map has a line for each object.")
	case strings.ContainsFunc(*c.Note, func(r rune) bool { return r < ' ' && r != '\t' || r == utf8.RuneError }):
		return nil, refuse("note", "The note has a character that is no text.")
	case len(*c.Note) > maxNote:
		return nil, refuse("note", "The note has %d bytes, and may have %d.", len(*c.Note), maxNote)
	}
	return c.judged("note", *c.Note)
}

func (c *compile) userType() ([]Op, error) {
	switch {
	case c.UserType == nil || *c.UserType < maps.None || *c.UserType > 10:
		return nil, refuse("userType", "A user type is a whole number from 0 to 10, or -1 for none.")
	case *c.UserType == maps.None:
		return c.judged("userType", "")
	}
	return c.judged("userType", strconv.Itoa(*c.UserType))
}

// place reads where an object is to be, which is within the stack.
func (c *compile) place() (x, y, z float64, err error) {
	for _, v := range []struct {
		name    string
		of      *float64
		to      *float64
		step    float64
		n       int
		nothing string
	}{{"x", c.X, &x, c.s.DX, c.s.PX, "columns"}, {"y", c.Y, &y, c.s.DY, c.s.PY, "rows"}, {"z", c.Z, &z, 1, c.s.PZ, "slices"}} {
		if v.of == nil || math.IsNaN(*v.of) || math.IsInf(*v.of, 0) {
			return 0, 0, 0, refuse(v.name, "Say where the object is: %s is missing, or is no number.", v.name)
		}
		at := math.Round(*v.of / v.step)
		if at < 0 || v.n > 0 && at >= float64(v.n) || math.Abs(*v.of) > 1e9 {
			if v.n > 0 {
				return 0, 0, 0, refuse(v.name, "%s = %s is outside of the stack, which has %d %s of %s.", v.name, short(*v.of), v.n, v.nothing, short(v.step))
			}
			return 0, 0, 0, refuse(v.name, "%s = %s is outside of the stack.", v.name, short(*v.of))
		}
		*v.to = *v.of
	}
	return x, y, z, nil
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// micrometres writes a length with five significant digits, as the files have it.
func micrometres(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
	if err != nil {
		return ""
	}
	return maps.FormatNumber(rounded)
}

// segment is the segment that the object belongs to; maps.None for none.
func (c *compile) segment(x, y float64, now int) (int, error) {
	n := len(c.s.Segments())
	if c.m.Origin != nil && c.s.Tracing == nil {
		// A table may say the segment of each object without a tracing.
		for _, s := range c.m.Sessions {
			for row := range s.Len() {
				n = max(n, s.Segment(row)+1)
			}
		}
	}
	switch {
	case c.Segment != nil:
		if *c.Segment < maps.None || *c.Segment >= n {
			return 0, refuse("segment", "There is no segment %d in session %d; it has %d, counted from 0.", *c.Segment, c.Session, n)
		}
		return *c.Segment, nil
	case now != maps.None || c.Do != Add:
		return now, nil
	}
	segment, _ := c.nearest(x, y, maps.None)
	return segment, nil
}

// nearest returns the point of the tracing that is nearest along x and y; of one segment if
// it is not None. People click on spines in projections, so that z tells less.
func (c *compile) nearest(x, y float64, only int) (segment, point int) {
	segment, point = maps.None, maps.None
	best := math.Inf(1)
	px, py := c.s.Tracing.Points.Column("x"), c.s.Tracing.Points.Column("y")
	for _, s := range c.s.Segments() {
		if only != maps.None && s.Index != only {
			continue
		}
		for k := s.Start; k < s.Stop && k < len(px) && k < len(py); k++ {
			if d := (px[k]-x)*(px[k]-x) + (py[k]-y)*(py[k]-y); d < best {
				best, segment, point = d, s.Index, k
			}
		}
	}
	return segment, point
}

// attach is what follows of the place of an object from the tracing: the point it belongs
// to, how far along the segment that is, on which side it sits, and where it meets the
// dendrite's edge.
func (c *compile) attach(cells map[string]string, kind maps.Type, x, y float64, segment int) error {
	if segment == maps.None || c.s.Tracing == nil {
		if c.Point != nil {
			return refuse("point", "There is no tracing, or no segment, that the point could be of.")
		}
		if segment != maps.None && c.m.Origin != nil {
			cells["parentID"] = strconv.Itoa(segment)
		}
		return nil
	}
	s := c.s.Segments()[segment]
	if s.Stop <= s.Start {
		return refuse("segment", "Segment %d of session %d has no points.", segment, c.Session)
	}
	_, k := c.nearest(x, y, segment)
	auto := "1"
	if c.Point != nil {
		if k, auto = *c.Point, "0"; k < s.Start || k >= s.Stop {
			return refuse("point", "Point %d is not one of segment %d, which has points %d to %d.", k, segment, s.Start, s.Stop-1)
		}
	}
	if k == maps.None {
		return refuse("segment", "No point of segment %d has a place.", segment)
	}
	px, py, pz := c.s.Tracing.Points.Column("x"), c.s.Tracing.Points.Column("y"), c.s.Tracing.Points.Column("z")
	sDist := c.s.Tracing.Points.Value(k, "sDist")
	cells["parentID"], cells["cPnt"], cells["cAuto"] = strconv.Itoa(segment), strconv.Itoa(k), auto
	cells["sDist"] = micrometres(sDist)
	if kind == maps.Pivot {
		cells["pDist"] = "0"
	} else if constant := c.s.PivotOffset(segment); !math.IsNaN(constant) {
		cells["pDist"] = micrometres(sDist + constant)
	}
	if len(pz) > k {
		cells["cz"] = maps.FormatNumber(math.Round(pz[k]))
	}
	cells["cx"], cells["cy"] = micrometres(px[k]), micrometres(py[k])
	if kind == maps.Pivot || kind == maps.Control {
		return nil
	}
	before, behind := max(s.Start, k-tangent), min(s.Stop-1, k+tangent)
	tx, ty := px[behind]-px[before], py[behind]-py[before]
	dx, dy := x-px[k], y-py[k]
	norm := math.Hypot(tx, ty)
	if !(norm > 0) {
		return nil
	}
	cross := (tx*dy - ty*dx) / norm
	r := s.Radius
	if !(r > 0) {
		r = 0
	}
	side, number, sign := "radius2", "2", -1.0
	if cross > 0 {
		side, number, sign = "radius1", "1", 1
	}
	if math.Hypot(dx, dy) < r {
		side, number, sign = "center", "0", 0
	}
	ex, ey := px[k]-sign*r*ty/norm, py[k]+sign*r*tx/norm
	cells["cLine"], cells["cLineNum"] = side, number
	cells["cx"], cells["cy"] = micrometres(ex), micrometres(ey)
	if angle := math.Atan2(ty, tx) - math.Atan2(y-ey, x-ex); !math.IsNaN(angle) {
		cells["cAngle"] = micrometres(math.Mod(angle*180/math.Pi+720, 360))
	}
	return nil
}

// tangent is how many points to either side tell the direction of a dendrite.
const tangent = 3

// outdated marks the intensities of the object as not measured since.
func (c *compile) outdated(row int) ([]Op, error) {
	var ops []Op
	for _, file := range files(c.s) {
		if !strings.HasPrefix(file, "Int") {
			continue
		}
		more, err := c.set(file, row, map[string]string{"isDirty": "1"}, false)
		if err != nil {
			return nil, err
		}
		ops = append(ops, more...)
	}
	return ops, nil
}

// measure marks an object as one that has to be measured again.
func (c *compile) measure() ([]Op, error) {
	if kind := c.kind(); kind != maps.Spine {
		return nil, refuse("row", "Row %d of session %d is a %s: only intensities of a spineROI are measured.", c.Row, c.Session, kind)
	}
	ops, err := c.outdated(c.Row)
	if err == nil && len(ops) == 0 {
		return nil, refuse("session", "Session %d has no table of intensities (Int1, Int2, Int3) that could take what is measured.", c.Session)
	}
	return ops, err
}

func (c *compile) move() ([]Op, error) {
	kind := c.kind()
	switch kind {
	case maps.Control:
		return nil, refuse("row", "Row %d is a control point, of which the tracing was made: it cannot be moved without tracing the dendrite again.", c.Row)
	case maps.Pivot, maps.GlobalPivot:
		return nil, refuse("row", "Row %d is a landmark: it is moved by the edit pivot, because distances of others change with it.", c.Row)
	}
	x, y, z, err := c.place()
	if err != nil {
		return nil, err
	}
	segment, err := c.segment(x, y, c.s.Segment(c.Row))
	if err != nil {
		return nil, err
	}
	if segment >= len(c.s.Segments()) && c.Segment == nil {
		segment = maps.None // the tracing lacks it
	}
	cells := c.stamp()
	cells["x"], cells["y"], cells["z"] = micrometres(x), micrometres(y), micrometres(z)
	cells["isDirty"] = "1"
	if c.Segment != nil && segment == maps.None {
		for _, name := range []string{"parentID", "cPnt", "sDist", "pDist", "cx", "cy", "cz", "cLine", "cLineNum", "cAngle", "cAuto"} {
			cells[name] = ""
		}
	}
	if err := c.attach(cells, kind, x, y, segment); err != nil {
		return nil, err
	}
	ops, err := c.set("db2", c.Row, cells, false)
	if err != nil {
		return nil, err
	}
	more, err := c.outdated(c.Row)
	return append(ops, more...), err
}

// numbers are the numbers that the files have for types.
var numbers = map[maps.Type]string{maps.Spine: "0", maps.Control: "2", maps.Pivot: "3", maps.Other: "4", maps.GlobalPivot: "8"}

func (c *compile) add() ([]Op, error) {
	kind := c.Type
	if kind == "" {
		kind = c.m.DefaultType
	}
	switch kind {
	case maps.Spine, maps.Other, maps.Node, maps.Slab, maps.Pivot:
	case maps.GlobalPivot:
		for _, t := range c.s.Types() {
			if t == kind {
				return nil, refuse("type", "Session %d has its landmark already: move it by the edit pivot.", c.Session)
			}
		}
	case maps.Control:
		return nil, refuse("type", "A control point cannot be added without tracing the dendrite again.")
	default:
		return nil, refuse("type", "%.40q is no type of object that can be added.", string(kind))
	}
	x, y, z, err := c.place()
	if err != nil {
		return nil, err
	}
	t := c.s.Table
	for _, name := range []string{"roiType", "x", "y", "z"} {
		if !t.Has(name) {
			return nil, refuse("", "The table of session %d has no column %s, so nothing can be added to it.", c.Session, name)
		}
	}
	cells := c.stamp()
	cells["cDate"], cells["cTime"], cells["cSeconds"] = cells["mDate"], cells["mTime"], cells["mSeconds"]
	cells["roiType"], cells["x"], cells["y"], cells["z"] = string(kind), micrometres(x), micrometres(y), micrometres(z)
	cells["Idx"], cells["roiTypeNum"] = c.nextIdx(), numbers[kind]
	cells["channel"] = strconv.Itoa(max(c.s.Channel, 1))
	for row, k := range c.s.Types() {
		if k == kind {
			cells["roiTypeNum"], cells["channel"] = t.Cell(row, "roiTypeNum"), t.Cell(row, "channel")
			break
		}
	}
	cells["isDirty"] = "1"
	if kind == maps.Spine || kind == maps.Pivot || c.Segment != nil || c.Point != nil {
		segment := maps.None
		if c.s.Tracing != nil || c.Segment != nil {
			if segment, err = c.segment(x, y, maps.None); err != nil {
				return nil, err
			}
		}
		if kind == maps.Pivot {
			if segment == maps.None {
				return nil, refuse("segment", "Say of which segment it is the landmark.")
			}
			for row, k := range c.s.Types() {
				if k == kind && c.s.Segment(row) == segment {
					return nil, refuse("segment", "Segment %d has its landmark, row %d, already: move it by the edit pivot.", segment, row)
				}
			}
		}
		if err := c.attach(cells, kind, x, y, segment); err != nil {
			return nil, err
		}
	}
	for name := range cells {
		if !t.Has(name) {
			delete(cells, name)
		}
	}
	row := c.s.Len()
	added, err := t.Append(cells, "")
	if err != nil {
		return nil, refuse("", "%s", sentence(err))
	}
	o := Op{Do: opInsert, Session: c.Session, Row: row, Lines: map[string]Line{"db2": added.Line(row)}}
	for _, file := range files(c.s)[1:] {
		w, _ := tableOf(c.s, file)
		if w.Len() != row {
			continue // rows are matched by position, and this one would be another's
		}
		own, fill := map[string]string{}, "NaN"
		if file == "user" {
			fill = ""
			if w.Has("Idx") {
				own["Idx"] = cells["Idx"]
			}
		} else {
			for name, words := range map[string]string{"idx": strconv.Itoa(row), "isDirty": "1"} {
				if w.Has(name) {
					own[name] = words
				}
			}
		}
		added, err := w.Append(own, fill)
		if err != nil {
			return nil, refuse("", "%s", sentence(err))
		}
		o.Lines[file] = added.Line(row)
	}
	if l := c.m.Objects; l != nil {
		for _, block := range l.Blocks() {
			words := "NAN"
			switch block {
			case "idx":
				words = strconv.Itoa(row)
			case "nodeType":
				if cells["roiTypeNum"] != "" {
					words = cells["roiTypeNum"]
				}
			}
			o.Own = append(o.Own, words)
		}
	}
	return []Op{o}, nil
}

// nextIdx is an Idx that no object of the session has.
func (c *compile) nextIdx() string {
	most := -1.0
	for _, v := range c.s.Table.Column("Idx") {
		if v > most && v < 1e9 {
			most = v
		}
	}
	return strconv.Itoa(int(most) + 1)
}

func (c *compile) remove() ([]Op, error) {
	if c.kind() == maps.GlobalPivot {
		return nil, refuse("row", "Row %d is the landmark of the session, which cannot be deleted.", c.Row)
	}
	return []Op{{Do: opRemove, Session: c.Session, Row: c.Row}}, nil
}

// followed reports whether objects of a type can be linked through sessions.
func followed(t maps.Type) bool {
	return t != maps.Slab && t != maps.Control && t != maps.GlobalPivot
}

func (c *compile) link() ([]Op, error) {
	j := c.Session
	if j+1 >= len(c.m.Sessions) {
		return nil, refuse("session", "Session %d is the last: there is no next session to link it to.", j)
	}
	next := c.m.Sessions[j+1]
	if c.To == nil || *c.To < 0 || *c.To >= next.Len() {
		return nil, refuse("to", "Say which row of session %d it is the same as; that session has %d, counted from 0.", j+1, next.Len())
	}
	to := *c.To
	from, kind := c.kind(), next.Types()[to]
	switch {
	case !followed(from):
		return nil, refuse("row", "Row %d is a %s, which is not followed through sessions.", c.Row, from)
	case from != kind:
		return nil, refuse("to", "Row %d of session %d is a %s, and row %d of session %d is a %s: only objects of one type can be the same.", c.Row, j, from, to, j+1, kind)
	}
	var ops []Op
	if l := c.m.Objects; l == nil {
		ops = append(ops, Op{Do: opObjMap, Session: j, Row: c.Row})
	} else {
		if j+1 >= l.Cols {
			return nil, refuse("session", "The object map of this map is of %d sessions only.", l.Cols)
		}
		if k := l.Next(j, c.Row); k != maps.None {
			if k == to && l.Prev(j+1, to) == c.Row {
				return nil, refuse("to", "Row %d of session %d is linked to row %d of session %d already.", c.Row, j, to, j+1)
			}
			return nil, refuse("row", "Row %d of session %d is linked to row %d of session %d: unlink it first.", c.Row, j, k, j+1)
		}
		if k := l.Prev(j+1, to); k != maps.None {
			return nil, refuse("to", "Row %d of session %d is linked to row %d of session %d: unlink that first.", to, j+1, k, j)
		}
	}
	return append(ops,
		c.cells(j, c.Row, "next", strconv.Itoa(to), "nextTP", strconv.Itoa(j+1), "idx", strconv.Itoa(c.Row)),
		c.cells(j+1, to, "prev", strconv.Itoa(c.Row), "prevTP", strconv.Itoa(j), "idx", strconv.Itoa(to))), nil
}

// cells sets cells of the object map: names of blocks, each with its words.
func (c *compile) cells(session, row int, words ...string) Op {
	o := Op{Do: opCells, Session: session, Row: row}
	for i := 0; i < len(words); i += 2 {
		o.Cells = append(o.Cells, maps.LinkCell{Block: words[i], Session: session, Row: row, Text: words[i+1]})
	}
	return o
}

func (c *compile) unlink() ([]Op, error) {
	l, j := c.m.Objects, c.Session
	if l == nil || l.Next(j, c.Row) == maps.None {
		return nil, refuse("row", "Row %d of session %d is linked to nothing in the next session.", c.Row, j)
	}
	to := l.Next(j, c.Row)
	ops := []Op{c.cells(j, c.Row, "next", "NAN", "nextTP", "NAN")}
	if j+1 < l.Cols && l.Prev(j+1, to) == c.Row {
		ops = append(ops, c.cells(j+1, to, "prev", "NAN", "prevTP", "NAN"))
	}
	return ops, nil
}

func (c *compile) pivot() ([]Op, error) {
	kind := c.kind()
	if kind != maps.Pivot && kind != maps.GlobalPivot {
		return nil, refuse("row", "Row %d of session %d is a %s: a landmark is a pivotPnt or a globalPIvot.", c.Row, c.Session, kind)
	}
	x, y, z, err := c.place()
	if err != nil {
		return nil, err
	}
	cells := c.stamp()
	cells["x"], cells["y"], cells["z"] = micrometres(x), micrometres(y), micrometres(z)
	if kind == maps.GlobalPivot {
		return c.set("db2", c.Row, cells, false)
	}
	segment := c.s.Segment(c.Row)
	switch {
	case c.Segment != nil && *c.Segment != segment:
		return nil, refuse("segment", "Row %d is the landmark of segment %d, and stays that.", c.Row, segment)
	case segment < 0 || segment >= len(c.s.Segments()):
		return nil, refuse("row", "Segment %d, of which row %d is the landmark, is not traced.", segment, c.Row)
	}
	if err := c.attach(cells, kind, x, y, segment); err != nil {
		return nil, err
	}
	ops, err := c.set("db2", c.Row, cells, false)
	if err != nil {
		return nil, err
	}
	k, err := strconv.Atoi(cells["cPnt"])
	if err != nil {
		return nil, errors.New("no point")
	}
	// Positions of the others are from here now.
	pivot := c.s.Tracing.Points.Value(k, "sDist")
	sDist := c.s.Table.Column("sDist")
	for row := range c.s.Types() {
		if row == c.Row || c.s.Segment(row) != segment || row >= len(sDist) || math.IsNaN(sDist[row]) {
			continue
		}
		more, err := c.set("db2", row, map[string]string{"pDist": micrometres(sDist[row] - pivot)}, true)
		if err != nil {
			return nil, err
		}
		ops = append(ops, more...)
	}
	return ops, nil
}
