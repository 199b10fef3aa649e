// Package budget counts the bytes that webmon keeps, in one place that everything
// which stores or queues asks. It says how much each may keep; what to let go is for
// whoever keeps it:
//
//	all := budget.New(1 << 30)
//	mine := all.Source("napari")
//	defer mine.Close()
//	mine.Add(size)                 // it is here already
//	if over := mine.Over(); over > 0 {
//		things, bytes := drop(over) // the oldest first
//		mine.Dropped(things, bytes)
//	}
//
// An account belongs to one keeper and stands in a tree: what it counts, all above it
// count too. Counting takes no lock.
package budget

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Base is how many bytes webmon takes at most besides what it keeps: the program, the
// stacks of its goroutines, what is being decoded or drawn at the moment, and what the
// garbage collector has not collected yet.
const Base = 192 << 20

// Least is the smallest budget, in bytes, that webmon can work with.
const Least = 32 << 20

// The shares of the whole, in eighths but for those of one source and one browser. They add up
// to the whole, so that none can take what another has been promised: nobody's downloads
// push out a history.
const (
	sourcesPart  = 3 // is for the states and histories of all sources
	browsersPart = 2 // is for what is on its way to all browsers
	answersPart  = 1 // is for the bodies of answers and for downloads
	workPart     = 1 // is for replies of processes that are being decoded
	volumesPart  = 1 // is for views of volumes, and for what is made of volumes for them
	sourcePart   = 4 // 1/4 is for the states and histories of one source
	browserPart  = 8 // 1/8 is for one browser's frames
)

// Budget is the whole and its shares.
type Budget struct {
	Whole    *Account
	Sources  *Account // states and histories
	Browsers *Account // frames, and buffers for them
	Answers  *Account // bodies of answers, from when they are made until they are sent
	Work     *Account // replies of processes that are being read and decoded
	Volumes  *Account // views of volumes, coarser levels, meshes

	// OneBrowser is how many bytes of frames one browser may keep alive.
	OneBrowser int64
}

// New returns a budget of so many bytes, at least Least.
func New(bytes int64) *Budget {
	bytes = max(bytes, Least)
	whole := &Account{name: "whole", limit: bytes}
	part := func(name string, eighths int64) *Account { return whole.Part(name, bytes/8*eighths) }
	return &Budget{
		Whole: whole, Sources: part("sources", sourcesPart), Browsers: part("browsers", browsersPart),
		Answers: part("answers", answersPart), Work: part("work", workPart), Volumes: part("volumes", volumesPart),
		OneBrowser: bytes / browserPart,
	}
}

// Source returns the account of one source. Close must be called.
func (b *Budget) Source(name string) *Account { return b.Sources.Part(name, b.Whole.limit/sourcePart) }

// Account counts what one keeper keeps. Its methods are safe for concurrent use.
type Account struct {
	name   string
	parent *Account // nil: the whole
	limit  int64    // bytes

	used, most    atomic.Int64
	things, bytes atomic.Uint64 // dropped
	refused       atomic.Uint64

	mu      sync.Mutex    // guards freed
	freed   chan struct{} // closed when something is given back; nil: nobody waits
	waiting atomic.Int64  // how many wait for room
}

// Part returns an account below a, with a limit of its own in bytes. Close must be called
// unless it lives as long as a.
func (a *Account) Part(name string, limit int64) *Account {
	return &Account{name: name, parent: a, limit: limit}
}

// Limit is how many bytes the account may count.
func (a *Account) Limit() int64 { return a.limit }

// Used is how many bytes it counts now.
func (a *Account) Used() int64 { return a.used.Load() }

// Add counts n bytes that are here already, whether there is room for them or not. n is
// negative for bytes that are gone.
func (a *Account) Add(n int64) {
	if n == 0 {
		return
	}
	for at := a; at != nil; at = at.parent {
		at.peak(at.used.Add(n))
		if n < 0 && at.waiting.Load() > 0 {
			at.wake()
		}
	}
}

