package fft

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"gonum.org/v1/gonum/dsp/fourier"
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

// energy is the sum of squares, row by row, or its rounding would be all that
// is seen.
func energy(x []complex128, ny int) float64 {
	var total float64
	for ; len(x) > 0; x = x[ny:] {
		var row float64
		for _, v := range x[:ny] {
			row += real(v)*real(v) + imag(v)*imag(v)
		}
		total += row
	}
	return total
}

// gonum's transforms are the reference where the definition takes too long.
func TestAgainstGonum(t *testing.T) {
	for _, s := range [][2]int{{256, 256}, {512, 128}, {128, 512}, {1024, 16}, {16, 2048}, {240, 320}, {105, 135}, {97, 101}} {
		nx, ny := s[0], s[1]
		p := mustPlan(t, nx, ny, 2)
		x := randomField(nx * ny)
		want := append([]complex128(nil), x...)
		along := fourier.NewCmplxFFT(ny)
		for ix := range nx {
			along.Coefficients(want[ix*ny:(ix+1)*ny], want[ix*ny:(ix+1)*ny])
		}
		across := fourier.NewCmplxFFT(nx)
		column := make([]complex128, nx)
		for iy := range ny {
			for ix := range column {
				column[ix] = want[ix*ny+iy]
			}
			across.Coefficients(column, column)
			for ix, v := range column {
				want[ix*ny+iy] = v
			}
		}
		got := append([]complex128(nil), x...)
		p.Forward(got)
		if d := distance(got, want); d > 2e-15 {
			t.Errorf("%d by %d: forward differs from gonum by %.1e", nx, ny, d)
		}
		if e := math.Abs(energy(got, ny)/float64(nx*ny)/energy(x, ny) - 1); e > 2e-15 {
			t.Errorf("%d by %d: Parseval's sums differ by %.1e", nx, ny, e)
		}
		p.Inverse(got)
		if d := distance(got, x); d > 2e-15 {
			t.Errorf("%d by %d: back and forth differs by %.1e", nx, ny, d)
		}
	}
}

// The passes of a step do what whole transforms do: rows are handed to the hook
// in space, columns are multiplied in momentum space.
func TestPasses(t *testing.T) {
	for _, s := range [][2]int{{32, 64}, {64, 32}, {8, 8}, {4, 2}, {2, 1}, {1, 16}, {12, 20}, {9, 7}, {37, 23}, {30, 64}, {64, 30}} {
		nx, ny := s[0], s[1]
		p := mustPlan(t, nx, ny, 2)
		fx, fy := randomField(nx), randomField(ny + 1)[:ny]
		table := func(kx, ky int) complex128 { return fx[kx] * fy[ky] }
		x := randomField(nx * ny)
		want := append([]complex128(nil), x...)
		const factor = 0.75
		hook := func(_, ix int, row []complex128) {
			if len(row) != ny || cap(row) != ny {
				t.Errorf("%d by %d: a row of %d elements and room for %d", nx, ny, len(row), cap(row))
			}
			for iy := range row {
				row[iy] *= complex(float64(ix), float64(iy))
			}
		}
		for range 2 {
			p.Forward(want)
			for i := range want {
				want[i] *= factor * table(i/ny, i%ny)
			}
			p.Inverse(want)
			for ix := range nx {
				hook(0, ix, want[ix*ny:(ix+1)*ny:(ix+1)*ny])
			}
		}
		for name, fill := range map[string]func(k *Kernel){
			"Set":      func(k *Kernel) { k.Set(table) },
			"SetOuter": func(k *Kernel) { k.SetOuter(fx, fy) },
		} {
			k := p.NewKernel()
			fill(k)
			got := append([]complex128(nil), x...)
			var visits atomic.Int64
			p.Rows(got, false, nil, true)
			p.Columns(got, k, factor)
			p.Rows(got, true, hook, true)
			p.Columns(got, k, factor)
			p.Rows(got, true, func(worker, ix int, row []complex128) {
				if worker < 0 || worker >= p.Workers() {
					t.Errorf("worker %d of %d", worker, p.Workers())
				}
				visits.Add(1)
				hook(worker, ix, row)
			}, false)
			if d := distance(got, want); d > 1e-14 {
				t.Errorf("%d by %d, %s: passes differ from whole transforms by %.1e", nx, ny, name, d)
			}
			if visits.Load() != int64(nx) {
				t.Errorf("%d by %d: the hook saw %d rows", nx, ny, visits.Load())
			}
			got = append(got[:0], x...)
			p.Apply(got, k)
			p.Rows(got, false, hook, false)
			whole := append([]complex128(nil), x...)
			p.Forward(whole)
			for i := range whole {
				whole[i] *= table(i/ny, i%ny)
			}
			p.Inverse(whole)
			p.Rows(whole, false, hook, false)
			if d := distance(got, whole); d > 1e-14 {
				t.Errorf("%d by %d, %s: Apply differs by %.1e", nx, ny, name, d)
			}
		}
	}
}

