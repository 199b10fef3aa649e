package made

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"webmon/shm/maps"
	"webmon/shm/stack"
)

// The brightest part around a spine that lies alone is at its own pixel.
func TestSpinesAreWhereTheyAre(t *testing.T) {
	m, err := maps.Read(RR30a(), "rr30a")
	if err != nil {
		t.Fatal(err)
	}
	im, err := Images(m, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	s := m.Sessions[0]
	if i := im.Info(); i.Slices != 70 || i.Rows != 1024 || i.Cols != 1024 || i.Channels != 1 {
		t.Errorf("got %+v", i)
	}
	seen, right := 0, 0
	for row, kind := range s.Types() {
		if kind != maps.Spine {
			continue
		}
		x, y, z := s.Table.Value(row, "x")/s.DX, s.Table.Value(row, "y")/s.DY, int(s.Table.Value(row, "z"))
		const half = 3
		r := stack.Rect{Row: int(math.Round(y)) - half, Col: int(math.Round(x)) - half, Rows: 2*half + 1, Cols: 2*half + 1}
		if s.Table.Value(row, "x")+s.Table.Value(row, "y") < 2 || math.Hypot(s.Table.Value(row, "cx")-s.Table.Value(row, "x"), s.Table.Value(row, "cy")-s.Table.Value(row, "y")) < 1.5 {
			continue // too near to its dendrite
		}
		plane, err := im.ReadPlane(t.Context(), 0, 0, z, r, nil)
		if err != nil {
			t.Fatal(err)
		}
		// The middle of the light, weighed by what is above the noise.
		var sum, mx, my float64
		for i := range r.Rows * r.Cols {
			v := max(0, float64(binary.LittleEndian.Uint16(plane[2*i:]))-150)
			sum, mx, my = sum+v, mx+v*float64(i%r.Cols), my+v*float64(i/r.Cols)
		}
		seen++
		if math.Hypot(mx/sum+float64(r.Col)-x, my/sum+float64(r.Row)-y) < 1 {
			right++
		}
	}
	// A few lie beside others.
	if seen < 60 || right < seen*9/10 {
		t.Errorf("%d of %d spines are within a pixel of their place", right, seen)
	}
	if _, err := Images(m, 0, 3); err == nil {
		t.Error("there is a channel 3")
	}
	if _, err := im.ReadPlane(t.Context(), 0, 0, 70, im.Info().Whole(), nil); err == nil {
		t.Error("there is a slice 70")
	}
}

func TestPartsAreThoseOfTheWhole(t *testing.T) {
	m, err := Make(Plan{Seed: 1}).Open()
	if err != nil {
		t.Fatal(err)
	}
	im, err := Images(m, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := im.ReadPlane(t.Context(), 0, 0, 20, im.Info().Whole(), nil)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := Images(m, 1, 1)
	same, _ := again.ReadPlane(t.Context(), 0, 0, 20, im.Info().Whole(), make([]byte, 1<<21))
	if !bytes.Equal(whole, same) {
		t.Error("the same map does not give the same pixels")
	}
	r := stack.Rect{Row: 100, Col: 50, Rows: 200, Cols: 333}
	part, err := im.ReadPlane(t.Context(), 0, 0, 20, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	for y := range r.Rows {
		if !bytes.Equal(part[2*y*r.Cols:][:2*r.Cols], whole[2*((y+r.Row)*1024+r.Col):][:2*r.Cols]) {
			t.Fatalf("row %d differs", y)
		}
	}
}

func BenchmarkSlice(b *testing.B) {
	m, err := maps.Read(RR30a(), "rr30a")
	if err != nil {
		b.Fatal(err)
	}
	im, err := Images(m, 0, 2)
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	n := 0
	for b.Loop() {
		if dst, err = im.ReadPlane(b.Context(), 0, 0, 10+n%30, im.Info().Whole(), dst); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
