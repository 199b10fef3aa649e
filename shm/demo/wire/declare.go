package wire

import (
	"errors"
	"fmt"

	"webmon/fault"
	"webmon/shm"
	"webmon/shm/pickle"
)

// Topic describes a topic of a process.
type Topic struct {
	Name   string
	Event  bool // an event, otherwise a state
	Title  string
	Unit   string
	Fields []Field
}

// Field describes one part of the values of a topic: a key, or keys joined by dots.
type Field struct{ Path, Title, Unit string }

type topic = Topic

// Topic declares a topic, or describes one that is declared in another way.
func (p *Process) Topic(t Topic) {
	p.topics.set(t.Name, t)
	p.dirty["topics"] = true
}

// Board declares a board, a page of cards: JSON as dashboard/board/file describes it.
func (p *Process) Board(b shm.BoardText) {
	p.boards.set(b.Name, b.Text)
	p.dirty[shm.TopicBoards] = true
}

type control struct {
	shm.Control
	set func(shm.Value) error
}

// Control declares a control, or declares it again in its old place. set takes a value that the
// control's type and limits allow; the control then has that value, unless set returns an error,
// which is the reason that people read. set may call SetControl to give the control another value.
func (p *Process) Control(c shm.Control, set func(v shm.Value) error) {
	p.controls.set(c.Name, control{c, set})
	p.dirty[shm.TopicControls] = true
}

// SetControl gives a control a value that the process itself has chosen.
func (p *Process) SetControl(name string, v shm.Value) {
	if i := p.controls.find(name); i >= 0 && p.controls[i].v.Value != v {
		p.controls[i].v.Value = v
		p.dirty[shm.TopicControls] = true
	}
}

// RemoveControl takes a control back.
func (p *Process) RemoveControl(name string) {
	if p.controls.remove(name) {
		p.dirty[shm.TopicControls] = true
	}
}

// Args are the arguments of a call, by name: each of the type and within the limits that are
// declared. Those that were left out have their defaults.
type Args map[string]shm.Value

// Float returns an argument of the type float.
func (a Args) Float(name string) float64 { x, _ := shm.Number(a[name]); return x }

// Int returns an argument of the type int.
func (a Args) Int(name string) int { n, _ := a[name].(int64); return int(n) }

// Bool returns an argument of the type bool.
func (a Args) Bool(name string) bool { b, _ := a[name].(bool); return b }

// Text returns an argument of the type text, choice or color.
func (a Args) Text(name string) string { s, _ := a[name].(string); return s }

// ErrLater is what the function of an action returns that answers its call later.
var ErrLater = errors.New("the call is answered later")

// Call is one call of an action.
type Call struct {
	Args
	p  *Process
	id string
}

// Answer says what has become of a call whose function has returned [ErrLater]: nil that it was
// done, an error why not. It is called once, by the owner.
func (c Call) Answer(err error) { c.p.answer(c.id, err) }

type action struct {
	shm.Action
	do func(Call) error
}

// Action declares an action, or declares it again in its old place. do is called with each call of
// it. Its error is the reason that people read; [ErrLater] says that the call is answered later.
func (p *Process) Action(a shm.Action, do func(c Call) error) {
	p.actions.set(a.Name, action{a, do})
	p.dirty[shm.TopicActions] = true
}

// RemoveAction takes an action back.
func (p *Process) RemoveAction(name string) {
	if p.actions.remove(name) {
		p.dirty[shm.TopicActions] = true
	}
}

// command is one that has come. drag: it is a value on the way, which nobody waits for.
type command struct {
	id, name string
	drag     bool
	args     map[string]pickle.Value
}

// obey takes the commands that have come and has them done. A value on the way is left out if a
// newer one for the same name has come.
func (p *Process) obey() {
	var list []command
	for {
		v, err := p.commands.TryGet()
		if err != nil {
			break // empty
		}
		d, _ := v.(*pickle.Dict)
		said := d.Dict("webmon")
		if hands := said.Dict("hands"); hands != nil {
			p.do(list)
			list = list[:0]
			p.hands(hands)
			continue
		}
		if c, ok := read(said); ok {
			list = append(list, c)
		}
	}
	p.do(list)
}

// read reads a command. What is none is passed over, as the Python package does.
func read(said *pickle.Dict) (c command, ok bool) {
	if said == nil {
		return c, false
	}
	name, _ := said.Get("name")
	if c.name, ok = name.(string); !ok {
		return c, false
	}
	id, _ := said.Get("id")
	c.id, ok = id.(string)
	c.drag = !ok
	c.args = map[string]pickle.Value{}
	if args := said.Dict("args"); args != nil {
		for _, e := range args.Entries {
			if key, ok := e.Key.(string); ok {
				c.args[key] = e.Value
			}
		}
	}
	return c, true
}

