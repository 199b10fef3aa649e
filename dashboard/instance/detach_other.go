//go:build !unix

package instance

// Detach does nothing: this platform has no sessions to leave.
func Detach() {}
