package discover

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockedByte is the byte whose lock proves that a process lives. It lies beyond the
// content, because a lock on the content would keep others from reading it.
const lockedByte = 1 << 30

// locked reports whether a process holds the lock.
func locked(f *os.File) (bool, error) {
	at := &windows.Overlapped{Offset: lockedByte}
	const flags = windows.LOCKFILE_FAIL_IMMEDIATELY // shared
	switch err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, at); {
	case err == nil:
		return false, windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, at)
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return true, nil
	default:
		return false, err
	}
}
