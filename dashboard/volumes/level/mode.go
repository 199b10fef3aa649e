package level

import (
	"slices"
	"unsafe"
)

// integer are the numbers that labels may be.
type integer interface {
	uint8 | uint16 | uint32 | uint64 | int8 | int16 | int32 | int64
}

// modeRow makes the row of modes of the rows of m, which lie in data.
func modeRow(m *maker, t DType, out, data []byte) {
	signed := t.Kind == 'i'
	switch {
	case t.Size == 1 && signed:
		modes(m, as[int8](out), data)
	case t.Size == 1:
		modes(m, as[uint8](out), data)
	case t.Size == 2 && signed:
		modes(m, as[int16](out), data)
	case t.Size == 2:
		modes(m, as[uint16](out), data)
	case t.Size == 4 && signed:
		modes(m, as[int32](out), data)
	case t.Size == 4:
		modes(m, as[uint32](out), data)
	case signed:
		modes(m, as[int64](out), data)
	default:
		modes(m, as[uint64](out), data)
	}
}

// modes makes the modes of a row of blocks. Most blocks lie inside of a label, so that is looked for first.
func modes[T integer](m *maker, out []T, data []byte) {
	done := 0
	if m.samples == 1 && m.step == 2 {
		switch len(m.rows) {
		case 2:
			done = modes4(m, out, data)
		case 4:
			done = modes8(m, out, data)
		}
		if done == len(out) {
			return
		}
	}
	n := m.cols * m.samples
	other := as[T](m.differences(data, n*int(unsafe.Sizeof(out[0]))))
	top := row[T](data, m.rows[0], n)
	for o := done * m.samples; o < len(out); o++ {
		from := o/m.samples*m.step*m.samples + o%m.samples
		to := min(from+m.step*m.samples, n) // not included
		v := top[from]
		if same(top[from:to], other[from:to], v, m.samples) {
			out[o] = v
		} else {
			out[o] = mode[T](m, data, from, to)
		}
	}
}

// differences has the bits in which any of the rows, of size bytes each, differs from the first one.
func (m *maker) differences(data []byte, size int) []byte {
	m.words = sized(m.words, (size+7)/8)
	clear(m.words)
	out := bytesOf(m.words)[:size]
	words := m.words[:size/8]
	first, rows := m.rows[0], m.rows[1:]
	top := row[uint64](data, first, len(words))[:len(words)]
	for ; len(rows) >= 3; rows = rows[3:] {
		a, b, c := row[uint64](data, rows[0], len(words)), row[uint64](data, rows[1], len(words)), row[uint64](data, rows[2], len(words))
		a, b, c = a[:len(words)], b[:len(words)], c[:len(words)]
		for k, v := range top {
			words[k] |= (a[k] ^ v) | (b[k] ^ v) | (c[k] ^ v)
		}
	}
	for _, r := range rows {
		a := row[uint64](data, r, len(words))[:len(words)]
		for k, v := range top {
			words[k] |= a[k] ^ v
		}
	}
	for _, r := range m.rows[1:] {
		for k := 8 * len(words); k < size; k++ {
			out[k] |= data[first+k] ^ data[r+k]
		}
	}
	return out
}

// same reports whether a block has no other value than v. top is its first row, with samples that are not
// its own, and other are the bits that differ elsewhere.
func same[T integer](top, other []T, v T, samples int) bool {
	var differ T
	other = other[:len(top)]
	if samples == 1 {
		for i, w := range top {
			differ |= (w ^ v) | other[i]
		}
		return differ == 0
	}
	for i := 0; i < len(top); i += samples {
		differ |= (top[i] ^ v) | other[i]
	}
	return differ == 0
}

const (
	// few is how many different values of a block are looked up in a list.
	few = 12
	// most is how many are counted. Where there are more, the block is sorted.
	most = 256
)

// tally counts values.
type tally struct {
	values [most]uint64
	counts [most]int
	n      int
	// places has, for more than a few, where the values are, counted from 1.
	places [2 * most]uint16
}

// add counts n of a value; false if there is no room for it.
func (t *tally) add(v uint64, n int) bool {
	if t.n <= few {
		for i := range t.values[:t.n] {
			if t.values[i] == v {
				t.counts[i] += n
				return true
			}
		}
		if t.n == few {
			clear(t.places[:])
			for i, w := range t.values[:t.n] {
				*t.place(w) = uint16(i + 1)
			}
			*t.place(v) = uint16(t.n + 1)
		}
	} else {
		p := t.place(v)
		if *p > 0 {
			t.counts[*p-1] += n
			return true
		}
		if t.n == most {
			return false
		}
		*p = uint16(t.n + 1)
	}
	t.values[t.n], t.counts[t.n] = v, n
	t.n++
	return true
}

// place is that of a value, 0 in it if there is none of it yet.
func (t *tally) place(v uint64) *uint16 {
	for i := v * 0x9e37_79b9_7f4a_7c15 >> (64 - 9); ; i++ {
		p := &t.places[i%uint64(len(t.places))]
		if *p == 0 || t.values[*p-1] == v {
			return p
		}
	}
}

