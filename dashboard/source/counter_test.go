package source

import (
	"testing"
	"time"
)

func TestRate(t *testing.T) {
	begin := time.Unix(1_000_000, 0)
	for _, test := range []struct {
		name string
		from time.Duration // of the counts, 50 a second
		to   time.Duration
		at   time.Duration
		want float64
	}{
		{name: "nothing", at: time.Second},
		{name: "the first second", to: 400 * time.Millisecond, at: 500 * time.Millisecond, want: 0},
		{name: "one whole second", to: 1200 * time.Millisecond, at: 1500 * time.Millisecond, want: 50},
		{name: "two of them, the first in part", from: 800 * time.Millisecond, to: 2900 * time.Millisecond, at: 2950 * time.Millisecond, want: 50},
		{name: "long", to: 9 * time.Second, at: 9 * time.Second, want: 50},
		{name: "ended a second ago", to: 9 * time.Second, at: 10 * time.Second, want: 100.0 / 3},
		{name: "ended long ago", to: 9 * time.Second, at: 20 * time.Second, want: 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c counter
			for d := test.from; d < test.to; d += 20 * time.Millisecond {
				c.add(begin.Add(d))
			}
			if got := c.rate(begin.Add(test.at)); got != test.want {
				t.Errorf("rate = %g, want %g", got, test.want)
			}
		})
	}
	t.Run("seldom", func(t *testing.T) {
		var c counter
		for i := range 20 {
			c.add(begin.Add(time.Duration(i) * 2 * time.Second))
		}
		if got := c.rate(begin.Add(39 * time.Second)); got < 0.3 || got > 0.7 {
			t.Errorf("rate = %g, want about 0.5", got)
		}
	})
	t.Run("after a pause", func(t *testing.T) {
		var c counter
		c.add(begin)
		for d := 20 * time.Second; d < 22*time.Second; d += 20 * time.Millisecond {
			c.add(begin.Add(d))
		}
		if got := c.rate(begin.Add(22 * time.Second)); got != 50 {
			t.Errorf("rate = %g, want 50", got)
		}
	})
}
