package segment

import (
	"errors"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"webmon/shm"
)

// Dir is the namespace in which Windows keeps the names of one session of a user. The
// one of all sessions takes a right that few users have.
const Dir = `Local\`

var openFileMapping = windows.NewLazySystemDLL("kernel32.dll").NewProc("OpenFileMappingW")

// sections are segments that are named memory. Such memory has no file. It and its name
// go when nobody has it open any more, however that came about.
type sections struct{ prefix string }

func storeIn(dir string) store { return sections{dir} }

// The kernel does it.
func (sections) sweep()     {}
func (sections) forget(int) {}

// open opens a section for reading, if its owner is the user.
//
// A section lives for as long as anybody has it open, the reader included. So its name
// says nothing about its process, which is opened too.
func (s sections) open(name string) (held, error) {
	path, err := windows.UTF16PtrFromString(s.prefix + name)
	if err != nil {
		return nil, err
	}
	const access = windows.FILE_MAP_READ | windows.READ_CONTROL
	r, _, err := openFileMapping.Call(access, 0, uintptr(unsafe.Pointer(path)))
	if r == 0 {
		if errors.Is(err, windows.ERROR_FILE_NOT_FOUND) || errors.Is(err, windows.ERROR_PATH_NOT_FOUND) {
			return nil, fmt.Errorf("%w, or in another session of Windows", noSegment(name))
		}
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	h := &section{handle: windows.Handle(r)}
	err = h.check(name)
	if err == nil {
		err = h.writer(writerOf(name))
	}
	if err == nil {
		err = h.look()
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// create commits all of the memory, so that no write to it can fail later.
func (s sections) create(name string, n int) (held, error) {
	path, err := windows.UTF16PtrFromString(s.prefix + name)
	if err != nil {
		return nil, err
	}
	who, err := user()
	if err != nil {
		return nil, err
	}
	// The owner is named: that of what an administrator makes would be all administrators.
	sd, err := windows.SecurityDescriptorFromString(fmt.Sprintf("O:%sD:P(A;;GA;;;%s)", who, who))
	if err != nil {
		return nil, err
	}
	attributes := &windows.SecurityAttributes{SecurityDescriptor: sd}
	attributes.Length = uint32(unsafe.Sizeof(*attributes))
	const commit = 0x8000000 // SEC_COMMIT
	handle, err := windows.CreateFileMapping(windows.InvalidHandle, attributes, windows.PAGE_READWRITE|commit, uint32(uint64(n)>>32), uint32(n), path)
	if err != nil {
		if handle != 0 { // somebody else has that name
			_ = windows.CloseHandle(handle)
		}
		return nil, fmt.Errorf("there is no room for %d MB of shared memory: %w", n>>20, err)
	}
	h := &section{handle: handle, write: true}
	if h.view, err = view(handle, windows.FILE_MAP_READ|windows.FILE_MAP_WRITE, n); err != nil {
		h.Close()
		return nil, fmt.Errorf("there is no room for %d MB of shared memory: %w", n>>20, err)
	}
	return h, nil
}

// user is the user of this process, as text.
var user = sync.OnceValues(func() (string, error) {
	u, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", fmt.Errorf("who runs this program: %w", err)
	}
	return u.User.Sid.String(), nil
})

// section is a segment that is named memory. It holds the view until memory hands it out.
type section struct {
	handle  windows.Handle
	process windows.Handle // of the writer, 0 if it is not known
	write   bool
	view    []byte
}

func (s *section) size() int64 { return int64(len(s.view)) }

func (s *section) head(b []byte) error {
	if len(s.view) < len(b) {
		return fmt.Errorf("it has %d bytes, less than a header", len(s.view))
	}
	// There may be addresses without memory, at which a read faults.
	if guard(s.view, shm.ErrNoArray, func() error { copy(b, s.view); return nil }) != nil {
		return errors.New("it is no segment of webmon's: it has no memory")
	}
	return nil
}

// check looks whether the section belongs to this user.
func (s *section) check(name string) error {
	sd, err := windows.GetSecurityInfo(s.handle, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("whose %s is: %w", name, err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return fmt.Errorf("whose %s is: %w", name, err)
	}
	who, err := user()
	if err != nil {
		return err
	}
	if owner == nil || owner.String() != who {
		return fmt.Errorf("%s belongs to another user: run webmon as the user of the process", name)
	}
	return nil
}

// writer opens the process that made the segment, to see when it has ended.
func (s *section) writer(pid int) error {
	handle, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid))
	switch {
	case err == nil:
		s.process = handle
		return s.ended()
	case errors.Is(err, windows.ERROR_INVALID_PARAMETER):
		return errEnded
	}
	return nil // one that this user may not look at, such as an administrator's: the connection to it says when it ends
}

var errEnded = errors.New("its process has ended")

func (s *section) ended() error {
	if s.process == 0 {
		return nil
	}
	if event, err := windows.WaitForSingleObject(s.process, 0); err == nil && event == windows.WAIT_OBJECT_0 {
		return errEnded
	}
	return nil
}

// look maps all of the section, which is the way to see how much there is.
func (s *section) look() error {
	whole, err := view(s.handle, windows.FILE_MAP_READ, 0)
	if err != nil {
		return fmt.Errorf("map it: %w", err)
	}
	s.view = whole
	return nil
}

// maxRegions bounds what a hostile section costs.
const maxRegions = 64

// view maps n bytes of a section, all of them for 0.
func view(handle windows.Handle, access uint32, n int) ([]byte, error) {
	address, err := windows.MapViewOfFile(handle, access, 0, 0, uintptr(n))
	if err != nil {
		return nil, err
	}
	if n == 0 {
		// What has memory and what has none yet are regions of their own. A process makes two of them.
		var region windows.MemoryBasicInformation
		for at, left := address, maxRegions; windows.VirtualQuery(at, &region, unsafe.Sizeof(region)) == nil && region.AllocationBase == address; at += region.RegionSize {
			if left--; left < 0 {
				_ = windows.UnmapViewOfFile(address)
				return nil, errors.New("it is no segment of webmon's: it has memory here and there")
			}
			n += int(region.RegionSize)
		}
	}
	// No memory of Go's, and therefore never moved.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), n), nil
}

func (s *section) memory(n int) ([]byte, error) {
	b := s.view
	if n > len(b) {
		return nil, errors.New("there is no more of it")
	}
	s.view = nil
	return b[:n:n], nil
}

// still returns nil while the process runs: nobody can remove a section or cut it short.
func (s *section) still(int) error { return s.ended() }

// remove does nothing: the name goes with the last who has the section open.
func (s *section) remove() error { return nil }

func (s *section) Close() error {
	if s.view != nil {
		unmap(s.view)
		s.view = nil
	}
	if s.process != 0 {
		_ = windows.CloseHandle(s.process)
		s.process = 0
	}
	handle := s.handle
	s.handle = 0
	if handle == 0 {
		return nil
	}
	return windows.CloseHandle(handle)
}

func unmap(b []byte) { _ = windows.UnmapViewOfFile(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

func nap(d time.Duration) { time.Sleep(d) }
