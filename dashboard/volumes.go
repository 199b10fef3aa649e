package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"webmon/components"
	"webmon/dashboard/tab"
	"webmon/dashboard/volumes"
	"webmon/fault"
	"webmon/public"
)

// newVolumes returns what shows volumes.
func (s *Server) newVolumes() *volumes.Volumes {
	return volumes.New(volumes.Options{
		Source: s.registry.Get, Prefix: s.prefix, Budget: s.opts.Budget,
		Logger: s.opts.Logger, Faults: s.opts.Faults, Client: public.Neuroglancer(), Desk: s.desk, Events: func() string { return s.assets.URL("events.js") },
	})
}

// volumePage answers with the page of a volume or of a view, which a parameter of the path names.
func (s *Server) volumePage(page func(tab.View, string) (components.Volume, error), by string) echo.HandlerFunc {
	return func(c echo.Context) error {
		src, err := s.api.Source(c)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(s.tabs, func(t tab.Tab) bool { return t.Slug == "volumes" })
		now := time.Now()
		content, err := page(s.view(c, src, now), c.Param(by))
		if err != nil {
			return volumesAnswer(err)
		}
		if by == "name" {
			content.Elsewhere = s.volumes.UseElsewhere(s.view(c, src, now), c.Param(by), s.outside(c.Request()))
		}
		p := s.page(c, src, now)
		p.Title = content.Title
		return s.tabAnswer(c, i, p, components.VolumePage(content))
	}
}

// ofVolumes reports whether a request is for what the pages of volumes ask for, which bounds its
// bodies itself.
func ofVolumes(c echo.Context) bool { return strings.HasPrefix(c.Path(), "/volumes/") }

// volumeRoutes adds what Neuroglancer's client asks for.
func (s *Server) volumeRoutes(e *echo.Echo) {
	e.GET("/volumes/:source/:name", s.volumePage(s.volumes.Page, "name"))
	e.GET("/volumes/:source/view/:token", s.volumePage(s.volumes.ViewPage, "token"))
	policy := clientPolicy(s.opts.AllowConnect)
	s.offerRoutes(e)
	for _, route := range s.volumes.Routes() {
		handler := func(c echo.Context) error {
			r := c.Request()
			for _, name := range c.ParamNames() {
				r.SetPathValue(name, c.Param(name))
			}
			return volumesAnswer(route.Serve(c.Response(), r))
		}
		if route.Path == clientPath {
			files := handler
			handler = func(c echo.Context) error {
				c.Response().Header().Set("Content-Security-Policy", policy)
				return files(c)
			}
		}
		if route.Path == eventsPath {
			stream := handler
			handler = func(c echo.Context) error {
				if websocket.IsWebSocketUpgrade(c.Request()) {
					return s.volumeSocket(c)
				}
				return stream(c)
			}
		}
		e.Add(route.Method, route.Path, handler)
	}
}

const clientPath = "/volumes/:source/v/:token/*"
const eventsPath = "/volumes/:source/events/:token"

// volumesAnswer makes the answer of a failure.
func volumesAnswer(err error) error {
	var f *volumes.Failure
	if errors.As(err, &f) {
		return echo.NewHTTPError(f.Status, f.Text)
	}
	return err
}

// socketWait is how long a browser may take to receive an event.
const socketWait = 30 * time.Second

// volumeSocket sends the events of a view over a socket. A stream of events would hold one of the
// six connections that a browser makes to a server: six open views would keep it from asking
// for anything else.
func (s *Server) volumeSocket(c echo.Context) error {
	r := c.Request()
	r.SetPathValue("source", c.Param("source"))
	r.SetPathValue("token", c.Param("token"))
	if !s.opts.Budget.Browsers.Take(browserBytes) {
		s.opts.Budget.Browsers.Refused()
		return echo.NewHTTPError(http.StatusServiceUnavailable, "There is no room for another browser: close pages that are not needed, or start webmon with more --memory.")
	}
	defer s.opts.Budget.Browsers.Give(browserBytes)
	defer s.door.Hold(person(c))()
	ctx, cancel := context.WithCancel(r.Context())
	var conn *websocket.Conn
	var reading sync.WaitGroup
	defer reading.Wait()
	defer func() {
		cancel()
		if conn != nil {
			conn.Close()
		}
	}()
	return volumesAnswer(s.volumes.Stream(r.WithContext(ctx), func(event []byte) (err error) {
		if conn == nil {
			if conn, err = upgrader.Upgrade(c.Response(), r, nil); err != nil {
				conn = nil
				return fmt.Errorf("the socket of a view: %w", err)
			}
			conn.SetReadLimit(1 << 10)
			fault.Go(&reading, func() {
				defer cancel()
				for { // the browser has nothing to say but that it is there
					if _, _, err := conn.NextReader(); err != nil {
						return
					}
				}
			}, s.opts.Faults.Noted("browser", "volumes"))
			return nil
		}
		_ = conn.SetWriteDeadline(time.Now().Add(socketWait))
		if event == nil {
			return conn.WriteMessage(websocket.PingMessage, nil)
		}
		return conn.WriteMessage(websocket.TextMessage, event)
	}))
}
