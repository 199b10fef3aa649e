package gpe

import (
	"math"
	"math/cmplx"
)

// ground puts the fluid at rest into the trap: the Thomas-Fermi density
// max(0, μ - V), relaxed in imaginary time. The original fills the box with n0
// and lets the trap press it together, so that in the middle it is denser than
// n0 and its sound faster than c; here μ, ξ and c are what they say.
func (s *Sim) ground() {
	// A finger that fills the box leaves no place for the fluid, nor does a trap
	// narrower than a pixel: then the fluid is where it would be without.
	for _, keep := range [][2]float64{{1, 1}, {1, 0}, {0, 0}} {
		sum := 0.0
		for i := range s.psi {
			n := max(0, s.mu-keep[0]*(s.pot[i]+s.mu)-keep[1]*s.fingerX[i/s.ny]*s.fingerY[i%s.ny])
			s.psi[i] = complex(math.Sqrt(n), 0)
			sum += n
		}
		if sum > s.mu {
			break
		}
	}
	s.relax(s.params.CoolingSteps)
}

// relax takes n steps in imaginary time with the fluid at rest in the box, the
// norm kept. In a frame faster than sound the imaginary time would make waves
// grow, not go.
func (s *Sim) relax(n int) {
	if n == 0 {
		return
	}
	flow, t := s.flow, s.t
	s.norm = s.sum()
	s.flow = 0
	s.setKinetic()
	s.decay, s.turn = 1, 0
	// A tenth of ħ/μ goes a long way in a few steps, but settles in what is the
	// ground state of steps as long as that; the shorter steps after it take the
	// difference away, most of which is in the walls.
	end := s.dt
	for i, k := range []int{n - n/2, n / 4, n/2 - n/4} {
		s.dt = max(end, []float64{0.1 / s.mu, 0.02 / s.mu, end}[i])
		s.kineticFactors(s.dt)
		s.advance(k)
	}
	s.flow, s.t = flow, t
	s.setCooling()
	s.setKinetic()
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

// noise disturbs ψ by a part in 1/eps at random, since an exact symmetry would
// never break by itself.
func (s *Sim) noise(eps float64) {
	for i, z := range s.psi {
		s.psi[i] = z * complex(1+eps*s.rng.NormFloat64(), eps*s.rng.NormFloat64())
	}
}

// vortexBundle is the ground state with s.winding quanta in the middle. Its
// core is opened before the phase is imprinted: with fluid there the phase
// would turn faster than the grid can tell.
func vortexBundle(s *Sim) {
	s.ground()
	if s.winding == 0 {
		return
	}
	// Far out this is n/n0 = 1 - w²ξ²/r², where the flow has taken its part of μ.
	core := (math.Abs(float64(s.winding)) + 1) * s.healing * s.healing
	for i := range s.psi {
		x, y := s.x(i/s.ny), s.y(i%s.ny)
		r := x*x + y*y
		s.psi[i] *= complex(math.Pow(r/(r+core), math.Abs(float64(s.winding))/2), 0)
	}
	s.imprint(s.winding)
	s.noise(0.01)
	s.relax(min(10, s.params.CoolingSteps))
}

// tangle is the ground state with pairs of vortices of either sense in random
// places.
func tangle(s *Sim) {
	s.ground()
	if s.pairs == 0 {
		return
	}
	for k := range 2 * s.pairs {
		r, a := 0.8*math.Sqrt(s.rng.Float64()), 2*math.Pi*s.rng.Float64()
		sin, cos := math.Sincos(a)
		s.vortex(r*cos*float64(s.nx)/2, r*sin*float64(s.ny)/2, 1-2*(k%2))
	}
	s.noise(0.01)
	s.relax(min(5, s.params.CoolingSteps))
}

// vortex puts a vortex of sense +1 or -1 at a place measured from the middle.
func (s *Sim) vortex(x0, y0 float64, sense int) {
	for i := range s.psi {
		x, y := s.x(i/s.ny)-x0, s.y(i%s.ny)-y0
		s.psi[i] *= complex(x, float64(sense)*y) / complex(math.Sqrt(x*x+y*y+2*s.healing*s.healing), 0)
	}
}

// soliton is a grey soliton that moves along x in a fluid at rest,
//
//	√n [i v + γ tanh(γ (x - x0)/√2ξ)],   γ = √(1 - v²), v in units of c.
//
// Its phase rises by -2 arccos v from left to right (one way or the other round
// the circle). e^{-i q x} with q L equal to that makes ψ periodic, and the same
// q in the kinetic energy takes the motion out again that e^{-i q x} means.
func soliton(s *Sim) {
	s.ground()
	v := s.greyness
	gamma := math.Sqrt(1 - v*v)
	lx := float64(s.nx)
	at := func(x float64) complex128 {
		return complex(gamma*math.Tanh(gamma*x/(math.Sqrt2*s.healing)), v)
	}
	s.twist = cmplx.Phase(at(lx/2)/at(-lx/2)) / lx
	line := s.line()
	for i := range s.nx {
		for j := range s.ny {
			x := s.x(i)
			s.psi[i*s.ny+j] *= at(x-line[j]) * cmplx.Exp(complex(0, -s.twist*x))
		}
	}
}

// line is the soliton's place across the box: waves of the longest lengths that
// fit, of random phase.
func (s *Sim) line() []float64 {
	line := make([]float64, s.ny)
	for m := 1; m <= 6; m++ {
		phase := 2 * math.Pi * s.rng.Float64()
		for j := range line {
			line[j] += s.wiggle / math.Sqrt(6) * math.Cos(2*math.Pi*float64(m*j)/float64(s.ny)+phase)
		}
	}
	return line
}

// vortexPair is the cut through a vortex ring: a vortex above and one below the
// middle of a channel, periodic along x. The walls mirror them; nothing flows
// through.
func vortexPair(s *Sim) {
	s.ground()
	lx := float64(s.nx)
	x0 := -lx / 4
	list := s.images()
	for i := range s.psi {
		x, y := s.x(i/s.ny), s.y(i%s.ny)
		phase := 0.0
		for _, v := range list {
			phase += float64(v.sense) * stripPhase(x-x0, y-v.y, lx)
		}
		amp := 1.0
		for _, v := range list[8:10] { // those of m = 0: the pair itself
			d := math.Hypot(nearest(x-x0, lx), y-v.y)
			amp *= d / math.Sqrt(d*d+2*s.healing*s.healing)
		}
		sin, cos := math.Sincos(phase)
		s.psi[i] *= complex(amp*cos, amp*sin)
	}
	s.relax(min(10, s.params.CoolingSteps))
}

// image is a row of vortices along x, one in each period of the box.
type image struct {
	y     float64
	sense int
}

// images are the two vortices of vortexPair, at the places 8 and 9 of the list,
// and what the walls make of them.
func (s *Sim) images() []image {
	// The fluid ends about where V = μ: mstep is 1/100 soon after rho = √0.8.
	wall := math.Sqrt(0.84) * float64(s.ny) / 2
	up := s.separation * float64(s.ny) / 2
	var list []image
	for m := -2; m <= 2; m++ {
		shift := 4 * wall * float64(m)
		list = append(list, image{up + shift, 1}, image{-up + shift, -1},
			image{2*wall - up + shift, -1}, image{2*wall + up + shift, 1})
	}
	return list
}

// stripPhase is arg sin(π(x + iy)/l), written so that it does not overflow far
// from the axis.
func stripPhase(x, y, l float64) float64 {
	sin, cos := math.Sincos(math.Pi * x / l)
	return math.Atan2(cos*math.Tanh(math.Pi*y/l), sin)
}
