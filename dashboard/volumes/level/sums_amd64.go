package level

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// wideLanes says that the processor adds 32 bytes at a time.
var wideLanes = cpu.X86.HasAVX2

// sumBytes is how many bytes of a row are added at a time.
const sumBytes = 128

// sums8 adds rows of blocks of sumBytes bytes: the two bytes of each lane of 16 bits, in count rows, at
// least one, that begin so many bytes behind data. flip turns bits of all words before.
//
//go:noescape
func sums8(sums, data unsafe.Pointer, rows *int, count, blocks int, flip uint64)

// sums16 does the same with numbers of two bytes, in lanes of 32 bits.
//
//go:noescape
func sums16(sums, data unsafe.Pointer, rows *int, count, blocks int, flip uint64)
