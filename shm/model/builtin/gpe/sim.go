package gpe

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"strconv"
	"strings"

	"webmon/shm"
	"webmon/shm/model/builtin/fft"
)

// Params are what a simulation is made with. Zero means the model's default.
type Params struct {
	Nx, Ny        int     // pixels of the grid, each at least 8 and at most 2048
	HealingLength float64 // ξ in pixels, at least 0.5
	DtTScale      float64 // time step in units of ħ/max(K), at most 1
	Steps         int     // time steps a picture
	Tracers       int     // particles that move with the flow; negative: none
	CoolingSteps  int     // steps of cooling that make the start state; negative: none
	Workers       int     // goroutines that compute; negative: as many as the grid is worth
	Seed          uint64  // of all that is random
}

// Model is one of the simulations of this package.
type Model struct {
	Name, Title string
	About       string // plain text, paragraphs divided by an empty line
	Defaults    Params

	def *definition
}

// TimeUnit is the unit of Sim.Time.
const TimeUnit = "ħ/μ"

// Sim is a model that runs. It is not safe for concurrent use.
type Sim struct {
	model  Model
	params Params // defaults filled in
	start  values // what Reset goes back to
	values
	plan []param // the model's controls, in their order

	nx, ny int
	mu     float64 // chemical potential, and g n0, and c²
	dt     float64
	t      float64 // ħ/(m dx²)
	steps  uint64
	err    error

	fft  *fft.Plan
	step stepper
	psi  []complex128 // [nx, ny], C order, x slow

	kx, ky         []float64    // wave numbers
	kineticX       []float64    // K = kineticX[i] + kineticY[j], the frame's motion included
	kineticY       []float64    //
	halfX, halfY   []complex128 // factors of half a step of K
	fullX, fullY   []complex128 // factors of a whole step of K
	decay, turn    float64      // sin θ and cos θ; decay 0: no cooling
	norm           float64      // Σ|ψ|² that cooling keeps
	pot            []float64    // V - μ without the finger
	fingerX        []float64    // the finger's potential is fingerX[i] fingerY[j]
	fingerY        []float64    //
	drag           []float64    // potential of the quantum friction, nil without
	work           []complex128 // a field for whoever needs one
	trap           trap
	twist          float64 // wave number of the box's own phase, see BECSoliton
	finger         finger
	tracers        tracers
	watch          watch
	rng            *rand.Rand
	still          bool // the finger stays where it is and nothing is driven: the start state is being made
	observableList []shm.Observable
}

// New makes a simulation of the model of the name. Workers of it end with Close.
func New(name string, p Params) (*Sim, error) {
	for _, m := range Models() {
		if m.Name == name {
			return newSim(m, p)
		}
	}
	return nil, fmt.Errorf("there is no model %q", name)
}

func newSim(m Model, p Params) (*Sim, error) {
	d := m.Defaults
	fill(&p.Nx, d.Nx)
	fill(&p.Ny, d.Ny)
	fill(&p.HealingLength, d.HealingLength)
	fill(&p.DtTScale, d.DtTScale)
	fill(&p.Steps, d.Steps)
	fill(&p.Tracers, d.Tracers)
	fill(&p.CoolingSteps, d.CoolingSteps)
	fill(&p.Workers, max(d.Workers, 1))
	fill(&p.Seed, max(d.Seed, 1))
	switch {
	case p.Nx < minSide || p.Ny < minSide || p.Nx > maxSide || p.Ny > maxSide:
		return nil, fmt.Errorf("a grid of %d x %d cannot be: each side must be from %d to %d", p.Nx, p.Ny, minSide, maxSide)
	case !(p.HealingLength >= minHealing && p.HealingLength <= maxHealing):
		return nil, fmt.Errorf("a healing length of %g pixels cannot be: it must be from %g to %g", p.HealingLength, minHealing, maxHealing)
	case !(p.DtTScale >= minDt && p.DtTScale <= maxDt):
		return nil, fmt.Errorf("a time step of %g cannot be: it must be from %g to %g", p.DtTScale, minDt, maxDt)
	case p.Steps < 1 || p.Steps > maxSteps:
		return nil, fmt.Errorf("%d steps a picture cannot be: they must be from 1 to %d", p.Steps, maxSteps)
	case p.Tracers > maxTracers:
		return nil, fmt.Errorf("%d tracers cannot be: they must be at most %d", p.Tracers, maxTracers)
	}
	p.Tracers, p.CoolingSteps = max(p.Tracers, 0), max(p.CoolingSteps, 0)
	s := &Sim{model: m, params: p}
	s.start = commonValues
	if m.def.values != nil {
		m.def.values(&s.start)
	}
	s.start.grid = gridName(p.Nx, p.Ny)
	s.start.healing, s.start.dtScale, s.start.steps = p.HealingLength, p.DtTScale, p.Steps
	s.values = s.start
	s.plan = s.declare()
	s.observableList = s.observables()
	if err := s.build(); err != nil {
		return nil, err
	}
	return s, nil
}

