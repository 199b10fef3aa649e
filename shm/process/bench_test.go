package process_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/demo"
	"webmon/shm/process"
	"webmon/shm/sourcetest"
)

// BenchmarkStampToFrame measures, at the demo's 60 frames a second, the time
// from the process's own stamp of a frame until everything of that frame was
// handed to the sink, the poll included or not. Both ends are this process, so
// the clock is one; cpu-% is that of both together, of one core. One iteration is
// a second: run it with -benchtime 10x.
func BenchmarkStampToFrame(b *testing.B) {
	for _, bm := range []struct {
		name string
		hz   float64
	}{{"watched", 60}, {"nobody watching", 0}} {
		b.Run(bm.name, func(b *testing.B) {
			d, err := demo.Start(context.Background(), demo.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			src, err := process.Attach(context.Background(), process.Options{Address: d.Address(), Authkey: d.Authkey(), Kind: shm.KindDemo})
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
			time.Sleep(time.Second)
			mu.Lock()
			ms = ms[:0] // warm
			mu.Unlock()
			cpu, start := cpuTime(), time.Now()
			for b.Loop() {
				time.Sleep(time.Second)
			}
			share := float64(cpuTime()-cpu) / float64(time.Since(start))
			cancel()
			if err := <-ended; err != nil {
				b.Error(err)
			}
			slices.Sort(ms)
			b.ReportMetric(ms[len(ms)/2], "median-ms")
			b.ReportMetric(ms[len(ms)*99/100], "p99-ms")
			b.ReportMetric(100*share, "cpu-%")
		})
	}
}
