package volumes

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"time"

	"webmon/components"
	"webmon/dashboard/door"
	"webmon/dashboard/record"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/volumes/pose"
	"webmon/dashboard/volumes/view"
	"webmon/shm"
)

// company is what is known of a view that goes together with where its napari looks. The two never answer each other: a view
// that follows sends nothing to napari, and one that leads takes nothing from there.
type company struct {
	as  view.Company
	due time.Time // not before
	// Of a view that follows: what it was last made from, and what it was made.
	seen  [3]uint64 // numbers of dims and camera, and of the view's state
	moves pose.Moves
	// Of one that leads: whether somebody has moved it since napari was told, and who; what napari was told, while it shows the same axes.
	moved bool
	by    record.Author
	sent  map[string]float64
	shown []int
	// Why the two do not go together; "" if they do, or nothing is known yet.
	problem string
}

// perLook is how many bytes of a state are read again at each look. Larger ones take turns.
const perLook = 256 << 10

// lookAway lets go of where napari looks; mu is held.
func (l *live) lookAway() {
	if l.looking != nil {
		l.looking()
		l.looking = nil
	}
}

// accompany returns what is known of a view that follows or leads, anew if that has changed; mu is held.
func (l *live) accompany(w *view.View, as view.Company) *company {
	c := l.companies[w]
	if c == nil || c.as != as {
		if l.companies == nil {
			l.companies = map[*view.View]*company{}
		}
		c = &company{as: as}
		l.companies[w] = c
	}
	if l.looking == nil && l.awake {
		l.looking = l.src.Want(shm.TopicCamera, shm.TopicDims, shm.TopicControls)
	}
	return c
}

// together brings a view to where napari looks, or napari to the view. It reports whether the two go together at all.
func (l *live) together(w *view.View, now time.Time) bool {
	as := w.Company()
	l.mu.Lock()
	if as == view.Apart {
		delete(l.companies, w)
		l.mu.Unlock()
		return false
	}
	c := l.accompany(w, as)
	due := !now.Before(c.due)
	l.mu.Unlock()
	if !due || !l.src.Running() {
		return true
	}
	state := w.State()
	dims, _, seqDims := l.src.State(shm.TopicDims)
	camera, _, seqCamera := l.src.State(shm.TopicCamera)
	if dims == nil || camera == nil {
		return true // they are on their way
	}
	seen := [3]uint64{seqDims, seqCamera, state.N}
	l.mu.Lock()
	moved := c.moved
	same := seen == c.seen
	c.seen = seen
	c.due = now.Add(lookEvery * time.Duration(len(state.JSON)/perLook))
	l.mu.Unlock()
	if same && !moved {
		return true
	}
	n, err := pose.Parse(dims, camera)
	if err == nil {
		placed(n)
		if as == view.Follows {
			err = l.bring(w, c, n)
		} else if moved {
			err = l.lead(w, c, n, state)
		}
	}
	problem := ""
	if err != nil {
		problem = sentence(err)
	}
	l.mu.Lock()
	other := c.problem != problem
	c.problem = problem
	l.mu.Unlock()
	if other {
		l.v.told(w)
	}
	return true
}

// placed gives the axes of napari's world the names and units that they have in the client.
func placed(n *pose.Napari) {
	world := volume{VolumeInfo: shm.VolumeInfo{Units: n.Units, Channels: -1}}
	for i := range n.Axes {
		world.Axes = append(world.Axes, n.Axes[i].Name)
		world.Shape = append(world.Shape, 1)
	}
	for i, text := range world.Units {
		if text == "pixel" || text == "dimensionless" {
			world.Units[i] = ""
		}
	}
	for _, a := range world.space() {
		at := &n.Axes[a.From]
		at.Name, at.Scale, at.Unit = a.Name, a.Scale, a.Unit
	}
}

// errNoAxis says that a view has nothing to do with its napari.
var errNoAxis = errors.New("no dimension of the view has the name and the unit of one of napari's axes, so neither can follow the other")

// bring makes a view look where napari does, as far as napari has moved.
func (l *live) bring(w *view.View, c *company, n *pose.Napari) error {
	return w.Edit(func(m map[string]rawJSON) (bool, error) {
		v := poseOf(m)
		if !pose.Common(n, v) {
			return false, errNoAxis
		}
		// Nobody else changes moves: all views of a process are looked at one after the other.
		moves := pose.Follow(n, v).Since(c.moves)
		if moves.None() {
			return false, nil
		}
		c.moves = c.moves.And(moves)
		move(m, v, moves)
		return true, nil
	})
}

// poseOf reads where a state looks. What makes no sense in it is left out.
func poseOf(m map[string]rawJSON) *pose.View {
	v := &pose.View{}
	names, units := axesOf(m["dimensions"])
	for i, name := range names {
		if i < len(units) {
			v.Dims = append(v.Dims, pose.Dim{Name: name, Scale: units[i].scale, Unit: units[i].unit})
		}
	}
	_ = json.Unmarshal(m["position"], &v.Position)
	var display []string
	_ = json.Unmarshal(m["displayDimensions"], &display)
	for _, name := range display {
		if i := slices.Index(names, name); i >= 0 && i < len(v.Dims) && len(v.Display) < 3 {
			v.Display = append(v.Display, i)
		}
	}
	_ = json.Unmarshal(m["crossSectionScale"], &v.CrossScale)
	_ = json.Unmarshal(m["projectionScale"], &v.ProjectionScale)
	return v
}

