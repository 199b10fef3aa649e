package builtin

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/sourcetest"
)

// BenchmarkPicture is what a picture costs beside its time steps: the run of a model
// that computes nothing, as fast as it can, with everything wanted that its page shows.
func BenchmarkPicture(b *testing.B) {
	for _, side := range []int{128, 256, 512} {
		b.Run(fmt.Sprint(side, " squared"), func(b *testing.B) {
			src, err := Open(anyModel, Options{Rate: 1e6, Params: shm.ModelParams{Nx: side, Ny: side}, cooling: -1, workers: 1})
			if err != nil {
				b.Fatal(err)
			}
			s := src.(*Source)
			begin := s.make
			s.make = func() (sim, error) {
				g, err := begin()
				return idle{g}, err
			}
			ctx, cancel := context.WithCancel(context.Background())
			sink := &discard{wanted: map[string]bool{shm.ArrayTopic(shm.ArrayDensity): true, shm.ArrayTopic(shm.ArrayTracers): true}}
			sink.left.Store(int64(b.N))
			sink.done = cancel
			b.ReportAllocs()
			b.ResetTimer()
			if err := s.Run(ctx, sink); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// idle is a simulation whose steps cost nothing.
type idle struct{ sim }

func (idle) Step(int) {}

// discard is a sink that keeps nothing and ends a run after some pictures.
type discard struct {
	sourcetest.Sink
	wanted map[string]bool
	left   atomic.Int64
	done   func()
}

func (d *discard) State(string, shm.Value)        {}
func (d *discard) Event(shm.Event)                {}
func (d *discard) Cost(shm.Cost)                  {}
func (d *discard) DemandChanged() <-chan struct{} { return nil }
func (d *discard) Demand(topic string) float64 {
	if d.wanted[topic] {
		return 60
	}
	return 0
}

func (d *discard) Frame(float64) {
	if d.left.Add(-1) <= 0 {
		d.done()
	}
}

// BenchmarkPace runs models at 60 pictures a second and reports how many come, and how far
// off their times are.
func BenchmarkPace(b *testing.B) {
	for _, key := range []string{anyModel, "becbreather"} {
		b.Run(key, func(b *testing.B) {
			src, err := Open(key, Options{})
			if err != nil {
				b.Fatal(err)
			}
			sink := sourcetest.NewSink()
			sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
			ctx, cancel := context.WithCancel(context.Background())
			var first, last time.Time
			var worst time.Duration
			n := 0
			sink.OnFrame(func(float64) {
				now := time.Now()
				if n++; n == 10 {
					first = now
				} else if n > 10 {
					worst = max(worst, now.Sub(last))
				}
				if last = now; n >= 10+b.N {
					cancel()
				}
			})
			if err := src.Run(ctx, sink); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n-10)/last.Sub(first).Seconds(), "pictures/s")
			b.ReportMetric(float64(worst)/1e6, "worst-ms")
			v, _ := sink.Latest(shm.TopicModel)
			b.ReportMetric(v.(*shm.ModelState).StepMS, "ms/step")
		})
	}
}
