package process

import "time"

// SetLull sets how long messages may gather while nobody watches; before Run.
func (s *Source) SetLull(d time.Duration) { s.lull = d }

// SetElsewhere sets how long an answer may take that another webmon gets; before
// Run.
func (s *Source) SetElsewhere(d time.Duration) { s.out.elsewhere = d }
