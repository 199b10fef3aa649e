package pixels

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"webmon/dashboard/pixels/pixelstest"
	"webmon/dashboard/refusal"
	"webmon/lacking"
	"webmon/shm"
)

// numpy returns a Python that has NumPy.
func numpy(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Python; skipped with -short")
	}
	python := filepath.Join("..", "..", ".venv", "numpy2", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		lacking.Skip(t, "the environment .venv/numpy2 is not there: run .ci/venvs.sh numpy2")
	}
	return python
}

// opaque hands out bytes and reads nothing else.
type opaque struct {
	shm.ArrayReader
	data []byte
}

func (o opaque) ReadAll(*shm.ArrayFrame, []byte) ([]byte, error) { return o.data, nil }

func (o opaque) ReadBox(f *shm.ArrayFrame, from, to []int, dst []byte) ([]byte, error) {
	n := Count(f.Shape)
	size := len(o.data) / max(n, 1)
	for item := range n {
		inside, rest := true, item
		for axis := len(f.Shape) - 1; axis >= 0; axis-- {
			at := rest % f.Shape[axis]
			rest /= f.Shape[axis]
			inside = inside && from[axis] <= at && at < to[axis]
		}
		if inside {
			dst = append(dst, o.data[item*size:(item+1)*size]...)
		}
	}
	return dst, nil
}

// NumPy reads back what was written, of every kind of dtype and shape.
func TestNumPyReadsTheFiles(t *testing.T) {
	python := numpy(t)
	bytesOf := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i * 7 % 251)
		}
		return b
	}
	type file struct {
		info  shm.ArrayInfo
		plane string
		dtype string // as NumPy should have it
		shape []int
		take  string // what NumPy makes of the whole for the plane
	}
	long := strings.Repeat("a long name of a field ", 8)
	var fields []shm.ArrayField
	var fieldsText []string
	for i := range 400 {
		name := fmt.Sprint(long, i)
		fields = append(fields, shm.ArrayField{Name: name, Descr: "|u1"})
		fieldsText = append(fieldsText, fmt.Sprintf("(%q, '|u1')", name))
	}
	files := []file{
		{info: shm.ArrayInfo{Descr: "<u2", Shape: []int{4, 5}}, dtype: "'<u2'"},
		{info: shm.ArrayInfo{Descr: ">f4", Shape: []int{7}}, dtype: "'>f4'"},
		{info: shm.ArrayInfo{Descr: "|b1", Shape: []int{2, 0, 3}}, dtype: "'|b1'"},
		{info: shm.ArrayInfo{Descr: "<c16", Shape: []int{}}, dtype: "'<c16'"},
		{info: shm.ArrayInfo{Descr: "<M8[ns]", Shape: []int{3}}, dtype: "'<M8[ns]'"},
		{info: shm.ArrayInfo{Descr: "<U3", Shape: []int{2}}, dtype: "'<U3'"},
		{info: shm.ArrayInfo{Descr: "<i4", Shape: []int{2, 3, 4, 5}}, plane: "1,y,2,x", shape: []int{3, 5}, dtype: "'<i4'", take: "a[1, :, 2, :]"},
		{info: shm.ArrayInfo{Descr: "<f8", Shape: []int{2, 3, 4}}, plane: "x,1,y", shape: []int{2, 4}, dtype: "'<f8'", take: "a[:, 1, :]"},
		{info: shm.ArrayInfo{Descr: "|u1", Shape: []int{3, 4, 5, 3}}, plane: "2,y,x,c", shape: []int{4, 5, 3}, dtype: "'|u1'", take: "a[2]"},
		{info: shm.ArrayInfo{Descr: "<u2", Shape: []int{6, 5}}, plane: "y,x", dtype: "'<u2'", take: "a"},
		{info: shm.ArrayInfo{Shape: []int{3}, Fields: []shm.ArrayField{
			{Name: "t", Descr: "<f8"}, {Name: "µ 'x' \\", Descr: ">i2"}, {Name: "m", Descr: "<f4", Shape: []int{2, 2}}, {Name: "n", Descr: "|S5", Shape: []int{3}},
		}}, dtype: `[('t','<f8'),("µ 'x' \\",'>i2'),('m','<f4',(2,2)),('n','|S5',(3,))]`},
		{info: shm.ArrayInfo{Shape: []int{2}, Fields: fields}, dtype: "[" + strings.Join(fieldsText, ",") + "]"},
	}
	dir := t.TempDir()
	type job struct {
		File, Whole, DType, Take string
		Shape                    []int
	}
	var jobs []job
	for i, f := range files {
		f.info.Name = "a"
		item, ok := ItemBytes(&f.info)
		if !ok {
			t.Fatalf("%s: the size of an item is not known", f.dtype)
		}
		data := bytesOf(item * Count(f.info.Shape))
		if f.info.Descr == "<U3" {
			clear(data) // not every number is a letter
		}
		frame := &shm.ArrayFrame{Info: &f.info, Seq: 1, Shape: f.info.Shape, Reader: opaque{data: data}}
		var plane Index
		if f.plane != "" {
			var err error
			if plane, err = ParseIndex(f.plane); err != nil {
				t.Fatal(err)
			}
		} else {
			f.take = "a"
		}
		if f.shape == nil {
			f.shape = f.info.Shape
		}
		npy, err := ReadNPY(t.Context(), frame, plane)
		if err != nil {
			t.Fatalf("%s %s: %v", f.dtype, f.plane, err)
		}
		if len(npy.Header)%64 != 0 {
			t.Errorf("%s: the data begin at byte %d, which is no multiple of 64", f.dtype, len(npy.Header))
		}
		j := job{filepath.Join(dir, fmt.Sprint(i, ".npy")), filepath.Join(dir, fmt.Sprint(i, ".raw")), f.dtype, f.take, f.info.Shape}
		if err := errors.Join(
			os.WriteFile(j.File, append(npy.Header, npy.Data...), 0o600),
			os.WriteFile(j.Whole, data, 0o600),
		); err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, j)
		if f.info.Descr == "<u2" && npy.Header[6] != 1 {
			t.Errorf("a plain array is written in version %d, want 1", npy.Header[6])
		}
	}
	in, _ := json.Marshal(jobs)
	cmd := exec.Command(python, "-W", "error::SyntaxWarning", "-c", `
import ast, json, sys
import numpy as np
for job in json.load(sys.stdin):
    dtype = np.dtype(ast.literal_eval(job["DType"]))
    a = np.frombuffer(open(job["Whole"], "rb").read(), dtype).reshape(job["Shape"])
    want = eval(job["Take"])
    got = np.load(job["File"], max_header_size=1 << 20)
    assert got.dtype == dtype, (got.dtype, dtype)
    assert got.shape == want.shape, (job["Take"], got.shape, want.shape)
    assert got.tobytes() == want.tobytes(), (job["Take"], got, want)
print("as it was")
`)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "as it was") {
		t.Fatalf("NumPy: %v\n%s", err, out)
	}
}

