package elsewhere

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"webmon/dashboard/volumes/omezarr"
)

// What stands in a path in place of a generation, and after it.
const (
	newest  = "newest"
	asShown = ".shown"
)

// Times of an answer.
const (
	readWait = 25 * time.Second // that a chunk may take to be made
	sendWait = 30 * time.Second // that a program may take to receive an answer
)

// Volume is a volume as it is now.
type Volume interface {
	// Image is the volume as OME-Zarr; shown asks for the dtype that Neuroglancer's client can show. Its error
	// is a sentence about why there is none.
	Image(ctx context.Context, shown bool) (*omezarr.Image, error)
	// Content names what the volume contains now: the same text, the same content.
	Content(ctx context.Context) (string, error)
	// Read reads the voxels of a chunk, in C order and the axes of the volume. release must be called when they
	// have been sent.
	Read(ctx context.Context, shown bool, file omezarr.File) (voxels []byte, release func(), err error)
}

// Gone is an error of a volume that is not there any more, or that a generation of is not.
type Gone string

// Error implements error.
func (g Gone) Error() string { return string(g) }

// Busy is an error of what cannot be had now, and perhaps in a moment.
type Busy string

// Error implements error.
func (b Busy) Error() string { return string(b) }

// ServeHTTP answers GET, HEAD and OPTIONS of /zarr/<secret>/<generation>/<file>, for pages of any site and
// without a cookie.
//
// What is missing is answered with 404, which programs take for a chunk without content. A chunk that cannot
// be read is none of these: its status is another one, so that nobody takes zeros for what is there.
func (e *Elsewhere) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Accept-Ranges, Content-Encoding, Content-Length, Content-Range, ETag")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Referrer-Policy", "no-referrer") // the address has the secret
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Range, If-None-Match, If-Match, Cache-Control")
		h.Set("Access-Control-Allow-Private-Network", "true")
		h.Set("Access-Control-Max-Age", "3600")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD, OPTIONS")
		http.Error(w, "A volume can be read here, and not be written.", http.StatusMethodNotAllowed)
		return
	}
	e.requests.Add(1)
	status, text := e.serve(w, r)
	if status != 0 {
		if status != http.StatusNotFound || text == noOffer { // programs look for files that need not be there
			e.refused.Add(1)
		}
		if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
			h.Set("Retry-After", "1")
		}
		http.Error(w, text, status)
	}
}

const noOffer = "There is no volume at this address: it has expired, or was taken back. The page of a volume in webmon offers it anew."

// serve answers a request. It returns the status and the text of the answer if there was none.
func (e *Elsewhere) serve(w http.ResponseWriter, r *http.Request) (status int, text string) {
	path, ok := strings.CutPrefix(r.URL.Path, "/zarr/")
	secret, rest, _ := strings.Cut(path, "/")
	generation, file, inside := strings.Cut(rest, "/")
	o := e.find(secret)
	if !ok || o == nil {
		return http.StatusNotFound, noOffer
	}
	defer o.busy.Add(-1)
	if o.busy.Add(1) > maxAnswers {
		return http.StatusTooManyRequests, fmt.Sprintf("%d requests for this volume are being answered: ask for fewer at the same time.", maxAnswers)
	}
	o.used.Store(e.opts.Now().UnixNano())
	at, shown, ok := parseGeneration(generation)
	if !ok || !inside {
		return http.StatusNotFound, "An address of this volume goes on with a generation, such as g1/, or with newest/."
	}
	ctx, cancel := context.WithTimeout(r.Context(), readWait)
	defer cancel()
	v, err := e.opts.Open(o.Source, o.Volume)
	if err != nil {
		return failed(ctx, err)
	}
	// current reports whether the content is still that of the generation.
	current := func() (uint64, error) {
		content, err := v.Content(ctx)
		if err != nil {
			return 0, err
		}
		now := o.at(content)
		if at != 0 && at != now {
			return now, Gone(fmt.Sprintf("The content of %s has changed: this is generation %d, and there is %d now. Open the address of that one, or the one with newest.", o.Volume, at, now))
		}
		return now, nil
	}
	if _, err := current(); err != nil {
		return failed(ctx, err)
	}
	image, err := v.Image(ctx, shown)
	if err != nil {
		return failed(ctx, Gone(err.Error()))
	}
	f, ok := image.Find(file)
	if !ok {
		return http.StatusNotFound, "There is no such file."
	}
	h := w.Header()
	data := f.Metadata
	h.Set("Content-Type", "application/json")
	if data == nil {
		h.Set("Content-Type", "application/octet-stream")
		if r.Method == http.MethodHead {
			h.Set("Content-Length", strconv.Itoa(image.Size(f.Level)))
			h.Set("Accept-Ranges", "bytes")
			return 0, ""
		}
		voxels, release, err := v.Read(ctx, shown, f)
		if err != nil {
			return failed(ctx, err)
		}
		defer release()
		// What was read while the content changed is of no generation.
		if _, err := current(); err != nil {
			return failed(ctx, err)
		}
		if data, err = image.Chunk(f, voxels); err != nil {
			return failed(ctx, err)
		}
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendWait))
	counted := &counter{ResponseWriter: w}
	http.ServeContent(counted, r, "", time.Time{}, bytes.NewReader(data))
	o.bytes.Add(counted.n)
	e.bytes.Add(counted.n)
	return 0, ""
}

// parseGeneration reads what stands for a generation: 0 is the newest one.
func parseGeneration(text string) (n uint64, shown, ok bool) {
	text, shown = strings.CutSuffix(text, asShown)
	if text == newest {
		return 0, shown, true
	}
	digits, ok := strings.CutPrefix(text, "g")
	if !ok || digits == "" || digits[0] < '1' || digits[0] > '9' {
		return 0, false, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, shown, err == nil
}

// failed is the answer to a request that failed.
func failed(ctx context.Context, err error) (status int, text string) {
	var gone Gone
	var busy Busy
	switch {
	case errors.As(err, &gone):
		return http.StatusGone, gone.Error()
	case errors.As(err, &busy):
		return http.StatusServiceUnavailable, busy.Error()
	case errors.Is(ctx.Err(), context.Canceled):
		return http.StatusServiceUnavailable, "Nobody waits for this any more."
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout, "The process did not answer in time."
	}
	return http.StatusInternalServerError, err.Error()
}

// counter counts the bytes of an answer.
type counter struct {
	http.ResponseWriter
	n uint64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.n += uint64(n)
	return n, err
}
