package maps

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/door"
	"webmon/dashboard/maps/figure"
	"webmon/dashboard/maps/together"
	"webmon/dashboard/tab"
	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

// Tab returns the tab: the list of the maps, which belongs to no source.
func (m *Maps) Tab() tab.Tab {
	return tab.Tab{
		Slug: slug, Title: "Maps",
		Help:  "Annotated stacks followed through time: spines and dendrites by session, their images side by side, reports.",
		Needs: door.Steer,
		Page:  func(v tab.View) templ.Component { return m.ListPage(v, "") },
		Feeds: map[string]tab.NewFeed{editsFeed: m.newEdits, together.Feed: m.newTogether},
		Frame: func(mo tab.Moment) templ.Component { return components.MapsFrame(m.list(mo)) },
	}
}

// ListPage is the list, with what is wrong with what was uploaded.
func (m *Maps) ListPage(v tab.View, told string) templ.Component {
	list := m.list(v.Moment)
	list.Told = told
	if list.Place = m.opts.Library.Accepts(); list.Place != "" {
		list.Upload = v.Prefix + "/" + slug + "/upload?csrf=" + url.QueryEscape(v.CSRF)
	}
	return components.MapsPage(list)
}

// Href is the address of a page below that of a map, "" for its own.
func (m *Maps) Href(key string, below ...string) string {
	out := m.opts.Prefix.String() + "/" + slug + "/" + url.PathEscape(key)
	for _, b := range below {
		if b != "" {
			out += "/" + b
		}
	}
	return out
}

// api is the address of an answer about a map.
func (m *Maps) api(key, part string, q url.Values) string {
	out := m.opts.Prefix.String() + "/api/v1/maps/" + url.PathEscape(key) + part
	if len(q) > 0 {
		out += "?" + q.Encode()
	}
	return out
}

// cards is the list as it was made last: it is asked for several times a second, and rarely new.
type cards struct {
	mu   sync.Mutex // guards all below
	made bool
	news uint64
	list components.Maps
}

// list is the list as it is at a moment.
func (m *Maps) list(mo tab.Moment) components.Maps {
	m.listed.mu.Lock()
	defer m.listed.mu.Unlock()
	if news := m.opts.Library.News(); !m.listed.made || m.listed.news != news {
		m.listed.made, m.listed.news, m.listed.list = true, news, m.makeList()
	}
	out := m.listed.list
	out.LiveTopic = mo.LiveTopic(slug)
	return out
}

func (m *Maps) makeList() components.Maps {
	all := m.opts.Library.List()
	out := components.Maps{Pools: m.pools(all), Notes: m.opts.Library.Notes()}
	for _, e := range all {
		c := components.MapCard{
			Key: e.Key, Name: e.Name, Href: m.Href(e.Key), Condition: strings.Join(e.Condition, ", "), Place: e.Place,
			Unsaved: e.Unsaved, Problem: e.Problem, Zip: m.api(e.Key, ".zip", nil),
			Picture: m.pictureHref(e) + "?version=" + url.QueryEscape(e.Version),
		}
		if e.Columns {
			c.Ask, c.Problem, c.Picture, c.Zip = true, "", "", ""
		}
		if f := e.Facts; f != nil {
			c.Counts = []ui.Pair{
				{Name: ui.Plural(f.Sessions, "session", "sessions"), Value: ui.Count(f.Sessions)}, {Name: "objects", Value: ui.Count(f.Objects)},
				{Name: "runs", Value: ui.Count(f.Runs)}, {Name: ui.Plural(f.Segments, "segment", "segments"), Value: ui.Count(f.Segments)},
			}
		}
		out.Cards = append(out.Cards, c)
	}
	return out
}

// noun is what people call the objects that a map is about.
func noun(t maps.Type, n int) string {
	switch t {
	case maps.Spine:
		return ui.Plural(n, "spine", "spines")
	case maps.Node:
		return ui.Plural(n, "node", "nodes")
	}
	return ui.Plural(n, "object", "objects")
}

// Page is the content of a page that belongs to the tab.
type Page struct {
	Title   string
	Content templ.Component
}

