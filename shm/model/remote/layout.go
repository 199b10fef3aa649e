package remote

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"webmon/natural"
	"webmon/shm"
)

// These constants bound what is read of a layout.
const (
	maxLayout   = 1 << 20 // bytes
	maxDepth    = 64      // of calls and lists inside of each other
	maxNodes    = 50000
	maxControls = 200
	maxChoices  = 500
	maxName     = 64 // bytes of the name of a control
	maxTitle    = 200
)

// widget is what a layout says about one control.
type widget struct {
	control shm.Control
	// values are the values behind the choices of the control, in the same order.
	values []shm.Value
}

// read turns a value of the server into one of the control, nil if the control cannot have it.
func (w *widget) read(v shm.Value) shm.Value {
	switch w.control.Type {
	case shm.Bool:
		if n, ok := shm.Number(v); ok {
			return n != 0
		}
		if b, ok := v.(bool); ok {
			return b
		}
	case shm.Int:
		if n, ok := shm.Number(v); ok && n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n)
		}
	case shm.Float:
		if n, ok := shm.Number(v); ok && !math.IsNaN(n) && !math.IsInf(n, 0) {
			return n
		}
	case shm.Choice:
		for i, choice := range w.values {
			if same(choice, v) {
				return w.control.Choices[i]
			}
		}
	case shm.Text:
		if s, ok := v.(string); ok {
			return s
		}
	}
	return nil
}

// write turns a value that the control accepts into one that the server takes.
func (w *widget) write(v shm.Value) shm.Value {
	if i := slices.Index(w.control.Choices, fmt.Sprint(v)); w.control.Type == shm.Choice && i >= 0 {
		return w.values[i]
	}
	return v
}

// same reports whether Python finds two values equal.
func same(a, b shm.Value) bool {
	x, ok := shm.Number(a)
	y, also := shm.Number(b)
	if ok || also {
		return ok && also && x == y
	}
	switch a.(type) {
	case nil, bool, string:
		return a == b
	}
	return false
}

// layout is what people may change on a server.
type layout struct {
	widgets []widget
	unknown []string // "kind name" of widgets that have no control here
}

// special are the names of widgets of super_hydro's own page. They are no parameters.
var special = []string{"density", "quit", "reset", "reset_tracers", "fps", "messages", "controls"}

// passive are the kinds of widgets that change nothing.
var passive = []string{"HTML", "HTMLMath", "Label", "Image", "Video", "Audio", "Canvas", "Button", "Output", "FloatProgress", "IntProgress", "Valid"}

// deadly are the parameters that must not be set. The server would hang, because its arrays
// would have another shape than its model.
var deadly = []string{"Nx", "Ny", "Nxy", "dx", "Lxy", "xy"}

// parseLayout reads the repr of a tree of ipywidgets. Parts that it does not recognise
// are skipped. An error means that nothing could be parsed.
func parseLayout(text string) (layout, error) {
	var l layout
	if len(text) > maxLayout {
		return l, fmt.Errorf("it has %d bytes", len(text))
	}
	p := reprParser{s: text}
	root, err := p.expression(0)
	if err != nil {
		return l, err
	}
	l.add(root)
	return l, nil
}

func (l *layout) add(n node) {
	for _, child := range n.items {
		l.add(child)
	}
	if n.kind != nodeCall {
		return
	}
	for _, a := range n.attributes {
		if a.name == "children" {
			l.add(a.value)
		}
	}
	name := n.text("name")
	if name == "" || name == "_" || slices.Contains(special, name) {
		return
	}
	if !validName(name) || slices.Contains(deadly, name) || len(l.widgets) >= maxControls ||
		slices.ContainsFunc(l.widgets, func(w widget) bool { return w.control.Name == name }) {
		return
	}
	w, ok := n.widget()
	if !ok {
		if n.attribute("children") == nil && !slices.Contains(passive, n.name) && len(l.unknown) < maxControls {
			l.unknown = append(l.unknown, natural.Clip(n.name, maxName)+" "+name)
		}
		return
	}
	l.widgets = append(l.widgets, w)
}