func (p *Process) hands(d *pickle.Dict) {
	if p.opt.Hands == nil {
		return
	}
	v, err := pickle.Plain(d, pickle.PlainOptions{MaxNodes: 10_000, MaxDepth: 16})
	if err != nil {
		return
	}
	m, _ := v.(map[string]any)
	n, _ := m["n"].(int64)
	events, _ := m["events"].([]any)
	if err := fault.Do(func() { p.opt.Hands(n, events) }); err != nil {
		p.faults.Note(p.opt.Name, "hands", err)
	}
}

func (p *Process) do(list []command) {
	newest := map[string]int{}
	for i, c := range list {
		newest[c.name] = i
	}
	for i, c := range list {
		if c.drag && newest[c.name] > i {
			continue
		}
		err := fault.Catch(func() error { return p.run(c) })
		if f := (*fault.Error)(nil); errors.As(err, &f) {
			p.faults.Note(p.opt.Name, c.name, err)
		}
		if errors.Is(err, ErrLater) {
			continue
		}
		p.answer(c.id, err)
	}
}

// run does what a command says.
func (p *Process) run(c command) error {
	if i := p.actions.find(c.name); i >= 0 {
		a := p.actions[i].v
		args := Args{}
		for j := range a.Args {
			arg := &a.Args[j]
			v, given := c.args[arg.Name]
			if !given {
				if arg.Default == nil {
					return fmt.Errorf("%s is missing", arg.Name)
				}
				v = arg.Default
			}
			value, err := arg.Accept(v)
			if err != nil {
				return err
			}
			args[arg.Name] = value
		}
		return a.do(Call{Args: args, p: p, id: c.id})
	}
	i := p.controls.find(c.name)
	if i < 0 {
		return fmt.Errorf("%s has no command or control %q", p.opt.Name, c.name)
	}
	v, given := c.args[c.name]
	if !given {
		return fmt.Errorf("%s is missing", c.name)
	}
	value, err := p.controls[i].v.Accept(v)
	if err != nil {
		return err
	}
	before := p.controls[i].v.Value
	p.SetControl(c.name, value)
	if err := p.controls[i].v.set(value); err != nil {
		p.SetControl(c.name, before)
		return err
	}
	return nil
}

// answer tells what has become of a command, where somebody waits for it.
func (p *Process) answer(id string, err error) {
	if id == "" {
		return
	}
	status, reason := shm.Applied, pickle.Value(nil)
	if err != nil {
		status, reason = shm.Refused, err.Error()
	}
	p.say(pickle.NewDict("command", pickle.NewDict("id", id, "status", string(status), "reason", reason, "time", stamp(p.now))))
}

// optional is nil for a zero value, otherwise the value.
func optional[T comparable](v T) pickle.Value {
	if v == *new(T) {
		return nil
	}
	return v
}

func limit(x *float64) pickle.Value {
	if x == nil {
		return nil
	}
	return *x
}

func texts(list []string) pickle.Value {
	if list == nil {
		return nil
	}
	return list
}

// pickleControl writes a control as shm/PROTOCOL.md has it, without what is not there.
func pickleControl(c *shm.Control) *pickle.Dict {
	d := pickle.NewDict("type", string(c.Type))
	add := func(key string, v pickle.Value) {
		if v != nil {
			_ = d.Set(key, v) // a text is hashable
		}
	}
	add("value", c.Value)
	add("default", c.Default)
	add("min", limit(c.Min))
	add("max", limit(c.Max))
	add("step", optional(c.Step))
	add("scale", optional(c.Scale))
	add("unit", optional(c.Unit))
	add("soft", optional(c.Soft))
	add("choices", texts(c.Choices))
	add("labels", texts(c.Labels))
	add("title", optional(c.Title))
	add("help", optional(c.Help))
	add("group", optional(c.Group))
	add("section", optional(c.Section))
	return d
}

func pickleAction(a *shm.Action) *pickle.Dict {
	args := &pickle.List{}
	for i := range a.Args {
		d := pickleControl(&a.Args[i])
		_ = d.Set("name", a.Args[i].Name)
		args.Items = append(args.Items, d)
	}
	return pickle.NewDict("title", a.Title, "args", args, "help", a.Help, "group", a.Group)
}

func pickleTopic(t *Topic) *pickle.Dict {
	kind := "state"
	if t.Event {
		kind = "event"
	}
	fields := pickle.NewDict()
	for _, f := range t.Fields {
		_ = fields.Set(f.Path, pickle.NewDict("title", f.Title, "unit", f.Unit))
	}
	return pickle.NewDict("kind", kind, "title", t.Title, "unit", t.Unit, "fields", fields)
}
