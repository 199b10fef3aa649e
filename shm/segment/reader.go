package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"webmon/natural"
	"webmon/shm"
)

// Options of Open.
type Options struct {
	Dir string // where segments are; default Dir

	store store // of tests; default that of the system
}

// Reader reads the frames of one segment. It implements [shm.ArrayReader] and
// is safe for concurrent use. Frames keep their Reader, and so the memory.
type Reader struct {
	frames
	opened
	info atomic.Pointer[shm.ArrayInfo]
	torn atomic.Uint64
}

var _ shm.ArrayReader = (*Reader)(nil)

// opened is a segment that was opened.
type opened struct {
	m    *mapping
	gone error // what errors wrap

	mu   sync.Mutex // guards held
	held held       // nil once closed: only to see whether the segment is still what it was
}

// mapping is a segment in memory. It is unmapped when nobody refers to it.
type mapping struct {
	header
	b        []byte
	verified []atomic.Uint64 // of each slot: the frame whose crc was right
}

// Open maps the segment that a process declares. The Reader keeps info and returns it
// with every frame, so nobody must change it. An error wraps shm.ErrNoArray and says
// what is wrong.
func Open(info shm.ArrayInfo, o Options) (*Reader, error) {
	r, err := open(info, storeOf(o.store, o.Dir))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", shm.ErrNoArray, err)
	}
	return r, nil
}

func open(info shm.ArrayInfo, s store) (*Reader, error) {
	h, m, err := mapNamed(s, info.Shm, func(h *header) error { return h.matches(&info) })
	if err != nil {
		return nil, err
	}
	r := &Reader{opened: opened{m: m, held: h, gone: shm.ErrNoArray}}
	r.frames = frames{dtype: m.dtype, shape: m.shape, backing: r}
	r.info.Store(&info)
	return r, nil
}

// mapNamed maps the segment of a name, unless matches says why it is not what was
// declared.
func mapNamed(s store, name string, matches func(*header) error) (held, *mapping, error) {
	if !ValidName(name) {
		return nil, nil, fmt.Errorf("its segment's name %q is none of webmon's", natural.Clip(name, maxShown))
	}
	h, err := s.open(name)
	if err != nil {
		return nil, nil, err
	}
	m, err := mapSegment(h, matches)
	if err != nil {
		h.Close()
		return nil, nil, fmt.Errorf("its segment %s cannot be used: %w", name, err)
	}
	return h, m, nil
}

func mapSegment(s held, matches func(*header) error) (*mapping, error) {
	b := make([]byte, headerBytes)
	if err := s.head(b); err != nil {
		return nil, err
	}
	h, err := parseHeader(b, s.size())
	if err != nil {
		return nil, err
	}
	if err := matches(&h); err != nil {
		return nil, err
	}
	mem, err := s.memory(h.total)
	if err != nil {
		return nil, fmt.Errorf("map its %d MB: %w", h.total>>20, err)
	}
	m := &mapping{header: h, b: mem, verified: make([]atomic.Uint64, h.slots)}
	runtime.AddCleanup(m, unmap, mem)
	return m, nil
}

// Close says that nobody waits for news any more. What was got can still be read.
func (o *opened) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held == nil {
		return nil
	}
	err := o.held.Close()
	o.held = nil
	return err
}

// SetInfo replaces what later frames say about their array. Segment, generation,
// dtype and shape must be the same. If they are not, SetInfo does nothing and returns
// false: the array must be opened again.
func (r *Reader) SetInfo(info shm.ArrayInfo) bool {
	if info.Shm != r.info.Load().Shm || r.m.matches(&info) != nil {
		return false
	}
	r.info.Store(&info)
	return true
}

