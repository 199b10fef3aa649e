package level

import (
	"math"
	"math/bits"
	"unsafe"
)

// narrow are the whole numbers of which enough fit into a sum of 64 bits.
type narrow interface {
	uint8 | uint16 | uint32 | int8 | int16 | int32
}

// meanRow makes the row of means of the rows of m, which lie in data. The means are native, as the rows are.
func meanRow(m *maker, t DType, out, data []byte) {
	switch t.Kind {
	case 'b':
		meanNarrow(m, as[uint8](out), data)
	case 'u':
		switch t.Size {
		case 1:
			meanNarrow(m, as[uint8](out), data)
		case 2:
			meanNarrow(m, as[uint16](out), data)
		case 4:
			meanNarrow(m, as[uint32](out), data)
		default:
			meanWide(m, as[uint64](out), data, 0)
		}
	case 'i':
		switch t.Size {
		case 1:
			meanNarrow(m, as[int8](out), data)
		case 2:
			meanNarrow(m, as[int16](out), data)
		case 4:
			meanNarrow(m, as[int32](out), data)
		default:
			meanWide(m, as[uint64](out), data, 1<<63)
		}
	default:
		if t.Size == 4 {
			meanFloats(m, as[float32](out), data)
		} else {
			meanFloats(m, as[float64](out), data)
		}
	}
}

// meanNarrow makes as many means as it can in lanes of a word, and the others of sums of columns.
func meanNarrow[T narrow](m *maker, out []T, data []byte) {
	size := int(unsafe.Sizeof(out[0]))
	var zero T
	cols := m.laneCols(size)
	if cols > 0 {
		n := cols / m.step
		signed := zero-1 < zero
		if size == 1 {
			meanLanes8(m, as[uint8](bytesOf(out[:n])), data, cols, signed)
		} else {
			meanLanes16(m, as[uint16](bytesOf(out[:n])), data, cols, signed)
		}
		out = out[n:]
	}
	cols = m.cols - cols
	if cols == 0 {
		return
	}
	m.words = sized(m.words, cols*m.samples)
	sums := m.words
	clear(sums)
	skip := (m.cols - cols) * m.samples * size
	rows := m.rows
	for ; len(rows) >= 4; rows = rows[4:] {
		a, b := row[T](data, rows[0]+skip, len(sums)), row[T](data, rows[1]+skip, len(sums))
		c, d := row[T](data, rows[2]+skip, len(sums)), row[T](data, rows[3]+skip, len(sums))
		for k := range sums {
			// What has a sign keeps it.
			sums[k] += uint64(a[k]) + uint64(b[k]) + uint64(c[k]) + uint64(d[k])
		}
	}
	for _, at := range rows {
		for k, v := range row[T](data, at+skip, len(sums)) {
			sums[k] += uint64(v)
		}
	}
	if m.samples == 1 && m.step == 2 {
		count := 2 * len(m.rows)
		for ; len(sums) >= 2; sums = sums[2:] {
			out[0] = T(rounded(int64(sums[0]+sums[1]), count))
			out = out[1:]
		}
	}
	for o := 0; len(sums) > 0; o += m.samples {
		n := min(m.step, len(sums)/m.samples)
		for s := range m.samples {
			var total uint64
			for i := s; i < n*m.samples; i += m.samples {
				total += sums[i]
			}
			out[o+s] = T(rounded(int64(total), n*len(m.rows)))
		}
		sums = sums[n*m.samples:]
	}
}

// bytesOf are numbers as bytes.
func bytesOf[T any](s []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(zero)))
}

// rounded is the mean of so many numbers from their sum, a half rounded away from zero.
func rounded(sum int64, count int) int64 {
	half := int64(count) / 2
	if sum < 0 {
		half = -half
	}
	sum += half
	// A division of floats is several times faster. It is never rounded up to a whole number: what lies
	// below one lies at least 1/count below, which is more than half a unit in the last place of a
	// quotient if the numerator is that small.
	if const52 := int64(1) << 52; -const52 < sum && sum < const52 {
		return int64(float64(sum) / float64(count))
	}
	return sum / int64(count)
}