// Pages are the pages of a map, by what follows it in their paths.
func (m *Maps) Pages() map[string]func(v tab.View) (Page, error) {
	return map[string]func(v tab.View) (Page, error){
		"/maps/:map":                 m.mapPage,
		"/maps/:map/run/:run":        m.runPage,
		"/maps/:map/reports":         m.reportPage,
		"/maps/:map/reports/:report": m.reportPage,
		"/maps/:map/find":            m.findPage,
		"/pools/:pool":               m.poolPage,
	}
}

// head is the head of the pages of a map; at is which of them.
func (m *Maps) head(key string, o library.Opened, at string) components.MapHead {
	all := 0
	for _, s := range o.Sessions {
		n, _ := s.Count(o.DefaultType)
		all += n
	}
	runs := o.Runs("").Len()
	h := components.MapHead{
		Name: o.Name, Condition: strings.Join(o.Condition, ", "), List: m.opts.Prefix.String() + "/" + slug, Unsaved: o.Unsaved,
		Facts: fmt.Sprintf("%s %s, %s %s in %s %s", ui.Count(len(o.Sessions)), ui.Plural(len(o.Sessions), "session", "sessions"),
			ui.Count(all), noun(o.DefaultType, all), ui.Count(runs), ui.Plural(runs, "run", "runs")),
		Links: []components.MapLink{
			{Label: "Map", Href: m.Href(key), Current: at == ""},
			{Label: "Reports", Href: m.Href(key, "reports"), Current: at == "reports", Help: "Dynamics, segments, survival, turnover"},
			{Label: "Find", Href: m.Href(key, "find"), Current: at == "find", Help: "Searches, and proposed pairs"},
			{Label: "Save zip", Href: m.api(key, ".zip", nil), Help: "The files of the map, without its images"},
		},
	}
	return h
}

// notes say what a map lacks, and what that means.
func notes(o *maps.Map) []string {
	var out []string
	switch {
	case o.SegmentsOff:
		out = append(out, "The segment map is switched off by the ! in its name, so nothing here is by segment.")
	case o.SegmentRuns().Len() == 0 && len(o.Sessions) > 1:
		out = append(out, "The map has no segment map, so nothing here is by segment.")
	}
	if len(o.Sessions) == 1 {
		out = append(out, "The map has one session, so nothing comes or goes.")
	}
	return out
}

// mapConfig is what the scripts of a map's page must know.
type mapConfig struct {
	Map      string          `json:"map"`
	Name     string          `json:"name"`
	Version  string          `json:"version"`
	Edition  string          `json:"edition"` // that rows are of, and that edits name
	Type     maps.Type       `json:"type"`
	Page     string          `json:"page"` // address of the page, below which are columns, tracings, images, plane, run/<n>
	API      string          `json:"api"`  // address of the answers: values, where, ...
	Segments int             `json:"segments"`
	Runs     int             `json:"runs"`
	Sessions []sessionConfig `json:"sessions"`
	Stats    []statConfig    `json:"stats"`
	Options  options         `json:"options"`
	Usual    options         `json:"usual"` // what the options are where the address says nothing
	Locked   bool            `json:"locked"`
}

type sessionConfig struct {
	Index     int     `json:"index"`
	Stack     string  `json:"stack"`
	File      string  `json:"file"`
	Condition string  `json:"condition"`
	Days      float64 `json:"days"`
	PX        int     `json:"px"`
	PY        int     `json:"py"`
	PZ        int     `json:"pz"`
	DX        float64 `json:"dx"`
	DY        float64 `json:"dy"`
	DZ        float64 `json:"dz"`
	Channel   int     `json:"channel"`  // the default one
	Channels  []int   `json:"channels"` // that have images
	Segments  int     `json:"segments"` // of its tracing
}

type statConfig struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Unit  string `json:"unit,omitempty"`
	Group string `json:"group"`
	Words bool   `json:"words,omitempty"`
}

