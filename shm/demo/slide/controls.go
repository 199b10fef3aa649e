package slide

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"webmon/shm"
)

// setting is one control of a layer, by napari's name.
type setting struct {
	name string
	// now is the control as it is, with its value and its limits; false where the layer has none.
	now func(v *Viewer, l *layer) (shm.Control, bool)
	set func(v *Viewer, l *layer, x shm.Value) error
}

func number(x float64) *float64 { return &x }

func floatOf(x shm.Value) float64 { n, _ := shm.Number(x); return n }

// within refuses a number beyond limits that are not those of the slider.
func within(what string, x, least, most float64) error {
	if !(x >= least && x <= most) {
		return fmt.Errorf("%s must be from %g to %g", what, least, most)
	}
	return nil
}

// ofKind makes a setting of the layers of some kinds, from a control without its value.
func ofKind(kinds []string, name string, c shm.Control, get func(l *layer) shm.Value, set func(v *Viewer, l *layer, x shm.Value) error) setting {
	return setting{name, func(_ *Viewer, l *layer) (shm.Control, bool) {
		c := c
		c.Value = get(l)
		return c, slices.Contains(kinds, l.kind)
	}, set}
}

var (
	everyKind = []string{kindImage, kindLabels, kindPoints, kindShapes, kindVectors}
	pictures  = []string{kindImage, kindLabels}
	ofImage   = []string{kindImage}
	ofLabels  = []string{kindLabels}
	ofPoints  = []string{kindPoints}
	ofShapes  = []string{kindShapes}
	ofVectors = []string{kindVectors}
)

const (
	aboutPoints = "Of the points that are selected, and of those that are added."
	aboutShapes = "Of the shapes that are selected."
	mostSize    = 1e6
)

// modes are what a press on the canvas does, for each kind of layer.
var modes = map[string][]string{kindPoints: {"pan_zoom", "add"}, kindLabels: {"pan_zoom", "pick"}}

