package viewer

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// topicCursor is the state topic of the place under napari's pointer.
const topicCursor = "cursor"

// autoView is the detail of a feed whose page shows the view that suits, which nobody
// has chosen.
const autoView = "auto"

// choice is which view a page shows.
type choice struct {
	view components.View // "" as long as none is chosen
	auto bool            // nobody has chosen it
}

// chosenView reads the view in the address of a page.
func chosenView(query url.Values) choice {
	if v := components.View(query.Get("view")); isView(v) {
		return choice{view: v}
	}
	return choice{auto: true}
}

func isView(v components.View) bool {
	return v == components.ViewCanvas || v == components.ViewLayer || v == components.ViewTiles
}

// detail writes a layer and a view as the detail of a hub topic; readDetail reads it.
func (c choice) detail(layer string) string {
	d := layer + "/" + string(c.view)
	if c.auto {
		d += "/" + autoView
	}
	return d
}

func readDetail(detail string) (layer string, c choice, err error) {
	parts := strings.Split(detail, "/")
	if len(parts) < 2 || len(parts) > 3 || len(parts) == 3 && parts[2] != autoView ||
		parts[0] != firstLayer && !shm.IsLayerID(parts[0]) || !isView(components.View(parts[1])) {
		return "", choice{}, fmt.Errorf("%q is no layer with a view of it", detail)
	}
	return parts[0], choice{view: components.View(parts[1]), auto: len(parts) == 3}, nil
}

// drawn is what napari shows, as far as it decides which view suits.
type drawn struct {
	visible []*shm.Layer
	solid   bool // in 3-D
	grid    bool // each layer beside the other
	turned  bool // a picture is not upright: turned, sheared or mirrored
}

// drawnBy returns what a napari with the package shows.
func drawnBy(src *source.Source) drawn {
	var d drawn
	if layers := src.Layers(); layers != nil {
		for i := range layers.List {
			if l := &layers.List[i]; l.Visible {
				d.visible = append(d.visible, l)
				d.turned = d.turned || isTurned(l)
			}
		}
	}
	for _, topic := range []string{shm.TopicDims, shm.TopicCanvas} {
		state := mapOf(src, topic)
		d.solid = d.solid || state["ndisplay"] == int64(3)
		d.grid = d.grid || state["grid"] == true
	}
	return d
}

func mapOf(src *source.Source, topic string) map[string]shm.Value {
	v, _, _ := src.State(topic)
	m, _ := v.(map[string]shm.Value)
	return m
}

// isPicture reports whether a layer is one of pixels.
func isPicture(l *shm.Layer) bool { return l.Kind == "image" || l.Kind == "labels" }

// isTurned reports whether the rows of a picture do not go down on napari's canvas, or its
// columns not right.
func isTurned(l *shm.Layer) bool {
	if l.Drawn == nil || l.Drawn.Matrix == nil {
		return false
	}
	m := l.Drawn.Matrix
	// What rounding leaves of a right angle is none.
	least := 1e-9 * (math.Abs(m[0][0]) + math.Abs(m[1][1]) + math.Abs(m[0][1]) + math.Abs(m[1][0]))
	return math.Abs(m[0][1]) > least || math.Abs(m[1][0]) > least || m[0][0] < 0 || m[1][1] < 0
}

// plain reports whether one upright picture shows all that napari draws.
func (d drawn) plain() bool {
	if d.solid || d.grid || d.turned || len(d.visible) > 1 {
		return false
	}
	return len(d.visible) == 0 || isPicture(d.visible[0])
}

// words says what napari draws, such as "3 layers, 3-D".
func (d drawn) words() string {
	var parts []string
	switch n := len(d.visible); n {
	case 0:
		parts = append(parts, "no visible layer")
	case 1:
		parts = append(parts, "one layer, "+d.visible[0].Kind)
	default:
		parts = append(parts, ui.Count(n)+" layers")
	}
	if d.solid {
		parts = append(parts, "3-D")
	}
	if d.grid {
		parts = append(parts, "in a grid")
	}
	if d.turned && !d.solid {
		parts = append(parts, "turned")
	}
	return strings.Join(parts, ", ")
}

