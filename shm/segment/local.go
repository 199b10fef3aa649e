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

// Local is a ring of frames in the memory of this very process, for arrays that
// are computed or fetched here: it needs no shared memory, so that it works on
// every system. It implements [shm.ArrayReader] for its frames, and is safe for
// concurrent use. Frames keep it, and can be read for as long as somebody has them.
//
// A frame that is being read is not overwritten, so that none is ever torn; nor does
// who publishes wait for that.
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
	busy atomic.Int32  // so many read it; -1: it is being written
	seq  atomic.Uint64 // of its frame, 0: none
	b    []byte        // at an address that is good for every type of Go's
}

// NewLocal makes a ring for frames of the shape. Of s the CRC and the Dir are of no
// meaning.
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

// Info is what to declare of the array. It has no Shm, as there is no segment.
func (l *Local) Info() shm.ArrayInfo { return *l.arrayInfo.Load() }

// SetInfo replaces what frames from now on say of their array, such as its title and
// its limits. Generation, dtype and shape have to be the same: false says that they
// are not, and that it takes another Local.
func (l *Local) SetInfo(info shm.ArrayInfo) bool {
	old := l.arrayInfo.Load()
	if info.Generation != old.Generation || info.Descr != old.Descr || !slices.Equal(info.Shape, old.Shape) ||
		!slices.EqualFunc(info.Fields, old.Fields, sameField) {
		return false
	}
	l.arrayInfo.Store(&info)
	return true
}

// Publish copies a frame into the ring: data in C order and the array's dtype, as
// many bytes as the frame's shape says. It returns the frame.
func (l *Local) Publish(data []byte, f Frame) (*shm.ArrayFrame, error) {
	return l.put(f, len(data), func(b []byte) { copy(b, data) })
}

// Fill has fill write a frame right into the ring: b has as many bytes as the
// frame's shape says, and in them whatever an earlier frame had. [Items] makes numbers
// of them. It returns the frame.
func (l *Local) Fill(f Frame, fill func(b []byte)) (*shm.ArrayFrame, error) {
	return l.put(f, -1, fill)
}

// put has fill write a frame of n bytes, or as many as its shape says.
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
		Offset: f.Offset, Step: f.Step, Level: f.Level, Reader: l,
	}
	l.published.Add(1)
	l.copied.Add(1)
	l.newest.Store(frame)
	return frame, nil
}

// free returns the oldest place that nobody reads, to be written to: never that of
// the newest frame, which whoever has just got it should be able to read. Where all
// are being read a new one takes the place of the oldest, whose readers keep it.
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

// fill has f write n bytes of a frame. Where f panics the place is free again, and
// holds no frame.
func (p *place) fill(seq uint64, n int, f func(b []byte)) {
	p.seq.Store(0)
	defer p.busy.Store(0)
	f(p.b[:n:n])
	p.seq.Store(seq)
}

// hold keeps the place from being written to; false says that it is.
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

// Offer counts a frame that nobody wants and that is therefore not copied.
func (l *Local) Offer() { l.published.Add(1) }

// Frame returns the newest frame, nil before the first.
func (l *Local) Frame() *shm.ArrayFrame { return l.newest.Load() }

// published is how many frames there had been at a time.
type published struct {
	at time.Time
	n  uint64
}

// ratesOver is over how many calls of Stats, each about a second after the last, the
// rate is taken.
const ratesOver = 4

// Stats is what there is to say of the frames so far. It is to be called about once
// a second: the rate is that since a few calls before.
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

// Bytes are numbers as a frame has them.
func Bytes[T number](items []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(items))), len(items)*int(unsafe.Sizeof(zero)))
}

// Items are the bytes that Fill gives, as numbers; they are no copy.
func Items[T number](b []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

type number interface {
	uint8 | uint16 | uint32 | uint64 | int8 | int16 | int32 | int64 | float32 | float64 | complex64 | complex128
}
