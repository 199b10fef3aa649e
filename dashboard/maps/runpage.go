package maps

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/maps/figure"
	"webmon/dashboard/tab"
	"webmon/shm/maps"
)

// runStats are the statistics that the page of a run has unless its address names others, those of
// them that the map has.
var runStats = []string{"pDist", "z", "sLen3d_int1", "ubssSum_int1", "ubssSum_int2", "userType"}

const (
	cropSide = 96 // pixels of a stack
	maxRow   = 8  // statistics in the strip
)

// runPage is GET /maps/<map>/run/<n>: the picture that a person judges from.
func (m *Maps) runPage(v tab.View) (Page, error) {
	r := v.Request
	key := r.PathValue("map")
	o, err := m.open(r.Context(), key)
	if err != nil {
		return Page{}, err
	}
	runs := o.Runs("")
	n, err := run(r, runs)
	if err != nil {
		return Page{}, err
	}
	q := ask(r)
	stats, err := q.stats("stat", o.Map)
	if err != nil {
		return Page{}, err
	}
	if len(stats) == 0 {
		for _, name := range runStats {
			if _, ok := o.Stat(name); ok {
				stats = append(stats, name)
			}
		}
	}
	stats = stats[:min(len(stats), maxRow)]
	side := q.whole("side", cropSide, 16, 1024)
	channel := q.whole("channel", 0, 1, 64)
	project := q.word("project", projects)
	plotted := stats[0]
	if y := q.last("y"); y != "" {
		plotted = q.stat("y", o.Map, plotted)
	}
	here := m.Href(key, "run", strconv.Itoa(n))
	keep := func(n int) string {
		out := m.Href(key, "run", strconv.Itoa(n))
		if r.URL.RawQuery != "" {
			out += "?" + r.URL.RawQuery
		}
		return out
	}
	p := components.MapRun{Head: m.head(key, o, "run"), Title: "Run " + strconv.Itoa(n), NoImages: true}
	if n > 0 {
		p.Before = keep(n - 1)
	}
	if n+1 < runs.Len() {
		p.After = keep(n + 1)
	}
	all, err := o.Values(maps.Query{Stats: append(slices.Clone(stats), plotted), Session: maps.All, Segment: maps.All, Bad: true})
	if err != nil {
		return Page{}, refuse("stat", "%s", err.Error())
	}
	at := make([]int, len(o.Sessions)) // where the values of each session are, -1: absent
	for j := range at {
		at[j] = -1
	}
	for i, of := range all.Runs {
		if int(of) == n {
			at[all.Sessions[i]] = i
		}
	}
	p.Form = runForm(o.Map, here, stats, plotted, side, channel, project)
	for j, place := range places(o.Map, runs, n) {
		c := m.crop(key, o.Map, j, place, channel, project, side)
		c.Href = m.Href(key) + "?" + url.Values{"run": {strconv.Itoa(n)}, "show": {strconv.Itoa(j)}}.Encode()
		if c.Picture != "" {
			p.NoImages = false
		}
		if i := at[j]; i >= 0 {
			c.Dynamics, c.Bad = all.Dynamics[i].String(), all.Bad[i]
			for k := range stats {
				col := &all.Columns[k]
				c.Values = append(c.Values, ui.Pair{Name: col.Stat.Title, Value: textOf(col, i)})
			}
		}
		p.Crops = append(p.Crops, c)
	}
	p.Columns, p.Rows = runTable(o.Map, all, at, stats)
	p.Figure = drawn(runFigure(o.Map, all, at))
	return Page{Title: fmt.Sprintf("%s, run %d", o.Name, n), Content: components.MapRunView(p)}, nil
}

// textOf writes a value of a column.
func textOf(c *maps.Column, i int) string {
	if c.Words != nil {
		return c.Words[int(c.Values[i])]
	}
	return short(c.Values[i])
}

