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
// least one, that begin so many bytes behind data. flip turns bits of all words before. What lies ahead
// bytes behind each row is fetched meanwhile.
//
//go:noescape
func sums8(sums, data unsafe.Pointer, rows *int, count, blocks, ahead int, flip uint64)

// sums16 does the same with numbers of two bytes, in lanes of 32 bits.
//
//go:noescape
func sums16(sums, data unsafe.Pointer, rows *int, count, blocks, ahead int, flip uint64)

// halves8 makes means of bytes of sums in lanes of 16 bits, in blocks of 64 bytes, at least one: each lane less base,
// divided by two to the power of shift, of which half is the half. A half is rounded away from zero.
//
//go:noescape
func halves8(out, sums unsafe.Pointer, blocks int, base, half, shift uint64)

// quarters8 does the same with the sums of two neighbouring lanes, in blocks of 128 bytes.
//
//go:noescape
func quarters8(out, sums unsafe.Pointer, blocks int, base, half, shift uint64)
