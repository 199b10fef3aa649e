package fakepage

import (
	"encoding/binary"
	"fmt"
)

// wholes puts messages together that came in parts; see public/js/wholes.js.
type wholes struct {
	begun   bool
	id      uint32 // of the newest that was begun
	size    int
	bytes   []byte // nil: nothing is under way
	wire    int    // bytes that came of it
	givenUp int64
}

// mostWhole is how large one may be, bytes.
const mostWhole = 1 << 30

// take takes a part. It returns the whole once all of it is there, and how many bytes it took.
func (w *wholes) take(b []byte) ([]byte, int, error) {
	const head = 16
	if len(b) <= head {
		return nil, 0, fmt.Errorf("fakepage: a part of %d bytes", len(b))
	}
	id, offset, size := binary.LittleEndian.Uint32(b[4:]), int(binary.LittleEndian.Uint32(b[8:])), int(binary.LittleEndian.Uint32(b[12:]))
	if fresh := !w.begun || id != w.id; fresh {
		if w.begun && int32(id-w.id) < 0 {
			return nil, 0, fmt.Errorf("fakepage: a part of picture %d after one of %d", id, w.id)
		}
		if offset != 0 || size > mostWhole {
			return nil, 0, fmt.Errorf("fakepage: picture %d of %d bytes begins at byte %d", id, size, offset)
		}
		if w.bytes != nil {
			w.givenUp++
		}
		w.begun, w.id, w.size, w.wire = true, id, size, 0
		w.bytes = make([]byte, 0, size)
	}
	if w.bytes == nil || size != w.size || offset != len(w.bytes) || offset+len(b)-head > size {
		return nil, 0, fmt.Errorf("fakepage: bytes %d to %d of %d of picture %d, of which %d of %d are there", offset, offset+len(b)-head, size, id, len(w.bytes), w.size)
	}
	w.bytes = append(w.bytes, b[head:]...)
	w.wire += len(b)
	if len(w.bytes) < size {
		return nil, 0, nil
	}
	whole := w.bytes
	w.bytes = nil
	return whole, w.wire, nil
}