// crop is the part of a session's images around a place.
func (m *Maps) crop(key string, o *maps.Map, j int, at place, channel int, project string, side int) components.MapCrop {
	s := o.Sessions[j]
	c := components.MapCrop{Session: j, Title: sessionTitle(s), Present: at.row != maps.None, Left: 50, Top: 50}
	switch {
	case !at.known:
		c.Note = "absent"
		return c
	case !c.Present:
		c.Note = "absent; would be here"
	}
	channels := m.opts.Library.Channels(key, j)
	if len(channels) == 0 || !(s.DX > 0 && s.DY > 0) || s.PX < 1 || s.PY < 1 {
		return c
	}
	if channel == 0 {
		channel = s.Channel
	}
	if !slices.Contains(channels, channel) {
		channel = channels[0]
	}
	z := max(0, int(math.Round(zero(at.z))))
	if s.PZ > 0 {
		z = min(z, s.PZ-1)
	}
	side = min(side, s.PX, s.PY)
	row, col := corner(s, at.x, at.y, side)
	q := url.Values{
		"session": {strconv.Itoa(j)}, "channel": {strconv.Itoa(channel)}, "slice": {slicesOf(project, z)},
		"rect": {fmt.Sprintf("%d,%d,%d,%d", row, col, side, side)},
	}
	c.Picture = m.Href(key, "plane.png") + "?" + q.Encode()
	// A position is from the middle of the first pixel.
	c.Left = 100 * (at.x/s.DX + 0.5 - float64(col)) / float64(side)
	c.Top = 100 * (at.y/s.DY + 0.5 - float64(row)) / float64(side)
	return c
}

func runForm(o *maps.Map, action string, stats []string, plotted string, side, channel int, project string) components.MapForm {
	most := 0
	for _, s := range o.Sessions {
		most = max(most, s.Channels)
	}
	channels := []components.MapOption{{Value: "", Label: "default"}}
	for c := range most {
		channels = append(channels, components.MapOption{Value: strconv.Itoa(c + 1), Label: strconv.Itoa(c + 1)})
	}
	at := ""
	if channel > 0 {
		at = strconv.Itoa(channel)
	}
	joined := ""
	for i, s := range stats {
		if i > 0 {
			joined += ","
		}
		joined += s
	}
	return components.MapForm{
		ID: "run-form", Action: action, Label: "Show",
		Choices: []components.MapChoice{
			{Name: "channel", Label: "Channel", Value: at, Options: channels},
			{Name: "project", Label: "Slices", Value: project, Options: []components.MapOption{{Value: "single", Label: "one"}, {Value: "sliding", Label: "maximum of 5"}, {Value: "all", Label: "maximum of all"}}},
			{Name: "side", Label: "Pixels", Value: strconv.Itoa(side), Type: "number", Min: "16", Max: "1024"},
			{Name: "y", Label: "Over time", Value: plotted, Options: statOptions(o, true)},
		},
		More: []components.MapChoice{{Name: "stat", Label: "Values", Value: joined, Type: "text", Help: "Names of statistics, up to 8, with commas between"}},
	}
}

func runTable(o *maps.Map, v *maps.Values, at []int, stats []string) ([]ui.Column, []ui.Row) {
	columns := []ui.Column{{Title: "Session", Numeric: true}, {Title: "Condition"}, {Title: "Row", Numeric: true}, {Title: "Dynamics"}, {Title: "Bad"}}
	for k := range stats {
		st := v.Columns[k].Stat
		columns = append(columns, ui.Column{Title: st.Title, Unit: st.Unit, Numeric: v.Columns[k].Words == nil})
	}
	columns = append(columns, ui.Column{Title: "Note"})
	var rows []ui.Row
	for j, s := range o.Sessions {
		cells := ui.Text(strconv.Itoa(j), s.Condition)
		i := at[j]
		if i < 0 {
			cells = append(cells, ui.Text("", "absent", "")...)
			for range len(stats) + 1 {
				cells = append(cells, ui.Cell{})
			}
			rows = append(rows, ui.Row{Cells: cells, Dim: true})
			continue
		}
		bad := ""
		if v.Bad[i] {
			bad = "bad"
		}
		cells = append(cells, ui.Text(strconv.Itoa(int(v.Rows[i])), v.Dynamics[i].String(), bad)...)
		for k := range stats {
			cells = append(cells, ui.Cell{Text: textOf(&v.Columns[k], i)})
		}
		rows = append(rows, ui.Row{Cells: append(cells, ui.Cell{Text: s.Table.Cell(int(v.Rows[i]), "note")})})
	}
	return columns, rows
}

// runFigure draws the last column of the values over the sessions.
func runFigure(o *maps.Map, v *maps.Values, at []int) *figure.Figure {
	c := &v.Columns[len(v.Columns)-1]
	f := &figure.Figure{Title: c.Stat.Title, X: "Session", Y: statLabel(c.Stat)}
	line := figure.Series{Joined: true}
	for j, s := range o.Sessions {
		f.Categories = append(f.Categories, sessionTitle(s))
		y := math.NaN()
		if i := at[j]; i >= 0 && c.Words == nil {
			y = c.Values[i]
		}
		line.Points = append(line.Points, figure.Point{X: float64(j), Y: y, Title: short(y)})
	}
	f.Series = []figure.Series{line}
	return f
}
