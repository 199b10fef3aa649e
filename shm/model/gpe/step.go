package gpe

import "math"

// advance computes n time steps of length s.dt. Before and after it ψ is that
// of one time; within, K and V are half a step apart, so that each step costs
// one K only:
//
//	K(dt/2) [V(dt) K(dt)]^{n-1} V(dt) K(dt/2)
//
// Both factors are symmetric, so the whole is of second order in dt as long as
// nothing cools.
func (s *Sim) advance(n int) {
	for i := range n {
		if i == 0 {
			s.kinetic(s.halfX, s.halfY)
		} else {
			s.kinetic(s.fullX, s.fullY)
		}
		s.prepare()
		s.potential()
		s.t += s.dt
	}
	if n > 0 {
		s.kinetic(s.halfX, s.halfY)
	}
}

// kinetic multiplies ψ by fx[i] fy[j] in momentum space.
func (s *Sim) kinetic(fx, fy []complex128) {
	s.fft.Forward(s.psi)
	for i, a := range fx {
		row := s.psi[i*s.ny : (i+1)*s.ny]
		for j := range row {
			row[j] *= a * fy[j]
		}
	}
	s.fft.Inverse(s.psi)
}

// potential multiplies ψ by exp(-i e^{-iθ} dt (U + |ψ|²)), where U is s.pot
// (μ is taken off already) and the finger's fingerX[i] fingerY[j] and, where
// there is one, the friction's s.drag. While it cools, ψ gets back the norm
// that the cooling takes.
func (s *Sim) potential() {
	decay, turn := s.decay*s.dt, s.turn*s.dt // e^{-decay u - i turn u}
	scale := 1.0
	if decay != 0 {
		sum := 0.0
		for _, z := range s.psi {
			sum += real(z)*real(z) + imag(z)*imag(z)
		}
		scale = math.Sqrt(s.norm / sum)
	}
	for i, fx := range s.fingerX {
		lo, hi := i*s.ny, (i+1)*s.ny
		row, pot := s.psi[lo:hi], s.pot[lo:hi]
		for j, z := range row {
			u := pot[j] + fx*s.fingerY[j] + real(z)*real(z) + imag(z)*imag(z)
			if s.drag != nil {
				u += s.drag[lo+j]
			}
			amp := scale
			if decay != 0 {
				amp *= math.Exp(-decay * u)
			}
			sin, cos := math.Sincos(-turn * u)
			row[j] = z * complex(amp*cos, amp*sin)
		}
	}
}
