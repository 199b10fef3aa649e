package public

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// client asks Neuroglancer's handler below a prefix.
func client(t *testing.T, method, name string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "/lab/v/0123abcd/"+name, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Neuroglancer().ServeHTTP(w, r)
	return w.Result()
}

func TestNeuroglancerServesWhatIsVendored(t *testing.T) {
	entries, err := os.ReadDir("vendor/neuroglancer")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{
		".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".wasm": "application/wasm",
	}
	total := 0
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".gz")
		t.Run(name, func(t *testing.T) {
			vendored, err := os.ReadFile("vendor/neuroglancer/" + entry.Name())
			if err != nil {
				t.Fatal(err)
			}
			total += len(vendored)
			packed := client(t, "GET", name, "Accept-Encoding", "gzip, br")
			body, _ := io.ReadAll(packed.Body)
			if packed.StatusCode != 200 || !bytes.Equal(body, vendored) {
				t.Fatalf("status %d and %d bytes, want 200 and the %d that are vendored", packed.StatusCode, len(body), len(vendored))
			}
			if got := packed.Header.Get("Content-Encoding"); got != "gzip" {
				t.Errorf("content encoding %q, want gzip", got)
			}
			plain := client(t, "GET", name)
			unpacked, _ := io.ReadAll(plain.Body)
			r, err := gzip.NewReader(bytes.NewReader(vendored))
			if err != nil {
				t.Fatal(err)
			}
			want, err := io.ReadAll(r)
			if err != nil || plain.StatusCode != 200 || !bytes.Equal(unpacked, want) {
				t.Errorf("without gzip: status %d and %d bytes, want 200 and %d (error %v)", plain.StatusCode, len(unpacked), len(want), err)
			}
			if got := plain.Header.Get("Content-Encoding"); got != "" {
				t.Errorf("without gzip: content encoding %q", got)
			}
			wantCache := "public, max-age=31536000, immutable"
			if name == "index.html" {
				wantCache = "no-cache"
			}
			for form, response := range map[string]*http.Response{"gzip": packed, "plain": plain} {
				if got := response.Header.Get("Content-Type"); got != types[path.Ext(name)] || got == "" {
					t.Errorf("%s: content type %q", form, got)
				}
				if got := response.Header.Get("Cache-Control"); got != wantCache {
					t.Errorf("%s: cache control %q, want %q", form, got, wantCache)
				}
				if got := response.Header.Get("Vary"); got != "Accept-Encoding" {
					t.Errorf("%s: varies by %q", form, got)
				}
			}
			if got := plain.Header.Get("Content-Length"); got != strconv.Itoa(len(want)) {
				t.Errorf("without gzip: content length %s, want %d", got, len(want))
			}
			if one, two := packed.Header.Get("ETag"), plain.Header.Get("ETag"); one == two || one == "" || two == "" {
				t.Errorf("the forms have the tags %s and %s, want two", one, two)
			}
			if head := client(t, "HEAD", name, "Accept-Encoding", "gzip"); head.Header.Get("Content-Length") != strconv.Itoa(len(vendored)) {
				t.Errorf("HEAD: content length %s, want %d", head.Header.Get("Content-Length"), len(vendored))
			}
			for _, tags := range []string{plain.Header.Get("ETag"), "W/" + plain.Header.Get("ETag"), `"a", ` + plain.Header.Get("ETag"), "*"} {
				if got := client(t, "GET", name, "If-None-Match", tags); got.StatusCode != http.StatusNotModified {
					t.Errorf("If-None-Match %s: status %d, want 304", tags, got.StatusCode)
				}
			}
			if got := client(t, "GET", name, "If-None-Match", packed.Header.Get("ETag")); got.StatusCode != 200 {
				t.Errorf("the tag of the other form: status %d, want 200", got.StatusCode)
			}
		})
	}
	// What the program may grow by is 2 MB, of which the licences need a little.
	if total == 0 || total > 1_800_000 {
		t.Errorf("the client has %d bytes", total)
	}
}

func TestNeuroglancerRefuses(t *testing.T) {
	tests := []struct {
		name, method, file string
		want               int
	}{
		{"unknown", "GET", "main.js", 404},
		{"compressed name", "GET", "index.html.gz", 404},
		{"not of the client", "GET", "htmx.js", 404},
		{"post", "POST", "index.html", 405},
		{"post to the page", "POST", "", 405},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := client(t, test.method, test.file)
			if got.StatusCode != test.want {
				t.Errorf("status %d, want %d", got.StatusCode, test.want)
			}
			if cache := got.Header.Get("Cache-Control"); strings.Contains(cache, "immutable") {
				t.Errorf("a refusal may be kept: cache control %q", cache)
			}
		})
	}
}

// The page has nothing that webmon's policy forbids, and all that it asks for is there.
func TestNeuroglancerPage(t *testing.T) {
	response := client(t, "GET", "")
	page, _ := io.ReadAll(response.Body)
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("status %d and type %q", response.StatusCode, response.Header.Get("Content-Type"))
	}
	if bad := regexp.MustCompile(`(?i)<style|style=|<script[^>]*>[^<]|\son[a-z]+=|//`).Find(page); bad != nil {
		t.Errorf("the page has %q", bad)
	}
	files := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllSubmatch(page, -1)
	if len(files) != 3 {
		t.Errorf("the page asks for %d files, want a script, a style sheet and an icon", len(files))
	}
	for _, m := range files {
		if got := client(t, "GET", string(m[1])); got.StatusCode != 200 {
			t.Errorf("%s: status %d", m[1], got.StatusCode)
		}
	}
	if got := client(t, "GET", "icon.svg").Header.Get("Content-Type"); got != "image/svg+xml" {
		t.Errorf("the icon has the type %q", got)
	}
}

// No script of the client makes code from text, which the policy forbids: what it does
// not need is caught, but what it needs is missing without a word.
func TestNeuroglancerMakesNoCode(t *testing.T) {
	eval := regexp.MustCompile(`\b(?:Function\(.{0,20}|eval\(.{0,20})`)
	scripts := 0
	for name := range neuroglancerTable() {
		if path.Ext(name) != ".js" {
			continue
		}
		scripts++
		body, _ := io.ReadAll(client(t, "GET", name).Body)
		for _, found := range eval.FindAll(body, -1) {
			// The last of several ways to the global object, which is never reached.
			if !bytes.HasPrefix(found, []byte(`Function("return this")`)) {
				t.Errorf("%s has %s", name, found)
			}
		}
	}
	if scripts < 3 {
		t.Errorf("there are %d scripts", scripts)
	}
}

// The version that is told is the one that the recipe pins.
func TestNeuroglancerIsWhatTheRecipePins(t *testing.T) {
	text, err := os.ReadFile("../.ci/neuroglancer/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var recipe struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal(text, &recipe); err != nil {
		t.Fatal(err)
	}
	versions, err := os.ReadFile("vendor/VERSIONS")
	if err != nil {
		t.Fatal(err)
	}
	if want := "neuroglancer " + recipe.Dependencies["neuroglancer"] + " Apache-2.0\n"; !strings.Contains(string(versions), want) {
		t.Errorf("vendor/VERSIONS does not have %q", want)
	}
	lock, err := os.ReadFile("../.ci/neuroglancer/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte(`"resolved"`)) || !bytes.Contains(lock, []byte(`"integrity": "sha512-`)) {
		t.Error("the recipe's lock should have checksums and no addresses")
	}
}
