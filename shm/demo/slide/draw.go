package slide

import (
	"math"
	"slices"
)

// camera is where the viewer looks: its centre in um of napari's world, where a pixel of level 0
// has its middle at a multiple of its size, and pixels of the canvas a um.
type camera struct{ y, x, zoom float64 }

// pixelOf returns the place of level 0 at a place of the world, counted from the outer corner of
// the first pixel.
func pixelOf(world float64) float64 { return world/micrometre + 0.5 }

// scene is all that a picture of the canvas is made of.
type scene struct {
	camera     camera
	rows, cols int
	looks      []look
	grid       int // the level whose tiles are outlined, -1 for none
	bar        bool
}

// canvas is a picture of a scene, opaque, by rows.
type canvas struct {
	scene
	px      []rgba
	line    []rgba  // of one layer
	at      []int32 // of each column its column of the picture, -1 for none
	part    []int32 // and how far it is to the next one, of 256
	lut     []rgba
	own     []float64 // crossings of a line
	outline [][2]float64
}

// draw draws a scene. slice returns the pixels that there are of a layer, nil for none.
func (c *canvas) draw(s scene, slice func(l *look) *pixels) {
	c.scene = s
	n := s.rows * s.cols
	c.px, c.line = resized(c.px, n), resized(c.line, s.cols)
	c.at, c.part = resized(c.at, s.cols), resized(c.part, s.cols)
	for i := range c.px {
		c.px[i] = 0xff000000
	}
	for i := range s.looks {
		l := &s.looks[i]
		if !l.visible || l.opacity == 0 {
			continue
		}
		switch l.kind {
		case kindImage, kindLabels:
			if p := slice(l); p != nil && !p.empty() {
				c.picture(l, p)
			}
		case kindPoints:
			c.points(l)
		case kindShapes:
			c.shapes(l)
		case kindVectors:
			c.vectors(l)
		}
	}
	if s.grid >= 0 {
		c.tileGrid()
	}
	if s.bar {
		c.scaleBar()
	}
}

// toX and toY lead from um of the specimen to pixels of the canvas.
func (c *canvas) toX(x float64) float64 {
	return (x-micrometre/2-c.camera.x)*c.camera.zoom + float64(c.cols)/2
}

func (c *canvas) toY(y float64) float64 {
	return (y-micrometre/2-c.camera.y)*c.camera.zoom + float64(c.rows)/2
}

// shades makes the table of an image's colours: for each value the colour with the layer's opacity
// in it, and the opacity itself.
func (c *canvas) shades(l *look, values int) {
	c.lut = resized(c.lut, values)
	t := table(l.colormap)
	for v := range c.lut {
		x := (float64(v) - l.low) / max(l.high-l.low, 1e-9)
		x = min(max(x, 0), 1)
		if l.gamma != 1 {
			x = math.Pow(x, l.gamma)
		}
		c.lut[v] = faded(t[int(x*255+0.5)], l.opacity)
	}
}

// faded is a colour multiplied by an opacity, which becomes its own.
func faded(c rgba, opacity float64) rgba {
	a := uint32(opacity*float64(c>>24) + 0.5)
	part := func(shift uint) rgba { return rgba((uint32(c)>>shift&255*a+127)/255) << shift }
	return part(0) | part(8) | part(16) | rgba(a)<<24
}

// lines finds the pixels of a picture below the columns of the canvas. smooth also says how far
// each lies from the next one. It returns the columns that the picture reaches.
func (c *canvas) lines(p *pixels, smooth bool) (x0, x1 int) {
	size := float64(int(1) << p.level)
	x0, x1 = c.cols, 0
	for x := range c.cols {
		u := pixelOf(c.camera.x+(float64(x)+0.5-float64(c.cols)/2)/c.camera.zoom)/size - float64(p.col0)
		if u < 0 || u >= float64(p.cols()) {
			c.at[x] = -1
			continue
		}
		x0, x1 = min(x0, x), x+1
		c.at[x], c.part[x] = c.between(u, p.cols(), smooth)
	}
	return x0, x1
}

// between is the pixel at a place, and of 256 how far it is on the way to the next one.
func (c *canvas) between(u float64, n int, smooth bool) (at, part int32) {
	if !smooth || n < 2 {
		return int32(u), 0
	}
	u = min(max(u-0.5, 0), float64(n-1)-1e-6)
	at = int32(u)
	if int(at) > n-2 {
		return int32(n - 2), 256
	}
	return at, int32((u - float64(at)) * 256)
}

