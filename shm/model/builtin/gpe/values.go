package gpe

import (
	"fmt"
	"slices"

	"webmon/shm"
)

// values are the parameters of all models; each model declares those it has.
type values struct {
	cylinder             bool
	cooling              float64 // η
	fingerV0             float64 // μ
	fingerAtX, fingerAtY float64 // 0..1 across the box
	fingerR0             float64 // pixels
	fingerK, fingerDamp  float64 // 1/time², 1/time
	fingerVMax           float64 // c

	bumpH, nVortex float64
	bumpN          int
	flow           float64 // velocity of the frame, c
	greyness       float64 // velocity of the soliton, c
	wiggle         float64 // of its line at first, pixels
	drags          float64 // strength of the quantum friction
	pairs          int     // of vortices at the start
	corners        int     // of the breather's start
	size           float64 // of the breather's start, half widths of the box
	depth          float64 // of the breather's bowl at the edge of the box, μ
	winding        int     // imprinted so far
	separation     float64 // of the two vortices of BECVortexRing, heights of the box

	healing, dtScale float64
	steps            int
	grid             string
}

var commonValues = values{
	cylinder: true, cooling: 0.01,
	fingerV0: 1.5, fingerAtX: 0.5, fingerAtY: 0.5, fingerR0: 4, fingerK: 10, fingerDamp: 4, fingerVMax: 2,
	bumpN: 1, corners: 3, size: 0.3, depth: 22, separation: 0.5,
}

// coolingOff and below is no cooling at all: a logarithmic slider has no zero.
const coolingOff = 1e-5

// param is a control together with the value behind it.
type param struct {
	control shm.Control
	of      func(*values) any           // *float64, *int, *bool or *string
	apply   func(s *Sim, before values) // what follows from a new value, nil: nothing
}

// Controls are the parameters with their present values, always in the same order.
func (s *Sim) Controls() shm.Controls {
	list := make(shm.Controls, len(s.plan))
	for i, p := range s.plan {
		list[i] = p.control
		list[i].Value, list[i].Default = value(p.of(&s.values)), value(p.of(&s.start))
	}
	return list
}

func value(p any) shm.Value {
	switch p := p.(type) {
	case *float64:
		return *p
	case *int:
		return int64(*p)
	case *bool:
		return *p
	case *string:
		return *p
	}
	return nil
}

// Set gives a control a value that Control.Accept has let through. Some controls say
// how a run starts. They begin the run again, and their help says so.
func (s *Sim) Set(name string, v shm.Value) error {
	i := slices.IndexFunc(s.plan, func(p param) bool { return p.control.Name == name })
	if i < 0 {
		return fmt.Errorf("%s has no parameter %q", s.model.Name, name)
	}
	p := s.plan[i]
	control := p.control
	control.Default = value(p.of(&s.start)) // which may lie beyond the limits
	v, err := control.Accept(v)
	if err != nil {
		return err
	}
	before := s.values
	switch to := p.of(&s.values).(type) {
	case *float64:
		*to = v.(float64)
	case *int:
		*to = int(v.(int64))
	case *bool:
		*to = v.(bool)
	case *string:
		*to = v.(string)
	}
	if s.values != before && p.apply != nil {
		p.apply(s, before)
	}
	return nil
}

func limits(lo, hi float64) (a, b *float64) { return &lo, &hi }

// number makes a control of a linear slider.
func number(name, title, unit string, lo, hi, step float64, group, help string, of func(*values) any, apply func(*Sim, values)) param {
	c := shm.Control{Name: name, Title: title, Type: shm.Float, Unit: unit, Step: step, Group: group, Help: help}
	c.Min, c.Max = limits(lo, hi)
	var v values
	if _, whole := of(&v).(*int); whole {
		c.Type = shm.Int
	}
	return param{control: c, of: of, apply: apply}
}

