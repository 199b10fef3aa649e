package pixels

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"webmon/dashboard/pixels/pixelstest"
	"webmon/dashboard/refusal"
	"webmon/shm"
)

func u16(values ...uint16) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

func f32(values ...float64) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
	}
	return b
}

// drawn makes the picture of a frame and reads it back from its PNG.
func drawn(t *testing.T, frame *shm.ArrayFrame, look Look) func(row, col int) color.NRGBA {
	t.Helper()
	img, err := ReadPicture(t.Context(), frame, look)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WritePNG(&b, img); err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return func(row, col int) color.NRGBA {
		return color.NRGBAModel.Convert(got.At(col, row)).(color.NRGBA)
	}
}

func gray(v uint8) color.NRGBA { return color.NRGBA{v, v, v, 255} }

func TestPictureHasTheValues(t *testing.T) {
	a := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "<u2", Shape: []int{2, 2, 3}}, 2)
	frame := a.Publish(u16(9, 9, 9, 9, 9, 9, 0, 100, 200, 300, 400, 500))
	ix, _ := ParseIndex("1,y,x")
	at := drawn(t, frame, Look{Index: ix, Limits: &[2]float64{100, 400}})
	for col, want := range []uint8{0, 0, 85} {
		if got := at(0, col); got != gray(want) {
			t.Errorf("row 0, column %d is %v, want %d", col, got, want)
		}
	}
	for col, want := range []uint8{170, 255, 255} {
		if got := at(1, col); got != gray(want) {
			t.Errorf("row 1, column %d is %v, want %d", col, got, want)
		}
	}
	// The other way round.
	ix, _ = ParseIndex("1,x,y")
	if got := drawn(t, frame, Look{Index: ix, Limits: &[2]float64{100, 400}})(2, 0); got != gray(85) {
		t.Errorf("transposed, row 2, column 0 is %v, want 85", got)
	}
	ix, _ = ParseIndex("1,y,x")
	if got := drawn(t, frame, Look{Index: ix, Limits: &[2]float64{100, 400}, Gamma: 2})(0, 2); got != gray(28) {
		t.Errorf("with gamma 2 the third of the range is %v, want 28", got)
	}
	if got := drawn(t, frame, Look{Index: ix, Limits: &[2]float64{0, 1}, Colormap: "magma"})(1, 1); got != (color.NRGBA{0xfc, 0xfd, 0xbf, 255}) {
		t.Errorf("magma ends with %v", got)
	}
	if got := drawn(t, frame, Look{Index: ix, Limits: &[2]float64{0, 1}, Colormap: "#00ff40"})(1, 1); got != (color.NRGBA{0, 0xff, 0x40, 255}) {
		t.Errorf("a colour of its own ends with %v", got)
	}
}

// An array's own limits and colours both hold, each where nothing else is asked for.
func TestPictureHasTheArraysLook(t *testing.T) {
	ix, _ := ParseIndex("y,x")
	frame := func(limits *[2]float64, colormap string) *shm.ArrayFrame {
		a := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "<u2", Shape: []int{1, 4}, Limits: limits, Colormap: colormap}, 2)
		return a.Publish(u16(0, 5, 10, 15))
	}
	for name, test := range map[string]struct {
		frame *shm.ArrayFrame
		look  Look
		want  [2]color.NRGBA // of 0 and of 15
	}{
		"limits":               {frame(&[2]float64{0, 150}, ""), Look{}, [2]color.NRGBA{gray(0), gray(26)}},
		"limits of the look":   {frame(&[2]float64{0, 150}, ""), Look{Limits: &[2]float64{0, 15}}, [2]color.NRGBA{gray(0), gray(255)}},
		"colours":              {frame(nil, "green"), Look{}, [2]color.NRGBA{gray(0), {0, 255, 0, 255}}},
		"both":                 {frame(&[2]float64{0, 150}, "green"), Look{}, [2]color.NRGBA{gray(0), {0, 26, 0, 255}}},
		"colours of the look":  {frame(&[2]float64{0, 150}, "green"), Look{Colormap: "red"}, [2]color.NRGBA{gray(0), {26, 0, 0, 255}}},
		"limits that are none": {frame(&[2]float64{0, 0}, ""), Look{}, [2]color.NRGBA{gray(0), gray(255)}},
		"neither":              {frame(nil, ""), Look{}, [2]color.NRGBA{gray(0), gray(255)}},
	} {
		test.look.Index = ix
		at := drawn(t, test.frame, test.look)
		if got := [2]color.NRGBA{at(0, 0), at(0, 3)}; got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	rgb := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "|u1", Role: "rgb", Shape: []int{1, 1, 3}, Limits: &[2]float64{0, 30}}, 2)
	if got := drawn(t, rgb.Publish([]byte{10, 20, 30}), Look{Index: Index{Down, Right, Samples}})(0, 0); got != (color.NRGBA{85, 170, 255, 255}) {
		t.Errorf("a colour with limits is %v", got)
	}
}

