package components

import (
	"strconv"

	"github.com/a-h/templ"

	"webmon/components/ui"
)

// Board is a page of cards that people have put together.
type Board struct {
	Name      string // in URLs; "" if there is none to show
	Title     string
	Path      string // of all that is posted to the board
	LiveTopic string // hub topic of BoardFrame, and of frames of what changes
	Fixed     string // why it cannot be changed here, one sentence; "" if it can be
	Windows   []ChartWindow
	Boards    []BoardLink // all that there are, this one included
	Cards     []BoardCard
	Problem   string // why there is nothing to show, one sentence; "" for none
	Export    string // URL of the file
	New       string // URL that a new board is posted to, and Import that of a file
	Import    string
	CSRF      string
}

// BoardLink is a board in the list of all.
type BoardLink struct {
	Title, Href string
	From        string // whose it is, such as a process; "" for people's own
	Current     bool
}

// BoardCard is a card of a board.
type BoardCard struct {
	ID                 string // of its element; those of its other elements begin with it
	Kind, Source, Name string
	Title              string
	Given              string // the title that people gave it; "" for none
	Help               string // about what it shows, one sentence; "" for none
	Width, Height      int
	Href               string // of the page on which it stands by itself; "" for none
	Menu               templ.Component
	Pin                templ.Component
	StateTopic         string   // hub topic of BoardStateFrame; "" while there is no such source
	State              ui.State // of the source
	// Body is the content, which has the live regions of the card; BodyID changes with what
	// the page's scripts keep of it.
	Body   templ.Component
	BodyID string
}

// BoardPin is the page that asks on which board to put something.
type BoardPin struct {
	What   string // such as "the chart Frame time of napari"
	Action string
	CSRF   string
	Hidden []ui.Pair
	Boards []BoardLink
	Name   []string // of Boards, as they are posted
}

// BoardID is the id of the live region of a board.
const BoardID = "live-board"

// StateID and LiveID are the ids of the live regions of a card.
func (c BoardCard) StateID() string { return c.ID + "-state" }

// LiveID is the id of the live region of a card's content.
func (c BoardCard) LiveID() string { return c.ID + "-live" }

func (b Board) changes() bool { return b.Fixed == "" && b.Name != "" }

// grip is what the handle of a card says of itself.
func (c BoardCard) grip() string {
	return "Move " + c.Title + ": drag it, or use the arrow keys; shift and an arrow key make it wider, narrower, taller or shorter; delete removes it"
}

func (c BoardCard) width() string { return strconv.Itoa(c.Width) }

func (c BoardCard) height() string { return strconv.Itoa(c.Height) }

// boardMoves are the entries of the menu of a card.
var boardMoves = []ui.Pair{
	{Name: "Earlier", Value: "earlier"}, {Name: "Later", Value: "later"},
	{Name: "Wider", Value: "wider"}, {Name: "Narrower", Value: "narrower"},
	{Name: "Taller", Value: "taller"}, {Name: "Shorter", Value: "shorter"},
	{Name: "Remove", Value: "remove"},
}

// boardEmpty says how something comes onto a board.
func (b Board) empty() ui.EmptyProps {
	switch {
	case b.Problem != "":
		return ui.EmptyProps{Title: "There is nothing to show here.", Text: b.Problem}
	case b.Name == "":
		return ui.EmptyProps{
			Title: "There are no boards yet.",
			Text:  "A board is a page of your own: charts, numbers, arrays, controls, commands and the pictures of models, of any source, side by side.",
			Steps: boardSteps,
		}
	case b.Fixed != "":
		return ui.EmptyProps{Title: "This board has no cards."}
	}
	return ui.EmptyProps{Title: "This board has no cards yet.", Steps: boardSteps}
}

var boardSteps = []string{
	"Open a page, such as Loader, Messages, Arrays or Controls.",
	"Press the pin beside a chart, an array, a control or a command. It shows when the pointer is there, or by the tab key.",
	"Arrange the cards here, by the handle at the left of each.",
}
