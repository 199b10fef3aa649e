package slide

import (
	"math"
	"sync"
)

// The specimen: a section of a gland, stained for its nuclei and its membranes, and a
// segmentation of some nuclei. A pixel of level 0 is 0.25 um; each level has half as many a
// side. Nothing of it is kept: a tile is computed when it is needed, and is the same each time.
const (
	Rows, Cols = 73_728, 98_304 // pixels of level 0
	Planes     = 17
	Tile       = 256 // pixels along a side, at every level
	Levels     = 10  // the last one fits into one tile
	micrometre = 0.25

	height, width = Rows * micrometre, Cols * micrometre
	middlePlane   = Planes / 2
)

// plane is one of the pictures of the specimen.
type plane uint8

const (
	nuclei    plane = iota // uint16
	membranes              // uint8
	cells                  // uint32, the segmentation
)

// bytes is how many a pixel takes.
func (p plane) bytes() int { return [...]int{2, 1, 4}[p] }

// descr is their dtype in NumPy's notation.
func (p plane) descr() string { return [...]string{"<u2", "|u1", "<u4"}[p] }

// LevelShape returns the pixels of a level: rows, columns.
func LevelShape(level int) (rows, cols int) {
	return (Rows + 1<<level - 1) >> level, (Cols + 1<<level - 1) >> level
}

const (
	glandSpacing = 172.0 // um between the places at which there may be a gland
	cellSpacing  = 9.4
	cellReach    = 5.6 // um that a nucleus goes from the middle of its place at most, with its jitter
	fieldStep    = 8.0 // um between the places at which the tissue is looked at, at least a pixel
	lumen        = 0.44
	nucleusDepth = 7.0
	cellLevels   = 3 // down to here nuclei are drawn one by one

	cellRows, cellCols = Rows*25/940 + 1, Cols*25/940 + 1 // of cellSpacing each
)

// hash mixes two whole numbers and a seed into 32 bits.
func hash(x, y int32, seed uint32) uint32 {
	h := uint32(x)*0x9e3779b1 ^ uint32(y)*0x85ebca77 ^ seed*0xc2b2ae3d
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	return h ^ h>>15
}

// share is a part of a hash as a number from 0 to 1.
func share(h uint32, part uint) float32 { return float32(h>>(8*part)&255) * (1.0 / 255) }

// chance are numbers from 0 to 1 that noise is made of.
var chance = sync.OnceValue(func() *[1 << 16]float32 {
	var c [1 << 16]float32
	for i := range c {
		c[i] = float32(hash(int32(i), 0, 1)>>8) * (1.0 / (1<<24 - 1))
	}
	return &c
})

// smooth is noise that changes over about one unit of x and y, from 0 to 1. It repeats after
// 256 of them. x and y are greater than -1000.
func smooth(x, y float32, seed int) float32 {
	c := chance()
	x, y = x+1000, y+1000
	ix, iy := int(x), int(y)
	x, y = x-float32(ix), y-float32(iy)
	x, y = x*x*(3-2*x), y*y*(3-2*y)
	ix, iy = ix+seed*37, iy+seed*101
	above, below := (iy&255)<<8, ((iy+1)&255)<<8
	left, right := ix&255, (ix+1)&255
	top := c[above|left] + (c[above|right]-c[above|left])*x
	bottom := c[below|left] + (c[below|right]-c[below|left])*x
	return top + (bottom-top)*y
}

func clamp(x float32) float32 { return min(max(x, 0), 1) }

func step(from, to, x float32) float32 {
	x = clamp((x - from) / (to - from))
	return x * x * (3 - 2*x)
}

// ringSteps is how finely the light of a gland is tabulated, for each radius of it.
const ringSteps = 128

// tissue is what there is at a place.
type tissue struct {
	amount float32 // 0 on bare glass, 1 in the tissue
	gland  float32 // distance from the middle of a gland in radii of it: below lumen in its lumen, beyond 1 outside
	dense  float32 // how crowded the cells between the glands are
}

