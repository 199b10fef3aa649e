// Package stacktest writes image stacks for tests, in every way in which shm/stack reads them.
package stacktest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"math/rand/v2"
	"sync"
)

// TIFF says how a file is written.
type TIFF struct {
	Rows, Cols  int
	Bits        int // 8 or 16
	Compression int // 1, 5, 8, 32946 or 32773
	Predictor   int // 2 for differences
	Big         bool
	Order       binary.ByteOrder // nil: little-endian
	TileRows    int              // with TileCols: tiles
	TileCols    int
	StripRows   int // 0: all rows are one strip
	Description string
	Software    string
	OnePage     bool // the pages lie behind each other and one has a directory
	Signed      bool
	// Tags are further entries of every directory, or other values for those that there are: of
	// the type SHORT.
	Tags map[uint16]uint16
}

// Noise returns n planes that compress a little, as pictures of a microscope do: steps of some rows with noise
// of a few bits. 16 bits are little-endian.
func Noise(seed uint64, n, rows, cols, bits int) [][]byte {
	r := rand.New(rand.NewPCG(seed, 2))
	planes := make([][]byte, n)
	for i := range planes {
		b := make([]byte, 0, rows*cols*bits/8)
		for y := range rows {
			for x := range cols {
				v := (x*y/16+y*3+i*7)&0xff + int(r.Uint32()&7)
				if bits == 8 {
					b = append(b, byte(v))
				} else {
					b = binary.LittleEndian.AppendUint16(b, uint16(v*101))
				}
			}
		}
		planes[i] = b
	}
	return planes
}

// Write writes the planes, whose pixels are little-endian.
func (w TIFF) Write(planes [][]byte) []byte {
	order := w.Order
	if order == nil {
		order = binary.LittleEndian
	}
	if w.Compression == 0 {
		w.Compression = 1
	}
	put := func(b []byte, size int, v uint64) []byte {
		switch size {
		case 2:
			return order.(binary.AppendByteOrder).AppendUint16(b, uint16(v))
		case 4:
			return order.(binary.AppendByteOrder).AppendUint32(b, uint32(v))
		}
		return order.(binary.AppendByteOrder).AppendUint64(b, v)
	}
	wide := 4 // bytes of an offset
	out := []byte("II*\x00")
	if order == binary.BigEndian {
		out = []byte("MM\x00*")
	}
	if w.Big {
		wide = 8
		out = []byte("II+\x00\x08\x00\x00\x00")
		if order == binary.BigEndian {
			out = []byte("MM\x00+\x00\x08\x00\x00")
		}
	}
	link := len(out) // where the offset of the next directory goes
	out = put(out, wide, 0)
	set := func(at int, v int) { copy(out[at:], put(nil, wide, uint64(v))) }
	for i, plane := range planes {
		if w.OnePage && i > 0 {
			break
		}
		segments := w.segments(plane, order)
		if w.OnePage {
			segments = [][]byte{bytes.Join(planes, nil)}
			if order == binary.BigEndian && w.Bits == 16 {
				swap(segments[0])
			}
		}
		var offsets, counts []uint64
		for _, s := range segments {
			offsets, counts = append(offsets, uint64(len(out))), append(counts, uint64(len(s)))
			out = append(out, s...)
		}
		if len(out)%2 == 1 {
			out = append(out, 0)
		}
		type entry struct {
			tag, typ uint16
			values   []uint64
			text     string
		}
		typ := uint16(4)
		if w.Big {
			typ = 16
		}
		entries := []entry{{256, 4, []uint64{uint64(w.Cols)}, ""}, {257, 4, []uint64{uint64(w.Rows)}, ""},
			{258, 3, []uint64{uint64(w.Bits)}, ""}, {259, 3, []uint64{uint64(w.Compression)}, ""}, {262, 3, []uint64{1}, ""}}
		if w.Description != "" && i == 0 {
			entries = append(entries, entry{270, 2, nil, w.Description + "\x00"})
		}
		if w.TileCols == 0 {
			strip := w.StripRows
			if strip == 0 {
				strip = w.Rows
			}
			entries = append(entries, entry{273, typ, offsets, ""}, entry{277, 3, []uint64{1}, ""}, entry{278, 4, []uint64{uint64(strip)}, ""}, entry{279, typ, counts, ""})
		} else {
			entries = append(entries, entry{277, 3, []uint64{1}, ""})
		}
		if w.Software != "" {
			entries = append(entries, entry{305, 2, nil, w.Software + "\x00"})
		}
		if w.Predictor != 0 {
			entries = append(entries, entry{317, 3, []uint64{uint64(w.Predictor)}, ""})
		}
		if w.TileCols != 0 {
			entries = append(entries, entry{322, 4, []uint64{uint64(w.TileCols)}, ""}, entry{323, 4, []uint64{uint64(w.TileRows)}, ""},
				entry{324, typ, offsets, ""}, entry{325, typ, counts, ""})
		}
		if w.Signed {
			entries = append(entries, entry{339, 3, []uint64{2}, ""})
		}
		for tag, v := range w.Tags {
			e := entry{tag, 3, []uint64{uint64(v)}, ""}
			known := false
			for k := range entries {
				if entries[k].tag == tag {
					entries[k], known = e, true
				}
			}
			if !known {
				entries = append(entries, e)
			}
		}
		// What does not fit into an entry stands before the directory.
		values := make([][]byte, len(entries))
		for k, e := range entries {
			b := []byte(e.text)
			size := map[uint16]int{2: 1, 3: 2, 4: 4, 16: 8}[e.typ]
			for _, v := range e.values {
				b = put(b, size, v)
			}
			if len(b) > wide {
				at := len(out)
				out = append(out, b...)
				b = put(nil, wide, uint64(at))
			}
			values[k] = append(b, make([]byte, wide-min(wide, len(b)))...)
		}
		if len(out)%2 == 1 {
			out = append(out, 0)
		}
		set(link, len(out))
		if w.Big {
			out = put(out, 8, uint64(len(entries)))
		} else {
			out = put(out, 2, uint64(len(entries)))
		}
		for k, e := range entries {
			out = put(put(out, 2, uint64(e.tag)), 2, uint64(e.typ))
			out = put(out, wide, uint64(len(e.values)+len(e.text)))
			out = append(out, values[k]...)
		}
		link = len(out)
		out = put(out, wide, 0)
	}
	return out
}

