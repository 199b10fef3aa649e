package zarr

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"webmon/shm/stack/pack"
	"webmon/shm/stack/plane"
	"webmon/shm/stack/stacktest"
)

// memory is a store of files that are there.
type memory map[string][]byte

type content struct{ *bytes.Reader }

func (content) Close() error { return nil }

func (m memory) open(name string) (object, int64, error) {
	b, ok := m[name]
	if !ok {
		return nil, 0, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return content{bytes.NewReader(b)}, int64(len(b)), nil
}

func (m memory) Close() error { return nil }

const attrs2 = `{"multiscales": [{"version": "0.4", "axes": [{"name": "z", "type": "space", "unit": "micrometer"}, {"name": "y", "unit": "micrometer"}, {"name": "x", "unit": "nanometer"}],
	"datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1.5, 0.25, 120]}]}]}]}`

const array2Text = `{"zarr_format": 2, "shape": [3, 10, 12], "chunks": [2, 4, 5], "dtype": "<u2", "compressor": null, "fill_value": 0, "order": "C", "filters": null}`

const array3Text = `{"zarr_format": 3, "node_type": "array", "shape": [3, 10, 12], "data_type": "uint16", "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 4, 5]}},
	"chunk_key_encoding": {"name": "default"}, "fill_value": 9, "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}]}`

// whole is a sound image of Zarr 2.
func soundImage() memory { return memory{".zattrs": []byte(attrs2), "0/.zarray": []byte(array2Text)} }

func TestMetadata(t *testing.T) {
	im, err := open(soundImage())
	if err != nil {
		t.Fatal(err)
	}
	i := im.Info()
	if i.Slices != 3 || i.Rows != 10 || i.Cols != 12 || i.Times != 1 || i.Channels != 1 || i.Voxel != (plane.Voxel{X: 0.12, Y: 0.25, Z: 1.5}) ||
		i.Format != "OME-Zarr 0.4, uncompressed" {
		t.Errorf("%+v", i)
	}
}

// What is not read says what it is, and what is wrong where.
func TestWhatIsNotRead(t *testing.T) {
	for _, tt := range []struct {
		file, old, new string // what is changed in a sound image; no old replaces the file
		want           string
	}{
		{"0/.zarray", "<u2", "<f4", `type "f4"`},
		{"0/.zarray", `"<u2"`, `[["a", "<u2"]]`, "type [["},
		{"0/.zarray", `"compressor": null`, `"compressor": {"id": "bz2"}`, `compressed as "bz2"`},
		{"0/.zarray", `"filters": null`, `"filters": [{"id": "delta"}]`, `filter "delta"`},
		{"0/.zarray", `"order": "C"`, `"order": "Z"`, `order is "Z"`},
		{"0/.zarray", `"fill_value": 0`, `"fill_value": -1`, "fill value is -1"},
		{"0/.zarray", `"fill_value": 0`, `"fill_value": "NaN"`, "fill value"},
		{"0/.zarray", `"fill_value": 0`, `"fill_value": 1.5`, "fill value is 1.5"},
		{"0/.zarray", "[2, 4, 5]", "[2, 4]", "chunks [2 4]"},
		{"0/.zarray", "[2, 4, 5]", "[2, 4, 0]", "chunks [2 4 0]"},
		{"0/.zarray", "[2, 4, 5]", "[2, 1000000, 1000000]", "more than 256 MiB"},
		{"0/.zarray", "[2, 4, 5]", "[4611686018427387904, 4, 1]", "chunks [4611686018427387904 4 1]"},
		{"0/.zarray", "[3, 10, 12]", "[1000000000, 10, 12]", "1000000000 slices"},
		{"0/.zarray", "[3, 10, 12]", "[3, 1000000, 1000000]", "1000000 x 1000000 pixels"},
		{"0/.zarray", "[3, 10, 12]", "[3, -10, 12]", "shape is [3 -10 12]"},
		{"0/.zarray", "[3, 10, 12]", "[9223372036854775808, 10, 12]", "cannot be read"},
		{"0/.zarray", `"zarr_format": 2`, `"zarr_format": 1`, "Zarr 1"},
		{"0/.zarray", "", "{", "cannot be read"},
		{"0/.zarray", "", strings.Repeat("[", 100_000), "cannot be read"},
		{"0/.zarray", "", strings.Repeat(" ", mostMetadata+1), "webmon reads 4194304"},
		{"0/.zarray", `"filters": null`, `"dimension_separator": "../"`, `"../" between`},
		{".zattrs", `"path": "0"`, `"path": "../secret"`, `"../secret", which is outside`},
		{".zattrs", `"path": "0"`, `"path": "/etc"`, `"/etc", which is outside`},
		{".zattrs", `"path": "0"`, `"path": ""`, "outside"},
		{".zattrs", `"path": "0"`, `"path": "7"`, `no array at "7"`},
		{".zattrs", `"name": "z"`, `"name": "depth"`, `axis "depth" of 3`},
		{".zattrs", `"name": "z"`, `"name": "y"`, `two axes "y"`},
		{".zattrs", `"name": "y"`, `"name": "c"`, "no y or no x"},
		{".zattrs", `{"name": "z", "type": "space", "unit": "micrometer"}, `, "", "names 2 axes"},
		{".zattrs", "[1.5, 0.25, 120]", "[1.5, 0.25]", "scale has 2 numbers"},
		{".zattrs", "", `{"plate": {}}`, "plate of many images"},
		{".zattrs", "", `{"labels": ["a"]}`, "no image of OME's"},
		{".zattrs", "", `{"multiscales": [{"datasets": []}]}`, "no datasets"},
		{".zattrs", "", `{"multiscales": 7}`, ".zattrs cannot be read"},
	} {
		m := soundImage()
		if tt.old == "" {
			m[tt.file] = []byte(tt.new)
		} else {
			if !bytes.Contains(m[tt.file], []byte(tt.old)) {
				t.Fatalf("%s has no %s", tt.file, tt.old)
			}
			m[tt.file] = bytes.Replace(m[tt.file], []byte(tt.old), []byte(tt.new), 1)
		}
		if im, err := open(m); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q for %q in %s: %v, %v; want %q", tt.new[:min(len(tt.new), 60)], tt.old, tt.file, im, err, tt.want)
		}
	}
	const codecs = `[{"name": "bytes", "configuration": {"endian": "little"}}]`
	sharded := func(shape, inner, index string) string {
		return `[{"name": "sharding_indexed", "configuration": {"chunk_shape": ` + shape + `, "codecs": ` + inner + `, "index_codecs": ` + index + `}}]`
	}
	for _, tt := range []struct{ old, new, want string }{
		{"uint16", "float32", `type "float32"`},
		{`"uint16"`, `{"name": "numpy.datetime64"}`, "type"},
		{"regular", "rectilinear", `kind "rectilinear"`},
		{`"name": "default"`, `"name": "fancy"`, `named by "fancy"`},
		{codecs, `[]`, "how its pixels become bytes"},
		{codecs, `[{"name": "bytes"}, {"name": "pcodec"}]`, `compressed as "pcodec"`},
		{codecs, `[{"name": "vlen-utf8"}]`, `gone through "vlen-utf8"`},
		{codecs, `[{"name": "bytes", "configuration": {"endian": "middle"}}]`, `"middle"`},
		{codecs, `[{"name": "transpose", "configuration": {"order": [0, 0, 1]}}, {"name": "bytes"}]`, "turned by [0 0 1]"},
		{codecs, `[{"name": "transpose", "configuration": {"order": [0, 1]}}, {"name": "bytes"}]`, "there are 3"},
		{codecs, `[{"name": "bytes"}` + strings.Repeat(`, {"name": "crc32c"}`, 9) + `]`, "more than eight"},
		{codecs, sharded("[1, 3, 5]", codecs, codecs), "cannot be made of chunks of [1 3 5]"},
		{codecs, sharded("[1, 2]", codecs, codecs), "chunks [1 2]"},
		{codecs, sharded("[0, 2, 5]", codecs, codecs), "chunks [0 2 5]"},
		{codecs, sharded("[1, 2, 5]", codecs, `[{"name": "bytes"}, {"name": "gzip"}]`), "index of its shards is compressed"},
		{codecs, sharded("[1, 2, 5]", sharded("[1, 1, 1]", codecs, codecs), codecs), `"sharding_indexed"`},
		{`"fill_value": 9`, `"storage_transformers": [{"name": "magic"}]`, `"magic"`},
		{`"node_type": "array"`, `"node_type": "group"`, "no image of OME's"},
		{`"zarr_format": 3`, `"zarr_format": 4`, "Zarr 4"},
	} {
		text := strings.Replace(array3Text, tt.old, tt.new, 1)
		if text == array3Text {
			t.Fatalf("there is no %s", tt.old)
		}
		if im, err := open(memory{"zarr.json": []byte(text)}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, %v; want %q", tt.new, im, err, tt.want)
		}
	}
}

