package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"webmon/natural"
)

// Bounds of a tree on a page. The page says how much is left out.
const (
	treeChildren = 100 // of one node
	treeDepth    = 8
	treeText     = 400 // characters of one text
	treeNodes    = 600 // of one tree
)

// node is one line of a tree.
type node struct {
	id       string
	key      string
	text     string // of a leaf, or a summary of what is inside
	kind     string // "number", "text", "word" (null, true, false), "inside", "more"
	children []node
	open     bool
	pin      string // URL that puts it on a board, "" for none
	name     string // of a number that has a pin
}

// pinned gives the numbers of a tree their pins.
func pinned(n node, name string, pin func(name string) string) node {
	if n.kind == "number" && !strings.HasPrefix(n.text, "[") {
		n.pin, n.name = pin(name), name
	}
	for i := range n.children {
		n.children[i] = pinned(n.children[i], name+"."+n.children[i].key, pin)
	}
	return n
}

// nodes turns a value into lines. open is how many levels are open at first. The
// value is nil, bool, int64, float64, string, []any, map[string]any, or a
// json.Marshaler.
func nodes(id, key string, v any, open int) node {
	budget := treeNodes
	return build(id, key, v, open, 0, &budget)
}

func build(id, key string, v any, open, depth int, budget *int) node {
	*budget--
	n := node{id: id, key: key, open: depth < open}
	switch v := v.(type) {
	case nil:
		n.text, n.kind = "none", "word"
	case bool:
		n.text, n.kind = strconv.FormatBool(v), "word"
	case int64:
		n.text, n.kind = strconv.FormatInt(v, 10), "number"
	case int:
		n.text, n.kind = strconv.Itoa(v), "number"
	case json.Number:
		n.text, n.kind = v.String(), "number"
	case *big.Int:
		n.text, n.kind = v.String(), "number"
	case float64:
		n.text, n.kind = float(v), "number"
	case string:
		n.text, n.kind = short(v), "text"
	case []any:
		n.kind = "inside"
		n.text = fmt.Sprintf("%d %s", len(v), Plural(len(v), "item", "items"))
		if numbers, ok := numberList(v); ok {
			n.text, n.kind = numbers, "number"
			return n
		}
		if depth == treeDepth {
			return n
		}
		for i, e := range v {
			if i == treeChildren || *budget <= 0 {
				n.children = append(n.children, more(id, len(v)-i))
				break
			}
			name := strconv.Itoa(i)
			n.children = append(n.children, build(id+"-"+name, name, e, open, depth+1, budget))
		}
	case map[string]any:
		n.kind = "inside"
		n.text = fmt.Sprintf("%d %s", len(v), Plural(len(v), "entry", "entries"))
		if depth == treeDepth {
			return n
		}
		for i, name := range slices.SortedFunc(maps.Keys(v), natural.Compare) {
			if i == treeChildren || *budget <= 0 {
				n.children = append(n.children, more(id, len(v)-i))
				break
			}
			n.children = append(n.children, build(id+"-"+ID(name), name, v[name], open, depth+1, budget))
		}
	case json.Marshaler:
		if plain, ok := decode(v); ok {
			*budget++
			return build(id, key, plain, open, depth, budget)
		}
		n.text, n.kind = "not readable", "word"
	default:
		n.text, n.kind = short(fmt.Sprint(v)), "text"
	}
	return n
}

// float writes a number with seven significant digits. A large one, which may be a
// time, keeps three digits after the point.
func float(v float64) string {
	if abs := math.Abs(v); abs >= 1e6 && abs < 1e15 {
		s := strconv.FormatFloat(v, 'f', 3, 64)
		return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return strconv.FormatFloat(v, 'g', 7, 64)
}

func more(id string, left int) node {
	return node{id: id + "-more", kind: "more", text: fmt.Sprintf("%s more", Count(left))}
}

// numberList writes a short list of numbers, such as a shape or a position, in one
// line. Opening it would show nothing more.
func numberList(v []any) (string, bool) {
	if len(v) == 0 || len(v) > 6 {
		return "", false
	}
	texts := make([]string, len(v))
	for i, e := range v {
		switch e := e.(type) {
		case int64:
			texts[i] = strconv.FormatInt(e, 10)
		case float64:
			texts[i] = float(e)
		case json.Number:
			texts[i] = e.String()
		default:
			return "", false
		}
	}
	return "[" + strings.Join(texts, ", ") + "]", true
}

func decode(m json.Marshaler) (any, bool) {
	data, err := m.MarshalJSON()
	if err != nil {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // ids beyond 2^53 keep their digits
	var v any
	err = decoder.Decode(&v)
	return v, err == nil
}

// short cuts a text that is too long for a line of a tree.
func short(s string) string {
	runes := 0
	for i := range s {
		if runes == treeText {
			return s[:i] + "… (" + Count(len(s)) + " bytes)"
		}
		runes++
	}
	return s
}

// Line writes a value in one line of at most n characters.
func Line(v any, n int) string {
	var b strings.Builder
	writeLine(&b, v, n)
	s := b.String()
	count, cut := 0, 0
	for i := range s {
		if count == n-1 {
			cut = i
		}
		if count == n {
			return s[:cut] + "…"
		}
		count++
	}
	return s
}

func writeLine(b *strings.Builder, v any, n int) {
	if b.Len() > n*4 { // full: a character has at most four bytes
		return
	}
	switch v := v.(type) {
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			if b.Len() > n*4 {
				break
			}
			writeLine(b, e, n)
		}
		b.WriteByte(']')
	case map[string]any:
		for i, key := range slices.SortedFunc(maps.Keys(v), natural.Compare) {
			if i > 0 {
				b.WriteString(", ")
			}
			if b.Len() > n*4 {
				break
			}
			b.WriteString(key)
			b.WriteString(": ")
			writeLine(b, v[key], n)
		}
	default:
		b.WriteString(build("", "", v, 0, treeDepth, new(int)).text)
	}
}
