package prose_test

import (
	"slices"
	"strings"
	"testing"

	"webmon/dashboard/prose"
)

const document = `# The program

Before all. <!-- a remark -->

<!-- a mark -->
## First, of *all*

- **Viewer**: shows it
- plain

![A picture](a.png)

### Deeper ` + "`code`" + `

| A | B |
|---|---|
| 1 | <b> |

## Second

` + "```python" + `
if a < b: print("$x$ **no**")
` + "```" + `

[here](#first-of-all), [there](https://example.org/?a&b), [nowhere](FILE.md).
`

func TestDocument(t *testing.T) {
	sections, err := prose.Document(document, func(to string) string {
		switch {
		case to == "FILE.md":
			return ""
		case to[0] == '#':
			return "/help/x" + to
		}
		return to
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sections) != 3 {
		t.Fatalf("%d sections", len(sections))
	}
	for i, want := range []prose.Section{
		{Title: "The program", ID: "the-program", Anchors: []string{"the-program"}},
		{Title: "First, of all", ID: "first-of-all", Headings: []prose.Heading{{Title: "Deeper code", ID: "deeper-code"}}, Anchors: []string{"first-of-all", "viewer", "deeper-code"}},
		{Title: "Second", ID: "second", Anchors: []string{"second"}},
	} {
		got := sections[i]
		if got.Title != want.Title || got.ID != want.ID || !slices.Equal(got.Headings, want.Headings) || !slices.Equal(got.Anchors, want.Anchors) {
			t.Errorf("section %d: %+v", i, got)
		}
	}
	if n := strings.Count(sections[1].HTML, "</tbody>"); n != 1 {
		t.Errorf("a table ends %d times: %s", n, sections[1].HTML)
	}
	for i, wants := range [][]string{
		{"<p>Before all. "},
		{
			`<li id="viewer"><strong>Viewer</strong>`, "<li>plain</li>", `<h3 id="deeper-code">Deeper <code>code</code> <a class="anchor" href="#deeper-code" aria-label="Link to Deeper code">#</a></h3>`,
			`<div class="manual-table" role="region" aria-label="Table" tabindex="0"><table><thead><tr><th scope="col">A</th>`, "</tbody></table></div>",
		},
		{
			`<pre id="code-second-1" tabindex="0" role="group" aria-label="Python"><code>if a &lt; b: print(&quot;$x$ **no**&quot;)`, `data-copy="code-second-1"`,
			`<a class="link" href="/help/x#first-of-all">here</a>`, `href="https://example.org/?a&amp;b">there</a>`, "nowhere.",
		},
	} {
		for _, want := range wants {
			if !strings.Contains(sections[i].HTML, want) {
				t.Errorf("section %d lacks %s: %s", i, want, sections[i].HTML)
			}
		}
		for _, no := range []string{"mark", "remark", "picture", "img", "<b>", "FILE"} {
			if strings.Contains(sections[i].HTML, no) {
				t.Errorf("section %d has %q: %s", i, no, sections[i].HTML)
			}
		}
	}
}

func TestInline(t *testing.T) {
	if got, want := prose.Inline("`a<b` and *so* [on](#x)"), "<code>a&lt;b</code> and <em>so</em> on"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
