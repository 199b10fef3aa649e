package pixels

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"

	"webmon/dashboard/pixels/pixelstest"
	"webmon/shm"
	"webmon/shm/pickle"
	"webmon/shm/segment"
)

// everything makes all that is made of a frame, with a plane or without, and returns it
// together with the errors.
func everything(ctx context.Context, frame *shm.ArrayFrame, plane Index, point [2]float64) (files [][]byte, errs []error) {
	take := func(b []byte, err error) {
		files, errs = append(files, b), append(errs, err)
	}
	npy, err := ReadNPY(ctx, frame, plane)
	if err == nil {
		take(append(npy.Header, npy.Data...), nil)
	}
	errs = append(errs, err)
	var b bytes.Buffer
	err = WriteCSV(ctx, &b, frame)
	take(b.Bytes(), err)
	table, err := ReadTable(ctx, frame, 200)
	if err == nil {
		take([]byte(fmt.Sprint(table.Rows)), nil)
	}
	errs = append(errs, err)
	columns, err := ReadColumns(frame)
	take(nil, err)
	for _, c := range columns {
		take(make([]byte, 8*len(c.Values)), nil)
	}
	look := plane
	if look == nil {
		look = DefaultIndex(frame.Info)
	}
	img, err := ReadPicture(ctx, frame, Look{Index: look})
	if err == nil {
		var b bytes.Buffer
		take(b.Bytes(), WritePNG(&b, img))
	}
	errs = append(errs, err)
	if p, err := ReadProfile(ctx, frame, look, [2]float64{0, 0}, point); err == nil {
		take(shm.AppendJSON(nil, map[string]shm.Value{"distance": p.Distance, "value": p.Value}))
	} else {
		errs = append(errs, err)
	}
	place := make(Index, len(frame.Shape))
	for i := range place {
		place[i] = Axis(max(0, min(int(point[0]), maxIndex)))
	}
	if v, err := ReadElement(frame, place); err == nil {
		take(shm.AppendJSON(nil, v))
	} else {
		errs = append(errs, err)
	}
	_, err = ReadThumbnail(frame, 64)
	take(nil, err)
	part := Part{Name: "a", Index: look, Rows: maxSide, Cols: maxSide, Step: 1}
	_, _, err = part.Selection(frame.Shape, 8, MaxPicture)
	take(nil, err)
	return files, errs
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// sparse is the reader of a frame that has no bytes, or of one that is said to have more
// than there are: nothing of that must be read.
type sparse struct{ t *testing.T }

func (s sparse) ReadPlane(f *shm.ArrayFrame, sel shm.Selection, dst []byte) (shm.Pixels, error) {
	return shm.Pixels{}, shm.ErrOvertaken
}

func (s sparse) ReadRecords(f *shm.ArrayFrame, from, to int) ([][]shm.Value, error) {
	return nil, shm.ErrOvertaken
}

func (s sparse) ReadAll(f *shm.ArrayFrame, dst []byte) ([]byte, error) {
	item, _ := ItemBytes(f.Info)
	if n := Count(f.Shape); n > 0 && item > 0 {
		s.t.Errorf("%v of %s is read as a whole", f.Shape, TypeName(f.Info))
	}
	return dst[:0], nil
}

func (s sparse) ReadBox(f *shm.ArrayFrame, from, to []int, dst []byte) ([]byte, error) {
	s.t.Errorf("the box %v to %v is read", from, to)
	return dst[:0], nil
}

// A side beside one that is 0, or one of a segment whose file has no pages, is a number and
// nothing else: nothing is allocated for it and nothing counted through.
func TestShapesThatAreNotThere(t *testing.T) {
	record := []shm.ArrayField{{Name: "a", Descr: "<f8", Shape: []int{1 << 20, 0}}, {Name: "b", Descr: "<f8", Shape: []int{0, 1 << 28}}}
	for _, test := range []struct {
		info  shm.ArrayInfo
		plane string
	}{
		{shm.ArrayInfo{Descr: "<f8", Role: "table", Shape: []int{1 << 40, 0}}, ""},
		{shm.ArrayInfo{Descr: "<f8", Role: "table", Shape: []int{0, 64}}, ""},
		{shm.ArrayInfo{Descr: "<f8", Shape: []int{1 << 40, 0}}, "y,x"},
		{shm.ArrayInfo{Descr: "<f8", Shape: []int{1 << 40, 0}}, "x,y"},
		{shm.ArrayInfo{Descr: "|u1", Shape: []int{1 << 20, 1 << 20, 0}}, "y,x,0"},
		{shm.ArrayInfo{Descr: "|u1", Shape: []int{1 << 20, 0, 1 << 20}}, "y,0,x"},
		{shm.ArrayInfo{Descr: "|u1", Shape: []int{1 << 20, 0, 1 << 20}}, "y,x,c"},
		{shm.ArrayInfo{Descr: "|V0", Role: "table", Shape: []int{1 << 40}}, ""},
		{shm.ArrayInfo{Fields: record, Shape: []int{1 << 40}}, ""},
		{shm.ArrayInfo{Fields: []shm.ArrayField{{Name: "a", Descr: "<f8", Shape: []int{1 << 28, 0}}}, Shape: []int{3}}, ""},
		{shm.ArrayInfo{Fields: record[:1], Shape: []int{1 << 20, 1 << 20}}, ""},
		// As large as a file can say that it is.
		{shm.ArrayInfo{Descr: "|u1", Role: "table", Shape: []int{1 << 41}}, ""},
		{shm.ArrayInfo{Descr: "<f8", Role: "table", Shape: []int{1 << 38, 1}}, "y,x"},
		{shm.ArrayInfo{Fields: []shm.ArrayField{{Name: "x", Descr: "<f8"}, {Name: "n", Descr: "|u1", Shape: []int{1 << 20}}}, Shape: []int{1 << 21}}, ""},
	} {
		info := test.info
		info.Name = "a"
		frame := &shm.ArrayFrame{Info: &info, Seq: 1, Shape: info.Shape, Reader: sparse{t}}
		var plane Index
		if test.plane != "" {
			var err error
			if plane, err = ParseIndex(test.plane); err != nil {
				t.Fatal(err)
			}
		}
		var files [][]byte
		if n := allocated(func() { files, _ = everything(t.Context(), frame, plane, [2]float64{1e6, 1e6}) }); n > 4<<20 {
			t.Errorf("%v of %s, plane %q: %d bytes were allocated", info.Shape, TypeName(&info), test.plane, n)
		}
		for _, b := range files {
			if len(b) > 4096 {
				t.Errorf("%v of %s, plane %q: %d bytes came of it", info.Shape, TypeName(&info), test.plane, len(b))
			}
		}
	}
}

// Whoever waits for a file may leave: then nothing more is made of it.
func TestExportsEndWithWhoWaits(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	volume := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "|u1", Shape: []int{4, 4, 4}}, 2).Publish(make([]byte, 64))
	table := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "|u1", Role: "table", Shape: []int{16, 4}}, 2).Publish(make([]byte, 64))
	records := pixelstest.New(shm.ArrayInfo{Name: "a", Shape: []int{64}, Fields: []shm.ArrayField{{Name: "x", Descr: "|u1"}}}, 2).Publish(make([]byte, 64))
	for name, make := range map[string]func() error{
		"npy":         func() error { _, err := ReadNPY(gone, volume, Index{Down, 1, Right}); return err },
		"npy, turned": func() error { _, err := ReadNPY(gone, volume, Index{Right, 1, Down}); return err },
		"picture":     func() error { _, err := ReadPicture(gone, volume, Look{Index: Index{1, Down, Right}}); return err },
		"profile": func() error {
			_, err := ReadProfile(gone, volume, Index{1, Down, Right}, [2]float64{}, [2]float64{3, 3})
			return err
		},
		"table":   func() error { _, err := ReadTable(gone, table, -1); return err },
		"csv":     func() error { return WriteCSV(gone, io.Discard, table) },
		"records": func() error { _, err := ReadTable(gone, records, -1); return err },
	} {
		if err := make(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := WriteCSV(t.Context(), broken{}, records); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("csv to who has left: %v", err)
	}
}

