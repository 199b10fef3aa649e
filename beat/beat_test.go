package beat_test

import (
	"testing"
	"testing/synctest"
	"time"

	"webmon/beat"
)

// Whatever has a period that divides another's is done at the same moments, whenever it began.
func TestNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which begins at a whole second
		for _, c := range []struct{ at, every, want time.Duration }{
			{0, time.Second, time.Second},
			{300 * time.Millisecond, time.Second, 700 * time.Millisecond},
			{300 * time.Millisecond, time.Second / 2, 200 * time.Millisecond},
			{300 * time.Millisecond, time.Second / 4, 200 * time.Millisecond},
			{450 * time.Millisecond, time.Second / 2, 550 * time.Millisecond}, // the one in 50 ms is too near
			{999 * time.Millisecond, time.Second, 1001 * time.Millisecond},    // a timer that was a little early
		} {
			began := time.Now().Truncate(time.Second).Add(time.Second)
			time.Sleep(time.Until(began) + c.at)
			if got := beat.Next(c.every); got != c.want {
				t.Errorf("%v after a full second the next of every %v is in %v, want %v", c.at, c.every, got, c.want)
			}
		}
	})
}
