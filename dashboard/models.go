package dashboard

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/door"
	"webmon/dashboard/models"
	"webmon/dashboard/source"
	"webmon/shm"
)

// modelsSlug is the slug of the Models tab.
const modelsSlug = "models"

// newModels returns the simulations of the options.
func (s *Server) newModels() *models.Models {
	return models.New(models.Options{
		List: s.opts.Models.List, Attach: s.registry.Attach, Of: s.registry.Of,
		People: func(src *source.Source) int { return s.people.Count(src.ID()) },
		Desk:   s.desk, Changes: s.changes, Starter: s.steering.any,
		Prefix: s.prefix, Logger: s.opts.Logger, Faults: s.opts.Faults,
	})
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
	h.Set(echo.HeaderCacheControl, "private, no-cache") // ask each time whether it has changed
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
	if src == nil || !src.Running() {
		return echo.NewHTTPError(http.StatusServiceUnavailable, info.Key+" does not run, so nothing was sent. Open its page first.")
	}
	asked, no := s.desk.AskAll(author(c), src, given)
	if no != nil {
		return no
	}
	commands := []sent{} // an empty list, not null
	for _, cmd := range asked {
		commands = append(commands, sentOf(cmd))
	}
	if r := c.Request(); r.Header.Get("HX-Request") != "" || door.WantsPage(r) {
		return s.goTo(c, door.Within(s.prefix.String(), s.models.Href(info.Key)))
	}
	return c.JSON(http.StatusAccepted, map[string]any{"commands": commands})
}