// What is NaN is transparent, and infinite is the end of the colours.
func TestPictureHasHoles(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	a := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "<f4", Shape: []int{2, 3}}, 2)
	frame := a.Publish(f32(nan, 0, 1, inf, -inf, nan))
	look := Look{Index: Index{Down, Right}, Limits: &[2]float64{0, 1}}
	at := drawn(t, frame, look)
	for i, want := range []color.NRGBA{{}, gray(0), gray(255), gray(255), gray(0), {}} {
		if got := at(i/3, i%3); got != want {
			t.Errorf("pixel %d is %v, want %v", i, got, want)
		}
	}
	look.Up = true
	if at := drawn(t, frame, look); at(1, 0).A != 0 || at(0, 2).A != 0 || at(0, 1) != gray(0) {
		t.Error("the other way up the holes are elsewhere")
	}
	img, err := ReadThumbnail(a.Publish(f32(nan, 0, 1, 1, 1, 1)), 8)
	if err != nil {
		t.Fatal(err)
	}
	// Of the axes x, y: the first column of the array is the lowest row.
	if _, _, _, alpha := img.At(0, 2).RGBA(); alpha != 0 {
		t.Errorf("a thumbnail with NaN has %v there", img.At(0, 2))
	}
	rgb := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "<f4", Role: "rgb", Shape: []int{1, 2, 4}}, 2)
	at = drawn(t, rgb.Publish(f32(0, nan, 1, 1, 0, 0, 1, 1)), Look{Index: Index{Down, Right, Samples}, Limits: &[2]float64{0, 1}})
	if at(0, 0).A != 0 || at(0, 1) != (color.NRGBA{0, 0, 255, 255}) {
		t.Errorf("colours with NaN are %v and %v", at(0, 0), at(0, 1))
	}
}

func TestPictureInColour(t *testing.T) {
	ix, _ := ParseIndex("y,x,c")
	a := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "|u1", Role: "rgb", Shape: []int{1, 2, 3}}, 2)
	at := drawn(t, a.Publish([]byte{10, 20, 30, 40, 50, 60}), Look{Index: ix})
	if at(0, 0) != (color.NRGBA{10, 20, 30, 255}) || at(0, 1) != (color.NRGBA{40, 50, 60, 255}) {
		t.Errorf("colours of 8 bits are %v and %v, want them as they are", at(0, 0), at(0, 1))
	}
	a = pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "<f4", Role: "rgb", Shape: []int{1, 1, 4}}, 2)
	at = drawn(t, a.Publish(f32(0, 0.5, 1, 0.5)), Look{Index: ix, Limits: &[2]float64{0, 1}})
	if at(0, 0) != (color.NRGBA{0, 128, 255, 128}) {
		t.Errorf("a colour with alpha is %v", at(0, 0))
	}
}

