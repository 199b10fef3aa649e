package gpe

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"webmon/shm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// finite fails the test unless all that s shows is numbers.
func finite(t *testing.T, s *Sim, what string) {
	t.Helper()
	if err := s.Err(); err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	for _, n := range s.Density(nil) {
		if math.IsNaN(n) || math.IsInf(n, 0) {
			t.Errorf("%s: the density has a %g", what, n)
			return
		}
	}
	for _, x := range s.Tracers(nil) {
		if math.IsNaN(float64(x)) || x < -0.5 || x > float32(max(s.nx, s.ny)) {
			t.Errorf("%s: a tracer is at %g", what, x)
			return
		}
	}
	for name, v := range s.Observe() {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("%s: %s is %g", what, name, v)
		}
	}
	if f := s.Finger(); !(f.PX >= 0 && f.PX < 1 && f.PY >= 0 && f.PY < 1) {
		t.Errorf("%s: the finger's potential is at (%g, %g)", what, f.PX, f.PY)
	}
}

func TestEveryModelRuns(t *testing.T) {
	for _, m := range Models() {
		s := makeSim(t, m.Name, small(20), nil)
		start := s.Density(nil)
		s.Step(200)
		finite(t, s, m.Name)
		if slices.Equal(start, s.Density(nil)) {
			t.Errorf("%s: nothing has happened in 200 steps", m.Name)
		}
		for _, p := range s.Phase(nil) {
			if !(p >= -math.Pi-1e-6 && p <= math.Pi+1e-6) {
				t.Fatalf("%s: a phase is %g", m.Name, p)
			}
		}
		if s.Time() <= 0 || math.Abs(s.Time()-200*s.dt*s.mu) > 1e-9 {
			t.Errorf("%s: its time is %g after 200 steps of %g", m.Name, s.Time(), s.dt*s.mu)
		}
	}
}

func TestControlsAreComplete(t *testing.T) {
	name := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	for _, m := range Models() {
		s := makeSim(t, m.Name, small(-1), nil)
		seen := map[string]bool{}
		for _, c := range s.Controls() {
			if seen[c.Name] || !name.MatchString(c.Name) || c.Title == "" || c.Help == "" || !strings.HasSuffix(c.Help, ".") {
				t.Errorf("%s: control %q, title %q, help %q", m.Name, c.Name, c.Title, c.Help)
			}
			seen[c.Name] = true
			if c.Value != c.Default {
				t.Errorf("%s: %s is %v at first, its default is %v", m.Name, c.Name, c.Value, c.Default)
			}
			if v, err := c.Accept(c.Default); err != nil || v != c.Default {
				t.Errorf("%s: %s does not take its own default: %v, %v", m.Name, c.Name, v, err)
			}
			if (c.Type == shm.Float || c.Type == shm.Int) && (c.Min == nil || c.Max == nil || (c.Step > 0) != (c.Scale != "log")) {
				t.Errorf("%s: %s has no limits, or no step where it is linear", m.Name, c.Name)
			}
			if c.Scale == "log" && *c.Min <= 0 {
				t.Errorf("%s: the logarithmic %s begins at %g", m.Name, c.Name, *c.Min)
			}
		}
		for _, n := range []string{"cylinder", "cooling", "finger_V0_mu", shm.ControlFingerX, shm.ControlFingerY, "steps", "grid", "dt_t_scale"} {
			if !seen[n] {
				t.Errorf("%s has no control %q", m.Name, n)
			}
		}
		got := s.Observe()
		for _, o := range s.Observables() {
			if _, ok := got[o.Name]; !ok || o.Title == "" || o.Help == "" {
				t.Errorf("%s: observable %+v, observed: %t", m.Name, o, ok)
			}
			delete(got, o.Name)
		}
		if len(got) > 0 {
			t.Errorf("%s observes %v and does not say so", m.Name, got)
		}
		if m.Title == "" || strings.Count(m.About, "\n\n") < 1 || strings.Contains(m.About, "\t") || m.About != strings.TrimSpace(m.About) {
			t.Errorf("%s: its texts are not in order: %q", m.Name, m.About)
		}
	}
}

