package segment

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"webmon/shm"
	"webmon/shm/pickle"
)

// Spec describes the array to share.
type Spec struct {
	Name  string   // of the array; becomes a part of the segment's name
	DType any      // in NumPy's notation: a name such as "<u2", or a list of fields
	Shape []int    // of a frame, at most 8 axes; frames may be smaller
	Axes  []string // a name for each axis; default none
	Units []string // of each axis; default none
	Slots int      // default 3: with fewer, readers miss frames; with more, they lag behind
	CRC   bool     // write checksums; a processor that may reorder stores always writes them
	Dir   string   // where segments are; default Dir

	store store // of tests; default that of the system
}

// Frame is what Publish takes besides the data.
type Frame struct {
	Shape        []int      // default: the shape of the array
	Offset, Step [2]float64 // see shm.ArrayFrame; a Step of 0, 0 means 1, 1
	Level        int
	User         uint64
	Stamp        time.Time // default: now
}

// check fills in what f leaves out. It returns how many bytes such a frame has in an
// array of the dtype and shape.
func (f *Frame) check(t *pickle.DType, shape []int, now time.Time) (int, error) {
	if f.Shape == nil {
		f.Shape = shape
	}
	n, ok := frameBytes(t, f.Shape)
	ok = ok && len(f.Shape) == len(shape)
	for i := 0; ok && i < len(shape); i++ {
		ok = f.Shape[i] <= shape[i]
	}
	if !ok {
		return 0, fmt.Errorf("a frame of %v does not fit %v", f.Shape, shape)
	}
	if f.Step == [2]float64{} {
		f.Step = [2]float64{1, 1}
	}
	if f.Stamp.IsZero() {
		f.Stamp = now
	}
	return n, nil
}

// Writer shares an array with every process that may read the user's shared memory.
// It is safe for concurrent use.
type Writer struct {
	info shm.ArrayInfo
	held held
	t    *pickle.DType
	crc  bool

	mu        sync.Mutex // guards all below
	b         []byte     // nil once closed
	seq       uint64
	published uint64
	stride    int
	dataBytes int
	slots     uint64
}

// Create makes a segment for the frames that s describes.
func Create(s Spec) (*Writer, error) {
	fail := func(err error) (*Writer, error) { return nil, fmt.Errorf("share %q: %w", s.Name, err) }
	t, n, err := s.check()
	if err != nil {
		return fail(err)
	}
	slots := s.Slots
	text, err := json.Marshal(map[string]any{"dtype": s.DType, "shape": slices.Clone(s.Shape), "axes": s.Axes, "units": s.Units})
	if err != nil {
		return fail(err)
	}
	if len(text) > maxJSON {
		return fail(fmt.Errorf("its description takes %d bytes, there is room for %d", len(text), maxJSON))
	}
	w := &Writer{
		t: t, slots: uint64(slots), dataBytes: n,
		stride: (slotData + n + pageBytes - 1) / pageBytes * pageBytes,
		crc:    s.CRC || runtime.GOARCH != "amd64",
	}
	total := headerBytes + slots*w.stride
	random := make([]byte, 8+4)
	_, _ = rand.Read(random) // never fails
	name := fmt.Sprintf("webmon-%d-%s-%x", os.Getpid(), slug(s.Name), random[8:])
	if s.store == nil && s.Dir == "" {
		sweepOnce()
	}
	if w.held, err = storeOf(s.store, s.Dir).create(name, total); err != nil {
		return fail(err)
	}
	if w.b, err = w.held.memory(total); err != nil {
		_ = w.held.remove()
		w.held.Close()
		return fail(err)
	}
	gen := binary.LittleEndian.Uint64(random)
	h := w.b[:headerBytes]
	binary.LittleEndian.PutUint32(h[8:], version)
	binary.LittleEndian.PutUint32(h[12:], headerBytes)
	w.put(atGeneration, gen)
	w.put(atTotal, uint64(total))
	w.put(atStride, uint64(w.stride))
	w.put(atDataBytes, uint64(n))
	binary.LittleEndian.PutUint32(h[atSlots:], uint32(slots))
	w.flags()
	w.put(atWriter, uint64(os.Getpid()))
	binary.LittleEndian.PutUint32(h[atJSONLen:], uint32(len(text)))
	copy(h[jsonAt:], text)
	barrier()
	copy(h, magic) // from now on it is a segment
	w.info = s.info(t, gen)
	w.info.Shm = name
	return w, nil
}

// check returns the dtype and the bytes of a frame. It fills in the number of slots.
func (s *Spec) check() (t *pickle.DType, n int, err error) {
	if t, err = pickle.ParseDescr(plainDescr(s.DType)); err != nil {
		return nil, 0, err
	}
	s.Slots = cmp.Or(s.Slots, 3)
	n, ok := frameBytes(t, s.Shape)
	switch {
	case !ok || len(s.Shape) > maxDims:
		return nil, 0, fmt.Errorf("a frame cannot have the shape %v", s.Shape)
	case s.Slots < minSlots || s.Slots > maxSlots:
		return nil, 0, fmt.Errorf("%d slots are not from %d to %d", s.Slots, minSlots, maxSlots)
	case len(s.Axes) != 0 && len(s.Axes) != len(s.Shape), len(s.Units) != 0 && len(s.Units) != len(s.Shape):
		return nil, 0, errors.New("axes and units have to be as many as the shape has")
	}
	return t, n, nil
}

