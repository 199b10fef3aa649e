package made

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"webmon/shm"
	"webmon/shm/maps"
	"webmon/shm/stack"
)

// Channels lists the channels of a session that Images draws, counted from 1.
func Channels(m *maps.Map, session int) []int {
	if session < 0 || session >= len(m.Sessions) {
		return nil
	}
	var all []int
	for c := range min(max(m.Sessions[session].Channels, 1), 3) {
		all = append(all, c+1)
	}
	return all
}

// Images draws the images of a channel, counted from 1, of a session at the map's own
// points: dendrites as tubes along the tracing, spines as blobs with necks, as bright as
// they were measured, over noise. The same map gives the same pixels. The image has one
// channel of 16 bits; slices are drawn when they are read.
func Images(m *maps.Map, session, channel int) (stack.Image, error) {
	if !slices.Contains(Channels(m, session), channel) {
		return nil, fmt.Errorf("session %d has no channel %d", session, channel)
	}
	s := m.Sessions[session]
	d := &drawing{info: stack.Info{
		Times: 1, Channels: 1, Slices: bounded(s.PZ, 50, 1000), Rows: bounded(s.PY, 1024, 8192), Cols: bounded(s.PX, 1024, 8192), Type: shm.U16,
		Voxel: stack.Voxel{X: s.DX, Y: s.DY, Z: s.DZ}, Format: "made up from the map's points", Packed: true,
	}, seed: uint64(session)*16 + uint64(channel)}
	d.dendrites(s)
	d.objects(s, m.DefaultType, channel)
	slices.SortStableFunc(d.blobs, func(a, b blob) int {
		switch {
		case a.z < b.z:
			return -1
		case a.z > b.z:
			return 1
		}
		return 0
	})
	return d, nil
}

// bounded returns a size of the image, usual where it is not known.
func bounded(n, usual, most int) int {
	if n <= 0 {
		n = usual
	}
	return min(n, most)
}

// blob is a ball of light. Dendrites and necks are rows of them.
type blob struct {
	x, y, z float64 // pixels, slices
	light   float64 // at its middle
	sigma   float64 // pixels
}

// reach is how far from its slice a blob is seen.
const (
	reach  = 3
	sigmaZ = 1.1 // slices
)

type drawing struct {
	info  stack.Info
	seed  uint64
	blobs []blob // by z
}

func (d *drawing) add(b blob) {
	if !math.IsNaN(b.x + b.y + b.z + b.light) {
		d.blobs = append(d.blobs, b)
	}
}

// dendrites draws the tracing. Its brightness changes slowly along it.
func (d *drawing) dendrites(s *maps.Session) {
	if s.Tracing == nil {
		return
	}
	p := s.Tracing.Points
	x, y, z := p.Column("x"), p.Column("y"), p.Column("z")
	if x == nil || y == nil || z == nil {
		return
	}
	for _, g := range s.Segments() {
		radius := g.Radius
		if !(radius > 0.05 && radius < 3) {
			radius = 0.35
		}
		for k := g.Start; k < g.Stop; k++ {
			light := 420 * (1 + 0.2*math.Sin(float64(k-g.Start)/17+float64(g.Index)))
			d.add(blob{x[k] / s.DX, y[k] / s.DY, z[k], light, min(max(radius/s.DX, 1), 6)})
		}
	}
}

// objects draws the objects of the map's type.
func (d *drawing) objects(s *maps.Session, t maps.Type, channel int) {
	var means []float64
	var of []float64
	if channel <= len(s.Int) {
		of = s.Int[channel-1].Column("ubssMean")
	}
	for _, v := range of {
		if v > 0 {
			means = append(means, v)
		}
	}
	slices.Sort(means)
	x, y, z := s.Table.Column("x"), s.Table.Column("y"), s.Table.Column("z")
	cx, cy := s.Table.Column("cx"), s.Table.Column("cy")
	if x == nil || y == nil || z == nil {
		return
	}
	for row, kind := range s.Types() {
		if kind != t {
			continue
		}
		light := 300.0
		if row < len(of) && of[row] > 0 {
			light *= min(max(of[row]/means[len(means)/2], 0.4), 3)
		}
		head := blob{x[row] / s.DX, y[row] / s.DY, z[row], light, 2.4}
		d.add(head)
		if cx == nil || cy == nil || math.IsNaN(cx[row]+cy[row]) {
			continue
		}
		bx, by := cx[row]/s.DX, cy[row]/s.DY
		n := min(math.Hypot(bx-head.x, by-head.y), 200)
		for k := 2.0; k < n; k++ {
			d.add(blob{head.x + (bx-head.x)*k/n, head.y + (by-head.y)*k/n, head.z, light * 0.35, 1.2})
		}
	}
}

