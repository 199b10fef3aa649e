package hub

import (
	"syscall"
	"unsafe"
)

// writeFD writes to a socket that never waits. The scheduler is not told of
// the system call: it is over before it could do anything of use, and to look
// for calls that last keeps a thread of the runtime awake. Copying a picture
// does last.
func writeFD(fd uintptr, b []byte) (int, error) {
	if len(b) >= big {
		return syscall.Write(int(fd), b)
	}
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
