package hub

import (
	"syscall"
	"unsafe"
)

// writeFD writes to a non-blocking socket. The scheduler is not told of a short
// write: it is over before the scheduler could run anything else, and watching
// for long system calls keeps a thread of the runtime awake. It is told when a
// picture is written, because copying one does take long.
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
