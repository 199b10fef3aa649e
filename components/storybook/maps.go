package storybook

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/layout"
	"webmon/components/ui"
)

// drawnFigure stands for a figure that the server has drawn.
func drawnFigure() templ.Component {
	return templ.Raw(`<svg role="img" aria-label="Spines" viewBox="0 0 640 320" width="640" height="320" font-size="12"><title>Spines</title>` +
		`<g class="figure-line" stroke="currentColor"><line x1="64" x2="624" y1="268" y2="268"></line><line x1="64" x2="624" y1="14" y2="14"></line></g>` +
		`<g class="figure-text" fill="currentColor"><text x="56" y="272" text-anchor="end">0</text><text x="56" y="18" text-anchor="end">60</text><text x="344" y="308" text-anchor="middle">Session</text></g>` +
		`<g class="figure-1"><path fill="none" stroke="currentColor" stroke-width="1.5" d="M90 200L300 80L600 120"></path><circle cx="300" cy="80" r="4" fill="currentColor"></circle></g>` +
		`<g class="figure-2"><path fill="none" stroke="currentColor" stroke-width="1.5" d="M90 120L300 180L600 60"></path></g></svg>`)
}

func mapsList() components.Maps {
	card := func(key, condition string) components.MapCard {
		return components.MapCard{
			Key: key, Name: key, Href: "/maps/" + key, Condition: condition, Place: "/home/ada/data/maps/" + key, Zip: "/api/v1/maps/" + key + ".zip",
			Counts: []ui.Pair{{Name: "sessions", Value: "9"}, {Name: "objects", Value: "2467"}, {Name: "runs", Value: "313"}, {Name: "segments", Value: "5"}},
		}
	}
	m := components.Maps{
		LiveTopic: "-/html/maps", Upload: "/maps/upload?csrf=" + csrf, Place: "/home/ada/data/maps",
		Cards: []components.MapCard{card("rr30a", "mc1"), card("rr30b", "mc2, drug"), card("new", ""), card("broken", "")},
		Pools: []components.MapLink{{Label: "Pool of all", Href: "/pools/all", Help: "A statistic of all maps, by session condition"}},
	}
	m.Cards[0].Picture = "/assets/icon.svg"
	m.Cards[1].Unsaved = 12
	m.Cards[2].Counts = nil
	m.Cards[3].Counts, m.Cards[3].Problem = nil, "It has no session table."
	return m
}

func mapsRefused() components.Maps {
	m := mapsList()
	m.Told = `The zip is refused: it has a file "../../evil.txt", which would be outside of the folder.`
	return m
}

// mapsPictured is a list of maps with pictures.
func mapsPictured(state string, m components.Maps) Story {
	return Story{State: state, Content: func(p layout.Page) templ.Component {
		for i := range m.Cards {
			if m.Cards[i].Picture != "" {
				m.Cards[i].Picture = p.Asset("icon.svg")
			}
		}
		return components.MapsPage(m)
	}}
}

func mapsHuge() components.Maps {
	m := mapsList()
	for i := range 40 {
		c := m.Cards[i%4]
		c.Key += strconv.Itoa(i)
		c.Name, c.Condition, c.Place = strings.Repeat("A_long_name_without_a_space", 1+i%3), strings.Repeat("word, ", 1+i%9), "/home/"+strings.Repeat("deep/", 40)
		m.Cards = append(m.Cards, c)
	}
	return m
}

func mapHead(at string) components.MapHead {
	h := components.MapHead{Name: "rr30a", Condition: "mc1", List: "/maps", Facts: "9 sessions, 1227 spines in 313 runs"}
	for _, l := range []string{"Map", "Reports", "Find", "Save zip"} {
		h.Links = append(h.Links, components.MapLink{Label: l, Href: "/maps/rr30a/" + strings.ToLower(l), Current: l == at})
	}
	return h
}

func mapForm(id string) components.MapForm {
	stats := []components.MapOption{{Value: "days", Label: "Days (d)", Group: "Time"}, {Value: "pDist", Label: "Position from the pivot (µm)", Group: "Segment"}, {Value: "ubssSum_int1", Label: "Spine sum less background, channel 1", Group: "Intensity"}}
	return components.MapForm{
		ID: id, Action: "/maps/rr30a", Label: "Show", Keep: []components.MapChoice{{Name: "run", Value: "12"}},
		Choices: []components.MapChoice{
			{Name: "x", Label: "X", Value: "days", Options: stats}, {Name: "y", Label: "Y", Value: "pDist", Options: stats},
			{Name: "bad", Label: "Bad ones", Value: "1", Type: "checkbox", Help: "Also what a person judged unusable"},
			{Name: "lines", Label: "Lines", Value: "0", Type: "checkbox"},
		},
		More: []components.MapChoice{
			{Name: "size", Label: "Size of marks", Value: "5", Type: "number", Min: "1", Max: "20"},
			{Name: "against", Label: "held against", Type: "text", Help: "A session, such as 0, or a condition, such as a*"},
		},
	}
}

func mapTable(rows int) ui.TableProps {
	t := ui.TableProps{Caption: "Values", Empty: "There is nothing.", Columns: []ui.Column{{Title: "Session", Numeric: true}, {Title: "Condition"}, {Title: "Count", Numeric: true}, {Title: "Density", Unit: "1/µm", Numeric: true}}}
	for i := range rows {
		t.Rows = append(t.Rows, ui.Row{Cells: append(ui.Text(strconv.Itoa(i), "a1", "51"), ui.Cell{Content: components.MapCell(components.MapLink{Label: "0.54", Href: "/maps/rr30a/run/12"})})})
	}
	return t
}

