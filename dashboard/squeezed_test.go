package dashboard

import (
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestSqueezing(t *testing.T) {
	page := strings.Repeat("<p>a page</p>", 1000)
	far := map[string]string{"Accept-Encoding": "gzip, deflate, br"}
	with := func(name, value string) map[string]string {
		all := map[string]string{name: value}
		for name, value := range far {
			if _, ok := all[name]; !ok {
				all[name] = value
			}
		}
		return all
	}
	html := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Length", fmt.Sprint(len(page)))
		io.WriteString(w, page)
	}
	typed := func(kind, name, value string, pieces ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			if name != "" {
				w.Header().Set(name, value)
			}
			for _, p := range pieces {
				io.WriteString(w, p)
			}
		}
	}
	short := page[:1000]
	for _, test := range []struct {
		name     string
		from     string
		header   map[string]string
		handler  http.HandlerFunc
		squeezed bool
		vary     bool
		want     string
	}{
		{"a page", "192.0.2.7:1", far, html, true, true, page},
		{"on this machine", "127.0.0.1:1", far, html, false, true, page},
		{"on this machine, IPv6", "[::1]:1", far, html, false, true, page},
		{"through a proxy on this machine", "127.0.0.1:1", with("X-Forwarded-For", "192.0.2.7"), html, true, true, page},
		{"a client that does not take it", "192.0.2.7:1", nil, html, false, true, page},
		{"a client that forbids it", "192.0.2.7:1", with("Accept-Encoding", "gzip;q=0"), html, false, true, page},
		{"typed into the browser", "192.0.2.7:1", with("Sec-Fetch-Site", "none"), html, true, true, page},
		{"asked for by a page", "192.0.2.7:1", with("Sec-Fetch-Site", "same-origin"), html, true, true, page},
		// The size of a compressed answer must tell other pages nothing.
		{"asked for by another site", "192.0.2.7:1", with("Sec-Fetch-Site", "cross-site"), html, false, true, page},
		{"asked for by another port", "192.0.2.7:1", with("Sec-Fetch-Site", "same-site"), html, false, true, page},
		{"a part of it", "192.0.2.7:1", with("Range", "bytes=0-99"), html, false, true, page},
		{"no length, in pieces", "192.0.2.7:1", far, typed("application/json", "", "", page[:600], page[600:1300], page[1300:]), true, true, page},
		{"short, no length", "192.0.2.7:1", far, typed("application/json", "", "", short[:10], short[10:]), false, true, short},
		{"short", "192.0.2.7:1", far, typed("text/csv", "Content-Length", "1000", short), false, true, short},
		{"nothing", "192.0.2.7:1", far, typed("text/csv", "", ""), false, false, ""},
		{"compressed already", "192.0.2.7:1", far, typed("text/html", "Content-Encoding", "br", page), false, false, page},
		{"with a tag", "192.0.2.7:1", far, typed("text/html", "ETag", `"1"`, page), false, false, page},
		{"a picture", "192.0.2.7:1", far, typed("image/png", "", "", page), false, false, page},
		{"events", "192.0.2.7:1", far, typed("text/event-stream", "", "", page), false, false, page},
		{"of no type", "192.0.2.7:1", far, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<!DOCTYPE html>"+page) }, true, true, "<!DOCTYPE html>" + page},
		{"an error", "192.0.2.7:1", far, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, page)
		}, true, true, page},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = test.from
			for name, value := range test.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			squeezing(test.handler).ServeHTTP(w, r)
			res := w.Result()
			squeezed := res.Header.Get("Content-Encoding") == "gzip"
			if squeezed != test.squeezed {
				t.Fatalf("compressed: %v, want %v", squeezed, test.squeezed)
			}
			if got := strings.Contains(res.Header.Get("Vary"), "Accept-Encoding"); got != test.vary {
				t.Errorf("Vary is %q", res.Header.Get("Vary"))
			}
			body := io.Reader(res.Body)
			if squeezed {
				if res.Header.Get("Content-Length") != "" {
					t.Error("the answer has the length of what is not sent")
				}
				var err error
				if body, err = gzip.NewReader(body); err != nil {
					t.Fatal(err)
				}
			}
			got, err := io.ReadAll(body)
			if err != nil || string(got) != test.want {
				t.Errorf("%d bytes came, want %d (%v)", len(got), len(test.want), err)
			}
			if test.name == "an error" && res.StatusCode != http.StatusNotFound {
				t.Errorf("status %d", res.StatusCode)
			}
		})
	}
}

// What is flushed is with the client, whether it is compressed or not, and a handler may still take over the connection.
func TestSqueezingLeavesStreams(t *testing.T) {
	steps := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = "192.0.2.7:1"
		squeezing(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			for _, piece := range []string{"first", strings.Repeat("second", 1000)} {
				io.WriteString(w, piece)
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
				<-steps
			}
			panic(http.ErrAbortHandler)
		})).ServeHTTP(w, r)
	}))
	defer server.Close()
	r, _ := http.NewRequest("GET", server.URL, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got := make([]byte, 5)
	if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != "first" {
		t.Fatalf("%q, %v", got, err)
	}
	steps <- true
	got = make([]byte, 6000)
	if _, err := io.ReadFull(res.Body, got); err != nil {
		t.Fatal(err)
	}
	steps <- true
	if rest, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("an answer that was broken off ends as if it were whole: %q", rest)
	}
}

func TestPreloader(t *testing.T) {
	for _, test := range []struct{ html, want string }{
		{"<main>nothing</main>", ""},
		{`<div data-chart="x" data-topic="y">`, "charts"},
		{`<div data-chart-bar><p data-viewer-note>`, ""},
		{`<div data-viewer data-model="gpe">`, "models viewer"},
		{"<div\n data-array-columns\n data-math>", "columns temml"},
		{`<div data-canvas></div><b data-math="inline">x</b>`, "canvas temml"},
	} {
		for size := range 40 { // however it is cut
			var out strings.Builder
			p := &preloader{w: &out}
			for rest := test.html; rest != ""; {
				n := min(size+1, len(rest))
				if _, err := io.WriteString(p, rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if got := strings.Join(slices.Sorted(maps.Keys(p.need)), " "); got != test.want || out.String() != test.html {
				t.Errorf("%q in pieces of %d needs %q, want %q", test.html, size+1, got, test.want)
			}
		}
	}
}
