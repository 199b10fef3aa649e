package volumes

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"webmon/dashboard/source"
	"webmon/dashboard/volumes/notes"
)

// getAnnotations sends what people have drawn in a view, as <token>.csv or <token>.json.
func (v *Volumes) getAnnotations(w http.ResponseWriter, r *http.Request) error {
	t, isCSV := strings.CutSuffix(r.PathValue("file"), ".csv")
	if !isCSV {
		var isJSON bool
		if t, isJSON = strings.CutSuffix(t, ".json"); !isJSON {
			return &Failure{http.StatusNotFound, "What people have drawn can be had as .csv or .json."}
		}
	}
	r.SetPathValue("token", t)
	src, at, err := v.view(r)
	if err != nil {
		return err
	}
	list := notes.Read(at.State().JSON)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if !isCSV {
		return sendJSON(w, http.StatusOK, list)
	}
	var b bytes.Buffer
	if err := notes.WriteCSV(&b, list, func(value any) string { return source.Cell(value) }); err != nil {
		return err
	}
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", src.ID()+"-annotations.csv"))
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes())
	return nil
}
