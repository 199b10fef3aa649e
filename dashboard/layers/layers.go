// Package layers is the tab of napari's layers. It shows the list as napari does, the
// controls of the layer that is open, and camera, dims and canvas. Only the controls
// of the open layer are on the page, so that a hundred layers cost no more than one.
package layers

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/dashboard/views"
	"webmon/natural"
	"webmon/shm"
)

const (
	slug = "layers"
	feed = "layers"

	// follow is the detail of the feed in which the layer that is selected in napari
	// is open.
	follow = "selected"
)

// The topics of a napari with the plugin.
const (
	arrayScreenshot  = "screenshot"
	actionScreenshot = "screenshot"
	actionReset      = "reset_view"
	actionContrast   = "auto_contrast"
)

// page makes the tab.
type page struct {
	desk  *steer.Desk
	views *views.Store
}

// topics are the topics that the tab shows.
var topics = []string{
	shm.TopicControls, shm.TopicActions, shm.TopicArrays,
	shm.TopicLayers, shm.TopicHistograms, shm.TopicThumbnails, shm.TopicVolumes, shm.ArrayTopic(arrayScreenshot),
}

// Tab returns the tab. kept are the views that people have saved.
func Tab(desk *steer.Desk, kept *views.Store) tab.Tab {
	p := page{desk, kept}
	return tab.Tab{
		Slug: slug, Title: "Layers",
		Help:   "See and change the layers of napari, its camera, its dims and its canvas.",
		Topics: topics,
		Page: func(v tab.View) templ.Component {
			open := v.Request.URL.Query().Get("layer")
			if !shm.IsLayerID(open) {
				open = follow
			}
			l := p.model(v.Moment, open, v.CSRF)
			if name := v.Request.URL.Query().Get("view"); name != "" && l.Views != nil {
				l.Asked = asked(l.Views, name)
			}
			return components.LayersPage(l)
		},
		Feeds: map[string]tab.NewFeed{
			feed: func(at tab.Place) (tab.Feed, error) {
				open := at.Detail
				if open != follow && !shm.IsLayerID(open) {
					return tab.Feed{}, fmt.Errorf("%q is no layer", open)
				}
				return tab.NewList(topics, func(now time.Time) tab.List { return list(p.model(at.At(now), open, "")) }), nil
			},
		},
	}
}

// model is the content of the page at a moment, with one layer open.
func (p page) model(m tab.Moment, open, csrf string) components.Layers {
	src := m.Source
	st := src.Status(m.Now)
	out := components.Layers{
		Source: src.ID(), Name: st.Name, Link: tab.StateOf(src, st), HowTo: components.PlugIn,
		LiveTopic: m.Topic(feed + "/" + open),
	}
	if src.ID() == source.Nobody {
		out.Source, out.State = "", components.LayersNone
		return out
	}
	out.ValuesTopic = steer.ValuesTopic(src)
	_, at, _ := src.State(shm.TopicLayers)
	declared := src.Controls()
	var list []shm.Layer
	if layers := src.Layers(); layers != nil {
		list = layers.List
	}
	switch {
	case at.IsZero() && st.Kind == shm.KindNapari && declares(declared):
		out.State = components.LayersWaiting
	case src.IsModel():
		out.State = components.LayersModel
		return out
	case at.IsZero():
		out.State = components.LayersForeign
		return out
	case len(list) == 0:
		out.State = components.LayersEmpty
	default:
		out.State = components.LayersLive
	}
	b := builder{desk: p.desk, m: m, csrf: csrf, why: why(st), byName: index(declared)}
	chosen := choose(list, open)
	for i := len(list) - 1; i >= 0; i-- {
		layer := &list[i]
		row := b.row(layer, i, len(list))
		row.Open = row.ID == chosen
		out.Rows = append(out.Rows, row)
		if row.Open {
			out.Open = b.detail(layer, declared)
		}
	}
	out.Cards = b.cards(declared)
	for _, name := range actionsOfList {
		if a, ok := b.action(name); ok {
			out.Do = append(out.Do, b.form(a))
		}
	}
	if steer.Restores(src) {
		out.Views = b.saved(p.views)
	}
	return out
}

// What can be done with the list as a whole, and with one layer, in the order of the page.
var (
	actionsOfList  = []string{"add_points_layer", "add_shapes_layer", "add_labels_layer", "open_path", "link_layers", "unlink_layers"}
	actionsOfLayer = []string{"duplicate_layer", "select_all"}
)

// actionRemove takes a layer out of napari, which nothing brings back.
const actionRemove = "remove_layer"

