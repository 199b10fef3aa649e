package hub

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"webmon/dashboard/line"
)

// A picture that is larger than what the line carries in about 10 ms goes in parts, each a binary message of its own:
//
//	"WMP1", u32 id of the whole, u32 offset, u32 bytes of the whole, the bytes from there
//
// little-endian. The ids count up. Text passes between parts. Only one whole is under way to a browser at a time: with the first part of the
// next one the page throws away what it has of a whole that did not end.
const (
	partMagic = "WMP1"
	partHead  = len(partMagic) + 3*4 // bytes before those of the part
)

// atOnce is the size in bytes from which a page acknowledges a message as soon as it has it. It does so for parts too, and for
// pictures that it has to decode.
const atOnce = 16 << 10

// whole is a picture that is on its way in parts.
type whole struct {
	s       *sub
	m       *Message // nil: there is none
	id      uint32
	at      int // bytes that were sent
	number  uint64
	refines bool // the page has the picture, with losses
	began   time.Time
	buf     []byte // of the part that was sent last
}

// roomy reports whether the browser could be sent a picture of the topic of s about now. It may be a little too early: reading
// and writing the picture takes time, in which the line is to have something to carry.
func (c *client) roomy(now time.Time, s *sub) bool {
	if c.stuck.Load() || c.laden() || c.unmeasured(now) {
		return false
	}
	left := int(c.under.Load())
	if left > 0 && c.refines.Load() == s {
		left = 0 // it will be given up
	}
	if !c.parts.Load() {
		return left == 0
	}
	part := c.line.Part()
	return left <= part && c.line.Room(now) > left-part
}

// unmeasured reports whether the browser has not answered the first pings yet, and so whether its line is one of this machine or room. Its first
// picture waits for that, for a moment: otherwise it would come with losses to a browser next to it.
func (c *client) unmeasured(now time.Time) bool {
	return !c.measured.Load() && c.parts.Load() && now.Sub(c.since) < answerWithin
}

// answerWithin is for how long the first picture waits for the answer. Where none comes, the next thing that happens sends it, at the latest the
// statistics of each second.
const answerWithin = 150 * time.Millisecond

// firstPings is how many pings at most are asked before the first picture, and closeBy the round trip from which one is enough: more
// would keep a far browser waiting.
const (
	firstPings = 3
	closeBy    = 20 * time.Millisecond
)

// flushPicture sends a picture or the next part of one, if there is room on the line.
func (c *client) flushPicture(subs []*sub, now time.Time) bool {
	w := &c.whole
	if c.rest != nil || c.broken != nil || len(subs) == 0 && w.m == nil {
		return false
	}
	if w.refines && w.m != nil && w.s.topic.gallery.newest.Load().number > w.number {
		c.giveUp()
	}
	if c.unmeasured(now) {
		return false
	}
	if w.m == nil && c.laden() || c.parts.Load() && c.line.Room(now) <= 0 {
		c.hold()
		return false
	}
	if w.m != nil {
		c.sendPart(now)
		return true
	}
	for range subs {
		c.turn++
		s := subs[c.turn%len(subs)]
		next := s.picture()
		if next.m == nil {
			continue
		}
		c.skip(next.skipped)
		s.place.shown.sent(now, next.rung, next.p.size, next.m.size)
		if c.parts.Load() && next.m.size > c.line.Part() && next.m.wire[0] == wireBinary {
			c.wholes++
			*w = whole{s: s, m: next.m, id: c.wholes, number: next.p.number, refines: next.refines}
			if next.refines {
				c.refines.Store(s)
			}
			c.sendPart(now)
		} else {
			size := next.m.size
			c.send(next.m, size >= atOnce || next.rung != line.AsIs, now)
			c.flight.add(c.sent.Load(), size, now, s.place)
		}
		return true
	}
	return false
}

