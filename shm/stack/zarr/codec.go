package zarr

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"webmon/shm/stack/pack"
)

// codec undoes one step of how a chunk was compressed.
type codec struct {
	name string
	// decode fills at least dst[from:to] of what has len(dst) bytes.
	decode func(dst, src []byte, from, to int) error
	// less is for what only takes some bytes away, at the end: how many.
	less int
}

// most is how many bytes what n bytes were made of may have before it is decoded: no encoder makes them much longer.
func most(n int64) int64 { return n + n/2 + 64<<10 }

// codecOf returns the step of a name. config is its configuration in numcodecs' words or in those of Zarr 3.
func codecOf(name string, config json.RawMessage) (codec, error) {
	switch name {
	case "blosc", "numcodecs.blosc":
		return codec{name: "Blosc", decode: unblosc}, nil
	case "zlib", "numcodecs.zlib":
		return codec{name: "zlib", decode: whole(pack.Zlib)}, nil
	case "gzip", "numcodecs.gzip":
		return codec{name: "gzip", decode: whole(ungzip)}, nil
	case "zstd", "numcodecs.zstd":
		return codec{name: "Zstandard", decode: func(dst, src []byte, _, _ int) error {
			n, err := unzstd(dst, src)
			return enough(n, len(dst), err)
		}}, nil
	case "lz4", "numcodecs.lz4":
		return codec{name: "LZ4", decode: func(dst, src []byte, _, _ int) error {
			if len(src) < 4 || int64(binary.LittleEndian.Uint32(src)) != int64(len(dst)) {
				return fmt.Errorf("%w: its head does not say that it has %d bytes in it", errDamaged, len(dst))
			}
			n, err := lz4.UncompressBlock(src[4:], dst)
			return enough(n, len(dst), err)
		}}, nil
	case "crc32c", "numcodecs.crc32c":
		var c struct {
			Location string `json:"location"`
		}
		if len(config) > 0 && json.Unmarshal(config, &c) == nil && c.Location != "" && c.Location != "end" {
			return codec{}, errors.New("its checksums are not at the end of the chunks")
		}
		return codec{name: "CRC-32C", less: 4}, nil
	}
	return codec{}, fmt.Errorf("it is compressed as %q; webmon reads blosc, zstd, gzip, zlib and lz4", name)
}

// whole is for decoders that begin at the beginning and can stop.
func whole(decode func(dst, src []byte) (int, error)) func(dst, src []byte, from, to int) error {
	return func(dst, src []byte, _, to int) error {
		n, err := decode(dst[:to], src)
		return enough(n, to, err)
	}
}

func enough(n, want int, err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	if n != want {
		return fmt.Errorf("%w: it has %d bytes in it, and there should be %d", errDamaged, n, want)
	}
	return nil
}

// unpack undoes all steps, the last one first. It returns a slice of size bytes of which [from:to] are right,
// and puts what it had to make room for into buffers, which the caller gives back.
func unpack(codecs []codec, src []byte, size, from, to int, buffers *[]*[]byte) ([]byte, error) {
	for i := len(codecs) - 1; i >= 0; i-- {
		c := codecs[i]
		if c.less > 0 {
			body := len(src) - c.less
			if body < 0 || crc32.Checksum(src[:body], castagnoli) != binary.LittleEndian.Uint32(src[body:]) {
				return nil, fmt.Errorf("%w: its checksum is another", errDamaged)
			}
			src = src[:body]
			continue
		}
		if i > 0 && !onlySums(codecs[:i]) {
			return nil, fmt.Errorf("it is compressed twice, as %s and as %s", codecs[0].name, c.name)
		}
		n := size
		for _, before := range codecs[:i] {
			n += before.less
		}
		buffer := pack.Take(n)
		*buffers = append(*buffers, buffer)
		a, b := from, to
		if i > 0 {
			a, b = 0, n
		}
		if err := c.decode(*buffer, src, a, b); err != nil {
			return nil, err
		}
		src = *buffer
	}
	if len(src) < size {
		return nil, fmt.Errorf("%w: it has %d bytes, and a chunk has %d", errDamaged, len(src), size)
	}
	return src, nil
}

func onlySums(codecs []codec) bool {
	for _, c := range codecs {
		if c.less == 0 {
			return false
		}
	}
	return true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var gunzippers sync.Pool

func ungzip(dst, src []byte) (int, error) {
	z, _ := gunzippers.Get().(*gzip.Reader)
	var err error
	if z == nil {
		z, err = gzip.NewReader(bytes.NewReader(src))
	} else {
		err = z.Reset(bytes.NewReader(src))
	}
	if err != nil {
		return 0, err
	}
	defer gunzippers.Put(z)
	return pack.Fill(z, dst)
}

// zstandard is made at the first chunk: it holds tables.
var zstandard = sync.OnceValues(func() (*zstd.Decoder, error) {
	// What is decoded is bounded by the room that there is for it.
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(mostChunk), zstd.WithDecoderLowmem(true))
})

func unzstd(dst, src []byte) (int, error) {
	d, err := zstandard()
	if err != nil {
		return 0, err
	}
	out, err := d.DecodeAll(src, dst[:0:len(dst)])
	if err == nil && len(out) > 0 && &out[0] != &dst[0] {
		copy(dst, out)
	}
	return len(out), err
}
