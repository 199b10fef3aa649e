package process

import (
	"fmt"
	"math"
	"math/big"
	"slices"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/pickle"
)

// Bounds of what a process with the package declares.
const (
	maxControls = 8192
	maxActions  = 256
	maxArgs     = 64   // of one action
	maxChoices  = 1024 // of one control
	maxFieldsOf = 256  // described fields of one topic

	maxWord  = 80   // bytes of a unit, a group
	maxTitle = 200  // bytes, also of a choice and a label
	maxHelp  = 2000 // bytes
	maxValue = 4096 // bytes of a text
)

// declarer decodes what a process declares. It leaves out what makes no sense, with one note
// for each kind of mistake.
type declarer struct{ notes }

func (d *declarer) note(key, format string, args ...any) { d.add(key, format, args...) }

// named returns the entries of a dict from names to dicts, in its order.
func (d *declarer) named(what string, v pickle.Value, most int, each func(name string, v *pickle.Dict)) {
	if v == nil {
		return
	}
	if why := heavy(v, maxDeclared, 16); why != "" {
		d.note(what, "The %s that the process declares are left out: %s", what, why)
		return
	}
	dict, ok := v.(*pickle.Dict)
	if !ok {
		d.note(what, "The process sent %s instead of a dict for its %s; none are shown", kindOf(v), what)
		return
	}
	n := 0
	for _, e := range dict.Entries {
		name, ok := e.Key.(string)
		if !ok || !wireName.MatchString(name) {
			d.note(what+".name", "Among its %s the process names %s, which is no name: letters, digits and _ . : - will do; it is left out", what, kindOf(e.Key))
			continue
		}
		entry, ok := e.Value.(*pickle.Dict)
		if !ok {
			d.note(what+"."+name, "%q among the %s is described by %s instead of a dict, and is left out", name, what, kindOf(e.Value))
			continue
		}
		if n == most {
			d.note(what+".many", "The process declares %d %s; the first %d are shown", dict.Len(), what, most)
			return
		}
		n++
		each(name, entry)
	}
}

// decodeControls turns napari_data["controls"] into Controls, in the order of
// the dict.
func decodeControls(v pickle.Value) (shm.Controls, []note) {
	var d declarer
	list := shm.Controls{}
	d.named("controls", v, maxControls, func(name string, v *pickle.Dict) {
		c, err := d.control(name, v)
		if err == nil && c.Value == nil {
			err = fmt.Errorf("its value is %s, which is no %s", kindOf(entry(v, "value")), c.Type)
		}
		if err != nil {
			d.note("controls."+name, "The control %q is left out: %v", name, err)
			return
		}
		list = append(list, c)
	})
	return list, d.list
}

// decodeActions turns napari_data["actions"] into Actions, in the order of the
// dict. An action with an argument that makes no sense is left out, because nobody could
// call it.
func decodeActions(v pickle.Value) (shm.Actions, []note) {
	var d declarer
	list := shm.Actions{}
	d.named("actions", v, maxActions, func(name string, v *pickle.Dict) {
		a, err := d.action(name, v)
		if err != nil {
			d.note("actions."+name, "The action %q is left out: %v", name, err)
			return
		}
		list = append(list, a)
	})
	return list, d.list
}

func (d *declarer) action(name string, v *pickle.Dict) (shm.Action, error) {
	a := shm.Action{
		Name: name, Title: words1(v, "title", maxTitle), Args: []shm.Control{},
		Help: words1(v, "help", maxHelp), Group: words1(v, "group", maxWord),
	}
	args := entry(v, "args")
	list, ok := sequence(args)
	switch {
	case args == nil:
		return a, nil
	case !ok:
		return a, fmt.Errorf("its arguments are %s instead of a list", kindOf(args))
	case len(list) > maxArgs:
		return a, fmt.Errorf("it has %d arguments; %d are allowed", len(list), maxArgs)
	}
	for i, v := range list {
		arg, ok := v.(*pickle.Dict)
		if !ok {
			return a, fmt.Errorf("its argument %d is %s instead of a dict", i+1, kindOf(v))
		}
		name, _ := entry(arg, "name").(string)
		if !wireName.MatchString(name) || slices.ContainsFunc(a.Args, func(c shm.Control) bool { return c.Name == name }) {
			return a, fmt.Errorf("its argument %d needs a name of its own", i+1)
		}
		c, err := d.control(name, arg)
		if err != nil {
			return a, fmt.Errorf("its argument %q: %w", name, err)
		}
		// The form begins with it, so it has to lie within the limits.
		if x, ok := shm.Number(c.Default); ok && !c.Soft && (c.Min != nil && x < *c.Min || c.Max != nil && x > *c.Max) {
			c.Default = nil
		}
		a.Args = append(a.Args, c)
	}
	return a, nil
}

