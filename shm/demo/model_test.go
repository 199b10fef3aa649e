package demo

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
)

func TestModelIsAFunctionOfItsSeed(t *testing.T) {
	a, b, other := newModel(7), newModel(7), newModel(8)
	differs := false
	for i := range 3000 {
		fa, fb, fo := a.step(), b.step(), other.step()
		if !reflect.DeepEqual(fa, fb) {
			t.Fatalf("frame %d: same seed, different frames:\n%+v\n%+v", i, fa, fb)
		}
		differs = differs || !reflect.DeepEqual(fa, fo)
	}
	if !differs {
		t.Error("seeds 7 and 8 give the same 3000 frames")
	}
}

func TestImageLevels(t *testing.T) {
	tests := []struct {
		name       string
		im         image
		levels     int
		tiles0     [2]int64
		lastTiles  [2]int64
		lastPixels [2]int64
	}{
		{"slide", newImage(1, slideRows, slideCols, slideTile, 1), 12, [2]int64{1536, 2048}, [2]int64{1, 1}, [2]int64{384, 512}},
		{"signal", newImage(1, slideRows/8, slideCols/8, signalTile, 8), 10, [2]int64{384, 512}, [2]int64{1, 1}, [2]int64{192, 256}},
		{"one tile", newImage(1, 100, 256, 256, 1), 1, [2]int64{1, 1}, [2]int64{1, 1}, [2]int64{100, 256}},
		{"odd", newImage(1, 1000, 1001, 100, 1), 5, [2]int64{10, 11}, [2]int64{1, 1}, [2]int64{63, 63}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.im.levels != tt.levels {
				t.Fatalf("levels = %d, want %d", tt.im.levels, tt.levels)
			}
			if r, c := tt.im.shapeInTiles(0); [2]int64{r, c} != tt.tiles0 {
				t.Errorf("tiles of level 0 = %d x %d, want %v", r, c, tt.tiles0)
			}
			if r, c := tt.im.shapeInTiles(tt.levels - 1); [2]int64{r, c} != tt.lastTiles {
				t.Errorf("tiles of the last level = %d x %d, want %v", r, c, tt.lastTiles)
			}
			if r, c := tt.im.shape(tt.levels - 1); [2]int64{r, c} != tt.lastPixels {
				t.Errorf("pixels of the last level = %d x %d, want %v", r, c, tt.lastPixels)
			}
		})
	}
}

// What napari 0.4.11 was seen to choose for a 65,536 px image, tile 256, on a
// canvas of 713 px: here the canvas is another, so the zoom is scaled.
func TestLevelIsNaparis(t *testing.T) {
	im := newImage(1, 65536, 65536, 256, 1)
	for _, tt := range []struct {
		zoom float64
		want int
	}{{0.05, 4}, {0.2, 2}, {0.5, 1}, {1, 0}, {2, 0}, {8, 0}, {1e-9, im.levels - 1}} {
		c := camera{row: 32768, col: 32768, zoom: tt.zoom}
		if got := im.level(c.corners()); got != tt.want {
			t.Errorf("zoom %v: level %d, want %d", tt.zoom, got, tt.want)
		}
	}
}

