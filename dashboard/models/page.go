package models

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/chart"
	"webmon/dashboard/door"
	"webmon/dashboard/record"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/natural"
	"webmon/shm"
)

// stopped is the phase of a simulation that does not run.
const stopped = string(components.ModelStopped)

// settleFor is how long a page waits for the first state of a simulation that has just
// started, so that the page is complete at once. checkFor is how long a page whose URL
// has parameters waits for the controls, which it needs to check them.
const (
	settleFor = 300 * time.Millisecond
	checkFor  = 2 * time.Second
)

// Href is the URL of a model's page.
func (m *Models) Href(key string) string {
	return m.opts.Prefix.String() + "/" + slug + "/" + url.PathEscape(key)
}

// stateOf returns what a simulation says about itself, nil if it has said nothing yet.
func stateOf(src *source.Source) *shm.ModelState {
	if src == nil {
		return nil
	}
	return src.Model()
}

// phaseOf is what a simulation is doing, as the word that pages show.
func phaseOf(src *source.Source, st *shm.ModelState, now time.Time) components.ModelPhase {
	switch {
	case src == nil || !src.Running():
		return components.ModelStopped
	case st == nil:
		return components.ModelStarting
	}
	switch st.Phase {
	case shm.ModelRunning, shm.ModelPaused, shm.ModelSlow, shm.ModelFailed:
		return components.ModelPhase(st.Phase)
	}
	return components.ModelStarting
}

// people returns how many people look at a simulation that runs.
func (m *Models) people(src *source.Source, now time.Time) int {
	if src == nil || !src.Running() {
		return 0
	}
	return m.opts.People(src)
}

// Entry is a model as the API lists it.
type Entry struct {
	Key     string   `json:"key"`
	Title   string   `json:"title"`
	About   string   `json:"about"`
	Origin  string   `json:"origin"`
	Kind    shm.Kind `json:"kind"`
	Phase   string   `json:"phase"`   // "stopped" while it does not run
	People  int      `json:"people"`  // how many people look at it
	Source  string   `json:"source"`  // id of its source; "" if it has not run yet
	Problem string   `json:"problem"` // why it cannot run, or has failed; "" if neither
}

// Entries lists all models.
func (m *Models) Entries(now time.Time) []Entry {
	out := []Entry{} // an empty list, not null
	for _, info := range m.opts.List() {
		src := m.Source(info.Key)
		st := stateOf(src)
		e := Entry{
			Key: info.Key, Title: titleOf(info), About: info.About, Origin: info.Origin, Kind: info.Kind,
			Phase: string(phaseOf(src, st, now)), People: m.people(src, now),
		}
		if src != nil {
			e.Source = src.ID()
		}
		e.Problem, _ = m.whatIsWrong(info, src, st, now)
		out = append(out, e)
	}
	return out
}

func titleOf(info shm.ModelInfo) string {
	if info.Title == "" {
		return info.Key
	}
	return info.Title
}

// whatIsWrong says why a model has failed or cannot run, "" if neither.
func (m *Models) whatIsWrong(info shm.ModelInfo, src *source.Source, st *shm.ModelState, now time.Time) (problem, detail string) {
	if src != nil && src.Running() {
		if st != nil && st.Phase == shm.ModelFailed {
			if st.Problem == "" {
				return "The model failed without saying why.", st.Detail
			}
			return st.Problem, st.Detail
		}
		return "", ""
	}
	if info.Problem != "" {
		return natural.Sentence(info.Problem), info.Detail
	}
	if err := m.problem(info.Key); err != nil {
		return natural.Sentence(err.Error()), ""
	}
	return "", ""
}

// waitingFor says what takes a model long, "" for nothing.
func waitingFor(src *source.Source, st *shm.ModelState, now time.Time) (wait, detail string) {
	if st == nil || st.Phase != shm.ModelSlow || !src.Running() {
		return "", ""
	}
	return st.Problem, st.Detail
}

