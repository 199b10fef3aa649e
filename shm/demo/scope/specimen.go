package scope

import (
	"math"
	"math/rand/v2"
)

const (
	side    = 2048  // pixels of the specimen along each axis
	pixel   = 0.325 // um a pixel
	spacing = 76    // pixels between the points of the grid around which cells lie
	margin  = 26    // pixels at the border of the specimen without cells
)

// The kinds of cells, in the order of class.
var classes = [...]string{"interphase", "mitotic", "apoptotic"}

const (
	interphase = iota
	mitotic
	apoptotic
)

// cell is one cell. Its label is its place in the list, counted from 1.
type cell struct {
	y, x   float32 // of its middle, in pixels
	reach  float32 // how far it goes where no other is in its way, in pixels
	a, b   float32 // half axes of its nucleus, in pixels
	sin    float32 // direction of the longer one
	cos    float32
	depth  float32 // of its middle, in um from the middle of the specimen
	class  uint8
	area   int32   // in pixels
	period float64 // s between two flashes of calcium
	phase  float64 // s
	tone   uint8   // how bright its nucleus is, of 255
}

// specimen is what lies on the stage. It never changes. The planes are by rows.
type specimen struct {
	cells  []cell
	labels []uint16 // 0: none
	nuclei []uint8
	actin  []uint8
	mito   []uint8
	spots  []spot
}

// spot is a vesicle that moves within its cell.
type spot struct {
	y, x, ry, rx float32 // the middle of its way, and how far it goes, in pixels
	fy, fx       float64 // rad/s
	phase        float64
	label        uint16
}

// at returns where a spot is at a time, in pixels.
func (s *spot) at(t float64) (y, x float32) {
	return s.y + s.ry*float32(math.Sin(s.fy*t+s.phase)), s.x + s.rx*float32(math.Sin(s.fx*t+2.4*s.phase))
}

// calcium is how bright a cell is at a time, 1 at rest: it flashes, and fades away within seconds.
func (c *cell) calcium(t, activity float64) float64 {
	if c.class == apoptotic {
		return 0.6
	}
	since := math.Mod(t+c.phase, c.period)
	rise := 1 - math.Exp(-since/0.12)
	return 1 + activity*2.2*rise*math.Exp(-since/1.1)
}

// newSpecimen makes the specimen of a seed.
func newSpecimen(seed uint64) *specimen {
	rng := rand.New(rand.NewPCG(seed, 11))
	n := side * side
	s := &specimen{labels: make([]uint16, n), nuclei: make([]uint8, n), actin: make([]uint8, n), mito: make([]uint8, n)}
	grid := s.place(rng)
	grain := newGrain(rng)
	s.fill(grid, grain, rng)
	for i := range s.cells {
		s.inside(i, rng)
	}
	return s
}

// cells of the grid along each axis, and which cell lies around each point.
const gridSide = (side + spacing - 1) / spacing

// place puts cells around the points of a grid. Some places stay empty.
func (s *specimen) place(rng *rand.Rand) (grid [gridSide * gridSide]int32) {
	between := func(lo, hi float64) float32 { return float32(lo + (hi-lo)*rng.Float64()) }
	for i := range grid {
		grid[i] = -1
		y := (float32(i/gridSide) + 0.5 + between(-0.36, 0.36)) * spacing
		x := (float32(i%gridSide) + 0.5 + between(-0.36, 0.36)) * spacing
		// The density varies: colonies with gaps between them.
		density := 0.80 + 0.45*math.Sin(float64(y)/173+1)*math.Sin(float64(x)/211+2)
		if rng.Float64() > density || min(y, x) < margin+20 || max(y, x) > side-margin-20 {
			continue
		}
		angle := rng.Float64() * math.Pi
		c := cell{
			y: y, x: x, reach: between(36, 50), a: between(14, 19), b: between(10, 13.5),
			sin: float32(math.Sin(angle)), cos: float32(math.Cos(angle)), depth: between(-2.6, 2.6),
			period: float64(between(5, 17)), phase: float64(between(0, 17)), tone: uint8(between(105, 175)),
		}
		switch roll := rng.Float64(); {
		case roll < 0.05:
			c.class, c.a, c.b, c.reach, c.tone = mitotic, 15, 4.6, between(25, 30), 245
		case roll < 0.08:
			c.class, c.a, c.b, c.reach, c.tone = apoptotic, 8, 7, between(17, 21), 235
		}
		grid[i] = int32(len(s.cells))
		s.cells = append(s.cells, c)
	}
	return grid
}

