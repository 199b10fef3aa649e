package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/chart"
	"webmon/dashboard/hub"
	"webmon/dashboard/instance"
	"webmon/dashboard/source"
	"webmon/shm"
)

// firstRead is how long a read waits for the process to be asked.
const firstRead = time.Second

// refresh has the process asked for topics, nil for all, and waits a moment for what
// it has: whoever changes something and reads it then is not to read what was there
// before. It reports whether the process is one that is asked; others tell everything
// at once.
func refresh(c echo.Context, src *source.Source, topics []string) (asked bool) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), firstRead)
	defer cancel()
	return src.Refresh(ctx, topics)
}

// apiSources answers GET /api/v1/sources.
func (s *Server) apiSources(c echo.Context) error {
	type entry struct {
		ID        string   `json:"id"`
		Name      string   `json:"name"`
		Kind      shm.Kind `json:"kind"`
		Instance  string   `json:"instance"`
		Connected bool     `json:"connected"`
		AgeMillis *int64   `json:"age_ms"` // null: nothing was heard yet
		Topics    []string `json:"topics"`
	}
	out := []entry{} // an empty list, not null
	now := time.Now()
	for _, src := range s.registry.List() {
		st := src.Status(now)
		e := entry{
			ID: st.ID, Name: st.Name, Kind: st.Kind, Instance: st.Instance,
			Connected: st.Connected, Topics: append([]string{}, st.Topics...),
		}
		if st.Heard {
			age := st.Age.Milliseconds()
			e.AgeMillis = &age
		}
		out = append(out, e)
	}
	return c.JSON(http.StatusOK, out)
}

// sourceOf returns the source a request names, or the answer that there is none.
func (s *Server) sourceOf(c echo.Context) (*source.Source, error) {
	id := c.Param("source")
	src := s.registry.Get(id)
	if src == nil || id == source.Nobody {
		return nil, echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("There is no source %q.", id))
	}
	return src, nil
}

// apiState answers GET /api/v1/sources/<id>/state.
func (s *Server) apiState(c echo.Context) error {
	src, err := s.sourceOf(c)
	if err != nil {
		return err
	}
	now := time.Now()
	fresh := src.Read(now)
	if asked := refresh(c, src, nil); !asked && !fresh && src.Status(now).Connected {
		ctx, cancel := context.WithTimeout(c.Request().Context(), firstRead)
		defer cancel()
		src.Await(ctx, now)
	}
	b, err := shm.AppendJSON(nil, src.States())
	if err != nil {
		return fmt.Errorf("writing the state of %s: %w", src.ID(), err)
	}
	return c.JSONBlob(http.StatusOK, append(b, '\n'))
}

// apiEvents answers GET /api/v1/sources/<id>/events/<topic>.
func (s *Server) apiEvents(c echo.Context) error {
	src, err := s.sourceOf(c)
	if err != nil {
		return err
	}
	name := c.Param("topic")
	refresh(c, src, []string{}) // what it has sent
	log := src.History(name)
	if log == nil && name != shm.TopicFrameTime && name != shm.TopicLoadChunk {
		return echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("%s has sent no %q.", src.ID(), name))
	}
	if log == nil {
		log = &source.Log{} // napari's own topics exist before they come
	}
	seconds := source.Window.Seconds()
	if text := c.QueryParam("seconds"); text != "" {
		seconds, err = strconv.ParseFloat(text, 64)
		if err != nil || !(seconds > 0) || seconds > source.Window.Seconds() {
			return echo.NewHTTPError(http.StatusBadRequest, fmt.Sprintf(
				"seconds must be a number above 0 and at most %.0f.", source.Window.Seconds()))
		}
	}
	from := time.Now().Add(-time.Duration(seconds * float64(time.Second)))
	switch format := c.QueryParam("format"); format {
	case "", "json":
		b, err := log.AppendJSON(nil, from)
		if err != nil {
			return fmt.Errorf("writing the events of %s: %w", name, err)
		}
		return c.JSONBlob(http.StatusOK, append(b, '\n'))
	case "csv":
		h := c.Response().Header()
		h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
		h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment",
			map[string]string{"filename": src.ID() + "-" + source.Slug(name) + ".csv"}))
		return log.WriteCSV(c.Response(), from)
	default:
		return echo.NewHTTPError(http.StatusBadRequest, "format must be json or csv.")
	}
}