// showWent is how long the page says what became of a view that somebody went to.
const showWent = 20 * time.Second

// saved are the views of the source.
func (b *builder) saved(kept *views.Store) *components.SavedViews {
	id := url.PathEscape(b.m.Source.ID())
	base := b.m.Prefix + "/sources/" + id + "/views"
	out := &components.SavedViews{Save: base, Go: base + "/go", Delete: base + "/delete", CSRF: b.csrf, Why: b.why}
	list, err := kept.List(b.m.Source.ID())
	if err != nil {
		out.Wrong = "The views that were saved cannot be read: " + natural.Sentence(err.Error())
	}
	for _, v := range list {
		out.List = append(out.List, components.SavedView{
			Name: v.Name, About: v.About, By: ui.Name(v.By), Time: v.Saved,
			Link: b.m.Prefix + "/" + slug + "?source=" + url.QueryEscape(b.m.Source.ID()) + "&view=" + url.QueryEscape(v.Name),
		})
	}
	if went := kept.Last(b.m.Source.ID()); went.Name != "" && b.m.Now.Sub(went.At) < showWent {
		out.Said = fmt.Sprintf("“%s” is shown.", went.Name)
		if len(went.Problems) > 0 {
			out.Said = fmt.Sprintf("“%s” is shown as far as it can be: %s", went.Name, natural.Sentence(strings.Join(went.Problems, "; ")))
		}
	}
	return out
}

// asked is the view that the address of a page names.
func asked(kept *components.SavedViews, name string) *components.SavedView {
	for i := range kept.List {
		if kept.List[i].Name == name {
			return &kept.List[i]
		}
	}
	return &components.SavedView{Name: ui.Name(name), Gone: true}
}

// declares reports whether the controls are those of a napari with the plugin.
func declares(declared shm.Controls) bool {
	return slices.ContainsFunc(declared, func(c shm.Control) bool { return c.Group == "camera" || c.Group == "dims" })
}

func why(st source.Status) string {
	if st.Running {
		return ""
	}
	return st.Name + " is gone."
}

// choose returns the id of the layer that is open: the one that the page asks for,
// otherwise the topmost one that is selected in napari, otherwise the topmost one.
func choose(list []shm.Layer, open string) string {
	selected, top := "", ""
	for i := range list { // bottom first
		layer := &list[i]
		if layer.ID == open {
			return open
		}
		if layer.Selected {
			selected = layer.ID
		}
		top = layer.ID
	}
	if selected != "" {
		return selected
	}
	return top
}

// builder makes the parts of the page.
type builder struct {
	desk   *steer.Desk
	m      tab.Moment
	csrf   string
	why    string
	byName map[string]*shm.Control
}

func index(declared shm.Controls) map[string]*shm.Control {
	out := make(map[string]*shm.Control, len(declared))
	for i := range declared {
		out[declared[i].Name] = &declared[i]
	}
	return out
}

func (b *builder) control(c shm.Control) ui.ControlProps {
	p := b.desk.Control(b.m.Source, c, b.m.Now)
	p.CSRF = b.csrf
	return p
}

// row is a layer in the list. i is its place in napari's order, from the bottom.
func (b *builder) row(layer *shm.Layer, i, n int) components.LayerRow {
	src := b.m.Source
	r := components.LayerRow{
		ID: layer.ID, Name: ui.Name(layer.Name), Kind: layer.Kind, Selected: layer.Selected,
		Href: b.m.Prefix + "/" + slug + "?source=" + url.QueryEscape(src.ID()) + "&layer=" + url.QueryEscape(layer.ID),
	}
	prefix := "layer." + layer.ID + "."
	if c := b.byName[prefix+"visible"]; c != nil {
		p := b.control(*c)
		p.Label, p.On, p.Off, p.Quiet = r.Name+" visible", "eye", "eye-off", true
		p.Action = b.desk.Path(src, c.Name, steer.AsNone)
		r.Life = wrong(p.Life)
		p.Life, p.Help = ui.CommandLife{}, ""
		r.Eye = &p
	}
	if c := b.byName[prefix+"selected"]; c != nil {
		p := b.control(*c)
		p.Label, p.On, p.Off, p.Quiet = r.Name+" selected in napari", "picked", "unpicked", true
		p.Action = b.desk.Path(src, c.Name, steer.AsNone)
		p.Life, p.Help = ui.CommandLife{}, ""
		r.Pick = &p
	}
	r.Thumb = src.Thumbnails().Get(layer.ID)
	for _, id := range layer.Linked {
		if other := src.Layers().Get(id); other != nil {
			if r.Linked != "" {
				r.Linked += ", "
			}
			r.Linked += ui.Name(other.Name)
		}
	}
	if c := b.byName[prefix+"index"]; c != nil {
		r.Order = &components.LayerOrder{Action: b.desk.Path(src, c.Name, steer.AsNone), CSRF: b.csrf, Name: c.Name, Why: b.why}
		if i < n-1 {
			r.Order.Up = strconv.Itoa(i + 1)
		}
		if i > 0 {
			r.Order.Down = strconv.Itoa(i - 1)
		}
		if life := wrong(b.desk.Control(src, *c, b.m.Now).Life); life.Status != ui.NotSent {
			r.Life = life
		}
	}
	return r
}

