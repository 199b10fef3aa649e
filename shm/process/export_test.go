package process

import (
	"context"
	"time"
)

// SetLull sets how long messages may gather while nobody watches; before Run.
func (s *Source) SetLull(d time.Duration) { s.lull = d }

// SetElsewhere sets how long an answer may take that another webmon gets; before
// Run.
func (s *Source) SetElsewhere(d time.Duration) { s.out.elsewhere = d }

// AwaitRest waits until messages are left to gather while nobody watches, or
// until ctx is done. Only a rest takes signals from hurry, and hurry holds one:
// when a second signal has gone in, a rest has taken the first.
func (s *Source) AwaitRest(ctx context.Context) error {
	for range 2 {
		select {
		case s.run.Load().pace.hurry <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
