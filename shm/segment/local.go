package segment

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"webmon/shm"
)

// Local is a ring of frames in the memory of webmon itself, for arrays that webmon
// computes or fetches. It needs no shared memory, and therefore works on
// every system. It implements [shm.ArrayReader] for its frames, and is safe for
// concurrent use. A frame keeps its Local, and can be read for as long as somebody has
// the frame.
//
// A frame that is being read is not overwritten, so no frame is ever torn. Publish and
// Fill do not wait for readers.
type Local struct {
	frames
	arrayInfo atomic.Pointer[shm.ArrayInfo]
	ring      []atomic.Pointer[place]
	newest    atomic.Pointer[shm.ArrayFrame]
	published atomic.Uint64
	copied    atomic.Uint64

	filling sync.Mutex // held while a frame is written

	mu    sync.Mutex // guards rates
	rates []published
}

var _ shm.ArrayReader = (*Local)(nil)

// place holds one frame.
type place struct {
	busy atomic.Int32  // how many read it; -1: it is being written
	seq  atomic.Uint64 // of its frame, 0: none
	b    []byte        // at an address that is good for every type of Go's
}

// NewLocal makes a ring for frames of the shape in s. It does not use the CRC and the
// Dir of s.
func NewLocal(s Spec) (*Local, error) {
	t, n, err := s.check()
	if err != nil {
		return nil, fmt.Errorf("keep %q: %w", s.Name, err)
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	info := s.info(t, binary.LittleEndian.Uint64(random[:]))
	l := &Local{ring: make([]atomic.Pointer[place], s.Slots)}
	l.frames = frames{dtype: t, shape: info.Shape, backing: l}
	l.arrayInfo.Store(&info)
	for i := range l.ring {
		l.ring[i].Store(newPlace(n))
	}
	return l, nil
}

func newPlace(n int) *place {
	words := make([]uint64, n/8+1)
	return &place{b: unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), n)}
}

// Info returns what to declare about the array. Its Shm is "", because there is no
// segment.
func (l *Local) Info() shm.ArrayInfo { return *l.arrayInfo.Load() }

// SetInfo replaces what later frames say about their array, such as its title and
// its limits. Generation, dtype and shape must be the same. If they are not, SetInfo
// does nothing and returns false: the array needs another Local.
func (l *Local) SetInfo(info shm.ArrayInfo) bool {
	old := l.arrayInfo.Load()
	if info.Generation != old.Generation || info.Descr != old.Descr || !slices.Equal(info.Shape, old.Shape) ||
		!slices.EqualFunc(info.Fields, old.Fields, sameField) {
		return false
	}
	l.arrayInfo.Store(&info)
	return true
}

// Publish copies a frame into the ring and returns the frame. data is in C order and
// the array's dtype, and has as many bytes as the frame's shape says.
func (l *Local) Publish(data []byte, f Frame) (*shm.ArrayFrame, error) {
	return l.put(f, len(data), func(b []byte) { copy(b, data) })
}

// Fill calls fill to write a frame right into the ring, and returns the frame. b has
// as many bytes as the frame's shape says, and holds what an earlier frame left there.
// [Items] returns the bytes as numbers.
func (l *Local) Fill(f Frame, fill func(b []byte)) (*shm.ArrayFrame, error) {
	return l.put(f, -1, fill)
}

// put calls fill to write a frame of n bytes, or of as many as its shape says.
func (l *Local) put(f Frame, n int, fill func(b []byte)) (*shm.ArrayFrame, error) {
	info := l.arrayInfo.Load()
	f.Shape = slices.Clone(f.Shape)
	need, err := f.check(l.dtype, l.shape, time.Now())
	if err == nil && n >= 0 && n != need {
		err = fmt.Errorf("a frame of %v has %d bytes, not %d", f.Shape, need, n)
	}
	if err != nil {
		return nil, fmt.Errorf("publish %q: %w", info.Name, err)
	}
	l.filling.Lock()
	defer l.filling.Unlock()
	seq := uint64(1)
	if last := l.newest.Load(); last != nil {
		seq = last.Seq + 1
	}
	l.free().fill(seq, need, fill)
	frame := &shm.ArrayFrame{
		Info: info, Seq: seq, Stamp: float64(f.Stamp.UnixNano()) / 1e9, Shape: f.Shape,
		Offset: f.Offset, Step: f.Step, Level: f.Level, User: f.User, Reader: l,
	}
	l.published.Add(1)
	l.copied.Add(1)
	l.newest.Store(frame)
	return frame, nil
}

