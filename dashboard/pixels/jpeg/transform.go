package jpeg

import (
	"encoding/binary"
	"math"
)

// The transform is that of Arai, Agui and Nakajima: what it leaves to multiply each coefficient by goes into the
// quantisation. It is made of whole numbers, two in a word of 64 bits: a + b << 32. Sums, differences and products with
// a constant of such words are those of both numbers, whatever their signs, as long as the results have 32 bits: what
// the lower one borrows of the upper one is given back when they are taken apart (halves).
//
// Constants become whole numbers by a factor of the outputs that they go into, which the quantisation takes out again: oddBy
// of odd coefficients, evenBy of coefficients 2 and 6. These factors have small errors (3e-4 and less), and keep the largest
// coefficient in 31 bits.
const (
	oddBy    = 290
	oddHalf  = 205 // of cos(pi/4)
	oddCos   = 268 // of cos(pi/8)
	oddSin   = 111 // of sin(pi/8)
	evenBy   = 140
	evenHalf = 99 // of cos(pi/4)
)

// transform writes the coefficients of the 8 x 8 samples that begin at src, each row stride bytes after the one before. Word
// 8*r + u has those of column u and the rows r and r+4.
func transform(src []byte, stride int, out *[32]int64) {
	const lanes = 0x000000ff000000ff
	var rows [8]uint64
	for r := range rows {
		rows[r] = binary.LittleEndian.Uint64(src[r*stride:])
	}
	var down [8][4]int64 // columns c and c+4
	for c := range 4 {
		by := uint(8*c) & 63
		x0, x7 := int64(rows[0]>>by&lanes), int64(rows[7]>>by&lanes)
		x1, x6 := int64(rows[1]>>by&lanes), int64(rows[6]>>by&lanes)
		x2, x5 := int64(rows[2]>>by&lanes), int64(rows[5]>>by&lanes)
		x3, x4 := int64(rows[3]>>by&lanes), int64(rows[4]>>by&lanes)
		t0, t7 := x0+x7, x0-x7
		t1, t6 := x1+x6, x1-x6
		t2, t5 := x2+x5, x2-x5
		t3, t4 := x3+x4, x3-x4

		a0, a3 := t0+t3, t0-t3
		a1, a2 := t1+t2, t1-t2
		z := (a2 + a3) * evenHalf
		a3 *= evenBy
		down[0][c], down[4][c] = a0+a1, a0-a1
		down[2][c], down[6][c] = a3+z, a3-z

		b0, b1, b2 := t4+t5, t5+t6, t6+t7
		z2 := b0*oddCos - b2*oddSin
		z4 := b0*oddSin + b2*oddCos
		z3 := b1 * oddHalf
		t7 *= oddBy
		z11, z13 := t7+z3, t7-z3
		down[5][c], down[3][c] = z13+z2, z13-z2
		down[1][c], down[7][c] = z11+z4, z11-z4
	}
	for r := range 4 {
		upper, lower := &down[r], &down[r+4]
		x0, x4 := turned(upper[0], lower[0])
		x1, x5 := turned(upper[1], lower[1])
		x2, x6 := turned(upper[2], lower[2])
		x3, x7 := turned(upper[3], lower[3])
		t0, t7 := x0+x7, x0-x7
		t1, t6 := x1+x6, x1-x6
		t2, t5 := x2+x5, x2-x5
		t3, t4 := x3+x4, x3-x4

		a0, a3 := t0+t3, t0-t3
		a1, a2 := t1+t2, t1-t2
		z := (a2 + a3) * evenHalf
		a3 *= evenBy
		to := (*[8]int64)(out[8*r:])
		to[0], to[4] = a0+a1, a0-a1
		to[2], to[6] = a3+z, a3-z

		b0, b1, b2 := t4+t5, t5+t6, t6+t7
		z2 := b0*oddCos - b2*oddSin
		z4 := b0*oddSin + b2*oddCos
		z3 := b1 * oddHalf
		t7 *= oddBy
		z11, z13 := t7+z3, t7-z3
		to[5], to[3] = z13+z2, z13-z2
		to[1], to[7] = z11+z4, z11-z4
	}
}

// turned makes of (a, b) and (c, d) the words (a, c) and (b, d).
func turned(upper, lower int64) (first, second int64) {
	a, c := int64(int32(upper)), int64(int32(lower))
	return a + c<<32, (upper-a)>>32 + (lower - c)
}

// fraction is how many bits of a factor of quantisation are behind the point.
const fraction = 44

// quantiser divides coefficients by the steps of a table.
type quantiser struct {
	words [32]word
}

// word is how the two numbers of a word become coefficients.
type word struct {
	// Both are 0 where word + low and most - that have no sign, in neither number.
	low, most int64
	by        [2]int64 // 1 / (step * what transform multiplies by), in fraction bits
	at        [2]uint8 // places in zigzag order
}

// scales is what transform multiplies a coefficient by, along one side, with a factor of 8 for both.
var scales = func() (s [8]float64) {
	for u := range s {
		s[u] = 1
		if u > 0 {
			s[u] = math.Cos(float64(u)*math.Pi/16) * math.Sqrt2
		}
		switch {
		case u%2 == 1:
			s[u] *= oddBy
		case u == 2, u == 6:
			s[u] *= evenBy
		}
	}
	return s
}()

// set makes the quantiser of a table, which is in the order of rows.
func (q *quantiser) set(table *[64]uint8) {
	for i := range q.words {
		w := &q.words[i]
		u, v := i%8, i/8
		var limit [2]int64
		for half := range 2 {
			row := v + 4*half
			step := float64(table[8*row+u]) * 8 * scales[u] * scales[row]
			w.by[half] = int64(math.Round((1 << fraction) / step))
			w.at[half] = zigzag[8*row+u]
			limit[half] = int64(step/2) - 1 // less than half a step is 0
		}
		w.low = limit[0] + limit[1]<<32
		w.most = 2 * w.low
	}
}

// quantise writes coefficients in zigzag order. Only those are written whose bits are set in what it
// returns, and the first one.
func (q *quantiser) quantise(words *[32]int64, out *[64]int16) (mask uint64) {
	const signs = -0x8000_0000_0000_0000 | 0x8000_0000
	const round = 1 << (fraction - 1)
	// 128 is in the middle of the samples; that matters to their sum alone.
	words[0] -= 128 * 64
	out[0] = 0
	for i := range q.words {
		w, x := &q.words[i], words[i]
		y := x + w.low
		if (y|(w.most-y))&signs == 0 {
			continue
		}
		a := int64(int32(x))
		b := (x - a) >> 32
		first := (a*w.by[0] + round) >> fraction
		second := (b*w.by[1] + round) >> fraction
		p0, p1 := w.at[0]&63, w.at[1]&63
		out[p0], out[p1] = int16(first), int16(second)
		mask |= uint64((first|-first)>>63)&1<<p0 | uint64((second|-second)>>63)&1<<p1
	}
	return mask
}
