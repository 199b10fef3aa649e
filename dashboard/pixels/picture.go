package pixels

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"

	"webmon/dashboard/refusal"
	"webmon/natural"
	"webmon/shm"
)

// Limits of the files that are made of a frame.
const (
	// MaxPNG is the most pixels of a picture that is written as PNG.
	MaxPNG = 64 << 20
	// MaxNPY is the most bytes of a frame that is written as .npy.
	MaxNPY = 1 << 30
)

// The part of the pixels that lies below and above the contrast limits that
// are chosen automatically.
const (
	autoLow  = 0.001
	autoHigh = 0.999
)

// Look is how a plane becomes a picture.
type Look struct {
	Index    Index
	Limits   *[2]float64 // nil: the array's own, or from the values
	Colormap string      // "": the array's own, or gray
	Gamma    float64     // 0: 1
	Up       bool        // the first row is at the bottom, as plots have it
}

// refuse refuses the parameter with a name. With "" it says that the array does not
// have what was asked for.
func refuse(field string, err error) error {
	return &refusal.Error{Field: field, Text: natural.Sentence(err.Error())}
}

// ErrTooLarge says that the result would be too large for an answer.
var ErrTooLarge = errors.New("it is too large")

// ReadPicture reads the plane of a frame and colours it. NaN is transparent, as on the
// page. It ends with the error of ctx when that is done.
func ReadPicture(ctx context.Context, frame *shm.ArrayFrame, look Look) (image.Image, error) {
	if why := Unfit(frame.Info); why != "" {
		return nil, refuse("", errors.New(why))
	}
	sel, err := look.Index.Plane(frame.Shape)
	if err != nil {
		return nil, refuse("index", err)
	}
	if n := sel.Rows * sel.Cols; n > MaxPNG {
		return nil, fmt.Errorf("%w: a picture has at most %d megapixels, and this would have %d; use .npy", ErrTooLarge, MaxPNG>>20, n>>20)
	}
	name := look.Colormap
	if name == "" {
		name = frame.Info.Colormap
	}
	table, ok := colorTable(name)
	if !ok {
		if look.Colormap != "" {
			return nil, refuse("colormap", noTable(name))
		}
		table, _ = colorTable("gray")
	}
	px, err := frame.Reader.ReadPlane(frame, sel, nil)
	if err == nil {
		err = ctx.Err() // what follows takes longer than reading
	}
	if err != nil {
		return nil, err
	}
	rect := image.Rect(0, 0, px.Cols, px.Rows)
	if frame.Info.Role == "labels" && px.Samples == 1 {
		img := image.NewPaletted(rect, palette(labelTable()))
		labels(px, func(i int, label uint64) { img.Pix[i] = labelEntry(label) })
		return look.turned(img, img.Pix, img.Stride), nil
	}
	limits := look.Limits
	if own := frame.Info.Limits; limits == nil && own != nil {
		l := apart(own[0], own[1])
		limits = &l
	}
	if px.Samples > 1 {
		d, _ := ParseDType(frame.Info.Descr) // fit, so it has one
		img := colours(px, limits, look.Gamma, d.Full())
		return look.turned(img, img.Pix, img.Stride), nil
	}
	from := originOf(px)
	var between [2]float64
	if limits != nil {
		between = from.limits(*limits)
	} else {
		between = contrast(px, from)
	}
	img, pix, stride := coloured(px, from, shader(between, look.Gamma), table)
	return look.turned(img, pix, stride), nil
}

// colours is a picture in colour, as it is meant unless there are limits: from 0
// to full, see dtype.full. A colour that lacks a sample is none: it is
// transparent.
func colours(px shm.Pixels, limits *[2]float64, gamma, full float64) *image.NRGBA {
	if limits == nil {
		limits = &[2]float64{0, full}
	}
	shade := shader(*limits, gamma)
	opaque := shader([2]float64{0, full}, 1) // alpha has no contrast
	img := image.NewNRGBA(image.Rect(0, 0, px.Cols, px.Rows))
	if px.Samples == 3 {
		for i := 3; i < len(img.Pix); i += 4 {
			img.Pix[i] = 255
		}
	}
	hole := -1
	each(px, origin{signed: px.Type == shm.I64}, func(i int, v float64) {
		pixel, sample := i/px.Samples, i%px.Samples
		switch {
		case math.IsNaN(v):
			hole = pixel
		case sample == 3:
			img.Pix[4*pixel+3] = opaque(v)
		default:
			img.Pix[4*pixel+sample] = shade(v)
		}
		if sample == px.Samples-1 && hole == pixel {
			clear(img.Pix[4*pixel:][:4])
		}
	})
	return img
}

// coloured is a picture of pixels of one sample in the colours of a table, with its
// bytes and the number of bytes in a row. A picture with NaN has four bytes a pixel,
// because a table of 256 colours has no room for a transparent one.
func coloured(px shm.Pixels, from origin, shade func(float64) uint8, table [256]color.RGBA) (img image.Image, pix []uint8, stride int) {
	rect := image.Rect(0, 0, px.Cols, px.Rows)
	indexed := image.NewPaletted(rect, palette(table))
	holes := false
	each(px, from, func(i int, v float64) {
		indexed.Pix[i] = shade(v)
		holes = holes || math.IsNaN(v)
	})
	if !holes {
		return indexed, indexed.Pix, indexed.Stride
	}
	full := image.NewNRGBA(rect)
	each(px, from, func(i int, v float64) {
		if !math.IsNaN(v) {
			c := table[indexed.Pix[i]]
			copy(full.Pix[4*i:], []uint8{c.R, c.G, c.B, 255})
		}
	})
	return full, full.Pix, full.Stride
}

