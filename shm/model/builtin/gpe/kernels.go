package gpe

import "math"

// The potential step is one exponential for each pixel, and math.Sincos and
// math.Exp alone would take longer than both transforms. Those below are within
// 1e-15 of them: short series where the argument is small, which, with the trap in
// a factor of its own, it is nearly everywhere but under a strong finger, and
// longer ones after the argument is reduced.

const (
	// Up to here the short series are exact to rounding.
	smallAngle    = 1.0 / 16
	smallExponent = 1.0 / 512
)

// factorRow writes exp(-decay pot - i turn pot), what turnRow and coolRow
// multiply with. A trap is flat within its walls and on top of them, where one
// value does for many pixels.
func factorRow(factor []complex128, pot []float64, turn, decay float64) {
	pot = pot[:len(factor)]
	var last float64
	f := complex(1, 0) // of last
	for j, v := range pot {
		if v != last {
			sin, cos := sincos(turn * v)
			amp := 1.0
			if decay != 0 {
				amp = exp(-decay * v)
			}
			last, f = v, complex(amp*cos, -amp*sin)
		}
		factor[j] = f
	}
}

// turnRow multiplies a row by factor and by exp(-i turn u), where u is
// fx fingerY + |ψ|² and, if there is one, drag. It returns the row's Σ|ψ|².
func turnRow(row, factor []complex128, fingerY, drag []float64, fx, turn float64) float64 {
	sum := 0.0
	factor, fingerY = factor[:len(row)], fingerY[:len(row)]
	for j, z := range row {
		n := real(z)*real(z) + imag(z)*imag(z)
		sum += n
		u := fx*fingerY[j] + n
		if drag != nil {
			u += drag[j]
		}
		a := turn * u
		var sin, cos float64
		if math.Abs(a) <= smallAngle {
			b := a * a
			bb := b * b
			sin = a + a*b*((s3+b*s5)+bb*s7)
			cos = 1 + b*((c2+b*c4)+bb*(c6+b*c8))
		} else {
			sin, cos = sincos(a)
		}
		row[j] = complex(real(z)*cos+imag(z)*sin, imag(z)*cos-real(z)*sin) * factor[j]
	}
	return sum
}

// coolRow is turnRow with exp(-decay u - i turn u). Its sum is that of what comes
// out.
func coolRow(row, factor []complex128, fingerY, drag []float64, fx, turn, decay float64) float64 {
	sum := 0.0
	factor, fingerY = factor[:len(row)], fingerY[:len(row)]
	for j, z := range row {
		u := fx*fingerY[j] + (real(z)*real(z) + imag(z)*imag(z))
		if drag != nil {
			u += drag[j]
		}
		a, e := turn*u, -decay*u
		var sin, cos, amp float64
		if math.Abs(a) <= smallAngle && math.Abs(e) <= smallExponent {
			b := a * a
			bb := b * b
			sin = a + a*b*((s3+b*s5)+bb*s7)
			cos = 1 + b*((c2+b*c4)+bb*(c6+b*c8))
			amp = (1 + e) + e*e*((e2+e*e3)+e*e*e4)
		} else {
			sin, cos = sincos(a)
			amp = exp(e)
		}
		sin, cos = amp*sin, amp*cos
		z = complex(real(z)*cos+imag(z)*sin, imag(z)*cos-real(z)*sin) * factor[j]
		sum += real(z)*real(z) + imag(z)*imag(z)
		row[j] = z
	}
	return sum
}

// sumRow is Σ|ψ|² of a row, in four sums that do not wait for each other.
func sumRow(row []complex128) float64 {
	var a, b, c, d float64
	for ; len(row) >= 4; row = row[4:] {
		a += real(row[0])*real(row[0]) + imag(row[0])*imag(row[0])
		b += real(row[1])*real(row[1]) + imag(row[1])*imag(row[1])
		c += real(row[2])*real(row[2]) + imag(row[2])*imag(row[2])
		d += real(row[3])*real(row[3]) + imag(row[3])*imag(row[3])
	}
	for _, z := range row {
		a += real(z)*real(z) + imag(z)*imag(z)
	}
	return a + b + c + d
}