// control decodes one control. Its Value is nil if the type does not allow what is there.
// An error says why the control is of no use. Other parts that make no sense are ignored.
func (d *declarer) control(name string, v *pickle.Dict) (shm.Control, error) {
	c := shm.Control{
		Name: name, Title: words1(v, "title", maxTitle), Unit: words1(v, "unit", maxWord),
		Help: words1(v, "help", maxHelp), Group: words1(v, "group", maxWord),
		Section: words1(v, "section", maxWord),
	}
	kind, _ := entry(v, "type").(string)
	switch c.Type = shm.ControlType(kind); c.Type {
	case shm.Int, shm.Float:
		c.Min, c.Max = finite(v, "min"), finite(v, "max")
		if c.Min != nil && c.Max != nil && *c.Min > *c.Max {
			d.note("controls.limits", "The limits of %q are the wrong way round; it is shown without them", name)
			c.Min, c.Max = nil, nil
		}
		c.Soft, _ = scalar(entry(v, "soft")).(bool)
		if step := finite(v, "step"); step != nil && *step > 0 {
			c.Step = *step
		}
		if scale := words1(v, "scale", maxWord); scale == "log" && c.Min != nil && *c.Min > 0 {
			c.Scale = scale
		}
	case shm.Choice:
		d.choices(&c, v)
		if len(c.Choices) == 0 {
			return c, fmt.Errorf("there is nothing to choose from")
		}
	case shm.Bool, shm.Text, shm.Color:
	default:
		return c, fmt.Errorf("its type is %s instead of float, int, bool, choice, text or color", kindOf(entry(v, "type")))
	}
	c.Value = typed(c.Type, entry(v, "value"))
	// People can send the default, so it must be one that can be sent. It may lie beyond the limits.
	c.Default = typed(c.Type, entry(v, "default"))
	if c.Default != nil {
		if _, err := c.Accept(c.Default); err != nil {
			c.Default = nil
		}
	}
	return c, nil
}

// choices decodes the choices of a control, and the labels that people see instead. Labels
// that do not fit the choices are left out, because they would name the wrong ones.
func (d *declarer) choices(c *shm.Control, v *pickle.Dict) {
	choices, _ := sequence(entry(v, "choices"))
	var labels []pickle.Value
	if given := entry(v, "labels"); given != nil {
		labels, _ = sequence(given)
		for _, label := range labels[:min(len(labels), len(choices))] {
			if _, ok := text(label); !ok {
				labels = nil
				break
			}
		}
		if len(labels) != len(choices) {
			d.note("controls.labels", "The labels of %q are not a text for each of its %d choices; it is shown without them", c.Name, len(choices))
			labels = nil
		}
	}
	known := map[string]bool{}
	for i, choice := range choices {
		s, ok := text(choice)
		if !ok || len(s) > maxTitle || known[s] {
			continue
		}
		if len(c.Choices) == maxChoices {
			break
		}
		known[s] = true
		c.Choices = append(c.Choices, s)
		if labels != nil {
			label, _ := text(labels[i])
			c.Labels = append(c.Labels, natural.Clip(label, maxTitle))
		}
	}
}

