package dashboard

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/components"
	"webmon/components/layout"
	"webmon/dashboard/door"
	"webmon/dashboard/record"
)

// access says who is in webmon, how their lines are, and how people come in.
func (s *Server) access() *components.Access {
	out := &components.Access{NewLink: s.prefix.String() + "/links", Browsers: shownBrowsers(s.browsers(time.Now()))}
	for _, i := range s.door.Sessions() {
		out.Sessions = append(out.Sessions, components.AccessSession{
			ID: i.ID, Who: door.Person{Name: i.Name}.Title(), Role: i.Role.String(), Browser: i.Agent, Address: i.From,
			Since: i.Since, Seen: i.Seen, Pages: i.Open, End: s.prefix.String() + "/sessions/" + url.PathEscape(i.ID) + "/end",
		})
	}
	for _, l := range s.door.Links() {
		out.Links = append(out.Links, components.AccessLink{
			ID: l.ID, Note: l.Note, Role: l.Role.String(), By: l.By, Made: l.Made.Local(), Until: l.Until.Local(), Used: l.Used,
			Sessions: l.Sessions, End: s.prefix.String() + "/links/" + url.PathEscape(l.ID) + "/revoke",
		})
	}
	if s.opts.Token == "" {
		out.Ways = append(out.Ways, components.AccessWay{Name: "No token", Text: "Whoever reaches the address of webmon may manage it."})
	} else {
		out.Ways = append(out.Ways, components.AccessWay{Name: "Token", Text: "Whoever has the token of webmon may manage it."})
	}
	out.Ways = append(out.Ways, components.AccessWay{Name: "Links", Text: "Whoever has the address of a link may do what the link says, until it expires or is revoked."})
	for _, way := range s.door.Ways() {
		out.Ways = append(out.Ways, components.AccessWay{Name: way.Title, Text: "Whoever signs in there may do what webmon was told of them."})
	}
	return out
}

// who is the person of a page, for its header.
func (s *Server) who(c echo.Context, csrf string) *layout.Person {
	p := person(c)
	out := &layout.Person{Name: p.Title(), Role: p.Role.String(), CSRF: csrf}
	if p.Session != "" {
		out.LogOut = s.prefix.String() + "/logout"
	}
	return out
}

// newLink answers POST /links, the form on Status: with a page that shows the address of
// the link, which cannot be had again.
func (s *Server) newLink(c echo.Context) error {
	role, _ := door.ParseRole(c.FormValue("role"))
	lasts := time.Duration(0)
	for _, l := range components.LinkLasts {
		if l.Value == c.FormValue("for") {
			lasts = l.For
		}
	}
	l, address, err := s.makeLink(c.Request(), role, c.FormValue("note"), time.Now().Add(lasts))
	if err != nil {
		return err
	}
	now := time.Now()
	page := s.page(c, s.registry.Default(), now)
	page.Title = "New link"
	return s.render(c, http.StatusOK, within(layout.Shell(page), components.NewLink(components.NewLinkProps{
		Address: address, Note: l.Note, Role: l.Role.String(), Until: l.Until.Local(), Back: s.prefix.String() + "/status",
	})))
}

// revokeLink answers POST /links/<id>/revoke.
func (s *Server) revokeLink(c echo.Context) error {
	if err := s.endLink(c); err != nil {
		return err
	}
	return s.goTo(c, "/status")
}

// endSession answers POST /sessions/<id>/end.
func (s *Server) endSession(c echo.Context) error {
	if err := s.revokeSession(c); err != nil {
		return err
	}
	return s.goTo(c, "/status")
}

// revokeSession ends the session whose id the address of a request has.
func (s *Server) revokeSession(c echo.Context) error {
	id, whose := c.Param("id"), ""
	for _, i := range s.door.Sessions() {
		if i.ID == id {
			whose = sessionText(i)
		}
	}
	if !s.door.Revoke(id) {
		return echo.NewHTTPError(http.StatusNotFound, "There is no such session. It may have ended.")
	}
	s.opts.Logger.Info("session ended", "session", id, "by", person(c).Title())
	s.changed(author(c), "", "end a session", whose, nil)
	return nil
}

// sessionBegan is told of every session.
func (s *Server) sessionBegan(i door.SessionInfo) {
	by := record.Author{Who: door.Person{Name: i.Name}.Title(), Address: i.From}
	s.changed(by, "", "log in", fmt.Sprintf("may %s, with %s", i.Role, i.Agent), nil)
}

// linkText is a link as the record of changes has it.
func linkText(l door.Link) string {
	return fmt.Sprintf("%s, who may %s until %s", l.Note, l.Role, l.Until.UTC().Format("2006-01-02 15:04 MST"))
}

// sessionText is a session as the record of changes has it.
func sessionText(i door.SessionInfo) string {
	return fmt.Sprintf("%s, who may %s, with %s", door.Person{Name: i.Name}.Title(), i.Role, i.Agent)
}