// listPage is the list of models.
func (m *Models) listPage(v tab.View) templ.Component {
	return components.ModelsPage(m.cards(v.Moment))
}

// list is the list of models with one part for each model.
func (m *Models) list(mo tab.Moment) tab.List {
	page := m.cards(mo)
	l := tab.List{Whole: components.ModelsFrame(page), Version: strconv.Itoa(len(page.Cards))}
	for _, c := range page.Cards {
		l.Parts = append(l.Parts, tab.Part{ID: c.ElementID(), Version: fmt.Sprint(c), Frame: components.ModelCardFrame(c)})
	}
	return l
}

func (m *Models) cards(mo tab.Moment) components.Models {
	out := components.Models{LiveTopic: mo.LiveTopic(slug)}
	for _, info := range m.opts.List() {
		src := m.Source(info.Key)
		st := stateOf(src)
		c := components.ModelCard{
			Key: info.Key, Title: titleOf(info), Href: m.Href(info.Key), Origin: origin(info),
			Phase: phaseOf(src, st, mo.Now), People: m.people(src, mo.Now),
		}
		about := m.abouts.of(info)
		c.About, c.Words = about.line, about.words
		c.Problem, c.Detail = m.whatIsWrong(info, src, st, mo.Now)
		c.Wait, _ = waitingFor(src, st, mo.Now)
		if c.Phase == components.ModelRunning && st != nil {
			c.Rate = st.Rate
		}
		if version, ok := m.pictureVersion(info, src, c.Phase != components.ModelStopped, mo.Now); ok {
			c.Picture = m.Href(info.Key) + "/picture.png?v=" + version
		}
		out.Cards = append(out.Cards, c)
	}
	return out
}

// origin is where a model comes from, for people.
func origin(info shm.ModelInfo) string {
	switch {
	case info.Origin == "" && info.Kind == shm.KindRemote:
		return "a server elsewhere"
	case info.Origin == "":
		return "built in"
	}
	return info.Origin
}

// starts reports whether the page of a model starts it.
func (m *Models) starts(key string) bool {
	_, ok := m.info(key)
	src := m.Source(key)
	return ok && (src == nil || !src.Running())
}

// openItem starts the model whose page is requested, if whoever requests it may.
func (m *Models) openItem(ctx context.Context, key string) (tab.Item, error) {
	info, ok := m.info(key)
	if !ok {
		return tab.Item{}, tab.NoItem(fmt.Sprintf("There is no model %.60q. The Models tab lists all models.", key))
	}
	// Who may only look sees its last run: to start it is a change for everybody.
	if door.Of(ctx).Role < door.Steer {
		return tab.Item{Title: titleOf(info), Source: m.Source(key), Opening: m.opening(key)}, nil
	}
	// If the model cannot run, its page says why.
	wait, cancel := context.WithTimeout(ctx, openFor)
	defer cancel()
	src, _ := m.Visit(wait, record.By(ctx), key)
	if src == nil {
		src = m.Source(key) // the page shows its last run
	}
	return tab.Item{Title: titleOf(info), Source: src, Opening: m.opening(key)}, nil
}

// told reports whether a simulation has declared its controls, or has failed.
func told(src *source.Source) bool {
	_, at, _ := src.State(shm.TopicControls)
	st := stateOf(src)
	return st != nil && (!at.IsZero() || st.Phase == shm.ModelFailed)
}

// settled reports whether a simulation has also sent what there is to show.
func settled(src *source.Source) bool {
	return told(src) && (src.Array(shm.ArrayDensity) != nil || stateOf(src).Phase == shm.ModelFailed)
}

