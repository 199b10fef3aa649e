package pixels

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"webmon/dashboard/hub"
	"webmon/dashboard/line"
	"webmon/dashboard/pixels/packed"
	"webmon/dashboard/pixels/pixelstest"
	"webmon/shm"
)

var update = flag.Bool("update", false, "write public/js/testdata/rungs.json anew")

// memory has the buffers of a topic that no browser watches.
type memory struct {
	out  int // buffers that are not back
	sent []byte
	full bool
}

func (m *memory) MostPicture() int { return MaxPicture }
func (m *memory) PutBuffer([]byte) { m.out-- }

func (m *memory) Buffer(n int) []byte {
	if m.full {
		return nil
	}
	m.out++
	return make([]byte, 0, n)
}

func (m *memory) Lend(b []byte) *hub.Message {
	m.sent = b[hub.Headroom:]
	return hub.Lend(b, func() { m.PutBuffer(b) })
}

// heading is a head as pages read it.
type heading struct {
	Topic, Type                         string
	TS                                  float64
	Row, Col, Rows, Cols, Samples, Step int
	Full, Of                            int
	Frame                               uint64
	Hands                               json.RawMessage
	Coded                               *struct {
		As, Predict    string
		Quality, Scale int
		Low, High      *float64
	}
	Counts *struct {
		Low, High      *float64
		Count, Missing int
		From, Width    float64
		Bins           []byte
	}
}

// read takes a message apart.
func (m *memory) read(t testing.TB) (h heading, body []byte) {
	t.Helper()
	n := int(binary.LittleEndian.Uint32(m.sent[len(magic):]))
	if string(m.sent[:len(magic)]) != magic || (prefixSize+n)%8 != 0 {
		t.Fatalf("no head: %q", m.sent[:40])
	}
	if err := json.Unmarshal(m.sent[prefixSize:prefixSize+n], &h); err != nil {
		t.Fatalf("%v: %s", err, m.sent[prefixSize:prefixSize+n])
	}
	return h, m.sent[prefixSize+n:]
}

// scene are values of 12 bits: structure and noise.
func scene(n, cols int) []float64 {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]float64, n)
	for i := range out {
		x, y := float64(i%cols), float64(i/cols)
		out[i] = math.Floor(900 + 500*math.Sin(x/17)*math.Cos(y/11) + 8*rng.NormFloat64())
		if int(x/30)%3 == 1 {
			out[i] += 400
		}
	}
	return out
}

// littleOf writes values as a dtype.
func littleOf(values []float64, dtype string) (out []byte) {
	for _, v := range values {
		switch dtype {
		case "|u1":
			out = append(out, uint8(v/16))
		case "<u2":
			out = binary.LittleEndian.AppendUint16(out, uint16(v))
		case "<u4", "<i4":
			out = binary.LittleEndian.AppendUint32(out, uint32(int32(v)))
		case "<u8", "<i8":
			out = binary.LittleEndian.AppendUint64(out, uint64(int64(v)))
		case "<f4":
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)))
		case "<f8":
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
		}
	}
	return out
}

// pictureOf is a picture of the whole of an array.
func pictureOf(t testing.TB, w *Writer, info shm.ArrayInfo, data []byte, change func(*Part), added ...Added) hub.Picture {
	t.Helper()
	a := pixelstest.New(info, 2)
	fr := a.Publish(data)
	p := Part{Name: info.Name, Index: DefaultIndex(&info), Rows: info.Shape[0], Cols: info.Shape[1], Step: 1, Exact: info.Descr[1:] == "f8" || info.Descr[1:] == "i8" || info.Descr[1:] == "u8"}
	if change != nil {
		change(&p)
	}
	pic, err := p.Picture(w, fr, nil, time.UnixMilli(5000), added...)
	if err != nil {
		t.Fatal(err)
	}
	return pic
}

// valuesOf are the samples of a type as numbers.
func valuesOf(kind string, data []byte) (out []float64) {
	for size := shm.PixelType(kind).Size(); len(data) > 0; data = data[size:] {
		out = append(out, valueOf(shm.PixelType(kind), data))
	}
	return out
}

