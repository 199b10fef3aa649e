//go:build !unix

package manager

import "os"

// kill ends a process at once.
func kill(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}

// pause is not to be had here; a test that needs it fails and says so.
func pause(int) (resume func()) { return func() {} }