// zero is a number that JSON can have.
func zero(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// configure makes the config of a page.
func (m *Maps) configure(v tab.View, key string, o library.Opened, opts, usual options, channels [][]int) string {
	c := mapConfig{
		Map: key, Name: o.Name, Version: o.Version, Edition: o.Edition, Type: o.DefaultType, Page: m.Href(key), API: m.api(key, "", nil),
		Segments: o.SegmentRuns().Len(), Runs: o.Runs("").Len(), Options: opts, Usual: usual, Locked: v.Locked,
	}
	for j, s := range o.Sessions {
		c.Sessions = append(c.Sessions, sessionConfig{
			Index: j, Stack: s.Stack, File: s.Imported, Condition: s.Condition, Days: zero(s.Days), PX: s.PX, PY: s.PY, PZ: s.PZ,
			DX: zero(s.DX), DY: zero(s.DY), DZ: zero(s.DZ), Channel: s.Channel, Channels: channels[j], Segments: len(s.Segments()),
		})
	}
	for _, s := range o.Stats() {
		c.Stats = append(c.Stats, statConfig{s.Name, s.Title, s.Unit, s.Group, s.Words})
	}
	b, err := json.Marshal(c)
	if err != nil {
		return "{}"
	}
	return string(b)
}

// maxProblems is how many problems a page lists.
const maxProblems = 100

// mapPage is GET /maps/<map>.
func (m *Maps) mapPage(v tab.View) (Page, error) {
	r := v.Request
	key := r.PathValue("map")
	o, err := m.open(r.Context(), key)
	if errors.Is(err, library.ErrColumns) {
		e, _ := m.entry(key)
		return m.askPage(v, key, e.Name, "", nil)
	}
	if err != nil {
		return Page{}, err
	}
	if _, err := m.Visit(r.Context(), key); err != nil && r.Context().Err() == nil {
		m.opts.Logger.Debug("the images of a map are no source", "map", key, "error", err)
	}
	channels := make([][]int, len(o.Sessions))
	most, pictured := 0, false
	for j := range o.Sessions {
		channels[j] = append([]int{}, m.opts.Library.Channels(key, j)...)
		for _, c := range channels[j] {
			most, pictured = max(most, c), true
		}
	}
	of := func(j int) []int { return channels[j] }
	opts, usual := ask(r).options(o.Map, of), asked{url.Values{}}.options(o.Map, of)
	for _, at := range []*options{&opts, &usual} {
		if at.Channel < 0 || at.Channel > most {
			at.Channel = 1
			if len(o.Sessions) > 0 && o.Sessions[0].Channel <= most {
				at.Channel = max(1, o.Sessions[0].Channel)
			}
		}
	}
	here := m.Href(key)
	p := components.MapPage{
		Head: m.head(key, o, ""), Edits: m.editing(v.Moment, key), Together: m.together(v.Moment, key), Notes: notes(o.Map), Plot: opts.plotForm(o.Map, &usual, here), Panes: opts.panesForm(&usual, here, most),
		Config: m.configure(v, key, o, opts, usual, channels),
	}
	if p.Edits != nil {
		p.Head.Unsaved = 0 // the region below has it, and keeps it true
	}
	shown, err := o.Values(opts.Query)
	if err != nil {
		return Page{}, refuse("", "%s", err.Error())
	}
	p.Figure, p.PlotNote = m.plot(key, o.Map, shown, &opts, &usual)
	p.Table = bySession(o.Map, shown)
	p.Columns, p.Sessions = sessionRows(o.Map, &opts, &usual, here, channels)
	if !pictured {
		p.NoImages = "Stacks belong into the folder raw of the map, one TIFF a channel, named as the sessions are with _ch1.tif behind."
	} else {
		p.Shown = m.panes(key, o.Map, &opts, &usual, channels)
	}
	for i, problem := range o.Problems {
		if i == maxProblems {
			p.More = len(o.Problems) - maxProblems
			break
		}
		p.Problems = append(p.Problems, problem.String())
	}
	return Page{Title: o.Name, Content: components.MapView(p)}, nil
}

// with is the address of a page with an option changed.
func (o *options) with(usual *options, here string, change func(*options)) string {
	c := *o
	c.Show = slices.Clone(o.Show)
	change(&c)
	if q := c.query(usual).Encode(); q != "" {
		return here + "?" + q
	}
	return here
}

// sessionRows are the sessions as a table.
func sessionRows(o *maps.Map, opts, usual *options, here string, channels [][]int) ([]ui.Column, []ui.Row) {
	columns := []ui.Column{
		{Title: "Session", Numeric: true}, {Title: "Condition"}, {Title: "Day", Numeric: true}, {Title: "Date"}, {Title: "Stack"}, {Title: "Pixels"}, {Title: "Voxel", Unit: "µm"},
		{Title: "Objects", Numeric: true}, {Title: "Of these " + noun(o.DefaultType, 2), Numeric: true}, {Title: "Bad", Numeric: true}, {Title: "Segments", Numeric: true}, {Title: "Images"},
	}
	var rows []ui.Row
	for j, s := range o.Sessions {
		n, bad := s.Count(o.DefaultType)
		size, voxel := "", ""
		if s.PX > 0 && s.PY > 0 {
			size = ui.Shape(int64(s.PX), int64(s.PY), int64(s.PZ))
		}
		if s.DX > 0 {
			voxel = fmt.Sprintf("%.4g × %.4g × %.4g", s.DX, s.DY, s.DZ)
		}
		images := ui.Cell{Text: "none"}
		if len(channels[j]) > 0 {
			label, change := "show", func(c *options) { c.Show = append(c.Show, j); slices.Sort(c.Show) }
			if slices.Contains(opts.Show, j) {
				label, change = "hide", func(c *options) { c.Show = slices.DeleteFunc(c.Show, func(at int) bool { return at == j }) }
			}
			images = ui.Cell{Content: components.MapCell(components.MapLink{Label: label, Href: opts.with(usual, here, change), Toggles: true},
				components.MapLink{Label: "Open in the viewer", Href: here + "/stacks/" + strconv.Itoa(j), Help: "The stack alone, with contrast, channels, profile, .npy and 3-D"})}
		}
		cells := ui.Text(strconv.Itoa(j), s.Condition, ui.Fixed(s.Days, 2), dateOf(s), s.Stack, size, voxel,
			ui.Count(s.Len()), ui.Count(n), ui.Count(bad), ui.Count(len(s.Segments())))
		rows = append(rows, ui.Row{Key: strconv.Itoa(j), Cells: append(cells, images)})
	}
	return columns, rows
}

// dateOf writes the date of a session as people read it.
func dateOf(s *maps.Session) string {
	if t, err := time.Parse("20060102", s.Date); err == nil {
		return strings.TrimSpace(t.Format("2006-01-02") + " " + s.Time)
	}
	return strings.TrimSpace(s.Date + " " + s.Time)
}

// bySession is the table of the values of a plot, by session.
func bySession(o *maps.Map, v *maps.Values) ui.TableProps {
	t := ui.TableProps{Caption: "Values by session", Columns: []ui.Column{{Title: "Session", Numeric: true}, {Title: "Condition"}, {Title: "n", Numeric: true}}}
	var numbers []*maps.Column
	for i := range v.Columns {
		c := &v.Columns[i]
		if c.Words == nil {
			numbers = append(numbers, c)
			t.Columns = append(t.Columns, ui.Column{Title: "Mean of " + c.Stat.Title, Unit: c.Stat.Unit, Numeric: true}, ui.Column{Title: "s.d.", Numeric: true})
		}
	}
	values := make([][][]float64, len(numbers))
	counts := make([]int, len(o.Sessions))
	for i, c := range numbers {
		values[i] = make([][]float64, len(o.Sessions))
		for k, j := range v.Sessions {
			values[i][j] = append(values[i][j], c.Values[k])
		}
	}
	for _, j := range v.Sessions {
		counts[j]++
	}
	for j, s := range o.Sessions {
		cells := ui.Text(strconv.Itoa(j), s.Condition, ui.Count(counts[j]))
		for i := range numbers {
			spread := maps.SpreadOf(values[i][j])
			cells = append(cells, ui.Text(short(spread.Mean), short(spread.SD))...)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	return t
}

// short writes a number with four digits.
func short(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ui.None
	}
	if math.Abs(v) >= 1e4 && math.Abs(v) < 1e9 {
		v = math.Round(v) // four digits and more are before the point
	}
	if v == math.Trunc(v) && math.Abs(v) < 1e9 {
		return strings.Replace(strconv.FormatFloat(v, 'f', -1, 64), "-", "−", 1)
	}
	return strings.Replace(strconv.FormatFloat(v, 'g', 4, 64), "-", "−", 1)
}

// drawn is a figure as a part of a page.
func drawn(f *figure.Figure) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error { return f.WriteSVG(w, figure.Page) })
}

