package pixels

import (
	"bytes"
	"image/color"
	"math"
	"strconv"

	"webmon/shm"
)

// Paint says how the voxels of a layer are coloured.
type Paint struct {
	Descr   string // of the voxels
	Labels  bool
	Samples int         // 1, or 3 or 4 of a colour
	Limits  *[2]float64 // nil: those of colours, or of the dtype
	Gamma   float64     // 0: 1
	// Colormap is the name of a table; one that is not known is gray.
	Colormap string
	// Table is napari's own table, in place of that of the name and of webmon's own colours of labels; nil: it is not known.
	Table     *shm.ColorTable
	Selection string // of labels: the only one that is drawn, as digits; "" for all
}

// Ink gives the voxels of a layer their colours, one at a time: those of a section come from where they lie
// in a box, and not row by row. It is not safe for concurrent use.
type Ink struct {
	dtype   DType
	samples int
	opaque  float64 // the sample of alpha that covers all
	limits  [2]float64
	gamma   float64
	scale   *shm.ColorTable            // of values
	shades  [256]color.NRGBA           // of values where there is no such table
	label   func(n uint64) color.NRGBA // nil: the voxels are no labels
	known   []color.NRGBA              // of voxels of two bytes, where seen says so; nil: the voxels have others
	seen    []bool
	last    [8]byte // the voxel that was asked for last, where it has more bytes, and its colour
	lastly  color.NRGBA
	asked   bool
	bytes   [256]color.NRGBA // of voxels of one byte
}

// NewInk returns the ink of a paint. false: such voxels have no colours.
func NewInk(p Paint) (*Ink, bool) {
	d, ok := ParseDType(p.Descr)
	if !ok || !d.numeric() || p.Samples != 1 && p.Samples != 3 && p.Samples != 4 {
		return nil, false
	}
	k := &Ink{dtype: d, samples: p.Samples, gamma: p.Gamma, opaque: 1}
	if d.kind == 'u' && d.size <= 2 {
		k.opaque = d.Full()
	}
	if k.gamma == 0 {
		k.gamma = 1
	}
	switch {
	case p.Samples > 1:
	case p.Labels:
		k.label = d.labelInk(p.Table, p.Selection)
	case p.Table != nil && p.Table.Kind == "scale" && len(p.Table.RGBA) == 4*256:
		k.scale = p.Table
	default:
		table, ok := colorTable(p.Colormap)
		if !ok {
			table, _ = colorTable("gray")
		}
		for i, c := range table {
			k.shades[i] = color.NRGBA(c)
		}
	}
	switch {
	case p.Limits != nil:
		k.limits = apart(p.Limits[0], p.Limits[1])
	case p.Samples > 1:
		k.limits = [2]float64{0, d.Full()}
	default:
		k.limits = [2]float64{0, 1}
		if d.kind == 'u' || d.kind == 'i' {
			k.limits[1] = math.Exp2(float64(8*d.size)) - 1
		}
	}
	if d.size == 2 && p.Samples == 1 {
		k.known, k.seen = make([]color.NRGBA, 1<<16), make([]bool, 1<<16)
	}
	if d.size == 1 && p.Samples == 1 {
		for i := range k.bytes {
			k.bytes[i] = k.one([]byte{byte(i)})
		}
	}
	return k, true
}

// At is the colour of the voxel at the begin of b. Its samples lie stride bytes from each other.
func (k *Ink) At(b []byte, stride int) color.NRGBA {
	if k.samples == 1 {
		switch {
		case k.dtype.size == 1:
			return k.bytes[b[0]]
		case k.known != nil:
			at := int(b[0]) | int(b[1])<<8
			if !k.seen[at] {
				k.known[at], k.seen[at] = k.one(b), true
			}
			return k.known[at]
		case k.dtype.size > len(k.last):
			return k.one(b)
		}
		// Neighbours are often the same, above all labels.
		if n := k.dtype.size; !k.asked || !bytes.Equal(k.last[:n], b[:n]) {
			copy(k.last[:], b[:n])
			k.lastly, k.asked = k.one(b), true
		}
		return k.lastly
	}
	out := [4]uint8{3: 255}
	for i := range k.samples {
		v := k.dtype.number(b[i*stride:])
		if math.IsNaN(v) {
			return color.NRGBA{}
		}
		share := k.share(v)
		if i == 3 {
			share = min(max(v/k.opaque, 0), 1)
		}
		out[i] = uint8(share*255 + 0.5)
	}
	return color.NRGBA{R: out[0], G: out[1], B: out[2], A: out[3]}
}

// share is how far a value is from the lower limit to the upper one, after gamma.
func (k *Ink) share(v float64) float64 {
	x := (v - k.limits[0]) / (k.limits[1] - k.limits[0])
	if math.IsInf(k.limits[1]-k.limits[0], 1) {
		x = (v/2 - k.limits[0]/2) / (k.limits[1]/2 - k.limits[0]/2)
	}
	switch {
	case !(x > 0):
		return 0
	case x >= 1:
		return 1
	case k.gamma != 1:
		return math.Pow(x, k.gamma)
	}
	return x
}