// Info implements stack.Image.
func (d *drawing) Info() *stack.Info { return &d.info }

// Close implements stack.Image.
func (d *drawing) Close() error { return nil }

// noise is one picture of noise, from which that of each slice is cut, elsewhere each
// time.
const noiseEdge = 1024

var noise = sync.OnceValue(func() []uint16 {
	r := rand.New(rand.NewPCG(1, 2))
	n := make([]uint16, noiseEdge*noiseEdge)
	for i := range n {
		n[i] = uint16(max(0, 100+12*r.NormFloat64()))
	}
	return n
})

// light is what a drawing has before the noise.
var lights = sync.Pool{New: func() any { return new([]float32) }}

// ReadPlane implements stack.Image.
func (d *drawing) ReadPlane(ctx context.Context, t, c, z int, r stack.Rect, dst []byte) ([]byte, error) {
	if err := d.info.Check(t, c, z, r); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n := d.info.Bytes(r)
	if cap(dst) < n {
		dst = make([]byte, n)
	}
	dst = dst[:n]
	buffer := lights.Get().(*[]float32)
	defer lights.Put(buffer)
	if cap(*buffer) < r.Rows*r.Cols {
		*buffer = make([]float32, r.Rows*r.Cols)
	}
	light := (*buffer)[:r.Rows*r.Cols]
	clear(light)
	d.draw(light, z, r)

	from := rand.New(rand.NewPCG(d.seed, uint64(z)))
	dy, dx := from.IntN(noiseEdge), from.IntN(noiseEdge)
	dark := noise()
	for y := range r.Rows {
		row := dark[(y+r.Row+dy)%noiseEdge*noiseEdge:][:noiseEdge]
		out, in := dst[2*y*r.Cols:][:2*r.Cols], light[y*r.Cols:][:r.Cols]
		for at := (r.Col + dx) % noiseEdge; len(in) > 0; at = 0 {
			n := min(noiseEdge-at, len(in))
			for x, v := range row[at : at+n] {
				binary.LittleEndian.PutUint16(out[2*x:2*x+2], v+uint16(int32(in[x])))
			}
			out, in = out[2*n:], in[n:]
		}
	}
	return dst, nil
}

// draw draws the blobs that are seen in a slice: where they overlap the brightest counts.
func (d *drawing) draw(light []float32, z int, r stack.Rect) {
	first, _ := slices.BinarySearchFunc(d.blobs, float64(z-reach), func(b blob, z float64) int {
		if b.z < z {
			return -1
		}
		return 1
	})
	var wide [64]float32
	for _, b := range d.blobs[first:] {
		h := b.z - float64(z)
		if h > reach {
			break
		}
		size := min(int(3*b.sigma)+1, len(wide)/2-1)
		x0, y0 := int(math.Round(b.x)), int(math.Round(b.y))
		left, right := max(x0-size, r.Col), min(x0+size, r.Col+r.Cols-1)
		top, bottom := max(y0-size, r.Row), min(y0+size, r.Row+r.Rows-1)
		if left > right || top > bottom {
			continue
		}
		narrow := 1 / (2 * b.sigma * b.sigma)
		for x := left; x <= right; x++ {
			wide[x-left] = float32(math.Exp(-(float64(x) - b.x) * (float64(x) - b.x) * narrow))
		}
		peak := b.light * math.Exp(-h*h/(2*sigmaZ*sigmaZ))
		for y := top; y <= bottom; y++ {
			v := float32(peak * math.Exp(-(float64(y)-b.y)*(float64(y)-b.y)*narrow))
			row := light[(y-r.Row)*r.Cols+left-r.Col:][:right-left+1]
			for i := range row {
				row[i] = max(row[i], v*wide[i])
			}
		}
	}
}
