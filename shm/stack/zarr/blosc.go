package zarr

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pierrec/lz4/v4"

	"webmon/shm/stack/pack"
)

// errDamaged is what a decoder says of data that no encoder makes.
var errDamaged = errors.New("its data are damaged")

// What the header of Blosc's container says.
const (
	bloscHeader     = 16
	bloscShuffle    = 1 << 0
	bloscCopied     = 1 << 1
	bloscBitShuffle = 1 << 2
	bloscOneStream  = 1 << 4
	bloscSplits     = 16  // no more streams than that in a block
	bloscLeast      = 128 // and none with fewer values
	mostBlock       = 64 << 20
)

var bloscNames = []string{"BloscLZ", "LZ4", "Snappy", "zlib", "Zstandard"}

// unblosc decodes Blosc's container, version 2 of the format that c-blosc 1 writes: blocks, each of one stream or of a stream for each
// byte of a value, with the bytes or bits of the values put together. It fills at least dst[from:to] of what
// has len(dst) bytes.
func unblosc(dst, src []byte, from, to int) error {
	if len(src) < bloscHeader {
		return fmt.Errorf("%w: %d bytes are no Blosc", errDamaged, len(src))
	}
	version, flags, size := src[0], src[2], int(src[3])
	bytes, block, packed := int64(binary.LittleEndian.Uint32(src[4:])), int64(binary.LittleEndian.Uint32(src[8:])), int64(binary.LittleEndian.Uint32(src[12:]))
	switch {
	case version != 1 && version != 2:
		return fmt.Errorf("it is Blosc of version %d; webmon reads version 2", version)
	case bytes != int64(len(dst)):
		return fmt.Errorf("%w: Blosc has %d bytes in it, and a chunk has %d", errDamaged, bytes, len(dst))
	case packed > int64(len(src)) || packed < bloscHeader:
		return fmt.Errorf("%w: Blosc says that it has %d bytes of %d", errDamaged, packed, len(src))
	}
	src = src[:packed]
	if flags&bloscCopied != 0 {
		if int64(len(src)) < bloscHeader+bytes {
			return fmt.Errorf("%w: it ends too soon", errDamaged)
		}
		copy(dst[from:to], src[bloscHeader+from:])
		return nil
	}
	if bytes == 0 {
		return nil
	}
	codec := int(flags >> 5)
	if block < 1 || size < 1 || block > mostBlock {
		return fmt.Errorf("%w: blocks of %d bytes and values of %d", errDamaged, block, size)
	}
	block = min(block, bytes)
	blocks := (bytes + block - 1) / block
	if int64(len(src)) < bloscHeader+4*blocks {
		return fmt.Errorf("%w: it ends too soon", errDamaged)
	}
	shuffled := flags&bloscShuffle != 0 && size > 1 || flags&bloscBitShuffle != 0
	var buffer *[]byte
	if shuffled {
		buffer = pack.Take(int(block))
		defer pack.GiveBack(buffer)
	}
	for i := int64(from) / block; i < blocks && i*block < int64(to); i++ {
		out := dst[i*block : min((i+1)*block, bytes)]
		start := int64(int32(binary.LittleEndian.Uint32(src[bloscHeader+4*i:])))
		if start < bloscHeader || start > int64(len(src)) {
			return fmt.Errorf("%w: a block begins at %d of %d", errDamaged, start, len(src))
		}
		streams := 1
		if flags&bloscOneStream == 0 && size <= bloscSplits && block/int64(size) >= bloscLeast && int64(len(out)) == block {
			streams = size
		}
		plain := out
		if shuffled {
			plain = (*buffer)[:len(out)]
		}
		if err := bloscBlock(plain, src[start:], streams, codec); err != nil {
			return err
		}
		switch {
		case !shuffled:
		case flags&bloscBitShuffle != 0:
			unbits(out, plain, size)
		default:
			unshuffle(out, plain, size)
		}
	}
	return nil
}

