package dashboard

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/answer"
	"webmon/dashboard/maps"
)

// newMaps returns the maps of the options.
func (s *Server) newMaps() *maps.Maps {
	return maps.New(maps.Options{
		Library: s.opts.Maps, Prefix: s.opts.Prefix, Budget: s.opts.Budget, Logger: s.opts.Logger, Faults: s.opts.Faults,
	})
}

// mapRoutes adds what the pages of maps, and programs, ask for.
func (s *Server) mapRoutes(e *echo.Echo) {
	if s.maps == nil {
		return
	}
	for _, route := range s.maps.Routes() {
		e.Add(route.Method, route.Path, func(c echo.Context) error {
			r := c.Request()
			for _, name := range c.ParamNames() {
				r.SetPathValue(name, c.Param(name))
			}
			return mapsAnswer(c, route.Serve(c.Response(), r))
		})
	}
}

// mapsAnswer makes the answer of a failure.
func mapsAnswer(c echo.Context, err error) error {
	var f *maps.Failure
	if errors.As(err, &f) {
		return echo.NewHTTPError(f.Status, f.Text)
	}
	if busy := (*answer.Busy)(nil); errors.As(err, &busy) {
		c.Response().Header().Set(echo.HeaderRetryAfter, "5")
		return echo.NewHTTPError(http.StatusServiceUnavailable, busy.Error())
	}
	return err
}
