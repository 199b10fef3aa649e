package maps

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/maps/figure"
	"webmon/dashboard/tab"
	"webmon/natural"
	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

const (
	// everything is the pool of all maps.
	everything = "all"
	// maxPool is how many maps a pool has at most, and maxPoolValues how many values.
	maxPool       = 1000
	maxPoolValues = 2 << 20
	// maxToggles is how many maps a pool's page has boxes for.
	maxToggles = 40
)

// pooled is a map of a pool.
type pooled struct {
	library.Entry
	off bool // a person has switched it off
}

// condition returns the words of the map's condition as one.
func (p *pooled) condition() string { return strings.Join(p.Condition, ";") }

// pool is the maps of a pool, and what could not be read. Only the first is open for as long as
// that: the others are gone through in the memory of a few.
type pool struct {
	maps     []pooled
	first    library.Opened
	problems []string
	library  Library
}

// words are the conditions of maps that the name of a pool stands for; nil: every map.
func poolWords(name string) []string {
	if name == everything {
		return nil
	}
	return strings.FieldsFunc(name, func(r rune) bool { return r == ',' || r == ';' || r == '+' })
}

// has reports whether a map of these conditions is in a pool.
func inPool(words, conditions []string) bool {
	return len(words) == 0 || slices.ContainsFunc(words, func(w string) bool {
		return slices.ContainsFunc(conditions, func(c string) bool { return maps.Matches(w, c) })
	})
}

