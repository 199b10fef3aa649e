package process

import (
	"fmt"
	"slices"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/pickle"
)

// actions is the fixed list of what is ever sent to a plain napari: napari
// looks the name up among its own methods, so it must never come from outside.
var actions = []shm.Action{{
	Name:  "show_grid",
	Title: "Show grid",
	Args: []shm.Control{{
		Name: "show_grid", Type: shm.Bool, Default: true,
		Help: "Draw the borders of the tiles",
	}},
	Help: "Draws the borders of the tiles over the selected multiscale layers",
}}

// Actions implements [shm.Source]. A process with the package has the actions that it
// declares. A napari that is known to have lost the command has none.
func (s *Source) Actions() []shm.Action {
	if s.saidHello() {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.Clone(s.actions)
	}
	if lostGrid(s.Info().Napari) {
		return nil
	}
	return append([]shm.Action(nil), actions...)
}

// lostGrid reports whether a napari of this version has no show_grid, and only says so in its
// log: those after 0.4.11. With an unknown version show_grid is worth a try.
func lostGrid(version string) bool {
	var major, minor, patch int
	if n, _ := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); n < 2 {
		return false
	}
	return major > 0 || minor > 4 || minor == 4 && patch > 11
}

// Command implements [shm.Source].
func (s *Source) Command(cmd shm.Command, report func(shm.Status, string)) {
	if cmd.ID == "" || report == nil {
		report = func(shm.Status, string) {}
	}
	p := &pending{cmd: cmd, report: report, answers: s.saidHello()}
	var err error
	if p.answers {
		p.value, err = s.message(cmd)
	} else {
		var arg pickle.Value
		arg, err = argument(cmd, s.Actions())
		p.value = pickle.NewDict(cmd.Name, arg)
	}
	if err != nil {
		p.tell(shm.Refused, err.Error())
		return
	}
	s.out.add(p)
}

// argument checks a command against the list and returns what to send.
func argument(cmd shm.Command, actions []shm.Action) (pickle.Value, error) {
	for _, a := range actions {
		if a.Name != cmd.Name {
			continue
		}
		control := a.Args[0]
		v, ok := cmd.Args[control.Name]
		if !ok || len(cmd.Args) != 1 {
			return nil, fmt.Errorf("%s takes one value, named %s", a.Name, control.Name)
		}
		return control.Accept(v)
	}
	return nil, fmt.Errorf("napari has no command %q that may be sent", natural.Clip(cmd.Name, 40))
}

// message checks a command against what a process with the package declares and returns
// what to send.
func (s *Source) message(cmd shm.Command) (pickle.Value, error) {
	args, err := s.arguments(cmd)
	if err != nil {
		return nil, err
	}
	var id pickle.Value // None: a drag value
	if cmd.ID != "" {
		id = cmd.ID
	}
	return pickle.NewDict(messageWebmon, pickle.NewDict("id", id, "name", cmd.Name, "args", args)), nil
}

// arguments returns the arguments of an action, in its order, or the value of a control.
func (s *Source) arguments(cmd shm.Command) (*pickle.Dict, error) {
	s.mu.Lock()
	takes, ok, action := []shm.Control(nil), false, false
	for i := range s.actions {
		if s.actions[i].Name == cmd.Name {
			takes, ok, action = s.actions[i].Args, true, true
		}
	}
	if !ok {
		var control shm.Control
		if control, ok = s.controls.Get(cmd.Name); ok {
			takes = []shm.Control{control}
		}
	}
	name := s.info.Name
	s.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("%s has no command or control %q", name, natural.Clip(cmd.Name, 80))
	}
	args := pickle.NewDict()
	for i := range takes {
		c := &takes[i]
		v, given := cmd.Args[c.Name]
		if !given && c.Default != nil && action {
			continue // the process has the default
		}
		if !given {
			return nil, fmt.Errorf("%s is missing", c.Name)
		}
		value, err := c.Accept(v)
		if err != nil {
			return nil, err
		}
		_ = args.Set(c.Name, value) // a string is hashable
	}
	for given := range cmd.Args {
		if !slices.ContainsFunc(takes, func(c shm.Control) bool { return c.Name == given }) {
			return nil, fmt.Errorf("%s takes no %q", cmd.Name, natural.Clip(given, 80))
		}
	}
	return args, nil
}
