package slide

import (
	"fmt"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"webmon/fault"
	"webmon/shm"
	"webmon/shm/demo/wire"
	"webmon/shm/pickle"
	"webmon/shm/segment"
)

// Bounds of what people may add.
const (
	maxLayers = 16
	maxPoints = 10_000 // of a layer
)

const (
	canvasEvery  = time.Second / 15       // between two pictures of the canvas
	statesEvery  = 100 * time.Millisecond // between two states of the layers while the camera moves
	controlEvery = time.Second / 2        // between two values of the camera's controls while it moves
	smallEvery   = time.Second / 2        // between two sets of thumbnails and histograms
	markedFor    = 1.0                    // s that a tile which was loaded again is marked
	resumeAfter  = 45.0                   // s after the last hand until the tour goes on
	playEvery    = 0.3                    // s a plane, while the slider plays
	idleAfter    = 30 * time.Second       // without a look, until what is kept for it is dropped
)

// layer is a layer of the demo's napari.
type layer struct {
	look
	version int // counts its changes

	// Of images and labels.
	target  window          // what is to be shown: in view, at the level that is chosen
	shown   window          // what is there
	before  map[[2]int]bool // tiles of the slice before, if a chunk that it had is loaded again
	marked  map[[2]int]float64
	since   int64 // s since the epoch
	loads   int64
	read    int64 // bytes
	again   int64
	array   shared
	whole   shared
	thumb   string
	hist    *pickle.Dict
	tiny    thumbKey // of the thumbnail
	tallied histKey  // of the histogram
}

type thumbKey struct{ version, z int }

type histKey struct {
	w          window
	shown, has bool
}

// fitting is a call that waits for the contrast of a layer.
type fitting struct {
	layer string
	call  wire.Call
}

// shared is an array of a layer's pixels.
type shared struct {
	array *wire.Array
	shape [2]int
	last  window // that was published
	looks int    // version of the layer that was described
	held  bool   // the frames were taken back
}

// hidden is what is said of a layer that is not visible.
const hidden = "The layer is hidden in napari."

// Viewer is the demo's napari: a camera that flies over layers. It belongs to one goroutine, the
// owner of its process, except for Close.
type Viewer struct {
	p       *wire.Process
	rng     *rand.Rand // of how long frames take
	layers  []*layer   // bottom first
	next    int        // id of the next layer
	loader  *loader
	tour    *tour
	touring bool
	moved   float64 // s: when somebody moved the camera last
	z       int
	playing bool
	played  float64 // s: when the slider went on
	grid    bool
	bar     bool
	pointer *[2]float64 // where it rests, in pixels of level 0
	hands   int64

	cam     camera
	now     float64   // s of the demo's time
	seconds float64   // that the next frame takes; 0: not known yet
	last    time.Time // of the last frame
	frameAt time.Time // of the next one
	faults  *fault.Ledger
	version int // counts what changes pictures beside the camera
	told    told
	wanted  []wanted // to use again
	landed  []chunk

	canvas   *wire.Array
	shot     *wire.Array
	shooting []wire.Call // that wait for a screenshot
	fitting  []fitting
	declared map[string]shm.Control
	actions  map[string]shm.Action

	orders  chan *order // nil until a picture is wanted
	results chan *done
	busy    bool
	looked  time.Time // when somebody wanted a picture last
	kept    bool      // the painter keeps something
	over    sync.WaitGroup
}

// told is what was told last.
type told struct {
	poll, camera, layers, dims, cursor, canvas, colors string
	at                                                 map[string]time.Time
	canvasAt                                           time.Time
	canvasOf                                           canvasKey
	smallAt                                            time.Time
	controls                                           time.Time
}

type canvasKey struct {
	cam     camera
	version int
	z       int
	shown   string
	hands   int64
}

// New returns a viewer with its layers. The seed decides where the camera goes and how long loads
// take. What goes wrong while pictures are made is logged.
func New(seed uint64, logger *slog.Logger) *Viewer {
	stream := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }
	v := &Viewer{
		rng: stream(40), loader: newLoader(stream(41)), tour: newTour(stream(42)), touring: true,
		z: middlePlane, bar: true, cam: overview(), next: 1,
		told: told{at: map[string]time.Time{}}, declared: map[string]shm.Control{}, actions: map[string]shm.Action{},
		faults: fault.NewLedger(logger),
	}
	for _, l := range defaults(seed) {
		v.add(len(v.layers), l)
	}
	v.layers[0].selected = true
	return v
}

