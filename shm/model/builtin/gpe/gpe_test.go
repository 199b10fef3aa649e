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

func breather(t *testing.T, n, corners int) *Sim {
	return makeSim(t, "BECBreather", Params{Nx: n, Ny: n, HealingLength: 1, Tracers: -1, DtTScale: 1}, map[string]shm.Value{
		"corners": int64(corners), "R": 0.3, "depth": 22.0,
	})
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
