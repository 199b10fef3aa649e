// Package layout holds the shell of every page: the header with the tabs and the
// state of the connection, the place of the tab, the notices and the help. It also
// holds the pages without a tab, such as the one that asks for the token.
//
// Tabs are not made here: their content is passed in as children. The parts of a
// page that change while it is open are live regions. A live region is an element
// with an id and the hub topic that renders it again:
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

// TabID is the id of the element that holds the tab's content. If htmx requests a
// tab, its header HX-Target names this element ("main#tab"), and the answer is Tab
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
	// CSRF is the token for the page's forms. Scripts write it into forms that are
	// rendered for all browsers at once.
	CSRF   string
	Person *Person // who has opened the page; nil: nobody in particular
	// Help is the URL of the help, and HelpHere that of what it says of this page; "" for none.
	Help, HelpHere string
	// Embed leaves out the header and the notices, for a page that is embedded in
	// another one, and for a chart alone.
	Embed bool
	// Full is the address of the same page with its header. An embedded page then has a
	// foot with the state of its source, its warnings, and a link to Full. "" for none.
	Full string
	// Theme is "dark" or "light" if the address of the page says which, otherwise "".
	Theme string
}

// Person is who has opened a page.
type Person struct {
	Name   string
	Role   string // "look", "steer" or "manage"
	LogOut string // URL to post to; "" if there is no session that could end
	CSRF   string
}

// footName is what the foot of an embedded page says of it.
func (p Page) footName() string {
	if s, ok := p.current(); ok {
		return p.Title + " · " + s.Name
	}
	return p.Title
}

// may is what the person may do, in a sentence.
func (p Person) may() string {
	switch p.Role {
	case "look":
		return "May look, and change nothing for others."
	case "steer":
		return "May look, and steer processes and models."
	case "manage":
		return "May do everything here."
	}
	return ""
}