// await waits until a condition holds for a simulation that runs.
func await(ctx context.Context, src *source.Source, patience time.Duration, is func(*source.Source) bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is(src) && src.Running() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// page is the page of a model.
func (m *Models) page(v tab.View, key string) templ.Component {
	query := v.Request.URL.Query()
	given := parametersOf(query)
	src := m.Source(key)
	if src != nil {
		ctx := v.Request.Context()
		await(ctx, src, settleFor, settled)
		if len(given) > 0 {
			await(ctx, src, checkFor, told)
		}
	}
	rest := without(query)
	page := m.model(v.Moment, key)
	page.Charts = m.charts(v.Moment, key, chart.WindowOf(v))
	steer.Sign(page.Groups, v.CSRF)
	page.CSRF = v.CSRF
	page.Windows = chart.Windows(m.Href(key), rest, chart.WindowOf(v))
	page.Parameters = m.parameters(src, key, rest, given)
	return components.ModelPage(page)
}

// live is the live regions of a model's page. Its charts have the default window; the
// page sets the one that it shows.
func (m *Models) live(mo tab.Moment, key string) tab.List {
	page := m.model(mo, key)
	// The numbers below charts are computed only for charts that somebody sees.
	charted := func(frame func(components.Model) templ.Component) templ.Component {
		return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
			page := page
			page.Charts = m.charts(mo, key, chart.ParseWindow(""))
			return frame(page).Render(ctx, w)
		})
	}
	l := tab.List{Whole: charted(components.ModelFrame)}
	l.Parts = []tab.Part{
		{ID: components.ModelHeadID, Version: page.HeadVersion(), Frame: components.ModelHeadFrame(page)},
		{ID: components.ModelConfigID, Version: fmt.Sprint(page.Config, page.Phase, page.Opening, page.Problem != ""), Frame: components.ModelConfigFrame(page)},
		{ID: components.ModelRemarksID, Version: strings.Join(page.Remarks, "\n"), Frame: components.ModelRemarksFrame(page)},
		{ID: components.ModelFilesID, Version: fmt.Sprint(page.Files), Frame: components.ModelFilesFrame(page)},
	}
	charts := string(page.Phase) // the text that says why there are no charts
	if st := stateOf(m.Source(key)); st != nil && len(st.Observables) > 0 {
		charts = fmt.Sprint(st.Observables)
	}
	l.Parts = append(l.Parts, tab.Part{ID: components.ModelChartsID, Version: charts, Frame: charted(components.ModelChartsFrame)})
	if len(page.Groups) == 0 {
		l.Version = string(page.Phase) // the text that says why there are no controls
	}
	l.Add(steer.Parts(page.Groups))
	return l
}

// charts are the charts of the numbers that a model reports, in its order.
func (m *Models) charts(mo tab.Moment, key string, window time.Duration) []components.ChartProps {
	src := m.Source(key)
	st := stateOf(src)
	if st == nil {
		return nil
	}
	view := chart.ViewOf(tab.Moment{Source: src, Now: mo.Now, Prefix: mo.Prefix}, window)
	var out []components.ChartProps
	for _, o := range st.Observables {
		out = append(out, view.Card(chart.SpecOf(src, shm.TopicPhysics+"."+o.Name), mo.Now))
	}
	return out
}

// model is the content of a model's page at a moment, without its charts.
func (m *Models) model(mo tab.Moment, key string) components.Model {
	info, ok := m.info(key)
	if !ok {
		info = shm.ModelInfo{Key: key} // its file is gone, but its last run is kept
	}
	src := m.Source(key)
	st := stateOf(src)
	out := components.Model{
		Key: key, Title: titleOf(info), Origin: origin(info), Href: m.Href(key), List: m.opts.Prefix.String() + "/" + slug,
		Phase: phaseOf(src, st, mo.Now), Apply: m.Href(key) + "/parameters",
		Alone: info.Kind == shm.KindRemote,
	}
	about := m.abouts.of(info)
	out.Lead, out.About = about.lead, about.rest
	out.Problem, out.Detail = m.whatIsWrong(info, src, st, mo.Now)
	if src == nil {
		if out.Opening = m.opening(key); out.Opening {
			out.Phase = components.ModelStarting
		}
		return out
	}
	out.Source = src.ID()
	out.LiveTopic, out.ValuesTopic, out.StateTopic = tab.Moment{Source: src, Locked: mo.Locked}.LiveTopic(slug), steer.ValuesTopic(src), StateTopic(src)
	out.Pin = ui.PinHref(mo.Prefix, "model", src.ID(), key)
	out.People = m.people(src, mo.Now)
	if wait, detail := waitingFor(src, st, mo.Now); wait != "" {
		out.Wait, out.Detail = wait, detail
	}
	if st != nil {
		out.TimeUnit, out.Remarks = st.TimeUnit, st.Remarks
	}
	declared := src.Controls()
	m.actions(&out, src, declared, mo.Now)
	m.field(&out, src, info, st, declared)
	return out
}

