package segment

import "unsafe"

// copyRuns copies rows of run bytes each, at least 64, which lie step bytes apart in src and one
// behind the other in dst. For every row that it copies it has the processor fetch the one at
// ahead, where the rows lie step bytes apart too.
//
//go:noescape
func copyRuns(dst, src, ahead unsafe.Pointer, run, rows, step int)