// Every second byte, and so on, of a word.
const (
	bytes2 = 0x00ff_00ff_00ff_00ff
	bytes4 = 0x0000_00ff_0000_00ff
	pairs4 = 0x0000_ffff_0000_ffff
	ones2  = 0x0001_0001_0001_0001
	ones4  = 0x0000_0001_0000_0001
)

// laneCols is how many columns of a row are made in lanes: whole blocks that fill whole words, of numbers of
// one or two bytes, a power of two of them to a mean, and few enough for all sums to keep the highest bit of
// a lane free.
func (m *maker) laneCols(size int) int {
	rows := len(m.rows)
	if size > 2 || m.samples > 1 || m.step < 2 || m.step&(m.step-1) != 0 || rows&(rows-1) != 0 || rows > 64 {
		return 0
	}
	if m.step > 1<<16 {
		return 0
	}
	unit := max(m.step, 8/size)
	return m.cols / unit * unit
}

// lanes adds rows of so many words: the two numbers of each lane, in all rows. Numbers with a sign are
// turned by flip into ones that count from the lowest.
func (m *maker) lanes(data []byte, words int, mask uint64, shift uint, flip uint64) []uint64 {
	m.words = sized(m.words, words)
	sums := m.words
	skip := 0 // bytes of a row that are added already
	if blocks := 8 * words / sumBytes; wideLanes && blocks > 0 {
		skip = blocks * sumBytes
		for _, at := range m.rows {
			_ = data[at : at+skip]
		}
		add := sums16
		if shift == 8 {
			add = sums8
		}
		add(unsafe.Pointer(&sums[0]), unsafe.Pointer(&data[0]), &m.rows[0], len(m.rows), blocks, m.ahead, flip)
	}
	m.addWords(sums[skip/8:], data, skip, mask, shift, flip)
	return sums
}

// addWords adds the words that lie skip bytes behind the beginning of each row.
func (m *maker) addWords(sums []uint64, data []byte, skip int, mask uint64, shift uint, flip uint64) {
	if len(sums) == 0 {
		return
	}
	shift &= 63
	switch rows := m.rows; len(rows) {
	case 1:
		for k, a := range row[uint64](data, rows[0]+skip, len(sums))[:len(sums)] {
			a ^= flip
			sums[k] = a&mask + a>>shift&mask
		}
	case 2:
		a, b := row[uint64](data, rows[0]+skip, len(sums)), row[uint64](data, rows[1]+skip, len(sums))
		for k := range sums {
			a, b := a[k]^flip, b[k]^flip
			sums[k] = a&mask + a>>shift&mask + b&mask + b>>shift&mask
		}
	default:
		for i := 0; i < len(rows); i += 4 {
			a, b := row[uint64](data, rows[i]+skip, len(sums)), row[uint64](data, rows[i+1]+skip, len(sums))
			c, d := row[uint64](data, rows[i+2]+skip, len(sums)), row[uint64](data, rows[i+3]+skip, len(sums))
			if i == 0 {
				for k := range sums {
					a, b, c, d := a[k]^flip, b[k]^flip, c[k]^flip, d[k]^flip
					sums[k] = (a&mask + b&mask + c&mask + d&mask) + (a>>shift&mask + b>>shift&mask + c>>shift&mask + d>>shift&mask)
				}
				continue
			}
			for k := range sums {
				a, b, c, d := a[k]^flip, b[k]^flip, c[k]^flip, d[k]^flip
				sums[k] += (a&mask + b&mask + c&mask + d&mask) + (a>>shift&mask + b>>shift&mask + c>>shift&mask + d>>shift&mask)
			}
		}
	}
}

// divider divides the sums in the lanes of a word by a power of two.
type divider struct {
	shift           uint
	half, base, top uint64 // in each lane: half of the divisor, the sum of as many zeros, the highest bit
	down            uint
}

// newDivider divides by count. ones has a 1 in each lane, and lanes are so many bits wide; zero is what
// stands for 0 in the numbers that are added.
func newDivider(count int, ones uint64, width uint, zero uint64) divider {
	return divider{
		shift: uint(bits.TrailingZeros(uint(count))), half: ones * uint64(count/2), base: ones * (uint64(count) * zero),
		top: ones << (width - 1), down: width - 1,
	}
}