// Card is what a card with the picture of a model needs, of a source that is one; ok is false
// for any other source.
func (m *Models) Card(mo tab.Moment) (out components.Model, ok bool) {
	key := m.KeyOf(mo.Source)
	if key == "" {
		return out, false
	}
	info, found := m.info(key)
	if !found {
		info = shm.ModelInfo{Key: key}
	}
	st := stateOf(mo.Source)
	out = components.Model{
		Key: key, Title: titleOf(info), Href: m.Href(key), Source: mo.Source.ID(), StateTopic: StateTopic(mo.Source),
		Phase: phaseOf(mo.Source, st, mo.Now),
	}
	out.Problem, _ = m.whatIsWrong(info, mo.Source, st, mo.Now)
	m.field(&out, mo.Source, info, st, mo.Source.Controls())
	return out, true
}

// opening reports whether a model is about to start.
func (m *Models) opening(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.runs[key]
	return r != nil && r.opening != nil
}

// known are the actions that any simulation may have, as buttons. The label and the help
// that a simulation declares for an action itself take precedence.
var known = []components.ModelButton{
	{Name: shm.ActionStart, Label: "Start", Icon: "play", Help: "Continues the simulation."},
	{Name: shm.ActionPause, Label: "Pause", Icon: "pause", Help: "Pauses the simulation, for everybody. The other Pause button, of the page, pauses only this page."},
	{Name: shm.ActionStep, Label: "Step", Icon: "step", Help: "Computes one more picture, and pauses."},
	{Name: shm.ActionReset, Label: "Reset", Icon: "reset", Help: "Goes back to the start, with the initial parameters."},
	{Name: shm.ActionResetTracers, Label: "Reset tracers", Icon: "layer-points", Help: "Spreads the tracer particles again."},
	{Name: shm.ActionRestart, Label: "Restart", Icon: "restart", Help: "Starts the simulation again, whatever state it is in."},
}

// actions adds the actions of the simulation to the page: known ones as buttons, others
// as forms among the controls.
func (m *Models) actions(out *components.Model, src *source.Source, declared shm.Controls, now time.Time) {
	var own, offered []shm.Action
	var names []string
	for _, a := range src.Actions() {
		if slices.ContainsFunc(known, func(b components.ModelButton) bool { return b.Name == a.Name && len(a.Args) == 0 }) {
			offered = append(offered, a)
			names = append(names, a.Name)
		} else {
			own = append(own, a)
		}
	}
	offers := func(name string) bool { return slices.Contains(names, name) }
	out.Groups = m.opts.Desk.Groups(src, declared, own, now)
	if out.Phase == components.ModelStopped {
		return
	}
	out.Told = m.opts.Desk.Failed(src, names, now)
	moves := out.Phase == components.ModelRunning || out.Phase == components.ModelSlow
	for _, b := range known {
		if !offers(b.Name) {
			continue
		}
		works := out.Phase == components.ModelRunning || out.Phase == components.ModelPaused || out.Phase == components.ModelSlow
		switch b.Name {
		case shm.ActionStart:
			// Start and Pause share one button, which shows what it does now.
			if moves && offers(shm.ActionPause) {
				continue
			}
		case shm.ActionPause:
			if !moves && offers(shm.ActionStart) {
				continue
			}
		case shm.ActionResetTracers:
			if src.Array(shm.ArrayTracers) == nil {
				continue
			}
		}
		b.Action = m.opts.Desk.Path(src, b.Name, steer.AsNone)
		b.Off = !works && b.Name != shm.ActionRestart
		b.Toggle = b.Name == shm.ActionStart || b.Name == shm.ActionPause
		for _, a := range offered {
			if a.Name == b.Name {
				b.Label, b.Help = cmp.Or(a.Title, b.Label), cmp.Or(a.Help, b.Help)
			}
		}
		out.Buttons = append(out.Buttons, b)
	}
}

