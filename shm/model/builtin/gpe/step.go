package gpe

import (
	"math"

	"webmon/shm/model/builtin/fft"
)

// stepper is what the time steps need besides state and transforms.
type stepper struct {
	half, full *fft.Kernel // factors of half a step of K and of a whole one
	kinetic    *fft.Kernel // K itself, nil until friction asks for it
	friction   float64     // strength of the friction in this step
	sums       []float64   // Σ|ψ|² of each row
	phases     []float32   // where phaseRows writes
	factor     float64     // what scaleRows multiplies with
	held       held

	turnRows, sumRows, scaleRows, phaseRows, heldRows func(worker, ix int, row []complex128)
}

// newStepper makes one for the grid of s.
func (s *Sim) newStepper() stepper {
	return stepper{
		half: s.fft.NewKernel(), full: s.fft.NewKernel(),
		sums:     make([]float64, s.nx),
		held:     held{factor: make([]complex128, s.nx*s.ny)},
		turnRows: s.potentialRow, sumRows: s.sumRow, scaleRows: s.scaleRow, phaseRows: s.phaseRow, heldRows: s.heldRow,
	}
}

// held is the factor of the potential that does not move with the finger, kept
// while that stands still. What the rest of a step's exponent amounts to is small
// nearly everywhere, and its exponential cheap.
type held struct {
	factor      []complex128 // exp(-i e^{-iθ} dt pot), if ready
	turn, decay float64      // cos θ dt and sin θ dt of this step
	ready       bool
}

// potChanged is to be called whenever s.pot has changed.
func (s *Sim) potChanged() { s.step.held.ready = false }

// hold makes held that of the step to come.
func (s *Sim) hold() {
	h := &s.step.held
	if turn, decay := s.turn*s.dt, s.decay*s.dt; turn != h.turn || decay != h.decay {
		h.turn, h.decay, h.ready = turn, decay, false
	}
	if !h.ready {
		s.fft.Rows(h.factor, false, s.step.heldRows, false)
		h.ready = true
	}
}

func (s *Sim) heldRow(_, ix int, row []complex128) {
	h := &s.step.held
	factorRow(row, s.pot[ix*s.ny:(ix+1)*s.ny], h.turn, h.decay)
}

// advance computes n time steps of length s.dt. Before and after it ψ is that
// of one time; within, K and V are half a step apart, so that each step costs
// one K only:
//
//	K(dt/2) [V(dt) K(dt)]^{n-1} V(dt) K(dt/2)
//
// Both factors are symmetric, so the whole is of second order in dt as long as
// nothing cools.
//
// A step goes over the field twice: once over its columns, which are brought
// to momentum space, multiplied by K's factor and brought back, and once over
// its rows, which are brought back to space, multiplied by V's factor and
// transformed for the next K, each while it is in the cache. The last pass leaves
// Σ|ψ|² of each row.
func (s *Sim) advance(n int) {
	if n <= 0 {
		return
	}
	p := s.fft
	p.Rows(s.psi, false, nil, true)
	p.Columns(s.psi, s.step.half, 1)
	for i := range n {
		s.prepare()
		s.hold()
		p.Rows(s.psi, true, s.step.turnRows, true)
		// While it cools, ψ gets back the norm that the cooling takes.
		scale := 1.0
		if s.decay != 0 {
			scale = math.Sqrt(s.norm / s.total())
		}
		if i < n-1 {
			p.Columns(s.psi, s.step.full, scale)
		} else {
			p.Columns(s.psi, s.step.half, scale)
		}
		s.t += s.dt
	}
	p.Rows(s.psi, true, s.step.sumRows, false)
}

// potentialRow multiplies a row of ψ by exp(-i e^{-iθ} dt (U + |ψ|²)), where U
// is s.pot (μ is taken off already) and the finger's fingerX[i] fingerY[j] and,
// where there is one, the friction's s.drag.
func (s *Sim) potentialRow(_, ix int, row []complex128) {
	lo, hi := ix*s.ny, (ix+1)*s.ny
	var drag []float64
	if s.drag != nil && !s.still {
		drag = s.drag[lo:hi]
		frictionRow(drag, row, s.work[lo:hi], s.step.friction)
	}
	h := &s.step.held
	fx, sum := s.fingerX[ix], &s.step.sums[ix]
	if h.decay == 0 {
		*sum = turnRow(row, h.factor[lo:hi], s.fingerY, drag, fx, h.turn)
	} else {
		*sum = coolRow(row, h.factor[lo:hi], s.fingerY, drag, fx, h.turn, h.decay)
	}
}

// sum is Σ|ψ|².
func (s *Sim) sum() float64 {
	s.fft.Rows(s.psi, false, s.step.sumRows, false)
	return s.total()
}

func (s *Sim) sumRow(_, ix int, row []complex128) { s.step.sums[ix] = sumRow(row) }

// scale multiplies ψ by a number.
func (s *Sim) scale(f float64) {
	s.step.factor = f
	s.fft.Rows(s.psi, false, s.step.scaleRows, false)
}

func (s *Sim) scaleRow(_, _ int, row []complex128) {
	f := s.step.factor
	for i, z := range row {
		row[i] = complex(f*real(z), f*imag(z))
	}
}

func (s *Sim) phaseRow(_, ix int, row []complex128) {
	phaseRow(s.step.phases[ix*s.ny:(ix+1)*s.ny], row)
}

// total adds up the sums of the rows, always in the same order.
func (s *Sim) total() float64 {
	sum := 0.0
	for _, v := range s.step.sums {
		sum += v
	}
	return sum
}
