package gpe

// tracers are particles that move with the flow.
type tracers struct {
	x, y []float64 // pixels from the box's lower left corner
}

func (t *tracers) strew(s *Sim)                 {}
func (t *tracers) chunk(s *Sim, n int) int      { return n }
func (t *tracers) predict(s *Sim)               {}
func (t *tracers) correct(s *Sim, time float64) {}
