package stack_test

import (
	"os"
	"path/filepath"
	"testing"

	"webmon/shm/stack"
	"webmon/shm/stack/stacktest"
)

// readsAll opens all that a script has written, and holds it against what NumPy had.
func readsAll(t *testing.T, script string) {
	t.Helper()
	folder := t.TempDir()
	raws := map[string][]byte{}
	for _, s := range stacktest.Python(t, filepath.Join("testdata", script), folder) {
		raw, ok := raws[s.Raw]
		if !ok {
			var err error
			if raw, err = os.ReadFile(filepath.Join(folder, s.Raw)); err != nil {
				t.Fatal(err)
			}
			raws[s.Raw] = raw
		}
		im, err := stack.Open(filepath.Join(folder, s.Name))
		if err != nil {
			t.Error(err)
			continue
		}
		stacktest.Compare(t, s, im, raw)
		if err := im.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What tifffile and libtiff write is what comes out, pixel for pixel.
func TestTIFFOfPython(t *testing.T) {
	t.Parallel()
	readsAll(t, "write_tiff.py")
}

// What zarr-python writes is what comes out, pixel for pixel.
func TestZarrOfPython(t *testing.T) {
	t.Parallel()
	readsAll(t, "write_zarr.py")
}
