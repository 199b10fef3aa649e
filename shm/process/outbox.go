package process

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

const (
	maxPending = 64   // commands that the process has not taken yet
	maxAsked   = 1024 // commands that it has taken and not answered

	// These say how often to ask whether commands were taken: at once after a frame,
	// because napari takes commands then, and more and more rarely without frames.
	askFirst  = 20 * time.Millisecond
	askRarely = time.Second

	// answersIn is how long an answer may take. A measurement may take long, but an answer
	// can be lost. For the time hurryFor messages are taken at once for its sake.
	answersIn = 10 * time.Minute
	hurryFor  = 2 * time.Second
	// elsewhere is how long an answer may take while another webmon takes the messages. A
	// webmon that has died keeps its claim for so long. After that answers come here.
	elsewhere = 2 * staleClaim
)

// pending is a command on its way.
type pending struct {
	cmd     shm.Command
	value   pickle.Value // what is put into the process's queue
	answers bool         // the process will say what has become of it
	hands   []shm.Hand   // that value stands for; nil: it is a command
	taken   time.Time    // when the process took it; guarded by outbox.mu
	report  func(shm.Status, string)

	mu   sync.Mutex   // held while reporting, so that nothing is reported after the end
	step atomic.Int32 // the furthest step that was reported; written under mu
}

// tell reports a step, unless a later step was reported before. The answer to a command may
// be here before the word that the command was sent.
func (p *pending) tell(status shm.Status, text string) {
	step := int32(final)
	switch status {
	case shm.Queued:
		step = 1
	case shm.Taken:
		step = 2
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if step > p.step.Load() {
		p.step.Store(step)
		p.report(status, text)
	}
}

const final = 3 // the step of applied, refused and gone

func (p *pending) over() bool { return p.step.Load() == final }

// onWay reports whether p is a drag value. Nobody waits for it, and others follow.
func (p *pending) onWay() bool { return p.cmd.ID == "" }

// outbox keeps commands until the process has taken them, or answered if it answers. The
// outbox outlives a connection that breaks.
//
// Of the drag values of one name at most one waits here, and at most one in the process's
// queue. A faster one takes the place of the one that waits.
type outbox struct {
	wake      chan struct{} // capacity one: there is something to send
	ticked    chan struct{} // capacity one: the process may have taken some
	waits     atomic.Bool   // a command was sent and not yet taken
	elsewhere time.Duration // constant

	mu      sync.Mutex      // guards all below
	queued  []*pending      // commands that are not yet sent
	sending *pending        // the one of queued that is being sent
	sent    []*pending      // commands in the process's queue, oldest first
	flying  map[string]bool // names of the drag values in sent
	asked   []*pending      // commands taken and not yet answered, oldest first
	waiting int             // commands with an id in queued and sent
	hands   shm.HandQueue   // hands that are not yet sent
	handsN  uint64          // number of the last of them
	handsIn int             // messages of hands in sent
	closed  string          // why no command is accepted any more; "" while they are
}

func (o *outbox) init() {
	o.wake = make(chan struct{}, 1)
	o.ticked = make(chan struct{}, 1)
	o.flying = map[string]bool{}
	o.elsewhere = elsewhere
}

// unanswered reports whether somebody waits for an answer that should be here at any moment.
func (o *outbox) unanswered() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	waits := func(p *pending) bool { return p.answers && !p.onWay() && !p.over() }
	return slices.ContainsFunc(o.sent, waits) ||
		len(o.asked) > 0 && time.Since(o.asked[len(o.asked)-1].taken) < hurryFor
}

func (o *outbox) add(p *pending) {
	o.mu.Lock()
	closed, full := o.closed, !p.onWay() && o.waiting >= maxPending
	if closed == "" && !full {
		o.enqueue(p)
	}
	o.mu.Unlock()
	switch {
	case closed != "":
		p.tell(shm.Gone, closed)
	case full:
		p.tell(shm.Refused, fmt.Sprintf("the process has not taken the last %d commands yet", maxPending))
	default:
		shm.Signal(o.wake)
	}
}

// enqueue adds p; mu is held. p supersedes any queued drag value of the same name.
func (o *outbox) enqueue(p *pending) {
	i := slices.IndexFunc(o.queued, func(q *pending) bool {
		return q.onWay() && q.cmd.Name == p.cmd.Name && q != o.sending
	})
	if !p.onWay() {
		o.waiting++
	} else if i >= 0 {
		o.queued[i] = p
		return
	}
	if i >= 0 {
		o.queued = slices.Delete(o.queued, i, i+1)
	}
	o.queued = append(o.queued, p)
}

// close ends every command, and every command that comes later.
func (o *outbox) close(reason string) {
	o.mu.Lock()
	left := slices.Concat(o.asked, o.sent, o.queued)
	o.asked, o.sent, o.queued, o.closed = nil, nil, nil, reason
	o.hands = shm.HandQueue{}
	o.mu.Unlock()
	for _, p := range left {
		p.tell(shm.Gone, reason)
	}
}

// next returns the oldest command that can be sent.
func (o *outbox) next() (*pending, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.queued {
		if p.onWay() && o.flying[p.cmd.Name] {
			continue // the value of that name in the process's queue comes first
		}
		o.sending = p
		return p, true
	}
	if o.hands.Len() > 0 && o.handsIn < maxHandsIn {
		events, n := o.hands.Take(maxHandEvents), o.handsN
		if o.hands.Len() > 0 {
			n-- // the rest of what has that number comes after it
		}
		o.sending = newHands(n, events)
		return o.sending, true
	}
	return nil, false
}

// roomForHands reports whether nothing but hands was sent, and more of them can be: nobody waits
// to hear whether they were taken.
func (o *outbox) roomForHands() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.handsIn == len(o.sent) && o.handsIn < maxHandsIn
}

