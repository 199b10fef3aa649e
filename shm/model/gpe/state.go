package gpe

import "math"

// ground puts the fluid at rest into the trap: the Thomas-Fermi density
// max(0, μ - V), relaxed in imaginary time. The original fills the box with n0
// and lets the trap press it together, so that in the middle it is denser than
// n0 and its sound faster than c; here μ, ξ and c are what they say.
func (s *Sim) ground() {
	for i := range s.psi {
		x, y := i/s.ny, i%s.ny
		n := max(0, -s.pot[i]-s.fingerX[x]*s.fingerY[y])
		s.psi[i] = complex(math.Sqrt(n), 0)
	}
	s.relax(s.params.CoolingSteps)
}

// relax takes n steps in imaginary time, the norm kept.
func (s *Sim) relax(n int) {
	if n == 0 {
		return
	}
	decay, turn, dt, still := s.decay, s.turn, s.dt, s.still
	s.norm = s.sum()
	s.decay, s.turn, s.still = 1, 0, true
	// Relaxing need not be exact in time, only settle: a tenth of ħ/μ goes a
	// long way in a hundred steps.
	s.dt = max(dt, 0.1/s.mu)
	s.kineticFactors(s.dt)
	t := s.t
	s.advance(n)
	s.t, s.decay, s.turn, s.dt, s.still = t, decay, turn, dt, still
	s.kineticFactors(dt)
}

// imprint multiplies ψ by e^{i w theta} round the middle of the box.
func (s *Sim) imprint(w int) {
	for i := range s.nx {
		for j := range s.ny {
			sin, cos := math.Sincos(float64(w) * math.Atan2(s.y(j), s.x(i)))
			s.psi[i*s.ny+j] *= complex(cos, sin)
		}
	}
}