func fill[T int | float64 | uint64](p *T, v T) {
	if *p == 0 {
		*p = v
	}
}

const (
	minSide, maxSide       = 8, 2048
	minHealing, maxHealing = 0.5, 20.0
	minDt, maxDt           = 0.01, 1.0
	maxSteps               = 200
	maxTracers             = 100_000
)

func gridName(nx, ny int) string { return fmt.Sprintf("%d x %d", nx, ny) }

func parseGrid(s string) (nx, ny int, err error) {
	a, b, _ := strings.Cut(s, " x ")
	nx, err = strconv.Atoi(a)
	if err == nil {
		ny, err = strconv.Atoi(b)
	}
	if err != nil || nx < minSide || ny < minSide || nx > maxSide || ny > maxSide {
		return 0, 0, fmt.Errorf("%q is no grid: write it as 128 x 128", s)
	}
	return nx, ny, nil
}

// build makes everything that depends on the size of the grid, and the start
// state.
func (s *Sim) build() error {
	nx, ny, err := parseGrid(s.grid)
	if err != nil {
		return err
	}
	if s.fft == nil || nx != s.nx || ny != s.ny {
		f, err := fft.New(nx, ny, max(s.params.Workers, 0))
		if err != nil {
			return fmt.Errorf("a grid of %s: %w", s.grid, err)
		}
		if s.fft != nil {
			s.fft.Close()
		}
		s.fft = f
		s.nx, s.ny = nx, ny
		s.step = s.newStepper()
		s.psi = make([]complex128, nx*ny)
		s.work = make([]complex128, nx*ny)
		s.pot = make([]float64, nx*ny)
		s.kx, s.ky = waveNumbers(nx), waveNumbers(ny)
		s.kineticX, s.kineticY = make([]float64, nx), make([]float64, ny)
		s.halfX, s.halfY = make([]complex128, nx), make([]complex128, ny)
		s.fullX, s.fullY = make([]complex128, nx), make([]complex128, ny)
		s.fingerX, s.fingerY = make([]float64, nx), make([]float64, ny)
	}
	s.restart()
	return nil
}

// waveNumbers are those of the discrete transform of n pixels.
func waveNumbers(n int) []float64 {
	k := make([]float64, n)
	for i := range k {
		m := i
		if i > (n-1)/2 {
			m -= n
		}
		k[i] = 2 * math.Pi * float64(m) / float64(n)
	}
	return k
}

// restart goes back to the start state with the parameters as they are.
func (s *Sim) restart() {
	s.err, s.t, s.steps = nil, 0, 0
	s.mu = 1 / (2 * s.healing * s.healing)
	s.twist = 0
	s.drag = nil
	s.rng = rand.New(rand.NewPCG(s.params.Seed, 0))
	s.finger.place(s)
	s.setCooling()
	s.setKinetic()
	s.trap.make(s)
	s.still = true
	s.model.def.state(s)
	s.still = false
	s.setCooling()
	s.setKinetic()
	s.norm = s.sum()
	s.ResetTracers()
	s.watch.begin(s)
}

// setCooling puts the cooling into sin θ and cos θ.
func (s *Sim) setCooling() {
	eta := s.cooling
	if eta <= coolingOff {
		eta = 0
	}
	s.decay, s.turn = eta/math.Hypot(1, eta), 1/math.Hypot(1, eta)
}

// setKinetic makes the factors of the kinetic step. The frame's motion adds
// kv kx; the largest wave number, which stands for both directions, takes no
// part in it.
func (s *Sim) setKinetic() {
	s.dt = s.dtScale / (math.Pi * math.Pi)
	kv := s.frame()
	for i, k := range s.kx {
		s.kineticX[i] = k * k / 2
		if 2*i != s.nx {
			s.kineticX[i] += kv * k
		}
	}
	for j, k := range s.ky {
		s.kineticY[j] = k * k / 2
	}
	s.kineticFactors(s.dt)
}

