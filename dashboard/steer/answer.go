package steer

import (
	"fmt"
	"time"

	"github.com/a-h/templ"

	"webmon/components/ui"
	"webmon/dashboard/source"
	"webmon/shm"
)

// Answer is the part of the page that replaces the form of a command after it was
// posted. It is nil if another part of the page shows what became of the command.
// csrf is the token of the page that sent the form.
func (d *Desk) Answer(src *source.Source, action shm.Action, as As, given map[string]any, is Outcome, csrf string, now time.Time) templ.Component {
	blamed, reason := "", ""
	no := is.Refusal
	if no != nil {
		blamed, reason = no.Field, no.Text
		if blamed != "" {
			reason = inWords(action, blamed, given)
		}
	}
	switch as {
	case AsControl, AsCardControl:
		of := d.ControlOf
		if as == AsCardControl {
			of = d.CardControl
		}
		p, ok := of(src, action, now)
		if !ok {
			return nil
		}
		p.CSRF, p.Error = csrf, reason
		if is.Late {
			p.Life = ui.CommandLife{Status: ui.Overtaken}
		}
		return ui.Control(p)
	case AsForm, AsButton, AsCardForm:
		p := d.Action(src, action, now)
		switch as {
		case AsButton:
			p = d.Button(src, action, asPairs(action, given), now)
		case AsCardForm:
			p = d.CardAction(src, action, now)
		}
		p.CSRF = csrf
		if no != nil {
			p = p.Failed(blamed, reason)
		}
		return ui.ActionForm(p)
	}
	return nil
}

// ControlOf is the control that an action sets: the one of its name that the process
// declares, otherwise one for an action whose only argument has the action's name.
// ok is false for any other action.
func (d *Desk) ControlOf(src *source.Source, action shm.Action, now time.Time) (p ui.ControlProps, ok bool) {
	if control, ok := src.Controls().Get(action.Name); ok {
		return d.Control(src, control, now), true
	}
	if len(action.Args) != 1 || action.Args[0].Name != action.Name {
		return ui.ControlProps{}, false
	}
	return d.untold(src, action, now), true
}

// inWords is one sentence that says why a value was not taken, with the name of the
// argument that people see.
func inWords(action shm.Action, name string, given map[string]any) string {
	for _, arg := range action.Args {
		if arg.Name != name {
			continue
		}
		v, ok := given[name]
		arg.Name, arg.Labels = label(arg.Title, arg.Name), labels(arg)
		if !ok {
			return arg.Name + " is missing."
		}
		if _, err := arg.Accept(v); err != nil {
			return err.Error() + "."
		}
	}
	return fmt.Sprintf("%s takes no %q.", label(action.Title, action.Name), name)
}

// asPairs are the arguments as they were sent, in the order in which the action has them.
func asPairs(action shm.Action, given map[string]any) []ui.Pair {
	var out []ui.Pair
	for _, arg := range action.Args {
		if v, ok := given[arg.Name]; ok {
			out = append(out, ui.Pair{Name: arg.Name, Value: fmt.Sprint(v)})
		}
	}
	return out
}
