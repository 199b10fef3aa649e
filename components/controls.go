package components

import (
	"time"

	"webmon/components/ui"
)

// Controls is the page of all controls and actions of a process.
type Controls struct {
	Source    string   // id; "" for none
	Name      string   // of the process, as people know it
	Link      ui.State // state of the source
	LiveTopic string   // hub topic of ControlsFrame, and of frames of the parts that change
	// ValuesTopic is the hub topic of the controls' values: JSON frames
	// {"topic", "ts", "values": {name: value}}.
	ValuesTopic string
	Groups      []ControlGroup
	Log         []CommandEntry // newest first
}

// ControlGroup is a group of controls and actions, as the process declares it.
type ControlGroup struct {
	Name     string // as the process writes it
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
			Text:  "The controls of a process appear here as soon as it is attached.",
		}
	case c.Link == ui.Gone:
		return ui.EmptyProps{Title: c.Name + " has ended.", Text: "It offered nothing to control."}
	}
	return ui.EmptyProps{
		Title: c.Name + " offers nothing to control.",
		Text:  "A control that a Python process declares appears here as a slider, a switch, a choice or a form, with its limits and its unit:",
	}
}

// word is the status of a command as one word.
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
		Empty:   "Nobody has sent a command yet.",
	}
	for _, e := range entries {
		t.Rows = append(t.Rows, ui.Row{Key: e.ID, Cells: e.cells()})
	}
	return t
}