// grayOf is a JPEG as image/jpeg reads it.
func grayOf(t testing.TB, data []byte) (rows, cols int, out []byte) {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	g, ok := img.(*image.Gray)
	if !ok {
		t.Fatalf("a picture of gray values came as %T", img)
	}
	for y := range g.Rect.Dy() {
		out = append(out, g.Pix[y*g.Stride:][:g.Rect.Dx()]...)
	}
	return g.Rect.Dy(), g.Rect.Dx(), out
}

func TestRungs(t *testing.T) {
	const rows, cols = 101, 83
	values := scene(rows*cols, cols)
	for _, dtype := range []string{"|u1", "<u2", "<u4", "<i4", "<f4", "<f8", "<i8", "<u8"} {
		var m memory
		w := NewWriter(&m, "scope/array/camera")
		data := littleOf(values, dtype)
		exactly := valuesOf(dtype[1:], data)
		pic := pictureOf(t, w, shm.ArrayInfo{Name: "camera", Descr: dtype, Shape: []int{rows, cols}}, data, func(p *Part) { p.Exact = false })
		if dtype != "|u1" && pic.Rungs() != line.All || dtype == "|u1" && pic.Rungs() != line.All&^line.SetOf(2) {
			t.Fatalf("%s may be written at %b", dtype, pic.Rungs())
		}
		window := hub.Window{Low: 300, High: 1900, Known: true}
		if dtype == "|u1" {
			window = hub.Window{Low: 20, High: 120, Known: true}
		}
		of := 0
		for r := range pic.Rungs().Each {
			step := r.Step()
			if pic.At(r, window, time.UnixMilli(6000)) == nil {
				t.Fatalf("%s has no message at rung %d", dtype, r)
			}
			h, body := m.read(t)
			name := fmt.Sprintf("%s at rung %d: %+v", dtype, r, h)
			if h.Topic != w.topic || h.TS != 6000 || h.Step != step.Scale || h.Rows != over(rows, step.Scale) || h.Cols != over(cols, step.Scale) || h.Samples != 1 || h.Frame == 0 {
				t.Fatal(name)
			}
			if step.Kind == line.Exact {
				if h.Coded != nil || h.Counts != nil || !slices.Equal(valuesOf(h.Type, body), exactly) || pic.Size() != len(m.sent) {
					t.Fatal(name)
				}
				of = len(body)
				continue
			}
			if h.Coded == nil || h.Coded.As != step.Kind.String() || h.Coded.Quality != step.Quality || h.Of != of {
				t.Fatal(name)
			}
			if step.Kind == line.Packed {
				got, err := packed.Decode(nil, body, packed.How{Rows: rows, Cols: cols, Samples: 1, Bytes: shm.PixelType(h.Type).Size(), Predict: packed.Predict(h.Coded.Predict)})
				if err != nil || !slices.Equal(valuesOf(h.Type, got), exactly) {
					t.Fatal(name, err)
				}
				continue
			}
			if h.Type != "u1" || *h.Coded.Low != window.Low || *h.Coded.High != window.High || h.Counts == nil {
				t.Fatal(name)
			}
			pixels := body
			if step.Kind == line.JPEG {
				hh, ww, got := grayOf(t, body)
				if hh != h.Rows || ww != h.Cols {
					t.Fatal(name)
				}
				pixels = got
			}
			sum := 0.0
			for i, v := range pixels {
				is := window.Low + float64(v)/255*(window.High-window.Low)
				want := meanOf(exactly, i/h.Cols*step.Scale, i%h.Cols*step.Scale, step.Scale, rows, cols)
				d := is - min(max(want, window.Low), window.High)
				if step.Kind == line.Bytes && math.Abs(d) > (window.High-window.Low)/255*0.501 {
					t.Fatalf("%s: %v became %v", name, want, is)
				}
				sum += d * d
			}
			dB := 10 * math.Log10((window.High-window.Low)*(window.High-window.Low)*float64(len(pixels))/sum)
			if least := map[int]float64{0: 50, 90: 41, 75: 36, 60: 32, 50: 31}[step.Quality]; step.Scale < 4 && dB < least {
				t.Errorf("%s: %.1f dB", name, dB)
			}
		}
		pic.Close()
		if m.out != pic.Rungs().Len() {
			t.Errorf("%d buffers are out with %d messages", m.out, pic.Rungs().Len())
		}
	}
}