// phaseRow writes the arguments of a row, from -π to π, to the precision of what
// it writes: math.Atan2 takes several times as long.
func phaseRow(dst []float32, row []complex128) {
	dst = dst[:len(row)]
	for j, z := range row {
		x, y := math.Abs(real(z)), math.Abs(imag(z))
		t := min(x, y) / max(x, y, math.SmallestNonzeroFloat64)
		s := t * t
		a := t * (t0 + s*(t1+s*(t2+s*(t3+s*(t4+s*(t5+s*(t6+s*(t7+s*t8))))))))
		if y > x {
			a = math.Pi/2 - a
		}
		if real(z) < 0 {
			a = math.Pi - a
		}
		dst[j] = float32(math.Copysign(a, imag(z)))
	}
}

// Coefficients of the polynomial for atan(t)/t in t² that is nowhere from 0 to 1
// further than 6e-9 from it.
const (
	t0 = 0.9999998863757943
	t1 = -0.33332596992649505
	t2 = 0.19985906258432257
	t3 = -0.14161225941210387
	t4 = 0.10498935060637753
	t5 = -0.07234836250311719
	t6 = 0.039780993455740266
	t7 = -0.014401225074623552
	t8 = 0.0024566930472251594
)

// Coefficients of the series of sin, cos and exp.
const (
	s3  = -1.0 / 6
	s5  = 1.0 / 120
	s7  = -1.0 / 5040
	s9  = 1.0 / 362880
	s11 = -1.0 / 39916800
	s13 = 1.0 / 6227020800
	s15 = -1.0 / 1307674368000
	c2  = -1.0 / 2
	c4  = 1.0 / 24
	c6  = -1.0 / 720
	c8  = 1.0 / 40320
	c10 = -1.0 / 3628800
	c12 = 1.0 / 479001600
	c14 = -1.0 / 87178291200
	c16 = 1.0 / 20922789888000
	e2  = 1.0 / 2
	e3  = 1.0 / 6
	e4  = 1.0 / 24
	e5  = 1.0 / 120
	e6  = 1.0 / 720
	e7  = 1.0 / 5040
	e8  = 1.0 / 40320
	e9  = 1.0 / 362880
	e10 = 1.0 / 3628800
	e11 = 1.0 / 39916800
	e12 = 1.0 / 479001600
	e13 = 1.0 / 6227020800

	// magic moves the integer part of a number below 2^51 into its last bits.
	magic = 3 << 51
	// Pi/2 and ln 2 in pieces whose products with a small integer are exact.
	halfPi1 = 1.57079632673412561417e+00
	halfPi2 = 6.07710050630396597660e-11
	halfPi3 = 2.02226624879595063154e-21
	ln2a    = 6.93147180369123816490e-01
	ln2b    = 1.90821492927058770002e-10
)

// sincos is math.Sincos for arguments up to some hundred thousand, beyond which
// it is the very one.
func sincos(a float64) (sin, cos float64) {
	if !(math.Abs(a) <= 1e5) {
		return math.Sincos(a)
	}
	m := a*(2/math.Pi) + magic
	quarter := math.Float64bits(m)
	k := m - magic
	r := ((a - k*halfPi1) - k*halfPi2) - k*halfPi3
	b := r * r
	bb := b * b
	sin = r + r*b*((s3+b*s5)+bb*((s7+b*s9)+bb*((s11+b*s13)+bb*s15)))
	cos = 1 + b*((c2+b*c4)+bb*((c6+b*c8)+bb*((c10+b*c12)+bb*(c14+b*c16))))
	if quarter&1 != 0 {
		sin, cos = cos, -sin
	}
	if quarter&2 != 0 {
		sin, cos = -sin, -cos
	}
	return sin, cos
}

// exp is math.Exp where that is a normal number, beyond which it is the very
// one.
func exp(e float64) float64 {
	if !(math.Abs(e) <= 700) {
		return math.Exp(e)
	}
	m := e*math.Log2E + magic
	k := m - magic
	r := (e - k*ln2a) - k*ln2b
	q := r * r
	p := (1 + r) + q*(((e2+r*e3)+q*(e4+r*e5))+q*q*(((e6+r*e7)+q*(e8+r*e9))+q*q*((e10+r*e11)+q*(e12+r*e13))))
	return p * math.Float64frombits(uint64(int64(k)+1023)<<52)
}
