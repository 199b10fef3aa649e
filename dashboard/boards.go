package dashboard

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/arrays"
	"webmon/dashboard/board"
	"webmon/dashboard/board/file"
	"webmon/dashboard/door"
	"webmon/dashboard/refusal"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/natural"
)

// newBoards returns the boards of the options.
func (s *Server) newBoards() *board.Boards {
	return board.New(board.Options{
		Prefix: s.prefix, Store: s.boardStore, Given: s.opts.Given, Desk: s.desk,
		Sources: s.registry.List, Source: s.registry.Get, Array: arrays.Card,
		Model: func(m tab.Moment) (components.Model, bool) {
			if s.models == nil {
				return components.Model{}, false
			}
			return s.models.Card(m)
		},
	})
}

// boardRoutes adds what shows and changes boards.
func (s *Server) boardRoutes(e *echo.Echo) {
	e.GET("/board/:board", s.boardPage)
	e.GET(ui.PinPath, s.pinPage)
	e.POST("/board/-/pin", s.postPin)
	e.POST("/board/-/new", s.postNewBoard)
	e.POST("/board/-/import", s.postImportBoard)
	e.POST("/board/:board/cards", s.postCards)
	e.POST("/board/:board/title", s.postBoardTitle)
	e.POST("/board/:board/copy", s.postCopyBoard)
	e.POST("/board/:board/delete", s.postDeleteBoard)
	e.GET("/api/v1/boards", s.getBoards)
	e.GET("/api/v1/boards/:board", s.getBoard)
	e.PUT("/api/v1/boards/:board", s.putBoard)
	e.DELETE("/api/v1/boards/:board", s.deleteBoard)
}

// boardsTab is the place of the tab in the table of tabs.
func (s *Server) boardsTab() int {
	return slices.IndexFunc(s.tabs, func(t tab.Tab) bool { return t.Slug == board.Slug })
}

// boardPage answers GET /board/<board>.
func (s *Server) boardPage(c echo.Context) error {
	name := c.Param("board")
	b, _, _, err := s.boards.Get(name)
	if errors.Is(err, board.ErrNone) {
		return noBoard(name)
	}
	title := b.Title
	if err != nil {
		title = "Board"
	}
	i := s.boardsTab()
	lock(c, &s.tabs[i])
	src, now := s.boardSource(c), time.Now()
	p := s.page(c, src, now)
	p.Title = title
	return s.tabAnswer(c, i, p, s.boards.Page(s.view(c, src, now), name))
}

// boardSource is the source of the header of a board, which has cards of any: the one that the
// address names, if it is there.
func (s *Server) boardSource(c echo.Context) *source.Source {
	if src, err := s.chosen(c); err == nil {
		return src
	}
	return s.registry.Default()
}

func noBoard(name string) error {
	return echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("There is no board %.80q. It may have been deleted.", name))
}

// boardFailed is the answer to what could not be done with a board.
func boardFailed(name string, err error) error {
	var wrong *file.Error
	var old *board.Outdated
	switch {
	case errors.Is(err, board.ErrNone):
		return noBoard(name)
	case errors.As(err, &wrong):
		return &refusal.Error{Field: wrong.Field, Text: natural.Sentence(wrong.Error())}
	case errors.As(err, &old):
		return echo.NewHTTPError(http.StatusPreconditionFailed, natural.Sentence(err.Error()))
	}
	return unkept(err)
}

// ownBoard returns the name of a board of people's own that a request is about.
func ownBoard(c echo.Context) (string, error) {
	name := c.Param("board")
	switch {
	case board.IsName(name):
	case !strings.ContainsAny(name, "@:"):
		return "", noBoard(name)
	default:
		return "", echo.NewHTTPError(http.StatusConflict, "This board belongs to a file or to a process, and is shown as it is. Make a copy to change it.")
	}
	return name, nil
}

// afterBoard leads a page to a board, and answers a program with JSON.
func (s *Server) afterBoard(c echo.Context, status int, name string, answer any) error {
	if r := c.Request(); r.Header.Get("HX-Request") != "" || door.WantsPage(r) {
		path := "/" + board.Slug
		if name != "" {
			path += "/" + url.PathEscape(name)
		}
		return s.goTo(c, path)
	}
	return c.JSON(status, answer)
}

// boardChanged is what programs are told after a change.
type boardChanged struct {
	Name       string `json:"name"`
	Generation string `json:"generation"`
}

