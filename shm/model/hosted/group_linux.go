package hosted

import (
	"os/exec"
	"syscall"
)

// ownGroup has a process lead a group of its own, in which everything is that it starts.
// The process dies with webmon, however webmon ends.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
