package source

import "time"

// counter counts, and knows the rate over the last seconds.
type counter struct {
	total   uint64
	since   int64 // second of the first count after a pause, since the epoch
	last    int64 // second of the last count
	seconds [rateOver + 1]struct{ second, n int64 }
}

const (
	rateOver = 3  // whole seconds that a rate is taken over
	pause    = 10 // seconds without a count after which the counts begin again
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

// rate is the number of counts a second: the mean over the last whole seconds
// since the counts began.
func (c *counter) rate(now time.Time) float64 {
	over := min(now.Unix()-c.since-1, rateOver)
	if over < 1 {
		// There is only the second in which the counts began, which may not be whole.
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
