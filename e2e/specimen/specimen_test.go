package specimen

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

func values(frame []byte) []float32 {
	out := make([]float32, len(frame)/2)
	for i := range out {
		out[i] = float32(binary.LittleEndian.Uint16(frame[2*i:]))
	}
	return out
}

func TestFramesAreWhatACameraSees(t *testing.T) {
	const side = 256
	frames := Frames(side, 4)
	again := Frames(side, 4)
	for i := range frames {
		if !bytes.Equal(frames[i], again[i]) {
			t.Errorf("picture %d is another the second time", i)
		}
		v := values(frames[i])
		dark, bright, inside := float32(math.MaxFloat32), float32(0), 0
		for _, x := range v {
			dark, bright = min(dark, x), max(bright, x)
			if x >= Low && x <= High {
				inside++
			}
		}
		if dark < 80 || bright < 1500 || bright > 9000 {
			t.Errorf("picture %d has %g to %g counts", i, dark, bright)
		}
		if part := float64(inside) / float64(len(v)); part < 0.98 {
			t.Errorf("%.3f of picture %d are within the limits", part, i)
		}
	}
	// They move, and chance is another in each.
	if p := PSNR(frames[0], values(frames[2]), Low, High); p > 33 || p < 10 {
		t.Errorf("opposite pictures are alike by %.1f dB", p)
	}
}

// The variance of what a pixel counts is 2 for each count of signal, and 4 from reading.
func TestNoiseFollowsTheSignal(t *testing.T) {
	const n = 40000
	for _, counts := range []float32{0, 10, 40, 400, 3000} {
		signal := make([]float32, n)
		for i := range signal {
			signal[i] = counts
		}
		sum, square := 0.0, 0.0
		for _, v := range values(expose(signal, rand.New(rand.NewPCG(3, 4)))) {
			sum += float64(v)
			square += float64(v) * float64(v)
		}
		mean := sum / n
		variance := square/n - mean*mean
		if want := 2*float64(counts) + 4; math.Abs(variance/want-1) > 0.1 || math.Abs(mean-Offset-float64(counts)) > 2 {
			t.Errorf("%g counts: mean %.2f, variance %.1f, want %.1f", counts, mean-Offset, variance, want)
		}
	}
}

func TestPSNR(t *testing.T) {
	exact := Frames(64, 1)[0]
	v := values(exact)
	if p := PSNR(exact, v, Low, High); !math.IsInf(p, 1) {
		t.Errorf("the picture itself is alike by %g dB", p)
	}
	for i := range v {
		v[i] = 116 // far above and below, but for the cut
	}
	for i := range v {
		binary.LittleEndian.PutUint16(exact[2*i:], 100)
	}
	if p := PSNR(exact, v, 100, 1700); math.Abs(p-40) > 1e-9 {
		t.Errorf("a hundredth of the width is %g dB, want 40", p)
	}
	if p := PSNR(exact, v, 0, 50); !math.IsInf(p, 1) {
		t.Errorf("what is beyond the limits counts: %g dB", p)
	}
}
