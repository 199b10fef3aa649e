// Package jpeg writes pictures as baseline JPEG (ITU-T T.81), fast enough to do so for every frame
// of a camera. It is the lossy writing of the pictures that are sent to browsers. It reads no
// pictures: browsers do, and tests do with image/jpeg.
//
//	out = jpeg.AppendGray(out, rows, cols, 75, func(dst []byte, row int) { copy(dst, pixels[row*cols:][:cols]) })
//
// Two coefficients share a word of 64 bits while they are transformed (see transform), tables turn
// a short run of zeros and a small value into their code at once, and rows of blocks are written
// on several processors, each part behind a restart marker.
package jpeg

import (
	"encoding/binary"
	"runtime"
	"slices"
	"sync"

	"webmon/fault"
)

// MostSide is how many rows and columns a picture has at most.
const MostSide = 65535

// Halved is the quality from which colours have as many samples as brightness has. Below, a pair of rows and of
// columns shares one: edges of coloured lines become softer.
const Halved = 90

const (
	// mostParts is on how many processors one picture is written.
	mostParts = 4
	// leastPart is how many pixels are worth a goroutine of their own.
	leastPart = 128 << 10
)

// Row writes one row of a picture: of gray 1 byte, of colours 3 bytes a pixel (red, green, blue). It is called from several goroutines
// at the same time, for different rows.
type Row func(dst []byte, row int)

// AppendGray appends a picture of gray values, of 1 to MostSide rows and columns and a quality of 1 to 100 as libjpeg counts it.
func AppendGray(dst []byte, rows, cols, quality int, row Row) []byte {
	return appendPicture(dst, rows, cols, quality, 1, row)
}

// AppendColor appends a picture in colour; see AppendGray and Halved.
func AppendColor(dst []byte, rows, cols, quality int, row Row) []byte {
	return appendPicture(dst, rows, cols, quality, 3, row)
}

// picture is what its parts have in common.
type picture struct {
	rows, cols int
	colours    bool
	halved     bool // colours have half as many samples along both sides
	unit       int  // pixels along a side of what is coded together
	units      int  // of those there are so many side by side
	row        Row
	luma       quantiser
	chroma     quantiser
}

func appendPicture(dst []byte, rows, cols, quality, samples int, row Row) []byte {
	p := picture{rows: rows, cols: cols, colours: samples == 3, unit: 8, row: row}
	p.halved = p.colours && quality < Halved
	if p.halved {
		p.unit = 16
	}
	p.units = (cols + p.unit - 1) / p.unit
	down := (rows + p.unit - 1) / p.unit
	luma, chroma := tableOf(&lumaTable, quality), tableOf(&chromaTable, quality)
	p.luma.set(&luma)
	if p.colours {
		p.chroma.set(&chroma)
	}
	parts := max(1, min(runtime.GOMAXPROCS(0), mostParts, down, rows*cols/leastPart))
	each := (down + parts - 1) / parts // rows of units a part
	if each*p.units > 65535 {          // a restart interval has 16 bits
		each, parts = down, 1
	}
	parts = (down + each - 1) / each

	dst = p.appendHead(dst, &luma, &chroma)
	if parts > 1 {
		dst = append(dst, 0xff, 0xdd, 0, 4)
		dst = binary.BigEndian.AppendUint16(dst, uint16(each*p.units))
	}
	dst = p.appendScan(dst)

	if parts == 1 {
		w := workers.Get().(*worker)
		w.out = dst
		w.part(&p, 0, down)
		dst, w.out = w.out, nil
		workers.Put(w)
		return append(dst, 0xff, 0xd9)
	}
	var done sync.WaitGroup
	others := make([]*worker, parts)
	faults := make([]error, parts)
	for i := 1; i < parts; i++ {
		w := workers.Get().(*worker)
		w.out = w.own[:0]
		others[i] = w
		fault.Go(&done, func() { w.part(&p, i*each, min(down, (i+1)*each)) }, func(err error) { faults[i] = err })
	}
	w := workers.Get().(*worker)
	w.out = dst
	err := fault.Do(func() { w.part(&p, 0, each) })
	done.Wait()
	for _, other := range faults[1:] {
		if err == nil {
			err = other
		}
	}
	if err != nil {
		panic(err) // as if there were no goroutines
	}
	dst, w.out = w.out, nil
	workers.Put(w)
	for i, w := range others[1:] {
		dst = append(dst, 0xff, 0xd0+byte(i&7))
		dst = append(dst, w.out...)
		w.own, w.out = w.out, nil
		if cap(w.own) > mostKept {
			w.own = nil
		}
		workers.Put(w)
	}
	return append(dst, 0xff, 0xd9)
}

// mostKept is how large a buffer a worker keeps for the next picture, bytes.
const mostKept = 4 << 20

var workers = sync.Pool{New: func() any { return new(worker) }}

// worker writes one part of a picture.
type worker struct {
	bits
	own    []byte // used again
	strip  []byte // rows of pixels as they came, in colours
	planes [3][]byte
	coeff  [64]int16
	lanes  [32]int64
}

// grown returns a slice of n bytes, b if that is long enough.
func grown(b []byte, n int) []byte {
	if cap(b) >= n {
		return b[:n]
	}
	return make([]byte, n)
}

