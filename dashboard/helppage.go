package dashboard

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/components"
	"webmon/components/layout"
)

const helpPath = "/help"

// helpPage answers GET /help and /help/<page>.
func (s *Server) helpPage(c echo.Context) error {
	name := c.Param("page")
	page := s.book.Page(name, s.prefix.String(), s.outside(c.Request()))
	if page == nil {
		return echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("The help has no page %q. The list of its pages is at %s.", name, s.prefix.String()+helpPath))
	}
	shell := s.page(c, s.beside(), time.Now())
	shell.Title = page.Title
	return s.render(c, http.StatusOK, within(layout.Shell(shell), components.HelpPage(*page)))
}
