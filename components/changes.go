package components

import (
	"strconv"
	"time"

	"webmon/components/ui"
)

// Changes are the last changes that people have made.
type Changes struct {
	List []ChangeEntry // newest first
	CSV  string        // URL of all of them as a file
	// Addresses says that the addresses of people are shown.
	Addresses bool
	Problem   string // why changes are not kept across restarts, one sentence; "" if they are
	Now       time.Time
}

// ChangeEntry is a change.
type ChangeEntry struct {
	ID           string
	Time         time.Time
	Who, Address string
	Source, Name string // Source is "" for webmon itself
	From, To     string
	Count        int
	Status       string
	Reason       string
}

// ChangesID is the id of the live region with the list of changes.
const ChangesID = "live-status-changes"

func (c Changes) table() ui.TableProps {
	t := ui.TableProps{
		Caption: "Table of the changes", Filter: true,
		Columns: []ui.Column{{Title: "time"}, {Title: "who"}},
		Empty:   "Nobody has changed anything in the last week.",
	}
	if c.Addresses {
		t.Columns = append(t.Columns, ui.Column{Title: "address"})
	}
	t.Columns = append(t.Columns, ui.Column{Title: "of"}, ui.Column{Title: "what"}, ui.Column{Title: "from"}, ui.Column{Title: "to"}, ui.Column{Title: "state"}, ui.Column{Title: "reason"})
	for _, e := range c.List {
		cells := ui.Text(c.when(e.Time), e.Who)
		if c.Addresses {
			cells = append(cells, ui.Cell{Text: e.Address})
		}
		cells = append(cells, ui.Cell{Text: e.of()}, ui.Cell{Content: changeName(e)}, ui.Cell{Text: e.From}, ui.Cell{Text: e.To}, ui.Cell{Content: changeStatus(e)}, ui.Cell{Text: e.Reason})
		t.Rows = append(t.Rows, ui.Row{Key: e.ID, Cells: cells})
	}
	return t
}

// when writes the time of a change: that of day alone if it was today.
func (c Changes) when(t time.Time) string {
	if y, m, d := t.Date(); c.Now.Year() == y && c.Now.Month() == m && c.Now.Day() == d {
		return ui.Clock(t)
	}
	return t.Format("Mon 2 Jan 15:04:05")
}

func (e ChangeEntry) of() string {
	if e.Source == "" {
		return "webmon"
	}
	return e.Source
}

// times says how often, where it was more than once.
func (e ChangeEntry) times() string {
	if e.Count < 2 {
		return ""
	}
	return "× " + strconv.Itoa(e.Count)
}
