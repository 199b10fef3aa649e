package dashboard

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/door"
	"webmon/dashboard/prefix"
	"webmon/dashboard/record"
	"webmon/dashboard/refusal"
)

// What a notebook's kernel asks of webmon, so that a cell can show a page of it.

// maxHosts is how many names of this machine may be added while webmon serves.
const maxHosts = 16

var hostShape = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

// postPrefix answers POST /api/v1/prefix. A webmon that was started without a prefix is told
// the one under which a proxy of the same user, that of Jupyter, serves it from now on, and by
// which names browsers reach that proxy. It also goes on answering without it.
func (s *Server) postPrefix(c echo.Context) error {
	given, err := readArgs(c.Request())
	if err != nil {
		return err
	}
	if no := refusal.Unknown("The prefix", given, []string{"prefix", "hosts"}); no != nil {
		return no
	}
	path, _ := given["prefix"].(string)
	if !prefix.Valid(path) {
		return &refusal.Error{Field: "prefix", Text: "prefix is a path that begins with / and ends without, and holds letters, digits, . _ ~ - / only, such as /lab/webmon."}
	}
	hosts, err := hostsOf(given["hosts"])
	if err != nil {
		return err
	}
	if s.prefix.String() != path && len(s.opts.Keepers) > 0 {
		return echo.NewHTTPError(http.StatusConflict, "This webmon knows people by name, at an address that they were given, and stays there.")
	}
	if !s.prefix.Take(path) {
		return echo.NewHTTPError(http.StatusConflict, fmt.Sprintf("This webmon is served at %s already.", s.prefix))
	}
	s.names.add(hosts)
	s.opts.Logger.Info("a proxy serves this webmon", "prefix", path, "hosts", hosts)
	s.changed(record.By(c.Request().Context()), "", "serve behind a proxy", path, nil)
	if s.opts.Moved != nil {
		if err := s.opts.Moved(); err != nil {
			s.opts.Logger.Warn("a later webmon finds this one at its old address", "error", err)
		}
	}
	return c.JSON(http.StatusOK, map[string]string{"prefix": path})
}

// hostsOf reads names of hosts: a list, or nothing.
func hostsOf(given any) ([]string, error) {
	list, ok := given.([]any)
	if given != nil && !ok || len(list) > maxHosts {
		return nil, &refusal.Error{Field: "hosts", Text: fmt.Sprintf("hosts is a list of up to %d names.", maxHosts)}
	}
	var hosts []string
	for _, one := range list {
		name, _ := one.(string)
		if !hostShape.MatchString(name) {
			return nil, &refusal.Error{Field: "hosts", Text: fmt.Sprintf("%.60q in hosts is no name of a host.", fmt.Sprint(one))}
		}
		hosts = append(hosts, name)
	}
	return hosts, nil
}

// postTicket answers POST /api/v1/tickets: a secret that lets one browser in, once and soon, as whoever
// asks. An address with ?ticket= may lie in a file, such as a notebook, that others get to see later.
func (s *Server) postTicket(c echo.Context) error {
	ticket := s.door.Ticket(door.Of(c.Request().Context()))
	return c.JSON(http.StatusCreated, map[string]any{"ticket": ticket, "seconds": int(door.TicketLasts.Seconds())})
}