// validName reports whether a text is a name in Python.
func validName(s string) bool {
	if s == "" || len(s) > maxName || !utf8.ValidString(s) {
		return false
	}
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return true
}

// widget turns a call that makes a widget into a control. An attribute that ipywidgets leaves
// out of a repr has the library's default.
func (n *node) widget() (widget, bool) {
	c := shm.Control{Name: n.text("name"), Title: natural.Clip(strings.TrimSpace(n.text("description")), maxTitle)}
	if c.Title == c.Name {
		c.Title = ""
	}
	var w widget
	limits := func(low, high, step float64) {
		low, high = n.number("min", low), n.number("max", high)
		c.Step = n.number("step", step)
		if low < high {
			c.Min, c.Max = &low, &high
		}
		if !(c.Step > 0) || math.IsInf(c.Step, 0) {
			c.Step = 0
		}
	}
	value := n.value("value")
	switch n.name {
	case "FloatSlider":
		c.Type = shm.Float
		limits(0, 100, 0.1)
	case "BoundedFloatText":
		c.Type = shm.Float
		limits(0, 100, 0)
	case "FloatText":
		c.Type = shm.Float
	case "FloatLogSlider":
		c.Type = shm.Float
		base := n.number("base", 10)
		limits(0, 4, 0.1)
		if c.Min == nil || !(base > 1) {
			return w, false
		}
		low, high := math.Pow(base, *c.Min), math.Pow(base, *c.Max)
		if low <= 0 || math.IsInf(high, 0) {
			return w, false
		}
		// Its step is a step of the exponent, and not of the value.
		c.Min, c.Max, c.Step, c.Scale = &low, &high, 0, "log"
		if value == nil {
			value = 1.0
		}
	case "IntSlider", "BoundedIntText":
		c.Type = shm.Int
		limits(0, 100, 1)
	case "IntText":
		c.Type = shm.Int
	case "Checkbox", "ToggleButton":
		c.Type = shm.Bool
		if value == nil {
			value = false
		}
	case "Dropdown", "ToggleButtons", "RadioButtons", "Select", "SelectionSlider":
		c.Type = shm.Choice
		if c.Choices, w.values = n.choices(); len(c.Choices) == 0 {
			return w, false
		}
	case "Text", "Textarea", "Combobox":
		c.Type = shm.Text
		if value == nil {
			value = ""
		}
	default:
		return w, false
	}
	if disabled, _ := n.value("disabled").(bool); disabled {
		return w, false
	}
	if (c.Type == shm.Float || c.Type == shm.Int) && value == nil {
		value = int64(0)
		if c.Min != nil && *c.Min > 0 {
			value = *c.Min
		}
	}
	w.control = c
	w.control.Default = w.read(value)
	if w.control.Default != nil {
		if _, err := c.Accept(w.control.Default); err != nil {
			w.control.Default = nil
		}
	}
	w.control.Value = w.control.Default
	return w, true
}

// choices reads the options of a widget. They are a list of values, a list of pairs of a
// label and a value, or a dict from labels to values.
func (n *node) choices() (labels []string, values []shm.Value) {
	options := n.attribute("options")
	if options == nil {
		return nil, nil
	}
	add := func(label, value node) {
		text := natural.Clip(label.label(), maxTitle)
		v, ok := value.plain()
		if ok && text != "" && len(labels) < maxChoices && !slices.Contains(labels, text) {
			labels, values = append(labels, text), append(values, v)
		}
	}
	for _, o := range options.items {
		if o.kind == nodeList && len(o.items) == 2 {
			add(o.items[0], o.items[1])
		} else {
			add(o, o)
		}
	}
	return labels, values
}

