package gpe

import (
	"math"
	"math/cmplx"
	"testing"
)

// arguments are spread over all magnitudes, with the borders of the series and
// quarter turns and their neighbours among them.
func arguments() []float64 {
	var all []float64
	for e := -30.0; e <= 17; e += 0.00917 {
		all = append(all, math.Exp2(e))
	}
	for k := range 200 {
		all = append(all, float64(k)*math.Pi/4, math.Nextafter(float64(k)*math.Pi/4, 1e9))
	}
	for _, v := range []float64{smallAngle, smallExponent, 1e5, 700} {
		all = append(all, v, math.Nextafter(v, 0), math.Nextafter(v, 1e9))
	}
	for _, v := range all {
		all = append(all, -v)
	}
	return append(all, 0)
}

func TestExponentials(t *testing.T) {
	for _, a := range arguments() {
		s, c := sincos(a)
		ws, wc := math.Sincos(a)
		if math.Abs(s-ws) > 4e-16 || math.Abs(c-wc) > 4e-16 {
			t.Errorf("sincos(%g) = %g, %g; want %g, %g", a, s, c, ws, wc)
		}
		if e, want := exp(a), math.Exp(a); math.Abs(e-want) > 6e-16*want {
			t.Errorf("exp(%g) = %g, want %g", a, e, want)
		}
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if s, c := sincos(v); !math.IsNaN(s) || !math.IsNaN(c) {
			t.Errorf("sincos(%g) = %g, %g: what is no number must stay none", v, s, c)
		}
	}
	if e := exp(math.NaN()); !math.IsNaN(e) {
		t.Errorf("exp(NaN) = %g", e)
	}
	if exp(math.Inf(1)) != math.Inf(1) || exp(-1e300) != 0 {
		t.Error("exp does not overflow and vanish as it must")
	}
}

// The rows are multiplied by what the formula says, for every size of the
// exponent, with and without cooling and friction.
func TestRowsAgainstTheFormula(t *testing.T) {
	args := arguments()
	const finger = 0.25
	for _, theta := range []float64{0, 0.01, 0.1, 1, math.Pi / 2} {
		for _, withDrag := range []bool{false, true} {
			var row, want []complex128
			var pot, at, drag []float64
			var sum float64
			for i, a := range args {
				a = math.Abs(a)
				if math.Abs(a) > 300 {
					continue
				}
				z := cmplx.Rect(0.01, float64(i))
				n := real(z)*real(z) + imag(z)*imag(z)
				f, d := math.Sin(float64(i)), 0.0
				if withDrag {
					d = 0.1 * math.Cos(float64(i))
				}
				row, at, drag = append(row, z), append(at, f), append(drag, d)
				pot = append(pot, a-n-finger*f-d)
				u := pot[len(pot)-1] + finger*f + n + d
				want = append(want, z*cmplx.Exp(complex(-math.Sin(theta)*u, -math.Cos(theta)*u)))
				// The sum is that of what comes out.
				after := want[len(want)-1]
				sum += real(after)*real(after) + imag(after)*imag(after)
			}
			if !withDrag {
				drag = nil
			}
			turn, decay := math.Cos(theta), math.Sin(theta)
			factor := make([]complex128, len(row))
			factorRow(factor, pot, turn, decay)
			for name, do := range map[string]func(row []complex128) float64{
				"turnRow": func(row []complex128) float64 { return turnRow(row, factor, at, drag, finger, turn) },
				"coolRow": func(row []complex128) float64 { return coolRow(row, factor, at, drag, finger, turn, decay) },
			} {
				if name == "turnRow" && decay != 0 {
					continue
				}
				got := append([]complex128(nil), row...)
				if total := do(got); math.Abs(total-sum) > 1e-12*sum {
					t.Errorf("%s, theta %g: the row's sum is %g, want %g", name, theta, total, sum)
				}
				for i := range row {
					// The exponent itself is rounded, which counts times its size.
					if d := cmplx.Abs(got[i] - want[i]); d > 0.01*1e-15*(1+math.Abs(pot[i])) {
						t.Errorf("%s, theta %g, exponent %g: off by %.1e", name, theta, pot[i], d/0.01)
					}
				}
			}
		}
	}
}

func TestSumRow(t *testing.T) {
	for n := range 12 {
		row, want := make([]complex128, n), 0.0
		for i := range row {
			row[i] = complex(float64(i), float64(-2*i))
			want += float64(5 * i * i)
		}
		if got := sumRow(row); got != want {
			t.Errorf("sum of %d elements is %g, want %g", n, got, want)
		}
	}
}

func TestPhases(t *testing.T) {
	var row []complex128
	for k := range 5000 {
		row = append(row, cmplx.Rect(math.Exp2(float64(k%60-30)), float64(k)*0.0013))
	}
	for _, x := range []float64{0, 1, -1, 5e-324, -5e-324, 1e300} {
		for _, y := range []float64{0, 1, -1, 5e-324, 1e300} {
			row = append(row, complex(x, y))
		}
	}
	row = append(row, complex(-1, math.Copysign(0, -1)))
	got := make([]float32, len(row))
	phaseRow(got, row)
	for i, z := range row {
		if want := math.Atan2(imag(z), real(z)); math.Abs(float64(got[i])-want) > 2.5e-7 {
			t.Errorf("the argument of %v is %g, want %g", z, got[i], want)
		}
	}
	phaseRow(got[:2], []complex128{complex(math.NaN(), 1), complex(1, math.NaN())})
	if got[0] == got[0] || got[1] == got[1] {
		t.Error("what is no number has a phase")
	}
}
