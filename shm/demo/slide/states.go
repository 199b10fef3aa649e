package slide

import (
	"fmt"
	"math"
	"strconv"

	"webmon/shm"
	"webmon/shm/pickle"
)

const topicCursor = "cursor"

// isNew reports whether what a state says has another key than last time, and notes it.
func isNew(last *string, key string) bool {
	if *last == key {
		return false
	}
	*last = key
	return true
}

// states tells the states that somebody wants, and all once.
func (v *Viewer) states() {
	want := func(topic string, last string) bool { return last == "" || v.p.Wanted(topic) > 0 }
	if want(shm.TopicCamera, v.told.camera) && isNew(&v.told.camera, fmt.Sprint(v.cam)) {
		v.p.State(shm.TopicCamera, pickle.NewDict(
			"center", []float64{float64(v.z), v.cam.y, v.cam.x}, "zoom", v.cam.zoom, "angles", []float64{0, 0, 90}, "perspective", 0.0,
			"canvas", []int64{canvasRows, canvasCols}, "right", []float64{0, 1}, "down", []float64{1, 0}, "background", "#000000",
		))
	}
	if want(shm.TopicDims, v.told.dims) && isNew(&v.told.dims, fmt.Sprint(v.z, v.playing)) {
		v.p.State(shm.TopicDims, v.dims())
	}
	if want(shm.TopicCanvas, v.told.canvas) && isNew(&v.told.canvas, v.canvasKey()) {
		var id, mode pickle.Value
		if l := v.active(); l != nil {
			id, mode = l.id, l.mode
		}
		v.p.State(shm.TopicCanvas, pickle.NewDict("size", []int64{canvasRows, canvasCols}, "ratio", 1.0, "ndisplay", int64(2), "grid", false,
			"layer", id, "mode", mode, "why", nil))
	}
	if want(topicCursor, v.told.cursor) && v.pointer == nil && isNew(&v.told.cursor, "none") {
		v.p.State(topicCursor, pickle.NewDict("position", []float64{float64(v.z), v.cam.y, v.cam.x}, "value", nil, "layer", nil, "status", ""))
	}
	if want(shm.TopicPoll, v.told.poll) {
		if isNew(&v.told.poll, v.pollKey()) {
			v.p.State(shm.TopicPoll, v.poll())
		}
	}
	if want(shm.TopicLayers, v.told.layers) {
		if key := v.layersKey(); key != v.told.layers && (v.told.layers == "" || v.due(shm.TopicLayers, statesEvery)) {
			v.told.layers = key
			v.p.State(shm.TopicLayers, v.details())
		}
	}
	if want(shm.TopicColors, v.told.colors) && isNew(&v.told.colors, fmt.Sprint(v.version)) {
		all := pickle.NewDict()
		for _, l := range v.layers {
			if l.isPicture() {
				one := describe()[l.colours()]
				_ = all.Set(one.name, one.value)
			}
		}
		v.p.State(shm.TopicColors, all)
	}
}

// colours is the name of a picture's colormap, "" for labels.
func (l *look) colours() string {
	if l.kind == kindLabels {
		return ""
	}
	return l.colormap
}

func (v *Viewer) canvasKey() string {
	if l := v.active(); l != nil {
		return l.id + " " + l.mode
	}
	return "none"
}

func (v *Viewer) dims() *pickle.Dict {
	var playing pickle.Value
	if v.playing {
		playing = int64(0)
	}
	return pickle.NewDict(
		"ndim", int64(3), "ndisplay", int64(2), "order", []int64{0, 1, 2}, "axis_labels", []string{"z", "y", "x"},
		"current_step", []int64{int64(v.z), int64((v.cam.y) / micrometre), int64(v.cam.x / micrometre)}, "nsteps", []int64{Planes, Rows, Cols},
		"point", []float64{float64(v.z), v.cam.y, v.cam.x}, "displayed", []int64{1, 2}, "playing", playing, "unit", "µm",
		"range", []any{[]float64{0, Planes - 1, 1}, []float64{0, height - micrometre, micrometre}, []float64{0, width - micrometre, micrometre}},
		"axes", []string{"z", "y", "x"}, "units", []string{"um", "um", "um"},
		// The corner of the first voxel is the origin of the volumes, and its middle that of napari.
		"shift", []float64{0.5, micrometre / 2, micrometre / 2},
	)
}

