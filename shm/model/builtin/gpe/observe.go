package gpe

import (
	"math"

	"webmon/shm"
)

// watch keeps what Observe compares with.
type watch struct {
	n, e  float64 // particles and energy a particle at the start
	t, at float64 // where the soliton was last, and when
	vx    float64 // its velocity then
	swing swing   // what the breathing is foretold from
}

// begin notes what the drifts are drifts from.
func (w *watch) begin(s *Sim) {
	w.n, w.e = s.sum(), s.energy().total()
	w.swing = s.swing()
	w.t, w.vx = math.Inf(1), s.greyness
	s.solitonPlace()
}

// Observables describe the numbers of Observe in the order of their charts.
func (s *Sim) Observables() []shm.Observable { return s.observableList }

func (s *Sim) observables() []shm.Observable {
	d := s.model.def
	list := []shm.Observable{
		{Name: "N", Title: "Particles", Help: "∫|ψ|², in units of ħ²/(m g): the number of particles where g = ħ²/m."},
		{Name: "N_drift", Title: "Change of particles", Help: "Relative change since the start: rounding without cooling, held at nearly 0 with it."},
		{Name: "E", Title: "Energy", Unit: "μ", Help: "Kinetic, potential and interaction energy a particle, the kinetic one as the box sees it, streaming included."},
		{Name: "E_drift", Title: "Change of energy", Help: "Relative change since the start: of the order of dt² as long as nothing cools and no potential moves."},
		{Name: "E_kin", Title: "Kinetic energy", Unit: "μ", Help: "Part of the energy a particle that is motion and curvature."},
		{Name: "vortices", Title: "Vortices", Help: "Number of vortices of either sense within the fluid."},
		{Name: "vortices_net", Title: "Vortices, net", Help: "Anticlockwise less clockwise vortices within the fluid."},
	}
	if d.round {
		list = append(list, shm.Observable{Name: "L_z", Title: "Angular momentum", Unit: "ħ", Help: "Angular momentum a particle about the middle of the box."},
			shm.Observable{Name: "winding", Title: "Winding", Unit: "h/m", Help: "Quanta of circulation along the ellipse at 0.7 of the box's half width."})
	}
	if d.flowing {
		list = append(list, shm.Observable{Name: "v_x", Title: "Mean velocity", Unit: "c", Help: "Momentum a particle along x, the frame's motion included."})
	}
	list = append(list, shm.Observable{Name: "force", Title: "Force on the finger", Unit: "μ/ξ", Help: "What the fluid does to the finger's potential: its drag, where it moves against the fluid."})
	if d.soliton {
		list = append(list, shm.Observable{Name: "x_s", Title: "Soliton's place", Unit: "Lx", Help: "Where the missing fluid is, from 0 at the left to 1 at the right."},
			shm.Observable{Name: "v_s", Title: "Soliton's velocity", Unit: "c", Help: "How fast that place moves."})
	}
	if d.breather {
		list = append(list, shm.Observable{Name: "r_rms", Title: "Radius", Unit: "half widths", Help: "Root of the mean square distance from the middle."},
			shm.Observable{Name: "r_rms_exact", Title: "Radius, predicted", Unit: "half widths", Help: "What the exact law of the breathing at 2ω foretells from the start, or from the last change of the bowl."})
	}
	return append(list, shm.Observable{Name: "c", Title: "Speed of sound", Unit: "px μ/ħ", Help: "√(g⟨n⟩/m), the density averaged over the particles: pixels in the unit of time."})
}

// Observe computes the numbers a physicist watches, by the names of
// Observables. It costs about as much as a time step.
func (s *Sim) Observe() map[string]float64 {
	d := s.model.def
	e := s.energy()
	out := map[string]float64{
		"N": e.n, "N_drift": e.n/s.watch.n - 1,
		"E": e.total() / s.mu, "E_drift": (e.total() - s.watch.e) / math.Abs(s.watch.e),
		"E_kin": e.kinetic / s.mu, "c": math.Sqrt(2*e.interaction) / s.mu,
	}
	all, net := s.vortices()
	out["vortices"], out["vortices_net"] = float64(all), float64(net)
	if d.round {
		out["L_z"], out["winding"] = s.angularMomentum()/e.n, float64(s.circulation(0.7))
	}
	if d.flowing {
		out["v_x"] = (e.momentum + s.frame()) / math.Sqrt(s.mu)
	}
	fx, fy := s.force()
	out["force"] = math.Hypot(fx, fy) * s.healing / s.mu
	if d.soliton {
		out["x_s"], out["v_s"] = s.solitonPlace()
	}
	if d.breather {
		out["r_rms"] = math.Sqrt(s.r2()) / s.half()
		out["r_rms_exact"] = math.Sqrt(s.breathing()) / s.half()
	}
	return out
}

