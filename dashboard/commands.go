package dashboard

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/api"
	"webmon/dashboard/door"
	"webmon/dashboard/hub"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/shm"
)

// postCommand answers POST /sources/<id>/commands/<name>. The answer to htmx is the
// form that sent the command, rendered again. The answer to a plain form is the page
// with the form, and that to a program is the id of the command.
func (s *Server) postCommand(c echo.Context) error {
	src, action, err := s.actionOf(c)
	if err != nil {
		return err
	}
	given, err := readArgs(c.Request())
	if err != nil {
		return err
	}
	if _, no := steer.Accept(action, given); no != nil { // its limits may have changed
		api.Refresh(c, src, commandTopics)
		if now, ok := s.desk.Find(src, action.Name); ok {
			action = now
		}
	}
	is := s.desk.Ask(author(c), src, action, given, numberOf(c.Request()))
	switch r := c.Request(); {
	case r.Header.Get("HX-Request") != "":
		now := time.Now()
		part := s.desk.Answer(src, action, steer.As(c.QueryParam("as")), given, is, s.view(c, src, now).CSRF, now)
		switch {
		case part != nil && is.Refusal != nil:
			return s.render(c, statusOf(is.Refusal), part)
		case part != nil:
			return s.render(c, http.StatusOK, part)
		case is.Refusal != nil:
			return is.Refusal
		}
		return c.NoContent(http.StatusNoContent)
	case is.Refusal != nil:
		return is.Refusal
	case door.WantsPage(r):
		return s.goTo(c, s.pageAfter(c, src))
	default:
		return c.JSON(http.StatusAccepted, sentOf(is.Command))
	}
}

// sent is a command that was sent, as programs are told. Some are refused at once, such as
// by a process that has not taken the last ones.
type sent struct {
	ID     string     `json:"id"`
	Name   string     `json:"name"`
	Status shm.Status `json:"status"`
	Reason string     `json:"reason,omitempty"`
}

func sentOf(c steer.Command) sent { return sent{c.ID, c.Name, c.Status, c.Reason} }

// numberHeader is the header with the number of the value that a form sets, such as
// "0a1b2c3d4e5f 17"; see [steer.Number].
const numberHeader = "Webmon-Number"

// numberOf returns the number of the value that a page sets, the zero value if the
// request has none.
func numberOf(r *http.Request) steer.Number {
	hand, count, _ := strings.Cut(r.Header.Get(numberHeader), " ")
	n, err := strconv.ParseUint(count, 10, 64)
	if err != nil || !hub.IsWho(hand) || r.Header.Get("HX-Request") == "" {
		return steer.Number{}
	}
	return steer.Number{Hand: hand, N: n}
}

// actionOf returns the source and the command that a request names, or the
// answer that there is none.
func (s *Server) actionOf(c echo.Context) (*source.Source, shm.Action, error) {
	src, err := s.api.Source(c)
	if err != nil {
		return nil, shm.Action{}, err
	}
	action, ok := s.desk.Find(src, c.Param("name"))
	if !ok { // the process may have declared it since it was asked last
		api.Refresh(c, src, commandTopics)
		action, ok = s.desk.Find(src, c.Param("name"))
	}
	if !ok {
		return nil, shm.Action{}, echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("%s has no command %q.", src.ID(), c.Param("name")))
	}
	return src, action, nil
}

// commandTopics are the topics in which a process declares its controls and actions.
var commandTopics = []string{shm.TopicControls, shm.TopicActions}

// pageAfter is the path, without the prefix, to which a plain form leads back: the tab
// with the form. The Referer only chooses among the pages that there are.
func (s *Server) pageAfter(c echo.Context, src *source.Source) string {
	if key := s.modelOf(src); key != "" {
		from, err := url.Parse(c.Request().Referer())
		if href := s.models.Href(key); err == nil && strings.HasSuffix(href, from.EscapedPath()) && from.Path != "" {
			return door.Within(s.prefix.String(), href)
		}
	}
	slug := s.tabs[0].Slug
	if from, err := url.Parse(c.Request().Referer()); err == nil {
		path := strings.Trim(strings.TrimPrefix(from.Path, s.prefix.String()), "/")
		for i := range s.tabs {
			if s.tabs[i].Slug == path {
				slug = path
			}
		}
	}
	return "/" + slug + "?source=" + url.QueryEscape(src.ID())
}
