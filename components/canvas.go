package components

import (
	"context"

	"github.com/a-h/templ"

	"webmon/components/ui"
)

// ViewerCanvas is napari's canvas as the viewer shows it: what napari draws, steered from the picture
// (public/js/canvas).
type ViewerCanvas struct {
	Topic       string // hub topic of its pictures, without their size
	StateTopic  string // hub topic of what napari says of it
	PeopleTopic string // hub topic of who draws on it
	PartsTopic  string // hub topic of its controls
	ValuesTopic string // hub topic of their values
	PNG         string // URL of the picture as a file, "" for none

	// Why says in one sentence why there is no picture now; "" if there is one.
	Why string
	// Missing says that the process has no canvas at all, and Why why it has none.
	Missing bool

	Facts    []ui.Pair
	Display  *ui.ControlProps // 2-D or 3-D, nil if the process has no such control
	Axes     []CanvasAxis     // sliders under the picture
	Overlays []ui.ControlProps
	// Draw are the layers that can be drawn on; Mode is the mode of the one that is selected.
	Draw []CanvasLayer
	Mode *ui.ControlProps
}

// CanvasAxis is one of napari's dims that is not on the screen.
type CanvasAxis struct {
	Step ui.ControlProps
	Play *ui.ControlProps // whether napari plays through it, nil if it cannot
}

// CanvasLayer is a layer that can be drawn on.
type CanvasLayer struct {
	ID, Name string
	Kind     string // napari's word, such as "points"
	Active   bool   // the hand draws on it
	Selected bool   // in napari, perhaps with others
	Control  string // that selects it
	Action   string // URL to which that is posted
	Why      string // why it cannot be chosen; "" if it can
}

// The ids of the live regions of the canvas.
const (
	CanvasDimsID  = "live-canvas-dims"
	CanvasPanelID = "live-canvas-panel"
)

// empty says why there is no canvas to show.
func (v Viewer) noCanvas() (ui.EmptyProps, bool) {
	c := v.Canvas
	switch {
	case c.Missing && v.State == ViewerNone:
		return v.empty()
	case c.Missing:
		return ui.EmptyProps{Title: v.Name + " does not share its canvas.", Text: c.Why}, true
	case c.Why != "":
		return ui.EmptyProps{Title: "napari's canvas cannot be seen just now.", Text: c.Why}, true
	}
	return ui.EmptyProps{}, false
}

// overCanvas is the sentence across a canvas that is out of date, "" for none.
func (v Viewer) overCanvas() string {
	switch v.Link {
	case ui.Stale:
		return "napari has gone quiet. This is what it drew last."
	case ui.Gone:
		return "napari has ended. This is what it drew last."
	}
	return ""
}

// canvasAction are the attributes of a button that changes what others see.
func canvasAction(ctx context.Context, action string) templ.Attributes {
	out := templ.Attributes{"data-canvas-action": action, "data-canvas-steers": true}
	for name, value := range ui.Off(ctx) {
		out[name] = value
	}
	return out
}

func pressed(attrs templ.Attributes) templ.Attributes {
	attrs["aria-pressed"] = "false"
	return attrs
}

// Controls lists all controls of the canvas in the order in which the page shows them.
func (c *ViewerCanvas) Controls() []*ui.ControlProps {
	var out []*ui.ControlProps
	add := func(p *ui.ControlProps) {
		if p != nil {
			out = append(out, p)
		}
	}
	add(c.Display)
	for i := range c.Axes {
		add(c.Axes[i].Play)
		add(&c.Axes[i].Step)
	}
	add(c.Mode)
	for i := range c.Overlays {
		add(&c.Overlays[i])
	}
	return out
}

// canvasLayerAttrs are the attributes of the button that chooses a layer.
func canvasLayerAttrs(ctx context.Context, l CanvasLayer) templ.Attributes {
	out := templ.Attributes{}
	if l.Why != "" {
		out["disabled"], out["title"] = true, l.Why
	}
	for name, value := range ui.Off(ctx) {
		out[name] = value
	}
	return out
}
