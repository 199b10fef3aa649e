package stacktest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"webmon/lacking"
	"webmon/shm/stack/plane"
)

// Sample is a stack that Python has written, and what NumPy has in its place.
type Sample struct {
	Name  string     `json:"name"`  // of the file or folder
	Shape [5]int     `json:"shape"` // times, channels, slices, rows, columns
	Dtype string     `json:"dtype"` // "uint8", "uint16", "int8" or "int16"
	Raw   string     `json:"raw"`   // the file with the pixels, in that order and little-endian
	Voxel [3]float64 `json:"voxel"` // z, y, x, micrometres; 0 for what is not known
	Names []string   `json:"names"` // of the channels
}

// Python runs the Python script with a folder as its argument, in the environment that has tifffile and zarr,
// and returns what it says on its standard output: samples as JSON, one a line. It skips the
// test where the environment is missing, and fails it under CI.
func Python(t testing.TB, script, folder string) []Sample {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Python; skipped with -short")
	}
	root, err := os.Getwd()
	for err == nil {
		if _, found := os.Stat(filepath.Join(root, "go.mod")); found == nil {
			break
		}
		if root == filepath.Dir(root) {
			t.Fatal("the test does not run inside the module")
		}
		root = filepath.Dir(root)
	}
	python := filepath.Join(root, ".venv", "napari-latest", "bin", "python")
	check := exec.Command(python, "-c", "import tifffile, imagecodecs, zarr, numcodecs")
	if out, err := check.CombinedOutput(); err != nil {
		lacking.Skip(t, "the environment .venv/napari-latest lacks something: run .ci/venvs.sh napari-latest (%v: %s)", err, out)
	}
	// Go runs a test again when a file has changed that the test itself has opened.
	if _, err := os.ReadFile(script); err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.Command(python, "-W", "ignore", script, folder)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", script, err, &stderr)
	}
	var samples []Sample
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var s Sample
		if err := d.Decode(&s); err != nil {
			t.Fatalf("%s wrote what is no sample: %v", script, err)
		}
		samples = append(samples, s)
	}
	if len(samples) == 0 {
		t.Fatalf("%s wrote no samples: %s", script, &stderr)
	}
	return samples
}

// Compare holds an image against a sample, pixel for pixel, whole planes and parts of them. raw is the
// content of the sample's file Raw.
func Compare(t testing.TB, s Sample, im plane.Image, raw []byte) {
	t.Helper()
	i := im.Info()
	if got := [5]int{i.Times, i.Channels, i.Slices, i.Rows, i.Cols}; got != s.Shape {
		t.Errorf("%s: the shape is %v, want %v", s.Name, got, s.Shape)
		return
	}
	size, base := 1, 0
	switch s.Dtype {
	case "int8":
		base = -128
	case "uint16":
		size = 2
	case "int16":
		size, base = 2, -32768
	}
	if i.Type.Size() != size || i.Base != base {
		t.Errorf("%s: pixels of type %s from %d on, want %s", s.Name, i.Type, i.Base, s.Dtype)
		return
	}
	for k, got := range []float64{i.Voxel.Z, i.Voxel.Y, i.Voxel.X} {
		if want := s.Voxel[k]; got < want*0.9999 || got > want*1.0001 {
			t.Errorf("%s: the voxel is %+v, want %v (z, y, x)", s.Name, i.Voxel, s.Voxel)
			break
		}
	}
	if strings.Join(i.Names, ",") != strings.Join(s.Names, ",") {
		t.Errorf("%s: the channels are %q, want %q", s.Name, i.Names, s.Names)
	}
	if base != 0 {
		raw = bytes.Clone(raw)
		for k := size - 1; k < len(raw); k += size {
			raw[k] ^= 0x80
		}
	}
	part := plane.Rect{Row: i.Rows / 3, Col: i.Cols / 4, Rows: i.Rows - i.Rows/3 - 1, Cols: i.Cols - i.Cols/4 - 1}
	var dst, want []byte
	n := i.Rows * i.Cols * size
	for c := range i.Times * i.Channels * i.Slices {
		time, channel, z := c/i.Slices/i.Channels, c/i.Slices%i.Channels, c%i.Slices
		for _, r := range []plane.Rect{i.Whole(), part} {
			var err error
			if dst, err = im.ReadPlane(t.Context(), time, channel, z, r, dst); err != nil {
				t.Errorf("%s: time %d, channel %d, slice %d: %v", s.Name, time, channel, z, err)
				return
			}
			want = want[:0]
			for y := range r.Rows {
				at := c*n + ((r.Row+y)*i.Cols+r.Col)*size
				want = append(want, raw[at:at+r.Cols*size]...)
			}
			if at := differ(dst, want); at >= 0 {
				t.Errorf("%s: time %d, channel %d, slice %d, %+v: pixel %d is %s, want %s", s.Name, time, channel, z, r, at/size,
					number(dst[at/size*size:], size), number(want[at/size*size:], size))
				return
			}
		}
	}
}

func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b)) - 1
	}
	return -1
}

func number(b []byte, size int) string {
	v := uint64(b[0])
	if size == 2 {
		v = uint64(binary.LittleEndian.Uint16(b))
	}
	out, _ := json.Marshal(v)
	return string(out)
}
