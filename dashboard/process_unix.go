//go:build unix

package dashboard

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
)

// cpuTime is the processor time of this process since it began.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// memoryBytes is the resident size if /proc has it, otherwise that of the Go runtime.
func memoryBytes() float64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		if fields := bytes.Fields(b); len(fields) > 1 {
			if pages, err := strconv.ParseFloat(string(fields[1]), 64); err == nil {
				return pages * float64(os.Getpagesize())
			}
		}
	}
	return goMemory()
}