// broken is a connection whose other end has left.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// A distance in units of an axis may be beyond all numbers, and is null then.
func TestProfileOfHugeScales(t *testing.T) {
	for _, scale := range []float64{1e308, 5e-324, math.MaxFloat64, -1e300} {
		info := shm.ArrayInfo{Name: "a", Descr: "|u1", Shape: []int{3, 3}, Axes: []string{"y", "x"}, Units: []string{"m", "m"}, Scale: []float64{scale, scale}}
		p, err := ReadProfile(t.Context(), pixelstest.New(info, 2).Publish(make([]byte, 9)), Index{Down, Right}, [2]float64{}, [2]float64{2, 2})
		if err != nil {
			t.Fatal(err)
		}
		b, err := shm.AppendJSON(nil, map[string]shm.Value{"distance": p.Distance})
		if err != nil || !json.Valid(b) {
			t.Errorf("%g: %s, %v", scale, b, err)
		}
	}
}

// exportSides, exportTypes and exportPlanes are what the fuzzed arrays are made of.
var (
	exportSides  = []int{0, 1, 2, 3, 4, 5, 7, 64, 1000, 1 << 16, 1 << 20, 1 << 28, 1 << 40}
	exportTypes  = []string{"|u1", "<u2", "<i4", ">i8", "<u8", "<f2", "<f4", ">f8", "<f16", "<c8", "<c16", "|b1", "<M8[ns]", "<m8[3Y]", "<M8", "|S0", "|S3", "<U2", "|V0", "|V5", "<U0", "|i1"}
	exportPlanes = []string{"", "x", "y,x", "x,y", "0,y,x", "y,x,0", "y,x,c", "c,y,x", "y,1,x", "0,0,y,x", "0,0,0,0,0,0,y,x"}
	exportRoles  = []string{"", "table", "rgb", "labels"}
)