// Declare says what the viewer has, before the process is started. [Viewer.Turn] is then called in
// each of its rounds, and Close at the end.
func (v *Viewer) Declare(p *wire.Process) {
	v.p = p
	p.Topic(wire.Topic{Name: shm.TopicPoll, Title: "Tiles"})
	p.Topic(wire.Topic{Name: shm.TopicLayers, Title: "Layers"})
	p.Topic(wire.Topic{Name: shm.TopicFrameTime, Event: true, Title: "Frame time", Fields: []wire.Field{{Path: "delta_ms", Title: "Frame time", Unit: "ms"}}})
	p.Topic(wire.Topic{Name: shm.TopicLoadChunk, Event: true, Title: "Chunks loaded", Fields: []wire.Field{
		{Path: "num_bytes", Title: "Size", Unit: "B"}, {Path: "load_ms", Title: "Load time", Unit: "ms"},
	}})
	v.canvas = p.Array(shm.ArrayInfo{
		Name: shm.ArrayCanvas, Descr: "|u1", Shape: []int{canvasRows, canvasCols, 4}, Axes: []string{"y", "x", "c"}, Role: "rgb", Title: "Canvas",
	})
	// Nobody asks for a state that is not there.
	p.State(shm.TopicThumbnails, pickle.NewDict())
	p.State(shm.TopicHistograms, pickle.NewDict())
	v.declare()
	v.step(0)
	v.states()
	v.arrays()
}

// Close ends the goroutine that makes pictures. The owner calls it last.
func (v *Viewer) Close() {
	if v.orders != nil {
		close(v.orders)
		v.orders = nil
	}
	v.over.Wait()
}

// add puts a layer into its place and gives it an id.
func (v *Viewer) add(at int, l look) *layer {
	one := &layer{look: l, marked: map[[2]int]float64{}, since: time.Now().Unix()}
	one.id = fmt.Sprint(v.next)
	v.next++
	v.layers = slices.Insert(v.layers, at, one)
	v.touched(one)
	return one
}

// touched notes that a layer has changed.
func (v *Viewer) touched(l *layer) {
	l.version++
	v.version++
}

func (v *Viewer) find(id string) *layer {
	for _, l := range v.layers {
		if l.id == id {
			return l
		}
	}
	return nil
}

// active is the layer that hands at the canvas reach: the one that is selected, if it is one.
func (v *Viewer) active() *layer {
	var found *layer
	for _, l := range v.layers {
		if l.selected {
			if found != nil {
				return nil
			}
			found = l
		}
	}
	return found
}

// frameTime is how long the next frame takes, s.
func (v *Viewer) frameTime() float64 {
	if v.seconds == 0 {
		v.seconds = v.frameSeconds(v.loader.landing(v.now + 0.016))
	}
	return v.seconds
}

// frameSeconds is the time of a frame: a 16 ms timer, the drawing, a little for each chunk that
// goes to the graphics card, and now and then Python's garbage collector.
func (v *Viewer) frameSeconds(landing int) float64 {
	ms := 16 + 0.4*v.rng.ExpFloat64() + math.Abs(0.25*v.rng.NormFloat64())
	for range landing {
		ms += 0.2 + 0.4*v.rng.ExpFloat64()
	}
	if v.rng.Float64() < 1.0/700 {
		ms += 18 + 22*v.rng.Float64()
	}
	return ms / 1e3
}

// most is how many frames are made up for after a pause.
const most = 32

// Turn draws the frames that are due by p.Now(), and tells what somebody wants.
func (v *Viewer) Turn(p *wire.Process) {
	now := p.Now()
	if now.Sub(v.frameAt) > time.Second {
		v.frameAt = now // the machine was suspended, or has much else to do
	}
	for range most {
		if v.frameAt.After(now) {
			break
		}
		v.frame(v.frameAt)
		v.frameAt = v.frameAt.Add(time.Duration(v.frameTime() * float64(time.Second)))
	}
	v.share()
}

// frame is one frame: the camera moves on, and chunks land.
func (v *Viewer) frame(at time.Time) {
	seconds := v.frameTime()
	v.seconds = 0
	v.step(seconds)
	stamp := float64(at.UnixMicro()) / 1e6
	for _, c := range v.landed {
		// Loads end between the frames.
		v.p.Event(shm.TopicLoadChunk, pickle.NewDict("time", stamp-max(v.now-c.finished, 0), "num_bytes", c.bytes, "load_ms", c.loadMS,
			"level", int64(c.key.level), "layer", c.key.layer, "how", "chunk", "again", c.again))
	}
	var delta pickle.Value = int64(0) // as napari's first one is
	if !v.last.IsZero() {
		delta = float64(at.Sub(v.last)) / float64(time.Millisecond)
	}
	v.last = at
	v.p.Event(shm.TopicFrameTime, pickle.NewDict("time", stamp, "delta_ms", delta))
}

