package builtin

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"

	"webmon/shm"
	"webmon/shm/model/builtin/gpe"
	"webmon/shm/model/inbox"
)

// Options of Open. The zero value is good.
type Options struct {
	Params shm.ModelParams
	Rate   float64      // pictures a second at most; default 60
	Logger *slog.Logger // gets failures; default nothing

	// For tests. 0: the model's steps of cooling; as many workers as the grid is worth.
	cooling, workers int
}

// defaultRate is that of most screens.
const defaultRate = 60

// Models lists the simulations.
func Models() []shm.ModelInfo {
	models := gpe.Models()
	out := make([]shm.ModelInfo, len(models))
	for i, m := range models {
		key := keyOf(m)
		out[i] = shm.ModelInfo{
			Key: key, Title: m.Title, About: m.About, Origin: "built in", Kind: shm.KindModel,
			Picture: picture(key),
		}
	}
	return out
}

// keyOf is the model's name in addresses.
func keyOf(m gpe.Model) string { return strings.ToLower(m.Name) }

// Open returns a run of the model of the key, which begins with its Run. Params that
// the model cannot take are no error here: the run then says what is wrong.
func Open(key string, o Options) (shm.Source, error) {
	for _, m := range gpe.Models() {
		if keyOf(m) == key {
			p := o.params()
			tracers := cmp.Or(p.Tracers, m.Defaults.Tracers) > 0
			return newSource(m.Title, tracers, o, func() (sim, error) {
				s, err := gpe.New(m.Name, p)
				if err != nil {
					return nil, err // not a nil *gpe.Sim in an interface
				}
				return s, nil
			}), nil
		}
	}
	return nil, fmt.Errorf("no model of webmon's own is called %q", key)
}

// params are those of a simulation as package gpe takes them: there zero tracers are
// the model's number, and fewer are none.
func (o *Options) params() gpe.Params {
	p := gpe.Params{
		Nx: o.Params.Nx, Ny: o.Params.Ny, Steps: o.Params.Steps,
		HealingLength: o.Params.HealingLength, DtTScale: o.Params.DtTScale,
		CoolingSteps: o.cooling, Workers: cmp.Or(o.workers, -1),
	}
	if n := o.Params.Tracers; n != nil {
		if p.Tracers = *n; p.Tracers <= 0 {
			p.Tracers = -1
		}
	}
	return p
}

// sim is a simulation: a *gpe.Sim, or what tests put in its place.
type sim interface {
	Controls() shm.Controls
	Set(name string, v shm.Value) error
	Step(n int)
	Reset()
	ResetTracers()
	Shape() (nx, ny int)
	Density(dst []float64) []float64
	Phase(dst []float32) []float32
	Tracers(dst []float32) []float32
	Finger() *shm.ModelFinger
	Observables() []shm.Observable
	Observe() map[string]float64
	Time() float64
	Err() error
	Close()
}

var _ sim = (*gpe.Sim)(nil)

// Source is a run of a simulation. It implements [shm.Source].
type Source struct {
	info  shm.Info
	opts  Options
	make  func() (sim, error)
	inbox *inbox.Box
}

var _ shm.Source = (*Source)(nil)

// Info implements [shm.Source].
func (s *Source) Info() shm.Info { return s.info }

// Actions implements [shm.Source].
func (s *Source) Actions() []shm.Action { return s.inbox.Actions() }

// Command implements [shm.Source]. A value that its control lets through is told to
// the sink before Command returns, however long a time step takes.
func (s *Source) Command(cmd shm.Command, report func(shm.Status, string)) {
	s.inbox.Command(cmd, report)
}

func newSource(title string, tracers bool, o Options, begin func() (sim, error)) *Source {
	if !(o.Rate > 0) {
		o.Rate = defaultRate
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return &Source{
		info: shm.Info{Name: title, Kind: shm.KindModel, Instance: hex.EncodeToString(random[:])},
		opts: o, make: begin,
		inbox: inbox.New("model", "The model has stopped.", actions(tracers)),
	}
}

// actions are what a simulation can be told.
func actions(tracers bool) []shm.Action {
	list := []shm.Action{
		{Name: shm.ActionStart, Title: "Start", Help: "Go on."},
		{Name: shm.ActionPause, Title: "Pause", Help: "Stand still."},
		{Name: shm.ActionStep, Title: "Step", Help: "Compute one picture further, and pause."},
		{Name: shm.ActionReset, Title: "Reset", Help: "Go back to the start, with all parameters as they were there."},
		{Name: shm.ActionResetTracers, Title: "Reset tracers", Help: "Strew the tracers again, the more of them the denser the fluid."},
		{Name: shm.ActionRestart, Title: "Restart", Help: "Make the model again, whatever has become of it."},
	}
	if !tracers {
		list = append(list[:4], list[5])
	}
	return list
}
