package fft

import "math/bits"

// bluestein transforms lines of any length n as a convolution of a power of
// two m >= 2n-1. Both directions are in natural order.
type bluestein struct {
	n, m  int
	inner *line
	chirp []complex128 // exp(-pi i j^2/n)
	table []complex128 // transform of the chirp's conjugate over m, in inner's order
}

func newBluestein(n int) *bluestein {
	m := 1 << bits.Len(uint(2*n-2))
	b := &bluestein{n: n, m: m, inner: newLine(m), chirp: make([]complex128, n), table: make([]complex128, m)}
	for j := range n {
		// j^2 modulo 2n, without ever squaring something large.
		b.chirp[j] = root(j*j%(2*n), 2*n)
		c := complex(real(b.chirp[j]), -imag(b.chirp[j])) / complex(float64(m), 0)
		b.table[j] = c
		if j > 0 {
			b.table[m-j] = c
		}
	}
	b.inner.forwardRow(b.table)
	return b
}

func (b *bluestein) forward(x, scratch []vec) { b.transform(x, scratch, false) }
func (b *bluestein) inverse(x, scratch []vec) { b.transform(x, scratch, true) }

// transform does the inverse as the forward one of the conjugate.
func (b *bluestein) transform(x, scratch []vec, inverse bool) {
	y := scratch[:b.m]
	x = x[:b.n]
	for j, w := range b.chirp {
		for l, v := range x[j] {
			if inverse {
				v = complex(real(v), -imag(v))
			}
			y[j][l] = v * w
		}
	}
	clear(y[b.n:])
	b.inner.forward(y, nil)
	for j, w := range b.table {
		for l := range y[j] {
			y[j][l] *= w
		}
	}
	b.inner.inverse(y, nil)
	for j, w := range b.chirp {
		for l := range x[j] {
			v := y[j][l] * w
			if inverse {
				v = complex(real(v), -imag(v))
			}
			x[j][l] = v
		}
	}
}
