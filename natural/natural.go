// Package natural writes for people: names in their order, sentences, and texts cut to
// what there is room for. Whatever shows a list of
// names to people sorts it with it, on both sides of the contract.
package natural

import (
	"cmp"
	"strings"
)

// Compare compares names as people put them in order: numbers in them by
// their value, so that layer.92 comes before layer.100. Names that differ only in
// the zeros before a number follow the order of their bytes.
func Compare(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		n, m := digits(x), digits(y)
		if n == 0 || m == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		// Without their zeros the longer number is the greater one.
		p, q := strings.TrimLeft(x[:n], "0"), strings.TrimLeft(y[:m], "0")
		if c := cmp.Or(cmp.Compare(len(p), len(q)), strings.Compare(p, q)); c != 0 {
			return c
		}
		x, y = x[n:], y[m:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

// digits is how many digits a text begins with.
func digits(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}
