//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package discover

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// open opens an announcement. It follows no link, and does not wait if a pipe has the
// name.
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}

// private makes sure that a file belongs to the user, and that others may neither write
// into the folder nor read a key.
func private(info fs.FileInfo, forbidden fs.FileMode) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok || int(st.Uid) != os.Getuid():
		return errors.New("it belongs to another user")
	case info.Mode().Perm()&forbidden != 0:
		return fmt.Errorf("others have access to it: its mode is %04o", info.Mode().Perm())
	}
	return nil
}

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