// tissueAt looks at a place, in um. A detail that is smaller than size is left out.
func tissueAt(x, y, size float32) tissue {
	var t tissue
	// An island with a ragged edge.
	u, v := x/width*2-1, y/height*2-1
	far := u*u*1.05 + v*v*1.15
	ragged := 0.6*smooth(x/3300, y/3300, 1) + 0.28*smooth(x/1100, y/1100, 2) + 0.12*smooth(x/300, y/300, 3)
	t.amount = step(0.36, 0.42, 0.75*ragged+0.62*(0.86-far))
	if t.amount == 0 {
		t.gland = 3
		return t
	}
	t.dense = step(0.5, 0.72, smooth(x/1500, y/1500, 4)*0.75+0.25*smooth(x/310, y/310, 5))
	t.gland = 3
	if size > glandSpacing*0.3 {
		t.gland = 0.5 + 0.9*smooth(x/420, y/420, 8) // only so many of them are in a pixel
		return t
	}
	// Glands are no circles.
	x, y = x+46*(smooth(x/75, y/75, 6)-0.5), y+46*(smooth(x/75, y/75, 7)-0.5)
	i, j := int(x/glandSpacing), int(y/glandSpacing)
	nearest := t.gland * t.gland
	all := glands()
	for b := max(j-1, 0); b <= min(j+1, glandRows-1); b++ {
		for a := max(i-1, 0); a <= min(i+1, glandCols-1); a++ {
			g := &all[b*glandCols+a]
			dx, dy := x-g.x, y-g.y
			along, across := dx+dy, dx-dy
			nearest = min(nearest, along*along*g.along+across*across*g.across)
		}
	}
	t.gland = float32(math.Sqrt(float64(nearest)))
	return t
}

const glandRows, glandCols = Rows/4/172 + 1, Cols/4/172 + 1 // of glandSpacing each

// gland is one of the places at which there may be a gland.
type gland struct{ x, y, along, across float32 }

var glands = sync.OnceValue(func() []gland {
	all := make([]gland, glandRows*glandCols)
	for i := range all {
		a, b := int32(i%glandCols), int32(i/glandCols)
		h := hash(a, b, 8)
		g := gland{x: -1e6, y: -1e6, along: 1, across: 1}
		if h>>24 >= 52 { // otherwise a gap
			g.x = (float32(a) + 0.5 + 0.5*(share(h, 0)-0.5)) * glandSpacing
			g.y = (float32(b) + 0.5 + 0.5*(share(h, 1)-0.5)) * glandSpacing
			r := 56 + 40*share(h, 2)
			long, wide := r*1.35, r*0.9
			if h&1 == 0 {
				long, wide = wide, long
			}
			g.along, g.across = 0.5/(long*long), 0.5/(wide*wide) // along the diagonals, which are longer by the root of 2
		}
		all[i] = g
	}
	return all
})

// grain is noise at all scales that repeats after 256 pixels, made once.
var grain = sync.OnceValue(func() *[256 * 256]uint8 {
	var g [256 * 256]uint8
	for y := range 256 {
		for x := range 256 {
			v := float32(0)
			for octave, weight := range []float32{0.45, 0.33, 0.22} {
				size := int32(16 >> octave)
				n := int32(256) / size
				ix, iy := int32(x)/size, int32(y)/size
				fx, fy := float32(int32(x)%size)/float32(size), float32(int32(y)%size)/float32(size)
				fx, fy = fx*fx*(3-2*fx), fy*fy*(3-2*fy)
				at := func(i, j int32) float32 { return float32(hash(i%n, j%n, 20+uint32(octave))&255) / 255 }
				top := at(ix, iy)*(1-fx) + at(ix+1, iy)*fx
				bottom := at(ix, iy+1)*(1-fx) + at(ix+1, iy+1)*fx
				v += weight * (top*(1-fy) + bottom*fy)
			}
			g[y*256+x] = uint8(255 * step(0.2, 0.8, v))
		}
	}
	return &g
})

// nucleus is one of the specimen in one of its planes.
type nucleus struct {
	x, y       float32 // in um
	xx, xy, yy float32 // of the ellipse: xx*dx*dx + 2*xy*dx*dy + yy*dy*dy is 1 at its edge
	reach      float32 // um
	light      float32
	sharp      bool // it lies in the plane
	label      uint32
	epithelial bool
}

