// Package refusal says why a request was refused, and which of its values is to blame.
// The checks below HTTP return it: those of the arguments of a command, and those of
// the parameters with which an array is read.
//
//	return &refusal.Error{Field: "exposure", Text: "exposure must be at most 10."}
package refusal

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Error is a refusal.
type Error struct {
	// Field is the name of the value that is to blame; "" for none.
	Field string
	Text  string // one sentence, for people
	// Gone says that no value is to blame, but the process does not run.
	Gone bool
}

// Error implements error.
func (e *Error) Error() string { return e.Text }

// namedAtMost is how many names a refusal lists.
const namedAtMost = 20

// Unknown refuses what was given to whom under a name that is none of those it knows, nil
// if there is nothing of that kind. A name that is misspelt would otherwise be taken for one
// that was left out, and what was meant by it would be silently different.
func Unknown[V any](whom string, given map[string]V, known []string) *Error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if slices.Contains(known, name) {
			continue
		}
		text := fmt.Sprintf("%s takes no %.60q", whom, name)
		switch n := len(known); {
		case n == 0:
			text += ", nor anything else."
		case n == 1:
			text += fmt.Sprintf(", only %s.", known[0])
		case n <= namedAtMost:
			text += fmt.Sprintf(", only %s and %s.", strings.Join(known[:n-1], ", "), known[n-1])
		default:
			text += fmt.Sprintf(", only %s and %d more.", strings.Join(known[:namedAtMost], ", "), n-namedAtMost)
		}
		return &Error{Field: name, Text: text}
	}
	return nil
}
