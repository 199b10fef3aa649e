// Package prose makes HTML of what models say of themselves: docstrings, which are
// Markdown, reStructuredText as NumPy's are, or plain text, with formulas in LaTeX.
//
//	lead, rest := prose.Render(doc) // its first paragraph, and what follows
//
// What comes in is anybody's, also that of a server elsewhere. goldmark escapes all
// text, HTML in it is text like any other, addresses are http, https or mailto, and
// pictures are their words; so the output holds a few known elements with known
// attributes, which the tests check on whatever a fuzzer finds.
//
// A formula stays LaTeX in an element with data-math="inline" or "block", which the
// page's script replaces by MathML, and which reads well enough without.
package prose

import (
	"bytes"
	"html"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

const (
	maxText  = 32 << 10 // bytes of a docstring; what is longer is cut
	maxMath  = 4 << 10  // bytes of a formula; what is longer stays a text
	deepest  = 6        // the least heading
	headings = 2        // levels that stand above those of a docstring: page and card
)

var markdown = goldmark.New(
	goldmark.WithParser(parser.NewParser(
		// All but HTML: <n> is an expectation value more often than an element.
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(mathParser{}, 50),
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(starParser{}, 450),
			util.Prioritized(parser.NewEmphasisParser(), 500),
		),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
	)),
	goldmark.WithExtensions(extension.Linkify, extension.Table),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(nodes{}, 100))),
)

// Render returns the HTML of the first paragraph of a docstring, and that of the rest.
func Render(doc string) (lead, rest string) {
	source := []byte(fromDocstring(doc))
	root := markdown.Parser().Parse(text.NewReader(source))
	var out [2]bytes.Buffer
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		to := &out[1]
		if n == root.FirstChild() {
			to = &out[0]
		}
		if err := markdown.Renderer().Render(to, source, n); err != nil {
			return "<p>" + html.EscapeString(doc) + "</p>", ""
		}
	}
	return out[0].String(), out[1].String()
}

// Line returns the HTML of the first paragraph of a docstring without the element
// around it, and its words: for a place with an address of its own, so that those in
// it are words.
func Line(doc string) (line, words string) {
	source := []byte(fromDocstring(doc))
	root := markdown.Parser().Parse(text.NewReader(source))
	n := root.FirstChild()
	for n != nil && n.Kind() != ast.KindParagraph {
		n = n.NextSibling()
	}
	if n == nil {
		return "", ""
	}
	unlink(n, source)
	var out bytes.Buffer
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if err := markdown.Renderer().Render(&out, source, c); err != nil {
			return html.EscapeString(doc), doc
		}
	}
	return out.String(), strings.Join(strings.Fields(wordsOf(n, source)), " ")
}

// unlink puts the words of links in their place.
func unlink(n ast.Node, source []byte) {
	for c := n.FirstChild(); c != nil; {
		next := c.NextSibling()
		unlink(c, source)
		switch l := c.(type) {
		case *ast.Link, *ast.Image:
			for w := c.FirstChild(); w != nil; {
				after := w.NextSibling()
				n.InsertBefore(n, c, w)
				w = after
			}
			n.RemoveChild(n, c)
		case *ast.AutoLink:
			n.ReplaceChild(n, c, &address{label: l.Label(source)})
		}
		c = next
	}
}

func wordsOf(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(n.Value(source))
			b.WriteByte(' ')
		case *ast.String:
			b.Write(n.Value)
		case *formula:
			b.Write(n.tex)
		case *address:
			b.Write(n.label)
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
