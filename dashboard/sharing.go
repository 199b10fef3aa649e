package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/components/layout"
	"webmon/dashboard/door"
	"webmon/dashboard/record"
	"webmon/dashboard/refusal"
)

// linkEntry is a link as the API tells of it.
type linkEntry struct {
	ID       string     `json:"id"`
	Role     string     `json:"role"`
	Note     string     `json:"note"`
	By       string     `json:"by"`
	Made     time.Time  `json:"made"`
	Until    time.Time  `json:"until"`
	Used     *time.Time `json:"used"` // null: not in this run of webmon
	Sessions int        `json:"sessions"`
	Address  string     `json:"address,omitempty"` // once, when it is made
}

func entryOf(l door.Link) linkEntry {
	e := linkEntry{ID: l.ID, Role: l.Role.String(), Note: l.Note, By: l.By, Made: l.Made, Until: l.Until, Sessions: l.Sessions}
	if !l.Used.IsZero() {
		e.Used = &l.Used
	}
	return e
}

// getLinks answers GET /api/v1/links.
func (s *Server) getLinks(c echo.Context) error {
	out := []linkEntry{} // an empty list, not null
	for _, l := range s.door.Links() {
		out = append(out, entryOf(l))
	}
	return c.JSON(http.StatusOK, out)
}

// linkFor is how long a link lasts that nobody gives an end.
const linkFor = 24 * time.Hour

// postLink answers POST /api/v1/links, with the fields role ("look" or "steer"), note,
// and either until (a time as in RFC 3339) or seconds.
func (s *Server) postLink(c echo.Context) error {
	given, err := readArgs(c.Request())
	if err != nil {
		return err
	}
	if no := refusal.Unknown("A link", given, []string{"role", "note", "seconds", "until"}); no != nil {
		return no
	}
	for _, name := range []string{"role", "note", "until"} { // JSON has other things too
		if _, is := given[name].(string); !is && given[name] != nil {
			return &refusal.Error{Field: name, Text: name + " is a text."}
		}
	}
	text := func(name string) string {
		if v, ok := given[name]; ok && v != nil {
			return fmt.Sprint(v)
		}
		return ""
	}
	if text("until") != "" && text("seconds") != "" {
		return &refusal.Error{Field: "seconds", Text: "A link ends at until or after seconds: give one of them."}
	}
	role, until := door.Look, time.Now().Add(linkFor)
	if word := text("role"); word != "" {
		var ok bool
		if role, ok = door.ParseRole(word); !ok {
			return &refusal.Error{Field: "role", Text: "The role of a link is look or steer."}
		}
	}
	if at := text("until"); at != "" {
		if until, err = time.Parse(time.RFC3339, at); err != nil {
			return &refusal.Error{Field: "until", Text: "until is a time such as 2031-05-17T12:00:00Z."}
		}
	}
	if seconds := text("seconds"); seconds != "" {
		n, err := strconv.ParseFloat(seconds, 64)
		if err != nil || !(n > 0 && n <= door.LinkLastsAt.Seconds()) {
			return &refusal.Error{Field: "seconds", Text: fmt.Sprintf("seconds is a number up to %.0f, which is a year.", door.LinkLastsAt.Seconds())}
		}
		until = time.Now().Add(time.Duration(n * float64(time.Second)))
	}
	l, address, err := s.makeLink(c.Request(), role, text("note"), until)
	if err != nil {
		return err
	}
	e := entryOf(l)
	e.Address = address
	return c.JSON(http.StatusCreated, e)
}

// makeLink makes a link for whoever sends a request, and returns its address, which
// cannot be had again.
func (s *Server) makeLink(r *http.Request, role door.Role, note string, until time.Time) (door.Link, string, error) {
	l, secret, err := s.door.NewLink(door.Of(r.Context()), role, note, until)
	var no *door.LinkError
	if errors.As(err, &no) {
		return l, "", &refusal.Error{Field: no.Field, Text: no.Text}
	}
	if err != nil {
		s.opts.Logger.Warn("a link ends with this run of webmon", "link", l.ID, "error", err)
	}
	s.opts.Logger.Info("link made", "link", l.ID, "role", role, "by", l.By, "until", l.Until)
	s.changed(record.By(r.Context()), "", "make a link", linkText(l), nil)
	return l, s.outside(r) + "?link=" + url.QueryEscape(secret), nil
}

