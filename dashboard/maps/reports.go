package maps

import (
	"io"
	"slices"
	"strconv"

	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

// report reads of which objects a report is.
func (q asked) report() (maps.Report, error) {
	var o maps.Report
	var err error
	if o.Type, err = q.objectType("type"); err != nil {
		return o, err
	}
	if o.Bad, err = q.truth("bad", true); err != nil {
		return o, err
	}
	if o.Filtered, err = q.truth("filtered", false); err != nil {
		return o, err
	}
	if o.Whole, err = q.truth("whole", false); err != nil {
		return o, err
	}
	measure, err := q.one("measure", string(maps.Length3D), string(maps.Length2D), string(maps.Smooth3D))
	o.Measure = maps.Measure(measure)
	return o, err
}

// field is a column of a report: its name, and its cell of a row.
type field[R any] struct {
	name string
	cell func(*R) cell
}

// table makes a sheet of the rows of a report.
func table[R any](rows []R, fields []field[R]) *sheet {
	s := &sheet{rows: len(rows), cell: func(row, col int) cell { return fields[col].cell(&rows[row]) }}
	for _, f := range fields {
		s.names = append(s.names, f.name)
	}
	return s
}

// dynamicsFields are the columns of .../dynamics. added_percent and subtracted_percent are of
// the objects of the session before.
var dynamicsFields = []field[maps.DynamicsRow]{
	{"session", func(r *maps.DynamicsRow) cell { return index(r.Session) }},
	{"segment", func(r *maps.DynamicsRow) cell { return index(r.Segment) }},
	{"total", func(r *maps.DynamicsRow) cell { return index(r.Total) }},
	{"bad", func(r *maps.DynamicsRow) cell { return index(r.Bad) }},
	{"good", func(r *maps.DynamicsRow) cell { return index(r.Good) }},
	{"count", func(r *maps.DynamicsRow) cell { return index(r.Count) }},
	{"added", func(r *maps.DynamicsRow) cell { return index(r.Added) }},
	{"subtracted", func(r *maps.DynamicsRow) cell { return index(r.Subtracted) }},
	{"transient", func(r *maps.DynamicsRow) cell { return index(r.Transient) }},
	{"persistent", func(r *maps.DynamicsRow) cell { return index(r.Persistent) }},
	{"added_percent", func(r *maps.DynamicsRow) cell { return num(r.PercentAdded) }},
	{"subtracted_percent", func(r *maps.DynamicsRow) cell { return num(r.PercentSubtracted) }},
	{"length3d", func(r *maps.DynamicsRow) cell { return num(r.Length3D) }},
	{"length2d", func(r *maps.DynamicsRow) cell { return num(r.Length2D) }},
	{"length_smooth", func(r *maps.DynamicsRow) cell { return num(r.Smooth3D) }},
	{"good_length", func(r *maps.DynamicsRow) cell { return num(r.GoodLength) }},
	{"density", func(r *maps.DynamicsRow) cell { return num(r.Density) }},
	{"good_density", func(r *maps.DynamicsRow) cell { return num(r.GoodDensity) }},
	{"added_density", func(r *maps.DynamicsRow) cell { return num(r.AddedDensity) }},
	{"subtracted_density", func(r *maps.DynamicsRow) cell { return num(r.SubtractedDensity) }},
	{"turnover", func(r *maps.DynamicsRow) cell { return num(r.Turnover) }},
}

// dynamics answers .../dynamics.
func (m *Maps) dynamics(o library.Opened, q asked) (*sheet, func(io.Writer) error, error) {
	report, err := q.report()
	if err != nil {
		return nil, nil, err
	}
	s := table(o.Dynamics(report), dynamicsFields)
	return s, s.writeObjects, nil
}

var segmentFields = []field[maps.SegmentRow]{
	{"session", func(r *maps.SegmentRow) cell { return index(r.Session) }},
	{"segment", func(r *maps.SegmentRow) cell { return index(r.Segment) }},
	{"index", func(r *maps.SegmentRow) cell { return index(r.Index) }},
	{"spines", func(r *maps.SegmentRow) cell { return index(r.Spines) }},
	{"good", func(r *maps.SegmentRow) cell { return index(r.Good) }},
	{"bad", func(r *maps.SegmentRow) cell { return index(r.Bad) }},
	{"points", func(r *maps.SegmentRow) cell { return index(r.Points) }},
	{"length3d", func(r *maps.SegmentRow) cell { return num(r.Length3D) }},
	{"length2d", func(r *maps.SegmentRow) cell { return num(r.Length2D) }},
	{"length_smooth", func(r *maps.SegmentRow) cell { return num(r.Smooth3D) }},
	{"good_length", func(r *maps.SegmentRow) cell { return num(r.GoodLength) }},
	{"density", func(r *maps.SegmentRow) cell { return num(r.Density) }},
	{"good_density", func(r *maps.SegmentRow) cell { return num(r.GoodDensity) }},
	{"radius", func(r *maps.SegmentRow) cell { return num(r.Radius) }},
	{"z_min", func(r *maps.SegmentRow) cell { return num(r.ZMin) }},
	{"z_max", func(r *maps.SegmentRow) cell { return num(r.ZMax) }},
	{"tortuosity", func(r *maps.SegmentRow) cell { return num(r.Tortuosity) }},
}

// segments answers .../segments. A column "user_type_<n>" counts the objects of each user type
// that some segment has.
func (m *Maps) segments(o library.Opened, q asked) (*sheet, func(io.Writer) error, error) {
	report, err := q.report()
	if err != nil {
		return nil, nil, err
	}
	rows := o.SegmentReport(report)
	var used []int
	for i := range rows {
		for t := range rows[i].UserTypes {
			if !slices.Contains(used, t) {
				used = append(used, t)
			}
		}
	}
	slices.Sort(used)
	fields := slices.Clone(segmentFields)
	for _, t := range used {
		fields = append(fields, field[maps.SegmentRow]{"user_type_" + strconv.Itoa(t), func(r *maps.SegmentRow) cell { return index(r.UserTypes[t]) }})
	}
	s := table(rows, fields)
	return s, s.writeObjects, nil
}

var survivalFields = []field[maps.SurvivalRow]{
	{"from", func(r *maps.SurvivalRow) cell { return index(r.From) }},
	{"to", func(r *maps.SurvivalRow) cell { return index(r.To) }},
	{"user_type", func(r *maps.SurvivalRow) cell { return index(r.UserType) }},
	{"of", func(r *maps.SurvivalRow) cell { return index(r.Of) }},
	{"n", func(r *maps.SurvivalRow) cell { return index(r.N) }},
	{"fraction", func(r *maps.SurvivalRow) cell { return num(r.Fraction) }},
}

// survival answers .../survival.
func (m *Maps) survival(o library.Opened, q asked) (*sheet, func(io.Writer) error, error) {
	report, err := q.report()
	if err != nil {
		return nil, nil, err
	}
	segment, err := q.number("segment", "map segment", o.SegmentRuns().Len())
	if err != nil {
		return nil, nil, err
	}
	types, err := q.truth("types", false)
	if err != nil {
		return nil, nil, err
	}
	s := table(o.Survival(report, segment, types), survivalFields)
	return s, s.writeObjects, nil
}

var newFields = []field[maps.NewRow]{
	{"session", func(r *maps.NewRow) cell { return index(r.Session) }},
	{"before", func(r *maps.NewRow) cell { return index(r.Before) }},
	{"now", func(r *maps.NewRow) cell { return index(r.Now) }},
	{"added", func(r *maps.NewRow) cell { return index(r.Added) }},
	{"persistent", func(r *maps.NewRow) cell {
		if r.Unknown {
			return cell{}
		}
		return index(r.Persistent)
	}},
	{"fraction", func(r *maps.NewRow) cell { return num(r.Fraction) }},
	{"of_before", func(r *maps.NewRow) cell { return num(r.OfThePast) }},
}

// staysFor is how many sessions a new object has to be in to count as persistent, unless
// the request says so.
const staysFor = 2

// newPersistent answers .../new?sessions=: the new objects of each session that stay.
func (m *Maps) newPersistent(o library.Opened, q asked) (*sheet, func(io.Writer) error, error) {
	report, err := q.report()
	if err != nil {
		return nil, nil, err
	}
	segment, err := q.number("segment", "map segment", o.SegmentRuns().Len())
	if err != nil {
		return nil, nil, err
	}
	n, err := q.float("sessions", staysFor, 1, 1024)
	if err != nil {
		return nil, nil, err
	}
	rows, err := o.NewPersistent(report, segment, int(n))
	if err != nil {
		return nil, nil, refuse("sessions", "%s", err.Error())
	}
	s := table(rows, newFields)
	return s, s.writeObjects, nil
}
