package maps

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/refusal"
	"webmon/dashboard/tab"
	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

// searchTitles are what people call the searches.
var searchTitles = map[maps.SearchKind]string{
	maps.FindBad: "Bad", maps.FindNotes: "Notes", maps.FindClose: "Too close together", maps.FindAdded: "Added", maps.FindSubtracted: "Subtracted",
	maps.FindTransient: "Transient", maps.FindAgain: "Added again near where one was lost", maps.FindType: "User type changes", maps.FindEnds: "Ends of segments",
	maps.FindStat: "A statistic",
}

// findPage is GET /maps/<map>/find.
func (m *Maps) findPage(v tab.View) (Page, error) {
	r := v.Request
	key := r.PathValue("map")
	o, err := m.open(r.Context(), key)
	if err != nil {
		return Page{}, err
	}
	q := reportAsked(r)
	here := m.Href(key, "find")
	p := components.MapFind{Head: m.head(key, o, "find"), Title: "Search", About: "Where there is something to judge: each row leads to the object in the map, and to its run."}
	pairs := q.Get("what") == "pairs"
	p.Edits, p.Pairs = m.editing(v.Moment, key), pairs
	if p.Edits != nil {
		p.Head.Unsaved = 0 // the region below has it, and keeps it true
	}
	p.Tabs = []components.MapLink{{Label: "Search", Href: here, Current: !pairs}}
	if len(o.Sessions) > 1 {
		p.Tabs = append(p.Tabs, components.MapLink{Label: "Proposed pairs", Href: here + "?what=pairs", Current: pairs, Help: "Objects without a partner in the next session, and which one it may be"})
	}
	if pairs {
		err = m.findPairs(&p, key, o, q, here)
	} else {
		err = m.findObjects(&p, key, o, q, here)
	}
	if no := (*refusal.Error)(nil); errors.As(err, &no) {
		p.Why = no.Text
	} else if err != nil {
		return Page{}, err
	}
	if p.Config == "" {
		p.Config = findConfig{Map: key, Edition: o.Edition, Page: m.Href(key)}.text()
	}
	return Page{Title: o.Name + ", find", Content: components.MapFindView(p)}, nil
}

// findConfig is what the scripts of the page must know: the rows of its table.
type findConfig struct {
	Map     string     `json:"map"`
	Edition string     `json:"edition"` // that the rows are of
	Page    string     `json:"page"`
	Pairs   []findPair `json:"pairs,omitempty"`
}

// findPair is a proposed pair: rows of a session and of the next one, None for no partner.
type findPair struct {
	Session int `json:"session"`
	Row     int `json:"row"`
	Partner int `json:"partner"`
}

func (c findConfig) text() string {
	b, err := json.Marshal(c)
	if err != nil {
		return "{}"
	}
	return string(b)
}

// toRun is a link to a run, toObject one to an object in the map's page.
func (m *Maps) toRun(key string, run int) ui.Cell {
	if run < 0 {
		return ui.Cell{}
	}
	n := strconv.Itoa(run)
	return ui.Cell{Content: components.MapCell(components.MapLink{Label: n, Href: m.Href(key, "run", n)})}
}

func (m *Maps) toObject(key string, run, session, row int) ui.Cell {
	if row < 0 {
		return ui.Cell{}
	}
	q := url.Values{"run": {strconv.Itoa(run)}, "show": {fmt.Sprintf("%d", session)}}
	return ui.Cell{Content: components.MapCell(components.MapLink{Label: strconv.Itoa(row), Href: m.Href(key) + "?" + q.Encode()})}
}

func (m *Maps) findObjects(p *components.MapFind, key string, o library.Opened, q asked, here string) error {
	kinds := []components.MapOption{}
	for _, k := range maps.SearchKinds {
		if !k.NeedsSegments() || o.SegmentRuns().Len() > 0 {
			kinds = append(kinds, components.MapOption{Value: string(k), Label: searchTitles[k]})
		}
	}
	kind := maps.SearchKind(q.word("kind", func() (known []string) {
		for _, k := range kinds {
			known = append(known, k.Value)
		}
		return known
	}()))
	p.Form = components.MapForm{ID: "find-form", Action: here, Label: "Find", Choices: []components.MapChoice{
		{Name: "kind", Label: "Find", Value: string(kind), Options: kinds},
		{Name: "session", Label: "Session", Value: orAll(q.whole("session", -1, 0, len(o.Sessions)-1)), Options: sessionOptions(o.Map, "all")},
	}}
	if o.SegmentRuns().Len() > 0 {
		p.Form.Choices = append(p.Form.Choices, components.MapChoice{Name: "segment", Label: "Map segment", Value: orAll(q.whole("segment", -1, 0, o.SegmentRuns().Len()-1)), Options: segmentOptions(o.Map)})
	}
	switch {
	case kind == maps.FindNotes:
		p.Form.Choices = append(p.Form.Choices, components.MapChoice{Name: "words", Label: "With the words", Value: q.Get("words"), Type: "text", Help: "* for those to look at again; empty for any note"})
	case kind == maps.FindStat:
		ops := []string{">", ">=", "<", "<=", "=", "!="}
		stat := q.stat("stat", o.Map, "pDist")
		p.Form.Choices = append(p.Form.Choices,
			components.MapChoice{Name: "stat", Label: "Statistic", Value: stat, Options: statOptions(o.Map, true)},
			components.MapChoice{Name: "op", Label: "is", Value: q.word("op", ops), Options: listed("", ops...)},
			components.MapChoice{Name: "value", Label: "Value", Value: q.Get("value"), Type: "number", Step: "any"})
	case kind.Usual() > 0:
		value := q.Get("distance")
		if value == "" {
			value = short(kind.Usual())
		}
		p.Form.Choices = append(p.Form.Choices, components.MapChoice{Name: "distance", Label: "Nearer than (µm)", Value: value, Type: "number", Step: "any", Min: "0"})
	}
	q.Set("kind", string(kind))
	search, err := q.search(o.Map)
	if err != nil {
		return err
	}
	found, err := o.Find(search)
	if err != nil {
		return refuse("", "%s", err.Error())
	}
	p.Files = []components.MapLink{{Label: "CSV", Href: m.api(key, "/find.csv", q.Values), Help: "What was found as CSV"}}
	p.Table = ui.TableProps{Caption: "Found", Empty: "Nothing was found.", Columns: []ui.Column{
		{Title: "Run", Numeric: true}, {Title: "Session", Numeric: true}, {Title: "Row", Numeric: true}, {Title: "Segment", Numeric: true}, {Title: "Value", Numeric: true}, {Title: "What"}, {Title: "Other run", Numeric: true},
	}}
	for i := range found[:min(len(found), maxRows)] {
		f := &found[i]
		segment := ""
		if f.Segment >= 0 {
			segment = strconv.Itoa(f.Segment)
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			m.toRun(key, f.Run), {Text: strconv.Itoa(f.Session)}, m.toObject(key, f.Run, f.Session, f.Row), {Text: segment}, {Text: short(f.Value)}, {Text: f.Text}, m.toRun(key, f.OtherRun),
		}})
	}
	if len(found) > maxRows {
		p.Table.More = fmt.Sprintf("%s more are in the CSV.", ui.Count(len(found)-maxRows))
	}
	return nil
}

