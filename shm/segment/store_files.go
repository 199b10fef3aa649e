//go:build darwin || (linux && !(mips || mips64 || ppc64 || s390x))

package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"webmon/private"
)

// files are segments that are files: in Linux's shared memory, or on a disk in a folder
// that is the user's alone.
//
// A file is locked for as long as its process lives. One that can be locked was left by
// a process that was killed.
type files struct {
	dir  string
	disk bool // the folder is the user's alone, and is made where there is none
}

// spare is how much of a disk segments leave to others, in bytes.
const spare = 1 << 30

// open follows no link that somebody may have put in the segment's place, and waits for
// no pipe.
func (s files) open(name string) (held, error) {
	if s.disk {
		switch err := private.CheckDir(s.dir); {
		case errors.Is(err, fs.ErrNotExist):
			return nil, noSegment(name)
		case err != nil:
			return nil, err
		}
	}
	path := s.dir + "/" + name
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, noSegment(name)
		}
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	f := &file{File: os.NewFile(uintptr(fd), path)}
	if err := f.check(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (s files) create(name string, n int) (held, error) {
	if s.disk {
		if s.dir == "" {
			return nil, errors.New("there is no folder for shared arrays: HOME is not set")
		}
		if err := private.Dir(s.dir); err != nil {
			return nil, err
		}
	}
	path := s.dir + "/" + name
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	f := &file{File: os.NewFile(uintptr(fd), path), write: true}
	// Where there are no such locks nobody else can lock it either, and it is not swept away.
	_ = syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
	// A write to memory that the machine does not have would end the process.
	if s.disk {
		err = f.fill(n)
	} else {
		err = reserve(fd, n)
	}
	if err == nil {
		err = f.check()
	}
	if err != nil {
		_ = f.remove()
		f.Close()
		return nil, fmt.Errorf("there is no room for %d MB in %s: %w", n>>20, s.dir, err)
	}
	return f, nil
}

// sweep implements store. A living process with the number of a name may be about to lock what it has just made. It tries once, so
// that nothing of it is tried here meanwhile: a lock that it does not get leaves the segment to the next sweep.
func (s files) sweep() {
	s.each(func(path string, pid int, f *file) {
		info, err := f.Stat()
		if err != nil || f.check() != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) && time.Since(info.ModTime()) <= time.Minute {
			return
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = f.remove()
		}
	})
}

func (s files) forget(pid int) {
	s.each(func(path string, writer int, f *file) {
		if writer == pid && f.check() == nil {
			_ = f.remove()
		}
	})
}

// each calls do with every segment that can be opened.
func (s files) each(do func(path string, pid int, f *file)) {
	if s.dir == "" || s.disk && private.CheckDir(s.dir) != nil {
		return
	}
	folder, err := os.Open(s.dir)
	if err != nil {
		return
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1)
	for _, name := range names {
		pid := writerOf(name)
		if pid == 0 {
			continue
		}
		path := filepath.Join(s.dir, name)
		fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_NOFOLLOW|syscall.O_CLOEXEC|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
		if err != nil {
			continue
		}
		f := &file{File: os.NewFile(uintptr(fd), path)}
		do(path, pid, f)
		f.Close()
	}
}

// file is a segment that is a file.
type file struct {
	*os.File
	bytes int64 // when it was opened
	write bool
}

func (f *file) size() int64 { return f.bytes }

func (f *file) head(b []byte) error {
	if _, err := f.ReadAt(b, 0); err != nil {
		return fmt.Errorf("it has %d bytes, less than a header: %w", f.bytes, err)
	}
	return nil
}

func (f *file) stat() (st syscall.Stat_t, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return st, err
	}
	var failed error
	if err := conn.Control(func(fd uintptr) { failed = syscall.Fstat(int(fd), &st) }); err != nil {
		return st, err
	}
	return st, failed
}

// check looks whether it may be a segment of this user's, and how long it is.
func (f *file) check() error {
	st, err := f.stat()
	if err != nil {
		return fmt.Errorf("look at %s: %w", f.Name(), err)
	}
	f.bytes = st.Size
	switch {
	case st.Mode&syscall.S_IFMT != syscall.S_IFREG:
		return fmt.Errorf("%s is no segment of shared memory", f.Name())
	case st.Uid != uint32(os.Geteuid()):
		return fmt.Errorf("%s belongs to another user: run webmon as the user of the process", f.Name())
	case st.Nlink == 0:
		return fmt.Errorf("%s has just been removed", f.Name())
	}
	return nil
}

func (f *file) still(n int) error {
	st, err := f.stat()
	switch {
	case err != nil:
		return err
	case st.Nlink == 0:
		return errors.New("its segment was removed from shared memory")
	case st.Size < int64(n):
		return errors.New("its segment was cut short")
	}
	return nil
}

// zeros is what a new file is filled with.
var zeros [1 << 20]byte

// fill makes a file on a disk n bytes long. All of them are written, because a write
// through memory to a hole of a file would end the process if the disk is full. What is
// much too large is refused before it has filled the disk.
func (f *file) fill(n int) error {
	var disk syscall.Statfs_t
	if err := syscall.Fstatfs(int(f.Fd()), &disk); err != nil {
		return err
	}
	if free := int64(disk.Bavail) * int64(disk.Bsize); free-spare < int64(n) {
		return fmt.Errorf("%d MB are free, and %d MB stay so: %w", free>>20, spare>>20, syscall.ENOSPC)
	}
	for at := 0; at < n; at += len(zeros) {
		if _, err := f.WriteAt(zeros[:min(len(zeros), n-at)], int64(at)); err != nil {
			return err
		}
	}
	return nil
}

func (f *file) memory(n int) ([]byte, error) {
	prot := syscall.PROT_READ
	if f.write {
		prot |= syscall.PROT_WRITE
	}
	return syscall.Mmap(int(f.Fd()), 0, n, prot, syscall.MAP_SHARED)
}

// remove takes the name from the file, if it has its name still.
func (f *file) remove() error {
	own, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := os.Lstat(f.Name())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !os.SameFile(own, named):
		return nil
	}
	return os.Remove(f.Name())
}

func unmap(b []byte) { _ = syscall.Munmap(b) }
