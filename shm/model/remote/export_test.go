package remote

import "time"

// Hasty makes a server's waits short.
func (s *Server) Hasty(retry, answer time.Duration, idle float64) {
	s.retry, s.idle = retry, idle
	s.timing.answer = answer
}