// nucleusAt returns the nucleus of a place of the grid of cells, as it looks in a plane.
func nucleusAt(i, j int32, z int, t func(x, y float32) tissue) (n nucleus, ok bool) {
	if i < 0 || j < 0 || int(i) >= cellCols || int(j) >= cellRows {
		return n, false
	}
	h := hash(i, j, 9)
	n.x = (float32(i) + 0.5 + 0.62*(share(h, 0)-0.5)) * cellSpacing
	n.y = (float32(j) + 0.5 + 0.62*(share(h, 1)-0.5)) * cellSpacing
	at := t(n.x, n.y)
	if at.amount < 0.35 {
		return n, false
	}
	h2 := hash(i, j, 10)
	chance := 0.36 + 0.56*at.dense
	r, long := 2.5+0.7*share(h, 2), float32(1.7)
	switch {
	case at.gland < lumen:
		chance = 0.02
	case at.gland < 1:
		chance, r, long, n.epithelial = 0.97, 3.3+0.9*share(h, 2), 1.18, true
	case at.dense > 0.6:
		long = 1.1
	}
	if share(h, 3) > chance*at.amount {
		return n, false
	}
	depth := (float32(z-middlePlane) - 15*(share(h2, 0)-0.5)) / nucleusDepth
	in := 1 - depth*depth
	n.sharp = in > 0.08
	n.light = 0.22
	if n.sharp {
		n.light = (0.5 + 0.5*share(h2, 1)) * (0.35 + 0.65*in)
		r *= float32(math.Sqrt(float64(max(in, 0.25))))
	} else {
		r *= 1.15
	}
	sin, cos := math.Sincos(float64(share(h2, 2)) * math.Pi)
	s, c := float32(sin), float32(cos)
	a, b := 1/(r*r*long*long*0.9), 1/(r*r)
	n.xx, n.yy, n.xy = a*c*c+b*s*s, a*s*s+b*c*c, (a-b)*s*c
	n.reach = r * long
	n.label = uint32(j)*uint32(cellCols) + uint32(i) + 1
	return n, true
}

// scratch is the memory that a tile is computed in.
type scratch struct {
	field  []tissue  // at the places of a coarser grid
	light  []float32 // of the nuclei
	first  []float32 // distance to the nearest cell
	second []float32 // and to the next one
}

func sized(s []float32, n int, with float32) []float32 {
	if cap(s) < n {
		s = make([]float32, n)
	}
	s = s[:n]
	for i := range s {
		s[i] = with
	}
	return s
}

// field is the tissue of a tile, and where the tile lies.
type field struct {
	*scratch
	level, ty, tx int
	size          float32 // um a pixel
	x, y          float32 // um of the tile's corner
	pixels        int     // of the tile between two places of the field
	side          int     // places of the field along a side
	bare          bool    // there is nothing but glass
	grain         *[256 * 256]uint8
}

func newField(sc *scratch, level, ty, tx int) *field {
	f := &field{scratch: sc, level: level, ty: ty, tx: tx, grain: grain(), size: micrometre * float32(int(1)<<level)}
	f.x, f.y = float32(tx*Tile)*f.size, float32(ty*Tile)*f.size
	f.pixels = max(1, int(fieldStep/f.size))
	f.side = Tile/f.pixels + 2
	n := f.side * f.side
	if cap(sc.field) < n {
		sc.field = make([]tissue, n)
	}
	sc.field = sc.field[:n]
	f.bare = true
	step := f.size * float32(f.pixels)
	for j := range f.side {
		for i := range f.side {
			t := tissueAt(f.x+float32(i)*step, f.y+float32(j)*step, f.size)
			f.bare = f.bare && t.amount == 0
			sc.field[j*f.side+i] = t
		}
	}
	return f
}

