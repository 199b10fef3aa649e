package jpeg

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// grays are pixels with blobs, an edge, a gradient and noise.
func grays(rows, cols int, noise float64) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, rows*cols)
	for y := range rows {
		for x := range cols {
			v := 60 + 40*math.Sin(float64(x)/23)*math.Cos(float64(y)/31) + 30*float64(x)/float64(cols)
			if (x/40+y/56)%5 == 0 {
				v += 50
			}
			out[y*cols+x] = uint8(min(max(v+noise*rng.NormFloat64(), 0), 255))
		}
	}
	return out
}

// of makes the rows of pixels.
func of(pixels []byte, cols, samples int) Row {
	return func(dst []byte, row int) { copy(dst, pixels[row*cols*samples:][:cols*samples]) }
}

// psnr is how far two pictures differ, in dB.
func psnr(a, b []byte) float64 {
	sum := 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	if sum == 0 {
		return math.Inf(1)
	}
	return 10 * math.Log10(255*255*float64(len(a))/sum)
}

// read is a picture as image/jpeg reads it, gray or in colours.
func read(t testing.TB, data []byte, samples int) (rows, cols int, pixels []byte) {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	rows, cols = b.Dy(), b.Dx()
	for y := range rows {
		for x := range cols {
			if samples == 1 {
				pixels = append(pixels, img.(*image.Gray).GrayAt(x, y).Y)
				continue
			}
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			pixels = append(pixels, c.R, c.G, c.B)
		}
	}
	return rows, cols, pixels
}

// standard is a picture as image/jpeg writes it.
func standard(t testing.TB, pixels []byte, rows, cols, samples, quality int) []byte {
	t.Helper()
	var img image.Image
	if samples == 1 {
		img = &image.Gray{Pix: pixels, Stride: cols, Rect: image.Rect(0, 0, cols, rows)}
	} else {
		rgba := image.NewRGBA(image.Rect(0, 0, cols, rows))
		for i := range rows * cols {
			copy(rgba.Pix[4*i:], pixels[3*i:3*i+3])
			rgba.Pix[4*i+3] = 255
		}
		img = rgba
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var sides = [][2]int{{1, 1}, {1, 9}, {17, 1}, {7, 8}, {8, 8}, {16, 16}, {15, 33}, {100, 131}, {600, 640}}

func TestGray(t *testing.T) {
	for _, side := range sides {
		rows, cols := side[0], side[1]
		pixels := grays(rows, cols, 4)
		for _, quality := range []int{1, 20, 50, 75, 90, 100} {
			data := AppendGray([]byte("before"), rows, cols, quality, of(pixels, cols, 1))
			if !bytes.HasPrefix(data, []byte("before\xff\xd8")) {
				t.Fatal("what was there is gone")
			}
			data = data[len("before"):]
			r, c, got := read(t, data, 1)
			if r != rows || c != cols {
				t.Fatalf("%d x %d came as %d x %d", rows, cols, r, c)
			}
			theirs := standard(t, pixels, rows, cols, 1, quality)
			_, _, best := read(t, theirs, 1)
			mine, want := psnr(got, pixels), psnr(best, pixels)
			if mine < min(want, 50)-0.25 {
				t.Errorf("%d x %d at quality %d: %.2f dB, image/jpeg has %.2f", rows, cols, quality, mine, want)
			}
			if len(data) > len(theirs)+len(theirs)/50 {
				t.Errorf("%d x %d at quality %d: %d bytes, image/jpeg has %d", rows, cols, quality, len(data), len(theirs))
			}
		}
	}
}

// coloured has three pictures of grays as its colours.
func coloured(rows, cols int, noise float64) []byte {
	gray := grays(rows, cols, noise)
	out := make([]byte, 0, 3*len(gray))
	for i, v := range gray {
		out = append(out, v, gray[len(gray)-1-i], uint8(i*255/len(gray)))
	}
	return out
}

func TestColor(t *testing.T) {
	for _, side := range sides {
		rows, cols := side[0], side[1]
		pixels := coloured(rows, cols, 2)
		for _, quality := range []int{10, 50, 75, 90, 100} {
			data := AppendColor(nil, rows, cols, quality, of(pixels, cols, 3))
			r, c, got := read(t, data, 3)
			if r != rows || c != cols {
				t.Fatalf("%d x %d came as %d x %d", rows, cols, r, c)
			}
			theirs := standard(t, pixels, rows, cols, 3, quality)
			_, _, best := read(t, theirs, 3)
			// image/jpeg halves colours at every quality.
			if mine, want := psnr(got, pixels), psnr(best, pixels); mine < min(want, 50)-0.25 {
				t.Errorf("%d x %d at quality %d: %.2f dB, image/jpeg has %.2f", rows, cols, quality, mine, want)
			}
		}
	}
}

// Colours that change with each pixel keep theirs where they are not halved.
func TestColouredLinesStaySharp(t *testing.T) {
	const rows, cols = 64, 64
	pixels := make([]byte, 3*rows*cols)
	for i := range rows * cols {
		if i%cols%8 == 3 {
			copy(pixels[3*i:], []byte{230, 30, 40})
		}
	}
	at := func(quality int) byte {
		_, _, got := read(t, AppendColor(nil, rows, cols, quality, of(pixels, cols, 3)), 3)
		return got[3*(20*cols+11)] - got[3*(20*cols+11)+2]
	}
	if sharp, soft := at(Halved), at(Halved-1); sharp < 150 || soft > sharp-30 {
		t.Errorf("a red line is %d more red than blue, and %d where colours are halved", sharp, soft)
	}
}

// How sharp a picture with structure and noise stays at each quality.
func TestSharpness(t *testing.T) {
	const side = 512
	pixels := grays(side, side, 4)
	for quality, least := range map[int]float64{90: 38.5, 75: 36, 50: 34.5, 30: 33.5} {
		_, _, got := read(t, AppendGray(nil, side, side, quality, of(pixels, side, 1)), 1)
		if dB := psnr(got, pixels); dB < least {
			t.Errorf("quality %d: %.2f dB, at least %.1f are wanted", quality, dB, least)
		}
	}
}

func TestExtremes(t *testing.T) {
	const side = 64
	rng := rand.New(rand.NewPCG(3, 4))
	for name, at := range map[string]func(x, y int) uint8{
		"black": func(int, int) uint8 { return 0 }, "white": func(int, int) uint8 { return 255 },
		"checks":  func(x, y int) uint8 { return uint8((x ^ y) & 1 * 255) },
		"stripes": func(x, _ int) uint8 { return uint8(x & 1 * 255) },
		"blocks":  func(x, y int) uint8 { return uint8((x>>3 ^ y>>3) & 1 * 255) },
		"noise":   func(int, int) uint8 { return uint8(rng.IntN(2) * 255) },
		"pairs":   func(x, y int) uint8 { return uint8((x>>1 ^ y>>1) & 1 * 255) },
	} {
		pixels := make([]byte, side*side)
		for i := range pixels {
			pixels[i] = at(i%side, i/side)
		}
		_, _, got := read(t, AppendGray(nil, side, side, 100, of(pixels, side, 1)), 1)
		if dB := psnr(got, pixels); dB < 48 {
			t.Errorf("%s: %.1f dB at quality 100", name, dB)
		}
	}
}

// A fault of who gives the rows is one of the caller's, whichever goroutine met it.
func TestFaultsOfRowsAreTheCallers(t *testing.T) {
	for _, at := range []int{0, 1023} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a fault was lost")
				}
			}()
			AppendGray(nil, 1024, 1024, 50, func(_ []byte, row int) {
				if row == at {
					panic("no row")
				}
			})
		}()
	}
}