// text returns a field of a form or of JSON.
func text(args map[string]any, name string) string {
	switch v := args[name].(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// titled is the title of a board that a form has, without blanks around it.
func titled(args map[string]any) (string, error) {
	title := strings.TrimSpace(text(args, "title"))
	err := file.Board{Title: title, Window: file.Windows[0]}.Check()
	if err != nil {
		return "", boardFailed("", err)
	}
	return title, nil
}

// postNewBoard answers POST /board/-/new.
func (s *Server) postNewBoard(c echo.Context) error {
	args, err := readArgs(c.Request())
	if err != nil {
		return err
	}
	title, err := titled(args)
	if err != nil {
		return err
	}
	return s.created(c, "make a board", file.Board{Title: title, Window: file.Windows[0]})
}

// created keeps a new board, and leads to it.
func (s *Server) created(c echo.Context, what string, b file.Board) error {
	name, err := s.boardStore.Create(b)
	s.changed(author(c), "", what, b.Title, err)
	if err != nil {
		return boardFailed(name, err)
	}
	_, generation, err := s.boardStore.Get(name)
	if err != nil {
		return boardFailed(name, err)
	}
	return s.afterBoard(c, http.StatusCreated, name, boardChanged{name, generation})
}

// postImportBoard answers POST /board/-/import, a form with a file.
func (s *Server) postImportBoard(c echo.Context) error {
	head, err := c.FormFile("file")
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, "The form has no file. Choose the file of a board.")
	}
	f, err := head.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, file.MaxBytes+1))
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, "The file has not come whole.")
	}
	b, err := file.Decode(text, file.Options{})
	if err != nil {
		return boardFailed("", err)
	}
	return s.created(c, "import a board", b)
}

// postBoardTitle answers POST /board/<board>/title.
func (s *Server) postBoardTitle(c echo.Context) error {
	name, err := ownBoard(c)
	if err != nil {
		return err
	}
	args, err := readArgs(c.Request())
	if err != nil {
		return err
	}
	title, err := titled(args)
	if err != nil {
		return err
	}
	now, err := s.boardStore.Change(name, func(b *file.Board) error {
		b.Title = title
		return nil
	})
	s.changed(author(c), "", "rename the board "+name, title, err)
	if err != nil {
		return boardFailed(name, err)
	}
	return s.afterBoard(c, http.StatusOK, name, boardChanged{name, now})
}

// postCopyBoard answers POST /board/<board>/copy: a board of people's own like any other.
func (s *Server) postCopyBoard(c echo.Context) error {
	name := c.Param("board")
	b, _, _, err := s.boards.Get(name)
	if err != nil {
		return boardFailed(name, err)
	}
	return s.created(c, "copy the board "+name, b)
}

// postDeleteBoard answers POST /board/<board>/delete, which a dialogue has asked about.
func (s *Server) postDeleteBoard(c echo.Context) error {
	name, err := ownBoard(c)
	if err != nil {
		return err
	}
	err = s.boardStore.Delete(name, "*")
	s.changed(author(c), "", "delete the board "+name, "", err)
	if err != nil {
		return boardFailed(name, err)
	}
	return s.afterBoard(c, http.StatusOK, "", boardChanged{Name: name})
}

// postCards answers POST /board/<board>/cards: one change of one card. Of two people who change
// the same card the last one counts, and nothing else of the board is touched.
func (s *Server) postCards(c echo.Context) error {
	name, err := ownBoard(c)
	if err != nil {
		return err
	}
	args, err := readArgs(c.Request())
	if err != nil {
		return err
	}
	now, what, err := s.changeCard(name, args)
	s.changed(author(c), text(args, "source"), what+" on the board "+name, text(args, "name"), err)
	if err != nil {
		return boardFailed(name, err)
	}
	if r := c.Request(); r.Header.Get("HX-Request") != "" {
		return c.NoContent(http.StatusNoContent) // the board comes by its topic
	}
	return s.afterBoard(c, http.StatusOK, name, boardChanged{name, now})
}

// changeCard does one change of one card. what says which.
func (s *Server) changeCard(name string, args map[string]any) (now, what string, err error) {
	do := text(args, "do")
	edit, err := board.ReadEdit(do, func(field string) string { return text(args, field) })
	if err != nil {
		return "", cmp.Or(do, "change a card"), err
	}
	now, err = s.boardStore.Change(name, edit.Apply)
	return now, do + " a card", err
}

// pinned reads what somebody wants to put on a board.
func (s *Server) pinned(get func(string) string) (file.Card, string, error) {
	c, err := board.Of(get("kind"), get("source"), get("name"))
	if err != nil {
		return c, "", boardFailed("", err)
	}
	c.View = get("view")
	if err := (file.Board{Title: "x", Window: file.Windows[0], Cards: []file.Card{c}}).Check(); err != nil {
		return c, "", boardFailed("", err)
	}
	return c, fmt.Sprintf("The %s %s of %s.", c.Kind, ui.Name(c.Name), c.Source), nil
}