// info returns what to declare about the array, without the name of its segment.
func (s *Spec) info(t *pickle.DType, generation uint64) shm.ArrayInfo {
	descr, fields := Describe(t)
	return shm.ArrayInfo{
		Name: s.Name, Generation: generationText(generation),
		Descr: descr, Fields: fields, Shape: append([]int{}, s.Shape...),
		Axes: slices.Clone(s.Axes), Units: slices.Clone(s.Units),
	}
}

// plainDescr turns the slices that people write in Go into the slices of JSON.
func plainDescr(v any) any {
	switch v := v.(type) {
	case [][]string:
		out := make([]any, len(v))
		for i, f := range v {
			out[i] = plainDescr(f)
		}
		return out
	case [][]any:
		out := make([]any, len(v))
		for i, f := range v {
			out[i] = plainDescr(f)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, f := range v {
			out[i] = plainDescr(f)
		}
		return out
	case []string:
		out := make([]any, len(v))
		for i, f := range v {
			out[i] = f
		}
		return out
	case []int:
		out := make([]any, len(v))
		for i, n := range v {
			out[i] = int64(n)
		}
		return out
	case int:
		return int64(v)
	}
	return v
}

func slug(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' {
			return r
		}
		return '_'
	}, s)
	const most = 24 // name, process and random digits fit 64
	return cmp.Or(s[:min(len(s), most)], "array")
}

// Info returns what to declare about the array. The caller fills in the fields that
// Create does not know.
func (w *Writer) Info() shm.ArrayInfo { return w.info }

func (w *Writer) put(at int, v uint64) {
	(*atomic.Uint64)(unsafe.Pointer(&w.b[at])).Store(v)
}

func (w *Writer) flags() {
	var v uint32
	if w.crc {
		v |= flagCRC
	}
	binary.LittleEndian.PutUint32(w.b[atFlags:], v)
}

// Publish puts a frame into the ring and waits for nobody. data is in C order and the
// array's dtype, and has as many bytes as the frame's shape says. An error that wraps
// shm.ErrNoArray says that somebody has removed the segment or cut it short: the array
// needs another Writer.
func (w *Writer) Publish(data []byte, f Frame) error {
	now := time.Now()
	n, err := f.check(w.t, w.info.Shape, now)
	if err == nil && n != len(data) {
		err = fmt.Errorf("a frame of %v has %d bytes, not %d", f.Shape, n, len(data))
	}
	if err != nil {
		return fmt.Errorf("publish %q: %w", w.info.Name, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.b == nil {
		return fmt.Errorf("publish %q: it is closed", w.info.Name)
	}
	// A write to what somebody has cut off would end the program.
	err = w.held.still(len(w.b))
	if err == nil {
		err = guard(w.b, shm.ErrNoArray, func() error { w.write(data, &f, now); return nil })
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, shm.ErrNoArray):
		return fmt.Errorf("publish %q: %w", w.info.Name, err)
	}
	return fmt.Errorf("publish %q: %w: %w", w.info.Name, shm.ErrNoArray, err)
}

// write puts a frame that fits into the next slot.
func (w *Writer) write(data []byte, f *Frame, now time.Time) {
	n := len(data)
	w.offered(now)
	w.seq++
	at := headerBytes + int(w.seq%w.slots)*w.stride
	w.put(at+slotBegin, w.seq)
	barrier()
	slot := w.b[at:][:slotData+n]
	u64 := func(at int, v uint64) { binary.LittleEndian.PutUint64(slot[at:], v) }
	u64(slotTime, uint64(f.Stamp.UnixNano()))
	u64(slotBytes, uint64(n))
	u64(slotUser, f.User)
	binary.LittleEndian.PutUint32(slot[slotDims:], uint32(len(f.Shape)))
	for i, side := range f.Shape {
		u64(slotShape+8*i, uint64(side))
	}
	for i := range 2 {
		u64(slotOffset+8*i, math.Float64bits(f.Offset[i]))
		u64(slotStep+8*i, math.Float64bits(f.Step[i]))
	}
	binary.LittleEndian.PutUint32(slot[slotLevel:], uint32(f.Level))
	copy(slot[slotData:], data)
	if w.crc {
		u64(slotCRC, uint64(crc32.ChecksumIEEE(data)))
	}
	barrier()
	w.put(at+slotEnd, w.seq)
	w.put(atLatest, w.seq)
}

// Offer counts a frame that is not copied because nobody wants it.
func (w *Writer) Offer() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.b != nil && w.held.still(len(w.b)) == nil {
		_ = guard(w.b, shm.ErrNoArray, func() error { w.offered(time.Now()); return nil })
	}
}

func (w *Writer) offered(now time.Time) {
	w.published++
	w.put(atHeartbeat, uint64(now.UnixNano()))
	w.put(atPublished, w.published)
}

// Close tells readers that no more frames come, and removes the segment. Readers that
// have the segment open can still read the last frames.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.b == nil {
		return nil
	}
	_ = guard(w.b, shm.ErrNoArray, func() error { // there may be nothing any more to write to
		flags := binary.LittleEndian.Uint32(w.b[atFlags:])
		binary.LittleEndian.PutUint32(w.b[atFlags:], flags|flagClosed)
		return nil
	})
	unmap(w.b)
	w.b = nil
	return errors.Join(w.held.remove(), w.held.Close())
}
