package volumes

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"webmon/dashboard/volumes/level"
	"webmon/shm"
)

// What is read to make a chunk is counted before it is read, and is no more than that.
func TestTheRoomOfAChunk(t *testing.T) {
	for _, c := range []struct {
		name, descr string
		mapped      bool
		shape       []int
		chunk       chunk
		want        int64
	}{
		{"as it is", "|u1", false, []int{64, 64, 64}, chunk{[]int{1, 1, 1}, []int{0, 0, 0}, []int{64, 64, 64}}, 1 << 18},
		{"converted", "<f8", false, []int{64, 64, 64}, chunk{[]int{1, 1, 1}, []int{0, 0, 0}, []int{64, 64, 64}}, 1<<20 + 1<<21},
		{"coarser", "|u1", false, []int{256, 256, 256}, chunk{[]int{4, 4, 4}, []int{0, 0, 0}, []int{64, 64, 64}}, 1<<18 + 4<<20},
		{"as it is, in memory", "|u1", true, []int{64, 64, 64}, chunk{[]int{1, 1, 1}, []int{0, 0, 0}, []int{64, 64, 64}}, 1 << 18},
		{"coarser, in memory", "|u1", true, []int{256, 256, 256}, chunk{[]int{4, 4, 4}, []int{0, 0, 0}, []int{64, 64, 64}}, 1<<18 + maxMapped},
		{"coarser, of little", "|u1", false, []int{5, 4, 4}, chunk{[]int{2, 2, 2}, []int{0, 0, 0}, []int{3, 2, 2}}, 12 + 12*8},
		{"one voxel of many", "<u2", true, []int{512, 128, 128}, chunk{[]int{512, 128, 128}, []int{0, 0, 0}, []int{1, 1, 1}}, 2 + 16<<20},
	} {
		w, _ := level.WireOf(c.descr, false, nil)
		v := &volume{VolumeInfo: shm.VolumeInfo{Kind: shm.VolumeImage, Descr: c.descr, Shape: c.shape}}
		if c.mapped {
			v.Shm = "webmon-1-v"
		}
		room := c.chunk.room(c.shape, w, v.most(0))
		if room != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, room, c.want)
		}
		r := &reader{v: v, wire: w, read: func(_ context.Context, box shm.Box, dst []byte) ([]byte, error) {
			n := w.DType.Size
			for i := range box.From {
				n *= box.To[i] - box.From[i]
			}
			answer := product(c.chunk.shape()) * w.Size
			if same := c.chunk.fine() && w.Same(); !same && int64(n+answer) > room {
				t.Errorf("%s: %d bytes are read for an answer of %d, and %d were counted", c.name, n, answer, room)
			}
			if n > cap(dst) {
				return make([]byte, n), nil
			}
			return dst[:n], nil
		}}
		if _, err := r.chunk(t.Context(), c.chunk, nil); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// What is made where the voxels lie is the same as what is made of copies, and needs none.
func TestChunksOfVoxelsWhereTheyLie(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	for _, descr := range []string{"|u1", "<i2"} {
		w, _ := level.WireOf(descr, false, nil)
		v := &volume{VolumeInfo: shm.VolumeInfo{Kind: shm.VolumeImage, Descr: descr, Shape: []int{130, 257, 300}, Shm: "webmon-1-v"}}
		voxels := make([]byte, product(v.Shape)*w.DType.Size)
		for i := range voxels {
			voxels[i] = byte(rng.Uint32())
		}
		reads, views := 0, 0
		r := &reader{v: v, wire: w, read: func(_ context.Context, box shm.Box, dst []byte) ([]byte, error) {
			reads++
			return cut(dst, voxels, w.DType.Size, v.Shape, box.From, box.To), nil
		}}
		for _, c := range []chunk{
			{[]int{2, 2, 2}, []int{1, 0, 2}, []int{65, 129, 150}},
			{[]int{4, 4, 4}, []int{0, 0, 0}, []int{33, 65, 75}},
			{[]int{1, 3, 2}, []int{0, 80, 0}, []int{130, 86, 64}},
			{[]int{1000, 2, 64}, []int{0, 3, 0}, []int{1, 5, 5}},
		} {
			r.view = nil
			want, err := r.chunk(t.Context(), c, nil)
			if err != nil {
				t.Fatal(err)
			}
			reads = 0
			r.view = func(_ context.Context, f func([]byte) error) (bool, error) { views++; return true, f(voxels) }
			got, err := r.chunk(t.Context(), c, nil)
			if err != nil || !bytes.Equal(got, want) || reads > 0 {
				t.Errorf("%s %v: %v, %d reads", descr, c, err, reads)
			}
			r.view = func(context.Context, func([]byte) error) (bool, error) { return true, shm.ErrNoVolume }
			if _, err := r.chunk(t.Context(), c, nil); !errors.Is(err, shm.ErrNoVolume) {
				t.Errorf("of memory that is gone: %v", err)
			}
			r.view = func(context.Context, func([]byte) error) (bool, error) { return false, nil }
			if got, err := r.chunk(t.Context(), c, nil); err != nil || !bytes.Equal(got, want) {
				t.Errorf("of what lies in no memory: %v", err)
			}
		}
		if views <= 4 {
			t.Errorf("%d views: nothing is made in parts, between which a request may end", views)
		}
	}
}