func (c *canvas) picture(l *look, p *pixels) {
	smooth := l.kind == kindImage && l.interpolation == "linear"
	x0, x1 := c.lines(p, smooth)
	if x0 >= x1 {
		return
	}
	switch {
	case p.plane == nuclei:
		c.shades(l, 4096)
	case p.plane == membranes:
		c.shades(l, 256)
	}
	size := float64(int(1) << p.level)
	for y := range c.rows {
		v := pixelOf(c.camera.y+(float64(y)+0.5-float64(c.rows)/2)/c.camera.zoom)/size - float64(p.row0)
		if v < 0 || v >= float64(p.rows()) {
			continue
		}
		row, part := c.between(v, p.rows(), smooth)
		line, at, parts := c.line[x0:x1], c.at[x0:x1], c.part[x0:x1]
		switch {
		case l.kind == kindLabels:
			c.labels(l, p, int(row), line, at)
		case p.plane == nuclei:
			shade(line, c.lut, p.u16, p.cols(), int(row), part, at, parts, smooth)
		default:
			shade(line, c.lut, p.u8, p.cols(), int(row), part, at, parts, smooth)
		}
		blend(c.px[y*c.cols+x0:y*c.cols+x1], line, l.blending)
	}
}

// shade writes the colours of a row of an image.
func shade[T uint8 | uint16](line, lut []rgba, px []T, cols, row int, down int32, at, part []int32, smooth bool) {
	above := px[row*cols : (row+1)*cols]
	if !smooth {
		for x := range line {
			line[x] = lut[int(above[at[x]])%len(lut)]
		}
		return
	}
	below := above
	if down > 0 {
		below = px[(row+1)*cols : (row+2)*cols]
	}
	up := 256 - down
	for x := range line {
		i, right := at[x], part[x]
		left := 256 - right
		v := (int32(above[i])*left+int32(above[i+1])*right)*up + (int32(below[i])*left+int32(below[i+1])*right)*down
		line[x] = lut[int(uint32(v)>>16)%len(lut)]
	}
}

// labels writes the colours of a row of labels.
func (c *canvas) labels(l *look, p *pixels, row int, line []rgba, at []int32) {
	cols := p.cols()
	px := p.u32[row*cols : (row+1)*cols]
	edge := l.contour
	var above, below []uint32
	if edge > 0 {
		above = p.u32[max(row-edge, 0)*cols:][:cols]
		below = p.u32[min(row+edge, p.rows()-1)*cols:][:cols]
	}
	for x := range line {
		i := int(at[x])
		v := px[i]
		line[x] = 0
		if v == 0 || l.labelAlone && v != l.label {
			continue
		}
		if edge > 0 && above[i] == v && below[i] == v && px[max(i-edge, 0)] == v && px[min(i+edge, cols-1)] == v {
			continue
		}
		line[x] = faded(labelColour(v), l.opacity)
	}
}

// blend lays a line, whose colours have their opacity in them, over what is there.
func blend(dst, src []rgba, blending string) {
	switch blending {
	case "additive":
		for x, s := range src {
			if s == 0 {
				continue
			}
			d := uint32(dst[x])
			low := d&0x00ff00ff + uint32(s)&0x00ff00ff
			high := d>>8&0x00ff + uint32(s)>>8&0x00ff
			low |= 0x01000100 - low>>8&0x00010001
			dst[x] = rgba(low&0x00ff00ff | min(high, 255)<<8 | 0xff000000)
		}
	case "minimum":
		for x, s := range src {
			dst[x] = over(dst[x], s|0xff000000, blending)
		}
	case "opaque":
		for x, s := range src {
			if s != 0 {
				dst[x] = s | 0xff000000
			}
		}
	default:
		for x, s := range src {
			a := uint32(s >> 24)
			switch a {
			case 0:
				continue
			case 255:
				dst[x] = s
				continue
			}
			d, rest := uint32(dst[x]), 256-a-a>>7
			low := (d & 0x00ff00ff) * rest >> 8 & 0x00ff00ff
			high := (d >> 8 & 0xff) * rest & 0xff00
			dst[x] = rgba(low + high + uint32(s)&0x00ffffff | 0xff000000)
		}
	}
}

// put lays a colour over a pixel as far as it is covered.
func (c *canvas) put(l *look, x, y int, colour rgba, covered float64) {
	if covered <= 0 {
		return
	}
	a := float64(colour>>24) * min(covered, 1) * l.opacity
	at := &c.px[y*c.cols+x]
	*at = over(*at, colour&0x00ffffff|rgba(a+0.5)<<24, l.blending)
}

