package shm

import "math"

// What a simulation has in common with every other, whoever computes it. It is
// a source like any: its parameters are Controls, what it can be told are
// Actions, its fields are arrays. Only the names below are agreed on.
const (
	// TopicModel is the state topic of a simulation; its value is a *ModelState.
	TopicModel = "model"
	// TopicPhysics is the event topic of the numbers a physicist watches, by the
	// names of ModelState.Observables, a few times a second.
	TopicPhysics = "physics"

	// ArrayDensity is a field of shape [Nx, Ny] with the axes "x", "y"; y goes up
	// in a picture of it.
	ArrayDensity = "density"
	// ArrayPhase is the phase of the field, the same shape, radians from -pi to
	// pi; only of models that have one, and made only while somebody wants it.
	ArrayPhase = "phase"
	// ArrayTracers are the places of particles that move with the flow: float32 of
	// shape [2, N] with the axes "xy", "particle": x above y, in pixels of the
	// density, fractions included.
	ArrayTracers = "tracers"

	// ControlFingerX and ControlFingerY are the controls of where people point,
	// from 0 to 1 across the box, y up. A model without them has no finger.
	ControlFingerX = "finger_x"
	ControlFingerY = "finger_y"

	// The actions of a simulation, each without arguments. Restart makes it anew,
	// whatever has become of it; all others need one that works. One that does something
	// a little different says so in its Title and Help, which people see.
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
	ModelFailed   ModelPhase = "failed" // Problem says why; ActionRestart starts anew
)

// ModelState is what a simulation says of itself, with each picture.
type ModelState struct {
	Phase ModelPhase
	// Problem is what went wrong, or what takes long, one plain sentence, "" for
	// nothing; Detail is the traceback or whatever else helps whoever wrote the
	// model.
	Problem string
	Detail  string
	// Remarks say what of the model is left out or odd while it runs, such as a
	// slider whose limits make no sense, and why: one sentence each. The slice is
	// replaced, never changed.
	Remarks []string

	Frame    uint64  // pictures made since it started
	Steps    uint64  // time steps computed
	Time     float64 // of the simulation; NaN: it does not tell
	TimeUnit string  // of Time
	StepMS   float64 // wall time of a step, of late; 0: unknown
	Rate     float64 // pictures a second, of late

	// Finger is where people point and where the potential is that follows; nil
	// where the model has none.
	Finger *ModelFinger

	// Observables describe the numbers of TopicPhysics in the order of their
	// charts. They are the same for the life of a run.
	Observables []Observable
}

// MarshalJSON is how the API and the pages write it. Numbers that JSON has no word
// for are null.
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

// ModelFinger is a place that people point to and the place of the potential
// that follows it, both from 0 to 1 across the box, y up. It may leave the box
// on one side to come back on the other.
type ModelFinger struct {
	X, Y   float64
	PX, PY float64 // NaN: the model does not tell
}

// Observable is a number that a simulation reports as it runs.
type Observable struct {
	Name  string // in events of TopicPhysics
	Title string
	Unit  string
	Help  string // what it says, one sentence
}

// ModelParams are what people may ask of every simulation before it begins. Zero
// leaves it to the model.
type ModelParams struct {
	Nx            int     `json:"Nx,omitempty"` // points of the grid along x
	Ny            int     `json:"Ny,omitempty"`
	Steps         int     `json:"steps,omitempty"`            // time steps a picture
	HealingLength float64 `json:"healing_length,omitempty"`   // in points of the grid
	DtTScale      float64 `json:"dt_t_scale,omitempty"`       // time step, in units of the shortest time scale
	Tracers       *int    `json:"tracer_particles,omitempty"` // 0 for none; nil: the model's number
}

// ModelInfo is a simulation that webmon can run, or reach.
type ModelInfo struct {
	Key    string // its name in addresses: small letters, digits, hyphens
	Title  string
	About  string // plain text in paragraphs: what it is, who wrote it
	Origin string // "built in", the path of a file, or the address of a server
	Kind   Kind   // KindModel or KindRemote
	// Picture is a small PNG of what it looks like, nil for none.
	Picture []byte
	// Problem says why it cannot be run at all, one sentence; Detail is the
	// traceback. Visiting it tries again.
	Problem, Detail string
}