func meanOf(values []float64, row, col, scale, rows, cols int) float64 {
	sum, n := 0.0, 0.0
	for y := row; y < min(row+scale, rows); y++ {
		for x := col; x < min(col+scale, cols); x++ {
			sum += values[y*cols+x]
			n++
		}
	}
	return sum / n
}

func TestWhatMayNotBeLost(t *testing.T) {
	const rows, cols = 64, 96
	values := scene(rows*cols, cols)
	u2 := littleOf(values, "<u2")
	rgba := slices.Repeat([]byte{10, 20, 30, 255}, rows*cols)
	clear := slices.Clone(rgba)
	clear[7] = 254
	wide := littleOf(values, "<i8")
	binary.LittleEndian.PutUint64(wide[80:], 1<<60+1)
	exact := line.Lossless
	for _, c := range []struct {
		name   string
		info   shm.ArrayInfo
		data   []byte
		change func(*Part)
		want   line.Set
	}{
		{"labels", shm.ArrayInfo{Descr: "<u2", Role: "labels", Shape: []int{rows, cols}}, u2, nil, exact},
		{"all digits", shm.ArrayInfo{Descr: "<u2", Shape: []int{rows, cols}}, u2, func(p *Part) { p.Exact = true }, exact},
		{"the nearest", shm.ArrayInfo{Descr: "<u2", Shape: []int{rows, cols}}, u2, func(p *Part) { p.Nearest = true }, line.All},
		{"a small one", shm.ArrayInfo{Descr: "<u2", Shape: []int{rows, cols}}, u2, func(p *Part) { p.Rows, p.Cols = 10, 10 }, exact},
		{"colours", shm.ArrayInfo{Descr: "|u1", Role: "rgb", Shape: []int{rows, cols, 4}}, rgba, nil, line.All &^ line.SetOf(2)},
		{"glass", shm.ArrayInfo{Descr: "|u1", Role: "rgb", Shape: []int{rows, cols, 4}}, clear, nil, exact},
		{"wide numbers", shm.ArrayInfo{Descr: "<i8", Shape: []int{rows, cols}}, wide, nil, exact},
	} {
		var m memory
		c.info.Name = "a"
		pic := pictureOf(t, NewWriter(&m, "t"), c.info, c.data, c.change)
		if pic.Rungs() != c.want {
			t.Errorf("%s: %b, want %b", c.name, pic.Rungs(), c.want)
		}
		pic.Close()
		if m.out != 0 {
			t.Errorf("%s: %d buffers are out", c.name, m.out)
		}
	}
}

func TestColoursAtRungs(t *testing.T) {
	const rows, cols = 90, 70
	values := scene(rows*cols*3, cols*3)
	for _, dtype := range []string{"|u1", "<u2", "<f4"} {
		full := 255.0
		scaled := slices.Clone(values)
		switch dtype {
		case "<u2":
			full = 65535
		case "<f4":
			full = 1
		}
		for i := range scaled {
			scaled[i] = values[i] / 1900 * full
			if dtype == "|u1" {
				scaled[i] *= 16
			}
		}
		var m memory
		w := NewWriter(&m, "t")
		pic := pictureOf(t, w, shm.ArrayInfo{Name: "a", Role: "rgb", Descr: dtype, Shape: []int{rows, cols, 3}}, littleOf(scaled, dtype), nil, Added{"hands", []byte(`{"a":1}`)})
		if pic.Rungs() != line.All&^line.SetOf(2) {
			t.Fatalf("%s: %b", dtype, pic.Rungs())
		}
		pic.At(3, hub.Window{Low: 1, High: 2, Known: true}, time.UnixMilli(6000))
		h, body := m.read(t)
		img, err := jpeg.Decode(bytes.NewReader(body))
		if err != nil || float64(h.Full) != full || h.Samples != 3 || h.Coded.Low != nil || string(h.Hands) != `{"a":1}` {
			t.Fatalf("%s: %v, %+v", dtype, err, h)
		}
		sum := 0.0
		for i := range rows * cols {
			c := color.NRGBAModel.Convert(img.At(i%cols, i/cols)).(color.NRGBA)
			for s, v := range []uint8{c.R, c.G, c.B} {
				d := float64(v) - math.Round(min(max(values[3*i+s]/1900, 0), 1)*255)
				sum += d * d
			}
		}
		if rms := math.Sqrt(sum / rows / cols / 3); rms > 6 {
			t.Errorf("%s: colours are off by %.1f", dtype, rms)
		}
	}
}

