package maps

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/answer"
	"webmon/dashboard/maps/figure"
	"webmon/dashboard/tab"
	"webmon/shm/maps"
)

// kindOfReport is one of the reports on a map.
type kindOfReport struct {
	slug, title, about string
	part               string // of the API
	segments           bool   // it needs segments
	sessions           int    // that it needs at least
	figure             func(o *maps.Map, q asked) (*figure.Figure, error)
	form               func(o *maps.Map, q asked) []components.MapChoice
}

var reports = []kindOfReport{
	{
		slug: "dynamics", title: "Dynamics", part: "dynamics", sessions: 2,
		about:  "What came and went, by session and map segment. Added: not in the session before; subtracted: not in the next; a transient one is both, and is counted in both. Densities are per micrometre of dendrite.",
		figure: dynamicsFigure, form: func(o *maps.Map, q asked) []components.MapChoice {
			return []components.MapChoice{
				{Name: "y", Label: "Chart", Value: q.word("y", dynamicsCharts), Options: listed("", dynamicsCharts...)},
			}
		},
	},
	{
		slug: "segments", title: "Segments", part: "segments", sessions: 1, segments: true,
		about:  "The traced dendrites of each session: lengths, densities, depth, and how far from straight (length / distance between the ends).",
		figure: segmentsFigure, form: func(o *maps.Map, q asked) []components.MapChoice {
			return []components.MapChoice{{Name: "y", Label: "Chart", Value: q.word("y", segmentCharts), Options: listed("", segmentCharts...)}}
		},
	},
	{
		slug: "survival", title: "Survival", part: "survival", sessions: 2,
		about:  "For each session the part of its objects that is still there in every later one.",
		figure: survivalFigure, form: func(o *maps.Map, q asked) []components.MapChoice {
			return []components.MapChoice{{Name: "types", Label: "By user type", Value: check(q.box("types", false)), Type: "checkbox"}}
		},
	},
	{
		slug: "turnover", title: "Turnover", part: "new", sessions: 2,
		about:  "Turnover: (gained + lost) / (objects before + now) since the session before. The table tells how many of the new ones stay for as many sessions as chosen.",
		figure: turnoverFigure, form: func(o *maps.Map, q asked) []components.MapChoice {
			return []components.MapChoice{{Name: "sessions", Label: "Stay for sessions", Value: strconv.Itoa(q.whole("sessions", staysFor, 1, 1024)), Type: "number", Min: "1"}}
		},
	},
}

var (
	dynamicsCharts = []string{"count", "added", "subtracted", "transient", "density", "turnover"}
	segmentCharts  = []string{"density", "spines", "length3d", "length2d", "length_smooth", "tortuosity", "radius"}
)

// reportAsked is the parameters of a report's page as its answers have them: the last of each.
func reportAsked(r *http.Request) asked {
	out := url.Values{}
	for name, v := range r.URL.Query() {
		if len(v) > 0 && v[len(v)-1] != "" {
			out.Set(name, v[len(v)-1])
		}
	}
	return asked{out}
}

// report is the report that a path names, the first where it names none.
func report(r *http.Request) (kindOfReport, error) {
	name := r.PathValue("report")
	if name == "" {
		return reports[0], nil
	}
	for _, k := range reports {
		if k.slug == name {
			return k, nil
		}
	}
	return kindOfReport{}, missing("There is no report %.60q.", name)
}

// reportPage is GET /maps/<map>/reports and /maps/<map>/reports/<report>.
func (m *Maps) reportPage(v tab.View) (Page, error) {
	r := v.Request
	key := r.PathValue("map")
	o, err := m.open(r.Context(), key)
	if err != nil {
		return Page{}, err
	}
	k, err := report(r)
	if err != nil {
		return Page{}, err
	}
	q := reportAsked(r)
	p := components.MapReport{Head: m.head(key, o, "reports"), Title: k.title, About: k.about, Missing: k.lacks(o.Map)}
	for _, other := range reports {
		p.Tabs = append(p.Tabs, components.MapLink{Label: other.title, Href: m.Href(key, "reports", other.slug), Help: other.about, Current: other.slug == k.slug})
	}
	page := Page{Title: o.Name + ", " + strings.ToLower(k.title)}
	if p.Missing == "" {
		s, _, err := parts[k.part](m, o, q)
		if err != nil {
			return Page{}, err
		}
		f, err := k.figure(o.Map, q)
		if err != nil {
			return Page{}, err
		}
		p.Figure, p.Table, p.Form = drawn(f), tableOf(s, k.title), k.asForm(o.Map, q, m.Href(key, "reports", k.slug))
		p.Files = []components.MapLink{
			{Label: "CSV", Href: m.api(key, "/"+k.part+".csv", q.Values), Help: "The table as CSV"},
			{Label: "SVG", Href: m.Href(key, "figures", k.slug+".svg") + "?" + q.Encode(), Help: "The chart as a drawing"},
			{Label: "PNG", Href: m.Href(key, "figures", k.slug+".png") + "?" + q.Encode(), Help: "The chart as a picture, 1,920 pixels wide"},
		}
	}
	page.Content = components.MapReportView(p)
	return page, nil
}

