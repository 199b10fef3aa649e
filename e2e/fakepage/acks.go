package fakepage

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// acks tells what has arrived and what was handled; see public/js/acks.js.
type acks struct {
	send  func([]byte) error
	wake  chan struct{} // there is something to tell at once
	ended <-chan struct{}

	mu              sync.Mutex // guards what follows
	received        uint64
	pending         []uint64 // numbers of those that are not handled yet, from 1, in order
	ts              float64  // of the newest that was painted and not told yet; 0: none
	told, toldDone  uint64
	last            time.Time // when that was told
	urgent, waiting bool      // to be told at once, or in time
}

// every is how long small messages wait to be told.
const every = 100 * time.Millisecond

// arrived notes a large message. What it returns is called when it is handled, with its stamp or 0.
func (a *acks) arrived() (done func(ts float64)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.received++
	n := a.received
	a.pending = append(a.pending, n)
	a.tell()
	return func(ts float64) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if i := slices.Index(a.pending, n); i >= 0 {
			a.pending = slices.Delete(a.pending, i, i+1)
		}
		a.ts = max(a.ts, ts)
		a.tell()
	}
}

// put notes a part of something that is not complete.
func (a *acks) put() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.received++
	a.tell()
}

// handled notes a small message.
func (a *acks) handled() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.received++
	if time.Since(a.last) >= every {
		a.tell()
	} else if !a.waiting {
		a.waiting = true
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
}

func (a *acks) tell() {
	a.urgent = true
	select {
	case a.wake <- struct{}{}:
	default: // it is awake already
	}
}

// run sends acknowledgements until the connection has ended.
func (a *acks) run() {
	timer := time.NewTimer(every)
	for {
		select {
		case <-a.ended:
			return
		case <-a.wake:
			a.mu.Lock()
			urgent := a.urgent
			a.mu.Unlock()
			if !urgent {
				timer.Reset(every)
				continue
			}
		case <-timer.C:
		}
		if text := a.next(); text != nil && a.send(text) != nil {
			return // who reads has noticed
		}
	}
}

// next is what is to be told; nil: nothing is new.
func (a *acks) next() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.urgent, a.waiting = false, false
	done := a.received
	if len(a.pending) > 0 {
		done = a.pending[0] - 1
	}
	if a.told == a.received && a.toldDone == done {
		return nil
	}
	a.told, a.toldDone, a.last = a.received, done, time.Now()
	text := fmt.Appendf(nil, `{"type":"ack","n":%d`, a.received)
	if done < a.received {
		text = fmt.Appendf(text, `,"d":%d`, done)
	}
	if a.ts > 0 {
		text = fmt.Appendf(text, `,"ts":%f`, a.ts)
		a.ts = 0
	}
	return append(text, '}')
}
