package dashboard

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/components/ui"
	"webmon/dashboard/controls"
	"webmon/dashboard/models"
	"webmon/dashboard/source"
	"webmon/shm"
)

// modelsSlug is that of the tab of the simulations.
const modelsSlug = "models"

// newModels returns the simulations that the options bring.
func (s *Server) newModels() *models.Models {
	return models.New(models.Options{
		List: s.opts.Models.List, Attach: s.registry.Attach, Of: s.registry.Of,
		People: func(src *source.Source) int { return s.people.Count(src.ID()) },
		Controls: controls.Options{
			Control: s.control, Switch: s.switchOf, Action: s.action, Link: stateOf,
		},
		Told:   s.wrong,
		Path:   func(src *source.Source, name string) string { return s.commandPath(src, name, asNone) },
		Prefix: s.opts.Prefix, Logger: s.opts.Logger,
	})
}

// wrong is the life of the last command of any of the names if it went wrong of
// late, and none of them has been sent since.
func (s *Server) wrong(src *source.Source, names []string, now time.Time) ui.CommandLife {
	st := src.Status(now)
	for _, cmd := range s.commands.recent(src.ID(), maxCommands) {
		if !slices.Contains(names, cmd.Name) {
			continue
		}
		if life := recent(cmd, st, now); life.Status == ui.Refused || life.Status == ui.Ended {
			return life
		}
		break
	}
	return ui.CommandLife{}
}

// model returns the model that a request names, or the answer that there is none.
func (s *Server) model(c echo.Context) (shm.ModelInfo, error) {
	key := c.Param("model")
	for _, info := range s.opts.Models.List() {
		if info.Key == key {
			return info, nil
		}
	}
	return shm.ModelInfo{}, echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("There is no model %.60q.", key))
}

// apiModels answers GET /api/v1/models.
func (s *Server) apiModels(c echo.Context) error {
	return c.JSON(http.StatusOK, s.models.Entries(time.Now()))
}

// modelPicture answers GET /models/<key>/picture.png.
func (s *Server) modelPicture(c echo.Context) error {
	info, err := s.model(c)
	if err != nil {
		return err
	}
	p, ok, err := s.models.Picture(info.Key, time.Now())
	if err != nil {
		s.opts.Logger.Debug("no picture of a model", "model", info.Key, "error", err)
	}
	if !ok {
		return echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("There is no picture of %s yet.", info.Key))
	}
	h := c.Response().Header()
	h.Set("ETag", p.ETag)
	h.Set(echo.HeaderCacheControl, "private, no-cache") // ask, and be told that it is the same
	if c.Request().Header.Get("If-None-Match") == p.ETag {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, "image/png", p.Data)
}

// postParameters answers POST /models/<key>/parameters: it sets several controls
// of a model, all of them or none.
func (s *Server) postParameters(c echo.Context) error {
	info, err := s.model(c)
	if err != nil {
		return err
	}
	given, err := readArgs(c.Request())
	if err != nil {
		return err
	}
	src := s.models.Source(info.Key)
	if src == nil || !src.Status(time.Now()).Running {
		return echo.NewHTTPError(http.StatusServiceUnavailable, info.Key+" does not run, so nothing was sent. Open its page first.")
	}
	declared := controlsOf(src)
	for name := range given {
		if _, ok := declared.Get(name); !ok {
			return unacceptable(name, fmt.Sprintf("%s has no parameter %.60q", info.Key, name))
		}
	}
	type change struct {
		name  string
		value shm.Value
	}
	var changes []change
	for _, control := range declared {
		v, ok := given[control.Name]
		if !ok {
			continue
		}
		value, err := control.Accept(v)
		if err != nil {
			return unacceptable(control.Name, err.Error())
		}
		changes = append(changes, change{control.Name, value})
	}
	type sent struct {
		ID     string     `json:"id"`
		Name   string     `json:"name"`
		Status shm.Status `json:"status"`
	}
	commands := []sent{} // an empty list, not null
	for _, ch := range changes {
		cmd, _ := s.commands.send(src, ch.name, map[string]shm.Value{ch.name: ch.value}, number{})
		commands = append(commands, sent{cmd.ID, cmd.Name, cmd.Status})
	}
	if r := c.Request(); r.Header.Get("HX-Request") != "" || wantsPage(r) {
		return s.goTo(c, s.models.Href(info.Key))
	}
	return c.JSON(http.StatusAccepted, map[string]any{"commands": commands})
}