func TestNPYSaysWhatItCannotDo(t *testing.T) {
	read := func(info shm.ArrayInfo, data []byte, plane string) error {
		var ix Index
		if plane != "" {
			ix, _ = ParseIndex(plane)
		}
		_, err := ReadNPY(t.Context(), &shm.ArrayFrame{Info: &info, Seq: 1, Shape: info.Shape, Reader: opaque{data: data}}, ix)
		return err
	}
	var field *refusal.Error
	if err := read(shm.ArrayInfo{Name: "a", Descr: "<f8", Shape: []int{1 << 15, 1 << 15}}, nil, ""); !errors.Is(err, ErrTooLarge) {
		t.Errorf("8 GiB: %v", err)
	}
	if err := read(shm.ArrayInfo{Descr: "<u2", Shape: []int{2, 3, 3}}, make([]byte, 36), "2,y,x"); !errors.As(err, &field) || field.Field != "plane" {
		t.Errorf("a plane beyond the end: %v", err)
	}
	if err := read(shm.ArrayInfo{Descr: "<u2", Shape: []int{3, 3}}, make([]byte, 18), "0,y,x"); !errors.As(err, &field) || field.Field != "plane" {
		t.Errorf("a plane of another array: %v", err)
	}
	gaps := shm.ArrayInfo{Shape: []int{2}, Fields: []shm.ArrayField{{Name: "a", Descr: "|u1"}}}
	if err := read(gaps, make([]byte, 16), ""); !errors.As(err, &field) || !strings.Contains(err.Error(), "gaps") {
		t.Errorf("records with gaps: %v", err)
	}
}

