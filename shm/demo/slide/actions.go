package slide

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"webmon/shm"
	"webmon/shm/demo/wire"
)

// declareActions declares what people may ask for, of the layers that there are.
func (v *Viewer) declareActions() {
	none := func(name, title, help, group string, do func() error) {
		v.action(shm.Action{Name: name, Title: title, Help: help, Group: group, Args: []shm.Control{}}, func(wire.Call) error { return do() })
	}
	none("reset_view", "Reset view", "Show all layers.", "camera", func() error {
		v.look(overview())
		return nil
	})
	v.action(shm.Action{Name: "screenshot", Title: "Screenshot", Help: "Take a picture of the canvas, and share it as the array \"screenshot\".", Group: "canvas", Args: []shm.Control{}},
		func(c wire.Call) error {
			v.shooting = append(v.shooting, c)
			return wire.ErrLater
		})
	none("add_points_layer", "Add points", "Add an empty layer of points on top, to which presses on the canvas add points.", "layers", v.addPoints)
	v.action(shm.Action{Name: "set_view", Title: "Set a part of a view", Help: "Restore a part of a view that was saved.", Group: "views",
		Args: []shm.Control{{Name: "part", Type: shm.Text}}}, func(c wire.Call) error { return v.restore(c.Text("part")) })

	number := func(name string) shm.Control { return shm.Control{Name: name, Type: shm.Float} }
	of := func(name, title, help, group string, which func(l *layer) bool, do func(l *layer, c wire.Call) error, more ...shm.Control) {
		arg := shm.Control{Name: "layer", Type: shm.Choice}
		for _, l := range slices.Backward(v.layers) { // the top one first, as in napari's list
			if which(l) {
				arg.Choices, arg.Labels = append(arg.Choices, l.id), append(arg.Labels, l.name)
			}
		}
		if arg.Choices == nil {
			if _, ok := v.actions[name]; ok {
				delete(v.actions, name)
				v.p.RemoveAction(name)
			}
			return
		}
		args := []shm.Control{arg}
		for _, c := range more {
			if c.Type == shm.Float { // the layer comes last there
				args = append([]shm.Control{}, more...)
				args = append(args, arg)
				break
			}
			args = append(args, c)
		}
		v.action(shm.Action{Name: name, Title: title, Help: help, Group: group, Args: args}, func(c wire.Call) error {
			l := v.find(c.Text("layer"))
			if l == nil {
				return fmt.Errorf("there is no layer %q", c.Text("layer"))
			}
			return do(l, c)
		})
	}
	any := func(*layer) bool { return true }
	of("look_at", "Look at", "Put a pixel of a layer in the middle of the canvas; row and column count pixels of level 0.", "camera",
		(*layer).picture, func(_ *layer, c wire.Call) error { return v.lookAt(c.Float("row"), c.Float("column")) }, number("row"), number("column"))
	of("auto_contrast", "Auto contrast", "Set the contrast limits of a layer to the least and the greatest value on the screen.", "layers",
		func(l *layer) bool { return l.kind == kindImage }, v.autoContrast)
	of("select_all", "Select all", "Select all points or shapes of a layer, or none, so that their size and colours can be changed.", "layers",
		func(l *layer) bool { return l.kind == kindPoints || l.kind == kindShapes }, func(l *layer, c wire.Call) error {
			l.allChosen = c.Bool("all")
			v.touched(l)
			return nil
		}, shm.Control{Name: "all", Type: shm.Bool, Default: true})
	of("duplicate_layer", "Duplicate", "Put a copy of a layer, with its data, above it.", "layers", any, func(l *layer, _ wire.Call) error { return v.duplicate(l) })
	of("remove_layer", "Remove", "Take a layer out of napari, with its data if nothing else holds them.", "layers", any, func(l *layer, _ wire.Call) error {
		v.remove(l)
		return nil
	})
}

func (l *layer) picture() bool { return l.isPicture() }

// action declares an action, if it is a new one or its arguments are.
func (v *Viewer) action(a shm.Action, do func(wire.Call) error) {
	if before, ok := v.actions[a.Name]; ok && reflect.DeepEqual(before, a) {
		return
	}
	v.actions[a.Name] = a
	v.p.Action(a, do)
}

