//go:build unix

package hosted

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// endGroup ends the processes that an ended process has left in its group. It gives them
// a while to end by themselves.
func endGroup(pid int, grace time.Duration) {
	for end := time.Now().Add(grace); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if errors.Is(syscall.Kill(-pid, 0), syscall.ESRCH) {
			return
		}
	}
	killGroup(pid)
}

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// endedBy says how a process ended, as the end of a sentence.
func endedBy(p *os.ProcessState) string {
	status, ok := p.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return fmt.Sprintf("ended by itself, with exit code %d", p.ExitCode())
	}
	switch s := status.Signal(); s {
	case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGILL, syscall.SIGFPE:
		return fmt.Sprintf("crashed in compiled code (%v)", s)
	case syscall.SIGABRT:
		return "crashed (aborted)"
	case syscall.SIGKILL:
		return "was killed, by somebody or because the machine had no memory left"
	default:
		return fmt.Sprintf("was ended by a signal (%v)", s)
	}
}
