//go:build !amd64

package segment

import "unsafe"

// copyRuns copies rows of run bytes each, which lie step bytes apart in src and one behind the
// other in dst.
func copyRuns(dst, src, _ unsafe.Pointer, run, rows, step int) {
	for range rows {
		copy(unsafe.Slice((*byte)(dst), run), unsafe.Slice((*byte)(src), run))
		dst, src = unsafe.Add(dst, run), unsafe.Add(src, step)
	}
}
