package gpe

import (
	"math"
	"math/cmplx"
	"slices"
	"testing"

	"webmon/shm"
)

// makeSim makes a simulation that starts with the parameters of set.
func makeSim(t testing.TB, name string, p Params, set map[string]shm.Value) *Sim {
	t.Helper()
	s, err := New(name, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, c := range s.Controls() { // in the order of the controls, always the same
		if v, ok := set[c.Name]; ok {
			if err := s.Set(c.Name, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.restart()
	return s
}

// physics marks a test of long runs on one goroutine: with the race detector,
// which makes arithmetic ten times slower, there is nothing to find in it.
func physics(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("arithmetic on one goroutine")
	}
}

// run steps for a time, as nearly as whole steps allow, and returns the time
// it really was.
func run(s *Sim, time float64) float64 {
	from := s.t
	s.Step(int(math.Round(time / s.dt)))
	return s.t - from
}

func small(tracers int) Params {
	return Params{Nx: 32, Ny: 32, HealingLength: 1.5, Tracers: tracers, CoolingSteps: 30}
}

func TestNormIsConservedWithoutCooling(t *testing.T) {
	for _, m := range Models() {
		s := makeSim(t, m.Name, small(-1), map[string]shm.Value{"cooling": coolingOff, "finger_x": 0.3})
		before := s.sum()
		s.Step(100)
		if d := s.sum()/before - 1; math.Abs(d) > 1e-12 || math.IsNaN(d) {
			t.Errorf("%s: the norm has changed by %g", m.Name, d)
		}
		if s.decay != 0 {
			t.Errorf("%s: cooling is on at its left end", m.Name)
		}
	}
}

func TestCoolingKeepsTheNorm(t *testing.T) {
	physics(t)
	for _, eta := range []float64{1e-3, 0.1, 1} {
		s := makeSim(t, "BECVortices", small(-1), map[string]shm.Value{"cooling": eta})
		before := s.sum()
		s.Step(200)
		if d := s.sum()/before - 1; math.Abs(d) > 1e-12 || math.IsNaN(d) {
			t.Errorf("cooling %g: the norm has changed by %g", eta, d)
		}
	}
}

func TestEnergyFallsWithCooling(t *testing.T) {
	physics(t)
	for _, eta := range []float64{0.01, 0.1, 1} {
		p := small(-1)
		p.DtTScale = 0.2
		s := makeSim(t, "BECVortices", p, map[string]shm.Value{"cooling": eta, "N_vortex": 0.0})
		s.noise(0.2)
		last := s.energy().total()
		first := last
		for range 40 {
			s.Step(10)
			e := s.energy().total()
			if e > last*(1+1e-9) {
				t.Fatalf("cooling %g: the energy has risen from %.9g to %.9g", eta, last, e)
			}
			last = e
		}
		if !(last < first*0.999) {
			t.Errorf("cooling %g: the energy has hardly fallen, from %g to %g", eta, first, last)
		}
	}
}

// stirred is a state without symmetry and a finger on its way, for tests of how
// exact the steps are.
func stirred(t *testing.T, dt float64) *Sim {
	t.Helper()
	s := makeSim(t, "BECFlow", Params{Nx: 32, Ny: 24, HealingLength: 2, Tracers: -1, CoolingSteps: -1, DtTScale: dt}, map[string]shm.Value{
		"v_v_c": 0.4, "cooling": coolingOff, "finger_v_max": 5.0, "finger_k_m": 0.1, "finger_damp": 0.2,
		"finger_x": 0.5, "finger_y": 0.5,
	})
	for i := range s.psi {
		x, y := s.x(i/s.ny), s.y(i%s.ny)
		sx, cx := math.Sincos(2 * math.Pi * x / 32)
		s.psi[i] = complex(math.Sqrt(s.mu), 0) * (1 + complex(0.3*sx, 0.2*cx+0.3*math.Sin(2*math.Pi*y/24)))
	}
	s.Set("finger_x", 0.55)
	return s
}

func distance(a, b []complex128) float64 {
	sum := 0.0
	for i := range a {
		d := cmplx.Abs(a[i] - b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}

func TestStepIsOfSecondOrder(t *testing.T) {
	physics(t)
	var sims []*Sim
	for _, dt := range []float64{0.4, 0.2, 0.1} {
		s := stirred(t, dt)
		s.Step(int(math.Round(16 / dt)))
		sims = append(sims, s)
	}
	a, b := distance(sims[0].psi, sims[1].psi), distance(sims[1].psi, sims[2].psi)
	if order := math.Log2(a / b); !(order > 1.9 && order < 2.1) {
		t.Errorf("halving the step makes the error smaller by 2^%.3f (%.3g, %.3g)", order, a, b)
	}
	if d := distance(sims[2].psi, stirred(t, 0.1).psi); !(d > 100*b) {
		t.Errorf("the state has hardly changed (%g): nothing was tested", d)
	}
}

func TestEnergyErrorIsOfSecondOrder(t *testing.T) {
	physics(t)
	worst := func(dt float64) float64 {
		s := stirred(t, dt)
		s.Set("finger_x", 0.5) // nothing moves
		first, w := s.energy().total(), 0.0
		for range 16 {
			s.Step(int(math.Round(2 / dt)))
			w = max(w, math.Abs(s.energy().total()/first-1))
		}
		return w
	}
	a, b := worst(0.4), worst(0.2)
	if r := a / b; !(r > 3.5 && r < 4.5) || a > 1e-3 {
		t.Errorf("energy errors %g and %g: their ratio is %g, not 4", a, b, r)
	}
}

// Transforms of any size and any number of workers give the same physics, and
// the same run gives the same numbers.
func TestRunsAreRepeatable(t *testing.T) {
	for _, m := range Models() {
		p := small(50)
		p.CoolingSteps = 10
		a := makeSim(t, m.Name, p, nil)
		p.Workers = 2
		b := makeSim(t, m.Name, p, nil)
		a.Step(30)
		b.Step(30)
		if !slices.Equal(a.Density(nil), b.Density(nil)) || !slices.Equal(a.Tracers(nil), b.Tracers(nil)) {
			t.Errorf("%s: one and two workers disagree", m.Name)
		}
		first := b.Density(nil)
		a.Observe()
		a.Phase(nil)
		a.Step(5)
		b.Step(5)
		if !slices.Equal(a.Density(nil), b.Density(nil)) {
			t.Errorf("%s: looking at it changes it", m.Name)
		}
		b.Reset()
		b.Step(30)
		if !slices.Equal(first, b.Density(nil)) {
			t.Errorf("%s: after a reset it runs otherwise", m.Name)
		}
	}
}

func TestSolitonKeepsItsVelocity(t *testing.T) {
	physics(t)
	for _, v := range []float64{-0.6, 0, 0.3, 0.8} {
		s := makeSim(t, "BECSoliton", Params{Nx: 96, Ny: 8, HealingLength: 2, Tracers: -1}, map[string]shm.Value{
			"v_c": v, "wiggle": 0.0, "finger_V0_mu": 0.0, "finger_r0": 1.0,
		})
		from, _ := s.solitonPlace()
		time := run(s, 40)
		to, _ := s.solitonPlace()
		got := nearest(to-from, 1) * 96 / time / math.Sqrt(s.mu)
		if math.Abs(got-v) > 0.01*max(math.Abs(v), 0.3) {
			t.Errorf("the soliton of %g c moves at %g c", v, got)
		}
		// Its shape stays: the darkest place has v² n0, pixels beside it up to 0.03
		// more.
		low := slices.Min(s.Density(nil)) / s.mu
		if low < v*v-0.005 || low > v*v+0.04 {
			t.Errorf("the soliton of %g c has the density %g n0 in the middle, want %g", v, low, v*v)
		}
	}
}

func breather(t *testing.T, n, corners int) *Sim {
	return makeSim(t, "BECBreather", Params{Nx: n, Ny: n, HealingLength: 1, Tracers: -1, DtTScale: 1}, map[string]shm.Value{
		"corners": int64(corners), "R": 0.3, "depth": 22.0,
	})
}

func TestBreatherBreathesAtTwiceTheTrapsFrequency(t *testing.T) {
	physics(t)
	for _, corners := range []int{3, 5} {
		s := breather(t, 64, corners)
		w := s.trapOmega()
		start, mean := s.r2(), s.watch.e/(w*w)
		if math.Abs(start/mean-1) < 0.2 {
			t.Fatalf("the cloud hardly breathes: ⟨r²⟩ is %g at first, %g in the mean", start, mean)
		}
		// Times at which it passes its mean value, upwards or downwards, are π/2ω
		// apart.
		var crossings []float64
		last, lastT := start-mean, 0.0
		for s.t*w < 2*math.Pi && s.Err() == nil {
			s.Step(4)
			r := s.r2()
			if want := s.breathing(); math.Abs(r-want) > 0.01*start {
				t.Fatalf("%d corners, t ω = %.3f: ⟨r²⟩ is %g, want %g", corners, s.t*w, r, want)
			}
			if d := r - mean; d*last < 0 {
				crossings = append(crossings, lastT+(s.t-lastT)*last/(last-d))
			}
			last, lastT = r-mean, s.t
		}
		if len(crossings) != 4 {
			t.Fatalf("⟨r²⟩ passes its mean %d times in one turn of the trap, want 4", len(crossings))
		}
		period := 2 * (crossings[3] - crossings[0]) / 3
		if d := period*w/math.Pi - 1; math.Abs(d) > 0.003 {
			t.Errorf("%d corners: it breathes with %.4f times the period π/ω", corners, 1+d)
		}
	}
}

// The law holds from any state on: after the bowl has become another one, and
// for the cloud that flies apart when there is none.
func TestBreathingIsForetoldAnew(t *testing.T) {
	physics(t)
	s := breather(t, 64, 3)
	follow := func(time float64, what string) {
		for range 8 {
			run(s, time/8)
			if r, want := s.r2(), s.breathing(); math.Abs(r/want-1) > 0.02 {
				t.Fatalf("%s: ⟨r²⟩ is %g at %.1f, want %g", what, r, s.t, want)
			}
		}
	}
	follow(0.5/s.trapOmega(), "the start")
	s.Set("depth", 9.0)
	follow(1.5/s.trapOmega(), "a flatter bowl")
	s.Set("cylinder", false)
	follow(8, "no bowl")
}

// The triangle comes back after π/ω, other polygons do not.
func TestTriangleComesBack(t *testing.T) {
	physics(t)
	back := func(corners int) float64 {
		s := breather(t, 96, corners)
		start := slices.Clone(s.psi)
		run(s, math.Pi/s.trapOmega())
		var over complex128
		for i, z := range s.psi {
			over += cmplx.Conj(start[i]) * z
		}
		return cmplx.Abs(over) / s.sum()
	}
	triangle, square := back(3), back(4)
	if !(triangle > 0.95) || !(square < 0.9) {
		t.Errorf("of the triangle %.3f comes back, of the square %.3f", triangle, square)
	}
}

func TestPersistentCurrentStays(t *testing.T) {
	physics(t)
	ring := func(set map[string]shm.Value) *Sim {
		set["winding"] = int64(2)
		set["finger_r0"] = 3.0
		return makeSim(t, "PersistentCurrents", Params{Nx: 48, Ny: 48, HealingLength: 1.5, Tracers: -1, DtTScale: 1}, set)
	}
	for _, v0 := range []float64{0, 0.4} {
		s := ring(map[string]shm.Value{"finger_V0_mu": v0, "cooling": coolingOff})
		s.restart()
		o := s.Observe()
		for range 16 {
			s.Step(50)
			if got := s.circulation(0.7); got != 2 {
				t.Fatalf("finger %g: the winding is %d after %d steps, want 2", v0, got, s.steps)
			}
		}
		now := s.Observe()
		if d := math.Abs(now["N"]/o["N"] - 1); d > 1e-11 {
			t.Errorf("finger %g: the number of particles has changed by %g", v0, d)
		}
		if v0 == 0 && (math.Abs(now["L_z"]-2) > 0.02 || math.Abs(o["L_z"]-2) > 0.02) {
			t.Errorf("the angular momentum a particle is %g at first and %g then, want 2 ħ", o["L_z"], now["L_z"])
		}
	}
	// A finger that cuts the ring, and some cooling, end the current.
	s := ring(map[string]shm.Value{"finger_V0_mu": 5.0, "cooling": 0.1})
	s.Set("finger_r0", 6.0)
	for s.circulation(0.7) == 2 && s.steps < 3000 {
		s.Step(50)
	}
	if got := s.circulation(0.7); got == 2 {
		t.Error("a current that goes through a wall has not been stopped: the winding is not measured")
	}
}

// Sound of small amplitude on a streaming fluid has Bogoliubov's frequency, and
// drifts with the fluid.
func TestFlowCarriesSound(t *testing.T) {
	physics(t)
	for _, v := range []float64{0, 0.7, -1.5} {
		s := makeSim(t, "BECFlow", Params{Nx: 64, Ny: 8, HealingLength: 2, Tracers: -1, CoolingSteps: -1, DtTScale: 0.5}, map[string]shm.Value{
			"v_v_c": v, "finger_V0_mu": 0.0, "cooling": coolingOff,
		})
		q := 2 * math.Pi * 3 / 64
		for i := range s.psi {
			s.psi[i] = complex(math.Sqrt(s.mu)*(1+0.001*math.Cos(q*s.x(i/s.ny))), 0)
		}
		mode := func() complex128 {
			var sum complex128
			for i, n := range s.Density(nil) {
				sum += complex(n, 0) * cmplx.Exp(complex(0, -q*s.x(i/s.ny)))
			}
			return sum
		}
		start := mode()
		time := run(s, 25)
		w := math.Sqrt(q * q / 2 * (q*q/2 + 2*s.mu))
		want := start * complex(math.Cos(w*time), 0) * cmplx.Exp(complex(0, -q*v*math.Sqrt(s.mu)*time))
		if got := mode(); cmplx.Abs(got-want) > 0.02*cmplx.Abs(start) {
			t.Errorf("flow %g c: the wave is %.4f after %.1f, want %.4f", v, got/start, time, want/start)
		}
		if got := s.Observe()["E_kin"]; math.Abs(got-v*v/2) > 1e-5 {
			t.Errorf("flow %g c: the kinetic energy is %g μ a particle, want %g", v, got, v*v/2)
		}
		if got := s.Observe()["v_x"]; math.Abs(got-v) > 1e-6 {
			t.Errorf("flow %g c: the mean velocity is %g c", v, got)
		}
	}
}

func TestQuantumFrictionNeverRaisesEnergy(t *testing.T) {
	physics(t)
	for _, beta := range []float64{0.01, 0.1, 0.4} {
		s := makeSim(t, "BECQuantumFriction", Params{Nx: 32, Ny: 32, HealingLength: 1.5, Tracers: -1, CoolingSteps: 40, DtTScale: 0.25},
			map[string]shm.Value{"Vc_cooling": beta})
		s.noise(0.1)
		n, first := s.sum(), s.energy().total()
		last := first
		for range 20 {
			s.Step(10)
			e := s.energy().total()
			if e > last {
				t.Fatalf("friction %g: the energy has risen from %.9g to %.9g", beta, last, e)
			}
			last = e
		}
		if d := math.Abs(s.sum()/n - 1); d > 1e-12 {
			t.Errorf("friction %g: the number of particles has changed by %g", beta, d)
		}
		if !(last < first*0.999) {
			t.Errorf("friction %g has hardly worked: energy %g, then %g", beta, first, last)
		}
	}
}

func TestVortexPairRunsAlong(t *testing.T) {
	physics(t)
	s := makeSim(t, "BECVortexRing", Params{Nx: 64, Ny: 64, HealingLength: 1.5, Tracers: -1, DtTScale: 1}, map[string]shm.Value{"finger_V0_mu": 0.0})
	if all, net := s.vortices(); all != 2 || net != 0 {
		t.Fatalf("the start has %d vortices, %d net, want a pair", all, net)
	}
	// The phase is continuous through the right border, where the original's jumps.
	for j := 8; j < s.ny-8; j++ {
		a, b := s.psi[(s.nx-1)*s.ny+j], s.psi[j]
		if d := math.Abs(cmplx.Phase(b / a)); d > 0.2 {
			t.Fatalf("row %d: the phase jumps by %.2f at the border", j, d)
		}
	}
	place := func() (x, y float64) { // of the upper vortex: the deepest hole above the middle
		low := math.Inf(1)
		d := s.Density(nil)
		for i := range s.nx {
			for j := s.ny / 2; j < s.ny*3/4; j++ {
				if n := d[i*s.ny+j]; n < low {
					low, x, y = n, s.x(i), s.y(j)
				}
			}
		}
		return x, y
	}
	x0, y0 := place()
	time := run(s, 100)
	x1, y1 := place()
	v := nearest(x1-x0, 64) / time
	// The upper vortex runs with the flow of all others. A row of vortices along
	// x flows like the hyperbolic cotangent of the distance.
	want := 0.0
	list := s.images()
	for i, m := range list {
		if i != 8 {
			want -= math.Pi / 64 * float64(m.sense) / math.Tanh(math.Pi/64*(list[8].y-m.y))
		}
	}
	if math.Abs(v/want-1) > 0.1 || math.Abs(y1-y0) > 1.5 {
		t.Errorf("the pair runs at %.4f, want %.4f; its height was %g and is %g", v, want, y0, y1)
	}
}

func TestTracersFollowTheFlow(t *testing.T) {
	physics(t)
	// A fluid with one phase in a frame that moves, and one that streams by its
	// own phase: the first is exact, the second as good as the interpolation.
	for _, turns := range []int{0, 3} {
		s := makeSim(t, "BECFlow", Params{Nx: 64, Ny: 16, HealingLength: 2, Tracers: 40, CoolingSteps: -1}, map[string]shm.Value{
			"v_v_c": 0.5, "finger_V0_mu": 0.0, "cooling": coolingOff,
		})
		q := 2 * math.Pi * float64(turns) / 64
		for i := range s.psi {
			s.psi[i] = cmplx.Rect(math.Sqrt(s.mu), q*s.x(i/s.ny))
		}
		before := s.Tracers(nil)
		time := run(s, 60)
		after := s.Tracers(nil)
		want := time * (q + 0.5*math.Sqrt(s.mu))
		for i := range 40 {
			dx := nearest(float64(after[i]-before[i])-want, 64)
			dy := float64(after[40+i] - before[40+i])
			if tolerance := 1e-3 + 0.005*q*time; math.Abs(dx) > tolerance || math.Abs(dy) > 1e-3 {
				t.Fatalf("%d turns: tracer %d is (%g, %g) off the way of %g", turns, i, dx, dy, want)
			}
		}
	}
}

func TestTracerGoesRoundAVortex(t *testing.T) {
	physics(t)
	s := makeSim(t, "BECVortices", Params{Nx: 48, Ny: 48, HealingLength: 1.5, Tracers: 1, DtTScale: 1}, map[string]shm.Value{
		"finger_V0_mu": 0.0, "bump_h": 0.0, "cooling": coolingOff, "winding": int64(1),
	})
	const r = 6.0
	s.tracers.x[0], s.tracers.y[0] = 24+r, 24
	// At a distance r from one quantum a circle takes 2π r².
	turned, last := 0.0, 0.0
	const time = 2 * math.Pi * r * r
	for range 452 {
		// The vortex stands still, but for the sound around it; without that, only
		// the way of the tracer is in the test.
		s.tracers.predict(s)
		s.tracers.correct(s, time/452)
		x, y := s.tracers.x[0]-24, s.tracers.y[0]-24
		if d := math.Hypot(x, y); math.Abs(d-r) > 0.05 {
			t.Fatalf("the tracer is %g from the vortex, it began at %g", d, r)
		}
		a := math.Atan2(y, x)
		turned += math.Remainder(a-last, 2*math.Pi)
		last = a
	}
	if d := turned/(2*math.Pi) - 1; math.Abs(d) > 0.05 {
		t.Errorf("the tracer goes round %.3f times, want once", 1+d)
	}
}

func TestTracersAreStrewnByDensity(t *testing.T) {
	s := makeSim(t, "PersistentCurrents", small(2000), nil)
	mean := 0.0
	d := s.Density(nil)
	for _, n := range d {
		mean += n * n
	}
	mean /= s.sum() // of the density where a particle is
	got := 0.0
	at := s.Tracers(nil)
	for i := range 2000 {
		x, y := at[i], at[2000+i]
		if x < -0.5 || y < -0.5 || x >= 31.5 || y >= 31.5 {
			t.Fatalf("tracer %d is at (%g, %g), outside the box", i, x, y)
		}
		got += d[int(math.Round(float64(x)))*32+int(math.Round(float64(y)))] / 2000
	}
	if math.Abs(got/mean-1) > 0.05 {
		t.Errorf("the mean density at the tracers is %g, want %g", got, mean)
	}
	s.Step(10)
	moved := s.Tracers(nil)
	s.ResetTracers()
	if slices.Equal(moved, s.Tracers(nil)) {
		t.Error("resetting the tracers has moved none")
	}
}

func TestSpring(t *testing.T) {
	physics(t)
	for _, c := range []struct{ k, damp float64 }{{10, 4}, {4, 4}, {1, 6}, {50, 0}, {0.1, 20}} {
		// The equation in many small steps, of second order.
		const time, n = 1.7, 200_000
		z, v := 1.3, -0.4
		h := time / n
		for range n {
			zm, vm := z+h/2*v, v+h/2*(-c.k*z-c.damp*v)
			z, v = z+h*vm, v+h*(-c.k*zm-c.damp*vm)
		}
		// One step of the matrix, and a hundred.
		for _, parts := range []int{1, 100} {
			gz, gv := 1.3, -0.4
			m00, m01, m10, m11 := spring(c.k, c.damp, time/float64(parts))
			for range parts {
				gz, gv = m00*gz+m01*gv, m10*gz+m11*gv
			}
			if math.Abs(gz-z) > 1e-6 || math.Abs(gv-v) > 1e-6 {
				t.Errorf("spring %g, damping %g in %d: (%g, %g), want (%g, %g)", c.k, c.damp, parts, gz, gv, z, v)
			}
		}
	}
}

// The potential swings to the finger as a damped oscillator does, and no
// faster than it may.
func TestFingerFollows(t *testing.T) {
	s := makeSim(t, "BECFlow", small(-1), map[string]shm.Value{"finger_x": 0.25, "finger_y": 0.5, "finger_k_m": 0.5, "finger_damp": 0.3, "finger_v_max": 5.0})
	s.Set("finger_x", 0.3)
	time := run(s, 3) - s.dt/2 // it is where it acts: in the middle of the last step
	w := math.Sqrt(0.5 - 0.15*0.15)
	want := 0.3*32 - 0.05*32*math.Exp(-0.15*time)*(math.Cos(w*time)+0.15/w*math.Sin(w*time))
	if math.Abs(s.finger.x-want) > 1e-9 {
		t.Errorf("the potential is at %g, want %g", s.finger.x, want)
	}
	if f := s.Finger(); f.X != 0.3 || f.Y != 0.5 || math.Abs(f.PX-want/32) > 1e-9 || math.Abs(f.PY-0.5) > 1e-9 {
		t.Errorf("the finger is said to be at %+v", *f)
	}

	s.Set("finger_v_max", 0.5)
	s.Set("finger_x", 0.7)
	limit := 0.5 * math.Sqrt(s.mu)
	for range 50 {
		from := s.finger.x
		s.Step(1)
		if v := (s.finger.x - from) / s.dt; v > limit*(1+1e-6) {
			t.Fatalf("the potential moves at %g, more than %g", v, limit)
		}
	}
}

func TestFingerTakesTheShortWay(t *testing.T) {
	physics(t)
	s := makeSim(t, "BECFlow", small(-1), map[string]shm.Value{"finger_x": 0.95, "finger_y": 0.05})
	s.Set("finger_x", 0.05)
	s.Set("finger_y", 0.95)
	for range 3000 {
		s.Step(1)
		if px, py := s.Finger().PX, s.Finger().PY; px > 0.06 && px < 0.94 || py > 0.06 && py < 0.94 || px < 0 || px >= 1 || py < 0 || py >= 1 {
			t.Fatalf("the potential is at (%g, %g): it goes through the middle", px, py)
		}
	}
	if f := s.Finger(); math.Abs(f.PX-0.05) > 1e-3 || math.Abs(f.PY-0.95) > 1e-3 {
		t.Errorf("the potential has come to (%g, %g) only", f.PX, f.PY)
	}
}

// The potential of a finger at the border is the one in the middle, shifted.
func TestFingerIsOnARing(t *testing.T) {
	s := makeSim(t, "BECFlow", small(-1), map[string]shm.Value{"finger_x": 0.5, "finger_y": 0.5})
	middle := slices.Clone(s.fingerX)
	s.Set("finger_x", 0.0)
	s.restart()
	for i, v := range s.fingerX {
		if want := middle[(i+16)%32]; math.Abs(v-want) > 1e-12 {
			t.Fatalf("pixel %d: the potential is %g, want %g", i, v, want)
		}
	}
	if top := s.fingerV0 * s.mu; math.Abs(middle[16]/top-math.Exp(-0.125/(s.fingerR0*s.fingerR0))) > 1e-12 || middle[15] != middle[16] {
		t.Errorf("the potential is %g in the middle, its height is %g", middle[16], top)
	}
}

func TestForceOnTheFinger(t *testing.T) {
	s := makeSim(t, "BECFlow", small(-1), map[string]shm.Value{"finger_x": 0.4, "finger_y": 0.7})
	s.noise(0.3)
	fx, fy := s.force()
	// The energy's slope along the finger's place.
	slope := func(dx, dy float64) float64 {
		const h = 1e-4
		at := func(f float64) float64 {
			s.finger.x, s.finger.y = 0.4*32+f*dx, 0.7*32+f*dy
			s.finger.shape(s)
			e := s.energy()
			return e.n * e.potential
		}
		return (at(h) - at(-h)) / (2 * h)
	}
	if wx, wy := -slope(1, 0), -slope(0, 1); math.Abs(fx-wx) > 1e-6 || math.Abs(fy-wy) > 1e-6 || math.Hypot(wx, wy) < 1e-3 {
		t.Errorf("the force is (%g, %g), the slope of the energy (%g, %g)", fx, fy, wx, wy)
	}
}

func TestVorticesAreCounted(t *testing.T) {
	s := makeSim(t, "BECVortices", Params{Nx: 64, Ny: 48, HealingLength: 1.5, Tracers: -1}, map[string]shm.Value{
		"finger_V0_mu": 0.0, "winding": int64(0), "bump_h": 0.0,
	})
	s.ground()
	if all, _ := s.vortices(); all != 0 {
		t.Fatalf("a fluid at rest has %d vortices", all)
	}
	s.vortex(-12, 0.3, 1)
	s.vortex(3, 8.2, 1)
	s.vortex(11, -5.7, -1)
	if all, net := s.vortices(); all != 3 || net != 1 {
		t.Errorf("%d vortices, %d net, want 3 and 1", all, net)
	}
	if w := s.circulation(0.7); w != 1 {
		t.Errorf("the winding round them is %d, want 1", w)
	}
	s.ground()
	s.imprint(-4)
	if w := s.circulation(0.7); w != -4 {
		t.Errorf("the winding is %d after imprinting -4", w)
	}
	if l := s.angularMomentum() / s.sum(); math.Abs(l+4) > 0.2 {
		t.Errorf("the angular momentum is %g, want -4", l)
	}
}

func TestWallsTurn(t *testing.T) {
	physics(t)
	s := makeSim(t, "BECVortices", small(-1), map[string]shm.Value{"N_vortex": 20.0, "bump_N": int64(2), "bump_h": 0.3})
	before := slices.Clone(s.trap.shape)
	run(s, math.Pi/2/s.omega())
	// A quarter of a turn takes what was at (x, y) to (-y, x).
	worst := 0.0
	for i := range 32 {
		for j := range 32 {
			worst = max(worst, math.Abs(before[i*32+j]-s.trap.shape[(31-j)*32+i])/(wallHeight*s.mu))
		}
	}
	if worst > 0.1 {
		t.Errorf("the walls are off by %g of their height after a quarter of a turn", worst)
	}
	if slices.Equal(before, s.trap.shape) {
		t.Error("the walls have not turned")
	}
}

func TestTrapComesUpSlowly(t *testing.T) {
	physics(t)
	s := makeSim(t, "BECVortices", small(-1), map[string]shm.Value{"cooling": 0.1})
	s.Set("cylinder", false)
	if slices.Max(s.pot) > 0 {
		t.Fatal("the walls are still up")
	}
	run(s, 20/s.mu)
	corner := s.Density(nil)[0]
	if corner < 0.1*s.mu {
		t.Errorf("the fluid has not filled the box: its density in the corner is %g", corner)
	}
	s.Set("cylinder", true)
	worst := 0.0
	for s.trap.level < 1 && s.Err() == nil {
		s.Step(5)
		worst = max(worst, s.energy().total()/s.mu)
	}
	if n := s.Density(nil)[0]; n > 1e-2*s.mu {
		t.Errorf("the wall has gone up through the fluid: the density in the corner is %g", n)
	}
	if worst > 5 {
		t.Errorf("the walls have brought the energy up to %g μ a particle", worst)
	}
}

// Cubic interpolation is exact for cubic polynomials, value and slope.
func TestCubic(t *testing.T) {
	f := func(x float64) (float64, float64) { return 2 - x + 3*x*x - 0.7*x*x*x, -1 + 6*x - 2.1*x*x }
	for _, x := range []float64{0, 0.25, 0.5, 0.9} {
		w, d := cubic(x)
		var value, slope float64
		for i := range w {
			y, _ := f(float64(i - 1))
			value += w[i] * y
			slope += d[i] * y
		}
		if v, sl := f(x); math.Abs(value-v) > 1e-12 || math.Abs(slope-sl) > 1e-12 {
			t.Errorf("at %g: (%g, %g), want (%g, %g)", x, value, slope, v, sl)
		}
	}
}

// The potentials are as high, and where, as the models say.
func TestTraps(t *testing.T) {
	at := func(s *Sim, x, y float64) float64 { // in halves of the box from the middle
		i, j := int((1+x)*float64(s.nx)/2), int((1+y)*float64(s.ny)/2)
		return (s.pot[i*s.ny+j] + s.mu) / s.mu
	}
	p := Params{Nx: 128, Ny: 64, HealingLength: 1.5, Tracers: -1, CoolingSteps: -1}
	on := map[string]shm.Value{"cylinder": true, "bump_h": 0.0}
	for _, c := range []struct {
		model string
		x, y  float64
		low   float64
		high  float64
	}{
		{"BECVortices", 0, 0, 0, 0}, {"BECVortices", 0.88, 0, 0, 0}, {"BECVortices", 0.96, 0.3, 100, 100}, {"BECVortices", 0, -0.995, 90, 100},
		{"BECQuantumFriction", 0.6, 0.6, 0, 0}, {"BECQuantumFriction", 0.75, 0.75, 100, 100},
		{"BECFlow", 0.99, 0, 0, 0}, {"BECFlow", 0.3, 0.99, 90, 100}, {"BECFlow", 0.3, -0.99, 90, 100},
		{"PersistentCurrents", 0, 0.45, 100, 100}, {"PersistentCurrents", 0.7, 0, 0, 0}, {"PersistentCurrents", 0.95, 0, 100, 100},
	} {
		if v := at(makeSim(t, c.model, p, on), c.x, c.y); v < c.low || v > c.high {
			t.Errorf("%s: the potential is %g μ at (%g, %g), want %g to %g", c.model, v, c.x, c.y, c.low, c.high)
		}
	}
	s := makeSim(t, "BECBreather", Params{Nx: 128, Ny: 128, HealingLength: 1.5, Tracers: -1}, map[string]shm.Value{"depth": 10.0})
	if v, want := at(s, 0, 0.9999), 10*(63.5*63.5+0.5*0.5)/(64*64); math.Abs(v/want-1) > 1e-9 {
		t.Errorf("the bowl is %g μ high at its edge's middle, want %g", v, want)
	}
	// The step is the formula's, by halves and in its tails.
	for _, u := range []float64{-1, 0, 0.1, 0.3, 0.5, 0.77, 0.9, 1, 2} {
		want := 0.0
		if u >= 1 {
			want = 1
		} else if u > 0 {
			want = (1 + math.Tanh(3*math.Tan(math.Pi*(2*u-1)/2))) / 2
		}
		if got := mstep(0.2*u, 0.2); math.Abs(got-want) > 1e-5 {
			t.Errorf("mstep at %g is %g, want %g", u, got, want)
		}
	}
}

// A weak obstacle feels nothing of a stream slower than sound, and drag from a
// faster one: Landau's criterion.
func TestLandausCriterion(t *testing.T) {
	physics(t)
	drag := func(v float64) float64 {
		s := makeSim(t, "BECFlow", Params{Nx: 64, Ny: 32, HealingLength: 1.5, Tracers: -1, DtTScale: 1}, map[string]shm.Value{
			"finger_V0_mu": 0.2, "finger_r0": 3.0, "v_v_c": v, "cooling": 0.03,
		})
		run(s, 20/s.mu)
		mean := 0.0
		for range 10 {
			run(s, 1/s.mu)
			f, _ := s.force()
			mean += f / 10
		}
		return mean * s.healing / s.mu
	}
	slow, fast := drag(0.5), drag(1.2)
	if !(math.Abs(slow) < 0.01) || !(fast > 0.1) {
		t.Errorf("the drag is %g at half the speed of sound and %g at 1.2 times it", slow, fast)
	}
}