// layersKey is equal as long as the state of the layers is.
func (v *Viewer) layersKey() string {
	b := make([]byte, 0, 256)
	b = fmt.Append(b, v.version, " ", ideal(v.cam.zoom))
	for _, l := range v.layers {
		if l.isPicture() {
			b = fmt.Append(b, " ", l.target, l.shown == l.target, " ", l.loads)
		}
	}
	return string(b)
}

func shapeAt(level int) []int64 {
	rows, cols := LevelShape(level)
	return []int64{Planes, int64(rows), int64(cols)}
}

// details is the state of the layers.
func (v *Viewer) details() []any {
	out := make([]any, 0, len(v.layers))
	for _, l := range v.layers {
		d := pickle.NewDict(
			"id", l.id, "kind", l.kind, "name", l.name, "visible", l.visible, "selected", l.selected, "opacity", l.opacity, "blending", l.blending,
			"loaded", l.shown == l.target, "path", nil,
		)
		set := func(key string, value pickle.Value) { _ = d.Set(key, value) } // texts are hashable
		if l.isPicture() {
			v.pictureDetails(l, set)
		} else {
			rows, columns := int64(len(l.points)), int64(2)
			switch l.kind {
			case kindShapes:
				rows = int64(len(l.shapes))
			case kindVectors:
				rows = int64(len(l.vectors))
			}
			set("ndim", int64(2))
			set("scale", []float64{1, 1})
			set("translate", []float64{0, 0})
			set("units", []string{"µm", "µm"})
			set("axes", []string{"y", "x"})
			switch l.kind {
			case kindShapes:
				set("shape", []int64{rows})
			case kindVectors:
				set("shape", []int64{rows, 2, 2})
				set("nbytes", rows*4*8)
			default:
				set("shape", []int64{rows, columns})
				set("dtype", "<f8")
				set("nbytes", rows*columns*8)
			}
		}
		out = append(out, d)
	}
	return out
}

func (v *Viewer) pictureDetails(l *layer, set func(string, pickle.Value)) {
	levels := make([]any, Levels)
	for i := range levels {
		levels[i] = shapeAt(i)
	}
	var locked pickle.Value
	if l.locked >= 0 {
		locked = int64(l.locked)
	}
	level := v.level(&l.look)
	set("ndim", int64(3))
	set("scale", []float64{1, micrometre, micrometre})
	set("translate", []float64{0, 0, 0})
	set("units", []string{"µm", "µm", "µm"})
	set("axes", []string{"z", "y", "x"})
	set("shape", shapeAt(0))
	set("dtype", l.plane.descr())
	set("rgb", false)
	set("multiscale", true)
	set("levels", levels)
	set("level", int64(level))
	set("ideal_level", int64(ideal(v.cam.zoom)))
	set("locked_level", locked)
	w := l.target
	set("corners", []any{[]int64{int64(w.z), int64(w.row0), int64(w.col0)}, []int64{int64(w.z), int64(max(w.row1-1, 0)), int64(max(w.col1-1, 0))}})
	set("chunk", []int64{1, Tile, Tile})
	set("chunk_stated", false)
	set("nbytes", int64(Planes)*Rows*Cols*int64(l.plane.bytes()))
	set("loads", l.loads)
	set("load_bytes", l.read)
	set("reloads", l.again)
	set("loads_how", "chunk")
	set("loads_since", l.since)
	picture := pickle.NewDict(
		// A pixel has its middle at a multiple of its size.
		"matrix", []any{[]float64{micrometre, 0, -micrometre / 2}, []float64{0, micrometre, -micrometre / 2}},
		"colors", describe()[l.colours()].name,
	)
	if l.kind == kindImage {
		set("gamma", l.gamma)
		set("colormap", l.colormap)
		set("contrast_limits", []float64{l.low, l.high})
		set("contrast_range", []float64{l.rangeLow, l.rangeHigh})
		_ = picture.Set("limits", []float64{l.low, l.high})
		_ = picture.Set("gamma", l.gamma)
		_ = picture.Set("interpolation", l.interpolation)
	} else {
		var selection pickle.Value
		if l.labelAlone {
			selection = int64(l.label)
		}
		_ = picture.Set("contour", int64(l.contour))
		_ = picture.Set("selection", selection)
	}
	set("picture", picture)
}

