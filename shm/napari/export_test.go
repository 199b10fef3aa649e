package napari

import "time"

// SetLull sets how long messages may gather while nobody watches; before Run.
func (s *Source) SetLull(d time.Duration) { s.lull = d }
