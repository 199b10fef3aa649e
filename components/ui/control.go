package ui

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// FieldType is the type of a value that people enter.
type FieldType string

// The types of a field.
const (
	FloatField  FieldType = "float"
	IntField    FieldType = "int"
	BoolField   FieldType = "bool"
	ChoiceField FieldType = "choice"
	TextField   FieldType = "text"
	ColorField  FieldType = "color"
)

// Field is one value that people may enter: that of a control, or an argument
// of an action.
type Field struct {
	ID    string // of the element that holds the value; the ids of its other elements begin with it
	Name  string // in the form
	Label string
	Help  string // one sentence; "" for none
	Unit  string // "" for none
	Type  FieldType

	Value   string // as FieldNumber writes it, "true" or "false", a choice, or a text; "" if it is not known
	Default string // the value that a reset sets; "": there is no reset
	// Min and Max are the limits of a number. There is a slider only if it has both.
	Min, Max *float64
	Step     float64  // of a number; 0: a step that suits the limits
	Log      bool     // the slider's scale is logarithmic, which needs limits above 0
	Soft     bool     // Min and Max limit only the slider; numbers beyond them are accepted too
	Choices  []string // of a choice
	Labels   []string // the texts that people see for Choices, in the same order; nil: Choices themselves

	Error string // why the last value was refused, one sentence; "" for none
}

// ControlProps describe a control: a value of the process that people can change.
// The page shows its present value, whoever has changed it.
type ControlProps struct {
	Field
	Source string // id of the process
	Action string // URL the value is posted to
	CSRF   string
	Why    string // why it cannot be used now, one sentence; "" if it can
	Life   CommandLife
	Key    string // on the keyboard; "" for none
	// On and Off are the icons of a value that is on or off, if it is shown as a
	// button instead of a switch. The label is then read aloud and shown on hover.
	On, Off string
	// Untold says that the process does not report the value. The control then
	// shows the one that was sent to the process last.
	Untold bool
	// Quiet says that another part of the page shows what becomes of a command. The
	// answer to the control's form is then not shown.
	Quiet bool
	// Section is the heading within its group below which the control is folded; "" for
	// none.
	Section string
	Pin     string // URL that puts it on a board, see PinHref; "" for none
	// Scope begins the ids of its elements on a page with controls of several processes;
	// "" on any other.
	Scope string
}

// ControlSection is a part of a list of controls with a heading.
type ControlSection struct {
	Title    string
	Controls []ControlProps
}

// Sections divides controls into those that stand by themselves, and the sections in
// the order in which they come first.
func Sections(controls []ControlProps) (free []ControlProps, sections []ControlSection) {
	for _, p := range controls {
		if p.Section == "" {
			free = append(free, p)
			continue
		}
		i := slices.IndexFunc(sections, func(s ControlSection) bool { return s.Title == p.Section })
		if i < 0 {
			i = len(sections)
			sections = append(sections, ControlSection{Title: p.Section})
		}
		sections[i].Controls = append(sections[i].Controls, p)
	}
	return free, sections
}

// ActionProps describe a form that calls a function of the process.
type ActionProps struct {
	ID     string // of the form
	Label  string // of its button
	Help   string // one sentence; "" for none
	Action string // URL the form is posted to
	CSRF   string
	Why    string // why it cannot be used now, one sentence; "" if it can
	Fields []Field
	// Hidden are arguments that the page knows, so that people need not enter them.
	Hidden []Pair
	Life   CommandLife
	Error  string // why the last call was not sent, if no field is to blame; "" for none
	Pin    string // URL that puts it on a board, see PinHref; "" for none
}

// Scoped returns the control with ids that begin with scope.
func (p ControlProps) Scoped(scope string) ControlProps {
	p.Scope, p.ID = scope, scope+"-"+p.ID
	return p
}

// formID is the id of the control's form.
func (p ControlProps) formID() string {
	if p.Scope == "" {
		return CommandID(p.Name)
	}
	return p.Scope + "-" + CommandID(p.Name)
}

// Scoped returns the action with ids that begin with scope.
func (p ActionProps) Scoped(scope string) ActionProps {
	p.ID = scope + "-" + p.ID
	p.Fields = slices.Clone(p.Fields)
	for i := range p.Fields {
		p.Fields[i].ID = scope + "-" + p.Fields[i].ID
	}
	return p
}

// PartID is the id of the element around a control, which is rendered again when
// the control has changed.
func PartID(name string) string { return ID("control", name) }

