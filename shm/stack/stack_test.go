package stack_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"webmon/shm/stack"
	"webmon/shm/stack/plane"
	"webmon/shm/stack/stacktest"
)

// What a file is, its content says and not its name; an error names the file and not where it lies.
func TestOpenLooksAtTheContent(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	planes := stacktest.Noise(1, 3, 8, 9, 8)
	sound := stacktest.TIFF{Rows: 8, Cols: 9, Bits: 8}.Write(planes)
	im, err := stack.Open(write("picture.png", sound))
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	if got, err := im.ReadPlane(t.Context(), 0, 0, 2, im.Info().Whole(), nil); err != nil || !bytes.Equal(got, planes[2]) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := stack.ReadMax(t.Context(), im, 0, 0, 0, 2, im.Info().Whole(), nil); err != nil {
		t.Error(err)
	} else {
		want := bytes.Clone(planes[0])
		for _, p := range planes {
			plane.Max(want, p, im.Info().Type)
		}
		if !bytes.Equal(got, want) {
			t.Error("the maximum is another")
		}
	}
	for _, tt := range []struct {
		path string
		is   error // that the error wraps
		want string
	}{
		{write("a.tif", []byte("\x89PNG\r\n\x1a\n")), stack.ErrFormat, `a.tif: neither a TIFF stack nor an OME-Zarr image: it begins with "\x89PNG"`},
		{write("b.tif", nil), stack.ErrFormat, "b.tif: neither a TIFF stack nor an OME-Zarr image: it has 0 bytes"},
		{write("c.tif", []byte("II*\x00\x08\x00\x00\x00")), nil, "c.tif: page 1: its directory is at byte 8 of 8"},
		{write("d.zip", []byte("PK\x03\x04 and no zip")), nil, "d.zip: the zip cannot be read"},
		{dir, stack.ErrFormat, ": neither a TIFF"},
		{filepath.Join(dir, "nothing.tif"), fs.ErrNotExist, "nothing.tif: "},
		{os.DevNull, stack.ErrFormat, "it is no file"},
	} {
		im, err := stack.Open(tt.path)
		if err == nil || tt.is != nil && !errors.Is(err, tt.is) || tt.is == nil && errors.Is(err, stack.ErrFormat) ||
			!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, %v; want %q", tt.path, im, err, tt.want)
		}
		if im != nil {
			t.Errorf("%s: an image besides the error", tt.path)
		}
	}
}