func TestLabelsHaveColoursOfTheirOwn(t *testing.T) {
	a := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "<i4", Role: "labels", Shape: []int{1, 4}}, 2)
	b := make([]byte, 16)
	binary.LittleEndian.PutUint32(b[4:], 1)
	binary.LittleEndian.PutUint32(b[8:], 2)
	binary.LittleEndian.PutUint32(b[12:], 1)
	at := drawn(t, a.Publish(b), Look{Index: Index{Down, Right}})
	if at(0, 0).A != 0 {
		t.Errorf("the background is %v, want it transparent", at(0, 0))
	}
	if at(0, 1) == at(0, 2) || at(0, 1) != at(0, 3) || at(0, 1).A != 255 {
		t.Errorf("labels 1, 2 and 1 are %v, %v and %v", at(0, 1), at(0, 2), at(0, 3))
	}
}

func TestContrastLeavesOutliersOut(t *testing.T) {
	values := make([]uint16, 10_000)
	floats := make([]float64, len(values))
	for i := range values {
		values[i] = uint16(1000 + i%100)
		floats[i] = float64(values[i])
	}
	values[3], values[4] = 0, 65535
	floats[3], floats[4], floats[5] = math.Inf(-1), 1e30, math.NaN()
	for name, px := range map[string]shm.Pixels{
		"of 16 bits": {Type: shm.U16, Rows: 100, Cols: 100, Samples: 1, Data: u16(values...)},
		"floats":     {Type: shm.F32, Rows: 100, Cols: 100, Samples: 1, Data: f32(floats...)},
	} {
		if got := contrast(px, origin{}); got != [2]float64{1000, 1099} {
			t.Errorf("%s: limits %v, want 1000 and 1099", name, got)
		}
	}
	for name, px := range map[string]shm.Pixels{
		"one value":  {Type: shm.U16, Rows: 1, Cols: 2, Samples: 1, Data: u16(7, 7)},
		"no numbers": {Type: shm.F32, Rows: 1, Cols: 2, Samples: 1, Data: f32(math.NaN(), math.NaN())},
		"nothing":    {Type: shm.F32, Samples: 1},
	} {
		if got := contrast(px, origin{}); !(got[1] > got[0]) {
			t.Errorf("%s: limits %v", name, got)
		}
	}
}

// The server's colours are the page's.
func TestColoursAreThePages(t *testing.T) {
	js, err := os.ReadFile(filepath.Join("..", "..", "public", "js", "viewer", "lut.js"))
	if err != nil {
		t.Fatal(err)
	}
	_, body, ok := strings.Cut(string(js), "const POINTS = {")
	body, _, ok2 := strings.Cut(body, "\n};")
	if !ok || !ok2 {
		t.Fatal("lut.js has no table POINTS any more")
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`(\w+):\s*((?:"[0-9a-f]+"(?:\s*\+\s*)?)+)`).FindAllStringSubmatch(body, -1) {
		seen[m[1]] = true
		if hex := strings.Join(regexp.MustCompile(`[0-9a-f]{6,}`).FindAllString(m[2], -1), ""); points[m[1]] != hex {
			t.Errorf("the page's colours of %s are %s, here they are %q", m[1], hex, points[m[1]])
		}
	}
	for name := range points {
		if !seen[name] {
			t.Errorf("the page has no colours %q", name)
		}
		if table, ok := colorTable(strings.ToUpper(name)); !ok || table[0] == table[255] && name != "twilight" {
			t.Errorf("%s goes from %v to %v, found %v", name, table[0], table[255], ok)
		}
	}
	if !strings.Contains(string(js), "2654435761") || !strings.Contains(string(js), "137.50776405") {
		t.Error("the page spreads labels in another way")
	}
}

