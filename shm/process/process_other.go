//go:build !linux

package process

import (
	"os"
	"runtime"
	"syscall"
)

// process is one process. Without /proc a later process of the same number looks the same,
// and nothing else is known about it.
type process struct{ pid int }

func findProcess(pid int) (process, bool) {
	p := process{pid}
	return p, pid > 0 && p.alive()
}

func (p process) alive() bool {
	handle, err := os.FindProcess(p.pid)
	if err != nil {
		return false // on Windows
	}
	defer handle.Release()
	if runtime.GOOS == "windows" {
		return true
	}
	err = handle.Signal(syscall.Signal(0))
	return err == nil || err == syscall.EPERM
}

// look returns what the process is like now, as far as that is known.
func (p process) look() seen { return seen{alive: p.pid != 0 && p.alive()} }

func (process) parent() int                       { return 0 }
func (process) command() string                   { return "" }
func (process) python(process) bool               { return false }
func (process) versions() (python, napari string) { return "", "" }

func listener(int) (process, bool) { return process{}, false }
