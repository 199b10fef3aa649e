//go:build unix

package instance

import (
	"os/signal"
	"syscall"
)

// Detach leaves the session of the process that started us, so that Ctrl-C or
// the end of its terminal, and a stdout that nobody reads any more, do not end
// webmon with it.
func Detach() {
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	// Fails for the leader of a process group, which has a session of its own
	// or was started from a shell; there is nothing to leave then.
	_, _ = syscall.Setsid()
}
