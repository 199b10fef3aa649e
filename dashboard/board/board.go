// Package board is the tab of people's own pages: cards of charts, numbers, arrays, controls,
// commands and the pictures of models, of any source, side by side.
//
// A card brings nothing of its own: its content is the component that stands on the page of
// the thing, kept live by the same hub topics, so that a board costs the server what these
// pages would. What is rendered again for a card alone comes by
//
//	<source>/card/<kind>/<name, escaped>   its state and its content, in HTML
//	-/board/<board>                        which cards there are, in which order and size
//
// The second belongs to no source. It also tells when a source comes or goes: a card of one
// that is not there asks for no topics, and comes to life when it is. Cards name their source
// by its id, so a process that starts again continues on its cards.
//
// Boards are people's own (package store's files), given by a file (--board), or declared by a
// process (webmon.board). The last two are shown as they are; people change copies.
package board

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/board/file"
	"webmon/dashboard/chart"
	"webmon/dashboard/door"
	"webmon/dashboard/prefix"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/natural"
)

// Slug is the name of the tab in URLs.
const Slug = "board"

// The feeds of the tab.
const (
	boardFeed = "board"
	cardFeed  = "card"
)

// Options are what the tab needs of the dashboard.
type Options struct {
	Prefix *prefix.Prefix // of every link
	Store  *Store         // of people's own boards
	Given  []Given
	Desk   *steer.Desk
	// Sources returns the sources in their order, and Source the one with an id, nil for none.
	Sources func() []*source.Source
	Source  func(id string) *source.Source
	// Array and Model are what the pages of arrays and of models show of one; ok is false if the
	// source is no model.
	Array func(m tab.Moment, name string) components.Arrays
	Model func(m tab.Moment) (p components.Model, ok bool)
}

// Given is a board that webmon was started with.
type Given struct {
	Name  string // of its file, as IsName takes it
	File  string
	Board file.Board
}

// Boards are all boards that there are. Its methods are safe for concurrent use.
type Boards struct {
	opts     Options
	declared declared
}

// New returns the boards.
func New(opts Options) *Boards { return &Boards{opts: opts} }

// given begins the names of boards of files. Those of processes have the id of the source and a
// colon before theirs.
const (
	given    = "@"
	ofSource = ":"
)

// Entry is a board as lists have it.
type Entry struct {
	Name       string `json:"name"` // in URLs
	Title      string `json:"title"`
	Cards      int    `json:"cards"`
	From       string `json:"from"` // "own", "file" or "source"
	Source     string `json:"source,omitempty"`
	Generation string `json:"generation"`
	Problem    string `json:"problem,omitempty"` // why it cannot be shown, one sentence
}

// List returns all boards: people's own, then those of files, then those of processes.
func (b *Boards) List() ([]Entry, error) {
	own, err := b.opts.Store.List()
	if err != nil {
		return nil, err
	}
	out := make([]Entry, 0, len(own)+len(b.opts.Given))
	for _, i := range own {
		out = append(out, Entry{Name: i.Name, Title: i.Title, Cards: i.Cards, From: "own", Generation: i.Generation, Problem: i.Problem})
	}
	for _, g := range b.opts.Given {
		out = append(out, Entry{Name: given + g.Name, Title: g.Board.Title, Cards: len(g.Board.Cards), From: "file", Generation: generationOf(g.Board)})
	}
	for _, src := range b.opts.Sources() {
		for _, d := range b.declared.of(src) {
			out = append(out, Entry{
				Name: src.ID() + ofSource + d.name, Title: d.board.Title, Cards: len(d.board.Cards), From: "source", Source: src.ID(),
				Generation: generationOf(d.board), Problem: d.problem,
			})
		}
	}
	return out, nil
}

func generationOf(b file.Board) string {
	text, err := file.Encode(b)
	if err != nil {
		return ""
	}
	return generation(text)
}

// Get returns a board of any kind. fixed says why it cannot be changed, "" if it can be.
func (b *Boards) Get(name string) (board file.Board, generation, fixed string, err error) {
	if g, ok := strings.CutPrefix(name, given); ok {
		for _, is := range b.opts.Given {
			if is.Name == g {
				return is.Board, generationOf(is.Board), "This board is shown as the file " + is.File + " has it. To change it, make a copy.", nil
			}
		}
		return board, "", "", ErrNone
	}
	if id, own, ok := strings.Cut(name, ofSource); ok {
		src := b.opts.Source(id)
		if src == nil {
			return board, "", "", fmt.Errorf("the board %q is one of the process %s, which is not there", own, id)
		}
		for _, d := range b.declared.of(src) {
			if d.name != own {
				continue
			}
			if d.problem != "" {
				return board, "", "", errors.New(strings.TrimSuffix(d.problem, "."))
			}
			return d.board, generationOf(d.board), "This board is one that the process " + id + " brings. To change it, make a copy.", nil
		}
		return board, "", "", ErrNone
	}
	board, generation, err = b.opts.Store.Get(name)
	return board, generation, "", err
}

