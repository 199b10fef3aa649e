//go:build !arm64

package segment

import "sync/atomic"

var fence atomic.Uint32

// barrier keeps the processor from moving loads and stores across it. On x86,
// which keeps the order of loads by itself, it is for the compiler.
func barrier() { fence.Add(1) }
