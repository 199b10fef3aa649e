package maps

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/tab"
	"webmon/natural"
	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

// A table of points of any tool is a map once somebody has said which column is what.

// columnFields are what a column can be, in the order of the form.
var columnFields = []struct {
	name, label, help string
	of                func(*maps.Columns) *string
}{
	{"x", "x", "", func(c *maps.Columns) *string { return &c.X }},
	{"y", "y", "", func(c *maps.Columns) *string { return &c.Y }},
	{"z", "z", "A slice, unless the box below is checked", func(c *maps.Columns) *string { return &c.Z }},
	{"session", "Session", "The time point; none: all are of one session", func(c *maps.Columns) *string { return &c.Session }},
	{"id", "Which object", "The same in several sessions: the same object", func(c *maps.Columns) *string { return &c.ID }},
	{"segment", "Segment", "", func(c *maps.Columns) *string { return &c.Segment }},
	{"note", "Note", "", func(c *maps.Columns) *string { return &c.Note }},
	{"bad", "Bad", "1, true or yes: unusable", func(c *maps.Columns) *string { return &c.Bad }},
	{"accept", "Accepted", "0, false or no: unusable", func(c *maps.Columns) *string { return &c.Accept }},
	{"userType", "User type", "", func(c *maps.Columns) *string { return &c.UserType }},
}

var columnBoxes = []struct {
	name, label string
	of          func(*maps.Columns) *bool
}{
	{"pixels", "x and y are pixels", func(c *maps.Columns) *bool { return &c.Pixels }},
	{"zMicrometres", "z is in micrometres", func(c *maps.Columns) *bool { return &c.ZMicrometres }},
	{"fromOne", "counted from 1", func(c *maps.Columns) *bool { return &c.FromOne }},
}

var columnSizes = []struct {
	name, label string
	of          func(*maps.Columns) *float64
}{
	{"dx", "µm a pixel, x", func(c *maps.Columns) *float64 { return &c.DX }},
	{"dy", "µm a pixel, y", func(c *maps.Columns) *float64 { return &c.DY }},
	{"dz", "µm a slice", func(c *maps.Columns) *float64 { return &c.DZ }},
}

// askPage asks which column of a table is what. why is what was wrong with the last answer, is
// that answer, nil before there was one.
func (m *Maps) askPage(v tab.View, key, name, why string, is *maps.Columns) (Page, error) {
	known, err := m.opts.Library.Columns(key)
	if err != nil {
		return Page{}, columnsFailure(key, err)
	}
	if is == nil {
		is = &known.Is
	}
	p := components.MapColumns{Name: name, List: m.opts.Prefix.String() + "/" + slug, Action: m.Href(key, "columns"), CSRF: v.CSRF, Why: why}
	names := []components.MapOption{{Value: "", Label: "none"}}
	p.Table = ui.TableProps{Caption: "The first rows", Empty: "The table has no rows."}
	for _, n := range known.Names {
		names = append(names, components.MapOption{Value: n, Label: n})
		p.Table.Columns = append(p.Table.Columns, ui.Column{Title: n})
	}
	for _, row := range known.Rows {
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: ui.Text(row...)})
	}
	if more := known.Number - len(known.Rows); more > 0 {
		p.Table.More = fmt.Sprintf("%s more rows follow.", ui.Count(more))
	}
	for _, f := range columnFields {
		p.Choices = append(p.Choices, components.MapChoice{Name: f.name, Label: f.label, Help: f.help, Value: *f.of(is), Options: names})
	}
	for _, f := range columnSizes {
		value := ""
		if size := *f.of(is); size > 0 {
			value = strconv.FormatFloat(size, 'g', -1, 64)
		}
		p.Choices = append(p.Choices, components.MapChoice{Name: f.name, Label: f.label, Value: value, Type: "number", Step: "any", Min: "0"})
	}
	for _, f := range columnBoxes {
		p.Choices = append(p.Choices, components.MapChoice{Name: f.name, Label: f.label, Value: check(*f.of(is)), Type: "checkbox"})
	}
	return Page{Title: name, Content: components.MapColumnsView(p)}, nil
}

func columnsFailure(key string, err error) error {
	if errors.Is(err, library.ErrUnknown) {
		return missing("There is no map %.80q.", key)
	}
	return &Failure{Status: http.StatusUnprocessableEntity, Text: natural.Sentence(err.Error())}
}

// SetColumns takes the answer to which column is what. With an answer that cannot be it returns
// the page that asks again.
func (m *Maps) SetColumns(v tab.View, form url.Values) (*Page, error) {
	key := v.Request.PathValue("map")
	e, ok := m.entry(key)
	if !ok {
		return nil, missing("There is no map %.80q.", key)
	}
	q := asked{form}
	var c maps.Columns
	for _, f := range columnFields {
		*f.of(&c) = q.last(f.name)
	}
	for _, f := range columnBoxes {
		*f.of(&c) = q.box(f.name, false)
	}
	var err error
	for _, f := range columnSizes {
		if *f.of(&c), err = q.float(f.name, 0, 0, 1e6); err != nil {
			break
		}
	}
	if err == nil {
		err = m.opts.Library.SetColumns(key, c)
	}
	if err == nil {
		return nil, nil
	}
	page, failed := m.askPage(v, key, e.Name, natural.Sentence(err.Error()), &c)
	return &page, failed
}
