//go:build !amd64

package level

import "unsafe"

// There is no faster way than that of words of 64 bits.
var wideLanes = false

const sumBytes = 128

func sums8(_, _ unsafe.Pointer, _ *int, _, _, _ int, _ uint64)  {}
func sums16(_, _ unsafe.Pointer, _ *int, _, _, _ int, _ uint64) {}

func halves8(_, _ unsafe.Pointer, _ int, _, _, _ uint64)   {}
func quarters8(_, _ unsafe.Pointer, _ int, _, _, _ uint64) {}