// means are the quotients, each in the lower half of its lane; what lies above is of no meaning. A half is
// rounded up, or down below zero.
func (d divider) means(sums uint64) uint64 {
	below := ^((sums | d.top) - d.base) & d.top >> (d.down & 63)
	return (sums + d.half - below) >> (d.shift & 63)
}

// meanLanes8 makes means of bytes: of the sums of neighbours, four to a word.
func meanLanes8(m *maker, out []uint8, data []byte, cols int, signed bool) {
	var flip, zero uint64
	if signed {
		flip, zero = 0x8080_8080_8080_8080, 0x80
	}
	sums := m.lanes(data, cols/8, bytes2, 8, flip)
	count := m.step * len(m.rows)
	if blocks := cols / sumBytes; wideLanes && blocks > 0 && m.step <= 4 {
		first, half, shift := unsafe.Pointer(&sums[0]), uint64(count/2), uint64(bits.TrailingZeros(uint(count)))
		base := 2 * zero * uint64(len(m.rows)) // of a lane
		done := blocks * sumBytes / m.step
		_ = out[:done]
		if m.step == 2 {
			halves8(unsafe.Pointer(&out[0]), first, 2*blocks, base, half, shift)
		} else {
			quarters8(unsafe.Pointer(&out[0]), first, blocks, base, half, shift)
		}
		sums, out = sums[blocks*sumBytes/8:], out[done:]
	}
	switch m.step {
	case 2:
		d := newDivider(count, ones2, 16, zero)
		for k, s := range sums {
			s = d.means(s) & bytes2
			s = (s | s>>8) & pairs4
			*(*uint32)(unsafe.Pointer(&out[4*k : 4*k+4][0])) = uint32(s|s>>16) ^ uint32(flip)
		}
	case 4:
		d := newDivider(count, ones4, 32, zero)
		for k, s := range sums {
			s = d.means(s&pairs4+s>>16&pairs4) & bytes4
			*(*uint16)(unsafe.Pointer(&out[2*k : 2*k+2][0])) = uint16(s|s>>24) ^ uint16(flip)
		}
	default:
		d := newDivider(count, 1, 64, zero)
		words := m.step / 8
		for k := range out {
			var total uint64
			for _, s := range sums[k*words:][:words] {
				s = s&pairs4 + s>>16&pairs4
				total += s&math.MaxUint32 + s>>32
			}
			out[k] = uint8(d.means(total) ^ flip)
		}
	}
}

// meanLanes16 makes means of numbers of two bytes: of the sums of neighbours, two to a word.
func meanLanes16(m *maker, out []uint16, data []byte, cols int, signed bool) {
	var flip, zero uint64
	if signed {
		flip, zero = 0x8000_8000_8000_8000, 0x8000
	}
	sums := m.lanes(data, cols/4, pairs4, 16, flip)
	count := m.step * len(m.rows)
	if m.step == 2 {
		d := newDivider(count, ones4, 32, zero)
		for k, s := range sums {
			s = d.means(s) & pairs4
			*(*uint32)(unsafe.Pointer(&out[2*k : 2*k+2][0])) = uint32(s|s>>16) ^ uint32(flip)
		}
		return
	}
	d := newDivider(count, 1, 64, zero)
	words := m.step / 4
	for k := range out {
		var total uint64
		for _, s := range sums[k*words:][:words] {
			total += s&math.MaxUint32 + s>>32
		}
		out[k] = uint16(d.means(total) ^ flip)
	}
}

