package plane_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"webmon/shm"
	"webmon/shm/stack/plane"
)

func noise(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func greater(a, b []byte, t shm.PixelType) []byte {
	out := bytes.Clone(a)
	if t == shm.U8 {
		for i := range out {
			out[i] = max(a[i], b[i])
		}
		return out
	}
	for i := 0; i < len(a); i += 2 {
		binary.LittleEndian.PutUint16(out[i:], max(binary.LittleEndian.Uint16(a[i:]), binary.LittleEndian.Uint16(b[i:])))
	}
	return out
}

func TestMaxOfEveryTwoPixels(t *testing.T) {
	// Every pair of bytes, once as pixels of 8 bits and once as halves of 16.
	var a, b []byte
	for i := range 256 {
		for k := range 256 {
			a, b = append(a, byte(i)), append(b, byte(k))
		}
	}
	for _, typ := range []shm.PixelType{shm.U8, shm.U16} {
		for cut := range 9 { // what is left at the end
			n := (len(a) - cut) / typ.Size() * typ.Size()
			got, want := bytes.Clone(a[:n]), greater(a[:n], b[:n], typ)
			plane.Max(got, b[:n], typ)
			if !bytes.Equal(got, want) {
				t.Fatalf("%s without the last %d bytes: the maximum is wrong", typ, cut)
			}
		}
	}
}

func FuzzMax(f *testing.F) {
	f.Add(noise(1, 40), noise(2, 40))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		n := min(len(a), len(b)) &^ 1
		for _, typ := range []shm.PixelType{shm.U8, shm.U16} {
			got, want := bytes.Clone(a[:n]), greater(a[:n], b[:n], typ)
			plane.Max(got, b[:n], typ)
			if !bytes.Equal(got, want) {
				t.Errorf("Max(%x, %x) of %s is %x, want %x", a[:n], b[:n], typ, got, want)
			}
		}
	})
}

// ramp is a stack whose pixels of slice z are all z*z modulo 7.
type ramp struct{ info plane.Info }

func (m *ramp) Info() *plane.Info { return &m.info }
func (m *ramp) Close() error      { return nil }
func (m *ramp) ReadPlane(_ context.Context, t, c, z int, r plane.Rect, dst []byte) ([]byte, error) {
	if err := m.info.Check(t, c, z, r); err != nil {
		return nil, err
	}
	dst = plane.Grow(dst, m.info.Bytes(r))
	for i := range dst {
		dst[i] = byte(z * z % 7)
	}
	return dst, nil
}

func TestReadMax(t *testing.T) {
	im := &ramp{plane.Info{Times: 1, Channels: 1, Slices: 10, Rows: 4, Cols: 4, Type: shm.U8}}
	for _, tt := range []struct{ from, to, want int }{
		{0, 0, 0}, {0, 9, 4}, {-5, 1, 1}, {5, 6, 4}, {6, 8, 1}, {7, 70, 4}, {1, 2, 4}, {9, 9, 4}, {7, 8, 1},
	} {
		got, err := plane.ReadMax(t.Context(), im, 0, 0, tt.from, tt.to, im.info.Whole(), nil)
		if err != nil || len(got) != 16 || int(got[5]) != tt.want {
			t.Errorf("maximum of %d to %d: %v, %v; want %d", tt.from, tt.to, got, err, tt.want)
		}
	}
	for _, tt := range [][2]int{{10, 12}, {3, 2}, {-3, -1}} {
		_, err := plane.ReadMax(t.Context(), im, 0, 0, tt[0], tt[1], im.info.Whole(), nil)
		if !errors.Is(err, plane.ErrRange) {
			t.Errorf("maximum of %v: %v, want ErrRange", tt, err)
		}
	}
}

func TestValidAndCheck(t *testing.T) {
	sound := plane.Info{Times: 2, Channels: 3, Slices: 4, Rows: 5, Cols: 6, Type: shm.U16}
	if err := sound.Valid(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*plane.Info){
		"no rows":            func(i *plane.Info) { i.Rows = 0 },
		"negative":           func(i *plane.Info) { i.Slices = -1 },
		"a billion slices":   func(i *plane.Info) { i.Slices = 1e9 },
		"product overflows":  func(i *plane.Info) { i.Times, i.Channels, i.Slices = 1<<20, 1<<10, 1<<20 },
		"plane overflows":    func(i *plane.Info) { i.Rows, i.Cols = 1<<62, 4 },
		"plane is too large": func(i *plane.Info) { i.Rows, i.Cols = 1<<15, 1<<15 },
		"floats":             func(i *plane.Info) { i.Type = shm.F32 },
		"channels":           func(i *plane.Info) { i.Channels = 2000 },
	} {
		i := sound
		change(&i)
		if err := i.Valid(); err == nil {
			t.Errorf("%s: valid", name)
		}
	}
	for _, tt := range []struct {
		t, c, z int
		r       plane.Rect
	}{
		{2, 0, 0, sound.Whole()}, {0, -1, 0, sound.Whole()}, {0, 0, 4, sound.Whole()},
		{0, 0, 0, plane.Rect{}}, {0, 0, 0, plane.Rect{Row: 4, Rows: 2, Cols: 1}}, {0, 0, 0, plane.Rect{Row: -1, Rows: 2, Cols: 1}},
		{0, 0, 0, plane.Rect{Col: 1 << 62, Rows: 1, Cols: 1 << 62}},
	} {
		if err := sound.Check(tt.t, tt.c, tt.z, tt.r); !errors.Is(err, plane.ErrRange) {
			t.Errorf("%+v: %v, want ErrRange", tt, err)
		}
	}
	if err := sound.Check(1, 2, 3, plane.Rect{Row: 4, Col: 5, Rows: 1, Cols: 1}); err != nil {
		t.Error(err)
	}
}