func TestPictureSaysWhatItCannotDo(t *testing.T) {
	look := func(info shm.ArrayInfo, look Look) error {
		info.Name = "a"
		_, err := ReadPicture(t.Context(), &shm.ArrayFrame{Info: &info, Seq: 1, Shape: info.Shape}, look)
		return err
	}
	plane := Index{Down, Right}
	var field *refusal.Error
	for name, test := range map[string]struct {
		err   error
		field string
	}{
		"a table":           {look(shm.ArrayInfo{Shape: []int{3}, Fields: []shm.ArrayField{{Name: "t", Descr: "<f8"}}}, Look{Index: Index{Right}}), ""},
		"texts":             {look(shm.ArrayInfo{Descr: "<U3", Shape: []int{3, 3}}, Look{Index: plane}), ""},
		"another plane":     {look(shm.ArrayInfo{Descr: "<u2", Shape: []int{3, 3, 3}}, Look{Index: plane}), "index"},
		"no elements":       {look(shm.ArrayInfo{Descr: "<u2", Shape: []int{3, 0}}, Look{Index: plane}), "index"},
		"no such colormap":  {look(shm.ArrayInfo{Descr: "<u2", Shape: []int{3, 3}}, Look{Index: plane, Colormap: "jet"}), "colormap"},
		"five are no color": {look(shm.ArrayInfo{Descr: "<u2", Shape: []int{3, 3, 5}}, Look{Index: Index{Down, Right, Samples}}), "index"},
	} {
		if !errors.As(test.err, &field) || field.Field != test.field {
			t.Errorf("%s: %v", name, test.err)
		}
	}
	if err := look(shm.ArrayInfo{Descr: "<u2", Shape: []int{1 << 14, 1 << 14}}, Look{Index: plane}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("256 megapixels: %v", err)
	}
}

func TestProfile(t *testing.T) {
	a := pixelstest.New(shm.ArrayInfo{
		Name: "a", Descr: "<u2", Shape: []int{4, 4}, Units: []string{"um", "um"}, Scale: []float64{0.5, 0.5}, Unit: "counts",
	}, 2)
	values := make([]uint16, 16)
	for i := range values {
		values[i] = uint16(i)
	}
	frame := a.Publish(u16(values...))
	plane := Index{Down, Right}
	for name, test := range map[string]struct {
		from, to [2]float64
		want     string
	}{
		"a row":         {[2]float64{1, 0}, [2]float64{1, 3}, "[0 0.5 1 1.5] [4 5 6 7]"},
		"up":            {[2]float64{3, 2}, [2]float64{1, 2}, "[0 0.5 1] [14 10 6]"},
		"diagonal":      {[2]float64{0, 0}, [2]float64{2, 2}, "[0 0.7071 1.414] [0 5 10]"},
		"a point":       {[2]float64{2, 2}, [2]float64{2, 2}, "[0] [10]"},
		"cut at edges":  {[2]float64{-5, 1}, [2]float64{99, 1}, "[0 0.5 1 1.5] [1 5 9 13]"},
		"between lines": {[2]float64{0.4, 0.4}, [2]float64{0.4, 2.4}, "[0 0.5 1] [0 1 2]"},
	} {
		p, err := ReadProfile(t.Context(), frame, plane, test.from, test.to)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var distances []string
		for _, d := range p.Distance {
			distances = append(distances, fmt.Sprintf("%.4g", d))
		}
		if got := fmt.Sprint(distances, " ", p.Value); got != test.want || p.Unit != "um" || p.ValueUnit != "counts" {
			t.Errorf("%s: %s in %s and %s, want %s", name, got, p.Unit, p.ValueUnit, test.want)
		}
	}
	colour := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "|u1", Role: "rgb", Shape: []int{1, 2, 3}}, 2)
	p, err := ReadProfile(t.Context(), colour.Publish([]byte{1, 2, 3, 4, 5, 6}), Index{Down, Right, Samples}, [2]float64{0, 0}, [2]float64{0, 1})
	if err != nil || fmt.Sprint(p.Value) != "[[1 2 3] [4 5 6]]" || p.Unit != "px" {
		t.Errorf("in colour: %+v, %v", p, err)
	}
	// A line that is longer than a profile, in a frame too large to be read as a
	// whole for it.
	long := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "|u1", Shape: []int{3000, 5000}}, 2)
	p, err = ReadProfile(t.Context(), long.Publish(make([]byte, 15_000_000)), plane, [2]float64{0, 0}, [2]float64{2999, 4999})
	if err != nil || len(p.Value) != MaxProfile || len(p.Distance) != MaxProfile {
		t.Fatalf("a long line: %v", err)
	}
	if got := p.Distance[MaxProfile-1]; math.Abs(got-math.Hypot(2999, 4999)) > 1e-9 {
		t.Errorf("it ends at %v", got)
	}
}