// box cuts a box down to the canvas.
func (c *canvas) box(x0, y0, x1, y1 float64) (left, top, right, bottom int) {
	cut := func(v float64, n int) int { return int(min(max(v, 0), float64(n))) }
	return cut(math.Floor(x0), c.cols), cut(math.Floor(y0), c.rows), cut(math.Ceil(x1), c.cols), cut(math.Ceil(y1), c.rows)
}

// segment draws a line with round ends.
func (c *canvas) segment(l *look, x0, y0, x1, y1, half float64, colour rgba) {
	left, top, right, bottom := c.box(min(x0, x1)-half-1, min(y0, y1)-half-1, max(x0, x1)+half+1, max(y0, y1)+half+1)
	dx, dy := x1-x0, y1-y0
	long := dx*dx + dy*dy
	for y := top; y < bottom; y++ {
		for x := left; x < right; x++ {
			px, py := float64(x)+0.5-x0, float64(y)+0.5-y0
			t := 0.0
			if long > 0 {
				t = min(max((px*dx+py*dy)/long, 0), 1)
			}
			px, py = px-t*dx, py-t*dy
			if d := px*px + py*py; d < (half+0.5)*(half+0.5) {
				c.put(l, x, y, colour, half+0.5-math.Sqrt(d))
			}
		}
	}
}

// area fills a polygon, by the rule of even and odd.
func (c *canvas) area(l *look, outline [][2]float64, colour rgba) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range outline {
		low, high = min(low, p[1]), max(high, p[1])
	}
	_, top, _, bottom := c.box(0, low, 0, high)
	for y := top; y < bottom; y++ {
		c.own = c.own[:0]
		at := float64(y) + 0.5
		for i, a := range outline {
			b := outline[(i+1)%len(outline)]
			if a[1] <= at != (b[1] <= at) {
				c.own = append(c.own, a[0]+(at-a[1])/(b[1]-a[1])*(b[0]-a[0]))
			}
		}
		slices.Sort(c.own)
		for i := 0; i+1 < len(c.own); i += 2 {
			left, _, right, _ := c.box(c.own[i]+0.5, 0, c.own[i+1]-0.5, 0)
			for x := left; x < right; x++ {
				c.put(l, x, y, colour, 1)
			}
		}
	}
}

func (c *canvas) shapes(l *look) {
	for i := range l.shapes {
		s := &l.shapes[i]
		c.outline = resized(c.outline, len(s.outline))
		outline := c.outline
		for k, p := range s.outline {
			outline[k] = [2]float64{c.toX(p[0]), c.toY(p[1])}
		}
		if face := parse(s.face); !s.open && face>>24 > 0 {
			c.area(l, outline, face)
		}
		edge, half := parse(s.edge), max(s.width*c.camera.zoom/2, 0.5)
		if edge>>24 == 0 || s.width == 0 {
			continue
		}
		for k := range outline {
			if k == 0 && s.open {
				continue
			}
			a, b := outline[(k+len(outline)-1)%len(outline)], outline[k]
			c.segment(l, a[0], a[1], b[0], b[1], half, edge)
		}
	}
}

func (c *canvas) vectors(l *look) {
	half := max(l.width*c.camera.zoom/2, 0.4)
	t := table(l.colormap)
	for i := range l.vectors {
		v := &l.vectors[i]
		x0, y0 := c.toX(v.x), c.toY(v.y)
		dx, dy := v.dx*l.length*c.camera.zoom, v.dy*l.length*c.camera.zoom
		long := math.Hypot(dx, dy)
		if long == 0 || x0+long < 0 || y0+long < 0 || x0-long > float64(c.cols) || y0-long > float64(c.rows) {
			continue
		}
		colour := parse(l.direct)
		if l.colourBy != "direct" {
			colour = t[int(255*l.featureOf(v))]
		}
		// Across the direction.
		ax, ay := -dy/long, dx/long
		switch l.style {
		case "triangle":
			c.area(l, [][2]float64{{x0 + 2*half*ax, y0 + 2*half*ay}, {x0 - 2*half*ax, y0 - 2*half*ay}, {x0 + dx, y0 + dy}}, colour)
		case "arrow":
			head := min(8*half, 0.5*long)
			nx, ny := x0+dx*(1-head/long), y0+dy*(1-head/long)
			c.segment(l, x0, y0, nx, ny, half, colour)
			c.area(l, [][2]float64{{nx + head*0.45*ax, ny + head*0.45*ay}, {nx - head*0.45*ax, ny - head*0.45*ay}, {x0 + dx, y0 + dy}}, colour)
		default:
			c.segment(l, x0, y0, x0+dx, y0+dy, half, colour)
		}
	}
}

