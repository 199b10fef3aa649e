package hosted

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"webmon/shm/segment"
)

// ownGroup has a process lead a group of its own, in which everything is that it starts.
// The process dies with webmon, however webmon ends.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// sweep removes the shared memory of a process that could not do it itself.
// Pictures stay in memory for as long as somebody looks at them.
func sweep(pid int) {
	left, _ := filepath.Glob(filepath.Join(segment.Dir, fmt.Sprintf("webmon-%d-*", pid)))
	for _, path := range left {
		_ = os.Remove(path)
	}
}