// at is the tissue at a place of the tile, in um of the specimen.
func (f *field) at(x, y float32) tissue {
	step := f.size * float32(f.pixels)
	u, v := (x-f.x)/step, (y-f.y)/step
	if u < 0 || v < 0 || u >= float32(f.side-1) || v >= float32(f.side-1) {
		return tissueAt(x, y, f.size)
	}
	i, j := int(u), int(v)
	return f.between(i, j, u-float32(i), v-float32(j))
}

func (f *field) between(i, j int, u, v float32) tissue {
	a, b := &f.field[j*f.side+i], &f.field[j*f.side+i+1]
	c, d := &f.field[(j+1)*f.side+i], &f.field[(j+1)*f.side+i+1]
	mix := func(a, b, c, d float32) float32 {
		top, bottom := a+(b-a)*u, c+(d-c)*u
		return top + (bottom-top)*v
	}
	return tissue{mix(a.amount, b.amount, c.amount, d.amount), mix(a.gland, b.gland, c.gland, d.gland), mix(a.dense, b.dense, c.dense, d.dense)}
}

// row calls put for the pixels of a row of the tile with the tissue there.
func (f *field) row(y int, put func(x int, t tissue)) {
	j, v := y/f.pixels, float32(y%f.pixels)/float32(f.pixels)
	part := 1 / float32(f.pixels)
	right := f.between(0, j, 0, v)
	for i := 0; i*f.pixels < Tile; i++ {
		t := right
		right = f.between(i, j, 1, v)
		by := tissue{(right.amount - t.amount) * part, (right.gland - t.gland) * part, (right.dense - t.dense) * part}
		for k := range f.pixels {
			put(i*f.pixels+k, t)
			t = tissue{t.amount + by.amount, t.gland + by.gland, t.dense + by.dense}
		}
	}
}

// each calls put with the nuclei that reach into the tile by at most margin um.
func (f *field) each(z int, margin float32, put func(n *nucleus)) {
	side := Tile * f.size
	from := func(x float32) int32 { return int32(math.Floor(float64((x - margin) / cellSpacing))) }
	to := func(x float32) int32 { return int32(math.Floor(float64((x + side + margin) / cellSpacing))) }
	var n nucleus
	var ok bool
	for j := from(f.y); j <= to(f.y); j++ {
		for i := from(f.x); i <= to(f.x); i++ {
			if n, ok = nucleusAt(i, j, z, f.at); ok {
				put(&n)
			}
		}
	}
}

// box is the pixels of the tile within reach um of a place.
func (f *field) box(x, y, reach float32) (x0, y0, x1, y1 int) {
	first := func(at float32) int { return max(0, int(math.Ceil(float64(at/f.size-0.5)))) }
	last := func(at float32) int { return min(Tile-1, int(math.Floor(float64(at/f.size-0.5)))) }
	return first(x - reach - f.x), first(y - reach - f.y), last(x + reach - f.x), last(y + reach - f.y)
}

// noise is what a camera adds to a pixel, from -1 to 1.
func (f *field) noise(y, x, z int) float32 {
	h := uint32(f.ty*Tile+y)*0x9e3779b1 ^ uint32(f.tx*Tile+x)*0x85ebca77 ^ uint32(z*16+f.level)*0xc2b2ae3d
	h = (h ^ h>>15) * 0x2c1b3c6d
	return float32(int32(h>>16)-32768) * (1.0 / 32768)
}

// texture is the grain at a pixel; coarse is how many pixels of level 0 a pixel of it is, as a power of 2.
func (f *field) texture(y, x, coarse int) float32 {
	up := f.level - coarse
	gy, gx := f.ty*Tile+y, f.tx*Tile+x
	if up >= 0 {
		gy, gx = gy<<up, gx<<up
	} else {
		gy, gx = gy>>-up, gx>>-up
	}
	return float32(f.grain[(gy&255)<<8|gx&255]) * (1.0 / 255)
}