func swap(b []byte) {
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
}

// segments cuts a plane into strips or tiles and compresses them.
func (w TIFF) segments(plane []byte, order binary.ByteOrder) (out [][]byte) {
	size := w.Bits / 8
	rows, cols := w.StripRows, w.Cols
	if rows == 0 {
		rows = w.Rows
	}
	if w.TileCols != 0 {
		rows, cols = w.TileRows, w.TileCols
	}
	for y := 0; y < w.Rows; y += rows {
		for x := 0; x < w.Cols; x += cols {
			n := rows
			if w.TileCols == 0 {
				n = min(rows, w.Rows-y)
			}
			b := make([]byte, n*cols*size)
			for i := range min(n, w.Rows-y) {
				copy(b[i*cols*size:(i+1)*cols*size], plane[((y+i)*w.Cols+x)*size:((y+i)*w.Cols+min(x+cols, w.Cols))*size])
			}
			if w.Predictor == 2 {
				for i := range n {
					line := b[i*cols*size : (i+1)*cols*size]
					for k := len(line) - size; k >= size; k -= size {
						if size == 1 {
							line[k] -= line[k-1]
						} else {
							d := binary.LittleEndian.Uint16(line[k:]) - binary.LittleEndian.Uint16(line[k-2:])
							binary.LittleEndian.PutUint16(line[k:], d)
						}
					}
				}
			}
			if order == binary.BigEndian && size == 2 {
				swap(b)
			}
			out = append(out, Pack(w.Compression, b))
		}
	}
	return out
}

// deflaters are kept, since making one takes longer than a strip.
var deflaters = sync.Pool{New: func() any { return zlib.NewWriter(nil) }}

// Pack compresses bytes as TIFF does.
func Pack(compression int, b []byte) []byte {
	var out bytes.Buffer
	switch compression {
	case 5:
		return packLZW(b)
	case 8, 32946:
		z := deflaters.Get().(*zlib.Writer)
		defer deflaters.Put(z)
		z.Reset(&out)
		z.Write(b)
		z.Close()
	case 32773:
		for len(b) > 0 {
			run := 1
			for run < len(b) && run < 128 && b[run] == b[0] {
				run++
			}
			if run > 1 {
				out.Write([]byte{byte(257 - run), b[0]})
				b = b[run:]
				continue
			}
			n := 1
			for n < len(b) && n < 128 && (n+1 == len(b) || b[n] != b[n+1]) {
				n++
			}
			out.WriteByte(byte(n - 1))
			out.Write(b[:n])
			b = b[n:]
		}
	default:
		return b
	}
	return out.Bytes()
}

// packLZW compresses as TIFF's LZW, whose codes become longer one code earlier than those of the package
// compress/lzw.
func packLZW(b []byte) (out []byte) {
	var bits uint64
	have, width := 0, 9
	emit := func(code int) {
		bits = bits<<width | uint64(code)
		for have += width; have >= 8; have -= 8 {
			out = append(out, byte(bits>>(have-8)))
		}
	}
	codes := map[uint32]int{}
	emit(256)
	next, at := 258, -1
	for _, c := range b {
		if at < 0 {
			at = int(c)
			continue
		}
		if code, ok := codes[uint32(at)<<8|uint32(c)]; ok {
			at = code
			continue
		}
		emit(at)
		codes[uint32(at)<<8|uint32(c)] = next
		at = int(c)
		if next++; next == 4094 {
			emit(256)
			clear(codes)
			next, width = 258, 9
		} else if next == 1<<width {
			width++
		}
	}
	if at >= 0 {
		emit(at)
		if next++; next == 1<<width {
			width++
		}
	}
	emit(257)
	if have > 0 {
		out = append(out, byte(bits<<(8-have)))
	}
	return out
}
