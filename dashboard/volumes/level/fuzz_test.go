package level_test

import (
	"slices"
	"testing"

	"webmon/dashboard/volumes/level"
)

// Whatever a declaration says of an array that comes, and whatever is asked for, the answer is what the plain
// definition has, or an error.
func FuzzLevels(f *testing.F) {
	f.Add("<u2", uint64(0x0503), uint64(0x0202), false, []byte("some bytes of voxels, thirty of them"))
	f.Add("|i1", uint64(0x0000_0210), uint64(0x0003_0402), true, []byte("\x80\x81\x82\x83\xff\xfe\x00\x01\x02\x03\x04"))
	f.Add(">c8", uint64(0x0101_0105), uint64(0x0101_0103), false, []byte("\x7f\x80\x00\x00\x00\x00\x00\x00"))
	f.Add("<f12", uint64(4), uint64(2), false, []byte("\xff\xff"))
	f.Fuzz(func(t *testing.T, descr string, sides, by uint64, mode bool, data []byte) {
		d, ok := level.ParseDType(descr)
		var shape, factors []int
		voxels := 1
		for ; sides > 0; sides, by = sides>>8, by>>8 {
			shape, factors = append(shape, int(sides&0xff)), append(factors, int(by&0xff))
			voxels *= int(sides & 0xff)
			if voxels > 1<<14 {
				return
			}
		}
		fits := !slices.Contains(shape, 0) && !slices.Contains(factors, 0)
		whole := d.Kind == 'b' || d.Kind == 'u' || d.Kind == 'i'
		reduce := level.Mean
		if mode {
			reduce = level.Mode
		}
		// As it comes.
		if got, err := reduce(nil, data, d, shape, factors); err == nil && (!ok || !fits || len(data) != voxels*d.Size || mode && !whole) {
			t.Fatalf("%d bytes of %q %v by %v were made %d", len(data), descr, shape, factors, len(got))
		}
		_, _ = level.AppendTurned(nil, data, shape, d.Size)
		if !ok || !fits || mode && !whole {
			return
		}
		// As it should be.
		src := make([]byte, voxels*d.Size)
		for i := range src {
			if len(data) > 0 {
				src[i] = data[i%len(data)]
			}
		}
		for _, labels := range []bool{false, true} {
			w, ok := level.WireOf(descr, labels, &[2]float64{0, float64(len(data))})
			if !ok {
				continue
			}
			got, err := w.Append(nil, src, shape, factors)
			if err != nil || len(got) != product(level.Shape(shape, factors))*w.Size {
				t.Fatalf("%s %v by %v: %d bytes, %v", descr, shape, factors, len(got), err)
			}
		}
		if d.Kind == 'f' && d.Size > 8 || d.Kind == 'c' && d.Size > 16 {
			return // which the plain way does not read
		}
		compare(t, descr, src, shape, factors, mode)
	})
}
