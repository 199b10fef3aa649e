package demo

import (
	"math"
	"math/rand/v2"
	"slices"
)

// layerView is what napari says of one layer in one frame.
type layerView struct {
	image   image
	window  window
	corners [2][2]float64
	seen    []int64 // row, col, row, col, ...: tiles that are drawn
}

func (v *layerView) equal(o *layerView) bool {
	return v.window == o.window && v.corners == o.corners && slices.Equal(v.seen, o.seen)
}

// frame is everything the synthetic napari says in one frame.
type frame struct {
	seconds float64 // how long the frame took, s
	layers  []layerView
	landed  []chunk
}

// model is the synthetic napari without its wire: a pure function of its seed
// and of the number of frames. It knows no real time.
type model struct {
	rng    *rand.Rand
	images []image
	pilot  *pilot
	loader *loader

	now    float64 // s since the start
	frames int

	next   float64    // s that the next frame takes; 0: not yet known
	wanted []chunkKey // reused
}

// The two layers lie over each other: a slide scanner's picture, and a
// fluorescence picture of the same place in an eighth of the resolution.
const (
	slideRows, slideCols = 786_432, 1_048_576
	slideTile            = 512
	signalTile           = 256
	signalScale          = 8.0
	firstLayerID         = 1<<46 + 0x1f2e_3d4c_5b60
)

func newModel(seed uint64) *model {
	stream := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }
	m := &model{
		rng: stream(0),
		images: []image{
			newImage(firstLayerID, slideRows, slideCols, slideTile, 1),
			newImage(firstLayerID+0x4d3c0, slideRows/signalScale, slideCols/signalScale, signalTile, signalScale),
		},
		pilot:  newPilot(slideRows, slideCols, stream(1)),
		loader: newLoader(stream(2)),
	}
	return m
}

// step computes the next frame.
func (m *model) step() frame {
	f := frame{seconds: m.nextSeconds()}
	m.next = 0
	m.now += f.seconds
	m.frames++
	f.landed = m.loader.land(m.now, nil)

	cam := m.pilot.advance(f.seconds)
	world := cam.corners()
	m.wanted = m.wanted[:0]
	for i := range m.images {
		im := m.images[i]
		corners := im.corners(world)
		level := im.level(corners)
		w := im.window(corners, level)
		// Coarse tiles first: few of them cover the view at once.
		if coarse := min(level+coarseLevels, im.levels-1); coarse > level {
			m.want(i, im.window(corners, coarse))
		}
		m.want(i, w)
		f.layers = append(f.layers, layerView{
			image: im, window: w, corners: corners, seen: m.seen(i, w),
		})
	}
	m.loader.request(m.now, m.wanted, func(k chunkKey) int64 {
		return m.images[k.layer].chunkBytes(k.level, k.row, k.col)
	})
	return f
}

// nextSeconds is how long the next frame takes.
func (m *model) nextSeconds() float64 {
	if m.next == 0 {
		m.next = m.frameSeconds(m.loader.landing(m.now + 0.016))
	}
	return m.next
}

// frameSeconds is the time of a frame: a 16 ms timer, the drawing, a little for
// each chunk that goes to the graphics card, and now and then Python's garbage
// collector.
func (m *model) frameSeconds(landing int) float64 {
	ms := 16 + 0.4*m.rng.ExpFloat64() + math.Abs(0.25*m.rng.NormFloat64())
	for range landing {
		ms += 0.6 + 1.1*m.rng.ExpFloat64()
	}
	if m.rng.Float64() < 1.0/700 {
		ms += 18 + 22*m.rng.Float64()
	}
	return ms / 1e3
}

// want asks for the tiles of a window, from its middle outwards.
func (m *model) want(layer int, w window) {
	start := len(m.wanted)
	for r := w.row0; r < w.row1; r++ {
		for c := w.col0; c < w.col1; c++ {
			m.wanted = append(m.wanted, chunkKey{layer, w.level, r, c})
		}
	}
	midRow, midCol := w.row0+w.row1-1, w.col0+w.col1-1
	distance := func(k chunkKey) int64 {
		dr, dc := 2*k.row-midRow, 2*k.col-midCol
		return dr*dr + dc*dc
	}
	slices.SortStableFunc(m.wanted[start:], func(a, b chunkKey) int {
		return int(distance(a) - distance(b))
	})
}

// seen lists the tiles of a window whose chunks are there. napari names every tile in
// view at once. With this list people can watch how a picture fills.
func (m *model) seen(layer int, w window) []int64 {
	out := make([]int64, 0, 2*w.tiles())
	for r := w.row0; r < w.row1; r++ {
		for c := w.col0; c < w.col1; c++ {
			if m.loader.has(chunkKey{layer, w.level, r, c}) {
				out = append(out, r, c)
			}
		}
	}
	return out
}
