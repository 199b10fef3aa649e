package maps

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"webmon/components"
	"webmon/shm/maps"
)

// options are what the page of a map has in its address.
type options struct {
	Query     maps.Query `json:"-"`
	X         string     `json:"x"` // a statistic
	Y         string     `json:"y"`
	XSession  int        `json:"xs"` // -1: all of them, and the same for Y
	YSession  int        `json:"ys"`
	Segment   int        `json:"segment"` // of the map, -1: all
	Mask      string     `json:"mask"`
	Bad       bool       `json:"bad"`
	Lines     bool       `json:"lines"` // join a run
	Color     string     `json:"color"`
	XHist     bool       `json:"hx"`
	YHist     bool       `json:"hy"`
	Size      int        `json:"size"` // of the marks of the plot
	Transform string     `json:"transform"`
	Against   string     `json:"against"`
	Types     string     `json:"types"`

	Show     []int  `json:"show"`    // sessions
	Channel  int    `json:"channel"` // from 1; 0: all, blended
	Project  string `json:"project"` // single, sliding, all
	Slice    int    `json:"slice"`   // -1: where the run is, or most objects are
	Link     bool   `json:"link"`
	Marks    bool   `json:"marks"`
	Tracing  bool   `json:"tracing"`
	Names    string `json:"names"`    // none, file, condition
	MarkSize int    `json:"marksize"` // of the marks in images
	Run      int    `json:"run"`      // -1: none is chosen
}

// Words of options.
var (
	colorings = []string{"none", "dynamics", "segment", "condition", "type"}
	projects  = []string{"single", "sliding", "all"}
	namings   = []string{"condition", "file", "none"}
)

const (
	maxPanes = 64
	// shownFirst is how many panes a page has before somebody chooses.
	shownFirst = 3
)

// last is the last value of a parameter: a box that is not checked sends a hidden 0 before its 1.
func (q asked) last(field string) string {
	if v := q.Values[field]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}

// box reads whether a box is checked.
func (q asked) box(field string, otherwise bool) bool {
	switch q.last(field) {
	case "1":
		return true
	case "0":
		return false
	}
	return otherwise
}

// word, session, whole read an option; what makes no sense is as if it were left out, since a
// page that was bookmarked shows what it can of a map that has changed.
func (q asked) word(field string, known []string) string {
	if v := q.last(field); slices.Contains(known, v) {
		return v
	}
	return known[0]
}

func (q asked) whole(field string, otherwise, least, most int) int {
	v, err := strconv.Atoi(q.last(field))
	if err != nil || v < least || v > most {
		return otherwise
	}
	return v
}

// stat reads a statistic that the map has, else the first of others that it has.
func (q asked) stat(field string, m *maps.Map, others ...string) string {
	for _, name := range append([]string{q.last(field)}, others...) {
		if _, ok := m.Stat(name); ok && name != "" {
			return name
		}
	}
	return "mapSession"
}

// options reads what the address of a map's page says.
func (q asked) options(m *maps.Map, channels func(session int) []int) options {
	n := len(m.Sessions)
	segments := m.SegmentRuns().Len()
	o := options{
		XSession: q.whole("xs", -1, 0, n-1), YSession: q.whole("ys", -1, 0, n-1), Segment: q.whole("segment", -1, 0, segments-1),
		Bad: q.box("bad", true), Lines: q.box("lines", false), Color: q.word("color", colorings), XHist: q.box("hx", false), YHist: q.box("hy", false),
		Size: q.whole("size", 5, 1, 20), Channel: q.whole("channel", -1, 0, 64), Project: q.word("project", projects), Slice: q.whole("slice", -1, 0, 1<<20),
		Link: q.box("link", true), Marks: q.box("marks", true), Tracing: q.box("tracing", true), Names: q.word("names", namings),
		MarkSize: q.whole("marksize", 2, 1, 20), Run: q.whole("run", -1, 0, m.Runs("").Len()-1),
		Types: q.last("types"),
	}
	// What is usual: the position along the dendrite over time, without dendrites the run.
	if segments > 0 {
		o.X, o.Y = q.stat("x", m, "days"), q.stat("y", m, "pDist", "runIdx")
	} else {
		o.X, o.Y = q.stat("x", m, "days"), q.stat("y", m, "runIdx")
	}
	masks := make([]string, len(maps.Masks))
	for i, mask := range maps.Masks {
		masks[i] = string(mask)
	}
	o.Mask = q.word("mask", masks)
	o.Query = maps.Query{Stats: []string{o.X, o.Y}, Session: maps.All, Segment: o.Segment, Bad: o.Bad, Mask: maps.Mask(o.Mask), Transformed: []string{o.Y}}
	one := asked{url.Values{"transform": {q.last("transform")}, "against": {q.last("against")}}}
	if t, err := one.transform(m); err == nil {
		o.Query.Transform, o.Transform, o.Against = t, string(t.Kind), q.last("against")
	}
	if types, err := q.userTypes("types"); err == nil {
		o.Query.UserTypes = types
	} else {
		o.Types = ""
	}
	o.panes(q, n, channels)
	return o
}

