package api

import (
	"fmt"
	"image"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/answer"
	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/shm"
)

const (
	maxFilms     = 4                // that are under way at a time
	maxFilm      = 1 << 30          // bytes of one
	longestFilm  = 600              // seconds
	fastestFilm  = 30               // frames a second
	filmBoundary = "webmon-film"    // between two frames
	frameWait    = 30 * time.Second // that a client may take for a frame
)

// arrayFilm answers GET /api/v1/sources/<id>/arrays/<name>/film?seconds=&fps=&format=: the frames of an array as they come, each of them a
// picture as .png has it, with the same parameters. They are the parts of a multipart/x-mixed-replace, as network cameras send theirs: it can
// begin before it is known how many frames there will be, and no more than one of them is in memory, which neither APNG nor AVI allow. A frame that
// comes while the one before is being sent is left out. A film that is over just ends, as those of cameras do.
func (a *API) arrayFilm(c echo.Context) error {
	src, info, err := a.arrayOf(c, c.Param("name"))
	if err != nil {
		return err
	}
	if why := pixels.Unfit(info); why != "" {
		return echo.NewHTTPError(http.StatusNotFound, info.Name+": "+why)
	}
	look, err := lookOf(c, src, info)
	if err != nil {
		return err
	}
	length, every := 10.0, 10.0
	for _, p := range []struct {
		field       string
		to          *float64
		least, most float64
	}{{"seconds", &length, 0.1, longestFilm}, {"fps", &every, 0.01, fastestFilm}} {
		text := c.QueryParam(p.field)
		if text == "" {
			continue
		}
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || !(x >= p.least && x <= p.most) {
			return bad(p.field, fmt.Sprintf("%s must be a number from %v to %v", p.field, p.least, p.most))
		}
		*p.to = x
	}
	kind, write := "image/png", pixels.WritePNG
	switch c.QueryParam("format") {
	case "", "png":
	case "jpeg":
		kind, write = "image/jpeg", pixels.WriteJPEG
	default:
		return bad("format", "format must be png or jpeg")
	}
	select {
	case a.films <- struct{}{}:
		defer func() { <-a.films }()
	default:
		c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(length))))
		return echo.NewHTTPError(http.StatusServiceUnavailable, fmt.Sprintf("%d films are being made already: try again when one of them is over.", maxFilms))
	}
	defer src.Want(shm.ArrayTopic(info.Name), shm.TopicArrays)()
	f := film{api: a, c: c, info: info, look: look, kind: kind, write: write}
	if err := f.begin(src); err != nil {
		return err
	}
	over := time.NewTimer(time.Duration(length * float64(time.Second)))
	defer over.Stop()
	tick := time.NewTicker(time.Duration(float64(time.Second) / every))
	defer tick.Stop()
	for f.sent < maxFilm && src.Running() {
		select {
		case <-c.Request().Context().Done():
			return nil
		case <-over.C:
			return nil
		case <-tick.C:
		}
		if frame := pixels.Newest(src, info.Name); frame != nil && (frame.Seq != f.seq || frame.Info.Generation != f.generation) {
			if err := f.send(frame); err != nil {
				a.opts.Logger.Debug("a film ends early", "path", c.Path(), "error", err)
				return nil // it has begun, so it can only be cut off
			}
		}
	}
	return nil
}

// film is a film that is being sent.
type film struct {
	api   *API
	c     echo.Context
	info  *shm.ArrayInfo
	look  pixels.Look
	kind  string
	write func(io.Writer, image.Image) error

	generation string // and number of the frame that was sent last
	seq        uint64
	sent       int // bytes
}

// begin sends the first frame, whose limits all others have, or answers why there is none.
func (f *film) begin(src *source.Source) error {
	var frame *shm.ArrayFrame
	body, err := f.body(func() (img image.Image, err error) {
		frame, err = f.api.readFrame(f.c, src, f.info.Name, func(frame *shm.ArrayFrame) (err error) {
			if f.look.Limits, err = pixels.Limits(frame, f.look); err == nil {
				img, err = pixels.ReadPicture(f.c.Request().Context(), frame, f.look)
			}
			return err
		})
		return img, err
	})
	if err != nil {
		return err
	}
	_ = http.NewResponseController(f.c.Response()).SetReadDeadline(time.Time{}) // it would end the request
	h := f.c.Response().Header()
	h.Set(echo.HeaderContentType, "multipart/x-mixed-replace; boundary="+filmBoundary)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	f.c.Response().WriteHeader(http.StatusOK)
	_, _ = io.WriteString(f.c.Response(), "--"+filmBoundary+"\r\n")
	if err := f.put(frame, body); err != nil {
		f.api.opts.Logger.Debug("a film ends early", "path", f.c.Path(), "error", err)
	}
	return nil
}

// send sends a frame, unless it cannot be read: it was overwritten meanwhile, or has become too small for the plane.
func (f *film) send(frame *shm.ArrayFrame) error {
	var reading error
	body, err := f.body(func() (img image.Image, err error) {
		img, reading = pixels.ReadPicture(f.c.Request().Context(), frame, f.look)
		return img, reading
	})
	switch {
	case reading != nil && f.c.Request().Context().Err() == nil:
		f.generation, f.seq = frame.Info.Generation, frame.Seq
		return nil
	case err != nil:
		return err
	}
	return f.put(frame, body)
}

// body makes the file of a frame.
func (f *film) body(read func() (image.Image, error)) (*answer.Body, error) {
	return f.api.make(f.c, f.api.files, eachPixel*picturePixels(f.info, f.look.Index), func(b *answer.Body) error {
		img, err := read()
		if err != nil {
			return err
		}
		return f.write(b, img)
	})
}

// put sends the file of a frame.
func (f *film) put(frame *shm.ArrayFrame, body *answer.Body) error {
	f.generation, f.seq = frame.Info.Generation, frame.Seq
	w := f.c.Response()
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(frameWait))
	size := body.Len()
	n, err := fmt.Fprintf(w, "Content-Type: %s\r\nContent-Length: %d\r\nWebmon-Seq: %d\r\nWebmon-Time: %s\r\n\r\n",
		f.kind, size, frame.Seq, strconv.FormatFloat(frame.Stamp, 'f', -1, 64))
	if err != nil {
		body.Close()
		return err
	}
	if err := body.Send(w); err != nil {
		return err
	}
	// Readers show a frame when they see what ends it, which therefore does not wait for the next one.
	if _, err := io.WriteString(w, "\r\n--"+filmBoundary+"\r\n"); err != nil {
		return err
	}
	f.sent += n + size
	return control.Flush()
}
