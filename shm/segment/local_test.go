package segment

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"webmon/shm"
)

func local(t testing.TB, s Spec) *Local {
	t.Helper()
	if s.Name == "" {
		s.Name = "test"
	}
	l, err := NewLocal(s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// ramp is a field of shape [nx, ny] whose item at x, y is 1000 x + y.
func ramp(nx, ny int) []float64 {
	out := make([]float64, nx*ny)
	for i := range out {
		out[i] = float64(1000*(i/ny) + i%ny)
	}
	return out
}

func TestLocal(t *testing.T) {
	l := local(t, Spec{DType: "<f8", Shape: []int{3, 4}, Axes: []string{"x", "y"}})
	if f := l.Frame(); f != nil {
		t.Errorf("before the first frame: %v", f)
	}
	stamp := time.Unix(1_700_000_000, 500_000_000)
	f, err := l.Publish(Bytes(ramp(3, 4)), Frame{Stamp: stamp})
	if err != nil || f != l.Frame() {
		t.Fatalf("frame %v, %v", f, err)
	}
	if f.Seq != 1 || f.Stamp != 1_700_000_000.5 || !slices.Equal(f.Shape, []int{3, 4}) || f.Step != [2]float64{1, 1} ||
		f.Info.Name != "test" || f.Info.Descr != "<f8" || f.Info.Shm != "" || len(f.Info.Generation) != 16 {
		t.Errorf("frame %+v of %+v", f, f.Info)
	}
	all, err := f.Reader.ReadAll(f, nil)
	if err != nil || !slices.Equal(all, Bytes(ramp(3, 4))) {
		t.Errorf("all of it: %v, %v", all, err)
	}
	// x goes right and y down.
	p, err := f.Reader.ReadPlane(f, shm.Selection{Y: 1, X: 0, C: -1, Rows: 4, Cols: 3, Step: 1, Compact: true}, nil)
	want := []float32{0, 1000, 2000, 1, 1001, 2001, 2, 1002, 2002, 3, 1003, 2003}
	if err != nil || p.Type != shm.F32 || p.Rows != 4 || p.Cols != 3 || !slices.Equal(Items[float32](p.Data), want) {
		t.Errorf("plane %+v, %v", p, err)
	}
	if p, err = f.Reader.ReadPlane(f, shm.Selection{Y: 1, X: 0, C: -1, Rows: 4, Cols: 3, Step: 2}, nil); err != nil ||
		!slices.Equal(Items[float64](p.Data), []float64{500.5, 2000.5, 502.5, 2002.5}) {
		t.Errorf("means %v, %v", Items[float64](p.Data), err)
	}
	if item, err := l.ReadItem(f, []int{2, 1}); err != nil || math.Float64frombits(binary.LittleEndian.Uint64(item)) != 2001 {
		t.Errorf("item %v, %v", item, err)
	}

	// A smaller frame, written where it will lie.
	f, err = l.Fill(Frame{Shape: []int{2, 1}, Level: 1}, func(b []byte) { copy(Items[float64](b), []float64{7, 8}) })
	if err != nil || f.Seq != 2 || f.Level != 1 {
		t.Fatalf("frame %v, %v", f, err)
	}
	if all, err = l.ReadAll(f, all); err != nil || !slices.Equal(Items[float64](all), []float64{7, 8}) {
		t.Errorf("all of it: %v, %v", all, err)
	}
	// What does not fit is refused.
	for _, bad := range []struct {
		data  []byte
		shape []int
	}{{make([]byte, 8), nil}, {make([]byte, 8*16), []int{4, 4}}, {make([]byte, 24), []int{3}}, {nil, []int{-1, 4}}} {
		if _, err := l.Publish(bad.data, Frame{Shape: bad.shape}); err == nil {
			t.Errorf("%d bytes of %v were published", len(bad.data), bad.shape)
		}
	}
	l.Offer()
	now := time.Now()
	if s := l.Stats(now); s.Published != 3 || s.Seen != 2 || s.Rate != 0 {
		t.Errorf("stats %+v", s)
	}
	l.Offer()
	l.Offer()
	if s := l.Stats(now.Add(time.Second)); s.Published != 5 || s.Rate != 2 {
		t.Errorf("stats %+v", s)
	}

	info := l.Info()
	info.Title = "A field"
	if !l.SetInfo(info) || l.Frame().Info.Title != "" {
		t.Error("a new title is not taken, or told of an old frame")
	}
	if f, _ := l.Publish(Bytes(ramp(3, 4)), Frame{}); f.Info.Title != "A field" {
		t.Error("a new title is not told by new frames")
	}
	info.Shape = []int{5}
	if l.SetInfo(info) {
		t.Error("another shape was taken")
	}
	if _, err := NewLocal(Spec{Name: "bad", DType: "<f8", Shape: []int{-1}}); err == nil {
		t.Error("a shape that cannot be was taken")
	}
}

func TestLocalRecords(t *testing.T) {
	l := local(t, Spec{DType: [][]string{{"id", "<u2"}, {"mass", "<f4"}}, Shape: []int{2}})
	b := binary.LittleEndian.AppendUint16(nil, 7)
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(1.5))
	f, err := l.Publish(b, Frame{Shape: []int{1}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Reader.ReadRecords(f, 0, 10)
	if err != nil || len(got) != 1 || got[0][0] != int64(7) || got[0][1] != 1.5 {
		t.Errorf("records %v, %v", got, err)
	}
}

func TestLocalOvertaken(t *testing.T) {
	l := local(t, Spec{DType: "|u1", Shape: []int{8}})
	data := make([]byte, 8)
	first, _ := l.Publish(data, Frame{})
	l.Publish(data, Frame{})
	l.Publish(data, Frame{})
	if _, err := l.ReadAll(first, nil); err != nil {
		t.Errorf("with two newer ones: %v", err)
	}
	l.Publish(data, Frame{})
	if _, err := l.ReadAll(first, nil); !errors.Is(err, shm.ErrOvertaken) {
		t.Errorf("with three newer ones: %v", err)
	}
	// A panic of who fills leaves the newest frame what it was.
	last := l.Frame()
	func() {
		defer func() { _ = recover() }()
		l.Fill(Frame{}, func(b []byte) { b[0] = 1; panic("no") })
	}()
	if l.Frame() != last {
		t.Error("half a frame was published")
	}
	if _, err := l.ReadAll(last, nil); err != nil {
		t.Errorf("after half a frame: %v", err)
	}
	if f, err := l.Publish(data, Frame{}); err != nil || f.Seq != last.Seq+1 {
		t.Errorf("the next frame is %v, %v", f, err)
	}
}

// Who publishes does not wait for readers, and takes no frame away from under them.
func TestLocalReadersKeepTheirFrame(t *testing.T) {
	l := local(t, Spec{DType: "|u1", Shape: []int{1}})
	read := func(f *shm.ArrayFrame, meanwhile func()) (got byte) {
		t.Helper()
		err := l.read(f, func(b []byte) error {
			meanwhile()
			got = b[0]
			return nil
		})
		if err != nil {
			t.Errorf("frame %d: %v", f.Seq, err)
		}
		return got
	}
	publish := func(v byte) *shm.ArrayFrame {
		t.Helper()
		f, err := l.Publish([]byte{v}, Frame{})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	one := publish(1)
	if got := read(one, func() {
		two := publish(2)
		if got := read(two, func() {
			three := publish(3)
			if got := read(three, func() {
				for v := byte(4); v < 20; v++ { // all three are held
					if f := publish(v); read(f, func() {}) != v {
						t.Errorf("frame %d is another's", v)
					}
				}
			}); got != 3 {
				t.Errorf("frame 3 became %d while it was read", got)
			}
		}); got != 2 {
			t.Errorf("frame 2 became %d while it was read", got)
		}
	}); got != 1 {
		t.Errorf("frame 1 became %d while it was read", got)
	}
	if got := read(l.Frame(), func() {}); got != 19 {
		t.Errorf("the newest frame has %d", got)
	}
}

// Frames are whole, however many read while others are written.
func TestLocalConcurrently(t *testing.T) {
	const side, reads = 64, 300
	l := local(t, Spec{DType: "<f8", Shape: []int{side, side}})
	v := 0.0
	put := func() {
		v++
		if _, err := l.Fill(Frame{}, func(b []byte) {
			for i := range Items[float64](b) {
				Items[float64](b)[i] = v
			}
		}); err != nil {
			t.Error(err)
		}
	}
	put()
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			var dst []byte
			for n := 0; n < reads; {
				f := l.Frame()
				p, err := f.Reader.ReadPlane(f, shm.Selection{Y: 1, X: 0, C: -1, Rows: side, Cols: side, Step: 1}, dst)
				if errors.Is(err, shm.ErrOvertaken) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				n++
				dst = p.Data
				for _, got := range Items[float64](dst) {
					if got != float64(f.Seq) {
						t.Errorf("frame %d has %v", f.Seq, got)
						return
					}
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { readers.Wait(); close(done) }()
	for {
		select {
		case <-done:
			return
		default:
			put()
		}
	}
}

// A frame takes one allocation, its value.
func TestLocalAllocates(t *testing.T) {
	l := local(t, Spec{DType: "<f8", Shape: []int{16, 16}})
	data := Bytes(ramp(16, 16))
	fill := func(b []byte) { copy(b, data) }
	sel := shm.Selection{Y: 1, X: 0, C: -1, Rows: 16, Cols: 16, Step: 1, Compact: true}
	var dst []byte
	if n := testing.AllocsPerRun(100, func() { l.Publish(data, Frame{}) }); n > 1 {
		t.Errorf("Publish allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { l.Fill(Frame{}, fill) }); n > 1 {
		t.Errorf("Fill allocates %v times", n)
	}
	f := l.Frame()
	if n := testing.AllocsPerRun(100, func() {
		p, _ := l.ReadPlane(f, sel, dst)
		dst = p.Data
	}); n > 3 {
		t.Errorf("ReadPlane allocates %v times", n)
	}
}

// BenchmarkTransposed reads a field of axes x, y with x to the right and y down, as
// a model's page does for each picture.
func BenchmarkTransposed(b *testing.B) {
	for _, side := range []int{64, 256, 512, 1024} {
		for _, dtype := range []string{"<f8", "<f4"} {
			l := local(b, Spec{DType: dtype, Shape: []int{side, side}})
			f, err := l.Fill(Frame{}, func([]byte) {})
			if err != nil {
				b.Fatal(err)
			}
			for _, sel := range []shm.Selection{
				{Y: 1, X: 0, C: -1, Rows: side, Cols: side, Step: 1, Compact: true},
				{Y: 0, X: 1, C: -1, Rows: side, Cols: side, Step: 1, Compact: true},
				{Y: 1, X: 0, C: -1, Rows: side, Cols: side, Step: 2, Compact: true},
			} {
				name := map[int]string{0: "as it lies", 1: "transposed"}[sel.Y]
				b.Run(name+"/"+dtype+"/"+strconv.Itoa(side)+"/step "+strconv.Itoa(sel.Step), func(b *testing.B) {
					var dst []byte
					b.ReportAllocs()
					for b.Loop() {
						p, err := l.ReadPlane(f, sel, dst)
						if err != nil {
							b.Fatal(err)
						}
						dst = p.Data
					}
				})
			}
		}
	}
}
