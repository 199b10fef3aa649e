package scope

import (
	"math"
	"math/rand/v2"
)

const (
	frameSide = 512     // pixels of the camera along each axis
	fullWell  = 30000.0 // electrons that a pixel holds
	pedestal  = 100.0   // counts without any light
	brightest = 400.0   // electrons a ms where the specimen is brightest, at full power
	hotPixels = 70
)

// setting is all that a picture depends on, besides the specimen and the time.
type setting struct {
	y, x     int     // of its first pixel in the specimen
	blur     float64 // radius in pixels
	channel  int
	power    float64 // of the lamp, 0 to 1
	exposure float64 // ms
	gain     float64 // counts an electron
	activity float64
	warm     float64 // dark electrons a ms and pixel
	hot      bool    // hot pixels are shown as they are
	bleached int     // how many times the laser has fired
}

// spotBleached is where the laser has hit the specimen.
type spotBleached struct {
	y, x, r float64 // pixels of the specimen
	left    float64 // how much of the light is left, 0 to 1
	at      float64 // s
}

// recovers is how long a bleached spot takes to recover, in s.
const recovers = 90.0

// dark is how much darker the spot is now, 0 for not at all.
func (b *spotBleached) dark(t float64) float64 {
	return (1 - b.left) * math.Exp(-(t-b.at)/recovers)
}

// camera makes pictures of a specimen. Its buffers are used again for each of them.
type camera struct {
	noise   []float32 // of a standard normal distribution
	light   []float32 // electrons a pixel, expected
	mean    []float32 // counts, expected
	spread  []float32 // of the noise, in counts
	column  []float32
	fall    [frameSide]float32 // how far the light falls off from the middle
	hot     [hotPixels]int32
	random  uint64
	frame   []byte // the picture, little-endian uint16
	seen    setting
	seenAt  float64 // s; when mean was computed
	flashes []float32
	valid   bool
}

const noiseLen = 1 << 16

func newCamera(seed uint64) *camera {
	rng := rand.New(rand.NewPCG(seed, 12))
	n := frameSide * frameSide
	c := &camera{
		noise: make([]float32, noiseLen+frameSide), light: make([]float32, n), mean: make([]float32, n),
		spread: make([]float32, n), column: make([]float32, n), random: seed*2 + 1, frame: make([]byte, 2*n),
	}
	for i := range c.noise {
		c.noise[i] = float32(rng.NormFloat64())
	}
	for i := range c.fall {
		u := (float64(i) - frameSide/2) / (frameSide / 2)
		c.fall[i] = float32(1 - 0.11*u*u)
	}
	for i := range c.hot {
		c.hot[i] = int32(rng.IntN(n))
	}
	return c
}

// expect computes what the camera would see without noise. The calcium of the cells, and bleached
// spots, are those of the time t.
func (c *camera) expect(s *specimen, set setting, bleached []spotBleached, t float64) {
	c.expose(s, set, t)
	if set.blur > 0.2 {
		for range 2 {
			c.smooth(set.blur * 0.62)
		}
	}
	for i := range bleached {
		c.bleach(&bleached[i], set, t)
	}
	const readNoise = 1.8 // electrons
	dark := float32(set.warm * set.exposure)
	gain := float32(set.gain)
	for y := range frameSide {
		light, mean, spread := c.light[y*frameSide:][:frameSide], c.mean[y*frameSide:][:frameSide], c.spread[y*frameSide:][:frameSide]
		fall := c.fall[y]
		for x, e := range light {
			e = min(e*fall*c.fall[x]+dark, fullWell)
			mean[x] = pedestal + gain*e
			spread[x] = gain * float32(math.Sqrt(float64(e+readNoise*readNoise)))
		}
	}
	if set.hot {
		for _, i := range c.hot {
			extra := (400 + 40*set.warm*1000) * set.exposure / 50
			c.mean[i] = min(c.mean[i]+gain*float32(extra), pedestal+gain*fullWell)
		}
	}
	c.seen, c.seenAt, c.valid = set, t, true
}

// expose fills light with the electrons of each pixel.
func (c *camera) expose(s *specimen, set setting, t float64) {
	scale := float32(brightest * set.power * set.exposure / 255)
	if set.channel == calcium {
		if len(c.flashes) != len(s.cells)+1 {
			c.flashes = make([]float32, len(s.cells)+1)
		}
		c.flashes[0] = 0.15
		for i := range s.cells {
			c.flashes[i+1] = float32(s.cells[i].calcium(t, set.activity))
		}
	}
	plane := [...][]uint8{nuclei: s.nuclei, actin: s.actin, mito: s.mito, calcium: s.mito}[set.channel]
	for y := range frameSide {
		at := (set.y+y)*side + set.x
		row, light := plane[at:][:frameSide], c.light[y*frameSide:][:frameSide]
		if set.channel != calcium {
			for x, v := range row {
				light[x] = scale * float32(v)
			}
			continue
		}
		labels, nuclei := s.labels[at:][:frameSide], s.nuclei[at:][:frameSide]
		for x, v := range row {
			light[x] = scale * c.flashes[labels[x]] * (22 + 0.12*float32(v) + 0.14*float32(nuclei[x]))
		}
	}
}