// grain is a texture of 256 x 256 pixels that repeats without a seam, from -1 to 1.
type grain [256 * 256]float32

func newGrain(rng *rand.Rand) *grain {
	g := &grain{}
	for _, octave := range []struct {
		step   int
		weight float32
	}{{16, 0.45}, {6, 0.35}, {3, 0.2}} {
		points := 256 / octave.step
		values := make([]float32, points*points)
		for i := range values {
			values[i] = 2*rng.Float32() - 1
		}
		for i := range g {
			y, x := float32(i/256)*float32(points)/256, float32(i%256)*float32(points)/256
			r, c := int(y), int(x)
			fy, fx := y-float32(r), x-float32(c)
			fy, fx = fy*fy*(3-2*fy), fx*fx*(3-2*fx)
			at := func(r, c int) float32 { return values[r%points*points+c%points] }
			top := at(r, c) + fx*(at(r, c+1)-at(r, c))
			low := at(r+1, c) + fx*(at(r+1, c+1)-at(r+1, c))
			g[i] += octave.weight * (top + fy*(low-top))
		}
	}
	return g
}

// fill computes which cell each pixel belongs to, its membrane and its nucleus.
func (s *specimen) fill(grid [gridSide * gridSide]int32, g *grain, rng *rand.Rand) {
	// Outlines are wavy, since places are moved a little before the nearest cell is looked for.
	var wave [4][side]float32
	p := rng.Float64() * 6
	for i := range side {
		t := float64(i)
		wave[0][i] = float32(4.5*math.Sin(t*0.047+p) + 2.2*math.Sin(t*0.131+2*p))
		wave[1][i] = float32(3.5*math.Sin(t*0.061+3*p) + 1.6*math.Sin(t*0.171+p))
		wave[2][i] = float32(4.5*math.Sin(t*0.043+5*p) + 2.2*math.Sin(t*0.127+p))
		wave[3][i] = float32(3.5*math.Sin(t*0.067+7*p) + 1.6*math.Sin(t*0.163+4*p))
	}
	var near [25]int32
	const block = 16
	for y0 := 0; y0 < side; y0 += block {
		for x0 := 0; x0 < side; x0 += block {
			n := 0
			for r := max(0, y0/spacing-1); r <= min(gridSide-1, (y0+block)/spacing+1); r++ {
				for c := max(0, x0/spacing-1); c <= min(gridSide-1, (x0+block)/spacing+1); c++ {
					if i := grid[r*gridSide+c]; i >= 0 {
						near[n] = i
						n++
					}
				}
			}
			for y := y0; y < y0+block; y++ {
				for x := x0; x < x0+block; x++ {
					wy := float32(y) + wave[0][x] + wave[1][y]
					wx := float32(x) + wave[2][y] + wave[3][x]
					s.shade(y, x, wy, wx, near[:n], g[y&255<<8|x&255])
				}
			}
		}
	}
}

// shade computes one pixel. It is moved to (wy, wx) for the outlines.
func (s *specimen) shade(y, x int, wy, wx float32, near []int32, grain float32) {
	first, second, own := float32(1e9), float32(1e9), int32(-1)
	for _, i := range near {
		c := &s.cells[i]
		dy, dx := wy-c.y, wx-c.x
		switch d := (dy*dy + dx*dx) / (c.reach * c.reach); {
		case d < first:
			first, second, own = d, first, i
		case d < second:
			second = d
		}
	}
	at := y*side + x
	if own < 0 || first >= 1 {
		// A haze of what is out of focus, and of medium.
		s.actin[at] = level(4 + 2*grain)
		s.nuclei[at] = level(2 + grain)
		s.mito[at] = level(3 + grain)
		return
	}
	c := &s.cells[own]
	s.labels[at] = uint16(own + 1)
	c.area++
	d1 := float32(math.Sqrt(float64(first)))
	gap := min((1-d1)*c.reach, (float32(math.Sqrt(float64(second)))-d1)*c.reach*0.5) // pixels to the outline
	membrane := max(0, 1-gap*gap*0.10)
	inner := min(gap*0.16, 1)
	s.actin[at] = level(12 + 8*grain + 96*membrane*membrane + 16*(1-inner))
	s.mito[at] = level((13 + 7*grain) * inner)

	dy, dx := float32(y)-c.y, float32(x)-c.x
	u := (dx*c.cos + dy*c.sin) / c.a
	v := (dy*c.cos - dx*c.sin) / c.b
	q := u*u + v*v
	if q >= 1.35 {
		s.nuclei[at] = level(3 + 2*grain)
		return
	}
	edge := min(max((1.22-q)*3.2, 0), 1)
	tone := float32(c.tone) * (1 - 0.22*q)
	switch c.class {
	case interphase: // nucleoli are dark
		tone *= 1 + 0.30*grain
		for k := float32(0); k < 3; k++ {
			nu, nv := u-0.42*(k-1), v-0.35*(1-2*float32(own&1))*(k-0.8)
			if r := nu*nu*2.2 + nv*nv*2.2; r < 0.12 {
				tone *= 0.48 + 4.2*r
			}
		}
	case mitotic:
		tone *= 1 + 0.12*grain
	case apoptotic: // in pieces
		if (int(c.y)+y/5+x/6)%3 == 0 {
			tone *= 0.25
		}
	}
	s.nuclei[at] = level(3 + edge*tone)
	if q < 1 {
		s.mito[at] = level(5 + 2*grain)
		s.actin[at] = level(9 + 3*grain)
	}
}

