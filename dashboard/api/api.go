// Package api answers the requests of programs, GET /api/v1/..., with JSON and with
// files of arrays and of events. Package spec describes the routes. Requests that change a
// process are posted as the pages post their forms, and belong to package dashboard.
//
//	a := api.New(api.Options{Registry: registry, Desk: desk})
//	a.Routes(e)
//
// The error of a handler is an answer: one of the echo package, or a [refusal.Error]
// for a parameter that is refused.
package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/answer"
	"webmon/dashboard/budget"
	"webmon/dashboard/chart"
	"webmon/dashboard/models"
	"webmon/dashboard/record"
	"webmon/dashboard/refusal"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
)

// Options are what the API reads.
type Options struct {
	Registry *source.Registry
	Desk     *steer.Desk    // of the commands
	Models   *models.Models // nil: there are no models, and no routes for them
	Changes  *record.Log
	About    About
	Budget   *budget.Budget // nil: one of 1 GiB
	Logger   *slog.Logger   // nil: slog.Default()
	Faults   *fault.Ledger  // told of what panics outside of a request; may be nil
	// Wake returns the source with an id, which may begin with that; nil for none. nil: those of
	// the registry.
	Wake func(ctx context.Context, id string) *source.Source
}

// About is what webmon says of itself.
type About struct {
	Version  string // of the program, such as "0.1.0+g0fe1e07abcde"
	Protocol int    // of shm/PROTOCOL.md
	Fits     string // the major and minor version of the packages that fit, such as "0.1"
}

// API has the handlers. Its methods are safe for concurrent use.
type API struct {
	opts  Options
	reads arrayReads
	// files are the answers that frames are written into. Each may need as much memory as
	// a frame, and a whole processor. texts are all others.
	files, texts *answer.Answers
	films        chan struct{} // of capacity maxFilms: one for each that is under way
}

// New returns the API for the options.
func New(opts Options) *API {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Budget == nil {
		opts.Budget = budget.New(1 << 30)
	}
	return &API{
		opts:  opts,
		reads: arrayReads{failed: opts.Faults.Noted("api", "arrays")},
		files: answer.New(opts.Budget.Answers, 2),
		texts: answer.New(opts.Budget.Answers, max(2, runtime.GOMAXPROCS(0))),
		films: make(chan struct{}, maxFilms),
	}
}

// make makes the body of an answer. Its error is an answer.
func (a *API) make(c echo.Context, of *answer.Answers, guess int64, write func(*answer.Body) error) (*answer.Body, error) {
	body, err := of.Make(c.Request().Context(), guess, write)
	if busy := (*answer.Busy)(nil); errors.As(err, &busy) {
		c.Response().Header().Set(echo.HeaderRetryAfter, "5")
		return nil, echo.NewHTTPError(http.StatusServiceUnavailable, busy.Error())
	}
	return body, err
}

// send sends a body that was made, with the head that is set.
func (a *API) send(c echo.Context, body *answer.Body) error {
	c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(body.Len()))
	if err := body.Send(c.Response()); err != nil {
		// The client knows how long it is, and does not take the part for the whole.
		a.opts.Logger.Debug("answer not sent", "path", c.Path(), "error", err)
	}
	return nil
}

// sendJSON answers with the JSON that write writes.
func (a *API) sendJSON(c echo.Context, write func(io.Writer) error) error {
	body, err := a.make(c, a.texts, 0, func(b *answer.Body) error {
		if err := write(b); err != nil {
			return err
		}
		_, err := b.WriteString("\n")
		return err
	})
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	return a.send(c, body)
}

// Routes adds the routes of the API to e.
func (a *API) Routes(e *echo.Echo) {
	g := e.Group("/api/v1")
	g.GET("", a.about)
	g.GET("/sources", a.sources)
	g.GET("/sources/:source/state", a.state)
	g.GET("/sources/:source/events/:topic", a.events)
	g.GET("/sources/:source/charts/:chart", a.chart)
	g.GET("/sources/:source/arrays", a.arrays)
	g.GET("/sources/:source/arrays/:name", a.arrayFile)
	g.GET("/sources/:source/arrays/:name/value", a.arrayValue)
	g.GET("/sources/:source/arrays/:name/profile", a.arrayProfile)
	g.GET("/sources/:source/arrays/:name/film", a.arrayFilm)
	g.GET("/commands/:id", a.command)
	g.GET("/changes", a.changes)
	if a.opts.Models != nil {
		g.GET("/models", a.models)
	}
}