func TestWindow(t *testing.T) {
	im := newImage(1, 1000, 2000, 100, 1)
	tests := []struct {
		name    string
		corners [2][2]float64
		level   int
		want    window
	}{
		{"inside", [2][2]float64{{150, 250}, {320, 560}}, 0, window{0, 1, 4, 2, 6}},
		{"on the edges of tiles", [2][2]float64{{100, 200}, {300, 400}}, 0, window{0, 1, 3, 2, 4}},
		{"beyond the image", [2][2]float64{{-500, -500}, {5000, 5000}}, 1, window{1, 0, 5, 0, 10}},
		{"beside the image", [2][2]float64{{-500, -500}, {-100, -100}}, 0, window{0, 0, 0, 0, 0}},
		{"below the image", [2][2]float64{{5000, 0}, {6000, 100}}, 0, window{0, 10, 10, 0, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := im.window(tt.corners, tt.level); got != tt.want {
				t.Errorf("window = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestMoveZoomsAboutAFixedPoint(t *testing.T) {
	m := move{from: camera{100, 200, 0.01}, to: camera{900, 1500, 2}, seconds: 3}
	if got := m.at(0); got != m.from {
		t.Errorf("at(0) = %+v, want %+v", got, m.from)
	}
	if got := m.at(3); got != m.to {
		t.Errorf("at(end) = %+v, want %+v", got, m.to)
	}
	// The point that stays where it is on the screen, from start and end.
	k := m.from.zoom / m.to.zoom
	row := (m.to.row - k*m.from.row) / (1 - k)
	want := (row - m.from.row) * m.from.zoom
	for _, at := range []float64{0.3, 1, 1.7, 2.9} {
		c := m.at(at)
		if got := (row - c.row) * c.zoom; math.Abs(got-want) > 1e-6 {
			t.Errorf("at(%v): the fixed point is %v px from the centre, want %v", at, got, want)
		}
	}
}

// TestTenMinutes plays ten minutes and looks at what somebody would see.
func TestTenMinutes(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			m := newModel(seed)
			var ms, loadMS []float64
			levels := map[int]int{}
			chunks, slow, complete := 0, 0, 0
			var last frame
			for m.now < 600 {
				f := m.step()
				ms = append(ms, f.seconds*1e3)
				if n := len(f.landed); n > 0 {
					chunks += n
					for _, c := range f.landed {
						loadMS = append(loadMS, c.loadMS)
						if c.bytes < 1 || c.bytes > 512*512 {
							t.Fatalf("chunk of %d bytes", c.bytes)
						}
						if c.loadMS > 100 {
							slow++
						}
					}
				}
				full := true
				for i, v := range f.layers {
					checkLayer(t, v)
					full = full && int64(len(v.seen)) == 2*v.window.tiles()
					if i == 0 {
						levels[v.window.level]++
					}
					if last.layers != nil {
						checkSmooth(t, last.layers[i], v)
					}
				}
				if full {
					complete++
				}
				last = f
			}
			if got := median(ms); got < 16 || got > 17.5 {
				t.Errorf("median frame %.2f ms, want about 16.7", got)
			}
			if got := slices.Max(ms); got < 25 || got > 120 {
				t.Errorf("slowest frame %.1f ms, want a spike of 25 to 120", got)
			}
			if got := median(loadMS); got < 3 || got > 20 {
				t.Errorf("median load %.1f ms, want 3 to 20", got)
			}
			if perSecond := float64(chunks) / 600; perSecond < 5 || perSecond > 200 {
				t.Errorf("%.1f chunks/s, want 5 to 200", perSecond)
			}
			if slow == 0 {
				t.Errorf("no load took over 100 ms in ten minutes")
			}
			if len(levels) < 8 {
				t.Errorf("levels visited: %v, want at least 8 of 12", levels)
			}
			if share := float64(complete) / float64(len(ms)); share < 0.3 || share > 0.98 {
				t.Errorf("the view is complete in %.0f %% of the frames, want 30 to 98", 100*share)
			}
			if n := m.loader.lru.Len(); n > cacheChunks || n != len(m.loader.cache) {
				t.Errorf("cache holds %d chunks, its index %d, limit %d", n, len(m.loader.cache), cacheChunks)
			}
		})
	}
}

func checkLayer(t *testing.T, v layerView) {
	t.Helper()
	w := v.window
	rows, cols := v.image.shapeInTiles(w.level)
	if w.level < 0 || w.level >= v.image.levels || w.row0 < 0 || w.row1 > rows || w.col0 < 0 || w.col1 > cols {
		t.Fatalf("window %+v is not in the image", w)
	}
	if w.tiles() == 0 || w.tiles() > 200 {
		t.Fatalf("%d tiles in view, want 1 to 200", w.tiles())
	}
	for i := 0; i < len(v.seen); i += 2 {
		if r, c := v.seen[i], v.seen[i+1]; r < w.row0 || r >= w.row1 || c < w.col0 || c >= w.col1 {
			t.Fatalf("tile %d, %d is drawn outside of the window %+v", r, c, w)
		}
	}
}

// checkSmooth looks for jumps of the picture that no hand makes.
func checkSmooth(t *testing.T, a, b layerView) {
	t.Helper()
	width := func(v layerView) float64 { return v.corners[1][1] - v.corners[0][1] }
	if r := math.Abs(math.Log2(width(b) / width(a))); r > 0.35 {
		t.Fatalf("the view changes by %.2f doublings in one frame", r)
	}
	if d := math.Abs(b.corners[0][0]-a.corners[0][0]) / width(b); d > 0.35 {
		t.Fatalf("the view jumps by %.2f of its width in one frame", d)
	}
}

func median(x []float64) float64 {
	x = slices.Clone(x)
	slices.Sort(x)
	return x[len(x)/2]
}

func BenchmarkStep(b *testing.B) {
	m := newModel(1)
	b.ReportAllocs()
	for b.Loop() {
		m.step()
	}
}