// pinPage answers GET /board/-/pin: it asks on which board something is to be put.
func (s *Server) pinPage(c echo.Context) error {
	card, what, err := s.pinned(c.QueryParam)
	if err != nil {
		return err
	}
	i := s.boardsTab()
	lock(c, &s.tabs[i])
	src, now := s.boardSource(c), time.Now()
	p := components.BoardPin{
		What: what, Action: s.prefix.String() + ui.PinPath, CSRF: s.view(c, src, now).CSRF,
		Hidden: []ui.Pair{
			{Name: "kind", Value: string(card.Kind)}, {Name: "source", Value: card.Source}, {Name: "name", Value: card.Name}, {Name: "view", Value: card.View},
		},
	}
	list, err := s.boardStore.List()
	if err != nil {
		return unkept(err)
	}
	for _, b := range list {
		if b.Problem == "" {
			p.Boards = append(p.Boards, components.BoardLink{Title: b.Title})
			p.Name = append(p.Name, b.Name)
		}
	}
	page := s.page(c, src, now)
	page.Title = "Pin to a board"
	return s.tabAnswer(c, i, page, components.BoardPinPage(p))
}

// firstBoard is the title of the board that is made for the first thing that is pinned.
const firstBoard = "Board"

// postPin answers POST /board/-/pin: it puts something on a board, or on a new one. What is there
// already gets the view that was given.
func (s *Server) postPin(c echo.Context) error {
	args, err := readArgs(c.Request())
	if err != nil {
		return err
	}
	card, _, err := s.pinned(func(name string) string { return text(args, name) })
	if err != nil {
		return err
	}
	name := text(args, "board")
	if name == "" {
		name, err = s.boardStore.Create(file.Board{Title: firstBoard, Window: file.Windows[0]})
		if err != nil {
			return boardFailed(name, err)
		}
	}
	was := false
	now, err := s.boardStore.Change(name, func(b *file.Board) error {
		if i := b.Index(card); i >= 0 {
			was, b.Cards[i].View = true, card.View
			return nil
		}
		b.Cards = append(b.Cards, card)
		return nil
	})
	s.changed(author(c), card.Source, "pin to the board "+name, card.Name, err)
	if err != nil {
		return boardFailed(name, err)
	}
	b, _, err := s.boardStore.Get(name)
	if err != nil {
		return boardFailed(name, err)
	}
	return s.afterBoard(c, http.StatusOK, name, struct {
		boardChanged
		Title string `json:"title"`
		Href  string `json:"href"`
		Was   bool   `json:"was"` // it was on the board before
	}{boardChanged{name, now}, b.Title, s.boards.Href(name), was})
}

// getBoards answers GET /api/v1/boards.
func (s *Server) getBoards(c echo.Context) error {
	list, err := s.boards.List()
	if err != nil {
		return unkept(err)
	}
	return c.JSON(http.StatusOK, list)
}

// etag is a generation in a header.
func etag(generation string) string { return strconv.Quote(generation) }

// getBoard answers GET /api/v1/boards/<board>: the file of a board, with its generation as ETag.
func (s *Server) getBoard(c echo.Context) error {
	name := c.Param("board")
	b, generation, _, err := s.boards.Get(name)
	if err != nil {
		return boardFailed(name, err)
	}
	text, err := file.Encode(b)
	if err != nil {
		return boardFailed(name, err)
	}
	c.Response().Header().Set("ETag", etag(generation))
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, text)
}

// matching is the generation that a request takes the place of: "" for none, "*" for any.
func matching(c echo.Context) (string, error) {
	match := strings.TrimSpace(c.Request().Header.Get("If-Match"))
	if match == "" || match == "*" {
		return match, nil
	}
	generation, err := strconv.Unquote(match)
	if err != nil {
		return "", echo.NewHTTPError(http.StatusBadRequest, "If-Match is the ETag of the board as it was read, in quotes, or *.")
	}
	return generation, nil
}

// putBoard answers PUT /api/v1/boards/<board>: it keeps a board whole. One that is there is
// replaced only by who says which generation of it they know.
func (s *Server) putBoard(c echo.Context) error {
	name, err := ownBoard(c)
	if err != nil {
		return err
	}
	match, err := matching(c)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(c.Request().Body, file.MaxBytes+1))
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, "The file has not come whole.")
	}
	b, err := file.Decode(text, file.Options{})
	if err != nil {
		return boardFailed(name, err)
	}
	now, created, err := s.boardStore.Put(name, b, match)
	s.changed(author(c), "", "replace the board "+name, b.Title, err)
	if err != nil {
		return boardFailed(name, err)
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	c.Response().Header().Set("ETag", etag(now))
	return c.JSON(status, boardChanged{name, now})
}

// deleteBoard answers DELETE /api/v1/boards/<board>.
func (s *Server) deleteBoard(c echo.Context) error {
	name, err := ownBoard(c)
	if err != nil {
		return err
	}
	match, err := matching(c)
	if err != nil {
		return err
	}
	err = s.boardStore.Delete(name, cmp.Or(match, "*"))
	s.changed(author(c), "", "delete the board "+name, "", err)
	if err != nil {
		return boardFailed(name, err)
	}
	return c.NoContent(http.StatusNoContent)
}