// wrong is the life of a command if the command has failed, otherwise the zero value.
func wrong(l ui.CommandLife) ui.CommandLife {
	if l.Status == ui.Refused || l.Status == ui.Ended {
		return l
	}
	return ui.CommandLife{}
}

// The order of a layer's controls on the page, by the part of their names after the
// layer's id. Other controls follow in the order in which the process declares them.
var order = []string{"name", "opacity", "blending", "gamma", "colormap", "level", "mode"}

// elsewhere are the controls of a layer that the page shows in another place.
var elsewhere = []string{"visible", "selected", "index", "contrast_low", "contrast_high"}

// detail is the layer that is open.
func (b *builder) detail(layer *shm.Layer, declared shm.Controls) *components.LayerDetail {
	prefix := "layer." + layer.ID + "."
	d := &components.LayerDetail{ID: layer.ID, Name: ui.Name(layer.Name), Kind: layer.Kind}
	for _, v := range b.m.Source.Volumes() {
		if v.Layer == layer.ID {
			d.Volume = b.m.Prefix + "/volumes/" + url.PathEscape(b.m.Source.ID()) + "/" + url.PathEscape(v.Name)
		}
	}
	for _, name := range order {
		if c := b.byName[prefix+name]; c != nil {
			d.Controls = append(d.Controls, b.control(*c))
		}
	}
	for _, c := range declared {
		rest, ok := strings.CutPrefix(c.Name, prefix)
		if ok && !slices.Contains(order, rest) && !slices.Contains(elsewhere, rest) {
			d.Controls = append(d.Controls, b.control(c))
		}
	}
	low, high := b.byName[prefix+"contrast_low"], b.byName[prefix+"contrast_high"]
	for _, c := range []*shm.Control{low, high} {
		if c != nil {
			d.Contrast = append(d.Contrast, b.control(*c))
		}
	}
	if low != nil && high != nil {
		d.Histogram = histogram(b.m.Source.Histograms().Get(layer.ID), low, high)
		if a, ok := b.action(actionContrast); ok && len(a.Args) == 1 {
			p := b.desk.Button(b.m.Source, a, []ui.Pair{{Name: a.Args[0].Name, Value: layer.ID}}, b.m.Now)
			p.CSRF = b.csrf
			d.Auto = &p
		}
	}
	for _, name := range actionsOfLayer {
		a, ok := b.action(name)
		if !ok || len(a.Args) == 0 || !slices.Contains(a.Args[0].Choices, layer.ID) {
			continue
		}
		hidden := []ui.Pair{{Name: a.Args[0].Name, Value: layer.ID}}
		for _, arg := range a.Args[1:] {
			hidden = append(hidden, ui.Pair{Name: arg.Name, Value: fmt.Sprint(arg.Default)})
		}
		p := b.desk.Button(b.m.Source, a, hidden, b.m.Now)
		p.CSRF = b.csrf
		d.Do = append(d.Do, p)
	}
	if a, ok := b.action(actionRemove); ok && len(a.Args) == 1 && b.why == "" {
		d.Remove = &ui.ConfirmProps{
			ID: ui.ID("remove", layer.ID), Label: "Remove", Title: "Remove the layer “" + d.Name + "”?",
			Text:   "It goes out of napari for everybody, with all that was drawn in it. What nothing else holds is lost.",
			Action: b.desk.Path(b.m.Source, actionRemove, steer.AsForm), CSRF: b.csrf,
			Hidden: []ui.Pair{{Name: a.Args[0].Name, Value: layer.ID}},
		}
	}
	d.Facts, d.Levels = facts(layer)
	return d
}

func (b *builder) action(name string) (shm.Action, bool) {
	for _, a := range b.m.Source.Actions() {
		if a.Name == name {
			return a, true
		}
	}
	return shm.Action{}, false
}

