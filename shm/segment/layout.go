package segment

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/pickle"
)

// The layout, as in shm/PROTOCOL.md.
const (
	magic       = "WEBMONSH"
	version     = 1
	headerBytes = 4096
	jsonAt      = 136
	maxJSON     = headerBytes - jsonAt
	pageBytes   = 4096
	minSlots    = 2
	maxSlots    = 64
	maxDims     = 8
	maxTotal    = 1 << 42 // bytes of a segment: more than any machine has

	flagCRC    = 1
	flagClosed = 2
	flagVolume = 4 // no ring, but one volume that is written in place

	// In the header.
	atGeneration = 16
	atTotal      = 24
	atLatest     = 32
	atStride     = 40
	atDataBytes  = 48
	atSlots      = 56
	atFlags      = 60
	atWriter     = 64
	atHeartbeat  = 72
	atPublished  = 80
	atJSONLen    = 128

	// In a slot.
	slotBegin  = 0
	slotEnd    = 8
	slotTime   = 16
	slotCRC    = 24
	slotBytes  = 32
	slotUser   = 40
	slotDims   = 48
	slotShape  = 56
	slotOffset = 120
	slotStep   = 136
	slotLevel  = 152
	slotData   = 256

	maxShown = 80 // bytes of a text that an error shows
)

// header is what stays the same for the life of a segment, once checked.
type header struct {
	generation uint64
	total      int // bytes
	stride     int // from slot to slot, bytes
	dataBytes  int // the most a slot holds
	slots      uint64
	crc        bool
	volume     bool // the data begin where the first slot would, and there is no other

	dtype *pickle.DType
	shape []int
	axes  []string
	units []string
}

// described is the JSON in a header.
type described struct {
	DType any      `json:"dtype"`
	Shape []int64  `json:"shape"`
	Axes  []string `json:"axes"`
	Units []string `json:"units"`
}

// parseHeader reads the header of a segment of size bytes. b is a copy that nobody
// else changes. Everything in the header is checked.
func parseHeader(b []byte, size int64) (h header, err error) {
	if len(b) < headerBytes {
		return h, fmt.Errorf("it has %d bytes, less than a header", size)
	}
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	if string(b[:len(magic)]) != magic {
		return h, errors.New("it is no segment of webmon's")
	}
	if v := u32(8); v != version {
		return h, fmt.Errorf("it has version %d of the layout, webmon knows %d: one of the two is older than the other", v, version)
	}
	if n := u32(12); n != headerBytes {
		return h, fmt.Errorf("it claims a header of %d bytes", n)
	}
	total, stride, data := u64(atTotal), u64(atStride), u64(atDataBytes)
	h.slots, h.volume = uint64(u32(atSlots)), u32(atFlags)&flagVolume != 0
	least, most, head := uint64(minSlots), uint64(maxSlots), uint64(slotData)
	if h.volume {
		least, most, head = 1, 1, 0
	}
	switch {
	case size < 0 || total > uint64(size) || total > maxTotal:
		return h, fmt.Errorf("it claims %d bytes and has %d", total, size)
	case h.slots < least || h.slots > most:
		return h, fmt.Errorf("it claims %d slots", h.slots)
	case stride%pageBytes != 0 || stride < head || stride > maxTotal || data > stride-head:
		return h, fmt.Errorf("it claims slots of %d bytes for %d of data", stride, data)
	case headerBytes+h.slots*stride > total: // cannot overflow: 64 times 2^42
		return h, fmt.Errorf("it claims %d slots of %d bytes in %d", h.slots, stride, total)
	}
	h.generation = u64(atGeneration)
	h.total, h.stride, h.dataBytes = int(total), int(stride), int(data)
	h.crc = u32(atFlags)&flagCRC != 0
	n := u32(atJSONLen)
	if n > maxJSON {
		return h, fmt.Errorf("it claims a description of %d bytes", n)
	}
	return h, h.describe(b[jsonAt : jsonAt+n])
}

func (h *header) describe(text []byte) error {
	var d described
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("its description is not understood: %w", err)
	}
	t, err := pickle.ParseDescr(d.DType)
	if err != nil {
		return fmt.Errorf("its dtype is not understood: %w", err)
	}
	if len(d.Shape) > maxDims {
		return fmt.Errorf("it claims %d dimensions, %d are allowed", len(d.Shape), maxDims)
	}
	h.dtype, h.shape = t, make([]int, len(d.Shape))
	for i, n := range d.Shape {
		if n < 0 || n > maxTotal {
			return fmt.Errorf("it claims the shape %v", d.Shape)
		}
		h.shape[i] = int(n)
	}
	need, ok := frameBytes(t, h.shape)
	if !ok || need > h.dataBytes {
		return fmt.Errorf("its slots of %d bytes do not hold %s %v", h.dataBytes, natural.Clip(t.Descr(), maxShown), h.shape)
	}
	if len(d.Axes) == len(h.shape) {
		h.axes = d.Axes
	}
	if len(d.Units) == len(h.shape) {
		h.units = d.Units
	}
	return nil
}

// matches returns nil if the segment is the array that the process has declared.
func (h *header) matches(info *shm.ArrayInfo) error {
	if h.volume {
		return errors.New("it holds a volume that is written in place, and no frames")
	}
	if g := generationText(h.generation); g != info.Generation {
		return fmt.Errorf("it is of generation %s and %s is declared: the process has made another one", g, natural.Clip(info.Generation, maxShown))
	}
	descr, fields := Describe(h.dtype)
	if descr != info.Descr || !slices.EqualFunc(fields, info.Fields, sameField) {
		return fmt.Errorf("it holds %s and something else is declared", natural.Clip(h.dtype.Descr(), maxShown))
	}
	if !slices.Equal(h.shape, info.Shape) {
		return fmt.Errorf("it holds frames of %v and %v is declared", h.shape, info.Shape)
	}
	return nil
}

func sameField(a, b shm.ArrayField) bool {
	return a.Name == b.Name && a.Descr == b.Descr && slices.Equal(a.Shape, b.Shape)
}

// Describe returns a dtype as an [shm.ArrayInfo] has it: its name, or the fields of a
// structured dtype.
func Describe(t *pickle.DType) (descr string, fields []shm.ArrayField) {
	if len(t.Fields) == 0 {
		return t.Descr(), nil
	}
	for _, f := range t.Fields {
		field := shm.ArrayField{Name: f.Name, Descr: f.Type.Descr()}
		if f.Type.Base != nil {
			field.Descr, field.Shape = f.Type.Base.Descr(), f.Type.Shape
		}
		fields = append(fields, field)
	}
	return "", fields
}

// ValidShape reports whether a segment could hold a frame of the dtype and shape.
func ValidShape(t *pickle.DType, shape []int) bool {
	_, ok := frameBytes(t, shape)
	return ok && len(shape) <= maxDims
}

// frameBytes returns the size of a frame in bytes. ok is false if no segment can hold
// such a frame.
func frameBytes(t *pickle.DType, shape []int) (int, bool) {
	n, zero := max(t.Size, 1), t.Size == 0
	for _, side := range shape {
		switch {
		case side < 0:
			return 0, false
		case side == 0:
			zero = true
		case side > maxTotal/n:
			return 0, false
		default:
			n *= side
		}
	}
	if zero {
		n = 0
	}
	return n, true
}

func generationText(g uint64) string { return fmt.Sprintf("%016x", g) }