// free returns the oldest place that nobody reads, to be written to. It never returns
// the place of the newest frame, because whoever has just got that frame should be
// able to read it. If all places are being read, a new place replaces the oldest,
// which its readers keep.
func (l *Local) free() *place {
	newest, oldest := 0, 0
	for i := range l.ring {
		seq := l.ring[i].Load().seq.Load()
		if seq > l.ring[newest].Load().seq.Load() {
			newest = i
		}
		if seq < l.ring[oldest].Load().seq.Load() {
			oldest = i
		}
	}
	var found *place
	for i := range l.ring {
		p := l.ring[i].Load()
		if (i != newest || newest == oldest) && (found == nil || p.seq.Load() < found.seq.Load()) && p.busy.CompareAndSwap(0, -1) {
			if found != nil {
				found.busy.Store(0)
			}
			found = p
		}
	}
	if found == nil {
		found = newPlace(len(l.ring[oldest].Load().b))
		found.busy.Store(-1)
		l.ring[oldest].Store(found)
	}
	return found
}

// data implements backing.
func (l *Local) data(f *shm.ArrayFrame, n int, copyOut func(data []byte) error) error {
	for i := range l.ring {
		p := l.ring[i].Load()
		if p.seq.Load() != f.Seq || !p.hold() {
			continue
		}
		if p.seq.Load() == f.Seq {
			defer p.busy.Add(-1)
			return copyOut(p.b[:n:n])
		}
		p.busy.Add(-1)
	}
	return shm.ErrOvertaken
}

// fill calls f to write n bytes of a frame. If f panics, the place is free again and
// holds no frame.
func (p *place) fill(seq uint64, n int, f func(b []byte)) {
	p.seq.Store(0)
	defer p.busy.Store(0)
	f(p.b[:n:n])
	p.seq.Store(seq)
}

// hold keeps the place from being written to. It returns false if the place is being
// written to.
func (p *place) hold() bool {
	for {
		n := p.busy.Load()
		if n < 0 {
			return false
		}
		if p.busy.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Offer counts a frame that is not copied because nobody wants it.
func (l *Local) Offer() { l.published.Add(1) }

// Frame returns the newest frame, nil before the first.
func (l *Local) Frame() *shm.ArrayFrame { return l.newest.Load() }

// published is how many frames had been published by a time.
type published struct {
	at time.Time
	n  uint64
}

// ratesOver is the number of calls of Stats over which the rate is taken. They come
// about once a second.
const ratesOver = 4

// Stats returns the counts of frames so far. It must be called about once a second,
// because the rate is that since a few calls before.
func (l *Local) Stats(now time.Time) shm.ArrayStats {
	s := shm.ArrayStats{Published: l.published.Load(), Seen: l.copied.Load()}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rates = append(l.rates, published{now, s.Published})
	if extra := len(l.rates) - 1 - ratesOver; extra > 0 {
		l.rates = slices.Delete(l.rates, 0, extra)
	}
	if d := now.Sub(l.rates[0].at).Seconds(); d > 0 {
		s.Rate = float64(s.Published-l.rates[0].n) / d
	}
	return s
}

// Bytes returns numbers as the bytes of a frame. The bytes are no copy.
func Bytes[T number](items []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(items))), len(items)*int(unsafe.Sizeof(zero)))
}

// Items returns the bytes that Fill gives as numbers. The numbers are no copy.
func Items[T number](b []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

type number interface {
	uint8 | uint16 | uint32 | uint64 | int8 | int16 | int32 | int64 | float32 | float64 | complex64 | complex128
}
