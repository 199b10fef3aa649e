package volumes

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/dashboard/volumes/level"
	"webmon/dashboard/volumes/view"
	"webmon/natural"
	"webmon/shm"
)

// Bounds of what the panel lists.
const (
	maxLayers   = 64
	maxSegments = 24
	maxLink     = 16 << 10 // bytes of the link that holds a view
	problemAge  = 2 * time.Minute
	maxForm     = 8 << 10
)

// viewState is what the panel reads of a state. Whoever uses the client, or a script, may have written
// anything: what cannot be read is left out.
type viewState struct {
	Position   []float64 `json:"position"`
	Dimensions rawJSON   `json:"dimensions"`
	Layers     []rawJSON `json:"layers"`
}

type layerState struct {
	Type     string          `json:"type"`
	Name     string          `json:"name"`
	Source   rawJSON         `json:"source"`
	Visible  *bool           `json:"visible"`
	Opacity  *float64        `json:"opacity"`
	Alpha    *float64        `json:"selectedAlpha"`
	Shader   json.RawMessage `json:"shader"`
	Controls map[string]struct {
		Range []json.Number `json:"range"`
	} `json:"shaderControls"`
	Render   rawJSON  `json:"volumeRendering"`
	Segments []string `json:"segments"`
	// What people have drawn.
	Annotations []rawJSON `json:"annotations"`
}

// panel is the panel beside a view, at a moment.
func (v *Volumes) panel(m tab.Moment, at *view.View) components.VolumePanel {
	src := m.Source
	p := components.VolumePanel{
		LiveTopic: m.Topic("volume/" + at.Token), Looking: at.Browsers(),
		Action: v.opts.Prefix.String() + "/" + slug + "/" + url.PathEscape(src.ID()) + "/layer/" + at.Token,
	}
	if is, ended := at.Script(); is && !ended.IsZero() {
		p.Script = "The script that made this view has ended. This is how it left it, and it can be looked at as before. Started again, the script takes it up."
	}
	p.State = stateOf(src, m.Now)
	p.Company = v.company(src, at)
	state := at.State()
	var s viewState
	if json.Unmarshal(state.JSON, &s) != nil {
		return p
	}
	p.Position = position(s)
	if link := url.PathEscape(string(state.JSON)); len(link) <= maxLink {
		p.Reopen = v.clientAt(src, at) + "#!" + link
	}
	l := v.live(src)
	all := volumesOf(src)
	v.remember(src.ID(), all)
	for i, raw := range s.Layers {
		var layer layerState
		if i >= maxLayers {
			break
		}
		if json.Unmarshal(raw, &layer) != nil {
			layer = layerState{}
			var name struct{ Type, Name string }
			_ = json.Unmarshal(raw, &name)
			layer.Type, layer.Name = name.Type, name.Name
		}
		p.Drawn += len(layer.Annotations)
		p.Layers = append(p.Layers, l.layer(i, &layer, all, m.Now))
		p.Problems = append(p.Problems, l.problems(&layer, m.Now)...)
	}
	if p.Drawn > 0 {
		p.DrawnAt = v.opts.Prefix.String() + "/" + slug + "/" + url.PathEscape(src.ID()) + "/annotations/" + at.Token
	}
	return p
}

// stateOf is what is to be said of a process, "" for nothing.
func stateOf(src *source.Source, now time.Time) string {
	switch {
	case !src.Running():
		return "The process has ended. What is loaded stays; what is not cannot be loaded any more."
	case !src.Connected(now):
		return "The process has gone quiet. This is what it sent last."
	}
	return ""
}

// position is where the view is, by axis.
func position(s viewState) (out []ui.Pair) {
	names, units := axesOf(s.Dimensions)
	for i, x := range s.Position {
		if i >= len(names) || i >= maxRank {
			break
		}
		pair := ui.Pair{Name: names[i], Value: ui.Fixed(math.Floor(x), 0), Key: "position-" + names[i]}
		if u := units[i]; u.unit != "" {
			value, prefix := engineering(x * u.scale)
			pair.Note = value + " " + prefix + u.unit
		}
		out = append(out, pair)
	}
	return out
}

type unit struct {
	scale float64
	unit  string
}