// Ended returns nil while the process may still write. Otherwise the error says why
// it cannot: the process has closed the segment or has ended, or somebody has removed it
// or cut it short.
func (o *opened) Ended() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held == nil {
		return fmt.Errorf("%w: it was closed here", o.gone)
	}
	var flags uint32
	err := o.guarded(func() error {
		flags = binary.LittleEndian.Uint32(o.m.b[atFlags:])
		return nil
	})
	if err == nil && flags&flagClosed != 0 {
		err = errors.New("the process has closed it")
	}
	if err == nil {
		err = o.held.still(o.m.total)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, o.gone):
		return err
	}
	return fmt.Errorf("%w: %w", o.gone, err)
}

// Published returns how many frames the process has offered, copied or not.
func (r *Reader) Published() uint64 { return r.word(atPublished) }

// Torn returns how many frames changed while they were read.
func (r *Reader) Torn() uint64 { return r.torn.Load() }

// heartbeat returns when the process last published, in ns since the epoch.
func (r *Reader) heartbeat() int64 { return int64(r.word(atHeartbeat)) }

// Told returns when the process last said how many frames it has published. Before
// that it returns the zero time.
func (r *Reader) Told() time.Time {
	if ns := r.heartbeat(); ns > 0 {
		return time.Unix(0, ns)
	}
	return time.Time{}
}

// word loads one word of the header: 0 if the segment was cut short.
func (o *opened) word(at int) (v uint64) {
	_ = o.guarded(func() error {
		v = o.m.load(at)
		return nil
	})
	return v
}

// load reads a word that the process may be writing.
func (m *mapping) load(at int) uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&m.b[at])).Load()
}

// guarded runs f, which reads the mapping. If the segment was cut short, the processor
// faults at the missing pages. guarded turns that into an error.
func (o *opened) guarded(f func() error) (err error) {
	defer runtime.KeepAlive(o.m)
	return guard(o.m.b, o.gone, f)
}

// guard runs f, which uses the memory of a segment. Where the segment was cut short under
// it, guard returns an error that wraps gone.
func guard(b []byte, gone error, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if !holds(b, p) {
				panic(p)
			}
			err = fmt.Errorf("%w: its segment was cut short", gone)
		}
	}()
	return f()
}

// holds reports whether what was recovered is a fault at an address of b.
func holds(b []byte, p any) bool {
	fault, ok := p.(interface {
		runtime.Error
		Addr() uintptr
	})
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return ok && fault.Addr() >= begin && fault.Addr() < begin+uintptr(len(b))
}

// Latest returns the number of the newest complete frame, 0 if there is none.
func (r *Reader) Latest() uint64 { return r.word(atLatest) }

// tries is how often the head of the newest frame is read before Frame gives up. Each
// time the process has gone round the whole ring meanwhile.
const tries = 3

// Frame returns the newest frame, nil if there is none yet. An error wraps
// shm.ErrOvertaken or shm.ErrNoArray. After shm.ErrOvertaken the next frame can be
// read.
func (r *Reader) Frame() (*shm.ArrayFrame, error) {
	var frame *shm.ArrayFrame
	err := r.guarded(func() error {
		for range tries {
			seq := r.m.load(atLatest)
			if seq == 0 {
				return nil
			}
			at := r.m.slot(seq)
			if r.m.load(at+slotEnd) != seq || r.m.load(at+slotBegin) != seq {
				continue
			}
			f, err := r.m.head(seq)
			barrier()
			if r.m.load(at+slotBegin) != seq {
				continue
			}
			if err != nil {
				return fmt.Errorf("%w: frame %d makes no sense: %w", shm.ErrNoArray, seq, err)
			}
			frame = f
			return nil
		}
		r.torn.Add(1)
		return shm.ErrOvertaken
	})
	if frame == nil || err != nil {
		return nil, err
	}
	frame.Info, frame.Reader = r.info.Load(), r
	return frame, nil
}

// slot returns where the slot of a frame begins.
func (m *mapping) slot(seq uint64) int { return headerBytes + int(seq%m.slots)*m.stride }