func (m *Maps) findPairs(p *components.MapFind, key string, o library.Opened, q asked, here string) error {
	p.Title = "Proposed pairs"
	p.About = "Objects without a partner in the next session, and the nearest one there without a partner either: on the same map segment by the distance from its pivot, without segments in space."
	pairs, session, err := m.pairing(o.Map, q)
	p.Form = components.MapForm{ID: "pairs-form", Action: here, Label: "Propose", Keep: []components.MapChoice{{Name: "what", Value: "pairs"}}, Choices: []components.MapChoice{
		{Name: "session", Label: "From session", Value: strconv.Itoa(session), Options: sessionOptions(o.Map, "")[:max(len(o.Sessions)-1, 0)]},
	}}
	if o.SegmentRuns().Len() > 0 {
		p.Form.Choices = append(p.Form.Choices, components.MapChoice{Name: "segment", Label: "Map segment", Value: orAll(q.whole("segment", -1, 0, o.SegmentRuns().Len()-1)), Options: segmentOptions(o.Map)})
	}
	limit := q.Get("distance")
	if limit == "" {
		limit = strconv.Itoa(nearEnough)
	}
	p.Form.Choices = append(p.Form.Choices,
		components.MapChoice{Name: "distance", Label: "Nearer than (µm)", Value: limit, Type: "number", Step: "any", Min: "0"},
		components.MapChoice{Name: "side", Label: "On the same side", Value: check(q.box("side", false)), Type: "checkbox"})
	if err != nil {
		return err
	}
	p.Files = []components.MapLink{{Label: "CSV", Href: m.api(key, "/pairs.csv", q.Values), Help: "The pairs as CSV"}}
	p.Table = ui.TableProps{Caption: "Proposed pairs", Empty: "Every object has a partner in the next session.", Columns: []ui.Column{
		{Title: "Row in session " + strconv.Itoa(session), Numeric: true}, {Title: "Row in session " + strconv.Itoa(session+1), Numeric: true}, {Title: "Distance", Unit: "µm", Numeric: true},
	}}
	config := findConfig{Map: key, Edition: o.Edition, Page: m.Href(key)}
	if p.Edits != nil {
		p.Table.Columns = append(p.Table.Columns, ui.Column{Title: "What became of it"})
	}
	p.Table.Columns = append(p.Table.Columns, ui.Column{Title: "From the pivot", Unit: "µm", Numeric: true}, ui.Column{Title: "That of the partner", Unit: "µm", Numeric: true},
		ui.Column{Title: "Segment", Numeric: true}, ui.Column{Title: "Side"})
	runs := o.Runs("")
	for i := range pairs[:min(len(pairs), maxRows)] {
		pair := &pairs[i]
		side, segment := "", ""
		partner := ui.Cell{Text: "none near"}
		if pair.Partner >= 0 {
			partner = m.toObject(key, runs.Run(session+1, pair.Partner), session+1, pair.Partner)
			side = map[bool]string{true: "same", false: "other"}[pair.SameSide]
		}
		if pair.Segment >= 0 {
			segment = strconv.Itoa(pair.Segment)
		}
		cells := []ui.Cell{m.toObject(key, runs.Run(session, pair.Row), session, pair.Row), partner, {Text: short(pair.Distance)}}
		if p.Edits != nil && pair.Partner >= 0 {
			cells = append(cells, ui.Cell{Content: components.MapPairDo()})
		} else if p.Edits != nil {
			cells = append(cells, ui.Cell{})
		}
		cells = append(cells, ui.Text(short(pair.PDist), short(pair.PartnerPDist), segment, side)...)
		p.Table.Rows = append(p.Table.Rows, ui.Row{Key: fmt.Sprintf("%d-%d", pair.Row, pair.Partner), Dim: pair.Partner < 0, Cells: cells})
		config.Pairs = append(config.Pairs, findPair{session, pair.Row, pair.Partner})
	}
	p.Config = config.text()
	if len(pairs) > maxRows {
		p.Table.More = strings.TrimSpace(ui.Count(len(pairs)-maxRows) + " more are in the CSV.")
	}
	return nil
}
