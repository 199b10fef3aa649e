//go:build linux

package segment_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/pickle"
	"webmon/shm/process/naparitest"
	"webmon/shm/segment"
)

var pythons = []string{"numpy1", "numpy2"}

// What NumPy of either age writes into a ring by the package is what comes out,
// for every dtype of numbers and for records.
func TestPythonWriter(t *testing.T) {
	for _, python := range pythons {
		t.Run(python, func(t *testing.T) {
			t.Parallel()
			pythonWriter(t, naparitest.StartPackage(t, python, ""), segment.Options{})
		})
		t.Run(python+" on disk", func(t *testing.T) {
			t.Parallel()
			p := naparitest.StartPackage(t, python, "")
			dir := filepath.Join(t.TempDir(), "segments")
			p.Run(fmt.Sprintf("from webmon import _memory, _segment; _segment.STORE = _memory.Files(%q, disk=True)", dir), nil)
			pythonWriter(t, p, segment.OnDisk(dir))
		})
	}
}

func pythonWriter(t *testing.T, p *naparitest.Process, o segment.Options) {
	p.Run(`
from webmon._segment import Segment, describe, description
def share(dtype, shape, make):
    dtype = np.dtype(dtype)
    frame = make(dtype)
    about = {"dtype": describe(dtype), "shape": list(shape), "axes": list("zyx")[-len(shape):], "units": None}
    s = Segment(shape, dtype, 3, description(about, "test"))
    s.commit()
    s.beat(1, 1)
    s.write(frame, 1_500_000_000, (1.0, 2.0), (4.0, 8.0), 2)
    kept.append(s)
    return {"shm": s.name, "generation": "%016x" % s.generation, "dtype": describe(dtype), "hex": frame.tobytes().hex()}
kept = []
def number(dtype):
    a = np.arange(-12, 12).reshape(4, 6)
    if dtype.kind in "bu":
        a = abs(a)
    if dtype.kind == "c":
        a = a * (0.6 + 0.8j)
    if dtype.kind in "Mm":
        return a.astype("i8").view(dtype) if dtype.isnative else a.astype("i8").byteswap().view(dtype)
    return a.astype(dtype)
`, nil)
	dtypes := []string{"?", "u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4", "<u8", ">u8", "<i8", ">i8",
		"<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<c8", ">c8", "<c16", ">c16", "g", "G", "<M8[s]", ">M8[s]", "<m8[s]"}
	for _, dtype := range dtypes {
		r, f, data := open(t, p, o, fmt.Sprintf(`out = share(%q, (4, 7), number)`, dtype), []int{4, 7})
		if f.Seq != 1 || f.Stamp != 1.5 || f.Offset != [2]float64{1, 2} || f.Step != [2]float64{4, 8} || f.Level != 2 || !slices.Equal(f.Shape, []int{4, 6}) {
			t.Errorf("%s: %+v", dtype, f)
		}
		if b, err := r.ReadAll(f, nil); err != nil || !bytes.Equal(b, data) {
			t.Errorf("%s: %x, %v; Python wrote %x", dtype, b, err, data)
		}
		px, err := r.ReadPlane(f, shm.Selection{Y: 0, X: 1, C: -1, Rows: 4, Cols: 6, Step: 1}, nil)
		if err != nil {
			t.Errorf("%s: %v", dtype, err)
			continue
		}
		for i, got := range segment.Samples(px) {
			want := float64(i - 12)
			switch {
			case dtype == "?":
				want = 1
				if i == 12 {
					want = 0
				}
			case strings.ContainsAny(dtype, "ucG"):
				want = math.Abs(want)
			}
			if math.Abs(got-want) > 1e-5 {
				t.Errorf("%s: %v at %d, want %v", dtype, got, i, want)
			}
		}
	}

	r, f, data := open(t, p, o, `
def records(dtype):
    a = np.zeros(2, dtype)
    a["t"] = [0.5, 1.5]
    a["n"] = [[1, 2], [3, 4]]
    a["name"] = ["Zürich", "b"]
    a["raw"] = [b"x", b"yz"]
    a["when"] = ["2020-01-01T00:00:01", "NaT"]
    a["pos.y"] = [7, 8]
    return a
from webmon._segment import check_dtype
out = share(check_dtype([("t", "<f8"), ("n", ">i2", (2,)), ("name", "U8"), ("raw", "S4"), ("when", "M8[ms]"), ("pos", [("y", "u1"), ("x", "f4")])]), (5,), records)
`, []int{5})
	if b, err := r.ReadAll(f, nil); err != nil || !bytes.Equal(b, data) {
		t.Errorf("records: %x, %v; Python wrote %x", b, err, data)
	}
	got, err := r.ReadRecords(f, 0, 5)
	want := `[[0.5 [1 2] Zürich x 2020-01-01T00:00:01.000 7 0] [1.5 [3 4] b yz <nil> 8 0]]`
	if err != nil || fmt.Sprint(got) != want {
		t.Errorf("records %v, %v; want %s", got, err, want)
	}
	p.Run("for s in kept: s.close()", nil)
}

