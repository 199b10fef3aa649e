package remote

import (
	"context"
	"strings"
	"time"

	"webmon/shm"
)

// Hasty makes a server's waits short.
func (s *Server) Hasty(retry, answer time.Duration, idle float64) {
	s.retry, s.idle = retry, idle
	s.timing.silent = 200 * time.Millisecond
	s.timing.answer, s.timing.tell, s.timing.stands = answer, 200*time.Millisecond, 400*time.Millisecond
}

// Densities asks a server for n of them, one after the other. ready is called once it is
// connected.
func Densities(ctx context.Context, address string, n int, ready func()) error {
	c, err := dial(ctx, strings.TrimPrefix(address, scheme), usual, nil, &half{}, &shm.Cost{}, nil)
	if err != nil {
		return err
	}
	defer c.close()
	var numbers []float64
	ready()
	for range n {
		h, data, err := c.array(ctx, shm.ArrayDensity)
		if err != nil {
			return err
		}
		numbers = h.decode(numbers, data)
	}
	return nil
}