// label is what people read of a value.
func (n *node) label() string {
	v, ok := n.plain()
	if !ok {
		return ""
	}
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

// node is an expression.
type node struct {
	kind       nodeKind
	name       string      // of a call, without the module
	items      []node      // of a list, or the arguments without names of a call
	attributes []attribute // of a call
	scalar     shm.Value   // nil, bool, int64, float64 or string
}

type nodeKind int

const (
	nodeOther  nodeKind = iota // something that means nothing here
	nodeScalar                 // a number, a text, True, False, None
	nodeList                   // of any brackets; a dict is a list of pairs
	nodeCall
)

type attribute struct {
	name  string
	value node
}

func (n *node) attribute(name string) *node {
	for i := range n.attributes {
		if n.attributes[i].name == name {
			return &n.attributes[i].value
		}
	}
	return nil
}

// value is the value of an attribute, nil if it is not a simple one.
func (n *node) value(name string) shm.Value {
	if a := n.attribute(name); a != nil {
		v, _ := a.plain()
		return v
	}
	return nil
}

func (n *node) plain() (shm.Value, bool) { return n.scalar, n.kind == nodeScalar }

func (n *node) text(name string) string {
	s, _ := n.value(name).(string)
	return s
}

func (n *node) number(name string, otherwise float64) float64 {
	if x, ok := shm.Number(n.value(name)); ok && !math.IsNaN(x) && !math.IsInf(x, 0) {
		return x
	}
	return otherwise
}

// reprParser reads what Python's repr writes: calls, numbers, texts, and lists of
// them. It skips what it does not know, such as <object at 0x…>.
type reprParser struct {
	s     string
	at    int
	nodes int
}

func (p *reprParser) fail(what string) error {
	return fmt.Errorf("%s at byte %d of %d", what, p.at, len(p.s))
}

func (p *reprParser) space() {
	for p.at < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.at]) >= 0 {
		p.at++
	}
}

// peek is the next byte, 0 at the end.
func (p *reprParser) peek() byte {
	p.space()
	if p.at < len(p.s) {
		return p.s[p.at]
	}
	return 0
}

func (p *reprParser) expression(depth int) (n node, err error) {
	if p.nodes++; p.nodes > maxNodes {
		return n, p.fail("there are too many widgets")
	}
	if depth > maxDepth {
		return n, p.fail("it is too deep")
	}
	switch c := p.peek(); {
	case c == 0:
		return n, p.fail("it ends too soon")
	case c == '\'' || c == '"':
		return p.texts("")
	case c == '(' || c == '[' || c == '{':
		p.at++
		n.kind = nodeList
		n.items, _, err = p.list(closing(c), depth)
		return n, err
	case c == '<':
		return n, p.object()
	case c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9':
		return p.number()
	case isNameByte(c):
		return p.named(depth)
	}
	return n, p.fail("an unknown sign")
}

func closing(c byte) byte {
	switch c {
	case '(':
		return ')'
	case '[':
		return ']'
	}
	return '}'
}

func isNameByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

func (p *reprParser) word() string {
	from := p.at
	for p.at < len(p.s) && (isNameByte(p.s[p.at]) || p.s[p.at] == '.') {
		p.at++
	}
	return p.s[from:p.at]
}

// named reads what begins with a name: a call, a constant, or a text with a prefix.
func (p *reprParser) named(depth int) (n node, err error) {
	name := p.word()
	if p.at < len(p.s) && (p.s[p.at] == '\'' || p.s[p.at] == '"') && len(name) <= 2 {
		return p.texts(strings.ToLower(name))
	}
	if p.peek() == '(' {
		p.at++
		n.kind = nodeCall
		n.name = name[strings.LastIndexByte(name, '.')+1:]
		n.items, n.attributes, err = p.list(')', depth)
		return n, err
	}
	n.kind = nodeScalar
	switch name {
	case "True":
		n.scalar = true
	case "False":
		n.scalar = false
	case "None":
	case "nan":
		n.scalar = math.NaN()
	case "inf":
		n.scalar = math.Inf(1)
	default:
		n.kind = nodeOther
	}
	return n, nil
}

