package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/source"
	"webmon/shm"
)

// How long the life of a command stays beside its control once it is over.
const (
	showApplied = 4 * time.Second
	showRefused = 20 * time.Second
)

// What the answer to a form of a control or an action is, for htmx: the query
// "as" of its address. Without one it is the switch of an action.
const (
	asControl = "control" // the control, rendered again
	asForm    = "form"    // the action's form, rendered again
	asButton  = "button"  // the same, with all arguments kept as they were sent
	asNone    = "none"    // nothing: what stands around the form shows it
)

// controlsOf are the controls that a source declares.
func controlsOf(src *source.Source) shm.Controls {
	value, _, _ := src.State(shm.TopicControls)
	controls, _ := value.(shm.Controls)
	return controls
}

// findAction returns what the source offers under a name: an action, else a
// control, which is commanded by its own name with the value as the one
// argument of the same name.
func findAction(src *source.Source, name string) (shm.Action, bool) {
	for _, a := range src.Actions() {
		if a.Name == name {
			return a, true
		}
	}
	if c, ok := controlsOf(src).Get(name); ok {
		return actionOfControl(c), true
	}
	return shm.Action{}, false
}

func actionOfControl(c shm.Control) shm.Action {
	return shm.Action{Name: c.Name, Title: c.Title, Args: []shm.Control{c}, Help: c.Help, Group: c.Group}
}

// isSwitch reports whether an action turns something on and off: its one
// argument is its own state.
func isSwitch(action shm.Action) bool {
	return len(action.Args) == 1 && action.Args[0].Type == shm.Bool && action.Args[0].Name == action.Name
}

// commandPath is where commands of the name are posted to.
func (s *Server) commandPath(src *source.Source, name, as string) string {
	path := s.opts.Prefix + "/sources/" + src.ID() + "/commands/" + name
	if as != "" {
		path += "?as=" + as
	}
	return path
}

// unusable says why nothing can be asked of a source, "" if it can.
func unusable(st source.Status) string {
	if st.Running {
		return ""
	}
	return gone(st) + "."
}

// gone says that a source does not run.
func gone(st source.Status) string {
	if st.Kind.IsModel() {
		return st.Name + " does not run"
	}
	return st.Name + " is gone"
}

// control is a control as people see it, with what has become of the last
// command.
func (s *Server) control(src *source.Source, c shm.Control, now time.Time) ui.ControlProps {
	st := src.Status(now)
	p := ui.ControlProps{
		Field: field(ui.ID("value", c.Name), c, c.Value), Source: src.ID(),
		Action: s.commandPath(src, c.Name, asControl), Why: unusable(st),
	}
	if c.Default != nil && c.Type != shm.Bool {
		p.Default = fieldValue(c.Default)
	}
	if last, ok := s.commands.last(src.ID(), c.Name); ok {
		p.Life = recent(last, st, now)
	}
	if c.Name == gridCommand {
		p.Key = "g"
	}
	return p
}

// actionSwitch is an action that turns something on and off as a control. The
// process tells nobody whether it is on, so it is what it was told last.
func (s *Server) actionSwitch(src *source.Source, action shm.Action, now time.Time) ui.ControlProps {
	sw := s.commandSwitch(src, action, "")
	c := action.Args[0]
	c.Title, c.Help, c.Value = action.Title, action.Help, sw.On
	p := s.control(src, c, now)
	p.Untold = true
	return p
}

// switchOf is an action as a control if it turns something on and off.
func (s *Server) switchOf(src *source.Source, action shm.Action, now time.Time) (ui.ControlProps, bool) {
	if !isSwitch(action) {
		return ui.ControlProps{}, false
	}
	return s.actionSwitch(src, action, now), true
}

// action is an action as a form.
func (s *Server) action(src *source.Source, a shm.Action, now time.Time) ui.ActionProps {
	st := src.Status(now)
	p := ui.ActionProps{
		ID: ui.ID("action", a.Name), Label: label(a.Title, a.Name), Help: a.Help,
		Action: s.commandPath(src, a.Name, asForm), Why: unusable(st),
	}
	for _, arg := range a.Args {
		value := arg.Value
		if value == nil {
			value = arg.Default
		}
		p.Fields = append(p.Fields, field(ui.ID("value", a.Name, arg.Name), arg, value))
	}
	if last, ok := s.commands.last(src.ID(), a.Name); ok {
		p.Life = recent(last, st, now)
	}
	return p
}

// actionButton is an action whose arguments the page knows, as a button.
func (s *Server) actionButton(src *source.Source, a shm.Action, args []ui.Pair, now time.Time) ui.ActionProps {
	p := s.action(src, a, now)
	p.Action, p.Fields, p.Hidden = s.commandPath(src, a.Name, asButton), nil, args
	return p
}

// recent is the life of a command for as long as it says something about now.
func recent(cmd command, st source.Status, now time.Time) ui.CommandLife {
	// A process that starts again knows nothing of what the last was told.
	if st.Running && cmd.Sent.Before(st.Began) {
		return ui.CommandLife{}
	}
	over := now.Sub(cmd.changed())
	switch cmd.Status {
	case shm.Applied:
		if over > showApplied {
			return ui.CommandLife{}
		}
	case shm.Refused, shm.Gone:
		if over > showRefused {
			return ui.CommandLife{}
		}
	}
	return ui.CommandLife{Status: ui.CommandStatus(cmd.Status), Reason: cmd.Reason}
}

// field is a value to enter as a control's type wants it.
func field(id string, c shm.Control, value shm.Value) ui.Field {
	return ui.Field{
		ID: id, Name: c.Name, Label: label(c.Title, c.Name), Help: c.Help, Unit: c.Unit,
		Type: ui.FieldType(c.Type), Value: fieldValue(value),
		Min: c.Min, Max: c.Max, Step: c.Step, Log: c.Scale == "log", Choices: c.Choices,
	}
}