// about answers GET /api/v1.
func (a *API) about(c echo.Context) error {
	return c.JSON(http.StatusOK, struct {
		Version  string `json:"version"`
		Protocol int    `json:"protocol"`
		Fits     string `json:"fits"`
	}(a.opts.About))
}

// firstRead is how long a read waits for the answer of the process.
const firstRead = time.Second

// Refresh asks the process for topics, nil for all, and waits a moment for its answers,
// so that a program that changes something and then reads it gets the new value. It
// reports whether the adapter asks at all; other adapters send every change at once.
func Refresh(c echo.Context, src *source.Source, topics []string) (asked bool) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), firstRead)
	defer cancel()
	return src.Refresh(ctx, topics)
}

// sources answers GET /api/v1/sources.
func (a *API) sources(c echo.Context) error {
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
	for _, src := range a.opts.Registry.List() {
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

// Source returns the source that a request names, or the answer that there is none.
func (a *API) Source(c echo.Context) (*source.Source, error) {
	id := c.Param("source")
	get := a.opts.Wake
	if get == nil {
		get = func(_ context.Context, id string) *source.Source { return a.opts.Registry.Get(id) }
	}
	src := get(c.Request().Context(), id)
	if src == nil || id == source.Nobody {
		return nil, echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("There is no source %q.", id))
	}
	return src, nil
}

// state answers GET /api/v1/sources/<id>/state.
func (a *API) state(c echo.Context) error {
	src, err := a.Source(c)
	if err != nil {
		return err
	}
	now := time.Now()
	fresh := src.Read(now)
	if asked := Refresh(c, src, nil); !asked && !fresh && src.Connected(now) {
		ctx, cancel := context.WithTimeout(c.Request().Context(), firstRead)
		defer cancel()
		src.Await(ctx, now)
	}
	return a.sendJSON(c, func(w io.Writer) error { return shm.WriteJSON(w, src.States()) })
}

// events answers GET /api/v1/sources/<id>/events/<topic>.
func (a *API) events(c echo.Context) error {
	src, err := a.Source(c)
	if err != nil {
		return err
	}
	name := c.Param("topic")
	Refresh(c, src, []string{}) // what it has sent
	log := src.History(name)
	if log == nil && name != shm.TopicFrameTime && name != shm.TopicLoadChunk {
		return echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("%s has sent no %q.", src.ID(), name))
	}
	if log == nil {
		log = &source.Log{} // napari's own topics exist before their first message
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
		return a.sendJSON(c, func(w io.Writer) error { return log.WriteJSON(w, from) })
	case "csv":
		body, err := a.make(c, a.texts, 0, func(b *answer.Body) error { return log.WriteCSV(b, from) })
		if err != nil {
			return err
		}
		h := c.Response().Header()
		h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
		h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment",
			map[string]string{"filename": src.ID() + "-" + cmp.Or(natural.Slug(name), "events") + ".csv"}))
		return a.send(c, body)
	default:
		return echo.NewHTTPError(http.StatusBadRequest, "format must be json or csv.")
	}
}

// chart answers GET /api/v1/sources/<id>/charts/<chart>: the part of a chart between
// two times, in ms since the epoch, as a frame of its feed.
func (a *API) chart(c echo.Context) error {
	src, err := a.Source(c)
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
			return bad(field, field+" must be a time in milliseconds since 1970")
		}
	}
	switch span := times[1].Sub(times[0]); {
	case span <= 0:
		return bad("to", "to must be later than from")
	case span > source.Window:
		return bad("from", fmt.Sprintf("from must be at most %.0f seconds before to, which is how long values are kept", source.Window.Seconds()))
	}
	b, err := chart.Part(chart.Options{Spec: spec, Series: src.Series, Ended: src.Ended}, times[0], times[1], time.Now())
	if err != nil {
		return fmt.Errorf("writing a part of the chart %s: %w", spec.Name, err)
	}
	return c.JSONBlob(http.StatusOK, append(b, '\n'))
}

// command answers GET /api/v1/commands/<id>.
func (a *API) command(c echo.Context) error {
	cmd, ok := a.opts.Desk.Command(c.Param("id"))
	if !ok {
		return echo.NewHTTPError(http.StatusNotFound, "There is no such command, or it was too long ago.")
	}
	return c.JSON(http.StatusOK, cmd)
}

// models answers GET /api/v1/models.
func (a *API) models(c echo.Context) error {
	return c.JSON(http.StatusOK, a.opts.Models.Entries(time.Now()))
}

// bad refuses a parameter of a request, with the reason.
func bad(field, text string) error {
	return &refusal.Error{Field: field, Text: text + "."}
}
