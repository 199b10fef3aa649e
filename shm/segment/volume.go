package segment

import (
	"errors"
	"fmt"
	"slices"

	"webmon/natural"
	"webmon/shm"
)

// Volume reads a volume that its process writes in place. It is safe for concurrent use.
// Nothing says whether the process was writing while a box was read: a process that has
// written something says so later, by the version.
type Volume struct {
	opened
}

// OpenVolume maps the segment in which a process declares a volume. An error wraps
// shm.ErrNoVolume and says what is wrong.
func OpenVolume(info *shm.VolumeInfo, o Options) (*Volume, error) {
	h, m, err := mapNamed(storeOf(o.store, o.Dir), info.Shm, func(h *header) error { return h.matchesVolume(info) })
	if err != nil {
		return nil, fmt.Errorf("%w: %w", shm.ErrNoVolume, err)
	}
	return &Volume{opened{m: m, held: h, gone: shm.ErrNoVolume}}, nil
}

// Is reports whether the segment is the volume that a process declares.
func (v *Volume) Is(info *shm.VolumeInfo) bool { return v.m.matchesVolume(info) == nil }

// matchesVolume returns nil if the segment is the volume that the process has declared.
func (h *header) matchesVolume(info *shm.VolumeInfo) error {
	if !h.volume {
		return errors.New("it holds a ring of frames, and no volume")
	}
	if g := generationText(h.generation); g != info.Generation {
		return fmt.Errorf("it is of generation %s and %s is declared: the process has made another one", g, natural.Clip(info.Generation, maxShown))
	}
	if descr := h.dtype.Descr(); len(h.dtype.Fields) > 0 || descr != info.Descr {
		return fmt.Errorf("it holds %s and %s is declared", natural.Clip(descr, maxShown), natural.Clip(info.Descr, maxShown))
	}
	if !slices.Equal(h.shape, info.Shape) {
		return fmt.Errorf("it holds %v and %v is declared", h.shape, info.Shape)
	}
	return nil
}

// Version returns how often the process has said that the content has changed: 0 if it
// has not, or if the segment was cut short.
func (v *Volume) Version() uint64 { return v.word(atLatest) }

// View calls f with all voxels where they lie: in C order and the dtype that is declared. f must
// neither write nor keep them. If the segment is cut short while f reads, f ends with a panic at
// that place, which becomes an error that wraps shm.ErrNoVolume. Other errors are those of f.
func (v *Volume) View(f func(voxels []byte) error) error {
	m := v.m
	n, _ := frameBytes(m.dtype, m.shape) // which parseHeader has compared with the data
	return v.guarded(func() error { return f(m.b[headerBytes:][:n:n]) })
}

// ReadBox copies the voxels from from, included, to to, not included, on every axis into
// dst, which grows as needed: in C order and the dtype that is declared. An error wraps
// shm.ErrBox or shm.ErrNoVolume, or says that the box is too large to be read at once.
func (v *Volume) ReadBox(from, to []int, dst []byte) ([]byte, error) {
	m := v.m
	n, err := boxBytes(m.dtype.Size, m.shape, from, to)
	if err != nil {
		return nil, err
	}
	err = v.guarded(func() error {
		dst = grow(dst, n)
		copyBox(dst, m.b[headerBytes:][:m.dataBytes], m.dtype.Size, m.shape, from, to)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return dst, nil
}
