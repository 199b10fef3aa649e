package segment

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"webmon/shm"
	"webmon/shm/pickle"
)

// volumeHeader is what stands at the beginning of the segment of a volume.
func volumeHeader(descr string, shape []int, generation uint64) []byte {
	dtype, err := pickle.ParseDType(descr)
	if err != nil {
		panic(err)
	}
	n, _ := frameBytes(dtype, shape)
	stride := (n + pageBytes - 1) / pageBytes * pageBytes
	b := make([]byte, headerBytes)
	copy(b, magic)
	text, _ := json.Marshal(described{DType: descr, Shape: int64s(shape)})
	binary.LittleEndian.PutUint32(b[8:], version)
	binary.LittleEndian.PutUint32(b[12:], headerBytes)
	binary.LittleEndian.PutUint64(b[atGeneration:], generation)
	binary.LittleEndian.PutUint64(b[atTotal:], uint64(headerBytes+stride))
	binary.LittleEndian.PutUint64(b[atStride:], uint64(stride))
	binary.LittleEndian.PutUint64(b[atDataBytes:], uint64(n))
	binary.LittleEndian.PutUint32(b[atSlots:], 1)
	binary.LittleEndian.PutUint32(b[atFlags:], flagVolume)
	binary.LittleEndian.PutUint32(b[atJSONLen:], uint32(len(text)))
	copy(b[jsonAt:], text)
	return b
}

func int64s(list []int) []int64 {
	out := make([]int64, len(list))
	for i, n := range list {
		out[i] = int64(n)
	}
	return out
}

// written is a volume that a test has made.
type written struct {
	info *shm.VolumeInfo
	held held
	b    []byte // the memory
}

func (w *written) open(s store) (*Volume, error) { return OpenVolume(w.info, Options{store: s}) }

// writeVolume makes the segment of a volume.
func writeVolume(t testing.TB, s store, descr string, shape []int, data []byte, damage func(header []byte)) *written {
	t.Helper()
	name := fmt.Sprintf("webmon-%d-volume-%x", os.Getpid(), rand.Uint64())
	info := &shm.VolumeInfo{Name: "v", Kind: shm.VolumeImage, Generation: "0000000000000007", Descr: descr, Shape: shape, Shm: name}
	b := volumeHeader(descr, shape, 7)
	size := int(binary.LittleEndian.Uint64(b[atTotal:]))
	if damage != nil {
		damage(b)
	}
	h, err := s.create(name, size)
	if err != nil {
		t.Fatal(err)
	}
	w := &written{info: info, held: h}
	if w.b, err = h.memory(size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unmap(w.b)
		_ = h.remove()
		h.Close()
	})
	copy(w.b[copy(w.b, b):], data)
	return w
}

func TestVolume(t *testing.T) { kinds(t, readsVolume) }

func readsVolume(t *testing.T, s store) {
	rng := rand.New(rand.NewPCG(1, 2))
	shape := []int{5, 7, 30}
	data := make([]byte, 5*7*30*2)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	w := writeVolume(t, s, "<u2", shape, data, nil)
	v, err := w.open(s)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var dst []byte
	for range 100 {
		from, to := randomBox(rng, shape)
		if dst, err = v.ReadBox(from, to, dst); err != nil || !slices.Equal(dst, naiveBox(data, 2, shape, from, to)) {
			t.Fatalf("%v to %v: %d bytes, %v", from, to, len(dst), err)
		}
	}
	if _, err := v.ReadBox([]int{0, 0, 0}, []int{5, 8, 1}, nil); !errors.Is(err, shm.ErrBox) {
		t.Errorf("outside: %v", err)
	}
	// What its process writes is there at once.
	copy(w.b[headerBytes:], []byte{0x34, 0x12})
	w.b[atLatest] = 9
	if b, err := v.ReadBox([]int{0, 0, 0}, []int{1, 1, 1}, nil); err != nil || !slices.Equal(b, []byte{0x34, 0x12}) || v.Version() != 9 {
		t.Errorf("%x, %v, version %d", b, err, v.Version())
	}
	if err := v.Ended(); err != nil {
		t.Error(err)
	}
	w.b[atFlags] = flagVolume | flagClosed
	if err := v.Ended(); !errors.Is(err, shm.ErrNoVolume) {
		t.Errorf("of a process that has closed it: %v", err)
	}
}

// Rows that are fetched ahead are as any others: also where the box ends with its volume.
func TestLongRows(t *testing.T) { kinds(t, longRows) }

