package gpe

import "math"

// tracers are particles without mass that move with the flow,
//
//	v = (ħ/m) Im(ψ* ∇ψ)/|ψ|², and the frame's velocity.
//
// ψ is interpolated with cubic polynomials through the 4 x 4 pixels around, of
// which both value and gradient are taken, so that a tracer near a vortex goes
// round it. Time goes by Heun's method, half the velocity where it was and
// half the velocity where it comes to. The original takes the velocity of the
// nearest pixel, Euler's step, and knows nothing of the frame.
type tracers struct {
	x, y   []float64 // pixels from the box's lower left corner, in [0, nx) and [0, ny)
	vx, vy []float64 // at the beginning of a chunk
}

// strew places the tracers at random, the more of them the denser the fluid.
func (t *tracers) strew(s *Sim) {
	n := s.params.Tracers
	t.x, t.y = sized(t.x, n), sized(t.y, n)
	t.vx, t.vy = sized(t.vx, n), sized(t.vy, n)
	top := 0.0
	for _, z := range s.psi {
		top = max(top, real(z)*real(z)+imag(z)*imag(z))
	}
	for i := range n {
		// A state that is none, or one that is all in a few pixels, must not hang
		// us: after a thousand throws any place will do.
		for range 1000 {
			t.x[i], t.y[i] = s.rng.Float64()*float64(s.nx), s.rng.Float64()*float64(s.ny)
			z := s.psi[min(int(t.x[i]), s.nx-1)*s.ny+min(int(t.y[i]), s.ny-1)]
			if s.rng.Float64()*top <= real(z)*real(z)+imag(z)*imag(z) {
				break
			}
		}
	}
}

// chunk is how many of n steps may go by between two looks at the velocity: at
// a speed of 1 a tracer goes half a pixel then.
func (t *tracers) chunk(s *Sim, n int) int {
	if len(t.x) == 0 {
		return n
	}
	return min(n, max(1, int(0.5/s.dt)))
}

// predict notes the velocities before a chunk.
func (t *tracers) predict(s *Sim) {
	for i, x := range t.x {
		t.vx[i], t.vy[i] = s.velocity(x, t.y[i])
	}
}

// correct moves the tracers over a chunk of the length time that has been
// computed since predict.
func (t *tracers) correct(s *Sim, time float64) {
	lx, ly := float64(s.nx), float64(s.ny)
	for i, x := range t.x {
		vx, vy := s.velocity(wrap(x+time*t.vx[i], lx), wrap(t.y[i]+time*t.vy[i], ly))
		t.x[i] = wrap(x+time*(t.vx[i]+vx)/2, lx)
		t.y[i] = wrap(t.y[i]+time*(t.vy[i]+vy)/2, ly)
	}
}

// velocity is that of the flow at a place in the box. Where there is no fluid
// there is none.
func (s *Sim) velocity(x, y float64) (vx, vy float64) {
	// Pixel i has its middle at i + 1/2.
	x, y = x-0.5, y-0.5
	i, j := math.Floor(x), math.Floor(y)
	wx, dx := cubic(x - i)
	wy, dy := cubic(y - j)
	var f, fx, fy complex128
	col := [4]int{}
	for b := range col {
		col[b] = index(int(j)+b-1, s.ny)
	}
	for a := range wx {
		row := s.psi[index(int(i)+a-1, s.nx)*s.ny:]
		var g, gy complex128
		for b, c := range col {
			z := row[c]
			g += complex(wy[b]*real(z), wy[b]*imag(z))
			gy += complex(dy[b]*real(z), dy[b]*imag(z))
		}
		f += complex(wx[a]*real(g), wx[a]*imag(g))
		fx += complex(dx[a]*real(g), dx[a]*imag(g))
		fy += complex(wx[a]*real(gy), wx[a]*imag(gy))
	}
	n := real(f)*real(f) + imag(f)*imag(f)
	if n < 1e-3*s.mu {
		return 0, 0
	}
	vx = (real(f)*imag(fx)-imag(f)*real(fx))/n + s.frame()
	vy = (real(f)*imag(fy) - imag(f)*real(fy)) / n
	return vx, vy
}

// cubic returns the weights of the four points at -1, 0, 1, 2 for the value at t
// of the cubic polynomial through them, and for its slope.
func cubic(t float64) (w, d [4]float64) {
	a, b, c := t+1, t-1, t-2
	w = [4]float64{-t * b * c / 6, a * b * c / 2, -a * t * c / 2, a * t * b / 6}
	d = [4]float64{
		-(b*c + t*c + t*b) / 6, (b*c + a*c + a*b) / 2,
		-(t*c + a*c + a*t) / 2, (t*b + a*b + a*t) / 6,
	}
	return w, d
}

// index brings i, at most one length outside, into [0, n).
func index(i, n int) int {
	if i < 0 {
		return i + n
	}
	if i >= n {
		return i - n
	}
	return i
}