// bloscBlock decodes the streams of a block.
func bloscBlock(dst, src []byte, streams, codec int) error {
	each := len(dst) / streams
	for i := range streams {
		part := dst[i*each : (i+1)*each]
		if len(src) < 4 {
			return fmt.Errorf("%w: it ends too soon", errDamaged)
		}
		n := int64(int32(binary.LittleEndian.Uint32(src)))
		src = src[4:]
		if n < 0 || n > int64(len(src)) {
			return fmt.Errorf("%w: a stream has %d bytes of %d", errDamaged, n, len(src))
		}
		data := src[:n]
		src = src[n:]
		if len(data) == each {
			copy(part, data)
			continue
		}
		var got int
		var err error
		switch codec {
		case 0:
			got, err = unblosclz(part, data)
		case 1:
			got, err = lz4.UncompressBlock(data, part)
		case 3:
			got, err = pack.Zlib(part, data)
		case 4:
			got, err = unzstd(part, data)
		default:
			name := fmt.Sprintf("number %d", codec)
			if codec < len(bloscNames) {
				name = bloscNames[codec]
			}
			return fmt.Errorf("it is compressed by Blosc with %s; webmon reads BloscLZ, LZ4, zlib and Zstandard", name)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errDamaged, err)
		}
		if got != each {
			return fmt.Errorf("%w: a stream has %d bytes in it, and there should be %d", errDamaged, got, each)
		}
	}
	return nil
}

// unshuffle puts together values whose first bytes come first, then their second ones, and so on.
func unshuffle(dst, src []byte, size int) {
	n := len(src) / size
	if size == 2 {
		low, high := src[:n], src[n:2*n]
		for i := range n {
			dst[2*i], dst[2*i+1] = low[i], high[i]
		}
	} else {
		for k := range size {
			part := src[k*n : (k+1)*n]
			for i, v := range part {
				dst[i*size+k] = v
			}
		}
	}
	copy(dst[n*size:], src[n*size:])
}

// unbits puts together values whose lowest bits come first, eight values a byte, then the next bits. Where the
// values do not fill the last byte, all are as they were.
func unbits(dst, src []byte, size int) {
	n := len(src) / size // values
	if n%8 != 0 {
		copy(dst, src)
		return
	}
	row := n / 8 // bytes of one bit of all values
	for k := range size {
		bits := src[k*n : (k+1)*n]
		for i := range row {
			// The bits of eight bytes are a square that is turned about its diagonal.
			var x uint64
			for b := range 8 {
				x |= uint64(bits[b*row+i]) << (8 * b)
			}
			t := (x ^ x>>7) & 0x00aa00aa00aa00aa
			x ^= t ^ t<<7
			t = (x ^ x>>14) & 0x0000cccc0000cccc
			x ^= t ^ t<<14
			t = (x ^ x>>28) & 0x00000000f0f0f0f0
			x ^= t ^ t<<28
			for b := range 8 {
				dst[(8*i+b)*size+k] = byte(x >> (8 * b))
			}
		}
	}
	copy(dst[n*size:], src[n*size:])
}

// unblosclz decodes BloscLZ: literals, and matches of what is before.
func unblosclz(dst, src []byte) (int, error) {
	if len(src) == 0 {
		return 0, errDamaged
	}
	n, at := 0, 1
	control := int(src[0]) & 31
	for {
		if control < 32 {
			count := control + 1
			if count > len(src)-at || count > len(dst)-n {
				return n, errDamaged
			}
			copy(dst[n:], src[at:at+count])
			n, at = n+count, at+count
		} else {
			count, distance := control>>5-1, control&31<<8
			if count == 6 {
				for {
					if at >= len(src) || count > len(dst) {
						return n, errDamaged
					}
					more := int(src[at])
					at++
					count += more
					if more != 255 {
						break
					}
				}
			}
			if at >= len(src) {
				return n, errDamaged
			}
			low := int(src[at])
			at++
			count += 3
			if low == 255 && distance == 31<<8 {
				if at+2 > len(src) {
					return n, errDamaged
				}
				distance = 8191 + int(src[at])<<8 + int(src[at+1])
				at += 2
			} else {
				distance += low
			}
			distance++
			if distance > n || count > len(dst)-n {
				return n, errDamaged
			}
			if distance >= count {
				copy(dst[n:n+count], dst[n-distance:])
			} else {
				for i := range count {
					dst[n+i] = dst[n+i-distance]
				}
			}
			n += count
		}
		if at >= len(src) {
			return n, nil
		}
		control = int(src[at])
		at++
	}
}