// TabLink is one tab in the navigation.
type TabLink struct {
	Title   string
	Href    string
	Help    string // one sentence
	Key     string // that opens it; "" for none
	More    string // URL of what the help says of it; "" for none
	Current bool
	// Elsewhere says that the link leads to another source. The whole page is then
	// loaded, because its header differs.
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

// Header is the live part of the page's header: the state of the source that the
// page shows, and the notices.
type Header struct {
	Topic   string // hub topic of HeaderFrame; "" for none
	State   ui.State
	Heard   bool          // the source has sent something
	Age     time.Duration // since the last data
	Rate    float64       // frames a second; negative: the source sends none
	Notices []Notice
}

// Notice is one line below the header.
type Notice struct {
	Key      string // unique among the notices; part of an id
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

// ageMillis is the age in ms for the script, which counts it on.
func (h Header) ageMillis() string {
	if !h.Heard {
		return ""
	}
	return strconv.FormatInt(h.Age.Milliseconds(), 10)
}

// rate is a dash once the process is gone. Otherwise the average over the last
// seconds would show a rate for a while longer.
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

// htmxConfig replaces defaults of htmx that do not fit: no delay after a swap, no
// inline style sheet, open parts of the page stay open, only the extension ws, and
// the socket stays open while the page is in the background.
const htmxConfig = `{` +
	`"defaultSettleDelay":0,` +
	`"includeIndicatorCSS":false,` +
	`"extensions":"ws",` +
	`"morphIgnore":["data-htmx-powered","open","data-live-"],` +
	`"noSwap":[204,304],` +
	`"ws":{"pauseOnBackground":false}` +
	`}`

// Keys are all keys, for the help.
func Keys() []ui.Pair { return slices.Clone(keyHelp) }

// keyHelp lists the keys for the help.
var keyHelp = []ui.Pair{
	{Name: "1 – 9, 0", Value: "open a tab"},
	{Name: "b", Value: "open the board"},
	{Name: "handle of a card", Value: "while it has the focus — arrows: move the card; shift+arrows: wider, narrower, taller, shorter; home and end: first and last; delete: remove it"},
	{Name: "space", Value: "pause the page, and continue"},
	{Name: "f", Value: "fit the image into the viewer"},
	{Name: "v", Value: "follow napari's view"},
	{Name: "+ and −", Value: "zoom"},
	{Name: "arrows", Value: "pan; while a model's picture has the focus: move the finger, with Shift in larger steps"},
	{Name: "g", Value: "show napari's grid"},
	{Name: "o", Value: "show an array at 1:1, one of its pixels on one of the screen"},
	{Name: "l", Value: "draw a line over an array"},
	{Name: ", and .", Value: "step through the planes of an array"},
	{Name: "plot of a map", Value: "while it has the focus — ← →: the same run in the session before and after; home end: in the first and the last; ↑ ↓: the next and the last object along the segment; page up, page down: ten on and back; esc: select nothing"},
	{Name: "image of a map", Value: "while it has the focus — 1 2 3: channel, 0: all of them; , and . or the wheel: slice, in fives with page up and down; arrows: pan; + − or ctrl+wheel: zoom; f: all of it; " +
		"ctrl+← →: next object along the segment; shift+← →: the same run in another session; l: link the images; z: one slice, maximum of five, maximum of all; t: objects and tracings; c: usual contrast; [ and ]: darker, brighter; enter: the whole window, and back; home and end: first and last slice; esc: back to the page, or select nothing"},
	{Name: "selected object of a map", Value: "in its bar, its images and the plot — b: bad, or not; n: note; u, then a digit: user type, − for none; m: move by the arrow keys, comma and point, then enter, esc gives up; delete: delete it; " +
		"p: join with the one selected before, or the proposed one; a: cut from the session before, s: from the next; v: move the landmark of its segment; e: new object; i: details; ctrl+Z and ctrl+shift+Z: take back, and make again. " +
		"In an image — shift+click: new object; alt+drag: move it; ctrl+click: look closer, in all images"},
	{Name: "lists of a map", Value: "↑ ↓: row; enter: the object in the map; p or delete in proposed pairs: join, or remove the proposal"},
	{Name: "k", Value: "show a model's picture or napari's canvas on the full screen, and back"},
	{Name: "napari's canvas", Value: "drag: move the picture, in 3-D turn it; shift+drag or another button: move it; wheel, two fingers or double click: zoom there; f: all of it, as napari's home button; " +
		"d: draw, and no longer; while you draw and the picture has the focus, keys and presses go to napari as they are, tab leaves it"},
	{Name: "t", Value: "theme: system, dark, light"},
	{Name: "?", Value: "this help"},
	{Name: "esc", Value: "close"},
}

// Login is what the page that asks for the token says.
type Login struct {
	Next  string     // the URL that it leads to, with the prefix and the query
	Wrong bool       // a secret was given, and opens nothing
	Why   string     // one sentence; "" for none
	Again string     // the URL for a browser that has been let in, but did not say so; "" for none
	Ways  []LoginWay // other ways to be let in
}

// LoginWay is another way to be let in.
type LoginWay struct{ Text, Href string }

// message says what has happened to a session that has ended, and otherwise where the token is
// to be found.
func (l Login) message(p Page) Message {
	if l.Why != "" && !l.Wrong {
		return Message{Page: p, Title: "Signed out", Text: l.Why + " To come back, open the address that webmon has printed or that you were given, or enter the token here."}
	}
	return Message{
		Page: p, Title: "Token",
		Text: "webmon needs its token. When it started, it printed an address that contains the token. Open that address, or enter the token here. The browser is then let in for some time.",
	}
}

func (l Login) why() string {
	if l.Why == "" {
		return "That is not this webmon's token."
	}
	return l.Why
}

// pathOf and queryOf split a URL for a form whose fields replace the URL's query.
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
			continue // the wrong token, which the new one replaces
		}
		for _, value := range values[name] {
			fields = append(fields, ui.Pair{Name: name, Value: value})
		}
	}
	return fields
}

// tabAttrs are the attributes of a link that loads a tab without the page around it.
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
