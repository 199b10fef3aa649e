package dashboard

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/answer"
	"webmon/dashboard/door"
	"webmon/dashboard/maps"
	"webmon/dashboard/tab"
)

// newMaps returns the maps of the options.
func (s *Server) newMaps() *maps.Maps {
	return maps.New(maps.Options{
		Library: s.opts.Maps, Prefix: s.opts.Prefix, Budget: s.opts.Budget, Logger: s.opts.Logger, Faults: s.opts.Faults,
	})
}

// mapUpload is where the form of the list posts a zip. No map can be called so: what is posted to a map
// has another method.
const mapUpload = "/maps/upload"

// ofMaps reports whether a request brings a map, which is bounded where it is read.
func ofMaps(c echo.Context) bool {
	return c.Path() == mapUpload || c.Request().Method == http.MethodPut && c.Path() == "/api/v1/maps/:map"
}

// formToken takes the token of the form that uploads a map out of its address, because a form
// with a file would have to be read whole for it.
func formToken(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if r := c.Request(); c.Path() == mapUpload && r.Header.Get(echo.HeaderXCSRFToken) == "" {
			r.Header.Set(echo.HeaderXCSRFToken, c.QueryParam("csrf"))
		}
		return next(c)
	}
}

// mapRoutes adds what the pages of maps, and programs, ask for.
func (s *Server) mapRoutes(e *echo.Echo) {
	if s.maps == nil {
		return
	}
	for path, page := range s.maps.Pages() {
		e.GET(path, s.mapPage(page))
	}
	e.POST(mapUpload, s.postMap)
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

// mapPage answers with a page of a map, which belongs to no source.
func (s *Server) mapPage(page func(tab.View) (maps.Page, error)) echo.HandlerFunc {
	i := slices.IndexFunc(s.tabs, func(t tab.Tab) bool { return t.Slug == "maps" })
	return func(c echo.Context) error {
		lock(c, &s.tabs[i])
		r := c.Request()
		for _, name := range c.ParamNames() {
			r.SetPathValue(name, c.Param(name))
		}
		src, now := s.beside(), time.Now()
		content, err := page(s.view(c, src, now))
		if err != nil {
			return mapsAnswer(c, err)
		}
		p := s.page(c, src, now)
		p.Title = content.Title
		return s.tabAnswer(c, i, p, content.Content)
	}
}

// postMap answers the form that uploads a map: the list again, or the list with what is wrong.
func (s *Server) postMap(c echo.Context) error {
	key, err := s.maps.Upload(c.Response(), c.Request())
	if err == nil {
		s.changed(author(c), "", "add map "+key, "", nil)
		if !door.WantsPage(c.Request()) {
			return c.JSON(http.StatusCreated, map[string]string{"map": key})
		}
		return s.goTo(c, door.Within(s.opts.Prefix, s.maps.Href(key)))
	}
	return mapsAnswer(c, err)
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