// nuclei is what the stain of the nuclei shows, 0 to 4095.
func (f *field) nuclei(z int, dst []uint16) {
	glass := func(y, x int) uint16 { return uint16(96 + 24*f.noise(y, x, z)) }
	if f.bare {
		for i := range dst {
			dst[i] = glass(i/Tile, i%Tile)
		}
		return
	}
	fine := f.level <= cellLevels
	if fine {
		f.light = sized(f.light, Tile*Tile, 0)
		f.each(z, cellReach*1.4, func(n *nucleus) {
			x0, y0, x1, y1 := f.box(n.x, n.y, n.reach)
			soft := 1 / (0.16 + 0.5*f.size/n.reach)
			if !n.sharp {
				soft = 1.2
			}
			for y := y0; y <= y1; y++ {
				dy := f.y + (float32(y)+0.5)*f.size - n.y
				line := f.light[y*Tile : y*Tile+Tile]
				for x := x0; x <= x1; x++ {
					dx := f.x + (float32(x)+0.5)*f.size - n.x
					d := 1 - n.xx*dx*dx - 2*n.xy*dx*dy - n.yy*dy*dy
					if d > 0 {
						line[x] = max(line[x], n.light*min(1, d*soft)*(0.86+0.14*d))
					}
				}
			}
		})
	}
	detail := f.level <= 2
	for y := range Tile {
		f.row(y, func(x int, t tissue) {
			if t.amount <= 0 {
				dst[y*Tile+x] = glass(y, x)
				return
			}
			v := 150 + 190*t.amount*(0.4+0.6*t.dense)
			if fine {
				light := f.light[y*Tile+x]
				if detail && light > 0 {
					light *= 0.66 + 0.5*f.texture(y, x, 0)
				}
				v += 3300 * light
			} else {
				v += 3300 * covered(t) * (0.75 + 0.5*f.texture(y, x, 5))
			}
			v += f.noise(y, x, z) * (30 + v*0.02)
			dst[y*Tile+x] = uint16(min(max(v, 0), 4095))
		})
	}
}

// covered is how much light the nuclei at a place give on average.
func covered(t tissue) float32 {
	switch {
	case t.gland < lumen-0.1:
		return 0.01 * t.amount
	case t.gland < lumen:
		return (0.01 + 0.29*(t.gland-lumen+0.1)*10) * t.amount
	case t.gland < 1:
		return 0.3 * t.amount
	}
	return (0.07 + 0.15*t.dense) * t.amount
}

// membranes is what the stain of the membranes shows, 0 to 255.
func (f *field) membranes(z int, dst []uint8) {
	glass := func(y, x int) uint8 { return uint8(7 + 3*f.noise(y, x, z+40)) }
	if f.bare {
		for i := range dst {
			dst[i] = glass(i/Tile, i%Tile)
		}
		return
	}
	const domain = 1.2 * cellSpacing
	fine := f.level <= 2
	if fine {
		f.first, f.second = sized(f.first, Tile*Tile, domain*domain), sized(f.second, Tile*Tile, domain*domain)
		f.each(z, domain, func(n *nucleus) {
			if !n.epithelial {
				return
			}
			x0, y0, x1, y1 := f.box(n.x, n.y, domain)
			for y := y0; y <= y1; y++ {
				dy := f.y + (float32(y)+0.5)*f.size - n.y
				dy *= dy
				first, second := f.first[y*Tile:y*Tile+Tile], f.second[y*Tile:y*Tile+Tile]
				for x := x0; x <= x1; x++ {
					dx := f.x + (float32(x)+0.5)*f.size - n.x
					switch d := dx*dx + dy; {
					case d < first[x]:
						first[x], second[x] = d, first[x]
					case d < second[x]:
						second[x] = d
					}
				}
			}
		})
	}
	// A membrane is 1.2 um, or as much fainter as a pixel is wider.
	wide := max(1.2, f.size)
	faint := 1.2 / wide
	focus := float32(z-middlePlane) / 9
	focus = 1 - 0.55*focus*focus
	// What a place in or around a gland gives, by its distance from the gland's middle.
	var rings, stroma [3*ringSteps + 2]float32
	for i := range rings {
		d := float32(i) / ringSteps
		inside := step(1.06, 0.97, d) * step(lumen-0.03, lumen+0.02, d)
		edge := func(at, size, light float32) float32 {
			d := (d - at) / max(size, f.size/70)
			return light / (1 + d*d*d*d) * min(1, size*70/f.size)
		}
		rings[i] = 14 + 34*inside + edge(lumen, 0.035, 150) + edge(1.01, 0.03, 62)
		if !fine {
			rings[i] += 9 * inside
		}
		stroma[i] = step(0.98, 1.12, d)
	}
	for y := range Tile {
		f.row(y, func(x int, t tissue) {
			if t.amount <= 0 {
				dst[y*Tile+x] = glass(y, x)
				return
			}
			at := int(min(max(t.gland, 0), 3) * ringSteps)
			v := rings[at]
			// Fibres run along the glands, the longer way of the grain.
			if s := stroma[at]; s > 0 {
				fibre := f.texture(y, x, 1)
				v += s * (12 + 46*fibre*fibre*fibre*(1-0.5*t.dense))
			} else if t.gland < lumen {
				v += 10 * (f.texture(y, x, 4) - 0.8) // mucus
			}
			if fine {
				first, second := f.first[y*Tile+x], f.second[y*Tile+x]
				if second < domain*domain && t.gland < 1 && t.gland > lumen {
					// The distance from the line between both, nearly.
					d := (second - first) / (cellSpacing * 1.5)
					if m := 1 - d/wide; m > 0 {
						v += m * faint * 110
					}
				}
			}
			v = v*focus*t.amount + 8*(1-t.amount)
			v += f.noise(y, x, z+40) * (3 + v*0.05)
			dst[y*Tile+x] = uint8(min(max(v, 0), 255))
		})
	}
}

