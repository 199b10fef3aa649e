package pixels

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"webmon/dashboard/hub"
	"webmon/dashboard/line"
	"webmon/e2e/specimen"
	"webmon/shm"
)

var codecsDir = flag.String("codecs.dir", "", "folder for the tables and messages of BenchmarkCodecs; none are written without")

// BenchmarkCodecs writes a frame of a camera, made up, at each rung and in other ways, on one core: how small it becomes, how sharp it stays and how
// long that takes.
func BenchmarkCodecs(b *testing.B) {
	const side = 1024
	const pixels = side * side
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	data := specimen.Frames(side, 2)[1]
	window := hub.Window{Low: specimen.Low, High: specimen.High, Known: true}
	exactly := valuesOf("u2", data)
	var table bytes.Buffer
	row := func(name string, bytes int, sharp float64, took time.Duration) {
		dB := "exact"
		if !math.IsInf(sharp, 1) {
			dB = fmt.Sprintf("%.1f dB", sharp)
		}
		fmt.Fprintf(&table, "| %s | %.0f KB | 1 : %.1f | %s | %.1f ms | %.0f | %.1f | %.1f | %.1f |\n", name, float64(bytes)/1000, 2*pixels/float64(bytes), dB,
			took.Seconds()*1000, pixels/1e6/took.Seconds(), 5e6/8/float64(bytes), 20e6/8/float64(bytes), 100e6/8/float64(bytes))
	}
	fmt.Fprintln(&table, "| uint16, 1024 x 1024 | Size | | PSNR | Writing it | Mpx/s a core | Frames/s at 5 Mbit/s | at 20 | at 100 |\n|---|---|---|---|---|---|---|---|---|")
	type message struct {
		Name string `json:"name"`
		Data string `json:"data"`
	}
	var messages []message
	for b.Loop() {
		table.Truncate(bytes.IndexByte(table.Bytes(), '\n') + 1 + len("|---|---|---|---|---|---|---|---|---|\n"))
		messages = nil
		var m memory
		w := NewWriter(&m, "scope/array/camera")
		pic := pictureOf(b, w, shm.ArrayInfo{Name: "camera", Descr: "<u2", Shape: []int{side, side}}, data, nil)
		for r := range line.Rungs {
			step := r.Step()
			took := fastest(func() {
				w.told = [line.Rungs]time.Time{} // with the counts, as the first one is
				pic.At(r, window, time.UnixMilli(6000))
			})
			h, body := m.read(b)
			name := map[line.Kind]string{line.Exact: "as it is", line.Packed: "packed", line.Bytes: "8 bits of the window", line.JPEG: fmt.Sprintf("JPEG %d", step.Quality)}[step.Kind]
			if step.Scale > 1 {
				name += fmt.Sprintf(", means of %d x %d", step.Scale, step.Scale)
			}
			sharp := math.Inf(1)
			if step.Lossy() {
				shown := body
				if step.Kind == line.JPEG {
					_, _, shown = grayOf(b, body)
				}
				sharp = sharpness(shown, h.Cols, step.Scale, exactly, side, window)
			}
			row(fmt.Sprintf("%d: %s", r, name), len(m.sent), sharp, took)
			messages = append(messages, message{name, base64.StdEncoding.EncodeToString(m.sent)})
		}
		counted := fastest(func() { w.counted = time.Time{}; pic.(*picture).count(time.UnixMilli(1)) })
		fmt.Fprintf(&table, "| how the values are distributed | | | | %.1f ms | %.0f | | | |\n", counted.Seconds()*1000, pixels/1e6/counted.Seconds())

		gray := image.NewGray(image.Rect(0, 0, side, side))
		win := newWindow(&pic.(*picture).px, window.Low, window.High, 1, false, &tableOf{})
		for y := range side {
			win.row(gray.Pix[y*side:(y+1)*side], y)
		}
		for _, quality := range []int{90, 75, 50} {
			var out bytes.Buffer
			took := fastest(func() {
				out.Reset()
				if err := jpeg.Encode(&out, gray, &jpeg.Options{Quality: quality}); err != nil {
					b.Fatal(err)
				}
			})
			_, _, shown := grayOf(b, out.Bytes())
			row(fmt.Sprintf("image/jpeg %d, of the 8 bits", quality), out.Len(), sharpness(shown, side, 1, exactly, side, window), took)
		}
		for _, level := range []int{flate.HuffmanOnly, 1, 5} {
			var out bytes.Buffer
			took := fastest(func() {
				out.Reset()
				z, err := flate.NewWriter(&out, level)
				if err != nil {
					b.Fatal(err)
				}
				z.Write(data)
				z.Close()
			})
			name := fmt.Sprintf("level %d", level)
			if level == flate.HuffmanOnly {
				name = "codes alone"
			}
			row("klauspost/compress, "+name+", of the pixels as they are", out.Len(), math.Inf(1), took)
		}
	}
	fmt.Println(table.String())
	if *codecsDir == "" {
		return
	}
	text, err := json.Marshal(messages)
	if err != nil {
		b.Fatal(err)
	}
	for name, data := range map[string][]byte{"codecs.md": table.Bytes(), "codecs.json": text} {
		if err := os.WriteFile(filepath.Join(*codecsDir, name), data, 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

// fastest is how long f takes when nothing else has the machine, of several times.
func fastest(f func()) time.Duration {
	var all []time.Duration
	for range 15 {
		began := time.Now()
		f()
		all = append(all, time.Since(began))
	}
	return slices.Min(all)
}

// sharpness is the PSNR of a picture, each of whose pixels stands for scale x scale of the exact one, within the window.
func sharpness(shown []byte, cols, scale int, exactly []float64, side int, window hub.Window) float64 {
	sum := 0.0
	for i, v := range exactly {
		is := window.Low + float64(shown[i/side/scale*cols+i%side/scale])/255*(window.High-window.Low)
		d := is - min(max(v, window.Low), window.High)
		sum += d * d
	}
	return 10 * math.Log10((window.High-window.Low)*(window.High-window.Low)*float64(len(exactly))/sum)
}