// mode is the value that most voxels of a block have, the lowest of several. The block has every samples-th
// number of each row, from one, included, to another, not included.
func mode[T integer](m *maker, data []byte, from, to int) T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	t := &m.list
	t.n = 0
	last, run := zero, 0
	for _, r := range m.rows {
		values := row[T](data, r+from*size, to-from)
		for i := 0; i < len(values); i += m.samples {
			if values[i] != last {
				if run > 0 && !t.add(uint64(last), run) {
					return sorted[T](m, data, from, to)
				}
				last, run = values[i], 0
			}
			run++
		}
	}
	if !t.add(uint64(last), run) {
		return sorted[T](m, data, from, to)
	}
	best, count := T(t.values[0]), t.counts[0]
	for i := 1; i < t.n; i++ {
		if v, c := T(t.values[i]), t.counts[i]; c > count || c == count && v < best {
			best, count = v, c
		}
	}
	return best
}

// sorted is the mode of a block of many different values.
func sorted[T integer](m *maker, data []byte, from, to int) T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	n := (to-from-1)/m.samples + 1
	m.block = sized(m.block, len(m.rows)*n*size)
	block := as[T](m.block)
	k := 0
	for _, r := range m.rows {
		values := row[T](data, r+from*size, to-from)
		for i := 0; i < len(values); i += m.samples {
			block[k] = values[i]
			k++
		}
	}
	slices.Sort(block)
	best, count := block[0], 0
	for i := 0; i < len(block); {
		first := i
		for i < len(block) && block[i] == block[first] {
			i++
		}
		if i-first > count {
			best, count = block[first], i-first
		}
	}
	return best
}

// modes8 makes the modes of blocks of 2 columns in 4 rows, and returns how many.
func modes8[T integer](m *maker, out []T, data []byte) int {
	n := m.cols / 2
	a, b := row[T](data, m.rows[0], 2*n), row[T](data, m.rows[1], 2*n)
	c, d := row[T](data, m.rows[2], 2*n), row[T](data, m.rows[3], 2*n)
	narrow := unsafe.Sizeof(out[0]) == 1 // a choice between two bytes is a branch
	for i := range out[:n] {
		v0, v1, v2, v3 := a[2*i], a[2*i+1], b[2*i], b[2*i+1]
		v4, v5, v6, v7 := c[2*i], c[2*i+1], d[2*i], d[2*i+1]
		if (v0^v1)|(v0^v2)|(v0^v3)|(v0^v4)|(v0^v5)|(v0^v6)|(v0^v7) != 0 {
			if narrow {
				v0 = T(mode8(int32(v0), int32(v1), int32(v2), int32(v3), int32(v4), int32(v5), int32(v6), int32(v7)))
			} else {
				v0 = mode8(v0, v1, v2, v3, v4, v5, v6, v7)
			}
		}
		out[i] = v0
	}
	return n
}

// mode8 sorts its values, by 19 exchanges without a branch, and takes the first of the longest runs.
func mode8[T integer](a, b, c, d, e, f, g, h T) T {
	a, c = min(a, c), max(a, c)
	b, d = min(b, d), max(b, d)
	e, g = min(e, g), max(e, g)
	f, h = min(f, h), max(f, h)

	a, e = min(a, e), max(a, e)
	b, f = min(b, f), max(b, f)
	c, g = min(c, g), max(c, g)
	d, h = min(d, h), max(d, h)

	a, b = min(a, b), max(a, b)
	c, d = min(c, d), max(c, d)
	e, f = min(e, f), max(e, f)
	g, h = min(g, h), max(g, h)

	c, e = min(c, e), max(c, e)
	d, f = min(d, f), max(d, f)

	b, e = min(b, e), max(b, e)
	d, g = min(d, g), max(d, g)

	b, c = min(b, c), max(b, c)
	d, e = min(d, e), max(d, e)
	f, g = min(f, g), max(f, g)

	best, most, run := a, 1, 1
	best, most, run = step(a, b, best, most, run)
	best, most, run = step(b, c, best, most, run)
	best, most, run = step(c, d, best, most, run)
	best, most, run = step(d, e, best, most, run)
	best, most, run = step(e, f, best, most, run)
	best, most, run = step(f, g, best, most, run)
	best, _, _ = step(g, h, best, most, run)
	return best
}

// step goes on from one of ascending values to the next: run is how many have been equal.
func step[T integer](last, v, best T, most, run int) (T, int, int) {
	run++
	if v != last {
		run = 1
	}
	if run > most {
		best = v
	}
	return best, max(most, run), run
}

// modes4 makes the modes of blocks of 2 columns in 2 rows, and returns how many.
func modes4[T integer](m *maker, out []T, data []byte) int {
	n := m.cols / 2
	a, b := row[T](data, m.rows[0], 2*n), row[T](data, m.rows[1], 2*n)
	narrow := unsafe.Sizeof(out[0]) == 1
	for i := range out[:n] {
		v, w, x, y := a[2*i], a[2*i+1], b[2*i], b[2*i+1]
		if (v^w)|(v^x)|(v^y) != 0 {
			if narrow {
				v = T(mode4(int32(v), int32(w), int32(x), int32(y)))
			} else {
				v = mode4(v, w, x, y)
			}
		}
		out[i] = v
	}
	return n
}

// mode4 is mode8 for four.
func mode4[T integer](a, b, c, d T) T {
	a, b = min(a, b), max(a, b)
	c, d = min(c, d), max(c, d)
	a, c = min(a, c), max(a, c)
	b, d = min(b, d), max(b, d)
	b, c = min(b, c), max(b, c)
	best, most, run := step(a, b, a, 1, 1)
	best, most, run = step(b, c, best, most, run)
	best, _, _ = step(c, d, best, most, run)
	return best
}
