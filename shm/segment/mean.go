package segment

import (
	"math"
	"unsafe"
)

// means makes one row of means out of the rows added between begin and end.
//
// Three ways, of which the fastest that fits is taken: eight bytes of whole
// numbers at a time, in lanes of one register, for steps that are powers of two;
// sums of floats without a loop for steps of 2, 4 and 8; and for all else sums of
// columns, over all rows, which are put together at the end.
//
// Floats may be NaN or infinite. Sums are made as if none were: one that is not finite
// tells that some are, and is made again with a look at each of its pixels. So what is
// missing costs time only where it is.
type means[T pixel] struct {
	step, cols, samples int
	rows                int // of this row of means
	fused               int // means of this row that add made
	fusable             int // of a row that is whole

	// Sums of columns, from column fused*step on. Only one of the two is used.
	ints   []uint32
	floats []float64
	lost   []lost // of a column of floats; of no meaning unless loss
	loss   bool   // something of this row of means is lost
}

// lost is what the sum of a column leaves out.
type lost struct {
	pixels uint32  // NaN and the infinities
	end    float64 // the greatest of the infinities, 0: there is none
}

// add adds what cannot be part of a mean.
func (l *lost) add(v float64) {
	l.pixels++
	if v == v && (l.end == 0 || v > l.end) {
		l.end = v
	}
}

// mean returns the mean of the pixels that are not lost, from the sum of the finite
// ones. If all are lost, the mean is an infinity if there was one, otherwise NaN.
func (l *lost) mean(sum float64, pixels int) float64 {
	switch left := pixels - int(l.pixels); {
	case left > 0:
		return sum / float64(left)
	case l.end != 0:
		return l.end
	}
	return math.NaN()
}

func newMeans[T pixel](p *plane) *means[T] {
	m := &means[T]{step: p.step, cols: p.cols, samples: p.samples}
	if p.samples == 1 {
		m.fusable = fusable[T](p.step, p.cols)
	}
	return m
}

func isFloat[T pixel]() bool { return T(3)/2 != 1 }

// fusable is how many means of a row the fast ways make.
func fusable[T pixel](step, cols int) int {
	var zero T
	out := cols / step
	if isFloat[T]() {
		if step == 2 || step == 4 || step == 8 {
			return out
		}
		return 0
	}
	// More rows than 64 might overflow a lane.
	if step > 64 || step&(step-1) != 0 {
		return 0
	}
	perWord := 8 / int(unsafe.Sizeof(zero)) / step
	return out - out%max(perWord, 1)
}

// begin begins a row of means of so many rows of pixels.
func (m *means[T]) begin(rows int) {
	m.rows, m.fused = rows, 0
	if rows == m.step {
		m.fused = m.fusable
	}
	n := (m.cols - m.fused*m.step) * m.samples
	if isFloat[T]() {
		m.floats, m.loss = zeroed(m.floats, n), false
	} else {
		m.ints = zeroed(m.ints, n)
	}
}