// maxDrawn is how many points of a plot a page has before its scripts draw it.
const maxDrawn = 1500

// plot draws the plot as it is without scripts, and says what it leaves out.
func (m *Maps) plot(key string, o *maps.Map, v *maps.Values, opts, usual *options) (templ.Component, string) {
	x, y := &v.Columns[0], &v.Columns[1]
	f := &figure.Figure{X: statLabel(x.Stat), Y: statLabel(y.Stat)}
	if x.Words != nil {
		f.Categories = x.Words
	}
	type dot struct{ x, y int32 } // the objects that give it
	var dots []dot
	add := func(i, k int) {
		if !math.IsNaN(x.Values[i]) && !math.IsNaN(y.Values[k]) {
			dots = append(dots, dot{int32(i), int32(k)})
		}
	}
	at := func(d dot) figure.Point { return figure.Point{X: x.Values[d.x], Y: y.Values[d.y]} }
	// Of a point that is drawn one can ask what it is; most of a large map are not. The addresses differ
	// in the run alone.
	const any = 1 << 30
	before, after, _ := strings.Cut(opts.with(usual, m.Href(key), func(c *options) { c.Run = any }), strconv.Itoa(any))
	point := func(d dot) figure.Point {
		p, run := at(d), strconv.Itoa(int(v.Runs[d.x]))
		p.Title = "run " + run + ", session " + strconv.Itoa(int(v.Sessions[d.y]))
		p.Href = before + run + after
		return p
	}
	if opts.XSession < 0 && opts.YSession < 0 {
		for i := range v.Runs {
			add(i, i)
		}
	} else {
		// A session against a session: what is the same run in both.
		xs, ys := opts.XSession, opts.YSession
		first := map[int32]int{}
		for i, run := range v.Runs {
			if int(v.Sessions[i]) == xs {
				first[run] = i
			}
		}
		for k, run := range v.Runs {
			if i, ok := first[run]; xs < 0 && int(v.Sessions[k]) == ys {
				add(k, k)
			} else if ok && (ys < 0 && int(v.Sessions[k]) == xs || int(v.Sessions[k]) == ys) {
				add(i, k)
			}
		}
		if xs >= 0 {
			f.X += ", session " + strconv.Itoa(xs)
		}
		if ys >= 0 {
			f.Y += ", session " + strconv.Itoa(ys)
		}
	}
	note := ""
	every := len(dots)/maxDrawn + 1
	if every > 1 {
		note = fmt.Sprintf("One of %d points is drawn; scripts draw all of them.", every)
	}
	var names []string
	groups := make([]string, len(dots))
	for i, d := range dots {
		if groups[i] = group(o, v, int(d.y), opts.Color); !slices.Contains(names, groups[i]) {
			names = append(names, groups[i])
		}
	}
	slices.Sort(names)
	f.Series = make([]figure.Series, len(names))
	for i, name := range names {
		f.Series[i].Name = cmp.Or(name, "others")
	}
	for i := 0; i < len(dots); i += every {
		s := &f.Series[slices.Index(names, groups[i])]
		s.Dots = append(s.Dots, point(dots[i]))
	}
	if opts.Lines {
		line := figure.Series{Color: len(figure.Colors), Name: "runs", Quiet: true}
		last := int32(-1)
		for _, d := range dots {
			if run := v.Runs[d.x]; run != last {
				line.Path = append(line.Path, figure.Point{X: math.NaN()})
				last = run
			}
			line.Path = append(line.Path, at(d))
		}
		f.Series = append([]figure.Series{line}, f.Series...)
	}
	if opts.Run >= 0 {
		mark := figure.Series{Color: 6, Name: fmt.Sprintf("run %d", opts.Run), Joined: true}
		for _, d := range dots {
			if int(v.Runs[d.x]) == opts.Run {
				mark.Points = append(mark.Points, point(d))
			}
		}
		f.Series = append(f.Series, mark)
	}
	if !opts.Bad {
		note = strings.TrimSpace("Bad ones are left out; what is added and subtracted is of all. " + note)
	}
	return drawn(f), note
}

