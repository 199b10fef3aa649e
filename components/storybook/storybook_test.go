package storybook

import (
	"bytes"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"webmon/components"
	"webmon/components/layout"
	"webmon/components/ui"
)

var update = flag.Bool("update", false, "write the golden files again")

// testPage is a page whose assets have names that stay the same.
func testPage() layout.Page {
	return layout.Page{Prefix: "/lab", Version: "0123456789abcdef", Asset: func(name string) string { return "/lab/assets/" + name }}
}

func render(t *testing.T, s Story) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Single(testPage(), s).Render(t.Context(), &b); err != nil {
		t.Fatalf("render: %v", err)
	}
	return b.Bytes()
}

// TestStories goes through every component in every state and looks for what
// is wrong with its HTML.
func TestStories(t *testing.T) {
	for _, s := range Stories() {
		t.Run(s.Component+"/"+s.State, func(t *testing.T) {
			page := render(t, s)
			for _, problem := range problemsOf(t, page) {
				t.Error(problem)
			}
		})
	}
}

func TestIndex(t *testing.T) {
	content, ok := Page(testPage(), "")
	if !ok {
		t.Fatal("there is no index")
	}
	var b bytes.Buffer
	if err := content.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, s := range Stories() {
		name := s.Name()
		if names[name] {
			t.Errorf("two stories are called %q", name)
		}
		names[name] = true
		if !strings.Contains(b.String(), `src="/lab/storybook/`+name+`"`) {
			t.Errorf("the index does not show %q", name)
		}
		if _, ok := Page(testPage(), name); !ok {
			t.Errorf("there is no page of %q", name)
		}
		if url.PathEscape(name) != name {
			t.Errorf("%q cannot stand in an address as it is", name)
		}
	}
	if _, ok := Page(testPage(), "no-such-story"); ok {
		t.Error("there is a page of a story that does not exist")
	}
	for _, problem := range problemsOf(t, b.Bytes()) {
		t.Error(problem)
	}
}

// problemsOf is everything that is wrong with a page's HTML.
func problemsOf(t *testing.T, page []byte) []string {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(nesting(page, doc), ids(doc), policy(doc), access(doc), addresses(doc))
}

// TestProblems holds the checks to finding what they are there for.
func TestProblems(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"nothing", `<p>fine</p>`, ""},
		{"end missing", `<div><p>a</p>`, "open"},
		{"wrong end", `<p><b>a</p></b>`, "</p> where"},
		{"block in a paragraph", `<p><div>a</div></p>`, "otherwise than they are written"},
		{"row without a table", `<div><tr><td>a</td></tr></div>`, "otherwise than they are written"},
		{"closes itself", `<div/><p>a</p>`, "does not close itself"},
		{"block in a span", `<span><div>a</div></span>`, "<div> inside <span>"},
		{"control in a control", `<button type="button"><a href="/x">a</a></button>`, "<a> inside <button>"},
		{"item without a list", `<div><li>a</li></div>`, "<li> inside <div>"},
		{"same id", `<p id="a">a</p><p id="a">b</p>`, "stands twice"},
		{"strange id", `<p id="a b">a</p>`, "quoting"},
		{"no such id", `<p aria-describedby="b">a</p>`, "not on the page"},
		{"style", `<p style="color:red">a</p>`, "style attribute"},
		{"style sheet", `<style>p{}</style>`, "inline style sheet"},
		{"script", `<script>alert(1)</script>`, "inline script"},
		{"script from elsewhere", `<script src="https://cdn.example/x.js"></script>`, "a script from"},
		{"handler", `<p onclick="x()">a</p>`, "inline handler"},
		{"handler of htmx", `<p hx-on:click="x()">a</p>`, "inline handler"},
		{"script in htmx", `<p hx-vals="js:{a: 1}">a</p>`, "holds script"},
		{"no label", `<input id="a" type="text">`, "no label"},
		{"no name", `<button type="button"><svg aria-hidden="true"></svg></button>`, "has no name"},
		{"no type", `<button>a</button>`, "whether it submits"},
		{"no alt", `<img src="/a.png">`, "no alt"},
		{"no scope", `<table><tbody><tr><th>a</th></tr></tbody></table>`, "no scope"},
		{"script in an address", `<a href="javascript:alert(1)">a</a>`, "javascript:"},
		{"data in an address", `<a href="data:text/html,x">a</a>`, "data:"},
		{"a picture that is none", `<img alt="" src="data:image/svg+xml,x">`, "data:"},
		{"other host", `<form action="https://example.org/x"></form>`, "leaves this server"},
		{"other host told", `<a href="https://example.org/x">x</a>`, "leaves this server"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			page := `<!doctype html><html lang="en"><head><title>a</title></head><body>` + test.body + `</body></html>`
			got := strings.Join(problemsOf(t, []byte(page)), "\n")
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("problems are %q, want %q", got, test.want)
			}
		})
	}
}

