package fft

import (
	"math"
	"math/bits"
)

// lanes is how many lines the batched kernels transform at a time. Eight
// complex numbers are two cache lines, so that a pass over the columns uses
// every byte that it loads, and 256 of them still fit the first level cache.
const lanes = 8

// vec holds the same element of eight neighbouring lines.
type vec [lanes]complex128

// tw3 are the twiddle factors of one butterfly of radix four.
type tw3 [3]complex128

// maxRadix is the largest prime that is done by its definition; a length with
// a larger one goes the way of Bluestein.
const maxRadix = 13

// A line transforms lines of one length. Its transforms work in place and
// leave the frequencies in the order that falls out of them: nothing is
// spent on sorting what is only multiplied by a table and brought back.
type line struct {
	n      int
	stages []stage // in the order of the forward transform
	order  []int   // order[p] is the frequency that stands at place p
	pow2   bool    // the kernels for single rows apply
	blue   *bluestein
}

// A stage splits blocks of radix*q elements into radix blocks of q.
type stage struct {
	radix, q int
	tw4      []tw3        // q of them, radix four
	tw       []complex128 // q*(radix-1), any other radix; empty for q = 1
	roots    []complex128 // the radix-th roots of one, for radices without a kernel of their own
}

func newLine(n int) *line {
	l := &line{n: n, pow2: bits.OnesCount(uint(n)) == 1}
	radices, ok := factor(n)
	l.order = make([]int, n)
	if !ok {
		l.blue = newBluestein(n)
		for p := range l.order {
			l.order[p] = p
		}
		return l
	}
	m := n
	for _, r := range radices {
		q := m / r
		s := stage{radix: r, q: q}
		switch {
		case r == 4:
			s.tw4 = make([]tw3, q)
			for j := range s.tw4 {
				s.tw4[j] = tw3{root(j, m), root(2*j, m), root(3*j, m)}
			}
		case q > 1:
			for j := range q {
				for k := 1; k < r; k++ {
					s.tw = append(s.tw, root(j*k, m))
				}
			}
		}
		if r > 5 && r != 8 {
			for k := range r {
				s.roots = append(s.roots, root(k, r))
			}
		}
		l.stages = append(l.stages, s)
		m = q
	}
	// A stage of radix r leaves the frequencies f with f mod r = b in its
	// block b, and the next stages sort f / r within it.
	for p := range l.order {
		f, rest, weight := 0, p, 1
		for _, s := range l.stages {
			f += rest / s.q * weight
			rest %= s.q
			weight *= s.radix
		}
		l.order[p] = f
	}
	return l
}

// factor gives the radices of the stages: odd ones first, where the blocks are
// long, then fours, and what is left of the powers of two as the last one. It
// reports false if there is a prime beyond maxRadix.
func factor(n int) ([]int, bool) {
	twos := bits.TrailingZeros(uint(n))
	n >>= twos
	var radices []int
	for p := 3; n > 1; p += 2 {
		if p > maxRadix {
			return nil, false
		}
		for ; n%p == 0; n /= p {
			radices = append(radices, p)
		}
	}
	last := 0
	switch {
	case twos == 1:
		last, twos = 2, 0
	case twos%2 == 1:
		last, twos = 8, twos-3
	}
	for ; twos > 0; twos -= 2 {
		radices = append(radices, 4)
	}
	if last > 0 {
		radices = append(radices, last)
	}
	return radices, true
}

// root is exp(-2 pi i k/n), exact where a sine or cosine is 0 or 1, and with
// an argument of at most an eighth of a turn everywhere else.
func root(k, n int) complex128 {
	k %= n
	// Quarter turns and the mirror at an eighth.
	quarter, rest := 4*k/n, 4*k%n // angle = (quarter + rest/n) * pi/2
	var c, s float64
	if 2*rest <= n {
		s, c = math.Sincos(math.Pi / 2 * float64(rest) / float64(n))
	} else {
		c, s = math.Sincos(math.Pi / 2 * float64(n-rest) / float64(n))
	}
	switch quarter {
	case 0:
		return complex(c, -s)
	case 1:
		return complex(-s, -c)
	case 2:
		return complex(-c, s)
	default:
		return complex(s, c)
	}
}

// scratch is how many vecs forward and inverse need besides the data.
func (l *line) scratch() int {
	if l.blue != nil {
		return l.blue.m
	}
	return 0
}

// forward transforms eight lines at a time, x[i][lane]; the frequencies come
// in the order of l.order.
func (l *line) forward(x, scratch []vec) {
	if l.blue != nil {
		l.blue.forward(x, scratch)
		return
	}
	for i := range l.stages {
		s := &l.stages[i]
		m := s.radix * s.q
		for b := 0; b < len(x); b += m {
			s.forward(x[b : b+m])
		}
	}
}

// inverse undoes forward, but for the factor n.
func (l *line) inverse(x, scratch []vec) {
	if l.blue != nil {
		l.blue.inverse(x, scratch)
		return
	}
	for i := len(l.stages) - 1; i >= 0; i-- {
		s := &l.stages[i]
		m := s.radix * s.q
		for b := 0; b < len(x); b += m {
			s.inverse(x[b : b+m])
		}
	}
}

// convolve is forward, a multiplication by table and by factor, and inverse.
// Once a stage has split a block its parts go their own way there and
// back, so that all but the first stages work in the first level cache.
func (l *line) convolve(x, scratch, table []vec, factor float64) {
	if l.blue != nil || l.n == 1 {
		l.forward(x, scratch)
		multiply(x, table, factor)
		l.inverse(x, scratch)
		return
	}
	convolve(l.stages, x, table, factor)
}

func convolve(stages []stage, x, table []vec, factor float64) {
	s := &stages[0]
	switch {
	case s.q > 1:
		s.forward(x)
		for b := 0; b < len(x); b += s.q {
			convolve(stages[1:], x[b:b+s.q], table[b:b+s.q], factor)
		}
		s.inverse(x)
	case s.radix == 4:
		colsTurn4(x, table, factor)
	case s.radix == 8:
		colsTurn8(x, table, factor)
	default:
		s.forward(x)
		multiply(x, table, factor)
		s.inverse(x)
	}
}

func (s *stage) forward(x []vec) {
	switch {
	case s.radix == 4 && s.q == 1:
		cols4(x, false)
	case s.radix == 4:
		colsForward4(x, s.tw4)
	case s.radix == 8:
		colsForward8(x)
	case s.radix == 2:
		cols2(x)
	default:
		colsForward(x, s)
	}
}

func (s *stage) inverse(x []vec) {
	switch {
	case s.radix == 4 && s.q == 1:
		cols4(x, true)
	case s.radix == 4:
		colsInverse4(x, s.tw4)
	case s.radix == 8:
		colsInverse8(x)
	case s.radix == 2:
		cols2(x)
	default:
		colsInverse(x, s)
	}
}