// settle moves a command out of queued, and into sent if it was sent. With keep it stays
// where it is, for the next connection.
func (o *outbox) settle(p *pending, sent, keep bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sending = nil
	if p.hands != nil {
		switch {
		case sent:
			o.sent = append(o.sent, p)
			o.handsIn++
			o.waits.Store(true)
		case keep:
			o.hands.Return(p.hands)
		}
		return
	}
	i := slices.Index(o.queued, p)
	if keep || i < 0 {
		return
	}
	o.queued = slices.Delete(o.queued, i, i+1)
	if !sent {
		if !p.onWay() {
			o.waiting--
		}
		return
	}
	o.sent = append(o.sent, p)
	if p.onWay() {
		o.flying[p.cmd.Name] = true
	}
	o.waits.Store(true)
}

// taken notes that the process has taken all sent commands but the last inQueue. The queue is
// first in, first out, so at most that many of its items are webmon's. taken returns the
// commands that were taken.
func (o *outbox) taken(inQueue int, now time.Time) []*pending {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.took(max(len(o.sent)-max(inQueue, 0), 0), now)
}

// took notes that the process has taken the first n of sent. mu is held.
func (o *outbox) took(n int, now time.Time) []*pending {
	out := o.sent[:n:n]
	o.sent = o.sent[n:]
	o.waits.Store(len(o.sent) > 0)
	for _, p := range out {
		p.taken = now
		if p.hands != nil {
			o.handsIn--
			continue
		}
		if p.onWay() {
			delete(o.flying, p.cmd.Name)
			continue
		}
		o.waiting--
		if p.answers && !p.over() {
			o.asked = append(o.asked, p)
		}
	}
	return out
}

// answered ends the oldest command of that id.
func (o *outbox) answered(id string, status shm.Status, reason string) {
	if id == "" {
		return
	}
	is := func(p *pending) bool { return p.cmd.ID == id && p.answers && !p.over() }
	o.mu.Lock()
	var found *pending
	var took []*pending
	if i := slices.IndexFunc(o.asked, is); i >= 0 {
		found = o.asked[i]
	} else if i := slices.IndexFunc(o.sent, is); i >= 0 {
		found = o.sent[i]
		took = o.took(i+1, time.Now()) // the process has taken all before it too
	} else if o.sending != nil && is(o.sending) {
		found = o.sending // it was sent, and run has not noted that yet
	}
	o.asked = slices.DeleteFunc(o.asked, func(p *pending) bool { return p == found })
	more := len(o.queued) > 0 || o.hands.Len() > 0
	o.mu.Unlock()
	for _, p := range took {
		p.tell(shm.Taken, "")
	}
	if found != nil {
		found.tell(status, reason)
	}
	if more {
		shm.Signal(o.wake)
	}
}

// expire ends commands that will not be answered, or whose answers go to another webmon.
func (o *outbox) expire(now time.Time, reading bool) {
	o.mu.Lock()
	var lost []*pending
	o.asked = slices.DeleteFunc(o.asked, func(p *pending) bool {
		age := now.Sub(p.taken)
		over := age > answersIn || !reading && age > o.elsewhere
		if over {
			lost = append(lost, p)
		}
		return over
	})
	if n := len(o.asked) - maxAsked; n > 0 {
		lost = append(lost, o.asked[:n]...)
		o.asked = o.asked[n:]
	}
	o.mu.Unlock()
	for _, p := range lost {
		if reading {
			p.tell(shm.Gone, "the process has taken it and never answered")
		} else {
			p.tell(shm.Gone, "the process has taken it; its answer went to the webmon that reads it")
		}
	}
}

// tick is called when the process may just have taken commands. napari takes them after it
// has sent a frame.
func (o *outbox) tick() {
	if o.waits.Load() {
		shm.Signal(o.ticked)
	}
}

// run puts the queued commands into the process's queue, over conn, and notes when they are
// taken, until ctx is done or the connection is lost. It calls sent after each command.
func (o *outbox) run(ctx context.Context, conn *manager.Conn, queue *manager.Proxy, sent func()) error {
	shm.Signal(o.wake) // for the commands that were queued before
	timer := time.NewTimer(0)
	defer timer.Stop()
	pause := askFirst
	for {
		due := true // it is time to ask what was taken
		select {
		case <-ctx.Done():
			return nil
		case <-o.wake:
			pause = askFirst
			due = false
		case <-o.ticked: // napari takes them after it has sent the frame
			if !o.waits.Load() {
				continue
			}
			pause = askFirst / 4
			timer.Reset(pause)
			continue
		case <-timer.C:
		}
		for {
			p, ok := o.next()
			if !ok {
				break
			}
			_, err := conn.Call(ctx, queue, "put", p.value)
			broken := lost(ctx, err)
			o.settle(p, err == nil, broken)
			switch {
			case broken:
				return err
			case err != nil:
				p.tell(shm.Refused, "the command could not be sent: "+err.Error())
			default:
				p.tell(shm.Queued, "")
				sent()
			}
		}
		if !o.waits.Load() {
			continue
		}
		if !due && o.roomForHands() {
			timer.Reset(pause) // each question takes the process's time
			continue
		}
		v, err := conn.Call(ctx, queue, "qsize")
		if lost(ctx, err) {
			return err
		}
		if n, ok := v.(int64); ok && err == nil {
			took := o.taken(int(min(n, math.MaxInt32)), time.Now())
			for _, p := range took {
				p.tell(shm.Taken, "")
			}
			if len(took) > 0 {
				shm.Signal(o.wake) // for the commands that waited for one of these
			}
		}
		if o.waits.Load() {
			timer.Reset(pause)
			pause = min(pause*3/2, askRarely)
		}
	}
}
