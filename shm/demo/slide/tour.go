package slide

import (
	"math"
	"math/rand/v2"
)

// move is one gesture of the hand: a pan, a zoom about a point, or a rest.
type move struct {
	from, to camera
	seconds  float64
}

// at returns the camera t seconds into the move.
func (m move) at(t float64) camera {
	if t >= m.seconds {
		return m.to
	}
	s := ease(t / m.seconds)
	ratio := math.Log(m.to.zoom / m.from.zoom)
	zoom := m.from.zoom * math.Exp(s*ratio)
	if math.Abs(ratio) < 0.01 {
		return camera{m.from.y + s*(m.to.y-m.from.y), m.from.x + s*(m.to.x-m.from.x), zoom}
	}
	// Zooming keeps one point of the picture where it is on the screen, the one under the mouse.
	// Interpolating centre and zoom apart would swing the picture around instead.
	end, now := math.Exp(-ratio), math.Exp(-s*ratio)
	fixed := func(from, to float64) float64 {
		p := (to - end*from) / (1 - end)
		return p + (from-p)*now
	}
	return camera{fixed(m.from.y, m.to.y), fixed(m.from.x, m.to.x), zoom}
}

// ease goes from 0 to 1 as a hand moves: no jump in speed or acceleration.
func ease(x float64) float64 {
	x = min(max(x, 0), 1)
	return x * x * x * (x*(6*x-15) + 10)
}

// overview is the camera that shows all of the specimen.
func overview() camera {
	return camera{y: height / 2, x: width / 2, zoom: 0.95 * min(canvasRows/height, canvasCols/width)}
}

// The zooms, in pixels of the canvas a um: where people look at tissue, and closest at cells.
const (
	tissueZoom = 0.7
	closest    = 8.0
)

// tour moves the camera as somebody does who looks through the specimen: from the overview to a
// region, along it, closer to its cells, a rest, and out again.
type tour struct {
	rng     *rand.Rand
	now     move
	elapsed float64 // s since the move began
	region  int     // that is looked at, -1 for none
}

func newTour(rng *rand.Rand) *tour {
	start := overview()
	return &tour{rng: rng, now: move{start, start, 1.2}, region: -1}
}

// from goes on from where the camera is.
func (t *tour) from(c camera) {
	t.now, t.elapsed = move{c, c, 0.5}, 0
}

// advance goes on by dt seconds and returns where the camera is then.
func (t *tour) advance(dt float64) camera {
	t.elapsed += dt
	for t.elapsed >= t.now.seconds {
		t.elapsed -= t.now.seconds
		t.now = t.next(t.now)
	}
	return t.now.at(t.elapsed)
}

func (t *tour) between(low, high float64) float64 { return low + (high-low)*t.rng.Float64() }

func (t *tour) next(last move) move {
	here := last.to
	if last.from != last.to && t.rng.Float64() < 0.6 {
		return move{here, here, t.between(0.8, 2.6)}
	}
	roll := t.rng.Float64()
	switch {
	case here.zoom < tissueZoom/3: // the overview, or near it
		t.region = (max(t.region, 0) + 1 + t.rng.IntN(len(regions)-1)) % len(regions)
		return t.to(here, t.place(), tissueZoom*t.between(0.7, 1.3))
	case here.zoom < 2*tissueZoom:
		switch {
		case roll < 0.7:
			return t.to(here, t.place(), t.between(1.8, 3.4))
		case roll < 0.85:
			return t.pan(here)
		}
		return t.to(here, overview(), overview().zoom)
	case roll < 0.4:
		return t.pan(here)
	case roll < 0.7:
		return t.to(here, t.around(here, 0.25), min(here.zoom*math.Exp2(t.between(0.5, 1.2)), closest))
	case roll < 0.9:
		return t.to(here, t.around(here, 0.2), here.zoom*math.Exp2(-t.between(1, 1.8)))
	}
	return t.to(here, overview(), overview().zoom)
}

// place is somewhere in the region.
func (t *tour) place() camera {
	r := regions[max(t.region, 0)]
	return camera{y: float64(r.y) + float64(r.h)*t.between(-0.3, 0.3), x: float64(r.x) + float64(r.w)*t.between(-0.3, 0.3)}
}

func (t *tour) around(c camera, far float64) camera {
	c.y += t.between(-far, far) * canvasRows / c.zoom
	c.x += t.between(-far, far) * canvasCols / c.zoom
	return c
}

// pan drags the picture by up to a screen.
func (t *tour) pan(here camera) move {
	sin, cos := math.Sincos(t.between(0, 2*math.Pi))
	screens := t.between(0.2, 0.9)
	to := camera{here.y + screens*sin*canvasRows/here.zoom, here.x + screens*cos*canvasCols/here.zoom, here.zoom}
	return move{here, inside(to), 1.0 + screens*t.between(1.5, 2.6)}
}

func (t *tour) to(here, to camera, zoom float64) move {
	to.zoom = zoom
	doublings := math.Abs(math.Log2(to.zoom / here.zoom))
	return move{here, inside(to), 1.0 + doublings*t.between(0.55, 0.85)}
}

// inside keeps the centre over the specimen.
func inside(c camera) camera {
	c.y = min(max(c.y, 0.02*height), 0.98*height)
	c.x = min(max(c.x, 0.02*width), 0.98*width)
	return c
}
