package source

import "time"

// counter counts, and knows how often a second of late.
type counter struct {
	total   uint64
	since   int64 // second of the first count after a pause
	last    int64 // second of the last
	seconds [rateOver + 1]struct{ second, n int64 }
}

const (
	rateOver = 3  // whole seconds a rate is taken over
	pause    = 10 // seconds without a count after which they begin anew
)

func (c *counter) add(at time.Time) {
	c.total++
	s := at.Unix()
	if s > c.last+pause {
		c.since = s
	}
	c.last = s
	slot := &c.seconds[s%int64(len(c.seconds))]
	if slot.second != s {
		slot.second, slot.n = s, 0
	}
	slot.n++
}

// rate is the mean over the last whole seconds, of those since the counts
// began.
func (c *counter) rate(now time.Time) float64 {
	over := min(now.Unix()-c.since-1, rateOver)
	if over < 1 {
		// Nothing but the second in which they began: better than nothing.
		over = 1
	}
	var n int64
	for _, slot := range c.seconds {
		if ago := now.Unix() - slot.second; ago >= 1 && ago <= over {
			n += slot.n
		}
	}
	return float64(n) / float64(over)
}
