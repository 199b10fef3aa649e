//go:build unix

package instance

import (
	"os/signal"
	"syscall"
)

// Detach makes webmon leave the session of the process that started it. Then
// neither Ctrl-C nor the end of that process's terminal ends webmon. A stdout that
// nobody reads any more does not end it either.
func Detach() {
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	// It fails if webmon leads a process group. It then has a session of its own,
	// or was started from a shell, and there is nothing to leave.
	_, _ = syscall.Setsid()
}
