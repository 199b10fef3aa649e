//go:build unix && !linux

package hosted

import (
	"os/exec"
	"syscall"
)

// ownGroup has a process lead a group of its own, with everything that it starts.
// It ends with webmon by the end of its input.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func sweep(int) {}