// The distribution is that of the exact values, whatever the rung.
func TestCountsAtRungs(t *testing.T) {
	const rows, cols = 120, 100
	values := scene(rows*cols, cols)
	values[7], values[8], values[9] = math.NaN(), math.Inf(1), 60000
	for _, dtype := range []string{"<f4", "<u2", "<i4"} {
		all := slices.Clone(values)
		if dtype != "<f4" {
			all[7], all[8] = 900, 900
		}
		var m memory
		w := NewWriter(&m, "t")
		now := time.UnixMilli(7000)
		at := func(r line.Rung, window hub.Window) heading {
			pictureOf(t, w, shm.ArrayInfo{Name: "a", Descr: dtype, Shape: []int{rows, cols}}, littleOf(all, dtype), nil).At(r, window, now)
			h, _ := m.read(t)
			return h
		}
		h := at(4, hub.Window{})
		finite := slices.DeleteFunc(slices.Clone(all), func(v float64) bool { return v-v != 0 })
		slices.Sort(finite)
		c := h.Counts
		if c == nil || *c.Low != finite[0] || *c.High != finite[len(finite)-1] || c.Count != len(finite) || c.Missing != len(all)-len(finite) {
			t.Fatalf("%s: %+v", dtype, c)
		}
		wide := *h.Coded.High - *h.Coded.Low
		if low, high := finite[len(finite)/1000], finite[len(finite)-1-len(finite)/1000]; math.Abs(*h.Coded.Low-low) > 2 || math.Abs(*h.Coded.High-high) > 2 {
			t.Errorf("%s: a window from %v to %v, of values from %v to %v", dtype, *h.Coded.Low, *h.Coded.High, low, high)
		}
		bins := unpackBins(t, c.Bins)
		for _, part := range []float64{0.001, 0.01, 0.2, 0.5, 0.9, 0.99, 0.998} {
			want, below, got := finite[int(part*float64(len(finite)))], 0, 0.0
			for i, n := range bins {
				if below += n; float64(below) > part*float64(len(finite)) {
					got = c.From + float64(i)*c.Width
					break
				}
			}
			if math.Abs(got-want) > wide/1000+c.Width {
				t.Errorf("%s: %v of the values are below %v, not %v", dtype, part, want, got)
			}
		}
		// Four times a second and no more, at each rung.
		now = now.Add(countsEvery - 1)
		if again, other := at(4, hub.Window{}), at(5, hub.Window{}); again.Counts != nil || other.Counts == nil {
			t.Errorf("%s: counts come again %v, and at another rung %v", dtype, again.Counts != nil, other.Counts != nil)
		}
		now = now.Add(1)
		if at(4, hub.Window{}).Counts == nil {
			t.Errorf("%s: counts do not come again", dtype)
		}
		if n := len(c.Bins); n > 6000 {
			t.Errorf("%s: the bins of a picture take %d bytes", dtype, n)
		}
	}
}

