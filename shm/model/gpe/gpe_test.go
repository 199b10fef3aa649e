package gpe

import "testing"

func BenchmarkStep(b *testing.B) {
	for _, m := range Models() {
		b.Run(m.Name, func(b *testing.B) {
			s, err := New(m.Name, Params{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			for b.Loop() {
				s.Step(1)
			}
		})
	}
}