// suits is the view that suits what napari draws.
func suits(src *source.Source, l *shm.TileLayer, d drawn) components.View {
	canvas := src.Array(shm.ArrayCanvas)
	if canvas != nil && !canvas.Withheld() && !d.plain() {
		return components.ViewCanvas
	}
	if !isOurs(src) || l != nil && l.Config != nil && !l.Config.Stated && len(l.Config.Levels) > 1 {
		return components.ViewTiles
	}
	if l != nil && layerArray(src, l.ID) == nil && l.Config != nil {
		return components.ViewTiles // there is nothing else to show
	}
	return components.ViewLayer
}

// missing says why the process has no canvas to show, "" if it has one.
func missing(src *source.Source, st source.Status) string {
	switch {
	case src.Array(shm.ArrayCanvas) != nil:
		return ""
	case st.Kind == shm.KindDemo:
		return "The demo shares no canvas."
	case st.Kind != shm.KindNapari || src.IsModel():
		return "It is not napari, and shares no canvas."
	case isOurs(src):
		return "This napari shares no canvas: it draws without OpenGL, or its package webmon is older than this webmon."
	}
	return "Without the package webmon in napari there is no canvas to show. The Status tab says how to get it."
}

// views writes which views there are, and which one is shown and why.
func (p page) views(v *components.Viewer, m tab.Moment, st source.Status, c choice, layer string, l *shm.TileLayer) {
	src, d := m.Source, drawnBy(m.Source)
	if src.ID() == source.Nobody {
		v.View = components.ViewTiles
		return
	}
	best := suits(src, l, d)
	if c.view == "" {
		c.view = best
	}
	v.View = c.view
	at := func(view components.View) string {
		u := m.Prefix + "/" + slug + "?source=" + url.QueryEscape(src.ID())
		if layer != firstLayer {
			u += "&layer=" + layer
		}
		if view != "" {
			u += "&view=" + string(view)
		}
		return u
	}
	none := missing(src, st)
	v.Views = []ui.Option{
		{Value: "canvas", Label: "Canvas", Why: none},
		{Value: "layer", Label: "Layer"},
		{Value: "tiles", Label: "Tiles"},
	}
	if !isOurs(src) {
		v.Views[1].Why = "This process shares no pixels of its layers."
	}
	for i := range v.Views {
		o := &v.Views[i]
		o.Href, o.Current = at(components.View(o.Value)), o.Value == string(c.view)
	}
	// What was chosen by nobody does not go back to less while somebody looks.
	if c.auto && best == components.ViewCanvas && c.view != best {
		v.Better = at("")
	}
	v.Says = says(c, d, v, l, src)
	if c.view == components.ViewLayer {
		v.SaysAll = saysAll(d, src)
	}
	if none != "" && c.view != components.ViewCanvas {
		v.Says += " " + none
		if v.SaysAll != "" {
			v.SaysAll += " " + none
		}
	}
	if c.view == components.ViewCanvas {
		v.Canvas = p.canvas(m, none)
	}
}

// says is the sentence that says what is shown and why.
func says(c choice, d drawn, v *components.Viewer, l *shm.TileLayer, src *source.Source) string {
	name := ""
	for _, o := range v.Layers {
		if o.Current {
			name = o.Label
		}
	}
	of := func(what, bare string) string {
		if name == "" {
			return bare
		}
		return what + " " + name
	}
	switch c.view {
	case components.ViewCanvas:
		return "napari's canvas: " + d.words() + "."
	case components.ViewLayer:
		s := of("The layer", "A layer alone")
		switch n := len(d.visible); {
		case n > 1 && d.grid:
			return s + " alone, of " + ui.Count(n) + " that napari draws. napari shows them in a grid: here it lies where it does without one."
		case n > 1:
			return s + " alone, of " + ui.Count(n) + " that napari draws."
		case c.auto && n == 1 && d.plain():
			return s + ": the only one, upright."
		}
		return s + ", without its tiles."
	}
	s := of("The tiles of", "Tiles")
	if l != nil && l.Config != nil && len(l.Config.Levels) > 1 {
		s += ": " + ui.Count(len(l.Config.Levels)) + " levels"
		if !l.Config.Stated {
			s += " in chunks"
		}
	}
	if l != nil {
		if how := lies(src.Layers().Get(l.ID)); how != "" {
			s += ", in the layer's own pixels: napari shows it " + how
		}
	}
	return s + "."
}

