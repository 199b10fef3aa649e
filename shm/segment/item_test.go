package segment

import (
	"errors"
	"slices"
	"testing"

	"webmon/shm"
)

func TestReadItem(t *testing.T) {
	w := share(t, Spec{DType: ">f8", Shape: []int{3, 4}})
	r := mustOpen(t, w)
	data := make([]byte, 3*3*8)
	for i := range data {
		data[i] = byte(i)
	}
	publish(t, w, data, Frame{Shape: []int{3, 3}}) // smaller than the array
	f := mustFrame(t, r)
	for i := range 9 {
		b, err := r.ReadItem(f, []int{i / 3, i % 3})
		if err != nil || !slices.Equal(b, data[8*i:8*i+8]) {
			t.Errorf("item %d is %v, %v", i, b, err)
		}
	}
	for _, at := range [][]int{nil, {0}, {0, 0, 0}, {3, 0}, {0, 3}, {-1, 0}} {
		if b, err := r.ReadItem(f, at); err == nil || errors.Is(err, shm.ErrOvertaken) || errors.Is(err, shm.ErrNoArray) {
			t.Errorf("at %v: %v, %v", at, b, err)
		}
	}
	for range 3 {
		publish(t, w, data, Frame{Shape: []int{3, 3}})
	}
	if b, err := r.ReadItem(f, []int{0, 0}); !errors.Is(err, shm.ErrOvertaken) {
		t.Errorf("of a frame that was overwritten: %v, %v", b, err)
	}
	one := share(t, Spec{DType: "<u2", Shape: []int{}})
	publish(t, one, []byte{1, 2}, Frame{})
	r = mustOpen(t, one)
	if b, err := r.ReadItem(mustFrame(t, r), nil); err != nil || !slices.Equal(b, []byte{1, 2}) {
		t.Errorf("a single value is %v, %v", b, err)
	}
}