// settings are those of layers, in the order of the page.
var settings = []setting{
	ofKind(everyKind, "visible", shm.Control{Type: shm.Bool, Title: "Visible"},
		func(l *layer) shm.Value { return l.visible },
		func(_ *Viewer, l *layer, x shm.Value) error { l.visible = x == true; return nil }),
	ofKind(everyKind, "opacity", shm.Control{Type: shm.Float, Title: "Opacity", Default: 1.0, Min: number(0), Max: number(1), Step: 0.01},
		func(l *layer) shm.Value { return l.opacity },
		func(_ *Viewer, l *layer, x shm.Value) error { l.opacity = floatOf(x); return nil }),
	{"contrast_low", contrastNow("Contrast from", false), func(_ *Viewer, l *layer, x shm.Value) error { return l.setContrast(floatOf(x), l.high) }},
	{"contrast_high", contrastNow("Contrast to", true), func(_ *Viewer, l *layer, x shm.Value) error { return l.setContrast(l.low, floatOf(x)) }},
	ofKind(ofImage, "gamma", shm.Control{Type: shm.Float, Title: "Gamma", Default: 1.0, Min: number(0.2), Max: number(2), Scale: "log", Step: 0.01},
		func(l *layer) shm.Value { return l.gamma },
		func(_ *Viewer, l *layer, x shm.Value) error { l.gamma = floatOf(x); return nil }),
	ofKind(ofImage, "colormap", shm.Control{Type: shm.Choice, Title: "Colormap", Choices: colormapNames()},
		func(l *layer) shm.Value { return l.colormap },
		func(_ *Viewer, l *layer, x shm.Value) error { l.colormap = x.(string); return nil }),
	ofKind(everyKind, "blending", shm.Control{Type: shm.Choice, Title: "Blending", Choices: blendings},
		func(l *layer) shm.Value { return l.blending },
		func(_ *Viewer, l *layer, x shm.Value) error { l.blending = x.(string); return nil }),
	ofKind(pictures, "level", shm.Control{Type: shm.Choice, Title: "Level", Default: "auto", Choices: levelChoices(),
		Help: "Which level of the image napari shows: what it chooses by itself, or always the same."},
		func(l *layer) shm.Value {
			if l.locked < 0 {
				return "auto"
			}
			return strconv.Itoa(l.locked)
		}, (*Viewer).setLevel),
	ofKind(everyKind, "name", shm.Control{Type: shm.Text, Title: "Name"},
		func(l *layer) shm.Value { return l.name },
		func(_ *Viewer, l *layer, x shm.Value) error {
			name := strings.TrimSpace(x.(string))
			if name == "" {
				return errors.New("a layer needs a name")
			}
			l.name = name
			return nil
		}),
	{"index", func(v *Viewer, l *layer) (shm.Control, bool) {
		return shm.Control{Type: shm.Int, Title: "Position", Step: 1, Min: number(0), Max: number(float64(len(v.layers) - 1)),
			Value: int64(slices.Index(v.layers, l)), Help: "Where the layer lies among the others: 0 is at the bottom."}, true
	}, func(v *Viewer, l *layer, x shm.Value) error {
		at := slices.Index(v.layers, l)
		v.layers = slices.Insert(slices.Delete(v.layers, at, at+1), int(floatOf(x)), l)
		return nil
	}},
	ofKind(everyKind, "selected", shm.Control{Type: shm.Bool, Title: "Selected"},
		func(l *layer) shm.Value { return l.selected },
		func(_ *Viewer, l *layer, x shm.Value) error { l.selected = x == true; return nil }),
	{"mode", func(_ *Viewer, l *layer) (shm.Control, bool) {
		return shm.Control{Type: shm.Choice, Title: "Mode", Choices: modes[l.kind], Value: l.mode,
			Help: "What a press of the mouse on napari's canvas does with the layer."}, modes[l.kind] != nil
	}, func(_ *Viewer, l *layer, x shm.Value) error {
		if x != "pan_zoom" && !l.visible {
			return errors.New("napari leaves the layer in the mode pan_zoom: it is hidden")
		}
		l.mode = x.(string)
		return nil
	}},

	ofKind(ofImage, "interpolation2d", shm.Control{Type: shm.Choice, Title: "Interpolation", Section: "2-D", Choices: []string{"linear", "nearest"}},
		func(l *layer) shm.Value { return l.interpolation },
		func(_ *Viewer, l *layer, x shm.Value) error { l.interpolation = x.(string); return nil }),

	ofKind(ofLabels, "selected_label", shm.Control{Type: shm.Int, Title: "Selected label", Section: "Paint", Step: 1, Min: number(0),
		Max: number(cellRows * cellCols), Help: "Which label is picked."},
		func(l *layer) shm.Value { return int64(l.label) },
		func(_ *Viewer, l *layer, x shm.Value) error { l.label = uint32(floatOf(x)); return nil }),
	ofKind(ofLabels, "contour", shm.Control{Type: shm.Int, Title: "Contour", Section: "Look", Step: 1, Min: number(0), Max: number(64), Unit: "px",
		Help: "The width of the outlines; 0 fills the labels."},
		func(l *layer) shm.Value { return int64(l.contour) },
		func(_ *Viewer, l *layer, x shm.Value) error { l.contour = int(floatOf(x)); return nil }),
	ofKind(ofLabels, "show_selected_label", shm.Control{Type: shm.Bool, Title: "Show selected alone", Section: "Look"},
		func(l *layer) shm.Value { return l.labelAlone },
		func(_ *Viewer, l *layer, x shm.Value) error { l.labelAlone = x == true; return nil }),

	ofKind(ofPoints, "current_size", shm.Control{Type: shm.Float, Title: "Point size", Section: "Points", Min: number(1), Max: number(100), Soft: true, Unit: "µm", Help: aboutPoints},
		func(l *layer) shm.Value { return l.size },
		func(_ *Viewer, l *layer, x shm.Value) error {
			return l.setPoints(within("the size", floatOf(x), 0, mostSize), func() { l.size = floatOf(x) }, func(p *point) { p.size = l.size })
		}),
	ofKind(ofPoints, "current_symbol", shm.Control{Type: shm.Choice, Title: "Symbol", Section: "Points", Choices: symbols, Help: aboutPoints},
		func(l *layer) shm.Value { return l.symbol },
		func(_ *Viewer, l *layer, x shm.Value) error {
			return l.setPoints(nil, func() { l.symbol = x.(string) }, func(p *point) { p.symbol = l.symbol })
		}),
	ofKind(ofPoints, "current_face_color", shm.Control{Type: shm.Color, Title: "Face colour", Section: "Points", Help: aboutPoints},
		func(l *layer) shm.Value { return l.face },
		func(_ *Viewer, l *layer, x shm.Value) error {
			return l.setPoints(nil, func() { l.face = x.(string) }, func(p *point) { p.face = l.face })
		}),
	ofKind(ofPoints, "current_border_color", shm.Control{Type: shm.Color, Title: "Border colour", Section: "Points", Help: aboutPoints},
		func(l *layer) shm.Value { return l.border },
		func(_ *Viewer, l *layer, x shm.Value) error {
			return l.setPoints(nil, func() { l.border = x.(string) }, func(p *point) { p.border = l.border })
		}),
	ofKind(ofPoints, "current_border_width", shm.Control{Type: shm.Float, Title: "Border width", Section: "Points", Min: number(0), Max: number(1), Step: 0.01, Soft: true,
		Help: aboutPoints + " A share of their size, unless that is switched off."},
		func(l *layer) shm.Value { return l.borderWidth },
		func(_ *Viewer, l *layer, x shm.Value) error {
			most := mostSize
			if l.relative {
				most = 1
			}
			return l.setPoints(within("the width", floatOf(x), 0, most), func() { l.borderWidth = floatOf(x) }, func(p *point) { p.width = l.borderWidth })
		}),
	ofKind(ofPoints, "border_width_is_relative", shm.Control{Type: shm.Bool, Title: "Border width is a share", Section: "Points"},
		func(l *layer) shm.Value { return l.relative },
		func(_ *Viewer, l *layer, x shm.Value) error {
			if x == true && (l.borderWidth > 1 || slices.ContainsFunc(l.points, func(p point) bool { return p.width > 1 })) {
				return errors.New("a border is wider than its point: as a share of the size it must be at most 1")
			}
			l.relative = x == true
			return nil
		}),
	ofKind(ofPoints, "canvas_size_min", shm.Control{Type: shm.Float, Title: "Least size on the canvas", Section: "Look", Min: number(0), Max: number(mostSize), Unit: "px"},
		func(l *layer) shm.Value { return l.leastPx },
		func(_ *Viewer, l *layer, x shm.Value) error { return l.setOnCanvas(floatOf(x), l.mostPx) }),
	ofKind(ofPoints, "canvas_size_max", shm.Control{Type: shm.Float, Title: "Greatest size on the canvas", Section: "Look", Min: number(0), Max: number(mostSize), Unit: "px"},
		func(l *layer) shm.Value { return l.mostPx },
		func(_ *Viewer, l *layer, x shm.Value) error { return l.setOnCanvas(l.leastPx, floatOf(x)) }),

	ofKind(ofShapes, "current_edge_width", shm.Control{Type: shm.Float, Title: "Edge width", Section: "Shapes", Min: number(0), Max: number(40), Step: 0.5, Soft: true, Unit: "µm", Help: aboutShapes},
		func(l *layer) shm.Value { return l.edgeWidth },
		func(_ *Viewer, l *layer, x shm.Value) error {
			return l.setShapes(within("the width", floatOf(x), 0, mostSize), func() { l.edgeWidth = floatOf(x) }, func(s *shape) { s.width = l.edgeWidth })
		}),
	ofKind(ofShapes, "current_edge_color", shm.Control{Type: shm.Color, Title: "Edge colour", Section: "Shapes", Help: aboutShapes},
		func(l *layer) shm.Value { return l.edgeColour },
		func(_ *Viewer, l *layer, x shm.Value) error {
			return l.setShapes(nil, func() { l.edgeColour = x.(string) }, func(s *shape) { s.edge = l.edgeColour })
		}),
	ofKind(ofShapes, "current_face_color", shm.Control{Type: shm.Color, Title: "Face colour", Section: "Shapes", Help: aboutShapes},
		func(l *layer) shm.Value { return l.faceColour },
		func(_ *Viewer, l *layer, x shm.Value) error {
			return l.setShapes(nil, func() { l.faceColour = x.(string) }, func(s *shape) { s.face = l.faceColour })
		}),

	ofKind(ofVectors, "edge_width", shm.Control{Type: shm.Float, Title: "Width", Section: "Vectors", Min: number(0.01), Max: number(20), Soft: true, Unit: "µm"},
		func(l *layer) shm.Value { return l.width },
		func(_ *Viewer, l *layer, x shm.Value) error {
			return within("the width", keep(&l.width, floatOf(x), 0.01), 0.01, mostSize)
		}),
	ofKind(ofVectors, "length", shm.Control{Type: shm.Float, Title: "Length", Section: "Vectors", Min: number(0.1), Max: number(20), Soft: true, Help: "By how much the vectors are stretched."},
		func(l *layer) shm.Value { return l.length },
		func(_ *Viewer, l *layer, x shm.Value) error {
			return within("the length", keep(&l.length, floatOf(x), 0.1), 0.1, mostSize)
		}),
	ofKind(ofVectors, "vector_style", shm.Control{Type: shm.Choice, Title: "Style", Section: "Vectors", Choices: []string{"line", "triangle", "arrow"}},
		func(l *layer) shm.Value { return l.style },
		func(_ *Viewer, l *layer, x shm.Value) error { l.style = x.(string); return nil }),
	ofKind(ofVectors, "edge_color_mode", shm.Control{Type: shm.Choice, Title: "Coloured by", Section: "Vectors", Choices: []string{"direct", "colormap"}},
		func(l *layer) shm.Value { return l.colourBy },
		func(_ *Viewer, l *layer, x shm.Value) error { l.colourBy = x.(string); return nil }),
	{"edge_color", func(_ *Viewer, l *layer) (shm.Control, bool) {
		return shm.Control{Type: shm.Color, Title: "Colour", Section: "Vectors", Value: l.direct}, l.kind == kindVectors && l.colourBy == "direct"
	}, func(_ *Viewer, l *layer, x shm.Value) error { l.direct = x.(string); return nil }},
	{"edge_color_feature", func(_ *Viewer, l *layer) (shm.Control, bool) {
		return shm.Control{Type: shm.Choice, Title: "Feature", Section: "Vectors", Choices: []string{"angle", "length"}, Value: l.feature,
			Help: "What the colours say, where they are not the same for all."}, l.kind == kindVectors && l.colourBy != "direct"
	}, func(_ *Viewer, l *layer, x shm.Value) error { l.feature = x.(string); return nil }},
}

