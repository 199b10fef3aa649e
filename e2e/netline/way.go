package netline

import (
	"math/rand/v2"
	"time"
)

// way is one direction of a line in virtual time. Packets wait for those before them to be on the line, are on it for as
// long as their size takes at its rate, and come out after the delay, in the order in which they came in. Times are since
// any beginning and do not go back.
type way struct {
	line    Line
	random  *rand.Rand
	waiting ring          // for the line, with the times at which they came
	flying  ring          // on it or behind it, with the times at which they come out
	free    time.Duration // when the line has room for the next packet
	counts  Counts
	spare   [][]byte // buffers of packets that are gone
}

// packet is one on its way.
type packet struct {
	at    time.Duration
	bytes []byte
}

func newWay(line Line, seed uint64) *way {
	return &way{line: line, random: rand.New(rand.NewPCG(seed, 1))}
}

// buffer is where the next packet can be read into.
func (w *way) buffer() []byte {
	if n := len(w.spare); n > 0 {
		b := w.spare[n-1]
		w.spare = w.spare[:n-1]
		return b[:cap(b)]
	}
	return make([]byte, maxMTU)
}

// release takes a buffer back.
func (w *way) release(b []byte) { w.spare = append(w.spare, b) }

// come takes a packet, whose buffer it keeps. false: it is lost or dropped, and the buffer is spare again.
func (w *way) come(now time.Duration, b []byte) bool {
	w.advance(now)
	w.counts.Came++
	switch {
	case w.line.Loss > 0 && w.random.Float64() < w.line.Loss:
		w.counts.Lost++
	case w.waiting.n >= w.line.queue():
		w.counts.Dropped++
	default:
		w.waiting.push(packet{now, b})
		w.advance(now)
		return true
	}
	w.release(b)
	return false
}

// advance puts on the line what has room there by now.
func (w *way) advance(now time.Duration) {
	for w.waiting.n > 0 {
		start := max(w.free, w.waiting.first().at)
		if start > now {
			return
		}
		p := w.waiting.pop()
		w.free = start + time.Duration(float64(len(p.bytes))/w.line.Rate*float64(time.Second))
		out := w.free + w.line.Delay
		if w.flying.n > 0 {
			out = max(out, w.flying.last().at) // a shorter delay overtakes nobody
		}
		w.flying.push(packet{out, p.bytes})
	}
}

// next is a packet that has come out by now, nil if there is none. Its buffer is released by who takes it.
func (w *way) next(now time.Duration) []byte {
	w.advance(now)
	if w.flying.n == 0 || w.flying.first().at > now {
		return nil
	}
	b := w.flying.pop().bytes
	w.counts.Passed++
	w.counts.Bytes += int64(len(b))
	return b
}

// due is when to ask next for a packet; false: not before another comes.
func (w *way) due() (time.Duration, bool) {
	switch {
	case w.flying.n > 0 && w.waiting.n > 0:
		return min(w.free, w.flying.first().at), true
	case w.flying.n > 0:
		return w.flying.first().at, true
	case w.waiting.n > 0:
		return w.free, true
	}
	return 0, false
}

// set changes the line. What is on it already comes out as it would have; what waits goes at the new rate.
func (w *way) set(now time.Duration, line Line) {
	w.advance(now)
	w.line = line
}

// ring is a queue of packets that grows as it must.
type ring struct {
	packets []packet
	head, n int
}

func (r *ring) first() packet { return r.packets[r.head] }
func (r *ring) last() packet  { return r.packets[(r.head+r.n-1)%len(r.packets)] }

func (r *ring) push(p packet) {
	if r.n == len(r.packets) {
		grown := make([]packet, max(64, 2*r.n))
		for i := range r.n {
			grown[i] = r.packets[(r.head+i)%len(r.packets)]
		}
		r.packets, r.head = grown, 0
	}
	r.packets[(r.head+r.n)%len(r.packets)] = p
	r.n++
}

func (r *ring) pop() packet {
	p := r.packets[r.head]
	r.packets[r.head] = packet{}
	r.head = (r.head + 1) % len(r.packets)
	r.n--
	return p
}