// energies are those of a particle, and its momentum along x in the frame.
type energies struct {
	n                               float64
	kinetic, potential, interaction float64
	momentum                        float64
}

func (e energies) total() float64 { return e.kinetic + e.potential + e.interaction }

// energy computes ∫ (|∇ψ|²/2 + V|ψ|² + |ψ|⁴/2)/N, the first in momentum space.
func (s *Sim) energy() energies {
	var e energies
	for i, fx := range s.fingerX {
		lo := i * s.ny
		for j, z := range s.psi[lo : lo+s.ny] {
			n := real(z)*real(z) + imag(z)*imag(z)
			e.n += n
			e.potential += n * (s.pot[lo+j] + s.mu + fx*s.fingerY[j])
			e.interaction += n * n / 2
		}
	}
	copy(s.work, s.psi)
	s.fft.Forward(s.work)
	all := 0.0
	for i, kx := range s.kineticX {
		row := 0.0
		for j, z := range s.work[i*s.ny : (i+1)*s.ny] {
			n := real(z)*real(z) + imag(z)*imag(z)
			row += n
			e.kinetic += n * s.kineticY[j]
		}
		all += row
		e.kinetic += row * kx
		e.momentum += row * s.kx[i]
	}
	e.kinetic /= all
	e.momentum /= all
	// What the steps leave out of (k + kv)²/2, since it is the same for all.
	e.kinetic += s.frame() * s.frame() / 2
	e.potential /= e.n
	e.interaction /= e.n
	return e
}

// vortices counts the plaquettes of four pixels round which the phase turns, as
// far as there is fluid around: two healing lengths away the trap is below μ on
// all sides and the mean density above a quarter of n0. net counts the clockwise
// ones off.
func (s *Sim) vortices() (all, net int) {
	for i := range s.nx {
		k := index(i+1, s.nx)
		a, b := s.psi[i*s.ny:(i+1)*s.ny], s.psi[k*s.ny:(k+1)*s.ny]
		for j := range s.ny {
			l := index(j+1, s.ny)
			w := turn(a[j], b[j]) + turn(b[j], b[l]) + turn(b[l], a[l]) + turn(a[l], a[j])
			if w != 0 && s.wet(i, j) {
				all++
				net += w
			}
		}
	}
	return all, net
}

// turn is by how much a line from a to b crosses the negative real axis upside
// down: the sum along a closed line is how often the phase turns anticlockwise.
func turn(a, b complex128) int {
	if (imag(a) < 0) == (imag(b) < 0) {
		return 0
	}
	// The line crosses the axis left of zero if the cross product and the way it
	// goes agree.
	cross := real(a)*imag(b) - imag(a)*real(b)
	switch {
	case imag(a) >= 0 && cross > 0:
		return 1
	case imag(a) < 0 && cross < 0:
		return -1
	}
	return 0
}

// wet is whether there is fluid round the upper right corner of a pixel.
func (s *Sim) wet(i, j int) bool {
	// Out in the void the phase is noise, and every third pixel a vortex.
	if s.pot[i*s.ny+j] > 0 {
		return false
	}
	r := max(2, int(math.Round(2*s.healing)))
	sum := 0.0
	for _, d := range [4][2]int{{r + 1, 0}, {-r, 1}, {0, r + 1}, {1, -r}} {
		x, y := i+d[0], j+d[1]
		x, y = (x%s.nx+s.nx)%s.nx, (y%s.ny+s.ny)%s.ny
		if s.pot[x*s.ny+y] > 0 {
			return false
		}
		z := s.psi[x*s.ny+y]
		sum += real(z)*real(z) + imag(z)*imag(z)
	}
	return sum/4 > s.mu/4
}

// angularMomentum is Σ Im ψ* (x ∂y - y ∂x) ψ, about the middle.
func (s *Sim) angularMomentum() float64 {
	l, _ := s.moments()
	return l
}