func TestChunks(t *testing.T) {
	m := memory{"zarr.json": []byte(array3Text)}
	im, err := open(m)
	if err != nil {
		t.Fatal(err)
	}
	// None is there.
	got, err := im.ReadPlane(t.Context(), 0, 0, 2, plane.Rect{Row: 3, Col: 4, Rows: 3, Cols: 3}, nil)
	if want := bytes.Repeat([]byte{9, 0}, 9); err != nil || !bytes.Equal(got, want) {
		t.Errorf("without chunks: %v, %v; want %v", got, err, want)
	}
	// One that is too short.
	m["c/1/0/0"] = make([]byte, 30)
	if _, err := im.ReadPlane(t.Context(), 0, 0, 2, im.Info().Whole(), nil); err == nil || !strings.Contains(err.Error(), "chunk c/1/0/0: its data are damaged: it has 30 bytes, and a chunk has 80") {
		t.Error(err)
	}
	if _, err := im.ReadPlane(t.Context(), 0, 0, 0, im.Info().Whole(), nil); err != nil {
		t.Errorf("the slice beside it: %v", err)
	}
	if _, err := im.ReadPlane(t.Context(), 0, 0, 3, im.Info().Whole(), nil); !errors.Is(err, plane.ErrRange) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := im.ReadPlane(ctx, 0, 0, 0, im.Info().Whole(), nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestShardsThatLie(t *testing.T) {
	text := strings.Replace(array3Text, `[{"name": "bytes", "configuration": {"endian": "little"}}]`,
		`[{"name": "sharding_indexed", "configuration": {"chunk_shape": [1, 4, 5], "codecs": [{"name": "bytes"}], "index_codecs": [{"name": "bytes"}]}}]`, 1)
	m := memory{"zarr.json": []byte(text)}
	im, err := open(m)
	if err != nil {
		t.Fatal(err)
	}
	shard := func(pairs ...uint64) []byte {
		b := make([]byte, 80)
		for i := range 40 {
			b[2*i] = byte(i)
		}
		for _, v := range pairs {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		return b
	}
	const none = 1<<64 - 1
	for _, tt := range []struct {
		shard []byte
		z     int
		want  string // of the error, or the first pixel
	}{
		{shard(0, 40, 40, 40), 0, "0"}, {shard(0, 40, 40, 40), 1, "20"}, {shard(0, 40, none, none), 1, "9"},
		{shard(0, 40, 200, 40), 1, "a chunk at 200"}, {shard(0, 40, 90, 40), 1, "a chunk at 90"}, {shard(0, 40, none-1, 40), 1, "a chunk at"},
		{shard(0, 40, 40, none), 1, "a chunk at 40"}, {shard(0, 40, 40, 39), 1, "it has 39 bytes"}, {[]byte{1, 2}, 0, "and its index 32"},
	} {
		m["c/0/0/0"] = tt.shard
		got, err := im.ReadPlane(t.Context(), 0, 0, tt.z, plane.Rect{Rows: 2, Cols: 2}, nil)
		if err != nil && !strings.Contains(err.Error(), tt.want) || err == nil && fmt.Sprint(got[0]) != tt.want {
			t.Errorf("slice %d: %v, %v; want %s", tt.z, got, err, tt.want)
		}
	}
}

// What is compressed as much as nothing can be, or has more in it than there is room for, is refused.
func TestBombs(t *testing.T) {
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	big := enc.EncodeAll(make([]byte, 100<<20), nil)
	dst := make([]byte, 1000)
	if n, err := unzstd(dst, big); err == nil {
		t.Errorf("%d bytes of a hundred million", n)
	}
	z := stacktest.Pack(8, make([]byte, 10<<20))
	if n, err := pack.Zlib(dst, z); n != len(dst) || err != nil {
		t.Errorf("zlib stops after %d bytes, %v", n, err)
	}
	m := memory{"zarr.json": []byte(strings.Replace(array3Text, `"little"}}]`, `"little"}}, {"name": "zstd"}]`, 1)), "c/0/0/0": make([]byte, 1<<20)}
	im, err := open(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := im.ReadPlane(t.Context(), 0, 0, 0, im.Info().Whole(), nil); err == nil || !strings.Contains(err.Error(), "1048576 bytes, and 80 uncompressed") {
		t.Error(err)
	}
	m["c/0/0/0"] = big
	if _, err := im.ReadPlane(t.Context(), 0, 0, 0, im.Info().Whole(), nil); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Error(err)
	}
}

func TestFoldersAndLinks(t *testing.T) {
	outside, inside := t.TempDir(), t.TempDir()
	write := func(folder, name string, b []byte) {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(inside, ".zattrs", []byte(attrs2))
	write(inside, "0/.zarray", []byte(array2Text))
	write(outside, "secret", bytes.Repeat([]byte{42}, 80))
	im, err := OpenFolder(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	read := func() ([]byte, error) {
		return im.ReadPlane(t.Context(), 0, 0, 0, plane.Rect{Rows: 1, Cols: 1}, nil)
	}
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(inside, "0", "0.0.0")); err != nil {
		t.Skip(err)
	}
	if got, err := read(); err == nil {
		t.Errorf("through a link out of the folder: %v", got)
	}
	os.Remove(filepath.Join(inside, "0", "0.0.0"))
	if err := os.Mkdir(filepath.Join(inside, "0", "0.0.0"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := read(); err != nil || got[0] != 0 {
		t.Errorf("a folder in a chunk's place: %v, %v", got, err)
	}
	os.Remove(filepath.Join(inside, "0", "0.0.0"))
	write(inside, "0/0.0.0", bytes.Repeat([]byte{7}, 80))
	if got, err := read(); err != nil || got[0] != 7 {
		t.Errorf("%v, %v", got, err)
	}
	if err := im.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := read(); err == nil {
		t.Error("it reads after it was closed")
	}
	for _, name := range []string{outside, filepath.Join(inside, "0", "nothing")} {
		if _, err := OpenFolder(name); err == nil || name == outside && !errors.Is(err, plane.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func zipped(t testing.TB, files memory) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Store, CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content))})
		if err != nil {
			t.Fatal(err)
		}
		w.Write(content)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestZips(t *testing.T) {
	sound := soundImage()
	sound["0/0.0.0"] = bytes.Repeat([]byte{3}, 80)
	for _, tt := range []struct {
		name, prefix string
		more         memory
		want         string // of the error
	}{
		{"at the top", "", nil, ""}, {"in a folder", "a/b.zarr/", nil, ""}, {"from a Mac", "x/", memory{"__MACOSX/.zattrs": nil, "x/.DS_Store": nil}, ""},
		{"with names that lead out", "", memory{"../../etc/passwd": []byte("x"), "/etc/x": nil, `C:\x`: nil}, ""},
		{"nothing in it", "../", nil, "neither a TIFF"},
	} {
		files := memory{}
		for name, b := range sound {
			files[tt.prefix+name] = b
		}
		for name, b := range tt.more {
			files[name] = b
		}
		b := zipped(t, files)
		im, err := OpenZip(content{bytes.NewReader(b)}, int64(len(b)))
		if err != nil {
			if tt.want == "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if got, err := im.ReadPlane(t.Context(), 0, 0, 1, plane.Rect{Rows: 1, Cols: 1}, nil); err != nil || got[0] != 3 || tt.want != "" {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
	many := memory{}
	for i := range 1000 {
		many[fmt.Sprintf("%0500d", i)] = nil
	}
	b := zipped(t, many)
	limited := &budget{ReaderAt: bytes.NewReader(b)}
	limited.left.Store(100 << 10)
	if _, err := zip.NewReader(limited, int64(len(b))); !errors.Is(err, errDirectory) {
		t.Errorf("a directory of half a megabyte, of which 100 kB are read: %v", err)
	}
	if _, err := OpenZip(content{bytes.NewReader(b[:100])}, 100); err == nil || !strings.Contains(err.Error(), "zip cannot be read") {
		t.Error(err)
	}
}

// blosc packs bytes as c-blosc does, with LZ4 or without compression.
func blosc(b []byte, size, block int, flags byte, pack bool) []byte {
	out := binary.LittleEndian.AppendUint32([]byte{2, 1, flags | 1<<5, byte(size)}, uint32(len(b)))
	out = binary.LittleEndian.AppendUint32(out, uint32(block))
	out = append(out, 0, 0, 0, 0)
	blocks := (len(b) + block - 1) / block
	out = append(out, make([]byte, 4*blocks)...)
	for i := range blocks {
		binary.LittleEndian.PutUint32(out[bloscHeader+4*i:], uint32(len(out)))
		part := b[i*block : min(len(b), (i+1)*block)]
		streams := 1
		if flags&bloscOneStream == 0 && size <= bloscSplits && block/size >= bloscLeast && len(part) == block {
			streams = size
		}
		if flags&bloscShuffle != 0 {
			turned := bytes.Clone(part)
			n := len(part) / size
			for k := range n * size {
				turned[k%size*n+k/size] = part[k]
			}
			part = turned
		}
		each := len(part) / streams
		for k := range streams {
			stream := part[k*each : (k+1)*each]
			packed := make([]byte, lz4.CompressBlockBound(each))
			n, err := lz4.CompressBlock(stream, packed, nil)
			if !pack || err != nil || n == 0 || n >= each {
				packed, n = stream, each
			}
			out = binary.LittleEndian.AppendUint32(out, uint32(n))
			out = append(out, packed[:n]...)
		}
	}
	binary.LittleEndian.PutUint32(out[12:], uint32(len(out)))
	return out
}

// Of Blosc the blocks are decoded that are needed.
func TestBloscBlocks(t *testing.T) {
	b := stacktest.Noise(1, 1, 64, 64, 16)[0]
	for _, flags := range []byte{0, bloscShuffle, bloscOneStream, bloscShuffle | bloscOneStream} {
		src := blosc(b, 2, 1000, flags, true)
		for _, part := range [][2]int{{0, len(b)}, {0, 1}, {999, 1001}, {len(b) - 1, len(b)}, {3000, 3000}} {
			dst := bytes.Repeat([]byte{0xee}, len(b))
			if err := unblosc(dst, src, part[0], part[1]); err != nil || !bytes.Equal(dst[part[0]:part[1]], b[part[0]:part[1]]) {
				t.Errorf("flags %d, %v: %v", flags, part, err)
			}
			if part[1]-part[0] < 3 && !bytes.Contains(dst, bytes.Repeat([]byte{0xee}, 2000)) {
				t.Errorf("flags %d, %v: blocks were decoded without need", flags, part)
			}
		}
	}
}

func FuzzBlosc(f *testing.F) {
	b := stacktest.Noise(1, 1, 20, 20, 16)[0]
	for _, flags := range []byte{0, bloscShuffle, bloscBitShuffle, bloscCopied, bloscOneStream} {
		f.Add(blosc(b, 2, 400, flags, true), uint16(len(b)), uint16(100), uint16(500))
	}
	for codec := range byte(6) {
		f.Add(append([]byte{2, 1, codec << 5, 1, 100, 0, 0, 0, 100, 0, 0, 0, 40, 0, 0, 0, 20, 0, 0, 0, 16, 0, 0, 0}, make([]byte, 16)...), uint16(100), uint16(0), uint16(100))
	}
	f.Fuzz(func(t *testing.T, src []byte, size, from, to uint16) {
		if from > to || to > size {
			return
		}
		dst := make([]byte, size)
		if unblosc(dst, src, int(from), int(to)) != nil {
			return
		}
		// Reading a part is reading all and taking a part.
		all := make([]byte, size)
		if unblosc(all, src, 0, int(size)) == nil && !bytes.Equal(dst[from:to], all[from:to]) {
			t.Errorf("bytes %d to %d are others than those of the whole", from, to)
		}
	})
}

func FuzzBloscLZ(f *testing.F) {
	f.Add([]byte{3, 'a', 'b', 'c', 'd', 1 << 5, 3, 0, 'e'}, uint16(20))
	f.Add([]byte{0, 'a', 7 << 5, 255, 10, 0}, uint16(300))
	f.Add([]byte{0, 'a', 1<<5 | 31, 255, 0, 1}, uint16(300))
	f.Fuzz(func(t *testing.T, src []byte, size uint16) {
		dst := make([]byte, size)
		if n, _ := unblosclz(dst, src); n > len(dst) {
			t.Errorf("%d bytes in %d", n, len(dst))
		}
	})
}

// Bits that are put together twice over are what they were.
func FuzzBits(f *testing.F) {
	f.Add(stacktest.Noise(1, 1, 8, 8, 16)[0], uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, size8 uint8) {
		size := int(size8)%16 + 1
		n := len(b) / size
		turned := bytes.Clone(b)
		if n%8 == 0 {
			clear(turned[:n*size])
			for i := range n * size * 8 { // bit i%8 of byte i/8
				value, k := i/8/size, i/8%size
				if b[i/8]>>(i%8)&1 != 0 {
					turned[(k*8+i%8)*n/8+value/8] |= 1 << (value % 8)
				}
			}
		}
		back := make([]byte, len(b))
		if unbits(back, turned, size); !bytes.Equal(back, b) {
			t.Errorf("size %d: %x comes back as %x", size, b, back)
		}
	})
}

// Whatever the metadata and a chunk are, an image is opened and read or refused.
func FuzzImage(f *testing.F) {
	f.Add([]byte(attrs2), []byte(array2Text), []byte(nil), make([]byte, 80))
	f.Add([]byte(nil), []byte(nil), []byte(array3Text), make([]byte, 80))
	for _, codecs := range []string{
		`[{"name": "bytes", "configuration": {"endian": "big"}}, {"name": "blosc"}]`, `[{"name": "transpose", "configuration": {"order": [2, 0, 1]}}, {"name": "bytes"}, {"name": "gzip"}, {"name": "crc32c"}]`,
		`[{"name": "sharding_indexed", "configuration": {"chunk_shape": [1, 4, 5], "codecs": [{"name": "bytes"}, {"name": "zstd"}], "index_codecs": [{"name": "bytes"}, {"name": "crc32c"}], "index_location": "start"}}]`,
	} {
		f.Add([]byte(nil), []byte(nil), []byte(strings.Replace(array3Text, `[{"name": "bytes", "configuration": {"endian": "little"}}]`, codecs, 1)), blosc(make([]byte, 80), 2, 80, 1, true))
	}
	f.Fuzz(func(t *testing.T, attrs, array2, array3, chunk []byte) {
		m := memory{"c/0/0/0": chunk, "0/0.0.0": chunk, "0/0/0/0": chunk}
		for name, b := range map[string][]byte{".zattrs": attrs, "0/.zarray": array2, "zarr.json": array3} {
			if len(b) > 0 {
				m[name] = b
			}
		}
		im, err := open(m)
		if err != nil {
			return
		}
		i := im.Info()
		if err := i.Valid(); err != nil {
			t.Fatalf("opened, and %v", err)
		}
		if im.array.bytes() > 64<<20 {
			return // allowed, and slow
		}
		r := plane.Rect{Rows: min(i.Rows, 20), Cols: min(i.Cols, 20)}
		if got, err := im.ReadPlane(t.Context(), 0, 0, 0, r, nil); err == nil && len(got) != i.Bytes(r) {
			t.Errorf("%d bytes for %+v", len(got), r)
		}
	})
}

func FuzzZip(f *testing.F) {
	f.Add(zipped(f, soundImage()))
	f.Fuzz(func(t *testing.T, b []byte) {
		im, err := OpenZip(content{bytes.NewReader(b)}, int64(len(b)))
		if err != nil {
			return
		}
		if one, ok := im.(*Image); !ok || one.array.bytes() > 1<<20 {
			return
		}
		im.ReadPlane(t.Context(), 0, 0, 0, plane.Rect{Rows: 1, Cols: 1}, nil)
	})
}

func BenchmarkPlane(b *testing.B) {
	pixels := stacktest.Noise(1, 1, 1024, 1024, 16)[0]
	for _, way := range []string{"uncompressed", "blosc", "zstd"} {
		m := memory{}
		codec := map[string]string{"blosc": `, {"name": "blosc"}`, "zstd": `, {"name": "zstd"}`}[way]
		m["zarr.json"] = []byte(`{"zarr_format": 3, "node_type": "array", "shape": [1, 1024, 1024], "data_type": "uint16", "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, 256, 256]}},
			"chunk_key_encoding": {"name": "default"}, "fill_value": 0, "codecs": [{"name": "bytes"}` + codec + `]}`)
		enc, err := zstd.NewWriter(nil)
		if err != nil {
			b.Fatal(err)
		}
		for y := range 4 {
			for x := range 4 {
				var chunk []byte
				for row := range 256 {
					at := ((y*256+row)*1024 + x*256) * 2
					chunk = append(chunk, pixels[at:at+512]...)
				}
				switch way {
				case "blosc":
					chunk = blosc(chunk, 2, 32<<10, bloscShuffle, true)
				case "zstd":
					chunk = enc.EncodeAll(chunk, nil)
				}
				m[fmt.Sprintf("c/0/%d/%d", y, x)] = chunk
			}
		}
		im, err := open(m)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(way, func(b *testing.B) {
			var dst []byte
			for b.Loop() {
				if dst, err = im.ReadPlane(b.Context(), 0, 0, 0, im.Info().Whole(), dst); err != nil {
					b.Fatal(err)
				}
			}
			if !bytes.Equal(dst, pixels) {
				b.Fatal("other pixels")
			}
		})
	}
}

// mapManagerFiles are two times of two channels, the second with fewer slices, as MapManagerCore writes them below a folder.
func mapManagerFiles(at string) memory {
	array := func(slices int) []byte {
		return fmt.Appendf(nil, `{"zarr_format": 2, "shape": [%d, 4, 5], "chunks": [2, 4, 5], "dtype": "<u2", "compressor": null, "fill_value": 0, "order": "C", "filters": null}`, slices)
	}
	chunk := func(v byte) []byte { return bytes.Repeat([]byte{v, 0}, 2*4*5) }
	m := memory{".zgroup": []byte(`{"zarr_format": 2}`), ".zattrs": []byte(`{"metadata": "{\"1\": {\"voxelMetadata\": {\"xVoxel\": 0.12, \"yVoxel\": 0.12, \"zVoxel\": 1.5}}}"}`), "points": []byte("\x80\x04cos\nsystem\n.")}
	for t, slices := range []int{3, 2} {
		for c := range 2 {
			name := fmt.Sprintf("%s%d/%d/", at, t+1, c+1)
			m[name+".zarray"] = array(slices)
			for z := 0; z < slices; z += 2 {
				m[fmt.Sprintf("%s%d.0.0", name, z/2)] = chunk(byte(100*t + 10*c + z + 1))
			}
		}
	}
	return m
}

func TestMapManager(t *testing.T) {
	for _, at := range []string{"", "images/"} {
		im, err := openAny(mapManagerFiles(at), "")
		if err != nil {
			t.Fatal(err)
		}
		i := im.Info()
		if i.Times != 2 || i.Channels != 2 || i.Slices != 3 || i.Rows != 4 || i.Cols != 5 || i.Voxel != (plane.Voxel{X: 0.12, Y: 0.12, Z: 1.5}) || !strings.HasPrefix(i.Format, MapManager) {
			t.Errorf("%q: %+v", at, i)
		}
		for _, want := range []struct{ t, c, z, v int }{{0, 0, 0, 1}, {0, 1, 1, 11}, {0, 1, 2, 13}, {1, 0, 1, 101}, {1, 1, 2, 0}} {
			got, err := im.ReadPlane(t.Context(), want.t, want.c, want.z, plane.Rect{Row: 1, Col: 1, Rows: 2, Cols: 2}, []byte{9, 9, 9, 9, 9, 9, 9, 9})
			if err != nil || int(got[0]) != want.v || int(got[6]) != want.v || len(got) != 8 {
				t.Errorf("%q: %+v is %v, %v", at, want, got, err)
			}
		}
	}
	// One array has all channels, in early files.
	m := memory{".zgroup": []byte(`{"zarr_format": 2}`), "img-0/.zarray": []byte(`{"zarr_format": 2, "shape": [2, 3, 4, 5], "chunks": [1, 3, 4, 5], "dtype": "|u1", "compressor": null, "fill_value": 0, "order": "C", "filters": null}`), "img-0/1.0.0.0": bytes.Repeat([]byte{7}, 60)}
	im, err := openAny(m, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := im.ReadPlane(t.Context(), 0, 1, 2, plane.Rect{Rows: 1, Cols: 1}, nil); err != nil || got[0] != 7 || im.Info().Channels != 2 {
		t.Errorf("%v, %v, %+v", got, err, im.Info())
	}
	// Times of other sizes are no stack, and a group of nothing is no image.
	m = mapManagerFiles("")
	m["2/1/.zarray"] = bytes.Replace(m["2/1/.zarray"], []byte("4, 5]"), []byte("4, 6]"), 1)
	if _, err := openAny(m, ""); err == nil || !strings.Contains(err.Error(), "so they are no stack") {
		t.Errorf("of two sizes: %v", err)
	}
	if _, err := openAny(memory{".zgroup": []byte(`{"zarr_format": 2}`)}, ""); err == nil || !strings.Contains(err.Error(), "no multiscales") {
		t.Errorf("of nothing: %v", err)
	}
}

func FuzzMapManager(f *testing.F) {
	sound := mapManagerFiles("")
	f.Add([]byte(sound[".zattrs"]), []byte(sound["1/1/.zarray"]), []byte(sound["2/1/.zarray"]), []byte(sound["1/1/0.0.0"]))
	f.Fuzz(func(t *testing.T, attrs, first, second, chunk []byte) {
		m := memory{".zattrs": attrs, "1/1/.zarray": first, "2/1/.zarray": second, "1/1/0.0.0": chunk, "2/1/0.0.0": chunk}
		im, err := openAny(m, "")
		if err != nil {
			return
		}
		i := im.Info()
		if err := i.Valid(); err != nil {
			t.Fatalf("opened, and %v", err)
		}
		all, ok := im.(*many)
		if !ok || slices.ContainsFunc(all.arrays, func(p []part) bool { return p[0].im.array.bytes() > 1<<20 }) {
			return
		}
		r := plane.Rect{Rows: min(i.Rows, 20), Cols: min(i.Cols, 20)}
		if got, err := im.ReadPlane(t.Context(), i.Times-1, i.Channels-1, i.Slices-1, r, nil); err == nil && len(got) != i.Bytes(r) {
			t.Errorf("%d bytes for %+v", len(got), r)
		}
	})
}
