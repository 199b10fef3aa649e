package components

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"webmon/components/ui"
)

// ModelPhase is what a simulation is doing, as a word that pages show.
type ModelPhase string

// The phases of a simulation.
const (
	ModelStarting ModelPhase = "starting"
	ModelRunning  ModelPhase = "running"
	ModelPaused   ModelPhase = "paused"
	ModelSlow     ModelPhase = "slow"
	ModelFailed   ModelPhase = "failed"
	ModelStopped  ModelPhase = "stopped" // because nobody looks at it
)

// Models is the list of the simulations.
type Models struct {
	LiveTopic string // hub topic of ModelsFrame, and of frames of the cards that change
	Cards     []ModelCard
}

// ModelCard is a simulation in the list.
type ModelCard struct {
	Key, Title, Href string
	Origin           string   // "built in", a file, the address of a server
	About            ui.Prose // one paragraph, without its <p> element
	Words            string   // the same as plain text
	Picture          string   // URL; "" for none
	Phase            ModelPhase
	Rate             float64 // pictures a second
	People           int     // how many people look at it
	Wait             string  // what takes long, and for how many seconds already, one sentence; "" for nothing
	Problem          string  // why it has failed or cannot run, one sentence; "" if neither
	Detail           string  // more about the problem, folded; "" for none
}

// Model is the page of a simulation.
type Model struct {
	Key, Title, Origin string
	Href               string // of the page
	List               string // of the list of models
	Apply              string // where parameters are posted to
	CSRF               string
	Lead, About        ui.Prose // first paragraph of its description, and the rest; "" for none

	Source string // id; "" before it has ever run
	// LiveTopic is the hub topic of ModelFrame, ValuesTopic that of the values of the
	// controls (see Controls), and StateTopic that of what the simulation is doing, as
	// JSON. "" without a source.
	LiveTopic, ValuesTopic, StateTopic string
	Pin                                string // URL that puts its picture on a board; "" for none

	Phase   ModelPhase
	Opening bool   // it is about to start
	Alone   bool   // it runs on a server that accepts one client at a time
	Wait    string // what takes long, and for how many seconds already, one sentence; "" for nothing
	Problem string // why it has failed or cannot run, one sentence; "" if neither
	Detail  string // more about Wait or Problem, folded; "" for none
	People  int    // how many people look at it

	// Config is the JSON that the picture's script needs, "" before the simulation
	// has sent its shape:
	// {"source", "key", "title", "shape": [Nx, Ny], "dtype", "tracers", "phase",
	// "finger", "colormap", "limits", "unit"}.
	Config   string
	Shape    string // such as "256 × 256"; "" before it is known
	TimeUnit string
	Finger   bool // people can move its finger on the picture

	Buttons []ModelButton
	Told    ui.CommandLife // of the last command of a button, if that has failed
	Groups  []ControlGroup
	Remarks []string // what webmon leaves out of the model, or what is unusual about it, one sentence each
	Windows []ChartWindow
	Charts  []ChartProps
	Files   []ModelFile
	Arrays  string // URL of its density on the Arrays page; "" for none

	Parameters *ModelParameters // values that the URL of the page asks for; nil for none
}

// ModelButton sends a command to the simulation.
type ModelButton struct {
	Name, Label, Icon, Help string
	Action                  string // URL that it posts to
	Off                     bool   // it cannot be used now
	Toggle                  bool   // it starts or pauses
}

// ModelFile is a file of a simulation that people can save.
type ModelFile struct{ Label, Href, Help string }

// ModelParameters are the values that the URL of a page asks for.
type ModelParameters struct {
	Leave     string // URL of the page without them
	Changes   []ModelChange
	Refused   []string // why a value cannot be set, one sentence each
	Unchecked []string // values for a model that has not sent its parameters yet
}

// ModelChange is a value that the URL of a page asks for.
type ModelChange struct {
	Name, Value string // as the form posts them
	Label       string
	From, To    string // as people read them
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

// doing is the rate of a running model and how many people look at it, in words.
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

// watching says in words how many people look at a model.
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
		return "The model is being started."
	case ModelRunning:
		return "The model computes one picture after the other."
	case ModelPaused:
		return "Somebody has paused the model, for everybody. Its parameters can still be changed."
	case ModelSlow:
		return "What the model does now takes long. It continues when that is done."
	case ModelFailed:
		return "The model has stopped because of an error. It can be restarted."
	}
	return "The model does not run, because nobody looks at it. It starts when somebody opens it."
}

