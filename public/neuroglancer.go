package public

import (
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Neuroglancer's client is embedded as it was compressed when it was vendored.
//
//go:embed vendor/neuroglancer/*.gz
var neuroglancer embed.FS

const neuroglancerFolder = "vendor/neuroglancer/"

// hashedByRspack matches the names that hold a hash of what the file was built of.
var hashedByRspack = regexp.MustCompile(`-[0-9a-f]{8}\.[a-z]+$`)

// packed is what is known of a compressed file that is embedded.
type packed struct {
	name         string // in neuroglancer
	contentType  string
	sum          string // 32 hex digits, of the compressed bytes
	size, gzSize int64  // bytes, unpacked and compressed
}

// neuroglancerTable is by the name in the URL. Every file that is embedded is in it,
// as a test checks.
var neuroglancerTable = sync.OnceValue(func() map[string]packed {
	table := make(map[string]packed)
	entries, _ := fs.ReadDir(neuroglancer, strings.TrimSuffix(neuroglancerFolder, "/"))
	for _, entry := range entries {
		full := neuroglancerFolder + entry.Name()
		data, err := neuroglancer.ReadFile(full)
		name := strings.TrimSuffix(entry.Name(), ".gz")
		contentType, known := contentTypes[path.Ext(name)]
		if err != nil || !known || len(data) < 4 {
			continue
		}
		sum := sha256.Sum256(data)
		table[name] = packed{
			name:        full,
			contentType: contentType,
			sum:         hex.EncodeToString(sum[:16]),
			size:        int64(binary.LittleEndian.Uint32(data[len(data)-4:])), // as gzip ends
			gzSize:      int64(len(data)),
		}
	}
	return table
})

// Neuroglancer returns the handler of Neuroglancer's client: the page that it runs
// in, and what the page loads. It can be mounted at any path that ends in a slash,
// where the page is; all addresses in it are relative, and what follows the path's
// last slash names the file.
//
// The client speaks to the addresses of Neuroglancer's Python package, relative to
// the part of the page's address that is before "/v/". It needs no more of a
// Content-Security-Policy than script-src, style-src and connect-src 'self' and
// img-src data:, except to decode blosc, zstd, PNG and Draco, which are WebAssembly
// and need 'wasm-unsafe-eval' in the answers for the scripts.
func Neuroglancer() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		switch name {
		case "":
			name = "index.html"
		case "icon.svg":
			serveIcon(w, r)
			return
		}
		file, ok := neuroglancerTable()[name]
		if !servable(w, r, ok) {
			return
		}
		header := w.Header()
		header.Set("Content-Type", file.contentType)
		header.Set("Vary", "Accept-Encoding")
		if hashedByRspack.MatchString(name) {
			header.Set("Cache-Control", "public, max-age=31536000, immutable")
		} else {
			header.Set("Cache-Control", "no-cache")
		}
		compressed := AcceptsGzip(r.Header.Get("Accept-Encoding"))
		tag, size := `"`+file.sum+`"`, file.size
		if compressed {
			tag, size = `"`+file.sum+`-gzip"`, file.gzSize
		}
		header.Set("ETag", tag)
		if matches(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if compressed {
			header.Set("Content-Encoding", "gzip")
		}
		header.Set("Content-Length", strconv.FormatInt(size, 10))
		if r.Method == http.MethodHead {
			return
		}
		content, err := neuroglancer.Open(file.name)
		if err != nil {
			return // not of a file that is embedded
		}
		defer content.Close()
		body := io.Reader(content)
		if !compressed {
			if body, err = gzip.NewReader(content); err != nil {
				return // as above
			}
		}
		// A browser that went away is nobody's error.
		_, _ = io.Copy(w, body)
	})
}

// serveIcon answers with webmon's own icon, without which a browser asks for one at
// the root of the host, where somebody else may be.
func serveIcon(w http.ResponseWriter, r *http.Request) {
	icon, err := files.ReadFile("img/icon.svg")
	if !servable(w, r, err == nil) {
		return
	}
	header := w.Header()
	header.Set("Content-Type", contentTypes[".svg"])
	header.Set("Cache-Control", "no-cache")
	header.Set("Content-Length", strconv.Itoa(len(icon)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(icon)
	}
}

// matches reports whether an If-None-Match header names the tag. Proxies that
// compress make a tag weak, which is as good here.
func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == tag {
			return true
		}
	}
	return false
}
