package pixels

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"testing"
	"time"

	"webmon/shm"
)

// headOf is the head of a picture's message of a frame.
func headOf(fr *shm.ArrayFrame, topic string, added ...Added) []byte {
	w := NewWriter(nil, topic)
	p := picture{w: w, rest: restOf(fr, fr.Info, added), px: shm.Pixels{Type: shm.U16, Rows: 4, Cols: 3, Samples: 1}, step: 1}
	p.head = w.room(len(p.rest))
	return padded(p.headOf(p.shown(), time.UnixMicro(1_500_250), nil), p.head)
}

// The head fills the room before the pixels, whatever is in it.
func TestHeadOfAPicture(t *testing.T) {
	info := &shm.ArrayInfo{Name: "camera", Descr: "<u2", Shape: []int{2, 4, 3}}
	long := []byte(`{"0123abcd":` + string(bytes.Repeat([]byte("9"), 4000)) + `}`)
	for _, test := range []struct {
		topic string
		stamp float64
		want  any // the stamp in ms
		added []Added
	}{
		{"scope/array/camera/0,y,x/0,0,4,3/1", 1767225600.123456, 1767225600123.456, nil}, {"a\a\"é\u2028", 0, nil, nil}, {"a\xff", math.NaN(), nil, nil},
		{"t", math.Inf(1), nil, nil}, {"t", 1e12, nil, nil}, {"t", -1, nil, nil},
		{"t", 0, nil, []Added{{"hands", []byte(`{}`)}, {"more", long}}},
	} {
		b := headOf(&shm.ArrayFrame{Info: info, Shape: info.Shape, Seq: math.MaxUint64, Stamp: test.stamp, Offset: [2]float64{0.5, math.NaN()}}, test.topic, test.added...)
		n := int(binary.LittleEndian.Uint32(b[len(magic):]))
		if !bytes.HasPrefix(b, []byte(magic)) || n != len(b)-prefixSize || len(b)%8 != 0 || b[len(b)-1] != ' ' {
			t.Errorf("%q: a head of %d bytes says that it has %d: %q", test.topic, len(b), n, b)
		}
		var got struct {
			TS, Stamp   any
			Seq         json.Number
			Shape       []int
			Offset      []any
			Hands, More json.RawMessage
		}
		if err := json.Unmarshal(b[prefixSize:], &got); err != nil || got.Stamp != test.want || got.TS != 1500.25 ||
			got.Seq != "18446744073709551615" || len(got.Shape) != 3 || got.Offset[0] != 0.5 || got.Offset[1] != nil {
			t.Errorf("%q: %+v, %v: %s", test.topic, got, err, b[prefixSize:])
		}
		if test.added != nil && (string(got.Hands) != "{}" || !bytes.Equal(got.More, long)) {
			t.Errorf("%q was added: %s", test.topic, b[prefixSize:])
		}
	}
}

func BenchmarkHead(b *testing.B) {
	info := &shm.ArrayInfo{Name: "camera", Descr: "<u2", Shape: []int{2048, 2048}}
	fr := &shm.ArrayFrame{Info: info, Shape: info.Shape, Seq: 12, Stamp: 1767225600.123456}
	b.ReportAllocs()
	for b.Loop() {
		headOf(fr, "scope/array/camera/y,x/0,0,2048,2048/2")
	}
}
