package arrays

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"webmon/dashboard/pixels"
	"webmon/shm"
)

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
