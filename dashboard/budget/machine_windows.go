package budget

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// memoryStatus is MEMORYSTATUSEX of the Windows API.
type memoryStatus struct {
	length, load                                            uint32
	total, free, totalPage, freePage, totalVirtual, virtual uint64
	extended                                                uint64
}

var globalMemoryStatus = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// Machine is how many bytes of memory the machine has. 0: not known.
func Machine() int64 {
	var s memoryStatus
	s.length = uint32(unsafe.Sizeof(s))
	if ok, _, _ := globalMemoryStatus.Call(uintptr(unsafe.Pointer(&s))); ok == 0 || s.total > 1<<62 {
		return 0
	}
	return int64(s.total)
}