// config is what the script of a model's picture needs.
type config struct {
	Source   string      `json:"source"`
	Key      string      `json:"key"`
	Shape    []int       `json:"shape"`   // [Nx, Ny]
	Tracers  int         `json:"tracers"` // how many; 0 for none
	Phase    bool        `json:"phase"`   // whether there is a phase
	Finger   bool        `json:"finger"`
	Colormap string      `json:"colormap"`
	Limits   *[2]float64 `json:"limits"`
	Unit     string      `json:"unit"`
}

// field adds the density and its files to the page.
func (m *Models) field(out *components.Model, src *source.Source, info shm.ModelInfo, st *shm.ModelState, declared shm.Controls) {
	id := url.PathEscape(src.ID())
	base := m.opts.Prefix.String() + "/api/v1/sources/" + id
	density := src.Array(shm.ArrayDensity)
	phase := src.Array(shm.ArrayPhase)
	if density != nil && len(density.Shape) == 2 {
		c := config{
			Source: src.ID(), Key: info.Key, Shape: density.Shape, Phase: phase != nil,
			Colormap: density.Colormap, Limits: density.Limits, Unit: density.Unit,
		}
		if c.Colormap == "" {
			c.Colormap = "viridis"
		}
		if t := src.Array(shm.ArrayTracers); t != nil && len(t.Shape) == 2 {
			c.Tracers = t.Shape[1]
		}
		_, x := declared.Get(shm.ControlFingerX)
		_, y := declared.Get(shm.ControlFingerY)
		c.Finger = x && y
		if text, err := json.Marshal(c); err == nil {
			out.Config = string(text)
		}
		out.Shape = ui.Shape(int64(density.Shape[0]), int64(density.Shape[1]))
		out.Finger = c.Finger
		out.Files = append(out.Files,
			components.ModelFile{Label: "density .png", Href: base + "/arrays/density.png?index=x,y&origin=lower&colormap=" + url.QueryEscape(c.Colormap), Help: "The density as a picture, one pixel for each point of the grid"},
			components.ModelFile{Label: "density .npy", Href: base + "/arrays/density.npy", Help: "The density as a NumPy file: shape [Nx, Ny], x before y"},
		)
	}
	if phase != nil {
		out.Files = append(out.Files, components.ModelFile{Label: "phase .npy", Href: base + "/arrays/phase.npy", Help: "The phase as a NumPy file, in radians from −π to π"})
	}
	if st != nil && len(st.Observables) > 0 && src.History(shm.TopicPhysics) != nil {
		out.Files = append(out.Files, components.ModelFile{Label: "physics .csv", Href: base + "/events/" + shm.TopicPhysics + "?format=csv", Help: "The numbers of the charts, over the last 15 minutes"})
	}
	if density != nil {
		out.Arrays = m.opts.Prefix.String() + "/arrays?source=" + url.QueryEscape(src.ID()) + "&array=" + shm.ArrayDensity
	}
}

// number writes a value of a control for people.
func number(v shm.Value) string {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) {
			return ui.None
		}
		return ui.FieldNumber(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		if v {
			return "on"
		}
		return "off"
	case string:
		return v
	}
	return ui.None
}
