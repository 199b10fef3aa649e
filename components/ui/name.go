package ui

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is how much of a name is shown, in characters.
const maxName = 200

// maxLine is about how many characters of a label one line has room for.
const maxLine = 24

// isLong reports whether a label may be cut where it is shown in one line.
func isLong(label string) bool { return utf8.RuneCountInString(label) > maxLine }

// Name is a name that people gave to something, as pages show it. A blank name
// becomes "(no name)", and line ends become spaces. Characters that cannot be seen,
// or that change the direction of the text around them, are written as their code,
// such as \u202e. A long name is cut.
func Name(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(s) {
		if n++; n > maxName {
			b.WriteRune('…')
			break
		}
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case r == '\u200c' || r == '\u200d' || unicode.IsGraphic(r):
			b.WriteRune(r) // joiners belong to letters and to emoji
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	if b.Len() == 0 {
		return "(no name)"
	}
	return b.String()
}
