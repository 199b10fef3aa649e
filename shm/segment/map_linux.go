//go:build !(mips || mips64 || ppc64 || s390x)

package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Dir is where Linux keeps POSIX shared memory.
const Dir = "/dev/shm"

// openSegment opens a segment for reading. It follows no link that somebody may have
// put in the segment's place, and waits for no pipe.
func openSegment(dir, name string) (*os.File, int64, error) {
	path := dir + "/" + name
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, 0, fmt.Errorf("there is no segment %s on this machine: the process has ended or runs elsewhere, or somebody has removed it", name)
		}
		return nil, 0, fmt.Errorf("open %s: %w", path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	size, err := checkFile(fd, path)
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, size, nil
}

func checkFile(fd int, path string) (int64, error) {
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return 0, fmt.Errorf("look at %s: %w", path, err)
	}
	switch {
	case st.Mode&syscall.S_IFMT != syscall.S_IFREG:
		return 0, fmt.Errorf("%s is no segment of shared memory", path)
	case st.Uid != uint32(os.Geteuid()):
		return 0, fmt.Errorf("%s belongs to another user: run webmon as the user of the process", path)
	case st.Nlink == 0:
		return 0, fmt.Errorf("%s has just been removed", path)
	}
	return st.Size, nil
}

// stillThere returns nil while the file has a name and enough bytes.
func stillThere(f *os.File, total int) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var st syscall.Stat_t
	var statErr error
	if err := conn.Control(func(fd uintptr) { statErr = syscall.Fstat(int(fd), &st) }); err != nil {
		return err
	}
	switch {
	case statErr != nil:
		return statErr
	case st.Nlink == 0:
		return errors.New("its segment was removed from shared memory")
	case st.Size < int64(total):
		return errors.New("its segment was cut short")
	}
	return nil
}

func mapFile(f *os.File, n int, write bool) ([]byte, error) {
	prot := syscall.PROT_READ
	if write {
		prot |= syscall.PROT_WRITE
	}
	return syscall.Mmap(int(f.Fd()), 0, n, prot, syscall.MAP_SHARED)
}

func unmapFile(b []byte) { _ = syscall.Munmap(b) }

// createSegment makes a new segment of a size in bytes.
func createSegment(dir, name string, n int) (*os.File, error) {
	fd, err := syscall.Open(dir+"/"+name, syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), dir+"/"+name)
	// A write to memory that the machine does not have would end the process.
	if err := syscall.Fallocate(fd, 0, 0, int64(n)); err != nil {
		f.Close()
		_ = os.Remove(f.Name())
		return nil, fmt.Errorf("there is no room for %d MB: %w", n>>20, err)
	}
	return f, nil
}

// nap sleeps for as long as it says. Meanwhile it blocks a thread of the system.
func nap(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil)
}