// sendPart sends the next part of the whole.
func (c *client) sendPart(now time.Time) {
	w := &c.whole
	if w.at == 0 {
		w.began = now
	}
	data := w.m.wire[len(w.m.wire)-w.m.size:]
	part := data[w.at:min(len(data), w.at+max(c.line.Part(), 1))]
	size := partHead + len(part)
	// There is no rest of the last part, so its buffer can be used again.
	if cap(w.buf) < Headroom+size {
		w.buf = make([]byte, 0, Headroom+size)
	}
	b := appendHead(w.buf, wireBinary, size)
	b = append(b, partMagic...)
	for _, n := range [...]int{int(w.id), w.at, len(data)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	w.at += len(part)
	c.under.Store(int64(len(data) - w.at))
	c.send(&Message{wire: append(b, part...), size: size}, true, now)
	if w.at == len(data) {
		c.flight.add(c.sent.Load(), len(data), w.began, w.s.place)
		c.giveUp()
	}
}

// giveUp lets go of the whole. The page does so when the next one begins.
func (c *client) giveUp() {
	if c.whole.m != nil {
		c.whole.m.release()
	}
	c.whole = whole{}
	c.under.Store(0)
	c.refines.Store(nil)
}

// hold makes the next acknowledgement send the picture that was left.
func (c *client) hold() {
	c.held.Store(true)
	now := time.Now()
	if !c.laden() && (!c.parts.Load() || c.line.Room(now) > 0) { // it has come meanwhile
		c.held.Store(false)
		c.signal()
		return
	}
	if pause := c.line.Pause(now); pause > 0 {
		c.held.Store(false) // no acknowledgement may come before
		if c.later == nil {
			c.later = time.AfterFunc(pause, c.signal)
		} else {
			c.later.Reset(pause)
		}
	}
}

// flight is what a browser has not painted of big messages.
type flight struct {
	n  atomic.Int32 // how many there are
	mu sync.Mutex   // guards all below
	of []flying
}

type flying struct {
	number uint64 // of its last message
	size   int
	began  time.Time // when the socket was given its first byte
	place  *place    // of a picture; nil: a text
	came   bool      // the page has received it
}

const (
	mostFlying  = 64
	unpaintable = 2 // pictures of a topic that a page has received and not painted
)

func (f *flight) add(number uint64, size int, began time.Time, of *place) {
	f.mu.Lock()
	f.of = append(f.of, flying{number: number, size: size, began: began, place: of})
	f.n.Store(int32(len(f.of)))
	f.mu.Unlock()
}

// received says that the page has received the first n messages.
func (f *flight) received(n uint64, now time.Time) {
	if f.n.Load() == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.of {
		if m := &f.of[i]; m.number <= n && !m.came {
			m.came = true
			if m.place != nil {
				m.place.shown.arrived(now)
			}
		}
	}
}

// waits reports whether the page has received pictures that it has not painted.
func (f *flight) waits(received, painted uint64) bool {
	if f.n.Load() == 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.of {
		if m.number > painted && m.number <= received {
			return true
		}
	}
	return false
}

// done says that the page has painted what came with the first n messages.
func (f *flight) done(n uint64, now time.Time) {
	if f.n.Load() == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	i := 0
	for ; i < len(f.of) && f.of[i].number <= n; i++ {
		if of := f.of[i].place; of != nil {
			of.shown.painted(now, f.of[i].began)
		}
	}
	f.of = append(f.of[:0], f.of[i:]...)
	f.n.Store(int32(len(f.of)))
}

// laden reports whether what was not painted has at least enough bytes. It takes two messages, so that the browser can receive
// one while it paints the other. So it does if that many pictures of each of its topics were received and not painted.
func (f *flight) laden(received, painted, enough uint64, topics int) bool {
	if f.n.Load() < unpaintable {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	under, size, waiting := 0, uint64(0), 0
	for _, m := range f.of {
		if m.number <= painted {
			continue // it is about to be taken away
		}
		under++
		size += uint64(m.size)
		if m.number <= received && m.place != nil {
			waiting++
		}
	}
	return under >= 2 && size >= enough || under >= mostFlying || waiting >= unpaintable*max(topics, 1)
}