// turned puts the rows of a picture in the order that the look wants.
func (look Look) turned(img image.Image, pix []uint8, stride int) image.Image {
	if look.Up {
		turn(pix, stride)
	}
	return img
}

// turn reverses the order of rows.
func turn(pix []uint8, stride int) {
	row := make([]uint8, stride)
	for top, bottom := 0, len(pix)-stride; top < bottom; top, bottom = top+stride, bottom-stride {
		copy(row, pix[top:top+stride])
		copy(pix[top:top+stride], pix[bottom:bottom+stride])
		copy(pix[bottom:bottom+stride], row)
	}
}

// ReadThumbnail makes a picture of a frame with the axes "x" and "y", y upwards. Each
// side has at most that many pixels. Colours and limits are those of the array,
// otherwise viridis and the limits of the values.
func ReadThumbnail(frame *shm.ArrayFrame, most int) (image.Image, error) {
	sel, err := Index{Right, Down}.Plane(frame.Shape)
	if err != nil {
		return nil, err
	}
	table, ok := colorTable(frame.Info.Colormap)
	if !ok {
		table, _ = colorTable("viridis")
	}
	sel.Step = (max(sel.Rows, sel.Cols) + most - 1) / most
	px, err := frame.Reader.ReadPlane(frame, sel, nil)
	if err != nil {
		return nil, err
	}
	if px.Samples != 1 || px.Rows < 1 || px.Cols < 1 {
		return nil, errors.New("the frame has no elements")
	}
	from := originOf(px)
	limits := contrast(px, from)
	if frame.Info.Limits != nil {
		limits = from.limits(apart(frame.Info.Limits[0], frame.Info.Limits[1]))
	}
	img, pix, stride := coloured(px, from, shader(limits, 1), table)
	turn(pix, stride)
	return img, nil
}

// WritePNG writes a picture.
func WritePNG(w io.Writer, img image.Image) error {
	return (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(w, img)
}

func palette(table [256]color.RGBA) color.Palette {
	p := make(color.Palette, len(table))
	for i, c := range table {
		p[i] = c
	}
	return p
}

// shader returns a function that turns a value into an entry of a colour table. NaN
// gets the lowest entry.
func shader(limits [2]float64, gamma float64) func(float64) uint8 {
	low, high := limits[0], limits[1]
	span := high - low
	if gamma == 0 {
		gamma = 1
	}
	return func(v float64) uint8 {
		x := (v - low) / span
		if math.IsInf(span, 1) { // of limits at both ends of float64
			x = (v/2 - low/2) / (high/2 - low/2)
		}
		switch {
		case !(x > 0): // also what is no number
			return 0
		case x >= 1:
			return 255
		case gamma != 1:
			x = math.Pow(x, gamma)
		}
		return uint8(x*255 + 0.5)
	}
}

// contrast returns limits that leave out a thousandth of the values at either end,
// relative to an origin. Alpha is ignored.
func contrast(px shm.Pixels, from origin) [2]float64 {
	if px.Type == shm.U8 || px.Type == shm.U16 {
		counts := make([]int, 1<<(8*px.Type.Size()))
		total := 0
		each(px, from, func(i int, v float64) {
			if i%px.Samples != 3 {
				counts[int(v)]++
				total++
			}
		})
		at := func(part float64) float64 {
			left := int(part * float64(total))
			for v, n := range counts {
				if left -= n; left < 0 {
					return float64(v)
				}
			}
			return float64(len(counts) - 1)
		}
		return apart(at(autoLow), at(autoHigh))
	}
	// A million of them tell as much as all.
	const most = 1 << 20
	n := px.Rows * px.Cols * px.Samples
	every := n/most + 1
	if every > 1 && every%px.Samples == 0 {
		every++ // otherwise it would always be the same sample of a pixel
	}
	values := make([]float64, 0, n/every+1)
	each(px, from, func(i int, v float64) {
		if i%every == 0 && i%px.Samples != 3 && !math.IsNaN(v) && !math.IsInf(v, 0) {
			values = append(values, v)
		}
	})
	if len(values) == 0 {
		return [2]float64{0, 1}
	}
	slices.Sort(values)
	last := len(values) - 1
	return apart(values[int(autoLow*float64(last))], values[int(math.Ceil(autoHigh*float64(last)))])
}

// apart keeps limits from being the same.
func apart(low, high float64) [2]float64 {
	if high <= low {
		return [2]float64{low, low + max(math.Abs(low)*1e-6, 1)}
	}
	return [2]float64{low, high}
}

// Draw colours pixels of one sample. Limits that are nil are taken from the values; the error
// names a colour table that is not known.
func Draw(px shm.Pixels, limits *[2]float64, colormap string, gamma float64) (image.Image, error) {
	if colormap == "" {
		colormap = "gray"
	}
	table, ok := colorTable(colormap)
	if !ok {
		return nil, refuse("colormap", noTable(colormap))
	}
	from := originOf(px)
	var between [2]float64
	if limits != nil {
		between = from.limits(*limits)
	} else {
		between = contrast(px, from)
	}
	img, _, _ := coloured(px, from, shader(between, gamma), table)
	return img, nil
}
