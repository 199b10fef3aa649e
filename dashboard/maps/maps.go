// Package maps is the tab of the maps: annotated stacks followed through time. It has
// their list, their pages, what the scripts of these pages ask for (columns of
// statistics, planes of stacks), and the API of maps for programs.
//
//	all := maps.New(maps.Options{Library: library, Budget: all})
//	for _, route := range all.Routes() { ... }
//
// What a map is, and all that is computed of it, is in shm/maps; the files are the
// business of the [Library]. An opened map is a snapshot that every request shares.
package maps

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"sync"

	"webmon/dashboard/answer"
	"webmon/dashboard/budget"
	"webmon/dashboard/prefix"
	"webmon/dashboard/refusal"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

const slug = "maps"

// Library is where the maps are: a [library.Library]. Its methods are safe for concurrent use.
type Library interface {
	// List returns the maps in the order in which people see them, at once.
	List() []library.Entry
	// Notes say what of the folders was not looked at, a sentence each, and Gone what became of a map that was there
	// before, "" for any other. News grows with everything that List and Notes tell.
	Notes() []string
	Gone(key string) string
	News() uint64
	// Open returns a map, which it loads if nobody has used it for a while. The
	// error wraps [library.ErrUnknown] if there is none of that key, [library.ErrColumns] if
	// which column is what has to be said first, or says in one sentence why the map cannot be
	// read.
	Open(ctx context.Context, key string) (library.Opened, error)
	// Each opens many maps, as [library.Library.Each] does.
	Each(ctx context.Context, keys []string, do func(i int, o library.Opened) error) []error
	// Image opens the images of a channel, counted from 1, of a session. The error
	// wraps [library.ErrNoImage] if the session has none, or says in one sentence why they
	// cannot be read. Release must be called.
	Image(ctx context.Context, key string, session, channel int) (library.Image, error)
	// Channels lists the channels of a session that have images. It opens no file.
	Channels(key string, session int) []int
	// Zip writes the files of a map as they would be saved.
	Zip(ctx context.Context, key string, w io.Writer) error
	// Put takes a zip with a map in, under a key that no other map has. The error is
	// one sentence that says what of it is refused.
	Put(ctx context.Context, key string, zip io.ReaderAt, size int64) error
	// Accepts is the folder into which Put writes; "" if there is none.
	Accepts() string
	// Columns is what is known of the columns of a table of points, and SetColumns says which of
	// them is what.
	Columns(key string) (library.Columns, error)
	SetColumns(key string, c maps.Columns) error
	// Size is how many bytes of memory the opened maps take.
	Size() (bytes, limit int64)
	// Stats count what there is.
	Stats() library.Stats
}

// Options are what the maps are made of.
type Options struct {
	Library Library
	Prefix  *prefix.Prefix // of every address; nil: none
	Budget  *budget.Budget // nil: one of 1 GiB
	Logger  *slog.Logger   // nil: slog.Default()
	Faults  *fault.Ledger  // told of what panics; may be nil
	Editor  Editor         // nil: maps are not edited
	// Together makes the feed of the room of a map, a [together.Topic]; nil: nobody looks at maps
	// together.
	Together tab.NewFeed
	// Attach makes the images of a map a source; see [source.Registry.Attach]. nil: they are none.
	Attach func(context.Context, source.Target) (*source.Source, error)
	// Of returns the source that an adapter belongs to, nil if there is none.
	Of func(shm.Source) *source.Source
	// Changed is told what somebody did to a map, and why it was refused if it was; may be nil.
	Changed func(ctx context.Context, name, to string, err error)
}

// Maps has the pages and answers. Its methods are safe for concurrent use.
type Maps struct {
	opts   Options
	texts  *answer.Answers // JSON, CSV, columns
	files  *answer.Answers // zips, pictures: each may need a whole processor
	held   *budget.Account // the opened maps
	kept   *budget.Cache   // projections, contrasts and small pictures
	making making

	sources sources
	listed  cards
	mu      sync.Mutex // of those who count what is held
}