// part writes rows of units, from first to end.
func (w *worker) part(p *picture, first, end int) {
	w.acc, w.n = 0, 0
	width := p.units * p.unit
	w.planes[0] = grown(w.planes[0], p.unit*width)
	if p.colours {
		n := 8 * p.units * 8
		w.strip = grown(w.strip, 3*width*p.unit)
		w.planes[1], w.planes[2] = grown(w.planes[1], n), grown(w.planes[2], n)
	}
	var dc [3]int32
	for down := first; down < end; down++ {
		// A block may take up to 64 * 27 bits, each byte doubled.
		w.out = slices.Grow(w.out, p.units*64*2+4096)
		if !p.colours {
			p.grays(w.planes[0], down*8)
			for x := range p.units {
				dc[0] = w.block(w.planes[0][8*x:], width, &p.luma, &lumaCodes, dc[0])
			}
			continue
		}
		p.splits(w, down*p.unit)
		y, half := w.planes[0], 8*p.units
		for x := range p.units {
			if p.halved {
				dc[0] = w.block(y[16*x:], width, &p.luma, &lumaCodes, dc[0])
				dc[0] = w.block(y[16*x+8:], width, &p.luma, &lumaCodes, dc[0])
				dc[0] = w.block(y[8*width+16*x:], width, &p.luma, &lumaCodes, dc[0])
				dc[0] = w.block(y[8*width+16*x+8:], width, &p.luma, &lumaCodes, dc[0])
			} else {
				dc[0] = w.block(y[8*x:], width, &p.luma, &lumaCodes, dc[0])
			}
			dc[1] = w.block(w.planes[1][8*x:], half, &p.chroma, &chromaCodes, dc[1])
			dc[2] = w.block(w.planes[2][8*x:], half, &p.chroma, &chromaCodes, dc[2])
		}
	}
	w.flush()
}

// grays reads 8 rows of gray values. What lies beyond the picture is as its edge is.
func (p *picture) grays(strip []byte, from int) {
	width := p.units * p.unit
	for r := range p.unit {
		line := strip[r*width : (r+1)*width]
		if from+r >= p.rows {
			copy(line, strip[(r-1)*width:r*width])
			continue
		}
		p.row(line[:p.cols], from+r)
		for i := p.cols; i < width; i++ {
			line[i] = line[p.cols-1]
		}
	}
}

// splits reads as many rows of colours as a unit has, as brightness and two differences of colour.
func (p *picture) splits(w *worker, from int) {
	width := p.units * p.unit
	for r := range p.unit {
		line := w.strip[3*r*width : 3*(r+1)*width]
		if from+r >= p.rows {
			copy(line, w.strip[3*(r-1)*width:3*r*width])
			continue
		}
		p.row(line[:3*p.cols], from+r)
		for i := 3 * p.cols; i < 3*width; i++ {
			line[i] = line[i-3]
		}
	}
	for r := range p.unit {
		line, y := w.strip[3*r*width:3*(r+1)*width], w.planes[0][r*width:(r+1)*width]
		for i := range y {
			c := line[3*i : 3*i+3 : 3*i+3]
			y[i] = uint8((19595*uint32(c[0]) + 38470*uint32(c[1]) + 7471*uint32(c[2]) + 1<<15) >> 16)
		}
	}
	half := 8 * p.units
	for r := range 8 {
		blue, red := w.planes[1][r*half:(r+1)*half], w.planes[2][r*half:(r+1)*half]
		if !p.halved {
			line := w.strip[3*r*width : 3*(r+1)*width]
			for i := range blue {
				c := line[3*i : 3*i+3 : 3*i+3]
				blue[i], red[i] = differences(int32(c[0]), int32(c[1]), int32(c[2]), 16)
			}
			continue
		}
		above, below := w.strip[6*r*width:3*(2*r+1)*width], w.strip[3*(2*r+1)*width:6*(r+1)*width]
		for i := range blue {
			a, b := above[6*i:6*i+6:6*i+6], below[6*i:6*i+6:6*i+6]
			blue[i], red[i] = differences(int32(a[0])+int32(a[3])+int32(b[0])+int32(b[3]),
				int32(a[1])+int32(a[4])+int32(b[1])+int32(b[4]), int32(a[2])+int32(a[5])+int32(b[2])+int32(b[5]), 18)
		}
	}
}

// differences are Cb and Cr of sums of colours; shift is 16 and the logarithm of how many were added.
func differences(r, g, b int32, shift uint) (blue, red uint8) {
	bias := int32(128)<<shift + int32(1)<<(shift-1) - 1
	return uint8((-11059*r - 21709*g + 32768*b + bias) >> shift), uint8((32768*r - 27439*g - 5329*b + bias) >> shift)
}

// block writes the 8 x 8 samples that begin at src, behind another block whose mean was dc. It returns its own.
func (w *worker) block(src []byte, stride int, q *quantiser, codes *codes, dc int32) int32 {
	transform(src, stride, &w.lanes)
	mask := q.quantise(&w.lanes, &w.coeff)
	mean := int32(w.coeff[0])
	w.coefficients(&w.coeff, mask, codes, mean-dc)
	return mean
}