// FieldNumber writes a number as a field holds it: with every digit that matters, with
// a point and without a unit. A number of single precision has as many digits as tell
// it from other numbers of single precision. Any other number has at most fifteen
// digits, which leaves out rounding errors of calculations. The script of the page
// writes the same.
func FieldNumber(x float64) string {
	digits, bits := 15, 64
	if float64(float32(x)) == x && x != math.Trunc(x) {
		digits, bits = -1, 32
	}
	x += 0 // turns -0 into 0
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', digits, bits), 64)
	if err != nil {
		short = x // rounded, it is beyond the greatest number
	}
	if abs := math.Abs(short); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.FormatFloat(short, 'e', -1, 64)
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// sliderSteps is the least number of positions of a slider whose field has no step:
// more than the slider has pixels.
const sliderSteps = 1000

func (f Field) hasSlider() bool {
	return (f.Type == FloatField || f.Type == IntField) && f.Min != nil && f.Max != nil && *f.Max > *f.Min &&
		!math.IsInf(*f.Max-*f.Min, 0) // limits at both ends of all numbers are further apart than a number is
}

// isLog reports whether the slider is logarithmic, which it cannot be unless its
// limits are above 0.
func (f Field) isLog() bool {
	return f.Log && f.hasSlider() && *f.Min > 0 && !math.IsInf(*f.Max / *f.Min, 0)
}

// sliderMin, sliderMax and sliderStep are the attributes of the range element. A
// logarithmic slider counts positions, which the script turns into values.
func (f Field) sliderMin() string {
	if f.isLog() {
		return "0"
	}
	return strconv.FormatFloat(*f.Min, 'g', -1, 64)
}

func (f Field) sliderMax() string {
	if f.isLog() {
		return strconv.Itoa(sliderSteps)
	}
	return strconv.FormatFloat(*f.Max, 'g', -1, 64)
}

func (f Field) sliderStep() string {
	switch {
	case f.isLog():
		return "1"
	case f.Step > 0:
		return strconv.FormatFloat(f.Step, 'g', -1, 64)
	case f.Type == IntField:
		return "1"
	}
	return strconv.FormatFloat(NiceStep((*f.Max-*f.Min)/sliderSteps), 'g', -1, 64)
}

// NiceStep is the largest of 1, 2 and 5 times a power of ten that is at most x.
func NiceStep(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 0) {
		return 1
	}
	if x < 1e-300 {
		return x // the least numbers have no power of ten below them that is one
	}
	power := math.Pow(10, math.Floor(math.Log10(x)+1e-9))
	for _, n := range []float64{5, 2} {
		if n*power <= x*(1+1e-9) {
			return n * power
		}
	}
	return power
}

// sliderValue is the position of the slider.
func (f Field) sliderValue() string {
	x, err := strconv.ParseFloat(f.Value, 64)
	if err != nil || math.IsNaN(x) {
		x = *f.Min
	}
	x = min(max(x, *f.Min), *f.Max)
	if f.isLog() {
		return strconv.FormatFloat(math.Round(sliderSteps*math.Log(x / *f.Min)/math.Log(*f.Max / *f.Min)), 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// step is the step of the field beside the slider; "any" if it accepts every value.
func (f Field) step() string {
	switch {
	case f.Step > 0:
		return strconv.FormatFloat(f.Step, 'g', -1, 64)
	case f.Type == IntField:
		return "1"
	}
	return "any"
}

func limit(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'g', -1, 64)
}

// limits says the limits in words.
func (f Field) limits() string {
	switch {
	case f.Min != nil && f.Max != nil:
		return figure(*f.Min) + " to " + figure(*f.Max) + f.unitAfter()
	case f.Min != nil:
		return "from " + figure(*f.Min) + f.unitAfter()
	case f.Max != nil:
		return "up to " + figure(*f.Max) + f.unitAfter()
	}
	return ""
}

// figure writes a number for people to read.
func figure(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e15 {
		return Count(int64(x))
	}
	return strings.Replace(FieldNumber(x), "-", "−", 1)
}

func (f Field) unitAfter() string {
	if f.Unit == "" {
		return ""
	}
	return " " + f.Unit
}

// opaque is the colour without its opacity, as the browser's own field for colours
// takes it.
func (f Field) opaque() string {
	if len(f.Value) < 7 || f.Value[0] != '#' {
		return "#000000"
	}
	return f.Value[:7]
}

func (f Field) isOn() bool { return f.Value == "true" }

// toggled is the value that a press of a switch sends.
func (f Field) toggled() string { return strconv.FormatBool(!f.isOn()) }

// segmented reports whether a choice is shown as a row of buttons, because it has
// few and short words. Otherwise it is shown as a list.
func (f Field) segmented() bool {
	letters := 0
	for i := range f.Choices {
		letters += utf8.RuneCountInString(f.choiceLabel(i))
	}
	return f.Type == ChoiceField && len(f.Choices) <= 4 && letters <= 24
}

// choiceLabel is the text that people see for a choice.
func (f Field) choiceLabel(i int) string {
	if i < len(f.Labels) {
		return f.Labels[i]
	}
	return f.Choices[i]
}

// described returns the ids of the elements that say more about the field.
func (f Field) described() (ids []string) {
	if f.limits() != "" {
		ids = append(ids, f.ID+"-limits")
	}
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	return ids
}

// resetLabel is the label of the button that sets the default.
func (f Field) resetLabel() string {
	value := f.Default
	if i := slices.Index(f.Choices, value); i >= 0 {
		value = f.choiceLabel(i)
	}
	if f.Type == FloatField || f.Type == IntField {
		value += f.unitAfter()
	}
	return "Reset " + f.Label + " to " + value
}

// withError returns the control with the reason why its last command failed as the
// error of its field.
func (p ControlProps) withError() ControlProps {
	if p.Error == "" && (p.Life.Status == Refused || p.Life.Status == Ended) {
		p.Error = p.Life.Sentence()
	}
	return p
}

// swap is how htmx shows the answer to the form.
func (p ControlProps) swap() string {
	if p.Quiet {
		return "none"
	}
	return "outerMorph"
}

func (p ControlProps) title() string {
	switch {
	case p.Why != "":
		return p.Why
	case p.Key != "":
		return p.Label + " (" + p.Key + ")"
	}
	return p.Label
}

// Failed returns the form with the reason why it was not sent. field is the name of
// the argument to blame, whose field then shows the reason.
func (p ActionProps) Failed(field, reason string) ActionProps {
	fields := slices.Clone(p.Fields)
	for i := range fields {
		if fields[i].Name == field {
			fields[i].Error = reason
			p.Fields = fields
			return p
		}
	}
	p.Error = reason
	return p
}

// refused reports whether the form shows a reason why it was not sent.
func (p ActionProps) refused() bool {
	return p.Error != "" || slices.ContainsFunc(p.Fields, func(f Field) bool { return f.Error != "" })
}
