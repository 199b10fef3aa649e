package gpe

import "math"

// trap is what holds the fluid: walls of wallHeight μ, or a harmonic potential.
type trap struct {
	shape []float64 // V with the trap up
	level float64   // 0: no trap, 1: up; on its way in between
	angle float64   // of walls that turn, radians
	drawn float64   // the angle that shape has
	// For walls that turn: rho² and cos and sin of bump_N theta of each pixel.
	rho2, cosN, sinN []float64
}

// wallHeight is the potential of walls in units of μ.
const wallHeight = 100

// riseTime is how long walls take to come up, in ħ/μ. Coming up at once they
// would give whatever is between them an energy of 100 μ.
const riseTime = 30

// make computes the trap for the model's parameters as they are.
func (t *trap) make(s *Sim) {
	n := s.nx * s.ny
	t.shape = sized(t.shape, n)
	t.angle, t.level = 0, 0
	if s.cylinder {
		t.level = 1
	}
	t.compute(s)
}

// compute makes shape again and puts it in force.
func (t *trap) compute(s *Sim) {
	if s.model.def.turning {
		t.bumps(s)
		t.turn(s)
	} else {
		for i := range s.nx {
			x := s.x(i)
			for j := range s.ny {
				t.shape[i*s.ny+j] = s.model.def.trap(s, x, s.y(j))
			}
		}
	}
	t.show(s)
}

// show puts the trap into the potential that the steps use.
func (t *trap) show(s *Sim) {
	// The fourth power keeps the walls low for long, so that fluid has the time
	// to leave.
	level := t.level * t.level * t.level * t.level
	for i, v := range t.shape {
		s.pot[i] = level*v - s.mu
	}
	s.potChanged()
}

// toggle follows the trap's switch. Down is at once.
func (t *trap) toggle(s *Sim) {
	if !s.cylinder {
		t.level = 0
		t.show(s)
	} else if s.model.def.sudden {
		t.level = 1
		t.show(s)
	}
	s.watch.swing = s.swing()
}

// move goes one time step further.
func (t *trap) move(s *Sim) {
	dirty := false
	if s.cylinder && t.level < 1 {
		t.level = min(1, t.level+s.dt*s.mu/riseTime)
		dirty = true
	}
	if omega := s.omega(); omega != 0 && s.bumpH != 0 && s.bumpN != 0 {
		t.angle = math.Remainder(t.angle+omega*s.dt, 2*math.Pi)
		// A tenth of a pixel at the wall is as fine as matters.
		if r := float64(max(s.nx, s.ny)) / 2; math.Abs(math.Remainder(t.angle-t.drawn, 2*math.Pi))*r > 0.1 {
			t.turn(s)
			dirty = true
		}
	}
	if dirty {
		t.show(s)
	}
}

// bumps prepares walls rho² [1 - h cos(N (theta - angle))] for turn.
func (t *trap) bumps(s *Sim) {
	n := s.nx * s.ny
	t.rho2, t.cosN, t.sinN = sized(t.rho2, n), sized(t.cosN, n), sized(t.sinN, n)
	for i := range s.nx {
		for j := range s.ny {
			k := i*s.ny + j
			t.rho2[k] = s.rho2(s.x(i), s.y(j))
			t.sinN[k], t.cosN[k] = math.Sincos(float64(s.bumpN) * math.Atan2(s.y(j), s.x(i)))
		}
	}
}

// turn draws the walls at t.angle.
func (t *trap) turn(s *Sim) {
	t.drawn = t.angle
	sin, cos := math.Sincos(float64(s.bumpN) * t.angle)
	h := s.bumpH
	for k, r := range t.rho2 {
		t.shape[k] = wallHeight * s.mu * mstep(r*(1-h*(cos*t.cosN[k]+sin*t.sinN[k]))-0.8, 0.2)
	}
}

// omega is the angular velocity at which N_vortex vortices are at rest with the
// walls, by Feynman's rule for an area of 0.8² of the box.
func (s *Sim) omega() float64 {
	return s.nVortex * math.Pi / (0.64 * float64(s.nx*s.ny))
}

// x and y are the place of a pixel's middle from the middle of the box.
func (s *Sim) x(i int) float64 { return float64(i) + 0.5 - float64(s.nx)/2 }
func (s *Sim) y(j int) float64 { return float64(j) + 0.5 - float64(s.ny)/2 }

// rho2 is (2x/Lx)² + (2y/Ly)².
func (s *Sim) rho2(x, y float64) float64 {
	x, y = 2*x/float64(s.nx), 2*y/float64(s.ny)
	return x*x + y*y
}

// mstep is a step from 0 at t <= 0 to 1 at t >= t1 with all derivatives:
// [1 + tanh(3 tan(π (2t/t1 - 1)/2))]/2 between.
func mstep(t, t1 float64) float64 {
	switch {
	case t <= 0:
		return 0
	case t >= t1:
		return 1
	}
	u := t / t1 * float64(len(mstepTable)-2)
	i := int(u)
	return mstepTable[i] + (u-float64(i))*(mstepTable[i+1]-mstepTable[i])
}

var mstepTable = func() (table [4098]float64) {
	n := float64(len(table) - 2)
	for i := range table {
		switch u := float64(i) / n; {
		case u >= 1:
			table[i] = 1
		case u > 0:
			table[i] = (1 + math.Tanh(3*math.Tan(math.Pi*(2*u-1)/2))) / 2
		}
	}
	return table
}()
