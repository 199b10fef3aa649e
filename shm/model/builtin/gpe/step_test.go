package gpe

import (
	"math"
	"math/cmplx"
	"testing"

	"webmon/shm"
)

// relative is the norm of the difference of two fields, relative to that of want.
func relative(got, want []complex128) float64 {
	var d, n float64
	for i, w := range want {
		d += real((got[i] - w) * cmplx.Conj(got[i]-w))
		n += real(w * cmplx.Conj(w))
	}
	return math.Sqrt(d / n)
}

func TestStepsAreTheFormula(t *testing.T) {
	for _, m := range Models() {
		for _, cooling := range []float64{coolingOff, 0.05} {
			p := Params{Nx: 32, Ny: 24, HealingLength: 1.5, Tracers: -1, CoolingSteps: 10, DtTScale: 0.5, Workers: 2}
			set := map[string]shm.Value{"cooling": cooling, "finger_x": 0.3, "bump_N": 3, "bump_h": 0.2, "N_vortex": 20.0, "Vc_cooling": 0.2}
			fused, plain := makeSim(t, m.Name, p, set), makeSim(t, m.Name, p, set)
			if d := relative(fused.psi, plain.psi); d != 0 {
				t.Fatalf("%s: two of the same differ by %.1e at the start", m.Name, d)
			}
			const n = 9
			fused.advance(n)
			for range n {
				plainStep(plain)
			}
			if d := relative(fused.psi, plain.psi); !(d < 1e-13) {
				t.Errorf("%s, cooling %g: %d steps differ from the formula by %.1e", m.Name, cooling, n, d)
			}
			if fused.t != plain.t || fused.finger != plain.finger {
				t.Errorf("%s: finger %v at %g, want %v at %g", m.Name, fused.finger, fused.t, plain.finger, plain.t)
			}
			if m.def.friction && fused.drag == nil {
				t.Errorf("%s has no friction", m.Name)
			}
		}
	}
}

// Whoever takes which rows, the state is the same bit by bit.
func TestWorkersDoNotMatter(t *testing.T) {
	for _, name := range []string{"BECVortices", "BECQuantumFriction"} {
		var want []complex128
		for _, workers := range []int{1, 2, 5} {
			p := Params{Nx: 48, Ny: 40, HealingLength: 1.5, Tracers: 20, CoolingSteps: 10, Workers: workers}
			s := makeSim(t, name, p, map[string]shm.Value{"cooling": 0.05, "finger_x": 0.3})
			s.Step(60)
			if want == nil {
				want = append(want, s.psi...)
			}
			for i, z := range s.psi {
				if z != want[i] {
					t.Fatalf("%s: with %d workers pixel %d is %v, with one %v", name, workers, i, z, want[i])
				}
			}
		}
	}
}

func TestStepsAllocateNothing(t *testing.T) {
	for _, m := range Models() {
		p := Params{Nx: 32, Ny: 32, HealingLength: 1.5, Tracers: 50, CoolingSteps: 5, Workers: 2}
		s := makeSim(t, m.Name, p, map[string]shm.Value{"cooling": 0.01, "finger_x": 0.3, "bump_N": 3, "N_vortex": 20.0, "Vc_cooling": 0.2})
		s.Step(5)
		if n := testing.AllocsPerRun(20, func() { s.Step(5) }); n != 0 {
			t.Errorf("%s: five steps allocate %g times", m.Name, n)
		}
	}
}

// plainStep does what advance(1) does as the formula says, with whole
// transforms and exponentials of the standard library.
func plainStep(s *Sim) {
	kinetic := func(dt float64) {
		s.fft.Forward(s.psi)
		for i := range s.psi {
			k := s.kineticX[i/s.ny] + s.kineticY[i%s.ny]
			s.psi[i] *= cmplx.Exp(complex(-s.decay*k*dt, -s.turn*k*dt))
		}
		s.fft.Inverse(s.psi)
	}
	kinetic(s.dt / 2)
	// prepare finds the rows as a step has them.
	one := s.fft.NewKernel()
	one.Set(func(int, int) complex128 { return 1 })
	s.fft.Rows(s.psi, false, nil, true)
	s.fft.Columns(s.psi, one, 1)
	s.prepare()
	s.fft.Rows(s.psi, true, nil, false)
	if s.drag != nil {
		kpsi := append([]complex128(nil), s.psi...)
		s.fft.Forward(kpsi)
		for i := range kpsi {
			kpsi[i] *= complex(s.kineticX[i/s.ny]+s.kineticY[i%s.ny], 0)
		}
		s.fft.Inverse(kpsi)
		for i, z := range s.psi {
			s.drag[i] = 2 * min(s.drags, 0.5/s.dtScale) / s.mu * imag(cmplx.Conj(z)*kpsi[i])
		}
	}
	sum := 0.0
	for i, z := range s.psi {
		u := s.pot[i] + s.fingerX[i/s.ny]*s.fingerY[i%s.ny] + real(z)*real(z) + imag(z)*imag(z)
		if s.drag != nil {
			u += s.drag[i]
		}
		z *= cmplx.Exp(complex(-s.decay*s.dt*u, -s.turn*s.dt*u))
		s.psi[i] = z
		sum += real(z)*real(z) + imag(z)*imag(z)
	}
	if s.decay != 0 {
		for i := range s.psi {
			s.psi[i] *= complex(math.Sqrt(s.norm/sum), 0)
		}
	}
	kinetic(s.dt / 2)
	s.t += s.dt
}
