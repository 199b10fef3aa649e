package segment

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"webmon/shm"
)

const (
	// leastGap is the least time between two frames that are handed out: 250 a
	// second, more than any screen shows.
	leastGap = 4 * time.Millisecond
	// look is how long to wait before looking again for a frame that is due, and lookSoon for one
	// of those that come on time.
	look, lookSoon = 300 * time.Microsecond, 100 * time.Microsecond
	// fast is the longest time between frames for which the next one is waited for
	// without an earlier look. A frame that comes too early is then seen a little
	// later, which no eye notices.
	fast = 125 * time.Millisecond
	// An array whose frames do not come regularly is looked at this often, and more
	// rarely the longer nothing has come.
	lookIdle, lookRarely = 4 * time.Millisecond, 30 * time.Millisecond

	// steady is the jitter up to which frames count as coming on time.
	steady = 400 * time.Microsecond
	// enough is how many frames' times must be known before they are relied on.
	enough = 8
	// After Expect a frame is looked for this often, and for so long.
	lookExpected, expectFor = 2 * time.Millisecond, 300 * time.Millisecond
	// endedEvery is the time between two checks that more frames can come at all.
	endedEvery = 500 * time.Millisecond
)

// Follower waits for the frames of a segment, one after the other. One goroutine at a
// time may call Next. Any goroutine may call Count and Expect.
//
// The process does not know its readers, so it cannot wake them. A Follower therefore
// learns how often frames come, and sleeps until the next one is there. At 60 Hz it wakes
// twice or three times a frame: a timer ends a millisecond early, and a nap or two do the
// rest. For frames that come irregularly it looks again and again.
type Follower struct {
	r   *Reader
	nap func(time.Duration) // a short sleep that ends when it should

	last      uint64    // number of the frame handed out last; 0: none
	handed    time.Time // when
	looked    time.Time // when there was no new frame
	endedLast time.Time

	// What is known of the times of frames, by the clock of the system.
	came   time.Time     // when the process began to publish the last frame
	beat   time.Time     // when that would have been if all came as regularly as most do
	period time.Duration // between two frames; 0: not known yet
	jitter time.Duration // how far off they are, on average
	off    time.Duration // by how much the last one was
	takes  time.Duration // from there until the frame can be seen, as far as known
	known  int           // of how many frames

	expected atomic.Int64  // until when a frame may come at any moment, ns since the epoch
	hurry    chan struct{} // capacity one: Expect was called

	seen, missed atomic.Uint64
}

// NewFollower returns a Follower that begins with the newest frame of r.
func NewFollower(r *Reader) *Follower {
	return &Follower{r: r, nap: nap, hurry: make(chan struct{}, 1)}
}

// Expect says that a frame may come at any moment, because something was done that it will show.
// It is looked for often for a while, though none may have come for long.
func (f *Follower) Expect() {
	f.expected.Store(time.Now().Add(expectFor).UnixNano())
	shm.Signal(f.hurry)
}

// Count adds the frames that Next returned, and those that it missed, to s.
func (f *Follower) Count(s *shm.ArrayStats) {
	s.Seen += f.seen.Load()
	s.Missed += f.missed.Load()
}

// Next waits for a frame that is newer than the last one, and returns the newest
// frame. The first call returns at once if there is a frame. The error is that of
// ctx, or wraps shm.ErrNoArray if no more frames can come.
func (f *Follower) Next(ctx context.Context) (*shm.ArrayFrame, error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	first := true // look after a long sleep
	woke := time.Now()
	for {
		now := time.Now()
		rest := leastGap - now.Sub(f.handed)
		wait := max(f.wait(now), rest)
		if seq := f.r.Latest(); seq != 0 && seq != f.last {
			if rest > 0 {
				if err := f.pause(ctx, timer, rest, nil); err != nil {
					return nil, err
				}
				continue
			}
			frame, err := f.r.Frame()
			switch {
			case err == nil && frame != nil:
				f.took(frame, now, woke, first)
				return frame, nil
			case errors.Is(err, shm.ErrOvertaken):
				wait = look
			case err != nil:
				return nil, err
			}
		}
		if now.Sub(f.endedLast) > endedEvery {
			f.endedLast = now
			if err := f.r.Ended(); err != nil {
				return nil, err
			}
		}
		hurry := f.hurry
		if f.known >= enough && now.Before(f.came.Add(2*f.period)) {
			hurry = nil // it comes on time, as those before it
		}
		if err := f.pause(ctx, timer, wait, hurry); err != nil {
			return nil, err
		}
		first = f.looked.Before(f.handed)
		f.looked = now
		if first {
			woke = time.Now()
		}
	}
}

