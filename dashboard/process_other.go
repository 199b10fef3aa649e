//go:build !unix

package dashboard

import (
	"runtime/metrics"
	"time"
)

// cpuTime is the processor time of this process, as the Go runtime counts it.
func cpuTime() time.Duration {
	sample := []metrics.Sample{{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(sample)
	return time.Duration((sample[0].Value.Float64() - sample[1].Value.Float64()) * float64(time.Second))
}

func memoryBytes() float64 { return goMemory() }
