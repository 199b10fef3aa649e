package api

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/answer"
	"webmon/dashboard/pixels"
	"webmon/dashboard/refusal"
	"webmon/dashboard/source"
	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
)

// arrayReads are the arrays that programs have read recently. Each counts as watched
// for source.ReadCounts after it was read.
type arrayReads struct {
	failed func(error) // told of a panic

	mu    sync.Mutex // guards reads
	reads map[arrayRead]*time.Timer
}

type arrayRead struct {
	src  *source.Source
	name string
}

// read says that an array is read now. It returns the time after which a frame must
// have come to be fresh enough. The zero time accepts any frame.
func (r *arrayReads) read(src *source.Source, name string, now time.Time) time.Time {
	topic := shm.ArrayTopic(name)
	watched := src.Demand(topic) > 0
	key := arrayRead{src, name}
	r.mu.Lock()
	if timer := r.reads[key]; timer != nil && timer.Stop() {
		timer.Reset(source.ReadCounts)
	} else {
		if r.reads == nil {
			r.reads = map[arrayRead]*time.Timer{}
		}
		// The list is watched too, to notice when the array is shared again.
		release := src.Want(topic, shm.TopicArrays)
		var mine *time.Timer
		mine = time.AfterFunc(source.ReadCounts, fault.Func(func() {
			release()
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.reads[key] == mine {
				delete(r.reads, key)
			}
		}, r.failed))
		r.reads[key] = mine
	}
	r.mu.Unlock()
	_, at, _ := src.State(topic)
	switch {
	case !src.Running():
		return time.Time{} // nothing newer will come
	case at.IsZero():
		return time.Unix(0, 0) // any frame is better than none
	case watched:
		return time.Time{}
	}
	return now
}

// arrayOf returns the source and the array that a request names, or the answer that
// there is none. It asks the process for its arrays if nobody watches their list, or
// if the list does not contain the array.
func (a *API) arrayOf(c echo.Context, name string) (*source.Source, *shm.ArrayInfo, error) {
	src, err := a.Source(c)
	if err != nil {
		return nil, nil, err
	}
	info := pixels.Info(src, name)
	if info == nil || src.Demand(shm.TopicArrays) == 0 {
		Refresh(c, src, []string{shm.TopicArrays})
		info = pixels.Info(src, name)
	}
	if info == nil {
		return nil, nil, echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("%s shares no array %q.", src.ID(), name))
	}
	return src, info, nil
}

// readFrame calls read with the newest frame of an array. Its error is an answer that
// people can read.
func (a *API) readFrame(c echo.Context, src *source.Source, name string, read func(*shm.ArrayFrame) error) (*shm.ArrayFrame, error) {
	since := a.reads.read(src, name, time.Now())
	read = a.whole(c, src, name, read)
	ctx, cancel := context.WithTimeout(c.Request().Context(), firstRead)
	defer cancel()
	frame, err := pixels.Read(ctx, src, name, since, read)
	if err == nil {
		return frame, nil
	}
	var no *refusal.Error
	text := natural.Sentence(err.Error())
	switch {
	case errors.As(err, &no) && no.Field != "":
		return nil, no
	case errors.As(err, &no), errors.Is(err, shm.ErrNoArray):
		return nil, echo.NewHTTPError(http.StatusNotFound, name+": "+text)
	case errors.Is(err, pixels.ErrNoFrame):
		return nil, echo.NewHTTPError(http.StatusNotFound, name+": "+pixels.WhyNone(src, name))
	case errors.Is(err, pixels.ErrTooLarge):
		return nil, echo.NewHTTPError(http.StatusRequestEntityTooLarge, text)
	case errors.Is(err, shm.ErrOvertaken):
		if problem := pixels.Problem(src, name); problem != "" {
			text = name + ": " + problem // no newer frame will come
		}
		return nil, echo.NewHTTPError(http.StatusServiceUnavailable, text)
	}
	return nil, fmt.Errorf("reading the array %s of %s: %w", name, src.ID(), err)
}

// arrays answers GET /api/v1/sources/<id>/arrays.
func (a *API) arrays(c echo.Context) error {
	src, err := a.Source(c)
	if err != nil {
		return err
	}
	// The frames of arrays are counted only while somebody watches the list.
	now := time.Now()
	fresh := src.Read(now)
	if asked := Refresh(c, src, []string{shm.TopicArrays}); !asked && !fresh && src.Connected(now) {
		ctx, cancel := context.WithTimeout(c.Request().Context(), firstRead)
		defer cancel()
		pixels.AwaitList(ctx, src, now)
	}
	list := src.Arrays()
	if list == nil {
		list = shm.Arrays{}
	}
	return a.answer(c, list)
}