// peak notes the most that was ever counted.
func (a *Account) peak(used int64) {
	for most := a.most.Load(); used > most && !a.most.CompareAndSwap(most, used); most = a.most.Load() {
	}
}

// Take counts n bytes if there is room for them in the account and in all above it.
// Otherwise it counts nothing and reports false.
func (a *Account) Take(n int64) bool {
	for at := a; at != nil; at = at.parent {
		if used := at.used.Add(n); used > at.limit {
			for back := a; ; back = back.parent {
				back.used.Add(-n)
				if back == at {
					break
				}
			}
			return false
		}
	}
	for at := a; at != nil; at = at.parent {
		at.peak(at.used.Load())
	}
	return true
}

// Wait takes n bytes as Take does, and waits for room until ctx is done. It reports
// false, and counts a refusal, if there was none. What can never fit is not waited for.
func (a *Account) Wait(ctx context.Context, n int64) bool {
	for at := a; at != nil; at = at.parent {
		if n > at.limit {
			a.Refused()
			return false
		}
	}
	if a.Take(n) {
		return true
	}
	// The root hears of everything that is given back below it.
	root := a
	for root.parent != nil {
		root = root.parent
	}
	root.waiting.Add(1)
	defer root.waiting.Add(-1)
	for {
		freed := root.gives()
		if a.Take(n) {
			return true
		}
		select {
		case <-freed:
		case <-ctx.Done():
			a.Refused()
			return false
		}
	}
}

// gives returns a channel that is closed when something is given back.
func (a *Account) gives() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.freed == nil {
		a.freed = make(chan struct{})
	}
	return a.freed
}

func (a *Account) wake() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.freed != nil {
		close(a.freed)
		a.freed = nil
	}
}

// Wanted reports whether somebody waits for room, in the account or anywhere in its tree.
func (a *Account) Wanted() bool {
	root := a
	for root.parent != nil {
		root = root.parent
	}
	return root.waiting.Load() > 0
}

// Give gives back n bytes that were taken or added.
func (a *Account) Give(n int64) { a.Add(-n) }

// Over is how many bytes the account, or one above it, counts beyond its limit: how many
// have to go. It is 0 or negative while there is room.
func (a *Account) Over() int64 {
	over := a.used.Load() - a.limit
	for at := a.parent; at != nil; at = at.parent {
		over = max(over, at.used.Load()-at.limit)
	}
	return over
}

// OverOwn is Over of the account alone, whatever is above it.
func (a *Account) OverOwn() int64 { return a.used.Load() - a.limit }

// Dropped notes that so many things of so many bytes were let go because there was no
// room. The bytes have to be given back besides.
func (a *Account) Dropped(things int, bytes int64) {
	for at := a; at != nil; at = at.parent {
		at.things.Add(uint64(things))
		at.bytes.Add(uint64(max(bytes, 0)))
	}
}

// Refused notes that something was not even begun because there was no room.
func (a *Account) Refused() {
	for at := a; at != nil; at = at.parent {
		at.refused.Add(1)
	}
}

// Close gives back all that the account counts. Nothing may be counted in it afterwards.
func (a *Account) Close() { a.Add(-a.used.Load()) }

// Use describes an account at one moment.
type Use struct {
	Name         string
	Limit        int64  // bytes
	Used         int64  // bytes
	Most         int64  // bytes, the most that it ever counted
	Dropped      uint64 // things that were let go
	DroppedBytes uint64
	Refused      uint64 // things that were not begun
}

// Use returns what the account counts now.
func (a *Account) Use() Use {
	return Use{
		Name: a.name, Limit: a.limit, Used: a.used.Load(), Most: a.most.Load(),
		Dropped: a.things.Load(), DroppedBytes: a.bytes.Load(), Refused: a.refused.Load(),
	}
}

// Patience is how long an answer waits for room before it is refused.
const Patience = 10 * time.Second
