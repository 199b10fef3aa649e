package dashboard

import (
	"github.com/labstack/echo/v4"

	"webmon/components/ui"
	"webmon/dashboard/door"
	"webmon/dashboard/tab"
)

// person is who sends a request.
func person(c echo.Context) door.Person { return door.Of(c.Request().Context()) }

// whyLocked says why forms are disabled that need a role.
func whyLocked(needs door.Role) string {
	if needs > door.Steer {
		return "Only people who may manage webmon can use what is disabled here."
	}
	return "You may only look: what would change something for others is disabled."
}

// lock disables the forms of a tab's page if whoever requests the page may not use
// them. The server refuses what such a page sends all the same.
func lock(c echo.Context, t *tab.Tab) {
	if person(c).Role < t.Needs {
		r := c.Request()
		c.SetRequest(r.WithContext(ui.Lock(r.Context(), whyLocked(t.Needs))))
	}
}

// needed is the role that the forms of a feed need.
func (s *Server) needed(name, detail string) door.Role {
	for i := range s.tabs {
		t := &s.tabs[i]
		if t.Feeds[name] != nil || name == "html" && t.Slug == detail {
			return t.Needs
		}
	}
	return door.Steer
}
