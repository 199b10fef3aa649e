package hub

import (
	"testing"
)

// BenchmarkPublish is what a frame of 2 KB costs before any socket is written
// to: with nobody watching, and with deltas of which the last 32 are kept.
func BenchmarkPublish(b *testing.B) {
	data := make([]byte, 2048)
	for _, depth := range []int{1, 32} {
		name := "frames"
		if depth > 1 {
			name = "deltas"
		}
		b.Run(name, func(b *testing.B) {
			h := New(Options{})
			t := &Topic{name: "t", hub: h, depth: depth}
			t.tail.Store(&tail{})
			t.subs.Store(&[]*sub{})
			b.ReportAllocs()
			for b.Loop() {
				t.Publish(Text(data))
			}
		})
	}
}

// BenchmarkParse reads an acknowledgement.
func BenchmarkParse(b *testing.B) {
	ack := []byte(`{"type":"ack","n":123456,"ts":1700000000000.125}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parse(ack); err != nil {
			b.Fatal(err)
		}
	}
}
