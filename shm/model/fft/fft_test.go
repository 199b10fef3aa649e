package fft

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

func randomField(n int) []complex128 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]complex128, n)
	for i := range x {
		x[i] = complex(r.NormFloat64(), r.NormFloat64())
	}
	return x
}

func mustPlan(t testing.TB, nx, ny, workers int) *Plan {
	t.Helper()
	p, err := New(nx, ny, workers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// distance is the norm of the difference, relative to that of want.
func distance(got, want []complex128) float64 {
	var d, n float64
	for i := range want {
		e := got[i] - want[i]
		d += real(e)*real(e) + imag(e)*imag(e)
		n += real(want[i])*real(want[i]) + imag(want[i])*imag(want[i])
	}
	return math.Sqrt(d / n)
}

// direct is the definition, one sum after the other.
func direct(x []complex128, nx, ny int, sign float64) []complex128 {
	half := make([]complex128, nx*ny)
	for ix := range nx {
		for k := range ny {
			var s complex128
			for j := range ny {
				s += x[ix*ny+j] * cmplx.Rect(1, sign*2*math.Pi*float64(k*j%ny)/float64(ny))
			}
			half[ix*ny+k] = s
		}
	}
	y := make([]complex128, nx*ny)
	for iy := range ny {
		for k := range nx {
			var s complex128
			for j := range nx {
				s += half[j*ny+iy] * cmplx.Rect(1, sign*2*math.Pi*float64(k*j%nx)/float64(nx))
			}
			y[k*ny+iy] = s
		}
	}
	return y
}

func TestAgainstTheDefinition(t *testing.T) {
	shapes := [][2]int{{64, 32}, {32, 64}, {30, 42}, {128, 8}, {8, 128}, {17, 19}, {34, 38}, {11, 13}, {49, 25}, {22, 26}}
	for n := 1; n <= 40; n++ {
		shapes = append(shapes, [2]int{n, 3}, [2]int{4, n})
	}
	for _, s := range shapes {
		nx, ny := s[0], s[1]
		p := mustPlan(t, nx, ny, 1)
		x := randomField(nx * ny)
		got := append([]complex128(nil), x...)
		p.Forward(got)
		if d := distance(got, direct(x, nx, ny, -1)); d > 2e-15*math.Log2(float64(nx*ny)+2) {
			t.Errorf("%d by %d: forward differs from the definition by %.1e", nx, ny, d)
		}
		p.Inverse(got)
		if d := distance(got, x); d > 1e-14 {
			t.Errorf("%d by %d: back and forth differs by %.1e", nx, ny, d)
		}
	}
}

func BenchmarkApply(b *testing.B) {
	for _, n := range []int{32, 64, 128, 256, 512} {
		for _, w := range []int{1, 2} {
			b.Run(fmt.Sprintf("%d/%d", n, w), func(b *testing.B) {
				p := mustPlan(b, n, n, w)
				k := p.NewKernel()
				k.Set(func(kx, ky int) complex128 { return cmplx.Rect(1, float64(kx*ky)) })
				x := randomField(n * n)
				for b.Loop() {
					p.Rows(x, true, nil, true)
					p.Columns(x, k, 1)
				}
			})
		}
	}
}
