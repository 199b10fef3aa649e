// Package layout holds the shell of every page: the header with its tabs and
// the state of the connection, the place of the tab, the notices, the help; and
// the pages that have no tab, such as the one that asks for the token.
//
// It is not where tabs are made: their content is passed in as children. What
// changes while the page is open stands in live regions, elements with an id
// and the hub topic that renders them again:
//
//	@layout.Region("live-stage", "napari/html/stage") {
//		@Stage(data) // as it is now
//	}
//
// and on the socket, when the data has changed:
//
//	@layout.Fragment("live-stage") {
//		@Stage(data)
//	}
package layout

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webmon/components/ui"
)

// TabID is the id of the element that holds the tab's content. A request for a
// tab by htmx names it in HX-Target ("main#tab") and is answered with Tab
// instead of Shell.
const TabID = "tab"

// HeaderID and NoticesID are the ids of the live regions of every page.
const (
	HeaderID  = "live-header"
	NoticesID = "live-notices"
)

// Page is what the shell of a page is rendered from.
type Page struct {
	Title  string // of the tab, for the window
	Prefix string // of every link, "" or like "/lab"
	// Asset returns the URL of a file of package public, such as "app.css".
	Asset   func(name string) string
	Version string // of the assets: the page loads itself again when the server's differs
	// Socket is the URL of the socket; "" for a page that is not live.
	Socket  string
	Tabs    []TabLink
	Sources []SourceLink
	Header  Header
	// CSRF is the token for the page's forms; scripts put it into those that
	// are rendered for all browsers at once.
	CSRF string
	// Embed leaves the header and the notices out, for a page in a frame or a
	// chart that stands alone.
	Embed bool
}

// TabLink is one tab in the navigation.
type TabLink struct {
	Title   string
	Href    string
	Help    string // one sentence
	Current bool
	// Elsewhere says that the link leads to another source: its page has another
	// head and is loaded anew.
	Elsewhere bool
}

// SourceLink is one source in the picker.
type SourceLink struct {
	Name    string
	Href    string
	State   ui.State
	Note    string // such as "ended 14:02"; "" for none
	Current bool
}

// Header is the live part of the page's head: the source that the page shows.
type Header struct {
	Topic   string // hub topic that renders it again; "" for none
	State   ui.State
	Heard   bool          // whether anything has come at all
	Age     time.Duration // since the last data
	Rate    float64       // frames a second; negative: of no meaning
	Notices []Notice
}

// Notice is one line below the header.
type Notice struct {
	Key      string // tells notices apart; part of an id
	Severity ui.Severity
	Text     string // one plain sentence
	Detail   string // folded; "" for none
	Code     string // to copy, such as how to attach a napari; folded; "" for none
	Href     string // a link at the end; "" for none
	Link     string // its text
}

func (h Header) age() string {
	if !h.Heard {
		return ui.None
	}
	return ui.Age(h.Age)
}

// ageMillis is the age for the script that lets it tick on.
func (h Header) ageMillis() string {
	if !h.Heard {
		return ""
	}
	return strconv.FormatInt(h.Age.Milliseconds(), 10)
}

// rate is none once the process is gone: an average over the last seconds would
// live on for as long.
func (h Header) rate() string {
	if h.State != ui.Live && h.State != ui.Stale || h.Rate < 0 {
		return ui.None
	}
	return ui.Rate(h.Rate)
}

// current returns the source that the page shows.
func (p Page) current() (SourceLink, bool) {
	for _, s := range p.Sources {
		if s.Current {
			return s, true
		}
	}
	return SourceLink{}, false
}

func (p Page) windowTitle() string {
	if p.Title == "" {
		return "webmon"
	}
	if s, ok := p.current(); ok {
		return p.Title + " · " + s.Name + " · webmon"
	}
	return p.Title + " · webmon"
}

// htmxConfig closes the traps of htmx's defaults: no delay after a swap, no
// inline style sheet, open parts of the page stay open, only our extension,
// and the socket stays while the page is in the background.
const htmxConfig = `{` +
	`"defaultSettleDelay":0,` +
	`"includeIndicatorCSS":false,` +
	`"extensions":"ws",` +
	`"morphIgnore":["data-htmx-powered","open","data-live-"],` +
	`"noSwap":[204,304],` +
	`"ws":{"pauseOnBackground":false}` +
	`}`

// keyHelp lists the keys for the help.
var keyHelp = []ui.Pair{
	{Name: "1 – 9", Value: "open a tab"},
	{Name: "space", Value: "hold the page still, and go on"},
	{Name: "f", Value: "fit the image into the viewer"},
	{Name: "v", Value: "follow napari's view"},
	{Name: "+ and −", Value: "zoom"},
	{Name: "arrows", Value: "pan; in a model's picture that has the focus, point, with Shift further"},
	{Name: "g", Value: "show napari's grid"},
	{Name: "o", Value: "one pixel of an array to one of the screen"},
	{Name: "l", Value: "draw a line over an array"},
	{Name: ", and .", Value: "step through an array"},
	{Name: "k", Value: "a model's picture on all of the screen, and back"},
	{Name: "t", Value: "theme: system, dark, light"},
	{Name: "?", Value: "this help"},
	{Name: "esc", Value: "close"},
}

// pathOf and queryOf take an address apart for a form: its fields replace the
// query that the address has.
func pathOf(address string) string {
	path, _, _ := strings.Cut(address, "?")
	return path
}

func queryOf(address string) []ui.Pair {
	_, query, _ := strings.Cut(address, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil
	}
	var fields []ui.Pair
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name == "token" {
			continue // the wrong one, which the new one replaces
		}
		for _, value := range values[name] {
			fields = append(fields, ui.Pair{Name: name, Value: value})
		}
	}
	return fields
}

// Attributes that many links share: they load a tab without the page around it.
func tabAttrs(t TabLink) templ.Attributes {
	if t.Elsewhere {
		return nil
	}
	href := t.Href
	return templ.Attributes{
		"hx-get":      href,
		"hx-target":   "#" + TabID,
		"hx-push-url": "true",
		"hx-sync":     "#" + TabID + ":replace",
	}
}
