package volumes

import (
	"context"
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