// apiChart answers GET /api/v1/sources/<id>/charts/<chart>: a part of a chart,
// from one time to another in ms since the epoch, as a frame of its feed.
func (s *Server) apiChart(c echo.Context) error {
	src, err := s.sourceOf(c)
	if err != nil {
		return err
	}
	spec := chart.SpecFor(c.Param("chart"))
	if !slices.ContainsFunc(spec.Lines, func(l chart.Line) bool { return src.Series(l.Series) != nil }) {
		return echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("%s has sent nothing for a chart %q.", src.ID(), c.Param("chart")))
	}
	var times [2]time.Time
	for i, field := range []string{"from", "to"} {
		var ok bool
		if times[i], ok = chart.ParseMillis(c.QueryParam(field)); !ok {
			return unacceptable(field, field+" must be a time in milliseconds since 1970")
		}
	}
	switch span := times[1].Sub(times[0]); {
	case span <= 0:
		return unacceptable("to", "to must be later than from")
	case span > source.Window:
		return unacceptable("from", fmt.Sprintf("from must be at most %.0f seconds before to, which is how long values are kept", source.Window.Seconds()))
	}
	b, err := chart.Part(chart.Options{Spec: spec, Series: src.Series, Ended: src.Ended}, times[0], times[1], time.Now())
	if err != nil {
		return fmt.Errorf("writing a part of the chart %s: %w", spec.Name, err)
	}
	return c.JSONBlob(http.StatusOK, append(b, '\n'))
}

// apiCommand answers GET /api/v1/commands/<id>.
func (s *Server) apiCommand(c echo.Context) error {
	cmd, ok := s.desk.Command(c.Param("id"))
	if !ok {
		return echo.NewHTTPError(http.StatusNotFound, "There is no such command, or it was long ago.")
	}
	return c.JSON(http.StatusOK, cmd)
}

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
				args[name] = values[len(values)-1] // a checkbox stands behind its hidden "false"
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

// fieldError is a value that cannot be taken, with the field that holds it.
type fieldError struct{ field, text string }

func unacceptable(field, text string) error {
	return echo.NewHTTPError(http.StatusUnprocessableEntity, text+".").
		SetInternal(fieldError{field, text})
}

func (e fieldError) Error() string { return e.text }

// postDismiss forgets a source that is gone.
func (s *Server) postDismiss(c echo.Context) error {
	src, err := s.sourceOf(c)
	if err != nil {
		return err
	}
	if err := s.registry.Dismiss(src.ID()); err != nil {
		return echo.NewHTTPError(http.StatusConflict, err.Error()+".")
	}
	return s.goTo(c, s.opts.Prefix+"/")
}

// postStop ends webmon.
func (s *Server) postStop(c echo.Context) error {
	s.opts.Logger.Info("a browser asks webmon to stop", "from", c.RealIP())
	s.hub.Farewell(hub.Text([]byte(`{"topic":"stopped"}`)))
	err := s.stopped(c)
	s.opts.Stop()
	return err
}

// goTo sends a page elsewhere, whether htmx or the browser itself asked.
func (s *Server) goTo(c echo.Context, path string) error {
	if c.Request().Header.Get("HX-Request") != "" {
		c.Response().Header().Set("HX-Redirect", path)
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// postHandover attaches to what another webmon of this user was started for.
func (s *Server) postHandover(c echo.Context) error {
	if secret, ok := bearer(c.Request()); !ok || !sameSecret(secret, s.secret) {
		return c.JSON(http.StatusUnauthorized, map[string]string{"error": "The secret of the running webmon is needed."})
	}
	var src instance.Source
	if err := json.NewDecoder(c.Request().Body).Decode(&src); err != nil {
		return c.JSON(http.StatusBadRequest, map[string]string{"error": "The source that was handed over could not be read."})
	}
	if src.Kind == "" { // it only asks where we are
		return c.JSON(http.StatusOK, map[string]string{})
	}
	if src.Kind == string(shm.KindModel) {
		err := errors.New("this webmon runs no models")
		if s.opts.AddModel != nil {
			err = s.opts.AddModel(src.Model)
		}
		if err != nil {
			return c.JSON(http.StatusBadGateway, map[string]string{"error": err.Error()})
		}
		return c.JSON(http.StatusOK, map[string]string{})
	}
	t := source.Target{
		Name: src.Name, Kind: shm.Kind(src.Kind), Address: src.Address,
		Authkey: src.Authkey, PID: src.PID, Again: src.Again,
	}
	if _, err := s.registry.Attach(c.Request().Context(), t); err != nil && !t.Again {
		return c.JSON(http.StatusBadGateway, map[string]string{"error": err.Error()})
	}
	return c.JSON(http.StatusOK, map[string]string{})
}