// First is the name of the board that the tab shows: the first of people's own, of a file or of a
// process, "" if there is none.
func (b *Boards) First() string {
	list, err := b.List()
	if err != nil {
		return ""
	}
	for _, e := range list {
		if e.Problem == "" {
			return e.Name
		}
	}
	return ""
}

// Href is the address of a board.
func (b *Boards) Href(name string) string {
	return b.opts.Prefix.String() + "/" + Slug + "/" + url.PathEscape(name)
}

// Tab returns the tab.
func (b *Boards) Tab() tab.Tab {
	return tab.Tab{
		Slug: Slug, Title: "Board", Key: "b",
		Help:  "Pages of your own: charts, numbers, arrays, controls, commands and models of any source, side by side.",
		Needs: door.Steer,
		Page:  func(v tab.View) templ.Component { return b.Page(v, b.First()) },
		Feeds: map[string]tab.NewFeed{boardFeed: b.newBoard, cardFeed: b.newCard},
	}
}

// Page is the page of a board.
func (b *Boards) Page(v tab.View, name string) templ.Component {
	p := b.page(v.Moment, name, chartWindow(v))
	p.CSRF = v.CSRF
	path := v.Prefix + "/" + Slug
	if name != "" {
		path = b.Href(name)
		window := p.window
		p.Windows = chart.Windows(path, v.Request.URL.Query(), window)
	}
	p.Path, p.New, p.Import = path, v.Prefix+"/"+Slug+"/-/new", v.Prefix+"/"+Slug+"/-/import"
	if list, err := b.List(); err == nil {
		for _, e := range list {
			if e.Problem != "" && e.Name != name {
				continue
			}
			l := components.BoardLink{Title: e.Title, Href: b.Href(e.Name), Current: e.Name == name}
			switch e.From {
			case "file":
				l.From = "file"
			case "source":
				l.From = e.Source
			}
			p.Boards = append(p.Boards, l)
		}
	}
	return components.BoardPage(p.Board)
}

// chartWindow is the window of time that the address of a page names, 0 for none.
func chartWindow(v tab.View) time.Duration {
	if v.Request.URL.Query().Get("window") == "" {
		return 0
	}
	return chart.WindowOf(v)
}

// page is a board at a moment.
type page struct {
	components.Board
	window time.Duration
}

// page renders a board at a moment. window is that of its charts, 0: as the board says.
func (b *Boards) page(m tab.Moment, name string, window time.Duration) page {
	out := page{Board: components.Board{Name: name, Path: b.Href(name)}}
	nobody := tab.Moment{Source: b.opts.Source(source.Nobody), Locked: m.Locked}
	if name != "" {
		out.LiveTopic = nobody.Topic(boardFeed + "/" + url.PathEscape(name))
	}
	if name == "" {
		return out
	}
	board, _, fixed, err := b.Get(name)
	if err != nil {
		out.Name, out.Problem = "", natural.Sentence(err.Error())
		return out
	}
	out.Title, out.Fixed = board.Title, fixed
	out.Export = m.Prefix + "/api/v1/boards/" + url.PathEscape(name)
	if out.window = window; window == 0 {
		out.window = time.Duration(board.Window) * time.Second
	}
	for _, c := range board.Cards {
		out.Cards = append(out.Cards, b.card(m, c, out.window))
	}
	return out
}

// newBoard opens the feed of a board: "-/board/<board>".
func (b *Boards) newBoard(at tab.Place) (tab.Feed, error) {
	if at.Source.ID() != source.Nobody {
		return tab.Feed{}, errors.New("a board is of no source")
	}
	name, err := url.PathUnescape(at.Detail)
	if err != nil {
		return tab.Feed{}, fmt.Errorf("%.60q is no name of a board", at.Detail)
	}
	if _, _, _, err := b.Get(name); errors.Is(err, ErrNone) {
		return tab.Feed{}, fmt.Errorf("there is no board %.60q", name)
	}
	feed := tab.NewList(nil, func(now time.Time) tab.List { return b.list(at.At(now), name) })
	feed.Apart = true
	feed.Wake = func(wake func()) { b.opts.Store.Wake(at.Topic, wake) }
	return feed, nil
}

