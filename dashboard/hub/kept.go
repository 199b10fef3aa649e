package hub

import (
	"slices"
	"sync"

	"webmon/dashboard/budget"
)

// topicBytes is about what a topic and its feed take before there is any frame.
const topicBytes = 16 << 10

// pictureParts is how many pictures of the largest size fit into the part of the budget
// that is one browser's: the latest, the one on its way, and the one that is being made.
const pictureParts = 3

// kept counts what a topic keeps, until the topic is closed.
type kept struct {
	mu      sync.Mutex      // guards free and closed, and is held while the account changes
	account *budget.Account // constant
	free    [][]byte        // buffers that can be used again
	closed  bool
}

// add counts n bytes that are there already.
func (k *kept) add(n int64) {
	if n == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.closed {
		k.account.Add(n)
	}
}

// take counts n bytes if there is room for them.
func (k *kept) take(n int64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || !k.account.Take(n) {
		k.account.Refused()
		return false
	}
	return true
}

// close gives everything back. What is still under way is the browsers'.
func (k *kept) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed, k.free = true, nil
	k.account.Close()
}

// MostPicture is how many bytes one picture of the topic may have.
func (t *Topic) MostPicture() int { return int(t.hub.opts.Budget.OneBrowser / pictureParts) }

// Buffer returns an empty buffer with room for n bytes, for a message that [Topic.Lend]
// makes. nil says that there is no room for it: the browsers of the topic have as many
// pictures as they may have, or all browsers together have. PutBuffer gives back a buffer
// that no message is made of.
func (t *Topic) Buffer(n int) []byte {
	if b := t.kept.reuse(n); b != nil {
		return b
	}
	if !t.hasRoom(int64(n)) || !t.kept.take(int64(n)) {
		if t.kept.spare() {
			return t.Buffer(n)
		}
		t.hub.opts.Logger.Warn("picture left out: there is no room for it", "topic", t.name, "bytes", n)
		return nil
	}
	return make([]byte, 0, n)
}

// reuse returns a buffer that was used before, nil if there is none that fits. A topic of pictures has buffers of several
// sizes: one for each rung at which its pictures are written.
func (k *kept) reuse(n int) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	best := -1
	for i, b := range k.free {
		if cap(b) >= n && cap(b)/4 <= n+1<<16 && (best < 0 || cap(b) < cap(k.free[best])) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	b := k.free[best]
	k.free = slices.Delete(k.free, best, best+1)
	return b[:0]
}

// spare gives back the buffers that nobody uses, and reports whether there were any.
func (k *kept) spare() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range k.free {
		k.account.Give(int64(cap(b)))
	}
	some := len(k.free) > 0
	k.free = nil
	return some
}

// hasRoom reports whether some browser of the topic may have n bytes more.
func (t *Topic) hasRoom(n int64) bool {
	subs := *t.subs.Load()
	if len(subs) == 0 {
		return true // its first browser is on the way in
	}
	for _, s := range subs {
		kept := int64(0)
		for _, other := range s.client.subs.Load().all {
			kept += other.topic.kept.account.Used()
		}
		if kept+n <= t.hub.opts.Budget.OneBrowser {
			return true
		}
	}
	t.kept.account.Refused()
	return false
}

// PutBuffer takes back a buffer that Buffer has returned.
func (t *Topic) PutBuffer(b []byte) {
	const most = 6 // one is made, one is the latest, one is still under way; of two sizes
	k := &t.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.closed:
	default:
		if len(k.free) == most { // the oldest may be left over from another shape
			k.account.Give(int64(cap(k.free[0])))
			k.free = slices.Delete(k.free, 0, 1)
		}
		k.free = append(k.free, b[:0])
	}
}

// Lend returns a message of a buffer that Buffer has returned, which is used again once
// nobody needs the message any more. See the function of the same name.
func (t *Topic) Lend(b []byte) *Message { return Lend(b, func() { t.PutBuffer(b) }) }
