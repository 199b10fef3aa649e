package tiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
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

// unlzw decodes TIFF's variant of LZW: the highest bit comes first, and codes become longer one
// code early. The text of a code is always in dst already, so a code is where that
// begins and how long it is, and nothing is put together backwards.
func unlzw(dst, src []byte) (int, error) {
	if len(src) >= 2 && src[0] == 0 && src[1]&1 != 0 {
		return 0, errors.New("its data are of the LZW from before TIFF 5")
	}
	var begin, length [lzwCodes]int32
	var bits uint64 // the next bits, the first one on top
	var have int    // how many there are
	n, at := 0, 0
	next, width := lzwFirst, 9
	last, lastLen := 0, 0 // the text of the code before; lastLen 0 after a clear
	for n < len(dst) {
		for have < width {
			if at+8 <= len(src) {
				take := (63 - have) >> 3
				bits |= binary.BigEndian.Uint64(src[at:]) >> have
				at += take
				have += take * 8
				// What was or-ed in beyond the bytes that were taken comes again, the same.
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
		if code < lzwClear {
			dst[n] = byte(code)
			if lastLen > 0 && next < lzwCodes {
				begin[next], length[next] = int32(last), int32(lastLen+1)
				next++
			}
			last, lastLen = n, 1
			n++
		} else if code == lzwClear {
			next, width, lastLen = lzwFirst, 9, 0
			continue
		} else if code == lzwEnd {
			return n, nil
		} else {
			if lastLen == 0 {
				return n, errCode
			}
			if next < lzwCodes {
				begin[next], length[next] = int32(last), int32(lastLen+1)
				next++
			}
			if code >= next {
				return n, errCode
			}
			from, size := int(begin[code]), int(length[code])
			if size > len(dst)-n {
				size = len(dst) - n
			}
			switch {
			case from+size > n:
				// The text that was begun last: its last byte is its first one.
				copy(dst[n:], dst[from:n])
				dst[n+size-1] = dst[n+size-1-(n-from)]
			case size <= 8 && from+8 <= n && n+8 <= len(dst):
				// More than the text may be copied: it is overwritten next.
				binary.LittleEndian.PutUint64(dst[n:], binary.LittleEndian.Uint64(dst[from:]))
			default:
				copy(dst[n:n+size], dst[from:from+size])
			}
			last, lastLen = n, size
			n += size
		}
		if next+1 >= 1<<width && width < 12 {
			width++
		}
	}
	return n, nil
}

var inflaters sync.Pool

// inflate decodes a zlib stream.
func inflate(dst, src []byte) (int, error) {
	z, _ := inflaters.Get().(io.ReadCloser)
	var err error
	if z == nil {
		z, err = zlib.NewReader(bytes.NewReader(src))
	} else {
		err = z.(zlib.Resetter).Reset(bytes.NewReader(src), nil)
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errCode, err)
	}
	defer inflaters.Put(z)
	n, err := io.ReadFull(z, dst)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("%w: %w", errCode, err)
	}
	return n, nil
}