func (v *Viewer) lookAt(row, column float64) error {
	if row < 0 || row > Rows || column < 0 || column > Cols {
		return fmt.Errorf("the specimen has the rows 0 to %d and the columns 0 to %d", Rows-1, Cols-1)
	}
	v.look(camera{(row - 0.5) * micrometre, (column - 0.5) * micrometre, v.cam.zoom})
	v.declare()
	return nil
}

// autoContrast has the limits of an image set to what its visible slice has, once the painter has
// looked for that.
func (v *Viewer) autoContrast(l *layer, c wire.Call) error {
	switch {
	case !l.visible:
		return errors.New("the layer is hidden: no pixel of it is on the screen")
	case l.shown.empty():
		return errors.New("no pixel of the layer is on the screen")
	}
	v.fitting = append(v.fitting, fitting{l.id, c})
	return wire.ErrLater
}

// fitted answers the calls that wait for a contrast.
func (v *Viewer) fitted(found map[string][2]int64) {
	waiting := v.fitting
	v.fitting = nil
	for _, f := range waiting {
		ends, ok := found[f.layer]
		switch l := v.find(f.layer); {
		case l == nil:
			f.call.Answer(errors.New("the layer is gone"))
		case !ok: // it was asked for since, or nothing of it is in view any more
			f.call.Answer(errors.New("no pixel of the layer was on the screen: try again"))
		case ends[0] == ends[1]:
			f.call.Answer(errors.New("all pixels on the screen have the same value"))
		default:
			l.low, l.high = float64(ends[0]), float64(ends[1])
			v.touched(l)
			f.call.Answer(nil)
		}
	}
	v.declare()
}

func (v *Viewer) full() error {
	if len(v.layers) >= maxLayers {
		return fmt.Errorf("the demo has %d layers, and takes no more: remove one first", maxLayers)
	}
	return nil
}

func (v *Viewer) duplicate(l *layer) error {
	if err := v.full(); err != nil {
		return err
	}
	copied := l.look
	copied.name += " copy"
	copied.selected = false
	v.add(slices.Index(v.layers, l)+1, copied)
	v.declare()
	return nil
}

func (v *Viewer) addPoints() error {
	if err := v.full(); err != nil {
		return err
	}
	for _, l := range v.layers {
		l.selected = false
	}
	v.add(len(v.layers), look{
		kind: kindPoints, name: v.unused("Points"), visible: true, selected: true, opacity: 1, blending: "translucent", mode: "add", locked: -1, gamma: 1,
		size: 10, symbol: "disc", face: "#ffffff", border: "#696969", borderWidth: 0.05, relative: true, leastPx: 2, mostPx: 10_000,
	})
	v.declare()
	return nil
}

// unused is a name that no layer has, as napari makes one.
func (v *Viewer) unused(name string) string {
	for n := 0; ; n++ {
		one := name
		if n > 0 {
			one = fmt.Sprintf("%s [%d]", name, n)
		}
		if !slices.ContainsFunc(v.layers, func(l *layer) bool { return l.name == one }) {
			return one
		}
	}
}

func (v *Viewer) remove(l *layer) {
	v.layers = slices.DeleteFunc(v.layers, func(o *layer) bool { return o == l })
	for _, s := range []*shared{&l.array, &l.whole} {
		if s.array != nil {
			s.array.Remove()
		}
	}
	v.version++
	v.declare()
}