// lacks says why there is no such report for a map, "" if there is.
func (k *kindOfReport) lacks(o *maps.Map) string {
	switch {
	case k.segments && !isTraced(o):
		return "The map has no traced segments."
	case len(o.Sessions) < k.sessions:
		return fmt.Sprintf("It takes %d sessions to see what comes and goes, and the map has %d.", k.sessions, len(o.Sessions))
	}
	return ""
}

func (k *kindOfReport) asForm(o *maps.Map, q asked, action string) components.MapForm {
	f := components.MapForm{ID: "report-form", Action: action, Label: "Show", Choices: k.form(o, q)}
	if o.SegmentRuns().Len() > 0 && (k.part == "survival" || k.part == "new") {
		f.Choices = append(f.Choices, components.MapChoice{Name: "segment", Label: "Map segment", Value: orAll(q.whole("segment", -1, 0, 1<<20)), Options: segmentOptions(o)})
	}
	f.Choices = append(f.Choices,
		components.MapChoice{Name: "bad", Label: "Bad ones", Value: check(q.box("bad", true)), Type: "checkbox"},
		components.MapChoice{Name: "filtered", Label: "Without bad ones their neighbours come and go", Value: check(q.box("filtered", false)), Type: "checkbox",
			Help: "As the original program has it: an object whose partner is left out counts as added or subtracted"},
	)
	if o.SegmentRuns().Len() > 0 {
		f.Choices = append(f.Choices, components.MapChoice{Name: "measure", Label: "Length", Value: q.word("measure", []string{string(maps.Length3D), string(maps.Length2D), string(maps.Smooth3D)}), Options: []components.MapOption{
			{Value: "3d", Label: "3D, whole slices"}, {Value: "2d", Label: "2D"}, {Value: "smooth", Label: "3D, z smoothed"},
		}, Help: "Which length of the dendrite densities are by"})
	}
	return f
}

func orAll(v int) string {
	if v < 0 {
		return "all"
	}
	return strconv.Itoa(v)
}

