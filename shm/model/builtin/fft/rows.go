package fft

import "math"

// The kernels of this file transform one line, a power of two long, whose
// elements are beside each other. They do the same sums in the same order as
// those for eight lines do.

// forwardRow transforms one line in place; the frequencies come in the order
// of l.order. Only for l.pow2.
func (l *line) forwardRow(x []complex128) {
	for i := range l.stages {
		s := &l.stages[i]
		switch {
		case s.radix == 8:
			rowsForward8(x)
		case s.radix == 2:
			rows2(x)
		case s.q == 1:
			rowsForward4(x)
		case s.q == 4:
			rowsForward16(x, (*[4]tw3)(s.tw4))
			return
		default:
			m := 4 * s.q
			for b := 0; b < len(x); b += m {
				rowForward4(x[b:b+m], s.tw4)
			}
		}
	}
}

// inverseRow undoes forwardRow, but for the factor n.
func (l *line) inverseRow(x []complex128) {
	i := len(l.stages) - 1
	if i > 0 && l.stages[i].radix == 4 {
		i--
		rowsInverse16(x, (*[4]tw3)(l.stages[i].tw4))
		i--
	}
	for ; i >= 0; i-- {
		s := &l.stages[i]
		switch {
		case s.radix == 8:
			rowsInverse8(x)
		case s.radix == 2:
			rows2(x)
		case s.q == 1:
			rowsInverse4(x)
		default:
			m := 4 * s.q
			for b := 0; b < len(x); b += m {
				rowInverse4(x[b:b+m], s.tw4)
			}
		}
	}
}

func rowForward4(x []complex128, tw []tw3) {
	q := len(tw)
	x0, x1, x2, x3 := x[:q], x[q:2*q], x[2*q:3*q], x[3*q:4*q]
	for j := range tw {
		w := &tw[j]
		a, b, c, d := x0[j], x1[j], x2[j], x3[j]
		s0, s1, s2, s3 := a+c, a-c, b+d, b-d
		x0[j] = s0 + s2
		x1[j] = minusI(s1, s3) * w[0]
		x2[j] = (s0 - s2) * w[1]
		x3[j] = plusI(s1, s3) * w[2]
	}
}

func rowInverse4(x []complex128, tw []tw3) {
	q := len(tw)
	x0, x1, x2, x3 := x[:q], x[q:2*q], x[2*q:3*q], x[3*q:4*q]
	for j := range tw {
		w := &tw[j]
		a := x0[j]
		b, c, d := mulConj(x1[j], w[0]), mulConj(x2[j], w[1]), mulConj(x3[j], w[2])
		s0, s1, s2, s3 := a+c, a-c, b+d, b-d
		x0[j] = s0 + s2
		x1[j] = plusI(s1, s3)
		x2[j] = s0 - s2
		x3[j] = minusI(s1, s3)
	}
}

// plusI is x + iy, and minusI x - iy: written out, the compiler spares the
// change of a sign.
func plusI(x, y complex128) complex128  { return complex(real(x)-imag(y), imag(x)+real(y)) }
func minusI(x, y complex128) complex128 { return complex(real(x)+imag(y), imag(x)-real(y)) }

// mulConj is x times the conjugate of w.
func mulConj(x, w complex128) complex128 {
	return complex(real(x)*real(w)+imag(x)*imag(w), imag(x)*real(w)-real(x)*imag(w))
}

// rowsForward16 does the last two stages of radix four, block by block.
func rowsForward16(x []complex128, tw *[4]tw3) {
	for ; len(x) >= 16; x = x[16:] {
		v := (*[16]complex128)(x)
		for j := range tw {
			w := &tw[j]
			a, b, c, d := v[j], v[j+4], v[j+8], v[j+12]
			s0, s1, s2, s3 := a+c, a-c, b+d, b-d
			v[j] = s0 + s2
			v[j+4] = minusI(s1, s3) * w[0]
			v[j+8] = (s0 - s2) * w[1]
			v[j+12] = plusI(s1, s3) * w[2]
		}
		rowsForward4(v[:])
	}
}

