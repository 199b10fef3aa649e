package slide

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"math"
	"time"

	"webmon/shm/pickle"
)

// order is what the painter is to make. Its looks are copies.
type order struct {
	scene  scene
	z      int
	shown  map[string]window // of each picture, what there is of it
	canvas bool              // the picture of the canvas
	shot   bool              // the same, taken for somebody
	slices []string          // ids of the layers whose slices are shared
	whole  []string          // and whose overviews are
	thumbs []string
	counts []string // whose histograms are counted
	ranges []string // whose least and greatest values are looked for
	under  bool     // what is under the pointer
	at     [2]float64
	hands  int64
	forget bool // nobody looks any more
}

// done is what came of an order. It refers to memory of the painter, and is good until the next
// order.
type done struct {
	order  *order
	canvas []byte
	rows   int
	cols   int
	pixels map[string]*pixels // slices, by layer
	whole  map[string]*pixels
	thumbs map[string]string
	counts map[string]*pickle.Dict
	ranges map[string][2]int64
	layer  string // under the pointer
	value  int64
	took   time.Duration
}

// painter computes pictures in a goroutine of its own, one order at a time, so that the frames of
// the demo do not wait for it.
type painter struct {
	tiles  tiles
	canvas canvas
	small  canvas
	of     map[string]*pixels // the slices, by layer
	all    map[plane]*pixels  // the coarsest level
}

// Sides of a thumbnail, in pixels.
const thumbRows, thumbCols = 48, 64

// run makes what is ordered until orders is closed.
func (p *painter) run(orders <-chan *order, results chan<- *done) {
	for o := range orders {
		began := time.Now()
		d := p.make(o)
		d.took = time.Since(began)
		results <- d
	}
}

func (p *painter) make(o *order) *done {
	d := &done{order: o}
	if o.forget {
		*p = painter{}
		return d
	}
	if p.of == nil {
		p.of, p.all = map[string]*pixels{}, map[plane]*pixels{}
	}
	for id := range p.of {
		if _, ok := o.shown[id]; !ok {
			delete(p.of, id)
		}
	}
	looks := map[string]*look{}
	for i := range o.scene.looks {
		looks[o.scene.looks[i].id] = &o.scene.looks[i]
	}
	if o.canvas || o.shot {
		p.canvas.draw(o.scene, func(l *look) *pixels { return p.slice(l, o) })
		d.canvas, d.rows, d.cols = asRGBA(p.canvas.px), o.scene.rows, o.scene.cols
	}
	for _, id := range o.slices {
		if l := looks[id]; l != nil {
			if s := p.slice(l, o); s != nil && !s.empty() {
				put(&d.pixels, id, s)
			}
		}
	}
	for _, id := range o.whole {
		if l := looks[id]; l != nil {
			put(&d.whole, id, p.coarsest(l.plane, o.z))
		}
	}
	for _, id := range o.thumbs {
		if l := looks[id]; l != nil {
			put(&d.thumbs, id, p.thumbnail(l, o.z))
		}
	}
	for _, id := range o.counts {
		if l := looks[id]; l != nil {
			if s := p.slice(l, o); s != nil && !s.empty() {
				put(&d.counts, id, count(l, s))
			}
		}
	}
	for _, id := range o.ranges {
		if l := looks[id]; l != nil {
			if s := p.slice(l, o); s != nil && !s.empty() {
				put(&d.ranges, id, s.ends())
			}
		}
	}
	if o.under {
		for i := len(o.scene.looks) - 1; i >= 0; i-- {
			l := &o.scene.looks[i]
			if !l.isPicture() || !l.visible {
				continue
			}
			if s := p.slice(l, o); s != nil {
				if v, ok := s.value(o.at[0], o.at[1]); ok {
					d.layer, d.value = l.id, v
					break
				}
			}
		}
	}
	return d
}

func put[T any](m *map[string]T, id string, v T) {
	if *m == nil {
		*m = map[string]T{}
	}
	(*m)[id] = v
}

// slice returns what there is of a picture.
func (p *painter) slice(l *look, o *order) *pixels {
	w, ok := o.shown[l.id]
	if !ok {
		return nil
	}
	s := p.of[l.id]
	if s == nil {
		s = &pixels{}
		p.of[l.id] = s
	}
	if s.window != w {
		p.tiles.read(s, l.plane, w)
	}
	return s
}

// coarsest returns all of the coarsest level of a plane.
func (p *painter) coarsest(of plane, z int) *pixels {
	s := p.all[of]
	if s == nil {
		s = &pixels{}
		p.all[of] = s
	}
	if w := whole(Levels-1, z); s.window != w {
		p.tiles.read(s, of, w)
	}
	return s
}

// thumbnail draws a layer alone, as the base64 of a PNG.
func (p *painter) thumbnail(l *look, z int) string {
	one := *l
	one.visible, one.opacity, one.blending = true, 1, "translucent"
	one.leastPx = max(one.leastPx, 3)
	c := overview()
	c.zoom *= min(float64(thumbRows)/canvasRows, float64(thumbCols)/canvasCols)
	p.small.draw(scene{camera: c, rows: thumbRows, cols: thumbCols, looks: []look{one}, grid: -1}, func(l *look) *pixels { return p.coarsest(l.plane, z) })
	img := &image.RGBA{Pix: asRGBA(p.small.px), Stride: 4 * thumbCols, Rect: image.Rect(0, 0, thumbCols, thumbRows)}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a picture of this size, into memory
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// Histograms count so many values at most, evenly spread.
const (
	mostCounted = 1 << 16
	bins        = 256
)

// count returns the histogram of what there is of an image.
func count(l *look, s *pixels) *pickle.Dict {
	var counts [bins]int64
	least, greatest := int64(math.MaxInt64), int64(math.MinInt64)
	add := func(v int64) {
		least, greatest = min(least, v), max(greatest, v)
		at := int((float64(v) - l.rangeLow) / (l.rangeHigh - l.rangeLow) * bins)
		if at >= 0 && float64(v) <= l.rangeHigh {
			counts[min(at, bins-1)]++
		}
	}
	step := max(1, int(math.Ceil(math.Sqrt(float64(s.rows()*s.cols())/mostCounted))))
	for row := 0; row < s.rows(); row += step {
		for col := 0; col < s.cols(); col += step {
			if i := row*s.cols() + col; s.plane == nuclei {
				add(int64(s.u16[i]))
			} else {
				add(int64(s.u8[i]))
			}
		}
	}
	return pickle.NewDict("low", l.rangeLow, "high", l.rangeHigh, "counts", append([]int64(nil), counts[:]...),
		"least", float64(least), "greatest", float64(greatest), "whole", true)
}

// asRGBA are the bytes of colours: red, green, blue, opacity. They are no copy.
func asRGBA(px []rgba) []byte { return asBytes(px) }