func TestGridIsMadeAnew(t *testing.T) {
	s := makeSim(t, "BECVortices", small(30), nil)
	s.Set("finger_V0_mu", 0.7)
	s.Step(5)
	if err := s.Set("grid", "64 x 32"); err != nil {
		t.Fatal(err)
	}
	if nx, ny := s.Shape(); nx != 64 || ny != 32 || len(s.Density(nil)) != 64*32 || len(s.Phase(nil)) != 64*32 || s.Time() != 0 {
		t.Errorf("the grid is %d x %d with %d values at time %g", nx, ny, len(s.Density(nil)), s.Time())
	}
	if c, _ := s.Controls().Get("finger_V0_mu"); c.Value != 0.7 {
		t.Errorf("the finger's strength has become %v", c.Value)
	}
	s.Step(5)
	finite(t, s, "64 x 32")
	s.Reset()
	if nx, ny := s.Shape(); nx != 32 || ny != 32 || s.fingerV0 == 0.7 {
		t.Errorf("after a reset the grid is %d x %d, the finger's strength %g", nx, ny, s.fingerV0)
	}
	for _, bad := range []string{"", "12", "64 x", "0 x 0", "100000 x 100000", "64x64"} {
		if err := s.Set("grid", bad); err == nil {
			t.Errorf("the grid %q has been taken", bad)
		}
	}
	// One that is in no list can be chosen where the run was made with it.
	odd := makeSim(t, "BECFlow", Params{Nx: 48, Ny: 20, Tracers: -1, CoolingSteps: -1}, nil)
	if c, _ := odd.Controls().Get("grid"); c.Value != "48 x 20" || !slices.Contains(c.Choices, "48 x 20") {
		t.Errorf("the grid is %v of %v", c.Value, c.Choices)
	}
}

func TestWhatCannotBe(t *testing.T) {
	for _, p := range []Params{
		{Nx: 4}, {Ny: 5000}, {Nx: -1}, {HealingLength: 0.1}, {HealingLength: math.NaN()}, {DtTScale: 7}, {DtTScale: math.NaN()},
		{Steps: -1}, {Steps: 1 << 30}, {Tracers: 1 << 30},
	} {
		if s, err := New("BECFlow", p); err == nil || !strings.Contains(err.Error(), " ") {
			t.Errorf("%+v: %v", p, err)
			if s != nil {
				s.Close()
			}
		}
	}
	if _, err := New("BECNothing", Params{}); err == nil || !strings.Contains(err.Error(), "BECNothing") {
		t.Errorf("a model that is none: %v", err)
	}
	s := makeSim(t, "BECFlow", small(-1), nil)
	for name, v := range map[string]shm.Value{"nothing": 1.0, "cooling": 100.0, "cylinder": "perhaps", "steps": 1.5, "finger_x": math.NaN()} {
		if err := s.Set(name, v); err == nil {
			t.Errorf("%s has taken %v", name, v)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	for _, m := range Models() {
		b.Run(m.Name, func(b *testing.B) {
			s, err := New(m.Name, Params{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			for b.Loop() {
				s.Step(1)
			}
		})
	}
}

func BenchmarkPicture(b *testing.B) {
	for _, m := range Models() {
		b.Run(m.Name, func(b *testing.B) {
			s, err := New(m.Name, Params{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			for b.Loop() {
				s.Step(s.values.steps)
			}
		})
	}
}

func BenchmarkObserve(b *testing.B) {
	for _, m := range Models() {
		b.Run(m.Name, func(b *testing.B) {
			s, err := New(m.Name, Params{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			for b.Loop() {
				s.Observe()
			}
		})
	}
}