// Whoever takes which task, the result is the same bit by bit.
func TestWorkersDoNotMatter(t *testing.T) {
	for _, s := range [][2]int{{64, 64}, {40, 36}, {19, 34}, {256, 8}} {
		nx, ny := s[0], s[1]
		var want []complex128
		for _, workers := range []int{1, 2, 3, 8} {
			p := mustPlan(t, nx, ny, workers)
			k := p.NewKernel()
			k.Set(func(kx, ky int) complex128 { return cmplx.Rect(1, float64(kx*kx+ky)) })
			got := randomField(nx * ny)
			for range 20 {
				p.Rows(got, false, nil, true)
				p.Columns(got, k, 1)
				p.Rows(got, true, func(_, ix int, row []complex128) { row[ix%ny] *= 1i }, false)
			}
			p.Forward(got)
			if want == nil {
				want = got
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%d by %d: with %d workers element %d is %v, with one %v", nx, ny, workers, i, got[i], want[i])
				}
			}
		}
	}
}

func TestPassesAllocateNothing(t *testing.T) {
	p := mustPlan(t, 32, 24, 2)
	k := p.NewKernel()
	x := randomField(32 * 24)
	hook := func(int, int, []complex128) {}
	if n := testing.AllocsPerRun(50, func() {
		p.Rows(x, false, hook, true)
		p.Columns(x, k, 1)
		p.Rows(x, true, hook, false)
		p.Forward(x)
		p.Inverse(x)
	}); n != 0 {
		t.Errorf("a step allocates %g times", n)
	}
}

// A plan whose helpers went to sleep in between goes on, and Close ends them.
func TestHelpersSleepAndEnd(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	p, err := New(32, 32, 4)
	if err != nil {
		t.Fatal(err)
	}
	x := randomField(32 * 32)
	want := append([]complex128(nil), x...)
	for range 5 {
		deadline := time.Now().Add(30 * time.Second)
		for p.pool.asleep.Load() != 3 {
			if time.Now().After(deadline) {
				t.Fatalf("%d of 3 helpers sleep", p.pool.asleep.Load())
			}
			time.Sleep(time.Millisecond)
		}
		p.Forward(x)
		p.Inverse(x)
	}
	if d := distance(x, want); d > 1e-14 {
		t.Errorf("after naps back and forth differs by %.1e", d)
	}
	p.Close()
}

func TestShapesThatCannotBe(t *testing.T) {
	for _, s := range [][3]int{{0, 8, 1}, {8, 0, 1}, {-4, 8, 1}, {8, 1 << 20, 1}, {8, 8, -1}} {
		if p, err := New(s[0], s[1], s[2]); err == nil {
			p.Close()
			t.Errorf("a plan for %d by %d and %d workers was made", s[0], s[1], s[2])
		}
	}
	p := mustPlan(t, 8, 4, 0)
	if nx, ny := p.Shape(); nx != 8 || ny != 4 || p.Workers() < 1 {
		t.Errorf("a plan of %d by %d with %d workers", nx, ny, p.Workers())
	}
	for name, do := range map[string]func(){
		"a short field":            func() { p.Forward(make([]complex128, 31)) },
		"a kernel of another plan": func() { p.Columns(make([]complex128, 32), mustPlan(t, 8, 4, 1).NewKernel(), 1) },
		"factors of other lengths": func() { p.NewKernel().SetOuter(make([]complex128, 4), make([]complex128, 8)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken", name)
				}
			}()
			do()
		}()
	}
}

// A panic on any worker is the caller's, and the plan goes on to work after it.
func TestPanicsAreTheCallers(t *testing.T) {
	const nx, ny = 64, 48
	for _, workers := range []int{1, 2, 4} {
		p := mustPlan(t, nx, ny, workers)
		for _, bad := range []int{0, 17, nx - 1} {
			got := func() (got any) {
				defer func() { got = recover() }()
				p.Rows(make([]complex128, nx*ny), false, func(_, ix int, _ []complex128) {
					if ix == bad {
						panic("out of order")
					}
				}, false)
				return nil
			}()
			if got == nil || !strings.Contains(fmt.Sprint(got), "out of order") {
				t.Errorf("%d workers, row %d: %v", workers, bad, got)
			}
			seen := make([]bool, nx)
			p.Rows(make([]complex128, nx*ny), false, func(_, ix int, _ []complex128) { seen[ix] = true }, false)
			for ix, ok := range seen {
				if !ok {
					t.Fatalf("%d workers: after a panic row %d was left out", workers, ix)
				}
			}
		}
	}
}

func FuzzShapes(f *testing.F) {
	f.Add(uint16(30), uint16(64), uint8(2))
	f.Add(uint16(17), uint16(1), uint8(3))
	f.Add(uint16(128), uint16(26), uint8(1))
	f.Fuzz(func(t *testing.T, a, b uint16, workers uint8) {
		nx, ny := int(a%600)+1, int(b%600)+1
		p := mustPlan(t, nx, ny, int(workers%4)+1)
		x := randomField(nx * ny)
		got := append([]complex128(nil), x...)
		p.Forward(got)
		// One wave has one frequency.
		kx, ky := int(a)*7%nx, int(b)*5%ny
		var want complex128
		for i, v := range x {
			want += v * root(i/ny*kx, nx) * root(i%ny*ky, ny)
		}
		if d := cmplx.Abs(got[kx*ny+ky] - want); d > 1e-12*float64(nx*ny) {
			t.Errorf("%d by %d: frequency %d, %d is off by %.1e", nx, ny, kx, ky, d)
		}
		p.Inverse(got)
		if d := distance(got, x); d > 1e-14 {
			t.Errorf("%d by %d: back and forth differs by %.1e", nx, ny, d)
		}
	})
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
					p.Columns(x, k, 1)
					p.Rows(x, true, nil, true)
				}
			})
		}
	}
}