func TestReadElementIsExact(t *testing.T) {
	u64 := func(values ...uint64) (b []byte) {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		return b
	}
	for _, test := range []struct {
		descr string
		shape []int
		data  []byte
		at    Index
		want  shm.Value
	}{
		{"<u2", []int{2, 2}, []byte{1, 0, 2, 0, 3, 0, 0xff, 0xff}, Index{1, 1}, int64(65535)},
		{"|u1", []int{3}, []byte{1, 2, 3}, Index{2}, int64(3)},
		{"|b1", []int{3}, []byte{0, 1, 0}, Index{1}, true},
		{"<u8", []int{2}, u64(1, 1<<64-1), Index{1}, new(big.Int).SetUint64(1<<64 - 1)},
		{"<i8", []int{2}, u64(1, 1<<53+1), Index{1}, int64(1<<53 + 1)},
		{"<f8", []int{1, 2}, u64(0, 0x3fb999999999999a), Index{0, 1}, 0.1},
		{"<i4", []int{1, 1, 2}, []byte{0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff}, Index{0, 0, 1}, int64(-2)},
	} {
		a := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: test.descr, Shape: test.shape}, 2)
		got, err := ReadElement(a.Publish(test.data), test.at)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s at %v is %v, %v, want %v", test.descr, test.at, got, err, test.want)
		}
	}
	// What the reader for tests does not know comes from the bytes alone.
	for descr, test := range map[string]struct {
		data []byte
		want string
	}{
		">u4": {[]byte{0, 0, 1, 0}, "256"}, ">i2": {[]byte{0xff, 0xfe}, "-2"}, "<f2": {[]byte{0, 0xc0}, "-2"},
		"<c8": {[]byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}, "[1,2]"}, ">f4": {[]byte{0x7f, 0xc0, 0, 0}, "null"},
		">u8":    {[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "18446744073709551615"},
		"<M8[D]": {[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, `"1969-12-31"`}, ">M8[25s]": {[]byte{0, 0, 0, 0, 0, 0, 0, 1}, `"1970-01-01T00:00:25"`},
		"<m8[ms]": {[]byte{1, 0, 0, 0, 0, 0, 0, 0}, "0.001"}, "<M8[ns]": {[]byte{0, 0, 0, 0, 0, 0, 0, 0x80}, "null"}, "<M8": {[]byte{7, 0, 0, 0, 0, 0, 0, 0}, "7"},
	} {
		d, ok := ParseDType(descr)
		b, err := shm.AppendJSON(nil, d.value(test.data))
		if !ok || err != nil || string(b) != test.want {
			t.Errorf("%s is %s, %v, want %s", descr, b, err, test.want)
		}
	}
	a := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "<u2", Shape: []int{2, 2}}, 2)
	frame := a.Publish(make([]byte, 8))
	for _, at := range []Index{{}, {0}, {0, 0, 0}, {2, 0}, {0, 2}, {Down, 0}, {Down, Right}} {
		var field *refusal.Error
		if v, err := ReadElement(frame, at); !errors.As(err, &field) || field.Field != "index" {
			t.Errorf("at %v: %v, %v", at, v, err)
		}
	}
	one := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "<f8", Shape: []int{}}, 2)
	if v, err := ReadElement(one.Publish(u64(0x4008000000000000)), Index{}); err != nil || v != 3.0 {
		t.Errorf("a single value is %v, %v, want 3", v, err)
	}
}

func TestHalf(t *testing.T) {
	for bits, want := range map[uint16]float64{0: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0001: 0x1p-24, 0x0400: 0x1p-14, 0x3555: 0.333251953125} {
		if got := half(bits); got != want {
			t.Errorf("%#04x is %v, want %v", bits, got, want)
		}
	}
}

func TestTypeNames(t *testing.T) {
	for descr, want := range map[string]string{
		"<u2": "uint16", ">u2": "uint16, big-endian", "|b1": "bool", "<f8": "float64", "<c16": "complex128", "|u1": "uint8", ">u1": "uint8",
		"<M8[ns]": "datetime64", "|S7": "bytes of 7", "<U3": "text of 3", "|O": "|O",
	} {
		if got := TypeName(&shm.ArrayInfo{Descr: descr}); got != want {
			t.Errorf("%s is called %q, want %q", descr, got, want)
		}
	}
	fit := func(descr string, shape ...int) bool { return Unfit(&shm.ArrayInfo{Descr: descr, Shape: shape}) == "" }
	for _, descr := range []string{"<u2", ">f8", "|b1", "<c8", "<f2", "<M8[s]", "<f16"} {
		if !fit(descr, 3, 3) {
			t.Errorf("%s has no picture", descr)
		}
	}
	for _, descr := range []string{"|S3", "<U4", "|O", "|V8", "", "u2", "<u"} {
		if fit(descr, 3, 3) {
			t.Errorf("%q has a picture", descr)
		}
	}
	if fit("<u2") {
		t.Error("a single value has a picture")
	}
	if !slices.Equal(Colormaps(), slices.Compact(Colormaps())) || len(Colormaps()) < 20 {
		t.Errorf("colormaps %v", Colormaps())
	}
}
