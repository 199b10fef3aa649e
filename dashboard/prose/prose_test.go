package prose

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestRender(t *testing.T) {
	for _, c := range []struct{ name, doc, lead, rest string }{
		{"nothing", "", "", ""},
		{"plain text", "One line\nof two.\n\nAnd more.", "<p>One line\nof two.</p>", "<p>And more.</p>"},
		{"Markdown", "A **bold** `word`.\n\n- one\n- two", "<p>A <strong>bold</strong> <code>word</code>.</p>", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"},
		{"headings stand below those of the page", "Title\n=====\n\n## More\n\n###### Least", "<h3>Title</h3>", "<h4>More</h4>\n<h6>Least</h6>"},
		{"HTML is text", "It is <n> of <script>alert(1)</script>.\n\n<div onclick='x'>", "<p>It is &lt;n&gt; of &lt;script&gt;alert(1)&lt;/script&gt;.</p>", "<p>&lt;div onclick='x'&gt;</p>"},
		{"products are no emphasis", "a*b*c, n**2*m**2 and (x)*y*(z), but *so*", "<p>a*b*c, n**2*m**2 and (x)*y*(z), but <em>so</em></p>", ""},
		{"addresses", "[a](https://x.org/?a=1&b=2) [b](javascript:alert(1)) [c](/status) https://y.org", `<p><a class="link" target="_blank" rel="noopener noreferrer nofollow" href="https://x.org/?a=1&amp;b=2">a</a> b c <a class="link" target="_blank" rel="noopener noreferrer nofollow" href="https://y.org">https://y.org</a></p>`, ""},
		{"pictures are words", "![a vortex](https://x.org/a.png)", "<p>a vortex</p>", ""},
		{"a formula", `It is $\psi_0 < 1$ and \(x*y*z\).`, `<p>It is <span class="math" data-math="inline">\psi_0 &lt; 1</span> and <span class="math" data-math="inline">x*y*z</span>.</p>`, ""},
		{"a formula by itself", "So\n\n$$\ni\\hbar = -x\n- y\n$$\n\nwith", "<p>So</p>", "<span class=\"math\" data-math=\"block\">i\\hbar = -x\n- y</span><p>with</p>"},
		{"within a paragraph", "So $$a\n= b$$ then \\[c\\].", `<p>So <span class="math" data-math="block">a` + "\n" + `= b</span> then <span class="math" data-math="block">c</span>.</p>`, ""},
		{"an environment", "\\begin{align}\na &= b\n\\end{align}", "<span class=\"math\" data-math=\"block\">\\begin{align}\na &amp;= b\n\\end{align}</span>", ""},
		{"a docstring that is not raw", "$\alpha + \beta + \frac{a}{b} + \rho$", `<p><span class="math" data-math="inline">\alpha + \beta + \frac{a}{b} + \rho</span></p>`, ""},
		{"money", "From $5 to $10, or 3 $.", "<p>From $5 to $10, or 3 $.</p>", ""},
		{"roles", ":math:`x^2` of :class:`~a.b.C`, ``code``, `text <https://x.org>`_ and [1]_.", `<p><span class="math" data-math="inline">x^2</span> of <code>a.b.C</code>, <code>code</code>, <a class="link" target="_blank" rel="noopener noreferrer nofollow" href="https://x.org">text</a> and [1].</p>`, ""},
		{"directives", ".. math::\n\n   a = b\n\n   c = d\n\n.. note:: Mind it.\n\n.. code-block:: python\n\n   x = '<'\n\n.. a comment\n\n.. [1] Gross, 1961.", `<span class="math" data-math="block">a = b</span>`,
			"<span class=\"math\" data-math=\"block\">c = d</span><p><strong>Note.</strong> Mind it.</p>\n<pre><code>x = '&lt;'\n</code></pre>\n<p>[1] Gross, 1961.</p>"},
		{"literal blocks", "As in::\n\n  a = 1\n    b = *2*\n\nand", "<p>As in:</p>", "<pre><code>a = 1\n  b = *2*\n</code></pre>\n<p>and</p>"},
		{"sessions", "So:\n\n>>> 1 + 1\n2\n\nand", "<p>So:</p>", "<pre><code>&gt;&gt;&gt; 1 + 1\n2\n</code></pre>\n<p>and</p>"},
		{"NumPy's sections", "It is.\n\nParameters\n----------\nhbar : float\n   Planck's\n   constant.\nNx, Ny : int\n   Size.\n\nNotes\n-----\nSo.", "<p>It is.</p>",
			"<h4>Parameters</h4>\n<ul>\n<li><code>hbar</code> (float):\nPlanck's\nconstant.</li>\n<li><code>Nx, Ny</code> (int):\nSize.</li>\n</ul>\n<h4>Notes</h4>\n<p>So.</p>"},
		{"Google's sections", "It is.\n\nArgs:\n    x (int): the first,\n        with more.\n    y: the second.\n\nNote:\n    Mind *it*.", "<p>It is.</p>",
			"<h4>Args</h4>\n<ul>\n<li><code>x</code> (int):\nthe first,\nwith more.</li>\n<li><code>y</code>:\nthe second.</li>\n</ul>\n<h4>Note</h4>\n<p>Mind <em>it</em>.</p>"},
		{"fields", ":param int x: the first\n:returns: all", "<ul>\n<li><code>x</code>:\nthe first</li>\n<li><code>returns</code>:\nall</li>\n</ul>", ""},
		{"tables", "| a | b |\n|---|--:|\n| <1> | 2 |", "<table>\n<thead>\n<tr>\n<th scope=\"col\">a</th>\n<th scope=\"col\" align=\"right\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>&lt;1&gt;</td>\n<td align=\"right\">2</td>\n</tr>\n</tbody>\n</table>", ""},
		{"code is left alone", "```\n.. math:: `x`_ $a$\n```", "<pre><code>.. math:: `x`_ $a$\n</code></pre>", ""},
	} {
		lead, rest := Render(c.doc)
		lead, rest = strings.TrimSpace(lead), strings.TrimSpace(rest)
		if lead != c.lead || rest != c.rest {
			t.Errorf("%s: %q\ngot  %q\n     %q\nwant %q\n     %q", c.name, c.doc, lead, rest, c.lead, c.rest)
		}
	}
}

func TestLine(t *testing.T) {
	for _, c := range []struct{ doc, line, words string }{
		{"", "", ""},
		{"Title\n=====\n\nA **bold** [word](https://x.org) of\n$\\psi$ <n>.\n\nMore.", `A <strong>bold</strong> word of` + "\n" + `<span class="math" data-math="inline">\psi</span> &lt;n&gt;.`, `A bold word of \psi <n>.`},
		{"See https://x.org/a.", "See https://x.org/a.", "See https://x.org/a."},
		{"# Only a title", "", ""},
	} {
		if line, words := Line(c.doc); line != c.line || words != c.words {
			t.Errorf("%q: %q, %q; want %q, %q", c.doc, line, words, c.line, c.words)
		}
	}
}

// allowed are the elements that a docstring may become, with their attributes.
var allowed = map[string][]string{
	"p": nil, "em": nil, "strong": nil, "code": nil, "pre": nil, "br": nil, "hr": nil, "ul": nil, "ol": {"start"}, "li": nil, "blockquote": nil,
	"h3": nil, "h4": nil, "h5": nil, "h6": nil, "table": nil, "thead": nil, "tbody": nil, "tr": nil, "th": {"scope", "align"}, "td": {"align"},
	"a": {"class", "target", "rel", "href"}, "span": {"class", "data-math"},
}

func FuzzRender(f *testing.F) {
	for _, doc := range []string{
		"# a\n\n$x$ <b onclick=x>", "[a](javascript:alert(1))", "[a]: data:text/html,x\n\n[a]", "Parameters\n---\nx : y\n   `z`", "| a | b |\n|:-:|--|\n| 1 | 2 |",
		"```math\n</span><script>\n```", ".. note:: x\n   y", "Args:\n  x: y\n    z", "<https://x.org/\"onmouseover=\"x>", "\\begin{align}\n", "$$\n", "a\n===\n", "- a\n  - b\n\n      c",
		"===\nx\n===", ":x: y\n z", "::", "..", ".. a::", "+--+\n| x|\n+--+", "![a](b \"c\")", "&lt;script&gt; &#60;b&#62;", "~~~\nx", "\x07lpha \xff",
	} {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		lead, rest := Render(doc)
		line, _ := Line(doc)
		for _, out := range []string{lead, rest, line} {
			check(t, doc, out)
		}
		if strings.Contains(line, "<a ") {
			t.Errorf("%q: a line has an address: %q", doc, line)
		}
	})
}

func check(t *testing.T, doc, out string) {
	z := html.NewTokenizer(strings.NewReader(out))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.CommentToken, html.DoctypeToken:
			t.Errorf("%q: %q", doc, z.Raw())
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := z.Token()
			attributes, ok := allowed[tag.Data]
			if !ok {
				t.Errorf("%q has become the element %s: %q", doc, tag.Data, out)
			}
			for _, a := range tag.Attr {
				if !slices.Contains(attributes, a.Key) {
					t.Errorf("%q has become %s with %s: %q", doc, tag.Data, a.Key, out)
				}
				if a.Key == "href" && !strings.HasPrefix(a.Val, "http://") && !strings.HasPrefix(a.Val, "https://") && !strings.HasPrefix(a.Val, "mailto:") {
					t.Errorf("%q has become an address %q", doc, a.Val)
				}
			}
		}
	}
}