// panes reads which sessions have a pane, and finds the channel that is shown.
func (o *options) panes(q asked, n int, channels func(session int) []int) {
	o.Show = []int{}
	if q.Has("show") {
		for text := range strings.SplitSeq(strings.Join(q.Values["show"], ","), ",") {
			if v, err := strconv.Atoi(text); err == nil && v >= 0 && v < n && len(o.Show) < maxPanes && !slices.Contains(o.Show, v) {
				o.Show = append(o.Show, v)
			}
		}
	} else {
		for j := range n {
			if len(channels(j)) > 0 && len(o.Show) < shownFirst {
				o.Show = append(o.Show, j)
			}
		}
	}
}

func check(v bool) string {
	if v {
		return "1"
	}
	return "0"
}

// list is the options as an address has them, those that are as usual left out.
func (o *options) query(usual *options) url.Values {
	out := url.Values{}
	a, b := o.pairs(), usual.pairs()
	for i := range a {
		if a[i][1] != b[i][1] {
			out.Set(a[i][0], a[i][1])
		}
	}
	return out
}

// pairs are all options by name, in the order of the forms.
func (o *options) pairs() [][2]string {
	number := func(v int) string {
		if v < 0 {
			return "all"
		}
		return strconv.Itoa(v)
	}
	show := make([]string, len(o.Show))
	for i, v := range o.Show {
		show[i] = strconv.Itoa(v)
	}
	run, slice := "", ""
	if o.Run >= 0 {
		run = strconv.Itoa(o.Run)
	}
	if o.Slice >= 0 {
		slice = strconv.Itoa(o.Slice)
	}
	return [][2]string{
		{"x", o.X}, {"y", o.Y}, {"segment", number(o.Segment)}, {"mask", o.Mask}, {"color", o.Color}, {"lines", check(o.Lines)}, {"bad", check(o.Bad)},
		{"xs", number(o.XSession)}, {"ys", number(o.YSession)}, {"transform", o.Transform}, {"against", o.Against}, {"types", o.Types},
		{"hx", check(o.XHist)}, {"hy", check(o.YHist)}, {"size", strconv.Itoa(o.Size)},
		{"show", strings.Join(show, ",")}, {"channel", strconv.Itoa(o.Channel)}, {"project", o.Project}, {"slice", slice}, {"link", check(o.Link)},
		{"marks", check(o.Marks)}, {"tracing", check(o.Tracing)}, {"names", o.Names}, {"marksize", strconv.Itoa(o.MarkSize)}, {"run", run},
	}
}

// plotNames are the options of the form of the plot; the others are of the panes.
var plotNames = []string{"x", "y", "segment", "mask", "color", "lines", "bad", "xs", "ys", "transform", "against", "types", "hx", "hy", "size"}

// keep are the options of the other form, hidden, where they are not as usual.
func (o *options) keep(usual *options, plot bool) []components.MapChoice {
	var out []components.MapChoice
	q := o.query(usual)
	for _, p := range o.pairs() {
		if q.Has(p[0]) && slices.Contains(plotNames, p[0]) != plot {
			out = append(out, components.MapChoice{Name: p[0], Value: p[1]})
		}
	}
	return out
}

