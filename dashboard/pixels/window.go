package pixels

import (
	"encoding/binary"
	"math"

	"webmon/shm"
)

// window makes bytes of the samples of a picture: 0 is its low end or less, 255 its high end or more, and 0 what is
// no number. Of colours, low and high are the darkest and the brightest sample. It may be used from several goroutines.
type window struct {
	px         *shm.Pixels
	each       int // samples of a pixel that are read: 1, or 3 of a colour
	low, by    float64
	table      []uint8 // of samples of 8 and 16 bits
	scale      int     // pixels along a side that become one
	nearest    bool    // the one in the middle of them, otherwise their mean
	rows, cols int     // of what becomes of it
}

// newWindow is the window from low to high. table has room for one of 65536 bytes; of is what that was made for before.
func newWindow(px *shm.Pixels, low, high float64, scale int, nearest bool, table *tableOf) *window {
	w := &window{px: px, each: min(px.Samples, 3), scale: scale, nearest: nearest, rows: over(px.Rows, scale), cols: over(px.Cols, scale)}
	if px.Samples == 2 {
		w.each = 1
	}
	w.low, w.by = low, 255/(high-low)
	switch px.Type {
	case shm.U8:
		w.table = table.of(256, w.low, w.by)
	case shm.U16:
		w.table = table.of(65536, w.low, w.by)
	}
	return w
}

// tableOf is a table of bytes for each sample, which is made again only for another window.
type tableOf struct {
	bytes   []uint8
	low, by float64
}

func (t *tableOf) of(n int, low, by float64) []uint8 {
	if len(t.bytes) != n || t.low != low || t.by != by {
		if len(t.bytes) != n {
			t.bytes = make([]uint8, n)
		}
		t.low, t.by = low, by
		for i := range t.bytes {
			t.bytes[i] = byteOf((float64(i) - low) * by)
		}
	}
	return t.bytes
}

// byteOf rounds to a byte; NaN becomes 0.
func byteOf(x float64) uint8 {
	switch {
	case x >= 254.5:
		return 255
	case x > 0:
		return uint8(x + 0.5)
	}
	return 0
}

// row writes a row of the window's bytes: each of them a pixel.
func (w *window) row(dst []byte, row int) {
	if w.scale > 1 {
		w.scaled(dst, row)
		return
	}
	px := w.px
	size := px.Type.Size()
	wide := px.Cols * px.Samples
	src := px.Data[row*wide*size : (row+1)*wide*size]
	if w.each == px.Samples {
		w.samples(dst[:wide], src)
		return
	}
	for i := range px.Cols {
		w.samples(dst[i*w.each:(i+1)*w.each], src[i*px.Samples*size:])
	}
}

// samples writes as many bytes as dst has of the samples in src.
func (w *window) samples(dst, src []byte) {
	low, by := w.low, w.by
	switch w.px.Type {
	case shm.U8:
		table := (*[256]uint8)(w.table)
		src = src[:len(dst)]
		for i, v := range src {
			dst[i] = table[v]
		}
	case shm.U16:
		table := (*[65536]uint8)(w.table)
		for ; len(dst) >= 4 && len(src) >= 8; dst, src = dst[4:], src[8:] {
			v := binary.LittleEndian.Uint64(src)
			dst[0], dst[1], dst[2], dst[3] = table[uint16(v)], table[uint16(v>>16)], table[uint16(v>>32)], table[v>>48]
		}
		for i := range dst {
			dst[i] = table[binary.LittleEndian.Uint16(src[2*i:])]
		}
	case shm.U32:
		for i := range dst {
			dst[i] = byteOf((float64(binary.LittleEndian.Uint32(src[4*i:])) - low) * by)
		}
	case shm.I32:
		for i := range dst {
			dst[i] = byteOf((float64(int32(binary.LittleEndian.Uint32(src[4*i:]))) - low) * by)
		}
	case shm.F32:
		for i := range dst {
			dst[i] = byteOf((float64(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))) - low) * by)
		}
	case shm.F64:
		for i := range dst {
			dst[i] = byteOf((math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])) - low) * by)
		}
	default:
		base, rest := baseOf(w.px.Type, low)
		for i := range dst {
			dst[i] = byteOf((distance(w.px.Type, binary.LittleEndian.Uint64(src[8*i:]), base) - rest) * by)
		}
	}
}