// unpackBins reads bins as pages do.
func unpackBins(t testing.TB, b []byte) (bins []int) {
	t.Helper()
	for len(b) > 0 {
		v, n := binary.Uvarint(b)
		b = b[n:]
		span := uint64(1)
		if v&1 == 0 {
			span, n = binary.Uvarint(b)
			b = b[n:]
		}
		if span == 0 || len(bins)+int(span) > mostBins {
			t.Fatalf("%d bins", len(bins)+int(span))
		}
		for k := range span {
			bins = append(bins, int(v/2*(k+1)/span-v/2*k/span))
		}
	}
	return bins
}

func TestNoRoomForAPicture(t *testing.T) {
	var m memory
	w := NewWriter(&m, "t")
	info := shm.ArrayInfo{Name: "a", Descr: "<u2", Shape: []int{64, 96}}
	pic := pictureOf(t, w, info, littleOf(scene(64*96, 96), "<u2"), nil)
	m.full = true
	if pic.At(1, hub.Window{}, time.UnixMilli(1)) != nil || pic.At(4, hub.Window{}, time.UnixMilli(1)) != nil || pic.At(0, hub.Window{}, time.UnixMilli(1)) == nil {
		t.Error("a message is there without room, or none where it has its room")
	}
	pic.Close()
	a := pixelstest.New(info, 2)
	fr := a.Publish(littleOf(scene(64*96, 96), "<u2"))
	p := Part{Name: "a", Index: DefaultIndex(&info), Rows: 64, Cols: 96, Step: 1}
	if _, err := p.Picture(w, fr, nil, time.UnixMilli(1)); err == nil {
		t.Error("a picture is read without room")
	}
	if _, err := w.Drawn([]byte(`{"section":{}}`), 4, 5, false, time.UnixMilli(1), func([]byte) { t.Error("drawn without room") }); err == nil {
		t.Error("a picture is drawn without room")
	}
}

func TestDrawn(t *testing.T) {
	for _, exact := range []bool{false, true} {
		var m memory
		w := NewWriter(&m, "scope/sections/below/64")
		w.Uncounted = true
		pic, err := w.Drawn([]byte(`{"section":{"plane":"below"}}`), 60, 64, exact, time.UnixMilli(1), func(px []byte) { copy(px, slices.Repeat([]byte{200, 10, 30}, len(px)/3)) })
		if err != nil || exact != (pic.Rungs() == line.Lossless) {
			t.Fatalf("%v: %b", err, pic.Rungs())
		}
		pic.At(0, hub.Window{}, time.UnixMilli(2))
		if h, body := m.read(t); h.Rows != 60 || h.Cols != 64 || h.Samples != 3 || h.Type != "u1" || h.Full != 255 || len(body) != 3*60*64 || body[0] != 200 {
			t.Errorf("%+v", h)
		}
		if exact {
			continue
		}
		pic.At(5, hub.Window{}, time.UnixMilli(2))
		if h, _ := m.read(t); h.Counts != nil || h.Coded.Quality != 50 {
			t.Errorf("%+v", h)
		}
	}
	var m memory
	pic, err := NewWriter(&m, "t").Drawn([]byte(`{"section":{"problem":"none"}}`), 0, 0, false, time.UnixMilli(1), func([]byte) { t.Error("nothing was drawn") })
	if err != nil || pic.Rungs() != line.SetOf(line.AsIs) {
		t.Errorf("nothing: %v", err)
	}
}

func TestNumbersOfPicturesCountUp(t *testing.T) {
	last := uint64(0)
	for _, ms := range []int64{5000, 5000, 4000, 9e12} {
		n := nextNumber(time.UnixMilli(ms))
		if n <= last {
			t.Fatalf("%d comes after %d", n, last)
		}
		last = n
	}
}

