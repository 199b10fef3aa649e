package pixels

import (
	"testing"

	"webmon/shm"
)

func TestWhichArraysAreVolumes(t *testing.T) {
	for _, c := range []struct {
		what     string
		info     shm.ArrayInfo
		volume   bool
		channels int
	}{
		{"a stack", shm.ArrayInfo{Descr: "<u2", Shape: []int{5, 6, 7}, Axes: []string{"z", "y", "x"}}, true, -1},
		{"axes without names", shm.ArrayInfo{Descr: "<u2", Shape: []int{5, 6, 7}}, true, -1},
		{"a film", shm.ArrayInfo{Descr: "<u2", Shape: []int{5, 6, 7}, Axes: []string{"t", "y", "x"}}, false, -1},
		{"a film of stacks", shm.ArrayInfo{Descr: ">f4", Shape: []int{5, 6, 7, 8}, Axes: []string{"t", "z", "y", "x"}}, true, -1},
		{"a picture in channels", shm.ArrayInfo{Descr: "<u2", Shape: []int{3, 6, 7}, Axes: []string{"c", "y", "x"}}, false, 0},
		{"more channels than are shown", shm.ArrayInfo{Descr: "<u2", Shape: []int{40, 6, 7}, Axes: []string{"c", "y", "x"}}, true, -1},
		{"a picture in colour", shm.ArrayInfo{Descr: "|u1", Shape: []int{6, 7, 3}, Axes: []string{"y", "x", "c"}, Role: "rgb"}, false, 2},
		{"a stack of one plane", shm.ArrayInfo{Descr: "|u1", Shape: []int{1, 6, 7}, Axes: []string{"z", "y", "x"}}, false, -1},
		{"nothing in it", shm.ArrayInfo{Descr: "|u1", Shape: []int{0, 6, 7}, Axes: []string{"z", "y", "x"}}, false, -1},
		{"texts", shm.ArrayInfo{Descr: "<U5", Shape: []int{5, 6, 7}, Axes: []string{"z", "y", "x"}}, false, -1},
		{"long floats", shm.ArrayInfo{Descr: "<f16", Shape: []int{5, 6, 7}, Axes: []string{"z", "y", "x"}}, false, -1},
		{"the visible part of a layer", shm.ArrayInfo{Descr: "<u2", Shape: []int{5, 6, 7}, Axes: []string{"z", "y", "x"}, Layer: "7"}, false, -1},
		{"records", shm.ArrayInfo{Fields: []shm.ArrayField{{Name: "x", Descr: "<f8"}}, Shape: []int{5, 6, 7}}, false, -1},
	} {
		if got := IsVolume(&c.info); got != c.volume {
			t.Errorf("%s: %t", c.what, got)
		}
		if got := Channels(&c.info); got != c.channels {
			t.Errorf("%s: the channels are axis %d, want %d", c.what, got, c.channels)
		}
	}
}
