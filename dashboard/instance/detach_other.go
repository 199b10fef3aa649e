//go:build !unix

package instance

// Detach does nothing where there are no sessions to leave.
func Detach() {}