// list reads expressions up to the bracket, with names or keys before them or not.
func (p *reprParser) list(end byte, depth int) (items []node, attributes []attribute, err error) {
	for {
		switch p.peek() {
		case 0:
			return nil, nil, p.fail("a bracket is left open")
		case end:
			p.at++
			return items, attributes, nil
		case ',':
			p.at++
			continue
		}
		if name, ok := p.assigned(); ok {
			v, err := p.expression(depth + 1)
			if err != nil {
				return nil, nil, err
			}
			attributes = append(attributes, attribute{name, v})
		} else {
			v, err := p.expression(depth + 1)
			if err != nil {
				return nil, nil, err
			}
			if p.peek() == ':' {
				p.at++
				of, err := p.expression(depth + 1)
				if err != nil {
					return nil, nil, err
				}
				v = node{kind: nodeList, items: []node{v, of}}
			}
			items = append(items, v)
		}
		if c := p.peek(); c != ',' && c != end {
			return nil, nil, p.fail("a comma is missing")
		}
	}
}

// assigned reads the name of an attribute and its "=".
func (p *reprParser) assigned() (string, bool) {
	from := p.at
	name := p.word()
	if name != "" && p.peek() == '=' {
		p.at++
		return name, true
	}
	p.at = from
	return "", false
}

// number reads a number. A complex number is read and dropped.
func (p *reprParser) number() (n node, err error) {
	from := p.at
	for p.at < len(p.s) && (isNameByte(p.s[p.at]) || strings.IndexByte("+-.", p.s[p.at]) >= 0) {
		p.at++
	}
	text := p.s[from:p.at]
	n.kind = nodeScalar
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		n.scalar = i
	} else if f, err := strconv.ParseFloat(text, 64); err == nil || math.IsInf(f, 0) {
		n.scalar = f
	} else {
		n.kind = nodeOther
	}
	return n, nil
}

// texts reads adjacent texts, which Python joins into one.
func (p *reprParser) texts(prefix string) (n node, err error) {
	var b strings.Builder
	for c := p.peek(); c == '\'' || c == '"'; c = p.peek() {
		if err := p.quoted(&b, strings.Contains(prefix, "r")); err != nil {
			return n, err
		}
	}
	if strings.Contains(prefix, "b") {
		return n, nil
	}
	return node{kind: nodeScalar, scalar: strings.ToValidUTF8(b.String(), "�")}, nil
}

func (p *reprParser) quoted(b *strings.Builder, raw bool) error {
	quote := p.s[p.at]
	for p.at++; p.at < len(p.s); p.at++ {
		switch c := p.s[p.at]; {
		case c == quote:
			p.at++
			return nil
		case c == '\\' && !raw && p.at+1 < len(p.s):
			p.at++
			p.escape(b)
		default:
			b.WriteByte(c)
		}
	}
	return p.fail("a text is left open")
}

// escape reads what follows a backslash. It stops on the last byte of it.
func (p *reprParser) escape(b *strings.Builder) {
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}
	c := p.s[p.at]
	if n := digits[c]; n > 0 {
		if p.at+n < len(p.s) {
			if r, err := strconv.ParseUint(p.s[p.at+1:p.at+1+n], 16, 32); err == nil {
				b.WriteRune(rune(r))
				p.at += n
				return
			}
		}
		b.WriteByte(c)
		return
	}
	switch c {
	case 'n':
		b.WriteByte('\n')
	case 't':
		b.WriteByte('\t')
	case 'r':
		b.WriteByte('\r')
	default:
		b.WriteByte(c)
	}
}

// object skips <...>, which may hold others of its kind.
func (p *reprParser) object() error {
	for depth := 0; p.at < len(p.s); p.at++ {
		switch p.s[p.at] {
		case '<':
			depth++
		case '>':
			if depth--; depth == 0 {
				p.at++
				return nil
			}
		}
	}
	return p.fail("a < is left open")
}