// smooth is a mean over a square whose half side is a radius in pixels, a part of one included.
func (c *camera) smooth(radius float64) {
	r := int(radius)
	part := float32(radius - float64(r))
	weight := 1 / (2*float32(r) + 1 + 2*part)
	clip := func(i int) int { return min(max(i, 0), frameSide-1) }
	for y := range frameSide { // along rows, from light to column
		row, out := c.light[y*frameSide:][:frameSide], c.column[y*frameSide:][:frameSide]
		sum := float32(0)
		for i := -r; i <= r; i++ {
			sum += row[clip(i)]
		}
		for x := range out {
			out[x] = weight * (sum + part*(row[clip(x-r-1)]+row[clip(x+r+1)]))
			sum += row[clip(x+r+1)] - row[clip(x-r)]
		}
	}
	var sums [frameSide]float32
	line := func(y int) []float32 { return c.column[clip(y)*frameSide:][:frameSide] }
	for i := -r; i <= r; i++ {
		for x, v := range line(i) {
			sums[x] += v
		}
	}
	for y := range frameSide {
		above, below, first, out := line(y-r-1), line(y+r+1), line(y-r), c.light[y*frameSide:][:frameSide]
		for x := range out {
			out[x] = weight * (sums[x] + part*(above[x]+below[x]))
			sums[x] += below[x] - first[x]
		}
	}
}

// bleach darkens where the laser has hit.
func (c *camera) bleach(b *spotBleached, set setting, t float64) {
	dark := b.dark(t)
	y, x := b.y-float64(set.y), b.x-float64(set.x)
	for r := max(0, int(y-2*b.r)); r < min(frameSide, int(y+2*b.r)); r++ {
		for k := max(0, int(x-2*b.r)); k < min(frameSide, int(x+2*b.r)); k++ {
			d := ((float64(r)-y)*(float64(r)-y) + (float64(k)-x)*(float64(k)-x)) / (b.r * b.r)
			c.light[r*frameSide+k] *= float32(1 - dark*math.Exp(-d*d*0.7))
		}
	}
}

// shoot makes a picture of what is expected, with noise, and returns it: little-endian uint16 by
// rows, valid until the next one.
func (c *camera) shoot() []byte {
	top := float32(min(pedestal+c.seen.gain*fullWell, math.MaxUint16))
	for y := range frameSide {
		c.random = c.random*6364136223846793005 + 1442695040888963407
		noise := c.noise[c.random>>48:][:frameSide]
		mean, spread := c.mean[y*frameSide:][:frameSide], c.spread[y*frameSide:][:frameSide]
		out := c.frame[2*y*frameSide:][:2*frameSide]
		for x, m := range mean {
			v := uint16(min(max(m+spread[x]*noise[x], 0), top))
			out[2*x], out[2*x+1] = byte(v), byte(v>>8)
		}
	}
	return c.frame
}

// sparkle draws the vesicles into the last picture: they move from frame to frame.
func (c *camera) sparkle(s *specimen, t float64) {
	set := &c.seen
	if set.channel != mito {
		return
	}
	width := 1.3 + 0.8*set.blur
	scale := 1 / (2 * width * width)
	strength := brightest * set.power * set.exposure * 0.45 / (1 + 0.5*set.blur*set.blur) * set.gain
	reach := int(2.5*width) + 1
	top := min(pedestal+set.gain*fullWell, math.MaxUint16)
	for i := range s.spots {
		y, x := s.spots[i].at(t)
		y, x = y-float32(set.y), x-float32(set.x)
		r0, c0 := int(y), int(x)
		if r0 < reach || c0 < reach || r0 >= frameSide-reach-1 || c0 >= frameSide-reach-1 {
			continue
		}
		for r := r0 - reach; r <= r0+reach; r++ {
			for k := c0 - reach; k <= c0+reach; k++ {
				dy, dx := float64(float32(r)-y), float64(float32(k)-x)
				at := 2 * (r*frameSide + k)
				v := float64(uint16(c.frame[at]) | uint16(c.frame[at+1])<<8)
				n := uint16(min(v+strength*gauss((dy*dy+dx*dx)*scale), top))
				c.frame[at], c.frame[at+1] = byte(n), byte(n>>8)
			}
		}
	}
}

// average returns the mean of what is expected, in counts.
func (c *camera) average() float64 {
	sum := 0.0
	const step = 37
	for i := 0; i < len(c.mean); i += step {
		sum += float64(c.mean[i])
	}
	return sum * step / float64(len(c.mean))
}
