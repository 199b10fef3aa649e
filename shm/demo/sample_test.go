package demo

import (
	"errors"
	"slices"
	"testing"

	"webmon/shm"
)

// The volumes of the layers have what the layers show, and the tissue is among them.
func TestVolumesOfLayers(t *testing.T) {
	v := NewSample(0)
	list := v.Volumes()
	if len(list) != 6 || list.Get("tissue") == nil {
		t.Fatalf("the volumes are %v", list)
	}
	for _, name := range []string{"layer.1", "layer.2", "layer.3"} {
		info := list.Get(name)
		size := map[string]int{"<u2": 2, "|u1": 1, "<u4": 4}[info.Descr]
		read := func(level int, from, to []int) []byte {
			t.Helper()
			b, err := v.ReadBox(t.Context(), info, shm.Box{Level: level, From: from, To: to}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		all := read(3, []int{6, 3000, 4100}, []int{10, 3100, 4200})
		if len(all) != 4*100*100*size {
			t.Fatalf("%s: %d bytes", name, len(all))
		}
		// A part is what the whole has there.
		part := read(3, []int{7, 3020, 4140}, []int{8, 3021, 4150})
		at := ((1*100+20)*100 + 40) * size
		if !slices.Equal(part, all[at:at+10*size]) {
			t.Errorf("a part of %s is not what all of it has there", name)
		}
		for _, box := range []shm.Box{
			{Level: 10, From: []int{0, 0, 0}, To: []int{1, 1, 1}}, {Level: -1, From: []int{0, 0, 0}, To: []int{1, 1, 1}},
			{From: []int{0, 0}, To: []int{1, 1}}, {Level: 9, From: []int{0, 0, 0}, To: []int{1, 145, 1}}, {From: []int{1, 0, 0}, To: []int{0, 1, 1}},
		} {
			if _, err := v.ReadBox(t.Context(), info, box, nil); !errors.Is(err, shm.ErrBox) {
				t.Errorf("%s, %+v: %v", name, box, err)
			}
		}
		old := *info
		old.Generation = "0000000000000000"
		if _, err := v.ReadBox(t.Context(), &old, shm.Box{From: []int{0, 0, 0}, To: []int{1, 1, 1}}, nil); !errors.Is(err, shm.ErrNoVolume) {
			t.Errorf("%s of another generation: %v", name, err)
		}
	}
}
