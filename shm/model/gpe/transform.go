package gpe

import "gonum.org/v1/gonum/dsp/fourier"

// transform is a discrete Fourier transform in two dimensions of complex fields
// in C order, in place. It may use several goroutines inside, but it is called
// by one only.
type transform interface {
	// Forward computes Σ a(x, y) e^{-i(kx x + ky y)}.
	Forward(a []complex128)
	// Inverse undoes Forward, the factor 1/(nx ny) included.
	Inverse(a []complex128)
	// Close ends whatever goroutines there are.
	Close()
}

// newTransform returns a transform for fields of nx rows of ny.
func newTransform(nx, ny, workers int) (transform, error) {
	return &plain{
		nx: nx, ny: ny,
		x: fourier.NewCmplxFFT(nx), y: fourier.NewCmplxFFT(ny),
		column: make([]complex128, nx),
	}, nil
}

// plain transforms row by row and column by column.
type plain struct {
	nx, ny int
	x, y   *fourier.CmplxFFT
	column []complex128
}

func (p *plain) Forward(a []complex128) {
	p.each(a, func(f *fourier.CmplxFFT, v []complex128) { f.Coefficients(v, v) })
}

func (p *plain) Inverse(a []complex128) {
	p.each(a, func(f *fourier.CmplxFFT, v []complex128) { f.Sequence(v, v) })
	scale := complex(1/float64(p.nx*p.ny), 0)
	for i := range a {
		a[i] *= scale
	}
}

func (p *plain) each(a []complex128, do func(*fourier.CmplxFFT, []complex128)) {
	for i := range p.nx {
		do(p.y, a[i*p.ny:(i+1)*p.ny])
	}
	for j := range p.ny {
		for i := range p.nx {
			p.column[i] = a[i*p.ny+j]
		}
		do(p.x, p.column)
		for i := range p.nx {
			a[i*p.ny+j] = p.column[i]
		}
	}
}

func (p *plain) Close() {}