// mostPictures is how many layers a page shows at once, the uppermost (public/js/viewer/layers.js).
const mostPictures = 32

// saysAll is the sentence while a page shows all layers that it can, "" if there are none.
func saysAll(d drawn, src *source.Source) string {
	shown := 0
	for _, l := range d.visible {
		if placedOf(src, l) != nil {
			shown++
		}
	}
	if shown == 0 {
		return ""
	}
	s := ""
	switch n := len(d.visible); {
	case shown > mostPictures:
		s = "The uppermost " + ui.Count(mostPictures) + " of " + ui.Count(shown) + " images and labels that napari draws."
	case n == 1:
		s = "The only layer that napari draws."
	case shown == n:
		s = "All " + ui.Count(n) + " layers that napari draws."
	default:
		s = "Of " + ui.Count(n) + " layers that napari draws the images and labels, " + ui.Count(shown) + "."
	}
	if d.grid && len(d.visible) > 1 {
		s += " napari shows them in a grid: here they lie over each other."
	}
	return s
}

// lies says how a picture lies on napari's canvas, such as "turned and stretched"; "" if
// it lies upright with square pixels, or if that is not known.
func lies(l *shm.Layer) string {
	if l == nil || l.Drawn == nil || l.Drawn.Matrix == nil {
		return ""
	}
	m := l.Drawn.Matrix
	// The steps of a row and of a column, (down, right) each.
	row, col := [2]float64{m[0][0], m[1][0]}, [2]float64{m[0][1], m[1][1]}
	long, wide := math.Hypot(row[0], row[1]), math.Hypot(col[0], col[1])
	if !(long > 0 && wide > 0) {
		return ""
	}
	// What rounding leaves of a right angle, or of a square, is none.
	const least = 1e-6
	var how []string
	across := math.Abs(row[0]*col[0]+row[1]*col[1]) > least*long*wide
	mirrored := row[0]*col[1] < row[1]*col[0]
	upright := math.Abs(row[1]) <= least*long && math.Abs(col[0]) <= least*wide
	switch {
	case across:
		how = append(how, "sheared")
	case !upright, row[0] < 0 && col[1] < 0:
		how = append(how, "turned")
	}
	if mirrored {
		how = append(how, "mirrored")
	}
	if math.Abs(long-wide) > least*max(long, wide) && !across {
		how = append(how, "stretched")
	}
	return strings.Join(how, " and ")
}

// canvasTopics are those of which the page of the canvas is made.
var canvasTopics = []string{shm.TopicCanvas, shm.TopicArrays, shm.TopicLayers, shm.TopicDims, shm.TopicControls}