// histogram is the histogram of the layer's visible slice; nil if napari has sent
// none.
func histogram(told *shm.Histogram, low, high *shm.Control) *components.Histogram {
	if told == nil {
		return nil
	}
	h := &components.Histogram{
		LowName: low.Name, HighName: high.Name, Low: told.Low, High: told.High,
		Exact: told.Exact, Least: told.Least, Greatest: told.Greatest, Whole: told.Whole,
		Counts: slices.Clone(told.Counts),
	}
	h.ContrastLow, _ = shm.Number(low.Value)
	h.ContrastHigh, _ = shm.Number(high.Value)
	trim(h)
	return h
}

// trim leaves out empty bins at both ends that lie outside the contrast limits.
// Otherwise the 12-bit values of a camera would fill a small part of a 16-bit range.
func trim(h *components.Histogram) {
	width := (h.High - h.Low) / float64(len(h.Counts))
	first := slices.IndexFunc(h.Counts, func(n int64) bool { return n > 0 })
	if first < 0 {
		return
	}
	last := len(h.Counts) - 1
	for h.Counts[last] == 0 {
		last--
	}
	bin := func(value float64) int {
		if at := (value - h.Low) / width; at > 0 { // and not NaN, of limits that are none
			return int(min(float64(len(h.Counts)-1), at))
		}
		return 0
	}
	first, last = min(first, bin(h.ContrastLow)), max(last, bin(h.ContrastHigh))
	// Leave room to drag the limits beyond the values.
	room := (last - first + 1) / 8
	first, last = max(0, first-room), min(len(h.Counts)-1, last+room)
	h.High = h.Low + width*float64(last+1)
	h.Low += width * float64(first)
	h.Counts = h.Counts[first : last+1]
}

// cards are camera, dims and canvas.
func (b *builder) cards(declared shm.Controls) []components.LayersCard {
	camera := components.LayersCard{ID: "card-camera", Title: "Camera", Help: "Where napari looks: the centre in the units of the layers, the zoom in screen pixels for each unit, and the angles in 3D."}
	dims := components.LayersCard{ID: "card-dims", Title: "Dims", Help: "The slice that napari shows, and whether it plays through an axis."}
	canvas := components.LayersCard{ID: "card-canvas", Title: "Canvas", Help: "The grid of tiles over napari's canvas, and a picture of what napari shows."}
	for _, c := range declared {
		switch c.Group {
		case "camera":
			camera.Controls = append(camera.Controls, b.control(c))
		case "dims":
			p := b.control(c)
			if strings.HasSuffix(c.Name, ".play") && c.Type == shm.Bool {
				p.On, p.Off, p.Quiet, p.Action = "pause", "play", true, b.desk.Path(b.m.Source, c.Name, steer.AsNone)
			}
			dims.Controls = append(dims.Controls, p)
		case "canvas":
			canvas.Controls = append(canvas.Controls, b.control(c))
		}
	}
	if a, ok := b.action(actionReset); ok {
		camera.Actions = append(camera.Actions, b.form(a))
	}
	if a, ok := b.action(actionScreenshot); ok {
		canvas.Actions = append(canvas.Actions, b.form(a))
		canvas.Shots, canvas.Shot = true, b.screenshot()
	}
	var out []components.LayersCard
	for _, card := range []components.LayersCard{dims, camera, canvas} {
		if len(card.Controls)+len(card.Actions) > 0 {
			out = append(out, card)
		}
	}
	return out
}

func (b *builder) form(a shm.Action) ui.ActionProps {
	p := b.desk.Action(b.m.Source, a, b.m.Now)
	p.CSRF = b.csrf
	return p
}

// screenshot is the last screenshot that napari has taken, nil for none.
func (b *builder) screenshot() *components.Screenshot {
	value, _, _ := b.m.Source.State(shm.ArrayTopic(arrayScreenshot))
	frame, ok := value.(*shm.ArrayFrame)
	if !ok || frame == nil || len(frame.Shape) < 2 {
		return nil
	}
	return &components.Screenshot{
		// The number makes the URL differ for each screenshot, so that the browser does
		// not show an older one from its cache.
		URL:  fmt.Sprintf("%s/api/v1/sources/%s/arrays/%s.png?frame=%d", b.m.Prefix, b.m.Source.ID(), arrayScreenshot, frame.Seq),
		Time: time.UnixMilli(int64(frame.Stamp * 1000)), Rows: frame.Shape[0], Cols: frame.Shape[1],
	}
}

