package packed

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	kp "github.com/klauspost/compress/flate"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// camera are values of a camera with 12 bits: structure, and noise that grows with the light.
func camera(rows, cols int) []float64 {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]float64, rows*cols)
	for y := range rows {
		for x := range cols {
			v := 300 + 200*math.Sin(float64(x)/90)*math.Cos(float64(y)/70)
			for i := range 5 {
				fx, fy := float64((i*397+151)%max(cols, 1)), float64((i*211+97)%max(rows, 1))
				v += 2500 * math.Exp(-((float64(x)-fx)*(float64(x)-fx)+(float64(y)-fy)*(float64(y)-fy))/900)
			}
			if (x/64+y/48)%7 == 0 {
				v += 250
			}
			out[y*cols+x] = v + math.Sqrt(v/2+9)*rng.NormFloat64()
		}
	}
	return out
}

// label are numbers of regions, in rectangles.
func label(rows, cols int) []float64 {
	out := make([]float64, rows*cols)
	for i := range out {
		x, y := i%cols, i/cols
		if x%80 < 60 && y%72 < 50 {
			out[i] = float64(1 + x/80 + 37*(y/72)*1000)
		}
	}
	return out
}

// little writes values as samples of a type.
func little(values []float64, dtype string) (out []byte) {
	for _, v := range values {
		switch dtype {
		case "u1":
			out = append(out, uint8(max(0, min(v/16, 255))))
		case "u2":
			out = binary.LittleEndian.AppendUint16(out, uint16(v))
		case "u4", "i4":
			out = binary.LittleEndian.AppendUint32(out, uint32(int32(v)))
		case "u8", "i8":
			out = binary.LittleEndian.AppendUint64(out, uint64(int64(v)+1<<40))
		case "f4":
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)))
		case "f8":
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
		}
	}
	return out
}

var dtypes = []string{"u1", "u2", "u4", "i4", "u8", "i8", "f4", "f8"}

func howOf(dtype string, rows, cols, samples int) How {
	return How{Rows: rows, Cols: cols, Samples: samples, Bytes: int(dtype[1] - '0'), Float: dtype[0] == 'f'}
}

func TestRoundTrip(t *testing.T) {
	noise := rand.New(rand.NewPCG(5, 6))
	for _, side := range [][2]int{{1, 1}, {1, 7}, {9, 1}, {3, 5}, {33, 17}, {130, 1001}, {2, 70000}, {0, 5}, {5, 0}} {
		rows, cols := side[0], side[1]
		for samples := 1; samples <= 4; samples++ {
			these := dtypes
			if rows*cols > 10000 { // several strips
				if these = []string{"u1", "u2", "f8"}; samples%2 == 0 {
					continue
				}
			}
			all := map[string][]float64{
				"camera": camera(rows, cols*samples), "label": label(rows, max(1, cols*samples))[:rows*cols*samples], "zeros": make([]float64, rows*cols*samples), "": nil,
			}
			for _, dtype := range these {
				for name, values := range all {
					how := howOf(dtype, rows, cols, samples)
					samples := little(values, dtype)
					if name == "" {
						samples = make([]byte, how.Size())
						for i := range samples {
							samples[i] = byte(noise.Uint32())
						}
					}
					data, how, err := Append([]byte("before"), samples, how)
					if err != nil || !bytes.HasPrefix(data, []byte("before")) {
						t.Fatalf("%s %s %+v: %v", dtype, name, how, err)
					}
					data = data[len("before"):]
					got, err := Decode([]byte("it"), data, how)
					if err != nil || !bytes.Equal(got, append([]byte("it"), samples...)) {
						t.Fatalf("%s %s %+v does not come back: %v", dtype, name, how, err)
					}
					strips := (rows + how.Strip() - 1) / max(1, how.Strip())
					if most := len(samples) + 8*strips*how.Bytes*how.Samples + 5*strips + 16 + len(samples)/most*5; len(data) > most {
						t.Errorf("%s %s %+v: %d bytes became %d", dtype, name, how, len(samples), len(data))
					}
				}
			}
		}
	}
}

// How few bytes pictures come to.
func TestSizes(t *testing.T) {
	const side = 512
	for _, c := range []struct {
		dtype  string
		values []float64
		most   float64 // part of the samples
	}{
		{"u2", camera(side, side), 0.5}, {"u1", camera(side, side), 0.4}, {"i4", camera(side, side), 0.25}, {"f4", camera(side, side), 0.9},
		{"u4", label(side, side), 0.01}, {"u2", label(side, side), 0.02}, {"i8", label(side, side), 0.005}, {"u2", make([]float64, side*side), 0.005},
	} {
		samples := little(c.values, c.dtype)
		data, how, err := Append(nil, samples, howOf(c.dtype, side, side, 1))
		if part := float64(len(data)) / float64(len(samples)); err != nil || part > c.most {
			t.Errorf("%s, %+v: %.4f of its size, at most %v is wanted (%v)", c.dtype, how, part, c.most, err)
		}
	}
}

