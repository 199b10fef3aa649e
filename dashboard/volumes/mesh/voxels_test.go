package mesh

import (
	"context"
	"encoding/binary"
)

// volume is a Volume in memory.
func volume(descr string, shape [3]int, at func(z, y, x int) uint64) *Volume {
	it, err := parse(descr)
	if err != nil {
		panic(err)
	}
	data := make([]byte, shape[0]*shape[1]*shape[2]*it.size)
	put := data
	for z := range shape[0] {
		for y := range shape[1] {
			for x := range shape[2] {
				order := binary.ByteOrder(binary.LittleEndian)
				if it.big {
					order = binary.BigEndian
				}
				var b [8]byte
				order.PutUint64(b[:], at(z, y, x))
				if it.big {
					copy(put, b[8-it.size:])
				} else {
					copy(put, b[:it.size])
				}
				put = put[it.size:]
			}
		}
	}
	return &Volume{Descr: descr, Shape: shape, Read: func(_ context.Context, from, to [3]int, dst []byte) ([]byte, error) {
		for z := from[0]; z < to[0]; z++ {
			for y := from[1]; y < to[1]; y++ {
				row := ((z*shape[1]+y)*shape[2] + from[2]) * it.size
				dst = append(dst, data[row:row+(to[2]-from[2])*it.size]...)
			}
		}
		return dst, nil
	}}
}
