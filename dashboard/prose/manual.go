package prose

import (
	"bytes"
	"fmt"
	"html"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Section is a part of a document: what stands below a heading of level 2, or before the
// first of them.
type Section struct {
	Title string // words of its heading
	ID    string // of its heading, as GitHub makes it
	HTML  string // of what stands below it
	// Headings are those inside it.
	Headings []Heading
	// Anchors are the ids of all that addresses may lead to inside it: of headings, and of items of lists
	// that begin with a bold word.
	Anchors []string
}

// Heading is a heading inside a section.
type Heading struct{ Title, ID string }

// manual reads Markdown as GitHub does, and writes it for a page of webmon.
var manual = goldmark.New(
	goldmark.WithExtensions(extension.Table),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(nodes{}, 100), util.Prioritized(manualNodes{}, 50))),
)

// Document returns the sections of a Markdown text that is part of webmon. link says where a
// link leads on webmon's pages; of one that leads nowhere there, for which it returns "", the words
// remain. Pictures and comments are left out.
func Document(markdown string, link func(to string) string) ([]Section, error) {
	source := []byte(markdown)
	root := manual.Parser().Parse(text.NewReader(source))
	sections := []Section{{}}
	var out bytes.Buffer
	codes := 0
	end := func() {
		sections[len(sections)-1].HTML = out.String()
		out.Reset()
	}
	for n := root.FirstChild(); n != nil; {
		next := n.NextSibling()
		s := &sections[len(sections)-1]
		if h, ok := n.(*ast.Heading); ok && h.Level <= 2 {
			words := words(h, source)
			if h.Level == 2 {
				end()
				codes = 0
				sections = append(sections, Section{Title: words, ID: slug(words), Anchors: []string{slug(words)}})
			} else {
				s.Title, s.ID = words, slug(words)
				s.Anchors = append(s.Anchors, s.ID)
			}
			n = next
			continue
		}
		prepare(n, source, link, s, &codes)
		if err := manual.Renderer().Render(&out, source, n); err != nil {
			return nil, fmt.Errorf("writing the section %q: %w", s.Title, err)
		}
		n = next
	}
	end()
	return sections, nil
}

// Inline returns the HTML of a line of Markdown that is part of webmon, without links.
func Inline(markdown string) string {
	source := []byte(markdown)
	root := manual.Parser().Parse(text.NewReader(source))
	var out bytes.Buffer
	for p := root.FirstChild(); p != nil; p = p.NextSibling() {
		unlink(p, source)
		for n := p.FirstChild(); n != nil; n = n.NextSibling() {
			if err := manual.Renderer().Render(&out, source, n); err != nil {
				return html.EscapeString(markdown)
			}
		}
	}
	return out.String()
}

// prepare gives ids to what is below a node, and replaces links.
func prepare(n ast.Node, source []byte, link func(string) string, s *Section, codes *int) {
	switch n := n.(type) {
	case *ast.Heading:
		h := Heading{Title: words(n, source)}
		h.ID = slug(h.Title)
		s.Headings, s.Anchors = append(s.Headings, h), append(s.Anchors, h.ID)
		n.SetAttributeString("id", h.ID)
	case *ast.ListItem:
		if first := n.FirstChild(); first != nil {
			if bold, ok := first.FirstChild().(*ast.Emphasis); ok && bold.Level == 2 {
				id := slug(words(bold, source))
				s.Anchors = append(s.Anchors, id)
				n.SetAttributeString("id", id)
			}
		}
	case *ast.FencedCodeBlock:
		*codes++
		n.SetAttributeString("id", fmt.Sprintf("code-%s-%d", s.ID, *codes))
	case *ast.Link:
		to := link(string(n.Destination))
		n.Destination = []byte(to)
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		prepare(c, source, link, s, codes)
	}
}

// words are the words of a node, as they are read.
func words(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Value(source))
			if t.SoftLineBreak() {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// slug is the id that GitHub gives to a heading of these words.
func slug(words string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, words)
}

// manualNodes renders the nodes that are otherwise on webmon's own pages than in a docstring.
type manualNodes struct{}

func (manualNodes) RegisterFuncs(on renderer.NodeRendererFuncRegisterer) {
	on.Register(ast.KindHeading, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		tag := fmt.Sprintf("h%d", min(n.(*ast.Heading).Level, deepest))
		id := attribute(n, "id")
		if entering {
			fmt.Fprintf(w, `<%s id="%s">`, tag, id)
		} else {
			fmt.Fprintf(w, ` <a class="anchor" href="#%s" aria-label="Link to %s">#</a></%s>`, id, html.EscapeString(words(n, source)), tag)
			_ = w.WriteByte('\n')
		}
		return ast.WalkContinue, nil
	})
	on.Register(ast.KindListItem, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch id := attribute(n, "id"); {
		case !entering:
			_, _ = w.WriteString("</li>\n")
		case id != "":
			fmt.Fprintf(w, `<li id="%s">`, id)
		default:
			_, _ = w.WriteString("<li>")
		}
		return ast.WalkContinue, nil
	})
	on.Register(ast.KindFencedCodeBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			writeCode(w, attribute(n, "id"), string(n.(*ast.FencedCodeBlock).Language(source)), n.Lines().Value(source))
		}
		return ast.WalkContinue, nil
	})
	on.Register(ast.KindLink, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		to := n.(*ast.Link).Destination
		switch {
		case len(to) == 0:
		case destination(to) != nil:
			writeLink(w, to, entering)
		case entering:
			_, _ = w.WriteString(`<a class="link" href="` + html.EscapeString(string(to)) + `">`)
		default:
			_, _ = w.WriteString("</a>")
		}
		return ast.WalkContinue, nil
	})
	on.Register(ast.KindImage, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) { return ast.WalkSkipChildren, nil })
	on.Register(ast.KindHTMLBlock, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) { return ast.WalkSkipChildren, nil })
	// A wide table is scrolled by itself, also by keys.
	on.Register(east.KindTable, func(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			_, _ = w.WriteString(`<div class="manual-table" role="region" aria-label="Table" tabindex="0"><table>`)
		} else {
			_, _ = w.WriteString("</tbody></table></div>\n")
		}
		return ast.WalkContinue, nil
	})
	on.Register(east.KindTableRow, func(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			_, _ = w.WriteString("<tr>")
		} else {
			_, _ = w.WriteString("</tr>\n")
		}
		return ast.WalkContinue, nil
	})
	on.Register(east.KindTableHeader, func(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			_, _ = w.WriteString("<thead><tr>")
		} else {
			_, _ = w.WriteString("</tr></thead><tbody>\n")
		}
		return ast.WalkContinue, nil
	})
}

func attribute(n ast.Node, name string) string {
	v, _ := n.AttributeString(name)
	s, _ := v.(string)
	return s
}

// languages are the words for what is written in a block of code.
var languages = map[string]string{"python": "Python", "sh": "commands", "nginx": "configuration of nginx", "go": "Go", "templ": "templ"}

// writeCode writes code with the button that copies it, as components/ui has it.
func writeCode(w util.BufWriter, id, language string, code []byte) {
	what := languages[language]
	if what == "" {
		what = "code"
	}
	fmt.Fprintf(w, `<div class="code"><pre id="%s" tabindex="0" role="group" aria-label="%s"><code>`, id, what)
	_, _ = w.Write(util.EscapeHTML(code))
	fmt.Fprintf(w, `</code></pre><button type="button" class="btn btn-small" data-copy="%s" aria-label="Copy the %s"><span data-copy-word>Copy</span></button></div>`, id, what)
	_ = w.WriteByte('\n')
}
