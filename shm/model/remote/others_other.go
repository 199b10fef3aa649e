//go:build !linux

package remote

// connections returns nothing: this platform does not tell its connections.
func connections() []connection { return nil }