func longRows(t *testing.T, s store) {
	rng := rand.New(rand.NewPCG(1, 3))
	shape := []int{6, 40, 1024}
	data := make([]byte, 6*40*1024)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	w := writeVolume(t, s, "|u1", shape, data, nil)
	v, err := w.open(s)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	boxes := [][2][]int{{{0, 0, 0}, shape}, {{2, 7, 60}, {6, 40, 1024}}, {{5, 39, 960}, shape}, {{0, 24, 1}, {6, 40, 1024}}}
	for range 100 {
		from, to := randomBox(rng, shape)
		boxes = append(boxes, [2][]int{from, to})
	}
	for _, box := range boxes {
		got, err := v.ReadBox(box[0], box[1], nil)
		if err != nil || !slices.Equal(got, naiveBox(data, 1, shape, box[0], box[1])) {
			t.Fatalf("%v: %d bytes, %v", box, len(got), err)
		}
	}
	if err := v.View(func(voxels []byte) error {
		if !slices.Equal(voxels, data) || cap(voxels) != len(data) {
			t.Error("what lies there is something else")
		}
		return errors.New("so it is")
	}); err == nil || err.Error() != "so it is" {
		t.Errorf("the error of who looks: %v", err)
	}
}

func TestHostileVolumes(t *testing.T) {
	put32 := func(at int, v uint32) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint32(b[at:], v) }
	}
	put64 := func(at int, v uint64) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint64(b[at:], v) }
	}
	text := func(text string) func([]byte) {
		return func(b []byte) { copy(b[jsonAt:], text); put32(atJSONLen, uint32(len(text)))(b) }
	}
	for name, damage := range map[string]func([]byte){
		"a ring":             put32(atFlags, 0),
		"slots":              put32(atSlots, 2),
		"generation":         put64(atGeneration, 5),
		"more than there is": put64(atTotal, 1<<20),
		"huge stride":        put64(atStride, 1<<63),
		"huge data":          put64(atDataBytes, math.MaxUint64),
		"more data":          put64(atDataBytes, 4097),
		"less data":          put64(atDataBytes, 7),
		"another dtype":      text(`{"dtype": "<i2", "shape": [2, 4]}`),
		"another shape":      text(`{"dtype": "<u2", "shape": [4, 2]}`),
		"records":            text(`{"dtype": [["a", "<u2"]], "shape": [2, 4]}`),
	} {
		t.Run(name, func(t *testing.T) {
			s := tried[usual](t)
			v, err := writeVolume(t, s, "<u2", []int{2, 4}, nil, damage).open(s)
			if !errors.Is(err, shm.ErrNoVolume) {
				t.Fatalf("%v, %v", v, err)
			}
			t.Log(err)
		})
	}
	// What reads rings does not take a volume for one.
	s := tried[usual](t)
	info := writeVolume(t, s, "<u2", []int{2, 4}, nil, nil).info
	array := shm.ArrayInfo{Name: "v", Shm: info.Shm, Generation: info.Generation, Descr: info.Descr, Shape: info.Shape}
	if _, err := Open(array, Options{store: s}); !errors.Is(err, shm.ErrNoArray) {
		t.Errorf("a volume was opened as a ring: %v", err)
	}
}

func FuzzVolume(f *testing.F) {
	f.Add([]byte(`{"dtype": "<u2", "shape": [2, 4]}`), int64(8192), uint64(8192), uint64(4096), uint64(16), uint32(1), 0, 0, 2, 4)
	f.Add([]byte(`{"dtype": "|u1", "shape": [0, 4]}`), int64(4096), uint64(4096), uint64(0), uint64(0), uint32(1), 0, -1, 0, 4)
	f.Fuzz(func(t *testing.T, text []byte, size int64, total, stride, data uint64, slots uint32, a, b, c, d int) {
		head := volumeHeader("|u1", []int{1}, 7)
		binary.LittleEndian.PutUint64(head[atTotal:], total)
		binary.LittleEndian.PutUint64(head[atStride:], stride)
		binary.LittleEndian.PutUint64(head[atDataBytes:], data)
		binary.LittleEndian.PutUint32(head[atSlots:], slots)
		binary.LittleEndian.PutUint32(head[atJSONLen:], uint32(len(text)))
		copy(head[jsonAt:], text)
		h, err := parseHeader(head, size)
		if err != nil {
			return
		}
		if !h.volume || h.slots != 1 || h.total > int(size) || headerBytes+h.dataBytes > h.total {
			t.Fatalf("data outside the segment: %+v", h)
		}
		if h.total > 1<<20 {
			return
		}
		v := &Volume{opened{m: &mapping{header: h, b: append(head, make([]byte, h.total)...)[:h.total]}, gone: shm.ErrNoVolume}}
		if box, err := v.ReadBox([]int{a, b}, []int{c, d}, nil); err == nil && len(box) != (c-a)*(d-b)*h.dtype.Size {
			t.Errorf("%d bytes of %+v", len(box), h)
		}
	})
}