// Gray in colours costs what gray does.
func TestGrayInColours(t *testing.T) {
	const side = 256
	gray := little(camera(side, side), "u1")
	var colours []byte
	for _, v := range gray {
		colours = append(colours, v, v, v, 255)
	}
	one, _, err := Append(nil, gray, howOf("u1", side, side, 1))
	four, _, err2 := Append(nil, colours, howOf("u1", side, side, 4))
	if err != nil || err2 != nil || len(four) > len(one)+len(one)/4 {
		t.Errorf("%d bytes of gray become %d in colours (%v, %v)", len(one), len(four), err, err2)
	}
}

func TestNothingElseFits(t *testing.T) {
	for _, how := range []How{
		{Rows: -1, Cols: 2, Samples: 1, Bytes: 1}, {Rows: 1, Cols: 2, Samples: 5, Bytes: 1}, {Rows: 1, Cols: 2, Samples: 1, Bytes: 3},
		{Rows: 1, Cols: 3, Samples: 1, Bytes: 1}, {Rows: 1 << 30, Cols: 1 << 30, Samples: 1, Bytes: 8},
	} {
		if _, _, err := Append(nil, make([]byte, 2), how); err == nil {
			t.Errorf("%+v was written", how)
		}
	}
	good := How{Rows: 8, Cols: 9, Samples: 1, Bytes: 2}
	data, good, err := Append(nil, little(camera(8, 9), "u2"), good)
	if err != nil {
		t.Fatal(err)
	}
	fewer, more, other, wide := good, good, good, good
	fewer.Rows--
	more.Rows++
	other.Predict = "right"
	wide.Bytes, wide.Predict = 8, Mean
	for _, how := range []How{fewer, more, other, wide, {}} {
		if _, err := Decode(nil, data, how); err == nil {
			t.Errorf("%+v was read as %+v", good, how)
		}
	}
	if _, err := Decode(nil, data[:len(data)-3], good); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("what is cut off gives %v", err)
	}
}

func TestLengthsOfCodes(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		n := 2 + rng.IntN(symbols-2)
		most := 9 + rng.IntN(7)
		counts := make([]uint32, n)
		for i := range counts {
			switch rng.IntN(4) {
			case 0:
				counts[i] = 1 << rng.IntN(31)
			case 1:
				counts[i] = rng.Uint32N(9)
			}
		}
		counts[rng.IntN(n)] = 1
		room := 0
		for s, l := range lengthsOf(counts, most) {
			if counts[s] > 0 && l == 0 || int(l) > most {
				t.Fatalf("%v: a code of %d bits", counts, l)
			}
			if l > 0 {
				room += 1 << (most - int(l))
			}
		}
		if room != 1<<most {
			t.Fatalf("%v: the codes take %d of %d", counts, room, 1<<most)
		}
	}
	if l := lengthsOf([]uint32{0, 7, 0}, 7); !slices.Equal(l, []uint8{0, 1, 1}) {
		t.Errorf("one symbol: %v", l)
	}
}

// Whatever a stream says, no more is read than the picture has.
func FuzzDecode(f *testing.F) {
	for _, dtype := range dtypes {
		data, how, err := Append(nil, little(camera(6, 10), dtype), howOf(dtype, 6, 10, 1))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(6), uint8(10), uint8(1), uint8(how.Bytes), string(how.Predict))
	}
	f.Fuzz(func(t *testing.T, data []byte, rows, cols, samples, size uint8, predict string) {
		how := How{Rows: int(rows), Cols: int(cols), Samples: int(samples), Bytes: int(size), Predict: Predict(predict)}
		got, err := Decode(nil, data, how)
		if err == nil && len(got) != how.Size() || err != nil && len(got) != 0 {
			t.Fatalf("%d bytes and %v of %+v", len(got), err, how)
		}
	})
}