func level(x float32) uint8 { return uint8(min(max(x, 0), 255)) }

// inside draws the filaments, the mitochondria and the vesicles of a cell.
func (s *specimen) inside(i int, rng *rand.Rand) {
	c := &s.cells[i]
	label := uint16(i + 1)
	if c.class != interphase {
		return // they are round, and have let go of their filaments
	}
	main := math.Atan2(float64(c.sin), float64(c.cos))
	for range 7 + rng.IntN(7) { // stress fibres along the cell
		off := (rng.Float64() - 0.5) * 1.5 * float64(c.reach)
		y := float64(c.y) + off*math.Cos(main) - 0.9*float64(c.reach)*math.Sin(main)
		x := float64(c.x) - off*math.Sin(main) - 0.9*float64(c.reach)*math.Cos(main)
		s.stroke(s.actin, label, y, x, main+0.16*rng.NormFloat64(), 0.006*rng.NormFloat64(), 1.8*float64(c.reach), 0.8, 30+55*rng.Float64())
	}
	for range 26 + rng.IntN(16) { // mitochondria around the nucleus
		angle := rng.Float64() * 2 * math.Pi
		far := float64(c.a) * (1.05 + 0.95*rng.Float64()*rng.Float64())
		y, x := float64(c.y)+far*math.Sin(angle), float64(c.x)+far*math.Cos(angle)
		s.stroke(s.mito, label, y, x, angle+math.Pi/2+0.7*rng.NormFloat64(), 0.09*rng.NormFloat64(), 7+13*rng.Float64(), 1.15, 70+70*rng.Float64())
	}
	for range 3 + rng.IntN(4) {
		angle := rng.Float64() * 2 * math.Pi
		far := float64(c.a)*1.2 + 8*rng.Float64()
		s.spots = append(s.spots, spot{
			y: c.y + float32(far*math.Sin(angle)), x: c.x + float32(far*math.Cos(angle)),
			ry: float32(2 + 6*rng.Float64()), rx: float32(2 + 6*rng.Float64()),
			fy: 0.15 + 0.7*rng.Float64(), fx: 0.15 + 0.7*rng.Float64(), phase: rng.Float64() * 6.28, label: label,
		})
	}
}

// stroke draws a line that bends, within one cell: from a place in a direction, in pixels and
// radians, with a width in pixels.
func (s *specimen) stroke(plane []uint8, label uint16, y, x, angle, bend, length, width, strength float64) {
	const step = 0.7
	scale := 1 / (2 * width * width)
	for t := 0.0; t < length; t += step {
		angle += bend * step
		y += step * math.Sin(angle)
		x += step * math.Cos(angle)
		r0, c0 := int(math.Round(y)), int(math.Round(x))
		if r0 < 3 || c0 < 3 || r0 >= side-3 || c0 >= side-3 || s.labels[r0*side+c0] != label {
			continue
		}
		fade := min(1, min(t, length-t)/4+0.25) * strength * step / (2.5 * width)
		for r := r0 - 2; r <= r0+2; r++ {
			for c := c0 - 2; c <= c0+2; c++ {
				if s.labels[r*side+c] != label {
					continue
				}
				dy, dx := float64(r)-y, float64(c)-x
				p := &plane[r*side+c]
				*p = uint8(min(float64(*p)+fade*gauss((dy*dy+dx*dx)*scale), 250))
			}
		}
	}
}

// gauss is exp(-x), a little coarser and much faster.
func gauss(x float64) float64 {
	if x > 5 {
		return 0
	}
	x = 1 - x/16
	x *= x
	x *= x
	x *= x
	return x * x
}