// TestEveryState holds the storybook to its promise for the components that
// people see first.
func TestEveryState(t *testing.T) {
	states := map[string][]string{}
	for _, s := range Stories() {
		states[s.Component] = append(states[s.Component], s.State)
	}
	want := map[string][]string{
		"Viewer":   {"normal", "huge", "stale", "gone", "loading", "camera has not moved", "napari shares no tiles", "no source", "canvas", "canvas, there is none"},
		"Layers":   {"normal", "huge", "no layers", "waiting", "no plugin", "gone", "no source"},
		"Control":  {"slider", "queued", "applied", "refused", "not taken", "disabled"},
		"Messages": {"normal", "empty", "huge", "not readable"},
		"Models":   {"normal", "empty", "huge"},
		"Model":    {"running", "paused", "starting", "failed", "stopped", "cannot run", "link with parameters", "huge"},
		"Status":   {"normal", "empty", "error", "huge", "may not manage"},
		"Shell":    {"live", "waiting", "stale", "gone", "demo", "error", "no source", "huge", "embedded"},
	}
	for component, list := range want {
		for _, state := range list {
			if !slices.Contains(states[component], state) {
				t.Errorf("%s has no story %q", component, state)
			}
		}
	}
}

// TestGolden compares the HTML of a few pages with what it was: a change that
// nobody meant shows here.
func TestGolden(t *testing.T) {
	for _, name := range []string{"Viewer/normal", "Viewer/napari shares no tiles", "Viewer/napari with the package", "Viewer/canvas", "Viewer/canvas, may only look", "Arrays/normal", "Arrays/records", "Layers/normal", "Maps/normal", "Map/no images and no segments", "Map/run", "Models/normal", "Model/failed", "Model/link with parameters", "Controls page/normal", "Controls page/may only look", "Model/may only look", "Status/may not manage", "Browsers/several", "Browsers/empty", "New link/normal", "Control/slider", "Control/not taken", "Messages/normal", "Status/normal", "Shell/demo", "Login/wrong token", "Help/text", "Help/options", "Help/addresses"} {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(Stories(), func(s Story) bool { return s.Component+"/"+s.State == name })
			if i < 0 {
				t.Fatal("there is no such story")
			}
			got := lines(render(t, Stories()[i]))
			path := filepath.Join("testdata", Stories()[i].Name()+".html")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the page differs from %s in line %d; run with -update if that is meant", path, firstDifference(got, want))
			}
		})
	}
}

// A frame of the socket holds fragments and nothing else, each for an element
// that the page has.
func TestFrames(t *testing.T) {
	v, m, s := viewer(components.ViewerLive, ui.Live), messages(), status()
	h := layout.Header{Topic: "napari/html/header", State: ui.Live, Heard: true}
	tests := []struct {
		name        string
		page, frame templ.Component
	}{
		{"viewer", components.ViewerPage(v), components.ViewerFrame(v)},
		{"messages", components.MessagesPage(m), components.MessagesFrame(m)},
		{"status", components.StatusPage(s), components.StatusFrame(s)},
		{"layers", components.LayersPage(layersPage()), components.LayersFrame(layersPage())},
		{"layer", components.LayersPage(layersPage()), components.LayerRowFrame(layersPage().Rows[0])},
		{"histogram", components.LayersPage(layersPage()), components.LayerHistogramFrame(layersPage().Open.Histogram)},
		{"facts", components.LayersPage(layersPage()), components.LayerFactsFrame(layersPage().Open)},
		{"screenshot", components.LayersPage(layersPage()), components.ScreenshotFrame(nil)},
		{"controls", components.ControlsPage(controlsPage()), components.ControlsFrame(controlsPage())},
		{"control", components.ControlsPage(controlsPage()), components.ControlFrame(slider())},
		{"action", components.ControlsPage(controlsPage()), components.ActionFrame(snap(ui.CommandLife{}))},
		{"command log", components.ControlsPage(controlsPage()), components.CommandLogFrame(controlsPage().Log)},
		{"header", shellStory(shell(testPage(), ui.Live), ""), layout.HeaderFrame(h)},
		{"grid", components.ViewerPage(v), components.ControlFrame(*v.Grid)},
		{"status of somebody who may not manage", locked(mayNot, components.StatusPage(lookedAt())), components.StatusFrame(lookedAt())},
	}
	target := regexp.MustCompile(`^<hx-partial hx-target="#([A-Za-z0-9_-]+)" hx-swap="innerMorph">`)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var page, frame bytes.Buffer
			if err := test.page.Render(t.Context(), &page); err != nil {
				t.Fatal(err)
			}
			if err := test.frame.Render(t.Context(), &frame); err != nil {
				t.Fatal(err)
			}
			rest := frame.String()
			if !strings.HasPrefix(rest, "<") {
				t.Fatalf("a frame of HTML begins with <, this one with %.20q", rest)
			}
			for strings.TrimSpace(rest) != "" {
				rest = strings.TrimSpace(rest)
				match := target.FindStringSubmatch(rest)
				if match == nil {
					t.Fatalf("not a fragment: %.80q", rest)
				}
				if !strings.Contains(page.String(), `id="`+match[1]+`"`) {
					t.Errorf("the page has no element %q for the fragment", match[1])
				}
				_, after, ok := strings.Cut(rest, "</hx-partial>")
				if !ok {
					t.Fatal("a fragment does not end")
				}
				rest = after
			}
			if !strings.Contains(page.String(), "data-topic=") && test.name != "life" {
				t.Error("nothing on the page names a hub topic")
			}
		})
	}
}

