package fft

import "math"

// The kernels of this file work on eight lines at a time: the twiddle factors
// are loaded once for all of them, and every load and store is beside the one
// before. Blocks are handed over as slices of vec, an array type, so that the
// compiler needs no bounds check in the loops over the lanes.

// colsForward4 splits one block into four with a butterfly of radix four.
func colsForward4(x []vec, tw []tw3) {
	q := len(tw)
	x0, x1, x2, x3 := x[:q], x[q:2*q], x[2*q:3*q], x[3*q:4*q]
	for j := range tw {
		w1, w2, w3 := tw[j][0], tw[j][1], tw[j][2]
		p0, p1, p2, p3 := &x0[j], &x1[j], &x2[j], &x3[j]
		for l := range p0 {
			a, b, c, d := p0[l], p1[l], p2[l], p3[l]
			s0, s1, s2, s3 := a+c, a-c, b+d, b-d
			p0[l] = s0 + s2
			p1[l] = minusI(s1, s3) * w1
			p2[l] = (s0 - s2) * w2
			p3[l] = plusI(s1, s3) * w3
		}
	}
}

// colsInverse4 joins what colsForward4 has split.
func colsInverse4(x []vec, tw []tw3) {
	q := len(tw)
	x0, x1, x2, x3 := x[:q], x[q:2*q], x[2*q:3*q], x[3*q:4*q]
	for j := range tw {
		w1, w2, w3 := tw[j][0], tw[j][1], tw[j][2]
		w1, w2, w3 = complex(real(w1), -imag(w1)), complex(real(w2), -imag(w2)), complex(real(w3), -imag(w3))
		p0, p1, p2, p3 := &x0[j], &x1[j], &x2[j], &x3[j]
		for l := range p0 {
			a, b, c, d := p0[l], p1[l]*w1, p2[l]*w2, p3[l]*w3
			s0, s1, s2, s3 := a+c, a-c, b+d, b-d
			p0[l] = s0 + s2
			p1[l] = plusI(s1, s3)
			p2[l] = s0 - s2
			p3[l] = minusI(s1, s3)
		}
	}
}

// cols4 is the last butterfly of radix four forward, or the first one inverse.
func cols4(x []vec, inverse bool) {
	v := (*[4]vec)(x)
	p0, p1, p2, p3 := &v[0], &v[1], &v[2], &v[3]
	if inverse {
		p1, p3 = p3, p1
	}
	for l := range p0 {
		a, b, c, d := v[0][l], v[1][l], v[2][l], v[3][l]
		s0, s1, s2, s3 := a+c, a-c, b+d, b-d
		p0[l] = s0 + s2
		p1[l] = minusI(s1, s3)
		p2[l] = s0 - s2
		p3[l] = plusI(s1, s3)
	}
}

func cols2(x []vec) {
	v := (*[2]vec)(x)
	for l := range v[0] {
		a, b := v[0][l], v[1][l]
		v[0][l], v[1][l] = a+b, a-b
	}
}

// colsForward8 is the last butterfly of radix eight.
func colsForward8(x []vec) {
	const h = math.Sqrt2 / 2
	v := (*[8]vec)(x)
	for l := range v[0] {
		a0, a1, a2, a3 := v[0][l], v[2][l], v[4][l], v[6][l]
		e0, e1, e2, e3 := a0+a2, a0-a2, a1+a3, a1-a3
		e3 = complex(imag(e3), -real(e3))
		b0, b1, b2, b3 := v[1][l], v[3][l], v[5][l], v[7][l]
		o0, o1, o2, o3 := b0+b2, b0-b2, b1+b3, b1-b3
		o3 = complex(imag(o3), -real(o3))
		f0, f1, f2, f3 := o0+o2, o1+o3, o0-o2, o1-o3
		f1 = complex(h*(real(f1)+imag(f1)), h*(imag(f1)-real(f1)))
		f2 = complex(imag(f2), -real(f2))
		f3 = complex(h*(imag(f3)-real(f3)), -h*(real(f3)+imag(f3)))
		v[0][l], v[4][l] = e0+e2+f0, e0+e2-f0
		v[1][l], v[5][l] = e1+e3+f1, e1+e3-f1
		v[2][l], v[6][l] = e0-e2+f2, e0-e2-f2
		v[3][l], v[7][l] = e1-e3+f3, e1-e3-f3
	}
}

// colsInverse8 is the first butterfly of radix eight of an inverse.
func colsInverse8(x []vec) {
	const h = math.Sqrt2 / 2
	v := (*[8]vec)(x)
	for l := range v[0] {
		a0, a1, a2, a3 := v[0][l], v[2][l], v[4][l], v[6][l]
		e0, e1, e2, e3 := a0+a2, a0-a2, a1+a3, a1-a3
		e3 = complex(-imag(e3), real(e3))
		b0, b1, b2, b3 := v[1][l], v[3][l], v[5][l], v[7][l]
		o0, o1, o2, o3 := b0+b2, b0-b2, b1+b3, b1-b3
		o3 = complex(-imag(o3), real(o3))
		f0, f1, f2, f3 := o0+o2, o1+o3, o0-o2, o1-o3
		f1 = complex(h*(real(f1)-imag(f1)), h*(imag(f1)+real(f1)))
		f2 = complex(-imag(f2), real(f2))
		f3 = complex(-h*(imag(f3)+real(f3)), h*(real(f3)-imag(f3)))
		v[0][l], v[4][l] = e0+e2+f0, e0+e2-f0
		v[1][l], v[5][l] = e1+e3+f1, e1+e3-f1
		v[2][l], v[6][l] = e0-e2+f2, e0-e2-f2
		v[3][l], v[7][l] = e1-e3+f3, e1-e3-f3
	}
}