// group is by what a point has its colour, "" for none.
func group(o *maps.Map, v *maps.Values, i int, by string) string {
	switch by {
	case "dynamics":
		return v.Dynamics[i].String()
	case "segment":
		if v.Segments[i] >= 0 {
			return "segment " + strconv.Itoa(int(v.Segments[i]))
		}
	case "condition":
		return o.Sessions[v.Sessions[i]].Condition
	case "type":
		if t := o.Sessions[v.Sessions[i]].Table.Value(int(v.Rows[i]), "userType"); !math.IsNaN(t) {
			return "user type " + strconv.Itoa(int(t))
		}
	}
	return ""
}

// paneSide is how many pixels a pane has without scripts, and around a run.
const (
	paneSide = 512
	nearSide = 256
)

// middle is the slice on which the middle one of a session's objects lies.
func middle(o *maps.Map, s *maps.Session) int {
	var z []float64
	column := s.Table.Column("z")
	for i, t := range s.Types() {
		if t == o.DefaultType && i < len(column) && !math.IsNaN(column[i]) {
			z = append(z, column[i])
		}
	}
	if len(z) == 0 {
		return s.PZ / 2
	}
	slices.Sort(z)
	return int(z[len(z)/2])
}

// panes are the images of the chosen sessions as they are without scripts.
func (m *Maps) panes(key string, o *maps.Map, opts, usual *options, channels [][]int) []components.MapPane {
	var at []place
	if opts.Run >= 0 {
		at = places(o, o.Runs(""), opts.Run)
	}
	var out []components.MapPane
	for _, j := range opts.Show {
		s := o.Sessions[j]
		p := components.MapPane{Session: j, Title: paneTitle(s, opts.Names)}
		if len(channels[j]) == 0 {
			p.Why = "This session has no images."
			out = append(out, p)
			continue
		}
		channel := opts.Channel
		if !slices.Contains(channels[j], channel) {
			channel = channels[j][0]
		}
		z := opts.Slice
		q := url.Values{"session": {strconv.Itoa(j)}, "channel": {strconv.Itoa(channel)}}
		if at != nil && at[j].known && s.DX > 0 && s.DY > 0 {
			if z < 0 {
				z = int(math.Round(at[j].z))
			}
			q.Set("rect", around(s, at[j].x, at[j].y, nearSide))
		} else {
			q.Set("step", strconv.Itoa(max(1, max(s.PX, s.PY)/paneSide)))
		}
		if z < 0 {
			z = middle(o, s)
		}
		z = max(0, z)
		if s.PZ > 0 {
			z = min(z, s.PZ-1)
			p.Slice = fmt.Sprintf("%d of %d", z, s.PZ)
		}
		q.Set("slice", slicesOf(opts.Project, z))
		switch opts.Project {
		case "all":
			p.Slice = "all"
		default:
			if z > 0 {
				p.Up = opts.with(usual, m.Href(key), func(c *options) { c.Slice = z - 1 })
			}
			if z+1 < s.PZ {
				p.Down = opts.with(usual, m.Href(key), func(c *options) { c.Slice = z + 1 })
			}
		}
		p.Picture = m.Href(key, "plane.png") + "?" + q.Encode()
		out = append(out, p)
	}
	return out
}

