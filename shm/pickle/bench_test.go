package pickle

import (
	"fmt"
	"testing"
)

func benchPoll(tiles int) map[string]any {
	seen := make([]int64, 2*tiles)
	for i := range tiles {
		seen[2*i], seen[2*i+1] = int64(i/64), int64(i%64)
	}
	a, _ := Int64Array(seen, true, tiles, 2)
	corners, _ := Float64Array([]float64{0, 0, 1024, 1024}, false, 2, 2)
	layers := NewDict(int64(140234866358208), map[string]any{
		"tile_state": map[string]any{"seen": a, "corners": corners},
		"tile_config": map[string]any{"base_shape": []int64{16384, 16384}, "image_shape": []int64{8192, 8192},
			"shape_in_tiles": []int64{32, 32}, "tile_size": 256, "level_index": 1},
	})
	return map[string]any{"layers": layers}
}

func BenchmarkDecode(b *testing.B) {
	run := func(name string, data []byte) {
		b.Run(name, func(b *testing.B) {
			d := NewDecoder(Limits{})
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, x := range fixtures(b) { // as CPython writes them
		if x.Protocol != 4 {
			continue
		}
		if x.Name == "frame_time" {
			run(fmt.Sprintf("message/%dB", len(x.Pickle)), x.Pickle)
		}
		if x.Name == "poll" && x.file == "numpy1" {
			run("captured poll/20 tiles", x.Pickle)
		}
	}
	for _, tiles := range []int{10, 100, 1000, 10_000} {
		data, err := Encode(benchPoll(tiles))
		if err != nil {
			b.Fatal(err)
		}
		run(fmt.Sprintf("poll/%d tiles", tiles), data)
	}
}

func BenchmarkEncode(b *testing.B) {
	run := func(name string, v Value) {
		b.Run(name, func(b *testing.B) {
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if buf, err = (Encoder{}).Append(buf[:0], v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("message", map[string]any{"frame_time": map[string]any{"time": 1.5, "delta_ms": 16.5}})
	for _, tiles := range []int{10, 1000, 10_000} {
		run(fmt.Sprintf("poll/%d tiles", tiles), benchPoll(tiles))
	}
}
