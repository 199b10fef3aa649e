package demo

import (
	"math"
	"math/rand/v2"
)

// The canvas of the synthetic napari, in screen pixels.
const (
	canvasRows = 800.0
	canvasCols = 1200.0
)

// viewMargin is by how much napari enlarges the view before it looks for tiles.
const viewMargin = 1.1

// camera is where the viewer looks: its centre in pixels of level 0 of the
// large layer, and the zoom in screen pixels per such pixel.
type camera struct {
	row, col float64
	zoom     float64
}

// corners returns the top left and bottom right of the view, enlarged, in
// pixels of level 0.
func (c camera) corners() [2][2]float64 {
	h := canvasRows / c.zoom / 2 * viewMargin
	w := canvasCols / c.zoom / 2 * viewMargin
	return [2][2]float64{{c.row - h, c.col - w}, {c.row + h, c.col + w}}
}

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
	if math.Abs(ratio) < 0.01 {
		return camera{
			row:  m.from.row + s*(m.to.row-m.from.row),
			col:  m.from.col + s*(m.to.col-m.from.col),
			zoom: m.from.zoom * math.Exp(s*ratio),
		}
	}
	// Zooming keeps one point of the image where it is on the screen, the one
	// under the mouse. Interpolating centre and zoom apart would swing the
	// picture around instead.
	end := math.Exp(-ratio)
	now := math.Exp(-s * ratio)
	fixed := func(from, to float64) float64 {
		p := (to - end*from) / (1 - end)
		return p + (from-p)*now
	}
	return camera{
		row:  fixed(m.from.row, m.to.row),
		col:  fixed(m.from.col, m.to.col),
		zoom: m.from.zoom * math.Exp(s*ratio),
	}
}

// ease goes from 0 to 1 as a hand moves: no jump in speed or acceleration.
func ease(x float64) float64 {
	x = min(max(x, 0), 1)
	return x * x * x * (x*(6*x-15) + 10)
}

// pilot plans the moves of somebody who looks through an image: from the
// overview to something of interest, along it, a rest, closer, out again.
type pilot struct {
	rows, cols float64 // pixels of level 0
	rng        *rand.Rand
	now        move
	elapsed    float64 // s since the move began
}

const (
	deepest   = 2.0  // screen pixels per pixel: nobody looks closer
	closeView = 0.35 // from here on people mostly pan
)

func newPilot(rows, cols float64, rng *rand.Rand) *pilot {
	p := &pilot{rows: rows, cols: cols, rng: rng}
	start := p.overview()
	p.now = move{from: start, to: start, seconds: 1.5}
	return p
}

func (p *pilot) overview() camera {
	return camera{row: p.rows / 2, col: p.cols / 2, zoom: 0.95 * min(canvasRows/p.rows, canvasCols/p.cols)}
}

// advance moves on by dt seconds and returns where the camera is then.
func (p *pilot) advance(dt float64) camera {
	p.elapsed += dt
	for p.elapsed >= p.now.seconds {
		p.elapsed -= p.now.seconds
		p.now = p.next(p.now)
	}
	return p.now.at(p.elapsed)
}

func (p *pilot) next(last move) move {
	here := last.to
	resting := last.from == last.to
	if !resting && p.rng.Float64() < 0.45 {
		return move{from: here, to: here, seconds: p.between(0.4, 2.2)}
	}
	wide := p.overview().zoom
	roll := p.rng.Float64()
	switch {
	case here.zoom < 4*wide: // the overview, or near it
		spot := camera{row: p.rows * p.between(0.12, 0.88), col: p.cols * p.between(0.12, 0.88)}
		return p.zoomTo(here, spot, here.zoom*math.Exp2(p.between(3, 5.5)))
	case here.zoom > closeView:
		switch {
		case roll < 0.55:
			return p.pan(here)
		case roll < 0.65:
			return p.zoomAbout(here, p.between(0.5, 1.5))
		case roll < 0.85:
			return p.zoomAbout(here, -p.between(2, 5))
		}
		return p.zoomTo(here, p.overview(), wide)
	case roll < 0.35:
		return p.pan(here)
	case roll < 0.78:
		return p.zoomAbout(here, p.between(1, 3))
	case roll < 0.92:
		return p.zoomAbout(here, -p.between(1, 2.5))
	}
	return p.zoomTo(here, p.overview(), wide)
}

func (p *pilot) between(lo, hi float64) float64 { return lo + (hi-lo)*p.rng.Float64() }

// pan drags the picture by up to one and a half screens.
func (p *pilot) pan(here camera) move {
	angle := p.between(0, 2*math.Pi)
	screens := p.between(0.25, 1.5)
	to := here
	to.row += screens * math.Sin(angle) * canvasRows / here.zoom
	to.col += screens * math.Cos(angle) * canvasCols / here.zoom
	return move{from: here, to: p.inside(to), seconds: 0.5 + screens*p.between(0.7, 1.6)}
}

// zoomAbout turns the wheel by so many doublings about a point of the screen.
func (p *pilot) zoomAbout(here camera, doublings float64) move {
	spot := here
	spot.row += p.between(-0.3, 0.3) * canvasRows / here.zoom
	spot.col += p.between(-0.3, 0.3) * canvasCols / here.zoom
	return p.zoomTo(here, spot, here.zoom*math.Exp2(doublings))
}

func (p *pilot) zoomTo(here, to camera, zoom float64) move {
	to.zoom = min(max(zoom, p.overview().zoom), deepest)
	doublings := math.Abs(math.Log2(to.zoom / here.zoom))
	return move{from: here, to: p.inside(to), seconds: 0.6 + doublings*p.between(0.35, 0.65)}
}

// inside keeps the centre over the image.
func (p *pilot) inside(c camera) camera {
	c.row = min(max(c.row, 0.02*p.rows), 0.98*p.rows)
	c.col = min(max(c.col, 0.02*p.cols), 0.98*p.cols)
	return c
}
