package process

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

const (
	// getWait is how long a get waits in the manager. The thread there sleeps on a lock, so
	// a longer wait would only save one wake a second.
	getWait = time.Second
	// backlog is how fast an answer has to come to prove that there was a queue.
	backlog  = time.Millisecond
	deaf     = 3 * time.Second // longer than any wait for a message
	maxDrain = 4096            // messages taken in one go
)

// drain takes the messages of a process, at the pace that the watchers need, and hands over
// what they say.
type drain struct {
	queue *manager.Proxy
	sink  shm.Sink
	pace  *pace
	seat  *seat
	to    told

	since   float64 // messages with earlier stamps are of no interest; 0: all messages are
	skipped int     // messages left out because of since
}

// told hears of the messages that are no events.
type told interface {
	saidHello() bool
	// frame is called for every frame of the process, with the stamp of shm.Sink.
	frame(stamp float64)
	// changed is called with the names of states that have changed.
	changed(names []string)
	// missed is called when the process may have dropped messages.
	missed()
	// current is called when everything that an ask wanted is up to date.
	current(ask int64)
	// answered is called with what has become of a command.
	answered(id string, status shm.Status, reason string)
}

// run takes the messages, at the pace that the watchers need, and follows napari's frames by
// them.
func (d *drain) run(ctx context.Context, conn *manager.Conn) error {
	// If ctx ends because the process ends, run still waits for the message that it is
	// taking. Nobody else would get it.
	wire, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var waiting atomic.Bool // a get waits, perhaps for nothing
	defer context.AfterFunc(ctx, fault.Func(func() {
		if !left(ctx) || sleep(wire, outlives) && waiting.Load() {
			cut()
		}
	}, func(error) { cut() }))()
	behind := false  // one drain did not take everything
	gathers := false // the last drain took what had gathered, and nobody watched: more will
	heard := time.Now()
	answered := func() {
		if since := time.Since(heard); since > deaf {
			// The process or webmon was stopped, and the process may have dropped messages.
			d.to.missed()
		}
		heard = time.Now()
	}
	for ctx.Err() == nil {
		if !d.seat.taken.Load() {
			select {
			case <-ctx.Done():
			case <-d.seat.turn:
			}
			continue
		}
		// While messages come and nobody watches, nothing waits for the first of them: it would
		// wake a thread of the process and webmon once more, for a message that is in no hurry.
		rested := gathers && d.pace.rest(ctx)
		if !rested {
			start := time.Now()
			waiting.Store(true)
			v, err := conn.CallWait(wire, getWait, d.queue, "get", true, getWait.Seconds())
			waiting.Store(false)
			took := time.Since(start)
			answered()
			if errors.Is(err, manager.ErrEmpty) {
				d.caughtUp()
				continue
			}
			if lost(wire, err) {
				return err
			}
			d.message(v, err, false)
			past := d.since != 0
			rested = !past && !behind && d.pace.rest(ctx)
			// A slow answer alone does not prove that the queue was empty before, because the
			// machine may be busy. So the past ends where a drain ends.
			if took > backlog && !past && !rested {
				gathers = false
				continue
			}
		}
		if ctx.Err() != nil {
			break
		}
		n, err := d.drainQueue(wire, conn, rested)
		if lost(wire, err) {
			return err
		}
		answered()
		gathers = rested && n > 0 && n < maxDrain
		if behind = n == maxDrain; !behind {
			d.caughtUp()
		}
		var remote *manager.RemoteError
		if n == 0 && errors.As(err, &remote) && !sleep(ctx, 100*time.Millisecond) {
			return nil
		}
	}
	for left(ctx) && d.seat.taken.Load() {
		if n, err := d.drainQueue(wire, conn, true); n < maxDrain || err != nil {
			break // the end is known already, however the drain went
		}
	}
	return nil
}

// left reports whether ctx has ended because the process has ended. Its manager may still
// answer for a moment.
func left(ctx context.Context) bool {
	why := context.Cause(ctx)
	return errors.Is(why, shm.ErrEnded) || errors.Is(why, shm.ErrOwner)
}

