package dashboard

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"webmon/components/layout"
	"webmon/dashboard/door"
	"webmon/dashboard/record"
	"webmon/natural"
)

// roles says which role each route needs, by method and path as it is registered, and
// each kind of message that a page sends over its socket. [door.Nobody] is a route that
// anybody may reach. What is not in the table needs [door.Manage]. The tabs'
// pages are added to it: whoever may look may open them.
var roles = map[string]door.Role{
	// The handover has a secret of its own; assets are the same for all.
	"GET /health":          door.Nobody,
	"GET /assets/*":        door.Nobody,
	"GET /favicon.ico":     door.Nobody,
	"POST " + handoverPath: door.Nobody,
	// A browser has to trust the authority before it sends anything.
	"GET " + trustPath:     door.Nobody,
	"GET " + authorityPath: door.Nobody,

	// A volume that is offered to other programs has a secret of its own in the address.
	"GET " + zarrPath:     door.Nobody,
	"HEAD " + zarrPath:    door.Nobody,
	"OPTIONS " + zarrPath: door.Nobody,

	"GET /":                                            door.Look,
	"GET /individual/:chart":                           door.Look,
	"GET " + helpPath:                                  door.Look,
	"GET " + helpPath + "/:page":                       door.Look,
	"GET /storybook":                                   door.Look,
	"GET /storybook/*":                                 door.Look,
	"GET /ws":                                          door.Look,
	"GET /metrics":                                     door.Look,
	"GET /models/:model/picture.png":                   door.Look,
	"POST /logout":                                     door.Look,
	"GET /api/v1":                                      door.Look,
	"GET /api/v1/sources":                              door.Look,
	"GET /api/v1/sources/:source/state":                door.Look,
	"GET /api/v1/sources/:source/events/:topic":        door.Look,
	"GET /api/v1/sources/:source/charts/:chart":        door.Look,
	"GET /api/v1/sources/:source/arrays":               door.Look,
	"GET /api/v1/sources/:source/arrays/:name":         door.Look,
	"GET /api/v1/sources/:source/arrays/:name/value":   door.Look,
	"GET /api/v1/sources/:source/arrays/:name/profile": door.Look,
	"GET /api/v1/sources/:source/arrays/:name/film":    door.Look,
	"GET /api/v1/commands/:id":                         door.Look,
	"GET /api/v1/models":                               door.Look,
	"GET /api/v1/changes":                              door.Look,
	"GET /api/openapi.json":                            door.Look,

	"GET /maps/:map/columns":             door.Look,
	"GET /maps/:map/stacks/:session":     door.Look,
	"GET /maps/:map/tracings":            door.Look,
	"GET /maps/:map/images":              door.Look,
	"GET /maps/:map/plane":               door.Look,
	"GET /maps/:map/planes":              door.Look,
	"GET /maps/:map/plane.png":           door.Look,
	"GET /maps/:map/picture.png":         door.Look,
	"GET /maps/:map/figures/:report":     door.Look,
	"GET /maps/:map":                     door.Look,
	"GET /maps/:map/run/:run":            door.Look,
	"GET /maps/:map/reports":             door.Look,
	"GET /maps/:map/reports/:report":     door.Look,
	"GET /pools/:pool":                   door.Look,
	"GET /pools/:pool/figure.svg":        door.Look,
	"GET /pools/:pool/figure.png":        door.Look,
	"GET /api/v1/pools/:pool/values":     door.Look,
	"GET /api/v1/pools/:pool/values.csv": door.Look,
	"GET /maps/:map/find":                door.Look,
	"POST /maps/:map/columns":            door.Steer,
	"POST /maps/upload":                  door.Steer,
	"PUT /api/v1/maps/:map":              door.Steer,
	"GET /api/v1/maps":                   door.Look,
	"GET /api/v1/maps.csv":               door.Look,
	"GET /api/v1/maps/:map":              door.Look,
	"GET /api/v1/maps/:map/:what":        door.Look,
	"GET /api/v1/maps/:map/edits":        door.Look,
	"GET /api/v1/maps/:map/object":       door.Look,
	"POST /api/v1/maps/:map/edits":       door.Steer,
	"POST /api/v1/maps/:map/undo":        door.Steer,
	"POST /api/v1/maps/:map/redo":        door.Steer,
	"POST /api/v1/maps/:map/save":        door.Steer,
	"POST /api/v1/maps/:map/reload":      door.Steer,

	// A view of one's own is changed by who may only look; that of others is not, which is
	// checked there.
	"GET /volumes/:source/:name":                                          door.Look,
	"GET /volumes/:source/view/:token":                                    door.Look,
	"GET /volumes/:source/picture/:key":                                   door.Look,
	"POST /volumes/:source/layer/:token":                                  door.Look,
	"GET /volumes/:source/v/:token/*":                                     door.Look,
	"GET /volumes/:source/events/:token":                                  door.Look,
	"POST /volumes/:source/company/:token":                                door.Look,
	"POST /volumes/:source/state/:token":                                  door.Look,
	"POST /volumes/:source/action/:token":                                 door.Look,
	"POST /volumes/:source/volume_response/:token/:id/:part":              door.Look,
	"POST /volumes/:source/credentials/:token":                            door.Look,
	"GET /volumes/:source/points/:key/:generation/*":                      door.Look,
	"GET /volumes/:source/segments/:key/*":                                door.Look,
	"GET /volumes/:source/annotations/:file":                              door.Look,
	"GET /volumes/:source/neuroglancer/info/:key":                         door.Look,
	"GET /volumes/:source/neuroglancer/mesh/:key/:id":                     door.Look,
	"GET /volumes/:source/neuroglancer/skeletoninfo/:key":                 door.Look,
	"GET /volumes/:source/neuroglancer/skeleton/:key/:id":                 door.Look,
	"GET /volumes/:source/neuroglancer/:format/:key/:factors/:start/:end": door.Look,
	"POST /volumes/:source/config/:token":                                 door.Steer,
	"POST /volumes/:source/changed/:token":                                door.Steer,
	"POST /volumes/:source/offers":                                        door.Steer,
	"POST /volumes/:source/offers/:id/revoke":                             door.Steer,
	"PUT /volumes/:source/views/:token":                                   door.Steer,
	"DELETE /volumes/:source/views/:token":                                door.Steer,

	"POST /sources/:source/commands/:name": door.Steer,
	"GET /api/v1/sources/:source/views":    door.Look,
	"POST /sources/:source/views":          door.Steer,
	"POST /sources/:source/views/go":       door.Steer,
	"POST /sources/:source/views/delete":   door.Steer,
	"POST /models/:model/parameters":       door.Steer,
	// Boards are looked at by all, and changed by who may steer.
	"GET /board/:board":            door.Look,
	"GET /board/-/pin":             door.Look,
	"GET /api/v1/boards":           door.Look,
	"GET /api/v1/boards/:board":    door.Look,
	"POST /board/-/pin":            door.Steer,
	"POST /board/-/new":            door.Steer,
	"POST /board/-/import":         door.Steer,
	"POST /board/:board/cards":     door.Steer,
	"POST /board/:board/title":     door.Steer,
	"POST /board/:board/copy":      door.Steer,
	"POST /board/:board/delete":    door.Steer,
	"PUT /api/v1/boards/:board":    door.Steer,
	"DELETE /api/v1/boards/:board": door.Steer,
	"socket set":                   door.Steer,
	"socket hand":                  door.Steer,
	"socket canvas-hand":           door.Steer,
	"socket canvas-draw":           door.Steer,
	"socket section-hand":          door.Steer,
	// Who may only look follows the others at a map, and leads nobody.
	"socket map-hand":   door.Steer,
	"socket map-select": door.Steer,

	"POST /sources/:source/dismiss": door.Manage,
	"POST /stop":                    door.Manage,
	"POST /links":                   door.Manage,
	"POST /links/:id/revoke":        door.Manage,
	"POST /sessions/:id/end":        door.Manage,
	"GET /api/v1/links":             door.Manage,
	"POST /api/v1/links":            door.Manage,
	"DELETE /api/v1/links/:id":      door.Manage,
	"GET /api/v1/sessions":          door.Manage,
	"DELETE /api/v1/sessions/:id":   door.Manage,
	"GET /api/v1/browsers":          door.Manage,
	"POST /api/v1/prefix":           door.Manage,
	"POST /api/v1/tickets":          door.Manage,
}

