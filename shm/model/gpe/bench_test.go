package gpe

import (
	"fmt"
	"testing"
)

func BenchmarkSize(b *testing.B) {
	for _, n := range []int{32, 64, 128, 256, 512} {
		for _, w := range []int{1, 2} {
			b.Run(fmt.Sprintf("%d/%d", n, w), func(b *testing.B) {
				s, err := New("BECVortices", Params{Nx: n, Ny: n, Tracers: -1, CoolingSteps: -1, Workers: w})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				for b.Loop() {
					s.Step(20)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20e6, "ms/step")
			})
		}
	}
}