// mean is Mean, a pixel after the other.
func mean(src []byte, t shm.PixelType, rows, cols, step int) (out []byte) {
	for row := 0; row < rows; row += step {
		for col := 0; col < cols; col += step {
			sum, n := 0, 0
			for y := row; y < min(row+step, rows); y++ {
				for x := col; x < min(col+step, cols); x++ {
					if t == shm.U8 {
						sum += int(src[y*cols+x])
					} else {
						sum += int(binary.LittleEndian.Uint16(src[2*(y*cols+x):]))
					}
					n++
				}
			}
			if v := (sum + n/2) / n; t == shm.U8 {
				out = append(out, byte(v))
			} else {
				out = binary.LittleEndian.AppendUint16(out, uint16(v))
			}
		}
	}
	return out
}

func TestMeanAndLight(t *testing.T) {
	for _, typ := range []shm.PixelType{shm.U8, shm.U16} {
		for rows := 1; rows < 8; rows++ {
			for cols := 1; cols < 20; cols++ {
				for step := 1; step < 6; step++ {
					src := noise(uint64(rows*cols), rows*cols*typ.Size())
					if rows == 2 { // the greatest sums
						for i := range src {
							src[i] |= 0xfe
						}
					}
					want := mean(src, typ, rows, cols, step)
					if got := plane.Mean(nil, src, typ, rows, cols, step); !bytes.Equal(got, want) {
						t.Fatalf("%s, %d x %d, %d to one: %x, want %x", typ, rows, cols, step, got, want)
					}
					if got := plane.Mean(src, src, typ, rows, cols, step); !bytes.Equal(got, want) {
						t.Fatalf("%s, %d x %d, %d to one, in place: %x, want %x", typ, rows, cols, step, got, want)
					}
				}
			}
		}
	}
	var table [1 << 16]uint8
	table[0x201], table[0xffff] = 7, 9
	src := []byte{1, 2, 255, 255, 0, 0, 5}
	if got := plane.Light(nil, src, &table); !bytes.Equal(got, []byte{7, 9, 0}) {
		t.Errorf("by the table they are %d", got)
	}
	if got := plane.Light(src, src, &table); !bytes.Equal(got, []byte{7, 9, 0}) {
		t.Errorf("by the table, in place, they are %d", got)
	}
}

// TestReadMaxInBands reads what has more than a band, of a stack whose pixels all differ.
func TestReadMaxInBands(t *testing.T) {
	im := &field{plane.Info{Times: 1, Channels: 1, Slices: 3, Rows: 700, Cols: 500, Type: shm.U16}}
	r := plane.Rect{Row: 3, Col: 5, Rows: 690, Cols: 480}
	for _, packed := range []bool{false, true} {
		im.info.Packed = packed
		got, err := plane.ReadMax(t.Context(), im, 0, 0, 0, 2, r, nil)
		if err != nil {
			t.Fatal(err)
		}
		for row := range r.Rows {
			for col := range r.Cols {
				want := max(im.pixel(0, r.Row+row, r.Col+col), im.pixel(1, r.Row+row, r.Col+col), im.pixel(2, r.Row+row, r.Col+col))
				if v := binary.LittleEndian.Uint16(got[2*(row*r.Cols+col):]); v != want {
					t.Fatalf("packed %v: the pixel %d, %d is %d, want %d", packed, row, col, v, want)
				}
			}
		}
	}
}

// field is a stack whose pixels all differ.
type field struct{ info plane.Info }

func (f *field) Info() *plane.Info { return &f.info }
func (f *field) Close() error      { return nil }
func (f *field) pixel(z, row, col int) uint16 {
	return uint16((z*7919 + row*251 + col) * 40503 >> 3)
}

func (f *field) ReadPlane(_ context.Context, t, c, z int, r plane.Rect, dst []byte) ([]byte, error) {
	if err := f.info.Check(t, c, z, r); err != nil {
		return nil, err
	}
	dst = plane.Grow(dst, f.info.Bytes(r))
	for row := range r.Rows {
		for col := range r.Cols {
			binary.LittleEndian.PutUint16(dst[2*(row*r.Cols+col):], f.pixel(z, r.Row+row, r.Col+col))
		}
	}
	return dst, nil
}

func BenchmarkMean(b *testing.B) {
	for _, typ := range []shm.PixelType{shm.U8, shm.U16} {
		for _, step := range []int{2, 4} {
			b.Run(fmt.Sprintf("%s/%d", typ, step), func(b *testing.B) {
				x := noise(1, 1024*1024*typ.Size())
				b.SetBytes(int64(len(x)))
				var dst []byte
				for b.Loop() {
					dst = plane.Mean(dst, x, typ, 1024, 1024, step)
				}
			})
		}
	}
}

func BenchmarkMax(b *testing.B) {
	for _, typ := range []shm.PixelType{shm.U8, shm.U16} {
		b.Run(string(typ), func(b *testing.B) {
			x, y := noise(1, 512*512*typ.Size()), noise(2, 512*512*typ.Size())
			b.SetBytes(int64(len(x)))
			for b.Loop() {
				plane.Max(x, y, typ)
			}
		})
	}
}