// list is the page as a list of parts.
func list(l components.Layers) tab.List {
	out := tab.List{Whole: components.LayersFrame(l), Version: string(l.State)}
	sections := func(controls []ui.ControlProps) {
		// A control that came into a section, or was the last of one, changes the page as a whole.
		for _, p := range controls {
			out.Version += "\t" + p.Section
		}
	}
	if l.State != components.LayersLive {
		out.Version += " " + string(l.Link) + " " + l.Name
	}
	for _, r := range l.Rows {
		out.Parts = append(out.Parts, tab.Part{ID: r.ElementID(), Version: rowVersion(r), Frame: components.LayerRowFrame(r)})
	}
	if d := l.Open; d != nil {
		// Another open layer has parts with other ids, so the whole list changes.
		out.Parts = append(out.Parts, tab.Part{ID: components.LayerHeadID, Version: d.ID + " " + d.Kind + " " + d.Name + " " + d.Volume, Frame: components.LayerHeadFrame(d)})
		if d.Histogram != nil || len(d.Contrast) > 0 {
			out.Parts = append(out.Parts, tab.Part{ID: components.LayerHistogramID, Version: histogramVersion(d.Histogram), Frame: components.LayerHistogramFrame(d.Histogram)})
		}
		for _, p := range d.Contrast {
			out.Parts = append(out.Parts, steer.Part(p))
		}
		if d.Auto != nil {
			out.Parts = append(out.Parts, steer.ActionPart(*d.Auto))
		}
		sections(d.Controls)
		for _, p := range d.Controls {
			out.Parts = append(out.Parts, steer.Part(p))
		}
		out.Parts = append(out.Parts, tab.Part{ID: components.LayerFactsID, Version: fmt.Sprint(d.Facts, d.Levels), Frame: components.LayerFactsFrame(d)})
	}
	for _, p := range l.Do {
		out.Parts = append(out.Parts, steer.ActionPart(p))
	}
	if d := l.Open; d != nil {
		for _, p := range d.Do {
			out.Parts = append(out.Parts, steer.ActionPart(p))
		}
		out.Version += fmt.Sprint(d.Remove != nil)
	}
	if v := l.Views; v != nil {
		out.Parts = append(out.Parts, tab.Part{ID: components.LayerViewsID, Version: fmt.Sprint(v.List, v.Said, v.Why, v.Wrong), Frame: components.SavedViewsFrame(v)})
	}
	for _, card := range l.Cards {
		sections(card.Controls)
		for _, p := range card.Controls {
			out.Parts = append(out.Parts, steer.Part(p))
		}
		for _, p := range card.Actions {
			out.Parts = append(out.Parts, steer.ActionPart(p))
		}
		if card.Shots {
			version := ""
			if card.Shot != nil {
				version = card.Shot.URL
			}
			out.Parts = append(out.Parts, tab.Part{ID: components.ScreenshotID, Version: version, Frame: components.ScreenshotFrame(card.Shot)})
		}
	}
	return out
}

// rowVersion changes when the row has changed.
func rowVersion(r components.LayerRow) string {
	b := make([]byte, 0, 64)
	b = append(append(b, r.Kind...), 0)
	b = append(append(b, r.Name...), 0)
	b = strconv.AppendBool(b, r.Open)
	b = strconv.AppendBool(b, r.Selected)
	if r.Eye != nil {
		b = append(append(append(append(b, 'e'), r.Eye.Value...), r.Eye.Why...), 0)
	}
	if r.Pick != nil {
		b = append(append(append(append(b, 'p'), r.Pick.Value...), r.Pick.Why...), 0)
	}
	b = append(append(append(append(b, r.Thumb...), 0), r.Linked...), 0)
	if r.Order != nil {
		b = append(append(append(append(append(b, 'o'), r.Order.Up...), ' '), r.Order.Down...), r.Order.Why...)
	}
	b = append(append(append(b, 0), r.Life.Status...), r.Life.Reason...)
	return string(b)
}

func histogramVersion(h *components.Histogram) string {
	if h == nil {
		return ""
	}
	// The contrast limits are not part of it: pages move their lines themselves.
	b := make([]byte, 0, 8*len(h.Counts)+64)
	for _, x := range []float64{h.Low, h.High, h.Least, h.Greatest} {
		b = append(strconv.AppendFloat(b, x, 'g', -1, 64), ' ')
	}
	for _, n := range h.Counts {
		b = append(strconv.AppendInt(b, n, 36), ' ')
	}
	return string(b)
}