// typed returns v as a value of the type, nil if it is none. The value may lie beyond the
// limits, because the process has it.
func typed(t shm.ControlType, v pickle.Value) shm.Value {
	v = scalar(v)
	switch t {
	case shm.Bool:
		if b, ok := v.(bool); ok {
			return b
		}
	case shm.Choice, shm.Text:
		if s, ok := text(v); ok {
			return natural.Clip(s, maxValue)
		}
	case shm.Color:
		if s, ok := text(v); ok {
			if color, ok := shm.ParseColor(s); ok {
				return color
			}
		}
	case shm.Int:
		if n, ok := v.(int64); ok {
			return n
		}
		if x, ok := number(v); ok {
			if n, ok := whole(x); ok {
				return n
			}
		}
	case shm.Float:
		if x, ok := number(v); ok && !math.IsNaN(x) && !math.IsInf(x, 0) {
			return x
		}
	}
	return nil
}

// scalar returns what a NumPy scalar holds, and any other value as it is.
func scalar(v pickle.Value) pickle.Value {
	switch v := v.(type) {
	case *pickle.Array:
		if len(v.Shape) == 0 {
			if item, ok := v.At(); ok {
				return item
			}
		}
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f
	}
	return v
}

// text returns a text, NumPy's included.
func text(v pickle.Value) (string, bool) {
	s, ok := scalar(v).(string)
	return natural.Clip(s, max(len(s), 8)), ok
}

func entry(d *pickle.Dict, key string) pickle.Value {
	v, _ := d.Get(key)
	return v
}

// words1 returns a text for people, "" if there is none.
func words1(d *pickle.Dict, key string, most int) string {
	s, _ := text(entry(d, key))
	return natural.Clip(s, most)
}

// finite returns a number, nil if there is none.
func finite(d *pickle.Dict, key string) *float64 {
	x, ok := number(scalar(entry(d, key)))
	if !ok || math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// topicKind is what a process says about one of its topics.
type topicKind struct {
	name  string
	state bool
}

// decodeTopics turns napari_data["topics"] into a value of the same form, and the list of
// names. It leaves out what makes no sense.
func decodeTopics(v pickle.Value) (shm.Value, []topicKind, []note) {
	var d declarer
	out := map[string]shm.Value{}
	var list []topicKind
	d.named("topics", v, maxStates, func(name string, v *pickle.Dict) {
		kind := words1(v, "kind", maxWord)
		if kind != "state" && kind != "event" {
			d.note("topics."+name, "The topic %q is %s instead of a state or an event; it is left out", name, kindOf(entry(v, "kind")))
			return
		}
		topic := map[string]shm.Value{"kind": kind}
		describe(topic, v)
		fields := map[string]shm.Value{}
		if dict, ok := entry(v, "fields").(*pickle.Dict); ok {
			for _, e := range dict.Entries {
				path, ok := e.Key.(string)
				if of, isDict := e.Value.(*pickle.Dict); ok && isDict && len(path) <= maxTitle && len(fields) < maxFieldsOf {
					field := map[string]shm.Value{}
					describe(field, of)
					fields[natural.Clip(path, maxTitle)] = field
				}
			}
		}
		if len(fields) > 0 {
			topic["fields"] = fields
		}
		out[name] = topic
		list = append(list, topicKind{name, kind == "state"})
	})
	return out, list, d.list
}

// describe copies a title and a unit.
func describe(into map[string]shm.Value, v *pickle.Dict) {
	for key, most := range map[string]int{"title": maxTitle, "unit": maxWord} {
		if s := words1(v, key, most); s != "" {
			into[key] = s
		}
	}
}

// decodeLost turns what a process says about events that it has dropped into a Lost.
func decodeLost(v pickle.Value) (shm.Lost, bool) {
	d, ok := v.(*pickle.Dict)
	if !ok {
		return shm.Lost{}, false
	}
	count := func(v pickle.Value) uint64 { n, _ := v.(int64); return uint64(max(n, 0)) }
	lost := shm.Lost{Total: count(entry(d, "total")), Topics: map[string]uint64{}}
	topics, _ := entry(d, "topics").(*pickle.Dict)
	if topics == nil {
		return lost, true
	}
	for _, e := range topics.Entries {
		if name, ok := e.Key.(string); ok && wireName.MatchString(name) && len(lost.Topics) < maxStates && count(e.Value) > 0 {
			lost.Topics[name] = count(e.Value)
		}
	}
	return lost, true
}
