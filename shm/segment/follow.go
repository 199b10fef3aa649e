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
	// look is how long to wait before looking again for a frame that is due.
	look = 300 * time.Microsecond
	// fast is how much time may pass between frames that come regularly for the
	// next one to be waited for without looking before: an eye does not see a
	// frame come a little later that came too early.
	fast = 125 * time.Millisecond
	// An array that does not come regularly is looked at so often, and ever more
	// rarely the longer nothing has come.
	lookIdle, lookRarely = 4 * time.Millisecond, 30 * time.Millisecond

	// steady is the jitter up to which frames count as coming on time.
	steady = 400 * time.Microsecond
	// enough is of how many frames the times have to be known to rely on them.
	enough = 8
	// endedEvery is how often to see whether more frames can come at all.
	endedEvery = 500 * time.Millisecond
)

// Follower waits for the frames of a segment, one after the other. Its Next is for
// one goroutine; Count is for any.
//
// There is no way to be woken by a process that does not know of us. So it learns
// how often frames come and sleeps until shortly after the next one is due, which
// at 60 Hz mostly takes one wake a frame; what comes irregularly it looks for.
type Follower struct {
	r *Reader

	last      uint64    // number of the frame handed out last; 0: none
	handed    time.Time // when
	looked    time.Time // when there was no new frame
	endedLast time.Time

	// What is known of the times of frames, by the clock of the system.
	came   time.Time     // when the process began to publish the last frame
	period time.Duration // between two frames; 0: not known yet
	jitter time.Duration // how far off they are, on average
	takes  time.Duration // from there until the frame can be seen, as far as known
	known  int           // of how many frames

	seen, missed atomic.Uint64
}

// NewFollower follows r from its newest frame on.
func NewFollower(r *Reader) *Follower { return &Follower{r: r} }

// Count adds the frames that were handed out, and those that were missed, to s.
func (f *Follower) Count(s *shm.ArrayStats) {
	s.Seen += f.seen.Load()
	s.Missed += f.missed.Load()
}

// Next waits for a frame newer than the last, and returns the newest there is. The
// first call returns at once where there is any. The error is ctx's, or wraps
// shm.ErrNoArray once no more can come.
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
				if err := pause(ctx, timer, rest); err != nil {
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
		if err := pause(ctx, timer, wait); err != nil {
			return nil, err
		}
		first = f.looked.Before(f.handed)
		f.looked = now
		if first {
			woke = time.Now()
		}
	}
}

// took learns from a frame that was there at now. first says that it was there at
// the first look after the sleep from which it woke.
func (f *Follower) took(frame *shm.ArrayFrame, now, woke time.Time, first bool) {
	came := now
	// When publish was last called: for this frame, unless one has been offered
	// since that was not copied.
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
		default:
			off := each - f.period
			f.period += off / 8
			f.jitter += (max(off, -off) - f.jitter) / 8
			f.known++
		}
		if n == 1 && f.jitter < steady && f.period < fast {
			// The sleep should end when the frame has just come: a little earlier
			// each time, and later once that was too early.
			if first {
				f.takes -= 15 * time.Microsecond
			} else {
				f.takes += max(150*time.Microsecond, now.Sub(woke)/4)
			}
			f.takes = min(max(f.takes, 0), f.period/4)
		}
	}
	f.last, f.handed, f.came = frame.Seq, now, came
	f.seen.Add(1)
}

// wait is how long to sleep where there is nothing new now.
func (f *Follower) wait(now time.Time) time.Duration {
	idle := now.Sub(f.handed)
	rarely := min(max(idle/32, lookIdle), lookRarely)
	if f.period <= 0 || f.last == 0 {
		return rarely
	}
	due := f.came.Add(f.period)
	if f.jitter < steady {
		due = due.Add(f.takes + 2*f.jitter)
	} else {
		due = due.Add(-2 * f.jitter)
	}
	until := due.Sub(now)
	switch {
	case until > 0 && (f.period >= fast || f.known < enough):
		return max(min(until, rarely), look)
	case until > 0:
		return max(until, look)
	}
	// It is late: the later, the less a little more matters.
	return min(max(-until/8, look), rarely)
}

// pause sleeps. Go's timers make a millisecond of everything shorter, which a nap
// does not.
func pause(ctx context.Context, timer *time.Timer, d time.Duration) error {
	if d < time.Millisecond {
		nap(d)
		return ctx.Err()
	}
	timer.Reset(d)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