// move changes a state.
func move(m map[string]rawJSON, v *pose.View, moves pose.Moves) {
	set := func(field string, value any) { m[field], _ = json.Marshal(value) } // finite numbers
	if len(moves.Position) > 0 {
		position := make([]float64, len(v.Dims))
		for i, d := range v.Dims {
			position[i] = 0.5
			if i < len(v.Position) {
				position[i] = v.Position[i]
			}
			if x, ok := moves.Position[d.Name]; ok {
				position[i] = x
			}
		}
		set("position", position)
	}
	if moves.CrossScale > 0 {
		set("crossSectionScale", moves.CrossScale)
	}
	if moves.ProjectionScale > 0 {
		set("projectionScale", moves.ProjectionScale)
	}
	if moves.CrossOrientation != nil {
		set("crossSectionOrientation", moves.CrossOrientation)
	}
	if moves.ProjectionOrientation != nil {
		set("projectionOrientation", moves.ProjectionOrientation)
	}
}

// lead makes napari look where a view does, as far as the view has moved.
func (l *live) lead(w *view.View, c *company, n *pose.Napari, state view.State) error {
	m := map[string]rawJSON{}
	if err := json.Unmarshal(state.JSON, &m); err != nil {
		return err
	}
	v := poseOf(m)
	if !pose.Common(n, v) {
		return errNoAxis
	}
	if l.v.opts.Desk == nil {
		return errors.New("nobody can steer here")
	}
	l.mu.Lock()
	by := c.by
	if c.moved = false; !slices.Equal(c.shown, n.Shown) {
		// The same controls are those of other axes.
		c.shown, c.sent = n.Shown, map[string]float64{}
	}
	sent := c.sent
	l.mu.Unlock()
	controls := l.src.Controls()
	for _, s := range pose.Lead(n, v) {
		if before, ok := sent[s.Control]; ok && before == s.Value {
			continue
		}
		control, ok := controls.Get(s.Control)
		if !ok {
			continue
		}
		sent[s.Control] = s.Value
		value := s.Value
		if control.Min != nil {
			value = max(value, *control.Min)
		}
		if control.Max != nil {
			value = min(value, *control.Max)
		}
		if has, ok := shm.Number(control.Value); ok && math.Abs(has-value) <= 1e-9*max(1, math.Abs(value)) {
			continue // it is there already
		}
		l.v.opts.Desk.Drag(by, w, l.src, s.Control, value, steer.Number{})
	}
	return nil
}

// moved notes that somebody has changed the state of a view. Napari is told if the view leads, and they may steer.
func (v *Volumes) moved(r *http.Request, at *view.View) {
	if at.Company() != view.Leads || door.Of(r.Context()).Role < door.Steer {
		return
	}
	src := v.opts.Source(at.Source)
	if src == nil {
		return
	}
	l := v.live(src)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wake()
	c := l.accompany(at, view.Leads)
	c.moved, c.by = true, record.By(r.Context())
}

// Ways of a form that says who leads.
const (
	formApart  = "apart"
	formNapari = "napari"
	formView   = "view"
)

var companies = map[string]view.Company{formApart: view.Apart, formNapari: view.Follows, formView: view.Leads}

const mayNotLead = "You may only look at the process, so your view cannot lead it."

// postCompany chooses who leads: napari, the view, or neither.
func (v *Volumes) postCompany(w http.ResponseWriter, r *http.Request) error {
	src, at, err := v.view(r)
	if err != nil {
		return err
	}
	if err := mayChange(r, at); err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return bad("The form is not properly encoded, or is too large.")
	}
	as, ok := companies[r.PostForm.Get("company")]
	if !ok {
		return bad("company must be %q, %q or %q.", formApart, formNapari, formView)
	}
	if as == view.Leads && door.Of(r.Context()).Role < door.Steer {
		return &Failure{http.StatusForbidden, mayNotLead}
	}
	if as != view.Apart && !hasNapari(src) {
		return &Failure{http.StatusConflict, noNapari}
	}
	at.Keep(as)
	v.moved(r, at)
	v.carriedOut(w, r, src)
	return nil
}

const noNapari = "This process has no napari that webmon.attach(viewer) has attached, so nothing can follow or lead here."

// hasNapari reports whether there is a napari to go with.
func hasNapari(src *source.Source) bool {
	_, ok := src.Controls().Get("camera.zoom")
	return ok
}

// company is what the panel says of who leads: nothing where there never was a napari.
func (v *Volumes) company(src *source.Source, at *view.View) components.VolumeCompany {
	as := at.Company()
	out := components.VolumeCompany{
		Action: v.opts.Prefix.String() + "/" + slug + "/" + src.ID() + "/company/" + at.Token,
	}
	for _, o := range []components.VolumeWay{
		{Value: formApart, Label: "Apart"}, {Value: formNapari, Label: "napari leads"}, {Value: formView, Label: "This view leads"},
	} {
		o.Current = companies[o.Value] == as
		if o.Value == formView && at.Looks {
			o.Why = mayNotLead
		}
		out.Ways = append(out.Ways, o)
	}
	l := v.live(src)
	l.mu.Lock()
	if c := l.companies[at]; c != nil && c.as == as {
		out.Problem = c.problem
	}
	l.mu.Unlock()
	switch {
	case !hasNapari(src) && as == view.Apart:
		return components.VolumeCompany{}
	case !src.Running():
		out.Problem = "The process has ended, and its napari with it."
	case !hasNapari(src):
		out.Problem = noNapari
	}
	return out
}