// baseOf is the whole number at or below low that whole numbers of 64 bits are counted from, as its bits, and what low is more.
func baseOf(t shm.PixelType, low float64) (base uint64, rest float64) {
	floor := math.Floor(low)
	if t == shm.U64 {
		floor = min(max(floor, 0), 0x1p63)
		return uint64(floor), low - floor
	}
	floor = min(max(floor, -0x1p63), 0x1p62)
	return uint64(int64(floor)), low - floor
}

// distance is how far a whole number of 64 bits is from a base, before any of its digits is lost.
func distance(t shm.PixelType, bits, base uint64) float64 {
	if t == shm.U64 {
		if bits >= base {
			return float64(bits - base)
		}
		return -float64(base - bits)
	}
	v, b := int64(bits), int64(base)
	if d := v - b; (d >= 0) == (v >= b) {
		return float64(d)
	}
	return float64(v) - float64(b)
}

// scaled writes a row of means, or of the nearest pixels.
func (w *window) scaled(dst []byte, row int) {
	px, k := w.px, w.scale
	size := px.Type.Size()
	pixel := px.Samples * size
	line := px.Cols * pixel
	top, end := row*k, min((row+1)*k, px.Rows)
	if w.nearest {
		src := px.Data[min(top+k/2, px.Rows-1)*line:]
		for x := range w.cols {
			w.samples(dst[x*w.each:(x+1)*w.each], src[min(x*k+k/2, px.Cols-1)*pixel:])
		}
		return
	}
	if w.table != nil && px.Samples == 1 {
		w.wholeMeans(dst, top, end)
		return
	}
	for x := range w.cols {
		left, right := x*k, min((x+1)*k, px.Cols)
		for s := range w.each {
			sum, n := 0.0, 0
			for y := top; y < end; y++ {
				for i := left; i < right; i++ {
					v := valueOf(px.Type, px.Data[y*line+i*pixel+s*size:])
					if v-v == 0 { // finite
						sum += v - w.low
						n++
					}
				}
			}
			dst[x*w.each+s] = byteOf(sum / float64(n) * w.by)
		}
	}
}

// wholeMeans writes the means of rows of samples of 8 or 16 bits from top to end.
func (w *window) wholeMeans(dst []byte, top, end int) {
	px, k := w.px, w.scale
	size := px.Type.Size()
	line := px.Cols * size
	for x := range w.cols {
		left, right := x*k, min((x+1)*k, px.Cols)
		sum := uint32(0)
		for y := top; y < end; y++ {
			src := px.Data[y*line+left*size : y*line+right*size]
			if size == 1 {
				for _, v := range src {
					sum += uint32(v)
				}
				continue
			}
			for ; len(src) >= 2; src = src[2:] {
				sum += uint32(binary.LittleEndian.Uint16(src))
			}
		}
		n := uint32((end - top) * (right - left))
		dst[x] = w.table[(sum+n/2)/n]
	}
}

// valueOf is a sample as a float, which has not all digits of whole numbers of 64 bits.
func valueOf(t shm.PixelType, b []byte) float64 {
	switch t {
	case shm.U8:
		return float64(b[0])
	case shm.U16:
		return float64(binary.LittleEndian.Uint16(b))
	case shm.U32:
		return float64(binary.LittleEndian.Uint32(b))
	case shm.I32:
		return float64(int32(binary.LittleEndian.Uint32(b)))
	case shm.U64:
		return float64(binary.LittleEndian.Uint64(b))
	case shm.I64:
		return float64(int64(binary.LittleEndian.Uint64(b)))
	case shm.F32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

// allOpaque reports whether the last of four samples is full in all pixels.
func allOpaque(px *shm.Pixels, full float64) bool {
	size := px.Type.Size()
	if px.Type == shm.U8 && full == 255 {
		const alphas = 0xff000000_ff000000
		data := px.Data
		for ; len(data) >= 8; data = data[8:] {
			if binary.LittleEndian.Uint64(data)&alphas != alphas {
				return false
			}
		}
		return len(data) < 4 || data[3] == 255
	}
	for at := 3 * size; at < len(px.Data); at += 4 * size {
		if valueOf(px.Type, px.Data[at:]) < full {
			return false
		}
	}
	return true
}
