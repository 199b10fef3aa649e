// Package specimen makes up what a camera at a microscope sees, for tests and benchmarks of how
// pictures are sent: how small they become, and how sharp they stay, depends on what is in them.
//
// Cells, filaments and beads lie on an uneven ground and move. A pixel counts 2 for each electron. The
// electrons are as many as chance has it (shot noise), and reading adds some, as in a scientific CMOS
// camera: offset 100 counts, read noise 2 counts, up to some 4000 counts in beads.
package specimen

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// Of the camera.
const (
	Offset    = 100 // counts of a pixel in the dark
	readNoise = 2   // counts, standard deviation
	gain      = 0.5 // electrons a count
)

// Low and High are the contrast limits that suit the pictures, counts.
const Low, High = 100, 1700

// Frames makes n pictures of side x side pixels: uint16, little-endian, row by row. After the last one the first follows
// without a jump. The same are made each time.
func Frames(side, n int) [][]byte {
	s := newScene(side)
	frames := make([][]byte, n)
	signal := make([]float32, side*side)
	for i := range frames {
		s.draw(signal, 2*math.Pi*float64(i)/float64(n))
		frames[i] = expose(signal, rand.New(rand.NewPCG(uint64(i), 2)))
	}
	return frames
}

// scene is what lies under the microscope.
type scene struct {
	side      int
	wide      int       // pixels along a side of the ground, which is larger than what is seen
	ground    []float32 // counts; moves as a whole, with what lies on it
	beads     []bead
	wandering float64 // pixels
}

// bead is a point of light on a circle.
type bead struct {
	x, y, radius, phase, width, peak float64
	turns                            float64
}

func newScene(side int) *scene {
	random := rand.New(rand.NewPCG(1, 1))
	wandering := float64(side) / 200
	wide := side + int(2*wandering) + 2
	s := &scene{side: side, wide: wide, ground: make([]float32, wide*wide), wandering: wandering}
	scale := float64(side) / 1024
	// The lamp lights the field unevenly, and what is out of focus is everywhere.
	for row := range wide {
		for col := range wide {
			x, y := float64(col)/float64(side), float64(row)/float64(side)
			light := 1 - 0.6*((x-0.45)*(x-0.45)+(y-0.55)*(y-0.55))
			haze := 1 + 0.3*math.Sin(5*x+2*y)*math.Cos(4*y-x)
			s.ground[row*wide+col] = float32(60 * light * haze)
		}
	}
	for range 14 {
		s.cell(random.Float64()*float64(side), random.Float64()*float64(side), scale*(40+50*random.Float64()), 150+350*random.Float64(), random)
	}
	for range 70 {
		s.filament(random, scale, 80+300*random.Float64())
	}
	for range 250 {
		s.beads = append(s.beads, bead{
			x: random.Float64() * float64(side), y: random.Float64() * float64(side),
			radius: scale * (2 + 14*random.Float64()), phase: 2 * math.Pi * random.Float64(), turns: float64(1 - 2*random.IntN(2)),
			width: 1.3 + random.Float64(), peak: 300 + 3300*math.Pow(random.Float64(), 3),
		})
	}
	return s
}

// cell adds a body with a soft edge, a texture and a nucleus.
func (s *scene) cell(x, y, radius, bright float64, random *rand.Rand) {
	squeeze, turn := 0.6+0.4*random.Float64(), math.Pi*random.Float64()
	var waves [12][3]float64
	for i := range waves {
		length := 4 + 16*random.Float64()
		at := 2 * math.Pi * random.Float64()
		waves[i] = [3]float64{math.Cos(at) / length, math.Sin(at) / length, 2 * math.Pi * random.Float64()}
	}
	s.around(x, y, 1.4*radius/squeeze, func(dx, dy float64) float64 {
		u, v := dx*math.Cos(turn)+dy*math.Sin(turn), dy*math.Cos(turn)-dx*math.Sin(turn)
		r := math.Hypot(u*squeeze, v) / radius
		body := 1 / (1 + math.Exp((r-1)*18))
		if body < 1e-3 {
			return 0
		}
		texture := 0.0
		for _, w := range waves {
			texture += math.Sin(2*math.Pi*(w[0]*dx+w[1]*dy) + w[2])
		}
		nucleus := 1 / (1 + math.Exp((math.Hypot(u-0.2*radius, v)/(0.4*radius)-1)*12))
		return bright * body * (0.6 + 0.08*texture + 0.8*nucleus)
	})
}

