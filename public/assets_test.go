package public

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fixed is a prefix that stays as it is.
type fixed string

func (p fixed) String() string { return string(p) }

func newAssets(t *testing.T, prefix string) *Assets {
	t.Helper()
	a, err := New(fixed(prefix))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// get serves one request and returns the response.
func get(a *Assets, method, url, encoding string) *http.Response {
	r := httptest.NewRequest(method, url, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestAssets(t *testing.T) {
	a := newAssets(t, "/lab")
	tests := []struct{ name, contentType string }{
		{"app.css", "text/css; charset=utf-8"},
		{"app.js", "text/javascript; charset=utf-8"},
		{"early.js", "text/javascript; charset=utf-8"},
		{"htmx.js", "text/javascript; charset=utf-8"},
		{"icon.svg", "image/svg+xml"},
		{"licences.txt", "text/plain; charset=utf-8"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			url := a.URL(test.name)
			ext := filepath.Ext(test.name)
			want := `^/lab/assets/` + regexp.QuoteMeta(strings.TrimSuffix(test.name, ext)) + `-[0-9a-f]{8}\` + ext + `$`
			if !regexp.MustCompile(want).MatchString(url) {
				t.Errorf("URL is %q, want it to match %s", url, want)
			}
			plain := get(a, "GET", url, "")
			body, _ := io.ReadAll(plain.Body)
			if plain.StatusCode != 200 || len(body) == 0 {
				t.Fatalf("GET %s: status %d, %d bytes", url, plain.StatusCode, len(body))
			}
			if got := plain.Header.Get("Content-Type"); got != test.contentType {
				t.Errorf("content type %q, want %q", got, test.contentType)
			}
			if got := plain.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
				t.Errorf("cache control %q, want immutable", got)
			}
			packed := get(a, "GET", url, "br, gzip;q=0.8")
			if got := packed.Header.Get("Content-Encoding"); got != "gzip" {
				t.Fatalf("content encoding %q, want gzip", got)
			}
			r, err := gzip.NewReader(packed.Body)
			if err != nil {
				t.Fatal(err)
			}
			unpacked, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(unpacked, body) {
				t.Errorf("unpacked body differs from the plain one (error %v)", err)
			}
			head := get(a, "HEAD", url, "")
			if got, _ := io.ReadAll(head.Body); head.StatusCode != 200 || len(got) != 0 {
				t.Errorf("HEAD: status %d with %d bytes, want 200 with none", head.StatusCode, len(got))
			}
		})
	}
}

func TestAssetsRefused(t *testing.T) {
	a := newAssets(t, "")
	tests := []struct {
		name, method, url string
		want              int
	}{
		{"unknown", "GET", "/assets/nothing-00000000.js", 404},
		{"without hash", "GET", "/assets/app.js", 404},
		{"folder", "GET", "/assets/", 404},
		{"source", "GET", "/assets/assets.go", 404},
		{"upwards", "GET", "/assets/../go.mod", 404},
		{"post", "POST", a.URL("app.js"), 405},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := get(a, test.method, test.url, "gzip")
			if got.StatusCode != test.want {
				t.Errorf("status %d, want %d", got.StatusCode, test.want)
			}
			if cache := got.Header.Get("Cache-Control"); strings.Contains(cache, "immutable") {
				t.Errorf("a refusal may be kept: cache control %q", cache)
			}
		})
	}
}

func TestAcceptsGzip(t *testing.T) {
	tests := []struct {
		header string
		want   bool
	}{
		{"", false},
		{"gzip", true},
		{"deflate, GZIP", true},
		{"gzip;q=0", false},
		{"gzip; q=0.5", true},
		{"gzip;q=x", false},
		{"xgzip", false},
	}
	for _, test := range tests {
		if got := AcceptsGzip(test.header); got != test.want {
			t.Errorf("AcceptsGzip(%q) = %v, want %v", test.header, got, test.want)
		}
	}
}

// A chunk is imported by the name the bundler gave it, so that name must be
// the one it is served under.
func TestChunks(t *testing.T) {
	a := newAssets(t, "")
	imported := regexp.MustCompile(`["']\./([A-Za-z0-9_-]+\.js)["']`)
	for name, file := range a.files {
		if !strings.HasSuffix(name, ".js") {
			continue
		}
		for _, match := range imported.FindAllSubmatch(file.plain, -1) {
			if _, ok := a.files[string(match[1])]; !ok {
				t.Errorf("%s imports %s, which is not served under that name", name, match[1])
			}
		}
	}
}

// What others wrote is exactly what was pinned, and its licences are there.
func TestVendor(t *testing.T) {
	sums, err := os.Open("vendor/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	defer sums.Close()
	listed := make(map[string]bool)
	for lines := bufio.NewScanner(sums); lines.Scan(); {
		want, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			t.Fatalf("vendor/SHA256SUMS: cannot read %q", lines.Text())
		}
		listed[name] = true
		data, err := os.ReadFile(filepath.Join("vendor", name))
		if err != nil {
			t.Errorf("listed but missing: %v", err)
			continue
		}
		sum := sha256.Sum256(data)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("vendor/%s has changed: sha256 %s, pinned %s", name, got, want)
		}
	}

	notPinned := []string{"SHA256SUMS", "VERSIONS", "echarts.entry.js"} // our own
	err = filepath.WalkDir("vendor", func(path string, entry os.DirEntry, err error) error {
		name, _ := filepath.Rel("vendor", path)
		name = filepath.ToSlash(name)
		if err == nil && !entry.IsDir() && !listed[name] && !slices.Contains(notPinned, name) {
			t.Errorf("vendor/%s is not in SHA256SUMS", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}

	versions, err := os.ReadFile("vendor/VERSIONS")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(versions)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) != 3 {
			t.Errorf("vendor/VERSIONS: want name, version and licence, got %q", line)
			continue
		}
		text := fields[0]
		if text == "hx-ws" {
			text = "htmx" // a part of htmx's package
		}
		if !listed["licences/"+text+".txt"] {
			t.Errorf("%s has no licence text in vendor/licences", fields[0])
		}
	}
}

// Over a long line a page takes a round trip for each file that it finds out about after another, and browsers ask for
// six at a time: the files of a page are few, and all are known when it begins.
func TestModules(t *testing.T) {
	a := newAssets(t, "/lab")
	for _, test := range []struct {
		name  string
		files int
	}{
		{"app", 2}, {"charts", 3}, {"arrays", 3}, {"columns", 4}, {"viewer", 3}, {"canvas", 2}, {"sections", 2}, {"models", 3}, {"maps", 3}, {"find", 3},
		{"volumes", 2}, {"film", 2}, {"plot", 4}, {"temml", 1}, {"nothing", 0}, {"chunk", 0},
	} {
		got := a.Modules(test.name)
		if len(got) > test.files || (len(got) == 0) != (test.files == 0) {
			t.Errorf("%s needs %d files, want %d at most: import shared.js first in what is loaded when it is needed: %q", test.name, len(got), test.files, got)
		}
		for i, url := range got {
			if res := get(a, "GET", url, ""); res.StatusCode != 200 || slices.Contains(got[:i], url) {
				t.Errorf("%s: %s has status %d, or is there twice", test.name, url, res.StatusCode)
			}
		}
	}
	both := a.Modules("app", "charts", "app")
	if want := len(a.Modules("app")) + 2; len(both) != want {
		t.Errorf("app and charts need %d files together, want %d: %q", len(both), want, both)
	}
	// Whatever else is a module is named here, or was forgotten.
	for name := range a.modules {
		if len(a.Modules(name)) == 0 {
			t.Errorf("the module %s has no files", name)
		}
	}
	if got := strings.Join(a.Modules("charts"), " "); !regexp.MustCompile(`/lab/assets/charts-[A-Z2-7]{8}\.js$`).MatchString(got) {
		t.Errorf("what charts imports comes before it: %s", got)
	}
}

// Nothing a page loads may ask another host for anything.
func TestNoForeignAddresses(t *testing.T) {
	a := newAssets(t, "")
	// Names of XML namespaces and of documentation are addresses nobody fetches.
	loads := regexp.MustCompile(`(?i)(?:url\(|@import|import\(|from\s*|src=|fetch\()\s*["'(]?\s*(?:https?:)?//[a-z]`)
	for name, file := range a.files {
		if strings.HasSuffix(name, ".txt") {
			continue
		}
		if found := loads.Find(file.plain); found != nil {
			t.Errorf("%s loads from elsewhere: %s", name, found)
		}
	}
}