// isTraced reports whether some session of a map has segments.
func isTraced(m *maps.Map) bool {
	return m.SegmentRuns().Len() > 0 || slices.ContainsFunc(m.Sessions, func(s *maps.Session) bool { return len(s.Segments()) > 0 })
}

// statOptions are the statistics of a map as a list of choices, without those that need
// segments if it has none.
func statOptions(m *maps.Map, numbers bool) []components.MapOption {
	var out []components.MapOption
	traced := isTraced(m)
	for _, s := range m.Stats() {
		if numbers && s.Words || !traced && s.Group == "Segment" || s.Name == "mapSegment" && m.SegmentRuns().Len() == 0 {
			continue
		}
		out = append(out, components.MapOption{Value: s.Name, Label: statLabel(s), Group: s.Group})
	}
	return out
}

func statLabel(s maps.Stat) string {
	if s.Unit == "" {
		return s.Title
	}
	return s.Title + " (" + s.Unit + ")"
}

// sessionOptions are the sessions of a map as a list of choices.
func sessionOptions(m *maps.Map, all string) []components.MapOption {
	var out []components.MapOption
	if all != "" {
		out = append(out, components.MapOption{Value: "all", Label: all})
	}
	for j, s := range m.Sessions {
		out = append(out, components.MapOption{Value: strconv.Itoa(j), Label: sessionTitle(s)})
	}
	return out
}

// sessionTitle is what people call a session.
func sessionTitle(s *maps.Session) string {
	if s.Condition == "" {
		return strconv.Itoa(s.Index)
	}
	return fmt.Sprintf("%d %s", s.Index, s.Condition)
}

func segmentOptions(m *maps.Map) []components.MapOption {
	out := []components.MapOption{{Value: "all", Label: "all"}}
	for i := range m.SegmentRuns().Len() {
		out = append(out, components.MapOption{Value: strconv.Itoa(i), Label: strconv.Itoa(i)})
	}
	return out
}

// listed makes choices of words; the label of "" is none.
func listed(none string, known ...string) []components.MapOption {
	var out []components.MapOption
	for _, w := range known {
		label := w
		if w == "" {
			label = none
		}
		out = append(out, components.MapOption{Value: w, Label: label})
	}
	return out
}