func FuzzAppend(f *testing.F) {
	f.Add([]byte("\x00\xff pixels"), uint8(3), uint8(5), uint8(90), true)
	f.Fuzz(func(t *testing.T, pixels []byte, rows, cols, quality uint8, colour bool) {
		if rows == 0 || cols == 0 || len(pixels) == 0 {
			return
		}
		samples, write := 1, AppendGray
		if colour {
			samples, write = 3, AppendColor
		}
		all := bytes.Repeat(pixels, int(rows)*int(cols)*samples/len(pixels)+1)
		data := write(nil, int(rows), int(cols), int(quality), of(all, int(cols), samples))
		if r, c, _ := read(t, data, samples); r != int(rows) || c != int(cols) {
			t.Fatalf("%d x %d came as %d x %d", rows, cols, r, c)
		}
	})
}

func BenchmarkGray(b *testing.B) {
	const side = 1024
	for _, noise := range []float64{1, 4, 10} {
		pixels := grays(side, side, noise)
		for _, quality := range []int{90, 75, 50} {
			for _, cores := range []int{1, 2} {
				b.Run(fmt.Sprintf("noise_%v/q%d/%d_cores", noise, quality, cores), func(b *testing.B) {
					defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
					var out []byte
					b.SetBytes(side * side)
					for b.Loop() {
						out = AppendGray(out[:0], side, side, quality, of(pixels, side, 1))
					}
					_, _, got := read(b, out, 1)
					b.ReportMetric(psnr(got, pixels), "dB")
					b.ReportMetric(float64(len(out))*8/side/side, "bit/px")
				})
			}
			b.Run(fmt.Sprintf("noise_%v/q%d/image_jpeg", noise, quality), func(b *testing.B) {
				b.SetBytes(side * side)
				var out []byte
				for b.Loop() {
					out = standard(b, pixels, side, side, 1, quality)
				}
				_, _, got := read(b, out, 1)
				b.ReportMetric(psnr(got, pixels), "dB")
				b.ReportMetric(float64(len(out))*8/side/side, "bit/px")
			})
		}
	}
}

func BenchmarkColor(b *testing.B) {
	const side = 1024
	pixels := coloured(side, side, 2)
	for _, quality := range []int{90, 75, 50} {
		b.Run(fmt.Sprintf("q%d", quality), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			var out []byte
			b.SetBytes(side * side)
			for b.Loop() {
				out = AppendColor(out[:0], side, side, quality, of(pixels, side, 3))
			}
			b.ReportMetric(float64(len(out))*8/side/side, "bit/px")
		})
		b.Run(fmt.Sprintf("q%d/image_jpeg", quality), func(b *testing.B) {
			b.SetBytes(side * side)
			var out []byte
			for b.Loop() {
				out = standard(b, pixels, side, side, 3, quality)
			}
			b.ReportMetric(float64(len(out))*8/side/side, "bit/px")
		})
	}
}
