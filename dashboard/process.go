package dashboard

import (
	"runtime/metrics"
	"sync"
	"time"

	"webmon/dashboard/hub"
)

// usage measures what webmon itself uses.
type usage struct {
	mu   sync.Mutex // guards all below
	at   time.Time
	cpu  time.Duration
	hub  hub.Stats
	last self
}

// self is what webmon itself uses.
type self struct {
	MemoryBytes float64 // resident memory of the process if the system reports it
	CPU         float64 // fraction of one core
	CPUTime     time.Duration
	Sent        float64 // messages a second
	SentBytes   float64 // payload bytes a second
}

// read returns the present use. Rates are measured at most once a second.
func (u *usage) read(now time.Time, h hub.Stats) self {
	u.mu.Lock()
	defer u.mu.Unlock()
	cpu := cpuTime()
	if d := now.Sub(u.at).Seconds(); d >= 1 {
		if !u.at.IsZero() {
			u.last.CPU = (cpu - u.cpu).Seconds() / d
			u.last.Sent = float64(h.Sent-u.hub.Sent) / d
			u.last.SentBytes = float64(h.Bytes-u.hub.Bytes) / d
		}
		u.at, u.cpu, u.hub = now, cpu, h
	}
	u.last.MemoryBytes, u.last.CPUTime = memoryBytes(), cpu
	return u.last
}

// goMemory is the memory that the Go runtime has from the system.
func goMemory() float64 {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64() - sample[1].Value.Uint64())
}