// restore sets what a part of a saved view says, or a list of parts.
func (v *Viewer) restore(text string) error {
	var parts []json.RawMessage
	if json.Unmarshal([]byte(text), &parts) != nil {
		parts = []json.RawMessage{json.RawMessage(text)}
	}
	var wrong []string
	for _, p := range parts {
		var kind struct {
			Layer *string `json:"layer"`
		}
		if err := json.Unmarshal(p, &kind); err != nil {
			wrong = append(wrong, "a part of a view is a JSON object")
			continue
		}
		var err error
		if kind.Layer != nil {
			err = v.restoreLayer(p)
		} else {
			err = v.restoreScene(p)
		}
		if err != nil {
			wrong = append(wrong, err.Error()) // what can be restored is
		}
	}
	v.declare()
	if wrong != nil {
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}

func (v *Viewer) restoreScene(p json.RawMessage) error {
	part := struct {
		NDisplay *int      `json:"ndisplay"`
		Point    []float64 `json:"point"`
		Center   []float64 `json:"center"`
		Zoom     *float64  `json:"zoom"`
	}{}
	if err := json.Unmarshal(p, &part); err != nil {
		return errors.New("the scene of the view is none of napari's")
	}
	c := v.cam
	if n := len(part.Center); n >= 2 {
		c.y, c.x = part.Center[n-2], part.Center[n-1]
	}
	if part.Zoom != nil {
		c.zoom = *part.Zoom
	}
	switch {
	case !(c.zoom >= leastZoom && c.zoom <= mostZoom):
		return fmt.Errorf("the zoom of the view must be from %g to %g", leastZoom, mostZoom)
	case !(c.y >= 0 && c.y <= height && c.x >= 0 && c.x <= width):
		return errors.New("the view looks beside the specimen")
	}
	v.look(c)
	if len(part.Point) == 3 && part.Point[0] >= 0 && part.Point[0] < Planes {
		v.z = int(math.Round(part.Point[0]))
		v.version++
	}
	if part.NDisplay != nil && *part.NDisplay == 3 {
		return errors.New("the demo draws in 2D alone")
	}
	return nil
}

func (v *Viewer) restoreLayer(p json.RawMessage) error {
	part := struct {
		Layer    string      `json:"layer"`
		Kind     string      `json:"kind"`
		Visible  *bool       `json:"visible"`
		Opacity  *float64    `json:"opacity"`
		Blending string      `json:"blending"`
		Gamma    *float64    `json:"gamma"`
		Colormap string      `json:"colormap"`
		Limits   *[2]float64 `json:"contrast_limits"`
	}{}
	if err := json.Unmarshal(p, &part); err != nil {
		return errors.New("a layer of the view is none of napari's")
	}
	at := slices.IndexFunc(v.layers, func(l *layer) bool { return l.name == part.Layer && (part.Kind == "" || part.Kind == l.kind) })
	if at < 0 {
		return fmt.Errorf("there is no layer %q any more", part.Layer)
	}
	l := v.layers[at]
	var wrong []string
	attempt := func(key string, given bool, set func() error) {
		if given {
			if err := set(); err != nil {
				wrong = append(wrong, key+": "+err.Error())
			}
		}
	}
	attempt("visible", part.Visible != nil, func() error { l.visible = *part.Visible; return nil })
	attempt("opacity", part.Opacity != nil, func() error { l.opacity = min(max(*part.Opacity, 0), 1); return nil })
	attempt("blending", part.Blending != "", func() error {
		if !slices.Contains(blendings, part.Blending) {
			return fmt.Errorf("it must be one of %s", strings.Join(blendings, ", "))
		}
		l.blending = part.Blending
		return nil
	})
	if l.kind == kindImage {
		attempt("gamma", part.Gamma != nil, func() error {
			if err := within("it", *part.Gamma, 0.2, 2); err != nil {
				return err
			}
			l.gamma = *part.Gamma
			return nil
		})
		attempt("colormap", part.Colormap != "", func() error {
			if !slices.Contains(colormapNames(), part.Colormap) {
				return fmt.Errorf("the demo has no colormap %q", part.Colormap)
			}
			l.colormap = part.Colormap
			return nil
		})
		attempt("contrast_limits", part.Limits != nil, func() error {
			if !(part.Limits[0] < part.Limits[1]) {
				return errors.New("the lower limit is not below the upper one")
			}
			l.low, l.high = part.Limits[0], part.Limits[1]
			l.rangeLow, l.rangeHigh = min(l.rangeLow, l.low), max(l.rangeHigh, l.high)
			return nil
		})
	}
	v.touched(l)
	if wrong != nil {
		return fmt.Errorf("layer %q: %s", part.Layer, strings.Join(wrong, "; "))
	}
	return nil
}
