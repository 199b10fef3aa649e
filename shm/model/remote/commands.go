package remote

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"webmon/natural"
	"webmon/shm"
)

// commands are the names that a server has declared. The package sends no other name.
type commands struct {
	dos    map[string]bool
	gets   map[string]bool
	sets   map[string]bool
	arrays map[string]bool
	docs   map[string]string // of parameters

	widgets []widget
	asked   []string // the names that a get asks for
}

// maxCommands bounds the names of each kind.
const maxCommands = 2000

// parseCommands reads what a server says that it has.
func parseCommands(v shm.Value) (*commands, error) {
	all, ok := v.(map[string]shm.Value)
	if !ok {
		return nil, strange("it does not tell its commands")
	}
	s := &commands{docs: map[string]string{}}
	for kind, into := range map[string]*map[string]bool{"do": &s.dos, "get": &s.gets, "set": &s.sets, "get_array": &s.arrays} {
		*into = map[string]bool{}
		names, ok := all[kind].(map[string]shm.Value)
		if !ok {
			return nil, strange("it does not tell its commands to %s", kind)
		}
		if len(names) > maxCommands {
			return nil, strange("it has %d commands to %s", len(names), kind)
		}
		for name, doc := range names {
			if !validName(name) {
				continue
			}
			(*into)[name] = true
			if text, ok := doc.(string); ok && kind != "do" {
				s.docs[name] = natural.Clip(strings.Join(strings.Fields(text), " "), 500)
			}
		}
	}
	if !s.arrays[shm.ArrayDensity] {
		return nil, strange("it has no density")
	}
	return s, nil
}

// take keeps the parts of a layout that can be got and set. It returns what people should
// know about the other parts.
func (s *commands) take(l layout) (notices []string) {
	if len(l.unknown) > 0 {
		notices = append(notices, fmt.Sprintf("Of the server's widgets %d are of kinds that have no control here, and are left out: %s.",
			len(l.unknown), natural.Clip(strings.Join(l.unknown, ", "), 500)))
	}
	var lost []string
	for _, w := range l.widgets {
		name := w.control.Name
		if !s.gets[name] || !s.sets[name] || s.arrays[name] {
			lost = append(lost, name)
			continue
		}
		if doc := s.docs[name]; doc != "" && doc != "Parameter "+name && doc != w.control.Title && doc != name {
			w.control.Help = doc
		}
		if name == shm.ControlFingerX || name == shm.ControlFingerY {
			w.control.Group = "finger"
		}
		s.widgets = append(s.widgets, w)
	}
	if len(lost) > 0 {
		notices = append(notices, fmt.Sprintf("The server shows widgets for what it does not let anyone change: %s.", natural.Clip(strings.Join(lost, ", "), 500)))
	}
	s.asked = nil
	return notices
}

func (s *commands) widget(name string) *widget {
	for i := range s.widgets {
		if s.widgets[i].control.Name == name {
			return &s.widgets[i]
		}
	}
	return nil
}

// condensate lists the parameters that every condensate of super_hydro's own has. What else
// is known about a condensate follows from them.
var condensate = []string{"hbar", "g", "m", "healing_length", "dt_t_scale", "cooling_steps", "winding", "cylinder",
	"finger_x", "finger_y", "finger_k_m", "finger_damp", "finger_V0_mu"}

func (s *commands) isCondensate() bool {
	return !slices.ContainsFunc(condensate, func(name string) bool { return !s.gets[name] })
}

// names are the names whose values are asked for again and again.
func (s *commands) names() []string {
	if s.asked != nil {
		return s.asked
	}
	names := []string{}
	for _, w := range s.widgets {
		names = append(names, w.control.Name)
	}
	// A server that does not declare them answers all the same, and writes an error into its
	// console each time. So they are not asked for, and nobody is told the time.
	for _, name := range []string{"t", "dt"} {
		if s.gets[name] && !s.arrays[name] && s.widget(name) == nil {
			names = append(names, name)
		}
	}
	// It is the last name: the server waits for its value, and so for all values before it.
	if s.gets["Vpos"] && s.isCondensate() {
		names = append(names, "Vpos")
	}
	s.asked = names
	return names
}

// constants are the names whose values are asked for once: parameters that the server has
// declared, and from which the description of the model follows.
func (s *commands) constants() []string {
	if !s.isCondensate() {
		return nil
	}
	return []string{"hbar", "m", "g", "healing_length", "dt_t_scale"}
}