// took learns from a frame that was there at the time now. first says that the frame
// was there at the first look after a sleep.
func (f *Follower) took(frame *shm.ArrayFrame, now, woke time.Time, first bool) {
	came := now
	// When publish was last called. That was for this frame, unless the process has
	// since offered a frame that was not copied.
	if beat := time.Unix(0, f.r.heartbeat()); now.Sub(beat) >= 0 && now.Sub(beat) < cmp.Or(f.period/2, time.Second) {
		came = beat
	}
	if f.last != 0 && frame.Seq > f.last {
		n := time.Duration(frame.Seq - f.last)
		f.missed.Add(uint64(n - 1))
		each := came.Sub(f.came) / n
		switch {
		case f.period == 0 || each > 4*f.period || each < f.period/4:
			f.period, f.jitter, f.takes, f.known = each, min(each/4, 5*steady), 0, 0
			f.beat = came
		default:
			f.beat = f.beat.Add(n * f.period)
			switch off := came.Sub(f.beat); {
			case off < 0 || off > f.period/2:
				f.beat = came
			default:
				f.beat = f.beat.Add(min(off/4, 150*time.Microsecond))
			}
			off := each - f.period
			// One that is late is followed by one that seems early. It says little of how often
			// frames come: only two in a row that are off in the same way do.
			last := f.off
			f.off = off
			if (off > 0) != (last > 0) || max(last, -last) < 2*steady {
				off = min(max(off, -2*steady), 2*steady)
			}
			f.period += off / 8
			f.jitter += (max(off, -off) - f.jitter) / 8
			f.known++
		}
		if n == 1 && f.jitter < steady && f.period < fast {
			// The sleep should end when the frame has just come. So it ends a little
			// earlier each time, and later again once that was too early: it comes to rest
			// where a frame comes at the first look or the one after.
			if first {
				f.takes -= 15 * time.Microsecond
			} else {
				f.takes += min(now.Sub(woke)/8, 60*time.Microsecond)
			}
			f.takes = min(max(f.takes, 0), f.period/4)
		}
	}
	if f.last == 0 {
		f.beat = came
	}
	f.last, f.handed, f.came = frame.Seq, now, came
	f.seen.Add(1)
}

// wait returns how long to sleep while there is no new frame.
func (f *Follower) wait(now time.Time) time.Duration {
	idle := now.Sub(f.handed)
	rarely := min(max(idle/32, lookIdle), lookRarely)
	if now.UnixNano() < f.expected.Load() {
		rarely = lookExpected
	}
	if f.period <= 0 || f.last == 0 {
		return rarely
	}
	// After a frame that was late the next one mostly comes at its own time.
	due, again := f.beat.Add(f.period), look
	if f.jitter < steady {
		due, again = due.Add(f.takes), lookSoon
	} else {
		due = due.Add(-2 * f.jitter)
	}
	until := due.Sub(now)
	switch {
	case until > 0 && (f.period >= fast || f.known < enough):
		return max(min(until, rarely), again)
	case until > 0:
		return max(until, again)
	}
	// The frame is late. The later it is, the less a little more matters.
	return min(max(-until/8, again), rarely)
}

// coarse is how much later than asked for Go's timers may end a sleep: they round up to a
// millisecond.
const coarse = time.Millisecond

// pause sleeps, at most until something comes by hurry. The end of a sleep that nothing can end is
// a nap, because a timer alone would end it up to a millisecond after the frame has come.
func (f *Follower) pause(ctx context.Context, timer *time.Timer, d time.Duration, hurry <-chan struct{}) error {
	end := time.Now().Add(d)
	if hurry == nil {
		d -= coarse
	}
	if d >= coarse {
		timer.Reset(d)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-hurry:
			return nil
		case <-timer.C:
		}
		if hurry != nil {
			return nil
		}
	}
	if d = time.Until(end); d > 0 {
		f.nap(d)
	}
	return ctx.Err()
}