// keep sets a number that lies within its limits, and returns it.
func keep(at *float64, x, least float64) float64 {
	if x >= least && x <= mostSize {
		*at = x
	}
	return x
}

func levelChoices() []string {
	out := []string{"auto"}
	for i := range Levels {
		out = append(out, strconv.Itoa(i))
	}
	return out
}

func contrastNow(title string, high bool) func(*Viewer, *layer) (shm.Control, bool) {
	return func(_ *Viewer, l *layer) (shm.Control, bool) {
		c := shm.Control{Type: shm.Float, Title: title, Soft: true, Min: number(l.rangeLow), Max: number(l.rangeHigh), Value: l.low}
		if high {
			c.Value = l.high
		}
		return c, l.kind == kindImage
	}
}

// setContrast sets the limits of an image. napari widens its range to whatever it is told.
func (l *layer) setContrast(low, high float64) error {
	if err := errors.Join(within("it", low, -farthest, farthest), within("it", high, -farthest, farthest)); err != nil {
		return err
	}
	switch {
	case low == l.low && !(high > low):
		return fmt.Errorf("it must be above the lower limit, which is %g", l.low)
	case !(low < high):
		return fmt.Errorf("it must be below the upper limit, which is %g", l.high)
	}
	l.low, l.high = low, high
	l.rangeLow, l.rangeHigh = min(l.rangeLow, low), max(l.rangeHigh, high)
	return nil
}

