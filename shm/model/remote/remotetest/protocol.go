package remotetest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strings"
)

// found is a value that the computation has found out and nobody has fetched yet.
type found struct {
	name  string
	value any
}

// get answers with what is known of the values, which is what the get before has made the
// computation find out, and only of names that nobody has asked for yet with what is
// true now.
func (s *Server) get(v any) (map[string]any, error) {
	names, ok := v.([]any)
	if !ok {
		return nil, died("get of %v", v)
	}
	out := map[string]any{}
	var later []string
	for _, n := range names {
		name, ok := n.(string)
		if !ok {
			return nil, died("get of %v", n)
		}
		switch name {
		case "available_commands":
			out[name] = s.commands()
		case "layout":
			out[name] = s.layout()
		case "Nxy":
			out[name] = []int{s.opts.Nx, s.opts.Ny}
		case "Vpos":
			var at [2]float64
			if err := s.await(func() { at = s.sim.pot }); err != nil {
				return nil, err
			}
			out[name] = at
		case "array_density", "array_tracers", "density", "tracers":
			return nil, died("an array is no JSON")
		default:
			s.find(name)
			later = append(later, name)
		}
	}
	if len(later) == 0 {
		return out, nil
	}
	s.mu.Lock()
	for _, f := range s.found {
		s.cache[f.name] = f.value
	}
	s.found = nil
	s.mu.Unlock()
	for _, name := range later {
		s.mu.Lock()
		value, ok := s.cache[name]
		s.mu.Unlock()
		if !ok {
			s.find(name)
			if err := s.await(func() { value = s.sim.attribute(name); s.cache[name] = value }); err != nil {
				return nil, err
			}
		}
		out[name] = value
	}
	return out, nil
}

// find has the computation find out a value. One that there is not ends it.
func (s *Server) find(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.sim.params[name]; !ok && !(s.opts.Time && (name == "t" || name == "dt")) {
		s.counts["undeclared"]++
	}
	s.queue = append(s.queue, func() {
		v := s.sim.attribute(name)
		if v == nil {
			s.dead = true
			return
		}
		s.found = append(s.found, found{name, v})
	})
}

// set has the computation set values, in the order of their names.
func (s *Server) set(v any) error {
	if list, ok := v.([]any); ok && len(list) == 0 {
		return nil
	}
	values, ok := v.(map[string]any)
	if !ok {
		return died("set of %v", v)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets = append(s.sets, values)
	s.queue = append(s.queue, func() {
		if values["Nx"] != nil || values["Ny"] != nil {
			s.dead = true
			return
		}
		maps.Copy(s.sim.params, values)
	})
	return nil
}

func (s *Server) do(v any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[fmt.Sprint(v)]++
	switch v {
	case "start", "pause":
		s.queue = append(s.queue, func() { s.paused = v == "pause" })
	case "reset":
		s.queue = append(s.queue, func() { s.sim = newWave(&s.opts) })
	case "reset_tracers":
		s.queue = append(s.queue, func() { s.sim.scatter(s.opts.Tracers) })
	case "quit":
		return errQuit
	default:
		return died("do %v", v)
	}
	return nil
}

func (s *Server) array(c sender, word string) error {
	var shape []int
	var numbers []float64
	err := s.await(func() {
		if word == "density" {
			shape, numbers = []int{s.sim.nx, s.sim.ny}, s.sim.density()
			return
		}
		shape = []int{0}
		if n := len(s.sim.tracers[0]); n > 0 {
			shape = []int{2, n}
			numbers = append(append(numbers, s.sim.tracers[0]...), s.sim.tracers[1]...)
		}
	})
	if err != nil {
		return err
	}
	dtype := "float64"
	if word == "density" && s.opts.DType != "" {
		dtype = s.opts.DType
	}
	head, err := json.Marshal(map[string]any{"dtype": dtype, "shape": shape})
	if err != nil {
		return err
	}
	data := make([]byte, 0, 8*len(numbers))
	for _, x := range numbers {
		if dtype == "float32" {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(x)))
		} else {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
		}
	}
	_ = c.Send(head, data)
	return nil
}

type sender interface{ Send(frames ...[]byte) error }

// commands is what the server says that it has.
func (s *Server) commands() map[string]any {
	get := map[string]any{"available_commands": nil, "layout": "Return the widget layout.", "Nxy": "Return the size of the frame.",
		"Vpos": "Return the position of the external potential.", "async": nil}
	if s.opts.NoVpos {
		delete(get, "Vpos")
	}
	set := map[string]any{"touch_pos": "Set the coordinates of the user's touch."}
	if s.opts.Time {
		get["t"], get["dt"] = "The time.", "The length of a time step."
	}
	for name := range defaults(&s.opts) {
		doc := "Parameter " + name
		switch name {
		case "bump_h":
			doc = "bump size"
		case "finger_V0_mu":
			doc = "V0/mu"
		}
		get[name], set[name] = doc, doc
	}
	return map[string]any{
		"do":  map[string]any{"quit": nil, "reset": "Reset the server.", "reset_tracers": "Reset the tracers.", "start": nil, "pause": nil},
		"get": get, "set": set,
		"get_array": map[string]any{"density": "Return the density data.", "tracers": "Return the positions of the tracers."},
	}
}

// layout is the repr of the widgets of BECVortices.
func (s *Server) layout() string {
	if s.opts.Layout != "" {
		return s.opts.Layout
	}
	return strings.Join([]string{
		`VBox(children=(FloatSlider(value=0.1, description='bump size', max=0.5, name='bump_h', step=0.01)`,
		`FloatSlider(value=10.0, description='Target number of vortices', min=-100.0, name='N_vortex')`,
		`IntSlider(value=3, description='Number of bumps', name='bump_N')`,
		`VBox(children=(Checkbox(value=True, description='Trap', name='cylinder')`,
		`VBox(children=(FloatLogSlider(value=0.01, description='Cooling', max=1.0, min=-10.0, name='cooling', step=0.2)`,
		`VBox(children=(FloatSlider(value=0.5, description='V0/mu', max=2.0, min=-2.0, name='finger_V0_mu')`,
		`FloatSlider(value=0.5, max=1.0, name='finger_x', readout=False, step=0.01)`,
		`HBox(children=(Canvas(name='density')`,
		`FloatSlider(value=0.5, max=1.0, name='finger_y', orientation='vertical', readout=False, step=0.01)))))))))))`,
	}, ", ")
}
