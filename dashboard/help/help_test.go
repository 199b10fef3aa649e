package help_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"webmon/components"
	"webmon/dashboard/help"
	"webmon/dashboard/options"
)

// book is the help of the program itself.
func book(t *testing.T) *help.Book {
	t.Helper()
	b, err := help.New(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func text(p *components.Help) string {
	var b strings.Builder
	for _, s := range p.Sections {
		b.WriteString(s.HTML)
	}
	return b.String()
}

// Whoever renames a heading of the README that a page is made of says so in the table.
func TestEveryPageHasItsText(t *testing.T) {
	b := book(t)
	if missing := b.Missing(); len(missing) > 0 {
		t.Errorf("the README has no sections %q, which the table of pages names", missing)
	}
	for _, link := range b.Page("", "/lab", "http://h/").Pages {
		p := b.Page(strings.TrimPrefix(link.Href, "/lab/help/"), "/lab", "http://h/")
		if p == nil || len(p.Sections) == 0 && p.Keys == nil && p.Options == nil && p.Routes == nil {
			t.Errorf("the page %s is empty", link.Href)
		}
	}
	if b.Page("nosuch", "/lab", "") != nil {
		t.Error("there is a page of no name")
	}
}

// Every link of a page to another one leads to a place that is there.
func TestLinksLeadSomewhere(t *testing.T) {
	b := book(t)
	n := 0
	for _, link := range b.Page("", "/lab", "http://h/").Pages {
		p := b.Page(strings.TrimPrefix(link.Href, "/lab/help/"), "/lab", "http://h/")
		for _, m := range regexp.MustCompile(`href="(/lab/help[^"]*)"`).FindAllStringSubmatch(text(p), -1) {
			slug, id, anchored := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(m[1], "/lab/help"), "/"), "#")
			to := b.Page(slug, "/lab", "http://h/")
			if to == nil {
				t.Errorf("%s leads to %s, which is not there", link.Href, m[1])
				continue
			}
			n++
			found := !anchored || strings.Contains(text(to), `id="`+id+`"`)
			for _, s := range to.Sections {
				found = found || s.ID == id
			}
			if !found {
				t.Errorf("%s leads to %s, where nothing is", link.Href, m[1])
			}
		}
	}
	if n < 5 {
		t.Errorf("only %d links were found", n)
	}
}

func TestTheTextOfAPage(t *testing.T) {
	b := book(t)
	napari := text(b.Page("napari", "/lab", "http://lab.example:99/x/"))
	for _, want := range []string{"webmon.attach(viewer)", `data-copy="code-your-napari-in-five-minutes-1"`, `<h3 id="on-a-server-or-in-a-notebook">`} {
		if !strings.Contains(napari, want) {
			t.Errorf("the page of napari lacks %s", want)
		}
	}
	for _, no := range []string{"tried:", "<img", "public/img"} {
		if strings.Contains(napari, no) {
			t.Errorf("the page of napari has %s", no)
		}
	}
	// Commands are for the server that shows them.
	maps := text(b.Page("maps", "/lab", "http://lab.example:99/x/"))
	if !strings.Contains(maps, "http://lab.example:99/x/api/v1/maps") || strings.Contains(maps, "127.0.0.1:5050") {
		t.Error("the page of maps has commands for another server")
	}
	if evil := text(b.Page("maps", "/lab", `http://"><b>/`)); strings.Contains(evil, "<b>") {
		t.Error("an address is not escaped")
	}
	api := b.Page("api", "/lab", "http://lab.example:99/x/")
	found := false
	for _, g := range api.Routes {
		for _, r := range g.Routes {
			if !strings.Contains(r.Curl, "http://lab.example:99/x/") || strings.ContainsAny(r.Curl, "{}") != strings.Contains(r.Curl, `'{"`) {
				t.Errorf("the command %s", r.Curl)
			}
			found = found || r.Path == "/api/v1/sources"
		}
	}
	if !found || api.Document != "/lab/api/openapi.json" {
		t.Error("the page of addresses lacks some")
	}
	if strings.Contains(text(api), "<code>/api/v1/maps/&lt;map&gt;/tracing</code></td>\n<td>the points") {
		t.Error("the table of the README is there beside the page's own")
	}
	n := 0
	for _, g := range b.Page("options", "/lab", "").Options {
		n += len(g.Options)
	}
	if want := len(options.Webmon) + len(options.Commands) + len(options.People); n != want {
		t.Errorf("%d options, want %d", n, want)
	}
}

// A tab without a place of its own in the text leads to the whole help.
func TestForTab(t *testing.T) {
	b := book(t)
	for tab, want := range map[string]string{"arrays": "/lab/help/pages#arrays", "status": "/lab/help/pages#status", "stage": "/lab/help"} {
		if got := b.ForTab("/lab", tab); got != want {
			t.Errorf("%s: %s, want %s", tab, got, want)
		}
	}
}

// A section that no page names stands on the page of the one before it.
func TestAnUnknownSection(t *testing.T) {
	b, err := help.New(fstest.MapFS{
		"README.md":            {Data: []byte("# webmon\n\n## Sharing\n\nA\n\n## News\n\nB, [see](#sharing), [up](shm/python/README.md#use), [no](NO.md)\n\n## Licence\n\nC\n")},
		"SECURITY.md":          {Data: []byte("# Security\n\nD [back](README.md#news)\n")},
		"shm/python/README.md": {Data: []byte("# Package\n\n## Use\n\nE [up](../../SECURITY.md)\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	sharing := text(b.Page("sharing", "", ""))
	if want := `<p>B, <a class="link" href="/help/sharing#sharing">see</a>, <a class="link" href="/help/python#use">up</a>, no</p>`; !strings.Contains(sharing, want) || !strings.Contains(sharing, "<p>A</p>") {
		t.Errorf("sharing: %s", sharing)
	}
	if strings.Contains(sharing, "<p>C") {
		t.Error("what is left out is there")
	}
	if got := text(b.Page("promises", "", "")); !strings.Contains(got, `href="/help/sharing#news"`) {
		t.Errorf("promises: %s", got)
	}
	if got := text(b.Page("python", "", "")); !strings.Contains(got, `href="/help/promises"`) {
		t.Errorf("python: %s", got)
	}
	if len(b.Missing()) == 0 {
		t.Error("nothing is missing")
	}
	if _, err := help.New(fstest.MapFS{}); err == nil {
		t.Error("documents without a README are taken")
	}
	if b, err := help.New(nil); err != nil || b.Page("options", "", "") == nil || b.Page("napari", "", "") != nil {
		t.Errorf("without documents: %v", err)
	}
}