// farthest is as far as napari and the graphics card, which counts in single precision, can go.
const farthest = 1e30

func (l *layer) setOnCanvas(least, most float64) error {
	if least > most {
		return fmt.Errorf("the least size on the canvas must be at most the greatest, which are %g and %g", least, most)
	}
	l.leastPx, l.mostPx = least, most
	return nil
}

// setPoints changes what points that are added get, and the points if they are selected. They are
// copied: those before may be being drawn.
func (l *layer) setPoints(wrong error, current func(), each func(p *point)) error {
	if wrong != nil {
		return wrong
	}
	current()
	if l.allChosen {
		l.points = slices.Clone(l.points)
		for i := range l.points {
			each(&l.points[i])
		}
	}
	return nil
}

func (l *layer) setShapes(wrong error, current func(), each func(s *shape)) error {
	if wrong != nil {
		return wrong
	}
	current()
	if l.allChosen {
		l.shapes = slices.Clone(l.shapes)
		for i := range l.shapes {
			each(&l.shapes[i])
		}
	}
	return nil
}

func (v *Viewer) setLevel(l *layer, x shm.Value) error {
	level, err := strconv.Atoi(x.(string))
	if err != nil {
		l.locked = -1 // "auto"
		return nil
	}
	if least := ideal(v.cam.zoom) - 1; level < least {
		w := inView(v.cam, level, v.z)
		n := (w.rows() + Tile - 1) / Tile * ((w.cols() + Tile - 1) / Tile)
		return fmt.Errorf("level %d has %d chunks in view, more than the demo loads: zoom in, or choose level %d or a coarser one", level, n, least)
	}
	l.locked = level
	return nil
}

