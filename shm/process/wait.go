package process

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"webmon/shm/manager"
)

// lost reports whether err means that the connection is of no more use, or that nobody wants
// it any more. Every other error is about one call.
func lost(ctx context.Context, err error) bool {
	return err != nil && (errors.Is(err, manager.ErrGone) || ctx.Err() != nil)
}

func timedOut(err error) bool {
	var ne net.Error
	return errors.Is(err, manager.ErrTimeout) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &ne) && ne.Timeout()
}

// sleep waits, and reports whether ctx is not done.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