// pollKey is equal as long as the state of the tiles is.
func (v *Viewer) pollKey() string {
	b := make([]byte, 0, 256)
	b = fmt.Append(b, v.version, " ", v.cam)
	for _, l := range v.layers {
		if l.isPicture() {
			b = fmt.Append(b, " ", l.loads, l.target, len(l.marked), l.shown == l.target)
		}
	}
	return string(b)
}

// poll is the state of the tiles, as napari lays it out.
func (v *Viewer) poll() *pickle.Dict {
	all := pickle.NewDict()
	corners := v.cam.corners()
	for _, l := range v.layers {
		if !l.isPicture() {
			continue
		}
		var note pickle.Value
		if !l.visible {
			note = hidden
		} else if l.locked >= 0 && v.level(&l.look) != l.locked {
			note = "Level " + strconv.Itoa(l.locked) + " was chosen, and is too fine for all that is in view: the demo draws no finer level than one more than fits."
		}
		level := v.level(&l.look)
		rows, cols := LevelShape(level)
		levels := make([]any, Levels)
		for i := range levels {
			r, c := LevelShape(i)
			levels[i] = []int64{int64(r), int64(c)}
		}
		config := pickle.NewDict(
			"name", l.name, "base_shape", []int64{Rows, Cols}, "image_shape", []int64{int64(rows), int64(cols)},
			"shape_in_tiles", []int64{int64((rows + Tile - 1) / Tile), int64((cols + Tile - 1) / Tile)},
			"tile_size", int64(Tile), "tile_shape", []int64{Tile, Tile}, "level_index", int64(level), "ideal_level", int64(ideal(v.cam.zoom)),
			"levels", levels, "stated", false, "reloads", l.again,
		)
		entry := pickle.NewDict("name", l.name, "note", note, "tile_config", config)
		if l.visible {
			var seen, loading []int64
			l.tilesOf(l.target, func(row, col int) {
				if l.shown == l.target || v.loader.has(l.key(l.target, row, col)) {
					seen = append(seen, int64(row), int64(col))
				} else {
					loading = append(loading, int64(row), int64(col))
				}
			})
			var marked []int64
			for _, at := range l.sortedMarks() {
				marked = append(marked, int64(at[0]), int64(at[1]))
			}
			_ = entry.Set("tile_state", pickle.NewDict(
				"seen", pairs(seen), "corners", cornersOf(corners), "loading", pairs(loading), "reloaded", pairs(marked),
			))
		}
		_ = all.Set(l.id, entry)
	}
	return pickle.NewDict("layers", all)
}

// pairs is an N x 2 array.
func pairs(list []int64) pickle.Value {
	a, err := pickle.Int64Array(list, false, len(list)/2, 2)
	if err != nil {
		return nil // cannot be: the shape is made from the length
	}
	return a
}

func cornersOf(c [2][2]float64) pickle.Value {
	a, err := pickle.Float64Array([]float64{c[0][0], c[0][1], c[1][0], c[1][1]}, false, 2, 2)
	if err != nil {
		return nil // cannot be
	}
	return a
}

// under tells what is below the pointer.
func (v *Viewer) under(d *done) {
	row, col := d.order.at[0], d.order.at[1]
	var id, value pickle.Value
	status := fmt.Sprintf("[%d %.0f %.0f]", d.order.z, math.Floor(row), math.Floor(col))
	if l := v.find(d.layer); l != nil {
		id, value = l.id, d.value
		status = fmt.Sprintf("%s %s: [%d, %d]", l.name, status, l.shown.level, d.value)
	}
	if isNew(&v.told.cursor, status) {
		v.p.State(topicCursor, pickle.NewDict("position", []float64{float64(d.order.z), (row - 0.5) * micrometre, (col - 0.5) * micrometre},
			"value", value, "layer", id, "status", status))
	}
}