// declare declares all controls and actions as they are now, and takes back what there is no more.
func (v *Viewer) declare() {
	seen := map[string]bool{}
	for _, l := range v.layers {
		for i := range settings {
			s := &settings[i]
			c, ok := s.now(v, l)
			if !ok {
				continue
			}
			c.Name, c.Group = "layer."+l.id+"."+s.name, "layer."+l.id
			seen[c.Name] = true
			v.control(c, func(x shm.Value) error {
				if err := s.set(v, l, x); err != nil {
					return err
				}
				v.touched(l)
				v.declare() // napari may have made another value of it: what it has is what is said
				return nil
			})
		}
	}
	for _, c := range v.others() {
		seen[c.Name] = true
		v.control(c.Control, func(x shm.Value) error {
			if err := c.set(x); err != nil {
				return err
			}
			v.version++
			v.declare()
			return nil
		})
	}
	for name := range v.declared {
		if !seen[name] {
			delete(v.declared, name)
			v.p.RemoveControl(name)
		}
	}
	v.declareActions()
}

// control declares a control, if more than its value is new.
func (v *Viewer) control(c shm.Control, set func(shm.Value) error) {
	before, ok := v.declared[c.Name]
	before.Value = c.Value
	if !ok || !reflect.DeepEqual(before, c) {
		v.p.Control(c, set)
	} else {
		v.p.SetControl(c.Name, c.Value)
	}
	v.declared[c.Name] = c
}

// other is a control of the viewer as a whole.
type other struct {
	shm.Control
	set func(shm.Value) error
}

