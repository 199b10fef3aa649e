//go:build !race

package gpe

// The tests here are long runs on one goroutine: with the race detector, which makes
// arithmetic ten times slower, there is nothing to find in them. make test runs this
// package without it too.

import (
	"math"
	"math/cmplx"
	"slices"
	"strings"
	"testing"

	"webmon/shm"
)

func TestCoolingKeepsTheNorm(t *testing.T) {
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

func TestStepIsOfSecondOrder(t *testing.T) {
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

func TestSolitonKeepsItsVelocity(t *testing.T) {
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

func TestBreatherBreathesAtTwiceTheTrapsFrequency(t *testing.T) {
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

func TestSpring(t *testing.T) {
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

func TestFingerTakesTheShortWay(t *testing.T) {
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

func TestWallsTurn(t *testing.T) {
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

// A weak obstacle feels nothing of a stream slower than sound, and drag from a
// faster one: Landau's criterion.
func TestLandausCriterion(t *testing.T) {
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

func TestEveryControlAtItsLimits(t *testing.T) {
	for _, m := range Models() {
		p := small(10)
		p.CoolingSteps = 4
		s := makeSim(t, m.Name, p, nil)
		for _, c := range s.Controls() {
			var values []shm.Value
			switch c.Type {
			case shm.Bool:
				values = []shm.Value{false, true}
			case shm.Choice:
				values = []shm.Value{"64 x 32"}
			case shm.Int:
				values = []shm.Value{int64(*c.Min), int64(*c.Max)}
			default:
				values = []shm.Value{*c.Min, *c.Max}
			}
			for _, v := range values {
				s.Reset()
				s.Step(2)
				if err := s.Set(c.Name, v); err != nil {
					t.Errorf("%s: %s refuses %v: %v", m.Name, c.Name, v, err)
				}
				if got, _ := s.Controls().Get(c.Name); got.Value != v {
					t.Errorf("%s: %s is %v after setting %v", m.Name, c.Name, got.Value, v)
				}
				s.Step(20)
				finite(t, s, m.Name+", "+c.Name)
			}
		}
		// All at once, as bad as it gets.
		for _, worst := range []func(c shm.Control) shm.Value{
			func(c shm.Control) shm.Value { return *c.Max }, func(c shm.Control) shm.Value { return *c.Min },
		} {
			s.Reset()
			for _, c := range s.Controls() {
				if c.Type != shm.Float {
					continue
				}
				if err := s.Set(c.Name, worst(c)); err != nil {
					t.Error(err)
				}
			}
			s.Step(50)
			finite(t, s, m.Name+", all at their limits")
		}
	}
}

func TestStateThatIsNoneIsSaid(t *testing.T) {
	for _, m := range Models() {
		s := makeSim(t, m.Name, small(10), nil)
		s.Step(3)
		s.psi[77] = complex(math.NaN(), 0)
		s.Step(5)
		if err := s.Err(); err == nil || !strings.Contains(err.Error(), "time steps") {
			t.Fatalf("%s: a state that is not a number gives the error %v", m.Name, err)
		}
		at := s.Time()
		s.Step(5)
		s.ResetTracers() // must end
		if s.Time() != at {
			t.Errorf("%s goes on after an error", m.Name)
		}
		s.Reset()
		s.Step(5)
		finite(t, s, m.Name+" after a reset")
	}
}