// pool finds the maps of a pool, and opens the first. Maps that were never opened are, to learn
// their conditions.
func (m *Maps) pool(ctx context.Context, name string) (*pool, error) {
	wanted := poolWords(name)
	p := &pool{library: m.opts.Library}
	var unknown []string
	for _, e := range m.opts.Library.List() {
		if e.Problem == "" && e.Facts == nil {
			unknown = append(unknown, e.Key)
		}
	}
	for i, err := range m.opts.Library.Each(ctx, unknown, func(int, library.Opened) error { return nil }) {
		if err != nil {
			p.problems = append(p.problems, unknown[i]+": "+err.Error())
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for _, e := range m.opts.Library.List() {
		if e.Problem == "" && e.Facts != nil && inPool(wanted, e.Condition) {
			p.maps = append(p.maps, pooled{Entry: e})
		}
	}
	switch {
	case len(p.maps) == 0:
		return nil, missing("No map has the condition %.80q.", name)
	case len(p.maps) > maxPool:
		return nil, refuse("pool", "the pool has %d maps, and may have %d: choose a condition of maps", len(p.maps), maxPool)
	}
	var err error
	p.first, err = m.open(ctx, p.maps[0].Key)
	return p, err
}

// poolStats are what a pool shows unless its address says so: the first that a map has.
var poolStats = []string{"ubssSum_int1", "ubssSum_int2", "sLen3d_int1", "userType", "z"}

// poolQuery reads what is asked of a pool.
func (q asked) pool(p *pool) (maps.PoolQuery, error) {
	out := maps.PoolQuery{Stat: q.last("stat"), Across: q.last("across"), Strict: q.box("strict", false), Bad: q.box("bad", true), Baseline: q.last("baseline"), Segment: maps.All}
	if out.Stat == "" {
		out.Stat = q.stat("stat", p.first.Map, poolStats...)
	}
	if out.Groups = splitWords(q.last("groups")); len(out.Groups) == 0 {
		for i := range p.maps {
			for _, c := range p.maps[i].Facts.Conditions {
				if !slices.Contains(out.Groups, c) {
					out.Groups = append(out.Groups, c)
				}
			}
		}
	}
	if len(out.Groups) > 64 {
		return out, refuse("groups", "there are %d groups, and a pool has room for 64", len(out.Groups))
	}
	known := make([]string, len(maps.TransformKinds))
	for i, k := range maps.TransformKinds {
		known[i] = string(k)
	}
	kind, err := asked{url.Values{"transform": {q.last("transform")}}}.one("transform", known...)
	if err != nil {
		return out, err
	}
	out.Transform = maps.TransformKind(kind)
	if out.Baseline == "" && out.Transform != maps.Raw && out.Transform != maps.OfMean && len(out.Groups) > 0 {
		out.Baseline = out.Groups[0]
	}
	out.Segment = q.whole("segment", maps.All, 0, 1<<20)
	mask, err := asked{url.Values{"mask": {q.last("mask")}}}.one("mask", "", string(maps.MaskAdded), string(maps.MaskSubtracted), string(maps.MaskTransient), string(maps.MaskAlways))
	if err != nil {
		return out, err
	}
	out.Mask = maps.Mask(mask)
	if out.UserTypes, err = (asked{url.Values{"types": {q.last("types")}}}).userTypes("types"); err != nil {
		return out, err
	}
	for i := range p.maps {
		p.maps[i].off = !q.box("map-"+p.maps[i].Key, true)
	}
	return out, nil
}

func splitWords(text string) []string {
	var out []string
	for w := range strings.SplitSeq(text, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// values are those of the maps that are not switched off. A map that lacks the statistic is a
// problem of the pool, unless all do.
func (p *pool) values(ctx context.Context, q maps.PoolQuery) ([]maps.PoolValue, error) {
	var keys []string
	var place []int // of each of the keys in the pool
	for i := range p.maps {
		if !p.maps[i].off {
			keys, place = append(keys, p.maps[i].Key), append(place, i)
		}
	}
	found := make([][]maps.PoolValue, len(keys))
	var total atomic.Int64
	errs := p.library.Each(ctx, keys, func(i int, o library.Opened) (err error) {
		if total.Load() > maxPoolValues {
			return nil // it is refused below
		}
		found[i], err = o.Pool(q, place[i])
		total.Add(int64(len(found[i])))
		return err
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if total.Load() > maxPoolValues {
		return nil, refuse("pool", "the pool has more than %d values: choose fewer maps or groups", maxPoolValues)
	}
	var last error
	worked := false
	for i, err := range errs {
		if err != nil {
			last = err
			p.problems = append(p.problems, keys[i]+": "+natural.Sentence(err.Error()))
		} else {
			worked = true
		}
	}
	if !worked && last != nil {
		return nil, refuse("stat", "%s", last.Error())
	}
	return slices.Concat(found...), nil
}

// asked reads a pool and what is asked of it.
func (m *Maps) askedPool(r *http.Request) (*pool, maps.PoolQuery, []maps.PoolValue, error) {
	p, err := m.pool(r.Context(), r.PathValue("pool"))
	if err != nil {
		return nil, maps.PoolQuery{}, nil, err
	}
	q, err := ask(r).pool(p)
	if err != nil {
		return p, q, nil, err
	}
	v, err := p.values(r.Context(), q)
	return p, q, v, err
}

// getPoolValues answers GET /api/v1/pools/<pool>/values and values.csv: a row for each run and
// group. sessions are those that the value is the mean of, across is the run's value in the
// condition of that name, without a transform.
func (m *Maps) getPoolValues(w http.ResponseWriter, r *http.Request) error {
	// The page of the pool shows what it can of an old address; a program is told.
	asked := ask(r)
	for _, field := range []string{"strict", "bad"} {
		if _, err := asked.truth(field, false); err != nil {
			return err
		}
	}
	if _, err := asked.number("segment", "map segment", 1<<20); err != nil {
		return err
	}
	p, q, v, err := m.askedPool(r)
	if err != nil {
		return err
	}
	s := &sheet{
		names: []string{"map", "condition", "run", "segment", "group", "value", "sessions", "across"},
		rows:  len(v),
		cell: func(row, col int) cell {
			at := &v[row]
			switch col {
			case 0:
				return words(p.maps[at.Map].Key)
			case 1:
				return words(p.maps[at.Map].condition())
			case 2:
				return index(at.Run)
			case 3:
				return index(at.Segment)
			case 4:
				return words(q.Groups[at.Group])
			case 5:
				return num(at.Value)
			case 7:
				return num(at.X)
			}
			text := make([]string, len(at.Sessions))
			for i, j := range at.Sessions {
				text[i] = strconv.Itoa(int(j))
			}
			return words(strings.Join(text, " "))
		},
	}
	return m.answerSheet(w, r, strings.HasSuffix(r.URL.Path, ".csv"), "pool-"+natural.Slug(r.PathValue("pool")), s, s.columnsAndRows)
}

// keyed is by what the values of a pool have their colour, as its address says.
func (q asked) keyed(p *pool) (by string, key func(maps.PoolValue) string) {
	by = q.word("by", []string{"condition", "map", "segment", "none"})
	return by, func(v maps.PoolValue) string {
		switch by {
		case "condition":
			return p.maps[v.Map].condition()
		case "map":
			return p.maps[v.Map].Key
		case "segment":
			if v.Segment < 0 {
				return p.maps[v.Map].Key + ", no segment"
			}
			return p.maps[v.Map].Key + ", segment " + strconv.Itoa(v.Segment)
		}
		return "all"
	}
}

// poolFigure draws the means by group, with the values behind them.
func (m *Maps) poolFigure(q asked, p *pool, query maps.PoolQuery, v []maps.PoolValue) *figure.Figure {
	f := &figure.Figure{Title: query.Stat, X: "Condition of the session", Y: query.Stat, Categories: query.Groups}
	if st, ok := p.first.Stat(query.Stat); ok {
		f.Y = statLabel(st)
	}
	switch query.Transform {
	case maps.Percent:
		f.Y += ", % of " + query.Baseline
	case maps.Divided:
		f.Y += " / that of " + query.Baseline
	case maps.Change:
		f.Y += ", less that of " + query.Baseline
	case maps.Index, maps.OfMean:
		f.Y += ", normalised"
	}
	_, key := q.keyed(p)
	if query.Across != "" {
		return m.poolScatter(p, query, v, key, f)
	}
	byMap, dots := q.word("n", []string{"object", "map"}) == "map", q.box("dots", true)
	at := map[string]int{}
	series := func(name string) *figure.Series {
		i, ok := at[name]
		if !ok {
			i = len(f.Series)
			at[name] = i
			f.Series = append(f.Series, figure.Series{Name: name, Joined: true})
		}
		return &f.Series[i]
	}
	rows := maps.Summarise(v, len(query.Groups), key)
	for _, r := range rows {
		series(r.Key)
	}
	// Series stand beside each other.
	beside := func(group int, name string) float64 {
		return float64(group) + 0.5*(float64(at[name])-float64(len(f.Series)-1)/2)/float64(max(len(f.Series), 1))
	}
	for _, r := range rows {
		spread := r.Objects
		if byMap {
			spread = r.Maps
		}
		s := series(r.Key)
		s.Points = append(s.Points, figure.Point{X: beside(r.Group, r.Key), Y: spread.Mean, Error: spread.SE,
			Title: fmt.Sprintf("%s, %s: %s ± %s, n = %d", r.Key, query.Groups[r.Group], short(spread.Mean), short(spread.SE), spread.N)})
	}
	if dots {
		every := len(v)/maxDrawn + 1
		for i := 0; i < len(v); i += every {
			at := &v[i]
			name := key(*at)
			s := series(name)
			x := beside(at.Group, name) + 0.06*(float64(at.Run%7)-3)/max(float64(len(f.Series)), 2)
			s.Dots = append(s.Dots, figure.Point{X: x, Y: at.Value, Title: fmt.Sprintf("%s, run %d", p.maps[at.Map].Key, at.Run), Href: m.Href(p.maps[at.Map].Key, "run", strconv.Itoa(at.Run))})
		}
	}
	return f
}

// poolScatter draws each run where its value in one condition and its value in another are,
// with the line of least squares.
func (m *Maps) poolScatter(p *pool, query maps.PoolQuery, v []maps.PoolValue, key func(maps.PoolValue) string, f *figure.Figure) *figure.Figure {
	f.Title += ", " + strings.Join(query.Groups, " ") + " against " + query.Across
	f.X, f.Categories = query.Across+": "+query.Stat, nil
	if st, ok := p.first.Stat(query.Stat); ok {
		f.X = query.Across + ": " + statLabel(st)
	}
	f.Y = strings.Join(query.Groups, ", ") + ": " + f.Y
	named := func(group int, key string) string {
		if len(query.Groups) > 1 {
			return key + ", " + query.Groups[group]
		}
		return key
	}
	at := map[string]int{}
	span := map[string][2]float64{} // of x
	for _, r := range maps.Summarise(v, len(query.Groups), key) {
		name := named(r.Group, r.Key)
		at[name] = len(f.Series)
		span[name] = [2]float64{math.Inf(1), math.Inf(-1)}
		f.Series = append(f.Series, figure.Series{Name: name})
	}
	every := len(v)/maxDrawn + 1
	for i := range v {
		to := &v[i]
		name := named(to.Group, key(*to))
		span[name] = [2]float64{min(span[name][0], to.X), max(span[name][1], to.X)}
		if i%every == 0 {
			s := &f.Series[at[name]]
			s.Dots = append(s.Dots, figure.Point{X: to.X, Y: to.Value, Title: fmt.Sprintf("%s, run %d", p.maps[to.Map].Key, to.Run), Href: m.Href(p.maps[to.Map].Key, "run", strconv.Itoa(to.Run))})
		}
	}
	for _, r := range maps.Summarise(v, len(query.Groups), key) {
		name := named(r.Group, r.Key)
		for _, x := range span[name] {
			s := &f.Series[at[name]]
			s.Path = append(s.Path, figure.Point{X: x, Y: r.Across.Intercept + r.Across.Slope*x})
		}
	}
	return f
}

// getPoolFigure answers GET /pools/<pool>/figure.svg and figure.png.
func (m *Maps) getPoolFigure(w http.ResponseWriter, r *http.Request) error {
	p, q, v, err := m.askedPool(r)
	if err != nil {
		return err
	}
	return m.sendFigure(w, r, m.poolFigure(ask(r), p, q, v), "pool-"+natural.Slug(r.PathValue("pool")), path.Ext(r.URL.Path))
}

// poolPage is GET /pools/<pool>.
func (m *Maps) poolPage(v tab.View) (Page, error) {
	r := v.Request
	name := r.PathValue("pool")
	here := m.opts.Prefix.String() + "/pools/" + url.PathEscape(name)
	out := components.Pool{Title: "Pool " + name, List: m.opts.Prefix.String() + "/" + slug}
	if name == everything {
		out.Title = "Pool of all maps"
	}
	p, query, values, err := m.askedPool(r)
	var no *Failure
	if p == nil || errors.As(err, &no) {
		return Page{}, err
	}
	if err != nil {
		out.Why = err.Error()
	}
	q := reportAsked(r)
	conditions := map[string]bool{}
	for _, at := range p.maps {
		conditions[at.condition()] = true
	}
	out.Maps = fmt.Sprintf("%s %s of %s %s", ui.Count(len(p.maps)), ui.Plural(len(p.maps), "map", "maps"), ui.Count(len(conditions)), ui.Plural(len(conditions), "condition", "conditions"))
	by, key := q.keyed(p)
	stats := statOptions(p.first.Map, true)
	out.Form = components.MapForm{ID: "pool-form", Action: here, Label: "Show", Choices: []components.MapChoice{
		{Name: "stat", Label: "Statistic", Value: query.Stat, Options: stats},
		{Name: "groups", Label: "Conditions of sessions", Value: strings.Join(query.Groups, ","), Type: "text", Help: "In this order; a* takes all that begin with a and means them"},
		{Name: "transform", Label: "Each run", Value: string(query.Transform), Options: []components.MapOption{
			{Value: "", Label: "as it is"}, {Value: string(maps.Percent), Label: "change in % of the baseline"}, {Value: string(maps.Divided), Label: "divided by the baseline"},
			{Value: string(maps.Change), Label: "less the baseline"}, {Value: string(maps.Index), Label: "(y − r) / (y + r)"}, {Value: string(maps.OfMean), Label: "by the run's mean"},
		}},
		{Name: "baseline", Label: "Baseline", Value: query.Baseline, Type: "text", Help: "A condition of sessions"},
		{Name: "across", Label: "Against", Value: query.Across, Type: "text", Help: "A condition of sessions, such as b*: the value that each run has there, as it is, goes along the x axis. Empty: the conditions do"},
		{Name: "by", Label: "Colour by", Value: by, Options: []components.MapOption{{Value: "condition", Label: "condition of the map"}, {Value: "map", Label: "map"}, {Value: "segment", Label: "map segment"}, {Value: "none", Label: "nothing"}}},
		{Name: "n", Label: "Means of", Value: q.word("n", []string{"object", "map"}), Options: []components.MapOption{{Value: "object", Label: "objects"}, {Value: "map", Label: "maps"}}, Help: "By object every spine counts once, whatever its animal; by map the mean of each map does"},
		{Name: "dots", Label: "Single values", Value: check(q.box("dots", true)), Type: "checkbox"},
	}}
	out.Form.More = []components.MapChoice{
		{Name: "strict", Label: "Only runs in all sessions of a group", Value: check(query.Strict), Type: "checkbox"},
		{Name: "bad", Label: "Bad ones", Value: check(query.Bad), Type: "checkbox"},
		{Name: "mask", Label: "Show", Value: string(query.Mask), Options: listed("all runs", "", "added", "subtracted", "transient", "always")},
		{Name: "segment", Label: "Map segment", Value: q.Get("segment"), Type: "number", Min: "0", Help: "Empty for all"},
		{Name: "types", Label: "User types", Value: q.Get("types"), Type: "text"},
	}
	if len(p.maps) <= maxToggles {
		for _, at := range p.maps {
			out.Form.More = append(out.Form.More, components.MapChoice{Name: "map-" + at.Key, Label: at.Key, Value: check(!at.off), Type: "checkbox"})
		}
	}
	out.Problems = p.problems
	if out.Why == "" {
		out.Figure = drawn(m.poolFigure(q, p, query, values))
		out.Table = poolTable(query, maps.Summarise(values, len(query.Groups), key))
		out.Files = []components.MapLink{
			{Label: "CSV", Href: m.opts.Prefix.String() + "/api/v1/pools/" + url.PathEscape(name) + "/values.csv?" + q.Encode(), Help: "The values of all runs"},
			{Label: "SVG", Href: here + "/figure.svg?" + q.Encode(), Help: "The figure as a drawing"},
			{Label: "PNG", Href: here + "/figure.png?" + q.Encode(), Help: "The figure as a picture, 1,920 pixels wide"},
		}
	}
	return Page{Title: out.Title, Content: components.PoolView(out)}, nil
}

func poolTable(q maps.PoolQuery, rows []maps.PoolRow) ui.TableProps {
	t := ui.TableProps{Caption: "Means", Empty: "No run has a value.", Columns: []ui.Column{
		{Title: "Sessions"}, {Title: "Of"}, {Title: "n objects", Numeric: true}, {Title: "Mean", Numeric: true}, {Title: "s.d.", Numeric: true}, {Title: "s.e.", Numeric: true},
		{Title: "n maps", Numeric: true}, {Title: "Mean by map", Numeric: true}, {Title: "s.d.", Numeric: true}, {Title: "s.e.", Numeric: true},
	}}
	if q.Across != "" {
		t.Columns = append(t.Columns, ui.Column{Title: "Slope", Numeric: true}, ui.Column{Title: "r", Numeric: true})
	}
	for _, r := range rows[:min(len(rows), maxRows)] {
		cells := ui.Text(q.Groups[r.Group], r.Key,
			ui.Count(r.Objects.N), short(r.Objects.Mean), short(r.Objects.SD), short(r.Objects.SE),
			ui.Count(r.Maps.N), short(r.Maps.Mean), short(r.Maps.SD), short(r.Maps.SE))
		if q.Across != "" {
			cells = append(cells, ui.Text(short(r.Across.Slope), short(r.Across.R))...)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	return t
}

// pools are links to the pools that there are: one of each condition of maps, and that of all.
func (m *Maps) pools(list []library.Entry) []components.MapLink {
	var words []string
	n := 0
	for i := range list {
		if list[i].Problem == "" {
			n++
		}
		for _, w := range list[i].Condition {
			if !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
	}
	if n < 1 {
		return nil
	}
	slices.SortFunc(words, natural.Compare)
	out := []components.MapLink{{Label: "Pool of all", Href: m.opts.Prefix.String() + "/pools/" + everything, Help: "A statistic of all maps, by session condition"}}
	if len(words) > 1 {
		for _, w := range words[:min(len(words), 8)] {
			out = append(out, components.MapLink{Label: "Pool " + w, Href: m.opts.Prefix.String() + "/pools/" + url.PathEscape(w), Help: "The maps whose condition is " + w})
		}
	}
	return out
}
