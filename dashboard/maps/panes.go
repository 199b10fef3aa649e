package maps

import (
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"net/url"

	"webmon/dashboard/answer"
	"webmon/natural"
	"webmon/shm/stack"
)

// mostPlanes is how many planes may be asked for at once.
const mostPlanes = 32

// paneHead are the bytes before the pixels of each plane: four numbers of 32 bits, little-endian. The first is the bytes of a
// pixel, or 0 where the rest is a sentence that says why there are none; then rows, columns, and how many bytes follow.
const paneHead = 16

// getPlanes answers GET /maps/<map>/planes?plane=&plane=...: several planes in one answer, since a browser takes longer for a
// request than for the pixels of a pane. Each plane is what the address of getPlane has behind its question mark. One that cannot be read
// takes nothing from the others. A browser keeps no such answer: its script keeps the planes.
func (m *Maps) getPlanes(w http.ResponseWriter, r *http.Request) error {
	key := r.PathValue("map")
	wanted := ask(r).Values["plane"]
	if len(wanted) == 0 || len(wanted) > mostPlanes {
		return refuse("plane", "plane must be there 1 to %d times", mostPlanes)
	}
	o, err := m.open(r.Context(), key)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return m.send(w, r, m.texts, binaryType, 0, func(b *answer.Body) error {
		for _, text := range wanted {
			q, err := url.ParseQuery(text)
			if err != nil {
				return refuse("plane", "plane must be the parameters of a plane, escaped")
			}
			im, p, err := m.image(r.Context(), asked{q}, o, key)
			var data []byte
			var size, rows, cols int
			if tag := q.Get("tag"); err == nil && tag != "" && tag != im.Tag {
				im.Release()
				err = refuse("tag", "the images have changed") // the page asks anew what they are
			}
			if err == nil {
				info := im.Info()
				size = p.pixels(info).Size()
				rows, cols = p.size()
				if err = b.Need(int64(b.Len()+info.Bytes(p.rect)+size*rows*cols) + paneHead); err == nil {
					data, err = m.read(r.Context(), im, p)
				}
				im.Release()
			}
			if busy := (*answer.Busy)(nil); errors.As(err, &busy) || r.Context().Err() != nil {
				return errors.Join(err, context.Cause(r.Context()))
			}
			if err != nil {
				if errors.Is(err, stack.ErrRange) {
					err = refuse("plane", "%s", err.Error())
				}
				size, rows, cols, data = 0, 0, 0, []byte(natural.Sentence(err.Error()))
			}
			head := make([]byte, 0, paneHead)
			for _, n := range []int{size, rows, cols, len(data)} {
				head = binary.LittleEndian.AppendUint32(head, uint32(n))
			}
			if err := b.Need(int64(b.Len() + len(head) + len(data))); err != nil {
				return err
			}
			b.Adopt(head)
			b.Adopt(data)
		}
		return nil
	})
}