// rolesOf is the table of roles with the routes of the tabs and of the keepers. A route
// that is in none of them is there all the same, and needs the greatest role; an address
// that is not is an answer for whoever may look.
func (s *Server) rolesOf(e *echo.Echo) map[string]door.Role {
	all := maps.Clone(roles)
	for i := range s.tabs {
		all["GET /"+s.tabs[i].Slug] = door.Look
		all["GET /"+s.tabs[i].Slug+"/:item"] = door.Look
	}
	for route := range s.door.Routes() {
		all[route] = door.Nobody
	}
	for _, route := range e.Routes() {
		what := route.Method + " " + route.Path
		all[what] = need(all, what)
	}
	return all
}

// need returns the role that a route or a kind of message needs.
func need(all map[string]door.Role, what string) door.Role {
	if role, ok := all[what]; ok {
		return role
	}
	return door.Manage
}

// may refuses a person who may not do what needs a role.
func may(p door.Person, role door.Role) error {
	if p.Role >= role {
		return nil
	}
	return echo.NewHTTPError(http.StatusForbidden, fmt.Sprintf(
		"You may %s here, and this needs somebody who may %s.", p.Role, role))
}

// admit asks the door who sends a request, and lets it on if they may do what it asks
// for. Requests from pages of other sites and ports do not count as theirs.
func (s *Server) admit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		role, ok := s.roles[r.Method+" "+c.Path()]
		if !ok {
			role = door.Look // there is nothing, or nothing with this method
		}
		if role == door.Nobody && r.Method == http.MethodOptions {
			return next(c) // with which a browser asks whether a page of another site may read
		}
		check := door.Changes
		if r.Method == http.MethodGet && !websocket.IsWebSocketUpgrade(r) && c.Path() != "/ws" || r.Method == http.MethodHead {
			check = door.Reads
			if role == door.Nobody { // such as what a provider leads back to
				return next(c)
			}
		}
		if err := check(r); err != nil {
			return echo.NewHTTPError(http.StatusForbidden, natural.Sentence(err.Error()))
		}
		if role == door.Nobody {
			return next(c)
		}
		p, answered, err := s.door.Admit(c.Response(), r)
		switch {
		case answered:
			return nil
		case err != nil:
			return echo.NewHTTPError(http.StatusUnauthorized, err.Error())
		case p.Role == door.Nobody:
			return unauthorized
		}
		ctx := door.With(r.Context(), p)
		c.SetRequest(r.WithContext(record.With(ctx, record.Author{Who: p.Title(), Address: c.RealIP()})))
		if err := may(p, role); err != nil {
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				s.changed(author(c), c.Param("source"), cmp.Or(c.Param("name"), r.Method+" "+c.Path()), "",
					fmt.Errorf("they may %s, and this needs somebody who may %s", p.Role, role))
			}
			return err
		}
		return next(c)
	}
}

// keeperRoutes adds the paths of the further ways to know people.
func (s *Server) keeperRoutes(e *echo.Echo) {
	for route, handler := range s.door.Routes() {
		method, path, _ := strings.Cut(route, " ")
		e.Add(method, path, echo.WrapHandler(handler))
	}
}

// notIn says why one of these paths has let nobody in.
func (s *Server) notIn(w http.ResponseWriter, r *http.Request, status int, text string) {
	c := s.echo.NewContext(r, w)
	if !door.WantsPage(r) {
		s.failed(echo.NewHTTPError(status, text), c)
		return
	}
	err := s.render(c, status, layout.MessagePage(layout.Message{Page: s.plain(), Title: "Not signed in", Text: text, Back: true}))
	if err != nil {
		s.opts.Logger.Debug("answer not sent", "error", err)
	}
}