func zeroed[A any](s []A, n int) []A {
	if cap(s) < n {
		return make([]A, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// add adds n rows, the first of them at p. Those of a step that has a fast way all
// come at once.
func (m *means[T]) add(out []T, p unsafe.Pointer, stride, n int) {
	var zero T
	switch {
	case m.fused == 0:
	case isFloat[T]():
		meanFloats(out[:m.fused], p, stride, m.step)
	default:
		meanLanes(out[:m.fused], p, stride, m.step)
	}
	if m.fused*m.step == m.cols {
		return // behind it may be nothing
	}
	p = unsafe.Add(p, m.fused*m.step*int(unsafe.Sizeof(zero)))
	if isFloat[T]() {
		m.sumFloats(p, stride, n)
	} else {
		sumInts[T](m.ints, p, stride, n)
	}
}

// end puts the sums of columns together.
func (m *means[T]) end(out []T) {
	out = out[m.fused*m.samples:]
	switch {
	case isFloat[T]() && m.loss:
		m.endLoss(out)
	case isFloat[T]():
		endRow[T, float64, float64](m, out, m.floats, 0)
	default:
		endRow[T, uint32, uint64](m, out, m.ints, 0.5)
	}
}

// endRow makes means of the sums of columns, rounded where they are cut to whole
// numbers. A quotient of float64 is never rounded up to a whole number here: of sums
// of at most 2^48 and at most 2^32 pixels it is further from one than that.
func endRow[T pixel, A uint32 | float64, S uint64 | float64](m *means[T], out []T, sums []A, round float64) {
	n := m.step
	for left := m.cols - m.fused*m.step; left > 0; left -= m.step {
		n = min(n, left)
		scale := float64(n * m.rows)
		half := math.Floor(scale * round)
		part := sums[:n*m.samples]
		sums = sums[n*m.samples:]
		for s := range m.samples {
			var total S
			if m.samples == 1 {
				for _, v := range part {
					total += S(v)
				}
			} else {
				for i := s; i < len(part); i += m.samples {
					total += S(part[i])
				}
			}
			out[s] = T((float64(total) + half) / scale)
		}
		out = out[m.samples:]
	}
}

// endLoss makes means of the sums of columns of which something is lost.
func (m *means[T]) endLoss(out []T) {
	for at := 0; len(out) > 0; out = out[m.samples:] {
		n := min(m.step, m.cols-m.fused*m.step-at)
		for s := range m.samples {
			var sum float64
			var all lost
			for i := at * m.samples; i < (at+n)*m.samples; i += m.samples {
				sum += m.floats[i+s]
				all.pixels += m.lost[i+s].pixels
				if end := m.lost[i+s].end; end != 0 && (all.end == 0 || end > all.end) {
					all.end = end
				}
			}
			out[s] = T(all.mean(sum, n*m.rows))
		}
		at += n
	}
}

// sumInts adds n rows to the sums of their columns.
func sumInts[T pixel](sums []uint32, p unsafe.Pointer, stride, n int) {
	i := 0
	for ; i+4 <= n; i += 4 {
		a, b, c, d := rowAt[T](p, i*stride, len(sums)), rowAt[T](p, (i+1)*stride, len(sums)), rowAt[T](p, (i+2)*stride, len(sums)), rowAt[T](p, (i+3)*stride, len(sums))
		for k := range sums {
			sums[k] += uint32(a[k]) + uint32(b[k]) + uint32(c[k]) + uint32(d[k])
		}
	}
	for ; i < n; i++ {
		a := rowAt[T](p, i*stride, len(sums))
		for k := range sums {
			sums[k] += uint32(a[k])
		}
	}
}

// sumFloats adds n rows to the sums of their columns, but what is not finite to what is
// lost of them.
func (m *means[T]) sumFloats(p unsafe.Pointer, stride, n int) {
	sums := m.floats
	i := 0
	for ; i+4 <= n; i += 4 {
		a, b, c, d := rowAt[T](p, i*stride, len(sums)), rowAt[T](p, (i+1)*stride, len(sums)), rowAt[T](p, (i+2)*stride, len(sums)), rowAt[T](p, (i+3)*stride, len(sums))
		for k := range sums {
			s := float64(a[k]) + float64(b[k]) + float64(c[k]) + float64(d[k])
			if s-s != 0 {
				s = m.finite(k, a[k]) + m.finite(k, b[k]) + m.finite(k, c[k]) + m.finite(k, d[k])
			}
			sums[k] += s
		}
	}
	for ; i < n; i++ {
		a := rowAt[T](p, i*stride, len(sums))
		for k := range sums {
			s := float64(a[k])
			if s-s != 0 {
				s = m.finite(k, a[k])
			}
			sums[k] += s
		}
	}
}

// rowAt returns n pixels that lie a number of bytes behind p.
func rowAt[T pixel](p unsafe.Pointer, at, n int) []T {
	return unsafe.Slice((*T)(unsafe.Add(p, at)), n)[:n]
}

// finite returns v for a sum. If v is not finite, it is counted as lost and finite
// returns 0.
func (m *means[T]) finite(column int, v T) float64 {
	x := float64(v)
	if x-x == 0 {
		return x
	}
	if !m.loss {
		m.lost, m.loss = zeroed(m.lost, len(m.floats)), true
	}
	m.lost[column].add(x)
	return 0
}

// meanFloats makes means of 2 x 2, 4 x 4 or 8 x 8 floats.
func meanFloats[T pixel](out []T, p unsafe.Pointer, stride, step int) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	at := func(p unsafe.Pointer, i int) T { return *(*T)(unsafe.Add(p, i*size)) }
	switch step {
	case 2:
		q := unsafe.Add(p, stride)
		for i := range out {
			v := (at(p, 2*i) + at(p, 2*i+1) + at(q, 2*i) + at(q, 2*i+1)) / 4
			if v-v != 0 {
				v = meanFinite[T](unsafe.Add(p, 2*i*size), stride, step)
			}
			out[i] = v
		}
	default:
		scale := T(step * step)
		for i := range out {
			var a, b, c, d T // so that no sum waits for another
			for y := range step {
				q := unsafe.Add(p, i*step*size+y*stride)
				a += at(q, 0)
				b += at(q, 1)
				c += at(q, 2)
				d += at(q, 3)
				if step == 8 {
					a += at(q, 4)
					b += at(q, 5)
					c += at(q, 6)
					d += at(q, 7)
				}
			}
			v := (a + b + c + d) / scale
			if v-v != 0 {
				v = meanFinite[T](unsafe.Add(p, i*step*size), stride, step)
			}
			out[i] = v
		}
	}
}

// meanFinite is the mean of step x step floats of which some are not finite, or which
// are too large for a sum of their own type.
func meanFinite[T pixel](p unsafe.Pointer, stride, step int) T {
	var sum float64
	var all lost
	for y := range step {
		for _, v := range rowAt[T](p, y*stride, step) {
			if x := float64(v); x-x == 0 {
				sum += x
			} else {
				all.add(x)
			}
		}
	}
	return T(all.mean(sum, step*step))
}

// Every second byte, and every second pair of bytes, of a register.
const (
	lanes8  = 0x00ff_00ff_00ff_00ff
	lanes16 = 0x0000_ffff_0000_ffff
	lanes32 = 0x0000_0000_ffff_ffff
)

// meanLanes makes means of whole numbers, for steps that are powers of two up to
// 64. Eight bytes are loaded at a time and neighbours added in lanes twice as wide,
// which the sum of all rows does not overflow.
func meanLanes[T pixel](out []T, p unsafe.Pointer, stride, step int) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	shift := 0
	for 1<<shift < step*step {
		shift++
	}
	switch {
	case step*size >= 8: // words to a mean
		words := step * size / 8
		half := uint64(1) << shift / 2
		for i := range out {
			total := half
			for k := range words {
				s := sumWords(unsafe.Add(p, 8*(i*words+k)), stride, step, size)
				if size == 1 {
					s = s&lanes16 + s>>16&lanes16
				}
				total += s&lanes32 + s>>32
			}
			out[i] = T(total >> shift)
		}
	case size == 2: // two means of 2 x 2 to a word
		for i := 0; i < len(out); i += 2 {
			s := sumWords(unsafe.Add(p, 4*i), stride, step, size)
			s = (s + 0x0000_0002_0000_0002) >> 2 & lanes16
			*(*uint32)(unsafe.Pointer(&out[i])) = uint32(s | s>>16)
		}
	case step == 2: // four
		for i := 0; i < len(out); i += 4 {
			s := sumWords(unsafe.Add(p, 2*i), stride, step, size)
			s = (s + 0x0002_0002_0002_0002) >> 2 & lanes8
			s = (s | s>>8) & lanes16
			*(*uint32)(unsafe.Pointer(&out[i])) = uint32(s | s>>16)
		}
	default: // two of 4 x 4
		for i := 0; i < len(out); i += 2 {
			s := sumWords(unsafe.Add(p, 4*i), stride, step, size)
			s = s&lanes16 + s>>16&lanes16
			s = (s + 0x0000_0008_0000_0008) >> 4 & 0x0000_00ff_0000_00ff
			*(*uint16)(unsafe.Pointer(&out[i])) = uint16(s | s>>24)
		}
	}
}

// sumWords adds the words that lie below each other, and the neighbours in them.
func sumWords(p unsafe.Pointer, stride, rows, size int) (s uint64) {
	if size == 1 {
		for at := 0; rows > 0; rows -= 2 {
			a, b := *(*uint64)(unsafe.Add(p, at)), *(*uint64)(unsafe.Add(p, at+stride))
			s += a&lanes8 + a>>8&lanes8 + b&lanes8 + b>>8&lanes8
			at += 2 * stride
		}
		return s
	}
	for at := 0; rows > 0; rows -= 2 {
		a, b := *(*uint64)(unsafe.Add(p, at)), *(*uint64)(unsafe.Add(p, at+stride))
		s += a&lanes16 + a>>16&lanes16 + b&lanes16 + b>>16&lanes16
		at += 2 * stride
	}
	return s
}
