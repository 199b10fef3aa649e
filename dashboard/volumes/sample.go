package volumes

import (
	"context"
	"math"
	"slices"
	"time"

	"webmon/dashboard/volumes/level"
	"webmon/shm"
)

// histogram is what a sample of an image's voxels says of all of them.
type histogram struct {
	Low, High float64 // between which most lie: from half a percent to all but half a percent
	Min, Max  float64
	Counts    [64]int // from Low to High
	Dense     float64 // the part of the voxels in the upper half of that, from 0 to 1
}

const (
	sampleSide = 16              // voxels of the boxes that are sampled
	sampleTime = 2 * time.Second // at most
)

// sample reads a few boxes all over a volume. nil: none could be read, or none has a finite value.
func (r *reader) sample(ctx context.Context) *histogram {
	ctx, cancel := context.WithTimeout(ctx, sampleTime)
	defer cancel()
	d, ok := level.ParseDType(r.v.Descr)
	if !ok {
		return nil
	}
	from, shape := 0, r.v.Shape
	if n := len(r.v.Levels); n > 0 {
		from, shape = n, r.v.Levels[n-1].Shape
	}
	places := 3
	if !r.v.mapped() {
		places = 1 // the process is asked
	}
	var values []float64
	at := make([]int, len(shape)) // which of the places on each axis
	for {
		box := shm.Box{Level: from, From: make([]int, len(shape)), To: make([]int, len(shape))}
		for i, n := range shape {
			side := min(n, sampleSide)
			switch {
			case i == r.v.Channels:
				side = n
			case i < len(shape)-4:
				side = 1
			}
			box.From[i] = (n - side) * (2*at[i] + 1) / (2 * places)
			box.To[i] = box.From[i] + side
		}
		if raw, err := r.read(ctx, box, nil); err == nil {
			for o := 0; o+d.Size <= len(raw); o += d.Size {
				if x := d.Float(raw[o:]); !math.IsNaN(x) && !math.IsInf(x, 0) {
					values = append(values, x)
				}
			}
		} else if ctx.Err() != nil || len(values) == 0 {
			break
		}
		i := len(shape) - 1
		for ; i >= max(0, len(shape)-3); i-- {
			if at[i]++; at[i] < places {
				break
			}
			at[i] = 0
		}
		if i < max(0, len(shape)-3) {
			break
		}
	}
	return histogramOf(values)
}

func histogramOf(values []float64) *histogram {
	if len(values) == 0 {
		return nil
	}
	slices.Sort(values)
	n := len(values)
	h := &histogram{Low: values[n/200], High: values[n-1-n/200], Min: values[0], Max: values[n-1]}
	if h.Low == h.High {
		h.Low, h.High = h.Min, h.Max
	}
	if h.Low == h.High {
		h.High = h.Low + 1
	}
	dense := 0
	for _, x := range values {
		part := (x - h.Low) / (h.High - h.Low)
		h.Counts[min(max(int(part*64), 0), 63)]++
		if part > 0.5 {
			dense++
		}
	}
	h.Dense = float64(dense) / float64(n)
	return h
}

// gain is the gain of volume rendering with which an image is neither black nor a block: the fewer of
// its voxels are bright, the more.
func (h *histogram) gain() float64 {
	if h == nil {
		return 0
	}
	return math.Round(10*min(max(-1.5*math.Log10(max(h.Dense, 1e-4))-2, -3), 4)) / 10
}
