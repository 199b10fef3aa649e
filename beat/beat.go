// Package beat has what is done every second, or every half or quarter of one, done at the same
// moments, whoever does it. A program that has nothing else to do then wakes once for all of it:
// on two cores of a virtual machine a wake-up costs more than most of what is done after it.
package beat

import "time"

// Next returns how long it is until the next whole multiple of d by the clock of the system: for a
// second, until the next full second. It is longer than an eighth of d, so that a timer that goes
// off a little early does not go off again at once, and at most one and an eighth of d.
func Next(d time.Duration) time.Duration {
	now := time.Now()
	left := now.Truncate(d).Add(d).Sub(now)
	if left <= d/8 {
		left += d
	}
	return left
}