// canvas is what the page knows of the canvas. none says why there is none, "" if there is one.
func (p page) canvas(m tab.Moment, none string) *components.ViewerCanvas {
	src := m.Source
	c := &components.ViewerCanvas{
		Topic:      src.ID() + "/" + steer.FeedCanvas,
		StateTopic: src.ID() + "/" + stateFeed, PeopleTopic: src.ID() + "/" + steer.FeedDrawing,
		PartsTopic: m.Topic(partsFeed), ValuesTopic: steer.ValuesTopic(src),
		Missing: none != "", Why: none,
		PNG: m.Prefix + "/api/v1/sources/" + url.PathEscape(src.ID()) + "/arrays/" + shm.ArrayCanvas + ".png",
	}
	if info := src.Array(shm.ArrayCanvas); info != nil {
		if c.Why = info.Stats.Problem; info.Withheld() {
			c.Why = info.Note
		}
	}
	state := mapOf(src, shm.TopicCanvas)
	if why, ok := state["why"].(string); ok && why != "" {
		c.Why = why
	}
	d := drawnBy(src)
	c.Facts = append(c.Facts, ui.Pair{Name: "draws", Value: d.words(), Key: "draws"})
	if size, ok := state["size"].([]shm.Value); ok && len(size) == 2 {
		rows, _ := size[0].(int64)
		cols, _ := size[1].(int64)
		c.Facts = append(c.Facts, ui.Pair{Name: "size", Value: ui.Shape(rows, cols), Unit: "px", Key: "size"})
	}
	if id, ok := state["layer"].(string); ok {
		if l := src.Layers().Get(id); l != nil {
			mode, _ := state["mode"].(string)
			c.Facts = append(c.Facts, ui.Pair{Name: "active", Value: ui.Name(l.Name), Note: strings.ReplaceAll(mode, "_", " "), Key: "active"})
		}
	}
	p.canvasControls(m, c, state)
	return c
}

// canvasControls are the controls of the canvas: those of napari's dims, of what it draws over its layers, and of the
// layers that can be drawn on.
func (p page) canvasControls(m tab.Moment, c *components.ViewerCanvas, state map[string]shm.Value) {
	src := m.Source
	declared := src.Controls()
	for _, one := range declared {
		switch one.Group {
		case "dims":
			axis, ok := strings.CutPrefix(one.Name, "dims.")
			if _, err := strconv.Atoi(axis); one.Name == "dims.ndisplay" {
				props := p.desk.Control(src, one, m.Now)
				c.Display = &props
			} else if ok && err == nil {
				a := components.CanvasAxis{Step: p.desk.Control(src, one, m.Now)}
				if play, ok := declared.Get(one.Name + ".play"); ok {
					props := p.desk.Control(src, play, m.Now)
					props.On, props.Off, props.Help = "pause", "play", ""
					a.Play = &props
				}
				c.Axes = append(c.Axes, a)
			}
		case "canvas":
			c.Overlays = append(c.Overlays, p.desk.Control(src, one, m.Now))
		}
	}
	layers := src.Layers()
	if layers == nil {
		return
	}
	active, _ := state["layer"].(string)
	for i := len(layers.List) - 1; i >= 0; i-- {
		l := &layers.List[i]
		mode, ok := declared.Get("layer." + l.ID + ".mode")
		selected, also := declared.Get("layer." + l.ID + ".selected")
		if !ok || !also || !slices.ContainsFunc(mode.Choices, isDrawing) {
			continue
		}
		props := p.desk.Control(src, selected, m.Now)
		c.Draw = append(c.Draw, components.CanvasLayer{
			ID: l.ID, Name: ui.Name(l.Name), Kind: l.Kind, Active: l.ID == active, Selected: l.Selected,
			Control: selected.Name, Action: p.desk.Path(src, selected.Name, steer.AsNone), Why: props.Why,
		})
		if l.ID == active {
			props := p.desk.Control(src, mode, m.Now)
			c.Mode = &props
		}
	}
}

// isDrawing reports whether a mode of a layer changes what is in it.
func isDrawing(mode string) bool { return mode != "pan_zoom" && mode != "transform" }

// partsFeed keeps the controls of the canvas up to date on open pages.
func (p page) partsFeed(at tab.Place) (tab.Feed, error) {
	if at.Detail != "" {
		return tab.Feed{}, fmt.Errorf("the controls of the canvas have no part %q", at.Detail)
	}
	return tab.NewList(canvasTopics, func(now time.Time) tab.List {
		c := p.canvas(at.At(now), "")
		out := tab.List{Whole: components.CanvasFrame(c)}
		for _, l := range c.Draw {
			out.Version += fmt.Sprint(l)
		}
		for _, props := range c.Overlays {
			// A control that came into a section, or was the last of one, changes the page as a whole.
			out.Version += "\t" + props.Section
		}
		for _, props := range c.Controls() {
			out.Parts = append(out.Parts, steer.Part(*props))
		}
		return out
	}), nil
}