// arrayValue answers GET /api/v1/sources/<id>/arrays/<name>/value. A whole number that
// float64 cannot hold exactly is also given as text.
func (a *API) arrayValue(c echo.Context) error {
	src, info, err := a.arrayOf(c, c.Param("name"))
	if err != nil {
		return err
	}
	position, err := pixels.ParsePosition(c.QueryParam("index"))
	if err != nil {
		return bad("index", "index "+err.Error())
	}
	var value shm.Value
	frame, err := a.readFrame(c, src, info.Name, func(frame *shm.ArrayFrame) (err error) {
		value, err = pixels.ReadElement(frame, position)
		return err
	})
	if err != nil {
		return err
	}
	answer := map[string]shm.Value{"value": value, "seq": int64(frame.Seq), "time": frame.Stamp}
	if text := pixels.Digits(value); text != "" {
		answer["text"] = text
	}
	return a.answer(c, answer)
}

// answer answers with a value as JSON.
func (a *API) answer(c echo.Context, v shm.Value) error {
	return a.sendJSON(c, func(w io.Writer) error { return shm.WriteJSON(w, v) })
}

// arrayProfile answers GET /api/v1/sources/<id>/arrays/<name>/profile.
func (a *API) arrayProfile(c echo.Context) error {
	src, info, err := a.arrayOf(c, c.Param("name"))
	if err != nil {
		return err
	}
	index, _, err := planeOf(c, src, info)
	if err != nil {
		return err
	}
	var ends [2][2]float64
	for i, field := range []string{"from", "to"} {
		row, col, ok := strings.Cut(c.QueryParam(field), ",")
		if !ok {
			return bad(field, field+" must be two numbers: row,column")
		}
		for j, text := range []string{row, col} {
			x, err := strconv.ParseFloat(text, 64)
			if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
				return bad(field, field+" must be two numbers: row,column")
			}
			ends[i][j] = x
		}
	}
	var p *pixels.Profile
	if _, err = a.readFrame(c, src, info.Name, func(frame *shm.ArrayFrame) (err error) {
		p, err = pixels.ReadProfile(c.Request().Context(), frame, index, ends[0], ends[1])
		return err
	}); err != nil {
		return err
	}
	return a.answer(c, map[string]shm.Value{
		"distance": p.Distance, "value": p.Value, "unit": p.Unit, "value_unit": p.ValueUnit,
	})
}

// planeOf reads the parameter index, which names a plane. Without the parameter it is
// the plane that the pages show first. up says that they show its first row at the
// bottom.
func planeOf(c echo.Context, src *source.Source, info *shm.ArrayInfo) (index pixels.Index, up bool, err error) {
	text := c.QueryParam("index")
	if text == "" {
		if fieldOfModel(src, info) {
			return pixels.Index{pixels.Right, pixels.Down}, true, nil
		}
		return pixels.DefaultIndex(info), false, nil
	}
	index, err = pixels.ParseIndex(text)
	if err != nil {
		return nil, false, bad("index", natural.Sentence(err.Error()))
	}
	return index, false, nil
}

// fieldOfModel reports whether an array is a field that the page of a simulation
// shows, with x to the right and y upwards.
func fieldOfModel(src *source.Source, info *shm.ArrayInfo) bool {
	return src.IsModel() && len(info.Shape) == 2 && (info.Name == shm.ArrayDensity || info.Name == shm.ArrayPhase)
}

// arrayFile answers GET /api/v1/sources/<id>/arrays/<name>.npy, .png and .csv.
func (a *API) arrayFile(c echo.Context) error {
	file := c.Param("name")
	dot := strings.LastIndexByte(file, '.')
	if dot < 0 {
		return echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("An array comes as %[1]s.npy, %[1]s.png or %[1]s.csv.", file))
	}
	src, info, err := a.arrayOf(c, file[:dot])
	if err != nil {
		return err
	}
	switch file[dot:] {
	case ".npy":
		return a.arrayNPY(c, src, info)
	case ".png":
		return a.arrayPNG(c, src, info)
	case ".csv":
		return a.arrayCSV(c, src, info)
	}
	return echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("An array comes as .npy, .png or .csv, not as %s.", file[dot:]))
}

func (a *API) arrayNPY(c echo.Context, src *source.Source, info *shm.ArrayInfo) error {
	// The plane is called "plane" here and "index" in other routes, because without it
	// the file holds the whole frame. Both names are accepted.
	field := "plane"
	if c.QueryParam(field) == "" {
		field = "index"
	}
	var plane pixels.Index
	if text := c.QueryParam(field); text != "" {
		var err error
		if plane, err = pixels.ParseIndex(text); err != nil {
			return bad(field, natural.Sentence(err.Error()))
		}
	}
	guess := frameBytes(info)
	if plane != nil {
		guess = planeBytes(info, plane)
	}
	body, err := a.make(c, a.files, guess, func(b *answer.Body) error {
		_, err := a.readFrame(c, src, info.Name, func(frame *shm.ArrayFrame) error {
			npy, err := pixels.ReadNPY(c.Request().Context(), frame, plane)
			if no := (*refusal.Error)(nil); errors.As(err, &no) && no.Field == "plane" {
				no.Field = field
			}
			if err == nil {
				_, _ = b.Write(npy.Header) // there is room for it
				b.Adopt(npy.Data)
			}
			return err
		})
		return err
	})
	if err != nil {
		return err
	}
	attach(c, src, info.Name+".npy", echo.MIMEOctetStream)
	return a.send(c, body)
}