func FuzzAppend(f *testing.F) {
	f.Add([]byte("some samples\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), uint8(2), uint8(1), uint8(2))
	f.Fuzz(func(t *testing.T, samples []byte, rows, each, size uint8) {
		how := How{Rows: 1 + int(rows), Samples: 1 + int(each)%4, Bytes: 1 << (size % 4)}
		how.Cols = len(samples) / how.Rows / how.Samples / how.Bytes
		samples = samples[:how.Size()]
		data, how, err := Append(nil, samples, how)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Decode(nil, data, how); err != nil || !bytes.Equal(got, samples) {
			t.Fatalf("%+v does not come back: %v", how, err)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	const side = 1024
	for _, c := range []struct {
		name, dtype string
		values      []float64
	}{
		{"camera", "u1", camera(side, side)}, {"camera", "u2", camera(side, side)}, {"camera", "i4", camera(side, side)}, {"camera", "f4", camera(side, side)},
		{"camera", "f8", camera(side, side)}, {"label", "u4", label(side, side)},
	} {
		samples := little(c.values, c.dtype)
		how := howOf(c.dtype, side, side, 1)
		for _, cores := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s_%s/%d_cores", c.name, c.dtype, cores), func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
				var out []byte
				for b.Loop() {
					out, _, _ = Append(out[:0], samples, how)
				}
				b.ReportMetric(float64(len(out))/float64(len(samples)), "part")
				b.ReportMetric(side*side/1e6/(b.Elapsed().Seconds()/float64(b.N)), "Mpx/s")
			})
		}
	}
}

// Other ways to write the same planes, and to expect samples.
func BenchmarkOthers(b *testing.B) {
	const side = 1024
	samples := little(camera(side, side), "u2")
	how := howOf("u2", side, side, 1)
	how.Predict = expected(samples, &how)
	planes := planesOf(samples, how)
	report := func(b *testing.B, n int) {
		b.ReportMetric(float64(n)/float64(len(samples)), "part")
		b.ReportMetric(side*side/1e6/(b.Elapsed().Seconds()/float64(b.N)), "Mpx/s")
	}
	b.Run("planes_alone", func(b *testing.B) {
		for b.Loop() {
			planesOf(samples, how)
		}
		report(b, len(planes))
	})
	b.Run("own_deflate", func(b *testing.B) {
		var d deflater
		for b.Loop() {
			d = deflater{out: d.out[:0]}
			for from := 0; from < len(planes); from += 1 << 15 {
				d.plane(planes[from : from+1<<15])
			}
		}
		report(b, len(d.out))
	})
	type level struct {
		name string
		make func(io.Writer) (io.WriteCloser, error)
	}
	var levels []level
	for _, l := range []struct {
		name string
		n    int
	}{{"huffman", kp.HuffmanOnly}, {"1", 1}, {"3", 3}, {"6", 6}} {
		levels = append(levels, level{"klauspost_" + l.name, func(w io.Writer) (io.WriteCloser, error) { return kp.NewWriter(w, l.n) }},
			level{"compress_flate_" + l.name, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, l.n) }})
	}
	for _, l := range levels {
		b.Run(l.name, func(b *testing.B) {
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				w, err := l.make(&out)
				if err != nil {
					b.Fatal(err)
				}
				w.Write(planes)
				w.Close()
			}
			report(b, out.Len())
		})
	}
	for _, way := range []Predict{Left, Up, Mean, "median edge", "Paeth"} {
		b.Run("expected_"+string(way), func(b *testing.B) {
			n := 0
			for b.Loop() {
				n = sizeOf(samples, how, way)
			}
			report(b, n)
		})
	}
}

// planesOf are the planes of a picture of one sample a pixel.
func planesOf(samples []byte, how How) []byte {
	out := make([]byte, len(samples))
	above, row, rest := make([]uint16, how.Cols), make([]uint16, how.Cols), make([]uint16, how.Cols)
	for r := range how.Rows {
		load(row, samples, r, &how)
		differences(rest, row, above, &how, r == 0)
		spread(out, rest, &how, r*how.Cols, how.Rows*how.Cols)
		above, row = row, above
	}
	return out
}

// sizeOf is how many bytes a picture comes to with another way to expect its samples.
func sizeOf(samples []byte, how How, way Predict) int {
	at := func(i int) int { return int(binary.LittleEndian.Uint16(samples[2*i:])) }
	planes := make([]byte, len(samples))
	for i := range len(samples) / 2 {
		if i < how.Cols || i%how.Cols == 0 {
			continue
		}
		a, b, c := at(i-1), at(i-how.Cols), at(i-how.Cols-1)
		p := 0
		switch way {
		case Left:
			p = a
		case Up:
			p = b
		case Mean:
			p = (a + b) / 2
		case "Paeth":
			abs := func(n int) int { return max(n, -n) }
			p = a
			if pa, pb, pc := abs(b-c), abs(a-c), abs(a+b-2*c); pb < pa && pb <= pc {
				p = b
			} else if pc < pa && pc < pb {
				p = c
			}
		default:
			p = min(max(a+b-c, min(a, b)), max(a, b))
		}
		d := int16(at(i) - p)
		z := uint16(d<<1 ^ d>>15)
		planes[i], planes[len(samples)/2+i] = byte(z), byte(z>>8)
	}
	var d deflater
	for from := 0; from < len(planes); from += 1 << 16 {
		d.plane(planes[from : from+1<<16])
	}
	return len(d.out)
}