// list is a board with a part for each card.
func (b *Boards) list(m tab.Moment, name string) tab.List {
	p := b.page(m, name, 0)
	l := tab.List{Whole: components.BoardFrame(p.Board), Version: p.Title + "\x00" + p.Problem + "\x00" + p.Fixed}
	for _, c := range p.Cards {
		l.Version += fmt.Sprintf("\x00%s %d %d", c.ID, c.Width, c.Height)
		l.Parts = append(l.Parts, tab.Part{
			ID: c.ID, Version: strings.Join([]string{c.Title, c.Help, c.Href, c.BodyID, c.StateTopic}, "\x00"), Frame: components.BoardCardFrame(p.Board, c),
		})
	}
	return l
}

// elementID is the id of the element of a card, the same on each board and in each browser.
func elementID(c file.Card) string { return ui.ID("card", string(c.Kind), c.Source, c.Name) }

// Of returns what a card stands for.
func Of(kind, src, name string) (file.Card, error) {
	c := file.Card{Kind: file.Kind(kind), Source: src, Name: name}.Sized()
	err := file.Board{Title: "x", Window: file.Windows[0], Cards: []file.Card{c}}.Check()
	if e := (*file.Error)(nil); errors.As(err, &e) {
		e.Field = strings.TrimPrefix(e.Field, "cards[0].")
	}
	return c, err
}

// card is a card at a moment.
func (b *Boards) card(m tab.Moment, c file.Card, window time.Duration) components.BoardCard {
	out := components.BoardCard{
		ID: elementID(c), Kind: string(c.Kind), Source: c.Source, Name: c.Name, Title: c.Title, Given: c.Title,
		Width: c.Width, Height: c.Height, State: ui.Gone,
	}
	src := b.opts.Source(c.Source)
	if src == nil {
		if out.Title == "" {
			out.Title = c.Name
		}
		out.BodyID = out.ID + "-none"
		out.Body = components.BoardMissing("The source " + c.Source + " is not there. The card comes to life when it is.")
		return out
	}
	m.Source = src
	st := src.Status(m.Now)
	out.State = tab.StateOf(src, st)
	out.StateTopic = m.Topic(cardFeed + "/" + string(c.Kind) + "/" + url.PathEscape(c.Name))
	is := b.content(m, c, window)
	if out.Title == "" {
		out.Title = ui.Name(is.title)
	}
	out.Help, out.Href, out.Menu = is.help, is.href, is.menu
	live := is.live
	if live == nil {
		live = templ.NopComponent
	}
	region := withChildren(components.BoardRegion(out.LiveID(), is.values), live)
	out.Body = region
	if is.still != nil {
		out.Body = withChildren(is.still(out.ID), region)
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(is.version)) // never fails
	out.BodyID = out.ID + "-" + strconv.FormatUint(uint64(h.Sum32()), 36)
	return out
}

// newCard opens the feed of a card: "<source>/card/<kind>/<name>".
func (b *Boards) newCard(at tab.Place) (tab.Feed, error) {
	kind, escaped, _ := strings.Cut(at.Detail, "/")
	name, err := url.PathUnescape(escaped)
	if err != nil {
		return tab.Feed{}, fmt.Errorf("%.60q is no name of what a card shows", escaped)
	}
	c, err := Of(kind, at.Source.ID(), name)
	if err != nil {
		return tab.Feed{}, err
	}
	id := components.BoardCard{ID: elementID(c)}
	return tab.NewList(b.wants(c), func(now time.Time) tab.List {
		m := at.At(now)
		state := tab.StateOf(m.Source, m.Source.Status(now))
		stateFrame := components.BoardStateFrame(id.StateID(), state)
		l := tab.List{Whole: stateFrame, Parts: []tab.Part{{ID: id.StateID(), Version: string(state), Frame: stateFrame}}}
		if is := b.content(m, c, cardWindow); is.live != nil {
			live := withChildren(components.BoardLiveFrame(id.LiveID()), is.live)
			l.Whole = templ.Join(stateFrame, live)
			l.Parts = append(l.Parts, tab.Part{ID: id.LiveID(), Version: is.liveVersion, Frame: live})
		}
		return l
	}), nil
}

// cardWindow is the window of time that a card is rendered for where nothing of it is a chart over time.
const cardWindow = time.Minute

// withChildren renders parent with children in it.
func withChildren(parent, children templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return parent.Render(templ.WithChildren(ctx, children), w)
	})
}
