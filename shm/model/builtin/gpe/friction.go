package gpe

// frictionOff and below is no quantum friction at all.
const frictionOff = 1e-3

// friction makes the potential V_c = β ṅ/n0 with ṅ = 2 Im(ψ* K ψ), the rate at
// which the density changes (what is real in H drops out). Since it is a
// potential, the step stays unitary. dE/dt = -∫ V_c ṅ, which is never positive.
//
// To sound of wave number k it is a viscosity β k², explicit in time: beyond
// β max(K) dt = 1/2 it would overshoot, so there β is made smaller.
//
// This makes ready what frictionRow needs: Kψ, from a ψ whose rows are in
// momentum space, where a step has them before its potential.
func (s *Sim) friction() {
	if s.drags <= frictionOff {
		s.drag = nil
		return
	}
	if s.drag == nil {
		s.drag = make([]float64, len(s.psi))
	}
	if s.step.kinetic == nil {
		s.step.kinetic = s.fft.NewKernel()
		s.step.kinetic.Set(func(kx, ky int) complex128 { return complex(s.kineticX[kx]+s.kineticY[ky], 0) })
	}
	copy(s.work, s.psi)
	// Columns has divided by ny already, for the rows that are to come back.
	s.fft.Columns(s.work, s.step.kinetic, float64(s.ny))
	s.fft.Rows(s.work, true, nil, false)
	s.step.friction = 2 * min(s.drags, 0.5/s.dtScale) / s.mu
}

// frictionRow writes V_c of a row of ψ, of which kpsi is Kψ; f is 2β/n0.
func frictionRow(drag []float64, psi, kpsi []complex128, f float64) {
	drag, kpsi = drag[:len(psi)], kpsi[:len(psi)]
	for j, z := range psi {
		k := kpsi[j]
		drag[j] = f * (real(z)*imag(k) - imag(z)*real(k))
	}
}