// rowsInverse16 does the first two stages of an inverse, block by block.
func rowsInverse16(x []complex128, tw *[4]tw3) {
	for ; len(x) >= 16; x = x[16:] {
		v := (*[16]complex128)(x)
		rowsInverse4(v[:])
		for j := range tw {
			w := &tw[j]
			a := v[j]
			b, c, d := mulConj(v[j+4], w[0]), mulConj(v[j+8], w[1]), mulConj(v[j+12], w[2])
			s0, s1, s2, s3 := a+c, a-c, b+d, b-d
			v[j] = s0 + s2
			v[j+4] = plusI(s1, s3)
			v[j+8] = s0 - s2
			v[j+12] = minusI(s1, s3)
		}
	}
}

func rowsForward4(x []complex128) {
	for ; len(x) >= 4; x = x[4:] {
		v := (*[4]complex128)(x)
		a, b, c, d := v[0], v[1], v[2], v[3]
		s0, s1, s2, s3 := a+c, a-c, b+d, b-d
		v[0], v[1], v[2], v[3] = s0+s2, minusI(s1, s3), s0-s2, plusI(s1, s3)
	}
}

func rowsInverse4(x []complex128) {
	for ; len(x) >= 4; x = x[4:] {
		v := (*[4]complex128)(x)
		a, b, c, d := v[0], v[1], v[2], v[3]
		s0, s1, s2, s3 := a+c, a-c, b+d, b-d
		v[0], v[1], v[2], v[3] = s0+s2, plusI(s1, s3), s0-s2, minusI(s1, s3)
	}
}

func rows2(x []complex128) {
	for ; len(x) >= 2; x = x[2:] {
		x[0], x[1] = x[0]+x[1], x[0]-x[1]
	}
}

func rowsForward8(x []complex128) {
	const h = math.Sqrt2 / 2
	for ; len(x) >= 8; x = x[8:] {
		v := (*[8]complex128)(x)
		a0, a1, a2, a3 := v[0], v[2], v[4], v[6]
		e0, e1, e2, e3 := a0+a2, a0-a2, a1+a3, a1-a3
		e3 = complex(imag(e3), -real(e3))
		b0, b1, b2, b3 := v[1], v[3], v[5], v[7]
		o0, o1, o2, o3 := b0+b2, b0-b2, b1+b3, b1-b3
		o3 = complex(imag(o3), -real(o3))
		f0, f1, f2, f3 := o0+o2, o1+o3, o0-o2, o1-o3
		f1 = complex(h*(real(f1)+imag(f1)), h*(imag(f1)-real(f1)))
		f2 = complex(imag(f2), -real(f2))
		f3 = complex(h*(imag(f3)-real(f3)), -h*(real(f3)+imag(f3)))
		v[0], v[4] = e0+e2+f0, e0+e2-f0
		v[1], v[5] = e1+e3+f1, e1+e3-f1
		v[2], v[6] = e0-e2+f2, e0-e2-f2
		v[3], v[7] = e1-e3+f3, e1-e3-f3
	}
}

func rowsInverse8(x []complex128) {
	const h = math.Sqrt2 / 2
	for ; len(x) >= 8; x = x[8:] {
		v := (*[8]complex128)(x)
		a0, a1, a2, a3 := v[0], v[2], v[4], v[6]
		e0, e1, e2, e3 := a0+a2, a0-a2, a1+a3, a1-a3
		e3 = complex(-imag(e3), real(e3))
		b0, b1, b2, b3 := v[1], v[3], v[5], v[7]
		o0, o1, o2, o3 := b0+b2, b0-b2, b1+b3, b1-b3
		o3 = complex(-imag(o3), real(o3))
		f0, f1, f2, f3 := o0+o2, o1+o3, o0-o2, o1-o3
		f1 = complex(h*(real(f1)-imag(f1)), h*(imag(f1)+real(f1)))
		f2 = complex(-imag(f2), real(f2))
		f3 = complex(-h*(imag(f3)+real(f3)), h*(real(f3)-imag(f3)))
		v[0], v[4] = e0+e2+f0, e0+e2-f0
		v[1], v[5] = e1+e3+f1, e1+e3-f1
		v[2], v[6] = e0-e2+f2, e0-e2-f2
		v[3], v[7] = e1-e3+f3, e1-e3-f3
	}
}