// step goes on by so many seconds.
func (v *Viewer) step(seconds float64) {
	v.now += seconds
	v.landed = v.loader.land(v.now, v.landed[:0])
	if v.touring && v.now >= v.moved {
		v.cam = v.tour.advance(seconds)
	}
	if v.playing && v.now-v.played >= playEvery && v.settled() {
		v.z, v.played = (v.z+1)%Planes, v.now
		v.version++
	}
	for i := range v.landed {
		v.land(&v.landed[i])
	}
	v.wanted = v.wanted[:0]
	for _, l := range v.layers {
		if l.isPicture() {
			v.follow(l)
		}
	}
	v.loader.request(v.now, v.wanted)
}

// settled reports whether all that is to be shown is there.
func (v *Viewer) settled() bool {
	for _, l := range v.layers {
		if l.isPicture() && l.visible && l.shown != l.target {
			return false
		}
	}
	return true
}

func (v *Viewer) land(c *chunk) {
	l := v.find(c.key.layer)
	if l == nil {
		return
	}
	l.loads++
	l.read += c.bytes
	if c.again {
		l.again++
		l.marked[[2]int{c.key.row, c.key.col}] = v.now
	}
}

// level is the one that the demo's napari draws a picture at: what somebody has chosen, otherwise
// what fits, or what misses it by the layer's bias. It is never finer than one level more than fits.
func (v *Viewer) level(l *look) int {
	fit := ideal(v.cam.zoom)
	level := fit + l.bias
	if l.locked >= 0 {
		level = l.locked
	}
	return min(max(level, fit-1, 0), Levels-1)
}

// follow has a picture show what is in view, as soon as its chunks are there.
func (v *Viewer) follow(l *layer) {
	for at, when := range l.marked {
		if v.now-when > markedFor {
			delete(l.marked, at)
		}
	}
	if !l.visible {
		l.target, l.shown = window{}, window{}
		return
	}
	w := inView(v.cam, v.level(&l.look), v.z)
	if w != l.target {
		if l.bias < 0 {
			// Its cache is too small: some of what is in view is read again, also what it has just had.
			l.before = nil
			again := l.shown.level == w.level && l.shown.z == w.z
			if again {
				l.before = map[[2]int]bool{}
			}
			l.tilesOf(l.shown, func(row, col int) {
				if hash(int32(row), int32(col), 50)%4 == 0 {
					v.loader.drop(l.key(l.shown, row, col))
					if again {
						l.before[[2]int{row, col}] = true
					}
				}
			})
		}
		l.target = w
	}
	if l.shown == w {
		return
	}
	start, missing := len(v.wanted), 0
	l.tilesOf(w, func(row, col int) {
		key := l.key(w, row, col)
		if v.loader.has(key) {
			return
		}
		missing++
		if len(v.wanted)-start < 2*workers {
			rows, cols := LevelShape(w.level)
			n := min(Tile, rows-row*Tile) * min(Tile, cols-col*Tile) * l.plane.bytes()
			v.wanted = append(v.wanted, wanted{key, int64(n), l.before[[2]int{row, col}]})
		}
	})
	if missing == 0 {
		l.shown, l.before = w, nil
	}
}

func (l *layer) key(w window, row, col int) chunkKey { return chunkKey{l.id, w.level, w.z, row, col} }

// tilesOf calls f with the tiles of a window.
func (l *layer) tilesOf(w window, f func(row, col int)) {
	for row := w.row0 / Tile; row*Tile < w.row1; row++ {
		for col := w.col0 / Tile; col*Tile < w.col1; col++ {
			f(row, col)
		}
	}
}

// stay ends the tour for a while, since somebody moves the camera.
func (v *Viewer) stay() {
	v.moved = v.now + resumeAfter
	v.tour.from(v.cam)
}

// look moves the camera to where somebody wants it.
func (v *Viewer) look(c camera) {
	v.cam = c
	v.stay()
}

// scene is what the canvas shows now.
func (v *Viewer) scene() scene {
	s := scene{camera: v.cam, rows: canvasRows, cols: canvasCols, grid: -1, bar: v.bar, looks: make([]look, len(v.layers))}
	for i, l := range v.layers {
		s.looks[i] = l.look
		if v.grid && l.isPicture() && l.visible {
			s.grid = v.level(&l.look)
		}
	}
	return s
}