// slicesOf is what the address of a plane has for a projection.
func slicesOf(project string, z int) string {
	switch project {
	case "sliding":
		return fmt.Sprintf("%d-%d", max(0, z-2), z+2)
	case "all":
		return "all"
	}
	return strconv.Itoa(z)
}

// around is the rectangle around a place in micrometres, as the address of a plane has it.
func around(s *maps.Session, x, y float64, side int) string {
	row, col := corner(s, x, y, side)
	return fmt.Sprintf("%d,%d,%d,%d", row, col, side, side)
}

// corner is where the rectangle around a place begins; it lies within the stack if that is large enough.
func corner(s *maps.Session, x, y float64, side int) (row, col int) {
	from := func(v, d float64, n int) int {
		return max(0, min(int(math.Round(v/d))-side/2, n-side))
	}
	return from(y, s.DY, s.PY), from(x, s.DX, s.PX)
}

// paneTitle is the name of a session over its pane.
func paneTitle(s *maps.Session, by string) string {
	switch by {
	case "file":
		return cmp.Or(s.Imported, s.Stack)
	case "none":
		return strconv.Itoa(s.Index)
	}
	return sessionTitle(s)
}

// run reads the run of a path.
func run(r *http.Request, runs *maps.Runs) (int, error) {
	v, err := strconv.Atoi(r.PathValue("run"))
	if err != nil || v < 0 || v >= runs.Len() {
		return 0, missing("There is no run %.20q; the map has %d, counted from 0.", r.PathValue("run"), runs.Len())
	}
	return v, nil
}
