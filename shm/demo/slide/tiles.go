package slide

import (
	"container/list"
	"slices"
	"unsafe"
)

// maxTiles bounds the bytes of tiles that are kept. They are dropped when nobody has looked for a
// while.
const maxTiles = 40 << 20

// window is a part of a level of a picture: its rows and columns in pixels, and its plane.
type window struct {
	level, z               int
	row0, col0, row1, col1 int
}

func (w window) rows() int   { return w.row1 - w.row0 }
func (w window) cols() int   { return w.col1 - w.col0 }
func (w window) empty() bool { return w.row1 <= w.row0 || w.col1 <= w.col0 }

// whole is all of a level.
func whole(level, z int) window {
	rows, cols := LevelShape(level)
	return window{level: level, z: z, row1: rows, col1: cols}
}

// pixels is a window of a picture with its pixels, in one of the three, by rows.
type pixels struct {
	window
	plane plane
	u8    []uint8
	u16   []uint16
	u32   []uint32
}

// bytes are the pixels as an array has them. They are no copy.
func (p *pixels) bytes() []byte {
	switch p.plane {
	case membranes:
		return p.u8
	case nuclei:
		return asBytes(p.u16)
	}
	return asBytes(p.u32)
}

func asBytes[T uint8 | uint16 | uint32 | rgba](list []T) []byte {
	var one T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), len(list)*int(unsafe.Sizeof(one)))
}

// value is the value at a place of level 0; ok is false outside.
func (p *pixels) value(row, col float64) (v int64, ok bool) {
	r, c := int(row)>>p.level-p.row0, int(col)>>p.level-p.col0
	if row < 0 || col < 0 || r < 0 || c < 0 || r >= p.rows() || c >= p.cols() {
		return 0, false
	}
	i := r*p.cols() + c
	switch p.plane {
	case membranes:
		return int64(p.u8[i]), true
	case nuclei:
		return int64(p.u16[i]), true
	}
	return int64(p.u32[i]), true
}

// ends are the least and the greatest value of an image.
func (p *pixels) ends() [2]int64 {
	if p.plane == membranes {
		return [2]int64{int64(slices.Min(p.u8)), int64(slices.Max(p.u8))}
	}
	return [2]int64{int64(slices.Min(p.u16)), int64(slices.Max(p.u16))}
}

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

type tileKey struct {
	plane    plane
	level, z int8
	row, col int16
}

type tile struct {
	key tileKey
	u8  []uint8
	u16 []uint16
	u32 []uint32
}

// tiles computes tiles and keeps those used last. It belongs to one goroutine.
type tiles struct {
	scratch scratch
	of      map[tileKey]*list.Element // of lru
	lru     list.List                 // of *tile, the latest used in front
	bytes   int
	made    int // computed so far
}

func (t *tiles) get(key tileKey) *tile {
	if e, ok := t.of[key]; ok {
		t.lru.MoveToFront(e)
		return e.Value.(*tile)
	}
	if t.of == nil {
		t.of = map[tileKey]*list.Element{}
	}
	size := Tile * Tile * key.plane.bytes()
	var one *tile
	for t.bytes+size > maxTiles {
		last := t.lru.Remove(t.lru.Back()).(*tile)
		delete(t.of, last.key)
		t.bytes -= Tile * Tile * last.key.plane.bytes()
		if last.key.plane == key.plane {
			one = last // its memory is used again
		}
	}
	if one == nil {
		one = &tile{}
	}
	one.key = key
	f := newField(&t.scratch, int(key.level), int(key.row), int(key.col))
	switch key.plane {
	case nuclei:
		one.u16 = resized(one.u16, Tile*Tile)
		f.nuclei(int(key.z), one.u16)
	case membranes:
		one.u8 = resized(one.u8, Tile*Tile)
		f.membranes(int(key.z), one.u8)
	default:
		one.u32 = resized(one.u32, Tile*Tile)
		f.segment(int(key.z), one.u32)
	}
	t.made++
	t.bytes += size
	t.of[key] = t.lru.PushFront(one)
	return one
}

// read makes p the window w of a picture.
func (t *tiles) read(p *pixels, of plane, w window) {
	p.window, p.plane = w, of
	n := w.rows() * w.cols()
	switch of {
	case nuclei:
		p.u16 = resized(p.u16, n)
	case membranes:
		p.u8 = resized(p.u8, n)
	default:
		p.u32 = resized(p.u32, n)
	}
	for row := w.row0 / Tile; row*Tile < w.row1; row++ {
		for col := w.col0 / Tile; col*Tile < w.col1; col++ {
			one := t.get(tileKey{of, int8(w.level), int8(w.z), int16(row), int16(col)})
			from, to := max(w.col0, col*Tile), min(w.col1, (col+1)*Tile)
			for r := max(w.row0, row*Tile); r < min(w.row1, (row+1)*Tile); r++ {
				src, dst := (r-row*Tile)*Tile+from-col*Tile, (r-w.row0)*w.cols()+from-w.col0
				switch of {
				case nuclei:
					copy(p.u16[dst:dst+to-from], one.u16[src:])
				case membranes:
					copy(p.u8[dst:dst+to-from], one.u8[src:])
				default:
					copy(p.u32[dst:dst+to-from], one.u32[src:])
				}
			}
		}
	}
}