// What the writer in Go puts into a ring is what a Python finds there that reads shm/PROTOCOL.md
// and none of webmon's code.
func TestPythonReader(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "segments")
	for folder, o := range map[string]segment.Options{segment.Dir: {}, dir: segment.OnDisk(dir)} {
		p := naparitest.StartPackage(t, "numpy2", "")
		w, err := segment.Create(segment.Spec{Name: "go", DType: "<u2", Shape: []int{4, 6}, Axes: []string{"y", "x"}, Units: []string{"um", "um"}}.At(o))
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		numbers := make([]uint16, 24)
		for n := range 5 {
			for i := range numbers {
				numbers[i] = uint16(100*n + i)
			}
			if err := w.Publish(segment.Bytes(numbers), segment.Frame{Offset: [2]float64{1, 2}, Step: [2]float64{4, 8}, Level: 2, User: 9, Stamp: time.Unix(1, 5e8)}); err != nil {
				t.Fatal(err)
			}
		}
		root, err := filepath.Abs("../python/tests")
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Frame          [][]int
			Seq, Published int
			Closed         bool
			Offset, Step   []float64
			Level          int
			Time           float64
		}
		p.Run(fmt.Sprintf(`
import sys
sys.path.insert(0, %q)
import watching
watching.FOLDER = %q
ring = watching.Ring({"shm": %q, "generation": %q, "dtype": "<u2", "shape": [4, 6], "axes": ["y", "x"], "units": ["um", "um"]})
frame, about = ring.read()
out = {"frame": frame.tolist(), "seq": ring.latest, "published": ring.published, "closed": ring.closed, **{key: about[key] for key in ("offset", "step", "level", "time")}}
`, root, folder, w.Info().Shm, w.Info().Generation), &got)
		if got.Seq != 5 || got.Published != 5 || got.Closed || len(got.Frame) != 4 || got.Frame[0][0] != 400 || got.Frame[3][5] != 423 ||
			!slices.Equal(got.Offset, []float64{1, 2}) || !slices.Equal(got.Step, []float64{4, 8}) || got.Level != 2 || got.Time != 1.5 {
			t.Errorf("%s: %+v", folder, got)
		}
	}
}

// open opens what the code has shared; the code leaves in out what share returns.
func open(t *testing.T, p *naparitest.Process, o segment.Options, code string, shape []int) (*segment.Reader, *shm.ArrayFrame, []byte) {
	t.Helper()
	var said struct {
		Shm, Generation, Hex string
		DType                any
	}
	p.Run(code, &said)
	dtype, err := pickle.ParseDescr(said.DType)
	if err != nil {
		t.Fatal(err)
	}
	info := shm.ArrayInfo{Name: "a", Shm: said.Shm, Generation: said.Generation, Shape: shape}
	info.Descr, info.Fields = segment.Describe(dtype)
	r, err := segment.Open(info, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	f, err := r.Frame()
	if err != nil || f == nil {
		t.Fatalf("frame %v, %v", f, err)
	}
	data, err := hex.DecodeString(said.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return r, f, data
}