// zooms are the limits of the zoom, in pixels a um.
const leastZoom, mostZoom = 0.01, 64.0

func (v *Viewer) others() []other {
	c := func(group, name string, c shm.Control, value shm.Value, set func(shm.Value) error) other {
		c.Group, c.Name, c.Value = group, name, value
		return other{c, set}
	}
	center := func(most float64, moved func(x float64) camera) func(shm.Value) error {
		return func(x shm.Value) error {
			if err := within("the centre", floatOf(x), 0, most); err != nil {
				return err
			}
			v.look(moved(floatOf(x)))
			return nil
		}
	}
	zoom, y, x := v.places()
	return []other{
		c("camera", "camera.tour", shm.Control{Type: shm.Bool, Title: "Tour", Default: true,
			Help: "Fly over the specimen. Whoever moves the camera stops the tour for 45 seconds."}, v.touring, func(x shm.Value) error {
			v.touring = x == true
			v.moved = 0
			v.tour.from(v.cam)
			return nil
		}),
		c("camera", "camera.zoom", shm.Control{Type: shm.Float, Title: "Zoom", Scale: "log", Min: number(leastZoom), Max: number(mostZoom),
			Help: "Pixels of the canvas to a unit of the world."}, zoom, func(x shm.Value) error {
			v.look(camera{v.cam.y, v.cam.x, floatOf(x)})
			return nil
		}),
		c("camera", "camera.center.0", shm.Control{Type: shm.Float, Title: "Centre y", Unit: "µm"}, y,
			center(height, func(y float64) camera { return camera{y, v.cam.x, v.cam.zoom} })),
		c("camera", "camera.center.1", shm.Control{Type: shm.Float, Title: "Centre x", Unit: "µm"}, x,
			center(width, func(x float64) camera { return camera{v.cam.y, x, v.cam.zoom} })),
		c("dims", "dims.0", shm.Control{Type: shm.Int, Title: "z", Min: number(0), Max: number(Planes - 1), Step: 1}, int64(v.z), func(x shm.Value) error {
			v.z = int(floatOf(x))
			return nil
		}),
		c("dims", "dims.0.play", shm.Control{Type: shm.Bool, Title: "Play z"}, v.playing, func(x shm.Value) error {
			v.playing, v.played = x == true, v.now
			return nil
		}),
		c("canvas", "show_grid", shm.Control{Type: shm.Bool, Title: "Tile grid", Default: false, Help: "Draw the borders of the tiles over napari's canvas."}, v.grid, func(x shm.Value) error {
			v.grid = x == true
			return nil
		}),
		c("canvas", "canvas.scale_bar", shm.Control{Type: shm.Bool, Title: "Scale bar", Default: true, Help: "Show how long a unit is."}, v.bar, func(x shm.Value) error {
			v.bar = x == true
			return nil
		}),
	}
}

// keepControls has the controls of the camera and the sliders follow, now and then.
func (v *Viewer) keepControls() {
	now := v.p.Now()
	every := controlEvery
	if !v.p.Watched() {
		every *= 20
	}
	if now.Sub(v.told.controls) < every {
		return
	}
	v.told.controls = now
	zoom, y, x := v.places()
	for name, value := range map[string]shm.Value{
		"camera.zoom": zoom, "camera.center.0": y, "camera.center.1": x, "dims.0": int64(v.z), "dims.0.play": v.playing,
	} {
		c := v.declared[name]
		if c.Value = value; v.declared[name].Value != value {
			v.declared[name] = c
			v.p.SetControl(name, value)
		}
	}
}

// places is where the camera looks, with as many digits as a page has room for.
func (v *Viewer) places() (zoom, y, x float64) {
	digits := math.Pow(10, 3-math.Floor(math.Log10(v.cam.zoom)))
	return math.Round(v.cam.zoom*digits) / digits, math.Round(v.cam.y*100) / 100, math.Round(v.cam.x*100) / 100
}