// share tells what somebody wants and has not been told.
func (v *Viewer) share() {
	select {
	case d := <-v.results:
		v.busy = false
		v.publish(d)
	default:
	}
	v.states()
	v.keepControls()
	v.arrays()
	if !v.busy {
		v.order()
	}
}

// due reports whether something may be told again, and notes that it is.
func (v *Viewer) due(what string, every time.Duration) bool {
	if v.p.Now().Sub(v.told.at[what]) < every {
		return false
	}
	v.told.at[what] = v.p.Now()
	return true
}

// arrays declares the arrays of the layers as the layers are.
func (v *Viewer) arrays() {
	for _, l := range v.layers {
		if !l.isPicture() {
			continue
		}
		for _, s := range []struct {
			of   *shared
			name string
			more string
		}{{&l.array, "layer.", ""}, {&l.whole, "overview.", ", overview"}} {
			if s.of.array == nil || s.of.held && l.visible {
				shape := [2]int{2 * Tile, 2 * Tile}
				if s.of == &l.whole {
					shape[0], shape[1] = LevelShape(Levels - 1)
				}
				v.room(l, s.of, s.name, shape)
			}
			if s.of.looks != l.version {
				s.of.looks = l.version
				s.of.array.Describe(func(info *shm.ArrayInfo) {
					info.Title = l.name + s.more
					info.Colormap, info.Limits = "", nil
					if l.kind == kindImage {
						info.Colormap, info.Limits = l.colormap, &[2]float64{l.low, l.high}
					}
				})
			}
			if !l.visible && !s.of.held {
				s.of.array.Withhold(hidden)
				s.of.held = true
			}
		}
	}
}

// room makes an array of a layer for frames of a shape.
func (v *Viewer) room(l *layer, s *shared, name string, shape [2]int) {
	info := shm.ArrayInfo{
		Name: name + l.id, Descr: l.plane.descr(), Shape: shape[:], Axes: []string{"y", "x"},
		Units: []string{"µm", "µm"}, Scale: []float64{micrometre, micrometre}, Layer: l.id, Title: l.name,
	}
	if l.kind == kindLabels {
		info.Role = "labels"
	}
	*s = shared{array: v.p.Array(info), shape: shape, looks: -1}
}

// wants reports whether pixels of an array should be published.
func (s *shared) wants(w window) bool {
	return s.array != nil && !s.held && s.array.Wanted() && !w.empty() && (s.last != w || !s.array.Drawn())
}

// order has the painter make what is wanted and is not there.
func (v *Viewer) order() {
	now := v.p.Now()
	o := &order{z: v.z, hands: v.hands}
	want := func(topic string) bool { return v.p.Wanted(topic) > 0 }
	key := canvasKey{v.cam, v.version, v.z, v.shownKey(), v.hands}
	looking := v.canvas.Wanted()
	if looking && (key != v.told.canvasOf || !v.canvas.Drawn()) && v.canvas.Due() && now.Sub(v.told.canvasAt) >= canvasEvery {
		o.canvas, v.told.canvasOf, v.told.canvasAt = true, key, now
	}
	o.shot = len(v.shooting) > 0
	for _, f := range v.fitting {
		o.ranges = append(o.ranges, f.layer)
	}
	small := now.Sub(v.told.smallAt) >= smallEvery
	for _, l := range v.layers {
		if l.isPicture() {
			looking = looking || l.array.array != nil && l.array.array.Wanted()
			if l.array.wants(l.shown) {
				o.slices = append(o.slices, l.id)
			}
			if l.whole.wants(whole(Levels-1, v.z)) && l.visible {
				o.whole = append(o.whole, l.id)
			}
		}
		if small && want(shm.TopicThumbnails) && l.tiny != (thumbKey{l.version, v.z}) {
			l.tiny = thumbKey{l.version, v.z}
			o.thumbs = append(o.thumbs, l.id)
		}
		if l.kind == kindImage && small && want(shm.TopicHistograms) {
			if k := (histKey{l.shown, l.visible, true}); k != l.tallied {
				l.tallied = k
				l.hist = nil
				if l.visible && !l.shown.empty() {
					o.counts = append(o.counts, l.id)
				}
			}
		}
	}
	if len(o.thumbs)+len(o.counts) > 0 {
		v.told.smallAt = now
	}
	if v.pointer != nil && want(topicCursor) && v.due("under", statesEvery) {
		o.under, o.at = true, *v.pointer
	}
	if looking {
		v.looked = now
	}
	switch {
	case o.canvas || o.shot || o.under || len(o.slices)+len(o.whole)+len(o.thumbs)+len(o.counts)+len(o.ranges) > 0:
		v.kept = true
	case v.kept && now.Sub(v.looked) > idleAfter:
		o.forget, v.kept = true, false
	default:
		return
	}
	o.scene, o.shown = v.scene(), map[string]window{}
	for _, l := range v.layers {
		if l.isPicture() && !l.shown.empty() {
			o.shown[l.id] = l.shown
		}
	}
	if v.orders == nil {
		v.orders, v.results = make(chan *order, 1), make(chan *done, 1)
		orders, results := v.orders, v.results
		fault.Go(&v.over, func() { (&painter{}).run(orders, results) }, v.faults.Noted("the demo's pictures", ""))
	}
	v.busy = true
	v.orders <- o
}

