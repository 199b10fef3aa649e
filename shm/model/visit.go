package model

import (
	"context"
	"errors"
	"fmt"
	"time"

	"webmon/fault"
	"webmon/shm"
)

// lookEvery is how often a run looks whether it still has visitors.
const lookEvery = 250 * time.Millisecond

// errUnvisited is why a run ends that nobody looks at any more.
var errUnvisited = errors.New("nobody was looking")

// visited is a run that lasts for as long as somebody looks at it, and for a
// grace time longer: whoever loads a page again, or changes to another tab and
// comes back, finds it as it was.
type visited struct {
	shm.Source
	watchers func() int // browsers that look at the run; nil: only demand tells
	grace    time.Duration
}

// Run implements [shm.Source].
func (v *visited) Run(ctx context.Context, sink shm.Sink) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	fault.Go(nil, func() {
		defer close(done)
		v.await(ctx, sink)
		cancel(errUnvisited)
	}, func(err error) { sink.Fault("What notices that nobody looks", err) })
	err := v.Source.Run(ctx, sink)
	left := errors.Is(context.Cause(ctx), errUnvisited)
	cancel(nil)
	<-done
	if err == nil && left {
		return fmt.Errorf("%w: %w", errUnvisited, shm.ErrEnded)
	}
	return err
}

// await returns when nobody has looked for the grace time, or ctx is done.
func (v *visited) await(ctx context.Context, sink shm.Sink) {
	tick := time.NewTicker(min(lookEvery, v.grace/4+time.Millisecond))
	defer tick.Stop()
	last := time.Now() // whoever had it begin will look in a moment
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			switch {
			case v.watchers != nil && v.watchers() > 0, sink.Demand(shm.TopicModel) > 0:
				last = now
			case now.Sub(last) >= v.grace:
				return
			}
		}
	}
}
