// Package refusal says why what somebody asked for was not done, and which of the
// values that they gave is to blame. It is what the checks below HTTP return: those
// of a command's arguments, and those of how an array is to be read.
//
//	return &refusal.Error{Field: "exposure", Text: "exposure must be at most 10."}
package refusal

// Error is a refusal.
type Error struct {
	// Field is the value that is to blame, by the name under which it was given; "" where
	// none is.
	Field string
	Text  string // one sentence, for people
	// Gone says that nobody is to blame: the process does not run.
	Gone bool
}

// Error implements error.
func (e *Error) Error() string { return e.Text }
