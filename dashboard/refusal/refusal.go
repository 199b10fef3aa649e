// Package refusal says why a request was refused, and which of its values is to blame.
// The checks below HTTP return it: those of the arguments of a command, and those of
// the parameters with which an array is read.
//
//	return &refusal.Error{Field: "exposure", Text: "exposure must be at most 10."}
package refusal

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
