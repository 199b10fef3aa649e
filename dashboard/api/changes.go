package api

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/door"
	"webmon/dashboard/record"
	"webmon/dashboard/source"
)

// changes answers GET /api/v1/changes: what people have changed, oldest first. The
// addresses of people are for those who may manage webmon.
func (a *API) changes(c echo.Context) error {
	q := record.Query{Source: c.QueryParam("source")}
	if text := c.QueryParam("seconds"); text != "" {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || !(seconds > 0) || seconds > record.Keep.Seconds() {
			return echo.NewHTTPError(http.StatusBadRequest, fmt.Sprintf(
				"seconds must be a number above 0 and at most %.0f.", record.Keep.Seconds()))
		}
		q.From = time.Now().Add(-time.Duration(seconds * float64(time.Second)))
	}
	manages := door.Of(c.Request().Context()).Role >= door.Manage
	h := c.Response().Header()
	switch format := c.QueryParam("format"); format {
	case "", "json":
		h.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
		return writeChanges(c.Response(), a.opts.Changes.List(q), manages)
	case "csv":
		h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
		h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": "webmon-changes.csv"}))
		return writeChangesCSV(c.Response(), a.opts.Changes.List(q), manages)
	default:
		return echo.NewHTTPError(http.StatusBadRequest, "format must be json or csv.")
	}
}

// writeChanges writes changes as an array of JSON, one at a time: there may be many.
func writeChanges(w http.ResponseWriter, list []*record.Entry, addresses bool) error {
	between := "["
	for _, e := range list {
		shown := *e
		if !addresses {
			shown.Address = ""
		}
		b, err := json.Marshal(shown)
		if err != nil {
			return fmt.Errorf("writing a change: %w", err)
		}
		if _, err := w.Write(append([]byte(between), b...)); err != nil {
			return err
		}
		between = ",\n"
	}
	if len(list) == 0 {
		between = "[]\n"
	} else {
		between = "]\n"
	}
	_, err := w.Write([]byte(between))
	return err
}

// writeChangesCSV writes changes as a table.
func writeChangesCSV(w http.ResponseWriter, list []*record.Entry, addresses bool) error {
	out := csv.NewWriter(w)
	head := []string{"time", "until", "who", "source", "name", "from", "to", "count", "status", "reason"}
	if addresses {
		head = append(head, "address")
	}
	_ = out.Write(head) // an error is kept until the end
	for _, e := range list {
		row := []string{
			e.Time.UTC().Format(time.RFC3339Nano), e.Until.UTC().Format(time.RFC3339Nano), source.Cell(e.Who), source.Cell(e.Source), source.Cell(e.Name),
			source.Cell(e.From), source.Cell(e.To), strconv.Itoa(e.Count), source.Cell(e.Status), source.Cell(e.Reason),
		}
		if addresses {
			row = append(row, source.Cell(e.Address))
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}