// featureOf is the feature by which vectors are coloured, from 0 to 1.
func (l *look) featureOf(v *vector) float64 {
	if l.feature == "length" {
		return min(math.Hypot(v.dx, v.dy)/100, 1)
	}
	return (math.Atan2(v.dy, v.dx) + math.Pi) / (2 * math.Pi)
}

func (c *canvas) points(l *look) {
	for i := range l.points {
		p := &l.points[i]
		size := min(max(p.size*c.camera.zoom, l.leastPx), l.mostPx)
		border := p.width
		if l.relative {
			border *= size
		} else {
			border *= c.camera.zoom
		}
		c.point(l, c.toX(p.x), c.toY(p.y), size/2, min(border, size/2), p)
	}
}

func (c *canvas) point(l *look, cx, cy, r, border float64, p *point) {
	left, top, right, bottom := c.box(cx-r-1, cy-r-1, cx+r+1, cy+r+1)
	if left >= right || top >= bottom {
		return
	}
	face, edge := parse(p.face), parse(p.border)
	for y := top; y < bottom; y++ {
		for x := left; x < right; x++ {
			// How far it lies inside, in pixels.
			in := -symbolEdge(p.symbol, (float64(x)+0.5-cx)/r, (float64(y)+0.5-cy)/r) * r
			all := min(max(in+0.5, 0), 1)
			if all == 0 {
				continue
			}
			inner := min(max(in-border+0.5, 0), 1)
			c.put(l, x, y, edge, all-inner)
			c.put(l, x, y, face, inner)
		}
	}
}

// symbolEdge is the distance of a place from the edge of a symbol whose radius is 1, less than 0
// inside, nearly.
func symbolEdge(symbol string, x, y float64) float64 {
	ax, ay := math.Abs(x), math.Abs(y)
	bar := func(x, y, w, h float64) float64 { return max(x-w, y-h) }
	triangle := func(y float64) float64 { return max(y-0.7, (2*ax-y-1)/math.Sqrt(5)) }
	switch symbol {
	case "square":
		return max(ax, ay) - 0.9
	case "diamond":
		return (ax + ay - 1) * math.Sqrt2 / 2
	case "cross":
		return min(bar(ax, ay, 1, 0.22), bar(ax, ay, 0.22, 1))
	case "x":
		u, v := math.Abs(x+y)*math.Sqrt2/2, math.Abs(x-y)*math.Sqrt2/2
		return min(bar(u, v, 1, 0.22), bar(u, v, 0.22, 1))
	case "hbar":
		return bar(ax, ay, 1, 0.22)
	case "vbar":
		return bar(ax, ay, 0.22, 1)
	case "ring":
		d := math.Hypot(x, y)
		return max(d-1, 0.72-d)
	case "triangle_up":
		return triangle(y)
	case "triangle_down":
		return triangle(-y)
	case "star":
		d, turn := math.Hypot(x, y), 2*math.Pi/5
		at := math.Mod(math.Atan2(x, -y)+4*math.Pi+turn/2, turn) - turn/2
		return d - 0.95*0.45/(0.45+0.55*math.Abs(at)/(turn/2)*1.1)
	}
	return math.Hypot(x, y) - 1
}

// tileGrid outlines the tiles of a level.
func (c *canvas) tileGrid() {
	l := &look{opacity: 0.5, blending: "translucent"}
	side := float64(int(Tile)<<c.grid) * micrometre
	rows, cols := LevelShape(c.grid)
	right, bottom := c.toX(float64(cols<<c.grid)*micrometre), c.toY(float64(rows<<c.grid)*micrometre)
	left, top := c.toX(0), c.toY(0)
	for i := 0; i*Tile <= cols; i++ {
		if x := c.toX(float64(i) * side); x >= 0 && x < float64(c.cols) {
			c.segment(l, x, max(top, 0), x, min(bottom, float64(c.rows)), 0.5, 0xffffffff)
		}
	}
	for i := 0; i*Tile <= rows; i++ {
		if y := c.toY(float64(i) * side); y >= 0 && y < float64(c.rows) {
			c.segment(l, max(left, 0), y, min(right, float64(c.cols)), y, 0.5, 0xffffffff)
		}
	}
}