// multiply multiplies by a table and a factor.
func multiply(x, table []vec, factor float64) {
	table = table[:len(x)]
	for i := range x {
		p, t := &x[i], &table[i]
		for l := range p {
			p[l] = scaled(p[l], t[l], factor)
		}
	}
}

func scaled(x, y complex128, factor float64) complex128 {
	z := x * y
	return complex(factor*real(z), factor*imag(z))
}

// colsTurn4 is where a convolution turns: the last butterfly of radix four
// forward, the multiplication, and the first one inverse.
func colsTurn4(x, table []vec, factor float64) {
	v, t := (*[4]vec)(x), (*[4]vec)(table)
	for l := range v[0] {
		a, b, c, d := v[0][l], v[1][l], v[2][l], v[3][l]
		s0, s1, s2, s3 := a+c, a-c, b+d, b-d
		a = scaled(s0+s2, t[0][l], factor)
		b = scaled(minusI(s1, s3), t[1][l], factor)
		c = scaled(s0-s2, t[2][l], factor)
		d = scaled(plusI(s1, s3), t[3][l], factor)
		s0, s1, s2, s3 = a+c, a-c, b+d, b-d
		v[0][l], v[1][l], v[2][l], v[3][l] = s0+s2, plusI(s1, s3), s0-s2, minusI(s1, s3)
	}
}

// colsTurn8 is the same with radix eight.
func colsTurn8(x, table []vec, factor float64) {
	colsForward8(x)
	multiply(x[:8], table, factor)
	colsInverse8(x)
}

// colsForward and colsInverse do any other radix, one element of each block
// after the other.
func colsForward(x []vec, s *stage) {
	var t [maxRadix]vec
	r, q := s.radix, s.q
	for j := range q {
		for k := range r {
			t[k] = x[k*q+j]
		}
		s.butterfly(&t, false)
		x[j] = t[0]
		for k := 1; k < r; k++ {
			if q > 1 {
				w := s.tw[j*(r-1)+k-1]
				for l := range t[k] {
					t[k][l] *= w
				}
			}
			x[k*q+j] = t[k]
		}
	}
}

func colsInverse(x []vec, s *stage) {
	var t [maxRadix]vec
	r, q := s.radix, s.q
	for j := range q {
		t[0] = x[j]
		for k := 1; k < r; k++ {
			t[k] = x[k*q+j]
			if q > 1 {
				w := s.tw[j*(r-1)+k-1]
				w = complex(real(w), -imag(w))
				for l := range t[k] {
					t[k][l] *= w
				}
			}
		}
		s.butterfly(&t, true)
		for k := range r {
			x[k*q+j] = t[k]
		}
	}
}

// butterfly transforms the first s.radix elements of t.
func (s *stage) butterfly(t *[maxRadix]vec, inverse bool) {
	sign := 1.0
	if inverse {
		sign = -1
	}
	switch s.radix {
	case 3:
		const c, sn = -0.5, 0.86602540378443864676372317075293618347
		for l := range t[0] {
			a, b := t[1][l]+t[2][l], t[1][l]-t[2][l]
			b = complex(sign*sn*imag(b), -sign*sn*real(b))
			m := t[0][l] + complex(c*real(a), c*imag(a))
			t[0][l] += a
			t[1][l], t[2][l] = m+b, m-b
		}
	case 5:
		const (
			c1, c2 = 0.30901699437494742410229341718281905886, -0.80901699437494742410229341718281905886
			s1, s2 = 0.95105651629515357211643933337938214340, 0.58778525229247312916870595463907276860
		)
		for l := range t[0] {
			a1, b1 := t[1][l]+t[4][l], t[1][l]-t[4][l]
			a2, b2 := t[2][l]+t[3][l], t[2][l]-t[3][l]
			x := t[0][l]
			m1 := x + complex(c1*real(a1)+c2*real(a2), c1*imag(a1)+c2*imag(a2))
			m2 := x + complex(c2*real(a1)+c1*real(a2), c2*imag(a1)+c1*imag(a2))
			n1 := complex(sign*(s1*imag(b1)+s2*imag(b2)), -sign*(s1*real(b1)+s2*real(b2)))
			n2 := complex(sign*(s2*imag(b1)-s1*imag(b2)), -sign*(s2*real(b1)-s1*real(b2)))
			t[0][l] = x + a1 + a2
			t[1][l], t[4][l] = m1+n1, m1-n1
			t[2][l], t[3][l] = m2+n2, m2-n2
		}
	default:
		// An odd prime: pairs k and r-k share their products.
		var y [maxRadix]vec
		r := s.radix
		y[0] = t[0]
		for k := 1; k < r; k++ {
			for l := range y[0] {
				y[0][l] += t[k][l]
			}
		}
		for f := 1; f <= r/2; f++ {
			even, odd := t[0], vec{}
			for k := 1; k <= r/2; k++ {
				w := s.roots[f*k%r]
				c, sn := real(w), imag(w)
				for l := range even {
					a, b := t[k][l]+t[r-k][l], t[k][l]-t[r-k][l]
					even[l] += complex(c*real(a), c*imag(a))
					odd[l] += complex(-sn*imag(b), sn*real(b))
				}
			}
			for l := range even {
				o := complex(sign*real(odd[l]), sign*imag(odd[l]))
				y[f][l], y[r-f][l] = even[l]+o, even[l]-o
			}
		}
		copy(t[:r], y[:r])
	}
}