// New returns the maps.
func New(opts Options) *Maps {
	if opts.Budget == nil {
		opts.Budget = budget.New(1 << 30)
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	slots := max(2, runtime.GOMAXPROCS(0))
	volumes := opts.Budget.Volumes
	return &Maps{
		opts:  opts,
		texts: answer.New(opts.Budget.Answers, 2*slots),
		files: answer.New(opts.Budget.Answers, slots),
		held:  volumes.Part("opened maps", volumes.Limit()),
		kept:  budget.NewCache(volumes.Part("pictures of maps", volumes.Limit()/4)),
	}
}

// Uses are what is kept of maps.
func (m *Maps) Uses() []budget.Use {
	m.count()
	return []budget.Use{m.held.Use(), m.kept.Use()}
}

// Stats count what there is of maps.
type Stats struct {
	library.Stats
	Sources int // maps whose images are a source now
}

// Stats counts what there is now.
func (m *Maps) Stats() Stats {
	s := Stats{Stats: m.opts.Library.Stats()}
	for _, a := range m.sources.list() {
		if src := m.opts.Of(a); src != nil && src.Running() {
			s.Sources++
		}
	}
	return s
}

// count counts the maps that are open, of which the library forgets some by itself.
func (m *Maps) count() {
	m.mu.Lock()
	defer m.mu.Unlock()
	bytes, _ := m.opts.Library.Size()
	m.held.Add(bytes - m.held.Used())
}

// Failure is the error of a request: its HTTP status, and a sentence.
type Failure struct {
	Status int
	Text   string
	cause  error // nil: the sentence says all
}

// Error implements error.
func (f *Failure) Error() string { return f.Text }

// Unwrap returns what the failure came of.
func (f *Failure) Unwrap() error { return f.cause }

func missing(format string, args ...any) error {
	return &Failure{Status: http.StatusNotFound, Text: fmt.Sprintf(format, args...)}
}

// refuse refuses a parameter of a request, with the reason.
func refuse(field, format string, args ...any) error {
	return &refusal.Error{Field: field, Text: natural.Sentence(fmt.Sprintf(format, args...))}
}

// open returns the map of a key; its error is an answer.
func (m *Maps) open(ctx context.Context, key string) (library.Opened, error) {
	o, err := m.opts.Library.Open(ctx, key)
	m.count()
	switch {
	case errors.Is(err, library.ErrUnknown):
		if text := m.opts.Library.Gone(key); text != "" {
			return o, &Failure{Status: http.StatusGone, Text: text}
		}
		return o, missing("There is no map %.80q.", key)
	case err != nil && ctx.Err() != nil:
		return o, ctx.Err()
	case err != nil:
		return o, &Failure{http.StatusUnprocessableEntity, natural.Sentence(err.Error()), err}
	}
	return o, nil
}

// entry returns the map of a key as the list has it.
func (m *Maps) entry(key string) (library.Entry, bool) {
	for _, e := range m.opts.Library.List() {
		if e.Key == key {
			return e, true
		}
	}
	return library.Entry{}, false
}

// Route is an address of the maps, as the dashboard's own routes are written.
type Route struct {
	Method, Path string
	// Serve answers a request. Its path values are those of the path. Its error is a
	// *Failure, a *refusal.Error, a *answer.Busy, or a fault of webmon's own.
	Serve func(w http.ResponseWriter, r *http.Request) error
}

// Routes are all addresses but those of the pages.
func (m *Maps) Routes() []Route {
	const at, page = "/api/v1/maps", "/maps/:map"
	return append(m.editRoutes(), []Route{
		{"GET", at, m.getList},
		{"GET", at + ".csv", m.getList},
		{"GET", at + "/:map", m.getMap},
		{"PUT", at + "/:map", m.putMap},
		{"GET", at + "/:map/:what", m.getPart},
		{"GET", "/api/v1/pools/:pool/values", m.getPoolValues},
		{"GET", "/api/v1/pools/:pool/values.csv", m.getPoolValues},
		{"GET", "/pools/:pool/figure.svg", m.getPoolFigure},
		{"GET", "/pools/:pool/figure.png", m.getPoolFigure},
		{"GET", page + "/columns", m.getColumns},
		{"GET", page + "/tracings", m.getTracings},
		{"GET", page + "/images", m.getImages},
		{"GET", page + "/plane", m.getPlane},
		{"GET", page + "/planes", m.getPlanes},
		{"GET", page + "/plane.png", m.getPlanePNG},
		{"GET", page + "/picture.png", m.getPicture},
		{"GET", page + "/figures/:report", m.getReport},
	}...)
}

// fresh sets the headers of an answer that changes with the tag, and reports whether
// the client has that one already: then it has been told so.
func fresh(w http.ResponseWriter, r *http.Request, keep string, parts ...string) bool {
	h := fnv.New128a()
	for _, part := range parts {
		_, _ = io.WriteString(h, part)
		_, _ = h.Write([]byte{0})
	}
	tag := fmt.Sprintf(`"%x"`, h.Sum(nil))
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", keep)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	return false
}

// askAgain lets a browser keep an answer that it asks about each time.
const askAgain = "private, no-cache"

// send makes a body, and sends it with its type and the headers that are set.
func (m *Maps) send(w http.ResponseWriter, r *http.Request, of *answer.Answers, kind string, guess int64, write func(*answer.Body) error) error {
	body, err := of.Make(r.Context(), guess, write)
	if err != nil {
		w.Header().Del("ETag")
		w.Header().Del("Cache-Control")
		return err
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	if err := body.Send(w); err != nil {
		m.opts.Logger.Debug("answer not sent", "path", r.URL.Path, "error", err)
	}
	return nil
}