// void elements have no end.
var void = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

// nesting compares the tags as the template wrote them with the tree that
// a browser makes of them: where they differ, the browser has repaired
// something.
func nesting(page []byte, doc *html.Node) (problems []string) {
	found := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	var written []string
	depth := 0
	var open []string
	for z := html.NewTokenizer(bytes.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		name := token.Data
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			written = append(written, fmt.Sprint(depth, " ", name))
			if !slices.Contains(void, name) && kind == html.StartTagToken {
				open = append(open, name)
				depth++
			} else if kind == html.SelfClosingTagToken && !slices.Contains(void, name) && name != "path" {
				found("<%s/> does not close itself in HTML", name)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != name {
				found("</%s> where %v are open", name, open)
				return problems
			}
			open = open[:len(open)-1]
			depth--
		}
	}
	if len(open) > 0 {
		found("not closed: %v", open)
	}
	var read []string
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		if n.Type == html.ElementNode {
			read = append(read, fmt.Sprint(depth, " ", n.Data))
			depth++
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, depth)
		}
	}
	walk(doc, 0)
	written, read = withoutNoscript(written), withoutNoscript(read)
	for i := range max(len(written), len(read)) {
		if i >= len(written) || i >= len(read) || written[i] != read[i] {
			found("a browser reads the tags otherwise than they are written, from tag %d on: written %v, read %v",
				i, around(written, i), around(read, i))
			break
		}
	}

	// What a browser lets pass and nobody should write.
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		parent := n.Parent.Data
		switch n.Data {
		case "li":
			if parent != "ul" && parent != "ol" {
				found("<li> inside <%s>", parent)
			}
		case "dt", "dd":
			if parent != "dl" && parent != "div" {
				found("<%s> inside <%s>", n.Data, parent)
			}
		case "a", "button", "select", "input", "textarea", "details", "summary":
			for up := n.Parent; up != nil; up = up.Parent {
				if (up.Data == "a" || up.Data == "button" || up.Data == "summary") && up.Type == html.ElementNode {
					found("<%s> inside <%s>: one control in another", n.Data, up.Data)
				}
			}
		case "div", "p", "ul", "ol", "dl", "table", "section", "h1", "h2", "h3", "pre":
			for up := n.Parent; up != nil; up = up.Parent {
				if slices.Contains([]string{"p", "span", "button", "h1", "h2", "h3", "label"}, up.Data) && up.Type == html.ElementNode {
					found("<%s> inside <%s>", n.Data, up.Data)
				}
			}
		}
	}
	return problems
}

// withoutNoscript leaves out what is inside noscript: to the parser, as to a
// browser that runs scripts, it is text.
func withoutNoscript(tags []string) []string {
	var out []string
	inside := -1
	for _, tag := range tags {
		var depth int
		var name string
		fmt.Sscan(tag, &depth, &name)
		if inside >= 0 && depth > inside {
			continue
		}
		inside = -1
		if name == "noscript" {
			inside = depth
		}
		out = append(out, tag)
	}
	return out
}

func around(list []string, i int) []string {
	return list[min(len(list), max(0, i-3)):min(len(list), i+4)]
}

