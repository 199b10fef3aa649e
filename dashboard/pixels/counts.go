package pixels

import (
	"encoding/base64"
	"encoding/binary"
	"math"

	"webmon/dashboard/frame"
	"webmon/shm"
)

const (
	// mostCounted is how many samples of a picture are counted at most: of a larger one every nth pixel, as
	// public/js/arrays/contrast.js does it.
	mostCounted = 1 << 20
	// mostBins is how many bins the values are counted in at most.
	mostBins = 1 << 16
	// fewValues are so few that their least and most are the window, and no percentiles.
	fewValues = 1000
)

// counts are how the values of a picture are distributed. Bin i begins at from + i * width, or is that value alone where width is 1
// and the values are whole.
type counts struct {
	low, high      float64 // least and most finite value; NaN if there is none
	count, missing int     // of those that were looked at: finite ones, and others
	from, width    float64
	bins           []uint32
}

// countValues counts the values of a picture; into is used again. Of colours the alpha does not count.
func countValues(px *shm.Pixels, into []uint32) counts {
	colours := min(px.Samples, 3)
	pixels := px.Rows * px.Cols
	stride := max(1, (pixels*colours+mostCounted-1)/mostCounted)
	if px.Type == shm.U8 || px.Type == shm.U16 {
		return countWhole(px, colours, stride, cleared(into, 1<<(8*px.Type.Size())))
	}
	size := px.Type.Size()
	c := counts{low: math.Inf(1), high: math.Inf(-1), width: 1}
	each := func(visit func(float64)) {
		for at := 0; at < len(px.Data); at += stride * px.Samples * size {
			for s := range colours {
				visit(valueOf(px.Type, px.Data[at+s*size:]))
			}
		}
	}
	each(func(v float64) {
		if v-v != 0 {
			c.missing++
			return
		}
		c.count++
		c.low, c.high = min(c.low, v), max(c.high, v)
	})
	switch whole := px.Type != shm.F32 && px.Type != shm.F64; {
	case c.count == 0:
		c.low, c.high = math.NaN(), math.NaN()
		return c
	case c.low == c.high:
		c.from, c.bins = c.low, append(into[:0], uint32(c.count))
		return c
	case whole && c.high-c.low < mostBins:
		c.bins = cleared(into, int(c.high-c.low)+1)
	default:
		c.bins = cleared(into, mostBins)
		if c.width = c.high/mostBins - c.low/mostBins; c.width == 0 {
			c.width = math.SmallestNonzeroFloat64
		}
	}
	c.from = c.low
	by, last := 1/c.width, len(c.bins)-1
	each(func(v float64) {
		if v-v == 0 {
			c.bins[min(max(int((v-c.low)*by), 0), last)]++
		}
	})
	return c
}

// countWhole is countValues of samples of 8 and 16 bits.
func countWhole(px *shm.Pixels, colours, stride int, bins []uint32) (c counts) {
	size := px.Type.Size()
	for at := 0; at < len(px.Data); at += stride * px.Samples * size {
		for s := range colours {
			if size == 1 {
				bins[px.Data[at+s]]++
			} else {
				bins[binary.LittleEndian.Uint16(px.Data[at+2*s:])]++
			}
			c.count++
		}
	}
	c.width = 1
	first, end := 0, len(bins)
	for first < end && bins[first] == 0 {
		first++
	}
	for end > first && bins[end-1] == 0 {
		end--
	}
	if first == end {
		c.low, c.high = math.NaN(), math.NaN()
		return c
	}
	c.low, c.high, c.from, c.bins = float64(first), float64(end-1), float64(first), bins[first:end]
	return c
}

// cleared is a slice of n zeros, b if that has room.
func cleared(b []uint32, n int) []uint32 {
	if cap(b) < n {
		return make([]uint32, n)
	}
	b = b[:n]
	clear(b)
	return b
}

// at is the value below which a part of the values lie, to the width of a bin.
func (c *counts) at(part float64) float64 {
	wanted, below := part*float64(c.count), 0.0
	for i, n := range c.bins {
		if below += float64(n); below >= wanted && n > 0 {
			return min(max(c.from+float64(i)*c.width, c.low), c.high)
		}
	}
	return c.high
}

// window is what 8 bits are spread over while no page says what it draws.
func (c *counts) window() (low, high float64) {
	low, high = c.at(0.001), c.at(0.999)
	if c.count <= fewValues || !(low < high) {
		low, high = c.low, c.high
	}
	switch {
	case c.count == 0:
		return 0, 1
	case low == high:
		return low, low + max(1, math.Abs(low)*1e-6) // as pages do
	}
	return low, high
}

// write writes the counts of a picture with losses, as pages make theirs of one that is exact:
//
//	{"low", "high": least and most value, null where there is none, "count": finite values, "missing": others,
//	 "from", "width": of bin 0, "bins": text}
//
// bins is base64 of numbers of 7 bits a byte, the lowest first, all but the last byte of each with the bit 128. Each but those that stand behind an even
// one is twice how many values lie in some bins, and 1 more if that is a single bin; behind an even one stands how many bins
// they are. low and high are the window that is drawn: bins are joined to a thousandth of it, or of what lies between the 0.1th and the 99.9th
// percentile if that is less, and further outside to a 64th of the distance.
func (c *counts) write(w *frame.Writer, low, high float64) {
	w.Object()
	w.Key("low").Float(c.low)
	w.Key("high").Float(c.high)
	w.Key("count").Int(int64(c.count))
	w.Key("missing").Int(int64(c.missing))
	w.Key("from").Float(c.from)
	w.Key("width").Float(c.width)
	w.Key("bins").String(base64.StdEncoding.EncodeToString(c.packed(low, high)))
	w.EndObject()
}

// packed are the bins as numbers.
func (c *counts) packed(low, high float64) (out []byte) {
	const (
		fine = 1000 // parts of the narrower range
		most = 3000 // parts of the wider one
		tail = 64
	)
	binOf := func(v float64) int { return int(min(max((v-c.from)/c.width, 0), float64(len(c.bins)))) }
	first, last := binOf(c.at(0.001)), binOf(c.at(0.999))
	left, right := binOf(low), binOf(high)
	step := float64(last - first)
	if right > left {
		step = min(step, float64(right-left))
	}
	first, last = min(first, left), max(last, right)
	span := max(1, int(max(step/fine, float64(last-first)/most)))
	for i := 0; i < len(c.bins); {
		n := span
		switch {
		case i < first:
			n = min(max(n, (first-i)/tail), first-i)
		case i > last:
			n = max(n, (i-last)/tail)
		}
		end := min(i+n, len(c.bins))
		sum := uint64(0)
		for _, b := range c.bins[i:end] {
			sum += uint64(b)
		}
		for sum == 0 && end < len(c.bins) && c.bins[end] == 0 { // nothing at all takes no room
			end++
		}
		if end == i+1 {
			out = binary.AppendUvarint(out, sum<<1|1)
		} else {
			out = binary.AppendUvarint(binary.AppendUvarint(out, sum<<1), uint64(end-i))
		}
		i = end
	}
	return out
}