func (k *Ink) one(b []byte) color.NRGBA {
	if k.label != nil {
		return k.label(k.dtype.label(b))
	}
	v := k.dtype.number(b)
	if k.scale == nil {
		if math.IsNaN(v) {
			return color.NRGBA{}
		}
		return k.shades[uint8(k.share(v)*255+0.5)]
	}
	t := k.scale
	if math.IsNaN(v) {
		return listedColour(t.NaN)
	}
	x := k.share(v)
	switch {
	case x >= 1 && t.Over != nil:
		return listedColour(t.Over)
	case x <= 0 && t.Under != nil:
		return listedColour(t.Under)
	case t.Steps:
		return tableColour(t, min(int(x*256), 255))
	}
	at := x * 255
	i := min(int(at), 254)
	low, high, share := t.RGBA[4*i:], t.RGBA[4*i+4:], at-float64(i)
	mix := func(j int) uint8 { return uint8(float64(low[j]) + (float64(high[j])-float64(low[j]))*share + 0.5) }
	return color.NRGBA{R: mix(0), G: mix(1), B: mix(2), A: mix(3)}
}

func listedColour(c []int) color.NRGBA {
	if len(c) != 4 {
		return color.NRGBA{}
	}
	return color.NRGBA{R: uint8(c[0]), G: uint8(c[1]), B: uint8(c[2]), A: uint8(c[3])}
}

func tableColour(t *shm.ColorTable, i int) color.NRGBA {
	c := t.RGBA[4*i:]
	return color.NRGBA{R: c[0], G: c[1], B: c[2], A: c[3]}
}

// labelInk gives labels their colours, as napari and the page do (public/js/viewer/labels.js): of a cyclic table the colours but the first come
// round, a direct one has those of its labels, and its first for all others. Labels are in the bits of 64, with their sign.
func (d DType) labelInk(t *shm.ColorTable, selection string) func(uint64) color.NRGBA {
	only, chosen := bitsOf(selection)
	if t == nil || t.Kind == "scale" || len(t.RGBA) < 4 || t.Kind == "cyclic" && len(t.RGBA) < 8 {
		table := labelTable()
		return func(n uint64) color.NRGBA {
			if chosen && n != only {
				return color.NRGBA{}
			}
			return color.NRGBA(table[labelEntry(n)])
		}
	}
	if t.Kind == "direct" {
		places := map[uint64]int{}
		for i, text := range t.Labels[:min(len(t.Labels), len(t.RGBA)/4-1)] {
			if n, ok := bitsOf(text); ok {
				places[n] = i + 1
			}
		}
		return func(n uint64) color.NRGBA {
			if chosen && n != only {
				return color.NRGBA{}
			}
			return tableColour(t, places[n])
		}
	}
	background, _ := bitsOf(t.Background)
	round := uint64(len(t.RGBA)/4 - 1)
	cycle := func(n uint64) int {
		if n == background {
			return 0
		}
		before := n - 1
		if d.kind == 'i' {
			b := int64(n-1) % int64(round)
			if b < 0 {
				b += int64(round)
			}
			return int(b) + 1
		}
		if d.size < 8 {
			before &= 1<<(8*d.size) - 1
		}
		return int(before%round) + 1
	}
	// napari has labels of up to 16 bits as they are where it draws them, and of all others their place in the circle.
	wide := d.size > 2
	place := cycle(only)
	return func(n uint64) color.NRGBA {
		at := cycle(n)
		if at == 0 || chosen && (wide && at != place || !wide && n != only) {
			return color.NRGBA{}
		}
		return tableColour(t, at)
	}
}

// bitsOf is a label of its digits, in the bits of 64.
func bitsOf(digits string) (uint64, bool) {
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return uint64(n), true
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}

// Values are the samples at the begin of b, as JSON has them: one, or a list of those of a colour.
func (k *Ink) Values(b []byte, stride int) shm.Value {
	if k.samples == 1 {
		return k.dtype.value(b)
	}
	out := make([]shm.Value, k.samples)
	for i := range out {
		out[i] = k.dtype.value(b[i*stride:])
	}
	return out
}

// number is a value as a float: the magnitude of a complex one.
func (d DType) number(b []byte) float64 {
	switch {
	case d.kind == 'u' && d.size == 1, d.kind == 'b':
		return float64(b[0])
	case d.kind == 'f' && !d.big && d.size == 4:
		return float64(float32At(b))
	case d.kind == 'c':
		half := DType{big: d.big, kind: 'f', size: d.size / 2}
		return math.Hypot(half.number(b), half.number(b[half.size:]))
	case d.kind == 'f' && d.size == 8 && !d.big:
		return float64At(b)
	case d.kind == 'f':
		return d.float(d.order(), b)
	}
	n, signed := d.whole(b)
	if signed {
		return float64(int64(n))
	}
	return float64(n)
}

// label is a value as a label, as [labels] has them.
func (d DType) label(b []byte) uint64 {
	if d.kind == 'f' || d.kind == 'c' {
		v := math.Trunc(d.number(b))
		if !(v >= -1<<63 && v < 1<<63) {
			return 0
		}
		return uint64(int64(v))
	}
	n, _ := d.whole(b)
	return n
}

// whole reads a whole number, with its sign in all 64 bits if it has one.
func (d DType) whole(b []byte) (n uint64, signed bool) {
	order := d.order()
	signed = d.kind == 'i'
	switch d.size {
	case 1:
		n = uint64(b[0])
	case 2:
		n = uint64(order.Uint16(b))
	case 4:
		n = uint64(order.Uint32(b))
	default:
		return order.Uint64(b), signed
	}
	if signed {
		unused := 64 - 8*d.size
		n = uint64(int64(n<<unused) >> unused)
	}
	return n, signed
}