// head reads what a slot says about its frame.
func (m *mapping) head(seq uint64) (*shm.ArrayFrame, error) {
	b := m.b[m.slot(seq):][:slotData]
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	f64 := func(at int) float64 { return math.Float64frombits(u64(at)) }
	n := binary.LittleEndian.Uint32(b[slotDims:])
	if int64(n) != int64(len(m.shape)) {
		return nil, fmt.Errorf("it claims %d dimensions, the array has %d", n, len(m.shape))
	}
	f := &shm.ArrayFrame{
		Seq:    seq,
		Stamp:  float64(u64(slotTime)) / 1e9,
		Shape:  make([]int, n),
		Offset: [2]float64{f64(slotOffset), f64(slotOffset + 8)},
		Step:   [2]float64{f64(slotStep), f64(slotStep + 8)},
		User:   u64(slotUser),
	}
	for i := range f.Shape {
		side := u64(slotShape + 8*i)
		if side > uint64(m.shape[i]) {
			return nil, fmt.Errorf("it claims %d on axis %d, the array has %d", side, i, m.shape[i])
		}
		f.Shape[i] = int(side)
	}
	need, ok := frameBytes(m.dtype, f.Shape)
	if nbytes := u64(slotBytes); !ok || need > m.dataBytes || nbytes != uint64(need) {
		return nil, fmt.Errorf("it claims %d bytes for %v", nbytes, f.Shape)
	}
	if !isPlace(f.Offset[0]) || !isPlace(f.Offset[1]) || !isStep(f.Step[0]) || !isStep(f.Step[1]) {
		f.Offset, f.Step = [2]float64{}, [2]float64{1, 1}
	}
	const maxLevel = 53
	if level := binary.LittleEndian.Uint32(b[slotLevel:]); level <= maxLevel {
		f.Level = int(level)
	}
	return f, nil
}

// farthest is how far from the origin of its layer a frame may lie, in pixels, and how many
// of them one of its own may span: what a page can still multiply and draw.
const farthest = 1 << 60

func isPlace(x float64) bool { return math.Abs(x) <= farthest }

func isStep(x float64) bool { return x >= 1.0/farthest && x <= farthest }

// data implements backing.
func (r *Reader) data(f *shm.ArrayFrame, n int, copyOut func(data []byte) error) error {
	m := r.m
	return r.guarded(func() error {
		at := m.slot(f.Seq)
		if m.load(at+slotEnd) != f.Seq || m.load(at+slotBegin) != f.Seq {
			return shm.ErrOvertaken
		}
		data := m.b[at+slotData:][:n:n]
		if m.crc {
			if err := r.verify(f.Seq, data); err != nil {
				return err
			}
		}
		if err := copyOut(data); err != nil {
			return err
		}
		barrier()
		if m.load(at+slotBegin) != f.Seq {
			r.torn.Add(1)
			return shm.ErrOvertaken
		}
		return nil
	})
}

// maxVerified bounds what a read of a part of a frame may cost beyond that part.
const maxVerified = 64 << 20

// verify compares the crc of a frame with its data, once for each frame. On a processor
// that reorders stores, the data may arrive after the numbers that say that the data
// are complete. Data that were complete once are complete for every later read, which
// then needs to look at the numbers only. Frames beyond 64 MB are not verified.
func (r *Reader) verify(seq uint64, data []byte) error {
	m := r.m
	seen := &m.verified[seq%m.slots]
	if len(data) > maxVerified || seen.Load() == seq {
		return nil
	}
	at := m.slot(seq)
	for try := range tries {
		if try > 0 {
			time.Sleep(50 * time.Microsecond) // stores do not stay on their way for long
		}
		if uint64(crc32.ChecksumIEEE(data)) == m.load(at+slotCRC) {
			barrier()
			if m.load(at+slotBegin) == seq {
				seen.Store(seq)
			}
			return nil // what was read is checked again in the end
		}
		if m.load(at+slotBegin) != seq {
			break
		}
	}
	r.torn.Add(1)
	return fmt.Errorf("%w: its checksum is wrong", shm.ErrOvertaken)
}