// Whatever the window and the samples are, there is a picture.
func FuzzRungs(f *testing.F) {
	f.Add([]byte("\x00\x00\xc0\x7f samples"), uint8(6), 0.0, 0.0, uint8(4))
	f.Add([]byte{1, 2, 3}, uint8(7), math.Inf(-1), math.NaN(), uint8(2))
	f.Add([]byte{255}, uint8(3), -math.MaxFloat64, math.MaxFloat64, uint8(7))
	dtypes := []string{"|u1", "<u2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8"}
	f.Fuzz(func(t *testing.T, some []byte, dtype uint8, low, high float64, rung uint8) {
		if len(some) == 0 {
			return
		}
		descr := dtypes[int(dtype)%len(dtypes)]
		size := int(descr[2] - '0')
		rows := leastLossy/size/50 + 1
		var m memory
		w := NewWriter(&m, "t")
		pic := pictureOf(t, w, shm.ArrayInfo{Name: "a", Descr: descr, Shape: []int{rows, 51}}, bytes.Repeat(some, rows*51*size/len(some)+1)[:rows*51*size], nil)
		r := line.Rung(int(rung) % int(line.Rungs))
		if !pic.Rungs().Has(r) {
			return
		}
		pic.At(r, hub.Window{Low: low, High: high, Known: true}, time.UnixMilli(1))
		h, body := m.read(t)
		if !r.Step().Lossy() {
			return
		}
		if h.Coded.Low == nil || h.Coded.High == nil || !(*h.Coded.Low < *h.Coded.High) {
			t.Fatalf("%+v", h.Coded)
		}
		if h.Coded.As == "jpeg" {
			grayOf(t, body)
		} else if len(body) != h.Rows*h.Cols {
			t.Fatalf("%d bytes", len(body))
		}
		if h.Counts.Count > 0 {
			unpackBins(t, h.Counts.Bins)
		}
	})
}

// What pages are tested with.
func TestMessagesOfPages(t *testing.T) {
	const path = "../../public/js/testdata/rungs.json"
	type message struct {
		Name string `json:"name"`
		Rung int    `json:"rung"`
		Data string `json:"data"`
	}
	var all []message
	const rows, cols = 71, 62
	values := scene(rows*cols, cols)
	values[5] = 5000 // beyond the window
	for _, c := range []struct {
		dtype, role string
		rungs       []line.Rung
	}{
		{"<u2", "", []line.Rung{1, 2, 3, 4, 5, 6, 7}}, {"<f4", "", []line.Rung{1, 4}}, {"|u1", "rgb", []line.Rung{1, 3, 5}}, {"<i8", "", []line.Rung{1}}, {"<f8", "", []line.Rung{1}}, {"<u4", "labels", []line.Rung{1}},
	} {
		var m memory
		w := NewWriter(&m, "scope/array/"+c.dtype[1:])
		info := shm.ArrayInfo{Name: c.dtype[1:], Descr: c.dtype, Role: c.role, Shape: []int{rows, cols}}
		these := values
		if c.role == "rgb" {
			info.Shape = []int{rows, cols, 3}
			these = scene(3*rows*cols, 3*cols)
		}
		numbers.Store(0)
		pic := pictureOf(t, w, info, littleOf(these, c.dtype), nil)
		for _, r := range c.rungs {
			pic.At(r, hub.Window{Low: 300, High: 1900, Known: true}, time.UnixMilli(6000))
			all = append(all, message{c.dtype[1:] + c.role, int(r), base64.StdEncoding.EncodeToString(m.sent)})
		}
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if had, err := os.ReadFile(path); err != nil || !bytes.Equal(had, text) {
		t.Errorf("%s is not what is written now; run go test ./dashboard/pixels -run MessagesOfPages -update (%v)", path, err)
	}
}

// No step of the 256 stands for a value that the type cannot hold.
func TestTheWindowKeepsToTheType(t *testing.T) {
	for dtype, most := range map[string]float64{"|u1": 255, "<u2": 65535} {
		var m memory
		pic := pictureOf(t, NewWriter(&m, "t"), shm.ArrayInfo{Name: "a", Descr: dtype, Shape: []int{8, 8}}, littleOf(make([]float64, 64), dtype), nil)
		pic.At(4, hub.Window{Low: -most / 10, High: 1.1 * most, Known: true}, time.UnixMilli(6000))
		if h, _ := m.read(t); *h.Coded.Low != 0 || *h.Coded.High != most {
			t.Errorf("%s: the window is from %v to %v", dtype, *h.Coded.Low, *h.Coded.High)
		}
	}
}
