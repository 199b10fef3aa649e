package shm

import "math"

// What all simulations have in common, whoever computes them. A simulation is a
// source like any other: its parameters are Controls, what it can be told to do are
// Actions, and its fields are arrays. All simulations use the names below.
const (
	// TopicModel is the state topic of a simulation. Its value is a *ModelState.
	TopicModel = "model"
	// TopicPhysics is the event topic of the numbers that a physicist watches. Its
	// events come a few times a second and name the numbers as
	// ModelState.Observables does.
	TopicPhysics = "physics"

	// ArrayDensity is the array of a field of shape [Nx, Ny] with the axes "x" and
	// "y". In a picture of the field y goes up.
	ArrayDensity = "density"
	// ArrayPhase is the array of the field's phase in radians, from -pi to pi. It has
	// the shape of the density. Only some models have a phase, and they compute it
	// only while somebody wants it.
	ArrayPhase = "phase"
	// ArrayTracers is the array of the places of particles that move with the flow:
	// float32 of shape [2, N] with the axes "xy" and "particle". The first row holds
	// x and the second y, in pixels of the density, with fractions.
	ArrayTracers = "tracers"

	// ControlFingerX and ControlFingerY are the controls that say where people
	// point: from 0 to 1 across the box, y up. A model without them has no finger.
	ControlFingerX = "finger_x"
	ControlFingerY = "finger_y"

	// The actions of a simulation. None of them has arguments. ActionRestart makes
	// the simulation again, also after a failure. The other actions need a simulation
	// that works. A simulation in which an action does something a little different
	// says so in the action's Title and Help, which people see.
	ActionStart        = "start"
	ActionPause        = "pause"
	ActionStep         = "step" // computes one picture further and pauses
	ActionReset        = "reset"
	ActionResetTracers = "reset_tracers"
	ActionRestart      = "restart"
)

// ModelPhase is what a simulation is doing.
type ModelPhase string

// The phases of a simulation.
const (
	ModelStarting ModelPhase = "starting"
	ModelRunning  ModelPhase = "running"
	ModelPaused   ModelPhase = "paused"
	ModelSlow     ModelPhase = "slow"   // one thing takes long: Problem says what, and the seconds so far
	ModelFailed   ModelPhase = "failed" // Problem says why; ActionRestart starts the simulation again
)

// ModelState is what a simulation says about itself with each picture.
type ModelState struct {
	Phase ModelPhase
	// Problem is one plain sentence on what went wrong or takes long, "" for nothing.
	Problem string
	// Detail is the traceback, or other text that helps the author of the model.
	Detail string
	// Remarks say what of the model is left out or odd while it runs, and why, in
	// one sentence each: for example that the limits of a slider make no sense. The
	// slice is replaced, never changed.
	Remarks []string

	Frame    uint64  // pictures made since it started
	Steps    uint64  // time steps computed
	Time     float64 // of the simulation; NaN: not known
	TimeUnit string  // of Time
	StepMS   float64 // wall time of a recent step; 0: not known
	Rate     float64 // recent pictures a second

	// Finger says where people point, and where the potential that follows them is.
	// It is nil if the model has no finger.
	Finger *ModelFinger

	// Observables describe the numbers of TopicPhysics in the order of their
	// charts. They are the same for the life of a run.
	Observables []Observable
}

// MarshalJSON writes the state as the API and the pages have it. NaN and the
// infinities become null.
func (s *ModelState) MarshalJSON() ([]byte, error) {
	finger := Value(nil)
	if s.Finger != nil {
		finger = map[string]Value{"x": s.Finger.X, "y": s.Finger.Y, "px": s.Finger.PX, "py": s.Finger.PY}
	}
	observables := make([]Value, len(s.Observables))
	for i, o := range s.Observables {
		observables[i] = map[string]Value{"name": o.Name, "title": o.Title, "unit": o.Unit, "help": o.Help}
	}
	out := map[string]Value{
		"phase": string(s.Phase), "problem": s.Problem, "detail": s.Detail,
		"frame": clampUint(s.Frame), "steps": clampUint(s.Steps),
		"t": s.Time, "time_unit": s.TimeUnit, "step_ms": s.StepMS, "rate_hz": s.Rate,
		"finger": finger, "observables": observables,
	}
	if len(s.Remarks) > 0 {
		remarks := make([]Value, len(s.Remarks))
		for i, r := range s.Remarks {
			remarks[i] = r
		}
		out["remarks"] = remarks
	}
	return AppendJSON(nil, out)
}

func clampUint(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

// ModelFinger is the place that people point to (X, Y) and the place of the
// potential that follows it (PX, PY), both from 0 to 1 across the box, y up. The
// potential may leave the box on one side and come back on the other.
type ModelFinger struct {
	X, Y   float64
	PX, PY float64 // NaN: not known
}

// Observable is a number that a simulation reports as it runs.
type Observable struct {
	Name  string // in events of TopicPhysics
	Title string
	Unit  string
	Help  string // what it says, one sentence
}

// ModelParams are the parameters that people may set before a simulation begins.
// The model chooses those that are zero.
type ModelParams struct {
	Nx            int     `json:"Nx,omitempty"` // points of the grid along x
	Ny            int     `json:"Ny,omitempty"`
	Steps         int     `json:"steps,omitempty"`            // time steps between two pictures
	HealingLength float64 `json:"healing_length,omitempty"`   // in points of the grid
	DtTScale      float64 `json:"dt_t_scale,omitempty"`       // time step, in units of the shortest time scale
	Tracers       *int    `json:"tracer_particles,omitempty"` // 0 for none; nil: the model's number
}

// ModelInfo is a simulation that webmon can run, or can reach on a server.
type ModelInfo struct {
	Key    string // name in addresses: small letters, digits, hyphens
	Title  string
	About  string // plain text in paragraphs: what the model is, who wrote it
	Origin string // "built in", the path of a file, or the address of a server
	Kind   Kind   // KindModel or KindRemote
	// Picture is a small PNG of what the simulation looks like, nil for none.
	Picture []byte
	// Problem says in one sentence why the model cannot be run at all. Detail is the
	// traceback. A visit to the model's page tries again.
	Problem, Detail string
}
