//go:build !(mips || mips64 || ppc64 || s390x)

package segment

import (
	"syscall"
	"time"
)

// Dir is where Linux keeps POSIX shared memory.
const Dir = "/dev/shm"

func storeIn(dir string) store { return files{dir: dir} }

// reserve gets memory for n bytes of a file in shared memory.
func reserve(fd, n int) error { return syscall.Fallocate(fd, 0, 0, int64(n)) }

// nap sleeps for as long as it says. Meanwhile it blocks a thread of the system.
func nap(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil)
}
