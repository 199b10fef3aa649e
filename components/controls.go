package components

import (
	"time"

	"webmon/components/ui"
)

// Controls is the page of everything that people can change in a process, and
// of everything they can ask it to do.
type Controls struct {
	Source    string   // id; "" for none
	Name      string   // of the process, as people know it
	Link      ui.State // what it is like
	LiveTopic string   // hub topic that renders ControlsFrame, and what has changed of it alone
	// ValuesTopic is the hub topic of the controls' values: JSON frames
	// {"topic", "ts", "values": {name: value}}.
	ValuesTopic string
	Groups      []ControlGroup
	Log         []CommandEntry // newest first
}

// ControlGroup is what the process says belongs together.
type ControlGroup struct {
	Name     string // as the process says it
	Title    string
	Controls []ui.ControlProps
	Actions  []ui.ActionProps
}

// CommandEntry is one command that somebody sent to the process.
type CommandEntry struct {
	ID     string
	Time   time.Time
	Name   string
	Args   string // such as "ms 12.5, frames 3"
	Status ui.CommandStatus
	Reason string
}

// The ids of the live regions of the controls.
const (
	ControlsID    = "live-controls"
	CommandLogID  = "live-controls-log"
	controlsSteps = `import webmon

webmon.serve(name="scope")

def set_gain(gain):
    camera.gain = gain

webmon.control("gain", "float", 1.0, set=set_gain, min=0.5, max=16, scale="log")

@webmon.command
def expose(ms: webmon.Range(0.1, 500), frames: int = 1) -> None:
    """Take frames, one after the other."""
    camera.expose(ms, frames)`
)

// ActionPartID is the id of the element around the form of an action.
func ActionPartID(p ui.ActionProps) string { return p.ID + "-part" }

func (c Controls) empty() ui.EmptyProps {
	switch {
	case c.Source == "":
		return ui.EmptyProps{
			Title: "No process is attached.",
			Text:  "What a process lets people change, and what they may ask it to do, appears here as forms by themselves.",
		}
	case c.Link == ui.Gone:
		return ui.EmptyProps{Title: c.Name + " has ended.", Text: "It had offered nothing to control."}
	}
	return ui.EmptyProps{
		Title: c.Name + " offers nothing to control.",
		Text:  "Whatever a Python process declares appears here as a slider, a switch, a choice or a form, with its limits and units:",
	}
}

// word says the status of a command in a word.
func (e CommandEntry) word() string {
	if e.Status == ui.NotSent {
		return ui.None
	}
	return string(e.Status)
}

func (e CommandEntry) cells() []ui.Cell {
	return []ui.Cell{
		{Text: ui.Clock(e.Time)},
		{Text: e.Name},
		{Text: e.Args},
		{Content: commandStatus(e)},
		{Text: e.Reason},
	}
}

func logTable(entries []CommandEntry) ui.TableProps {
	t := ui.TableProps{
		Caption: "Last commands",
		Columns: []ui.Column{{Title: "time"}, {Title: "command"}, {Title: "values"}, {Title: "state"}, {Title: "reason"}},
		Empty:   "Nobody has sent any yet.",
	}
	for _, e := range entries {
		t.Rows = append(t.Rows, ui.Row{Key: e.ID, Cells: e.cells()})
	}
	return t
}