// shownKey is equal as long as the same tiles are shown.
func (v *Viewer) shownKey() string {
	b := make([]byte, 0, 96)
	for _, l := range v.layers {
		if l.isPicture() {
			w := l.shown
			b = fmt.Appendf(b, "%d %d %d %d %d %d;", w.level, w.z, w.row0, w.col0, w.row1, w.col1)
		}
	}
	return string(b)
}

// publish shares what the painter has made.
func (v *Viewer) publish(d *done) {
	o := d.order
	if o.canvas {
		_ = v.canvas.Publish(d.canvas, segment.Frame{User: uint64(o.hands)}) // the shape is that of the array
	}
	if o.shot {
		if v.shot == nil {
			v.shot = v.p.Array(shm.ArrayInfo{
				Name: "screenshot", Descr: "|u1", Shape: []int{canvasRows, canvasCols, 4}, Axes: []string{"y", "x", "c"}, Role: "rgb", Title: "Screenshot",
			})
		}
		err := v.shot.Publish(d.canvas, segment.Frame{})
		for _, call := range v.shooting {
			call.Answer(err)
		}
		v.shooting = nil
	}
	if o.ranges != nil {
		v.fitted(d.ranges)
	}
	for id, px := range d.pixels {
		if l := v.find(id); l != nil {
			v.put(l, &l.array, "layer.", px)
		}
	}
	for id, px := range d.whole {
		if l := v.find(id); l != nil {
			v.put(l, &l.whole, "overview.", px)
		}
	}
	for id, text := range d.thumbs {
		if l := v.find(id); l != nil {
			l.thumb = text
		}
	}
	for id, counts := range d.counts {
		if l := v.find(id); l != nil {
			l.hist = counts
		}
	}
	if o.under {
		v.under(d)
	}
	if d.thumbs != nil {
		all := pickle.NewDict()
		for _, l := range v.layers {
			if l.thumb != "" {
				_ = all.Set(l.id, l.thumb)
			}
		}
		v.p.State(shm.TopicThumbnails, all)
	}
	if d.counts != nil {
		all := pickle.NewDict()
		for _, l := range v.layers {
			if l.hist != nil {
				_ = all.Set(l.id, l.hist)
			}
		}
		v.p.State(shm.TopicHistograms, all)
	}
}

// put publishes pixels of a layer, with room for more.
func (v *Viewer) put(l *layer, s *shared, name string, px *pixels) {
	if !l.visible || s.array == nil {
		return
	}
	if px.rows() > s.shape[0] || px.cols() > s.shape[1] {
		const more = 2 * Tile
		v.room(l, s, name, [2]int{(max(px.rows(), s.shape[0]) + more - 1) / more * more, (max(px.cols(), s.shape[1]) + more - 1) / more * more})
		v.arrays()
	}
	step := float64(int(1) << px.level)
	err := s.array.Publish(px.bytes(), segment.Frame{
		Shape: []int{px.rows(), px.cols()}, Offset: [2]float64{float64(px.row0) * step, float64(px.col0) * step}, Step: [2]float64{step, step}, Level: px.level,
	})
	if err == nil {
		s.last = px.window
	}
}

// sortedMarks are the tiles that are marked, in order.
func (l *layer) sortedMarks() [][2]int {
	return slices.SortedFunc(maps.Keys(l.marked), func(a, b [2]int) int {
		if a[0] != b[0] {
			return a[0] - b[0]
		}
		return a[1] - b[1]
	})
}