// Whatever an array is declared to be, its files and readings are made without a panic,
// without more memory than its bytes are worth, and are what they are said to be.
func FuzzExports(f *testing.F) {
	for _, seed := range [][]byte{
		{0, 2, 0, 0, 2, 12, 0}, {1, 1, 0, 2, 2, 5, 7}, {7, 3, 0, 1, 3, 3, 5, 4}, {0, 5, 2, 6, 3, 5, 7, 3}, {0, 2, 1, 1, 2, 6, 6, 2, 0, 1, 0, 2, 11, 0},
		{2, 1, 3, 1, 1, 8, 4, 0, 0, 6, 0, 12, 1, 2, 18, 1, 3}, {12, 2, 1, 0, 2, 5, 4}, {15, 1, 1, 0, 1, 12},
	} {
		f.Add(seed, 2.0, 1e308)
	}
	f.Fuzz(func(t *testing.T, b []byte, x, y float64) {
		next := func(n int) int {
			if len(b) == 0 {
				return 0
			}
			v := int(b[0])
			b = b[1:]
			return v % n
		}
		shape := func() []int {
			shape := make([]int, next(5))
			for i := range shape {
				shape[i] = exportSides[next(len(exportSides))]
			}
			return shape
		}
		info := shm.ArrayInfo{Name: "a", Descr: exportTypes[next(len(exportTypes))]}
		plane := exportPlanes[next(len(exportPlanes))]
		info.Role = exportRoles[next(len(exportRoles))]
		scaled := next(2) == 1
		info.Shape = shape()
		var dtype shm.Value = info.Descr
		if n := next(4); n > 0 {
			info.Descr = ""
			var list []any
			for i := range n {
				field := []any{fmt.Sprint("=f", i), exportTypes[next(len(exportTypes))], any(nil)}
				sides := shape()
				if field[2] = sidesOf(sides); len(sides) == 0 {
					field = field[:2]
				}
				list = append(list, field)
			}
			dtype = list
		}
		for range info.Shape {
			info.Axes = append(info.Axes, fmt.Sprint(len(info.Axes)))
			if scaled {
				info.Units, info.Scale = append(info.Units, "m"), append(info.Scale, x)
			}
		}
		if x <= y && !math.IsInf(y-x, 0) {
			info.Limits = &[2]float64{x, y}
		}
		parsed, err := pickle.ParseDescr(dtype)
		if err != nil || !segment.ValidShape(parsed, info.Shape) {
			return
		}
		info.Descr, info.Fields = segment.Describe(parsed)
		n := parsed.Size * Count(info.Shape)
		if n > 1<<14 {
			return // there is nobody to keep it
		}
		local, err := segment.NewLocal(segment.Spec{Name: "a", DType: dtype, Shape: info.Shape, Slots: 2})
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i * 37)
		}
		frame, err := local.Publish(data, segment.Frame{})
		if err != nil {
			t.Fatal(err)
		}
		frame.Info = &info
		var ix Index
		if plane != "" {
			if ix, err = ParseIndex(plane); err != nil {
				t.Fatal(err)
			}
		}
		var files [][]byte
		// A value takes a hundred bytes as one of a table, and a letter of JSON or CSV is one of
		// many of its cell.
		if got := allocated(func() { files, _ = everything(t.Context(), frame, ix, [2]float64{x, y}) }); got > uint64(16<<20+2000*n) {
			t.Errorf("%v of %v with %d bytes, plane %q: %d bytes were allocated", info.Shape, dtype, n, plane, got)
		}
		for _, b := range files {
			switch {
			case bytes.HasPrefix(b, []byte("{")), bytes.HasPrefix(b, []byte("[[")):
				if bytes.HasPrefix(b, []byte("{")) && !json.Valid(b) {
					t.Errorf("this is no JSON: %.200s", b)
				}
			case bytes.HasPrefix(b, []byte("'=f0")):
				if _, err := csv.NewReader(bytes.NewReader(b)).ReadAll(); err != nil {
					t.Errorf("this is no CSV: %v: %.200s", err, b)
				}
			case strings.HasPrefix(string(b), "=f0"):
				t.Errorf("a CSV begins with a formula: %.200s", b)
			}
		}
	})
}

func sidesOf(shape []int) []any {
	out := make([]any, len(shape))
	for i, n := range shape {
		out[i] = int64(n)
	}
	return out
}
