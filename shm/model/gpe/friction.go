package gpe

// frictionOff and below is no quantum friction at all.
const frictionOff = 1e-3

// friction makes the potential V_c = β ṅ/n0 with ṅ = 2 Im(ψ* K ψ), the rate at
// which the density changes (what is real in H drops out). Since it is a
// potential, the step stays unitary. dE/dt = -∫ V_c ṅ, which is never positive.
//
// To sound of wave number k it is a viscosity β k², explicit in time: beyond
// β max(K) dt = 1/2 it would overshoot, so there β is made smaller.
func (s *Sim) friction() {
	if s.drags <= frictionOff {
		s.drag = nil
		return
	}
	if s.drag == nil {
		s.drag = make([]float64, len(s.psi))
	}
	copy(s.work, s.psi)
	s.fft.Forward(s.work)
	for i, kx := range s.kineticX {
		row := s.work[i*s.ny : (i+1)*s.ny]
		for j, z := range row {
			k := kx + s.kineticY[j]
			row[j] = complex(k*real(z), k*imag(z))
		}
	}
	s.fft.Inverse(s.work)
	f := 2 * min(s.drags, 0.5/s.dtScale) / s.mu
	for i, z := range s.psi {
		k := s.work[i]
		s.drag[i] = f * (real(z)*imag(k) - imag(z)*real(k))
	}
}
