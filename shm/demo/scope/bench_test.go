package scope

import "testing"

func BenchmarkFrame(b *testing.B) {
	s, c := newSpecimen(0), newCamera(0)
	set := setting{y: 700, x: 800, channel: mito, power: 0.4, exposure: 15, gain: 1, activity: 1, warm: 0.001}
	c.expect(s, set, nil, 4)
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		c.shoot()
		c.sparkle(s, 4)
	}
}

func BenchmarkExpect(b *testing.B) {
	s, c := newSpecimen(0), newCamera(0)
	for _, blur := range []float64{0, 3.5} {
		b.Run("", func(b *testing.B) {
			set := setting{y: 700, x: 800, channel: calcium, power: 0.4, exposure: 15, gain: 1, activity: 1, warm: 0.001, blur: blur}
			c.expect(s, set, nil, 4)
			b.ReportAllocs()
			for b.Loop() {
				c.expect(s, set, nil, 4)
			}
		})
	}
}