// fieldValue writes a control's value as fields hold it.
func fieldValue(v shm.Value) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case int:
		return strconv.Itoa(v)
	case float64:
		return ui.FieldNumber(v)
	}
	return ""
}

// label is the title, or where there is none what can be made of the name.
func label(title, name string) string {
	if title == "" {
		title = strings.TrimSpace(strings.ReplaceAll(name, "_", " "))
	}
	first, n := utf8.DecodeRuneInString(title)
	if n == len(title) {
		return title // the name of an axis
	}
	return string(unicode.ToUpper(first)) + title[n:]
}

// renderCommand answers htmx with what a command was sent by, rendered again.
func (s *Server) renderCommand(c echo.Context, src *source.Source, action shm.Action, given map[string]any) error {
	return s.renderForm(c, http.StatusOK, src, action, given, nil)
}

// renderLate is renderCommand of what was not sent because somebody has set another
// value since.
func (s *Server) renderLate(c echo.Context, src *source.Source, action shm.Action, given map[string]any) error {
	c.Set(lateKey, true)
	return s.renderForm(c, http.StatusOK, src, action, given, nil)
}

// lateKey is where a request says that what it asks for comes late.
const lateKey = "late"

// refuseCommand answers whoever asked for a command with why it was not sent:
// htmx with the form and the reason in it, others with the error alone.
func (s *Server) refuseCommand(c echo.Context, src *source.Source, action shm.Action, given map[string]any, problem error) error {
	as := c.QueryParam("as")
	var he *echo.HTTPError
	if c.Request().Header.Get("HX-Request") == "" || as == asNone || as == "" || !errors.As(problem, &he) {
		return problem
	}
	return s.renderForm(c, he.Code, src, action, given, he)
}

func (s *Server) renderForm(c echo.Context, status int, src *source.Source, action shm.Action, given map[string]any, refused *echo.HTTPError) error {
	now := time.Now()
	token := s.view(c, src, now).CSRF
	blamed, reason := "", ""
	if refused != nil {
		reason = fmt.Sprint(refused.Message)
		var f fieldError
		if errors.As(refused, &f) {
			blamed, reason = f.field, sayFor(action, f.field, given)
		}
	}
	var content templ.Component
	switch as := c.QueryParam("as"); {
	case as == asNone:
		return c.NoContent(http.StatusNoContent)
	case as == asControl && len(action.Args) == 1 && action.Args[0].Name == action.Name:
		p := s.controlOrSwitch(src, action, now)
		p.CSRF, p.Error = token, reason
		if c.Get(lateKey) != nil {
			p.Life = ui.CommandLife{Status: ui.Overtaken}
		}
		content = ui.Control(p)
	case as == asForm, as == asButton:
		p := s.action(src, action, now)
		if as == asButton {
			p = s.actionButton(src, action, asPairs(action, given), now)
		}
		p.CSRF = token
		if refused != nil {
			p = p.Failed(blamed, reason)
		}
		content = ui.ActionForm(p)
	case isSwitch(action):
		content = ui.Switch(s.commandSwitch(src, action, token))
	default:
		return c.NoContent(http.StatusNoContent)
	}
	return s.render(c, status, content)
}

// controlOrSwitch is what a name stands for on the page.
func (s *Server) controlOrSwitch(src *source.Source, action shm.Action, now time.Time) ui.ControlProps {
	if control, ok := controlsOf(src).Get(action.Name); ok {
		return s.control(src, control, now)
	}
	return s.actionSwitch(src, action, now)
}

// sayFor says why a value was not taken, with the name that people see.
func sayFor(action shm.Action, name string, given map[string]any) string {
	for _, arg := range action.Args {
		if arg.Name != name {
			continue
		}
		v, ok := given[name]
		arg.Name = label(arg.Title, arg.Name)
		if !ok {
			return arg.Name + " is missing."
		}
		if _, err := arg.Accept(v); err != nil {
			return err.Error() + "."
		}
	}
	return fmt.Sprintf("%s takes no %q.", label(action.Title, action.Name), name)
}

// asPairs are arguments as they were sent, in the order of the action.
func asPairs(action shm.Action, given map[string]any) []ui.Pair {
	var out []ui.Pair
	for _, arg := range action.Args {
		if v, ok := given[arg.Name]; ok {
			out = append(out, ui.Pair{Name: arg.Name, Value: fmt.Sprint(v)})
		}
	}
	return out
}

// commandLog lists the last commands to a source, newest first.
func (s *Server) commandLog(src *source.Source, n int) []components.CommandEntry {
	var out []components.CommandEntry
	for _, cmd := range s.commands.recent(src.ID(), n) {
		e := components.CommandEntry{
			ID: cmd.ID, Time: cmd.Sent, Name: cmd.Name, Status: ui.CommandStatus(cmd.Status), Reason: cmd.Reason,
		}
		action, _ := findAction(src, cmd.Name)
		var parts []string
		for _, arg := range action.Args {
			text := fieldValue(cmd.Args[arg.Name])
			if utf8.RuneCountInString(text) > maxLogged {
				text = string([]rune(text)[:maxLogged]) + "…"
			}
			if arg.Unit != "" {
				text += " " + arg.Unit
			}
			if arg.Name != cmd.Name {
				text = arg.Name + " " + text
			}
			parts = append(parts, text)
		}
		e.Args = strings.Join(parts, ", ")
		out = append(out, e)
	}
	return out
}

// maxLogged is how many letters of a value the list of commands shows.
const maxLogged = 60