// filament adds a thread that bends by chance.
func (s *scene) filament(random *rand.Rand, scale, bright float64) {
	x, y := random.Float64()*float64(s.side), random.Float64()*float64(s.side)
	heading, bend := 2*math.Pi*random.Float64(), 0.0
	for range int(scale * (100 + 300*random.Float64())) {
		bend = 0.95*bend + 0.01*random.NormFloat64()
		heading += bend
		x, y = x+math.Cos(heading), y+math.Sin(heading)
		s.around(x, y, 4, func(dx, dy float64) float64 { return bright / 3 * math.Exp(-(dx*dx+dy*dy)/(2*1.2*1.2)) })
	}
}

// around adds f of the distance from a point to the pixels that are near it.
func (s *scene) around(x, y, radius float64, f func(dx, dy float64) float64) {
	within(s.wide, x, y, radius, func(at int, dx, dy float64) { s.ground[at] += float32(f(dx, dy)) })
}

func within(side int, x, y, radius float64, f func(at int, dx, dy float64)) {
	for row := max(0, int(y-radius)); row <= min(side-1, int(y+radius)); row++ {
		for col := max(0, int(x-radius)); col <= min(side-1, int(x+radius)); col++ {
			f(row*side+col, float64(col)-x, float64(row)-y)
		}
	}
}

// draw writes the counts above the offset, without noise, at an angle of the motion.
func (s *scene) draw(signal []float32, angle float64) {
	// The stage goes round: each pixel is between four of the ground.
	dx, dy := s.wandering*(1+math.Cos(angle)), s.wandering*(1+math.Sin(angle))
	left, up := int(dx), int(dy)
	fx, fy := float32(dx-float64(left)), float32(dy-float64(up))
	for row := range s.side {
		a := s.ground[(row+up)*s.wide+left:][:s.side+1]
		b := s.ground[(row+up+1)*s.wide+left:][:s.side+1]
		out := signal[row*s.side:][:s.side]
		for col := range out {
			out[col] = (1-fy)*((1-fx)*a[col]+fx*a[col+1]) + fy*((1-fx)*b[col]+fx*b[col+1])
		}
	}
	for _, b := range s.beads {
		at := b.phase + b.turns*angle
		within(s.side, b.x+b.radius*math.Cos(at), b.y+b.radius*math.Sin(at), 4*b.width, func(i int, dx, dy float64) {
			signal[i] += float32(b.peak * math.Exp(-(dx*dx+dy*dy)/(2*b.width*b.width)))
		})
	}
}

// expose is the picture that the camera makes.
func expose(signal []float32, random *rand.Rand) []byte {
	out := make([]byte, 2*len(signal))
	for i, counts := range signal {
		v := Offset + float64(poisson(gain*float64(counts), random))/gain + readNoise*random.NormFloat64()
		binary.LittleEndian.PutUint16(out[2*i:], uint16(math.Round(min(max(v, 0), math.MaxUint16))))
	}
	return out
}

// poisson is a number of electrons where so many are expected.
func poisson(mean float64, random *rand.Rand) int {
	if mean > 25 { // as good as normal
		return int(math.Round(max(mean+math.Sqrt(mean)*random.NormFloat64(), 0)))
	}
	n, p, limit := 0, random.Float64(), math.Exp(-mean)
	for p > limit {
		p *= random.Float64()
		n++
	}
	return n
}

// PSNR is how like a picture is to the exact one within contrast limits, in dB: 20 log10 of the width of the limits over
// the root of the mean square of the differences, after both are cut to the limits. exact is as of Frames; got has as many
// values, in counts. It is +Inf where nothing differs.
func PSNR(exact []byte, got []float32, low, high float64) float64 {
	sum := 0.0
	cut := func(v float64) float64 { return min(max(v, low), high) }
	for i, v := range got {
		d := cut(float64(binary.LittleEndian.Uint16(exact[2*i:]))) - cut(float64(v))
		sum += d * d
	}
	return 10 * math.Log10((high-low)*(high-low)*float64(len(got))/sum)
}
