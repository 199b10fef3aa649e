package hub

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"webmon/fault"
)

// To many browsers a goroutine of the topic writes, not the one that publishes. A round of all of them may take longer than
// the time between two frames: what is published meanwhile goes out with the next round, in one write a browser,
// so that a crowd costs frames neither those who publish nor the browsers.
const (
	// many is how many browsers are written to so, and atATime to how many each goroutine writes before it looks for more.
	many, atATime = 128, 32
	// A frame that stands for itself waits for a round only while it is young: mostWaiting of them for youth. Whoever is
	// further behind gets the newest alone.
	mostWaiting, youth = 6, 100 * time.Millisecond
	// mostJoined is how many bytes go out in one write.
	mostJoined = 64 << 10
)

// carrier writes to the many browsers of a topic.
type carrier struct {
	news, runs atomic.Bool
}

// carry writes what is new to all browsers of the topic, sooner or later.
func (t *Topic) carry() {
	c := &t.carrier
	c.news.Store(true)
	if c.runs.Swap(true) {
		return // it looks again after this round
	}
	noted := t.hub.opts.Faults.Noted("topic", t.name)
	fault.Go(&t.hub.carriers, func() {
		for {
			for c.news.Swap(false) {
				t.round()
			}
			c.runs.Store(false)
			if !c.news.Load() || c.runs.Swap(true) {
				return
			}
		}
	}, func(err error) {
		c.runs.Store(false)
		noted(err)
	})
}

// round writes to all browsers of the topic what they lack. Several goroutines do so, one for two processors: with one
// for each nobody would read what is written meanwhile, which costs a machine of two more than it brings.
func (t *Topic) round() {
	subs := *t.subs.Load()
	var next atomic.Int64
	tell := func() {
		for {
			end := int(next.Add(atATime))
			now := time.Now()
			for _, s := range subs[min(end-atATime, len(subs)):min(end, len(subs))] {
				if c := s.client; !c.full.Load() { // otherwise the browser's next acknowledgement sends it
					c.push(false, now)
				}
			}
			if end >= len(subs) {
				return
			}
		}
	}
	var others sync.WaitGroup
	for range runtime.GOMAXPROCS(0)/2 - 1 {
		fault.Go(&others, tell, t.hub.opts.Faults.Noted("topic", t.name))
	}
	tell()
	others.Wait()
}

// waiting are the frames of a tail that may go out together, and when each came. The last of them is m.
func (t *tail) waiting(old *tail, m *Message, now time.Time) {
	t.first, t.frames, t.came = t.snap, append(t.frames, m), append(t.came, now)
	if m.free != nil || m.size >= big {
		t.frames, t.came = nil, nil
		return
	}
	from, size := len(old.frames), len(m.wire)
	for from > 0 && len(old.frames)-from < mostWaiting-1 && now.Sub(old.came[from-1]) <= youth && size+len(old.frames[from-1].wire) <= mostJoined {
		from--
		size += len(old.frames[from].wire)
	}
	if kept := len(old.frames) - from; kept > 0 {
		t.first -= uint64(kept)
		t.frames = append(append(make([]*Message, 0, kept+1), old.frames[from:]...), m)
		t.came = append(append(make([]time.Time, 0, kept+1), old.came[from:]...), now)
	}
}

// from returns the frames of the tail from number next on as one message, which is made once for all browsers: nil if
// they are not to go out together. The caller has seen that the tail has next.
func (t *tail) from(next uint64) *Message {
	if t.joins == nil || next == t.last() {
		return nil
	}
	at := &t.joins[next-t.first]
	if m := at.Load(); m != nil {
		return m
	}
	of := t.frames[next-t.first:]
	var wire bytes.Buffer
	size := 0
	for _, m := range of {
		if wire.Len()+len(m.wire) > mostJoined {
			return nil
		}
		wire.Write(m.wire)
		size += m.size
	}
	m := &Message{wire: wire.Bytes(), size: size, of: of}
	at.CompareAndSwap(nil, m)
	return at.Load()
}
