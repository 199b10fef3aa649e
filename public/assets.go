// Package public holds what browsers load: the style sheet, the bundled
// JavaScript and the pinned third-party scripts, embedded in the binary and
// served under names that carry a hash of their content, so that a browser may
// keep them for ever and never sees an old one.
//
// It is not a file server: only the files listed in its table exist.
//
//	assets, err := public.New(prefix) // "/lab"
//	...
//	assets.URL("app.css")  // "/lab/assets/app-1b2c3d4e.css"
//	mux.Handle("/lab/assets/", assets.Handler())
package public

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Only what is built is embedded; sources and licences of single packages stay
// out of the binary (licences.txt holds their texts).
//
//go:embed css/app.css img/icon.svg js/dist/*.js vendor/licences.txt
var files embed.FS

// contentTypes of the kinds of file there are, by extension. They are written
// down because the system's own table differs between machines.
var contentTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
	".wasm": "application/wasm",
}

// hashedByBuild matches the chunks that app.js imports by relative names: the
// bundler has put a hash of their content into them already.
var hashedByBuild = regexp.MustCompile(`-[A-Z2-7]{8}\.js$`)

// Assets is the set of files, ready to serve. The files do not change once made.
type Assets struct {
	prefix  fmt.Stringer        // of every URL, "" or like "/lab"
	version string              // 16 hex digits over all files
	names   map[string]string   // "app.css" -> "app-1b2c3d4e.css"
	files   map[string]*asset   // by the name in the URL
	modules map[string][]string // "charts" -> the names in URLs of what it imports, and of itself
}

// asset is one file in the forms a browser may ask for.
type asset struct {
	plain       []byte
	contentType string
	gzipped     func() []byte // at the highest level, made once: browsers take brotli over https alone, and it saves a seventh more
}

// New reads the embedded files. prefix stands before every URL, "" or a path
// like "/lab" without a slash at its end; it is asked each time.
func New(prefix fmt.Stringer) (*Assets, error) {
	a := &Assets{
		prefix:  prefix,
		names:   make(map[string]string),
		files:   make(map[string]*asset),
		modules: make(map[string][]string),
	}
	all := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		plain, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		base, ext := path.Base(name), path.Ext(name)
		contentType, ok := contentTypes[ext]
		if !ok {
			return fmt.Errorf("%s: no content type for %q", name, ext)
		}
		sum := sha256.Sum256(plain)
		all.Write(sum[:])
		hashed := base
		if !hashedByBuild.MatchString(base) {
			hashed = strings.TrimSuffix(base, ext) + "-" + hex.EncodeToString(sum[:4]) + ext
		}
		if _, twice := a.names[base]; twice {
			return fmt.Errorf("%s: a second file of that name", name)
		}
		a.names[base] = hashed
		a.files[hashed] = &asset{
			plain:       plain,
			contentType: contentType,
			gzipped:     gzipped(sum, plain),
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the embedded assets: %w", err)
	}
	a.version = hex.EncodeToString(all.Sum(nil)[:8])
	for name := range a.files {
		if short := hashOf.ReplaceAllString(name, ""); strings.HasSuffix(name, ".js") && !strings.HasPrefix(name, "chunk-") {
			a.modules[short] = a.imports(name, nil)
		}
	}
	return a, nil
}

// hashOf matches the end of a file's name in a URL, of which what stands before is the name of a module.
var hashOf = regexp.MustCompile(`-([A-Z2-7]{8}|[0-9a-f]{8})\.js$`)

// staticImport matches an import that a browser follows before it runs the importing module, as esbuild writes it. An
// import that waits until it is needed has a parenthesis.
var staticImport = regexp.MustCompile(`\b(?:from|import)"\./([A-Za-z0-9_-]+\.js)"`)

// imports appends to list the names of a file and of all that it imports, each once, what is imported first.
func (a *Assets) imports(name string, list []string) []string {
	if a.files[name] == nil || slices.Contains(list, name) {
		return list
	}
	for _, found := range staticImport.FindAllSubmatch(a.files[name].plain, -1) {
		list = a.imports(string(found[1]), list)
	}
	return append(list, name)
}

// Modules returns the addresses of all files that a browser needs to run some of the page's modules, such as "app" and "charts",
// each once. Names that are none add nothing. A page that names them when it begins saves the browser from finding them out one after
// another, a round trip for each.
func (a *Assets) Modules(names ...string) []string {
	var urls []string
	for _, module := range names {
		for _, name := range a.modules[module] {
			if url := a.prefix.String() + "/assets/" + name; !slices.Contains(urls, url) {
				urls = append(urls, url)
			}
		}
	}
	return urls
}

// compressed are the files of the program, each compressed once for all sets that have it: by the SHA-256 of its content, functions
// that return a []byte.
var compressed sync.Map

// gzipped returns what returns the compressed form of a file.
func gzipped(sum [sha256.Size]byte, plain []byte) func() []byte {
	made, _ := compressed.LoadOrStore(sum, sync.OnceValue(func() []byte { return compress(plain) }))
	return made.(func() []byte)
}

// Compress makes the compressed form of every file, the small ones first, until ctx is done. It takes a tenth of a second, which
// otherwise the first browser would wait for.
func (a *Assets) Compress(ctx context.Context) {
	all := slices.Collect(maps.Values(a.files))
	slices.SortFunc(all, func(a, b *asset) int { return len(a.plain) - len(b.plain) })
	for _, file := range all {
		if ctx.Err() != nil {
			return
		}
		file.gzipped()
	}
}

// URL returns the address of the file called name, such as "app.css". The
// address of a name that does not exist answers 404.
func (a *Assets) URL(name string) string {
	if hashed, ok := a.names[name]; ok {
		name = hashed
	}
	return a.prefix.String() + "/assets/" + name
}

// Version tells one set of files from another: 16 hex digits. A page that
// finds another version in the server than its own loads itself again.
func (a *Assets) Version() string { return a.version }

// Handler serves the files, whatever path it is mounted at: the last part of
// the URL's path names the file.
func (a *Assets) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, ok := a.files[path.Base(r.URL.Path)]
		if !servable(w, r, ok) {
			return
		}
		body := file.plain
		header := w.Header()
		header.Set("Content-Type", file.contentType)
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
		header.Set("Vary", "Accept-Encoding")
		if AcceptsGzip(r.Header.Get("Accept-Encoding")) {
			body = file.gzipped()
			header.Set("Content-Encoding", "gzip")
		}
		header.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method == http.MethodGet {
			// A browser that went away is nobody's error.
			_, _ = w.Write(body)
		}
	})
}

// servable reports whether a request for a file can be answered with it. If not, it
// has been refused.
func servable(w http.ResponseWriter, r *http.Request, exists bool) bool {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	if !exists {
		// Not kept: after an update a page may ask an old server for a new name.
		header.Set("Cache-Control", "no-store")
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return false
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "Files can only be read.", http.StatusMethodNotAllowed)
		return false
	}
	return true
}

// AcceptsGzip reports whether the Accept-Encoding header names gzip and does
// not forbid it with q=0.
func AcceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, parameters, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		q, found := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !found || (err == nil && weight > 0)
	}
	return false
}

func compress(plain []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(plain) // a bytes.Buffer takes everything
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("public: gzip into memory: " + err.Error()) // cannot happen
	}
	return b.Bytes()
}