// outside is the address of webmon as whoever sends a request knows it, with the
// prefix and a slash at its end. The name below .localhost that a browser has for itself
// is not for others.
func (s *Server) outside(r *http.Request) string {
	host := r.Host
	if s.door.OwnHost(host) {
		return s.address(s.publicHost())
	}
	scheme := "http"
	if door.Encrypted(r) {
		scheme = "https"
	}
	if before := door.ForwardedHost(r); before != "" && s.names.allow(before) {
		host = before
	}
	return scheme + "://" + host + s.prefix.String() + "/"
}

// deleteLink answers DELETE /api/v1/links/<id>.
func (s *Server) deleteLink(c echo.Context) error {
	if err := s.endLink(c); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// endLink ends the link whose id the address of a request has, and its sessions.
func (s *Server) endLink(c echo.Context) error {
	id, note := c.Param("id"), ""
	for _, l := range s.door.Links() {
		if l.ID == id {
			note = linkText(l)
		}
	}
	found, err := s.door.RevokeLink(id)
	if !found {
		return echo.NewHTTPError(http.StatusNotFound, "There is no such link. It may have expired.")
	}
	s.opts.Logger.Info("link revoked", "link", id, "by", person(c).Title())
	s.changed(author(c), "", "revoke a link", note, nil)
	return err
}

// sessionEntry is a session as the API tells of it.
type sessionEntry struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Role  string    `json:"role"`
	Link  string    `json:"link,omitempty"`
	Since time.Time `json:"since"`
	Seen  time.Time `json:"seen"`
	Until time.Time `json:"until"`
	From  string    `json:"from"`
	Agent string    `json:"agent"`
	Open  int       `json:"open"` // pages
	Own   bool      `json:"own"`  // it is the one that asks
}

// getSessions answers GET /api/v1/sessions.
func (s *Server) getSessions(c echo.Context) error {
	own := door.Of(c.Request().Context()).Session
	out := []sessionEntry{}
	for _, i := range s.door.Sessions() {
		out = append(out, sessionEntry{
			ID: i.ID, Name: door.Person{Name: i.Name}.Title(), Role: i.Role.String(), Link: i.Link,
			Since: i.Since, Seen: i.Seen, Until: i.Until, From: i.From, Agent: i.Agent, Open: i.Open, Own: i.ID == own,
		})
	}
	return c.JSON(http.StatusOK, out)
}

// deleteSession answers DELETE /api/v1/sessions/<id>.
func (s *Server) deleteSession(c echo.Context) error {
	if err := s.revokeSession(c); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// postLogout answers POST /logout: it ends the session of the browser.
func (s *Server) postLogout(c echo.Context) error {
	by := author(c)
	ended := s.door.LogOut(c.Response(), c.Request())
	text := "This browser had no session."
	if ended {
		s.changed(by, "", "log out", "", nil)
		text = "The session of this browser has ended. Open the address of webmon to come back."
	}
	switch r := c.Request(); {
	case r.Header.Get("HX-Request") != "":
		return s.goTo(c, "/")
	case door.WantsPage(r):
		return s.render(c, http.StatusOK, layout.MessagePage(layout.Message{Page: s.plain(), Title: "Logged out", Text: text}))
	}
	return c.NoContent(http.StatusNoContent)
}

// Rotate takes a new token. All sessions and links end.
func (s *Server) Rotate(token string) error {
	err := s.door.Rotate(token)
	s.setToken(token)
	s.changed(record.Author{Who: door.Person{}.Title()}, "", "replace the token", "", err)
	s.opts.Logger.Info("the token was replaced, and all sessions and links ended")
	return err
}
