package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/door"
	"webmon/dashboard/hub"
	"webmon/dashboard/instance"
	"webmon/dashboard/source"
	"webmon/shm"
)

var errTooLarge = echo.NewHTTPError(http.StatusRequestEntityTooLarge,
	fmt.Sprintf("The request is larger than %d bytes.", maxBody))

// readArgs reads the arguments of a command from a form or from JSON.
func readArgs(r *http.Request) (map[string]any, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	args := map[string]any{}
	switch kind {
	case "application/json":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, brokenBody(err)
		}
		if err := json.Unmarshal(body, &args); err != nil || args == nil {
			return nil, echo.NewHTTPError(http.StatusBadRequest, `The body must be a JSON object, such as {"show_grid": true}.`)
		}
	case "application/x-www-form-urlencoded":
		// The check of the form's token may have parsed it already.
		if err := r.ParseForm(); err != nil {
			return nil, brokenBody(err)
		}
		for name, values := range r.PostForm {
			if name != csrfField {
				args[name] = values[len(values)-1] // a checkbox follows its hidden "false"
			}
		}
	default:
		return nil, echo.NewHTTPError(http.StatusBadRequest, "Send the arguments as a form or as application/json.")
	}
	return args, nil
}

// brokenBody says why a body could not be read.
func brokenBody(err error) error {
	if errors.Is(err, echo.ErrStatusRequestEntityTooLarge) {
		return errTooLarge
	}
	return echo.NewHTTPError(http.StatusBadRequest, "The form is not properly encoded, or broke off.")
}

// postDismiss forgets a source that is gone.
func (s *Server) postDismiss(c echo.Context) error {
	src, err := s.api.Source(c)
	if err != nil {
		return err
	}
	if err := s.registry.Dismiss(src.ID()); err != nil {
		s.changed(author(c), src.ID(), "forget", "", err)
		return echo.NewHTTPError(http.StatusConflict, err.Error()+".")
	}
	s.changed(author(c), src.ID(), "forget", "", nil)
	return s.goTo(c, "/")
}

// postStop ends webmon.
func (s *Server) postStop(c echo.Context) error {
	s.opts.Logger.Info("a browser asks webmon to stop", "from", c.RealIP())
	s.changed(author(c), "", "stop", "", nil)
	s.hub.Farewell(hub.Text([]byte(`{"topic":"stopped"}`)))
	err := s.stopped(c)
	s.opts.Stop()
	return err
}

// goTo leads a page to a path of this server, given without the prefix, whether htmx or
// the browser itself has sent the request.
func (s *Server) goTo(c echo.Context, path string) error {
	path = door.Inside(s.prefix.String(), path)
	if c.Request().Header.Get("HX-Request") != "" {
		c.Response().Header().Set("HX-Redirect", path)
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// postHandover answers another webmon of this user; see [instance.HandOver].
func (s *Server) postHandover(c echo.Context) error {
	posted, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return brokenBody(err)
	}
	answer, err := instance.Answer(s.secret, posted, func(src instance.Source) error {
		return s.handOver(c, src)
	})
	if err != nil {
		return echo.NewHTTPError(http.StatusUnauthorized,
			"This address is for another webmon of the same user and the same version, which seals what it hands over.")
	}
	return c.Blob(http.StatusOK, echo.MIMEOctetStream, answer)
}

// handOver does what another webmon of this user was started for. Its error is one
// sentence.
func (s *Server) handOver(c echo.Context, src instance.Source) error {
	switch src.Kind {
	case "": // it only asks for the URL of this webmon
		return nil
	case instance.NewToken: // it asks for another token
		if s.opts.Rotate == nil {
			return errors.New("this webmon keeps no token that could be changed")
		}
		return s.opts.Rotate()
	case string(shm.KindModel):
		err := errors.New("this webmon runs no models")
		if s.opts.AddModel != nil {
			err = s.opts.AddModel(src.Model)
		}
		s.changed(handedOver(c), "", "add a model", src.Name, err)
		return err
	}
	if src.Kind == string(shm.KindMap) {
		err := errors.New("this webmon has no maps")
		if s.opts.AddMaps != nil {
			err = s.opts.AddMaps(src.Folder)
		}
		s.changed(handedOver(c), "", "add a folder of maps", src.Folder, err)
		return err
	}
	t := source.Target{
		Name: src.Name, Kind: shm.Kind(src.Kind), Address: src.Address,
		Authkey: src.Authkey, PID: src.PID, Again: src.Again,
	}
	attached, err := s.registry.Attach(c.Request().Context(), t)
	id := src.Name
	if attached != nil {
		id = attached.ID()
	}
	s.changed(handedOver(c), id, "attach", src.Address, err)
	if t.Again {
		return nil
	}
	return err
}