// plotForm is the form of the plot's options.
func (o *options) plotForm(m *maps.Map, usual *options, action string) components.MapForm {
	number := func(v int) string {
		if v < 0 {
			return "all"
		}
		return strconv.Itoa(v)
	}
	stats := statOptions(m, false)
	transforms := []components.MapOption{
		{Value: "", Label: "as they are"}, {Value: string(maps.Change), Label: "change"}, {Value: string(maps.Divided), Label: "divided by"}, {Value: string(maps.Percent), Label: "change in %"},
		{Value: string(maps.Index), Label: "(y − r) / (y + r)"}, {Value: string(maps.OfMean), Label: "by the run's mean"},
	}
	f := components.MapForm{ID: "map-plot-form", Action: action, Label: "Plot", Keep: o.keep(usual, false)}
	f.Choices = []components.MapChoice{
		{Name: "x", Label: "X", Value: o.X, Options: stats}, {Name: "y", Label: "Y", Value: o.Y, Options: stats},
	}
	if m.SegmentRuns().Len() > 0 {
		f.Choices = append(f.Choices, components.MapChoice{Name: "segment", Label: "Map segment", Value: number(o.Segment), Options: segmentOptions(m)})
	}
	colors := []components.MapOption{{Value: "none", Label: "none"}}
	if len(m.Sessions) > 1 {
		f.Choices = append(f.Choices, components.MapChoice{Name: "mask", Label: "Show", Value: o.Mask, Options: []components.MapOption{
			{Value: "", Label: "all runs"}, {Value: "added", Label: "added"}, {Value: "subtracted", Label: "subtracted"}, {Value: "transient", Label: "transient"}, {Value: "always", Label: "always present"},
		}, Help: "A run is shown if it is that in any session; always: if it is in all of them"})
		colors = append(colors, components.MapOption{Value: "dynamics", Label: "dynamics"})
	}
	if m.SegmentRuns().Len() > 0 {
		colors = append(colors, components.MapOption{Value: "segment", Label: "segment"})
	}
	colors = append(colors, components.MapOption{Value: "condition", Label: "condition"}, components.MapOption{Value: "type", Label: "user type"})
	f.Choices = append(f.Choices,
		components.MapChoice{Name: "color", Label: "Colour and shape", Value: o.Color, Options: colors},
		components.MapChoice{Name: "lines", Label: "Lines", Value: check(o.Lines), Type: "checkbox", Help: "Join what is the same run"},
		components.MapChoice{Name: "bad", Label: "Bad ones", Value: check(o.Bad), Type: "checkbox", Help: "Also what a person judged unusable"},
	)
	f.More = []components.MapChoice{
		{Name: "xs", Label: "X at session", Value: number(o.XSession), Options: sessionOptions(m, "all")},
		{Name: "ys", Label: "Y at session", Value: number(o.YSession), Options: sessionOptions(m, "all")},
		{Name: "transform", Label: "Y of each run", Value: o.Transform, Options: transforms},
		{Name: "against", Label: "held against", Value: o.Against, Type: "text", Help: "A session, such as 0, or a condition, such as a*"},
		{Name: "types", Label: "User types", Value: o.Types, Type: "text", Help: "Such as 0,3; empty for all"},
		{Name: "size", Label: "Size of marks", Value: strconv.Itoa(o.Size), Type: "number", Min: "1", Max: "20"},
		{Name: "hx", Label: "Histogram of X", Value: check(o.XHist), Type: "checkbox"},
		{Name: "hy", Label: "Histogram of Y", Value: check(o.YHist), Type: "checkbox"},
	}
	return f
}

// panesForm is the form of the panes' options.
func (o *options) panesForm(usual *options, action string, channels int) components.MapForm {
	f := components.MapForm{ID: "map-panes-form", Action: action, Label: "Show", Keep: o.keep(usual, true)}
	list := []components.MapOption{}
	for c := range channels {
		list = append(list, components.MapOption{Value: strconv.Itoa(c + 1), Label: strconv.Itoa(c + 1)})
	}
	if channels > 1 {
		list = append(list, components.MapOption{Value: "0", Label: "blended"})
	}
	pairs := o.pairs()
	value := func(name string) string {
		for _, p := range pairs {
			if p[0] == name {
				return p[1]
			}
		}
		return ""
	}
	f.Choices = []components.MapChoice{
		{Name: "show", Label: "Sessions", Value: value("show"), Type: "text", Help: "Numbers of sessions, such as 0,1,2"},
		{Name: "channel", Label: "Channel", Value: value("channel"), Options: list},
		{Name: "project", Label: "Slices", Value: o.Project, Options: []components.MapOption{{Value: "single", Label: "one"}, {Value: "sliding", Label: "maximum of 5"}, {Value: "all", Label: "maximum of all"}}},
		{Name: "slice", Label: "Slice", Value: value("slice"), Type: "number", Min: "0", Help: "Empty: where the chosen run is, or most objects are"},
		{Name: "link", Label: "Link", Value: check(o.Link), Type: "checkbox", Help: "What is done to one is done to all"},
		{Name: "marks", Label: "Objects", Value: check(o.Marks), Type: "checkbox"},
		{Name: "tracing", Label: "Tracings", Value: check(o.Tracing), Type: "checkbox"},
	}
	f.More = []components.MapChoice{
		{Name: "names", Label: "Names of sessions", Value: o.Names, Options: listed("", namings...)},
		{Name: "marksize", Label: "Size of marks", Value: strconv.Itoa(o.MarkSize), Type: "number", Min: "1", Max: "20"},
		{Name: "run", Label: "Run", Value: value("run"), Type: "number", Min: "0"},
	}
	return f
}