// tableOf shows a sheet as a table.
func tableOf(s *sheet, caption string) ui.TableProps {
	t := ui.TableProps{Caption: caption, Empty: "There is nothing."}
	for _, name := range s.names {
		t.Columns = append(t.Columns, ui.Column{Title: strings.ReplaceAll(name, "_", " "), Numeric: name != "text"})
	}
	for row := range min(s.rows, maxRows) {
		cells := make([]ui.Cell, len(s.names))
		for col := range cells {
			switch c := s.cell(row, col); c.kind {
			case 'n':
				cells[col].Text = short(c.n)
			case 's':
				cells[col].Text = c.s
			case 'b':
				cells[col].Text = map[bool]string{true: "yes", false: "no"}[c.n != 0]
			}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	if s.rows > maxRows {
		t.More = fmt.Sprintf("%s more are in the CSV.", ui.Count(s.rows-maxRows))
	}
	return t
}

// maxRows is how many rows of a table a page has.
const maxRows = 1000

// getReport answers GET /maps/<map>/figures/<report>.svg and .png: the chart of a report as a
// drawing and as a picture.
func (m *Maps) getReport(w http.ResponseWriter, r *http.Request) error {
	o, err := m.open(r.Context(), r.PathValue("map"))
	if err != nil {
		return err
	}
	file := r.PathValue("report")
	kind := path.Ext(file)
	r.SetPathValue("report", strings.TrimSuffix(file, kind))
	k, err := report(r)
	if err != nil || kind != ".svg" && kind != ".png" {
		return missing("There is no drawing %.60q.", file)
	}
	if why := k.lacks(o.Map); why != "" {
		return &Failure{Status: http.StatusNotFound, Text: why}
	}
	f, err := k.figure(o.Map, reportAsked(r))
	if err != nil {
		return err
	}
	return m.sendFigure(w, r, f, o.Name+"-"+k.slug, kind)
}

// sendFigure answers with a figure as a file of a kind: .svg or .png.
func (m *Maps) sendFigure(w http.ResponseWriter, r *http.Request, f *figure.Figure, name, kind string) error {
	w.Header().Set("Content-Disposition", attachment(name+kind))
	if kind == ".png" {
		return m.send(w, r, m.files, "image/png", figure.PNGBytes, func(b *answer.Body) error { return f.WritePNG(b) })
	}
	return m.send(w, r, m.texts, "image/svg+xml", 0, func(b *answer.Body) error { return f.WriteSVG(b, figure.File) })
}

// bySegment makes a series for each map segment of values by session.
func bySegment(o *maps.Map, y string, f *figure.Figure, each func(add func(session, segment int, v float64))) {
	f.X, f.Y = "Session", y
	for _, s := range o.Sessions {
		f.Categories = append(f.Categories, sessionTitle(s))
	}
	at := map[int]int{}
	each(func(session, segment int, v float64) {
		i, ok := at[segment]
		if !ok {
			i = len(f.Series)
			at[segment] = i
			name := "no segment"
			if segment >= 0 {
				name = "segment " + strconv.Itoa(segment)
			}
			f.Series = append(f.Series, figure.Series{Name: name, Joined: true})
		}
		f.Series[i].Points = append(f.Series[i].Points, figure.Point{X: float64(session), Y: v, Title: short(v)})
	})
}

// pick returns the value of a column of a report's row.
func pick[R any](fields []field[R], name string, row *R) float64 {
	for _, f := range fields {
		if f.name == name {
			if c := f.cell(row); c.kind == 'n' {
				return c.n
			}
		}
	}
	return math.NaN()
}

func dynamicsFigure(o *maps.Map, q asked) (*figure.Figure, error) {
	report, err := q.report()
	if err != nil {
		return nil, err
	}
	y := q.word("y", dynamicsCharts)
	rows := o.Dynamics(report)
	f := &figure.Figure{Title: "Dynamics", Zero: true}
	bySegment(o, y, f, func(add func(int, int, float64)) {
		for i := range rows {
			add(rows[i].Session, rows[i].Segment, pick(dynamicsFields, y, &rows[i]))
		}
	})
	return f, nil
}

func segmentsFigure(o *maps.Map, q asked) (*figure.Figure, error) {
	report, err := q.report()
	if err != nil {
		return nil, err
	}
	y := q.word("y", segmentCharts)
	rows := o.SegmentReport(report)
	f := &figure.Figure{Title: "Segments", Zero: true}
	bySegment(o, strings.ReplaceAll(y, "_", " "), f, func(add func(int, int, float64)) {
		for i := range rows {
			segment := rows[i].Segment
			if o.SegmentRuns().Len() == 0 {
				segment = rows[i].Index
			}
			add(rows[i].Session, segment, pick(segmentFields, y, &rows[i]))
		}
	})
	return f, nil
}

func survivalFigure(o *maps.Map, q asked) (*figure.Figure, error) {
	report, err := q.report()
	if err != nil {
		return nil, err
	}
	segment, err := q.number("segment", "map segment", o.SegmentRuns().Len())
	if err != nil {
		return nil, err
	}
	f := &figure.Figure{Title: "Survival", X: "Session", Y: "Part still there", Zero: true}
	for _, s := range o.Sessions {
		f.Categories = append(f.Categories, sessionTitle(s))
	}
	byType := q.box("types", false)
	at := map[int]int{}
	for _, r := range o.Survival(report, segment, byType) {
		// By type, the first session alone: a curve for each.
		line, name := r.From, "from session "+strconv.Itoa(r.From)
		if byType {
			if r.From != 0 || r.UserType < 0 {
				continue
			}
			line, name = r.UserType, "user type "+strconv.Itoa(r.UserType)
		}
		i, ok := at[line]
		if !ok {
			i = len(f.Series)
			at[line] = i
			f.Series = append(f.Series, figure.Series{Name: name, Joined: true})
			if r.To > r.From && r.Of > 0 {
				f.Series[i].Points = append(f.Series[i].Points, figure.Point{X: float64(r.From), Y: 1})
			}
		}
		f.Series[i].Points = append(f.Series[i].Points, figure.Point{X: float64(r.To), Y: r.Fraction, Title: fmt.Sprintf("%d of %d", r.N, r.Of)})
	}
	return f, nil
}

func turnoverFigure(o *maps.Map, q asked) (*figure.Figure, error) {
	q = asked{url.Values{"bad": q.Values["bad"], "filtered": q.Values["filtered"], "y": {"turnover"}}}
	f, err := dynamicsFigure(o, q)
	if f != nil {
		f.Title = "Turnover"
	}
	return f, err
}