// drainQueue takes what is in the queue. late says that the messages lay there because nobody
// was in a hurry.
func (d *drain) drainQueue(ctx context.Context, conn *manager.Conn, late bool) (int, error) {
	return conn.Drain(ctx, d.queue, maxDrain, func(v pickle.Value, err error) error {
		d.message(v, err, late)
		return nil
	})
}

// message hands one message over. A frame may be late because nobody was in a hurry, or
// because webmon was not there yet. The stamp of such a frame is not passed on, because it
// does not tell how long frames take to get here.
func (d *drain) message(v pickle.Value, err error, late bool) {
	if err != nil {
		d.sink.Notice("message", "A message could not be read and is lost: "+err.Error())
		return
	}
	if err := fault.Do(func() { d.understand(v, late) }); err != nil {
		d.sink.Fault("Reading a message", err)
	}
}

// understand hands over what a message says.
func (d *drain) understand(v pickle.Value, late bool) {
	notes := events(v, d.own, d.to.saidHello(), func(e shm.Event) {
		if e.Stamp > 0 && e.Stamp < d.since {
			if !d.to.saidHello() {
				d.skipped++ // it may be an hour of frame times, and nobody looks so far back
				return
			}
			e.Past = true
			d.sink.Event(e)
			return
		}
		d.pace.heard(e.Topic)
		d.sink.Event(e)
		if e.Topic == shm.TopicFrameTime {
			stamp := e.Stamp
			if late || d.since != 0 {
				stamp = 0
			}
			d.to.frame(stamp)
		}
	})
	for _, n := range notes {
		d.sink.Notice(n.key, n.text)
	}
}

// caughtUp says once how much of the past was left out.
func (d *drain) caughtUp() {
	if d.skipped > 0 {
		d.sink.Notice("backlog", fmt.Sprintf("%d messages from before webmon attached were left out", d.skipped))
	}
	d.skipped, d.since = 0, 0
}

// These keys of messages are for webmon itself. Only a process with the package sends them.
const (
	messageWebmon  = "webmon"
	messageCommand = "command"
)

// own takes what a process with the package says to webmon itself, which is no event.
func (d *drain) own(key string, v pickle.Value) bool {
	if key != messageWebmon && key != messageCommand || !d.to.saidHello() {
		return false
	}
	said, ok := v.(*pickle.Dict)
	if !ok {
		d.sink.Notice("own", fmt.Sprintf("The process sent %s under %q, which is kept for dicts", kindOf(v), key))
		return true
	}
	if key == messageCommand {
		d.answer(said)
		return true
	}
	if list, ok := sequence(entry(said, "changed")); ok {
		names := make([]string, 0, min(len(list), maxStates))
		for _, item := range list {
			if name, ok := item.(string); ok && name != "" && len(name) <= maxTopicName && len(names) < maxStates {
				names = append(names, name)
			}
		}
		d.to.changed(names)
	}
	if asks, ok := entry(said, "current").(*pickle.Dict); ok {
		if n, ok := scalar(entry(asks, d.seat.id)).(int64); ok {
			d.to.current(n)
		}
	}
	// A message from before webmon came does not tell what holds now.
	if t, ok := number(scalar(entry(said, "alive"))); ok && (d.since == 0 || t >= d.since) {
		d.sink.Alive()
	}
	return true
}

// answer takes what has become of a command.
func (d *drain) answer(said *pickle.Dict) {
	id, _ := text(entry(said, "id"))
	status, _ := text(entry(said, "status"))
	reason, _ := text(entry(said, "reason"))
	reason = natural.Clip(reason, maxHelp)
	switch shm.Status(status) {
	case shm.Applied:
		d.to.answered(id, shm.Applied, reason)
	case shm.Refused:
		if reason == "" {
			reason = "the process gave no reason"
		}
		d.to.answered(id, shm.Refused, reason)
	default:
		d.sink.Notice("command", fmt.Sprintf("The process says of a command that it is %s, instead of applied or refused", kindOf(entry(said, "status"))))
	}
}
