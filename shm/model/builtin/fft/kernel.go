package fft

import "fmt"

// A Kernel is what Columns and Apply multiply a transformed field with, in the
// order in which the transform leaves the frequencies and with the factor
// 1/(nx*ny) of the inverse transform. It belongs to the plan that made it.
type Kernel struct {
	plan  *Plan
	table []vec // [column block][place along x]
}

// NewKernel gives a kernel of zeros.
func (p *Plan) NewKernel() *Kernel {
	return &Kernel{plan: p, table: make([]vec, p.columnTasks()*p.nx)}
}

// Set fills the kernel: at gives its value for the frequencies kx and ky,
// counted from 0 as numpy.fft.fftfreq does, each once.
func (k *Kernel) Set(at func(kx, ky int) complex128) {
	p := k.plan
	norm := 1 / (float64(p.nx) * float64(p.ny))
	for block := range p.columnTasks() {
		table := k.table[block*p.nx : (block+1)*p.nx]
		lines := p.y.order[block*lanes : min((block+1)*lanes, p.ny)]
		for i, kx := range p.x.order {
			for l, ky := range lines {
				v := at(kx, ky)
				table[i][l] = complex(norm*real(v), norm*imag(v))
			}
		}
	}
}

// SetOuter fills the kernel with x[kx]*y[ky]: many times faster than Set where
// an exponential of a sum is asked for.
func (k *Kernel) SetOuter(x, y []complex128) {
	p := k.plan
	if len(x) != p.nx || len(y) != p.ny {
		panic(fmt.Sprintf("fft: factors of %d and %d elements for a kernel of %d by %d", len(x), len(y), p.nx, p.ny))
	}
	norm := 1 / (float64(p.nx) * float64(p.ny))
	for block := range p.columnTasks() {
		table := k.table[block*p.nx : (block+1)*p.nx]
		var ys vec
		for l, ky := range p.y.order[block*lanes : min((block+1)*lanes, p.ny)] {
			ys[l] = complex(norm*real(y[ky]), norm*imag(y[ky]))
		}
		for i, kx := range p.x.order {
			f, t := x[kx], &table[i]
			for l := range t {
				t[l] = f * ys[l]
			}
		}
	}
}