// segment writes the labels of the nuclei that somebody has segmented: those in the regions.
func (f *field) segment(z int, dst []uint32) {
	clear(dst)
	side := Tile * f.size
	near := false
	for i := range regions {
		r := &regions[i]
		near = near || r.x-r.w/2 < f.x+side && r.x+r.w/2 > f.x && r.y-r.h/2 < f.y+side && r.y+r.h/2 > f.y
	}
	if !near || f.bare {
		return
	}
	f.light = sized(f.light, Tile*Tile, 0)
	one := func(n *nucleus) {
		if !n.sharp || regionAt(n.x, n.y) < 0 {
			return
		}
		x0, y0, x1, y1 := f.box(n.x, n.y, n.reach)
		for y := y0; y <= y1; y++ {
			dy := f.y + (float32(y)+0.5)*f.size - n.y
			for x := x0; x <= x1; x++ {
				dx := f.x + (float32(x)+0.5)*f.size - n.x
				if d := 1 - n.xx*dx*dx - 2*n.xy*dx*dy - n.yy*dy*dy; d > f.light[y*Tile+x] {
					f.light[y*Tile+x], dst[y*Tile+x] = d, n.label
				}
			}
		}
	}
	if f.level <= cellLevels {
		f.each(z, cellReach*1.4, one)
		return
	}
	// Most nuclei lie between the middles of the pixels: those that do not are seen.
	for y := range Tile {
		for x := range Tile {
			px, py := f.x+(float32(x)+0.5)*f.size, f.y+(float32(y)+0.5)*f.size
			if regionAt(px, py) < 0 {
				continue
			}
			if n, ok := nucleusAt(int32(px/cellSpacing), int32(py/cellSpacing), z, f.at); ok && n.sharp {
				dst[y*Tile+x] = n.label
			}
		}
	}
}

// region is a part of the specimen at which people look closely: its middle and its sides, in um.
type region struct {
	name       string
	x, y, w, h float32
}

var regions = [...]region{
	{"A", 8300, 6100, 1500, 1100},
	{"B", 13900, 5200, 1300, 1300},
	{"C", 17100, 9300, 1600, 1200},
	{"D", 11800, 9800, 1400, 1000},
	{"E", 7600, 12100, 1300, 1000},
	{"F", 14600, 13600, 1500, 1100},
}

// regionAt is the region that a place lies in, -1 for none.
func regionAt(x, y float32) int {
	for i := range regions {
		r := &regions[i]
		if x > r.x-r.w/2 && x < r.x+r.w/2 && y > r.y-r.h/2 && y < r.y+r.h/2 {
			return i
		}
	}
	return -1
}
