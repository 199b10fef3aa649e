package arrays

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"testing"
	"time"

	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/shm"
)

// nobody is a source that has said nothing.
func nobody(tb testing.TB) *source.Source {
	tb.Helper()
	registry, err := source.NewRegistry(source.Options{
		Attach: func(context.Context, source.Target) (shm.Source, error) { return nil, shm.ErrGone },
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(registry.Close)
	return registry.Get(source.Nobody)
}

// headOf is the head of a picture's message of a frame.
func headOf(src *source.Source, fr *shm.ArrayFrame, topic string) []byte {
	size := headerSize(topic, len(fr.Shape))
	b := make([]byte, size)
	(&picture{src: src, topic: topic}).appendHeader(b[:0], size, fr, shm.Selection{Step: 1}, shm.Pixels{Type: shm.U16, Rows: 4, Cols: 3, Samples: 1}, time.UnixMicro(1_500_250))
	return b
}

// The head fills the room before the pixels, whatever is in it.
func TestHeadOfAPicture(t *testing.T) {
	src := nobody(t)
	info := &shm.ArrayInfo{Name: "camera", Descr: "<u2", Shape: []int{2, 4, 3}}
	for _, test := range []struct {
		topic string
		stamp float64
		want  any // the stamp in ms
	}{
		{"scope/array/camera/0,y,x/0,0,4,3/1", 1767225600.123456, 1767225600123.456}, {"a\a\"é\u2028", 0, nil}, {"a\xff", math.NaN(), nil},
		{"t", math.Inf(1), nil}, {"t", 1e12, nil}, {"t", -1, nil},
	} {
		b := headOf(src, &shm.ArrayFrame{Info: info, Shape: info.Shape, Seq: math.MaxUint64, Stamp: test.stamp, Offset: [2]float64{0.5, math.NaN()}}, test.topic)
		n := int(binary.LittleEndian.Uint32(b[len(magic):]))
		if !bytes.HasPrefix(b, []byte(magic)) || n != len(b)-prefixSize || len(b)%8 != 0 || b[len(b)-1] != ' ' {
			t.Errorf("%q: a head of %d bytes says that it has %d: %q", test.topic, len(b), n, b)
		}
		var got struct {
			TS, Stamp any
			Seq       json.Number
			Shape     []int
			Offset    []any
		}
		if err := json.Unmarshal(b[prefixSize:], &got); err != nil || got.Stamp != test.want || got.TS != 1500.25 ||
			got.Seq != "18446744073709551615" || len(got.Shape) != 3 || got.Offset[0] != 0.5 || got.Offset[1] != nil {
			t.Errorf("%q: %+v, %v: %s", test.topic, got, err, b[prefixSize:])
		}
	}
}

// Columns of any name are JSON.
func TestFrameOfColumns(t *testing.T) {
	f := &columns{topic: "scope/columns/\a"}
	list := []pixels.Charted{
		{Column: pixels.Column{Name: "a\v\"", Unit: "µs\x01"}, Values: []float64{1, math.NaN(), 0.1}},
		{Column: pixels.Column{Name: "\xff", Unit: ""}, Values: []float64{math.Inf(1), 1e300, -0.5}},
	}
	b := f.encode(&shm.ArrayFrame{Shape: []int{3}, Seq: 7}, list, time.UnixMicro(1_500_250))
	const want = `{"topic":"scope/columns/\u0007","ts":1500.250,"seq":7,"stamp":null,"total":3,"step":1,` +
		`"names":["a\u000b\"","�"],"units":["µs\u0001",""],"columns":{"a\u000b\"":[1,null,0.1],"�":[null,1e+300,-0.5]}}`
	if string(b) != want || !json.Valid(b) {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func BenchmarkHead(b *testing.B) {
	src := nobody(b)
	info := &shm.ArrayInfo{Name: "camera", Descr: "<u2", Shape: []int{2048, 2048}}
	fr := &shm.ArrayFrame{Info: info, Shape: info.Shape, Seq: 12, Stamp: 1767225600.123456}
	b.ReportAllocs()
	for b.Loop() {
		headOf(src, fr, "scope/array/camera/y,x/0,0,2048,2048/2")
	}
}

// BenchmarkColumns is the frame of eight columns of a hundred thousand records.
func BenchmarkColumns(b *testing.B) {
	f, fr, list := manyColumns()
	b.ReportAllocs()
	for b.Loop() {
		f.encode(fr, list, time.UnixMicro(1_500_250))
	}
}

func manyColumns() (*columns, *shm.ArrayFrame, []pixels.Charted) {
	list := make([]pixels.Charted, 8)
	for i := range list {
		list[i] = pixels.Charted{Column: pixels.Column{Name: string(rune('a' + i)), Unit: "µs"}, Values: make([]float64, 100_000)}
		for j := range list[i].Values {
			list[i].Values[j] = math.Sin(float64(i * j))
		}
	}
	return &columns{topic: "scope/columns/events"}, &shm.ArrayFrame{Shape: []int{100_000}, Seq: 7, Stamp: 1}, list
}