func (s *Sim) kineticFactors(dt float64) {
	f := complex(-s.decay, -s.turn) * complex(dt, 0)
	for i, k := range s.kineticX {
		s.fullX[i], s.halfX[i] = cmplx.Exp(f*complex(k, 0)), cmplx.Exp(f*complex(k/2, 0))
	}
	for j, k := range s.kineticY {
		s.fullY[j], s.halfY[j] = cmplx.Exp(f*complex(k, 0)), cmplx.Exp(f*complex(k/2, 0))
	}
	s.step.kinetic = nil
	s.step.full.SetOuter(s.fullX, s.fullY)
	s.step.half.SetOuter(s.halfX, s.halfY)
}

// frame is the wave number of the frame that the fluid is seen in: the fluid
// streams past with this velocity where its phase is the same everywhere.
func (s *Sim) frame() float64 { return s.flow*math.Sqrt(s.mu) + s.twist }

// prepare brings everything that moves to the next potential step.
func (s *Sim) prepare() {
	if s.still {
		return
	}
	s.finger.move(s)
	s.trap.move(s)
	if s.model.def.friction {
		s.friction()
	}
}

// Step computes n time steps. After an error it does nothing; see Err.
func (s *Sim) Step(n int) {
	for n > 0 && s.err == nil {
		m := s.tracers.chunk(s, n)
		s.tracers.predict(s)
		s.advance(m)
		s.steps += uint64(m)
		n -= m
		if s.check() {
			s.tracers.correct(s, float64(m)*s.dt)
		}
	}
}

// check looks whether the state is one still, and gives it back what the cooling
// has taken since the last potential step. advance has left the sums of the rows.
func (s *Sim) check() bool {
	n := s.total()
	if s.decay != 0 && n > 0 && !math.IsInf(n, 0) {
		s.scale(math.Sqrt(s.norm / n))
	}
	if math.IsNaN(n) || math.IsInf(n, 0) || n <= 0 {
		s.err = fmt.Errorf("the density is no longer a number after %d time steps: the step is too long for the potentials; make dt smaller, or reset", s.steps)
	}
	return s.err == nil
}

// Reset goes back to the start state and to the parameters that the simulation
// was made with, its grid included.
func (s *Sim) Reset() {
	s.values = s.start
	if err := s.build(); err != nil {
		s.err = err
	}
}

// ResetTracers strews the tracers again: more of them where the fluid is denser.
func (s *Sim) ResetTracers() { s.tracers.strew(s) }

// Density is |ψ|² in shape [Nx, Ny], C order, x slow. It uses dst if that is
// long enough.
func (s *Sim) Density(dst []float64) []float64 {
	dst = sized(dst, len(s.psi))
	for i, z := range s.psi {
		dst[i] = real(z)*real(z) + imag(z)*imag(z)
	}
	return dst
}

// Phase is arg ψ in radians from -π to π, of the shape of Density.
func (s *Sim) Phase(dst []float32) []float32 {
	dst = sized(dst, len(s.psi))
	s.step.phases = dst
	s.fft.Rows(s.psi, false, s.step.phaseRows, false)
	s.step.phases = nil
	return dst
}

// Shape is that of Density.
func (s *Sim) Shape() (nx, ny int) { return s.nx, s.ny }

// Tracers are the places of the tracers in pixels, shape [2, N], x above y.
// Whole numbers are the middles of pixels, so that the box goes from -1/2 to
// Nx-1/2 and from -1/2 to Ny-1/2.
func (s *Sim) Tracers(dst []float32) []float32 {
	n := len(s.tracers.x)
	dst = sized(dst, 2*n)
	for i := range n {
		dst[i], dst[n+i] = float32(s.tracers.x[i]-0.5), float32(s.tracers.y[i]-0.5)
	}
	return dst
}

// Finger is where people point and where the potential is.
func (s *Sim) Finger() *shm.ModelFinger {
	return &shm.ModelFinger{
		X: s.fingerAtX, Y: s.fingerAtY,
		PX: s.finger.x / float64(s.nx), PY: s.finger.y / float64(s.ny),
	}
}

// Time is the time since the start in units of ħ/μ.
func (s *Sim) Time() float64 { return s.t * s.mu }

// Err says what ended the simulation. It is nil while the simulation goes on. Reset
// begins again.
func (s *Sim) Err() error { return s.err }

// Close ends the workers.
func (s *Sim) Close() {
	if s.fft != nil {
		s.fft.Close()
		s.fft = nil
	}
}

func sized[T any](dst []T, n int) []T {
	if cap(dst) < n {
		return make([]T, n)
	}
	return dst[:n]
}
