package prose

import (
	"regexp"
	"strings"
)

// mathFence is the language of a fenced block that is a formula, as on GitHub.
const mathFence = "math"

// escapes restores LaTeX in which Python has read letters as control characters,
// because the docstring is not raw: "\alpha" then begins with a bell. Texts have no
// such characters otherwise.
var escapes = strings.NewReplacer("\r\n", "\n", "\a", `\a`, "\b", `\b`, "\v", `\v`, "\f", `\f`, "\r", `\r`, "\x00", "\uFFFD")

// fields are the titles of sections that list names, and notes those of sections with
// text, in the docstring styles of NumPy and of Google.
var (
	fields = map[string]bool{
		"args": true, "arguments": true, "parameters": true, "other parameters": true, "keyword arguments": true, "returns": true, "yields": true,
		"raises": true, "attributes": true, "methods": true, "warns": true, "receives": true, "sliders": true,
	}
	notes = map[string]bool{"note": true, "notes": true, "example": true, "examples": true, "references": true, "warning": true, "warnings": true, "todo": true, "see also": true}
)

var (
	underline  = regexp.MustCompile("^(=+|-+|~+|\\^+|\"+|#+|\\*+|\\++)\\s*$")
	restTable  = regexp.MustCompile(`^(=+( +=+)+|\+[-=+]+\+)$`)
	directive  = regexp.MustCompile(`^\.\. +([\w-]+):: *(.*)$`)
	footnote   = regexp.MustCompile(`^\.\. +(\[[^\]]{1,40}\]) +(.*)$`)
	fieldList  = regexp.MustCompile(`^:(\w+)(?: +([^:]{1,120}))?:(?: +(.*))?$`)
	numpyField = regexp.MustCompile(`^(\S[^:]{0,120}?)(?:\s+:\s*(.*))?$`)
	googleHead = regexp.MustCompile(`^([A-Z][A-Za-z ]{2,20}):\s*$`)
	googleItem = regexp.MustCompile(`^(\*{0,2}[\w.]{1,60})(?:\s*\(([^)]{1,120})\))?:\s*(.*)$`)
	mathRole   = regexp.MustCompile(":math:`([^`]+)`")
	role       = regexp.MustCompile(":[a-zA-Z][\\w:+-]{0,30}:`(~?)([^`<]+?)(?: *<[^`>]*>)?`")
	restLink   = regexp.MustCompile("`([^`<]+?) *<([^`>]+)>`__?")
	reference  = regexp.MustCompile("`([^`<]+)`_\\b")
	citation   = regexp.MustCompile(`\[([#*\w]{1,20})\]_`)
	environ    = regexp.MustCompile(`^\\begin\{(equation|align|gather|multline|eqnarray|alignat|flalign|cases|split)\*?\}`)
)

// fromDocstring converts a docstring to Markdown. It rewrites reStructuredText and
// the conventions of Python docstrings, and leaves code alone.
func fromDocstring(doc string) string {
	if len(doc) > maxText {
		doc = doc[:maxText] + "…"
	}
	doc = strings.ToValidUTF8(escapes.Replace(doc), "\uFFFD")
	c := converter{lines: strings.Split(doc, "\n")}
	for i, line := range c.lines {
		c.lines[i] = strings.TrimRight(line, " \t")
	}
	for c.at < len(c.lines) {
		c.block()
	}
	return c.out.String()
}

type converter struct {
	lines []string
	at    int
	out   strings.Builder
}

func (c *converter) line(i int) string {
	if i < len(c.lines) {
		return c.lines[i]
	}
	return ""
}

func (c *converter) write(text string) { c.out.WriteString(text + "\n") }

// fence writes a block whose text is left alone.
func (c *converter) fence(language string, lines []string) {
	longest, n := 3, 0
	for _, r := range strings.Join(lines, "\n") {
		if n++; r != '`' {
			n = 0
		}
		longest = max(longest, n+1)
	}
	marks := strings.Repeat("`", longest)
	c.write("\n" + marks + language)
	for _, l := range lines {
		c.write(l)
	}
	c.write(marks + "\n")
}

// indented takes the lines from the present one on that are indented by more than
// indent, with the blank lines between them. It removes their common indent.
func (c *converter) indented(indent int) []string {
	var lines []string
	least := -1
	for i := c.at; i < len(c.lines); i++ {
		l := c.lines[i]
		if l != "" && depth(l) <= indent {
			break
		}
		if l != "" && (least < 0 || depth(l) < least) {
			least = depth(l)
		}
		lines = append(lines, l)
	}
	c.at += len(lines)
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	for i, l := range lines {
		lines[i] = l[min(max(least, 0), len(l)):]
	}
	return lines
}

