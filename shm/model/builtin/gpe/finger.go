package gpe

import "math"

// finger is the potential V0 exp(-r²/2r0²) that follows the place where people
// point, hanging on a damped spring:
//
//	d²z/dt² = -k (z - z_f) - d dz/dt,   |dz/dt| <= v_max
//
// The original pulls across the whole box when somebody crosses its border;
// here the spring takes the shorter way round (z - z_f is the minimum image),
// as the potential does. A step is the exact solution for a finger at rest, so
// that no spring is too stiff for the time step. v_max is in units of c; the
// original takes the speed of sound of the mean density, the empty parts of the
// box included, so that a small cloud has a slow finger.
type finger struct {
	x, y   float64 // pixels from the box's lower left corner, in [0, nx) and [0, ny)
	vx, vy float64 // pixels per time
	// owed is the time from where it is to the end of the last step: the
	// potential acts in the middle of a step, and the step is of second order only
	// if the finger is where it will be then.
	owed float64
}

// place puts the potential where people point, at rest.
func (f *finger) place(s *Sim) {
	*f = finger{x: wrap(s.fingerAtX*float64(s.nx), float64(s.nx)), y: wrap(s.fingerAtY*float64(s.ny), float64(s.ny))}
	f.shape(s)
}

// move goes to the middle of the next time step.
func (f *finger) move(s *Sim) {
	dt := f.owed + s.dt/2
	f.owed = s.dt / 2
	f.advance(s, dt)
}

// advance goes a time dt further.
func (f *finger) advance(s *Sim, dt float64) {
	lx, ly := float64(s.nx), float64(s.ny)
	zx, zy := nearest(f.x-s.fingerAtX*lx, lx), nearest(f.y-s.fingerAtY*ly, ly)
	if zx == 0 && zy == 0 && f.vx == 0 && f.vy == 0 {
		return
	}
	a, b, c, d := spring(s.fingerK, s.fingerDamp, dt)
	nx, nvx := a*zx+b*f.vx, c*zx+d*f.vx
	ny, nvy := a*zy+b*f.vy, c*zy+d*f.vy
	dx, dy := nx-zx, ny-zy
	limit := s.fingerVMax * math.Sqrt(s.mu)
	if v := math.Hypot(nvx, nvy); v > limit {
		nvx, nvy = nvx*limit/v, nvy*limit/v
	}
	if r := math.Hypot(dx, dy); r > limit*dt {
		dx, dy = dx*limit*dt/r, dy*limit*dt/r
	}
	// Where nothing can be seen to move any more it stands still, so that energy
	// is a constant again.
	if math.Hypot(zx+dx, zy+dy) < 1e-6 && math.Hypot(nvx, nvy) < 1e-6 {
		dx, dy, nvx, nvy = -zx, -zy, 0, 0
	}
	f.x, f.y, f.vx, f.vy = wrap(f.x+dx, lx), wrap(f.y+dy, ly), nvx, nvy
	f.shape(s)
}

// shape writes the potential into s.fingerX and s.fingerY.
func (f *finger) shape(s *Sim) {
	gauss(s.fingerX, f.x, s.fingerR0, s.fingerV0*s.mu)
	gauss(s.fingerY, f.y, s.fingerR0, 1)
}

// gauss writes amp exp(-(u - at)²/2r²) round a periodic line, u = i + 1/2.
func gauss(dst []float64, at, r, amp float64) {
	for i := range dst {
		d := nearest(float64(i)+0.5-at, float64(len(dst)))
		dst[i] = amp * math.Exp(-d*d/(2*r*r))
	}
}

// spring returns the matrix that takes (z, v) of d²z/dt² = -k z - damp dz/dt through
// time t: z = a z0 + b v0, v = c z0 + d v0.
func spring(k, damp, t float64) (a, b, c, d float64) {
	h := damp / 2
	e := math.Exp(-h * t)
	var cs, sn float64 // cos wt and sin(wt)/w, of whichever kind
	switch w2 := k - h*h; {
	case math.Abs(w2)*t*t < 1e-8:
		cs, sn = 1-w2*t*t/2, t*(1-w2*t*t/6)
	case w2 > 0:
		w := math.Sqrt(w2)
		cs, sn = math.Cos(w*t), math.Sin(w*t)/w
	default:
		w := math.Sqrt(-w2)
		// With the exponential taken in, or cosh overflows for strong damping.
		p, m := math.Exp((w-h)*t), math.Exp((-w-h)*t)
		cs, sn, e = (p+m)/2, (p-m)/(2*w), 1
	}
	return e * (cs + h*sn), e * sn, -e * k * sn, e * (cs - h*sn)
}

// wrap brings x into [0, l).
func wrap(x, l float64) float64 {
	x -= l * math.Floor(x/l)
	if x >= l { // rounding of a tiny negative x
		x = 0
	}
	return x
}

// nearest is the distance d on a ring of length l, in [-l/2, l/2].
func nearest(d, l float64) float64 { return d - l*math.Round(d/l) }
