// Package prose renders the docstrings of models as HTML. A docstring is Markdown,
// reStructuredText in the style of NumPy, or plain text. Its formulas are LaTeX.
//
//	lead, rest := prose.Render(doc) // its first paragraph, and what follows
//
// A docstring is not trusted: it may come from a server elsewhere. All text is
// escaped, including any HTML in it. Links go to http, https or mailto addresses
// only, and a picture becomes its description. So the output has a few known
// elements with known attributes. A fuzz test checks that.
//
// A formula stays LaTeX in an element with data-math="inline" or "block". The page's
// script replaces it by MathML. Without the script the LaTeX is shown.
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
	maxText  = 32 << 10 // bytes of a docstring; a longer one is cut
	maxMath  = 4 << 10  // bytes of a formula; a longer one stays text
	deepest  = 6        // the lowest level of a heading, <h6>
	headings = 2        // levels above the headings of a docstring: those of page and card
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

// Line returns the HTML inside the first paragraph of a docstring, and the words of
// that paragraph as plain text. It has no links, so that it can stand inside one.
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

// unlink replaces links and pictures by their words.
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
