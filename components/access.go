package components

import (
	"strconv"
	"time"

	"webmon/components/ui"
)

// Access is who is in webmon, and how people come in. Only those who may manage
// webmon see it.
type Access struct {
	NewLink  string // URL that the form of a new link is posted to
	CSRF     string
	Sessions []AccessSession // the one that was used last first
	Browsers []Browser       // that are connected, those first that have been there longest
	Links    []AccessLink
	Ways     []AccessWay
}

// AccessSession is a browser that was let in.
type AccessSession struct {
	ID, Who, Role string
	Browser       string // such as "Firefox on Linux"
	Address       string // IP address
	Since, Seen   time.Time
	Pages         int    // how many are open
	End           string // URL to post to, to end the session
}

// AccessLink is an address that lets people in.
type AccessLink struct {
	ID, Note, Role, By string
	Made, Until, Used  time.Time // Used is zero if nobody has used it since webmon began
	Sessions           int       // browsers that came by it and are here
	End                string    // URL to post to, to revoke the link
}

// AccessWay is a way into webmon: a kind of proof, such as a link.
type AccessWay struct {
	Name string // such as "Token"
	Text string // who comes in by it, and as what, one sentence
}

// NewLinkProps is a link that has just been made. Its address is known now and never
// again.
type NewLinkProps struct {
	Address string
	Note    string
	Role    string
	Until   time.Time
	Back    string // URL of the page that made it
}

// LinkLasts are the choices of how long a link lasts.
var LinkLasts = []struct {
	Value, Label string
	For          time.Duration
}{
	{"1h", "1 hour", time.Hour},
	{"1d", "1 day", 24 * time.Hour},
	{"1w", "1 week", 7 * 24 * time.Hour},
}

// AccessID is the id of the live region with the cards about access.
const AccessID = "live-status-access"

// may is what a role lets people do, in words.
func may(role string) string {
	switch role {
	case "look":
		return "may look"
	case "steer":
		return "may steer"
	case "manage":
		return "may manage"
	}
	return role
}

// day writes a time with its day, to the minute.
func day(t time.Time) string {
	if t.IsZero() {
		return ui.None
	}
	return t.Format("Mon 2 Jan 15:04")
}

func (a Access) sessionTable() ui.TableProps {
	t := ui.TableProps{
		Caption: "Table of the sessions",
		Columns: []ui.Column{{Title: "who"}, {Title: "may"}, {Title: "browser"}, {Title: "from"}, {Title: "since"}, {Title: "last seen"}, {Title: "pages", Numeric: true}, {Title: "end", Acts: true}},
		Empty:   "No browser has a session. Programs that send the token with each request have none.",
	}
	for _, s := range a.Sessions {
		t.Rows = append(t.Rows, ui.Row{Key: s.ID, Cells: []ui.Cell{
			{Text: s.Who}, {Text: s.Role}, {Text: s.Browser}, {Text: s.Address}, {Text: day(s.Since)}, {Text: day(s.Seen)}, {Text: strconv.Itoa(s.Pages)},
			{Content: endButton(s.End, a.CSRF, "End", "End the session of "+s.Who+" since "+day(s.Since))},
		}})
	}
	return t
}

func (a Access) linkTable() ui.TableProps {
	t := ui.TableProps{
		Caption: "Table of the links",
		Columns: []ui.Column{{Title: "note"}, {Title: "may"}, {Title: "until"}, {Title: "browsers here", Numeric: true}, {Title: "last used"}, {Title: "made"}, {Title: "by"}, {Title: "revoke", Acts: true}},
		Empty:   "There is no link.",
	}
	for _, l := range a.Links {
		t.Rows = append(t.Rows, ui.Row{Key: l.ID, Cells: []ui.Cell{
			{Text: l.Note}, {Text: l.Role}, {Text: day(l.Until)}, {Text: strconv.Itoa(l.Sessions)}, {Text: day(l.Used)}, {Text: day(l.Made)}, {Text: l.By},
			{Content: endButton(l.End, a.CSRF, "Revoke", "Revoke the link "+l.Note)},
		}})
	}
	return t
}

func (a Access) ways() []ui.Pair {
	out := make([]ui.Pair, len(a.Ways))
	for i, w := range a.Ways {
		out[i] = ui.Pair{Name: w.Name, Value: w.Text}
	}
	return out
}
