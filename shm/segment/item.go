package segment

import (
	"errors"
	"fmt"

	"webmon/shm"
)

// ReadItem returns the bytes of one item of a frame, in the dtype of the array.
// position has a number for each axis. The error wraps [shm.ErrOvertaken] or
// [shm.ErrNoArray], or says what is wrong with the position.
func (r *frames) ReadItem(f *shm.ArrayFrame, position []int) ([]byte, error) {
	if f == nil || len(f.Shape) != len(r.shape) {
		return nil, errors.New("this is no frame of the array")
	}
	if len(position) != len(f.Shape) {
		return nil, fmt.Errorf("the position has %d axes, the array %d", len(position), len(f.Shape))
	}
	at := 0
	for k, n := range f.Shape {
		if position[k] < 0 || position[k] >= n {
			return nil, fmt.Errorf("the position %d on axis %d is none of %d", position[k], k, n)
		}
		at = at*n + position[k]
	}
	size := r.dtype.Size
	item := make([]byte, size)
	err := r.read(f, func(data []byte) error {
		copy(item, data[at*size:][:size])
		return nil
	})
	if err != nil {
		return nil, err
	}
	return item, nil
}
