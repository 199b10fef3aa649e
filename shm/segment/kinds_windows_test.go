package segment

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	"webmon/shm"
)

const usual = "named memory"

var tried = map[string]func(testing.TB) store{usual: func(testing.TB) store { return sections{Dir} }}

func whereIs(*Writer) Options { return Options{} }

// names lists what a store has: nothing that could be listed.
func names(store) []string { return nil }

// placeOf says where a store is, and placed finds it.
func placeOf(s store) string { return s.(sections).prefix }

func placed(place string) store { return sections{place} }

// left reports whether there is a segment of that name.
func left(s store, name string) bool {
	path, err := windows.UTF16PtrFromString(s.(sections).prefix + name)
	if err != nil {
		panic(err)
	}
	r, _, _ := openFileMapping.Call(windows.FILE_MAP_READ, 0, uintptr(unsafe.Pointer(path)))
	if r != 0 {
		_ = windows.CloseHandle(windows.Handle(r))
	}
	return r != 0
}

const commit, reserve = 0x8000000, 0x4000000 // SEC_COMMIT, SEC_RESERVE

// newSection makes a section that is none of this package's.
func newSection(path *uint16, sddl string, flags uint32, n int) (windows.Handle, error) {
	sd, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		return 0, err
	}
	attributes := &windows.SecurityAttributes{SecurityDescriptor: sd}
	attributes.Length = uint32(unsafe.Sizeof(*attributes))
	return windows.CreateFileMapping(windows.InvalidHandle, attributes, windows.PAGE_READWRITE|flags, 0, uint32(n), path)
}

// A section lets in the user alone, and who reads it cannot write to it.
func TestAccess(t *testing.T) {
	w := share(t, Spec{DType: "|u1", Shape: []int{4}})
	sd, err := windows.GetSecurityInfo(w.held.(*section).handle, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		t.Fatal(err)
	}
	who, err := user()
	if err != nil {
		t.Fatal(err)
	}
	owner, _, err := sd.Owner()
	if err != nil || owner.String() != who {
		t.Errorf("it belongs to %v, %v, and not to %s", owner, err, who)
	}
	acl, _, err := sd.DACL()
	if err != nil || acl == nil || acl.AceCount != 1 {
		t.Fatalf("%v, %v, not one entry: %s", acl, err, sd)
	}
	var ace *windows.ACCESS_ALLOWED_ACE
	if err := windows.GetAce(acl, 0, &ace); err != nil {
		t.Fatal(err)
	}
	if sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart)); ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE || sid.String() != who {
		t.Errorf("it lets in %s, and the user is %s: %s", sid, who, sd)
	}
	r := mustOpen(t, w)
	var region windows.MemoryBasicInformation
	if err := windows.VirtualQuery(uintptr(unsafe.Pointer(unsafe.SliceData(r.m.b))), &region, unsafe.Sizeof(region)); err != nil || region.Protect != windows.PAGE_READONLY {
		t.Errorf("protection %#x, %v", region.Protect, err)
	}
}

// What has the name of a segment and is none of this user's is not opened, and nothing
// is made where a name is taken.
func TestForeignNames(t *testing.T) {
	name := func() string { return fmt.Sprintf("webmon-%d-%x", os.Getpid(), rand.Uint64()) }
	path := func(name string) *uint16 {
		p, err := windows.UTF16PtrFromString(Dir + name)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	make := func(name, sddl string, flags uint32) error {
		h, err := newSection(path(name), sddl, flags, 64<<10)
		if err == nil {
			t.Cleanup(func() { _ = windows.CloseHandle(h) })
		}
		return err
	}
	who, err := user()
	if err != nil {
		t.Fatal(err)
	}
	refused := func(name, want string) {
		t.Helper()
		info := shm.ArrayInfo{Name: "a", Shm: name, Generation: "0123456789abcdef", Descr: "|u1", Shape: []int{1}}
		if _, err := Open(info, Options{}); !errors.Is(err, shm.ErrNoArray) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, and not %q", err, want)
		}
	}

	event := name()
	h, err := windows.CreateEvent(nil, 0, 0, path(event))
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(h)
	refused(event, "open "+event)
	if _, err := (sections{Dir}).create(event, 4096); err == nil {
		t.Error("a segment was made where another object has the name")
	}

	empty := name()
	if err := make(empty, "O:"+who, commit); err != nil {
		t.Fatal(err)
	}
	refused(empty, "no segment of webmon's")
	if _, err := (sections{Dir}).create(empty, 4096); !errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		t.Errorf("a segment was made where another has the name: %v", err)
	}

	// Its first page would fault.
	hollow := name()
	if err := make(hollow, "O:"+who, reserve); err != nil {
		t.Fatal(err)
	}
	refused(hollow, "no segment of webmon's")

	// An administrator may make what belongs to all of them; who is none may not.
	foreign := name()
	switch err := make(foreign, "O:BA", commit); {
	case errors.Is(err, windows.ERROR_INVALID_OWNER):
		t.Log("this user may make nothing that belongs to somebody else")
	case err != nil:
		t.Fatal(err)
	default:
		refused(foreign, "another user")
	}

	refused("webmon-2147483647-0a1b2c", "no segment webmon-2147483647")
}

// The memory of a section may come later than its header, as the Python package has it. A
// frame that is claimed to lie where there is none yet is an error, and does not end the
// program.
func TestUncommitted(t *testing.T) {
	w := share(t, Spec{DType: "|u1", Shape: []int{1 << 20}})
	publish(t, w, slices.Repeat([]byte{7}, 1<<20), Frame{})
	name := fmt.Sprintf("webmon-%d-%x", os.Getpid(), rand.Uint64())
	path, err := windows.UTF16PtrFromString(Dir + name)
	if err != nil {
		t.Fatal(err)
	}
	who, err := user()
	if err != nil {
		t.Fatal(err)
	}
	n := len(w.b)
	h, err := newSection(path, "O:"+who, reserve, n)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(h)
	address, err := windows.MapViewOfFile(h, windows.FILE_MAP_READ|windows.FILE_MAP_WRITE, 0, 0, uintptr(n))
	if err != nil {
		t.Fatal(err)
	}
	defer windows.UnmapViewOfFile(address)
	b := unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), n)
	give := func(n int) {
		t.Helper()
		if _, err := windows.VirtualAlloc(address, uintptr(n), windows.MEM_COMMIT, windows.PAGE_READWRITE); err != nil {
			t.Fatal(err)
		}
	}
	give(headerBytes)
	copy(b, w.b[:headerBytes])
	info := w.Info()
	info.Shm = name
	r, err := Open(info, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if f, err := r.Frame(); !errors.Is(err, shm.ErrNoArray) && !errors.Is(err, shm.ErrOvertaken) { // Wine has zeros there
		t.Errorf("%v, %v", f, err)
	}
	give(n)
	copy(b[headerBytes:], w.b[headerBytes:])
	f := mustFrame(t, r)
	if all, err := r.ReadAll(f, nil); err != nil || len(all) != 1<<20 || all[1<<20-1] != 7 {
		t.Errorf("%d bytes, %v", len(all), err)
	}
}
