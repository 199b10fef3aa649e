package gpe

import "webmon/shm"

// watch keeps what Observe compares with.
type watch struct{ n, e float64 }

func (w *watch) begin(s *Sim) {}

// Observables describe the numbers of Observe in the order of their charts.
func (s *Sim) Observables() []shm.Observable { return s.observableList }

func (s *Sim) observables() []shm.Observable {
	return []shm.Observable{{Name: "N", Title: "Particles", Unit: "", Help: "Number of particles in the box."}}
}

// Observe computes the numbers a physicist watches.
func (s *Sim) Observe() map[string]float64 { return map[string]float64{"N": s.sum()} }

func (s *Sim) friction() {}