// axesOf reads the dimensions of a state in their order.
func axesOf(dimensions rawJSON) (names []string, units []unit) {
	d := json.NewDecoder(strings.NewReader(string(dimensions)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil
	}
	for d.More() && len(names) < maxRank {
		t, err := d.Token()
		name, ok := t.(string)
		var value []any
		if err != nil || !ok || d.Decode(&value) != nil {
			return names, units
		}
		var u unit
		if len(value) == 2 {
			u.scale, _ = value[0].(float64)
			u.unit, _ = value[1].(string)
		}
		names, units = append(names, natural.Clip(name, 40)), append(units, u)
	}
	return names, units
}

// engineering writes a length with a prefix of the SI.
func engineering(x float64) (value, prefix string) {
	steps := []struct {
		by     float64
		prefix string
	}{{1, ""}, {1e-3, "m"}, {1e-6, "µ"}, {1e-9, "n"}, {1e-12, "p"}}
	for _, s := range steps {
		if math.Abs(x) >= s.by || s.by == 1e-12 && x != 0 {
			return strconv.FormatFloat(x/s.by, 'g', 4, 64), s.prefix
		}
	}
	return "0", ""
}

// layer is a layer of the panel.
func (l *live) layer(i int, s *layerState, all []volume, now time.Time) components.VolumeLayer {
	out := components.VolumeLayer{
		Key: strconv.Itoa(i), Name: natural.Clip(s.Name, 120), Kind: natural.Clip(s.Type, 40), Visible: s.Visible == nil || *s.Visible,
	}
	switch s.Type {
	case "image":
		one := 0.5
		if out.Opacity = s.Opacity; out.Opacity == nil {
			out.Opacity = &one
		}
		if c, ok := s.Controls["normalized"]; ok && len(c.Range) == 2 {
			low, errLow := c.Range[0].Float64()
			high, errHigh := c.Range[1].Float64()
			if errLow == nil && errHigh == nil {
				out.Range = &[2]float64{low, high}
			}
		}
		var shader string
		if json.Unmarshal(s.Shader, &shader) == nil && strings.Contains(shader, "#uicontrol invlerp normalized") {
			out.Colors = pixels.Colormaps()
			for _, name := range out.Colors {
				if shader == colourShader(name) {
					out.Colormap = name
				}
			}
		}
		rendered := string(s.Render)
		on := rendered != "" && rendered != `"off"` && rendered != "false" && rendered != "null"
		out.Render = &on
	case "segmentation":
		half := 0.5
		if out.Opacity = s.Alpha; out.Opacity == nil {
			out.Opacity = &half
		}
	}
	for j, id := range s.Segments {
		if j == maxSegments {
			out.More = len(s.Segments) - maxSegments
			break
		}
		out.Segments = append(out.Segments, components.VolumeSegment{ID: natural.Clip(strings.TrimPrefix(id, "!"), 24)})
	}
	for _, key := range keysOfLayer(s) {
		k := slices.IndexFunc(all, func(v volume) bool { return v.Key == key })
		if k < 0 {
			out.Note = "What this layer showed is not there any more."
			continue
		}
		vol := &all[k]
		out.Facts = []ui.Pair{
			{Name: "name", Value: vol.Name, Key: "name"}, {Name: "shape", Value: shapeText(vol.Shape), Note: strings.Join(vol.Axes, ", "), Key: "shape"},
		}
		if vol.Kind.IsVoxels() {
			out.Facts = append(out.Facts, ui.Pair{Name: "dtype", Value: dtypeName(vol.Descr), Key: "dtype"})
		}
		if voxel := vol.voxel(); voxel != "" {
			out.Facts = append(out.Facts, ui.Pair{Name: "voxel", Value: voxel, Key: "voxel"})
		}
		if vol.Unit != "" {
			out.Facts = append(out.Facts, ui.Pair{Name: "values", Value: vol.Unit, Key: "unit"})
		}
		notes := []string{}
		l.mu.Lock()
		shown := l.shown[key]
		var limits *[2]float64
		if shown != nil {
			limits = shown.limits
			out.Loading = shown.under
			if !shown.changed.IsZero() {
				out.Live, out.Changed = true, max(0, now.Sub(shown.changed))
			}
			out.Facts = append(out.Facts,
				ui.Pair{Name: "generation", Value: ui.Count(shown.generation), Key: "generation"},
				ui.Pair{Name: "read", Value: ui.Count(shown.chunks), Unit: "chunks", Note: ui.BytesText(float64(shown.bytes)), Key: "chunks"})
		}
		for i := range out.Segments {
			if id, err := strconv.ParseUint(out.Segments[i].ID, 10, 64); err == nil && shown != nil && out.Segments[i].Size == "" {
				out.Segments[i].Size = shown.sizeOf(vol, id)
			}
		}
		l.mu.Unlock()
		if w, ok := level.WireOf(vol.Descr, vol.Kind == shm.VolumeLabels, limits); ok && w.Note != "" {
			notes = append(notes, w.Note)
		}
		if vol.Note != "" {
			notes = append(notes, natural.Sentence(vol.Note))
		}
		out.Note = strings.Join(notes, " ")
	}
	return out
}

func keysOfLayer(s *layerState) (out []string) {
	for _, m := range keysIn.FindAllSubmatch(s.Source, 8) {
		out = append(out, string(m[1]))
	}
	return out
}

// problems are why something of a layer is not shown.
func (l *live) problems(s *layerState, now time.Time) (out []components.VolumeProblem) {
	for _, key := range keysOfLayer(s) {
		l.mu.Lock()
		if shown := l.shown[key]; shown != nil {
			for _, p := range shown.problems {
				if p.What != whatPicture && p.holds(s, shown.generation, now) {
					out = append(out, components.VolumeProblem{Layer: natural.Clip(s.Name, 80), What: p.What, Label: p.Label, Text: p.Text, Times: p.N, Age: max(0, now.Sub(p.At))})
				}
			}
		}
		l.mu.Unlock()
	}
	return out
}

// postLayer changes how a layer of a view is shown.
func (v *Volumes) postLayer(w http.ResponseWriter, r *http.Request) error {
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
	form := r.PostForm
	name := form.Get("layer")
	found := false
	err = at.Edit(func(m map[string]rawJSON) (bool, error) {
		var layers []rawJSON
		if json.Unmarshal(m["layers"], &layers) != nil {
			return false, nil
		}
		for i, raw := range layers {
			var known struct{ Name string }
			fields := map[string]rawJSON{}
			if json.Unmarshal(raw, &known) != nil || natural.Clip(known.Name, 120) != name || json.Unmarshal(raw, &fields) != nil {
				continue
			}
			found = true
			if err := v.edit(src, fields, form); err != nil {
				return false, err
			}
			if layers[i], err = json.Marshal(fields); err != nil {
				return false, err
			}
			if form.Get("render") == "on" {
				m["showSlices"] = rawJSON("false") // they would hide what is inside
			}
			m["layers"], err = json.Marshal(layers)
			return true, err
		}
		return false, nil
	})
	switch {
	case err != nil:
		return failure(err)
	case !found:
		return &Failure{http.StatusNotFound, fmt.Sprintf("The view has no layer %.80q.", name)}
	}
	v.carriedOut(w, r, src)
	return nil
}

// carriedOut answers a form of the panel: the panel itself shows what has become of it.
func (v *Volumes) carriedOut(w http.ResponseWriter, r *http.Request, src *source.Source) {
	if r.Header.Get("HX-Request") != "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	back := v.opts.Prefix.String() + "/" + slug + "?source=" + url.QueryEscape(src.ID())
	if from, err := url.Parse(r.Referer()); err == nil && strings.HasPrefix(from.Path, v.opts.Prefix.String()+"/"+slug+"/") {
		back = (&url.URL{Path: from.Path, RawQuery: from.RawQuery}).String()
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// edit changes the fields of a layer as a form says.
func (v *Volumes) edit(src *source.Source, fields map[string]rawJSON, form url.Values) error {
	var s layerState
	b, _ := json.Marshal(fields)
	_ = json.Unmarshal(b, &s)
	set := func(name string, value any) { fields[name], _ = json.Marshal(value) }
	number := func(name string) (x float64, given bool, err error) {
		text := strings.TrimSpace(form.Get(name))
		if text == "" {
			return 0, false, nil
		}
		if x, err = strconv.ParseFloat(text, 64); err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return 0, false, bad("%s must be a number.", name)
		}
		return x, true, nil
	}
	switch form.Get("visible") {
	case "true":
		delete(fields, "visible")
	case "false":
		set("visible", false)
	}
	x, given, err := number("opacity")
	switch {
	case err != nil:
		return err
	case given && (x < 0 || x > 1):
		return bad("opacity must be from 0 to 1.")
	case given && s.Type == "segmentation":
		set("selectedAlpha", x)
	case given:
		set("opacity", x)
	}
	low, lowGiven, err := number("low")
	if err != nil {
		return err
	}
	high, highGiven, err := number("high")
	if err != nil {
		return err
	}
	if lowGiven && highGiven {
		if low == high {
			return bad("bright must differ from black.")
		}
		controls := map[string]rawJSON{}
		_ = json.Unmarshal(fields["shaderControls"], &controls)
		one := map[string]rawJSON{}
		_ = json.Unmarshal(controls["normalized"], &one)
		one["range"], _ = json.Marshal([]float64{low, high})
		controls["normalized"], _ = json.Marshal(one)
		set("shaderControls", controls)
	}
	if name := form.Get("colormap"); name != "" {
		if !slices.Contains(pixels.Colormaps(), name) {
			return bad("There is no colour table %.40q.", name)
		}
		set("shader", colourShader(name))
	}
	switch form.Get("render") {
	case "on":
		set("volumeRendering", "on")
		if _, ok := fields["volumeRenderingGain"]; !ok {
			set("volumeRenderingGain", v.live(src).gainOf(&s))
		}
	case "off":
		delete(fields, "volumeRendering")
	}
	return nil
}

// gainOf is the gain with which a layer is first rendered as a volume.
func (l *live) gainOf(s *layerState) float64 {
	for _, key := range keysOfLayer(s) {
		l.mu.Lock()
		var h *histogram
		if shown := l.shown[key]; shown != nil {
			h = shown.histogram
		}
		l.mu.Unlock()
		if h != nil {
			return h.gain()
		}
	}
	return 0
}

// dtypeName is what NumPy calls the dtype of a descr.
func dtypeName(descr string) string {
	if t, ok := level.ParseDType(descr); ok {
		return t.Name()
	}
	return descr
}
