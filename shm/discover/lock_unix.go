//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package discover

import (
	"os"
	"syscall"
)

// locked reports whether a process holds the lock. It tries a shared lock, so that two
// webmons that ask at once do not take each other for the process.
func locked(f *os.File) (bool, error) {
	for {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err {
		case nil:
			return false, nil // given back with the file
		case syscall.EWOULDBLOCK:
			return true, nil
		case syscall.EINTR:
		default:
			return false, err
		}
	}
}