// meanWide makes means of numbers of 64 bits, of the sums of their halves. flip turns numbers with a sign into
// ones that count from the lowest.
func meanWide(m *maker, out []uint64, data []byte, flip uint64) {
	n := m.cols * m.samples
	m.words = sized(m.words, 2*n)
	clear(m.words)
	low, high := m.words[:n], m.words[n:]
	rows := m.rows
	for ; len(rows) >= 2; rows = rows[2:] {
		a, b := row[uint64](data, rows[0], n)[:len(low)], row[uint64](data, rows[1], n)[:len(low)]
		high := high[:len(low)]
		for k := range low {
			a, b := a[k]^flip, b[k]^flip
			low[k] += a&math.MaxUint32 + b&math.MaxUint32
			high[k] += a>>32 + b>>32
		}
	}
	for _, at := range rows {
		for k, v := range row[uint64](data, at, n) {
			low[k] += (v ^ flip) & math.MaxUint32
			high[k] += (v ^ flip) >> 32
		}
	}
	for o := 0; len(low) > 0; o += m.samples {
		n := min(m.step, len(low)/m.samples)
		count := uint64(n * len(m.rows))
		for s := range m.samples {
			var l, h, carry uint64
			for i := s; i < n*m.samples; i += m.samples {
				l += low[i]
				h += high[i]
			}
			l, carry = bits.Add64(h<<32, l, 0)
			h = h>>32 + carry
			half := count / 2
			// So many zeros have the sum count << 63.
			if flip != 0 && (h < count>>1 || h == count>>1 && l < count<<63) {
				half = (count - 1) / 2
			}
			l, carry = bits.Add64(l, half, 0)
			mean, _ := bits.Div64(h+carry, l, count)
			out[o+s] = mean ^ flip
		}
		low, high = low[n*m.samples:], high[n*m.samples:]
	}
}

// meanFloats makes means of sums of float64. Sums are made as if nothing were NaN: one that is NaN tells that
// something is, and is made again.
func meanFloats[T float32 | float64](m *maker, out []T, data []byte) {
	n := m.cols * m.samples
	m.floats = sized(m.floats, n)
	sums := m.floats
	clear(sums)
	m.lost = m.lost[:0] // of no column is anything lost
	rows := m.rows
	for ; len(rows) >= 4; rows = rows[4:] {
		a, b := row[T](data, rows[0], len(sums)), row[T](data, rows[1], len(sums))
		c, d := row[T](data, rows[2], len(sums)), row[T](data, rows[3], len(sums))
		for k := range sums {
			s := (float64(a[k]) + float64(b[k])) + (float64(c[k]) + float64(d[k]))
			if s != s {
				s = m.there(k, float64(a[k])) + m.there(k, float64(b[k])) + m.there(k, float64(c[k])) + m.there(k, float64(d[k]))
			}
			sums[k] += s
		}
	}
	for _, at := range rows {
		for k, v := range row[T](data, at, len(sums)) {
			if v == v {
				sums[k] += float64(v)
			} else {
				m.there(k, float64(v))
			}
		}
	}
	var size = int(unsafe.Sizeof(out[0]))
	for o, from := 0, 0; from < n; o += m.samples {
		cols := min(m.step, (n-from)/m.samples)
		for s := range m.samples {
			var total float64
			count := cols * len(m.rows)
			for i := from + s; i < from+cols*m.samples; i += m.samples {
				total += sums[i]
			}
			if len(m.lost) > 0 {
				for i := from + s; i < from+cols*m.samples; i += m.samples {
					count -= int(m.lost[i])
				}
			}
			mean := total / float64(count)
			if size == 8 && mean-mean != 0 && count > 0 {
				mean = meanLarge(m, data, from+s, cols, count)
			}
			out[o+s] = T(mean)
		}
		from += cols * m.samples
	}
}

// there returns a value for a sum. NaN is counted as lost, and there returns 0.
func (m *maker) there(column int, v float64) float64 {
	if v == v {
		return v
	}
	if len(m.lost) == 0 {
		m.lost = sized(m.lost, len(m.floats))
		clear(m.lost)
	}
	m.lost[column]++
	return 0
}

// meanLarge is the mean of the count values of a block of float64 that are not NaN, of which some are
// infinite, or which are too large for a sum.
func meanLarge(m *maker, data []byte, from, cols, count int) float64 {
	const small = 1.0 / (1 << 62)
	var sum float64
	for _, at := range m.rows {
		values := row[float64](data, at, m.cols*m.samples)
		for i := from; i < from+cols*m.samples; i += m.samples {
			if v := values[i]; v == v {
				sum += v * small
			}
		}
	}
	return sum / float64(count) / small
}