// frameBytes is how many bytes a whole frame of an array takes at most, 0 if it is more
// than is ever read.
func frameBytes(info *shm.ArrayInfo) int64 {
	item, _ := pixels.ItemBytes(info)
	n := pixels.Count(info.Shape)
	if item <= 0 || n > pixels.MaxNPY/item {
		return 0
	}
	return int64(item) * int64(n)
}

// planeBytes is how many bytes a plane takes, 0 if there is none, or more than is ever read.
func planeBytes(info *shm.ArrayInfo, plane pixels.Index) int64 {
	if len(plane) != len(info.Shape) {
		return 0
	}
	of := *info
	of.Shape = nil
	for i, at := range plane {
		if at < 0 {
			of.Shape = append(of.Shape, info.Shape[i])
		}
	}
	return frameBytes(&of)
}

// lookOf reads how a plane of an array becomes a picture.
func lookOf(c echo.Context, src *source.Source, info *shm.ArrayInfo) (look pixels.Look, err error) {
	index, up, err := planeOf(c, src, info)
	if err != nil {
		return look, err
	}
	look = pixels.Look{Index: index, Up: up, Colormap: c.QueryParam("colormap"), Gamma: 1}
	var limits [2]float64
	given := 0
	for _, p := range []struct {
		field string
		to    *float64
	}{{"low", &limits[0]}, {"high", &limits[1]}, {"gamma", &look.Gamma}} {
		text := c.QueryParam(p.field)
		if text == "" {
			continue
		}
		if *p.to, err = strconv.ParseFloat(text, 64); err != nil || math.IsNaN(*p.to) || math.IsInf(*p.to, 0) {
			return look, bad(p.field, p.field+" must be a number")
		}
		if p.field != "gamma" {
			given++
		}
	}
	switch {
	case given == 1 && c.QueryParam("low") == "":
		return look, bad("low", "low is missing: high and low go together")
	case given == 1:
		return look, bad("high", "high is missing: high and low go together")
	case given == 2 && limits[1] <= limits[0]:
		return look, bad("high", "high must be above low")
	case !(look.Gamma >= 0.01 && look.Gamma <= 100):
		return look, bad("gamma", "gamma must be from 0.01 to 100")
	case given == 2:
		look.Limits = &limits
	}
	switch c.QueryParam("origin") {
	case "":
	case "upper":
		look.Up = false
	case "lower":
		look.Up = true
	default:
		return look, bad("origin", "origin must be upper or lower")
	}
	return look, nil
}

func (a *API) arrayPNG(c echo.Context, src *source.Source, info *shm.ArrayInfo) error {
	look, err := lookOf(c, src, info)
	if err != nil {
		return err
	}
	body, err := a.make(c, a.files, eachPixel*picturePixels(info, look.Index), func(b *answer.Body) error {
		var img image.Image
		if _, err := a.readFrame(c, src, info.Name, func(frame *shm.ArrayFrame) (err error) {
			img, err = pixels.ReadPicture(c.Request().Context(), frame, look)
			return err
		}); err != nil {
			return err
		}
		return pixels.WritePNG(b, img)
	})
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentType, "image/png")
	c.Response().Header().Set(echo.HeaderContentDisposition, mime.FormatMediaType("inline",
		map[string]string{"filename": fileName(src, info.Name+".png")}))
	return a.send(c, body)
}

// eachPixel is how many bytes a sample of a picture takes while it is made: as it is read, in the picture, and in its file.
const eachPixel = 8 + 4 + 4

// picturePixels is how many samples a plane of an array has, 0 if it is no plane or one
// that is too large for a picture.
func picturePixels(info *shm.ArrayInfo, index pixels.Index) int64 {
	sel, err := index.Plane(info.Shape)
	if err != nil || sel.Rows*sel.Cols > pixels.MaxPNG {
		return 0
	}
	samples := 1
	if sel.C >= 0 {
		samples = info.Shape[sel.C]
	}
	return int64(sel.Rows) * int64(sel.Cols) * int64(samples)
}

func (a *API) arrayCSV(c echo.Context, src *source.Source, info *shm.ArrayInfo) error {
	guess := int64(0)
	if len(info.Fields) == 0 {
		guess = frameBytes(info) // it is read as a whole
	}
	body, err := a.make(c, a.files, guess, func(b *answer.Body) error {
		_, err := a.readFrame(c, src, info.Name, func(frame *shm.ArrayFrame) error {
			b.Reset() // another frame was overwritten half way
			return pixels.WriteCSV(c.Request().Context(), b, frame)
		})
		return err
	})
	if err != nil {
		return err
	}
	attach(c, src, info.Name+".csv", "text/csv; charset=utf-8")
	return a.send(c, body)
}

// attach makes the answer a file that browsers save.
func attach(c echo.Context, src *source.Source, name, kind string) {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, kind)
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": fileName(src, name)}))
}

// fileName is a name that every system accepts: names of arrays may contain colons.
func fileName(src *source.Source, name string) string {
	return src.ID() + "-" + strings.ReplaceAll(name, ":", "_")
}
