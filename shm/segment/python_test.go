//go:build linux

package segment_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

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
			p := naparitest.StartPackage(t, python, "")
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
				r, f, data := open(t, p, fmt.Sprintf(`out = share(%q, (4, 7), number)`, dtype), []int{4, 7})
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

			r, f, data := open(t, p, `
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
		})
	}
}

// open opens what the code has shared; the code leaves in out what share returns.
func open(t *testing.T, p *naparitest.Process, code string, shape []int) (*segment.Reader, *shm.ArrayFrame, []byte) {
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
	r, err := segment.Open(info, segment.Options{})
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
