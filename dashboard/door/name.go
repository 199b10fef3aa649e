package door

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is how many letters the name of a person may have.
const maxName = 64

// CheckName says why somebody cannot go by a name: others read it beside what the
// person has changed. It must be one line that shows what it holds, and must not be
// what whoever has the token of webmon is called.
func CheckName(name string) error {
	switch {
	case name == "" || strings.TrimSpace(name) != name:
		return errors.New("a name is not empty, and neither begins nor ends with a space")
	case !utf8.ValidString(name):
		return errors.New("a name is UTF-8")
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Errorf("a name has at most %d letters", maxName)
	case strings.ContainsFunc(name, hidden):
		return errors.New("a name holds no control characters and no letters that do not show")
	case strings.EqualFold(name, Person{}.Title()):
		return fmt.Errorf("%q is what whoever has webmon's own token is called", name)
	}
	return nil
}

// hidden reports whether a letter does not show, or changes the order of the others.
// Spaces show, those of other scripts too; separators of lines do not.
func hidden(c rune) bool { return !unicode.IsGraphic(c) || c == utf8.RuneError }
