package fft

import (
	"runtime"
	"sync"
	"sync/atomic"

	"webmon/fault"
)

// A pool runs numbered tasks on the goroutine that asks for it and on helpers
// that live as long as the pool. A pass over a field takes some ten
// microseconds, so a helper that has just worked looks for the next pass
// for about as long before it goes to sleep; one that sleeps is woken, and
// whoever comes first takes the next task. The caller never waits
// for a helper that has no task in hand: with all other processors busy a pass
// takes as long as with no helpers at all. And for one that has, it does not
// look for long before it sleeps: the two may have to share a processor.
type pool struct {
	task func(worker, task int)
	// ticket holds the run's number, how many tasks it has, and how many are
	// taken: 32, 16 and 16 bits. A task is taken by counting it up, which
	// fails if anything of it has changed since it was read, so that task
	// belongs to the ticket.
	ticket atomic.Uint64
	done   atomic.Int32

	helpers int
	mu      sync.Mutex
	wake    sync.Cond
	asleep  atomic.Int32 // helpers that wait for tasks
	waits   atomic.Bool  // the caller waits for the last tasks
	// panicked is the first panic of a task of this run.
	panicked atomic.Pointer[fault.Error]
	closed   atomic.Bool
	gone     sync.WaitGroup
}

const (
	taskBits = 16
	maxTasks = 1<<taskBits - 1
	// How often a helper looks for work before it sleeps, and every how many
	// looks it lets other goroutines run.
	looks, yields = 4096, 64
)

func newPool(workers int) *pool {
	p := &pool{helpers: workers - 1}
	p.wake.L = &p.mu
	for w := range p.helpers {
		fault.Go(&p.gone, func() { p.help(w + 1) }, func(err error) { p.panicked.CompareAndSwap(nil, err.(*fault.Error)) })
	}
	return p
}

// run calls task for 0 .. tasks-1, each once, and returns when all are done. It
// panics where one of them did.
// Calls with the same worker number never overlap; the caller is worker 0.
func (p *pool) run(tasks int, task func(worker, task int)) {
	if p.helpers == 0 || tasks == 1 {
		for t := range tasks {
			task(0, t)
		}
		return
	}
	p.task = task
	p.done.Store(0)
	number := p.ticket.Load()>>(2*taskBits) + 1
	p.ticket.Store(number<<(2*taskBits) | uint64(tasks)<<taskBits)
	if p.asleep.Load() > 0 {
		p.mu.Lock()
		p.wake.Broadcast()
		p.mu.Unlock()
	}
	p.work(0)
	for look := 1; p.done.Load() != int32(tasks); look++ {
		if look%yields == 0 {
			runtime.Gosched()
		}
		if look < looks {
			continue
		}
		p.mu.Lock()
		p.waits.Store(true)
		// Who ends a task looks at waits after it has counted it, and this
		// looks at the count after waits: one of them sees the other.
		for p.done.Load() != int32(tasks) {
			p.wake.Wait()
		}
		p.waits.Store(false)
		p.mu.Unlock()
	}
	if v := p.panicked.Swap(nil); v != nil {
		panic(v)
	}
}

// work takes tasks until there are none, and reports whether it had any.
func (p *pool) work(worker int) bool {
	any := false
	for {
		ticket := p.ticket.Load()
		tasks, taken := ticket>>taskBits&maxTasks, ticket&maxTasks
		if taken >= tasks {
			return any
		}
		if !p.ticket.CompareAndSwap(ticket, ticket+1) {
			continue
		}
		p.one(worker, int(taken))
		any = true
		if p.done.Add(1); p.waits.Load() {
			p.mu.Lock()
			p.wake.Broadcast()
			p.mu.Unlock()
		}
	}
}

// one does one task. A panic in a helper would end the whole program, where nobody
// could do anything about it: run's caller gets it instead.
func (p *pool) one(worker, task int) {
	if err := fault.Do(func() { p.task(worker, task) }); err != nil {
		p.panicked.CompareAndSwap(nil, err.(*fault.Error))
	}
}

// open reports whether there are tasks to take.
func (p *pool) open() bool {
	ticket := p.ticket.Load()
	return ticket&maxTasks < ticket>>taskBits&maxTasks
}

func (p *pool) help(worker int) {
	look := 0
	for !p.closed.Load() {
		if p.work(worker) {
			look = 0
			continue
		}
		if look++; look < looks {
			if look%yields == 0 {
				runtime.Gosched()
			}
			continue
		}
		p.mu.Lock()
		p.asleep.Add(1)
		// Who publishes a ticket looks at asleep after it, and this looks at
		// the ticket after asleep: one of them sees the other.
		for !p.open() && !p.closed.Load() {
			p.wake.Wait()
		}
		p.asleep.Add(-1)
		p.mu.Unlock()
		look = 0
	}
}

func (p *pool) close() {
	p.mu.Lock()
	p.closed.Store(true)
	p.wake.Broadcast()
	p.mu.Unlock()
	p.gone.Wait()
}
