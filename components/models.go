package components

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"webmon/components/ui"
)

// ModelPhase is what a simulation is doing, in a word that people see.
type ModelPhase string

// The phases of a simulation.
const (
	ModelStarting ModelPhase = "starting"
	ModelRunning  ModelPhase = "running"
	ModelPaused   ModelPhase = "paused"
	ModelSlow     ModelPhase = "slow"
	ModelFailed   ModelPhase = "failed"
	ModelStopped  ModelPhase = "stopped" // nobody looks at it
)

// Models is the list of the simulations.
type Models struct {
	LiveTopic string // hub topic that renders ModelsFrame, and what has changed of it alone
	Cards     []ModelCard
}

// ModelCard is a simulation in the list.
type ModelCard struct {
	Key, Title, Href string
	Origin           string   // "built in", a file, the address of a server
	About            ui.Prose // one paragraph, without the element around it
	Words            string   // of that paragraph
	Picture          string   // URL; "" for none
	Phase            ModelPhase
	Rate             float64 // pictures a second
	People           int     // who look at it
	Wait             string  // what takes long, and the seconds so far, one sentence; "" for nothing
	Problem          string  // why it has failed or cannot run, one sentence; "" for nothing
	Detail           string  // folded; "" for none
}

// Model is the page of a simulation.
type Model struct {
	Key, Title, Origin string
	Href               string // of the page
	List               string // of the list of models
	Apply              string // where parameters are posted to
	CSRF               string
	Lead, About        ui.Prose // its first paragraph, and the rest; "" for none

	Source string // id; "" before it has ever run
	// LiveTopic is the hub topic that renders ModelFrame, ValuesTopic that of the
	// controls' values (see Controls), StateTopic that of what the simulation is
	// doing, as JSON. "" without a source.
	LiveTopic, ValuesTopic, StateTopic string

	Phase   ModelPhase
	Opening bool   // it is about to begin
	Alone   bool   // it is a server that one program at a time may speak to
	Wait    string // what takes long, and the seconds so far, one sentence; "" for nothing
	Problem string // why it has failed or cannot run, one sentence; "" for nothing
	Detail  string // of either, folded; "" for none
	People  int    // who look at it

	// Config is the JSON that the picture's script needs, "" before the
	// simulation has told its shape:
	// {"source", "key", "title", "shape": [Nx, Ny], "dtype", "tracers", "phase",
	// "finger", "colormap", "limits", "unit"}.
	Config   string
	Shape    string // such as "256 × 256"; "" before it is known
	TimeUnit string
	Finger   bool // people can point

	Buttons []ModelButton
	Told    ui.CommandLife // the last of the buttons' commands that went wrong
	Groups  []ControlGroup
	Remarks []string // what of it is left out or odd, and why, one sentence each
	Windows []ChartWindow
	Charts  []ChartProps
	Files   []ModelFile
	Arrays  string // the density among the arrays; "" for none

	Parameters *ModelParameters // what the address asks for; nil for nothing
}

// ModelButton asks the simulation for something.
type ModelButton struct {
	Name, Label, Icon, Help string
	Action                  string // URL it is posted to
	Off                     bool   // it cannot be used now
	Toggle                  bool   // it starts and pauses
}

// ModelFile is what can be kept of a simulation.
type ModelFile struct{ Label, Href, Help string }

// ModelParameters are the values that a page's address asks for.
type ModelParameters struct {
	Leave     string // the page without them
	Changes   []ModelChange
	Refused   []string // why others are not taken, one sentence each
	Unchecked []string // those of a model that has not said yet what it takes
}

// ModelChange is a value that an address asks for.
type ModelChange struct {
	Name, Value string // as they are sent
	Label       string
	From, To    string // for people
	Unit        string
}

// The ids of the live regions of the models.
const (
	ModelsID        = "live-models"
	ModelHeadID     = "live-model-head"
	ModelConfigID   = "live-model-config"
	ModelControlsID = "live-model-controls"
	ModelRemarksID  = "live-model-remarks"
	ModelFilesID    = "live-model-files"
	ModelChartsID   = "live-model-charts"
)

// ElementID is the id of the model's element in the list.
func (c ModelCard) ElementID() string { return ui.ID("model", c.Key) }

// doing says in a few words what the model is doing.
func (c ModelCard) doing() string {
	var words []string
	if c.Phase == ModelRunning && c.Rate > 0 {
		words = append(words, ui.Rate(c.Rate)+" pictures/s")
	}
	if c.People > 0 {
		words = append(words, watching(c.People))
	}
	return strings.Join(words, " · ")
}

// watching says how many look.
func watching(n int) string {
	return ui.Count(n) + " " + ui.Plural(n, "person", "people") + " here"
}

func (p ModelPhase) dot() string {
	switch p {
	case ModelRunning:
		return "dot dot-live"
	case ModelPaused, ModelSlow:
		return "dot dot-stale"
	case ModelFailed:
		return "dot dot-gone"
	}
	return "dot dot-waiting"
}