// declare lists the model's parameters: its own first, then everybody's.
func (s *Sim) declare() []param {
	restart := func(s *Sim, _ values) { s.restart() }
	rebuild := func(s *Sim, before values) {
		if err := s.build(); err != nil {
			s.values = before
			s.err = err
		}
	}
	list := s.model.def.own()
	cooling := number("cooling", "Cooling", "", coolingOff, 1, 0, "",
		"How fast the fluid loses energy while it keeps its particles (η). At the left end nothing cools, and energy is conserved.",
		func(v *values) any { return &v.cooling }, func(s *Sim, _ values) { s.setCooling(); s.setKinetic() })
	cooling.control.Scale = "log"
	list = append(list,
		param{
			control: shm.Control{Name: "cylinder", Title: "Trap", Type: shm.Bool, Group: "trap", Help: s.model.def.trapHelp},
			of:      func(v *values) any { return &v.cylinder },
			apply:   func(s *Sim, _ values) { s.trap.toggle(s) },
		},
		cooling,
		number("finger_V0_mu", "Finger strength", "μ", -2, 5, 0.1, "finger",
			"Height of the potential that follows the finger: above 1 it drives all fluid away, below 0 it draws fluid in.",
			func(v *values) any { return &v.fingerV0 }, reshape),
		number("finger_r0", "Finger size", "px", 1, 30, 0.5, "finger", "Radius of the finger's potential.",
			func(v *values) any { return &v.fingerR0 }, reshape),
		number(shm.ControlFingerX, "Finger x", "", 0, 1, 0.01, "finger", "Where the finger is across the box.",
			func(v *values) any { return &v.fingerAtX }, nil),
		number(shm.ControlFingerY, "Finger y", "", 0, 1, 0.01, "finger", "Where the finger is up the box.",
			func(v *values) any { return &v.fingerAtY }, nil),
		number("finger_k_m", "Spring", "1/t²", 0.1, 50, 0.1, "finger", "Stiffness of the spring between finger and potential, k/m. The time t is m px²/ħ.",
			func(v *values) any { return &v.fingerK }, nil),
		number("finger_damp", "Damping", "1/t", 0, 20, 0.1, "finger", "Damping of that spring; 2√(k/m) is just enough for it not to swing.",
			func(v *values) any { return &v.fingerDamp }, nil),
		number("finger_v_max", "Top speed", "c", 0.1, 5, 0.1, "finger",
			"The fastest that the potential follows, in units of the speed of sound. Slow fingers leave the fluid as it was.",
			func(v *values) any { return &v.fingerVMax }, nil),
		number("healing_length", "Healing length", "px", minHealing, maxHealing, 0.1, "numerics",
			"Size of a vortex core ξ; sets μ = 1/(2ξ²). Begins the run again.",
			func(v *values) any { return &v.healing }, restart),
		number("steps", "Steps a picture", "", 1, maxSteps, 1, "numerics", "Time steps from one picture to the next.",
			func(v *values) any { return &v.steps }, nil),
		number("dt_t_scale", "Time step", "ħ/max K", minDt, maxDt, 0.01, "numerics",
			"Length of a time step against the fastest kinetic motion the grid can hold.",
			func(v *values) any { return &v.dtScale }, func(s *Sim, _ values) { s.setKinetic() }),
		param{
			control: shm.Control{Name: "grid", Title: "Grid", Type: shm.Choice, Group: "numerics", Choices: grids(s.start.grid),
				Help: "Pixels of the box, x by y. Begins the run again; the other parameters stay."},
			of:    func(v *values) any { return &v.grid },
			apply: rebuild,
		},
	)
	return list
}

func reshape(s *Sim, _ values) { s.finger.shape(s) }

// grids are the sizes to choose from, the one it was made with among them.
func grids(own string) []string {
	list := []string{"32 x 32", "64 x 32", "64 x 64", "128 x 64", "128 x 128", "256 x 128", "256 x 256", "512 x 256", "512 x 512"}
	if !slices.Contains(list, own) {
		list = append([]string{own}, list...)
	}
	return list
}
