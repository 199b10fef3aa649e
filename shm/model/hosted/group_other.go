//go:build unix && !linux

package hosted

import (
	"os/exec"
	"syscall"
)

// ownGroup has a process lead a group of its own, in which everything is that it starts.
// The process ends with webmon, because its input ends.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
