package steer

import (
	"time"

	"webmon/dashboard/record"
	"webmon/dashboard/refusal"
	"webmon/dashboard/source"
	"webmon/shm"
)

// Outcome is what has become of a request to send a command.
type Outcome struct {
	Command Command // the command that was sent; zero if none was
	// Late says that nothing was sent, because somebody has set another value after
	// the page sent this one.
	Late    bool
	Refusal *refusal.Error // why nothing was sent; nil otherwise
}

// Ask checks the arguments that were given for an action, and sends it. An
// argument is a text as in a form, or a value as encoding/json decodes it. number is
// the one that the page has given to the value.
func (d *Desk) Ask(by record.Author, src *source.Source, action shm.Action, given map[string]any, number Number) Outcome {
	args, no := Accept(action, given)
	if no == nil {
		no = running(src)
	}
	if no != nil {
		d.refused(by, src, action.Name, givenShort(given), no)
		return Outcome{Refusal: no}
	}
	cmd, sent := d.send(entry(by, src, action, args), src, action.Name, args, number)
	return Outcome{Command: cmd, Late: !sent}
}

// AskAll sets several controls of a source: all of them, or none if one of the
// values is refused. The commands are in the order in which the process declares
// its controls.
func (d *Desk) AskAll(by record.Author, src *source.Source, given map[string]any) ([]Command, *refusal.Error) {
	declared := src.Controls()
	args, no := acceptAll(src, declared, given)
	if no != nil {
		d.refused(by, src, "parameters", givenShort(given), no)
		return nil, no
	}
	var sent []Command
	for _, control := range declared {
		if value, ok := args[control.Name]; ok {
			one := map[string]shm.Value{control.Name: value}
			cmd, _ := d.send(entry(by, src, actionOf(control), one), src, control.Name, one, Number{})
			sent = append(sent, cmd)
		}
	}
	return sent, nil
}

// acceptAll checks values for several controls of a source.
func acceptAll(src *source.Source, declared shm.Controls, given map[string]any) (map[string]shm.Value, *refusal.Error) {
	if no := running(src); no != nil {
		return nil, no
	}
	if no := refusal.Unknown(src.Status(time.Now()).Name, given, namesOf(declared)); no != nil {
		return nil, no
	}
	args := map[string]shm.Value{}
	for _, control := range declared {
		v, ok := given[control.Name]
		if !ok {
			continue
		}
		value, err := control.Accept(v)
		if err != nil {
			return nil, &refusal.Error{Field: control.Name, Text: err.Error() + "."}
		}
		args[control.Name] = value
	}
	return args, nil
}

// Accept checks that the arguments are those that the action takes, and returns
// their values in the types that the controls have.
func Accept(action shm.Action, given map[string]any) (map[string]shm.Value, *refusal.Error) {
	if no := refusal.Unknown(action.Name, given, namesOf(action.Args)); no != nil {
		return nil, no
	}
	args := make(map[string]shm.Value, len(action.Args))
	for _, control := range action.Args {
		v, ok := given[control.Name]
		if !ok {
			return nil, &refusal.Error{Field: control.Name, Text: control.Name + " is missing."}
		}
		value, err := control.Accept(v)
		if err != nil {
			return nil, &refusal.Error{Field: control.Name, Text: err.Error() + "."}
		}
		args[control.Name] = value
	}
	return args, nil
}

// namesOf are the names that controls have.
func namesOf(controls []shm.Control) []string {
	names := make([]string, len(controls))
	for i := range controls {
		names[i] = controls[i].Name
	}
	return names
}

// running refuses what is asked of a process that does not run.
func running(src *source.Source) *refusal.Error {
	if st := src.Status(time.Now()); !st.Running {
		return &refusal.Error{Text: gone(st) + ", so nothing was sent.", Gone: true}
	}
	return nil
}

// gone says that a source does not run.
func gone(st source.Status) string {
	if st.Kind.IsModel() {
		return st.Name + " does not run"
	}
	return st.Name + " is gone"
}