// ids finds ids that stand twice or cannot stand in a selector, and
// references to ids that are not there.
func ids(doc *html.Node) (problems []string) {
	found := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	seen := map[string]bool{}
	for n := range doc.Descendants() {
		if id, ok := attribute(n, "id"); ok {
			if seen[id] {
				found("the id %q stands twice", id)
			}
			if !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`).MatchString(id) {
				found("the id %q would need quoting in a selector", id)
			}
			seen[id] = true
		}
	}
	for n := range doc.Descendants() {
		for _, name := range []string{"aria-labelledby", "aria-describedby", "for", "data-dialog", "data-copy"} {
			value, ok := attribute(n, name)
			for _, id := range strings.Fields(value) {
				if ok && !seen[id] {
					found("%s names %q, which is not on the page", name, id)
				}
			}
		}
	}
	return problems
}

// policy finds what the content security policy forbids.
func policy(doc *html.Node) (problems []string) {
	found := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "style" {
			found("an inline style sheet")
		}
		if src, ok := attribute(n, "src"); n.Data == "script" {
			kind, _ := attribute(n, "type")
			if !ok && kind != "application/json" {
				found("an inline script")
			}
			if ok && !strings.HasPrefix(src, "/lab/assets/") {
				found("a script from %q", src)
			}
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style":
				found("<%s> has a style attribute", n.Data)
			case strings.HasPrefix(a.Key, "on"), strings.HasPrefix(a.Key, "hx-on"):
				found("<%s> has an inline handler, %s", n.Data, a.Key)
			case strings.HasPrefix(a.Key, "hx-") && strings.Contains(a.Val, "js:"):
				found("<%s %s> holds script", n.Data, a.Key)
			}
		}
	}
	return problems
}

// access finds controls without a name, pictures without a text and
// tables without headings.
func access(doc *html.Node) (problems []string) {
	found := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	labelled := map[string]bool{}
	for n := range doc.Descendants() {
		if id, ok := attribute(n, "for"); ok && n.Data == "label" && strings.TrimSpace(text(n)) != "" {
			labelled[id] = true
		}
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		label, _ := attribute(n, "aria-label")
		switch n.Data {
		case "html":
			if lang, _ := attribute(n, "lang"); lang != "en" {
				found("the language of the page is %q, want en", lang)
			}
		case "title":
			if strings.TrimSpace(text(n)) == "" {
				found("the page has no title")
			}
		case "input", "select", "textarea":
			id, _ := attribute(n, "id")
			if kind, _ := attribute(n, "type"); kind != "hidden" && !labelled[id] && label == "" {
				found("<%s id=%q> has no label", n.Data, id)
			}
		case "button", "a", "summary":
			if strings.TrimSpace(text(n)) == "" && label == "" {
				found("a <%s> has no name", n.Data)
			}
			if kind, ok := attribute(n, "type"); n.Data == "button" && (!ok || kind != "button" && kind != "submit") {
				found("the button %q does not say whether it submits", text(n))
			}
		case "img":
			if _, ok := attribute(n, "alt"); !ok {
				found("an image has no alt")
			}
		case "iframe":
			if title, _ := attribute(n, "title"); title == "" {
				found("a frame has no title")
			}
		case "svg":
			if hidden, _ := attribute(n, "aria-hidden"); hidden != "true" && label == "" {
				found("an icon is neither hidden from screen readers nor named")
			}
		case "th":
			if scope, _ := attribute(n, "scope"); scope == "" {
				found("a heading of a table has no scope")
			}
		}
	}
	return problems
}

// addresses finds addresses that lead out of the page's own place.
func addresses(doc *html.Node) (problems []string) {
	found := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			switch a.Key {
			case "src", "action", "hx-get", "hx-post", "href":
			default:
				continue
			}
			u, err := url.Parse(a.Val)
			if err != nil {
				found("%s=%q: %v", a.Key, a.Val, err)
				continue
			}
			// A small picture may stand in the page itself; a PNG runs nothing.
			if n.Data == "img" && a.Key == "src" && strings.HasPrefix(a.Val, "data:image/png;base64,") {
				continue
			}
			if u.Scheme == "javascript" || u.Scheme == "data" {
				found("%s=%q", a.Key, a.Val)
			}
			// A page links to another webmon, and to others by links that do not say where they are.
			rel, _ := attribute(n, "rel")
			linked := n.Data == "a" && a.Key == "href" && (u.Hostname() == "127.0.0.1" || u.Scheme == "https" && strings.Contains(rel, "noreferrer"))
			if u.Host != "" && !linked {
				found("%s=%q leaves this server", a.Key, a.Val)
			}
		}
	}
	return problems
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// lines breaks a page before every tag, so that a difference has a line.
func lines(page []byte) []byte {
	return append(bytes.ReplaceAll(page, []byte("<"), []byte("\n<"))[1:], '\n')
}

func firstDifference(a, b []byte) int {
	line := 1
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			break
		}
		if a[i] == '\n' {
			line++
		}
	}
	return line
}
