package tiff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"webmon/shm/stack/pack"
)

// errCode is what a decoder says of data that no encoder makes.
var errCode = errors.New("its data are damaged")

// decoder fills dst with what src holds, and returns how many bytes there were for it. What
// src holds beyond that is not looked at.
type decoder func(dst, src []byte) (int, error)

// decoders are the compressions, each with the most bytes that one byte may become.
var decoders = map[uint64]struct {
	decode decoder
	ratio  int
}{
	5:     {unlzw, 4096},
	8:     {inflate, 1040},
	32946: {inflate, 1040},
	32773: {unpack, 64},
}

// unpack decodes PackBits: runs of one byte, and bytes as they are.
func unpack(dst, src []byte) (int, error) {
	n := 0
	for n < len(dst) && len(src) > 0 {
		head := int8(src[0])
		src = src[1:]
		switch {
		case head >= 0:
			count := int(head) + 1
			if count > len(src) {
				n += copy(dst[n:], src)
				return n, nil
			}
			n += copy(dst[n:], src[:count])
			src = src[count:]
		case head != -128:
			if len(src) == 0 {
				return n, nil
			}
			run := dst[n:min(len(dst), n+1-int(head))]
			for i := range run {
				run[i] = src[0]
			}
			n += len(run)
			src = src[1:]
		}
	}
	return n, nil
}

// What the codes of LZW mean that stand for no text.
const (
	lzwClear = 256
	lzwEnd   = 257
	lzwFirst = 258 // the first code that is made on the way
	lzwCodes = 4096
)

// text is what a code stands for. All of it is in dst already, from begin on; its first eight bytes are here too, so
// that a short one, as nearly all are, is one store.
type text struct {
	head   uint64
	begin  int32
	length int32
}

var lzwTables = sync.Pool{New: func() any {
	t := new([lzwCodes]text)
	for i := range 256 {
		t[i] = text{head: uint64(i), length: 1}
	}
	return t
}}

// unlzw decodes TIFF's variant of LZW: the highest bit comes first, and codes become longer one
// code early.
func unlzw(dst, src []byte) (int, error) {
	if len(src) >= 2 && src[0] == 0 && src[1]&1 != 0 {
		return 0, errors.New("its data are of the LZW from before TIFF 5")
	}
	table := lzwTables.Get().(*[lzwCodes]text)
	defer lzwTables.Put(table) // codes from 258 on are left over, and none is looked at before it is made
	var bits uint64            // the next bits, the first one on top
	var have int               // how many there are
	n, at := 0, 0
	next, width := lzwFirst, 9
	last, lastAt := -1, 0 // the code before, -1 after a clear, and where its text is
	for n < len(dst) {
		for have < width {
			if at+8 <= len(src) {
				// What comes in beyond the bytes that are counted comes again, the same.
				bits |= binary.BigEndian.Uint64(src[at:]) >> have
				take := (63 - have) >> 3
				at += take
				have += take * 8
				break
			}
			if at == len(src) {
				return n, nil // no end code, as some writers leave it out
			}
			bits |= uint64(src[at]) << (56 - have)
			at++
			have += 8
		}
		code := int(bits >> (64 - width))
		bits <<= width
		have -= width
		switch {
		case code == lzwClear:
			next, width, last = lzwFirst, 9, -1
			continue
		case code == lzwEnd:
			return n, nil
		case last >= 0 && next < lzwCodes:
			// The text before and the first byte of this one are a new text, which may be this one.
			before := table[last]
			first := table[code].head
			if code == next {
				first = before.head
			}
			table[next] = text{before.head | first&255<<(8*uint(before.length)), int32(lastAt), before.length + 1}
			next++
		}
		if code >= next || last < 0 && code > lzwClear {
			return n, errCode
		}
		this := &table[code]
		last, lastAt = code, n
		size := int(this.length)
		if n+8 <= len(dst) {
			binary.LittleEndian.PutUint64(dst[n:], this.head)
			if size > 8 {
				copy(dst[n+8:min(n+size, len(dst))], dst[this.begin+8:])
			}
		} else {
			for i := range min(size, len(dst)-n) {
				if i < 8 {
					dst[n+i] = byte(this.head >> (8 * i))
				} else {
					dst[n+i] = dst[int(this.begin)+i]
				}
			}
		}
		n = min(n+size, len(dst))
		if next+1 >= 1<<width && width < 12 {
			width++
		}
	}
	return n, nil
}

// inflate decodes a zlib stream.
func inflate(dst, src []byte) (int, error) {
	n, err := pack.Zlib(dst, src)
	if err != nil {
		return n, fmt.Errorf("%w: %w", errCode, err)
	}
	return n, nil
}