func depth(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// block converts the block that begins at the present line.
func (c *converter) block() {
	line := c.lines[c.at]
	trimmed := strings.TrimSpace(line)
	indent := depth(line)
	switch {
	case strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~") && !underline.MatchString(trimmed):
		c.fenced(trimmed)
	case c.math(trimmed):
	case indent > 3:
		c.write(line) // code, or what belongs to a list
		c.at++
	case strings.HasPrefix(trimmed, ">>> "), restTable.MatchString(trimmed):
		var lines []string
		for ; c.line(c.at) != ""; c.at++ { // to the next blank line
			lines = append(lines, c.lines[c.at][min(indent, depth(c.lines[c.at])):])
		}
		c.fence("", lines)
	case c.heading(trimmed):
	case strings.HasPrefix(trimmed, ".. "):
		c.explicit(trimmed, indent)
	case fieldList.MatchString(trimmed):
		c.at++
		m := fieldList.FindStringSubmatch(trimmed)
		what := m[1]
		if words := strings.Fields(m[2]); len(words) > 0 {
			what = words[len(words)-1]
		}
		c.item(what, "", append([]string{m[3]}, c.indented(indent)...))
	case strings.HasSuffix(trimmed, "::"):
		c.at++
		if text := strings.TrimSuffix(trimmed, "::"); text != "" {
			c.write(inline(line[:indent] + text + ":"))
		}
		if code := c.indented(indent); len(code) > 0 {
			c.fence("", code)
		}
	default:
		c.write(inline(line))
		c.at++
	}
}

// fenced copies a block of code.
func (c *converter) fenced(opening string) {
	marks := opening[:len(opening)-len(strings.TrimLeft(opening, opening[:1]))]
	for {
		c.write(c.lines[c.at])
		if c.at++; c.at >= len(c.lines) {
			return
		}
		if t := strings.TrimSpace(c.lines[c.at]); strings.HasPrefix(t, marks) && strings.Trim(t, marks[:1]) == "" {
			c.write(c.lines[c.at])
			c.at++
			return
		}
	}
}

// math converts a formula that stands by itself. It reports whether there was one.
func (c *converter) math(trimmed string) bool {
	end, keep := "", ""
	switch {
	case strings.HasPrefix(trimmed, "$$"):
		end = "$$"
	case strings.HasPrefix(trimmed, `\[`):
		end = `\]`
	default:
		m := environ.FindString(trimmed)
		if m == "" {
			return false
		}
		end = `\end` + strings.TrimPrefix(m, `\begin`)
		keep = end
	}
	first := trimmed
	if keep == "" {
		first = trimmed[2:]
	}
	var tex []string
	for i := c.at; i < len(c.lines) && len(tex) < 200; i++ {
		l := first
		if i > c.at {
			l = strings.TrimSpace(c.lines[i])
		}
		if before, after, ok := strings.Cut(l, end); ok {
			if strings.TrimSpace(before) == "" && len(tex) == 0 {
				return false
			}
			c.fence(mathFence, append(tex, before+keep))
			c.at = i + 1
			if after = strings.TrimSpace(after); after != "" && after != "." && after != "," {
				c.write(inline(after))
			}
			return true
		}
		if l != "" {
			tex = append(tex, l)
		}
	}
	return false
}

// heading converts a heading, which is a line with a line of marks below it or one
// above and one below, and the list in its section. It reports whether there was one.
func (c *converter) heading(trimmed string) bool {
	if underline.MatchString(trimmed) && len(trimmed) > 2 && c.line(c.at+1) != "" && strings.TrimSpace(c.line(c.at+2)) == trimmed {
		c.at++
		trimmed = strings.TrimSpace(c.lines[c.at])
	}
	below := strings.TrimSpace(c.line(c.at + 1))
	name := strings.ToLower(strings.TrimSuffix(trimmed, ":"))
	switch {
	case trimmed != "" && len(below) > 2 && underline.MatchString(below) && !underline.MatchString(trimmed):
		c.at += 2
		level := "## "
		if below[0] == '=' || below[0] == '#' || below[0] == '*' {
			level = "# "
		}
		c.write("\n" + level + inline(trimmed) + "\n")
		if fields[name] {
			c.numpy()
		}
		return true
	case googleHead.MatchString(trimmed) && (fields[name] || notes[name]) && depth(c.line(c.at+1)) > depth(c.lines[c.at]):
		indent := depth(c.lines[c.at])
		c.at++
		c.write("\n## " + strings.TrimSuffix(trimmed, ":") + "\n")
		c.google(c.indented(indent), fields[name])
		return true
	}
	return false
}

// numpy converts the entries of a section in NumPy's style: each is a name, with its
// description indented below it.
func (c *converter) numpy() {
	for c.at < len(c.lines) {
		line := c.lines[c.at]
		below := strings.TrimSpace(c.line(c.at + 1))
		if line == "" {
			c.at++
			continue
		}
		if len(below) > 2 && underline.MatchString(below) || depth(line) > 0 || strings.HasPrefix(line, "..") {
			return
		}
		if m := numpyField.FindStringSubmatch(line); m != nil && (m[2] != "" || depth(c.line(c.at+1)) > 0 || strings.Contains(line, " :")) {
			c.at++
			c.item(m[1], m[2], c.indented(0))
			continue
		}
		return
	}
}

// google converts the entries of a section in Google's style: "name (type): description".
func (c *converter) google(lines []string, listed bool) {
	if !listed {
		inner := fromDocstring(strings.Join(lines, "\n"))
		c.write(inner)
		return
	}
	in := converter{lines: lines}
	for in.at < len(lines) {
		line := lines[in.at]
		in.at++
		if line == "" {
			continue
		}
		if m := googleItem.FindStringSubmatch(line); m != nil && depth(line) == 0 {
			c.item(m[1], m[2], append([]string{m[3]}, in.indented(0)...))
			continue
		}
		c.write(inline(line))
	}
	c.write("")
}

// item writes an entry: a name, its type and its description.
func (c *converter) item(name, kind string, about []string) {
	head := "- `" + strings.ReplaceAll(name, "`", "") + "`"
	if kind != "" {
		head += " (" + inline(kind) + ")"
	}
	inner := strings.Trim(fromDocstring(strings.Join(about, "\n")), "\n")
	if inner != "" {
		head += ":"
	}
	c.write(head)
	for l := range strings.Lines(inner) {
		c.out.WriteString("  " + l)
	}
	c.write("")
}

// explicit converts a block that begins with two dots: a directive, a footnote or a
// comment.
func (c *converter) explicit(trimmed string, indent int) {
	c.at++
	if m := footnote.FindStringSubmatch(trimmed); m != nil {
		c.write(m[1] + " " + inline(strings.Join(append([]string{m[2]}, c.indented(indent)...), " ")) + "\n")
		return
	}
	m := directive.FindStringSubmatch(trimmed)
	if m == nil {
		c.indented(indent) // a comment
		return
	}
	body := c.indented(indent)
	for len(body) > 0 && strings.HasPrefix(body[0], ":") && strings.Count(body[0], ":") > 1 && m[1] != "note" {
		body = body[1:] // options
	}
	switch m[1] {
	case "math":
		if m[2] != "" {
			body = append([]string{m[2]}, body...)
		}
		// A blank line begins the next formula.
		var tex []string
		for _, l := range append(body, "") {
			if strings.TrimSpace(l) != "" {
				tex = append(tex, l)
			} else if len(tex) > 0 {
				c.fence(mathFence, tex)
				tex = nil
			}
		}
	case "code", "code-block", "sourcecode", "ipython":
		c.fence("", body)
	case "image", "figure", "plot", "currentmodule", "module", "automodule", "autoclass", "index", "contents", "toctree":
		// There is nothing in it to show.
	default:
		name := strings.ReplaceAll(m[1], "-", " ")
		c.write("\n**" + strings.ToUpper(name[:1]) + name[1:] + ".** " + inline(m[2]))
		c.write(fromDocstring(strings.Join(body, "\n")))
	}
}

// inline converts the reStructuredText markup within a line to Markdown.
func inline(line string) string {
	if !strings.ContainsAny(line, "`_") {
		return line
	}
	line = mathRole.ReplaceAllString(line, `\($1\)`)
	line = role.ReplaceAllString(line, "`$2`")
	line = restLink.ReplaceAllString(line, "[$1](<$2>)")
	line = reference.ReplaceAllString(line, "$1")
	return citation.ReplaceAllString(line, `[$1]`)
}
