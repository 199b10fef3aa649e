package netline

import (
	"fmt"
	"time"
)

// Line is what a line does to packets, the same in both directions.
type Line struct {
	Name  string        // for people
	Rate  float64       // bytes a second that it carries, headers of IP included
	Delay time.Duration // one way: half of the round trip
	Loss  float64       // part of the packets that are lost, 0 to 1
	Queue int           // packets that wait for the line at most; those beyond are dropped. 0: DefaultQueue
	MTU   int           // bytes of a packet at most; 0: DefaultMTU
}

// DefaultQueue is the limit that netem has if none is given, packets. DefaultMTU is Ethernet's, bytes.
const DefaultQueue, DefaultMTU = 1000, 1500

// mbit is a megabit a second, in bytes a second.
const mbit = 1e6 / 8

// The lines that pictures are measured over. The fastest has the large packets that such networks allow.
var (
	Gigabit = Line{Name: "1 Gbit/s, 0.2 ms", Rate: 1000 * mbit, Delay: 100 * time.Microsecond, MTU: 9000}
	Office  = Line{Name: "100 Mbit/s, 5 ms", Rate: 100 * mbit, Delay: 2500 * time.Microsecond}
	Home    = Line{Name: "20 Mbit/s, 40 ms", Rate: 20 * mbit, Delay: 20 * time.Millisecond}
	Slow    = Line{Name: "5 Mbit/s, 100 ms", Rate: 5 * mbit, Delay: 50 * time.Millisecond}
	Lossy   = Line{Name: "20 Mbit/s, 40 ms, 1 % lost", Rate: 20 * mbit, Delay: 20 * time.Millisecond, Loss: 0.01}
)

// Lines are all of them, fastest first.
var Lines = []Line{Gigabit, Office, Home, Lossy, Slow}

// RoundTrip is how long a small packet takes to the other side and back when nothing waits.
func (l Line) RoundTrip() time.Duration { return 2 * l.Delay }

func (l Line) queue() int {
	if l.Queue > 0 {
		return l.Queue
	}
	return DefaultQueue
}

func (l Line) mtu() int {
	if l.MTU > 0 {
		return l.MTU
	}
	return DefaultMTU
}

// check says what is wrong with a line.
func (l Line) check() error {
	switch {
	case !(l.Rate > 0) || l.Rate > 1e10:
		return fmt.Errorf("netline: a line carries more than 0 and at most 1e10 bytes a second, not %g", l.Rate)
	case l.Delay < 0 || l.Delay > 10*time.Second:
		return fmt.Errorf("netline: a line's delay is at most 10 s, not %v", l.Delay)
	case !(l.Loss >= 0 && l.Loss < 1):
		return fmt.Errorf("netline: the part of the packets that is lost is from 0 to below 1, not %g", l.Loss)
	case l.Queue < 0 || l.Queue > 1e6:
		return fmt.Errorf("netline: a queue is at most a million packets, not %d", l.Queue)
	case l.mtu() < 576 || l.mtu() > maxMTU:
		return fmt.Errorf("netline: a packet is 576 to %d bytes at most, not %d", maxMTU, l.mtu())
	}
	return nil
}

// maxMTU is the largest packet that a line can be made for, bytes.
const maxMTU = 9000

// Counts are what one direction of a line did to packets since it was laid.
type Counts struct {
	Came, Passed  int64 // packets: from the one side, and handed to the other
	Bytes         int64 // of those that passed
	Lost, Dropped int64 // packets: at random, and because the queue was full
}
