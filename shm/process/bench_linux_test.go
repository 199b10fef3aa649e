package process_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/process"
	"webmon/shm/process/naparitest"
	"webmon/shm/sourcetest"
)

// BenchmarkPython measures the same against Python's own manager at 60 frames
// a second: here cpu-% is the adapter's alone, and manager-% that of the
// manager process, which Python's own puts and updates need as well.
func BenchmarkPython(b *testing.B) {
	for _, bm := range []struct {
		name string
		hz   float64
	}{{"watched", 60}, {"nobody watching", 0}} {
		b.Run(bm.name, func(b *testing.B) {
			p := naparitest.StartMonitor(b, naparitest.MonitorOptions{Python: "numpy1"})
			p.MustDo("poll", aPoll, nil)
			src, err := process.Attach(context.Background(), process.Options{Address: p.Address()})
			if err != nil {
				b.Fatal(err)
			}
			sink := sourcetest.NewSink()
			sink.Want(shm.TopicPoll, bm.hz)
			// Nothing is woken by it: that would cost more than the rest.
			var mu sync.Mutex
			var ms []float64
			sink.OnFrame(func(stamp float64) {
				if stamp == 0 {
					return // taken in no hurry
				}
				mu.Lock()
				defer mu.Unlock()
				ms = append(ms, float64(time.Now().UnixMicro())/1e3-stamp*1e3)
			})
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- src.Run(ctx, sink) }()
			ticked := make(chan error, 1)
			go func() { ticked <- p.Do(ctx, "ticks", map[string]any{"n": 1 << 30, "interval_ms": 16}, nil) }()
			time.Sleep(time.Second)
			mu.Lock()
			ms = ms[:0] // warm
			mu.Unlock()
			cpu, start, before := cpuTime(), time.Now(), sink.LastCost()
			for b.Loop() {
				time.Sleep(time.Second)
			}
			took := time.Since(start)
			share := float64(cpuTime()-cpu) / float64(took)
			cost := sink.LastCost()
			cancel()
			if err := <-ended; err != nil {
				b.Error(err)
			}
			<-ticked // ctx has ended it
			p.Kill()
			slices.Sort(ms)
			b.ReportMetric(ms[len(ms)/2], "median-ms")
			b.ReportMetric(ms[len(ms)*99/100], "p99-ms")
			b.ReportMetric(100*share, "cpu-%")
			b.ReportMetric(100*float64(cost.Manager-before.Manager)/float64(took), "manager-%")
			b.ReportMetric(float64(cost.Calls-before.Calls)/took.Seconds(), "calls/s")
		})
	}
}
