package prose

import (
	"bytes"
	"net/url"
	"strconv"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// formula is a formula in LaTeX within a line of text.
type formula struct {
	ast.BaseInline
	tex   []byte
	block bool
}

var kindFormula = ast.NewNodeKind("Formula")

func (f *formula) Kind() ast.NodeKind         { return kindFormula }
func (f *formula) Dump(source []byte, at int) { ast.DumpHelper(f, source, at, nil, nil) }

// address is a bare address in a text, shown as text and not as a link.
type address struct {
	ast.BaseInline
	label []byte
}

var kindAddress = ast.NewNodeKind("Address")

func (a *address) Kind() ast.NodeKind         { return kindAddress }
func (a *address) Dump(source []byte, at int) { ast.DumpHelper(a, source, at, nil, nil) }

// mathParser finds $x$, $$x$$, \(x\) and \[x\] in a paragraph.
type mathParser struct{}

func (mathParser) Trigger() []byte { return []byte{'$', '\\'} }

func (mathParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	var open, end string
	for _, pair := range [][2]string{{"$$", "$$"}, {"$", "$"}, {`\(`, `\)`}, {`\[`, `\]`}} {
		if bytes.HasPrefix(line, []byte(pair[0])) {
			open, end = pair[0], pair[1]
			break
		}
	}
	if open == "" {
		return nil
	}
	row, at := block.Position()
	block.Advance(len(open))
	var tex []byte
	for {
		line, _ := block.PeekLine()
		i := ends(line, end, len(tex) == 0)
		if line == nil || len(tex)+len(line) > maxMath {
			block.SetPosition(row, at)
			return nil
		}
		if i >= 0 {
			tex = append(tex, line[:i]...)
			block.Advance(i + len(end))
			break
		}
		tex = append(tex, line...)
		block.AdvanceLine()
	}
	if len(bytes.TrimSpace(tex)) == 0 {
		block.SetPosition(row, at)
		return nil
	}
	return &formula{tex: bytes.TrimSpace(tex), block: open == "$$" || open == `\[`}
}

// ends returns the index at which a formula ends, -1 if it does not end in the line.
// A single dollar begins or ends a formula only if no space follows or precedes it
// inside the formula, and none ends one before a digit: other dollars are money.
func ends(line []byte, end string, first bool) int {
	if end != "$" {
		return bytes.Index(line, []byte(end))
	}
	if first && (len(line) == 0 || util.IsSpace(line[0])) {
		return -1
	}
	for i := range line {
		if line[i] != '$' || i > 0 && (line[i-1] == '\\' || util.IsSpace(line[i-1])) || i == 0 && first {
			continue
		}
		if i+1 == len(line) || line[i+1] < '0' || line[i+1] > '9' {
			return i
		}
	}
	return -1
}

// starParser keeps a star between letters or digits as it is: a*b*c is a product.
type starParser struct{}

func (starParser) Trigger() []byte { return []byte{'*'} }

func (starParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, segment := block.PeekLine()
	n := 1
	for n < len(line) && line[n] == '*' {
		n++
	}
	if before := block.PrecendingCharacter(); n == len(line) || n > 2 || !wordy(before) || !wordy(rune(line[n])) {
		return nil
	}
	block.Advance(n)
	return ast.NewTextSegment(segment.WithStop(segment.Start + n))
}

func wordy(r rune) bool {
	return r == '_' || r == ')' || r == '(' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r > 127
}

// nodes renders the nodes for which goldmark's own renderer does not fit.
type nodes struct{}

func (nodes) RegisterFuncs(on renderer.NodeRendererFuncRegisterer) {
	on.Register(kindFormula, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if f := n.(*formula); entering {
			writeMath(w, f.tex, f.block)
		}
		return ast.WalkContinue, nil
	})
	on.Register(kindAddress, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			_, _ = w.Write(util.EscapeHTML(n.(*address).label))
		}
		return ast.WalkContinue, nil
	})
	on.Register(ast.KindHeading, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		tag := "h" + strconv.Itoa(min(n.(*ast.Heading).Level+headings, deepest)) + ">"
		if entering {
			_, _ = w.WriteString("<" + tag)
		} else {
			_, _ = w.WriteString("</" + tag + "\n")
		}
		return ast.WalkContinue, nil
	})
	// Pictures would be loaded from elsewhere, which no page of webmon does.
	on.Register(ast.KindImage, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) { return ast.WalkContinue, nil })
	on.Register(ast.KindLink, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if to := destination(n.(*ast.Link).Destination); to != nil {
			writeLink(w, to, entering)
		}
		return ast.WalkContinue, nil
	})
	on.Register(ast.KindAutoLink, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		l := n.(*ast.AutoLink)
		to := l.URL(source)
		if l.AutoLinkType == ast.AutoLinkEmail && !bytes.HasPrefix(bytes.ToLower(to), []byte("mailto:")) {
			to = append([]byte("mailto:"), to...)
		}
		to = destination(to)
		if to != nil {
			writeLink(w, to, true)
		}
		_, _ = w.Write(util.EscapeHTML(l.Label(source)))
		if to != nil {
			writeLink(w, to, false)
		}
		return ast.WalkContinue, nil
	})
	on.Register(east.KindTableCell, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		tag, scope := "td", ""
		if n.Parent().Kind() == east.KindTableHeader {
			tag, scope = "th", ` scope="col"`
		}
		if !entering {
			_, _ = w.WriteString("</" + tag + ">\n")
			return ast.WalkContinue, nil
		}
		align := ""
		if a := n.(*east.TableCell).Alignment; a != east.AlignNone {
			align = ` align="` + a.String() + `"`
		}
		_, _ = w.WriteString("<" + tag + scope + align + ">")
		return ast.WalkContinue, nil
	})
	on.Register(ast.KindFencedCodeBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		code := n.Lines().Value(source)
		if string(n.(*ast.FencedCodeBlock).Language(source)) == mathFence && len(code) <= maxMath {
			writeMath(w, bytes.TrimSpace(code), true)
			return ast.WalkContinue, nil
		}
		_, _ = w.WriteString("<pre><code>")
		_, _ = w.Write(util.EscapeHTML(code))
		_, _ = w.WriteString("</code></pre>\n")
		return ast.WalkContinue, nil
	})
}

func writeMath(w util.BufWriter, tex []byte, block bool) {
	kind := "inline"
	if block {
		kind = "block"
	}
	_, _ = w.WriteString(`<span class="math" data-math="` + kind + `">`)
	_, _ = w.Write(util.EscapeHTML(tex))
	_, _ = w.WriteString("</span>")
}

// destination is the address of a link, nil if pages must not link to it.
func destination(to []byte) []byte {
	u, err := url.Parse(string(to))
	if err != nil || u.Scheme != "mailto" && (u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return nil
	}
	return []byte(u.String())
}

func writeLink(w util.BufWriter, to []byte, entering bool) {
	if !entering {
		_, _ = w.WriteString("</a>")
		return
	}
	_, _ = w.WriteString(`<a class="link" target="_blank" rel="noopener noreferrer nofollow" href="`)
	_, _ = w.Write(util.EscapeHTML(to))
	_, _ = w.WriteString(`">`)
}