func (p ModelPhase) color() string {
	switch p {
	case ModelRunning:
		return "text-good"
	case ModelPaused, ModelSlow:
		return "text-warning-text"
	case ModelFailed:
		return "text-error-text"
	}
	return "text-icon"
}

// help says what the phase means.
func (p ModelPhase) help() string {
	switch p {
	case ModelStarting:
		return "It is being made ready."
	case ModelRunning:
		return "It computes one picture after the other."
	case ModelPaused:
		return "Somebody has paused it, for everybody. Its parameters can be changed all the same."
	case ModelSlow:
		return "What it does now takes long. It goes on when that ends."
	case ModelFailed:
		return "It has stopped at an error, and can be restarted."
	}
	return "It does not run, because nobody was looking. It starts when somebody does."
}

// HeadVersion is another one when the head of the page has changed.
func (m Model) HeadVersion() string {
	return fmt.Sprint(m.Phase, m.Opening, m.People, m.Wait, "\x00", m.Problem, "\x00", m.Detail, "\x00", m.Buttons, m.Told)
}

// restart is the button that makes the simulation anew, ok if there is one.
func (m Model) restart() (ModelButton, bool) {
	for _, b := range m.Buttons {
		if b.Name == "restart" {
			return b, true
		}
	}
	return ModelButton{}, false
}

func (b ModelButton) id() string {
	if b.Toggle {
		return "model-toggle" // one button, whose meaning changes
	}
	return ui.ID("model", "do", b.Name)
}

// proseID is the id of what a card says of its model: another one for another text,
// since formulas that are drawn are left alone while the card is rendered again.
func (c ModelCard) proseID() string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(c.About))
	return c.ElementID() + "-about-" + strconv.FormatUint(uint64(h.Sum32()), 36)
}

func (m Model) failed() bool { return m.Problem != "" }

// title of the panel that says what went wrong.
func (m Model) failure() string {
	if m.Phase == ModelFailed {
		return m.Title + " has failed."
	}
	return m.Title + " cannot run."
}

func (m Model) peopleText() string {
	if m.People == 0 {
		return ""
	}
	return watching(m.People)
}

// words are in short what the parameters of an address would change.
func (p *ModelParameters) words() string {
	n := len(p.Changes)
	switch {
	case len(p.Unchecked) > 0:
		return "This link has parameters. They can be applied once the model has said what it takes; then load the page again."
	case n == 0:
		return "This link has parameters that the model does not take."
	}
	return "This link has " + strconv.Itoa(n) + " " + ui.Plural(n, "parameter that differs", "parameters that differ") + " from what is set now, for everybody who is here:"
}

func (c ModelChange) unit() string {
	if c.Unit == "" {
		return ""
	}
	return " " + c.Unit
}

// modelSteps is how to see models of one's own.
const modelSteps = `webmon --model my_models.py
webmon --model tcp://127.0.0.1:9000`

// modelStats are the numbers below a model's picture. Scripts fill them: the
// first three are this page's own.
var modelStats = []struct{ Key, Label, Unit, Title string }{
	{"rate", "pictures", "/s", "Pictures a second on this page"},
	{"step", "step", "ms", "Time to compute one time step"},
	{"latency", "latency", "ms", "From the model's own stamp of a picture to its paint here"},
	{"time", "time", "", "Time of the simulation"},
	{"frames", "made", "", "Pictures made since it began"},
}

// over is the sentence across a picture that is not there, or no longer true.
func (m Model) over() string {
	switch {
	case m.failed() && m.Config == "":
		return "There is nothing to see."
	case m.Phase == ModelFailed:
		return "It has failed. This is the last picture."
	case m.Opening:
		return "It is being opened. This page loads itself again."
	case m.Phase == ModelStopped && m.Config != "":
		return "It has stopped. This is the last picture."
	case m.Phase == ModelStarting:
		return "Starting …"
	}
	return ""
}

// noControls is what stands where the parameters would.
func (m Model) noControls() ui.EmptyProps {
	switch {
	case m.failed() && m.Config == "":
		return ui.EmptyProps{Title: "No parameters.", Text: "The model has not come so far as to say what can be changed."}
	case m.Phase == ModelStarting, m.Opening:
		return ui.EmptyProps{Title: "No parameters yet.", Text: "The model has not said yet what can be changed."}
	case m.Phase == ModelStopped:
		return ui.EmptyProps{Title: "No parameters.", Text: "The model does not run."}
	}
	return ui.EmptyProps{Title: "No parameters.", Text: "This model lets nothing be changed."}
}

// absent reports whether there is nothing to show but why: it has never run.
func (m Model) absent() bool { return m.Source == "" && m.failed() }

// detailTitle says what is folded below what went wrong.
func detailTitle(detail string) string {
	if strings.Contains(detail, "Traceback") {
		return "Traceback"
	}
	return "Details"
}
