package mesh

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// naive finds the objects of a volume voxel by voxel.
func naive(shape [3]int, at func(z, y, x int) uint64) []Object {
	found := map[uint64]Object{}
	for z := range shape[0] {
		for y := range shape[1] {
			for x := range shape[2] {
				label := at(z, y, x)
				if label == 0 {
					continue
				}
				o, ok := found[label]
				if !ok {
					o = Object{Label: label, From: shape}
				}
				o.Voxels++
				for a, i := range [3]int{z, y, x} {
					o.From[a], o.To[a] = min(o.From[a], i), max(o.To[a], i+1)
				}
				found[label] = o
			}
		}
	}
	var out []Object
	for _, o := range found {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Object) int {
		if a.Label < b.Label {
			return -1
		}
		return 1
	})
	return out
}

func TestScanFindsAllBoxes(t *testing.T) {
	for _, descr := range []string{"|b1", "|u1", "|i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "=i4", ">i4", "<u8", ">u8", "<i8", ">i8"} {
		for _, runs := range []int{1, 3, 40} {
			it, err := parse(descr)
			if err != nil {
				t.Fatal(err)
			}
			rnd := rand.New(rand.NewPCG(uint64(runs), 7))
			shape := [3]int{1 + rnd.IntN(9), 1 + rnd.IntN(9), 1 + rnd.IntN(90)}
			labels := make([]uint64, shape[0]*shape[1]*shape[2])
			for i := range labels {
				switch {
				case i > 0 && rnd.IntN(runs) > 0:
					labels[i] = labels[i-1]
				case it.bool:
					labels[i] = uint64(rnd.IntN(2))
				default:
					shift := 64 - 8*it.size
					labels[i] = uint64(rnd.IntN(7)) << 61 >> shift * uint64(1+rnd.IntN(3))
					labels[i] = labels[i] << shift >> shift
					if it.signed {
						labels[i] = uint64(int64(labels[i]<<shift) >> shift)
					}
				}
			}
			at := func(z, y, x int) uint64 { return labels[(z*shape[1]+y)*shape[2]+x] }
			v := volume(descr, shape, at)
			b, err := Scan(t.Context(), v, 0)
			if err != nil {
				t.Fatal(err)
			}
			want := naive(shape, at)
			if got := b.All(); !slices.Equal(got, want) {
				t.Errorf("%s, runs of %d:\ngot  %v\nwant %v", descr, runs, got, want)
			}
			for _, o := range want {
				if got, err := Find(t.Context(), v, o.Label); got != o || err != nil {
					t.Errorf("%s: Find: got %v (%v), want %v", descr, got, err, o)
				}
			}
			// The same in slabs of any shape.
			b, _ = NewBoxes(descr, shape, 0)
			for _, zs := range [][2]int{{0, shape[0] / 2}, {shape[0] / 2, shape[0]}} {
				for _, xs := range [][2]int{{shape[2] / 3, shape[2]}, {0, shape[2] / 3}} {
					from, to := [3]int{zs[0], 0, xs[0]}, [3]int{zs[1], shape[1], xs[1]}
					if zs[0] == zs[1] || xs[0] == xs[1] {
						continue
					}
					data, _ := v.Read(t.Context(), from, to, nil)
					if err := b.Add(from, to, data); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := b.All(); !slices.Equal(got, want) {
				t.Errorf("%s in slabs, runs of %d:\ngot  %v\nwant %v", descr, runs, got, want)
			}
		}
	}
}

func TestScanIsBounded(t *testing.T) {
	shape := [3]int{4, 10, 25}
	v := volume("<u4", shape, func(z, y, x int) uint64 { return uint64((z*10+y)*25 + x + 1) })
	b, err := Scan(t.Context(), v, 30)
	if err != nil {
		t.Fatal(err)
	}
	if b.Len() != 30 || b.Missed() != 970 || b.Bytes() > 30*objectBytes+1<<15 {
		t.Errorf("%d labels, %d missed, %d bytes", b.Len(), b.Missed(), b.Bytes())
	}
	if want := "more than 30 labels: 970 voxels"; !strings.Contains(b.Problem(), want) {
		t.Errorf("%q does not say %q", b.Problem(), want)
	}
	if _, ok := b.Get(1000); ok {
		t.Error("label 1000 was found")
	}
	o, err := Find(t.Context(), v, 1000)
	if want := (Object{Label: 1000, From: [3]int{3, 9, 24}, To: [3]int{4, 10, 25}, Voxels: 1}); o != want || err != nil {
		t.Errorf("got %v (%v), want %v", o, err, want)
	}
	if _, err := Find(t.Context(), v, 5000); !errors.Is(err, ErrNoLabel) {
		t.Error(err)
	}
	full, err := Scan(t.Context(), v, 1000)
	if err != nil || full.Missed() != 0 || full.Problem() != "" {
		t.Error(full.Problem(), err)
	}
}

// The slabs of a box are that box, each voxel once, and none is larger than it should be.
func TestSlabs(t *testing.T) {
	for _, c := range []struct {
		to          [3]int
		least, most int // bytes
	}{
		{[3]int{3, 5, 7}, 0, slabBytes}, {[3]int{5, 3000, 1000}, 0, slabBytes}, {[3]int{2, 3, 5 << 20}, 0, slabBytes}, {[3]int{300, 200, 200}, 0, slabBytes},
		{[3]int{300, 200, 200}, 1 << 20, 1 << 20}, {[3]int{300, 200, 200}, 1 << 30, slabBytes}, {[3]int{3, 1000, 1000}, 1 << 20, 4e6},
	} {
		it, to := item{size: 4}, c.to
		var voxels, last int
		err := it.slabs([3]int{0, 1, 2}, to, c.least, false, func(from, end [3]int) error {
			n := (end[0] - from[0]) * (end[1] - from[1]) * (end[2] - from[2])
			if !inside(to, from, end) || n*4 > c.most {
				return fmt.Errorf("the slab goes from %v to %v", from, end)
			}
			at := (from[0]*to[1]+from[1])*to[2] + from[2]
			if at <= last {
				return errors.New("the slabs are not in order")
			}
			last = at
			voxels += n
			return nil
		})
		if want := to[0] * (to[1] - 1) * (to[2] - 2); err != nil || voxels != want {
			t.Errorf("%v: %d voxels of %d: %v", to, voxels, want, err)
		}
	}
}

func TestScanEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reads := 0
	v := &Volume{Descr: "<u4", Shape: [3]int{1000, 1000, 1000}, Read: func(_ context.Context, from, to [3]int, dst []byte) ([]byte, error) {
		if reads++; reads == 2 {
			cancel()
		}
		return append(dst, make([]byte, (to[0]-from[0])*(to[1]-from[1])*(to[2]-from[2])*4)...), nil
	}}
	if _, err := Scan(ctx, v, 0); !errors.Is(err, context.Canceled) || reads != 2 {
		t.Errorf("after %d reads: %v", reads, err)
	}
}

func TestWhatCannotBeScanned(t *testing.T) {
	if _, err := NewBoxes("<c8", [3]int{1, 1, 1}, 0); err == nil {
		t.Error("complex numbers were taken")
	}
	if _, err := NewBoxes("<u4", [3]int{1, 0, 1}, 0); err == nil {
		t.Error("an empty volume was taken")
	}
	if _, err := NewBoxes("<u4", [3]int{1, 1, maxLength + 1}, 0); err == nil {
		t.Error("a volume that is too long was taken")
	}
	b, err := NewBoxes("<u4", [3]int{2, 2, 2}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to [3]int
		bytes    int
	}{
		{[3]int{0, 0, 0}, [3]int{2, 2, 3}, 48}, {[3]int{-1, 0, 0}, [3]int{2, 2, 2}, 48}, {[3]int{1, 0, 0}, [3]int{1, 2, 2}, 0},
		{[3]int{0, 0, 0}, [3]int{2, 2, 2}, 31}, {[3]int{0, 0, 0}, [3]int{2, 2, 2}, 33},
	} {
		if err := b.Add(c.from, c.to, make([]byte, c.bytes)); err == nil {
			t.Errorf("%v was taken", c)
		}
	}
}

// Whatever is said to be a box of labels is counted as it is, or refused.
func FuzzBoxes(f *testing.F) {
	f.Add("<u4", uint16(2), uint16(3), uint16(4), int16(0), int16(1), []byte("abcdabcdabcdabcdefghefgh"), uint8(3))
	f.Add(">i2", uint16(1), uint16(1), uint16(9), int16(0), int16(0), []byte("aaaaaaaaaaaaaaaaab"), uint8(1))
	f.Add("|b1", uint16(1), uint16(1), uint16(40), int16(0), int16(0), []byte("\x01\x01\x02\x00\x00aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), uint8(9))
	f.Fuzz(func(t *testing.T, descr string, nz, ny, nx uint16, z, y int16, data []byte, limit uint8) {
		shape := [3]int{int(nz), int(ny), int(nx)}
		b, err := NewBoxes(descr, shape, int(limit))
		if err != nil {
			return
		}
		from := [3]int{int(z), int(y), 0}
		if err := b.Add(from, shape, data); err != nil {
			if b.Len() != 0 || b.Missed() != 0 {
				t.Fatal("what was refused was counted")
			}
			return
		}
		sum := b.Missed()
		for _, o := range b.All() {
			sum += o.Voxels
			if !inside(shape, o.From, o.To) || o.Voxels < 1 || o.Label == 0 {
				t.Fatalf("%v of a volume of the shape %v", o, shape)
			}
		}
		it, _ := parse(descr)
		for i := 0; i < len(data); i += it.size {
			if it.label(it.load(data[i:])) != 0 {
				sum--
			}
		}
		if sum != 0 {
			t.Fatalf("the voxels are %d too many", sum)
		}
	})
}