// derived returns what people are told about a condensate of these constants: its chemical
// potential, its density, and the speed of sound in it. The server knows them too, but
// under names that it does not declare.
func derived(constants map[string]shm.Value) []string {
	var c [4]float64
	for i, name := range []string{"hbar", "m", "g", "healing_length"} {
		x, ok := shm.Number(constants[name])
		if !ok || x == 0 {
			return nil
		}
		c[i] = x
	}
	hbar, m, g, xi := c[0], c[1], c[2], c[3]
	mu := hbar * hbar / (2 * m * xi * xi)
	return []string{fmt.Sprintf("mu = %.4g", mu), fmt.Sprintf("n0 = %.4g", mu/g), fmt.Sprintf("c_s = %.4g", math.Sqrt(mu/m))}
}

// families recognise super_hydro's models by parameters that no other model has. The first
// family that fits counts.
var families = []struct {
	name, about string
	params      []string
}{
	{"BECSoliton", "a grey soliton", []string{"v_c", "v_v_c"}},
	{"BECBreather", "a cloud that breathes in a harmonic trap", []string{"a_HO", "Nshape"}},
	{"BECVortices", "vortices in a trap that rotates", []string{"bump_h", "bump_N", "N_vortex"}},
	{"BECVortexRing", "a ring of vortices", []string{"R", "v_v_c"}},
	{"BECQuantumFriction", "local quantum friction", []string{"Vc_cooling"}},
	{"BECFlow", "flow past an obstacle", []string{"v_v_c"}},
	{"BEC", "a condensate", nil},
}

// describe says what the server is. The server does not tell the name of its model. The
// parameters of the model tell it.
func (s *commands) describe(addr string, shape []int, constants map[string]shm.Value) (title, about string) {
	title = "super_hydro at " + addr
	parts := []string{fmt.Sprintf("A simulation on a super_hydro server at %s%s, with a grid of %d × %d points.", scheme, addr, shape[0], shape[1])}
	if s.isCondensate() {
		for _, f := range families {
			if slices.ContainsFunc(f.params, func(p string) bool { return !s.gets[p] }) {
				continue
			}
			title = f.name + " at " + addr
			parts[0] += fmt.Sprintf(" Its parameters are those of super_hydro's %s: %s.", f.name, f.about)
			break
		}
	}
	values := derived(constants)
	for _, name := range s.constants() {
		if x, ok := shm.Number(constants[name]); ok {
			values = append(values, fmt.Sprintf("%s = %.4g", name, x))
		}
	}
	if len(values) > 0 {
		parts = append(parts, "In the server's own units: "+strings.Join(values, ", ")+".")
	}
	var docs []string
	for _, name := range slices.Sorted(maps.Keys(s.docs)) {
		if doc := s.docs[name]; s.sets[name] && doc != "" && doc != "Parameter "+name && doc != name && s.widget(name) == nil && name != "touch_pos" && len(docs) < 20 {
			docs = append(docs, name+": "+strings.TrimSuffix(doc, "."))
		}
	}
	if len(docs) > 0 {
		parts = append(parts, strings.Join(docs, ". ")+".")
	}
	parts = append(parts, "super_hydro serves one program at a time: if another one speaks to it at the same moment, it may stop.")
	return title, strings.Join(parts, "\n\n")
}

// actions are the actions of the server, and those that can be made of them. Quitting is not
// among them. tracers says whether the server has particles to reset.
func (s *commands) actions(tracers bool) []shm.Action {
	out := []shm.Action{}
	for _, a := range []shm.Action{
		{Name: shm.ActionStart, Title: "Start", Help: "Let the simulation run."},
		{Name: shm.ActionPause, Title: "Pause", Help: "Stop the simulation where it is."},
		// The server computes until it is told to pause, so it cannot stop after one step.
		{Name: shm.ActionStep, Title: "Run a moment", Help: "Let the simulation run for a picture or a few, and pause it: the server knows no single step."},
		{Name: shm.ActionReset, Title: "Reset", Help: "Go back to the beginning, with the parameters that the server began with."},
		{Name: shm.ActionResetTracers, Title: "Reset tracers", Help: "Put the tracer particles again where the fluid is."},
	} {
		switch offered := s.dos[a.Name]; {
		case a.Name == shm.ActionStep && s.dos[shm.ActionStart] && s.dos[shm.ActionPause]:
		case !offered, a.Name == shm.ActionResetTracers && !tracers:
			continue
		}
		out = append(out, a)
	}
	return append(out, restart)
}