// moments are Σ Im ψ* (x ∂y - y ∂x) ψ and Σ Im ψ* (x ∂x + y ∂y) ψ with
// differences of fourth order; nothing is counted over the box's border.
func (s *Sim) moments() (angular, radial float64) {
	for i := 2; i < s.nx-2; i++ {
		x := s.x(i)
		row := s.psi[i*s.ny : (i+1)*s.ny]
		a, b := s.psi[(i-2)*s.ny:], s.psi[(i-1)*s.ny:]
		c, d := s.psi[(i+1)*s.ny:], s.psi[(i+2)*s.ny:]
		for j := 2; j < s.ny-2; j++ {
			y, z := s.y(j), row[j]
			gx := 8*(c[j]-b[j]) - (d[j] - a[j])
			gy := 8*(row[j+1]-row[j-1]) - (row[j+2] - row[j-2])
			px := real(z)*imag(gx) - imag(z)*real(gx)
			py := real(z)*imag(gy) - imag(z)*real(gy)
			angular += x*py - y*px
			radial += x*px + y*py
		}
	}
	return angular / 12, radial / 12
}

// circulation is how often the phase turns along the ellipse at rho from the
// middle to the edge of the box.
func (s *Sim) circulation(rho float64) int {
	n := 4 * max(s.nx, s.ny)
	w := 0
	var first, last complex128
	for k := range n {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(n))
		i := int(float64(s.nx) / 2 * (1 + rho*cos))
		j := int(float64(s.ny) / 2 * (1 + rho*sin))
		z := s.psi[min(i, s.nx-1)*s.ny+min(j, s.ny-1)]
		if k == 0 {
			first = z
		} else {
			w += turn(last, z)
		}
		last = z
	}
	return w + turn(last, first)
}

// force is Σ |ψ|² ∇V of the finger's potential.
func (s *Sim) force() (fx, fy float64) {
	r2 := s.fingerR0 * s.fingerR0
	for i, gx := range s.fingerX {
		if gx == 0 {
			continue
		}
		dx := nearest(float64(i)+0.5-s.finger.x, float64(s.nx))
		for j, gy := range s.fingerY {
			z := s.psi[i*s.ny+j]
			v := (real(z)*real(z) + imag(z)*imag(z)) * gx * gy / r2
			// The fluid gets -n ∇V, the finger the opposite.
			fx -= v * dx
			fy -= v * nearest(float64(j)+0.5-s.finger.y, float64(s.ny))
		}
	}
	return fx, fy
}

// solitonPlace is where fluid is missing along x, as the phase of the first
// Fourier component of what is missing, and how fast that moves.
func (s *Sim) solitonPlace() (x, v float64) {
	var f complex128
	for i := range s.nx {
		n := 0.0
		for _, z := range s.psi[i*s.ny : (i+1)*s.ny] {
			n += real(z)*real(z) + imag(z)*imag(z)
		}
		sin, cos := math.Sincos(2 * math.Pi * (float64(i) + 0.5) / float64(s.nx))
		f -= complex(n*cos, n*sin)
	}
	x = wrap(math.Atan2(imag(f), real(f))/(2*math.Pi), 1)
	w := &s.watch
	if dt := s.t - w.t; dt > 0 {
		w.vx = nearest(x-w.at, 1) * float64(s.nx) / dt / math.Sqrt(s.mu)
	}
	w.t, w.at = s.t, x
	return x, w.vx
}

// r2 is the mean square distance from the middle.
func (s *Sim) r2() float64 {
	sum, all := 0.0, 0.0
	for i := range s.nx {
		x := s.x(i)
		for j, z := range s.psi[i*s.ny : (i+1)*s.ny] {
			n, y := real(z)*real(z)+imag(z)*imag(z), s.y(j)
			all += n
			sum += n * (x*x + y*y)
		}
	}
	return sum / all
}

// swing is what the law of Pitaevskii and Rosch needs to foretell ⟨r²⟩: its
// value at a time, its slope, and the energy of a particle.
type swing struct{ t, r2, slope, e float64 }

// swing notes it for now.
func (s *Sim) swing() swing {
	_, radial := s.moments()
	n := s.sum()
	return swing{t: s.t, r2: s.r2(), slope: 2 * radial / n, e: s.energy().total()}
}

// breathing is what ⟨r²⟩ must be by that law, d²⟨r²⟩/dt² = 4E - 4ω²⟨r²⟩.
func (s *Sim) breathing() float64 {
	w, t := s.watch.swing, s.t-s.watch.swing.t
	if !s.cylinder {
		return w.r2 + w.slope*t + 2*w.e*t*t
	}
	omega := s.trapOmega()
	mean := w.e / (omega * omega)
	sin, cos := math.Sincos(2 * omega * t)
	return mean + (w.r2-mean)*cos + w.slope/(2*omega)*sin
}