func mapPage(picture string) components.MapPage {
	p := components.MapPage{
		Head: mapHead("Map"), Config: `{"map":"rr30a"}`, Plot: mapForm("map-plot-form"), Panes: mapForm("map-panes-form"), Figure: drawnFigure(), Table: mapTable(9),
		Together: &components.MapTogether{Room: "-/map-together/rr30a"}, PlotNote: "Bad ones are left out; what is added and subtracted is of all.", Columns: mapTable(0).Columns, Sessions: mapTable(9).Rows,
	}
	for i, condition := range []string{"q", "a1", "a2"} {
		p.Shown = append(p.Shown, components.MapPane{
			Session: i, Title: strconv.Itoa(i) + " " + condition, Picture: picture,
			Slice: "31 of 70", Up: "/maps/rr30a?slice=30", Down: "/maps/rr30a?slice=32",
		})
	}
	p.Shown[2].Picture, p.Shown[2].Slice, p.Shown[2].Why = "", "", "This session has no images."
	return p
}

// mapPoor is a map that lacks what a map can lack.
func mapPoor() components.MapPage {
	p := mapPage("")
	p.Head.Unsaved = 3
	p.Shown, p.NoImages = nil, "Stacks belong into the folder raw of the map, one TIFF a channel, named as the sessions are with _ch1.tif behind."
	p.Notes = []string{"The map has no segment map, so nothing here is by segment."}
	for i := range 5 {
		p.Problems = append(p.Problems, "rr30a_objMap.txt, session 1, row "+strconv.Itoa(i)+": It is linked to row 7 of session 2, which is not linked back, so the link is not followed.")
	}
	p.More = 120
	return p
}

func mapRun(picture string) components.MapRun {
	p := components.MapRun{
		Head: mapHead(""), Title: "Run 12", Before: "/maps/rr30a/run/11", After: "/maps/rr30a/run/13", Form: mapForm("run-form"),
		Columns: mapTable(0).Columns, Rows: mapTable(9).Rows, Figure: drawnFigure(), NoImages: picture == "",
	}
	for i, d := range []string{"added", "persistent", "subtracted", "", "transient"} {
		c := components.MapCrop{
			Session: i, Title: strconv.Itoa(i) + " a1", Href: "/maps/rr30a?run=12", Present: d != "", Dynamics: d, Bad: i == 2, Left: 50, Top: 47.5,
			Values: []ui.Pair{{Name: "Position from the pivot", Value: "8.396"}, {Name: "Spine sum less background, channel 1", Value: "351167"}},
		}
		if d == "" {
			c.Note, c.Values = "absent; would be here", nil
		}
		c.Picture = picture
		p.Crops = append(p.Crops, c)
	}
	return p
}

func mapReport(missing string) components.MapReport {
	return components.MapReport{
		Head: mapHead("Reports"), Title: "Dynamics", About: "What came and went.", Missing: missing, Form: mapForm("report-form"), Figure: drawnFigure(), Table: mapTable(12),
		Tabs:  []components.MapLink{{Label: "Dynamics", Href: "/maps/rr30a/reports/dynamics", Current: true}, {Label: "Survival", Href: "/maps/rr30a/reports/survival"}},
		Files: []components.MapLink{{Label: "CSV", Href: "/api/v1/maps/rr30a/dynamics.csv"}, {Label: "SVG", Href: "/maps/rr30a/figures/dynamics.svg"}},
	}
}

func mapFind(rows int, why string) components.MapFind {
	return components.MapFind{
		Head: mapHead("Find"), Title: "Search", About: "Where there is something to judge.", Form: mapForm("find-form"), Table: mapTable(rows), Why: why,
		Tabs: []components.MapLink{{Label: "Search", Href: "/maps/rr30a/find", Current: true}, {Label: "Proposed pairs", Href: "/maps/rr30a/find?what=pairs"}},
	}
}

// mapEdits is a map with edits that are not saved.
func mapEdits(unsaved int, changed, saves bool) components.MapEdits {
	return components.MapEdits{LiveTopic: "-/map-edits/rr30a", Version: "9acb179b04b3-7", API: "/api/v1/maps/rr30a", Unsaved: unsaved, Changed: changed, CanSave: saves}
}

// mapEdited is a map in whose page objects are edited.
func mapEdited(picture string) components.MapPage {
	p := mapPage(picture)
	e := mapEdits(3, false, true)
	p.Edits = &e
	return p
}

// mapPairs are proposed pairs, of which one has no partner near.
func mapPairs() components.MapFind {
	p := mapFind(0, "")
	e := mapEdits(1, false, true)
	p.Edits, p.Pairs, p.Title, p.Config = &e, true, "Proposed pairs", `{"map":"rr30a","edition":"9acb179b04b3-7","pairs":[]}`
	p.Table = ui.TableProps{Caption: "Proposed pairs", Columns: []ui.Column{{Title: "Row in session 4", Numeric: true}, {Title: "Row in session 5", Numeric: true}, {Title: "Distance", Unit: "µm", Numeric: true}, {Title: "What became of it"}}}
	for i := range 4 {
		link := ui.Cell{Content: components.MapCell(components.MapLink{Label: strconv.Itoa(40 + i), Href: "/maps/rr30a?run=12&show=4"})}
		cells := []ui.Cell{link, {Text: "none near"}, {Text: ui.None}, {}}
		if i > 0 {
			cells = []ui.Cell{link, link, {Text: "0.41"}, {Content: components.MapPairDo()}}
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Key: strconv.Itoa(i), Dim: i == 0, Cells: cells})
	}
	return p
}

func pool(why string, problems ...string) components.Pool {
	return components.Pool{Title: "Pool mc1", List: "/maps", Maps: "8 maps of 2 conditions", Form: mapForm("pool-form"), Figure: drawnFigure(), Table: mapTable(9), Why: why, Problems: problems}
}
