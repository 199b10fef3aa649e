package dashboard

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/answer"
	"webmon/dashboard/door"
	"webmon/dashboard/maps"
	"webmon/dashboard/maps/together"
	"webmon/dashboard/record"
	"webmon/dashboard/refusal"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
)

// newMaps returns the maps of the options.
func (s *Server) newMaps() *maps.Maps {
	return maps.New(maps.Options{
		Library: s.opts.Maps, Prefix: s.prefix, Budget: s.opts.Budget, Logger: s.opts.Logger, Faults: s.opts.Faults,
		Editor: s.opts.MapEdits, Together: s.people.Room, Attach: s.registry.Attach, Of: s.registry.Of,
		Changed: func(ctx context.Context, name, to string, err error) {
			s.changed(record.By(ctx), "", name, to, err)
		},
	})
}

// mapHand takes where somebody points on a map that they look at with others.
func (s *Server) mapHand(browser any, message []byte) error {
	key, hand, err := together.ReadHand(message)
	if err == nil {
		s.people.Point(browser, together.Topic(key), hand)
	}
	return err
}

// mapSelect takes what somebody has selected on a map that they look at with others.
func (s *Server) mapSelect(browser any, message []byte) error {
	key, what, err := together.ReadSelection(message)
	if err == nil {
		s.people.Say(browser, together.Topic(key), what)
	}
	return err
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
	e.GET("/maps/:map/stacks/:session", s.mapStack)
	e.POST(mapUpload, s.postMap)
	e.POST("/maps/:map/columns", s.postMapColumns)
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
	return func(c echo.Context) error {
		content, err := page(s.mapView(c))
		if err != nil {
			return mapsAnswer(c, err)
		}
		return s.mapAnswer(c, content)
	}
}

// mapStack leads to the images of a session in the viewer of arrays.
func (s *Server) mapStack(c echo.Context) error {
	href, err := s.maps.Stack(c.Request().Context(), c.Param("map"), c.Param("session"), c.QueryParam("slice"))
	if err != nil {
		return mapsAnswer(c, err)
	}
	return c.Redirect(http.StatusFound, door.Inside(s.prefix.String(), strings.TrimPrefix(href, s.prefix.String())))
}

// wake returns the source with an id, also if it is that of a map which has been put away; nil
// if there is none.
func (s *Server) wake(ctx context.Context, id string) *source.Source {
	src := s.registry.Get(id)
	if s.maps != nil && (src == nil || src.IsMap()) {
		if visited := s.maps.Wake(ctx, id); visited != nil {
			return visited
		}
	}
	return src
}

// origin is the page of the map whose images a source is; ok is false for any other source.
func (s *Server) origin(src *source.Source) (href, name string, ok bool) {
	if s.maps == nil {
		return "", "", false
	}
	return s.maps.Origin(src)
}

// mapsTab is the place of the tab in the table of tabs.
func (s *Server) mapsTab() int {
	return slices.IndexFunc(s.tabs, func(t tab.Tab) bool { return t.Slug == "maps" })
}

// mapView is the request for a page of a map.
func (s *Server) mapView(c echo.Context) tab.View {
	lock(c, &s.tabs[s.mapsTab()])
	r := c.Request()
	for _, name := range c.ParamNames() {
		r.SetPathValue(name, c.Param(name))
	}
	return s.view(c, s.beside(), time.Now())
}

// mapAnswer answers with the content of a page of the tab.
func (s *Server) mapAnswer(c echo.Context, content maps.Page) error {
	p := s.page(c, s.beside(), time.Now())
	p.Title = content.Title
	return s.tabAnswer(c, s.mapsTab(), p, content.Content)
}

// postMap answers the form that uploads a map: with the map's page, or with the list and what is
// wrong.
func (s *Server) postMap(c echo.Context) error {
	key, err := s.maps.Upload(c.Response(), c.Request())
	asPage := door.WantsPage(c.Request())
	if err == nil {
		s.changed(author(c), "", "add map "+key, "", nil)
		if !asPage {
			return c.JSON(http.StatusCreated, map[string]string{"map": key})
		}
		return s.goTo(c, door.Within(s.prefix.String(), s.maps.Href(key)))
	}
	var no *refusal.Error
	var f *maps.Failure
	if !asPage || !errors.As(err, &no) && !errors.As(err, &f) {
		return mapsAnswer(c, err)
	}
	s.changed(author(c), "", "add map", "", err)
	v := s.mapView(c)
	return s.mapAnswer(c, maps.Page{Title: "Maps", Content: s.maps.ListPage(v, err.Error())})
}

// postMapColumns answers the form that says which column of a table of points is what.
func (s *Server) postMapColumns(c echo.Context) error {
	v := s.mapView(c)
	form, err := c.FormParams()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, "The form cannot be read.")
	}
	again, err := s.maps.SetColumns(v, form)
	switch {
	case err != nil:
		return mapsAnswer(c, err)
	case again != nil:
		return s.mapAnswer(c, *again)
	}
	s.changed(author(c), "", "columns of "+c.Param("map"), "", nil)
	return s.goTo(c, door.Within(s.prefix.String(), s.maps.Href(c.Param("map"))))
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
