package components

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"webmon/components/ui"
)

// MapsID is the id of the live region of the list of maps.
const MapsID = "live-maps"

// Maps is the list of the maps.
type Maps struct {
	LiveTopic string // hub topic of MapsFrame
	Cards     []MapCard
	Upload    string // URL that a zip is posted to; "" if none can be
	Place     string // where an uploaded map goes, a folder
	Told      string // what became of the last upload, if it was refused, a sentence
	Pools     []MapLink
	Notes     []string // what of the folders was not looked at, sentences
}

// MapCard is a map in the list.
type MapCard struct {
	Key, Name, Href string
	Picture         string // URL; "" for none
	Condition       string
	Place           string    // its folder, or zip
	Counts          []ui.Pair // sessions, objects, ...; nil before they are known
	Unsaved         int       // edits
	Problem         string    // why it cannot be read, a sentence
	Zip             string    // URL of the map as a zip
	Ask             bool      // which column of its table is what has to be said first
}

// MapColumns is the page that asks which column of a table of points is what.
type MapColumns struct {
	Name, List string
	Action     string // URL that the answer is posted to
	CSRF       string
	Why        string // what is wrong with the answer, a sentence
	Choices    []MapChoice
	Table      ui.TableProps // the first rows
}

// MapLink is a link with its text.
type MapLink struct {
	Label, Href, Help string
	Current           bool
	Toggles           bool // it shows and hides the images of its row, which a script does in place
}

// MapChoice is one option of a form that a page of maps has in its address. Its Value is that
// of the options which is current, or what a field holds.
type MapChoice struct {
	Name, Label, Value string
	Options            []MapOption // of a list; nil for a field
	Type               string      // of a field: "number", "text", "checkbox"
	Min, Max, Step     string      // of a number
	Help               string
	List               string // id of a datalist with the values of a text
}

// MapOption is a value of a choice, in a group unless that is "".
type MapOption struct{ Value, Label, Group string }

// MapForm is a form that is sent as an address: without scripts by its button.
type MapForm struct {
	ID      string
	Action  string      // URL of the page
	Keep    []MapChoice // hidden: what the page has besides
	Choices []MapChoice
	More    []MapChoice // folded
	Label   string      // of the button
}

// MapHead is the head of each page of a map.
type MapHead struct {
	Name, Condition string
	List            string // URL of the list of maps
	Facts           string // such as "9 sessions, 1221 spines in 304 runs"
	Links           []MapLink
	Unsaved         int
}

// MapPage is the page of a map: its plot, its panes, its sessions.
type MapPage struct {
	Head     MapHead
	Edits    *MapEdits    // nil: the map is not edited
	Together *MapTogether // nil: nobody can look at it together
	Config   string       // JSON for the scripts; see public/js/maps
	Plot     MapForm
	Figure   templ.Component // the plot as it is drawn without scripts
	PlotNote string          // what the plot leaves out, or means, a sentence
	Panes    MapForm
	Shown    []MapPane
	NoImages string // why there are no panes, a sentence; ""
	Sessions []ui.Row
	Columns  []ui.Column
	Table    ui.TableProps // the values of the plot, by session
	Problems []string
	More     int      // problems that are not listed
	Notes    []string // such as that the map has no segments
}

// MapPane is the image of one session.
type MapPane struct {
	Session  int
	Title    string
	Picture  string // URL of its plane as PNG; "" if it has no images
	Why      string // why it has none
	Up, Down string // URLs of the page one slice further up and down; "" at the ends
	Slice    string // such as "31 of 70"
}

// MapRun is the page of one run.
type MapRun struct {
	Head          MapHead
	Title         string
	Before, After string // URLs of the runs before and after; ""
	Facts         []ui.Pair
	Crops         []MapCrop
	Form          MapForm
	Columns       []ui.Column
	Rows          []ui.Row
	Figure        templ.Component // its values over the sessions
	NoImages      bool
}

// MapCrop is the part of a session's images around a run.
type MapCrop struct {
	Session  int
	Title    string // of the session
	Href     string // of the map's page at the run and the session
	Picture  string // URL; "" without images
	Present  bool
	Dynamics string
	Bad      bool
	// Where the mark is, in percent of the picture's sides; hollow where the run is absent.
	Left, Top float64
	Note      string // such as the rule by which its place was found
	Values    []ui.Pair
}

// MapReport is the page of reports.
type MapReport struct {
	Head    MapHead
	Tabs    []MapLink
	Title   string
	About   string
	Form    MapForm
	Figure  templ.Component
	Files   []MapLink
	Table   ui.TableProps
	Missing string // why there is no report, a sentence
}

// MapFind is the page of searches and of proposed pairs.
type MapFind struct {
	Head  MapHead
	Tabs  []MapLink
	Title string
	About string
	Form  MapForm
	Files []MapLink
	Table ui.TableProps
	Why   string // why there is no answer, a sentence

	Edits  *MapEdits // nil: the map is not edited
	Config string    // JSON for the scripts; see public/js/maps/find.js
	Pairs  bool      // it is of proposed pairs
}

// Pool is the page of several maps together.
type Pool struct {
	Title, List string
	Maps        string // how many maps of which conditions, for people
	Form        MapForm
	Figure      templ.Component
	Files       []MapLink
	Table       ui.TableProps
	Why         string // why there is no figure, a sentence
	Problems    []string
}

// ElementID is the id of the card's element.
func (c MapCard) ElementID() string { return ui.ID("map", c.Key) }

func (c MapCard) words() string {
	return strings.Join([]string{c.Name, c.Key, c.Condition, c.Place}, " ")
}

func (c MapCard) unsaved() string {
	return fmt.Sprintf("%s unsaved %s", ui.Count(c.Unsaved), ui.Plural(c.Unsaved, "edit", "edits"))
}

// at writes a place in a crop, in percent of its side.
func (c MapCrop) at(v float64) string {
	return strconv.FormatFloat(max(0, min(v, 100)), 'f', 1, 64)
}

const mapsHow = "webmon --maps ~/data/maps        # every map folder, and every zip of one, below it"
