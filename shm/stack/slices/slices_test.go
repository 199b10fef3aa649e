package slices

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"webmon/shm/stack/plane"
)

func write(t testing.TB, name string, im image.Image) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func gray(rows, cols int, from byte) *image.Gray {
	im := image.NewGray(image.Rect(0, 0, cols, rows))
	for i := range im.Pix {
		im.Pix[i] = from + byte(i)
	}
	return im
}

func TestNumber(t *testing.T) {
	if stem, c, z, ok := Number("rr30a_tp0_ch2_s0031.png"); !ok || stem != "rr30a_tp0" || c != 2 || z != 31 {
		t.Errorf("%q, %d, %d, %v", stem, c, z, ok)
	}
	for _, name := range []string{"MAX_rr30a_tp0_ch2.png", "rr30a_tp0_ch0_s0001.png", "rr30a_s0001.png", "rr30a_tp0_ch2_s0031.tif", ""} {
		if _, _, _, ok := Number(name); ok {
			t.Errorf("%q is taken for a slice", name)
		}
	}
}

func TestSlices(t *testing.T) {
	dir := t.TempDir()
	colours := image.NewRGBA(image.Rect(0, 0, 5, 4))
	colours.Set(2, 1, color.White)
	m, err := Open(map[int]string{
		1: write(t, filepath.Join(dir, "1.png"), gray(4, 5, 10)), 3: write(t, filepath.Join(dir, "3.png"), colours), 4: write(t, filepath.Join(dir, "4.png"), gray(4, 6, 0)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if i := m.Info(); i.Slices != 5 || i.Rows != 4 || i.Cols != 5 || !i.Stretched {
		t.Errorf("%+v", i)
	}
	r := plane.Rect{Row: 1, Col: 2, Rows: 2, Cols: 2}
	for z, want := range [][]byte{{0, 0, 0, 0}, {17, 18, 22, 23}, {0, 0, 0, 0}, {255, 0, 0, 0}} {
		if got, err := m.ReadPlane(t.Context(), 0, 0, z, r, nil); err != nil || !bytes.Equal(got, want) {
			t.Errorf("slice %d is %v, %v; want %v", z, got, err, want)
		}
	}
	if _, err := m.ReadPlane(t.Context(), 0, 0, 4, r, nil); err == nil || !strings.Contains(err.Error(), "so they are no stack") {
		t.Errorf("a slice of another size: %v", err)
	}
	m.Close()
	if _, err := m.ReadPlane(t.Context(), 0, 0, 1, r, nil); err == nil {
		t.Error("a closed one is read")
	}
	if _, err := Open(nil); err == nil {
		t.Error("none are opened")
	}
	if _, err := Open(map[int]string{0: filepath.Join(dir, "none.png")}); err == nil || !strings.Contains(err.Error(), "none.png") {
		t.Errorf("one that is not there: %v", err)
	}
}

func FuzzSlice(f *testing.F) {
	var b bytes.Buffer
	if err := png.Encode(&b, gray(4, 5, 0)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "s.png")
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := Open(map[int]string{0: name})
		if err != nil || m.Info().Rows*m.Info().Cols > 1<<20 {
			return
		}
		if got, err := m.ReadPlane(t.Context(), 0, 0, 0, m.Info().Whole(), nil); err == nil && len(got) != m.Info().Rows*m.Info().Cols {
			t.Errorf("%d bytes", len(got))
		}
	})
}
