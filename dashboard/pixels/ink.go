package pixels

import (
	"image/color"
	"math"

	"webmon/shm"
)

// Ink gives the voxels of a layer their colours, one at a time: those of a section come from where they lie
// in a box, and not row by row.
type Ink struct {
	dtype   DType
	labels  bool
	samples int
	table   [256]color.RGBA
	shade   func(float64) uint8
	opaque  func(float64) uint8
	bytes   [256]color.NRGBA // of voxels of one byte
}

// NewInk returns the ink of voxels of a dtype. Voxels of 3 or 4 samples are colours, of which a sample lies stride bytes from
// the one before. limits that are nil are those of colours, or of the dtype. A colormap that is not known is gray. false: such voxels
// have no colours.
func NewInk(descr string, labels bool, samples int, limits *[2]float64, colormap string, gamma float64) (*Ink, bool) {
	d, ok := ParseDType(descr)
	if !ok || !d.numeric() || samples != 1 && samples != 3 && samples != 4 {
		return nil, false
	}
	k := &Ink{dtype: d, labels: labels && samples == 1, samples: samples}
	if k.labels {
		k.table = labelTable()
	} else if k.table, ok = colorTable(colormap); !ok {
		k.table, _ = colorTable("gray")
	}
	full := [2]float64{0, d.Full()}
	k.opaque = shader(full, 1)
	switch {
	case samples > 1 && limits == nil:
		limits = &full
	case limits == nil:
		limits = &[2]float64{0, 1}
		if d.kind == 'u' || d.kind == 'i' {
			limits[1] = math.Exp2(float64(8*d.size)) - 1
		}
	}
	k.shade = shader(apart(limits[0], limits[1]), gamma)
	if d.size == 1 && samples == 1 {
		for i := range k.bytes {
			k.bytes[i] = k.one([]byte{byte(i)})
		}
	}
	return k, true
}

// Size is how many bytes a sample has.
func (k *Ink) Size() int { return k.dtype.size }

// At is the colour of the voxel at the begin of b. Its samples lie stride bytes from each other.
func (k *Ink) At(b []byte, stride int) color.NRGBA {
	if k.samples == 1 {
		if k.dtype.size == 1 {
			return k.bytes[b[0]]
		}
		return k.one(b)
	}
	out := [4]uint8{3: 255}
	for i := range k.samples {
		v := k.dtype.number(b[i*stride:])
		if math.IsNaN(v) {
			return color.NRGBA{}
		}
		if i == 3 {
			out[i] = k.opaque(v)
		} else {
			out[i] = k.shade(v)
		}
	}
	return color.NRGBA{R: out[0], G: out[1], B: out[2], A: out[3]}
}

func (k *Ink) one(b []byte) color.NRGBA {
	if k.labels {
		return color.NRGBA(k.table[labelEntry(k.dtype.label(b))])
	}
	v := k.dtype.number(b)
	if math.IsNaN(v) {
		return color.NRGBA{}
	}
	return color.NRGBA(k.table[k.shade(v)])
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