// HeadVersion changes when the head of the page has changed.
func (m Model) HeadVersion() string {
	return fmt.Sprint(m.Phase, m.Opening, m.People, m.Wait, "\x00", m.Problem, "\x00", m.Detail, "\x00", m.Buttons, m.Told)
}

// restart is the button that restarts the simulation; ok is false if there is none.
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
		return "model-toggle" // the same button, whether it starts or pauses
	}
	return ui.ID("model", "do", b.Name)
}

// proseID is the id of the text of a card. It changes when the text changes, because
// an element with formulas that are drawn already is left alone when the card is
// rendered again.
func (c ModelCard) proseID() string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(c.About))
	return c.ElementID() + "-about-" + strconv.FormatUint(uint64(h.Sum32()), 36)
}

func (m Model) failed() bool { return m.Problem != "" }

// failure is the title of the panel that says what went wrong.
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

// words says in short what the parameters of a URL would change.
func (p *ModelParameters) words() string {
	n := len(p.Changes)
	switch {
	case len(p.Unchecked) > 0:
		return "This link has parameters. They can be applied once the model has said which parameters it has. Then load this page again."
	case n == 0:
		return "This link has parameters that the model does not accept."
	}
	return "This link has " + strconv.Itoa(n) + " " + ui.Plural(n, "parameter that differs", "parameters that differ") + " from what is set now, for everybody who is here:"
}

func (c ModelChange) unit() string {
	if c.Unit == "" {
		return ""
	}
	return " " + c.Unit
}

// modelSteps is how people see models of their own, as commands to copy.
const modelSteps = `webmon --model my_models.py
webmon --model tcp://127.0.0.1:9000`

// modelStats are the numbers below a model's picture. The page's script fills them.
var modelStats = []struct{ Key, Label, Unit, Title string }{
	{"rate", "pictures", "/s", "Pictures a second on this page"},
	{"step", "step", "ms", "Time to compute one time step"},
	{"latency", "latency", "ms", "Time from when the model stamps a picture to its paint on this page"},
	{"time", "time", "", "Time of the simulation"},
	{"frames", "made", "", "Pictures made since the simulation began"},
}

// over is the sentence across a picture that is missing or out of date, "" for none.
// locked says that whoever looks may not start the model.
func (m Model) over(locked bool) string {
	switch {
	case m.failed() && m.Config == "":
		return "There is nothing to see."
	case m.Phase == ModelFailed:
		return "It has failed. This is the last picture."
	case m.Opening:
		return "The model is being opened. This page then loads itself again."
	case m.Phase == ModelStopped && m.Config != "":
		return "It has stopped. This is the last picture."
	case m.Phase == ModelStopped && locked:
		return "It does not run. It starts when somebody opens it who may steer."
	case m.Phase == ModelStarting:
		return "Starting …"
	}
	return ""
}

// noControls is what the page shows instead of parameters.
func (m Model) noControls() ui.EmptyProps {
	switch {
	case m.failed() && m.Config == "":
		return ui.EmptyProps{Title: "No parameters.", Text: "The model failed before it could say what can be changed."}
	case m.Phase == ModelStarting, m.Opening:
		return ui.EmptyProps{Title: "No parameters yet.", Text: "The model has not said yet what can be changed."}
	case m.Phase == ModelStopped:
		return ui.EmptyProps{Title: "No parameters.", Text: "The model does not run."}
	}
	return ui.EmptyProps{Title: "No parameters.", Text: "Nothing can be changed in this model."}
}

// absent reports whether the model cannot run and never has, so that the page shows
// only the reason.
func (m Model) absent() bool { return m.Source == "" && m.failed() }

// detailTitle is the title of the folded details below a problem.
func detailTitle(detail string) string {
	if strings.Contains(detail, "Traceback") {
		return "Traceback"
	}
	return "Details"
}
